"""Who is a reference, who a checkpoint: by name, and what is said of names that are not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.elo.agents import (
    AgentKind,
    EloError,
    Measured,
    Naming,
    compile_pattern,
    find_references,
    missing_agent,
    tell_agents,
)
from checks.elo.analysis import analyse
from checks.elo.answer import EloQuestion
from checks.elo.example import example_record

PLAIN = Naming(references={})
EXACT, UNSURE = Measured(rating=900.0), Measured(rating=800.0, se=20.0)


def told(*names: str, naming: Naming = PLAIN) -> list[tuple[str, int | None]]:
    return [(one.kind.value, one.step) for one in tell_agents(names, naming)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("base_model", ("reference", None)),
        ("chaos_bot", ("reference", None)),
        ("a1_bot", ("reference", None)),
        ("adapter_v10", ("checkpoint", 10)),
        ("adapter_v007", ("checkpoint", 7)),
        ("run_adapter_v10", ("checkpoint", 10)),
        ("run/adapter_v10", ("checkpoint", 10)),
        ("run-2:adapter_v10", ("checkpoint", 10)),
        ("a.b.adapter_v10", ("checkpoint", 10)),
        ("line\nbreak/adapter_v10", ("checkpoint", 10)),
        ("xadapter_v10", ("other", None)),
        ("adapter_v", ("other", None)),
        ("adapter_v10_best", ("other", None)),
        ("adapter_v1.5", ("other", None)),
        ("adapter_v" + "9" * 15, ("checkpoint", int("9" * 15))),
        ("adapter_v" + "9" * 16, ("other", None)),
        ("Chaos_Bot", ("reference", None)),
        ("very_chaos_bot", ("reference", None)),
        ("naïve_bot", ("reference", None)),
        ("_bot", ("other", None)),
        ("chaos_bot2", ("other", None)),
        ("robot", ("other", None)),
        ("", ("other", None)),
    ],
)
def test_an_agent_is_what_its_name_says(name: str, expected: tuple[str, int | None]) -> None:
    assert [expected] == told(name)


def test_agents_are_told_in_the_order_of_their_names() -> None:
    found = tell_agents(["x", "adapter_v2", "base_model"], PLAIN)

    assert [one.name for one in found] == ["x", "adapter_v2", "base_model"]


@pytest.mark.parametrize(
    ("pattern", "name", "step"),
    [
        ("step-{step}", "step-40", 40),
        ("{step}", "7", 7),
        ("{step}", "run/7", 7),
        ("ckpt{step}.pt", "ckpt3.pt", 3),
        ("ckpt{step}.pt", "ckpt3xpt", None),
        ("a+b{step}", "a+b1", 1),
        ("a+b{step}", "aab1", None),
    ],
)
def test_a_pattern_is_taken_word_by_word_around_its_step(pattern: str, name: str, step: int | None) -> None:
    assert [step] == [one.step for one in tell_agents([name], Naming(references={}, pattern=pattern))]


@pytest.mark.parametrize("pattern", ["adapter_v", "", "{step}{step}", "v{step}-{step}", "{Step}"])
def test_a_pattern_has_one_step(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"expected a pattern with one \{step\}, got .*; write adapter_v\{step\}"):
        compile_pattern(pattern)


@given(st.text(max_size=20).filter(lambda text: "{step}" not in text), st.integers(0, 10**15 - 1))
def test_whatever_stands_around_a_step_is_found_again(around: str, step: int) -> None:
    found = compile_pattern(f"{around}{{step}}").fullmatch(f"{around}{step}")

    assert found is not None
    assert int(found["step"]) == step


def test_named_checkpoints_alone_are_checkpoints() -> None:
    naming = Naming(references={}, checkpoints={"final": 900, "adapter_v10": 12})

    assert told("final", "adapter_v10", "adapter_v20", "base_model", naming=naming) == [
        ("checkpoint", 900),
        ("checkpoint", 12),
        ("other", None),
        ("reference", None),
    ]


def test_a_bot_named_as_a_checkpoint_is_one() -> None:
    naming = Naming(references={}, checkpoints={"chaos_bot": 5})

    assert told("chaos_bot", "weak_bot", naming=naming) == [("checkpoint", 5), ("reference", None)]


def test_a_checkpoint_named_as_a_reference_is_one() -> None:
    naming = Naming(references={"adapter_v10": None})

    assert told("adapter_v10", "adapter_v20", naming=naming) == [("reference", None), ("checkpoint", 20)]


@pytest.mark.parametrize(
    ("names", "references", "expected"),
    [
        (["chaos_bot", "adapter_v1", "base_model"], {}, ["base_model", "chaos_bot"]),
        (["b_bot", "a_bot"], {}, ["b_bot", "a_bot"]),
        (["base_model", "old"], {"old": None}, ["base_model", "old"]),
        (["old", "a_bot"], {"old": None}, ["old", "a_bot"]),
        (["base_model", "old"], {"old": EXACT}, ["old", "base_model"]),
        (["base_model", "a", "b"], {"a": UNSURE, "b": EXACT}, ["b", "a", "base_model"]),
        (["base_model", "a_bot"], {"a_bot": UNSURE}, ["a_bot", "base_model"]),
        (["base_model"], {"base_model": EXACT}, ["base_model"]),
        (["x", "y"], {}, []),
        ([], {}, []),
    ],
)
def test_the_gauge_is_a_measured_reference_else_base_model_else_the_first(
    names: list[str], references: dict[str, Measured | None], expected: list[str]
) -> None:
    found = find_references(names, Naming(references=references))

    assert expected == list(found)
    assert {name: references.get(name) for name in expected} == found


@pytest.mark.parametrize(
    ("naming", "expected"),
    [
        (Naming(references={"base-model": None}), "the reference `base-model` in the games.*mean `base_model`"),
        (Naming(references={}, checkpoints={"adaptor_v10": 1}), "the checkpoint `adaptor_v10` .*mean `adapter_v10`"),
        (Naming(references={"zzz": None}), "the agents are `adapter_v10`, `base_model`"),
    ],
)
def test_a_misspelt_name_is_an_error_with_the_names_that_are_near(naming: Naming, expected: str) -> None:
    with pytest.raises(EloError, match=expected):
        tell_agents(["base_model", "adapter_v10"], naming)


def test_all_near_names_are_offered_and_of_many_others_the_first() -> None:
    near = missing_agent("candidate", "adapter_v1", [f"adapter_v{i}0" for i in range(1, 9)])
    far = missing_agent("candidate", "zzz", [f"agent{i:02}" for i in range(12)])

    assert near.count("adapter_v") == 1 + 3
    assert " or " in near
    assert far.endswith("`agent09`, …")
    assert missing_agent("candidate", "zzz", []).endswith("the agents are ")


def test_hostile_names_are_quoted() -> None:
    message = missing_agent("reference", "a\nb" + "x" * 200, ["c\x1b[31m"])

    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 250


def test_kinds_are_words() -> None:
    assert [kind.value for kind in AgentKind] == ["reference", "checkpoint", "other"]


def test_a_weak_bot_whose_rating_was_measured_is_not_made_the_one_to_beat() -> None:
    """It fixes the scale; the gate still asks whether the candidate beats `base_model`."""
    naming = Naming(references={"chaos_bot": Measured(rating=850.0)})

    found = analyse(example_record(), EloQuestion(naming=naming))

    assert next(iter(found.references)) == "chaos_bot"
    assert found.gap is not None
    assert found.gap.reference == "base_model"
