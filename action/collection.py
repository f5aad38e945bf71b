"""Collecting: everything that a policy asks of a run becomes evidence. No judgement and no adapter may enter."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from action.approval import Found
from action.checkpoint import read_checkpoint
from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.files import open_input, show_name
from action.log_window import LOOK_BACK, log_window, unknown_start
from action.ports import FetchedRun, GamesReading, Held, LogReply, LogRequest, Ports, RunRequest
from action.runs import exists, fetches, is_online, read_run
from action.settings import CheckSettings, PolicyText
from checks.axis import on_trainer_steps
from checks.check import LAST_PROMOTED, Policy
from checks.completeness import planned_steps
from checks.policy import parse_policy
from checks.questions.answer import answer_all
from checks.questions.catalog import QUESTIONS
from checks.questions.tally import Ask
from checks.run import Asked, Checkpoint, Evidence, LogTable, Note, NoteKind, Origin, RunData, Words
from checks.story import tell_story
from checks.waiver import Waiver

NEWEST = "newest"
"""As a checkpoint: the newest model artifact that the run logged."""
EVENT_FILES = (".jsonl", ".jsonl.gz")
GAME_FILES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")
BESIDE = frozenset({*(f"events{suffix}" for suffix in EVENT_FILES), *(f"games{suffix}" for suffix in GAME_FILES)})
"""Files that lie beside a run and are none."""


def read_policy(policy: PolicyText, ports: Ports, judged_at: str) -> Policy:
    """Read a policy as of the day of judging; one that was read before is not read again."""
    return _parsed(policy, tuple(ports.profiles.items()), date.fromisoformat(judged_at[:10]))


@functools.lru_cache(maxsize=32)
def _parsed(policy: PolicyText, profiles: tuple[tuple[str, str], ...], today: date) -> Policy:
    return parse_policy(policy.text, source=policy.source, profiles=dict(profiles), today=today)


def games_reading(policy: Policy) -> GamesReading:
    """Give how the policy wants games to be read."""
    return GamesReading(columns=policy.league.columns, cluster=policy.league.cluster)


def planned_key(policy: Policy) -> str | None:
    """Give the key of the configuration that holds the plan, where the policy names one."""
    return policy.planned_steps if isinstance(policy.planned_steps, str) else None


@dataclass(frozen=True, kw_only=True)
class _Logs:
    """Answers to log questions, wherever they came from."""

    tables: dict[str, LogTable] = field(default_factory=dict)
    source: str | None = None
    notes: tuple[Note, ...] = ()
    asked: tuple[Asked, ...] = ()


def collect(settings: CheckSettings, policy: Policy, ports: Ports) -> Evidence:
    """Collect what the policy asks of: the run, its baselines, answers to log questions, the checkpoint's digest.

    Raises:
        InputError: something that is named cannot be read.
        ServiceError: a service could not be reached, refused, or was not done by the deadline.
    """
    for path in (*settings.events, *settings.games):
        open_input(path).close()  # named by the user: one that is not there is a mistake, asked of or not
    deadline = Deadline(seconds=settings.deadline)
    with tempfile.TemporaryDirectory(prefix="gatekeeper-") as folder:
        return _collect(settings, policy, ports, (deadline, Path(folder)))


def _collect(settings: CheckSettings, policy: Policy, ports: Ports, bounds: tuple[Deadline, Path]) -> Evidence:
    deadline, _ = bounds
    fetched = _fetch(settings, policy, ports, bounds)
    run = on_trainer_steps(fetched.run, policy.metric_names("step"))
    # The configuration may hold secrets and is not kept: what judging needs of it is read now.
    # A number that the policy gives is the policy's: in the evidence it would pass for the run's own.
    own = run
    run = replace(run, planned_steps=planned_steps(run, planned_key(policy)), config={}, words=Words())
    online = fetches(settings.ref, ports)
    events = settings.events or (() if online else find_events(settings.ref))
    beside = fetched.games if online else find_games(settings.ref)
    games = settings.games or beside
    logs = (
        _logs_of_files(events, run, policy, ports)
        if events
        else _logs_of_service(settings, replace(fetched, run=run), policy, ports, deadline)
    )
    held = _holder(policy, fetched, ports, deadline)
    read = {
        name: _promoted(held, policy, ports, deadline)
        if name == LAST_PROMOTED
        else _baseline(name, policy, ports, deadline)
        for name in policy.baseline_runs
    }
    baselines = {name: (_plain(data), asked) for name, (data, asked) in read.items()}
    approvals = tuple(_approvals(policy, run, settings.origin, ports))
    return Evidence(
        run=run,
        logs=logs.tables,
        log_source=logs.source,
        games=", ".join(path.name for path in games) or None,
        game_record=ports.read_games(games, games_reading(policy)) if games and policy.asks_strength else None,
        baselines={name: data for name, (data, _) in baselines.items()},
        notes=(
            *_taken_here(settings.ref, ports),
            *_unlogged(settings, fetched, online=online),
            *logs.notes,
            *(note for one in approvals for note in one.notes),
        ),
        asked=(*fetched.asked, *logs.asked, *(one for _, asked in baselines.values() for one in asked)),
        checkpoint=_checkpoint(settings, fetched, online=online),
        origin=settings.origin,
        story=tell_story(own, {name: data for name, (data, _) in read.items() if isinstance(data, RunData)}),
        holder=held.holder if isinstance(held, Held) else None,
        approvals=tuple(one.approval for one in approvals if one.approval is not None),
        judged_at=settings.now,
    )


def _approvals(policy: Policy, run: RunData, origin: Origin | None, ports: Ports) -> Iterator[Found]:
    """Ask who approved the waivers that are for this run. No verdict depends on it, so a failure is told and borne."""
    failed: ServiceError | None = None
    for waiver in policy.waivers:
        if ports.find_approval is None or not waiver.fits(run.identity, origin):
            continue
        if failed is None:
            try:
                yield ports.find_approval(waiver)
            except ServiceError as error:  # a service that failed is not waited for again
                failed = error
        if failed is not None:
            yield _unasked(waiver, failed)


def _unasked(waiver: Waiver, error: ServiceError) -> Found:
    text = f"who approved the waiver of {waiver.check} for {waiver.scope} could not be asked: {error}"
    return Found(approval=None, notes=(Note(kind=NoteKind.ODD, text=text),))


def _plain(data: RunData | str) -> RunData | str:
    """Leave out what may hold secrets."""
    return data if isinstance(data, str) else replace(data, config={}, words=Words())


def _fetch(settings: CheckSettings, policy: Policy, ports: Ports, bounds: tuple[Deadline, Path]) -> FetchedRun:
    """Read a run; one of a service with its games and the checkpoint, which no file beside it could give."""
    deadline, folder = bounds
    if ports.fetch_run is None or not fetches(settings.ref, ports):
        return FetchedRun(run=read_run(settings.ref, policy.run_selection, ports), asked=())
    request = RunRequest(
        ref=settings.ref,
        selection=policy.run_selection,
        games=folder if policy.asks_strength and not settings.games else None,
        checkpoint=_artifact(settings.checkpoint),
        namesakes=ports.ask_logs is not None and not settings.events and _asks_logs(policy),
    )
    return ports.fetch_run(request, deadline)


def _artifact(checkpoint: str | None) -> str | None:
    """Give the artifact of the service that a checkpoint may be; None: bytes on this machine, or none is asked for."""
    if checkpoint is None or checkpoint == "" or (checkpoint != NEWEST and exists(Path(checkpoint))):
        return None
    return checkpoint


def _unlogged(settings: CheckSettings, fetched: FetchedRun, *, online: bool) -> tuple[Note, ...]:
    """Tell where the newest checkpoint was asked for and the run logged none."""
    if settings.checkpoint != NEWEST or not online or fetched.checkpoint is not None:
        return ()
    text = "The run logged no model artifact, so this verdict names no checkpoint, and can promote none"
    return (Note(kind=NoteKind.ODD, text=text),)


def _checkpoint(settings: CheckSettings, fetched: FetchedRun, *, online: bool) -> Checkpoint | None:
    if settings.checkpoint is None or fetched.checkpoint is not None:
        return fetched.checkpoint
    if settings.checkpoint == NEWEST and online:
        return None
    if settings.checkpoint == NEWEST:
        raise InputError(
            f"--checkpoint {NEWEST}: expected a run of W&B, whose artifacts tell which is the newest, got a local one; "
            "name the checkpoint or its path"
        )
    return read_checkpoint(settings.checkpoint)


def _taken_here(ref: str, ports: Ports) -> tuple[Note, ...]:
    """Tell where files were read under a name that a run on W&B could have."""
    if ports.fetch_run is None or not is_online(ref) or not exists(Path(ref)):
        return ()
    text = f"{show_name(ref)} was read from this machine; write wandb://{show_name(ref)} for the run on W&B"
    return (Note(kind=NoteKind.ODD, text=text),)


def _names(run: RunData) -> tuple[str, ...]:
    return tuple(name for name in (run.identity.name, run.identity.id) if name is not None)


def _logs_of_files(events: Sequence[Path], run: RunData, policy: Policy, ports: Ports) -> _Logs:
    source = ", ".join(path.name for path in events)
    if not policy.questions:
        return _Logs(source=source)
    files = ports.open_events(events)
    asked = [QUESTIONS[name] for name in policy.questions]
    answers = answer_all(asked, files, fields=policy.fields, run=_names(run))
    tables = {table.question: table for table in answers.tables}
    return _Logs(tables=tables, source=source, notes=(*files.notes, *answers.notes))


def _logs_of_service(
    settings: CheckSettings, fetched: FetchedRun, policy: Policy, ports: Ports, deadline: Deadline
) -> _Logs:
    """Ask the service that holds log events, where there is one and the policy asks of them."""
    if ports.ask_logs is None or not _asks_logs(policy):
        return _Logs()
    run = fetched.run
    window = log_window(run.identity, fetched.namesakes, datetime.fromisoformat(settings.now))
    request = LogRequest(
        asks=tuple(Ask(question=QUESTIONS[name]) for name in policy.questions),
        queries=policy.queries,
        since=window.since,
        until=window.until,
        runs=_names(run),
        names={"run.name": run.identity.name, "run.id": run.identity.id},
        fields=policy.fields,
    )
    reply = ports.ask_logs(request, deadline)
    return _Logs(
        tables=dict(zip((*policy.questions, *policy.queries), reply.tables, strict=True)),
        source=reply.source,
        notes=(*_unknown_start(reply, run), *window.notes, *reply.notes),
        asked=reply.asked,
    )


def _asks_logs(policy: Policy) -> bool:
    return bool(policy.questions or policy.queries)


def _unknown_start(reply: LogReply, run: RunData) -> tuple[Note, ...]:
    if not unknown_start(run.identity):
        return ()
    text = f"{reply.source}: the run does not record when it began, so events of the last {LOOK_BACK.days} days count"
    return (Note(kind=NoteKind.ODD, text=text),)


def _holder(policy: Policy, fetched: FetchedRun, ports: Ports, deadline: Deadline) -> Held | str:
    """Find whom `last-promoted` stands for; a sentence where it stands for nobody."""
    if LAST_PROMOTED not in policy.baseline_runs:
        return ""
    plan, artifact = policy.promotion, None if fetched.checkpoint is None else fetched.checkpoint.artifact
    registry = plan.registry or (artifact or "").rpartition(":")[0]
    if not registry or ports.find_holder is None:
        return (
            "no registry is known: name it in the policy as `promotion: {registry: …}`, or judge a run on W&B with "
            "--checkpoint."
        )
    try:
        found = ports.find_holder(registry, plan.alias, deadline)
    except InputError as error:
        return f"{error}."
    return found or (
        f"nobody holds {show_name(plan.alias)} in {show_name(registry)} yet: waive this check for the first run, or "
        "add it after the first promotion."
    )


def _promoted(
    held: Held | str, policy: Policy, ports: Ports, deadline: Deadline
) -> tuple[RunData | str, tuple[Asked, ...]]:
    return (held, ()) if isinstance(held, str) else _baseline(held.ref, policy, ports, deadline)


def _baseline(ref: str, policy: Policy, ports: Ports, deadline: Deadline) -> tuple[RunData | str, tuple[Asked, ...]]:
    try:
        if ports.fetch_run is not None and fetches(ref, ports):
            fetched = ports.fetch_run(RunRequest(ref=ref, selection=policy.selection), deadline)
        else:
            fetched = FetchedRun(run=read_run(ref, policy.selection, ports), asked=())
    except InputError as error:
        return f"{error}.", ()
    return on_trainer_steps(fetched.run, policy.metric_names("step")), fetched.asked


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def find_games(ref: str) -> tuple[Path, ...]:
    """Find the games beside a run."""
    return _beside(_folder(Path(ref)), "games", GAME_FILES)


def find_events(ref: str) -> tuple[Path, ...]:
    """Find the log events beside a run."""
    return _beside(_folder(Path(ref)), "events", EVENT_FILES)


def _beside(folder: Path, stem: str, suffixes: Sequence[str]) -> tuple[Path, ...]:
    """Find a file beside a run, the first of the kinds that is there."""
    found = (folder / f"{stem}{suffix}" for suffix in suffixes)
    return tuple(path for path in found if path.is_file())[:1]
