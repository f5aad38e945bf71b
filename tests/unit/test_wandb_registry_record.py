"""The record of a promotion in the metadata on W&B: added, once, newest last, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from action.registries.wandb.keeping import KEY, MOST
from action.registry import Change, Moved, Stored
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import order_of, registry_of
from tests.services.wandb_faults import afterwards, data, meanwhile, obeyed, status
from tests.services.wandb_run import Artifact
from tests.services.wandb_shelf import OWNER, REGISTRY, Shelf, Version

pytestmark = pytest.mark.usefixtures("wandb_client")

FOREIGN = {"step": 400, "lr": 1e-05, "loss": -0.1, "big": 2**60, "nested": {"ü": [1, None, True]}, "text": '"\\ \n'}


@pytest.fixture
def version() -> Version:
    return Shelf().add(Artifact(metadata=FOREIGN))


@pytest.fixture
def server(version: Version) -> Iterator[Wandb]:
    with Wandb(shelf=Shelf(versions={version.key: version})) as found:
        yield found


def promote(server: Wandb, version: Version, target: str | None = None, **record: str) -> Moved:
    to = Stored(name=version.name, digest=f"wandb:{version.digest}", key=version.key)
    registry = registry_of(server, target)
    return registry.move(order_of(to, registry.holder("production", to), **record))


def metadata(version: Version) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(version.metadata or "null")
    return found


def kept(version: Version) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = metadata(version).get(KEY, [])
    return found


def take(server: Wandb) -> None:
    """Take the alias away, as somebody may do."""
    server.shelf.aliases.clear()


def test_everything_of_the_record_is_kept_beside_what_was_there(server: Wandb, version: Version) -> None:
    moved = promote(server, version)

    assert moved.notes == ()
    assert metadata(version) == {**FOREIGN, KEY: kept(version)}
    assert kept(version) == [
        {
            "alias": "production",
            "target": "team/league/adapter",
            "by": "ada",
            "why": "better",
            "at": "2026-01-03T00:00:00Z",
            "run": "abc123",
            "repository": "owner/name",
            "commit": "c0ffee" + "0" * 34,
            "verdict_sha256": "1" * 64,
            "evidence_sha256": "2" * 64,
            "policy_sha256": "3" * 64,
            "judged_at": "2026-01-02T05:00:00Z",
            "tool_version": "1.0.0",
            "waived": [],
        }
    ]


def test_the_record_names_the_collection_of_a_registry(server: Wandb, version: Version) -> None:
    promote(server, version, f"{REGISTRY}/Agents")

    assert [one["target"] for one in kept(version)] == [f"{OWNER}/{REGISTRY}/Agents"]


@pytest.mark.parametrize("text", [None, "", "null", "{}"])
def test_a_version_without_metadata_gets_only_ours(server: Wandb, version: Version, text: str | None) -> None:
    version.metadata = text

    assert promote(server, version).notes == ()
    assert set(metadata(version)) == {KEY}


def test_the_same_promotion_is_recorded_once(server: Wandb, version: Version) -> None:
    first, second = promote(server, version), promote(server, version, at="2026-01-04T00:00:00Z", by="bob")

    assert (first.change, second.change) == (Change.MOVED, Change.ALREADY)
    assert [one["by"] for one in kept(version)] == ["ada"]
    assert server.operations.count("UpdateArtifact") == 1


def test_a_record_that_is_missing_is_added_where_the_alias_is_already(server: Wandb, version: Version) -> None:
    server.shelf.aliases[version.home, "production"] = version.key

    assert promote(server, version).change is Change.ALREADY
    assert len(kept(version)) == 1


def test_another_verdict_for_the_same_alias_is_another_record(server: Wandb, version: Version) -> None:
    promote(server, version)
    promote(server, version, verdict_sha256="9" * 64)

    assert [one["verdict_sha256"][0] for one in kept(version)] == ["1", "9"]


def test_a_version_that_is_moved_back_to_is_recorded_again(server: Wandb, version: Version) -> None:
    promote(server, version)
    take(server)

    assert promote(server, version, at="2026-02-01T00:00:00Z").change is Change.MOVED
    assert [one["at"][:7] for one in kept(version)] == ["2026-01", "2026-02"]


def test_the_newest_fifty_are_kept(server: Wandb, version: Version) -> None:
    old = [{"alias": "production", "target": "t", "verdict_sha256": f"{number}"} for number in range(MOST)]
    version.metadata = json.dumps({KEY: old})

    assert promote(server, version).notes == ()
    assert [one["verdict_sha256"] for one in kept(version)] == [*map(str, range(1, MOST)), "1" * 64]


LEFT = {
    "a text": ({KEY: "mine"}, "`gatekeeper_promotions` holds something else, which was left as it is"),
    "an object": ({KEY: {"a": 1}}, "`gatekeeper_promotions` holds something else, which was left as it is"),
    "a list of others": ({KEY: [{"alias": "x"}]}, "`gatekeeper_promotions` holds something else, which was left as it"),
    "null": ({KEY: None}, "`gatekeeper_promotions` holds something else, which was left as it is"),
    "no object": ([1, 2], "the metadata are no object"),
    "a number that is none": ({"loss": float("nan")}, "the metadata hold a number that is not finite, which W&B does"),
    "a hundred keys": (
        {f"k{number}": number for number in range(100)},
        "the metadata have 100 keys, and W&B's client reads at most 100",
    ),
}


@pytest.mark.parametrize("case", LEFT)
def test_metadata_that_cannot_take_it_are_left_as_they_are_and_the_promotion_stands(
    server: Wandb, version: Version, case: str
) -> None:
    document, expected = LEFT[case]
    version.metadata = before = json.dumps(document)

    moved = promote(server, version)

    [note] = moved.notes
    assert moved.change is Change.MOVED
    assert note.startswith("team/league/adapter:v0 has the alias production, but its record could not be kept")
    assert f"in its metadata: {expected}" in note
    assert version.metadata == before
    assert "UpdateArtifact" not in server.operations


def test_metadata_that_are_no_json_are_left_as_they_are(server: Wandb, version: Version) -> None:
    version.metadata = "{"

    assert "the metadata are no JSON" in "".join(promote(server, version).notes)
    assert version.metadata == "{"


FAILS = {
    "409": status(409),
    "403": status(403),
    "no result": data({"result": None}),
    "a refusal": data(None, errors=[{"message": "permission denied", "path": ["updateArtifact"]}]),
}


@pytest.mark.parametrize("case", FAILS)
def test_a_record_that_cannot_be_written_does_not_take_the_promotion_back(
    server: Wandb, version: Version, case: str
) -> None:
    server.faults["UpdateArtifact"] = Fault(behave=FAILS[case](server))

    moved = promote(server, version)

    [note] = moved.notes
    assert note.startswith("team/league/adapter:v0 has the alias production, but it is not known whether its record")
    assert server.key not in note
    assert server.shelf.holder("production") == version.name
    assert kept(version) == []


def test_a_record_that_was_written_before_the_answer_was_lost_is_there_once(server: Wandb, version: Version) -> None:
    server.faults["UpdateArtifact"] = Fault(behave=obeyed(status(409))(server))

    promote(server, version)
    again = promote(server, version)

    assert (again.change, again.notes) == (Change.ALREADY, ())
    assert len(kept(version)) == 1


def test_an_answer_without_metadata_is_a_note(server: Wandb, version: Version) -> None:
    server.faults["ArtifactByID"] = Fault(behave=data({"artifact": None})(server), after=1)

    [note] = promote(server, version).notes

    assert note.endswith("whether its record is in its metadata: TypeError")


MEANWHILE: dict[str, tuple[Callable[[Version], None], str]] = {
    "other metadata": (
        lambda version: _change(version, {"mine": 1}),
        "other metadata have changed at the same time; compare them on its page, then run again",
    ),
    "our record": (
        lambda version: _change(version, {KEY: []}),
        "it does not read back: something else was written at the same time; run again",
    ),
}


def _change(version: Version, change: dict[str, Any]) -> None:
    version.metadata = json.dumps({**metadata(version), **change})


@pytest.mark.parametrize("case", MEANWHILE)
def test_what_another_writes_at_the_same_time_is_told(server: Wandb, version: Version, case: str) -> None:
    happens, expected = MEANWHILE[case]

    server.faults["UpdateArtifact"] = Fault(behave=afterwards(lambda: happens(version))(server))

    [note] = promote(server, version).notes

    assert expected in note


def test_metadata_are_read_when_the_alias_is_there_and_not_before(server: Wandb, version: Version) -> None:
    late = meanwhile(lambda: _change(version, {"late": 1}))(server)
    server.faults["AddAliases"] = Fault(behave=late)

    assert promote(server, version).notes == ()
    assert metadata(version)["late"] == 1
