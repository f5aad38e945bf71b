"""The one room that knows W&B: a run in offline mode, with nothing of the machine in it.

No training may enter.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from os import getpgrp, kill, killpg
from pathlib import Path

import wandb

from examples.league import elo
from examples.league.recipes import TOTAL_STEPS, Recipe, run_id, run_name
from examples.league.trainer import CHECKPOINT_EVERY, GROUP_SIZE, GROUPS

FLUSH_S = 0.2
"""How often the SDK writes its record to disk: what a killed run leaves behind is what was flushed."""


class Tracker:
    """One W&B run."""

    def __init__(self, recipe: Recipe, seed: int, folder: Path) -> None:
        objective = asdict(recipe.stages[0].objective)
        settings = wandb.Settings(
            mode="offline",
            run_id=run_id(recipe.name, seed),
            run_name=run_name(recipe.name, seed),
            host="",  # else the SDK records the machine's name, whatever x_disable_machine_info says
            silent=True,
            console="off",
            save_code=False,
            disable_git=True,
            x_disable_meta=True,
            x_disable_machine_info=True,
            x_disable_stats=True,
            x_save_requirements=False,
            x_server_side_derived_summary=True,
            x_transaction_log_flush_interval=FLUSH_S,
        )
        self._log_calls = recipe.log_calls
        self._run = wandb.init(
            project="league",
            dir=str(folder),
            settings=settings,
            config={
                "total_steps": TOTAL_STEPS,
                "seed": seed,
                "recipe": recipe.name,
                **{name: objective[name] for name in ("learning_rate", "beta", "clip", "epochs", "minibatches")},
                "groups": GROUPS,
                "group_size": GROUP_SIZE,
                "checkpoint_every": CHECKPOINT_EVERY,
                "elo_k": elo.K,
                "elo_start": elo.START,
            },
        )

    def log(self, metrics: Mapping[str, float]) -> None:
        """Log one step: in one call, or in as many as the recipe makes of it."""
        names = list(metrics)
        for part in range(self._log_calls):
            self._run.log({name: _short(metrics[name]) for name in _part(names, part, self._log_calls)})

    def finish(self) -> None:
        """Record the end."""
        self._run.finish()

    def die(self) -> None:
        """End as a machine does that loses its power: no process lives on to record the end.

        The SDK's service is a process of its own, in a session of its own; it would notice that its client is gone.
        """
        _settle(Path(self._run.dir).parent / f"run-{self._run.id}.wandb")
        services = _children()
        if not services:
            raise RuntimeError("cannot see the SDK's service process to kill it: this recipe needs Linux with /proc")
        for service in services:
            kill(service, signal.SIGKILL)
        killpg(getpgrp(), signal.SIGKILL)


def _part(names: Sequence[str], part: int, parts: int) -> Sequence[str]:
    size = -(-len(names) // parts)
    return names[part * size : (part + 1) * size]


def _settle(path: Path) -> None:
    """Wait until the SDK has written what was logged: the file no longer grows for some flushes."""
    before = -1
    while before != (size := path.stat().st_size if path.exists() else 0) or not size:
        before = size
        time.sleep(4 * FLUSH_S)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _children() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]
