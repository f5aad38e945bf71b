"""`gatekeeper promotions`: what a local registry remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action.cli.options import Format, FormatOption


def promotions(
    registry: Annotated[Path, typer.Argument(metavar="DIR", readable=False, help="The folder of a local registry.")],
    *,
    alias: Annotated[
        str | None, typer.Option("--alias", metavar="NAME", help="Only what is about this alias; default: all.")
    ] = None,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """List what a local registry has promoted, and what did not pass.

    Newest first. To roll back, promote one by its digest again: the registry keeps its bytes, verdict and evidence.

    Example: gatekeeper promotions models --alias production
    """
    from action.cli.verified_page import show_events  # noqa: PLC0415 - start-up time
    from action.errors import InputError  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.registries.local import LocalRegistry  # noqa: PLC0415

    local = LocalRegistry(registry)
    events = local.history()
    about = tuple(one for one in events if alias in (None, one.alias))
    if not about:
        known = ", ".join(sorted({show_name(one.alias) for one in events if one.alias is not None}))
        raise InputError(
            f"--alias: expected one that {local.title} has seen ({known}), got {show_name(alias)}; name one"
        )
    show_events(local.title, about, output_format)
