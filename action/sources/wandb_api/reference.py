"""Runs and artifacts of W&B by the names that people copy: a path, `wandb://…`, the address of a page.

No connection may enter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from action.errors import InputError
from action.files import show_name

_PART = re.compile(r"[\w][\w .-]*")
"""Of an entity or project: neither slashes nor leading dots, which would climb out of a folder or an address."""
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class RunName:
    """A run as it is named."""

    entity: str
    project: str
    run: str
    """Its id, or its display name."""
    host: str | None = field(default=None, compare=False)
    """Of the page whose address was given; None: no address was."""

    @property
    def path(self) -> str:
        """The three parts together."""
        return f"{self.entity}/{self.project}/{self.run}"


def parse_run(text: str) -> RunName:
    """Read the name of a run.

    >>> parse_run("https://wandb.ai/team/league/runs/abc123/overview?nw=1").path
    'team/league/abc123'
    >>> parse_run("wandb://team/league/grpo run 7").path
    'team/league/grpo run 7'

    Raises:
        InputError: it is none.
    """
    parts = text.removeprefix("wandb://").split("/", 2)
    host = None
    if re.match(r"https?://", text):
        host, pieces = _pieces(text)
        parts = [*pieces[:2], pieces[3]] if len(pieces) >= 4 and pieces[2] == "runs" else []
    if len(parts) != 3 or not all(map(_PART.fullmatch, parts[:2])) or not _is_run(parts[2]):
        raise InputError(
            f"{show_name(text)}: expected a run on W&B as entity/project/run, wandb://entity/project/run or the "
            "address of its page, got another; copy it from the run's overview"
        )
    return RunName(entity=parts[0], project=parts[1], run=parts[2], host=host)


def _pieces(address: str) -> tuple[str | None, list[str]]:
    try:
        split = urlsplit(address)
        return split.hostname or "", [unquote(piece) for piece in split.path.split("/") if piece]
    except ValueError:  # brackets that are not closed
        return None, []


def _is_run(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable() and text.strip(". ") != ""
