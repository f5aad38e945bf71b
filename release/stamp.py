"""Writes into action/release.py which release is being built, so that `init` can pin it.

    python release/stamp.py v1.2.3 OWNER/NAME SHA [FILE]

For the work tree of a build alone: what is stamped is never committed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / "action" / "release.py"
_OPEN = "RELEASE: Release | None = None\n"


def stamped(text: str, version: str, repository: str, sha: str) -> str:
    """Give the module with the release in it; ValueError says what is wrong with one of them."""
    for what, value, form in (
        ("version", version, r"v\d+\.\d+\.\d+"),
        ("repository", repository, r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"),
        ("commit", sha, r"[0-9a-f]{40}"),
    ):
        if not re.fullmatch(form, value):
            raise ValueError(f"{what}: expected {form}, got {value!r}")
    if text.count(_OPEN) != 1:
        raise ValueError(f"action/release.py: expected one line `{_OPEN.strip()}`, got none or several; is it stamped?")
    made = f'Release(repository="{repository}", sha="{sha}", version="{version}")'
    return text.replace(_OPEN, f"RELEASE: Release | None = {made}\n")


def main(words: list[str]) -> int:
    """Stamp the module; 2 if that is not possible."""
    if len(words) not in (3, 4):
        print("usage: stamp.py VERSION OWNER/NAME SHA [FILE]", file=sys.stderr)
        return 2
    place = Path(words[3]) if len(words) == 4 else PLACE
    try:
        place.write_text(stamped(place.read_text("utf-8"), *words[:3]), "utf-8")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
