"""`gatekeeper policy backtest` on recorded runs: with labels, by two policies, damaged, by any number of processes."""

from __future__ import annotations

import json
import shutil
import tarfile
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.runs import POLICY, RECORDINGS, command, judge_path, rows, write_lines, write_output, write_run

PROFILES = ("--profile", "grpo", "--profile", "league", "--profile", "pipeline")
TRUTH = "run,label,wrong\n" + "".join(
    f"{path.name},{'good' if path.name == 'healthy' else 'bad'},{path.name.replace('-', ' ')}\n"
    for path in sorted(RECORDINGS.iterdir())
)
LOOSE = POLICY.replace("< 0.1", "< 5").replace(">= 0.15", ">= 9")


def tried(*words: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    """Run a back-test and give its JSON, which is valid."""
    done = command("policy", "backtest", *words, "--format", "json", cwd=cwd)
    assert (done.returncode, done.stderr) == (code, "")
    schema = json.loads(resources.files("action").joinpath("schemas", "backtest.schema.json").read_text("utf-8"))
    found: dict[str, Any] = json.loads(done.stdout)
    assert [f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema).iter_errors(found)] == []
    return found


def runs(folder: Path, count: int, *, wild: int = 0) -> Path:
    """Write runs whose KL differs a little; the last `wild` ones have far too much of it."""
    for number in range(count):
        scale = 40.0 if number >= count - wild else 1 + number / 100
        made = [{**row, "kl": row["kl"] * scale} for row in rows()]  # type: ignore[operator]
        write_run(folder, made, f"run-{number:03}.jsonl")
    return folder


@pytest.fixture(name="policy")
def _policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


def test_a_run_and_its_bundle_and_its_other_paths_count_once(tmp_path: Path, policy: Path) -> None:
    past = runs(tmp_path / "past", 3)
    command("check", past / "run-001.jsonl", "--policy", policy, "--out", tmp_path / "past" / "out", cwd=tmp_path)
    labels = tmp_path / "labels.csv"
    labels.write_text("run,label\nrun-000,good\nrun-001,good\nrun-002,good\n")

    found = tried("past", past / "run-000.jsonl", "--labels", labels, "--policy", policy, cwd=tmp_path)

    assert found["confusion"]["false_block"]["of"] == 3
    assert sum("counted once" in note["text"] for note in found["notes"]) == 2


def test_a_run_by_a_link_of_another_name_counts_once_though_nothing_of_it_is_measured(tmp_path: Path) -> None:
    run = write_run(tmp_path / "one")
    (tmp_path / "link.jsonl").symlink_to(run)
    (tmp_path / "policy.yml").write_text(POLICY.replace("metric: kl", "metric: nothing"))

    found = tried("one/run.jsonl", "one/../link.jsonl", "./link.jsonl", run, "--policy", "policy.yml", cwd=tmp_path)

    assert [row["same_as"] for row in found["rows"]] == [None, *["one/run.jsonl"] * 3]


def test_two_seeds_of_one_name_count_twice_and_a_bundle_counts_for_its_own(tmp_path: Path, policy: Path) -> None:
    """What the policy asks of is alike in both; the rest of their logs is not."""
    for seed in (1, 2):
        write_run(tmp_path / f"s{seed}", [{**row, "reward": seed} for row in rows()])
    write_output(judge_path(tmp_path / "s1" / "run.jsonl"), tmp_path / "out")
    packed = tmp_path / "out.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(tmp_path / "out" / "evidence", arcname="evidence")

    found = tried("s1", "s2", "out", "out/evidence", packed, "--policy", policy, cwd=tmp_path)

    assert [row["same_as"] for row in found["rows"]] == [None, None, *["s1/run.jsonl"] * 3]


def test_a_label_that_is_the_path_of_one_run_and_the_name_of_another_is_refused(tmp_path: Path) -> None:
    """The recording of a healthy run is called `league-healthy-s0`; the other folder only looks like it."""
    shutil.copytree(RECORDINGS / "healthy", tmp_path / "bt" / "h1")
    shutil.copytree(RECORDINGS / "kl-explosion", tmp_path / "bt" / "league-healthy-s0")
    labels = tmp_path / "bt" / "labels.csv"
    told = []
    for text in ("league-healthy-s0,good\n", "./league-healthy-s0,bad\nh1,good\n", "h1,good\nbt/h1,bad\n"):
        labels.write_text(f"run,label\n{text}")
        found = tried("bt", "--labels", labels, "--profile", "grpo", cwd=tmp_path)
        told.append(
            (
                [row["label"] for row in found["rows"] if row["verdict"] != "unreadable"],
                [note["text"] for note in found["notes"]],
            )
        )

    refused, clear, conflict = told
    assert refused == (
        [None, None],
        [
            "The label of league-healthy-s0 (line 2) was not used: it fits 2 runs; "
            "write ./bt/h1 or ./bt/league-healthy-s0."
        ],
    )
    assert clear == (["good", "bad"], [])
    assert conflict[0] == ["good", None]
    assert "names the same run and calls it good; keep one" in conflict[1][0]


