"""What of the profiles fits a run: which of them, and which of its metrics each role means. Pure: names in, names out.

A guess is marked as one. What is written of it may not enter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checks.check import RATINGS, Check, Policy, SeriesAsk

GRPO, LEAGUE, PIPELINE = "grpo", "league", "pipeline"
_SIGNALS = ("kl", "reward", "grad-norm")
"""Roles whose metrics speak for the profile `grpo`."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a run recorded, without its values."""

    name: str
    """How the run is called."""
    metrics: Mapping[str, int]
    """Metric → how many values it has."""
    games: bool = False
    """Games lie beside it."""
    events: bool = False
    """Log events lie beside it."""

    @property
    def ratings(self) -> bool:
        """Tell whether its trainer logged ratings of agents."""
        return any(name.startswith(RATINGS) for name in self.metrics)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A role that one of the run's metrics has by a name that the profiles know."""

    role: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """A role that one of the run's metrics seems to have, by the words in its name."""

    role: str
    name: str
    others: tuple[str, ...]
    """Metrics that look like it too."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A role that a check cannot do without, and no metric looks like."""

    role: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class _Words:
    """What a metric's name has to hold, and what tells that it is something else."""

    all_of: tuple[frozenset[str], ...]
    """Of each group, one word."""
    none_of: frozenset[str]


_PARTS = frozenset({"std", "var", "variance", "min", "max", "median", "count", "num", "frac", "share", "ema"})
_LOOKS = {
    # Divergence from an older policy (ppo, approx, old) is near 0 by nature; coefficients are settings.
    "kl": _Words(
        (frozenset({"kl", "kld", "kldiv"}),),
        _PARTS | {"ppo", "approx", "approxkl", "old", "mismatch", "update", "coef", "coeff", "beta", "target", "early"},
    ),
    "reward": _Words(
        (frozenset({"reward", "rewards", "return", "returns", "score", "scores"}),),
        _PARTS | {"loss", "model", "scale", "clip", "lr", "weight", "time", "elo"},
    ),
    "grad-norm": _Words(
        (frozenset({"grad", "grads", "gradient", "gradients", "gradnorm"}), frozenset({"norm", "norms", "gradnorm"})),
        _PARTS | {"clip", "clipped", "threshold", "limit"},
    ),
}


def fitting_profiles(run: Recorded | None, roles: Mapping[str, tuple[str, ...]], *, axiom: bool) -> tuple[str, ...]:
    """Tell which profiles fit: without a run, or with one that tells nothing, `grpo`.

    >>> run = Recorded(name="x", metrics={"elo/base_model": 5}, games=True)
    >>> fitting_profiles(run, {}, axiom=True)
    ('league', 'pipeline')
    """
    found = []
    if run is not None and any(_known(role, run, roles) or look_alikes(role, run.metrics) for role in _SIGNALS):
        found.append(GRPO)
    if run is not None and (run.games or run.ratings):
        found.append(LEAGUE)
    if axiom or (run is not None and run.events):
        found.append(PIPELINE)
    return tuple(found) if found and (run is not None or found != [PIPELINE]) else (GRPO, *found)


def fitting_roles(run: Recorded, policy: Policy) -> tuple[Known | Guessed | Missing, ...]:
    """Tell for every role that the policy asks of which metric of the run it is, in the order of the checks."""
    needed: dict[str, list[Check]] = {}
    for check in policy.checks:
        if isinstance(check.ask, SeriesAsk) and check.ask.metric in policy.roles:
            needed.setdefault(check.ask.metric, []).append(check)
    found: list[Known | Guessed | Missing] = []
    for role, checks in needed.items():
        name = _known(role, run, policy.roles)
        alike = look_alikes(role, run.metrics)
        if name is not None:
            found.append(Known(role=role, name=name))
        elif alike:
            found.append(Guessed(role=role, name=alike[0], others=alike[1:]))
        elif not all(check.if_present for check in checks):
            found.append(Missing(role=role, checks=tuple(check.id for check in checks)))
    return tuple(found)


def _known(role: str, run: Recorded, roles: Mapping[str, tuple[str, ...]]) -> str | None:
    return next((name for name in roles.get(role, ()) if run.metrics.get(name)), None)


def look_alikes(role: str, metrics: Iterable[str]) -> tuple[str, ...]:
    """Give the metrics whose names look like a role, the likeliest first: means, then short names.

    Names with characters that no policy can hold are passed over.

    >>> look_alikes("kl", ["loss", "mine/ref_kl", "approx_kl", "mine/klMean"])
    ('mine/klMean', 'mine/ref_kl')
    """
    look = _LOOKS.get(role)
    if look is None:
        return ()
    words = {name: _words(name) for name in metrics if name.isprintable() and not name.startswith(RATINGS)}
    alike = [
        name
        for name, found in words.items()
        if all(group & found for group in look.all_of) and not look.none_of & found
    ]
    return tuple(sorted(alike, key=lambda name: (not {"mean", "avg", "average"} & words[name], len(name), name)))


def _words(name: str) -> frozenset[str]:
    """Take a name apart.

    >>> sorted(_words("train/gradNorm_L2"))
    ['grad', 'l', 'norm', 'train']
    """
    return frozenset(re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()))
