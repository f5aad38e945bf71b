"""What a policy says of a league: read as meant; every fault with its place, what was got and what to do."""

from __future__ import annotations

import math
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.check import EloAsk, LeaguePlan
from checks.document import Path
from checks.elo.agents import PATTERN, Measured
from checks.elo.pace import SeriesRule, Update
from checks.elo.sequential import Hypotheses
from checks.league import VALUES, read_plan
from checks.schema import policy_schema
from tests.builders import asking, check_faults, faults, policy

CHECK = "checks: {a: {elo: {}}}\n"
RATING = (
    "expected a rating within 1,000,000 Elo of 0, as 1000 or {rating: 1000, se: 12}, or `free` where it was not "
    "measured, got "
)


def plan(text: str) -> LeaguePlan:
    return policy(text + CHECK).league


def ask(check: str) -> EloAsk:
    found = asking(check).checks[0].ask
    assert isinstance(found, EloAsk)
    return found


def plan_faults(text: str) -> list[str]:
    """Return the faults of a policy that says this in its second line, without the name of the file."""
    return [fault.removeprefix("policy.yml:") for fault in faults(f"version: 1\n{text}\n{CHECK}")]


def test_a_policy_that_says_nothing_of_its_league_has_good_defaults() -> None:
    assert plan("") == LeaguePlan(
        references={}, checkpoints=PATTERN, cluster=None, columns=None, allow_disconnected=False, rule=SeriesRule()
    )


def test_all_that_a_policy_says_of_its_league_is_read() -> None:
    found = plan(
        "references: {base_model: 1000, chaos_bot: {rating: 850.5, se: 12}, old: {rating: -3}, x: free}\n"
        'checkpoints: "step-{step}"\n'
        'games: {cluster: match, columns: "a=black,b=white,score=result", allow-disconnected: true}\n'
        "online-elo: {k: 8, update: averaged, seats: 4, games-per-step: 16.5, seat-averaged: true}\n"
    )

    assert found == LeaguePlan(
        references={
            "base_model": Measured(rating=1000.0),
            "chaos_bot": Measured(rating=850.5, se=12.0),
            "old": Measured(rating=-3.0),
            "x": None,
        },
        checkpoints="step-{step}",
        cluster="match",
        columns="a=black,b=white,score=result",
        allow_disconnected=True,
        rule=SeriesRule(k=8.0, update=Update.AVERAGED, seats=4, games_per_step=16.5, seat_averaged=True),
    )


