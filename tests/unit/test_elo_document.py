"""The `elo` object of `verdict.json`: the same bytes for the same analysis, valid, and back again."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from action.errors import InputError
from action.report.document import json_text, notes_document, verdict_json
from action.report.elo_document import elo_document
from action.report.elo_reading import read_elo
from action.report.field import Field
from action.report.reading import parse_verdict
from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.elo.facts import (
    DecisionFacts,
    EloFacts,
    GapFacts,
    LearningFacts,
    MeetingFacts,
    RatingFacts,
    Span,
    facts_of,
)
from checks.elo.learning import SeriesLearning, Signal
from checks.elo.pace import SeriesRule
from checks.elo.sequential import SequentialOutcome
from checks.run import Note, NoteKind
from tests.games import BASE, NEW, asked, duel, join, league, seats
from tests.verdicts import HOSTILE, verdict

LEAGUE = facts_of(
    asked(league(3, {"adapter_v10": 1100, "adapter_v20": 1200, BASE: 1000, "chaos_bot": 900}, games=300, chairs=4))
)
CASES = {
    "league": LEAGUE,
    "seats": facts_of(asked(seats([f"{NEW}@A>{BASE}@B>x_bot@C", f"{BASE}@A>{NEW}@B>x_bot@C"] * 8))),
    "never lost": facts_of(asked(join(duel(NEW, BASE, "1" * 20), duel("x", "y", "10")), allow_disconnected=True)),
    "no checkpoint": facts_of(asked(duel("chaos_bot", BASE, "10"))),
    "undecided": facts_of(asked(duel(NEW, BASE, "10" * 10))),
    "series": facts_of(SeriesLearning(rule=SeriesRule(), reference=BASE, pooled=(NEW,), older=(), rows=())),
}


def validator(name: str) -> Draft202012Validator:
    text = importlib.resources.files("action").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


VALIDATORS = {name: validator(name) for name in ("elo", "verdict")}


def misfits(name: str, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATORS[name].iter_errors(document)]


def field(document: Any) -> Field:
    return Field(name="verdict.json", path="elo", value=document)


def printed(facts: EloFacts, *notes: Note) -> str:
    """Write what `elo --format json` prints."""
    return json_text(elo_document(facts) | {"notes": notes_document(notes)})


def hostile(text: str) -> EloFacts:
    """Return an analysis that holds the text wherever data can bring one."""
    assert LEAGUE.gap is not None
    span = Span(elo=1.0, low=None, high=2.0)
    return replace(
        LEAGUE,
        method=text,
        cluster=text,
        references=((text, 1000.0),),
        ratings=tuple(replace(row, agent=text, flags=(text,)) for row in LEAGUE.ratings),
        gap=replace(LEAGUE.gap, candidate=text, reference=text),
        learning=replace(LEAGUE.learning, bots=((text, span),)),
        head_to_head=(MeetingFacts(reference=text, meetings=4, points=2.5, expected=None),),
        seats=((text, span),),
        doubts=(text,),
        sentences=(text, text),
    )


def analyses() -> st.SearchStrategy[EloFacts]:
    """Return analyses of all kinds, with any text and any finite number."""
    text = st.text(alphabet=st.characters(), max_size=12)
    number = st.floats(-1e300, 1e300).map(lambda value: float(f"{value:.9g}") or 0.0)
    share = st.floats(0.501, 0.999).map(lambda value: float(f"{value:.9g}"))
    whole = st.integers(0, 2**40)
    end = st.none() | number
    span = st.builds(Span, elo=end, low=end, high=end)
    named = st.lists(st.tuples(text, span), max_size=2).map(tuple)
    texts = st.lists(text, max_size=2).map(tuple)
    rating = st.builds(
        RatingFacts,
        agent=text,
        kind=st.sampled_from(AgentKind),
        step=st.none() | whole,
        span=span,
        se=st.none() | number.map(abs),
        games=whole,
        flags=texts,
    )
    decision = st.builds(
        DecisionFacts,
        outcome=st.sampled_from(SequentialOutcome),
        elo0=number,
        elo1=number,
        alpha=share.map(lambda value: round(value / 4, 6)),
        beta=share.map(lambda value: round(value / 4, 6)),
        llr=number,
        lower=number.map(lambda value: -abs(value) - 1e-3).map(lambda value: float(f"{value:.9g}")),
        upper=number.map(lambda value: abs(value) + 1e-3).map(lambda value: float(f"{value:.9g}")),
        games=whole,
        games_needed=st.none() | st.integers(1, 2**40),
    )
    learnt = st.builds(
        LearningFacts,
        signal=st.sampled_from(Signal),
        reference_decline=st.none() | span,
        exploitation=st.none() | span,
        bots=named,
        older_checkpoints=st.none() | span,
        latest=st.none() | span,
        slope_per_100_steps=st.none() | span,
    )
    meeting = st.builds(
        MeetingFacts,
        reference=text,
        meetings=st.integers(1, 2**40),
        points=number.map(abs),
        expected=st.none() | number.map(abs),
    )
    gap = st.builds(
        GapFacts,
        candidate=text,
        reference=text,
        span=span,
        p_superior=st.none() | share,
        chosen_from=st.integers(1, 99),
    )
    return st.builds(
        EloFacts,
        mode=st.sampled_from(Mode),
        confidence=share,
        method=text,
        cluster=st.none() | text,
        clusters=whole,
        games=whole,
        references=st.dictionaries(text, end, max_size=3).map(lambda found: tuple(found.items())),
        ratings=st.lists(rating, max_size=3).map(tuple),
        gap=st.none() | gap,
        decision=st.none() | decision,
        learning=learnt,
        head_to_head=st.lists(meeting, max_size=2).map(tuple),
        seats=named,
        doubts=texts,
        sentences=texts,
    )


@pytest.mark.parametrize("case", CASES)
def test_an_analysis_is_read_back_as_it_was_and_written_to_the_same_bytes(case: str) -> None:
    facts = CASES[case]
    read = read_elo(field(json.loads(printed(facts))))

    assert read == facts
    assert printed(read) == printed(facts)
    judged = verdict(elo=facts)
    assert parse_verdict(verdict_json(judged)) == judged


@settings(deadline=None)
@given(analyses())
def test_any_analysis_is_valid_and_read_back_as_it_was(facts: EloFacts) -> None:
    document = json.loads(printed(facts))

    assert misfits("elo", document) == []
    assert read_elo(field(document)) == facts
    assert parse_verdict(verdict_json(verdict(elo=facts))).elo == facts


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_analysis_is_valid_alone_and_in_a_verdict(case: str) -> None:
    notes = (Note(kind=NoteKind.ODD, text="116 games were ignored"),)

    assert misfits("elo", json.loads(printed(CASES[case], *notes))) == []
    assert misfits("verdict", json.loads(verdict_json(verdict(elo=CASES[case])))) == []


@pytest.mark.parametrize("text", [HOSTILE, "", "\ud800", "##[error]x", "::warning::x", "\x7f\x00"])
def test_hostile_names_are_read_back_and_attack_neither_terminal_nor_runner(text: str) -> None:
    told = printed(hostile(text))

    assert read_elo(field(json.loads(told))) == hostile(text)
    assert told.isascii()
    assert all(char == "\n" or char.isprintable() for char in told)
    assert "##[" not in told
    assert misfits("elo", json.loads(told)) == []


def test_references_keep_their_order_since_the_first_fixes_the_scale() -> None:
    facts = replace(LEAGUE, references=(("z", 1000.0), ("a", None), ("m", 850.5)))

    assert read_elo(field(json.loads(printed(facts)))).references == facts.references


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
def test_a_number_that_is_not_finite_is_null(value: float | None) -> None:
    facts = replace(LEAGUE, ratings=(replace(LEAGUE.ratings[0], span=Span(elo=value, low=value, high=value)),))

    document: Any = elo_document(facts)

    assert {document["ratings"][0][key] for key in ("elo", "low", "high")} == {None}


REFUSED: dict[str, tuple[Any, str]] = {
    "mode": ("game", 'elo.mode: expected one of games, series, got "game"'),
    "confidence": (None, "elo.confidence: expected a number, got null"),
    "clusters": (1.5, "elo.clusters: expected a whole number, got 1.5"),
    "cluster": (5, "elo.cluster: expected text, got 5"),
    "references": ([], "elo.references: expected an object, got a list"),
    "references.base_model": ("1000", 'elo.references.base_model: expected a number, got "1000"'),
    "ratings": ({}, "elo.ratings: expected a list, got an object"),
    "ratings.0": ("x", 'elo.ratings[0]: expected an object, got "x"'),
    "ratings.0.kind": ("bot", "elo.ratings[0].kind: expected one of reference, checkpoint, other"),
    "ratings.0.elo": (True, "elo.ratings[0].elo: expected a number, got true"),
    "ratings.0.high": (10**400, "elo.ratings[0].high: expected a finite number or null"),
    "ratings.0.flags": ("fixed", 'elo.ratings[0].flags: expected a list, got "fixed"'),
    "ratings.0.flags.0": (1, "elo.ratings[0].flags[0]: expected text, got 1"),
    "gap": (5, "elo.gap: expected an object, got 5"),
    "gap.candidate": (None, "elo.gap.candidate: expected text, got null"),
    "gap.chosen_from": ("1", 'elo.gap.chosen_from: expected a whole number, got "1"'),
    "decision.outcome": ("pass", "elo.decision.outcome: expected one of better, not_better, undecided"),
    "decision.games": (1e3, "elo.decision.games: expected a whole number, got 1000.0"),
    "learning.signal": ("yes", "elo.learning.signal: expected one of positive, none, negative, unclear"),
    "learning.latest": ([], "elo.learning.latest: expected an object, got a list"),
    "learning.bots.0.bot": (None, "elo.learning.bots[0].bot: expected text, got null"),
    "head_to_head.0.points": (None, "elo.head_to_head[0].points: expected a number, got null"),
    "seats": (None, "elo.seats: expected a list, got null"),
    "doubts": ("x", 'elo.doubts: expected a list, got "x"'),
    "sentences.0": (None, "elo.sentences[0]: expected text, got null"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_a_fault_is_named_with_its_path_and_a_remedy_and_the_schema_refuses_it_too(path: str) -> None:
    value, expected = REFUSED[path]
    document: Any = json.loads(printed(LEAGUE))
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = document
    for key in parents:
        place = place[key]
    if path == "ratings.0.flags.0":
        place.append(value)
    else:
        place[last] = value

    with pytest.raises(InputError) as error:
        read_elo(field(document))

    assert str(error.value).startswith(f"verdict.json: {expected}")
    assert ";" in str(error.value)
    # JSON Schema takes 1000.0 for a whole number, and a number of any size for one.
    assert misfits("elo", document) != [] or path in ("decision.games", "ratings.0.high")


@pytest.mark.parametrize("key", sorted(elo_document(LEAGUE)))
def test_no_field_may_be_missing(key: str) -> None:
    document = {name: value for name, value in elo_document(LEAGUE).items() if name != key}

    with pytest.raises(InputError, match=rf"elo\.{key}: expected a value, got no such field"):
        read_elo(field(document))
    assert misfits("elo", document | {"notes": []}) != []


def test_fields_of_later_versions_are_left_alone() -> None:
    later = elo_document(LEAGUE) | {"later": {"x": 1}}

    assert read_elo(field(later)) == LEAGUE
    assert misfits("elo", json.loads(json_text(later | {"notes": []}))) == []
