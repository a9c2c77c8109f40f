"""One message to one frame: in the order text, object, tag, envelope, schema."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wirecheck import dialects, load
from wirecheck.decode import Decoder
from wirecheck.variant import Fault

DECODERS = {name: {closed: Decoder(load(name), closed=closed) for closed in (False, True)} for name in dialects()}
READY = {"session_id": "s", "container_id": "c", "container_name": "n", "profile_id": "p"}


def faults(dialect: str, message: Any, sender: str = "server", *, closed: bool = False, **options: Any) -> list[Fault]:
    body = message if isinstance(message, str | bytes) else json.dumps(message)
    return list(DECODERS[dialect][closed].explain(body, sender, **options).faults)  # type: ignore[arg-type]


def short(found: list[Fault]) -> list[tuple[str, str, str | None, str | None]]:
    return [(fault.code, fault.level, fault.frame, fault.pointer) for fault in found]


@st.composite
def messages(draw: st.DrawFn, dialect: str) -> tuple[str, str]:
    """A documented message in either envelope, with a few members taken away, added, or given another value."""
    form = load(dialect)
    frame = draw(st.sampled_from(sorted(form.frames.values(), key=lambda frame: frame.key)))
    payload = {name: value for name, value in draw(st.sampled_from(frame.examples)).items() if name[:1] != "@"}
    tag = {} if frame.tag is None else {form.envelope.tag: frame.tag}
    message = {**tag, **payload} if draw(st.booleans()) else {**tag, form.envelope.data: payload}
    for _ in range(draw(st.integers(0, 2))):
        inner = message.get(form.envelope.data)
        place = inner if isinstance(inner, dict) and inner and draw(st.booleans()) else message
        name = draw(st.sampled_from([*sorted(place), "extra"]))
        if draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = draw(st.sampled_from([None, 1, "x", [], {}, True, 0.5, "\ud800", [{}]]))
    return json.dumps(message), draw(st.sampled_from([frame.sender, "client", "server"]))


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", dialects())
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_nothing_is_accepted_that_would_be_reported(dialect: str, data: st.DataObject) -> None:
    decoder = DECODERS[dialect][data.draw(st.booleans())]
    text, sender = data.draw(messages(dialect))
    style = data.draw(st.sampled_from([None, "flat", "nested"]))
    quick = decoder.accept(text, sender, style)  # type: ignore[arg-type]
    slow = decoder.explain(text, sender, style=style)  # type: ignore[arg-type]
    if quick is not None:
        assert slow.faults == () and slow.legible
        assert quick.variant is slow.variant and quick.style == slow.style
        assert quick.payload == slow.payload and quick.message == slow.message


def test_the_first_thing_that_is_wrong_wins() -> None:
    assert short(faults("vonz", b"\xff")) == [("not-utf8", "must", None, None)]
    assert short(faults("vonz", "{")) == [("not-json", "must", None, None)]
    assert short(faults("vonz", "[]")) == [("not-object", "must", None, "")]
    assert short(faults("vonz", {"a": 1})) == [("no-tag", "must", None, "")]
    assert short(faults("vonz", {"type": 7})) == [("no-tag", "must", None, "/type")]
    assert short(faults("vonz", {"type": "nobody's"})) == [("unknown-tag", "may", "nobody's", "/type")]
    nested = {"type": "session.ready", "data": READY}
    assert short(faults("vonz", nested)) == [("wrong-envelope", "must", "session.ready", "/data")]
    wrong = {"type": "session.ready", **READY, "session_id": 7}
    assert short(faults("vonz", wrong)) == [("schema", "should", "session.ready", "/session_id")]


def test_a_dialect_that_drops_unknown_types_has_no_finding_for_them() -> None:
    assert faults("amigo", {"type": "new"}) == []


def test_the_level_of_a_schema_finding_is_that_of_its_basis() -> None:
    assert [fault.level for fault in faults("amigo", {"type": "error"})] == ["must"]
    assert [fault.level for fault in faults("vonz", {"type": "task:token", "session_id": "s"})] == ["should"]


def test_every_independent_leaf_is_a_fault() -> None:
    found = faults("vonz", {"type": "session.ready", "session_id": 1, "container_id": None, "profile_id": "p"})
    assert [(fault.pointer, fault.message.partition(" (")[0]) for fault in found] == [
        ("", 'required member "container_name" is missing'),
        ("/container_id", "expected string, got null"),
        ("/session_id", "expected string, got 1"),
    ]


def test_equal_faults_of_different_items_have_one_cause() -> None:
    questions = [{"question": 1, "options": []}, {"question": "q", "options": [{"label": 2}]}, {"question": 3}]
    ask = {"type": "task:ask_user", "session_id": "s", "task_id": "t", "questions": questions}
    causes = [fault.cause for fault in faults("vonz", ask)]
    assert len(causes) == 4 and len(set(causes)) == 3


def test_closed_names_what_the_document_does_not() -> None:
    message = {"type": "session.ready", **READY, "more": 1, "data": {"a": 1}}
    assert faults("vonz", message) == []
    assert short(faults("vonz", message, closed=True)) == [
        ("extra-field", "should", "session.ready", "/more"),
        ("extra-field", "should", "session.ready", "/data"),
    ]
    headed = {"type": "chat", "data": {"message": "m", "more": {"x": 1}}, "priority": "high", "extra": 1}
    assert short(faults("symindx", headed, "client", closed=True)) == [
        ("extra-field", "should", "chat", "/extra"),
        ("extra-field", "should", "chat", "/data/more"),
    ]


def test_a_binary_message_is_a_lesser_fault_and_is_read_all_the_same() -> None:
    found = faults("amigo", b'{"type": "error"}', binary=True)
    assert short(found) == [("binary", "should", None, None), ("schema", "must", "error", "")]


def test_the_style_of_a_connection_replaces_that_of_the_document() -> None:
    flat, nested = {"type": "session.ready", **READY}, {"type": "session.ready", "data": READY}
    assert faults("vonz", nested, style="nested") == []
    assert short(faults("vonz", flat, style="nested")) == [("wrong-envelope", "must", "session.ready", "/session_id")]


def test_the_style_that_a_message_shows() -> None:
    decoder = DECODERS["vonz"][False]
    assert decoder.shown_style(json.dumps({"type": "session.ready", **READY}), "server") == "flat"
    assert decoder.shown_style(json.dumps({"type": "session.ready", "data": READY}), "server") == "nested"
    assert decoder.shown_style(json.dumps({"type": "session.replay_end"}), "server") is None
    assert decoder.shown_style("{", "server") is None
    assert decoder.value_style([], "server") is None


def test_frames_without_a_tag_are_the_senders_own() -> None:
    decoder = DECODERS["amigo"][False]
    decoded = decoder.explain('{"text": "hi"}', "client")
    assert decoded.variant is not None and decoded.variant.form.key == "user_text"
    assert short(faults("amigo", {"text": "hi"}, "server")) == [("no-tag", "must", None, "")]


def test_the_other_sides_tag_is_unknown_and_says_so() -> None:
    (fault,) = faults("vonz", {"type": "session.start", "profile_id": "p"}, "server")
    assert fault.code == "unknown-tag" and fault.message.endswith("only the client sends it")


def test_of_a_sender_of_whom_the_document_says_nothing_nothing_is_worse_than_an_unknown_tag() -> None:
    said = ["ping", "[1]", '{"a": 1, "a": 2}', b"\xff", '{"event_type": "ping", "event": "ping"}']
    found = [short(faults("agent_platform", body, "client")) for body in said]
    assert [[code for code, *_ in each] for each in found] == [
        ["not-json"],
        ["not-object"],
        ["duplicate-key", "no-tag"],
        ["not-utf8"],
        ["unknown-tag"],
    ]
    assert {level for each in found for _, level, *_ in each} == {"may"}
    assert {level for _, level, *_ in short(faults("agent_platform", b"ping", binary=True))} == {"must", "should"}


def test_a_dialect_that_refuses_what_it_does_not_know_refuses_all_of_it() -> None:
    strict = Decoder(replace(load("agent_platform"), unknown="reject"))
    assert short(list(strict.explain("ping", "client").faults)) == [("not-json", "must", None, None)]
