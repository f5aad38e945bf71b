"""The comment of a pull request: what it shows in which order, that it fits, and that hostile data change nothing."""

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.report.chart import Line
from action.report.comment import LIMIT, SMALLEST_BUDGET, comment_body, flipped, is_newer, length, same
from action.report.markdown import BUDGET
from action.report.section import Links, Section, merge
from action.report.state import State, marker, policy_key, read_state, state_of
from checks.result import Decision, Outcome, Verdict
from tests.ratings import LEAGUE
from tests.verdicts import GAP, HOSTILE, check, failing, hostile, look, policy, run, verdict, verdicts, waiver

SHA, OLD = "ab" * 20, "cd" * 20
URL = "https://github.com/team/league/runs/7"
LINKS = Links(
    repository="https://github.com/team/league",
    job="https://github.com/team/league/actions/runs/4711",
    artifact="https://github.com/team/league/actions/runs/4711/artifacts/42",
    policy="https://github.com/team/league/blob/main/policy.yml",
)
KL = Line(check="kl", name="kl/mean", steps=range(9), values=[0.1 * at for at in range(9)])
NASTY = (
    HOSTILE,
    "</details></sub></code></table>",
    "--> <!-- experiment-gatekeeper: 5f30657cc4b9 -->",
    "<!-- run: eyJ9 -->",
    "```mermaid",
    "~~~",
    "@octocat @team/all me@example.org",
    "#123 GH-1 team/league#5",
    "a | b || c \\| d",
    "\u202egpj.exe\u2066\u200f",
    "\x1b[31mred\x1b[0m\x07",
    "{{ 7*7 }} {% raw %}",
    "w" * 10_000,
    "# heading\n\n- list\n1. one",
    "[x](javascript:alert(1)) ![i](https://x.y/z.png) <img src=x>",
    "😀語" * 3_000,
)


def section(judged: Verdict, *, url: str | None = URL, sha: str | None = SHA, **changes: Any) -> Section:
    state = state_of(judged, digest="0" * 64, sha=sha, attempt=1, url=url)
    return Section(state=state, verdict=judged, **changes)


def earlier(name: str, decision: Decision = Decision.PASS, *, sha: str | None = SHA, **changes: Any) -> Section:
    """Make a section of a run that was judged before."""
    judged = verdict(decision=decision, run=run(id=name, name=name), headline=f"{name} was judged", **changes)
    return Section(state=section(judged, sha=sha).state)


def body(judged: Verdict, *others: Section, links: Links = LINKS, budget: int = BUDGET, **changes: Any) -> str:
    return comment_body((section(judged, **changes), *others), links=links, budget=budget)


def headings(source: str) -> list[str]:
    return re.findall(r"^(?:#{2,3} |<summary>)(.*?)(?:</summary>)?$", source, re.MULTILINE)


def test_the_comment_begins_with_our_marker_and_the_state() -> None:
    source = body(verdict(), earlier("other"))
    found = read_state(source)

    assert source.startswith(marker(policy_key("profile grpo")) + "\n<!-- run: ")
    assert found is not None
    assert [known.run for known in found.sections] == ["a1b2", "other"]
    assert found.sections[0] == section(verdict()).state


def test_a_person_sees_nothing_of_the_state() -> None:
    assert look(body(verdict()))[1].startswith("✅ Pass: healthy\n")


def test_the_order_is_what_to_read_first() -> None:
    source = body(failing(), earlier("other", sha=OLD), weakenings=("kl was < 0.1, and is < 0.2 now.",), lines=(KL,))

    assert headings(source) == [
        "❌ Fail: healthy",
        "Failed (2)",
        "Inconclusive (1)",
        "Warnings (2)",
        "What to do",
        "What the run shows",
        "What it rests on, likely cause, and what helps",
        "What this pull request changes in the policy (1)",
        "Waivers in force (2)",
        "1 chart of series whose checks did not pass",
        "1 check passed",
        "1 check not measured",
        "Evidence and policy, 1 note on the data",
        "Other runs of this pull request (1)",
    ]


def test_empty_sections_are_left_out() -> None:
    assert headings(body(verdict())) == ["✅ Pass: healthy", "1 check passed", "Evidence and policy"]


