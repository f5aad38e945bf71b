"""Fields of an event: which of a writer's names holds a logical field, and what counts as a number, a text, a time.

Every doubt about what an event holds is settled here. No question and no aggregate may enter.

Events are read as Axiom sees them: a JSON `null` is a missing field, and a name with dots also reaches into nested
objects. APL for a number: `coalesce(f(['duration_s']), f(['total_duration_ms']) / 1000)`, where `f` gives null for
text, booleans, values that are not finite and values below 0 (which only scores may have).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

Event: TypeAlias = Mapping[str, object]
Fields: TypeAlias = Mapping[str, tuple[str, ...]]
"""Logical field → its names in the logs, best first; each `name`, `name / 1000` or `name * 1000`."""
ReadNumber: TypeAlias = Callable[[Event], float | None]
"""The first alternative with a usable number; NaN if there are values but none is usable; None if there is none."""
ReadText: TypeAlias = Callable[[Event], str | None]
_Get: TypeAlias = Callable[[Event], object]

TEXT_LENGTH = 500
"""Texts are cut to so many characters: group names stay in memory."""
TEXTS = frozenset({"event", "run", "horizon_type", "lora_name", "power", "message", "type", "severity"})
"""Logical fields that are texts; `scores` is an object, `time` a time, all others are numbers."""
UNSCALED = TEXTS | {"scores"}
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_ALTERNATIVE = re.compile(r"(?P<name>[A-Za-z0-9_.-]+(?: [A-Za-z0-9_.-]+)*)(?: ?(?P<sign>[*/]) ?(?P<factor>[0-9.]+))?")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One name that a logical field may have, with the factor to its unit."""

    name: str
    times: float = 1.0
    over: float = 1.0
    """A division stays one: `/ 1000` is exact where `* 0.001` is not."""

    @property
    def scaled(self) -> bool:
        """Tell whether the value is multiplied or divided."""
        return self.times != 1.0 or self.over != 1.0


def parse_alternative(text: str) -> Alternative:
    """Read one name of a field, as a policy writes it; ValueError says what is wrong.

    >>> parse_alternative("total_duration_ms / 1000")
    Alternative(name='total_duration_ms', times=1.0, over=1000.0)
    """
    match = _ALTERNATIVE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"expected a field name (letters, digits, _ . - and single spaces), alone or scaled as "
            f"`name / 1000` or `name * 1000`, got {text!r}"
        )
    name, sign, written = match["name"], match["sign"], match["factor"]
    if sign is None:
        return Alternative(name=name)
    try:
        factor = float(written)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise ValueError(f"expected a factor above 0 after `{sign}` of field {name}, got {written!r}")
    return Alternative(name=name, times=factor) if sign == "*" else Alternative(name=name, over=factor)


def parse_name(field: str, text: str) -> Alternative:
    """Read one name of this logical field, as a policy writes it; ValueError also where text or an object is scaled."""
    found = parse_alternative(text)
    if found.scaled and field in UNSCALED:
        raise ValueError(f"expected the name of {field} alone, got {text!r}: only numbers can be scaled")
    return found


def number_reader(names: tuple[str, ...]) -> ReadNumber:
    """Make the reader of a duration, size, rate or count: values below 0 are no usable ones.

    ValueError on a name that `parse_alternative` refuses.
    """
    plan = [(_getter(found.name), found.times, found.over) for found in map(parse_alternative, names)]

    def read(event: Event) -> float | None:
        result = None
        for get, times, over in plan:
            value = get(event)
            if value is None:
                continue
            number = to_number(value) * times / over
            if 0 <= number < math.inf:
                return number
            result = math.nan
        return result

    return read


def text_reader(names: tuple[str, ...]) -> ReadText:
    """Make the reader of a text: the first alternative that is a text that is not empty, a number or a boolean.

    ValueError on a name that `parse_alternative` refuses.
    """
    getters = [_getter(found.name) for found in map(parse_alternative, names)]

    def read(event: Event) -> str | None:
        for get in getters:
            text = to_text(get(event))
            if text is not None:
                return text
        return None

    return read


def time_reader(names: tuple[str, ...]) -> ReadNumber:
    """Make the reader of a time, in Unix seconds: RFC 3339 (without an offset: UTC), or a number of seconds, scaled.

    Times before 1970 or after 2099 come from a broken clock and are not usable. Digits past the microsecond are cut.
    """
    plan = [(_getter(found.name), found.times / found.over) for found in map(parse_alternative, names)]

    def read(event: Event) -> float | None:
        result = None
        for get, factor in plan:
            value = get(event)
            if value is None:
                continue
            seconds = _to_seconds(value) if isinstance(value, str | datetime) else to_number(value) * factor
            if 0 <= seconds < _LATEST:
                return seconds
            result = math.nan
        return result

    return read


def object_reader(names: tuple[str, ...]) -> Callable[[Event], Mapping[str, object] | None]:
    """Make the reader of an object of values, nested (`{"scores": {"A": 1}}`) or flat as in Axiom (`scores.A`).

    A value that is no object gives an empty one; no value, None.
    """
    plan = [(found.name + ".", _getter(found.name)) for found in map(parse_alternative, names)]

    def read(event: Event) -> Mapping[str, object] | None:
        result: Mapping[str, object] | None = None
        for prefix, get in plan:
            value = get(event)
            if isinstance(value, Mapping):
                return value
            flat = {key[len(prefix) :]: part for key, part in event.items() if key.startswith(prefix)}
            if flat:
                return flat
            if value is not None:
                result = {}
        return result

    return read


def to_number(value: object) -> float:
    """Give an event's value as a float; NaN for text, whatever it holds, booleans and objects.

    An integer too large for a float is infinite, as it is to a JSON reader without big integers.

    >>> to_number(3), to_number("3"), to_number(True), to_number(10**400)
    (3.0, nan, nan, inf)
    """
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_text(value: object) -> str | None:
    """Give an event's value as a text of at most 500 characters; None for nothing, an empty text, lists and objects.

    >>> to_text("x" * 501) == "x" * 500, to_text(True), to_text(2.0), to_text([]), to_text("")
    (True, 'true', '2', None, None)
    """
    if isinstance(value, str):
        return value[:TEXT_LENGTH] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        number = to_number(value)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)
    return None


def _getter(name: str) -> _Get:
    if "." not in name:
        return lambda event: event.get(name)

    def get(event: Event) -> object:
        value = event.get(name)
        return _nested(event, name) if value is None else value

    return get


def _nested(event: Event, name: str) -> object:
    value: object = event
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _to_seconds(value: str | datetime) -> float:
    """Unix seconds of a time; NaN if it is none."""
    if isinstance(value, str):
        if not _RFC3339.fullmatch(value):
            return math.nan
        try:
            value = datetime.fromisoformat(value)
        except ValueError:  # a day that no month has, a leap second
            return math.nan
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
