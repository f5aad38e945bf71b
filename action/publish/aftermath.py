"""What is added to the job's summary after publishing: what was not written, and what to do about it.

No request may enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from action.escape import markdown
from action.publish.ledger import Standing
from action.publish.publication import Failure, Place, Sight

PERMISSIONS = ("contents: read", "statuses: write", "checks: write", "pull-requests: write", "actions: read")
"""What the job needs, as a workflow writes it."""
_STANDS = "The verdict and the commit status stand."


def aftermath(failures: Sequence[Failure], notes: Sequence[str], stands: str = _STANDS) -> str:
    """Write what failed with the permissions to paste, and what else is worth knowing; empty: nothing to say.

    >>> print(aftermath([Failure(step="check run", text="GitHub: 403", permission="checks: write")], []))
    ### Not everything was written
    <BLANKLINE>
    - **check run:** GitHub: 403
    <BLANKLINE>
    The verdict and the commit status stand. The job needs these permissions; refused: `checks: write`.
    <BLANKLINE>
    ```yaml
    permissions:
      contents: read
      statuses: write
      checks: write
      pull-requests: write
      actions: read
    ```
    <BLANKLINE>
    """
    parts = [f"> {markdown(note)}\n" for note in notes]
    if failures:
        parts.append("### Not everything was written\n")
        parts.append("".join(f"- **{markdown(one.step)}:** {markdown(one.text)}\n" for one in failures))
        lacking = sorted({one.permission for one in failures if one.permission is not None})
        if lacking:
            named = ", ".join(f"`{one}`" for one in lacking)
            listed = "".join(f"  {one}\n" for one in _needed(lacking))
            parts.append(
                f"{stands} The job needs these permissions; refused: {named}.\n\n```yaml\npermissions:\n{listed}```\n"
            )
        else:
            parts.append(f"{stands} Run the job again to write the rest.\n")
    return "\n".join(parts)


def _needed(lacking: Sequence[str]) -> Iterator[str]:
    """Give what a job needs; the tracker's writing of branches only where that was refused."""
    more = {one.partition(":")[0]: one for one in lacking if one not in PERMISSIONS}
    for one in PERMISSIONS:
        scope = one.partition(":")[0]
        wanted = more.pop(scope, one)
        yield wanted if wanted.endswith("write") else one
    yield from more.values()


def notes_of(sight: Sight, place: Place) -> tuple[str, ...]:
    """Say why something was left as it is."""
    notes = [
        f"#{one.number} has moved on from {place.sha[:12]} to {one.head_sha[:12]} meanwhile: its comment was left as "
        "it is, and the new head needs a verdict of its own."
        for one in sight.moved
    ]
    if sight.later is not None and sight.later.standing is Standing.WAITING:
        notes.append(
            f"A later job ({sight.later.judged_at}) is judging this run: nothing was replaced. If that job was ended, "
            "run it again."
        )
    elif sight.later is not None:
        notes.append(f"A later verdict on this run ({sight.later.judged_at}) is kept: nothing of it was replaced.")
    if sight.looked and not sight.pulls and not sight.moved and sight.later is None:
        notes.append("No open pull request has this commit as its head: the comment was left out.")
    return tuple(notes)
