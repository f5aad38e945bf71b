"""Runs on W&B from the name a user gives to the verdict, by the real client within this process."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from action.cli.online import service_ports
from action.deadline import Deadline
from action.errors import InputError, ServiceError, UsageError
from action.pipeline import Judged, check_run
from action.report.document import verdict_json
from action.settings import CheckSettings, PolicyText, profile_policy
from checks.result import Decision
from checks.run import NoteKind, RunData, RunState
from tests.runs import NOW, POLICY, judge_path, kl, write_output
from tests.services.loopback import Exchange
from tests.services.wandb import ENTITY, PROJECT, TABLE, Fault, Wandb
from tests.services.wandb_client import runs_of
from tests.services.wandb_run import Artifact, Run, Table, parquet, recorded, recorded_file

pytestmark = pytest.mark.usefixtures("wandb_client")

ROWS = [{"_step": step, "kl": kl(step), "reward": step / 40} for step in range(40)]
REF = f"{ENTITY}/{PROJECT}/abc123"
STRENGTH = 'version: 1\nchecks: {kl: {metric: kl, stat: mean, pass: "< 1"}, strength: {elo: {elo1: 100}}}\n'


def judge_by(server: Wandb, ref: str = REF, policy: str = POLICY, **settings: Any) -> Judged:
    """Judge a run of a server as `check` does, at a fixed time."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        chosen = {"now": NOW, "fallback_policy": profile_policy(("grpo",)), "deadline": 20.0, **settings}
        text = PolicyText(text=policy, source="policy.yml")
        return check_run(CheckSettings(ref=ref, policy=text, **chosen), service_ports())


def judge(run: Run, policy: str = POLICY, **settings: Any) -> Judged:
    with Wandb(run) as server:
        return judge_by(server, f"{ENTITY}/{PROJECT}/{run.name}", policy, **settings)


def refusal(*runs: Run, ref: str = REF, **settings: Any) -> str:
    with Wandb(*runs) as server, pytest.raises(InputError) as caught:
        judge_by(server, ref, **settings)
    return str(caught.value)


# Which run is meant.

SPELLINGS = (
    REF,
    f"wandb://{REF}",
    f"http://127.0.0.1/{ENTITY}/{PROJECT}/runs/abc123",
    f"http://127.0.0.1:80/{ENTITY}/{PROJECT}/runs/abc123/overview?nw=nwuser#files",
    f"{ENTITY}/{PROJECT}/grpo 7",
    f"wandb://{ENTITY}/{PROJECT}/grpo 7",
)


@pytest.mark.parametrize("ref", SPELLINGS)
def test_a_run_is_found_by_its_id_its_address_and_its_name(ref: str) -> None:
    with Wandb(Run(rows=ROWS), Run(name="other", display="another")) as server:
        judged = judge_by(server, ref)

    assert judged.verdict.run.id == "abc123"
    assert judged.verdict.run.name == "grpo 7"
    assert judged.verdict.decision is Decision.PASS


def test_the_address_of_another_server_is_refused() -> None:
    text = refusal(Run(rows=ROWS), ref=f"https://wandb.ai/{ENTITY}/{PROJECT}/runs/abc123")

    assert text == (
        "team/league/abc123: expected the address of a page of 127.0.0.1, got one of wandb.ai; set WANDB_BASE_URL to "
        "its server, or name the run as entity/project/run"
    )


def test_an_id_comes_before_a_name() -> None:
    with Wandb(Run(name="other", display="abc123"), Run(rows=ROWS)) as server:
        assert judge_by(server).verdict.run.name == "grpo 7"


def test_a_name_of_several_runs_lists_them_newest_first() -> None:
    old = Run(name="one", created_at="2026-01-01T00:00:00")
    new = Run(name="two", created_at="2026-02-01T00:00:00")

    expected = (
        "team/league/grpo 7: expected one run of that name, got 2: two (2026-02-01T00:00:00), one "
        "(2026-01-01T00:00:00); name its id"
    )
    assert expected == refusal(old, new, ref="team/league/grpo 7")


def test_of_many_runs_of_one_name_eight_are_listed() -> None:
    text = refusal(*(Run(name=f"id{number}") for number in range(30)), ref="team/league/grpo 7")

    assert "got 30: " in text
    assert text.endswith(" and 22 more; name its id")
    assert text.count("(2026") == 8


