"""Publishing a verdict on GitHub: what is written where, in which order, and what must not be overwritten.

No client may enter: a repository comes as a `Forge`.
"""

from __future__ import annotations

TRACKER_BRANCH = "experiment-gatekeeper/tracker"
"""That the tracker's pull request comes from."""
