"""Games of another checkpoint than the one to be promoted leave an answer open."""

from __future__ import annotations

import pytest

from checks.result import Outcome
from checks.run import Checkpoint
from checks.strength import Strength
from checks.subject import is_same
from tests.builders import asking, evidence, only
from tests.games import BASE, NEW, duel, join, record

BETTER = join(duel(NEW, BASE, "1110" * 40), duel("adapter_v5", BASE, "1100" * 20))


@pytest.mark.parametrize("asked", ["elo: {elo1: 100}", 'elo: {}, value: gap, pass: "> 0"'])
@pytest.mark.parametrize(
    ("checkpoint", "outcome"),
    [
        (None, Outcome.PASS),
        (Checkpoint(name=NEW), Outcome.PASS),
        (Checkpoint(name="checkpoint-10", step=10), Outcome.PASS),
        (Checkpoint(name="adapter_v5", step=5), Outcome.INCONCLUSIVE),
        (Checkpoint(name="adapter_v999", step=999), Outcome.INCONCLUSIVE),
        (Checkpoint(name="weights"), Outcome.INCONCLUSIVE),
    ],
)
def test_a_pass_is_of_the_checkpoint_that_played(asked: str, checkpoint: Checkpoint | None, outcome: Outcome) -> None:
    by = asking(asked)
    seen = evidence(only(), games="games.jsonl", game_record=record(BETTER), checkpoint=checkpoint)
    check = by.checks[0]

    found = Strength(by, seen).check(check, check.ask)  # type: ignore[arg-type]

    assert found.outcome is outcome
    if outcome is Outcome.INCONCLUSIVE and checkpoint is not None:
        assert f"these are games of adapter_v10, and {checkpoint.name} is to be promoted" in found.reason


def test_an_artifact_is_known_by_its_own_name() -> None:
    artifact = Checkpoint(name="adapter_v50:v3", artifact="team/league/adapter_v50:v3")

    assert is_same(artifact, "adapter_v50", None)
    assert not is_same(artifact, "adapter_v5", 5)
