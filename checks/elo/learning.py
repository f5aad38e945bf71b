"""What rating series say about learning: the answer with all that made it, and the rule that decides it.

How ratings are read and estimated may not enter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from checks.document import quote
from checks.elo.agents import AgentKind
from checks.elo.estimate import Estimate
from checks.elo.pace import PaceSource, SeriesRule

SETTLED = 3.0
"""Least λT: e⁻³, 5 %, of a start-up transient is then left in the ratings themselves."""
DEAD_BAND = 40.0
"""Elo that averaging seats can feign: in simulated leagues without learning the newest seem 18 to 42 stronger."""
SMALL = 20.0
"""Elo below which a gap matters little."""
UNEVEN = 2.0
"""How unevenly seats may be drawn; past this, candidates and reference settle at too different speeds."""
HOPELESS = 10.0
"""More than this many times the steps is no advice."""


class Signal(StrEnum):
    """What the series say about learning."""

    POSITIVE = "positive"
    """The newer half of the checkpoints is stronger than the reference."""
    NONE = "none"
    """The gap lies within ±20 Elo, for sure."""
    NEGATIVE = "negative"
    """The newer half of the checkpoints is weaker than the reference."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class AgentRow:
    """What was logged for one agent: to look at, not to compare."""

    agent: str
    kind: AgentKind
    step: int | None
    """The training step of a checkpoint."""
    n: int
    """Usable values."""
    first_step: int | None
    last_step: int | None
    first: float | None
    last: float | None
    """None, as the steps, without usable values."""


@dataclass(frozen=True, kw_only=True)
class SeriesLearning:
    """What a run's rating series say, and what made the answer. Estimates are None where they cannot be made."""

    signal: Signal = Signal.UNCLEAR
    rule: SeriesRule
    reference: str
    pooled: tuple[str, ...]
    """The newer half of the checkpoints that count, by step."""
    older: tuple[str, ...]
    pace_source: PaceSource | None = None
    pace: float | None = None
    """Mean λ a step, in (0, 1]."""
    pace_least: float | None = None
    pace_most: float | None = None
    """λ may lie anywhere between the two, and the intervals hold for all of it."""
    uneven: float | None = None
    """How many times as far as the reference's rating luck moves those of the pooled checkpoints: 1 where seats are
    drawn evenly. None: not known."""
    steps: int = 0
    """Steps used: logged rows in which ratings moved, less each agent's first."""
    settled: float | None = None
    """λT: the sum of λ over the steps used."""
    gap: Estimate | None = None
    """The pooled checkpoints above the reference, in Elo."""
    at_least: float | None = None
    """One-sided lower bound of the gap at level alpha."""
    at_most: float | None = None
    """One-sided upper bound of the gap at level alpha."""
    reference_decline: Estimate | None = None
    """Elo by which the level of the reference's rating fell over the run, on a line. It says that the pool changed, not
    that anything was learnt: newcomers of any strength, or ones that inherit a rating, move it too."""
    exploitation: Estimate | None = None
    """The pooled checkpoints above the mean of the bots, in Elo."""
    bots: tuple[tuple[str, Estimate], ...] = ()
    """The pooled checkpoints above each bot, in Elo."""
    older_checkpoints: Estimate | None = None
    """The newer half of the checkpoints above the older half, in Elo: how far the older have fallen behind."""
    latest: Estimate | None = None
    """The newest checkpoint that counts above all the others, in Elo."""
    slope_per_100_steps: Estimate | None = None
    """Elo that checkpoints gain per 100 training steps between their births, on a line."""
    rows: tuple[AgentRow, ...]
    reasons: tuple[str, ...] = ()
    """Why the signal is what it is, and what would change it."""
    notes: tuple[str, ...] = ()
    """What was odd in the data, and what was done about it."""


