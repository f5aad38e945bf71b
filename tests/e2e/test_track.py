"""`gatekeeper track` on recorded runs: a tracker that a stranger can read, written again and again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.runs import RECORDINGS, command

PROFILES = ("--profile", "grpo", "--profile", "league", "--profile", "pipeline")


@pytest.fixture(name="out")
def _out(tmp_path: Path) -> Path:
    command("check", RECORDINGS / "kl-explosion", *PROFILES, "--out", "out", cwd=tmp_path)
    return tmp_path / "out"


def test_a_run_is_added_shown_and_written_once(out: Path) -> None:
    folder, tracker = out.parent, out.parent / "docs" / "experiment-tracker.md"

    shown = command("track", "out", "--diff", cwd=folder)
    tried = command("track", "out", "--dry-run", cwd=folder)

    assert (shown.returncode, shown.stderr, tried.stdout) == (
        0,
        "",
        "docs/experiment-tracker.md: Exp 1 would be added\n",
    )
    assert "+## Exp 1: league-kl-explosion-s0\n" in shown.stdout
    assert not tracker.exists()
    assert command("track", "out", cwd=folder).stdout == "docs/experiment-tracker.md: Exp 1 added\n"
    first = tracker.read_bytes()
    assert b"- **Root cause (the tool's reading)**: Updates are too large" in first
    assert command("track", "out/verdict.json", cwd=folder).stdout.endswith("Exp 1 is as it should be\n")
    assert command("track", "out", "--diff", cwd=folder).stdout == ""
    assert tracker.read_bytes() == first


def test_a_planned_entry_is_filled_and_an_edit_is_kept(out: Path) -> None:
    tracker = out.parent / "tracker.md"
    tracker.write_bytes(b"## Exp 4: Explode\r\n\r\n**Status**: `planned`\r\n- run name: league-kl-explosion-s0\r\n\xff")

    assert command("track", "out", "--file", "tracker.md", cwd=out.parent).stdout == "tracker.md: Exp 4 filled in\n"
    filled = tracker.read_bytes()
    assert filled.endswith(b"\xff") or b"\xff" in filled
    assert b"**Status**: `completed`\r\n" in filled
    tracker.write_bytes(filled.replace(b"KL: mean", b"as feared, KL: mean"))
    told = command("track", "out", "--file", "tracker.md", cwd=out.parent).stdout
    assert told == "tracker.md: Exp 4 is as it should be\n"
    command("check", RECORDINGS / "kl-explosion", "--profile", "grpo", "--out", "less", cwd=out.parent)
    told = command("track", "less", "--file", "tracker.md", cwd=out.parent).stdout
    assert told == "tracker.md: Exp 4 filled in; what people wrote in its results stays above\n"
    assert b"as feared, KL: mean" in tracker.read_bytes()


def test_a_link_stays_a_link_and_a_mode_a_mode(out: Path) -> None:
    real, link = out.parent / "real.md", out.parent / "link.md"
    real.write_text("# T\n")
    real.chmod(0o600)
    link.symlink_to("real.md")

    command("track", "out", "--file", "link.md", cwd=out.parent)

    assert link.is_symlink()
    assert "## Exp 1" in real.read_text("utf-8")
    assert real.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe#\x00", "expected Markdown in UTF-8, got UTF-16 or no text; save it as UTF-8"),
        (b"# T\n\n```\n", "t.md:3: expected a fence or an HTML block that ends"),
        (b"x" * 20_000_001, "expected a tracker of at most 20 MB, got more"),
    ],
)
def test_a_tracker_that_cannot_be_used_is_one_line(out: Path, content: bytes, told: str) -> None:
    (out.parent / "t.md").write_bytes(content)

    done = command("track", "out", "--file", "t.md", cwd=out.parent)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert (out.parent / "t.md").read_bytes() == content


def test_what_is_no_verdict_or_no_place_is_one_line(out: Path) -> None:
    for words, told in (
        (("track", "docs"), "expected the folder that `gatekeeper check RUN --out DIR` wrote"),
        (("track", "out", "--file", "out"), "out: expected a Markdown file, got something else; name a file"),
        (("track", "out", "--file", "out/verdict.json/x.md"), "out/verdict.json/x.md: expected"),
    ):
        done = command(*words, cwd=out.parent)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert told in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_sweep_is_one_entry_that_is_replaced(tmp_path: Path) -> None:
    words = ("sweep", RECORDINGS / "healthy", RECORDINGS / "no-learning", "--format", "json", "--track", "t.md")

    first, second = (command(*words, cwd=tmp_path) for _ in range(2))
    text = (tmp_path / "t.md").read_text("utf-8")

    assert (first.returncode, first.stderr) == (0, "t.md: Exp 1 added\n")
    assert second.stderr == "t.md: Exp 1 is as it should be\n"
    assert first.stdout == second.stdout
    assert text.count("## Exp") == 1
    assert "**Results**: league-healthy-s0 is stronger than " in text
    assert "| healthy | +204 |" in text
    assert "**Follow-up** (suggested by the gatekeeper): Take league-healthy-s0 as the baseline" in text


def test_a_sweep_without_a_winner_says_what_would_settle_it(tmp_path: Path) -> None:
    runs = (RECORDINGS / "healthy", RECORDINGS / "double-logging")

    done = command("sweep", *runs, "--track", "t.md", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (11, "t.md: Exp 1 added\n")
    assert "Settle the tie" in (tmp_path / "t.md").read_text("utf-8")


def test_the_template_of_the_documentation_lays_entries_out(out: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tracker.md").read_text("utf-8")
    [source] = re.findall(r"```jinja\n(.*?)```", page, re.DOTALL)
    (out.parent / "own.md.j2").write_text(source)
    done = command("track", "out", "--template", "own.md.j2", "--file", "t.md", cwd=out.parent)

    assert (done.returncode, done.stderr) == (0, "")
    text = (out.parent / "t.md").read_text("utf-8")
    assert "**Owner**: _to be done_\n\n<!-- gatekeeper: status of " in text
    assert "**Status**: `completed`\n- fail, judged " in text
    assert "\n- **Training stability**:\n  - KL: mean " in text
    assert re.search(r"\n\*\*Follow-up\*\*: \S", text)


def test_a_preview_has_the_indentation_of_what_would_be_written(out: Path) -> None:
    (out.parent / "t.md").write_text("# T\n\n    code  with\ttabs\n")
    shown = command("track", "out", "--file", "t.md", "--diff", cwd=out.parent).stdout
    command("track", "out", "--file", "t.md", cwd=out.parent)

    written = (out.parent / "t.md").read_text("utf-8").splitlines()
    assert [line[1:] for line in shown.splitlines()[3:]] == written[-len(shown.splitlines()[3:]) :]


def test_a_template_of_ones_own_lays_entries_out(out: Path) -> None:
    own = out.parent / "own.md.j2"
    own.write_text("**Status**: {{ state }}\n- run name: {{ name }}\n\n**Owner**: {{ name ~ '<b>' }}\n\n**Results**:\n"
                   "{% for part in results %}\n* {{ part.title }}\n{% endfor %}\n")  # fmt: skip

    done = command("track", "out", "--template", "own.md.j2", "--file", "t.md", cwd=out.parent)

    assert (done.returncode, done.stderr) == (0, "")
    text = (out.parent / "t.md").read_text("utf-8")
    assert "* Final metrics\n* Training stability\n" in text
    assert "**Owner**: league-kl-explosion-s0&#60;b&#62;\n" in text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("**Status**: {{ state }\n", "own.j2:1: expected a Jinja template, got:"),
        ("**Status**: {{ nothing }}\n**Results**: x\n", "expected a template of what an entry has, got: 'nothing'"),
        ("**Status**: x\n", "expected a template that writes **Results**: at the start of a line"),
        ("{{ name.__class__.__mro__ }}", "expected a template that only lays out, got: access to attribute"),
        ("{{ results }}", "expected a template of what an entry has, got: a template prints (_Part("),
        ("{{ 'x' * 300000 }}", "expected"),
        ("\xff", "expected a template in UTF-8, got other bytes"),
    ],
)
def test_a_template_that_cannot_be_used_is_one_line(out: Path, source: str, told: str) -> None:
    (out.parent / "own.j2").write_bytes(source.encode("latin-1"))

    done = command("track", "out", "--template", "own.j2", "--file", "t.md", cwd=out.parent)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (out.parent / "t.md").exists()
