"""What is kept of a run for the tracker beside its measurements: notes, command, what it changed. No secret enters.

What was measured may not enter.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.config import compare_configs
from checks.masking import masked_command, masked_notes
from checks.run import Change, RunData, Story

MOST = 2_000
"""Characters of notes and of a command that are kept."""
_READ = 16 * MOST
"""Of a longer text no more is looked at."""


def tell_story(run: RunData, baselines: Mapping[str, RunData]) -> Story | None:
    """Keep notes, command, and the settings that differ from the first baseline whose configuration is known.

    None where nothing of it is known.

    >>> from checks.run import Identity, Words
    >>> one = RunData(ref="a", source="", identity=Identity(name="a"), config={"lr": 1, "seed": 1, "api_key": "x"})
    >>> two = RunData(ref="b", source="", identity=Identity(name="b"), config={"lr": 2, "seed": 2, "api_key": "y"})
    >>> found = tell_story(two, {"team/p/a": one})
    >>> found.against, [(one.key, one.before, one.after) for one in found.changes], found.hidden
    ('team/p/a', [('lr', 1, 2)], 1)
    """
    against = next((name for name, data in baselines.items() if data.config), None) if run.config else None
    notes, command = (None if text is None or not text.strip() else text.strip()[:_READ] for text in _words(run))
    if against is None and notes is None and command is None:
        return None
    changes: tuple[Change, ...] = ()
    hidden = 0
    if against is not None:
        found = compare_configs([baselines[against].config, run.config])
        changes = tuple(Change(key=one.key, before=one.values[0], after=one.values[1]) for one in found.shown)
        hidden = found.hidden
    # Cut after it is masked: half a secret is not known for one. People paste into notes what they started a run with.
    told = None if command is None else masked_command(command)[:MOST]
    written = None if notes is None else masked_notes(notes)[:MOST]
    return Story(hypothesis=written, command=told, against=against, changes=changes, hidden=hidden)


def _words(run: RunData) -> tuple[str | None, str | None]:
    return run.words.notes, run.words.command
