"""The version of this tool, as installed."""

from __future__ import annotations

from importlib.metadata import version


def tool_version() -> str:
    """Give the version of the installed distribution, such as `0.1.0`."""
    return version("experiment-gatekeeper")
