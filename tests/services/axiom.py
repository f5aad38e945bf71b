"""Axiom on loopback: one dataset, queries in APL, and faults that are switched on.

It keeps to what Axiom's documentation and clients show (https://axiom.co/docs/restapi/endpoints/queryApl): a grouped
answer comes with a second table `_totals`, here full of 999s, so that whoever adds it is seen. No client may enter.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from tests.services.kql import Answer, EventStore
from tests.services.loopback import Behave, Exchange, Loopback, Request

TOTAL = 999
"""Every cell of the totals."""
DATASET = "league-events"


class Axiom:
    """The service, while it is used as a context."""

    def __init__(
        self,
        events: Iterable[Mapping[str, object]] = (),
        *,
        dataset: str = DATASET,
        fault: Behave | None = None,
        times: int | None = None,
    ) -> None:
        self.dataset = dataset
        self.token = f"xaat-canary-{secrets.token_hex(12)}"
        """A canary: it must be sent, and be seen nowhere else."""
        self.fault = fault
        self._left = times
        self._store = EventStore(dataset, events)
        self._loopback = Loopback(self._behave)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._loopback.url

    @property
    def requests(self) -> tuple[Request, ...]:
        """What came in, in its order."""
        return self._loopback.requests

    @property
    def queries(self) -> tuple[str, ...]:
        """The queries that came in."""
        return tuple(one.json["apl"] for one in self.requests if one.path.endswith("/_apl"))

    @property
    def fields(self) -> Mapping[str, str]:
        """Name → type of the dataset's fields."""
        return self._store.fields

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)
        self._store.close()

    def _behave(self, exchange: Exchange) -> None:
        if self.fault is not None and self._left != 0:
            if self._left is not None:
                self._left -= 1
            self.fault(exchange)
        else:
            self.serve(exchange)

    def serve(self, exchange: Exchange) -> None:
        """Answer as the healthy service does."""
        request = exchange.request
        if request.headers.get("authorization") != f"Bearer {self.token}":
            exchange.reply(403, {"code": 403, "message": "Forbidden"})
            return
        match request.method, unquote(request.path):
            case "POST", "/v1/datasets/_apl" if request.query.get("format") == ["tabular"]:
                self._query(exchange)
            case "GET", "/v1/datasets":
                about = {"id": self.dataset, "name": self.dataset, "description": "", "created": "2026-01-01T00:00:00Z"}
                exchange.reply(200, [about])
            case "GET", path if path == f"/v2/datasets/{self.dataset}/fields":
                exchange.reply(200, [_field(name, kind) for name, kind in self.fields.items()])
            case _:
                exchange.reply(404, {"code": 404, "message": "entity not found"})

    def _query(self, exchange: Exchange) -> None:
        asked = exchange.request.json
        try:
            found = self._store.ask(asked["apl"], asked.get("startTime"), asked.get("endTime"))
        except ValueError as error:
            exchange.reply(400, {"code": 400, "message": str(error)})
            return
        exchange.reply(200, answer(*_tables(found, self.dataset)))


def _field(name: str, kind: str) -> Mapping[str, object]:
    return {"name": name, "type": kind, "unit": "", "hidden": False, "description": ""}


def _tables(found: Answer, dataset: str) -> list[dict[str, Any]]:
    groups = [name for name, _ in found.fields if name in ("g_key", "g_event")]
    first = table(found.fields, found.rows, groups=groups, dataset=dataset)
    if not groups:
        return [first]
    rest = [one for one in found.fields if one[0] not in groups]
    return [first, table(rest, [(TOTAL,) * len(rest)], name="_totals", dataset=dataset)]


def table(
    fields: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[object]],
    *,
    name: str = "0",
    groups: Iterable[str] = (),
    dataset: str = DATASET,
) -> dict[str, Any]:
    """Lay out one table of a tabular answer."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in fields]
    return {
        "name": name,
        "sources": [{"name": dataset}],
        "fields": [{"name": one, "type": kind, "agg": None} for one, kind in fields],
        "order": [],
        "groups": [{"name": one} for one in groups],
        "range": None,
        "buckets": None,
        "columns": columns,
    }


def answer(*tables: dict[str, Any], **status: object) -> dict[str, Any]:
    """Lay out a tabular answer."""
    about = {"elapsedTime": 1, "blocksExamined": 1, "rowsExamined": 1, "rowsMatched": 1, "numGroups": 0}
    return {
        "format": "tabular",
        "status": {**about, "isPartial": False, **status},
        "tables": list(tables),
        "datasetNames": [DATASET],
        "fieldsMetaMap": {},
    }


def counted(**cells: object) -> dict[str, Any]:
    """Lay out an answer of one row."""
    return answer(table([(name, "integer") for name in cells], [tuple(cells.values())]))
