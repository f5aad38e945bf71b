"""Axiom's own parser (npm `@axiomhq/language-service-next`) in a Node process: does it accept a query?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from tests.node.npm import node

Schema: TypeAlias = Mapping[str, Mapping[str, str]]
"""Dataset → field → Axiom's type."""

_MODULES = Path(sys.prefix) / "node" / "node_modules"
_KUSTO = {"datetime": "datetime", "boolean": "bool", "float": "real", "string": "string", "unknown": "dynamic"}


class Parser:
    """The parser, while it is used as a context: one process for many queries."""

    def __init__(self) -> None:
        if not _MODULES.is_dir():
            raise RuntimeError(f"{_MODULES}: expected Axiom's parser, found nothing there; run: make .venv/.node")
        script = Path(str(resources.files("tests.node"))) / "validate.mjs"
        self._process = subprocess.Popen(
            [node(), script, _MODULES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def faults(self, query: str, schema: Schema | None = None) -> list[str]:
        """Say what it does not accept; with a schema also unknown fields and functions, and wrong types."""
        asked: dict[str, object] = {"query": query}
        if schema is not None:
            asked["schema"] = {name: {field: _KUSTO[kind] for field, kind in of.items()} for name, of in schema.items()}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        found: list[str] = json.loads(self._process.stdout.readline())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)
