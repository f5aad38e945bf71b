"""The nouns of an Elo analysis: what is asked, and what was found, with every parameter that made it.

No method may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from checks.elo.agents import AgentKind, Measured, Naming
from checks.elo.consistency import Agreement, Conflict
from checks.elo.estimate import Estimate
from checks.elo.exploitation import Exploitation
from checks.elo.learning import Signal
from checks.elo.seats import SeatReport
from checks.elo.sequential import Decision, Hypotheses, SequentialOutcome

LATEST, BEST = "latest", "best"


class Mode(StrEnum):
    """What an analysis rests on."""

    GAMES = "games"
    SERIES = "series"


NEGLIGIBLE = 20.0
"""Elo: a change whose whole interval lies within this is none."""


def signal_of(found: Estimate | None) -> Signal:
    """Tell what an estimated gain says about learning; one end may be open.

    >>> from checks.elo.estimate import Certainty, estimate
    >>> gain = estimate(30.0, Certainty(se=10.0, df=40.0, clusters=41, confidence=0.95))
    >>> signal_of(gain).value, signal_of(None).value
    ('positive', 'unclear')
    """
    if found is None:
        return Signal.UNCLEAR
    if found.above_zero or found.below_zero:
        return Signal.POSITIVE if found.above_zero else Signal.NEGATIVE
    if found.low is None or found.high is None:
        return Signal.UNCLEAR
    return Signal.NONE if found.low > -NEGLIGIBLE and found.high < NEGLIGIBLE else Signal.UNCLEAR


@dataclass(frozen=True, kw_only=True)
class EloQuestion:
    """What is asked of games."""

    naming: Naming
    candidate: str = LATEST
    """A name, `latest` (highest training step) or `best` (surely highest, corrected for having been chosen)."""
    against: str | None = None
    """The reference it has to beat; None: `base_model`, else the one that fixes the scale."""
    hypotheses: Hypotheses = field(default_factory=Hypotheses)
    confidence: float = 0.95
    """Of two-sided intervals, in (0, 1)."""
    allow_disconnected: bool = False
    """Leave agents without a path of games to the scale unrated, instead of refusing the record."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise ValueError("expected a confidence of at least 0.5 and below 1")


@dataclass(frozen=True, kw_only=True)
class Rating:
    """One agent."""

    agent: str
    kind: AgentKind
    step: int | None
    estimate: Estimate | None
    """Elo on the scale of the references; None: no path of games leads to it."""
    games: float
    clusters: float
    flags: tuple[str, ...] = ()
    """`fixed`, `>` (never lost a point: bounded below only), `<` (never won one), `?` (not bounded at all),
    `indirect` (never met the reference), `unrated`."""


@dataclass(frozen=True, kw_only=True)
class HeadToHead:
    """The candidate's own meetings with a fixed agent, beside what the ratings say of them."""

    reference: str
    meetings: float
    """Pairs of seats."""
    points: float
    expected: float | None
    """Points that the ratings expect; None where one of the two has no finite rating."""

    @property
    def score(self) -> float:
        """Points a meeting, in [0, 1]."""
        return self.points / self.meetings


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The candidate above the reference."""

    candidate: str
    reference: str
    estimate: Estimate
    chosen_from: int
    """Among how many checkpoints the candidate was chosen for its rating; 1: it was not."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What the checkpoints together say; every part None where there are too few of them."""

    signal: Signal
    reference_decline: Estimate | None
    """How far the trend's end stands above the reference: in a closed pool the reference falls by as much."""
    exploitation: Exploitation | None
    older_checkpoints: Estimate | None
    """How far the older checkpoints have fallen behind the newest: it above their mean."""
    latest: Estimate | None
    """The newest checkpoint above the best older one."""
    slope: Estimate | None
    """Elo per 100 training steps."""


@dataclass(frozen=True, kw_only=True)
class EloAnswer:
    """What games say, with the question that was asked."""

    question: EloQuestion
    method: str
    references: Mapping[str, Measured | None]
    """Name → measured rating; the first is the gauge."""
    scale_zero: float
    """Rating of the gauge."""
    cluster: str
    """What one observation is, in words."""
    clusters: float
    games: float
    mean_seats: float
    ratings: tuple[Rating, ...]
    """Best first; those without a rating last."""
    gap: Gap | None
    decision: Decision | None
    head_to_head: tuple[HeadToHead, ...]
    learning: Learning
    seats: SeatReport | None
    agreement: Agreement | None
    conflict: Conflict | None
    """Measured ratings against estimated ones."""
    control: Conflict | None
    """References against themselves, early against late."""
    doubts: tuple[str, ...]
    """Why the gap must not be believed, one sentence each; with any, the answer is inconclusive."""
    remarks: tuple[str, ...]
    """What else a reader should know, one sentence each."""

    @property
    def outcome(self) -> SequentialOutcome | None:
        """The decision, undecided where there are doubts; None where nothing was asked."""
        if self.decision is None:
            return None
        return SequentialOutcome.UNDECIDED if self.doubts else self.decision.outcome
