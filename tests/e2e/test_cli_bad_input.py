"""Bad input from the outside: one clear message, the right exit code, nothing printed as an answer, nothing lost."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs import POLICY, RECORDINGS, command, judge_path, rows, write_lines, write_run

Setup = Callable[[Path], object]
BIG = 200 * 2**20


def nothing(folder: Path) -> None:
    del folder


def text(name: str, content: str | bytes) -> Setup:
    def write(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def policy(checks: str) -> Setup:
    return text("p.yml", "version: 1\nchecks:\n" + checks)


def cut_wandb(start: int, end: int) -> Setup:
    """Write a piece of a recorded W&B file."""

    def write(folder: Path) -> None:
        (source,) = (RECORDINGS / "healthy").glob("*.wandb")
        (folder / "cut.wandb").write_bytes(source.read_bytes()[start:end])

    return write


def several_runs(folder: Path) -> None:
    for name in ("a", "b"):
        target = folder / "wandb" / f"offline-run-20260105_080000-{name}"
        target.mkdir(parents=True)
        (source,) = (RECORDINGS / name.replace("a", "healthy").replace("b", "regression")).glob("*.wandb")
        shutil.copy(source, target / f"run-{name}.wandb")


def long_line(name: str, head: bytes, tail: bytes) -> Setup:
    """Write 200 MB in one line, as a hole in the file."""

    def write(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(head)
            stream.seek(BIG)
            stream.write(tail)

    return write


ONE_SENTENCE: dict[str, tuple[Setup, str, str]] = {
    "missing path": (nothing, "check nosuch", "nosuch: expected a run, found nothing there; check the path"),
    "empty name": (nothing, "check ''", "an empty name: expected a run"),
    "empty file": (text("e.jsonl", ""), "check e.jsonl", r"e\.jsonl: expected .*got an empty file \(0 bytes\)"),
    "empty folder": (lambda f: (f / "d").mkdir(), "check d", "d: expected a run, got an empty folder"),
    "empty W&B file": (text("e.wandb", ""), "check e.wandb", r"e\.wandb.*: expected a W&B run file, got an empty one"),
    "unknown file": (text("notes.txt", "hello"), "check notes.txt", "got a file of no format that is known; known are"),
    "wrong header": (
        text("w.wandb", b"PNG\r\n" + b"\x00" * 100),
        "check w.wandb",
        r"w\.wandb.*: expected a W&B run file, which begins with",
    ),
    "half a header": (cut_wandb(0, 4), "check cut.wandb", r"cut\.wandb.*: expected a W&B run file, got only 4"),
    "JSON lines that are none": (text("r.jsonl", "hello\nworld\n"), "check r.jsonl", r"r\.jsonl: expected"),
    "JSON of another kind": (
        text("trainer_state.json", '{"a": 1}'),
        "check trainer_state.json",
        "trainer_state.json: exp",
    ),
    "policy and profile": (
        policy('  k: {metric: kl, pass: "< 1"}\n'),
        "check run.jsonl --policy p.yml --profile grpo",
        "--policy and --profile: expected one of them, got both",
    ),
    "missing policy": (nothing, "check run.jsonl --policy no.yml", "no.yml: expected a file, found nothing there"),
    "folder as policy": (lambda f: (f / "d").mkdir(), "check run.jsonl --policy d", "d: expected a readable file"),
    "Latin-1 policy": (text("p.yml", b"version: 1 # f\xfcr"), "check run.jsonl --policy p.yml", "save it as UTF-8"),
    "empty policy": (text("p.yml", ""), "check run.jsonl --policy p.yml", "p.yml:1: expected .*got an empty file"),
    "zero checks": (
        text("p.yml", "version: 1\n"),
        "check run.jsonl --policy p.yml",
        r"p\.yml:1: expected at least one check, got none",
    ),
    "zero checks in a mapping": (
        policy("  {}\n"),
        "check run.jsonl --policy p.yml",
        r"p\.yml:1: expected at least one check, got none",
    ),
    "all checks off": (
        text(
            "p.yml",
            "version: 1\nextends: grpo\nchecks: {kl-p95: off, kl-spike: off, reward-trend: off, reward-end: off, "
            "grad-norm: off, truncated: off, zero-variance: off}\n",
        ),
        "check run.jsonl --policy p.yml",
        r"p\.yml:1: expected at least one check, got none",
    ),
    "unknown key": (
        policy('  k: {metric: kl, stat: mean, pas: "< 1"}\n'),
        "check run.jsonl --policy p.yml",
        r"p\.yml:3: checks\.k\.pas: expected a known key, got `pas`; did you mean .*pass",
    ),
    "repeated key": (
        policy('  k: {metric: kl, stat: mean, pass: "< 1"}\n  k: {metric: kl, stat: mean, pass: "< 9"}\n'),
        "check run.jsonl --policy p.yml",
        r"p\.yml:4: checks\.k: .*(twice|repeated|once|again)",
    ),
    "1e-3 as text": (
        policy('  k: {metric: kl, stat: share-above, above: 1e-3, pass: "< 1"}\n'),
        "check run.jsonl --policy p.yml",
        r'p\.yml:3: checks\.k\.above: expected a number, got the text "1e-3"; YAML reads this as text: write 0\.001',
    ),
    "bound that is not finite": (
        policy('  k: {metric: kl, stat: mean, pass: "< .nan"}\n'),
        "check run.jsonl --policy p.yml",
        r"p\.yml:3: checks\.k\.pass: expected .*got",
    ),
    "number that is not finite": (
        policy('  k: {metric: kl, stat: share-above, above: .nan, pass: "< 1"}\n'),
        "check run.jsonl --policy p.yml",
        r"p\.yml:3: checks\.k\.above: expected",
    ),
    "bound that is infinite": (
        policy('  k: {metric: kl, stat: mean, pass: "< inf"}\n'),
        "check run.jsonl --policy p.yml",
        r"p\.yml:3: checks\.k\.pass: expected .*got",
    ),
    "policy that is code": (
        text("p.yml", "!!python/object/apply:os.system ['touch pwned']\n"),
        "check run.jsonl --policy p.yml",
        r"p\.yml:1: expected",
    ),
    "missing events": (nothing, "check run.jsonl --profile grpo --events no.jsonl", "no.jsonl: expected a file, found"),
    "missing games": (nothing, "check run.jsonl --profile grpo --games no.jsonl", "no.jsonl: expected a file, found"),
    "missing checkpoint": (nothing, "check run.jsonl --profile grpo --checkpoint ./no", "./no: expected a checkpoint"),
    "200 MB line": (
        long_line("b.jsonl", b'{"kl": "', b'"}\n'),
        "check b.jsonl",
        r"b\.jsonl:1: expected lines of at most",
    ),
    "200 MB cell": (long_line("b.csv", b'step,kl\n1,"', b'"\n'), "check b.csv", r"b\.csv:2: expected lines of at most"),
    "200 MB value": (
        long_line("t/trainer_state.json", b'{"log_history": [{"kl": "', b'"}]}'),
        "check t",
        r"trainer_state\.json: expected a trainer log",
    ),
    "200 MB event": (
        long_line("b.jsonl", b'{"event": "', b'"}\n'),
        "logs errors --events b.jsonl",
        r"b\.jsonl:1: expected lines of at most",
    ),
    "missing verdict": (nothing, "explain no.json", "no.json: expected a file, found nothing there"),
    "folder without verdict": (lambda f: (f / "d").mkdir(), "explain d", "d/verdict.json: expected a file"),
    "verdict that is none": (text("v.json", "{"), "explain v.json", "v.json: expected the JSON of a verdict"),
    "empty object as verdict": (text("v.json", "{}"), "explain v.json", "v.json: version: expected a value"),
    "unknown metric": (nothing, "metrics run.jsonl -m rewrd", "rewrd, did you mean .*reward"),
    "no metric with a role": (text("x.csv", "step,a\n1,2\n"), "metrics x.csv", "expected a metric with a known role"),
    "unknown field": (text("e.jsonl", '{"event": "x"}\n'), "logs errors --events e.jsonl --by nosuch", "--by: "),
    "no events": (text("e.jsonl", "\n\n"), "logs errors --events e.jsonl", r"e\.jsonl: expected events"),
}


def split(line: str) -> list[str]:
    return ["" if word == "''" else word for word in line.split()]


@pytest.mark.parametrize("name", ONE_SENTENCE)
def test_bad_input_is_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    setup, line, expected = ONE_SENTENCE[name]
    write_run(tmp_path)
    setup(tmp_path)
    words = split(line)
    if words[0] == "check":
        words += ["--out", "out"]

    done = command(*words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert re.fullmatch(r"gatekeeper: [^\n]+\n", done.stderr), done.stderr
    assert re.search(expected, done.stderr), done.stderr
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", ["200 MB line", "200 MB value", "200 MB cell"])
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of its memory from /proc")
def test_a_long_line_does_not_fill_the_memory(name: str, tmp_path: Path) -> None:
    setup, line, _ = ONE_SENTENCE[name]
    setup(tmp_path)
    (tmp_path / "peak.py").write_text(
        "import atexit, pathlib, re, sys\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "peak = lambda: re.search(r'VmHWM:\\s+(\\d+)', status.read_text())[1]\n"
        "atexit.register(lambda: pathlib.Path('peak').write_text(peak()))\n"
        "from action.cli.main import main\nsys.argv = ['gatekeeper', *sys.argv[1:]]\nmain()\n"
    )

    done = command("peak.py", *split(line), cwd=tmp_path, program=["-I"])

    assert done.returncode == 2
    assert int((tmp_path / "peak").read_text()) < BIG // 1024


def test_several_runs_in_a_folder_are_listed(tmp_path: Path) -> None:
    several_runs(tmp_path)

    done = command("check", "wandb", "--out", "out", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert all(line.startswith("gatekeeper: ") for line in done.stderr.splitlines())
    assert re.search(r"wandb.*: expected the files of one W&B run, got several runs; name one of them", done.stderr)
    for name in ("league-healthy-s0", "league-regression-s0", "run-a.wandb", "run-b.wandb"):
        assert name in done.stderr


def test_an_unknown_profile_is_told_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    done = command("check", write_run(tmp_path), "--profile", "grop", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "expected a profile, got `grop`; did you mean `grpo`?" in done.stderr


def test_a_wandb_file_that_holds_its_header_alone_is_a_run_that_was_killed(tmp_path: Path) -> None:
    cut_wandb(0, 7)(tmp_path)

    assert command("check", "cut.wandb", "--profile", "grpo", cwd=tmp_path).returncode == 11


def test_every_fault_of_a_policy_is_told_at_once(tmp_path: Path) -> None:
    write_run(tmp_path)
    policy('  a: {metric: kl, pas: "< 1"}\n  b: {metric: kl, stat: meen, pass: "< 1"}\n  c: {pass: "< 1"}\n')(tmp_path)

    checked = command("check", "run.jsonl", "--policy", "p.yml", cwd=tmp_path)
    linted = command("policy", "lint", "p.yml", cwd=tmp_path)

    assert (checked.returncode, linted.returncode) == (2, 2)
    assert checked.stderr == linted.stderr
    lines = linted.stderr.splitlines()
    assert len(lines) >= 3
    assert all(re.match(r"gatekeeper: p\.yml:[345]: checks\.[abc][.:]", line) for line in lines), lines
    assert lines == sorted(lines)


def outcome(path: Path, check: str, policy_text: str = POLICY) -> tuple[str, str, str]:
    verdict = judge_path(path, policy_text).verdict
    found = next(one for one in verdict.checks if one.id == check)
    return verdict.decision.value, found.outcome.value, found.reason


def test_a_metric_that_does_not_exist_is_inconclusive_and_names_are_offered(tmp_path: Path) -> None:
    write_run(tmp_path, [{"step": n, "kl/mean": 0.01 * n} for n in range(30)])
    policy('  k: {metric: kl/maen, stat: mean, pass: "< 9"}\n')(tmp_path)

    done = command("check", "run.jsonl", "--policy", "p.yml", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (11, "")
    assert "kl/mean" in done.stdout


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("bound", ["< 0.1", "> -0.1", "<= 0", ">= 0"])
def test_a_series_that_is_never_finite_passes_no_bound(tmp_path: Path, value: float, bound: str) -> None:
    run = write_run(tmp_path, rows(kl=dict.fromkeys(range(40), value)))

    for stat in ("mean", "p95", "max", "min", "last", "slope", "trend", "end-below-peak"):
        decision, _, _ = outcome(
            run, "k", f'version: 1\nchecks:\n  k: {{metric: kl, stat: {stat}, pass: "{bound}", min-samples: 1}}\n'
        )
        assert decision != "pass", stat


@pytest.mark.parametrize("stat", ["mean", "p95", "last", "slope", "trend", "end-below-peak"])
def test_a_single_value_is_too_few(tmp_path: Path, stat: str) -> None:
    run = write_run(tmp_path, rows(1))

    decision, found, _ = outcome(
        run, "k", f'version: 1\nchecks:\n  k: {{metric: kl, stat: {stat}, pass: "< 9", min-samples: 2}}\n'
    )

    assert (decision, found) == ("inconclusive", "inconclusive")


@pytest.mark.parametrize("stat", ["slope", "trend", "end-below-peak"])
def test_an_estimate_from_a_single_value_passes_no_bound_even_if_one_is_enough(tmp_path: Path, stat: str) -> None:
    run = write_run(tmp_path, rows(1))

    for bound in ("< 9", "> -9"):
        decision, _, _ = outcome(
            run, "k", f'version: 1\nchecks:\n  k: {{metric: kl, stat: {stat}, pass: "{bound}", min-samples: 1}}\n'
        )
        assert decision == "inconclusive"


@pytest.mark.parametrize("end", [0.3, 0.6, 0.99])
def test_a_wandb_file_that_was_cut_is_read_up_to_there_and_never_passes(tmp_path: Path, end: float) -> None:
    (source,) = (RECORDINGS / "healthy").glob("*.wandb")
    cut_wandb(0, int(end * source.stat().st_size))(tmp_path)

    done = command("check", "cut.wandb", "--profile", "grpo", "--format", "json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (11, "")
    assert json.loads(done.stdout)["verdict"] == "inconclusive"


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_wandb_file_with_a_flipped_byte_is_noted_and_never_passes(tmp_path: Path, place: float) -> None:
    (source,) = (RECORDINGS / "healthy").glob("*.wandb")
    content = bytearray(source.read_bytes())
    content[int(place * len(content))] ^= 0x10
    (tmp_path / "bad.wandb").write_bytes(content)

    verdict = judge_path(tmp_path / "bad.wandb", "version: 1\nextends: grpo\n").verdict

    assert verdict.decision.value != "pass"
    assert [note for note in verdict.notes if note.kind.value == "lost"]


@pytest.mark.parametrize("tail", [b'{"step": 40, "kl": 0.0', b"\x00" * 4096, b"\xff\xfe\xfa\n"])
def test_a_run_with_a_damaged_end_is_noted_and_never_passes(tmp_path: Path, tail: bytes) -> None:
    run = write_run(tmp_path)
    run.write_bytes(run.read_bytes() + tail)

    verdict = judge_path(run).verdict

    assert verdict.decision.value == "inconclusive"
    assert [note for note in verdict.notes if note.kind.value == "lost"]


HOSTILE = "a|b `c` <details> @team \x1b]0;title\x07 \u202egnp {{7*7}} *x*"


def test_hostile_names_reach_no_terminal(tmp_path: Path) -> None:
    run = write_lines(
        tmp_path / f"{HOSTILE}.jsonl",
        [{"step": n, HOSTILE: 0.1 + n % 7, "kl": 0.01 + 0.001 * (n % 5)} for n in range(30)],
    )
    events = write_lines(
        tmp_path / "hostile.jsonl", [{"event": "rollout_error", "error": HOSTILE, "message": HOSTILE} for _ in range(9)]
    )
    (tmp_path / "p.yml").write_text(POLICY + '  x: {metric: "a|b", stat: last, pass: "> 0"}\n')

    for words in (
        ("check", run, "--policy", "p.yml", "--out", "out"),
        ("check", run, "--policy", "p.yml", "--format", "markdown"),
        ("metrics", run, "--all"),
        ("metrics", run, "-m", HOSTILE + "x"),
        ("logs", "errors", "--events", events),
        ("logs", "errors", "--events", events, "--run", HOSTILE),
        ("explain", "out"),
        ("explain", "out", HOSTILE),
        ("check", HOSTILE),
        ("check", run, "--profile", HOSTILE),
        ("check", run, "--policy", "p.yml", "--checkpoint", f"./{HOSTILE}"),
    ):
        done = command(*words, cwd=tmp_path)
        told = done.stdout + done.stderr
        assert done.returncode in (0, 2, 11), told
        assert "Traceback" not in told
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x9b\u202e]", told), words


@pytest.mark.skipif(os.name != "posix", reason="file names of bytes")
def test_a_run_whose_name_is_no_utf8_is_judged(tmp_path: Path) -> None:
    source = write_run(tmp_path)
    try:
        source.rename(tmp_path / "r\udcff.jsonl")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    policy('  k: {metric: kl, stat: mean, pass: "< 9"}\n')(tmp_path)

    for form in ("text", "markdown"):
        done = command("check", "r\udcff.jsonl", "--policy", "p.yml", "--out", "o", "--format", form, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    assert command("explain", "o", cwd=tmp_path).returncode == 0
