"""A head in a merge queue: does a verdict of ours stand behind each of its passing statuses?

A status says that something passed; whoever may write can post one.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from action.errors import InputError, RefusalError
from action.provenance.search import Records, Sought, find_sources
from checks.result import Decision


def doubt(records: Records, sought: Sought, policy_sha256: str, today: date) -> str | None:
    """Say why a head's pass is not to be believed; None: verdicts of our workflow, by this policy, stand behind it.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    with tempfile.TemporaryDirectory(prefix="gatekeeper-head-") as scratch:
        try:
            sources = find_sources(records, sought, Path(scratch), every=True)
        except (RefusalError, InputError) as error:
            return str(error).splitlines()[0]
    for one in sources:
        verdict, origin = one.verdict, one.verdict.origin
        if verdict.decision is not Decision.PASS or verdict.policy.trial:
            return f"the verdict on {verdict.run.name} is no pass"
        if verdict.policy.sha256 != policy_sha256:
            return f"the verdict on {verdict.run.name} is by another policy than the one in force"
        spent = next((one for one in verdict.waivers if one.used and one.expires < today.isoformat()), None)
        if spent is not None:
            return f"the verdict on {verdict.run.name} used a waiver of {spent.check} that expired on {spent.expires}"
        if origin is None or (origin.repository.lower(), origin.sha) != (sought.home.repository.lower(), sought.sha):
            return f"the verdict on {verdict.run.name} is for another commit"
    return None
