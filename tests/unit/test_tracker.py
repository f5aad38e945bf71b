"""The tracker: old text and a run's entry in, new text out, and not a line of people lost."""

from __future__ import annotations

import contextlib
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.tracker.block import digest, find_blocks, marked, run_key
from action.tracker.edit import Edit, RunEntry, TrackerError, split_parts, update_tracker
from action.tracker.naming import state_of
from action.tracker.outline import read_outline, split_lines
from action.tracker.value import read_value

URL = "https://wandb.ai/team/league/runs/x7k2"
TEXT = """**Hypothesis**: none given

**Key Config Changes**:
- lr: 1 → 2

**Status**: `completed`
- wandb: https://wandb.ai/team/league/runs/x7k2
- run name: grpo-7

**Results**:
- **Learning signal**: positive

**Follow-up** (suggested): train longer
"""
PLANNED = """# Experiment Tracker

## Experiment Schema

- **Status**: `planned` | `running`

---

## Exp 1: Warm-up

**Hypothesis**: it holds, unlike grpo-70

**Command**:
```bash
## Exp 9: no heading
python train.py --run-name grpo-7
```

**Status**: `planned`

**Results**: _pending_

**Follow-up**: → Exp 2

---

## Exp 2: Other

**Status**: `completed` (cancelled at step ~10)
- run name: grpo-70

**Results** (of people):
| a | b |
| --- | --- |
| 1 | 2 |

---

## Notes

Kept.
"""


def run(**changes: Any) -> RunEntry:
    kept: dict[str, Any] = {
        "identity": URL,
        "names": ("grpo-7", "x7k2", URL),
        "title": "grpo-7",
        "text": TEXT,
    }
    return RunEntry(**(kept | changes))


def other(name: str) -> RunEntry:
    return run(identity=name, names=(name,), title=name, text=TEXT.replace("grpo-7", name).replace("x7k2", name))


def again(found: Edit, entry: RunEntry | None = None) -> str:
    return update_tracker(found.text, entry or run()).text


def people(text: str) -> list[str]:
    """Return the lines that are not ours: those beyond our blocks."""
    outline = read_outline(text)
    ours = {line for block in find_blocks(outline) for line in range(block.span.start, block.span.end)}
    return [line.rstrip("\r\n") for at, line in enumerate(outline.lines) if at not in ours]


def holds(lines: list[str], wanted: list[str]) -> bool:
    """Tell whether the wanted lines stand in a text, in their order."""
    rest = iter(lines)
    return all(any(line == one for line in rest) for one in wanted)


def test_a_planned_entry_is_filled_and_all_else_stays_to_the_byte() -> None:
    found = update_tracker(PLANNED, run())
    before, _, rest = PLANNED.partition("**Status**: `planned`\n\n**Results**: _pending_\n")

    assert (found.number, found.new, found.kept) == (1, False, ())
    assert found.text.startswith(before)
    assert found.text.endswith(rest.partition("**Follow-up**: → Exp 2\n")[2])
    assert "planned`\n\n**Results**" not in found.text
    assert [block.part for block in find_blocks(read_outline(found.text))] == ["status", "results", "follow-up"]
    assert again(found) == found.text


def test_a_run_without_an_entry_gets_the_next_number_after_the_last_entry() -> None:
    found = update_tracker(PLANNED, other("ppo-1"))

    assert (found.number, found.new) == (3, True)
    assert found.text.index("## Exp 3: ppo-1") > found.text.index("| 1 | 2 |")
    assert found.text.index("## Exp 3: ppo-1") < found.text.index("## Notes")
    assert holds(people(found.text), PLANNED.splitlines())
    assert "\n---\n\n## Exp 3" in found.text
    assert again(found, other("ppo-1")) == found.text


def test_a_name_is_found_as_a_whole() -> None:
    assert update_tracker(PLANNED, other("grpo-70")).number == 2
    assert update_tracker(PLANNED, other("grpo")).new
    assert update_tracker(PLANNED.replace("grpo-7\n", "grpo-7.jsonl\n"), run()).new


def test_an_entry_is_found_by_its_address_its_id_or_its_title() -> None:
    for line in ("- wandb: " + URL, f"- W&B: [{URL}]({URL})", "- run id: x7k2", "**Runs**: x7k2, y"):
        text = f"## Exp 4: T\n\n**Status**: `running`\n{line}\n"
        assert update_tracker(text, run()).number == 4, line
    assert update_tracker("## Experiment 5 - grpo-7\n", run()).number == 5
    assert update_tracker("## Exp 5: T\n\nlike grpo-7, but better\n", run()).new


def test_an_open_entry_is_filled_before_a_closed_one_and_the_newest_of_several() -> None:
    two = "## Exp 1: grpo-7\n\n**Status**: `planned`\n\n## Exp 2: grpo-7\n\n**Status**: `completed`\n"
    assert update_tracker(two, run()).number == 1
    assert update_tracker(two.replace("planned", "failed"), run()).number == 2


def test_what_people_say_beside_a_state_is_kept() -> None:
    text = "## Exp 1: A\n\n**Status**: `running` (since Monday)\n- run name: grpo-7\n- on eight GPUs\n"

    found = update_tracker(text, run()).text

    assert "- before: `running` (since Monday)\n- on eight GPUs\n" in found
    assert found.count("run name: grpo-7") == 1


