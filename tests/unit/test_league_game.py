"""The game of the example league: its rules hold in every game of a batch."""

import numpy as np
import pytest

from examples.league.game import (
    ARMIES,
    HOMES,
    NO_ORDER,
    NOBODY,
    REACH,
    SEATS,
    TURNS,
    Ints,
    Position,
    advance,
    leaders,
    open_games,
    shares,
)

NORTH, EAST, SOUTH, WEST = range(SEATS)
HOME, RIGHT_MARCH, RIGHT_HOME = 2, 3, 4
LEFT_MARCH = 1


def opening(games: int = 1, seed: int = 0) -> Position:
    return open_games(np.random.default_rng(seed), np.full(games, TURNS))


def orders(**by_power: tuple[int, int, int]) -> Ints:
    """Orders of one game; powers not named give none."""
    names = {"north": NORTH, "east": EAST, "south": SOUTH, "west": WEST}
    table = np.full((1, SEATS, ARMIES), NO_ORDER)
    for name, slots in by_power.items():
        table[0, names[name]] = slots
    return table


def random_orders(games: int, seed: int) -> Ints:
    return np.random.default_rng(seed).integers(NO_ORDER, REACH.shape[1], size=(games, SEATS, ARMIES))


def test_one_army_takes_a_march_that_nobody_owns() -> None:
    after = advance(opening(), orders(north=(RIGHT_MARCH, NO_ORDER, NO_ORDER)))

    assert after.owners[0, REACH[NORTH, RIGHT_MARCH]] == NORTH


def test_equal_strength_changes_nothing() -> None:
    # The march right of NORTH is the march left of EAST.
    after = advance(opening(), orders(north=(RIGHT_MARCH,) * 3, east=(LEFT_MARCH,) * 3))

    assert after.owners[0, REACH[NORTH, RIGHT_MARCH]] == NOBODY


@pytest.mark.parametrize(("armies", "owner"), [(1, EAST), (2, NORTH)])
def test_a_home_counts_as_one_army_for_its_owner(armies: int, owner: int) -> None:
    slots = (RIGHT_HOME,) * armies + (NO_ORDER,) * (ARMIES - armies)

    after = advance(opening(), orders(north=(slots[0], slots[1], slots[2])))

    assert owner == after.owners[0, HOMES[EAST]]


def test_each_turn_pays_exactly_the_values_of_what_is_owned() -> None:
    position = opening(games=50)
    for turn in range(TURNS):
        after = advance(position, random_orders(50, seed=turn))
        owned = np.where(after.owners == NOBODY, 0, after.values).sum(axis=1)

        np.testing.assert_array_equal(owned, (after.income - position.income).sum(axis=1))
        position = after


def test_a_province_once_owned_is_never_nobodys_again() -> None:
    position = opening(games=50)
    for turn in range(TURNS):
        after = advance(position, random_orders(50, seed=turn))

        assert not ((position.owners != NOBODY) & (after.owners == NOBODY)).any()
        position = after


def test_a_finished_game_stands_still() -> None:
    position = opening(games=20)
    for turn in range(TURNS):
        position = advance(position, random_orders(20, seed=turn))

    after = advance(position, random_orders(20, seed=99))

    np.testing.assert_array_equal(position.owners, after.owners)
    np.testing.assert_array_equal(position.income, after.income)


def test_games_of_a_batch_do_not_touch_each_other() -> None:
    position, moves = opening(games=30), random_orders(30, seed=1)

    together = advance(position, moves)

    for game in range(30):
        alone = advance(position.take(np.array([game])), moves[game : game + 1])
        np.testing.assert_array_equal(alone.owners[0], together.owners[game])
        np.testing.assert_array_equal(alone.income[0], together.income[game])


def test_turning_the_board_turns_the_result() -> None:
    """No seat has an advantage by the rules."""
    position, moves = opening(games=40), random_orders(40, seed=2)
    turned = Position(
        values=np.roll(position.values, 2, axis=1),
        owners=np.roll(np.where(position.owners == NOBODY, NOBODY, (position.owners + 1) % SEATS), 2, axis=1),
        forces=position.forces,
        income=np.roll(position.income, 1, axis=1),
        turns_left=position.turns_left,
    )

    expected = np.roll(advance(position, moves).income, 1, axis=1)

    np.testing.assert_array_equal(expected, advance(turned, np.roll(moves, 1, axis=1)).income)


def test_shares_are_of_one_whole_and_at_most_one_power_leads() -> None:
    position = opening(games=60)
    for turn in range(TURNS):
        position = advance(position, random_orders(60, seed=turn))

    np.testing.assert_allclose(SEATS, shares(position).sum(axis=1))
    assert {0.0, 1.0} >= set(leaders(position).sum(axis=1).tolist())
    assert leaders(position).sum() > 30
