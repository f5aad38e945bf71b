"""Builders of small runs on disk, and the command line as a user starts it. Defaults are good: say what matters."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from action.cli.check import write_judged
from action.cli.commands import app
from action.cli.ports import local_ports
from action.errors import GatekeeperError
from action.pipeline import Judged, check_run
from action.settings import CheckSettings, PolicyText, profile_policy
from tests.warm import reads_early, warm

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "examples" / "league" / "recordings"
NOW = "2026-01-05T08:00:00Z"

POLICY = """\
version: 1
checks:
  kl-p95: {metric: kl, stat: p95, pass: "< 0.1", fail: ">= 0.15", min-samples: 5}
"""


def kl(step: int) -> float:
    """Give an ordinary KL value: small, and not always the same."""
    return round(0.04 + 0.01 * math.sin(step), 6)


def reward(step: int) -> float:
    """Give an ordinary reward: rising, with a ripple."""
    return round(step / 40 + 0.1 * math.sin(3 * step), 6)


def rows(count: int = 40, **changed: Mapping[int, object]) -> list[dict[str, object]]:
    """Give the rows of a healthy run; `changed` replaces values of a metric at steps."""
    made: list[dict[str, object]] = [
        {"step": step, "kl": kl(step), "reward": reward(step), "grad_norm": round(1 + 0.2 * math.cos(step), 6)}
        for step in range(count)
    ]
    for name, values in changed.items():
        for step, value in values.items():
            made[step][name] = value
    return made


def write_lines(path: Path, records: Sequence[object]) -> Path:
    """Write records as JSON lines, NaN and Infinity as Python writes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def write_run(folder: Path, records: Sequence[object] | None = None, name: str = "run.jsonl") -> Path:
    """Write a run of JSON lines; without records a healthy one."""
    return write_lines(folder / name, rows() if records is None else records)


def judge_path(ref: str | Path, policy: str | None = POLICY, **settings: Any) -> Judged:
    """Judge a run as `check` does, at a fixed time; `policy` None: the one in the bundle, else the profile grpo."""
    text = None if policy is None else PolicyText(text=policy, source="policy.yml")
    chosen = {"now": NOW, "fallback_policy": profile_policy(("grpo",)), **settings}
    return check_run(CheckSettings(ref=str(ref), policy=text, **chosen), local_ports())


def write_output(judged: Judged, out: Path) -> Path:
    """Write what `check --out` writes."""
    write_judged(judged, out)
    return out


def command(
    *words: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-I", "-m", "action"),
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Start the command line as the Action does, `python -I -m action …`, or another program of Python."""
    given = {**clean_environment(), **(env or {})}
    if program == ("-I", "-m", "action") and not reads_early(env or {}):
        done = warm.run(list(map(str, words)), cwd, given, timeout)
        if done is not None:
            return done
    return subprocess.run(
        [sys.executable, *program, *map(str, words)],
        cwd=cwd,
        env=given,
        capture_output=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="backslashreplace",
    )


def here(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line within this process: the same command, without a process, streams and signals of its own."""
    given = {**clean_environment(), **(env or {})}
    with contextlib.chdir(cwd), pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - given.keys():
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(name, value)
        done = CliRunner().invoke(app, list(map(str, words)))
    code, told = done.exit_code, done.stderr
    if isinstance(done.exception, GatekeeperError):
        code, told = done.exception.exit_code, f"gatekeeper: {done.exception}\n"
    elif done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(["action", *map(str, words)], code, done.stdout, told)


def clean_environment() -> dict[str, str]:
    """Give the environment without what would change how text is shown, or how the coverage of tests is measured."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ}
