"""`gatekeeper promote`: verify, then move an alias to a checkpoint."""

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


def promote(  # noqa: PLR0913 - one argument an option
    artifact: Annotated[
        str,
        typer.Argument(
            metavar="ARTIFACT",
            help="The checkpoint: entity/project/name:v7 on W&B; with --registry a file, a folder, or sha256:… of one "
            "that was promoted before, whose verdict is kept there.",
        ),
    ],
    *,
    alias: Annotated[str, typer.Option("--alias", metavar="NAME", help="The alias that is moved to it.")],
    verdict: Annotated[
        Path | None,
        typer.Option("--verdict", metavar="FILE", readable=False, help="verdict.json, or the folder that holds it."),
    ] = None,
    commit: CommitOption = None,
    registry: Annotated[
        Path | None,
        typer.Option("--registry", metavar="DIR", readable=False, help="A local registry; default: W&B."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="COLLECTION",
            help="On W&B: link it there, and move the alias there: entity/project/collection, or "
            "wandb-registry-NAME/collection. Default: the artifact's own collection.",
        ),
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", envvar="GITHUB_ACTOR", help="Who; default: the user here.")
    ] = "",
    track: Annotated[
        Path | None,
        typer.Option("--track", metavar="FILE", readable=False, help="Also write it into this experiment tracker."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Verify, and say what would be moved; move nothing.")
    ] = False,
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
    """Verify a checkpoint's verdict, and move an alias to it.

    Exit 0: the alias is there, also if it was before; 10: refused, with every reason. It is read back, and who moved it
    and why is recorded; somebody who moves it meanwhile is not overrun. To roll back, promote an older version again:
    its verdict has to be the newest on its run, and --max-age may have to allow its age.

    Example: gatekeeper promote checkpoints/adapter --alias prod --registry models --verdict out --trust-local
    """
    from action.cli.promoting import Target, run_promotion  # noqa: PLC0415 - start-up time
    from action.cli.verified_page import show_promoted, show_refused  # noqa: PLC0415
    from action.cli.verify_options import Given  # noqa: PLC0415

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
    if track is not None:
        from action.cli.tracker_file import read_tracker  # noqa: PLC0415 - start-up time

        read_tracker(track)  # what is wrong with it is told before anything is moved
    where = Target(artifact=artifact, alias=alias, registry=registry, collection=target)
    done = run_promotion(given, where, (by, why), dry_run=dry_run)
    if done.promoted is None:
        show_refused(alias, done.title, done.refusals, output_format)
        raise typer.Exit(10)
    show_promoted(done.promoted, done.title, output_format)
    if track is not None:
        from action.cli.promoting import entry_of_promotion  # noqa: PLC0415 - start-up time
        from action.cli.tracking import put  # noqa: PLC0415
        from action.errors import GatekeeperError  # noqa: PLC0415
        from action.escape import one_line  # noqa: PLC0415

        entry = entry_of_promotion(done.promoted, done.title)(None)
        try:
            put(entry, track, dry_run=dry_run, told_on_error=output_format is Format.JSON)
        except GatekeeperError as error:  # it is promoted all the same
            typer.echo(f"gatekeeper: not written into the tracker: {one_line(str(error))}", err=True)
