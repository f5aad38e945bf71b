"""Files of games become counts, whoever wrote them; what is odd or lost is told, what is wrong is an error."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from action.errors import InputError
from action.sources import games
from action.sources.games import parse_columns, read_games, recognises, store
from checks.counts import Counts, total
from checks.run import GameRecord, NoteKind

GOMOKU = """\
datetime,training_steps,game_length,game_result,black_elo_rating,white_elo_rating
2023-05-24 13:45:16,1000,55,B+1.0,16.0,-15.263693206478006
2023-05-24 14:06:43,2000,34,W+1.0,0.7363067935219938,32.0
2023-05-24 14:27:08,3000,39,B+1.0,16.736306793521994,-14.527386412956012
2023-05-24 14:46:58,4000,36,W+1.0,1.4726135870439876,32.73630679352199
2023-05-24 15:06:13,5000,25,B+1.0,17.472613587043988,-13.79107961943402
"""
"""The start of https://github.com/michaelnny/alpha_zero/blob/41ec8d6/logs/gomoku/13x13/evaluation.csv (MIT licence)."""
GOOD = {"a": "x", "b": "y", "score": 1}
DUEL = '{"a": "new", "b": "base", "score": 1}\n'


def read(tmp_path: Path, data: str | bytes, name: str = "games.jsonl", columns: str = "", **options: Any) -> GameRecord:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_games([path], columns=parse_columns(columns) if columns else None, **options)


