"""`verify --signed`: a verdict that our workflow on the default branch signed, whether it is named by its commit or is
a file. Signatures of a Sigstore of our own, real client, a server that plays GitHub.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from action.attestation import statement
from action.publish.ledger import Standing
from tests.promotions import JOB, NOW, TIME, Stage, judged, publish, staged
from tests.runs import command
from tests.services.github import REPOSITORY, SHA
from tests.services.github_api import faults
from tests.services.sigstore_authority import Claims
from tests.services.sigstore_instance import Sigstore

SIGSTORE = Sigstore()
ROOT = "trusted_root.json"
SIGNED = ("--signed", "--trusted-root", ROOT)
BESIDE = "attestation.sigstore.json"


@pytest.fixture
def posted(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        publish(made)
        (made.folder / ROOT).write_bytes(SIGSTORE.trusted_root())
        yield made
        assert [fault for one in made.github.exchanges for fault in faults(one)] == []


@pytest.fixture(params=["commit", "file"])
def of(posted: Stage, request: pytest.FixtureRequest) -> Sequence[str | Path]:
    """Return where the verdict comes from."""
    return ("--commit", SHA) if request.param == "commit" else (posted.out / "verdict.json",)


def signed(stage: Stage, payload: bytes | None = None, **claims: Any) -> dict[str, Any]:
    """Let a workflow sign the verdict."""
    content = (stage.out / "verdict.json").read_bytes()
    return SIGSTORE.sign(payload or json.dumps(statement(content)).encode(), Claims(**claims))


def by_digest(stage: Stage, bundle: dict[str, Any]) -> None:
    """Let GitHub keep an attestation."""
    digest = hashlib.sha256((stage.out / "verdict.json").read_bytes()).hexdigest()
    stage.github.memory.attestations[f"sha256:{digest}"] = [bundle]


def beside(stage: Stage, bundle: dict[str, Any]) -> None:
    """Put an attestation beside the verdict, in the folder as in the artifact."""
    (stage.out / BESIDE).write_text(json.dumps(bundle))
    stage.github.memory.artifacts.clear()
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive())


def test_a_signed_verdict_is_verified_wherever_its_attestation_lies(posted: Stage, of: Sequence[str | Path]) -> None:
    bundle = signed(posted)

    (posted.folder / "named.json").write_text(json.dumps(bundle))
    by_name = posted.verify(*SIGNED, "--attestation", "named.json", of=of)
    by_digest(posted, bundle)
    kept_by_github = posted.verify(*SIGNED, of=of)
    posted.github.memory.attestations.clear()
    beside(posted, bundle)
    beside_it = posted.verify(*SIGNED, of=of)

    for done in (by_name, kept_by_github, beside_it):
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["verdict"]["trust"] == "attestation"


def test_without_an_attestation_a_verdict_is_refused(posted: Stage, of: Sequence[str | Path]) -> None:
    assert posted.reasons(*SIGNED, of=of) == ["no-attestation"]


WORKFLOWS = f"https://github.com/{REPOSITORY}/.github/workflows"


@pytest.mark.parametrize(
    "claims",
    [
        {"workflow": f"{WORKFLOWS}/gatekeeper.yml@refs/pull/7/merge"},
        {"workflow": f"{WORKFLOWS}/gatekeeper.yml@refs/tags/main"},
        {"workflow": f"{WORKFLOWS}/mine.yml@refs/heads/main"},
        {"repository": "https://github.com/stranger/league"},
        {"issuer": "https://issuer.example.com"},
    ],
)
@pytest.mark.parametrize("place", [by_digest, beside])
def test_what_another_signed_is_refused(
    posted: Stage,
    of: Sequence[str | Path],
    place: Callable[[Stage, dict[str, Any]], None],
    claims: dict[str, Any],
) -> None:
    place(posted, signed(posted, **claims))

    assert posted.reasons(*SIGNED, of=of) == ["attestation"]


@pytest.mark.parametrize("part", ["payload", "signatures"])
def test_an_attestation_that_was_tampered_with_is_refused(posted: Stage, of: Sequence[str | Path], part: str) -> None:
    bundle, other = signed(posted), signed(posted, b"another statement")
    beside(posted, {**bundle, "dsseEnvelope": {**bundle["dsseEnvelope"], part: other["dsseEnvelope"][part]}})

    assert posted.reasons(*SIGNED, of=of) == ["attestation"]


def test_the_signature_of_another_verdict_is_refused(posted: Stage, of: Sequence[str | Path]) -> None:
    other = judged(posted.folder, "other")
    by_digest(posted, signed(posted, json.dumps(statement((other / "verdict.json").read_bytes())).encode()))

    assert posted.reasons(*SIGNED, of=of) == ["attestation"]


def test_signatures_of_an_instance_that_is_not_trusted_are_refused(posted: Stage, of: Sequence[str | Path]) -> None:
    by_digest(posted, signed(posted))

    assert posted.reasons("--signed", of=of) == ["attestation"]  # by the public-good root, which ships


def test_a_signed_file_needs_no_artifact_and_gives_way_to_a_later_verdict(posted: Stage) -> None:
    by_digest(posted, signed(posted))
    posted.github.memory.artifacts.clear()

    before = posted.verify(*SIGNED, of=(posted.out,), run=command)
    posted.post(Standing.FAIL, judged_at=(NOW + timedelta(minutes=1)).strftime(TIME))

    assert before.returncode == 0, before.stdout + before.stderr
    assert posted.reasons(*SIGNED, of=(posted.out,)) == ["superseded"]
