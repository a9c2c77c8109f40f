"""Blocks of lines: the records of the careful reader, to the last one, however the bytes are cut."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wirecheck import dialects, load
from wirecheck.capture import Limits
from wirecheck.capture import blocks as blocks_module
from wirecheck.capture.blocks import Block, TextLine, ValueLine, blocks
from wirecheck.capture.jsonl import records
from wirecheck.capture.lines import Last, Trouble, numbered
from wirecheck.record import Message, Record

CONNS = ('"c"', '"1"', '""', '"\\u00e9\\n"', '"é"', "7", "null", '"\\ud800"', '"a", "conn":"b"', '"\xff"')
TIMES = ("1", "1.5", "-0", "-0.0", "1e3", "1e999", "NaN", "null", "true", '"2026-01-31T12:00:00Z"', "[]", '""', "01")
TIMES += ('"2026-01-31 12:00:00.123456+05:30"', '"2026-12-01t23:59:60-00:00"', '"2026-13-31T12:00:00Z"', '"12"')
TIMES += ('"2026-01-31T12:00:00Z\\n"', '"\u0662026-01-31T12:00:00Z"', "9223372036854775807", "9223372036854775808")
TIMES += ("-9223372036854775808", "-9223372036854775807", "1" * 30, "0.1", '"2026-01-31T12:00:00"')
SENDERS = ('"client"', '"server"', '"proxy"', "null", '"Server"', '"\\u0073erver"', "[]")
TEXTS = (
    '"{}"',
    '"\\"\\\\\\n\\u2028é"',
    '""',
    "5",
    "null",
    '"\\ud83d\\ude00"',
    '"\\ud83d"',
    '"\x00"',
    '"a',
    '"🙂\u2028"',
)
JSONS = ('{"a":1}', "null", "[1,[2]]", '"x"', "1.0", "1" * 30, "NaN", "1e999", '"\\ud800"', "{", '{"a":1,"a":2}', " 7 ")
JSONS += ("[" * 1500 + "]" * 1500, '"\xff"', "-0", '{"\\u0061":"\\u0022"}', "01", "tru")
OTHERS = (
    '"kind":"open"',
    '"kind":null',
    '"kind":"close"',
    '"binary":"AAAA"',
    '"note":{"b":1}',
    '"text":"b"',
    '"\xff":1',
)
WHOLE = (
    "",
    " ",
    "\r",
    "[]",
    "null",
    '"x"',
    "{}",
    "{}{}",
    "{",
    "\ufeff",
    "# a remark",
    "\x00",
    "\xff",
    '{"kind":"open"}',
)
SPACES = ("", "", "", " ", "\t", "\r", "\n")


def line_of(random: Random) -> str:
    """A line that says something ordinary or odd; its characters are bytes."""
    if random.random() < 0.08:
        return random.choice(WHOLE)
    plain = random.random() < 0.6

    def pick(values: tuple[str, ...], of_plain: int) -> str:
        return random.choice(values[:of_plain] if plain else values)

    members = [f'"from":{pick(SENDERS, 2)}']
    if random.random() < 0.8:
        members.append(f'"conn":{pick(CONNS, 5)}')
    if random.random() < 0.8:
        members.append(f'"t":{pick(TIMES, 2)}')
    if random.random() < 0.9:
        members.append(f'"text":{pick(TEXTS, 3)}' if random.random() < 0.7 else f'"json":{pick(JSONS, 6)}')
    if not plain and random.random() < 0.5:
        members.append(random.choice(OTHERS))
    if random.random() < 0.3:
        random.shuffle(members)
    space = (random.choice(SPACES) if random.random() < 0.2 else "") if plain else random.choice(SPACES)
    text = f"{space}{{{space}{f',{space}'.join(members)}{space}}}{space}"
    if not plain and random.random() < 0.2:
        at = random.randrange(len(text))
        text = text[:at] + random.choice(("", "\x00", '"', "}", "é")) + text[at + 1 :]
    return text


def bytes_of(line: str) -> bytes:
    return b"".join(bytes([0xFF]) if letter == "\xff" else letter.encode("utf-8", "surrogatepass") for letter in line)


def captured(random: Random, count: int) -> bytes:
    start = random.choice((b"", b"", b"\xef\xbb\xbf"))
    return start + b"\n".join(bytes_of(line_of(random)) for _ in range(count)) + random.choice((b"\n", b""))


def pieces_of(data: bytes, random: Random) -> list[bytes]:
    """The bytes, cut somewhere; the first piece is not shorter than what a mark of byte order needs."""
    cuts = sorted({0, len(data), *(random.randrange(4, max(5, len(data))) for _ in range(random.randrange(6)))})
    cuts = [min(cut, len(data)) for cut in cuts]
    return [data[one:other] for one, other in zip(cuts, cuts[1:], strict=False) if one < other]


def told(found: list[Record]) -> list[str]:
    """Records by all that they say: equal numbers of other types differ."""
    return [repr(record) for record in found]


def slowly(data: bytes, limits: Limits) -> list[Record]:
    return list(records(numbered(io.BytesIO(data), limits)))


def quickly(pieces: list[bytes | Trouble] | list[bytes], limits: Limits = Limits()) -> list[Record]:  # noqa: B008
    return [record for block in blocks(pieces, limits) for record in block.records()]


def assert_same(data: bytes, random: Random, limits: Limits) -> None:
    pieces = pieces_of(data, random)
    expected = slowly(data, limits)
    assert told(quickly(pieces, limits)) == told(expected)
    said = {record.at.line: record for record in expected}
    for block in blocks(pieces, limits):
        for index, line in enumerate(block.lines):
            if line is not None:
                assert_says(line, block, index, said[block.first + index])


def assert_says(line: Any, block: Block, index: int, record: Record) -> None:
    """What a line says is its record's; a value may still be none, and then its record is asked."""
    raw = block.raw(index)
    assert isinstance(raw, bytes) and isinstance(line, TextLine | ValueLine)
    if isinstance(line, TextLine):
        assert line.json is msgspec.UNSET
        assert isinstance(record, Message) and not record.has_value and not record.binary
        assert (line.text, line.sender, line.conn) == (record.body, record.sender, record.at.conn)
        assert repr(line.t) == repr(record.at.t)
    elif isinstance(record, Message):
        assert line.text is msgspec.UNSET and record.has_value
        assert (line.sender, line.conn, repr(line.t)) == (record.sender, record.at.conn, repr(record.at.t))
        assert same(bytes(line.json), record.value)


