"""How names and texts are written in APL, so that nothing in them is obeyed.

A text is a literal between double quotes, a dataset or field stands in brackets and quotes. No query may enter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from action.errors import InputError
from action.files import show_name

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?: [A-Za-z0-9_.-]+)*")
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, lone surrogates, line and paragraph separators: a parser may end a line at them."""


def literal(text: str) -> str:
    r"""Write a text as an APL literal (https://axiom.co/docs/apl/data-types/scalar-data-types, string literals).

    >>> print(literal('say "hi" \\ ' + "or 1 == 1 //"))
    "say \"hi\" \\ or 1 == 1 //"

    Raises:
        InputError: it holds a control character other than a tab or a line break.
    """
    for char in text:
        if char not in _ESCAPES and (unicodedata.category(char) in _FORBIDDEN or char == "\ufeff"):
            raise InputError(
                f"{show_name(text)}: expected a name without control characters to ask Axiom for, got "
                f"U+{ord(char):04X}; rename the run or the field"
            )
    return '"' + "".join(_ESCAPES.get(char, char) for char in text) + '"'


def bracketed(name: str) -> str:
    """Write the name of a dataset or field: always in brackets, since `run` and others are reserved words.

    >>> bracketed("run"), bracketed("final_scores.FRANCE")
    ("['run']", "['final_scores.FRANCE']")

    Raises:
        InputError: it holds anything but letters, digits, `_`, `.`, `-` and single blanks.
    """
    return f"['{_plain(name)}']"


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > 200:
        raise InputError(
            f"{show_name(name) or 'an empty name'}: expected the name of an Axiom dataset or field (letters, digits, "
            "`_`, `.`, `-` and single blanks), got another; rename it"
        )
    return name


def field_or(name: str, empty: str) -> str:
    """Write a field that the dataset may lack, which is an error in APL, with what stands for it then.

    >>> field_or("duration_s", "real(null)")
    'column_ifexists("duration_s", real(null))'
    """
    return f'column_ifexists("{_plain(name)}", {empty})'


def members(texts: Iterable[str]) -> str:
    """Write texts as the right side of `in`.

    >>> members(["a", "b"])
    '("a", "b")'
    """
    return f"({', '.join(map(literal, texts))})"
