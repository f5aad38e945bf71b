"""`verdict.md`: what a person reads in a pull request, and that hostile data cannot change the page."""

import dataclasses
import importlib.resources
import re
from typing import Any

import pytest
from hypothesis import given, settings
from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateError

from action.report.markdown import BUDGET, SMALLEST_BUDGET, table_markdown, verdict_markdown
from action.report.render import _environment
from checks.result import Decision, Outcome, Severity, Verdict
from checks.run import Checkpoint, Note, NoteKind
from tests.verdicts import GAP, HOSTILE, check, failing, hostile, look, policy, run, verdict, verdicts, waiver


def sections(source: str) -> list[str]:
    """Return headings and the summaries of folded parts, in order."""
    return re.findall(r"^(?:#{2,3} |<summary>)(.*?)(?:</summary>)?$", source, re.MULTILINE)


def test_the_order_is_what_to_read_first() -> None:
    assert sections(verdict_markdown(failing())) == [
        "❌ Fail: healthy",
        "Failed (2)",
        "Inconclusive (1)",
        "Warnings (2)",
        "What to do",
        "What the run shows",
        "What it rests on, likely cause, and what helps",
        "Waived",
        "1 check passed",
        "1 check not measured",
        "Evidence and policy, 1 note on the data",
    ]


def test_empty_sections_are_left_out() -> None:
    assert sections(verdict_markdown(verdict())) == ["✅ Pass: healthy", "1 check passed", "Evidence and policy"]


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (verdict(check(), check(id="b")), "Nothing holds it up: 2 checks passed."),
        (verdict(check(), check(Outcome.WARN)), "Nothing holds it up: 1 check passed, 1 warning."),
        (failing(), "It is held up: 2 checks failed, 1 is inconclusive."),
        (
            verdict(check(Outcome.NOT_MEASURED), decision=Decision.INCONCLUSIVE),
            "It is held up: no blocking check could be evaluated.",
        ),
        (
            verdict(check(Outcome.ERROR), check(Outcome.FAIL), decision=Decision.ERROR),
            "It is held up: 1 check could not be judged, 1 failed.",
        ),
        (
            verdict(policy=policy(trial=True)),
            "A trial, nothing is gated. Nothing would hold it up: 1 check passed.",
        ),
    ],
)
def test_one_line_says_what_the_verdict_means(judged: Verdict, expected: str) -> None:
    assert f"**{expected}**" in verdict_markdown(judged)


def test_value_rule_interval_and_sample_size_stand_in_one_row() -> None:
    row = "KL spike\nspike\n5.012\nat step 312\npass < 0.1, fail >= 0.15\n0.029 to 0.034\n200\n"
    assert row in look(verdict_markdown(failing()))[1]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.0, 2.0, "1 to 2"), (None, 2.0, "up to 2"), (1.0, None, "from 1"), (None, None, "–"), (-2.0, -1.0, "-2 to -1")],
)
def test_an_interval_may_be_open(low: float | None, high: float | None, expected: str) -> None:
    assert f"\n{expected}\n200\n" in look(verdict_markdown(verdict(check(low=low, high=high))))[1]


def test_a_value_looks_different_from_the_bound_that_it_misses() -> None:
    judged = verdict(check(Outcome.FAIL, observed=0.1000004, bound="< 0.1"), decision=Decision.FAIL)
    assert "\n0.1000004\n< 0.1\n" in look(verdict_markdown(judged))[1]


def test_the_same_remedy_is_said_once_with_its_checks() -> None:
    shown = look(verdict_markdown(failing()))[1]
    assert shown.count("Raise beta.") == 1
    assert "Raise beta.\nfor kl in policy.yml:12, spike in policy.yml:12\n" in shown


def test_a_check_that_does_not_block_says_so() -> None:
    soft = check(Outcome.FAIL, id="soft", severity=Severity.WARN)
    assert "<code>soft</code> failed, does not block" in verdict_markdown(verdict(check(), soft))
    assert "<code>soft</code> failed, waived" in verdict_markdown(
        verdict(check(), soft, waivers=(waiver(check="soft"),))
    )


def test_a_trial_is_said_clearly() -> None:
    assert "> [!IMPORTANT]" in verdict_markdown(verdict(policy=policy(trial=True)))
    assert "[!IMPORTANT]" not in verdict_markdown(verdict())


