from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import math
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from action.errors import InputError
from action.evidence import records, store
from action.evidence.bundle import Bundle, bundle_files
from action.evidence.store import find_bundle, read_bundle
from action.output import write_files
from action.report.document import verdict_json
from action.report.markdown import verdict_markdown
from checks.approval import Approval
from checks.run import (
    Checkpoint,
    Evidence,
    Identity,
    LogTable,
    Note,
    NoteKind,
    Rows,
    RunData,
    RunState,
    Series,
)
from tests.runs import NOW, judge_path, rows, write_output, write_run

NAMES = st.text(st.characters(), min_size=1, max_size=12)
FLOATS = st.floats(width=64)


def run_data(**changes: Any) -> RunData:
    good = RunData(
        ref="runs/a",
        source="W&B file",
        identity=Identity(id="a1", name="a", url=None, commit="ab12", started_at=NOW, finished_at=None),
        state=RunState.FINISHED,
        exit_code=0,
        planned_steps=3,
        rows=Rows(
            steps=np.array([0, 1, 2], np.int64),
            kinds=np.array([0, 1, 0], np.int32),
            names=(frozenset({"kl"}), frozenset({"kl", "reward"})),
        ),
        series={"kl": series("kl", 0.1, math.nan, math.inf)},
        catalog={"kl": 3, "reward": 1},
        notes=(Note(kind=NoteKind.LOST, text="line 7 was lost"),),
    )
    return replace(good, **changes)


def series(name: str, *values: float) -> Series:
    return Series(name=name, steps=np.arange(len(values), dtype=np.int64), values=np.array(values, np.float64))


def bundle(run: RunData | None = None, **changes: Any) -> Bundle:
    evidence = Evidence(
        run=run or run_data(),
        logs={
            "errors": LogTable(
                question="errors", by=None, columns=("rate", "text"), rows=((math.inf, "x"), (None, "")), events=2
            )
        },
        log_source="events.jsonl",
        games="games.jsonl",
        baselines={"b": run_data(ref="b"), "a": "it is not there.", "c": run_data(ref="c", series={})},
        notes=(Note(kind=NoteKind.ODD, text="odd"),),
        checkpoint=Checkpoint(name="adapter_v1", step=1, digest="sha256:00"),
        judged_at=NOW,
    )
    return Bundle(
        evidence=replace(evidence, **changes), policy_text="version: 1\n", policy_source="p.yml", collected_by="0.1.0"
    )


def read_back(made: Bundle, folder: Path) -> Bundle:
    write_files(folder, bundle_files(made).files)
    return read_bundle(folder)


def test_a_bundle_reads_back_as_it_was_and_gives_the_same_bytes(tmp_path: Path) -> None:
    made = bundle()

    read = read_back(made, tmp_path)

    assert bundle_files(made) == bundle_files(read)
    assert made.evidence.logs == read.evidence.logs
    assert made.evidence.checkpoint == read.evidence.checkpoint
    assert (
        read.evidence.run.identity.id,
        read.evidence.run.state,
        read.evidence.run.exit_code,
        read.evidence.run.planned_steps,
    ) == ("a1", RunState.FINISHED, 0, 3)
    np.testing.assert_array_equal(made.evidence.run.series["kl"].values, read.evidence.run.series["kl"].values)
    np.testing.assert_array_equal(made.evidence.run.rows.kinds, read.evidence.run.rows.kinds)
    assert made.evidence.run.rows.names == read.evidence.run.rows.names
    assert {"b", "a", "c"} == set(read.evidence.baselines)


@pytest.mark.parametrize(("number", "logins"), [(12, ("alice", "bob")), (12, ()), (None, ())])
def test_who_approved_a_waiver_reads_back(tmp_path: Path, number: int | None, logins: tuple[str, ...]) -> None:
    approval = Approval(check="a", scope="x", reason="r", expires="2099-12-31", pull_request=number, approved_by=logins)

    made = bundle(approvals=(approval,))
    assert read_back(made, tmp_path).evidence.approvals == (approval,)


def test_a_bundle_without_approvals_is_as_it_was_before_there_were_any(tmp_path: Path) -> None:
    files = bundle_files(bundle()).files

    assert "approvals" not in json.loads(files["manifest.json"])
    assert read_back(bundle(), tmp_path).evidence.approvals == ()


