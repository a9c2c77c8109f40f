"""What a recorder reads from a copy of the bytes: heads of HTTP, and the messages in WebSocket frames."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from wirecheck.errors import UsageError
from wirecheck.serve import head
from wirecheck.serve.tap import MOST, Budget, End, Tap, Unreadable, Whole
from wirecheck.serve.upstream import upstream
from wirecheck.strict import MAX_BYTES

TAKEOVERS = [{}, {"client_no_context_takeover": ""}, {"server_no_context_takeover": "", "client_max_window_bits": "9"}]


def a_tap(*, masked: bool = False, packed: bool = False, budget: int = 1 << 30) -> Tap:
    return Tap(masked=masked, packed=packed, budget=Budget(budget))


def packer(*, masked: bool, deflate: dict[str, str] | None) -> list[PerMessageDeflate]:
    """The sender's end of the compression that was agreed on."""
    if deflate is None:
        return []
    side = "client" if masked else "server"
    return [
        PerMessageDeflate(
            remote_no_context_takeover=False,
            local_no_context_takeover=f"{side}_no_context_takeover" in deflate,
            remote_max_window_bits=15,
            local_max_window_bits=int(deflate.get(f"{side}_max_window_bits", "15")),
        )
    ]


def pieces(data: bytes, cuts: random.Random) -> Iterator[bytes]:
    while data:
        size = cuts.choice((1, 2, 3, 7, 50, 5000))
        yield data[:size]
        data = data[size:]


messages = st.lists(
    st.tuples(st.booleans(), st.lists(st.binary(max_size=400), min_size=1, max_size=4)), min_size=1, max_size=6
)


