"""Which runs of a project are meant, in W&B's language of filters (MongoDB's). No connection may enter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

Filter: TypeAlias = dict[str, object]


def of_commit(commit: str) -> Filter:
    """Runs that were trained on this git commit.

    >>> of_commit("C0FFEE")
    {'commit': 'c0ffee'}
    """
    return {"commit": commit.lower()}


def of_group(name: str) -> Filter:
    """Runs of a group."""
    return {"group": name}


def of_sweep(sweep: str) -> Filter:
    """Runs of a sweep, by its id."""
    return {"sweep": sweep}


def of_tag(name: str) -> Filter:
    """Runs that carry a tag."""
    return {"tags": {"$in": [name]}}


def of_prefix(prefix: str) -> Filter:
    """Runs whose display name begins so; whatever stands in it means itself.

    >>> of_prefix("lr.1")
    {'displayName': {'$regex': '^lr\\\\.1'}}
    """
    return {"displayName": {"$regex": f"^{re.escape(prefix)}"}}


def of_name(names: Sequence[str]) -> Filter:
    """Runs that are called so, by their display name or their id.

    >>> of_name(["a"])
    {'$or': [{'displayName': {'$in': ['a']}}, {'name': {'$in': ['a']}}]}
    """
    return {"$or": [{field: {"$in": list(names)}} for field in ("displayName", "name")]}


def ended_since(since: datetime) -> Filter:
    """Runs that were created since a time and do not run any more, however they ended."""
    states = ["finished", "crashed", "failed", "killed", "preempted"]
    return {"state": {"$in": states}, "createdAt": {"$gte": since.strftime("%Y-%m-%dT%H:%M:%S")}}
