"""Every label of the closed list, on every frame: exactly one defect, where and what it says, or a reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_catalogs import catalog
from wirecheck import dialects, load
from wirecheck.catalog import Dialect, load_file
from wirecheck.catalog.model import Style
from wirecheck.decode import Decoder
from wirecheck.errors import CatalogError, UsageError
from wirecheck.fuzz.confirm import confirm
from wirecheck.sample.defects import BY_NAME, DEFECTS, applicable, inapplicable, invalid
from wirecheck.sample.messages import message
from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.schema import wire_style

STYLES: tuple[Style, Style] = ("flat", "nested")

EVERY_KEYWORD = """\
dialect: mine
unknown: reject
envelope:
  style: nested
  tag: kind
  data: body
  header: {client: {id: string, "at?": {type: integer, minimum: 0}}}
frames:
  all:
    from: client
    payload:
      name: {type: string, minLength: 2, maxLength: 4}
      code: {type: string, pattern: '^[a-z]+-[0-9]{2}$'}
      colour: {enum: [red, green]}
      "fixed?": {const: 7}
      count: {type: integer, minimum: 1, exclusiveMaximum: 10}
      "ratio?": {type: number, exclusiveMinimum: 0, maximum: 1}
      "even?": {type: integer, multipleOf: 2}
      "list?": {type: array, items: integer, minItems: 1, maxItems: 3, uniqueItems: true}
      "either?": {anyOf: [integer, {type: string, minLength: 3}]}
      "one?": {oneOf: [{type: integer, multipleOf: 3}, {type: integer, multipleOf: 5}]}
      "closed?": {type: object, properties: {a: string}, additionalProperties: false}
      "deep?": [{inner: {flag: boolean}}]
      "nothing?": "null"
      "bag?": {type: object, additionalProperties: boolean}
    cases:
      - {when: {/colour: red}, payload: {shade: string}}
"""


def written(folder: Path, text: str) -> Dialect:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path)


def assert_as_labelled(dialect: Dialect, decoder: Decoder, key: str, style: Style, seeds: int) -> None:
    """Each defect that the frame can have is confirmed, and is the one fault that the decoder reports."""
    form = dialect.frames[key]
    reasons = inapplicable(dialect, form, style)
    assert all(reasons.values()) and set(reasons) <= set(BY_NAME)
    for defect in DEFECTS:
        if defect.name in reasons or defect.huge:
            continue
        for source in (PLAIN, *map(Seeded, range(seeds))):
            frame = invalid(dialect, form, style, defect.name, source)
            assert (frame.dialect, frame.frame, frame.sender, frame.envelope) == (dialect.name, key, form.sender, style)
            assert frame.defect == defect.name and frame.says
            assert confirm(dialect, frame) is None, frame
            found = decoder.explain(frame.body, form.sender, binary=frame.binary, style=style).faults
            assert [(fault.code, fault.pointer) for fault in found] == [(defect.code, frame.pointer)], frame


def test_the_list_is_closed_and_each_says_what_it_is() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) == 49
    assert all(defect.says.endswith(".") for defect in DEFECTS)
    assert {defect.code for defect in DEFECTS} == {
        *("schema", "wrong-envelope", "no-tag", "unknown-tag", "not-object", "not-json", "not-utf8"),
        *("duplicate-key", "lone-surrogate", "too-deep", "too-large", "binary"),
    }
    assert [defect.name for defect in DEFECTS if defect.huge] == ["too-large"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", dialects())
def test_defects_of_a_shipped_dialect(name: str, style: Style) -> None:
    dialect = load(name)
    decoder = Decoder(dialect)
    for key in dialect.frames:
        assert_as_labelled(dialect, decoder, key, style, seeds=4)


@pytest.mark.parametrize("seed", range(12))
def test_defects_of_a_drawn_catalog(seed: int, tmp_path: Path) -> None:
    try:
        dialect = written(tmp_path, catalog(Seeded(seed)))
    except CatalogError:
        return  # contradicts itself, and the loader says so
    decoder = Decoder(dialect)
    for key, form in dialect.frames.items():
        for style in STYLES:
            try:
                message(dialect, form, style, PLAIN)
            except UsageError:
                continue
            assert_as_labelled(dialect, decoder, key, style, seeds=1)


@pytest.mark.parametrize("style", STYLES)
def test_a_frame_with_every_keyword_can_have_every_defect(style: Style, tmp_path: Path) -> None:
    dialect = written(tmp_path, EVERY_KEYWORD)
    reasons = dict(inapplicable(dialect, dialect.frames["all"], style))
    flat = {"header-in-payload": "in the flat envelope the header lies beside the payload's fields anyway"}
    assert reasons == (flat if style == "flat" else {})
    assert_as_labelled(dialect, Decoder(dialect), "all", style, seeds=25)
    assert set(applicable(dialect, dialect.frames["all"], style)) == set(BY_NAME) - set(reasons) - {"too-large"}


def test_defects_lie_in_optional_fields_and_deep_ones_and_those_of_cases(tmp_path: Path) -> None:
    dialect = written(tmp_path, EVERY_KEYWORD)
    form = dialect.frames["all"]
    places = {
        defect: {invalid(dialect, form, "nested", defect, Seeded(seed)).pointer for seed in range(60)}
        for defect in ("missing-field", "type-string", "type-null", "minimum", "additional-property", "unique-items")
    }
    assert {"", "/body", "/body/deep/0", "/body/deep/0/inner"} <= places["missing-field"]
    assert {"/at", "/body", "/body/deep/0/inner/flag", "/body/bag/note"} <= places["type-string"]
    assert "/body/shade" in places["type-null"] and "/body/nothing" not in places["type-null"]
    assert places["minimum"] == {"/at", "/body/count"}
    assert places["additional-property"] == {"/body/closed"}
    assert places["unique-items"] == {"/body/list"}


def test_what_would_leave_a_frame_valid_is_inapplicable_with_its_reason() -> None:
    amigo, symindx, vonz = load("amigo"), load("symindx"), load("vonz")
    text = inapplicable(amigo, amigo.frames["user_text"], "flat")
    assert text["tag-missing"] == "this frame has no tag"
    assert (
        text["tag-unknown"]
        == text["tag-null"]
        == ('no frame of the client has a tag, so a member "type" is an extra field like any other')
    )
    ping = inapplicable(amigo, amigo.frames["ping"], "flat")
    assert ping["tag-unknown"] == "tags that are not documented are to be ignored, so a message with one is in order"
    assert "other-envelope" not in ping and ping["field-at-wrong-level"] == "it has no documented fields"
    nested = inapplicable(amigo, amigo.frames["ping"], "nested")
    assert nested["other-envelope"] == "it has no documented fields, so its tag alone is right in both envelopes"
    chat = inapplicable(symindx, symindx.frames["chat"], "nested")
    assert chat["header-in-payload"] == ("no field of the header is required, so one in the payload is an extra field")
    assert chat["number-too-large"].startswith("JSON allows a number of any size")
    assert "field-at-wrong-level" not in chat
    lone = inapplicable(vonz, vonz.frames["task.cancel"], "flat")
    assert lone["field-at-wrong-level"] == 'its only documented field under "data" would be the other envelope'
    unknown = inapplicable(vonz, vonz.frames["session.replay_end"], "flat")
    assert {"missing-field", "type-null", "other-envelope"} <= set(unknown) and "tag-null" not in unknown


def test_a_missing_tag_that_is_another_frame_is_no_defect(tmp_path: Path) -> None:
    text = """\
