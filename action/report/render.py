"""Pages through Jinja: every value that a template prints goes through the one filter, whoever wrote the template.

What is laid out may not enter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from action.errors import InputError
from action.escape import markdown, one_line

if TYPE_CHECKING:
    from jinja2 import Environment

Item = TypeVar("Item")
_MOST = 200_000
"""Characters that a user's template may write."""


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
    return _tidy(_environment().get_template(name).render(page))


def render_given(source: str, page: Mapping[str, object], *, name: str) -> str:
    """Lay a page out by a template of a user's: in a sandbox, escaped as ours are.

    Raises:
        InputError: it is no template, names what is not there, or asks for what a sandbox forbids.
    """
    from jinja2 import TemplateError, TemplateSyntaxError  # noqa: PLC0415 - costs 0.1 s, and only reports need it
    from jinja2.exceptions import SecurityError  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(**_options())
    environment.filters.clear()
    environment.globals.clear()
    try:
        text = "".join(_bounded(environment.from_string(source).generate(page), name))
    except TemplateSyntaxError as error:
        raise InputError(
            f"{name}:{error.lineno}: expected a Jinja template, got: {one_line(str(error.message))}; repair the line"
        ) from error
    except SecurityError as error:
        raise InputError(f"{name}: expected a template that only lays out, got: {one_line(str(error))}") from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise InputError(
            f"{name}: expected a template of what an entry has, got: {one_line(str(error))}; see docs/tracker.md"
        ) from error
    return _tidy(text)


def _bounded(parts: Iterable[str], name: str) -> Iterable[str]:
    size = 0
    for part in parts:
        size += len(part)
        if size > _MOST:
            raise InputError(f"{name}: expected a template that writes at most {_MOST:,} characters, got more")
        yield part


def _tidy(text: str) -> str:
    # Parts leave blank lines behind; no value holds a newline, so this touches layout alone.
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _options() -> dict[str, Any]:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - costs 0.1 s, and only reports need it

    return {
        "autoescape": True,  # what macros return is marked as safe, so it is not escaped again
        "finalize": _finalize,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": True,
    }


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - costs 0.1 s, and only reports need it

    environment = Environment(loader=PackageLoader("templates", ""), **_options())  # noqa: S701 - autoescape is among them
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
    from jinja2 import Undefined  # noqa: PLC0415 - known by now

    if isinstance(value, Undefined):
        str(value)  # raises, and says what is not there
    raise TypeError(f"a template prints {value!r}: expected text or a whole number")


def safe(text: str) -> str:
    """Mark a text as escaped already."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(text)  # noqa: S704 - the text is escaped by our own filter, or checked by `address`
