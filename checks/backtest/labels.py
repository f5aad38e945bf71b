"""What people know of past runs: a text of labels → run by run, good or bad, and what was wrong. No file may enter.

CSV with the columns `run`, `label` and perhaps `wrong`; or YAML or JSON, a mapping of runs to `good`, `bad` or
`{label: bad, wrong: …}`. Every fault is told at once.
"""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from checks.backtest.past import PastRun
from checks.document import Fault, did_you_mean, parse_document, quote

GOOD, BAD = "good", "bad"
COLUMNS = ("run", "label", "wrong")
_NAMED = 4
"""Most runs that a note names."""
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
    kept: dict[str, Label] = {}
    for entry in entries:
        label = _label(entry, file, faults)
        if label is None:
            continue
        kept.setdefault(label.run, label)  # `./a` may be clear where `a` is not
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
    return tuple(kept.values())


def _fault(file: str, line: int, problem: str) -> Fault:
    return Fault(file=file, line=line, path="", problem=problem)


def _key(run: str) -> str:
    """Give what spellings of one path have in common."""
    return posixpath.normpath(run)


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
    """Give each run its label: by its path, by its own name or id, or by the end of its path.

    A label that fits several runs in any of these ways is used for none; of two that contradict each other over one
    run the path counts, or else the first. A run that is another one's twin has no label: it does not count.
    """
    index = _Index(runs)
    chosen: list[tuple[bool, Label, int]] = []
    notes: list[tuple[int, str]] = []
    for label in labels:
        fits = index.runs_of(label.run)
        if len(fits) == 1:
            chosen.append((_key(label.run) not in index.paths, label, fits[0]))
        elif fits:
            told = " or ".join(quote(index.exact(place)) for place in fits[:_NAMED])
            more = f" or one of {len(fits) - _NAMED} more" if len(fits) > _NAMED else ""
            notes.append(_unused(label, f"it fits {len(fits)} runs; write {told}{more}"))
        else:
            notes.append(_unused(label, "no run given has it as path, name or id"))
    found: list[Label | None] = [None] * len(runs)
    for _, label, place in sorted(chosen, key=lambda one: one[0]):  # paths first: they are exact
        other = found[place]
        if other is None:
            found[place] = label
        elif other.good != label.good:
            same = f"{quote(other.run)} (line {other.line}) names the same run and calls it {other.word}; keep one"
            notes.append(_unused(label, same))
    return Labelled(labels=tuple(found), notes=tuple(text for _, text in sorted(notes)))


def _unused(label: Label, why: str) -> tuple[int, str]:
    return label.line, f"The label of {quote(label.run)} (line {label.line}) was not used: {why}."


class _Index:
    """What every run that counts may be named by."""

    def __init__(self, runs: Sequence[PastRun]) -> None:
        self.paths: dict[str, list[int]] = {}
        """Path, in one spelling → places of the runs that it leads to."""
        self._names: dict[str, list[int]] = {}
        self._runs = runs
        for place, run in enumerate(runs):
            if run.same_as is None:
                for path in {_key(one) for one in (run.ref, *run.paths)}:
                    self.paths.setdefault(path, []).append(place)
                for name in {*run.called, *run.short}:
                    self._names.setdefault(name, []).append(place)

    def runs_of(self, text: str) -> list[int]:
        """Give the places of all runs that a label may mean; what begins as a path does is no name."""
        paths = self.paths.get(_key(text), [])
        if text.startswith(("/", "./", "../")):
            return paths
        return sorted({*paths, *self._names.get(text, []), *self._names.get(text.rstrip("/"), [])})

    def exact(self, place: int) -> str:
        """Give a path that leads to one run alone, as short as may be."""
        run = self._runs[place]
        relative = run.ref if run.ref.startswith(("/", "./", "../")) else f"./{run.ref}"
        return next((path for path in (relative, *run.paths) if self.runs_of(path) == [place]), run.ref)
