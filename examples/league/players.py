"""The fixed players: scripted bots that never change, and the base model that training starts from.

Each is a row of weights over the features of `policy.py`; large weights make a player follow its rule nearly always.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from examples.league.game import Floats
from examples.league.policy import FEATURES

BASE_MODEL = "base_model"


def _weights(**values: float) -> Floats:
    return np.array([values.pop(name, 0.0) for name in FEATURES])


BASE_WEIGHTS: Floats = _weights(value=0.3, mine=0.4, free=0.2, sent=-0.3)
"""Likes what is valuable, free or its own, each a little; the rest it has to learn."""

BOTS: Mapping[str, Floats] = MappingProxyType(
    {
        # Any province, any time.
        "random_bot": _weights(),
        # Marches on other homes whatever it costs.
        "chaos_bot": _weights(far=2.5, sent=0.8),
        # Attacks no home, takes what is free and stands where it was attacked.
        "defensive_bot": _weights(home=0.5, far=-1.5, free=1.5, mine=1.0, pressure_on_mine=1.5, sent=-0.5),
        # Takes the marches beside it and keeps them.
        "territorial_bot": _weights(home=-1.0, far=-2.5, value=1.0, free=1.0, pressure_on_mine=1.0, sent=-0.5),
        # Throws all armies at one valuable province.
        "coordinated_bot": _weights(far=-1.0, value=1.0, free=0.5, sent=1.5, sent_at_mine=-1.5),
    }
)

FIXED: Mapping[str, Floats] = MappingProxyType({BASE_MODEL: BASE_WEIGHTS, **BOTS})
"""Every reference by name."""
