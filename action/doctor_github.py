"""Does GitHub hold the gate? Findings about what a branch requires, who may pass it by, and whether the gate reports.

What was seen comes in, findings go out: nothing is asked of GitHub here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from action.doctor import STALE, Finding, Status, good, left_out
from action.forge import CONTEXT, REPORT, State
from action.guard import Environment, Guard, Required, Sight, Unseen
from action.workflow import GateJob, Workflow, read_workflow, suffices
from checks.document import quote

NEEDED = ("contents: read", "statuses: write", "checks: write", "pull-requests: write", "actions: read")
"""The permissions of the job that publishes."""
PROMOTING = ("contents: read", "statuses: read", "actions: read")
"""Those of a job that verifies or promotes."""
TRACKER = "contents: write"
"""What it needs more to keep the tracker."""
STUCK = timedelta(hours=2)
"""How long a run may take to be judged before a pending status is odd."""
_RULESETS = "Settings > Rules > Rulesets"


def github_findings(sight: Sight, now: datetime) -> Iterator[Finding]:
    """Look at everything, in an order in which a fault explains those behind it."""
    flows = None
    if not isinstance(sight.workflows, Unseen):
        found = (read_workflow(path, text) for path, text in sorted(sight.workflows.items()))
        flows = tuple(one for one in found if one is not None)
    yield from _required(sight, flows or ())
    yield from _workflow(sight, flows)
    yield from _promotion(sight, flows or ())
    yield _queue(sight, flows)
    yield _reported(sight, now)
    yield _token(sight)


def _fault(what: str, found: str, advice: str) -> Finding:
    return Finding(status=Status.FAULT, what=what, found=found, advice=advice)


def _odd(what: str, found: str, advice: str) -> Finding:
    return Finding(status=Status.ODD, what=what, found=found, advice=advice)


def _unseen(what: str, unseen: Unseen) -> Finding:
    """Say that something could not be looked at, and what would let us."""
    if unseen.permission is None:
        return left_out(what, f"could not be looked at: {unseen.why}", "run again later")
    scope = unseen.permission.partition(":")[0]
    kind = "a personal or app token of an admin" if scope == "administration" else "the token"
    return left_out(what, f"could not be looked at: {unseen.why}", f"give {kind} `{unseen.permission}` and run again")


def _guards(sight: Sight) -> tuple[tuple[Guard, ...], tuple[Unseen, ...]]:
    """Give what could be seen of the guards, and what could not."""
    guards = () if isinstance(sight.rulesets, Unseen) else sight.rulesets
    protection = sight.protection
    if isinstance(protection, Guard):
        guards = (*guards, protection)
    return guards, tuple(one for one in (sight.rulesets, protection) if isinstance(one, Unseen))


def _required(sight: Sight, flows: tuple[Workflow, ...]) -> Iterator[Finding]:
    what, branch = f"required on {quote(sight.branch)}", quote(sight.branch)
    guards, unseen = _guards(sight)
    ours = [(guard, one) for guard in guards for one in guard.required if one.context == CONTEXT]
    if ours:
        yield good(what, f"`{CONTEXT}`, by {', '.join(quote(guard.place) for guard, _ in ours)}")
        yield _source([one for _, one in ours], [guard for guard, _ in ours])
        yield _bypass([guard for guard, _ in ours])
    else:
        yield from (_unseen("rulesets" if one is sight.rulesets else "branch protection", one) for one in unseen)
        yield Finding(
            status=Status.ODD if unseen else Status.FAULT,
            what=what,
            found=f"`{CONTEXT}` is not among the required statuses" + (" that could be seen" if unseen else ""),
            advice=f"{_RULESETS} > one for {branch} > Require status checks to pass > Add checks: {CONTEXT}",
        )
    jobs = {name for flow in flows for job in flow.jobs for name in (job.name, job.id)}
    others = sorted({one.context for guard in guards for one in guard.required if one.context in jobs | {REPORT}})
    for name in others:
        yield _odd(
            f"required `{quote(name)}`",
            "it is a check that GitHub counts as passed where it is skipped or neutral",
            f"{_RULESETS}: require `{CONTEXT}`, the status, in its place",
        )


def _source(ours: list[Required], guards: list[Guard]) -> Finding:
    what = "source of the status"
    pinned = sorted({one.app for one in ours if one.app is not None})
    if pinned:
        return good(what, f"pinned to app {', '.join(map(str, pinned))}")
    return _odd(
        what,
        "anybody who may write to the repository can post it",
        f"in {quote(guards[0].place)}, set the source of `{CONTEXT}` to GitHub Actions, or your app",
    )


def _bypass(guards: list[Guard]) -> Finding:
    """Tell who may merge without the status: whoever every guard lets pass."""
    what = "bypass"
    strict = [guard for guard in guards if guard.bypass == ()]
    if strict:
        return good(what, f"nobody passes {quote(strict[0].place)} by, admins neither")
    for guard in guards:
        if isinstance(guard.bypass, Unseen):
            return _unseen(what, guard.bypass)
    guard = guards[0]
    where = (
        "Settings > Branches > the rule > Do not allow bypassing the above settings"
        if guard.place == "branch protection"
        else f"{_RULESETS} > {quote(guard.place.removeprefix('ruleset '))} > Bypass list: empty it"
    )
    who = ", ".join(map(quote, guard.bypass)) if not isinstance(guard.bypass, Unseen) else ""
    return _odd(what, f"{who} can merge without the status", f"{where}, if that is not meant")


def _workflow(sight: Sight, flows: tuple[Workflow, ...] | None) -> Iterator[Finding]:
    what = "workflow"
    if flows is None:
        if isinstance(sight.workflows, Unseen):
            yield _unseen(what, sight.workflows)
        return
    if not flows:
        yield _fault(
            what,
            f"none of {quote(sight.branch)} uses the action",
            "`gatekeeper init` writes one; commit it to this branch",
        )
        return
    yield good(what, ", ".join(quote(flow.path) for flow in flows))
    for flow in flows:
        for job in flow.jobs:
            yield _permissions(flow, job)
    if not any(job.judges for flow in flows for job in flow.jobs):
        yield _fault(what, f"none of {quote(sight.branch)} judges", "`gatekeeper init` writes one that does")


def _permissions(flow: Workflow, job: GateJob) -> Finding:
    what = f"permissions of {quote(job.id)}"
    usual = NEEDED if job.judges else PROMOTING
    needed = (TRACKER, *usual[1:]) if job.writes else usual
    advice = f"write under the job: permissions: {{{', '.join(needed)}}}"
    if job.permissions is None:
        return _odd(what, f"{quote(flow.path)} says none, so the repository's default counts", advice)
    lacking = [one for one in needed if not suffices(job.permissions, one)]
    if lacking:
        why = ", which keeps the tracker" if lacking == [TRACKER] else ""
        told = ", ".join(f"`{one}`" for one in lacking)
        return _fault(what, f"{quote(flow.path)} gives the job no {told}{why}", advice)
    done = "to publish" if job.judges else "to verify and promote"
    return good(what, f"suffice {done}" + (" and to keep the tracker" if job.writes else ""))


def _promotion(sight: Sight, flows: tuple[Workflow, ...]) -> Iterator[Finding]:
    """Tell who can get at the key that moves the alias."""
    for flow in flows:
        for job in flow.jobs:
            if job.promotes and job.environment is None:
                yield _fault(
                    f"environment of {quote(job.id)}",
                    f"{quote(flow.path)} names none, so its key is one that every workflow of every branch can use",
                    "write `environment: promotion` under the job, and move the key there",
                )
    for name, found in sight.environments.items():
        yield _environment(f"environment {quote(name)}", found)


def _environment(what: str, found: Environment | Unseen | None) -> Finding:
    place = "Settings > Environments"
    if isinstance(found, Unseen):
        return _unseen(what, found)
    if found is None:
        return _fault(
            what,
            "there is none: GitHub makes it without protection when a job first asks for it",
            f"{place} > New environment, with required reviewers and the default branch as deployment branch",
        )
    if not found.branches:
        return _fault(
            what,
            "any branch may use it, so a workflow that somebody pushes gets at its secrets",
            f"{place} > Deployment branches and tags: the default branch alone",
        )
    if not found.reviewed:
        return _odd(what, "nobody has to let a promotion in", f"{place} > Required reviewers, if that is not meant")
    return good(what, "reviewed, and for chosen branches alone")


def _queue(sight: Sight, flows: tuple[Workflow, ...] | None) -> Finding:
    what = "merge queue"
    if isinstance(sight.queue, Unseen):
        return _unseen(what, sight.queue)
    if not sight.queue:
        return left_out(what, f"no ruleset of {quote(sight.branch)} asks for one")
    if flows is None:
        return left_out(what, "there is one, and the workflows could not be looked at")
    handles = [flow.path for flow in flows if "merge_group" in flow.events]
    if handles:
        return good(what, f"{quote(handles[0])} is started by merge_group")
    place = quote(flows[0].path) if flows else "the workflow"
    return _fault(
        what,
        "there is one, and no workflow with the action is started by it, so the status is waited for in vain",
        f"add to `on:` of {place}: merge_group: {{types: [checks_requested]}}",
    )


def _reported(sight: Sight, now: datetime) -> Finding:
    what, reports = "last report", sight.reports
    if isinstance(reports, Unseen):
        return _unseen(what, reports)
    again = "Actions > the workflow > Run workflow, and read its log"
    if not reports.statuses:
        return _fault(
            what, f"no status `{CONTEXT}` on the {reports.commits} commits and heads of pull requests looked at", again
        )
    last = max(reports.statuses, key=lambda one: one.at)
    told = f"{quote(last.state)} on {last.sha[:12]} at {last.at:%Y-%m-%d %H:%M} UTC"
    if now - last.at > STALE:
        return _odd(what, f"{told}, more than {STALE.days} days ago", f"see whether anything still starts it: {again}")
    if last.state == State.PENDING.value and now - last.at > STUCK:
        return _odd(what, f"{told}, and it was never finished", f"judge the run again: {again}")
    return good(what, told)


def _token(sight: Sight) -> Finding:
    what = "token of GitHub"
    bypass = [guard.bypass for guard in _guards(sight)[0]]
    seen = (sight.rulesets, sight.queue, sight.protection, sight.workflows, sight.reports, *bypass)
    lacking = sorted({one.permission for one in seen if isinstance(one, Unseen) and one.permission is not None})
    if lacking:
        return left_out(what, f"lacks {', '.join(f'`{one}`' for one in lacking)}")
    return good(what, "may see all that was asked")
