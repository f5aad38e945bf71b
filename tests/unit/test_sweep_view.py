"""What people see of a sweep: tables, charts, short names; in 80 columns, escaped, within its budget."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from action.cli.page import open_console
from action.cli.sweep_page import print_sweep
from action.report.markdown import BUDGET
from action.report.mermaid import draw_together
from action.report.short_names import short_names
from action.report.sweep_markdown import lines_chart, sweep_markdown
from action.report.sweep_view import asides, fact_tables, shown_evidence, shown_tables, strength_tables
from checks.run import Note, NoteKind, RunState, Scalar
from checks.sweep.answer import SweepAnswer
from checks.sweep.entry import Entry
from checks.sweep.words import sentences
from tests.services.mermaid import ChartParser
from tests.sweeps import PUBLISHED, compared, duels, entry, published, run_of, strong

ODD = Note(kind=NoteKind.ODD, text="a blank line")
HOSTILE = "|x|<b>*y*</b>`\n@team"


def text_of(found: SweepAnswer, *notes: Note, width: int = 80) -> str:
    shown = io.StringIO()
    print_sweep(found, notes, open_console(shown, width=width))
    return shown.getvalue()


def trained(label: str, strengths: dict[int, int], config: dict[str, Scalar] | None = None) -> Entry:
    """Return a run with a checkpoint a step, each with so many of 100 games won."""
    games = [game for step, won in strengths.items() for game in duels(f"adapter_v{step}", "base_model", won=won,
             lost=100 - won)]  # fmt: skip
    values: dict[str, list[float]] = {"kl/mean": [0.01, 0.3], "elo/base_model": [1000, 980], "elo/win_rate": [0.4, 0.5]}
    return entry(label, games, run=run_of(label, values, config=config or {}))


LEAGUE = [
    trained("league-low-s0", {10: 52, 20: 55, 30: 60}, {"lr": 1e-5, "seed": 1}),
    trained("league-high-s0", {10: 60, 20: 75, 30: 90}, {"lr": 3e-5, "seed": 2}),
]


def test_the_published_figures_stand_in_the_text_within_80_columns() -> None:
    text = text_of(compared(published()))
    lines = text.splitlines()

    assert max(map(len, lines)) <= 80
    shown = {line.split()[0]: line for line in lines if line[:1] in PUBLISHED and line[1:2] == " "}
    gaps = [line for line in lines if "as logged  " in line]
    assert [line.split()[:2] for line in gaps] == [
        [name, f"+{PUBLISHED[name][0]:.0f}"] for name in ("H", "C", "A", "F", "G", "E", "D", "B")
    ]
    assert "137.1" in shown["H"]
    assert "base_model  1001  1050  1072  1024  1036  1097  1062  1109" in text
    assert lines[0].startswith("INCONCLUSIVE")


def test_a_winner_is_said_first_and_every_table_fits_80_columns() -> None:
    text = text_of(compared(LEAGUE), ODD)

    assert text.startswith("WINNER  league-high-s0 is stronger than league-low-s0")
    assert max(map(len, text.splitlines())) <= 80
    for said in ("kl-spike: a KL above 0.2", "Win rates are not comparable", "also differ in seed", "a blank line"):
        assert said in text
    assert "Names of runs are short for league-…-s0." in text


def test_a_narrow_terminal_shows_every_number_too() -> None:
    text = text_of(compared(LEAGUE), width=40)

    assert max(map(len, text.splitlines())) <= 40
    assert "1e-05" in text


@pytest.mark.parametrize(
    ("labels", "short"),
    [
        (["a", "a b"], ["a", "a b"]),
        (["x-1", "x-2"], ["1", "2"]),
        (["grpo10", "grpo11"], ["grpo10", "grpo11"]),
        (["a-x-b", "a-b"], ["x-b", "b"]),
        (["", "a"], ["", "a"]),
    ],
)
def test_names_are_shortened_by_whole_words_and_stay_different(labels: list[str], short: list[str]) -> None:
    assert list(short_names(labels).values()) == short


def test_asides_tell_what_is_not_shown() -> None:
    secret = {"api_key": "a"}, {"api_key": "b"}
    runs = [strong(name, won, 100, run=run_of(name, config=config))
            for name, won, config in (("a", 100, secret[0]), ("b", 150, secret[1]), ("c", 90, {}))]  # fmt: skip

    told = asides(compared(runs))

    assert "Configurations also differ in nothing else. 1 more may be secret and are not shown." in told
    assert "No configuration is recorded of c." in told


def test_a_reference_that_fell_is_shown_with_a_change_below_zero_everywhere() -> None:
    values = {"elo/base_model": [1000, 980], "elo/chaos_bot": [900, 915], "elo/adapter_v1": [1000, 1010]}
    runs = [entry(name, run=run_of(name, values)) for name in ("a", "b")]
    tables = {table.title: table for table in fact_tables(compared(runs))}

    logged = tables["References as logged: last rating (and its change since its own start)"]
    assert [row[:2] for row in logged.rows] == [
        ("base_model", "980 (-20)"),
        ("chaos_bot", "915 (+15)"),
        ("total change", "-5.0"),
    ]
    ranked = tables["Rankings (by numbers alone: neighbours may be equals)"]
    assert dict(zip(ranked.heads, ranked.rows[0], strict=True))["by total change"] == "a -5.0"


def test_games_needed_are_the_same_in_the_table_as_in_the_sentence() -> None:
    found = compared([strong("one", 110, 90), strong("two", 104, 96)])
    [_, comparisons] = strength_tables(found)

    needed = dict(zip(comparisons.heads, comparisons.rows[0], strict=True))["games needed"]
    assert f"; about {needed} more games of adapter_v20 of one" in " ".join(sentences(found))


def test_what_each_run_shows_is_told_with_its_evidence_unless_it_learns() -> None:
    steps = 200
    rising = {"benchmark/reward_mean": [n / steps + 0.01 * (n % 3) for n in range(steps)]}
    dead = {"reward_std": [0.0] * steps, "benchmark/reward_mean": [1.0] * steps}
    runs = [
        entry("x-good", run=run_of("x-good", rising)),
        entry("x-dead", run=run_of("x-dead", dead)),
        entry("x-none"),
    ]

    found = compared(runs)
    [table] = shown_tables(found)

    assert table.title == "What each run shows (the tool's reading, which takes no part in the comparison)"
    assert {row[0]: row[1:] for row in table.rows} == {
        "good": ("Learning", "–"),
        "dead": ("Dead signal", "Plateau"),
        "none": ("–", "–"),
    }
    [(name, evidence)] = shown_evidence(found)
    assert name == "dead"
    assert evidence in " ".join(text_of(found).split())
    assert f"- **dead**: {evidence[:20]}" in sweep_markdown(found, [])
    assert shown_tables(compared(published())) == ()


def test_a_terminal_explains_the_first_runs_and_counts_the_others() -> None:
    dead = {"reward_std": [0.0] * 200}
    found = compared([entry(f"r{n:02}", run=run_of(f"r{n:02}", dead)) for n in range(23)])

    assert "… and 3 more, in --format json" in text_of(found)


def test_states_are_shown_unless_all_have_finished() -> None:
    killed = strong("b", 150, 50, run=run_of("b", state=RunState.KILLED))
    unknown = strong("c", 150, 51, run=run_of("c", state=RunState.UNKNOWN))
    heads = [table.heads for table in fact_tables(compared([strong("a", 100, 100), killed, unknown]))]

    assert any("state" in head for head in heads)
    assert not any("state" in table.heads for table in fact_tables(compared(LEAGUE)))


def test_the_chart_has_the_steps_that_all_runs_have_and_interpolates_nothing() -> None:
    more = trained("league-more-s0", {10: 50, 20: 52, 25: 53, 30: 54})
    few = trained("league-few-s0", {10: 50, 20: 52})

    chart = lines_chart(compared([*LEAGUE, more, few]))

    assert chart is not None
    assert 'x-axis "step" ["10", "20", "30"]' in chart.code
    assert chart.code.count("  line [") == 3
    assert [name for _, name in chart.legend] == ["high", "low", "more"]
    assert chart.asides == (
        "1 step left out, at which not all of them have a checkpoint.",
        "Not drawn, with fewer than 3 checkpoints whose rating is finite: few (2).",
    )
    assert lines_chart(compared(published())) is None
    assert lines_chart(compared([few, trained("x", {10: 50})])) is None


def test_runs_for_which_a_chart_has_no_colour_are_named() -> None:
    runs = [trained(f"r{n:02}", {10: 50 + n, 20: 55 + n, 30: 60 + n}) for n in range(14)]

    chart = lines_chart(compared(runs))

    assert chart is not None
    assert chart.asides == ("Not drawn, since a chart holds 6 lines: r07, r06, r05, r04, r03, r02 and 2 more.",)


def test_lines_are_not_drawn_together_where_there_is_no_room_for_every_step() -> None:
    steps = list(range(100))

    assert draw_together(steps, [[float(step) for step in steps]], "Elo") is None
    assert draw_together(steps[:20], [[float(step) for step in steps[:20]]], "Elo") is not None
    assert draw_together([], [], "Elo") is None


@pytest.fixture(name="mermaid", scope="module")
def _mermaid() -> Iterator[ChartParser]:
    with ChartParser() as parser:
        yield parser


def test_mermaid_reads_the_chart(mermaid: ChartParser) -> None:
    chart = lines_chart(compared(LEAGUE))

    assert chart is not None
    assert mermaid.fault(chart.code) is None


def test_markdown_holds_the_chart_and_escapes_what_is_hostile() -> None:
    hostile = trained(f"league-{HOSTILE}-s0", {10: 20, 20: 30, 30: 40}, {HOSTILE: "1", "lr": HOSTILE})
    text = sweep_markdown(compared([*LEAGUE, hostile]), [Note(kind=NoteKind.ODD, text=HOSTILE)])

    assert "```mermaid\n%%{init:" in text
    assert text.startswith("## ✅ Winner among 3 runs\n")
    assert "<b>" not in text
    assert "@team" not in text
    assert "&#124;x&#124;" in text


def test_markdown_of_many_runs_keeps_its_budget_and_says_what_is_left_out() -> None:
    runs = [entry(f"run-{n:03}", run=run_of(f"run-{n:03}", {"elo/base_model": [1000 + n], "elo/adapter_v1": [1050]}))
            for n in range(200)]  # fmt: skip
    found = compared(runs)

    text = sweep_markdown(found, [])

    assert len(text) <= BUDGET
    assert len(sweep_markdown(found, [], budget=20_000)) <= 20_000
    assert "more in <code>the output of --format json</code>" in sweep_markdown(found, [], budget=20_000)
    with pytest.raises(ValueError, match="does not hold"):
        sweep_markdown(found, [], budget=100)
