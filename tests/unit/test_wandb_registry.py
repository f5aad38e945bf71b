"""Aliases on W&B by the real client: found, told, moved, moved back, and linked to a registry."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from action.errors import InputError, RefusalError, ServiceError
from action.registries.wandb import documents
from action.registry import Change, Registry, Stored
from checks.refusal import Reason
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import client_within, order_of, registry_of
from tests.services.wandb_faults import data
from tests.services.wandb_run import Artifact, Run
from tests.services.wandb_shelf import OWNER, REGISTRY, Shelf, Version

TARGET = f"{REGISTRY}/Agents"
PLACE = (OWNER, REGISTRY, "Agents")


@pytest.fixture(scope="module", autouse=True)
def _client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with client_within(tmp_path_factory.mktemp("wandb")):
        yield


@pytest.fixture
def shelf() -> Shelf:
    found = Shelf()
    found.add(Artifact(version=1, digest="d1", aliases=["production", "v-one"]))
    found.add(Artifact(version=2, digest="d2", aliases=["latest"]))
    return found


@pytest.fixture
def server(shelf: Shelf) -> Iterator[Wandb]:
    with Wandb(shelf=shelf) as found:
        yield found


def version(shelf: Shelf, number: int) -> Version:
    return next(one for one in shelf.versions.values() if one.artifact.version == number)


def stored(shelf: Shelf, number: int) -> Stored:
    one = version(shelf, number)
    return Stored(name=one.name, digest=f"wandb:{one.digest}", key=one.key)


def test_it_is_a_registry(server: Wandb) -> None:
    registry: Registry = registry_of(server)

    assert registry.title == "W&B"


@pytest.mark.parametrize(
    "name",
    [
        "team/league/adapter:v1",
        "team/league/adapter:production",
        "team/league/adapter:v-one",
        "wandb-artifact://team/league/adapter:production",
        "{url}/team/league/artifacts/model/adapter/v1/overview",
    ],
)
def test_a_version_is_found_by_its_number_an_alias_or_its_page(server: Wandb, shelf: Shelf, name: str) -> None:
    found = registry_of(server).find(name.format(url=server.url))

    key = version(shelf, 1).key
    assert found == Stored(name="team/league/adapter:v1", digest="wandb:d1", run="abc123", key=key)


MD5 = "9c1185a5c5e9fc54612808977ee8f548"


@pytest.mark.parametrize(
    "entry",
    [
        {"digest": "s3://bucket/model", "ref": "s3://bucket/model"},
        {"digest": MD5, "ref": "file:///mnt/model"},  # of the address, with `checksum=False`
        {"digest": "s3://bucket/model", "ref": "wandb-artifact://0123/model"},  # as the other artifact has it
        {"digest": MD5, "ref": "wandb-artifact://0123/model"},
        {"digest": MD5, "ref": "https://h/model"},  # whatever that server calls its ETag
        {"digest": "", "ref": "s3://bucket/model"},
        {"ref": "gs://bucket/model"},
        {"digest": MD5, "ref": ""},
    ],
)
def test_a_version_whose_bytes_can_change_under_its_digest_is_refused(
    server: Wandb, shelf: Shelf, entry: dict[str, str]
) -> None:
    version(shelf, 1).contents = {"config.json": {"digest": "x", "size": 1}, "model": entry}

    with pytest.raises(RefusalError, match="model refers to a file elsewhere whose bytes can change") as caught:
        registry_of(server).find("team/league/adapter:v1")
    assert caught.value.refusals[0].reason is Reason.NO_DIGEST


@pytest.mark.parametrize(
    ("entry", "refers"),
    [
        ({"digest": MD5, "ref": "s3://bucket/model", "size": 3}, True),
        ({"digest": MD5, "ref": "gs://bucket/model", "size": 3}, True),
        ({"digest": "rL0Y20zC+Fzt72VPzMSk2A==", "size": 3}, False),
    ],
)
def test_what_lies_in_a_storage_that_keeps_to_its_digest_is_told_apart(
    server: Wandb, shelf: Shelf, entry: dict[str, str], refers: bool
) -> None:
    version(shelf, 1).contents = {"config.json": {"digest": "x", "size": 1}, "model": entry}

    assert registry_of(server).find("team/league/adapter:v1").refers is refers


def test_an_artifact_of_a_run_is_found_as_the_judge_names_it() -> None:
    with Wandb(Run(name="r1", artifacts=[Artifact(digest="d0")])) as server:
        found = registry_of(server).find("team/league/adapter:v0")

    assert (found.name, found.digest, found.run) == ("team/league/adapter:v0", "wandb:d0", "r1")


@pytest.mark.parametrize(("run", "expected"), [("r1", "team/other/r1"), (None, None)])
def test_the_run_of_another_project_is_told_with_it_and_a_person_is_none(
    server: Wandb, shelf: Shelf, run: str | None, expected: str | None
) -> None:
    shelf.add(Artifact(name="other"), run=run, project="other")

    assert registry_of(server).find("team/league/other:v0").run == expected


def test_a_version_whose_own_project_is_not_shown_has_no_name(server: Wandb, shelf: Shelf) -> None:
    node = version(shelf, 1).node()
    node["artifactSequence"] = {"name": "adapter", "project": None}
    hidden = data({"project": {"artifactCollectionMembership": {"artifact": node}}})
    server.faults["ArtifactMembershipByName"] = Fault(behave=hidden(server))

    with pytest.raises(InputError, match="adapter: expected an artifact whose project this key may read, got one of"):
        registry_of(server).find("team/league/adapter:v1")


@pytest.mark.parametrize("found", [{}, {"stored": 7}, {"stored": {"a": 1}}, {"moved": {}}])
def test_what_comes_back_as_nothing_that_we_know_is_a_fault_of_the_service(
    server: Wandb, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, found: dict[str, object]
) -> None:
    monkeypatch.setattr("action.registries.wandb.registry.send", lambda *_: found)

    with pytest.raises(ServiceError, match="W&B: expected"):
        registry_of(server).find("team/league/adapter:v1")
    with pytest.raises(ServiceError, match="is not known; to run the same command again is safe"):
        registry_of(server).move(order_of(stored(shelf, 1), None))


def test_a_version_that_is_found_by_a_link_has_its_own_name(server: Wandb, shelf: Shelf) -> None:
    shelf.link(version(shelf, 2).key, PLACE, ["staging"])

    assert registry_of(server).find(f"{OWNER}/{REGISTRY}/Agents:staging").name == "team/league/adapter:v2"
    assert registry_of(server).find(f"{OWNER}/{REGISTRY}/Agents:v0").name == "team/league/adapter:v2"


MISSING = {
    "team/league/adapter:v9": "team/league/adapter:v9: expected a version on W&B, found none of that name and number",
    "team/league/adapter:prod": "team/league/adapter:prod: expected a version on W&B, found none of that name and",
    "team/league/nothing:v1": "team/league/nothing:v1: expected a version on W&B, found none of that name and number",
    "team/nowhere/adapter:v1": "team/nowhere: expected a project on W&B, found none that this key may read; check the",
    "team/league/adapter": "team/league/adapter: expected one version of an artifact, got none; name it as adapter:v7,",
    "team/league/data:v0": "team/league/data:v0: expected an artifact of type model, got one of type dataset; name a",
    "https://wandb.example.com/team/league/artifacts/model/adapter/v1": "team/league/adapter:v1: expected the address",
}


@pytest.mark.parametrize("name", MISSING)
def test_what_cannot_be_meant_is_told(server: Wandb, shelf: Shelf, name: str) -> None:
    shelf.add(Artifact(name="data", kind="dataset"))

    with pytest.raises(InputError) as caught:
        registry_of(server).find(name)

    assert str(caught.value).startswith(MISSING[name])


@pytest.mark.parametrize("state", ["DELETED", "PENDING", "ABANDONED", "SOMETHING"])
def test_a_version_that_is_not_whole_is_gone(server: Wandb, shelf: Shelf, state: str) -> None:
    shelf.add(Artifact(name="half", aliases=["best"], state=state))

    with pytest.raises(RefusalError) as caught:
        registry_of(server).find("team/league/half:best")

    assert [one.reason for one in caught.value.refusals] == [Reason.ARTIFACT_GONE]
    assert registry_of(server).holder("best", Stored(name="team/league/half:v0", digest=None)) is None


def test_who_holds_an_alias_is_told_for_the_own_collection_and_for_another(server: Wandb, shelf: Shelf) -> None:
    shelf.link(version(shelf, 2).key, PLACE, ["production"])
    one = stored(shelf, 1)

    assert registry_of(server).holder("production", one) == one
    assert registry_of(server).holder("staging", one) is None
    assert registry_of(server, TARGET).holder("production", one) == stored(shelf, 2)
    assert registry_of(server, TARGET).holder("staging", one) is None
    assert registry_of(server, f"{REGISTRY}/Nothing").holder("production", one) is None


@pytest.mark.parametrize("alias", ["", "v3", "V12", "a/b", "a:b", "latest", " ", "x" * 129, "a\nb"])
def test_what_can_be_no_alias_that_stays_is_refused_before_anything_is_asked(
    server: Wandb, shelf: Shelf, alias: str
) -> None:
    with pytest.raises(InputError, match="expected an alias"):
        registry_of(server).holder(alias, stored(shelf, 1))

    assert server.operations == ()


def test_an_alias_is_moved_from_the_version_that_had_it(server: Wandb, shelf: Shelf) -> None:
    one, two = stored(shelf, 1), stored(shelf, 2)

    moved = registry_of(server).move(order_of(two, one))

    assert (moved.change, moved.before, moved.notes) == (Change.MOVED, one, ())
    assert shelf.holder("production") == two.name
    assert server.operations.count("AddAliases") == 1
    assert server.operations.count("ArtifactMembershipByName") == 3  # before, and twice after


def test_an_alias_that_nobody_has_is_added(server: Wandb, shelf: Shelf) -> None:
    del shelf.aliases[("team", "league", "adapter"), "production"]

    moved = registry_of(server).move(order_of(stored(shelf, 1), None))

    assert (moved.change, moved.before) == (Change.MOVED, None)
    assert shelf.holder("production") == "team/league/adapter:v1"


def test_an_alias_is_moved_back_to_an_older_version_and_each_time_it_is_recorded(server: Wandb, shelf: Shelf) -> None:
    one, two = stored(shelf, 1), stored(shelf, 2)
    registry_of(server).move(order_of(two, one))

    moved = registry_of(server).move(order_of(one, two, verdict_sha256="9" * 64))

    assert (moved.change, moved.before) == (Change.MOVED, two)
    assert shelf.holder("production") == one.name


def test_an_alias_that_is_there_already_is_not_written(server: Wandb, shelf: Shelf) -> None:
    one = stored(shelf, 1)

    moved = registry_of(server).move(order_of(one, None))

    assert (moved.change, moved.before) == (Change.ALREADY, one)
    assert "AddAliases" not in server.operations


def test_an_alias_of_a_registry_is_given_by_a_link(server: Wandb, shelf: Shelf) -> None:
    one, two = stored(shelf, 1), stored(shelf, 2)

    first = registry_of(server, TARGET).move(order_of(one, None))
    second = registry_of(server, TARGET).move(order_of(two, one))
    third = registry_of(server, TARGET).move(order_of(one, two))

    assert (first.change, second.before, third.before) == (Change.MOVED, one, two)
    assert shelf.links[PLACE] == [one.key, two.key]
    assert shelf.holder("production", PLACE) == one.name
    assert shelf.holder("production") == one.name  # its own collection is left as it is
    assert "AddAliases" not in server.operations


def test_a_collection_of_a_project_is_a_target_and_the_own_one_is_no_link(server: Wandb, shelf: Shelf) -> None:
    one, two = stored(shelf, 1), stored(shelf, 2)

    registry_of(server, "team/league/Best").move(order_of(two, None))
    registry_of(server, "team/league/adapter").move(order_of(two, one))

    assert shelf.holder("production", ("team", "league", "Best")) == two.name
    assert shelf.holder("production") == two.name
    assert server.operations.count("LinkArtifact") == server.operations.count("AddAliases") == 1


ORGANISATIONS = {
    "by its display name": ("Team Ltd/wandb-registry-model/Agents", None),
    "by its entity": ("team-org/wandb-registry-model/Agents", None),
    "another": ("elsewhere/wandb-registry-model/Agents", "got 0 that fit; it belongs to: team-org; name it as"),
}


@pytest.mark.parametrize("case", ORGANISATIONS)
def test_the_organisation_of_a_registry_may_be_named(server: Wandb, shelf: Shelf, case: str) -> None:
    target, expected = ORGANISATIONS[case]
    registry, one = registry_of(server, target), stored(shelf, 1)

    if expected is None:
        assert registry.holder("production", one) is None
        return
    with pytest.raises(InputError, match=expected):
        registry.holder("production", one)


def test_a_person_of_several_organisations_says_which(server: Wandb, shelf: Shelf) -> None:
    several = [{"name": name, "orgEntity": {"name": f"{name}-org"}} for name in ("one", "two")]
    shelf.organisations["team"] = {"organization": None, "user": {"organizations": [*several, {"orgEntity": None}]}}
    shelf.projects.add(("two-org", REGISTRY))
    one = stored(shelf, 1)

    with pytest.raises(InputError, match="got 2 that fit; it belongs to: one-org, two-org; name it as ORG"):
        registry_of(server, TARGET).holder("production", one)
    assert registry_of(server, f"two/{TARGET}").holder("production", one) is None


def test_the_organisation_of_a_team_goes_before_those_of_a_person(server: Wandb, shelf: Shelf) -> None:
    other = {"name": "other", "orgEntity": {"name": "other-org"}}
    shelf.organisations["team"] = {**shelf.organisations["team"], "user": {"organizations": [other]}}

    assert registry_of(server, TARGET).holder("production", stored(shelf, 1)) is None
    assert server.variables("ArtifactMembershipByName")[-1]["entity"] == OWNER


def test_nobody_belongs_to_no_organisation(server: Wandb, shelf: Shelf) -> None:
    shelf.organisations.clear()

    with pytest.raises(InputError, match="it belongs to: none; name it as ORGANISATION/"):
        registry_of(server, TARGET).move(order_of(stored(shelf, 1), None))


def test_a_target_that_is_none_is_refused_before_anything_is_asked(server: Wandb, shelf: Shelf) -> None:
    for target in ("Agents", "model/Agents", f"{TARGET}:v1", "wandb-registry-/x", "a/b/c/d", "../x/y"):
        with pytest.raises(InputError, match="expected a collection on W&B as entity/project/COLLECTION"):
            registry_of(server, target).move(order_of(stored(shelf, 1), None))

    assert server.operations == ()


def test_only_what_the_public_client_asks_for_is_asked() -> None:
    from wandb.sdk.artifacts._generated import operations  # noqa: PLC0415 - a second, which few tests need

    theirs = {_operation(one): _words(one) for name in operations.__all__ if (one := getattr(operations, name))}
    ours = [one for name, one in vars(documents).items() if name.isupper() and not name.startswith("_")]

    assert len(ours) == 12
    for one in ours:
        assert _words(one) <= theirs[_operation(one)], one


def _operation(document: str) -> str:
    return document.replace("(", " ").split()[1]


def _words(document: str) -> set[str]:
    return set(re.findall(r"[$\w]+", document))
