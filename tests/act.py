"""Workflows of GitHub Actions under a real runner (nektos/act), on this machine. No expectation may enter."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.runs import ROOT
from tests.services.github_bodies import REPOSITORY

ACTION = "owner/gatekeeper@v1"
"""How a workflow of another repository names our action; here it is the folder that `act` is given."""
PACKAGES = ("action", "checks", "templates")
_SHIPPED = ("action.yml", "requirements.lock", "pyproject.toml", "README.md", "LICENSE")
_GIT = shutil.which("git") or "git"
_WARM = """\
#!/bin/sh
# {base} -I BOOTSTRAP FOLDER, and what the lock names is in the folder already
if [ ! -d "$3" ]; then
  "{base}" -I -m venv --without-pip "$3"
  printf '%s\\n' "{site}" "$(dirname "$2")/.." > "$3"/lib/python{version}/site-packages/warm.pth
  "{base}" -I "$2" --digest > "$3"/experiment-gatekeeper.sha256
fi
exec "{base}" "$@"
"""


def ship(folder: Path) -> Path:
    """Copy what users get of the action into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SHIPPED:
        shutil.copy(ROOT / name, folder)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def commit_all(folder: Path) -> None:
    """Make a folder a repository, with all that is in it committed."""
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("remote", "add", "origin", f"https://github.com/{REPOSITORY}.git"),
        ("add", "--all"),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "x"),
    ):
        subprocess.run([_GIT, *words], cwd=folder, check=True, capture_output=True)


def warm_python(folder: Path) -> Path:
    """Make a folder whose `python3` finds the private environment made: with the requirements of the tests.

    They are those of the lock. Our own code is what the action was shipped with, as where it is installed anew.
    """
    folder.mkdir(parents=True)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    text = _WARM.format(base=base, site=site.getsitepackages()[0], version="{}.{}".format(*sys.version_info[:2]))
    (folder / "python3").write_text(text)
    (folder / "python3").chmod(0o755)
    return folder


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A machine that runs the workflows of a repository; `beside` holds what is not of the repository."""

    repository: Path
    beside: Path
    path: Sequence[Path] = ()
    """Folders with programs that come first."""
    actions: Mapping[str, Path] = field(default_factory=dict)
    """Other actions, as `owner/name@ref`, and the folders that they are in."""

    def run(
        self, event: str, payload: Any, env: Mapping[str, str], secrets: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Let an event happen, and wait for all that it starts."""
        home = self.beside / "home"
        home.mkdir(parents=True, exist_ok=True)
        (self.beside / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        words = [
            Path(sys.prefix) / "bin" / "act",
            event,
            *("-e", self.beside / "event.json", "-P", "ubuntu-latest=-self-hosted"),
            *("--action-offline-mode", "--no-cache-server", "--rm"),
            *(word for name, at in self.actions.items() for word in ("--local-repository", f"{name}={at}")),
            *(word for name, value in env.items() for word in ("--env", f"{name}={value}")),
            *(word for name, value in secrets.items() for word in ("-s", f"{name}={value}")),
        ]
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))}
        path = os.pathsep.join(map(str, (*self.path, Path(sys.base_prefix) / "bin", os.environ["PATH"])))
        return subprocess.run(
            list(map(str, words)),
            cwd=self.repository,
            env={**kept, "HOME": str(home), "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
