"""What the logged online Elo ratings of a league say about learning, when no games were logged.

The newer half of the checkpoints is compared with the reference. Each agent's strength is read from the moves of its
rating (`longrun`), which takes start-up transients out; the pooled gap is the mean of those of the newer half, weighted
by Σλ over the steps that each counts in. A checkpoint of a short life so weighs little, and since lives depend on
births and not on luck, the mean is unbiased for the same mean of the true gaps. Peaks, first and last values are shown,
never compared: the best of several ratings is high by luck alone. Files, formats and reports may not enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from checks.document import quote
from checks.elo.agents import AgentKind
from checks.elo.estimate import Estimate
from checks.elo.learning import AgentRow, SeriesLearning, Signal, decide_signal
from checks.elo.longrun import Strengths, Sum, estimate_sum
from checks.elo.pace import Pace, SeriesRule, Update, find_pace
from checks.elo.panel import Panel, build_panel, usable
from checks.run import Series, Values

__all__ = ["SeriesLearning", "SeriesRule", "Signal", "Update", "judge_series"]


@dataclass(frozen=True, kw_only=True)
class _Cast:
    """Who is who among the agents with a series."""

    reference: str
    checkpoints: Mapping[str, int]
    bots: tuple[str, ...]

    def kind(self, name: str) -> AgentKind:
        if name in self.checkpoints:
            return AgentKind.CHECKPOINT
        return AgentKind.REFERENCE if name == self.reference or name in self.bots else AgentKind.OTHER


def judge_series(
    series: Mapping[str, Series],
    *,
    reference: str,
    checkpoints: Mapping[str, int],
    bots: Sequence[str],
    rule: SeriesRule,
) -> SeriesLearning:
    """Judge learning by the logged online ratings of a league alone.

    Args:
        series: agent → its ratings in Elo, for *all* agents that are rated: how many play sets how fast ratings settle.
        reference: the fixed agent that gaps are measured from.
        checkpoints: name → training step it was saved at. Names without a series are left out.
        bots: other fixed agents. Names without a series are left out.
        rule: how the ratings are made.

    Raises:
        ValueError: there is no series of the reference.

    >>> luck = np.random.default_rng(5).normal(0, 19, (200, 3)) @ (np.eye(3) - 1 / 3)
    >>> ratings = np.full((201, 3), 1000.0)
    >>> for step in range(200):  # adapter_v0 is 60 Elo stronger than the other two
    ...     ratings[step + 1] = ratings[step] + 0.13 * (np.array([980, 980, 1040]) - ratings[step]) + luck[step]
    >>> names = ("base_model", "chaos_bot", "adapter_v0")
    >>> series = {n: Series(name=n, steps=np.arange(201), values=ratings[:, i]) for i, n in enumerate(names)}
    >>> rule = SeriesRule(k=16, update=Update.SEQUENTIAL, seats=2, games_per_step=6)
    >>> who = {"reference": "base_model", "checkpoints": {"adapter_v0": 0}, "bots": ["chaos_bot"]}
    >>> found = judge_series(series, **who, rule=rule)
    >>> found.signal.value, found.pace_source.value, round(found.settled)
    ('positive', 'declared', 26)
    >>> [round(end) for end in (found.gap.low, found.gap.value, found.gap.high)]
    [33, 73, 113]
    """
    if reference not in series:
        raise ValueError(f"expected a series of the reference `{quote(reference)}`, found none of that name")
    known = {name: step for name, step in checkpoints.items() if name in series and name != reference}
    others = tuple(name for name in dict.fromkeys(bots) if name in series and name != reference and name not in known)
    cast = _Cast(reference=reference, checkpoints=known, bots=others)
    full = build_panel(series)
    panel = _fixed(full, cast)
    counting = sorted((name for name in known if panel.place(name) is not None), key=lambda name: (known[name], name))
    found = SeriesLearning(
        rule=rule,
        reference=reference,
        pooled=tuple(counting[len(counting) // 2 :]),
        older=tuple(counting[: len(counting) // 2]),
        rows=tuple(_row(one, name, cast) for name, one in series.items()),
        notes=(*full.notes, *_left_out(panel, cast)),
    )
    missing = _missing(found, panel, cast)
    if missing:
        return replace(found, reasons=missing)
    columns = [panel.agents.index(name) for name in found.pooled]
    pace = find_pace(rule, panel, panel.agents.index(reference), columns)
    if pace is None:
        return replace(
            found,
            reasons=("How fast ratings settle is not to be told: declare K (`--k`; in a policy `online-elo`).",),
        )
    return decide_signal(_estimated(found, panel, pace, cast))


def _row(one: Series, name: str, cast: _Cast) -> AgentRow:
    good = usable(one.values)
    order = np.argsort(one.steps[good], kind="stable")
    steps, values = one.steps[good][order].tolist(), one.values[good][order].tolist()
    return AgentRow(
        agent=name,
        kind=cast.kind(name),
        step=cast.checkpoints.get(name),
        n=len(steps),
        first_step=steps[0] if steps else None,
        last_step=steps[-1] if steps else None,
        first=values[0] if steps else None,
        last=values[-1] if steps else None,
    )


def _fixed(panel: Panel, cast: _Cast) -> Panel:
    """Keep the agents whose strength never changes, and the steps in which two of them can be compared."""
    fixed = np.array([cast.kind(name) is not AgentKind.OTHER for name in panel.agents], np.bool_)
    present = panel.present & fixed
    rows = present.sum(axis=1) >= 2
    return replace(
        panel,
        levels=np.where(present, panel.levels, 0.0)[rows],
        moves=np.where(present, panel.moves, 0.0)[rows],
        present=present[rows],
        members=panel.members[rows],
    )


def _left_out(panel: Panel, cast: _Cast) -> tuple[str, ...]:
    absent = [name for name in (*cast.bots, *cast.checkpoints) if panel.place(name) is None]
    listed = ", ".join(f"{quote(name)}" for name in absent[:3]) + (", …" if len(absent) > 3 else "")
    return (f"Agents whose ratings move in too few steps to count: {listed}.",) if absent else ()


def _missing(found: SeriesLearning, panel: Panel, cast: _Cast) -> tuple[str, ...]:
    """Tell what stands in the way of any estimate, in words; empty: nothing."""
    told = []
    if found.rule.update is None:
        told.append(
            "The update rule of the ratings is not declared, or they are no Elo (TrueSkill): "
            "declare it (`--update`; in a policy `online-elo`), or log the games."
        )
    if not cast.checkpoints:
        told.append("There are no ratings of checkpoints.")
    elif not found.pooled:
        told.append("No checkpoint's rating moves in two steps that another agent shares; nothing is interpolated.")
    if panel.place(found.reference) is None:
        told.append(
            f"The rating of {quote(found.reference)} does not move in two steps that another agent shares: it is "
            "pinned, or too few rows are logged; nothing is interpolated."
        )
    return tuple(told)


def _estimated(found: SeriesLearning, panel: Panel, pace: Pace, cast: _Cast) -> SeriesLearning:
    """Make every estimate that the ratings allow."""
    strengths = Strengths(panel, pace.values)
    factors, rule, counting = (pace.least, pace.most), found.rule, (*found.older, *found.pooled)
    newer, older = _pool(strengths, found.pooled), _pool(strengths, found.older)
    bots = [name for name in cast.bots if panel.place(name) is not None]
    one_bot = {name: _pool(strengths, [name]) for name in bots}
    gap = strengths.contrast(newer - _pool(strengths, [found.reference]))
    tested = None if gap is None else estimate_sum(gap, factors, 1 - 2 * rule.alpha)
    show = partial(_show, factors=factors, confidence=rule.confidence)
    against = {name: show(strengths.contrast(newer - bot)) for name, bot in one_bot.items()}
    return replace(
        found,
        pace_source=pace.source,
        pace=float(pace.values.mean()),
        pace_least=float(pace.values.mean()) * pace.least,
        pace_most=float(pace.values.mean()) * pace.most,
        uneven=pace.uneven,
        steps=int(pace.values.size),
        settled=float(pace.values.sum()),
        gap=show(gap),
        at_least=None if tested is None else tested.low,
        at_most=None if tested is None else tested.high,
        reference_decline=show(strengths.fall(panel.agents.index(found.reference))),
        exploitation=show(strengths.contrast(newer - sum(one_bot.values()) / len(bots))) if bots else None,
        bots=tuple((name, one) for name, one in against.items() if one is not None),
        older_checkpoints=show(strengths.contrast(newer - older)) if found.older else None,
        latest=show(strengths.contrast(_pool(strengths, counting[-1:]) - _pool(strengths, counting[:-1])))
        if counting[:-1]
        else None,
        slope_per_100_steps=show(_slope(strengths, cast)),
    )


def _show(found: Sum | None, factors: tuple[float, float], confidence: float) -> Estimate | None:
    return None if found is None else estimate_sum(found, factors, confidence)


def _pool(strengths: Strengths, names: Sequence[str]) -> Values:
    """Give the weights of the mean of some agents, each by how much is known of it; shape (n,), sum 1."""
    inside = np.array([name in names for name in strengths.panel.agents])
    mass = np.where(inside, strengths.mass, 0.0)
    return np.asarray(mass / max(float(mass.sum()), 1e-300), np.float64)


def _slope(strengths: Strengths, cast: _Cast) -> Sum | None:
    """Estimate the gain of checkpoints per 100 training steps; None with fewer than two different steps."""
    names = strengths.panel.agents
    mass = np.where([name in cast.checkpoints for name in names], strengths.mass, 0.0)
    births = np.array([cast.checkpoints.get(name, 0) for name in names], np.float64)
    pull = mass * (births - mass @ births / mass.sum())
    spread = float(pull @ births)
    return strengths.contrast(100 * pull / spread) if spread > 0 else None
