"""Builders of series, runs, evidence, policies and checks, for the tests of the judging core.

Defaults are good: a healthy run of 200 steps that finished, and a policy that it passes. A test says what matters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from typing import Any

import numpy as np

from checks.check import Check, Policy, SeriesAsk
from checks.finding import Judged
from checks.place import Where
from checks.policy import PolicyError, parse_policy
from checks.result import CheckKind, CheckResult, Outcome
from checks.rule import Rule, parse_bound
from checks.run import Evidence, Identity, LogTable, Note, NoteKind, Rows, RunData, RunState, Scalar, Series
from checks.statistic import Statistic
from checks.window import parse_window

TODAY = date(2026, 11, 22)
STEPS = 200

PROFILES: Mapping[str, str] = {
    file.name.removesuffix(".yml"): file.read_text(encoding="utf-8")
    for file in (resources.files("checks") / "profiles").iterdir()
    if file.name.endswith(".yml")
}


def noise(n: int = STEPS, seed: int = 1, correlation: float = 0.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return standard normal noise of lag-1 autocorrelation `correlation`, the same for the same seed."""
    shocks = np.random.default_rng(seed).normal(size=n)
    values = shocks.copy()
    for i in range(1, n):
        values[i] = correlation * values[i - 1] + np.sqrt(1 - correlation**2) * shocks[i]
    return values


def series(values: Sequence[float] | Any, name: str = "kl", steps: Sequence[int] | Any | None = None) -> Series:
    """Return a series, by default of one value a step from step 0."""
    numbers = np.asarray(values, np.float64)
    places = np.arange(numbers.size) if steps is None else np.asarray(steps)
    return Series(name=name, steps=places.astype(np.int64), values=numbers)


def rows(steps: Sequence[int] | Any, *sets: Sequence[str]) -> Rows:
    """Return rows at these steps that hold the sets of metrics in turns."""
    places = np.asarray(steps, np.int64)
    kinds = (np.arange(places.size) % max(1, len(sets))).astype(np.int32)
    return Rows(steps=places, kinds=kinds, names=tuple(map(frozenset, sets)) or (frozenset(("kl",)),))


def healthy(n: int = STEPS) -> dict[str, Series]:
    """Return the series of a run that learns: low KL, rising reward, small gradients."""
    return {
        "kl": series(0.03 + 0.005 * noise(n, 1), "kl"),
        "reward": series(np.linspace(0, 1, n) + 0.05 * noise(n, 2), "reward"),
        "grad_norm": series(2 + 0.3 * noise(n, 3), "grad_norm"),
    }


def run(*own: Series, n: int = STEPS, **changes: Any) -> RunData:
    """Return a finished run of `n` steps: the healthy series, or `own` in place of those of the same name."""
    kept = healthy(n) | {one.name: one for one in own}
    good = RunData(
        ref="healthy.wandb",
        source="W&B file",
        identity=Identity(id="a1b2", name="healthy"),
        state=RunState.FINISHED,
        exit_code=0,
        planned_steps=n,
        rows=rows(np.arange(n), sorted(kept)),
        series=kept,
        catalog={name: one.values.size for name, one in kept.items()},
    )
    return dataclasses.replace(good, **changes)


def only(*own: Series, n: int = STEPS, **changes: Any) -> RunData:
    """Return a finished run of `n` steps that logged these series alone."""
    kept = {one.name: one for one in own}
    catalog = {name: one.values.size for name, one in kept.items()}
    return run(n=n, **({"series": kept, "catalog": catalog, "rows": rows(np.arange(n), sorted(kept))} | changes))


def evidence(data: RunData | None = None, **changes: Any) -> Evidence:
    """Return evidence on a healthy run, without logs and baselines."""
    good = Evidence(run=run() if data is None else data, judged_at="2026-11-22T12:00:00Z")
    return dataclasses.replace(good, **changes)


def answer(question: str = "rollout-timing", events: int = 500, **values: Scalar) -> LogTable:
    """Return the answer to a log question, ungrouped, with these columns."""
    return LogTable(question=question, by=None, columns=tuple(values), rows=(tuple(values.values()),), events=events)


def note(kind: NoteKind = NoteKind.LOST, text: str = "run.wandb: 40 records are lost.") -> Note:
    """Return a note."""
    return Note(kind=kind, text=text)


def policy(text: str, **changes: Any) -> Policy:
    """Read a policy with the profiles that ship; `version: 1` need not be said."""
    whole = text if "version:" in text else f"version: 1\n{text}"
    return _parse(whole, changes)


def _parse(text: str, changes: Mapping[str, Any]) -> Policy:
    given: dict[str, Any] = {"source": "policy.yml", "profiles": PROFILES, "today": TODAY} | dict(changes)
    return parse_policy(text, **given)


def asking(check: str, more: str = "") -> Policy:
    """Read a policy with the one check `a`, in flow style without braces: `metric: kl, stat: mean, pass: "< 1"`."""
    return policy(f"version: 1\nchecks:\n  a: {{{check}}}\n{more}")


def faults(text: str, **changes: Any) -> list[str]:
    """Read a policy, word for word, and return its faults as they are shown; none if it can be used."""
    try:
        _parse(text, changes)
    except PolicyError as error:
        return [str(fault) for fault in error.faults]
    return []


def check_faults(check: str, more: str = "") -> list[str]:
    """Return the faults of a policy with the one check `a`, as in `asking`."""
    return faults(f"version: 1\nchecks:\n  a: {{{check}}}\n{more}")


def rule(passes: str | None = None, fails: str | None = None) -> Rule:
    """Return a rule of bounds as the policy writes them."""
    return Rule(
        passes=None if passes is None else parse_bound(passes), fails=None if fails is None else parse_bound(fails)
    )


def check(
    stat: str = "mean", *, metric: str = "kl", window: str = "all", above: float | None = None, **changes: Any
) -> Check:
    """Return a check of a series that passes below 0.1."""
    good = Check(
        id="a",
        title="a title",
        ask=SeriesAsk(metric=metric, statistic=Statistic(name=stat, above=above), window=parse_window(window)),
        rule=rule("< 0.1"),
        min_samples=10,
        where=Where(file="policy.yml", line=3),
    )
    return dataclasses.replace(good, **changes)


def judged(*own: Series, step: Series | None = None) -> Judged:
    """Return the series that integrity looks at."""
    return Judged(series={one.name: one for one in own}, step=step)


def result(outcome: Outcome = Outcome.PASS, **changes: Any) -> CheckResult:
    """Return what a blocking threshold check found."""
    good = CheckResult(id="a", kind=CheckKind.THRESHOLD, title="a title", outcome=outcome, reason="Because.")
    return dataclasses.replace(good, **changes)
