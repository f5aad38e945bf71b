"""A head in a merge queue: does a verdict of ours stand behind each of its passing statuses?

A status says that something passed; whoever may write can post one. A pass by another policy opens nothing, so that it
is looked behind only where it stands in the place of one that did not pass.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from action.errors import InputError, RefusalError
from action.forge import Status
from action.provenance.search import Records, Sought, find_sources
from action.publish.ledger import Standing, read_entry, read_ledger
from checks.result import Decision


def doubt(records: Records, sought: Sought, policy_sha256: str, today: date) -> str | None:
    """Say why a head's pass is not to be believed; None: verdicts of our workflow, by this policy, stand behind it.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    why = _of_slot(records, sought, policy_sha256, today)
    others = sorted(_replaced(records.statuses(sought.sha)) - {sought.slot}) if why is None else ()
    told = (_of_slot(records, replace(sought, slot=slot), None, today) for slot in others)
    return why or next((f"by another policy, {one}" for one in told if one is not None), None)


def _replaced(statuses: Sequence[Status]) -> frozenset[str]:
    """Give the policies by which a run passes that did not at another time."""
    newest = read_ledger(statuses)
    closed = {one.key for one in map(read_entry, statuses) if one is not None and one.standing is not Standing.PASS}
    return frozenset(newest[key].policy for key in closed if newest[key].standing is Standing.PASS)


def _of_slot(records: Records, sought: Sought, policy_sha256: str | None, today: date) -> str | None:
    """Look behind the verdicts by one policy; `policy_sha256` None: nobody here knows what it is now."""
    with tempfile.TemporaryDirectory(prefix="gatekeeper-head-") as scratch:
        try:
            sources = find_sources(records, sought, Path(scratch), every=True)
        except (RefusalError, InputError) as error:
            return str(error).splitlines()[0]
    for one in sources:
        verdict, origin = one.verdict, one.verdict.origin
        if verdict.decision is not Decision.PASS or verdict.policy.trial:
            return f"the verdict on {verdict.run.name} is no pass"
        if policy_sha256 not in (None, verdict.policy.sha256):
            return f"the verdict on {verdict.run.name} is by another policy than the one in force"
        spent = next((one for one in verdict.waivers if one.used and one.expires < today.isoformat()), None)
        if spent is not None:
            return f"the verdict on {verdict.run.name} used a waiver of {spent.check} that expired on {spent.expires}"
        if origin is None or (origin.repository.lower(), origin.sha) != (sought.home.repository.lower(), sought.sha):
            return f"the verdict on {verdict.run.name} is for another commit"
    return None
