from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from action.checkpoint import read_checkpoint
from action.errors import InputError
from checks.run import Checkpoint


def folder(path: Path, **files: bytes) -> Path:
    for name, content in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def digest_of(path: Path) -> str | None:
    return read_checkpoint(str(path)).digest


@pytest.mark.parametrize(
    ("name", "step", "artifact"),
    [
        ("adapter_v10", 10, None),
        ("entity/project/adapter:v3", None, "entity/project/adapter:v3"),
        ("checkpoint-250", 250, None),
        ("qwen2.5-7b-v3", None, None),
        ("best", None, None),
    ],
)
def test_a_name_without_bytes_is_a_name(name: str, step: int | None, artifact: str | None) -> None:
    assert Checkpoint(name=name, step=step, artifact=artifact, digest=None) == read_checkpoint(name)


@pytest.mark.parametrize("name", ["", "./adapter", "/nowhere/adapter", "~/adapter", "adapter.safetensors", "A.PT", "."])
def test_a_path_where_nothing_is_is_no_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match=r"expected a checkpoint, (found nothing there|got a folder without files)"):
        read_checkpoint(name)


def test_a_file_is_named_with_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "adapter_v7.pt").write_bytes(b"weights")

    found = read_checkpoint(str(tmp_path / "adapter_v7.pt"))

    digest = hashlib.sha256(b"weights").hexdigest()
    assert Checkpoint(name="adapter_v7.pt", step=7, digest=f"sha256:{digest}") == found


def test_an_empty_file_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "adapter.pt").touch()

    with pytest.raises(InputError, match="0 bytes"):
        read_checkpoint(str(tmp_path / "adapter.pt"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs the tools of GNU")
def test_the_digest_of_a_folder_is_what_sha256sum_gives(tmp_path: Path) -> None:
    made = folder(tmp_path / "checkpoint-5", a__b=b"1", **{"a.c": b"2", "Z": b"", "é": b"3"})
    told = "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"
    shell = ["/bin/sh", "-c", told]
    expected = subprocess.run(shell, cwd=made, capture_output=True, check=True, text=True).stdout

    assert f"sha256:{expected.split()[0]}" == digest_of(made)


def test_the_name_of_a_folder_is_its_own_also_with_dots_and_slashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder(tmp_path / "checkpoint-5", a=b"1"))

    assert [read_checkpoint(".").name, read_checkpoint("../checkpoint-5/").name] == ["checkpoint-5", "checkpoint-5"]


def test_a_renamed_moved_or_changed_file_changes_the_digest(tmp_path: Path) -> None:
    digests = {
        digest_of(folder(tmp_path / "1" / "c", a=b"1", b=b"2")),
        digest_of(folder(tmp_path / "2" / "c", a=b"2", b=b"1")),
        digest_of(folder(tmp_path / "3" / "c", a=b"1", b__b=b"2")),
        digest_of(folder(tmp_path / "4" / "c", a=b"1")),
    }

    assert len(digests) == 4


def test_a_folder_without_files_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "c" / "empty").mkdir(parents=True)

    with pytest.raises(InputError, match="got a folder without files"):
        read_checkpoint(str(tmp_path / "c"))


def test_files_behind_a_link_are_digested_as_files(tmp_path: Path) -> None:
    # The cache of Hugging Face is made of links to files.
    blobs = folder(tmp_path / "blobs", a=b"1")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "a").symlink_to(blobs / "a")

    assert digest_of(blobs) == digest_of(linked)


@pytest.mark.parametrize("kind", ["link to a folder", "link to nothing", "pipe", "line break"])
def test_what_a_digest_would_leave_out_is_refused(tmp_path: Path, kind: str) -> None:
    made = folder(tmp_path / "c", a=b"1")
    if kind == "link to a folder":
        (made / "b").symlink_to(folder(tmp_path / "elsewhere", weights=b"2"))
    elif kind == "link to nothing":
        (made / "b").symlink_to("nowhere")
    elif kind == "pipe":
        os.mkfifo(made / "b")
    else:
        (made / "a\n0  b").write_bytes(b"2")

    with pytest.raises(InputError, match="expected only files and folders in a checkpoint"):
        read_checkpoint(str(made))


def test_a_file_name_that_is_no_utf8_is_digested(tmp_path: Path) -> None:
    made = folder(tmp_path / "c", a=b"1")
    before = digest_of(made)
    try:
        (made / "b\udcff").write_bytes(b"2")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")

    assert before != digest_of(made)


def test_a_file_that_lists_a_folder_has_the_folders_digest_and_is_refused(tmp_path: Path) -> None:
    made = folder(tmp_path / "adapter", a=b"1", b__c=b"2")
    lines = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in ((b"a", b"1"), (b"b/c", b"2")))
    listing = b"".join(digest.encode() + b"  " + name + b"\n" for name, digest in lines)
    (tmp_path / "listing").write_bytes(listing)
    assert digest_of(made) == f"sha256:{hashlib.sha256(listing).hexdigest()}"

    with pytest.raises(InputError, match="expected a checkpoint, got a list of digests"):
        read_checkpoint(str(tmp_path / "listing"))


@pytest.mark.parametrize("content", [b"0" * 64 + b"  x", b"0" * 64 + b"  x\n\0", b"0" * 64 + b" x\n", b"\n", b"x\n"])
def test_a_file_that_is_no_such_list_is_a_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "adapter.txt").write_bytes(content)

    assert digest_of(tmp_path / "adapter.txt") == f"sha256:{hashlib.sha256(content).hexdigest()}"
