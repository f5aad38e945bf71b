"""Windows are parts of the run's steps, not of one series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.window import Window, WindowKind, parse_window


@pytest.mark.parametrize(
    ("text", "written", "first"),
    [
        ("all", "all steps", 100),
        ("last 50%", "last 50%", 150),
        ("last 33.3 %", "last 33.3%", 167),
        ("last 100%", "last 100%", 100),
        ("last  20\t%", "last 20%", 180),
        ("last 30 steps", "last 30 steps", 171),
        ("last 1 step", "last 1 steps", 200),
        ("last 1000 steps", "last 1000 steps", -799),
        ("step >= 120", "step >= 120", 120),
        ("step>=0", "step >= 0", 0),
        ("step >= 900", "step >= 900", 900),
    ],
)
def test_a_window_begins_at_a_step_of_the_run(text: str, written: str, first: int) -> None:
    window = parse_window(text)

    assert str(window) == written
    assert window.first_step(100, 200) == first


NO_WINDOWS = """
last, first 50%, last 0%, last 100.1%, last -5%, last 0 steps, last 1.5 steps, step > 5, step >= -1, step >= 1.5, ALL,
last 50, last 1e2%, last 9999999999999999 steps
"""


@pytest.mark.parametrize("text", ["", f"last {'9' * 400}%", *map(str.strip, NO_WINDOWS.split(","))])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"write all, last 50%, last 200 steps or step >= 100"):
        parse_window(text)


def test_a_series_that_ended_early_has_nothing_in_the_last_steps() -> None:
    steps = np.arange(50)

    assert not parse_window("last 10 steps").mask(steps, 0, 999).any()
    assert not parse_window("last 50%").mask(steps, 0, 999).any()
    assert parse_window("all").mask(steps, 0, 999).all()


@given(st.integers(-1000, 1000), st.integers(0, 2000), st.floats(0.001, 1))
def test_a_share_of_the_run_never_begins_before_the_run_and_always_holds_its_last_step(
    first: int, length: int, share: float
) -> None:
    begin = Window(kind=WindowKind.SHARE, amount=share).first_step(first, first + length)

    assert first <= begin <= first + length


@given(st.integers(1, 500), st.integers(0, 1000))
def test_the_last_steps_are_as_many_as_asked(count: int, last: int) -> None:
    steps = np.arange(-600, last + 1)

    assert parse_window(f"last {count} steps").mask(steps, -600, last).sum() == count
