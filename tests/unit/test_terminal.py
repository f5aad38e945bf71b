"""What a person sees in a terminal: whole in any width, plain in a pipe, and no hostile text is obeyed."""

import io
import math
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from action.cli.page import open_console
from action.cli.terminal import print_table, print_verdict
from action.report.table import sparkline
from bench.picture import draw
from checks.result import Decision, Outcome, Severity, Verdict
from checks.run import Note, NoteKind, Scalar
from tests.verdicts import check, failing, hostile, policy, verdict, verdicts

WIDTHS = (20, 40, 80, 100, 160)


def plain(judged: Verdict, width: int = 100, encoding: str = "utf-8", written: tuple[str, ...] = ()) -> str:
    """Return what a pipe of the encoding gets."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    print_verdict(judged, open_console(stream, width=width), written=written)
    stream.flush()
    return raw.getvalue().decode(encoding)


def coloured(judged: Verdict, *, no_color: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True, color_system="standard", no_color=no_color)
    print_verdict(judged, console)
    return stream.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_first_line_is_the_verdict_and_the_second_what_it_means() -> None:
    lines = plain(failing()).splitlines()
    assert lines[0] == "FAIL  healthy is judged"
    assert lines[1] == "It is held up: 2 checks failed, 1 is inconclusive."


@pytest.mark.parametrize("width", [20, 40, 160])  # between them the cells of a table may be wrapped
def test_everything_is_there_in_any_width(width: int) -> None:
    shown = re.sub(r"\s+", "", plain(failing(), width, written=("out/verdict.json",)))
    for part in (
        *("KL divergence", "0.4123", "pass < 0.1, fail >= 0.15", "from 0.35", "200", "policy.yml:12", "Raise beta."),
        *("inconclusive", "not judged, waived", "40 rows are lost", "This run has Elo series.", "out/verdict.json"),
        *(
            "truncated completions",
            "Not logged.",
            "data integrity",
            "until the end of 2099-12-31 (approved by alice, bob in #12): warm-up",
        ),
        *("Waivers that this verdict did not need", "(who approved it is not known): not needed"),
    ):
        assert part.replace(" ", "") in shown


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("judged", [failing(), hostile(), hostile("日本語 " * 30)], ids=["failing", "hostile", "wide"])
def test_no_line_is_wider_than_the_terminal(width: int, judged: Verdict) -> None:
    assert max(cell_len(line) for line in plain(judged, width).splitlines()) <= width


def test_a_wide_terminal_shows_one_row_a_check_with_all_numbers() -> None:
    row = next(line for line in plain(failing(), 160).splitlines() if "KL spike" in line)
    assert words(row) == "fail KL spike spike 5.012 pass < 0.1, fail >= 0.15 0.029 to 0.034 200 policy.yml:12"


def test_a_narrow_terminal_shows_each_check_once_as_lines_below_each_other() -> None:
    shown = plain(failing(), 40)
    assert shown.count("KL spike") == 1
    assert "5.012 at step 312; rule pass < 0.1" in words(shown)


def test_a_pipe_gets_neither_colour_nor_blanks_at_the_end_of_lines() -> None:
    shown = plain(failing())
    assert "\x1b" not in shown
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("decision", "colour"),
    [(Decision.PASS, 32), (Decision.FAIL, 31), (Decision.INCONCLUSIVE, 33), (Decision.ERROR, 35)],
)
def test_a_terminal_gets_the_colour_of_the_verdict(decision: Decision, colour: int) -> None:
    first = coloured(verdict(decision=decision)).splitlines()[0]
    assert re.match(rf"\x1b\[1;7;{colour}m {decision.value.upper()} \x1b\[0m", first)


def test_no_color_is_obeyed() -> None:
    assert re.findall(r"\x1b\[[0-9;]*3[1-7]m", coloured(failing(), no_color=True)) == []


def test_a_stream_without_unicode_gets_ascii() -> None:
    shown = plain(hostile("Ω – … → 日"), 100, "ascii")
    assert "\\u03a9 - ... -> \\u65e5" in words(shown)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_terminal_obeys_nothing_that_comes_from_data(width: int) -> None:
    shown = plain(hostile(), width)
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown) is None
    assert "[bold red]:tada:[/]" in plain(verdict(headline="[bold red]:tada:[/]"))


@settings(deadline=None, max_examples=30)
@given(judged=verdicts(), width=st.integers(10, 200))
def test_every_verdict_can_be_shown(judged: Verdict, width: int) -> None:
    assert judged.decision.value.upper() in re.sub(r"\s", "", plain(judged, width, "ascii"))


def test_a_trial_is_said() -> None:
    assert "A trial sets no commit status" in plain(verdict(policy=policy(trial=True)))
    assert "trial" not in plain(verdict()).lower()


def test_what_does_not_block_is_told_as_a_warning() -> None:
    shown = plain(verdict(check(), check(Outcome.FAIL, id="soft", severity=Severity.WARN)))
    assert "Warnings\n  KL divergence, 95th percentile  soft  failed, does not block" in shown
    assert "Failed" not in shown


COLUMNS = ("metric", "role", "n", "mean")
ROWS: list[tuple[Scalar, ...]] = [("kl/mean", "kl", 1_200, 0.5), ("reward", None, 3, math.nan)]


def table(width: int = 80, rows: list[tuple[Scalar, ...]] = ROWS, notes: tuple[Note, ...] = ()) -> str:
    stream = io.StringIO()
    print_table(COLUMNS, rows, open_console(stream, width=width), notes=notes)
    return stream.getvalue()


def test_a_table_sets_numbers_to_the_right() -> None:
    assert table() == (
        "metric   role      n  mean\n"
        "kl/mean  kl    1,200   0.5\n"
        "reward   –         3   NaN\n"
    )  # fmt: skip


def test_a_table_too_wide_becomes_lines() -> None:
    assert table(20) == (
        "kl/mean\n"
        "  role kl; n 1,200;\n"
        "  mean 0.5\n"
        "reward\n"
        "  role –; n 3;\n"
        "  mean NaN\n"
    )  # fmt: skip


def test_a_table_without_rows_says_so_and_notes_follow() -> None:
    assert table(rows=[]) == "Nothing was measured.\n"
    assert table(notes=(Note(kind=NoteKind.LOST, text="a row"),)).endswith("\n\nNotes on the data\n  lost  a row\n")


def test_a_sparkline_shows_a_spike_among_many_values_and_gaps() -> None:
    values = [0.0] * 1_000
    values[500] = 9.0
    assert sparkline(values, width=10) == "▁▁▁▁▁█▁▁▁▁"
    assert sparkline([math.nan] * 4 + [1.0, 2.0]) == "····▁█"
    assert sparkline([math.nan, 1.0, math.inf], plain=True) == "?=#"


@given(values=st.lists(st.floats(), max_size=80), width=st.integers(1, 30))
def test_a_sparkline_is_never_wider_than_asked(values: list[float], width: int) -> None:
    assert len(sparkline(values, width=width)) <= width
    assert sparkline(values, width=width, plain=True).isascii()


def test_importing_the_reports_costs_neither_rich_nor_jinja() -> None:
    code = (
        "import sys, action.cli.terminal, action.report.markdown, action.report.reading;"
        "sys.exit(', '.join({'rich', 'jinja2', 'jsonschema'} & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_picture_of_a_verdict_is_the_same_every_time_and_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw(hostile())
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    assert draw(hostile()) == first
    picture = ElementTree.fromstring(first)  # noqa: S314 - our own picture
    shown = re.sub(r"\s+", "", "".join(picture.itertext()))
    assert "{{7*7}}" in shown
    assert re.findall(r"(?:href|src|url\((?!#))", first.replace("a|b", "")) == []
