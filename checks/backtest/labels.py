"""What people know of past runs: a text of labels → run by run, good or bad, and what was wrong. No file may enter.

CSV with the columns `run`, `label` and perhaps `wrong`; or YAML or JSON, a mapping of runs to `good`, `bad` or
`{label: bad, wrong: …}`. Every fault is told at once.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from checks.backtest.past import PastRun
from checks.document import Fault, did_you_mean, parse_document, quote

GOOD, BAD = "good", "bad"
COLUMNS = ("run", "label", "wrong")
_NAMED = 4
MOST = 100_000
"""Labels of one file."""


class LabelError(Exception):
    """Labels that cannot be used, with every fault found in them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, sorted(faults))))


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is known of one run."""

    run: str
    """Its path, name, id, or the last part of its path."""
    good: bool
    wrong: str | None = None
    """What was wrong with it; may hold hostile text."""
    line: int
    """Where in the file it stands."""

    @property
    def word(self) -> str:
        """`good` or `bad`."""
        return GOOD if self.good else BAD


@dataclass(frozen=True, kw_only=True)
class _Entry:
    run: object
    label: object
    wrong: object
    line: int


def parse_labels(text: str, *, file: str, comma: str | None) -> tuple[Label, ...]:
    r"""Read labels; `comma`: what separates the columns of a table, None for YAML and JSON.

    Raises:
        LabelError: with every fault, as `file:line: expected …, got …; what to do`.

    >>> [(one.run, one.word, one.wrong) for one in parse_labels("run,label\na,good\nb,BAD\n", file="x", comma=",")]
    [('a', 'good', None), ('b', 'bad', None)]
    >>> parse_labels("{a: {label: bad, wrong: KL}}", file="x", comma=None)[0].wrong
    'KL'
    """
    faults: list[Fault] = []
    entries = list(_of_document(text, file, faults) if comma is None else _of_table(text, file, comma, faults))
    known: dict[str, Label] = {}
    for entry in entries:
        label = _label(entry, file, faults)
        if label is None:
            continue
        before = known.setdefault(_key(label.run), label)
        if before is not label and before.good != label.good:
            faults.append(
                _fault(
                    file,
                    label.line,
                    f"expected one label of {quote(label.run)}, got {label.word} here and {before.word} in line "
                    f"{before.line}; keep one",
                )
            )
    if not entries and not faults:
        faults.append(_fault(file, 1, "expected labels, got none; write `run,label` and a line a run"))
    if faults:
        raise LabelError(faults)
    return tuple(known.values())


def _fault(file: str, line: int, problem: str) -> Fault:
    return Fault(file=file, line=line, path="", problem=problem)


def _key(run: str) -> str:
    return run.removeprefix("./").rstrip("/")


def _label(entry: _Entry, file: str, faults: list[Fault]) -> Label | None:
    run, word, wrong = entry.run, entry.label, entry.wrong
    if not isinstance(run, str) or not run.strip():
        faults.append(_fault(file, entry.line, "expected the name or path of a run, got none; name it"))
        return None
    if not isinstance(word, str) or word.strip().lower() not in (GOOD, BAD):
        got = "nothing" if word is None or word == "" else quote(word)
        problem = f"expected {GOOD} or {BAD} as the label of {quote(run)}, got {got}; write one of the two"
        faults.append(_fault(file, entry.line, problem))
        return None
    if wrong is not None and not isinstance(wrong, str | int | float):
        faults.append(
            _fault(file, entry.line, f"expected a text for what was wrong with {quote(run)}; write a sentence")
        )
        return None
    told = None if wrong is None or not str(wrong).strip() else str(wrong).strip()
    return Label(run=run.strip(), good=word.strip().lower() == GOOD, wrong=told, line=entry.line)


def _of_table(text: str, file: str, comma: str, faults: list[Fault]) -> Iterator[_Entry]:
    rows = csv.reader(text.splitlines(), delimiter=comma, strict=True)
    columns: list[str] = []
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
                if not {"run", "label"} <= set(columns):
                    got = ", ".join(map(quote, cells[:6]))
                    problem = (
                        f"expected the columns run, label and perhaps wrong, got {got}; name them in the first line"
                    )
                    faults.append(_fault(file, rows.line_num, problem))
                    return
                continue
            row = dict(zip(columns, cells, strict=False))
            yield _Entry(run=row["run"], label=row.get("label"), wrong=row.get("wrong"), line=rows.line_num)
    except csv.Error as error:
        faults.append(_fault(file, rows.line_num, f"expected a table, but here is {quote(error)}; repair the line"))


def _of_document(text: str, file: str, faults: list[Fault]) -> Iterator[_Entry]:
    document, found = parse_document(text, file)
    faults.extend(found)
    for run, value in document.values.items():
        line = document.place((run,)).line
        if not isinstance(value, dict):
            yield _Entry(run=run, label=value, wrong=None, line=line)
            continue
        faults.extend(
            _fault(file, line, f"expected label or wrong, got {quote(key)}; {did_you_mean(key, COLUMNS[1:])}")
            for key in sorted(set(value) - {"label", "wrong"})
        )
        yield _Entry(run=run, label=value.get("label"), wrong=value.get("wrong"), line=line)


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Which label each run has."""

    labels: tuple[Label | None, ...]
    """In the order of the runs."""
    notes: tuple[str, ...]
    """Labels that fit no run, or more than one."""


def match_labels(labels: Iterable[Label], runs: Sequence[PastRun]) -> Labelled:
    """Give each run its label: by its place or path first, then by its own name or id, or by the end of its path.

    A run's own name labels every run of that name; the end of a path only a run that has it alone. A label that one run
    is called and another one ends in is used for neither.
    """
    given = list({_key(label.run): label for label in labels}.values())
    found: list[Label | None] = [None] * len(runs)
    notes = []
    for label in given:  # paths first: they are exact
        for place, run in enumerate(runs):
            if _key(label.run) in _paths(run):
                found[place] = found[place] or label
    exact = {label.run for label in found if label is not None}
    for label in given:
        if label.run in exact:
            continue
        why = _by_name(label, runs, found)
        if why is not None:
            notes.append(f"The label of {quote(label.run)} (line {label.line}) was not used: {why}.")
    return Labelled(labels=tuple(found), notes=tuple(notes))


def _paths(run: PastRun) -> set[str]:
    """Give what names the place of a run."""
    return {_key(name) for name in (run.ref, *run.names) if name not in run.called}


def _by_name(label: Label, runs: Sequence[PastRun], found: list[Label | None]) -> str | None:
    """Use a label for the runs that are called so, or for the one whose path ends so; else say why not."""
    key = _key(label.run)
    called = [place for place, run in enumerate(runs) if key in {_key(name) for name in run.called}]
    ending = [place for place, run in enumerate(runs) if key in run.short and place not in called]
    if called and ending:
        told = ", ".join(quote(runs[place].ref) for place in (*called, *ending)[:_NAMED])
        return f"{len(called) + len(ending)} runs are called so or end so ({told}); write the path"
    if len(ending) > 1:
        return f"it is the end of {len(ending)} paths; write the path"
    if not called and not ending:
        return "no run given has it as path, name or id"
    for place in (*called, *ending):
        other = found[place]
        if other is not None and other.good != label.good:
            return f"{quote(other.run)} (line {other.line}) names the same run and calls it {other.word}; keep one"
    for place in (*called, *ending):
        found[place] = found[place] or label
    return None
