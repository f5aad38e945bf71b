"""Axiom's own parser (npm `@axiomhq/language-service-next`), asked about many queries in one Node process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

from tests.node.npm import node

_MODULES = Path(sys.prefix) / "node" / "node_modules"
_KUSTO = {"datetime": "datetime", "boolean": "bool", "float": "real", "string": "string", "unknown": "dynamic"}


def faults(queries: Iterable[str], schema: Mapping[str, Mapping[str, str]] | None = None) -> list[list[str]]:
    """Give, for each query, what Axiom's parser does not accept in it.

    `schema`: dataset → field → Axiom's type; with it, unknown fields and functions and wrong types are faults too.

    Raises:
        RuntimeError: the parser is not there, or did not answer.
    """
    if not _MODULES.is_dir():
        raise RuntimeError(f"{_MODULES}: expected Axiom's parser, found nothing there; run: make .venv/.node")
    about = schema and {name: {field: _KUSTO[kind] for field, kind in of.items()} for name, of in schema.items()}
    asked = [json.dumps({"query": query, **({"schema": about} if about else {})}) for query in queries]
    script = Path(str(resources.files("tests.node"))) / "validate.mjs"
    done = subprocess.run(
        [node(), script, _MODULES],
        input="\n".join(asked),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(found) != len(asked):
        raise RuntimeError(f"validate.mjs: expected {len(asked)} answers, got {len(found)}: {done.stderr[-500:]}")
    return found
