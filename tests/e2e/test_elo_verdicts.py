"""A league from its games to its verdict, and from its evidence to the same verdict again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from action.cli.explanation import print_explanation
from action.errors import InputError, UsageError
from action.pipeline import Judged
from action.report.document import verdict_json
from action.settings import profile_policy
from checks import strength
from checks.elo.analysis import Analyst
from checks.elo.answer import EloAnswer, EloQuestion
from checks.result import CheckResult, Decision, Outcome, Severity
from checks.run import NoteKind
from tests.runs import RECORDINGS, command, judge_path, rows, write_lines, write_output, write_run

Row = dict[str, Any]
KL = 'kl: {metric: kl, stat: mean, pass: "< 1"}'
STRENGTH = f"version: 1\nchecks: {{{KL}, strength: {{elo: {{elo1: 100}}, remedy: Train longer.}}}}\n"
LEAGUE = f"version: 1\nextends: [league]\nchecks: {{{KL}}}\n"
DECLARED = "online-elo: {k: 16, update: sequential, seats: 2, games-per-step: 6}\n"


def duel(one: str, other: str, results: str, **more: object) -> list[Row]:
    return [{"a": one, "b": other, "score": int(sign), **more} for sign in results]


BETTER = duel("adapter_v10", "base_model", "1110" * 40)
WORSE = duel("adapter_v10", "base_model", "0001" * 40)


def played(folder: Path, beside: Sequence[Row] | None, policy: str = STRENGTH, **settings: Any) -> Judged:
    """Judge a healthy run with these games beside it."""
    run = write_run(folder / "run")
    if beside is not None:
        write_lines(folder / "run" / "games.jsonl", beside)
    return judge_path(run, policy, **settings)


def check(judged: Judged, name: str = "strength") -> CheckResult:
    return next(one for one in judged.verdict.checks if one.id == name)


def explained(judged: Judged, again: Judged | None, name: str, tmp_path: Path) -> tuple[int, str]:
    """Explain a check; return the exit code and what is printed, in one line."""
    path = tmp_path / "explained"
    with path.open("w", encoding="utf-8") as stream:
        code = print_explanation(judged.verdict, [check(judged, name)], again, stream)
    return code, " ".join(path.read_text("utf-8").split())


@pytest.mark.parametrize(
    ("recording", "decision"),
    [("regression", Decision.FAIL), ("no-learning", Decision.INCONCLUSIVE), ("killed", Decision.INCONCLUSIVE)],
)
def test_a_recorded_league_is_judged_again_to_the_same_bytes(
    recording: str, decision: Decision, tmp_path: Path
) -> None:
    judged = judge_path(RECORDINGS / recording, None, fallback_policy=profile_policy(("league",)))
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert judged.verdict.decision is decision
    assert verdict_json(again.verdict) == verdict_json(judged.verdict)
    assert again.files == judged.files


def test_a_recorded_league_is_explained_from_its_evidence_wherever_that_is(tmp_path: Path) -> None:
    judged = command("check", RECORDINGS / "healthy", "--profile", "league", "--out", "out", cwd=tmp_path)
    shutil.move(tmp_path / "out", tmp_path / "moved")
    explained = command("explain", "moved", "strength", cwd=tmp_path)
    again = command("check", "moved", "--out", "again", cwd=tmp_path)

    assert (judged.returncode, judged.stderr) == (0, "")
    assert (explained.returncode, explained.stderr) == (0, "")
    assert explained.stdout.endswith("The evidence gives this verdict again, to the same bytes.\n")
    assert "games from: games.jsonl.gz" in explained.stdout
    assert "observations: 1,452, one a rollout" in explained.stdout
    assert again.returncode == 0
    for name in ("verdict.json", "verdict.md", "evidence/games.jsonl", "evidence/manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "moved" / name).read_bytes()


def test_a_verdict_holds_the_analysis_that_elo_prints(tmp_path: Path) -> None:
    judged = judge_path(RECORDINGS / "healthy", None, fallback_policy=profile_policy(("league",)))
    alone = command("elo", RECORDINGS / "healthy", "--format", "json", cwd=tmp_path)

    verdict, printed = json.loads(verdict_json(judged.verdict)), json.loads(alone.stdout)
    assert verdict["elo"] == {name: value for name, value in printed.items() if name != "notes"}
    assert verdict["notes"] == printed["notes"]


def ratings(folder: Path, steps: int = 200) -> Path:
    """Write a run that logged ratings, in an order that is not that of names."""
    names = ("elo/chaos_bot", "elo/base_model", "elo/adapter_v20", "elo/adapter_v0")
    logged = [
        row | {name: 1000.0 + ((step * (7 + 2 * i)) % 23) - 11 + step * i / 40 for i, name in enumerate(names)}
        for step, row in enumerate(rows(steps))
    ]
    return write_run(folder, logged)


@pytest.mark.parametrize("more", ["", DECLARED], ids=["undeclared", "declared"])
def test_ratings_give_the_same_bytes_again_whatever_order_they_were_logged_in(tmp_path: Path, more: str) -> None:
    judged = judge_path(ratings(tmp_path / "run"), LEAGUE + more)
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    assert judged.verdict.elo is not None
    assert verdict_json(judged.verdict) == verdict_json(again.verdict)


def test_every_analysis_is_made_once_however_many_checks_ask_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    class Counted(Analyst):
        def analyse(self, question: EloQuestion, *, decided: bool = True) -> EloAnswer:
            made.append(question.candidate)
            return super().analyse(question, decided=decided)

    monkeypatch.setattr(strength, "Analyst", Counted)
    judged = played(tmp_path, [*BETTER, *duel("adapter_v10", "chaos_bot", "10" * 30)], LEAGUE)

    assert sum(one.kind.value == "elo" for one in judged.verdict.checks) == 7
    assert judged.verdict.elo is not None
    assert made == ["latest", "best"]


@pytest.mark.parametrize(
    ("games", "outcome", "decision"),
    [
        (BETTER, Outcome.PASS, Decision.PASS),
        (WORSE, Outcome.FAIL, Decision.FAIL),
        (BETTER[:12], Outcome.INCONCLUSIVE, Decision.INCONCLUSIVE),
        ([*BETTER, *duel("x", "y", "10")], Outcome.ERROR, Decision.ERROR),
    ],
)
def test_the_answer_of_the_games_is_that_of_the_gate(
    tmp_path: Path, games: Sequence[Row], outcome: Outcome, decision: Decision
) -> None:
    judged = played(tmp_path, games)

    assert (check(judged).outcome, judged.verdict.decision) == (outcome, decision)


def test_games_that_cannot_answer_still_leave_a_verdict_and_its_evidence(tmp_path: Path) -> None:
    write_run(tmp_path)
    write_lines(tmp_path / "games.jsonl", [*BETTER, *duel("x", "y", "10")])
    (tmp_path / "p.yml").write_text(STRENGTH)

    done = command("check", "run.jsonl", "--policy", "p.yml", "--out", "out", "--format", "json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (2, "")
    assert json.loads(done.stdout)["verdict"] == "error"
    assert json.loads(done.stdout)["elo"] is None
    assert (tmp_path / "out" / "evidence" / "games.jsonl").exists()


WAIVER = "waivers: [{check: strength, run: run, reason: an experiment, expires: 2099-12-31}]\n"


@pytest.mark.parametrize("games", [WORSE, BETTER[:12], None], ids=["fails", "undecided", "missing"])
def test_a_waiver_lets_a_run_pass_whose_strength_does_not(tmp_path: Path, games: Sequence[Row] | None) -> None:
    judged = played(tmp_path, games, STRENGTH + WAIVER)

    assert judged.verdict.decision is Decision.PASS
    assert check(judged).severity is Severity.WARN
    assert check(judged).outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)
    assert [waiver.used for waiver in judged.verdict.waivers] == [True]


def test_games_that_cannot_answer_cannot_be_waived(tmp_path: Path) -> None:
    judged = played(tmp_path, [*BETTER, *duel("x", "y", "10")], STRENGTH + WAIVER)

    assert judged.verdict.decision is Decision.ERROR
    assert [waiver.used for waiver in judged.verdict.waivers] == [False]


def test_a_waiver_that_is_not_needed_says_so(tmp_path: Path) -> None:
    judged = played(tmp_path, BETTER, STRENGTH + WAIVER)

    assert judged.verdict.decision is Decision.PASS
    assert [waiver.used for waiver in judged.verdict.waivers] == [False]


def test_missing_games_are_inconclusive(tmp_path: Path) -> None:
    judged = played(tmp_path, None)

    assert (check(judged).outcome, judged.verdict.decision) == (Outcome.INCONCLUSIVE, Decision.INCONCLUSIVE)
    assert check(judged).reason == strength.NO_GAMES
    assert judged.verdict.elo is None


def test_missing_games_that_need_not_be_there_are_not_measured_and_pass_nothing(tmp_path: Path) -> None:
    beside = played(tmp_path, None, STRENGTH.replace("elo1: 100}", "elo1: 100}, if-present: true"))
    alone = played(tmp_path, None, "version: 1\nchecks: {strength: {elo: {}, if-present: true}}\n")

    assert (check(beside).outcome, beside.verdict.decision) == (Outcome.NOT_MEASURED, Decision.PASS)
    assert (check(alone).outcome, alone.verdict.decision) == (Outcome.NOT_MEASURED, Decision.INCONCLUSIVE)


def test_the_profile_never_passes_a_run_without_games_and_ratings(tmp_path: Path) -> None:
    judged = played(tmp_path, None, LEAGUE)

    assert judged.verdict.decision is Decision.INCONCLUSIVE
    assert check(judged, "best-gap").outcome is Outcome.INCONCLUSIVE
    assert check(judged, "exploitation").outcome is Outcome.NOT_MEASURED


@pytest.mark.parametrize("policy", [STRENGTH, LEAGUE], ids=["one check", "the profile"])
def test_a_candidate_that_always_moved_first_is_inconclusive_and_says_what_to_do(tmp_path: Path, policy: str) -> None:
    judged = played(tmp_path, [row | {"first": "a"} for row in BETTER], policy)

    assert judged.verdict.decision is Decision.INCONCLUSIVE
    assert check(judged).outcome is Outcome.INCONCLUSIVE
    assert "adapter_v10 always held the seat first" in check(judged).reason
    assert "Play it in every seat equally often." in check(judged).reason
    assert judged.verdict.elo is not None
    assert judged.verdict.elo.doubts


def test_a_bundle_that_was_collected_without_games_says_so_and_passes_no_check_of_them(tmp_path: Path) -> None:
    first = played(tmp_path, BETTER, f"version: 1\nchecks: {{{KL}}}\n")
    out = write_output(first, tmp_path / "out")

    again = judge_path(out, STRENGTH.replace("elo1: 100}", "elo1: 100}, if-present: true"))

    assert first.verdict.decision is Decision.PASS
    assert first.verdict.not_asked == (
        "Games in games.jsonl: no check of this policy uses games; the profile `league` does.",
    )
    assert not (out / "evidence" / "games.jsonl").exists()
    assert (check(again).outcome, again.verdict.decision) == (Outcome.INCONCLUSIVE, Decision.INCONCLUSIVE)
    assert check(again).reason == (
        "This evidence was collected without the games in games.jsonl; judge the run itself."
    )


def test_a_bundle_can_be_judged_by_other_questions_about_its_games(tmp_path: Path) -> None:
    out = write_output(played(tmp_path, BETTER), tmp_path / "out")
    stricter = STRENGTH.replace("elo1: 100", "elo0: 400, elo1: 500")

    again = judge_path(out, stricter)

    assert (check(again).outcome, again.verdict.decision) == (Outcome.FAIL, Decision.FAIL)


@pytest.mark.parametrize("reading", ["games: {cluster: match}", 'games: {columns: "a=x,b=y,score=z"}'])
def test_a_policy_that_would_have_read_other_games_is_refused_for_a_bundle(tmp_path: Path, reading: str) -> None:
    out = write_output(played(tmp_path, BETTER), tmp_path / "out")

    with pytest.raises(InputError, match="got one that differs in games; judge the run itself"):
        judge_path(out, f"{STRENGTH}{reading}\n")


def test_games_are_read_as_the_policy_says(tmp_path: Path) -> None:
    theirs = [
        {"black": row["a"], "white": row["b"], "result": row["score"], "match": i // 4} for i, row in enumerate(BETTER)
    ]

    judged = played(tmp_path, theirs, STRENGTH + 'games: {columns: "a=black,b=white,score=result", cluster: match}\n')

    assert judged.verdict.elo is not None
    assert (judged.verdict.elo.cluster, judged.verdict.elo.clusters) == ("match", 40)


def test_games_that_are_named_win_over_those_beside_the_run(tmp_path: Path) -> None:
    named = tuple(write_lines(tmp_path / f"{i}.jsonl", part) for i, part in enumerate((WORSE[:80], WORSE[80:])))

    judged = played(tmp_path, BETTER, games=named)

    assert check(judged).outcome is Outcome.FAIL
    assert judged.bundle.evidence.games == "0.jsonl, 1.jsonl"


@pytest.mark.parametrize(
    ("games", "error"),
    [
        ([{"a": "x", "b": "y", "score": "won big"}], r"games\.jsonl:1: expected"),
        (duel("x", "x", "1"), r"games\.jsonl: expected at least one game of two different agents"),
        ([{"black": "x", "white": "y"}], r"games\.jsonl: expected games with a, b and score"),
    ],
)
def test_games_beside_a_run_that_cannot_be_read_are_refused_not_ignored(
    tmp_path: Path, games: Sequence[Row], error: str
) -> None:
    with pytest.raises(InputError, match=error):
        played(tmp_path, games)

    played(tmp_path, games, f"version: 1\nchecks: {{{KL}}}\n")  # asked of by no check, they are not read


def test_columns_that_the_policy_tells_wrongly_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="columns of games: expected field=column, got 'nonsense'"):
        played(tmp_path, BETTER, STRENGTH + "games: {columns: nonsense}\n")


def test_what_was_odd_in_games_is_told_in_the_verdict_and_again_from_its_evidence(tmp_path: Path) -> None:
    judged = played(tmp_path, [*BETTER, *duel("base_model", "base_model", "1")])
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    [note] = judged.verdict.notes
    assert note.kind is NoteKind.ODD
    assert note.text == "games.jsonl: fewer than two different agents with a score, ignored: 1 game"
    assert again.verdict.notes == judged.verdict.notes


def test_explain_leads_from_a_check_to_its_games(tmp_path: Path) -> None:
    judged = played(tmp_path, [row | {"rollout": i // 4} for i, row in enumerate(BETTER)])
    again = judge_path(write_output(judged, tmp_path / "out"), None)

    code, shown = explained(judged, again, "strength", tmp_path)

    assert code == 0
    assert "games from: games.jsonl games: 160 among 2 agents, 2 seats each observations: 40, one a rollout" in shown
    assert "The evidence gives this verdict again, to the same bytes." in shown


def test_explain_says_that_there_were_no_games(tmp_path: Path) -> None:
    judged = judge_path(ratings(tmp_path / "run"), LEAGUE)
    code, shown = explained(judged, judged, "strength", tmp_path)

    assert code == 0
    assert "games from: nowhere: the run's rating series answer in their place, if it logged any" in shown


def test_explain_tells_where_evidence_and_verdict_differ(tmp_path: Path) -> None:
    judged, other = played(tmp_path / "a", BETTER), played(tmp_path / "b", WORSE)

    code, shown = explained(judged, other, "strength", tmp_path)

    assert code == 10
    assert re.search(r"strength: pass \(value .+?\) in the verdict, fail \(value .+?\) from the evidence", shown)


def test_hostile_names_of_agents_reach_no_document_unescaped(tmp_path: Path) -> None:
    name = "a|b <!-- x --> @team \x1b[2J\u202e"
    judged = played(tmp_path, [*BETTER, *duel(name, "base_model", "10" * 10)], STRENGTH)
    out = write_output(judged, tmp_path / "out")

    shown = (out / "verdict.md").read_text("utf-8") + (out / "verdict.json").read_text("utf-8")
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown) is None
    assert "<!--" not in (out / "verdict.md").read_text("utf-8")
    assert verdict_json(judge_path(out, None).verdict) == (out / "verdict.json").read_text("utf-8")


def test_a_profile_alone_is_a_policy_for_games(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    write_lines(tmp_path / "run" / "games.jsonl", [*BETTER, *duel("adapter_v10", "chaos_bot", "110" * 30)])

    judged = judge_path(run, None, fallback_policy=profile_policy(("league",)))

    assert judged.verdict.policy.profiles == ("league",)
    assert check(judged, "best-gap").outcome is Outcome.PASS
