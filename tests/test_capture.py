"""Reading captures: what a line means, what a bad one says, and the bounds."""

from __future__ import annotations

import base64
import gzip
import io
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wirecheck.capture import Limits, read
from wirecheck.errors import CaptureError
from wirecheck.record import At, BadLine, Closed, Message, Opened, Record


def of(*lines: str | bytes | dict[str, Any], end: bytes = b"\n", limits: Limits | None = None) -> list[Record]:
    raw = [
        line if isinstance(line, bytes) else line.encode() if isinstance(line, str) else json.dumps(line).encode()
        for line in lines
    ]
    return list(read(io.BytesIO(b"\n".join(raw) + end), limits=limits or Limits()))


def bad(line: int, message: str, conn: str = "") -> BadLine:
    return BadLine(at=At(line=line, conn=conn), code="bad-line", message=message)


TIME = "a time as RFC 3339 writes it (2026-01-31T12:00:00Z) or epoch seconds"


@pytest.mark.parametrize(
    "t", ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456+05:30", "2026-12-01 23:59:60-00:00", 1.5, 7, None]
)
def test_a_time_is_kept_as_it_was_written(t: object) -> None:
    for body in ("text", "json"):
        (record,) = of({"conn": "c", "from": "server", body: "x", "t": t})
        assert isinstance(record, Message) and record.at.t == t


@pytest.mark.parametrize("t", ["2026-13-31T12:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z\n", "", "12"])
def test_a_time_of_another_form_is_none(t: str) -> None:
    for body in ("text", "json"):
        (record,) = of({"conn": "c", "from": "server", body: "x", "t": t})
        assert record == bad(1, f'"t" must be {TIME}, not text of another form', "c")


def test_a_text_message() -> None:
    assert of({"conn": "c1", "t": 1.5, "from": "server", "text": "{}"}) == [
        Message(at=At(line=1, conn="c1", t=1.5), sender="server", body="{}")
    ]


def test_the_fast_way_and_the_constructor_give_equal_records() -> None:
    line = {"conn": "c", "t": "2026-01-01T00:00:00Z", "from": "client", "text": "x"}
    fast = of(line)[0]
    careful = of({**line, "kind": None})[0]
    assert fast == careful == Message(at=At(line=1, conn="c", t="2026-01-01T00:00:00Z"), sender="client", body="x")
    assert repr(fast) == repr(careful)
    assert hash(fast) == hash(careful)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            {"from": "client", "json": {"a": 1}},
            Message(at=At(line=1, conn="1"), sender="client", value={"a": 1}, has_value=True),
        ),
        (
            {"from": "client", "json": None},
            Message(at=At(line=1, conn="1"), sender="client", value=None, has_value=True),
        ),
        (
            {"conn": "c", "t": 7, "from": "client", "binary": base64.b64encode(b"\x00\xff").decode()},
            Message(at=At(line=1, conn="c", t=7), sender="client", body=b"\x00\xff", binary=True),
        ),
        ({"conn": "c", "kind": "open"}, Opened(at=At(line=1, conn="c"))),
        (
            {
                "conn": "c",
                "kind": "open",
                "url": "ws://h/p",
                "subprotocols": ["a", "b"],
                "headers": {"Cookie": "x"},
                "sees": ["server"],
                "at": "proxy",
                "exclusive": True,
                "auth": "bad",
                "anything": 1,
            },
            Opened(
                at=At(line=1, conn="c"),
                url="ws://h/p",
                subprotocols=("a", "b"),
                headers={"Cookie": "x"},
                sees=frozenset({"server"}),
                vantage="proxy",
                exclusive=True,
                auth="bad",
            ),
        ),
        ({"conn": "c", "kind": "close"}, Closed(at=At(line=1, conn="c"))),
        (
            {"conn": "c", "kind": "close", "code": 1000, "from": "server"},
            Closed(at=At(line=1, conn="c"), code=1000, sender="server"),
        ),
    ],
)
def test_records(line: dict[str, Any], expected: Record) -> None:
    assert of(line) == [expected]


