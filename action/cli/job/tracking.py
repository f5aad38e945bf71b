"""The last step of a job: the run in the experiment tracker. It turns no verdict. Composition alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from action.cli.job.scene import Scene
from action.errors import GatekeeperError
from action.forge import RefusedError
from action.publish.publication import Failure

if TYPE_CHECKING:
    from action.pipeline import Judged


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """What became of it."""

    url: str | None = None
    """Of the pull request."""
    notes: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


def track_run(scene: Scene, judged: Judged, *, counts: bool) -> Tracked:
    """Write a run into the tracker, as far as that is wanted; `counts`: this verdict is the last on it, and stands."""
    from action.cli.proposal import Tracking, entry_of, open_shop, sentence, token_of  # noqa: PLC0415 - start-up time

    inputs, token = scene.job.tracker, token_of(os.environ)
    if inputs.mode == "none" or not token or scene.trigger.read_only:
        return Tracked()
    if judged.verdict.policy.trial:
        return Tracked(notes=("The policy is being tried out: the tracker was left as it is.",))
    if not counts:
        return Tracked(notes=("The verdict does not count here: the tracker was left as it is.",))
    scene.runner.begin("Track")
    try:
        shop = open_shop(os.environ, scene.trigger.repository, token)
        tracking = Tracking(shop, inputs, entry_of(judged), default=scene.trigger.default)
        if scene.job.dry_run:
            spot, draft = tracking.rehearse()
            done = "would be written" if draft.change is not None else "would stay as it is"
            scene.runner.line(f"would write: tracker: Exp {draft.edit.number} {done} on {spot.branch}")
            return Tracked()
        outcome = tracking.propose()
        told = sentence(outcome, scene.page)
        scene.runner.line(f"tracker: {told}")
        return Tracked(url=outcome.url, notes=(f"Tracker: {told}.",), failures=outcome.failures)
    except RefusedError as error:
        return Tracked(failures=(Failure(step="tracker", text=str(error), permission=error.permission),))
    except GatekeeperError as error:
        return Tracked(failures=(Failure(step="tracker", text=str(error).splitlines()[0]),))
    finally:
        scene.runner.end()
