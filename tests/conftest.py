"""What every test shares: property tests that give the same answer each time, and coverage that costs little.

To trace every line makes our code run twice as long. Of tests of the shell, the first cases of each and the first
examples of a property are traced, and the rest run free: the same ones each time, so that what is covered is no luck.
Files that only go over what others cover run free whole.
Of the core, whose every branch has to be covered, far more cases are traced.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

import coverage
import pytest
from hypothesis import settings

from tests.warm import warm

# The same examples each time: a red build is a fault, not luck.
# To search for new ones: pytest --hypothesis-profile=search
settings.register_profile("steady", max_examples=60, derandomize=True, deadline=None)
settings.register_profile("search", max_examples=5_000, deadline=None)
settings.load_profile("steady")

CASES, CORE_CASES, EXAMPLES = 8, 120, 10
"""Cases of a test of the shell and of the core, and examples of a property of either: those that are traced."""
UNIT = "unit"
"""The folder that has the tests of the core; all others test the shell too."""
SHELL = ("axiom", "doctor", "games", "github", "publish", "report", "scaffold", "tables", "tensorboard", "wandb")
"""How the names of modules begin that test the shell."""
AGAIN = frozenset(
    {
        "test_axiom_same.py",
        "test_elo_cli.py",
        "test_elo_properties.py",
        "test_games_same.py",
        "test_league_training.py",
        "test_questions_oracle.py",
        "test_wandb_api_same.py",
    }
)
"""Files whose tests go ways that others go too, many times over: against oracles, peers and whole trainings."""
_free = pytest.StashKey[bool]()


class Tracing:
    """The measuring of coverage, paused and gone on with."""

    def __init__(self) -> None:
        self._paused: coverage.Coverage | None = None

    def pause(self) -> None:
        """Let the code run free."""
        if self._paused is None and (current := coverage.Coverage.current()) is not None:
            current.stop()
            self._paused = current

    def go_on(self) -> None:
        """Trace again."""
        if self._paused is not None:
            self._paused.start()
            self._paused = None


tracing = Tracing()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Choose the cases that are traced, by their place in the whole collection: the same in every process."""
    seen: Counter[tuple[str, str]] = Counter()
    for item in items:
        function = (str(item.path), getattr(item, "originalname", None) or item.name)
        again = item.path.name in AGAIN
        item.stash[_free] = again or seen[function] >= (CASES if _is_of_the_shell(item) else CORE_CASES)
        seen[function] += 1


def _is_of_the_shell(item: pytest.Item) -> bool:
    return item.path.parent.name != UNIT or item.path.name.removeprefix("test_").startswith(SHELL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Trace a case, or let it run free."""
    if item.stash[_free]:
        tracing.pause()
    inner = getattr(getattr(item, "obj", None), "hypothesis", None)
    original: Any = None if inner is None else inner.inner_test
    if inner is not None:
        inner.inner_test = _first_traced(original)
    try:
        return (yield)
    finally:
        tracing.go_on()
        if inner is not None:
            inner.inner_test = original


def pytest_sessionfinish() -> None:
    """End the process that commands are forked from."""
    warm.end()


def _first_traced(test: Callable[..., Any]) -> Callable[..., Any]:
    calls = 0

    @functools.wraps(test)
    def counted(*words: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > EXAMPLES:
            tracing.pause()
        return test(*words, **named)

    return counted