def same(raw: bytes, value: Any) -> bool:
    """Whether the text means the value, by either of the readers that make records of it."""
    try:
        return repr(orjson.loads(raw)) == repr(value)
    except ValueError:
        return repr(json.loads(raw)) == repr(value)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 12), small=st.booleans())
@example(seed=0, count=0, small=True)
def test_the_records_are_those_of_the_careful_reader(seed: int, count: int, small: bool) -> None:
    random = Random(seed)
    limits = Limits(line=random.randrange(20, 90), block=random.randrange(4, 60)) if small else Limits()
    assert_same(captured(random, count), random, limits)


ENDS: dict[str, tuple[Any, ...]] = {
    "kind": ("open", "close", "trial", "x", None, 1),
    "conn": ("a", "ü", "", 1, None),
    "t": (0, 1.5, "2026-01-31T12:00:00Z", -(2**63), 2**63, "x", None, True, [], "2026-01-31t12:00:60z"),
    "url": ("ws://h.example/?a=b", "", None, 1),
    "subprotocols": (["a"], [], ["a", "a"], [1], None, "x"),
    "headers": ({"a": "b"}, {}, {"a": 1}, None, []),
    "sees": (["client"], ["server", "client"], [], ["client", "client"], ["x"], None, "client", [{}]),
    "at": ("client", "proxy", "x", None, 1),
    "exclusive": (True, False, None, 1),
    "auth": ("good", "missing", None, "x"),
    "code": (1000, 65535, 1000.0, 70000, -1, True, "1", None),
    "from": ("client", "server", "x", None, 1),
    "text": ("x", "open"),
    "other": (1,),
}


@st.composite
def ends(draw: st.DrawFn) -> bytes:
    """A line that opens or closes a connection, or nearly so; sometimes with a member twice, or cut off."""
    names = draw(st.lists(st.sampled_from(list(ENDS)), max_size=7))
    members = [(name, draw(st.sampled_from(ENDS[name]))) for name in names]
    if draw(st.integers(0, 9)):
        members.insert(draw(st.integers(0, len(members))), ("kind", draw(st.sampled_from(("open", "close")))))
    line = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members) + "}"
    if not draw(st.integers(0, 19)):
        line = line.replace("open", "op\\u0065n")
    return line.encode()[: None if draw(st.integers(0, 19)) else -1]


