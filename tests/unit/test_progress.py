"""Progress while something takes long: nothing of what is over at once, a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import re
import sys
import threading
from pathlib import Path

import pytest

from action.cli import progress
from action.cli.ports import local_ports
from action.cli.progress import progress_bar
from action.errors import InputError, UsageError
from action.ports import GamesReading
from tests.runs import RECORDINGS, write_lines


class Terminal(io.StringIO):
    """A terminal that remembers what it was sent."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    own = Clock()
    monkeypatch.setattr(progress, "time", own)
    return own


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in place of the error stream; in the test itself, since pytest puts its own there before that."""
    own = Terminal()
    monkeypatch.setattr(sys, "stderr", own)
    for name in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return own


def seen(text: str) -> str:
    """Return what a person could read, without what moves the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_what_is_over_at_once_shows_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("reading games") as tell:
        for share in (0.0, 0.5, 1.0):
            clock.now += 1
            tell(share)

    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_a_plain_line_now_and_then_on_the_error_stream(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar("reading games") as tell:
        for second in range(61):
            clock.now += 1
            tell(second / 61)
        clock.now += 60
        tell(1.0)

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [f"gatekeeper: reading games: {share}" for share in ("23%", "48%", "72%", "97%")]


def test_a_terminal_shows_nothing_of_what_is_over_at_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    with progress_bar("reading games") as tell:
        tell(0.5)
        clock.now += 1.9
        tell(1.0)

    assert seen(screen.getvalue()).strip() == ""


def test_a_terminal_shows_a_bar_with_its_share_and_clears_it_away(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = terminal(monkeypatch)
    with progress_bar("reading games") as tell:
        tell(0.0)
        clock.now += 2.0
        tell(0.25)
        tell(0.5)

    shown = screen.getvalue()
    assert "reading games" in seen(shown)
    assert "50%" in seen(shown)
    assert "\x1b[2K" in shown  # a line is erased: the bar leaves none behind
    assert "\x1b[?25h" in shown  # and the cursor is seen again


def test_a_fault_in_between_leaves_the_terminal_as_it_was(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)

    def work() -> None:
        with progress_bar("reading games") as tell:
            clock.now += 3.0
            tell(0.5)
            raise InputError("a row")

    with pytest.raises(InputError, match="a row"):
        work()

    assert screen.getvalue().count("\x1b[?25h") == screen.getvalue().count("\x1b[?25l") > 0


@pytest.mark.parametrize("where", ["pipe", "terminal"])
def test_another_thread_may_tell(clock: Clock, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if where == "terminal":
        terminal(monkeypatch)
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for step in range(50):
                clock.now += 1
                tell(step / 50)
        except BaseException as error:  # noqa: BLE001 - what a thread raises is lost otherwise
            faults.append(error)

    with progress_bar("reading games") as tell:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)

    assert not thread.is_alive()
    assert faults == []


def test_games_are_read_with_a_bar_that_goes_up_to_the_end(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)

    def later() -> float:
        clock.now += 1
        return clock.now

    monkeypatch.setattr(clock, "monotonic", later)
    found = local_ports().read_games([RECORDINGS / "killed" / "games.jsonl.gz"], GamesReading())

    assert found.counts.games == 1_504
    assert "reading games" in seen(screen.getvalue())
    assert "100%" in seen(screen.getvalue())


def test_columns_that_cannot_be_told_are_wrong_usage_before_anything_is_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "games.jsonl", [{"a": "x", "b": "y", "score": 1}])

    with pytest.raises(UsageError, match="columns of games: expected field=column, got 'nonsense'; write them as"):
        local_ports().read_games([path], GamesReading(columns="nonsense"))
