"""What people wrote of a run on W&B, how it was started, and which runs are meant by what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from action.sources.wandb_api.errand import run_errand
from action.sources.wandb_api.facts import about
from action.sources.wandb_api.filters import of_commit, of_group, of_prefix, of_sweep, of_tag
from action.sources.wandb_api.wanted import Request, Wanted

METADATA = b'{"program": "train.py", "args": ["--lr", "1e-5", "--name", "a b"], "executable": "/opt/secret/python"}'
RUN = {
    "name": "abc",
    "notes": None,
    "tags": ["a", "b"],
    "group": "",
    "sweepName": "s1",
    "summaryMetrics": '{"kl": NaN}',
}


class Answers:
    """A connection that has one file."""

    def __init__(self, file: bytes | None) -> None:
        self.requests = 0
        self._file = file

    def ask(self, document: str, _variables: object, /) -> dict[str, Any]:
        self.requests += 1
        edges = [] if self._file is None else [{"node": {"name": "x", "url": "http://127.0.0.1/x"}}]
        return {"project": {"run": RUN if "query Run(" in document else {"files": {"edges": edges}}}}

    def download(self, _address: str, path: Path, /, *, what: str) -> None:
        assert what == "how the run was started"
        path.write_bytes(self._file or b"")


def errand(file: bytes | None, folder: Path) -> dict[str, Any]:
    wanted = Wanted(entity="e", project="p", run="abc", history=False, command=True)
    request = Request(wanted=wanted, key="", url="", folder=str(folder), seconds=1)
    return run_errand(request, Answers(file), lambda _share: None)


def test_the_command_of_a_run_is_one_that_can_be_typed_again(tmp_path: Path) -> None:
    found = about(RUN, errand(METADATA, tmp_path)["metadata"])

    assert found.command == "python train.py --lr 1e-5 --name 'a b'"


@pytest.mark.parametrize("file", [None, b"", b"[]", b"{", b'{"program": 3}', b'{"args": ["x"]}'])
def test_a_run_that_does_not_record_how_it_was_started_has_no_command(tmp_path: Path, file: bytes | None) -> None:
    assert about(RUN, errand(file, tmp_path)["metadata"]).command is None


def test_what_is_empty_on_wandb_is_nothing_here() -> None:
    found = about(RUN, {})

    assert (found.notes, found.tags, found.group, found.sweep) == ("", ("a", "b"), None, "s1")
    assert list(found.summary) == ["kl"]
    bare = about({"name": "x"}, {})
    assert (bare.notes, bare.tags, bare.summary, bare.command) == ("", (), {}, None)


def test_a_summary_leaves_out_what_the_client_adds_and_what_is_no_value() -> None:
    text = '{"kl": {"max": 0.2}, "_step": 9, "_wandb": {"runtime": 3}, "samples": {"_type": "table-file", "rows": [1]}}'

    assert about({"summaryMetrics": text}, {}).summary == {"kl.max": 0.2, "samples._type": "table-file"}


def test_runs_are_found_by_what_they_have_in_common() -> None:
    assert of_commit("ABC") == {"commit": "abc"}
    assert of_group("g") == {"group": "g"}
    assert of_sweep("s") == {"sweep": "s"}
    assert of_tag("t") == {"tags": {"$in": ["t"]}}
    assert of_prefix("a.b(") == {"displayName": {"$regex": r"^a\.b\("}}
