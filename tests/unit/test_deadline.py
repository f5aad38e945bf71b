"""An end that everything together meets, whatever a service does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from action.deadline import Deadline, run_together
from action.errors import ServiceError

MISSED = (
    "W&B: expected an answer within the deadline of 0.2 seconds, got none; run again, or give it more time with "
    "--deadline SECONDS"
)


def giving(value: int, after: float = 0.0) -> Callable[[], int]:
    def call() -> int:
        time.sleep(after)
        return value

    return call


def failing(error: BaseException) -> Callable[[], int]:
    def call() -> int:
        raise error

    return call


def test_what_is_left_falls_to_nothing_and_not_below() -> None:
    deadline = Deadline(seconds=0.05)
    first = deadline.left
    time.sleep(0.06)
    assert 0 < first <= 0.05
    assert deadline.left == 0


def test_its_seconds_are_told_as_they_were_given() -> None:
    assert "deadline of 300 seconds" in str(Deadline(seconds=300).missed("Axiom"))
    assert "deadline of 2.5 seconds" in str(Deadline(seconds=2.5).missed("Axiom"))


def test_results_come_in_the_order_of_the_calls_not_of_their_ends() -> None:
    calls = [giving(1, 0.1), giving(2), giving(3, 0.05)]
    assert run_together(calls, Deadline(seconds=5), what="x", at_once=3) == [1, 2, 3]


def test_no_call_gives_no_result() -> None:
    nothing: list[Callable[[], int]] = []
    assert run_together(nothing, Deadline(seconds=1), what="x", at_once=2) == []


def test_a_result_that_is_false_or_none_is_one() -> None:
    calls: list[Callable[[], object]] = [lambda: None, lambda: 0, lambda: ""]
    assert run_together(calls, Deadline(seconds=1), what="x", at_once=2) == [None, 0, ""]


def test_a_call_that_hangs_is_left_behind() -> None:
    stop = threading.Event()
    began = time.monotonic()
    with pytest.raises(ServiceError) as caught:
        run_together([giving(1), stop.wait], Deadline(seconds=0.2), what="W&B", at_once=2)
    stop.set()
    assert str(caught.value) == MISSED
    assert 0.2 <= time.monotonic() - began < 1


def test_calls_that_wait_for_their_turn_miss_it_too() -> None:
    with pytest.raises(ServiceError, match=r"within the deadline of 0\.2 seconds"):
        run_together([giving(1, 0.15)] * 4, Deadline(seconds=0.2), what="W&B", at_once=1)


def test_those_that_hang_do_not_keep_the_process() -> None:
    stop = threading.Event()
    with pytest.raises(ServiceError):
        run_together([stop.wait], Deadline(seconds=0.01), what="x", at_once=1)
    ours = [one for one in threading.enumerate() if one is not threading.main_thread()]
    assert any(ours)
    assert all(one.daemon for one in ours if one.name.startswith("Thread-"))
    stop.set()


def test_an_error_of_a_call_is_raised_as_it_is() -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught:
        run_together([giving(1), failing(error)], Deadline(seconds=1), what="x", at_once=2)
    assert caught.value is error


def test_of_several_errors_the_first_in_their_order_is_raised() -> None:
    def late() -> int:
        time.sleep(0.05)
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        run_together([late, failing(ValueError("second"))], Deadline(seconds=1), what="x", at_once=2)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), RecursionError()])
def test_no_kind_of_error_is_lost(error: BaseException) -> None:
    with pytest.raises(type(error)):
        run_together([failing(error)], Deadline(seconds=1), what="x", at_once=1)


@pytest.mark.parametrize(("at_once", "calls"), [(1, 3), (2, 6), (8, 3)])
def test_no_more_run_at_once_than_may(at_once: int, calls: int) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def call() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1

    run_together([call] * calls, Deadline(seconds=5), what="x", at_once=at_once)
    assert most[0] == min(at_once, calls)


def test_a_deadline_that_is_over_is_missed_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(ServiceError):
        run_together([giving(1, 0.5)] * 3, Deadline(seconds=0), what="x", at_once=3)
    assert time.monotonic() - began < 0.4
