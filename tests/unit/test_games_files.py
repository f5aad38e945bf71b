"""Several files are one record, in order and each once; what reading does beside the record."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from action.errors import InputError, OutputError
from action.sources import games
from action.sources.games import database, read_games, recognises
from action.sources.games.database import Database, QueryError, literal
from action.sources.games.progress import Progress
from checks.run import GameRecord, NoteKind

GOOD = {"a": "x", "b": "y", "score": 1}
DUEL = '{"a": "new", "b": "base", "score": 1}\n'


def jsonl(tmp_path: Path, *rows: Any, **options: Any) -> GameRecord:
    path = tmp_path / "games.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return read_games([path], **options)


def parquet(tmp_path: Path, select: str, **options: Any) -> GameRecord:
    path = tmp_path / "games.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return read_games([path], **options)


def texts(record: GameRecord) -> list[str]:
    return [note.text.partition(": ")[2] for note in record.notes]


# --- several files


def test_files_are_read_in_the_order_given_and_patterns_by_name(tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        (tmp_path / f"games-{name}.jsonl").write_text(DUEL.replace("new", name))
    record = read_games([tmp_path / "games-c.jsonl", tmp_path / "games-[ab]*.jsonl"])

    assert record.source == "games-c.jsonl, games-a.jsonl, games-b.jsonl"
    entries = record.counts.entries
    assert [
        {*map(record.counts.agents.__getitem__, (i, j))}.difference({"base"}).pop()
        for i, j in zip(entries.first, entries.second, strict=True)
    ] == ["c", "a", "b"]
    (tmp_path / "games-[ab]*.jsonl").write_text(DUEL)
    assert read_games([tmp_path / "games-[ab]*.jsonl"]).source == "games-[ab]*.jsonl"
    with pytest.raises(
        InputError, match=r"x\*.jsonl: expected files that fit this pattern, found none; check the path"
    ):
        read_games([tmp_path / "x*.jsonl"])
    with pytest.raises(InputError, match="expected at least one file, got none"):
        read_games([])


def test_patterns_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "dcba":
        Path(f"{name}.jsonl").write_text(DUEL.replace("new", name))

    assert read_games([Path("*.jsonl")]).source == "a.jsonl, b.jsonl, c.jsonl and 1 more file"


def test_a_file_counts_once(tmp_path: Path) -> None:
    path, copy, link = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.jsonl"
    path.write_text(DUEL)
    copy.write_text(DUEL)
    link.symlink_to(path)
    other = tmp_path / "d.jsonl"
    other.write_text(DUEL.replace("new", "old"))
    record = read_games([path, copy, link, path, other])

    assert record.counts.games == 2
    assert texts(record) == [
        f"a copy of {path}, byte for byte, not read",
        "this file is named twice, read once",
        "this file is named twice, read once",
    ]


def test_ids_of_games_belong_to_a_file_and_those_of_rollouts_do_not(tmp_path: Path) -> None:
    one = tmp_path / "a.jsonl"
    one.write_text(json.dumps({**GOOD, "game": 1, "rollout": "r"}))
    record = jsonl(tmp_path, {**GOOD, "game": 1, "rollout": "r"}, {**GOOD, "game": 2, "rollout": "s"})
    both = read_games([one, tmp_path / "games.jsonl"])

    assert (record.counts.clusters, both.counts.games, both.counts.clusters) == (2, 3, 2)
    assert [(note.kind, note.text.partition(": ")[2]) for note in both.notes] == [
        (
            NoteKind.OVERLAP,
            "ids of games in several files, taken for different games: 1 id; if they are the same games, name one of "
            "the files",
        )
    ]


# --- the rest of the contract


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("run.jsonl", '{"step": 1, "kl": 0.1}\n', False),
        ("run.csv", "step,kl\n1,0.1\n", False),
        ("g.jsonl", '{"agents": [], "scores": []}', True),
        ("g.jsonl", '{"power_agents": {}, "power_scores": {}}', True),
        ("g.csv", "score,Agent,GAME\n", True),
        ("g.csv", "score,agent\n", False),
        ("trainer_state.json", '{"log_history": []}', False),
        ("events.json", '[{"event": "x"}]', False),
        ("g.jsonl", "[" * 100_000, False),
        ("g.csv", "a,a,score\n", False),
        ("g.gz", b"\x1f\x8b" + b"x" * 50, False),
    ],
)
def test_files_of_games_are_recognised_by_their_columns(
    tmp_path: Path, name: str, data: str | bytes, expected: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())

    assert expected == recognises(path)
    for nothing in (tmp_path, tmp_path / "none", Path("a\0b")):
        assert not recognises(nothing)


def test_parquet_is_recognised_by_its_columns(tmp_path: Path) -> None:
    parquet(tmp_path, "SELECT 'x' AS a, 'y' AS b, 1 AS score")
    assert recognises(tmp_path / "games.parquet")
    with duckdb.connect(":memory:") as connection:
        path = tmp_path / "games.jsonl.zst"
        connection.execute(f"COPY (SELECT 1 AS a, 2 AS b, 1 AS score) TO '{path}' (FORMAT json, COMPRESSION zstd)")
        assert recognises(path)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY (SELECT 1 AS step, 2 AS kl) TO '{tmp_path / 'run.parquet'}' (FORMAT parquet)")
    assert not recognises(tmp_path / "run.parquet")


@pytest.mark.parametrize("large", [2**60, 0])
def test_progress_ends_at_one_and_never_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    monkeypatch.setattr(games, "LARGE", large)
    told: list[float] = []
    jsonl(tmp_path, *[GOOD] * 3000, progress=told.append)

    assert sorted(told) == told
    assert (told[-1], len(told) > (50 if large else 1)) == (1.0, True)


def test_progress_of_queries_is_told_while_they_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_POLL", 0.001)
    told: list[float] = []
    parquet(
        tmp_path,
        "SELECT 'x' AS a, 'y' AS b, 1 AS score, i // 3 AS rollout FROM range(300000) r(i)",
        progress=told.append,
    )

    assert sorted(told) == told
    assert any(0.5 < share < 1 for share in told)


def test_an_interrupted_query_is_an_interrupt(tmp_path: Path) -> None:
    def raising(message: str) -> None:
        raise RuntimeError(message)

    with Database([], Progress()) as one:
        with pytest.raises(KeyboardInterrupt):
            one._watch(lambda: raising("Query interrupted"))
        with pytest.raises(RuntimeError, match="something else"):
            one._watch(lambda: raising("something else"))


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    parquet(tmp_path, "SELECT 'x' AS a, 'y' AS b, 1 AS score")
    with pytest.raises(InputError):
        parquet(tmp_path, "SELECT 'x' AS a, 'y' AS b, 7 AS score")
    assert list((tmp_path / "tmp").iterdir()) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(OutputError, match=r"temporary folder: expected one that can be written, got: No such file"):
        parquet(tmp_path, "SELECT 'x' AS a, 'y' AS b, 1 AS score")


def test_the_database_sees_the_files_alone(tmp_path: Path) -> None:
    inside, outside = tmp_path / "a*[1]?.csv", tmp_path / "b.csv"
    for path in (inside, outside):
        path.write_text("x\n1\n")
    with Database([inside], Progress()) as one:
        for query in (
            f"FROM read_csv({literal(str(outside))})",
            f"COPY (SELECT 1) TO {literal(str(outside))}",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "ATTACH '/tmp/x.duckdb'",
        ):
            with pytest.raises(QueryError):
                one.run(query)


@pytest.mark.parametrize("name", ["a*b[1]?.parquet", "it's.parquet", "step=5.parquet", "Größe \u202e.parquet"])
def test_files_may_be_named_as_they_like(tmp_path: Path, name: str) -> None:
    parquet(tmp_path, "SELECT 'x' AS a, 'y' AS b, 1 AS score")

    assert read_games([(tmp_path / "games.parquet").rename(tmp_path / name)]).counts.games == 1
