"""The only room that speaks to the runner of GitHub Actions: workflow commands, outputs, the job summary.

Whatever comes from runs and services is escaped here once more, since a line that begins with `::` is obeyed. What is
said is decided elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from action.errors import OutputError
from action.escape import one_line
from action.files import show_name

SUMMARY_BYTES = 1_000_000
"""Of a job summary: GitHub takes 1 MiB a step, and shows nothing of a longer one
(https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions, adding a job summary)."""
MOST_ANNOTATIONS = 10
"""Of each level and step; GitHub drops the others."""
_CUT = "\n\n*The rest did not fit into the summary: it stands in the report among the artifacts.*\n"


class Level(StrEnum):
    """How an annotation is shown."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A remark at a line of a file, or at none."""

    level: Level
    title: str
    text: str
    file: str | None = None
    line: int | None = None


class Runner:
    """The runner of this job. Without its files (a job that is not one) summary and outputs are left out."""

    def __init__(self, environ: Mapping[str, str], stream: TextIO) -> None:
        self._output = environ.get("GITHUB_OUTPUT") or None
        self._summary = environ.get("GITHUB_STEP_SUMMARY") or None
        self._stream = stream

    def quiet(self) -> Runner:
        """Give a runner that logs and nothing more: no outputs, no summary."""
        return Runner({}, self._stream)

    def mask(self, texts: Iterable[str]) -> None:
        """Hide texts in all that is logged from here on; before the first other line. Line by line, as GitHub does."""
        for text in texts:
            for line in text.splitlines():
                if line.strip():
                    self._say(f"::add-mask::{_data(line)}")

    def begin(self, title: str) -> None:
        """Begin a group of lines that is folded."""
        self._say(f"::group::{_data(one_line(title))}")

    def end(self) -> None:
        """End a group."""
        self._say("::endgroup::")

    def line(self, text: str) -> None:
        """Write a line to the log, whatever it holds: it is no command."""
        shown = one_line(text)
        self._say(f" {shown}" if shown.lstrip().startswith("::") or shown.startswith("##[") else shown)

    def annotate(self, annotations: Iterable[Annotation]) -> None:
        """Write annotations, at most ten of a level."""
        left = dict.fromkeys(Level, MOST_ANNOTATIONS)
        for one in annotations:
            if left[one.level]:
                left[one.level] -= 1
                place = {"file": one.file, "line": None if one.line is None else str(one.line), "title": one.title}
                told = ",".join(f"{key}={_property(one_line(value))}" for key, value in place.items() if value)
                self._say(f"::{one.level.value} {told}::{_data(one_line(one.text))}")

    def outputs(self, values: Mapping[str, str]) -> None:
        """Set outputs of the step.

        Raises:
            OutputError: they cannot be written.
        """
        parts = []
        for name, value in values.items():
            mark = f"end-{secrets.token_hex(16)}"  # that no value can hold
            parts.append(f"{name}<<{mark}\n{value}\n{mark}\n")
        self._append(self._output, "".join(parts))

    def summary(self, markdown: str) -> None:
        """Add to the job's summary, cut at a line's end if it is too long.

        Raises:
            OutputError: it cannot be written.
        """
        content = markdown.encode()
        if len(content) > SUMMARY_BYTES:
            head = content[: SUMMARY_BYTES - len(_CUT)].decode("utf-8", "ignore")
            markdown = f"{_closed(head.rpartition(chr(10))[0])}{_CUT}"
        self._append(self._summary, f"{markdown}\n")

    def _append(self, path: str | None, text: str) -> None:
        if path is None:
            return
        try:
            with Path(path).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise OutputError(
                f"{show_name(path)}: expected a file of the runner to write to, got: {error.strerror}; is this a job?"
            ) from error

    def _say(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()


def _closed(markdown: str) -> str:
    """Close what is open where a text was cut: fences and folded parts."""
    if markdown.count("```") % 2:
        markdown += "\n```"
    open_parts = markdown.count("<details") - markdown.count("</details>")
    return markdown + "\n</details>" * max(0, open_parts)


def _data(text: str) -> str:
    """Escape what stands behind a command.

    >>> _data("50 %\\n::error::x")
    '50 %25%0A::error::x'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a command.

    >>> _property("a,b: c")
    'a%2Cb%3A c'
    """
    return _data(text).replace(":", "%3A").replace(",", "%2C")
