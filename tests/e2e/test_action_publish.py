"""What a job writes to GitHub: real client, real process, a server on loopback. The gate is right whatever happens."""

from __future__ import annotations

import hashlib
import html
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from action.publish.ledger import Standing
from tests.e2e.test_action_job import HIGH, LENIENT, PATH, ROWS, STRICT, Done, do, pull
from tests.jobs import mark
from tests.runs import command, rows, write_run
from tests.services.faults import reply
from tests.services.github import REPOSITORY, SHA, Fault, GitHub
from tests.services.wandb import ENTITY, PROJECT, Wandb
from tests.services.wandb_run import Run

HERE = f"{ENTITY}/{PROJECT}"
BAD = [{**row, "kl": 9.0 + row["_step"] / 100} for row in ROWS]


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub({("main", PATH): STRICT}) as service:
        service.add_pull(7)
        yield service


def job(
    folder: Path, github: GitHub, runs: Wandb | Sequence[Run] = (), event: str = "pull_request", payload: Any = None,
    **env: str,
) -> Done:  # fmt: skip
    """Do a job for an event, with these runs on W&B: a server that runs, or one that is started for it.

    Without any, the run is a file of the workspace, unless there is one already.
    """
    if not isinstance(runs, Wandb) and runs:
        with Wandb(*runs) as wandb:
            return job(folder, github, wandb, event, payload, **env)
    folder.mkdir(exist_ok=True)
    for name in ("outputs", "summary.md"):
        (folder / name).unlink(missing_ok=True)
    if isinstance(runs, Wandb):
        env = {"GATEKEEPER_PROJECT": HERE, **runs.environment(), **env}
    else:
        env = {"GATEKEEPER_RUN": "run.jsonl", **env}
        if not (folder / "run.jsonl").exists():
            write_run(folder)
    return do(folder, github, event, pull() if payload is None else payload, **{"GITHUB_RUN_ID": "42", **env})


def states(github: GitHub, sha: str = SHA) -> list[str]:
    return [said["state"] for at, said in github.memory.statuses if at == sha]


def test_a_verdict_on_a_pull_request_takes_twelve_requests_and_ten_when_nothing_changed(
    tmp_path: Path, github: GitHub
) -> None:
    tmp_path.joinpath(PATH).parent.mkdir(parents=True)
    tmp_path.joinpath(PATH).write_text(STRICT)  # as it is checked out
    with Wandb(Run(rows=ROWS, commit=SHA)) as wandb:
        first = job(tmp_path, github, wandb)
        asked = len(github.exchanges)
        second = job(tmp_path, github, wandb)

    assert (first.code, second.code) == (0, 0)
    assert (asked, len(github.exchanges) - asked) == (12, 10)
    assert states(github) == ["pending", "success", "pending", "success"]
    assert (first.outputs["operation"], second.outputs["operation"]) == ("created", "unchanged")
    assert first.outputs["comment-url"] == second.outputs["comment-url"] != ""
    assert first.outputs["check-url"] == second.outputs["check-url"] != ""
    assert len(github.memory.check_runs) == len(github.memory.comments) == 1


def test_what_is_written_says_why(tmp_path: Path, github: GitHub) -> None:
    write_run(tmp_path, HIGH)
    done = job(tmp_path, github)

    assert (done.code, done.outputs["verdict"]) == (10, "fail")
    status = github.memory.statuses[-1][1]
    assert (status["state"], status["context"]) == ("failure", "experiment-gatekeeper")
    assert "kl" in status["description"]
    assert status["target_url"].startswith(f"https://github.com/{REPOSITORY}/actions/runs/42#")
    [report] = github.memory.check_runs.values()
    assert (report["name"], report["status"], report["conclusion"]) == ("Experiment report", "completed", "failure")
    [(number, comment)] = github.memory.comments.values()
    assert number == 7
    assert "kl-p95" in comment["body"]
    assert "mermaid" in comment["body"]
    document = json.loads((tmp_path / "gatekeeper-out" / "verdict.json").read_text())
    assert (document["repository"], document["sha"], document["attempt"]) == (REPOSITORY, SHA, 1)
    again = command("check", "gatekeeper-out", "--format", "json", cwd=tmp_path)
    assert again.stdout == (tmp_path / "gatekeeper-out" / "verdict.json").read_text()
    digest = hashlib.sha256((tmp_path / "gatekeeper-out" / "verdict.json").read_bytes()).hexdigest()
    assert digest in report["output"]["text"]