@pytest.mark.parametrize(
    ("line", "message", "conn"),
    [
        ("{", "not JSON (Expecting property name enclosed in double quotes, column 2)", ""),
        ("[]", "a record is a JSON object, and this is an array", ""),
        ("7", "a record is a JSON object, and this is a number", ""),
        ("null", "a record is a JSON object, and this is null", ""),
        (b"\x00\x00", "not JSON (Expecting value, column 1)", ""),
        (b'{"conn":"\xff"}', "not UTF-8 (byte 10 of the line)", ""),
        ("[" * 100_000, "nested too deeply to be a record; keep such a message as text", ""),
        ({"conn": 7, "from": "client", "text": ""}, '"conn" must be a string, not a number', ""),
        (
            {"conn": "c", "kind": "opened"},
            '"kind" must be "open", "close", "trial" or absent (a message), not "opened"',
            "c",
        ),
        ({"conn": "c", "text": ""}, 'a message needs "from", which is "client" or "server"', "c"),
        ({"from": "proxy", "text": ""}, 'a message needs "from", which is "client" or "server", not "proxy"', ""),
        ({"from": "client"}, 'a message holds exactly one of "text", "json" and "binary"; this holds none of them', ""),
        (
            {"from": "client", "text": "", "json": 1},
            'a message holds exactly one of "text", "json" and "binary"; this holds "text" and "json"',
            "",
        ),
        ({"from": "client", "text": {}}, '"text" must be a string, not an object', ""),
        ({"from": "client", "binary": "?"}, '"binary" is not base64 (Only base64 data is allowed)', ""),
        ({"from": "client", "text": "", "t": True}, f'"t" must be {TIME}, not true', ""),
        ({"from": "client", "text": "", "t": "yesterday"}, f'"t" must be {TIME}, not text of another form', ""),
        (
            {"conn": "c", "from": "client", "text": "", "t": "2026-01-31 12:00"},
            f'"t" must be {TIME}, not text of another form',
            "c",
        ),
        ('"some text"', "a record is a JSON object, and this is a string", ""),
        (
            '{"from": "client", "text": "", "t": NaN}',
            f'"t" must be {TIME}, not NaN',
            "",
        ),
        (
            '{"from": "client", "text": "", "t": 1e999}',
            f'"t" must be {TIME}, not a number beyond every double',
            "",
        ),
        ({"from": "client", "text": "", "t": 10**400}, f'"t" must be {TIME}, not so large a number', ""),
        ({"kind": "open", "url": 1}, '"url" must be a string, not a number', ""),
        ({"kind": "open", "subprotocols": "a"}, '"subprotocols" must be a list of strings, not "a"', ""),
        ({"kind": "open", "sees": ["proxy"]}, '"sees" lists "client", "server" or both, not "proxy"', ""),
        (
            {"kind": "open", "subprotocols": ["a", 1]},
            '"subprotocols" must be a list of strings, and there is a number in it',
            "",
        ),
        ({"kind": "open", "headers": []}, '"headers" must be an object of strings, not an array', ""),
        (
            {"kind": "open", "headers": {"a": "", "b": None}},
            '"headers" must be an object of strings, and there is null in it',
            "",
        ),
        ({"kind": "open", "at": "left"}, '"at" must be one of "client", "server", "proxy", not "left"', ""),
        ({"kind": "open", "auth": []}, '"auth" must be one of "good", "bad", "missing", not an array', ""),
        ({"kind": "open", "exclusive": "yes"}, '"exclusive" must be true or false, not "yes"', ""),
        ({"kind": "close", "code": True}, '"code" must be a close code (0 to 65535), not true', ""),
        ({"kind": "close", "code": 70000}, '"code" must be a close code (0 to 65535), not 70000', ""),
        ({"kind": "close", "code": 1000.5}, '"code" must be a close code (0 to 65535), not 1000.5', ""),
        (
            {"kind": "trial", "guarantee": "a", "outcome": "held", "seconds": -1},
            '"seconds" must be a number of seconds, not -1',
            "",
        ),
    ],
)
def test_bad_lines_say_what_is_wrong_and_the_reading_goes_on(line: Any, message: str, conn: str) -> None:
    good = {"conn": "c", "from": "server", "text": "x"}
    assert of(good, line, good) == [
        Message(at=At(line=1, conn="c"), sender="server", body="x"),
        bad(2, message, conn),
        Message(at=At(line=3, conn="c"), sender="server", body="x"),
    ]


