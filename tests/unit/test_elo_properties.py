"""What holds for any record of games: what does not matter to the answer, and what it never contains."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from checks.counts import merge, total
from checks.elo.agents import EloError, Measured, Naming
from checks.elo.answer import EloAnswer
from checks.elo.estimate import Estimate
from checks.elo.gather import SeatRows
from checks.elo.rate import Scale, rate
from checks.elo.sequential import Duel, Hypotheses, SequentialOutcome, sequential_decision
from tests.games import BASE, MOVES, NEW, asked, counts, join, rated, reordered, scale, seats, split

AGENTS = (BASE, NEW, "adapter_v20", "adapter_v5", "chaos_bot", "weak_bot", "x")
CHAIRS = ("left", "middle", "right")

agents = st.sampled_from(AGENTS)
signs = st.sampled_from(">>>=")


@st.composite
def games(draw: st.DrawFn, most: int = 5) -> str:
    """Return one game of up to `most` seats; an agent may hold several."""
    held = draw(st.lists(agents, min_size=2, max_size=most))
    return held[0] + "".join(draw(signs) + one for one in held[1:])


@st.composite
def records(draw: st.DrawFn, most: int = 5, forms: str = "plain order chairs forks rows") -> SeatRows:
    """Return a record of few games: plain, with who moved first, with named seats, in clusters, or rows of many."""
    form = draw(st.sampled_from(forms.split()))
    written = draw(st.lists(games(2 if form == "order" else 3 if form == "chairs" else most), min_size=1, max_size=25))
    if form in ("order", "chairs"):
        names = MOVES if form == "order" else CHAIRS
        written = [_seated(draw, game, names) for game in written]
        return seats(written, names=names)
    if form == "forks":
        return seats(
            written,
            clusters=sorted(draw(st.lists(st.integers(0, 9), min_size=len(written), max_size=30)))[: len(written)],
        )
    if form == "rows":
        return seats(written, copies=[draw(st.sampled_from([1, 1, 2, 7, 30])) for _ in written])
    return seats(written)


def _seated(draw: st.DrawFn, game: str, names: tuple[str, ...]) -> str:
    parts = game.replace("=", ">=").split(">")
    order = draw(st.permutations(names))
    seated = [f"{part}@{chair}" for part, chair in zip(parts, order, strict=False)]
    return ">".join(seated).replace(">=", "=")


@st.composite
def namings(draw: st.DrawFn, rows: SeatRows) -> Naming:
    """Return references of a record, some of them measured."""
    known = [name for name in rows.agents if not name.startswith("adapter")]
    chosen = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
    measured = st.builds(Measured, rating=st.floats(-500, 2500), se=st.sampled_from([0.0, 0.0, 5.0, 80.0]))
    return Naming(references={name: draw(st.none() | measured) for name in chosen})


def answer(rows: SeatRows, naming: Naming | None = None, candidate: str = "latest") -> EloAnswer:
    """Return the answer to a question that can be asked of the record; skip those of which none can."""
    try:
        return asked(rows, naming, candidate=candidate, allow_disconnected=True)
    except EloError:
        assume(False)
        raise


def parts(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Walk through everything that an answer is made of."""
    yield path, value
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple):
        for i, one in enumerate(value):
            yield from parts(one, f"{path}[{i}]")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from parts(one, f"{path}[{key}]")


def ends(found: Estimate | None) -> list[float | None]:
    return [] if found is None else [found.value, found.low, found.high, found.se, found.df]


def same(one: list[float | None], other: list[float | None]) -> bool:
    """Tell whether two lists of numbers are the same, but for rounding."""
    return len(one) == len(other) and all(
        a is b or (a is not None and b is not None and a == pytest.approx(b, rel=1e-5, abs=1e-4))
        for a, b in zip(one, other, strict=True)
    )


def told(found: EloAnswer) -> dict[str, list[float | None]]:
    """Return the estimates of an answer, by name; the decision depends on the order of games, and is not among them."""
    learning = found.learning
    return {
        **{f"rating of {row.agent}": ends(row.estimate) for row in found.ratings},
        "gap": [] if found.gap is None else ends(found.gap.estimate),
        "decline": ends(learning.reference_decline),
        "older": ends(learning.older_checkpoints),
        "latest": ends(learning.latest),
        "slope": ends(learning.slope),
        "exploitation": [] if learning.exploitation is None else ends(learning.exploitation.total),
    }


def differences(one: EloAnswer, other: EloAnswer) -> list[str]:
    """Name what two answers tell differently."""
    first, second = told(one), told(other)
    assert first.keys() == second.keys()
    return [f"{key}: {first[key]} {second[key]}" for key in first if not same(first[key], second[key])]


