"""One history row, read exactly: which metrics it holds, as which numbers, at which step.

The way of one row at a time, right for every row; `columns.py` is the fast way for the common ones. Files, and the
series that rows make, may not enter.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from action.sources.wandb_log import wire
from action.sources.wandb_log.naming import is_bookkeeping, metric_name
from checks.number import parse_number

NUMBER_STARTS = b"-0123456789NItfn"
"""The first byte of JSON that is a number for us: NaN and Infinity are bare words, so are true, false and null."""
TEXT_STARTS = bytes(byte for byte in range(0x21, 0x100) if byte not in b'"+-IN\\in')
"""The second byte of a JSON string that cannot be a spelling of NaN or Infinity."""
STEP = "_step"


@dataclass(kw_only=True)
class Row:
    """One row, as far as it was asked for. Not frozen: it is built item by item, a million times."""

    step: int | None = None
    """None: the row says nothing readable about its step."""
    names: set[str] = field(default_factory=set)
    """The metrics it holds: every item that is a number, in whatever spelling."""
    values: dict[str, float] = field(default_factory=dict)
    """The numbers of the wanted ones."""
    faults: int = 0
    """How many items hold what is neither JSON nor a value of their own type."""


@dataclass(kw_only=True)
class _Item:
    path: list[str]
    raw: bytes
    """JSON; empty where a typed value stands in its place."""
    typed: float | None
    """The value of the typed fields, if it is a number; they are newer than `value_json` and written beside it."""
    is_text: bool


def parse_row(body: bytes, wants: Callable[[str], bool]) -> Row:
    """Read the body of one HistoryRecord.

    A metric that the row names twice has its last value, as in a JSON object. Parts of media and histograms (a dict
    with a `_type`) are no metrics, though they hold numbers.

    Raises:
        WireError: The bytes are no HistoryRecord.
    """
    row, items, step_field = Row(), [], None
    for number, value in wire.fields(body):
        if number == 1:
            items.append(_item(wire.message(value)))
        elif number == 2:
            step_field = _step(wire.message(value))
    typed_objects = {tuple(item.path[:-1]) for item in items if len(item.path) > 1 and _says_type(item)}
    for item in items:
        if item.path == [STEP]:
            row.step = _whole(item)
        if not item.path or is_bookkeeping(item.path) or _within(item.path, typed_objects):
            continue
        _take(row, metric_name(item.path), item, wants)
    if row.step is None:
        row.step = step_field
    return row


def _item(message: bytes) -> _Item:
    key, path, raw, typed, is_text = "", [], b"", None, False
    for number, value in wire.fields(message):
        if number == 1:
            key = wire.text(value)
        elif number == 2:
            path.append(wire.text(value))
        elif number == 16:
            raw = wire.message(value)
        elif number == 3:  # none
            typed = parse_number(None)
        elif number == 4:  # boolean
            typed = parse_number(bool(wire.signed(value)))
        elif number == 5:  # integer
            typed = parse_number(wire.zigzag(value))
        elif number == 6:  # number
            typed = wire.double(value)
        elif number == 7:  # text
            typed, is_text = parse_number(wire.text(value)), True
    return _Item(path=path or ([key] if key else []), raw=raw, typed=typed, is_text=is_text)


def _says_type(item: _Item) -> bool:
    return item.path[-1] == "_type" and (item.is_text or item.raw.startswith(b'"'))


def _step(message: bytes) -> int:
    step = 0
    for number, value in wire.fields(message):
        if number == 1:
            step = wire.signed(value)
    return step


def _whole(item: _Item) -> int | None:
    try:
        value = json.loads(item.raw) if item.raw else item.typed
    except (ValueError, RecursionError):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63 else None


_MAX_NAME = 1_000
"""No trainer gives metrics longer names; all the names of deeply nested ones could fill the memory."""


def _within(path: list[str], typed_objects: set[tuple[str, ...]]) -> bool:
    return bool(typed_objects) and any(tuple(path[:depth]) in typed_objects for depth in range(1, len(path)))


def _take(row: Row, name: str, item: _Item, wants: Callable[[str], bool]) -> None:
    """Put one item into the row; a dict within an item (older SDKs) puts in its leaves."""
    if item.raw[:1] and item.raw[0] in NUMBER_STARTS and not wants(name):
        row.names.add(name)  # a million rows hold many numbers that nobody asked for: not parsed
        return
    if item.raw[:1] == b"[" or (item.raw[:1] == b'"' and item.raw[1:2] and item.raw[1] in TEXT_STARTS):
        return  # no number whatever follows: not parsed either
    if not item.raw:
        _put(row, name, item.typed, wants)
        return
    try:
        tree = json.loads(item.raw)
    except (ValueError, RecursionError):
        row.faults += 1
        return
    rest = [(name, tree)]
    while rest:
        at, node = rest.pop()
        if not isinstance(node, dict):
            _put(row, at, parse_number(node), wants)
        elif not isinstance(node.get("_type"), str) and len(at) <= _MAX_NAME:
            rest += [(f"{at}.{key}", child) for key, child in node.items()]


def _put(row: Row, name: str, number: float | None, wants: Callable[[str], bool]) -> None:
    if number is None:
        return
    row.names.add(name)
    if wants(name):
        row.values[name] = number