def test_results_of_people_stay_and_ours_go_below() -> None:
    text = "## Exp 1: grpo-7\n\n**Status**: `concluded`\n\n**Results**: it was fine\n- really\n\n## Notes\n"

    found = update_tracker(text, run())

    assert holds(people(found.text), text.splitlines())
    assert found.text.index("- really") < found.text.index("**Learning signal**")
    assert again(found) == found.text


def test_the_same_run_again_replaces_its_own_blocks_alone() -> None:
    first = update_tracker(PLANNED, run())
    later = run(text=TEXT.replace("positive", "none"))

    found = update_tracker(first.text, later)

    assert found.text == first.text.replace("positive", "none").replace(*_digests(first.text, found.text))
    assert again(found, later) == found.text


def _digests(old: str, new: str) -> tuple[str, str]:
    before, after = (re.findall(r"results of \w+, (\w+)", text)[0] for text in (old, new))
    return before, after


def test_a_part_that_is_no_longer_told_goes() -> None:
    found = update_tracker(PLANNED, run()).text
    shorter = run(text=TEXT.partition("**Follow-up**")[0])

    assert "train longer" not in update_tracker(found, shorter).text


def test_text_that_people_wrote_in_our_block_is_kept_and_ours_goes_below() -> None:
    first = update_tracker("", run()).text
    edited = first.replace("- **Learning signal**: positive", "- **Learning signal**: positive, I doubt it")

    assert update_tracker(edited, run()).text == edited
    assert update_tracker(edited, run()).kept == ()
    later = run(text=TEXT.replace("train longer", "train on").replace("positive", "positive still"))
    found = update_tracker(edited, later)

    assert found.kept == ("results",)
    assert "positive, I doubt it" in people(found.text)[-6:] or "- **Learning signal**: positive, I doubt it" in people(
        found.text
    )
    assert found.text.count("**Learning signal**: positive still\n") == 1
    assert again(found, later) == found.text
    assert update_tracker(found.text, later).kept == ()


def test_line_ends_of_an_editor_are_no_edit() -> None:
    first = update_tracker("", run()).text.replace("\n", "\r\n")

    assert update_tracker(first, run()).kept == ()
    assert update_tracker(first, run()).text == first


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_line_ends_and_the_end_of_the_text_stay_as_they_are(newline: str, end: str) -> None:
    text = (PLANNED.rstrip("\n") + end).replace("\n", newline)

    for entry in (run(), other("ppo-1")):
        found = update_tracker(text, entry).text
        assert set(re.findall(r"\r\n|\r|\n", found)) == {newline}
        assert found.endswith(newline) is bool(end)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "# Title\n", "Only words", "---\n", "| a |\n| - |\n"])
def test_a_text_without_entries_gets_the_first(text: str) -> None:
    found = update_tracker(text, run())

    assert found.number == 1
    assert ("# Experiment tracker" in found.text) is (text.strip("\ufeff\n") == "")
    assert holds(people(found.text), [line for line in text.splitlines() if line.strip("\ufeff")])
    assert again(found) == found.text


def test_numbers_that_stand_twice_are_fine() -> None:
    text = "## Exp 7: a\n\n## Exp 7: b\n\n### Exp 9: grpo-7\n"

    assert update_tracker(text, other("new")).number == 10
    assert "\n## Exp 10: new" in update_tracker(text, other("new")).text
    assert "\n### Exp 2: new" in update_tracker("### Exp 1: a\n", other("new")).text
    assert update_tracker(text, run()).number == 9


def test_an_entry_within_an_entry_is_no_place_for_the_next() -> None:
    text = "## Exp 1: A\n\n### Exp 3: part of it\n\n## Notes\n"

    assert update_tracker(text, run()).text.startswith("## Exp 1: A\n\n### Exp 3: part of it\n\n## Exp 4: grpo-7\n")


def test_odd_headings_are_read_as_github_reads_them() -> None:
    setext = "Exp 3: Setext\n---\n\n**Status**: planned\n- run name: grpo-7\n"
    text = f"{setext}\n##   EXPERIMENT #4 — dash ##\n\n> ## Exp 8: quoted\n"
    outline = read_outline(text)

    assert [(one.number, one.title, one.level) for one in outline.entries] == [(3, "Setext", 2), (4, "dash", 2)]
    assert state_of(outline, outline.entries[0]) == "planned"
    assert update_tracker(text, run()).number == 3


@pytest.mark.parametrize(
    "text", ["```\nnever closed\n", "## Exp 1: grpo-7\n\n~~~~\n", "<!-- never closed\n", "<pre>\n\nnever closed\n"]
)
def test_what_swallows_all_that_follows_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(TrackerError, match=r"^\d: expected a fence or an HTML block that ends"):
        update_tracker(text, run())


def test_a_copied_block_is_refused_as_what_it_is() -> None:
    first = update_tracker("", run()).text

    with pytest.raises(TrackerError, match=r"^expected each block of this run once"):
        update_tracker(first + "\n" + first.partition("\n\n")[2].replace("Exp 1", "Exp 2"), run())


