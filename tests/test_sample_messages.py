"""Whole messages of every frame: valid for everybody, the same for the same choices, with what is settled in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from small_catalogs import catalog
from wirecheck import dialects, load
from wirecheck.catalog import Dialect, FrameForm, load_file
from wirecheck.catalog.linear import accepting
from wirecheck.catalog.model import Style
from wirecheck.decode import Decoder
from wirecheck.errors import CatalogError, UsageError
from wirecheck.sample.messages import message
from wirecheck.sample.source import PLAIN, Seeded, Source
from wirecheck.sample.spelling import spelled
from wirecheck.schema import frame_schema, wire_style

STYLES: tuple[Style, Style] = ("flat", "nested")


def sources(several: int = 40) -> Iterator[Source]:
    """The plainest choices, and those of a few seeds."""
    yield PLAIN
    yield from map(Seeded, range(several))


def written(folder: Path, text: str) -> Dialect:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path)


def assert_valid(dialect: Dialect, decoder: Decoder, form: FrameForm, style: Style, drawn: dict[str, Any]) -> None:
    """Valid by `jsonschema`, by `jsonschema-rs` and by the decoder, whichever way it takes, as this very frame."""
    schema = frame_schema(dialect, form, style)
    assert Draft202012Validator(schema).is_valid(drawn)
    assert accepting(schema)(drawn)
    text = json.dumps(drawn)
    decoded = decoder.explain(text, form.sender, style=style)
    assert (decoded.faults, decoded.variant and decoded.variant.form) == ((), form)
    quick = decoder.accept(text, form.sender, style)
    assert quick is None or (quick.faults, quick.variant and quick.variant.form) == ((), form)


@pytest.mark.parametrize("name", dialects())
def test_every_message_of_a_shipped_dialect_is_valid(name: str) -> None:
    dialect, decoder = load(name), Decoder(load(name))
    for form in dialect.frames.values():
        for style in STYLES:
            for source in sources():
                assert_valid(dialect, decoder, form, style, message(dialect, form, style, source))


@pytest.mark.parametrize("seed", range(40))
def test_every_message_of_a_drawn_catalog_is_valid(seed: int, tmp_path: Path) -> None:
    try:
        dialect = written(tmp_path, catalog(Seeded(seed)))
    except CatalogError:
        return  # contradicts itself, and the loader says so
    decoder = Decoder(dialect)
    for form in dialect.frames.values():
        for style in STYLES:
            try:
                message(dialect, form, style, PLAIN)
            except UsageError as error:
                assert "no message was found" in str(error) or "no value was found" in str(error)
                continue
            for source in sources(12):
                assert_valid(dialect, decoder, form, style, message(dialect, form, style, source))


def test_most_drawn_catalogs_have_messages(tmp_path: Path) -> None:
    made = 0
    for seed in range(40):
        try:
            dialect = written(tmp_path, catalog(Seeded(seed)))
            made += all(message(dialect, form, "flat", PLAIN) is not None for form in dialect.frames.values())
        except (CatalogError, UsageError):
            continue
    assert made >= 25


@pytest.mark.parametrize("name", dialects())
def test_the_same_choices_give_the_same_bytes(name: str) -> None:
    again = replace(load(name))  # equal, and nothing that is remembered of the first is its own
    for one, other in zip(load(name).frames.values(), map(replace, again.frames.values()), strict=True):
        for seed in range(5):
            first, second = Seeded(seed), Seeded(seed)
            text = spelled(message(load(name), one, "flat", first), first)
            assert text.encode() == spelled(message(again, other, "flat", second), second).encode()


FIXED = """\
dialect: fixed
envelope: {style: nested, tag: type, header: {server: {"id?": string}}}
frames:
  a:
    from: server
    payload:
      text: string
      "number?": {type: number, minimum: -2, maximum: 1000000}
      "whole?": integer
      "any?": any
      "several?": [{"kind": {enum: [red, green]}, "code?": {type: string, pattern: '^[A-F]{2}-[0-9]+$'}}]
