"""A simulated inference engine: when the rollouts of a step start and end, and what the engine reports.

The games are real, the clock is not: a recording must not take hours. A rollout asks for one batch of responses a turn
(all its forks and all seats that are models); the batch is cut into chunks that the engine's replicas serve in order of
arrival. The time of a chunk is prefill of the uncached prompt, then decoding token by token for all sequences at once.
No game may enter.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

PROMPT_TOKENS = 620
TOKENS_A_TURN = 30
"""By which the prompt grows each turn."""
OUTPUT_TOKENS = 64
"""Mean length of a response: a short plan, then the orders."""
PREFILL_TOKENS_PER_S = 14_000.0
DECODE_S_PER_TOKEN = 0.016
GAME_S_PER_TURN = 0.6
"""Time outside the engine: the game itself and the parsing."""
RETRY_S = 20.0
"""From the start of a rollout that loses its connection to its second start; it is lost at half of it."""
UPDATE_S = 4.0
"""Time of the update itself, after the rollouts."""


@dataclass(frozen=True, kw_only=True)
class EngineSpec:
    """How much engine there is, and who else uses it."""

    replicas: int = 3
    chunk: int = 32
    """Most sequences a replica serves at once."""
    foreign_chunks: float = 0.0
    """Mean number of another job's chunks that wait before each of ours."""
    hang_rate: float = 0.0
    """Share of chunks in which a game hangs until its timeout."""
    hang_s: float = 240.0
    failure_rate: float = 5e-4
    """Share of rollouts that lose the connection once and start again."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One served chunk."""

    at: float
    """When the answer came, in seconds of the simulated clock."""
    lora: str
    waited_s: float
    generation_s: float
    adapter_load_s: float
    batch_size: int
    input_tokens: int
    output_tokens: int
    cache_hit_rate: float


@dataclass(frozen=True, kw_only=True)
class RolloutTime:
    """When one rollout ran."""

    started: float
    ended: float
    failed_at: float | None
    """When it lost the connection, if it did."""


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """The clock of one training step."""

    rollouts: tuple[RolloutTime, ...]
    chunks: tuple[Chunk, ...]

    @property
    def ended(self) -> float:
        """When the last rollout was done."""
        return max(rollout.ended for rollout in self.rollouts)


def serve(spec: EngineSpec, requests: list[list[int]], lora: str, now: float, rng: np.random.Generator) -> StepTime:
    """Run the rollouts of one step at once from `now` on.

    `requests[r]` is how many responses rollout r asks for in each of its turns.
    """
    free = [now] * spec.replicas
    failures = rng.random(len(requests)) < spec.failure_rate
    starts = [now + float(delay) for delay in rng.uniform(0.0, 1.5, len(requests))]
    failed = [start + RETRY_S / 2 if hit else None for start, hit in zip(starts, failures.tolist(), strict=True)]
    ready = [(start + RETRY_S * bool(hit), r, 0) for r, (start, hit) in enumerate(zip(starts, failures, strict=True))]
    heapq.heapify(ready)
    ends = list(starts)
    chunks: list[Chunk] = []
    while ready:
        asked, r, turn = heapq.heappop(ready)
        if turn == len(requests[r]):
            ends[r] = asked
            continue
        answered = asked
        left = requests[r][turn]
        while left > 0:
            size = min(left, spec.chunk)
            left -= size
            chunk = _generate(size, turn, lora, rng)
            start = max(asked, heapq.heappop(free)) + _blocked(spec, chunk.generation_s, rng)
            done = start + chunk.adapter_load_s + chunk.generation_s
            heapq.heappush(free, done)
            chunks.append(Chunk(**{**vars(chunk), "at": done, "waited_s": start - asked}))
            answered = max(answered, done)
        heapq.heappush(ready, (answered + GAME_S_PER_TURN * float(rng.uniform(0.7, 1.3)), r, turn + 1))
    times = zip(starts, ends, failed, strict=True)
    return StepTime(
        rollouts=tuple(RolloutTime(started=start, ended=end, failed_at=lost) for start, end, lost in times),
        chunks=tuple(chunks),
    )


def _generate(size: int, turn: int, lora: str, rng: np.random.Generator) -> Chunk:
    hit_rate = float(rng.beta(14.0 + turn, 6.0))  # later turns share a longer prefix
    prompt = size * (PROMPT_TOKENS + TOKENS_A_TURN * turn)
    longest = OUTPUT_TOKENS * float(rng.uniform(0.9, 1.35))
    return Chunk(
        at=0.0,
        lora=lora,
        waited_s=0.0,
        generation_s=prompt * (1 - hit_rate) / PREFILL_TOKENS_PER_S + longest * DECODE_S_PER_TOKEN,
        adapter_load_s=float(rng.uniform(0.1, 0.4)) if turn == 0 else 0.0,
        batch_size=size,
        input_tokens=prompt,
        output_tokens=round(size * longest * 0.85),
        cache_hit_rate=hit_rate,
    )


def _blocked(spec: EngineSpec, generation_s: float, rng: np.random.Generator) -> float:
    foreign = float(rng.poisson(spec.foreign_chunks)) * generation_s if spec.foreign_chunks else 0.0
    hang = spec.hang_s if spec.hang_rate and rng.random() < spec.hang_rate else 0.0
    return foreign + hang
