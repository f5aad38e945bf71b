"""The experiment tracker: old text and a run's entry in, new text out. Text of people is never lost or moved.

No file, no GitHub and no number of a run may enter: `outline.py` finds what stands where, `value.py` reads what a field
says, `block.py` knows which lines are ours, `naming.py` which entry is a run's; `edit.py` puts an entry in, `merge.py`
brings two trackers together, `changes.py` tells what is new.
"""

from __future__ import annotations

TRACKER = "docs/experiment-tracker.md"
"""Where it is looked for."""