@pytest.mark.parametrize(
    "change",
    [
        {"approved_by": [5]},
        {"approved_by": "a"},
        {"pull_request": "12"},
        {"pull_request": True},
        {"check": None},
        {"scope": 1},
    ],
)
def test_approvals_of_another_shape_are_no_bundle(tmp_path: Path, change: dict[str, Any]) -> None:
    approval = {
        "check": "a",
        "scope": "x",
        "reason": "r",
        "expires": "2099-12-31",
        "pull_request": 1,
        "approved_by": [],
    }
    write_files(tmp_path, bundle_files(bundle()).files)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "approvals": [approval | change]}))

    with pytest.raises(InputError, match="one that cannot be read"):
        read_bundle(tmp_path)


def test_a_run_without_rows_and_series_reads_back(tmp_path: Path) -> None:
    empty = run_data(rows=Rows(steps=np.zeros(0, np.int64), kinds=np.zeros(0, np.int32), names=()), series={})

    read = read_back(bundle(empty), tmp_path)

    assert (read.evidence.run.rows.steps.size, read.evidence.run.series) == (0, {})


def test_an_empty_series_stays_a_series(tmp_path: Path) -> None:
    read = read_back(bundle(run_data(series={"kl": series("kl")})), tmp_path)

    assert {name: one.values.size for name, one in read.evidence.run.series.items()} == {"kl": 0}


def test_a_configuration_never_enters_a_bundle() -> None:
    files = bundle_files(bundle(run_data(config={"api_key": "hunter2-secret"}))).files

    assert not [name for name, content in files.items() if b"hunter2" in content or b"api_key" in content]


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), FLOATS), max_size=30), NAMES)
def test_every_float_and_step_of_a_series_reads_back_to_the_last_bit(
    points: list[tuple[int, float]], name: str
) -> None:
    made = Series(
        name=name,
        steps=np.array([step for step, _ in points], np.int64),
        values=np.array([value for _, value in points], np.float64),
    )

    read = records.read_series(store._lines(records.series_text({name: made})))

    np.testing.assert_array_equal(made.steps, read[name].steps)
    np.testing.assert_array_equal(made.values, read[name].values)
    finite = np.isfinite(made.values)
    assert made.values[finite].tobytes() == read[name].values[finite].tobytes()


def test_long_series_are_parted_into_short_lines() -> None:
    text = records.series_text({"kl": series("kl", *(float(value) for value in range(2 * records.CHUNK + 1)))})

    lengths = [len(json.loads(line)["values"]) for line in text.splitlines()]

    assert lengths == [records.CHUNK, records.CHUNK, 1]


