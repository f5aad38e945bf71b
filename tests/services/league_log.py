"""A log of a league training with every alias, hole and tie that both executions of a question must treat alike.

No service may enter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, TypeVar

Event: TypeAlias = dict[str, object]
T = TypeVar("T")

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
HOSTILE = 'it\'s "q" \\ x'
RUNS = ("run-a", "run-a", "run-b", None, HOSTILE)
POWERS = ("NORTH", "EAST", "SOUTH", "WEST")


class _Writer:
    """Draws what a careless writer logs: the same things under different names, or not at all."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test data

    def one(self, *of: T) -> T:
        return self._random.choice(of)

    def below(self, top: float, digits: int = 2) -> float:
        return round(self._random.uniform(0, top), digits)

    def event(self, second: float, name: str, **fields: object) -> Event:
        time = START + timedelta(seconds=second)
        run = self.one(*RUNS)
        found: Event = {
            "_time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            self.one("event", "event", "event_name"): name,
            self.one("run_name", "run_id"): run,
            **fields,
        }
        return {key: value for key, value in found.items() if value is not None}

    def rollout(self, second: float) -> Iterator[Event]:
        yield self.event(second, "rollout_start", level="info")
        lasted = self.below(90)
        if self.below(1) < 0.1:
            message = self.one("timeout", "CUDA oom", None, "é ünï | `x`", "a // b", 'say "no"')
            kind = self.one("Timeout", "OOM")
            yield self.event(second + lasted, "rollout_error", error=message, error_type=kind, level="error")
            return
        duration: Event = self.one(
            {"duration_s": lasted},
            {"total_duration_ms": round(lasted * 1000)},
            {"duration_ms": lasted * 1000},
            {"duration_s": -1.0, "total_duration_ms": round(lasted * 1000)},
            {"duration_s": -1.0},
            {},
        )
        fields = {
            **duration,
            self.one("trajectory_count", "trajectories_count"): self.one(8, 20, None),
            self.one("final_scores", "final_scores", "power_scores"): self.one(self.scores(), self.scores(), None),
            "horizon_type": self.one("full", "short", "", None),
        }
        yield self.event(second + lasted, "rollout_complete", level="info", **fields)

    def scores(self) -> dict[str, float | None]:
        """Give scores with ties; a seat may lack its score, and all may."""
        scores: dict[str, float | None] = {power: self.one(10.0, 25.5, self.below(40, 1)) for power in POWERS}
        if self.below(1) < 0.2:
            scores["WEST"] = None
        return dict.fromkeys(POWERS) if self.below(1) < 0.1 else scores

    def inference(self, second: float) -> Iterator[Event]:
        took = self.one({"generation_time_s": self.below(1, 4)}, {"generation_time_ms": self.below(1000)}, {})
        yield self.event(
            second,
            "inference_timing_breakdown",
            lora_name=self.one("adapter_v1", "adapter_v2", None),
            batch_size=self.one(8, 16, 32.0),
            prefix_cache_hit_rate=self.below(1, 4),
            input_tokens_per_second=self.below(2000),
            output_tokens_per_second=self.one(None, self.below(9)),
            adapter_load_time_s=self.one(None, 0.2, 0.5),
            **took,
        )
        for _ in range(self.one(1, 2)):
            yield self.event(second + 1, "inference_response", duration_ms=self.below(900), tokens_per_second=3.0)

    def order(self, second: float) -> Event:
        name = self.one(*["orders_extracted"] * 6, "orders_empty", "orders_partial")
        return self.event(second, name, **{self.one("power", "power_name"): self.one(*POWERS, None)})


def league_log(seed: int = 5, rollouts: int = 60) -> Sequence[Event]:
    """Give the events in the order of their times."""
    writer = _Writer(seed)
    events: list[Event] = []
    for number in range(rollouts):
        events += writer.rollout(number * 30 + writer.below(1))
        events += writer.inference(number * 40)
        events.append(writer.order(number * 11))
    events += [writer.event(second, "training_step", step=second) for second in range(5)]
    return sorted(events, key=lambda event: str(event["_time"]))
