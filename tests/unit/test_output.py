from __future__ import annotations

from pathlib import Path

import pytest

from action.errors import OutputError
from action.output import write_files


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_written_below_a_folder_that_is_made(tmp_path: Path) -> None:
    write_files(tmp_path / "new" / "out", {"a/b.json": b"1", "c.md": b""})

    assert everything(tmp_path / "new" / "out") == {"a/b.json": b"1", "c.md": b""}


def test_a_file_is_replaced_and_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "mine").write_bytes(b"kept")

    write_files(tmp_path, {"a": b"new"})

    assert everything(tmp_path) == {"a": b"new", "mine": b"kept"}


def test_a_written_file_may_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    (tmp_path / "beside").touch()

    write_files(tmp_path, {"a": b"1"})

    assert (tmp_path / "beside").stat().st_mode == (tmp_path / "a").stat().st_mode


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")

    with pytest.raises(OutputError, match=r"out/a: expected a folder that can be written to, got: .*; free some space"):
        write_files(tmp_path / "out", {"a": b"1"})

    assert (tmp_path / "out").read_bytes() == b"mine"


def test_a_file_whose_place_is_taken_by_a_folder_leaves_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "verdict.json" / "x").mkdir(parents=True)

    with pytest.raises(OutputError, match=r"verdict\.json"):
        write_files(tmp_path, {"verdict.json": b"1"})

    assert everything(tmp_path) == {}


class StopError(BaseException):
    pass


@pytest.mark.parametrize("problem", [StopError(), MemoryError(), OSError(28, "No space left on device")])
def test_whatever_interrupts_the_writing_leaves_the_old_file_and_no_part_of_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def interrupted(_: int) -> None:
        raise problem

    monkeypatch.setattr("os.fsync", interrupted)

    with pytest.raises((StopError, MemoryError, OutputError)):
        write_files(tmp_path, {"a": b"new"})

    assert everything(tmp_path) == {"a": b"old"}


def test_the_files_before_the_one_that_fails_are_whole_and_those_after_it_untouched(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "c").write_bytes(b"old")

    with pytest.raises(OutputError):
        write_files(tmp_path, {"a": b"new", "b": b"new", "c": b"new"})

    assert everything(tmp_path) == {"a": b"new", "c": b"old"}
