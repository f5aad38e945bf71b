"""Where the verdict of a commit comes from: its statuses point, an artifact of our workflow proves.

A status is never believed: whoever may write can post one. What a verdict says is judged elsewhere.
"""

from __future__ import annotations

from action.provenance.heads import doubt
from action.provenance.search import Records, Sought, Source, find_sources, later_than
from action.provenance.trust import WORKFLOW, Home

__all__ = ["WORKFLOW", "Home", "Records", "Sought", "Source", "doubt", "find_sources", "later_than"]
