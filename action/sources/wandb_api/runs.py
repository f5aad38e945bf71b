"""Runs on Weights & Biases, through its real client, in a process that is ended at the deadline.

The whole history comes as files, never W&B's sample of it; what the files hold is read by those who know tables. No
policy and no verdict may enter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.files import show_name
from action.sources.wandb_api.facts import (
    NEWEST,
    About,
    about,
    checkpoint_of,
    commit_of,
    config_of,
    identity_of,
    lines_of,
    state_of,
    step_of,
    time_of,
)
from action.sources.wandb_api.reference import RunName, parse_run
from action.sources.wandb_api.wanted import Wanted
from action.wandb_service.access import Access
from action.wandb_service.failure import MISREAD, failure_of
from action.wandb_service.launch import send
from action.wandb_service.request import Json
from checks.run import Asked, Checkpoint, Identity, RunState, Scalar

__all__ = ["NEWEST", "About", "RunName", "WandbRun", "WandbRuns", "parse_run"]


@dataclass(frozen=True, kw_only=True)
class WandbRun:
    """One run as W&B has it, its history as files."""

    identity: Identity
    state: RunState
    config: Mapping[str, Scalar]
    history: tuple[Path, ...]
    """Exported rows as Parquet, in their order."""
    tail: Path | None
    """Rows that are not exported yet, as JSON Lines."""
    lines: int | None
    """How many rows W&B says that the history has."""
    last_step: int | None
    """The last step that W&B knows of."""
    games: Path | None
    """The table of games that the run logged last, as JSON Lines."""
    table: str | None
    """Under which key it was logged."""
    checkpoint: Checkpoint | None
    namesakes: tuple[Identity, ...]
    """Other runs of the project whose name or id is the name or id of this one."""
    about: About
    asked: Asked


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A run in a list."""

    id: str
    name: str
    state: RunState
    created_at: str | None
    commit: str | None


class WandbRuns:
    """Runs of one W&B server."""

    def __init__(self, access: Access, tell: Callable[[float], None] = lambda _: None) -> None:
        self._access = access
        self._tell = tell

    def fetch(self, name: RunName, folder: Path, deadline: Deadline, **also: object) -> WandbRun:
        """Fetch a run with its whole history.

        Args:
            name: by id or display name.
            folder: where its files are put.
            deadline: for all of it.
            also: `games` (bool): the table of games too. `checkpoint` (text or None): its artifact, a name or `newest`.
                `namesakes` (bool): other runs of its name.

        Raises:
            InputError: there is no such run or artifact, or there are several.
            ServiceError: W&B could not be reached, refused, or was not done by the deadline.
        """
        self._require_host(name)
        self._require_key()
        asked = also.get("checkpoint")
        wanted = Wanted(
            entity=name.entity,
            project=name.project,
            run=name.run,
            games=bool(also.get("games")),
            artifacts=asked is not None,
            namesakes=bool(also.get("namesakes")),
        )
        found = send(wanted.errand(), self._access, folder, deadline, self._tell)
        try:
            return self._run(name, folder, found, None if asked is None else str(asked))
        except MISREAD as error:
            raise failure_of(error) from error

    def _run(self, name: RunName, folder: Path, found: Mapping[str, Json], asked: str | None) -> WandbRun:
        """Take apart what was found."""
        run, games = found["run"], found["games"]
        identity, lines = identity_of(run, name, self._access.page), lines_of(run)
        return WandbRun(
            identity=identity,
            state=state_of(run),
            config=config_of(run),
            history=tuple(folder / one for one in found["files"]),
            tail=None if found["tail"] is None else folder / found["tail"],
            lines=lines,
            last_step=step_of(run.get("historyKeys"), "lastStep"),
            games=None if games is None else folder / games["file"],
            table=None if games is None else games["key"],
            checkpoint=None if asked is None else checkpoint_of(found["artifacts"], asked, identity.name),
            namesakes=tuple(identity_of(one, name, self._access.page) for one in found["namesakes"]),
            about=about(run),
            asked=Asked(
                service="W&B",
                what="run",
                text=f"{self._access.host}: {name.entity}/{name.project}/{identity.id}, {found['requests']} requests",
                rows=lines or 0,
                client=f"wandb {metadata.version('wandb')}",
            ),
        )

    def find(
        self, entity: str, project: str, filters: Mapping[str, Json], deadline: Deadline, folder: Path
    ) -> Sequence[Listed]:
        """List the runs of a project that fit a filter, newest first.

        The filter is MongoDB's language as W&B takes it: `{"commit": SHA}`, `{"group": NAME}`, `{"sweep": ID}`,
        `{"tags": NAME}`, `{"displayName": {"$regex": "^PREFIX"}}`.

        Raises:
            InputError: there is no such project, or more than 200 runs fit.
            ServiceError: W&B could not be reached, refused, or was not done by the deadline.
        """
        self._require_key()
        wanted = Wanted(entity=entity, project=project, filters=filters)
        found = send(wanted.errand(), self._access, folder, deadline, self._tell)
        try:
            return tuple(map(_listed, found["runs"]))
        except MISREAD as error:
            raise failure_of(error) from error

    def who(self, deadline: Deadline, folder: Path) -> str:
        """Tell whose key it is.

        Raises:
            InputError: there is no key, or none that could be one.
            ServiceError: W&B does not know the key, could not be reached, or was not done by the deadline.
        """
        self._require_key()
        viewer = send(Wanted(entity="", project="").errand(), self._access, folder, deadline, self._tell)["viewer"]
        if not isinstance(viewer, dict) or not viewer.get("username"):
            raise ServiceError("W&B: expected a key that it knows, got another; check WANDB_API_KEY and WANDB_BASE_URL")
        return str(viewer["username"])

    def _require_key(self) -> None:
        self._access.require_key("read runs on W&B", "set it, or name local files of the run")

    def _require_host(self, name: RunName) -> None:
        """Refuse the address of another server: a run of the same name on this one would be judged unseen."""
        if not self._access.shows(name.host):
            raise InputError(
                f"{show_name(name.path)}: expected the address of a page of {self._access.host}, got one of "
                f"{show_name(name.host)}; set WANDB_BASE_URL to its server, or name the run as entity/project/run"
            )


def _listed(run: Mapping[str, Json]) -> Listed:
    return Listed(
        id=str(run["name"]),
        name=str(run.get("displayName") or run["name"]),
        state=state_of(run),
        created_at=time_of(run.get("createdAt")),
        commit=commit_of(run),
    )
