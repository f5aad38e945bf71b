"""`gatekeeper publish`: tell GitHub a verdict that was given elsewhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from action.cli.job.publishing import Published
    from action.cli.job.subject import Subject
    from action.forge import Forge
    from action.pipeline import Judged

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")


def publish(
    verdict: Annotated[
        Path, typer.Argument(metavar="VERDICT", readable=False, help="The folder that `check --out` wrote.")
    ],
    *,
    repository: Annotated[
        str, typer.Option("--github", metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="The repository.")
    ] = "",
    sha: Annotated[
        str | None,
        typer.Option("--sha", help="The whole commit; default: the one that the run was trained on, as far as known."),
    ] = None,
    what: Annotated[
        str, typer.Option("--publish", help="status, check-run, comment.", envvar="GATEKEEPER_PUBLISH")
    ] = "status check-run comment",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")] = False,
) -> None:
    """Tell GitHub a verdict: status, check run and comment.

    GITHUB_TOKEN has to be set. The verdict is given again from its evidence: what is published is what the evidence
    says, by the policy that is in force on the branch that the commit goes into. A later verdict on the same run is
    not replaced. Exit 0: all that was wanted stands there.

    Example: gatekeeper publish gatekeeper-out --github team/league --sha "$GITHUB_SHA" --dry-run
    """
    from action.cli.again import judge_again  # noqa: PLC0415 - start-up time
    from action.cli.job.inputs import address_of, attempt_of, published_of  # noqa: PLC0415
    from action.cli.job.publishing import Desk, Publishing  # noqa: PLC0415
    from action.publish.ledger import policy_slot  # noqa: PLC0415
    from action.publish.publication import Place  # noqa: PLC0415
    from action.settings import DEFAULT_POLICY  # noqa: PLC0415

    wanted = published_of(tuple(what.replace(",", " ").split()))
    forge = _open(repository, dry_run=dry_run)
    judged = judge_again(verdict, "a verdict without its evidence is not published")
    found = judged.verdict
    _require_here(repository, judged)
    commit = _commit(sha, judged)
    base = _require_in_force(forge, judged, commit)
    address = address_of(os.environ, repository)
    desk = Desk(
        forge=forge,
        place=Place(sha=commit, pulls=None, address=address),
        wanted=wanted,
        repository=address.partition("/actions")[0],
        attempt=attempt_of(os.environ),
        judged_at=found.judged_at,
        source=DEFAULT_POLICY.as_posix() if found.policy.source.startswith("profile") else found.policy.source,
        slot=policy_slot(_asked(judged), base),
    )
    publishing = Publishing(desk, _subject(judged, commit))
    publishing.trial = found.policy.trial
    published = publishing.finish(judged, lambda _: None)
    raise typer.Exit(_tell(published, f"{found.run.name}: {found.decision.value}, {commit[:12]}"))


def _open(repository: str, *, dry_run: bool) -> Forge:
    from action.errors import UsageError  # noqa: PLC0415 - start-up time
    from action.files import show_name  # noqa: PLC0415
    from action.github import API, Access, GitHub  # noqa: PLC0415
    from action.publish.rehearsal import Rehearsal  # noqa: PLC0415
    from action.secret import Secret  # noqa: PLC0415

    if not _REPOSITORY.fullmatch(repository):
        got = show_name(repository) if repository else "none"
        raise UsageError(f"--github: expected OWNER/NAME, got {got}; name the repository")
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError("GITHUB_TOKEN: expected a token that may write statuses, got none; set it")
    url = os.environ.get("GITHUB_API_URL", "") or API
    forge = GitHub(Access(repository=repository, token=Secret(token), url=url))
    return Rehearsal(forge, lambda line, text: _say(f"would write: {line}: {text}")) if dry_run else forge


def _require_here(repository: str, judged: Judged) -> None:
    from action.errors import UsageError  # noqa: PLC0415 - start-up time
    from action.escape import one_line  # noqa: PLC0415

    origin = judged.verdict.origin
    if origin is not None and origin.repository.lower() != repository.lower():
        raise UsageError(
            f"--github: expected {one_line(origin.repository)}, which the verdict was given for, got "
            f"{one_line(repository)}; judge the run for this repository"
        )


def _asked(judged: Judged) -> str:
    """Name the policy as the action does: without a file on the base branch the profile `grpo` stands for one."""
    from action.settings import DEFAULT_POLICY, profile_policy  # noqa: PLC0415 - start-up time

    source = judged.verdict.policy.source
    return DEFAULT_POLICY.as_posix() if source == profile_policy(("grpo",)).source else source


def _require_in_force(forge: Forge, judged: Judged, sha: str) -> str | None:
    """Hold the policy of the bundle against the one in force where the commit is to go; the branch."""
    from action.errors import UsageError  # noqa: PLC0415 - start-up time
    from action.files import show_name  # noqa: PLC0415
    from action.settings import profile_policy  # noqa: PLC0415

    path = _asked(judged)
    pulls = [one for one in forge.pulls_of_commit(sha) or () if one.open and one.head_sha == sha]
    bases: list[str | None] = [*sorted({one.base for one in pulls})] or [None]
    for base in bases:
        text = forge.read_file(path, base)
        in_force = profile_policy(("grpo",)).text if text is None else text
        if in_force != judged.bundle.policy_text:
            branch = "the default branch" if base is None else f"the branch {show_name(base)}"
            raise UsageError(
                f"{show_name(path)}: expected the policy that is in force on {branch}, got a verdict by another one; "
                "judge the run by that policy"
            )
    return bases[0]


def _commit(sha: str | None, judged: Judged) -> str:
    from action.errors import UsageError  # noqa: PLC0415 - start-up time
    from action.escape import one_line  # noqa: PLC0415

    origin = judged.verdict.origin
    found = sha or (origin and origin.sha) or judged.verdict.run.commit or ""
    if not _SHA.fullmatch(found):
        got = one_line(found) if found else "none, and the run tells none"
        raise UsageError(f"--sha: expected a whole commit of 40 hexadecimal digits, got {got}; name it")
    return found


def _subject(judged: Judged, sha: str) -> Subject:
    """Name the run as the action does, so that a later verdict on it takes the place of this one."""
    from action.cli.job.subject import Subject  # noqa: PLC0415 - start-up time
    from action.runs import is_online  # noqa: PLC0415

    run = judged.verdict.run
    key = run.id if run.id and is_online(run.ref) else run.ref
    return Subject(ref=run.ref, key=key, name=run.name, sha=sha, named=True)


def _tell(published: Published, headline: str) -> int:
    _say(headline)
    for name, value in (("check run", published.check_url), ("comment", published.posted and published.posted.url)):
        if value:
            _say(f"{name}: {value}")
    for note in published.notes:
        _say(note)
    if published.elsewhere is not None:
        _say(f"{published.elsewhere}: the verdict does not count for it")
    for failure in published.failures:
        lacks = f" (the token lacks {failure.permission})" if failure.permission else ""
        typer.echo(f"{failure.step}: {failure.text}{lacks}", err=True)
    return 3 if published.failures else 0


def _say(text: str) -> None:
    from action.escape import one_line  # noqa: PLC0415 - start-up time

    typer.echo(one_line(text))
