"""An entry proposed to the tracker of a repository on GitHub. Composition alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from action.errors import InputError
from action.files import show_name
from action.github.access import API, Access
from action.github.workshop import Workshop
from action.publish.drafting import Drafting
from action.publish.proposing import Became, Outcome, Proposing
from action.report.tracker_page import GivenTemplate, tracker_entry
from action.secret import Secret
from action.tracker.edit import update_tracker
from checks.narrative import narrate

if TYPE_CHECKING:
    from action.branches import Branches
    from action.cli.tracker_inputs import TrackerInputs
    from action.pipeline import Judged
    from action.publish.drafting import Draft, Spot
    from action.tracker.edit import RunEntry

EntryOf: TypeAlias = "Callable[[GivenTemplate | None], RunEntry]"
"""Lays out an entry, by a user's template where one is given."""
_LARGEST = 100_000
"""Bytes of a template."""


def open_shop(environ: Mapping[str, str], repository: str, token: str) -> Workshop:
    """Open a repository for writing.

    Raises:
        InputError: token, address or name cannot be meant.
    """
    url = environ.get("GITHUB_API_URL", "") or API
    return Workshop(Access(repository=repository, token=Secret(token), url=url))


def entry_of(judged: Judged) -> EntryOf:
    """Lay out a judged run, by a user's template where one is given."""
    evidence = judged.bundle.evidence
    return lambda template: tracker_entry(judged.verdict, narrate(judged.policy, evidence, judged.verdict), template)


class Tracking:
    """A run on its way into a tracker on GitHub."""

    def __init__(
        self,
        shop: Branches,
        inputs: TrackerInputs,
        lay_out: EntryOf,
        *,
        default: str | None = None,
        template: GivenTemplate | None = None,
    ) -> None:
        """Take the repository, what is asked for and the run; with the default branch as far as it is known.

        Raises:
            InputError: there is no such template, or it cannot be used.
            ServiceError: GitHub could not be reached, or refused.
        """
        self._shop = shop
        self._wish = inputs.wish(inputs.base or default or shop.default_branch())
        if inputs.template:
            template = _template(shop, inputs.template, self._wish.base)
        self.entry: RunEntry = lay_out(template)

    def propose(self) -> Outcome:
        """Write the entry; see `Proposing.put`."""
        return Proposing(self._shop, self._wish, lambda text: update_tracker(text, self.entry)).put()

    def rehearse(self) -> tuple[Spot, Draft]:
        """Say what would be written, and write nothing."""
        drafting = Drafting(self._shop, self._wish, lambda text: update_tracker(text, self.entry))
        spot = drafting.look()
        return spot, drafting.compose(spot)


def _template(shop: Branches, path: str, base: str) -> GivenTemplate:
    """Read a template from the base branch: that of a head would lay out by what nobody has looked at."""
    head = next((one for one in shop.branches(base) if one.name == base), None)
    found = None if head is None else shop.file(head.sha, path)
    if found is None or not found.sha:
        raise InputError(f"{show_name(path)}: expected a template on {show_name(base)}, found none; commit it there")
    if len(found.text) > _LARGEST:
        raise InputError(f"{show_name(path)}: expected a template of at most {_LARGEST // 1000} kB, got more")
    if any("\ud800" <= char <= "\udfff" for char in found.text):
        raise InputError(f"{show_name(path)}: expected a template in UTF-8, got other bytes")
    return GivenTemplate(name=show_name(path), source=found.text)


def sentence(outcome: Outcome, page: str) -> str:
    """Say where an entry went; `page`: the address of the repository's page."""
    exp = f"Exp {outcome.number}"
    if outcome.became is Became.PUSHED:
        between = f"{quote(outcome.base, safe='/')}...{quote(outcome.branch, safe='/')}"
        return f"{exp} is on the branch {outcome.branch}; open its pull request: {page}/compare/{between}?expand=1"
    if outcome.became is Became.CLOSED:
        return f"{exp} was proposed by {outcome.url}, which was closed: it stays so until the run says something new"
    if outcome.became is Became.COMMITTED:
        return f"{exp} is committed to {outcome.branch}"
    if outcome.became is Became.UNCHANGED:
        there = f"proposed by {outcome.url}" if outcome.url and outcome.branch != outcome.base else outcome.branch
        return f"{exp} is as it should be ({there})"
    return f"{exp} is proposed by {outcome.url}, {outcome.became.value}"


def token_of(environ: Mapping[str, str]) -> str:
    """Give the token that may write branches: one of its own, else the job's."""
    return (environ.get("GATEKEEPER_TRACKER_TOKEN", "") or environ.get("GITHUB_TOKEN", "")).strip()
