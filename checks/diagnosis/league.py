"""Signs of what became of the model's strength: by games or logged ratings, by the reward only where there are none."""

from __future__ import annotations

from collections.abc import Callable

from checks.diagnosis import reward
from checks.diagnosis.case import Case
from checks.document import quote
from checks.elo.agents import AgentKind
from checks.elo.answer import NEGLIGIBLE, EloAnswer
from checks.elo.estimate import Estimate
from checks.elo.learning import SeriesLearning, Signal, obstacles
from checks.elo.words import elo, interval
from checks.threshold import count

SEATS = 50.0
"""Elo between the best and the worst seat, for sure, from which seats are not balanced."""
LEAST_GAMES = 20


def _sound(case: Case) -> EloAnswer | None:
    """Give the analysis of games where it may be believed and rests on enough of them."""
    games = case.games
    return games if games is not None and not games.doubts and games.games >= LEAST_GAMES else None


def _logged(case: Case) -> SeriesLearning | None:
    """Give the analysis of logged ratings where they may decide."""
    found = case.ratings
    return found if found is not None and not obstacles(found) else None


def _told(found: Estimate) -> str:
    """Write an estimate as `35 Elo (95 % interval 12 to 58)`, by its interval alone where it has no value."""
    return interval(found) if found.value is None else f"{elo(found.value)} Elo ({interval(found)})"


def _rests(case: Case) -> str:
    if case.games is not None:
        return count(round(case.games.games), "game")
    return "" if case.ratings is None else count(case.ratings.steps, "logged step")


def _by_reward(case: Case, sign: Callable[[Case], str | None]) -> str | None:
    """See by the reward where nothing told of strength; games that raise doubts are no reason to ask it."""
    seen = None if case.games is not None else sign(case)
    if seen is None or not case.rated:
        return seen
    if case.ratings is None:
        return f"{seen} Its games or ratings tell more, where they are asked of (profile league)."
    return f"{seen} Its logged ratings do not tell how strong it became."


def regression(case: Case) -> str | None:
    """See a newest checkpoint that surely stands below an older one."""
    found, logged = _sound(case), _logged(case)
    if found is None and logged is None:
        return _by_reward(case, reward.fell)
    latest = found.learning.latest if found is not None else logged.latest if logged is not None else None
    if latest is None or not latest.below_zero or latest.value is None:  # one that never won has no value
        return None
    than = "all the others together" if found is None else _best_older(found)
    fell = reward.fell(case)
    return f"The newest checkpoint against {than}: {_told(latest)}, {_rests(case)}.{'' if fell is None else ' ' + fell}"


def _best_older(found: EloAnswer) -> str:
    """Name the older checkpoint that is rated highest."""
    rated = [
        (row.estimate.value, row.agent)
        for row in found.ratings
        if row.kind is AgentKind.CHECKPOINT
        and row.estimate is not None
        and row.estimate.value is not None
        and (found.gap is None or row.agent != found.gap.candidate)
    ]
    return f"the best older one, {quote(max(rated)[1])}" if rated else "the best older one"


def not_generalising(case: Case) -> str | None:
    """See newer checkpoints that surely pass older ones, while what is gained on fixed references is surely little."""
    found = _sound(case)
    older = None if found is None else found.learning.older_checkpoints
    if found is None or older is None or not older.above_zero:
        return None
    learning, reference = found.learning, "the reference" if found.gap is None else quote(found.gap.reference)
    little = []
    if learning.reference_decline is not None and _little(learning.reference_decline, 1):
        little.append(f"the trend ends {_told(learning.reference_decline)} from {reference}")
    gains = learning.exploitation
    if gains is not None and _little(gains.total, len(gains.bots)):
        little.append(f"against the other fixed agents together training gained {_told(gains.total)}")
    if not little:
        return None
    return (
        f"The newest checkpoint stands {_told(older)} above the older ones, but {' and '.join(little)}, {_rests(case)}."
    )


def _little(found: Estimate, agents: int) -> bool:
    """Tell whether a gain is surely small, if there is one at all."""
    return found.high is not None and found.high < NEGLIGIBLE * agents


