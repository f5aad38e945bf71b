"""`gatekeeper elo` as a user types it: exit codes, what is printed where, and every mistake told in one line."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from action.cli.commands import app
from action.cli.options import UpdateWord
from action.errors import GatekeeperError
from checks.elo.pace import Update
from checks.policy import PolicyError
from tests.runs import RECORDINGS, command, judge_path, write_lines, write_output, write_run
from tests.verdicts import look

Row = dict[str, Any]
ELO = "version: 1\nchecks: {a: {elo: {}}}\n"
DECLARED = ("--k", "16", "--seats", "2", "--games-per-step", "6", "--update", "sequential")


@dataclass(frozen=True, kw_only=True)
class Answer:
    code: int
    out: str
    error: str

    @property
    def words(self) -> str:
        """What is printed, on one line."""
        return " ".join(self.out.split())

    @property
    def object(self) -> Any:
        return json.loads(self.out)


def elo(*words: str | Path, **env: str) -> Answer:
    """Run the command in this process, in the current folder."""
    done = CliRunner().invoke(app, ["elo", *map(str, words)], env=env)
    if isinstance(done.exception, GatekeeperError | PolicyError):
        assert done.stdout == ""
        return Answer(code=2, out="", error=str(done.exception))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Answer(code=done.exit_code, out=done.stdout, error=done.stderr)


def duel(one: str, other: str, results: str, **more: object) -> list[Row]:
    """Return games as rows: 1 won, 0 lost, ½ a tie."""
    return [{"a": one, "b": other, "score": 0.5 if sign == "½" else int(sign), **more} for sign in results]


def learner() -> list[Row]:
    """Return games of two checkpoints, the reference and a bot."""
    return [
        *duel("adapter_v10", "base_model", "10" * 40),
        *duel("adapter_v20", "base_model", "1110" * 40),
        *duel("chaos_bot", "base_model", "0100" * 10),
        *duel("adapter_v10", "chaos_bot", "1101" * 10),
        *duel("adapter_v20", "chaos_bot", "1101" * 10),
    ]


def ratings(*, checkpoint: float = 1150, steps: int = 300) -> list[Row]:
    """Return the rows of a run that logged online ratings, of a checkpoint of this true strength."""
    names = ("base_model", "chaos_bot", "adapter_v0", "adapter_v20")
    level = np.array([1000, 980, 1000, checkpoint])
    luck = np.random.default_rng(5).normal(0, 19, (steps, 4)) @ (np.eye(4) - 1 / 4)
    now, rows = np.full(4, 1000.0), []
    for step in range(steps):
        rows.append({"step": step, "kl": 0.01} | {f"elo/{name}": float(now[i]) for i, name in enumerate(names)})
        now = now + 0.13 * (level - level.mean() + 1000 - now) + luck[step]
    return rows


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder that holds games, and a policy that is read sooner than a whole profile."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "gatekeeper.yml").write_text(ELO)
    monkeypatch.delenv("COLUMNS", raising=False)
    write_lines(tmp_path / "league.jsonl", learner())
    write_lines(tmp_path / "better.jsonl", duel("adapter_v10", "base_model", "1110" * 40))
    write_lines(tmp_path / "worse.jsonl", duel("adapter_v10", "base_model", "0001" * 40))
    write_lines(tmp_path / "open.jsonl", duel("adapter_v10", "base_model", "10" * 10))
    return tmp_path


@pytest.mark.parametrize(
    ("games", "code", "word"),
    [("better.jsonl", 0, "BETTER"), ("worse.jsonl", 10, "NOT BETTER"), ("open.jsonl", 11, "UNDECIDED")],
)
def test_the_exit_code_and_the_first_words_are_the_answer(games: str, code: int, word: str) -> None:
    text, markdown, document = (elo(games, "--format", form) for form in ("text", "markdown", "json"))

    assert {text.code, markdown.code, document.code} == {code}
    assert text.error == markdown.error == document.error == ""
    assert text.out.startswith(f"{word}  adapter_v10 stands ")
    assert f"**{word.capitalize()}.** adapter_v10 stands " in markdown.out
    assert document.object["decision"]["outcome"] == word.lower().replace(" ", "_")
    assert document.object["gap"]["candidate"] == "adapter_v10"


def test_no_policy_is_needed(folder: Path) -> None:
    shutil.rmtree(folder / ".github")

    assert elo("better.jsonl").code == 0


def test_games_of_nobody_trained_leave_nothing_to_decide() -> None:
    write_lines(Path("bots.jsonl"), duel("chaos_bot", "base_model", "10"))

    found = elo("bots.jsonl")

    assert found.code == 11
    assert found.out.startswith("NOTHING TO DECIDE  ")
    assert "name a candidate or a pattern" in found.words


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_form_ends_with_one_line_end_and_holds_no_blank_at_line_ends(form: str) -> None:
    found = elo("league.jsonl", "--format", form)

    assert found.out.endswith("\n")
    assert not found.out.endswith("\n\n")
    assert not re.search(r"[ \t]$", found.out, re.MULTILINE)


def test_markdown_renders_as_tables_and_says_what_was_asked() -> None:
    elements, read = look(elo("league.jsonl", "--format", "markdown").out)

    assert read.startswith("Strength in league.jsonl\nBetter. adapter_v20 stands ")
    assert sum(element.startswith("table ") for element in elements) == 3


@pytest.mark.parametrize(
    ("given", "references", "against"),
    [
        ([], {"base_model": 1000.0, "chaos_bot": None}, "base_model"),
        (["chaos_bot"], {"base_model": 1000.0, "chaos_bot": None}, "chaos_bot"),
        (["chaos_bot=850"], {"chaos_bot": 850.0, "base_model": None}, "base_model"),
        (["chaos_bot=850+-12"], {"chaos_bot": 850.0, "base_model": None}, "base_model"),
        (["chaos_bot=-85.5±0.5"], {"chaos_bot": -85.5, "base_model": None}, "base_model"),
        (["base_model=1200", "chaos_bot=+850+-40"], {"base_model": 1200.0, "chaos_bot": 850.0}, "base_model"),
        (["adapter_v10"], {"base_model": 1000.0, "adapter_v10": None, "chaos_bot": None}, "adapter_v10"),
        (
            ["chaos_bot=850", "adapter_v10"],
            {"chaos_bot": 850.0, "base_model": None, "adapter_v10": None},
            "adapter_v10",
        ),
    ],
)
def test_the_first_reference_without_a_rating_is_to_be_beaten_since_a_rating_only_moves_the_scale(
    given: list[str], references: dict[str, float | None], against: str
) -> None:
    found = elo("league.jsonl", *(word for name in given for word in ("--reference", name)), "--format", "json").object

    assert found["references"] == references
    assert found["gap"]["reference"] == against


def test_a_name_with_an_equals_sign_can_be_a_reference_with_its_rating() -> None:
    write_lines(Path("odd.jsonl"), duel("adapter_v1", "lr=0.1", "10" * 10))

    assert elo("odd.jsonl", "--reference", "lr=0.1=900", "--format", "json").object["references"] == {"lr=0.1": 900.0}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            "--reference base-model",
            r"league.jsonl: expected the reference `base-model` .*; did you mean `base_model`\?",
        ),
        (
            "--reference zzz",
            "league.jsonl: expected the reference `zzz` .*; the agents are `adapter_v10`, `adapter_v20`,",
        ),
        ("--reference chaos_bot=x", r"--reference chaos_bot=x: expected NAME or NAME=RATING, got another; write "),
        ("--reference chaos_bot=nan", "--reference chaos_bot=nan: expected NAME or NAME=RATING"),
        ("--reference chaos_bot=1e3", "--reference chaos_bot=1e3: expected NAME or NAME=RATING"),
        ("--reference chaos_bot=850+-", "--reference chaos_bot=850.-: expected NAME or NAME=RATING"),
        ("--reference =850", "--reference =850: expected NAME or NAME=RATING"),
        ("--reference chaos_bot=", "--reference chaos_bot=: expected NAME or NAME=RATING"),
        ("--reference a --reference a=5", "--reference a: expected every reference once, got it twice; remove one"),
        (
            f"--reference a={'9' * 400}",
            "--reference a=9+…: expected a rating and an error within 1,000,000 Elo, got more; change it",
        ),
        (
            f"--reference a=1+-{'9' * 400}",
            "--reference a=1.-9+…: expected a rating and an error within 1,000,000 Elo, got more; change it",
        ),
        (
            "--candidate adaptr_v20",
            r"league.jsonl: expected the candidate `adaptr_v20` .*did you mean `adapter_v20` or",
        ),
        ("--candidate Best", "league.jsonl: expected the candidate `Best` .*; the agents are"),
        (
            "--candidate base_model",
            "expected a candidate other than the reference, got `base_model` twice; name another",
        ),
        (
            "--checkpoint adapter_v10",
            "--checkpoint adapter_v10: expected NAME=STEP, got another; write --checkpoint mine",
        ),
        ("--checkpoint adapter_v10=-5", "--checkpoint adapter_v10=-5: expected NAME=STEP"),
        ("--checkpoint adapter_v10=1.5", "--checkpoint adapter_v10=1.5: expected NAME=STEP"),
        ("--checkpoint =5", "--checkpoint =5: expected NAME=STEP"),
        ("--checkpoint nobody=5", "league.jsonl: expected the checkpoint `nobody` .*; the agents are"),
        ("--checkpoints adapter", r"--checkpoints: expected a pattern with one {step}, got `adapter`; write adapter_v"),
        ("--columns nonsense", "columns of games: expected field=column, got 'nonsense'; write them as a=black,"),
        ("--columns a=x,b=y", "league.jsonl: expected a column x for a, got the columns a, b, score; name one"),
        (
            "--cluster match",
            "league.jsonl: expected the field match in some row, got none; name a column with --cluster",
        ),
        ("--confidence 95", "--confidence: expected 0.5 to 0.9999, got 95; change it"),
        ("--confidence 1", "--confidence: expected 0.5 to 0.9999, got 1; change it"),
        ("--confidence 0.4", "--confidence: expected 0.5 to 0.9999, got 0.4; change it"),
        ("--confidence 0.99999999999999999", "--confidence: expected 0.5 to 0.9999, got 1; change it"),
        ("--confidence nan", "--confidence: expected 0.5 to 0.9999, got nan; change it"),
        ("--elo0 nan", "--elo0: expected -10,000 to 10,000, got nan; change it"),
        ("--elo1 inf", "--elo1: expected -10,000 to 10,000, got inf; change it"),
        ("--elo1 1e308", r"--elo1: expected -10,000 to 10,000, got 1e.308; change it"),
        ("--elo1 1e-300", "--elo1: expected elo1 at least 0.01 above elo0, got elo0 0 and elo1 1e-300; change one"),
        ("--alpha nan", "--alpha: expected 0.000001 to 0.49, got nan; change it"),
        ("--alpha 1e-320", "--alpha: expected 0.000001 to 0.49, got 9.99989e-321; change it"),
        ("--beta=-inf", "--beta: expected 0.000001 to 0.49, got -inf; change it"),
        ("--elo0 30", "--elo1: expected elo1 at least 0.01 above elo0, got elo0 30 and elo1 20; change one"),
        ("--elo0 20", "--elo1: expected elo1 at least 0.01 above elo0, got elo0 20 and elo1 20; change one"),
        ("--alpha 0", "--alpha: expected 0.000001 to 0.49, got 0; change it"),
        ("--beta 0.5", "--beta: expected 0.000001 to 0.49, got 0.5; change it"),
        ("--policy nosuch.yml", "nosuch.yml: expected a file, found nothing there; check the path"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(words: str, error: str) -> None:
    found = elo("league.jsonl", *words.split())

    assert (found.code, found.out) == (2, "")
    assert re.search(error, found.error), found.error
    assert "\n" not in found.error
    assert len(found.error) < 500


@pytest.mark.parametrize("words", ["--elo1 x", "--update never", "--format xml", "--seats 2.5", "--nosuch"])
def test_what_no_option_takes_is_wrong_usage(words: str) -> None:
    found = elo("league.jsonl", *words.split())

    assert (found.code, found.out) == (2, "")
    assert "Usage:" in found.error


def test_the_candidate_is_the_newest_the_best_or_one_by_name() -> None:
    def gap(*words: str) -> Any:
        return elo("league.jsonl", *words, "--format", "json").object["gap"]

    assert gap()["candidate"] == gap("--candidate", "latest")["candidate"] == "adapter_v20"
    assert gap("--candidate", "adapter_v10")["candidate"] == "adapter_v10"
    assert gap("--candidate", "chaos_bot")["candidate"] == "chaos_bot"
    assert (gap("--candidate", "best")["candidate"], gap("--candidate", "best")["chosen_from"]) == ("adapter_v20", 2)
    assert gap("--candidate", "best")["low"] < gap()["low"]


def test_checkpoints_are_named_one_by_one_or_by_a_pattern() -> None:
    write_lines(Path("odd.jsonl"), [*duel("snap-7", "base_model", "1110"), *duel("mine", "base_model", "1010")])

    by_pattern = elo("odd.jsonl", "--checkpoints", "snap-{step}", "--format", "json").object
    by_name = elo("odd.jsonl", "--checkpoint", "mine=100", "--checkpoint", "snap-7=7", "--format", "json").object

    assert {row["agent"]: row["step"] for row in by_pattern["ratings"]} == {
        "snap-7": 7,
        "mine": None,
        "base_model": None,
    }
    assert {row["agent"]: row["step"] for row in by_name["ratings"]} == {"snap-7": 7, "mine": 100, "base_model": None}
    assert (by_pattern["gap"]["candidate"], by_name["gap"]["candidate"]) == ("snap-7", "mine")


def test_numbers_of_the_test_are_those_that_were_given() -> None:
    numbers = ("--elo0", "-10", "--elo1", "35.5", "--alpha", "0.01", "--beta", "0.1", "--confidence", "0.8")
    found = elo("league.jsonl", *numbers, "--format", "json").object

    assert [found["decision"][key] for key in ("elo0", "elo1", "alpha", "beta")] == [-10, 35.5, 0.01, 0.1]
    assert found["confidence"] == 0.8


def test_other_peoples_tables_are_read_by_their_columns() -> None:
    rows = [{"black": row["a"], "white": row["b"], "result": row["score"]} for row in learner()]
    write_lines(Path("theirs.jsonl"), rows)

    told = elo("theirs.jsonl", "--columns", "a=black,b=white,score=result", "--format", "json")
    untold = elo("theirs.jsonl")

    assert told.object["games"] == len(rows)
    assert untold.code == 2
    assert "theirs.jsonl: expected games or rating series" in untold.error


def test_a_field_can_make_the_observations() -> None:
    rows = [row | {"match": i // 4} for i, row in enumerate(learner())]
    write_lines(Path("matches.jsonl"), rows)

    alone = elo("matches.jsonl", "--format", "json").object
    grouped = elo("matches.jsonl", "--cluster", "match", "--format", "json").object

    assert (alone["cluster"], alone["clusters"]) == ("game", len(rows))
    assert (grouped["cluster"], grouped["clusters"]) == ("match", len(rows) / 4)


def test_several_files_and_patterns_are_one_record_in_the_order_of_names(folder: Path) -> None:
    rows = learner()
    for number, start in enumerate(range(0, len(rows), 100)):
        write_lines(folder / f"shard-{number}.jsonl", rows[start : start + 100])
    whole = elo("league.jsonl", "--format", "json").object
    named = elo(*sorted(folder.glob("shard-*.jsonl")), "--format", "json").object
    pattern = elo("shard-*.jsonl", "--format", "json").object

    assert named == pattern
    assert named["gap"] == whole["gap"]
    assert (
        elo("nosuch-*.jsonl").error
        == "nosuch-*.jsonl: expected files that fit this pattern, found none; check the path"
    )


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    shutil.move(folder / "better.jsonl", folder / "run[1].jsonl")

    assert elo("run[1].jsonl").code == 0


def test_long_lists_of_files_are_cut_in_titles(folder: Path) -> None:
    names = [f"{i}.jsonl" for i in range(5)]
    for name in names:
        shutil.copy(folder / "better.jsonl", folder / name)

    assert elo(*names, "--format", "markdown").out.startswith("## Strength in 0.jsonl, 1.jsonl, 2.jsonl, …")


def test_agents_without_a_path_to_the_reference_are_refused_unless_allowed(folder: Path) -> None:
    write_lines(folder / "apart.jsonl", [*duel("adapter_v10", "base_model", "1110" * 40), *duel("x", "y", "10")])

    refused, allowed = elo("apart.jsonl"), elo("apart.jsonl", "--allow-disconnected")

    assert refused.code == 2
    assert refused.error.startswith("apart.jsonl: expected a path of games from every agent to base_model, found none")
    assert "the group of `x`, `y`" in refused.error
    assert "(--allow-disconnected; in a policy games: {allow-disconnected: true})" in refused.error
    assert allowed.code == 0
    (folder / "p.yml").write_text(f"games: {{allow-disconnected: true}}\n{ELO}")
    assert elo("apart.jsonl", "--policy", "p.yml").out == allowed.out
    assert re.search(r"x +other +– +– +– +2 +unrated", allowed.out)


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (
            duel("x", "x", "111"),
            r"expected at least one game of two different agents, got none .*; is it the right file\?",
        ),
        (duel("x", "y", "10"), "expected a fixed reference among the agents .*, found none; name one with --reference"),
        ([{"a": "x", "b": "y", "score": 7}], r"bad\.jsonl:1: expected"),
        ([{"a": "x", "score": 1}], r"expected .*--columns|rating series"),
        ([], r"bad\.jsonl: expected a record, got an empty file \(0 bytes\)"),
    ],
)
def test_a_file_that_holds_no_games_is_told_with_its_name(rows: Sequence[Row], error: str) -> None:
    write_lines(Path("bad.jsonl"), rows)

    found = elo("bad.jsonl")

    assert (found.code, found.out) == (2, "")
    assert found.error.startswith("bad.jsonl")
    assert re.search(error, found.error), found.error


@pytest.mark.parametrize(
    "name",
    ["nosuch.jsonl", "no/such/run", "a" * 5_000, "a" * 5_000 + "*", "a\0b", "\u202e\x1b[2J", "entity/project/run"],
    ids=lambda name: name[:12].encode("unicode_escape").decode(),
)
def test_what_is_not_there_is_one_line_that_nothing_obeys(name: str) -> None:
    found = elo(name)

    assert (found.code, found.out) == (2, "")
    assert ": expected " in found.error
    assert "\n" not in found.error
    assert found.error.isprintable()
    assert len(found.error) < 500


def test_an_empty_name_and_an_empty_folder_are_no_games(folder: Path) -> None:
    (folder / "empty").mkdir()

    assert elo("").error.startswith("an empty name: expected a run")
    assert elo("empty").error == "empty: expected a run, got an empty folder; " + elo("empty").error.partition("; ")[2]


def test_a_folder_of_a_run_brings_its_games_and_without_them_its_ratings(folder: Path) -> None:
    run = write_run(folder / "run", ratings())
    by_ratings = elo(run)
    write_lines(folder / "run" / "games.jsonl", learner())
    by_games = elo(run.parent), elo(run)

    assert by_ratings.code == 11
    assert by_ratings.out.startswith("CANNOT TELL  The logged ratings do not tell")
    assert [found.code for found in by_games] == [0, 0]
    assert all("adapter_v20 stands " in found.words for found in by_games)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_games_beside_a_file_that_was_named_are_not_read_unseen(folder: Path, form: str) -> None:
    write_lines(folder / "run" / "games.jsonl", learner())
    write_run(folder / "run", [{"black": "x", "white": "y", "result": 1}])

    found = elo("run/run.jsonl", "--format", form)

    assert found.code == 0
    assert "run/run.jsonl holds no games; read was games.jsonl beside it" in found.words
    assert elo("run", "--format", "json").object["notes"] == []


@pytest.mark.parametrize("name", ["", "empty.jsonl", "notes.txt"])
def test_games_beside_what_is_no_run_are_not_read_at_all(folder: Path, name: str) -> None:
    write_lines(folder / "games.jsonl", learner())
    (folder / "empty.jsonl").touch()
    (folder / "notes.txt").write_text("hello")

    assert (elo(name).code, elo(name).out) == (2, "")


def test_games_of_a_recorded_league_are_read_packed_and_beside_its_run() -> None:
    found = elo(RECORDINGS / "healthy", "--format", "json")

    assert found.code == 0
    assert (found.object["cluster"], found.object["gap"]["candidate"]) == ("rollout", "adapter_v100")
    assert [note["kind"] for note in found.object["notes"]] == ["odd"]


def test_ratings_need_the_rule_by_which_they_were_made(folder: Path) -> None:
    run = write_run(folder / "run", ratings())

    undeclared, declared = elo(run, "--series"), elo(run, "--series", *DECLARED)

    assert (undeclared.code, declared.code) == (11, 0)
    assert "The update rule of the ratings is not declared" in undeclared.words
    assert declared.out.startswith("LEARNING  From the logged ratings alone, ")


def test_the_policy_can_declare_the_rule_and_options_win_over_it(folder: Path) -> None:
    run = write_run(folder / "run", ratings())
    rule = "online-elo: {k: 16, update: sequential, seats: 2, games-per-step: 6}\n"
    (folder / "p.yml").write_text(f"version: 1\n{rule}checks: {{a: {{elo: {{}}}}}}\n")

    assert elo(run, "--series", "--policy", "p.yml").code == 0
    assert elo(run, "--series", "--policy", "p.yml", "--games-per-step", "0.01").code == 11


def test_ratings_of_a_run_that_got_worse_say_so(folder: Path) -> None:
    run = write_run(folder / "run", ratings(checkpoint=850))

    found = elo(run, *DECLARED, "--format", "json")

    assert (found.code, found.object["mode"], found.object["learning"]["signal"]) == (10, "series", "negative")
    assert found.object["decision"] is None
    title = elo(run, *DECLARED, "--format", "markdown").out.splitlines()[0]

    assert title == "## Learning signal in the logged ratings of run"


def test_series_are_judged_in_place_of_games_only_where_that_is_asked(folder: Path) -> None:
    run = write_run(folder / "run", ratings())
    write_lines(folder / "run" / "games.jsonl", learner())

    assert elo(run, "--format", "json").object["mode"] == "games"
    assert elo(run, "--series", "--format", "json").object["mode"] == "series"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("run/run.jsonl run/run.jsonl --series", "--series: expected one run, got several; name one"),
        (
            "league.jsonl --series",
            "league.jsonl: expected games or rating series .*, found neither; name a file of games",
        ),
        ("run/run.jsonl --k 0", "--k, --seats, --games-per-step: k: expected 0.001 to 1,000,000, got 0.0; change them"),
        ("run/run.jsonl --k nan", "k: expected 0.001 to 1,000,000, got nan"),
        ("run/run.jsonl --seats 1", "seats: expected at least 2, got 1"),
        ("run/run.jsonl --games-per-step 0", "expected 0.001 to 1,000,000, got 0.0"),
        (
            "run/run.jsonl --checkpoints other-{step}",
            "found neither; .* tell how checkpoints are called with --checkpoints",
        ),
        (
            "run/run.jsonl --reference base-model",
            r"run/run.jsonl: expected the reference .*did you mean `base_model`\?",
        ),
        ("plain.jsonl", "plain.jsonl: expected games or rating series .* found neither"),
        ("nosuch --series", "nosuch: expected a run, found nothing there; check the path"),
        (
            "league.jsonl --k 16 --games-per-step 4",
            "--k, --games-per-step: expected logged ratings, got games; give --series to judge the ratings",
        ),
        (
            "run/run.jsonl --series --elo1 50 --candidate best",
            "--candidate, --elo1: expected games, got logged ratings",
        ),
        ("run/run.jsonl --cluster rollout --allow-disconnected", "--cluster, --allow-disconnected: expected games"),
    ],
)
def test_a_mistake_with_ratings_is_one_line_that_says_what_to_do(folder: Path, words: str, error: str) -> None:
    write_run(folder / "run", ratings(steps=30))
    write_run(folder, name="plain.jsonl")

    found = elo(*words.split())

    assert (found.code, found.out) == (2, "")
    assert re.search(error, found.error), found.error


def test_the_policy_of_the_folder_names_references_checkpoints_columns_and_clusters(folder: Path) -> None:
    rows = [
        {"black": row["a"].replace("adapter_v", "snap-"), "white": row["b"], "result": row["score"], "match": i // 2}
        for i, row in enumerate(learner())
    ]
    write_lines(folder / "theirs.jsonl", rows)
    (folder / ".github" / "gatekeeper.yml").write_text(
        "version: 1\n"
        "references: {chaos_bot: {rating: 850, se: 10}}\n"
        'checkpoints: "snap-{step}"\n'
        'games: {columns: "a=black,b=white,score=result", cluster: match}\n'
        "checks: {a: {elo: {}}}\n"
        "waivers: [{check: a, run: x, reason: y, expires: 2001-01-01}]\n"
    )

    found = elo("theirs.jsonl", "--columns", "a=black,b=white,score=result", "--format", "json").object

    assert found["references"] == {"chaos_bot": 850.0, "base_model": None}
    assert (found["cluster"], found["gap"]["candidate"]) == ("match", "snap-20")
    other = elo("theirs.jsonl", "--columns", "a=black,b=white,score=result", "--reference", "chaos_bot=900", "--format",
                "json").object  # fmt: skip
    assert other["references"]["chaos_bot"] == 900.0


def test_a_policy_with_faults_is_refused_with_all_of_them(folder: Path) -> None:
    (folder / "p.yml").write_text("version: 1\nreferences: {a: x}\ncheckpoint: y\nchecks: {a: {elo: {}}}\n")

    found = elo("league.jsonl", "--policy", "p.yml")

    assert [line.partition(": expected")[0] for line in found.error.splitlines()] == [
        "p.yml:2: references.a",
        "p.yml:3: checkpoint",
    ]


def judged(folder: Path, policy: str) -> Path:
    """Judge a run with games beside it; return the folder of its verdict."""
    run = write_run(folder / "run")
    write_lines(folder / "run" / "games.jsonl", learner())
    return write_output(judge_path(run, policy), folder / "out")


def test_a_bundle_answers_as_its_games_do(folder: Path) -> None:
    out = judged(folder, ELO)

    whole = elo("league.jsonl", "--format", "json").object

    assert elo(out, "--format", "json").object == whole
    assert elo(out / "evidence", "--format", "json").object == whole


def test_a_bundle_that_was_collected_without_its_games_says_so(folder: Path) -> None:
    out = judged(folder, 'version: 1\nchecks: {k: {metric: kl, stat: mean, pass: "< 1"}}\n')

    found = elo(out)

    assert found.code == 2
    assert found.error == (
        f"{out}/evidence: expected games, got evidence that was collected without those in games.jsonl; name that "
        "file, or give --series for the logged ratings"
    )


def test_a_bundle_of_a_run_without_games_answers_by_its_ratings(folder: Path) -> None:
    out = write_output(judge_path(write_run(folder / "run", ratings()), ELO), folder / "out")

    assert elo(out, *DECLARED).out == elo(folder / "run" / "run.jsonl", *DECLARED).out
    assert elo(out, *DECLARED).code == 0


@pytest.mark.parametrize("words", ["--cluster match", "--columns a=x,b=y"])
def test_games_in_a_bundle_are_counted_already(folder: Path, words: str) -> None:
    found = elo(judged(folder, ELO), *words.split())

    assert found.code == 2
    assert "got them beside a bundle, whose games are counted already; leave them out, or name the file" in found.error


def test_a_folder_with_a_run_and_evidence_is_not_judged_by_either_unseen(folder: Path) -> None:
    run = write_run(folder / "run")
    write_lines(folder / "run" / "games.jsonl", learner())
    write_output(judge_path(run, ELO), folder / "run")

    found = elo("run")

    assert found.code == 2
    assert "expected a run or a bundle, got a folder with both; name run/evidence" in found.error


def test_a_damaged_bundle_is_refused(folder: Path) -> None:
    out = judged(folder, ELO)
    path = out / "evidence" / "games.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"points":[1', b'"points":[0', 1))

    assert "games.jsonl is not the file that was written" in elo(out).error


def test_notes_on_the_data_are_told_in_every_form() -> None:
    with gzip.open("odd.jsonl.gz", "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in [*learner(), *duel("chaos_bot", "chaos_bot", "1")])

    told = "fewer than two different agents with a score, ignored: 1 game"

    assert told in elo("odd.jsonl.gz").words
    assert f"- **Odd:** odd.jsonl.gz: {told}" in elo("odd.jsonl.gz", "--format", "markdown").out
    assert told in elo("odd.jsonl.gz", "--format", "json").object["notes"][0]["text"]


@pytest.mark.parametrize("columns", ["20", "40", "80", "160"])
def test_no_line_is_wider_than_the_terminal(columns: str) -> None:
    found = elo("league.jsonl", COLUMNS=columns)

    assert max(cell_len(line) for line in found.out.splitlines()) <= int(columns)
    assert "adapter_v20" in found.out
    assert "Learning signal" in found.out


def test_a_chart_is_drawn_where_there_is_room() -> None:
    assert "●" in elo("league.jsonl", COLUMNS="160").out


def test_a_stream_without_unicode_gets_what_it_can_show(folder: Path) -> None:
    done = command("elo", "league.jsonl", cwd=folder, env={"PYTHONIOENCODING": "ascii", "COLUMNS": "160"},
                   program=("-m", "action"))  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "adapter_v20 stands" in done.stdout
    assert "-o-" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["worse.jsonl"], 10, ""),
        (["nosuch.jsonl"], 2, "gatekeeper: nosuch.jsonl: expected a file, found nothing there; check the path\n"),
    ],
)
def test_a_process_ends_with_the_answer_and_errors_go_to_their_own_stream(
    folder: Path, words: list[str], code: int, error: str
) -> None:
    done = command("elo", *words, cwd=folder)

    assert (done.returncode, done.stderr) == (code, error)
    assert bool(done.stdout) is (code != 2)


def test_the_words_of_the_update_are_those_of_the_core() -> None:
    assert [word.value for word in UpdateWord] == [update.value for update in Update]


def test_hostile_names_are_shown_and_not_obeyed(folder: Path) -> None:
    name = "a|b `c` </details> @team \x1b[2J\u202e"
    write_lines(folder / "h.jsonl", [*duel(name, "base_model", "1110"), *duel("adapter_v1", name, "10")])

    shown: Iterable[Answer] = [elo("h.jsonl", "--format", form) for form in ("text", "markdown", "json")]

    assert all(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", found.out) for found in shown)
    assert json.loads(elo("h.jsonl", "--format", "json").out)["ratings"]
    elements, _ = look(elo("h.jsonl", "--format", "markdown").out)
    assert not [element for element in elements if element.startswith(("a ", "img", "/details"))]
