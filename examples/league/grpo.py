"""Group-relative policy optimisation (GRPO) with a gradient written by hand.

Shao et al. 2024 (arXiv 2402.03300), section 4.1: rewards are compared within a group of rollouts from one start, the
probability ratio is clipped as in PPO, and the KL divergence to the base policy is part of the loss, by the estimator
r − log r − 1 with r = π_base/π. No game and no league may enter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from examples.league.game import Flags, Floats, Ints
from examples.league.orders import TOKENS_PER_ORDER
from examples.league.policy import log_softmax
from examples.league.rollout import Decisions


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What is optimised, and how hard."""

    learning_rate: float = 0.004
    beta: float = 0.05
    """Weight of the KL term."""
    clip: float | None = 0.03
    """Half-width of the interval the ratio counts in, narrow since one step moves this small policy little; None: no
    clipping."""
    epochs: int = 3
    minibatches: int = 2
    max_grad_norm: float | None = 1.0
    epsilon: float = 1e-4
    """Added to the standard deviation of a group's rewards."""
    sign: float = 1.0
    """−1 climbs down: the fault of the recipe `regression`."""


@dataclass(frozen=True, kw_only=True)
class Experience:
    """The rollouts of one step."""

    decisions: Decisions
    rewards: Floats
    """Shape (groups, size); element i, counted row by row, is that of trajectory i of `decisions`."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Decisions of many trajectories, flattened."""

    features: Floats
    """Shape (m, 5, features)."""
    choices: Ints
    """Shape (m,)."""
    advantages: Floats
    """Shape (m,): that of the trajectory the decision is from."""
    old: Floats
    """Shape (m,): log-probability under the policy that played."""
    base: Floats
    """Shape (m,): log-probability under the base policy."""

    def take(self, rows: Ints | Flags) -> Batch:
        """Pick decisions."""
        return Batch(
            features=self.features[rows],
            choices=self.choices[rows],
            advantages=self.advantages[rows],
            old=self.old[rows],
            base=self.base[rows],
        )


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The loss of one minibatch, its gradient and what is logged about it."""

    value: float
    gradient: Floats
    clip_fraction: float
    """Share of decisions whose gradient the clipping cut off."""


@dataclass(frozen=True, kw_only=True)
class Adam:
    """State of the optimiser (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1)."""

    first: Floats
    second: Floats
    updates: int = 0

    def update(self, weights: Floats, gradient: Floats, learning_rate: float) -> tuple[Floats, Adam]:
        """Take one step against the gradient."""
        t = self.updates + 1
        first = 0.9 * self.first + 0.1 * gradient
        second = 0.99 * self.second + 0.01 * gradient**2
        move = (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.99**t)) + 1e-8)
        return weights - learning_rate * move, Adam(first=first, second=second, updates=t)


@dataclass(frozen=True, kw_only=True)
class Learner:
    """A policy in training."""

    weights: Floats
    adam: Adam

    @classmethod
    def start(cls, weights: Floats) -> Learner:
        """Begin at the given weights."""
        return cls(weights=weights, adam=Adam(first=np.zeros_like(weights), second=np.zeros_like(weights)))


@dataclass(frozen=True, kw_only=True)
class Update:
    """What one training step did, as it is logged."""

    learner: Learner
    loss: float
    grad_norm: float
    """Largest norm over the minibatches, before it is limited."""
    kl_mean: float
    """Of the policy that played, over all tokens of its orders."""
    kl_max: float
    """The largest mean over the tokens of a group."""
    entropy: float
    """Nats a token."""
    clip_fraction: float
    zero_std: float
    """Share of groups whose rewards are all equal."""


def compare(rewards: Floats, objective: Objective) -> Floats:
    """Advantages (groups, size) of rewards of the same shape: distance to the group's mean in standard deviations.

    A group of equal rewards has advantage 0; with `epsilon` 0 it is 0/0, which is the fault of the recipe
    `nan-gradient`.
    """
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(objective.sign * centred / (rewards.std(axis=1, keepdims=True) + objective.epsilon))


def chosen(weights: Floats, features: Floats, choices: Ints) -> Floats:
    """Log-probability of each choice."""
    return np.asarray(log_softmax(features @ weights)[np.arange(len(choices)), choices])


def measure(weights: Floats, batch: Batch, objective: Objective) -> Loss:
    """Loss and gradient at `weights`: the mean over decisions of −min(ρA, clip(ρ)A) + β (r − log r − 1)."""
    logp = log_softmax(batch.features @ weights)
    taken = logp[np.arange(len(batch.choices)), batch.choices]
    ratio = np.exp(taken - batch.old)
    surrogate = ratio * batch.advantages
    active = np.ones(len(ratio), np.bool_)
    if objective.clip is not None:
        bounded = np.clip(ratio, 1 - objective.clip, 1 + objective.clip) * batch.advantages
        active = ~(bounded < surrogate)
        surrogate = np.minimum(surrogate, bounded)
    loss = -surrogate
    slope = -ratio * batch.advantages * active
    if objective.beta:
        gap = batch.base - taken
        loss = loss + objective.beta * (np.exp(gap) - gap - 1.0)
        slope = slope + objective.beta * (1.0 - np.exp(gap))
    # d log π(a) / d logits = one-hot(a) − π
    pull = -np.exp(logp) * slope[:, None]
    pull[np.arange(len(slope)), batch.choices] += slope
    gradient = np.tensordot(pull, batch.features, axes=([0, 1], [0, 1])) / len(slope)
    return Loss(value=float(loss.mean()), gradient=gradient, clip_fraction=float(1.0 - active.mean()))


def learn(
    learner: Learner, base: Floats, experience: Experience, objective: Objective, rng: np.random.Generator
) -> Update:
    """Take one training step: several epochs over the minibatches of one set of rollouts."""
    decisions, rewards = experience.decisions, experience.rewards
    n, d = decisions.choices.shape
    used = decisions.written.ravel()
    features = decisions.features.reshape(n * d, *decisions.features.shape[2:])
    choices = decisions.choices.ravel()
    batch = Batch(
        features=features,
        choices=choices,
        advantages=np.repeat(compare(rewards, objective).ravel(), d),
        old=chosen(learner.weights, features, choices),
        base=chosen(base, features, choices),
    )
    gap = (batch.base - batch.old)[used]
    kl = (np.exp(gap) - gap - 1.0) / TOKENS_PER_ORDER
    group = np.repeat(np.arange(n), d)[used] // rewards.shape[1]
    sizes = np.bincount(group, minlength=len(rewards))
    by_group = np.bincount(group, kl, minlength=len(rewards))[sizes > 0] / sizes[sizes > 0]
    logp = log_softmax(features[used] @ learner.weights)
    losses: list[Loss] = []
    for _ in range(objective.epochs):
        for part in np.array_split(rng.permutation(n), objective.minibatches):
            rows = (part[:, None] * d + np.arange(d)).ravel()
            loss = measure(learner.weights, batch.take(rows[used[rows]]), objective)
            losses.append(loss)
            learner = _step(learner, loss.gradient, objective)
    return Update(
        learner=learner,
        loss=float(np.mean([loss.value for loss in losses])),
        grad_norm=float(np.max([np.linalg.norm(loss.gradient) for loss in losses])),
        kl_mean=float(kl.mean()),
        kl_max=float(by_group.max()),
        entropy=float(-(np.exp(logp) * logp).sum(axis=-1).mean() / TOKENS_PER_ORDER),
        clip_fraction=float(np.mean([loss.clip_fraction for loss in losses])),
        zero_std=float((rewards.std(axis=1) == 0).mean()),
    )


def _step(learner: Learner, gradient: Floats, objective: Objective) -> Learner:
    norm = float(np.linalg.norm(gradient))
    if objective.max_grad_norm is not None and norm > objective.max_grad_norm:
        gradient = gradient * (objective.max_grad_norm / norm)
    weights, adam = learner.adam.update(learner.weights, gradient, objective.learning_rate)
    return replace(learner, weights=weights, adam=adam)
