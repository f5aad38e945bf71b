"""What log answers could not use or left out, in sentences that reach the report.

No event may enter; what comes in is counted already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.questions.group import MOST_POWERS
from checks.questions.reader import Fields
from checks.questions.tally import Loss, Tally
from checks.run import Note, NoteKind

FEW = 0.01
"""Up to this share of unusable values is odd, more is lost: the bound of the integrity check for series."""
OTHER_RUNS = "…"
"""Stands for the runs past the first thousand."""
_SHOWN, _LENGTH = 5, 80


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What passed by, and which run it named."""

    events: int
    """All events of the stream."""
    nameless: int
    """Events without a name (field `event`), which answer nothing."""
    runs: Mapping[str, int]
    """Run → its events that some question reads, most first; past 1,000 runs the rest stand under `…`."""
    unnamed: int
    """Events that some question reads and that name no run: they are counted as the run's."""
    left_out: int
    """Events that some question reads and that name another run than the one asked for."""


def note_seen(seen: Seen, wanted: frozenset[str] | None, fields: Fields) -> Iterator[Note]:
    """Tell which events were left out, and where runs may be mixed."""
    others = [name for name in seen.runs if wanted is not None and name not in wanted]
    if seen.nameless:
        names = ", ".join(fields["event"])
        yield _odd(f"events: {seen.nameless:,} of {seen.events:,} have no name (field {names}) and answer no question")
    if others:
        yield _odd(
            f"events: {seen.left_out:,} belong to other runs ({_list(others)}) and are left out; "
            f"asked for was {_list(sorted(wanted or ()))}"
        )
    if others and seen.unnamed:
        yield _odd(
            f"events: {seen.unnamed:,} name no run (field {', '.join(fields['run'])}) and are counted as this run's, "
            f"though the log holds other runs"
        )
    if wanted is None and len(seen.runs) > 1:
        yield _odd(
            f"events: {len(seen.runs):,} runs are answered together ({_list(list(seen.runs))}); name one of them"
        )


def note_tally(tally: Tally, fields: Fields) -> Iterator[Note]:
    """Tell which values an answer lacks."""
    question = tally.ask.question
    for loss in tally.losses():
        names = fields.get("scores" if loss.field == "score" else loss.field)
        if names is not None:
            yield from note_loss(question.name, loss, question.needs, names)
    if tally.crowded:
        yield _odd(
            f"{question.name}: more than {MOST_POWERS:,} powers in the scores, so the imbalance is not measured; "
            f"are they names of seats? (field {', '.join(fields['scores'])})"
        )


def note_choice(chosen: Tally, others: Sequence[Tally]) -> Iterator[Note]:
    """Tell where another record of the same thing counts more of it than the record that was used."""
    counted = [(one.listens[0], one.events) for one in (chosen, *(other for other in others if other is not chosen))]
    yield from note_rivals(chosen.ask.question.name, counted)


def note_rivals(question: str, counted: Sequence[tuple[str, int]]) -> Iterator[Note]:
    """Tell the same of records as counts: event → how many, the one that was used first; may be empty."""
    for name, events in counted[1:]:
        if events > counted[0][1]:
            yield _odd(
                f"{question}: answered from {counted[0][1]:,} {counted[0][0]}; the {events:,} {name} are not added, "
                "since one request may write both"
            )


def note_cut(tally: Tally, shown: int, groups: int) -> Iterator[Note]:
    """Tell where a table holds only the most frequent groups."""
    if shown < groups:
        yield _odd(f"{tally.ask.title}: the {shown:,} most frequent of {groups:,} groups are shown")


def note_loss(question: str, loss: Loss, needs: Sequence[str], names: Sequence[str]) -> Iterator[Note]:
    """Tell how many events of a question lack a field; `names`: what it is called in the logs."""
    lacking = loss.unusable + (loss.absent if loss.field in needs else 0)
    total = loss.usable + loss.unusable + loss.absent
    if not lacking:
        return
    rest = "the values rest on the others" if loss.usable else "nothing of it is measured"
    text = (
        f"{question}: {lacking:,} of {total:,} {loss.of} have no usable {loss.field} (field {', '.join(names)}); {rest}"
    )
    never_logged = loss.absent == total
    kind = NoteKind.ODD if never_logged or lacking <= FEW * total else NoteKind.LOST
    yield Note(kind=kind, text=text)


def _odd(text: str) -> Note:
    return Note(kind=NoteKind.ODD, text=text)


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(name[:_LENGTH] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
