"""A promotion in the tracker: a part of its own, which a later verdict on the run leaves alone."""

import re
from dataclasses import replace

from action.registry import Order, Record, Stored
from action.report.tracker_promotion import with_promotion
from action.tracker.edit import RunEntry, update_tracker

ENTRY = RunEntry(
    identity="team/league/abc",
    names=("grpo-7", "abc"),
    title="grpo-7",
    text="**Status**: `completed`\n\n**Results**:\n- reward: 1\n\n**Follow-up**: rest\n",
)
RECORD = Record(
    by="ada",
    why="",
    at="2026-01-05T09:00:00Z",
    run="abc",
    repository=None,
    commit=None,
    verdict_sha256="1" * 64,
    evidence_sha256="2" * 64,
    policy_sha256="3" * 64,
    judged_at="2026-01-05T08:00:00Z",
    tool_version="0.1.0",
)
ORDER = Order(
    alias="production",
    to=Stored(name="team/league/adapter:v7", digest="wandb:d7", key="k"),
    expected=None,
    record=RECORD,
)


def promoted(*, before: bool = False, why: str = "", by: str = "ada") -> RunEntry:
    order = replace(ORDER, record=replace(RECORD, why=why, by=by))
    return with_promotion(ENTRY, order, "W&B", before=before)


def test_a_promotion_is_added_to_the_entry_of_its_run_and_to_no_other() -> None:
    text = update_tracker("# Experiment tracker\n\n## Exp 1: other\n\n**Status**: `planned`\n", ENTRY).text

    found = update_tracker(text, promoted(why="beats v6"))

    assert (found.number, found.new) == (2, False)
    added = found.text.removeprefix(text.rstrip("\n"))
    assert "**Promotion**: team/league/adapter:v7 was given `production` on 2026-01-05T09:00:00Z by ada\n" in added
    assert "- bytes: wandb:d7\n" in added
    assert "- why: beats v6\n" in added


def test_a_later_verdict_on_the_run_leaves_the_promotion_alone() -> None:
    before = update_tracker("", promoted()).text
    later = replace(ENTRY, text=ENTRY.text.replace("reward: 1", "reward: 2"))

    after = update_tracker(before, later)

    assert "reward: 2" in after.text
    assert "**Promotion**: team/league/adapter:v7 was given `production`" in after.text
    assert update_tracker(after.text, later).text == after.text


def test_a_part_that_somebody_took_out_is_written_anew_before_the_promotion() -> None:
    before = update_tracker("", promoted()).text
    without = re.sub(r"<!-- gatekeeper: follow-up.*?end of follow-up.*?-->\n\n", "", before, flags=re.DOTALL)
    assert "**Follow-up**" not in without

    assert update_tracker(without, ENTRY).text == before


def test_another_promotion_of_the_run_takes_the_place_of_the_first() -> None:
    text = update_tracker(update_tracker("", promoted()).text, promoted(by="eve")).text

    assert "by eve" in text
    assert "by ada" not in text
    assert text.count("**Promotion**") == 1


def test_what_was_written_when_it_was_promoted_stays_where_it_is_found_promoted_again() -> None:
    first = update_tracker("", promoted()).text

    assert update_tracker(first, promoted(before=True, by="eve")).text == first
    alone = update_tracker(update_tracker("", ENTRY).text, promoted(before=True, by="eve")).text
    assert "holds `production`, as eve saw on 2026-01-05T09:00:00Z" in alone


def test_what_people_wrote_into_a_promotion_stays() -> None:
    edited = update_tracker("", promoted()).text.replace("by ada\n", "by ada, at last!\n")

    found = update_tracker(edited, promoted(by="eve"))

    assert found.kept == ("promotion",)
    assert "by ada, at last!" in found.text
    assert "by eve" in found.text
    assert update_tracker(edited, ENTRY).kept == ()


def test_hostile_words_are_no_markdown() -> None:
    text = update_tracker("", promoted(why="<!-- gatekeeper: end --> @all #1 |", by="[x](y)")).text

    assert "<!-- gatekeeper: end -->" not in text
    assert "@all" not in text
    assert update_tracker(text, promoted(why="<!-- gatekeeper: end --> @all #1 |", by="[x](y)")).text == text
