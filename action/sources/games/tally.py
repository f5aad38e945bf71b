"""Games as they are read, gathered into columns: rows with their ids, and the seats of each.

Knows what games are, not how they are written. No file may enter.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from action.files import show_name
from action.sources.games.cell import RowError
from action.sources.games.contradiction import split, taken, twice
from checks.elo.gather import SeatRows

MAX_AGENTS = 100_000
"""No league has more; a table that does has ids of games where names of agents should stand."""
MAX_SEATS = 1_000
FILE = 2**40
"""Room for the rows of one file: row r of file f is number f·FILE + r."""
_CHUNK = 2**18

Chunk: TypeAlias = Mapping[str, NDArray[Any]]
"""Columns r, game, cluster, n, agent, score, seat, name; one row a seat. Cluster and name, the id of the game, are
texts, empty where there is none."""
Sink: TypeAlias = Callable[[Chunk], None]


class Names:
    """Names that are met while reading, numbered as they come; at most so many."""

    def __init__(self, limit: int, what: str) -> None:
        self._limit = limit
        self._what = what
        self.codes: dict[str, int] = {}

    def code(self, name: str) -> int:
        """Give the number of a name.

        Raises:
            RowError: the name is one too many.
        """
        code = self.codes.setdefault(name, len(self.codes))
        if code >= self._limit:
            raise RowError(
                f"expected at most {self._limit:,} {self._what}, got one more ({show_name(name)}); "
                "does the column hold something else?"
            )
        return code

    def ranks(self) -> NDArray[np.int64]:
        """Give the place of each number among the sorted names."""
        order = sorted(self.codes, key=self.codes.__getitem__)
        places = {name: place for place, name in enumerate(sorted(self.codes))}
        return np.array([places[name] for name in order], np.int64)

    def __iter__(self) -> Iterator[str]:
        return iter(self.codes)


class Head(NamedTuple):  # one a row: twice as fast as a frozen dataclass
    """What a row says besides its seats."""

    place: int
    """Its line, row or element, from 1."""
    game: str | None
    cluster: str | None
    """None: the game is an observation of its own."""
    n: int = 1


class Tally:
    """The games of all files, one row a seat, in the order they are read.

    With a sink the columns are handed on in chunks, so that memory does not grow with the games.
    """

    def __init__(self, sink: Sink | None = None) -> None:
        self.agents = Names(MAX_AGENTS, "agents")
        self.seats = Names(MAX_SEATS, "names of seats")
        self._sink = sink
        self._cluster: list[str | None] = []
        self._name: list[str | None] = []
        self._before: set[str] = set()
        self._shared: set[str] = set()
        self._file = 0
        self._unit = ""
        self._seen: dict[str, int] = {}
        self._open: list[_OpenGame] = []
        self._row, self._game, self._n, self._size = (array("q") for _ in range(4))
        self._agent, self._score, self._seat = array("i"), array("d"), array("i")

    def begin(self, file: int, unit: str) -> None:
        """Go on with another file, by its number: ids of games belong to one file. `unit`: what its places count."""
        self._file, self._unit = file, unit
        if self._sink is None:
            self._shared |= self._before & self._seen.keys()
            self._before |= self._seen.keys()
        self._seen, self._open = {}, []

    def add(self, head: Head, agents: Sequence[int], scores: Sequence[float], seats: Sequence[int]) -> None:
        """Add a whole game.

        Raises:
            RowError: its id stood in this file before.
        """
        if head.game is not None:
            before = self._seen.setdefault(head.game, head.place)
            if before != head.place:
                raise RowError(twice(head.game, f"{self._unit} {before}"))
        self._append(head, head.place, agents, scores, seats)

    def add_seat(self, head: Head, agent: int, score: float, seat: int) -> None:
        """Add one seat of a game.

        Raises:
            RowError: the game has no id, has another cluster in an earlier row, or has that seat already.
        """
        if head.game is None:
            raise RowError("expected an id of the game in every row, got none; a row a seat needs one")
        number = self._seen.setdefault(head.game, len(self._open))
        if number == len(self._open):
            self._open.append(_OpenGame(head.place, head.cluster))
        game = self._open[number]
        if game.cluster != head.cluster:
            raise RowError(split(head.game, game.cluster, head.cluster))
        if seat >= 0 and game.taken >> seat & 1:
            raise RowError(taken(head.game))
        game.taken |= (1 << seat) if seat >= 0 else 0
        self._append(head, game.place, (agent,), (score,), (seat,))

    def _append(
        self, head: Head, game: int, agents: Sequence[int], scores: Sequence[float], seats: Sequence[int]
    ) -> None:
        base = self._file * FILE
        self._row.append(base + head.place)
        self._game.append(base + game)
        self._cluster.append(head.cluster)
        self._name.append(head.game)
        self._n.append(head.n)
        self._size.append(len(agents))
        self._agent.extend(agents)
        self._score.extend(scores)
        self._seat.extend(seats)
        if self._sink is not None and len(self._agent) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Hand on what is held; without a sink nothing happens."""
        if self._sink is None or not self._row:
            return
        columns = self._columns(_texts(self._cluster))
        self._sink({**columns, "name": np.repeat(_texts(self._name), np.array(self._size))})
        for column in (self._row, self._game, self._n, self._size):
            del column[:]
        del self._agent[:], self._score[:], self._seat[:], self._cluster[:], self._name[:]

    def _columns(self, cluster: NDArray[Any]) -> Chunk:
        size = np.array(self._size, np.int64)
        return {
            "r": np.repeat(np.array(self._row, np.int64), size),
            "game": np.repeat(np.array(self._game, np.int64), size),
            "cluster": np.repeat(cluster, size),
            "n": np.repeat(np.array(self._n, np.int64), size),
            "agent": np.array(self._agent, np.int64),
            "score": np.array(self._score, np.float64),
            "seat": np.array(self._seat, np.int64),
        }

    @property
    def shared(self) -> int:
        """How many ids of games stand in several files, where games are kept here."""
        return len(self._shared | (self._before & self._seen.keys()))

    def rows(self) -> SeatRows:
        """Give all games as the reduction in memory wants them."""
        codes: dict[str, int] = {}
        clusters = [-1 if name is None else codes.setdefault(name, len(codes)) for name in self._cluster]
        columns = self._columns(np.array(clusters, np.int64))
        own = columns["cluster"] < 0
        n = columns["n"].astype(np.float64)
        ranks = np.append(self.seats.ranks(), -1)
        return SeatRows(
            agents=tuple(self.agents),
            cluster=np.where(own, -1 - columns["game"], columns["cluster"]),
            game=columns["game"],
            agent=columns["agent"],
            score=columns["score"],
            weight=np.where(own, 1.0, n),
            copies=np.where(own, n, 1.0),
            seat=ranks[columns["seat"]],
            seats=tuple(sorted(self.seats)),
        )


def _texts(names: Sequence[str | None]) -> NDArray[Any]:
    """Give texts as an array; lone surrogates, which no database takes, are written out."""
    known = [name or "" for name in names]
    texts = [t if t.isascii() else t.encode("utf-8", "backslashreplace").decode("utf-8") for t in known]
    return np.array(texts, dtype=object)


@dataclass(slots=True)
class _OpenGame:
    """A game of which some seats were read."""

    place: int
    cluster: str | None
    taken: int = 0
    """One bit a seat."""
