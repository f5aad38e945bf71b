"""What a sweep found: one row a run, who leads, and what speaks against naming a winner. No method may enter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from checks.config import Differences
from checks.elo.estimate import Estimate
from checks.result import Diagnosis
from checks.run import RunState
from checks.sweep.contest import Contest
from checks.sweep.instability import Flag


class Basis(StrEnum):
    """What a run's strength is known from, best first."""

    GAMES = "games"
    RATINGS = "ratings"
    """Logged online ratings, read by the rules for such series."""
    LOGGED = "logged"
    """Logged ratings that tell no strength: shown as they are."""
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class ReferenceFacts:
    """A fixed agent in one run."""

    name: str
    estimate: Estimate | None
    """From the run's own games; None: they do not rate it."""
    first: float | None
    """First and last rating that the run logged, where it logged any."""
    last: float | None
    drop: float | None
    """First less last, of at least two values; None: fewer."""


@dataclass(frozen=True, kw_only=True)
class LoggedGap:
    """Last logged ratings, as they are: to look at, not to compare."""

    checkpoint: str
    """Whose last rating is highest."""
    elo: float
    """Its last rating less the reference's."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A checkpoint and how far above the reference it stands."""

    checkpoint: str
    step: int | None
    gap: Estimate


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Figures of training, by role; None: not logged, or not finite."""

    kl_mean: float | None
    kl_max: float | None
    grad_norm: float | None
    """Last value, as those below."""
    reward: float | None
    win_rate: float | None
    """Against opponents that change with the run: not comparable between runs."""
    placement_rate: float | None


@dataclass(frozen=True, kw_only=True)
class SweepRow:
    """One run."""

    label: str
    ref: str
    id: str | None
    name: str
    url: str | None
    state: RunState
    steps: int | None
    """The last step."""
    basis: Basis
    why: tuple[str, ...]
    """Why its strength is not known, in sentences; empty: it is."""
    candidate: Choice | None
    """Who stands for the run; of ratings the newer half of the checkpoints together."""
    best: Choice | None
    """The checkpoint that surely stands highest, its interval corrected for the choice; None without games."""
    logged: LoggedGap | None
    references: tuple[ReferenceFacts, ...]
    drop: float | None
    """Sum of the drops of all references that have one."""
    games: int
    metrics: Metrics
    flags: tuple[Flag, ...]
    doubts: tuple[str, ...]
    """Why its gap must not be believed."""
    diagnosis: tuple[Diagnosis, ...]
    """What the run shows, the main pattern first: the tool's reading, which takes no part in the comparison."""

    @property
    def gap(self) -> float | None:
        """Elo above the reference by which runs are ordered: estimated, else bounded, else as it was logged."""
        if self.candidate is not None:
            found = self.candidate.gap
            return next((end for end in (found.value, found.low, found.high) if end is not None), None)
        return None if self.logged is None else self.logged.elo


@dataclass(frozen=True, kw_only=True)
class Line:
    """The checkpoints of a run over training, on the joint scale."""

    label: str
    points: tuple[tuple[int, float], ...]
    """Step, and Elo above the reference."""


@dataclass(frozen=True, kw_only=True)
class SweepAnswer:
    """The comparison of runs."""

    reference: str | None
    """The agent that gaps are measured from; None: there is none."""
    confidence: float
    candidate: str
    """`latest` or `best`."""
    rows: tuple[SweepRow, ...]
    """By gap, highest first; those without one last."""
    contest: Contest | None
    """The first row against the others. None: nothing allows a comparison of all runs."""
    reasons: tuple[str, ...]
    """Why nobody is named, or may be believed."""
    config: Differences
    """One value a row, in their order."""
    lines: tuple[Line, ...]

    @property
    def winner(self) -> SweepRow | None:
        """The run that stands above every other for sure; None: there is none, or there are doubts."""
        if self.contest is None or not self.contest.won or self.reasons or any(row.doubts for row in self.rows):
            return None
        return self.rows[0]

    @property
    def exit_code(self) -> int:
        """0 with a winner, else 11."""
        return 11 if self.winner is None else 0
