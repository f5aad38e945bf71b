"""One past run judged, by one policy or by two; whatever is wrong with it becomes a sentence. No process may enter."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.collection import BESIDE, collect, read_policy
from action.errors import GatekeeperError
from action.evidence.store import find_bundle, read_bundle
from action.files import run_name
from action.pipeline import require_same_reading
from action.ports import Ports
from action.runs import named_bundle
from action.settings import CheckSettings, PolicyText
from checks.backtest.halves import Halves, compare_halves
from checks.backtest.past import PastRun, past_verdict
from checks.backtest.record import Record, record_of
from checks.check import Policy
from checks.elo.answer import Mode
from checks.policy import PolicyError
from checks.result import Verdict
from checks.run import Evidence, RunData
from checks.verdict import Judgement, judge

_DULL = frozenset({"evidence", "verdict.json"})
"""Ends of paths that say nothing about the run."""


@dataclass(frozen=True, kw_only=True)
class PastSettings:
    """How past runs are judged."""

    policy: PolicyText
    against: PolicyText | None
    """The other policy; None: there is none."""
    now: str
    """When runs that are no bundles count as judged: RFC 3339 in UTC."""
    labels_in: Path | None = None
    """The folder of the file of labels, from where it may name paths."""


def judge_past(settings: PastSettings, ref: str, ports: Ports) -> PastRun:
    """Judge a past run; never raises for what is wrong with the run."""
    try:
        return _judge(settings, ref, ports)
    except (GatekeeperError, PolicyError) as error:
        return unread(settings, ref, str(error))
    except MemoryError:
        return unread(settings, ref, "not enough memory for this run")
    except Exception as error:  # noqa: BLE001 - one run that no code of ours foresaw must not lose the others
        return unread(settings, ref, f"an unforeseen fault of this program: {type(error).__name__}: {error}")


def unread(settings: PastSettings, ref: str, fault: str) -> PastRun:
    """Give the row of a run that could not be judged."""
    # Of what could not be read the place alone is known.
    record = Record(place=_place(Path(ref)), name="", series={})
    return PastRun(ref=ref, paths=_paths(settings, ref), short=_ends(ref), record=record, fault=fault)


def _judge(settings: PastSettings, ref: str, ports: Ports) -> PastRun:
    texts = [settings.policy] + ([] if settings.against is None else [settings.against])
    judgement = Judgement(tool_version=ports.tool_version, evidence_sha256="")  # which no back-test shows
    judged = (
        (judge(policy, evidence, judgement), evidence) for policy, evidence in _evidence(settings, ref, texts, ports)
    )
    verdict, evidence = next(judged)
    run, other = verdict.run, next(judged, None)
    called = tuple(name for name in (run.name, run.id) if name is not None)
    return PastRun(
        ref=ref,
        paths=_paths(settings, ref),
        called=called,
        short=_ends(ref),
        name=run.name,
        record=_record(ref, evidence.run, ports),
        verdict=past_verdict(verdict),
        other=None if other is None else past_verdict(other[0]),
        halves=_halves(verdict, evidence),
    )


def _evidence(
    settings: PastSettings, ref: str, texts: Sequence[PolicyText], ports: Ports
) -> Iterator[tuple[Policy, Evidence]]:
    """Give what each policy judges: a bundle's evidence to all of them, of a run what each asks of it."""
    place = named_bundle(ref, ports)
    bundle = None if place is None else read_bundle(place)
    for text in texts:
        if bundle is not None:
            policy = read_policy(text, ports, bundle.evidence.judged_at)
            require_same_reading(ref, bundle, policy, ports)
            yield policy, bundle.evidence
        else:
            asked = CheckSettings(ref=ref, policy=text, fallback_policy=text, now=settings.now)
            policy = read_policy(text, ports, settings.now)
            yield policy, collect(asked, policy, ports)


def _paths(settings: PastSettings, ref: str) -> tuple[str, ...]:
    """Give the paths that may name a run: whole, and from the file of labels on."""
    whole = os.path.abspath(ref)  # noqa: PTH100 - resolve() would follow links and name their targets
    below = () if settings.labels_in is None else (os.path.relpath(whole, os.path.abspath(settings.labels_in)),)  # noqa: PTH100
    return (os.path.normpath(ref), whole, *below)


def _ends(ref: str) -> tuple[str, ...]:
    """Give the last part of a path that says something, with and without its suffix.

    >>> _ends("runs/a7/evidence"), _ends("runs/grpo-7.jsonl")
    (('a7',), ('grpo-7.jsonl', 'grpo-7'))
    """
    path = Path(ref)
    while path.name in _DULL and path.parent != path:
        path = path.parent
    return tuple(dict.fromkeys(name for name in (path.name, run_name(path)) if name))


def _record(ref: str, run: RunData, ports: Ports) -> Record:
    """Give what the run is recognised by, by whatever path it was named."""
    path = Path(ref)
    bundle = find_bundle(path)
    if bundle is not None:
        return record_of(run, place=_place(bundle), content=None)
    files = _files(path, ports)
    place = files[0] if len(files) == 1 else path
    return record_of(run, place=_place(place), content=_content(files) if files else None)


def _files(path: Path, ports: Ports) -> list[Path]:
    """Give the files that a run is read from."""
    if not path.is_dir():
        return [path]
    inside = sorted(child for child in path.iterdir() if child.is_file() and child.name not in BESIDE)
    return [child for child in inside if any(source.recognises(child) for source in ports.sources)]


def _place(path: Path) -> str:
    """Tell a place by what lies there: links and the spelling of a path do not change it."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # nothing lies there, or it is a name that no file system can hold
        return f"nothing at {path}"
    return f"{found.st_dev}:{found.st_ino}"


def _content(files: Sequence[Path]) -> str:
    """Tell what two runs were read from apart, also in what the policy does not ask of."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()


def _halves(verdict: Verdict, evidence: Evidence) -> Halves | None:
    """Hold the games of the candidate against themselves."""
    facts, record = verdict.elo, evidence.game_record
    if facts is None or record is None or facts.mode is not Mode.GAMES or facts.gap is None:
        return None
    return compare_halves(record.counts, tuple(name for name, _ in facts.references), facts.gap.candidate)
