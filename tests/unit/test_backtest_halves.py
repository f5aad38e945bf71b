"""Two halves of one agent's games must tie: how they are dealt, and how often the test errs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from checks.backtest import halves
from checks.backtest.halves import Halves, compare_halves, deal, with_twin
from checks.backtest.past import PastRun, PastVerdict
from checks.backtest.summary import Trial, backtest
from checks.elo.example import example_record
from checks.elo.fit import FitError
from checks.elo.gather import count_games
from checks.result import Decision
from tests.builders import asking
from tests.games import BASE, NEW, duel

COUNTS = example_record().counts


def test_hands_are_of_one_size_whatever_the_units() -> None:
    for n in range(1, 40):
        assert abs(int(deal(np.arange(n) * 7).sum()) - n / 2) <= 0.5


def test_a_twin_takes_part_of_the_games_and_no_game_is_lost() -> None:
    index = COUNTS.index("adapter_v20")
    units = np.unique(COUNTS.plays.unit[COUNTS.plays.agent == index])[::2]

    twin = with_twin(COUNTS, index, units)

    assert twin.agents[index + 1] == "adapter_v20\0"
    assert list(twin.agents) == sorted(twin.agents)
    assert (twin.entries.games.sum(), twin.games, twin.clusters) == (
        COUNTS.entries.games.sum(), COUNTS.games, COUNTS.clusters
    )  # fmt: skip
    assert np.all(twin.entries.first < twin.entries.second)
    played = np.bincount(twin.plays.agent, twin.plays.games, len(twin.agents))
    assert played[index] + played[index + 1] == COUNTS.plays.games[COUNTS.plays.agent == index].sum()


def test_few_games_and_games_that_bound_nothing_cannot_be_told() -> None:
    few = count_games(duel(NEW, BASE, "10" * 4)).counts
    won = count_games(duel(NEW, BASE, "1" * 40)).counts

    for counts in (few, won):
        found = compare_halves(counts, (BASE,), NEW)
        assert (found.measured, found.differ, found.value) == (False, False, None)


def test_a_fit_that_fails_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise FitError("no maximum")

    monkeypatch.setattr(halves, "rate", fail)

    assert not compare_halves(COUNTS, ("base_model",), "adapter_v20").measured


def test_halves_of_honest_games_differ_as_seldom_as_is_said() -> None:
    rng, differ, trials = np.random.default_rng(11), 0, 400
    for _ in range(trials):
        results = "".join("1" if one else "0" for one in rng.random(120) < 0.6)
        differ += compare_halves(count_games(duel(NEW, BASE, results)).counts, (BASE,), NEW).differ

    assert 0.02 * trials < differ < 0.085 * trials


def halved(**changed: object) -> PastRun:
    found = Halves(agent="x", clusters=(50, 50), value=10.0, low=-5.0, high=25.0)
    return PastRun(
        ref="r",
        verdict=PastVerdict(decision=Decision.PASS, checks=()),
        halves=dataclasses.replace(found, **changed),  # type: ignore[arg-type]
    )


def test_runs_with_the_same_games_count_once_and_too_many_errors_are_told() -> None:
    trial = Trial(policy=asking('metric: kl, stat: p95, pass: "< 0.1"'))

    one = backtest(trial, [halved(), halved(), halved(low=None, high=None, value=None)]).calibration
    errors = backtest(trial, [halved(low=1.0 + n) for n in range(5)]).calibration
    none = backtest(trial, [halved(low=None, high=None, value=None)]).calibration

    assert one is not None
    assert (one.errors.hits, one.errors.of, one.untold) == (0, 1, 1)
    assert one.sentence.endswith("nothing speaks against the test.")
    assert errors is not None
    assert "more often than the test says" in errors.sentence
    assert none is not None
    assert none.sentence.startswith("No run has enough games")
