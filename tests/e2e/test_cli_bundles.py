"""Verdicts and bundles that were altered, moved, packed or made by others, from outside."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.runs import POLICY, RECORDINGS, command, judge_path, rows, write_output, write_run


@pytest.fixture(name="out")
def _out(tmp_path: Path) -> Path:
    """Judge a run that passes, and remove it; give the output folder."""
    out = write_output(judge_path(write_run(tmp_path)), tmp_path / "out")
    (tmp_path / "run.jsonl").unlink()
    return out


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit_verdict(out: Path, **changes: object) -> None:
    verdict = json.loads((out / "verdict.json").read_text())
    verdict.update(changes)
    (out / "verdict.json").write_text(json.dumps(verdict, indent=2))


def refused(done: subprocess.CompletedProcess[str], expected: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"gatekeeper: [^\n]*{expected}[^\n]*\n", done.stderr), done.stderr


@pytest.mark.parametrize("name", ["run/series.jsonl", "policy.yml"])
def test_a_bundle_altered_by_one_bit_is_refused(out: Path, name: str) -> None:
    alter(out / "evidence" / name)

    refused(command("check", "out", "--out", "new", cwd=out.parent), "is not the file that was written")
    refused(command("explain", "out", cwd=out.parent), "is not the file that was written")
    assert not (out.parent / "new").exists()


def test_a_bundle_without_its_manifest_is_none(out: Path) -> None:
    (out / "evidence" / "manifest.json").unlink()

    refused(command("check", "out/evidence", cwd=out.parent), "expected a run, got a folder with")


def test_a_bundle_without_one_of_its_files_is_refused(out: Path) -> None:
    (out / "evidence" / "logs.json").unlink()

    refused(command("check", "out", cwd=out.parent), r"logs\.json: expected a file, found nothing there")


def test_a_packed_bundle_gives_the_same_bytes_with_whatever_else_is_in_it(out: Path) -> None:
    (out.parent / "evil.txt").write_text("evil")
    with tarfile.open(out.parent / "b.tar.gz", "w:gz") as archive:
        archive.add(out / "evidence", "evidence")
        archive.add(out.parent / "evil.txt", "../../../escaped.txt")
        archive.add(out.parent / "evil.txt", "/escaped.txt")
    before = sorted(out.parent.parent.rglob("*"))

    done = command("check", "b.tar.gz", "--format", "json", cwd=out.parent)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (out / "verdict.json").read_text()
    assert sorted(out.parent.parent.rglob("*")) == before


def test_an_archive_that_claims_a_huge_member_is_refused_at_once(out: Path) -> None:
    with tarfile.open(out.parent / "b.tar.gz", "w:gz") as archive:
        archive.add(out / "evidence" / "manifest.json", "evidence/manifest.json")
        huge = tarfile.TarInfo("evidence/run/series.jsonl")
        huge.size = 2**40
        assert archive.fileobj is not None
        archive.fileobj.write(huge.tobuf())  # newer tarfile refuses to add a member without its bytes

    refused(command("check", "b.tar.gz", cwd=out.parent, timeout=20), "expected regular files of at most 2,048 MiB")


def test_a_gzip_file_that_is_no_archive_is_refused(out: Path) -> None:
    (out.parent / "b.tar.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"\x00" * 60)

    refused(command("check", "b.tar.gz", cwd=out.parent), "expected")


def test_explain_traces_a_number_to_the_logged_values(tmp_path: Path) -> None:
    run = write_run(tmp_path, rows(kl={17: 0.4321}))
    policy = 'version: 1\nchecks:\n  spike: {metric: kl, stat: max, fail: "> 0.2"}\n'
    write_output(judge_path(run, policy), tmp_path / "out")

    done = command("explain", "out/verdict.json", "spike", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    for told in ("0.4321", "17", "policy.yml:3", "spike", "to the same bytes"):
        assert told in done.stdout, told


def test_explain_tells_what_a_pattern_rests_on_and_when_it_is_not_shown(tmp_path: Path) -> None:
    command("check", str(RECORDINGS / "no-learning"), "--profile", "grpo", "--out", "out", cwd=tmp_path)

    shown, silent = (command("explain", "out", name, cwd=tmp_path) for name in ("dead-signal", "hanging-games"))
    told, untold = (" ".join(one.stdout.split()) for one in (shown, silent))

    assert (shown.returncode, shown.stderr, silent.returncode) == (0, "", 0)
    assert "outcome: shown by this run; it takes no part in the verdict evidence: 99.5% of the groups had equal" in told
    assert "outcome: not shown for sure by what was looked at" in untold
    assert "likely cause" not in untold
    assert "dead-signal" in command("explain", "out", cwd=tmp_path).stdout


def test_explain_of_an_edited_verdict_says_what_the_evidence_gives(tmp_path: Path) -> None:
    run = write_run(tmp_path, rows(kl={17: 0.9}))
    policy = 'version: 1\nchecks:\n  spike: {metric: kl, stat: max, fail: "> 0.2"}\n'
    out = write_output(judge_path(run, policy), tmp_path / "out")
    checks = json.loads((out / "verdict.json").read_text())["checks"]
    for check in checks:
        check["outcome"] = "pass"
    edit_verdict(out, verdict="pass", exit_code=0, headline="run passes.", checks=checks)

    done = command("explain", "out", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (10, "")
    assert "The evidence gives another verdict" in done.stdout
    told = " ".join(done.stdout.split())
    assert re.search(r"spike: pass \(value .+?\) in the verdict, fail \(value .+?\) from the evidence", told)


@pytest.mark.parametrize(
    "changes",
    [{"headline": "run passes for sure."}, {"judged_at": "2020-01-01T00:00:00Z"}, {"notes": []}, {"not_asked": ["x"]}],
)
def test_explain_finds_any_edit_of_a_verdict(out: Path, changes: dict[str, object]) -> None:
    before = json.loads((out / "verdict.json").read_text())
    edit_verdict(out, **changes)

    done = command("explain", "out", cwd=out.parent)

    same = {**before, **changes} == before
    assert done.returncode == (0 if same else 10)
    told = "another verdict of the same headline, but of other facts."
    assert (told in done.stdout) is (not same and "headline" not in changes)


def test_a_verdict_with_the_evidence_of_another_is_found(out: Path) -> None:
    other = write_output(judge_path(write_run(out.parent / "b", rows(kl={3: 0.07}))), out.parent / "other")
    shutil.rmtree(out / "evidence")
    shutil.copytree(other / "evidence", out / "evidence")

    assert command("explain", "out", cwd=out.parent).returncode == 10


def test_explain_without_evidence_says_so_and_is_inconclusive(out: Path) -> None:
    shutil.rmtree(out / "evidence")

    done = command("explain", "out", cwd=out.parent)

    assert (done.returncode, done.stderr) == (11, "")
    assert "There is no evidence beside this verdict" in done.stdout


def test_explain_with_evidence_named_that_is_not_there_is_a_mistake(out: Path) -> None:
    refused(command("explain", "out", "--evidence", "nosuch", cwd=out.parent), "nosuch: expected an evidence bundle")


def test_explain_reads_evidence_from_elsewhere(out: Path) -> None:
    shutil.move(out / "evidence", out.parent / "kept")

    assert command("explain", "out", "--evidence", "kept", cwd=out.parent).returncode == 0


def test_explain_asks_nothing_of_the_policy_of_the_folder_one_stands_in(out: Path) -> None:
    (out.parent / ".github").mkdir()
    (out.parent / ".github" / "gatekeeper.yml").write_text("version: 7\nnonsense: [")

    assert command("explain", "out", cwd=out.parent).returncode == 0
    refused_now = command("check", RECORDINGS / "healthy", cwd=out.parent)
    assert (refused_now.returncode, refused_now.stdout) == (2, "")
    assert command("check", RECORDINGS / "healthy", "--profile", "grpo", cwd=out.parent).returncode == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"version": 2}, "version: expected 1, got 2"),
        ({"version": "1"}, "version: expected a whole number"),
        ({"exit_code": 0, "verdict": "fail"}, "exit_code: expected 10"),
        ({"checks": [{}]}, r"checks\[0\]\.id: expected a value"),
        ({"checks": "none"}, "checks: expected a list"),
        ({"run": None}, "run: expected an object"),
    ],
)
def test_a_verdict_of_another_make_is_refused(out: Path, changes: dict[str, object], expected: str) -> None:
    edit_verdict(out, **changes)

    refused(command("explain", "out", cwd=out.parent), expected)


def test_a_later_version_may_add_fields(out: Path) -> None:
    edit_verdict(out, a_field_of_tomorrow={"x": 1})

    assert command("explain", "out", cwd=out.parent).returncode == 0


def test_a_check_that_is_not_in_the_verdict_is_told_with_those_that_are(out: Path) -> None:
    refused(
        command("explain", "out", "kl-p96", cwd=out.parent),
        "kl-p96: expected a check of this verdict, or a pattern; did you mean `kl-p95`",
    )


def test_evidence_beside_a_bundle_is_refused(out: Path) -> None:
    write_run(out.parent, name="events.jsonl")

    refused(command("check", "out", "--events", "events.jsonl", cwd=out.parent), "a bundle, whose evidence is fixed")


def test_a_bundle_under_another_policy_never_passes_what_it_does_not_hold(tmp_path: Path) -> None:
    write_run(tmp_path, [row | {"own": n % 7} for n, row in enumerate(rows())])
    (tmp_path / "first.yml").write_text(POLICY)
    (tmp_path / "p.yml").write_text(POLICY + '  more: {metric: own, stat: p95, pass: "< 50"}\n')
    command("check", "run.jsonl", "--policy", "first.yml", "--out", "out", cwd=tmp_path)

    done = command("check", "out", "--policy", "p.yml", "--format", "json", cwd=tmp_path)

    assert done.returncode == 11
    outcomes = {check["id"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}
    assert (outcomes["kl-p95"], outcomes["more"]) == ("pass", "inconclusive")


def test_a_folder_that_holds_a_run_and_a_bundle_is_never_guessed_about(tmp_path: Path) -> None:
    shutil.copytree(RECORDINGS / "healthy", tmp_path / "mine")
    first = command("check", "mine", "--profile", "grpo", "--out", "mine", cwd=tmp_path)

    again = command("check", "mine", "--profile", "grpo", cwd=tmp_path)

    assert first.returncode == 0
    refused(again, "expected a run or a bundle, got a folder with both; name mine/evidence or the file of the run")
    refused(command("metrics", "mine", cwd=tmp_path), "got a folder with both")
    assert command("check", "mine/evidence", cwd=tmp_path).returncode == 0
    assert command("explain", "mine", cwd=tmp_path).returncode == 0


def test_a_verdict_of_an_earlier_version_of_the_tool_is_compared_without_it(out: Path) -> None:
    edit_verdict(out, tool={"name": "experiment-gatekeeper", "version": "0.0.1"})
    same = command("explain", "out", cwd=out.parent)
    edit_verdict(out, headline="run passes for sure.")
    other = command("explain", "out", cwd=out.parent)

    assert (same.returncode, other.returncode) == (0, 10)
    assert "the verdict was given by 0.0.1" in same.stdout
    assert "the verdict was given by 0.0.1" in other.stdout
