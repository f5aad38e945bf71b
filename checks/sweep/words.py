"""What a sweep means, in plain sentences: who won, or why nobody did and which games would settle it.

No number is made here, and no layout may enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from checks.document import quote
from checks.elo.words import elo, interval, rounded
from checks.sweep.answer import Basis, SweepAnswer, SweepRow
from checks.sweep.contest import Contest, planned_games

NAMED = 6
"""Most runs that a sentence names."""
SMALL = 20.0
"""Elo: a difference below which it matters little who wins."""


def headline(found: SweepAnswer) -> str:
    """Say who won, in one sentence."""
    winner = found.winner
    if winner is not None and found.contest is not None:
        closest = min(found.contest.comparisons, key=lambda one: one.difference.low or 0.0)
        return (
            f"{quote(winner.label)} is stronger than {_all_others(found)}, by at least "
            f"{elo(closest.difference.low)} Elo for sure{', but its training was unstable' if winner.flags else ''}."
        )
    if found.contest is None:
        return "No winner: nothing here tells whether one of these runs is stronger than the others."
    leader = found.rows[0]
    if found.contest.won:
        return f"No winner: {quote(leader.label)} leads, but what it rests on is in doubt."
    tied = [found.rows[one.other].label for one in found.contest.comparisons if not found.contest.sure(one)]
    return f"No winner: {quote(leader.label)} leads, but not surely before {listed(tied)}."


def sentences(found: SweepAnswer) -> tuple[str, ...]:
    """Say everything: the headline, what it rests on, what is in doubt, what would settle it, who was unstable."""
    return (headline(found), *_rest(found))


def _rest(found: SweepAnswer) -> Iterator[str]:
    if found.contest is not None:
        yield _rests_on(found)
        yield from _ties(found, found.contest)
    yield from found.reasons
    for doubt, labels in _grouped((doubt, row.label) for row in found.rows for doubt in row.doubts):
        yield f"{_who(labels, found)}: {doubt}"
    for why, labels in _grouped((why, row.label) for row in found.rows for why in row.why):
        yield f"{_who(labels, found)}: {why}"
    if found.contest is None:
        yield from _advice(found)
    unstable = [row for row in found.rows if row.flags]
    if unstable:
        told = [f"{quote(row.label)} ({'; '.join(flag.text for flag in row.flags)})" for row in unstable[:NAMED]]
        more = f" and {len(unstable) - NAMED} more" if len(unstable) > NAMED else ""
        yield f"Signs of instability: {', '.join(told)}{more}."


def _rests_on(found: SweepAnswer) -> str:
    runs = len(found.rows)
    pairs = runs * (runs - 1) // 2
    level = f"{found.confidence * 100:g} %"
    together = "both runs" if runs == 2 else f"all {runs:,} runs"
    at_once = "the two runs" if pairs == 1 else f"all {pairs:,} pairs of runs at once"
    if found.rows[0].basis is Basis.RATINGS:
        return (
            "Compared are logged online ratings, each run's newer half of the checkpoints above "
            f"{quote(found.reference)}; intervals hold for {together} at once ({level})."
        )
    chosen = "best" if found.candidate == "best" else "newest"
    return (
        f"Compared is each run's {chosen} checkpoint, by one fit of all games on the scale of the shared references; "
        f"intervals hold for {at_once} ({level})."
    )


def _ties(found: SweepAnswer, contest: Contest) -> Iterator[str]:
    """Tell each run that may be as strong as the leader, the closest first, and what would settle it."""
    open_ = [one for one in contest.comparisons if not contest.sure(one)]
    leader = found.rows[0]
    for one in open_[:NAMED]:
        other = found.rows[one.other]
        told = "" if one.difference.value is None else f"{elo(one.difference.value)} Elo "
        text = f"{quote(leader.label)} less {quote(other.label)}: {told}({interval(one.difference)})"
        if one.games_needed is None:
            yield f"{text}; more games of {_candidate(leader)} and of {_candidate(other)} would tell."
        else:
            difference = max(abs(one.difference.value or 0.0), SMALL)
            yield (
                f"{text}; about {games_text(one.games_needed)} more games of {_candidate(leader)} and of "
                f"{_candidate(other)} together would settle a difference of {elo(difference)} Elo."
            )
    if len(open_) > NAMED:
        yield f"{len(open_) - NAMED} more runs may be as strong as {quote(leader.label)}."


def _advice(found: SweepAnswer) -> Iterator[str]:
    """Tell which games would settle it, where nothing could be compared."""
    told = [row for row in found.rows if row.gap is not None]
    unknown = [row.label for row in found.rows if row.gap is None]
    pairs = len(found.rows) * (len(found.rows) - 1) // 2
    if len(told) > 1 and all(row.basis is Basis.LOGGED for row in told):
        first, second = told[0], told[1]
        apart = (first.gap or 0.0) - (second.gap or 0.0)
        yield (
            "Last logged ratings differ by luck: between equals a gap has a standard deviation of 35 to 61 Elo (K = 16 "
            "to 48, seven seats). "
            f"The gaps of {quote(first.label)} and {quote(second.label)} differ by {elo(apart)}."
        )
        yield (
            f"Which games would settle it: {_name(first)} against {_name(second)}, each in half of the seats; about "
            f"{games_text(planned_games(apart, pairs, found.confidence))} games if they really differ by "
            f"{elo(max(abs(apart), SMALL))} Elo{_if_small(apart, pairs, found.confidence)}; as many against each other "
            "run that might win. Give them with --games."
        )
    elif len(told) > 1:
        yield (
            "Runs can be compared if the same is known of all: log the games of each, with a reference in them that "
            "never changes."
        )
    if unknown:
        yield f"Nothing is known of {listed(unknown)}: log games, or leave {_it(unknown)} out with --without."


def _if_small(apart: float, pairs: int, confidence: float) -> str:
    """Tell of the games that the smallest difference takes which matters, unless that is the one in question."""
    if elo(max(abs(apart), SMALL)) == elo(SMALL):
        return ""
    return f", {games_text(planned_games(SMALL, pairs, confidence))} for {elo(SMALL)}"


def games_text(games: int) -> str:
    """Write how many games would settle something: an estimate, so two digits, rounded up.

    >>> games_text(5021), games_text(19)
    ('5,100', '19')
    """
    return f"{rounded(games):,.0f}"


def _name(row: SweepRow) -> str:
    return f"{'' if row.logged is None else quote(row.logged.checkpoint)} of {quote(row.label)}"


def _candidate(row: SweepRow) -> str:
    if row.basis is Basis.RATINGS:
        return f"the newer half of the checkpoints of {quote(row.label)}"
    return f"{'' if row.candidate is None else quote(row.candidate.checkpoint)} of {quote(row.label)}"


def _all_others(found: SweepAnswer) -> str:
    return "every other run" if len(found.rows) > 2 else f"{quote(found.rows[1].label)}"


def _who(labels: Sequence[str], found: SweepAnswer) -> str:
    return "All runs" if len(labels) == len(found.rows) else listed(labels)


def _it(labels: Sequence[str]) -> str:
    return "it" if len(labels) == 1 else "them"


def listed(labels: Sequence[str]) -> str:
    """Write labels as a list, of many the first few.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdefgh"))
    ('a', 'a, b and c', 'a, b, c, d, e, f and 2 more')
    """
    shown = [quote(label) for label in labels[:NAMED]]
    if len(labels) > NAMED:
        return f"{', '.join(shown)} and {len(labels) - NAMED} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _grouped(told: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Give each sentence once, with the runs that it is told of."""
    found: dict[str, list[str]] = {}
    for text, label in told:
        found.setdefault(text, []).append(label)
    return list(found.items())
