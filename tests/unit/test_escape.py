"""Hostile text: what people see is the text, and nothing happens."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from action.escape import LIMIT, address, markdown, one_line, printable
from tests.verdicts import GAP, look, tidy

HOSTILE = [
    "@team",
    "a@b.example",
    "@org/team and @user",
    "#123",
    "owner/repo#1",
    "GH-1 gh-2",
    "GHSA-jfh8-c2jp-5v3q CVE-2024-1234",
    "a | b || c\\| d",
    "`code` ``more`` ```fence",
    "~~~",
    "<b>bold</b><script>alert(1)</script><img src=x onerror=alert(1)>",
    "</details></summary></td></table>",
    "<!-- gatekeeper -->",
    "--> out of a comment",
    "https://evil.example/x http://evil.example ftp://evil.example www.evil.example",
    "mailto:a@b.example xmpp:a@b.example",
    "<https://evil.example>",
    "[link](https://evil.example) ![image](x.png) [ref][1] [^1]",
    "[1]: https://evil.example",
    "*a* **b** _c_ __d__ ~~e~~ ***",
    "snake_case _edge_ a_ _b",
    "{{7*7}} {% raw %} ${{ secrets.KEY }}",
    "$x$ $$y$$ $`z`$",
    ":tada: :+1:",
    "&amp; &#64;team &commat;team &lt;b&gt;",
    "- item",
    "+ item",
    "1. item",
    "1) item",
    "12.",
    "# heading",
    "> quotation",
    "===",
    "---",
    ":--",
    "[ ] task",
    "[!CAUTION]",
    "\\",
    "\\*a\\*",
    "a  \nb\n\n    c\td\r\ne",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x1b[2J",
    "\u202eesrever\u202c \u2066x\u2069 \u200b\u200d\ufeff",
    "\ud800 \x00 \x7f \x9b31m",
    "a\u2028b\u2029c\u00a0d",
    "word" * 2_500,
    "Z" + "\u0310" * 400,
    "",
]

PLACES = {
    "paragraph": ("{}\n", "x"),
    "middle of a paragraph": ("before {} after\n", "before x after"),
    "list item": ("- {}\n- next\n", "x\nnext"),
    "numbered item": ("1. {}\n", "x"),
    "heading": ("## {}\n", "x"),
    "quotation": ("> {}\n", "x"),
    "second line": ("first\n{}\n", "first\nx"),
    "table cell": ("| a | b |\n| - | - |\n| {} | end |\n", "a\nb\nx\nend"),
    "bold": ("see **{}** here\n", "see x here"),
    "code element": ("see <code>{}</code> here\n", "see x here"),
    "summary": ("<details><summary>{}</summary>\n\nbody\n\n</details>\n", "x\nbody"),
    "link": ("[{}](https://example.org)\n", "x"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:24]))
def test_hostile_text_is_shown_and_does_nothing(text: str, place: str) -> None:
    frame, plain = PLACES[place]
    elements, shown = look(frame.format(markdown(text)))
    assert elements == look(frame.format("x"))[0]
    assert tidy(shown.replace(GAP, "")) == tidy(re.sub(r"\bx\b", lambda _: one_line(text), plain))


_WORDS = ["#64;", "://", "www.", "http", "GH-", "<!--", "-->", "```", "</details>", "\x1b[1m"]
_SPICE = st.sampled_from([*"@#|`<>/*_~[]()!\\&;:1.-+={}$ax \n\t\u202e\u200bé日🎲", *_WORDS])
_ANY = st.one_of(st.lists(_SPICE, max_size=14).map("".join), st.text(max_size=40))


@settings(deadline=None)
@given(text=_ANY, place=st.sampled_from(sorted(PLACES)))
@example(text="a\\|b", place="table cell")
@example(text="_a_b_", place="paragraph")
def test_any_text_is_shown_and_does_nothing(text: str, place: str) -> None:
    frame, plain = PLACES[place]
    elements, shown = look(frame.format(markdown(text)))
    assert elements == look(frame.format("x"))[0]
    assert tidy(shown.replace(GAP, "")) == tidy(re.sub(r"\bx\b", lambda _: one_line(text), plain))


# As GitHub's own filters look for them in rendered text (mentions, references, emoji); written from its documentation.
LATER_FILTERS = re.compile(r"@[0-9a-z]|#[0-9]|\b(GH|GHSA|CVE)-[0-9a-z]|:(?![0-9]{2}:)[\w+-]+:|://|\bwww\.", re.I | re.A)


@settings(deadline=None)
@given(text=_ANY)
def test_no_later_filter_finds_a_mention_or_reference(text: str) -> None:
    assert LATER_FILTERS.search(look(f"before {markdown(text)} after\n")[1]) is None


@settings(deadline=None)
@given(text=_ANY)
def test_markdown_source_holds_no_structure_even_before_it_is_rendered(text: str) -> None:
    assert set() == set('<>|`*~[]\\@"${}\n') & set(markdown(text))


@pytest.mark.parametrize(
    "name",
    ["kl_p95", "kl/mean", "reward-vs-baseline", "elo/adapter_v10", "0.25", "-", "p95 < 0.1", "2026-11-22T12:00:00Z"],
)
def test_ordinary_names_can_be_copied(name: str) -> None:
    assert name == look(f"| a |\n| - |\n| {markdown(name)} |\n")[1].split("\n")[1]


def test_ordinary_names_stay_readable_in_the_source() -> None:
    assert markdown("kl_p95 of elo/adapter_v10, 0.25 (95 %)") == "kl_p95 of elo/adapter_v10, 0.25 (95 %)"


@settings(deadline=None)
@given(text=_ANY)
def test_a_line_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    line = one_line(text)
    assert line == line.strip()
    assert re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\u2028\u2029]", line) is None
    line.encode()


@settings(deadline=None)
@given(text=_ANY)
def test_a_printable_line_fits_the_encoding_of_its_stream(text: str) -> None:
    assert printable(text, "ascii").isascii()
    assert one_line(text) == printable(text, "utf-8")


def test_colours_go_and_other_sequences_are_written_out() -> None:
    assert one_line("\x1b[1;31mred\x1b[0m \x1b[2J \x9b1m \u202e") == r"red \x1b[2J \x9b1m \u202e"


def test_a_digest_is_never_cut() -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    assert digest == one_line(digest)


def test_a_long_word_keeps_its_ends() -> None:
    line = one_line("start " + "m" * 10_000 + "end")
    assert line.startswith("start mmm")
    assert line.endswith("mend")
    assert "…" in line
    assert len(line) < 140


def test_a_long_text_is_cut() -> None:
    line = one_line("a word " * 10_000)
    assert len(line) <= LIMIT
    assert line.endswith("…")


BAD = "http://a.b/ https://a.b/(x) https://u@a.b/ https://a.b/#1 javascript:alert(1) https://a.b/<b> //a.b/"


@pytest.mark.parametrize(
    "url", [*BAD.split(), "https://a.b/ c", "https://a.b/\n", "https://a.b/" + "a" * 500, "", None]
)
def test_only_plain_https_addresses_become_links(url: str | None) -> None:
    assert address(url) is None


def test_a_run_page_becomes_a_link() -> None:
    url = "https://wandb.ai/team/league/runs/a1b2-c3?x=1&y=2"
    elements, shown = look(f"[{markdown(url)}]({address(url)})\n")
    assert ["p []", f"a [('href', '{url}')]", "/a", "/p"] == elements
    assert url == shown.replace(GAP, "")


@pytest.mark.parametrize(
    "text", ["::stop-commands::tok", "a ::error::b", "##[stop-commands]tok", "w\n::set-output name=x::y"]
)
def test_a_runner_of_github_finds_no_command(text: str) -> None:
    """It takes `::name` at the start of a line for one, and `##[name` anywhere."""
    for shown in (one_line(text), printable(text, "ascii"), markdown(text)):
        assert "::" not in shown
        assert "##[" not in shown
