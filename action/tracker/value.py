"""What a field says: its value, its state, or nothing yet. Where a field stands may not enter."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LABEL = re.compile(r"[^:]*:\**\s*")
"""What stands before the value of a field."""
_REMARK = re.compile(r"\([^)\r\n]*\)")
_STATE = re.compile(r"[\s_*`]*(?P<state>[a-z][a-z-]*)[\s_*`]*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_PENDING = re.compile(
    r"[\s_*`(\[]*(?:pending|tbd|to be done|to come|n/?a|none yet|todo|\.{3}|…|-|–|—)?[\s_*`)\].]*", re.IGNORECASE
)
_SHORT = 40
"""Characters of a placeholder, at most."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """What the first line of a field says."""

    text: str
    """What stands behind the label."""
    remark: str
    """What somebody said beside the label, `(Alice)`; empty: nothing."""
    state: str
    """The first word in lower case; empty: there is none."""
    more: bool
    """More than the state is said."""

    @property
    def pending(self) -> bool:
        """Tell whether nothing is said yet."""
        return not self.remark and is_pending(self.text)


def read_value(line: str) -> Value:
    r"""Read the first line of a field.

    >>> read_value("**Status** (Alice): `planned`, since Monday\n")
    Value(text='`planned`, since Monday', remark='(Alice)', state='planned', more=True)
    """
    text = _LABEL.sub("", line, count=1).strip()
    remark, state = _REMARK.search(line.partition(":")[0]), _STATE.fullmatch(text)
    return Value(
        text=text,
        remark=remark[0] if remark else "",
        state=state["state"].lower() if state else "",
        more=bool(state and state["rest"].strip()),
    )


def is_pending(text: str) -> bool:
    """Tell whether a text only stands where something will be told.

    >>> [is_pending(text) for text in ("", "_pending_", "TBD", "none", "1")]
    [True, True, True, False, False]
    """
    return len(text) < _SHORT and _PENDING.fullmatch(text) is not None
