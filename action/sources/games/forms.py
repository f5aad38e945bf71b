"""Rows of foreign tables of games, understood one by one: who sat where, with which score.

One method a form. Which file the row stands in, and how it is written there, may not enter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from action.fault import Faults
from action.files import show_name
from action.sources.games.cell import (
    RowError,
    has_comma,
    id_text,
    is_missing,
    name_text,
    parse_count,
    parse_first,
    parse_score,
)
from action.sources.games.columns import FIELDS
from action.sources.games.layout import CLUSTER, Form, Layout
from action.sources.games.outcome import parse_result
from action.sources.games.tally import Head, Names, Tally
from checks.run import NoteKind

Row: TypeAlias = Mapping[str, object]

FIRST, SECOND = "first", "second"
"""Names of the seats of two players, where it is known who moves first."""
_PLAIN = frozenset({int, float, str})
"""Types of results that may be remembered."""
NO_RESULT = "no score, the game is left out"
NO_SCORE = "a seat without a score, left out"
NO_CLUSTER = "no {cluster}, each such game is an observation of its own"


class RowReader:
    """Rows of one table go in, games come out in the tally. What is odd or lost is counted."""

    def __init__(self, layout: Layout, tally: Tally, faults: Faults) -> None:
        self._layout = layout
        self._tally = tally
        self._faults = faults
        self._above: Row | None = None
        self._looks_back = any(pattern.looks_back for pattern in layout.patterns.values())
        self._results: dict[tuple[object, int], float] = {}
        self._keys = {field: layout.keys.get(field, field) for field in (*FIELDS, CLUSTER)}
        self._bare = (0, 0)
        self.clustered = False
        """Whether any row named its cluster."""
        forms: Mapping[Form, Callable[[int, Row], None]] = {
            Form.DUEL: self._duel,
            Form.LISTS: self._lists,
            Form.POWERS: self._powers,
            Form.SEAT: self._seat,
        }
        self._read = forms[layout.form]

    def read(self, place: int, row: Row) -> None:
        """Read a row.

        Raises:
            RowError: no game can be made of it.
        """
        if self._layout.patterns:
            above, self._above = self._above, row
            if above is None and self._looks_back:
                self._faults.add(NoteKind.ODD, "no row above to take a name from, left out", place)
                return
            filled = {key: pattern.fill(row, above) for key, pattern in self._layout.patterns.items()}
            row = {**row, **filled}
        self._read(place, row)

    def finish(self, cluster: str) -> None:
        """Count the rows without a cluster, if others have one. `cluster`: what it is called."""
        first, count = self._bare
        if self.clustered and count:
            self._faults.add(NoteKind.ODD, NO_CLUSTER.format(cluster=show_name(cluster)), first, count)

    def _head(self, place: int, row: Row, n: int = 1) -> Head:
        cluster = id_text(row.get(self._keys[CLUSTER]), CLUSTER)
        if cluster is None:
            self._bare = (self._bare[0] or place, self._bare[1] + 1)
        else:
            self.clustered = True
        return Head(place=place, game=id_text(row.get(self._keys["game"]), "game"), cluster=cluster, n=n)

    def _agent(self, raw: object, what: str = "agent") -> int:
        return self._code(self._tally.agents, raw, what)

    def _code(self, names: Names, raw: object, what: str) -> int:
        if type(raw) is str:  # nearly always met before
            code = names.codes.get(raw)
            if code is not None:
                return code
        return names.code(name_text(raw, what))

    def _duel(self, place: int, row: Row) -> None:
        keys = self._keys
        a = self._code(self._tally.agents, row.get(keys["a"]), "a")
        b = self._code(self._tally.agents, row.get(keys["b"]), "b")
        first, count, raw = row.get(keys["first"]), row.get(keys["n"]), row.get(keys["score"])
        turn = self._layout.turn if first is None or self._layout.turn >= 0 else parse_first(first)
        score = self._result(raw, turn)
        if math.isnan(score):
            self._faults.add(NoteKind.ODD, NO_RESULT, place)
        head = self._head(place, row, 1 if count is None else parse_count(count))
        self._tally.add(head, (a, b), (score, 1.0 - score), self._seats_of(turn))

    def _result(self, raw: object, turn: int) -> float:
        """Read a result, each spelling once."""
        known = self._results.get((raw, turn)) if type(raw) in _PLAIN else None
        if known is not None:
            return known
        score = parse_result(raw, self._layout.black_for(turn))
        if type(raw) in _PLAIN and not math.isnan(score):
            self._results[raw, turn] = score
        return score

    def _seats_of(self, turn: int) -> tuple[int, int]:
        """Give the seats of a and b."""
        if turn < 0:
            return (-1, -1)
        first, second = self._tally.seats.code(FIRST), self._tally.seats.code(SECOND)
        return (second, first) if turn else (first, second)

    def _lists(self, place: int, row: Row) -> None:
        agents = _list(row.get(self._keys["agents"]), "agents")
        scores = _list(row.get(self._keys["scores"]), "scores")
        raw = row.get(self._keys["seats"])
        seats = [None] * len(agents) if is_missing(raw) else _list(raw, "seats")
        if not len(agents) == len(scores) == len(seats):
            raise RowError(
                f"expected as many scores and seats as agents, got {len(agents)} agents, {len(scores)} scores and "
                f"{len(seats)} seats; write one of each a seat, null for a score that is not there"
            )
        self._add_seats(place, row, agents, scores, seats)

    def _powers(self, place: int, row: Row) -> None:
        agents, scores = row.get("power_agents"), row.get("power_scores")
        if not isinstance(agents, dict) or not isinstance(scores, dict):
            raise RowError(
                "expected power_agents and power_scores, each an object with one entry a power, got "
                f'{show_name(agents)} and {show_name(scores)}; write {{"power_agents": {{"FRANCE": "adapter_v50"}}, …}}'
            )
        strange = scores.keys() - agents.keys()
        if strange:
            raise RowError(
                f"expected an agent for each power with a score, got none for {show_name(min(strange))}; add it to "
                "power_agents"
            )
        self._add_seats(place, row, [*agents.values()], [scores.get(power) for power in agents], [*agents])

    def _add_seats(
        self, place: int, row: Row, agents: Sequence[object], scores: Sequence[object], seats: Sequence[object]
    ) -> None:
        _check_single(row)
        if not agents:
            self._faults.add(NoteKind.LOST, "a game without seats, left out", place)
            return
        numbers = [self._score(score, place) for score in scores]
        if any(map(math.isnan, numbers)):
            self._faults.add(NoteKind.ODD, NO_SCORE, place)
        taken = [-1 if is_missing(seat) else self._code(self._tally.seats, seat, "seat") for seat in seats]
        named = [seat for seat in taken if seat >= 0]
        if len(set(named)) < len(named):
            raise RowError("expected each seat once, got one twice; name the seats of a game apart")
        codes = [self._agent(agent) for agent in agents]
        self._tally.add(self._head(place, row), codes, numbers, taken)

    def _seat(self, place: int, row: Row) -> None:
        _check_single(row)
        agent = self._agent(row.get(self._keys["agent"]))
        score = self._score(row.get(self._keys["score"]), place)
        if math.isnan(score):
            self._faults.add(NoteKind.ODD, NO_SCORE, place)
        raw = row.get(self._keys["seat"])
        seat = -1 if is_missing(raw) else self._code(self._tally.seats, raw, "seat")
        self._tally.add_seat(self._head(place, row), agent, score, seat)

    def _score(self, raw: object, place: int) -> float:
        if type(raw) is float:
            return raw
        comma = self._layout.comma and has_comma(raw)
        if comma:
            self._faults.add(NoteKind.ODD, "a number with a decimal comma", place)
        return parse_score(raw, comma=comma)


def _check_single(row: Row) -> None:
    if "n" in row and parse_count(row["n"]) != 1:
        raise RowError(
            f"expected one game a row where games have several seats, got n = {show_name(row['n'])}; write one row a "
            "game"
        )


def _list(raw: object, what: str) -> Sequence[object]:
    if not isinstance(raw, list | tuple):
        raise RowError(f"expected a list as {what}, got {show_name(raw)}; write one entry a seat")
    return raw
