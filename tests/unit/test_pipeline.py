from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from action.cli import ports
from action.cli.ports import choose_policy, fallback_policy, local_ports, profile_texts, read_policy_file
from action.collection import read_policy
from action.errors import InputError, UsageError
from action.report.document import verdict_json
from action.runs import read_run
from action.settings import profile_policy
from checks.policy import PolicyError, parse_policy
from checks.result import Decision, Outcome
from checks.run import Selection
from tests.runs import NOW, POLICY, RECORDINGS, judge_path, rows, write_lines, write_output, write_run

EVENTS = [{"event": "rollout_complete", "duration_s": 40 + n % 5, "run_name": "run"} for n in range(30)]
LOGS = 'version: 1\nchecks:\n  p95: {logs: rollout-timing, value: p95_s, pass: "< 120"}\n'


def outcomes(judged: object) -> dict[str, Outcome]:
    return {check.id: check.outcome for check in judged.verdict.checks if check.where is not None}  # type: ignore[attr-defined]


def test_a_run_is_judged_by_the_policy_at_the_time_that_is_given(tmp_path: Path) -> None:
    judged = judge_path(write_run(tmp_path))

    assert (judged.verdict.decision, judged.verdict.judged_at) == (Decision.PASS, NOW)
    assert outcomes(judged) == {"kl-p95": Outcome.PASS}


def test_a_bundle_gives_the_same_bytes_at_any_later_time(tmp_path: Path) -> None:
    judged = judge_path(write_run(tmp_path))
    out = write_output(judged, tmp_path / "out")

    again = judge_path(out, None, now="2031-12-31T23:59:59Z")

    assert verdict_json(judged.verdict) == verdict_json(again.verdict)
    assert judged.files == again.files


def test_a_bundle_can_be_judged_by_another_policy_and_keeps_that_one_then(tmp_path: Path) -> None:
    out = write_output(judge_path(write_run(tmp_path)), tmp_path / "out")
    stricter = POLICY.replace("< 0.1", "< 0.001").replace(">= 0.15", ">= 0.01")

    other = judge_path(out, stricter)
    again = judge_path(write_output(other, tmp_path / "other"), None)

    assert other.verdict.decision == Decision.FAIL
    assert verdict_json(other.verdict) == verdict_json(again.verdict)


def test_what_was_not_collected_cannot_pass_under_another_policy(tmp_path: Path) -> None:
    run = write_run(tmp_path, [row | {"own": 1} for row in rows()])
    write_lines(tmp_path / "events.jsonl", EVENTS)
    out = write_output(judge_path(run), tmp_path / "out")
    end = '  end: {metric: own, stat: last, pass: "> 0"}\n'
    more = LOGS + end + "  same: {metric: reward, baseline: {run: x, max-drop: 1}}\n"

    judged = judge_path(out, more)

    assert dict.fromkeys(("p95", "end", "same"), Outcome.INCONCLUSIVE) == outcomes(judged)
    assert judged.verdict.decision == Decision.INCONCLUSIVE


def test_the_roles_of_a_diagnosis_are_kept_whole_so_that_another_policy_may_ask_of_them(tmp_path: Path) -> None:
    out = write_output(judge_path(write_run(tmp_path)), tmp_path / "out")
    end = 'version: 1\nchecks:\n  end: {metric: reward, stat: last, pass: "> 0"}\n'

    assert outcomes(judge_path(out, end)) == outcomes(judge_path(write_run(tmp_path), end)) == {"end": Outcome.PASS}


@pytest.mark.parametrize("extra", ["events", "games", "checkpoint"])
def test_a_bundle_is_not_silently_judged_without_the_evidence_named_beside_it(tmp_path: Path, extra: str) -> None:
    events = write_lines(tmp_path / "events.jsonl", EVENTS)
    out = write_output(judge_path(write_run(tmp_path)), tmp_path / "out")
    named = {"events": (events,), "games": (events,), "checkpoint": "adapter_v1"}[extra]

    with pytest.raises(UsageError, match="a bundle, whose evidence is fixed"):
        judge_path(out, None, **{extra: named})


@pytest.mark.parametrize("extra", ["events", "games"])
@pytest.mark.parametrize("state", ["missing", "empty", "folder"])
def test_a_file_named_by_the_user_is_there_whether_or_not_it_is_asked_of(
    tmp_path: Path, extra: str, state: str
) -> None:
    named = tmp_path / "named.jsonl"
    if state == "empty":
        named.touch()
    elif state == "folder":
        named.mkdir()

    with pytest.raises(InputError, match=r"named\.jsonl: expected"):
        judge_path(write_run(tmp_path / "run"), POLICY, **{extra: (named,)})


