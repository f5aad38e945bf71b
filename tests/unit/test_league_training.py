"""The training loop of the example league: it learns, it is the same twice, and each fault shows where its cause is."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice

import numpy as np
import pytest

from examples.league.events import Event, describe
from examples.league.game import POWERS, SEATS, Floats
from examples.league.league import League
from examples.league.players import BASE_MODEL, BOTS, FIXED
from examples.league.recipes import RECIPES, TOTAL_STEPS
from examples.league.trainer import GROUP_SIZE, GROUPS, StepRecord, Training, metrics

SEED = 3


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One whole run."""

    training: Training
    records: tuple[StepRecord, ...]

    def series(self, name: str) -> Floats:
        return np.array([metrics(record)[name] for record in self.records])

    def events(self) -> list[Event]:
        return [event for record in self.records for event in describe(record, "league-test")]


@cache
def trained(recipe: str, steps: int = TOTAL_STEPS) -> Trained:
    training = Training(RECIPES[recipe], SEED)
    return Trained(training=training, records=tuple(islice(training.steps(), steps)))


def against_base(league: League, agent: str, rollouts: int = 150) -> float:
    """Share of points of `agent` in two seats against the base model in two, in games of their own."""
    fresh = League(rng=np.random.default_rng(0), weights=league.weights)
    points = []
    for game in fresh.play_rated([[agent, agent, "base", "base"]] * rollouts, step=0):
        mine = np.array([score for name, score in zip(game.agents, game.scores, strict=True) if name == agent])
        theirs = np.array([score for name, score in zip(game.agents, game.scores, strict=True) if name != agent])
        points.append(np.sign(mine[:, None] - theirs[None, :]).mean() / 2 + 0.5)
    return float(np.mean(points))


def test_training_makes_the_policy_beat_the_base_model() -> None:
    league = trained("healthy").training.league
    league.weights.setdefault("base", FIXED[BASE_MODEL])

    assert against_base(league, BASE_MODEL) == pytest.approx(0.5, abs=0.03)
    assert against_base(league, "adapter_v20") > 0.53
    assert against_base(league, "adapter_v100") > 0.6


def test_a_healthy_run_looks_healthy_all_over() -> None:
    run = trained("healthy")
    kl, reward = run.series("kl/mean"), run.series("benchmark/reward_mean")

    assert np.percentile(kl, 95) < 0.09
    assert kl.max() < 0.12
    assert reward[-20:].mean() > reward[:10].mean() + 0.2
    assert run.series("benchmark/grad_norm").max() < 5
    assert run.series("train/frac_reward_zero_std").mean() < 0.05
    assert run.series("extraction/rate").mean() > 0.99
    assert run.series("ppo/clip_fraction").max() > 0


def test_the_same_recipe_and_seed_give_the_same_run() -> None:
    one, two = (list(islice(Training(RECIPES["healthy"], SEED).steps(), 25)) for _ in range(2))

    assert [metrics(record) for record in one] == [metrics(record) for record in two]
    assert [describe(record, "r") for record in one] == [describe(record, "r") for record in two]
    assert [record.games for record in one] == [record.games for record in two]


def test_another_seed_gives_another_run() -> None:
    one, two = (next(Training(RECIPES["healthy"], seed).steps()) for seed in (3, 4))

    assert metrics(one)["benchmark/reward_mean"] != metrics(two)["benchmark/reward_mean"]
    assert one.games != two.games


def test_faults_that_begin_in_mid_run_leave_the_first_half_as_it_was() -> None:
    healthy, broken = (list(islice(Training(RECIPES[name], SEED).steps(), 12)) for name in ("healthy", "regression"))

    assert [metrics(record) for record in healthy] == [metrics(record) for record in broken]


def test_kl_explodes_only_after_the_switch() -> None:
    kl = trained("kl-explosion", steps=75).series("kl/mean")

    assert kl[:50].max() < 0.1
    assert kl.max() > 0.25
    assert np.percentile(kl[50:], 95) > 0.2
    assert np.isfinite(kl).all()


def test_gradients_turn_nan_in_mid_run_and_stay_so() -> None:
    run = trained("nan-gradient", steps=65)
    for name in ("benchmark/grad_norm", "benchmark/loss", "kl/mean"):
        finite = np.isfinite(run.series(name))

        assert finite[:50].all()
        assert not finite[60:].any()


def test_a_reward_that_everybody_gets_teaches_nothing() -> None:
    run = trained("no-learning", steps=15)

    assert run.series("train/frac_reward_zero_std").mean() > 0.9
    assert run.series("kl/mean").max() < 0.01