def test_a_cut_last_line_is_called_cut_off() -> None:
    whole = '{"from":"client","text":"x"}'
    assert of(whole, whole[:-5], end=b"")[1] == bad(
        2, "the last line is cut off: it has no end, and what there is of it is not JSON"
    )
    assert of(whole, whole, end=b"")[1] == Message(at=At(line=2, conn="1"), sender="client", body="x")


def test_lines_end_at_newline_only_and_blank_ones_count() -> None:
    records = of("", '{"from":"client","text":"a\u2028b\u0085c"}\r', "  ", '{"from":"client","text":"\\u000b"}')
    assert [(record.at.line, record.body) for record in records if isinstance(record, Message)] == [
        (2, "a\u2028b\u0085c"),
        (4, "\x0b"),
    ]
    assert len(records) == 2


def test_a_byte_order_mark_at_the_start_is_no_part_of_the_first_line() -> None:
    assert of(b'\xef\xbb\xbf{"from":"client","text":"x"}') == [
        Message(at=At(line=1, conn="1"), sender="client", body="x")
    ]


def test_what_only_the_message_did_wrong_is_left_to_its_judge() -> None:
    records = of(
        '{"conn":"c","from":"server","text":"\\ud800"}',
        '{"conn":"c","from":"server","json":{"a":NaN,"b":1e400}}',
        '{"conn":"c","from":"server","json":' + "9" * 400 + "}",
    )
    assert isinstance(records[0], Message) and records[0].body == "\ud800"
    assert isinstance(records[1], Message) and repr(records[1].value) == "{'a': nan, 'b': inf}"
    assert isinstance(records[2], Message) and records[2].value == int("9" * 400)
    assert of('{"from":"server","json":' + "9" * 5000 + "}")[0].at == At(line=1, conn="")


def test_lines_beyond_the_bound_are_skipped_wherever_they_stand() -> None:
    good = '{"from":"client","text":"x"}'
    long = '{"from":"client","text":"' + "y" * 200 + '"}'
    limits = Limits(line=100, block=64)
    told = bad(2, "the line is longer than 100 bytes and was skipped")
    fine = Message(at=At(line=1, conn="1"), sender="client", body="x")
    third = Message(at=At(line=3, conn="1"), sender="client", body="x")
    assert of(good, long, good, limits=limits) == [fine, told, third]
    assert of(good, long, limits=limits, end=b"") == [fine, told]
    assert of(good, long, good, limits=Limits(line=100, block=4096)) == [fine, told, third]


