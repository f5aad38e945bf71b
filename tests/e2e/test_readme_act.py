"""The README's workflow, pasted and given its secrets: the status, the check run, the comment, the evidence."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pasted import PATH, POLICY, PULL, judged, on_wandb
from tests.runs import command
from tests.services.github import SHA, GitHub


def test_a_pasted_workflow_judges_the_run_of_the_pull_request_and_tells_it(tmp_path: Path) -> None:
    with GitHub({("main", PATH): POLICY}) as github:
        github.add_pull(PULL)
        done = judged(tmp_path, github, on_wandb("kl-explosion"))

    assert done.returncode == 1, done.stdout[-4000:] + done.stderr[-2000:]  # act's own, of a job that failed
    assert [said["state"] for at, said in github.memory.statuses if at == SHA] == ["pending", "failure"]
    assert "KL divergence" in github.memory.statuses[-1][1]["description"]
    [report] = github.memory.check_runs.values()
    assert (report["status"], report["conclusion"]) == ("completed", "failure")
    [(number, comment)] = github.memory.comments.values()
    assert number == PULL
    assert comment["body"].count("```mermaid") == 2  # Elo, and the series that failed
    [kept] = (tmp_path / "results").iterdir()
    document = json.loads((kept / "verdict.json").read_text("utf-8"))
    assert (document["verdict"], document["sha"]) == ("fail", SHA)
    again = command("check", str(kept), "--format", "json", cwd=tmp_path)
    assert again.stdout == (kept / "verdict.json").read_text("utf-8")
    assert github.token not in done.stdout + done.stderr