def jsonl(tmp_path: Path, *rows: Any, **options: Any) -> GameRecord:
    return read(tmp_path, "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), **options)


def parquet(tmp_path: Path, select: str, **options: Any) -> GameRecord:
    path = tmp_path / "games.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return read_games([path], **options)


def pairs(counts: Counts) -> dict[str, tuple[float, float]]:
    """Give `first-second` → (games, points of first), over the whole record."""
    sums: dict[str, tuple[float, float]] = {}
    one = total(counts)
    for first, second, games_, points in zip(one.first, one.second, one.games, one.points, strict=True):
        key = f"{counts.agents[first]}-{counts.agents[second]}"
        before = sums.get(key, (0.0, 0.0))
        sums[key] = (before[0] + games_, before[1] + points)
    return sums


def texts(record: GameRecord) -> list[str]:
    return [note.text.partition(": ")[2] for note in record.notes]


# --- forms


def test_two_players(tmp_path: Path) -> None:
    record = jsonl(
        tmp_path,
        {"a": "new", "b": "base", "score": 1},
        {"a": "base", "b": "new", "score": 0.5, "game": "g2", "step": 3, "rollout": None},
        {"a": "base", "b": "bot", "score": 0},
    )

    assert pairs(record.counts) == {"base-new": (2, 0.5), "base-bot": (1, 0)}
    assert (
        record.source,
        record.cluster,
        record.notes,
        record.counts.clusters,
        record.counts.ordered,
    ) == ("games.jsonl", "game", (), 3, True)


def test_several_seats_meet_in_pairs_of_different_agents(tmp_path: Path) -> None:
    record = jsonl(tmp_path, {"game": 1, "agents": ["x", "base", "x"], "scores": [3, 2, 1], "seats": ["A", "B", "C"]})

    assert pairs(record.counts) == {"base-x": (2, 1)}
    assert (record.counts.clusters, record.counts.games, record.counts.mean_seats) == (1, 1, 3)
    assert record.counts.seats is not None
    assert record.counts.seats.names == ("A", "B", "C")


def test_powers_are_seats(tmp_path: Path) -> None:
    record = jsonl(
        tmp_path,
        {"power_agents": {"FRANCE": "x", "ITALY": "base"}, "power_scores": {"ITALY": 3, "FRANCE": 12.5}, "rollout": 1},
        {"power_agents": {"FRANCE": "x", "ITALY": "base", "RUSSIA": "y"}, "power_scores": {"FRANCE": 1, "ITALY": 1}},
    )

    assert pairs(record.counts) == {"base-x": (2, 0.5)}
    assert texts(record) == [
        "a seat without a score, left out: line 2",
        "no rollout, each such game is an observation of its own: line 2",
        "20.0% of the seats have no score; what is missing may be what matters",
    ]


def test_a_row_a_seat(tmp_path: Path) -> None:
    data = "game,agent,score,seat\n1,x,3,A\n2,x,1,A\n1,base,2,B\n2,base,1,B\n"
    for name in ("games.csv", "games.jsonl"):
        rows = [
            dict(zip(("game", "agent", "score", "seat"), line.split(","), strict=True)) for line in data.split()[1:]
        ]
        text = data if name == "games.csv" else "".join(json.dumps(row) + "\n" for row in rows)
        record = read(tmp_path, text, name)

        assert pairs(record.counts) == {"base-x": (2, 0.5)}
        assert (record.counts.clusters, record.counts.games) == (2, 2)
        assert record.counts.seat_names == ("A", "B")


def test_a_row_of_n_games_is_n_clusters_but_one_with_a_rollout(tmp_path: Path) -> None:
    row = {"a": "x", "b": "y", "score": 1, "n": 20}
    alone, together = jsonl(tmp_path, row), jsonl(tmp_path, {**row, "rollout": "r"})

    assert (alone.counts.clusters, alone.counts.games, alone.counts.ordered) == (20, 20, False)
    assert (together.counts.clusters, together.counts.games, together.counts.ordered) == (1, 20, False)
    assert jsonl(tmp_path, {**row, "seed": 7}, cluster="seed").counts.clusters == 1
    assert jsonl(tmp_path, {**row, "rollout": 7}, cluster="game").counts.clusters == 20


def test_who_moves_first_is_the_order(tmp_path: Path) -> None:
    record = jsonl(
        tmp_path,
        {"a": "x", "b": "base", "score": 1, "first": "a"},
        {"a": "x", "b": "base", "score": 1, "first": "b"},
        {"a": "x", "b": "base", "score": 1},
    )

    assert sorted(record.counts.entries.order.tolist()) == [-1, 0, 1]
    assert record.counts.seat_names == ("first", "second")


def test_clusters_are_rollouts_or_what_is_named(tmp_path: Path) -> None:
    rows = [{"a": "x", "b": "y", "score": 1, "rollout": i // 2, "step": i // 4, "seed": 0} for i in range(8)]

    for cluster, clusters, word in (
        (None, 4, "rollout"),
        ("rollout", 4, "rollout"),
        ("step", 2, "step"),
        ("game", 8, "game"),
        ("seed", 1, "seed"),
    ):
        record = jsonl(tmp_path, *rows, cluster=cluster)
        assert (clusters, word) == (record.counts.clusters, record.cluster)
    with pytest.raises(InputError, match=r"games.jsonl: expected the field sede in some row, got none; name a column"):
        jsonl(tmp_path, *rows, cluster="sede")


# --- other people's tables


def test_a_table_without_agents_names_them_by_its_steps(tmp_path: Path) -> None:
    """Black is the newest checkpoint and moves first, white the one before."""
    pattern = "adapter_v{training_steps}"
    columns = f"a={pattern},b={pattern.replace('{', '{previous:')},score=game_result,first=a"
    record = read(tmp_path, GOMOKU, "evaluation.csv", columns)

    assert pairs(record.counts) == {
        "adapter_v1000-adapter_v2000": (1, 1),
        "adapter_v2000-adapter_v3000": (1, 0),
        "adapter_v3000-adapter_v4000": (1, 1),
        "adapter_v4000-adapter_v5000": (1, 0),
    }
    assert {-1} == set(record.counts.entries.order.tolist())
    assert texts(record) == ["no row above to take a name from, left out: line 2"]


def test_columns_of_other_people(tmp_path: Path) -> None:
    data = "White;Black;Result;Date\nann;bob;1-0;x\nbob;ann;½-½;y\nbob;ann;B+R;z\n"
    record = read(tmp_path, data, "games.csv", "a=white,b=black,score=result")

    assert pairs(record.counts) == {"ann-bob": (3, 2.5)}
    with pytest.raises(InputError, match=r"games.csv: expected a column weiss for a, got the columns White, Black"):
        read(tmp_path, data, "games.csv", "a=weiss,b=black,score=result")
    with pytest.raises(InputError, match=r"games.csv:4: expected to know who is black .*; add `first=a` to --columns"):
        read(tmp_path, data.replace("White", "P1").replace("Black", "P2"), "games.csv", "a=P1,b=P2,score=Result")


def test_names_of_agents_are_made_of_columns(tmp_path: Path) -> None:
    data = "run,step,score,opponent\nx,10,1,base\nx,20,0,base\n"
    record = read(tmp_path, data, "games.csv", "a={run}_v{step},b=opponent,rollout={run}")

    assert pairs(record.counts) == {"base-x_v10": (1, 0), "base-x_v20": (1, 1)}
    assert (record.cluster, record.counts.clusters) == ("rollout", 1)


# --- spelling


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("games.csv", "a,b,score\nnew,base,1\n"),
        ("games.csv", "\ufeffa;b;score\r\nnew;base;1,0\r\n"),
        ("games.tsv", "A\t B \tScore\tx\n new \tbase\t1\t\n\n\t\t\t\n"),
        ("games.csv", '\n"a","b","score",\n"new","base","win",\n'),
        ("games.txt", "a,b,score\nnew,base,1-0"),
        ("games.json", f"[{DUEL.strip()}]"),
        ("games.json", DUEL),
        ("games.jsonl", "\ufeff \r\n" + DUEL.replace("\n", "\r\n")),
        ("games.jsonl", "x\n" + DUEL),
        ("games.jsonl.gz", DUEL),
        ("games.csv.gz", "a,b,score\nnew,base,1\n"),
        ("games.json.gz", f"[{DUEL.strip()}]"),
    ],
)
def test_the_same_game_however_it_is_written(tmp_path: Path, name: str, data: str) -> None:
    record = read(tmp_path, gzip.compress(data.encode(), mtime=0) if name.endswith(".gz") else data, name)

    assert pairs(record.counts) == {"base-new": (1, 0)}
    told = {"x": "no JSON object, left out: line 1", "0": "the last line has no end, perhaps it was cut off"}
    assert [told[end] for end in (data[0], data[-1]) if end in told] == texts(record)
    assert recognises(tmp_path / name)


def test_decimal_commas_are_numbers_where_the_comma_is_free(tmp_path: Path) -> None:
    data = "game;agent;score\n1;x;1,5\n1;y;1,25\n"
    record = read(tmp_path, data, "games.csv")

    assert pairs(record.counts) == {"x-y": (1, 1)}
    assert texts(record) == ["a number with a decimal comma: 2 lines, the first is line 2"]
    with pytest.raises(InputError, match=r"games.csv:2: expected a number as score, got 1,5; write numbers"):
        read(tmp_path, 'game,agent,score\n1,x,"1,5"\n1,y,"1,25"\n', "games.csv")


def test_a_table_may_be_cut_off(tmp_path: Path) -> None:
    data = "a,b,score\nx,y,0.5\nx,y,0"
    for record in (read(tmp_path, data, "games.csv"), tried(tmp_path / "games.csv")):
        assert texts(record) == ["the last line has no end, perhaps it was cut off"]
        assert pairs(record.counts) == {"x-y": (2, 0.5)}


def tried(path: Path) -> GameRecord:
    """Have the database read a file, however small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(games, "LARGE", 0)
        patch.setattr(store, "WHOLE", 0)
        return read_games([path])


def test_rows_that_cannot_be_read_are_lost_and_told(tmp_path: Path) -> None:
    record = read(tmp_path, 'a,b,score\nx,y,1\nx,y\nx,"y,1\n', "games.csv")
    assert texts(record) == ["the row does not fit the header, left out: 2 lines, the first is line 3"]
    record = jsonl(tmp_path, DUEL.strip(), "[1]", "nonsense", "[" * 10_000, DUEL)
    assert texts(record) == ["no JSON object, left out: 3 lines, the first is line 2"]
    record = read(tmp_path, f"[{DUEL}, 7, {DUEL[:20]}", "games.json")
    assert texts(record) == [
        "no JSON object, left out: element 2",
        "the JSON is damaged or cut off, all that follows is lost: element 3",
    ]
    assert {NoteKind.LOST} == {note.kind for note in record.notes}
    cut = gzip.compress(f"[{DUEL}{f', {DUEL}' * 20_000}]".encode(), mtime=0)[:-20]
    assert any("damaged or cut off" in text for text in texts(read(tmp_path, cut, "games.json.gz")))


# --- types of Parquet


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SELECT 'x' AS a, 'y' AS b, 1 AS score, 7 AS file_row_number", {"x-y": (1, 1)}),
        ("SELECT 1000.0 AS a, 7 AS b, true AS score, 2::UTINYINT AS n", {"1000-7": (2, 2)}),
        ("SELECT 'x'::BLOB AS a, 'y' AS b, 0.5::DECIMAL(3, 2) AS score, 'nan'::DOUBLE AS rollout", {"x-y": (1, 0.5)}),
        ("SELECT {'A': 'x', 'B': 'y'} AS power_agents, {'A': 2, 'B': 1} AS power_scores", {"x-y": (1, 1)}),
        ("SELECT 1 AS game, unnest(['x', 'y']) AS agent, unnest(['1'::BLOB, '0'::BLOB]) AS score", {"x-y": (1, 1)}),
        ("SELECT 1 AS game, unnest(['x', 'y']) AS agent, unnest(['1,5', '1,25']) AS score", {"x-y": (1, 1)}),
        ("SELECT 1 AS game, unnest(['x', 'y']) AS agent, unnest([3, 2::FLOAT]) AS score", {"x-y": (1, 1)}),
        ("SELECT 1 AS game, unnest(['x', 'y']) AS agent, unnest([3, 2]::DECIMAL(5, 1)[]) AS score", {"x-y": (1, 1)}),
    ],
)
def test_parquet_of_all_types(tmp_path: Path, select: str, expected: dict[str, tuple[float, float]]) -> None:
    assert expected == pairs(parquet(tmp_path, select).counts)


# --- what is left out, and told


def test_games_and_seats_without_a_score_are_left_out(tmp_path: Path) -> None:
    record = jsonl(
        tmp_path, GOOD, '{"a": "x", "b": "y", "score": NaN}', {"a": "x", "b": "y"}, {"a": "x", "b": "y", "score": "*"}
    )
    assert texts(record) == [
        "no score, the game is left out: 3 lines, the first is line 2",
        "75.0% of the seats have no score; what is missing may be what matters",
    ]
    assert pairs(record.counts) == {"x-y": (1, 1)}

    record = jsonl(
        tmp_path, {"agents": ["x", "y", "z"], "scores": [1, None, 0]}, {"agents": ["x", "y"], "scores": [1, ""]}
    )
    assert texts(record) == [
        "a seat without a score, left out: 2 lines, the first is line 1",
        "50.0% of the seats have no score; what is missing may be what matters",
        "fewer than two different agents with a score, ignored: 1 game",
    ]
    assert pairs(record.counts) == {"x-z": (1, 1)}
    assert record.counts.mean_seats == 2


def test_games_of_one_agent_are_ignored(tmp_path: Path) -> None:
    record = jsonl(tmp_path, DUEL, *[{"a": "x", "b": "x", "score": 1}] * 1200)

    assert texts(record) == ["fewer than two different agents with a score, ignored: 1,200 games"]
    assert (record.counts.games, record.counts.clusters) == (1, 1)


def test_equal_scores_are_ties(tmp_path: Path) -> None:
    assert pairs(jsonl(tmp_path, {"agents": ["x", "y", "z"], "scores": [0, 0, 0]}).counts) == {
        "x-y": (1, 0.5),
        "x-z": (1, 0.5),
        "y-z": (1, 0.5),
    }


def test_a_game_without_seats_is_lost(tmp_path: Path) -> None:
    record = jsonl(tmp_path, {"agents": ["x", "y"], "scores": [1, 0]}, {"agents": [], "scores": []})

    assert texts(record) == ["a game without seats, left out: line 2"]
