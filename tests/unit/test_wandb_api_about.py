"""What people wrote of a run on W&B, how it was started, and which runs are meant by what they have in common."""

from __future__ import annotations

import json
from typing import Any

import pytest

from action.sources.wandb_api.facts import about
from action.sources.wandb_api.filters import of_commit, of_group, of_prefix, of_sweep, of_tag

RUN = {
    "name": "abc",
    "notes": None,
    "tags": ["a", "b"],
    "group": "",
    "sweepName": "s1",
    "summaryMetrics": '{"kl": NaN}',
}


def started(kept: Any) -> dict[str, Any]:
    return {**RUN, "config": json.dumps({"lr": {"value": 1}, "_wandb": {"value": {"e": kept, "m": []}}})}


def test_the_command_of_a_run_is_one_that_can_be_typed_again() -> None:
    record = {"program": "train.py", "args": ["--lr", "1e-5", "--name", "a b"], "executable": "/opt/secret/python"}

    assert about(started({"w": record})).command == "python train.py --lr 1e-5 --name 'a b'"


def test_the_command_of_a_run_that_was_resumed_is_that_of_who_wrote_last() -> None:
    first, last = ({"program": "t.py", "args": [name], "startedAt": name} for name in ("2026-01-01", "2026-01-02"))

    assert about(started({"b": first, "a": last})).command == "python t.py 2026-01-02"
    assert about(started({"a": first, "b": last})).command == "python t.py 2026-01-02"


@pytest.mark.parametrize("kept", [None, [], {"w": []}, {"w": {"program": 3}}, {"w": {"args": ["x"]}}, "x"])
def test_a_run_that_does_not_record_how_it_was_started_has_no_command(kept: Any) -> None:
    assert about(started(kept)).command is None


def test_what_is_empty_on_wandb_is_nothing_here() -> None:
    found = about(RUN)

    assert (found.notes, found.tags, found.group, found.sweep) == ("", ("a", "b"), None, "s1")
    assert list(found.summary) == ["kl"]
    bare = about({"name": "x"})
    assert (bare.notes, bare.tags, bare.summary, bare.command) == ("", (), {}, None)


def test_a_summary_leaves_out_what_the_client_adds_and_what_is_no_value() -> None:
    text = '{"kl": {"max": 0.2}, "_step": 9, "_wandb": {"runtime": 3}, "samples": {"_type": "table-file", "rows": [1]}}'

    assert about({"summaryMetrics": text}).summary == {"kl.max": 0.2, "samples._type": "table-file"}


def test_runs_are_found_by_what_they_have_in_common() -> None:
    assert of_commit("ABC") == {"commit": "abc"}
    assert of_group("g") == {"group": "g"}
    assert of_sweep("s") == {"sweep": "s"}
    assert of_tag("t") == {"tags": {"$in": ["t"]}}
    assert of_prefix("a.b(") == {"displayName": {"$regex": r"^a\.b\("}}
