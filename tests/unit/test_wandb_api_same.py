"""A run on W&B, read by its real client, is the same run as in its `.wandb` file: wherever the export ends."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from action.cli.online import _read as read_files
from action.deadline import Deadline
from action.ports import RunRequest
from action.sources import wandb_log
from action.sources.wandb_api.runs import RunName
from bench import wandb_writer as writer
from checks.run import NoteKind, RunData, RunState, Selection
from examples.league.record import RECORDINGS
from tests.services.wandb import ENTITY, PROJECT, Wandb
from tests.services.wandb_client import runs_of
from tests.services.wandb_run import Run, Table, recorded, recorded_file

pytestmark = pytest.mark.usefixtures("wandb_client")

EVERYTHING = Selection(everything=True)
RECIPES = sorted(folder.name for folder in RECORDINGS.iterdir() if folder.is_dir())


def online(run: Run, selection: Selection = EVERYTHING) -> RunData:
    """Read a run from a server of its own."""
    request = RunRequest(ref=f"{ENTITY}/{PROJECT}/{run.name}", selection=selection)
    name = RunName(entity=ENTITY, project=PROJECT, run=run.name)
    with Wandb(run) as server, tempfile.TemporaryDirectory() as folder:
        deadline = Deadline(seconds=30)
        return read_files(runs_of(server).fetch(name, Path(folder), deadline), request, deadline)


def local(run: Run, folder: Path) -> RunData:
    """Read the same rows from a file as the SDK writes it."""
    path = folder / "run-abc123.wandb"
    with path.open("wb") as stream, writer.LogWriter(stream) as log:
        log.write(writer.run())
        for row in run.rows:
            log.write(writer.text(2, b"".join(_item((), key, value) for key, value in row.items())))
        log.write(writer.ended(0))
    return wandb_log.read(path, EVERYTHING)


def _item(before: tuple[str, ...], key: str, value: Any) -> bytes:
    if isinstance(value, dict):
        return b"".join(_item((*before, key), inner, one) for inner, one in value.items())
    return writer.text(1, writer.item((*before, key) if before else key, json.dumps(value)))


def assert_same(one: RunData, other: RunData) -> None:
    """Compare bit for bit; the order of names, which no check sees, aside."""
    assert one.rows.steps.tolist() == other.rows.steps.tolist()
    held = [[sorted(run.rows.names[kind]) for kind in run.rows.kinds.tolist()] for run in (one, other)]
    assert held[0] == held[1]
    assert dict(one.catalog) == dict(other.catalog)
    assert one.series.keys() == other.series.keys()
    for name, series in one.series.items():
        assert series.steps.tolist() == other.series[name].steps.tolist(), name
        assert _bits(series.values) == _bits(other.series[name].values), name


def _bits(values: Any) -> bytes:
    return np.where(np.isnan(values), np.nan, values).tobytes()  # there are many NaNs, and they are one


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recording_is_the_same_run_on_the_service_and_in_its_file(recipe: str) -> None:
    expected = wandb_log.read(recorded_file(recipe), EVERYTHING)
    count = expected.rows.steps.size

    for exported in (0, 1, count // 3, count):
        run = online(recorded(recipe, exported=exported))

        assert_same(expected, run)
        assert run.notes == ()
        assert run.counts_calls
        assert (run.identity.id, run.identity.name) == (expected.identity.id, expected.identity.name)
        assert dict(run.config) == dict(expected.config)
        assert run.identity.started_at == expected.identity.started_at
        assert run.state is expected.state


NAMES = st.sampled_from(["kl", "train/reward", "elo/adapter_v10", "d.o.t", 'a "quoted" one', "ключ"])


KINDS: list[st.SearchStrategy[Any]] = [
    st.floats(),
    st.integers(-9, 9),
    st.booleans(),
    st.floats().map(lambda value: {"mean": value, "n": {"max": 2.5}}),
]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Runs of one type a name, as W&B exports them, with rows at growing steps, and an export that ends anywhere."""
    kinds = draw(st.dictionaries(NAMES, st.sampled_from(KINDS)))
    steps = draw(st.lists(st.integers(0, 300), max_size=12, unique=True).map(sorted))
    rows = []
    for step in steps:
        chosen = draw(st.sets(st.sampled_from(sorted(kinds)))) if kinds else set()
        row: dict[str, Any] = {"_step": step, "_timestamp": 1.5 + step, "_runtime": step, "_wandb": {"runtime": step}}
        for name in sorted(chosen):
            kind = kinds[name]
            row[name] = draw(kind)
        rows.append(row)
    return Run(
        rows=rows,
        exported=draw(st.integers(0, len(rows))),
        files=draw(st.integers(1, 4)),
        flat=draw(st.booleans()),
        tokens=draw(st.booleans()),
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=runs())
def test_rows_of_any_kind_are_the_same_wherever_the_export_ends(tmp_path: Path, run: Run) -> None:
    found = online(run)

    assert_same(local(run, tmp_path), found)
    assert found.notes == ()


