"""What the user chose, as values. Where a choice comes from (arguments, environment, files) may not enter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from checks.run import Origin

TIME = "%Y-%m-%dT%H:%M:%SZ"
"""How the time of judging is written: RFC 3339 in UTC, whole seconds."""


DEADLINE = 120.0
DEFAULT_POLICY = Path(".github/gatekeeper.yml")
"""Where a policy is looked for."""


@dataclass(frozen=True, kw_only=True)
class PolicyText:
    """A policy before it is read."""

    text: str
    source: str
    """What reports call it: its path, or `profile grpo`."""


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """What `gatekeeper check` is to judge."""

    ref: str
    """The run or bundle, as the user named it."""
    policy: PolicyText | None
    """What the user asked for; None: the one in the bundle, or the fallback."""
    fallback_policy: PolicyText
    """`.github/gatekeeper.yml`, else the profile `grpo`."""
    events: tuple[Path, ...] = ()
    games: tuple[Path, ...] = ()
    checkpoint: str | None = None
    now: str
    """RFC 3339 in UTC, whole seconds."""
    origin: Origin | None = None
    """Where on GitHub it is judged; None: elsewhere."""
    deadline: float = DEADLINE
    """Seconds in which everything that services are asked for has to be there."""


def profile_policy(names: tuple[str, ...]) -> PolicyText:
    """Write the policy that stands for profiles named on the command line.

    >>> profile_policy(("grpo",)).source, profile_policy(("grpo", "pipeline")).text
    ('profile grpo', 'version: 1\\nextends: ["grpo", "pipeline"]\\n')
    """
    quoted = ", ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names)
    word = "profile" if len(names) == 1 else "profiles"
    return PolicyText(text=f"version: 1\nextends: [{quoted}]\n", source=f"{word} {', '.join(names)}")
