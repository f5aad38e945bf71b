"""Pages through Jinja: every value that a template prints goes through the one filter, whoever wrote the template.

What is laid out may not enter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from action.escape import markdown

if TYPE_CHECKING:
    from jinja2 import Environment

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Cut(Generic[Item]):
    """The entries of a list that are shown."""

    rows: tuple[Item, ...]
    count: int
    """How many there are."""

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.count - len(self.rows)


def cut(rows: Iterable[Item], first: int | None) -> Cut[Item]:
    """Keep the first entries of a list; None: all of them."""
    found = tuple(rows)
    return Cut(rows=found if first is None else found[:first], count=len(found))


def render(name: str, page: Mapping[str, object]) -> str:
    """Lay a page out by a template of ours; every value that is printed is escaped."""
    text = _environment().get_template(name).render(page)
    # Parts leave blank lines behind; no value holds a newline, so this touches layout alone.
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - costs 0.1 s, and only reports need it

    environment = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,  # what macros return is marked as safe, so it is not escaped again
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # A filter or function could build text past `finalize`: templates have none.
    environment.filters.clear()
    environment.globals.clear()
    return environment


def _finalize(value: object) -> object:
    """Escape a value that a template prints; refuse what is neither text nor a whole number."""
    if hasattr(value, "__html__"):
        return value
    if isinstance(value, str):
        return safe(markdown(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    raise TypeError(f"a template prints {value!r}: expected text or a whole number")


def safe(text: str) -> str:
    """Mark a text as escaped already."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(text)  # noqa: S704 - the text is escaped by our own filter, or checked by `address`