def _none(found: Estimate) -> bool:
    """Tell whether a difference is surely small on both sides: what surely fell has not stayed where it was."""
    return _little(found, 1) and found.low is not None and found.low > -NEGLIGIBLE


def plateau(case: Case) -> str | None:
    """See a gain on the reference that surely is none, or older checkpoints that surely are not passed."""
    found, logged = _sound(case), _logged(case)
    if found is None and logged is None:
        return _by_reward(case, reward.flat)
    if logged is not None and logged.signal is Signal.NONE and logged.gap is not None:
        return f"The newer half of the checkpoints less {quote(logged.reference)}: {_told(logged.gap)}, {_rests(case)}."
    if found is None:
        return None
    seen = []
    reference = "the reference" if found.gap is None else quote(found.gap.reference)
    decline, older = found.learning.reference_decline, found.learning.older_checkpoints
    if decline is not None and _none(decline):
        seen.append(f"the trend's end against {reference}: {_told(decline)}")
    if older is not None and _none(older):
        seen.append(f"the newest checkpoint against the older ones: {_told(older)}")
    text = "; ".join(seen)
    return f"{text[0].upper()}{text[1:]}, {_rests(case)}." if seen else None


def weaker(case: Case) -> str | None:
    """See checkpoints that surely end below the reference that training began with."""
    found, logged = _sound(case), _logged(case)
    if found is None:
        gap = None if logged is None or logged.signal is not Signal.NEGATIVE else logged.gap
        if logged is None or gap is None:
            return None
        return f"The newer half of the checkpoints below {quote(logged.reference)}: {_told(gap)}, {_rests(case)}."
    if found.gap is None or found.gap.estimate.value is None or not found.gap.estimate.below_zero:
        return None
    gap = found.gap.estimate
    return f"{quote(found.gap.candidate)} against {quote(found.gap.reference)}: {_told(gap)}, {_rests(case)}."


def learning(case: Case) -> str | None:
    """See checkpoints that surely end above the reference, the newest not surely below an older one."""
    found, logged = _sound(case), _logged(case)
    if found is None and logged is None:
        return _by_reward(case, reward.rose)
    if logged is not None and logged.signal is Signal.POSITIVE and logged.gap is not None:
        return (
            f"The newer half of the checkpoints above {quote(logged.reference)}: {_told(logged.gap)}, {_rests(case)}."
        )
    if found is None or found.gap is None or found.learning.signal is not Signal.POSITIVE:
        return None
    decline, older = found.learning.reference_decline, found.learning.older_checkpoints
    alone = decline is None or found.learning.slope is None
    who = f"{quote(found.gap.candidate)} stands" if alone else "The checkpoints' trend ends"
    ahead, reference = found.gap.estimate if alone or decline is None else decline, quote(found.gap.reference)
    told = [
        f"{who} above {reference} by {interval(ahead)}"
        if ahead.value is None
        else f"{who} {_told(ahead)} above {reference}"
    ]
    if older is not None and older.above_zero:
        told.append(f"older checkpoints have fallen {_told(older)} behind the newest")
    gains = found.learning.exploitation
    if gains is not None and gains.total.above_zero:
        told.append(f"against the other fixed agents training gained {_told(gains.total)} in total")
    return f"{'; '.join(told)}; {_rests(case)}."


def seat_imbalance(case: Case) -> str | None:
    """See seats whose worth is surely far apart."""
    games = case.games
    if games is None or games.seats is None:
        return None
    known = [(name, one) for name, one in games.seats.effects if one.low is not None and one.high is not None]
    if len(known) == 1:  # of two seats: what moving first is worth
        name, one = known[0]
        apart = max(one.low or 0.0, -(one.high or 0.0))
        return f"Holding {quote(name)} is worth {_told(one)}, {_rests(case)}." if apart > SEATS else None
    if not known:
        return None
    best = max(known, key=lambda one: one[1].low or 0.0)
    worst = min(known, key=lambda one: one[1].high or 0.0)
    if (best[1].low or 0.0) - (worst[1].high or 0.0) <= SEATS:
        return None
    return (
        f"{quote(best[0])} is worth {_told(best[1])}, {quote(worst[0])} {_told(worst[1])} against the mean of all "
        f"seats, {_rests(case)}."
    )
