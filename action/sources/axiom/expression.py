"""Logical fields of events as expressions in APL: what `checks.questions.reader` reads off an event.

A number that is not finite or below 0 is none; the first of several names with a usable value wins. No question may
enter.
"""

from __future__ import annotations

from collections.abc import Sequence

from action.sources.axiom.spelling import field_or
from checks.questions.reader import TEXT_LENGTH, Fields, parse_alternative

_EMPTY = '""'
_NONE = "real(null)"
TIME = 'todouble(datetime_diff("microsecond", _time, datetime(1970-01-01))) / 1000000.0'
"""Unix seconds of an event: in Axiom every event has `_time`, whatever else its writer calls its time."""


def text(names: Sequence[str]) -> str:
    """Write a text: the first name with one that is not empty, cut to 500 characters, else empty.

    Never null: Axiom groups null and empty texts apart.

    >>> text(["level"])
    'substring(iff(isnotempty(tostring(column_ifexists("level", ""))), \
tostring(column_ifexists("level", "")), ""), 0, 500)'
    """
    parts = [f"tostring({field_or(parse_alternative(one).name, _EMPTY)})" for one in names]
    if len(parts) == 1:
        return _cut(f"iff(isnotempty({parts[0]}), {parts[0]}, {_EMPTY})")
    cases = ", ".join(f"isnotempty({part}), {part}" for part in parts)
    return _cut(f"case({cases}, {_EMPTY})")


def _cut(part: str) -> str:
    return f"substring({part}, 0, {TEXT_LENGTH})"


def number(names: Sequence[str]) -> str:
    """Write a duration, size, rate or count: the first name with a number of at least 0, in the unit of the field.

    >>> number(["total_duration_ms / 1000"])
    '(iff(todouble(column_ifexists("total_duration_ms", real(null))) >= 0, \
todouble(column_ifexists("total_duration_ms", real(null))), real(null)) / 1000.0)'
    """
    parts = []
    for one in names:
        found = parse_alternative(one)
        value = f"todouble({field_or(found.name, _NONE)})"
        part = f"iff({value} >= 0, {value}, {_NONE})"
        if found.scaled:
            part = f"({part} {f'* {found.times!r}' if found.times != 1 else f'/ {found.over!r}'})"
        parts.append(part)
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def stream(field: str, fields: Fields) -> str:
    """Write the value that a stream of a question takes of an event, derived fields too (see `checks.questions.route`).

    `timed_trajectories` are the trajectories, since every event has a time here.
    """
    match field:
        case "time":
            return TIME
        case "begin":
            return f"({TIME}) - {number(fields['duration_s'])}"
        case "timed_trajectories":
            return number(fields["trajectories"])
        case _:
            return number(fields[field])
