"""The program that talks to W&B: everything that can be wanted of it. Composition alone.

python -I -m action.errands < requests
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from action.registries.wandb import errand as registry
from action.registries.wandb.wanted import REGISTRY
from action.sources.wandb_api import errand as runs
from action.sources.wandb_api.wanted import RUNS
from action.wandb_service.child import Do, serve

KINDS: Mapping[str, Do] = MappingProxyType({RUNS: runs.run_errand, REGISTRY: registry.run_errand})
"""Who knows how an errand is done."""


def main() -> int:
    """Do errands until there are no more."""
    return serve(KINDS)


if __name__ == "__main__":
    sys.exit(main())
