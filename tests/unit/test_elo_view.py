"""What people see of an Elo analysis: tables, charts, Markdown and terminal; every number there, no text obeyed."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from action.cli.elo_page import answer_word, print_elo
from action.cli.page import open_console
from action.report.elo_view import (
    CHART,
    TextTable,
    answer_of,
    charts,
    elo_tables,
    interval_text,
    method_of,
    ratings_table,
)
from action.report.markdown import BUDGET, elo_markdown, verdict_markdown
from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.elo.facts import EloFacts, LearningFacts, MeetingFacts, RatingFacts, Span, facts_of
from checks.elo.learning import Signal
from checks.elo.sequential import SequentialOutcome
from checks.run import Note, NoteKind
from tests.games import BASE, NEW, asked, duel, join, league, seats
from tests.verdicts import HOSTILE, look, tidy, verdict

WIDTHS = (20, 40, 80, 100, 160)
LEAGUE = facts_of(
    asked(league(3, {"adapter_v10": 1100, "adapter_v20": 1200, BASE: 1000, "chaos_bot": 900}, games=300, chairs=4))
)
SEATED = facts_of(
    asked(seats([f"{NEW}@A>{BASE}@B>x_bot@C", f"{BASE}@A>{NEW}@B>x_bot@C", f"x_bot@B>{NEW}@C>{BASE}@A"] * 8))
)
UNBOUNDED = facts_of(asked(join(duel(NEW, BASE, "1" * 20), duel("x", "y", "10")), allow_disconnected=True))
QUIET = LearningFacts(
    signal=Signal.UNCLEAR,
    reference_decline=None,
    exploitation=None,
    bots=(),
    older_checkpoints=None,
    latest=None,
    slope_per_100_steps=None,
)
LOGGED = replace(
    LEAGUE,
    mode=Mode.SERIES,
    method="a method",
    cluster=None,
    clusters=1_200,
    games=0,
    references=((BASE, None),),
    decision=None,
    learning=replace(
        QUIET,
        signal=Signal.POSITIVE,
        reference_decline=Span(elo=-5.0, low=-50.0, high=40.0),
        latest=Span(elo=138.0, low=69.0, high=211.0),
    ),
    head_to_head=(),
    sentences=("From the logged ratings alone.",),
)
NOTES = (Note(kind=NoteKind.ODD, text="116 games were ignored"), Note(kind=NoteKind.LOST, text="a line"))


def row(agent: str = NEW, low: float | None = 1.0, value: float | None = 2.0, high: float | None = 3.0) -> RatingFacts:
    return RatingFacts(
        agent=agent,
        kind=AgentKind.CHECKPOINT,
        step=10,
        span=Span(elo=value, low=low, high=high),
        se=1.0,
        games=1_200,
        flags=(),
    )


def hostile(text: str = HOSTILE, *, rows: int = 3) -> EloFacts:
    """Return an analysis that holds the text wherever data can bring one."""
    assert LEAGUE.gap is not None
    span = Span(elo=1.0, low=None, high=2.0)
    return replace(
        LEAGUE,
        method=text,
        cluster=text,
        references=((text, 1000.0),),
        ratings=tuple(replace(row(text), flags=(text, ">")) for _ in range(rows)),
        gap=replace(LEAGUE.gap, candidate=text, reference=text),
        learning=replace(LEAGUE.learning, bots=((text, span),) * 2),
        head_to_head=(MeetingFacts(reference=text, meetings=4, points=2.5, expected=None),),
        seats=((text, span),),
        doubts=(text,),
        sentences=(text, text),
    )


def shown(facts: EloFacts, width: int = 100, encoding: str = "utf-8", notes: tuple[Note, ...] = ()) -> str:
    """Return what a pipe of the encoding gets."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    print_elo(facts, notes, open_console(stream, width=width))
    stream.flush()
    return raw.getvalue().decode(encoding)


def table(facts: EloFacts, title: str) -> TextTable:
    return next(one for one in elo_tables(facts) if one.title == title)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_ratings_are_shown_as_they_stand_with_steps_intervals_games_and_flags() -> None:
    found = ratings_table(replace(LEAGUE, ratings=(row("a", 1150.2, 1203.5, 1256.7), row("b", 5.0, 5.0, 5.0))))

    assert found.heads == ("agent", "kind", "step", "rating", "95 % interval", "games", "flags")
    assert found.rows == (
        ("a", "checkpoint", "10", "1204", "1150 to 1257", "1,200", "–"),
        ("b", "checkpoint", "10", "5.0", "given", "1,200", "–"),
    )
    assert {found.heads[at] for at in found.right} == {"step", "rating", "games"}


