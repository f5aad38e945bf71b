"""What a run has beside its history: its table of games, and its artifacts.

Rows and verdicts may not enter.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from action.errors import InputError, ServiceError
from action.files import show_name
from action.sources.wandb_api import documents
from action.sources.wandb_api.place import run_of, shown
from action.sources.wandb_api.wanted import Wanted
from action.wandb_service.asking import Connection, List, load, read_list
from action.wandb_service.request import Json

_GAMES = "games"
_MOST_ARTIFACTS = 1_000
_LARGEST_TABLE = 256 * 10**6


def read_games(wanted: Wanted, run: Mapping[str, Json], folder: Path, connection: Connection) -> dict[str, str] | None:
    """Download the table of games that the run logged last: its `key` and its `file`; None: it logged none.

    Raises:
        InputError: nobody knows which table is meant, or it does not hold all games that were logged.
        ServiceError: it is not the one that was logged.
    """
    summary = load(run.get("summaryMetrics"))
    logged = {key: one for key, one in summary.items() if isinstance(one, dict) and isinstance(one.get("_type"), str)}
    keys = [_GAMES] if _GAMES in logged else sorted(key for key in logged if key.endswith(f"/{_GAMES}"))
    if not keys:
        return None
    if len(keys) > 1:
        listed = ", ".join(map(show_name, keys[:8]))
        raise InputError(
            f"{shown(wanted)}: expected one table of games, got {len(keys)}: {listed}; log the one that counts as "
            f"`{_GAMES}`, or name a file with --games"
        )
    [key] = keys
    table = logged[key]
    if table["_type"] != "table-file":
        raise InputError(
            f"{shown(wanted)}: expected {show_name(key)} as a wandb.Table that is logged whole, got "
            f"{show_name(table['_type'])}; log it as wandb.Table, or name a file with --games"
        )
    return {"key": key, "file": _table(wanted, run, (key, table), (folder, connection))}


def _table(
    wanted: Wanted, run: Mapping[str, Json], told: tuple[str, Mapping[str, Json]], service: tuple[Path, Connection]
) -> str:
    (key, table), (folder, connection) = told, service
    raw = _file(wanted, run, (table["path"], folder / "games.table.json", f"the table {show_name(key)}"), connection)
    if raw is None:
        raise ServiceError(f"W&B: expected the table {show_name(key)}, got no such file; was it deleted?")
    if raw.stat().st_size > _LARGEST_TABLE:
        raise InputError(f"{shown(wanted)}: expected the table {show_name(key)} of at most 256 MB, got more; split it")
    content = raw.read_bytes()
    if not isinstance(table.get("sha256"), str):
        raise ServiceError(f"W&B: expected the table {show_name(key)} with its sha256, got none; log it again")
    if table["sha256"] != hashlib.sha256(content).hexdigest():
        raise ServiceError(f"W&B: expected the table {show_name(key)} as it was logged, got other bytes; run again")
    columns, rows = _parts(content, key)
    _require_whole(f"{shown(wanted)}: the table {show_name(key)}", table, columns, rows)
    path = folder / "games.jsonl"
    lines = (json.dumps(dict(zip(columns, row, strict=True))) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path.name


def _parts(content: bytes, key: str) -> tuple[list[str], list[list[Json]]]:
    """Give columns and rows of a table's file."""
    try:
        document = json.loads(content)
        columns, rows = [*map(str, document["columns"])], [[*row] for row in document["data"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        columns, rows = [], [[None]]
    if any(len(row) != len(columns) for row in rows):
        raise ServiceError(
            f"W&B: expected the table {show_name(key)} as columns and rows, got something else; log it as wandb.Table"
        )
    return columns, rows


def _require_whole(where: str, table: Mapping[str, Json], columns: list[str], rows: list[list[Json]]) -> None:
    """Refuse a table that W&B's client has cut: what is left of the games says nothing of those that are gone."""
    told = [table.get(name) for name in ("nrows", "ncols")]
    if not all(isinstance(count, int) and not isinstance(count, bool) for count in told):
        raise InputError(f"{where}: expected it with how many rows and columns were logged, got no count; log it anew")
    if told[0] != len(rows):
        raise InputError(
            f"{where}: expected all {told[0]:,} games that were logged, got {len(rows):,}: W&B's client keeps 10,000 "
            "rows of a table; raise wandb.Table.MAX_ROWS before games are logged, or log them as a file or an artifact "
            "and name it with --games"
        )
    if told[1] != len(columns):
        raise InputError(f"{where}: expected {told[1]:,} columns as logged, got {len(columns):,}; log it anew")
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise InputError(f"{where}: expected every column once, got {show_name(twice[0])} several times; rename one")


def _file(wanted: Wanted, run: Mapping[str, Json], told: tuple[str, Path, str], connection: Connection) -> Path | None:
    """Download a file of the run: its name there, where to, and what it is in words. None: there is no such file."""
    name, path, what = told
    variables = {"entity": wanted.entity, "project": wanted.project, "name": run["name"], "fileNames": [name]}
    files = (run_of(connection.ask(documents.FILES, variables), wanted).get("files") or {}).get("edges") or []
    if not files:
        return None
    node = files[0]["node"]
    connection.download(node.get("directUrl") or node["url"], path, what=what)
    return path


def list_artifacts(wanted: Wanted, run: Mapping[str, Json], connection: Connection) -> list[dict[str, Json]]:
    """List what a run logged as artifacts, of every kind and state."""
    where = {"entity": wanted.entity, "project": wanted.project}
    return read_list(
        connection,
        List(
            document=documents.ARTIFACTS,
            variables={**where, "run": run["name"]},
            pick=lambda data: run_of(data, wanted)["artifacts"],
            too_many=InputError(f"{shown(wanted)}: expected at most {_MOST_ARTIFACTS:,} artifacts, got more"),
            most=_MOST_ARTIFACTS,
        ),
    )
