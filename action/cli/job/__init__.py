"""One job of GitHub Actions, from its event to what is written about it. Composition alone."""

from action.cli.job.flow import do_job
from action.cli.job.inputs import Job

__all__ = ["Job", "do_job"]