def test_flags_are_told_in_words_and_agents_without_a_rating_have_none() -> None:
    found = {cells[0]: cells for cells in ratings_table(UNBOUNDED).rows}

    assert found[NEW][3:5] == ("–", f"from {found[NEW][4].removeprefix('from ')}")
    assert found[NEW][6] == "never lost"
    assert found[BASE][2:] == ("–", "1000", "given", "20", "fixed")
    assert found["x"][3:] == ("–", "–", "2", "unrated")
    both = replace(row(), flags=("<", "?", "indirect"))
    assert ratings_table(replace(LEAGUE, ratings=(both,))).rows[0][6] == "never won, not comparable, indirect"


def test_logged_ratings_are_shown_with_a_warning_and_without_intervals() -> None:
    found = ratings_table(LOGGED)

    assert found.title == "Logged ratings (to look at, not to compare)"
    assert found.heads == ("agent", "kind", "step", "last rating")
    assert [cells[0] for cells in found.rows] == ["adapter_v10", "adapter_v20", BASE, "chaos_bot"]
    assert charts(LOGGED) == ()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, "–"),
        (None, 5.0, "up to 5.0"),
        (-12.0, None, "from -12"),
        (7.0, 7.0, "given"),
        (-0.04, 12.0, "0 to 12"),
    ],
)
def test_an_interval_says_which_side_is_open(low: float | None, high: float | None, expected: str) -> None:
    assert interval_text(Span(elo=1.0, low=low, high=high)) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.0, 2.0, "yes"),
        (1.0, None, "yes"),
        (-2.0, -1.0, "no"),
        (None, -1.0, "no"),
        (0.0, 1.0, "cannot tell"),
        (-1.0, 0.0, "cannot tell"),
        (None, None, "cannot tell"),
    ],
)
def test_only_an_interval_that_is_clear_of_zero_answers(low: float | None, high: float | None, expected: str) -> None:
    assert answer_of(Span(elo=0.5, low=low, high=high)) == expected


def test_the_learning_signal_answers_every_question_that_was_estimated() -> None:
    questions = [cells[0] for cells in table(LEAGUE, "Learning signal").rows]

    assert questions == [
        "is the reference falling behind the checkpoints' trend?",
        "did training gain against the bots, in total?",
        "… against chaos_bot?",
        "do older checkpoints fall behind newer ones?",
        "is the newest checkpoint above the best older one?",
        "do ratings rise with training, per 100 steps?",
    ]
    assert not any(one.title == "Learning signal" for one in elo_tables(replace(LEAGUE, learning=QUIET)))


def test_the_fall_of_a_logged_reference_is_not_sold_as_learning_nor_the_newest_as_above_the_best() -> None:
    cells, newest = table(LOGGED, "Learning signal").rows

    assert newest == ("is the newest checkpoint above all the others together?", "yes", "138", "69 to 211")

    assert cells[0].endswith("(newcomers alone can do that)")
    assert cells[1:] == ("cannot tell", "-5.0", "-50 to 40")


def test_head_to_head_tells_shares_and_what_ratings_expect() -> None:
    meetings = (
        MeetingFacts(reference="a", meetings=1_200, points=900.0, expected=888.0),
        MeetingFacts(reference="b", meetings=3, points=0.5, expected=None),
        MeetingFacts(reference="never met", meetings=0, points=0.0, expected=None),
    )
    facts = replace(LEAGUE, head_to_head=meetings)

    assert table(facts, "adapter_v20 head to head").rows == (
        ("a", "1,200", "75.0%", "74.0%"),
        ("b", "3", "16.7%", "–"),
    )
    assert table(replace(facts, gap=None), "candidate head to head").rows


def test_seats_are_shown_where_they_are_known() -> None:
    assert [cells[0] for cells in table(SEATED, "What seats are worth").rows] == ["A", "B", "C"]
    assert not any(one.title == "What seats are worth" for one in elo_tables(LEAGUE))


