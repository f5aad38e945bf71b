"""A folder with runs that were judged, as a user without W&B and GitHub has it, and what they start there.

No expectation may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

from tests.promotions import TIME
from tests.runs import POLICY, command, judge_path, kl, rows, write_output, write_run

NOW = datetime.now(UTC)
BELIEVED = ("--trust-local",)


def judged(folder: Path, name: str = "grpo-7", *, at: datetime = NOW, policy: str = POLICY, more: float = 0) -> Path:
    """Return the folder of a verdict on a run of a name, with a checkpoint of its own beside it."""
    place = folder / name
    place.mkdir(exist_ok=True)
    (place / "adapter.bin").write_text(f"weights of {name}")
    (folder / "policy.yml").write_text(policy)
    ref = write_run(place, rows(kl={step: kl(step) + more for step in range(40)}), f"{name}.jsonl")
    found = judge_path(ref, policy, checkpoint=str(place / "adapter.bin"), now=at.strftime(TIME))
    return write_output(found, place / "out")


def promote(
    folder: Path, out: Path, *more: str, path: Path | None = None, trust: Sequence[str] = BELIEVED
) -> CompletedProcess[str]:
    """Promote by a verdict in the registry of the folder."""
    words = ("--alias", "production", "--registry", "registry", "--policy", "policy.yml", *trust)
    return command("promote", path or out.parent / "adapter.bin", "--verdict", out, *words, *more, cwd=folder)


def verify(folder: Path, out: Path, *more: str | Path) -> CompletedProcess[str]:
    """Verify a verdict."""
    words: tuple[str | Path, ...] = ("--path", out.parent / "adapter.bin", "--policy", "policy.yml", "--trust-local")
    return command("verify", out, *words, *more, "--format", "json", cwd=folder)


def holder(folder: Path) -> str:
    """Give the bytes behind the alias."""
    return (folder / "registry" / "aliases" / "production").read_text()


def edit(path: Path, old: str, new: str) -> None:
    """Edit a file by hand."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
