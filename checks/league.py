"""What a policy says of a league: fixed agents, checkpoints, games, online ratings, and questions about strength.

Values come as plain values whose shape was held against the models; what a shape cannot say is checked here. No YAML,
no pydantic and no method of rating may enter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from checks.check import EloAsk, LeaguePlan
from checks.document import Path, did_you_mean, quote
from checks.elo.agents import PATTERN, Measured, compile_pattern
from checks.elo.pace import SeriesRule, Update
from checks.elo.sequential import Hypotheses
from checks.misfit import show_value

Tell: TypeAlias = Callable[[Path, str], None]
"""Notes a fault at a key path."""
FARTHEST = 1_000_000
"""Elo of a rating that was measured, and of its error: beyond that squares overflow."""
_STEP = re.compile(r"[1-9][0-9]{0,14}")
LIMITS: Mapping[str, tuple[float, float]] = {
    "elo0": (-10_000.0, 10_000.0),
    "elo1": (-10_000.0, 10_000.0),
    "alpha": (0.000_001, 0.49),
    "beta": (0.000_001, 0.49),
    "confidence": (0.5, 0.9999),
}
"""Numbers of a question → least and most."""
NEAREST = 0.01
"""Least Elo between the two hypotheses: no number of games that can be played tells less apart."""
VALUES: Mapping[str, str] = {
    "gap": "the candidate above the reference",
    "reference-decline": "the end of the checkpoints' trend above the reference (which falls by as much in a pool)",
    "exploitation": "what training gained against every bot together, from the bots' own games",
    "least-exploitation": "what it gained against the bot it gained least on, corrected for having been chosen",
    "older-checkpoints": "the newest checkpoint above the mean of the older ones",
    "latest": "the newest checkpoint above the best older one, corrected for having been chosen",
    "slope": "the checkpoints' trend, Elo per 100 training steps",
}
"""What `value` may name → what it is, in Elo."""


def read_plan(values: Mapping[str, Any], tell: Tell) -> LeaguePlan:
    """Read what the policy says of the league."""
    pattern = values.get("checkpoints", PATTERN)
    try:
        compile_pattern(pattern)
    except ValueError as error:
        tell(("checkpoints",), str(error))
    games = values.get("games", {})
    return LeaguePlan(
        references=_references(values.get("references", {}), tell),
        checkpoints=pattern,
        cluster=games.get("cluster"),
        columns=games.get("columns"),
        allow_disconnected=games.get("allow-disconnected", False),
        rule=_rule(values.get("online-elo", {}), tell),
        expected=tuple(sorted(_expected(values.get("expected-progress", {}), tell))),
    )


def _expected(given: Mapping[str, float], tell: Tell) -> Iterator[tuple[int, float]]:
    for step, gained in given.items():
        path: Path = ("expected-progress", step)
        if not _STEP.fullmatch(step):
            tell(path, f"expected a step as 50, got `{quote(step)}`; write a whole number of at least 1")
        elif abs(gained) > FARTHEST:
            tell(path, f"expected Elo within {FARTHEST:,} of 0, got {show_value(gained)}; change it")
        else:
            yield int(step), float(gained)


def _references(given: Any, tell: Tell) -> dict[str, Measured | None]:
    path: Path = ("references",)
    if isinstance(given, list):
        for i, name in enumerate(given):
            if not isinstance(name, str) or not name:
                tell((*path, i), f"expected the name of an agent, got {show_value(name)}; write a name")
            elif name in given[:i]:
                tell((*path, i), f"expected every reference once, got `{quote(name)}` again; remove one")
        return {name: None for name in given if isinstance(name, str)}
    if not isinstance(given, dict):
        got = show_value(given)
        tell(path, f"expected agents with their ratings, got {got}; write {{base_model: 1000}} or [base_model]")
        return {}
    return {name: _measured(name, value, tell) for name, value in given.items()}


def _measured(name: str, value: Any, tell: Tell) -> Measured | None:
    if value == "free":
        return None
    numbers = value if isinstance(value, dict) else {"rating": value}
    unknown = [key for key in numbers if key not in ("rating", "se")]
    fine = all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers.values())
    if not unknown and fine and "rating" in numbers:
        found = measured_rating(numbers["rating"], numbers.get("se", 0.0))
        if found is not None:
            return found
    tell(
        ("references", name),
        f"expected a rating within {FARTHEST:,} Elo of 0, as 1000 or {{rating: 1000, se: 12}}, or `free` where it was "
        f"not measured, got {show_value(value)}; change it",
    )
    return None


def measured_rating(rating: float, se: float) -> Measured | None:
    """Give a rating that was measured elsewhere; None where rating or error lie beyond measure."""
    sane = abs(rating) <= FARTHEST and 0 <= se <= FARTHEST
    return Measured(rating=float(rating), se=float(se)) if sane else None


def _rule(given: Mapping[str, Any], tell: Tell) -> SeriesRule:
    update = given.get("update")
    try:
        return SeriesRule(
            k=given.get("k"),
            update=None if update is None else Update(update),
            seats=given.get("seats"),
            games_per_step=given.get("games-per-step"),
            seat_averaged=given.get("seat-averaged", False),
        )
    except ValueError as error:
        tell(("online-elo",), f"{str(error).replace('games_per_step', 'games-per-step')}; change it")
        return SeriesRule()


def elo_ask(path: Path, ask: Mapping[str, Any], tell: Tell) -> EloAsk:
    """Read a question about strength."""
    asked, value = ask["elo"], ask.get("value")
    if value is not None and value not in VALUES:
        tell((*path, "value"), f"expected a value of elo, got `{quote(value)}`; {did_you_mean(value, VALUES)}")
    if value is None:
        for key in ("pass", "fail"):
            if key in ask:
                told = "whose elo0, elo1, alpha and beta are the rule; remove it, or ask for a `value`"
                tell((*path, key), f"expected no `{key}` beside a sequential decision, {told}")
    numbers = {key: asked[key] for key in LIMITS if key in asked}
    faults = tuple(number_faults(numbers))
    for key, problem in faults:
        tell((*path, "elo", key), problem)
    sane = {} if faults else numbers
    return EloAsk(
        value=value,
        candidate=asked.get("candidate", "latest"),
        against=asked.get("against"),
        hypotheses=Hypotheses(**{key: number for key, number in sane.items() if key != "confidence"}),
        confidence=sane.get("confidence", 0.95),
    )


def number_faults(numbers: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Tell which numbers of a question are out of range (name, what was expected and got), and hypotheses too near.

    >>> dict(number_faults({"elo0": 30.0, "confidence": 95.0}))["confidence"]
    'expected 0.5 to 0.9999, got 95; change it'
    """
    for name, value in numbers.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            yield name, f"expected {_plain(low)} to {_plain(high)}, got {value:g}; change it"
    elo0, elo1 = numbers.get("elo0", Hypotheses.elo0), numbers.get("elo1", Hypotheses.elo1)
    if elo1 - elo0 < NEAREST:
        name = "elo1" if "elo1" in numbers else "elo0"
        yield name, f"expected elo1 at least {NEAREST} above elo0, got elo0 {elo0:g} and elo1 {elo1:g}; change one"


def _plain(number: float) -> str:
    """Write a number without an exponent, which YAML would read as text."""
    return f"{number:,.6f}".rstrip("0").rstrip(".")


def title_of(ask: EloAsk) -> str:
    """Name a check after what it asks."""
    if ask.value is None:
        return f"{ask.candidate} against {ask.against or 'the reference'}"
    return f"Elo: {ask.value}"
