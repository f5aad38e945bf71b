"""The page on promotion says what the program does: every reason, and options that there are."""

import re

import typer

from action.cli.commands import app
from checks.refusal import Reason
from tests.runs import ROOT

PAGE = (ROOT / "docs" / "promotion.md").read_text("utf-8")


def test_every_reason_for_a_refusal_stands_in_the_table_and_no_other() -> None:
    table = PAGE.partition("| reason |")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`([a-z-]+)`", line.split("|")[1])}

    assert named == {reason.value for reason in Reason}


def test_every_option_of_the_page_is_one_of_a_command_that_promotes() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    known = {
        option
        for name in ("verify", "promote", "init", "doctor", "check")
        for parameter in commands[name].params
        for option in parameter.opts
    }

    assert set(re.findall(r"(?<=[`\s])--[a-z][a-z-]+", PAGE)) <= known
