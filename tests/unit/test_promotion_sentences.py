"""What a refusal says, to the letter: what was expected, what was got, and what to do."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checks.promotion import Claim, refusals
from checks.result import Decision, Verdict
from checks.run import Checkpoint, Origin
from tests.unit.test_promotion import COMMIT, NOW, claim, good
from tests.verdicts import policy, run, waiver

FILE = Checkpoint(name="adapter_v50", digest="sha256:d1")
STORED = Checkpoint(name="adapter", artifact="team/league/adapter:v2", digest="wandb:d2")
PAGE = "https://wandb.ai/team/league/runs/b2"


def lone(**changes: Any) -> Claim:
    """Claim nothing but what is changed."""
    return claim(**{"later": None, "commit": None, "run": None, "logged_by": None} | changes)


SENTENCES: list[tuple[Verdict, Claim, str]] = [
    (
        good(decision=Decision.FAIL, exit_code=10, headline="grpo-7 fails: " + "x" * 400),
        lone(),
        f"expected a verdict that passes, got fail: grpo-7 fails: {'x' * 386}… `gatekeeper explain` shows what each "
        "of its numbers rests on.",
    ),
    (
        good(policy=policy(sha256="p" * 64, trial=True)),
        lone(),
        "expected a verdict by a policy in force, got one that is being tried out (`trial: true`); take `trial` out of "
        "the policy and judge again.",
    ),
    (good(judged_at="soon"), lone(), "expected the time of judging, got soon; judge the run again."),
    (
        good(judged_at="2026-01-05T14:00:00Z"),
        lone(),
        "expected a verdict of the past, got one that is 2 hours ahead of this clock (2026-01-05T12:00:00Z); set the "
        "clock that is wrong, and judge again if it was the other one.",
    ),
    (
        good(judged_at="2026-01-05T12:05:01Z"),
        lone(),
        "expected a verdict of the past, got one that is 5 minutes ahead of this clock (2026-01-05T12:00:00Z); set the "
        "clock that is wrong, and judge again if it was the other one.",
    ),
    (
        good(judged_at="2026-01-03T12:00:00Z"),
        lone(max_age=timedelta(hours=47)),
        "expected a verdict that is at most 47 hours old, got one of 2026-01-03T12:00:00Z, 2 days ago; judge the run "
        "again, or allow more with --max-age.",
    ),
    (
        good(),
        lone(later="2026-01-05T11:30:00Z"),
        "expected the newest verdict on this run, got that of 2026-01-05T11:00:00Z, but another began at "
        "2026-01-05T11:30:00Z, and that one counts: look at it, or judge the run again.",
    ),
    (
        good(),
        lone(repository=None),
        "expected a verdict of no repository, got one of team/league; give --repository if that one is meant.",
    ),
    (
        good(origin=None),
        lone(),
        "expected a verdict of the repository team/league, got one that was judged outside any; judge the run in this "
        "one.",
    ),
    (
        good(origin=Origin(repository="team/league", sha="d" * 40, attempt=1)),
        lone(commit=COMMIT),
        "expected a verdict for the commit cccccccccccc, got one for dddddddddddd…; name the commit that the run was "
        "judged for.",
    ),
    (
        good(origin=Origin(repository="team/league", sha=None, attempt=1)),
        lone(commit=COMMIT),
        "expected a verdict for the commit cccccccccccc, got one for none; name the commit that the run was judged "
        "for.",
    ),
    (
        good(),
        lone(run="grpo-8"),
        "expected a verdict on the run grpo-8, got one on grpo-7; name the verdict of that run.",
    ),
    (
        good(checkpoint=STORED),
        lone(digest="wandb:d2", artifact="team/league/adapter:v2"),
        "expected a checkpoint that a run logged, but W&B names no run that logged team/league/adapter:v2, or none "
        "that this key may see; log it in the run that trained it.",
    ),
    (
        good(checkpoint=STORED),
        lone(digest="wandb:d2"),
        "expected a checkpoint that a run logged, but W&B names no run that logged wandb:d2, or none that this key may "
        "see; log it in the run that trained it.",
    ),
    (
        good(run=run(id="b2", name="grpo-7", url=PAGE)),
        lone(logged_by="team/league/a1"),
        "expected a verdict on the run team/league/a1, which logged this checkpoint, got one on team/league/b2; judge "
        "the run that trained it.",
    ),
    (
        good(run=run(id=None, name="grpo-7", url=None)),
        lone(logged_by="team/league/a1"),
        "expected a verdict on the run team/league/a1, which logged this checkpoint, got one on grpo-7; judge the run "
        "that trained it.",
    ),
    (
        good(checkpoint=None),
        lone(),
        "expected a verdict that names a checkpoint, got one about a run alone; judge the run with --checkpoint.",
    ),
    (
        good(checkpoint=Checkpoint(name="adapter_v50")),
        lone(),
        "expected the digest of adapter_v50 in the verdict, got its name alone, under which anything may lie; judge "
        "the run with --checkpoint PATH, or an artifact that it logged.",
    ),
    (
        good(checkpoint=FILE),
        lone(digest=None),
        "expected the checkpoint that is to be promoted, got none; name the one whose digest is sha256:d1 with --path "
        "or --artifact.",
    ),
    (
        good(checkpoint=FILE),
        lone(digest="sha256:d3"),
        "expected the bytes that were judged, sha256:d1 (adapter_v50), got sha256:d3; promote the judged bytes, or "
        "judge these.",
    ),
    (
        good(checkpoint=STORED),
        lone(digest="wandb:d2", artifact="team/league/adapter:v3", logged_by="a1", refers=True),
        "expected the very version that was judged, team/league/adapter:v2, got team/league/adapter:v3, which refers "
        "to files elsewhere: an equal digest does not show that they are the same; promote the judged one, or judge "
        "this.",
    ),
    (
        good(checkpoint=replace(STORED, artifact=None)),
        lone(digest="wandb:d2", artifact="team/league/adapter:v3", logged_by="a1", refers=True),
        "expected the very version that was judged, adapter, got team/league/adapter:v3, which refers to files "
        "elsewhere: an equal digest does not show that they are the same; promote the judged one, or judge this.",
    ),
    (
        good(policy=policy(source=".github/gatekeeper.yml", sha256="q" * 64)),
        lone(),
        "expected a verdict by .github/gatekeeper.yml as it is now (pppppppppppp), got one by what it was then "
        "(qqqqqqqqqqqq); judge the run again.",
    ),
    (
        good(policy=policy(source="profile grpo", sha256="q" * 64)),
        lone(),
        "expected a verdict by the policy in force, .github/gatekeeper.yml (pppppppppppp), got one by profile grpo "
        "(qqqqqqqqqqqq); judge the run again, or name the policy that is in force with --policy.",
    ),
    (
        good(tool_version="0.2.0"),
        lone(),
        "expected a verdict of this version of the gatekeeper, 0.1.0, got one of 0.2.0, whose profiles and statistics "
        "may differ; judge the run again.",
    ),
    (
        good(waivers=(waiver(check="kl-p95", used=True, expires="2026-01-04"),)),
        lone(),
        "expected every waiver that the verdict used to hold today, got that of kl-p95, which expired on 2026-01-04; "
        "renew it in the policy and judge again.",
    ),
]


@pytest.mark.parametrize(("judged", "claimed", "sentence"), SENTENCES, ids=[text[9:50] for _, _, text in SENTENCES])
def test_a_refusal_says_what_was_expected_what_was_got_and_what_to_do(
    judged: Verdict, claimed: Claim, sentence: str
) -> None:
    assert [refusal.text for refusal in refusals(judged, claimed)] == [sentence]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the clock of this machine show the time of Tokyo, nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a zone that can be set")
def test_the_last_day_of_a_waiver_ends_at_midnight_in_utc_wherever_it_is_read() -> None:
    judged = good(waivers=(waiver(used=True, expires="2026-01-05"),))

    assert refusals(judged, lone(now=NOW.replace(hour=20))) == ()
