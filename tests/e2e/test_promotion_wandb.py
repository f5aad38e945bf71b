"""From a run on W&B to its alias, as a workflow does it: judged, published, verified by its commit, promoted.

Real clients, servers on loopback that play W&B and GitHub, the action as `action.yml` starts it.
"""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.publish.ledger import Standing
from tests.promotions_wandb import NEW, OLD, Published, Stage, judge_once, publish, reasons, staged
from tests.runs import command, kl
from tests.services.github import REPOSITORY, SHA
from tests.services.loopback import Exchange
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_faults import status
from tests.services.wandb_run import Artifact, Run
from tests.services.wandb_shelf import OWNER, REGISTRY


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return judge_once(tmp_path_factory.mktemp("judged"))


@pytest.fixture
def judged(stage: Stage, published: Published) -> Stage:
    publish(stage, published)
    return stage


def test_the_action_verifies_then_promotes_and_the_record_is_kept(judged: Stage) -> None:
    asked = {"COMMIT": SHA, "ARTIFACT": NEW, "ALIAS": "production", "WHY": "beats ::error:: v1", "GITHUB_ACTOR": "ada"}

    verified = judged.job(COMMAND="verify", **asked)
    promoted = judged.job(COMMAND="promote", **asked)
    again = judged.job(COMMAND="promote", **asked)

    assert (verified.code, verified.outputs["verdict"], verified.outputs["promoted"]) == (0, "pass", "none")
    assert "Verified: nothing speaks against this promotion." in verified.summary
    assert (promoted.code, promoted.outputs["promoted"]) == (0, "moved")
    assert (again.code, again.outputs["promoted"]) == (0, "already")
    assert judged.holder() == NEW
    [record] = judged.records()
    assert (record["alias"], record["commit"], record["why"]) == ("production", SHA, "beats ::error:: v1")
    for done in (verified, promoted, again):
        told = done.stdout.replace(f"::add-mask::{judged.wandb.key}", "") + done.stderr + done.summary
        assert judged.wandb.key not in told
        assert not any(line.startswith("::error") for line in done.log)


def test_a_refusal_of_the_action_names_its_reason_everywhere(judged: Stage) -> None:
    done = judged.job(COMMAND="promote", COMMIT=SHA, ARTIFACT=OLD, ALIAS="production")

    assert (done.code, done.outputs["reason-code"], done.outputs["promoted"]) == (10, "other-checkpoint", "none")
    assert "**other-checkpoint**" in done.summary
    assert any(line.startswith("::error title=Refused%3A other-checkpoint::") for line in done.log)
    assert judged.holder() == OLD


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"COMMAND": "ship"}, "command: expected judge, verify or promote, got ship"),
        ({"COMMAND": "verify", "COMMIT": SHA}, "artifact: expected it with the command verify, got none"),
        ({"COMMAND": "promote", "ARTIFACT": NEW, "ALIAS": "x"}, "commit: expected it with the command promote"),
    ],
)
def test_inputs_that_cannot_be_meant_are_told(stage: Stage, inputs: dict[str, str], told: str) -> None:
    done = stage.job(**inputs)

    assert (done.code, done.outputs["reason-code"]) == (2, "input")
    assert told in done.stdout


def test_a_command_line_promotes_and_rolls_back_by_the_verdict_of_the_commit(judged: Stage) -> None:
    done = judged.promote("--by", "ada")

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["change"], told["before"]["name"], told["holder"]["name"]) == ("moved", OLD, NEW)
    assert judged.holder() == NEW
    assert reasons(judged.promote(artifact=OLD)) == ["other-checkpoint"]  # nobody judged those bytes


def test_a_checkpoint_that_was_replaced_under_the_same_version_is_refused(judged: Stage) -> None:
    version = next(one for one in judged.wandb.shelf.versions.values() if one.name == NEW)
    version.digest = "d9"

    assert reasons(judged.promote()) == ["other-checkpoint"]
    assert judged.holder() == OLD


def test_a_checkpoint_that_another_run_logged_is_refused_even_with_the_same_bytes(judged: Stage) -> None:
    judged.wandb.shelf.add(Artifact(version=3, digest="d2"), run="another1")

    assert reasons(judged.promote(artifact="team/league/adapter:v3")) == ["other-run"]


