"""`verify` and `promote` as a user without W&B and GitHub starts them: judged, promoted, attacked, rolled back."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from action.version import tool_version
from tests.local_registry import NOW, edit, holder, judged, promote, verify
from tests.promotions import TIME
from tests.runs import POLICY, command, here, judge_path, write_output, write_run


def reasons(done: CompletedProcess[str]) -> list[str]:
    assert done.returncode == 10, done.stdout + done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert (told["verified"], told["verdict"]) == (False, None)
    return [one["reason"] for one in told["refusals"]]


def test_a_judged_checkpoint_is_verified_promoted_and_found_behind_its_alias(tmp_path: Path) -> None:
    out = judged(tmp_path)

    assert verify(tmp_path, out).returncode == 0
    rehearsed = promote(tmp_path, out, "--dry-run")
    assert rehearsed.returncode == 0
    assert "Nothing was written. production would be adapter.bin." in rehearsed.stdout
    assert not (tmp_path / "registry").exists()
    done = promote(tmp_path, out, "--why", "first\x1b[31m one")
    assert done.returncode == 0
    assert done.stdout.startswith("Promoted: production is adapter.bin now.")
    assert holder(tmp_path) == "weights of grpo-7"
    again = promote(tmp_path, out)
    assert again.returncode == 0
    assert again.stdout.startswith("production is adapter.bin already;")


def test_an_older_version_again_is_the_rollback(tmp_path: Path) -> None:
    old = judged(tmp_path, "old", at=NOW - timedelta(days=10))
    assert promote(tmp_path, old, "--max-age", "2w").returncode == 0
    assert promote(tmp_path, judged(tmp_path, "new")).returncode == 0
    assert holder(tmp_path) == "weights of new"

    refused = promote(tmp_path, old)
    back = promote(tmp_path, old, "--max-age", "2w", "--format", "json")

    assert "too-old: " in refused.stdout
    told = json.loads(back.stdout)
    assert (told["change"], told["before"]["name"], told["alias"]) == ("moved", "adapter.bin", "production")
    assert holder(tmp_path) == "weights of old"


def test_what_the_list_of_promotions_shows_is_rolled_back_to_by_its_digest_alone(tmp_path: Path) -> None:
    old = judged(tmp_path, "old", at=NOW - timedelta(days=10))
    assert promote(tmp_path, old, "--max-age", "2w", "--by", "ada\x1b[31m").returncode == 0
    assert promote(tmp_path, judged(tmp_path, "new"), "--why", "better by 40 Elo").returncode == 0
    shutil.rmtree(tmp_path / "old")
    new, first = json.loads(command("promotions", "registry", "--format", "json", cwd=tmp_path).stdout)["events"]
    assert (first["checkpoint"]["name"], first["run"], first["holds"], first["by"][:3]) == (
        "adapter.bin", "old", False, "ada"
    )  # fmt: skip
    assert (new["holds"], new["why"]) == (True, "better by 40 Elo")
    digest = first["checkpoint"]["digest"]
    shown = command("promotions", "registry", cwd=tmp_path)
    assert "\x1b" not in shown.stdout
    assert f"promoted production: adapter.bin {digest[:19]}\n" in shown.stdout

    words = ("--alias", "production", "--registry", "registry", "--policy", "policy.yml", "--trust-local")
    back = command("promote", digest[:19], *words, "--max-age", "2w", cwd=tmp_path)

    assert back.returncode == 0, back.stdout + back.stderr
    assert holder(tmp_path) == "weights of old"
    markdown = command("promotions", "registry", "--alias", "production", "--format", "markdown", cwd=tmp_path).stdout
    assert markdown.startswith("## Promotions in registry\n")
    assert markdown.count(" production: ") == 3
    unknown = command("promotions", "registry", "--alias", "staging", cwd=tmp_path)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "--alias: expected one that registry has seen (production), got staging" in unknown.stderr


def test_the_list_of_promotions_tells_which_of_them_rest_on_waivers(tmp_path: Path) -> None:
    bounds = POLICY.replace("0.1", "0.001").replace("0.15", "0.002")
    other = '  loss: {metric: kl, stat: mean, pass: "< 1"}\n'
    waived = f"{bounds}{other}waivers: [{{check: kl-p95, run: grpo-7, reason: warm-up, expires: 2099-12-31}}]\n"
    assert promote(tmp_path, judged(tmp_path, policy=waived)).returncode == 0
    assert promote(tmp_path, judged(tmp_path, "other")).returncode == 0

    listed = json.loads(here("promotions", "registry", "--format", "json", cwd=tmp_path).stdout)

    assert [one["waived"] for one in listed["events"]] == [[], ["kl-p95"]]
    assert "  waived: kl-p95\n" in here("promotions", "registry", cwd=tmp_path).stdout


def test_a_promotion_that_is_refused_has_the_same_form_for_programs(tmp_path: Path) -> None:
    out = judged(tmp_path, at=NOW - timedelta(days=10))

    refused = json.loads(promote(tmp_path, out, "--format", "json").stdout)

    assert (refused["change"], refused["alias"], refused["registry"]) == ("refused", "production", "registry")
    assert [one["reason"] for one in refused["refusals"]] == ["too-old"]


def test_a_copy_that_was_changed_in_the_registry_is_refused_in_the_same_form_by_its_digest(tmp_path: Path) -> None:
    promote(tmp_path, judged(tmp_path))
    kept = (tmp_path / "registry" / "aliases" / "production").resolve()
    kept.chmod(0o644)
    kept.write_text("evil")
    digest = kept.parent.name[:12]
    words = ("--alias", "production", "--registry", "registry", "--policy", "policy.yml", "--trust-local")

    done = here("promote", f"sha256:{digest}", *words, "--format", "json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (10, "")
    assert [one["reason"] for one in json.loads(done.stdout)["refusals"]] == ["other-checkpoint"]


def _swap(out: Path) -> None:
    other = judged(out.parent.parent, "other", more=0.01)
    shutil.rmtree(out / "evidence")
    shutil.copytree(other / "evidence", out / "evidence")


ATTACKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the verdict was edited by hand": (
        lambda out: edit(out / "verdict.json", '"severity": "block"', '"severity": "warn"'),
        "not-reproduced",
    ),
    "a failing verdict was made a pass": (
        lambda out: edit(out / "verdict.json", "passes", "passes with glory"),
        "not-reproduced",
    ),
    "evidence was edited by hand": (
        lambda out: edit(out / "evidence/run/series.jsonl", "0.04", "0.02"),
        "evidence-altered",
    ),
    "evidence is of another run": (_swap, "other-evidence"),
    "evidence is gone": (lambda out: shutil.rmtree(out / "evidence"), "no-evidence"),
    "the checkpoint was replaced under the same name": (
        lambda out: (out.parent / "adapter.bin").write_text("weights of grpo-8"),
        "other-checkpoint",
    ),
    "the policy in force is another": (
        lambda out: edit(out.parent.parent / "policy.yml", "0.1", "0.2"),
        "other-policy",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_has_a_named_refusal_and_moves_nothing(tmp_path: Path, attack: str) -> None:
    out = judged(tmp_path)
    act, reason = ATTACKS[attack]
    act(out)

    assert reasons(verify(tmp_path, out)) == [reason]
    assert f"  {reason}:" in promote(tmp_path, out).stdout
    assert not (tmp_path / "registry" / "aliases").exists()


def test_a_tracker_that_cannot_be_written_is_told_before_anything_is_moved(tmp_path: Path) -> None:
    out = judged(tmp_path)
    (tmp_path / "folder").mkdir()

    done = promote(tmp_path, out, "--track", "folder")

    assert (done.returncode, done.stdout) == (2, "")
    assert not (tmp_path / "registry").exists()


def test_what_an_alias_leads_to_is_promoted_by_its_own_name(tmp_path: Path) -> None:
    out = judged(tmp_path)
    promote(tmp_path, out)
    words = (
        "--alias",
        "staging",
        "--registry",
        "registry",
        "--policy",
        "policy.yml",
        "--trust-local",
        "--verdict",
        out,
    )

    done = command("promote", "registry/aliases/production", *words, cwd=tmp_path)

    assert done.stdout.startswith("Promoted: staging is adapter.bin now.")
    assert "now at: registry/aliases/staging" in done.stdout


def test_a_repository_in_the_environment_has_no_say_where_the_users_word_counts(tmp_path: Path) -> None:
    out = judged(tmp_path)
    words = ("--path", out.parent / "adapter.bin", "--policy", "policy.yml", "--trust-local")

    done = command("verify", out, *words, cwd=tmp_path, env={"GITHUB_REPOSITORY": "team/league"})

    assert done.returncode == 0, done.stdout


def test_a_registry_that_is_a_file_is_told(tmp_path: Path) -> None:
    out = judged(tmp_path)
    (tmp_path / "registry").write_text("a file")

    assert "registry: expected the folder of a local registry, got a file" in promote(tmp_path, out).stderr


def test_a_verdict_of_a_policy_that_is_tried_out_promotes_nothing(tmp_path: Path) -> None:
    assert reasons(verify(tmp_path, judged(tmp_path, policy=f"{POLICY}trial: true\n"))) == ["trial"]


def test_a_verdict_without_a_digest_can_report_and_never_promote(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text(POLICY)
    (tmp_path / "adapter.bin").write_text("weights")
    named = judge_path(write_run(tmp_path), checkpoint="adapter_v7", now=NOW.strftime(TIME))
    unnamed = judge_path(write_run(tmp_path), now=NOW.strftime(TIME))

    assert reasons(verify(tmp_path, write_output(named, tmp_path / "a/out"), "--path", "adapter.bin")) == ["no-digest"]
    assert reasons(verify(tmp_path, write_output(unnamed, tmp_path / "b/out"), "--path", "adapter.bin")) == [
        "no-checkpoint"
    ]


@pytest.mark.parametrize(("hours", "reason"), [(1, "clock"), (-24 * 8, "too-old")])
def test_a_clock_that_was_off_when_the_run_was_judged_is_told(tmp_path: Path, hours: int, reason: str) -> None:
    assert reasons(verify(tmp_path, judged(tmp_path, at=NOW + timedelta(hours=hours)))) == [reason]


def test_a_verdict_of_a_repository_or_run_that_was_not_named_is_refused(tmp_path: Path) -> None:
    out = judged(tmp_path)

    assert reasons(verify(tmp_path, out, "--repository", "team/league")) == ["other-repository"]
    assert reasons(verify(tmp_path, out, "--run", "grpo-8")) == ["other-run"]


def test_on_my_word_nothing_is_verified_for_wandb(tmp_path: Path) -> None:
    out = judged(tmp_path)
    words = ("--policy", "policy.yml", "--trust-local", "--format", "json")

    done = command("verify", out, "--artifact", "team/league/adapter:v2", *words, cwd=tmp_path)

    assert reasons(done) == ["trust-local"]


def test_a_job_of_actions_cannot_ask_to_be_believed(tmp_path: Path) -> None:
    out = judged(tmp_path)
    words = ("--path", out.parent / "adapter.bin", "--trust-local", "--format", "json")

    done = command("verify", out, *words, cwd=tmp_path, env={"GITHUB_ACTIONS": "true"})

    assert reasons(done) == ["trust-local"]


def test_a_file_alone_is_believed_by_nobody(tmp_path: Path) -> None:
    out = judged(tmp_path)
    words = ("--path", out.parent / "adapter.bin", "--policy", "policy.yml", "--format", "json")

    assert reasons(command("verify", out, *words, cwd=tmp_path)) == ["untrusted"]


def test_without_bytes_nothing_is_verified(tmp_path: Path) -> None:
    out = judged(tmp_path)
    words = ("--policy", "policy.yml", "--trust-local", "--format", "json")

    assert reasons(command("verify", out, *words, cwd=tmp_path)) == ["no-bytes"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("verify",), "expected the file of a verdict (with promote: --verdict FILE) or --commit SHA, got neither"),
        (("verify", "out", "--commit", "0" * 40), "got both"),
        (("verify", "--commit", "main"), "--commit: expected a whole commit of 40 hexadecimal digits, got main"),
        (("verify", "out", "--max-age", "soon"), "--max-age: expected an age such as 90m, 12h, 7d or 2w, got soon"),
        (("verify", "out", "--max-age", "0d"), "--max-age: expected an age"),
        (("verify", "out", "--path", "a", "--artifact", "b"), "--artifact and --path: expected one of them"),
        (("verify", "nothing"), "nothing: expected a file, found nothing there"),
        (("promote", "a", "--alias", "latest", "--verdict", "out", "--registry", "r"), "--alias: expected a name"),
        (("promote", "a", "--alias", "x", "--verdict", "out", "--registry", "r", "--to", "c"), "--to: expected it for"),
        (("promote", "a", "--alias", "x", "--verdict", "out", "--registry", "r"), "a: expected the file or folder"),
        (
            ("promote", "a", "--alias", "x", "--registry", "r"),
            "expected the file of a verdict (with promote: --verdict FILE) or --commit SHA, got neither",
        ),
        (
            ("promote", f"sha256:{'0' * 64}", "--alias", "x", "--registry", "r"),
            "expected a checkpoint that the registry r has",
        ),
        (("verify", "out", "--path", "a", "--trust-local", "--registry", "nowhere"), "nowhere: expected the folder of"),
        (("verify", "out", "--trust-local", "--signed"), "--trust-local and --signed: expected one of them"),
        (("verify", "out", "--trust-local", "--base", "main"), "--base: expected it with --commit or --signed"),
        (("verify", "--commit", "0" * 40, "--artifact", "adapter"), "adapter: expected an artifact on W&B as "),
        (("promote", ".", "--alias", "x", "--commit", "0" * 40), "name a local registry for it with --registry DIR"),
        (("promotions", "nowhere"), "nowhere: expected the folder of a local registry, found no log in it"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = command(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_printed_as_markdown_and_text_says_the_same(tmp_path: Path) -> None:
    out = judged(tmp_path)
    words = ("--path", out.parent / "adapter.bin", "--policy", "policy.yml", "--trust-local")

    text = command("verify", out, *words, cwd=tmp_path).stdout
    markdown = command("verify", out, *words, "--format", "markdown", cwd=tmp_path).stdout

    assert text.startswith("Verified: nothing speaks against this promotion.")
    assert markdown.startswith("Verified: nothing speaks against this promotion.\n\n- **checkpoint** adapter.bin")
    assert tool_version() not in markdown
