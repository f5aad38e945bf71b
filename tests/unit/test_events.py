"""Log events come from files one after the other, and what is lost is told."""

import gzip
import json
from pathlib import Path

import pytest

from action.errors import InputError
from action.sources.events import EventFiles
from checks.run import Note, NoteKind

LINES = b'{"event": "a"}\n{"event": "b"}\n'


def written(tmp_path: Path, data: bytes, name: str = "events.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def names(events: EventFiles) -> list[object]:
    return [event["event"] for event in events]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("events.jsonl", LINES),
        ("events.jsonl", LINES.rstrip()),
        ("events.jsonl", b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n")),
        ("events.jsonl.gz", gzip.compress(LINES, mtime=0)),
        ("events.json", b' [{"event": "a"},\n {"event": "b"}]\n'),
        ("events.json", LINES),
    ],
)
def test_lines_and_lists_give_the_same_events(tmp_path: Path, name: str, data: bytes) -> None:
    events = EventFiles([written(tmp_path, data, name)])

    assert (names(events), events.notes) == (["a", "b"], ())


def test_files_come_in_order_and_may_be_read_again(tmp_path: Path) -> None:
    events = EventFiles(
        [written(tmp_path, b'{"event": 1}\nx\n', "z.jsonl"), written(tmp_path, b'[{"event": 2}]', "a.json")]
    )

    assert [1, 2] == names(events) == names(events)
    assert len(events.notes) == 1


def test_lines_that_are_no_objects_become_one_note_a_file(tmp_path: Path) -> None:
    data = LINES + b"oops\n[1]\n17\n" + b"[" * 200_000 + b'\n{"event": "c"}\n{"event": "d'

    files = EventFiles([written(tmp_path, data)])
    assert len(list(files)) == 3
    notes = files.notes
    text = "events.jsonl: no JSON object, left out: 5 lines, the first is line 3"
    assert (Note(kind=NoteKind.LOST, text=text),) == notes


def test_a_cut_list_is_read_up_to_the_damage(tmp_path: Path) -> None:
    path = written(tmp_path, b'[{"event": "a"}, 3, {"event": "b"', "events.json")

    files = EventFiles([path])
    assert list(files) == [{"event": "a"}]
    notes = files.notes
    assert [note.text for note in notes][:1] == ["events.json: no JSON object, left out: event 2"]
    assert [n.text for n in notes][1:] == [
        "events.json: the JSON is damaged or cut off, all that follows is lost: event 3"
    ]


def test_a_second_list_in_the_file_is_not_lost_silently(tmp_path: Path) -> None:
    events = EventFiles([written(tmp_path, b'[{"event": "a"}][{"event": "b"}]', "events.json")])

    assert names(events) == ["a"]
    assert [note.kind for note in events.notes] == [NoteKind.LOST]


def test_a_file_that_is_named_twice_is_counted_once(tmp_path: Path) -> None:
    path = written(tmp_path, LINES)
    (link := tmp_path / "link.jsonl").symlink_to(path)
    events = EventFiles([path, path, link])

    assert names(events) == ["a", "b"]
    assert [note.text for note in events.notes][:1] == ["events.jsonl: this file of events is named twice, read once"]


@pytest.mark.parametrize("data", [b"oops\n", b"\n \n", b"[]", b"[1, 2]", b"{", b'{"a": 1} {"a": 2}\n', b"\0" * 50])
def test_a_file_without_a_single_event_is_an_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError, match=r"events.jsonl: expected events, one JSON object a line .* got none; write"):
        list(EventFiles([written(tmp_path, data)]))


def test_a_bad_file_is_reported_before_the_first_event(tmp_path: Path) -> None:
    for bad, message in ((tmp_path / "none", "found nothing there"), (tmp_path, "got a directory")):
        with pytest.raises(InputError, match=message):
            next(iter(EventFiles([written(tmp_path, LINES), bad])))
    with pytest.raises(InputError, match="0 bytes"):
        next(iter(EventFiles([written(tmp_path, LINES), written(tmp_path, b"", "empty.jsonl")])))


def test_a_huge_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, LINES)
    with path.open("r+b") as stream:
        stream.truncate(200 * 2**20)
    with pytest.raises(InputError, match=r"events.jsonl:3: expected lines of at most 16 MiB"):
        list(EventFiles([path]))


def test_hostile_values_pass_through_as_data(tmp_path: Path) -> None:
    hostile = {"event": "\x1b[2J\u202e::error::", "@team": "</details>"}

    assert [hostile] == list(EventFiles([written(tmp_path, json.dumps(hostile).encode())]))
