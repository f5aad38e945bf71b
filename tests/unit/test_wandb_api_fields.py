"""Fields of W&B that hold what nobody expects: counts, steps, times and artifacts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.secret import Secret
from action.sources.wandb_api.facts import checkpoint_of, lines_of, step_of, time_of
from action.sources.wandb_api.runs import WandbRun, WandbRuns, parse_run
from action.wandb_service.access import Access
from tests.services.wandb_run import Artifact, Run

NODE = Artifact(name="adapter_v50").node("team", "league")


def fetch(folder: Path, run: Mapping[str, Any], artifacts: object = (NODE,)) -> WandbRun:
    """Take apart an answer as the process that talks to W&B hands it over."""
    found: dict[str, Any] = {"run": {**Run().node(), **run}, "files": [], "tail": None, "games": None, "requests": 1}
    found |= {"artifacts": artifacts, "namesakes": []}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("action.sources.wandb_api.runs.send", lambda *_: json.loads(json.dumps(found)))
        runs = WandbRuns(Access(key=Secret("k" * 40)))
        return runs.fetch(parse_run("team/league/abc123"), folder, Deadline(seconds=9), checkpoint="newest")


BROKEN: dict[str, tuple[Mapping[str, Any], object]] = {
    "tags are a number": ({"tags": 5}, [NODE]),
    "tags are a text": ({"tags": "abc"}, [NODE]),
    "an artifact is none": ({}, [None]),
    "an artifact is a text": ({}, ["s"]),
    "an alias is none": ({}, [{**NODE, "aliases": [None]}]),
    "a version is a text": ({}, [{**NODE, "versionIndex": "x"}]),
    "a sequence is a text": ({}, [{**NODE, "artifactSequence": "s"}]),
    "aliases are a number": ({}, [{**NODE, "aliases": 5}]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_answer_that_cannot_be_taken_apart_is_a_fault_of_the_service(tmp_path: Path, case: str) -> None:
    with pytest.raises(ServiceError, match=r"expected the answers that its client knows, got others \(\w+\); check"):
        fetch(tmp_path, *BROKEN[case])


@pytest.mark.parametrize("last", [float("inf"), float("nan"), True, "7", 2**63, 10**400, [], {}, None])
def test_a_last_step_that_is_none_is_not_known(tmp_path: Path, last: object) -> None:
    assert fetch(tmp_path, {"historyKeys": {"lastStep": last}}).last_step is None


@pytest.mark.parametrize("keys", [5, [1], "x", None])
def test_keys_that_are_none_tell_no_last_step(keys: object) -> None:
    assert step_of(keys, "lastStep") is None


@pytest.mark.parametrize("told", [True, False, -1, "200", 200.0, None, [], 1e999])
def test_a_count_that_is_none_is_no_count(tmp_path: Path, told: object) -> None:
    assert lines_of({"historyLineCount": told}) is None
    assert fetch(tmp_path, {"historyLineCount": told}).lines is None


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00", "1969-12-31T23:59:59", "2100-01-01T00:00:00", "9999-12-31T23:59:59"]
)
def test_a_time_at_which_no_run_was_is_none(time: str) -> None:
    assert time_of(time) is None


STEPS: dict[str, tuple[str, Mapping[str, Any], int | None]] = {
    "metadata before a version": ("qwen2.5-7b-v3", {"step": 5000}, 5000),
    "a version alone": ("qwen2.5-7b-v3", {}, None),
    "another version alone": ("policy_v7", {}, None),
    "an adapter": ("adapter_v50", {}, 50),
    "an adapter of a league": ("league.adapter_v50", {}, 50),
    "both, agreeing": ("adapter_v50", {"global_step": 50}, 50),
    "a checkpoint": ("checkpoint-1000", {}, 1000),
    "a step": ("grpo-step_40", {}, 40),
    "a step of another kind": ("global_step40", {"training_step": 40.0}, 40),
    "a word that ends like one": ("footstep4", {}, None),
    "metadata that tell none": ("checkpoint-9", {"step": None, "global_step": "x"}, 9),
    "metadata with a step below none": ("model", {"step": -1}, None),
    "a truth": ("model", {"step": True}, None),
}


@pytest.mark.parametrize("case", STEPS)
def test_the_step_of_a_checkpoint_is_what_its_metadata_say_else_its_name(case: str) -> None:
    name, metadata, step = STEPS[case]
    node = Artifact(name=name, version=7, metadata=metadata).node("team", "league")

    found = checkpoint_of([node], "newest", "abc123")

    assert found is not None
    assert found.step == step


def test_a_checkpoint_whose_name_and_metadata_disagree_is_refused() -> None:
    node = Artifact(name="adapter_v50", metadata={"step": 1000}).node("team", "league")

    with pytest.raises(InputError) as caught:
        checkpoint_of([node], "newest", "abc123")

    assert str(caught.value) == (
        "team/league/adapter_v50:v0: expected one training step, got 50 in its name and 1,000 in its metadata; log it "
        "again with the right one, or name another"
    )