def test_our_marks_in_a_fence_a_quote_or_alone_are_none() -> None:
    first = update_tracker("", run()).text
    status = first[first.index("<!-- gatekeeper: status") : first.index("**Results**")]
    quoted = f"# T\n\n````\n{first}\n````\n\n" + "".join(f"> {line}\n" for line in status.splitlines())

    found = update_tracker(quoted, run())

    assert found.new
    assert found.text.startswith(quoted.rstrip("\n"))
    half = status.splitlines()[0]
    assert update_tracker(f"# T\n\n{half}\n\ntext\n", run()).new
    assert (
        again(update_tracker(f"# T\n\n{half}\n\ntext\n", run()))
        == update_tracker(f"# T\n\n{half}\n\ntext\n", run()).text
    )


def test_two_runs_do_not_touch_each_other() -> None:
    one, two = other("a"), other("b")

    there = update_tracker(update_tracker(PLANNED, one).text, two).text
    back = update_tracker(update_tracker(PLANNED, two).text, one).text

    def entries(text: str) -> list[str]:
        return sorted(re.sub(r"## Exp \d+", "## Exp N", part) for part in re.split(r"\n---\n\n", text))

    assert entries(there) == entries(back)
    assert update_tracker(update_tracker(there, one).text, two).text == there


def test_only_lines_that_name_the_run_and_nothing_else_go_with_an_open_status() -> None:
    kept = ["- run: grpo-7, restarted by Alice, see g3", "- W&B: https://other; KEEP ME", "run: x"]
    text = (
        f"## Exp 1: x\n\n**Status**: `planned`\n- run name: `grpo-7`\n{kept[0]}\n{kept[1]}\n```yaml\n{kept[2]}\n```\n"
    )

    found = update_tracker(text, run()).text

    assert holds(people(found), kept)
    assert "- run name: `grpo-7`" not in found


def test_a_block_that_a_person_took_the_place_of_is_written_anew_below() -> None:
    first = update_tracker("", run()).text
    status = first[first.index("<!-- gatekeeper: status") : first.index("<!-- gatekeeper: results")]

    found = update_tracker(first.replace(status, "**Status**: abandoned by Alice\n\n"), run())

    assert "**Status**: abandoned by Alice\n" in found.text
    assert again(found) == found.text


def test_fields_that_follow_each_other_without_a_blank_line_are_each_filled() -> None:
    found = update_tracker("## Exp 1: grpo-7\n\n**Results**: human\n**Status**: `planned`\n", run())

    assert "planned" not in found.text
    assert "**Results**: human\n" in found.text
    assert again(found) == found.text


def test_an_id_tells_more_than_a_name_that_runs_share() -> None:
    text = "".join(
        f"## Exp {n}: grpo-7\n\n**Status**: `planned`\n- run id: {id_}\n\n" for n, id_ in ((1, "x7k2"), (2, "b"))
    )

    assert update_tracker(text, run()).number == 1


def test_what_another_run_starts_from_is_not_its_entry() -> None:
    for words in ("--init ckpt/grpo-7/last.pt --run-name g2", "--run-name g2 --resume grpo-7"):
        text = f"## Exp 1: warm\n\n**Command**:\n```\npython t.py {words}\n```\n\n**Status**: `planned`\n"
        assert update_tracker(text, run()).new, words
    assert update_tracker("## Exp 1: team/grpo-7\n", run()).new


def test_a_part_that_is_not_told_leaves_the_field_of_people_alone() -> None:
    short = run(text="**Status**: `completed`\n\n**Results**: x\n")
    found = update_tracker("## Exp 1: grpo-7\n\n**Follow-up**: _pending_\n", short)

    assert "**Follow-up**: _pending_\n" in found.text
    assert again(found, short) == found.text


def test_a_mark_of_the_byte_order_hides_no_entry() -> None:
    assert update_tracker("\ufeff## Exp 1: grpo-7\n", run()).number == 1


def test_long_lines_of_blanks_and_marks_take_no_time() -> None:
    for line in ("## Exp 1: grpo-7" + " " * 20_000 + "x", "## Exp 1: grpo-7\n\n**Results**: " + "_" * 20_000 + "x"):
        assert update_tracker(f"{line}\n", run()).number == 1


def test_an_entry_of_a_sweep_is_not_taken_by_one_of_its_runs() -> None:
    swept = run(identity="sweep of a b", names=(), title="Sweep", text="**Runs**: a, b\n\n**Results**: a wins\n")
    text = update_tracker("", swept).text

    found = update_tracker(text, other("a"))

    assert (found.number, found.new) == (2, True)
    assert update_tracker(found.text, swept).text == found.text


def test_a_long_tracker_is_read_in_seconds() -> None:
    text = "# T\n" + "".join(
        f"\n## Exp {n}: run-{n}\n\n**Status**: `completed`\n- run name: run-{n}\n\n**Results**: {'words ' * 300}\n"
        for n in range(1, 301)
    )

    found = update_tracker(text, other("run-150"))

    assert (found.number, found.new) == (150, False)
    assert again(found, other("run-150")) == found.text


