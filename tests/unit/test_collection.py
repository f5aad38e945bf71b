"""Collecting from services: what is asked of them, in which time range, and that none of their failures is a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from action.approval import Found
from action.cli.ports import local_ports
from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.log_window import MARGIN
from action.pipeline import Judged, check_run
from action.ports import FetchedRun, LogReply, LogRequest, Ports, RunRequest
from action.settings import CheckSettings, PolicyText
from checks.approval import Approval
from checks.questions.answer import answer_all
from checks.result import CheckResult, Decision, Outcome
from checks.run import Asked, Checkpoint, Identity, LogTable, Note, NoteKind, Origin, RunData
from checks.waiver import Waiver
from tests.builders import only, run, series
from tests.runs import NOW, judge_path, rows, write_lines, write_output, write_run

LOGS = 'version: 1\nchecks:\n  p95: {logs: rollout-timing, value: p95_s, pass: "< 120", min-samples: 1}\n'
QUERY = "['queue'] | where run == {run.name} | summarize value = max(depth), n = count()"
OWN = f'version: 1\nchecks:\n  depth: {{axiom: "{QUERY}", pass: "< 40", min-samples: 1}}\n'
ROLLOUT = {"event": "rollout_complete", "duration_s": 30.0, "trajectory_count": 4, "_time": "2026-01-05T07:30:00Z"}
ONLINE = "team/league/run7"
GAP = "version: 1\nchecks:\n  a: {elo: {elo1: 100}}\n"


class Service:
    """Stands for Axiom behind the port: answers from events, and remembers what it was asked."""

    def __init__(self, *notes: Note, error: Exception | None = None) -> None:
        self.requests: list[LogRequest] = []
        self._notes, self._error = notes, error

    def __call__(self, request: LogRequest, _deadline: Deadline) -> LogReply:
        self.requests.append(request)
        if self._error is not None:
            raise self._error
        tables = answer_all(list(request.asks), [ROLLOUT], fields=request.fields, run=request.runs).tables
        own = tuple(
            LogTable(question=apl, by=None, columns=("value", "n"), rows=((7.0, 3),), events=3)
            for apl in request.queries
        )
        asked = Asked(service="Axiom", what="rollout-timing", text="['x']", rows=1, client="axiom-py 0")
        return LogReply(tables=(*tables, *own), notes=self._notes, asked=(asked,), source="Axiom, dataset x")


def fetching(data: RunData, **more: object) -> Callable[[RunRequest, Deadline], FetchedRun]:
    """Stand for W&B behind the port."""
    asked = Asked(
        service="W&B", what="run", text="api.wandb.ai: team/league/run7, 4 requests", rows=9, client="wandb 0"
    )

    def fetch(request: RunRequest, _deadline: Deadline) -> FetchedRun:
        assert request.ref == ONLINE
        return FetchedRun(run=data, asked=(asked,), **more)  # type: ignore[arg-type]

    return fetch


def judge(ref: str | Path, policy: str, ports: Ports, **settings: object) -> Judged:
    text = PolicyText(text=policy, source="policy.yml")
    chosen = CheckSettings(ref=str(ref), policy=text, fallback_policy=text, now=NOW, **settings)  # type: ignore[arg-type]
    return check_run(chosen, ports)


def result(judged: Judged, name: str) -> CheckResult:
    return next(one for one in judged.verdict.checks if one.id == name)


def dated(**identity: str) -> RunData:
    """Return a run whose source records when it was."""
    data = only(series([0.1, 0.2, 0.3] * 4, "kl"), n=12)
    return replace(data, identity=Identity(id="run7", name="grpo 7", **identity))


def test_a_service_is_asked_in_the_time_of_the_run_for_its_names() -> None:
    service = Service()
    data = dated(started_at="2026-01-05T06:00:00Z", finished_at="2026-01-05T07:00:00Z")

    judged = judge(ONLINE, LOGS, replace(local_ports(), fetch_run=fetching(data), ask_logs=service))

    [request] = service.requests
    assert request.since == datetime(2026, 1, 5, 6, tzinfo=UTC) - MARGIN
    assert request.until == datetime(2026, 1, 5, 7, tzinfo=UTC) + MARGIN
    assert (request.runs, request.names) == (("grpo 7", "run7"), {"run.name": "grpo 7", "run.id": "run7"})
    assert result(judged, "p95").outcome is Outcome.PASS
    assert judged.bundle.evidence.log_source == "Axiom, dataset x"
    assert [one.service for one in judged.bundle.evidence.asked] == ["W&B", "Axiom"]


def test_no_event_after_now_is_waited_for_and_an_unknown_start_is_told(tmp_path: Path) -> None:
    service = Service()

    judged = judge(write_run(tmp_path), LOGS, replace(local_ports(), ask_logs=service))

    [request] = service.requests
    assert request.until == datetime.fromisoformat(NOW)
    assert (request.until - request.since).days == 30
    assert any("does not record when it began" in note.text for note in judged.verdict.notes)


def test_events_beside_the_run_come_before_the_service(tmp_path: Path) -> None:
    service = Service()
    write_lines(tmp_path / "events.jsonl", [ROLLOUT | {"duration_s": 500}])

    judged = judge(write_run(tmp_path), LOGS, replace(local_ports(), ask_logs=service))

    assert service.requests == []
    assert result(judged, "p95").outcome is Outcome.FAIL


def test_a_policy_that_asks_nothing_of_logs_asks_no_service(tmp_path: Path) -> None:
    service = Service()

    judge(write_run(tmp_path), GAP, replace(local_ports(), ask_logs=service))

    assert service.requests == []


def test_a_query_of_ones_own_is_answered_by_the_service_and_again_from_the_bundle(tmp_path: Path) -> None:
    judged = judge(write_run(tmp_path), OWN, replace(local_ports(), ask_logs=Service()))
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert (result(judged, "depth").outcome, result(judged, "depth").observed) == (Outcome.PASS, 7.0)
    assert again.verdict == judged.verdict
    assert again.files == judged.files


def test_what_a_service_left_out_is_damage(tmp_path: Path) -> None:
    partial = Note(kind=NoteKind.LOST, text="rollout-timing: Axiom gave a partial answer")

    judged = judge(write_run(tmp_path), LOGS, replace(local_ports(), ask_logs=Service(partial)))

    assert result(judged, "integrity/damage").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("error", [ServiceError("Axiom: expected an answer, got none"), InputError("Axiom: no")])
def test_a_service_that_fails_gives_no_verdict_at_all(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error), match="Axiom"):
        judge(write_run(tmp_path), LOGS, replace(local_ports(), ask_logs=Service(error=error)))


def test_a_run_of_a_service_brings_its_games_and_checkpoint(tmp_path: Path) -> None:
    games = write_lines(
        tmp_path / "games.jsonl", [{"a": "adapter_v10", "b": "base_model", "score": int(i % 4 > 0)} for i in range(160)]
    )
    checkpoint = Checkpoint(name="adapter_v10", step=10, artifact="team/league/adapter_v10:v3", digest="wandb:d1")
    ports = replace(local_ports(), fetch_run=fetching(dated(), games=(games,), checkpoint=checkpoint))

    judged = judge(ONLINE, GAP, ports, checkpoint="newest")

    assert result(judged, "a").outcome is Outcome.PASS
    assert judged.verdict.checkpoint == checkpoint


def test_a_baseline_may_be_a_run_of_a_service(tmp_path: Path) -> None:
    policy = f"version: 1\nchecks:\n  b: {{metric: reward, baseline: {{run: {ONLINE}, max-drop: 50%}}}}\n"
    values = [float(row["reward"]) + 0.01 for row in rows()]  # type: ignore[arg-type]
    base = replace(only(series(values, "reward"), n=len(values)), identity=Identity(id="other", name="other"))

    judged = judge(write_run(tmp_path), policy, replace(local_ports(), fetch_run=fetching(base)))

    assert result(judged, "b").outcome is Outcome.PASS
    assert judged.bundle.evidence.baselines[ONLINE] != ""


def test_what_lies_on_this_machine_comes_before_a_run_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "team" / "league", name="run7")
    (tmp_path / "team" / "league" / "run7").rename(tmp_path / "team" / "league" / "run7.jsonl")

    with pytest.raises(AssertionError):
        judge("team/league/run7x", GAP, replace(local_ports(), fetch_run=fetching(run())))
    found = judge("team/league/run7.jsonl", GAP, replace(local_ports(), fetch_run=fetching(run())))
    assert found.verdict.run.last_step
    said = "team/league/run7.jsonl was read from this machine; write wandb://team/league/run7.jsonl for the run on W&B"
    assert said in [note.text for note in found.verdict.notes]
    assert said not in [note.text for note in judge("team/league/run7.jsonl", GAP, local_ports()).verdict.notes]


def test_a_file_named_newest_does_not_hide_the_newest_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "newest").write_text("x")
    checkpoint = Checkpoint(name="adapter_v10", step=10, artifact="team/league/adapter_v10:v3", digest="wandb:d1")
    ports = replace(local_ports(), fetch_run=fetching(dated(), checkpoint=checkpoint))

    assert judge(ONLINE, GAP, ports, checkpoint="newest").verdict.checkpoint == checkpoint


def test_a_checkpoint_whose_name_is_too_long_for_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a readable file, got: File name too long"):
        judge(write_run(tmp_path), GAP, local_ports(), checkpoint="x" * 300)


@pytest.mark.parametrize("year", ["0001", "1969", "9998"])
def test_a_start_that_a_broken_clock_wrote_is_an_unknown_one(year: str) -> None:
    service, data = Service(), dated(started_at=f"{year}-01-05T06:00:00Z")

    judged = judge(ONLINE, LOGS, replace(local_ports(), fetch_run=fetching(data), ask_logs=service))

    assert any("does not record when it began" in note.text for note in judged.verdict.notes)


def test_the_newest_checkpoint_is_known_to_the_service_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--checkpoint newest: expected a run of W&B"):
        judge(write_run(tmp_path), GAP, local_ports(), checkpoint="newest")


SHA = "c0ffee" + "0" * 34
WAIVED = """\
version: 1
checks:
  a: {metric: kl, stat: max, pass: "< 0.01"}
  b: {metric: kl, stat: mean, pass: "< 9"}
