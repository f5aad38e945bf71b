"""Patterns over series, rows and log answers: each is told where made data show it, and never where they do not."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from checks.diagnosis import answer
from checks.diagnosis.answer import diagnose
from checks.diagnosis.case import Case
from checks.diagnosis.leaf import Branch
from checks.diagnosis.swing import compare_swings
from checks.diagnosis.tree import BY_PATTERN, LEAVES
from checks.run import RunState
from tests.builders import only, rows, series
from tests.cases import STEPS, case, logged, patterns, played, ripple, told

RISING = np.linspace(0, 1, STEPS) + ripple(size=0.05)
FLAT = 1 + ripple(size=0.02)
CALM = 0.03 + ripple(size=0.003, seed=2)
WILD = np.concatenate([CALM[:50], 0.5 + ripple(50, 0.2, seed=3)])


def test_a_run_that_shows_nothing_is_told_nothing() -> None:
    assert patterns(case()) == []


def test_every_leaf_has_a_name_of_its_own_and_hangs_in_the_order_of_the_branches() -> None:
    order = list(Branch)
    places = [order.index(leaf.branch) for leaf in LEAVES]

    assert len(BY_PATTERN) == len(LEAVES)
    assert places == sorted(places)


def test_a_leaf_gives_way_only_to_one_that_was_asked_before() -> None:
    names = [leaf.pattern for leaf in LEAVES]
    for place, leaf in enumerate(LEAVES):
        assert set(leaf.unless) <= set(names[:place]), leaf.pattern


# The record.


def test_rows_that_take_turns_are_double_logging() -> None:
    run = only(rows=rows(np.arange(60), ("kl",), ("reward",)))

    assert patterns(case(run=run)) == ["double-logging"]
    assert "2 `log` calls a step: 60 rows" in told(case(run=run), "double-logging")


def test_values_that_stand_twice_are_double_logging() -> None:
    twice = np.repeat(RISING[:40], 2)

    assert "Every value stands twice" in told(case(reward=twice, kl=np.repeat(CALM[:40], 2)), "double-logging")
    assert "double-logging" not in patterns(case(reward=twice, kl=CALM[:80]))


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"state": RunState.KILLED}, "no exit record"),
        ({"state": RunState.FAILED, "exit_code": 1}, "exit code 1"),
        ({"planned_steps": 300}, "The run ended by itself at step 99 of 300 planned (33%)."),
        ({"state": RunState.KILLED, "rows": rows([])}, "Its last step is unknown."),
    ],
)
def test_a_run_that_ended_early_was_cut_short(changes: dict[str, Any], evidence: str) -> None:
    assert evidence in told(case(run=only(n=STEPS, **changes)), "cut-short")


@pytest.mark.parametrize(
    "changes",
    [
        {"state": RunState.RUNNING, "planned_steps": 300},
        {"planned_steps": None},
        {"planned_steps": 100},
        {"rows": rows([]), "state": RunState.UNKNOWN},
        {"rows": rows([1]), "planned_steps": 2},
    ],
)
def test_a_run_that_reached_its_end_or_still_runs_was_not_cut_short(changes: dict[str, Any]) -> None:
    assert "cut-short" not in patterns(case(run=only(n=STEPS, **changes)))


def test_values_that_are_not_finite_are_told_with_the_step_and_the_groups_without_variance() -> None:
    broken = np.where(np.arange(STEPS) < 60, CALM, np.nan)
    dead = np.where(np.arange(STEPS) < 60, 0.0, 0.25)

    evidence = told(case(kl=broken, zero_variance_share=dead), "numbers-broke")

    assert "Not finite from step 60 on: kl (40 of 100 values)." in evidence
    assert "25% of the groups had equal rewards" in evidence


def test_one_value_of_many_is_no_break_unless_it_is_the_last() -> None:
    early, last = CALM.copy(), CALM.copy()
    early[10], last[-1] = np.nan, np.nan

    assert patterns(case(kl=early)) == []
    assert patterns(case(kl=last)) == ["numbers-broke"]
    assert patterns(case(kl=[np.nan] * 9)) == []


@pytest.mark.parametrize("share", [None, [0.0] * 5, series([0.5] * 5, steps=range(50, 55))])
def test_groups_without_variance_are_told_only_where_they_stood(share: object) -> None:
    broken = np.where(np.arange(STEPS) < 4, CALM, np.nan)
    roles: dict[str, Any] = {} if share is None else {"zero_variance_share": share}

    assert "groups" not in told(case(kl=broken, **roles), "numbers-broke")


# The pipeline.

BY_EXTRACTION = "logits-processor-fault"


def test_answers_that_cannot_be_read_are_told_with_their_interval() -> None:
    logs = {"extraction": {"n": 400, "rate": 0.7, "empty": 0.2, "partial": 0.1}}

    assert told(case(logs), "logits-processor-fault") == (
        "70.0% of 400 answers were read in full (95 % interval 65.2% to 74.5%); 20.0% empty, 10.0% partial."
    )
    assert "(95 % interval 65.2% to 74.5%)." in told(case({"extraction": {"n": 400, "rate": 0.7}}), BY_EXTRACTION)


@pytest.mark.parametrize(
    "logs",
    [
        {"extraction": {"n": 20, "rate": 0.5}},
        {"extraction": {"n": 400, "rate": 0.94}},
        {"extraction": {"n": 400, "rate": 0.99}},
    ],
)
def test_few_unreadable_answers_are_silence(logs: dict[str, dict[str, float]]) -> None:
    assert patterns(case(logs)) == []


def test_a_policy_that_allows_unreadable_answers_is_believed() -> None:
    logs = {"extraction": {"n": 400, "rate": 0.7}}

    assert patterns(case(logs, passed=(("extraction", "rate"),))) == []


def test_without_logs_the_series_tells_of_unreadable_answers() -> None:
    assert told(case(extraction_share=[0.99] * 66 + [0.7, 0.6] * 17), BY_EXTRACTION) == (
        "extraction-share is 64.8% on average in the last third of the run (95 % interval 63.0% to 66.7%, n = 33), "
        "99.0% in the first."
    )
    assert patterns(case(extraction_share=[0.3] * 60 + [1.0] * 40)) == []
    assert patterns(case(extraction_share=[0.7] * 9)) == []


SLOW = {"n": 400, "p50_s": 900.0, "p95_s": 1100.0, "trajectories_per_hour": 200.0}


def test_slow_rollouts_are_a_bottleneck_by_the_bound_of_the_policy() -> None:
    logs = {"rollout-timing": SLOW, "inference": {"requests": 100, "p95_generation_s": 1.4}}
    missed = (("rollout-timing", "p50_s", "< 60"), ("rollout-timing", "trajectories_per_hour", "> 400"))

    evidence = told(case(logs, missed=missed), "inference-bottleneck")

    assert evidence == (
        "The typical rollout takes 900 s (n = 400), asked is < 60; 200 trajectories an hour, asked is > 400; one "
        "request is generated in 1.4 s at most, nineteen times of twenty."
    )
    assert patterns(case(logs)) == []


def test_a_slow_engine_is_a_bottleneck() -> None:
    logs = {"inference": {"output_tokens_per_s": 12.0}}
    missed = (("inference", "output_tokens_per_s", "> 50"),)

    assert told(case(logs, missed=missed), "inference-bottleneck") == (
        "The engine gives 12 output tokens a second (> 50)."
    )


def test_rollouts_that_vanish_hang() -> None:
    logs = {"health": {"started": 400, "completed": 300, "errors": 20}}

    assert "80 of 400 rollouts that started neither completed nor failed (20.0%" in told(case(logs), "hanging-games")


@pytest.mark.parametrize(
    "health",
    [
        {"started": 400, "completed": 390, "errors": 0},
        {"started": 20, "completed": 5, "errors": 0},
        {"started": 400, "completed": 410, "errors": 0},
    ],
)
def test_the_rollouts_of_a_log_that_ends_do_not_hang(health: dict[str, float]) -> None:
    assert patterns(case({"health": health})) == []


@pytest.mark.parametrize(("median", "n", "hangs"), [(40.0, 400, True), (900.0, 400, False), (40.0, 20, False)])
def test_a_slow_tail_behind_a_fast_median_hangs(median: float, n: int, *, hangs: bool) -> None:
    logs = {"rollout-timing": {"n": n, "p50_s": median, "p95_s": 1100.0}}

    found = patterns(case(logs, missed=(("rollout-timing", "p95_s", "< 120"),)))

    assert found == (["hanging-games"] if hangs else [])


# The signal.


def test_equal_rewards_in_most_groups_are_a_dead_signal() -> None:
    assert told(case(zero_variance_share=[0.9] * STEPS), "dead-signal") == (
        "90.0% of the groups had equal rewards in the second half of the run (mean of 50 steps, lowest 90.0%, "
        "zero-variance-share)."
    )
    assert "reward-std is 0 at 50 of 50 steps" in told(case(reward_std=[0.0] * STEPS), "dead-signal")


@pytest.mark.parametrize(
    "roles",
    [
        {"zero_variance_share": [0.9] * 8},
        {"zero_variance_share": [0.9] * 50 + [0.1] * 50, "reward_std": [0.0] * STEPS},
        {"reward_std": [0.0] * 19},
        {"reward_std": [0.0] * 70 + [0.5] * 30},
    ],
)
def test_a_live_signal_or_too_little_of_it_is_silence(roles: dict[str, Any]) -> None:
    assert patterns(case(**roles)) == []


# The optimisation.


def test_a_kl_that_stays_high_and_swings_has_run_away() -> None:
    evidence = told(case(kl=WILD, reward=np.concatenate([FLAT[:50], 1 + ripple(50, 0.5)])), "runaway-divergence")

    assert "KL passes 0.2 at step 50" in evidence
    assert "it moves" in evidence
    assert "the reward moves" in evidence


def test_a_kl_that_leaps_past_its_limit_and_stays_has_run_away() -> None:
    leapt = np.concatenate([CALM[:50], 0.3 + ripple(50, 0.01)])

    assert "it leaps from 0.02" in told(case(kl=leapt, reward=RISING), "runaway-divergence")


def test_a_kl_that_grows_as_the_reward_falls_or_far_beyond_its_limit_has_run_away() -> None:
    growing = np.linspace(0.01, 0.6, STEPS)

    assert "the reward is" in told(case(kl=growing, reward=-RISING), "runaway-divergence")
    assert "its median since then is" in told(case(kl=8 * growing), "runaway-divergence")
    for kl in (growing, 8 * growing):  # as trainers have it that sum KL over tokens
        assert patterns(case(kl=kl, reward=RISING)) == ["learning"]


@pytest.mark.parametrize(
    "kl",
    [
        CALM,
        np.where(np.arange(STEPS) == 50, 0.9, CALM),
        np.where(np.isin(np.arange(STEPS), range(20, 30)), 0.9, CALM),
        np.linspace(0.01, 0.5, STEPS),
        0.25 * np.minimum(1, np.arange(STEPS) / 40) * np.exp(ripple(size=0.1)),
        np.concatenate([CALM[:6], 0.3 + ripple(94, 0.001)]),
        [0.5] * 4,
    ],
)
def test_a_spike_a_hump_or_a_quiet_rise_has_not_run_away(kl: object) -> None:
    assert "runaway-divergence" not in patterns(case(kl=kl))
    assert "runaway-divergence" not in patterns(case(reward=RISING))


def test_swings_twice_as_wide_and_large_gradients_are_instability() -> None:
    wild = 1 + np.concatenate([ripple(50, 0.01), ripple(50, 0.5)])
    spikes = np.where(np.arange(STEPS) % 9 == 0, 80.0, 1.0)

    evidence = told(case(reward=wild, loss=wild, grad_norm=spikes), "instability")

    assert evidence.startswith("The reward moves")
    assert "; the loss moves" in evidence
    assert "50 or more at 10 of 100 steps, those of the first tenth left out (highest 80 at step 18)" in evidence
    assert patterns(case(grad_norm=[80.0] * 10 + [1.0] * 90)) == []
    assert patterns(case(reward=ripple(), loss=ripple()[:20], grad_norm=[1.0] * STEPS)) == []


def test_instability_is_silent_where_a_runaway_says_it() -> None:
    wild = np.concatenate([ripple(50, 0.01), ripple(50, 0.5)])

    assert patterns(case(kl=WILD, reward=wild)) == ["runaway-divergence"]


def test_a_kl_that_falls_to_nothing_with_a_flat_reward_is_a_collapse() -> None:
    falling = np.linspace(0.05, 0, STEPS) ** 2 + 1e-6

    assert "KL falls from" in told(case(kl=falling, reward=FLAT), "policy-collapse")
    assert patterns(case(kl=falling, reward=RISING)) == ["learning"]
    assert patterns(case(kl=CALM, reward=FLAT)) == ["plateau"]
    assert "policy-collapse" not in patterns(case(kl=falling / 100, reward=FLAT))
    assert patterns(case(kl=falling, reward=0 * FLAT)) == []
    assert patterns(case(kl=falling, reward=FLAT, zero_variance_share=[1.0] * STEPS)) == ["dead-signal", "plateau"]


def test_a_reward_that_falls_early_under_the_highest_kl_wants_a_warm_up() -> None:
    dip = np.concatenate([np.linspace(1, 0, 30), np.linspace(0, 1, 70)]) + ripple(size=0.02)
    high_early = np.concatenate([[0.15] * 30, [0.03] * 70]) + ripple(size=0.002)

    evidence = told(case(reward=dip, kl=high_early), "kl-without-warm-up")

    assert "The reward falls by" in evidence
    assert "up to step 29" in evidence
    assert "kl-without-warm-up" not in patterns(case(reward=dip, kl=high_early[::-1]))
    assert "kl-without-warm-up" not in patterns(case(reward=RISING, kl=high_early))
    assert "kl-without-warm-up" not in patterns(case(reward=0 * RISING, kl=high_early))
    assert "kl-without-warm-up" not in patterns(case(reward=dip, kl=series(high_early[:30], steps=range(70, 100))))
    assert "kl-without-warm-up" not in patterns(
        case(reward=series(dip[:25], steps=[*range(5), *range(80, 100)]), kl=high_early)
    )


def test_two_signs_of_large_updates_are_a_learning_rate_too_high() -> None:
    high = 0.12 + ripple(size=0.005)

    evidence = told(case(kl=high, clip_share=[0.4] * STEPS, grad_norm=[60.0] * STEPS), "learning-rate-too-high")

    assert evidence.startswith("In the second half of the run KL reaches 0.12")
    assert "40.0% of the ratios are clipped (mean, n = 50), the gradient norm reaches 60" in evidence
    assert patterns(case(kl=high)) == []
    assert patterns(case(kl=CALM, clip_share=[0.1] * STEPS, grad_norm=[1.0] * STEPS)) == []


def test_a_policy_that_does_not_move_has_a_learning_rate_too_low() -> None:
    still = 1e-5 + np.abs(ripple(size=1e-6))

    assert "KL stays below" in told(case(kl=still, grad_norm=[0.1] * STEPS, reward=FLAT), "learning-rate-too-low")
    without: tuple[dict[str, Any], ...] = (
        {"kl": still, "reward": FLAT},
        {"kl": CALM, "grad_norm": [0.1] * STEPS, "reward": FLAT},
        {"kl": still, "grad_norm": [0.0] * STEPS, "reward": FLAT},
    )
    for roles in without:
        assert "learning-rate-too-low" not in patterns(case(**roles))


def test_an_entropy_that_falls_to_nearly_nothing_has_collapsed() -> None:
    falling = np.geomspace(1.0, 0.02, STEPS) + ripple(size=0.005)

    assert "Entropy falls from" in told(case(entropy=falling), "entropy-collapse")
    assert "Entropy falls from" in told(case(entropy=[2.0] * 4 + [0.02] * 96), "entropy-collapse")
    assert patterns(case(entropy=-falling)) == []
    assert patterns(case(entropy=falling + 1)) == []
    assert patterns(case(entropy=falling[:10])) == []


def test_completions_that_double_or_are_cut_off_have_blown_up() -> None:
    evidence = told(
        case(completion_length=[100.0] * 90 + [400.0] * 10, truncated_share=[0.7] * STEPS), "length-blow-up"
    )

    assert evidence.startswith("Completions grow from")
    assert "70.0% of them are cut off at the end (mean of 30 steps)" in evidence
    assert patterns(case(completion_length=[100.0] * STEPS, truncated_share=[0.7] * 5)) == []
    assert patterns(case(completion_length=[5.0] * 90 + [20.0] * 10)) == []


# Without games and ratings, the reward tells.


def test_the_reward_tells_of_strength_only_where_nothing_else_does() -> None:
    fallen = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 0, 50)]) + ripple(size=0.02)

    assert patterns(case(reward=RISING)) == ["learning"]
    assert patterns(case(reward=FLAT)) == ["plateau"]
    assert patterns(case(reward=fallen)) == ["regression"]
    for reward in (RISING, FLAT, fallen):
        assert patterns(case(reward=reward, strength=dataclasses.replace(played(), doubts=("Lost.",)))) == []
        unasked, unable = case(reward=reward, rated=True), case(reward=reward, strength=logged(settled=1.0))
        assert told(unasked, patterns(unasked)[0]).endswith("tell more, where they are asked of (profile league).")
        assert told(unable, patterns(unable)[0]).endswith("Its logged ratings do not tell how strong it became.")
        assert patterns(case(reward=reward[:12])) == []


@pytest.mark.parametrize(
    "reward",
    [
        np.concatenate([0.7 + ripple(20, 0.02), np.linspace(0.3, 0.6, 80) + ripple(80, 0.02)]),  # a harder stage
        np.tile(np.linspace(0.3, 0.8, 25), 4) + ripple(size=0.02),
        RISING[:50],
    ],
)
def test_a_reward_that_fell_back_on_its_way_is_not_told_to_rise(reward: Any) -> None:
    assert ("learning" in patterns(case(reward=reward))) is (len(reward) == 50)


def test_a_reward_of_wins_and_losses_is_not_flat_where_they_shift() -> None:
    luck = np.random.default_rng(4).random(500)

    assert patterns(case(run=only(n=500), reward=(luck < np.linspace(0.5, 0.99, 500)) * 1.0)) == ["learning"]
    assert patterns(case(run=only(n=500), reward=(luck < np.linspace(0.99, 0.7, 500)) * 1.0)) == []


@pytest.mark.parametrize("chance", range(20))
def test_noise_that_grows_with_what_is_learnt_is_no_instability(chance: int) -> None:
    rng, steps = np.random.default_rng(chance), np.arange(200)
    kl = np.linspace(0.0005, 0.05, 200) * np.exp(0.2 * rng.normal(size=200))
    reward = rng.binomial(32, 0.005 + 0.6 / (1 + np.exp(-(steps - 110) / 12))) / 32

    assert patterns(case(run=only(n=200), kl=kl, loss=0.04 * kl, reward=reward)) == ["learning"]
    assert patterns(case(run=only(n=200), kl=kl, loss=0.04 * kl)) == []


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e-90, 1e90, 1e200, 1e308])
def test_values_of_any_size_break_nothing(scale: float) -> None:
    big = scale * WILD
    one = case(reward=big, kl=big, loss=big, grad_norm=big, entropy=big, completion_length=big)
    mixed = case(
        reward=np.concatenate([1e200 * CALM[:50], 1e-200 * WILD[:50]]), loss=[10.0, -10.0] * 25 + [5e-324] * 50
    )

    for each in (one, mixed):
        for found in diagnose(each):
            assert "inf" not in found.evidence
            assert "nan" not in found.evidence.lower().replace("dominant", "")


def test_a_pattern_that_cannot_be_computed_prevents_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(case: Case) -> str | None:
        raise OverflowError(f"too far: {case.rated}")

    monkeypatch.setattr(answer, "LEAVES", [dataclasses.replace(leaf, sign=breaks) for leaf in LEAVES])

    assert diagnose(case(reward=RISING)) == ()


def test_a_reward_that_is_missing_before_the_first_episode_ends_is_not_broken() -> None:
    late = RISING.copy()
    late[:6] = np.nan
    some = CALM.copy()
    some[[23, 60, 90]] = np.nan

    assert patterns(case(reward=late)) == ["learning"]
    assert "Not finite first at step 23: kl (3 of 100 values)." in told(case(kl=some), "numbers-broke")


def test_swings_need_moves_on_both_sides() -> None:
    assert compare_swings(ripple(8), ripple(50)) is None
    assert compare_swings(ripple(0), ripple(0)) is None
    assert compare_swings(np.ones(50), ripple(50)) is None
    steady = np.tile([0.0, 1.0], 20)
    found = compare_swings(steady, 2 * steady)
    assert found is not None
    assert (found.value, found.low, found.high, found.n) == (2.0, 2.0, 2.0, 80)
