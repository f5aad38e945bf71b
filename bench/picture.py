"""Draw the picture of a verdict that the README shows: what `gatekeeper check` writes on a terminal, as SVG.

    python -m bench.picture OUT/verdict.json [docs/images/verdict.svg]

The same verdict gives the same bytes: fixed width, fixed colours, no font, date or path of the machine.
"""

from __future__ import annotations

import html
import io
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from action.cli.terminal import print_verdict
from action.escape import one_line
from action.report.reading import parse_verdict
from checks.result import Verdict

WIDTH = 116

# Readable on GitHub's light page and on its dark one: the picture brings its own ground.
_GROUND, _INK = (22, 27, 34), (230, 237, 243)
_RED, _GREEN, _YELLOW, _MAGENTA = (248, 113, 105), (86, 211, 100), (227, 179, 65), (210, 153, 255)
_BLUE, _CYAN = (121, 192, 255), (86, 212, 221)
_THEME = TerminalTheme(_GROUND, _INK, [_GROUND, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _INK])

# The frame that rich fills; double braces are those of the style sheet.
_FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="A verdict on a terminal">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect fill="#161b22" width="100%" height="100%" rx="8"/>
<text class="{unique_id}-matrix" fill="#8b949e" x="{terminal_x}" y="30">COMMAND</text>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def draw(verdict: Verdict) -> str:
    """Return the picture of a verdict as SVG."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=WIDTH,
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    print_verdict(verdict, console)
    command = html.escape(f"$ gatekeeper check {one_line(verdict.run.ref)}").replace("{", "{{").replace("}", "}}")
    frame = _FRAME.replace("COMMAND", command)
    return console.export_svg(theme=_THEME, code_format=frame, unique_id="gatekeeper")


def main(arguments: list[str]) -> int:
    """Read a verdict and write its picture."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    source = Path(arguments[0])
    target = Path(arguments[1] if len(arguments) == 2 else "docs/images/verdict.svg")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(draw(parse_verdict(source.read_text("utf-8"), name=source.name)), "utf-8", newline="\n")
    print(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
