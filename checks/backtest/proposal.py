"""Bounds from healthy runs: how far out must a bound lie so that it seldom stops a run like those?

By order statistics, whatever the distribution: of n runs and one more that is like them, the one more lies beyond the
k-th smallest with probability (n + 1 − k)/(n + 1), and its rate given these runs is Beta(n + 1 − k, k) (Wilks 1941,
Annals of Mathematical Statistics 12, 91–96; as a promise for the next run: Vovk, Gammerman & Shafer 2005, Algorithmic
Learning in a Random World). Ties make alarms rarer. No series may enter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal

from checks.backtest.labels import Label
from checks.backtest.past import PastCheck, PastRun
from checks.backtest.share import CONFIDENCE
from checks.check import Check, EloAsk, Policy
from checks.distribution import beta_quantile
from checks.number import round9
from checks.result import Outcome
from checks.rule import Bound, Rule

METHOD = (
    "order statistics of the good runs, whatever their distribution (Wilks 1941); the rate is that at which the next "
    "run like them is stopped by this check, its interval the 95 % one of Beta(n + 1 − k, k)"
)
_DIGITS = 3
"""Significant digits of a proposed bound, rounded away from the good runs."""
_CLOSED = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """How often a bound stops healthy runs."""

    rate: float
    """Of the next healthy run, before it is seen: (n + 1 − k)/(n + 1)."""
    low: float
    """Of the interval of the rate that these runs leave possible."""
    high: float


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A bound for one check."""

    check: str
    now: Rule
    """What the policy asks."""
    n: int
    """Good runs in which the value was measured."""
    unmeasured: int
    """Good runs in which it was not: no bound of this check lets those pass, or `if-present` does."""
    rule: Rule | None
    """None: so few runs promise nothing at this rate, or too many of them have infinite values."""
    alarms: Alarms | None
    left_out: tuple[bool, ...] = ()
    """Run by run, in order: whether it is stopped by the bound that the others give."""
    stopped_now: int
    """Good runs that the present rule stops."""
    bad: int
    """Bad runs in which the value was measured."""
    caught_now: int
    """Bad runs that the present rule stops."""
    caught: int | None
    """Bad runs that the proposed one stops; None: there is none."""

    @property
    def left_out_alarms(self) -> int:
        """Runs that the bound of all the others stops."""
        return sum(self.left_out)


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """Bounds for every check that holds a measured value against a rule."""

    asked: float
    """The false-alarm rate that each may have, in (0, 1)."""
    needed: int
    """Good runs from which a bound can be proposed at all."""
    rows: tuple[Proposal, ...]
    together: tuple[int, int]
    """Good runs that some bound stops which all the other runs give, and how many there are."""


def propose(policy: Policy, runs: Sequence[PastRun], labels: Sequence[Label | None], asked: float) -> Proposals:
    """Propose a bound for every check of a measured value, from the runs that are labelled good."""
    known = [(run, label) for run, label in zip(runs, labels, strict=True) if run.verdict is not None]
    good = [run.verdict.by_id for run, label in known if run.verdict and label is not None and label.good]
    bad = [run.verdict.by_id for run, label in known if run.verdict and label is not None and not label.good]
    rows, stopped = [], [False] * len(good)
    for check in policy.checks:
        if check.rule is None or isinstance(check.ask, EloAsk) or check.baseline is not None:
            continue
        row, places = _propose(check, check.rule, (good, bad), asked)
        rows.append(row)
        for place, alarm in zip(places, row.left_out, strict=False):
            stopped[place] = stopped[place] or alarm
    return Proposals(
        asked=asked,
        needed=least_runs(asked),
        rows=tuple(rows),
        together=(sum(stopped), len(good)),
    )


def least_runs(asked: float) -> int:
    """Give the fewest runs whose most extreme value is a bound of this false-alarm rate: 1/(n + 1) <= rate.

    >>> least_runs(0.05), least_runs(0.1), least_runs(0.3)
    (19, 9, 3)
    """
    return math.ceil(round9(1 / asked)) - 1


def rank(n: int, asked: float) -> int:
    """Give k: the k-th smallest of n values is the innermost bound of this rate; above n where n is too small.

    >>> rank(19, 0.05), rank(100, 0.05), rank(10, 0.05)
    (19, 96, 11)
    """
    return math.ceil(round9((n + 1) * (1 - asked)))


Runs = tuple[Sequence[Mapping[str, PastCheck]], Sequence[Mapping[str, PastCheck]]]


