"""Golden trackers: an old document and the verdict of a golden case in; the new document and its difference out.

Each folder of `tracker/` holds `old.md` and `case.txt`, which names golden cases whose verdicts are written one after
the other; `new.md` and `new.diff` are renewed as the other golden documents are.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

import pytest

from action.cli.tracker_file import read_tracker
from action.report.tracker_page import tracker_entry
from action.tracker.edit import RunEntry, update_tracker
from action.tracker.outline import split_lines
from checks.narrative import narrate
from tests.golden.test_golden import HERE, RENEW, judge_case

CASES = sorted(path.parent.name for path in (HERE / "tracker").glob("*/case.txt"))


def entry_of(case: str) -> RunEntry:
    judged = judge_case(case)
    named = replace(judged.verdict, run=replace(judged.verdict.run, name=f"grpo-{case}", id=None))
    return tracker_entry(named, narrate(judged.policy, judged.bundle.evidence, named))


def written(folder: Path) -> tuple[str, str]:
    """Write the runs of a case into its old document; the old and the new text."""
    old = text = read_tracker(folder / "old.md")
    for case in (folder / "case.txt").read_text("utf-8").split():
        text = update_tracker(text, entry_of(case)).text
    return old, text


def difference(old: str, new: str) -> str:
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(split_lines(old), split_lines(new), "old.md", "new.md", n=1)
    )


@pytest.fixture(autouse=True)
def come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize("name", CASES)
def test_a_tracker_becomes_the_one_expected(name: str) -> None:
    folder = HERE / "tracker" / name
    old, new = written(folder)
    documents = {"new.md": new, "new.diff": difference(old, new)}
    if RENEW:
        for path, text in documents.items():
            (folder / path).write_bytes(text.encode("utf-8", "surrogateescape"))

    for path, text in documents.items():
        assert (folder / path).read_bytes() == text.encode("utf-8", "surrogateescape"), path


@pytest.mark.parametrize("name", CASES)
def test_the_same_runs_again_change_nothing(name: str) -> None:
    folder = HERE / "tracker" / name
    text = read_tracker(folder / "new.md")
    for case in (folder / "case.txt").read_text("utf-8").split():
        text = update_tracker(text, entry_of(case)).text

    assert text == read_tracker(folder / "new.md")