def test_a_checkpoint_without_digest_says_that_it_cannot_be_promoted() -> None:
    judged = failing()
    bare = dataclasses.replace(judged, checkpoint=Checkpoint(name="adapter_v40"))
    assert "sha256:abab" in verdict_markdown(judged)
    assert "none: it cannot be promoted" in verdict_markdown(bare)


def test_a_link_shows_where_it_leads() -> None:
    url = "https://wandb.ai/team/league/runs/a1b2"
    elements, shown = look(verdict_markdown(verdict(run=run(url=url))))
    assert f"a [('href', '{url}')]" in elements
    assert "wandb.ai/team/league/runs/a1b2" in shown


def test_an_address_that_is_no_plain_one_is_text() -> None:
    elements, shown = look(verdict_markdown(verdict(run=run(url="javascript:alert(1)"))))
    assert not [element for element in elements if element.startswith("a ")]
    assert "javascript:alert(1)" in shown


def test_hostile_data_change_nothing_of_the_page() -> None:
    assert look(verdict_markdown(hostile()))[0] == look(verdict_markdown(hostile("x")))[0]


def test_hostile_data_stand_nowhere_verbatim() -> None:
    source = verdict_markdown(hostile())
    for part in ("@team", "#1 ", "a|b", "`", "</details> ", "https://x", "<!--", "{{", "\x1b", "\u202e", "w" * 200):
        assert part not in source


@settings(deadline=None, max_examples=40)
@given(judged=verdicts())
def test_every_verdict_fits_a_page_whose_folds_are_closed(judged: Verdict) -> None:
    source = verdict_markdown(judged)
    elements, _ = look(source)
    assert len(source) <= BUDGET
    assert elements.count("details []") == elements.count("/details") == source.count("</details>")
    assert not [element for element in elements if element.startswith(("<!", "img"))]
    assert source == verdict_markdown(judged)


def many(count: int, text: str = "reason") -> Verdict:
    checks = [
        check(Outcome.FAIL, id=f"bad-{at}", title=f"bad {at}", reason=text, remedy=f"Repair {at}.")
        for at in range(count)
    ]
    passes = [check(id=f"good-{at}", title=f"good {at}") for at in range(count)]
    return verdict(*checks, *passes, decision=Decision.FAIL, not_asked=tuple(f"{text} {at}" for at in range(count)))


def test_all_is_shown_while_it_fits() -> None:
    source = verdict_markdown(many(10))
    assert "good-9" in source
    assert "bad-9" in source


def test_the_table_of_the_passes_goes_first() -> None:
    full = verdict_markdown(many(10), budget=1_000_000)
    source = verdict_markdown(many(10), budget=len(full) - 1)
    assert "good-9" not in source
    assert "\n10 checks passed.\n" in source
    assert "bad-9" in source


@pytest.mark.parametrize("count", [500, 5_000])
def test_then_the_last_entries_of_every_list_and_it_is_said(count: int) -> None:
    source = verdict_markdown(many(count))
    shown = len(set(re.findall(r"<code>(bad-[0-9]+)</code>", source)))
    assert len(source) <= BUDGET
    assert 1 <= shown < count
    assert f"Failed ({count:,})" in source
    assert f"… and {count - shown:,} more in <code>verdict.json</code>" in source
    assert source.count("<details>") == source.count("</details>") == 1


@pytest.mark.parametrize("text", ["word " * 400, HOSTILE, "@" * 1_000])
@pytest.mark.parametrize("budget", [SMALLEST_BUDGET, 3_000, 10_000, BUDGET])
def test_no_verdict_is_longer_than_its_budget(text: str, budget: int) -> None:
    for judged in (hostile(text), many(80, text)):
        source = verdict_markdown(judged, budget=budget)
        assert len(source) <= budget
        assert "It is held up: " in source
        assert source.count("<details>") == source.count("</details>")
        assert source.endswith("\n")


def test_the_last_rung_is_the_headline_alone() -> None:
    source = verdict_markdown(many(300, "word " * 300), budget=SMALLEST_BUDGET)
    assert sections(source) == ["❌ Fail: healthy"]
    assert "healthy is judged" in source
    assert "verdict.json" in source


def test_a_budget_that_holds_no_headline_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError):
        verdict_markdown(verdict(), budget=SMALLEST_BUDGET - 1)


def test_a_trial_is_said_even_on_the_last_rung() -> None:
    judged = verdict(headline="@" * 2_000, policy=policy(trial=True), not_asked=("word " * 400,) * 50)
    assert "[!IMPORTANT]" in verdict_markdown(judged, budget=SMALLEST_BUDGET)


