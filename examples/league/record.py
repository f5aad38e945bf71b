"""Record every recipe as data for demo and tests: `python -m examples.league.record [RECIPE …] [--seed N]`.

Each recording is a folder `recordings/RECIPE/` with the W&B file, the events, the games and `recording.json`, which
names the seed and the command. Training itself may not enter.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from examples.league.recipes import RECIPES, run_id, run_name
from examples.league.train import KILLED

RECORDINGS = Path(__file__).parent / "recordings"


class RecordError(Exception):
    """A run did not end as its recipe says, or did not leave what it should."""


def record(recipe: str, seed: int, folder: Path) -> None:
    """Train one recipe in a process of its own and keep what a reader needs, replacing what `folder` held."""
    words = ["examples.league.train", recipe, "--seed", str(seed), "--out"]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        ended = subprocess.run([sys.executable, "-m", *words, str(out)], check=False)
        expected = KILLED if RECIPES[recipe].kill_at is not None else 0
        if ended.returncode != expected:
            raise RecordError(f"{recipe}: expected exit code {expected}, got {ended.returncode}")
        files = list(out.glob("wandb/offline-run-*/run-*.wandb"))
        if len(files) != 1:
            raise RecordError(f"{recipe}: expected one .wandb file, got {len(files)}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copyfile(files[0], folder / f"run-{run_id(recipe, seed)}.wandb")
        shutil.copyfile(out / "events.jsonl", folder / "events.jsonl")
        _compress(out / "games.jsonl", folder / "games.jsonl.gz")
    note = {
        "recipe": recipe,
        "what": RECIPES[recipe].what,
        "seed": seed,
        "run": run_name(recipe, seed),
        "command": f"python -m examples.league.record {recipe} --seed {seed}",
    }
    (folder / "recording.json").write_text(json.dumps(note, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Record the named recipes, or all."""
    parser = argparse.ArgumentParser(prog="python -m examples.league.record", description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RECORDINGS)
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.recipes) - set(RECIPES))
    if unknown:
        parser.error(f"unknown recipe {unknown[0]!r}: expected one of {', '.join(RECIPES)}")
    for recipe in options.recipes or RECIPES:
        try:
            record(recipe, options.seed, options.out / recipe)
        except RecordError as error:
            print(error, file=sys.stderr)
            return 1
        size = sum(file.stat().st_size for file in (options.out / recipe).iterdir())
        print(f"{recipe}: {size // 1024} KiB")
    return 0


def _compress(source: Path, target: Path) -> None:
    # No time and no file name in the header: the same games give the same bytes.
    with target.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        packed.write(source.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