def test_a_service_that_ignores_filters_gives_no_other_run() -> None:
    with Wandb(Run(rows=ROWS, display="grpo 8"), Run(name="b", display="grpo 9")) as server:

        def everything(exchange: Exchange) -> None:
            edges = [{"node": run.node()} for run in server.runs]
            exchange.reply(200, {"data": {"project": {"runs": {"edges": edges, "pageInfo": {"hasNextPage": False}}}}})

        server.faults["Runs"] = Fault(behave=everything)
        with pytest.raises(InputError, match="expected a run on W&B, found none of that id or name"):
            judge_by(server, "team/league/grpo 7")


MISSING = {
    "team/league/nothing": "team/league/nothing: expected a run on W&B, found none of that id or name; check it in "
    "the project",
    "team/other/abc123": "team/other: expected a project on W&B, found none that this key may read; check the names "
    "and WANDB_API_KEY",
    "nobody/league/abc123": "nobody/league: expected a project on W&B, found none that this key may read; check the "
    "names and WANDB_API_KEY",
}


@pytest.mark.parametrize("ref", MISSING)
def test_what_is_not_there_is_said(ref: str) -> None:
    assert MISSING[ref] == refusal(Run(rows=ROWS), ref=ref)


HOSTILE = ('it\'s "quoted"', "a//b", "$regex", '{"$ne": 1}', "..a/..", "\u202edesrever", "<script>", "`rm`", "ключ")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.isprintable()])
def test_a_name_is_a_text_whatever_stands_in_it(name: str) -> None:
    with Wandb(Run(rows=ROWS, display=name), Run(name="other", display="other")) as server:
        judged = judge_by(server, f"wandb://{ENTITY}/{PROJECT}/{name}")

    assert judged.verdict.run.name == name
    assert server.variables("Runs")[0]["filters"] == json.dumps({"displayName": name})


@pytest.mark.parametrize("name", [*HOSTILE, "two\nlines", "\x1b[31mred", "::error::x"])
def test_a_hostile_display_name_reaches_the_verdict_as_it_is_and_breaks_nothing(tmp_path: Path, name: str) -> None:
    judged = judge(Run(rows=ROWS, display=name))

    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert json.loads(verdict_json(judged.verdict))["run"]["name"] == name
    assert verdict_json(judged.verdict) == verdict_json(again.verdict)


def test_a_run_without_a_display_name_is_called_by_its_id() -> None:
    assert judge(Run(rows=ROWS, changed={"displayName": None})).verdict.run.name == "abc123"


# Lists of runs.


def found(server: Wandb, filters: Mapping[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        runs = runs_of(server).find(ENTITY, PROJECT, filters, Deadline(seconds=20), Path(folder))
    return [run.id for run in runs]


def test_runs_are_found_by_what_they_say_of_themselves_newest_first() -> None:
    commit = "a" * 40
    runs = [
        Run(name=f"r{number}", commit=commit if number % 2 else None, group=f"g{number % 3}", tags=["t"] * (number < 2))
        for number in range(6)
    ]
    runs = [dataclasses.replace(run, created_at=f"2026-01-0{at + 1}T00:00:00") for at, run in enumerate(runs)]
    with Wandb(*runs, Run(name="x", display="sweep-7", sweep="s1")) as server:
        assert found(server, {"commit": commit}) == ["r5", "r3", "r1"]
        assert found(server, {"group": "g0"}) == ["r3", "r0"]
        assert found(server, {"tags": "t"}) == ["r1", "r0"]
        assert found(server, {"sweep": "s1"}) == ["x"]
        assert found(server, {"displayName": {"$regex": "^sweep-"}}) == ["x"]
        assert found(server, {"commit": "b" * 40}) == []


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (99, 1), (100, 1), (101, 2), (200, 2)])
def test_a_list_is_read_page_by_page_to_its_end(count: int, pages: int) -> None:
    with Wandb(*(Run(name=f"id{number}") for number in range(count))) as server:
        assert len(set(found(server, {}))) == count
        assert server.operations == ("Runs",) * pages


def test_a_list_of_ten_thousand_runs_is_refused_after_three_pages() -> None:
    with Wandb(*(Run(name=f"id{number}") for number in range(10_000))) as server:
        with pytest.raises(InputError) as caught:
            found(server, {})
        assert server.operations == ("Runs",) * 3

    assert str(caught.value) == "team/league: expected at most 200 runs that fit, got more; narrow it down"


def test_one_run_among_ten_thousand_is_found_by_two_questions() -> None:
    others = [Run(name=f"id{number}", display=f"n{number}") for number in range(10_000)]
    with Wandb(*others, Run(rows=ROWS)) as server:
        judge_by(server, f"{ENTITY}/{PROJECT}/grpo 7")

    assert server.operations[:3] == ("Run", "Runs", "Run")


# The state and the completeness of a run.

