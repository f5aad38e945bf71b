"""What is written down of a run: by whom it is told, what was measured, and nothing that was not."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from checks.elo.facts import Span
from checks.narrative import Narrative, narrate
from checks.result import Decision, Diagnosis, Outcome, UsedWaiver, Verdict
from checks.run import Change, Evidence, Note, NoteKind, RunState, Story
from checks.verdict import Judgement, judge
from tests.builders import answer, evidence, only, policy, run, series
from tests.sweeps import record

ASKED = policy("extends: [grpo, league]")


def judged(given: Evidence) -> Verdict:
    return judge(ASKED, given, Judgement(tool_version="1", evidence_sha256=""))


def told(given: Evidence, **changes: Any) -> Narrative:
    """Judge a run and tell of it; `changes`: to the verdict."""
    return narrate(ASKED, given, dataclasses.replace(judged(given), **changes))


def games() -> Evidence:
    found = record(["base_model>x_bot>adapter_v10", "adapter_v20>base_model>x_bot", "x_bot>adapter_v20"] * 30)
    return evidence(run(), game_record=found, games="games.jsonl")


def test_games_tell_of_learning_of_bots_and_of_the_end() -> None:
    found = told(games())

    assert found.learning[0].startswith(("positive", "none", "negative", "cannot be told"))
    assert "above base_model, 90 games." in found.learning[0]
    assert found.exploitation[0] == "909 Elo (95 % interval 828 to 990) lost in total"
    assert found.exploitation[1].startswith("x_bot: ")
    assert found.final[0].startswith("Best Elo: ")
    assert found.final[1].startswith("Gap of adapter_v20 to base_model: ")


def test_what_was_not_measured_is_said_or_left_out() -> None:
    found = told(evidence(run()))

    assert found.learning == ("not measured: the policy asks for no games and no ratings.",)
    assert found.exploitation == ()
    assert told(evidence(only())).stability == ()
    assert not any("Elo" in line or "Extraction" in line for line in found.final)


def test_series_tell_of_reward_and_spikes() -> None:
    rising = series([n / 100 for n in range(100)], "reward")
    calm = series([0.01] * 99 + [0.5], "kl")
    wild = series([1.0] * 100, "grad_norm")
    found = told(evidence(run(rising, calm, wild)))

    assert found.final == ("Reward: 0.045 → 0.945 → 0.945 (start, peak, end; means of tenths of 100 values)",)
    assert found.stability == (
        "KL: mean 0.0149, highest 0.5 at step 99, 1 of 100 values above 0.2",
        "Gradient norm: mean 1, highest 1 at step 0, never above 50",
    )
    assert told(evidence(run(series([1.0] * 5, "reward")))).final == ()


def test_values_that_are_no_numbers_are_said_to_be_left_out() -> None:
    values = [0.01] * 30 + [math.nan] * 3 + [math.inf] * 2
    found = told(evidence(run(series(values, "kl"), series([1.0, *values], "reward"))))

    assert found.stability[0].endswith("never above 0.2; 5 values that are NaN or infinite left out")
    assert any("5 values that are NaN or infinite left out)" in line for line in found.final)


def test_a_waiver_that_the_verdict_needed_is_told_and_no_other() -> None:
    used = UsedWaiver(check="kl-p95", scope="healthy", reason="warm-up", expires="2099-12-31", used=True)
    found = told(evidence(run()), waivers=(used, dataclasses.replace(used, check="grad-norm", used=False)))

    assert found.waived == (
        "kl-p95 does not block healthy until the end of 2099-12-31 (who approved it is not known): warm-up",
    )


def test_what_decided_is_told_unless_the_run_passes() -> None:
    bad = told(evidence(run(series([0.01 + 0.05 * step for step in range(100)], "kl"))))

    assert any(line.startswith("KL divergence, 95th percentile: p95 of kl ") for line in bad.decided)
    many = tuple(dataclasses.replace(judged(evidence(run())).checks[-1], outcome=Outcome.FAIL) for _ in range(8))
    found = told(evidence(run()), checks=many, decision=Decision.FAIL)
    assert (len(found.decided), found.decided[-1]) == (6, "and 3 more")
    assert told(evidence(run()), checks=many, decision=Decision.PASS).decided == ()
    assert told(evidence(run()), checks=many, decision=Decision.INCONCLUSIVE).decided == ()


def test_answers_that_could_be_read_are_told() -> None:
    tables = {"extraction": answer("extraction", 400, n=400, rate=0.975)}

    assert "Extraction rate: 97.5% of 400 answers" in told(evidence(run(), logs=tables)).final
    lost = {"extraction": answer("extraction", 0, n=0, rate=float("nan"))}
    assert not any("Extraction" in line for line in told(evidence(run(), logs=lost)).final)


@pytest.mark.parametrize(
    ("state", "word"),
    [(RunState.FINISHED, "completed"), (RunState.KILLED, "failed"), (RunState.RUNNING, "running")],
)
def test_how_a_run_ended_is_its_state(state: RunState, word: str) -> None:
    found = told(evidence(run(state=state)))

    assert found.state == word
    assert any(line.startswith("run finished: ") for line in found.issues) is (state is not RunState.FINISHED)


def test_what_was_lost_is_an_issue() -> None:
    lost = Note(kind=NoteKind.LOST, text="half of it is gone")
    odd = Note(kind=NoteKind.ODD, text="odd")

    assert told(evidence(run(notes=(lost, odd)))).issues[-1] == "half of it is gone"


def test_a_fault_has_a_cause_a_lesson_and_a_remedy_and_what_was_learnt_has_none() -> None:
    fault = Diagnosis(
        pattern="dead-signal", title="Dead signal", evidence="All equal.", cause="Sparse.", remedy="Other."
    )
    good = Diagnosis(
        pattern="learning", title="Learning", evidence="It rises.", cause="Training works.", remedy="None."
    )

    found = told(evidence(run()), diagnosis=(good, fault))
    assert (found.cause, found.lesson, found.follow_up) == ("Sparse.", "Dead signal: All equal.", "Other.")
    assert told(evidence(run()), diagnosis=(good,)).cause is None


def test_without_a_fault_a_check_tells_what_to_do_next_or_games_are_played() -> None:
    missed = told(evidence(run(series([0.5] * 100, "kl"))), diagnosis=())
    assert "beta" in missed.follow_up
    assert told(evidence(run()), diagnosis=(), checks=()).follow_up.startswith("Change one thing")
    undecided = games()
    verdict = judge(ASKED, undecided, Judgement(tool_version="1", evidence_sha256=""))
    assert verdict.elo is not None
    assert verdict.elo.decision is not None
    decision = dataclasses.replace(verdict.elo.decision, games_needed=530)
    elo = dataclasses.replace(verdict.elo, decision=decision)
    assert "530 more games" in told(undecided, diagnosis=(), checks=(), elo=elo).follow_up
    open_ = [check for check in verdict.checks if check.outcome is Outcome.INCONCLUSIVE]
    assert told(undecided, diagnosis=(), checks=tuple(open_)).follow_up


def test_notes_command_and_changes_are_told_where_they_are_known() -> None:
    story = Story(
        hypothesis="it holds\nlonger",
        command="python train.py",
        against="team/p/a",
        changes=(Change(key="lr", before=1e-05, after=3e-05), Change(key="clip", before=None, after=0.2)),
        hidden=2,
    )

    found = told(evidence(run(), story=story))

    assert (found.hypothesis, found.command) == ("it holds", "python train.py")
    assert found.changes == (
        "lr: 1e-05 → 3e-05 (against team/p/a)",
        "clip: unset → 0.2 (against team/p/a)",
        "2 more may be secret and are not shown",
    )
    assert told(evidence(run())).changes == ()


def test_an_analysis_that_tells_little_is_told_as_far_as_it_goes() -> None:
    known = judge(ASKED, games(), Judgement(tool_version="1", evidence_sha256="")).elo
    assert known is not None
    bare = dataclasses.replace(
        known,
        gap=None,
        ratings=(),
        games=0,
        confidence=0.9,
        learning=dataclasses.replace(known.learning, older_checkpoints=None, exploitation=None),
    )
    open_ended = dataclasses.replace(
        known,
        games=0,
        clusters=118,
        learning=dataclasses.replace(known.learning, older_checkpoints=Span(elo=1, low=None, high=2)),
    )

    assert told(evidence(run()), elo=bare).learning == (told(evidence(run()), elo=bare).learning[0],)
    assert ":" not in told(evidence(run()), elo=bare).learning[0]
    assert not any("Elo" in line for line in told(evidence(run()), elo=bare).final)
    assert told(evidence(run()), elo=open_ended).learning[0].endswith("above base_model, 118 steps.")
    assert "(95 % interval open to 2.0)" in told(evidence(run()), elo=open_ended).learning[1]
