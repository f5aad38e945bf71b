"""What stands behind the status of a head, archives that others packed, and the time that a server tells."""

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from action.cli.records import HostedRecords
from action.clock import server_time
from action.deadline import Deadline
from action.errors import InputError
from action.github import Access, GitHub
from action.github.origin import Origins
from action.provenance import WORKFLOW, Home, Sought, doubt
from action.provenance.archive import unpack
from action.publish.ledger import policy_slot
from action.secret import Secret
from checks.run import Origin
from tests.promotions import JOB, MAIN, NOW, POLICY_PATH, Stage, judged, publish, staged
from tests.runs import POLICY
from tests.services.github import REPOSITORY, SHA
from tests.services.loopback import closed_port

TODAY = NOW.date()
IN_FORCE = hashlib.sha256(POLICY.encode()).hexdigest()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        publish(made)
        yield made


def doubted(stage: Stage, policy_sha256: str = IN_FORCE, today: date = TODAY) -> str | None:
    access = Access(repository=REPOSITORY, token=Secret(stage.github.token), url=stage.github.url)
    records = HostedRecords(GitHub(access), Origins(access, Deadline(seconds=20)))
    home = Home(repository=REPOSITORY, workflow=WORKFLOW, branch="main")
    return doubt(
        records, Sought(sha=SHA, slot=policy_slot(POLICY_PATH, "main"), run=None, home=home), policy_sha256, today
    )


def pack(stage: Stage, out: Path) -> None:
    """Let the job have packed another verdict."""
    stage.github.memory.artifacts.clear()
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive(out))


def test_a_head_with_our_verdict_behind_it_is_not_doubted(stage: Stage) -> None:
    assert doubted(stage) is None


def test_a_head_is_doubted_for_each_reason_by_name(stage: Stage) -> None:
    assert doubted(stage, "0" * 64) == "the verdict on grpo-7 is by another policy than the one in force"
    pack(stage, judged(stage.folder, origin=Origin(repository=REPOSITORY, sha=MAIN, attempt=1)))
    assert doubted(stage) == "the verdict on grpo-7 is for another commit"
    pack(stage, judged(stage.folder, origin=None))
    assert doubted(stage) == "the verdict on grpo-7 is for another commit"
    pack(stage, judged(stage.folder, policy=POLICY.replace("0.1", "0.001").replace("0.15", "0.002")))
    assert doubted(stage) == "the verdict on grpo-7 is no pass"
    waived = POLICY.replace("0.1", "0.001").replace("0.15", "0.002") + (
        '  loss: {metric: kl, stat: mean, pass: "< 1"}\n'
        "waivers: [{check: kl-p95, run: grpo-7, reason: warm-up, expires: 2099-12-31}]\n"
    )
    in_force = hashlib.sha256(waived.encode()).hexdigest()
    pack(stage, judged(stage.folder, policy=waived))
    assert doubted(stage, in_force, date(2099, 12, 31)) is None
    expired = "the verdict on grpo-7 used a waiver of kl-p95 that expired on 2099-12-31"
    assert doubted(stage, in_force, date(2100, 1, 1)) == expired
    stage.post(job=JOB + 1, run="another")
    assert str(doubted(stage)).startswith("refused (untrusted): ")


def archive_of(*members: tuple[str, bytes] | tuple[zipfile.ZipInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def test_of_an_archive_only_verdicts_and_their_evidence_are_unpacked(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a/verdict.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    odd = ("../verdict.json", "/verdict.json", "a/../verdict.json", ".git/verdict.json", "verdict.json/x", "run.sh")
    ours = ("verdict.json", "b/evidence/run/rows.jsonl", "b/verdict.json", "b/attestation.sigstore.json")
    content = archive_of((link, b"/etc/passwd"), *((name, b"{}") for name in (*odd, *ours)))

    found = unpack(content, tmp_path / "out", "it")

    assert [one.relative_to(tmp_path / "out").as_posix() for one in found] == ["verdict.json", "b/verdict.json"]
    files = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if not one.is_dir()}
    assert files == {f"out/{name}" for name in ours}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_and_too_many_of_them_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"got a member twice; judge the run again"):
        unpack(archive_of(("verdict.json", b"1"), ("verdict.json", b"2")), tmp_path / "a", "it")
    with pytest.raises(InputError, match=r"got something else \(FileExistsError\)"):
        unpack(archive_of(("verdict.json", b"1"), ("verdict.json/verdict.json", b"2")), tmp_path / "c", "it")
    with pytest.raises(InputError, match=r"got 20,001 members"):
        unpack(archive_of(*((f"x{number}", b"") for number in range(20_001))), tmp_path / "b", "it")


def test_what_unpacks_to_more_than_may_be_is_refused_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("action.provenance.archive.MAX_BYTES", 2**21)

    with pytest.raises(InputError, match=r"got more than 2 MiB unpacked"):
        unpack(archive_of(("verdict.json", bytes(2**24))), tmp_path, "it")
    assert (tmp_path / "verdict.json").stat().st_size <= 2**22


@pytest.mark.parametrize("seconds", [-3_600, 0, 3_600])
def test_the_time_of_a_server_is_what_its_answers_say_whatever_they_are(stage: Stage, seconds: int) -> None:
    stage.github.set_ahead(seconds)

    told = server_time(f"{stage.github.url}/nothing")

    assert told is not None
    assert abs(told - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=30)


def test_a_server_that_does_not_answer_tells_no_time() -> None:
    assert server_time(closed_port()) is None
