"""Whose traffic it is, told from the traffic."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from wirecheck.capture import detect, read, unwrap
from wirecheck.capture.detect import MESSAGES_READ
from wirecheck.catalog import dialects, load
from wirecheck.errors import UsageError
from wirecheck.record import At, Message, Opened, Record
from wirecheck.schema import wire_style, wrap

SHELF = [load(name) for name in dialects()]
FIXTURES = Path(__file__).parent.parent / "fixtures"


def server(value: object, line: int = 2) -> Message:
    return Message(at=At(line=line, conn="c"), sender="server", body=json.dumps(value))


def client(value: object, line: int = 2) -> Message:
    return Message(at=At(line=line, conn="c"), sender="client", body=json.dumps(value))


def opened(url: str) -> Opened:
    return Opened(at=At(line=1, conn="c"), url=url)


def found(*records: Record) -> str:
    return detect(records, SHELF)[0].dialect.name


@pytest.mark.parametrize("name", dialects())
def test_each_dialect_is_recognised_by_the_examples_of_its_document(name: str) -> None:
    dialect = load(name)
    records = [
        Message(
            at=At(line=line, conn="c"),
            sender=frame.sender,
            value=wrap(dialect, frame, example, wire_style(dialect, frame)),
            has_value=True,
        )
        for line, frame in enumerate(dialect.frames.values(), start=1)
        for example in frame.examples[:1]
    ]
    detection, again = detect(records, SHELF)
    assert detection.dialect is dialect
    assert detection.reason == f"detected {name}: {len(records)} of {len(records)} messages carry its tags"
    assert list(again) == records
    assert detection.ranking[0][0] == name


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/captures/*.jsonl")), ids=lambda path: path.stem)
def test_each_fixture_is_of_the_dialect_of_its_folder(path: Path) -> None:
    try:
        detection, _ = detect(unwrap(read(path)), SHELF)
    except UsageError as error:
        assert path.parts[-3] in str(error) or "holds no message" in str(error)
    else:
        assert detection.dialect.name == path.parts[-3]


def test_one_error_frame_goes_to_whom_it_tells_most() -> None:
    error = {"type": "error", "code": "UNAUTHORIZED", "message": "Token invalid"}
    assert found(server(error)) == "vonz"
    assert found(server({"type": "error", "message": "Sorry"})) == "amigo"
    assert found(server({"type": "error", "data": {"code": "A", "message": "B", "details": "C"}})) == "symindx"


def test_the_address_decides_where_the_messages_do_not() -> None:
    ping = server({"type": "ping"})
    assert found(opened("ws://localhost:3001/ws"), ping) == "symindx"
    with pytest.raises(UsageError, match=r"amigo and symindx fit equally well \(1 of 1 messages\).*--dialect"):
        found(opened("ws://localhost/elsewhere"), ping)


def test_the_reason_says_what_decided() -> None:
    error = server({"type": "error", "code": "A", "message": "B"})
    reason = detect([error], SHELF)[0].reason
    assert reason == (
        "detected vonz: 1 of 1 messages carry its tags; so they do for amigo and symindx, "
        "but it describes more of their members"
    )
    pinged = detect([opened("ws://h:3001/ws"), server({"type": "ping"})], SHELF)[0].reason
    assert pinged.endswith("so they do for amigo, but the address is the documented one")
    nested = detect([server({"type": "error", "data": {"code": "A", "message": "B", "details": "C"}})], SHELF)[0].reason
    assert nested.endswith("but more of them hold all that it requires")


def test_a_tagless_frame_counts_only_with_its_payload() -> None:
    assert found(client({"text": "hi"})) == "amigo"
    with pytest.raises(UsageError, match="none of its first 1 messages is of a known dialect"):
        found(client({"hello": "hi"}))
    with pytest.raises(UsageError, match="none of its first 1 messages"):
        found(server({"text": "hi"}))


def test_nothing_to_recognise_says_so() -> None:
    with pytest.raises(UsageError, match="-: holds no message; say whose traffic it is with --dialect"):
        found()
    with pytest.raises(UsageError, match=r"x: this is no capture \(line 1: not JSON"):
        detect(read(io.BytesIO(b"hello\n")), SHELF, name="x")
    hostile = [Message(at=At(line=1, conn="c"), sender="server", body=body) for body in ("[" * 100_000, "7", b"\xff")]
    with pytest.raises(UsageError, match="none of its first 3 messages"):
        found(*hostile)


def test_only_the_beginning_is_read() -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield server({"type": "typing"}, taken)

    detection, again = detect(endless(), SHELF)  # type: ignore[arg-type]
    assert detection.dialect.name == "amigo"
    assert taken == MESSAGES_READ
    assert [next(again).at.line for _ in range(MESSAGES_READ + 2)][-1] == MESSAGES_READ + 2
