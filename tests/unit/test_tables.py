"""Tables of one row a step become runs: JSON Lines, CSV, Parquet."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from action.errors import InputError
from action.sources import tables
from checks.run import NoteKind, RunData, RunState, Selection

ALL = Selection(everything=True)


def written(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def jsonl(tmp_path: Path, *rows: Any, selection: Selection = ALL) -> RunData:
    text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    return tables.read(written(tmp_path / "run.jsonl", text), selection)


def csv(tmp_path: Path, data: str | bytes, selection: Selection = ALL) -> RunData:
    return tables.read(written(tmp_path / "run.csv", data), selection)


def parquet(tmp_path: Path, select: str, selection: Selection = ALL, name: str = "run.parquet") -> RunData:
    path = tmp_path / "plain.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return tables.read(path.rename(tmp_path / name), selection)


def values(run: RunData, name: str) -> list[str]:
    series = run.series[name]
    return [f"{step}:{value:g}" for step, value in zip(series.steps.tolist(), series.values.tolist(), strict=True)]


def texts(run: RunData) -> list[str]:
    return [note.text.partition(": ")[2] for note in run.notes]


def kinds(run: RunData) -> list[set[str]]:
    return [set(run.rows.names[kind]) for kind in run.rows.kinds]


# --- all tables


def test_tables_are_recognised_by_suffix_or_first_bytes(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.NDJSON", "a.jsonl.gz", "a.csv", "a.tsv", "a.csv.gz", "a.parquet", "a.pq"):
        assert tables.recognises(written(tmp_path / name, b"")), name
    assert tables.recognises(written(tmp_path / "table", b"PAR1..."))
    assert tables.recognises(written(tmp_path / "metrics.json", '{"step": 1}\n{"step": 2}\n'))
    for text in ("", "[1]", '{"a": 1}', '{"log_history": []}\n{}', "[" * 9999 + "\n"):
        assert not tables.recognises(written(tmp_path / "other.json", text)), text[:20]
    for path in (tmp_path, tmp_path / "none.csv", Path("a\0.csv"), written(tmp_path / "a.txt", b"step,kl\n")):
        assert not tables.recognises(path), path


@pytest.mark.parametrize("name", ["run.jsonl", "run.csv", "run.parquet"])
def test_what_cannot_be_read_at_all_gives_one_clear_message(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(InputError, match=f"{name}: expected a file, found nothing there; check the path"):
        tables.read(path, ALL)
    for data in (
        b"",
        b"\0" * 100,
        b"PAR1" + b"\0" * 100,
        "nöthing of use\n".encode("latin-1"),
        b"{}\n[",
        b'"' * 300_000,
    ):
        written(path, data)
        with pytest.raises(InputError, match=f"{name}.*: expected .*, got .*[;?]"):
            tables.read(path, ALL)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="got a directory"):
        tables.read(path, ALL)


@pytest.mark.parametrize("name", ["run.jsonl", "run.csv"])
def test_a_single_line_of_200_mb_gives_one_clear_message(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(b'{"step": 1, "text": "')
        stream.truncate(200 * 2**20)
    with pytest.raises(InputError, match=f"{name}:1: expected lines of at most 16 MiB, got a longer one"):
        tables.read(path, ALL)


# --- JSON Lines


def test_rows_give_series_state_and_name(tmp_path: Path) -> None:
    run = jsonl(tmp_path, {"step": 1, "kl": 0.1}, {"step": 3, "kl": 0.3, "done": True})

    assert (run.identity.name, run.source, run.state, run.planned_steps) == (
        "run",
        "JSONL table",
        RunState.UNKNOWN,
        None,
    )
    assert values(run, "kl") == ["1:0.1", "3:0.3"]
    assert values(run, "done") == ["3:1"]
    assert [{"kl"}, {"kl", "done"}] == kinds(run)
    assert run.notes == ()


@pytest.mark.parametrize("spelling", ["NaN", "null", '"NaN"', '" nan "', "Infinity", '"-inf"', "-1e999"])
def test_values_that_are_not_finite_stay_so(tmp_path: Path, spelling: str) -> None:
    [value] = jsonl(tmp_path, f'{{"step": 1, "kl": {spelling}}}').series["kl"].values.tolist()

    assert value in {float("inf"), float("-inf")} or value != value  # noqa: PLR0124 - only NaN is unlike itself


def test_nested_objects_are_flattened_and_other_values_are_no_series(tmp_path: Path) -> None:
    run = jsonl(tmp_path, {"step": 1, "train": {"kl": 1, "by": {"a": 2}}, "text": "x", "list": [1, 2], "empty": {}})

    assert dict(run.catalog) == {"train.kl": 1, "train.by.a": 1}
    assert run.notes == ()


@pytest.mark.parametrize("name", ["step", "_step", "Step", "global_step", "train/global_step"])
def test_the_step_has_several_names(tmp_path: Path, name: str) -> None:
    run = jsonl(tmp_path, {"config": "x"}, {name: 5, "kl": 1.0}, {name: 6.0, "kl": 1.0})

    assert run.rows.steps.tolist() == [5, 6]
    assert {"kl"} == set(run.catalog)


def test_the_best_name_of_the_step_wins_and_the_other_stays_a_metric(tmp_path: Path) -> None:
    run = jsonl(tmp_path, {"global_step": 50, "_step": 5, "kl": 1.0})

    assert run.rows.steps.tolist() == [5]
    assert values(run, "global_step") == ["5:50"]


def test_rows_without_any_step_are_numbered_and_that_is_noted(tmp_path: Path) -> None:
    run = jsonl(tmp_path, {"kl": 0.1}, {"kl": 0.2})

    assert values(run, "kl") == ["1:0.1", "2:0.2"]
    assert [note.kind for note in run.notes] == [NoteKind.ODD]
    assert "rows are numbered from 1" in texts(run)[0]


def test_odd_and_unusable_steps_are_noted_and_never_guessed(tmp_path: Path) -> None:
    steps: list[Any] = [1, "2", 2.5, -3, 2**63, None, True, "x", float("nan"), 1e300, 4.0]
    run = jsonl(tmp_path, *({"step": step, "kl": 1.0} for step in steps), {"kl": 1.0})

    assert run.rows.steps.tolist() == [1, 2, -3, 4]
    assert texts(run) == [
        "the step is text: 2 lines, the first is line 2",
        "the step is not a whole number of 64 bits, left out: 6 lines, the first is line 3",
        "the step is negative: line 4",
        "no step, left out: 2 lines, the first is line 6",
    ]


def test_bad_lines_are_lost_and_the_rest_is_read(tmp_path: Path) -> None:
    run = jsonl(
        tmp_path,
        {"step": 1, "kl": 1},
        "garbage",
        "[1]",
        "",
        "[" * 100_000,
        "1" * 5000,
        {"step": 2, "kl": 2},
        '{"step": 3, "k',
    )

    assert run.rows.steps.tolist() == [1, 2]
    assert [(n.kind, n.text) for n in run.notes] == [
        (NoteKind.LOST, "run.jsonl: no JSON object, left out: 5 lines, the first is line 2")
    ]


def test_the_wrapping_of_verl_s_file_logger_is_taken_off(tmp_path: Path) -> None:
    run = jsonl(tmp_path, {"step": 1, "data": {"actor/kl_loss": 0.1}}, {"step": 2, "data": {"x": 1}, "loss": 2})

    assert {"actor/kl_loss", "data.x", "loss"} == set(run.catalog)


def test_duplicated_steps_stay_visible(tmp_path: Path) -> None:
    run = jsonl(tmp_path, {"step": 1, "kl": 1}, {"step": 1, "kl": 2}, {"step": 0, "kl": 3})

    assert values(run, "kl") == ["1:1", "1:2", "0:3"]


def test_compressed_rows_cut_short_keep_what_was_whole(tmp_path: Path) -> None:
    data = gzip.compress(
        "".join(f'{{"step": {step}, "kl": "{os.urandom(9).hex()}", "x": 1}}\n' for step in range(500)).encode()
    )
    run = tables.read(written(tmp_path / "run.jsonl.gz", data[: len(data) // 2]), ALL)

    assert run.last_step is not None
    assert 0 < run.last_step < 499
    assert any("damaged or cut off" in note.text and note.kind is NoteKind.LOST for note in run.notes)


def test_a_chosen_series_is_kept_and_the_others_are_counted(tmp_path: Path) -> None:
    for run in (
        jsonl(tmp_path, {"step": 1, "kl": 1, "loss": 2}, selection=Selection(names=frozenset({"kl"}))),
        csv(tmp_path, "step,kl,loss\n1,1,2\n", Selection(names=frozenset({"kl"}))),
        parquet(tmp_path, "SELECT 1 AS step, 1 AS kl, 2 AS loss", Selection(names=frozenset({"kl"}))),
    ):
        assert ({"kl"}, {"kl": 1, "loss": 1}) == (set(run.series), dict(run.catalog))
        assert [{"kl", "loss"}] == kinds(run)


# --- CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    run = csv(tmp_path, "step,kl,reward\n1,0.5,2\n2,,3\n".replace(",", delimiter))

    assert values(run, "kl") == ["1:0.5"]
    assert [{"kl", "reward"}, {"reward"}] == kinds(run)
    assert run.notes == ()


def test_decimal_commas_are_read_where_the_comma_is_not_the_delimiter(tmp_path: Path) -> None:
    run = csv(tmp_path, "step;kl\n1;0,5\n2;1,25\n3;1.000,5\n")

    assert values(run, "kl") == ["1:0.5", "2:1.25", "3:nan"]
    assert texts(run) == [
        "a number with a decimal comma: 2 lines, the first is line 2",
        "no number in 'kl', counted as NaN: line 4",
    ]


def test_spellings_of_numbers_and_of_none(tmp_path: Path) -> None:
    cells = [
        "1e-3",
        " 7 ",
        "+2",
        "inf",
        "-Infinity",
        "NaN",
        "nan",
        "None",
        "null",
        "N/A",
        "True",
        "false",
        '"5"',
        "",
        "1_0",
        "0x1A",
        "5%",
        "1e999",
    ]
    run = csv(tmp_path, "step,kl\n" + "".join(f"{step},{cell}\n" for step, cell in enumerate(cells)))

    expected = [
        "0.001",
        "7",
        "2",
        "inf",
        "-inf",
        "nan",
        "nan",
        "nan",
        "nan",
        "nan",
        "1",
        "0",
        "5",
        "nan",
        "nan",
        "nan",
        "inf",
    ]
    assert expected == [value.partition(":")[2] for value in values(run, "kl")]
    assert texts(run) == ["no number in 'kl', counted as NaN: 3 lines, the first is line 16"]


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffstep,größe\r\n1,2\r\n".encode(),
        "step,größe\n1,2\n".encode("latin-1"),
        gzip.compress("step,größe\n1,2\n".encode(), mtime=0),
        '\n"step" , "größe"\n1,2\n\n,,\n'.encode(),
        "step,größe,\n1,2,\n".encode(),
        "größe,step\n2,1,,\n".encode(),
    ],
)
def test_marks_line_ends_encodings_and_empty_columns_do_not_matter(tmp_path: Path, data: bytes) -> None:
    assert values(csv(tmp_path, data.replace(b'" , "', b'","')), "größe") == ["1:2"]


def test_quoted_line_breaks_belong_to_their_cell(tmp_path: Path) -> None:
    run = csv(tmp_path, 'step,"k\nl",note\n1,0.1,"two\nlines"\n2,0.2,x\nbad\n')

    assert values(run, "k\nl") == ["1:0.1", "2:0.2"]
    assert texts(run) == ["the row does not fit the header, left out: line 6"]


def test_ragged_rows_are_left_out_whole(tmp_path: Path) -> None:
    run = csv(tmp_path, "step,kl,reward\n1,0,5,2\n2,0.1,7\n3,0.")

    assert values(run, "kl") == ["2:0.1"]
    assert [note.kind for note in run.notes] == [NoteKind.LOST, NoteKind.ODD]
    assert texts(run)[:1] == ["the row does not fit the header, left out: 2 lines, the first is line 2"]
    assert texts(run)[1:] == ["the last line has no end, perhaps it was cut off: line 4"]


def test_an_open_quotation_mark_loses_its_lines_and_says_how_many(tmp_path: Path) -> None:
    run = csv(tmp_path, "step,kl\n1,0.1\n" + '2,"0.2\n' + "3,0.3\n" * 5)

    assert values(run, "kl") == ["1:0.1"]
    assert texts(run) == ["the row does not fit the header, left out: 6 lines, the first is line 3"]


def test_lines_between_two_stray_quotation_marks_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    run = csv(tmp_path, 'step,kl\n1,"0.1\n2,0.2\n3,"0.3\n4,0.4\n')

    assert values(run, "kl") == ["4:0.4"]
    assert texts(run) == ["the row does not fit the header, left out: 3 lines, the first is line 2"]


def test_nul_bytes_after_a_crash_are_lost_and_noted(tmp_path: Path) -> None:
    run = csv(tmp_path, b"step,kl\n1,0.1\n" + b"\0" * 4096)

    assert values(run, "kl") == ["1:0.1"]
    assert NoteKind.LOST in {note.kind for note in run.notes}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("1,0.1\n2,0.2\n", "expected a header with the names of the columns, got numbers; write"),
        (",,\n1,2,3\n", "expected a header with the names of the columns, got none"),
        ("step,kl,kl\n1,2,3\n", "expected every column once, got kl several times; rename one"),
        ("step,kl\n", "got no usable row"),
        ("step,kl\nx,1\n", "got no usable row"),
        ("step,who\n1,me\n", "expected at least one column of numbers, got text"),
    ],
)
def test_tables_without_header_rows_or_numbers_say_so(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        csv(tmp_path, data)


def test_csv_without_a_step_is_numbered(tmp_path: Path) -> None:
    run = csv(tmp_path, "kl\n0.1\n0.2\n")

    assert values(run, "kl") == ["1:0.1", "2:0.2"]
    assert "rows are numbered from 1" in texts(run)[0]


# --- Parquet


def test_parquet_types_nulls_and_structures(tmp_path: Path) -> None:
    run = parquet(
        tmp_path,
        """SELECT i AS step, CASE WHEN i = 2 THEN NULL ELSE i::FLOAT / 3 END AS kl,
           {'r': i, 'd': {'x': i::DECIMAL(9, 2) / 4}} AS t,
           i > 1 AS ok, 'NaN'::DOUBLE AS bad, 'text' AS who, [i] AS list, i::HUGEINT AS big, DATE '2020-01-01' AS day,
           CASE WHEN i = 3 THEN i END AS late, 7 AS _timestamp FROM range(1, 4) r(i)""",
    )

    assert dict(run.catalog) == {"kl": 2, "t.r": 3, "t.d.x": 3, "ok": 3, "bad": 3, "big": 3, "late": 1}
    assert values(run, "kl") == ["1:0.333333", "3:1"]
    assert values(run, "t.d.x") == ["1:0.25", "2:0.5", "3:0.75"]
    assert values(run, "bad") == ["1:nan", "2:nan", "3:nan"]
    always = {"t.r", "t.d.x", "ok", "bad", "big"}
    assert [always | {"kl"}, always, always | {"kl", "late"}] == kinds(run)
    assert run.notes == ()


def test_parquet_kinds_hold_for_more_columns_than_bits_in_a_word(tmp_path: Path) -> None:
    columns = ", ".join(f"CASE WHEN i % 70 = {n} THEN 1 END AS m{n}" for n in range(70))
    run = parquet(tmp_path, f"SELECT i AS step, 1 AS z, {columns} FROM range(140) r(i)")  # noqa: S608 - the test's own text

    assert [{"z", f"m{step % 70}"} for step in range(140)] == kinds(run)


def test_parquet_kinds_past_the_limit_are_their_union(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.sources.tables.parquet._MAX_SETS", 2)
    columns = ", ".join(f"CASE WHEN i % 5 = {n} THEN 1 END AS m{n}" for n in range(5))
    run = parquet(tmp_path, f"SELECT i AS step, {columns} FROM range(7) r(i)")  # noqa: S608 - the test's own text

    rest = {"m2", "m3", "m4"}
    assert [{"m0"}, {"m1"}, rest, rest, rest, {"m0"}, {"m1"}] == kinds(run)


@pytest.mark.parametrize(
    ("type_", "steps", "expected"),
    [
        ("DOUBLE", "(1), (2.5), (NULL), (3), (1e300), ('nan')", [1, 3]),
        ("UBIGINT", "(1), (18446744073709551615), (3)", [1, 3]),
        ("VARCHAR", "('1'), ('x'), ('3.5'), ('3')", [1, 3]),
        ("BIGINT", "(1), (-3)", [1, -3]),
    ],
)
def test_parquet_steps_are_whole_numbers_or_lost(tmp_path: Path, type_: str, steps: str, expected: list[int]) -> None:
    run = parquet(tmp_path, f"SELECT s::{type_} AS step, 0.5 AS kl FROM (VALUES {steps}) v(s)")  # noqa: S608 - the test's own text

    assert expected == run.rows.steps.tolist() == run.series["kl"].steps.tolist()
    assert run.catalog["kl"] == len(expected)
    assert [NoteKind.ODD if -3 in expected else NoteKind.LOST] == [note.kind for note in run.notes]


def test_parquet_without_a_step_is_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    run = parquet(tmp_path, "SELECT 300000 - i AS kl FROM range(300000) r(i)")

    assert list(range(1, 300_001)) == run.rows.steps.tolist()
    assert list(range(300_000, 0, -1)) == run.series["kl"].values.tolist()
    assert "rows are numbered from 1" in texts(run)[0]


@pytest.mark.parametrize("name", ["a*b[1]?.parquet", "it's.parquet", "step=5.parquet", "Größe \u202e.parquet"])
def test_parquet_files_may_be_named_as_they_like(tmp_path: Path, name: str) -> None:
    assert values(parquet(tmp_path, 'SELECT 1 AS step, 2 AS "a""b; DROP"', name=name), 'a"b; DROP') == ["1:2"]


def test_parquet_in_a_folder_named_like_a_partition_gets_no_column_from_it(tmp_path: Path) -> None:
    (folder := tmp_path / "step=9").mkdir()

    assert parquet(folder, "SELECT 1 AS step, 2 AS kl").rows.steps.tolist() == [1]


def test_a_chosen_parquet_column_without_numbers_is_named(tmp_path: Path) -> None:
    run = parquet(tmp_path, "SELECT 1 AS step, 1 AS kl, 'x' AS who", Selection(names=frozenset({"who", "kl"})))

    assert texts(run) == ["who holds no numbers but varchar, left out: row 1"]


@pytest.mark.parametrize(
    "select", ["SELECT 1 AS step, 'x' AS who", "SELECT 'x' AS step, 1 AS kl", "SELECT 1 AS step, 1 AS kl LIMIT 0"]
)
def test_parquet_without_usable_rows_or_columns_says_so(tmp_path: Path, select: str) -> None:
    with pytest.raises(InputError, match="expected rows with a whole-number step and a column of numbers, got no such"):
        parquet(tmp_path, select)


def test_damaged_parquet_ends_in_our_own_message(tmp_path: Path) -> None:
    parquet(tmp_path, "SELECT i AS step, random() AS kl FROM range(5000) r(i)")
    whole = (tmp_path / "run.parquet").read_bytes()
    for data in (whole[:-9], whole[:300], whole[:4] + b"\0" * 2000 + whole[2004:]):
        written(tmp_path / "run.parquet", data)
        with pytest.raises(
            InputError, match=r"expected a whole Parquet file, got what DuckDB cannot read \(.*\); write"
        ):
            tables.read(tmp_path / "run.parquet", ALL)
