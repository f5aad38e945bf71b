"""The README says what is so: its commands run, its policy has no fault, its tables are the code's."""

from __future__ import annotations

import gzip
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import typer

from action.cli.commands import app
from action.cli.ports import profile_texts
from checks.policy import parse_policy
from checks.result import Decision
from checks.verdict import EXIT_CODES
from tests.contract.test_cli import leaves
from tests.runs import RECORDINGS, ROOT, command

README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if not {".venv", "out", "node_modules"} & set(path.relative_to(ROOT).parts)
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Give the lines of the console blocks, without their comments."""
    for block in blocks("console"):
        for line in block.splitlines():
            yield line.partition("  #")[0].strip()


def rows(head: str) -> list[list[str]]:
    """Read the table whose head begins so."""
    table = README[README.index(head) :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {line.split()[1] for line in commands() if line.startswith("make ")}
    for page in PAGES:
        named |= set(re.findall(r"`make ([a-z]+)`", page.read_text("utf-8")))

    assert {"demo", "test"} <= named <= targets


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    shutil.copytree(RECORDINGS / "regression", tmp_path / "wandb" / "latest-run")
    shutil.copytree(RECORDINGS / "healthy", tmp_path / "runs" / "baseline")
    games = gzip.decompress((RECORDINGS / "regression" / "games.jsonl.gz").read_bytes())
    (tmp_path / "games.jsonl").write_bytes(games)
    ran = []
    for line in commands():
        if line.startswith("make "):
            continue
        program, *words = shlex.split(line)
        assert program == ".venv/bin/gatekeeper"
        done = command(*words, cwd=tmp_path)
        # The recording collapsed: a verdict that says so is no fault of the command.
        assert (done.returncode, done.stderr) == (10 if words[0] in ("check", "elo") else 0, ""), line
        ran.append(words[0])
    assert {"check", "metrics", "elo", "explain", "sweep"} <= set(ran)


def test_every_command_that_is_named_exists_and_every_command_is_named() -> None:
    known = set(leaves(typer.main.get_command(app)))
    named = set()
    for page in PAGES:
        for words in re.findall(r"gatekeeper ((?:[a-z]+ ?)+)", page.read_text("utf-8")):
            two = " ".join(words.split()[:2])
            named |= {two if two in known else two.split()[0]}
    # Words of sentences: “The gatekeeper reads …”.
    commands_named = {name for name in named if name in known or re.search(rf"`gatekeeper {name}\b", README)}

    assert commands_named == known


def test_its_policy_has_no_fault() -> None:
    (text,) = [one for one in blocks("yaml") if one.startswith("version: 1")]

    policy = parse_policy(text, source="README.md", profiles=profile_texts(), today=date(2026, 1, 1))

    assert {"kl-p95", "reward-vs-last-week"} <= {check.id for check in policy.checks}
    assert "grad-norm" not in {check.id for check in policy.checks}


def test_its_verdicts_and_exit_codes_are_those_of_the_code() -> None:
    table = {name: tuple(map(int, codes.split(" or "))) for name, codes, _ in rows("| verdict | exit code |")}

    assert list(table) == [decision.value for decision in Decision]
    for decision, code in EXIT_CODES.items():
        assert code in table[decision.value]
    assert table["error"] == (2, 3)


def test_the_other_exit_codes_are_said() -> None:
    for said in ("1 is a crash", "130 interrupted", "143 terminated"):
        assert said in README
    assert (
        "`explain` gives 0 if the evidence still\ngives the verdict, 10 if it gives another, 11 if there is no evidence"
        in README
    )


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert path.is_relative_to(ROOT), target
        if anchor:
            heads = [
                re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
                for head in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.M)
            ]
            assert anchor in heads, target


def test_every_file_that_is_named_as_code_is_there() -> None:
    named = re.findall(r"`((?:action|checks|docs|examples|templates|tests|bench)/[\w./-]+)`", README)

    for page in PAGES:
        named += re.findall(r"`((?:action|checks|docs|templates|bench)/[\w./-]+)`", page.read_text("utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_sources_it_lists_are_read(tmp_path: Path) -> None:
    table = rows("| a run is | for example |")
    shutil.copytree(RECORDINGS / "healthy", tmp_path / "wandb" / "offline-run-20260105_080000-abc123")
    lines = [f'{{"step": {n}, "loss": {1 / (n + 1)}}}' for n in range(20)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines))
    (tmp_path / "history.csv").write_text("step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(20)))

    for name in ("wandb/offline-run-20260105_080000-abc123", "metrics.jsonl", "history.csv"):
        assert any(name in example for _, example in table), name
        assert command("metrics", name, "-m", "loss", cwd=tmp_path).returncode == 0, name
