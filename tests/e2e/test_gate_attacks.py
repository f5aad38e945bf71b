"""Ways to a pass that nobody gave, each tried against a real job: the gate stays closed, and says the truth."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from action.publish.ledger import Standing
from tests.e2e.test_action_job import HIGH, LENIENT, PATH, ROWS, STRICT, pull
from tests.e2e.test_action_publish import BAD, HERE, archive, finished, job, queued, states
from tests.jobs import mark
from tests.runs import RECORDINGS, judge_path, write_output, write_run
from tests.services.faults import reply
from tests.services.github import REPOSITORY, SHA, Fault, GitHub
from tests.services.wandb_run import Run

SOON = f"{datetime.now(UTC) - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}"
RECENT: dict[str, Any] = {"created_at": SOON, "heartbeat_at": SOON}
GROUP, BEFORE = "f" * 40, "b" * 40
CONTEXT = "experiment-gatekeeper"


@pytest.fixture(name="github")
def _github() -> Iterator[GitHub]:
    with GitHub({("main", PATH): STRICT}) as service:
        service.add_pull(7)
        yield service


def two(**about: Any) -> list[Run]:
    """Return a good and a bad run of the head."""
    return [
        Run(name="good0000", rows=ROWS, commit=SHA, **about),
        Run(name="bad00000", display="bad", rows=BAD, commit=SHA, **about),
    ]


# Whose verdict it is.


@pytest.mark.parametrize("name", ["bad~1", "\U0001f600" * 60], ids=["tilde", "sixty emoji"])
def test_no_name_of_a_run_makes_its_verdict_forgotten(tmp_path: Path, github: GitHub, name: str) -> None:
    runs = [Run(name=name, display="bad", rows=BAD, commit=SHA), two()[0]]
    for one in (name, "good0000"):
        job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/{one}")

    assert states(github)[-1] in {"failure", "error"}
    assert github.memory.statuses[-1][1]["description"].startswith("1 of 2 runs pass")


def test_a_link_that_is_another_run_today_is_another_run(tmp_path: Path, github: GitHub) -> None:
    link = tmp_path / "latest-run"
    for recipe in ("kl-explosion", "healthy"):
        link.unlink(missing_ok=True)
        shutil.copytree(RECORDINGS / recipe, tmp_path / recipe)
        link.symlink_to(recipe)
        job(tmp_path, github, GATEKEEPER_RUN="latest-run")

    assert states(github)[-1] == "failure"
    [(_, comment)] = github.memory.comments.values()
    assert "league-kl-explosion-s0" in comment["body"]


def test_two_files_of_one_name_are_two_runs(tmp_path: Path, github: GitHub) -> None:
    for name, records in (("a", HIGH), ("b", None)):
        (tmp_path / name).mkdir()
        write_run(tmp_path / name, records)
        job(tmp_path, github, GATEKEEPER_RUN=f"{name}/run.jsonl")

    assert states(github)[-1] == "failure"
    [(_, comment)] = github.memory.comments.values()
    assert comment["body"].startswith("<!--")
    assert "1 of 2 runs of this commit passes" in comment["body"]


def test_a_display_name_like_an_id_is_looked_up(tmp_path: Path, github: GitHub) -> None:
    for records, name in ((BAD, "grpo0007"), (ROWS, "realid01")):
        run = Run(name="realid01", display="grpo0007", rows=records, commit=SHA)
        job(tmp_path, github, [run], GATEKEEPER_RUN=f"wandb://{HERE}/{name}")

    assert states(github)[-1] == "success"
    assert len(github.memory.check_runs) == len(github.memory.comments) == 1


# Statuses that others post.


def test_the_mark_of_a_person_makes_no_pass(tmp_path: Path, github: GitHub) -> None:
    forged = mark(Standing.PASS, "run.jsonl", judged_at="2099-01-01T00:00:00Z")
    github.memory.post_status(SHA, {**forged, "author": "mallory"})
    write_run(tmp_path, HIGH)
    done = job(tmp_path, github)

    assert done.code == 10
    assert states(github)[-1] == "failure"


def test_a_plain_status_of_a_person_opens_no_merge_group(tmp_path: Path, github: GitHub) -> None:
    github.memory.commits |= {BEFORE: (), SHA: (BEFORE,), GROUP: (BEFORE, SHA)}
    said = {"state": "success", "context": CONTEXT, "description": "trust me", "author": "mallory"}
    github.memory.post_status(SHA, said)
    job(tmp_path, github, event="merge_group", payload=queued())

    assert states(github, GROUP) == ["failure"]


def test_a_token_of_a_person_counts_its_own_passes(tmp_path: Path, github: GitHub) -> None:
    github.memory.me = "octocat"
    for name in ("one00000", "two00000"):
        runs = [Run(name=one, rows=ROWS, commit=SHA) for one in ("one00000", "two00000")]
        job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/{name}")

    assert states(github)[-1] == "success"


def test_a_clock_that_is_ahead_keeps_no_later_verdict_out(tmp_path: Path, github: GitHub) -> None:
    job(tmp_path, github, [Run(name="abcd1234", rows=ROWS, commit=SHA)])
    for _, said in github.memory.statuses:
        said["target_url"] = said["target_url"].replace("~2", "~3", 1) if "~2" in said["target_url"] else ""
    done = job(tmp_path, github, [Run(name="abcd1234", rows=BAD, commit=SHA)])

    assert done.code == 10
    assert states(github)[-1] == "failure"


def test_more_statuses_than_are_read_open_nothing(tmp_path: Path, github: GitHub) -> None:
    job(tmp_path, github, two(), GATEKEEPER_RUN=f"wandb://{HERE}/bad00000")
    for number in range(1_000):
        github.memory.post_status(SHA, {"state": "success", "context": f"ci/{number}"})
    done = job(tmp_path, github, two(), GATEKEEPER_RUN=f"wandb://{HERE}/good0000")

    assert done.code == 3
    assert "push another commit" in done.summary
    assert [said["state"] for _, said in github.memory.statuses if said["context"] == CONTEXT][-1] != "success"


# Which policy it is.


def test_a_pass_for_one_branch_is_none_for_another(tmp_path: Path, github: GitHub) -> None:
    github.files["lax", PATH] = LENIENT
    github.memory.pulls[7].base = "lax"
    run = [Run(name="bad00000", rows=BAD, commit=SHA, **RECENT)]
    first = job(tmp_path, github, run, "workflow_run", finished())
    github.memory.pulls[7].base = "main"
    github.memory.commits |= {BEFORE: (), SHA: (BEFORE,), GROUP: (BEFORE, SHA)}
    job(tmp_path, github, event="merge_group", payload=queued())
    assert (first.code, states(github, GROUP)) == (0, ["failure"])

    job(tmp_path, github, run, "schedule", {"schedule": ""})
    assert states(github)[-1] == "failure"


def test_pull_requests_into_two_branches_are_judged_by_both_policies(tmp_path: Path, github: GitHub) -> None:
    github.files["dev", PATH] = LENIENT
    github.add_pull(9, SHA, base="dev")
    run = [Run(name="bad00000", rows=BAD, commit=SHA)]
    other = pull("dev")
    other["pull_request"]["number"] = 9
    codes = [job(tmp_path, github, run, "pull_request", one).code for one in (pull(), other)]

    assert codes == [10, 0]
    assert states(github)[-1] == "failure"


def test_branches_that_do_not_agree_are_no_reason_for_the_default_branchs_policy(
    tmp_path: Path, github: GitHub
) -> None:
    github.files |= {("main", PATH): LENIENT, ("release", PATH): STRICT, ("dev", PATH): STRICT + "# dev\n"}
    github.memory.pulls[7].base = "release"
    github.add_pull(9, SHA, base="dev")
    payload = {"client_payload": {"run": f"{HERE}/bad00000"}}
    run = [Run(name="bad00000", rows=BAD, commit=SHA)]
    differ = job(tmp_path, github, run, "repository_dispatch", payload)
    assert (differ.code, states(github)[-1]) == (2, "error")
    assert "close one of them" in differ.summary

    github.files["dev", PATH] = STRICT
    assert job(tmp_path, github, run, "repository_dispatch", payload).code == 10


def test_a_pull_request_of_another_repository_chooses_no_policy(tmp_path: Path, github: GitHub) -> None:
    github.files["old", PATH] = LENIENT
    payload = finished()
    payload["repository"] = {"id": 1, "full_name": REPOSITORY}
    payload["workflow_run"]["pull_requests"] = [
        {"number": 3, "head": {"sha": SHA, "repo": {"id": 1}}, "base": {"ref": "old", "repo": {"id": 2}}}
    ]
    done = job(tmp_path, github, [Run(name="bad00000", rows=BAD, commit=SHA)], "workflow_run", payload)

    assert (done.code, states(github)[-1]) == (10, "failure")
    assert len(github.memory.comments) == 1


def test_verdicts_by_another_policy_are_no_verdicts(tmp_path: Path, github: GitHub) -> None:
    github.files |= {("main", PATH): LENIENT, ("main", "strict.yml"): STRICT}
    runs = [Run(name=name, rows=BAD, commit=SHA) for name in ("one00000", "two00000")]
    for name in ("one00000", "two00000"):
        job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/{name}")
    done = job(tmp_path, github, runs, GATEKEEPER_POLICY="strict.yml")

    assert done.code == 11
    assert states(github)[-1] == "failure"


def test_a_policy_that_is_added_takes_the_place_of_the_profile(tmp_path: Path, github: GitHub) -> None:
    del github.files["main", PATH]
    run = [Run(name="abcd1234", rows=BAD, commit=SHA)]
    first = job(tmp_path, github, run)
    github.files["main", PATH] = LENIENT
    second = job(tmp_path, github, run)

    assert (first.code != 0, second.code, states(github)[-1]) == (True, 0, "success")


# Runs that nobody judged.


@pytest.mark.parametrize("how", ["several", "artifact", "named"])
def test_a_run_without_a_verdict_holds_its_commit_up(tmp_path: Path, github: GitHub, how: str) -> None:
    if how == "several":
        job(tmp_path, github, two()[:1], "workflow_run", finished())
        job(tmp_path, github, two(), "workflow_run", finished(100))
    elif how == "artifact":
        told = archive(json.dumps({"run": f"{HERE}/good0000"}).encode())
        github.add_artifact(99, "gatekeeper-run.json", told)
        job(tmp_path, github, two(), "workflow_run", finished())
    else:
        job(tmp_path, github, two(), GATEKEEPER_RUN=f"wandb://{HERE}/good0000")

    assert states(github)[-1] in {"failure", "pending"}


def test_a_policy_that_cannot_be_read_closes_the_gate(tmp_path: Path, github: GitHub) -> None:
    job(tmp_path, github, two()[:1])
    github.faults.append(Fault(behave=reply(502), path=".*/contents/.*", times=None))
    done = job(tmp_path, github, two(), GATEKEEPER_RUN=f"wandb://{HERE}/bad00000")

    assert (done.code, states(github)[-1]) == (3, "error")


@pytest.mark.parametrize(
    ("commit", "state"), [("main", []), (SHA[:12], []), (SHA.upper(), ["pending", "success"]), ("", [])]
)
def test_only_a_whole_commit_gets_a_status(tmp_path: Path, github: GitHub, commit: str, state: list[str]) -> None:
    github.memory.commits |= {"main": (), SHA[:12]: ()}  # GitHub takes names of branches in their place
    run = [Run(name="abcd1234", rows=ROWS, commit=commit, **RECENT)]
    job(tmp_path, github, run, "schedule", {"schedule": ""})

    assert [said["state"] for _, said in github.memory.statuses] == state


def test_a_hint_is_never_a_file_of_the_workspace(tmp_path: Path, github: GitHub) -> None:
    (tmp_path / "team" / "league").mkdir(parents=True)
    write_run(tmp_path)
    payload = {"client_payload": {"run": f"{HERE}/../../run.jsonl"}}
    done = job(tmp_path, github, [Run(rows=ROWS)], "repository_dispatch", payload)

    assert done.code == 2
    assert "success" not in states(github)


# What is left behind, and how it is put right.


@pytest.mark.parametrize("left", ["outage", "killed"])
def test_the_next_sweep_judges_what_could_not_be_judged(tmp_path: Path, github: GitHub, left: str) -> None:
    good = [Run(name="good0000", rows=ROWS, commit=SHA, **RECENT)]
    if left == "outage":
        broken = [Run(name="good0000", rows=ROWS, commit=SHA, stored=[b"broken", b"broken"], **RECENT)]
        job(tmp_path, github, broken, "schedule", {"schedule": ""})
        assert states(github)[-1] == "error"
    else:
        job(tmp_path, github, good)
        github.memory.post_status(SHA, mark(Standing.WAITING, "good0000", judged_at=f"{datetime.now(UTC):%FT%TZ}"))
    done = job(tmp_path, github, good, "schedule", {"schedule": ""})

    assert (done.code, states(github)[-1]) == (0, "success")


def test_a_status_that_hides_the_verdicts_is_replaced(tmp_path: Path, github: GitHub) -> None:
    runs = [Run(name=name, rows=ROWS, commit=SHA) for name in ("one00000", "two00000")]
    for name in ("one00000", "two00000"):
        job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/{name}")
    github.memory.post_status(SHA, {"state": "pending", "context": CONTEXT, "description": "No run"})
    done = job(tmp_path, github, runs)

    assert (done.code, states(github)[-1]) == (0, "success")


def test_a_run_that_waits_has_no_verdict(tmp_path: Path, github: GitHub) -> None:
    runs = [Run(name=name, rows=ROWS, commit=SHA) for name in ("one00000", "two00000")]
    job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/one00000")
    github.memory.post_status(SHA, mark(Standing.WAITING, "two00000"))
    done = job(tmp_path, github, runs)

    assert "have a verdict" not in done.summary
    assert done.code == 11


# What is said, and where it is written.


def test_a_hostile_name_is_one_plain_line_wherever_it_is_shown(tmp_path: Path, github: GitHub) -> None:
    name = "x\u202egpj\n@team <b>"
    run = [Run(name="abcd1234", display=name, rows=ROWS, commit=SHA, stored=[b"broken", b"broken"], **RECENT)]
    job(tmp_path, github, run, "schedule", {"schedule": ""})

    for report in github.memory.check_runs.values():
        assert report["output"]["title"].isprintable()


def test_an_id_is_no_path(tmp_path: Path, github: GitHub) -> None:
    runs = [Run(name=f"../../{tmp_path.name}/../outside", rows=ROWS, commit=SHA, **RECENT)]
    out = tmp_path / "x" / "out"
    job(tmp_path, github, runs, "schedule", {"schedule": ""}, GATEKEEPER_OUT=str(out))

    [written] = [*tmp_path.parent.glob("outside/**/verdict.json"), *tmp_path.rglob("verdict.json")]
    assert written.is_relative_to(out)


def test_a_folder_that_is_no_text_is_one_clear_error(tmp_path: Path, github: GitHub) -> None:
    done = job(tmp_path, github, GATEKEEPER_OUT=os.fsdecode(b"out\xff"))

    assert (done.code, done.outputs["reason-code"]) == (2, "input")
    assert "out: expected a path in UTF-8" in done.summary


def test_what_is_not_known_is_not_told(tmp_path: Path, github: GitHub) -> None:
    github.faults.append(Fault(behave=reply(502), path=".*/pulls/7", times=None))
    assert "No open pull request" not in job(tmp_path, github).summary

    github.faults.clear()
    github.files["main", PATH] = f"{STRICT}trial: true\n"
    github.missing.add("pull-requests: write")
    summary = job(tmp_path, github).summary
    assert "The verdict stands." in summary
    assert "commit status stand" not in summary


# What could be promoted by it.


def test_a_run_of_another_project_is_judged_by_nobody_who_may_only_start_the_workflow(
    tmp_path: Path, github: GitHub
) -> None:
    done = job(tmp_path, github, two(), GATEKEEPER_RUN="wandb://attacker/fake/good0000", GATEKEEPER_PROJECT=HERE)

    assert (done.code, done.outputs["reason-code"]) == (2, "input")
    assert "expected a run of team/league, the input" in done.summary
    assert "success" not in states(github)


def test_a_bundle_of_the_repository_is_judged_by_no_job(tmp_path: Path, github: GitHub) -> None:
    write_output(judge_path(write_run(tmp_path)), tmp_path / "docs" / "exp12")

    done = job(tmp_path, github, GATEKEEPER_RUN="./docs/exp12")

    assert (done.code, done.outputs["reason-code"]) == (2, "input")
    assert "an evidence bundle" in done.summary


def test_files_of_the_repository_are_never_packed_with_a_verdict(tmp_path: Path, github: GitHub) -> None:
    (tmp_path / "runner").mkdir()
    (tmp_path / "gatekeeper-out" / "forged").mkdir(parents=True)
    (tmp_path / "gatekeeper-out" / "forged" / "verdict.json").write_text("{}")
    write_run(tmp_path)
    env: dict[str, Any] = {"GATEKEEPER_RUN": "run.jsonl", "RUNNER_TEMP": str(tmp_path / "runner")}

    refused = job(tmp_path, github, **env)
    shutil.rmtree(tmp_path / "gatekeeper-out")
    twice = [job(tmp_path, github, **env).outputs["reason-code"] for _ in range(2)]

    assert (refused.code, refused.outputs["reason-code"]) == (2, "input")
    assert "expected a folder without files, got gatekeeper-out" in refused.summary
    assert "input" not in twice
