"""Counts of games in a bundle: exact to the last bit, and what was edited by hand gives no verdict and no traceback."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from action.errors import InputError
from action.evidence.bundle import Bundle, bundle_files, dump
from action.evidence.game_records import CHUNK, games_text, read_games
from action.evidence.store import read_bundle
from action.output import write_files
from action.sources import games
from checks.elo.agents import EloError, Naming
from checks.elo.analysis import analyse
from checks.elo.answer import EloQuestion
from checks.elo.facts import facts_of
from checks.elo.fit import FitError
from checks.run import GameRecord, Note, NoteKind
from tests.builders import evidence
from tests.games import BASE, NEW, duel, forked, join, league, record, seats, tally
from tests.runs import RECORDINGS

SEATED = seats([f"{NEW}@A>{BASE}@B>x_bot@C", f"{BASE}@A>{NEW}@B=x_bot@C"] * 6)
CASES: dict[str, GameRecord] = {
    "league": record(
        league(1, {NEW: 1100, "adapter_v20": 1150, BASE: 1000, "chaos_bot": 900}, games=40, chairs=4, forks=2)
    ),
    "first move": record(join(duel(NEW, BASE, "1101½1101110", moves=1), duel("x_bot", BASE, "1010"))),
    "seats": record(SEATED),
    "without order": record(tally(NEW, BASE, won=30, lost=10**9, tied=5)),
    "clusters": record(forked(duel(NEW, BASE, "110½" * 8), 4)),
    "notes": dataclasses.replace(
        record(duel("a\n\u202e\ud800", "b", "10")),
        source="g\n.csv",
        cluster="é",
        notes=(Note(kind=NoteKind.ODD, text="odd"), Note(kind=NoteKind.OVERLAP, text="\x1b[2J")),
    ),
}
Lines = list[dict[str, Any]]


def lines_of(made: GameRecord) -> Lines:
    return [json.loads(line) for line in games_text(made).splitlines()]


def read(lines: Lines) -> GameRecord:
    return read_games(iter(lines))


def same(one: object, other: object) -> bool:
    """Tell whether two trees of dataclasses hold the same to the last bit, arrays with their types."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool(np.all(one == other))
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(getattr(one, name), getattr(other, name)) for name in names)
    return one == other


@pytest.mark.parametrize("case", CASES)
def test_a_record_reads_back_to_the_last_bit_and_gives_the_same_bytes(case: str) -> None:
    found = read(lines_of(CASES[case]))

    assert same(found, CASES[case])
    assert games_text(found) == games_text(CASES[case])


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from("abcd"), min_size=2, max_size=5),
            st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=5, max_size=5),
            st.integers(0, 4),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_games_read_back_to_the_last_bit(played: list[tuple[list[str], list[float], int]]) -> None:
    text = [
        ">".join(f"{agent}@{'VWXYZ'[i]}" for i, agent in enumerate(agents)) if scores[0] else "=".join(agents)
        for agents, scores, _ in played
    ]
    made = record(seats(text, clusters=[cluster for *_, cluster in played]))

    assert same(read(lines_of(made)), made)


@pytest.mark.parametrize("run", ["healthy", "killed"])
def test_recorded_leagues_read_back_to_the_last_bit(run: str) -> None:
    made = games.read_games([RECORDINGS / run / "games.jsonl.gz"])

    assert same(read(lines_of(made)), made)


def test_a_long_record_is_written_in_short_lines() -> None:
    made = record(duel(NEW, BASE, "10" * 600 + "1" * 5_000))
    longest = max(map(len, games_text(made).splitlines()))

    assert longest < 20 * CHUNK
    assert same(read(lines_of(made)), made)


def test_numbers_are_written_as_short_as_json_can() -> None:
    text = games_text(CASES["first move"]).decode()

    assert ".0," not in text
    assert '"points":[1,' in text
    assert ", " not in text


def put(table: str, name: str, at: int, value: object) -> Callable[[Lines], None]:
    """Return an edit: this cell of a table is this."""

    def edit(lines: Lines) -> None:
        line = next(one for one in lines if one.get("table") == table)
        line[name][at] = value

    return edit


def column(table: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Lines], None]:
    """Return an edit of a line of a table."""

    def edit(lines: Lines) -> None:
        change(next(one for one in lines if one.get("table") == table))

    return edit


def head(**changes: object) -> Callable[[Lines], None]:
    return lambda lines: lines[0].update(changes)


def gone(table: str) -> Callable[[Lines], None]:
    def edit(lines: Lines) -> None:
        lines[:] = [line for line in lines if line.get("table") != table]

    return edit


def again(table: str) -> Callable[[Lines], None]:
    return lambda lines: lines.append(next(one for one in lines if one.get("table") == table))