def test_a_table_holds_its_rows_and_numbers_stand_to_the_right() -> None:
    notes = [Note(kind=NoteKind.LOST, text="one row")]
    elements, shown = look(
        table_markdown("Metrics", ("metric", "n", "mean"), [("kl|x", 1_200, 0.5), ("r", 0, None)], notes)
    )
    assert shown == "Metrics\nmetric\nn\nmean\nkl|x\n1,200\n0.5\nr\n0\n–\nLost: one row"
    assert "td [('align', 'right')]" in elements
    assert "td [('align', 'left')]" in elements


def test_a_table_without_rows_says_so() -> None:
    assert "Nothing was measured." in table_markdown("Metrics", ("metric",), [])


def test_hostile_cells_change_nothing_of_the_table() -> None:
    def page(text: str) -> list[str]:
        return look(table_markdown(text, (text, f"{text}2"), [(text, text)], [Note(kind=NoteKind.ODD, text=text)]))[0]

    assert page(HOSTILE) == page("x")


def test_a_long_table_shows_its_first_rows() -> None:
    source = table_markdown("Logs", ("group", "n"), [(f"group-{at}", at) for at in range(10_000)])
    assert len(source) <= BUDGET
    assert "group-0" in source
    assert "more in <code>" in source


def test_a_table_whose_rows_do_not_fit_never_says_that_nothing_was_measured() -> None:
    source = table_markdown("Logs", ("group",), [("word " * 100,)] * 3, budget=200)
    assert "Nothing was measured." not in source
    assert "… and 3 more in" in source


def test_a_table_that_never_fits_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="50 columns"):
        table_markdown("Logs", [f"column {at}" for at in range(50)], [range(50)], budget=100)


def templates() -> list[str]:
    """Name the templates of Markdown; those of YAML have delimiters and a filter of their own."""
    return sorted(
        path.name for path in importlib.resources.files("templates").iterdir() if path.name.endswith(".md.j2")
    )


def test_templates_build_no_text_past_the_filter() -> None:
    assert "verdict.md.j2" in templates()
    for name in templates():
        source = importlib.resources.files("templates").joinpath(name).read_text("utf-8")
        tree = Environment(autoescape=True).parse(source)
        assert list(tree.find_all((nodes.Concat, nodes.Filter, nodes.MarkSafe, nodes.Add, nodes.Mod))) == []


@pytest.mark.parametrize(
    "source", ["{{ value }}", "{% set x = value %}{{ x }}", "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(value) }}"]
)
def test_no_template_can_forget_the_filter(source: str) -> None:
    assert _environment().from_string(source).render(value="<b>@x") == "&#60;b&#62;&#64;&#8203;x"


@pytest.mark.parametrize("name", ["missing", "value|safe", "range(3)", "nothing", "share", "flag"])
def test_what_a_template_must_not_print_is_refused(name: str) -> None:
    with pytest.raises((TemplateError, TypeError)):
        _environment().from_string("{{ " + name + " }}").render(value="x", nothing=None, share=0.5, flag=True)


def test_the_gap_of_the_filter_is_the_only_invisible_character() -> None:
    assert GAP == "\u200b"
    assert not re.search(r"[^\x20-\x7e\n✅❌❔⛔–…]", verdict_markdown(hostile("x\u200by")))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "who approved it is not known"),
        ({"pull_request": 12}, "nobody approved it in #12"),
        ({"pull_request": 12, "approved_by": ("alice",)}, "approved by alice in #12"),
        ({"pull_request": 12, "approved_by": ("alice", "bob", "eve")}, "approved by alice, bob, eve in #12"),
    ],
)
@pytest.mark.parametrize("used", [True, False])
def test_a_waiver_tells_whom_it_is_for_until_when_why_and_who_approved_it(
    changes: dict[str, Any], told: str, used: bool
) -> None:
    one = waiver(scope=f"commit {'c0ffee' * 6}c0ff", used=used, **changes)
    shown = look(verdict_markdown(verdict(waivers=(one,))))[1].replace(GAP, "")

    assert f"kl-p95 does not block {one.scope} until the end of 2099-12-31 ({told}): warm-up" in shown
    assert ("Waivers that this verdict did not need" in shown) is not used


def test_a_long_reason_hides_not_who_approved_a_waiver() -> None:
    shown = look(verdict_markdown(verdict(waivers=(waiver(reason="why " * 10_000),))))[1]

    assert "(who approved it is not known): why why" in shown
