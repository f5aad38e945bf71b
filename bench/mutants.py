"""Mutation tests of the tracker's editor, of the verdict and of promotion: changes of the code that no test notices.

mutmut changes one thing in a function at a time and runs the tests that go through it; what is left alive is shown
with its difference, and why nobody can notice it. Exits 1 where one is not explained. Run by `make mutants`, with the
Python of an environment of its own; modules may be named, as `action/tracker/block.py`. The repository is copied
first, so that nothing in it is changed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = (
    *sorted(f"action/tracker/{path.name}" for path in (ROOT / "action/tracker").glob("[a-z]*.py")),
    "checks/promotion.py",
    "checks/verdict.py",
)
TESTS = (
    "action/tracker",
    "checks/promotion.py",
    "checks/verdict.py",
    "tests/unit/test_tracker.py",
    "tests/unit/test_promotion.py",
    "tests/unit/test_promotion_sentences.py",
    "tests/unit/test_tracker_merge.py",
    "tests/unit/test_tracker_promotion.py",
    "tests/golden/test_golden.py",
    "tests/golden/test_tracker.py",
    "tests/unit/test_verdict.py",
)
COPIED = ("action", "checks", "templates", "tests", "examples", "docs", "pyproject.toml", "README.md", "action.yml")
INFO = "experiment_gatekeeper-0.dist-info"
"""Where the program looks for its own version: it is not installed."""
CONFIG = """\
[mutmut]
source_paths=
    action
    checks
only_mutate=
    {modules}
also_copy=
    {copied}
pytest_add_cli_args=
    -p
    no:cacheprovider
    -o
    addopts=--import-mode=importlib --doctest-modules
    -k
    not hash_seed
pytest_add_cli_args_test_selection=
    {tests}
use_git_change_detection=false
"""
KILLED, SURVIVED = frozenset({1, 3}), frozenset({0})
SLOW = frozenset({-24, 24, 36, 152, 255})
"""Exit codes of mutmut 3.8 (its `stats.py`)."""
EQUAL: tuple[tuple[str, str], ...] = (
    (
        r"policy, evidence, (?:None)?\)|, None\), policy, evidence\.run|, \), policy, evidence\.run",
        "the analyses are made twice, and are the same",
    ),
    (r"max\(found, (?:key=None)?\)", "places differ, so entries are never compared"),
    (r'"UTF-8"', "the same encoding by another name"),
    (
        r"strict=(?:None|False)\)|zip\(.*, \)",
        "what is gone through together is of one length, or is cut to the shorter on purpose",
    ),
    (r"takewhile\(lambda two: None", "what both begin and end with is left out for speed alone"),
    (r"autojunk", "changes the alignment of texts of more than 200 lines at most, and no line of it"),
    (r'_blocks: .*"XXXX"\.join', "the text is compared and never shown"),
    (r"ended = not old", "one line end more at the end is taken away again"),
    (r"default=(?:None|1)", "there is no line then that could be cut"),
    (r"_merged: - at = 0 \+ at = None|_applied: - at = 0 \+ at = None", "a slice from None begins at 0"),
    (r"\[:2\]", "changes are in order: the first is the least"),
    (r"_lined: .* (?:and not text|and read_outline)", "an empty text has no line end that could be another"),
    (r'title="XXXX"', "what is no entry is found by its place, never by a title"),
    (r"last = (?:None|1)", "what stands before the first entry is always there, and sets it"),
    (r"_paired: .*range\(len\((?:new|old)\) - 1\)", "the first piece is paired from the start"),
    (r"_paired: .*or True else|_paired: - taken\.add", "entries with one number and one title are merged with either"),
    (r"_three: .*(?:origin\[1\]|branch\[1\])", "where the branch has the old heading the base's new one stays anyway"),
    (r"_both: - branch = \(base\[0\]", "the base's own line is kept where the branch lacks it"),
    (r"_insert: .*at <= len", "what follows the last entry is there on both sides, so the end is never reached"),
    (r"_insert: .*if \(at\) or True", "something stands before the first entry, if only nothing"),
    (r"_once: .*clean\[1\]\.start\] = written", "both places are in one entry, and beside each other"),
    (r"_fields: .*line - 1, stop", "the line of a label is never blank"),
    (r'_once: .*= ""', "an empty line without an end is nothing"),
    (
        r"_once: .*>= 1|_once: .*clean\[\+1\]",
        "there are two at most, one of each side; a single one is put where it was",
    ),
    (r"_says: .*return True", "no run has an empty name"),
    (r"token\.map or \[", "a heading has its lines always"),
    (r"XX\\ufeffXX|XX#XX", "a heading of this kind begins with `#`, after a mark of the byte order at most"),
    (r'\{"XXXX", " ", "\\t"\}', "a heading of marks alone is no entry"),
    (r"_trimmed: .*end >= start", "a heading is never blank"),
    (r"token\.level > 1", "what stands in a list lies two levels deep at least"),
    (r'or "XXXX"\)', "what is looked for is not in this text either"),
)
"""What was changed, as `function: - old + new` by a pattern → why no test can notice it."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A changed program that went through the tests."""

    module: str
    name: str
    code: int | None


