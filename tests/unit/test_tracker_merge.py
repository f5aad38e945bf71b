"""Two trackers that grew from one: nobody's line is lost, and each run stays once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.tracker.block import find_blocks
from action.tracker.changes import Kind, changed_entries
from action.tracker.edit import update_tracker
from action.tracker.lines import merge_lines
from action.tracker.merge import merge_trackers
from action.tracker.outline import read_outline, split_lines
from tests.unit.test_tracker import LINES, PLANNED, holds, other, people, run

MINE = "\n## Exp 3: Mine\n\n**Status**: `planned`\n- run name: grpo-9\n"


def put(text: str, *names: str) -> str:
    for name in names:
        text = update_tracker(text, run() if name == "grpo-7" else other(name)).text
    return text


def headings(text: str) -> list[tuple[int, str]]:
    return [(one.number, one.title) for one in read_outline(text).entries]


def of_entry(text: str, number: int) -> str:
    outline = read_outline(text)
    [entry] = [one for one in outline.entries if one.number == number]
    return "".join(outline.lines[entry.span.start : entry.span.end])


def test_what_only_one_side_changed_is_that_sides() -> None:
    filled, moved = put(PLANNED, "grpo-7", "new"), PLANNED.replace("Kept.", "Kept, and more.")

    assert merge_trackers(PLANNED, PLANNED, filled) == filled
    assert merge_trackers(PLANNED, moved, PLANNED) == moved
    assert merge_trackers(PLANNED, moved, moved) == moved
    assert merge_trackers("", "", filled) == filled


def test_both_sides_are_kept_each_in_its_entry() -> None:
    moved = PLANNED.replace("it holds", "it may hold").replace("Kept.", "Kept, and more.")
    filled = put(PLANNED, "grpo-7", "new")
    merged = merge_trackers(PLANNED, moved, filled)

    assert merged == put(moved, "grpo-7", "new")


def test_new_entries_of_the_base_come_first_and_ours_get_the_next_number() -> None:
    text = PLANNED.partition("---\n\n## Notes")[0].rstrip("\n") + "\n"
    merged = merge_trackers(text, text + MINE, put(text, "a", "b"))

    assert headings(merged)[2:] == [(3, "Mine"), (4, "a"), (5, "b")]
    assert merged == merge_trackers(text, merged, merged)
    assert of_entry(merged, 3) == MINE.strip("\n") + "\n"


def test_results_of_people_and_ours_in_the_same_place_both_stay_in_their_entry() -> None:
    text = PLANNED.partition("---\n\n## Notes")[0].rstrip("\n").replace("\n---\n", "") + "\n"
    moved = text.replace("**Results**: _pending_", "**Results**: I saw it rise") + MINE
    merged = merge_trackers(text, moved, put(text, "grpo-7", "new"))

    first = of_entry(merged, 1)
    assert "I saw it rise" in first
    assert "**Learning signal**: positive" in first
    assert "_pending_" not in merged
    assert headings(merged)[2:] == [(3, "Mine"), (4, "new")]


def test_a_run_that_both_wrote_stays_once_as_the_branch_has_it() -> None:
    later = run(text=run().text.replace("positive", "negative"))
    merged = merge_trackers(PLANNED, put(PLANNED, "grpo-7"), update_tracker(PLANNED, later).text)

    assert merged == update_tracker(PLANNED, later).text


def test_a_new_entry_that_both_wrote_stays_once() -> None:
    later = update_tracker(PLANNED, run(identity="n", names=("n",), title="n", text=run().text.replace("up", "x"))).text
    base = put(PLANNED + "", "m", "n")
    merged = merge_trackers(PLANNED, base, later)

    assert Counter(title for _, title in headings(merged)) == Counter(["Warm-up", "Other", "m", "n"])
    assert Counter((block.key, block.part) for block in find_blocks(read_outline(merged))).most_common(1)[0][1] == 1


def test_a_block_that_people_wrote_in_on_the_base_stays_as_theirs_above_the_new_one() -> None:
    origin = put(PLANNED, "grpo-7")
    doubted = origin.replace("positive", "positive, I doubt it")
    later = update_tracker(origin, run(text=run().text.replace("positive", "negative"))).text
    merged = merge_trackers(origin, doubted, later)

    assert "positive, I doubt it" in "\n".join(people(merged))
    assert merged.index("I doubt it") < merged.index("negative")
    assert not any(block.edited for block in find_blocks(read_outline(merged)))


def test_what_people_removed_stays_removed_unless_the_other_side_wrote_in_it() -> None:
    without = PLANNED[: PLANNED.index("## Exp 2")] + PLANNED[PLANNED.index("## Notes") :]

    assert headings(merge_trackers(PLANNED, without, put(PLANNED, "grpo-7"))) == [(1, "Warm-up")]
    assert headings(merge_trackers(PLANNED, put(PLANNED, "grpo-7"), without)) == [(1, "Warm-up")]
    assert (2, "Other") in headings(merge_trackers(PLANNED, without, put(PLANNED, "grpo-70")))
    assert (2, "Other") in headings(merge_trackers(PLANNED, put(PLANNED, "grpo-70"), without))


def test_an_entry_that_people_renamed_or_renumbered_is_still_the_same() -> None:
    filled = put(PLANNED, "grpo-7")
    renamed = PLANNED.replace("## Exp 1: Warm-up", "## Exp 1: Warm-up of 20 steps")
    inserted = PLANNED.replace("## Exp 2: Other", "## Exp 3: Other").replace("## Exp 1: Warm-up", "## Exp 2: Warm-up")
    inserted = inserted.replace("## Exp 2: Warm-up", "## Exp 1: Before\n\n**Status**: `planned`\n\n## Exp 2: Warm-up")

    assert merge_trackers(PLANNED, renamed, filled) == put(renamed, "grpo-7")
    assert merge_trackers(PLANNED, inserted, filled) == put(inserted, "grpo-7")
    assert merge_trackers(PLANNED, filled, inserted) == put(inserted, "grpo-7")


def entry(number: int, title: str) -> str:
    return f"## Exp {number}: {title}\n\n**Status**: `planned`\n- x {title}\n\n"


TWO = f"# T\n\n{entry(1, 'a')}{entry(2, 'b')}"


def test_an_entry_that_was_removed_stays_so_though_others_were_added_behind_it() -> None:
    without = "# T\n\n" + entry(1, "a")

    assert headings(merge_trackers(TWO, without, put(TWO, "r"))) == [(1, "a"), (3, "r")]
    assert headings(merge_trackers(TWO, TWO + entry(3, "n"), without)) == [(1, "a"), (3, "n")]
    assert headings(merge_trackers(TWO, "", put(TWO, "r"))) == [(3, "r")]


def test_what_people_copied_stays_where_they_put_it() -> None:
    filled = put(TWO, "a")
    copied = f"{filled}## Exp 3: copied\n\n{filled[filled.index('<!--') : filled.index('## Exp 2')]}"

    assert merge_trackers(filled, copied, filled) == copied
    assert merge_trackers(filled, filled, copied) == copied


def test_a_number_alone_makes_no_two_entries_the_same() -> None:
    moved = "# T\n\n" + entry(1, "a") + "## Exp 2: zz\n\nSomething else.\n"
    merged = merge_trackers(TWO, moved, put(TWO, "b"))

    assert "completed" not in of_entry(merged, 2)
    assert "- run name: b" in merged


def test_of_two_new_headings_the_bases_stays() -> None:
    text = TWO.replace("- x a\n", "- x a\n\n**Hypothesis**: it rises\n")
    filled = put(text, "a").replace("Exp 1: a", "Exp 1: branch")
    merged = merge_trackers(text, text.replace("Exp 1: a", "Exp 1: base"), filled)

    assert headings(merged) == [(1, "base"), (2, "b")]
    assert "## Exp 1: base\n\n<!--" in merged
    assert "- run name: a" in of_entry(merged, 1)


def test_line_ends_that_the_branch_changed_double_nothing() -> None:
    merged = merge_trackers(TWO, TWO.replace("- x a", "- x a2"), TWO.replace("\n", "\r\n"))

    assert merged == TWO.replace("- x a", "- x a2")


@pytest.mark.parametrize(
    ("origin", "base", "branch", "merged"),
    [
        ("abcde", "AbcDe", "abXde", "AbXDe"),  # what stands between two changes is none
        ("abc", "aBc", "abC", "aBC"),  # changes that touch are not in conflict
        ("qabcd", "qaBcd", "qXYZd", "qaBcXYZd"),
        ("qabcde", "qAbCde", "qXYZde", "qAbCXYZde"),
        ("", "X", "XY", "XY"),
        ("a", "X", "XY", "XY"),
    ],
)
def test_changes_of_both_sides_stand_in_their_order_and_the_same_once(
    origin: str, base: str, branch: str, merged: str
) -> None:
    assert merge_lines(origin, base, branch) == tuple(merged)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ends", [(True, True), (True, False), (False, True), (False, False)])
def test_line_ends_are_those_of_the_base(newline: str, ends: tuple[bool, bool]) -> None:
    base, branch = PLANNED.replace("Kept.", "Kept, too."), put(PLANNED, "grpo-7")
    base, branch = (
        (text if end else text.rstrip("\n")).replace("\n", newline)
        for text, end in zip((base, branch), ends, strict=True)
    )
    merged = merge_trackers(PLANNED.replace("\n", newline), base, branch)

    assert merged.endswith("Kept, too." + newline if ends[0] else "Kept, too.")
    assert merged.replace("\r\n", "").count("\r") == 0
    assert merged.count("\n") == merged.count(newline)
    assert "positive" in merged


def test_entries_that_are_told_of_are_those_that_differ() -> None:
    filled = put(PLANNED, "grpo-7", "a_b*c")
    again = update_tracker(filled, run(text=run().text.replace("positive", "none"))).text

    assert changed_entries(PLANNED, PLANNED) == ()
    assert [(one.number, one.title, one.state, one.kind) for one in changed_entries(PLANNED, filled)] == [
        (1, "Warm-up", "completed", Kind.FILLED),
        (3, "a_b*c", "completed", Kind.NEW),
    ]
    assert [(one.number, one.kind) for one in changed_entries(filled, again)] == [(1, Kind.UPDATED)]


@pytest.mark.parametrize("rule", ["---", "***", "___"])
def test_a_rule_that_follows_an_entry_is_no_part_of_it(rule: str) -> None:
    text = "# T\n\n## Exp 1: a\n\nx\n\n"
    ruled = f"{text}{rule}\n\n## Exp 2: b\n\ny\n"

    assert headings(merge_trackers(text.rstrip("\n") + "\n", "# T\n", ruled)) == [(2, "b")]
    assert headings(merge_trackers(text.rstrip("\n") + "\n", ruled, "# T\n")) == [(2, "b")]

    assert headings(merge_trackers(ruled, text.rstrip("\n") + "\n", ruled)) == [(1, "a")]
    assert headings(merge_trackers(ruled, f"# T\n\n{rule}\n\n## Exp 2: b\n\ny\n", ruled)) == [(2, "b")]


RULED = "# T\n\n## Exp 1: a\n\nx\n\n---\n\n## Exp 2: b\n\ny\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_new_entries_are_parted_as_the_others_are(newline: str, end: str) -> None:
    base = f"{RULED}\n---\n\n## Exp 3: of the base\n\nz"
    branch = f"{RULED}\n---\n\n## Exp 3: of the branch\n\nv\n\n---\n\n## Exp 4: another\n\nw\n"
    texts = (text.replace("\n", newline) for text in (RULED, base + end, branch))

    told = "## Exp 3: of the branch\n\nv\n\n---\n\n## Exp 4: another\n\nw\n"
    expected = f"{base}\n\n---\n\n{told}"
    assert merge_trackers(*texts) == (expected if end else expected.rstrip("\n")).replace("\n", newline)


def test_new_entries_of_both_that_no_rule_parts() -> None:
    text = RULED.replace("---\n\n", "")
    base, branch = f"{text}\n## Exp 3: m\n\nz\n", f"{text}\n## Exp 3: n\n\nv\n\n## Exp 4: o\n\nw\n"

    assert merge_trackers(text, base, branch) == f"{base}\n## Exp 3: n\n\nv\n\n## Exp 4: o\n\nw\n"
    assert merge_trackers("", "# T", "# T\n\n## Exp 1: n\n\nv\n") == "# T\n\n## Exp 1: n\n\nv"


def test_an_entry_that_both_have_made_stays_once_with_what_each_says() -> None:
    base = "# T\n\n## Exp 1: n\n\nsame\n\nof the base\n\nend\n"
    branch = "# T\n\n## Exp 1: n\n\nsame\n\nof the branch\n\nend\n"

    assert merge_trackers("# T\n", base, branch) == base.replace("base\n", "base\nof the branch\n")
    assert headings(merge_trackers("# T\n", base, branch.replace(": n", ": m"))) == [(1, "n"), (1, "m")]


def test_a_block_that_both_wrote_stands_once_in_its_first_place_as_it_was_written_last() -> None:
    origin = put(TWO, "a")
    block = origin[origin.index("<!-- gatekeeper: results") : origin.index("<!-- gatekeeper: follow-up")]
    later = update_tracker(
        origin, run(identity="a", names=("a",), title="a", text=other("a").text.replace("up", "x"))
    ).text
    moved = origin.replace(block, "").replace("## Exp 1: a\n\n", f"## Exp 1: a\n\n{block}", 1)
    merged = merge_trackers(origin, moved, later)

    assert merged.index("<!-- gatekeeper: results of") < merged.index("<!-- gatekeeper: status of")

    assert merged.count("<!-- gatekeeper: results of") == 1
    assert holds(people(merged), [line for line in people(moved) if line])


def test_a_branch_without_a_line_and_a_base_with_other_ends() -> None:
    crlf = TWO.replace("\n", "\r\n")

    assert merge_trackers(TWO, crlf, put(TWO, "a")).count("\r\n") == merge_trackers(TWO, crlf, put(TWO, "a")).count(
        "\n"
    )
    assert merge_trackers(crlf, TWO.replace("- x a", "- x a  "), crlf) == TWO.replace("- x a", "- x a  ")
    for new in ("- x a  ", "- x aX"):
        assert merge_trackers(TWO, crlf, TWO.replace("- x a", new)) == crlf.replace("- x a", new)
    assert merge_trackers(TWO, "", TWO) == ""
    assert merge_trackers("", TWO, "") == TWO


def test_new_entries_of_the_branch_that_no_line_parts_stay_so() -> None:
    branch = "# T\n\n## Exp 1: n\nv\n## Exp 2: o\nw\n"

    assert merge_trackers("# T\n", "# T\n\n## Exp 1: m\nz\n", branch) == f"# T\n\n## Exp 1: m\nz\n\n{branch[5:]}"


def test_half_of_the_lines_make_no_two_entries_the_same_and_most_do() -> None:
    def page(title: str, lines: str) -> str:
        return f"# T\n\n## Exp 2: {title}\n" + "".join(f"\n{line}\n" for line in lines)

    assert headings(merge_trackers(page("b", "abcd"), page("c", "abef"), page("b", "abcdx"))) == [(2, "c"), (2, "b")]
    assert headings(merge_trackers(page("b", "abcd"), page("c", "abce"), page("b", "abcdx"))) == [(2, "c")]
    joined = "# T\n\n## Exp 2: {}\na\n{}\n"
    texts = (joined.format("b", "b\nc"), joined.format("c", "b\nd"), joined.format("b", "b\nc\nx"))
    assert headings(merge_trackers(*texts)) == [(2, "c")]


def test_a_new_entry_of_ours_gets_a_number_that_nobody_has() -> None:
    branch = update_tracker(TWO, other("like Exp 2")).text + "\n## Exp 7: by hand on the branch\n\nx\n"
    merged = merge_trackers(TWO, TWO + entry(3, "of the base"), branch)

    assert headings(merged)[2:] == [(3, "of the base"), (8, "like Exp 2"), (7, "by hand on the branch")]


def test_a_heading_that_people_put_into_a_block_doubles_nothing() -> None:
    text = put("", "a").replace("train longer\n", "train longer\n\n## Notes\n\nKept.\n")

    assert merge_trackers(text, text, text) == text
    assert merge_trackers(text, text, put(text, "b")).count("Kept.") == 1


DOCUMENTS = st.lists(LINES, max_size=12)
EDITS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["insert", "delete", "replace"]), LINES), max_size=6)


def edited(lines: list[str], edits: list[tuple[int, str, str]], mark: str) -> list[str]:
    """Edit lines as a person does; what is put in is marked, so that it can be told from what was there."""
    found = list(lines)
    for place, what, line in edits:
        at = place % (len(found) + 1)
        if what != "insert" and at < len(found):
            del found[at]
        if what != "delete":
            found.insert(at, f"{line} {mark}")
    return found


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(DOCUMENTS, EDITS, EDITS)
def test_whatever_either_side_put_in_is_still_there_in_order(
    origin: list[str], base: list[tuple[int, str, str]], branch: list[tuple[int, str, str]]
) -> None:
    texts = [text_of(lines) for lines in (origin, edited(origin, base, "BASE"), edited(origin, branch, "BRANCH"))]
    merged = list(split_lines(merge_trackers(*texts)))

    for text, mark in ((texts[1], "BASE"), (texts[2], "BRANCH")):
        assert Counter(line for line in split_lines(text) if mark in line) <= Counter(merged)
    assert holds(merged, [line for line in split_lines(texts[1]) if "BASE" in line])
    if texts[0] == texts[1]:
        assert "".join(merged) == texts[2]
    if texts[0] == texts[2]:
        assert "".join(merged) == texts[1]


@given(DOCUMENTS, EDITS, st.lists(st.sampled_from(["grpo-7", "a", "b"]), max_size=3, unique=True))
def test_whatever_people_did_to_the_base_our_blocks_are_whole_and_once(
    origin: list[str], base: list[tuple[int, str, str]], names: list[str]
) -> None:
    text = f"# Tracker\n\n## Exp 7: x\n\n**Status**: `planned`\n- run name: grpo-7\n\n{text_of(origin)}"
    try:
        branch = put(text, *names)
    except Exception:  # noqa: BLE001 - a fence that is never closed; refused, and tested elsewhere
        return
    moved = text_of(edited(text.splitlines(), base, "BASE")) if "\r" not in text else text
    merged = merge_trackers(text, moved, branch)

    blocks = Counter((block.key, block.part) for block in find_blocks(read_outline(merged)))
    assert max(blocks.values(), default=1) == 1
    lines = Counter(split_lines(merged))
    assert Counter(line for line in split_lines(moved) if "BASE" in line) <= lines
    ours = [line for line in split_lines(branch) if line.startswith("<!-- gatekeeper")]
    assert Counter(ours) <= lines


@given(st.text("abc", max_size=8), st.text("abcd", max_size=8), st.text("abce", max_size=8))
def test_lines_are_never_lost(origin: str, base: str, branch: str) -> None:
    merged = "".join(merge_lines(origin, base, branch))

    assert merged.count("d") == base.count("d")
    assert merged.count("e") == branch.count("e")
    assert merge_lines(origin, origin, branch) == tuple(branch)
    assert merge_lines(origin, base, origin) == tuple(base)
    assert merge_lines(origin, base, base) == tuple(base)