def test_a_waiver_that_is_for_the_run_is_told_with_who_approved_it(tmp_path: Path, github: GitHub) -> None:
    waived = STRICT + "  reward: {metric: reward, stat: last, pass: '> -9'}\nwaivers:\n"
    waived += f"- {{check: kl-p95, commit: {SHA}, reason: warm-up, expires: 2099-12-31}}\n"
    added, head = "a" * 40, "b" * 40
    github.commit("9" * 40, PATH, STRICT)
    github.commit(head, PATH, waived, branch="waive")
    github.commit(added, PATH, waived, "9" * 40)
    github.add_pull(12, head, state="closed", merged=True).brought = (added,)
    github.memory.review(12, "alice", "APPROVED", head)
    write_run(tmp_path, HIGH)
    done = job(tmp_path, github)

    told = "does not block commit c0ffee0000000000000000000000000000000000 until the end of 2099-12-31"
    [(_, comment)] = github.memory.comments.values()
    document = json.loads((tmp_path / "gatekeeper-out" / "verdict.json").read_text())
    assert (done.code, states(github)[-1]) == (0, "success")
    assert [(one["used"], one["approved_by"], one["pull_request"]) for one in document["waivers"]] == [
        (True, ["alice"], 12)
    ]
    for text in (comment["body"], done.summary):
        assert f"{told} (approved by alice in #12): warm-up" in html.unescape(text).replace("\u200b", "")
    again = command("check", "gatekeeper-out", "--format", "json", cwd=tmp_path)
    assert again.stdout == (tmp_path / "gatekeeper-out" / "verdict.json").read_text()


def test_where_github_does_not_tell_who_approved_the_verdict_is_the_same_and_says_so(
    tmp_path: Path, github: GitHub
) -> None:
    waived = STRICT + "  reward: {metric: reward, stat: last, pass: '> -9'}\nwaivers:\n"
    waived += f"- {{check: kl-p95, commit: {SHA}, reason: warm-up, expires: 2099-12-31}}\n"
    github.commit("9" * 40, PATH, STRICT)
    github.commit("a" * 40, PATH, waived)
    github.faults.append(Fault(behave=reply(500), path=".*/commits", times=None))
    write_run(tmp_path, HIGH)
    done = job(tmp_path, github)

    assert done.code == 0
    assert "who approved it is not known" in done.summary
    assert "could not be asked: GitHub: expected the versions of .github/gatekeeper.yml, got " in done.summary


def test_two_runs_on_one_commit_pass_only_together(tmp_path: Path, github: GitHub) -> None:
    runs = [Run(rows=ROWS, commit=SHA), Run(name="bad00000", display="bad", rows=BAD, commit=SHA)]
    for name, code in (("bad00000", 10), ("abc123", 0)):
        done = job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/{name}")
        assert done.code == code

    assert states(github)[-1] == "failure"
    assert github.memory.statuses[-1][1]["description"] == "1 of 2 runs pass: bad00000 fails"
    assert len(github.memory.check_runs) == 2
    [(_, comment)] = github.memory.comments.values()
    assert "bad" in comment["body"]


def test_an_event_without_a_run_finds_all_of_the_commit_judged_or_waits_for_one(tmp_path: Path, github: GitHub) -> None:
    runs = [Run(rows=ROWS, commit=SHA), Run(name="two00000", rows=ROWS, commit=SHA)]
    open_ones = job(tmp_path, github, runs)
    assert (open_ones.code, open_ones.outputs["reason-code"], states(github)) == (11, "several-runs", ["failure"])

    for name in ("abc123", "two00000"):
        job(tmp_path, github, runs, GATEKEEPER_RUN=f"wandb://{HERE}/{name}")
    before = states(github)
    judged = job(tmp_path, github, runs)
    assert (judged.code, judged.outputs["reason-code"]) == (0, "judged-before")
    assert states(github) == before


def test_a_commit_without_a_run_waits(tmp_path: Path, github: GitHub) -> None:
    done = job(tmp_path, github, [Run(rows=ROWS, commit="d" * 40)])

    assert (done.code, done.outputs["reason-code"], states(github)) == (11, "no-run", ["pending"])


def test_a_run_of_another_commit_of_the_repository_does_not_count(tmp_path: Path, github: GitHub) -> None:
    github.memory.commits["d" * 40] = ()
    done = job(tmp_path, github, [Run(name="abcd1234", rows=ROWS, commit="d" * 40)], GATEKEEPER_RUN=f"{HERE}/abcd1234")

    assert (done.code, done.outputs["verdict"], done.outputs["reason-code"]) == (11, "inconclusive", "other-commit")
    assert states(github) == ["pending", "failure"]
    assert states(github, "d" * 40) == []
    assert github.memory.statuses[-1][1]["description"] == "grpo 7 was trained on dddddddddddd, not on this commit"
    assert github.memory.comments == {}


