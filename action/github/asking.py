"""How anything is asked of GitHub: its errors become ours, and what may have been stored is looked for before it is
sent again. No path of the API may enter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from github import BadAttributeException, GithubException

from action.errors import ServiceError
from action.github.client import TRIES
from action.github.failure import LimitedError, LostError, OddError, Target, UnansweredError
from action.github.patience import Patience

Found = TypeVar("Found")


def ask(target: Target, call: Callable[[], Found]) -> Found:
    """Call GitHub.

    Raises:
        RefusedError: the token lacks the permission.
        ServiceError: GitHub could not be reached, or refused.
    """
    found, failed = _called(target, call)
    if failed is not None:
        raise failed
    return found[0]


def seek(target: Target, call: Callable[[], Found], absent: tuple[int, ...] = (404,)) -> Found | None:
    """Call GitHub for what may not be there: these statuses say so.

    Raises:
        RefusedError: the token lacks the permission.
        ServiceError: GitHub could not be reached, or refused.
    """

    def looked() -> Found | None:
        try:
            return call()
        except GithubException as error:
            if error.status in absent:
                return None
            raise

    return ask(target, looked)


def send(target: Target, patience: Patience, call: Callable[[], Found], find: Callable[[], Found | None]) -> Found:
    """Write what must not be written twice: where no answer came, look for it before it is sent again.

    Raises:
        RefusedError: the token lacks the permission.
        ServiceError: GitHub could not be reached, or refused.
    """
    tries = 0
    while True:
        found, lost = _sent(target, call)
        if lost is None:
            return found[0]
        tries += 1
        patience.rest(tries)
        stored = find()
        if stored is not None:
            return stored
        if tries == TRIES:
            raise target.unanswered(lost)


def given(value: Found | None) -> Found:
    """Give a field that GitHub always gives.

    Raises:
        OddError: it is not there.
    """
    if value is None:
        raise OddError
    return value


def _sent(target: Target, call: Callable[[], Found]) -> tuple[list[Found], LostError | None]:
    try:
        return [ask(target, call)], None
    except LostError as error:
        return [], LostError(*error.args)


def _called(target: Target, call: Callable[[], Found]) -> tuple[list[Found], ServiceError | None]:
    """Call; raised by the caller, our error does not hold the client's, in whose frames the token is."""
    try:
        return [call()], None
    except GithubException as error:
        said = error.data.get("message") if isinstance(error.data, dict) else None
        return [], target.refused(error.status, str(said or ""))
    except LostError:
        raise
    except UnansweredError as error:
        return [], target.unanswered(error)
    except LimitedError as error:
        return [], target.limited(error)
    # PyGithub asserts what an answer looks like, and decodes it without looking.
    except (
        OddError,
        BadAttributeException,
        AssertionError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        return [], target.odd(error)
