"""The simulated inference engine: its clock obeys the queue."""

from itertools import pairwise

import numpy as np
import pytest

from examples.league.engine import EngineSpec, StepTime, serve
from examples.league.recipes import RECIPES


def clock(spec: EngineSpec, rollouts: int = 4, sequences: int = 40, seed: int = 0) -> StepTime:
    return serve(spec, [[sequences] * 12] * rollouts, "adapter_v20", 100.0, np.random.default_rng(seed))


def durations(time: StepTime) -> list[float]:
    return [rollout.ended - rollout.started for rollout in time.rollouts]


def test_every_response_that_was_asked_for_is_served() -> None:
    time = clock(EngineSpec())

    assert sum(chunk.batch_size for chunk in time.chunks) == 4 * 12 * 40
    assert all(0 < chunk.batch_size <= EngineSpec().chunk for chunk in time.chunks)


def test_replicas_cannot_work_longer_than_there_is_time() -> None:
    spec = EngineSpec()
    time = clock(spec)
    busy = sum(chunk.generation_s + chunk.adapter_load_s for chunk in time.chunks)

    assert busy <= spec.replicas * (time.ended - 100.0)
    assert all(chunk.waited_s >= 0 for chunk in time.chunks)


def test_fewer_replicas_take_longer() -> None:
    spans = [clock(EngineSpec(replicas=n)).ended for n in (4, 2, 1)]

    assert all(first < second for first, second in pairwise(spans))


def test_another_job_in_the_queue_makes_rollouts_slow_but_not_generation() -> None:
    healthy, slow = clock(EngineSpec()), clock(RECIPES["slow-rollouts"].engine)

    assert max(durations(healthy)) < 60
    assert min(durations(slow)) > 120
    assert np.mean([c.generation_s for c in healthy.chunks]) == pytest.approx(
        np.mean([c.generation_s for c in slow.chunks]), rel=0.1
    )


def test_a_lost_connection_is_told_and_the_rollout_starts_again() -> None:
    time = clock(EngineSpec(failure_rate=1.0))

    for rollout in time.rollouts:
        assert rollout.failed_at is not None
        assert rollout.started < rollout.failed_at < rollout.ended
    assert min(durations(time)) > min(durations(clock(EngineSpec(failure_rate=0.0))))
