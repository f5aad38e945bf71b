"""The nouns of the tree: a leaf with what it needs, and the branches that leaves hang from.

What is seen in a run may not enter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from checks.diagnosis.case import Case

Sign: TypeAlias = Callable[[Case], str | None]
"""Looks at a run; gives what it saw as a sentence, None where the evidence does not show it for sure."""


class Branch(StrEnum):
    """The questions of the tree, in the order they are asked: what comes first may explain what comes after."""

    RECORD = "Can the record be read as it stands?"
    PIPELINE = "Did the pipeline work?"
    SIGNAL = "Was there anything to learn from?"
    OPTIMISATION = "Did the optimisation hold?"
    END = "Did it reach its end?"
    STRENGTH = "Did the model become stronger?"


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One pattern: how it is recognised, what that rests on, its cause and what to do."""

    pattern: str
    """Its name in `verdict.json`."""
    title: str
    branch: Branch
    recognised: str
    """What has to be seen, in words."""
    rests_on: str
    """The evidence it needs; without it the leaf is silent."""
    sign: Sign
    cause: str
    remedy: str
    unless: tuple[str, ...] = ()
    """Patterns that already say it: where one of them is found, this leaf is silent."""