def decide_signal(found: SeriesLearning) -> SeriesLearning:
    """Fill in the signal and its reasons.

    A gain or loss is told only where the bound lies beyond 0 (beyond ±40 Elo under an update that averages seats), a
    gain only if the newest checkpoint is not weaker than the others for sure; *none* only where the interval shown
    lies within ±20 Elo; all else is unclear.

    >>> from checks.elo.longrun import Sum, estimate_sum
    >>> import numpy as np
    >>> waves = np.array([10.0, -8, 12, 9, -11, 10, -10, 9])
    >>> gap = estimate_sum(
    ...     Sum(level=60.0, move=0.0, level_waves=waves, move_waves=0 * waves, steps=120.0), (1.0,), 0.95
    ... )
    >>> found = SeriesLearning(
    ...     rule=SeriesRule(), reference="base_model", pooled=("adapter_v20",), older=(), rows=(), settled=9.0,
    ...     steps=120, gap=gap, at_least=gap.low, at_most=gap.high, pace_source=PaceSource.DECLARED,
    ... )
    >>> decide_signal(found).signal.value, decide_signal(found).reasons
    ('positive', ('adapter_v20 less base_model: between 37 and 83 Elo.',))
    """
    barred = obstacles(found)
    if barred or found.at_least is None or found.at_most is None:
        return replace(found, signal=Signal.UNCLEAR, reasons=(*barred, *_worse(found)))
    signal = _signal(found, found.at_least, found.at_most)
    if signal is Signal.POSITIVE and found.latest is not None and found.latest.below_zero:
        fallen = "The newest checkpoint is weaker than those before it: training lately made the model worse."
        return replace(found, signal=Signal.UNCLEAR, reasons=(fallen, *_worse(found)))
    told = _told(found, signal, found.at_least, found.at_most)
    return replace(found, signal=signal, reasons=(told, *_worse(found)))


def _signal(found: SeriesLearning, at_least: float, at_most: float) -> Signal:
    band = DEAD_BAND if found.rule.seat_averaged else 0.0
    if at_least > band:
        return Signal.POSITIVE
    if at_most < -band:
        return Signal.NEGATIVE
    ends = (None, None) if found.gap is None else (found.gap.low, found.gap.high)
    small = all(end is not None and abs(end) < SMALL for end in ends)
    return Signal.NONE if small and not band else Signal.UNCLEAR


def obstacles(found: SeriesLearning) -> tuple[str, ...]:
    """Tell why the estimates, if any, may not decide."""
    if found.gap is None:
        return ("Too few steps join the ratings of the checkpoints and of the reference, if any: log the games.",)
    told, settled = [], found.settled or 0.0
    if not settled >= SETTLED:
        told.append(
            f"Ratings have settled too little: λT is {settled:.1f} over {found.steps} steps, at least "
            f"{SETTLED:.0f} is needed. Log the games, or take more steps, more games a step or a larger K."
        )
    if found.uneven is not None and not 1 / UNEVEN <= found.uneven <= UNEVEN:
        told.append(
            f"Seats are drawn too unevenly: luck moves the newer checkpoints' ratings {found.uneven:.1f} times as much "
            "as the reference's. Log the games."
        )
    if found.gap.se is None or not found.gap.se > 0:
        told.append("The ratings carry no luck, so nothing tells how sure a gap is: are they online ratings?")
    return tuple(told)


def _told(found: SeriesLearning, signal: Signal, at_least: float, at_most: float) -> str:
    """Say what the test found, and what would make an unclear answer clear."""
    between = f"{_names(found.pooled)} less {quote(found.reference)}: between {at_least:.0f} and {at_most:.0f} Elo"
    if signal is not Signal.UNCLEAR:
        return f"{between}."
    if found.rule.seat_averaged:
        return f"{between}; averaging an agent's seats can feign {DEAD_BAND:.0f} Elo. Log the games."
    middle, reach = (at_least + at_most) / 2, (at_most - at_least) / 2
    times = (reach / middle) ** 2 if middle else math.inf
    if times > HOPELESS:
        return f"{between}, which may be a gain or a loss. Log the games."
    more = math.ceil(max(times - 1, 0.01) * found.steps)
    return f"{between}. About {more} more steps would tell, if the gap is what it seems; logged games tell sooner."


def _worse(found: SeriesLearning) -> tuple[str, ...]:
    """Say so where the pace is not from a whole rule."""
    if found.pace_source in (None, PaceSource.DECLARED):
        return ()
    rule = found.rule
    numbers = (("K", rule.k), ("seats", rule.seats), ("games a step", rule.games_per_step))
    missing = " and ".join(name for name, value in numbers if value is None)
    by = "the size of their moves" if found.pace_source is PaceSource.MOVEMENT else "regression, which is rough"
    return (f"How fast ratings settle was found by {by}, for want of {missing}.",)


def _names(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"{quote(names[0])}"
    return f"The newer half of the checkpoints ({quote(names[0])} to {quote(names[-1])})"
