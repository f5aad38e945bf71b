"""Bounds and how a value is held against them, so that nothing that is not finite can pass.

Where the value comes from may not enter.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checks.document import quote
from checks.result import Outcome

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BOUND = re.compile(r"\s*(<=|>=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A comparison with a finite number: `< 0.1`."""

    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """Tell whether the comparison is true; never for NaN."""
        return _COMPARE[self.sign](value, self.limit)

    def __str__(self) -> str:
        """Write the bound as the policy does."""
        return f"{self.sign} {self.limit:.12g}"


def parse_bound(text: str) -> Bound:
    """Read `< 0.1`, `<= 1e-3`, `> -2`, `>= 5`; ValueError says what was expected.

    >>> parse_bound("< 1e-3").limit, str(parse_bound(">=0.15"))
    (0.001, '>= 0.15')
    """
    found = _BOUND.fullmatch(text)
    if found is None or not math.isfinite(float(found[2])):
        raise ValueError(
            f'expected a sign and a finite number, got "{quote(text)}"; write "< 0.1" (signs: <, <=, >, >=)'
        )
    return Bound(sign=found[1], limit=float(found[2]))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a check asks of a value: what passes, what fails, or both with a warning between them.

    `passes` alone: all else fails. `fails` alone: a finite value outside it passes. Both: between them `warn`.
    """

    passes: Bound | None = None
    fails: Bound | None = None

    def fault(self) -> str | None:
        """Say what is wrong with the rule itself; None if it can be applied."""
        if self.passes is None and self.fails is None:
            return 'expected `pass` or `fail` with a bound, got neither; write pass: "< 0.1"'
        if self.passes is None or self.fails is None:
            return None
        below = self.passes.sign.startswith("<")
        if below == self.fails.sign.startswith("<"):
            return (
                f"expected `pass` and `fail` to look in opposite directions, got {self.passes} and {self.fails}; "
                "turn one of them"
            )
        overlap = self.passes.limit > self.fails.limit if below else self.passes.limit < self.fails.limit
        both_hold = self.passes.holds(self.fails.limit) and self.fails.holds(self.fails.limit)
        if overlap or both_hold:
            return f"expected `pass` and `fail` not to overlap, got {self.passes} and {self.fails}; move one of them"
        return None

    def outcome(self, value: float) -> Outcome:
        """Judge one value. A value that is not finite never passes."""
        if not math.isfinite(value):
            return Outcome.FAIL
        if self.passes is not None and self.passes.holds(value):
            return Outcome.PASS
        if self.fails is None:
            return Outcome.FAIL
        if self.fails.holds(value):
            return Outcome.FAIL
        return Outcome.PASS if self.passes is None else Outcome.WARN

    def outcome_of_estimate(self, value: float, low: float, high: float) -> Outcome:
        """Judge an estimate with its interval: a change blocks only if it is certain enough to believe.

        Where both ends of the interval agree, that is the outcome. Where they do not, nothing is certain: a rule that
        says what passes is `inconclusive`; one that only says what fails warns while the estimate itself fails.
        """
        ends = {self.outcome(low), self.outcome(high)}
        if not all(map(math.isfinite, (value, low, high))):
            return Outcome.INCONCLUSIVE
        if len(ends) == 1:
            return ends.pop()
        if self.passes is None:
            return Outcome.WARN if self.outcome(value) is Outcome.FAIL else Outcome.PASS
        return Outcome.INCONCLUSIVE if Outcome.FAIL in ends else Outcome.WARN

    def __str__(self) -> str:
        """Write the rule for a report: `< 0.1`, `pass < 0.1, fail >= 0.15`, `fail > 0.2`."""
        if self.fails is None:
            return str(self.passes)
        return f"fail {self.fails}" if self.passes is None else f"pass {self.passes}, fail {self.fails}"