@given(said=messages, masked=st.booleans(), deflate=st.sampled_from([None, *TAKEOVERS]), seed=st.integers(0, 999))
def test_messages_are_read_however_they_are_cut_masked_and_packed(
    said: list[tuple[bool, list[bytes]]], masked: bool, deflate: dict[str, str] | None, seed: int
) -> None:
    extensions = packer(masked=masked, deflate=deflate)
    stream = b""
    for binary, parts in said:
        for index, part in enumerate(parts):
            opcode = Opcode.CONT if index else Opcode.BINARY if binary else Opcode.TEXT
            frame = Frame(opcode, part, fin=index == len(parts) - 1)
            stream += frame.serialize(mask=masked, extensions=extensions)
            stream += Frame(Opcode.PING, b"between").serialize(mask=masked, extensions=extensions)
    stream += Frame(Opcode.CLOSE, struct.pack("!H", 4001) + b"bye").serialize(mask=masked)
    heard = a_tap(masked=masked, packed=deflate is not None)
    found = [event for piece in pieces(stream, random.Random(seed)) for event in heard.feed(piece)]
    whole = [Whole(body=b"".join(parts), binary=binary, size=sum(map(len, parts))) for binary, parts in said]
    assert found == [*whole, End(code=4001)]


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", 1005), (struct.pack("!H", 1000), 1000), (struct.pack("!H", 4999) + "grüß".encode(), 4999)],
)
def test_the_code_of_a_close_frame(payload: bytes, code: int) -> None:
    stream = Frame(Opcode.CLOSE, payload).serialize(mask=False)
    heard = a_tap()
    assert list(heard.feed(stream + b"\xff\xff\xff not read any more")) == [End(code=code)]
    assert list(heard.feed(b"\xff\xff")) == []


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"\x83\x00", "a frame of the unknown opcode 3"),
        (b"\x8b\x00", "a frame of the unknown opcode 11"),
        (b"\xc1\x00", "a frame with reserved bits"),
        (b"\xa1\x00", "a frame with reserved bits"),
        (b"\x91\x00", "a frame with reserved bits"),
        (b"\x81\x80\x00\x00\x00\x00", "a masked frame"),
        (b"\x80\x00", "the continuation of no message"),
        (b"\x01\x00\x81\x00", "a message inside another"),
        (b"\x09\x00", "a control frame that is too long or in parts"),
        (b"\x89\x7e\x00\x80", "a control frame that is too long or in parts"),
        (b"\x88\x01\x03", "a close frame with half a code"),
    ],
)
def test_what_breaks_the_protocol_is_not_read(stream: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        list(a_tap().feed(stream))
    assert str(caught.value) == why


def test_a_client_must_mask() -> None:
    with pytest.raises(Unreadable, match="^a frame that is not masked$"):
        list(a_tap(masked=True).feed(b"\x81\x00"))


def test_only_the_first_frame_of_a_message_says_that_it_is_packed() -> None:
    heard = a_tap(packed=True)
    assert list(heard.feed(b"\x41\x00")) == []
    with pytest.raises(Unreadable, match="^a frame with reserved bits$"):
        list(heard.feed(b"\xc0\x00"))


def test_what_cannot_be_unpacked_is_not_read() -> None:
    with pytest.raises(Unreadable, match="^a message that cannot be unpacked$"):
        list(a_tap(packed=True).feed(b"\xc1\x04\xff\xff\xff\xff"))


def test_a_message_that_was_packed_to_its_very_end_is_read() -> None:
    """A final block (RFC 7692, 7.2.3.4) ends the stream; the next message begins another."""
    packed = zlib.compressobj(wbits=-15)
    data = packed.compress(b"final") + packed.flush() + b"\x00"
    frame = bytes([0xC1, len(data)]) + data
    whole = Whole(body=b"final", binary=False, size=5)
    assert list(a_tap(packed=True).feed(frame + frame)) == [whole, whole]


def test_of_a_message_beyond_the_bound_its_beginning_is_kept() -> None:
    size = 3 * MAX_BYTES
    heard = a_tap(budget=MOST)
    found = list(heard.feed(b"\x82\x7f" + struct.pack("!Q", size)))
    block = b"x" * 1_000_000
    for at in range(0, size, len(block)):
        found += heard.feed(block[: size - at])
    assert found == [Whole(body=b"x" * MOST, binary=True, size=size)]
    assert list(heard.feed(b"\x81\x02hi")) == [Whole(body=b"hi", binary=False, size=2)]


def test_a_little_that_unpacks_to_very_much_takes_no_more_room() -> None:
    packed = zlib.compressobj(wbits=-15)
    data = b"".join(packed.compress(b"x" * 1_000_000) for _ in range(50)) + packed.flush(zlib.Z_SYNC_FLUSH)
    data = data.removesuffix(b"\x00\x00\xff\xff")
    assert len(data) < 65536
    stream = b"\xc1\x7e" + struct.pack("!H", len(data)) + data
    (whole,) = a_tap(packed=True, budget=MOST).feed(stream)
    assert whole == Whole(body=b"x" * MOST, binary=False, size=50_000_000)


def test_all_taps_together_hold_no_more_than_their_budget() -> None:
    budget = Budget(10)
    first, second = (Tap(masked=False, packed=False, budget=budget) for _ in range(2))
    assert list(first.feed(b"\x01\x08" + b"8 bytes.")) == []
    with pytest.raises(Unreadable, match="^more bytes of unfinished messages than are kept$"):
        list(second.feed(b"\x01\x03" + b"123"))
    second.close()
    (whole,) = first.feed(b"\x80\x00")
    assert whole == Whole(body=b"8 bytes.", binary=False, size=8)
    third = Tap(masked=False, packed=False, budget=budget)
    assert list(third.feed(b"\x81\x0a" + b"0123456789")) == [Whole(body=b"0123456789", binary=False, size=10)]
    fourth = Tap(masked=False, packed=False, budget=budget)
    assert list(fourth.feed(b"\x01\x0a" + b"0123456789")) == []
    fourth.close()
    assert list(third.feed(b"\x81\x0a" + b"0123456789")) == [Whole(body=b"0123456789", binary=False, size=10)]


ASKED = (
    b"GET /v1/stream?a=1 HTTP/1.1\r\n"
    b"Host: localhost:1\r\n"
    b"UPGRADE: WebSocket\r\n"
    b"connection: keep-alive, X-Mine, Upgrade\r\n"
    b"X-Mine: for this hop\r\n"
    b"Keep-Alive: timeout=5\r\n"
    b"Sec-WebSocket-Key: a2V5\r\n"
    b'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-mine; a="1, 2"\r\n'
    b"Sec-WebSocket-Extensions: x-other\r\n"
    b"Cookie: a=1\r\n"
    b"cOOkie: b=2\r\n"
    b"X-Word: na\xefve\r\n"
    b"\r\n"
)


def test_a_request_goes_onward_as_it_is_but_for_what_is_of_one_hop() -> None:
    asked = head.request(ASKED)
    assert head.is_upgrade(asked)
    onward = head.onward(asked, target="/base/v1/stream?a=1", host="agents.example", authorization="Basic eDp5")
    assert onward.to_bytes() == (
        b"GET /base/v1/stream?a=1 HTTP/1.1\r\n"
        b"Host: agents.example\r\n"
        b"UPGRADE: WebSocket\r\n"
        b"Sec-WebSocket-Key: a2V5\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        b"Cookie: a=1\r\n"
        b"cOOkie: b=2\r\n"
        b"X-Word: na\xefve\r\n"
        b"Authorization: Basic eDp5\r\n"
        b"Connection: Upgrade\r\n"
        b"\r\n"
    )


def test_a_clients_own_credential_is_not_replaced() -> None:
    asked = head.request(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer its-own\r\n\r\n")
    assert not head.is_upgrade(asked)
    onward = head.onward(asked, target="/", host="b", authorization="Basic eDp5")
    assert onward.to_bytes() == (
        b"GET / HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer its-own\r\nConnection: close\r\n\r\n"
    )


def test_a_refusal_goes_back_as_it_is_but_for_what_is_of_one_hop() -> None:
    answer = head.answer(
        b"HTTP/1.1 401 Unauthorized, really\r\nKeep-Alive: 5\r\nConnection: keep-alive\r\nSet-Cookie: a=1\r\n"
        b"Set-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert head.back(answer).to_bytes() == (
        b"HTTP/1.1 401 Unauthorized, really\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("fields", "status", "length"),
    [
        ("Content-Length: 12\r\n", 401, 12),
        ("Content-Length: 12\r\nContent-Length: 12\r\n", 401, 12),
        ("Content-Length: 12\r\nContent-Length: 13\r\n", 401, None),
        ("Content-Length: 12\r\nTransfer-Encoding: chunked\r\n", 401, None),
        ("Content-Length: many\r\n", 401, None),
        ("", 503, None),
        ("", 204, 0),
    ],
)
def test_how_long_a_body_is(fields: str, status: int, length: int | None) -> None:
    assert head.length(head.answer(f"HTTP/1.1 {status} X\r\n{fields}\r\n".encode())) == length


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET http://other.example/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nno field\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\x00y\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\ny\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: x\ry\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_request_that_is_not_for_certain_one_is_refused(raw: bytes) -> None:
    with pytest.raises(head.Unreadable):
        head.request(raw)


@pytest.mark.parametrize("raw", [b"hello\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 999 X\r\n\r\n"])
def test_an_answer_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(head.Unreadable):
        head.answer(raw)


def test_an_answer_without_a_phrase() -> None:
    answer = head.answer(b"HTTP/1.1 101\r\n\r\n")
    assert answer.start == ("HTTP/1.1", "101", "")
    assert head.back(answer).to_bytes() == b"HTTP/1.1 101\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("agreed", "packed"),
    [
        ([], False),
        ([""], False),
        (["permessage-deflate"], True),
        (['Permessage-Deflate; server_no_context_takeover; client_max_window_bits="12"'], True),
        (["x-mine"], None),
        (["permessage-deflate, x-mine"], None),
        (["permessage-deflate", "permessage-deflate"], None),
    ],
)
def test_whether_compression_was_agreed_on(agreed: list[str], packed: bool | None) -> None:
    lines = "".join(f"Sec-WebSocket-Extensions: {value}\r\n" for value in agreed)
    answer = head.answer(f"HTTP/1.1 101 X\r\n{lines}\r\n".encode())
    if packed is not None:
        assert head.is_packed(answer) is packed
        return
    with pytest.raises(head.Unreadable, match="^the extensions '.*', which cannot be read$"):
        head.is_packed(answer)


@pytest.mark.parametrize(
    ("base", "asked", "target"),
    [
        ("ws://h:1", "/", "/"),
        ("ws://h:1", "/v1/stream?token=t", "/v1/stream?token=t"),
        ("ws://h:1/", "/v1", "/v1"),
        ("ws://h:1/base", "/", "/base"),
        ("ws://h:1/base/", "/", "/base/"),
        ("ws://h:1/base", "/v1", "/base/v1"),
        ("ws://h:1/base/", "/v1", "/base/v1"),
        ("ws://h:1/base?x=1", "/?y=2", "/base?x=1&y=2"),
        ("ws://h:1/base?x=1", "/v1", "/base/v1?x=1"),
        ("ws://h:1", "/v1?", "/v1?"),
        ("ws://h:1", "//other/x", "//other/x"),
    ],
)
def test_what_is_asked_for_upstream(base: str, asked: str, target: str) -> None:
    assert upstream(base).target(asked) == target


@pytest.mark.parametrize(
    ("url", "authority", "shown"),
    [
        ("ws://h", "h", "ws://h/"),
        ("ws://H:80/x", "h", "ws://h/x"),
        ("wss://h:443", "h", "wss://h/"),
        ("wss://h:444", "h:444", "wss://h:444/"),
        ("ws://[::1]:9", "[::1]:9", "ws://[::1]:9/"),
        ("ws://bücher.example", "xn--bcher-kva.example", "ws://xn--bcher-kva.example/"),
        ("ws://user:hunter22@h:9/x", "h:9", "ws://h:9/x"),
    ],
)
def test_the_address_of_the_upstream(url: str, authority: str, shown: str) -> None:
    place = upstream(url)
    assert (place.authority, place.url()) == (authority, shown)
    assert "hunter22" not in repr(place)


def test_credentials_in_the_address_are_known_as_secrets() -> None:
    place = upstream("ws://user:hunter%2022@h")
    assert place.authorization == "Basic dXNlcjpodW50ZXIgMjI="
    assert {"hunter 22", "hunter%2022", "dXNlcjpodW50ZXIgMjI="} <= place.secrets


@pytest.mark.parametrize(
    "url", ["", "h:1", "http://h", "ws://", "ws://h:99999", "ws://h/#x", "ws://h/a b", "ws://h/ü", "ws://[::1"]
)
def test_what_is_no_address_is_a_mistake_of_usage(url: str) -> None:
    with pytest.raises(UsageError, match="^--upstream: "):
        upstream(url)


def test_options_of_tls_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="^--insecure is for wss://"):
        upstream("ws://h", insecure=True)
    with pytest.raises(UsageError, match="^--ca is for wss://"):
        upstream("ws://h", ca="x.pem")
    with pytest.raises(UsageError, match="^--ca nowhere.pem: no file of certificates"):
        upstream("wss://h", ca="nowhere.pem")


def test_a_secret_is_not_repeated_in_what_is_wrong_with_an_address() -> None:
    with pytest.raises(UsageError) as caught:
        upstream("ws://user:hunter/22@h")
    assert "hunter" not in str(caught.value)
