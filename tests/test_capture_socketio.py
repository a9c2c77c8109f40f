"""Frames inside Socket.IO text."""

from __future__ import annotations

import pytest

from wirecheck.capture import unwrap
from wirecheck.record import At, BadLine, Closed, Message, Opened, Record, Trial

URL = "ws://h/socket.io/?EIO=4&transport=websocket"


def opened(url: str | None = URL, conn: str = "c", line: int = 1) -> Opened:
    return Opened(at=At(line=line, conn=conn), url=url)


def server(body: str | bytes, line: int = 2, conn: str = "c") -> Message:
    return Message(at=At(line=line, conn=conn), sender="server", body=body, binary=isinstance(body, bytes))


def client(body: str | bytes, line: int = 2, conn: str = "c") -> Message:
    return Message(at=At(line=line, conn=conn), sender="client", body=body, binary=isinstance(body, bytes))


def bodies(*records: Record) -> list[str | bytes]:
    return [record.body for record in unwrap(records) if isinstance(record, Message)]


@pytest.mark.parametrize(
    "packet",
    ['0{"sid":"x","upgrades":[]}', "1", "2", "3", "2probe", "3probe", "5", "6", "40", "40{}", '40{"sid":"x"}']
    + ["40/admin,", '40/admin,{"t":1}', "40/admin", "41", "41/admin,", '430["ok"]', "43/a,12[]", '44{"message":"no"}'],
)
def test_the_transports_own_packets_vanish(packet: str) -> None:
    assert bodies(opened(), server(packet), server('42["message","x"]')) == ["x"]


@pytest.mark.parametrize(
    ("packet", "frame"),
    [
        ('42["message","{\\"a\\": 1}"]', '{"a": 1}'),
        ('42["message",{"a": 1, "a": NaN}]', '{"a": 1, "a": NaN}'),
        ('42["anything","x"]', "x"),
        ('42/ns,["message","x"]', "x"),
        ('4217["message","x"]', "x"),
        ('42/ns,17["message", "x" , {"second": 1}]', "x"),
        ('42["message","\\ud800"]', "\ud800"),
        ('42["message",[1]]', "[1]"),
        ('42["message","{\\"_placeholder\\":true,\\"num\\":0}"]', '{"_placeholder":true,"num":0}'),
        ('450-["message","x"]', "x"),
    ],
)
def test_an_event_carries_its_first_argument(packet: str, frame: str) -> None:
    assert bodies(opened(), server(packet)) == [frame]


@pytest.mark.parametrize(
    "packet",
    ["", "7", "4", "47", "42", "42[", '42["message"]', "42[]", '42[7,"x"]', '42["m","x"', '42["m","x"]y', '42{"m":1}']
    + ["0{", "43[]", "2pong", "411", '45["m",{}]', '421-["m","x"]', '451-["m",{"_placeholder":true,"num":1}]']
    + ['42["m",' + "[" * 100_000, '{"plain": 1}'],
)
def test_what_is_no_packet_goes_on_unchanged(packet: str) -> None:
    assert bodies(opened(), server(packet), server('42["message","x"]')) == [packet, "x"]


def test_json_sent_as_bytes_is_a_text_frame_of_its_attachment() -> None:
    records = list(
        unwrap(
            [
                opened(),
                client('451-["message",{"_placeholder":true,"num":0}]', 2),
                client(b'{"a": "\xc3\xa9"}', 3),
                client(b"unasked", 4),
            ]
        )
    )
    assert records[1:] == [
        Message(at=At(line=3, conn="c"), sender="client", body='{"a": "é"}'),
        client(b"unasked", 4),
    ]


def test_attachments_are_counted_and_pings_between_them_are_no_break() -> None:
    assert bodies(
        opened(),
        client('452-["m",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]'),
        server('42["m","other side"]'),
        client(b"first"),
        client("3"),
        client(b"second"),
        client('42["m","next"]'),
    ) == ["other side", "second", "next"]
    assert bodies(opened(), client('451-["m",{"deep":{"_placeholder":true,"num":0}}]'), client(b"x")) == [
        '{"deep":{"_placeholder":true,"num":0}}'
    ]


def test_a_binary_acknowledgement_and_its_bytes_vanish() -> None:
    assert bodies(opened(), server('461-12[{"_placeholder":true,"num":0}]'), server(b"x"), server('42["m","y"]')) == [
        "y"
    ]


def test_bytes_that_are_no_text_stay_bytes() -> None:
    frames = list(unwrap([opened(), client('451-["m",{"_placeholder":true,"num":0}]'), client(b"\xff", 3)]))
    assert frames[1:] == [client(b"\xff", 3)]


def test_a_packet_whose_attachments_never_come_goes_on_unchanged() -> None:
    packet = '451-["m",{"_placeholder":true,"num":0}]'
    assert bodies(opened(), client(packet), client('42["m","x"]')) == [packet, "x"]
    assert bodies(opened(), client(packet), Closed(at=At(line=3, conn="c"))) == []


@pytest.mark.parametrize("first", ['0{"sid":"x"}', "40", '40{"sid":"x"}', '42["m","x"]', '451-["m",{}]', "40/ns,"])
def test_recognised_without_an_opening(first: str) -> None:
    assert bodies(server(first), server('42["m","y"]'))[-1] == "y"


def test_pings_alone_do_not_tell_and_are_held_until_something_does() -> None:
    assert bodies(server("2", 1), client("3", 2), server('42["m","x"]', 3)) == ["x"]
    assert bodies(server("2", 1), server('{"a":1}', 2)) == ["2", '{"a":1}']
    assert bodies(server("2", 1)) == ["2"]
    assert bodies(server("2", 1), Closed(at=At(line=2, conn="c"))) == ["2"]
    assert bodies(*[server("2", line) for line in range(1, 40)]) == ["2"] * 39


def test_a_plain_connection_is_untouched() -> None:
    packet = '42["message","x"]'
    records: list[Record] = [
        opened("ws://h/v1"),
        server(packet),
        Message(at=At(line=3, conn="d"), sender="client", value={"a": 1}, has_value=True),
        BadLine(at=At(line=4, conn=""), code="bad-line", message="?"),
        server(packet, 5),
        Closed(at=At(line=6, conn="c")),
    ]
    assert list(unwrap(records)) == records


def test_a_connection_that_opens_again_is_judged_anew() -> None:
    packet = '42["message","x"]'
    assert bodies(opened("ws://h/"), server(packet), opened("ws://h/x?EIO=4", line=3), server(packet, 4)) == [
        packet,
        "x",
    ]


def test_values_and_stray_bytes_on_such_a_connection_pass() -> None:
    value = Message(at=At(line=2, conn="c"), sender="server", value={"a": 1}, has_value=True)
    assert list(unwrap([opened(), value]))[1] is value
    assert bodies(opened(), server(b"x")) == [b"x"]


def test_a_trial_ends_no_connection() -> None:
    trial = Trial(at=At(line=3, conn="c"), guarantee="x", outcome="expired")
    records = [opened(), server('42["message","x"]'), trial, server('42["message","y"]', line=4)]
    unwrapped = list(unwrap(records))
    assert bodies(*records) == ["x", "y"]
    assert trial in unwrapped
