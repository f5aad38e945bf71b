"""What people are told of a verification and a promotion: headline and facts, whatever the texts hold."""

from dataclasses import replace

import pytest

from action.registry import Change, Event, Moved, Order, Record, Stored
from action.report.promotion_page import (
    event_rows,
    promotion_markdown,
    shown_rows,
    tell_promoted,
    tell_refused,
    tell_verified,
)
from action.verified import Trust, Verified
from checks.refusal import Reason, Refusal
from checks.run import Checkpoint, Origin
from tests.builders import asking, evidence
from tests.verdicts import run, verdict

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

    assert already.headline == "production is team/league/adapter:v7 already; nothing was moved or recorded anew."
    assert [name for name, _ in already.facts] == ["registry", "bytes"]
    assert rehearsed.headline == "Nothing was written. production would be team/league/adapter:v7."
    assert ("before", "nothing") in rehearsed.facts
    assert idle.headline == "Nothing was written. production is team/league/adapter:v7 already."


def test_texts_of_others_are_no_markdown() -> None:
    told = tell_refused([Refusal(reason=Reason.TRIAL, text="<b>[x](http://h)</b> | a\nb")])

    page = promotion_markdown(told)

    assert page.startswith("Refused, for 1 reason:\n\n- **trial** ")
    assert not any(part in page for part in ("<b>", "](", "\nb"))


def test_digests_of_a_history_are_whole_for_programs_and_short_for_people() -> None:
    stored = Stored(name="adapter", digest="sha256:" + "ab" * 32, run="grpo-7")
    promoted = Event(
        number=2,
        at=RECORD.at,
        by="ada",
        why="",
        alias="prod",
        checkpoint=stored,
        verdict_sha256="1" * 64,
        holds=True,
    )
    refused = replace(promoted, number=1, checkpoint=replace(stored, digest=None), reasons=("trial",), holds=False)

    assert [row[6] for row in event_rows([promoted, refused])] == [stored.digest, None]
    assert shown_rows([promoted, refused]) == [
        (RECORD.at, "promoted, holds it now", "prod", "adapter", "sha256:abababababab", "grpo-7", "ada", None),
        (RECORD.at, "refused: trial", "prod", "adapter", None, "grpo-7", "ada", None),
    ]
