"""What an Elo analysis says in plain sentences: right sides, right numbers, open ends said, hostile names harmless."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.elo.agents import AgentKind
from checks.elo.answer import EloAnswer, Gap, Learning, Rating
from checks.elo.estimate import Estimate
from checks.elo.exploitation import Exploitation
from checks.elo.learning import SeriesLearning, Signal
from checks.elo.pace import SeriesRule
from checks.elo.sequential import Decision, Hypotheses, SequentialOutcome
from checks.elo.words import (
    decision_sentence,
    elo,
    gap_sentence,
    interval,
    many,
    paragraph,
    rounded,
    series_paragraph,
    series_sentence,
)
from tests.games import BASE, NEW, asked, duel

NUMBERS = st.floats(-1e6, 1e6)


def span(
    value: float | None = 40.0, low: float | None = 10.0, high: float | None = 70.0, **changes: object
) -> Estimate:
    good = Estimate(value=value, low=low, high=high, se=15.0, df=40.0, p_superior=0.99, clusters=41, confidence=0.95)
    return replace(good, **changes)  # type: ignore[arg-type]


def answer(
    found: Estimate | None = None, *, chosen: int = 1, new: str = NEW, base: str = BASE, **changes: object
) -> EloAnswer:
    """Return an answer of games that tells this of the gap, and of learning nothing."""
    good = asked(duel(NEW, BASE, "10"))
    row = Rating(agent=new, kind=AgentKind.CHECKPOINT, step=10, estimate=None, games=1_200.0, clusters=300.0)
    quiet = Learning(
        signal=Signal.UNCLEAR,
        reference_decline=None,
        exploitation=None,
        older_checkpoints=None,
        latest=None,
        slope=None,
    )
    gap = Gap(candidate=new, reference=base, estimate=found or span(), chosen_from=chosen)
    whole = replace(good, gap=gap, ratings=(row,), cluster="rollout", decision=None, learning=quiet, remarks=())
    return replace(whole, **changes)  # type: ignore[arg-type]


def decision(outcome: SequentialOutcome = SequentialOutcome.UNDECIDED, **changes: object) -> Decision:
    good = Decision(
        hypotheses=Hypotheses(),
        outcome=outcome,
        llr=1.0,
        games=222.0,
        clusters=111.0,
        games_needed=333.0,
        exhausted=False,
        looks=9,
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def learning(**changes: object) -> Learning:
    return replace(answer().learning, **changes)  # type: ignore[arg-type]


def logged(**changes: object) -> SeriesLearning:
    good = SeriesLearning(
        rule=SeriesRule(), reference=BASE, pooled=("adapter_v10", "adapter_v20"), older=(), rows=(), steps=1_200
    )
    return replace(good, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (span(), "95 % interval 10 to 70"),
        (span(confidence=0.9, low=-3.21, high=0.04), "90 % interval -3.2 to 0"),
        (span(confidence=0.999), "99.9 % interval 10 to 70"),
        (span(low=None), "at most 70, 95 % interval open below"),
        (span(high=None), "at least 10, 95 % interval open above"),
        (span(low=None, high=None), "no interval: too few independent games"),
    ],
)
def test_an_interval_says_its_confidence_and_which_end_is_open(found: Estimate, expected: str) -> None:
    assert interval(found) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.04, "0"),
        (-0.04, "0"),
        (9.94, "9.9"),
        (9.96, "10"),
        (-9.96, "-10"),
        (203.53, "204"),
        (-1466.2, "-1466"),
    ],
)
def test_elo_is_whole_and_small_elo_has_one_digit_more(value: float | None, expected: str) -> None:
    assert elo(value) == expected


@given(NUMBERS)
def test_elo_never_lies_by_more_than_its_last_digit(value: float) -> None:
    assert abs(float(elo(value)) - value) <= (0.0501 if abs(value) < 9.95 else 0.5001)
    assert not elo(value).startswith("-0") or float(elo(value)) != 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.0, "0 games"), (1.0, "1 game"), (1.4, "1 game"), (2.0, "2 games"), (1e6, "1,000,000 games")],
)
def test_things_are_counted_in_one_and_many(number: float, expected: str) -> None:
    assert many(number, "game") == expected


@given(st.floats(1, 1e12))
def test_an_estimated_number_of_games_is_rounded_up_by_less_than_a_tenth(games: float) -> None:
    assert games <= rounded(games) * (1 + 1e-12)
    assert rounded(games) <= max(games * 1.1, games + 1)


def test_the_gap_is_told_with_side_interval_games_and_clusters() -> None:
    above, below = answer(), answer(span(-40.0, -70.0, -10.0))

    assert gap_sentence(above) == (
        "adapter_v10 stands 40 Elo above base_model (95 % interval 10 to 70; 1,200 games in 300 rollouts)."
    )
    assert gap_sentence(below) == (
        "adapter_v10 stands 40 Elo below base_model (95 % interval -70 to -10; 1,200 games in 300 rollouts)."
    )


def test_games_that_are_clusters_of_their_own_are_told_once() -> None:
    assert gap_sentence(answer(cluster="game")).endswith("; 1,200 games).")


def test_a_candidate_that_was_chosen_says_so() -> None:
    assert gap_sentence(answer(chosen=5)).startswith("adapter_v10, chosen as the best of 5, stands 40 Elo above")


def test_a_candidate_that_never_lost_is_bounded_on_one_side_and_says_which() -> None:
    assert "at least 444, 95 % interval open above" in gap_sentence(answer(span(None, 444.0, None)))
    assert "at most -444, 95 % interval open below" in gap_sentence(answer(span(None, None, -444.0)))
    assert "no interval: too few independent games" in gap_sentence(answer(span(None, None, None)))


def test_without_a_candidate_there_is_no_gap() -> None:
    assert gap_sentence(answer(gap=None)) == "There is no checkpoint to ask about, so no gap was estimated."


TEST = "The sequential test of a gap of 0 against 20 Elo (error rates 0.05 and 0.05)"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (decision(SequentialOutcome.BETTER), "ended after 222 games: better."),
        (decision(SequentialOutcome.NOT_BETTER), "ended after 222 games: not better."),
        (
            decision(exhausted=True, games_needed=None),
            "was given up after 222 games: the gap lies between the two, where it cannot decide.",
        ),
        (
            decision(games=7.0, games_needed=None, looks=0),
            "has not begun: the candidate has 7 games, and at least 10 clusters of like weight are needed.",
        ),
        (
            decision(games_needed=None),
            "is undecided after 222 games: the error of the measured ratings is left, and no game lessens it.",
        ),
        (
            decision(),
            "is undecided after 222 games: about 340 more games would decide it, were the gap what it looks like.",
        ),
        (
            decision(games=1.0, games_needed=0.5),
            "is undecided after 1 game: about 1 more game would decide it, were the gap what it looks like.",
        ),
    ],
)
def test_the_sequential_test_says_what_it_decided_or_what_would(found: Decision, expected: str) -> None:
    assert decision_sentence(found) == f"{TEST} {expected}"


def test_the_sequential_test_says_its_own_hypotheses() -> None:
    asked_of = Hypotheses(elo0=-5.5, elo1=35.0, alpha=0.0125, beta=0.1)

    assert "of a gap of -5.5 against 35 Elo (error rates 0.0125 and 0.1)" in decision_sentence(
        decision(hypotheses=asked_of)
    )


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.9995, "above 99.9 %"), (0.999, "99.9 %"), (0.5, "50.0 %"), (0.001, "0.1 %"), (0.0005, "below 0.1 %")],
)
def test_a_probability_is_never_told_as_certainty(p: float, expected: str) -> None:
    found = paragraph(answer(span(p_superior=p)))

    assert found[1] == f"Taken as the only look at these games, the probability that it is stronger is {expected}."


def test_the_best_of_several_gets_no_probability_which_choosing_would_flatter() -> None:
    assert not any("probability" in sentence for sentence in paragraph(answer(chosen=2)))
    assert not any("probability" in sentence for sentence in paragraph(answer(span(p_superior=None))))
    assert not any("probability" in sentence for sentence in paragraph(answer(gap=None)))


def test_a_doubt_is_told_before_anything_else_is_believed() -> None:
    found = paragraph(answer(decision=decision(), doubts=("One.", "Two."), remarks=("Three.",)))

    assert found[3:] == ("Do not believe it yet.", "One.", "Two.", "Three.")


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Signal.POSITIVE, "Training made checkpoints stronger: "),
        (Signal.NONE, "Training changed next to nothing: "),
        (Signal.NEGATIVE, "Checkpoints got weaker: "),
        (Signal.UNCLEAR, "Whether training made checkpoints stronger cannot be told: "),
    ],
)
def test_the_trend_is_told_by_its_signal(signal: Signal, expected: str) -> None:
    told = learning(signal=signal, slope=span(120.0, 90.0, 150.0), reference_decline=span(-4.2, -9.0, 0.6))
    found = paragraph(answer(gap=None, learning=told))

    assert found[1] == (
        f"{expected}their trend ends 4.2 Elo below the reference (95 % interval -9.0 to 0.6) and is 120 Elo per 100 "
        "steps (95 % interval 90 to 150)."
    )


def test_a_trend_without_a_value_counts_as_none() -> None:
    found = paragraph(answer(learning=learning(slope=span(), reference_decline=span(None, None, None))))

    assert "ends 0 Elo above the reference (no interval: too few independent games) and is" in found[-1]


@pytest.mark.parametrize(
    "told", [{"slope": span()}, {"reference_decline": span()}, {"latest": span()}, {"latest": span(-5, -20, 10)}]
)
def test_half_a_trend_and_a_newest_checkpoint_that_did_not_surely_fall_are_not_told(told: dict[str, Estimate]) -> None:
    assert len(paragraph(answer(gap=None, learning=learning(**told)))) == 1


def test_a_regression_is_told_and_stands_in_place_of_the_trends_end() -> None:
    fallen = learning(latest=span(-31.0, -50.0, -12.0), slope=span(), reference_decline=span())
    found = paragraph(answer(gap=None, learning=fallen))

    assert found[1].endswith(": their trend is 40 Elo per 100 steps (95 % interval 10 to 70).")
    assert found[2] == (
        "The newest checkpoint has regressed: it stands 31 Elo below the best older one, 95 % interval -50 to -12, "
        "corrected for choosing that one."
    )


def test_a_regression_without_a_value_is_told_by_its_bound() -> None:
    assert paragraph(answer(gap=None, learning=learning(latest=span(None, None, -12.0))))[1] == (
        "The newest checkpoint has regressed: at most -12, 95 % interval open below, corrected for choosing that one."
    )


def test_what_was_gained_against_bots_is_told_of_one_by_name_and_of_several_together() -> None:
    one = Exploitation(total=span(), bots=(("chaos_bot", span()),))
    two = Exploitation(total=span(), bots=(("chaos_bot", span()), ("x_bot", span())))

    assert paragraph(answer(gap=None, learning=learning(exploitation=one)))[1] == (
        "Against chaos_bot training gained 40 Elo (95 % interval 10 to 70)."
    )
    assert paragraph(answer(gap=None, learning=learning(exploitation=two)))[1] == (
        "Against the 2 bots together training gained 40 Elo (95 % interval 10 to 70)."
    )


def test_ratings_that_tell_nothing_say_so() -> None:
    assert series_sentence(logged()) == "The logged ratings do not tell how checkpoints stand to base_model."
    assert series_sentence(logged(gap=span(None, None, None))).startswith("The logged ratings do not tell")


def test_ratings_say_what_they_rest_on_then_reasons_then_notes() -> None:
    found = logged(gap=span(), reasons=("Because.",), notes=("Odd.",))

    assert series_paragraph(found) == (
        "From the logged ratings alone, the 2 newer checkpoints stand 40 Elo above base_model (95 % interval 10 to 70; "
        "1,200 steps).",
        "Because.",
        "Odd.",
    )
    assert "stand 40 Elo below base_model" in series_sentence(logged(gap=span(-40.0)))
    assert "alone, adapter_v10 stands 40 Elo above" in series_sentence(logged(gap=span(), pooled=("adapter_v10",)))


@pytest.mark.parametrize("name", ["a\nb", "x\x1b[2J", "\u202e", "y" * 5_000, "\ud800"])
def test_no_hostile_name_breaks_a_line_or_takes_the_page(name: str) -> None:
    bots = Exploitation(total=span(), bots=((name, span()),))
    told = paragraph(answer(new=name, base=name, chosen=3, learning=learning(exploitation=bots)))
    told += series_paragraph(logged(reference=name)) + series_paragraph(logged(reference=name, gap=span()))

    assert all(sentence.isprintable() for sentence in told)
    assert max(map(len, told)) < 400
