"""The only room that knows PyGithub: what is read of a repository on GitHub, and what is written to it.

Bounded in time, tries and waits; its errors become ours, and its token nobody's. What is written, and whether, is
decided elsewhere.
"""

from __future__ import annotations

from action.github.access import API, Access
from action.github.repository import GitHub

__all__ = ["API", "Access", "GitHub"]