dialect: mine
envelope: {style: flat, tag: type}
frames:
  tagged: {from: client, payload: {a: string}}
  bare: {from: client, tag: none, payload: {text: string}}
"""
    dialect = written(tmp_path, text)
    tagged = inapplicable(dialect, dialect.frames["tagged"], "flat")
    assert tagged["tag-missing"] == "without a tag it would be read as `bare`"
    frame = invalid(dialect, dialect.frames["bare"], "flat", "tag-unknown", PLAIN)
    assert frame.pointer == "/type"
    assert_as_labelled(dialect, Decoder(dialect), "bare", "flat", seeds=3)


def test_an_alternative_that_leaves_no_room_is_a_reason(tmp_path: Path) -> None:
    text = """\
dialect: mine
envelope: {style: nested, tag: type}
frames:
  a: {from: server, payload: {type: object, properties: {}, anyOf: [{type: object, additionalProperties: false}]}}
"""
    dialect = written(tmp_path, text)
    form = dialect.frames["a"]
    # Beside the tag of a nested message there is room; in the flat one, not even the tag fits.
    assert "nan" not in inapplicable(dialect, form, "nested")
    with pytest.raises(UsageError, match="no message was found that is a valid `a` in the flat envelope"):
        message(dialect, form, "flat", PLAIN)
    open_tag = text.replace("properties: {}, anyOf: [{", "properties: {}, anyOf: [{properties: {type: string}, ")
    narrow = written(tmp_path, open_tag.replace("style: nested", "style: flat"))
    reasons = inapplicable(narrow, narrow.frames["a"], "flat")
    assert reasons["nan"] == (
        "an alternative of its payload leaves no room for a further field, in which the defect would lie"
    )
    assert_as_labelled(narrow, Decoder(narrow), "a", "flat", seeds=2)


def test_the_same_choices_give_the_same_defect() -> None:
    for name in dialects():
        dialect = load(name)
        for form in dialect.frames.values():
            style = wire_style(dialect, form)
            for defect in applicable(dialect, form, style):
                one, other = (invalid(dialect, form, style, defect, Seeded(5)) for _ in range(2))
                assert one == other


def test_a_message_that_is_too_large_is_made_when_it_is_asked_for() -> None:
    dialect = load("symindx")
    for seed in range(3):
        frame = invalid(dialect, dialect.frames["chat"], "nested", "too-large", Seeded(seed))
        assert confirm(dialect, frame) is None
        (fault,) = Decoder(dialect).explain(frame.body, "client").faults
        assert (fault.code, fault.pointer) == ("too-large", None)


def test_what_cannot_be_made_says_what_to_do() -> None:
    dialect = load("amigo")
    with pytest.raises(UsageError, match="no defect is called `typo`; there are missing-field, "):
        invalid(dialect, dialect.frames["ping"], "flat", "typo", PLAIN)
    with pytest.raises(UsageError, match=r"`ping` in the flat envelope cannot have the defect enum: .*; choose"):
        invalid(dialect, dialect.frames["ping"], "flat", "enum", PLAIN)
