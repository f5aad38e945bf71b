"""The status of a merge group: the AND over the heads of the pull requests that are in it.

A group holds several pull requests and commits of its own; each commit has to belong to a pull request that is known.
What is unaccounted for is no pass. No run is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from action.event import Group
from action.forge import Commit, Forge, Pull, State
from action.publish.ledger import join, read_ledger, shorten

MOST_COMMITS = 250
"""Of a group: GitHub compares no more at once."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A pull request of a group, and the status of its head."""

    pull: Pull
    state: State | None
    """Of its head; None: there is no verdict."""
    doubt: str | None = None
    """Why a pass of its head is not believed; None: it is, or nobody looked."""


@dataclass(frozen=True, kw_only=True)
class GroupVerdict:
    """What a merge group is together."""

    state: State
    description: str
    members: tuple[Member, ...]
    unknown: tuple[str, ...]
    """Commits that belong to no pull request that is known."""


def judge_group(
    forge: Forge, group: Group, base: str, slot: str, doubt: Callable[[str], str | None] | None = None
) -> GroupVerdict:
    """Say what a merge group is together.

    Args:
        forge: the repository.
        group: its commits.
        base: the branch that it goes into.
        slot: names the policy and that branch: verdicts by another say nothing here.
        doubt: says why the pass of a head is not to be believed, by what stands behind its status; None: statuses are
            believed as they are.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    commits = {one.sha: one for one in forge.commits(group.base_sha, group.head_sha)}
    pulls, unknown = _account(forge, commits, (group.head_sha, base, group.last))
    members = tuple(_member(forge, one, slot, doubt) for one in pulls)
    state, description = _together(members, unknown, len(commits))
    return GroupVerdict(state=state, description=shorten(description), members=members, unknown=unknown)


def _member(forge: Forge, pull: Pull, slot: str, doubt: Callable[[str], str | None] | None) -> Member:
    state = _state(forge, pull.head_sha, slot)
    why = doubt(pull.head_sha) if doubt is not None and state is State.SUCCESS else None
    return Member(pull=pull, state=state if why is None else State.FAILURE, doubt=why)


def _state(forge: Forge, sha: str, slot: str) -> State | None:
    """Give how a head stands: the AND over all verdicts on it, of which one at least is by this policy."""
    statuses = forge.statuses(sha)
    ledger = read_ledger(statuses)
    if not any(entry.policy == slot for entry in ledger.values()):
        newest = next(iter(statuses), None)
        return None if newest is None or newest.state is State.SUCCESS else newest.state
    return join(ledger.values()).state


def _account(
    forge: Forge, commits: Mapping[str, Commit], group: tuple[str, str, int | None]
) -> tuple[list[Pull], tuple[str, ...]]:
    """Find the pull request of every commit; the pull requests, and the commits that have none."""
    head_sha, base, last = group
    found: dict[int, Pull] = {}
    known: set[str] = set()
    if len(commits) > MOST_COMMITS:
        return [], tuple(commits)
    for sha in _newest_first(commits, head_sha):
        if sha in known:
            continue
        fitting = [one for one in forge.pulls_of_commit(sha) or () if one.open and one.base == base]
        # A pull request on top of another holds its commits too, and is not in the group unless its head is.
        for one in [one for one in fitting if one.head_sha in commits] or fitting:
            found[one.number] = one
            known |= {sha} | _ancestors(commits, one.head_sha)
    if head_sha not in known and last is not None:
        one_more = forge.pull(last)
        if one_more is not None and one_more.open and one_more.base == base:
            found[last] = one_more
            known |= {head_sha} | _ancestors(commits, one_more.head_sha)
    # GitHub's own merge of a head that is known: its other parent is looked at by itself.
    known |= {sha for sha, one in commits.items() if any(parent in known for parent in one.parents[1:])}
    return [found[number] for number in sorted(found)], tuple(sha for sha in commits if sha not in known)


def _newest_first(commits: Mapping[str, Commit], head_sha: str) -> Sequence[str]:
    """Give commits before their parents, merged heads before the line that they were merged into."""
    ordered: list[str] = []
    ahead, seen = [head_sha], set()
    while ahead:
        sha = ahead.pop(0)
        if sha in commits and sha not in seen:
            seen.add(sha)
            ordered.append(sha)
            ahead = [*commits[sha].parents[1:], *commits[sha].parents[:1], *ahead]
    return [*ordered, *(sha for sha in commits if sha not in seen)]


def _ancestors(commits: Mapping[str, Commit], sha: str) -> set[str]:
    """Give a head and what lies before it within the group: all of it is in the pull request."""
    ahead, seen = [sha], set()
    while ahead:
        one = ahead.pop()
        if one in commits and one not in seen:
            seen.add(one)
            ahead += commits[one].parents
    return seen


def _together(members: Sequence[Member], unknown: Sequence[str], commits: int) -> tuple[State, str]:
    if commits > MOST_COMMITS:
        return State.FAILURE, f"the merge group has {commits} commits, more than can be looked at"
    if unknown:
        return State.FAILURE, f"{len(unknown)} of {commits} commits of the merge group belong to no open pull request"
    if not members:
        return State.FAILURE, "the merge group holds no pull request that is known"
    wanting = [one for one in members if one.state is not State.SUCCESS]
    if not wanting:
        listed = ", ".join(f"#{one.pull.number}" for one in members)
        return State.SUCCESS, f"all of the merge group pass: {listed}"
    told = ", ".join(f"#{one.pull.number} {_word(one)}" for one in wanting)
    broken = all(one.state is State.ERROR for one in wanting)
    return State.ERROR if broken else State.FAILURE, f"of the merge group {told}"


def _word(member: Member) -> str:
    state = member.state
    if member.doubt is not None:
        return "has a status that no verdict of our workflow stands behind"
    if state is None:
        return "has no verdict"
    words = {State.PENDING: "is still being judged", State.FAILURE: "fails", State.ERROR: "could not be judged"}
    return words.get(state, state.value)
