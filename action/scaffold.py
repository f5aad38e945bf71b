"""What `gatekeeper init` writes: a starter policy and the workflow. Facts in, files out.

Nothing is read or written here, and how the files are laid out may not enter: see templates/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from action.fitting import Guessed, Known, Missing, Recorded, fitting_profiles, fitting_roles
from action.release import Release
from action.report.starter import Remark, render_starter
from action.settings import PolicyText, profile_policy
from checks.check import Check, EloAsk, Policy
from checks.layers import BASE
from checks.policy import parse_policy
from checks.result import Severity

POLICY, WORKFLOW = ".github/gatekeeper.yml", ".github/workflows/gatekeeper.yml"
PROMOTION = ".github/workflows/promote.yml"
"""Where the files belong in a repository."""
TRAINING = "train"
"""The name of the training workflow where none was told."""
SHOWN = 3
"""How many metrics that look alike are told."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of the repository and its runs."""

    profiles: tuple[str, ...] = ()
    """Those that were asked for; empty: those that fit."""
    run: Recorded | None = None
    project: str | None = None
    """`entity/project` on W&B."""
    workflow: str | None = None
    """The `name:` of the workflow that trains."""
    axiom: bool = False
    """Log events can be asked of Axiom."""
    tracker: bool = False
    """The experiment tracker is kept by a pull request."""
    promotion: bool = False
    """A workflow promotes checkpoints."""
    signed: bool = False
    """The workflow signs its verdicts, and only signed ones promote."""
    collection: str | None = None
    """On W&B, that checkpoints are linked to and that has the alias; None: each its own."""
    alias: str = "production"
    kept: frozenset[str] = frozenset()
    """Files of ours that are there already, and stay as they are."""
    release: Release | None = None


@dataclass(frozen=True, kw_only=True)
class Scaffold:
    """The files, and what is left to a person."""

    files: Mapping[str, str]
    """Path in the repository → text."""
    steps: tuple[str, ...]


def build_scaffold(facts: Facts, profiles: Mapping[str, str]) -> Scaffold:
    """Build the files; `profiles`: name → text of each profile that ships.

    Raises:
        PolicyError: a profile was asked for that there is not.
    """
    names = facts.profiles or fitting_profiles(facts.run, _read(("grpo",), profiles).roles, axiom=facts.axiom)
    policy = _read(names, profiles)
    files = {POLICY: _policy(facts, policy, profiles), WORKFLOW: _workflow(facts)}
    if facts.promotion:
        files[PROMOTION] = render_starter("starter_promotion.yml.j2", _promotion(facts))
    files = {name: text for name, text in files.items() if name not in facts.kept}
    return Scaffold(files=files, steps=tuple(_steps(facts, policy)))


