"""Credentials are not written down."""

from __future__ import annotations

import time
from urllib.parse import unquote

import pytest

from wirecheck.catalog import load
from wirecheck.record import At, Opened
from wirecheck.redact import excerpt, redact, secrets_of

HERE = At(line=1, conn="c")


def secrets(url: str | None = None, protocols: tuple[str, ...] = (), **headers: str) -> frozenset[str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return secrets_of(Opened(at=HERE, url=url, subprotocols=protocols, headers=named), load("vonz"))


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        (secrets("wss://h/v1/stream?token=s3cr3t%2Fx"), {"s3cr3t%2Fx", "s3cr3t/x"}),
        (secrets("wss://h/?a=1&API_KEY=abcdef#key=no"), {"abcdef"}),
        (secrets("wss://user:hunter22@h/"), {"hunter22"}),
        (secrets(protocols=("chat", "Bearer.rc_abc")), {"Bearer.rc_abc", "rc_abc"}),
        (secrets(authorization="Bearer abc.def"), {"Bearer abc.def", "abc.def"}),
        (secrets(COOKIE="theme=dark; session=0123456789"), {"0123456789", "theme=dark; session=0123456789"}),
        (secrets("wss://h/?token=abc&auth=true&conversation_id=conv_12345"), set()),
        (secrets(), set()),
        (secrets("http://[::1"), set()),
    ],
)
def test_what_counts_as_a_secret(given: frozenset[str], secret: set[str]) -> None:
    assert secret <= given
    assert {unquote(each) for each in given} == {unquote(each) for each in secret}


def test_a_secret_is_also_known_in_the_spelling_of_json_and_of_urls() -> None:
    assert secrets('wss://h/?token=a"b%20cd') == {
        'a"b%20cd',
        'a\\"b%20cd',
        'a"b cd',
        'a\\"b cd',
        "a%22b%20cd",
    }


def test_names_of_the_catalogs_own_are_secret_too() -> None:
    opened = Opened(at=HERE, url="ws://h/?token=one1&conversation_id=two2")
    assert secrets_of(opened) == {"one1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"),
        ("Sec-WebSocket-Protocol: Bearer.abcdef", "Sec-WebSocket-Protocol: Bearer.[redacted]"),
        ("ws://h/?token=abc&x=1", "ws://h/?token=[redacted]&x=1"),
        ("ws://h/?x=1&Api_Key=abc", "ws://h/?x=1&Api_Key=[redacted]"),
        ('{"token": "a\\"b", "x": 1}', '{"token": "[redacted]", "x": 1}'),
        ('{"password":"cut off', '{"password":"[redacted]'),
        ('{"text":"{\\"secret\\": \\"abc\\"}"}', '{"text":"{\\"secret\\": \\"[redacted]\\"}"}'),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl!", "[redacted]!"),
        ("key rc_live_1234 and sk-abcdefgh", "key [redacted] and [redacted]"),
        ("prof_12345 sess_12345 task_12345 conv_def456", "prof_12345 sess_12345 task_12345 conv_def456"),
        ('{"type":"task:token","text":"token by token"}', '{"type":"task:token","text":"token by token"}'),
        ("hockey_puck monkey=1", "hockey_puck monkey=1"),
        ("see https://me:pass@host/x and ftp://you:p@ss@h", "see https://[redacted]@host/x and ftp://[redacted]@h"),
        ('{"url": "https:\\/\\/me:pass@host\\/x"}', '{"url": "https:\\/\\/[redacted]@host\\/x"}'),
        ("wss://0123456789@host/", "wss://[redacted]@host/"),
        ("https://h/?mail=me@host http://h/@me me@host", "https://h/?mail=me@host http://h/@me me@host"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_known_secrets_go_wherever_they_stand_the_longest_first() -> None:
    assert redact("abcdef abcd xabcdx", frozenset({"abcd", "abcdef"})) == "[redacted] [redacted] x[redacted]x"


def test_an_excerpt_is_redacted_before_it_is_cut() -> None:
    secret = frozenset({"S" * 50})
    assert excerpt("x" * 10 + "S" * 50, 15, secret) == "x" * 10 + "[red…"
    assert excerpt("short", 15) == "short"
    assert len(excerpt("y" * 100_000, 80)) == 80


@pytest.mark.parametrize("before", range(4400, 4440))
def test_no_excerpt_ends_in_half_a_secret(before: int) -> None:
    secret = "Z" * 600
    filler = "ab" * 200
    text = filler * (before // 400) + "c" * (before % 400) + secret
    assert "Z" not in excerpt(text, 100, frozenset({secret, filler}))


@pytest.mark.parametrize(
    "unit",
    [
        '"token":',
        '"token":"',
        "eyJ-",
        "eyJa.",
        "Bearer ",
        "token=",
        '\\"token\\":\\"',
        "\\",
        "rc_",
        "&key=",
        '"token"   ',
        "sk-",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 2


def test_a_secret_that_was_cut_is_redacted_too() -> None:
    secret = "".join(f"k{number}" for number in range(40))
    cut = f'expected object, got "{secret[:58]}…'
    assert redact(cut, frozenset({secret})) == 'expected object, got "[redacted]'