@pytest.mark.parametrize("tokens", [True, False], ids=["tokens", "texts"])
@pytest.mark.parametrize("exported", [0, 2, 4])
def test_what_is_not_finite_stays_so_in_every_spelling(exported: int, tokens: bool) -> None:
    values = [math.nan, math.inf, -math.inf, 0.5]
    rows = [{"_step": step, "kl": {"max": value}} for step, value in enumerate(values)]

    series = online(Run(rows=rows, exported=exported, tokens=tokens)).series["kl.max"]

    assert [repr(value) for value in values] == [repr(value) for value in series.values.tolist()]


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("exported", [0, 1, 2])
def test_numbers_of_tables_and_media_are_no_metrics(tmp_path: Path, exported: int, flat: bool) -> None:
    table = Table(columns=["a"], data=[[1]])
    rows = [
        {"_step": 0, "kl": 0.1, "games": table.told("games")},
        {"_step": 1, "kl": 0.2, "games": table.told("games")},
    ]
    run = Run(rows=rows, exported=exported, flat=flat)

    found = online(run)

    assert found.catalog == {"kl": 2}
    assert_same(local(run, tmp_path), found)


def test_text_where_numbers_are_is_no_value_as_in_the_file(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"_step": 0, "kl": 0.1}, {"_step": 1, "kl": "text"}, {"_step": 2, "kl": [1, 2]}]
    run = Run(rows=rows, exported=0)

    found = online(run, Selection(names=frozenset({"kl"})))

    assert_same(local(run, tmp_path), found)
    assert found.catalog == {"kl": 1}


def test_two_thousand_metrics_come_whole() -> None:
    rows = [{"_step": step, **{f"m/{number}": number / 7 + step for number in range(2_000)}} for step in range(3)]

    run = online(Run(rows=rows, exported=2, files=1))

    assert {f"m/{number}": 3 for number in range(2_000)} == dict(run.catalog)
    assert [1 / 7 + step for step in range(3)] == run.series["m/1"].values.tolist()
    assert run.notes == ()


def test_a_resumed_run_keeps_both_of_its_passes_in_their_order() -> None:
    rows = [{"_step": step, "kl": float(step)} for step in range(10)]
    rows += [{"_step": step, "kl": 100.0 + step} for step in range(6, 12)]

    run = online(Run(rows=rows, files=1))

    assert [*range(10), *range(6, 12)] == run.rows.steps.tolist()
    assert [*map(float, range(10)), *(100.0 + step for step in range(6, 12))] == run.series["kl"].values.tolist()


def test_only_what_is_chosen_is_kept_and_all_is_counted() -> None:
    rows = [{"_step": step, "kl": 0.1, "reward": 1.0} for step in range(10)]

    run = online(Run(rows=rows, exported=5), Selection(names=frozenset({"kl"})))

    assert list(run.series) == ["kl"]
    assert dict(run.catalog) == {"kl": 10, "reward": 10}


def test_a_run_without_rows_has_none_and_nothing_is_lost() -> None:
    run = online(Run())

    assert run.rows.steps.size == 0
    assert run.notes == ()
    assert run.state is RunState.FINISHED


LOST: dict[str, Mapping[str, Any]] = {
    "rows that never come": {"historyLineCount": 12},
    "an end that lies further on": {"historyKeys": {"lastStep": 99}},
    "a number of rows that nobody knows": {"historyLineCount": None},
}


@pytest.mark.parametrize("exported", [0, 4, 10])
@pytest.mark.parametrize("what", LOST)
def test_a_gap_is_noted_as_a_loss(what: str, exported: int) -> None:
    rows = [{"_step": step, "kl": 0.1} for step in range(10)]

    run = online(Run(rows=rows, exported=exported, changed=LOST[what]))

    [note] = run.notes
    assert note.kind is NoteKind.LOST
    assert note.text.startswith("W&B: ")


def test_steps_that_are_frames_are_not_walked_one_page_of_nothing_after_the_other() -> None:
    rows = [{"_step": 10_000_000 * number, "kl": 0.1} for number in range(40)]
    run = Run(rows=rows, exported=1)
    name = RunName(entity=ENTITY, project=PROJECT, run=run.name)

    with Wandb(run) as server, tempfile.TemporaryDirectory() as folder:
        deadline = Deadline(seconds=30)
        found = runs_of(server).fetch(name, Path(folder), deadline)
        data = read_files(found, RunRequest(ref="r", selection=EVERYTHING), deadline)

    assert data.rows.steps.size == 40
    assert server.operations.count("HistoryPage") <= 50
    pages = [(asked["minStep"], asked["maxStep"]) for asked in server.variables("HistoryPage")]
    assert all(end == start for (_, end), (start, _) in pairwise(pages))
