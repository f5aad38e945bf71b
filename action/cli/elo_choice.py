"""What the user chose for `gatekeeper elo`, over what the policy says of the league, and the answer to it."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from action.cli.online import service_ports
from action.cli.ports import choose_policy, fallback_policy
from action.collection import find_games, read_policy
from action.deadline import Deadline
from action.errors import InputError, UsageError
from action.evidence.store import read_bundle
from action.files import show_name
from action.ports import GamesReading, Ports, RunRequest
from action.runs import fetches, named_bundle, read_run
from action.sources import games
from checks.check import RATINGS, LeaguePlan
from checks.elo.agents import EloError, Measured, Naming, compile_pattern
from checks.elo.analysis import analyse
from checks.elo.answer import EloQuestion
from checks.elo.facts import EloFacts, facts_of
from checks.elo.fit import FitError
from checks.elo.pace import SeriesRule, Update
from checks.elo.sequential import Hypotheses
from checks.league import FARTHEST, measured_rating, number_faults
from checks.run import GameRecord, Note, NoteKind, RunData, Selection
from checks.strength import judge_ratings

_RATING = re.compile(r"(.+)=([+-]?\d+(?:\.\d+)?)(?:(?:\+-|±)(\d+(?:\.\d+)?))?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class EloChoice:
    """The command line of `gatekeeper elo`, as values."""

    sources: tuple[str, ...]
    references: tuple[str, ...]
    candidate: str
    pattern: str | None
    checkpoints: tuple[str, ...]
    columns: str | None
    cluster: str | None
    confidence: float
    numbers: Mapping[str, float]
    """`elo0`, `elo1`, `alpha`, `beta`."""
    allow_disconnected: bool
    series: bool
    rule: Mapping[str, float | int | str | None]
    """How online ratings are made; None: as the policy says."""
    policy: Path | None
    deadline: float = 120.0
    given: frozenset[str] = frozenset()
    """Parameters that the user wrote; the others hold defaults."""

    def refuse(self, names: Iterable[str], wanted: str, got: str, advice: str) -> None:
        """Refuse options that would have no effect on the answer.

        Raises:
            UsageError: the user gave one of `names`.
        """
        idle = ", ".join(f"--{name.replace('_', '-')}" for name in names if name in self.given)
        if idle:
            raise UsageError(f"{idle}: expected {wanted}, got {got}; {advice}")


OF_GAMES = ("candidate", "columns", "cluster", "elo0", "elo1", "alpha", "beta", "allow_disconnected")
OF_RATINGS = ("k", "seats", "games_per_step", "update")


def answer_elo(choice: EloChoice) -> tuple[EloFacts, str, tuple[Note, ...]]:
    """Answer with the analysis, a title for it, and what was odd while reading.

    Raises:
        UsageError: options that do not fit together or are out of range.
        InputError: what is named cannot be read, or cannot answer.
        PolicyError: the policy cannot be used.
    """
    ports = service_ports()
    # What the policy says of the league is wanted, not its waivers: no day on which one could have expired.
    league = read_policy(choose_policy(choice.policy, None) or fallback_policy(), ports, "2000-01-01").league
    named = _references(choice.references)
    naming = _naming(choice, league, named)
    unmeasured = (name for name, measured in named.items() if measured is None)
    question = _question(choice, league, naming, next(unmeasured, None))
    where = ", ".join(map(show_name, choice.sources[:3])) + (", …" if len(choice.sources) > 3 else "")
    try:
        record, fetched = _online(choice, league, ports)
        if fetched is None and not choice.series:
            record = _games(choice, league, ports)
        if record is not None:
            choice.refuse(OF_RATINGS, "logged ratings", "games", "give --series to judge the ratings, or leave it out")
            title = f"Strength in {where}" + ("" if record.source in where else f" ({record.source})")
            return facts_of(analyse(record, question)), title, record.notes
        return _ratings(choice, league, question, fetched or _run_of(choice, choice.sources[0], ports))
    except (EloError, FitError) as error:
        raise InputError(f"{where}: {error}") from error


def _references(texts: tuple[str, ...]) -> dict[str, Measured | None]:
    found: dict[str, Measured | None] = {}
    for text in texts:
        parts = _RATING.fullmatch(text)
        name = text if parts is None else parts[1]
        if not name or (parts is None and "=" in text):
            raise UsageError(
                f"--reference {show_name(text)}: expected NAME or NAME=RATING, got another; write base_model=1000 "
                "or base_model=1000+-15"
            )
        if name in found:
            raise UsageError(f"--reference {show_name(name)}: expected every reference once, got it twice; remove one")
        found[name] = None if parts is None else measured_rating(float(parts[2]), float(parts[3] or 0.0))
        if parts is not None and found[name] is None:
            raise UsageError(
                f"--reference {show_name(text)}: expected a rating and an error within {FARTHEST:,} Elo, got more; "
                "change it"
            )
    return found


def _naming(choice: EloChoice, league: LeaguePlan, named: Mapping[str, Measured | None]) -> Naming:
    pattern = choice.pattern or league.checkpoints
    try:
        compile_pattern(pattern)
    except ValueError as error:
        raise UsageError(f"--checkpoints: {error}") from error
    steps: dict[str, int] = {}
    for text in choice.checkpoints:
        name, _, step = text.rpartition("=")
        if not name or not re.fullmatch(r"\d{1,15}", step):
            raise UsageError(
                f"--checkpoint {show_name(text)}: expected NAME=STEP, got another; write --checkpoint mine=100"
            )
        steps[name] = int(step)
    return Naming(references={**named, **league.references, **named}, pattern=pattern, checkpoints=steps or None)


def _question(choice: EloChoice, league: LeaguePlan, naming: Naming, against: str | None) -> EloQuestion:
    for name, problem in number_faults({**choice.numbers, "confidence": choice.confidence}):
        raise UsageError(f"--{name}: {problem}")
    return EloQuestion(
        naming=naming,
        candidate=choice.candidate,
        against=against,
        hypotheses=Hypotheses(**choice.numbers),
        confidence=choice.confidence,
        allow_disconnected=choice.allow_disconnected or league.allow_disconnected,
    )


def _online(choice: EloChoice, league: LeaguePlan, ports: Ports) -> tuple[GameRecord | None, RunData | None]:
    """Fetch a run of a service with the games that it logged; nothing and None for what lies on this machine."""
    ref = choice.sources[0]
    if len(choice.sources) > 1 or ports.fetch_run is None or not fetches(ref, ports):
        return None, None
    reading = GamesReading(columns=choice.columns or league.columns, cluster=choice.cluster or league.cluster)
    with tempfile.TemporaryDirectory(prefix="gatekeeper-games-") as folder:
        games_folder = None if choice.series else Path(folder)
        request = RunRequest(ref=ref, selection=Selection(prefixes=(RATINGS,)), games=games_folder)
        fetched = ports.fetch_run(request, Deadline(seconds=choice.deadline))
        return (ports.read_games(fetched.games, reading) if fetched.games else None), fetched.run


def _games(choice: EloChoice, league: LeaguePlan, ports: Ports) -> GameRecord | None:
    """Read the games that were named, or those beside the run that was; None: there are none."""
    reading = GamesReading(columns=choice.columns or league.columns, cluster=choice.cluster or league.cluster)
    paths = [Path(one) for text in choice.sources for one in _expanded(text)]
    if choice.sources == ("",):  # which is not the folder one stands in
        return None
    first = paths[0]
    bundle = named_bundle(str(first), ports) if len(paths) == 1 else None
    if bundle is not None:
        return _collected(bundle, choice)
    told = choice.columns is not None or len(paths) > 1
    if told or not _exists(str(first)) or (first.is_file() and games.recognises(first)):
        return ports.read_games(paths, reading)
    beside = find_games(str(first)) if _may_be_run(first, ports) else ()
    if not beside:
        return None
    record = ports.read_games(beside, reading)
    if first.is_dir():
        return record
    text = f"{show_name(first)} holds no games; read was {record.source} beside it"
    return replace(record, notes=(Note(kind=NoteKind.ODD, text=text), *record.notes))


def _may_be_run(path: Path, ports: Ports) -> bool:
    """Tell whether games beside a path are its own: a folder, or a file of a run that holds something."""
    return path.is_dir() or (path.stat().st_size > 0 and any(source.recognises(path) for source in ports.sources))


def _collected(bundle: Path, choice: EloChoice) -> GameRecord | None:
    """Give the games in a bundle; None: the run had none."""
    if choice.columns is not None or choice.cluster is not None:
        raise UsageError(
            "--columns, --cluster: expected them beside games, got them beside a bundle, whose games are counted "
            "already; leave them out, or name the file of games"
        )
    evidence = read_bundle(bundle).evidence
    if evidence.game_record is None and evidence.games is not None:
        raise InputError(
            f"{show_name(bundle)}: expected games, got evidence that was collected without those in "
            f"{show_name(evidence.games)}; name that file, or give --series for the logged ratings"
        )
    return evidence.game_record


def _exists(text: str) -> bool:
    return os.path.exists(text)  # noqa: PTH110 - Path.exists raises for a name that is too long


def _expanded(text: str) -> list[str]:
    """Give the files that a pattern fits, by name; a text that names something is no pattern."""
    if _exists(text) or not re.search(r"[*?[]", text):
        return [text]
    return sorted(glob.glob(text)) or [text]  # noqa: PTH207 - a pattern of the user's own


def _ratings(
    choice: EloChoice, league: LeaguePlan, question: EloQuestion, run: RunData
) -> tuple[EloFacts, str, tuple[Note, ...]]:
    choice.refuse(OF_GAMES, "games", "logged ratings", "these are judged all together by their own test: leave it out")
    ref = choice.sources[0]
    rule = changed_rule(replace(league.rule, confidence=choice.confidence), choice.rule)
    found = judge_ratings(run, question.naming, rule, question.against)
    if found is None:
        raise InputError(
            f"{show_name(ref)}: expected games or rating series ({RATINGS}AGENT of a reference and a checkpoint), "
            "found neither; name a file of games, say which column of a table is which with --columns, or tell how "
            "checkpoints are called with --checkpoints"
        )
    return facts_of(found), f"Learning signal in the logged ratings of {run.identity.name}", run.notes


def changed_rule(rule: SeriesRule, given: Mapping[str, float | int | str | None]) -> SeriesRule:
    """Change how online ratings are made as the user says; None: as it is.

    Raises:
        UsageError: a number is out of range.
    """
    changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if "update" in changes:
        changes["update"] = Update(str(changes["update"]))
    try:
        return replace(rule, **changes)  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(f"--k, --seats, --games-per-step: {error}; change them") from error


def _run_of(choice: EloChoice, ref: str, ports: Ports) -> RunData:
    if len(choice.sources) > 1:
        raise UsageError("--series: expected one run, got several; name one")
    try:
        return read_run(ref, Selection(prefixes=(RATINGS,)), ports)
    except InputError:
        if not choice.series and Path(ref).suffix and _exists(ref) and Path(ref).is_file():
            ports.read_games([Path(ref)], GamesReading())  # which says what a table of games would need
        raise
