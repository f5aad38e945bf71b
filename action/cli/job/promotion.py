"""A job that verifies or promotes: what the action's `command` asks for beside judging. Composition alone."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from action.cli.asked import Bytes
from action.cli.job.inputs import Job, address_of
from action.cli.job.voice import tell_error
from action.cli.promoting import Target, entry_of_promotion, run_promotion
from action.cli.proposal import EntryOf, Tracking, open_shop, sentence, token_of
from action.cli.verify_options import Given
from action.cli.verifying import run_verification
from action.errors import GatekeeperError, UsageError
from action.files import show_name
from action.report.promotion_page import Told, promotion_markdown, tell_promoted, tell_refused, tell_verified
from action.runner import Annotation, Level, Runner
from checks.policy import PolicyError
from checks.refusal import Refusal

COMMANDS = ("judge", "verify", "promote")
REFUSED = 10
_SECRETS = ("WANDB_API_KEY", "AXIOM_TOKEN", "GITHUB_TOKEN", "GATEKEEPER_TRACKER_TOKEN")


@dataclass(frozen=True, kw_only=True)
class PromotionInputs:
    """The inputs of the action that are about a promotion. Empty: not given."""

    command: str = "judge"
    commit: str = ""
    artifact: str = ""
    alias: str = ""
    collection: str = ""
    why: str = ""
    max_age: str = ""
    signed: bool = False

    def require(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: with the first fault.
        """
        if self.command not in COMMANDS:
            raise UsageError(
                f"command: expected {', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}, got {show_name(self.command)}; "
                "correct the input"
            )
        wanted = {"verify": ("commit", "artifact"), "promote": ("commit", "artifact", "alias")}
        for name in wanted.get(self.command, ()):
            if not getattr(self, name):
                raise UsageError(
                    f"{name}: expected it with the command {self.command}, got none; give the input `{name}`"
                )


def do_promotion(job: Job, inputs: PromotionInputs) -> int:
    """Verify or promote, and give the exit code: 0, 10 refused, 2 for a wrong set-up, 3 where a service failed."""
    runner = Runner(os.environ, sys.stdout)
    runner.mask(os.environ.get(name, "") for name in _SECRETS)
    try:
        inputs.require()
        job.tracker.require()
        runner.begin(inputs.command.capitalize())
        refusals, told, change = _do(job, inputs)
        runner.end()
    except (GatekeeperError, PolicyError) as error:
        code = 2 if isinstance(error, PolicyError) else error.exit_code
        tell_error(runner, code, "service" if code == 3 else "input", str(error))
        return code
    code = REFUSED if refusals else 0
    runner.annotate(Annotation(level=Level.ERROR, title=f"Refused: {one.reason}", text=one.text) for one in refusals)
    runner.summary(f"## Experiment Gatekeeper\n\n{promotion_markdown(told)}")
    runner.outputs(
        {
            "verdict": "fail" if refusals else "pass",
            "exit-code": str(code),
            "reason-code": refusals[0].reason.value if refusals else inputs.command,
            "promoted": change,
        }
    )
    runner.line(told.headline)
    return code


def _do(job: Job, inputs: PromotionInputs) -> tuple[tuple[Refusal, ...], Told, str]:
    given = Given(
        verdict=None,
        commit=inputs.commit,
        evidence=None,
        policy=Path(job.policy) if job.policy else None,
        profiles=job.profiles,
        max_age=inputs.max_age or "7d",
        run=job.run or None,
        repository=None,
        base=None,
        workflow=job.workflow or None,
        signed=inputs.signed,
        attestation=None,
        trusted_root=None,
        signer=None,
        trust_local=False,
        deadline=job.deadline,
    )
    if inputs.command == "verify":
        checked = run_verification(given, Bytes(artifact=inputs.artifact))
        told = tell_refused(checked.refusals) if checked.verified is None else tell_verified(checked.verified)
        return checked.refusals, told, "none"
    target = Target(artifact=inputs.artifact, alias=inputs.alias, registry=None, collection=inputs.collection or None)
    # Of a job that was started again, whoever did so.
    who = (os.environ.get("GITHUB_TRIGGERING_ACTOR", "") or os.environ.get("GITHUB_ACTOR", ""), inputs.why)
    done = run_promotion(given, target, who, dry_run=job.dry_run)
    if done.promoted is None:
        return done.refusals, tell_refused(done.refusals), "none"
    promoted = done.promoted
    told = tell_promoted(promoted.order, done.title, promoted.moved, promoted.verified.verdict.waivers)
    tracked = track_entry(job, os.environ.get("GITHUB_REPOSITORY", ""), entry_of_promotion(promoted, done.title))
    return (), replace(told, facts=(*told.facts, *tracked)), promoted.moved.change if promoted.moved else "none"


def track_entry(job: Job, repository: str, lay_out: EntryOf) -> list[tuple[str, str]]:
    """Write a promotion into the tracker, as far as that is wanted; it takes no promotion back."""
    token = token_of(os.environ)
    if job.tracker.mode == "none" or not token or job.dry_run:
        return []
    try:
        tracking = Tracking(open_shop(os.environ, repository, token), job.tracker, lay_out)
        page = address_of(os.environ, repository).partition("/actions")[0]
        outcome = tracking.propose()
    except GatekeeperError as error:
        return [("tracker", f"not written: {str(error).splitlines()[0]}")]
    failed = [("tracker", f"{one.step}: {one.text}") for one in outcome.failures]
    return [("tracker", sentence(outcome, page)), *failed]
