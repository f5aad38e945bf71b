"""The private environment of the action: made from the lock, found again, and never half-made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from action.bootstrap import is_made
from tests.act import ship
from tests.runs import ROOT, clean_environment

STAMP = "experiment-gatekeeper.sha256"
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}


def start(source: Path, *words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(source / "action" / "bootstrap.py"), *map(str, words)],
        env={**clean_environment(), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Path:
    return ship(tmp_path / "source")


def made(folder: Path, source: Path) -> Path:
    """Make what looks like an environment from the source."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / STAMP).write_text(start(source, "--digest").stdout)
    return folder


def test_one_that_was_made_from_the_same_is_found_and_told(tmp_path: Path, source: Path) -> None:
    folder, outputs = made(tmp_path / "env", source), tmp_path / "outputs"
    done = start(source, folder, env={**NOWHERE, "GITHUB_OUTPUT": str(outputs)})

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert outputs.read_text() == f"python={folder / 'bin' / 'python'}\n"


def test_the_same_source_elsewhere_is_the_same(tmp_path: Path, source: Path) -> None:
    (source / "action" / "__pycache__").mkdir()
    (source / "action" / "__pycache__" / "x.cpython-311.pyc").touch()

    assert start(source, "--digest").stdout == start(ship(tmp_path / "other"), "--digest").stdout


@pytest.mark.parametrize("name", ["requirements.lock", "checks/elo/__init__.py", "templates/verdict.md.j2"])
def test_another_lock_or_source_is_another(source: Path, name: str) -> None:
    before = start(source, "--digest").stdout
    with (source / name).open("a") as file:
        file.write("\n")

    assert start(source, "--digest").stdout != before


@pytest.mark.parametrize("lacking", ["stamp", "python", "source"])
def test_what_is_half_made_or_of_another_source_is_not_taken(tmp_path: Path, source: Path, lacking: str) -> None:
    folder = made(tmp_path / "env", source)
    wanted = start(source, "--digest").stdout.strip()
    assert is_made(folder, wanted)
    if lacking == "source":
        (source / "action" / "new.py").touch()
        wanted = start(source, "--digest").stdout.strip()
    else:
        (folder / {"stamp": STAMP, "python": "bin/python"}[lacking]).unlink()

    assert not is_made(folder, wanted)


def test_what_is_not_taken_is_made_anew_and_told_where_it_cannot_be(tmp_path: Path, source: Path) -> None:
    folder, outputs = made(tmp_path / "env", source), tmp_path / "outputs"
    (folder / "left-behind").touch()
    (folder / STAMP).unlink()
    done = start(source, folder, env={**NOWHERE, "GITHUB_OUTPUT": str(outputs)})

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("environment: expected one from the lock, got CalledProcessError")
    assert "Traceback" not in done.stderr
    assert not outputs.exists()
    assert not (folder / "left-behind").exists()
    assert not (folder / STAMP).exists()


def test_a_python_that_is_too_old_is_one_sentence() -> None:
    path = os.fspath(ROOT / "action" / "bootstrap.py")
    older = "import sys, runpy; sys.version_info = (3, 9, 0); "
    program = f"{older}sys.argv = ['x', 'y']; runpy.run_path({path!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 2
    assert done.stderr.startswith("python: expected Python 3.11 to 3.14, got 3.9; set up another")
