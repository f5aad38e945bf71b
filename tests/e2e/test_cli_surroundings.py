"""The world around the command: terminals, encodings, pipes, full and read-only disks, signals."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs import RECORDINGS, clean_environment, command, write_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, /proc and /dev/full as on Linux")

REGRESSION = ("check", str(RECORDINGS / "regression"), "--profile", "grpo")
SCRIPT = Path(sys.executable).with_name("gatekeeper")


def run_in_terminal(*words: str, cwd: Path, **environment: str) -> str:
    """Run the command in a terminal of 200 columns, or as many as COLUMNS says; return what it shows."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-I", "-m", "action", *words],
        cwd=cwd,
        env={**clean_environment(), "TERM": "xterm-256color", "COLUMNS": "200", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side has closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert child.wait(60) == 10
    return shown.decode()


# --- terminals and encodings ----------------------------------------------------------------------------------------


def test_a_terminal_gets_colour_and_anything_else_plain_text(tmp_path: Path) -> None:
    shown = run_in_terminal(*REGRESSION, cwd=tmp_path)
    piped = command(*REGRESSION, cwd=tmp_path).stdout

    assert re.search("\x1b\\[[0-9;]*31m", shown)
    assert "\x1b" not in piped
    assert "reward ends near its peak" in shown
    assert "reward ends near" in piped


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(tmp_path: Path, environment: dict[str, str]) -> None:
    shown = run_in_terminal(*REGRESSION, cwd=tmp_path, **environment)

    assert not re.search("\x1b\\[[0-9;]*3[0-9]m", shown)
    assert "FAIL" in shown


@pytest.mark.parametrize("columns", [40, 132])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, columns: int) -> None:
    for words in (
        REGRESSION,
        ("metrics", str(RECORDINGS / "regression"), "--all"),
        ("logs", "rollout-timing", "--events", str(RECORDINGS / "regression" / "events.jsonl")),
    ):
        done = command(*words, cwd=tmp_path, env={"COLUMNS": str(columns)})
        assert done.stderr == ""
        assert max(map(len, done.stdout.splitlines())) <= columns, words


@pytest.mark.parametrize("columns", ["0", "1", "-3", "wide", "100000000"])
def test_a_width_that_is_none_hides_nothing(tmp_path: Path, columns: str) -> None:
    done = command(*REGRESSION, cwd=tmp_path, env={"COLUMNS": columns})

    words = done.stdout.split()
    assert (done.returncode, done.stderr) == (10, "")
    assert {"FAIL", "reward-end", "peak."} <= set(words)


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"LC_ALL": "nowhere.latin-1"}])
def test_no_locale_is_too_poor_to_tell_the_verdict(tmp_path: Path, environment: dict[str, str]) -> None:
    for form in ("text", "markdown", "json"):
        done = command(*REGRESSION, "--format", form, cwd=tmp_path, env=environment)
        assert (done.returncode, done.stderr) == (10, "")
        assert "league-regression-s0" in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp437"])
def test_characters_that_a_stream_has_no_code_for_are_written_out(tmp_path: Path, encoding: str) -> None:
    source = write_run(tmp_path)
    source.rename(tmp_path / "größe-Ω.jsonl")
    for words in (("check", "größe-Ω.jsonl", "--profile", "grpo"), ("check", "größe-Ω.none"), ("--help",)):
        for form in ("text", "markdown", "json") if words[-1] == "grpo" else (None,):
            done = subprocess.run(
                [str(SCRIPT), *words, *(("--format", form) if form else ())],
                cwd=tmp_path,
                env={**clean_environment(), "PYTHONIOENCODING": encoding},
                capture_output=True,
                check=False,
                timeout=60,
            )
            assert done.returncode in (0, 2), done.stderr
            assert b"Traceback" not in done.stderr
            # Markdown to a stream that knows ASCII alone is written in UTF-8, as files of Markdown are.
            done.stdout.decode("utf-8" if (form, encoding) == ("markdown", "ascii") else encoding)
            done.stderr.decode(encoding)


