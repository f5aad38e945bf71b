"""What is in a bundle, and its files as bytes. No disk may enter: that is `store.py`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from action.evidence.game_records import games_text
from action.evidence.records import evidence_record, rows_text, series_text, tables_record
from action.evidence.values import Record
from checks.run import Evidence, RunData

MANIFEST = "manifest.json"
POLICY = "policy.yml"
LOGS = "logs.json"
GAMES = "games.jsonl"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Evidence with the policy it was collected for."""

    evidence: Evidence
    policy_text: str
    policy_source: str
    collected_by: str
    """The version of this tool that collected it."""


@dataclass(frozen=True, kw_only=True)
class BundleFiles:
    """A bundle ready to be written."""

    files: Mapping[str, bytes]
    """Path inside the bundle, with `/` → content; the manifest is one of them."""
    sha256: str
    """Of the manifest, which holds the sha256 of every other file: the digest of the bundle."""


def bundle_files(bundle: Bundle) -> BundleFiles:
    """Turn a bundle into its files; the same bundle gives the same bytes."""
    evidence = bundle.evidence
    files = {
        POLICY: bundle.policy_text.encode(),
        LOGS: dump(tables_record(evidence.logs)),
        **_run_files("run", evidence.run),
    }
    if evidence.game_record is not None:
        files[GAMES] = games_text(evidence.game_record)
    baselines = [data for _, data in sorted(evidence.baselines.items()) if isinstance(data, RunData)]
    for number, data in enumerate(baselines, start=1):
        files |= _run_files(f"baselines/{number}", data)
    manifest = {
        "version": VERSION,
        "collected_by": bundle.collected_by,
        "policy": {"source": bundle.policy_source},
        **evidence_record(evidence),
        "files": {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())},
    }
    content = dump(manifest)
    return BundleFiles(files={MANIFEST: content, **files}, sha256=hashlib.sha256(content).hexdigest())


def _run_files(folder: str, run: RunData) -> dict[str, bytes]:
    return {f"{folder}/rows.jsonl": rows_text(run.rows), f"{folder}/series.jsonl": series_text(run.series)}


def dump(record: Record) -> bytes:
    """Write a record as indented ASCII JSON with a final newline."""
    return (json.dumps(record, indent=1, ensure_ascii=True, allow_nan=False, sort_keys=True) + "\n").encode()
