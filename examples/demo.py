"""`make demo`: judges recorded runs and their checkpoints' strength, as a user would; says what to look at next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = Path("examples/league/recordings")
POLICY = Path("examples/gatekeeper.yml")
OUT = Path("out/demo")
RUNS = {
    "healthy": "A run that learned.",
    "regression": "A run that found a good checkpoint and then collapsed.",
}
STRENGTH = {
    "healthy": "Is its newest checkpoint really better than the base model? Its games say.",
    "no-learning": "And one that learned nothing: more games are needed, not a lucky verdict.",
}


def main() -> int:
    """Judge the runs; 0 if every command gave a verdict."""
    exit_codes = []
    commands = [
        *(
            (about, ["check", str(RECORDINGS / name), "--policy", str(POLICY), "--out", str(OUT / name)])
            for name, about in RUNS.items()
        ),
        *((about, ["elo", str(RECORDINGS / name)]) for name, about in STRENGTH.items()),
    ]
    for about, words in commands:
        print(f"\n── {about}\n$ gatekeeper {' '.join(words)}\n", flush=True)
        ended = subprocess.run([sys.executable, "-I", "-m", "action", *words], cwd=ROOT, check=False)
        print(f"\nexit code {ended.returncode}", flush=True)
        exit_codes.append(ended.returncode)
    print(
        f"""
── What next?
(The games and the learning are real; the inference engine's clock is simulated, see examples/league/README.md.)
Read a verdict:    {OUT}/regression/verdict.md
Trace a number:    .venv/bin/gatekeeper explain {OUT}/regression reward-end
Change a bound:    edit {POLICY}, then `make demo` again
Judge your run:    .venv/bin/gatekeeper check PATH/TO/RUN"""
    )
    # 10 is a verdict (fail), not a fault of the demo.
    return 0 if set(exit_codes) <= {0, 10, 11} else 1


if __name__ == "__main__":
    sys.exit(main())