def _propose(check: Check, now: Rule, runs: Runs, asked: float) -> tuple[Proposal, list[int]]:
    """Give the proposal and the places of the good runs that it rests on."""
    good, bad = ([one.get(check.id) for one in some] for some in runs)
    values = [(place, value) for place, one in enumerate(good) if (value := reach(one, now)) is not None]
    others = [value for one in bad if (value := reach(one, now)) is not None]
    n, ordered = len(values), sorted(value for _, value in values)
    k = rank(n, asked)
    limit = ordered[k - 1] if 0 < k <= n else math.inf
    rule = None if math.isinf(limit) else bounded(now, limit)
    edge = math.inf if rule is None else _edge(rule)
    row = Proposal(
        check=check.id,
        now=now,
        n=n,
        unmeasured=len(good) - n,
        rule=rule,
        alarms=None if rule is None else _alarms(n, k),
        left_out=() if rule is None else _left_out([value for _, value in values], asked),
        stopped_now=_stopped(good),
        bad=len(others),
        caught_now=_stopped(bad),
        caught=None if rule is None else sum(value > edge for value in others),
    )
    return row, [place for place, _ in values]


def _stopped(found: Sequence[PastCheck | None]) -> int:
    return sum(one is not None and one.outcome in _CLOSED and _measured(one) for one in found)


def _measured(one: PastCheck) -> bool:
    """Tell whether there was a value; one that is infinite is not kept, and fails."""
    return one.value is not None or one.outcome is Outcome.FAIL


def _upper(rule: Rule) -> bool:
    """Tell whether high values are the bad ones."""
    if rule.fails is not None:
        return rule.fails.sign.startswith(">")
    return rule.passes is not None and rule.passes.sign.startswith("<")


def reach(one: PastCheck | None, rule: Rule) -> float | None:
    """Give how far a run reaches towards the bad side, so that a bound stops it if it lies below; None: not measured.

    Of an estimate it is the end of the interval that decides: a rule that says what passes needs all of it on the good
    side, one that only says what fails needs all of it on the bad side. Where low values are bad, signs are turned.
    """
    if one is None or not _measured(one):
        return None
    if one.value is None:
        return math.inf
    ends = [one.value if end is None else end for end in (one.low, one.high)]
    if not _upper(rule):
        ends = [-ends[1], -ends[0]]
    return ends[0] if rule.passes is None else ends[1]


def _edge(rule: Rule) -> float:
    """Give the bound of a rule towards the bad side, on the scale of `reach`."""
    bound = rule.fails or rule.passes
    limit = math.inf if bound is None else bound.limit
    return limit if _upper(rule) else -limit


def bounded(now: Rule, limit: float) -> Rule:
    """Give the rule with its blocking bound moved to `limit` (on the scale of `reach`), rounded away from good runs.

    >>> from checks.rule import parse_bound
    >>> str(bounded(Rule(passes=parse_bound("< 0.1")), 0.04321)), str(bounded(Rule(fails=parse_bound("< 5")), -7.777))
    ('<= 0.0433', 'fail < 7.77')
    """
    upper = _upper(now)
    edge = _outward(limit)
    edge = edge if upper else 0.0 - edge
    passes, fails = Bound(sign="<=" if upper else ">=", limit=edge), Bound(sign=">" if upper else "<", limit=edge)
    if now.passes is None:
        return Rule(fails=fails)
    if now.fails is None:
        return Rule(passes=passes)
    kept = Rule(passes=now.passes, fails=fails)
    return kept if kept.fault() is None else Rule(passes=passes, fails=fails)


def _outward(value: float) -> float:
    """Round up to a few significant digits."""
    return float(Context(prec=_DIGITS, rounding=ROUND_CEILING).create_decimal(Decimal(repr(value))))


def _alarms(n: int, k: int) -> Alarms:
    tail = (1 - CONFIDENCE) / 2
    over = n + 1 - k
    return Alarms(
        rate=round9(over / (n + 1)),
        low=round9(beta_quantile(tail, over, k)),
        high=round9(beta_quantile(1 - tail, over, k)),
    )


def _left_out(values: Sequence[float], asked: float) -> tuple[bool, ...]:
    """Hold each run against the bound that the others give; where they are too few for one, against their largest."""
    n = len(values)
    if n < 2:
        return (False,) * n
    k = min(rank(n - 1, asked), n - 1)
    ordered = sorted(values)
    # Of a value beyond the k-th smallest, that one is the k-th of the others; one within is within theirs too.
    return tuple(value > ordered[k - 1] for value in values)


def to_paste(proposals: Proposals) -> str:
    """Write the proposed bounds as YAML to paste into a policy; checks without one in a comment."""
    lines = ["checks:"]
    for row in proposals.rows:
        if row.rule is not None and row.alarms is not None:
            lines.append(f"  {row.check}:  # now {row.now}; from {row.n:,} good runs, alarms {row.alarms.rate:.1%}")
            bounds = (("pass", row.rule.passes), ("fail", row.rule.fails))
            lines += [f'    {key}: "{bound}"' for key, bound in bounds if bound is not None]
    short = [row.check for row in proposals.rows if row.rule is None]
    if short:
        lines.append(f"  # {proposals.needed:,} good runs are needed for a bound of {', '.join(short)}")
    return "\n".join(lines) + "\n"
