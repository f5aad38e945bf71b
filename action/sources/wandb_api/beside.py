"""What a run has beside its history: its table of games, its artifacts, and how it was started.

Rows and verdicts may not enter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from action.errors import InputError, ServiceError
from action.files import show_name
from action.sources.wandb_api import documents
from action.sources.wandb_api.asking import Connection, List, load, read_list, run_of, shown
from action.sources.wandb_api.wanted import Json, Wanted

_GAMES, _METADATA = "games", "wandb-metadata.json"
_MOST_ARTIFACTS = 1_000


def read_games(wanted: Wanted, run: Mapping[str, Json], folder: Path, connection: Connection) -> str | None:
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
    path = folder / "games.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in _rows(content, key)), encoding="utf-8")
    return path.name


def _rows(content: bytes, key: str) -> list[dict[str, Json]]:
    try:
        document = json.loads(content)
        return [dict(zip(document["columns"], row, strict=True)) for row in document["data"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ServiceError(
            f"W&B: expected the table {show_name(key)} as columns and rows, got something else; log it as wandb.Table"
        ) from error


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


def read_metadata(wanted: Wanted, run: Mapping[str, Json], folder: Path, connection: Connection) -> dict[str, Json]:
    """Give what the client wrote of how the run was started; empty where it wrote nothing."""
    path = _file(wanted, run, (_METADATA, folder / _METADATA, "how the run was started"), connection)
    return {} if path is None else load(path.read_bytes())


def list_artifacts(wanted: Wanted, run: Mapping[str, Json], connection: Connection) -> list[dict[str, Json]]:
    """List what a run logged as artifacts, of every kind and state."""
    where = {"entity": wanted.entity, "project": wanted.project}
    return read_list(
        connection,
        List(
            document=documents.ARTIFACTS,
            variables={**where, "run": run["name"]},
            pick=lambda data: run_of(data, wanted).get("artifacts") or {},
            too_many=InputError(f"{shown(wanted)}: expected at most {_MOST_ARTIFACTS:,} artifacts, got more"),
            most=_MOST_ARTIFACTS,
        ),
    )
