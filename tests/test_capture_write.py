"""What is written is read again as the same record, and holds no secret."""

from __future__ import annotations

import base64
import io

import pytest

from wirecheck import load
from wirecheck.capture import read
from wirecheck.capture.write import line_of
from wirecheck.record import At, BadLine, Closed, Message, Opened, Record, Trial
from wirecheck.redact import secrets_of

HERE = At(line=1, conn="a", t=1795145773.25)
RECORDS: list[Record] = [
    Opened(at=HERE),
    Opened(
        at=HERE,
        url="wss://agents.example/v1/stream?tool_events=true",
        subprotocols=("chat",),
        headers={"Origin": "https://agents.example"},
        sees=frozenset({"client", "server"}),
        vantage="client",
        exclusive=True,
        auth="bad",
    ),
    Message(at=HERE, sender="client", body='{"text":"naïve \u2028 \\ud800 \\"quoted\\""}'),
    Message(at=At(line=1, conn="b"), sender="server", body="not JSON at all \x00"),
    Message(at=HERE, sender="server", body=b"\xff\x00{}", binary=True),
    Message(at=HERE, sender="server", value={"type": "ping", "n": 1.5}, has_value=True),
    Closed(at=HERE),
    Closed(at=HERE, code=4001, sender="server"),
    Trial(at=HERE, guarantee="session-ready-answers", outcome="expired", seconds=30),
    Trial(at=HERE, guarantee="malformed-input-survived", outcome="broken", says="nobody answers"),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_it_is_read_again_as_it_was(record: Record) -> None:
    assert list(read(io.BytesIO(line_of(record)))) == [record]


def test_a_bad_line_is_not_written() -> None:
    with pytest.raises(ValueError, match="no record"):
        line_of(BadLine(at=HERE, code="bad-line", message="cut"))


@pytest.mark.parametrize(
    "opened",
    [
        Opened(at=HERE, url="wss://agents.example/v1/stream?token=planted%2Bsecret-1"),
        Opened(at=HERE, url="wss://user:planted+secret-1@agents.example/v1/stream"),
        Opened(at=HERE, subprotocols=("Bearer.planted+secret-1",)),
        Opened(at=HERE, headers={"Authorization": "Bearer planted+secret-1"}),
        Opened(at=HERE, headers={"Cookie": "session=planted+secret-1"}),
    ],
)
def test_a_secret_is_in_no_line(opened: Opened) -> None:
    secrets = secrets_of(opened, load("vonz"))
    said = 'you sent "planted+secret-1", which is planted%2Bsecret-1'
    lines = [
        line_of(opened, secrets),
        line_of(Message(at=HERE, sender="server", body=said), secrets),
        line_of(Message(at=HERE, sender="server", value={"a": [said]}, has_value=True), secrets),
        line_of(Trial(at=HERE, guarantee="x", outcome="broken", says=said), secrets),
    ]
    binary = line_of(Message(at=HERE, sender="server", body=said.encode(), binary=True), secrets)
    (again,) = read(io.BytesIO(binary))
    assert isinstance(again, Message) and isinstance(again.body, bytes)
    for line in (*lines, again.body):
        assert b"planted" not in line
        assert b"redacted" in line
    assert base64.b64encode(b"planted") not in binary


def test_words_that_only_look_like_secrets_stay_in_messages() -> None:
    frame = '{"type":"task:tool_use","input":{"token":"what the tool was given"}}'
    (again,) = read(io.BytesIO(line_of(Message(at=HERE, sender="server", body=frame))))
    assert isinstance(again, Message) and again.body == frame
