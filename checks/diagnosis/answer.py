"""Walks the tree: which patterns a run shows, what shows them first explained first. No pattern may enter."""

from __future__ import annotations

from checks.diagnosis.case import Case
from checks.diagnosis.tree import LEAVES
from checks.result import Diagnosis


def diagnose(case: Case) -> tuple[Diagnosis, ...]:
    """Give every pattern that the evidence shows, in the order of the tree: the first is the main one."""
    found: dict[str, Diagnosis] = {}
    for leaf in LEAVES:
        evidence = None if any(other in found for other in leaf.unless) else leaf.sign(case)
        if evidence is not None:
            found[leaf.pattern] = Diagnosis(
                pattern=leaf.pattern, title=leaf.title, evidence=evidence, cause=leaf.cause, remedy=leaf.remedy
            )
    return tuple(found.values())