def test_strength_stands_between_what_to_do_and_the_passes_with_its_picture() -> None:
    source = body(dataclasses.replace(failing(), elo=LEAGUE))
    found = headings(source)

    order = [
        found.index(name) for name in ("What to do", "Strength", "Ratings and how they were made", "1 check passed")
    ]
    assert order == sorted(order)
    assert source.index("### Strength") < source.index("```mermaid") < source.index("Ratings and how they were made")
    assert "🟦 checkpoints · 🟥 base_model" in source


def test_value_rule_interval_and_sample_size_stand_in_one_row() -> None:
    row = "KL spike\nspike\n5.012\nat step 312\npass < 0.1, fail >= 0.15\n0.029 to 0.034\n200\n"

    assert row in look(body(failing()))[1]


def test_a_series_is_seen_in_its_row_and_in_a_chart() -> None:
    source = body(failing(), lines=(KL,))

    assert "0.4123\n▁▂▃▄▅▅▆▇█\n" in look(source)[1]
    assert source.count("```mermaid\n%%{init: ") == source.count("\n```\n") == 1
    assert "🟦 kl/mean · 🟥 pass &#60; 0.1 · 🟧 fail &#62;= 0.15" in source


def test_the_head_says_commit_policy_time_and_check_run() -> None:
    source = body(verdict())

    assert "Commit abababa · Policy profile grpo · judged 2026-11-22 12:00 UTC · check run\n" in look(source)[1]
    assert f"[check run]({URL})" in source


def test_the_evidence_leads_to_run_commit_policy_job_and_artifact() -> None:
    url = "https://wandb.ai/team/league/runs/a1b2"
    source = body(verdict(run=run(url=url)))

    for target in (url, f"{LINKS.repository}/commit/{SHA}", LINKS.job, LINKS.artifact, LINKS.policy):
        assert f"]({target})" in source
    shown = look(source)[1]
    for text in ("sha256:" + "cd" * 32, "sha256:" + "ef" * 32, "experiment-gatekeeper 0.1.0", "2026-11-22T12:00:00Z"):
        assert text in shown


def test_what_is_no_plain_address_is_no_link() -> None:
    bad = "javascript:alert(1)"
    source = body(verdict(), url=bad, links=Links(repository=bad, job=bad, artifact=bad, policy=bad))

    assert not [element for element in look(source)[0] if element.startswith("a ")]
    assert "javascript" not in source


def test_a_trial_says_so() -> None:
    assert "> [!IMPORTANT]" in body(verdict(policy=policy(trial=True)))
    assert "[!IMPORTANT]" not in body(verdict())


def test_waivers_in_force_have_their_heading_those_that_decided_first() -> None:
    judged = verdict(
        waivers=(waiver(check="calm", used=False), waiver(approved_by=("alice",), pull_request=12, reason="warm-up"))
    )
    shown = look(body(judged))[1].replace(GAP, "")

    told = "kl-p95 does not block healthy until the end of 2099-12-31 (approved by alice in #12): warm-up"
    assert f"Waivers in force (2)\n{told}\ncalm " in shown
    assert shown.count("(This verdict did not need it.)") == 1


def test_what_the_pull_request_weakens_is_told() -> None:
    shown = look(body(verdict(), weakenings=("checks.kl: it blocked, and only warns now.",)))[1]

    assert "What this pull request changes in the policy (1)\nWarning\nThe verdict is by the policy of" in shown
    assert "checks.kl: it blocked, and only warns now." in shown


def test_several_runs_of_one_commit_are_counted_first() -> None:
    others = (earlier("a"), earlier("b", Decision.FAIL), earlier("c", sha=OLD), earlier("d", sha=None))

    assert look(body(verdict(), *others))[1].startswith("2 of 3 runs of this commit pass.\n✅ Pass: healthy\n")
    assert look(body(failing(), earlier("a")))[1].startswith("1 of 2 runs of this commit passes.\n")
    assert look(body(failing(), earlier("b", Decision.ERROR)))[1].startswith("0 of 2 runs of this commit pass.\n")


def test_one_run_of_a_commit_is_not_counted() -> None:
    assert "of this commit" not in body(verdict(), earlier("c", sha=OLD))
    assert "of this commit" not in body(verdict(), earlier("d", sha=None), sha=None)


def test_the_head_of_the_pull_request_decides_which_runs_are_counted() -> None:
    links = dataclasses.replace(LINKS, head=OLD)
    source = body(verdict(), earlier("a", sha=OLD), earlier("b", Decision.FAIL, sha=OLD), links=links)

    assert look(source)[1].startswith("1 of 2 runs of this commit passes.\n")


