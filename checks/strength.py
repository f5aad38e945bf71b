"""Questions about strength, answered from games, or from rating series where there are no games.

One analysis serves all checks that ask the same of the same agents. No method of rating may enter: that is `elo/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from checks.check import RATINGS, Check, EloAsk, Policy
from checks.document import quote
from checks.elo.agents import AgentKind, EloError, Naming, default_opponent, find_references, missing_agent, tell_agents
from checks.elo.analysis import Analyst
from checks.elo.answer import EloAnswer, EloQuestion
from checks.elo.estimate import Estimate
from checks.elo.exploitation import least_gain
from checks.elo.facts import EloFacts, facts_of
from checks.elo.fit import FitError
from checks.elo.sequential import SequentialOutcome
from checks.elo.series import SeriesLearning, SeriesRule, Signal, judge_series
from checks.elo.words import decision_sentence, elo, gap_sentence, interval, series_sentence, unrated
from checks.league import VALUES
from checks.number import finite
from checks.result import CheckResult, Outcome
from checks.run import Evidence, RunData, Series
from checks.subject import about
from checks.threshold import blank_result, count, missing

EloFound: TypeAlias = EloAnswer | SeriesLearning
_DECIDED = {
    SequentialOutcome.BETTER: Outcome.PASS,
    SequentialOutcome.NOT_BETTER: Outcome.FAIL,
    SequentialOutcome.UNDECIDED: Outcome.INCONCLUSIVE,
}
_SIGNALS = {
    Signal.POSITIVE: Outcome.PASS,
    Signal.NONE: Outcome.FAIL,
    Signal.NEGATIVE: Outcome.FAIL,
    Signal.UNCLEAR: Outcome.INCONCLUSIVE,
}
_FAR = 1e300
"""Stands for the end of an interval that is open: every bound of a policy lies on this side of it."""
NO_GAMES = "There are neither games nor rating series: give --games, or put games.jsonl beside the run."


class Strength:
    """Answers to what a policy asks about strength, each analysis made once."""

    def __init__(self, policy: Policy, evidence: Evidence) -> None:
        self._policy, self._evidence = policy, evidence
        self._analyst = None if evidence.game_record is None else Analyst(evidence.game_record)
        self._found = cache(self._find)

    def check(self, check: Check, ask: EloAsk) -> CheckResult:
        """Answer one check."""
        if self._analyst is None and self._evidence.games is not None:
            reason = (
                f"This evidence was collected without the games in {quote(self._evidence.games)}; judge the run itself."
            )
            return blank_result(check, Outcome.INCONCLUSIVE, reason)
        try:
            found = self._found(_key(ask), decided=self._decides(_key(ask)))
        except (EloError, FitError) as error:
            return blank_result(check, Outcome.ERROR, f"{error}.".replace("?.", "?"))
        if found is None:
            return missing(check, NO_GAMES)
        if isinstance(found, SeriesLearning):
            result = _enough(check, _from_series(check, ask, found), "step")
        else:
            result = _enough(check, _from_games(check, ask, found), "game")
        return about(result, found, self._evidence.checkpoint)

    @property
    def analysis(self) -> EloFound | None:
        """The first analysis that could be made; None without one."""
        for check in self._policy.checks:
            if isinstance(check.ask, EloAsk):
                try:
                    found = self._found(_key(check.ask), decided=True)
                except (EloError, FitError):
                    continue
                if found is not None:
                    return found
        return None

    @property
    def main(self) -> EloFacts | None:
        """What the verdict shows of it; None without one."""
        found = self.analysis
        return None if found is None else facts_of(found)

    def _decides(self, asked: EloAsk) -> bool:
        """Tell whether the decision of an analysis is shown: a check asks for it, or it is the first."""
        asks = [check.ask for check in self._policy.checks if isinstance(check.ask, EloAsk)]
        return asked in (*asks, _key(asks[0]))

    def _find(self, asked: EloAsk, *, decided: bool) -> EloFound | None:
        league, same = self._policy.league, ("candidate", "against", "hypotheses", "confidence")
        naming = Naming(references=league.references, pattern=league.checkpoints)
        if self._analyst is not None:
            question = EloQuestion(naming=naming, allow_disconnected=league.allow_disconnected)
            question = replace(question, **{name: getattr(asked, name) for name in same})
            return self._analyst.analyse(question, decided=decided)
        rule = replace(league.rule, confidence=asked.confidence)
        return judge_ratings(self._evidence.run, naming, rule, asked.against)


def _key(ask: EloAsk) -> EloAsk:
    return replace(ask, value=None)


def judge_ratings(run: RunData, naming: Naming, rule: SeriesRule, against: str | None) -> SeriesLearning | None:
    """Judge the rating series of a run; None where it logged none of a reference or a checkpoint.

    Raises:
        EloError: a reference that is named has no series.
    """
    series = rating_series(run)
    if not series:
        return None
    names = sorted(series)
    agents = tell_agents(names, naming)
    references = list(find_references(names, naming))
    checkpoints = {one.name: one.step for one in agents if one.kind is AgentKind.CHECKPOINT and one.step is not None}
    if not references or not checkpoints:
        return None
    reference = against or default_opponent(dict.fromkeys(references))
    if reference not in series:
        raise EloError(missing_agent("reference", reference, names))
    return judge_series(
        series,
        reference=reference,
        checkpoints=checkpoints,
        bots=[name for name in references if name != reference],
        rule=rule,
    )


def rating_series(run: RunData) -> Mapping[str, Series]:
    """Give the rating series of a run by agent; metrics that trainers log beside them are left out."""
    return {name.removeprefix(RATINGS): one for name, one in sorted(run.series.items()) if is_rating(name)}


def is_rating(metric: str) -> bool:
    """Tell whether a metric is the rating of an agent.

    >>> is_rating("elo/base_model"), is_rating("elo/win_rate"), is_rating("kl")
    (True, False, False)
    """
    return metric.startswith(RATINGS) and metric.removeprefix(RATINGS) not in _NO_AGENTS


_NO_AGENTS = frozenset({"win_rate", "games_played", "best_elo"})


def _enough(check: Check, result: CheckResult, one: str) -> CheckResult:
    """Leave an answer open that rests on less than the policy wants."""
    if result.outcome is Outcome.INCONCLUSIVE or result.n is None or result.n >= check.min_samples:
        return result
    needed = f"{check.min_samples:,} are needed: {check.min_samples - result.n:,} more."
    reason = f"{result.reason} It rests on {count(result.n, one)}; {needed}"
    return replace(result, outcome=Outcome.INCONCLUSIVE, reason=reason, remedy=None)


def _from_games(check: Check, ask: EloAsk, found: EloAnswer) -> CheckResult:
    if ask.value is None:
        return _decided(check, found)
    value = _value_of(ask.value, found)
    if value is None:
        return missing(check, f"The games do not tell: {_WANTING[ask.value]}")
    result = _held(check, _what(ask.value, found), value, _games(ask, found))
    if found.doubts:
        reason = f"{result.reason} {' '.join(found.doubts)}"
        return replace(result, outcome=Outcome.INCONCLUSIVE, reason=reason, remedy=None)
    return result


_FEW = "at least two checkpoints of different steps that can be rated are needed."
_BOTS = "games of at least two checkpoints (or the first reference and one) against a bot are needed."
_WANTING = {
    "gap": "there is no checkpoint among the agents.",
    "reference-decline": "there is no checkpoint among the agents.",
    "exploitation": _BOTS,
    "least-exploitation": _BOTS,
    "older-checkpoints": _FEW,
    "latest": _FEW,
    "slope": _FEW,
}


def _value_of(value: str, found: EloAnswer) -> Estimate | None:
    learning = found.learning
    gains = learning.exploitation
    return {
        "gap": None if found.gap is None else found.gap.estimate,
        "reference-decline": learning.reference_decline,
        "exploitation": None if gains is None else gains.total,
        "least-exploitation": None if gains is None else least_gain(gains),
        "older-checkpoints": learning.older_checkpoints,
        "latest": learning.latest,
        "slope": learning.slope,
    }[value]


def _decided(check: Check, found: EloAnswer) -> CheckResult:
    gap, decision = found.gap, found.decision
    if gap is None or decision is None:
        return missing(check, gap_sentence(found))
    asked = decision.hypotheses
    outcome = Outcome.INCONCLUSIVE if found.doubts else _DECIDED[decision.outcome]
    decided = () if unrated(found) else (decision_sentence(decision),)
    reason = " ".join((gap_sentence(found), *decided, *found.doubts))
    return _filled(
        replace(
            blank_result(check, outcome, reason),
            bound=f"{asked.elo0:g} against {asked.elo1:g} Elo",
        ),
        gap.estimate,
        _candidate_games(found),
    )


def _what(value: str, found: EloAnswer) -> str:
    """Say what a value is, beginning in upper case; a gap by the names of the two."""
    gap = found.gap
    if value != "gap" or gap is None:
        return VALUES[value][0].upper() + VALUES[value][1:]
    chosen = f", chosen as the best of {gap.chosen_from}," if gap.chosen_from > 1 else ""
    return f"{quote(gap.candidate)}{chosen} above {quote(gap.reference)}"


_LOGGED = {
    "gap": "The newer half of the checkpoints above the reference",
    "reference-decline": "The newer half of the checkpoints above the reference",
    "older-checkpoints": "The newer half of the checkpoints above the older half",
    "latest": "The newest checkpoint above all the others together",
    "slope": "The checkpoints' trend, Elo per 100 training steps",
}
"""What values are where ratings were logged in place of games."""


def _held(check: Check, what: str, found: Estimate, n: int) -> CheckResult:
    """Hold an estimate against the check's rule; an open end of its interval lies beyond every bound."""
    if check.rule is None:
        raise ValueError(f"check {check.id}: a rule is needed to judge a value")
    known = [end for end in (found.value, found.low, found.high) if end is not None]
    if not known or (found.low is None and found.high is None):
        reason = f"{what}: too few independent games for an interval; play more."
        return _filled(blank_result(check, Outcome.INCONCLUSIVE, reason), found, n)
    low, high = (-_FAR if found.low is None else found.low), (_FAR if found.high is None else found.high)
    outcome = check.rule.outcome_of_estimate(known[0], low, high)
    unsure = {
        Outcome.WARN: ": not certain enough to block.",
        Outcome.INCONCLUSIVE: ": cannot tell; more games would.",
    }.get(outcome, ".")
    told = interval(found) if found.value is None else f"{elo(found.value)} Elo ({interval(found)})"
    reason = f"{what}: {told}; asked is {check.rule}{unsure}"
    result = blank_result(check, outcome, reason)
    if outcome is Outcome.WARN and result.remedy:
        result = replace(result, remedy=f"Only if more games confirm it: {result.remedy}")
    return _filled(result, found, n)


