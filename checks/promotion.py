"""May a checkpoint be promoted by a verdict? The verdict against what it has to be about; every reason at once.

Whether a verdict is what its evidence gives, and who wrote it, is found elsewhere. No clock and no file may enter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from checks.document import quote
from checks.refusal import Reason, Refusal
from checks.result import Decision, RunFacts, Verdict

TOLERANCE = timedelta(minutes=5)
"""That two clocks may differ by."""
MAX_AGE = timedelta(days=7)
"""Of a verdict, where nobody says."""
WANDB = "wandb:"
"""Begins a digest of W&B, where every checkpoint has a run."""
_PAGE = re.compile(r"/([^/]+)/([^/]+)/runs/([^/]+)\Z")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a verdict has to be about, for a checkpoint to be promoted by it."""

    digest: str | None
    """Of the bytes that are to be promoted; None: none were named, and none can be promoted."""
    artifact: str | None = None
    """The whole name of the version that is to be promoted; None: it has none."""
    refers: bool = False
    """It refers to files elsewhere: an equal digest of another version says nothing of its bytes."""
    logged_by: str | None = None
    """The run that those bytes came from, as `entity/project/id` or an id; None: no registry tells."""
    run: str | None = None
    """The name or id of the run that was asked for; None: whichever the verdict is about."""
    repository: str | None
    """`owner/name`; None: a verdict of a repository is none of ours."""
    commit: str | None = None
    """The commit that was asked for; None: whichever the verdict is for."""
    policy_sha256: str
    """Of the policy in force."""
    policy_source: str
    version: str
    """Of this tool."""
    now: datetime
    max_age: timedelta = MAX_AGE
    later: str | None = None
    """When the newest other verdict on the same run and policy was given, RFC 3339 in UTC; None: none is known."""


def refusals(verdict: Verdict, claim: Claim) -> tuple[Refusal, ...]:
    """List what speaks against a promotion, in the order of the verdict's fields; empty: nothing does."""
    return tuple(
        Refusal(reason=reason, text=text)
        for reason, text in (
            *_of_verdict(verdict),
            *_of_time(verdict, claim),
            *_of_place(verdict, claim),
            *_of_run(verdict, claim),
            *_of_checkpoint(verdict, claim),
            *_of_policy(verdict, claim),
            *_of_waivers(verdict, claim),
        )
    )


_Said = Iterator[tuple[Reason, str]]


def _of_verdict(verdict: Verdict) -> _Said:
    if verdict.decision is not Decision.PASS or verdict.exit_code != 0:
        yield (
            Reason.NOT_A_PASS,
            f"expected a verdict that passes, got {verdict.decision}: {quote(verdict.headline, 400)} `gatekeeper "
            "explain` shows what each of its numbers rests on.",
        )
    if verdict.policy.trial:
        yield (
            Reason.TRIAL,
            "expected a verdict by a policy in force, got one that is being tried out (`trial: true`); take `trial` "
            "out of the policy and judge again.",
        )


def _of_time(verdict: Verdict, claim: Claim) -> _Said:
    judged_at = _moment(verdict.judged_at)
    if judged_at is None:
        yield Reason.CLOCK, f"expected the time of judging, got {quote(verdict.judged_at)}; judge the run again."
        return
    if judged_at > claim.now + TOLERANCE:
        ahead = _span(judged_at - claim.now)
        yield (
            Reason.CLOCK,
            f"expected a verdict of the past, got one that is {ahead} ahead of this clock ({claim.now:{_TIME}}); set "
            "the clock that is wrong, and judge again if it was the other one.",
        )
    elif claim.now - judged_at > claim.max_age:
        yield (
            Reason.TOO_OLD,
            f"expected a verdict that is at most {_span(claim.max_age)} old, got one of {verdict.judged_at}, "
            f"{_span(claim.now - judged_at)} ago; judge the run again, or allow more with --max-age.",
        )
    if claim.later is not None and claim.later >= verdict.judged_at:
        yield (
            Reason.SUPERSEDED,
            f"expected the newest verdict on this run, got that of {verdict.judged_at}, but another began at "
            f"{claim.later}, and that one counts: look at it, or judge the run again.",
        )


def _of_place(verdict: Verdict, claim: Claim) -> _Said:
    origin = verdict.origin
    got = None if origin is None else origin.repository
    # GitHub takes names of repositories in any letters.
    if (got or "").lower() != (claim.repository or "").lower():
        named = "no repository" if claim.repository is None else f"the repository {quote(claim.repository)}"
        other = "one that was judged outside any" if got is None else f"one of {quote(got)}"
        advice = "give --repository if that one is meant" if claim.repository is None else "judge the run in this one"
        yield Reason.OTHER_REPOSITORY, f"expected a verdict of {named}, got {other}; {advice}."
    sha = None if origin is None else origin.sha
    if claim.commit is not None and sha != claim.commit:
        told = "none" if sha is None else quote(sha, 12)
        yield (
            Reason.OTHER_COMMIT,
            f"expected a verdict for the commit {claim.commit[:12]}, got one for {told}; name the commit that the run "
            "was judged for.",
        )


