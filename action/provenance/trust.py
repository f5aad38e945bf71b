"""May a job's artifact be believed? Only if our workflow file, as the default branch has it, made it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


def distrust(job: WorkflowRun, home: Home, on_branch: Callable[[str, str], bool]) -> str | None:
    """Say why a job is not to be believed; None: it is.

    Args:
        job: as GitHub tells of it.
        home: which jobs are ours.
        on_branch: tells whether a commit is on a branch. A tag may bear the branch's name: the commit decides.
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
    if not on_branch(job.sha, home.branch):
        return f"expected {wanted}, got one of the commit {show_name(job.sha)[:12]}, which is not on it"
    return None
