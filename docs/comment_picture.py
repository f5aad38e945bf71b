"""Draws the comment of a pull request as a person sees it, from recorded runs: docs/img/comment.png.

Run it with `python -m docs.comment_picture`, or with the name of another recording and a folder. The Markdown and the
page go to out/comment, or into that folder; the picture is taken if there is a `chromium` on the PATH. Nothing of it
is shipped: comrak stands for GitHub's renderer, and Mermaid of `make .venv/.node` for its charts.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import comrak

from action.cli.ports import local_ports
from action.pipeline import Judged, check_run
from action.report.chart import lines_of
from action.report.comment import comment_body
from action.report.document import verdict_json
from action.report.section import Links, Section, merge
from action.report.state import SectionState, State, policy_key, state_of
from action.settings import CheckSettings, profile_policy

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = Path("examples") / "league" / "recordings"
IMAGE = ROOT / "docs" / "img" / "comment.png"
MERMAID = Path(sys.prefix) / "node" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
PROFILES = ("grpo", "league", "pipeline")
HEAD, BEFORE = "5f30657cc4b98515652f7870374a50d68fbd1200", "7870374a50d68fbd12005f30657cc4b98515652f"
PLACE = "https://github.com/team/league"
WIDTH = 960

STYLE = """
body { margin: 0; background: #fff; }
main { box-sizing: border-box; width: 920px; margin: 20px; padding: 16px; border: 1px solid #d1d9e0;
  border-radius: 6px; color: #1f2328;
  font: 14px/1.5 "Segoe UI", "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif, "Noto Color Emoji"; }
h2 { font-size: 1.5em; border-bottom: 1px solid #d1d9e0b3; padding-bottom: .3em; }
h2, h3 { margin: 24px 0 16px; line-height: 1.25; } h3 { font-size: 1.25em; }
p, table, ul, ol, details, blockquote { margin: 0 0 16px; } ul, ol { padding-left: 2em; }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }
th, td { padding: 6px 13px; border: 1px solid #d1d9e0; } th { font-weight: 600; }
tr { background: #fff; border-top: 1px solid #d1d9e0b3; } tr:nth-child(2n) { background: #f6f8fa; }
code { font: 85% ui-monospace, "DejaVu Sans Mono", monospace; background: #818b981f; border-radius: 6px;
  padding: .2em .4em; }
sub { font-size: 75%; line-height: 0; position: relative; bottom: -.25em; }
a { color: #0969da; text-decoration: none; }
.markdown-alert { padding: 8px 16px; border-left: .25em solid #d1d9e0; margin-bottom: 16px; }
.markdown-alert > :last-child { margin-bottom: 0; } .markdown-alert-title { font-weight: 500; }
.markdown-alert-warning { border-color: #9a6700; } .markdown-alert-important { border-color: #8250df; }
.markdown-alert-warning .markdown-alert-title { color: #9a6700; }
pre.mermaid { margin: 0 0 16px; text-align: center; } pre.mermaid svg { max-width: 100%; }
"""
DRAW = """
const told = () => { document.title = document.querySelector("main").offsetHeight + 40; };
if (window.mermaid) { mermaid.initialize({startOnLoad: false}); mermaid.run().then(told, told); } else { told(); }
"""


def judge(recording: str) -> Judged:
    """Judge a recorded run as `check` does, at a time that does not change."""
    settings = CheckSettings(
        ref=str(RECORDINGS / recording),
        policy=None,
        fallback_policy=profile_policy(PROFILES),
        now="2026-01-05T08:00:00Z",
    )
    return check_run(settings, local_ports())


def state(judged: Judged, sha: str) -> SectionState:
    """Make what a comment remembers of a run."""
    digest = hashlib.sha256(verdict_json(judged.verdict).encode()).hexdigest()
    url = f"{PLACE}/runs/{int(digest[:8], 16)}"
    return state_of(judged.verdict, digest=digest, sha=sha, attempt=1, url=url)


def comment(recording: str) -> str:
    """Write the comment over a run, beside two others: one of the same commit, one of an older."""
    judged = judge(recording)
    policy = replace(judged.verdict.policy, source=".github/gatekeeper.yml")
    now = Section(
        state=state(judged, HEAD),
        verdict=replace(judged.verdict, policy=policy),
        lines=lines_of(judged.policy, judged.bundle.evidence),
    )
    others = [("healthy", HEAD), ("no-learning", BEFORE)]
    states = tuple(state(judge(name), sha) for name, sha in others if name != recording)
    links = Links(
        head=HEAD,
        repository=PLACE,
        job=f"{PLACE}/actions/runs/4711",
        artifact=f"{PLACE}/actions/runs/4711/artifacts/42",
        policy=f"{PLACE}/blob/{BEFORE}/.github/gatekeeper.yml",
    )
    return comment_body(merge(State(key=policy_key(policy.source), sections=states), now), links=links)


def page(source: str) -> str:
    """Render Markdown as GitHub does, near enough to see what is broken."""
    extensions, options = comrak.ExtensionOptions(), comrak.RenderOptions()
    for name in ("alerts", "autolink", "footnotes", "strikethrough", "table", "tasklist"):
        setattr(extensions, name, True)
    options.unsafe_ = True
    body = comrak.render_markdown(source, extension_options=extensions, render_options=options)
    charts = re.compile(r'<pre(?: lang="mermaid")?><code(?: class="language-mermaid")?>(%%.*?)</code></pre>', re.DOTALL)
    body = charts.sub(lambda found: f'<pre class="mermaid">{found[1]}</pre>', body)
    script = MERMAID.read_text("utf-8") if MERMAID.is_file() else ""
    return (
        f'<!doctype html><meta charset="utf-8"><title>0</title><style>{STYLE}</style>'
        f"<main>{body}</main><script>{script}</script><script>{DRAW}</script>"
    )


def photograph(document: Path, image: Path) -> bool:
    """Take a picture of a whole page; False: there is no browser."""
    browser = shutil.which("chromium")
    if browser is None:
        return False
    words = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--virtual-time-budget=9000"]
    page = document.resolve().as_uri()
    seen = subprocess.run(
        [*words, f"--window-size={WIDTH},800", "--dump-dom", page],
        check=True,
        capture_output=True,
        timeout=120,
        encoding="utf-8",
    )
    told = re.search(r"<title>(\d+)</title>", seen.stdout)
    height = int(told[1]) if told else 0
    size = f"--window-size={WIDTH},{height or 2_400}"
    subprocess.run(
        [*words, size, f"--screenshot={image.resolve()}", page], check=True, capture_output=True, timeout=120
    )
    return True


def main(words: list[str]) -> int:
    """Write Markdown, HTML and, with a browser, the picture."""
    folder = Path(words[1]).resolve() if len(words) > 1 else ROOT / "out" / "comment"
    image = folder / "comment.png" if len(words) > 1 else IMAGE
    folder.mkdir(parents=True, exist_ok=True)
    with chdir(ROOT):  # so that no path of this machine gets into the picture
        source = comment(words[0] if words else "kl-explosion")
    (folder / "comment.md").write_text(source, "utf-8")
    (folder / "comment.html").write_text(page(source), "utf-8")
    if not photograph(folder / "comment.html", image):
        sys.stderr.write("chromium: expected a program of this name on the PATH, got none; the page is written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