def main(words: Sequence[str]) -> int:
    """Print the table and the survivors of docs/benchmarks.md."""
    modules = tuple(words) or MODULES
    with tempfile.TemporaryDirectory(prefix="gatekeeper-mutants-") as folder:
        place = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, place / name)
        (place / INFO).mkdir()
        (place / INFO / "METADATA").write_text("Metadata-Version: 2.1\nName: experiment-gatekeeper\nVersion: 0\n")
        lines = {"modules": modules, "copied": (*COPIED, INFO), "tests": TESTS}
        texts = {name: "\n    ".join(values) for name, values in lines.items()}
        (place / "setup.cfg").write_text(CONFIG.format(**texts), encoding="utf-8")
        ended = _mutmut(place, "run", "--max-children", "2")
        found = [mutant for module in modules for mutant in _read(place, module)]
        if not found or any(one.code is None for one in found):
            print(ended.stdout[-4_000:], ended.stderr[-4_000:], file=sys.stderr)
            return 1
        _table(modules, found)
        print("\n| left alive | why no test can notice it |\n| --- | --- |")
        told = [_told(place, one) for one in found if one.code not in KILLED | SLOW]
        return int(not all(told))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    else:
        shutil.copy2(source, target)


def _mutmut(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *words], cwd=place, capture_output=True, encoding="utf-8", check=False
    )


def _read(place: Path, module: str) -> Iterator[Mutant]:
    path = place / "mutants" / f"{module}.meta"
    codes = json.loads(path.read_text("utf-8"))["exit_code_by_key"] if path.exists() else {}
    return (Mutant(module=module, name=name, code=code) for name, code in codes.items())


def _table(modules: Sequence[str], found: Sequence[Mutant]) -> None:
    print("| module | mutants | noticed | endless, ended | left |")
    print("| --- | --: | --: | --: | --: |")
    counts: Counter[tuple[str, str]] = Counter()
    for one in found:
        for module in (one.module, "together"):
            kind = "noticed" if one.code in KILLED else "ended" if one.code in SLOW else "left"
            counts.update([(module, kind), (module, "all")])
    for module in (*modules, "together"):
        numbers = [counts[module, kind] for kind in ("all", "noticed", "ended", "left")]
        print(f"| `{module}` | {' | '.join(f'{number:,}' for number in numbers)} |")


def _told(place: Path, mutant: Mutant) -> bool:
    """Print what a mutant that is left changes, and why that is no fault; False: nobody said why."""
    shown = _mutmut(place, "show", mutant.name).stdout.splitlines()
    changed = {
        sign: [line[1:].strip() for line in shown if re.match(rf"\{sign}(?!{re.escape(sign * 2)})", line)]
        for sign in "-+"
    }
    function = re.sub(r"__mutmut_\d+\Z", "", mutant.name).rpartition(".")[2].removeprefix("x_")
    key = f"{function}: - {' '.join(changed['-'])} + {' '.join(changed['+'])}"
    why = next((reason for pattern, reason in EQUAL if re.search(pattern, key)), None)
    print(f"| `{key.replace('|', '∣')}` | {why or '**not explained**'} |")
    return why is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
