"""What people see of a back-test: sentences and tables of texts, for the terminal and the Markdown alike.

Texts pass through unescaped: the page that shows them escapes. No colour, markup or width of a page may enter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from action.report.elo_view import TextTable
from action.report.view import NOTHING, many
from checks.backtest.confusion import Confusion, is_wrong
from checks.backtest.labels import Label
from checks.backtest.past import PastRun
from checks.backtest.proposal import METHOD, Proposal, Proposals, to_paste
from checks.backtest.share import Share
from checks.backtest.summary import Backtest
from checks.elo.words import elo as elo_text
from checks.result import Decision, Outcome, Severity


def backtest_sentences(found: Backtest) -> Iterator[str]:
    """Say what was found, the most important first."""
    seen = Counter(run.verdict.decision for run in found.runs if run.verdict is not None)
    listed = ", ".join(f"{seen[decision]:,} {decision.value}" for decision in Decision)
    counted = [run for run in found.runs if run.same_as is None]
    lost = sum(run.verdict is None for run in counted)
    unread = f"; {lost:,} could not be judged" if lost else ""
    yield f"{many(len(counted), 'run', 'runs')} by {found.trial.policy.source}: {listed}{unread}."
    twins = len(found.runs) - len(counted)
    if twins:
        yield f"{many(twins, 'name is', 'names are')} of a run that has another one here: each run counts once."
    if found.confusion is not None:
        yield from _rates(found.confusion, "")
    if found.confusion_against is not None and found.trial.against is not None:
        yield from _rates(found.confusion_against, f"By {found.trial.against.source}: ")
    if found.trial.against is not None:
        yield (
            f"{many(len(found.changes), 'verdict is', 'verdicts are')} another than by {found.trial.against.source}."
        )
    yield from found.remarks
    if found.calibration is not None:
        yield found.calibration.sentence
    yield from _bounds(found)


def _rates(confusion: Confusion, by: str) -> Iterator[str]:
    yield (
        f"{by}{of_text(confusion.false_block)} good runs blocked (fail or error), "
        f"{of_text(confusion.false_pass)} bad runs passed; inconclusive are {confusion.undecided_good.hits:,} good and "
        f"{confusion.undecided_bad.hits:,} bad."
    )


def _bounds(found: Backtest) -> Iterator[str]:
    proposals = found.proposals
    if proposals is None:
        yield "Bounds are proposed from runs that are labelled good: name them by --labels."
        return
    asked = percent(proposals.asked)
    stopped, good = proposals.together
    short = [row for row in proposals.rows if row.rule is None]
    if len(short) < len(proposals.rows):
        yield (
            f"Each bound below is to stop at most {asked} of healthy runs like these. That is an average over all the "
            "good runs you might have had: given those you did have, a bound may stop more or fewer, most likely a "
            "share within the interval in its row. Bounds add up: when each good run is held against the bounds that "
            f"the others give, {stopped:,} of {good:,} are stopped by one or more."
        )
    if short:
        names = ", ".join(row.check for row in short)
        needed = many(proposals.needed, "good run", "good runs")
        yield f"{asked} cannot be promised from so few runs for {names}: {needed} with a value are needed."


def of_text(share: Share) -> str:
    """Write a share with its interval: `1 of 20 (0.1 to 24.9 %)`."""
    if not share.of:
        return "0 of 0"
    return f"{share.hits:,} of {share.of:,} ({100 * share.low:.1f} to {100 * share.high:.1f} %)"


def percent(share: float) -> str:
    """Write a share in percent, three significant digits."""
    return f"{100 * share:.3g} %"


def backtest_tables(found: Backtest) -> tuple[TextTable, ...]:
    """Give every table that has rows and says something of the policy."""
    tables = (
        _confusion(found),
        _changes(found),
        _wrong(found),
        _unread(found),
        _twins(found),
        _tallies(found),
        *_proposals(found.proposals),
    )
    return tuple(table for table in tables if table.rows)


def run_tables(found: Backtest) -> tuple[TextTable, ...]:
    """Give every table that has rows and lists runs which are as they should be: long, and last."""
    tables = (
        _halves(found),
        _plain(found, "Runs without a label", labelled=False),
        _plain(found, "Runs that agree with their label, or are inconclusive", labelled=True),
    )
    return tuple(table for table in tables if table.rows)


def _confusion(found: Backtest) -> TextTable:
    told = [
        (confusion, policy)
        for confusion, policy in ((found.confusion, found.trial.policy), (found.confusion_against, found.trial.against))
        if confusion is not None and policy is not None
    ]
    several = len(told) > 1
    return TextTable(
        title="Verdicts and labels",
        heads=(
            *(("policy",) if several else ()),
            "label",
            *(decision.value for decision in Decision),
            "wrong",
            "95 % interval",
        ),
        rows=tuple(
            (*((policy.source,) if several else ()), word, *(f"{count:,}" for count in counts), *_share_cells(wrong))
            for confusion, policy in told
            for (word, counts), wrong in zip(
                confusion.counts, (confusion.false_block, confusion.false_pass), strict=True
            )
        ),
        right=frozenset(range(1 + several, 7 + several)),
    )


def _share_cells(share: Share) -> tuple[str, str]:
    if share.value is None:
        return NOTHING, NOTHING
    return percent(share.value), f"{100 * share.low:.1f} to {100 * share.high:.1f} %"


def _changes(found: Backtest) -> TextTable:
    return TextTable(
        title="Runs whose verdict changes",
        heads=("run", "before", "now", "label", "because of"),
        rows=tuple(
            (one.run.shown, one.before.value, one.after.value, _word(one.label), ", ".join(one.checks) or NOTHING)
            for one in found.changes
        ),
        right=frozenset(),
    )


def _word(label: Label | None) -> str:
    if label is None:
        return NOTHING
    return label.word if label.wrong is None else f"{label.word}: {label.wrong}"


def _is_wrong(run: PastRun, label: Label | None) -> bool:
    return run.verdict is not None and label is not None and is_wrong(run.verdict.decision, label)


def _rows(pairs: Sequence[tuple[PastRun, Label | None]]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (run.shown, run.verdict.decision.value, _word(label), ", ".join(run.verdict.deciding) or NOTHING)
        for run, label in pairs
        if run.verdict is not None
    )


_RUN_HEADS = ("run", "verdict", "label", "decided by")


def _wrong(found: Backtest) -> TextTable:
    pairs = [pair for pair in zip(found.runs, found.labels, strict=True) if _is_wrong(*pair)]
    return TextTable(title="Verdicts against the label", heads=_RUN_HEADS, rows=_rows(pairs), right=frozenset())


def _plain(found: Backtest, title: str, *, labelled: bool) -> TextTable:
    pairs = [
        (run, label)
        for run, label in zip(found.runs, found.labels, strict=True)
        if not _is_wrong(run, label) and (label is not None) == labelled
    ]
    title = title if found.confusion is not None else "Runs"
    return TextTable(title=title, heads=_RUN_HEADS, rows=_rows(pairs), right=frozenset())


def _unread(found: Backtest) -> TextTable:
    return TextTable(
        title="Runs that could not be judged",
        heads=("run", "label", "reason"),
        rows=tuple(
            (run.ref, _word(label), run.fault or NOTHING)
            for run, label in zip(found.runs, found.labels, strict=True)
            if run.verdict is None and run.same_as is None
        ),
        right=frozenset(),
    )


def _twins(found: Backtest) -> TextTable:
    return TextTable(
        title="Other names of these runs, which count for nothing",
        heads=("name", "reason"),
        rows=tuple((run.ref, run.fault or NOTHING) for run in found.runs if run.same_as is not None),
        right=frozenset(),
    )


def _tallies(found: Backtest) -> TextTable:
    place = list(Outcome).index(Outcome.INCONCLUSIVE)
    known = found.confusion is not None
    rows = [row for row in found.checks if row.decided or row.fired or row.outcomes[place]]
    return TextTable(
        title="What checks did, in how many runs (those that met no trouble are left out)",
        heads=("check", "decides", "alone", "fires", *(("on good", "on bad") if known else ()), "inconclusive"),
        rows=tuple(
            (
                row.id if row.severity is Severity.BLOCK else f"{row.id} (warns)",
                f"{row.decided:,}",
                f"{row.alone:,}",
                f"{row.fired:,}",
                *((f"{row.on_good:,}", f"{row.on_bad:,}") if known else ()),
                f"{row.outcomes[place]:,}",
            )
            for row in rows
        ),
        right=frozenset(range(1, 7)),
    )


def _proposals(found: Proposals | None) -> Iterator[TextTable]:
    if found is None:
        return
    yield TextTable(
        title=f"Proposed bounds, each for {percent(found.asked)} false alarms",
        heads=("check", "now", "proposed", "good runs", "alarms, 95 % interval", "left out", "stops bad"),
        rows=tuple(row for one in found.rows for row in _proposal(one)),
        right=frozenset({3, 4, 5, 6}),
    )


def _proposal(row: Proposal) -> Iterator[tuple[str, ...]]:
    if row.rule is None or row.alarms is None or row.caught is None:
        return
    yield (
        row.check,
        str(row.now),
        str(row.rule),
        f"{row.n:,}",
        f"{percent(row.alarms.rate)}, {100 * row.alarms.low:.1f} to {100 * row.alarms.high:.1f} %",
        f"{row.left_out_alarms:,} of {row.n:,}",
        f"{row.caught:,} of {row.bad:,} (now {row.caught_now:,})",
    )


def _halves(found: Backtest) -> TextTable:
    return TextTable(
        title="Two halves of one agent's games, which must tie",
        heads=("run", "agent", "clusters", "apart", "95 % interval", ""),
        rows=tuple(
            (
                run.shown,
                one.agent,
                " + ".join(f"{count:,}" for count in one.clusters),
                elo_text(one.value),
                f"{elo_text(one.low)} to {elo_text(one.high)}" if one.measured else "too few games",
                "differ" if one.differ else NOTHING,
            )
            for run in found.runs
            if (one := run.halves) is not None
        ),
        right=frozenset({2, 3, 4}),
    )


def method_text(found: Backtest) -> str | None:
    """Say how bounds were found; None without any."""
    return None if paste_text(found) is None else f"Bounds: {METHOD}."


def paste_text(found: Backtest) -> str | None:
    """Give YAML to paste; None without a bound. Ids of checks and numbers alone: it needs no escaping anywhere."""
    proposals = found.proposals
    if proposals is None or all(row.rule is None for row in proposals.rows):
        return None
    return to_paste(proposals)
