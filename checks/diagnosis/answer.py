"""Walks the tree: which patterns a run shows, what shows them first explained first. No pattern may enter."""

from __future__ import annotations

import numpy as np

from checks.diagnosis.case import Case
from checks.diagnosis.leaf import Leaf
from checks.diagnosis.tree import LEAVES
from checks.result import Diagnosis


def diagnose(case: Case) -> tuple[Diagnosis, ...]:
    """Give every pattern that the evidence shows, in the order of the tree: the first is the main one."""
    found: dict[str, Diagnosis] = {}
    for leaf in LEAVES:
        evidence = None if any(other in found for other in leaf.unless) else _look(leaf, case)
        if evidence is not None:
            found[leaf.pattern] = Diagnosis(
                pattern=leaf.pattern, title=leaf.title, evidence=evidence, cause=leaf.cause, remedy=leaf.remedy
            )
    return tuple(found.values())


def _look(leaf: Leaf, case: Case) -> str | None:
    """Look for a pattern; one that cannot be computed is not shown: what decides nothing may prevent no decision."""
    with np.errstate(all="ignore"):
        try:
            return leaf.sign(case)
        except ArithmeticError:
            return None
