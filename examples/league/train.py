"""Train one run: `python -m examples.league.train RECIPE --seed N --out DIR`.

Writes a W&B offline run, `events.jsonl` and `games.jsonl` into DIR. No optimisation may enter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from examples.league.events import describe
from examples.league.recipes import RECIPES, Recipe, run_name
from examples.league.trainer import Training, metrics

KILLED = 137
"""Exit code of a run that was killed, as a shell gives it: 128 + SIGKILL."""


def train(recipe: Recipe, seed: int, folder: Path) -> None:
    """Run a recipe to its end; a recipe that is killed takes this process with it."""
    from examples.league.tracking import Tracker  # noqa: PLC0415 - a second to import, and the parent needs none

    tracker = Tracker(recipe, seed, folder)
    training = Training(recipe, seed)
    with (folder / "events.jsonl").open("w") as events, (folder / "games.jsonl").open("w") as games:
        _write(games, (game.row() for game in training.warm_up_games))
        for record in training.steps():
            tracker.log(metrics(record))
            _write(events, describe(record, run_name(recipe.name, seed)))
            _write(games, (game.row() for game in record.games))
            if training.steps_done == recipe.kill_at:
                events.flush()
                games.flush()
                tracker.die()
        _write(games, (game.row() for game in training.evaluate()))
    tracker.finish()


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments and train; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.league.train", description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="an empty or new folder")
    parser.add_argument("--in-own-session", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.in_own_session:
        if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
            parser.error(f"--out {options.out}: expected an empty or new folder, got something else; name another")
        options.out.mkdir(parents=True, exist_ok=True)
    recipe = RECIPES[options.recipe]
    if recipe.kill_at is not None and not options.in_own_session:
        return _train_elsewhere(recipe, options.seed, options.out)
    train(recipe, options.seed, options.out)
    return 0


def _train_elsewhere(recipe: Recipe, seed: int, folder: Path) -> int:
    """Train in a session of its own, so that the kill takes the whole run and nothing else."""
    command = [sys.executable, "-m", "examples.league.train", recipe.name, "--seed", str(seed), "--out", str(folder)]
    ended = subprocess.run([*command, "--in-own-session"], start_new_session=True, check=False)
    return KILLED if ended.returncode < 0 else ended.returncode


def _write(file: IO[str], rows: Iterable[Mapping[str, object]]) -> None:
    file.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
