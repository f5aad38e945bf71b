"""When log events of a run are looked for, and whether another run of its name was at work then.

No service may enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from action.files import show_name
from checks.run import Identity, Note, NoteKind

MARGIN = timedelta(minutes=15)
"""Before a run's start and after its end, in which its log events are looked for too: clocks differ, writers lag."""
LOOK_BACK = timedelta(days=30)
"""How far events are looked for where nobody knows when the run began."""
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class LogWindow:
    """From when until when events are looked for."""

    since: datetime
    until: datetime
    notes: tuple[Note, ...] = ()


def log_window(run: Identity, namesakes: Sequence[Identity], now: datetime) -> LogWindow:
    """Give the window of a run's log events, and say where events of another run of that name may be among them.

    A run that was started again under its name is common, and begins where the other has ended: its margin is cut off
    there. Two that were at work together cannot be told apart by their name.

    Args:
        run: the run that is judged.
        namesakes: other runs that events with the name or id of this one may belong to.
        now: no event is later.

    >>> day = datetime(2026, 1, 5, tzinfo=UTC)
    >>> run = Identity(name="a", started_at="2026-01-04T06:00:00Z", finished_at="2026-01-04T07:00:00Z")
    >>> before = Identity(name="a", started_at="2026-01-04T05:00:00Z", finished_at="2026-01-04T05:55:00Z")
    >>> window = log_window(run, [before], day)
    >>> window.since.isoformat(), window.until.isoformat()
    ('2026-01-04T06:00:00+00:00', '2026-01-04T07:15:00+00:00')
    """
    started, finished = _time(run.started_at), _time(run.finished_at)
    since = (now - LOOK_BACK if started is None else started) - MARGIN
    until = min(now if finished is None else finished + MARGIN, now + MARGIN)
    together = []
    for other in namesakes:
        began, ended = _time(other.started_at), _time(other.finished_at)
        if ended is not None and started is not None and ended <= started:
            since = started if ended > since else since
        elif began is not None and finished is not None and began >= finished:
            until = finished if began < until else until
        elif (began is None or began < until) and (ended is None or ended > since):
            together.append(other)
    return LogWindow(since=since, until=until, notes=tuple(_together(run, together)))


def unknown_start(run: Identity) -> bool:
    """Tell whether nobody knows when a run began."""
    return _time(run.started_at) is None


def _together(run: Identity, others: Sequence[Identity]) -> Iterable[Note]:
    if others:
        named = ", ".join(show_name(other.id or other.name) for other in others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        text = (
            f"the log events: another run was at work under the name {show_name(run.name)} at the same time "
            f"({named}{more}), and its events cannot be told from this run's; give each run a name of its own"
        )
        yield Note(kind=NoteKind.LOST, text=text)


def _time(text: str | None) -> datetime | None:
    """Read a time of the run; None for one that a broken clock wrote."""
    found = None if text is None else datetime.fromisoformat(text)
    return None if found is None or not 1970 <= found.year < 2100 else found.astimezone(UTC)