def test_the_method_says_what_it_rests_on_and_what_fixes_the_scale() -> None:
    assert method_of(LEAGUE) == (
        f"300 games in 300 clusters (one a game); scale from base_model 1000. Method: {LEAGUE.method}."
    )
    assert method_of(LOGGED) == "1,200 logged steps used. Method: a method."


def test_a_chart_draws_every_rating_on_one_scale() -> None:
    facts = replace(
        LEAGUE,
        ratings=(
            row(low=80.0, value=90.0, high=100.0),
            row(low=None, value=None, high=40.0),
            row(low=60.0, value=None, high=None),
            row(low=None, value=None, high=None),
            row(low=0.0, value=0.0, high=0.0),
        ),
    )

    assert charts(facts, width=11) == (
        "        ─●─",
        "◂────      ",
        "      ────▸",
        "           ",
        "●          ",
    )
    assert charts(facts, width=11, plain=True)[:3] == ("        -o-", "<----      ", "      ---->")
    assert {len(line) for line in charts(facts)} == {CHART}


@pytest.mark.parametrize("ratings", [(), (row(low=5.0, value=5.0, high=5.0),), (row(low=None, value=None, high=None),)])
def test_there_is_no_chart_where_nothing_can_be_compared(ratings: tuple[RatingFacts, ...]) -> None:
    assert charts(replace(LEAGUE, ratings=ratings)) == ()
    assert shown(replace(LEAGUE, ratings=ratings))


ENDS = st.none() | st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(ENDS, ENDS, ENDS), max_size=6), st.integers(12, 40))
def test_any_ratings_can_be_drawn_in_their_width(
    spans: list[tuple[float | None, float | None, float | None]], width: int
) -> None:
    facts = replace(LEAGUE, ratings=tuple(row("x", *one) for one in spans))

    assert all(len(line) == width for line in charts(facts, width=width))


def test_markdown_has_the_answer_every_table_and_the_notes() -> None:
    text = elo_markdown("Strength in g.jsonl", "Better.", LEAGUE, NOTES)
    elements, read = look(text)

    assert text.startswith("## Strength in g.jsonl\n\n**Better.** adapter_v20 stands ")
    assert sum(element.startswith("table ") for element in elements) == 3
    for sentence in LEAGUE.sentences:
        assert sentence in read
    for one in elo_tables(LEAGUE):
        assert one.title in read
        for cells in one.rows:
            assert "\n".join(cell for cell in cells if cell) in read
    assert "Odd: 116 games were ignored" in read
    assert method_of(LEAGUE) in read
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_markdown_without_notes_ends_with_the_method() -> None:
    assert elo_markdown("t", "Better.", LEAGUE, ()).rstrip().endswith("</sub>")


@pytest.mark.parametrize("title", ["## x", "a|b", "[x](https://x.y)", "@team #1"])
def test_a_hostile_title_is_text(title: str) -> None:
    elements, read = look(elo_markdown(title, title, LEAGUE, ()))

    assert not [element for element in elements if element.startswith(("a ", "img"))]
    assert read.replace("\u200b", "").startswith(f"{title}\n{title} adapter_v20 stands")
    assert "@team" not in read


def test_markdown_obeys_no_text_of_the_data() -> None:
    harmless, read = look(elo_markdown("t", "Better.", hostile("harmless"), NOTES))
    elements, told = look(elo_markdown("t", "Better.", hostile(), NOTES))

    assert elements == harmless
    assert "</details>" in told
    assert "{{7*7}}" in told
    assert "@team" not in told
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", told)
    assert read.count("harmless") > 10


def test_the_verdict_tells_of_strength_with_the_same_tables_and_obeys_no_text() -> None:
    elements, read = look(verdict_markdown(verdict(elo=LEAGUE)))
    bad, told = look(verdict_markdown(verdict(elo=hostile())))
    good, _ = look(verdict_markdown(verdict(elo=hostile("harmless"))))

    assert "Strength" in read
    assert all(sentence in read for sentence in LEAGUE.sentences)
    assert sum(element.startswith("table ") for element in elements) == 5
    assert "Strength" not in look(verdict_markdown(verdict()))[1]
    assert bad == good
    assert "@team" not in told


