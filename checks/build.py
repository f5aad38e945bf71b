"""A validated policy document → the nouns of `check.py`; what a shape cannot say is checked here.

YAML and pydantic may not enter: the document comes as plain values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, TypeVar

from checks.check import Ask, BaselineAsk, Check, EloAsk, LogAsk, Policy, PromotionPlan, QueryAsk, SeriesAsk, Tolerance
from checks.document import Fault, Path, did_you_mean, quote
from checks.layers import KINDS, RULE, PolicyLayers
from checks.league import elo_ask, read_plan, title_of
from checks.placeholder import PLACEHOLDERS, quoted, unknown
from checks.questions.catalog import DEFAULT_FIELDS, QUESTIONS
from checks.questions.reader import Fields, parse_name
from checks.result import Severity
from checks.rule import Rule, parse_bound
from checks.statistic import NAMES, Statistic, is_statistic
from checks.waiver import read_waivers
from checks.window import Window, parse_window

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
# Which keys go with which kind of check; the others go with all.
_SERIES_ONLY = ("stat", "window", "above", "baseline")
_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, kw_only=True)
class PlacedFault:
    """A fault and the key path it was found at."""

    path: Path
    fault: Fault


@dataclass
class Builder:
    """Builds a policy from its validated values and collects what is wrong with them."""

    layers: PolicyLayers
    values: Mapping[str, Any]
    """The document as validated: keys as in YAML, absent ones absent."""
    today: date
    faults: list[PlacedFault] = field(default_factory=list)

    def build(self, *, text: str, source: str, sha256: str) -> Policy:
        """Build the policy; it may be used only if no faults were found."""
        checks = [self.check(name, ask) for name, ask in self.values.get("checks", {}).items()]
        if not checks and not self.layers.faults:
            self.fault(
                (), "expected at least one check, got none: a policy that asks nothing cannot judge; add a check"
            )
        roles = self.values.get("roles", {})
        for role, names in roles.items():
            if not names:
                self.fault(("roles", role), "expected at least one metric name, got none; name one")
        return Policy(
            text=text,
            source=source,
            sha256=sha256,
            profiles=self.layers.profiles,
            trial=self.values.get("trial", False),
            roles={role: tuple(names) for role, names in roles.items()},
            fields=self.fields(),
            planned_steps=self.values.get("integrity", {}).get("planned-steps"),
            league=read_plan(self.values, self.fault),
            checks=tuple(check for check in checks if check is not None),
            promotion=self.promotion(),
            waivers=read_waivers(self.layers.document, self.values, self.today, self.fault),
        )

    def fault(self, path: Path, problem: str) -> None:
        """Note something wrong at a key path."""
        self.faults.append(PlacedFault(path=path, fault=self.layers.document.fault(path, problem)))

    def parse(self, path: Path, text: str, parser: Callable[[str], _Parsed]) -> _Parsed | None:
        """Read a text in a small grammar of its own, whose errors say what was expected and what was got."""
        try:
            return parser(text)
        except ValueError as error:
            self.fault(path, str(error))
            return None

    def check(self, name: str, ask: Mapping[str, Any]) -> Check | None:
        """Build one check; None if what it asks cannot be told."""
        path: Path = ("checks", name)
        if not _ID.fullmatch(name):
            self.fault(path, "expected a name of letters, digits, `.`, `_`, `-` (at most 80), got another; rename it")
        what = self.ask(path, ask)
        baseline = self.baseline(path, ask)
        decided = isinstance(what, EloAsk) and what.value is None
        rule = None if decided else self.rule(path, ask, compared=baseline is not None)
        if what is None:
            return None
        least = what.statistic.least_samples if isinstance(what, SeriesAsk) else 10
        return Check(
            id=name,
            title=ask.get("title") or _title(what, name),
            ask=what,
            rule=rule,
            baseline=baseline,
            if_present=ask.get("if-present", False),
            severity=Severity(ask.get("severity", "block")),
            min_samples=ask.get("min-samples", least),
            remedy=ask.get("remedy"),
            when_missing=ask.get("when-missing"),
            where=self.layers.document.place(path),
        )

    def ask(self, path: Path, ask: Mapping[str, Any]) -> Ask | None:
        """Read what is asked: exactly one of metric, logs, axiom, elo."""
        kinds = [kind for kind in KINDS if kind in ask]
        if len(kinds) != 1:
            got = " and ".join(f"`{kind}`" for kind in kinds) or "none of them"
            self.fault(path, f"expected exactly one of `metric`, `logs`, `axiom`, `elo`, got {got}; keep one")
            return None
        foreign = [key for key in _SERIES_ONLY if key in ask and kinds != ["metric"]]
        foreign += [key for key in ("value",) if key in ask and kinds not in (["logs"], ["elo"])]
        for key in foreign:
            self.fault((*path, key), f"expected no `{key}` beside `{kinds[0]}`; remove it")
        if kinds == ["axiom"]:
            return self.query_ask((*path, "axiom"), ask["axiom"])
        if kinds == ["elo"]:
            return elo_ask(path, ask, self.fault)
        return self.log_ask(path, ask) if kinds == ["logs"] else self.series_ask(path, ask)

    def query_ask(self, path: Path, apl: str) -> QueryAsk:
        """Read a query of one's own: only its placeholders can be told here."""
        for name in unknown(apl):
            near = did_you_mean(name, PLACEHOLDERS)
            self.fault(path, f"expected placeholders {{run.name}} or {{run.id}}, got `{{{quote(name)}}}`; {near}")
        for name in quoted(apl):
            self.fault(
                path, f"expected {{{quote(name)}}} alone, got it in or behind quotes: it brings its own; remove them"
            )
        return QueryAsk(apl=apl)

    def series_ask(self, path: Path, ask: Mapping[str, Any]) -> SeriesAsk:
        """Read statistic and window of a metric."""
        name, above = ask.get("stat", "mean" if "baseline" in ask else None), ask.get("above")
        if name is None:
            self.fault(path, "expected `stat`, got none; say which, as `stat: mean`")
        elif not is_statistic(name):
            self.fault((*path, "stat"), f"expected a statistic, got `{quote(name)}`; {did_you_mean(name, NAMES)}")
        elif name.endswith("-above") != (above is not None):
            problem = f"expected `above` with {name}, got none; add above: 0.2"
            self.fault(path, problem if above is None else f"expected no `above` with {name}; remove it")
        window = self.parse((*path, "window"), ask.get("window", "all"), parse_window)
        return SeriesAsk(
            metric=ask["metric"], statistic=Statistic(name=name or "last", above=above), window=window or Window()
        )

    def log_ask(self, path: Path, ask: Mapping[str, Any]) -> LogAsk | None:
        """Read a log question and the value of it that is bounded."""
        question, value = ask["logs"], ask.get("value")
        if question not in QUESTIONS:
            problem = f"expected a log question, got `{quote(question)}`; {did_you_mean(question, QUESTIONS)}"
            self.fault((*path, "logs"), problem)
            return None
        known = QUESTIONS[question].numbers
        if value is None or value not in known:
            got = "none" if value is None else f"`{quote(value)}`"
            place = path if value is None else (*path, "value")
            self.fault(place, f"expected a `value` of {question}, got {got}; {did_you_mean(value or '', known)}")
            return None
        return LogAsk(question=question, value=value)

    def rule(self, path: Path, ask: Mapping[str, Any], *, compared: bool) -> Rule | None:
        """Read the bounds; a comparison with a baseline has its own."""
        bounds = {key: self.parse((*path, key), ask[key], parse_bound) for key in RULE if key in ask}
        if compared:
            for key in bounds:
                self.fault((*path, key), f"expected no `{key}` beside `baseline`; its max-drop or max-rise is the rule")
            return None
        rule = Rule(passes=bounds.get("pass"), fails=bounds.get("fail"))
        problem = rule.fault()
        if problem is not None and None not in bounds.values():
            self.fault(path, problem)
        return rule

    def baseline(self, path: Path, ask: Mapping[str, Any]) -> BaselineAsk | None:
        """Read the comparison with an earlier run."""
        asked = ask.get("baseline")
        if asked is None:
            return None
        here = (*path, "baseline")
        stat = str(ask.get("stat", "mean"))
        if is_statistic(stat) and stat != "mean" and Statistic(name=stat).quantile is None:
            problem = f"expected mean, median or a quantile to compare with a baseline, got `{stat}`; take one of them"
            self.fault((*path, "stat"), problem)
        limits = {key: self.tolerance((*here, key), asked[key]) for key in ("max-drop", "max-rise") if key in asked}
        if not limits:
            self.fault(here, "expected `max-drop` or `max-rise`, got neither; say what change is tolerated")
        return BaselineAsk(run=asked["run"], max_drop=limits.get("max-drop"), max_rise=limits.get("max-rise"))

    def promotion(self) -> PromotionPlan:
        """Read where checkpoints are promoted."""
        asked = self.values.get("promotion", {})
        return PromotionPlan(alias=asked.get("alias", "production"), registry=asked.get("registry"))

    def tolerance(self, path: Path, value: float | str) -> Tolerance | None:
        """Read `0.5` (in the metric's unit) or `5%` (of |baseline|)."""
        if isinstance(value, str):
            found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value.strip())
            if found and float(found[1]) <= 100:
                return Tolerance(amount=float(found[1]) / 100, relative=True)
        elif value >= 0:
            return Tolerance(amount=value, relative=False)
        self.fault(path, f"expected a number of at least 0 or a share as 5%, got `{quote(value)}`; change it")
        return None

    def fields(self) -> Fields:
        """Read the names of log fields, laid over the built-in ones."""
        read = dict(DEFAULT_FIELDS)
        for name, texts in self.values.get("fields", {}).items():
            if name not in DEFAULT_FIELDS:
                problem = f"expected a log field, got `{quote(name)}`; {did_you_mean(name, DEFAULT_FIELDS)}"
                self.fault(("fields", name), problem)
            for i, text in enumerate(texts):
                self.parse(("fields", name, i), text, partial(parse_name, name))
            read[name] = tuple(texts)
        return read


def _title(ask: Ask, name: str) -> str:
    if isinstance(ask, SeriesAsk):
        return f"{ask.metric}: {ask.statistic}, {ask.window}"
    if isinstance(ask, EloAsk):
        return title_of(ask)
    return f"{ask.question}: {ask.value}" if isinstance(ask, LogAsk) else f"query {name}"
