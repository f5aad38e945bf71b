"""W&B runs on disk: one file, directories, resumed runs, how they ended, and what is said when they cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from action.errors import InputError
from action.sources import wandb_log
from bench import wandb_writer as writer
from checks.run import NoteKind, RunData, RunState, Selection

EVERYTHING = Selection(everything=True)
START = 1_700_000_000


def rows(steps: Iterable[int], name: str = "reward") -> list[bytes]:
    return [writer.history({name: f"{step}.5"}, step=step) for step in steps]


def write(path: Path, *records: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream, writer.LogWriter(stream) as log:
        for record in records:
            log.write(record)
    return path


def fragment(
    path: Path,
    *,
    run_id: str = "abc123",
    steps: Iterable[int] = range(3),
    started: float = START,
    end: int | None = 0,
    **more: Any,
) -> Path:
    last = [] if end is None else [writer.ended(end)]
    return write(path, writer.run(run_id, started=started, **more), *rows(steps), *last)


def read(path: Path, selection: Selection = EVERYTHING) -> RunData:
    assert wandb_log.recognises(path)
    return wandb_log.read(path, selection)


def kinds(run: RunData) -> list[NoteKind]:
    return [note.kind for note in run.notes]


# One file


@pytest.mark.parametrize(
    ("metadata", "command"),
    [
        (
            b'{"program": "train.py", "args": ["--lr", "1e-5", "--name", "a b"]}',
            "python train.py --lr 1e-5 --name 'a b'",
        ),
        (b'{"codePath": "a/t.py", "args": null}', "python a/t.py"),
        (b'{"program": "-m a.t", "codePath": "a/t.py", "args": ["-x"]}', "python -m a.t -x"),
        (b'{"program": "<python with no main file>", "args": []}', None),
        (b'{"program": "/home/me/a/t.py", "codePath": "a/t.py"}', "python a/t.py"),
        (b'{"program": 3}', None),
        (b"[]", None),
        (b"\xff{", None),
        (b"", None),
    ],
)
def test_what_people_wrote_and_how_it_was_started_are_read(
    tmp_path: Path, metadata: bytes, command: str | None
) -> None:
    path = fragment(tmp_path / "run-abc123.wandb", notes="try beta")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "wandb-metadata.json").write_bytes(metadata)

    words = read(path).words

    assert (words.notes, words.command) == ("try beta", command)


def test_a_finished_run_says_who_it_is_and_what_it_logged(tmp_path: Path) -> None:
    path = write(
        tmp_path / "run-abc123.wandb",
        writer.run("abc123", name="grpo-1", settings={"lr": "0.001"}, commit="0123abcd", started=START + 0.9),
        *rows(range(3)),
        writer.history({"eval/score": "1"}, step=2),
        writer.ended(0, runtime=90),
    )

    run = read(path)

    assert str(path) == run.ref
    assert run.source == "W&B file"
    assert (run.identity.id, run.identity.name, run.identity.url) == ("abc123", "grpo-1", None)
    assert run.identity.commit == "0123abcd"
    assert run.identity.started_at == "2023-11-14T22:13:20Z"
    assert run.identity.finished_at == "2023-11-14T22:14:50Z"
    assert (run.state, run.exit_code) == (RunState.FINISHED, 0)
    assert run.rows.steps.tolist() == [0, 1, 2, 2]
    assert [frozenset({"reward"})] * 3 + [frozenset({"eval/score"})] == [
        run.rows.names[kind] for kind in run.rows.kinds
    ]
    assert dict(run.catalog) == {"reward": 3, "eval/score": 1}
    assert run.series["reward"].values.tolist() == [0.5, 1.5, 2.5]
    assert run.notes == ()


def test_only_the_selected_series_are_kept_but_all_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "r.wandb", writer.run(), *(writer.history({"a": "1", "b": "2"}, step=s) for s in range(40)))

    run = read(path, Selection(names=frozenset({"b", "missing"})))

    assert {"b"} == set(run.series)
    assert dict(run.catalog) == {"a": 40, "b": 40}


@pytest.mark.parametrize(
    ("end", "state", "exit_code"),
    [
        (0, RunState.FINISHED, 0),
        (1, RunState.FAILED, 1),
        (137, RunState.FAILED, 137),
        (-9, RunState.FAILED, -9),
        (255, RunState.INTERRUPTED, 255),
        (None, RunState.KILLED, None),
    ],
)
def test_the_exit_record_alone_tells_how_a_run_ended(tmp_path: Path, end: Any, state: Any, exit_code: Any) -> None:
    run = read(fragment(tmp_path / "run-x.wandb", end=end))

    assert (state, exit_code) == (run.state, run.exit_code)
    assert run.identity.finished_at is None


def test_an_exit_that_says_the_run_goes_on_is_not_finished(tmp_path: Path) -> None:
    exit_record = writer.whole(1, 9) + writer.text(18, writer.whole(3, 1))

    run = read(write(tmp_path / "run-x.wandb", writer.run(), *rows(range(2)), exit_record))

    assert run.state == RunState.RUNNING
    assert kinds(run) == [NoteKind.ODD]


def test_settings_are_flattened_updated_and_removed(tmp_path: Path) -> None:
    first = {
        "trainer": '{"total_steps": 100, "kl": {"beta": 0.04}, "tags": ["a"]}',
        "lr": "1e-3",
        "name": '"x"',
        "none": "null",
        "_wandb": '{"cli_version": "0.31"}',
        "gone": "1",
        "broken": "{",
    }
    then: dict[str | tuple[str, ...], str] = {"lr": "2e-3", "trainer": '{"total_steps": 50}', ("deep", "er"): "true"}
    path = write(
        tmp_path / "r.wandb",
        writer.run(settings=first),
        writer.config(then, remove=["gone"]),
        *rows(range(1)),
        writer.ended(0),
    )

    assert dict(read(path).config) == {
        "lr": 0.002,
        "trainer.total_steps": 50,
        "deep.er": True,
        "name": "x",
        "none": None,
    }


def test_a_run_without_history_is_empty_and_says_so(tmp_path: Path) -> None:
    run = read(write(tmp_path / "r.wandb", writer.run(), writer.ended(0)))

    assert run.rows.steps.size == 0
    assert run.last_step is None
    assert kinds(run) == [NoteKind.ODD]
    assert "no history rows" in run.notes[0].text


def test_a_file_without_a_run_record_is_named_after_its_file_and_says_so(tmp_path: Path) -> None:
    run = read(write(tmp_path / "run-x1y2.wandb", *rows(range(2)), writer.ended(0)))

    assert (run.identity.id, run.identity.name) == ("x1y2", "run-x1y2")
    assert run.identity.started_at is None
    assert "no run record" in run.notes[0].text
    assert read((tmp_path / "run-x1y2.wandb").rename(tmp_path / "copy.wandb")).identity.id is None


def test_the_commit_may_stand_in_the_environment_record(tmp_path: Path) -> None:
    environment = writer.whole(1, 3) + writer.text(26, writer.text(9, writer.text(2, "feedbeef")))

    assert read(write(tmp_path / "r.wandb", writer.run(), environment, *rows([0]))).identity.commit == "feedbeef"


def test_a_fork_is_noted(tmp_path: Path) -> None:
    run = read(write(tmp_path / "r.wandb", writer.run(fork_of=("parent1", 30.0)), *rows(range(30, 33))))

    assert "fork of parent1 at _step 30" in run.notes[0].text
    assert run.notes[0].kind == NoteKind.ODD


@pytest.mark.parametrize("started", [0.0, -5.0, 1e15])
def test_a_start_that_no_calendar_has_is_no_start(tmp_path: Path, started: Any) -> None:
    assert read(fragment(tmp_path / "r.wandb", started=started)).identity.started_at is None


def test_records_that_are_no_messages_are_skipped_and_counted(tmp_path: Path) -> None:
    broken = writer.whole(1, 4) + writer.text(2, b"\x0a\xff\xff\xff\xff\x0f")
    path = write(
        tmp_path / "r.wandb", writer.run(), b"\x8a", broken, *rows(range(2)), b"", b"\xff" * 30, writer.ended(0)
    )

    run = read(path)

    assert run.rows.steps.tolist() == [0, 1]
    assert run.state == RunState.FINISHED
    assert "3 records are no valid messages" in run.notes[0].text
    assert kinds(run) == [NoteKind.LOST]


def test_values_that_are_no_json_are_skipped_and_counted(tmp_path: Path) -> None:
    run = read(write(tmp_path / "r.wandb", writer.run(), writer.history({"a": "1.2.3", "b": "1"}, step=0)))

    assert dict(run.catalog) == {"b": 1}
    assert "1 values of the history are no valid JSON" in run.notes[0].text


def test_rows_without_a_step_follow_the_row_before_and_say_so(tmp_path: Path) -> None:
    stepless = writer.history([writer.item("reward", "1")])

    run = read(write(tmp_path / "r.wandb", writer.run(), stepless, *rows([7]), stepless, stepless))

    assert run.rows.steps.tolist() == [0, 7, 8, 9]
    assert "3 history rows do not say their step" in run.notes[0].text


def test_a_damaged_file_gives_what_is_left_and_says_what_is_lost(tmp_path: Path) -> None:
    path = fragment(tmp_path / "run-x.wandb", steps=range(3_000))
    raw = bytearray(path.read_bytes())
    raw[40_000] ^= 1
    path.write_bytes(raw)

    run = read(path)

    assert 1_000 < run.rows.steps.size < 3_000
    assert (run.first_step, run.last_step) == (0, 2_999)
    assert kinds(run) == [NoteKind.LOST]
    assert "run-x.wandb: damaged in one place, first at byte 39," in run.notes[0].text
    assert run.catalog["reward"] == run.rows.steps.size == run.series["reward"].values.size


def test_a_file_cut_in_mid_record_was_killed_and_says_what_is_lost(tmp_path: Path) -> None:
    path = fragment(tmp_path / "run-x.wandb", steps=range(3_000))
    path.write_bytes(path.read_bytes()[:50_000])

    run = read(path)

    assert run.state == RunState.KILLED
    assert list(range(run.rows.steps.size)) == run.rows.steps.tolist()
    assert "cut off in mid-record" in run.notes[0].text


@pytest.mark.parametrize("name", ["a\x1b[31mred\nline", "@team </details> {{7*7}}|`", "\u202edab", "k" * 10_000])
def test_hostile_names_stay_as_they_are_in_the_data(tmp_path: Path, name: Any) -> None:
    path = write(tmp_path / "r.wandb", writer.run(name=name), *rows(range(20), name=name))

    run = read(path)

    assert name == run.identity.name
    assert {name: 20} == dict(run.catalog)
    assert run.series[name].values.size == 20


# Directories


def test_a_directory_of_an_offline_run_is_that_run(tmp_path: Path) -> None:
    fragment(tmp_path / "offline-run-20260101_000000-abc123/run-abc123.wandb", name="one")

    for path in (tmp_path / "offline-run-20260101_000000-abc123", tmp_path):
        assert read(path).identity.name == "one"


def test_a_recording_with_its_events_beside_it_is_that_run(tmp_path: Path) -> None:
    fragment(tmp_path / "run-x.wandb")
    (tmp_path / "events.jsonl").write_text("{}\n")

    assert read(tmp_path).rows.steps.size == 3


def test_the_link_to_the_latest_run_is_the_same_run(tmp_path: Path) -> None:
    fragment(tmp_path / "wandb/offline-run-1-abc123/run-abc123.wandb")
    (tmp_path / "wandb/latest-run").symlink_to("offline-run-1-abc123")
    (tmp_path / "wandb/run-dangling").symlink_to("nowhere")
    (tmp_path / "wandb/run-circle").symlink_to("run-circle")
    (tmp_path / "wandb/run-circle.wandb").symlink_to("run-circle.wandb")

    assert read(tmp_path / "wandb").rows.steps.tolist() == [0, 1, 2]
    assert read(tmp_path / "wandb/latest-run").rows.steps.tolist() == [0, 1, 2]
    assert read(tmp_path).rows.steps.tolist() == [0, 1, 2]


def test_two_names_of_one_directory_are_one_run(tmp_path: Path) -> None:
    fragment(tmp_path / "offline-run-1-abc123/run-abc123.wandb")
    (tmp_path / "run-again").symlink_to("offline-run-1-abc123")

    assert read(tmp_path).rows.steps.size == 3


def test_a_directory_of_several_runs_lists_them(tmp_path: Path) -> None:
    fragment(tmp_path / "offline-run-1-aaa/run-aaa.wandb", run_id="aaa", name="first \x1b[31m\nred")
    fragment(tmp_path / "offline-run-2-bbb/run-bbb.wandb", run_id="bbb", name="n" * 500)
    (tmp_path / "offline-run-3-ccc").mkdir()
    (tmp_path / "offline-run-3-ccc/run-ccc.wandb").touch()

    with pytest.raises(InputError) as caught:
        read(tmp_path)

    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert "name one of them" in lines[0]
    assert "aaa first \\x1b[31m\\nred: " in lines[1]
    assert "run-aaa.wandb" in lines[1]
    assert "bbb" in lines[2]
    assert len(lines[2]) < 420
    assert "ccc (cannot be read)" in lines[3]


def test_a_list_of_very_many_runs_is_cut(tmp_path: Path) -> None:
    for number in range(30):
        fragment(tmp_path / f"run-{number}/run-{number}.wandb", run_id=f"r{number}")

    with pytest.raises(InputError, match="and 10 more"):
        read(tmp_path)


# Resumed runs


def test_parts_that_follow_each_other_are_one_run_in_the_order_of_their_start(tmp_path: Path) -> None:
    fragment(tmp_path / "wandb/a/../offline-run-a/run-abc123.wandb", steps=range(5, 9), started=START + 100, end=1)
    fragment(tmp_path / "wandb/offline-run-b/run-abc123.wandb", steps=range(5), started=START, end=None)

    run = read(tmp_path / "wandb")

    assert list(range(9)) == run.rows.steps.tolist()
    assert list(range(9)) == run.series["reward"].steps.tolist()
    assert dict(run.catalog) == {"reward": 9}
    assert (run.state, run.exit_code) == (RunState.FAILED, 1)
    assert run.identity.started_at == "2023-11-14T22:13:20Z"
    assert run.source == "W&B files (2 fragments of one run)"
    assert run.notes == ()


def test_parts_that_begin_again_keep_all_points_and_say_where_they_overlap(tmp_path: Path) -> None:
    fragment(tmp_path / "offline-run-a/run-abc123.wandb", steps=range(6), started=START)
    fragment(tmp_path / "offline-run-b/run-abc123.wandb", steps=range(4), started=START + 9, end=None)

    run = read(tmp_path)

    assert run.rows.steps.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert kinds(run) == [NoteKind.OVERLAP]
    assert "steps 0 to 3" in run.notes[0].text
    assert run.state == RunState.KILLED, "the last part counts"


def test_sets_of_metrics_are_numbered_anew_over_all_parts(tmp_path: Path) -> None:
    write(tmp_path / "run-a.wandb", writer.run(started=START), *rows([0], "a"), *rows([1], "b"))
    write(tmp_path / "run-b.wandb", writer.run(started=START + 1), *rows([2], "c"), *rows([3], "b"), writer.ended(0))

    run = read(tmp_path)

    assert [next(iter(run.rows.names[kind])) for kind in run.rows.kinds] == ["a", "b", "c", "b"]
    assert {name: one.steps.tolist() for name, one in run.series.items()} == {"a": [0], "b": [1, 3], "c": [2]}


def test_a_part_that_cannot_be_read_is_a_loss_and_not_a_silence(tmp_path: Path) -> None:
    fragment(tmp_path / "offline-run-a/run-abc123.wandb")
    (tmp_path / "offline-run-b").mkdir()
    (tmp_path / "offline-run-b/run-abc123.wandb").touch()

    run = read(tmp_path)

    assert kinds(run) == [NoteKind.LOST]
    assert "offline-run-b/run-abc123.wandb: a file of this run could not be read" in run.notes[0].text


def test_parts_of_different_commits_are_noted(tmp_path: Path) -> None:
    fragment(tmp_path / "a.wandb", steps=[0], commit="aaaa")
    fragment(tmp_path / "b.wandb", steps=[1], commit="bbbb", started=START + 1)

    run = read(tmp_path)

    assert run.identity.commit == "bbbb"
    assert "different commits: aaaa, bbbb" in run.notes[0].text


# What cannot be read


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.touch(), "got an empty one"),
        (lambda path: path.write_bytes(b"not wandb at all"), "got b'not wan'"),
        (lambda path: path.write_bytes(b":W&B"), "only 4 of the 7 bytes"),
        (lambda path: None, "got nothing that can be read as a file"),
        (lambda path: path.mkdir(), "got none"),
        (os.mkfifo, "got nothing that can be read as a file"),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path, make: Any, message: Any) -> None:
    path = tmp_path / "run-\x1b[31m.wandb"
    make(path)

    with pytest.raises(InputError) as caught:
        wandb_log.read(path, EVERYTHING)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 5_000, "nul\0byte"])
def test_a_path_that_no_file_system_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    assert not wandb_log.recognises(tmp_path / name)
    with pytest.raises(InputError, match="expected"):
        wandb_log.read(tmp_path / name, EVERYTHING)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = fragment(tmp_path / "run-x.wandb")
    path.chmod(0)

    with pytest.raises(InputError, match="Permission denied"):
        read(path)


def test_only_what_is_of_wandb_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("{}\n")
    (tmp_path / "offline-run-1").mkdir()
    (tmp_path / "odd.wandb").mkdir()

    for path in (tmp_path, tmp_path / "metrics.jsonl", tmp_path / "offline-run-1", tmp_path / "nothing", Path("\0")):
        assert not wandb_log.recognises(path)

    renamed = fragment(tmp_path / "renamed.bin")
    assert wandb_log.recognises(renamed)


def test_neither_wandb_nor_protobuf_is_imported(tmp_path: Path) -> None:
    path = fragment(tmp_path / "run-x.wandb", steps=range(100))
    program = (
        "import sys; from pathlib import Path; from action.sources import wandb_log; from checks.run import Selection;"
        f"wandb_log.read(Path({str(path)!r}), Selection(everything=True));"
        "print([name for name in sys.modules if name.split('.')[0] in ('wandb', 'google', 'axiom_py')])"
    )

    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )

    assert found.stdout == "[]\n"