def test_a_run_that_a_person_named_and_another_repository_trained_counts(tmp_path: Path, github: GitHub) -> None:
    done = job(tmp_path, github, [Run(name="abcd1234", rows=ROWS, commit="d" * 40)], GATEKEEPER_RUN=f"{HERE}/abcd1234")

    assert (done.code, states(github)) == (0, ["pending", "success"])


def test_a_dispatch_goes_to_the_commit_of_the_run_and_its_pull_request(tmp_path: Path, github: GitHub) -> None:
    github.add_pull(8, "d" * 40)
    payload = {"client_payload": {"run": f"{HERE}/abc123"}}
    done = job(tmp_path, github, [Run(rows=ROWS, commit="d" * 40)], "repository_dispatch", payload)

    assert (done.code, states(github, "d" * 40), states(github)) == (0, ["pending", "success"], [])
    assert [number for number, _ in github.memory.comments.values()] == [8]


def test_the_policy_of_the_pull_requests_base_is_in_force_for_a_dispatch(tmp_path: Path, github: GitHub) -> None:
    github.files["release", PATH] = STRICT.replace("< 0.1", "< 0.001").replace(">= 0.15", ">= 0.0015")
    github.add_pull(8, "d" * 40, base="release")
    payload = {"client_payload": {"run": f"{HERE}/abc123"}}
    done = job(tmp_path, github, [Run(rows=ROWS, commit="d" * 40)], "repository_dispatch", payload)

    assert (done.code, states(github, "d" * 40)[-1]) == (10, "failure")


def test_a_fork_gets_the_summary_alone_and_the_exit_code_follows_the_verdict(tmp_path: Path, github: GitHub) -> None:
    for data, code in ((rows(), 0), (HIGH, 10)):
        write_run(tmp_path, data)
        done = job(tmp_path, github, payload=pull(fork=True))
        assert done.code == code
        assert "comes from a fork" in done.summary
    assert {one.request.method for one in github.exchanges} == {"GET"}


def test_a_trial_comments_and_sets_no_status(tmp_path: Path, github: GitHub) -> None:
    github.files["main", PATH] = f"{STRICT}trial: true\n"
    done = job(tmp_path, github)

    assert done.code == 0
    assert (states(github), github.memory.check_runs) == ([], {})
    [(_, comment)] = github.memory.comments.values()
    assert "tried out" in comment["body"]


def test_a_rehearsal_writes_nothing_and_says_what_it_would(tmp_path: Path, github: GitHub) -> None:
    done = job(tmp_path, github, GATEKEEPER_DRY_RUN="true")

    assert done.code == 0
    assert {one.request.method for one in github.exchanges} == {"GET"}
    told = [line for line in done.log if line.startswith("would write: ")]
    assert len(told) == 5
    assert told[-1].startswith("would write: comment on #7, created")


@pytest.mark.parametrize(
    ("publish", "written"),
    [
        ("none", {}),
        ("status", {"statuses": 2}),
        ("comment", {"comments": 1}),
        ("status, check-run", {"statuses": 2, "check_runs": 1}),
    ],
)
def test_only_what_is_wanted_is_written(tmp_path: Path, github: GitHub, publish: str, written: dict[str, int]) -> None:
    done = job(tmp_path, github, GATEKEEPER_PUBLISH=publish)

    assert done.code == 0
    for name in ("statuses", "check_runs", "comments"):
        assert len(getattr(github.memory, name)) == written.get(name, 0), name


@pytest.mark.parametrize("lacking", ["checks: write", "pull-requests: write"])
def test_a_permission_that_lacks_is_named_and_the_gate_stands(tmp_path: Path, github: GitHub, lacking: str) -> None:
    github.missing.add(lacking)
    done = job(tmp_path, github)

    assert (done.code, done.outputs["verdict"], states(github)[-1]) == (0, "pass", "success")
    assert "Not everything was written" in done.summary
    assert f"refused: `{lacking}`" in done.summary


def test_a_status_that_may_not_be_written_is_fatal(tmp_path: Path, github: GitHub) -> None:
    github.missing.add("statuses: write")
    done = job(tmp_path, github)

    assert (done.code, done.outputs["verdict"], done.outputs["exit-code"]) == (3, "error", "3")
    assert "statuses: write" in done.summary


