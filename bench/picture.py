"""Draw the pictures that the README shows: what `gatekeeper check` and `gatekeeper elo` write on a terminal, as SVG.

    python -m bench.picture OUT/verdict.json [docs/images/verdict.svg]
    python -m bench.picture --elo RUN [docs/images/elo.svg]

The same verdict gives the same bytes: fixed width, fixed colours, no font, date or path of the machine.
"""

from __future__ import annotations

import html
import io
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from action.cli.elo_page import print_elo
from action.cli.ports import local_ports
from action.cli.terminal import print_verdict
from action.collection import find_games
from action.escape import one_line
from action.ports import GamesReading
from action.report.reading import parse_verdict
from checks.elo.agents import Naming
from checks.elo.analysis import analyse
from checks.elo.answer import EloQuestion
from checks.elo.facts import facts_of
from checks.result import Verdict

WIDTH = 116

# Readable on GitHub's light page and on its dark one: the picture brings its own ground.
_GROUND, _INK = (22, 27, 34), (230, 237, 243)
_RED, _GREEN, _YELLOW, _MAGENTA = (248, 113, 105), (86, 211, 100), (227, 179, 65), (210, 153, 255)
_BLUE, _CYAN = (121, 192, 255), (86, 212, 221)
_THEME = TerminalTheme(_GROUND, _INK, [_GROUND, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _INK])

# The frame that rich fills; double braces are those of the style sheet.
_FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="The answer on a terminal">
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
    return _picture(lambda console: print_verdict(verdict, console), f"$ gatekeeper check {one_line(verdict.run.ref)}")


def draw_elo(ref: str) -> str:
    """Return the picture of the analysis of a run's games as SVG."""
    record = local_ports().read_games(find_games(ref), GamesReading())
    facts = facts_of(analyse(record, EloQuestion(naming=Naming(references={}))))
    return _picture(lambda console: print_elo(facts, (), console), f"$ gatekeeper elo {one_line(ref)}")


def _picture(write: Callable[[Console], None], command: str) -> str:
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
    write(console)
    frame = _FRAME.replace("COMMAND", html.escape(command).replace("{", "{{").replace("}", "}}"))
    return console.export_svg(theme=_THEME, code_format=frame, unique_id="gatekeeper")


def main(arguments: list[str]) -> int:
    """Read a verdict, or a run with games, and write its picture."""
    elo = arguments[:1] == ["--elo"]
    names = arguments[1:] if elo else arguments
    if not 1 <= len(names) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    source = Path(names[0])
    target = Path(names[1] if len(names) == 2 else f"docs/images/{'elo' if elo else 'verdict'}.svg")
    target.parent.mkdir(parents=True, exist_ok=True)
    shown = draw_elo(names[0]) if elo else draw(parse_verdict(source.read_text("utf-8"), name=source.name))
    target.write_text(shown, "utf-8", newline="\n")
    print(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