"""


def test_a_seed_means_the_same_on_every_machine(tmp_path: Path) -> None:
    dialect, whole = written(tmp_path, FIXED), sha256()
    for seed in range(500):
        source = Seeded(seed)
        whole.update(spelled(message(dialect, dialect.frames["a"], "nested", source), source).encode())
    # It may change with a minor release, and then its notes say so.
    assert whole.hexdigest() == "eacff7e9b6f3c11a49c143fdf5b2c97ba92cb87d03a05ba805dbcf88577c9dba"


def test_the_plainest_message_has_what_is_required_and_nothing_more() -> None:
    vonz, symindx, amigo = load("vonz"), load("symindx"), load("amigo")
    plain = message(vonz, vonz.frames["task:tool_use"], "flat", PLAIN)
    assert plain == {"type": "task:tool_use", "session_id": "text", "tool": "text", "input": {}}
    assert message(symindx, symindx.frames["chat"], "nested", PLAIN) == {"type": "chat", "data": {"message": "text"}}
    assert message(symindx, symindx.frames["ping"], "nested", PLAIN) == {"type": "ping"}
    assert message(amigo, amigo.frames["user_text"], "flat", PLAIN) == {"text": "text"}


@pytest.mark.parametrize("style", STYLES)
def test_what_is_pinned_is_put_in_as_it_is_and_what_is_absent_left_out(style: Style) -> None:
    bondai, symindx = load("bondai"), load("symindx")
    marker = object()
    for source in sources():
        whole = message(
            bondai,
            bondai.frames["task_agent_step_completed"],
            style,
            source,
            pinned={("step", "agent_id"): marker, ("step", "step", "new"): 1},
        )
        step = (whole if style == "flat" else whole["data"])["step"]
        assert step["agent_id"] is marker and step["step"]["new"] == 1
        chat = symindx.frames["chat"]
        headed = message(symindx, chat, style, source, pinned={("@id",): "i"}, absent=[("@timestamp",), ("message",)])
        assert headed["id"] == "i" and "timestamp" not in headed
        assert "message" not in (headed if style == "flat" else headed.get("data", {}))


def test_what_is_absent_below_a_field_does_not_call_for_the_field() -> None:
    symindx = load("symindx")
    form = symindx.frames["subscribe"]
    drawn = [message(symindx, form, "flat", source, absent=[("filter", "minImportance")]) for source in sources()]
    assert {"filter" in one for one in drawn} == {True, False}
    assert not any("minImportance" in one.get("filter", {}) for one in drawn)


@pytest.mark.parametrize("style", STYLES)
def test_the_payload_of_the_case_that_holds_is_in_force(style: Style) -> None:
    vonz = load("vonz")
    form = vonz.frames["task:tool_use"]
    tools = set()
    for source in sources():
        drawn = message(vonz, form, style, source)
        payload = drawn if style == "flat" else drawn["data"]
        tools.add(payload["tool"] == "AskUserQuestion")
        assert ("questions" in payload["input"]) == (payload["tool"] == "AskUserQuestion")
        asked = message(vonz, form, style, source, pinned={("tool",): "AskUserQuestion"})
        assert isinstance((asked if style == "flat" else asked["data"])["input"]["questions"], list)
        other = message(vonz, form, style, source, pinned={("tool",): "Bash"})
        assert "questions" not in (other if style == "flat" else other["data"])["input"]
    assert tools == {True, False}


def test_a_case_may_require_what_another_condition_looks_at(tmp_path: Path) -> None:
    dialect = written(
        tmp_path,
        """\
dialect: mine
envelope: {style: flat, tag: type, header: {server: {"id?": string}}}
frames:
  a:
    from: server
    payload: {"kind?": string, "deep?": {"x?": integer}}
    cases:
      - {when: {/kind: one}, payload: {more: string, deep: {x: integer}}}
      - {when: {/deep/x: absent}, payload: {less: boolean}}
      - {when: {"@id": present}, payload: {headed: integer}}
""",
    )
    decoder, form = Decoder(dialect), dialect.frames["a"]
    seen = set()
    for source in sources():
        drawn = message(dialect, form, "flat", source)
        assert_valid(dialect, decoder, form, "flat", drawn)
        seen.add(tuple(name in drawn for name in ("more", "less", "headed")))
        one = message(dialect, form, "flat", source, pinned={("kind",): "one", ("@id",): "i"})
        assert_valid(dialect, decoder, form, "flat", one)
        assert {"more", "headed"} <= one.keys() and "less" not in one
    assert {(False, True, False), (True, False, False), (False, True, True), (False, False, False)} <= seen


def test_the_items_of_a_batch_are_frames_themselves() -> None:
    symindx = load("symindx")
    form, decoder = symindx.frames["batch"], Decoder(symindx)
    lengths = set()
    for source in sources():
        for style in STYLES:
            drawn = message(symindx, form, style, source)
            items = (drawn if style == "flat" else drawn["data"])["messages"]
            lengths.add(len(items))
            usual = style == wire_style(symindx, form)
            for item in items:
                assert decoder.explain_value(item, "client", style=None if usual else style).faults == ()
    assert {0, 1, 2, 3} <= lengths


def test_no_undocumented_member_is_called_like_a_documented_one() -> None:
    for name in dialects():
        dialect = load(name)
        documented = {key for form in dialect.frames.values() if form.payload for key in form.payload["properties"]}
        for form in dialect.frames.values():
            own = {dialect.envelope.tag, dialect.envelope.data} if form.tag is not None else {dialect.envelope.data}
            own |= {field.name for field in dialect.envelope.header.get(form.sender, ())}
            for payload in (form.payload, *(case.payload for case in form.cases)):
                own |= set(payload["properties"]) if payload else set()
            for source in sources():
                drawn = message(dialect, form, "flat", source)
                assert not drawn.keys() & documented - own
                assert not isinstance(drawn.get(dialect.envelope.data), dict) or form.payload is None


def test_a_frame_that_contradicts_itself_is_said_so_unless_an_example_shows_it(tmp_path: Path) -> None:
    text = """\
dialect: mine
envelope: {style: flat, tag: type}
frames:
  a:
    from: server
    payload: {type: object, properties: {p: {}}, oneOf: [{type: object}, {p: string}]}
"""
    text = text.replace("{p: {}}", "{p: any}")
    dialect = written(tmp_path, text)
    assert message(dialect, dialect.frames["a"], "flat", PLAIN) == {"type": "a"}
    hopeless = written(tmp_path, text.replace("{p: string}", "{type: object}"))
    with pytest.raises(UsageError, match="no message was found that is a valid `a` in the flat envelope; mend"):
        message(hopeless, hopeless.frames["a"], "flat", Seeded(1))
    # What only the opposite of a form gives is not looked for; an example shows it.
    text = text.replace("properties: {p: any}, ", "").replace("{p: string}", "{type: object, properties: {q: string}}")
    shown = written(tmp_path, text + "    examples: [{q: 1}]\n")
    assert message(shown, shown.frames["a"], "flat", Seeded(1)) == {"type": "a", "q": 1}