def _of_run(verdict: Verdict, claim: Claim) -> _Said:
    known = (verdict.run.id, verdict.run.name)
    if claim.run is not None and claim.run not in known:
        yield (
            Reason.OTHER_RUN,
            f"expected a verdict on the run {quote(claim.run)}, got one on {quote(verdict.run.name)}; name the "
            "verdict of that run.",
        )
    if claim.logged_by is None and (claim.digest or "").startswith(WANDB):
        yield (
            Reason.OTHER_RUN,
            f"expected a checkpoint that a run logged, but W&B names no run that logged "
            f"{quote(claim.artifact or claim.digest)}, or none that this key may see; log it in the run that "
            "trained it.",
        )
    if claim.logged_by is not None and not is_run(verdict.run, claim.logged_by):
        yield (
            Reason.OTHER_RUN,
            f"expected a verdict on the run {quote(claim.logged_by)}, which logged this checkpoint, got one on "
            f"{quote(_path(verdict.run) or verdict.run.name)}; judge the run that trained it.",
        )


def is_run(run: RunFacts, named: str) -> bool:
    """Tell whether a run is the one of a registry's name: `entity/project/id`, or an id alone.

    Another project may have a run of the same id.
    """
    known = _path(run)
    return known == named if known is not None and "/" in named and "/" in known else run.id == named.rpartition("/")[2]


def _path(run: RunFacts) -> str | None:
    """Give `entity/project/id` of a run on W&B, by its page; of any other its id."""
    found = _PAGE.search(run.url or "")
    return "/".join(found.groups()) if found is not None else run.id


def _of_checkpoint(verdict: Verdict, claim: Claim) -> _Said:
    checkpoint = verdict.checkpoint
    if checkpoint is None:
        yield (
            Reason.NO_CHECKPOINT,
            "expected a verdict that names a checkpoint, got one about a run alone; judge the run with --checkpoint.",
        )
    elif not checkpoint.digest:
        yield (
            Reason.NO_DIGEST,
            f"expected the digest of {quote(checkpoint.name)} in the verdict, got its name alone, under which anything "
            "may lie; judge the run with --checkpoint PATH, or an artifact that it logged.",
        )
    elif claim.digest is None:
        yield (
            Reason.NO_BYTES,
            f"expected the checkpoint that is to be promoted, got none; name the one whose digest is "
            f"{quote(checkpoint.digest)} with --path or --artifact.",
        )
    elif claim.digest != checkpoint.digest:
        yield (
            Reason.OTHER_CHECKPOINT,
            f"expected the bytes that were judged, {quote(checkpoint.digest)} ({quote(checkpoint.name)}), got "
            f"{quote(claim.digest)}; promote the judged bytes, or judge these.",
        )
    elif claim.refers and claim.artifact != checkpoint.artifact:
        yield (
            Reason.OTHER_CHECKPOINT,
            f"expected the very version that was judged, {quote(checkpoint.artifact or checkpoint.name)}, got "
            f"{quote(claim.artifact)}, which refers to files elsewhere: an equal digest does not show that they are "
            "the same; promote the judged one, or judge this.",
        )


def _of_policy(verdict: Verdict, claim: Claim) -> _Said:
    if verdict.policy.sha256 != claim.policy_sha256 and verdict.policy.source == claim.policy_source:
        yield (
            Reason.OTHER_POLICY,
            f"expected a verdict by {quote(claim.policy_source)} as it is now ({claim.policy_sha256[:12]}), got one by "
            f"what it was then ({quote(verdict.policy.sha256[:12])}); judge the run again.",
        )
    elif verdict.policy.sha256 != claim.policy_sha256:
        yield (
            Reason.OTHER_POLICY,
            f"expected a verdict by the policy in force, {quote(claim.policy_source)} ({claim.policy_sha256[:12]}), "
            f"got one by {quote(verdict.policy.source)} ({quote(verdict.policy.sha256[:12])}); judge the run again, or "
            "name the policy that is in force with --policy.",
        )
    if verdict.tool_version != claim.version:
        yield (
            Reason.OTHER_VERSION,
            f"expected a verdict of this version of the gatekeeper, {claim.version}, got one of "
            f"{quote(verdict.tool_version)}, whose profiles and statistics may differ; judge the run again.",
        )


def _of_waivers(verdict: Verdict, claim: Claim) -> _Said:
    for waiver in verdict.waivers:
        last = _day(waiver.expires)
        if waiver.used and (last is None or last < claim.now.astimezone(UTC).date()):
            yield (
                Reason.WAIVER,
                f"expected every waiver that the verdict used to hold today, got that of {quote(waiver.check)}, which "
                f"expired on {quote(waiver.expires)}; renew it in the policy and judge again.",
            )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _span(span: timedelta) -> str:
    """Write a span of time in the largest unit that it has two of.

    >>> _span(timedelta(days=7)), _span(timedelta(hours=30)), _span(timedelta(seconds=301)), _span(timedelta(seconds=9))
    ('7 days', '30 hours', '5 minutes', '9 seconds')
    """
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
