"""Fields of a JSON document with the path that leads to them, so that every fault can say where.

What the fields mean may not enter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from action.errors import InputError
from action.escape import one_line
from action.report.elo_document import Json, Object

Choice = TypeVar("Choice", bound=StrEnum)
Item = TypeVar("Item")


def parse_json(text: str, name: str) -> Json:
    """Read JSON; InputError for what is none, for repeated keys, and for numbers that are not finite."""
    try:
        value: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise InputError(f"{name}: expected a verdict, got JSON nested too deep; name another file") from error
    except ValueError as error:
        raise InputError(
            f"{name}: expected the JSON of a verdict, got a text that is none ({error}); "
            "name the verdict.json that `gatekeeper check RUN --out DIR` wrote"
        ) from error
    return value


def _unique(pairs: list[tuple[str, Json]]) -> Object:
    fields: Object = {}
    for key, value in pairs:
        if key in fields:
            raise ValueError(f"repeated key {key!r}")
        fields[key] = value
    return fields


def _no_constant(word: str) -> Json:
    raise ValueError(f"{word} is no JSON number")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A value with the path that leads to it, so that every fault can say where."""

    name: str
    path: str
    value: Json

    def __getitem__(self, key: str) -> Field:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        path = f"{self.path}.{key}" if self.path else key
        if key not in self.value:
            raise InputError(f"{self.name}: {path}: expected a value, got no such field; {_WRITE_ANEW}")
        return Field(name=self.name, path=path, value=self.value[key])

    def added(self, key: str) -> Field:
        """Give a field that earlier writers of this version do not have; null where there is none."""
        missing = isinstance(self.value, dict) and key not in self.value
        return Field(name=self.name, path=key, value=None) if missing else self[key]

    def wrong(self, expected: str, remedy: str | None = None) -> InputError:
        """Return the error for a value that is not what is expected."""
        got = one_line(_show(self.value), limit=80)
        where = f"{self.name}: {self.path}" if self.path else self.name
        return InputError(f"{where}: expected {expected}, got {got}; {remedy or _WRITE_ANEW}")

    def text(self) -> str:
        """Give the value as text."""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def whole(self) -> int:
        """Give the value as a whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("a whole number")
        return self.value

    def number(self) -> float:
        """Give the value as a finite number."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.wrong("a number")
        try:
            value = float(self.value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self.wrong("a finite number or null")
        return value

    def flag(self) -> bool:
        """Give the value as true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def choice(self, kind: type[Choice]) -> Choice:
        """Give the value as one of the words of a kind."""
        if not isinstance(self.value, str) or self.value not in {word.value for word in kind}:
            raise self.wrong("one of " + ", ".join(word.value for word in kind))
        return kind(self.value)

    def optional(self, read: Callable[[Field], Item]) -> Item | None:
        """Read the value, unless it is null."""
        return None if self.value is None else read(self)

    def items(self, read: Callable[[Field], Item]) -> tuple[Item, ...]:
        """Read each entry of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(
            read(Field(name=self.name, path=f"{self.path}[{index}]", value=value))
            for index, value in enumerate(self.value)
        )

    def pairs(self, read: Callable[[Field], Item]) -> tuple[tuple[str, Item], ...]:
        """Read each field of an object whose names are data."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return tuple((key, read(self[key])) for key in self.value)


def _show(value: Json) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value, ensure_ascii=False)


_WRITE_ANEW = "write the verdict anew: gatekeeper check RUN --out DIR"