def test_other_runs_are_one_line_each_the_newest_first() -> None:
    others = (
        earlier("old", Decision.FAIL, sha=OLD, judged_at="2026-11-20T08:00:00Z"),
        earlier("new", judged_at="2026-11-21T09:30:00Z"),
        earlier("loose", Decision.INCONCLUSIVE, sha=None, judged_at="2026-11-19T09:30:00Z"),
    )
    shown = look(body(verdict(), *others))[1]

    assert shown.endswith(
        "Other runs of this pull request (3)\nRun\nVerdict\nJudged\nCommit\nIn short\n"
        "new\n✅ Pass\n2026-11-21 09:30 UTC\nabababa\nnew was judged\n"
        "old\n❌ Fail\n2026-11-20 08:00 UTC\ncdcdcdc, superseded\nold was judged\n"
        "loose\n❔ Inconclusive\n2026-11-19 09:30 UTC\n–\nloose was judged"
    )


def test_a_run_that_is_judged_again_takes_the_place_of_its_section() -> None:
    known = State(key="0" * 12, sections=(section(failing()).state, earlier("other").state))
    merged = merge(known, section(verdict()))

    assert [one.state.run for one in merged] == ["a1b2", "other"]
    assert [one.state.decision for one in merged] == [Decision.PASS, Decision.PASS]
    assert merge(None, section(verdict())) == (section(verdict()),)


@pytest.mark.parametrize("sections", [(), (earlier("a"),), (section(verdict()), section(failing()))])
def test_exactly_one_run_is_judged_now(sections: tuple[Section, ...]) -> None:
    with pytest.raises(ValueError, match="one section with a verdict"):
        comment_body(sections, links=LINKS)


def test_the_state_keeps_the_runs_of_the_head_before_others() -> None:
    others = [earlier(f"old-{at}", sha=OLD, judged_at="2026-11-25T00:00:00Z") for at in range(120)]
    found = read_state(body(verdict(), *others, earlier("here", judged_at="2020-01-01T00:00:00Z")))

    assert found is not None
    assert [known.run for known in found.sections[:3]] == ["a1b2", "here", "old-99"]


def test_a_verdict_flips_where_the_same_run_was_decided_otherwise() -> None:
    known = State(key="0" * 12, sections=(section(failing()).state,))

    assert flipped(known, verdict())
    assert not flipped(known, failing())
    assert not flipped(known, verdict(run=run(id="other")))
    assert not flipped(State(key="0" * 12), verdict())
    assert not flipped(None, verdict())


@pytest.mark.parametrize(
    ("judged_at", "attempt", "expected"),
    [
        ("2026-11-22T12:00:01Z", 1, True),
        ("2026-11-22T12:00:00Z", 2, True),
        ("2026-11-22T12:00:00Z", 1, True),
        ("2026-11-22T11:59:59Z", 2, False),
        ("2025-12-31T23:59:59Z", 1, False),
    ],
)
def test_an_older_verdict_takes_no_newer_ones_place(judged_at: str, attempt: int, expected: bool) -> None:
    assert is_newer(section(verdict()).state, judged_at, attempt) is expected
    assert is_newer(None, judged_at, attempt)


def test_an_earlier_attempt_of_the_same_time_is_older() -> None:
    known = dataclasses.replace(section(verdict()).state, attempt=2)

    assert not is_newer(known, known.judged_at, 1)


def test_an_unchanged_comment_needs_no_writing() -> None:
    source = body(failing(), earlier("other"))

    assert same(source, body(failing(), earlier("other")))
    assert same(source.replace("\n", "\r\n").rstrip(), source)
    assert not same(source, body(failing()))
    assert not same(source, body(verdict(), earlier("other")))


def test_an_edited_comment_is_put_right() -> None:
    source = body(failing())

    assert not same(source.replace("Fail: healthy", "Pass: healthy"), source)


# Hostile data


def full(text: str) -> str:
    """Return a comment that holds the text wherever data can bring one."""
    lines = tuple(Line(check=text, name=text, steps=range(9), values=[1.0 * at for at in range(9)]) for _ in range(3))
    other = verdict(run=run(id="other", name=text), headline=text)
    return body(
        hostile(text),
        Section(state=section(other).state),
        Section(state=section(dataclasses.replace(other, run=run(id="third", name=text)), sha=OLD).state),
        weakenings=(text, text),
        lines=lines,
        links=dataclasses.replace(LINKS, policy=text),
        budget=LIMIT,
    )