def test_events_beside_the_run_are_found_and_those_named_win(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    write_lines(tmp_path / "run" / "events.jsonl", EVENTS)
    slow = write_lines(tmp_path / "slow.jsonl", [{**event, "duration_s": 500} for event in EVENTS])

    assert outcomes(judge_path(run, LOGS)) == {"p95": Outcome.PASS}
    assert outcomes(judge_path(run, LOGS, events=(slow,))) == {"p95": Outcome.FAIL}


def test_events_of_another_run_are_no_answer(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    write_lines(tmp_path / "events.jsonl", [{**event, "run_name": "another"} for event in EVENTS])

    assert outcomes(judge_path(run, LOGS)) == {"p95": Outcome.INCONCLUSIVE}


def test_a_baseline_that_is_not_there_is_inconclusive_and_says_where_it_looked(tmp_path: Path) -> None:
    policy = "version: 1\nchecks:\n  b: {metric: reward, baseline: {run: no/such/run, max-drop: 5%}}\n"

    judged = judge_path(write_run(tmp_path), policy)

    check = next(check for check in judged.verdict.checks if check.id == "b")
    assert check.outcome == Outcome.INCONCLUSIVE
    assert "no/such/run: expected a run, found nothing there" in check.reason


@pytest.mark.parametrize("ref", ["", "no/such", "entity/project/id1", "wandb://entity/project/id1", "a\0b", "a" * 5000])
def test_a_run_that_is_not_there_is_one_clear_error(ref: str) -> None:
    with pytest.raises(InputError, match="expected a run, found nothing there; check the path") as raised:
        read_run(ref, Selection(), local_ports())

    assert ("set WANDB_API_KEY" in str(raised.value)) == ("project" in ref)


def test_a_folder_with_nothing_that_is_known_is_listed(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.txt").touch()

    with pytest.raises(InputError, match=r"got a folder with 00\.txt, .*07\.txt and 4 more; name the .*; known are"):
        read_run(str(tmp_path), Selection(), local_ports())


def test_an_empty_folder_and_an_empty_file_say_so(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match="got an empty folder"):
        read_run(str(tmp_path / "folder"), Selection(), local_ports())
    with pytest.raises(InputError, match="0 bytes"):
        read_run(str(tmp_path / "file"), Selection(), local_ports())


def test_a_waiver_holds_by_the_time_of_judging_that_the_evidence_keeps(tmp_path: Path) -> None:
    run = write_run(tmp_path, rows(kl={7: 0.9}))
    policy = (
        'version: 1\nchecks:\n  spike: {metric: kl, stat: max, fail: "> 0.2"}\n'
        '  p50: {metric: kl, stat: p50, pass: "< 0.2"}\n'
        "waivers:\n  - {check: spike, run: run, reason: known, expires: 2026-01-05}\n"
    )
    judged = judge_path(run, policy)
    out = write_output(judged, tmp_path / "out")

    assert judged.verdict.decision == Decision.PASS
    assert judge_path(out, None, now="2027-01-01T00:00:00Z").verdict.decision == Decision.PASS
    with pytest.raises(PolicyError, match="expires"):
        judge_path(run, policy, now="2026-01-06T00:00:00Z")


# --- where the policy comes from ------------------------------------------------------------------------------------


def test_the_same_policy_in_other_line_ends_and_with_a_mark_is_the_same_text(tmp_path: Path) -> None:
    plain, windows = tmp_path / "a.yml", tmp_path / "b.yml"
    plain.write_bytes(POLICY.encode())
    windows.write_bytes(b"\xef\xbb\xbf" + POLICY.replace("\n", "\r\n").encode())

    assert read_policy_file(plain).text == read_policy_file(windows).text


def test_a_policy_in_latin_1_says_to_save_it_as_utf_8(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_bytes("version: 1 # für".encode("latin-1"))

    with pytest.raises(InputError, match=r"p\.yml: expected a policy in UTF-8, got other bytes; save it as UTF-8"):
        read_policy_file(tmp_path / "p.yml")


def test_a_policy_that_is_too_long_is_refused_and_never_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Cut between two checks it would be a policy that asks less.
    monkeypatch.setattr(ports, "MAX_POLICY_BYTES", len(POLICY))
    (tmp_path / "p.yml").write_text(POLICY)
    assert read_policy_file(tmp_path / "p.yml").text == POLICY

    (tmp_path / "p.yml").write_text(POLICY + '  kl-max: {metric: kl, stat: max, pass: "< 0"}\n')
    with pytest.raises(InputError, match="expected a policy of at most"):
        read_policy_file(tmp_path / "p.yml")


def test_a_policy_through_a_pipe_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, POLICY.encode())
    os.close(writing)

    assert read_policy_file(Path(f"/dev/fd/{reading}")).text == POLICY
    os.close(reading)


def test_without_a_policy_the_repository_s_own_is_used_else_grpo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert profile_policy(("grpo",)) == fallback_policy()

    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "gatekeeper.yml").write_text(POLICY)
    assert (fallback_policy().text, fallback_policy().source) == (POLICY, ".github/gatekeeper.yml")


@pytest.mark.parametrize("kind", ["folder", "link to nothing", "link to itself"])
def test_a_policy_of_the_repository_that_cannot_be_read_is_no_reason_to_use_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / ".github" / "gatekeeper.yml"
    place.parent.mkdir()
    if kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("nowhere" if kind == "link to nothing" else place)

    with pytest.raises(InputError, match=r"gatekeeper\.yml: expected a"):
        fallback_policy()


def test_a_policy_and_a_profile_together_are_refused() -> None:
    with pytest.raises(UsageError, match="--policy and --profile: expected one of them, got both"):
        choose_policy(Path("p.yml"), ["grpo"])


@pytest.mark.parametrize(
    "name", ["nosuch", "", "../grpo", 'a"b', "a\\", "a\nversion: 2", "\udcff", "grpo, pipeline", "{{7*7}}"]
)
def test_a_profile_that_does_not_ship_is_a_fault_of_the_policy(name: str) -> None:
    with pytest.raises(PolicyError):
        read_policy(profile_policy((name,)), local_ports(), NOW)


def test_every_profile_that_ships_can_be_used_alone_and_with_all_others() -> None:
    texts = profile_texts()
    names = sorted(set(texts) - {"base"})

    for chosen in ([name] for name in names):
        assert read_policy(profile_policy(tuple(chosen)), local_ports(), NOW).checks
    policy = parse_policy(profile_policy(tuple(names)).text, source="p", profiles=texts, today=date(2026, 1, 1))
    assert tuple(names) == policy.profiles


SHORT = RECORDINGS / "short"  # 40 of the 100 steps that its configuration plans
ASKED = "version: 1\nextends: grpo\n"


def test_a_number_of_planned_steps_in_a_policy_does_not_become_the_run_s_own(tmp_path: Path) -> None:
    lenient = judge_path(SHORT, ASKED + "integrity: {planned-steps: 30}\n")
    out = write_output(lenient, tmp_path)

    assert lenient.verdict.decision is Decision.PASS
    assert judge_path(out, None).verdict.decision is Decision.PASS
    assert judge_path(out, ASKED).verdict.decision is Decision.INCONCLUSIVE
    assert judge_path(out, ASKED).verdict.run.planned_steps == 100


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("integrity: {planned-steps: trainer.steps}\n", r"differs in integrity\.planned-steps"),
        ("roles: {step: [my/step]}\n", r"differs in roles\.step"),
    ],
)
def test_a_bundle_is_not_judged_by_a_policy_that_reads_other_values_out_of_a_run(
    tmp_path: Path, changed: str, told: str
) -> None:
    out = write_output(judge_path(RECORDINGS / "healthy", ASKED), tmp_path)

    with pytest.raises(InputError, match=told):
        judge_path(out, ASKED + changed)


