"""A YAML text → plain values that know their lines; every fault of the text at once.

What a policy means may not enter: this room knows mappings, lists and scalars only.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

import yaml

from checks.place import Where

Path: TypeAlias = tuple[str | int, ...]
Value: TypeAlias = "str | int | float | bool | date | list[Value] | dict[str, Value] | None"

Mark: TypeAlias = "yaml.error.Mark | yaml._yaml.Mark | None"  # with or without libyaml

# A policy is written by hand. The limits stop alias bombs and deep nesting long before they cost memory or recursion.
MAX_CHARACTERS = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 30
_TAG = "tag:yaml.org,2002:"
_FORBIDDEN = yaml.reader.Reader.NON_PRINTABLE
"""What YAML forbids in plain sight, and double quotes can bring in by an escape: NUL, half a surrogate pair."""


@dataclass(frozen=True, kw_only=True, order=True)
class Fault:
    """One thing wrong with a document, where it stands, and what to do."""

    file: str
    line: int
    """1-based."""
    path: str
    """Key path such as `checks.kl-p95.pass`; empty for the whole document."""
    problem: str
    """`expected …, got …; what to do`."""

    def __str__(self) -> str:
        """Write the fault as `file:line: key.path: expected …, got …; what to do`."""
        place = f"{self.file}:{self.line}"
        return f"{place}: {self.path}: {self.problem}" if self.path else f"{place}: {self.problem}"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed YAML mapping with the line of every key."""

    file: str
    values: Mapping[str, Value]
    places: Mapping[Path, Where]
    """Key path → where the key (in a list: the item) stands."""

    def place(self, path: Path) -> Where:
        """Give the place of the deepest known part of a key path."""
        known = path
        while known and known not in self.places:
            known = known[:-1]
        return self.places.get(known, Where(file=self.file, line=1))

    def fault(self, path: Path, problem: str) -> Fault:
        """Place a problem at the deepest known part of a key path."""
        where = self.place(path)
        return Fault(file=where.file, line=where.line, path=write_path(path), problem=problem)


def write_path(path: Path) -> str:
    """Write a key path for people: `checks.kl-p95.pass`, `waivers[0].expires`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{quote(part)}" if text else quote(part)
    return text


def quote(text: object, limit: int = 80) -> str:
    """Make hostile text safe for a message: one line, printable, cut.

    >>> quote("kl"), quote("a\\nb"), quote("x" * 100, limit=5)
    ('kl', 'a\\\\nb', 'xxxxx…')
    """
    shown = str(text)
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown[: limit + 1])
    return safe if len(shown) <= limit else safe[:limit] + "…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known names, else list what is allowed.

    >>> did_you_mean("severty", ["severity", "pass"])
    'did you mean `severity`?'
    >>> did_you_mean("zzz", ["fail", "pass"])
    'allowed: fail, pass'
    """
    names = sorted(known)
    near = difflib.get_close_matches(name[:80], names, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f"`{n}`" for n in near) + "?"
    return "allowed: " + ", ".join(names)


