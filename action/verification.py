"""Is a verdict what its evidence gives, about what it has to be about, and from somebody who may be believed?

Reads the evidence; decides nothing about a checkpoint: that is `checks.promotion`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from action.errors import InputError, RefusalError
from action.evidence.store import find_bundle
from action.files import show_name
from action.pipeline import Judged, check_run
from action.ports import Ports
from action.report.document import verdict_json
from action.report.reading import parse_verdict
from action.settings import CheckSettings, PolicyText, profile_policy
from action.verified import Presented, Trust, Verified
from checks.policy import PolicyError
from checks.promotion import Claim, refusals
from checks.refusal import Reason, Refusal
from checks.result import Verdict


class RefusedVerdictError(RefusalError):
    """A verdict cannot promote what was claimed."""

    def __init__(self, verdict: Verdict, sha256: str, refusals: Sequence[Refusal]) -> None:
        super().__init__(*refusals)
        self.verdict = verdict
        self.sha256 = sha256


def read_presented(presented: Presented) -> Verdict:
    """Read the verdict itself; InputError for what is none."""
    return parse_verdict(presented.content.decode("utf-8", "replace"), name=presented.name)


def verify(presented: Presented, claim: Claim, ports: Ports, more: Sequence[Refusal] = ()) -> Verified:
    """Verify a verdict; `more`: what is known to speak against it beside.

    Raises:
        InputError: it is no verdict.
        RefusedVerdictError: it cannot promote what is claimed; with every reason.
    """
    verdict = read_presented(presented)
    found = [*more, *refusals(verdict, claim)]
    if presented.trust is Trust.NOBODY:
        found.append(Refusal(reason=Reason.UNTRUSTED, text=_UNTRUSTED))
    judged: Judged | None = None
    # Another version judges otherwise, which is said already.
    if not any(one.reason is Reason.OTHER_VERSION for one in found):
        judged, odd = _judge_again(presented, verdict, ports)
        found += odd
    if found or judged is None:
        raise RefusedVerdictError(verdict, presented.sha256, found)
    evidence = {f"evidence/{name}": content for name, content in judged.files.files.items()}
    return Verified(
        verdict=verdict,
        sha256=presented.sha256,
        trust=presented.trust,
        policy=judged.policy,
        evidence=judged.bundle.evidence,
        files={"verdict.json": presented.content, **evidence},
    )


_UNTRUSTED = (
    "expected a verdict that somebody answers for, got a file that anybody can write, with evidence to match; for a "
    "local registry give --trust-local (never in Actions); else name the commit with --commit, so that it is taken "
    "from the artifact of the workflow that judges, or sign verdicts and give --signed."
)


def _judge_again(presented: Presented, verdict: Verdict, ports: Ports) -> tuple[Judged | None, list[Refusal]]:
    place = None if presented.evidence is None else find_bundle(presented.evidence)
    if place is None:
        where = "beside the verdict" if presented.evidence is None else f"at {show_name(presented.evidence)}"
        text = (
            f"expected the evidence that the verdict rests on, found none {where}; name with --evidence the folder "
            "`evidence` that `gatekeeper check RUN --out DIR` wrote"
        )
        return None, [Refusal(reason=Reason.NO_EVIDENCE, text=f"{text}.")]
    settings = CheckSettings(ref=str(place), policy=None, fallback_policy=_NO_POLICY, now="")
    try:
        judged = check_run(settings, ports)
    except (InputError, PolicyError) as error:
        first = str(error).splitlines()[0]
        return None, [Refusal(reason=Reason.EVIDENCE_ALTERED, text=f"{first}.")]
    return judged, list(_differences(presented, verdict, judged))


_NO_POLICY: PolicyText = profile_policy(("grpo",))
"""A bundle brings its own."""


def _differences(presented: Presented, verdict: Verdict, judged: Judged) -> Iterator[Refusal]:
    if judged.files.sha256 != verdict.evidence_sha256:
        yield Refusal(
            reason=Reason.OTHER_EVIDENCE,
            text=f"expected the evidence {show_name(verdict.evidence_sha256)[:12]} that the verdict names, got "
            f"{judged.files.sha256[:12]}; name the one that it was written with.",
        )
    elif verdict_json(judged.verdict).encode() != presented.content:
        yield Refusal(
            reason=Reason.NOT_REPRODUCED,
            text=f"expected the bytes that judging the evidence again gives ({judged.verdict.decision}), got others: "
            "the verdict was edited, or written by another program; judge the run again.",
        )