STATES = {
    "finished": (RunState.FINISHED, Decision.PASS),
    "running": (RunState.RUNNING, Decision.INCONCLUSIVE),
    "pending": (RunState.RUNNING, Decision.INCONCLUSIVE),
    "failed": (RunState.FAILED, Decision.INCONCLUSIVE),
    "crashed": (RunState.KILLED, Decision.INCONCLUSIVE),
    "killed": (RunState.INTERRUPTED, Decision.INCONCLUSIVE),
    "preempted": (RunState.KILLED, Decision.INCONCLUSIVE),
    "a state of tomorrow": (RunState.KILLED, Decision.INCONCLUSIVE),
}


@pytest.mark.parametrize("state", STATES)
def test_only_a_run_that_finished_passes(state: str) -> None:
    verdict = judge(Run(rows=ROWS, state=state)).verdict

    assert STATES[state] == (verdict.run.state, verdict.decision)


GAPS: dict[str, tuple[Mapping[str, Any], str]] = {
    "fewer rows than counted": (
        {"historyLineCount": 41},
        "W&B: the history has 41 rows, but 40 came, so the data are incomplete",
    ),
    "an earlier end": (
        {"historyKeys": {"lastStep": 60}},
        "W&B: the history ends at step 60, but what came at 39: the data are incomplete",
    ),
    "rows that nobody counted": (
        {"historyLineCount": None},
        "W&B: how many rows the history has is not said, so nobody knows whether it is complete",
    ),
}


@pytest.mark.parametrize("exported", [0, 30, 40])
@pytest.mark.parametrize("gap", GAPS)
def test_a_gap_in_the_history_is_inconclusive_and_says_so(gap: str, exported: int) -> None:
    changed, text = GAPS[gap]

    verdict = judge(Run(rows=ROWS, exported=exported, changed=changed)).verdict

    assert verdict.decision is Decision.INCONCLUSIVE
    assert (NoteKind.LOST, text) in [(note.kind, note.text) for note in verdict.notes]


def test_a_run_that_was_resumed_and_logs_steps_again_does_not_pass_unseen() -> None:
    rows = [*ROWS, *({"_step": step, "kl": 0.05} for step in range(20, 45))]

    verdict = judge(Run(rows=rows, files=1)).verdict

    assert verdict.decision is not Decision.PASS


@pytest.mark.parametrize("told", [True, -1, "40", 40.0])
def test_a_count_that_is_none_leaves_open_whether_the_history_is_whole(told: object) -> None:
    verdict = judge(Run(rows=ROWS, changed={"historyLineCount": told})).verdict

    assert verdict.decision is Decision.INCONCLUSIVE
    assert GAPS["rows that nobody counted"][1] in [note.text for note in verdict.notes]


def test_a_part_that_comes_twice_in_place_of_another_is_seen() -> None:
    parts = [parquet(ROWS[at : at + 10]) for at in (0, 0, 20, 30)]

    verdict = judge(Run(rows=ROWS, stored=parts)).verdict

    assert verdict.decision is Decision.INCONCLUSIVE
    assert [note.text for note in verdict.notes if note.kind is NoteKind.LOST] == [
        "W&B: the history has 40 rows, but only 30 steps came, 10 rows among them repeat one, so the data may be "
        "incomplete"
    ]


def broken(run: Run, **settings: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        judge(run, **settings)
    return str(caught.value)


def test_more_exported_rows_than_are_counted_are_refused() -> None:
    expected = (
        "W&B: expected an exported history of at most 39 rows, as it counts, got 40; run again, or judge the run's "
        "local files"
    )
    assert broken(Run(rows=ROWS, changed={"historyLineCount": 39})) == expected


def test_a_run_that_goes_on_may_have_grown_since_it_was_counted() -> None:
    verdict = judge(Run(rows=ROWS, state="running", changed={"historyLineCount": 39})).verdict

    assert verdict.run.state is RunState.RUNNING


def test_more_rows_than_can_be_held_are_refused_over_all_parts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.sources.tables.MAX_ROWS", 39)

    assert broken(Run(rows=ROWS, files=4)).startswith("W&B: expected an exported history of at most 39, got 40; run")


def test_a_history_is_not_read_beyond_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ", ".join(f"sin(i * {number}) AS m{number}" for number in range(40))
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        file = Path(folder) / "part.parquet"
        select = f"SELECT i AS _step, {cells} FROM range(200000) t(i)"  # noqa: S608 - names of this test
        connection.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet)")
        run = Run(rows=ROWS, stored=[file.read_bytes()] * 20, changed={"historyLineCount": 4_000_000})
    begun = time.monotonic()

    text = broken(run, deadline=1.5)

    assert "deadline" in text
    assert time.monotonic() - begun < 3.5


