"""The nouns of a policy: what it asks, of what, and how strictly.

Neither their YAML nor how they are judged may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from checks.elo.agents import Measured
from checks.elo.pace import SeriesRule
from checks.elo.sequential import Hypotheses
from checks.place import Where
from checks.questions.reader import Fields
from checks.result import Severity
from checks.rule import Rule
from checks.run import Selection
from checks.statistic import Statistic
from checks.waiver import Waiver
from checks.window import Window

RATINGS = "elo/"
"""Under this prefix trainers log the online ratings of agents."""
DIAGNOSED = (
    "kl",
    "reward",
    "reward-std",
    "loss",
    "grad-norm",
    "entropy",
    "clip-share",
    "completion-length",
    "truncated-share",
    "zero-variance-share",
    "extraction-share",
)
"""Roles whose series are kept of the run that is judged, asked of by a check or not: a diagnosis looks at them."""


@dataclass(frozen=True, kw_only=True)
class SeriesAsk:
    """A statistic of a metric in a window."""

    metric: str
    """A role (`kl`) or a metric's own name (`kl/mean`)."""
    statistic: Statistic
    window: Window


@dataclass(frozen=True, kw_only=True)
class LogAsk:
    """A value of a log question: `p95_s` of `rollout-timing`."""

    question: str
    value: str


LAST_PROMOTED = "last-promoted"
"""As a baseline: the run whose checkpoint holds the alias of the policy's `promotion` when evidence is collected."""


@dataclass(frozen=True, kw_only=True)
class PromotionPlan:
    """Where checkpoints of the policy's runs are promoted."""

    alias: str = "production"
    registry: str | None = None
    """A collection on W&B, or the folder of a local registry; None: the collection of the checkpoint."""


@dataclass(frozen=True, kw_only=True)
class QueryAsk:
    """A query of the user's own, in APL; only Axiom can answer it."""

    apl: str


@dataclass(frozen=True, kw_only=True)
class EloAsk:
    """A question to games, or to rating series where there are no games."""

    value: str | None
    """An estimate that is held against the rule; None: the sequential decision, which has its own."""
    candidate: str
    """A name, `latest` or `best`."""
    against: str | None
    """The reference; None: the one the scale is fixed to."""
    hypotheses: Hypotheses
    confidence: float
    """Of two-sided intervals, in (0, 1)."""


Ask: TypeAlias = SeriesAsk | LogAsk | QueryAsk | EloAsk


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How much a value may change before it matters."""

    amount: float
    """At least 0; a share in [0, 1] of |baseline| where `relative`."""
    relative: bool

    def of(self, baseline: float) -> float:
        """Give the tolerance in the unit of the metric; by |baseline|, so that it is right below zero too."""
        return self.amount * abs(baseline) if self.relative else self.amount

    def __str__(self) -> str:
        """Write the tolerance as the policy does."""
        return f"{self.amount * 100:.12g}%" if self.relative else f"{self.amount:.12g}"


@dataclass(frozen=True, kw_only=True)
class BaselineAsk:
    """The run to compare with, and the change that is tolerated."""

    run: str
    max_drop: Tolerance | None = None
    max_rise: Tolerance | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that the policy asks."""

    id: str
    title: str
    ask: Ask
    rule: Rule | None
    """None with a baseline."""
    baseline: BaselineAsk | None = None
    if_present: bool = False
    severity: Severity = Severity.BLOCK
    min_samples: int
    remedy: str | None = None
    when_missing: str | None = None
    """What to tell when there are no data, beyond that there are none."""
    where: Where


@dataclass(frozen=True, kw_only=True)
class LeaguePlan:
    """How a run's league names its agents, records its games and rates them online."""

    references: Mapping[str, Measured | None]
    """Name → its rating where that was measured elsewhere."""
    checkpoints: str
    """How checkpoints are called, with `{step}`."""
    cluster: str | None
    """The field of games that makes one observation; None: the rollout, else the game."""
    columns: str | None
    """Which columns of a table hold what, as `a=black,b=white`; None: as documented."""
    allow_disconnected: bool
    """Leave agents that no games connect with the references unrated, in place of an error."""
    rule: SeriesRule
    """How online ratings are made."""
    expected: tuple[tuple[int, float], ...] = ()
    """Step → Elo that checkpoints are expected to have gained by it, by ascending step."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What is asked of a run."""

    text: str
    """The YAML it was read from."""
    source: str
    """Where that came from: a path, or `profile grpo`."""
    sha256: str
    """Of the text in UTF-8, hexadecimal."""
    profiles: tuple[str, ...]
    trial: bool
    roles: Mapping[str, tuple[str, ...]]
    """Role → metric names, the first that a run has is meant."""
    fields: Fields
    """Logical field of log events → its names in events."""
    planned_steps: int | str | None
    """The number of steps a run has to reach, or the config key that holds it; None: well-known keys are looked up."""
    league: LeaguePlan
    checks: tuple[Check, ...]
    waivers: tuple[Waiver, ...]
    promotion: PromotionPlan = field(default_factory=PromotionPlan)

    def metric_names(self, metric: str) -> tuple[str, ...]:
        """Give the names that a role or metric stands for, in order of preference."""
        return self.roles.get(metric, (metric,))

    @property
    def series_names(self) -> frozenset[str]:
        """Every series that judging may look at."""
        asked = [check.ask.metric for check in self.checks if isinstance(check.ask, SeriesAsk)]
        return frozenset(name for metric in (*asked, "step") for name in self.metric_names(metric))

    @property
    def asks_strength(self) -> bool:
        """Tell whether a check needs games, or rating series in their place."""
        return any(isinstance(check.ask, EloAsk) for check in self.checks)

    @property
    def selection(self) -> Selection:
        """What of a run checks may look at."""
        return Selection(names=self.series_names, prefixes=(RATINGS,) if self.asks_strength else ())

    @property
    def run_selection(self) -> Selection:
        """What is kept of the run that is judged: what checks look at, and what a diagnosis does."""
        diagnosed = frozenset(name for role in DIAGNOSED for name in self.metric_names(role))
        return replace(self.selection, names=self.series_names | diagnosed)

    @property
    def questions(self) -> tuple[str, ...]:
        """Every log question that judging needs answered, sorted."""
        return tuple(sorted({check.ask.question for check in self.checks if isinstance(check.ask, LogAsk)}))

    @property
    def queries(self) -> tuple[str, ...]:
        """Every query of the policy's own, sorted."""
        return tuple(sorted({check.ask.apl for check in self.checks if isinstance(check.ask, QueryAsk)}))

    @property
    def baseline_runs(self) -> tuple[str, ...]:
        """Every baseline run that judging needs, sorted."""
        return tuple(sorted({check.baseline.run for check in self.checks if check.baseline is not None}))