def test_a_policy_with_a_fault_closes_the_gate_and_says_so(tmp_path: Path, github: GitHub) -> None:
    github.files["main", PATH] = "version: 1\nchecks: {a: {metric: kl, stat: nonsense}}\n"
    done = job(tmp_path, github)

    assert (done.code, done.outputs["reason-code"], states(github)[-1]) == (2, "policy", "error")


def test_a_service_that_fails_closes_the_gate_and_says_so(tmp_path: Path, github: GitHub) -> None:
    down: dict[str, Any] = {"WANDB_API_KEY": "k" * 40, "WANDB_BASE_URL": "http://127.0.0.1:9"}
    done = job(tmp_path, github, (), GATEKEEPER_RUN="wandb://team/league/abcd1234", **down)

    assert (done.code, done.outputs["verdict"], states(github)) == (3, "error", ["error"])
    assert "W&B" in github.memory.statuses[-1][1]["description"]


def test_a_pull_request_that_loosens_the_policy_is_judged_by_the_old_and_told(tmp_path: Path, github: GitHub) -> None:
    tmp_path.joinpath(PATH).parent.mkdir(parents=True)
    tmp_path.joinpath(PATH).write_text(LENIENT)
    write_run(tmp_path, HIGH)
    done = job(tmp_path, github, GITHUB_WORKSPACE=str(tmp_path))

    assert done.code == 10
    [(_, comment)] = github.memory.comments.values()
    assert "checks.kl-p95" in comment["body"]


@pytest.mark.parametrize(
    ("policy", "told"),
    [(LENIENT, "checks.kl-p95"), ("", "has a fault"), (None, f"removes {PATH}"), (STRICT, None)],
)
def test_without_a_checkout_the_pull_requests_policy_is_read_from_its_head(
    tmp_path: Path, github: GitHub, policy: str | None, told: str | None
) -> None:
    if policy is None:
        github.faults.append(Fault(behave=reply(404), path=".*/contents/.*", after=1, times=1))
    else:
        github.files[SHA, PATH] = policy
    with Wandb(Run(rows=BAD, commit=SHA)) as wandb:
        done = job(tmp_path, github, wandb, "workflow_run", finished(pulls=[7]))
        asked = len(github.requests)
        again = job(tmp_path, github, wandb, "workflow_run", finished(pulls=[7]))

    assert (done.code, again.outputs["operation"]) == (10, "unchanged")
    assert (asked, len(github.requests) - asked) == (13 + (policy is None), 10)
    [(_, comment)] = github.memory.comments.values()
    heading = "What this pull request changes in the policy"
    assert (heading in comment["body"]) is (told is not None)
    assert (told or "") in html.unescape(comment["body"])


def test_a_fork_is_told_in_the_summary_what_its_policy_asks_less(tmp_path: Path, github: GitHub) -> None:
    github.files[SHA, PATH] = LENIENT
    done = job(tmp_path, github, payload=pull(fork=True))

    assert "checks.kl-p95" in done.summary
    assert (github.memory.statuses, github.memory.comments) == ([], {})


# A finished workflow whose artifact names the run.


def finished(run: int = 99, pulls: Sequence[int] = ()) -> dict[str, Any]:
    owner = {"owner": {"login": "team"}}
    listed = [{"number": one, "head": {"sha": SHA}, "base": {"ref": "main"}} for one in pulls]
    return {
        "workflow_run": {
            "id": run, "head_sha": SHA, "head_branch": "topic", "head_repository": owner, "pull_requests": listed,
        }
    }  # fmt: skip


def archive(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("gatekeeper-run.json", content)
    return packed.getvalue()


def test_the_artifact_of_the_finished_workflow_names_the_run(tmp_path: Path, github: GitHub) -> None:
    github.add_artifact(99, "gatekeeper-run.json", archive(json.dumps({"run": f"{HERE}/abc123"}).encode()))
    runs = [Run(rows=ROWS, commit=SHA), Run(name="two00000", rows=ROWS, commit=SHA)]
    done = job(tmp_path, github, runs, "workflow_run", finished())

    assert (done.code, states(github)) == (0, ["pending", "pending"])  # the other run has to be judged as well
    assert github.memory.statuses[-1][1]["description"] == "1 of 2 runs pass: two00000 has no verdict yet"
    assert [number for number, _ in github.memory.comments.values()] == [7]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"run": "other/project/abc123"}', "expected a run of team/league"),
        (b'{"run": "team/league/two00000"}', "expected a run that was trained on c0ffee000000"),
        (b'{"run": "team/league/none0000"}', "expected one run on W&#38;B, found none"),
        (b'{"run": 7}', "expected a run on W&#38;B"),
        (b"[]", "got something else"),
        (b"{", "got something else"),
        (b"\xff\xfe", "got something else"),
    ],
)
def test_an_artifact_that_cannot_be_believed_is_refused(
    tmp_path: Path, github: GitHub, content: bytes, error: str
) -> None:
    github.memory.commits["d" * 40] = ()
    github.add_artifact(99, "gatekeeper-run.json", archive(content))
    runs = [Run(name=name, rows=ROWS, commit=SHA) for name in ("one00000", "abc123")]
    runs.append(Run(name="two00000", rows=ROWS, commit="d" * 40))
    done = job(tmp_path, github, runs, "workflow_run", finished())

    assert (done.code, done.outputs["verdict"]) == (2, "error")
    assert error in done.summary
    assert "success" not in states(github)