def known_profiles(profiles: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names of the profiles that a policy can extend."""
    return tuple(name for name in profiles if name != BASE)


def _read(names: tuple[str, ...], profiles: Mapping[str, str]) -> Policy:
    text: PolicyText = profile_policy(names)
    return parse_policy(text.text, source=text.source, profiles=profiles, today=date.min)  # there are no waivers


def _policy(facts: Facts, policy: Policy, profiles: Mapping[str, str]) -> str:
    roles = fitting_roles(facts.run, policy) if facts.run is not None else ()
    known = [{"role": one.role, "shown": Remark(one.name)} for one in roles if isinstance(one, Known)]
    guessed = [
        {"role": one.role, "name": one.name, "others": Remark(_others(one))}
        for one in roles
        if isinstance(one, Guessed)
    ]
    missing = [one for one in roles if isinstance(one, Missing)]
    groups = [
        {
            "profile": Remark(f"{name}:"),
            "checks": [{"line": Remark(_line(one))} for one in _read((name,), profiles).checks],
        }
        for name in policy.profiles
    ]
    return render_starter(
        "starter_policy.yml.j2",
        {
            "about": Remark("" if facts.run is None else f" for the run {facts.run.name}"),
            "profiles": Remark(", ".join(policy.profiles)),
            "known": known,
            "guessed": guessed,
            "missing": [{"role": one.role, "checks": Remark(", ".join(one.checks))} for one in missing],
            "ratings": facts.run is not None
            and facts.run.ratings
            and not facts.run.games
            and "league" in policy.profiles,
            "example": Remark(policy.checks[0].id),
            "groups": groups,
        },
    )


def _others(guess: Guessed) -> str:
    more = f" and {len(guess.others) - SHOWN} more" if len(guess.others) > SHOWN else ""
    return f"; alike: {', '.join(guess.others[:SHOWN])}{more}" if guess.others else ""


def _line(check: Check) -> str:
    """Say what a check asks, for a comment."""
    if isinstance(check.ask, EloAsk) and check.ask.value is None:
        asked = check.ask.hypotheses
        rule = f"{asked.elo1:g} Elo against {asked.elo0:g}"
    else:
        rule = str(check.rule)
    also = [", if present" if check.if_present else "", ", warns" if check.severity is Severity.WARN else ""]
    return f"{check.id}: {check.title}: {rule}{''.join(also)}"


def _workflow(facts: Facts) -> str:
    return render_starter(
        "starter_workflow.yml.j2",
        {
            "workflow": facts.workflow or TRAINING,
            "project": facts.project,
            "tracker": facts.tracker,
            "promotion": facts.promotion,
            "signed": facts.signed,
            **_release(facts),
        },
    )


def _promotion(facts: Facts) -> dict[str, object]:
    return {
        "signed": facts.signed,
        "collection": facts.collection,
        "alias": facts.alias,
        **_release(facts),
    }


def _release(facts: Facts) -> dict[str, object]:
    if facts.release is None:
        return {"release": None}
    action = f"{facts.release.repository}@{facts.release.sha}"
    return {"release": {"action": Remark(action), "version": Remark(facts.release.version)}}


def _steps(facts: Facts, policy: Policy) -> Iterator[str]:
    """Say what is left to do, in the order in which it is done."""
    if facts.signed:
        yield "Signatures can be checked for public repositories alone: in a private one begin anew without --signed."
    yield from _steps_of_files(facts, policy)
    yield from _steps_of_settings(facts, policy)
    if facts.promotion:
        yield (
            "Let your training log its checkpoint on W&B before the run ends, as an artifact of type `model`: without "
            "one a verdict names no bytes, and can promote none."
        )
        yield (
            "Write .github/CODEOWNERS with a line such as `/.github/ @YOUR-TEAM`: whoever can change the workflow that "
            "judges can write any verdict."
        )
    yield (
        f"Commit {'all' if facts.promotion else 'both'} files to the default branch: a workflow of another branch is "
        "not started by what ended."
    )
    yield (
        "Judge one run by hand: Actions > experiment-gatekeeper > Run workflow. GitHub lists the status once it was "
        "posted."
    )
    yield (
        "Require the status `experiment-gatekeeper`: Settings > Rules > Rulesets > Require status checks to pass. Not "
        "the job `Judge the run`: one that is skipped counts as passed. A pull request that trains nothing gets none: "
        "see docs/action.md of the gatekeeper."
    )
    if facts.tracker:
        yield (
            "The tracker's pull request gets no such status: let the bypass list of that rule hold whoever merges it, "
            "or let the input `tracker-base` name a branch without the rule."
        )
    if facts.promotion:
        yield from _promotion_steps()
    yield "Ask whether all is set up: GITHUB_TOKEN=… gatekeeper doctor --github OWNER/REPOSITORY"
    if facts.promotion:
        yield (
            "Promote: Actions > promote > Run workflow, with Artifact and Commit as the report of the check run shows "
            "them. docs/promotion.md of the gatekeeper has the whole way."
        )


def _steps_of_files(facts: Facts, policy: Policy) -> Iterator[str]:
    """Say what is open in the files."""
    roles = fitting_roles(facts.run, policy) if facts.run is not None else ()
    unsure = [one.role for one in roles if isinstance(one, Guessed | Missing)]
    if unsure and POLICY not in facts.kept:
        yield f"Look at the roles in {POLICY}: {', '.join(unsure)} could not be told by a known name."
    if WORKFLOW in facts.kept:
        sign = " and what docs/attestation.md of the gatekeeper says of signing" if facts.signed else ""
        yield (
            f"Add to the inputs of the action in {WORKFLOW}, which is as it was: `checkpoint: newest` and "
            f"`verify-heads: true`, to its upload of the verdict `retention-days: 90`{sign}; its artifact has to be "
            "called gatekeeper-${{ github.run_id }}."
        )
    if facts.release is None:
        files = " and ".join((WORKFLOW, *([PROMOTION] if facts.promotion else ())))
        yield (
            "Push the gatekeeper's repository to an account of yours, with a tag v1 (a private one: let others use it "
            f"under Settings > Actions > General > Access), and put the account in place of OWNER in {files}."
        )
    if facts.workflow is None and WORKFLOW not in facts.kept:
        yield f"Name your training workflow in {WORKFLOW}, where `workflows: [{TRAINING}]` stands, or give --workflow."


def _steps_of_settings(facts: Facts, policy: Policy) -> Iterator[str]:
    """Say which secrets and settings the workflows need."""
    if facts.project is None and WORKFLOW not in facts.kept:
        yield "Add the variable WANDB_PROJECT (entity/project): Settings > Secrets and variables > Actions > Variables."
    logs = (
        "needed here, or take `pipeline` out of `extends`"
        if "pipeline" in policy.profiles
        else "needed only if a check asks of logs"
    )
    yield (
        "Add the secrets WANDB_API_KEY and AXIOM_TOKEN: Settings > Secrets and variables > Actions > Secrets; "
        f"AXIOM_TOKEN and the variable AXIOM_DATASET are {logs}."
    )
    if facts.tracker:
        yield (
            "Let Actions open the tracker's pull request: Settings > Actions > General > Allow GitHub Actions to "
            "create and approve pull requests."
        )


def _promotion_steps() -> Iterator[str]:
    """Say what makes the promotion job the only way to the alias."""
    yield (
        "Guard the workflows: Settings > Rules > Rulesets, for the default branch Require a pull request with review "
        "from Code Owners, and for tags one that forbids to create tags called like that branch."
    )
    yield (
        "Make the environment `promotion`: Settings > Environments > New environment, with required reviewers, Prevent "
        "self-review, no bypass for administrators, and the default branch as the only deployment branch."
    )
    yield (
        "Add the secret WANDB_PROMOTION_KEY to that environment alone: the key of the one W&B account that may move "
        "the alias (a protected alias of a registry, which --to links checkpoints to; else the roles of the project)."
    )
