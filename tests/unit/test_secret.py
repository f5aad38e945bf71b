"""A secret shows itself to nobody but the one who sends it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import dataclass

import pytest

from action.secret import Secret

TEXT = "xaat-canary-1f2e3d"


@dataclass(frozen=True)
class Holder:
    token: Secret


@pytest.mark.parametrize("shown", [str, repr, "{}".format, "{!r}".format, "{!s:>4}".format, lambda one: f"{one}"])
def test_no_way_to_write_it_shows_it(shown: object) -> None:
    assert callable(shown)
    assert TEXT not in shown(Secret(TEXT))
    assert TEXT not in repr(Holder(Secret(TEXT)))
    assert TEXT not in repr([Secret(TEXT)])


def test_no_log_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").debug("%s %r", Secret(TEXT), Holder(Secret(TEXT)))
    assert TEXT not in caplog.text


def test_no_traceback_shows_it() -> None:
    with pytest.raises(ValueError) as caught:
        raise ValueError(Secret(TEXT))
    assert TEXT not in "".join(traceback.format_exception(caught.value))


def test_it_has_no_attributes_to_walk_over() -> None:
    assert not hasattr(Secret(TEXT), "__dict__")


def test_it_is_not_written_as_json() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret(TEXT))


def test_it_gives_its_text_to_the_one_who_asks() -> None:
    assert Secret(TEXT).reveal() == TEXT


def test_it_can_be_handed_to_another_process_and_copied() -> None:
    assert pickle.loads(pickle.dumps(Secret(TEXT))).reveal() == TEXT  # noqa: S301 - our own bytes
    assert copy.deepcopy(Secret(TEXT)).reveal() == TEXT
