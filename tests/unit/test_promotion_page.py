"""What people are told of a verification and a promotion: headline and facts, whatever the texts hold."""

from dataclasses import replace

import pytest

from action.registry import Change, Event, Happened, Moved, Order, Record, Stored
from action.report.promotion_page import (
    events_markdown,
    promotion_markdown,
    tell_events,
    tell_promoted,
    tell_refused,
    tell_verified,
)
from action.verified import Trust, Verified
from checks.refusal import Reason, Refusal
from checks.run import Checkpoint, Origin
from tests.builders import asking, evidence
from tests.verdicts import run, verdict, waiver

NEW = Stored(name="team/league/adapter:v7", digest="wandb:0123456789abcdef", key="7")
OLD = Stored(name="team/league/adapter:v6", digest="wandb:fedcba9876543210", key="6")
RECORD = Record(
    by="ada",
    why="",
    at="2026-01-05T09:00:00Z",
    run="a1",
    repository="team/league",
    commit="c" * 40,
    verdict_sha256="1" * 64,
    evidence_sha256="2" * 64,
    policy_sha256="3" * 64,
    judged_at="2026-01-05T08:00:00Z",
    tool_version="0.1.0",
)
ORDER = Order(alias="production", to=NEW, expected=OLD, record=RECORD)


def verified(trust: Trust = Trust.WORKFLOW, origin: Origin | None = None) -> Verified:
    judged = replace(verdict(), run=run(id="a1", name="grpo-7"), origin=origin, checkpoint=Checkpoint(name="adapter"))
    asked = asking('metric: kl, stat: mean, pass: "< 1"')
    return Verified(verdict=judged, sha256="1" * 64, trust=trust, policy=asked, evidence=evidence(), files={})


def test_a_verification_tells_what_was_verified_and_why_it_is_believed() -> None:
    told = tell_verified(verified(origin=Origin(repository="team/league", sha="c" * 40, attempt=1)))

    assert told.headline == "Verified: nothing speaks against this promotion."
    assert [name for name, _ in told.facts] == ["checkpoint", "run", "commit", "verdict", "policy", "believed for"]
    assert dict(told.facts)["run"] == "grpo-7 (a1)"
    assert dict(told.facts)["commit"] == f"{'c' * 40} of team/league"


@pytest.mark.parametrize("trust", [Trust.LOCAL, Trust.WORKFLOW, Trust.ATTESTATION])
def test_every_way_to_be_believed_has_its_words(trust: Trust) -> None:
    assert dict(tell_verified(verified(trust)).facts)["believed for"]


@pytest.mark.parametrize(("count", "words"), [(1, "1 reason:"), (3, "3 reasons:")])
def test_a_refusal_tells_every_reason(count: int, words: str) -> None:
    told = tell_refused([Refusal(reason=Reason.TRIAL, text="expected …")] * count)

    assert told.headline == f"Refused, for {words}"
    assert told.facts == (("trial", "expected …"),) * count


def test_a_promotion_tells_who_held_the_alias_before_and_why_it_was_moved() -> None:
    because = replace(ORDER, record=replace(RECORD, why="better"))
    told = tell_promoted(because, "W&B", Moved(change=Change.MOVED, before=OLD, notes=("a note",), place="models/x"))

    assert told.headline == "Promoted: production is team/league/adapter:v7 now."
    assert told.facts == (
        ("registry", "W&B"),
        ("bytes", "wandb:0123456789abcdef"),
        ("now at", "models/x"),
        ("before", "team/league/adapter:v6 wandb:fedcba987…"),
        ("by", "ada"),
        ("why", "better"),
        ("note", "a note"),
    )


def test_what_changed_nothing_says_so() -> None:
    already = tell_promoted(ORDER, "W&B", Moved(change=Change.ALREADY, before=NEW))
    rehearsed = tell_promoted(replace(ORDER, expected=None), "W&B", None)
    idle = tell_promoted(replace(ORDER, expected=NEW), "W&B", None)

    assert already.headline == "production is team/league/adapter:v7 already; nothing was moved."
    assert [name for name, _ in already.facts] == ["registry", "bytes"]
    assert rehearsed.headline == "Nothing was written. production would be team/league/adapter:v7."
    assert ("before", "nothing") in rehearsed.facts
    assert idle.headline == "Nothing was written. production is team/league/adapter:v7 already."


def test_texts_of_others_are_no_markdown() -> None:
    told = tell_refused([Refusal(reason=Reason.TRIAL, text="<b>[x](http://h)</b> | a\nb")])

    page = promotion_markdown(told)

    assert page.startswith("Refused, for 1 reason:\n\n- **trial** ")
    assert not any(part in page for part in ("<b>", "](", "\nb"))


def test_what_the_verdict_would_not_pass_without_is_told() -> None:
    used = waiver(check="kl-p95", used=True, approved_by=("bob",), pull_request=7)
    given = (used, waiver(check="other", used=False))
    words = "kl-p95 does not block healthy until the end of 2099-12-31 (approved by bob in #7): warm-up"
    judged = verified()

    told = tell_verified(replace(judged, verdict=replace(judged.verdict, waivers=given)))

    assert [text for name, text in told.facts if name == "waived"] == [words]
    assert ("waived", words) in tell_promoted(ORDER, "W&B", None, given).facts


def test_a_history_tells_what_happened_with_digests_that_can_be_given_back() -> None:
    stored = Stored(name="adapter", digest="sha256:" + "ab" * 32, run="grpo-7")
    promoted = Event(
        number=2,
        happened=Happened.AGAIN,
        at=RECORD.at,
        by="ada",
        why="v8 loops",
        alias="prod",
        checkpoint=stored,
        verdict_sha256="1" * 64,
        holds=True,
    )
    nameless = replace(stored, digest=None)
    refused = replace(
        promoted, number=1, happened=Happened.REFUSED, checkpoint=nameless, reasons=("trial",), holds=False, why=""
    )

    first, second = tell_events([promoted, replace(refused, alias=None)])

    assert first.headline == f"{RECORD.at} promoted again prod: adapter sha256:abababababab (now)"
    assert first.facts == (("run", "grpo-7"), ("by", "ada"), ("why", "v8 loops"))
    assert second.headline == f"{RECORD.at} refused no alias: adapter no digest"
    assert second.facts == (("run", "grpo-7"), ("by", "ada"), ("reasons", "trial"))
    assert events_markdown("a|b", [refused]).startswith("## Promotions in a&#124;b\n\n**")
