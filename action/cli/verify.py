"""`gatekeeper verify`: may this checkpoint be promoted by this verdict?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action.cli.options import DeadlineOption, Format, FormatOption, ProfileOption
from action.cli.verify_options import (
    AttestationOption,
    BaseOption,
    CommitOption,
    EvidenceOption,
    MaxAgeOption,
    PolicyInForceOption,
    RepositoryOption,
    RunOption,
    SignedOption,
    SignerOption,
    TrustedRootOption,
    TrustLocalOption,
    WorkflowOption,
)


def verify(  # noqa: PLR0913 - one argument an option
    verdict: Annotated[
        Path | None,
        typer.Argument(metavar="[VERDICT]", readable=False, help="verdict.json, or the folder that holds it."),
    ] = None,
    *,
    commit: CommitOption = None,
    artifact: Annotated[
        str | None,
        typer.Option("--artifact", metavar="ARTIFACT", help="The checkpoint on W&B: entity/project/name:v7."),
    ] = None,
    path: Annotated[
        Path | None, typer.Option("--path", metavar="PATH", readable=False, help="The checkpoint: a file or folder.")
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(
            "--registry", metavar="DIR", readable=False, help="A local registry, which knows what it refused before."
        ),
    ] = None,
    policy: PolicyInForceOption = None,
    profile: ProfileOption = None,
    evidence: EvidenceOption = None,
    max_age: MaxAgeOption = "7d",
    run: RunOption = None,
    repository: RepositoryOption = None,
    base: BaseOption = None,
    workflow: WorkflowOption = None,
    signed: SignedOption = False,
    attestation: AttestationOption = None,
    trusted_root: TrustedRootOption = None,
    signer: SignerOption = None,
    trust_local: TrustLocalOption = False,
    deadline: DeadlineOption = 120.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Ask whether a verdict may promote a checkpoint.

    Exit 0 if nothing speaks against it, 10 with every reason. It has to pass, name the digest of these bytes, be of
    this repository, by the policy in force and the newest on its run, and be what judging its evidence again gives.
    With --commit it is taken from the artifact of our workflow on the default branch: a status alone proves nothing.

    Example: gatekeeper verify gatekeeper-out --path checkpoints/adapter --trust-local
    """
    from action.cli.asked import Bytes  # noqa: PLC0415 - start-up time
    from action.cli.verified_page import show_verified  # noqa: PLC0415
    from action.cli.verify_options import Given  # noqa: PLC0415
    from action.cli.verifying import run_verification  # noqa: PLC0415

    given = Given(
        verdict=verdict,
        commit=commit,
        evidence=evidence,
        policy=policy,
        profiles=tuple(profile or ()),
        max_age=max_age,
        run=run,
        repository=repository,
        base=base,
        workflow=workflow,
        signed=signed,
        attestation=attestation,
        trusted_root=trusted_root,
        signer=signer,
        trust_local=trust_local,
        deadline=deadline,
    )
    checked = run_verification(given, Bytes(artifact=artifact, path=path), registry)
    show_verified(checked, output_format)
    raise typer.Exit(10 if checked.refusals else 0)
