"""`gatekeeper sweep`, as a user starts it: recordings, folders, W&B, and one clear message for whatever is wrong."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.runs import RECORDINGS, command, write_lines
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_faults import EVERYWHERE
from tests.services.wandb_run import Run, Table, recorded
from tests.sweeps import PUBLISHED

FOUR = ("kl-explosion", "healthy", "no-learning", "regression")
GAMES = [["adapter_v9", "base_model", int(one)] for one in "1110" * 40]
EVEN = [["adapter_v9", "base_model", int(one)] for one in "1010" * 40]


def swept(*words: str | Path, cwd: Path, code: int = 11, env: dict[str, str] | None = None) -> dict[str, Any]:
    done = command("sweep", *words, "--format", "json", cwd=cwd, env=env or {})
    assert (done.returncode, done.stderr) == (code, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def names(document: dict[str, Any]) -> list[str]:
    return [row["name"] for row in document["rows"]]


def write_published(folder: Path) -> Path:
    for name, (gap, elo, kl) in PUBLISHED.items():
        row = {"step": 20, "elo/base_model": elo, "elo/adapter_v20": elo + gap, "kl": kl}
        write_lines(folder / f"{name}.jsonl", [row])
    return folder


def run_lines(path: Path, values: list[float]) -> Path:
    return write_lines(path, [{"step": step, "kl": value} for step, value in enumerate(values)])


def games_lines(path: Path, agent: str, won: int, lost: int) -> Path:
    games = [{"a": agent, "b": "base_model", "score": int(n < won)} for n in range(won + lost)]
    return write_lines(path, games)


def test_published_last_values_in_a_folder_are_shown_and_name_nobody(tmp_path: Path) -> None:
    document = swept(write_published(tmp_path / "runs"), cwd=tmp_path)

    assert (document["verdict"], document["winner"]) == ("inconclusive", None)
    shown = {row["run"]: (row["gap"]["elo"], row["references"][0]["last"], row["kl_max"]) for row in document["rows"]}
    assert shown == PUBLISHED
    assert names(document) == ["H", "C", "A", "F", "G", "E", "D", "B"]
    assert all(row["steps"] == 20 and row["basis"] == "logged" and row["drop"] is None for row in document["rows"])
    assert [row["run"] for row in document["rows"] if row["flags"][0]["flag"] == "kl-runaway"] == ["H"]
    assert any("Which games would settle it: adapter_v20 of H against adapter_v20 of C" in s for s in
               document["sentences"])  # fmt: skip


def test_recordings_are_compared_by_their_games_on_one_scale(tmp_path: Path) -> None:
    document = swept(*(RECORDINGS / one for one in FOUR), cwd=tmp_path, code=0)

    assert names(document) == [f"league-{one}-s0" for one in FOUR]
    assert (document["verdict"], document["winner"]) == ("pass", "league-kl-explosion-s0")
    assert [row["flags"] != [] for row in document["rows"]] == [True, False, False, False]
    assert all(one["sure"] for one in document["comparisons"])
    assert [one["key"] for one in document["config"]] == ["recipe"]
    regression = document["rows"][3]
    assert regression["gap"]["high"] < 0 < regression["best"]["low"]
    assert {one["reference"] for one in regression["references"]} >= {"base_model", "chaos_bot"}


@pytest.mark.parametrize("name", ["regression", "league-regression-s0"])
def test_a_run_is_left_out_by_the_name_that_tables_call_it(name: str, tmp_path: Path) -> None:
    document = swept(*(RECORDINGS / one for one in FOUR), "--without", name, cwd=tmp_path, code=0)

    assert names(document) == [f"league-{one}-s0" for one in FOUR[:3]]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_recordings_are_told_to_people(tmp_path: Path, form: str) -> None:
    done = command("sweep", *(RECORDINGS / one for one in FOUR), "--format", form, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "league-kl-explosion-s0 is stronger than every other run" in done.stdout
    assert ("```mermaid" in done.stdout) is (form == "markdown")
    assert form == "markdown" or max(map(len, done.stdout.splitlines())) <= 80


def test_the_same_command_prints_the_same_bytes(tmp_path: Path) -> None:
    words = ("sweep", RECORDINGS / "healthy", RECORDINGS / "short", "--format", "json")

    first = command(*words, cwd=tmp_path)
    second = command(*words, cwd=tmp_path, env={"TZ": "Asia/Kathmandu", "LC_ALL": "C"})

    assert first.stdout == second.stdout


def test_a_folder_of_runs_is_its_runs_and_a_prefix_chooses_some(tmp_path: Path) -> None:
    for name in ("lr-1", "lr-2", "beta-1"):
        run_lines(tmp_path / "runs" / f"{name}.jsonl", [0.01, 0.02])
    (tmp_path / "runs" / "latest").symlink_to(tmp_path / "runs" / "lr-1.jsonl")
    (tmp_path / "runs" / "events.jsonl").write_text('{"event": "x"}\n')

    everything, some = swept("runs", cwd=tmp_path), swept("runs", "--sweep", "lr-", cwd=tmp_path)

    assert sorted(names(everything)) == ["beta-1", "lr-1", "lr-2"]
    assert sorted(names(some)) == ["lr-1", "lr-2"]
    assert sorted(names(swept("runs", "--without", "lr-2", cwd=tmp_path))) == ["beta-1", "lr-1"]


def test_games_beside_several_runs_belong_to_the_runs_that_their_agents_are_called_by(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_lines(tmp_path / f"{name}.jsonl", [0.01, 0.02])
    lines = [{"a": "one/adapter_v5", "b": "two/adapter_v5", "score": int(n % 10 > 0)} for n in range(200)]
    lines += [{"a": "one/adapter_v5", "b": "base_model", "score": n % 2} for n in range(40)]
    write_lines(tmp_path / "games.jsonl", lines)

    beside = swept("one.jsonl", "two.jsonl", cwd=tmp_path, code=0)
    (tmp_path / "games.jsonl").rename(tmp_path / "cross.jsonl")
    named = swept("one.jsonl", "two.jsonl", "--games", "cross.jsonl", cwd=tmp_path, code=0)

    assert beside["winner"] == named["winner"] == "one"
    assert beside["rows"] == named["rows"]


def test_bundles_are_compared_by_the_games_in_them(tmp_path: Path) -> None:
    for recipe in ("healthy", "regression"):
        done = command("check", RECORDINGS / recipe, "--profile", "league", "--out", recipe, cwd=tmp_path)
        assert done.returncode in {0, 10, 11}

    document = swept("healthy", "regression", cwd=tmp_path, code=0)

    assert document["winner"] == "league-healthy-s0"


def test_a_run_shows_in_a_sweep_what_its_verdict_tells(tmp_path: Path) -> None:
    profiles = ("--profile", "grpo", "--profile", "league")
    runs = ("no-learning", "regression")
    verdicts = [command("check", RECORDINGS / one, *profiles, "--format", "json", cwd=tmp_path) for one in runs]

    document = swept(*(RECORDINGS / one for one in runs), cwd=tmp_path, code=0)

    told = {row["name"]: row["diagnosis"] for row in document["rows"]}
    assert told == {(verdict := json.loads(one.stdout))["run"]["name"]: verdict["diagnosis"] for one in verdicts}
    assert {name: found[0]["pattern"] for name, found in told.items()} == {
        "league-no-learning-s0": "dead-signal",
        "league-regression-s0": "regression",
    }


def test_ratings_are_judged_where_that_is_asked(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(
        "version: 1\nextends: [grpo]\nonline-elo: {k: 32, update: sequential, seats: 4, games-per-step: 8}\n"
    )
    runs = (RECORDINGS / "healthy", RECORDINGS / "no-learning", "--series")
    rule = ("--k", "32", "--update", "sequential", "--seats", "4", "--games-per-step", "8")

    by_policy, by_hand = swept(*runs, "--policy", "p.yml", cwd=tmp_path), swept(*runs, *rule, cwd=tmp_path)

    assert by_policy == by_hand
    assert {row["basis"] for row in by_hand["rows"]} <= {"ratings", "logged"}
    assert {row["games"] for row in by_hand["rows"]} == {0}
    assert "--update" in " ".join(swept(*runs, cwd=tmp_path)["sentences"])


BAD = {
    "nothing": ((), "expected runs, a folder of runs, or --sweep"),
    "one run": (("a.jsonl",), "expected at least two runs to compare, got a alone"),
    "one run twice": (
        ("a.jsonl", "./a.jsonl", "b.jsonl"),
        "a.jsonl: expected every run once, got it again",
    ),
    "no such run": (("a.jsonl", "nosuch.jsonl"), "nosuch.jsonl: expected a run, found nothing there"),
    "an empty name": (("a.jsonl", ""), "an empty name: expected a run"),
    "an empty folder": (("a.jsonl", "empty"), "empty: expected a run, got an empty folder"),
    "an empty file": (("a.jsonl", "zero.jsonl"), "zero.jsonl: expected"),
    "a group nowhere": (("--group", "g"), "--group: expected --project ENTITY/PROJECT"),
    "a prefix nowhere": (("--sweep", "lr"), "or name the folder that holds the runs"),
    "an empty prefix": (("a.jsonl", "b.jsonl", "--sweep", ""), "--sweep: expected a name, got none"),
    "a group and a sweep": (("--group", "g", "--wandb-sweep", "s", "--project", "t/l"), "expected one of them, got 2"),
    "a project alone": (("a.jsonl", "b.jsonl", "--project", "t/l"), "--project: expected --sweep, --group"),
    "a project that is none": (("--group", "g", "--project", "league"), "--project league: expected ENTITY/PROJECT"),
    "no key": (("--group", "g", "--project", "t/l"), "WANDB_API_KEY: expected a key"),
    "a run to leave out that is none": (("a.jsonl", "b.jsonl", "--without", "c"), "--without c: expected the name or"),
    "too sure": (("a.jsonl", "b.jsonl", "--confidence", "1"), "--confidence: expected at least 0.5 and below 1"),
    "a rule of ratings for games": (("x", "y", "--k", "32"), "--k: expected logged ratings, got games; give --series"),
    "a rule that is none": (("x", "y", "--series", "--k", "-1"), "k: expected 0.001 to 1,000,000, got -1"),
    "no such reference": (("x", "y", "--reference", "base-model"), "did you mean `base_model`?"),
    "no such games": (("a.jsonl", "b.jsonl", "--games", "no.jsonl"), "no.jsonl: expected"),
    "games without a reference": (("a.jsonl", "b.jsonl", "--games", "alone.jsonl"), "expected a fixed reference"),
    "a bundle and a run": (("both", "a.jsonl"), "expected a run or a bundle, got a folder with both"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    words, told = BAD[name]
    for run in ("a", "b"):
        run_lines(tmp_path / f"{run}.jsonl", [0.01, 0.02])
    for run, won in (("x", 30), ("y", 20)):
        run_lines(tmp_path / run / "run.jsonl", [0.01])
        games_lines(tmp_path / run / "games.jsonl", "adapter_v1", won, 20)
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.jsonl").touch()
    write_lines(tmp_path / "alone.jsonl", [{"a": "adapter_v1", "b": "adapter_v2", "score": 1}])
    if name == "a bundle and a run":
        run_lines(tmp_path / "both" / "c.jsonl", [0.01] * 20)
        command("check", tmp_path / "both" / "c.jsonl", "--profile", "grpo", "--out", "both", cwd=tmp_path)

    done = command("sweep", *words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


# --- W&B ------------------------------------------------------------------------------------------------------------


def online(name: str, games: list[list[object]], **more: Any) -> Run:
    rows = [{"_step": step, "kl": 0.01, "reward": step} for step in range(30)]
    table = Table(columns=["a", "b", "score"], data=games)
    return Run(name=name, display=f"grpo {name}", rows=rows, tables={"games": table}, **more)


RUNS = (
    online("aa", GAMES, group="ablation", sweep="s1", config={"lr": 1e-5, "seed": 1}),
    online("bb", EVEN, group="ablation", sweep="s1", config={"lr": 3e-5, "seed": 2}),
    online("cc", EVEN, group="other", sweep="s2"),
)


@pytest.mark.parametrize("words", [("--group", "ablation"), ("--wandb-sweep", "s1"), ("--sweep", "grpo")])
def test_runs_of_a_group_a_sweep_or_a_prefix_are_found_on_wandb(words: tuple[str, ...], tmp_path: Path) -> None:
    runs = RUNS if words[0] == "--sweep" else RUNS[:2]
    with Wandb(*RUNS) as server:
        env = server.environment()
        code = 11 if words[0] == "--sweep" else 0
        document = swept(*words, "--project", "team/league", cwd=tmp_path, code=code, env=env)
        assert server.key not in json.dumps(document)

    assert sorted(row["id"] for row in document["rows"]) == [run.name for run in runs]
    assert {row["basis"] for row in document["rows"]} == {"games"}
    if code == 0:
        assert document["winner"] == "grpo aa"
        assert document["config"] == [{"key": "lr", "values": {"grpo aa": 1e-5, "grpo bb": 3e-5}}]
        assert document["config_noise"] == ["seed"]
    else:
        assert any("are the same to the last" in sentence for sentence in document["sentences"])


def test_a_run_that_is_left_out_is_not_fetched(tmp_path: Path) -> None:
    with Wandb(*RUNS) as server:
        words = ("--sweep", "grpo", "--project", "team/league", "--without", "cc")
        document = swept(*words, cwd=tmp_path, code=0, env=server.environment())
        fetched = {asked.get("name") or asked.get("run") for asked in server.variables("Run")}

    assert sorted(row["id"] for row in document["rows"]) == ["aa", "bb"]
    assert "cc" not in fetched


def test_runs_on_wandb_and_on_this_machine_are_compared(tmp_path: Path) -> None:
    with Wandb(recorded("healthy")) as server:
        words = ("team/league/league-healthy-s0", RECORDINGS / "regression")
        document = swept(*words, cwd=tmp_path, env=server.environment())

    assert [row["basis"] for row in document["rows"]].count("games") == 1  # the recording logged no table of games
    assert document["winner"] is None


def test_a_group_without_runs_is_told(tmp_path: Path) -> None:
    with Wandb(*RUNS) as server:
        done = command("sweep", "--group", "none", "--project", "team/league", cwd=tmp_path, env=server.environment())

    assert done.returncode == 2
    assert done.stderr == (
        "gatekeeper: --group none: expected runs of team/league on W&B, found none; check the name\n"
    )


@pytest.mark.parametrize("operation", ["Runs", "Run"])
def test_the_deadline_holds_for_finding_and_for_fetching_together(operation: str, tmp_path: Path) -> None:
    with Wandb(*RUNS) as server:
        server.faults[operation] = Fault(behave=EVERYWHERE["hang"](server), after=1 if operation == "Run" else 0)
        begun = time.monotonic()
        words = ("--group", "ablation", "--project", "team/league", "--deadline", "6")
        done = command("sweep", *words, cwd=tmp_path, env=server.environment())
        seconds = time.monotonic() - begun

    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert seconds < 9


def test_recorded_games_may_lie_beside_plain_files(tmp_path: Path) -> None:
    for recipe in ("healthy", "regression"):
        folder = tmp_path / recipe
        run_lines(folder / "run.jsonl", [0.01, 0.02])
        packed = (RECORDINGS / recipe / "games.jsonl.gz").read_bytes()
        (folder / "games.jsonl").write_bytes(gzip.decompress(packed))
    shutil.copytree(RECORDINGS / "short", tmp_path / "short")

    document = swept(*(tmp_path / one for one in ("healthy", "regression", "short")), cwd=tmp_path, code=0)

    assert [row["games"] > 500 for row in document["rows"]] == [True] * 3
