"""Text to JSON value: what is accepted at once, what is explained, and that the two never contradict each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wirecheck import strict

_KEYS = st.one_of(st.sampled_from(["a", "b", '"', "\\", ":", '":', " :", "\ud800", ""]), st.text(max_size=4))
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec=None), max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)
_PIECES = [
    '"a":1',
    ',"a":2',
    ' "b" :',
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    "\\ud800",
    "NaN",
    "1e999",
    "\ufeff",
    "\0",
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """An object as text, with white space as people write it, and then a few cuts and insertions."""
    value = draw(st.dictionaries(_KEYS, _VALUES, max_size=4))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : "), (",\n", "\t:\r\n")]))
    text = json.dumps(value, separators=separators, ensure_ascii=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 3))
        text = text[:place] + draw(st.one_of(st.just(""), st.sampled_from(_PIECES))) + text[place + gone :]
    return text


@pytest.mark.no_cover
@settings(max_examples=1_500, deadline=None)
@given(mutated())
def test_nothing_is_accepted_that_would_be_reported(text: str) -> None:
    accepted = strict.accept(text)
    if accepted is None:
        return
    parsed = strict.explain(text)
    assert parsed.defects == () and parsed.legible
    assert list(parsed.value) == list(accepted)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), st.integers(0, 9), max_size=4))
def test_what_is_accepted_reads_as_it_was_written(value: dict[str, int]) -> None:
    assert strict.accept(json.dumps(value)) in (value, None)
    assert strict.explain(json.dumps(value)).value == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"x":{"a":1,"a":2}}',
        '{"x":[{"a":1,"a":2}]}',
        '{"a":1,"\\u0061":2}',
        '{"a" :1,"a" :2}',
        '{"a"\t:1,"a"\n:2}',
        '{"a":"\\":","a":1}',
        '{"a":"\\ud800"}',
        '{"\\udfff":1}',
        "[1]",
        '"a"',
        "1",
        "null",
        "",
        "{",
        '{"a":NaN}',
        '{"a":Infinity}',
        "\ufeff{}",
        '{"a":"\ud800"}',
        "{" + '"a":{' * 20 + "}" * 20 + "}",
    ],
)
def test_what_is_left_to_be_explained(text: str) -> None:
    assert strict.accept(text) is None


@pytest.mark.parametrize(
    ("body", "code", "pointer", "message"),
    [
        (b"\xff", "not-utf8", None, "byte 0 is not UTF-8 (invalid start byte)"),
        (b'{"a":"\xed\xa0\x80"}', "not-utf8", None, "byte 6 is not UTF-8 (invalid continuation byte)"),
        ("a\ud800", "not-utf8", None, "character 1 is a lone surrogate, which UTF-8 cannot carry"),
        ("", "not-json", None, "the message is empty"),
        (" \n", "not-json", None, "the message is empty"),
        ("\ufeff{}", "not-json", None, "a byte order mark stands before the JSON text"),
        ("[NaN]", "not-json", None, "NaN is no JSON number"),
        ("{} {}", "not-json", None, "Extra data at character 3"),
        ("[" * 129 + "]" * 129, "too-deep", None, "nested deeper than 128 levels"),
        ("x" * (strict.MAX_BYTES + 1), "too-large", None, "a message of 8388609 bytes; the limit is 8388608"),
        ('{"a":{"b":1,"b":2}}', "duplicate-key", "/a/b", 'member "b" stands more than once in its object'),
        ('[{"~/":1,"~/":2}]', "duplicate-key", "/0/~0~1", 'member "~/" stands more than once in its object'),
        ('{"a":["\\ud800"]}', "lone-surrogate", "/a/0", '"\\\\ud800" holds half of a surrogate pair'),
        ('{"a":{"\\udc00":1}}', "lone-surrogate", "/a", '"\\\\udc00" holds half of a surrogate pair'),
    ],
)
def test_defects(body: str | bytes, code: str, pointer: str | None, message: str) -> None:
    parsed = strict.explain(body)
    assert parsed.defects == (strict.Defect(code=code, pointer=pointer, message=message),)
    assert parsed.legible == (code in ("duplicate-key", "lone-surrogate"))


def test_the_deepest_that_is_read() -> None:
    assert strict.explain("[" * 128 + "]" * 128).defects == ()
    assert strict.explain('{"a": "' + "[" * 500 + '"}').defects == ()


def test_several_lesser_defects_come_in_the_order_of_the_message() -> None:
    parsed = strict.explain('{"a":1,"b":{"c":"\\ud800","c":2,"d":"\\udfff"},"a":3}')
    assert [(defect.code, defect.pointer) for defect in parsed.defects] == [
        ("duplicate-key", "/a"),
        ("duplicate-key", "/b/c"),
        ("lone-surrogate", "/b/d"),
    ]
    assert parsed.value == {"a": 3, "b": {"c": 2, "d": "\udfff"}}


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ({"a": 1}, []),
        ({"a": float("nan")}, ["not-json"]),
        ([float("inf")], ["not-json"]),
        ({"a": "\ud800"}, ["lone-surrogate"]),
        ({"\ud800": [{"\udc00": 1}]}, ["lone-surrogate", "lone-surrogate"]),
    ],
)
def test_a_value_that_a_capture_holds_as_such(value: Any, codes: list[str]) -> None:
    assert [defect.code for defect in strict.assess(value).defects] == codes


def test_a_value_nested_too_deeply() -> None:
    value: Any = 1
    for _ in range(strict.MAX_DEPTH + 1):
        value = [value]
    assert [defect.code for defect in strict.assess(value).defects] == ["too-deep"]
    assert strict.assess(value[0]).defects == ()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", '"a"'),
        (None, "null"),
        (2**70, str(2**70)),
        ("x" * 100, '"' + "x" * 58 + "…"),
        ([1, 2], "[1, 2]"),
        ({"a": 1}, '{"a": 1}'),
        ([[1]], "an array of 1"),
        ({"a": {}}, "an object of 1"),
        (list(range(21)), "an array of 21"),
    ],
)
def test_a_value_as_a_message_shows_it(value: Any, shown: str) -> None:
    assert strict.show(value) == shown


def test_pointers() -> None:
    assert strict.pointer_to(()) == ""
    assert strict.pointer_to(("a/b", 0, "m~n", "")) == "/a~1b/0/m~0n/"


def test_a_text_is_too_large_by_its_bytes_and_not_by_its_characters() -> None:
    half = strict.MAX_BYTES // 2 - 1
    assert strict.explain('"' + "\u00e9" * half + '"').defects == ()
    text = '"' + "\u00e9" * (half + 1) + '"'
    for body in (text, text.encode()):
        assert [defect.message for defect in strict.explain(body).defects] == [
            "a message of 8388610 bytes; the limit is 8388608"
        ]
