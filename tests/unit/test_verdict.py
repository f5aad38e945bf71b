"""The rule of the gate: only `pass` opens it, and nothing that is missing, broken or waived too far does."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.check import Policy
from checks.context import Approval
from checks.result import CheckKind, CheckResult, Decision, Outcome, Severity, Verdict
from checks.run import Checkpoint, Evidence, Identity, NoteKind, Origin, RunData, RunState
from checks.verdict import EXIT_CODES, Judgement, apply_waivers, decide, evaluate, headline, judge, not_asked
from tests.builders import answer, asking, evidence, noise, note, only, policy, result, rows, run, series
from tests.sweeps import record

PASS, WARN, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.INCONCLUSIVE
ERROR, NOT_MEASURED = Outcome.ERROR, Outcome.NOT_MEASURED
JUDGEMENT = Judgement(tool_version="0.1.0", evidence_sha256="ab" * 32)
KL = 'metric: kl, stat: p95, pass: "< 0.1"'


def verdict(by: Policy, on: Evidence | None = None) -> Verdict:
    return judge(by, evidence() if on is None else on, JUDGEMENT)


def outcomes(found: Verdict) -> dict[str, Outcome]:
    return {check.id: check.outcome for check in found.checks}


def integrity(outcome: Outcome) -> CheckResult:
    return result(outcome, id="integrity/x", kind=CheckKind.INTEGRITY)


ORDER = [
    ([], Decision.INCONCLUSIVE),
    ([result(PASS)], Decision.PASS),
    ([result(WARN)], Decision.PASS),
    ([result(FAIL)], Decision.FAIL),
    ([result(INCONCLUSIVE)], Decision.INCONCLUSIVE),
    ([result(ERROR)], Decision.ERROR),
    ([result(NOT_MEASURED)], Decision.INCONCLUSIVE),
    ([result(PASS), result(NOT_MEASURED)], Decision.PASS),
    ([result(PASS), result(INCONCLUSIVE)], Decision.INCONCLUSIVE),
    ([result(INCONCLUSIVE), result(FAIL), result(PASS)], Decision.FAIL),
    ([result(FAIL), result(INCONCLUSIVE), result(ERROR)], Decision.ERROR),
    ([integrity(PASS)], Decision.INCONCLUSIVE),
    ([integrity(PASS), result(NOT_MEASURED)], Decision.INCONCLUSIVE),
    ([integrity(INCONCLUSIVE), result(PASS)], Decision.INCONCLUSIVE),
    ([integrity(FAIL), result(PASS)], Decision.FAIL),
    ([integrity(WARN), result(PASS)], Decision.PASS),
    ([integrity(NOT_MEASURED), result(PASS)], Decision.PASS),
]


@pytest.mark.parametrize(("results", "expected"), ORDER)
def test_the_verdict_follows_one_order(results: list[CheckResult], expected: Decision) -> None:
    assert decide(results) is expected
    assert decide(results[::-1]) is expected


@pytest.mark.parametrize("outcome", Outcome)
def test_a_check_of_severity_warn_never_closes_the_gate_and_never_opens_it(outcome: Outcome) -> None:
    soft = result(outcome, severity=Severity.WARN)

    assert decide([soft, result(PASS)]) is Decision.PASS
    assert decide([soft]) is Decision.INCONCLUSIVE


some_results = st.lists(
    st.builds(
        lambda outcome, severity, kind: result(outcome, severity=severity, kind=kind),
        st.sampled_from(Outcome),
        st.sampled_from(Severity),
        st.sampled_from([CheckKind.INTEGRITY, CheckKind.THRESHOLD, CheckKind.LOGS]),
    ),
    max_size=6,
)


@given(some_results)
def test_a_verdict_passes_only_if_something_blocking_was_measured_and_nothing_blocking_stands_against_it(
    results: list[CheckResult],
) -> None:
    blocking = [one for one in results if one.severity is Severity.BLOCK]
    measured = [one for one in blocking if one.kind is not CheckKind.INTEGRITY and one.outcome in (PASS, WARN, FAIL)]
    against = [one for one in blocking if one.outcome in (FAIL, INCONCLUSIVE, ERROR)]

    assert (decide(results) is Decision.PASS) == (bool(measured) and not against)


@given(some_results, st.sampled_from(Outcome))
def test_another_blocking_result_never_makes_a_verdict_better_unless_it_was_measured(
    results: list[CheckResult], outcome: Outcome
) -> None:
    order = [Decision.ERROR, Decision.FAIL, Decision.INCONCLUSIVE, Decision.PASS]
    before, after = (order.index(decide(one)) for one in (results, [*results, result(outcome)]))

    assert after <= before or outcome in (PASS, WARN)


def test_each_verdict_has_its_exit_code() -> None:
    assert EXIT_CODES == {Decision.PASS: 0, Decision.FAIL: 10, Decision.INCONCLUSIVE: 11, Decision.ERROR: 2}


def test_a_healthy_run_passes_its_profile() -> None:
    found = verdict(policy("extends: [grpo]"))

    assert found.decision is Decision.PASS
    assert found.exit_code == 0
    assert "5 blocking checks" in found.headline
    assert outcomes(found)["truncated"] is NOT_MEASURED
    assert len(found.checks) == 7 + 7
    assert (found.policy.source, found.policy.profiles, found.policy.trial) == ("policy.yml", ("grpo",), False)
    assert (found.tool_version, found.evidence_sha256) == ("0.1.0", "ab" * 32)
    assert (found.run.last_step, found.run.planned_steps, found.run.state) == (199, 200, RunState.FINISHED)
    assert found.judged_at == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    ("data", "check", "expected"),
    [
        (run(series([*(0.03 + 0.005 * noise(199)), 5.0], "kl")), "kl-spike", Decision.FAIL),
        (run(series(0.3 + 0.01 * noise(200), "kl")), "kl-p95", Decision.FAIL),
        (
            run(series([*np.linspace(0, 1, 120), *np.linspace(1, 0, 80)] + 0.05 * noise(), "reward")),
            "reward-end",
            Decision.FAIL,
        ),
        (run(series(np.linspace(1, 0, 200) + 0.05 * noise(), "reward")), "reward-trend", Decision.FAIL),
        (run(series(80 + noise(), "grad_norm")), "grad-norm", Decision.FAIL),
        (run(series([*noise(190), *[math.nan] * 10], "grad_norm")), "integrity/non-finite", Decision.FAIL),
        (run(series([*noise(199), math.inf], "grad_norm")), "grad-norm", Decision.FAIL),
        (run(series([0.8] * 100 + [0.9] * 100, "frac_reward_zero_std")), "zero-variance", Decision.FAIL),
        (run(series([0.1] * 100 + [0.9] * 100, "completions/clipped_ratio")), "truncated", Decision.FAIL),
        (run(series([math.nan] * 200, "kl")), "kl-p95", Decision.FAIL),
        (run(state=RunState.KILLED), "integrity/run-state", Decision.INCONCLUSIVE),
        (run(planned_steps=500), "integrity/planned-steps", Decision.INCONCLUSIVE),
        (run(rows=rows(np.arange(200), ("kl",), ("reward",))), "integrity/log-calls", Decision.INCONCLUSIVE),
        (run(series(np.zeros(200), "kl")), "integrity/flat-line", Decision.INCONCLUSIVE),
        (run(series(0.03 + 0.001 * noise(100), "kl")), "integrity/gaps", Decision.INCONCLUSIVE),
        (run(notes=(note(),)), "integrity/damage", Decision.INCONCLUSIVE),
        (only(series(np.linspace(0, 1, 200) + 0.05 * noise(), "reward")), "kl-p95", Decision.INCONCLUSIVE),
        (only(n=200), "kl-p95", Decision.INCONCLUSIVE),
    ],
)
def test_every_fault_of_a_run_closes_the_gate(data: RunData, check: str, expected: Decision) -> None:
    found = verdict(policy("extends: [grpo]"), evidence(data))

    assert found.decision is expected
    assert outcomes(found)[check] is not PASS
    assert outcomes(found)[check].value in (expected.value, "inconclusive")
    assert found.exit_code == EXIT_CODES[expected]


def test_a_run_of_nothing_but_absent_optional_metrics_is_not_judged() -> None:
    found = verdict(asking(f"{KL}, if-present: true"), evidence(only(series(noise(), "loss"))))

    assert outcomes(found)["a"] is NOT_MEASURED
    assert found.decision is Decision.INCONCLUSIVE
    assert "no blocking check could be measured" in found.headline


def test_integrity_alone_measures_nothing() -> None:
    found = verdict(asking(f"{KL}, severity: warn"))

    assert found.decision is Decision.INCONCLUSIVE


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ('logs: errors, value: rate, pass: "< 0.01"', INCONCLUSIVE),
        ('logs: errors, value: rate, pass: "< 0.01", if-present: true', NOT_MEASURED),
        ('axiom: x, pass: "< 1"', INCONCLUSIVE),
        ("metric: reward, baseline: {run: old, max-drop: 1}", INCONCLUSIVE),
        ("metric: reward, baseline: {run: old, max-drop: 1}, if-present: true", INCONCLUSIVE),
    ],
)
def test_evidence_that_is_not_there_never_passes(check: str, expected: Outcome) -> None:
    found = verdict(asking(check))

    assert outcomes(found)["a"] is expected
    assert found.decision is Decision.INCONCLUSIVE


def test_logs_and_baselines_are_judged_where_they_are() -> None:
    compared = "b: {metric: reward, baseline: {run: old, max-drop: 1}}"
    text = f'checks: {{a: {{logs: errors, value: rate, pass: "< 0.01"}}, {compared}}}'
    old = run(series(np.linspace(0, 1, 200) + 0.05 * noise(200, 5), "reward"), identity=Identity(id="z", name="old"))
    table = answer("errors", rate=0.001)
    found = verdict(policy(text), evidence(logs={"errors": table}, log_source="e.jsonl", baselines={"old": old}))

    assert found.decision is Decision.PASS
    assert [check.kind for check in found.checks[-2:]] == [CheckKind.LOGS, CheckKind.BASELINE]


WAIVER = "waivers:\n- {check: a, run: healthy, reason: warm-up, expires: 2026-11-22}\n"
TWO = """\
version: 1
checks:
  a: {metric: kl, stat: p95, pass: "< 0.001"}
  b: {metric: reward, stat: max, pass: "< 9"}
