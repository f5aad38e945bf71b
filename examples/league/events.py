"""Events: a step's rollouts, engine and orders as rows of an Axiom dataset.

The log keeps every rollout and every error, and a fixed sample of what comes in thousands: one response a rollout and
one engine chunk a step. No decision about training may enter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from examples.league.engine import RETRY_S, UPDATE_S, Chunk
from examples.league.game import POWERS
from examples.league.trainer import GROUP_SIZE, GROUPS, StepRecord

Event: TypeAlias = dict[str, object]

EPOCH = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)
"""Second 0 of the simulated clock."""


def describe(record: StepRecord, run_name: str) -> list[Event]:
    """All events of one step, in the order of their time."""
    rows = sorted([*_rollouts(record), *_engine(record), *_orders(record), _training(record)], key=lambda row: row[0])
    return [
        {"_time": _stamp(at), "event": name, "level": level, "run_name": run_name, **fields}
        for at, name, level, fields in rows
    ]


_Row: TypeAlias = tuple[float, str, str, Event]


def _rollouts(record: StepRecord) -> Iterator[_Row]:
    for k, (group, time) in enumerate(zip(record.groups, record.time.rollouts, strict=True)):
        rollout = rollout_id(record.step, k)
        yield time.started, "rollout_start", "info", {"rollout": rollout}
        if time.failed_at is not None:
            message = f"connection to the engine lost, trying again in {RETRY_S / 2:g} s"
            yield time.failed_at, "rollout_error", "error", {"rollout": rollout, "error": message}
        yield (
            time.ended,
            "rollout_complete",
            "info",
            {
                "rollout": rollout,
                "duration_s": round(time.ended - time.started, 2),
                "trajectory_count": GROUP_SIZE,
                "horizon_type": "full",
                "final_scores": {p: round(s, 1) for p, s in zip(POWERS, group.final_scores, strict=True)},
            },
        )


def _engine(record: StepRecord) -> Iterator[_Row]:
    chunks = record.time.chunks
    one = chunks[record.step % len(chunks)]
    yield (
        one.at,
        "inference_response",
        "info",
        {
            "duration_ms": round(1000 * (one.waited_s + one.adapter_load_s + one.generation_s)),
            "tokens_per_second": round(one.output_tokens / one.generation_s, 1),
            "batch_size": one.batch_size,
        },
    )
    seconds = math.fsum(chunk.generation_s for chunk in chunks)
    yield (
        max(chunk.at for chunk in chunks),
        "inference_timing_breakdown",
        "info",
        {
            "lora_name": record.lora,
            "generation_time_s": round(seconds / len(chunks), 3),
            "adapter_load_time_s": round(math.fsum(chunk.adapter_load_s for chunk in chunks), 3),
            "input_tokens_per_second": round(sum(chunk.input_tokens for chunk in chunks) / seconds, 1),
            "output_tokens_per_second": round(sum(chunk.output_tokens for chunk in chunks) / seconds, 1),
            "batch_size": round(sum(chunk.batch_size for chunk in chunks) / len(chunks), 1),
            "prefix_cache_hit_rate": round(_hit_rate(chunks), 3),
        },
    )


def _hit_rate(chunks: tuple[Chunk, ...]) -> float:
    cached = math.fsum(chunk.cache_hit_rate * chunk.input_tokens for chunk in chunks)
    return cached / sum(chunk.input_tokens for chunk in chunks)


def _orders(record: StepRecord) -> Iterator[_Row]:
    """One response a rollout: turn and game go round with the step, whatever came of them."""
    kinds = record.responses.kinds
    for k, (group, time) in enumerate(zip(record.groups, record.time.rollouts, strict=True)):
        turn = record.step % len(kinds)
        kind = kinds[turn][k * GROUP_SIZE + record.step % GROUP_SIZE]
        at = time.started + (time.ended - time.started) * (turn + 1) / len(kinds)
        yield at, kind.value, "info", {"power": POWERS[group.learner_seat], "rollout": rollout_id(record.step, k)}


def _training(record: StepRecord) -> _Row:
    ended = record.time.ended
    return ended + UPDATE_S, "training_step", "info", {"step": record.step, "trajectories": GROUPS * GROUP_SIZE}


def rollout_id(step: int, group: int) -> str:
    """Name a training rollout: unique within a run, and other than those of rated games."""
    return f"s{step:03d}t{group}"


def _stamp(at: float) -> str:
    return (EPOCH + timedelta(seconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
