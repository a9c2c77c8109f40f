"""The independent opinion: it confirms what is right and refuses a wrong label, place, number of defects."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from test_sample_defects import EVERY_KEYWORD, written
from wirecheck.catalog import Dialect
from wirecheck.fuzz.confirm import KEYWORDS as VALUED
from wirecheck.fuzz.confirm import confirm
from wirecheck.sample.defects import BY_NAME, InvalidFrame, applicable, invalid
from wirecheck.sample.source import PLAIN, Seeded


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Dialect:
    flat = EVERY_KEYWORD + '  small: {from: server, payload: {"a?": string, "b?": integer}}\n'
    return written(tmp_path_factory.mktemp("catalog"), flat)


def frames(mine: Dialect, seeds: int) -> list[InvalidFrame]:
    return [
        invalid(mine, form, style, defect, source)
        for form in mine.frames.values()
        for style in ("flat", "nested")
        for defect in applicable(mine, form, style)
        for source in (PLAIN, *map(Seeded, range(seeds)))
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize("seeds", [1, pytest.param(3, marks=pytest.mark.soak)])
def test_what_is_right_is_confirmed_and_another_label_is_refused(mine: Dialect, seeds: int) -> None:
    for frame in frames(mine, seeds):
        assert confirm(mine, frame) is None, frame
        for label in BY_NAME:
            assert label == frame.defect or confirm(mine, replace(frame, defect=label)) is not None, (label, frame)


def test_a_label_of_nothing_is_refused(mine: Dialect) -> None:
    (frame, *_) = frames(mine, seeds=0)
    assert confirm(mine, replace(frame, defect="no-such")) == "no defect is called `no-such`"


def test_another_place_is_refused(mine: Dialect) -> None:
    for frame in frames(mine, seeds=1):
        for pointer in ("/nowhere", None if frame.pointer is not None else "", "/kind", "/body", ""):
            assert pointer == frame.pointer or confirm(mine, replace(frame, pointer=pointer)) is not None, frame


def test_a_valid_frame_is_refused_under_every_label(mine: Dialect) -> None:
    body = '{"kind":"small","body":{"a":"x"}}'
    for label in BY_NAME:
        for pointer in (None, "", "/kind", "/body", "/body/a"):
            for whole, binary in ((body, False), (body.encode(), False)):
                frame = made(label, pointer, whole, binary=binary)
                assert confirm(mine, frame) is not None
    assert confirm(mine, made("binary", None, body.encode(), binary=True)) is None


def made(label: str, pointer: str | None, body: str | bytes, *, binary: bool = False, **more: Any) -> InvalidFrame:
    given: dict[str, Any] = {"frame": "small", "sender": "server", "envelope": "nested"} | more
    return InvalidFrame(dialect="mine", defect=label, pointer=pointer, says="", body=body, binary=binary, **given)


def test_a_second_defect_is_refused(mine: Dialect) -> None:
    for frame in frames(mine, seeds=1):
        for second in second_defects(frame):
            assert confirm(mine, second) is not None, second


def second_defects(frame: InvalidFrame) -> list[InvalidFrame]:
    """The same with one more defect: of its text, of its bytes, or of its value."""
    if isinstance(frame.body, bytes):
        return [replace(frame, body=b"\xef\xbb\xbf" + frame.body), replace(frame, body=frame.body[:-1])]
    found = [replace(frame, body=frame.body.encode(), binary=True)]
    if frame.defect not in ("bom", "truncated", "empty", "two-frames"):
        found.append(replace(frame, body="\ufeff" + frame.body))
    try:
        value = json.loads(frame.body)
    except ValueError:
        return found
    if isinstance(value, dict) and value and frame.defect not in ("duplicate-key", "too-deep", "nan"):
        last = list(value)[-1]
        again = f",{json.dumps(last)}:{json.dumps(value[last])}}}"
        found.append(replace(frame, body=frame.body.rstrip()[:-1] + again))
        found.append(replace(frame, body=json.dumps(value | {"more": "\ud800"})))
        inner = value["body"] if isinstance(value.get("body"), dict) else {}
        # A header field of the one frame, and a field of the other; neither is an integer, or text.
        wrong = {"at": "x", "a": 5} | ({"body": inner | {"a": 5}} if frame.envelope == "nested" else {})
        other = {"kind": 5} if frame.defect in VALUED or frame.defect.startswith("type-") else wrong
        found.append(replace(frame, body=json.dumps(value | other)))
    return found


@pytest.mark.parametrize(
    ("label", "pointer", "body", "why"),
    [
        ("type-string", "/body/b", '{"kind":"small","body":{"b":"x","a":1}}', "more than one thing is wrong"),
        ("type-array", "/body/b", '{"kind":"small","body":{"b":"x"}}', "the error is not that a value is of the type"),
        ("type-string", "/body/a", '{"kind":"small","body":{"b":"x"}}', "the error lies at '/body/b'"),
        ("type-string", "/body/b", '{"kind":"other","body":{"b":"x"}}', "more than one thing is wrong"),
        ("type-string", "/body/b", '["kind"]', "it is no object"),
        ("type-string", "/body/b", '{"kind":"small"', "its text is another defect"),
        ("tag-missing", "", '{"kind":"small"}', "it has a tag"),
        ("tag-unknown", "/kind", '{"kind":"small"}', "its tag is no unknown one"),
        ("tag-null", "/kind", '{"kind":null,"body":{"b":"x"}}', "with its tag it is still invalid"),
        ("other-envelope", "/a", '{"kind":"small","b":1}', "nothing at '/a' shows the other envelope"),
        ("other-envelope", "/a", '{"kind":"small","a":1}', "it is no valid frame of the flat envelope either"),
        ("other-envelope", "/a", '{"kind":"small"}', "it is a valid frame of the nested envelope too"),
        ("nan", None, '{"kind":"small","x":NaN,"y":NaN}', "it holds 2 numbers that are none"),
        ("nan", None, '{"kind":"small","x":NaN,"body":{"b":"x"}}', "without its defect it is still invalid"),
        ("duplicate-key", "/x", '{"kind":"small","x":1,"x":2,"y":1,"y":2}', "it has 2 members that stand twice"),
        ("truncated", None, '{"kind":"small"}', "it is JSON"),
        ("truncated", None, '{"kind":"small",,', "it is not the beginning of a JSON text"),
        ("truncated", None, '{"kind":"small"}}', "its brackets do not match"),
        ("two-frames", None, '{"kind":"small"}{"kind":"smell"}', "without its defect it is still invalid"),
        ("two-frames", None, '{"kind":"small"}', "it is no JSON"),
        ("control-character", None, '{"kind":"small","x":"\n","x":1}', "a member stands twice"),
        ("too-deep", None, '{"kind":"small","x":[[[]]]}', "it is not nested too deeply"),
        ("too-deep", None, '{"kind":"small","x":' + "[" * 10**6, "nested too deeply to be read"),
        ("too-large", None, '{"kind":"small"}', "it is not too large"),
        ("empty", None, "x", "it is not empty"),
        ("bom", None, '{"kind":"small"}', "no byte order mark"),
        ("bad-utf8", None, b'{"kind":"small"}', "it is UTF-8"),
        ("lone-surrogate", "/x", '{"kind":"small","x":"\ud800"}', "has no bytes"),
    ],
)
def test_it_says_why_not(mine: Dialect, label: str, pointer: str | None, body: str | bytes, why: str) -> None:
    assert why in (confirm(mine, made(label, pointer, body)) or "it was confirmed")


def test_a_frame_of_another_catalog_or_sender_is_refused(mine: Dialect) -> None:
    for other in ({"frame": "none"}, {"sender": "client"}):
        frame = made("empty", None, "", **other)
        assert (confirm(mine, frame) or "").startswith("the dialect has no frame")
    assert confirm(mine, replace(made("empty", None, ""), dialect="yours")) is not None


def test_it_imports_nothing_that_decodes() -> None:
    import wirecheck.fuzz

    folder = Path(wirecheck.fuzz.__file__).parent
    for module in ("confirm", "reading", "repairs"):
        text = (folder / f"{module}.py").read_text(encoding="utf-8")
        for word in (
            "wirecheck.decode",
            "wirecheck.strict",
            "wirecheck.variant",
            "linear",
            "jsonschema_rs",
            "hypothesis",
        ):
            assert word not in text
