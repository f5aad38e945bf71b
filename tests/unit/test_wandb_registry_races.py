"""Promotions on W&B that meet others: one wins, and who loses is told, and leaves nothing of its own behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from action.errors import RefusalError
from action.registry import Moved
from checks.refusal import Reason
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import order_of, registry_of
from tests.services.wandb_faults import afterwards, meanwhile, status
from tests.services.wandb_scene import ONE, PLACE, TARGET, TARGETS, THREE, TWO, Scene, at, stored
from tests.services.wandb_shelf import Version

pytestmark = pytest.mark.usefixtures("wandb_client")


def test_an_alias_that_another_moved_says_who_has_it_and_what_to_do() -> None:
    scene = Scene()

    one = scene.promote(at("ArtifactByID", meanwhile(lambda: scene.hand(scene.three)), times=1))

    assert one.text == (
        f"refused (alias-moved): production: expected {ONE} to hold this alias in team/league/adapter until it is "
        f"moved, but {THREE} holds it now: somebody else moved it, and it is left as it is; see who did, then run again"
    )


@pytest.mark.parametrize("operation", TARGETS)
@pytest.mark.parametrize("look", [1, 2])
def test_an_alias_that_another_moves_before_either_look_is_left_to_the_winner(operation: str, look: int) -> None:
    scene = Scene(TARGETS[operation])

    one = scene.promote(at("ArtifactMembershipByName", meanwhile(lambda: scene.hand(scene.three)), after=look, times=1))

    assert (one.reasons, one.holder) == ([Reason.ALIAS_MOVED], THREE)
    assert one.shelf.versions[scene.two.key].metadata == "{}"
    assert scene.shelf.links.get(PLACE, []) == ([] if scene.target is None else [scene.one.key, scene.three.key])


@pytest.mark.parametrize("look", [1, 2])
def test_a_version_that_was_linked_before_stays_linked_when_another_wins(look: int) -> None:
    scene = Scene(TARGET)
    scene.shelf.link(scene.two.key, PLACE, ["staging"])

    one = scene.promote(at("ArtifactMembershipByName", meanwhile(lambda: scene.hand(scene.three)), after=look, times=1))

    assert (one.reasons, one.holder) == ([Reason.ALIAS_MOVED], THREE)
    assert scene.shelf.holder("staging", PLACE) == TWO
    assert "UnlinkArtifact" not in one.operations


def test_an_alias_that_another_moved_before_the_write_leaves_no_link() -> None:
    scene = Scene(TARGET)

    one = scene.promote(at("ArtifactByID", meanwhile(lambda: scene.hand(scene.three)), times=1))

    assert (one.reasons, one.holder) == ([Reason.ALIAS_MOVED], THREE)
    assert scene.shelf.links[PLACE] == [scene.one.key, scene.three.key]
    assert not {"LinkArtifact", "UnlinkArtifact"} & set(one.operations)


def test_a_link_that_cannot_be_taken_back_still_tells_who_won() -> None:
    scene = Scene(TARGET)

    one = scene.promote(
        at("LinkArtifact", afterwards(lambda: scene.hand(scene.three))), at("UnlinkArtifact", status(409))
    )

    assert (one.reasons, one.holder) == ([Reason.ALIAS_MOVED], THREE)
    assert f"but {THREE} holds it now: somebody else moved it" in one.text
    assert scene.two.key in scene.shelf.links[PLACE]


@pytest.mark.parametrize(("alias", "stays"), [("staging", True), ("latest", False)])
def test_a_link_by_which_another_gave_an_alias_meanwhile_is_not_taken_back(alias: str, stays: bool) -> None:
    scene = Scene(TARGET)

    def happens() -> None:
        scene.shelf.give(scene.two.key, PLACE, [alias])  # W&B itself gives the newest link `latest`
        scene.hand(scene.three)

    one = scene.promote(at("LinkArtifact", afterwards(happens)))

    assert (one.reasons, one.holder) == ([Reason.ALIAS_MOVED], THREE)
    assert (scene.shelf.holder(alias, PLACE) == TWO) is stays
    assert (scene.two.key in scene.shelf.links[PLACE]) is stays


@pytest.mark.parametrize("operation", TARGETS)
def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(operation: str) -> None:
    scene = Scene(TARGETS[operation])
    together = threading.Barrier(2)

    with Wandb(shelf=scene.shelf) as server, ThreadPoolExecutor(2) as pool:
        server.faults[operation] = Fault(behave=meanwhile(lambda: together.wait(10))(server), times=2)

        def promote(version: Version) -> Moved | RefusalError:
            try:
                registry = registry_of(server, scene.target, settle=0.4)
                return registry.move(order_of(stored(version), stored(scene.one)))
            except RefusalError as error:
                return error

        versions = {TWO: scene.two, THREE: scene.three}
        ended = dict(zip(versions, pool.map(promote, versions.values()), strict=True))

    [winner] = [name for name, one in ended.items() if isinstance(one, Moved)]
    [lost] = [one for one in ended.values() if isinstance(one, RefusalError)]
    assert scene.shelf.holder("production", scene.place) == winner
    assert [one.reason for one in lost.refusals] == [Reason.ALIAS_MOVED]
    assert f"but {winner} holds it now" in str(lost)
    assert scene.shelf.links.get(PLACE, []) == ([] if scene.target is None else [scene.one.key, versions[winner].key])
