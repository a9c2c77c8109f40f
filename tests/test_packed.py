"""Packed captures: the same bytes as unpacked, and where something is wrong with them, all that came before."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processes import wirecheck
from wirecheck.capture import packed, read, read_blocks
from wirecheck.capture.lines import Limits, Trouble, numbered, unpacked
from wirecheck.record import BadLine, Message

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MB = 1 << 20
LINE = b'{"conn":"c","from":"client","text":"x"}\n'
MAGIC = b"\x28\xb5\x2f\xfd"


def lines(count: int, seed: int = 1) -> bytes:
    """Lines that do not pack well, so that much of the packed data is needed for each."""
    rng = random.Random(seed)
    return b"".join(b'{"conn":"c","from":"client","text":"%d"}\n' % rng.getrandbits(256) for _ in range(count))


def given_back(data: bytes, size: int = 256 * 1024) -> tuple[bytes, str]:
    """All that was unpacked, and the trouble that ended it, or nothing."""
    blocks = list(unpacked(io.BytesIO(data), size))
    troubles = [block for block in blocks if isinstance(block, Trouble)]
    assert troubles in ([], blocks[-1:])
    assert all(blocks)
    return b"".join(block for block in blocks if isinstance(block, bytes)), troubles[0].message if troubles else ""


def frame(data: bytes, *, checksum: bool = True, level: int = 3) -> bytes:
    flags = {zstd.CompressionParameter.checksum_flag: int(checksum), zstd.CompressionParameter.compression_level: level}
    return zstd.compress(data, options=flags)


def streamed_frame(pieces: list[bytes]) -> bytes:
    """A frame that does not say how long it is, with a block a piece."""
    packer = zstd.ZstdCompressor()
    body = b"".join(packer.compress(piece, mode=packer.FLUSH_BLOCK) for piece in pieces)
    return body + packer.flush()


def skippable(data: bytes, kind: int = 0) -> bytes:
    return bytes([0x50 + kind]) + b"\x2a\x4d\x18" + struct.pack("<I", len(data)) + data


def member(data: bytes, *, flags: int = 0) -> bytes:
    """One member of gzip with the optional fields that `flags` names."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    head += struct.pack("<H", 300) + bytes(300) if flags & 4 else b""
    head += b"n" * 9000 + b"\0" if flags & 8 else b""
    head += b"\xe9 comment\0" if flags & 16 else b""
    head += struct.pack("<H", zlib.crc32(head) & 0xFFFF) if flags & 2 else b""
    packer = zlib.compressobj(wbits=-15)
    return head + packer.compress(data) + packer.flush() + struct.pack("<II", zlib.crc32(data), len(data) % 2**32)


PACKERS: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    lambda data: gzip.compress(data, 0),
    lambda data: member(data, flags=2 | 4 | 8 | 16),
    frame,
    lambda data: frame(data, checksum=False),
    lambda data: frame(data, level=-5),
    lambda data: streamed_frame([data[:7], b"", data[7:]]),
]


