"""The history of one file, as Git tells it. No client and no service may enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def versions(parents: Mapping[str, tuple[str, ...]], content: Callable[[str], str | None], start: str) -> list[str]:
    """Give the commits that changed a file, the newest first: of a merge, the side that it took the file from.

    https://git-scm.com/docs/git-log, “History Simplification”.
    """
    found, left, seen = [], [start], set[str]()
    while left:
        sha = left.pop(0)
        if sha in seen:
            continue
        seen.add(sha)
        before = parents.get(sha, ())
        same = [one for one in before if content(one) == content(sha)]
        if not same and (before or content(sha) is not None):
            found.append(sha)
        left += same[:1] or before
    return found
