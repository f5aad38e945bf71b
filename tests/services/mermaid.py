"""Mermaid's own parser (npm `mermaid`, a release that GitHub is sure to have passed) in a Node process."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.node.npm import node

_MODULES = Path(sys.prefix) / "node" / "node_modules"


class ChartParser:
    """The parser, while it is used as a context: one process for many charts."""

    def __init__(self) -> None:
        if not (_MODULES / "mermaid").is_dir():
            raise RuntimeError(f"{_MODULES}: expected Mermaid's parser, found nothing there; run: make .venv/.node")
        script = Path(str(resources.files("tests.node"))) / "charts.mjs"
        self._process = subprocess.Popen(
            [node(), script, _MODULES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def fault(self, code: str) -> str | None:
        """Say why it is no chart of lines over categories; None: it is one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        found: str | None = json.loads(self._process.stdout.readline())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)