@settings(max_examples=150)
@given(st.data(), st.sampled_from(["latest", "best"]))
def test_no_record_makes_a_number_that_is_none_or_an_interval_beside_its_estimate(
    data: st.DataObject, candidate: str
) -> None:
    rows = data.draw(records())

    found = answer(rows, data.draw(namings(rows)), candidate)

    for path, value in parts(found):
        if isinstance(value, float | np.floating):
            assert math.isfinite(value), path
        if isinstance(value, Estimate):
            assert value.value is None or value.low is None or value.low <= value.value, path
            assert value.value is None or value.high is None or value.value <= value.high, path
            assert value.low is None or value.high is None or value.low <= value.high, path
            assert value.se is None or value.se >= 0, path
            assert value.df >= 0, path
            assert value.p_superior is None or 0 <= value.p_superior <= 1, path


@settings(max_examples=40)
@given(st.data())
def test_the_order_of_games_does_not_matter_to_what_is_estimated(data: st.DataObject) -> None:
    rows = data.draw(records())
    order = data.draw(st.permutations(range(int(rows.game.max()) + 1)))
    turned = [int(row) for game in order for row in np.flatnonzero(rows.game == game)]

    assert differences(answer(rows), answer(reordered(rows, turned))) == []


@settings(max_examples=40)
@given(st.data())
def test_the_order_of_seats_does_not_matter(data: st.DataObject) -> None:
    rows = data.draw(records())
    turned = [
        int(row)
        for game in range(int(rows.game.max()) + 1)
        for row in data.draw(st.permutations(np.flatnonzero(rows.game == game).tolist()))
    ]

    one, other = answer(rows), answer(reordered(rows, turned))

    assert differences(one, other) == []
    assert one.decision == other.decision


@settings(max_examples=40)
@given(st.data())
def test_the_order_in_which_agents_are_listed_does_not_matter(data: st.DataObject) -> None:
    rows = data.draw(records())
    order = data.draw(st.permutations(range(len(rows.agents))))
    listed = dataclasses.replace(
        rows, agents=tuple(rows.agents[i] for i in order), agent=np.argsort(np.array(order))[rows.agent]
    )

    assert answer(rows) == answer(listed)


@settings(max_examples=40)
@given(st.data())
def test_how_agents_are_called_does_not_matter(data: st.DataObject) -> None:
    rows = data.draw(records())
    names = data.draw(st.permutations("abcdefg"))
    renamed = dataclasses.replace(rows, agents=tuple(names[AGENTS.index(name)] for name in rows.agents))
    gauge = rows.agents[0]
    call = dict(zip(AGENTS, names, strict=True))

    one, other = rated(rows, gauge), rated(renamed, call[gauge])

    for i, name in enumerate(one.counts.agents):
        j = other.counts.index(call[name])
        assert one.elo(i) == pytest.approx(other.elo(j), abs=1e-5)
        if one.connection.linked[i]:
            mine, theirs = (found.sandwich.variance(found.contrast(k)) for found, k in ((one, i), (other, j)))
            assert mine == pytest.approx(theirs, rel=1e-5, abs=1e-9)
        for flags in ("linked", "above", "below", "apart"):
            assert getattr(one.connection, flags)[i] == getattr(other.connection, flags)[j]


@settings(max_examples=30)
@given(st.data(), st.floats(-1000, 1000))
def test_shifting_all_references_shifts_all_ratings_and_no_gap(data: st.DataObject, by: float) -> None:
    rows = data.draw(records())
    naming = data.draw(namings(rows))
    assume(any(naming.references.values()))
    moved = Naming(
        references={
            name: None if one is None else Measured(rating=one.rating + by, se=one.se)
            for name, one in naming.references.items()
        }
    )

    one, other = answer(rows, naming), answer(rows, moved)

    for row in one.ratings:
        twin = next(each for each in other.ratings if each.agent == row.agent)
        shifted = [None if end is None else end + by for end in ends(row.estimate)[:3]]
        assert same(shifted, ends(twin.estimate)[:3])
        assert same(ends(row.estimate)[3:], ends(twin.estimate)[3:])
    assert same(told(one)["gap"], told(other)["gap"])
    assert same(told(one)["slope"], told(other)["slope"])


@settings(max_examples=40)
@given(records(most=2, forms="rows"))
def test_a_row_of_many_games_is_as_many_rows(rows: SeatRows) -> None:
    assert differences(answer(rows), answer(split(rows))) == []


