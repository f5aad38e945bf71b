"""What is kept around a run: checkpoint, origin, story, approvals, who held the alias; as records, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from action.evidence.values import Record, cell_record, or_none, read_cell, read_text, text, whole
from checks.context import Approval, Holder
from checks.run import Change, Checkpoint, Origin, Story


def read_checkpoint(record: Record | None) -> Checkpoint | None:
    """Read a checkpoint back."""
    if record is None:
        return None
    return Checkpoint(
        name=text(record["name"]),
        step=or_none(whole, record["step"]),
        artifact=read_text(record["artifact"]),
        digest=read_text(record["digest"]),
    )


def read_origin(record: Record | None) -> Origin | None:
    """Read back where it was judged."""
    if record is None:
        return None
    return Origin(repository=text(record["repository"]), sha=read_text(record["sha"]), attempt=whole(record["attempt"]))


def story_record(story: Story) -> dict[str, Any]:
    """Turn what is kept of a run for the tracker into a record."""
    changes = [
        {"key": one.key, "before": cell_record(one.before), "after": cell_record(one.after)} for one in story.changes
    ]
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
            Change(key=text(one["key"]), before=read_cell(one["before"]), after=read_cell(one["after"]))
            for one in record["changes"]
        ),
        hidden=whole(record["hidden"]),
    )


def read_holder(record: Record | None) -> Holder | None:
    """Read back who held the alias."""
    if record is None:
        return None
    return Holder(
        alias=text(record["alias"]),
        registry=text(record["registry"]),
        checkpoint=text(record["checkpoint"]),
        digest=read_text(record["digest"]),
        run=read_text(record["run"]),
    )


def read_approvals(records: Iterable[Record]) -> tuple[Approval, ...]:
    """Read back who approved waivers."""
    return tuple(
        Approval(
            check=text(record["check"]),
            scope=text(record["scope"]),
            reason=text(record["reason"]),
            expires=text(record["expires"]),
            pull_request=or_none(whole, record["pull_request"]),
            approved_by=tuple(map(text, record["approved_by"])),
        )
        for record in records
    )
