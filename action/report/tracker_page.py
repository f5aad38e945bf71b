"""A run's entry in the experiment tracker, laid out by a template. What stands where in a tracker may not enter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from action.errors import InputError
from action.escape import address, markdown, one_line
from action.report.render import render, render_given, safe
from action.tracker.edit import RunEntry, split_parts
from checks.narrative import Narrative
from checks.result import Verdict

_READING = " (the tool's reading)"


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One line of the results, or several under one title."""

    title: str
    rows: tuple[str, ...]

    @property
    def single(self) -> str | None:
        """The one line, where there is one."""
        return self.rows[0] if len(self.rows) == 1 else None


@dataclass(frozen=True, kw_only=True)
class GivenTemplate:
    """A user's template."""

    name: str
    """Its file, for messages."""
    source: str


def tracker_entry(verdict: Verdict, narrative: Narrative, template: GivenTemplate | None = None) -> RunEntry:
    """Lay out what a tracker shall say of a run; by a user's template, where one is given.

    Raises:
        InputError: the template cannot be used, or writes no field of status or results.
    """
    run = verdict.run
    url = address(run.url)
    page = {
        "hypothesis": narrative.hypothesis,
        "changes": narrative.changes,
        "command": None if narrative.command is None else safe(_fenced(narrative.command)),
        "state": safe(f"`{narrative.state}`"),
        "url": None if url is None else safe(url),
        "name": run.name,
        "verdict": f"{verdict.decision.value}, judged {verdict.judged_at} by {verdict.policy.source}",
        "results": tuple(_results(narrative)),
        "follow_up": narrative.follow_up,
    }
    names = tuple(name for name in (run.name, run.id, run.url) if name)
    return RunEntry(
        identity=_identity(verdict),
        names=names,
        title=markdown(run.name, limit=120),
        text=render("tracker_entry.md.j2", page) if template is None else _by(template, page),
    )


def _identity(verdict: Verdict) -> str:
    """Name a run for ever. Files are of one name again and again: where it is known, the commit tells them apart."""
    run, origin = verdict.run, verdict.origin
    sha = run.commit or (None if origin is None else origin.sha)
    return run.url or run.id or (run.name if sha is None else f"{run.name} of {sha}")


def _by(template: GivenTemplate, page: Mapping[str, object]) -> str:
    text = render_given(template.source, page, name=template.name)
    lacking = [f"**{part.capitalize()}**:" for part in ("status", "results") if part not in dict(split_parts(text))]
    if lacking:
        raise InputError(
            f"{template.name}: expected a template that writes {' and '.join(lacking)} at the start of a line, got one "
            "without; add it"
        )
    return text


def _fenced(command: str) -> str:
    """Put a command into a fence that it cannot end, on one line that no terminal obeys."""
    line = one_line(command, limit=2_000, whole_words=True)
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}bash\n{line}\n{fence}"


def _results(narrative: Narrative) -> Iterator[_Part]:
    parts = (
        ("What decided the verdict", narrative.decided),
        ("Waived", narrative.waived),
        ("Learning signal", narrative.learning),
        ("Baseline exploitation", narrative.exploitation),
        ("Final metrics", narrative.final),
        ("Training stability", narrative.stability),
        ("Issues discovered", narrative.issues),
        (f"Root cause{_READING}", () if narrative.cause is None else (narrative.cause,)),
        (f"Key learning{_READING}", () if narrative.lesson is None else (narrative.lesson,)),
    )
    return (_Part(title=title, rows=rows) for title, rows in parts if rows)