EDITS: dict[str, tuple[str, Callable[[Lines], object]]] = {
    "nothing at all": ("league", list.clear),
    "no head": ("league", lambda lines: lines.pop(0)),
    "a head without agents": ("league", lambda lines: lines[0].pop("agents")),
    "a table of another name": ("league", lambda lines: lines[1].update(table="x")),
    "a line without a table": ("league", lambda lines: lines[1].pop("table")),
    "a column that is missing": ("league", column("plays", lambda line: line.pop("games"))),
    "a column that is text": ("league", column("plays", lambda line: line.update(games="11"))),
    "a column that is an object": ("league", column("plays", lambda line: line.update(games={}))),
    "a column that is shorter": ("league", column("entries", lambda line: line["points"].pop())),
    "units of different length": ("league", column("units", lambda line: line["seats"].pop())),
    "seats of different length": ("seats", column("seats", lambda line: line["first_seat"].pop())),
    "a number that is text": ("league", put("entries", "points", 0, "1")),
    "a number that is true": ("league", put("entries", "points", 0, True)),
    "a number that is null": ("league", put("units", "games", 0, None)),
    "NaN": ("league", put("entries", "points", 0, math.nan)),
    "infinity": ("league", put("units", "clusters", 0, math.inf)),
    "a number no float holds": ("league", put("units", "clusters", 0, 10**400)),
    "more games than can be counted": ("league", put("plays", "games", 0, 2.0**54)),
    "squares beyond measure": ("league", put("entries", "ss", 0, 1e308)),
    "a third of a point": ("league", put("entries", "points", 0, 0.333)),
    "half an agent": ("league", put("entries", "first", 0, 0.5)),
    "half a unit": ("league", put("plays", "unit", 0, 0.5)),
    "half alone": ("league", put("entries", "alone", 0, 0.5)),
    "twice alone": ("league", put("entries", "alone", 0, 2)),
    "agents in another order": ("league", lambda lines: lines[0]["agents"].reverse()),
    "an agent twice": ("league", lambda lines: lines[0]["agents"].append("chaos_bot")),
    "an agent that is a number": ("league", lambda lines: lines[0].update(agents=[1, 2, 3, 4])),
    "agents in one text": ("first move", head(agents="abc")),
    "an agent that nobody is": ("league", put("entries", "second", 0, 9)),
    "an agent below all": ("league", put("entries", "first", 0, -1)),
    "an agent against itself": ("league", column("entries", lambda line: line.update(first=line["second"]))),
    "plays of nobody": ("league", put("plays", "agent", 0, 99)),
    "plays below all": ("league", put("plays", "agent", 0, -1)),
    "plays of another": ("first move", put("plays", "agent", 0, 2)),
    "units in another order": ("league", column("entries", lambda line: line["unit"].reverse())),
    "plays in another order": ("league", column("plays", lambda line: line["unit"].reverse())),
    "a unit beyond all": ("league", column("entries", lambda line: line["unit"].__setitem__(-1, 999))),
    "a unit below all": ("league", put("entries", "unit", 0, -1)),
    "plays beyond all": ("league", column("plays", lambda line: line["unit"].__setitem__(-1, 999))),
    "more points than games": ("league", put("entries", "points", 0, 99)),
    "points below none": ("league", put("entries", "points", 0, -1)),
    "no games": ("league", put("entries", "games", 0, 0)),
    "more meetings than seats": ("first move", put("entries", "games", 0, 9)),
    "a unit of no cluster": ("league", put("units", "clusters", 0, 0)),
    "fewer games than clusters": ("league", put("units", "clusters", 0, 99)),
    "fewer seats than players": ("league", put("units", "seats", 0, 1)),
    "more plays than games": ("league", put("plays", "games", 0, 99)),
    "plays without a cluster": ("league", put("plays", "clusters", 0, 0)),
    "more clusters than plays": ("league", put("plays", "clusters", 0, 99)),
    "squares of nothing": ("first move", put("entries", "mm", 0, 0)),
    "squares below none": ("first move", put("entries", "ss", 0, -1)),
    "squares that no sums make": ("clusters", put("entries", "ms", 0, 1)),
    "an order that is none": ("first move", put("entries", "order", 0, 2)),
    "an order without names": ("first move", head(seat_names=[])),
    "names without an order": ("league", head(seat_names=["a", "b"])),
    "one name of two": ("first move", head(seat_names=["first"])),
    "names in one text": ("first move", head(seat_names="ab")),
    "seats without names": ("seats", head(seats=[])),
    "seats named by an object": ("seats", head(seats={})),
    "two seats for three": ("seats", head(seats=["A", "B"])),
    "a seat named twice": ("seats", head(seats=["A", "B", "B"])),
    "a seat that is none": ("seats", put("seats", "first_seat", 0, 3)),
    "a seat below all": ("seats", put("seats", "second_seat", 0, -1)),
    "more points than games of a seat": ("seats", put("seats", "points", 0, 99)),
    "more games by seat than games": ("seats", put("seats", "games", 0, 99)),
    "games of a seat with itself": ("seats", column("seats", lambda line: line.update(first=line["second"]))),
    "an order that is a number": ("league", head(ordered=1)),
    "an order that is text": ("league", head(ordered="false")),
    "a source that is null": ("league", head(source=None)),
    "a cluster that is a number": ("league", head(cluster=5)),
    "notes of another kind": ("notes", head(notes=[{"kind": "bad", "text": "x"}])),
    "notes without text": ("notes", head(notes=[{"kind": "odd"}])),
    "notes that are an object": ("notes", head(notes={"kind": "odd"})),
    "notes that are text": ("notes", head(notes=["odd"])),
    "entries twice": ("league", again("entries")),
    "plays twice": ("league", again("plays")),
    "units twice": ("league", again("units")),
    "seats twice": ("seats", again("seats")),
    "no entries": ("league", gone("entries")),
    "no plays": ("league", gone("plays")),
    "no units": ("league", gone("units")),
}


