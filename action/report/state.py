"""The hidden state of the comment of a pull request: whose verdicts it shows, and how new they are.

The first line of the body is our marker; the lines below it, one a run, are HTML comments that hold base64url, which
can neither close a comment nor mean anything to GitHub. Nothing further down is ever read, so data cannot pretend to
be a state. What a person sees of the comment may not enter.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from action.escape import address, one_line
from checks.result import Decision, RunFacts, Verdict

MOST_SECTIONS = 100
"""Runs that one state tells of."""
MOST_CHARACTERS = 60_000
"""Of all lines of a state together."""
HEADLINE = 200
NAME = 120
_SHORTER = (HEADLINE, 80, 0)
"""What stays of headlines where not all runs fit."""

_READ = MOST_CHARACTERS + 1_000
"""How far into a body a state can reach: its lines and the marker."""
_MARKER = re.compile(r"<!-- experiment-gatekeeper: ([0-9a-f]{12}) -->", re.ASCII)
_OPENING = "<!-- run: "
_LINE = re.compile(r"<!-- run: ([0-9A-Za-z_=-]{1,6000}) -->", re.ASCII)
_RUN = re.compile(r"[0-9A-Za-z._:/+-]{1,128}", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class SectionState:
    """What the comment remembers of the newest verdict over one run."""

    run: str
    """See `run_key`."""
    name: str
    """Of the run; one line of at most 120 characters. May hold hostile text, as may the headline."""
    attempt: int
    """Of the workflow run that judged it, from 1."""
    sha: str | None
    """The commit the run is bound to; None: it is bound to none."""
    judged_at: str
    """RFC 3339 in UTC, whole seconds."""
    decision: Decision
    digest: str
    """SHA-256 of `verdict.json`, hexadecimal."""
    headline: str
    """One line of at most 200 characters."""
    url: str | None
    """Of the check run; None: there is none, or it is no plain HTTPS address."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What the comment remembers: one section a run."""

    key: str
    """Of the policy."""
    sections: tuple[SectionState, ...] = ()

    def of(self, run: str) -> SectionState | None:
        """Return the section of a run, by its `run_key`."""
        return next((section for section in self.sections if section.run == run), None)


def policy_key(source: str) -> str:
    """Return the short digest that stands for a policy in the marker: a source may be hostile text, a digest is none.

    >>> policy_key(".github/gatekeeper.yml")
    '5f30657cc4b9'
    """
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def marker(key: str) -> str:
    """Return the first line of every comment of ours about a policy.

    >>> marker(policy_key("profile grpo"))
    '<!-- experiment-gatekeeper: 4885454eab12 -->'
    """
    return f"<!-- experiment-gatekeeper: {key} -->"


def run_key(run: RunFacts) -> str:
    """Return what one run is told from another by: its id, else its name; as a digest where that is no plain word."""
    return section_key(run.id or run.name)


def section_key(told: str) -> str:
    """Return what stands for a run in the state: itself, as a digest where it is no plain word."""
    if _RUN.fullmatch(told):
        return told
    return f"sha256:{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()}"


def state_of(verdict: Verdict, *, digest: str, sha: str | None, attempt: int, url: str | None) -> SectionState:
    """Return what a comment will remember of a verdict.

    Args:
        verdict: what was judged.
        digest: SHA-256 of the text of its `verdict.json`.
        sha: the commit it is bound to.
        attempt: of the workflow run.
        url: of the check run that explains it.
    """
    return SectionState(
        run=run_key(verdict.run),
        name=one_line(verdict.run.name, limit=NAME),
        attempt=attempt,
        sha=sha if sha is not None and _SHA.fullmatch(sha) else None,
        judged_at=verdict.judged_at,
        decision=verdict.decision,
        digest=digest,
        headline=one_line(verdict.headline, limit=HEADLINE),
        url=address(url),
    )


def write_state(state: State, *, most: int = MOST_CHARACTERS) -> str:
    """Return the marker and the hidden lines, at most `most` characters where the marker and one run fit into that.

    Headlines are shortened first; then runs are left out from the end.
    """
    kept = state.sections[:MOST_SECTIONS]
    for longest in _SHORTER:
        text = _written(state.key, kept, longest)
        if len(text) <= most:
            return text
    while len(kept) > 1 and len(text) > most:
        kept = kept[:-1]
        text = _written(state.key, kept, _SHORTER[-1])
    return text


def _written(key: str, sections: Sequence[SectionState], headline: int) -> str:
    return "\n".join([marker(key), *(_line(section, headline) for section in sections)]) + "\n"


def _line(section: SectionState, headline: int) -> str:
    cut = section.headline if headline >= HEADLINE else one_line(section.headline, limit=headline) if headline else ""
    fields = {
        "run": section.run,
        "name": section.name,
        "attempt": section.attempt,
        "sha": section.sha,
        "judged_at": section.judged_at,
        "decision": section.decision.value,
        "digest": section.digest,
        "headline": cut,
        "url": section.url,
    }
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return f"<!-- run: {base64.urlsafe_b64encode(text.encode('utf-8', 'backslashreplace')).decode('ascii')} -->"


def read_state(body: str) -> State | None:
    """Read the state out of the body of a comment; None: its first line is no marker of ours.

    A line that is damaged is a run that is not known: it is skipped, and never stops the reading of the others. Of a
    run that comes twice the first line counts.
    """
    first, *rest = body[:_READ].split("\n")
    found = _MARKER.fullmatch(first.rstrip("\r"))
    if found is None:
        return None
    sections: dict[str, SectionState] = {}
    for line in rest[:MOST_SECTIONS]:
        if not line.startswith(_OPENING):
            break
        section = _read_line(line.rstrip("\r"))
        if section is not None:
            sections.setdefault(section.run, section)
    return State(key=found[1], sections=tuple(sections.values()))


def _read_line(line: str) -> SectionState | None:
    held = _LINE.fullmatch(line)
    if held is None:
        return None
    try:
        fields = json.loads(base64.b64decode(held[1], altchars=b"-_", validate=True).decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not all(fits(fields.get(name)) for name, fits in _FIELDS.items()):
        return None
    known = {name: fields[name] for name in _FIELDS}
    return SectionState(**{**known, "decision": Decision(known["decision"])})


def _like(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _short(limit: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


_FIELDS: Mapping[str, Callable[[object], bool]] = {
    "run": _like(_RUN),
    "name": _short(NAME),
    "attempt": lambda value: type(value) is int and 1 <= value < 10**9,
    "sha": lambda value: value is None or _like(_SHA)(value),
    "judged_at": _like(_TIME),
    "decision": lambda value: isinstance(value, str) and value in set(Decision),
    "digest": _like(_DIGEST),
    "headline": _short(HEADLINE),
    "url": lambda value: value is None or (isinstance(value, str) and address(value) == value),
}
"""What a field of a line must look like."""