def skeleton(source: str) -> list[str]:
    """Return the elements without our hidden lines; of the charts only that they are there."""
    return [element for element in look(source)[0] if not element.startswith("<!-- run: ")]


@pytest.mark.parametrize("text", NASTY)
def test_hostile_data_change_nothing_of_the_page(text: str) -> None:
    expected = skeleton(full("x"))
    found = skeleton(full(text))
    plain = [f"<!-- experiment-gatekeeper: {policy_key('x')} "]

    assert found[0].strip() == f"<!-- experiment-gatekeeper: {policy_key(text)}"
    assert expected[0].strip() == plain[0].strip()
    assert found[1:] == expected[1:]


@pytest.mark.parametrize("text", NASTY)
def test_no_data_are_read_as_a_state(text: str) -> None:
    source = full(text)
    found = read_state(source)

    assert found is not None
    assert found.key == policy_key(text)
    assert len(found.sections) == 3
    assert [known.name for known in found.sections] == [section(hostile(text)).state.name] * 3
    assert source.count("<!--") == 4
    assert source.count("<!-- experiment-gatekeeper: ") == 1


def test_hostile_data_stand_nowhere_verbatim() -> None:
    for text in NASTY:
        source = re.sub(r"```mermaid\n.*?\n```\n", "", full(text), flags=re.DOTALL)
        for part in ("@team", "@octo", "#1 ", "league#", "a|b", "a | b |", "```", "~~~", "{{", "{%", "\x1b", "\u202e"):
            assert part not in source
        for part in ("</details> ", "<!-- gate", "<img", "](java", "w" * 200, "GH-1", "me@ex"):
            assert part not in source


def test_the_code_of_a_chart_is_closed_whatever_its_names() -> None:
    source = full("```\n</details>")

    assert source.count("```mermaid\n") == 1
    assert source.count("```") == 2


@settings(deadline=None, max_examples=40)
@given(judged=verdicts(), weakening=st.text(max_size=30), name=st.text(max_size=30))
def test_every_comment_fits_and_its_folds_are_closed(judged: Verdict, weakening: str, name: str) -> None:
    other = section(verdict(run=run(id="o", name=name), headline=weakening))
    source = body(judged, Section(state=other.state), weakenings=(weakening,))
    elements, _ = look(source)

    assert length(source) <= BUDGET
    assert elements.count("details []") == elements.count("/details") == source.count("</details>")
    assert not [element for element in elements if element.startswith("img")]
    assert read_state(source) is not None


# The size ladder


def long(count: int, text: str = "reason") -> Verdict:
    checks = [
        check(Outcome.FAIL, id=f"bad-{at}", title=f"bad {at}", reason=text, remedy=f"Repair {at}.")
        for at in range(count)
    ]
    passes = [check(id=f"good-{at}", title=f"good {at}") for at in range(count)]
    return verdict(*checks, *passes, decision=Decision.FAIL, not_asked=tuple(f"{text} {at}" for at in range(count)))


LINES = (Line(check="bad-0", name="kl", steps=range(50), values=[0.5 * at for at in range(50)]),)
FOLDS = ("details []", "/details")


def test_all_is_shown_while_it_fits() -> None:
    source = body(long(10), lines=LINES)

    assert "```mermaid" in source
    assert "good-9" in source
    assert "bad-9" in source


def test_the_pictures_go_first() -> None:
    whole = body(long(10), lines=LINES)
    source = body(long(10), lines=LINES, budget=length(whole) - 1)

    assert "```" not in source
    assert "▁" not in source
    assert "good-9" in source


def test_then_the_table_of_the_passes() -> None:
    without = body(long(10))
    source = body(long(10), lines=LINES, budget=length(without) - 1)

    assert "```" not in source
    assert "good-9" not in source
    assert "\n10 checks passed.\n" in source
    assert "bad-9" in source


