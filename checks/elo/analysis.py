"""Games → the whole answer: ratings, gap, decision, learning, and what speaks against believing them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks.counts import Counts
from checks.document import quote
from checks.elo.agents import AgentKind, EloError, missing_agent
from checks.elo.answer import BEST, LATEST, EloAnswer, EloQuestion, Gap
from checks.elo.best import best_of
from checks.elo.bounds import Bounds
from checks.elo.doubt import doubts, may_contradict, remarks
from checks.elo.grounds import Grounds
from checks.elo.rate import Rated, Scale
from checks.elo.seats import seat_report
from checks.elo.sequential import Duel, Hypotheses
from checks.elo.standing import Cast, gap_estimate, head_to_head
from checks.number import round9
from checks.run import GameRecord, NoteKind

METHOD = (
    "anchored Bradley–Terry on pairs of seats of different agents, half a point for a tie; standard errors clustered, "
    "at least those of independent games of as many seats; sequential test on the gap, in recorded order"
)


def analyse(record: GameRecord, question: EloQuestion) -> EloAnswer:
    """Answer a question from games.

    Raises:
        EloError: there are no references, or one, the candidate or what it is held against is not in the games; an
            agent has no path of games to the scale; the newest checkpoint is ambiguous.
        FitError: the likelihood could not be maximised.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> found.gap.candidate, round(found.gap.estimate.value, 1), found.outcome.value
    ('adapter_v20', 137.8, 'undecided')
    """
    return Analyst(record).analyse(question)


class Analyst:
    """Answers questions to one record; what several of them rest on is made once."""

    def __init__(self, record: GameRecord) -> None:
        self._record = record
        self._grounds: list[Grounds] = []

    def analyse(self, question: EloQuestion, *, decided: bool = True) -> EloAnswer:
        """Answer a question, as `analyse` does; not `decided`: without the decision where no doubt could rest on it.

        Where nothing is to be decided, walking the record is by far the most work.
        """
        counts, grounds = self._record.counts, self._ground(question)
        rated, cast = grounds.rated, grounds.cast
        _require_one_newest(cast, question)
        candidate, gap = _gap(rated, cast, question, grounds.bounds)
        walked = gap is not None and (decided or may_contradict(gap, question.hypotheses.elo0))
        found = EloAnswer(
            question=question,
            method=_method(counts, grounds.scale),
            references=grounds.scale.references,
            scale_zero=grounds.scale.zero,
            cluster=self._record.cluster,
            clusters=counts.clusters,
            games=counts.games,
            mean_seats=counts.mean_seats,
            ratings=grounds.ratings,
            gap=gap,
            decision=None
            if candidate is None or gap is None or not walked
            else grounds.decide(
                Duel(candidate=candidate, reference=cast.reference),
                _corrected(question.hypotheses, gap.chosen_from),
            ),
            head_to_head=() if candidate is None else head_to_head(rated, cast, candidate),
            learning=grounds.learning(gap),
            seats=None if candidate is None else seat_report(rated, candidate, cast.reference, question.confidence),
            agreement=grounds.agreement,
            conflict=grounds.conflict,
            control=grounds.control,
            doubts=(),
            remarks=(),
        )
        lost = [note.text for note in self._record.notes if note.kind is NoteKind.LOST]
        return replace(found, doubts=doubts(found, lost), remarks=remarks(found, counts))

    def _ground(self, question: EloQuestion) -> Grounds:
        for known in self._grounds:
            if known.serves(question):
                return known
        self._grounds.append(Grounds(self._record.counts, question))
        return self._grounds[-1]


def _method(counts: Counts, scale: Scale) -> str:
    """Say how the answer was made, and what it does not allow for."""
    told = [METHOD]
    if counts.seats is None and not np.any(counts.entries.order):
        told.append("no seats or first moves were recorded, so none is allowed for")
    gauge = scale.references[scale.gauge]
    if gauge is not None and gauge.se:
        told.append(
            f"the measured rating of {quote(scale.gauge)} has an error of {gauge.se:g}, which is in no interval"
        )
    return "; ".join(told)


def _require_one_newest(cast: Cast, question: EloQuestion) -> None:
    steps = {one.name: one.step for one in cast.agents if one.kind is AgentKind.CHECKPOINT and one.step is not None}
    top = [name for name, step in steps.items() if step == max(steps.values())]
    if len(top) > 1 and question.candidate in (LATEST, BEST):
        listed = ", ".join(f"`{name}`" for name in top)
        raise EloError(f"expected one newest checkpoint, got {listed} of the same step; name one with --candidate")


def _corrected(hypotheses: Hypotheses, chosen_from: int) -> Hypotheses:
    """Share alpha between the checkpoints that a best one was chosen from (Bonferroni)."""
    return hypotheses if chosen_from == 1 else replace(hypotheses, alpha=round9(hypotheses.alpha / chosen_from))


def _gap(rated: Rated, cast: Cast, question: EloQuestion, bounds: Bounds) -> tuple[int | None, Gap | None]:
    """Choose the candidate and estimate its gap."""
    names, confidence = rated.counts.agents, question.confidence
    linked = rated.connection.linked
    every = [i for i, one in enumerate(cast.agents) if one.kind is AgentKind.CHECKPOINT and linked[i]]
    every = [i for i in every if i != cast.reference]
    if question.candidate not in (LATEST, BEST, *names):
        raise EloError(missing_agent("candidate", question.candidate, names))
    if question.candidate == BEST and every:
        best = best_of(rated, every, cast.reference, confidence)
        return best.index, Gap(
            candidate=names[best.index],
            reference=names[cast.reference],
            estimate=best.gap,
            chosen_from=len(every),
        )
    candidate = names.index(question.candidate) if question.candidate in names else cast.newest
    if candidate is None or question.candidate == BEST:
        return None, None
    if candidate == cast.reference:
        raise EloError(f"expected a candidate other than the reference, got `{names[candidate]}` twice; name another")
    found = gap_estimate(rated, (candidate, cast.reference), confidence, bounds)
    return candidate, Gap(candidate=names[candidate], reference=names[cast.reference], estimate=found, chosen_from=1)
