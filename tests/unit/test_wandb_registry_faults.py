"""Every way in which moving an alias on W&B goes wrong: where the alias is afterwards, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from action.errors import GatekeeperError, InputError, ServiceError
from action.registry import Change, Moved, Stored
from action.secret import Secret
from action.wandb_service.access import Access
from checks.refusal import Reason
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import order_of, registry_of
from tests.services.wandb_faults import EVERYWHERE, Make, afterwards, data, meanwhile, obeyed, status
from tests.services.wandb_scene import ONE, PLACE, TARGET, TARGETS, TWO, Ended, Scene, at, stored

pytestmark = pytest.mark.usefixtures("wandb_client")


WRITES: Mapping[str, Make] = {
    **{name: EVERYWHERE[name] for name in ("401", "403", "404", "429", "500", "503", "reset", "half a body", "hang")},
    "409": status(409),
    "a refusal of GraphQL": data(None, errors=[{"message": "permission denied", "path": ["addAliases"]}]),
    "no result": data({"result": None}),
    "no success": data({"result": {"success": False}}),
    "a page of a proxy": EVERYWHERE["200, a page of a proxy"],
    "cut": EVERYWHERE["cut off without an answer"],
}


@pytest.fixture(scope="module")
def writes(wandb_client: None) -> Mapping[tuple[str, str, bool], Ended]:
    """All of them at once: nearly all that they do is wait."""

    def run(case: tuple[str, str, bool]) -> Ended:
        operation, name, done = case
        make = obeyed(WRITES[name]) if done else WRITES[name]
        return Scene(TARGETS[operation]).promote(at(operation, make), seconds=8)

    cases = [(operation, name, done) for operation in TARGETS for name in WRITES for done in (False, True)]
    cases = [case for case in cases if case[1] != "half a body" or case[2]]  # it makes the answer, so it obeys
    with ThreadPoolExecutor(64) as pool:
        return dict(zip(cases, pool.map(run, cases), strict=True))


def test_a_write_that_fails_before_anything_is_done_changes_nothing(
    writes: Mapping[tuple[str, str, bool], Ended],
) -> None:
    for case, one in writes.items():
        if not case[2]:
            assert isinstance(one.error, ServiceError), case
            assert one.holder == ONE, case
            assert f"(nothing was changed: {ONE} holds the alias production as before" in one.text, case
            assert "\n" not in one.text
            assert one.key not in one.text


def test_a_write_that_fails_after_it_was_done_is_a_promotion_with_its_record(
    writes: Mapping[tuple[str, str, bool], Ended],
) -> None:
    for case, one in writes.items():
        if case[2]:
            assert one.moved is not None, (case, one.text)
            assert (one.moved.change, one.moved.notes) == (Change.MOVED, ()), case
            assert one.holder == TWO, case


def test_a_version_that_was_not_linked_is_not_left_in_a_registry(
    writes: Mapping[tuple[str, str, bool], Ended],
) -> None:
    scene = Scene(TARGET)
    half = meanwhile(lambda: scene.shelf.link(scene.two.key, PLACE, []), status(409))

    one = scene.promote(at("LinkArtifact", half))

    assert isinstance(one.error, ServiceError)
    assert scene.shelf.links[PLACE] == [scene.one.key]


@pytest.mark.parametrize("operation", TARGETS)
def test_a_protected_alias_is_refused_with_what_is_missing(operation: str) -> None:
    scene = Scene(TARGETS[operation])
    scene.shelf.protected.add("production")

    one = scene.promote()

    assert isinstance(one.error, ServiceError)
    assert one.text.startswith("W&B: expected access, got 403; check WANDB_API_KEY")
    assert one.text.endswith(
        "as before; whoever owns the key needs a role that may move it, above all where it is protected)"
    )
    assert one.holder == ONE


@pytest.mark.parametrize("operation", TARGETS)
def test_what_is_said_to_be_written_but_is_not_is_refused(operation: str) -> None:
    said = data({"result": {"success": True, "versionIndex": 1}})

    one = Scene(TARGETS[operation]).promote(at(operation, said))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE)
    assert f"after it was given it, got {ONE}; {ONE} holds it as before; look at it on W&B, then run again" in one.text


@pytest.mark.parametrize("operation", TARGETS)
def test_an_alias_that_is_gone_after_it_was_written_is_given_back(operation: str) -> None:
    scene = Scene(TARGETS[operation])

    one = scene.promote(at(operation, afterwards(scene.drop), times=1))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE)
    assert f"got no version; {ONE} holds it as before" in one.text
    assert scene.shelf.links.get(PLACE, []) == ([] if scene.target is None else [scene.one.key])


def test_a_write_that_fails_half_done_is_undone() -> None:
    scene = Scene()

    one = scene.promote(at("AddAliases", meanwhile(scene.drop, status(409)), times=1))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE)


@pytest.mark.parametrize("operation", TARGETS)
@pytest.mark.parametrize("held", [True, False])
def test_a_version_whose_bytes_change_while_it_is_promoted_does_not_keep_the_alias(operation: str, held: bool) -> None:
    scene = Scene(TARGETS[operation], held=held)

    one = scene.promote(at(operation, afterwards(lambda: setattr(scene.two, "digest", "other"))))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE if held else None)
    assert f"got the same version with other bytes; {ONE if held else 'no version'} holds it as before" in one.text
    assert scene.two.key not in scene.shelf.links.get(PLACE, [])


def test_a_version_that_was_linked_before_stays_linked_when_the_alias_does_not_stay() -> None:
    scene = Scene(TARGET)
    scene.shelf.link(scene.two.key, PLACE, ["staging"])

    one = scene.promote(at("LinkArtifact", afterwards(scene.drop)))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE)
    assert scene.shelf.holder("staging", PLACE) == TWO
    assert "UnlinkArtifact" not in one.operations


def test_what_cannot_be_undone_says_where_the_alias_is() -> None:
    scene = Scene()

    one = scene.promote(at("AddAliases", meanwhile(scene.drop, status(409))))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], None)
    assert "got no version; no version holds it now; look at it on W&B, then run again" in one.text


def test_what_cannot_be_read_after_it_was_undone_is_said_not_to_be_known() -> None:
    scene = Scene()

    one = scene.promote(
        at("AddAliases", afterwards(scene.drop), times=1), at("ArtifactMembershipByName", status(409), after=3)
    )

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE)
    assert "got no version; it could not be read who holds it now; look at it on W&B, then run again" in one.text


def test_what_cannot_be_read_after_it_was_written_is_not_known_and_safe_to_order_again() -> None:
    scene = Scene()

    one = scene.promote(at("ArtifactMembershipByName", status(409), after=1))
    again = registry_again(scene)

    assert isinstance(one.error, ServiceError)
    assert one.text.endswith(
        f"(whether {TWO} has the alias production now is not known; to run the same command again is safe)"
    )
    assert again.change is Change.ALREADY


def registry_again(scene: Scene) -> Moved:
    """Order the same again, at a healthy W&B."""
    with Wandb(shelf=scene.shelf) as server:
        return registry_of(server, scene.target).move(order_of(stored(scene.two), stored(scene.one)))


def test_what_cannot_be_taken_apart_after_it_was_written_is_not_known_either() -> None:
    one = Scene().promote(
        at("ArtifactMembershipByName", data({"project": {"artifactCollectionMembership": 7}}), after=1)
    )

    assert isinstance(one.error, ServiceError)
    assert "is not known; to run the same command again is safe" in one.text


@pytest.mark.parametrize("answer", [{"project": 7}, {"project": {"artifactCollectionMembership": {"artifact": {}}}}])
def test_an_answer_that_is_none_before_anything_is_written_is_told(answer: object) -> None:
    one = Scene().promote(at("ArtifactMembershipByName", data(answer)))

    assert isinstance(one.error, InputError) or one.reasons == [Reason.ALIAS_MOVED]
    assert one.holder == ONE
    assert "AddAliases" not in one.operations


BEFORE: Mapping[str, tuple[Callable[[Scene], object], Reason]] = {
    "deleted": (lambda scene: scene.shelf.delete(scene.two), Reason.ARTIFACT_GONE),
    "no longer whole": (lambda scene: setattr(scene.two, "state", "PENDING"), Reason.ARTIFACT_GONE),
    "unknown": (lambda scene: scene.shelf.versions.pop(scene.two.key), Reason.ARTIFACT_GONE),
    "other bytes": (lambda scene: setattr(scene.two, "digest", "other"), Reason.OTHER_CHECKPOINT),
    "the alias moved": (lambda scene: scene.hand(scene.three), Reason.ALIAS_MOVED),
    "the alias taken": (Scene.drop, Reason.ALIAS_MOVED),
    "the holder deleted": (lambda scene: scene.shelf.delete(scene.one), Reason.ALIAS_MOVED),
}


@pytest.mark.parametrize("what", BEFORE)
def test_what_happens_before_the_move_is_seen_and_nothing_is_written(what: str) -> None:
    scene = Scene()
    happens, expected = BEFORE[what]

    one = scene.promote(at("ArtifactByID", meanwhile(lambda: happens(scene)), times=1))

    assert one.reasons == [expected]
    assert "AddAliases" not in one.operations


def test_a_version_that_is_deleted_as_it_is_given_the_alias_does_not_keep_it() -> None:
    scene = Scene()

    one = scene.promote(at("AddAliases", afterwards(lambda: scene.shelf.delete(scene.two)), times=1))

    assert (one.reasons, one.holder) == ([Reason.NOT_READ_BACK], ONE)


def test_no_fault_of_a_question_gives_a_version_or_a_secret() -> None:
    shelf = Scene(TARGET).shelf
    artifact = Stored(name=ONE, digest=None)

    def ask(case: tuple[str, str]) -> tuple[object, str]:
        with Wandb(shelf=shelf) as server:
            operation, name = case
            server.faults[operation] = Fault(behave=EVERYWHERE[name](server))
            registry = registry_of(server, TARGET, seconds=3)
            try:
                found = registry.find(ONE) if "Org" not in operation else registry.holder("production", artifact)
            except GatekeeperError as error:
                return error, server.key
            return found, server.key

    operations = ("ArtifactMembershipByName", "ArtifactCreatedBy", "FetchOrgInfoFromEntity")
    with ThreadPoolExecutor(64) as pool:
        ended = list(pool.map(ask, [(operation, name) for operation in operations for name in EVERYWHERE]))

    for one, key in ended:
        assert isinstance(one, ServiceError)
        assert key not in str(one)
        assert re.fullmatch("W&B: expected .+, got .+; .+", str(one))


@pytest.mark.parametrize("fault", [status(409), data({"artifact": {"state": "COMMITTED"}}), EVERYWHERE["403"]])
def test_what_goes_wrong_before_anything_is_written_says_so(fault: Make) -> None:
    one = Scene().promote(at("ArtifactByID", fault))

    assert isinstance(one.error, ServiceError)
    assert one.text.endswith(" (nothing was changed)")
    assert "AddAliases" not in one.operations


def test_too_little_time_begins_nothing() -> None:
    one = Scene().promote(seconds=2, settle=1)

    assert isinstance(one.error, ServiceError)
    assert re.match(
        r"W&B: expected at least 4 seconds to move an alias and read it back, got \d\.\d; nothing was", one.text
    )
    assert "AddAliases" not in one.operations


@pytest.mark.parametrize(
    ("key", "expected"), [("", "expected a key to (read artifacts|move aliases) on W&B, got none"), ("k", "of at")]
)
def test_without_a_key_nothing_is_asked(key: str, expected: str) -> None:
    scene = Scene()
    with Wandb(shelf=scene.shelf) as server:
        registry = registry_of(server)
        object.__setattr__(registry, "access", Access(key=Secret(key), url=server.url))

        for ask in (
            lambda: registry.find(ONE),
            lambda: registry.holder("production", stored(scene.one)),
            lambda: registry.move(order_of(stored(scene.two), None)),
        ):
            with pytest.raises(InputError, match=expected):
                ask()

        assert server.operations == ()
        assert server.key not in repr(registry_of(server))