def test_parts_are_split_by_label() -> None:
    labels = [label for label, _ in split_parts(TEXT)]
    assert labels == ["hypothesis", "key config changes", "status", "results", "follow-up"]
    assert split_parts("**Status**: x") == (("status", "**Status**: x\n"),)
    assert split_parts("**A**: 1\n**A**: 2\n") == (("a", "**A**: 1\n"), ("a", "**A**: 2\n"))
    assert split_parts("**Results**: 1\n\n**A**: 2\n**Results**: 3\n") == (
        ("results", "**Results**: 1\n**Results**: 3\n"),
        ("a", "**A**: 2\n"),
    )
    assert run_key("a") != run_key("b")


def test_what_a_template_writes_beside_its_fields_stands_in_a_new_entry() -> None:
    text = "Owner: me\n\n**Status**: `completed`\n\n### More\n\nwords\n\n**Results**: x\n\n---\n\nend\n"

    found = update_tracker("## Exp 1: a\n", run(text=text))

    assert people(found.text)[2:] == [
        "## Exp 2: grpo-7",
        "",
        "Owner: me",
        "",
        "",
        "### More",
        "",
        "words",
        "",
        "",
        "---",
        "",
        "end",
    ]
    assert again(found, run(text=text)) == found.text


def test_fields_in_a_list_are_fields() -> None:
    text = (
        "## Exp 1: grpo-7\n\n- **Hypothesis**: it holds\n- **Status**: `planned`\n  - run name: grpo-7\n"
        "- **Results**: _pending_\n- **Owner**: Alice\n"
    )

    found = update_tracker(text, run())

    assert people(found.text)[:3] == text.splitlines()[:3]
    assert "planned" not in found.text
    assert "pending" not in found.text
    assert holds(people(found.text), ["- **Hypothesis**: it holds", "- **Owner**: Alice"])
    assert again(found) == found.text


def test_a_result_in_a_list_is_no_field() -> None:
    text = "## Exp 1: grpo-7\n\n**Results**:\n- **Reward**: up\n- **Status**: planned was better\n"

    found = update_tracker(text, run())

    assert holds(people(found.text), text.splitlines())
    assert [one.label for one in read_outline(text).entries[0].fields] == ["results"]


def test_a_field_that_a_list_takes_in_is_a_field() -> None:
    fields = "**Key Config Changes**:\n- lr: 1\n**Status**: `planned`\n**Results**: TBD\n"
    text = f"## Exp 1: grpo-7\n\n{fields}\n> - a\n> **Status**: b\n"

    found = update_tracker(text, run())

    assert [one.label for one in read_outline(text).entries[0].fields] == ["key config changes", "status", "results"]
    assert "planned" not in found.text
    assert holds(people(found.text), ["**Key Config Changes**:", "- lr: 1", "> - a", "> **Status**: b"])
    assert again(found) == found.text


def test_ours_stand_before_the_end_of_what_is_folded() -> None:
    fields = "**Status**: `planned`\n\n**Results**: TBD\n"
    text = f"## Exp 1: grpo-7\n\n<details>\n\n{fields}\n</details>\n\n**Follow-up**: none yet\n"

    found = update_tracker(text, run()).text

    assert "TBD" not in found
    assert found.index("<details>") < found.index("positive") < found.index("</details>") < found.index("train longer")


@pytest.mark.parametrize("name", ["7", "Baseline", "warm up", "x7"])
def test_a_name_that_is_a_word_or_a_number_is_found_where_it_is_all_that_is_said(name: str) -> None:
    here = run(identity="u", names=(name,))
    for line in (f"- run name: `{name}`", f"- runs: a, {name}", f"- run: {name}"):
        assert update_tracker(f"## Exp 4: T\n\n{line}\n", here).number == 4, line
    assert update_tracker(f"## Exp 4: {name}\n", here).number == 4
    assert update_tracker(f"## Exp 4: {name}\n", here).new is False
    by_chance = f"## Exp 4: the {name} bots\n\n- runs: {name} seeds each\n"
    assert update_tracker(by_chance, here).new is (name != "x7")


def test_a_block_that_people_stretched_over_another_entry_is_theirs() -> None:
    first = update_tracker("", run()).text
    inserted = "\n## Exp 2: By hand\n\n**Status**: `planned`\n\n**Results**: mine\n\n"
    place = first.index("- **Learning signal**")
    stretched = first[:place] + inserted + first[place:]
    found = update_tracker(stretched, run(text=TEXT.replace("positive", "negative")))

    assert inserted in found.text
    assert found.text.index("negative") < found.text.index("## Exp 2: By hand")
    assert "positive" in found.text.partition("## Exp 2: By hand")[2]


@pytest.mark.parametrize("line", ["**Results** (Alice): TBD", "**Follow-up**: None", "**Follow-up**: none."])
def test_what_somebody_said_is_no_placeholder(line: str) -> None:
    found = update_tracker(f"## Exp 1: grpo-7\n\n**Status**: `planned`\n\n{line}\n", run())

    assert f"{line}\n" in found.text
    assert again(found) == found.text


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        ("# Experiment 2026 log", None),
        ("# Exp 3: A", 3),
        ("# Exp 3", 3),
        ("## Exp 3 A", 3),
        ("## Exp 10000000000: A", 10**10),
    ],
)
def test_titles_of_pages_are_no_entries_and_long_numbers_are(heading: str, number: int | None) -> None:
    assert [one.number for one in read_outline(f"{heading}\n\nx\n").entries] == ([] if number is None else [number])