@pytest.fixture(params=["isal", "zlib"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tests of gzip hold with the quick module and without it."""
    packed._deflate.cache_clear()
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)
    assert packed._deflate().__name__ == {"isal": "isal.isal_zlib", "zlib": "zlib"}[request.param]
    yield request.param
    packed._deflate.cache_clear()


# Whole data


@pytest.mark.parametrize("pack", PACKERS, ids=range(len(PACKERS)))
@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 131_072, 131_073, 1_000_000])
def test_what_was_packed_is_given_back(either: str, pack: Callable[[bytes], bytes], size: int) -> None:
    data = lines(size // 80 + 1)[:size]
    assert given_back(pack(data)) == (data, "")
    assert given_back(pack(data), 1) == (data, "")


@pytest.mark.parametrize("size", [1000, MB])
def test_the_name_does_not_matter(tmp_path: Path, size: int) -> None:
    data = lines(size // 80)
    expected = list(read(io.BytesIO(data)))
    for name, packing in (("a.jsonl", gzip.compress(data)), ("a.gz", frame(data)), ("a.zst", data)):
        (tmp_path / name).write_bytes(packing)
        assert list(read(tmp_path / name)) == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.tuples(st.integers(0, len(PACKERS) - 1), st.binary(max_size=300), st.integers(0, 20), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    pieces=st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    size=st.sampled_from([1, 1000, 256 * 1024]),
)
def test_members_and_frames_follow_each_other_in_any_mixture(
    either: str, parts: list[tuple[int, bytes, int, bool]], pieces: list[int], size: int
) -> None:
    whole = b""
    for pack, data, zeros, skipped in parts:
        whole += (skippable(data, len(data) % 16) if skipped else b"") + PACKERS[pack](data * 40) + bytes(zeros)
    blocks = list(unpacked(_Dribble(whole, pieces), size))  # type: ignore[arg-type]
    assert b"".join(blocks) == b"".join(data * 40 for _, data, _, _ in parts)  # type: ignore[arg-type]


class _Dribble(io.RawIOBase):
    """A pipe that gives a few bytes at a time, and is never asked again once it has ended."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = data
        self._sizes = sizes
        self._asked = 0

    def read(self, size: int = -1) -> bytes:
        count = min(self._sizes[self._asked % len(self._sizes)], size)
        self._asked += 1
        piece, self._data = self._data[:count], self._data[count:]
        return piece


def test_a_mark_at_the_start_is_found_however_the_bytes_come() -> None:
    data = b"\xef\xbb\xbf" + LINE
    for packing in (gzip.compress(data), frame(data), streamed_frame([data[:1], data[1:2], data[2:]])):
        for sizes in ([1], [100]):
            (record,) = read(_Dribble(packing, sizes))  # type: ignore[arg-type]
            assert isinstance(record, Message)


@pytest.mark.parametrize("flush", ["gzip", "zstd"])
def test_a_live_stream_is_judged_as_it_comes(flush: str) -> None:
    if flush == "gzip":
        squeeze = zlib.compressobj(wbits=31)
        chunks = [squeeze.compress(LINE) + squeeze.flush(zlib.Z_SYNC_FLUSH) for _ in range(3)]
    else:
        packer = zstd.ZstdCompressor()
        chunks = [packer.compress(LINE, mode=packer.FLUSH_BLOCK) for _ in range(3)]
    given = iter(chunks)
    asked = 0

    class Pipe(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            nonlocal asked
            asked += 1
            return next(given)

    records = read(_Patient(Pipe()))  # type: ignore[arg-type]
    assert [next(records).at.line for _ in range(2)] == [1, 2]
    assert asked == 2


class _Patient:
    """The first four bytes one by one, as a reader asks for them, and then what the pipe holds."""

    def __init__(self, pipe: io.RawIOBase) -> None:
        self._pipe = pipe
        self._held = b""

    def read(self, size: int) -> bytes:
        self._held = self._held or self._pipe.read(size) or b""
        given, self._held = self._held[:size], self._held[size:]
        return given

    read1 = read


# What is wrong with it


@pytest.mark.parametrize("pack", [gzip.compress, frame], ids=["gzip", "zstd"])
def test_truncated_anywhere_gives_all_that_can_be_had(either: str, pack: Callable[[bytes], bytes]) -> None:
    data = lines(3000)
    whole = pack(data)
    kind = "gzip" if pack is gzip.compress else "Zstandard"
    for kept in (4, 5, 9, 12, 100, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        found, trouble = given_back(whole[:kept])
        assert trouble == f"the {kind} data ends in the middle; the rest is lost"
        assert data.startswith(found)
    assert len(given_back(whole[:-9])[0]) > len(data) - 140_000
    assert given_back(whole[:-1]) == (data, f"the {kind} data ends in the middle; the rest is lost")


@pytest.mark.parametrize("pack", [gzip.compress, frame], ids=["gzip", "zstd"])
def test_a_wrong_checksum_loses_nothing(either: str, pack: Callable[[bytes], bytes]) -> None:
    data = lines(5000)
    whole = bytearray(pack(data))
    whole[-1] ^= 1
    found, trouble = given_back(bytes(whole))
    assert found == data
    assert "damaged" in trouble


def test_damage_in_the_middle_loses_little_of_what_came_before(either: str) -> None:
    data = lines(20_000)
    for pack, spare in ((gzip.compress, packed._STEP * 4), (frame, 2 * packed._BLOCK)):
        whole = bytearray(pack(data))
        place = len(whole) // 2
        whole[place : place + 2000] = b"\xff" * 2000
        found, trouble = given_back(bytes(whole))
        assert "damaged" in trouble
        same = len(data) * place // len(whole) - spare
        assert found[:same] == data[:same]


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=2000).map(lambda part: part * 9),
    place=st.floats(0, 1, exclude_max=True),
    value=st.integers(1, 255),
    cut=st.integers(0, 40),
    packing=st.integers(0, len(PACKERS) - 1),
)
def test_one_wrong_byte_is_an_end_with_a_reason_and_never_a_crash(
    data: bytes, place: float, value: int, cut: int, packing: int
) -> None:
    whole = bytearray(PACKERS[packing](data) + PACKERS[packing](data))
    whole[int(place * len(whole))] ^= value
    ends: set[tuple[str, bool]] = set()
    for name in ("isal", "zlib"):
        packed._deflate.cache_clear()
        with pytest.MonkeyPatch.context() as patch:
            if name == "zlib":
                patch.setitem(sys.modules, "isal", None)
            blocks = list(unpacked(io.BytesIO(bytes(whole[: len(whole) - cut])), 1000))
        packed._deflate.cache_clear()
        last = blocks[-1] if blocks else b""
        ends.add((_plain(blocks), isinstance(last, Trouble)))
    assert len(ends) == 1


def _plain(blocks: list[Any]) -> str:
    return b"".join(block for block in blocks if isinstance(block, bytes)).hex()


@pytest.mark.parametrize("pack", [gzip.compress, frame], ids=["gzip", "zstd"])
def test_what_follows_the_data(either: str, pack: Callable[[bytes], bytes]) -> None:
    data = lines(100)
    assert given_back(pack(data) + bytes(1_000_000)) == (data, "")
    for tail in (b"x", b"\0\0\0x", LINE * 3, b"\x1f", b"\x28\xb5", bytes(200_000) + b"PK\x03\x04"):
        found, trouble = given_back(pack(data) + tail)
        assert found == data
        assert "followed by something else, which was not read" in trouble


def test_a_header_of_no_known_form(either: str) -> None:
    for header in (b"\x1f\x8b\x07\x00", b"\x1f\x8b\x08\xe0"):
        assert "its header" in given_back(header + bytes(100))[1]


def test_a_window_that_is_too_large_says_what_to_do() -> None:
    options = {
        zstd.CompressionParameter.window_log: 28,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    packer = zstd.ZstdCompressor(options=options)
    data = packer.compress(LINE) + packer.flush()
    found, trouble = given_back(frame(LINE) + data)
    assert found == LINE
    assert trouble == (
        "the Zstandard data needs a window of 256 MiB, and 128 MiB is the bound; "
        "unpack it first: zstd -dc --long=31 FILE | wirecheck check -"
    )
    one_segment = MAGIC + b"\xe0" + struct.pack("<Q", 1 << 60) + b"\x01\x00\x00"
    assert "1,099,511,627,776 MiB" in given_back(one_segment)[1]


def test_a_dictionary_says_what_to_do() -> None:
    trained = zstd.train_dict([lines(5, seed) for seed in range(100)], 2000)
    packing = zstd.compress(lines(5), zstd_dict=trained)
    assert "zstd -dc -D DICTIONARY" in given_back(packing)[1]


def test_without_the_package_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    packed._zstandard.cache_clear()
    monkeypatch.setitem(sys.modules, "backports", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    assert "pip install backports.zstd" in given_back(frame(LINE))[1]
    packed._zstandard.cache_clear()


def test_a_disk_that_fails_in_the_middle(either: str) -> None:
    for packing in (gzip.compress(lines(5000)), frame(lines(5000))):

        class Failing(io.BytesIO):
            def read1(self, size: int | None = -1, /) -> bytes:
                if not (block := super().read1(4096)):
                    raise OSError(5, "Input/output error")
                return block

        *records, last = read(Failing(packing[:-100]))
        assert isinstance(last, BadLine) and last.code == "unreadable"
        assert last.message == "reading stopped here: Input/output error"
        assert len(records) > 3000 and last.at.line == len(records) + 1


def test_a_block_that_claims_more_than_blocks_may_hold() -> None:
    for kind in range(4):
        header = ((1 << 21) - 1 << 3 | kind << 1).to_bytes(3, "little")
        assert "larger than blocks may be" in given_back(MAGIC + b"\x00\x58" + header + b"x" * 100)[1]


# Bounds


def _bomb(size: int) -> Iterator[tuple[str, bytes]]:
    zeros = bytes(MB)
    squeeze = zlib.compressobj(9, wbits=31)
    yield "gz", b"".join(squeeze.compress(zeros) for _ in range(size // MB)) + squeeze.flush()
    packer = zstd.ZstdCompressor(19)
    yield "zst", b"".join(packer.compress(zeros) for _ in range(size // MB)) + packer.flush()


def test_bombs_take_little_memory(tmp_path: Path) -> None:
    for name, data in _bomb(96 * MB):
        capture = tmp_path / f"bomb.{name}"
        capture.write_bytes(data + (gzip.compress if name == "gz" else frame)(b"\n" + LINE))
        assert capture.stat().st_size < MB
        ended = wirecheck("check", capture, "--dialect", "amigo", "--format", "json", "--fail-on", "never")
        (finding,) = [each for each in json.loads(ended.out)["findings"] if each["code"] == "bad-line"]
        assert "longer than 16,777,216 bytes" in finding["message"]
        assert 0 < ended.peak < 130


def test_thousands_of_empty_members_and_frames(either: str) -> None:
    many = gzip.compress(b"", mtime=0) * 20_000 + frame(b"") * 20_000 + skippable(b"") * 20_000
    assert given_back(many + gzip.compress(LINE)) == (LINE, "")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, frame], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        LINE * 3,
        b"\xef\xbb\xbf" + LINE,
        b"# remark\n\n" + LINE,
        b'# remark\n\n<- {"a": 1}\n-> x\nbad\n',
        b"#\n" * 1500 + b"-> x\n",
        (b"#" * 10_000 + b"\n") * 200 + b"-> x\n",
        lines(20_000) + b'{"conn":"c","kind":"close"}\n' + LINE[:-9],
    ],
    ids=range(9),
)
def test_blocks_and_records_say_the_same(pack: Callable[[bytes], bytes], data: bytes) -> None:
    for whole in (pack(data), pack(data)[:-3]):
        blocks, records = read_blocks(io.BytesIO(whole))
        made = [record for block in blocks for record in block.records()]
        rest = list(records)
        assert not (made and rest)
        assert made + rest == list(read(io.BytesIO(whole)))


def test_lines_are_the_same_packed_or_not() -> None:
    data = b"\n".join([b"a" * 300_000, b"", b"b" * 20, b"c" * 3_000_000, b"d"])
    limits = Limits(line=1_000_000, block=65_536)
    expected = list(numbered(io.BytesIO(data), limits))
    assert len(expected) == 5
    for packing in (gzip.compress(data), frame(data)):
        assert list(numbered(io.BytesIO(packing), limits)) == expected
