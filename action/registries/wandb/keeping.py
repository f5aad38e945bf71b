"""The record of a promotion in the metadata of the version: under one key of ours, and nothing else is touched.

Nothing here takes a promotion back: what could not be kept is a note.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from action.errors import GatekeeperError, ServiceError
from action.files import show_name
from action.registries.wandb import documents
from action.registries.wandb.place import Service
from action.registry import Change, Order
from action.wandb_service.failure import MISREAD
from action.wandb_service.request import Json

KEY = "gatekeeper_promotions"
MOST = 50
"""Records of one version; older ones make room."""
_MOST_KEYS = 100
"""Of metadata: with more, W&B's own client does not read the version any more."""
_SAME = ("alias", "target", "verdict_sha256")
"""What makes two records ones of the same promotion."""


class _LeftOutError(Exception):
    """Why nothing was written, as the end of a sentence."""


def keep_record(order: Order, target: str, change: Change, service: Service) -> tuple[str, ...]:
    """Keep the record, newest last; a note where that could not be.

    A version that had the alias before gets it where it is missing: a promotion may have been cut off before it.
    """
    record = {"alias": order.alias, "target": target, **asdict(order.record), "waived": list(order.record.waived)}
    try:
        before = _read(order, service)
        kept = _with(_ours(before), record, change)
        if kept is None:
            return ()
        _write(order, _document(before, kept), service)
        _require_written(record, before, _read(order, service))
    except _LeftOutError as error:
        return (_note(order, f"but its record could not be kept in its metadata: {error}"),)
    except (GatekeeperError, *MISREAD) as error:
        said = str(error) if isinstance(error, GatekeeperError) else type(error).__name__
        return (_note(order, f"but it is not known whether its record is in its metadata: {said}"),)
    return ()


def _note(order: Order, what: str) -> str:
    return f"{show_name(order.to.name)} has the alias {show_name(order.alias)}, {what}"


def _read(order: Order, service: Service) -> dict[str, Json]:
    """Read the metadata as they are now; those of a version that has none are empty."""
    text = service.ask(documents.ARTIFACT, {"id": order.to.key})["artifact"]["metadata"]
    try:
        found = json.loads(text) if isinstance(text, str) and text else text or None
    except (ValueError, RecursionError):
        raise _LeftOutError("the metadata are no JSON") from None
    if found is not None and not isinstance(found, dict):
        raise _LeftOutError("the metadata are no object")
    return found or {}


def _require_written(record: dict[str, Json], before: Mapping[str, Json], after: Mapping[str, Json]) -> None:
    if _rest(after) != _rest(before):
        raise _LeftOutError("other metadata have changed at the same time; compare them on its page, then run again")
    if record not in _ours(after):
        raise _LeftOutError("it does not read back: something else was written at the same time; run again")


def _ours(metadata: Mapping[str, Json]) -> list[dict[str, Json]]:
    found = metadata.get(KEY, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) and set(_SAME) <= one.keys() for one in found):
        raise _LeftOutError(f"`{KEY}` holds something else, which was left as it is")
    return found


def _rest(metadata: Mapping[str, Json]) -> dict[str, Json]:
    return {key: one for key, one in metadata.items() if key != KEY}


def _with(kept: Sequence[dict[str, Json]], record: dict[str, Json], change: Change) -> list[dict[str, Json]] | None:
    """Add a record; None: it is there. What was moved back by the same verdict is a promotion of its own."""
    same = [one for one in kept if all(one[name] == record[name] for name in _SAME)]
    if record in same or (same and change is Change.ALREADY):
        return None
    return [*kept, record][-MOST:]


def _document(metadata: Mapping[str, Json], kept: list[dict[str, Json]]) -> str:
    changed = {**metadata, KEY: kept}
    if len(changed) > _MOST_KEYS:
        raise _LeftOutError(f"the metadata have {len(metadata)} keys, and W&B's client reads at most {_MOST_KEYS}")
    try:
        return json.dumps(changed, allow_nan=False)
    except ValueError:
        raise _LeftOutError("the metadata hold a number that is not finite, which W&B does not take back") from None


def _write(order: Order, metadata: str, service: Service) -> None:
    wanted = {"artifactID": order.to.key, "metadata": metadata}
    result = service.ask(documents.UPDATE, {"input": wanted}).get("result")
    if not isinstance(result, dict) or not result.get("artifact"):
        raise ServiceError("W&B: expected metadata to be written, got a refusal; check what the key may do there")