@pytest.mark.parametrize("line", ["**Status**: TBD", "**Status**:", "**Status**: _pending_", "**Status:** `planned`"])
def test_a_status_that_says_nothing_yet_is_filled_and_nothing_moves(line: str) -> None:
    text = f"## Exp 1: grpo-7\n\n{line}\n\n**Results**: mine\n"

    found = update_tracker(text, run()).text

    assert found.startswith("## Exp 1: grpo-7\n\n<!-- gatekeeper: status of ")
    assert re.search(
        r"<!-- gatekeeper: end of status of \w+ -->\n\n\*\*Results\*\*: mine\n\n<!-- gatekeeper: results", found
    )


def test_a_block_that_is_gone_is_put_in_where_it_belongs() -> None:
    first = update_tracker("", run()).text
    place = slice(first.index("<!-- gatekeeper: status"), first.index("<!-- gatekeeper: results"))

    assert (
        again(Edit(text=first[: place.start] + first[place.stop :], number=1, new=False, first=False, kept=())) == first
    )


def test_a_field_right_behind_our_block_is_that_of_people() -> None:
    first = update_tracker("", run(text="**Status**: `completed`\n\n**Results**: x\n")).text
    behind = first.rstrip("\n") + "\n**Follow-up**: _pending_\n"

    found = update_tracker(behind, run()).text

    assert "_pending_" not in found
    assert found.count("**Follow-up**") == 1


def test_what_is_told_of_an_edit_is_what_was_done() -> None:
    first = update_tracker(PLANNED, run())

    assert (first.first, update_tracker(first.text, run()).first) == (True, False)
    assert split_parts("a X\n\n**Status**: x  \n")[0] == ("", "a X\n")
    assert split_parts("    code\n\n**Status**: X  \n") == (("", "    code\n"), ("status", "**Status**: X  \n"))
    assert [
        state_of(read_outline(text), read_outline(text).entries[0])
        for text in ("## Exp 1\n", "## Exp 1\n**Status**: 7\n")
    ] == [
        "",
        "",
    ]


def test_what_we_write_stays_as_it_was_told() -> None:
    text = "**Status**: `completed`  \n- X\n\n**Results**: X\n"

    assert "**Status**: `completed`  \n- X\n<!--" in update_tracker("", run(text=text)).text
    assert update_tracker("", run(title="a  b", text=text)).text.startswith("# Experiment tracker\n\n## Exp 1: a b\n")
    assert marked("x", "0" * 16, "  - a X\n").splitlines()[1] == "  - a X"
    assert len({digest(text) for text in ("a", " a", "Xa", "a\udc80")}) == 4
    assert digest("a\r\nb\r\n") == digest("a\nb")
    assert run_key("\udc80") != run_key("\udc81")


@pytest.mark.parametrize("text", ["X\n", "Words.\n\n\n", "Words.\n\n", "Words.\n"])
def test_the_first_entry_stands_one_line_below_what_there_was(text: str) -> None:
    found = update_tracker(text, run()).text

    assert found.startswith(text.rstrip("\n") + "\n\n## Exp 1: grpo-7\n\n")
    assert found.endswith(text[len(text.rstrip("\n")) + 1 :])


def test_what_is_refused_says_where_and_what_to_do() -> None:
    with pytest.raises(TrackerError) as unclosed:
        update_tracker("# T\n\n```\nnever closed\n", run())
    first = update_tracker("", run()).text
    with pytest.raises(TrackerError) as copied:
        update_tracker(first + "\n" + first.partition("\n\n")[2].replace("Exp 1", "Exp 2"), run())

    assert str(unclosed.value) == (
        "3: expected a fence or an HTML block that ends, got one that swallows what follows; close it"
    )
    assert str(copied.value) == (
        "expected each block of this run once and in its entry, got copies, or marks without their other half; remove "
        "what was copied, or part what swallows them by an empty line"
    )


def test_a_name_after_another_colon_and_an_option_in_capitals() -> None:
    word = run(identity="u", names=("Baseline",))
    assert update_tracker("## Exp 1: T\n\n- run: see: Baseline\n", word).new
    assert not update_tracker("## Exp 1: T\n\n**Command**: RUN_NAME=grpo-7 python t.py\n", run()).new


def test_a_placeholder_of_forty_characters_is_none() -> None:
    for length, filled in ((39, True), (40, False)):
        found = update_tracker(f"## Exp 1: grpo-7\n\n**Results**: {'_' * length}\n", run()).text
        assert ("_" * length in found) is not filled


def test_blank_lines_between_a_state_and_the_name_of_the_run_leave_no_more() -> None:
    found = update_tracker("## Exp 1: T\n\n**Status**: planned\n\n\n- run name: grpo-7\n\n**Results**: a\n", run()).text

    assert "-->\n\n\n\n**Results**" in found


