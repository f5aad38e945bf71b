"""A promotion on W&B that is killed before any of its requests: where the alias is then, and what the next one makes.

Before each is everywhere: what W&B has seen of a process that is killed is the requests that it had sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import pytest

from action.errors import GatekeeperError
from action.promotion import Promoted, Promotion, promote
from action.registries.wandb.keeping import KEY
from action.registry import Change
from action.verified import Trust, Verified
from tests.runs import judge_path, write_run
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import registry_of
from tests.services.wandb_faults import Make, afterwards
from tests.services.wandb_mortal import KilledError, Life, mortal
from tests.services.wandb_scene import ONE, PLACE, TARGET, THREE, TWO, Scene

pytestmark = pytest.mark.usefixtures("wandb_client")

FOREIGN = {"step": 400, "nested": {"ü": [1, None, True]}}


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    judged = judge_path(write_run(tmp_path_factory.mktemp("run")))
    return Verified(
        verdict=judged.verdict,
        sha256="1" * 64,
        trust=Trust.WORKFLOW,
        policy=judged.policy,
        evidence=judged.bundle.evidence,
        files={},
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """A promotion of the second version, and whom each of its writes gives the alias."""

    writes: tuple[tuple[str, str | None], ...]
    target: str | None = None
    held: bool = True
    linked: bool = False
    happens: Callable[[Scene], object] | None = None
    """Right after the first write, once: the others are the undoing."""

    def scene(self) -> Scene:
        """Set it up."""
        scene = Scene(self.target, held=self.held)
        scene.two.metadata = json.dumps(FOREIGN)
        if self.linked:
            scene.shelf.link(scene.two.key, PLACE, ["staging"])
        return scene

    def faults(self, scene: Scene) -> Mapping[str, Make]:
        """Let happen what happens."""
        happens = self.happens
        return {} if happens is None else {self.writes[0][0]: afterwards(lambda: happens(scene))}

    def holder(self, operations: tuple[str, ...]) -> str | None:
        """Name who has the alias after these: nothing else moves it."""
        holder, left = ONE if self.held else None, list(self.writes)
        for operation in operations:
            if left and left[0][0] == operation:
                _, holder = left.pop(0)
        return holder


def _change_bytes(scene: Scene) -> None:
    scene.two.digest = "other"


CASES = {
    "its own collection": Case(writes=(("AddAliases", TWO),)),
    "an alias that nobody has": Case(writes=(("AddAliases", TWO),), held=False),
    "a registry": Case(writes=(("LinkArtifact", TWO),), target=TARGET),
    "a registry that it is linked to": Case(writes=(("LinkArtifact", TWO),), target=TARGET, linked=True),
    # W&B has no compare-and-swap: what another does after the write is undone in a request of its own, until which
    # the alias is where the other left it (docs/decisions/0013).
    "an alias that another takes": Case(writes=(("AddAliases", None), ("AddAliases", ONE)), happens=Scene.drop),
    "an alias of a registry that another takes": Case(
        writes=(("LinkArtifact", None), ("AddAliases", ONE)), target=TARGET, happens=Scene.drop
    ),
    "a version that changes": Case(writes=(("AddAliases", TWO), ("AddAliases", ONE)), happens=_change_bytes),
    "a version that changes in a registry": Case(
        writes=(("LinkArtifact", TWO), ("DeleteAliases", None)), target=TARGET, held=False, happens=_change_bytes
    ),
    "an alias that another moves": Case(
        writes=(("LinkArtifact", THREE),), target=TARGET, happens=lambda scene: scene.hand(scene.three)
    ),
}
UNLINKED = {name for name, case in CASES.items() if case.target is not None and case.happens is not None}
"""Where the link that was made is taken back."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of a promotion, and what W&B was asked."""

    operations: tuple[str, ...]
    promoted: Promoted | None
    text: str = ""


