"""The ten recordings, whose truth is known: the main diagnosis is what was done to each run."""

from pathlib import Path

import pytest

from action.evidence.store import read_bundle
from action.report.document import verdict_json
from action.settings import profile_policy
from bench.claims import KINDS, Kind, count
from bench.diagnosis import PROFILES, TRUTH, Reading, goals, read, table
from checks.check import DIAGNOSED
from tests.runs import RECORDINGS, judge_path, write_output


@pytest.mark.parametrize("recipe", TRUTH)
def test_the_main_diagnosis_of_a_recording_is_what_was_done_to_it(recipe: str) -> None:
    assert read(recipe, 0, RECORDINGS / recipe).main == TRUTH[recipe]


def test_the_table_counts_and_the_goals_are_held_against_the_counts() -> None:
    readings = [Reading(recipe=recipe, seed=0, verdict="pass", patterns=(TRUTH[recipe],)) for recipe in TRUTH]
    readings[0] = Reading(recipe="healthy", seed=0, verdict="fail", patterns=())

    assert "| healthy | learning | none 1 | 0 of 1 (0.0 to 97.5 %) | – | fail 1 |" in list(table(readings))
    assert [good for _, good in goals(readings, range(1))] == [False, False, False]


def test_a_bundle_that_is_judged_again_tells_the_same(tmp_path: Path) -> None:
    first = judge_path(RECORDINGS / "kl-explosion", profile_policy(PROFILES).text)
    out = write_output(first, tmp_path)

    again = judge_path(out / "evidence", None)

    assert first.verdict.diagnosis
    assert verdict_json(again.verdict) == verdict_json(first.verdict)
    kept = read_bundle(out / "evidence").evidence.run.series
    assert {"policy/entropy_mean", "ppo/clip_fraction", "benchmark/loss"} <= set(kept)
    assert len([name for name in kept if not name.startswith("elo/")]) <= len(DIAGNOSED) + 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.hard], ids=lambda kind: kind.what)
def test_what_is_made_is_told_and_nothing_else(kind: Kind) -> None:
    """Twelve runs of the two hundred of `bench/claims.py`."""
    found, false, own = count(kind, 12, 1)

    assert false <= 1, found
    assert own >= 10 or not kind.broken, found
