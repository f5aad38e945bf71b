"""What the command line promises: commands, examples, exit codes, formats, and how little it loads."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from action.cli.commands import app
from action.cli.logs import LogQuestion
from action.errors import GatekeeperError, InputError, OutputError, ServiceError, UsageError
from checks.questions.catalog import QUESTIONS
from tests.killing import promote
from tests.runs import POLICY, RECORDINGS, ROOT, clean_environment, command
from tests.services.github import SHA, GitHub

COMMANDS = (
    "check",
    "doctor",
    "elo",
    "explain",
    "init",
    "logs",
    "metrics",
    "policy backtest",
    "policy lint",
    "policy schema",
    "promote",
    "promotions",
    "publish",
    "sweep",
    "track",
    "verify",
)
READS = ("explain", "promote", "promotions", "publish", "track", "verify")
HEAVY = ("numpy", "pydantic", "jinja2", "rich", "wandb", "axiom_py", "duckdb", "requests", "github", "yaml", "sqlite3")


def leaves(node: Any, path: str = "") -> Iterator[str]:
    children = getattr(node, "commands", None)
    if children is None:
        yield path.strip()
        return
    for name, child in children.items():
        if not child.hidden:
            yield from leaves(child, f"{path} {name}")


def help_of(name: str) -> str:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], terminal_width=1000)
    assert shown.exit_code == 0, shown.output
    return shown.output


def examples() -> Iterator[str]:
    for name in COMMANDS:
        yield from re.findall(r"Example: (gatekeeper .*)", help_of(name))


@pytest.fixture(name="workplace")
def _workplace(tmp_path: Path) -> Path:
    """Make the folder that examples talk of: a W&B run, events beside it, a policy, a registry."""
    shutil.copytree(RECORDINGS / "regression", tmp_path / "wandb" / "latest-run")
    shutil.copytree(RECORDINGS / "healthy", tmp_path / "runs" / "baseline")
    shutil.copy(RECORDINGS / "regression" / "events.jsonl", tmp_path)
    games = gzip.decompress((RECORDINGS / "regression" / "games.jsonl.gz").read_bytes())
    (tmp_path / "games.jsonl").write_bytes(games)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "adapter").write_text("weights")
    promote(tmp_path / "models", tmp_path / "checkpoints" / "adapter", "1")
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "gatekeeper.yml").write_text(
        POLICY + '  kl-spike: {metric: kl, stat: max, fail: "> 0.2"}\n'
    )
    return tmp_path


def test_the_commands_are_these() -> None:
    assert sorted(leaves(typer.main.get_command(app))) == sorted(COMMANDS)


def test_the_list_of_commands_reads_whole_in_80_columns() -> None:
    shown = CliRunner().invoke(app, ["--help"], terminal_width=80).output

    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    shown = help_of(name)

    assert f"Example: gatekeeper {name}" in shown
    assert re.search(r"^Usage: \S+ " + name, shown, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_says_what_it_is(name: str) -> None:
    node: Any = typer.main.get_command(app)
    for word in name.split():
        node = node.commands[word]

    assert all(parameter.help for parameter in node.params if parameter.name != "help")


def test_the_examples_of_the_help_texts_run(workplace: Path) -> None:
    ran = []
    # The order of a user: what `check` writes is what `explain` reads.
    for line in sorted(examples(), key=lambda line: any(word in line for word in READS)):
        words = shlex.split(line.partition(" > ")[0].replace("$GITHUB_SHA", SHA))[1:]
        words = ["gatekeeper-out" if word == "out" else word for word in words]
        with GitHub() as github:
            env = {"GITHUB_TOKEN": github.token, "GITHUB_API_URL": github.url} if words[0] == "publish" else {}
            done = command(*words, cwd=workplace, env=env)
        assert (done.returncode, done.stderr) in ((0, ""), (10, "")), (line, done.stderr)
        assert done.stdout
        ran.append(words[0])
    assert sorted(ran) == [
        "check",
        "doctor",
        "elo",
        "explain",
        "init",
        "logs",
        "metrics",
        "policy",
        "policy",
        "policy",
        "promote",
        "promotions",
        "publish",
        "sweep",
        "track",
        "verify",
    ]


def test_the_log_questions_of_the_command_line_are_those_of_the_core() -> None:
    assert [question.value for question in LogQuestion] == [*QUESTIONS, "query"]


@pytest.mark.parametrize(
    "words", [(), ("nosuch",), ("check",), ("check", "a", "b"), ("check", "--nosuch", "x"), ("policy",)]
)
def test_wrong_usage_ends_with_2_and_says_how_it_is_used(words: tuple[str, ...], tmp_path: Path) -> None:
    done = command(*words, cwd=tmp_path)

    assert done.returncode == 2
    assert "Usage:" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_errors_have_the_promised_exit_codes() -> None:
    assert [kind("").exit_code for kind in (GatekeeperError, UsageError, InputError, OutputError, ServiceError)] == [
        2, 2, 2, 2, 3
    ]  # fmt: skip


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    written = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert written
    assert command("--version", cwd=tmp_path).stdout == f"gatekeeper {written[1]}\n"


# --- answers for programs -------------------------------------------------------------------------------------------


def answer(*words: str | Path) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it prints."""
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def faults(name: str, text: str) -> list[str]:
    schema = json.loads(resources.files("action").joinpath("schemas", f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(json.loads(text))
    ]


@pytest.mark.parametrize("recording", ["healthy", "nan-gradient", "killed", "double-logging", "extraction-bug"])
def test_a_verdict_in_json_is_valid(recording: str) -> None:
    exit_code, printed = answer(
        "check", RECORDINGS / recording, "--profile", "grpo", "--profile", "pipeline", "--format", "json"
    )

    assert faults("verdict", printed) == []
    assert json.loads(printed)["exit_code"] == exit_code


@pytest.mark.parametrize("words", [("--all",), (), ("-m", "kl", "-m", "reward")])
def test_metrics_in_json_are_valid(words: tuple[str, ...]) -> None:
    exit_code, printed = answer("metrics", RECORDINGS / "nan-gradient", *words, "--format", "json")

    assert exit_code == 0
    assert faults("metrics", printed) == []
    assert json.loads(printed)["rows"]


@pytest.mark.parametrize(
    "runs", [("healthy", "regression"), ("healthy", "no-learning", "short"), ("healthy", "double-logging")]
)
def test_a_sweep_in_json_is_valid_and_says_its_exit_code(runs: tuple[str, ...]) -> None:
    exit_code, printed = answer("sweep", *(RECORDINGS / run for run in runs), "--format", "json")

    assert faults("sweep", printed) == []
    assert exit_code == {"pass": 0, "inconclusive": 11}[json.loads(printed)["verdict"]]


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_to_log_questions_in_json_are_valid(question: str) -> None:
    for by in ((), *(("--by", field) for field in QUESTIONS[question].groups)):
        exit_code, printed = answer(
            "logs", question, "--events", RECORDINGS / "healthy" / "events.jsonl", *by, "--format", "json"
        )
        assert exit_code == 0
        assert faults("logs", printed) == []


def test_the_schema_of_a_policy_is_one_and_takes_the_example(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    schema = json.loads(command("policy", "schema", cwd=tmp_path).stdout)
    Draft202012Validator.check_schema(schema)
    policy = yaml.safe_load((ROOT / "examples" / "gatekeeper.yml").read_text())

    assert not list(Draft202012Validator(schema).iter_errors(policy))


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_answers_end_with_one_line_end_and_hold_no_blank_at_line_ends(form: str) -> None:
    for words in (
        ("check", RECORDINGS / "regression", "--profile", "grpo"),
        ("metrics", RECORDINGS / "regression"),
        ("sweep", RECORDINGS / "regression", RECORDINGS / "healthy"),
        ("logs", "errors", "--events", RECORDINGS / "regression" / "events.jsonl"),
    ):
        _, shown = answer(*words, "--format", form)
        assert shown.endswith("\n"), words
        assert not shown.endswith("\n\n"), words
        assert not re.search(r"[ \t]$", shown, re.MULTILINE), words


# --- how little is loaded -------------------------------------------------------------------------------------------


def loaded(*words: str | Path, cwd: Path) -> set[str]:
    """Run the command line in a fresh interpreter; return which of the heavy modules it loaded."""
    program = (
        "import sys; sys.argv = ['gatekeeper', *sys.argv[1:]]\n"
        "from action.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    code = ended.code\n"
        f"print('loaded', *sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)\n"
        "sys.stderr.flush()\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, *map(str, words)],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("loaded"), done.stderr
    return set(last.split()[1:])


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_loads_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    assert loaded(*words, cwd=tmp_path) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_loads_no_more_than_typer_does(name: str, tmp_path: Path) -> None:
    # typer looks at the types of parameters with pydantic.
    assert loaded(*name.split(), "--help", cwd=tmp_path) <= {"pydantic"}


def test_judging_a_wandb_file_loads_no_sdk_and_no_database(tmp_path: Path) -> None:
    words = ("check", RECORDINGS / "healthy", "--profile", "grpo", "--profile", "pipeline", "--out", "out")

    found = loaded(*words, cwd=tmp_path)

    assert found <= {"numpy", "pydantic", "jinja2", "rich", "yaml"}
    assert {"numpy", "yaml"} <= found


def test_only_parquet_loads_the_database(tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text("step,kl\n" + "".join(f"{n},{0.01 * (n % 3)}\n" for n in range(20)))
    (tmp_path / "run.jsonl").write_text("".join(f'{{"step": {n}, "kl": {0.01 * (n % 3)}}}\n' for n in range(20)))

    for name in ("run.csv", "run.jsonl"):
        assert "duckdb" not in loaded("metrics", name, "--all", cwd=tmp_path)


# --- the ways in ----------------------------------------------------------------------------------------------------


def test_the_makefile_and_ci_have_the_promised_ways_in() -> None:
    makefile = (ROOT / "Makefile").read_text()
    ci = ROOT / ".ci" / "run"

    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert re.search(r"\bmake test$", ci.read_text(), re.MULTILINE)
    assert os.access(ci, os.X_OK)


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock", "requirements-mutants.lock"]
)
def test_every_locked_requirement_has_hashes_and_none_an_address(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.findall(
        r"^([a-z0-9][\w.-]*(?:\[[\w,-]+\])?)==\S+((?:[^\n]*\\\n)?(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)*)",
        text,
        re.MULTILINE,
    )

    assert len(entries) > 20
    assert len(entries) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    assert [entry for entry, hashes in entries if "--hash=sha256:" not in hashes] == []
    for address in ("http://", "https://", "git+", "file:", "--index-url", "--extra-index", "--find-links"):
        assert address not in text


def test_extras_are_locked_with_their_names_which_older_pips_ask_for() -> None:
    """pip 23.2 takes a newer release of a requirement with an extra, unless the lock pins it with the extra."""
    assert re.search(r"^coverage\[toml\]==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)


def test_every_dependency_is_locked_and_has_a_bound_below() -> None:
    project = (ROOT / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("]")[0]
    names = re.findall(r'"([\w.-]+)>=', project)
    locked = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)

    assert len(names) == project.count('"') // 2
    assert {name.lower() for name in names} <= set(locked)
