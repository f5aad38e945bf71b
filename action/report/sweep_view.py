"""What people see of a sweep, as tables of texts, for the terminal and the Markdown alike.

Texts pass through unescaped: the page that shows them escapes. No colour, markup or width of a page may enter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from action.report.elo_view import TextTable, interval_text
from action.report.short_names import common_ends, short_names
from action.report.table import cell
from action.report.view import NOTHING
from checks.elo.estimate import Estimate
from checks.elo.facts import Span
from checks.elo.words import elo as elo_text
from checks.number import show_number
from checks.run import RunState
from checks.sweep.answer import Basis, Choice, SweepAnswer, SweepRow
from checks.sweep.instability import RULES
from checks.sweep.ranking import rankings
from checks.sweep.words import games_text

_ESTIMATED = (Basis.GAMES, Basis.RATINGS)
_STATES = {RunState.UNKNOWN: NOTHING}
_KNOWN = {
    Basis.GAMES: "games",
    Basis.RATINGS: "ratings",
    Basis.LOGGED: "as logged",
    Basis.NOTHING: NOTHING,
}


LEARNING = "learning"
"""The pattern of a run in which nothing is to be explained."""


def strength_tables(found: SweepAnswer) -> tuple[TextTable, ...]:
    """Give the tables of who stands where; runs are called without what all their names have in common."""
    names = short_names([row.label for row in found.rows])
    return _filled(_gaps_table(found, names), _comparisons_table(found, names))


def fact_tables(found: SweepAnswer) -> tuple[TextTable, ...]:
    """Give the tables of what else is known of the runs."""
    names = short_names([row.label for row in found.rows])
    return _filled(
        _training_table(found, names),
        _logged_table(found, names),
        _played_table(found, names),
        _rankings_table(found, names),
        _config_table(found, names),
    )


def _filled(*tables: TextTable) -> tuple[TextTable, ...]:
    return tuple(table for table in tables if table.rows)


def shown_tables(found: SweepAnswer) -> tuple[TextTable, ...]:
    """Give the table of what each run shows; none where no run shows anything for sure."""
    names = short_names([row.label for row in found.rows])
    rows = found.rows if any(row.diagnosis for row in found.rows) else ()
    columns = {
        "run": [names[row.label] for row in rows],
        "shows": [row.diagnosis[0].title if row.diagnosis else NOTHING for row in rows],
        "also": [", ".join(one.title for one in row.diagnosis[1:]) or NOTHING for row in rows],
    }
    title = "What each run shows (the tool's reading, which takes no part in the comparison)"
    return _filled(_table(title, columns, ()))


def shown_evidence(found: SweepAnswer) -> tuple[tuple[str, str], ...]:
    """Give the evidence of what each run shows first, by its name; learning needs no explanation."""
    names = short_names([row.label for row in found.rows])
    mains = [(names[row.label], row.diagnosis[0]) for row in found.rows if row.diagnosis]
    return tuple((name, main.evidence) for name, main in mains if main.pattern != LEARNING)


def asides(found: SweepAnswer) -> tuple[str, ...]:
    """Say what the tables cannot: what may not be compared, by which rules runs are flagged, what is not shown."""
    raised = {flag.name for row in found.rows for flag in row.flags}
    told = [f"{name}: {rule}" for name, rule in RULES.items() if name in raised]
    config = found.config
    hidden = f" {config.hidden} more may be secret and are not shown." if config.hidden else ""
    head, tail = common_ends([row.label for row in found.rows])
    sentences = [
        (head or tail, f"Names of runs are short for {head}…{tail}."),
        (
            any(row.metrics.win_rate is not None for row in found.rows),
            "Win rates are not comparable: the opponents change with each run.",
        ),
        (
            any(one.last is not None for row in found.rows for one in row.references),
            "Logged ratings are shown as they are, changes since each reference's own start: to look at, not to "
            "compare.",
        ),
        (told, f"Flags: {'; '.join(told)}."),
        (config.noise or config.hidden, f"Configurations also differ in {_listed(config.noise)}.{hidden}"),
        (
            0 < len(config.without) < len(found.rows),
            f"No configuration is recorded of {_listed([found.rows[at].label for at in config.without])}.",
        ),
        (len(config.without) == len(found.rows), "No run records its configuration."),
    ]
    return tuple(sentence for holds, sentence in sentences if holds)


def _listed(names: Sequence[str]) -> str:
    return (", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")) or "nothing else"


def span_of(found: Estimate | None) -> Span:
    """Give an estimate as a span; open on both sides without one."""
    if found is None:
        return Span(elo=None, low=None, high=None)
    return Span(elo=found.value, low=found.low, high=found.high)


def signed(value: float | None) -> str:
    """Write a difference with its sign.

    >>> signed(98.0), signed(-3.25), signed(0.0), signed(None)
    ('+98', '-3.2', '0', '–')
    """
    text = elo_text(value)
    return f"+{text}" if value is not None and value > 0 and text != "0" else text


def _gaps_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    kinds = {_KNOWN[row.basis] for row in found.rows}
    one_kind = f", from {kinds.copy().pop()}" if len(kinds) == 1 and found.rows[0].basis in _ESTIMATED else ""
    columns = {
        "run": [names[row.label] for row in found.rows],
        "gap": [signed(row.gap) for row in found.rows],
        f"{found.confidence * 100:g} % interval": [_interval(row) for row in found.rows],
        "from": [] if one_kind else [_KNOWN[row.basis] for row in found.rows],
        "checkpoint": [_checkpoint(row) for row in found.rows],
        "best": [_best(row.best) for row in found.rows] if any(row.best != row.candidate for row in found.rows) else [],
        "flags": [", ".join(flag.name for flag in row.flags) or NOTHING for row in found.rows],
    }
    return _table(f"Gap to {found.reference or 'a reference'}{one_kind}", columns, {"gap"})


def _table(title: str, columns: Mapping[str, Sequence[str]], right: Collection[str]) -> TextTable:
    """Give a table of columns; those without cells are left out."""
    kept = {head: cells for head, cells in columns.items() if cells}
    return TextTable(
        title=title,
        heads=tuple(kept),
        rows=tuple(zip(*kept.values(), strict=True)),
        right=frozenset(at for at, head in enumerate(kept) if head in right),
    )


def _interval(row: SweepRow) -> str:
    return NOTHING if row.candidate is None else interval_text(span_of(row.candidate.gap))


def _checkpoint(row: SweepRow) -> str:
    if row.candidate is not None:
        return row.candidate.checkpoint
    return NOTHING if row.logged is None else row.logged.checkpoint


def _best(best: Choice | None) -> str:
    return NOTHING if best is None else f"{best.checkpoint} {signed(best.gap.value)}"


def _comparisons_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    contest = found.contest
    if contest is None:
        return TextTable(title="", heads=(), rows=(), right=frozenset())
    told = contest.comparisons
    needed = [NOTHING if one.games_needed is None else games_text(one.games_needed) for one in told]
    columns = {
        "run": [names[found.rows[one.other].label] for one in told],
        "difference": [signed(one.difference.value) for one in told],
        f"{found.confidence * 100:g} % interval": [interval_text(span_of(one.difference)) for one in told],
        "sure": ["yes" if contest.sure(one) else "no" for one in told],
        "games needed": needed if any(one.games_needed is not None for one in told) else [],
    }
    leader = names[found.rows[0].label]
    return _table(f"{leader} less each other run, all intervals at once", columns, {"difference", "games needed"})


_TRAINING: tuple[tuple[str, Callable[[SweepRow], float | None]], ...] = (
    ("KL mean", lambda row: row.metrics.kl_mean),
    ("KL max", lambda row: row.metrics.kl_max),
    ("grad norm", lambda row: row.metrics.grad_norm),
    ("reward", lambda row: row.metrics.reward),
    ("win rate*", lambda row: row.metrics.win_rate),
    ("placement*", lambda row: row.metrics.placement_rate),
)


def _training_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    finished = all(row.state is RunState.FINISHED for row in found.rows)
    columns = {
        "run": [names[row.label] for row in found.rows],
        "state": [] if finished else [_STATES.get(row.state, row.state.value) for row in found.rows],
        "steps": [cell(row.steps) for row in found.rows],
    }
    for head, value in _TRAINING:
        if any(value(row) is not None for row in found.rows):
            columns[head] = [_short(value(row)) for row in found.rows]
    told = "all finished; " if finished else ""
    right = {"steps", *(head for head, _ in _TRAINING)}
    return _table(f"Training ({told}the last values of gradient norm and what follows)", columns, right)


def _short(value: float | None) -> str:
    """Write a number with four significant digits, a small one with three.

    >>> _short(137.1), _short(0.13664), _short(None)
    ('137.1', '0.137', '–')
    """
    return show_number(value if value is None or abs(value) >= 1 else float(f"{value:.3g}"))


def _logged_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    logged = sorted({one.name for row in found.rows for one in row.references if one.last is not None})
    drops = any(row.drop is not None for row in found.rows)
    columns = {"reference": [*logged, *(["total change"] if drops else [])] if logged else []}
    for row in found.rows if logged else ():
        total = [_change(row.drop)] if drops else []
        columns[names[row.label]] = [*(_logged(row, name) for name in logged), *total]
    told = "last rating (and its change since its own start)" if drops else "last rating"
    return _table(f"References as logged: {told}", columns, set(names.values()))


def _logged(row: SweepRow, name: str) -> str:
    one = next((one for one in row.references if one.name == name and one.last is not None), None)
    if one is None:
        return NOTHING
    return f"{one.last:.0f}" + ("" if one.drop is None else f" ({_change(one.drop)})")


def _change(drop: float | None) -> str:
    """Write a drop as the change that it is.

    >>> _change(12.0), _change(-3.25), _change(None)
    ('-12', '+3.2', '–')
    """
    return signed(None if drop is None else -drop)


def _played_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    """Give the references that games rate; that at which the scale is fixed says nothing."""
    played = [one for row in found.rows for one in row.references if one.estimate is not None and one.estimate.se != 0]
    free = sorted({one.name for one in played})
    columns = {"reference": free}
    for row in found.rows if free else ():
        columns[names[row.label]] = [_rated(row, name) for name in free]
    return _table("References by each run's own games", columns, set(names.values()))


def _rated(row: SweepRow, name: str) -> str:
    one = next((one for one in row.references if one.name == name), None)
    return NOTHING if one is None or one.estimate is None else elo_text(one.estimate.value)


def _rankings_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    heads = {"gap": "by gap", "reference_elo": f"by logged {found.reference}", "drop": "by total change"}
    kept = [one for one in rankings(found) if one.rows]
    count = max((len(one.rows) for one in kept), default=0)
    columns = {"rank": [f"{place + 1}" for place in range(count)]}
    for one in kept:
        write = _RANKED[one.by]
        told = [f"{names[label]} {write(value)}" for label, value in one.rows]
        columns[heads[one.by]] = [*told, *[NOTHING] * (count - len(told))]
    return _table("Rankings (by numbers alone: neighbours may be equals)", columns, {"rank"})


_RANKED: Mapping[str, Callable[[float], str]] = {
    "gap": signed,
    "reference_elo": lambda value: f"{value:.0f}",
    "drop": _change,
}


def _config_table(found: SweepAnswer, names: Mapping[str, str]) -> TextTable:
    shown = found.config.shown
    columns = {"key": [one.key for one in shown]}
    for at, row in enumerate(found.rows):
        columns[names[row.label]] = [cell(one.values[at]) for one in shown]
    return _table("Configured differently", columns, ())