def test_a_flipped_sign_ends_far_below_the_peak() -> None:
    reward = trained("regression").series("benchmark/reward_mean")
    tens = reward.reshape(-1, 10).mean(axis=1)

    assert tens.argmax() in {4, 5, 6}
    assert tens[-1] < 0.7 * tens.max()
    assert tens[-1] < tens[0]
    assert trained("regression").series("kl/mean").max() < 0.15


def test_a_forgotten_penalty_leaves_orders_out() -> None:
    run = trained("extraction-bug", steps=20)
    kinds = Counter(event["event"] for event in run.events())
    logged = kinds["orders_extracted"] + kinds["orders_partial"] + kinds["orders_empty"]

    assert run.series("extraction/rate").max() < 0.9
    assert kinds["orders_extracted"] / logged < 0.9
    assert min(kinds["orders_partial"], kinds["orders_empty"]) > 0


def test_a_short_run_stops_at_forty_percent() -> None:
    assert len(trained("short").records) == 0.4 * TOTAL_STEPS


def test_counts_of_responses_add_up() -> None:
    record = trained("healthy").records[0]
    kinds = [kind for row in record.responses.kinds for kind in row]

    assert record.responses.counts == Counter(kinds)
    assert len(kinds) == len(record.responses.kinds) * GROUPS * GROUP_SIZE


def test_games_have_unique_names_and_four_seats() -> None:
    run = trained("healthy")
    final = run.training.evaluate()
    games = [*run.training.warm_up_games, *(game for record in run.records for game in record.games), *final]

    assert len(games) == len({game.game for game in games})
    assert all(len(game.agents) == len(game.scores) == SEATS for game in games)
    assert {"adapter_v100", BASE_MODEL} <= {name for game in final for name in game.agents}
    assert {*FIXED, *(f"adapter_v{20 * k}" for k in range(1, 6))} == {n for game in games for n in game.agents}


def test_a_checkpoint_plays_no_game_before_it_is_saved() -> None:
    for record in trained("healthy").records:
        for game in record.games:
            assert all(int(name.removeprefix("adapter_v")) <= record.step for name in game.agents if "_v" in name)


def test_forks_of_a_rollout_share_their_seating() -> None:
    seating: dict[str, tuple[str, ...]] = {}
    for record in trained("healthy").records:
        for game in record.games:
            assert seating.setdefault(game.rollout, game.agents) == game.agents


def test_the_pool_of_ratings_is_closed() -> None:
    """A checkpoint enters at 1000, so the mean of the pool is always 1000."""
    for record in trained("healthy").records[::10]:
        assert np.mean(list(record.ratings.values())) == pytest.approx(1000.0)


def test_fixed_references_lose_rating_to_a_run_that_learns() -> None:
    run = trained("healthy")
    first, last = run.records[0].ratings, run.records[-1].ratings

    assert sum(last[name] - first[name] for name in FIXED) < -100


def test_every_row_of_metrics_has_the_names_of_a_league_trainer() -> None:
    names = set(metrics(trained("healthy").records[0]))

    assert {"kl/mean", "kl/max", "benchmark/loss", "benchmark/grad_norm", "extraction/rate", "league/best_elo"} <= names
    assert {f"elo/{name}" for name in (BASE_MODEL, *BOTS)} <= names
    assert "elo/adapter_v40" in metrics(trained("healthy").records[39])


def test_every_rollout_starts_and_completes_once() -> None:
    events = trained("healthy").events()
    started = [event["rollout"] for event in events if event["event"] == "rollout_start"]
    completed = [event["rollout"] for event in events if event["event"] == "rollout_complete"]

    assert len(started) == len(set(started)) == GROUPS * TOTAL_STEPS
    assert sorted(map(str, started)) == sorted(map(str, completed))


def test_events_are_in_the_order_of_time_and_carry_their_run() -> None:
    events = trained("healthy").events()
    times = [str(event["_time"]) for event in events]

    assert times == sorted(times)
    assert {event["run_name"] for event in events} == {"league-test"}
    assert {event["level"] for event in events} <= {"info", "error"}


def test_final_scores_name_the_powers() -> None:
    event = next(e for e in trained("healthy").events() if e["event"] == "rollout_complete")
    scores = event["final_scores"]

    assert isinstance(scores, dict)
    assert tuple(scores) == POWERS


def test_slow_rollouts_are_slow_and_nothing_else() -> None:
    """The same games and the same learning as a healthy run, in far more time."""
    slow, healthy = (list(islice(Training(RECIPES[name], SEED).steps(), 12)) for name in ("slow-rollouts", "healthy"))
    clock = "benchmark/rollout_time_s"

    for late, early in zip(slow, healthy, strict=True):
        assert metrics(late)[clock] > 480
        assert metrics(early)[clock] < 60
        assert {**metrics(late), clock: 0.0} == {**metrics(early), clock: 0.0}
