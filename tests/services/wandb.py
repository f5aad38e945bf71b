"""W&B on loopback: runs as plain data, the queries that its client asks, files, and faults that are switched on.

It answers with the fields of W&B's public client (wandb 0.31) and refuses what it does not know. No client may enter.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.services.loopback import Behave, Exchange, Loopback, Request
from tests.services.wandb_artifacts import ANSWERS, listed
from tests.services.wandb_run import Run
from tests.services.wandb_shelf import ENTITY, PROJECT, RefusedError, Shelf

__all__ = ["ENTITY", "PARQUET", "PROJECT", "TABLE", "Fault", "Wandb"]

_OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")
PARQUET, TABLE = "parquet", "table"
"""Downloads, as operations."""


@dataclass(kw_only=True)
class Fault:
    """What is done instead of answering an operation."""

    behave: Behave
    after: int = 0
    """So many requests are answered first."""
    times: int | None = None
    """How often; None: for ever."""

    def strikes(self) -> bool:
        """Tell whether it is this one's turn."""
        if self.after:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class Wandb:
    """The service, while it is used as a context."""

    def __init__(
        self, *runs: Run, faults: Mapping[str, Fault | Behave] | None = None, shelf: Shelf | None = None
    ) -> None:
        self.runs = list(runs)
        self.shelf = Shelf.of(runs) if shelf is None else shelf
        """The artifacts, first of all those that the runs logged."""
        self.key = f"canary{secrets.token_hex(17)}"
        """A canary: it must be sent, and be seen nowhere else."""
        self.signature = f"signed{secrets.token_hex(17)}"
        """Another, in the addresses of files."""
        self.faults = {
            name: fault if isinstance(fault, Fault) else Fault(behave=fault) for name, fault in (faults or {}).items()
        }
        self._files: dict[str, tuple[str, bytes]] = {}
        self._loopback = Loopback(self._behave)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._loopback.url

    @property
    def requests(self) -> tuple[Request, ...]:
        """What came in, in its order, without the client's telemetry."""
        return tuple(one for one in self._loopback.requests if not one.path.startswith("/sdk/"))

    @property
    def operations(self) -> tuple[str, ...]:
        """What was asked, in its order: names of queries, and kinds of files."""
        return tuple(map(self._operation, self.requests))

    def variables(self, operation: str) -> list[dict[str, Any]]:
        """Give with what each query of a name was asked."""
        asked = [one.json for one in self.requests if one.path == "/graphql"]
        return [one.get("variables") or {} for one in asked if _name(one) == operation]

    def environment(self) -> dict[str, str]:
        """Give what makes the command line ask here."""
        return {"WANDB_API_KEY": self.key, "WANDB_BASE_URL": self.url}

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)

    def _operation(self, request: Request) -> str:
        if request.path == "/graphql":
            return _name(request.json)
        kind, _content = self._files.get(request.path, ("unknown", b""))
        return kind

    def _behave(self, exchange: Exchange) -> None:
        if exchange.request.path.startswith("/sdk/"):
            exchange.reply(200, {})
            return
        fault = self.faults.get(self._operation(exchange.request))
        if fault is not None and fault.strikes():
            fault.behave(exchange)
        else:
            self.serve(exchange)

    def serve(self, exchange: Exchange) -> None:
        """Answer as the healthy service does."""
        exchange.reply(*self.answer(exchange.request))

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Give status and body of a healthy answer."""
        if request.path in self._files:
            signed = request.query.get("sig") == [self.signature]
            return (200, self._files[request.path][1]) if signed else (403, b"no signature")
        allowed = base64.b64encode(f"api:{self.key}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {allowed}":
            return 401, b'{"errors":[{"message":"user is not logged in"}]}'
        if request.path != "/graphql":
            return 404, b"no such page"
        asked = request.json
        try:
            return 200, json.dumps({"data": self._data(_name(asked), asked.get("variables") or {})}).encode()
        except RefusedError as refused:
            return refused.status, json.dumps({"errors": [{"message": str(refused)}]}).encode()

    def _data(self, name: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        if name in ANSWERS:
            with self.shelf.lock:
                return ANSWERS[name](self.shelf, variables)
        if name not in _ANSWERS:
            raise RefusedError(f"unknown operation {name}")
        return _ANSWERS[name](self, variables)

    def project(self, variables: Mapping[str, Any], inner: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """Answer within a project, where it is the one there is."""
        place = variables.get("entity"), variables.get("project")
        return {"project": inner() if place == (ENTITY, PROJECT) else None}

    def within(self, variables: Mapping[str, Any], inner: Callable[[Run], Mapping[str, Any]]) -> dict[str, Any]:
        """Answer within a run, where there is such a one."""
        name = variables.get("name") or variables.get("runName") or variables.get("run")
        run = next((one for one in self.runs if one.name == name), None)
        return self.project(variables, lambda: {"run": None if run is None else inner(run)})

    def publish(self, path: str, kind: str, content: bytes) -> str:
        """Make a file; its signed address."""
        self._files[path] = (kind, content)
        return f"{self.url}{path}?sig={self.signature}"


def _name(asked: Mapping[str, Any]) -> str:
    found = _OPERATION.search(asked["query"])
    return found[1] if found else "unknown"


def _run(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    return server.within(variables, Run.node)


def _runs(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    wanted = json.loads(variables["filters"] or "{}")
    fitting = [run for run in server.runs if _fits(run, wanted)]
    fitting.sort(key=lambda run: run.created_at, reverse=variables.get("order") == "-created_at")
    return server.project(variables, lambda: {"runs": _paged([run.node() for run in fitting], variables)})


def _fits(run: Run, wanted: Mapping[str, Any]) -> bool:
    if "$or" in wanted:
        return any(_fits(run, one) for one in wanted["$or"])
    has: dict[str, list[str | None]] = {
        "name": [run.name],
        "tags": [*run.tags],
        "state": [run.state],
        "displayName": [run.display],
    }
    has |= {"createdAt": [run.created_at], "commit": [run.commit], "group": [run.group], "sweep": [run.sweep]}
    return all(any(_equals(value, asked) for value in has[field]) for field, asked in wanted.items())


def _equals(value: Any, asked: Any) -> bool:
    """Compare as MongoDB does."""
    if not isinstance(asked, Mapping):
        return bool(value == asked)
    [(operator, operand)] = asked.items()
    if operator == "$in":
        return value in operand
    if operator == "$gte":
        return bool(value is not None and value >= operand)
    if operator == "$regex":
        return value is not None and re.search(operand, value) is not None
    raise ValueError(operator)


def _paged(nodes: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> dict[str, Any]:
    start, size = int(variables.get("cursor") or 0), int(variables["perPage"])
    edges = [{"node": node, "cursor": str(start + 1 + at)} for at, node in enumerate(nodes[start : start + size])]
    more = start + size < len(nodes)
    return {"edges": edges, "pageInfo": {"endCursor": str(start + len(edges)), "hasNextPage": more}}


def _exports(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    def parts(run: Run) -> dict[str, Any]:
        addresses = [
            server.publish(f"/storage/{run.name}/{number}.parquet", PARQUET, content)
            for number, content in enumerate(run.exports)
        ]
        live = [{"_step": step} for step in run.steps[run.split :]]
        return {"parquetHistory": {"parquetUrls": addresses, "liveData": live}}

    return server.within(variables, parts)


def _page(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    size = variables["pageSize"]
    return server.within(
        variables, lambda run: {"history": run.page(variables["minStep"], variables["maxStep"])[:size]}
    )


def _whole_history(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Give `history()` of the public client: a sample, as for drawing curves."""

    def sample(run: Run) -> dict[str, Any]:
        count = min(len(run.rows), int(variables["samples"]))
        return {"history": [json.dumps(run.rows[at * len(run.rows) // count]) for at in range(count)]}

    return server.within(variables, sample)


def _artifacts(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    def logged(run: Run) -> dict[str, Any]:
        nodes = [listed(server.shelf, one.node(ENTITY, PROJECT)) for one in run.artifacts]
        return {"artifacts": _paged(nodes, variables)}

    return server.within(variables, logged)


def _manifest(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    version = server.shelf.versions[variables["id"]]
    content = json.dumps({"version": 1, "storagePolicy": "wandb-storage-policy-v1", "contents": version.contents})
    address = server.publish(f"/manifests/{version.artifact.version}.json", "manifest", content.encode())
    return {"artifact": {"currentManifest": {"file": {"directUrl": address}}}}


def _files(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    def listed(run: Run) -> dict[str, Any]:
        told = {table.told(key.replace("/", "_"))["path"]: table for key, table in run.tables.items()}
        names = [name for name in variables["fileNames"] if name in told]
        nodes = []
        for name in names:
            address = server.publish(f"/files/{run.name}/{name}", TABLE, told[name].content)
            nodes.append({"name": name, "url": address, "directUrl": address, "sizeBytes": len(told[name].content)})
        return {"files": {"edges": [{"node": node} for node in nodes]}}

    return server.within(variables, listed)


def _viewer(server: Wandb, variables: Mapping[str, Any]) -> dict[str, Any]:
    del server, variables
    teams = {"edges": [{"node": {"name": ENTITY}}]}
    return {"viewer": {"id": "VXNlcjox", "entity": ENTITY, "username": "u", "email": "", "flags": "{}", "teams": teams}}


_ANSWERS: Mapping[str, Callable[[Wandb, Mapping[str, Any]], dict[str, Any]]] = {
    "Run": _run,
    "Runs": _runs,
    "RunParquetHistory": _exports,
    "HistoryPage": _page,
    "RunFullHistory": _whole_history,
    "RunOutputArtifacts": _artifacts,
    "RunFiles": _files,
    "FetchArtifactManifest": _manifest,
    "Viewer": _viewer,
    "GetDefaultEntity": _viewer,
}