OWN = "## Exp 1: KL\n\n**Status**: `planned`\n- run name: {name}\n\n"


@pytest.mark.parametrize(
    ("name", "rival"),
    [
        ("grpo-7", "## Exp 2: grpo-7 without KL\n\n**Status**: `planned`\n- run name: grpo-8\n"),
        ("grpo-7", "## Exp 2: PPO vs grpo-7\n\n**Status**: `planned`\n- run name: ppo-1\n"),
        ("grpo-7", "## Exp 2: b\n\n**Status**: `planned`\n- run: grpo-8, continues grpo-7\n"),
        (
            "grpo-7",
            "## Exp 2: b\n\n**Command**: `t.py --baseline-run grpo-7 --run-name grpo-8`\n\n**Status**: planned\n",
        ),
        (
            "grpo-7",
            "## Exp 2: b\n\n**Command**: `t.py --resume-run-id=grpo-7 --run-name grpo-8`\n\n**Status**: planned\n",
        ),
        ("Baseline", "## Exp 2: b\n\n**Command**: `t.py --opponent-name Baseline`\n\n**Status**: planned\n"),
        ("a", "## Exp 2: b\n\n**Command**: `t.py --env-name a`\n\n**Status**: planned\n"),
        ("64", "## Exp 2: b\n\n**Command**: `t.py --hidden-size 64 --grid 64 --prune=64`\n\n**Status**: planned\n"),
        ("grpo-7", "## Exp 2: grpo-7, later\n\n**Status**: `planned`\n"),
    ],
)
def test_an_entry_that_says_which_run_it_is_comes_before_one_that_only_mentions_it(name: str, rival: str) -> None:
    here = other(name)

    assert update_tracker(OWN.format(name=name) + rival, here).number == 1
    assert update_tracker(rival + "\n" + OWN.format(name=name), here).number == 1
    if "run" in rival.partition("planned")[2] or "Command" in rival:
        assert update_tracker(rival, here).new


@pytest.mark.parametrize(
    "line", ["- run id: q1q1", "- wandb: https://wandb.ai/team/league/runs/q1q1", "- run name: grpo-7, run ids: q1q1"]
)
def test_a_run_of_the_same_name_with_another_id_is_another(line: str) -> None:
    text = f"## Exp 1: grpo-7\n\n**Status**: planned\n- run name: grpo-7\n{line}\n"

    assert update_tracker(text, run()).new is ("name" not in line)
    assert not update_tracker(text, other("grpo-7")).new


@pytest.mark.parametrize(
    "line",
    [
        f"- wandb: {URL}/overview",
        f"- wandb: {URL}/workspace?nw=abc",
        f"- wandb: {URL}/",
        f"- wandb: [x]({URL}/logs)",
        "- wandb: https://other.host/a/b/runs/x7k2/logs",
        "- [ ] run name: grpo-7",
        "1. run name: grpo-7",
        'run name: "grpo-7"',
        "- run name: grpo-7 (again)",
        "**Command**: t.py trainer.experiment_name=grpo-7",
        "**Command**: t.py --wandb-run-id x --exp_name 'grpo-7'",
    ],
)
def test_ways_to_say_which_run_it_is(line: str) -> None:
    assert update_tracker(f"## Exp 4: T\n\n**Status**: planned\n\n{line}\n", run()).number == 4


def test_a_result_in_bold_ends_no_results() -> None:
    text = "## Exp 1: T\n\n- **Status**: a\n\n**Results**:\n- **Reward**: up\n- more\n"
    [_, results] = read_outline(text).entries[0].fields

    assert (results.label, results.span.start, results.span.end) == ("results", 4, 7)


def test_an_address_comes_before_a_name_and_a_part_of_a_path_is_none() -> None:
    closed = f"## Exp 1: T\n\n**Status**: completed\n- wandb: {URL}\n\n"
    assert update_tracker(closed + OWN.format(name="grpo-7").replace("Exp 1", "Exp 2"), run()).number == 1
    assert update_tracker(OWN.format(name="grpo-7") + closed.replace("Exp 1", "Exp 2"), run()).number == 2
    assert update_tracker("## Exp 1: T\n\n- runs: see grpo-7/last.pt there\n", run()).new
    two = run(names=("grpo-7", "x7k2"))
    assert update_tracker("## Exp 1: grpo-7\n\n- run id: q1q1\n", two).new
    assert not update_tracker("## Exp 1: grpo-7\n\n- run id: q1q1\n", other("grpo-7")).new
    assert update_tracker("## Exp 1: T\n\n- run name: x y\n", run(names=("",))).new
    assert update_tracker("## Exp 1: _7_\n", run(names=("7",))).number == 1


def test_an_id_that_is_a_word_is_found_where_it_is_all_that_is_said() -> None:
    here = run(names=("Baseline", "Baseline", "https://wandb.ai/team/league/runs/Baseline"))

    assert update_tracker("## Exp 1: T\n\n- runs: against the Baseline bots\n", here).new
    for line in ("- run id: Baseline", "- wandb: https://wandb.ai/team/league/runs/Baseline", "- run: Baseline"):
        assert update_tracker(f"## Exp 1: T\n\n{line}\n", here).number == 1, line