def test_recordings_are_held_against_what_is_known_of_them(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(TRUTH)

    found = tried(RECORDINGS, "--labels", labels, *PROFILES, cwd=tmp_path)

    assert found["confusion"]["good"] == {"pass": 1, "fail": 0, "inconclusive": 0, "error": 0}
    assert found["confusion"]["bad"] == {"pass": 0, "fail": 6, "inconclusive": 3, "error": 0}
    assert found["confusion"]["false_pass"] | {"high": None} == {
        "hits": 0,
        "of": 9,
        "share": 0.0,
        "low": 0.0,
        "high": None,
    }
    assert [row["label"] for row in found["rows"]].count("good") == 1
    assert {row["run"].rpartition("/")[2]: row["deciding"] for row in found["rows"]}["no-learning"] == ["zero-variance"]
    # Three of the recordings have the same games, which are one observation.
    assert found["calibration"]["errors"]["of"] == 8
    assert found["notes"] == []


def test_two_policies_are_told_apart_run_by_run(tmp_path: Path, policy: Path) -> None:
    other = tmp_path / "loose.yml"
    other.write_text(LOOSE)
    runs(tmp_path / "runs", 4, wild=1)

    found = tried("runs", "--policy", policy, "--against", other, cwd=tmp_path, code=10)

    assert found["changes"] == [
        {"run": "runs/run-003.jsonl", "before": "pass", "after": "fail", "label": None, "checks": ["kl-p95"]}
    ]
    assert [row["against"] for row in found["rows"]] == ["pass"] * 4


@pytest.mark.parametrize(("label", "code"), [("bad", 0), ("good", 10)])
def test_a_change_for_the_better_is_no_fault(tmp_path: Path, policy: Path, label: str, code: int) -> None:
    other = tmp_path / "loose.yml"
    other.write_text(LOOSE)
    runs(tmp_path / "runs", 2, wild=1)
    (tmp_path / "labels.yml").write_text(f"runs/run-000.jsonl: good\nrun-001: {label}\n")

    found = tried("runs", "--policy", policy, "--against", other, "--labels", "labels.yml", cwd=tmp_path, code=code)

    assert len(found["changes"]) == 1


def test_bounds_come_from_good_runs_and_can_be_pasted(tmp_path: Path, policy: Path) -> None:
    runs(tmp_path / "runs", 42, wild=2)
    listed = "".join(f"run-{number:03},{'good' if number < 40 else 'bad'}\n" for number in range(42))
    (tmp_path / "labels.csv").write_text(f"run,label\n{listed}")

    found = tried("runs", "--policy", policy, "--labels", "labels.csv", cwd=tmp_path)

    (bound,) = found["proposals"]["bounds"]
    assert (bound["n"], bound["bad"], bound["bad_stopped"]) == (40, 2, 2)
    assert bound["rate"] <= 0.05 <= bound["high"]
    assert bound["left_out_alarms"] <= 2
    tuned = POLICY.replace('pass: "< 0.1", fail: ">= 0.15"', f'pass: "{bound["pass"]}", fail: "{bound["fail"]}"')
    policy.write_text(tuned)
    again = tried("runs", "--policy", policy, "--labels", "labels.csv", cwd=tmp_path, code=10)
    assert again["confusion"]["false_pass"]["hits"] == 0
    # One of 40: that is what the rate allows.
    assert again["confusion"]["false_block"]["hits"] == 1


def test_what_a_terminal_shows_can_be_pasted_under_the_profile_that_was_tried(tmp_path: Path) -> None:
    runs(tmp_path / "runs", 24)
    (tmp_path / "labels.csv").write_text("run,label\n" + "".join(f"run-{number:03},good\n" for number in range(24)))
    words = ("policy", "backtest", "runs", "--profile", "grpo", "--labels", "labels.csv")

    shown = command(*words, cwd=tmp_path, env={"COLUMNS": "50"}).stdout
    block = shown[shown.index("\nchecks:\n") + 1 : shown.index("\n\nBounds: ")]
    (tmp_path / "tuned.yml").write_text(f"version: 1\nextends: grpo\n{block}\n")
    linted = command("policy", "lint", "tuned.yml", cwd=tmp_path)

    assert '    pass: "<= 0.' in block
    assert (linted.returncode, linted.stderr) == (0, "")


def test_damaged_runs_are_rows_with_the_reason(tmp_path: Path, policy: Path) -> None:
    runs(tmp_path / "runs", 2)
    write_output(judge_path(tmp_path / "runs" / "run-000.jsonl"), tmp_path / "runs" / "deep" / "bundle")
    (tmp_path / "runs" / "deep" / "bundle" / "evidence" / "logs.json").write_text("{}")
    (tmp_path / "runs" / "empty.jsonl").touch()
    (tmp_path / "runs" / "noise.wandb").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "runs" / "not.tar.gz").write_bytes(b"no archive")
    (tmp_path / "runs" / "README.md").write_text("Not a run.")
    write_lines(tmp_path / "runs" / "games.jsonl", [{"a": "x", "b": "y", "score": 1}])
    (tmp_path / "runs" / "loop").symlink_to(tmp_path / "runs")

    found = tried("runs", "nowhere", "--policy", policy, cwd=tmp_path)

    assert {row["run"].removeprefix("runs/"): row["verdict"] for row in found["rows"]} == {
        "deep/bundle": "unreadable",
        "empty.jsonl": "unreadable",
        "noise.wandb": "unreadable",
        "not.tar.gz": "unreadable",
        "nowhere": "unreadable",
        "run-000.jsonl": "pass",
        "run-001.jsonl": "pass",
    }
    assert all(row["reason"] for row in found["rows"] if row["verdict"] == "unreadable")


