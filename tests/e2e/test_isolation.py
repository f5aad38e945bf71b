"""The names of our packages are common words: code that lies in the repository that is judged must never run.

The Action starts `python -I -m action`, which looks at neither the current folder nor PYTHONPATH. The console script
does not look at the current folder either; it obeys PYTHONPATH, which a user sets himself, as all Python programs do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs import RECORDINGS, clean_environment, command

TRAP = "import pathlib\npathlib.Path(r'{mark}').write_text(__name__)\n"
MODULES = (
    "checks/__init__.py",
    "action/__init__.py",
    "action/__main__.py",
    "templates/__init__.py",
    "sitecustomize.py",
    "usercustomize.py",
    "numpy.py",
    "yaml.py",
    "typer.py",
    "rich/__init__.py",
    "pydantic.py",
    "jinja2.py",
    "duckdb.py",
    "json.py",
    "signal.py",
    "tests/__init__.py",
)
COMMANDS = (
    ("check", str(RECORDINGS / "healthy"), "--profile", "grpo", "--profile", "pipeline", "--out", "out"),
    ("metrics", "table.csv", "--all"),
    ("logs", "errors", "--events", str(RECORDINGS / "healthy" / "events.jsonl")),
    ("explain", "out"),
    ("policy", "schema"),
    ("check", "nosuch"),
    ("--version",),
)


@pytest.fixture(name="hostile")
def _hostile(tmp_path: Path) -> Path:
    """Make a repository full of modules that leave a mark when they are run."""
    folder = tmp_path / "repository"
    for name in MODULES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TRAP.format(mark=tmp_path / "marks"))
    (folder / "templates" / "verdict.md.j2").write_text("pwned")
    (folder / "checks" / "profiles").mkdir()
    (folder / "checks" / "profiles" / "grpo.yml").write_text("version: 1\nchecks: {}\n")
    (folder / "table.csv").write_text("step,kl\n1,0.1\n2,0.2\n")
    return folder


def marks(hostile: Path) -> str:
    path = hostile.parent / "marks"
    return path.read_text() if path.exists() else "nothing ran"


def test_the_trap_works(hostile: Path) -> None:
    # As a tool would be started that does not care: the current folder comes first.
    subprocess.run(
        [sys.executable, "-m", "action", "--version"],
        cwd=hostile,
        env=clean_environment(),
        capture_output=True,
        check=False,
    )

    assert marks(hostile) != "nothing ran"


def test_the_action_s_way_runs_nothing_of_the_folder_it_is_started_in(hostile: Path) -> None:
    environment = {
        "PYTHONPATH": str(hostile),
        "PYTHONSTARTUP": str(hostile / "sitecustomize.py"),
        "PYTHONHOME": str(hostile),
        "PYTHONUSERBASE": str(hostile),
        "PYTHONINSPECT": "1",
        "PYTHONPLATLIBDIR": "repository",
    }
    for words in COMMANDS:
        done = command(*words, cwd=hostile, env=environment)
        assert done.returncode == (2 if words == ("check", "nosuch") else 0), (words, done.stderr)
        assert marks(hostile) == "nothing ran", words
        assert "pwned" not in done.stdout


def test_the_console_script_runs_nothing_of_the_folder_it_is_started_in(hostile: Path) -> None:
    script = Path(sys.executable).with_name("gatekeeper")
    for words in COMMANDS:
        done = subprocess.run(
            [str(script), *words], cwd=hostile, env=clean_environment(), capture_output=True, check=False, timeout=60
        )
        assert done.returncode == (2 if words == ("check", "nosuch") else 0), (words, done.stderr)
        assert marks(hostile) == "nothing ran", words


def test_no_program_of_the_folder_is_started_through_a_relative_path(hostile: Path) -> None:
    # A relative entry of PATH would start a program of the repository; ours, and the libraries it uses, start none.
    for name in ("git", "uname", "sh", "ldconfig", "lscpu"):
        program = hostile / name
        program.write_text(f"#!/bin/sh\necho {name} > '{hostile.parent / 'marks'}'\n")
        program.chmod(0o755)
    for words in COMMANDS[:2]:
        command(*words, cwd=hostile, env={"PATH": f":.{os.pathsep}{os.environ['PATH']}"})
        assert marks(hostile) == "nothing ran", words
