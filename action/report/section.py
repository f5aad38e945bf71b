"""What the comment of a pull request is made of: a section a run, and where it leads to. No layout may enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action.report.chart import Line
from action.report.state import SectionState, State
from checks.result import Verdict


@dataclass(frozen=True, kw_only=True)
class Section:
    """What a comment says of one run."""

    state: SectionState
    verdict: Verdict | None = None
    """None: the run was judged earlier, and only its state is known."""
    lines: tuple[Line, ...] = ()
    """Series to be drawn, one a check."""
    weakenings: tuple[str, ...] = ()
    """What the pull request's own policy asks less, or otherwise, than the one that judged; one sentence each."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where the comment leads to. What is no plain HTTPS address is left out."""

    head: str | None = None
    """Newest commit of the pull request; None: the one of the run judged now."""
    repository: str | None = None
    """`https://github.com/owner/name`."""
    job: str | None = None
    """The workflow run."""
    artifact: str | None = None
    """The verdict with its evidence."""
    policy: str | None = None
    """The policy at the commit it was read from."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """All that a comment is made of."""

    now: Section
    verdict: Verdict
    """Of `now`."""
    others: tuple[SectionState, ...]
    """Newest first."""
    head: str | None
    links: Links

    @property
    def kept(self) -> tuple[SectionState, ...]:
        """What the state remembers: the run of now, then those of the newest commit, then the others."""
        here = [one for one in self.others if one.sha == self.head]
        return (self.now.state, *here, *(one for one in self.others if one.sha != self.head))


def merge(old: State | None, now: Section) -> tuple[Section, ...]:
    """Return the sections of a comment: the one of now, in place of an earlier one of the same run, and the others."""
    known = () if old is None else old.sections
    return (now, *(Section(state=state) for state in known if state.run != now.state.run))


def whole_of(sections: Sequence[Section], links: Links) -> Whole:
    """Put sections in their order. Raises ValueError unless exactly one holds a verdict."""
    judged = [(section, section.verdict) for section in sections if section.verdict is not None]
    if len(judged) != 1:
        raise ValueError(f"expected one section with a verdict, got {len(judged)}")
    now, verdict = judged[0]
    others = [section.state for section in sections if section is not now]
    others.sort(key=lambda one: (one.judged_at, one.attempt, one.run), reverse=True)
    return Whole(now=now, verdict=verdict, others=tuple(others), head=links.head or now.state.sha, links=links)
