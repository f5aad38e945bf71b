"""What comes of every fault between the gate and Axiom, as a table in Markdown: outcome, seconds, requests.

    python bench/axiom_faults.py [SECONDS]

Each is one log question through the real client to a server on loopback, within a deadline of so many seconds (10).
Exit code 3: the service; 2: the query or a setting. Anything else would be a crash, and ends this program.
"""

from __future__ import annotations

import sys

from tests.services.ordeal import Outcome, endure_all


def row(fault: str, outcome: Outcome) -> str:
    """Write one line of the table."""
    code = "answered" if outcome.error is None else f"exit {outcome.error.exit_code}"
    said = "–" if outcome.error is None else str(outcome.error).replace("|", "\\|")
    return f"| {fault} | {code} | {outcome.seconds:.1f} | {len(outcome.requests)} | {said} |"


def main() -> int:
    """Print the table; 1 if some fault was not over in time or showed the token."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    outcomes = endure_all(seconds)
    print("| fault | outcome | seconds | requests | message |\n| --- | --- | --- | --- | --- |")
    for fault, outcome in outcomes.items():
        print(row(fault, outcome))
    late = [fault for fault, one in outcomes.items() if one.seconds > seconds + 1]
    shown = [fault for fault, one in outcomes.items() if one.token in f"{one.error!r}{one.error}{one.answers!r}"]
    print(f"\n{len(outcomes)} faults; over the deadline: {late or 'none'}; token shown: {shown or 'none'}")
    return 1 if late or shown else 0


if __name__ == "__main__":
    sys.exit(main())