@pytest.mark.parametrize("name", EDITS)
def test_counts_that_no_games_make_are_refused(name: str) -> None:
    case, edit = EDITS[name]
    lines = lines_of(CASES[case])
    edit(lines)

    with pytest.raises((KeyError, TypeError, ValueError, AttributeError, OverflowError)):
        read(lines)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 5),
    st.sampled_from([0.5, 0.25, -0.5, 1e308, -1e308, 1e-320, 2.0**53, 1e17, math.nan, math.inf, 10**30, "x", ""]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.just({}), st.just({"first": [1]}))


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, Lines]:
    """Return a record with one or two things changed, moved, repeated or lost."""
    case = draw(st.sampled_from(sorted(CASES)))
    lines = copy.deepcopy(lines_of(CASES[case]))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        key = draw(st.sampled_from(sorted(line)))
        what, cells = draw(st.sampled_from(["cell", "cell", "cell", "value", "lose", "order", "line"])), line[key]
        if what == "line":
            lines.insert(draw(st.integers(0, len(lines))), lines.pop(at))
        elif what == "lose":
            del line[key]
        elif isinstance(cells, list) and cells and what == "cell":
            cells[draw(st.integers(0, len(cells) - 1))] = draw(SCALARS)
        elif isinstance(cells, list) and what == "order":
            line[key] = draw(st.permutations(cells))
        else:
            line[key] = draw(VALUES)
        if not line:
            break
    return case, lines


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(edited())
def test_a_record_edited_by_hand_is_refused_or_can_be_judged(made: tuple[str, Lines]) -> None:
    _, lines = made
    try:
        found = read(lines)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return  # what `read_bundle` makes one message of
    try:
        told = facts_of(analyse(found, EloQuestion(naming=Naming(references={}), allow_disconnected=True)))
    except (EloError, FitError):
        return  # what a check makes an `error` of
    assert told.exit_code in (0, 10, 11)
    assert same(read(lines_of(found)), found)


def bundle(made: GameRecord) -> Bundle:
    return Bundle(
        evidence=evidence(games=made.source, game_record=made),
        policy_text="version: 1\nchecks: {a: {elo: {}}}\n",
        policy_source="p.yml",
        collected_by="0.1.0",
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    write_files(folder, bundle_files(bundle(CASES["league"])).files)
    return folder


def test_a_bundle_brings_its_games_back(written: Path) -> None:
    found = read_bundle(written)

    assert same(found.evidence.game_record, CASES["league"])
    assert bundle_files(found) == bundle_files(bundle(CASES["league"]))


def test_a_bundle_without_games_has_none(tmp_path: Path) -> None:
    made = dataclasses.replace(bundle(CASES["league"]), evidence=evidence(games="games.csv"))
    write_files(tmp_path, bundle_files(made).files)

    found = read_bundle(tmp_path).evidence

    assert not (tmp_path / "games.jsonl").exists()
    assert (found.games, found.game_record) == ("games.csv", None)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_byte_more_less_or_other_is_not_read(written: Path, data: st.DataObject) -> None:
    path = written / "games.jsonl"
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    tail = data.draw(st.sampled_from((good[at:], good[at + 1 :])))
    bad = good[:at] + data.draw(st.binary(max_size=2)) + tail
    try:
        path.write_bytes(bad)
        if bad == good:
            read_bundle(written)
        else:
            with pytest.raises(InputError, match=r"games\.jsonl is not the file that was written"):
                read_bundle(written)
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize(
    "name", ["nothing at all", "a number no float holds", "NaN", "more points than games", "notes that are text"]
)
def test_an_edit_with_its_digest_renewed_is_one_message_that_says_what_to_do(name: str, tmp_path: Path) -> None:
    case, edit = EDITS[name]
    files = dict(bundle_files(bundle(CASES[case])).files)
    lines = lines_of(CASES[case])
    edit(lines)
    files["games.jsonl"] = "".join(json.dumps(line) + "\n" for line in lines).encode()
    manifest = json.loads(files["manifest.json"])
    manifest["files"]["games.jsonl"] = hashlib.sha256(files["games.jsonl"]).hexdigest()
    files["manifest.json"] = dump(manifest)
    write_files(tmp_path, files)

    with pytest.raises(InputError, match="expected an evidence bundle of version 1, got one that cannot be read"):
        read_bundle(tmp_path)


def test_games_that_the_manifest_names_and_the_folder_lacks_are_missed(tmp_path: Path) -> None:
    files = dict(bundle_files(bundle(CASES["league"])).files)
    del files["games.jsonl"]
    write_files(tmp_path, files)

    with pytest.raises(InputError, match=r"games\.jsonl: expected a file, found nothing there"):
        read_bundle(tmp_path)
