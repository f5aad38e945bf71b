"""Approvals of waivers as JSON records and back. No disk and no digest may enter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from checks.approval import Approval


def approvals_record(approvals: Iterable[Approval]) -> list[dict[str, Any]]:
    """Turn approvals into records."""
    return [asdict(one) for one in approvals]


def read_approvals(records: Iterable[Mapping[str, Any]]) -> tuple[Approval, ...]:
    """Read approvals back; KeyError or TypeError where the records are not of ours."""
    return tuple(map(_read, records))


def _read(record: Mapping[str, Any]) -> Approval:
    number, people = record["pull_request"], record["approved_by"]
    if not isinstance(people, list) or not (number is None or type(number) is int):
        raise TypeError("expected an approval, got something else")
    return Approval(
        check=_text(record["check"]),
        scope=_text(record["scope"]),
        reason=_text(record["reason"]),
        expires=_text(record["expires"]),
        pull_request=number,
        approved_by=tuple(map(_text, people)),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value
