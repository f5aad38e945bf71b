"""Golden cases: a folder with policy and run in, verdict and document out.

Each folder says in its README.md what happens in it; `github.json` is what GitHub says, in a case of a job. After a
change that is meant to change the documents, renew them with `GATEKEEPER_RENEW_GOLDEN=1 pytest tests/golden` and read
the difference before committing it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from action.approval import Found
from action.cli.ports import local_ports
from action.pipeline import Judged, check_run
from action.report.document import verdict_json
from action.report.markdown import verdict_markdown
from action.report.reading import parse_verdict
from action.settings import CheckSettings, PolicyText, profile_policy
from checks.approval import Approval
from checks.result import Outcome
from checks.run import Origin
from checks.waiver import Waiver
from tests.runs import NOW, clean_environment, write_output
from tests.verdicts import look

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/policy.yml"))
RENEW = os.environ.get("GATEKEEPER_RENEW_GOLDEN") == "1"
VERSION = "0.0.0"
"""Stands for the version of the tool, so that a release changes no golden document."""

DECIDED = {
    "baseline-fail": ("fail", "reward"),
    "baseline-inconclusive": ("inconclusive", "reward"),
    "baseline-pass": ("pass", None),
    "double-logging": ("inconclusive", "integrity/log-calls"),
    "elo-better": ("pass", None),
    "elo-first-move": ("inconclusive", "strength"),
    "elo-league": ("pass", None),
    "elo-missing": ("inconclusive", "strength"),
    "elo-not-better": ("fail", "strength"),
    "elo-series": ("pass", None),
    "elo-series-undeclared": ("inconclusive", "strength"),
    "elo-undecided": ("inconclusive", "strength"),
    "fail": ("fail", "kl-spike"),
    "hostile-names": ("fail", "hostile-3"),
    "if-present": ("pass", None),
    "infinite": ("fail", "kl-p95"),
    "logs-fail": ("fail", "rollout-p95"),
    "logs-none": ("inconclusive", "rollout-p95"),
    "logs-pass": ("pass", None),
    "missing-metric": ("inconclusive", "kl"),
    "nan-few": ("pass", None),
    "nan-many": ("fail", "integrity/non-finite"),
    "pass": ("pass", None),
    "planned-steps-short": ("inconclusive", "integrity/planned-steps"),
    "trial": ("pass", None),
    "waiver-of-a-commit": ("pass", None),
    "waiver-of-another-run": ("fail", "kl-spike"),
    "waiver-used": ("pass", None),
    "warn": ("pass", None),
}
"""Case → verdict and the first check that decides it: what a renewal must not change unseen."""


def judge(ref: str | Path, policy: PolicyText | None, now: str = NOW) -> Judged:
    settings = CheckSettings(ref=str(ref), policy=policy, fallback_policy=profile_policy(("grpo",)), now=now)
    ports = replace(local_ports(), tool_version=VERSION)
    said = Path("github.json")
    if not said.is_file():
        return check_run(settings, ports)
    github = json.loads(said.read_text("utf-8"))
    origin = Origin(repository=github["repository"], sha=github["sha"], attempt=1)
    return check_run(replace(settings, origin=origin), replace(ports, find_approval=partial(approval, github)))


def approval(github: Mapping[str, Any], waiver: Waiver) -> Found:
    """Answer as GitHub would who approved a waiver."""
    about = {"check": waiver.check, "scope": waiver.scope, "reason": waiver.reason, "expires": str(waiver.expires)}
    people = tuple(github["approved_by"])
    return Found(approval=Approval(**about, pull_request=github["pull_request"], approved_by=people))


def judge_case(case: str) -> Judged:
    """Judge a case from inside its folder, so that no path of a machine gets into the documents."""
    os.chdir(HERE / case)
    run = next(name for name in ("grpo-7.jsonl", "trainer_state.json") if Path(name).is_file())
    return judge(run, PolicyText(text=Path("policy.yml").read_text("utf-8"), source="policy.yml"))


def documents(judged: Judged) -> dict[str, bytes]:
    return {
        "verdict.json": verdict_json(judged.verdict).encode(),
        "verdict.md": verdict_markdown(judged.verdict).encode(),
    }


@pytest.fixture(autouse=True)
def come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


def test_every_case_is_listed() -> None:
    assert sorted(DECIDED) == CASES


@pytest.mark.parametrize("case", CASES)
def test_a_case_gives_the_documents_that_are_expected(case: str) -> None:
    found = documents(judge_case(case))
    expected = HERE / case / "expected"
    if RENEW:
        expected.mkdir(exist_ok=True)
        for name, content in found.items():
            (expected / name).write_bytes(content)

    assert {name: (expected / name).read_text("utf-8") for name in found} == {
        name: content.decode() for name, content in found.items()
    }
    assert sorted(found) == sorted(path.name for path in expected.iterdir())


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_decided_as_its_readme_says(case: str) -> None:
    verdict = judge_case(case).verdict

    decision, decider = DECIDED[case]
    deciding = [check.id for check in verdict.checks if check.outcome.value == decision and check.severity == "block"]
    assert verdict.decision.value == decision
    assert decider is None or decider in deciding


@pytest.mark.parametrize("case", CASES)
def test_a_case_judged_again_from_its_bundle_gives_the_same_bytes(case: str, tmp_path: Path) -> None:
    first = judge_case(case)
    write_output(first, tmp_path)
    os.chdir(tmp_path)

    again = judge("evidence", None, now="2031-01-01T00:00:00Z")

    assert documents(again) == documents(first)
    assert again.files == first.files


@pytest.mark.parametrize("case", CASES)
def test_a_verdict_of_a_case_reads_back_and_its_tables_hold(case: str) -> None:
    verdict = judge_case(case).verdict

    assert parse_verdict(verdict_json(verdict)) == verdict
    elements, text = look(verdict_markdown(verdict))
    opened = [element.split()[0] for element in elements]
    for tag in ("table", "tr", "td", "th", "details", "summary"):
        assert opened.count(tag) == opened.count(f"/{tag}"), tag
    passed = [check for check in verdict.checks if check.outcome is Outcome.PASS]
    for check in passed:
        assert check.title.split()[0] in text
    assert not [element for element in elements if element.startswith(("img", "input", "<!--", "script"))]


def test_hostile_names_do_nothing_but_show() -> None:
    document = verdict_markdown(judge_case("hostile-names").verdict)

    elements, text = look(document)

    assert not [element for element in elements if element.startswith(("a ", "img", "em", "del"))]
    assert not any(character in document for character in "\x1b\x07\u202e")
    for shown in ("a|b", "`code`", "</details>", "{{7*7}}", "<!-- x -->", "**bold** _x_", "\\u202egnp.exe"):
        assert shown in text, shown
    assert "@team" not in text  # a zero-width space stands between, so that nobody is called
    assert "@\u200bteam" in text


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "C.utf8", "PYTHONHASHSEED": "2", "LANG": "de_DE"},
    ],
)
def test_time_zone_locale_and_hash_seed_do_not_change_a_byte(environment: dict[str, str]) -> None:
    # Without -I, which would ignore the hash seed: sets are what it would shuffle.
    program = (
        "import json, sys; from tests.golden.test_golden import CASES, documents, judge_case\n"
        "json.dump({c: {n: d.decode() for n, d in documents(judge_case(c)).items()} for c in CASES}, sys.stdout)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=HERE.parent.parent,
        env={**clean_environment(), **environment},
        capture_output=True,
        check=True,
    )

    found = json.loads(ended.stdout)
    for case in CASES:
        expected = {path.name: path.read_text("utf-8") for path in (HERE / case / "expected").iterdir()}
        assert found[case] == expected, case


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_told_in_its_readme_and_small_enough_to_read(case: str) -> None:
    lines = (HERE / case / "README.md").read_text("utf-8").splitlines()

    assert len(lines) == 3
    assert lines[0].startswith("# ")
    assert lines[1] == ""
    for path in (HERE / case).iterdir():
        assert path.is_dir() or path.stat().st_size < 20_000, path