def test_nothing_that_can_be_judged_ends_with_2(tmp_path: Path, policy: Path) -> None:
    (tmp_path / "runs").mkdir()

    found = tried("runs", "--policy", policy, cwd=tmp_path, code=2)

    assert found["rows"][0]["reason"].startswith("runs: expected a run, got an empty folder")


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_the_answer_does_not_depend_on_how_many_processes_give_it(tmp_path: Path, policy: Path, form: str) -> None:
    folder = runs(tmp_path / "runs", 12, wild=1)
    shutil.copytree(RECORDINGS / "killed", folder / "killed")

    told = [
        command("policy", "backtest", "runs", "--policy", policy, "--format", form, "--jobs", jobs, cwd=tmp_path)
        for jobs in ("1", "3")
    ]

    assert told[0].stdout == told[1].stdout
    assert [(one.returncode, one.stderr) for one in told] == [(0, "")] * 2


def test_a_bundle_is_judged_as_check_judges_it(tmp_path: Path) -> None:
    for name in ("healthy", "kl-explosion"):
        policy = "version: 1\nextends: [grpo, league]\n"
        write_output(judge_path(RECORDINGS / name, policy), tmp_path / "past" / name)
    (tmp_path / "policy.yml").write_text(policy)

    found = tried("past", "--policy", "policy.yml", cwd=tmp_path)

    for row in found["rows"]:
        verdict = json.loads((tmp_path / row["run"] / "verdict.json").read_text())
        assert (row["verdict"], row["name"]) == (verdict["verdict"], verdict["run"]["name"])


HOSTILE: dict[str, str | bytes] = {
    "no-columns.csv": "name,good\na,b\n",
    "word.csv": "run,label\nrun-000,fine\n",
    "nothing.csv": "run,label\n,good\n",
    "empty.yml": "run,label",
    "list.yml": "- a\n- b\n",
    "twice.csv": "run,label\na,good\n./a,bad\n",
    "open.csv": 'run,label\n"a,good\n',
    "keys.yml": "a: {label: good, why: x}\n",
    "deep.yml": "a: {label: [good]}\n",
    "nul.csv": "run,label\n\0,\0\n",
    "none.csv": "run,label\n",
    "bytes.csv": b"run,label\n\xff\xfe,good\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_labels_that_are_none_are_refused_by_line(tmp_path: Path, policy: Path, name: str) -> None:
    runs(tmp_path, 1)
    text = HOSTILE[name]
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    done = command("policy", "backtest", "run-000.jsonl", "--policy", policy, "--labels", name, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith(f"gatekeeper: {name}:")
    assert "expected" in done.stderr
    assert "Traceback" not in done.stderr


def test_hostile_names_and_reasons_are_shown_and_not_obeyed(tmp_path: Path, policy: Path) -> None:
    run = runs(tmp_path, 1) / "run-000.jsonl"
    run.rename(tmp_path / "<b>|`x`.jsonl")
    (tmp_path / "labels.csv").write_text('run,label,wrong\n"<b>|`x`",bad,"\x1b[31m::error::<img src=x>\n| @team"\n')

    shown = {
        form: command(
            "policy",
            "backtest",
            "<b>|`x`.jsonl",
            "--policy",
            policy,
            "--labels",
            "labels.csv",
            "--format",
            form,
            cwd=tmp_path,
        )
        for form in ("text", "markdown", "json")
    }

    for form, done in shown.items():
        assert (done.returncode, done.stderr) == (10, ""), form
        assert "\x1b" not in done.stdout
        assert not any(line.startswith("::") for line in done.stdout.splitlines())
    assert "<img" not in shown["markdown"].stdout
    assert "<b>" not in shown["markdown"].stdout


@pytest.mark.parametrize("rate", ["0", "100%", "x", "-5%", "nan", "inf%"])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, policy: Path, rate: str) -> None:
    done = command("policy", "backtest", ".", "--policy", policy, "--false-alarms", rate, cwd=tmp_path)

    assert done.returncode == 2
    assert "--false-alarms: expected a rate above 0 and below 1" in done.stderr
