"""A checkpoint that is not where it was judged: mistyped, or gone? Composition alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from action.cli.asked import Asked
from action.cli.presented import presented_of
from action.errors import MissingError, RefusalError
from action.files import show_name
from action.verification import read_presented
from checks.refusal import Reason, Refusal

if TYPE_CHECKING:
    from action.cli.repository import Repository


@contextmanager
def gone_if_judged(asked: Asked, repository: Repository | None) -> Iterator[None]:
    """Refuse a version that is not there as gone, where a verdict that was asked for is on that very one.

    Raises:
        MissingError: no verdict is, so that it may be mistyped.
        RefusalError: it is gone.
    """
    try:
        yield
    except MissingError as error:
        if error.artifact not in _judged(asked, repository):
            raise
        text = (
            f"{show_name(error.artifact)}: expected the version on W&B that was judged, found none of that name any "
            "more: it was deleted, or its collection has another name now; promote another."
        )
        raise RefusalError(Refusal(reason=Reason.ARTIFACT_GONE, text=text)) from error


def _judged(asked: Asked, repository: Repository | None) -> set[str | None]:
    """Name the artifacts that the verdicts which were asked for are on."""
    if asked.commit is None or repository is None:
        verdicts = [read_presented(presented_of(asked))]
    else:
        verdicts, policy = [], repository.policy(asked.policy, asked.profiles)
        with tempfile.TemporaryDirectory(prefix="gatekeeper-verify-") as scratch, suppress(RefusalError):
            verdicts = [one.verdict for one in repository.sources(asked.commit, asked.run, policy, Path(scratch))]
    return {one.checkpoint.artifact for one in verdicts if one.checkpoint is not None}
