"""Title and body of the pull request that updates the tracker. What people wrote around our part stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from action.branches import Words
from action.escape import markdown
from action.report.render import cut, render, safe
from action.tracker.changes import EntryChange

BEGIN, END = "<!-- experiment-gatekeeper: tracker -->", "<!-- experiment-gatekeeper: end of tracker -->"
JOB = "github-actions[bot]"
"""Who `GITHUB_TOKEN` is: what it opens starts no workflow."""
_TITLE = re.compile(r"Experiment tracker: (?:Exp \d+(?:, Exp \d+)*|\d+ entries)")
_NAMED, _ROWS, _MOST = 3, 50, 65_536


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a pull request is to tell."""

    path: str
    base: str
    """The branch that it goes into."""
    entries: tuple[EntryChange, ...]
    conflict: bool = False
    """The base has changed the tracker too, and was not brought together with it."""
    author: str = ""
    """Of the pull request; empty: not known yet."""


def proposal_words(told: Told, there: Words | None = None) -> Words:
    """Write title and body; of those that are there, what people changed stays.

    Without our marks the body is people's; a title that is none of ours too.
    """
    body = f"{BEGIN}\n{_page(told)}\n{END}"
    if there is None:
        return Words(title=_title(told.entries), body=body)
    title = _title(told.entries) if _TITLE.fullmatch(there.title) else there.title
    before, begin, rest = there.body.replace("\r\n", "\n").partition(BEGIN)
    _, end, after = rest.partition(END)
    whole = f"{before}{body}{after}"
    kept = not begin or not end or len(whole) > _MOST
    return Words(title=title, body=there.body if kept else whole)


def _title(entries: Sequence[EntryChange]) -> str:
    if 0 < len(entries) <= _NAMED:
        return f"Experiment tracker: {', '.join(f'Exp {one.number}' for one in entries)}"
    return f"Experiment tracker: {len(entries)} entries"


def _page(told: Told) -> str:
    rows = [
        {
            "number": one.number,
            "title": safe(markdown(one.title, limit=120)),
            "state": one.state,
            "change": one.kind.value,
        }
        for one in told.entries
    ]
    page = {
        "file": told.path,
        "base": told.base,
        "entries": cut(rows, _ROWS),
        "conflict": told.conflict,
        "waits": told.author == JOB,
    }
    return render("pull_request.md.j2", page).strip("\n")
