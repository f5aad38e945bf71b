"""Which verdicts a commit has, and what they are together: its status is the AND over its runs.

The statuses of the commit are the ledger. Each that we post names one run and policy and how they stand, in the
fragment of its address; nobody has to be asked for anything else, a token that may post a status may read them, and
a job that was killed leaves *waiting* behind. No request may enter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, unquote

from action.forge import State, Status
from checks.result import Decision

LONGEST = 140
"""Characters of a description: GitHub refuses longer ones."""
_MARK = re.compile(r"#gatekeeper=([^~#]{1,800})~([0-9a-f]{12})~([wpfie])~([0-9TZ:-]{20})~(\d{1,6})\Z")
_LONGEST_RUN = 64


class Standing(StrEnum):
    """How a run stands under a policy."""

    WAITING = "w"
    """It is being judged, or the job that did so was ended."""
    PASS = "p"  # noqa: S105 - a verdict, no password
    FAIL = "f"
    INCONCLUSIVE = "i"
    ERROR = "e"


_OF_DECISION = {
    Decision.PASS: Standing.PASS,
    Decision.FAIL: Standing.FAIL,
    Decision.INCONCLUSIVE: Standing.INCONCLUSIVE,
    Decision.ERROR: Standing.ERROR,
}
_STATES = {
    Standing.FAIL: State.FAILURE,
    Standing.INCONCLUSIVE: State.FAILURE,
    Standing.ERROR: State.ERROR,
    Standing.WAITING: State.PENDING,
    Standing.PASS: State.SUCCESS,
}
"""From what decides first to what decides last."""
_WORDS = {
    Standing.FAIL: "fails",
    Standing.INCONCLUSIVE: "is inconclusive",
    Standing.ERROR: "could not be judged",
    Standing.WAITING: "has no verdict yet",
    Standing.PASS: "passes",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How one run stands under one policy."""

    run: str
    """Its id as `run_key` gives it."""
    policy: str
    """Which policy, by `policy_slot`: whatever stands in it today, a later verdict replaces an earlier."""
    standing: Standing
    judged_at: str
    """When judging began, RFC 3339 in UTC, whole seconds."""
    attempt: int = 1
    """Of the job, where it was started again."""

    @property
    def key(self) -> tuple[str, str]:
        """Whose verdict it is."""
        return self.run, self.policy

    @property
    def age(self) -> tuple[str, int]:
        """What a later verdict has more of."""
        return self.judged_at, self.attempt

    @property
    def mark(self) -> str:
        """Write it as the fragment of an address.

        >>> entry = Entry(run="abc", policy="0" * 12, standing=Standing.PASS, judged_at="2026-01-05T06:00:00Z")
        >>> entry.mark
        '#gatekeeper=abc~000000000000~p~2026-01-05T06:00:00Z~1'
        """
        run = quote(self.run, safe="").replace("~", "%7E")  # which `quote` leaves, and which parts the mark
        parts = (run, self.policy, self.standing.value, self.judged_at, str(self.attempt))
        return f"#gatekeeper={'~'.join(parts)}"


@dataclass(frozen=True, kw_only=True)
class Together:
    """What the runs of a commit are together."""

    state: State
    runs: int
    passing: int
    deciding: Entry
    """The run that decides: one that fails, before one that waits, before one that passes."""


def run_key(run: str) -> str:
    """Name a run by its id in at most 64 characters that fit into an address; two runs never share one.

    >>> run_key("abc123"), len(run_key("x" * 999))
    ('abc123', 63)
    """
    clean = run.encode(errors="replace").decode()
    if clean == run and 0 < len(run) <= _LONGEST_RUN and run.isprintable():
        return run
    return f"{clean[:50]}-{hashlib.sha256(run.encode(errors='surrogatepass')).hexdigest()[:12]}"


def policy_slot(source: str, base: str | None) -> str:
    """Name a policy by what was asked for and the branch that it is of: a pass for one branch is none for another.

    >>> policy_slot(".github/gatekeeper.yml", "main")
    '0e5506a1d517'
    """
    text = f"{source}\0{base or ''}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def waiting(runs: Iterable[str], mine: Entry, ledger: Mapping[tuple[str, str], Entry]) -> dict[tuple[str, str], Entry]:
    """Give entries for runs that are known to be of the commit and have none yet, by the policy of `mine`."""
    entries = (replace(mine, run=run, standing=Standing.WAITING, judged_at="") for run in runs)
    return {entry.key: entry for entry in entries if entry.key not in ledger}


def standing_of(decision: Decision) -> Standing:
    """Say how a run stands by its verdict."""
    return _OF_DECISION[decision]


def read_entry(status: Status) -> Entry | None:
    """Read the entry of a status; None: it is none of ours, or holds none."""
    found = _MARK.search(status.target or "")
    if found is None or (found[3] == Standing.PASS and not status.ours):  # a mark of a person may close, never open
        return None
    return Entry(
        run=unquote(found[1]),
        policy=found[2],
        standing=Standing(found[3]),
        # No clock of a runner can say later than GitHub's: it would keep out every later verdict.
        judged_at=min(found[4], status.created_at or found[4]),
        attempt=int(found[5]),
    )


def read_ledger(statuses: Sequence[Status]) -> dict[tuple[str, str], Entry]:
    """Read how each run and policy of a commit stand; `statuses` newest first, as GitHub gives them.

    Of two of the same run the later judged counts, of one that was judged once what was posted last.
    """
    found: dict[tuple[str, str], Entry] = {}
    for status in statuses:
        entry = read_entry(status)
        if entry is not None and (entry.key not in found or entry.age > found[entry.key].age):
            found[entry.key] = entry
    return found


def join(entries: Iterable[Entry]) -> Together:
    """Say what runs are together: *success* only if every one passes. At least one."""
    listed = list(entries)
    order = list(_STATES)
    deciding = min(listed, key=lambda entry: (order.index(entry.standing), entry.key))
    return Together(
        state=_STATES[deciding.standing],
        runs=len({entry.key for entry in listed}),
        passing=sum(entry.standing is Standing.PASS for entry in listed),
        deciding=deciding,
    )


def describe(together: Together, mine: Entry, headline: str) -> str:
    """Say in at most 140 characters how a commit stands; `headline`: the sentence of the run `mine`; empty: unknown."""
    headline = headline or f"{mine.run} {_WORDS[mine.standing]}"
    if together.runs == 1:
        return shorten(headline)
    counted = f"{together.passing} of {together.runs} runs pass"
    if together.deciding.key == mine.key:
        return shorten(f"{counted}: {headline}")
    return shorten(f"{counted}: {together.deciding.run} {_WORDS[together.deciding.standing]}")


def shorten(text: str) -> str:
    """Cut a text to what GitHub takes as a description, counted in UTF-16 as well, and keep it on one line.

    >>> len(shorten("x" * 200)), shorten("a\\nb")
    (140, 'a b')
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if _length(line) <= LONGEST:
        return line
    while _length(line) > LONGEST - 1:
        line = line[:-1]
    return f"{line}…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def superseded(ledger: Mapping[tuple[str, str], Entry], mine: Entry) -> Entry | None:
    """Give the later verdict on the same run, which an older one must not replace; None: there is none."""
    other = ledger.get(mine.key)
    return other if other is not None and other.age > mine.age else None
