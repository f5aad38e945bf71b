"""What a release is made of: one version, its notes out of the changelog, and a wheel that knows its own commit."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from action.scaffold import WORKFLOW
from tests.runs import ROOT, clean_environment

VERSION = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[0]
SHA = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    """Make a project whose version has notes."""
    shutil.copytree(ROOT / "release", tmp_path / "release", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- Later.\n\n"
        "## [1.2.3] - 2026-01-05\n\n### Added\n\n- Now.\n\n## 1.2.2\n\n- Then.\n"
    )
    return tmp_path


def script(project: Path, name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(project / "release" / name), *map(str, words)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_notes_are_the_section_of_the_version(project: Path) -> None:
    done = script(project, "notes.py", "v1.2.3")

    assert (done.returncode, done.stdout, done.stderr) == (0, "### Added\n\n- Now.\n", "")


def test_the_tag_that_is_moved_is_that_of_the_major_version(project: Path) -> None:
    assert script(project, "notes.py", "--major", "v1.2.3").stdout == "v1\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("v1.2.4",), "pyproject.toml: expected the version 1.2.4 of the tag, got 1.2.3"),
        (("1.2.3",), "tag: expected a version as v1.2.3, got '1.2.3'"),
        (("v1.2.3-rc1",), "tag: expected a version"),
        ((), "usage:"),
        (("v1.2.3", "more"), "usage:"),
    ],
)
def test_a_tag_that_is_not_the_version_is_refused(words: tuple[str, ...], told: str, project: Path) -> None:
    done = script(project, "notes.py", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize(
    ("changelog", "told"),
    [
        ("# Changelog\n\n## Unreleased\n\n- Later.\n", "expected a section `## 1.2.3`"),
        ("## 1.2.3\n\n## 1.2.2\n- Then.\n", "expected notes under 1.2.3, got none"),
    ],
)
def test_a_version_without_notes_is_refused(changelog: str, told: str, project: Path) -> None:
    (project / "CHANGELOG.md").write_text(changelog)

    done = script(project, "notes.py", "v1.2.3")

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_stamped_build_knows_its_release_and_is_stamped_once(project: Path) -> None:
    place = project / "release.py"
    shutil.copy(ROOT / "action" / "release.py", place)

    done = script(project, "stamp.py", "v1.2.3", "someone/experiment-gatekeeper", SHA, place)
    again = script(project, "stamp.py", "v1.2.3", "someone/experiment-gatekeeper", SHA, place)

    assert (done.returncode, done.stderr) == (0, "")
    release = runpy.run_path(str(place))["RELEASE"]
    assert (release.repository, release.sha, release.version) == ("someone/experiment-gatekeeper", SHA, "v1.2.3")
    assert again.returncode == 2
    assert "is it stamped?" in again.stderr


@pytest.mark.parametrize("words", [("1.2.3", "a/b", SHA), ("v1.2.3", "a", SHA), ("v1.2.3", "a/b", "main"), ("v1.2.3",)])
def test_what_names_no_release_is_not_stamped(words: tuple[str, ...], project: Path) -> None:
    place = project / "release.py"
    shutil.copy(ROOT / "action" / "release.py", place)
    text = place.read_text("utf-8")

    assert script(project, "stamp.py", *words, *([place] if len(words) == 3 else [])).returncode == 2
    assert place.read_text("utf-8") == text


def test_the_source_itself_is_no_release() -> None:
    assert "RELEASE: Release | None = None\n" in (ROOT / "action" / "release.py").read_text("utf-8")


def test_the_version_stands_in_one_place() -> None:
    places = [
        path.relative_to(ROOT).as_posix()
        for folder in ("action", "checks", "templates", "release", ".github")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and path.suffix in (".py", ".yml", ".j2", ".json")
        and f'"{VERSION}"' in path.read_text("utf-8")
    ]

    assert places == []
    assert VERSION not in (ROOT / "action.yml").read_text("utf-8")


def test_ci_runs_make_test_on_the_oldest_and_the_newest_python() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")

    assert 'python: ["3.11", "3.14"]' in text
    assert re.search(r"^ +make test ", text, re.MULTILINE)


def test_our_own_workflows_are_not_the_one_that_init_writes() -> None:
    assert not (ROOT / WORKFLOW).exists()