# --- pipes and full disks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_reader_that_has_seen_enough_does_not_change_the_exit_code(tmp_path: Path, form: str) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "action", *REGRESSION, "--format", form, "--out", "out"],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert (done.returncode, done.stderr) == (10, b"")
    assert (tmp_path / "out" / "verdict.json").is_file()


@pytest.mark.parametrize(
    "words",
    [
        REGRESSION,
        (*REGRESSION, "--format", "json"),
        (*REGRESSION, "--format", "markdown"),
        ("metrics", str(RECORDINGS / "healthy")),
        ("policy", "schema"),
        ("--help",),
        ("--version",),
    ],
)
def test_an_answer_that_cannot_be_written_is_one_clear_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "action", *words],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert done.returncode == 2
    assert re.fullmatch(rb"gatekeeper: the standard output: expected [^\n]+ No space left[^\n]+\n", done.stderr)


@pytest.mark.parametrize(
    ("words", "streams", "exit_code"),
    [
        (REGRESSION, ">&-", 10),
        (REGRESSION, ">&- 2>&- <&-", 10),
        (("check", "nosuch"), "2>&-", 2),
        (("check", "nosuch"), "2>/dev/full", 2),
        (("check", "--nosuch"), "2>&-", 2),
        (("--help",), ">&-", 0),
    ],
)
def test_a_stream_that_is_closed_changes_no_exit_code(
    tmp_path: Path, words: tuple[str, ...], streams: str, exit_code: int
) -> None:
    program = f'"$@" --out out {streams}' if words == REGRESSION else f'"$@" {streams}'

    done = subprocess.run(
        ["/bin/sh", "-c", program, "sh", sys.executable, "-I", "-m", "action", *words],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == exit_code, done.stderr
    assert b"Traceback" not in done.stderr
    if words == REGRESSION:  # a closed stream's number must not be given to a file of ours, and written into
        again = command("check", "out", "--format", "json", cwd=tmp_path)
        assert again.stdout == (tmp_path / "out" / "verdict.json").read_text()


LIMITED = """\
import ctypes, os, resource, sys
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
else:  # root without the right to write where the mode forbids it
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-I", "-m", "action", *sys.argv[2:]])
"""


def test_a_disk_that_fills_up_leaves_no_verdict_and_no_part_of_a_file(tmp_path: Path) -> None:
    done = command("-c", LIMITED, "2500", *REGRESSION, "--out", "out", cwd=tmp_path, program=["-I"])

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gatekeeper: out/.*: expected a folder that can be written to, got: [^\n]+\n", done.stderr)
    assert not list((tmp_path / "out").rglob("verdict.*"))
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_disk_that_fills_up_leaves_the_verdict_of_before_whole(tmp_path: Path) -> None:
    command(*REGRESSION, "--out", "out", cwd=tmp_path)
    before = (tmp_path / "out" / "verdict.json").read_bytes()

    done = command("-c", LIMITED, "2500", *REGRESSION, "--out", "out", cwd=tmp_path, program=["-I"])

    assert done.returncode == 2
    assert (tmp_path / "out" / "verdict.json").read_bytes() == before


def test_an_output_folder_that_may_not_be_written_is_one_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)

    done = command("-c", LIMITED, "0", *REGRESSION, "--out", "locked/out", cwd=tmp_path, program=["-I"])

    if done.returncode == 10 and os.geteuid() == 0:
        pytest.skip("root that may not give up its rights")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gatekeeper: locked/out.*: expected [^\n]+ Permission denied[^\n]+\n", done.stderr)


def test_an_input_that_may_not_be_read_is_one_clear_error(tmp_path: Path) -> None:
    write_run(tmp_path).chmod(0)
    (tmp_path / "p.yml").write_text("version: 1\n")
    (tmp_path / "p.yml").chmod(0)
    for words in (
        ("check", "run.jsonl", "--profile", "grpo"),
        ("check", str(RECORDINGS / "healthy"), "--policy", "p.yml"),
        ("check", str(RECORDINGS / "healthy"), "--profile", "grpo", "--checkpoint", "run.jsonl"),
        ("logs", "errors", "--events", "run.jsonl"),
        ("explain", "run.jsonl"),
    ):
        done = command("-c", LIMITED, "0", *words, cwd=tmp_path, program=["-I"])
        if done.returncode != 2 and os.geteuid() == 0:
            pytest.skip("root that may not give up its rights")
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(r"gatekeeper: [^\n]*permission denied[^\n]*\n", done.stderr), done.stderr


