"""What users say of foreign tables, and how the cells of those tables are understood."""

from decimal import Decimal
from typing import Any

import pytest

from action.sources.games import parse_columns
from action.sources.games.cell import RowError, id_text, is_missing, name_text, parse_count, parse_first, parse_score
from action.sources.games.columns import GameColumns, parse_pattern
from action.sources.games.layout import CLUSTER, Form, Layout, LayoutError, Request, find_layout
from action.sources.games.outcome import parse_result

NAN = float("nan")


def layout(names: list[str], columns: str = "", cluster: str | None = None) -> Layout | None:
    given = parse_columns(columns) if columns else GameColumns()
    return find_layout(names, Request(columns=given, cluster=cluster))


# --- --columns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=black,b=white,score=result", {"a": "black", "b": "white", "score": "result"}),
        (" a = player one , first=a ", {"a": "player one", "first": "a"}),
        ("a=adapter_v{step},b=adapter_v{previous:step}", {"a": "adapter_v{step}", "b": "adapter_v{previous:step}"}),
        ("agents=who,scores=x=y", {"agents": "who", "scores": "x=y"}),
        (
            "game=id,agent=p,score=s,seat=c,rollout=r,step=t",
            dict(
                zip(("game", "agent", "score", "seat", "rollout", "step"), ("id", "p", "s", "c", "r", "t"), strict=True)
            ),
        ),
    ],
)
def test_columns_are_parsed(text: str, expected: dict[str, str]) -> None:
    assert expected == dict(parse_columns(text).names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected field=column, got ''; write them as a=black,b=white,score=result"),
        ("a", "expected field=column, got 'a'"),
        ("a=", "expected field=column, got 'a='"),
        ("a=x,,b=y", "expected field=column, got ''"),
        ("agnet=x", "got 'agnet'; did you mean agent?"),
        ("zzzz=x", "expected one of the fields a, b, score, .*, got 'zzzz'; write them as"),
        ("a=x,a=y", "expected each field once, got a twice; leave one out"),
        ("a=x{y", "expected {column} or {previous:column} in 'x{y', got a stray brace"),
        ("a=x}", "got a stray brace"),
        ("a={}", "got a stray brace"),
        ("agents=x{y}", "expected a column for agents, which holds a list, got a pattern; name the column"),
        ("a=x,agents=y", "expected the fields of one form of table, got a, agents; a game of two players has a, b"),
        ("seat=x,n=y", "expected the fields of one form"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("{", r"\{")):
        parse_columns(text)


def test_patterns_put_cells_into_names() -> None:
    above, row = {"step": 1000, "who": "x"}, {"step": 2000.0, "who": "y"}

    assert parse_pattern("v{step}-{who}").fill(row, None) == "v2000-y"
    assert parse_pattern("v{previous:step}").fill(row, above) == "v1000"
    assert not parse_pattern("plain").holes
    with pytest.raises(RowError, match=r"expected a row above"):
        parse_pattern("{previous:step}").fill(row, None)
    with pytest.raises(RowError, match=r"expected a name as part of a name \('none'\), got nothing"):
        parse_pattern("{none}").fill(row, None)


# --- which column is which


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (["a", "b", "score"], Form.DUEL),
        (["Score", " A ", "B", "date"], Form.DUEL),
        (["agents", "scores"], Form.LISTS),
        (["power_agents", "power_scores", "step"], Form.POWERS),
        (["game", "agent", "score"], Form.SEAT),
        (["step", "kl", "reward"], None),
        (["a", "b"], None),
        (["agent", "score"], None),
        (["a", "b", "score", "SCORE"], Form.DUEL),
        (["a", "b", "Score", "SCORE"], None),
        ([], None),
    ],
)
def test_the_columns_tell_the_form(names: list[str], form: Form | None) -> None:
    found = layout(names)

    assert form == (found and found.form)


def test_the_user_s_columns_come_first() -> None:
    found = layout(["a", "b", "score", "black", "White", "r"], "a=black,b=white,score=r", "r")

    assert found is not None
    assert (*(found.keys[f] for f in ("a", "b", "score", CLUSTER)), found.black) == ("black", "White", "r", "r", 0)
    found = layout(["a", "b", "score", "game", "agent"], "agent=agent")
    assert (found and found.form, found and found.keys[CLUSTER]) == (Form.SEAT, "rollout")


def test_a_column_called_a_is_named_by_a_pattern() -> None:
    found = layout(["a", "b", "score", "x"], "first={a}")

    assert found is not None
    assert (found.turn, list(found.patterns)) == (-1, ["{a}"])
    found = layout(["a", "b", "score"], "first=b")
    assert (found and found.turn, found and found.black_for(found.turn)) == (1, 1)


def test_clusters_are_fields_or_columns_or_the_game() -> None:
    names = ["a", "b", "score", "seed", "Rollout"]

    for columns, cluster, expected in (
        ("", None, "Rollout"),
        ("", "seed", "seed"),
        ("", "game", None),
        ("rollout=seed", None, "seed"),
        ("rollout={seed}-{a}", "rollout", "{seed}-{a}"),
        ("", "nowhere", "nowhere"),
    ):
        found = layout(names, columns, cluster)
        assert expected == (found and found.keys.get(CLUSTER))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("a=blakc", "expected a column blakc for a, got the columns black, white, score; did you mean black?"),
        ("a=zzz", "expected a column zzz for a, got the columns black, white, score; name one of them with --columns"),
        ("a=x{blck}", "expected a column blck for a, got the columns"),
    ],
)
def test_a_column_that_is_not_there_is_an_error(columns: str, message: str) -> None:
    with pytest.raises(LayoutError, match=message.replace("?", r"\?")):
        layout(["black", "white", "score"], columns)


