"""Games mean the same whichever way they are read: in memory, row by row into a database, by a database, by another."""

# ruff: noqa: S311, S608 - tests draw games, and ask databases of their own

import csv
import dataclasses
import gzip
import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from action.sources import games
from action.sources.games import read_games, store
from action.sources.games.columns import GameColumns
from action.sources.games.database import Database
from action.sources.games.layout import Request
from action.sources.games.progress import Progress
from action.sources.games.query import duels_query
from action.sources.games.reduction import gather_answer, skip_ignored
from action.sources.games.store import Store
from checks.elo.looks import unit_edges
from checks.run import GameRecord

RECORDING = Path("examples/league/recordings/healthy/games.jsonl.gz")
HUGE = 2**60

Row = dict[str, Any]


def differences(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """Name every field in which two values differ, exactly."""
    if dataclasses.is_dataclass(left) and type(left) is type(right):
        for field in dataclasses.fields(left):
            yield from differences(getattr(left, field.name), getattr(right, field.name), f"{path}.{field.name}")
    elif isinstance(left, np.ndarray):
        if left.dtype != right.dtype or not np.array_equal(left, right):
            yield path
    elif left != right:
        yield path


def assert_same(left: Any, right: Any) -> None:
    assert list(differences(left, right)) == []


Read = Callable[..., GameRecord]


def refuse(*_arguments: object) -> None:
    raise AssertionError("read row by row")


def by_database(whole: int, *, alone: bool = False) -> Read:
    """Make a reader for which all is large: text files from `whole` bytes on are tried without looking at rows."""

    def read(*paths: Path, **options: Any) -> GameRecord:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(games, "LARGE", 0)
            patch.setattr(store, "WHOLE", whole)
            if alone:
                patch.setattr(store, "read_table", refuse)
            return read_games(paths, **options)

    return read


staged = by_database(2**60)
"""Reads row by row into a database, which counts."""
tried = by_database(0)
"""Has the database read what is regular, and reads the rest row by row."""
scanned = by_database(0, alone=True)
"""Has the database read all; fails where a file is not regular."""


def duel_rows(random_: random.Random, *, rollouts: bool, many: bool) -> list[Row]:
    agents = ["base_model", "Ärger", "adapter_v1", "adapter_v10", "z"]
    rows = []
    for number in range(1200):
        row: Row = {"a": random_.choice(agents), "b": random_.choice(agents), "score": random_.choice([1, 0.5, 0])}
        row |= {"game": f"g{number}", "first": random_.choice(["a", "b", None])}
        row |= {"rollout": f"r{random_.randrange(400)}"} if rollouts else {}
        row |= {"n": random_.choice([1, 1, 2, 7])} if many else {}
        rows.append(row)
    return rows


def list_rows(random_: random.Random, *, rollouts: bool, seats: Sequence[str] | None) -> list[Row]:
    agents = ["base_model", "adapter_v1", "adapter_v10", "chaos_bot"]
    rows = []
    for number in range(700):
        size = len(seats) if seats else random_.randrange(2, 5)
        row: Row = {"game": f"g{number}", "agents": [random_.choice(agents) for _ in range(size)]}
        row |= {"scores": [float(random_.randrange(4)) for _ in range(size)]}
        row |= {"seats": random_.sample(seats, size)} if seats else {}
        row |= {"rollout": f"r{number // 3 + random_.randrange(3)}"} if rollouts else {}
        rows.append(row)
    return rows


def seat_rows(rows: Sequence[Row], random_: random.Random) -> list[Row]:
    """Write games one row a seat, the rows of neighbouring games mixed."""
    apart = []
    for number, row in enumerate(rows):
        for index, (agent, score) in enumerate(zip(row["agents"], row["scores"], strict=True)):
            seat = {"seat": row["seats"][index]} if "seats" in row else {}
            rest = {key: value for key, value in row.items() if key in ("game", "rollout")}
            apart.append((number + random_.random() * 2, {**rest, "agent": agent, "score": score, **seat}))
    return [row for _place, row in sorted(apart, key=lambda pair: pair[0])]


def jsonl(path: Path, rows: Sequence[Row]) -> Path:
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def json_list(path: Path, rows: Sequence[Row]) -> Path:
    path.write_text(json.dumps(rows))
    return path


def delimited(path: Path, rows: Sequence[Row]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
    return path


def by_duckdb(path: Path, rows: Sequence[Row]) -> Path:
    source = jsonl(path.with_name("source.jsonl"), rows)
    form = "parquet" if path.suffix == ".parquet" else "json, compression zstd"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY (SELECT * FROM '{source}') TO '{path}' (FORMAT {form})")
    return path


FILES: dict[str, Callable[[Path, Sequence[Row]], Path]] = {
    "games.jsonl": jsonl,
    "games.jsonl.gz": jsonl,
    "games.csv": delimited,
    "games.tsv": delimited,
    "games.parquet": by_duckdb,
    "games.jsonl.zst": by_duckdb,
}


def texts(record: GameRecord) -> list[str]:
    """Give the notes without the names of files."""
    return [note.text.partition(": ")[2].replace("line", "row") for note in record.notes]


ENDINGS = ["games.jsonl.gz", "games.csv", "games.tsv", "games.parquet", "games.jsonl.zst"]


@pytest.mark.parametrize(("rollouts", "many"), [(False, True), (True, False)])
def test_two_players(tmp_path: Path, rollouts: bool, many: bool) -> None:
    rows = duel_rows(random.Random(1), rollouts=rollouts, many=many)
    first = read_games([json_list(tmp_path / "games.json", rows)])
    others = [scanned(FILES[name](tmp_path / name, rows)) for name in (ENDINGS if many else ENDINGS[1:3])]
    for record in (*others, staged(tmp_path / "games.csv")):
        assert_same(first.counts, record.counts)
        assert texts(first) == texts(record)
    assert ("rollout" if rollouts else "game") == first.cluster
    assert first.counts.seat_names == ("first", "second")


@pytest.mark.parametrize(
    ("rollouts", "seats"),
    [(False, None), (True, ["WHITE", "BLACK"]), (True, ["A", "B", "C", "D"])],
)
def test_several_seats(tmp_path: Path, rollouts: bool, seats: list[str] | None) -> None:
    rows = list_rows(random.Random(2), rollouts=rollouts, seats=seats)
    first = read_games([json_list(tmp_path / "games.json", rows)])
    for name in ("games.jsonl.gz", "games.parquet"):
        assert_same(first.counts, scanned(FILES[name](tmp_path / name, rows)).counts)
    apart = seat_rows(rows, random.Random(3))
    second = read_games([json_list(tmp_path / "seats.json", apart)])
    assert first.counts.games == second.counts.games
    for name in ("games.csv", "games.parquet"):
        assert_same(second.counts, scanned(FILES[name](tmp_path / name, apart)).counts)
    assert_same(second.counts, staged(tmp_path / "seats.json").counts)


def test_the_recorded_league() -> None:
    for read in (staged, scanned):
        assert_same(read_games([RECORDING]), read(RECORDING))
    assert_same(read_games([RECORDING], cluster="step"), scanned(RECORDING, cluster="step"))


def test_files_of_all_kinds_are_one_record(tmp_path: Path) -> None:
    random_ = random.Random(4)
    lists = list_rows(random_, rollouts=True, seats=["X", "Y", "Z"])
    paths = [
        jsonl(tmp_path / "a.jsonl", lists),
        delimited(tmp_path / "b.csv", duel_rows(random_, rollouts=True, many=True)),
        delimited(tmp_path / "c.csv", seat_rows(lists, random_)),
    ]
    first = read_games(paths)
    for read in (staged, scanned):
        assert_same(first, read(*paths))
    assert "ids of games in several files, taken for different games: 700 ids" in first.notes[-1].text


def test_files_without_clusters_go_on_where_the_one_before_ended(tmp_path: Path) -> None:
    rows = [{**row, "game": None} for row in duel_rows(random.Random(4), rollouts=False, many=False)]
    halves = [by_duckdb(tmp_path / f"{name}.parquet", half) for name, half in (("b", rows[:900]), ("a", rows[900:]))]
    assert_same(read_games([jsonl(tmp_path / "all.jsonl", rows)]).counts, scanned(*halves).counts)


def test_what_is_lost_is_the_same_too(tmp_path: Path) -> None:
    random_ = random.Random(5)
    duels = duel_rows(random_, rollouts=True, many=True)
    for row in random_.sample(duels, 150):
        row["score"] = None
    for row in random_.sample(duels, 300):
        row["rollout"] = None
    lists = list_rows(random_, rollouts=True, seats=["X", "Y", "Z"])
    for row in lists:
        row["scores"] = [score if random_.random() < 0.8 else None for score in row["scores"]]
    for rows in (duels, lists, seat_rows(lists, random_)):
        first = read_games([jsonl(tmp_path / "games.jsonl", rows)])
        assert len(first.notes) >= 2
        record = scanned(by_duckdb(tmp_path / "games.parquet", rows))
        assert_same(first.counts, record.counts)
        assert texts(first) == texts(record)
        assert_same(first, tried(tmp_path / "games.jsonl"))


@pytest.mark.parametrize("names", [["duels", "more"], ["lists"], ["duels", "rollouts", "lists"]])
def test_another_engine_gives_the_same_counts_from_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    """The statements hold nothing that only DuckDB knows: SQLite takes them as they are."""
    random_ = random.Random(6)
    rows = {
        "duels": duel_rows(random_, rollouts=False, many=True),
        "more": duel_rows(random_, rollouts=False, many=False),
        "rollouts": duel_rows(random_, rollouts=True, many=True),
        "lists": list_rows(random_, rollouts=True, seats=["X", "Y", "Z"]),
    }
    paths = [by_duckdb(tmp_path / f"{name}.parquet", rows[name]) for name in names]
    single = "more" in names
    said: list[str] = []
    for method in ("run", "columns"):
        monkeypatch.setattr(Database, method, overheard(getattr(Database, method), said))
    with Database(paths, Progress()) as one, sqlite3.connect(":memory:") as other:
        read = Store(one, Request(columns=GameColumns(), cluster=None), Progress())
        for number, path in enumerate(paths):
            read.read(path, number)
        expected = read.count()
        for table in ("duels",) if single else ("duels", "seats"):
            columns = one.types(f"SELECT * FROM {table}")
            other.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            cells = one.rows(f"SELECT * FROM {table}")
            other.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", cells)
        agents, seats = sorted(read._tally.agents), sorted(read._tally.seats)
    *steps, query = [sql for sql in said if sql.startswith("\n")]
    assert (0 if single else 4) == len(steps)
    assert not any("OVER ()" in sql for sql in (*steps, query))  # after a join, rows come in any order
    for step in steps:
        other.execute(step)
    answer = other.execute(query)
    titles = [title for title, *_rest in answer.description]
    found = dict(zip(titles, np.array(answer.fetchall(), np.float64).T, strict=True))
    assert_same(expected, gather_answer(found, agents, seats, single=single))


def overheard(method: Callable[[Database, str], Any], said: list[str]) -> Callable[[Database, str], Any]:
    """Make a method of the database write down what it is asked."""

    def ask(self: Database, sql: str) -> Any:
        said.append(sql)
        return method(self, sql)

    return ask


@pytest.mark.parametrize("games_", [1, 999, 1000, 1001, 1234, 30_000])
@pytest.mark.parametrize("ignored", [0, 1, 700])
def test_units_of_rows_are_those_of_the_games_that_count(games_: int, ignored: int) -> None:
    draw = np.random.default_rng(games_)
    lost = np.unique(draw.integers(0, games_, ignored))
    rows = np.setdiff1d(np.arange(games_ + lost.size), lost)[:games_]
    edges = skip_ignored(unit_edges(games_), np.array_split(lost, 3))
    with sqlite3.connect(":memory:") as other:
        other.execute("CREATE TABLE duels (r, a, b, score, n, turn)")
        other.executemany("INSERT INTO duels VALUES (?, 0, 1, 1, ?, -1)", [(int(r), int(r) + 1) for r in rows])
        answer = other.execute(duels_query(edges)).fetchall()
    unit_of = np.searchsorted(unit_edges(games_), np.arange(games_), "right") - 1
    expected = np.bincount(unit_of, rows + 1.0)
    assert [(u, amount) for _kind, u, *_rest, amount, _p, _g, _m, _s in answer[:-1]] == list(
        enumerate(expected.tolist())
    )
