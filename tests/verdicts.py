"""Builders of verdicts and the eye of a reader, for the tests of the reports. Defaults are good: say what matters."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from typing import Any

import comrak
from hypothesis import strategies as st

from checks.place import Where
from checks.result import (
    CheckKind,
    CheckResult,
    Decision,
    Diagnosis,
    Milestone,
    Outcome,
    Pace,
    PolicyFacts,
    Progress,
    RunFacts,
    Severity,
    UsedWaiver,
    Verdict,
)
from checks.run import Checkpoint, Note, NoteKind, RunState

EXIT_CODES = {Decision.PASS: 0, Decision.FAIL: 10, Decision.INCONCLUSIVE: 11, Decision.ERROR: 3}
GAP = "\u200b"

HOSTILE = "a|b `c` </details> @team #1 https://x.y <!-- gatekeeper --> {{7*7}} \x1b[2J\u202e\ud800\n# h" + "w" * 10_000


def check(outcome: Outcome = Outcome.PASS, **changes: Any) -> CheckResult:
    good = CheckResult(
        id="kl-p95",
        kind=CheckKind.THRESHOLD,
        title="KL divergence, 95th percentile",
        outcome=outcome,
        observed=0.0312,
        bound="pass < 0.1, fail >= 0.15",
        n=200,
        low=0.029,
        high=0.034,
        reason="The 95th percentile over the last 50 % of steps.",
        where=Where(file="policy.yml", line=12),
    )
    return dataclasses.replace(good, **changes)


def run(**changes: Any) -> RunFacts:
    good = RunFacts(
        ref="runs/healthy.wandb",
        id="a1b2",
        name="healthy",
        url=None,
        state=RunState.FINISHED,
        commit=None,
        started_at=None,
        finished_at=None,
        last_step=400,
        planned_steps=400,
    )
    return dataclasses.replace(good, **changes)


def policy(**changes: Any) -> PolicyFacts:
    good = PolicyFacts(source="profile grpo", sha256="cd" * 32, profiles=("grpo",), trial=False)
    return dataclasses.replace(good, **changes)


def waiver(**changes: Any) -> UsedWaiver:
    good = UsedWaiver(check="kl-p95", scope="healthy", reason="warm-up", expires="2099-12-31", used=True)
    return dataclasses.replace(good, **changes)


def verdict(*checks: CheckResult, decision: Decision = Decision.PASS, **changes: Any) -> Verdict:
    good = Verdict(
        decision=decision,
        headline="healthy is judged",
        exit_code=EXIT_CODES[decision],
        judged_at="2026-11-22T12:00:00Z",
        tool_version="0.1.0",
        run=run(),
        checkpoint=None,
        policy=policy(),
        checks=checks or (check(),),
        waivers=(),
        notes=(),
        not_asked=(),
        evidence_sha256="ef" * 32,
    )
    return dataclasses.replace(good, **changes)


def diagnosis(**changes: Any) -> Diagnosis:
    good = Diagnosis(
        pattern="runaway-divergence",
        title="Runaway divergence",
        evidence="KL passes 0.2 at step 312 (n = 400).",
        cause="Updates are too large.",
        remedy="Lower the learning rate.",
    )
    return dataclasses.replace(good, **changes)


def progress(**changes: Any) -> Progress:
    point = Milestone(
        by=100, expected=60.0, checkpoint="adapter_v10", at=100, elo=35.0, low=12.0, high=58.0, pace=Pace.BEHIND
    )
    return Progress(
        reference=changes.pop("reference", "base_model"),
        points=(dataclasses.replace(point, **changes), Milestone(by=200, expected=120.0, pace=Pace.NOT_MEASURED)),
    )


def failing() -> Verdict:
    """Return a verdict with a check of every outcome."""
    return verdict(
        check(id="data", kind=CheckKind.INTEGRITY, title="data integrity", observed=None, bound=None, where=None),
        check(Outcome.FAIL, id="kl", title="KL divergence", observed=0.4123, low=0.35, high=None, remedy="Raise beta."),
        check(Outcome.FAIL, id="spike", title="KL spike", observed=5.012, step=312, remedy="Raise beta."),
        check(Outcome.INCONCLUSIVE, id="reward", title="reward", observed=None, n=0, remedy="Log it."),
        check(Outcome.ERROR, id="queue", title="queue depth", observed=None, severity=Severity.WARN),
        check(Outcome.WARN, id="grad", title="gradient norm", observed=48.0, unit="s"),
        check(Outcome.NOT_MEASURED, id="cut", title="truncated completions", observed=None, reason="Not logged."),
        decision=Decision.FAIL,
        waivers=(
            waiver(check="queue", approved_by=("alice", "bob"), pull_request=12),
            waiver(check="grad", used=False, reason="not needed"),
        ),
        diagnosis=(diagnosis(),),
        progress=progress(),
        notes=(Note(kind=NoteKind.LOST, text="40 rows are lost"),),
        not_asked=("This run has Elo series.",),
        checkpoint=Checkpoint(name="adapter_v40", step=400, digest="sha256:" + "ab" * 32),
    )


def hostile(text: str = HOSTILE) -> Verdict:
    """Return a verdict that holds the text wherever data can bring one."""
    texts = dict.fromkeys(("id", "title", "reason", "remedy", "bound", "unit"), text)
    checks = [check(outcome, where=Where(file=text, line=1), **texts) for outcome in Outcome]
    return verdict(
        *checks,
        decision=Decision.FAIL,
        headline=text,
        run=run(ref=text, id=text, name=text, url=text, commit=text, started_at=text, finished_at=text),
        checkpoint=Checkpoint(name=text, step=1, artifact=text, digest=text),
        policy=policy(source=text, profiles=(text,)),
        waivers=(
            waiver(check=text, scope=text, reason=text, expires=text, approved_by=(text, text), pull_request=1),
            waiver(check=text, scope=text, reason=text, expires=text, used=False),
        ),
        diagnosis=(Diagnosis(**dict.fromkeys(("pattern", "title", "evidence", "cause", "remedy"), text)),),
        progress=progress(reference=text, checkpoint=text),
        notes=(Note(kind=NoteKind.ODD, text=text),),
        not_asked=(text,),
    )


def verdicts() -> st.SearchStrategy[Verdict]:
    """Return verdicts of all kinds, with any text and any finite number."""
    text = st.text(alphabet=st.characters(), max_size=20)
    number = st.none() | st.floats(allow_nan=False, allow_infinity=False).map(lambda value: float(f"{value:.9g}"))
    number = number.filter(lambda value: value is None or abs(value) < 1e300).map(lambda v: 0.0 if v == 0 else v)
    whole = st.none() | st.integers(0, 2**40)
    checks = st.builds(
        CheckResult,
        id=text,
        kind=st.sampled_from(CheckKind),
        title=text,
        outcome=st.sampled_from(Outcome),
        severity=st.sampled_from(Severity),
        observed=number,
        bound=st.none() | text,
        unit=st.none() | text,
        step=whole,
        n=whole,
        low=number,
        high=number,
        reason=text,
        remedy=st.none() | text,
        where=st.none() | st.builds(Where, file=text, line=st.integers(1, 10**6)),
    )
    return st.builds(
        verdict,
        st.just(check()),
        decision=st.sampled_from(Decision),
        headline=text,
        checks=st.lists(checks, max_size=4).map(tuple),
        run=st.builds(run, name=text, url=st.none() | text, state=st.sampled_from(RunState), last_step=whole),
        policy=st.builds(policy, source=text, trial=st.booleans(), profiles=st.lists(text, max_size=2).map(tuple)),
        diagnosis=st.lists(
            st.builds(Diagnosis, pattern=text, title=text, evidence=text, cause=text, remedy=text), max_size=2
        ).map(tuple),
        progress=st.none() | st.builds(progress, reference=text, checkpoint=st.none() | text, elo=number, at=whole),
        notes=st.lists(st.builds(Note, kind=st.sampled_from(NoteKind), text=text), max_size=2).map(tuple),
        waivers=st.lists(
            st.builds(
                waiver,
                check=text,
                scope=text,
                reason=text,
                used=st.booleans(),
                approved_by=st.lists(text, max_size=2).map(tuple),
                pull_request=st.none() | st.integers(1, 10**6),
            ),
            max_size=2,
        ).map(tuple),
        not_asked=st.lists(text, max_size=2).map(tuple),
    )


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(f"{tag} {sorted(attrs)}")
        self.runs.append("\n" if tag not in {"strong", "code", "a"} else "")

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(f"/{tag}")
        self.runs.append("\n" if tag not in {"strong", "code", "a"} else "")

    def handle_comment(self, data: str) -> None:
        self.elements.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.elements.append(f"<!{decl}")

    def handle_data(self, data: str) -> None:
        self.runs.append(data)


def tidy(text: str) -> str:
    """Return the text with one newline between its parts and none around it."""
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def look(source: str) -> tuple[list[str], str]:
    """Render as GitHub does; return the elements, and the text a person reads."""
    extensions, options = comrak.ExtensionOptions(), comrak.RenderOptions()
    for name in ("alerts", "autolink", "footnotes", "math_dollars", "shortcodes", "strikethrough", "table", "tasklist"):
        setattr(extensions, name, True)
    options.unsafe_ = True  # else raw HTML would be hidden instead of found
    page = _Page()
    page.feed(comrak.render_markdown(source, extension_options=extensions, render_options=options))
    page.close()
    return page.elements, tidy("".join(page.runs))