@settings(max_examples=1000, deadline=None)
@given(line=ends())
@example(line=b'{"kind":"close","code":1000.0}')
@example(line=b'{"kind":"close","code":5,"kind":"open"}')
def test_what_opens_and_closes_is_what_the_careful_reader_says(line: bytes) -> None:
    assert Block(7, [line], [None]).record(0) == next(iter(records([(7, line)])))


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b'{"kind":"open","conn":"a","t":1.5,"url":"ws://h.example","sees":["client"],"at":"proxy"}', True),
        (b'{"kind":"close","conn":"a","code":1000,"from":"server"}', True),
        (b'{"kind":"close","code":70000}', False),
        (b'{"kind":"open","note":1}', False),
        (b'{"kind":"trial","guarantee":"a","outcome":"held"}', False),
    ],
)
def test_only_what_is_not_ordinary_is_read_with_care(line: bytes, read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    careful: list[bytes] = []
    monkeypatch.setattr(blocks_module.jsonl, "record_of", lambda raw, number: careful.append(raw))
    Block(1, [line], [None]).record(0)
    assert careful == ([] if read else [line])


@pytest.mark.parametrize("portion", [1, 7, 64])
def test_large_pieces_are_read_in_portions(portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "PORTION", max(portion, 3))
    for seed in range(40):
        random = Random(seed)
        data = captured(random, 6)
        for limits in (Limits(), Limits(line=50)):
            assert told(quickly([data], limits)) == told(slowly(data, limits))


@pytest.mark.parametrize("name", dialects())
@pytest.mark.parametrize("as_json", [False, True])
def test_ordinary_traffic_is_read_at_once(name: str, as_json: bool) -> None:
    data = b"".join(lines_of(name, as_json=as_json))
    (block,) = blocks([data])
    assert told(list(block.records())) == told(slowly(data, Limits()))
    messages = [line for line in block.lines if line is not None]
    assert len(messages) == 300
    assert {type(line) for line in messages} == {ValueLine if as_json else TextLine}


def lines_of(name: str, *, as_json: bool) -> Iterator[bytes]:
    """A conversation of examples, opened and closed."""
    frames = [
        (frame.sender, dict(example)) for frame in load(name).frames.values() for example in frame.examples or ({},)
    ]
    yield b'{"conn":"a","kind":"open","url":"ws://x"}\n'
    for number in range(300):
        sender, value = frames[number % len(frames)]
        plain = json.loads(json.dumps(value, default=_thawed))
        body: Any = plain if as_json else json.dumps(plain, ensure_ascii=number % 2 == 0)
        yield (
            json.dumps({"conn": "a", "t": number / 4, "from": sender, "json" if as_json else "text": body}).encode()
            + b"\n"
        )
    yield b'{"conn":"a","kind":"close","code":1000}\n'


def _thawed(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else list(value)


def test_a_live_stream_gives_each_line_as_soon_as_it_is_whole() -> None:
    line = b'{"from":"server","text":"%d"}\n'
    pieces = iter([line % 1, line % 2 + line % 3 + b'{"from":"ser', b'ver","text":"4"}\n', b'{"from":"server",'])
    found = blocks(pieces)
    assert [[line and line.text for line in block.lines] for block in (next(found) for _ in range(3))] == [
        ["1"],
        ["2", "3"],
        ["4"],
    ]
    assert [block.first for block in blocks([line % 1, line % 2 + line % 3])] == [1, 2]
    (last,) = found
    assert last.first == 5 and [*last.lines] == [None] and isinstance(last.raw(0), Last)
    (record,) = last.records()
    assert "cut off" in getattr(record, "message", "")


def test_trouble_is_the_last_line() -> None:
    trouble = Trouble(code="unreadable", message="the disk is gone")
    first, last = blocks([b'{"from":"server","text":"1"}\n{"from', trouble, b'":"server","text":"2"}\n'])
    assert len(first.lines) == 1 and (last.first, last.lines, last.raw(0)) == (2, (None,), trouble)
    (record,) = last.records()
    assert (record.at.line, getattr(record, "code", None)) == (2, "unreadable")


def test_a_range_counts_from_where_it_is_told_and_has_no_mark_of_byte_order() -> None:
    line = b'{"from":"server","text":"1"}\n'
    (block,) = blocks([line + line], first=41, at_start=False)
    assert (block.first, [record.at.line for record in block.records()]) == (41, [41, 42])
    (marked,) = blocks([b"\xef\xbb\xbf" + line], first=1, at_start=False)
    assert marked.lines == [None]
    (marked,) = blocks([b"\xef\xbb\xbf" + line])
    assert [type(line) for line in marked.lines] == [TextLine]


def test_messages_in_either_way_take_turns() -> None:
    text, value = b'{"from":"server","text":"1"}\n', b'{"from":"server","json":1}\n'
    (block,) = blocks([text + value + value + text + b"\n" + value])
    assert [None if line is None else type(line).__name__ for line in block.lines] == [
        "TextLine", "ValueLine", "ValueLine", "TextLine", None, "ValueLine"
    ]  # fmt: skip
    assert block.record(4) is None


@pytest.mark.soak
def test_millions_of_lines_are_those_of_the_careful_reader() -> None:
    for seed in range(20_000):
        random = Random(f"soak {seed}")
        limits = Limits() if seed % 2 else Limits(line=random.randrange(20, 200), block=random.randrange(4, 200))
        assert_same(captured(random, random.randrange(100)), random, limits)
