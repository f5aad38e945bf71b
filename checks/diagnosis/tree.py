"""The decision tree of the field, as data: its leaves in the order they are asked; the first to hold is the main one.

To add a pattern, write its leaf here and its sign in the room of its evidence. No statistic may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from checks.diagnosis import league, pipeline, record, training
from checks.diagnosis.leaf import Branch, Leaf

LEAVES: tuple[Leaf, ...] = (
    Leaf(
        pattern="double-logging",
        title="Double logging",
        branch=Branch.RECORD,
        recognised="Rows of disjoint metrics take turns at different steps, or every value stands twice.",
        rests_on="The logged rows: at which step, and which metrics each held.",
        sign=record.double_logging,
        cause="`log` is called more than once a training step, and the step counter counts calls.",
        remedy="Log all metrics of a step in one call, or give the step; then rerun. Read no trend by step until then.",
    ),
    Leaf(
        pattern="logits-processor-fault",
        title="Orders cannot be read",
        branch=Branch.PIPELINE,
        recognised="Fewer than 95 % of the answers are read in full, with the whole interval below; by the series, in "
        "the last third of the run.",
        rests_on="The log question `extraction` (30 answers or more), else the role `extraction-share` (10 steps).",
        sign=pipeline.unreadable,
        cause="The logits processor lets answers stop early, or prompt, units and parser do not fit each other.",
        remedy="Check the logits processor and its stop tokens, then the prompt and the parsing of units.",
    ),
    Leaf(
        pattern="inference-bottleneck",
        title="Inference bottleneck",
        branch=Branch.PIPELINE,
        recognised="The typical rollout, or the engine's speed, misses the bound that the policy sets.",
        rests_on="The log questions `rollout-timing` and `inference`, as far as the policy's checks ask of them.",
        sign=pipeline.bottleneck,
        cause="Rollouts wait for the engine: too few replicas, small batches, other jobs in its queue.",
        remedy="Look at the engine's queue and batch size, raise concurrency, add replicas or keep other jobs off.",
    ),
    Leaf(
        pattern="hanging-games",
        title="Hanging games",
        branch=Branch.PIPELINE,
        recognised="Over 5 % of the rollouts neither complete nor fail, or the slowest twentieth takes three times as "
        "long as the typical one and misses its bound.",
        rests_on="The log questions `health` (30 rollouts or more) and `rollout-timing`.",
        sign=pipeline.hanging,
        cause="Games wait for something that never comes, or workers die without a word.",
        remedy="Give games and requests a timeout, and look for workers that ended during a rollout.",
    ),
    Leaf(
        pattern="numbers-broke",
        title="Numbers broke",
        branch=Branch.SIGNAL,
        recognised="Over 1 % of the values of loss, gradient norm, KL, entropy or reward, or the last, are not finite.",
        rests_on="Those series as they were logged, 10 values or more.",
        sign=record.numbers_broke,
        cause="A division by zero (a group without variance), log(0), or an overflow in half precision.",
        remedy="Look at the first such step; add an epsilon to the standard deviation, skip groups without variance.",
    ),
    Leaf(
        pattern="dead-signal",
        title="Dead signal",
        branch=Branch.SIGNAL,
        recognised="Most groups have equal rewards in the second half of the run, so that advantages are 0.",
        rests_on="The role `zero-variance-share` (10 steps), else `reward-std` (20 steps).",
        sign=training.dead_signal,
        cause="The reward is saturated or too sparse: everybody gets the same.",
        remedy="Change the reward or the tasks, so that attempts at the same task differ.",
    ),
    Leaf(
        pattern="runaway-divergence",
        title="Runaway divergence",
        branch=Branch.OPTIMISATION,
        recognised="KL passes 0.2 and stays above it for most of the rest, and it leaps there at once or swings wider "
        "than its level explains, for sure; or the reward did not surely rise since, and it swings wider, is lower, or "
        "the KL's median is 1.",
        rests_on="The role `kl` (5 values above), and `reward` before and since (8 moves or 4 values each).",
        sign=training.runaway,
        cause="Updates are too large for the leash: learning rate too high, beta too small, clipping off.",
        remedy="Lower the learning rate, raise beta, clip ratios and gradients; start again from before the step.",
    ),
    Leaf(
        pattern="instability",
        title="Instability",
        branch=Branch.OPTIMISATION,
        recognised="Reward or loss swing over twice as wide in the second half as in the first, for sure and beyond "
        "what a higher level makes, while the reward does not surely rise; or five gradient norms or more reach 50 "
        "after the first tenth.",
        rests_on="The roles `reward`, `loss` and `grad-norm`, 20 steps or more.",
        sign=training.instability,
        cause="Steps are too large, batches too small, or what is trained on changed.",
        remedy="Clip the gradient, lower the learning rate, enlarge the batch; look at what changed when they grew.",
        unless=("runaway-divergence",),
    ),
    Leaf(
        pattern="policy-collapse",
        title="Policy collapse",
        branch=Branch.OPTIMISATION,
        recognised="KL falls from above 0.001 to a fifth of its peak or less and below 0.001, while the reward stays "
        "flat.",
        rests_on="The roles `kl` and `reward`, 20 steps or more.",
        sign=training.policy_collapse,
        cause="The penalty outweighs the reward: the policy goes back to its reference.",
        remedy="Lower beta, and see whether advantages are large enough to be felt.",
        unless=("dead-signal",),
    ),
    Leaf(
        pattern="kl-without-warm-up",
        title="Early decline from a KL penalty without warm-up",
        branch=Branch.OPTIMISATION,
        recognised="In the first 30 % of the steps the reward falls by a quarter of its range, for sure, while KL is "
        "at its highest of the whole run.",
        rests_on="The roles `reward` and `kl`, 20 steps or more and 8 early ones.",
        sign=training.no_warm_up,
        cause="The full penalty acts from the first step, before the reward has anything to set against it.",
        remedy="Warm beta up (and the learning rate) over the first steps.",
    ),
    Leaf(
        pattern="learning-rate-too-high",
        title="Learning rate too high",
        branch=Branch.OPTIMISATION,
        recognised="In the second half at least two of: KL above 0.1 (95th percentile), over 30 % of ratios clipped, "
        "gradient norm of 50 or more (95th percentile).",
        rests_on="The roles `kl`, `clip-share`, `grad-norm`, 20 steps or more.",
        sign=training.rate_too_high,
        cause="Each update goes farther than its data vouch for.",
        remedy="Lower the learning rate to a third, or take fewer epochs a batch.",
        unless=("runaway-divergence",),
    ),
    Leaf(
        pattern="learning-rate-too-low",
        title="Learning rate too low",
        branch=Branch.OPTIMISATION,
        recognised="KL stays below 0.001 (95th percentile) though gradients flow, and the reward stays flat.",
        rests_on="The roles `kl`, `grad-norm` and `reward`, 20 steps or more.",
        sign=training.rate_too_low,
        cause="Updates are too small to be seen.",
        remedy="Raise the learning rate three-fold, and see that the optimiser's steps reach the model that plays.",
        unless=("dead-signal", "policy-collapse"),
    ),
    Leaf(
        pattern="entropy-collapse",
        title="Entropy collapse",
        branch=Branch.OPTIMISATION,
        recognised="In the last third entropy is a fifth or less of where it began.",
        rests_on="The role `entropy`, 20 steps or more.",
        sign=training.entropy_collapse,
        cause="The policy became nearly deterministic and no longer explores.",
        remedy="Add an entropy bonus, raise the sampling temperature or beta, or lower the learning rate.",
    ),
    Leaf(
        pattern="length-blow-up",
        title="Length blow-up",
        branch=Branch.OPTIMISATION,
        recognised="Completions grow to twice their length and by over 50 tokens, for sure, or half of them are cut "
        "off at the end.",
        rests_on="The roles `completion-length` (20 steps) and `truncated-share` (10 steps).",
        sign=training.length_blow_up,
        cause="Length is rewarded, or not punished; what is cut off earns no honest reward.",
        remedy="Raise the length limit, mask or punish what is cut off, and see that no reward pays for length.",
    ),
    Leaf(
        pattern="cut-short",
        title="Cut short",
        branch=Branch.END,
        recognised="The record has no exit, a bad one, or ends before the planned steps.",
        rests_on="The run's state, as far as its source records it, its last step and its plan.",
        sign=record.cut_short,
        cause="The run was killed (time limit, memory, machine), crashed, or its plan was changed.",
        remedy="Find out why it ended, resume it or rerun it to its end.",
        unless=("double-logging",),
    ),
    Leaf(
        pattern="reference-drift",
        title="Reference drift",
        branch=Branch.STRENGTH,
        recognised="Two fixed references moved against each other, by chance less often than once in a thousand runs.",
        rests_on="Games among the references, early and late, or ratings that the policy gives them.",
        sign=record.reference_drift,
        cause="The environment changed (rules, prompts, engine, sampling), an agent that is called fixed did, or a "
        "broken model sat in the same games.",
        remedy="Find what changed; compare no rating of this run with earlier ones, and rate the references anew.",
    ),
    Leaf(
        pattern="regression",
        title="The latest checkpoint has regressed",
        branch=Branch.STRENGTH,
        recognised="The newest checkpoint stands below an older one, for sure; where neither games nor ratings tell, "
        "the reward ends over half of its range below its peak, for sure.",
        rests_on="Games or logged ratings that raise no doubt; else the role `reward`, 20 steps.",
        sign=league.regression,
        cause="Recent training made the model worse: learning rate, reward, curriculum or opponents changed.",
        remedy="Promote the best older checkpoint instead, once games confirm it, and find what changed after it.",
    ),
    Leaf(
        pattern="weaker-than-reference",
        title="Weaker than the reference",
        branch=Branch.STRENGTH,
        recognised="The newest checkpoint stands below the fixed reference, for sure.",
        rests_on="Games or logged ratings that raise no doubt.",
        sign=league.weaker,
        cause="Training made the model worse than what it began with: the reward, its sign, how it is sampled.",
        remedy="Promote none of it; check the sign of the advantage, the reward, and that checkpoint and reference are "
        "prompted and sampled alike.",
        unless=("regression",),
    ),
    Leaf(
        pattern="not-generalising",
        title="Not generalising beyond self-play",
        branch=Branch.STRENGTH,
        recognised="The newest checkpoint passes the older ones, for sure, while the gain on fixed references is below "
        "20 Elo each, for sure.",
        rests_on="Games that raise no doubt, of two checkpoints or more, with the references.",
        sign=league.not_generalising,
        cause="The model learns to beat its own past, whose habits it knows.",
        remedy="Train against the fixed agents and a wider league too.",
        unless=("regression",),
    ),
    Leaf(
        pattern="plateau",
        title="Plateau",
        branch=Branch.STRENGTH,
        recognised="The gain on the reference, or the newest checkpoint's on the older ones, lies within 20 Elo of 0, "
        "for sure; where neither games nor ratings tell, the reward changes by less than a tenth of its level, for "
        "sure, and no change is.",
        rests_on="Games or logged ratings that raise no doubt; else the role `reward`, 20 steps.",
        sign=league.plateau,
        cause="What can be learnt this way is learnt, or the signal is too weak to learn more.",
        remedy="Train longer only with a change: reward, opponents, curriculum or learning rate.",
        unless=("regression", "weaker-than-reference", "not-generalising"),
    ),
    Leaf(
        pattern="learning",
        title="Learning",
        branch=Branch.STRENGTH,
        recognised="The checkpoints' trend ends above the fixed reference, for sure, and the newest is not below an "
        "older one; where neither games nor ratings tell, the reward rises by a quarter of its range, for sure, "
        "without falling back.",
        rests_on="Games or logged ratings that raise no doubt; else the role `reward`, 20 steps.",
        sign=league.learning,
        cause="Training works.",
        remedy="Whether to promote is for the verdict to say; other patterns of this run stand as they are.",
        unless=("regression", "weaker-than-reference", "not-generalising"),
    ),
    Leaf(
        pattern="seat-imbalance",
        title="Seat imbalance",
        branch=Branch.STRENGTH,
        recognised="The best and the worst seat, or moving first or second, are over 50 Elo apart, for sure.",
        rests_on="Games that record who held which seat.",
        sign=league.seat_imbalance,
        cause="The game favours a seat.",
        remedy="Give every agent every seat equally often, and keep seats apart when rewards are compared.",
    ),
)

BY_PATTERN: Mapping[str, Leaf] = MappingProxyType({leaf.pattern: leaf for leaf in LEAVES})
"""Every leaf by its pattern."""