@settings(max_examples=40)
@given(records(forms="plain order forks"), records(forms="plain order forks"), records(forms="plain order forks"))
def test_records_can_be_merged_in_any_order(one: SeatRows, two: SeatRows, three: SeatRows) -> None:
    """Counts, totals and ratings are those of the games counted at once; seats only where all three know of them."""
    if len({counts(part).seat_names for part in (one, two, three)}) > 1:
        one, two, three = (
            dataclasses.replace(part, seat=np.full(part.seat.size, -1), seats=()) for part in (one, two, three)
        )
    a, b, c = map(counts, (one, two, three))
    gauge = one.agents[0]
    whole = counts(join(one, two, three))
    expected = rate(whole, scale(gauge))

    for merged in (merge(merge(a, b), c), merge(a, merge(b, c)), merge(c, merge(b, a))):
        sums, all_sums = total(merged), total(whole)
        assert whole.agents == merged.agents
        for field in ("first", "second", "order", "games", "points"):
            assert getattr(all_sums, field).tolist() == pytest.approx(getattr(sums, field).tolist(), rel=1e-12)
        assert (whole.clusters, whole.games, whole.mean_seats) == pytest.approx(
            (merged.clusters, merged.games, merged.mean_seats), rel=1e-12
        )
        found = rate(merged, scale(gauge))
        assert expected.fit.strength.tolist() == pytest.approx(found.fit.strength.tolist(), rel=1e-12, abs=1e-11)
        for agent in np.flatnonzero(expected.connection.linked):
            contrast = expected.contrast(int(agent))
            assert expected.sandwich.variance(contrast) == pytest.approx(
                found.sandwich.variance(contrast), rel=1e-8, abs=1e-12
            )


QUICK = Hypotheses(elo1=200, alpha=0.2, beta=0.2)


@settings(max_examples=25)
@given(
    st.lists(
        st.sampled_from(
            [f"{NEW}>{BASE}", f"{NEW}>{BASE}", f"{BASE}>{NEW}", f"{NEW}={BASE}", f"{NEW}>x", f"x>{BASE}", f"{BASE}>x"]
        ),
        min_size=20,
        max_size=45,
    )
)
def test_judging_after_every_game_or_once_at_the_end_gives_the_same_decision(written: list[str]) -> None:
    decisions = []
    for n in range(1, len(written) + 1):
        one = counts(seats(written[:n]))
        if {NEW, BASE} <= set(one.agents):
            pair = Duel(candidate=one.index(NEW), reference=one.index(BASE))
            decisions.append(sequential_decision(one, scale(BASE), pair, QUICK))

    assert decisions
    decided = [one for one in decisions if one.outcome is not SequentialOutcome.UNDECIDED or one.exhausted]
    assert decided == decisions[len(decisions) - len(decided) :]
    for found in decided:
        assert dataclasses.replace(found, llr=0.0) == dataclasses.replace(decided[0], llr=0.0)
        assert decided[0].llr == pytest.approx(found.llr, rel=1e-7)


@settings(max_examples=30)
@given(records(), st.sampled_from(AGENTS))
def test_the_gauge_moves_the_scale_and_no_difference(rows: SeatRows, gauge: str) -> None:
    """Where everybody has a finite rating: a virtual draw is against the gauge."""
    assume(gauge in rows.agents)
    one, other = rated(rows, rows.agents[0]), rated(rows, gauge)
    finite = one.connection.linked & ~one.connection.separated & ~other.connection.separated
    assume(finite.all())
    assume(not one.fit.model.virtual_move)

    assert (one.fit.strength - one.fit.strength[other.counts.index(gauge)]).tolist() == pytest.approx(
        other.fit.strength.tolist(), abs=1e-7
    )


@settings(max_examples=30)
@given(records(), st.floats(0.5, 0.98))
def test_more_confidence_is_a_wider_interval(rows: SeatRows, confidence: float) -> None:
    naming = Naming(references={})
    try:
        narrow, wide = (
            asked(rows, naming, confidence=level, allow_disconnected=True) for level in (confidence, confidence + 0.01)
        )
    except EloError:
        assume(False)
        raise

    for row in narrow.ratings:
        twin = next(each for each in wide.ratings if each.agent == row.agent)
        if row.estimate is not None and row.estimate.low is not None and twin.estimate is not None:
            assert twin.estimate.low is not None
            assert twin.estimate.low <= row.estimate.low


def test_references_of_a_scale_are_never_moved_by_games() -> None:
    rows = seats(["a>b", "b>c", "c>a", "a>c"] * 5)

    found = rated(rows, Scale(references={"a": Measured(rating=1200), "b": Measured(rating=800)}))

    assert [found.elo(found.counts.index(name)) for name in "ab"] == [1200, 800]