def test_references_without_ratings_can_be_a_list_and_keep_its_order() -> None:
    assert list(plan("references: [zed, base_model]\n").references.items()) == [("zed", None), ("base_model", None)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "references: 5",
            "2: references: expected agents with their ratings, got `5`; write {base_model: 1000} or [base_model]",
        ),
        (
            "references: base_model",
            '2: references: expected agents with their ratings, got the text "base_model"; '
            "write {base_model: 1000} or [base_model]",
        ),
        ("references:", "2: references: expected a value, got nothing; write one or remove the key"),
        ("references: [a, b, a]", "2: references[2]: expected every reference once, got `a` again; remove one"),
        ("references: [a, 5]", "2: references[1]: expected the name of an agent, got `5`; write a name"),
        ('references: [""]', '2: references[0]: expected the name of an agent, got the text ""; write a name'),
        ("references: [{a: 1000}]", "2: references[0]: expected the name of an agent, got a mapping; write a name"),
        ("references: {a: true}", f"2: references.a: {RATING}`true`; change it"),
        ('references: {a: "1000"}', f'2: references.a: {RATING}the text "1000"; change it'),
        ("references: {a: Free}", f'2: references.a: {RATING}the text "Free"; change it'),
        ("references: {a: [1000]}", f"2: references.a: {RATING}a list; change it"),
        ("references: {a: }", f"2: references.a: {RATING}nothing; change it"),
        ("references: {a: {se: 5}}", f"2: references.a: {RATING}a mapping; change it"),
        ("references: {a: 1.0e+7}", f"2: references.a: {RATING}`10000000.0`; change it"),
        ("references: {a: {rating: 1, se: 1.0e+7}}", f"2: references.a: {RATING}a mapping; change it"),
        ("references: {a: {rating: 1, se: -1}}", f"2: references.a: {RATING}a mapping; change it"),
        ("references: {a: {rating: 1, sd: 1}}", f"2: references.a: {RATING}a mapping; change it"),
        ("references: {a: {rating: 1, se: false}}", f"2: references.a: {RATING}a mapping; change it"),
        ("references: {a: 1" + "0" * 400 + "}", f"2: references.a: {RATING}`1" + "0" * 79 + "…`; change it"),
        (
            "checkpoints: adapter",
            "2: checkpoints: expected a pattern with one {step}, got `adapter`; write adapter_v{step}",
        ),
        (
            'checkpoints: "{step}{step}"',
            "2: checkpoints: expected a pattern with one {step}, got `{step}{step}`; write adapter_v{step}",
        ),
        ("checkpoints: 5", "2: checkpoints: expected text, got `5`; put it in quotes"),
        ('checkpoints: ""', '2: checkpoints: expected a text that is not empty, got the text ""; change it'),
        ("games: 5", "2: games: expected a mapping, got `5`; change it"),
        ("games: {colmns: x}", "2: games.colmns: expected a known key, got `colmns`; did you mean `columns`?"),
        ('games: {cluster: ""}', '2: games.cluster: expected a text that is not empty, got the text ""; change it'),
        ("games: {columns: [a]}", "2: games.columns: expected text, got a list; change it"),
        ("online-elo: 16", "2: online-elo: expected a mapping, got `16`; change it"),
        ("online-elo: {seat: 2}", "2: online-elo.seat: expected a known key, got `seat`; did you mean `seats`?"),
        (
            "online-elo: {k: 1e-3}",
            '2: online-elo.k: expected a number, got the text "1e-3"; YAML reads this as text: write 0.001',
        ),
        ("online-elo: {k: 0}", "2: online-elo: k: expected 0.001 to 1,000,000, got 0.0; change it"),
        (
            "online-elo: {games-per-step: -2}",
            "2: online-elo: games-per-step: expected 0.001 to 1,000,000, got -2.0; change it",
        ),
        ("online-elo: {seats: 1}", "2: online-elo.seats: expected a number of at least 2, got `1`; change it"),
        ("online-elo: {seats: 2.5}", "2: online-elo.seats: expected a whole number, got `2.5`; change it"),
        (
            "online-elo: {update: never}",
            "2: online-elo.update: expected 'sequential' or 'averaged', got the text \"never\"; write one of these",
        ),
        ("online-elo: {seat-averaged: 1}", "2: online-elo.seat-averaged: expected true or false, got `1`; change it"),
    ],
)
def test_a_fault_of_the_league_is_told_with_its_place_and_what_to_do(said: str, expected: str) -> None:
    assert plan_faults(said) == [expected]


def test_faults_of_the_league_come_all_at_once() -> None:
    said = "references: {a: x, b: y}\ngames: {clutser: x}\nonline-elo: {k: x, seats: 1}\ncheckpoints: v"

    assert [fault.partition(": expected")[0] for fault in plan_faults(said)] == [
        "2: references.a",
        "2: references.b",
        "3: games.clutser",
        "4: online-elo.k",
        "4: online-elo.seats",
        "5: checkpoints",
    ]


def test_an_elo_check_has_the_defaults_that_are_documented() -> None:
    assert ask("elo: {}") == EloAsk(
        value=None, candidate="latest", against=None, hypotheses=Hypotheses(), confidence=0.95
    )
    assert (Hypotheses().elo0, Hypotheses().elo1, Hypotheses().alpha, Hypotheses().beta) == (0, 20, 0.05, 0.05)


def test_all_that_an_elo_check_can_say_is_read() -> None:
    told = "elo: {candidate: best, against: chaos_bot, elo0: -10, elo1: 35.5, alpha: 0.01, beta: 0.1, confidence: 0.5}"
    found = asking(f'{told}, value: gap, fail: "< 0"').checks[0]

    assert found.ask == EloAsk(
        value="gap",
        candidate="best",
        against="chaos_bot",
        hypotheses=Hypotheses(elo0=-10.0, elo1=35.5, alpha=0.01, beta=0.1),
        confidence=0.5,
    )
    assert str(found.rule) == "fail < 0"
    assert asking(told).checks[0].rule is None


@pytest.mark.parametrize(
    ("check", "title"),
    [
        ("elo: {}", "latest against the reference"),
        ("elo: {candidate: x, against: y}", "x against y"),
        ('elo: {}, value: slope, pass: "> 0"', "Elo: slope"),
        ("elo: {}, title: It is stronger", "It is stronger"),
    ],
)
def test_an_elo_check_is_called_after_what_it_asks(check: str, title: str) -> None:
    assert asking(check).checks[0].title == title