def test_answers_of_logs_are_not_judged_by_a_policy_that_reads_other_fields(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    write_lines(tmp_path / "run" / "events.jsonl", [{**event, "wall_s": 500} for event in EVENTS])
    out = write_output(judge_path(run, LOGS), tmp_path / "out")
    other = LOGS + "fields: {duration_s: wall_s}\n"

    assert judge_path(run, other).verdict.decision is Decision.FAIL
    with pytest.raises(InputError, match="differs in fields"):
        judge_path(out, other)


def test_a_folder_of_evidence_and_a_table_is_not_taken_for_old_evidence(tmp_path: Path) -> None:
    """`check RUN --out FOLDER` into the run's own folder: what is judged next must not be what was judged before."""
    run = write_run(tmp_path)
    write_output(judge_path(run), tmp_path)

    with pytest.raises(InputError, match="got a folder with both"):
        judge_path(tmp_path)


def test_a_chosen_metric_that_is_text_is_lost_data_even_if_it_need_not_be_there(tmp_path: Path) -> None:
    """`if-present` excuses what was not logged, not what cannot be read."""
    records = [row | {"frac_reward_zero_std": "1.0"} for row in rows()]
    policy = POLICY + '  z: {metric: zero-variance-share, stat: mean, pass: "< 0.5", if-present: true}\n'

    judged = judge_path(write_run(tmp_path, records), policy)

    assert judged.verdict.decision is Decision.INCONCLUSIVE
