"""The nouns that checks hand to reports: outcomes, results and the verdict.

No rule about how they come about may enter; that is `verdict.py` and the checks themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from checks.document import quote
from checks.elo.facts import EloFacts
from checks.place import Where
from checks.run import Checkpoint, Note, Origin, RunState


class Outcome(StrEnum):
    """What one check found."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NOT_MEASURED = "not-measured"


class Severity(StrEnum):
    """Whether a check can close the gate."""

    BLOCK = "block"
    WARN = "warn"


class CheckKind(StrEnum):
    """Which part of the core made a result."""

    INTEGRITY = "integrity"
    THRESHOLD = "threshold"
    BASELINE = "baseline"
    LOGS = "logs"
    ELO = "elo"


class Decision(StrEnum):
    """The four verdicts. Only `pass` opens the gate."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What one check found, with all that a person needs to believe it."""

    id: str
    kind: CheckKind
    title: str
    outcome: Outcome
    severity: Severity = Severity.BLOCK
    observed: float | None = None
    """The value the rule was applied to, rounded to 9 significant digits; None if there is none or it is not finite."""
    bound: str | None = None
    """The rule in words: `< 0.1`, `pass < 0.1, fail >= 0.15`."""
    unit: str | None = None
    """`s`, `per 100 steps`, `share`, …; None for a bare number."""
    step: int | None = None
    """The step at which the observed value stands, where it stands at one."""
    n: int | None = None
    """How many values the observed one rests on."""
    low: float | None = None
    """Lower end of the interval; None: open or there is none."""
    high: float | None = None
    reason: str
    """One or two sentences: what was found and why that is the outcome. May hold hostile text."""
    remedy: str | None = None
    """What to do; None where nothing needs doing."""
    where: Where | None = None
    """None for integrity checks, which no policy writes down."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A pattern that the evidence shows: the tool's reading, which never takes part in a decision."""

    pattern: str
    title: str
    evidence: str
    """What shows it, with values, steps and n. May hold hostile text."""
    cause: str
    remedy: str


class Pace(StrEnum):
    """How measured progress stands to what was expected."""

    AHEAD = "ahead"
    """The whole interval lies above."""
    BEHIND = "behind"
    """The whole interval lies below."""
    UNCLEAR = "unclear"
    DOUBTED = "doubted"
    """The games raise doubts, so that their ratings must not be believed."""
    NOT_MEASURED = "not-measured"
    """No rated checkpoint of these steps."""


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """One point of the expected curve, and the checkpoint that is held against it. None: there is none."""

    by: int
    """The step that the policy names."""
    expected: float
    """Elo gained at the checkpoint's step; without one by the step that the policy names."""
    checkpoint: str | None = None
    at: int | None = None
    """Its step."""
    elo: float | None = None
    """Its rating above the reference."""
    low: float | None = None
    high: float | None = None
    pace: Pace


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Measured progress beside the expected curve: shown, never part of a decision."""

    reference: str
    """The agent above which Elo counts."""
    points: tuple[Milestone, ...]


@dataclass(frozen=True, kw_only=True)
class UsedWaiver:
    """A waiver of the policy, and whether this verdict needed it. May hold hostile text."""

    check: str
    scope: str
    """The run it is for, by name or id, or `commit` and the commit whose runs it is for."""
    reason: str
    expires: str
    """ISO date; the waiver holds to the end of that day in UTC."""
    used: bool
    approved_by: tuple[str, ...] = ()
    """Logins, sorted; empty: nobody is known to have approved it."""
    pull_request: int | None = None
    """That brought it into the policy; None: none is known."""

    @property
    def approval(self) -> str:
        """Say who approved it."""
        if self.pull_request is None:
            return "who approved it is not known"
        if not self.approved_by:
            return f"nobody approved it in #{self.pull_request}"
        return f"approved by {', '.join(self.approved_by)} in #{self.pull_request}"

    @property
    def told(self) -> str:
        """Say what it does, behind the name of its check; the reason comes last, so that a long one hides nothing."""
        until = f"does not block {quote(self.scope)} until the end of {quote(self.expires)}"
        return f"{until} ({self.approval}): {self.reason}"


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The run as the verdict names it."""

    ref: str
    id: str | None
    name: str
    url: str | None
    state: RunState
    commit: str | None
    started_at: str | None
    finished_at: str | None
    last_step: int | None
    planned_steps: int | None


@dataclass(frozen=True, kw_only=True)
class PolicyFacts:
    """The policy as the verdict names it."""

    source: str
    """The file as the user named it, or `profile grpo`, `profiles grpo, pipeline`."""
    sha256: str
    """Of the policy's text in UTF-8."""
    profiles: tuple[str, ...]
    trial: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement over one run, ready to be shown."""

    decision: Decision
    headline: str
    """One sentence. May hold hostile text (the run's name)."""
    exit_code: int
    judged_at: str
    """RFC 3339 in UTC, whole seconds; kept in the evidence and reused when it is judged again."""
    tool_version: str
    run: RunFacts
    checkpoint: Checkpoint | None
    origin: Origin | None = None
    """None: it was judged outside GitHub."""
    policy: PolicyFacts
    checks: tuple[CheckResult, ...]
    elo: EloFacts | None = None
    """The analysis behind the checks of kind `elo`; None without one."""
    diagnosis: tuple[Diagnosis, ...] = ()
    """What the run shows, the main pattern first; the tool's reading."""
    progress: Progress | None = None
    """None: the policy expects no curve, or there are no games to rate by."""
    waivers: tuple[UsedWaiver, ...]
    notes: tuple[Note, ...]
    not_asked: tuple[str, ...]
    """Evidence that is there but no check uses, one sentence each."""
    evidence_sha256: str

    @property
    def waived(self) -> frozenset[str]:
        """The ids of the checks whose waiver it needed."""
        return frozenset(waiver.check for waiver in self.waivers if waiver.used)