def delete(stage: Stage, *, pending: bool = False, collection: bool = False) -> None:
    """Delete the version that was judged, as W&B does it now or soon; or all of its collection."""
    shelf = stage.wandb.shelf
    for version in [one for one in shelf.versions.values() if collection or one.name == NEW]:
        shelf.delete(version)
        version.state = "PENDING_DELETION" if pending else version.state


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ({}, "expected the version on W&B that was judged, found none of that name any more"),
        ({"pending": True}, "expected a whole version on W&B, got one that is deleted or was never finished"),
        ({"collection": True}, "expected the version on W&B that was judged, found none of that name any more"),
    ],
)
def test_a_checkpoint_that_was_deleted_is_refused_as_gone(judged: Stage, gone: dict[str, bool], told: str) -> None:
    delete(judged, **gone)
    before = judged.holder()

    promoted, verified = judged.promote(), judged.verify()
    named = judged.verify("--artifact", f"wandb-artifact://{NEW}")

    for done in (promoted, verified, named):
        assert reasons(done) == ["artifact-gone"]
        [refusal] = json.loads(done.stdout)["refusals"]
        assert refusal["text"].startswith(f"{NEW}: {told}")
        assert done.stderr == ""
    document = json.loads(promoted.stdout)
    assert (document["change"], document["registry"], document["alias"]) == ("refused", "W&B", "production")
    assert before == judged.holder() == (None if "collection" in gone else OLD)
    assert not set(judged.wandb.operations) & {"AddAliases", "DeleteAliases", "UpdateArtifact"}


def test_the_action_refuses_a_checkpoint_that_was_deleted_by_its_reason(judged: Stage) -> None:
    delete(judged)

    done = judged.job(COMMAND="promote", COMMIT=SHA, ARTIFACT=NEW, ALIAS="production")

    assert (done.code, done.outputs["reason-code"], done.outputs["promoted"]) == (10, "artifact-gone", "none")
    assert judged.holder() == OLD


def test_a_checkpoint_that_the_verdict_of_a_file_names_is_gone_too(judged: Stage) -> None:
    delete(judged)
    words = ("--alias", "production", "--verdict", "gatekeeper-out", "--repository", REPOSITORY, "--format", "json")

    done = command("promote", NEW, *words, cwd=judged.folder, env=judged.wandb.environment())

    assert reasons(done) == ["artifact-gone"]


MISTYPED = {
    "team/league/adapter:v9": "expected a version on W&B, found none of that name and number or alias",
    "team/league/adaptor:v2": "expected a version on W&B, found none of that name and number or alias",
    "team/leage/adapter:v2": "expected a project on W&B, found none that this key may read",
    "adapter:v2": "expected an artifact on W&B as entity/project/name:v7",
}


@pytest.mark.parametrize("artifact", MISTYPED)
def test_a_name_that_no_verdict_is_on_is_a_wrong_input_and_not_gone(judged: Stage, artifact: str) -> None:
    for done in (judged.promote(artifact=artifact), judged.verify("--artifact", artifact)):
        assert (done.returncode, done.stdout) == (2, "")
        assert MISTYPED[artifact] in done.stderr
    assert judged.holder() == OLD


def test_where_the_commit_has_no_verdict_nobody_can_tell_whether_a_checkpoint_was_there(stage: Stage) -> None:
    stage.github.memory.commits[SHA] = ()

    done = stage.promote(artifact="team/league/adapter:v9")

    assert (done.returncode, done.stdout) == (2, "")
    assert MISTYPED["team/league/adapter:v9"] in done.stderr


def test_without_a_commits_verdict_a_file_is_not_believed_for_wandb(judged: Stage) -> None:
    words = ("--alias", "production", "--verdict", "gatekeeper-out", "--format", "json")
    env = judged.wandb.environment()

    on_my_word = command("promote", NEW, *words, "--trust-local", cwd=judged.folder, env=env)
    on_nobodys = command("promote", NEW, *words, "--repository", REPOSITORY, cwd=judged.folder, env=env)

    assert reasons(on_my_word) == ["trust-local"]
    assert "untrusted" in reasons(on_nobodys)
    assert judged.holder() == OLD


def test_a_service_that_fails_in_the_middle_leaves_the_alias_where_it_is_told(judged: Stage) -> None:
    judged.wandb.faults["AddAliases"] = Fault(behave=status(409)(judged.wandb))

    done = judged.promote()

    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stderr.startswith("gatekeeper: W&B: ")
    assert judged.holder() == OLD


TARGET, PLACE = f"{REGISTRY}/Agents", (OWNER, REGISTRY, "Agents")