waivers:
- {check: a, run: run, reason: warm-up, expires: 2099-12-31}
- {check: b, commit: %s, reason: x, expires: 2099-12-31}
- {check: a, run: another, reason: x, expires: 2099-12-31}
"""


class Reviewed:
    """Stands for GitHub behind the port, and remembers which waivers it was asked about."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._error = error

    def __call__(self, waiver: Waiver) -> Found:
        self.asked.append(f"{waiver.check} of {waiver.scope}")
        if self._error is not None:
            raise self._error
        about = {"check": waiver.check, "scope": waiver.scope, "reason": waiver.reason}
        given = Approval(**about, expires=str(waiver.expires), pull_request=12, approved_by=("alice",))
        return Found(approval=given, notes=(Note(kind=NoteKind.ODD, text="as it happens"),))


def judged_for(sha: str | None) -> Origin:
    return Origin(repository="team/league", sha=sha, attempt=1)


@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        (None, ["a of run"]),
        (judged_for(None), ["a of run"]),
        (judged_for("d" * 40), ["a of run"]),
        (judged_for(SHA), ["a of run", f"b of commit {SHA}"]),
    ],
)
def test_who_approved_is_asked_of_waivers_for_this_run_alone(
    tmp_path: Path, origin: Origin | None, asked: list[str]
) -> None:
    service = Reviewed()
    ports = replace(local_ports(), find_approval=service)
    judged = judge(write_run(tmp_path), WAIVED % SHA, ports, origin=origin)

    assert asked == service.asked
    assert len(asked) == len(judged.bundle.evidence.approvals)
    assert [one.approved_by for one in judged.verdict.waivers] == [("alice",)] * len(asked) + [()] * (3 - len(asked))
    assert "as it happens" in [note.text for note in judged.verdict.notes]


