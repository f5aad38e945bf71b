"""One run, written in every format by its own writer, reads back as the same series."""

import csv
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

from action.sources import tables, tensorboard, trainer_state
from checks.run import RunData, Selection

LoggedRows: TypeAlias = list[tuple[int, dict[str, float]]]

RESERVED = {"step", "_step", "Step", "global_step", "train/global_step", "_runtime", "_timestamp", "_wandb"}
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12).filter(
    lambda name: (
        name not in RESERVED and name == name.strip() and not name.lower().startswith("kl") and name.casefold() == name
    )
)
FLOATS = st.floats(width=32)


@st.composite
def logged_rows(draw: st.DrawFn) -> LoggedRows:
    """Rows with distinct rising steps, a metric `kl` in the first, and random others, NaN and infinities among them."""
    names = ["kl", *draw(st.lists(NAMES, unique=True, max_size=4))]
    steps = sorted(draw(st.sets(st.integers(0, 2**53), min_size=1, max_size=12)))
    rows = [(step, draw(st.dictionaries(st.sampled_from(names), FLOATS, min_size=1))) for step in steps]
    rows[0][1]["kl"] = 0.25
    return rows


def write_jsonl(folder: Path, rows: LoggedRows) -> Path:
    path = folder / "run.jsonl"
    path.write_text("".join(json.dumps({"step": step, **cells}) + "\n" for step, cells in rows), encoding="utf-8")
    return path


def write_csv(folder: Path, rows: LoggedRows) -> Path:
    path = folder / "run.csv"
    names = list(dict.fromkeys(name for _step, cells in rows for name in cells))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", *names])
        writer.writerows([step, *(cells.get(name, "") for name in names)] for step, cells in rows)
    return path


def write_parquet(folder: Path, rows: LoggedRows) -> Path:
    path = folder / "run.parquet"
    path.unlink(missing_ok=True)
    names = list(dict.fromkeys(name for _step, cells in rows for name in cells))
    columns = ", ".join('"{}" DOUBLE'.format(name.replace('"', '""')) for name in names)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE t (step BIGINT, {columns})")
        marks = ", ".join("?" * (len(names) + 1))
        connection.executemany(
            f"INSERT INTO t VALUES ({marks})",  # noqa: S608 - question marks only
            [[step, *(cells.get(name) for name in names)] for step, cells in rows],
        )
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def write_trainer_log(folder: Path, rows: LoggedRows) -> Path:
    path = folder / "trainer_state.json"
    history = [{**cells, "step": step} for step, cells in rows]
    path.write_text(json.dumps({"log_history": history, "max_steps": 5}, indent=2, sort_keys=True), encoding="utf-8")
    return path


def write_tensorboard(folder: Path, rows: LoggedRows) -> Path:
    path = folder / "events.out.tfevents.1.h"
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for step, cells in rows:
            for name, value in cells.items():
                event = Event(wall_time=1.0, step=step)
                event.summary.value.add(tag=name, simple_value=value)
                writer.write(event.SerializeToString())
        writer.flush()
    return path


def facts(run: RunData) -> dict[str, list[tuple[int, bytes]]]:
    """Give every series as steps and the bits of its values: NaN equals NaN, and -0.0 is not 0.0."""
    return {
        name: [(step, b"nan" if math.isnan(value) else struct.pack("<d", value)) for step, value in pairs]
        for name, series in run.series.items()
        for pairs in [zip(series.steps.tolist(), series.values.tolist(), strict=True)]
    }


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (write_jsonl, tables.read),
        (write_csv, tables.read),
        (write_parquet, tables.read),
        (write_trainer_log, trainer_state.read),
        (write_tensorboard, tensorboard.read),
    ],
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=logged_rows())
def test_a_run_reads_back_as_it_was_logged(
    tmp_path: Path,
    write: Callable[[Path, LoggedRows], Path],
    read: Callable[[Path, Selection], RunData],
    rows: LoggedRows,
) -> None:
    expected: dict[str, list[tuple[int, bytes]]] = {}
    for step, cells in rows:
        for name, value in cells.items():
            expected.setdefault(name, []).append((step, b"nan" if math.isnan(value) else struct.pack("<d", value)))
    run = read(write(tmp_path, rows), Selection(everything=True))

    assert expected == facts(run)
    assert {name: len(values) for name, values in expected.items()} == dict(run.catalog)
    assert [step for step, _cells in rows] == run.rows.steps.tolist()
    assert [set(cells) for _step, cells in rows] == [set(run.rows.names[kind]) for kind in run.rows.kinds]
    assert run.notes == ()
