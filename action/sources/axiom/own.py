"""A query of the policy's own: names of the run go in as literals, one value and the number of events come out.

No connection may enter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from action.errors import InputError
from action.sources.axiom.reading import Row
from action.sources.axiom.spelling import literal
from checks.placeholder import fill, quoted
from checks.run import LogTable, Scalar

_LARGEST = 10**18
"""Of a whole number: none that was counted or measured is larger."""
COLUMNS = ("value", "n")


def fill_query(apl: str, names: Mapping[str, str | None]) -> str:
    """Put the run's names into a query, each as an escaped literal.

    >>> fill_query("['x'] | where run == {run.name}", {"run.name": 'a" or true //'})
    '[\\'x\\'] | where run == "a\\\\" or true //"'

    Raises:
        InputError: the run has no such name, or one that cannot be written; a placeholder stands in quotes.
    """
    inside = quoted(apl)
    if inside:
        raise InputError(
            f"axiom query: expected {{{inside[0]}}} alone, got it in quotes or behind other characters; it brings its "
            f"own quotes: write == {{{inside[0]}}}"
        )

    def written(name: str) -> str:
        text = names.get(name)
        if text is None:
            raise InputError(
                f"axiom query: expected the run to have {{{name}}}, got none from its source; use {{run.name}}"
            )
        return literal(text)

    return fill(apl, written)


def read_own(apl: str, rows: Sequence[Row]) -> LogTable:
    """Read the answer to a query of one's own: a row with `value`, and `n`, how many events it rests on.

    Raises:
        InputError: there are several rows, or these columns are not in them.
    """
    if len(rows) > 1:
        raise InputError(
            f"axiom query: expected one row, got {len(rows):,}; end the query with "
            "`| summarize value = …, n = count()`, without `by`"
        )
    cells: list[tuple[Scalar, ...]] = []
    for row in rows:
        absent = [name for name in COLUMNS if name not in row]
        if absent:
            raise InputError(
                f"axiom query: expected the columns `value` and `n`, got no `{absent[0]}`; end the query with "
                "`| summarize value = …, n = count()`"
            )
        cells.append(tuple(_cell(row[name]) for name in COLUMNS))
    events = next((row[1] for row in cells if isinstance(row[1], int)), 0)
    return LogTable(question=apl, by=None, columns=COLUMNS, rows=tuple(cells), events=max(0, events))


def _cell(value: object) -> Scalar:
    """Give a cell as it is held against a rule: what is no finite number measures nothing, or is a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (int(value) if value.is_integer() else value) if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else None
    return value if value is None or isinstance(value, str) else str(value)
