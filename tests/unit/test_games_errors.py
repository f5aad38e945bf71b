"""A file or row that no game can be made of gives one clear message, never a traceback, whoever reads it."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.errors import InputError
from action.sources import games
from action.sources.games import database, parse_columns, read_games, recognises, store
from checks.run import GameRecord


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


GOOD = {"a": "x", "b": "y", "score": 1}
SEATS = {"game": "g", "agents": ["x", "y"], "scores": [1, 0]}
SEAT = {"game": "g", "agent": "x", "score": 1}
POWERS = {"power_agents": {"A": "x"}, "power_scores": {"A": 1}}
WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([GOOD, {**GOOD, "score": "unknown"}], "expected a result of a such as 1, 0.5, 0, .*, got unknown; write it so"),
    (
        [GOOD, {**GOOD, "score": 12}],
        "expected the score of a to be 1, 0.5 or 0, got 12; write .* `agents` and `scores`",
    ),
    ([GOOD, {**GOOD, "a": " "}], "expected a name as a, got nothing; name every player"),
    ([GOOD, {"a": "x", "score": 1}], "expected a name as b, got nothing"),
    ([GOOD, {**GOOD, "n": 0}], "expected n to be a whole number of games from 1 .*, got 0"),
    ([GOOD, {**GOOD, "n": 1.5}], "expected n to be a whole number .*, got 1.5"),
    ([GOOD, {**GOOD, "first": "x"}], "expected a or b as first, .*, got x; write a or b"),
    ([GOOD, {**GOOD, "rollout": [1]}], r"expected a text or number as cluster, got \[1\]; write one id"),
    (
        [{**GOOD, "game": "g"}, {**GOOD, "game": "g"}],
        "expected every game once, got game g a second time, first at (line|row) 1; leave the copy out",
    ),
    ([{**GOOD, "game": 1}, {**GOOD, "a": "z", "game": "1"}], "expected every game once, got game 1 a second time"),
    ([SEATS, {**SEATS, "game": "h", "n": 2}], "expected one game a row where games have several seats, got n = 2"),
    (
        [SEATS, {**SEATS, "scores": [1]}],
        "expected as many scores and seats as agents, got 2 agents, 1 scores and 2 seats",
    ),
    ([SEATS, {**SEATS, "game": 2, "agents": "x"}], "expected a list as agents, got x; write one entry a seat"),
    ([SEATS, {**SEATS, "game": 2, "agents": ["x", None]}], "expected a name as agent, got nothing"),
    ([SEATS, {**SEATS, "game": 2, "scores": [1, "x"]}], "expected a number as score, got x; write numbers"),
    ([SEATS, {**SEATS, "game": 2, "seats": ["A", "A"]}], "expected each seat once, got one twice; name the seats"),
    ([SEATS, SEATS], "expected every game once, got game g a second time, first at (line|row) 1"),
    ([SEAT, {**SEAT, "game": None}], "expected an id of the game in every row, got none"),
    ([SEAT, {**SEAT, "n": 3}], "expected one game a row where games have several seats, got n = 3"),
    ([SEAT, {**SEAT, "agent": ""}], "expected a name as agent, got nothing"),
    ([SEAT, {**SEAT, "score": "x"}], "expected a number as score, got x"),
    ([{**SEAT, "seat": "A"}] * 2, "expected each seat of game g once, got one a second time; leave the copy out"),
    ([{**SEAT, "rollout": 1}, SEAT], "expected the rows of game g in one cluster, got 1 before and none here"),
    (
        [{**SEAT, "rollout": 1}, {**SEAT, "rollout": 2}],
        "expected the rows of game g in one cluster, got 1 before and 2",
    ),
    (
        [POWERS, {**POWERS, "power_scores": 1}],
        "expected power_agents and power_scores, each an object .*, got .* and 1;",
    ),
    (
        [POWERS, {**POWERS, "power_scores": {"B": 1}}],
        "expected an agent for each power with a score, got none for B; add",
    ),
]


@pytest.mark.parametrize(("rows", "message"), WRONG)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=f"games.jsonl:2: {message}"):
        jsonl(tmp_path, *rows)
    with pytest.raises(InputError, match=f"games.json: element 2: {message.replace('(line|row)', 'element')}"):
        read(tmp_path, json.dumps(rows), "games.json")


@pytest.mark.parametrize(("rows", "message"), WRONG)
def test_a_row_that_is_wrong_is_named_by_the_database_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], message: str
) -> None:
    monkeypatch.setattr(games, "LARGE", 0)
    monkeypatch.setattr(store, "WHOLE", 0)
    with pytest.raises(InputError, match=f"games.jsonl:2: {message}"):
        jsonl(tmp_path, *rows)


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (
            "SELECT 'x' AS a, 'y' AS b, unnest([1, 0, 2, 7]) AS score",
            "row 3: expected the score of a to be 1, 0.5 or 0, got 2",
        ),
        ("SELECT unnest(['x', '', NULL]) AS a, 'y' AS b, 1 AS score", "row 2: expected a name as a, got nothing"),
        ("SELECT 'x' AS a, 'y' AS b, 1 AS score, unnest([1, -1]) AS n", "row 2: expected n to be .*, got -1"),
        (
            "SELECT 'x' AS a, 'y' AS b, 1 AS score, unnest([1, 2, 1, 2]) AS game",
            "row 3: .* got game 1 a second time, first at row 1;",
        ),
        (
            "SELECT unnest([1, 2]) AS game, ['x', 'y'] AS agents, unnest([[1, 0], [1]]) AS scores",
            "row 2: expected as many scores",
        ),
        ("SELECT unnest([1, 1]) AS game, ['x', 'y'] AS agents, [1, 0] AS scores", "row 2: .* got game 1 a second time"),
        (
            "SELECT 1 AS game, ['x', 'y'] AS agents, [1, 0] AS scores, ['A', 'A'] AS seats",
            "row 1: expected each seat once",
        ),
        ("SELECT 1 AS game, ['x', 'y'] AS agents, {'A': 1} AS scores", "row 1: expected a list as scores"),
        ("SELECT 1 AS game, ['x', 'y'] AS agents, ['1', 'z'] AS scores", "row 1: expected a number as score, got z"),
        ("SELECT unnest([1, 1, NULL]) AS game, 'x' AS agent, 1 AS score", "row 3: expected an id of the game"),
        ("SELECT 1 AS game, 'x' AS agent, unnest(['1', '1_0']) AS score", "row 2: expected a number as score, got 1_0"),
        (
            "SELECT 1 AS game, 'x' AS agent, 1 AS score, unnest(['A', 'B', 'A']) AS seat",
            "row 3: expected each seat of game 1 once",
        ),
        (
            "SELECT 1 AS game, 'x' AS agent, 1 AS score, unnest(['r', 'r', NULL]) AS rollout",
            "row 3: .* got r before and none here",
        ),
        (
            "SELECT 1 AS game, 'x' AS agent, 1 AS score, unnest(['r', 'r', 's']) AS rollout",
            "row 3: .* got r before and s here",
        ),
        ("SELECT 1 AS game, 'x' AS agent, 1 AS score, unnest([NULL, 3]) AS n", "row 2: expected one game a row"),
        (
            "SELECT 'x' AS a, 'y' AS b, 1 AS score, unnest([[1], [2]]) AS rollout",
            r"row 1: expected a text or number as cluster, got \[1\]",
        ),
    ],
)
def test_a_wrong_row_of_parquet_is_named(tmp_path: Path, select: str, message: str) -> None:
    with pytest.raises(InputError, match=f"games.parquet: {message}"):
        parquet(tmp_path, select)


@pytest.mark.parametrize("name", ["games.jsonl", "games.csv", "games.parquet", "games.json"])
def test_what_cannot_be_read_at_all_gives_one_clear_message(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(InputError, match=f"{name}: expected a file, found nothing there; check the path"):
        read_games([path])
    path.mkdir()
    with pytest.raises(InputError, match="got a directory"):
        read_games([path])
    path.rmdir()
    for data in (
        b"",
        b"\0" * 99,
        b"PAR1" + b"\0" * 99,
        b"\x28\xb5\x2f\xfd" + b"\0" * 99,
        b"{}\n[",
        b"[",
        b'"' * 300_000,
        b"\xff\xfea\0",
    ):
        with pytest.raises(InputError, match=r"expected .*, got .*[;?]"):
            read(tmp_path, data, name)
        assert not recognises(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "games.csv",
            "step,kl\n1,2\n",
            r"games.csv: expected games with a, b and score, .*, got the columns step, kl; say which",
        ),
        ("games.csv", "a,b,score,a\n", "games.csv:1: expected every column once, got a several times; rename one"),
        ("games.csv", "a,b,score\n", "games.csv: expected at least one game of two different agents, got none"),
        (
            "games.jsonl",
            '{"a": "x", "b": "x", "score": 1}\n',
            r"got none \(0 seats without a score, 1 game of one agent",
        ),
        ("games.jsonl", '{"a": "x", "b": "y", "score": null}\n', r"got none \(2 seats without a score, 0 games"),
    ],
)
def test_files_without_games_say_so(tmp_path: Path, name: str, data: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, data, name)
    with pytest.raises(InputError, match="expected at least one game of two different agents, got none"):
        parquet(tmp_path, "SELECT 'x' AS a, 'y' AS b, 1 AS score LIMIT 0")
    with pytest.raises(InputError, match=r"got none \(2 seats without a score, 1 game of one agent alone\)"):
        parquet(tmp_path, "SELECT 'x' AS a, unnest(['x', 'y']) AS b, unnest([1, NULL]) AS score")


def test_hostile_names_are_shown_harmless(tmp_path: Path) -> None:
    with pytest.raises(InputError) as info:
        jsonl(tmp_path, {**GOOD, "game": "\x1b[31m\u202e\n"}, {**GOOD, "game": "\x1b[31m\u202e\n"})
    assert r"got game \x1b[31m\u202e\n a second time" in str(info.value)
    with pytest.raises(InputError) as info:
        read(tmp_path, '"\x1b[31m"\n1\n', "ga\x1bmes.csv")
    assert "\x1b" not in str(info.value)


# --- whatever stands there

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**4000)
    | st.floats()
    | st.sampled_from(["", "x", "y", "1", "0", "½", "\ud800", "\0", "\u202e", "1e999", "NaN", "Ä" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["A", "B", "\ud800"]), inner, max_size=2)
    ),
    max_leaves=6,
)
KEYS = ["a", "b", "score", "n", "first", "game", "rollout", "agents", "scores", "seats", "agent", "seat"]
KEYS += ["power_agents", "power_scores", "step"]
LIKELY = st.fixed_dictionaries(
    {}, optional={key: JSON | st.sampled_from(["x", "y", 1, 0, ["x", "y"], [1, 0], {"A": "x"}]) for key in KEYS}
)
FORMS = [["a", "b", "score"], ["agents", "scores"], ["power_agents", "power_scores"], ["game", "agent", "score"]]


def refusal(path: Path) -> str | None:
    """Read a file; give what is said where it is refused."""
    try:
        assert read_games([path]).counts.games > 0
    except InputError as error:
        return str(error)
    return None


def survive(path: Path) -> None:
    """Read a file; it may be refused, in one line that hides nothing."""
    recognises(path)
    message = refusal(path)
    assert message is None or message.isprintable(), message
    assert message is None or (" expected " in message and " got " in message), message


def survive_both(path: Path) -> None:
    """Read a file in memory, then by the database."""
    survive(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(games, "LARGE", 0)
        patch.setattr(store, "WHOLE", 0)
        survive(path)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(LIKELY, min_size=1, max_size=4), form=st.sampled_from(FORMS), sure=st.booleans())
def test_any_json_is_games_or_refused(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], form: list[str], sure: bool
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "games.jsonl"
    complete = [{**{key: "x" for key in form if sure}, **row} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in complete))
    survive(path)
    path.write_text(json.dumps(complete))
    survive(path)


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(LIKELY, min_size=1, max_size=4), form=st.sampled_from(FORMS))
def test_any_json_is_games_or_refused_by_the_database(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], form: list[str]
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "games.jsonl"
    path.write_text("".join(json.dumps({**dict.fromkeys(form, "1"), **row}) + "\n" for row in rows))
    survive_both(path)


@settings(max_examples=100, deadline=None)
@given(
    data=st.binary(max_size=300) | st.text(alphabet='ab,;\t\n\r"{}[]:1½\0 ', max_size=80).map(str.encode),
    start=st.sampled_from(
        [b"", b"a,b,score\n", b"[", b'{"a": "x", "b": "y", "score": 1}\n', b"\x1f\x8b\x08", b"game,agent,score\n"]
    ),
)
def test_any_bytes_are_games_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "games"
    path.write_bytes(start + data or b" ")
    survive(path)


@pytest.mark.parametrize(
    "data",
    [
        b"a,b,score\n" + b"\xff\xfe,y,1\n",
        b"a,b,score\nx,y,1\n" + b"\0" * 5000,
        b'a,b,score\nx,"' + b"y" * 200_000 + b'",1\n',
        b"game,agent,score,seat\n" + b"".join(b"1,x,1,s%d\n" % i for i in range(1100)),
        b'{"a": "x", "b": "y", "score": 1, "rollout": "\\ud800"}\n{"a": "x", "b": "\\udfff", "score": 0}',
        b'{"agents": ["x", "y"], "scores": [1, ' + b"9" * 5000 + b"]}",
        b'{"agents": ["x", "y"], "scores": [1, 1e999], "rollout": "\\u0000"}',
        b'{"a": ' + b"[" * 900 + b"]" * 900 + b', "b": "y", "score": 1}',
        b'{"a": "x", "a": "z", "b": "y", "score": 1}',
        b'{"a": "x", "A": "z", "b": "y", "score": 1}\n{"A": "x", "b": "y", "score": 1}',
        b'{"a": "x", "b": "y", "score": 1}\n\n  \n{"a": "x", "b": "y", "score": 7}',
        b'\xef\xbb\xbf{"a": "x", "b": "y", "score": 1}\r\n',
    ],
)
def test_odd_files_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    for content in (data, gzip.compress(data, mtime=0), gzip.compress(data, mtime=0)[:-20]):
        (tmp_path / "games").write_bytes(content)
        (survive_both if content is data else survive)(tmp_path / "games")


def test_values_nested_as_deep_as_can_be_parsed_are_read_or_refused(tmp_path: Path) -> None:
    for depth in range(800, 1000, 3):
        (tmp_path / "games").write_text(f'{{"a": {"[" * depth}{"]" * depth}, "b": "y", "score": 1}}')
        survive(tmp_path / "games")


def test_damaged_parquet_is_read_or_refused(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        query = (
            "SELECT 'a' || i % 9 AS a, 'b' || i % 7 AS b, i % 3 / 2 AS score, 'g' || i AS game FROM range(2000) r(i)"
        )
        connection.execute(f"COPY ({query}) TO '{tmp_path / 'games'}' (FORMAT parquet)")
    whole = (tmp_path / "games").read_bytes()
    for place in range(5, len(whole), len(whole) // 12):
        (tmp_path / "games").write_bytes(whole[:place] + b"\xa5\x5a\0" + whole[place + 3 :])
        survive(tmp_path / "games")
    (tmp_path / "games").write_bytes(whole[: len(whole) // 2])
    assert "expected a whole file, got what DuckDB cannot read (" in str(refusal(tmp_path / "games"))


def test_a_path_of_other_bytes_than_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.parquet")
    path.write_bytes(b"PAR1")

    assert "expected a path of UTF-8 text, got other bytes; rename the file" in str(refusal(path))
    assert not recognises(path)


def test_games_that_do_not_fit_into_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._PRIVATE, "memory_limit", "1MB")
    with duckdb.connect(":memory:") as connection:
        query = "SELECT 'a' AS a, 'b' AS b, 1 AS score, 'g' || i AS game FROM range(300000) r(i)"
        connection.execute(f"COPY ({query}) TO '{tmp_path / 'games'}' (FORMAT parquet)")

    assert "expected games that 1GB of memory and the free space in" in str(refusal(tmp_path / "games"))


def test_more_names_than_agents_can_have_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.sources.games.tally.MAX_AGENTS", 3)
    rows = [{"a": f"x{i}", "b": f"x{i + 1}", "score": 1} for i in range(5)]
    with pytest.raises(
        InputError, match=r"games.jsonl:3: expected at most 3 agents, got one more \(x3\); does the col"
    ):
        jsonl(tmp_path, *rows)