def test_a_remark_stands_before_the_first_colon() -> None:
    found = read_value("**Status**: planned: later (Bob): 1\n")

    assert (found.text, found.remark, found.state) == ("planned: later (Bob): 1", "", "planned")


def test_a_title_is_read_as_it_is_shown() -> None:
    assert update_tracker("## Exp 4: grpo\\_v7\n", other("grpo_v7")).number == 4
    assert update_tracker("## **Exp 4**: grpo-7\n", run()).number == 4


def test_a_block_over_the_end_of_an_entry_is_that_of_people_and_is_doubled_by_nothing() -> None:
    first = update_tracker("", run()).text
    text = first.replace("train longer\n", "train longer\n\n## Notes\n\nKept.\n")

    found = update_tracker(text, run()).text

    assert found.count("Kept.") == 1
    assert again(update_tracker(found, run())) == found
    both = update_tracker(text, other("n-1")).text
    assert update_tracker(both, run()).text.count("Kept.") == 1
    assert both.index("## Exp 2: n-1") < both.index("## Notes")


@pytest.mark.parametrize(
    ("field", "kept"),
    [
        ("**Status** (blocked on Bob): planned\n", "- before: planned (blocked on Bob)\n"),
        ("- **Status**: planned\n    - run name: grpo-7\n    - on eight GPUs\n", "\n- on eight GPUs\n"),
        ("-   **Status**: planned\n\n    Waiting for GPUs.\n", "\nWaiting for GPUs.\n"),
        ("-   **Status**: planned\n\n    Waiting.\n\n    Long.\n", "\nWaiting.\n\nLong.\n"),
        ("**Status**: planned\n- run name: grpo-7\nwaiting\n---\n", "- before: planned\nwaiting\n"),
        ("**Status**: planned\n[ticket]: waiting-for-Bob\n", "- before: planned\n[ticket]: waiting-for-Bob\n"),
        ("**Status**: running\n2026. was bad\n", "- before: running\n2026. was bad\n"),
        ("* **Status**: planned\nExp 6: T\n===\n", "- before: planned\nExp 6: T\n===\n"),
        ("- [ ] **Status**: planned\n1. x\n", "\n1. x\n"),
        ("1. **Status**: planned\n", ""),
    ],
)
def test_what_is_kept_of_a_status_is_on_the_page_what_it_was(field: str, kept: str) -> None:
    text = f"## Exp 1: grpo-7\n\n{field}\n---\n\n## Notes\n"

    found = update_tracker(text, run())

    assert kept in found.text
    assert "planned\n\n" not in found.text.replace("- before: planned", "")
    assert [(one.number, one.level) for one in read_outline(found.text).entries] == [(1, 2)]
    assert again(found) == found.text


@pytest.mark.parametrize("html", ["<br>", "  <br>", "</details>", "<div>"])
def test_html_between_fields_swallows_nothing(html: str) -> None:
    found = update_tracker(f"## Exp 1: grpo-7\n\n**Status**: planned\n{html}\n**Results**: TBD\n", run())

    assert html in people(found.text)
    assert ("TBD" in found.text) is (html in {"</details>", "<div>"})  # what goes on to the next empty line
    assert again(found) == found.text


def test_a_placeholder_with_words_below_it_is_none() -> None:
    found = update_tracker("## Exp 1: grpo-7\n\n**Results**: TBD\nby Friday\n", run())

    assert "**Results**: TBD\nby Friday\n" in found.text


def test_all_fields_of_a_list_are_filled() -> None:
    for fields in (("Status", "Results", "Follow-up"), ("Results", "Status", "Follow-up")):
        lines = "".join(f"- **{field}**: {'planned' if field == 'Status' else 'TBD'}\n" for field in fields)
        found = update_tracker(f"## Exp 1: grpo-7\n\n{lines}", run())
        assert people(found.text) == ["## Exp 1: grpo-7", ""], fields
        assert again(found) == found.text


def test_lists_within_lists_hide_nothing() -> None:
    deep = "".join("  " * level + "- a\n" for level in range(30))
    text = f"## Exp 1: grpo-7\n\n**Status**: `planned`\n\n{deep}\n## Exp 2: b\n"

    assert update_tracker(text, run()).number == 1
    assert [one.number for one in read_outline(text).entries] == [1, 2]
    for depth in (200, 2_000):
        deeper = "# T\n\n" + "".join(" " * level + "- a\n" for level in range(depth)) + "> " * depth + "a\n"
        with contextlib.suppress(TrackerError):
            assert holds(people(update_tracker(deeper, run()).text), deeper.splitlines())


