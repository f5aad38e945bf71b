"""The staircase: collect → judge. Imports no adapter.

No argument parsing, no rendering and no format of a source may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from action.collection import collect, games_reading, planned_key, read_policy
from action.errors import InputError, UsageError
from action.evidence.bundle import Bundle, BundleFiles, bundle_files
from action.evidence.store import read_bundle
from action.files import show_name
from action.ports import Ports
from action.runs import named_bundle
from action.settings import CheckSettings, PolicyText
from checks.check import Policy
from checks.policy import PolicyError
from checks.result import Verdict
from checks.verdict import Judgement, judge


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict, with what it rests on."""

    verdict: Verdict
    policy: Policy
    bundle: Bundle
    files: BundleFiles


def check_run(settings: CheckSettings, ports: Ports) -> Judged:
    """Judge a run, or a bundle again.

    Raises:
        UsageError: a bundle is to be judged with other evidence than its own.
        InputError: the run, a log file, a file of games or the checkpoint cannot be read; a bundle does not hold what
            another policy would have read.
        PolicyError: the policy cannot be used.
        ServiceError: a service could not be reached, refused, or was not done by the deadline.
    """
    place = named_bundle(settings.ref, ports)
    if place is not None:
        if settings.events or settings.games or settings.checkpoint is not None:
            raise UsageError(
                f"{show_name(settings.ref)}: expected --events, --games or --checkpoint beside a run, got them beside "
                "a bundle, whose evidence is fixed; leave them out, or judge the run itself"
            )
        bundle = read_bundle(place)
        wanted = settings.policy or PolicyText(text=bundle.policy_text, source=bundle.policy_source)
        policy = read_policy(wanted, ports, bundle.evidence.judged_at)
        if settings.policy is not None:
            require_same_reading(settings.ref, bundle, policy, ports)
        evidence, collector = bundle.evidence, bundle.collected_by
    else:
        wanted = settings.policy or settings.fallback_policy
        policy = read_policy(wanted, ports, settings.now)
        evidence, collector = collect(settings, policy, ports), ports.tool_version
    bundle = Bundle(evidence=evidence, policy_text=wanted.text, policy_source=wanted.source, collected_by=collector)
    files = bundle_files(bundle)
    judgement = Judgement(tool_version=ports.tool_version, evidence_sha256=files.sha256)
    return Judged(verdict=judge(policy, evidence, judgement), policy=policy, bundle=bundle, files=files)


def require_same_reading(ref: str, bundle: Bundle, policy: Policy, ports: Ports) -> None:
    """Refuse a policy that would have read other values out of the run, which a bundle no longer holds."""
    own = PolicyText(text=bundle.policy_text, source=bundle.policy_source)
    try:
        first = read_policy(own, ports, bundle.evidence.judged_at)
        same = {
            "integrity.planned-steps": planned_key(first) == planned_key(policy),
            "fields": first.fields == policy.fields or not bundle.evidence.logs,
            "games": games_reading(first) == games_reading(policy) or bundle.evidence.game_record is None,
            "roles.step": first.metric_names("step") == policy.metric_names("step"),
        }
    except PolicyError:
        same = {"everything (its own policy cannot be read any more)": False}
    other = ", ".join(key for key, is_same in same.items() if not is_same)
    if other:
        raise InputError(
            f"{show_name(ref)}: expected a policy that reads runs as that of the bundle does, got one that differs in "
            f"{other}; judge the run itself"
        )
