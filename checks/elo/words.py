"""What an Elo analysis means, in plain sentences. No number is made here, and no layout may enter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checks.document import quote
from checks.elo.agents import AgentKind
from checks.elo.answer import EloAnswer, Gap
from checks.elo.estimate import Estimate
from checks.elo.learning import SeriesLearning, Signal
from checks.elo.sequential import Decision, SequentialOutcome
from checks.number import show_number


def interval(found: Estimate) -> str:
    """Write an interval with its confidence, as far as it is closed.

    >>> from checks.elo.estimate import Certainty, estimate
    >>> interval(estimate(30.0, Certainty(se=10.0, df=40.0, clusters=41, confidence=0.95)))
    '95 % interval 9.8 to 50'
    """
    level = f"{show_number(found.confidence * 100)} % interval"
    if found.low is None and found.high is None:
        return "no interval: too few independent games"
    if found.low is None:
        return f"at most {elo(found.high)}, {level} open below"
    if found.high is None:
        return f"at least {elo(found.low)}, {level} open above"
    return f"{level} {elo(found.low)} to {elo(found.high)}"


def elo(value: float | None) -> str:
    """Write Elo for people: whole numbers, one decimal below 10.

    >>> elo(203.53), elo(-3.21), elo(None), elo(-0.01)
    ('204', '-3.2', '–', '0')
    """
    if value is None:
        return "–"
    digits = 1 if abs(value) < 9.95 else 0
    text = f"{value:.{digits}f}"
    return "0" if float(text) == 0 else text


def many(number: float, one: str) -> str:
    """Write a number of things.

    >>> many(1.0, "game"), many(1200.0, "cluster")
    ('1 game', '1,200 clusters')
    """
    return f"{number:,.0f} {one}{'' if round(number) == 1 else 's'}"


def gap_sentence(answer: EloAnswer) -> str:
    """Say how far the candidate stands from the reference, how sure that is, and what it rests on.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> gap_sentence(found)
    'adapter_v20 stands 138 Elo above base_model (95 % interval 56 to 219; 120 games).'
    """
    gap = answer.gap
    if gap is None:
        return "There is no checkpoint to ask about, so no gap was estimated."
    found = gap.estimate
    row = next(row for row in answer.ratings if row.agent == gap.candidate)
    rests = many(row.games, "game")
    if answer.cluster != "game":
        rests += f" in {many(row.clusters, answer.cluster)}"
    names = f"{quote(gap.candidate)}{_chosen(gap)}", quote(gap.reference)
    if unrated(answer):
        return (
            f"{names[0]} cannot be compared with {names[1]}: no games connect them, not even through others ({rests})."
        )
    if found.value is None:
        return f"{names[0]} against {names[1]} is bounded on one side at most: {interval(found)} ({rests})."
    side = "above" if found.value >= 0 else "below"
    return f"{names[0]} stands {elo(abs(found.value))} Elo {side} {names[1]} ({interval(found)}; {rests})."


def unrated(answer: EloAnswer) -> bool:
    """Tell whether no path of games leads from the candidate to the references.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> unrated(analyse(example_record(), EloQuestion(naming=Naming(references={}))))
    False
    """
    names = () if answer.gap is None else (answer.gap.candidate, answer.gap.reference)
    return any("unrated" in row.flags for row in answer.ratings if row.agent in names)


def _chosen(gap: Gap) -> str:
    return f", chosen as the best of {gap.chosen_from}," if gap.chosen_from > 1 else ""


def decision_sentence(decision: Decision) -> str:
    """Say what the sequential test decided, or how many games it still needs.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> decision_sentence(found.decision)[-69:]
    'about 85 more games would decide it, were the gap what it looks like.'
    """
    asked = decision.hypotheses
    test = (
        f"The sequential test of a gap of {show_number(asked.elo0)} against {show_number(asked.elo1)} Elo "
        f"(error rates {asked.alpha:g} and {asked.beta:g})"
    )
    after = f"after {many(decision.games, 'game')}"
    if decision.outcome is SequentialOutcome.BETTER:
        return f"{test} ended {after}: better."
    if decision.outcome is SequentialOutcome.NOT_BETTER:
        return f"{test} ended {after}: not better."
    if decision.exhausted:
        return f"{test} was given up {after}: the gap lies between the two, where it cannot decide."
    if decision.games_needed is None and decision.looks:
        return f"{test} is undecided {after}: the error of the measured ratings is left, and no game lessens it."
    if decision.games_needed is None:
        played = many(decision.games, "game")
        return f"{test} has not begun: the candidate has {played}, and at least 10 clusters of like weight are needed."
    need = f"about {many(rounded(decision.games_needed), 'more game')} would decide it, were the gap what it looks like"
    return f"{test} is undecided {after}: {need}."


def rounded(games: float) -> float:
    """Round a number of games that is an estimate up to two digits.

    >>> rounded(333.6), rounded(7.2), rounded(12345.0)
    (340.0, 8.0, 13000.0)
    """
    size = 10.0 ** max(len(str(int(games))) - 2, 0)
    return -(-games // size) * size


def paragraph(answer: EloAnswer) -> tuple[str, ...]:
    """Say what games mean, as the sentences of one paragraph.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> paragraph(found)[0]
    'adapter_v20 stands 138 Elo above base_model (95 % interval 56 to 219; 120 games).'
    """
    return tuple(_sentences(answer))


def _sentences(answer: EloAnswer) -> Iterator[str]:
    yield gap_sentence(answer)
    p = None if answer.gap is None or answer.gap.chosen_from > 1 else answer.gap.estimate.p_superior
    if p is not None:
        yield f"Taken as the only look at these games, the probability that it is stronger is {_sure(p)}."
    if answer.decision is not None and not unrated(answer):
        yield decision_sentence(answer.decision)
    if answer.doubts:
        yield "Do not believe it yet."
        yield from answer.doubts
    yield from _learning_sentences(answer)
    yield from answer.remarks


def _beside(value: float | None) -> str:
    """Write how far something stands from something else."""
    return f"{elo(abs(value or 0.0))} Elo {'above' if (value or 0.0) >= 0 else 'below'}"


def _sure(p: float) -> str:
    if p > 0.999:
        return "above 99.9 %"
    return "below 0.1 %" if p < 0.001 else f"{p * 100:.1f} %"


_SIGNALS = {
    Signal.POSITIVE: "Training made checkpoints stronger",
    Signal.NONE: "Training changed next to nothing",
    Signal.NEGATIVE: "Checkpoints got weaker",
    Signal.UNCLEAR: "Whether training made checkpoints stronger cannot be told",
}


def _learning_sentences(answer: EloAnswer) -> Iterator[str]:
    learning = answer.learning
    lost = learning.latest is not None and learning.latest.below_zero
    if learning.slope is not None and learning.reference_decline is not None:
        slope, end = learning.slope, learning.reference_decline
        # After a sure regression the end that counts is the newest checkpoint's own, which the gap has told.
        ends = "" if lost else f"ends {_beside(end.value)} the reference ({interval(end)}) and "
        yield f"{_SIGNALS[learning.signal]}: their trend {ends}is {_rise(slope, answer)}."
    latest = learning.latest
    if latest is not None and latest.below_zero:
        far = "" if latest.value is None else f"it stands {elo(-latest.value)} Elo below the best older one, "
        yield f"The newest checkpoint has regressed: {far}{interval(latest)}, corrected for choosing that one."
    if learning.exploitation is not None:
        total = learning.exploitation.total
        bots = learning.exploitation.bots
        kind = "bots" if all(name.lower().endswith("_bot") for name, _ in bots) else "fixed agents"
        whom = quote(bots[0][0]) if len(bots) == 1 else f"the {len(bots)} {kind} together"
        yield f"Against {whom} training gained {elo(total.value)} Elo ({interval(total)})."


def _rise(slope: Estimate, answer: EloAnswer) -> str:
    """Write a slope, over no more steps than there are."""
    kinds = (AgentKind.CHECKPOINT,)
    steps = [row.step for row in answer.ratings if row.kind in kinds and row.estimate and row.step is not None]
    span = max(steps, default=0) - min(steps, default=0)
    if not 0 < span < 100:
        return f"{elo(slope.value)} Elo per 100 steps ({interval(slope)})"
    value, low, high = (None if end is None else end * span / 100 for end in (slope.value, slope.low, slope.high))
    return f"{elo(value)} Elo over {many(span, 'step')} ({interval(replace(slope, value=value, low=low, high=high))})"


def series_paragraph(found: SeriesLearning) -> tuple[str, ...]:
    """Say what rating series mean, as the sentences of one paragraph.

    >>> from checks.elo.learning import SeriesLearning
    >>> from checks.elo.pace import SeriesRule
    >>> found = SeriesLearning(
    ...     rule=SeriesRule(), reference="base_model", pooled=(), older=(), rows=(), reasons=("Log the games.",)
    ... )
    >>> series_paragraph(found)
    ('The logged ratings do not tell how checkpoints stand to base_model.', 'Log the games.')
    """
    return (series_sentence(found), *found.reasons, *found.notes)


def series_sentence(found: SeriesLearning) -> str:
    """Say what rating series tell of the newer checkpoints against the reference.

    >>> from checks.elo.learning import SeriesLearning
    >>> from checks.elo.estimate import Certainty, estimate
    >>> from checks.elo.pace import SeriesRule
    >>> gap = estimate(60.0, Certainty(se=20.0, df=30.0, clusters=200, confidence=0.95))
    >>> series_sentence(SeriesLearning(
    ...     rule=SeriesRule(), reference="base_model", pooled=("adapter_v20",), older=(), rows=(), gap=gap, steps=200
    ... ))
    'From the logged ratings alone, adapter_v20 stands 60 Elo above base_model (95 % interval 19 to 101; 200 steps).'
    """
    gap = found.gap
    if gap is None or gap.value is None:
        return f"The logged ratings do not tell how checkpoints stand to {quote(found.reference)}."
    side = "above" if gap.value >= 0 else "below"
    one = len(found.pooled) == 1
    who = f"{quote(found.pooled[0])} stands" if one else f"the {len(found.pooled)} newer checkpoints stand"
    return (
        f"From the logged ratings alone, {who} {elo(abs(gap.value))} Elo {side} {quote(found.reference)} "
        f"({interval(gap)}; {found.steps:,} steps)."
    )
