"""Arguments that `verify` and `promote` share, each declared once, and all of them together. Only typer may enter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

CommitOption = Annotated[
    str | None,
    typer.Option("--commit", metavar="SHA", help="Take the verdict from the artifact of our workflow on this commit."),
]
PolicyInForceOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        readable=False,
        help="The policy in force; in the repository, with --commit or --signed. Default: .github/gatekeeper.yml, "
        "else grpo.",
    ),
]
EvidenceOption = Annotated[
    Path | None,
    typer.Option("--evidence", metavar="DIR", readable=False, help="The bundle; default: evidence/ beside it."),
]
MaxAgeOption = Annotated[
    str, typer.Option("--max-age", metavar="AGE", help="How old the verdict may be: 90m, 12h, 7d, 2w.")
]
RunOption = Annotated[
    str | None, typer.Option("--run", metavar="NAME", help="The run, by name or id; default: the verdict's.")
]
RepositoryOption = Annotated[
    str | None,
    typer.Option(
        "--repository",
        metavar="OWNER/NAME",
        help="The repository that judged the run; default: GITHUB_REPOSITORY, but with --trust-local none.",
    ),
]
BaseOption = Annotated[
    str | None, typer.Option("--base", metavar="NAME", help="The branch whose policy counts; default: the default one.")
]
WorkflowOption = Annotated[
    str | None,
    typer.Option("--workflow", metavar="PATH", help="Our workflow file; default: .github/workflows/gatekeeper.yml."),
]
SignedOption = Annotated[bool, typer.Option("--signed", help="Refuse a verdict without an attestation that holds.")]
AttestationOption = Annotated[
    Path | None,
    typer.Option(
        "--attestation",
        metavar="FILE",
        readable=False,
        help="The bundle of the signature; default: attestation.sigstore.json beside the verdict. Implies --signed.",
    ),
]
TrustedRootOption = Annotated[
    Path | None,
    typer.Option(
        "--trusted-root",
        metavar="FILE",
        readable=False,
        help="Whose signatures count, as Sigstore's trusted_root.json; default: the public-good instance.",
    ),
]
SignerOption = Annotated[
    str | None,
    typer.Option("--signer", metavar="URI", help="Who has to have signed; default: our workflow."),
]
TrustLocalOption = Annotated[
    bool,
    typer.Option("--trust-local", help="Believe the file: for a local registry, never in Actions; needs its evidence."),
]


@dataclass(frozen=True, kw_only=True)
class Given:
    """All of them."""

    verdict: Path | None
    commit: str | None
    evidence: Path | None
    policy: Path | None
    profiles: tuple[str, ...]
    max_age: str
    run: str | None
    repository: str | None
    base: str | None
    workflow: str | None
    signed: bool
    attestation: Path | None
    trusted_root: Path | None
    signer: str | None
    trust_local: bool
    deadline: float