@given(NAMES, st.text(max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_names_and_notes_read_back(tmp_path: Path, name: str, text: str) -> None:
    data = run_data(
        series={name: series(name, 1.0)},
        catalog={name: 1},
        notes=(Note(kind=NoteKind.ODD, text=text),),
        identity=Identity(name=name, id=text),
    )

    read = read_back(bundle(data), tmp_path)

    assert [name] == list(read.evidence.run.series)
    assert (name, text, text) == (
        read.evidence.run.identity.name,
        read.evidence.run.identity.id,
        read.evidence.run.notes[0].text,
    )


def test_a_bundle_is_found_by_its_folder_its_output_folder_and_its_archive(tmp_path: Path) -> None:
    write_files(tmp_path / "out" / "evidence", bundle_files(bundle()).files)
    packed = pack(tmp_path / "out" / "evidence", tmp_path / "b.tar.gz")

    assert tmp_path / "out" / "evidence" == find_bundle(tmp_path / "out")
    assert tmp_path / "out" / "evidence" == find_bundle(tmp_path / "out" / "evidence")
    assert packed == find_bundle(packed)
    assert find_bundle(tmp_path) is None
    assert find_bundle(tmp_path / "nothing") is None


# --- altered, damaged and hostile bundles ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle of a small run, with a baseline."""
    run = write_run(tmp_path / "run")
    write_run(tmp_path / "base")
    policy = (
        'version: 1\nchecks:\n  kl: {metric: kl, stat: p95, pass: "< 1"}\n'
        f"  base: {{metric: reward, baseline: {{run: {tmp_path / 'base' / 'run.jsonl'}, max-drop: 5%}}}}\n"
    )
    write_output(judge_path(run, policy), tmp_path / "out")
    return tmp_path / "out" / "evidence"


def pack(folder: Path, target: Path, prefix: str = "evidence") -> Path:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(folder, arcname=prefix)
    return target


def add_member(target: Path, name: str, content: bytes = b"", **facts: Any) -> None:
    """Add one member to a new archive beside the members of an old one."""
    with tarfile.open(target, "r:gz") as old:
        kept = [(member, old.extractfile(member)) for member in old.getmembers()]
        read = [(member, stream.read() if stream else b"") for member, stream in kept]
    with tarfile.open(target, "w:gz") as archive:
        for member, body in read:
            archive.addfile(member, io.BytesIO(body))
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for fact, value in facts.items():
            setattr(info, fact, value)
        archive.addfile(info, io.BytesIO(content))


def files_of(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def test_every_file_of_a_bundle_but_the_manifest_is_held_by_a_digest(folder: Path) -> None:
    held = json.loads((folder / "manifest.json").read_text())["files"]

    assert sorted({*held, "manifest.json"}) == list(files_of(folder))


def test_one_altered_byte_in_any_file_is_refused(folder: Path) -> None:
    names = [name for name in files_of(folder) if name != "manifest.json"]
    assert len(names) == 6
    for name in names:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        with pytest.raises(InputError, match="is not the file that was written"):
            read_bundle(folder)
        (folder / name).write_bytes(whole)
    assert read_bundle(folder).evidence.judged_at == NOW


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "run" / "series.jsonl").unlink()

    with pytest.raises(InputError, match=r"series\.jsonl: expected a file, found nothing there"):
        read_bundle(folder)


def test_an_archive_gives_the_verdict_of_its_folder(folder: Path, tmp_path: Path) -> None:
    expected = verdict_json(judge_path(folder, None).verdict)

    for prefix in ("evidence", ".", "./evidence"):
        packed = pack(folder, tmp_path / "b.tar.gz", prefix)
        assert expected == verdict_json(judge_path(packed, None).verdict)


def test_an_archive_packed_from_outside_says_what_to_pack(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "b.tar.gz", "deep/er/evidence")

    with pytest.raises(InputError, match=r"expected manifest\.json in the bundle, found none"):
        read_bundle(packed)


@pytest.mark.parametrize("name", ["../../escaped.txt", "/escaped.txt", "evidence/../../escaped.txt"])
def test_members_with_paths_out_of_the_archive_are_never_written(folder: Path, tmp_path: Path, name: str) -> None:
    packed = pack(folder, tmp_path / "b.tar.gz")
    before = sorted(tmp_path.rglob("*"))
    add_member(packed, name, b"evil")

    assert read_bundle(packed).evidence.judged_at == NOW
    assert before == sorted(tmp_path.rglob("*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_file_does_not_stand_for_one(folder: Path, tmp_path: Path, kind: bytes) -> None:
    shutil.copy(folder / "policy.yml", tmp_path / "policy.yml")
    (folder / "policy.yml").unlink()
    packed = pack(folder, tmp_path / "b.tar.gz")
    add_member(packed, "evidence/policy.yml", type=kind, linkname=str(tmp_path / "policy.yml"))

    with pytest.raises(InputError, match=r"expected policy\.yml in the bundle, found none"):
        read_bundle(packed)


def test_an_archive_that_unpacks_to_more_than_a_bundle_may_hold_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 2**20)
    packed = pack(folder, tmp_path / "b.tar.gz")
    add_member(packed, "evidence/baselines/2/rows.jsonl", b"0" * 2**20)

    with pytest.raises(InputError, match="expected regular files of at most"):
        read_bundle(packed)


def test_members_that_are_not_of_a_bundle_are_not_unpacked_however_large(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 2**20)
    packed = pack(folder, tmp_path / "b.tar.gz")
    add_member(packed, "evidence/zeros.bin", b"0" * 2**21)

    assert read_bundle(packed).evidence.judged_at == NOW


def test_a_file_of_a_folder_that_is_too_large_or_a_pipe_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="expected regular files of at most"):
        read_bundle(folder)
    monkeypatch.undo()
    (folder / "policy.yml").unlink()
    (folder / "policy.yml").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="expected regular files of at most"):
        read_bundle(folder)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_an_archive_that_was_cut_is_one_clear_error(folder: Path, tmp_path: Path, keep: float) -> None:
    packed = pack(folder, tmp_path / "b.tar.gz")
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(keep * len(whole))] or b"\x1f\x8b")

    with pytest.raises(InputError, match=r"b\.tar\.gz"):
        read_bundle(packed)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_archive_with_a_flipped_byte_is_read_to_the_same_verdict_or_refused(
    tmp_path: Path, folder: Path, data: st.DataObject
) -> None:
    packed = pack(folder, tmp_path / "b.tar.gz")
    expected = verdict_json(judge_path(packed, None).verdict)
    content = bytearray(packed.read_bytes())
    content[data.draw(st.integers(2, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    packed.write_bytes(content)

    with contextlib.suppress(InputError):
        assert expected == verdict_json(judge_path(packed, None).verdict)


def test_a_byte_of_the_manifest_that_flipped_in_an_archive_is_seen(folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "b.tar.gz"
    with tarfile.open(packed, "w:gz", compresslevel=0) as archive:  # stored as it is: any flip unpacks
        archive.add(folder, arcname="evidence")
    whole = packed.read_bytes()
    assert b"JSONL table" in whole
    packed.write_bytes(whole.replace(b"JSONL table", b"JSON= table"))

    with pytest.raises(InputError, match=r"b\.tar\.gz: expected .*CRC check failed"):
        read_bundle(packed)


def test_what_follows_the_end_of_an_archive_fills_no_memory(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "b.tar.gz")
    with gzip.open(packed, "ab") as more:
        for _ in range(3):
            more.write(b"\0" * 2**20)

    assert read_bundle(packed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "MAX_BYTES", 2**20)
        with pytest.raises(InputError, match=r"b\.tar\.gz: expected regular files of at most"):
            read_bundle(packed)


@pytest.mark.parametrize("version", [0, 2, "1", None, 10**400])
def test_a_bundle_of_another_version_is_refused(folder: Path, version: object) -> None:
    change(folder, ("version",), version)

    with pytest.raises(InputError, match="expected a bundle of version 1, got"):
        read_bundle(folder)


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from paths(below, (*path, key))


def change(folder: Path, path: tuple[str | int, ...], value: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    holder = manifest
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    (folder / "manifest.json").write_text(json.dumps(manifest))


WRONG: tuple[object, ...] = (None, 5, 1e308, math.inf, 10**400, "x", [1], {}, "\ud800")


def test_whatever_is_written_into_a_manifest_is_judged_or_refused_in_one_sentence(folder: Path) -> None:
    whole = (folder / "manifest.json").read_text()
    places = [path for path in paths(json.loads(whole)) if path]
    assert len(places) > 40
    refused = 0
    for path in places:
        for value in WRONG:
            change(folder, path, value)
            try:
                judged = judge_path(folder, None)
                verdict_json(judged.verdict)
                verdict_markdown(judged.verdict).encode()
            except InputError:
                refused += 1
            (folder / "manifest.json").write_text(whole)
    assert 0 < refused < len(places) * len(WRONG)


LINES = (
    '{"name": "kl", "steps": [1e400], "values": [1]}',
    f'{{"name": "kl", "steps": [{10**30}], "values": [1]}}',
    '{"name": "kl", "steps": [1, 2], "values": [1]}',
    '{"name": "kl", "steps": ["a"], "values": [1]}',
    '{"name": "kl", "steps": [1], "values": ["text"]}',
    '{"name": "kl", "steps": [[1]], "values": [[1]]}',
    '{"name": "kl", "steps": 1, "values": 1}',
    '{"name": "kl"}',
    "[]",
    "null",
    "[" * 100_000,
    "\x00",
)


@pytest.mark.parametrize("line", LINES)
def test_series_that_are_none_are_refused_even_with_a_digest_that_fits(folder: Path, line: str) -> None:
    content = (line + "\n").encode()
    (folder / "run" / "series.jsonl").write_bytes(content)
    change(folder, ("files", "run/series.jsonl"), hashlib.sha256(content).hexdigest())

    with pytest.raises(InputError, match="expected an evidence bundle of version 1, got one that cannot be read"):
        judge_path(folder, None)


ROWS = (
    '{"names": [["kl"]]}\n{"steps": [0], "kinds": [1]}',
    '{"names": [["kl"]]}\n{"steps": [0], "kinds": [-1]}',
    '{"names": [["kl"]]}\n{"steps": [0, 1], "kinds": [0]}',
    f'{{"names": [["kl"]]}}\n{{"steps": [0], "kinds": [{2**40}]}}',
    '{"names": [5]}\n{"steps": [0], "kinds": [0]}',
    '{"steps": [0], "kinds": [0]}',
)


@pytest.mark.parametrize("text", ROWS)
def test_rows_that_are_none_are_refused_even_with_a_digest_that_fits(folder: Path, text: str) -> None:
    content = (text + "\n").encode()
    (folder / "run" / "rows.jsonl").write_bytes(content)
    change(folder, ("files", "run/rows.jsonl"), hashlib.sha256(content).hexdigest())

    with pytest.raises(InputError, match="expected an evidence bundle of version 1, got one that cannot be read"):
        judge_path(folder, None)


def test_the_same_run_in_another_place_gives_another_reference_but_the_same_data(tmp_path: Path) -> None:
    first, second = (judge_path(write_run(tmp_path / name, rows())) for name in ("a", "b"))

    assert first.files.files["run/series.jsonl"] == second.files.files["run/series.jsonl"]
    assert first.files.sha256 != second.files.sha256