@pytest.mark.parametrize("value", VALUES)
def test_every_value_can_be_asked_for_with_a_rule(value: str) -> None:
    assert ask(f'elo: {{}}, value: {value}, pass: "> 0"').value == value


NEAR = "expected elo1 at least 0.01 above elo0, got"
SHARE = "expected 0.5 to 0.9999, got"
RISK = "expected 0.000001 to 0.49, got"


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("elo: latest", 'a.elo: expected a mapping, got the text "latest"; write elo: {candidate: latest}'),
        ("elo:", "a.elo: expected a value, got nothing; write one or remove the key"),
        ("elo: {candidte: x}", "a.elo.candidte: expected a known key, got `candidte`; did you mean `candidate`?"),
        ('elo: {candidate: ""}', 'a.elo.candidate: expected a text that is not empty, got the text ""; change it'),
        ("elo: {candidate: 5}", "a.elo.candidate: expected text, got `5`; put it in quotes"),
        ('elo: {against: ""}', 'a.elo.against: expected a text that is not empty, got the text ""; change it'),
        ("elo: {elo0: 30}", f"a.elo.elo0: {NEAR} elo0 30 and elo1 20; change one"),
        ("elo: {elo1: -5}", f"a.elo.elo1: {NEAR} elo0 0 and elo1 -5; change one"),
        ("elo: {elo0: 5, elo1: 5.001}", f"a.elo.elo1: {NEAR} elo0 5 and elo1 5.001; change one"),
        ("elo: {elo1: 20000}", "a.elo.elo1: expected -10,000 to 10,000, got 20000; change it"),
        ("elo: {elo0: -2.0e+9}", "a.elo.elo0: expected -10,000 to 10,000, got -2e+09; change it"),
        ("elo: {alpha: 0}", f"a.elo.alpha: {RISK} 0; change it"),
        ("elo: {beta: 0.5}", f"a.elo.beta: {RISK} 0.5; change it"),
        (
            "elo: {alpha: 1e-3}",
            'a.elo.alpha: expected a number, got the text "1e-3"; YAML reads this as text: write 0.001',
        ),
        ("elo: {confidence: 95}", f"a.elo.confidence: {SHARE} 95; change it"),
        ("elo: {confidence: 1}", f"a.elo.confidence: {SHARE} 1; change it"),
        ("elo: {confidence: 0.4}", f"a.elo.confidence: {SHARE} 0.4; change it"),
        ('elo: {}, value: gaps, pass: "> 0"', "a.value: expected a value of elo, got `gaps`; did you mean `gap`?"),
        (
            'elo: {}, value: "", pass: "> 0"',
            "a.value: expected a value of elo, got ``; allowed: exploitation, gap, "
            "latest, least-exploitation, older-checkpoints, reference-decline, slope",
        ),
        ("elo: {}, value: gap", 'a: expected `pass` or `fail` with a bound, got neither; write pass: "< 0.1"'),
        (
            'elo: {}, pass: "> 0"',
            "a.pass: expected no `pass` beside a sequential decision, whose elo0, elo1, alpha and "
            "beta are the rule; remove it, or ask for a `value`",
        ),
        (
            'elo: {}, fail: "> 0"',
            "a.fail: expected no `fail` beside a sequential decision, whose elo0, elo1, alpha and "
            "beta are the rule; remove it, or ask for a `value`",
        ),
        ("elo: {}, stat: mean", "a.stat: expected no `stat` beside `elo`; remove it"),
        ("elo: {}, window: all", "a.window: expected no `window` beside `elo`; remove it"),
        (
            'elo: {}, metric: kl, pass: "< 1"',
            "a: expected exactly one of `metric`, `logs`, `axiom`, `elo`, got `metric` and `elo`; keep one",
        ),
        (
            'elo: {}, logs: errors, pass: "< 1"',
            "a: expected exactly one of `metric`, `logs`, `axiom`, `elo`, got `logs` and `elo`; keep one",
        ),
    ],
)
def test_a_fault_of_an_elo_check_is_told_with_its_place_and_what_to_do(check: str, expected: str) -> None:
    assert check_faults(check) == [f"policy.yml:3: checks.{expected}"]


