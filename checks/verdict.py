"""The rule of the gate: results → verdict. Only `pass` opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from checks.baseline import check_baseline
from checks.check import RATINGS, Check, EloAsk, LogAsk, Policy, SeriesAsk
from checks.completeness import planned_steps
from checks.diagnosis.answer import diagnose
from checks.diagnosis.case import case_of
from checks.diagnosis.progress import measure_progress, progress_notes
from checks.document import quote
from checks.integrity import check_integrity
from checks.result import (
    CheckKind,
    CheckResult,
    Decision,
    Outcome,
    PolicyFacts,
    RunFacts,
    Severity,
    UsedWaiver,
    Verdict,
)
from checks.run import Evidence
from checks.strength import Strength
from checks.threshold import check_logs, check_query, check_series, count, judged_series
from checks.waiver import Waiver

EXIT_CODES: Mapping[Decision, int] = {
    Decision.PASS: 0,
    Decision.FAIL: 10,
    Decision.INCONCLUSIVE: 11,
    Decision.ERROR: 2,
}
_EVALUATED = (Outcome.PASS, Outcome.WARN, Outcome.FAIL)
_WAIVABLE = (Outcome.FAIL, Outcome.INCONCLUSIVE)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the verdict is made of, beside the results: who judged, and from which evidence."""

    tool_version: str
    evidence_sha256: str


def evaluate(policy: Policy, evidence: Evidence, strength: Strength | None = None) -> tuple[CheckResult, ...]:
    """Answer every check of the policy, after the integrity checks, in the policy's order; waivers are not applied.

    `strength` None: its analyses are made here and forgotten.
    """
    known = _planned(policy, evidence)
    integrity = check_integrity(known, judged_series(policy, known.run))
    games = strength or Strength(policy, evidence)
    return (*integrity, *(_answer(check, policy, known, games) for check in policy.checks))


def _planned(policy: Policy, evidence: Evidence) -> Evidence:
    planned = planned_steps(evidence.run, policy.planned_steps)
    return replace(evidence, run=replace(evidence.run, planned_steps=planned))


def _answer(check: Check, policy: Policy, evidence: Evidence, strength: Strength) -> CheckResult:
    if isinstance(check.ask, EloAsk):
        return strength.check(check, check.ask)
    if isinstance(check.ask, SeriesAsk):
        if check.baseline is not None:
            return check_baseline(check, check.ask, policy, evidence)
        return check_series(check, check.ask, policy, evidence.run)
    if isinstance(check.ask, LogAsk):
        return check_logs(check, check.ask, evidence)
    return check_query(check, check.ask, evidence)


def apply_waivers(
    results: Sequence[CheckResult], policy: Policy, evidence: Evidence
) -> tuple[tuple[CheckResult, ...], tuple[UsedWaiver, ...]]:
    """Make each check that a waiver covers count as severity `warn`; integrity and `error` cannot be waived."""
    fitting = [waiver for waiver in policy.waivers if waiver.fits(evidence.run.identity, evidence.origin)]
    covered = {waiver.check: waiver for waiver in fitting}
    waived = {
        result.id
        for result in results
        if result.id in covered
        and result.kind is not CheckKind.INTEGRITY
        and result.outcome in _WAIVABLE
        and result.severity is Severity.BLOCK
    }
    changed = tuple(replace(r, severity=Severity.WARN) if r.id in waived else r for r in results)
    listed = (
        _listed(waiver, evidence, used=waiver.check in waived and waiver is covered[waiver.check])
        for waiver in policy.waivers
    )
    return changed, tuple(listed)


def _listed(waiver: Waiver, evidence: Evidence, *, used: bool) -> UsedWaiver:
    """List a waiver, with who approved exactly this one."""
    plain = UsedWaiver(
        check=waiver.check, scope=waiver.scope, reason=waiver.reason, expires=waiver.expires.isoformat(), used=used
    )
    for one in evidence.approvals:
        if (one.check, one.scope, one.reason, one.expires) == (plain.check, plain.scope, plain.reason, plain.expires):
            return replace(plain, approved_by=one.approved_by, pull_request=one.pull_request)
    return plain


def decide(results: Sequence[CheckResult]) -> Decision:
    """Decide, in this order: any blocking error, any blocking failure, anything blocking that is inconclusive.

    Without one blocking check, integrity aside, that was evaluated, nothing was measured: inconclusive, never a pass.
    """
    blocking = [result for result in results if result.severity is Severity.BLOCK]
    outcomes = {result.outcome for result in blocking}
    if Outcome.ERROR in outcomes:
        return Decision.ERROR
    if Outcome.FAIL in outcomes:
        return Decision.FAIL
    measured = any(r.kind is not CheckKind.INTEGRITY and r.outcome in _EVALUATED for r in blocking)
    return Decision.INCONCLUSIVE if Outcome.INCONCLUSIVE in outcomes or not measured else Decision.PASS


