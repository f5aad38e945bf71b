"""GRPO of the example league: the gradient is that of the loss, the advantages are those of the group."""

from dataclasses import replace

import numpy as np
import pytest

from examples.league.game import Floats
from examples.league.grpo import Batch, Experience, Learner, Objective, chosen, compare, learn, measure
from examples.league.policy import FEATURES, log_softmax
from examples.league.rollout import Decisions

PLAIN = Objective(clip=None, beta=0.0)


def weights(seed: int = 0, scale: float = 0.5) -> Floats:
    return np.random.default_rng(seed).normal(scale=scale, size=len(FEATURES))


def batch(old: Floats, base: Floats, n: int = 200, seed: int = 1) -> Batch:
    rng = np.random.default_rng(seed)
    features, choices = rng.normal(size=(n, 5, len(FEATURES))), rng.integers(0, 5, n)
    return Batch(
        features=features,
        choices=choices,
        advantages=rng.normal(size=n),
        old=chosen(old, features, choices),
        base=chosen(base, features, choices),
    )


def experience(groups: int = 3, size: int = 8, decisions: int = 6, seed: int = 2) -> Experience:
    rng = np.random.default_rng(seed)
    n = groups * size
    return Experience(
        decisions=Decisions(
            features=rng.normal(size=(n, decisions, 5, len(FEATURES))),
            choices=rng.integers(0, 5, (n, decisions)),
            written=rng.random((n, decisions)) < 0.9,
        ),
        rewards=rng.normal(size=(groups, size)),
    )


@pytest.mark.parametrize(
    "objective",
    [PLAIN, Objective(clip=None, beta=0.3), Objective(clip=0.2, beta=0.0), Objective(clip=0.05, beta=0.1)],
    ids=["policy", "policy+KL", "clipped", "clipped+KL"],
)
def test_the_gradient_is_that_of_finite_differences(objective: Objective) -> None:
    here, step = weights(seed=3), 1e-6
    sample = batch(old=weights(seed=4), base=weights(seed=5))
    differences = [
        (measure(here + e, sample, objective).value - measure(here - e, sample, objective).value) / (2 * step)
        for e in step * np.eye(len(FEATURES))
    ]

    np.testing.assert_allclose(differences, measure(here, sample, objective).gradient, rtol=1e-5, atol=1e-8)


def test_a_decision_outside_the_clipping_range_has_no_gradient() -> None:
    """A ratio above 1 + clip with a positive advantage, or below 1 − clip with a negative one."""
    here = weights(seed=3)
    sample = batch(old=weights(seed=4), base=here)
    ratio = np.exp(chosen(here, sample.features, sample.choices) - sample.old)
    outside = ((ratio > 1.2) & (sample.advantages > 0)) | ((ratio < 0.8) & (sample.advantages < 0))
    objective = Objective(clip=0.2, beta=0.0)

    assert 0.1 < outside.mean() < 0.9
    assert outside.mean() == pytest.approx(measure(here, sample, objective).clip_fraction)
    np.testing.assert_array_equal(0.0, measure(here, sample.take(outside), objective).gradient)
    assert np.linalg.norm(measure(here, sample.take(~outside), objective).gradient) > 0


def test_at_the_policy_that_played_the_loss_is_minus_the_mean_advantage() -> None:
    here = weights()
    sample = batch(old=here, base=here)

    assert -sample.advantages.mean() == pytest.approx(measure(here, sample, Objective()).value)


def test_advantages_of_a_group_have_mean_zero_and_deviation_one() -> None:
    rewards = np.random.default_rng(0).normal(loc=[[1.0], [5.0]], scale=[[0.1], [3.0]], size=(2, 50))

    advantages = compare(rewards, Objective(epsilon=0.0))

    np.testing.assert_allclose(0.0, advantages.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(1.0, advantages.std(axis=1))


def test_a_group_of_equal_rewards_teaches_nothing() -> None:
    np.testing.assert_array_equal(np.zeros((1, 6)), compare(np.full((1, 6), 1.5), Objective()))


def test_without_an_epsilon_a_group_of_equal_rewards_is_not_a_number() -> None:
    assert np.isnan(compare(np.full((1, 6), 1.5), Objective(epsilon=0.0))).all()


def test_a_flipped_sign_turns_every_advantage() -> None:
    rewards = np.array([[0.0, 1.0, 2.0]])

    np.testing.assert_array_equal(-compare(rewards, Objective()), compare(rewards, Objective(sign=-1.0)))


def test_kl_is_zero_at_the_base_policy_and_positive_away_from_it() -> None:
    base = weights()
    rng = np.random.default_rng(0)

    at_base = learn(Learner.start(base), base, experience(), Objective(), rng)
    away = learn(Learner.start(base + 0.3), base + weights(seed=8), experience(), Objective(), rng)

    assert 0.0 == at_base.kl_mean == at_base.kl_max
    assert 0.0 < away.kl_mean <= away.kl_max


def test_learning_makes_the_better_half_of_a_group_likelier() -> None:
    base = np.zeros(len(FEATURES))
    seen = experience(groups=4, size=16)
    update = learn(Learner.start(base), base, seen, PLAIN, np.random.default_rng(0))
    logp = log_softmax(seen.decisions.features @ update.learner.weights)
    taken = np.take_along_axis(logp, seen.decisions.choices[..., None], axis=-1)[..., 0]
    gain = np.where(seen.decisions.written, taken - np.log(1 / 5), 0.0).sum(axis=1).reshape(4, 16)
    advantages = compare(seen.rewards, PLAIN)

    assert (advantages * gain).sum() > 0


def test_orders_that_never_reached_the_text_are_not_learned_from() -> None:
    seen = experience()
    other = replace(seen.decisions, choices=np.where(seen.decisions.written, seen.decisions.choices, 0))
    base = weights()

    one = learn(Learner.start(base), base, seen, Objective(), np.random.default_rng(0))
    two = learn(Learner.start(base), base, replace(seen, decisions=other), Objective(), np.random.default_rng(0))

    np.testing.assert_array_equal(one.learner.weights, two.learner.weights)
    assert one.kl_mean == two.kl_mean


def test_the_gradient_limit_does_not_change_the_norm_that_is_reported() -> None:
    base = weights()
    limited = learn(
        Learner.start(base), base, experience(), Objective(max_grad_norm=1e-3, epochs=1), np.random.default_rng(0)
    )

    assert limited.grad_norm > 1e-2


def test_the_share_of_groups_without_spread_is_counted() -> None:
    seen = experience(groups=4)
    rewards = seen.rewards.copy()
    rewards[1] = 0.5
    base = weights()

    update = learn(Learner.start(base), base, replace(seen, rewards=rewards), Objective(), np.random.default_rng(0))

    assert update.zero_std == 0.25