def test_faults_of_an_elo_check_come_all_at_once() -> None:
    found = check_faults('elo: {elo0: 30, confidence: 2}, value: gaps, pass: "x"')

    assert [fault.partition(": expected")[0] for fault in found] == [
        "policy.yml:3: checks.a.elo.confidence",
        "policy.yml:3: checks.a.elo.elo0",
        "policy.yml:3: checks.a.pass",
        "policy.yml:3: checks.a.value",
    ]


def test_a_number_that_is_not_finite_is_told_where_it_stands() -> None:
    told = "policy.yml:3: checks.a.elo.elo1: expected a finite number, got `.inf`; write a number"

    assert told in check_faults("elo: {elo1: .inf}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("elo", "policy.yml:2: checks.elo.metrc: expected a known key, got `metrc`; did you mean `metric`?"),
        ("baseline", "policy.yml:2: checks.baseline.metrc: expected a known key, got `metrc`; did you mean `metric`?"),
    ],
)
def test_a_check_may_be_called_like_a_key(name: str, expected: str) -> None:
    assert faults(f"version: 1\nchecks: {{{name}: {{metrc: kl}}}}") == [expected]
    assert faults(f"version: 1\nchecks: {{{name}: {{elo: {{}}}}}}") == []
    advice = 'write {metric: …, stat: …, pass: "…"}, or off to switch a check of a profile off'
    assert faults(f"version: 1\nchecks: {{{name}: 5}}") == [
        f"policy.yml:2: checks.{name}: expected a mapping, got `5`; {advice}"
    ]


def test_a_baseline_that_is_no_mapping_is_told_how_to_write_one() -> None:
    assert check_faults("metric: kl, baseline: old") == [
        'policy.yml:3: checks.a.baseline: expected a mapping, got the text "old"; write baseline: {run: PATH, '
        "max-drop: 5%}"
    ]


def test_the_profile_asks_the_whole_table_of_the_design_and_can_be_changed_check_by_check() -> None:
    whole = policy("extends: [league]\n").checks
    changed = policy(
        'extends: [league]\nchecks: {strength: {elo: {elo1: 40}}, best-gap: off, exploitation: {pass: "> 100"}}\n'
    ).checks

    assert [one.id for one in whole] == [
        "strength",
        "reference-decline",
        "exploitation",
        "exploitation-per-bot",
        "best-gap",
        "older-checkpoints",
        "latest-regression",
    ]
    assert all(one.remedy for one in whole)
    assert "best-gap" not in {one.id for one in changed}
    assert [str(one.rule) for one in changed if one.id == "exploitation"] == ["> 100"]
    assert [one.ask.hypotheses.elo1 for one in changed if isinstance(one.ask, EloAsk) and one.id == "strength"] == [40]


def test_hostile_names_are_quoted_in_a_fault() -> None:
    [found] = plan_faults('references: {"a\\u202e\\n::b": "\\u202e"}')

    assert found == rf'2: references.a\u202e\n::b: {RATING}the text "\u202e"; change it'


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.lists(st.text(), max_size=3),
        st.dictionaries(st.sampled_from(("rating", "se", "x")), st.one_of(st.floats(), st.integers())),
    )
)
def test_no_value_of_a_reference_is_a_crash_or_a_rating_that_is_none(value: Any) -> None:
    told: list[Path] = []

    found = read_plan({"references": {"a": value}}, lambda path, problem: told.append(path))

    measured = found.references["a"]
    if value == "free":
        assert (measured, told) == (None, [])
    elif measured is None:
        assert told == [("references", "a")]
    else:
        assert told == []
        assert math.isfinite(measured.rating)
        assert measured.se >= 0


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("references: [a, b]", True),
        ("references: {a: 1000, b: {rating: 1, se: 2}, c: free}", True),
        ("references: {a: {se: 2}}", False),
        ("references: {a: nothing}", False),
        ("references: 5", False),
        ("online-elo: {seats: 1}", False),
        ("online-elo: {update: averaged}", True),
        ("games: {cluster: x, columns: y}", True),
        ("games: {rows: x}", False),
    ],
)
def test_the_schema_for_editors_says_the_same(said: str, fits: bool) -> None:
    text = f"version: 1\n{said}\n{CHECK}"

    assert jsonschema.Draft202012Validator(policy_schema()).is_valid(yaml.safe_load(text)) is fits
    assert (faults(text) == []) is fits
