"""The table of games that a run logged: which one is meant, and that it is whole and the one that was logged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from action.errors import GatekeeperError, InputError, ServiceError
from action.sources.wandb_api.errand import run_errand
from action.sources.wandb_api.wanted import Wanted
from action.wandb_service.request import Request
from tests.services.wandb_run import Table

COLUMNS = ("a", "b", "score")


def table(rows: int, columns: tuple[str, ...] = COLUMNS) -> Table:
    return Table(columns=columns, data=[["new", "old", 1, *[0] * (len(columns) - 3)]] * rows)


class Service:
    """A W&B with a run that logged one file."""

    def __init__(self, content: bytes, summary: Mapping[str, Any]) -> None:
        self.content = content
        self.requests = 0
        run = {"name": "abc123", "summaryMetrics": json.dumps(summary)}
        files = {"edges": [{"node": {"url": "x"}}]}
        self.answer = {"project": {"run": {**run, "parquetHistory": None, "files": files}}}
        self.asked: list[Mapping[str, Any]] = []

    def ask(self, document: str, variables: Mapping[str, Any], /) -> Mapping[str, Any]:
        self.asked.append(variables)
        return self.answer

    def download(self, address: str, path: Path, /, *, what: str) -> None:
        path.write_bytes(self.content)


def games(folder: Path, content: Table, told: Mapping[str, Any]) -> Any:
    wanted = Wanted(entity="team", project="league", run="abc123", games=True)
    request = Request(errand=wanted.errand(), key="k", url="u", folder=str(folder), seconds=9)
    return run_errand(request, Service(content.content, told), lambda _: None)["games"]


def test_a_table_comes_with_the_key_it_was_logged_under(tmp_path: Path) -> None:
    whole = table(3)

    found = games(tmp_path, whole, {"league/games": whole.told("games"), "games played": 3, "loss/games": 3})

    assert found == {"key": "league/games", "file": "games.jsonl"}
    assert len((tmp_path / "games.jsonl").read_text().splitlines()) == 3


def test_a_table_that_the_client_cut_at_ten_thousand_rows_is_refused(tmp_path: Path) -> None:
    cut = table(10_000)

    with pytest.raises(InputError) as caught:
        games(tmp_path, cut, {"games": {**cut.told("games"), "nrows": 14_000}})

    assert str(caught.value) == (
        "team/league/abc123: the table games: expected all 14,000 games that were logged, got 10,000: W&B's client "
        "keeps 10,000 rows of a table; raise wandb.Table.MAX_ROWS before games are logged, or log them as a file or an "
        "artifact and name it with --games"
    )
    assert not (tmp_path / "games.jsonl").exists()


def test_the_key_games_itself_comes_before_others_of_that_end(tmp_path: Path) -> None:
    meant, other = table(5), table(7)

    found = games(tmp_path, meant, {"aaa/games": other.told("a"), "games": meant.told("g"), "z/games": other.told("z")})

    assert found["key"] == "games"


Change = Callable[[dict[str, Any]], object]
REFUSED: dict[str, tuple[type[GatekeeperError], str, Change]] = {
    "no count of rows": (InputError, "got no count", lambda told: told.pop("nrows")),
    "a count that is none": (InputError, "got no count", lambda told: told.update(nrows=True)),
    "more rows than counted": (InputError, "expected all 2 games", lambda told: told.update(nrows=2)),
    "another count of columns": (InputError, "expected 4 columns as logged, got 3", lambda told: told.update(ncols=4)),
    "no digest": (ServiceError, "with its sha256, got none", lambda told: told.pop("sha256")),
    "another digest": (ServiceError, "as it was logged, got other bytes", lambda told: told.update(sha256="0" * 64)),
    "a table that grows": (
        InputError,
        "expected games as a wandb.Table that is logged whole, got incremental-table-file",
        lambda told: told.update(_type="incremental-table-file"),
    ),
    "a picture": (InputError, "logged whole, got image-file", lambda told: told.update(_type="image-file")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_is_not_surely_the_one_that_was_logged_is_refused(tmp_path: Path, case: str) -> None:
    kind, text, change = REFUSED[case]
    told = table(3).told("games")
    change(told)

    with pytest.raises(kind) as caught:
        games(tmp_path, table(3), {"games": told})

    assert text in str(caught.value)


def test_several_tables_of_which_none_is_called_games_are_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        games(tmp_path, table(1), {f"{name}/games": table(1).told(name) for name in "ba"})

    assert str(caught.value) == (
        "team/league/abc123: expected one table of games, got 2: a/games, b/games; log the one that counts as `games`, "
        "or name a file with --games"
    )


def test_a_column_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    twice = table(3, (*COLUMNS, "score"))

    with pytest.raises(InputError, match="expected every column once, got score several times; rename one"):
        games(tmp_path, twice, {"games": twice.told("games")})
