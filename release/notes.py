"""Gives the notes of a release: the section of its version in CHANGELOG.md. A tag that is not the version is refused.

    python release/notes.py v1.2.3            # prints the notes
    python release/notes.py --major v1.2.3    # prints v1, the tag that is moved

The standard library alone: it runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TAG = re.compile(r"v(?P<version>(?P<major>0|[1-9]\d*)\.\d+\.\d+)")


class ReleaseError(Exception):
    """The release is not ready; says where, what was expected, what was got and what to do."""


def read_tag(tag: str, version: str) -> re.Match[str]:
    """Take a tag apart that has to be the version of the project.

    >>> read_tag("v1.2.3", "1.2.3")["major"]
    '1'
    """
    found = _TAG.fullmatch(tag)
    if found is None:
        raise ReleaseError(f"tag: expected a version as v1.2.3, got {tag!r}; push another tag")
    if found["version"] != version:
        raise ReleaseError(
            f"pyproject.toml: expected the version {found['version']} of the tag, got {version}; change it, or the tag"
        )
    return found


def section(changelog: str, version: str) -> str:
    """Give the section of a version, without its heading.

    >>> section("# Changelog\\n## [1.2.0] - 2026-01-05\\n\\n- New.\\n\\n## 1.1.0\\n", "1.2.0")
    '- New.\\n'
    """
    heads = list(re.finditer(r"^## \[?([^\]\s]+)\]?.*$", changelog, re.MULTILINE))
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        if head[1] == version:
            text = changelog[head.end() : after.start() if after else None].strip()
            if not text:
                raise ReleaseError(f"CHANGELOG.md: expected notes under {version}, got none; write what users will see")
            return text + "\n"
    raise ReleaseError(
        f"CHANGELOG.md: expected a section `## {version}`, found none; give what is under Unreleased that heading"
    )


def main(words: list[str]) -> int:
    """Print the notes, or the tag of the major version; 2 if the release is not ready."""
    major = words[:1] == ["--major"]
    try:
        [tag] = words[1:] if major else words
    except ValueError:
        print("usage: notes.py [--major] TAG", file=sys.stderr)
        return 2
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    try:
        found = read_tag(tag, version)
        text = f"v{found['major']}\n" if major else section((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
