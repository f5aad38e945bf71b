"""What was configured differently between runs, so that an effect has a name.

A configuration may hold secrets: keys and values that look like one are never shown. No number of a run may enter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checks.run import Scalar
from checks.secrecy import may_be_secret

MOST = 60
"""Characters of a value that are shown."""
_NOISE = re.compile(
    r"(?:^|[._-])(?:seeds?|paths?|dirs?|director(?:y|ies)|folders?|files?|filenames?|timestamps?|dates?|created|started"
    r"|hosts?|hostname|ports?|pids?|users?|username|run_?(?:name|id)|exp(?:eriment)?_?(?:name|id)|uuid|urls?|commit|sha"
    r"|notes|tags|group|sweep)(?:$|[._-]?(?:at|time)?$)",
    re.IGNORECASE,
)
_NOISE_VALUE = re.compile(r"(?:/|~/|\./|[A-Za-z]:\\|[a-z0-9+]+://).*|\d{4}-\d\d-\d\d[T _]?\d\d.*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A key that runs hold different values of."""

    key: str
    values: tuple[Scalar, ...]
    """One a run, in their order; None also where a run has no such key."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What differs between configurations."""

    shown: tuple[Difference, ...]
    noise: tuple[str, ...]
    """Keys that differ and cannot matter: seeds, paths, times, names."""
    hidden: int
    """How many keys differ and may be secret."""
    without: tuple[int, ...]
    """Places of the runs whose source records no configuration; they are left out of the comparison."""


def compare_configs(configs: Sequence[Mapping[str, Scalar]]) -> Differences:
    """Find the keys that differ between runs.

    >>> one = {"lr": 1e-5, "seed": 1, "data.path": "/a", "wandb_api_key": "x", "batch": 8}
    >>> other = {"lr": 3e-5, "seed": 2, "data.path": "/b", "wandb_api_key": "y", "batch": 8, "kl.beta": 0.1}
    >>> found = compare_configs([one, other])
    >>> [(one.key, one.values) for one in found.shown], found.noise, found.hidden
    ([('kl.beta', (None, 0.1)), ('lr', (1e-05, 3e-05))], ('data.path', 'seed'), 1)
    """
    known = [config for config in configs if config]
    shown, noise, hidden = [], [], 0
    for key in sorted({key for config in known for key in config}):
        found = [config.get(key) for config in known]
        if len({_told(value) for value in found}) < 2:
            continue
        texts = [value for value in found if isinstance(value, str)]
        if any(may_be_secret(key, value) for value in found):
            hidden += 1
        elif _NOISE.search(key) or any(map(_NOISE_VALUE.fullmatch, texts)):
            noise.append(key)
        else:
            shown.append(Difference(key=key, values=tuple(_cut(config.get(key)) for config in configs)))
    return Differences(
        shown=tuple(shown),
        noise=tuple(noise),
        hidden=hidden,
        without=tuple(i for i, config in enumerate(configs) if not config),
    )


def _told(value: Scalar) -> str:
    """Give what makes two values the same: 1 and 1.0 are."""
    return str(value).removesuffix(".0")


def _cut(value: Scalar) -> Scalar:
    return value[: MOST - 1] + "…" if isinstance(value, str) and len(value) > MOST else value
