"""The outer layer of a `.wandb` file: what is whole comes out, what is damaged is counted."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.errors import InputError
from action.sources.wandb_log import framing
from action.sources.wandb_log.framing import Losses, payloads, read_header
from bench.wandb_writer import BLOCK, HEADER, LogWriter

PATH = Path("run-abc.wandb")


def framed(*records: bytes) -> bytes:
    stream = io.BytesIO()
    with LogWriter(stream) as log:
        for record in records:
            log.write(record)
    return stream.getvalue()


def unframed(raw: bytes) -> tuple[list[bytes], Losses]:
    stream, losses = io.BytesIO(raw), Losses()
    read_header(stream, PATH)
    return list(payloads(stream, losses)), losses


def numbered(count: int, size: int = 1_000) -> list[bytes]:
    return [struct.pack("<I", number) * (size // 4) for number in range(count)]


@given(st.lists(st.integers(0, 80_000), max_size=12))
@settings(max_examples=60, deadline=None)
def test_what_was_framed_comes_out_again(sizes: list[int]) -> None:
    records = [bytes((number + 1,)) * size for number, size in enumerate(sizes)]

    found, losses = unframed(framed(*records))

    assert records == found
    assert losses.notes("x") == ()


@pytest.mark.parametrize("short_of_block", range(10))
def test_a_record_may_end_anywhere_near_the_end_of_a_block(short_of_block: int) -> None:
    first = bytes(BLOCK - len(HEADER) - 7 - short_of_block)

    found, losses = unframed(framed(first, b"second"))

    assert [first, b"second"] == found
    assert losses.notes("x") == ()


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_one_flipped_bit_loses_at_most_the_rest_of_its_block_and_is_always_noticed(data: st.DataObject) -> None:
    records = numbered(200)
    raw = bytearray(framed(*records))
    at = data.draw(st.integers(len(HEADER), len(raw) - 1))
    in_padding = at % BLOCK >= BLOCK - 6 and raw[at - at % BLOCK + BLOCK - 6 :][:1] == b"\0"
    raw[at] ^= 1 << data.draw(st.integers(0, 7))

    found, losses = unframed(bytes(raw))

    block = at // BLOCK
    untouched = [r for n, r in enumerate(records) if (n + 2) * 1_007 < block * BLOCK or n * 1_007 > (block + 1) * BLOCK]
    assert set(untouched) <= set(found)
    assert [record for record in records if record in set(found)] == found, "nothing new, and in order"
    if not in_padding:
        assert len(found) < len(records)
        assert 0 < losses.size <= 2 * BLOCK
        assert losses.notes("x")


def test_reading_goes_on_in_the_block_after_the_damage_and_the_note_says_where() -> None:
    records = numbered(100)
    raw = bytearray(framed(*records))
    raw[BLOCK + 5_000] ^= 0x10

    found, losses = unframed(bytes(raw))

    lost = [number for number, record in enumerate(records) if record not in found]
    assert list(range(lost[0], lost[-1] + 1)) == lost
    assert lost[0] * 1_007 > BLOCK
    assert (lost[-1]) * 1_007 < 2 * BLOCK
    (note,) = losses.notes("run-x.wandb")
    assert note.text.startswith("run-x.wandb: damaged in one place, first at byte 3")
    assert "a checksum does not match" in note.text
    assert "incomplete" in note.text


@given(st.integers(len(HEADER), len(framed(*numbered(70))) - 1))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_gives_all_records_before_the_cut(size: int) -> None:
    records = numbered(70)

    found, losses = unframed(framed(*records)[:size])

    assert records[: len(found)] == found
    assert len(found) >= size // 1_007 - 1
    whole = len(framed(*records[: len(found)]))
    if size <= whole:
        assert losses.notes("x") == ()
    elif size > whole + 6:  # a few bytes at the end of a block may be its padding
        assert losses.size == size - whole or losses.size > 0
        assert "cut off in mid-record" in losses.notes("x")[0].text


@pytest.mark.parametrize("tail", [7, 100, BLOCK, 3 * BLOCK + 5])
def test_zeros_at_the_end_as_after_a_power_cut_are_a_loss(tail: int) -> None:
    found, losses = unframed(framed(b"one") + bytes(tail))

    assert found == [b"one"]
    assert "only zero bytes" in losses.notes("x")[0].text


def chunk(kind: int, data: bytes) -> bytes:
    return struct.pack("<IHB", zlib.crc32(bytes((kind,)) + data), len(data), kind) + data


@pytest.mark.parametrize(
    ("chunks", "expected", "why"),
    [
        ([chunk(3, b"middle"), chunk(1, b"whole")], [b"whole"], "a record without its beginning"),
        ([chunk(2, b"first"), chunk(1, b"whole")], [b"whole"], "a record without its end"),
        ([chunk(2, b"a"), chunk(2, b"b"), chunk(4, b"c")], [b"bc"], "a record without its end"),
        ([chunk(1, b"whole"), chunk(9, b"?")], [b"whole"], "a checksum does not match"),
        ([chunk(1, b"whole"), struct.pack("<IHB", 1, 65_535, 1)], [b"whole"], "a length beyond its block"),
    ],
)
def test_chunks_that_do_not_fit_together_are_lost_and_named(chunks: list[bytes], expected: Any, why: str) -> None:
    found, losses = unframed(HEADER + b"".join(chunks))

    assert expected == found
    assert why in losses.notes("x")[0].text


def test_a_record_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "_LARGEST_RECORD", 100_000)

    found, losses = unframed(framed(b"before", bytes(300_000), b"after"))

    assert found == [b"before", b"after"]
    assert "a record of more than 100,000 bytes" in losses.notes("x")[0].text
    assert losses.size == 300_000


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "got an empty one"),
        (HEADER[:3], "got only 3 of the 7 bytes"),
        (b"PK\x03\x04zipfile", "which begins with b':W&B', got b'PK"),
        (b":W&B\xe2\xbe\x00rest", "which begins with"),
        (HEADER[:6] + b"\x07", "expected version 0 of W&B's file format, got 7"),
    ],
)
def test_a_file_that_does_not_begin_as_it_must_is_refused_in_one_line(raw: bytes, message: Any) -> None:
    with pytest.raises(InputError) as caught:
        unframed(raw)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
