"""A verdict given again from the evidence beside it, before anybody is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from action.pipeline import Judged


def judge_again(verdict: Path, without: str) -> Judged:
    """Give the verdict again, from the bundle beside it; `without`: what is not done where there is none.

    Raises:
        InputError: there is no evidence.
    """
    from action.cli.ports import fallback_policy, local_ports  # noqa: PLC0415 - start-up time
    from action.errors import InputError  # noqa: PLC0415
    from action.evidence.store import find_bundle  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.pipeline import check_run  # noqa: PLC0415
    from action.settings import CheckSettings  # noqa: PLC0415

    folder = verdict.parent if verdict.name == "verdict.json" else verdict
    if find_bundle(folder) is None:
        raise InputError(
            f"{show_name(verdict)}: expected the folder that `gatekeeper check RUN --out DIR` wrote, found no evidence "
            f"there; {without}"
        )
    settings = CheckSettings(ref=str(folder), policy=None, fallback_policy=fallback_policy(), now="")
    return check_run(settings, local_ports())
