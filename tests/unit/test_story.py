"""What is kept of a run for the tracker: notes, command and changes, and no secret."""

from __future__ import annotations

import pytest

from checks.run import Identity, RunData, Scalar, Words
from checks.secrecy import masked_command
from checks.story import MOST, tell_story


def ran(config: dict[str, Scalar] | None = None, **words: str) -> RunData:
    return RunData(ref="r", source="", identity=Identity(name="r"), config=config or {}, words=Words(**words))


def test_nothing_known_is_no_story() -> None:
    assert tell_story(ran(), {}) is None
    assert tell_story(ran(notes=" \n"), {"b": ran({"lr": 1})}) is None
    assert tell_story(ran({"lr": 1}), {"b": ran()}) is None


def test_notes_and_command_are_kept_without_secrets_and_not_for_ever() -> None:
    found = tell_story(ran(notes=" try beta\nagain ", command="train.py --api-key abc --lr 1"), {})

    assert found is not None
    assert (found.hypothesis, found.command) == ("try beta\nagain", "train.py --api-key *** --lr 1")
    assert (found.against, found.changes, found.hidden) == (None, (), 0)
    pasted = tell_story(ran(notes="run with\nWANDB_API_KEY=abc and --token xyz"), {})
    assert pasted is not None
    assert pasted.hypothesis is not None
    assert "abc" not in pasted.hypothesis
    assert "xyz" not in pasted.hypothesis
    long = tell_story(ran(notes="x" * 9_000), {})
    assert long is not None
    assert len(long.hypothesis or "") == MOST


def test_the_first_baseline_with_a_configuration_is_compared() -> None:
    found = tell_story(ran({"lr": 2}), {"none": ran(), "b": ran({"lr": 1}), "c": ran({"lr": 0})})

    assert found is not None
    assert (found.against, [one.before for one in found.changes]) == ("b", [1])


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("python train.py --lr 1e-5", "python train.py --lr 1e-5"),
        ("WANDB_API_KEY=abc python t.py", "WANDB_API_KEY=*** python t.py"),
        ("t.py --token abc", "t.py --token ***"),
        ("t.py --token=abc --x=1", "t.py --token=*** --x=1"),
        ("t.py --verbose --seed 3", "t.py --verbose --seed 3"),
        ("t.py hf_abcdef", "t.py ***"),
        ("t.py postgres://u:p@h/db", "t.py ***"),
        ("= t.py", "= t.py"),
    ],
)
def test_secrets_of_a_command_are_masked(command: str, told: str) -> None:
    assert masked_command(command) == told
