"""Lines of text files, and values of JSON documents, whatever state the files are in."""

import gzip
import io
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from action.elements import DamageError, Document
from action.errors import InputError
from action.fault import Faults
from action.files import has_suffix, look, open_input, run_name, show_name
from action.lines import MAX_LINE, Lines


def written(tmp_path: Path, data: bytes, name: str = "a.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def lines_of(path: Path) -> tuple[list[tuple[int, str]], list[str], bool]:
    faults = Faults()
    lines = Lines(path, faults)
    return list(lines), [note.text for note in faults.notes(path.name, "line")], lines.whole


@pytest.mark.parametrize("data", [b"a\nb\n", b"a\r\nb\r\n", b"\xef\xbb\xbfa\nb\n", gzip.compress(b"a\nb\n", mtime=0)])
def test_line_ends_byte_order_mark_and_compression_do_not_show(tmp_path: Path, data: bytes) -> None:
    assert lines_of(written(tmp_path, data)) == ([(1, "a"), (2, "b")], [], True)


def test_a_missing_final_newline_is_remembered(tmp_path: Path) -> None:
    assert lines_of(written(tmp_path, b"a\nb")) == ([(1, "a"), (2, "b")], [], False)


def test_a_line_that_is_not_utf8_is_read_as_latin1_and_noted(tmp_path: Path) -> None:
    lines, notes, _whole = lines_of(written(tmp_path, "ok\nGröße\n".encode("latin-1")))

    assert lines == [(1, "ok"), (2, "Größe")]
    assert notes == ["a.txt: not UTF-8, read as Latin-1: line 2"]


@pytest.mark.parametrize("cut", [1, 9, 400])
def test_cut_compressed_data_give_what_came_before_and_a_note(tmp_path: Path, cut: int) -> None:
    whole = gzip.compress("".join(f"{os.urandom(20).hex()}\n" for _ in range(100)).encode())
    lines, notes, _whole = lines_of(written(tmp_path, whole[:-cut]))

    assert 0 < len(lines) <= 100
    assert len(notes) == 1
    assert "damaged or cut off, all that follows is lost" in notes[0]


def test_damaged_compressed_data_are_noted(tmp_path: Path) -> None:
    data = bytearray(gzip.compress("".join(f"{os.urandom(20).hex()}\n" for _ in range(9000)).encode()))
    data[len(data) // 2] ^= 0xFF
    _lines, notes, _whole = lines_of(written(tmp_path, bytes(data)))

    assert len(notes) == 1


@pytest.mark.parametrize("compress", [False, True])
def test_a_single_line_of_200_mb_is_refused_quickly_and_in_bounded_memory(tmp_path: Path, compress: bool) -> None:
    path = tmp_path / "huge.jsonl"
    if compress:
        with gzip.open(path, "wb", compresslevel=1) as stream:
            for _ in range(25):
                stream.write(bytes(2**20))
    else:
        with path.open("wb") as stream:
            stream.truncate(200 * 2**20)  # sparse: takes no room on the disk
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(InputError, match=r"huge.jsonl:1: expected lines of at most 16 MiB, got a longer one; write"):
        list(Lines(path, Faults()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * MAX_LINE
    assert time.perf_counter() - started < 5


def test_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected UTF-8 text, got UTF-16; save it as UTF-8"):
        list(Lines(written(tmp_path, "a\n".encode("utf-16")), Faults()))


def test_what_is_no_readable_file_gives_one_clear_message(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    cases = {
        tmp_path: "expected a file, got a directory",
        tmp_path / "none": "found nothing there",
        written(tmp_path, b"", "empty"): r"got an empty file \(0 bytes\)",
        pipe: "got a pipe or device",
        Path("a\0b"): "got one with a NUL",
        written(tmp_path, b"x", "file") / "below": "expected a readable file, got: Not a directory",
        tmp_path / ("x" * 300): r"x… *: |xxx.*File name too long",
    }
    for path, message in cases.items():
        with pytest.raises(InputError, match=message):
            open_input(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_gives_one_clear_message(tmp_path: Path) -> None:
    path = written(tmp_path, b"x")
    path.chmod(0)
    with pytest.raises(InputError, match="got permission denied"):
        open_input(path)


def test_looking_at_files_never_raises(tmp_path: Path) -> None:
    assert b"" == look(tmp_path, 4) == look(tmp_path / "none", 4) == look(Path("a\0b"), 4)
    assert not has_suffix(Path("a\0.csv"), ".csv")
    assert not has_suffix(tmp_path / "none.csv", ".csv")


def test_hostile_names_are_escaped_and_cut_in_messages() -> None:
    assert show_name("\x1b[2J\u202e\n::error::") == r"\x1b[2J\u202e\n::error::"
    assert len(show_name("x" * 5000)) == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/r/run-7/metrics.jsonl", "run-7"),
        ("/r/run-7/History.JSON", "run-7"),
        ("/r/run-7/ppo.v2.csv", "ppo.v2"),
        ("/r/run-7/checkpoint-250/trainer_state.json", "run-7"),
        ("/r/run-7/checkpoint-250", "run-7"),
        ("/r/run-7", "run-7"),
        ("/metrics.jsonl", "metrics"),
        ("/", "run"),
        (os.fsdecode(b"/r/\xff.csv"), "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_run_is_named_after_what_tells_it_apart(path: str, name: str) -> None:
    assert name == run_name(Path(path))


class Dripping(io.BytesIO):
    """Gives a few bytes at a time, so that every value is cut somewhere."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3)


def document(text: str) -> Document:
    return Document(Dripping(text.encode()))


def test_elements_come_whole_however_the_text_is_cut() -> None:
    text = '\ufeff [1, 123456, -0.5e3, "ü\\"]", {"a": [NaN, null]}, [], true] '
    whole = document(text)

    assert repr(list(whole.elements())) == "[1, 123456, -500.0, 'ü\"]', {'a': [nan, None]}, [], True]"
    whole.end()


def test_members_come_one_after_the_other() -> None:
    whole = document('{"a": 1, "rows": [{"x": 1}, {"x": 2}], "z": {}}')
    found = [(key, list(whole.elements()) if key == "rows" else whole.value()) for key in whole.members()]

    assert found == [("a", 1), ("rows", [{"x": 1}, {"x": 2}]), ("z", {})]
    assert list(document("[]").elements()) == []
    assert list(document("{}").members()) == []


def take_all(whole: Document, found: list[object]) -> None:
    if whole.peek() == "[":
        found.extend(whole.elements())
    else:
        found.extend(whole.value() for _key in whole.members())
    whole.end()


@pytest.mark.parametrize(
    "text", ["[1, 2", "[1, 2 3]", "[1, 2,]", "[1, 2, oops]", '[1, 2, "x', "[1, 2] [3]", "[1, 2, 1" + "0" * 5000]
)
def test_damage_comes_after_all_that_is_good(text: str) -> None:
    found: list[object] = []
    with pytest.raises(DamageError):
        take_all(document(text), found)

    assert found[:2] == [1, 2]


@pytest.mark.parametrize("text", ["", "x", "{", "[[" * 100_000, "{1: 2}", '{"a" 1}'])
def test_what_is_no_json_is_damage(text: str) -> None:
    with pytest.raises(DamageError):
        take_all(Document(io.BytesIO(text.encode())), [])


def test_one_huge_value_is_damage_and_not_a_full_memory() -> None:
    with pytest.raises(DamageError):
        list(Document(io.BytesIO(b'["' + bytes([65]) * (3 * MAX_LINE) + b'"]')).elements())
