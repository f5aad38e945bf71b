"""The golden comment: verdicts of golden cases in, the comment of their pull request out.

Renewed as the other golden documents are: `GATEKEEPER_RENEW_GOLDEN=1 pytest tests/golden`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from action.report.chart import lines_of
from action.report.comment import comment_body
from action.report.section import Links, Section, merge
from action.report.state import State, policy_key, state_of
from checks.result import Verdict
from tests.golden.test_golden import HERE, RENEW, judge_case
from tests.verdicts import look

EXPECTED = HERE / "comment" / "expected" / "comment.md"
HEAD, OLD = "5e" * 20, "1d" * 20
PLACE = "https://github.com/team/league"


def section(verdict: Verdict, name: str, sha: str) -> Section:
    """Make the section of a case; all cases are runs of one name."""
    named = replace(verdict, run=replace(verdict.run, id=name, name=name))
    state = state_of(named, digest=f"{len(name):064}", sha=sha, attempt=1, url=f"{PLACE}/runs/{len(name)}")
    return Section(state=state, verdict=named)


def comment() -> str:
    judged = judge_case("fail")
    now = replace(
        section(judged.verdict, "grpo-7", HEAD),
        lines=lines_of(judged.policy, judged.bundle.evidence),
        weakenings=("checks.kl-p95: the rule was < 0.1, and is < 0.2 now.",),
    )
    others = (
        section(judge_case("pass").verdict, "grpo-6", HEAD),
        section(judge_case("elo-not-better").verdict, "grpo-5", OLD),
    )
    old = State(key=policy_key(judged.verdict.policy.source), sections=tuple(other.state for other in others))
    links = Links(
        head=HEAD, repository=PLACE, job=f"{PLACE}/actions/runs/1", artifact=f"{PLACE}/actions/runs/1/artifacts/2"
    )
    return comment_body(merge(old, now), links=links)


@pytest.fixture(autouse=True)
def come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


def test_the_comment_is_the_one_expected() -> None:
    found = comment()
    if RENEW:
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_bytes(found.encode())

    assert EXPECTED.read_bytes().decode() == found


def test_its_tables_and_folds_hold() -> None:
    opened = [element.split()[0] for element in look(comment())[0]]

    for tag in ("table", "tr", "td", "th", "details", "summary", "pre", "code"):
        assert opened.count(tag) == opened.count(f"/{tag}") > 0, tag


def test_the_folder_holds_nothing_else() -> None:
    folder = Path(HERE / "comment")

    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "README.md",
        "expected/comment.md",
    ]