def play(case: Case, scene: Scene, verified: Verified, life: Life, at: str = "2026-01-03T00:00:00Z") -> Played:
    """Promote as the command does: find, look, verify, move."""
    promoted, text = None, ""
    wanted = Promotion(artifact=TWO, alias="production", by="ada", why="", at=at)
    with Wandb(shelf=scene.shelf) as server, mortal(life):
        for operation, make in case.faults(scene).items():
            server.faults[operation] = Fault(behave=make(server), times=1)
        try:
            with suppress(KilledError):
                promoted = promote(wanted, registry_of(server, case.target, settle=0), lambda _: verified)
        except GatekeeperError as error:
            text = str(error)
        return Played(operations=server.operations, promoted=promoted, text=text)


def again(case: Case, scene: Scene, verified: Verified) -> Played:
    """Promote again, later, at a W&B where nothing odd happens."""
    scene.two.digest = "d2"
    calm = Case(writes=case.writes, target=case.target)
    return play(calm, scene, verified, Life(None), at="2026-01-04T00:00:00Z")


def records(scene: Scene) -> list[dict[str, object]]:
    """List the records of promotions in the metadata, of which everything else has to be whole."""
    metadata = json.loads(scene.two.metadata or "")
    kept: list[dict[str, object]] = metadata.pop(KEY, [])
    assert metadata == FOREIGN
    return kept


def require_brought_to_its_end(case: Case, scene: Scene, verified: Verified, where: object) -> None:
    """Promote again: one holder, one record, no link too many, whatever was left behind."""
    before = scene.shelf.holder("production", scene.place)

    done = again(case, scene, verified)

    assert done.promoted is not None, (where, done.text)
    assert done.promoted.moved is not None
    assert done.promoted.moved.change is (Change.ALREADY if before == TWO else Change.MOVED), where
    assert done.promoted.moved.notes == (), where
    assert scene.shelf.holder("production", scene.place) == TWO, where
    assert [(one["alias"], one["verdict_sha256"]) for one in records(scene)] == [("production", "1" * 64)], where
    assert scene.shelf.links.get(PLACE, []).count(scene.two.key) == (0 if case.target is None else 1), where


@pytest.mark.parametrize("name", CASES)
def test_a_promotion_that_is_killed_anywhere_leaves_an_alias_that_the_next_one_brings_to_its_end(
    name: str, verified: Verified
) -> None:
    case = CASES[name]
    whole = play(case, case.scene(), verified, Life(None)).operations
    first = 0 if case.happens is None else whole.index(case.writes[0][0])  # until then it is as in the others

    for number in range(first, len(whole) + 1):
        scene, where = case.scene(), (number, *whole[number : number + 1])

        killed = play(case, scene, verified, Life(number))

        assert killed.operations == whole[:number], where  # and after it, nothing more is asked
        assert scene.shelf.holder("production", scene.place) == case.holder(killed.operations), where
        assert len(records(scene)) == ("UpdateArtifact" in killed.operations), where
        require_brought_to_its_end(case, scene, verified, where)

    assert {operation for operation, _ in case.writes} <= set(whole)
    assert ("UpdateArtifact" in whole) is (case.happens is None)
    assert ("UnlinkArtifact" in whole) is (name in UNLINKED)


@pytest.mark.parametrize("name", ["its own collection", "a registry"])
def test_where_only_the_client_is_killed_the_command_tells_who_has_the_alias(name: str, verified: Verified) -> None:
    case = CASES[name]
    whole = play(case, case.scene(), verified, Life(None)).operations
    moving = whole.index("ArtifactByID") - (0 if case.target is None else 1)

    for number in range(len(whole)):
        scene, where = case.scene(), (number, whole[number])

        killed = play(case, scene, verified, Life(number, child_alone=True))

        holder = scene.shelf.holder("production", scene.place)
        assert holder == case.holder(whole[:number]), where
        assert killed.promoted is None, where
        assert killed.text.startswith("W&B: expected an answer, but its client ended without one; run again"), where
        told = f"({holder or 'no version'} holds the alias production now; to run the same command again is safe"
        assert (told in killed.text) is (number >= moving), where
        require_brought_to_its_end(case, scene, verified, where)
