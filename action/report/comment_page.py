"""What the page of a comment shows, as far as it fits. Sentences come from the verdict; no layout may enter."""

from __future__ import annotations

from action.escape import address
from action.report.chart import charts_page, elo_chart, series_charts, sparklines
from action.report.markdown import ICONS, Rung, fact_rows, verdict_head, verdict_page
from action.report.render import cut, safe
from action.report.section import Whole
from action.report.state import SectionState
from action.report.view import NOTHING, WORDS, many
from checks.result import Decision

_SHORT = 7
"""Digits of a commit."""


def full_page(whole: Whole, rung: Rung, *, pictures: bool) -> dict[str, object]:
    """Give what the page shows, as far as the rung allows."""
    verdict, now = whole.verdict, whole.now
    return (
        verdict_page(verdict, rung)
        | _head(whole)
        | {
            "commit": _commit(now.state.sha),
            "policy": verdict.policy.source,
            "judged_at": _time(now.state.judged_at),
            "check_run": _link(now.state.url),
            "weakenings": cut(now.weakenings, rung.first),
            "waivers": cut(sorted(verdict.waivers, key=lambda one: not one.used), rung.first),
            "facts": _facts(whole),
            "others": cut([_other(one, whole.head) for one in whole.others], rung.first),
        }
        | _pictures(whole, drawn=pictures)
    )


def short_page(whole: Whole) -> dict[str, object]:
    """Give what the shortest page shows: the headline, and where the rest is."""
    places = (
        ("the check run", whole.now.state.url),
        ("the artifact", whole.links.artifact),
        ("the job", whole.links.job),
    )
    found = [{"text": text, "address": link} for text, url in places if (link := _link(url)) is not None]
    return _head(whole) | {"whole": found[0] if found else None, "others": cut(whole.others, 0)}


def _head(whole: Whole) -> dict[str, object]:
    here = [one for one in whole.kept if one.sha is not None and one.sha == whole.head]
    passing = sum(one.decision is Decision.PASS for one in here)
    told = f"{passing} of {len(here)} runs of this commit {'passes' if passing == 1 else 'pass'}."
    return verdict_head(whole.verdict) | {"together": told if len(here) > 1 else None}


def _pictures(whole: Whole, *, drawn: bool) -> dict[str, object]:
    verdict, lines = whole.verdict, whole.now.lines if drawn else ()
    strength = elo_chart(verdict.elo) if drawn and verdict.elo is not None else None
    charts = series_charts(verdict, lines)
    return {
        "sparks": sparklines(lines),
        "elo_charts": charts_page(() if strength is None else (strength,)),
        "charts": charts_page(charts),
        "charts_told": f"{many(len(charts), 'chart', 'charts')} of series whose checks did not pass",
    }


def _facts(whole: Whole) -> list[dict[str, object]]:
    """Give what the verdict is bound to, with what the comment alone knows: its commit, the job, the artifact."""
    links, sha = whole.links, whole.now.state.sha
    job, artifact = _link(links.job), _link(links.artifact)
    rows = fact_rows(whole.verdict)
    for row in rows:
        if row["word"] == "Policy":
            row["address"] = _link(links.policy)
    if sha is not None:
        commit = _link(f"{links.repository}/commit/{sha}") if links.repository else None
        rows.append({"word": "Bound to commit", "text": sha, "address": commit})
    if job is not None:
        rows.append({"word": "Judged by", "text": "this job", "address": job})
    if artifact is not None:
        rows.append({"word": "Verdict and evidence", "text": "artifact", "address": artifact})
    return rows


def _other(state: SectionState, head: str | None) -> dict[str, object]:
    return {
        "name": state.name,
        "address": _link(state.url),
        "icon": ICONS[state.decision],
        "word": WORDS[state.decision],
        "judged_at": _time(state.judged_at),
        "commit": _commit(state.sha),
        "superseded": state.sha is not None and state.sha != head,
        "headline": state.headline or NOTHING,
        "nothing": NOTHING,
    }


def _commit(sha: str | None) -> str | None:
    return None if sha is None else sha[:_SHORT]


def _time(judged_at: str) -> str:
    """Write a time for people.

    >>> _time("2026-11-22T12:00:00Z")
    '2026-11-22 12:00 UTC'
    """
    return f"{judged_at[:16].replace('T', ' ')} UTC"


def _link(url: str | None) -> str | None:
    """Return an address as it stands between the parentheses of a link; None: it is no plain one."""
    plain = address(url)
    return None if plain is None else safe(plain)
