"""Run data as JSON records and back, exact to the last bit. No disk and no digest may enter.

Numbers are written in Python's shortest form that reads back as the same float; NaN and ±inf as the texts `NaN`,
`Infinity`, `-Infinity`, so that the files stay strict JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from io import BytesIO
from typing import Any, TypeAlias, TypeVar

import numpy as np

from action.evidence.approval_records import approvals_record
from checks.number import parse_number
from checks.run import (
    Asked,
    Change,
    Checkpoint,
    Evidence,
    Identity,
    LogTable,
    Note,
    NoteKind,
    Origin,
    Rows,
    RunData,
    RunState,
    Scalar,
    Series,
    Story,
    Values,
)

Record: TypeAlias = Mapping[str, Any]
Item = TypeVar("Item")
CHUNK = 5_000
"""Values a line, so that a reader never needs a long line."""


def evidence_record(evidence: Evidence) -> dict[str, Any]:
    """Turn all but the arrays and log answers into a record."""
    kept: dict[str, Any] = {}
    for name, data in sorted(evidence.baselines.items()):
        kept[name] = data if isinstance(data, str) else run_record(data)
    # A bundle from outside GitHub is as it was before there was an origin: its digest stays.
    origin = {} if evidence.origin is None else {"origin": asdict(evidence.origin)}
    story = {} if evidence.story is None else {"story": story_record(evidence.story)}
    approvals = {"approvals": approvals_record(evidence.approvals)} if evidence.approvals else {}
    return {
        **origin,
        **story,
        **approvals,
        "judged_at": evidence.judged_at,
        "run": run_record(evidence.run),
        "baselines": kept,
        "checkpoint": None if evidence.checkpoint is None else asdict(evidence.checkpoint),
        "log_source": evidence.log_source,
        "games": evidence.games,
        "notes": _notes(evidence.notes),
        "asked": [asdict(one) for one in evidence.asked],
    }


def story_record(story: Story) -> dict[str, Any]:
    """Turn what is kept of a run for the tracker into a record."""
    changes = [{"key": one.key, "before": _cell(one.before), "after": _cell(one.after)} for one in story.changes]
    return {**asdict(story), "changes": changes}


def read_story(record: Record | None) -> Story | None:
    """Read it back."""
    if record is None:
        return None
    return Story(
        hypothesis=read_text(record["hypothesis"]),
        command=read_text(record["command"]),
        against=read_text(record["against"]),
        changes=tuple(
            Change(key=_text(one["key"]), before=_read_cell(one["before"]), after=_read_cell(one["after"]))
            for one in record["changes"]
        ),
        hidden=_whole(record["hidden"]),
    )


def run_record(run: RunData) -> dict[str, Any]:
    """Turn a run into a record, without its arrays and its configuration."""
    return {
        "ref": run.ref,
        "source": run.source,
        "identity": asdict(run.identity),
        "state": run.state.value,
        "exit_code": run.exit_code,
        "planned_steps": run.planned_steps,
        "counts_calls": run.counts_calls,
        "catalog": dict(sorted(run.catalog.items())),
        "notes": _notes(run.notes),
    }


def _notes(notes: Iterable[Note]) -> list[dict[str, str]]:
    return [{"kind": note.kind.value, "text": note.text} for note in notes]


def read_notes(records: Iterable[Record]) -> tuple[Note, ...]:
    """Read notes back."""
    return tuple(Note(kind=NoteKind(record["kind"]), text=_text(record["text"])) for record in records)


def read_run(record: Record, rows: Rows, series: Mapping[str, Series]) -> RunData:
    """Read a run back; KeyError, TypeError or ValueError where the record is not one of ours."""
    return RunData(
        ref=_text(record["ref"]),
        source=_text(record["source"]),
        identity=_read_identity(record["identity"]),
        state=RunState(record["state"]),
        exit_code=_or_none(_whole, record["exit_code"]),
        planned_steps=_or_none(_whole, record["planned_steps"]),
        counts_calls=record["counts_calls"] is True,
        rows=rows,
        series=series,
        catalog={_text(name): _whole(count) for name, count in record["catalog"].items()},
        notes=read_notes(record["notes"]),
    )


def _read_identity(record: Record) -> Identity:
    others = {key: read_text(value) for key, value in record.items() if key != "name"}
    return Identity(name=_text(record["name"]), **others)


def read_checkpoint(record: Record | None) -> Checkpoint | None:
    """Read a checkpoint back."""
    if record is None:
        return None
    return Checkpoint(
        name=_text(record["name"]),
        step=_or_none(_whole, record["step"]),
        artifact=read_text(record["artifact"]),
        digest=read_text(record["digest"]),
    )


def read_origin(record: Record | None) -> Origin | None:
    """Read back where it was judged."""
    if record is None:
        return None
    return Origin(
        repository=_text(record["repository"]), sha=read_text(record["sha"]), attempt=_whole(record["attempt"])
    )


def read_asked(records: Iterable[Record]) -> tuple[Asked, ...]:
    """Read back what was asked of services."""
    return tuple(
        Asked(
            service=_text(record["service"]),
            what=_text(record["what"]),
            text=_text(record["text"]),
            since=read_text(record["since"]),
            until=read_text(record["until"]),
            rows=_whole(record["rows"]),
            client=_text(record["client"]),
        )
        for record in records
    )


def read_text(value: Any) -> str | None:
    """Read a text or nothing back; TypeError for anything else, which a report could not show."""
    return _or_none(_text, value)


def _or_none(read: Callable[[Any], Item], value: Any) -> Item | None:
    return None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, got {type(value).__name__}")
    return value


def tables_record(tables: Mapping[str, LogTable]) -> dict[str, Any]:
    """Turn answers to log questions into a record."""
    return {
        question: {
            "by": table.by,
            "columns": list(table.columns),
            "rows": [[_cell(cell) for cell in row] for row in table.rows],
            "events": table.events,
        }
        for question, table in sorted(tables.items())
    }


def read_tables(record: Record) -> dict[str, LogTable]:
    """Read answers to log questions back; numbers that were not finite as such."""
    return {
        str(question): LogTable(
            question=str(question),
            by=table["by"],
            columns=tuple(table["columns"]),
            rows=tuple(tuple(_read_cell(cell) for cell in row) for row in table["rows"]),
            events=int(table["events"]),
        )
        for question, table in record.items()
    }


def _cell(cell: Scalar) -> Any:
    if isinstance(cell, float) and not math.isfinite(cell):
        return {"number": _number(cell)}
    return cell


def _read_cell(cell: Any) -> Scalar:
    if isinstance(cell, dict):
        return parse_number(cell["number"])
    if cell is None or isinstance(cell, str | int | float):
        return cell
    raise TypeError(f"expected a cell, got {type(cell).__name__}")


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _lines(records: Iterable[Record]) -> bytes:
    out = BytesIO()  # joined at the end, a long run would be in memory three times
    for record in records:
        out.write(json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n")
    return out.getvalue()


def rows_text(rows: Rows) -> bytes:
    """Write rows: first the sets of names, then steps and kinds in chunks."""

    def records() -> Iterator[Record]:
        yield {"names": [sorted(names) for names in rows.names]}
        for start in range(0, rows.steps.size, CHUNK):
            part = slice(start, start + CHUNK)
            yield {"steps": rows.steps[part].tolist(), "kinds": rows.kinds[part].tolist()}

    return _lines(records())


def read_rows(records: Iterable[Record]) -> Rows:
    """Read rows back; ValueError if a kind names no set."""
    names: tuple[frozenset[str], ...] = ()
    steps: list[Any] = [np.zeros(0, np.int64)]
    kinds: list[Any] = [np.zeros(0, np.int32)]
    for record in records:
        if "names" in record:
            names = tuple(frozenset(map(str, one)) for one in record["names"])
        else:
            steps.append(np.array(record["steps"], np.int64))
            kinds.append(np.array(record["kinds"], np.int32))
    rows = Rows(steps=np.concatenate(steps), kinds=np.concatenate(kinds), names=names)
    if rows.kinds.size and not 0 <= rows.kinds.min() <= rows.kinds.max() < len(names):
        raise ValueError("a row of a kind that is not listed")
    return rows


def series_text(series: Mapping[str, Series]) -> bytes:
    """Write series by name, in chunks."""

    def records() -> Iterator[Record]:
        for name, one in sorted(series.items()):
            for start in range(0, max(one.steps.size, 1), CHUNK):
                part = slice(start, start + CHUNK)
                yield {"name": name, "steps": one.steps[part].tolist(), "values": _values(one.values[part])}

    return _lines(records())


def _values(values: Values) -> list[float | str]:
    return values.tolist() if np.isfinite(values).all() else [_number(value) for value in values.tolist()]


def read_series(records: Iterable[Record]) -> dict[str, Series]:
    """Read series back; TypeError or ValueError where something else than numbers stands there."""
    found: dict[str, tuple[list[Any], list[Any]]] = {}
    for record in records:
        steps, values = found.setdefault(str(record["name"]), ([], []))
        steps.append(np.array(record["steps"], np.int64))
        numbers = [value if isinstance(value, float) else parse_number(value) for value in record["values"]]
        if None in numbers:  # which NumPy would take for NaN
            raise ValueError("a series holds something else than numbers")
        values.append(np.array(numbers, np.float64))
    return {
        name: Series(name=name, steps=np.concatenate(steps), values=np.concatenate(values))
        for name, (steps, values) in found.items()
    }