@pytest.mark.parametrize("budget", [4_000, BUDGET])
def test_a_long_table_is_cut_to_the_budget_and_says_so(budget: int) -> None:
    many = replace(LEAGUE, ratings=tuple(row(f"adapter_v{i}") for i in range(2_000)))

    text = elo_markdown("t", "Better.", many, NOTES, budget=budget)

    assert len(text) <= budget
    assert re.search(r"… and 1,\d\d\d more in <code>the output of --format json</code>|… and 2,000 more", text)
    assert len(verdict_markdown(verdict(elo=many), budget=budget)) <= budget


def test_a_budget_that_holds_not_even_the_paragraph_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="a budget of 200 characters does not hold the paragraph"):
        elo_markdown("t", "Better.", LEAGUE, (), budget=200)


def decided(outcome: SequentialOutcome, *doubts: str) -> EloFacts:
    assert LEAGUE.decision is not None
    return replace(LEAGUE, decision=replace(LEAGUE.decision, outcome=outcome), doubts=doubts)


@pytest.mark.parametrize(
    ("facts", "expected", "colour"),
    [
        (decided(SequentialOutcome.BETTER), "BETTER", 32),
        (decided(SequentialOutcome.NOT_BETTER), "NOT BETTER", 31),
        (decided(SequentialOutcome.UNDECIDED), "UNDECIDED", 33),
        (decided(SequentialOutcome.BETTER, "The seat."), "UNDECIDED", 33),
        (replace(LEAGUE, gap=None, decision=None), "NOTHING TO DECIDE", 33),
        (LOGGED, "LEARNING", 32),
        (replace(LOGGED, learning=replace(QUIET, signal=Signal.NONE)), "NOT LEARNING", 31),
        (replace(LOGGED, learning=QUIET), "CANNOT TELL", 33),
    ],
)
def test_the_first_words_are_the_answer_in_its_colour(facts: EloFacts, expected: str, colour: int) -> None:
    stream = io.StringIO()
    print_elo(facts, (), Console(file=stream, width=100, force_terminal=True, color_system="standard"))

    assert shown(facts).startswith(f"{expected}  ")
    assert re.match(rf"\x1b\[1;7;{colour}m {expected} \x1b\[0m", stream.getvalue())
    assert answer_word(facts).upper() == expected


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("facts", [LEAGUE, SEATED, UNBOUNDED, LOGGED], ids=["league", "seated", "unbounded", "logged"])
def test_everything_is_there_in_any_width(width: int, facts: EloFacts) -> None:
    found = squeezed(shown(facts, width, notes=NOTES))

    for part in (*facts.sentences, method_of(facts), *(note.text for note in NOTES)):
        assert squeezed(part) in found
    for one in elo_tables(facts):
        assert squeezed(one.title) in found
        for cells in one.rows:
            for cell in cells[1:]:
                assert squeezed(cell) in found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "facts", [LEAGUE, UNBOUNDED, hostile(), hostile("日本語 " * 30)], ids=["league", "unbounded", "hostile", "wide"]
)
def test_no_line_is_wider_than_the_terminal_and_nothing_is_obeyed(width: int, facts: EloFacts) -> None:
    found = shown(facts, width, notes=(Note(kind=NoteKind.ODD, text=HOSTILE),))

    assert max(cell_len(line) for line in found.splitlines()) <= width
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", found) is None
    assert [line for line in found.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_stream_without_unicode_gets_ascii(width: int) -> None:
    found = shown(replace(hostile("Ω – …"), ratings=LEAGUE.ratings), width, "ascii")

    assert "\\u03a9" in found
    assert "\\u25cf" not in found
    assert "\\u2500" not in found


def test_a_terminal_shows_sixty_rows_and_says_where_the_others_are() -> None:
    facts = replace(LEAGUE, ratings=tuple(row(f"adapter_v{i}", i, i + 1, i + 2) for i in range(300)))

    for width in (40, 80, 160):
        found = shown(facts, width)
        assert "adapter_v59" in found
        assert "adapter_v60" not in found
        assert "… and 240 more, in --format json" in " ".join(found.split())


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=30), st.integers(10, 200))
def test_any_name_can_be_shown(name: str, width: int) -> None:
    facts = hostile(name)

    assert shown(facts, width, "ascii")
    assert tidy(look(elo_markdown(name, name, facts, ()))[1])
