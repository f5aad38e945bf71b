"""A run's entry in the experiment tracker, laid out by a template. What stands where in a tracker may not enter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from action.escape import address, one_line
from action.report.render import render, safe
from action.tracker.edit import RunEntry
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


def tracker_entry(verdict: Verdict, narrative: Narrative) -> RunEntry:
    """Lay out what a tracker shall say of a run."""
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
        identity=run.url or run.id or run.name,
        names=names,
        title=one_line(run.name, limit=120),
        text=render("tracker_entry.md.j2", page),
    )


def _fenced(command: str) -> str:
    """Put a command into a fence that it cannot end, on one line that no terminal obeys."""
    line = one_line(command, limit=2_000, whole_words=True)
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}bash\n{line}\n{fence}"


def _results(narrative: Narrative) -> Iterator[_Part]:
    parts = (
        ("Learning signal", narrative.learning),
        ("Baseline exploitation", narrative.exploitation),
        ("Final metrics", narrative.final),
        ("Training stability", narrative.stability),
        ("Issues discovered", narrative.issues),
        (f"Root cause{_READING}", () if narrative.cause is None else (narrative.cause,)),
        (f"Key learning{_READING}", () if narrative.lesson is None else (narrative.lesson,)),
    )
    return (_Part(title=title, rows=rows) for title, rows in parts if rows)