def test_a_run_without_history_does_not_pass() -> None:
    assert judge(Run()).verdict.decision is Decision.INCONCLUSIVE


# The checkpoint.

ADAPTERS = (
    Artifact(name="adapter_v10", version=0, digest="1" * 32, created_at="2026-01-02T03:10:00Z"),
    Artifact(
        name="adapter_v20", version=3, digest="2" * 32, aliases=["latest", "best"], created_at="2026-01-02T03:20:00Z"
    ),
    Artifact(name="adapter_v30", digest="3" * 32, state="PENDING", created_at="2026-01-02T03:30:00Z"),
    Artifact(name="samples", kind="dataset", digest="4" * 32, created_at="2026-01-02T03:40:00Z"),
)
CHECKPOINTS = {
    "newest": "adapter_v20",
    "adapter_v20": "adapter_v20",
    "adapter_v20:v3": "adapter_v20",
    "adapter_v20:best": "adapter_v20",
    "team/league/adapter_v20:v3": "adapter_v20",
    "adapter_v10:v0": "adapter_v10",
}


@pytest.mark.parametrize("asked", CHECKPOINTS)
def test_a_checkpoint_is_an_artifact_of_the_run_with_step_and_digest(asked: str) -> None:
    document = json.loads(verdict_json(judge(Run(rows=ROWS, artifacts=ADAPTERS), checkpoint=asked).verdict))

    name = CHECKPOINTS[asked]
    step = int(name[-2:])
    assert document["checkpoint"] == {
        "name": name,
        "step": step,
        "artifact": f"team/league/{name}:v{3 if step == 20 else 0}",
        "digest": "wandb:" + str(step // 10) * 32,
    }


@pytest.mark.parametrize(
    "asked", ["adapter_v30", "samples", "other:v0", "team/elsewhere/adapter_v20:v3", "adapter_v20:v9"]
)
def test_what_the_run_did_not_commit_as_a_model_is_refused(asked: str) -> None:
    expected = (
        f"{asked}: expected a model artifact that the run grpo 7 logged, got another; its newest are: "
        "team/league/adapter_v10:v0, team/league/adapter_v20:v3"
    )
    assert expected == refusal(Run(rows=ROWS, artifacts=ADAPTERS), checkpoint=asked)


def test_a_plain_name_that_no_artifact_has_is_a_checkpoint_without_a_digest() -> None:
    document = json.loads(verdict_json(judge(Run(rows=ROWS, artifacts=ADAPTERS), checkpoint="adapter_v99").verdict))

    assert document["checkpoint"] == {"name": "adapter_v99", "step": 99, "artifact": None, "digest": None}


def test_a_run_without_models_has_no_newest_one() -> None:
    verdict = judge(Run(rows=ROWS, artifacts=ADAPTERS[2:]), checkpoint="newest").verdict

    assert verdict.checkpoint is None
    assert any("names no checkpoint, and can promote none" in note.text for note in verdict.notes)


def test_all_pages_of_artifacts_are_read() -> None:
    many = [Artifact(version=at, digest=f"{at:032d}", created_at=f"2026-01-02T03:04:05.{at:06d}Z") for at in range(250)]
    with Wandb(Run(rows=ROWS, artifacts=many)) as server:
        checkpoint = judge_by(server, checkpoint="newest").verdict.checkpoint
        assert server.operations.count("RunOutputArtifacts") == 3

    assert checkpoint is not None
    assert checkpoint.artifact == "team/league/adapter:v249"


def test_the_step_of_a_checkpoint_may_stand_in_its_metadata() -> None:
    run = Run(rows=ROWS, artifacts=[Artifact(metadata={"global_step": 40})])

    checkpoint = judge(run, checkpoint="newest").verdict.checkpoint

    assert checkpoint is not None
    assert checkpoint.step == 40


# Games that the run logged as a table.


def games(candidate: str, results: str) -> Table:
    return Table(columns=["a", "b", "score"], data=[[candidate, "base_model", int(sign)] for sign in results])


@pytest.mark.parametrize("key", ["games", "league/games"])
def test_games_that_the_run_logged_as_a_table_are_rated(tmp_path: Path, key: str) -> None:
    better = Run(rows=ROWS, tables={key: games("adapter_v20", "1110" * 40)}, artifacts=ADAPTERS)

    judged = judge(better, STRENGTH, checkpoint="newest")
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert judged.verdict.decision is Decision.PASS
    assert verdict_json(judged.verdict) == verdict_json(again.verdict)


def test_games_of_another_checkpoint_than_the_one_that_is_promoted_prove_nothing() -> None:
    run = Run(rows=ROWS, tables={"games": games("adapter_v20", "1110" * 40)}, artifacts=ADAPTERS)

    verdict = judge(run, STRENGTH, checkpoint="adapter_v10").verdict

    assert verdict.decision is Decision.INCONCLUSIVE


def test_games_that_were_lost_fail() -> None:
    run = Run(rows=ROWS, tables={"games": games("adapter_v20", "0001" * 40)})

    assert judge(run, STRENGTH).verdict.decision is Decision.FAIL


def test_no_games_are_no_pass() -> None:
    assert judge(Run(rows=ROWS), STRENGTH).verdict.decision is Decision.INCONCLUSIVE


def test_games_of_other_bytes_than_were_logged_are_refused() -> None:
    other = games("adapter_v20", "1111" * 40).content
    with Wandb(Run(rows=ROWS, tables={"games": games("adapter_v20", "0001" * 40)})) as server:
        server.faults[TABLE] = Fault(behave=lambda exchange: exchange.reply(200, other))
        with pytest.raises(ServiceError) as caught:
            judge_by(server, policy=STRENGTH)

    assert str(caught.value) == "W&B: expected the table games as it was logged, got other bytes; run again"


def test_games_that_cannot_be_read_are_called_what_they_are_on_the_service() -> None:
    run = Run(rows=ROWS, tables={"games": Table(columns=["x", "y"], data=[[1, 2]])})
    with Wandb(run) as server, pytest.raises(InputError) as caught:
        judge_by(server, policy=STRENGTH)

    assert str(caught.value).startswith("team/league/abc123: the table games")
    assert "gatekeeper-" not in str(caught.value)


def test_games_are_not_asked_for_where_no_check_asks_of_them() -> None:
    with Wandb(Run(rows=ROWS, tables={"games": games("a_v1", "1")})) as server:
        judge_by(server)

    assert server.operations == ("Run", "RunParquetHistory", "parquet", "parquet")


# The same verdict as from the file, and from the bundle.


@pytest.mark.parametrize("recipe", ["healthy", "kl-explosion", "nan-gradient", "short", "double-logging", "killed"])
def test_a_recording_gives_the_verdict_of_its_file(tmp_path: Path, recipe: str) -> None:
    policy = "version: 1\nextends: grpo\n"
    expected = json.loads(verdict_json(judge_path(recorded_file(recipe), policy).verdict))
    judged = judge(recorded(recipe, exported=70), policy)

    document = json.loads(verdict_json(judged.verdict))
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert [_told(check) for check in expected["checks"]] == [_told(check) for check in document["checks"]]
    assert expected["verdict"] == document["verdict"]
    assert expected["headline"] == document["headline"]
    assert verdict_json(judged.verdict) == verdict_json(again.verdict)
    assert judged.files == again.files


def _told(check: dict[str, Any]) -> str:
    """Write a check without the name of what was read, and without the exit code, which the service does not tell."""
    return json.dumps(check).replace("W&B file", "W&B run").replace(" with exit code 0", "")


def test_without_a_key_what_to_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    with Wandb(Run(rows=ROWS)) as server:
        server.key = ""
        with pytest.raises(InputError) as caught:
            judge_by(server)

    expected = "WANDB_API_KEY: expected a key to read runs on W&B, got none; set it, or name local files of the run"
    assert expected == str(caught.value)


@pytest.mark.parametrize("key", ["short", "k" * 39, "k" * 30 + " " + "k" * 30, "k" * 40 + "\nX: 1", "ключ" * 12])
def test_a_key_that_is_none_is_not_sent(key: str) -> None:
    with Wandb(Run(rows=ROWS)) as server:
        server.key = key
        with pytest.raises((InputError, UsageError)) as caught:
            judge_by(server)
        assert server.requests == ()

    assert key not in str(caught.value)


def test_a_baseline_may_be_a_run_on_the_service_too() -> None:
    policy = f"""\
version: 1
checks:
  kl-p95: {{metric: kl, stat: p95, pass: "< 0.1", min-samples: 5}}
  better: {{metric: reward, stat: mean, baseline: {{run: {ENTITY}/{PROJECT}/base, max-drop: 5%}}}}
"""
    base = Run(name="base", display="base", rows=[{**row, "reward": row["reward"] - 0.1} for row in ROWS])
    with Wandb(Run(rows=ROWS), base) as server:
        judged = judge_by(server, policy=policy)

    baseline = judged.bundle.evidence.baselines[f"{ENTITY}/{PROJECT}/base"]
    assert isinstance(baseline, RunData)
    assert baseline.identity.name == "base"
    assert len(judged.bundle.evidence.asked) == 2
