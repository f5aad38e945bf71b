"""Recipes: one healthy training run, and switches that make it go wrong by a cause, not by editing what is logged.

No loop and no logging may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from examples.league.engine import EngineSpec
from examples.league.grpo import Objective
from examples.league.orders import LogitsProcessor

TOTAL_STEPS = 100
SUBSISTENCE = 12
"""A quarter of what a power earns on average."""

_HEALTHY, _WORKING, _IDLE = Objective(), LogitsProcessor(), EngineSpec()


class Reward(StrEnum):
    """What the learner is paid for."""

    SHARE = "share"
    """Share of all income times the seats, and 1 more for earning the most."""
    SUBSISTENCE = "subsistence"
    """1 for earning at least SUBSISTENCE: nearly everybody does."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How training works from one step on."""

    from_step: int = 0
    objective: Objective = _HEALTHY
    same_seed: bool = False
    """One rollout a step comes from a replica that samples every fork with the same seed: all are the same game."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One kind of run."""

    name: str
    what: str
    """What happens and by which cause, in one sentence."""
    stages: tuple[Stage, ...] = (Stage(),)
    reward: Reward = Reward.SHARE
    processor: LogitsProcessor = _WORKING
    engine: EngineSpec = _IDLE
    stop_at: int | None = None
    """The run ends by itself before this step."""
    kill_at: int | None = None
    """The run's processes are killed before this step."""
    log_calls: int = 1

    def stage(self, step: int) -> Stage:
        """The last stage that has begun."""
        return [stage for stage in self.stages if stage.from_step <= step][-1]


_ALL = (
    Recipe(name="healthy", what="Learns and beats its references."),
    Recipe(
        name="kl-explosion",
        what="From half of the run 75 times the learning rate, 8 epochs a step, beta 0, no clipping, no norm limit.",
        stages=(
            Stage(),
            Stage(
                from_step=50,
                objective=Objective(
                    learning_rate=0.3, epochs=8, minibatches=3, beta=0.0, clip=None, max_grad_norm=None
                ),
            ),
        ),
    ),
    Recipe(
        name="nan-gradient",
        what="From half of the run one replica samples all forks with one seed: equal rewards, 0/0 without an epsilon.",
        stages=(
            Stage(objective=Objective(epsilon=0.0)),
            Stage(from_step=50, objective=Objective(epsilon=0.0), same_seed=True),
        ),
    ),
    Recipe(
        name="no-learning",
        what="The reward is 1 for earning a bare living, which is no feat: nearly every group has equal rewards.",
        reward=Reward.SUBSISTENCE,
    ),
    Recipe(
        name="regression",
        what="From 60 % of the run the sign of the advantage is flipped: the policy learns to lose.",
        stages=(Stage(), Stage(from_step=60, objective=Objective(sign=-1.0, learning_rate=0.009, clip=0.1))),
    ),
    Recipe(
        name="slow-rollouts",
        what="Another job floods the queue of the inference engine, and some games hang.",
        engine=EngineSpec(foreign_chunks=25.0, hang_rate=0.01),
    ),
    Recipe(
        name="extraction-bug",
        what="The logits processor forgets its penalty on the stop token: orders are cut off or missing.",
        processor=LogitsProcessor(penalty=0.0),
    ),
    Recipe(name="killed", what="SIGKILL at 55 % of the run: no exit record.", kill_at=55),
    Recipe(name="short", what="Ends by itself at 40 % of the planned steps, with exit code 0.", stop_at=40),
    Recipe(name="double-logging", what="Two log calls a step: W&B's step counter doubles.", log_calls=2),
)

RECIPES: Mapping[str, Recipe] = MappingProxyType({recipe.name: recipe for recipe in _ALL})


def run_id(recipe: str, seed: int) -> str:
    """The W&B id of a run."""
    return f"{recipe}-s{seed}"


def run_name(recipe: str, seed: int) -> str:
    """The display name of a run."""
    return f"league-{recipe}-s{seed}"