def judge(policy: Policy, evidence: Evidence, judgement: Judgement) -> Verdict:
    """Judge a run: the whole way from policy and evidence to the verdict."""
    strength = Strength(policy, evidence)
    results, waivers = apply_waivers(evaluate(policy, evidence, strength), policy, evidence)
    decision = decide(results)
    run = evidence.run
    return Verdict(
        decision=decision,
        headline=headline(decision, results, run.identity.name, [one.check for one in waivers if one.used]),
        exit_code=EXIT_CODES[decision],
        judged_at=evidence.judged_at,
        tool_version=judgement.tool_version,
        run=RunFacts(
            ref=run.ref,
            id=run.identity.id,
            name=run.identity.name,
            url=run.identity.url,
            state=run.state,
            commit=run.identity.commit,
            started_at=run.identity.started_at,
            finished_at=run.identity.finished_at,
            last_step=run.last_step,
            planned_steps=planned_steps(run, policy.planned_steps),
        ),
        checkpoint=evidence.checkpoint,
        origin=evidence.origin,
        policy=PolicyFacts(source=policy.source, sha256=policy.sha256, profiles=policy.profiles, trial=policy.trial),
        checks=results,
        elo=strength.main,
        diagnosis=diagnose(case_of(policy, _planned(policy, evidence), results, strength.analysis)),
        progress=measure_progress(policy.league.expected, strength.analysis),
        waivers=waivers,
        notes=(
            *run.notes,
            *evidence.notes,
            *(evidence.game_record.notes if evidence.game_record is not None else ()),
            *progress_notes(policy.league.expected, strength.analysis),
        ),
        not_asked=not_asked(policy, evidence),
        evidence_sha256=judgement.evidence_sha256,
    )


def headline(decision: Decision, results: Sequence[CheckResult], name: str, waived: Sequence[str] = ()) -> str:
    """Say the verdict in one sentence, with the checks that decided it; `waived`: the ids of those that were needed."""
    blocking = [r for r in results if r.severity is Severity.BLOCK]
    if decision is Decision.PASS:
        asked = sum(r.outcome in _EVALUATED and r.kind is not CheckKind.INTEGRITY for r in blocking)
        return f"{quote(name)} passes: {count(asked, 'blocking check')} measured and met{_but(results, waived)}."
    wanted = {Decision.FAIL: Outcome.FAIL, Decision.INCONCLUSIVE: Outcome.INCONCLUSIVE, Decision.ERROR: Outcome.ERROR}
    deciding = [r for r in blocking if r.outcome is wanted[decision]]
    verb = {
        Decision.FAIL: "does not meet",
        Decision.INCONCLUSIVE: "cannot be judged on",
        Decision.ERROR: "hit an error in",
    }[decision]
    if not deciding:
        return f"{quote(name)} cannot be judged: no blocking check could be measured."
    return f"{quote(name)} {verb}: {_titles(deciding)}."


def _but(results: Sequence[CheckResult], waived: Sequence[str]) -> str:
    """Say what a pass rests on beside checks that were met."""
    spared = [r for r in results if r.id in waived]
    warned = sum(
        r.outcome is Outcome.WARN or (r.severity is Severity.WARN and r.outcome in _WAIVABLE)
        for r in results
        if r.id not in waived
    )
    told = [f"{len(spared)} waived ({_titles(spared)})"] if spared else []
    told += [f"{warned} with a warning"] if warned else []
    return "".join(f", {one}" for one in told)


def _titles(results: Sequence[CheckResult]) -> str:
    more = f" and {len(results) - 3} more" if len(results) > 3 else ""
    return "; ".join(r.title for r in results[:3]) + more


def not_asked(policy: Policy, evidence: Evidence) -> tuple[str, ...]:
    """List evidence that is there but that no check uses."""
    asked = policy.series_names
    elo = sum(name.startswith(RATINGS) and name not in asked for name in evidence.run.catalog)
    lines = []
    if elo and not policy.asks_strength:
        lines.append(f"{elo} Elo series: no check of this policy uses ratings; the profile `league` does.")
    if evidence.games is not None and not policy.asks_strength:
        lines.append(f"Games in {evidence.games}: no check of this policy uses games; the profile `league` does.")
    if evidence.log_source is not None and not policy.questions and not policy.queries:
        lines.append(f"Log events in {evidence.log_source}: no check asks of logs; the profile `pipeline` does.")
    return tuple(lines)
