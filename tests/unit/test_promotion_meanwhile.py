"""A promotion whose alias somebody else moves while its verdict is verified: whoever was faster is not overrun."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from action.cli.ports import local_ports
from action.errors import RefusalError
from action.promotion import Promoted, Promotion, promote
from action.registries.local import LocalRegistry
from action.registry import Registry, Stored
from action.verification import verify
from action.verified import Presented, Trust, Verified
from action.version import tool_version
from checks.promotion import Claim
from tests.runs import judge_path, write_output, write_run
from tests.services.wandb import Wandb
from tests.services.wandb_client import registry_of
from tests.services.wandb_run import Artifact
from tests.services.wandb_shelf import Shelf

pytestmark = pytest.mark.usefixtures("wandb_client")

OLD, OURS, THEIRS = 1, 2, 3


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "adapter.bin").write_bytes(b"weights")
    out = write_output(judge_path(write_run(folder), checkpoint=str(folder / "adapter.bin")), folder / "out")
    content = (out / "verdict.json").read_bytes()
    told = json.loads(content)
    claim = Claim(
        digest=told["checkpoint"]["digest"],
        repository=None,
        policy_sha256=told["policy"]["sha256"],
        policy_source="policy.yml",
        version=tool_version(),
        now=datetime(2026, 1, 5, 9, 0, tzinfo=UTC),
    )
    return verify(Presented(name="it", content=content, evidence=out, trust=Trust.LOCAL), claim, local_ports())


def promoted(artifact: str, registry: Registry, look: Callable[[Stored], Verified]) -> Promoted:
    wanted = Promotion(artifact=artifact, alias="production", by="ada", why="", at="2026-01-05T10:00:00Z")
    return promote(wanted, registry, look)


def refused(artifact: str, registry: Registry, look: Callable[[Stored], Verified]) -> list[str]:
    with pytest.raises(RefusalError) as caught:
        promoted(artifact, registry, look)
    return [one.reason.value for one in caught.value.refusals]


@pytest.mark.parametrize("held", [True, False])
def test_an_alias_of_a_folder_that_another_moves_during_verification_stays_where_it_was_put(
    tmp_path: Path, verified: Verified, held: bool
) -> None:
    root, paths = tmp_path / "registry", {number: tmp_path / f"{number}.bin" for number in (OLD, OURS, THEIRS)}
    for number, path in paths.items():
        path.write_text(f"weights {number}")
    if held:
        promoted(str(paths[OLD]), LocalRegistry(root), lambda _: verified)

    def look(_: Stored) -> Verified:
        promoted(str(paths[THEIRS]), LocalRegistry(root), lambda _: verified)
        return verified

    assert refused(str(paths[OURS]), LocalRegistry(root), look) == ["alias-moved"]
    holder = LocalRegistry(root).holder("production")
    assert holder is not None
    assert (holder.name, (root / "aliases" / "production").read_text()) == ("3.bin", "weights 3")
    assert len(LocalRegistry(root).history()) == 1 + held


@pytest.mark.parametrize(("before", "after"), [(OLD, THEIRS), (None, THEIRS), (OLD, None)])
def test_an_alias_on_wandb_that_another_moves_during_verification_stays_where_it_was_put(
    verified: Verified, before: int | None, after: int | None
) -> None:
    shelf = Shelf()
    versions = {number: shelf.add(Artifact(version=number, digest=f"d{number}")) for number in (OLD, OURS, THEIRS)}

    def put(number: int | None) -> None:
        shelf.aliases.clear()
        if number is not None:
            shelf.give(versions[number].key, versions[number].home, ["production"])

    def look(_: Stored) -> Verified:
        put(after)
        return verified

    put(before)
    with Wandb(shelf=shelf) as server:
        assert refused("team/league/adapter:v2", registry_of(server), look) == ["alias-moved"]
    assert shelf.holder("production") == (None if after is None else versions[after].name)
