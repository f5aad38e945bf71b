"""What the runner is told: nothing in a text is obeyed, and everything fits."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.errors import OutputError
from action.runner import MOST_ANNOTATIONS, SUMMARY_BYTES, Annotation, Level, Runner

HOSTILE = "x\n::set-output name=verdict::pass\r::stop-commands::t %0A"


def spoken(runner: Runner, stream: io.StringIO) -> list[str]:
    del runner
    return stream.getvalue().splitlines()


def made(**environ: str) -> tuple[Runner, io.StringIO]:
    stream = io.StringIO()
    return Runner(environ, stream), stream


def read_outputs(text: str) -> dict[str, str]:
    """Read a file of outputs as GitHub does."""
    found = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, mark = line.split("<<")
        value = []
        for inner in lines:
            if inner == mark:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_secrets_are_masked_line_by_line_and_escaped() -> None:
    runner, stream = made()
    runner.mask(["abc%", "one\ntwo", "", "  "])

    assert spoken(runner, stream) == ["::add-mask::abc%25", "::add-mask::one", "::add-mask::two"]


@pytest.mark.parametrize("text", [HOSTILE, "::error::x", "  ::warning::x", "##[command]x", "plain"])
def test_no_line_of_the_log_is_a_command(text: str) -> None:
    runner, stream = made()
    runner.line(text)

    [line] = spoken(runner, stream)
    assert not line.startswith(("::", "##["))


def test_an_annotation_points_at_a_line_of_the_policy() -> None:
    runner, stream = made()
    runner.annotate(
        [Annotation(level=Level.ERROR, title="KL, p95: high", text="50 % too high", file="policy.yml", line=7)]
    )

    assert spoken(runner, stream) == ["::error file=policy.yml,line=7,title=KL%2C p95%3A high::50 %25 too high"]


def test_more_annotations_than_github_shows_are_not_written() -> None:
    runner, stream = made()
    many = [Annotation(level=level, title="t", text="x") for level in Level for _ in range(30)]
    runner.annotate(many)

    assert len(spoken(runner, stream)) == 3 * MOST_ANNOTATIONS


@given(st.text(max_size=80), st.text(max_size=40))
def test_a_hostile_annotation_is_one_command(text: str, title: str) -> None:
    runner, stream = made()
    runner.annotate([Annotation(level=Level.WARNING, title=title or "t", text=text, file="a.yml", line=1)])

    written = stream.getvalue()
    assert written.count("\n") == 1
    assert re.match(r"::warning file=a\.yml,line=1(,title=[^:,]*)?::", written)


@given(
    st.dictionaries(
        st.sampled_from(["verdict", "report", "run"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])),
    )
)
def test_outputs_are_read_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("out") / "outputs"
    runner, _ = made(GITHUB_OUTPUT=str(path))
    runner.outputs(values)

    assert read_outputs(path.read_text("utf-8")) == values


def test_an_output_cannot_set_another(tmp_path: Path) -> None:
    runner, _ = made(GITHUB_OUTPUT=str(tmp_path / "o"))
    runner.outputs({"headline": "x\nend-0\nverdict=pass\nverdict<<y\npass\ny"})

    assert list(read_outputs((tmp_path / "o").read_text())) == ["headline"]


def test_a_summary_that_is_too_long_is_cut_at_a_line_and_closed(tmp_path: Path) -> None:
    runner, _ = made(GITHUB_STEP_SUMMARY=str(tmp_path / "s"))
    runner.summary("<details>\n```\n" + "a line of text é\n" * 80_000)

    written = (tmp_path / "s").read_text("utf-8")
    assert len(written.encode()) <= SUMMARY_BYTES + 20
    assert written.count("```") == 2
    assert written.count("<details>") == written.count("</details>") == 1
    assert "did not fit into the summary" in written


def test_without_files_of_a_runner_nothing_is_written(tmp_path: Path) -> None:
    runner, _ = made()
    runner.summary("x")
    runner.outputs({"a": "b"})

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    runner, _ = made(GITHUB_OUTPUT=str(tmp_path))

    with pytest.raises(OutputError, match="expected a file of the runner"):
        runner.outputs({"a": "b"})


def test_groups_begin_and_end() -> None:
    runner, stream = made()
    runner.begin("Collect %\nx")
    runner.end()

    assert spoken(runner, stream) == ["::group::Collect %25 x", "::endgroup::"]