def test_long_headers_are_cut_in_messages() -> None:
    with pytest.raises(LayoutError, match=r"got the columns c0, .*, c11 and 988 more;"):
        layout([f"c{i}" for i in range(1000)], "a=x")
    with pytest.raises(LayoutError, match=r"got no column;"):
        layout([], "a=x")


# --- cells


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" x ", "x"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (True, "true"),
        (b"x", "x"),
        (Decimal("2.50"), "2.50"),
        (Decimal(2), "2"),
        ("\ud800", "?"),
        (float("inf"), "inf"),
        ("NaN", "NaN"),
    ],
)
def test_names_are_text(raw: Any, expected: str) -> None:
    assert expected == name_text(raw, "agent")


@pytest.mark.parametrize("raw", [None, "", " \t", NAN, Decimal("NaN"), [], ["x"], {}, ()])
def test_no_name_is_an_error(raw: Any) -> None:
    with pytest.raises(RowError, match=r"expected a name as agent, got .*; "):
        name_text(raw, "agent")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("g 1 ", "g 1 "), (7, "7"), (7.0, "7.0"), (False, "false"), (None, None), ("", None), ("\t", None), (NAN, None)],
)
def test_ids_are_text_or_nothing(raw: Any, expected: str | None) -> None:
    assert expected == id_text(raw, "game")


def test_an_id_is_no_list() -> None:
    with pytest.raises(RowError, match=r"expected a text or number as game, got \[1\]; write one id a game"):
        id_text([1], "game")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (1, 1.0),
        (-2.5, -2.5),
        (True, 1.0),
        ("false", 0.0),
        ("1e3", 1000.0),
        ("1,5", 1.5),
        (Decimal("0.5"), 0.5),
        ("-inf", float("-inf")),
        (-(10**400), float("-inf")),
    ],
)
def test_scores_are_numbers(raw: Any, expected: float) -> None:
    assert expected == parse_score(raw, comma=True)


@pytest.mark.parametrize("raw", ["x", "1_0", "1,2,3", "1.000,5", [1], {}, b"1"])
def test_other_scores_are_errors(raw: Any) -> None:
    with pytest.raises(RowError, match=r"expected a number as score, got .*; write numbers, higher is better"):
        parse_score(raw, comma=True)
    with pytest.raises(RowError):
        parse_score("1,5", comma=False)


@pytest.mark.parametrize("raw", [None, "", " ", "NaN", "n/a", "NULL", "*", NAN])
def test_what_is_missing(raw: Any) -> None:
    assert is_missing(raw)
    assert parse_score(raw, comma=False) != parse_score(raw, comma=False)
    assert parse_result(raw, -1) != parse_result(raw, -1)
    assert (parse_count(raw), parse_first(raw)) == (1, -1)


@pytest.mark.parametrize("raw", [0, -1, 1.5, "2.5", "x", True, float("inf"), 10**9 + 1, 10**400, [1]])
def test_numbers_of_games_are_whole_and_positive(raw: Any) -> None:
    with pytest.raises(RowError, match=r"expected n to be a whole number of games from 1 to 1,000,000,000, got"):
        parse_count(raw)


@pytest.mark.parametrize("raw", ["c", 0, "black", ["a"]])
def test_who_moved_first_is_a_or_b(raw: Any) -> None:
    with pytest.raises(RowError, match=r"expected a or b as first, the one who moved first, got"):
        parse_first(raw)


# --- results of two players


@pytest.mark.parametrize(
    ("points", "spellings"),
    [
        (1.0, [1, 1.0, "1", " 1.0 ", "1,0", True, "1-0", "1 – 0", "win", "WON", "model_a", Decimal(1)]),
        (0.5, [0.5, ".5", "0,5", "½", "1/2", "1/2-1/2", "½–½", "0.5 - 0.5", "draw", "Tie", "tie (bothbad)"]),
        (0.0, [0, "0", "-0", "0-1", "loss", "Lost", False, "model_b"]),
    ],
)
def test_results_are_understood(points: float, spellings: list[Any]) -> None:
    for raw in spellings:
        assert points == parse_result(raw, -1), raw


def test_colours_win_for_whoever_has_them() -> None:
    for raw in ("B+1.0", "b+R", "B+", "Black", "black wins"):
        assert (parse_result(raw, 0), parse_result(raw, 1)) == (1.0, 0.0), raw
    for raw in ("W+1.0", "w+resign", "white won"):
        assert (parse_result(raw, 0), parse_result(raw, 1)) == (0.0, 1.0), raw
    with pytest.raises(RowError, match=r"expected to know who is black where the result is B\+R, got .*; add"):
        parse_result("B+R", -1)


@pytest.mark.parametrize("raw", [2, -1, 0.25, "12.5", float("inf")])
def test_points_need_another_form(raw: Any) -> None:
    with pytest.raises(RowError, match=r"expected the score of a to be 1, 0.5 or 0, got .*; write .* `agents`"):
        parse_result(raw, -1)


@pytest.mark.parametrize("raw", ["b", "B", "W", "2-0", "unknown", "B1", "1-0-0", [1], {"x": 1}, "\x1b[31mwin"])
def test_unknown_results_are_errors(raw: Any) -> None:
    with pytest.raises(RowError, match=r"expected a result of a such as 1, 0.5, .*, got .*; write it so") as info:
        parse_result(raw, 0)
    assert "\x1b" not in str(info.value)