@pytest.mark.parametrize("kind", ["file", "file in the way", "device", "folder as verdict", "link to nothing"])
def test_an_output_folder_that_is_none_is_one_clear_error(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "file in the way":
        out.mkdir()
        (out / "evidence").write_text("mine")
    elif kind == "device":
        out = Path("/dev/null")
    elif kind == "folder as verdict":
        (out / "verdict.json").mkdir(parents=True)
    else:
        out.symlink_to("no/where")
    before = sorted(tmp_path.rglob("*"))

    done = command(*REGRESSION, "--out", out, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gatekeeper: [^\n]*expected a folder that can be written to[^\n]+\n", done.stderr)
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".part"]
    if kind.startswith("file"):
        assert sorted(tmp_path.rglob("*")) == before


# --- signals --------------------------------------------------------------------------------------------------------


@pytest.fixture(name="slow")
def _slow(tmp_path: Path) -> Iterator[Path]:
    """Make a run that takes many seconds to read."""
    path = tmp_path / "slow.jsonl"
    lines = "".join(f'{{"step": {step}, "kl": 0.01, "reward": {step}.5}}\n' for step in range(100_000)).encode()
    with path.open("wb") as stream:
        for _ in range(30):
            stream.write(lines)
    yield path
    shutil.rmtree(tmp_path, ignore_errors=True)


def wait_until_reading(child: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until the process has the file open."""
    opened = Path(f"/proc/{child.pid}/fd")
    end = time.monotonic() + 30
    while time.monotonic() < end and child.poll() is None:
        for entry in list(opened.iterdir()):
            try:
                if entry.readlink() == path:
                    return
            except OSError:
                continue
        time.sleep(0.01)
    raise AssertionError("it never began to read")


# A suite that is started in the background (`make test &`) hands on that Ctrl-C is to be ignored.
OBEDIENT = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[1] == "ignore" else signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-I", "-m", "action", *sys.argv[2:]])
"""


def start(mode: str, *words: str, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", OBEDIENT, mode, *words],
        cwd=cwd,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("number", "exit_code", "word"), [(signal.SIGINT, 130, b"interrupted"), (signal.SIGTERM, 143, b"terminated")]
)
def test_a_signal_while_reading_ends_with_its_code_and_no_verdict(
    tmp_path: Path, slow: Path, number: signal.Signals, exit_code: int, word: bytes
) -> None:
    child = start("obey", "check", str(slow), "--profile", "grpo", "--out", "out", cwd=tmp_path)
    wait_until_reading(child, slow)
    child.send_signal(number)
    stdout, stderr = child.communicate(timeout=30)

    assert (child.returncode, stdout) == (exit_code, b"")
    assert stderr == b"gatekeeper: " + word + b"; no verdict was given\n"
    assert [path.name for path in tmp_path.iterdir()] == ["slow.jsonl"]


def test_a_program_in_the_background_is_left_alone_by_ctrl_c(tmp_path: Path, slow: Path) -> None:
    child = start("ignore", "check", str(slow), "--profile", "grpo", cwd=tmp_path)
    wait_until_reading(child, slow)
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    still_running = child.poll() is None
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)

    assert still_running
    assert child.returncode == 143


def test_ctrl_c_while_the_libraries_load_is_told_in_one_line(tmp_path: Path) -> None:
    # numpy is the first of the heavy ones; a module in its place takes its time.
    (tmp_path / "numpy.py").write_text("import pathlib, time\npathlib.Path('loading').touch()\ntime.sleep(60)\n")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from action.cli.main import main; main()"
    child = subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-c",
            f"import signal; signal.signal(2, signal.default_int_handler); {program}",
            "check",
            "x",
        ],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + 30
    while not (tmp_path / "loading").exists() and time.monotonic() < end:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=30)

    assert (child.returncode, stderr) == (130, b"gatekeeper: interrupted; no verdict was given\n")
