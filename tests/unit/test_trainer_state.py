"""Trainer logs of Hugging Face trainers become runs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from action.errors import InputError
from action.sources import trainer_state
from checks.run import NoteKind, RunData, RunState, Selection

ALL = Selection(everything=True)


def log(*rows: Any, max_steps: int = 100, **others: Any) -> str:
    return json.dumps({"epoch": 1.0, "log_history": list(rows), "max_steps": max_steps, **others}, indent=2)


def row(step: Any, **metrics: Any) -> dict[str, Any]:
    return {"epoch": 0.5, "step": step, **(metrics or {"kl": 0.1})}


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(tmp_path: Path, text: str, selection: Selection = ALL) -> RunData:
    path = written(tmp_path / "run-7" / "trainer_state.json", text)
    assert trainer_state.recognises(path)
    return trainer_state.read(path, selection)


def texts(run: RunData) -> list[str]:
    return [note.text for note in run.notes]


def test_a_log_gives_its_rows_its_plan_and_no_end(tmp_path: Path) -> None:
    run = read(tmp_path, log(row(10, kl=0.1), row(20, kl=0.2, loss=1), max_steps=300, best_metric=None, args={"x": 1}))

    expected = ("run-7", 300, 20, RunState.UNKNOWN, ())
    assert expected == (run.identity.name, run.planned_steps, run.last_step, run.state, run.notes)
    assert dict(run.catalog) == {"kl": 2, "loss": 1, "epoch": 2}
    assert run.series["kl"].values.tolist() == [0.1, 0.2]
    assert dict(run.config) == {"epoch": 1.0, "max_steps": 300, "best_metric": None}


@pytest.mark.parametrize("spelling", ["NaN", "null", '"NaN"', '"nan"'])
def test_every_spelling_of_nan_is_nan(tmp_path: Path, spelling: str) -> None:
    run = read(tmp_path, log(row(1), row(2, kl="@")).replace('"@"', spelling))

    assert [str(value) for value in run.series["kl"].values.tolist()] == ["0.1", "nan"]


@pytest.mark.parametrize(
    ("token", "expected"), [("Infinity", float("inf")), ("-Infinity", float("-inf")), ('"inf"', float("inf"))]
)
def test_every_spelling_of_infinity_is_infinite(tmp_path: Path, token: str, expected: float) -> None:
    assert [expected] == read(tmp_path, log(row(1, kl="@")).replace('"@"', token)).series["kl"].values.tolist()


def test_training_and_evaluation_rows_of_one_step_share_no_metric_of_their_kinds(tmp_path: Path) -> None:
    run = read(
        tmp_path, log(row(10, loss=1.0, num_input_tokens_seen=5), row(10, eval_loss=2.0, num_input_tokens_seen=5))
    )

    assert run.rows.steps.tolist() == [10, 10]
    assert [{"loss"}, {"eval_loss"}] == [set(run.rows.names[kind]) for kind in run.rows.kinds]


@pytest.mark.parametrize("max_steps", [0, -1, None, True, "300", 2.5])
def test_a_plan_that_is_no_positive_number_is_no_plan(tmp_path: Path, max_steps: Any) -> None:
    assert read(tmp_path, log(row(1), max_steps=max_steps)).planned_steps is None


def test_a_bare_list_of_rows_is_a_log_whatever_its_name(tmp_path: Path) -> None:
    path = written(tmp_path / "my-run.json", json.dumps([row(1), row(2)]))

    assert trainer_state.recognises(path)
    assert ((run := trainer_state.read(path, ALL)).identity.name, run.last_step) == ("my-run", 2)


def test_rows_without_a_usable_step_are_lost_and_noted(tmp_path: Path) -> None:
    run = read(tmp_path, log(row(1), {"kl": 0.1}, row("x"), 17, row(2)))

    assert run.rows.steps.tolist() == [1, 2]
    assert [note.kind for note in run.notes] == [NoteKind.LOST] * 3
    assert "trainer_state.json: no step, left out: row 2" in texts(run)
    assert "trainer_state.json: no JSON object, left out: row 4" in texts(run)


def test_a_cut_log_is_read_up_to_the_damage(tmp_path: Path) -> None:
    whole = log(row(1), row(2), row(3))
    run = read(tmp_path, whole[: whole.rindex('"kl"')])

    assert run.rows.steps.tolist() == [1, 2]
    assert texts(run) == ["trainer_state.json: the JSON is damaged or cut off, all that follows is lost: row 3"]
    assert run.planned_steps is None


@pytest.mark.parametrize(
    "text", ["{", "[", "{}", "[]", "17", "nonsense", log(), '{"log_history": 3}', '{"log_history": {}}']
)
def test_a_file_without_rows_gives_one_clear_message(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "trainer_state.json", text)
    with pytest.raises(InputError, match=r"trainer_state.json: expected .*, got .*; "):
        trainer_state.read(path, ALL)


def test_hostile_names_are_data_in_the_run(tmp_path: Path) -> None:
    name = "</details>@team {{7*7}} \x1b[31m\u202e|`"

    assert {"epoch", name} == set(read(tmp_path, log(row(1, **{name: 1.0}))).catalog)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (log(row(1)), True),
        ("\ufeff " + log(row(1)), True),
        (json.dumps([row(1)]), True),
        ('{"train/kl": 0.1, "_step": 7}', False),
        ("[1, 2]", False),
        ("", False),
    ],
)
def test_logs_are_recognised_by_their_content(tmp_path: Path, text: str, expected: bool) -> None:
    assert expected is trainer_state.recognises(written(tmp_path / "x.json", text))


def test_recognising_never_raises(tmp_path: Path) -> None:
    assert not trainer_state.recognises(tmp_path)
    assert not trainer_state.recognises(tmp_path / "none")
    assert not trainer_state.recognises(Path("a\0b"))
    assert not trainer_state.recognises(Path("a\0b.json"))


def test_the_newest_checkpoint_of_an_output_directory_is_read(tmp_path: Path) -> None:
    for step in (20, 100, 9):
        written(tmp_path / f"out/checkpoint-{step}/trainer_state.json", log(*map(row, range(1, step + 1))))
    written(tmp_path / "out/checkpoint-last/trainer_state.json", log(row(1)))

    assert trainer_state.recognises(tmp_path / "out")
    for named in (tmp_path / "out", tmp_path / "out/checkpoint-100", tmp_path):
        run = trainer_state.read(named, ALL)
        assert ("out", 100, str(named)) == (run.identity.name, run.last_step, run.ref)


def test_checkpoints_of_an_older_run_in_the_same_directory_are_not_taken_for_this_one(tmp_path: Path) -> None:
    """A new, shorter run beside the last checkpoint of an old one: the higher number is the wrong run."""
    written(tmp_path / "checkpoint-100/trainer_state.json", log(*map(row, range(1, 101))))
    changed = [row(step) | {"loss": 7.0 + step} for step in range(1, 51)]
    written(tmp_path / "checkpoint-50/trainer_state.json", log(*changed))

    with pytest.raises(InputError, match="expected checkpoints of one run"):
        trainer_state.read(tmp_path, ALL)


def test_the_directory_s_own_log_is_read_unless_it_is_older_than_a_checkpoint(tmp_path: Path) -> None:
    written(tmp_path / "checkpoint-20/trainer_state.json", log(*map(row, range(1, 21))))
    written(tmp_path / "trainer_state.json", log(*map(row, range(1, 26))))
    assert trainer_state.read(tmp_path, ALL).last_step == 25

    written(tmp_path / "trainer_state.json", log(*map(row, range(1, 6))))
    run = trainer_state.read(tmp_path, ALL)
    assert run.last_step == 20
    assert texts(run) == ["trainer_state.json of the output directory is older than checkpoint-20, whose log is read"]


def test_a_directory_with_several_runs_lists_them(tmp_path: Path) -> None:
    for name in ("seed-1", "seed-2\x1b[2J"):
        written(tmp_path / name / "checkpoint-5/trainer_state.json", log(row(5)))
    with pytest.raises(
        InputError, match=r"expected the trainer log of one run, got 2: seed-1, seed-2\\x1b\[2J; name one"
    ):
        trainer_state.read(tmp_path, ALL)


def test_a_directory_without_a_log_and_a_missing_path_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a trainer_state.json, found none"):
        trainer_state.read(tmp_path, ALL)
    with pytest.raises(InputError, match="found nothing there"):
        trainer_state.read(tmp_path / "none.json", ALL)


@pytest.mark.skipif("GATEKEEPER_REAL_RUNS" not in os.environ, reason="needs the recorded runs of other people")
def test_a_real_trl_log_reads_as_its_authors_saw_it() -> None:
    path = Path(os.environ["GATEKEEPER_REAL_RUNS"]) / "trl-grpo-gemma3-healthy"
    run = trainer_state.read(path, Selection(names=frozenset({"kl", "reward"})))

    assert (run.planned_steps, run.last_step, run.catalog["grad_norm"], run.notes) == (250, 250, 25, ())
    assert pytest.approx(run.series["kl"].values.max()) == 0.0686791875
    assert run.series["reward"].values[-1] == 1.5109375
