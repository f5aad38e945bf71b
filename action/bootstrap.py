"""Makes the private environment of the action, or finds the one that was made from the same lock and source.

Started by `action.yml` as a script, with nothing but a Python: nothing of ours and nothing of others may be imported.

    python3 -I action/bootstrap.py FOLDER       make it, and tell the runner where its Python is
    python3 -I action/bootstrap.py --digest     say what it is made from
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
SOURCE = Path(__file__).resolve().parent.parent
STAMP = "experiment-gatekeeper.sha256"
"""Written last, so that an environment that was left half-made is made anew."""


def digest() -> str:
    """Return what an environment is made from: this Python, the lock, and every file that is installed."""
    found = hashlib.sha256(f"{sys.version}\0{sys.base_prefix}\0".encode())
    files = [SOURCE / "requirements.lock", SOURCE / "pyproject.toml"]
    for package in ("action", "checks", "templates"):
        files += (path for path in (SOURCE / package).rglob("*") if path.is_file() and path.suffix != ".pyc")
    for path in sorted(files, key=lambda one: one.relative_to(SOURCE).as_posix()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(SOURCE).as_posix()}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def python_of(folder: Path) -> Path:
    """Return where the Python of an environment lies."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def is_made(folder: Path, wanted: str) -> bool:
    """Tell whether an environment was made from what is wanted."""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text("utf-8").strip() == wanted and python_of(folder).exists()


def make(folder: Path, wanted: str) -> None:
    """Make an environment from nothing; CalledProcessError: `venv` or pip, which have said why."""
    # pip starts our build without -I: PYTHONPATH of a workflow would let the repository's own code run in it.
    environ = {name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")}
    subprocess.run([sys.executable, "-I", "-m", "venv", "--clear", str(folder)], check=True, env=environ)
    pip = [str(python_of(folder)), "-I", "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run(
        [*pip, "--require-hashes", "--no-deps", "-r", str(SOURCE / "requirements.lock")], check=True, env=environ
    )
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", str(SOURCE)], check=True, env=environ)
    (folder / STAMP).write_text(wanted, "utf-8")


def main(words: list[str]) -> int:
    """Do what is asked; 2: it cannot be done, and why stands in the log."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        spans = [".".join(map(str, one)) for one in (OLDEST, NEWEST, version)]
        sys.stderr.write(
            f"python: expected Python {spans[0]} to {spans[1]}, got {spans[2]}; set up another before this step, or "
            "name one with the input `python`\n"
        )
        return 2
    if words == ["--digest"]:
        sys.stdout.write(f"{digest()}\n")
        return 0
    folder, wanted = Path(words[0]), digest()
    try:
        if not is_made(folder, wanted):
            make(folder, wanted)
    except (OSError, subprocess.CalledProcessError) as error:
        told = " ".join(str(error).split())
        sys.stderr.write(
            f"environment: expected one from the lock, got {type(error).__name__} ({told}); what pip said is above: "
            "can it reach its package index?\n"
        )
        return 2
    with Path(os.environ.get("GITHUB_OUTPUT") or os.devnull).open("a", encoding="utf-8") as outputs:
        outputs.write(f"python={python_of(folder)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