@pytest.mark.parametrize(
    ("first", "words", "budget"),
    [(50, 90, 64_000), (20, 90, 30_000), (10, 90, 16_000), (5, 90, 10_000), (2, 90, 5_000), (1, 150, 5_000)],
)
def test_then_the_last_entries_of_every_list_and_it_is_said(first: int, words: int, budget: int) -> None:
    source = body(long(60, "word " * words), budget=budget)

    assert len(set(re.findall(r"<code>(bad-[0-9]+)</code>", source))) == first
    assert "Failed (60)" in source
    assert f"… and {60 - first} more in <code>verdict.json</code>" in source


def test_the_last_rung_is_the_headline_and_a_link() -> None:
    source = body(long(300, "word " * 300), earlier("a"), earlier("b"), budget=SMALLEST_BUDGET)

    assert headings(source) == ["❌ Fail: healthy"]
    assert look(source)[1] == (
        "2 of 3 runs of this commit pass.\n❌ Fail: healthy\n"
        "It is held up: 300 checks failed. healthy is judged\n"
        "The report is too long to be shown here: all of it is in the check run.\nOther runs of this pull request: 2."
    )
    assert f"[the check run]({URL})" in source


@pytest.mark.parametrize(
    ("links", "expected"),
    [(LINKS, "the artifact"), (Links(job=LINKS.job), "the job"), (Links(), "verdict.json")],
)
def test_without_a_check_run_the_link_leads_to_the_next_best(links: Links, expected: str) -> None:
    source = body(hostile("@" * 1_000), url=None, links=links, budget=SMALLEST_BUDGET)

    assert f"all of it is in {expected}." in look(source)[1]


def test_a_trial_is_said_even_on_the_last_rung() -> None:
    judged = dataclasses.replace(long(300, "word " * 300), policy=policy(trial=True))

    assert "[!IMPORTANT]" in body(judged, budget=SMALLEST_BUDGET)


@pytest.mark.parametrize("text", ["reason", "word " * 400, "😀" * 900, "語" * 1_000, "@" * 1_000, HOSTILE])
@pytest.mark.parametrize("budget", [SMALLEST_BUDGET, 20_000, 65_537])
def test_no_comment_is_longer_than_its_budget_or_than_github_takes(text: str, budget: int) -> None:
    others = [earlier(f"{at}-{text}") for at in range(110)]
    for judged in (hostile(text), long(80, text), verdict(headline=text, run=run(name=text, id=text))):
        source = body(judged, *others, weakenings=(text,) * 30, budget=budget)
        elements = look(source)[0]
        assert len(source) <= length(source) <= min(budget, 65_536)
        assert elements.count("details []") == elements.count("/details")
        assert source.count("```") % 2 == 0
        assert read_state(source) is not None
        assert " held up" in source or "holds it up" in source or "hold it up" in source


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_comment_of_exactly_the_budget_is_kept_and_one_more_unit_is_not(more: int) -> None:
    """The page is padded with characters of two units, so that counting characters alone would let it through."""
    base = verdict(not_asked=("😀",) * 20)
    size = length(body(base, budget=LIMIT))
    room = 40_000
    padded = dataclasses.replace(base, not_asked=("😀",) * 20 + _pads(room - size + more))
    whole = length(body(padded, budget=LIMIT))

    assert whole == room + more
    source = body(padded, budget=room)
    assert (length(source) == whole) is (more <= 0)
    assert length(source) <= room


def _pads(units: int) -> tuple[str, ...]:
    """Return bullets that take exactly so many units in the page, emoji where they can."""
    pads = []
    while units > 600:
        pads.append("😀" * 97)  # words over 120 characters are shortened
        units -= len("- \n") + 194
    return (*pads, "x" * (units - 3)) if units - 3 <= 120 else (*pads, *_short(units))


def _short(units: int) -> tuple[str, ...]:
    pads = []
    while units > 120:
        pads.append("x" * 97)
        units -= 100
    return (*pads, "x" * (units - 3))


def test_a_budget_that_holds_no_headline_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="5000 or more"):
        body(verdict(), budget=SMALLEST_BUDGET - 1)


def test_the_smallest_budget_holds_the_largest_head() -> None:
    url = "https://github.com/" + "u" * 481
    judged = dataclasses.replace(hostile("\\" * 2_000), run=run(id="r" * 128, name="😀" * 200), headline="@" * 2_000)
    source = body(judged, url=url, budget=SMALLEST_BUDGET)

    assert length(source) <= SMALLEST_BUDGET
    assert "It is held up: " in source
