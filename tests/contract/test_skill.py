"""The skill: every command in it runs on the example league, and every page that it names is there."""

from __future__ import annotations

import gzip
import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.runs import RECORDINGS, ROOT, command

SKILL = ROOT / "skills" / "experiment-analysis"
PAGES = sorted(SKILL.glob("*.md"))
COMMANDS = sorted({found for page in PAGES for found in re.findall(r"`(gatekeeper [^`]*)`", page.read_text("utf-8"))})
WHOLE = [one for one in COMMANDS if len(one.split()) > 2]
"""Those with their arguments; a command that is only named is told elsewhere."""


@pytest.fixture(scope="module", name="places")
def _places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("skill")
    games = folder / "games.jsonl"
    games.write_bytes(gzip.decompress((RECORDINGS / "healthy" / "games.jsonl.gz").read_bytes()))
    healthy = str(RECORDINGS / "healthy")
    out = folder / "out"
    command("check", healthy, "--profile", "grpo", "--out", out, cwd=folder)
    return {
        "RUN": healthy,
        "BASELINE": str(RECORDINGS / "regression"),
        "EVENTS": str(RECORDINGS / "healthy" / "events.jsonl"),
        "GAMES": str(games),
        "OUT": str(out),
    }


@pytest.mark.parametrize("line", WHOLE)
def test_every_command_runs_on_the_example_league(line: str, places: dict[str, str]) -> None:
    words = [places.get(word, word) for word in shlex.split(line)[1:]]
    done = command(*words, cwd=ROOT)

    assert done.returncode in {0, 10, 11}, done.stderr
    assert done.stdout.strip()


def test_its_head_says_when_to_use_it() -> None:
    head = yaml.safe_load((SKILL / "SKILL.md").read_text("utf-8").split("---")[1])

    assert head["name"] == SKILL.name
    assert len(head["description"]) > 80


def test_every_page_is_there_and_led_to() -> None:
    linked = {Path(one) for page in PAGES for one in re.findall(r"\]\(([\w-]+\.md)\)", page.read_text("utf-8"))}

    assert {SKILL / one for one in linked} <= set(PAGES)
    assert {page.name for page in PAGES} - {"SKILL.md"} <= {str(one) for one in linked} | {"examples.md"}
