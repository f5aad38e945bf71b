"""One errand to W&B: which run is meant, what it is, its whole history as files, its games and artifacts.

Runs in a process of its own; what it finds is plain JSON and files in a folder. No verdict may enter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from action.errors import InputError, ServiceError
from action.files import show_name
from action.sources.wandb_api import documents
from action.sources.wandb_api.wanted import Json, Request, Wanted

PAGE = 100
_LISTED = 8
_GAMES, _METADATA = "games", "wandb-metadata.json"
_MAGIC = b"PAR1"
_MOST_ARTIFACTS = 1_000
_WIDTH, _MOST_PAGES = 100_000, 50
"""Steps of one page of rows that are not exported, and how many such pages there are at most."""
Tell = Callable[[float], None]


class Connection(Protocol):
    """What an errand needs of W&B."""

    requests: int

    def ask(self, document: str, variables: Mapping[str, object], /) -> Mapping[str, Any]:
        """Ask one query."""
        ...

    def download(self, address: str, path: Path, /, *, what: str) -> None:
        """Download a file."""
        ...


def run_errand(request: Request, connection: Connection, tell: Tell) -> dict[str, Json]:
    """Do what is wanted.

    Raises:
        InputError: there is no such run, or there are several.
        ServiceError: W&B could not be reached, refused, or answered something else.
    """
    wanted, folder = request.wanted, Path(request.folder)
    if not wanted.project:
        return {"viewer": connection.ask(documents.VIEWER, {}).get("viewer"), "requests": connection.requests}
    if not wanted.run:
        return {"runs": list_runs(wanted, connection), "requests": connection.requests}
    run = _find(wanted, connection)
    tell(0.1)
    found: dict[str, Json] = {"run": run, "files": [], "tail": None, "games": None, "artifacts": [], "metadata": {}}
    if wanted.history:
        found |= _history(wanted, run, folder, (connection, tell))
    if wanted.games:
        found["games"] = _games(wanted, run, folder, connection)
    if wanted.artifacts:
        found["artifacts"] = _artifacts(wanted, run, connection)
    if wanted.command:
        found["metadata"] = _metadata(wanted, run, folder, connection)
    tell(1.0)
    return found | {"requests": connection.requests}


def _project(data: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    project = data.get("project")
    if not isinstance(project, dict):
        raise InputError(
            f"{show_name(wanted.entity)}/{show_name(wanted.project)}: expected a project on W&B, found none that this "
            "key may read; check the names and WANDB_API_KEY"
        )
    return project


def _run_of(data: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    """Give the run in a later answer; InputError where it is gone: without it, its history would look complete."""
    run = _project(data, wanted).get("run")
    if run is None:
        raise InputError(f"{_shown(wanted)}: expected a run on W&B, but it has just been deleted; name another")
    if not isinstance(run, dict):
        raise TypeError(type(run).__name__)
    return run


def _shown(wanted: Wanted) -> str:
    return "/".join(map(show_name, (wanted.entity, wanted.project, wanted.run)))


def _find(wanted: Wanted, connection: Connection) -> Mapping[str, Json]:
    """Find the run by its id, else by its display name."""
    where = {"entity": wanted.entity, "project": wanted.project}
    run = _project(connection.ask(documents.RUN, {**where, "name": wanted.run}), wanted).get("run")
    if isinstance(run, dict):
        return run
    named = Wanted(entity=wanted.entity, project=wanted.project, filters={"displayName": wanted.run})
    # Asked for by name, but a service that does not know the filter lists all.
    candidates = [one for one in list_runs(named, connection) if one.get("displayName") == wanted.run]
    whole = _shown(wanted)
    if not candidates:
        raise InputError(f"{whole}: expected a run on W&B, found none of that id or name; check it in the project")
    if len(candidates) > 1:
        listed = ", ".join(f"{show_name(one['name'])} ({one.get('createdAt')})" for one in candidates[:_LISTED])
        more = f" and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        raise InputError(f"{whole}: expected one run of that name, got {len(candidates)}: {listed}{more}; name its id")
    return _run_of(connection.ask(documents.RUN, {**where, "name": candidates[0]["name"]}), wanted)


def list_runs(wanted: Wanted, connection: Connection) -> list[dict[str, Json]]:
    """List the runs of a project that fit a filter, newest first.

    Raises:
        InputError: there are more than the errand allows.
    """
    found: list[dict[str, Json]] = []
    cursor = None
    while True:
        variables = {
            "entity": wanted.entity,
            "project": wanted.project,
            "filters": json.dumps(wanted.filters),
            "order": "-created_at",
            "perPage": PAGE,
            "cursor": cursor,
        }
        runs = _project(connection.ask(documents.RUNS, variables), wanted).get("runs") or {}
        found += [edge["node"] for edge in runs.get("edges") or []]
        page = runs.get("pageInfo") or {}
        if len(found) > wanted.most:
            raise InputError(
                f"{show_name(wanted.entity)}/{show_name(wanted.project)}: expected at most {wanted.most:,} runs that "
                "fit, got more; narrow it down"
            )
        if not page.get("hasNextPage") or page.get("endCursor") in (None, cursor):
            return found
        cursor = page["endCursor"]


def _history(
    wanted: Wanted, run: Mapping[str, Json], folder: Path, service: tuple[Connection, Tell]
) -> dict[str, Json]:
    """Download the whole history: exported files, and the rows that are not exported yet."""
    connection, tell = service
    where = {"entity": wanted.entity, "project": wanted.project}
    name = run["name"]
    variables = {**where, "runName": name, "liveKeys": ["_step"]}
    parts = _run_of(connection.ask(documents.PARQUET, variables), wanted).get("parquetHistory") or {}
    addresses = parts.get("parquetUrls") or []
    files = []
    for number, address in enumerate(addresses):
        path = folder / f"history-{number}.parquet"
        connection.download(address, path, what="the exported history")
        _require_parquet(path)
        files.append(path.name)
        tell(0.1 + 0.7 * (number + 1) / len(addresses))
    live = [step for row in parts.get("liveData") or [] if (step := _step_of(row)) is not None]
    last = _step_of({"_step": (run.get("historyKeys") or {}).get("lastStep")})
    if not files and not live and (run.get("historyLineCount") or 0) > 0:
        live = [0]  # a server without exports: all rows are asked for
    if not live:
        return {"files": files, "tail": None}
    span = min(live), max([*live, *([] if last is None else [last])])
    return {"files": files, "tail": _tail(wanted, (name, folder), span, connection)}


def _step_of(row: object) -> int | None:
    value = row.get("_step") if isinstance(row, dict) else None
    whole = isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    return int(value) if whole and value is not None else None


def _tail(wanted: Wanted, place: tuple[str, Path], steps: tuple[int, int], connection: Connection) -> str:
    """Write the rows that are not exported as JSON Lines; the name of the file."""
    name, folder = place
    first, last = steps
    # Steps may be frames, a million of them between two rows: wide pages then, instead of thousands of empty ones.
    width = max(_WIDTH, -(-(last + 1 - first) // _MOST_PAGES))
    path = folder / "tail.jsonl"
    with path.open("w", encoding="utf-8") as out:
        while first <= last:
            end = min(last + 1, first + width)
            variables = {
                "entity": wanted.entity,
                "project": wanted.project,
                "run": name,
                "minStep": first,
                "maxStep": end,
                "pageSize": end - first,
            }
            for row in _run_of(connection.ask(documents.PAGE, variables), wanted)["history"] or []:
                out.write(str(row).replace("\n", " ") + "\n")
            first = end
    return path.name


def _require_parquet(path: Path) -> None:
    """Refuse what is none: a login page with status 200 would be saved like a file."""
    with path.open("rb") as stream:
        start = stream.read(4)
        stream.seek(max(0, path.stat().st_size - 4))
        if start != _MAGIC or stream.read(4) != _MAGIC:
            raise ServiceError(
                "W&B: expected the exported history as Parquet, got something else or a part of it; run again"
            )


def _games(wanted: Wanted, run: Mapping[str, Json], folder: Path, connection: Connection) -> str | None:
    """Download the table of games that the run logged last; the name of the file, None: it logged none."""
    summary = load(run.get("summaryMetrics"))
    for key in sorted(summary):
        table = summary[key]
        if key.rpartition("/")[2] == _GAMES and isinstance(table, dict) and table.get("_type") == "table-file":
            return _table(wanted, run, (key, table), (folder, connection))
    return None


def _table(
    wanted: Wanted, run: Mapping[str, Json], told: tuple[str, Mapping[str, Json]], service: tuple[Path, Connection]
) -> str:
    (key, table), (folder, connection) = told, service
    raw = _file(wanted, run, (table["path"], folder / "games.table.json", f"the table {show_name(key)}"), connection)
    if raw is None:
        raise ServiceError(f"W&B: expected the table {show_name(key)}, got no such file; was it deleted?")
    content = raw.read_bytes()
    if table.get("sha256") not in (None, hashlib.sha256(content).hexdigest()):
        raise ServiceError(f"W&B: expected the table {show_name(key)} as it was logged, got other bytes; run again")
    document = json.loads(content)
    path = folder / "games.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for row in document["data"]:
            out.write(json.dumps(dict(zip(document["columns"], row, strict=True))) + "\n")
    return path.name


def _file(wanted: Wanted, run: Mapping[str, Json], told: tuple[str, Path, str], connection: Connection) -> Path | None:
    """Download a file of the run: its name there, where to, and what it is in words. None: there is no such file."""
    name, path, what = told
    variables = {"entity": wanted.entity, "project": wanted.project, "name": run["name"], "fileNames": [name]}
    files = (_run_of(connection.ask(documents.FILES, variables), wanted).get("files") or {}).get("edges") or []
    if not files:
        return None
    node = files[0]["node"]
    connection.download(node.get("directUrl") or node["url"], path, what=what)
    return path


def _metadata(wanted: Wanted, run: Mapping[str, Json], folder: Path, connection: Connection) -> dict[str, Json]:
    """Give what the client wrote of how the run was started; empty where it wrote nothing."""
    path = _file(wanted, run, (_METADATA, folder / _METADATA, "how the run was started"), connection)
    return {} if path is None else load(path.read_bytes())


def _artifacts(wanted: Wanted, run: Mapping[str, Json], connection: Connection) -> list[Json]:
    found: list[Json] = []
    cursor = None
    while True:
        variables = {
            "entity": wanted.entity,
            "project": wanted.project,
            "run": run["name"],
            "perPage": PAGE,
            "cursor": cursor,
        }
        logged = _run_of(connection.ask(documents.ARTIFACTS, variables), wanted).get("artifacts") or {}
        found += [edge["node"] for edge in logged.get("edges") or []]
        page = logged.get("pageInfo") or {}
        if len(found) > _MOST_ARTIFACTS:
            raise InputError(f"{show_name(wanted.run)}: expected at most {_MOST_ARTIFACTS:,} artifacts, got more")
        if not page.get("hasNextPage") or page.get("endCursor") in (None, cursor):
            return found
        cursor = page["endCursor"]


def load(text: object) -> dict[str, Json]:
    """Read JSON that W&B gives as a text; NaN and Infinity as Python reads them. Empty for anything but an object."""
    try:
        value = json.loads(text) if isinstance(text, str | bytes) else text
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
