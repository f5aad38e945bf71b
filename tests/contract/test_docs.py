"""The pages of docs/ are up to date: generated ones to the byte, written ones by what they name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from action.cli.ports import profile_texts
from checks.questions.catalog import QUESTIONS
from tests.runs import RECORDINGS, ROOT, clean_environment, judge_path


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "docs are up to date\n"), done.stderr


def test_every_integrity_check_has_one_section_that_says_what_why_and_how_to_repair() -> None:
    page = (ROOT / "docs" / "integrity.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (integrity/\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    asked = [check.id for check in judge_path(RECORDINGS / "healthy").verdict.checks if check.kind.value == "integrity"]

    assert list(sections) == asked
    for name, text in sections.items():
        for word in ("*Checks*", "*Why:*", "*Repair:*"):
            assert word in text, (name, word)


def test_the_reference_names_every_profile_and_question() -> None:
    page = (ROOT / "docs" / "reference.md").read_text("utf-8")

    for name in (*profile_texts(), *QUESTIONS):
        assert f"`{name}`" in page or name == "base", name


def test_the_page_on_pipelines_tells_every_question_and_every_value_that_the_profile_asks() -> None:
    page = (ROOT / "docs" / "pipeline.md").read_text("utf-8")
    sections = dict(re.findall(r"^## ([a-z-]+):.*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    text = profile_texts()["pipeline"]

    assert list(sections) == list(QUESTIONS)
    for question, value in re.findall(r"logs: ([a-z-]+)\n\s+value: (\w+)", text):
        assert f"**`{value}`**" in sections[question], (question, value)


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem)
def test_a_decision_is_numbered_and_titled(path: Path) -> None:
    number = int(path.name[:4])

    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)
    assert re.match(rf"# (?:Decision )?0*{number}[.: ]", path.read_text("utf-8"))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))

    assert numbers == list(range(1, len(numbers) + 1))


def test_the_changelog_names_the_version_or_what_is_to_come() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert version
    assert re.search(rf"^## \[?({re.escape(version[1])}|Unreleased)", text, re.MULTILINE)
