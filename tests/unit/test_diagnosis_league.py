"""Patterns over games and logged ratings; progress beside the expected curve; a diagnosis never changes a decision."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.report.document import verdict_document
from checks.check import DIAGNOSED
from checks.diagnosis import answer
from checks.diagnosis.answer import diagnose
from checks.diagnosis.case import case_of
from checks.diagnosis.leaf import Leaf
from checks.diagnosis.progress import measure_progress, progress_notes
from checks.diagnosis.tree import LEAVES
from checks.elo.consistency import Conflict
from checks.elo.exploitation import Exploitation
from checks.elo.learning import Signal
from checks.elo.seats import SeatReport
from checks.result import Pace
from checks.run import RunState
from checks.verdict import Judgement, decide, evaluate, judge
from tests.builders import PROFILES, evidence, faults, only, policy, run, series
from tests.builders import answer as log_answer
from tests.cases import case, logged, patterns, played, sure, told
from tests.games import asked, seats

JUDGEMENT = Judgement(tool_version="0", evidence_sha256="")


def gains(total: float, *bots: str) -> Exploitation:
    return Exploitation(total=sure(total), bots=tuple((name, sure(total / len(bots))) for name in bots))


def test_a_trend_above_the_reference_is_learning() -> None:
    found = played(
        signal=Signal.POSITIVE,
        reference_decline=sure(60.0),
        slope=sure(60.0),
        older_checkpoints=sure(30.0),
        exploitation=gains(300.0, "x_bot"),
    )

    assert patterns(case(strength=found)) == ["learning"]
    assert told(case(strength=found), "learning") == (
        "The checkpoints' trend ends 60 Elo (95 % interval 50 to 70) above base_model; older checkpoints have fallen "
        "30 Elo (95 % interval 20 to 40) behind the newest; against the other fixed agents training gained 300 Elo "
        "(95 % interval 290 to 310) in total; 40 games."
    )


def test_without_older_checkpoints_or_bots_learning_is_the_gap_alone() -> None:
    found = played(signal=Signal.POSITIVE)

    assert told(case(strength=found), "learning") == (
        "adapter_v20 stands above base_model by at least 183, 95 % interval open above; 40 games."
    )
    gap = dataclasses.replace(found.gap, estimate=sure(67.0, 60.0)) if found.gap else None
    alone = dataclasses.replace(found, gap=gap)
    assert told(case(strength=alone), "learning").startswith(
        "adapter_v20 stands 67 Elo (95 % interval 7.0 to 127) above"
    )
    unsure = played(signal=Signal.POSITIVE, older_checkpoints=sure(5.0), exploitation=gains(5.0, "x_bot"))
    assert "fixed agents" not in told(case(strength=unsure), "learning")


@pytest.mark.parametrize(
    "changes",
    [
        {"doubts": ("It always held one seat.",)},
        {"gap": None},
        {"games": 10.0},
    ],
)
def test_games_that_raise_doubts_or_are_few_tell_nothing(changes: dict[str, Any]) -> None:
    found = played(signal=Signal.POSITIVE, reference_decline=sure(60.0))

    assert patterns(case(strength=dataclasses.replace(found, **changes))) == []
    assert patterns(case(strength=played(signal=Signal.UNCLEAR, reference_decline=sure(60.0)))) == []


def test_a_newest_checkpoint_below_an_older_one_has_regressed() -> None:
    fallen = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 0, 50)])
    found = played(signal=Signal.NEGATIVE, latest=sure(-80.0), older_checkpoints=sure(-50.0))

    assert patterns(case(strength=found)) == ["regression"]
    assert told(case(strength=found), "regression") == (
        "The newest checkpoint against the best older one: -80 Elo (95 % interval -90 to -70), 40 games."
    )
    assert "The reward ends" in told(case(strength=found, reward=fallen), "regression")
    assert patterns(case(strength=played(latest=sure(-5.0)))) == []


def test_passing_older_checkpoints_but_not_the_references_does_not_generalise() -> None:
    found = played(
        older_checkpoints=sure(40.0), reference_decline=sure(5.0), exploitation=gains(10.0, "x_bot", "y_bot")
    )

    assert patterns(case(strength=found)) == ["not-generalising"]
    assert told(case(strength=found), "not-generalising") == (
        "The newest checkpoint stands 40 Elo (95 % interval 30 to 50) above the older ones, but the trend ends 5.0 Elo "
        "(95 % interval -5.0 to 15) from base_model and against the other fixed agents together training gained 10 Elo "
        "(95 % interval 0 to 20), 40 games."
    )


@pytest.mark.parametrize(
    "learning",
    [
        {"older_checkpoints": sure(40.0)},
        {"older_checkpoints": sure(5.0, 20.0), "reference_decline": sure(60.0)},
        {"older_checkpoints": sure(40.0), "exploitation": gains(300.0, "x_bot"), "reference_decline": sure(60.0)},
        {"older_checkpoints": sure(40.0), "reference_decline": sure(5.0, high=None)},
    ],
)
def test_where_the_gain_may_be_large_nothing_is_said_of_generalising(learning: dict[str, Any]) -> None:
    assert patterns(case(strength=played(**learning))) == []


def test_who_surely_fell_has_not_stayed_where_it_was() -> None:
    found = played(signal=Signal.NEGATIVE, reference_decline=sure(-288.0, 50.0), older_checkpoints=sure(-100.0))
    gap = dataclasses.replace(found.gap, estimate=sure(-288.0, 50.0)) if found.gap else None

    assert patterns(case(strength=found)) == []
    assert told(case(strength=dataclasses.replace(found, gap=gap)), "weaker-than-reference") == (
        "adapter_v20 against base_model: -288 Elo (95 % interval -338 to -238), 40 games."
    )
    logged_below = logged(signal=Signal.NEGATIVE, gap=sure(-90.0))
    assert told(case(strength=logged_below), "weaker-than-reference").startswith(
        "The newer half of the checkpoints below"
    )


def test_the_best_older_checkpoint_is_named_and_one_that_never_won_is_no_regression() -> None:
    found = played(latest=sure(-90.0))
    rated = tuple(dataclasses.replace(row, estimate=sure(-50.0)) for row in found.ratings)
    found = dataclasses.replace(found, ratings=rated)

    assert "against the best older one, adapter_v10: -90 Elo" in told(case(strength=found), "regression")
    assert "regression" not in patterns(case(strength=played(latest=dataclasses.replace(sure(-90.0), value=None))))
    nameless = dataclasses.replace(found, ratings=())
    assert "against the best older one: -90 Elo" in told(case(strength=nameless), "regression")


def test_no_gain_for_sure_is_a_plateau() -> None:
    found = played(signal=Signal.NONE, reference_decline=sure(2.0), older_checkpoints=sure(3.0))

    assert told(case(strength=found), "plateau") == (
        "The trend's end against base_model: 2.0 Elo (95 % interval -8.0 to 12); the newest checkpoint against the "
        "older ones: 3.0 Elo (95 % interval -7.0 to 13), 40 games."
    )
    assert told(case(strength=dataclasses.replace(found, gap=None)), "plateau").startswith(
        "The trend's end against the "
    )


def test_references_that_moved_are_told() -> None:
    drift = Conflict(statistic=30.0, df=1, p=1e-6, differences=(("x_bot", -85.0),))
    calm = dataclasses.replace(drift, p=0.5)
    found = played()

    within = dataclasses.replace(found, control=drift)
    assert told(case(strength=within), "reference-drift") == (
        "Fixed agents, which never change, moved against each other between the first and the second half of the "
        "games: x_bot by -85 Elo (T² 30 of 1 difference, p 1e-06; 40 games)."
    )
    since = dataclasses.replace(found, control=calm, conflict=drift)
    assert "since their ratings were measured" in told(case(strength=since), "reference-drift")
    assert patterns(case(strength=dataclasses.replace(found, control=calm, conflict=calm))) == []


def seated(*effects: tuple[str, Any]) -> SeatReport:
    return SeatReport(effects=effects, confounded=False, always=None, shift=None)


@pytest.mark.parametrize(
    ("effects", "evidence"),
    [
        ((("A", sure(60.0)), ("B", sure(-60.0)), ("C", sure(0.0))), "A is worth 60 Elo"),
        ((("first", sure(90.0)),), "Holding first is worth 90 Elo"),
        ((("first", sure(-90.0)),), "Holding first is worth -90 Elo"),
        ((("A", sure(20.0)), ("B", sure(-20.0))), None),
        ((("first", sure(20.0)),), None),
        ((("A", sure(90.0, low=None)),), None),
        ((), None),
    ],
)
def test_seats_that_are_far_apart_are_told(effects: tuple[Any, ...], evidence: str | None) -> None:
    found = case(strength=dataclasses.replace(played(), seats=seated(*effects)))

    if evidence is None:
        assert patterns(found) == []
    else:
        assert told(found, "seat-imbalance").startswith(evidence)


def test_logged_ratings_tell_where_they_may_decide() -> None:
    assert patterns(case(strength=logged(signal=Signal.POSITIVE))) == ["learning"]
    assert patterns(case(strength=logged(signal=Signal.NONE, gap=sure(1.0)))) == ["plateau"]
    assert patterns(case(strength=logged(latest=sure(-50.0)))) == ["regression"]
    assert "120 logged steps" in told(case(strength=logged(latest=sure(-50.0))), "regression")
    assert patterns(case(strength=logged(signal=Signal.UNCLEAR))) == []
    assert patterns(case(strength=logged(signal=Signal.POSITIVE, settled=1.0))) == []


# Progress beside the expected curve.

CURVE = "expected-progress: {20: 10, 100: 900, 300: 950}\n"
GAMES = seats(["base_model>x_bot>adapter_v10", "adapter_v20>base_model>x_bot", "x_bot>adapter_v90"] * 40)


def test_progress_is_held_against_the_curve_at_the_checkpoints_own_step() -> None:
    found = measure_progress(policy(f"extends: league\n{CURVE}").league.expected, asked(GAMES))
    assert found is not None

    assert found.reference == "base_model"
    assert [(one.by, one.checkpoint, one.at, one.expected) for one in found.points] == [
        (20, "adapter_v20", 20, 10.0),
        (100, "adapter_v90", 90, 788.75),
        (300, None, None, 950.0),
    ]
    assert found.points[2].pace is Pace.NOT_MEASURED


@pytest.mark.parametrize(
    ("expected", "doubts", "pace"),
    [(-2000.0, (), Pace.AHEAD), (5000.0, (), Pace.BEHIND), (0.0, (), Pace.UNCLEAR), (-2000.0, ("x",), Pace.DOUBTED)],
)
def test_the_whole_interval_tells_the_pace(expected: float, doubts: tuple[str, ...], pace: Pace) -> None:
    even = asked(seats(["base_model>adapter_v10", "adapter_v10>base_model"] * 40))

    found = measure_progress([(10, expected)], dataclasses.replace(even, doubts=doubts))

    assert found is not None
    assert found.points[0].pace is pace


def test_there_is_no_progress_without_a_curve_or_games() -> None:
    assert measure_progress((), asked(GAMES)) is None
    assert measure_progress([(10, 5.0)], None) is None
    assert measure_progress([(10, 5.0)], logged()) is None


def test_a_curve_with_nothing_beside_it_is_noted() -> None:
    asking = policy("extends: [grpo]\n" + CURVE)
    notes = judge(asking, evidence(run()), Judgement(tool_version="1", evidence_sha256="")).notes

    assert [note.text for note in notes] == [
        "the progress that the policy expects is not told: no check asks of games, which the profile league does"
    ]
    assert "not ratings alone" in progress_notes([(10, 5.0)], logged())[0].text
    assert progress_notes([(10, 5.0)], asked(GAMES)) == ()
    assert progress_notes((), None) == ()


def test_a_curve_that_is_none_is_refused() -> None:
    text = "version: 1\nextends: grpo\nexpected-progress: {5.5: 3, 010: 4, 20: 1.0e+300}\n"

    assert faults(text) == [
        "policy.yml:3: expected-progress.010: expected a step as 50, got `010`; write a whole number of at least 1",
        "policy.yml:3: expected-progress.20: expected Elo within 1,000,000 of 0, got `1e+300`; change it",
        "policy.yml:3: expected-progress.5.5: expected a step as 50, got `5.5`; write a whole number of at least 1",
    ]


# From a policy and evidence.


def test_a_case_holds_what_the_policy_asked_and_the_roles_that_are_kept() -> None:
    asking = policy("extends: [grpo, pipeline]")
    found = evidence(
        run(series([0.1, np.nan, 0.3], "entropy", steps=[2, 1, 0])),
        logs={"rollout-timing": log_answer(p50_s=900.0, p95_s=950.0, unmeasured=0.0)},
        log_source="events.jsonl",
    )

    made = case_of(asking, found, evaluate(asking, found), None)

    assert set(made.series) == {"kl", "reward", "grad-norm", "entropy"}
    assert made.series["entropy"].values.tolist() == [0.3, 0.1]
    assert made.missed("rollout-timing", "p50_s") is not None
    assert made.missed("health", "completion_rate") is None
    assert not made.rated
    assert case_of(asking, found, (), None).missed("rollout-timing", "p50_s") is None
    assert case_of(asking, evidence(games="games.jsonl"), (), None).rated
    assert case_of(asking, evidence(run(catalog={"elo/base_model": 5})), (), None).rated


def test_the_roles_of_a_diagnosis_are_roles_that_every_policy_has() -> None:
    asking = policy("extends: pipeline")

    assert all(role in asking.roles for role in DIAGNOSED)
    assert "kl/mean" in asking.run_selection.names
    assert "kl/mean" not in asking.selection.names


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["kl", "reward", "grad_norm", "entropy", "loss", "train/frac_reward_zero_std"]),
        st.lists(st.floats(width=32), min_size=1, max_size=60),
    ),
    st.sampled_from(RunState),
    st.text(min_size=1, max_size=8),
)
def test_whatever_a_run_logged_a_diagnosis_changes_no_decision(
    values: dict[str, list[float]], state: RunState, name: str
) -> None:
    asking = policy("extends: [grpo, league]")
    found = evidence(only(*(series(one, key) for key, one in values.items()), n=60, state=state), games=name)

    with np.errstate(all="ignore"):
        verdict = judge(asking, found, JUDGEMENT)

    assert verdict.decision is decide(evaluate(asking, found))
    assert verdict_document(dataclasses.replace(verdict, diagnosis=())) | {"diagnosis": 0} == verdict_document(
        verdict
    ) | {"diagnosis": 0}


def test_every_pattern_at_once_changes_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    asking, found = policy("extends: grpo"), evidence()
    before = judge(asking, found, JUDGEMENT)
    every: list[Leaf] = [dataclasses.replace(leaf, sign=lambda _: "seen", unless=()) for leaf in LEAVES]
    monkeypatch.setattr(answer, "LEAVES", tuple(every))

    after = judge(asking, found, JUDGEMENT)

    assert len(after.diagnosis) == len(LEAVES)
    assert dataclasses.replace(after, diagnosis=before.diagnosis) == before


def test_hostile_names_are_told_on_one_line() -> None:
    bad = "x_bot\n::error::y\u202e"
    drift = Conflict(statistic=30.0, df=1, p=1e-6, differences=((bad, -85.0),))
    found = dataclasses.replace(played(latest=sure(-80.0)), control=drift, seats=seated((bad, sure(90.0))))
    spread = series(np.zeros(100), f"reward{bad}")

    seen = diagnose(case(strength=found, reward_std=spread))

    assert [one.pattern for one in seen] == ["dead-signal", "reference-drift", "regression", "seat-imbalance"]
    assert all(one.evidence.isprintable() for one in seen)
    assert "x_bot\\n::error::y\\u202e" in seen[1].evidence


def test_the_profiles_that_ship_expect_no_curve() -> None:
    assert all("expected-progress" not in text for text in PROFILES.values())
