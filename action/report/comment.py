"""The one comment of a pull request: what earlier jobs have left in it, and a new verdict, to its text.

Whose comment it is and whether it is written may not enter, and no rule about the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from action.report.comment_page import full_page, short_page
from action.report.markdown import BUDGET, LADDER, at_least
from action.report.render import render
from action.report.section import Links, Section, Whole, whole_of
from action.report.state import SectionState, State, policy_key, run_key, write_state
from checks.result import Verdict

LIMIT = 65_536
"""GitHub refuses longer comments."""
SMALLEST_BUDGET = 5_000


def comment_body(sections: Sequence[Section], *, links: Links, budget: int = BUDGET) -> str:
    """Return the text of the comment: the run judged now in full, every other one in a line.

    It is at most `budget` long (5,000 or more; never more than GitHub takes), counted in UTF-16 units, which are at
    least as many as characters. Too long, it gives up first the pictures, then the table of the passes, then entries
    from the end of every list, at last all but the headline; what is left out is said.

    Raises:
        ValueError: not exactly one section holds a verdict, or the budget is smaller.
    """
    if budget < SMALLEST_BUDGET:
        raise ValueError(f"a budget of {budget} characters: expected {SMALLEST_BUDGET} or more")
    budget = min(budget, LIMIT)
    whole = whole_of(sections, links)
    state = State(key=policy_key(whole.verdict.policy.source), sections=whole.kept)
    hidden = write_state(state, most=budget // 2) + "\n"
    return hidden + _page(whole, budget - length(hidden))


def _page(whole: Whole, room: int) -> str:
    for pictures, rung in ((True, LADDER[0]), *((False, rung) for rung in LADDER)):
        if at_least(whole.verdict, rung) > room:
            continue
        text = render("comment.md.j2", full_page(whole, rung, pictures=pictures))
        if length(text) <= room:
            return text
    page = short_page(whole)
    text = render("comment_headline.md.j2", page)
    return text if length(text) <= room else render("comment_headline.md.j2", page | {"name": None, "headline": None})


def length(text: str) -> int:
    """Count a text in UTF-16 units: the strictest of the ways in which a limit of characters can be meant.

    >>> length("a"), length("語"), length("🎉")
    (1, 1, 2)
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def same(old_body: str, new_body: str) -> bool:
    """Tell whether a comment needs no writing: GitHub may give line ends and blank ends back otherwise than they came.

    >>> same("a\\r\\nb", "a\\nb\\n"), same("a", "b")
    (True, False)
    """
    return _plain(old_body) == _plain(new_body)


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").strip()


def flipped(old: State | None, verdict: Verdict) -> bool:
    """Tell whether the same run was decided otherwise before; a first verdict flips nothing."""
    known = None if old is None else old.of(run_key(verdict.run))
    return known is not None and known.decision is not verdict.decision


def is_newer(known: SectionState | None, judged_at: str, attempt: int) -> bool:
    """Tell whether a verdict may take the place of the one that is known; the same one again may."""
    return known is None or (judged_at, attempt) >= (known.judged_at, known.attempt)
