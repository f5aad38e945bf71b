"""May a job's artifact be believed? Only if our workflow file, as the default branch has it, made it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from action.files import show_name
from action.github.origin import WorkflowRun

WORKFLOW = ".github/workflows/gatekeeper.yml"
"""Where `gatekeeper init` writes the workflow that judges."""
EVENTS = frozenset({"workflow_run", "repository_dispatch", "schedule", "workflow_dispatch", "push"})
"""That run the workflow file of the branch they are told to run on. Those of pull requests and merge groups run what
somebody proposes."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """Which jobs are ours."""

    repository: str
    """`owner/name`."""
    workflow: str
    """The path of the workflow file."""
    branch: str
    """The default branch."""


CHOSEN = frozenset({"workflow_dispatch", "push"})
"""Those that somebody may start on any ref, a tag with the branch's name among them."""


class History(Protocol):
    """What a repository tells of its commits."""

    def on_branch(self, sha: str, branch: str, /) -> bool:
        """Tell whether a commit is on a branch."""
        ...

    def same_file(self, path: str, sha: str, branch: str, /) -> bool:
        """Tell whether a file is the same at a commit and on a branch."""
        ...


def distrust(job: WorkflowRun, home: Home, history: History) -> str | None:
    """Say why a job is not to be believed; None: it is.

    A tag may bear the branch's name, and a merged pull request has commits on the branch that nobody reviewed alone: so
    the commit has to be on the branch, and, where somebody could choose it, also by starting an old job again, to have
    the workflow as it is there now.
    """
    wanted = f"a job of {show_name(home.workflow)} on the branch {show_name(home.branch)}"
    if job.repository.lower() != home.repository.lower():
        return f"expected {wanted}, got one of the repository {show_name(job.repository)}"
    if job.workflow != home.workflow:
        return f"expected {wanted}, got one of {show_name(job.workflow)}"
    if job.event not in EVENTS:
        return f"expected {wanted}, got one that {show_name(job.event)} started, which may run a proposed file"
    if job.branch != home.branch:
        return f"expected {wanted}, got one on {show_name(job.branch)}"
    if not history.on_branch(job.sha, home.branch):
        return f"expected {wanted}, got one of the commit {show_name(job.sha)[:12]}, which is not on it"
    if (job.event in CHOSEN or job.again) and not history.same_file(home.workflow, job.sha, home.branch):
        return f"expected {wanted}, got one of {show_name(job.sha)[:12]}, where that file is not what it is there now"
    return None
