"""How a value that does not fit a policy is told. No shape and no parser may enter: errors come as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from checks.document import Path, Value, did_you_mean, quote

_EXPECTED = {
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "date_type": "a day, as 2099-12-31",
    "nothing_given": "a value",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a shorter text",
}
_EXAMPLES = {"baseline": "baseline: {run: PATH, max-drop: 5%}", "elo": "elo: {candidate: latest}"}


def tell_misfit(problem: Any, path: Path, known: Sequence[str]) -> str:
    """Say what was expected, what was got and what to do, of one error of pydantic's as plain values.

    `known`: the keys that the mapping at this place may have.
    """
    got: Value = problem["input"]
    kind = problem["type"]
    if kind == "missing":
        return "expected this key, got nothing; add it"
    if kind == "extra_forbidden":
        return f"expected a known key, got `{quote(path[-1])}`; {did_you_mean(str(path[-1]), known)}"
    if kind == "literal_error":
        return f"expected {problem['ctx']['expected']}, got {show_value(got)}; write one of these"
    expected = _EXPECTED.get(kind, quote(problem["msg"]))
    if kind == "greater_than_equal":
        expected = f"a number of at least {problem['ctx']['ge']}"
    return f"expected {expected}, got {show_value(got)}; {_advice(kind, got, path)}"


def _advice(kind: str, got: Value, path: Path) -> str:
    if path[:1] == ("checks",) and kind != "nothing_given":
        if len(path) == 2:
            return 'write {metric: …, stat: …, pass: "…"}, or off to switch a check of a profile off'
        if len(path) == 3 and path[2] in _EXAMPLES:
            return f"write {_EXAMPLES[path[2]]}"
    if kind in ("float_type", "int_type") and isinstance(got, str):
        return _number_advice(kind, got)
    if kind == "nothing_given":
        return "write one or remove the key"
    return "put it in quotes" if kind == "string_type" and not isinstance(got, list | dict) else "change it"


def _number_advice(kind: str, got: str) -> str:
    """Say how YAML 1.1 wants a number: with a point, as `1.0e-20`."""
    try:
        number = float(got)
    except ValueError:
        number = math.nan
    whole = kind == "int_type"
    if not math.isfinite(number) or (whole and not number.is_integer()):
        return "write a whole number without quotes" if whole else "write a number without quotes"
    digits, e, power = repr(number).partition("e")
    text = str(int(number)) if whole else digits + ("" if "." in digits else ".0") + e + power
    return f"YAML reads this as text: write {text}"


def show_value(got: Value) -> str:
    """Write a value for a message: short, and safe whatever it holds."""
    if isinstance(got, dict):
        return "a mapping"
    if isinstance(got, list):
        return "a list"
    if isinstance(got, str):
        return f'the text "{quote(got)}"'
    return "nothing" if got is None else f"`{quote(str(got).lower() if isinstance(got, bool) else got)}`"