@dataclass
class _Reader:
    file: str
    places: dict[Path, Where] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, mark: Mark, path: Path, problem: str) -> None:
        line = mark.line + 1 if mark is not None else 1
        self.faults.append(Fault(file=self.file, line=line, path=write_path(path), problem=problem))

    def read(self, node: yaml.Node, path: Path) -> Value:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self.tag(node, path, "seq")
            return [self.item(child, (*path, i)) for i, child in enumerate(node.value)]
        return self.scalar(node, path)

    def tag(self, node: yaml.Node, path: Path, *known: str) -> None:
        if node.tag.removeprefix(_TAG) not in known:
            self.fault(
                node.start_mark, path, f"expected a plain value, got the tag `{quote(node.tag)}`; remove the tag"
            )

    def item(self, node: yaml.Node, path: Path) -> Value:
        self.places[path] = Where(file=self.file, line=node.start_mark.line + 1)
        return self.read(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Value]:
        self.tag(node, path, "map")
        found: dict[str, Value] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                self.fault(key.start_mark, path, "expected a plain key, got a merge or a nested key; write it out")
                continue
            name = self.text(key, path)
            here = (*path, name)
            if name in found:
                first = self.places[here].line
                self.fault(
                    key.start_mark, here, f"expected each key once, got it again (first in line {first}); remove one"
                )
                continue
            self.places[here] = Where(file=self.file, line=key.start_mark.line + 1)
            found[name] = self.read(value, here)
        return found

    def text(self, node: yaml.Node, path: Path) -> str:
        text = str(node.value)
        if (bad := _FORBIDDEN.search(text)) is not None:
            self.fault(node.start_mark, path, f"expected text, got the character `{quote(bad[0])}`; remove it")
        return str(_FORBIDDEN.sub("?", text))

    def scalar(self, node: yaml.Node, path: Path) -> Value:
        text = self.text(node, path)
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "int" and ":" not in text:
            return _integer(text)
        if kind == "float" and ":" not in text:
            number = _float(text)
            if not math.isfinite(number):
                self.fault(node.start_mark, path, f"expected a finite number, got `{quote(text)}`; write a number")
            return number
        if kind == "timestamp":
            return _day(text)
        self.tag(node, path, "str", "bool", "int", "float")
        return text


def _yaml_problem(problem: str) -> str:
    # `pass: > 0.1` begins a block of text in YAML; what its parser then says helps nobody.
    quotes = '; a bound needs quotes: "> 0.1"' if "expected a comment or a line break" in problem else ""
    return f"expected YAML, but here is {quote(problem, 120)}{quotes}"


def _float(text: str) -> float:
    try:
        return float(text.replace("_", "").lower().replace(".nan", "nan").replace(".inf", "inf"))
    except ValueError:  # no number at all, called one by the tag `!!float`
        return math.nan


def _integer(text: str) -> int | str:
    digits = text.replace("_", "")
    try:
        return int(digits, 0) if digits.lstrip("+-").lower()[:2] in ("0x", "0b") else int(digits, 10)
    except ValueError:  # longer than Python converts
        return text


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def parse_document(text: str, file: str) -> tuple[Document, tuple[Fault, ...]]:
    """Read a YAML mapping; values that are faulty are left out of it and told.

    `yes`, `no`, `on` and `off` stay text, as in YAML 1.2: a switch is `off` in words, a truth is `true` or `false`.
    """
    empty = Document(file=file, values={}, places={})
    if len(text) > MAX_CHARACTERS:
        return empty, (
            empty.fault((), f"expected at most {MAX_CHARACTERS:,} characters, got {len(text):,}; shorten it"),
        )
    reader = _Reader(file)
    try:
        beyond = _beyond_limits(text)
        if beyond is not None:
            reader.fault(beyond.start_mark, (), f"expected at most {_LIMITS}, got more; shorten or flatten the file")
            return empty, tuple(reader.faults)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        reader.fault(error.problem_mark, (), _yaml_problem(error.problem or "something else"))
        return empty, tuple(reader.faults)
    except (yaml.YAMLError, ValueError) as error:
        # Without a mark: a character that YAML forbids, an escape beyond Unicode (`\U00110000`), a version too long.
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        problem = f"expected YAML, but here is {quote(str(error).splitlines()[0], 120)}"
        return empty, (*reader.faults, Fault(file=file, line=line, path="", problem=problem))
    if not isinstance(node, yaml.MappingNode):
        got = "an empty file" if node is None else "a list" if isinstance(node, yaml.SequenceNode) else "plain text"
        reader.fault(None, (), f"expected a mapping that begins with `version: 1`, got {got}")
        return empty, tuple(reader.faults)
    values = reader.mapping(node, ())
    return Document(file=file, values=values, places=reader.places), tuple(reader.faults)


_LIMITS = f"{MAX_NODES:,} keys and values in {MAX_DEPTH} nested levels"


def _beyond_limits(text: str) -> yaml.Event | None:
    """Find where size or nesting passes the limits, in the flat stream of events: composing nodes would recurse."""
    depth, nodes = 0, 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            return event
        if isinstance(event, yaml.AliasEvent):
            problem = "an alias (`*name`); write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]
    return None
