"""What speaks against believing a gap, and what else a reader should know, in sentences. No number is made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.counts import Counts
from checks.document import quote
from checks.elo.agents import AgentKind
from checks.elo.answer import EloAnswer, Gap
from checks.elo.consistency import Conflict
from checks.elo.sequential import Decision, SequentialOutcome
from checks.number import show_number

_FAR = 3.0
"""Standard errors of the direct record from what ratings expect of it, beyond which they do not tell the same story."""
_LISTED = 4
"""Agents that are named of those that moved, the farthest first."""
_UNBALANCED = 0.75
"""An evaluation seats candidates badly if it has fewer than this share of the meetings that a balanced one would."""


def doubts(answer: EloAnswer, lost: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the reasons not to believe the gap; `lost`: sentences on what of the games could not be read.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> doubts(found)
    ()
    """
    return tuple(_doubts(answer, lost))


def _doubts(answer: EloAnswer, lost: Sequence[str]) -> Iterator[str]:
    gap, seats = answer.gap, answer.seats
    if lost:
        more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
        yield (
            f"Some of the games were lost while reading ({lost[0]}{more}): what is missing may be what matters. Repair "
            "the file, or take out of it what is damaged."
        )
    if gap is not None and seats is not None and seats.always is not None:
        yield (
            f"{quote(gap.candidate)} always held the seat {quote(seats.always)}: its strength cannot be told from what "
            "that seat is worth (confounded). Play it in every seat equally often."
        )
    elif gap is not None and seats is not None and seats.confounded:
        yield (
            "Moving first cannot be told from strength: no two agents met in both orders (confounded). Let each pair "
            "play both ways round."
        )
    shift, se = None if seats is None else seats.shift, None if gap is None else gap.estimate.se
    if shift is not None and se is not None and abs(shift) > se:
        yield (
            f"Allowing for seats moves the gap by {show_number(shift)} Elo, more than its standard error: the "
            "candidate did not hold every seat equally often."
        )
    if answer.control is not None and answer.control.sure:
        yield (
            "The references moved against each other between the first and the second half of the games "
            f"({_listed(answer.control)}; {_p(answer.control.p)}): they never change, so the environment did, "
            "or an agent of their games broke, and ratings across that change mean nothing."
        )
    if gap is not None and answer.decision is not None:
        yield from _contradiction(gap, answer.decision)


def may_contradict(gap: Gap, elo0: float) -> bool:
    """Tell whether some outcome of the sequential test would contradict a gap: only then the test raises doubts."""
    found = gap.estimate
    return (found.value is not None and found.value <= elo0) or (found.low is not None and found.low > elo0)


def _contradiction(gap: Gap, decision: Decision) -> Iterator[str]:
    """Tell where all games together say the contrary of those up to the crossing."""
    found, elo0 = gap.estimate, decision.hypotheses.elo0
    turned = {
        SequentialOutcome.BETTER: found.value is not None and found.value <= elo0,
        SequentialOutcome.NOT_BETTER: found.low is not None and found.low > elo0,
        SequentialOutcome.UNDECIDED: False,
    }
    if turned[decision.outcome]:
        side = "no higher than" if decision.outcome is SequentialOutcome.BETTER else "surely above"
        yield (
            f"The test ended after {decision.games:,.0f} games, but all games together put the gap {side} "
            f"{show_number(elo0)} Elo: the first games were lucky or unlucky, or something changed since. Look at the "
            "games over time, and play anew."
        )


def remarks(answer: EloAnswer, counts: Counts) -> tuple[str, ...]:
    """Give what else a reader should know.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> remarks(found, example_record().counts)
    ()
    """
    return tuple(_remarks(answer, counts))


def _remarks(answer: EloAnswer, counts: Counts) -> Iterator[str]:
    if not counts.ordered:
        yield "Some rows stand for several games, whose order is not known: the record was looked at once, at its end."
    if answer.conflict is not None and answer.conflict.sure:
        yield (
            f"The measured ratings of the references contradict these games ({_listed(answer.conflict)}; "
            f"{_p(answer.conflict.p)}): only {quote(next(iter(answer.references)))} was held."
        )
    if answer.agreement is not None and answer.agreement.sure:
        found = answer.agreement
        cycles = f", {found.cycles} certain cycle{'' if found.cycles == 1 else 's'}" if found.cycles else ""
        rests = f"residuals {show_number(found.statistic)} on {show_number(found.df)} degrees of freedom{cycles}"
        yield (
            f"One number an agent does not explain these results ({rests}): who beats whom depends on the pair; "
            "read the direct record beside the gap."
        )
    yield from _direct(answer)
    yield from _separated(answer)
    yield from _advice(answer, counts)


def _direct(answer: EloAnswer) -> Iterator[str]:
    for row in answer.head_to_head[:1]:
        if answer.gap is None or row.reference != answer.gap.reference or row.expected is None:
            continue
        spread = (row.expected * (1 - row.expected / row.meetings) * (answer.mean_seats + 1) / 3) ** 0.5
        if abs(row.points - row.expected) > _FAR * max(spread, 0.5):
            yield (
                f"Against {quote(row.reference)} itself the candidate made {show_number(row.points)} of "
                f"{show_number(row.meetings)} points where its rating expects {show_number(row.expected)}: the gap "
                "rests on games with others."
            )


def _separated(answer: EloAnswer) -> Iterator[str]:
    for flag, told in (
        (">", "never lost a point, so the rating is bounded below only"),
        ("<", "never won a point, so the rating is bounded above only"),
        ("?", "no chain of wins or of losses leads to the references, so nothing bounds the rating"),
    ):
        names = _flagged(answer, flag)
        if names:
            yield f"{names}: {told}."
    unrated = _flagged(answer, "unrated")
    if unrated:
        yield f"No path of games leads from {unrated} to the references: not rated."


def _flagged(answer: EloAnswer, flag: str) -> str:
    names = [quote(row.agent) for row in answer.ratings if flag in row.flags]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _advice(answer: EloAnswer, counts: Counts) -> Iterator[str]:
    gap, decision = answer.gap, answer.decision
    if gap is None or decision is None:
        if not any(row.kind is AgentKind.CHECKPOINT for row in answer.ratings):
            yield "No agent looks like a checkpoint (adapter_v{step}): name a candidate or a pattern."
        return
    if decision.exhausted:
        yield (
            "The test was given up: the strength lies between the two hypotheses, and more games would not settle it. "
            "Widen them or accept it."
        )
    seats = counts.mean_seats
    if decision.games_needed is None or seats < 4:
        return
    index = counts.index(gap.candidate)
    mine = (counts.entries.first == index) | (counts.entries.second == index)
    played = float(counts.plays.games[counts.plays.agent == index].sum())
    share = float(counts.entries.games[mine].sum()) / played / (seats * seats / 4)
    if share < _UNBALANCED:
        yield (
            "Seating the candidate in half of the seats would need about half the games: one seat against "
            f"{show_number(seats - 1)} tells least."
        )


def _listed(conflict: Conflict) -> str:
    largest = sorted(conflict.differences, key=lambda one: -abs(one[1]))[:_LISTED]
    more = len(conflict.differences) - len(largest)
    told = ", ".join(f"{quote(name)} by {show_number(by)} Elo" for name, by in largest)
    return f"{told} and {more} less" if more else told


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {show_number(value)}"
