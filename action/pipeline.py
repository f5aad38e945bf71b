"""The staircase: collect → judge. Owns the ports, as Protocols; imports no adapter.

No argument parsing, no rendering and no format of a source may enter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Protocol

from action.checkpoint import read_checkpoint
from action.errors import InputError, UsageError
from action.evidence.bundle import Bundle, BundleFiles, bundle_files
from action.evidence.store import find_bundle, read_bundle
from action.files import open_input, read_error, show_name
from action.settings import CheckSettings, PolicyText
from checks.axis import on_trainer_steps
from checks.check import Policy
from checks.completeness import planned_steps
from checks.policy import PolicyError, parse_policy
from checks.questions.answer import answer_all
from checks.questions.catalog import QUESTIONS
from checks.result import Verdict
from checks.run import Evidence, GameRecord, Note, RunData, Selection
from checks.verdict import Judgement, judge

_ONLINE = re.compile(r"(?:wandb://|https?://)|^[\w.-]+/[\w.-]+/[\w.-]+$")


class RunSource(Protocol):
    """Reads runs of one format."""

    def recognises(self, path: Path, /) -> bool:
        """Tell by a cheap look whether a path is of this format; never raises."""
        ...

    def read(self, path: Path, selection: Selection, /) -> RunData:
        """Read a run; InputError for what cannot be read at all."""
        ...


class EventFiles(Protocol):
    """Events of log files; `notes` is complete after an iteration."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was odd or lost."""
        ...

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        """Give the events one after the other."""
        ...


@dataclass(frozen=True, kw_only=True)
class GamesReading:
    """How games are to be read."""

    columns: str | None = None
    """Which column is which, as `a=black,b=white`; None: they are called as ours."""
    cluster: str | None = None
    """The field that makes one observation; None: the rollout, else the game."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the outside world does for the pipeline."""

    sources: Sequence[RunSource]
    """Asked in this order."""
    open_events: Callable[[Sequence[Path]], EventFiles]
    read_games: Callable[[Sequence[Path], GamesReading], GameRecord]
    """Reads and reduces games; InputError for what is none."""
    profiles: Mapping[str, str]
    tool_version: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict, with what it rests on."""

    verdict: Verdict
    policy: Policy
    bundle: Bundle
    files: BundleFiles


def check_run(settings: CheckSettings, ports: Ports) -> Judged:
    """Judge a run, or a bundle again.

    Raises:
        UsageError: a bundle is to be judged with other evidence than its own.
        InputError: the run, a log file, a file of games or the checkpoint cannot be read; a bundle does not hold what
            another policy would have read.
        PolicyError: the policy cannot be used.
    """
    place = named_bundle(settings.ref, ports)
    if place is not None:
        if settings.events or settings.games or settings.checkpoint is not None:
            raise UsageError(
                f"{show_name(settings.ref)}: expected --events, --games or --checkpoint beside a run, got them beside "
                "a bundle, whose evidence is fixed; leave them out, or judge the run itself"
            )
        bundle = read_bundle(place)
        wanted = settings.policy or PolicyText(text=bundle.policy_text, source=bundle.policy_source)
        policy = read_policy(wanted, ports, bundle.evidence.judged_at)
        if settings.policy is not None:
            _require_same_reading(settings.ref, bundle, policy, ports)
        evidence, collector = bundle.evidence, bundle.collected_by
    else:
        wanted = settings.policy or settings.fallback_policy
        policy = read_policy(wanted, ports, settings.now)
        evidence, collector = collect(settings, policy, ports), ports.tool_version
    bundle = Bundle(evidence=evidence, policy_text=wanted.text, policy_source=wanted.source, collected_by=collector)
    files = bundle_files(bundle)
    judgement = Judgement(tool_version=ports.tool_version, evidence_sha256=files.sha256)
    return Judged(verdict=judge(policy, evidence, judgement), policy=policy, bundle=bundle, files=files)


def read_policy(policy: PolicyText, ports: Ports, judged_at: str) -> Policy:
    """Read a policy as of the day of judging."""
    today = date.fromisoformat(judged_at[:10])
    return parse_policy(policy.text, source=policy.source, profiles=ports.profiles, today=today)


def _require_same_reading(ref: str, bundle: Bundle, policy: Policy, ports: Ports) -> None:
    """Refuse a policy that would have read other values out of the run, which a bundle no longer holds."""
    own = PolicyText(text=bundle.policy_text, source=bundle.policy_source)
    try:
        first = read_policy(own, ports, bundle.evidence.judged_at)
        same = {
            "integrity.planned-steps": _planned_key(first) == _planned_key(policy),
            "fields": first.fields == policy.fields or not bundle.evidence.logs,
            "games": _reading(first) == _reading(policy) or bundle.evidence.game_record is None,
            "roles.step": first.metric_names("step") == policy.metric_names("step"),
        }
    except PolicyError:
        same = {"everything (its own policy cannot be read any more)": False}
    other = ", ".join(key for key, is_same in same.items() if not is_same)
    if other:
        raise InputError(
            f"{show_name(ref)}: expected a policy that reads runs as that of the bundle does, got one that differs in "
            f"{other}; judge the run itself"
        )


def _reading(policy: Policy) -> GamesReading:
    return GamesReading(columns=policy.league.columns, cluster=policy.league.cluster)


def _planned_key(policy: Policy) -> str | None:
    return policy.planned_steps if isinstance(policy.planned_steps, str) else None


def collect(settings: CheckSettings, policy: Policy, ports: Ports) -> Evidence:
    """Collect what the policy asks of: the run, its baselines, answers to log questions, the checkpoint's digest."""
    for path in (*settings.events, *settings.games):
        open_input(path).close()  # named by the user: one that is not there is a mistake, asked of or not
    counters = policy.metric_names("step")
    run = on_trainer_steps(read_run(settings.ref, policy.selection, ports), counters)
    # The configuration may hold secrets and is not kept: what judging needs of it is read now.
    # A number that the policy gives is the policy's: in the evidence it would pass for the run's own.
    run = replace(run, planned_steps=planned_steps(run, _planned_key(policy)), config={})
    beside = _folder(Path(settings.ref))
    events = settings.events or _beside(beside, "events", EVENT_FILES)
    games = settings.games or _beside(beside, "games", GAME_FILES)
    answers = None
    if events and policy.questions:
        files = ports.open_events(events)
        names = tuple(name for name in (run.identity.name, run.identity.id) if name is not None)
        asked = [QUESTIONS[name] for name in policy.questions]
        answers = answer_all(asked, files, fields=policy.fields, run=names)
    return Evidence(
        run=run,
        logs={} if answers is None else {table.question: table for table in answers.tables},
        log_source=", ".join(path.name for path in events) or None,
        games=", ".join(path.name for path in games) or None,
        game_record=ports.read_games(games, _reading(policy)) if games and policy.asks_strength else None,
        baselines={name: _baseline(name, policy, ports) for name in policy.baseline_runs},
        notes=() if answers is None else (*files.notes, *answers.notes),
        checkpoint=None if settings.checkpoint is None else read_checkpoint(settings.checkpoint),
        judged_at=settings.now,
    )