def test_who_approved_is_kept_in_the_evidence_and_asked_of_nobody_again(tmp_path: Path) -> None:
    ports = replace(local_ports(), find_approval=Reviewed())
    judged = judge(write_run(tmp_path), WAIVED % SHA, ports)
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert again.verdict == judged.verdict
    assert again.files == judged.files
    assert again.verdict.waivers[0].approval == "approved by alice in #12"


def test_a_policy_without_a_waiver_for_the_run_asks_nobody(tmp_path: Path) -> None:
    service = Reviewed(ServiceError("GitHub: down"))
    judge(write_run(tmp_path), GAP, replace(local_ports(), find_approval=service))
    judge(
        write_run(tmp_path), WAIVED.replace("run: run", "run: x") % SHA, replace(local_ports(), find_approval=service)
    )

    assert service.asked == []


def test_a_service_that_cannot_say_who_approved_turns_no_verdict(tmp_path: Path) -> None:
    """It is told of every waiver, but waited for once."""
    service = Reviewed(ServiceError("GitHub: expected the versions of p.yml, got 500; run again later"))
    ports, origin = replace(local_ports(), find_approval=service), judged_for(SHA)
    judged = judge(write_run(tmp_path), WAIVED % SHA, ports, origin=origin)
    whole = judge(write_run(tmp_path), WAIVED % SHA, local_ports(), origin=origin)

    assert judged.verdict.decision is whole.verdict.decision is Decision.PASS
    assert judged.verdict.waivers == whole.verdict.waivers
    assert service.asked == ["a of run"]
    texts = [note.text for note in judged.verdict.notes if note not in whole.verdict.notes]
    assert texts == [
        f"who approved the waiver of {waiver} could not be asked: GitHub: expected the versions of p.yml, got 500; run "
        "again later"
        for waiver in ("a for run", f"b for commit {SHA}")
    ]