"""


def test_a_waiver_makes_one_check_of_one_run_a_warning() -> None:
    found = verdict(policy(TWO + WAIVER))

    assert found.decision is Decision.PASS
    assert outcomes(found)["a"] is FAIL
    assert {check.id: check.severity for check in found.checks}["a"] is Severity.WARN
    assert [(one.check, one.scope, one.reason, one.expires, one.used) for one in found.waivers] == [
        ("a", "healthy", "warm-up", "2026-11-22", True)
    ]
    assert "1 blocking check " in found.headline
    assert found.headline.endswith(" passes: 1 blocking check measured and met, 1 waived (kl: p95, all steps).")


def test_a_waiver_may_name_the_run_by_its_id() -> None:
    assert verdict(policy(TWO + WAIVER.replace("healthy", "a1b2"))).decision is Decision.PASS


@pytest.mark.parametrize("name", ["Healthy", "healthy2", "health", "healthy.wandb", "None"])
def test_a_waiver_for_another_run_changes_nothing(name: str) -> None:
    nameless = run(identity=Identity(name="healthy"))

    for data in (run(), nameless):
        found = verdict(policy(TWO + WAIVER.replace("run: healthy", f"run: {name}")), evidence(data))
        assert found.decision is Decision.FAIL
        assert [one.used for one in found.waivers] == [False]


def test_a_waiver_of_the_only_check_leaves_nothing_that_was_measured() -> None:
    found = verdict(asking('metric: kl, stat: p95, pass: "< 0.001"', WAIVER))

    assert found.decision is Decision.INCONCLUSIVE


def test_a_waiver_that_is_not_needed_stays_unused_and_the_check_blocking() -> None:
    found = verdict(asking(KL, WAIVER))

    assert found.decision is Decision.PASS
    assert [one.used for one in found.waivers] == [False]
    assert found.checks[-1].severity is Severity.BLOCK


def waived(one: CheckResult, waivers: str = WAIVER) -> tuple[CheckResult, bool]:
    (changed,), listed = apply_waivers([one], policy(TWO + waivers), evidence())
    return changed, listed[-1].used


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_failure_or_an_answer_that_is_missing_can_be_waived(outcome: Outcome) -> None:
    changed, used = waived(result(outcome))

    assert used == (changed.severity is Severity.WARN) == (outcome in (FAIL, INCONCLUSIVE))
    assert changed.outcome is outcome


@pytest.mark.parametrize("outcome", Outcome)
def test_integrity_is_never_waived_not_even_by_a_waiver_that_got_past_the_policy(outcome: Outcome) -> None:
    own = policy(TWO + WAIVER)
    smuggled = dataclasses.replace(own, waivers=(dataclasses.replace(own.waivers[0], check="integrity/gaps"),))
    (changed,), listed = apply_waivers(
        [result(outcome, id="integrity/gaps", kind=CheckKind.INTEGRITY)], smuggled, evidence()
    )

    assert changed.severity is Severity.BLOCK
    assert not listed[0].used


def test_a_check_that_warns_anyway_needs_no_waiver() -> None:
    changed, used = waived(result(FAIL, severity=Severity.WARN))

    assert (changed.severity, used) == (Severity.WARN, False)


def test_of_two_waivers_for_one_check_one_is_used() -> None:
    changed, used = waived(result(FAIL), WAIVER + WAIVER.partition("\n")[2].replace("healthy", "a1b2"))

    assert (changed.severity, used) == (Severity.WARN, True)


SHA, OTHER = "c0ffee" + "0" * 34, "d" * 40
OF_COMMIT = WAIVER.replace("run: healthy", f"commit: {SHA.upper()}")


def trained_on(commit: str | None, judged_for: str | None = None) -> Evidence:
    """Return evidence on a healthy run of a commit; `judged_for`: the commit that it is judged for."""
    origin = None if judged_for is None else Origin(repository="team/league", sha=judged_for, attempt=1)
    return evidence(run(identity=Identity(id="a1b2", name="healthy", commit=commit)), origin=origin)


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        (trained_on(SHA), True),
        (trained_on(SHA.upper()), True),
        (trained_on(None, SHA), True),
        (trained_on(OTHER, SHA.upper()), True),
        (trained_on(SHA, OTHER), True),
        (trained_on(SHA[:12]), False),
        (trained_on(SHA[:12], OTHER), False),
        (trained_on(OTHER), False),
        (trained_on(None, ""), False),
        (trained_on(None), False),
        (evidence(run(identity=Identity(id=SHA, name=f"commit {SHA}"))), False),
        (evidence(origin=Origin(repository="team/league", sha=None, attempt=1)), False),
    ],
)
def test_a_waiver_of_a_commit_is_for_the_runs_that_are_of_exactly_that_one(given: Evidence, fits: bool) -> None:
    found = verdict(policy(TWO + OF_COMMIT), given)

    assert found.decision is (Decision.PASS if fits else Decision.FAIL)
    assert [(one.scope, one.used) for one in found.waivers] == [(f"commit {SHA}", fits)]


def test_a_waiver_of_a_commit_is_for_all_its_runs() -> None:
    for name in ("healthy", "other"):
        given = evidence(run(identity=Identity(name=name, commit=SHA)))
        assert verdict(policy(TWO + OF_COMMIT), given).decision is Decision.PASS


APPROVAL = Approval(
    check="a", scope="healthy", reason="warm-up", expires="2026-11-22", pull_request=12, approved_by=("alice", "bob")
)


def test_who_approved_a_waiver_is_listed_with_it() -> None:
    [found] = verdict(policy(TWO + WAIVER), evidence(approvals=(APPROVAL,))).waivers

    assert (found.approved_by, found.pull_request, found.used) == (("alice", "bob"), 12, True)
    assert found.approval == "approved by alice, bob in #12"


@pytest.mark.parametrize(
    "changes",
    [{"check": "b"}, {"scope": "a1b2"}, {"reason": "another"}, {"expires": "2026-11-23"}],
)
def test_a_waiver_that_was_changed_since_is_approved_by_nobody(changes: dict[str, str]) -> None:
    other = dataclasses.replace(APPROVAL, **changes)  # type: ignore[arg-type]
    [found] = verdict(policy(TWO + WAIVER), evidence(approvals=(other,))).waivers

    assert (found.approved_by, found.pull_request) == ((), None)
    assert found.approval == "who approved it is not known"


def test_who_approved_a_waiver_decides_nothing() -> None:
    nobody = dataclasses.replace(APPROVAL, approved_by=())
    found = verdict(policy(TWO + WAIVER), evidence(approvals=(nobody,)))

    assert found.decision is Decision.PASS
    assert found.waivers[0].told == (
        "does not block healthy until the end of 2026-11-22 (nobody approved it in #12): warm-up"
    )


def test_a_policy_on_trial_says_so_and_judges_all_the_same() -> None:
    tried = verdict(asking('metric: kl, stat: p95, pass: "< 0.001"', "trial: true\n"))

    assert tried.policy.trial
    assert tried.decision is Decision.FAIL


def test_the_plan_of_the_policy_reaches_integrity_and_the_verdict() -> None:
    found = verdict(asking(KL, "integrity: {planned-steps: 500}\n"))

    assert found.decision is Decision.INCONCLUSIVE
    assert found.run.planned_steps == 500


def test_a_plan_under_a_key_that_the_run_lacks_is_missing_data() -> None:
    found = verdict(asking(KL, "integrity: {planned-steps: no.such.key}\n"), evidence(run(planned_steps=None)))

    assert found.decision is Decision.INCONCLUSIVE
    assert outcomes(found)["integrity/planned-steps"] is INCONCLUSIVE


@pytest.mark.parametrize(
    ("decision", "outcome"), [(Decision.FAIL, FAIL), (Decision.INCONCLUSIVE, INCONCLUSIVE), (Decision.ERROR, ERROR)]
)
def test_the_headline_names_the_first_of_what_decided_and_counts_the_rest(decision: Decision, outcome: Outcome) -> None:
    others = [result(other, title="another") for other in Outcome if other is not outcome]
    found = headline(decision, [*others, *(result(outcome, title=f"t{i}") for i in range(5))], "r1")

    assert found.startswith("r1 ")
    assert all(title in found for title in ("t0", "t1", "t2", "2 more"))
    assert not any(title in found for title in ("t3", "t4", "another"))
    verb = {FAIL: "does not meet", INCONCLUSIVE: "cannot be judged on", ERROR: "hit an error in"}[outcome]
    for count, told in ((1, "t0"), (3, "t0; t1; t2"), (4, "t0; t1; t2 and 1 more")):
        deciding = [result(outcome, title=f"t{i}") for i in range(count)]
        assert headline(decision, deciding, "r1") == f"r1 {verb}: {told}."


def test_the_headline_of_a_pass_counts_checks_and_warnings() -> None:
    assert headline(Decision.PASS, [result(PASS)], "r1") == "r1 passes: 1 blocking check measured and met."
    warned = [result(PASS), result(WARN), result(FAIL, severity=Severity.WARN), integrity(PASS)]
    assert headline(Decision.PASS, warned, "r1") == "r1 passes: 2 blocking checks measured and met, 2 with a warning."
    spared = [
        *(result(FAIL, id=f"w{at}", title=f"t{at}", severity=Severity.WARN) for at in range(4)),
        result(PASS, id="met"),
        result(WARN, id="odd"),
    ]
    assert headline(Decision.PASS, spared, "r1", ["w0", "w1", "w2", "w3"]) == (
        "r1 passes: 2 blocking checks measured and met, 4 waived (t0; t1; t2 and 1 more), 1 with a warning."
    )
    nothing = headline(Decision.INCONCLUSIVE, [], "r1")
    assert nothing == "r1 cannot be judged: no blocking check could be measured."


def test_who_the_run_is_and_where_it_came_from_reach_the_verdict() -> None:
    who = Identity(name="n", id="i", url="u", commit="c", started_at="s", finished_at="f")
    origin = Origin(repository="o/r", sha="a" * 40, attempt=2)
    found = verdict(asking(KL), evidence(run(identity=who), origin=origin))

    told = found.run
    assert (told.name, told.id, told.url, told.commit) == ("n", "i", "u", "c")
    assert (told.started_at, told.finished_at) == ("s", "f")
    assert found.origin == origin


def test_games_are_rated_and_their_notes_and_progress_reach_the_verdict() -> None:
    odd = note(NoteKind.ODD, "of the games")
    games = dataclasses.replace(record(["base_model>adapter_v10", "adapter_v20>base_model"] * 40), notes=(odd,))
    asked = policy('expected-progress: {10: 0, 20: 50}\nchecks: {a: {elo: {}, value: gap, pass: "> -5000"}}')
    given = evidence(run(), game_record=games, games="games.jsonl")
    found = verdict(asked, given)

    assert odd in found.notes
    assert not any("the progress that the policy expects" in one.text for one in found.notes)
    unasked = verdict(policy(f"expected-progress: {{10: 0, 20: 50}}\nchecks: {{a: {{{KL}}}}}"), given)
    assert any("the progress that the policy expects is not told" in one.text for one in unasked.notes)
    assert found.progress
    assert found.elo is not None
    assert evaluate(asked, given) == found.checks


def test_the_headline_is_one_line_whatever_the_run_is_called() -> None:
    name = "evil\n\x1b[2J</details>" + "x" * 5_000
    found = verdict(asking(KL), evidence(run(identity=Identity(name=name))))

    assert "\n" not in found.headline
    assert "\x1b" not in found.headline
    assert len(found.headline) < 300


def test_evidence_that_no_check_uses_is_listed() -> None:
    data = run(catalog={"kl": 200, "elo/base_model": 9, "elo/adapter_v1": 9})
    rich = evidence(data, games="games.jsonl", log_source="events.jsonl")
    asks_all = (
        'checks: {a: {logs: errors, value: rate, pass: "< 1"}, b: {metric: elo/base_model, stat: last, pass: "< 1"}}'
    )

    assert not_asked(asking(KL), evidence()) == ()
    assert [line.split(":")[0] for line in not_asked(asking(KL), rich)] == [
        "2 Elo series",
        "Games in games.jsonl",
        "Log events in events.jsonl",
    ]
    assert [line.split(":")[0] for line in not_asked(policy(asks_all), rich)] == [
        "1 Elo series",
        "Games in games.jsonl",
    ]


def test_notes_of_the_run_and_of_the_rest_reach_the_verdict_with_the_checkpoint() -> None:
    one, two = note(NoteKind.ODD, "one"), note(NoteKind.ODD, "two")
    point = Checkpoint(name="adapter_v9", digest="sha256:ab")
    found = verdict(asking(KL), evidence(run(notes=(one,)), notes=(two,), checkpoint=point))

    assert found.notes == (one, two)
    assert found.checkpoint == point


def test_results_come_in_one_order_integrity_first() -> None:
    ids = [check.id for check in evaluate(policy("extends: [pipeline, grpo]"), evidence())]

    assert all(name.startswith("integrity/") for name in ids[:7])
    assert ids[7] == "rollout-p95"
    assert ids[-1] == "zero-variance"


@given(st.permutations(list(run().series)))
@settings(max_examples=10)
def test_the_same_evidence_gives_the_same_verdict(names: list[str]) -> None:
    """Whatever the order in which a source found the series."""
    data = run()
    shuffled = dataclasses.replace(data, series={name: data.series[name] for name in names})

    assert verdict(policy("extends: [grpo]"), evidence(shuffled)) == verdict(policy("extends: [grpo]"))


@given(
    st.lists(st.floats() | st.sampled_from([math.nan, math.inf]), min_size=0, max_size=60),
    st.sampled_from(["p95", "last", "max", "mean", "trend", "end-below-peak", "min"]),
    st.sampled_from(['pass: "< 0.1"', 'fail: "> 0.1"', 'pass: "> -5", fail: "< -6"']),
)
@settings(max_examples=150)
def test_whatever_a_run_logged_a_pass_rests_on_finite_values_within_the_bound(
    values: list[float], stat: str, bounds: str
) -> None:
    one: Any = series(values)
    found = verdict(asking(f"metric: kl, stat: {stat}, {bounds}, min-samples: 1"), evidence(only(one, n=len(values))))

    if found.decision is Decision.PASS:
        finite = np.isfinite(np.array(values))
        assert (~finite).mean() <= 0.01
        assert not np.isinf(np.array(values)).any()
        assert found.checks[-1].observed is not None
