"""TensorBoard event files become runs, whatever writers and crashes left in them."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from action.errors import InputError
from action.sources import tensorboard
from action.sources.tensorboard.event import DamageError, parse_event
from action.sources.tensorboard.records import checksum, checksums
from checks.run import NoteKind, RunData, Selection

ALL = Selection(everything=True)
NAME = "events.out.tfevents.1700000000.host.1.0"


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def part(number: int, data: bytes | int) -> bytes:
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def scalar(tag: str, value: float) -> bytes:
    return part(1, part(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value))


def tensor(tag: str, type_: int, body: bytes, shape: bytes = b"") -> bytes:
    return part(1, part(1, tag.encode()) + part(8, part(1, type_) + part(2, shape) + body))


def event(step: int, *values: bytes, wall_time: float = 1.7e9) -> bytes:
    return varint(1 << 3 | 1) + struct.pack("<d", wall_time) + part(2, step) + part(5, b"".join(values))


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", checksum(length)) + data + struct.pack("<I", checksum(data))


VERSION = record(varint(1 << 3 | 1) + struct.pack("<d", 1.7e9) + part(3, b"brain.Event:2"))


def kl(*steps: int) -> bytes:
    return b"".join(record(event(step, scalar("kl", step / 2))) for step in steps)


def written(folder: Path, data: bytes, name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def read(tmp_path: Path, *events: bytes, selection: Selection = ALL) -> RunData:
    return tensorboard.read(written(tmp_path / "run-7", VERSION + b"".join(map(record, events))), selection)


def kinds(run: RunData) -> list[tuple[int, set[str]]]:
    return [
        (step, set(run.rows.names[kind])) for step, kind in zip(run.rows.steps.tolist(), run.rows.kinds, strict=True)
    ]


def notes(run: RunData) -> list[tuple[NoteKind, str]]:
    return [(note.kind, note.text) for note in run.notes]


def test_a_file_gives_its_scalars_as_exact_float32(tmp_path: Path) -> None:
    run = read(tmp_path, event(1, scalar("kl", 0.1), scalar("loss", math.inf)), event(2, scalar("kl", math.nan)))

    expected = ("run-7", "2023-11-14T22:13:20Z", "TensorBoard event files", ())
    assert expected == (run.identity.name, run.identity.started_at, run.source, run.notes)
    assert float(np.float32(0.1)) == run.series["kl"].values[0]
    assert np.isnan(run.series["kl"].values[1])
    assert run.series["loss"].values.tolist() == [math.inf]
    assert kinds(run) == [(1, {"kl", "loss"}), (2, {"kl"})]


def test_events_of_one_step_make_one_row_unless_a_tag_comes_again(tmp_path: Path) -> None:
    a, b = scalar("a", 1), scalar("b", 2)
    run = read(
        tmp_path, event(1, a), event(1, b), event(2, a), event(2, a), event(1, b), event(3, b), event(2, b), event(3, a)
    )

    assert kinds(run) == [(1, {"a", "b"}), (2, {"a"}), (2, {"a", "b"}), (1, {"b"}), (3, {"a", "b"})]
    assert run.series["b"].steps.tolist() == [1, 1, 3, 2]


def test_only_chosen_tags_are_kept(tmp_path: Path) -> None:
    run = read(tmp_path, event(1, scalar("a", 1), scalar("b", 1)), selection=Selection(names=frozenset({"b", "c"})))

    assert (list(run.series), dict(run.catalog)) == (["b"], {"a": 1, "b": 1})


@pytest.mark.parametrize(
    ("type_", "body", "expected"),
    [
        (1, part(5, struct.pack("<f", 0.5)), 0.5),
        (1, varint(5 << 3 | 5) + struct.pack("<f", 0.5), 0.5),
        (1, part(4, struct.pack("<f", 0.5)), 0.5),
        (2, part(6, struct.pack("<d", 0.1)), 0.1),
        (3, part(7, varint(-7)), -7),
        (9, part(10, varint(2**40)), 2**40),
        (9, part(10, 5), 5),
        (9, part(4, struct.pack("<q", -5)), -5),
        (10, part(11, b"\1"), 1),
        (14, part(13, varint(0x3FC0)), 1.5),
        (14, part(4, b"\xc0\x3f"), 1.5),
        (19, part(13, varint(0x3E00)), 1.5),
        (19, part(4, struct.pack("<e", 1.5)), 1.5),
    ],
)
def test_tensors_without_a_dimension_are_scalars(type_: int, body: bytes, expected: float) -> None:
    assert parse_event(event(1, tensor("t", type_, body))).scalars == (("t", expected),)


def test_tensors_with_dimensions_text_and_other_summaries_are_no_scalars() -> None:
    values = part(5, struct.pack("<2f", 1, 2))
    other = part(1, part(1, b"image") + part(4, b"\x08\x01"))

    dimension = part(2, part(1, 2))
    assert not parse_event(event(1, tensor("t", 1, values, dimension), tensor("t", 7, part(8, b"x")), other)).scalars


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 30,
        event(1, scalar("kl", 1))[:-1],
        part(1, 5),
        part(2, b"x"),
        part(5, 3),
        event(1, tensor("t", 1, b"")),
        event(1, tensor("t", 9, b"")),
        event(1, part(1, part(1, b"t") + part(8, 5))),
        varint(2 << 3 | 3),
    ],
)
def test_bytes_that_are_no_event_are_damage(data: bytes) -> None:
    with pytest.raises(DamageError):
        parse_event(data)


def test_negative_steps_and_hostile_tags_are_data(tmp_path: Path) -> None:
    run = read(
        tmp_path,
        event(-1, scalar("\x1b[2J\u202e|`</details>", 1)),
        event(2, part(1, part(1, b"\xff") + part(2, b"")[:0] + b"\x15" + bytes(4))),
    )

    assert run.rows.steps.tolist() == [-1, 2]
    assert set(run.catalog) == {"\x1b[2J\u202e|`</details>", "\N{REPLACEMENT CHARACTER}"}
    assert notes(run) == [(NoteKind.ODD, f"{NAME}: the step is negative: record 2")]


@pytest.mark.parametrize("cut", [1, 4, 5, 30, 36])
def test_a_file_that_ends_within_a_record_is_read_up_to_there(tmp_path: Path, cut: int) -> None:
    run = tensorboard.read(written(tmp_path, (VERSION + kl(1, 2, 3))[:-cut]), ALL)

    assert run.rows.steps.tolist() == [1, 2]
    assert notes(run) == [
        (NoteKind.LOST, f"{NAME}: the file ends within a record, as of a writer that was killed: record 4")
    ]


def test_a_record_with_a_flipped_bit_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    data = bytearray(VERSION + kl(1, 2, 3))
    data[len(VERSION) + len(kl(1)) + 20] ^= 4
    run = tensorboard.read(written(tmp_path, bytes(data)), ALL)

    assert run.rows.steps.tolist() == [1, 3]
    assert notes(run) == [(NoteKind.LOST, f"{NAME}: the record's checksum does not fit its data, left out: record 3")]


def test_a_long_record_with_a_flipped_bit_is_left_out(tmp_path: Path) -> None:
    long = event(2, *(scalar(f"tag-{number}", number) for number in range(100)))
    whole = VERSION + kl(1) + record(long)
    assert len(tensorboard.read(written(tmp_path, whole), ALL).catalog) == 101

    data = bytearray(whole)
    data[-5] ^= 1
    run = tensorboard.read(written(tmp_path, bytes(data)), ALL)
    assert (list(run.catalog), [note.kind for note in run.notes]) == (["kl"], [NoteKind.LOST])


def test_after_a_damaged_length_all_is_lost_and_said_so(tmp_path: Path) -> None:
    run = tensorboard.read(written(tmp_path, VERSION + kl(1) + bytes(500)), ALL)

    text = f"{NAME}: the record's length is damaged, all that follows (500 bytes) is lost: record 3"
    assert notes(run) == [(NoteKind.LOST, text)]


def test_a_record_that_is_no_event_is_left_out(tmp_path: Path) -> None:
    run = read(tmp_path, event(1, scalar("kl", 1)), b"\xff" * 20, b"\xff", b"")

    assert notes(run) == [
        (NoteKind.LOST, f"{NAME}: the record is no event, left out: 2 records, the first is record 3")
    ]


def test_a_huge_record_is_passed_over_in_bounded_memory(tmp_path: Path) -> None:
    length = struct.pack("<Q", 200 * 2**20)
    path = written(tmp_path, VERSION + kl(1) + length + struct.pack("<I", checksum(length)))
    with path.open("r+b") as stream:
        stream.seek(200 * 2**20 + 4, 2)
        stream.write(kl(2))
    run = tensorboard.read(path, ALL)

    assert run.rows.steps.tolist() == [1, 2]
    assert notes(run) == [(NoteKind.LOST, f"{NAME}: the record is longer than 64 MiB, left out: record 3")]


def test_many_records_are_checked_in_batches(tmp_path: Path) -> None:
    run = tensorboard.read(written(tmp_path, VERSION + kl(*range(5000))), ALL)

    assert (run.rows.steps.size, run.notes) == (5000, ())


def test_checksums_agree_for_every_length() -> None:
    data = [bytes(range(length)) for length in range(4, 200)]

    assert checksums(data).tolist() == [checksum(one) for one in data]


def test_files_of_a_restarted_run_are_joined_in_the_order_of_time(tmp_path: Path) -> None:
    written(tmp_path, VERSION + kl(4, 5), "events.out.tfevents.1700000100.host.1.0")
    written(tmp_path, VERSION + kl(3), "events.out.tfevents.1700000001.host.11.0")
    written(tmp_path, VERSION + kl(1, 2), "events.out.tfevents.1700000001.host.2.0")
    written(tmp_path, b"", "events.out.tfevents.1700000000.host.0.0")
    run = tensorboard.read(tmp_path, ALL)

    assert tensorboard.recognises(tmp_path)
    assert run.rows.steps.tolist() == [1, 2, 3, 4, 5]
    assert notes(run) == [(NoteKind.ODD, "1 event files of 0 bytes")]


def test_a_restart_from_an_earlier_step_is_an_overlap(tmp_path: Path) -> None:
    written(tmp_path, VERSION + kl(1, 2, 3), "events.out.tfevents.1.h.0")
    second = written(tmp_path, VERSION + kl(2, 3, 4) + record(event(1, scalar("eval", 1))), "events.out.tfevents.2.h.0")
    run = tensorboard.read(tmp_path, ALL)

    assert run.series["kl"].steps.tolist() == [1, 2, 3, 2, 3, 4]
    text = "an earlier event file of this run holds a value at or after this step: 2 records, the first is record 2"
    assert notes(run) == [(NoteKind.OVERLAP, f"{second.name}: {text}")]


def test_a_file_of_its_own_for_evaluation_is_no_overlap(tmp_path: Path) -> None:
    written(tmp_path, VERSION + kl(1, 2), "events.out.tfevents.1.h.0")
    written(tmp_path, VERSION + record(event(2, scalar("eval", 1))), "events.out.tfevents.1.h.1")
    run = tensorboard.read(tmp_path, ALL)

    assert kinds(run) == [(1, {"kl"}), (2, {"kl"}), (2, {"eval"})]
    assert run.notes == ()


def test_directories_below_are_several_runs(tmp_path: Path) -> None:
    written(tmp_path / "logs/train", VERSION + kl(1))
    assert tensorboard.read(tmp_path, ALL).identity.name == "train"

    written(tmp_path / "logs/eval\x1b[2J", VERSION + kl(1))
    assert tensorboard.recognises(tmp_path)
    with pytest.raises(InputError, match=r"of one run, got 2 directories: logs/eval\\x1b\[2J, logs/train; name one"):
        tensorboard.read(tmp_path, ALL)

    written(tmp_path, VERSION + kl(1, 2))
    run = tensorboard.read(tmp_path, ALL)
    assert run.rows.steps.tolist() == [1, 2]
    assert [note.kind for note in run.notes] == [NoteKind.ODD]
    assert "are not read: logs/eval\\x1b[2J, logs/train" in run.notes[0].text


def test_other_files_beside_a_named_file_are_mentioned(tmp_path: Path) -> None:
    written(tmp_path, VERSION + kl(3), "events.out.tfevents.2.h.0")
    run = tensorboard.read(written(tmp_path, VERSION + kl(1), "events.out.tfevents.1.h.0"), ALL)

    assert run.rows.steps.tolist() == [1]
    assert run.notes[0].text.startswith("1 other event files in the directory")


def test_a_wall_time_that_no_calendar_has_is_none(tmp_path: Path) -> None:
    for wall_time in (math.nan, math.inf, 1e300, 0.0, -5.0):
        path = written(tmp_path, record(event(1, scalar("kl", 1), wall_time=wall_time)))
        assert tensorboard.read(path, ALL).identity.started_at is None


def test_what_cannot_be_read_gives_one_clear_message(tmp_path: Path) -> None:
    for data in (b"hello, this is no event file", VERSION, VERSION[:9], record(event(1))):
        with pytest.raises(
            InputError, match=r"expected TensorBoard event files with scalars, got none.*; name the directory"
        ):
            tensorboard.read(written(tmp_path, data), ALL)
    with pytest.raises(InputError, match="0 bytes"):
        tensorboard.read(written(tmp_path, b""), ALL)
    with pytest.raises(InputError, match="found nothing there"):
        tensorboard.read(tmp_path / "none", ALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected event files \(\*.tfevents.\*\), found none"):
        tensorboard.read(tmp_path / "empty", ALL)


def test_recognising_never_raises(tmp_path: Path) -> None:
    assert tensorboard.recognises(written(tmp_path, b""))
    for path in (tmp_path / "none", Path("a\0b"), Path("a\0.tfevents.1"), written(tmp_path, b"", "a.txt")):
        assert not tensorboard.recognises(path)