def _games(ask: EloAsk, found: EloAnswer) -> int:
    """Give the games that a value rests on: those of the candidate, or all that connect the checkpoints."""
    return _candidate_games(found) if ask.value == "gap" else round(found.games)


def _candidate_games(found: EloAnswer) -> int:
    names = () if found.gap is None else (found.gap.candidate,)
    return round(sum(row.games for row in found.ratings if row.agent in names))


def _filled(result: CheckResult, found: Estimate, n: int) -> CheckResult:
    return replace(
        result,
        observed=finite(found.value),
        unit="Elo",
        n=n,
        low=finite(found.low),
        high=finite(found.high),
    )


def _from_series(check: Check, ask: EloAsk, found: SeriesLearning) -> CheckResult:
    if ask.value is None:
        reason = " ".join((series_sentence(found), *found.reasons))
        result = blank_result(check, _SIGNALS[found.signal], reason)
        result = replace(result, bound="learning signal of the logged ratings")
        return result if found.gap is None else _filled(result, found.gap, found.steps)
    values = {
        "gap": found.gap,
        # In a pool that newcomers enter a reference's own rating moves whatever was learnt: the gap is what tells.
        "reference-decline": found.gap,
        "older-checkpoints": found.older_checkpoints,
        "latest": found.latest,
        "slope": found.slope_per_100_steps,
    }
    if ask.value not in values:
        return missing(check, f"The logged ratings do not tell {VALUES[ask.value]}: log games.")
    value = values[ask.value]
    # A newest checkpoint that has surely regressed is told whether or not the others learned.
    sure = ask.value == "latest" and value is not None and value.below_zero
    if found.signal is Signal.UNCLEAR and not sure:
        return blank_result(check, Outcome.INCONCLUSIVE, " ".join(found.reasons))
    if value is None:
        return missing(check, f"The logged ratings do not tell: {_WANTING[ask.value]}")
    return _held(check, _LOGGED[ask.value], value, found.steps)
