"""Runs of a sweep, read with their games, and the answer to what the user asks. No statistic may enter."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from action.cli.elo_choice import changed_rule
from action.cli.online import service_ports
from action.cli.ports import choose_policy, fallback_policy
from action.cli.sweep_names import Named, find_left_out
from action.cli.sweep_runs import Online, SweepChoice, listed_runs, local_runs, require_fitting
from action.collection import find_games, games_reading, read_policy
from action.deadline import Deadline
from action.errors import InputError, UsageError
from action.evidence.store import read_bundle
from action.files import show_name
from action.ports import Ports, RunRequest
from action.runs import fetches, named_bundle, read_run
from checks.axis import on_trainer_steps
from checks.check import DIAGNOSED, RATINGS, Policy
from checks.elo.agents import EloError
from checks.elo.fit import FitError
from checks.run import GameRecord, Identity, Note, RunData, Selection
from checks.sweep.answer import SweepAnswer
from checks.sweep.comparison import compare_runs
from checks.sweep.entry import Entry, SweepQuestion, label_runs

MOST = 200
"""Runs that one comparison takes."""
ROLES = (*DIAGNOSED, "win-rate", "placement-rate", "step")
"""Roles whose series are looked at."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A run as it was read."""

    ref: str
    """How the user named it, or where it was found."""
    run: RunData
    games: GameRecord | None = None
    shared: tuple[Path, ...] = ()
    """The files of games that lie beside it, not yet read: they may lie beside other runs too."""
    played: bool = False
    """There are games of it, asked of or not."""


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads runs, with what they share."""

    choice: SweepChoice
    policy: Policy
    ports: Ports
    deadline: Deadline
    folder: Path
    """For games that are fetched."""
    selection: Selection = field(init=False)

    def __post_init__(self) -> None:
        names = frozenset(name for role in ROLES for name in self.policy.metric_names(role))
        object.__setattr__(self, "selection", Selection(names=names, prefixes=(RATINGS,)))

    def read(self, ref: str, number: int) -> _Found:
        """Read one run, from files, a bundle or a service."""
        found = self._read(ref, number)
        return replace(found, run=on_trainer_steps(found.run, self.policy.metric_names("step")))

    def _read(self, ref: str, number: int) -> _Found:
        if self.ports.fetch_run is not None and fetches(ref, self.ports):
            place = self.folder / str(number)
            place.mkdir()
            request = RunRequest(ref=ref, selection=self.selection, games=None if self.choice.series else place)
            fetched = self.ports.fetch_run(request, self.deadline)
            return _Found(ref=ref, run=fetched.run, games=self.games(fetched.games), played=bool(fetched.games))
        bundle = named_bundle(ref, self.ports)
        if bundle is not None:
            evidence = read_bundle(bundle).evidence
            games = None if self.choice.series else evidence.game_record
            return _Found(ref=ref, run=evidence.run, games=games, played=evidence.games is not None)
        run, beside = read_run(ref, self.selection, self.ports), find_games(ref)
        return _Found(ref=ref, run=run, shared=() if self.choice.series else beside, played=bool(beside))

    def games(self, paths: Sequence[Path]) -> GameRecord | None:
        """Read files of games; None: there are none."""
        return self.ports.read_games(paths, games_reading(self.policy)) if paths else None


def answer_sweep(choice: SweepChoice) -> tuple[SweepAnswer, tuple[Note, ...]]:
    """Answer with the comparison, and what was odd while reading.

    Raises:
        UsageError: options that do not fit together.
        InputError: what is named cannot be read, or cannot be compared.
        ServiceError: a service could not be reached, refused, or was not done by the deadline.
        PolicyError: the policy cannot be used.
    """
    require_fitting(choice)
    ports = service_ports()
    # Roles and the league are wanted, not waivers: no day on which one could have expired.
    policy = read_policy(choose_policy(choice.policy, None) or fallback_policy(), ports, "2000-01-01")
    with tempfile.TemporaryDirectory(prefix="gatekeeper-sweep-") as folder:
        deadline = Deadline(seconds=choice.deadline)
        reader = _Reader(choice=choice, policy=policy, ports=ports, deadline=deadline, folder=Path(folder))
        listed = listed_runs(choice, deadline, Path(folder))
        entries, cross = _entries(_kept(list(local_runs(choice, ports)), listed, reader), reader)
    try:
        answer = compare_runs(entries, _question(choice, policy, entries, cross))
    except (EloError, FitError) as error:
        more = f" and {len(entries) - 3} more" if len(entries) > 3 else ""
        raise InputError(f"{', '.join(entry.label for entry in entries[:3])}{more}: {error}") from error
    return answer, (*_notes(entries), *(() if cross is None else cross.notes))


def _question(choice: SweepChoice, policy: Policy, entries: Sequence[Entry], cross: GameRecord | None) -> SweepQuestion:
    """Give what is asked; refuse a rule of ratings that would have no effect on the answer."""
    given = [f"--{name.replace('_', '-')}" for name, value in choice.rule.items() if value is not None]
    if given and all(entry.games is not None for entry in entries):
        raise UsageError(f"{', '.join(given)}: expected logged ratings, got games; give --series, or leave it out")
    league = replace(policy.league, rule=changed_rule(policy.league.rule, choice.rule))
    return SweepQuestion(
        policy=replace(policy, league=league),
        candidate=choice.candidate,
        against=choice.reference,
        confidence=choice.confidence,
        cross=cross,
    )


def _notes(entries: Sequence[Entry]) -> Iterator[Note]:
    """Give what was odd while reading, each once with the runs that it is told of."""
    told: dict[Note, list[str]] = {}
    for entry in entries:
        for note in (*entry.run.notes, *(() if entry.games is None else entry.games.notes)):
            told.setdefault(note, []).append(entry.label)
    for note, labels in told.items():
        listed = "all runs" if len(labels) == len(entries) else ", ".join(labels[:4])
        more = f" and {len(labels) - 4} more" if 4 < len(labels) < len(entries) else ""
        yield replace(note, text=f"{listed}{more}: {note.text}")


def _kept(refs: Sequence[str], listed: Sequence[Online], reader: _Reader) -> list[_Found]:
    """Read the runs that are to be compared; refuse fewer than two, too many, and one given twice."""
    choice = reader.choice
    _require_few(len(refs))
    found = [reader.read(ref, number) for number, ref in enumerate(refs)]
    prefix = choice.prefix or "" if choice.project is None else ""
    named = [Named(run=one.run, ref=one.ref, shown=one.run.identity.name.startswith(prefix)) for one in found]
    out = find_left_out([*named, *map(_unread, listed)], choice.without)
    kept = [one for place, one in enumerate(found) if named[place].shown and place not in out]
    # One that is left out is not fetched: it may be why it is left out.
    online = [(place, one.ref) for place, one in enumerate(listed, len(refs)) if place not in out]
    _require_few(len(refs) + len(online))
    kept += [reader.read(ref, place) for place, ref in online]
    places: set[tuple[str, str | None]] = set()
    for run in (one.run for one in kept):
        if _place(run) in places:
            raise UsageError(f"{show_name(run.ref)}: expected every run once, got it again; name it once")
        places.add(_place(run))
    if len(kept) < 2:
        got = "none" if not kept else f"{show_name(kept[0].run.identity.name)} alone"
        raise UsageError(f"sweep: expected at least two runs to compare, got {got}; name more")
    return kept


def _require_few(count: int) -> None:
    if count > MOST:
        raise UsageError(f"sweep: expected at most {MOST} runs, got {count}; name fewer")


def _unread(one: Online) -> Named:
    """Give a run on W&B by its names."""
    return Named(run=RunData(ref=one.ref, source="", identity=Identity(name=one.name, id=one.id)), ref=one.ref)


def _place(run: RunData) -> tuple[str, str | None]:
    """Give what makes two references the same run: its id and when it began, else where its files lie."""
    if run.identity.id is not None:
        return run.identity.id, run.identity.started_at
    return str(Path(run.ref).resolve()), None


def _entries(found: Sequence[_Found], reader: _Reader) -> tuple[list[Entry], GameRecord | None]:
    """Read the games of each run; those that lie beside several runs are games between runs."""
    often = Counter(path.resolve() for one in found for path in one.shared)
    between = [path for path, count in often.items() if count > 1]
    own = [one.games or reader.games([path for path in one.shared if path.resolve() not in between]) for one in found]
    labels = label_runs([one.run for one in found])
    entries = [
        Entry(label=label, run=one.run, games=games, played=one.played)
        for label, one, games in zip(labels, found, own, strict=True)
    ]
    return entries, reader.games([*between, *reader.choice.games])
