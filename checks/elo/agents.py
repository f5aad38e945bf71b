"""What agents are: references that never change, checkpoints of the training run, or others. No game may enter."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from checks.document import quote

BASE_MODEL = "base_model"
PATTERN = "adapter_v{step}"
DEFAULT_RATING = 1000.0
_BOT = re.compile(r".+_bot", re.DOTALL | re.IGNORECASE)


class EloError(Exception):
    """Games that cannot answer what is asked of them; says what was expected, what was got and what to do."""


class AgentKind(StrEnum):
    """What an agent is."""

    REFERENCE = "reference"
    CHECKPOINT = "checkpoint"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A rating that was measured elsewhere."""

    rating: float
    """Elo."""
    se: float = 0.0
    """Standard error in Elo; 0: taken as exact."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rating) and math.isfinite(self.se) and self.se >= 0):
            raise ValueError("expected a finite rating with an error of at least 0")


@dataclass(frozen=True, kw_only=True)
class Naming:
    """How agents are told apart by name."""

    references: Mapping[str, Measured | None]
    """Name → its rating where that was measured. `base_model` and every `…_bot` of the games count as well."""
    pattern: str = PATTERN
    """How checkpoints are called; `{step}` stands for the training step. A prefix that ends with `_`, `-`, `/`, `:` or
    `.` may stand before it (trainers write the run's name there)."""
    checkpoints: Mapping[str, int] | None = None
    """Name → training step, where the pattern does not tell; these alone are checkpoints then."""


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One agent."""

    name: str
    kind: AgentKind
    step: int | None = None
    """The training step of a checkpoint, where its name tells it."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Read a pattern of checkpoints' names; ValueError if it has no `{step}`, or more than one.

    >>> compile_pattern("adapter_v{step}").fullmatch("run_adapter_v10")["step"]
    '10'
    """
    before, found, after = pattern.partition("{step}")
    if not found or "{step}" in after:
        raise ValueError(f"expected a pattern with one {{step}}, got `{quote(pattern)}`; write adapter_v{{step}}")
    return re.compile(rf"(?:.*[_\-/:.])?{re.escape(before)}(?P<step>\d{{1,15}}){re.escape(after)}", re.DOTALL)


def tell_agents(names: Sequence[str], naming: Naming) -> tuple[Agent, ...]:
    """Tell what each agent is, in the order of the names.

    >>> naming = Naming(references={"base_model": None})
    >>> [(one.kind.value, one.step) for one in tell_agents(["adapter_v20", "base_model", "x"], naming)]
    [('checkpoint', 20), ('reference', None), ('other', None)]

    Raises:
        EloError: a reference or a named checkpoint is not among the names.
        ValueError: the pattern has no `{step}`.
    """
    expression = compile_pattern(naming.pattern)
    references = find_references(names, naming)
    for role, wanted in (("reference", naming.references), ("checkpoint", naming.checkpoints or {})):
        for name in wanted:
            if name not in names:
                raise EloError(missing_agent(role, name, names))
    return tuple(_tell(name, references, naming, expression) for name in names)


def _tell(name: str, references: Iterable[str], naming: Naming, expression: re.Pattern[str]) -> Agent:
    if name in references:
        return Agent(name=name, kind=AgentKind.REFERENCE)
    if naming.checkpoints is not None:
        step = naming.checkpoints.get(name)
        return Agent(name=name, kind=AgentKind.OTHER if step is None else AgentKind.CHECKPOINT, step=step)
    found = expression.fullmatch(name)
    if found is None:
        return Agent(name=name, kind=AgentKind.OTHER)
    return Agent(name=name, kind=AgentKind.CHECKPOINT, step=int(found["step"]))


def find_references(names: Sequence[str], naming: Naming) -> dict[str, Measured | None]:
    """Give the references, the gauge first: those that were named, `base_model` and the bots; empty without any.

    Where ratings were measured, the scale is theirs: the gauge is then one of the measured references, an exact one
    before others. Otherwise it is `base_model` if it played, else the first that was named, else the first bot.

    >>> list(find_references(["chaos_bot", "base_model", "adapter_v1"], Naming(references={})))
    ['base_model', 'chaos_bot']
    >>> list(find_references(["chaos_bot", "base_model"], Naming(references={"chaos_bot": Measured(rating=850.0)})))
    ['chaos_bot', 'base_model']
    """
    found: dict[str, Measured | None] = {BASE_MODEL: None} if BASE_MODEL in names else {}
    found |= naming.references
    chosen = naming.checkpoints or {}
    found |= {name: None for name in names if _BOT.fullmatch(name) and name not in found and name not in chosen}

    def rank(name: str) -> float:
        measured = found[name]
        return 3.0 if measured is None else float(measured.se > 0)

    return {name: found[name] for name in sorted(found, key=rank)}


def default_opponent(references: Mapping[str, Measured | None]) -> str:
    """Give the reference to beat where none was named: `base_model` if it is one, else the gauge.

    A rating that was measured moves the scale to its agent; it must not make a weak bot the one to beat.

    >>> default_opponent({"chaos_bot": Measured(rating=850.0), "base_model": None})
    'base_model'
    """
    return BASE_MODEL if BASE_MODEL in references else next(iter(references))


def missing_agent(role: str, name: str, names: Iterable[str]) -> str:
    """Say that an agent is not in the games, and who is.

    >>> missing_agent("reference", "base-model", ["base_model", "x"])
    'expected the reference `base-model` in the games, found none of that name; did you mean `base_model`?'
    """
    known = sorted(names)
    near = difflib.get_close_matches(name[:80], known, n=3, cutoff=0.6)
    if near:
        advice = f"did you mean {' or '.join(f'`{quote(one)}`' for one in near)}?"
    else:
        listed = ", ".join(f"`{quote(one)}`" for one in known[:10]) + (", …" if len(known) > 10 else "")
        advice = f"the agents are {listed}"
    return f"expected the {role} `{quote(name)}` in the games, found none of that name; {advice}"
