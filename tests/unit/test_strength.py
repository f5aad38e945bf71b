"""What a policy asks about strength, answered from games, else from logged ratings; absence is never a pass."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from checks import strength
from checks.check import Check, EloAsk
from checks.elo.agents import Naming
from checks.elo.analysis import Analyst
from checks.elo.answer import EloAnswer, EloQuestion, Mode
from checks.elo.gather import SeatRows
from checks.elo.pace import SeriesRule
from checks.league import VALUES
from checks.result import CheckKind, CheckResult, Outcome, Severity
from checks.run import Evidence, RunData, Series
from checks.strength import NO_GAMES, Strength, judge_ratings, rating_series
from tests.builders import asking, evidence, only, policy, series
from tests.games import BASE, NEW, duel, join, league, record, seats

PASS, WARN, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.INCONCLUSIVE
DECLARED = "online-elo: {k: 16, update: sequential, seats: 2, games-per-step: 6}\n"
RISING = league(
    3,
    {"adapter_v10": 1100, "adapter_v20": 1200, "adapter_v30": 1300, BASE: 1000, "chaos_bot": 900, "random_bot": 950},
    games=500,
    chairs=4,
)
FALLING = league(
    4,
    {"adapter_v10": 1000, "adapter_v20": 900, "adapter_v30": 750, BASE: 1000, "chaos_bot": 900, "random_bot": 950},
    games=500,
    chairs=4,
)
BETTER, WORSE, OPEN = duel(NEW, BASE, "1110" * 40), duel(NEW, BASE, "0001" * 40), duel(NEW, BASE, "10" * 10)


def judge(check: str, rows: SeatRows | None = None, *own: Series, more: str = "", **changes: object) -> CheckResult:
    """Answer the one check of a policy, from a record of games, from the series of a run, or from nothing."""
    by = asking(check, more)
    return answer(by.checks[0], Strength(by, seen(rows, *own, **changes)))


def seen(rows: SeatRows | None, *own: Series, **changes: object) -> Evidence:
    games = {} if rows is None else {"games": "games.jsonl", "game_record": record(rows)}
    return evidence(only(*own), **(games | changes))


def answer(one: Check, found: Strength) -> CheckResult:
    assert isinstance(one.ask, EloAsk)
    return found.check(one, one.ask)


def ratings(steps: int = 300, **strengths: float) -> tuple[Series, ...]:
    """Return ratings as a trainer logs them, all agents from step 0 on, of these true strengths; see `judge_series`."""
    n = len(strengths)
    level = np.array([*strengths.values()]) - np.mean([*strengths.values()]) + 1000
    luck = np.random.default_rng(5).normal(0, 19, (steps, n)) @ (np.eye(n) - 1 / n)
    found = np.full((steps + 1, n), 1000.0)
    for step in range(steps):
        found[step + 1] = found[step] + 0.13 * (level - found[step]) + luck[step]
    return tuple(series(found[:, i], f"elo/{name}") for i, name in enumerate(strengths))


LEARNT = ratings(base_model=1000, chaos_bot=980, adapter_v0=1000, adapter_v20=1150)


def test_a_candidate_that_is_better_passes_with_all_that_a_reader_needs() -> None:
    found = judge("elo: {elo1: 100}, remedy: Train longer.", BETTER)

    assert (found.outcome, found.kind, found.severity) == (PASS, CheckKind.ELO, Severity.BLOCK)
    assert (found.bound, found.unit, found.n, found.remedy) == ("0 against 100 Elo", "Elo", 160, None)
    assert found.low is not None
    assert found.observed is not None
    assert found.high is not None
    assert 0 < found.low < found.observed < found.high
    assert found.title == "latest against the reference"
    assert found.where is not None
    assert (found.where.file, found.where.line) == ("policy.yml", 3)
    assert found.reason.startswith("adapter_v10 stands 191 Elo above base_model (95 % interval ")
    assert found.reason.endswith(": better.")


def test_a_candidate_that_is_not_better_fails_with_the_remedy() -> None:
    found = judge("elo: {elo1: 100}, remedy: Train longer.", WORSE)

    assert (found.outcome, found.remedy) == (FAIL, "Train longer.")
    assert found.reason.endswith(": not better.")


def test_an_undecided_test_is_inconclusive_and_says_how_many_games_would_decide_it() -> None:
    found = judge("elo: {}, remedy: Train longer.", OPEN)

    assert (found.outcome, found.remedy, found.n) == (INCONCLUSIVE, None, 20)
    assert "more games would decide it" in found.reason


@pytest.mark.parametrize("asked", ["elo: {elo1: 100}", 'elo: {}, value: gap, fail: "> 100", remedy: Train longer.'])
def test_a_candidate_that_always_held_one_seat_is_inconclusive_however_large_the_gap(asked: str) -> None:
    found = judge(asked, duel(NEW, BASE, "1110" * 40, moves=1))

    assert (found.outcome, found.remedy) == (INCONCLUSIVE, None)
    assert "adapter_v10 always held the seat first" in found.reason
    assert found.observed is not None


@pytest.mark.parametrize("value", VALUES)
def test_a_run_that_learnt_passes_every_question_and_one_that_did_not_fails(value: str) -> None:
    better = judge(f'elo: {{}}, value: {value}, pass: "> 0"', RISING)
    worse = judge(f'elo: {{}}, value: {value}, pass: "> 0", remedy: Train longer.', FALLING)

    assert (better.outcome, better.bound, better.unit) == (PASS, "> 0", "Elo")
    told = VALUES[value] if value != "gap" else "adapter_v30 above base_model: "
    assert better.reason.lower().startswith(told.lower())
    assert better.reason.endswith("; asked is > 0.")
    assert (worse.outcome, worse.remedy) == (FAIL, "Train longer.")


def test_a_gap_rests_on_the_games_of_the_candidate_and_all_else_on_those_of_the_league() -> None:
    gap = judge('elo: {candidate: adapter_v10}, value: gap, pass: "> 0"', RISING)
    slope = judge('elo: {}, value: slope, pass: "> 0"', RISING)

    assert slope.n == 500
    assert gap.n is not None
    assert 280 < gap.n < 400


NONE = {
    "gap": "there is no checkpoint",
    "reference-decline": "there is no checkpoint",
    "exploitation": "against a bot are needed",
    "least-exploitation": "against a bot are needed",
    "older-checkpoints": "two checkpoints of different steps",
    "latest": "two checkpoints of different steps",
    "slope": "two checkpoints of different steps",
}


@pytest.mark.parametrize("value", VALUES)
def test_what_the_games_cannot_tell_is_inconclusive_and_says_what_is_wanting(value: str) -> None:
    rows = duel("chaos_bot", BASE, "1010")
    needed = judge(f'elo: {{}}, value: {value}, pass: "> 0", when-missing: Ask Ann.', rows)
    present = judge(f'elo: {{}}, value: {value}, pass: "> 0", if-present: true', rows)

    assert (needed.outcome, present.outcome) == (INCONCLUSIVE, Outcome.NOT_MEASURED)
    assert needed.reason.startswith("The games do not tell: ")
    assert NONE[value] in needed.reason
    assert needed.reason.endswith(" Ask Ann.")


def test_games_without_a_checkpoint_decide_nothing() -> None:
    found = judge("elo: {}", duel("chaos_bot", BASE, "1010"))

    assert (found.outcome, found.observed) == (INCONCLUSIVE, None)
    assert found.reason == "There is no checkpoint to ask about, so no gap was estimated."


@pytest.mark.parametrize("asked", ["elo: {}", 'elo: {}, value: gap, pass: "> 0"'])
def test_without_games_and_ratings_a_check_is_inconclusive_and_if_present_not_measured(asked: str) -> None:
    assert (judge(asked).outcome, judge(asked).reason) == (INCONCLUSIVE, NO_GAMES)
    assert judge(f"{asked}, if-present: true").outcome is Outcome.NOT_MEASURED


def test_evidence_that_was_collected_without_the_games_is_no_absence() -> None:
    found = judge("elo: {}, if-present: true", None, *LEARNT, more=DECLARED, games="games\n.csv")

    assert found.outcome is INCONCLUSIVE
    assert found.reason == (r"This evidence was collected without the games in games\n.csv; judge the run itself.")


@pytest.mark.parametrize(
    ("asked", "more", "reason"),
    [
        ("elo: {candidate: adapter_v11}", "", "did you mean `adapter_v10`?"),
        ("elo: {candidate: nobody}", "", "the agents are `adapter_v10`, `base_model`."),
        ("elo: {against: base-model}", "", "did you mean `base_model`?"),
        ("elo: {candidate: base_model}", "", "got `base_model` twice; name another."),
        ("elo: {}", "references: {pinned: 1000}\n", "the reference `pinned` in the games"),
        ("elo: {}, if-present: true", "references: {pinned: 1000}\n", "the reference `pinned` in the games"),
    ],
)
def test_games_without_what_is_asked_for_are_an_error_in_one_sentence(asked: str, more: str, reason: str) -> None:
    found = judge(asked, OPEN, more=more)

    assert (found.outcome, found.observed) == (Outcome.ERROR, None)
    assert reason in found.reason
    assert found.reason[-2:] not in ("?.", "..")


def test_agents_without_a_path_to_the_reference_are_an_error_unless_the_policy_leaves_them_unrated() -> None:
    apart = join(BETTER, duel("x", "y", "10"))
    leave = "games: {allow-disconnected: true}\n"

    found = judge("elo: {elo1: 100}", apart)

    assert found.outcome is Outcome.ERROR
    assert "none for the group of `x`, `y`" in found.reason
    assert judge("elo: {elo1: 100}", apart, more=leave).outcome is PASS
    assert judge("elo: {candidate: x}", apart, more=leave).outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('pass: "> 0"', PASS),
        ('pass: "< 0"', FAIL),
        ('pass: "> 5000"', INCONCLUSIVE),
        ('pass: "< 5000"', INCONCLUSIVE),
        ('fail: "> 5000"', PASS),
        ('fail: "> 0"', FAIL),
        ('pass: "< 5000", fail: "> 90000"', INCONCLUSIVE),
    ],
)
def test_an_interval_that_is_open_reaches_beyond_every_bound(rule: str, expected: Outcome) -> None:
    found = judge(f"elo: {{}}, value: gap, {rule}", duel(NEW, BASE, "1" * 40))

    assert (found.outcome, found.observed, found.high) == (expected, None, None)
    assert found.low is not None
    assert "adapter_v10 above base_model: at least " in found.reason
    assert "– Elo" not in found.reason


@pytest.mark.parametrize("rule", ['pass: "< 0"', 'fail: "> -1"'])
def test_an_interval_that_is_open_below_is_held_by_its_upper_end(rule: str) -> None:
    found = judge(f"elo: {{}}, value: gap, {rule}", duel(NEW, BASE, "0" * 40))

    assert (found.outcome, found.observed, found.low) == (PASS, None, None)
    assert "at most -" in found.reason


@pytest.mark.parametrize(
    ("rule", "expected", "end"),
    [
        ('pass: "> 0"', INCONCLUSIVE, "cannot tell; more games would."),
        ('fail: "> 0"', WARN, "not certain enough to block."),
        ('fail: "> 50"', PASS, "asked is fail > 50."),
    ],
)
def test_an_interval_on_both_sides_of_the_bound_cannot_tell(rule: str, expected: Outcome, end: str) -> None:
    found = judge(f"elo: {{}}, value: gap, {rule}", duel(NEW, BASE, "1010010110110100101010101011010101"))

    assert found.outcome is expected
    assert found.reason.endswith(end)


@pytest.mark.parametrize("rule", ['pass: "> -9000"', 'fail: "> 9000"'])
def test_one_observation_has_no_interval_and_cannot_tell(rule: str) -> None:
    rows = seats([f"{NEW}>{BASE}", f"{BASE}>{NEW}", f"{NEW}>{BASE}"], clusters=[0, 0, 0])
    found = judge(f"elo: {{}}, value: gap, {rule}", rows)

    assert (found.outcome, found.low, found.high) == (INCONCLUSIVE, None, None)
    assert found.reason == "adapter_v10 above base_model: too few independent games for an interval; play more."


FEW = "min-samples: 200"


@pytest.mark.parametrize(
    ("asked", "rows"),
    [("elo: {elo1: 100}", BETTER), ("elo: {elo1: 100}", WORSE), ('elo: {}, value: gap, pass: "> 0"', BETTER)],
)
def test_fewer_games_than_the_policy_wants_leave_the_answer_open(asked: str, rows: SeatRows) -> None:
    enough = judge(f"{asked}, remedy: Train longer., min-samples: 160", rows)
    found = judge(f"{asked}, remedy: Train longer., {FEW}", rows)

    assert enough.outcome in (PASS, FAIL)
    assert (found.outcome, found.remedy, found.n, found.observed) == (INCONCLUSIVE, None, 160, enough.observed)
    assert found.reason == f"{enough.reason} It rests on 160 games; 200 are needed: 40 more."


def test_fewer_steps_than_the_policy_wants_leave_the_answer_open() -> None:
    found = judge("elo: {}, min-samples: 300", None, *LEARNT, more=DECLARED)

    assert found.outcome is INCONCLUSIVE
    assert found.reason.endswith(" It rests on 299 steps; 300 are needed: 1 more.")


def test_an_answer_that_is_open_anyway_says_what_would_decide_it() -> None:
    assert judge(f"elo: {{}}, {FEW}", OPEN).reason == judge("elo: {}", OPEN).reason


@pytest.mark.parametrize("rows", [BETTER, duel(NEW, BASE, "1" * 40)], ids=["closed", "open"])
def test_a_value_without_a_rule_is_a_fault_of_the_program(rows: SeatRows) -> None:
    by = asking('elo: {}, value: gap, pass: "> 0"')
    one = dataclasses.replace(by.checks[0], rule=None)

    with pytest.raises(ValueError, match="check a: a rule is needed"):
        answer(one, Strength(by, seen(rows)))


def test_what_the_policy_says_of_names_and_measured_ratings_is_obeyed() -> None:
    rows = join(duel("snap-7", "fixed", "1110" * 30), duel("snap-3", "fixed", "1010" * 30))
    by = policy('references: {fixed: 850}\ncheckpoints: "snap-{step}"\nchecks: {a: {elo: {elo1: 80}, severity: warn}}')
    found = Strength(by, seen(rows))

    assert answer(by.checks[0], found).outcome is PASS
    assert answer(by.checks[0], found).severity is Severity.WARN
    assert found.main is not None
    assert found.main.references == (("fixed", 850.0),)
    assert [row.step for row in found.main.ratings] == [7, None, 3] or found.main.ratings[0].step == 7


def test_the_best_of_several_is_named_with_how_many_it_was_chosen_from() -> None:
    found = judge('elo: {candidate: best}, value: gap, pass: "> 0"', RISING)

    assert found.outcome is PASS
    assert found.reason.startswith("adapter_v30, chosen as the best of 3, above base_model: ")


def test_all_checks_that_ask_the_same_share_one_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[EloQuestion] = []

    class Counted(Analyst):
        def analyse(self, question: EloQuestion, *, decided: bool = True) -> EloAnswer:
            made.append(question)
            return super().analyse(question, decided=decided)

    monkeypatch.setattr(strength, "Analyst", Counted)
    by = policy(
        "checks:\n"
        "  a: {elo: {}}\n"
        '  b: {elo: {}, value: gap, pass: "> 0"}\n'
        '  c: {elo: {candidate: latest}, value: slope, pass: "> 0"}\n'
        '  d: {elo: {candidate: best}, value: gap, pass: "> 0"}\n'
        '  e: {elo: {confidence: 0.9}, value: gap, pass: "> 0"}\n'
    )
    found = Strength(by, seen(RISING))
    outcomes = [answer(one, found).outcome for one in by.checks]

    assert outcomes == [PASS] * 5
    assert found.main is not None
    assert [(one.candidate, one.confidence) for one in made] == [("latest", 0.95), ("best", 0.95), ("latest", 0.9)]


def test_the_verdict_shows_the_first_analysis_that_could_be_made() -> None:
    by = policy(
        'checks:\n  k: {metric: kl, stat: mean, pass: "< 1"}\n  a: {elo: {candidate: nobody}}\n'
        "  b: {elo: {confidence: 0.8}}\n  c: {elo: {}}\n"
    )

    shown = Strength(by, seen(BETTER)).main

    assert shown is not None
    assert (shown.mode, shown.confidence) == (Mode.GAMES, 0.8)


@pytest.mark.parametrize("asked", ["elo: {candidate: nobody}", 'metric: kl, stat: mean, pass: "< 1"'])
def test_without_an_analysis_the_verdict_shows_none(asked: str) -> None:
    assert Strength(asking(asked), seen(BETTER)).main is None
    assert Strength(asking(asked), seen(None)).main is None


def test_ratings_of_a_league_that_learnt_pass_and_say_that_they_say_less() -> None:
    found = judge("elo: {}", None, *LEARNT, more=DECLARED)

    assert (found.outcome, found.bound) == (PASS, "learning signal of the logged ratings")
    assert (found.unit, found.n) == ("Elo", 299)
    assert found.low is not None
    assert found.low > 0
    assert found.reason.startswith("From the logged ratings alone, ")


def test_ratings_of_a_league_that_got_worse_fail() -> None:
    worse = ratings(base_model=1100, chaos_bot=1000, adapter_v0=1000, adapter_v20=950)

    assert judge("elo: {}", None, *worse, more=DECLARED).outcome is FAIL


def test_ratings_that_surely_changed_by_nothing_fail() -> None:
    same = ratings(8_000, base_model=1000, chaos_bot=1000, adapter_v0=1000, adapter_v20=1000)

    found = judge("elo: {}", None, *same, more=DECLARED)

    assert found.outcome is FAIL
    assert found.low is not None
    assert found.high is not None
    assert -20 < found.low < found.high < 20


@pytest.mark.parametrize("asked", ["elo: {}", *(f'elo: {{}}, value: {one}, pass: "> 0"' for one in ("gap", "slope"))])
def test_ratings_whose_making_is_not_declared_cannot_tell_and_that_is_no_absence(asked: str) -> None:
    found = judge(f"{asked}, if-present: true", None, *LEARNT)

    assert (found.outcome, found.observed) == (INCONCLUSIVE, None)
    assert "The update rule of the ratings is not declared" in found.reason


@pytest.mark.parametrize("value", ["gap", "reference-decline", "older-checkpoints", "latest", "slope"])
def test_ratings_answer_what_they_can(value: str) -> None:
    found = judge(f'elo: {{}}, value: {value}, pass: "> 0"', None, *LEARNT, more=DECLARED)

    assert (found.outcome, found.unit, found.n) == (PASS, "Elo", 299)
    assert found.reason.startswith(f"{strength._LOGGED[value]}: ")


@pytest.mark.parametrize("more", ["", DECLARED], ids=["undeclared", "declared"])
@pytest.mark.parametrize("value", ["exploitation", "least-exploitation"])
def test_what_no_ratings_tell_is_not_measured_where_it_need_not_be(value: str, more: str) -> None:
    asked = f'elo: {{}}, value: {value}, pass: "> 0"'
    needed = judge(asked, None, *LEARNT, more=more)

    assert (needed.outcome, needed.observed) == (INCONCLUSIVE, None)
    assert needed.reason == f"The logged ratings do not tell {VALUES[value]}: log games."
    assert judge(f"{asked}, if-present: true", None, *LEARNT, more=more).outcome is Outcome.NOT_MEASURED


def test_a_newest_checkpoint_that_surely_fell_is_told_though_nothing_else_is_sure() -> None:
    fell = ratings(base_model=1000, chaos_bot=990, adapter_v0=1000, adapter_v20=1150, adapter_v40=860)
    latest = judge('elo: {}, value: latest, fail: "< 0", if-present: true', None, *fell, more=DECLARED)

    assert judge("elo: {}", None, *fell, more=DECLARED).outcome is INCONCLUSIVE
    assert (latest.outcome, latest.unit) == (FAIL, "Elo")


@pytest.mark.parametrize("value", ["older-checkpoints", "latest", "slope"])
def test_ratings_of_one_checkpoint_have_no_trend(value: str) -> None:
    one = ratings(base_model=1000, chaos_bot=980, adapter_v0=1150)
    found = judge(f'elo: {{}}, value: {value}, pass: "> 0"', None, *one, more=DECLARED)

    assert found.outcome is INCONCLUSIVE
    assert found.reason == "The logged ratings do not tell: " + strength._WANTING[value]


@pytest.mark.parametrize(
    ("asked", "more"), [("elo: {against: base-model}", ""), ("elo: {}", "references: [base-model]\n")]
)
def test_ratings_without_the_reference_that_is_asked_for_are_an_error(asked: str, more: str) -> None:
    found = judge(asked, None, *LEARNT, more=more)

    assert found.outcome is Outcome.ERROR
    assert found.reason.endswith("did you mean `base_model`?")


def test_games_win_over_ratings() -> None:
    found = Strength(asking("elo: {}"), seen(BETTER, *LEARNT)).main

    assert found is not None
    assert found.mode is Mode.GAMES


def test_ratings_are_found_by_their_prefix_in_the_order_of_names_whatever_that_of_the_run() -> None:
    data = only(*(series([1, 2], name) for name in ("elo/b", "elo/win_rate", "kl", "elo/a", "elo/best_elo", "elo/")))

    assert list(rating_series(data)) == ["", "a", "b"]


@pytest.mark.parametrize(
    "own",
    [(), ("kl",), ("elo/base_model", "elo/chaos_bot"), ("elo/adapter_v1", "elo/x")],
    ids=["nothing", "no ratings", "no checkpoint", "no reference"],
)
def test_ratings_that_hold_no_comparison_are_none(own: tuple[str, ...]) -> None:
    data: RunData = only(*(series([1, 2, 3], name) for name in own))

    assert judge_ratings(data, Naming(references={}), SeriesRule(), None) is None
    assert judge("elo: {}", None, *data.series.values()).reason == NO_GAMES


@pytest.mark.parametrize("rows", [RISING, FALLING], ids=["rising", "falling"])
def test_a_decision_that_nobody_sees_changes_no_result(rows: SeatRows, monkeypatch: pytest.MonkeyPatch) -> None:
    by = policy(
        "checks:\n"
        "  a: {elo: {}}\n"
        '  b: {elo: {candidate: best}, value: gap, pass: "> 0"}\n'
        '  c: {elo: {confidence: 0.9, elo0: 50, elo1: 60}, value: gap, pass: "> 0"}\n'
    )
    short = Strength(by, seen(rows))
    monkeypatch.setattr(Strength, "_decides", lambda *_: True)
    whole = Strength(by, seen(rows))

    assert [answer(one, short) for one in by.checks] == [answer(one, whole) for one in by.checks]
    assert short.main == whole.main
