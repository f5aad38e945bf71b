"""The tracker on GitHub as users reach it: `gatekeeper track --github`, and the action's inputs `tracker`.

An emulator (npm `emulate`) holds branches, commits and pull requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action.cli.job.inputs import Job
from action.cli.job.promotion import track_entry
from action.cli.tracker_inputs import TrackerInputs
from tests.jobs import Done, pull_event, run_job
from tests.runs import POLICY, RECORDINGS, command, rows, write_run
from tests.services.faults import reply
from tests.services.github import REPOSITORY, Fault
from tests.services.github_api import faults
from tests.services.github_emulator import Emulator
from tests.unit.test_tracker_promotion import promoted

FILE, PATH = "docs/experiment-tracker.md", ".github/gatekeeper.yml"
BAD = rows(kl={step: 0.5 + step / 1_000 for step in range(40)})


@pytest.fixture(scope="module", name="judged")
def _judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged")
    command("check", RECORDINGS / "kl-explosion", "--profile", "grpo", "--out", "out", cwd=folder)
    return folder


@pytest.fixture(name="github")
def _github(tmp_path: Path) -> Iterator[Emulator]:
    (tmp_path / "github").mkdir()
    with Emulator(tmp_path / "github", PATH, POLICY) as github:
        yield github
    proxy = github.proxy
    assert [text for one in proxy.exchanges for text in faults(one, answered=one not in proxy.struck)] == []


def track(folder: Path, github: Emulator, *words: str, **env: str) -> Any:
    given = {"GITHUB_TOKEN": github.proxy.token, "GITHUB_API_URL": github.proxy.url, **env}
    return command("track", "out", "--github", REPOSITORY, *words, cwd=folder, env=given)


def job(folder: Path, github: Emulator, records: Any = None, **env: str) -> Done:
    folder.mkdir(exist_ok=True)
    write_run(folder, records)
    head = github.pull(f"topic-{folder.name}", "main")
    payload = pull_event(sha=head) | {"repository": {"default_branch": "main"}}
    payload["pull_request"]["number"] = github.proposals("main")[-1]["number"]
    payload["pull_request"]["head"]["ref"] = f"topic-{folder.name}"
    return run_job(folder, github.proxy, "pull_request", payload, GATEKEEPER_RUN="run.jsonl", **env)


def test_the_command_opens_a_pull_request_and_says_where(judged: Path, github: Emulator) -> None:
    shown = track(judged, github, "--base", "main", "--diff")
    tried = track(judged, github, "--base", "main", "--dry-run")
    assert all(one.request.method == "GET" for one in github.proxy.exchanges)

    done = track(judged, github, "--base", "main")
    again = track(judged, github, "--base", "main")

    assert "+## Exp 1: league-kl-explosion-s0\n" in shown.stdout
    assert tried.stdout == f"{FILE} of experiment-gatekeeper/tracker: Exp 1 would be added\n"
    [pull] = github.proposals("main")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Exp 1 is proposed by {pull['html_url']}, opened\n"
    assert again.stdout == f"Exp 1 is as it should be (proposed by {pull['html_url']})\n"
    assert "## Exp 1: league-kl-explosion-s0" in (github.text("experiment-gatekeeper/tracker", FILE) or "")
    assert github.proxy.token not in done.stdout + again.stdout + shown.stdout


def test_a_promotion_is_proposed_as_a_part_of_its_runs_entry(
    judged: Path, github: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", github.proxy.token)
    monkeypatch.setenv("GITHUB_API_URL", github.proxy.url)
    tracker = TrackerInputs(mode="pull-request", base="main")
    job = Job(
        run="", games=(), events=(), policy="", profiles=(), checkpoint="", project="", out=judged, deadline=9.0,
        tracker=tracker,
    )  # fmt: skip

    [(name, told)] = track_entry(job, REPOSITORY, lambda _: promoted())
    again = track_entry(job, REPOSITORY, lambda _: promoted())
    quiet = track_entry(replace(job, dry_run=True), REPOSITORY, lambda _: promoted())

    text = github.text("experiment-gatekeeper/tracker", FILE) or ""
    assert (name, told.startswith("Exp 1 is proposed by ")) == ("tracker", True)
    assert "**Promotion**: team/league/adapter:v7 was given `production`" in text
    assert again[0][1].startswith("Exp 1 is as it should be")
    assert quiet == []


def test_a_tracker_that_cannot_be_written_takes_no_promotion_back(
    judged: Path, github: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "wrong")
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    tracker = TrackerInputs(mode="commit", base="main")
    job = Job(
        run="", games=(), events=(), policy="", profiles=(), checkpoint="", project="", out=judged, deadline=9.0,
        tracker=tracker,
    )  # fmt: skip

    [(name, told)] = track_entry(job, REPOSITORY, lambda _: promoted())

    assert (name, told[:14]) == ("tracker", "not written: G")


def test_without_a_base_it_is_the_default_branch_and_a_commit_goes_right_there(judged: Path, github: Emulator) -> None:
    done = track(judged, github, "--commit")

    assert done.stdout == "Exp 1 is committed to master\n"
    assert "## Exp 1: league-kl-explosion-s0" in (github.text("master", FILE) or "")
    assert github.proposals("master") == []


def test_where_actions_may_open_none_the_branch_is_told_and_how_to_open_it(judged: Path, github: Emulator) -> None:
    text = "GitHub Actions is not permitted to create or approve pull requests."
    github.proxy.faults.append(Fault(behave=reply(403, {"message": text}), method="POST", path=".*/pulls"))
    done = track(judged, github)

    assert done.returncode == 3
    where = "https://github.com/team/league/compare/master...experiment-gatekeeper/tracker?expand=1"
    assert done.stdout == f"Exp 1 is on the branch experiment-gatekeeper/tracker; open its pull request: {where}\n"
    assert "Settings → Actions → General → Allow GitHub Actions to create and approve pull requests" in done.stderr


@pytest.mark.parametrize(
    ("words", "env", "told"),
    [
        ([], {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN: expected a token that may write contents and pull requests"),
        (["--github", "nobody"], {}, "repository: expected owner/name, got nobody"),
        (["--base", "a..b"], {}, "--base: expected the name of a branch, got a..b"),
        (["--branch", "main", "--base", "main"], {}, "--branch: expected another branch than main"),
        (["--file", "../t.md"], {}, "--file: expected a path in the repository"),
        (["--base", "none"], {}, "none: expected a branch of the repository, got none of that name"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    judged: Path, github: Emulator, words: list[str], env: dict[str, str], told: str
) -> None:
    done = track(judged, github, *words, **env)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert github.proposals("main") == []


def test_a_job_writes_its_runs_into_one_pull_request_and_outputs_it(tmp_path: Path, github: Emulator) -> None:
    first = job(tmp_path / "one", github, GATEKEEPER_TRACKER="pull-request", GATEKEEPER_TRACKER_LABELS="tracker\nbot")
    second = job(tmp_path / "two", github, BAD, GATEKEEPER_TRACKER="pull-request")

    [pull] = [one for one in github.proposals("main") if one["title"].startswith("Experiment tracker")]
    assert (first.code, second.code) == (0, 10)
    assert first.outputs["tracker-pr"] == second.outputs["tracker-pr"] == pull["html_url"]
    assert "Tracker: Exp 1 is proposed by" in first.summary
    assert [one["name"] for one in pull["labels"]] == ["tracker", "bot"]
    text = github.text("experiment-gatekeeper/tracker", FILE) or ""
    assert text.count("\n## Exp ") == 2  # files of one name, of two commits
    assert "verdict: fail" in text
    assert github.text("main", FILE) is None


def test_without_the_input_nothing_is_tracked(tmp_path: Path, github: Emulator) -> None:
    done = job(tmp_path / "one", github)

    assert done.outputs["tracker-pr"] == ""
    assert len(github.proposals("main")) == 1


def test_a_token_of_its_own_writes_the_tracker_and_a_refusal_turns_no_verdict(tmp_path: Path, github: Emulator) -> None:
    own = "ghs_of_an_app_0123456789"
    done = job(tmp_path / "one", github, GATEKEEPER_TRACKER="pull-request", GATEKEEPER_TRACKER_TOKEN=own)

    assert (done.code, done.outputs["verdict"], done.outputs["tracker-pr"]) == (0, "pass", "")
    assert "expected access to the branches main…, got 401" in done.summary
    assert f"::add-mask::{own}" in done.stdout
    assert own not in done.stdout.replace(f"::add-mask::{own}", "") + done.summary + done.stderr


def test_a_refused_permission_is_told_with_the_yaml_to_paste(tmp_path: Path, github: Emulator) -> None:
    said = {"message": "Resource not accessible by integration"}
    github.proxy.faults.append(Fault(behave=reply(403, said), method="POST", path=".*/git/trees"))
    done = job(tmp_path / "one", github, GATEKEEPER_TRACKER="commit")

    assert done.code == 0
    assert "  contents: write\n  statuses: write" in done.summary
    assert "refused: `contents: write`" in done.summary


def test_a_trial_and_a_rehearsal_leave_the_tracker_as_it_is(tmp_path: Path, github: Emulator) -> None:
    rehearsed = job(tmp_path / "one", github, GATEKEEPER_TRACKER="commit", GATEKEEPER_DRY_RUN="true")
    github.commit("main", PATH, f"{POLICY}trial: true\n")
    trial = job(tmp_path / "two", github, GATEKEEPER_TRACKER="commit")

    assert "would write: tracker: Exp 1 would be written on main" in rehearsed.stdout
    assert "The policy is being tried out: the tracker was left as it is" in trial.summary
    assert github.text("main", FILE) is None


def test_entries_are_laid_out_by_a_template_of_the_base_branch(tmp_path: Path, github: Emulator) -> None:
    template = "**Status**: {{ state }}\n\n**Results**:\n- own layout of {{ name }}\n"
    github.commit("main", ".github/entry.md.j2", template)
    done = job(tmp_path / "one", github, GATEKEEPER_TRACKER="commit", GATEKEEPER_TRACKER_TEMPLATE=".github/entry.md.j2")
    absent = job(tmp_path / "two", github, GATEKEEPER_TRACKER="commit", GATEKEEPER_TRACKER_TEMPLATE="none.j2")

    assert done.code == absent.code == 0
    assert "- own layout of run" in (github.text("main", FILE) or "")
    assert "none.j2: expected a template on main, found none; commit it there" in absent.summary


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"GATEKEEPER_TRACKER": "yes"}, "tracker: expected none, pull-request or commit, got yes"),
        ({"GATEKEEPER_TRACKER_FILE": "/etc/passwd"}, "tracker-file: expected a path in the repository"),
        ({"GATEKEEPER_TRACKER_BRANCH": "-x"}, "tracker-branch: expected the name of a branch, got -x"),
        ({"GATEKEEPER_TRACKER_REVIEWERS": "ada\n@team"}, "tracker-reviewers: expected logins, or teams as owner/team"),
    ],
)
def test_inputs_that_cannot_be_meant_are_told_before_anything_is_judged(
    tmp_path: Path, github: Emulator, env: dict[str, str], told: str
) -> None:
    done = job(tmp_path / "one", github, **env)

    assert (done.code, done.outputs["reason-code"]) == (2, "input")
    assert told in done.stdout