class _Endless(io.RawIOBase):
    """A stream of `size` bytes without a newline, then one record."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._tail = io.BytesIO(b'\n{"from":"client","text":"x"}\n')

    def read(self, size: int = -1) -> bytes:
        if self._left:
            piece = b"x" * min(size, self._left)
            self._left -= len(piece)
            return piece
        return self._tail.read(size)


def test_a_line_of_a_gigabyte_is_never_held() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    records = list(read(_Endless(1 << 30)))  # type: ignore[arg-type]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert records == [
        bad(1, "the line is longer than 16,777,216 bytes and was skipped"),
        Message(at=At(line=2, conn="1"), sender="client", body="x"),
    ]
    assert grown < 128 * 1024, f"{grown} kB"


def _packed(lines: int) -> bytes:
    return gzip.compress(b'{"conn":"c","from":"client","text":"x"}\n' * lines, mtime=0)


def test_gzip_is_told_by_content(tmp_path: Path) -> None:
    path = tmp_path / "capture.jsonl"
    path.write_bytes(_packed(3) + _packed(2))
    assert [record.at.line for record in read(path)] == [1, 2, 3, 4, 5]


def test_truncated_gzip_is_a_finding_after_everything_before_it() -> None:
    import random

    rng = random.Random(1)
    lines = b"".join(b'{"conn":"c","from":"client","text":"%d"}\n' % rng.getrandbits(256) for _ in range(2000))
    records = list(read(io.BytesIO(gzip.compress(lines)[:-20_000])))
    assert isinstance(records[-1], BadLine)
    assert records[-1].code == "unreadable"
    assert records[-1].message == "the gzip data ends in the middle; the rest is lost"
    assert all(isinstance(record, Message) for record in records[:-1])
    assert len(records) > 1000
    assert records[-1].at.line == len(records)


def test_damaged_gzip_is_a_finding() -> None:
    packed = bytearray(_packed(50_000))
    packed[-6] ^= 0xFF
    records = list(read(io.BytesIO(bytes(packed))))
    assert len(records) == 50_001
    assert isinstance(records[-1], BadLine)
    assert records[-1].code == "unreadable"
    assert "damaged" in records[-1].message


class _Failing(io.BytesIO):
    def read1(self, size: int | None = -1, /) -> bytes:
        block = super().read1(size)
        if not block:
            raise OSError(5, "Input/output error")
        return block


def test_a_failing_disk_is_a_finding() -> None:
    records = list(read(_Failing(b'{"from":"client","text":"x"}\n')))
    assert records[1] == BadLine(
        at=At(line=2, conn=""), code="unreadable", message="reading stopped here: Input/output error"
    )


class _Dead(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_at_once_is_a_finding_too() -> None:
    (record,) = read(_Dead())  # type: ignore[arg-type]
    assert isinstance(record, BadLine)
    assert record.code == "unreadable"


def test_an_empty_capture_has_no_records() -> None:
    assert list(read(io.BytesIO(b""))) == []
    assert list(read(io.BytesIO(b"\n\n"))) == []


ARROWS = """\
# a comment
(and a remark)

<- {"type": "hello"}
-> {"text": "a\u2028b"}\r
<-{"no": "space"}
"""


def test_arrow_transcripts() -> None:
    assert list(read(io.BytesIO(ARROWS.encode()))) == [
        Message(at=At(line=4, conn="1"), sender="server", body='{"type": "hello"}'),
        Message(at=At(line=5, conn="1"), sender="client", body='{"text": "a\u2028b"}'),
        bad(6, 'a transcript line starts with "<- " (server) or "-> " (client)', "1"),
    ]
    assert of(b"-> x", b"<- \xff")[1] == bad(2, "not UTF-8 (byte 4 of the line)", "1")
    assert of(b"-> x", b"<- " + b"y" * 99, limits=Limits(line=50))[1].at.line == 2


def test_remarks_are_bad_lines_where_no_arrow_follows() -> None:
    assert [record.at.line for record in of("# remark", '{"from":"client","text":"x"}')] == [1, 2]
    assert len(of(*["#"] * 1500, "-> x")) == 1501


def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CaptureError, match="no such file"):
        read(tmp_path / "absent")
    with pytest.raises(CaptureError, match="this is a folder"):
        read(tmp_path)
    with pytest.raises(CaptureError, match="cannot be opened"):
        read("a\x00b")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "FileIO", refuse)
    with pytest.raises(CaptureError, match="no permission"):
        read(tmp_path / "locked")


def test_standard_input() -> None:
    program = "from wirecheck.capture import read; print([r.at.line for r in read('-')])"
    line = b'{"from":"client","text":"x"}\n'
    done = subprocess.run([sys.executable, "-c", program], input=line * 2, capture_output=True, check=True)
    assert done.stdout == b"[1, 2]\n"


class _Pipe(io.RawIOBase):
    """Gives what it holds one chunk at a time, and notes how often it was asked."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.asked = 0

    def read(self, size: int = -1) -> bytes:
        self.asked += 1
        return next(self._chunks, b"")


def test_a_live_stream_is_read_as_it_comes() -> None:
    line = b'{"from":"client","text":"x"}\n'
    pipe = _Pipe(iter([line[:1], line[1:4], line[4:], line, line]))
    records = read(pipe)  # type: ignore[arg-type]
    assert next(records).at.line == 1
    assert pipe.asked == 3