# A merge queue.


def queued(head: str = "f" * 40, number: int = 7) -> dict[str, Any]:
    ref = f"refs/heads/gh-readonly-queue/main/pr-{number}-{'b' * 40}"
    group = {"head_sha": head, "head_ref": ref, "base_sha": "b" * 40, "base_ref": "refs/heads/main"}
    return {"merge_group": group}


@pytest.mark.parametrize(("verdict", "code"), [("success", 0), ("failure", 10), ("error", 3), (None, 10)])
def test_a_merge_group_passes_if_its_heads_do(tmp_path: Path, github: GitHub, verdict: str | None, code: int) -> None:
    github.memory.commits |= {"b" * 40: (), SHA: ("b" * 40,), "f" * 40: ("b" * 40, SHA)}
    if verdict is not None:
        github.memory.post_status(SHA, mark(Standing(verdict[0].replace("s", "p"))))
    done = job(tmp_path, github, event="merge_group", payload=queued())

    assert (done.code, done.outputs["reason-code"]) == (code, "merge-group")
    assert states(github, "f" * 40) == [verdict or "failure"]


# The sweep-up.


def test_every_run_that_has_ended_without_a_verdict_is_judged_once(tmp_path: Path, github: GitHub) -> None:
    now = datetime.now(UTC)
    recent: dict[str, Any] = {
        "created_at": f"{now - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}",
        "heartbeat_at": f"{now:%Y-%m-%dT%H:%M:%S}",
    }
    for name in ("a", "b", "d"):
        github.memory.commits[name * 40] = ()
    github.add_pull(8, "a" * 40)
    runs = [
        Run(name="good0000", rows=ROWS, commit="a" * 40, **recent),
        Run(name="killed00", rows=ROWS, commit="b" * 40, state="killed", **recent),
        Run(name="running0", rows=ROWS, commit="d" * 40, state="running", **recent),
        Run(name="nocommit", rows=ROWS, commit=None, **recent),
        Run(name="foreign0", rows=ROWS, commit="e" * 40, **recent),
        Run(name="ancient0", rows=ROWS, commit="d" * 40),
    ]
    first = job(tmp_path, github, runs, "schedule", {"schedule": "17 * * * *"})

    assert (first.code, first.outputs["reason-code"]) == (0, "sweep")
    assert (states(github, "a" * 40), states(github, "b" * 40)) == (["pending", "success"], ["pending", "failure"])
    assert (states(github, "d" * 40), states(github, "e" * 40)) == ([], [])
    assert [number for number, _ in github.memory.comments.values()] == [8]
    assert (tmp_path / "gatekeeper-out" / "good0000" / "verdict.json").exists()
    written = len(github.memory.statuses)

    again = job(tmp_path, github, runs, "schedule", {"schedule": "17 * * * *"})
    assert again.code == 0
    assert "Every run that has ended has a verdict" in again.summary
    assert len(github.memory.statuses) == written


def test_a_run_whose_judging_was_killed_is_judged_by_the_next_sweep(tmp_path: Path, github: GitHub) -> None:
    now = f"{datetime.now(UTC) - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}"
    runs = [Run(rows=ROWS, commit=SHA, created_at=now, heartbeat_at=now)]
    job(tmp_path, github, runs, "schedule", {"schedule": ""})
    [report] = github.memory.check_runs.values()
    report |= {"status": "in_progress", "conclusion": None, "completed_at": None}
    job(tmp_path, github, runs, "schedule", {"schedule": ""})

    assert [one["status"] for one in github.memory.check_runs.values()] == ["completed"]
    assert states(github) == ["pending", "success"] * 2