def read_run(ref: str, selection: Selection, ports: Ports) -> RunData:
    """Read a run by whichever source knows it, or out of a bundle."""
    path = Path(ref)
    if not ref or not _exists(path):
        online = "; runs on W&B cannot be read yet, only files" if _ONLINE.search(ref) else ""
        name = show_name(ref) or "an empty name"
        raise InputError(f"{name}: expected a run, found nothing there; check the path{online}")
    place = named_bundle(ref, ports)
    if place is not None:
        return read_bundle(place).evidence.run
    for source in ports.sources:
        if source.recognises(path):
            return source.read(path, selection)
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{show_name(ref)}: expected a run, got an empty file (0 bytes); was it written at all?")
    raise InputError(f"{show_name(ref)}: expected a run, got {_contents(path)}; {_KNOWN}")


def named_bundle(ref: str, ports: Ports) -> Path | None:
    """Find the bundle that a reference names; InputError where it names a run as well.

    `check RUN --out RUN` puts evidence into the run's own folder: judging that again instead of the run, which may have
    gone on since, must not happen unseen.
    """
    path = Path(ref)
    place = find_bundle(path) if ref and _exists(path) else None
    if place is not None and place != path and _holds_run(path, ports):
        raise InputError(
            f"{show_name(ref)}: expected a run or a bundle, got a folder with both; name {show_name(place)} or the "
            "file of the run, and write verdicts to another folder"
        )
    return place


def _holds_run(folder: Path, ports: Ports) -> bool:
    inside = [child for child in folder.iterdir() if child.is_file() and child.name != "verdict.json"]
    return any(source.recognises(one) for source in ports.sources for one in (folder, *inside))


_KNOWN = (
    "known are W&B files and folders, TensorBoard event files, trainer_state.json, .jsonl, .csv, .parquet "
    "and evidence bundles"
)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or with a NUL
        return False


def _contents(path: Path) -> str:
    try:
        if not path.is_dir():
            return "a file of no format that is known"
        names = sorted(child.name + ("/" if child.is_dir() else "") for child in path.iterdir())
    except OSError as error:
        raise read_error(path, error) from error
    if not names:
        return "an empty folder"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return "a folder with " + ", ".join(map(show_name, names[:8])) + more + "; name the run's own file or folder in it"


def _baseline(ref: str, policy: Policy, ports: Ports) -> RunData | str:
    try:
        run = read_run(ref, policy.selection, ports)
        return on_trainer_steps(run, policy.metric_names("step"))
    except InputError as error:
        return f"{error}."


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


EVENT_FILES = (".jsonl", ".jsonl.gz")
GAME_FILES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")


def find_games(ref: str) -> tuple[Path, ...]:
    """Find the games beside a run."""
    return _beside(_folder(Path(ref)), "games", GAME_FILES)


def _beside(folder: Path, stem: str, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """Find a file beside a run, the first of the kinds that is there."""
    found = (folder / f"{stem}{suffix}" for suffix in suffixes)
    return tuple(path for path in found if path.is_file())[:1]
