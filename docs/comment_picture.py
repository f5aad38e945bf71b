"""Draws the comment of a pull request as a person sees it: docs/images/comment.png.

The README's workflow judges a recorded run under a real runner; this is the comment that it wrote. Run it with
`python -m docs.comment_picture`, or with the name of another recording and a folder. The Markdown and the page go to
out/comment, or into that folder; the picture is taken if there is a `chromium` on the PATH. Nothing of it is shipped:
comrak stands for GitHub's renderer, and Mermaid of `make .venv/.node` for its charts.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import comrak

from tests.pasted import PATH, POLICY, PULL, judged, on_wandb
from tests.services.github import GitHub

ROOT = Path(__file__).resolve().parent.parent
IMAGE = ROOT / "docs" / "images" / "comment.png"
MERMAID = Path(sys.prefix) / "node" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
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


def comment(recording: str) -> str:
    """Let the README's workflow judge a recorded run, and return the comment that it wrote.

    Raises:
        RuntimeError: it wrote none, or two.
    """
    with TemporaryDirectory(prefix="gatekeeper-picture-") as folder, GitHub({("main", PATH): POLICY}) as github:
        github.add_pull(PULL)
        done = judged(Path(folder), github, on_wandb(recording))
    bodies = [said["body"] for number, said in github.memory.comments.values() if number == PULL]
    if len(bodies) != 1:
        raise RuntimeError(f"{recording}: expected one comment, got {len(bodies)}: {done.stdout[-4000:]}")
    body: str = bodies[0]
    return body


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
    source = comment(words[0] if words else "kl-explosion")
    (folder / "comment.md").write_text(source, "utf-8")
    (folder / "comment.html").write_text(page(source), "utf-8")
    if not photograph(folder / "comment.html", image):
        sys.stderr.write("chromium: expected a program of this name on the PATH, got none; the page is written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