def overlapping() -> Identity:
    return Identity(id="run8", name="grpo 7", started_at="2026-01-05T06:30:00Z", finished_at="2026-01-05T08:00:00Z")


def test_events_that_another_run_of_that_name_may_have_written_are_damage() -> None:
    """Else a run that was renamed to the name of a healthy one would be judged by the other's events."""
    data = dated(started_at="2026-01-05T06:00:00Z", finished_at="2026-01-05T07:00:00Z")
    fetch = fetching(data, namesakes=(overlapping(),))

    judged = judge(ONLINE, LOGS, replace(local_ports(), fetch_run=fetch, ask_logs=Service()))

    assert result(judged, "integrity/damage").outcome is Outcome.INCONCLUSIVE
    assert "another run was at work under the name grpo 7 at the same time (run8)" in str(judged.verdict.notes)


@pytest.mark.parametrize(("policy", "named"), [(LOGS, True), (OWN, True), (GAP, False)])
def test_other_runs_of_that_name_are_looked_for_where_a_service_is_asked_of_its_events(
    policy: str, named: bool
) -> None:
    asked: list[RunRequest] = []

    def fetch(request: RunRequest, _deadline: Deadline) -> FetchedRun:
        asked.append(request)
        return FetchedRun(run=dated(), asked=())

    judge(ONLINE, policy, replace(local_ports(), fetch_run=fetch, ask_logs=Service()))
    assert [one.namesakes for one in asked] == [named]
    judge(ONLINE, policy, replace(local_ports(), fetch_run=fetch))
    assert [one.namesakes for one in asked] == [named, False]