def test_a_long_tracker_of_ours_and_a_long_command_take_seconds() -> None:
    text = ""
    for number in range(30):
        text = update_tracker(text, other(f"r-{number}")).text
    entries = re.split(r"(?=## Exp )", text)[1:]
    made = []
    for number in range(1, 1_001):
        source = entries[number % len(entries)]
        made.append(
            re.sub(r"of [0-9a-f]{16}", f"of {number:016x}", re.sub(r"Exp \d+", f"Exp {number}", source, count=1))
        )
    long = "# T\n\n" + "\n".join(one.rstrip("\n") + "\n" for one in made)
    called = "## Exp 1: T\n\n**Command**: " + "x grpo-7 run" * 8_000 + "\n"
    start = time.process_time()

    assert update_tracker(long, other("new")).number == 1_001
    assert update_tracker(called, run()).new

    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#### Exp 3: A\n", [(3, "A", 4)]),
        ("##### Exp 3: A\n", []),
        ("Exp 3: A\nand B\n===\n", [(3, "A\nand B", 1)]),
        ("Exp 3: A\nX\n---\n", [(3, "A\nX", 2)]),
        ("## Exp 3: A #\n", [(3, "A", 2)]),
        ("## Exp 3: A\t##\n", [(3, "A", 2)]),
        ("## Exp 3: C#\n", [(3, "C#", 2)]),
        ("## Exp 3: X\n", [(3, "X", 2)]),
        ("\ufeff## Exp 3: A\n", [(3, "A", 2)]),
        ("## \ufeffExp 3\n", []),
        ("# Exp 3: A\n## #\n", [(3, "A", 1)]),
        ("Exp 3: A #\n===\n", [(3, "A #", 1)]),
        ("Exp 3: A #\n---\n", [(3, "A #", 2)]),
        ("## XExp 3: A\n", []),
    ],
)
def test_headings_say_number_and_title(text: str, found: list[tuple[int, str, int]]) -> None:
    assert [(one.number, one.title, one.level) for one in read_outline(text).entries] == found


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("> **Status**: a\n\n**Results**: b\n", ["results"]),
        ("**Status**: a\n> quote\n\n**Results**: b\n", ["status", "results"]),
        ("- **Status**: a\n\n  - **Results**: b\n", ["status"]),
        ("- x\n\n  **Status**: a\n", []),
        ("- x\n  - y\n**Status**: a\n", ["status"]),
        ("- x\n  - **Status**: a\n", []),
        ("- **Reward**: a\n- **Status**: a\n- **Status**: b\n", ["status"]),
        ("**Reward**: a\n", ["reward"]),
        ("Status: planned\nResults (Bob): TBD\nReward: 1\n", ["status", "results"]),
        ("- status: planned\n- Follow-up: TBD\n", ["status", "follow-up"]),
        ("> x\n**Status**: a\n", []),
        ("a\n2. **Status**: b\n", []),
        ("- x\n\n  **Status**: a\n- **Results**: b\n", ["results"]),
        ("We see. Status: fine\nStatusbar: x\n", []),
        ("**Results**:\n- Status: ok\n", ["results"]),
    ],
)
def test_fields_are_those_of_the_entry(text: str, labels: list[str]) -> None:
    assert [one.label for one in read_outline(f"## Exp 1\n\n{text}").entries[0].fields] == labels


LINES = st.one_of(
    st.sampled_from(
        [
            "",
            "---",
            "# Tracker",
            "## Exp 1: A",
            "## Exp 2: grpo-7",
            "### Exp 3",
            "Exp 4: S\n---",
            "**Status**: `planned`",
            "**Status**: `running` (now)",
            "- run name: grpo-7",
            "**Results**: _pending_",
            "**Results**:",
            "**Follow-up**:",
            "- item",
            "- **Status**: planned",
            "- **Results**: TBD",
            "  - nested",
            "> quote",
            "```",
            "~~~",
            "<!-- a comment -->",
            "<!--",
            "-->",
            "<details>",
            "</details>",
            "| a | b |",
            "| - | - |",
            "    code",
            "\t",
        ]
    ),
    st.text(max_size=20),
)
TRACKERS = st.builds(
    lambda lines, newline, end: newline.join(lines) + end,
    st.lists(LINES, max_size=25),
    st.sampled_from(["\n", "\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n"]),
)


def _filled(line: str) -> bool:
    """Tell of a line that filling an entry may take: a state that is open, which run it is, a placeholder."""
    return bool(re.match(r"\s*[-*+]?\s*\**(?:status|results|follow-up|run name)", line, re.IGNORECASE))


@given(TRACKERS)
def test_whatever_people_wrote_is_still_there_in_order_and_twice_is_once(text: str) -> None:
    try:
        found = update_tracker(text, run())
    except TrackerError:
        return
    lines = [line for line in map(str.rstrip, split_lines(text)) if line.strip("\ufeff") and not _filled(line)]

    assert holds([line.rstrip() for line in people(found.text)], lines)
    assert again(found) == found.text
    try:
        fresh = update_tracker(found.text, other("another")).text
    except TrackerError:  # what swallows a new entry at the end need not swallow one above
        return
    assert update_tracker(fresh, run()).text == fresh


@given(TRACKERS)
def test_entries_of_others_keep_every_byte(text: str) -> None:
    try:
        found = update_tracker(text, run())
    except TrackerError:
        return
    before, after = read_outline(text), read_outline(found.text)

    def bodies(outline: Any) -> list[str]:
        return ["".join(outline.lines[one.span.start : one.span.end]).rstrip("\r\n") for one in outline.entries]

    changed = [body for body in bodies(before) if body not in bodies(after)]
    assert len(changed) <= (0 if found.new else 1)
