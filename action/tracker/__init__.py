"""The experiment tracker: old text and a run's entry in, new text out. Text of people is never lost or moved.

No file, no GitHub and no number of a run may enter: `outline.py` finds what stands where, `block.py` knows which lines
are ours, `edit.py` puts an entry in.
"""

from __future__ import annotations

TRACKER = "docs/experiment-tracker.md"
"""Where it is looked for."""
