"""One errand to W&B: which run is meant, what it is, its whole history as files, its games and artifacts.

Runs in a process of its own; what it finds is plain JSON and files in a folder. No verdict may enter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from action.errors import InputError, ServiceError
from action.files import show_name
from action.sources.wandb_api import documents
from action.sources.wandb_api.beside import list_artifacts, read_games
from action.sources.wandb_api.facts import lines_of, step_of
from action.sources.wandb_api.filters import of_name
from action.sources.wandb_api.place import project_of, run_of, shown
from action.sources.wandb_api.wanted import Wanted
from action.wandb_service.asking import Connection, List, read_list
from action.wandb_service.request import Json, Request

_LISTED = 8
_MOST_NAMESAKES = 1_000
_MAGIC = b"PAR1"
_MOST_PARTS = 200
_WIDTH, _MOST_PAGES = 100_000, 50
"""Steps of one page of rows that are not exported, and how many such pages there are at most."""
Tell = Callable[[float], None]


def run_errand(request: Request, connection: Connection, tell: Tell) -> dict[str, Json]:
    """Do what is wanted.

    Raises:
        InputError: there is no such run, or there are several.
        ServiceError: W&B could not be reached, refused, or answered something else.
    """
    wanted, folder = Wanted.read(request.errand), Path(request.folder)
    if not wanted.project:
        return {"viewer": connection.ask(documents.VIEWER, {}).get("viewer"), "requests": connection.requests}
    if not wanted.run:
        return {"runs": list_runs(wanted, connection), "requests": connection.requests}
    run = _find(wanted, connection)
    tell(0.1)
    found: dict[str, Json] = {"run": run, "files": [], "tail": None, "games": None, "artifacts": []}
    found["namesakes"] = _namesakes(wanted, run, connection) if wanted.namesakes else []
    if wanted.history:
        found |= _history(wanted, run, folder, (connection, tell))
    if wanted.games:
        found["games"] = read_games(wanted, run, folder, connection)
    if wanted.artifacts:
        found["artifacts"] = list_artifacts(wanted, run, connection)
    tell(1.0)
    return found | {"requests": connection.requests}


def _find(wanted: Wanted, connection: Connection) -> Mapping[str, Json]:
    """Find the run by its id, else by its display name."""
    where = {"entity": wanted.entity, "project": wanted.project}
    run = project_of(connection.ask(documents.RUN, {**where, "name": wanted.run}), wanted).get("run")
    if isinstance(run, dict):
        return run
    named = Wanted(entity=wanted.entity, project=wanted.project, filters={"displayName": wanted.run})
    # Asked for by name, but a service that does not know the filter lists all.
    candidates = [one for one in list_runs(named, connection) if one.get("displayName") == wanted.run]
    whole = shown(wanted)
    if not candidates:
        raise InputError(f"{whole}: expected a run on W&B, found none of that id or name; check it in the project")
    if len(candidates) > 1:
        listed = ", ".join(f"{show_name(one['name'])} ({one.get('createdAt')})" for one in candidates[:_LISTED])
        more = f" and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        raise InputError(f"{whole}: expected one run of that name, got {len(candidates)}: {listed}{more}; name its id")
    return run_of(connection.ask(documents.RUN, {**where, "name": candidates[0]["name"]}), wanted)


def _namesakes(wanted: Wanted, run: Mapping[str, Json], connection: Connection) -> list[dict[str, Json]]:
    """List other runs that events with this run's name or id may belong to: people give a name twice, or change it."""
    names = {str(one) for one in (run["name"], run.get("displayName")) if one}
    asked = Wanted(entity=wanted.entity, project=wanted.project, filters=of_name(sorted(names)), most=_MOST_NAMESAKES)
    return [
        one
        for one in list_runs(asked, connection, advice="give each run a name of its own")
        if one["name"] != run["name"] and names & {one["name"], one.get("displayName")}
    ]


def list_runs(wanted: Wanted, connection: Connection, advice: str = "narrow it down") -> list[dict[str, Json]]:
    """List the runs of a project that fit a filter, newest first.

    Raises:
        InputError: there are more than the errand allows.
    """
    project = f"{show_name(wanted.entity)}/{show_name(wanted.project)}"
    where = {"entity": wanted.entity, "project": wanted.project}
    return read_list(
        connection,
        List(
            document=documents.RUNS,
            variables={**where, "filters": json.dumps(wanted.filters), "order": "-created_at"},
            pick=lambda data: project_of(data, wanted).get("runs") or {},
            too_many=InputError(f"{project}: expected at most {wanted.most:,} runs that fit, got more; {advice}"),
            most=wanted.most,
        ),
    )


def _history(
    wanted: Wanted, run: Mapping[str, Json], folder: Path, service: tuple[Connection, Tell]
) -> dict[str, Json]:
    """Download the whole history: exported files, and the rows that are not exported yet."""
    connection, tell = service
    where = {"entity": wanted.entity, "project": wanted.project}
    name = run["name"]
    variables = {**where, "runName": name, "liveKeys": ["_step"]}
    parts = run_of(connection.ask(documents.PARQUET, variables), wanted).get("parquetHistory") or {}
    addresses = parts.get("parquetUrls") or []
    if len(addresses) > _MOST_PARTS:
        raise ServiceError(
            f"W&B: expected the exported history in at most {_MOST_PARTS} files, got {len(addresses):,}; judge the "
            "run's local files"
        )
    files = []
    for number, address in enumerate(addresses):
        path = folder / f"history-{number}.parquet"
        connection.download(address, path, what="the exported history")
        _require_parquet(path)
        files.append(path.name)
        tell(0.1 + 0.7 * (number + 1) / len(addresses))
    live = [step for row in parts.get("liveData") or [] if (step := step_of(row)) is not None]
    last = step_of(run.get("historyKeys"), "lastStep")
    if not files and not live and (lines_of(run) or 0) > 0:
        live = [0]  # a server without exports: all rows are asked for
    if not live:
        return {"files": files, "tail": None}
    span = min(live), max([*live, *([] if last is None else [last])])
    return {"files": files, "tail": _tail(wanted, (name, folder), span, connection)}


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
            for row in run_of(connection.ask(documents.PAGE, variables), wanted)["history"] or []:
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
