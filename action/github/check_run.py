"""Check runs of our name, read and written: 50 remarks a request, the conclusion with the last.

What they say is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from github.CheckRun import CheckRun as Theirs
from github.CheckRunAnnotation import CheckRunAnnotation

from action.files import show_name
from action.forge import REPORT, CheckRun, Remark, Report
from action.github.asking import ask, given, send
from action.github.client import Client, Listed
from action.github.failure import OddError, Target

_PERMISSION = "checks: write"
_AT_ONCE = 50
"""Remarks that GitHub takes in one request."""


def check_runs(client: Client, sha: str) -> Sequence[CheckRun]:
    """Give all check runs of our name at a commit, those too that a later one of their suite took the place of.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the check runs of {show_name(sha)}", permission=_PERMISSION, commit=sha)
    listed = Listed(path=f"/commits/{quote(sha, safe='')}/check-runs", within="check_runs")
    asked = {"check_name": REPORT, "filter": "all"}
    return ask(target, lambda: tuple(_value(one) for one in client.pages(listed, Theirs, asked)))


def create_check_run(client: Client, sha: str, report: Report) -> CheckRun:
    """Create a check run, once: after a try without an answer it is looked for by what it belongs to.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    target = _target(f"of {show_name(sha)}", sha)
    first, *rest = _bodies(report)
    sent = {"name": REPORT, "head_sha": sha, **first}

    def create() -> CheckRun:
        headers, data = client.requestJsonAndCheck("POST", f"{client.root}/check-runs", input=sent)
        return _confirmed(client.thing(Theirs, data, headers), first)

    def find() -> CheckRun | None:
        same = [one for one in check_runs(client, sha) if one.external_id == report.external_id]
        newest = max(same, key=lambda one: one.id, default=None)
        if newest is None or (_shows(newest, first) and newest.text.strip() == report.text.strip()):
            return newest
        return _change(client, target, newest.id, first)  # it was there before: it is told what the new one would be

    return _follow(client, target, send(target, client.patience, create, find), rest)


def update_check_run(client: Client, check_run: int, report: Report) -> CheckRun:
    """Update a check run, and confirm that GitHub has it so.

    Remarks are added to those that it has: GitHub takes none away.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, refused, or has it otherwise.
    """
    target = _target(str(check_run), None)
    first, *rest = _bodies(report)
    return _follow(client, target, _change(client, target, check_run, first), rest)


def _target(which: str, sha: str | None) -> Target:
    what = f"the check run {REPORT!r} {which} to be written"
    return Target(what=what, permission=_PERMISSION, write=True, commit=sha)


def _bodies(report: Report) -> list[dict[str, Any]]:
    """Lay out the requests that a report takes: it is in progress until the last, so that a kill leaves it so."""
    batches = [report.remarks[at : at + _AT_ONCE] for at in range(0, len(report.remarks), _AT_ONCE)] or [()]
    bodies: list[dict[str, Any]] = [{"output": _output(report, batch)} for batch in batches]
    about = {"external_id": report.external_id, "started_at": report.started_at, "details_url": report.details}
    bodies[0] |= {"status": "in_progress", **{name: value for name, value in about.items() if value is not None}}
    if report.conclusion is not None:
        bodies[-1] |= {"status": "completed", "conclusion": report.conclusion.value}
    return bodies


def _output(report: Report, remarks: Sequence[Remark]) -> dict[str, Any]:
    # The text goes with each: an output without one could be taken for an output whose text is empty.
    output: dict[str, Any] = {"title": report.title, "summary": report.summary, "text": report.text}
    if remarks:
        output["annotations"] = [
            {
                "path": one.path,
                "start_line": one.line,
                "end_line": one.line,
                "annotation_level": one.weight.value,
                "title": one.title,
                "message": one.text,
            }
            for one in remarks
        ]
    return output


def _follow(client: Client, target: Target, made: CheckRun, rest: Sequence[dict[str, Any]]) -> CheckRun:
    for body in rest:
        made = _change(client, target, made.id, body)
    return made


def _change(client: Client, target: Target, check_run: int, body: dict[str, Any]) -> CheckRun:
    path = f"/check-runs/{check_run}"

    def patch(asked: dict[str, Any]) -> CheckRun:
        headers, data = client.requestJsonAndCheck("PATCH", f"{client.root}{path}", input=asked)
        changed = _confirmed(client.thing(Theirs, data, headers), asked)
        if changed.id != check_run:
            raise OddError
        return changed

    def find() -> CheckRun | None:
        """Where its remarks are there, repeat the rest, which shows how it stands."""
        sent = body["output"]["annotations"]
        look = replace(target, what=f"the annotations of the check run {check_run}", write=False)
        listed = Listed(path=f"{path}/annotations")
        stored = ask(look, lambda: Counter(_remarks(client, listed)))
        if Counter((one["path"], one["start_line"], one["title"], one["message"]) for one in sent) - stored:
            return None
        output = {name: value for name, value in body["output"].items() if name != "annotations"}
        return ask(target, lambda: patch({**body, "output": output}))

    return send(target, client.patience, lambda: patch(body), find)


def _remarks(client: Client, listed: Listed) -> Iterator[tuple[Any, ...]]:
    for one in client.pages(listed, CheckRunAnnotation):
        yield one.path, one.start_line, one.title, one.message


def _confirmed(one: Theirs, asked: dict[str, Any]) -> CheckRun:
    made = _value(one)
    if not _shows(made, asked):
        raise OddError
    return made


def _shows(made: CheckRun, asked: dict[str, Any]) -> bool:
    completed = "conclusion" in asked
    return made.completed is completed and (not completed or made.conclusion == asked["conclusion"])


def _value(one: Theirs) -> CheckRun:
    return CheckRun(
        id=given(one.id),
        external_id=one.external_id or "",
        completed=given(one.status) == "completed",
        conclusion=one.conclusion,
        text=given(one.output).text or "",
        started_at=None if one.started_at is None else _written(one.started_at),
        url=one.html_url,
    )


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