@pytest.mark.parametrize(("operation", "done"), [("LinkArtifact", True), ("UpdateArtifact", False)])
def test_a_command_that_is_killed_as_it_moves_an_alias_is_brought_to_its_end_by_the_next(
    judged: Stage, operation: str, done: bool
) -> None:
    reached, killed = threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> None:
        if done:
            judged.wandb.answer(exchange.request)
        reached.set()
        killed.wait(20)
        exchange.cut()

    judged.wandb.faults[operation] = Fault(behave=hold, times=1)
    process = judged.start("promote", NEW, "--alias", "production", "--to", TARGET)
    assert reached.wait(20)
    process.kill()
    assert process.wait(20) == -signal.SIGKILL
    killed.set()

    held = judged.wandb.shelf.holder("production", PLACE)
    again = judged.promote("--to", TARGET)

    assert held == NEW  # both are after the write
    assert again.returncode == 0, again.stdout + again.stderr
    told = json.loads(again.stdout)
    assert (told["change"], told["holder"]["name"], told["notes"]) == ("already", NEW, [])
    assert judged.wandb.shelf.holder("production", PLACE) == NEW
    assert [one["alias"] for one in judged.records()] == ["production"]
    assert len(judged.wandb.shelf.links[PLACE]) == 1
    assert judged.holder() == OLD


def test_verify_takes_the_artifact_that_the_verdict_names(judged: Stage) -> None:
    done = judged.verify()

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"]["checkpoint"]["artifact"] == NEW


ID, REF = "abc123", "wandb://team/league/abc123"


@pytest.mark.parametrize(
    ("passed", "then", "standing"), [(ID, REF, Standing.FAIL), (REF, ID, Standing.FAIL), (ID, REF, Standing.WAITING)]
)
def test_a_pass_gives_way_to_what_came_later_under_the_other_name_of_its_run(
    judged: Stage, passed: str, then: str, standing: Standing
) -> None:
    judged.github.memory.statuses.clear()
    judged.tell(then, Standing.WAITING, minutes=-1)
    judged.tell(passed, Standing.PASS)
    assert judged.verify().returncode == 0

    judged.tell(then, standing, minutes=1)

    assert reasons(judged.verify()) == ["superseded"]


def test_a_failure_of_the_same_second_under_the_other_name_of_the_run_counts(judged: Stage) -> None:
    judged.github.memory.statuses.clear()
    judged.tell(REF, Standing.FAIL)
    judged.tell(ID, Standing.PASS)

    assert "superseded" in reasons(judged.verify())


def test_a_run_that_is_known_by_two_names_has_one_verdict(judged: Stage) -> None:
    judged.github.memory.statuses.clear()
    judged.tell(REF, Standing.FAIL, minutes=-1)
    judged.tell(ID, Standing.PASS)

    done = judged.verify()

    assert done.returncode == 0, done.stdout + done.stderr


LAST = """\
version: 1
checks:
  kl-p95: {metric: kl, stat: p95, pass: "< 0.1", min-samples: 5}
  reward-kept: {metric: reward, baseline: {run: last-promoted, max-drop: 5%}}
"""


def test_a_run_is_compared_with_the_run_whose_checkpoint_holds_the_alias(tmp_path: Path) -> None:
    worse = [{"_step": step, "kl": kl(step), "reward": 1 + 0.01 * (step % 3)} for step in range(40)]
    better = [{**row, "reward": float(row["reward"]) + 1} for row in worse]
    old = Run(name="old00000", rows=better, artifacts=[Artifact(version=1, digest="d1", aliases=["production"])])
    new = Run(name="new00000", rows=worse, artifacts=[Artifact(version=2, digest="d2")])
    (tmp_path / "policy.yml").write_text(LAST)
    words = ("--policy", "policy.yml", "--checkpoint", NEW, "--out", "out", "--format", "json")
    with Wandb(old, new) as wandb:
        done = command("check", "wandb://team/league/new00000", *words, cwd=tmp_path, env=wandb.environment())
        for version in wandb.shelf.versions.values():
            version.contents = {"model": {"digest": "x", "ref": "https://h/model"}}
        elsewhere = command("check", "wandb://team/league/new00000", *words, cwd=tmp_path, env=wandb.environment())
        wandb.shelf.aliases.clear()
        (tmp_path / "policy.yml").write_text(f"promotion: {{registry: team/league/adapter}}\n{LAST}")
        nobody = command("check", "wandb://team/league/new00000", *words, cwd=tmp_path, env=wandb.environment())

    [found] = [one for one in json.loads(done.stdout)["checks"] if one["id"] == "reward-kept"]
    assert found["outcome"] == "fail"
    assert "(team/league/adapter:v1 held production of team/league/adapter)" in found["reason"]
    [found] = [one for one in json.loads(elsewhere.stdout)["checks"] if one["id"] == "reward-kept"]
    assert (elsewhere.returncode, found["outcome"]) == (11, "inconclusive")
    assert "model refers to a file elsewhere whose bytes can change" in found["reason"]
    [found] = [one for one in json.loads(nobody.stdout)["checks"] if one["id"] == "reward-kept"]
    assert found["outcome"] == "inconclusive"
    assert "nobody holds production in team/league/adapter yet" in found["reason"]
