"""What a verdict has to be about for a checkpoint to be promoted: each reason against it, alone and together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.errors import UsageError
from action.promotion import read_alias
from checks.promotion import MAX_AGE, TOLERANCE, Claim, refusals
from checks.refusal import Reason
from checks.result import Decision, Verdict
from checks.run import Checkpoint, Origin
from tests.verdicts import policy, run, verdict, waiver

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SHA = "0123456789abcdef" * 4
DIGEST = f"sha256:{SHA}"
COMMIT = "c" * 40


def good(**changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "decision": Decision.PASS,
        "exit_code": 0,
        "judged_at": "2026-01-05T11:00:00Z",
        "tool_version": "0.1.0",
        "run": run(id="a1", name="grpo-7"),
        "checkpoint": Checkpoint(name="adapter_v50", digest=DIGEST),
        "origin": Origin(repository="team/league", sha=COMMIT, attempt=1),
        "policy": policy(sha256="p" * 64, trial=False),
        "waivers": (),
    }
    return replace(verdict(), **(fields | changes))


def claim(**changes: Any) -> Claim:
    good_claim = Claim(
        digest=DIGEST,
        logged_by="a1",
        run="grpo-7",
        repository="team/league",
        commit=COMMIT,
        policy_sha256="p" * 64,
        policy_source=".github/gatekeeper.yml",
        version="0.1.0",
        now=NOW,
        later="2026-01-05T10:59:59Z",
    )
    return replace(good_claim, **changes)


def reasons(found: Verdict, asked: Claim) -> list[str]:
    return [one.reason.value for one in refusals(found, asked)]


def test_nothing_speaks_against_a_verdict_that_is_about_all_that_is_claimed() -> None:
    assert reasons(good(), claim()) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"decision": Decision.FAIL, "exit_code": 10}, Reason.NOT_A_PASS),
        ({"decision": Decision.INCONCLUSIVE, "exit_code": 11}, Reason.NOT_A_PASS),
        ({"exit_code": 10}, Reason.NOT_A_PASS),
        ({"policy": policy(sha256="p" * 64, trial=True)}, Reason.TRIAL),
        ({"judged_at": "soon"}, Reason.CLOCK),
        ({"judged_at": "2026-01-05T13:00:00Z"}, Reason.CLOCK),
        ({"judged_at": "2025-12-29T11:59:59Z"}, Reason.TOO_OLD),
        ({"origin": None}, Reason.OTHER_REPOSITORY),
        ({"origin": Origin(repository="team/other", sha=COMMIT, attempt=1)}, Reason.OTHER_REPOSITORY),
        ({"origin": Origin(repository="team/league", sha="d" * 40, attempt=1)}, Reason.OTHER_COMMIT),
        ({"origin": Origin(repository="team/league", sha=None, attempt=1)}, Reason.OTHER_COMMIT),
        ({"run": run(id="b2", name="other")}, Reason.OTHER_RUN),
        ({"run": run(id="b2", name="grpo-7")}, Reason.OTHER_RUN),
        ({"checkpoint": None}, Reason.NO_CHECKPOINT),
        ({"checkpoint": Checkpoint(name="adapter_v50")}, Reason.NO_DIGEST),
        ({"checkpoint": Checkpoint(name="adapter_v50", digest="")}, Reason.NO_DIGEST),
        ({"checkpoint": Checkpoint(name="adapter_v50", digest=f"sha256:{SHA[::-1]}")}, Reason.OTHER_CHECKPOINT),
        ({"policy": policy(sha256="q" * 64, trial=False)}, Reason.OTHER_POLICY),
        ({"tool_version": "0.2.0"}, Reason.OTHER_VERSION),
        ({"waivers": (waiver(used=True, expires="2026-01-04"),)}, Reason.WAIVER),
        ({"waivers": (waiver(used=True, expires="for ever"),)}, Reason.WAIVER),
    ],
)
def test_each_field_that_is_about_something_else_has_its_reason(changed: dict[str, Any], reason: Reason) -> None:
    lenient = claim(later=None)
    if reason is not Reason.OTHER_COMMIT:
        lenient = replace(lenient, commit=None)
    assert set(reasons(good(**changed), lenient)) == {reason.value}


def test_of_a_version_that_refers_to_files_elsewhere_only_the_very_one_that_was_judged_is_promoted() -> None:
    judged = good(checkpoint=Checkpoint(name="adapter", artifact="team/league/adapter:v2", digest="wandb:d2"))
    same = claim(digest="wandb:d2", artifact="team/league/adapter:v2", refers=True)
    other = replace(same, artifact="team/league/adapter-final:v0")

    assert reasons(judged, replace(same, later=None)) == []
    assert reasons(judged, replace(other, refers=False, later=None)) == []  # the same files under another name
    assert reasons(judged, replace(other, later=None)) == ["other-checkpoint"]
    nameless = good(checkpoint=Checkpoint(name="adapter", digest="wandb:d2"))
    assert reasons(nameless, replace(same, later=None)) == ["other-checkpoint"]


def test_a_checkpoint_of_wandb_that_no_run_logged_is_promoted_by_no_verdict() -> None:
    judged = good(checkpoint=Checkpoint(name="adapter", artifact="team/league/adapter:v2", digest="wandb:d2"))
    nobodys = claim(digest="wandb:d2", artifact="team/league/adapter:v2", logged_by=None, later=None)

    assert reasons(judged, nobodys) == ["other-run"]
    assert reasons(good(), claim(logged_by=None, later=None)) == []  # a file, of which nobody can tell


def test_whether_the_policy_was_changed_or_another_one_is_told() -> None:
    changed = good(policy=policy(source=".github/gatekeeper.yml", sha256="q" * 64))
    another = good(policy=policy(source="profile grpo", sha256="q" * 64))

    [now] = refusals(changed, claim(later=None))
    [other] = refusals(another, claim(later=None))

    assert "as it is now (pppppppppppp), got one by what it was then (qqqqqqqqqqqq); judge the run again." in now.text
    assert "by the policy in force, .github/gatekeeper.yml (pppppppppppp), got one by profile grpo" in other.text


def test_every_reason_is_told_at_once_with_a_sentence_of_its_own() -> None:
    odd = good(decision=Decision.FAIL, exit_code=10, checkpoint=None, origin=None, tool_version="9")

    found = refusals(odd, claim())

    assert [one.reason for one in found] == [
        Reason.NOT_A_PASS,
        Reason.OTHER_REPOSITORY,
        Reason.OTHER_COMMIT,
        Reason.NO_CHECKPOINT,
        Reason.OTHER_VERSION,
    ]
    assert len({one.text for one in found}) == len(found)
    assert all(one.text.startswith("expected ") and one.text.endswith(".") for one in found)


def test_a_verdict_names_no_bytes_that_nobody_named() -> None:
    assert reasons(good(), claim(digest=None)) == ["no-bytes"]


def test_a_later_verdict_on_the_run_takes_the_place_of_an_earlier_one() -> None:
    assert reasons(good(), claim(later="2026-01-05T11:00:01Z")) == ["superseded"]
    assert reasons(good(), claim(later="2026-01-05T11:00:00Z")) == ["superseded"]  # of two of one second nobody knows
    assert reasons(good(), claim(later=None)) == []


def test_a_verdict_of_a_repository_is_none_of_nobodys() -> None:
    [refusal] = refusals(good(), claim(repository=None, commit=None))

    assert refusal.reason is Reason.OTHER_REPOSITORY
    assert "give --repository" in refusal.text


def test_a_run_of_another_project_with_the_same_id_is_another_run() -> None:
    page = "https://wandb.ai/team/league/runs/a1"
    ours = good(run=run(id="a1", name="grpo-7", url=page))

    assert reasons(ours, claim(logged_by="team/league/a1")) == []
    assert reasons(ours, claim(logged_by="team/fake/a1")) == ["other-run"]
    assert reasons(ours, claim(logged_by="a1")) == []
    assert reasons(good(run=run(id="a1", name="grpo-7", url=None)), claim(logged_by="team/league/a1")) == []
    assert reasons(good(run=run(id=None, name="grpo-7", url=None)), claim(logged_by="team/league/a1")) == ["other-run"]


def test_a_local_verdict_is_of_no_repository() -> None:
    assert reasons(good(origin=None), claim(repository=None, commit=None)) == []


def test_the_letters_of_a_repository_do_not_matter() -> None:
    assert reasons(good(), claim(repository="Team/League")) == []


def test_a_clock_may_be_a_little_ahead_and_no_more() -> None:
    at = NOW + TOLERANCE
    ahead = f"{at + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"

    assert reasons(good(judged_at=f"{at:%Y-%m-%dT%H:%M:%SZ}"), claim(later=None)) == []
    assert reasons(good(judged_at=ahead), claim(later=None)) == ["clock"]


def test_a_verdict_is_old_from_a_second_after_what_is_allowed() -> None:
    then = NOW - MAX_AGE

    assert reasons(good(judged_at=f"{then:%Y-%m-%dT%H:%M:%SZ}"), claim(later=None)) == []
    older = f"{then - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    assert reasons(good(judged_at=older), claim(later=None)) == ["too-old"]
    assert reasons(good(judged_at=older), claim(later=None, max_age=timedelta(days=8))) == []


def test_a_waiver_holds_to_the_end_of_its_day_and_one_that_was_not_needed_does_not_matter() -> None:
    assert reasons(good(waivers=(waiver(used=True, expires="2026-01-05"),)), claim()) == []
    assert reasons(good(waivers=(waiver(used=False, expires="2025-01-05"),)), claim()) == []


@given(st.text(max_size=200))
def test_hostile_names_stay_on_one_line_of_a_sentence(text: str) -> None:
    odd = good(
        run=run(id=text, name=text),
        checkpoint=Checkpoint(name=text, digest="sha256:0"),
        judged_at=text,
        origin=Origin(repository=text, sha=COMMIT, attempt=1),
        policy=policy(source=text, sha256=text, trial=False),
    )

    assert all(one.text.isprintable() for one in refusals(odd, claim()))


@pytest.mark.parametrize("text", ["production", "prod.eu-1", "v", "v1a", "Best_9"])
def test_an_alias_is_a_plain_name(text: str) -> None:
    assert read_alias(text) == text


@pytest.mark.parametrize(
    "text", ["", "latest", "Latest", "v7", "V7", "a/b", "a:b", "-x", ".x", "a b", "x" * 129, "ä", "a\n"]
)
def test_an_alias_that_a_registry_gives_itself_or_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--alias: expected"):
        read_alias(text)
