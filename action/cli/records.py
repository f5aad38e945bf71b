"""What GitHub tells of a repository's statuses and jobs, as the search for verdicts takes it. Composition alone."""

from __future__ import annotations

from collections.abc import Sequence

from action.forge import Forge, Status
from action.github.origin import Origins, WorkflowRun


class HostedRecords:
    """What is read of the repository, as the search takes it."""

    def __init__(self, forge: Forge, origins: Origins) -> None:
        self._forge, self._origins = forge, origins

    def statuses(self, sha: str, /) -> Sequence[Status]:
        """Give the statuses of a commit under our context, newest first."""
        return self._forge.statuses(sha)

    def workflow_run(self, number: int, /) -> WorkflowRun | None:
        """Give a run of a workflow; None: there is none."""
        return self._origins.workflow_run(number)

    def on_branch(self, sha: str, branch: str, /) -> bool:
        """Tell whether a commit is on a branch."""
        return self._origins.on_branch(sha, branch)

    def same_file(self, path: str, sha: str, branch: str, /) -> bool:
        """Tell whether a file is the same at a commit and on a branch."""
        text = self._forge.read_file(path, branch)
        return text is not None and text == self._forge.read_file(path, sha)

    def archive(self, number: int, name: str, /) -> bytes | None:
        """Give an artifact of a workflow run as a zip; None: there is none any more."""
        return self._origins.archive(number, name)
