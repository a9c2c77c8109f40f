"""Typed frames: nothing is accepted that anybody would report, and what was read is what the text says."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from small_catalogs import catalog as drawn_catalog
from wirecheck import dialects, load
from wirecheck.catalog import Dialect, load_file
from wirecheck.catalog.model import SENDERS, Envelope, Sender
from wirecheck.check import memory
from wirecheck.decode import Decoder
from wirecheck.errors import CatalogError, UsageError
from wirecheck.fuzz.bulk import Meant, lines
from wirecheck.fuzz.choice import choices, labelled
from wirecheck.sample.messages import message
from wirecheck.sample.source import Seeded
from wirecheck.sample.spelling import spelled
from wirecheck.schema import frame_schema
from wirecheck.strict import MAX_QUICK
from wirecheck.typed import Typed

ENVELOPES: tuple[Envelope, ...] = ("wire", "flat", "nested")
Sent = tuple[str, Sender]

VALUES = ("null", "true", "0", "-0", "-0.0", "1.0", "1e3", "7", "-1", "2.5", "1e999", "1e-999", "NaN", "Infinity", "01")
VALUES += ("9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" * 400)
VALUES += (
    '""',
    '"x"',
    '"\\""',
    '"\\":"',
    '":"',
    '"a:b"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude00"',
    "{}",
    "[]",
)
VALUES += ('"\\u0022"', '{"a":1,"a":2}', '{"a":"x","\\u0061":"y"}', '{"a" :[{"b":[[1]]}]}', "[" * 20 + "]" * 20, "[1,]")
VALUES += (
    "[" * 200 + "]" * 200,
    '"\\x"',
    '"\n"',
    '"é\u2028"',
    "tru",
    '"unfinished',
    '{"\\ud800":1}',
    "1.",
    "+1",
    "'x'",
)
CHARACTERS = '"\\{}[]:, \n\t\r0ea\x00\x7fé\ufeff\ud83d'


class Judge:
    """What a dialect's typed reader says, held against the decoder that has the last word, and python's validator."""

    def __init__(self, dialect: Dialect, envelope: Envelope, closed: bool) -> None:
        self.typed = Typed(dialect, envelope=envelope, closed=closed)
        self.decoder = Decoder(dialect, envelope=envelope, closed=closed)
        self.validators = {
            variant.key: jsonschema.Draft202012Validator(frame_schema(dialect, variant.form, variant.style))
            for variant in self.decoder.variants.values()
        }
        names = [place for places in dialect.names.values() for place in places]
        self.paths = [(place.place == "header", place.path) for place in names if place.place in ("header", "payload")]
        self.seen: Counter[str] = Counter()

    def judge(self, texts: Sequence[str], sender: Sender) -> None:
        """The frames of a batch, and of each text alone."""
        for text, frame in zip(texts, self.typed.decode(texts, sender), strict=True):
            # Alone it may be accepted where it is not among others; never may the two differ in what was read.
            for each in (frame, *self.typed.decode([text], sender)):
                if each is not None:
                    self.hold(each, self.decoder.explain(text, sender), text)
            self.seen[type(frame).__name__ if frame is None or isinstance(frame, tuple) else "struct"] += 1

    def judge_values(self, texts: Sequence[str], sender: Sender) -> None:
        """The same for messages that a capture holds as values."""
        for text, frame in zip(texts, self.typed.decode_values([*map(_raw, texts)], sender), strict=True):
            if frame is not None:
                self.hold(frame, self.decoder.explain_value(orjson.loads(text), sender), text)

    def hold(self, frame: Any, slow: Any, text: str) -> None:
        """What was accepted has nothing about it to report, and says the same."""
        assert slow.legible and slow.faults == (), text
        if isinstance(frame, tuple):
            variant, said, payload, style = frame  # numbers beyond 64 bits are doubles there, and exact here
        else:
            kind = self.typed.kinds[type(frame)]
            variant, said, payload, style = kind.fit(frame)
            assert kind.style == style
            values = kind.getter(self.paths)(frame)
            assert values == tuple(at(said if in_header else payload, path) for in_header, path in self.paths)
            assert values == tuple(kind.one(path)(frame) for path in self.paths)
            assert same(said, slow.message), text
            assert same(payload, slow.payload), text
            names = tuple((variant.form.payload or {}).get("properties", ()))
            members = kind.members(names)(frame)
            assert same(msgspec.to_builtins(members), {name: payload[name] for name in names if name in payload}), text
            assert memory.digest_of(members) == memory.digest(names, slow.payload), text
        assert (variant.key, style) == (slow.variant.key, slow.style)
        assert self.validators[variant.key].is_valid(said)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = value.get(step, UNSET) if isinstance(value, dict) else UNSET
    return value


def same(one: Any, other: Any) -> bool:
    """Equal JSON values, of equal types; members in any order."""
    if type(one) is not type(other) and not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@cache
def judge_of(name: str, envelope: Envelope = "wire", closed: bool = False) -> Judge:
    return Judge(load(name), envelope, closed)


def mutated(text: str, random: Random) -> str:
    """A text with a few things done to it that nobody should do."""
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        at = random.randrange(len(text) + 1)
        match random.randrange(12):
            case 0:
                text = text[:at] + random.choice(CHARACTERS) + text[at:]
            case 1:
                text = text[:at] + text[at + 1 :]
            case 2:
                text = text[:at] + random.choice(CHARACTERS) + text[at + 1 :]
            case 3 | 4 | 5:
                text = _in_object(text, f'"{random.choice(("a", "extra", "data", "type", "é"))}":', random)
            case 6 | 7:
                text = _twice(text, random)
            case 8:
                text = text[:at]
            case 9:
                text = (
                    random.choice((" ", "\n", "\t\r\n", "\ufeff", "\x0b", "")) + text + random.choice((" ", "\n", "{}"))
                )
            case _:
                text = _other_value(text, random)
    return text


def _in_object(text: str, name: str, random: Random) -> str:
    """One more member in some object."""
    places = [place + 1 for place, letter in enumerate(text) if letter == "{"]
    if not places:
        return text
    at = random.choice(places)
    comma = "" if text[at:].lstrip()[:1] == "}" else ","
    return f"{text[:at]}{name}{random.choice(VALUES)}{comma}{text[at:]}"


def _twice(text: str, random: Random) -> str:
    """A member of some object once more, in one spelling or another, somewhere else in it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    found: list[dict[str, Any]] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            found.append(value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(inner)

    collect(value)
    chosen = [one for one in found if one]
    if not chosen:
        return text
    place = random.choice(chosen)
    name = random.choice(list(place))
    place["\ue000"] = random.choice((place[name], "x", 1, "\ue001", '"', [], "q\"'"))
    written = json.dumps(
        value, ensure_ascii=random.random() < 0.5, separators=random.choice(((",", ":"), (", ", " : ")))
    )
    spelling = json.dumps(name)
    if random.random() < 0.3 and name[:1].isalnum():
        spelling = f'"\\u{ord(name[0]):04x}{spelling[2:]}' if ord(name[0]) < 128 else spelling
    return written.replace('"\\ue000"', spelling).replace('"\ue000"', spelling).replace("\ue001", "\\u0022\\u0022")


def _other_value(text: str, random: Random) -> str:
    """Another value for some member."""
    places = [place + 1 for place, letter in enumerate(text) if letter == ":"]
    if not places:
        return text
    at = random.choice(places)
    ends = [end for end in (text.find(",", at), text.find("}", at)) if end >= 0]
    return text[:at] + random.choice(VALUES) + (text[min(ends) :] if ends else "")


def made(dialect: Dialect, envelope: Envelope, seed: int, *, invalid: bool) -> Iterator[Sent]:
    """Generated frames of all kinds, without end."""
    found = choices(dialect, None, envelope, None)
    labels = labelled(dialect, found, None) if invalid else tuple((one, (None,)) for one in found)
    meant = [Meant(form=one.form, style=one.style, defect=label) for one, each in labels for label in each]
    for line in lines(dialect, meant, seed):
        members = orjson.loads(line)
        text = members.get("text")
        if text is None:
            text = base64.b64decode(members.get("binary") or members["bytes"]).decode("utf-8", "surrogateescape")
        yield text, members["from"]


def batches(sent: Sequence[Sent]) -> Iterator[tuple[list[str], Sender]]:
    for sender in SENDERS:
        texts = [text for text, by in sent if by == sender]
        if texts:
            yield texts, sender


def assert_sound(judge: Judge, sent: Sequence[Sent], random: Random) -> None:
    """As they are, and mutated; in batches as they come, in small ones, and as values."""
    changed = [(mutated(text, random), by if random.random() < 0.95 else random.choice(SENDERS)) for text, by in sent]
    for texts, sender in (*batches(sent), *batches(changed)):
        judge.judge(texts, sender)
        judge.judge_values(texts, sender)


def share(judge: Judge, sent: Sequence[Sent]) -> float:
    """The part of these frames that are read as instances of a class."""
    kinds = [type(frame) for texts, sender in batches(sent) for frame in judge.typed.decode(texts, sender)]
    return sum(kind in judge.typed.kinds for kind in kinds) / len(kinds)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("name", dialects())
def test_nothing_is_accepted_that_would_be_reported(name: str, envelope: Envelope, closed: bool) -> None:
    judge = judge_of(name, envelope, closed)
    seed = len(name) * 10 + len(envelope)
    for invalid in (False, True):
        sent = [*islice(made(load(name), envelope, seed, invalid=invalid), 60)]
        assert_sound(judge, sent, Random(seed))
    assert judge.seen["struct"] > 20 and judge.seen["NoneType"] > 20


@pytest.mark.parametrize("name", dialects())
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_nothing_is_accepted_that_would_be_reported_however_it_is_searched(name: str, data: st.DataObject) -> None:
    envelope, closed = data.draw(st.sampled_from(ENVELOPES)), data.draw(st.booleans())
    sent = [*islice(made(load(name), envelope, data.draw(st.integers(0, 5)), invalid=data.draw(st.booleans())), 6)]
    assert_sound(judge_of(name, envelope, closed), sent, data.draw(st.randoms(use_true_random=False)))


@pytest.mark.parametrize("seed", range(24))
def test_small_catalogs_of_users_are_read_as_soundly(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "drawn.yaml"
    path.write_text(drawn_catalog(Seeded(seed)), encoding="utf-8")
    try:
        dialect = load_file(path)
    except CatalogError:
        return  # contradicts itself, and the loader says so
    sources = [Seeded(number) for number in range(12)]
    for envelope in ENVELOPES:
        for closed in (False, True):
            judge = Judge(dialect, envelope, closed)
            sent: list[Sent] = []
            for one in choices(dialect, None, envelope, None):
                try:
                    sent += [
                        (spelled(message(dialect, one.form, one.style, source), source), one.form.sender)
                        for source in sources
                    ]
                except UsageError:
                    continue  # no message of this frame is known
            assert_sound(judge, sent, Random(seed))


@pytest.mark.parametrize("name", dialects())
def test_nearly_all_valid_frames_whose_members_are_documented_are_instances(name: str) -> None:
    closed = judge_of(name, "wire", True)
    sent = [*islice(made(load(name), "wire", 3, invalid=False), 400)]
    fits = [(text, by, closed.decoder.accept(text, by)) for text, by in sent]
    known = [(text, by) for text, by, fit in fits if fit and fit.variant and fit.variant.form.payload is not None]
    assert len(known) > 50
    assert share(judge_of(name), known) > 0.9  # what is left has numbers beyond 64 bits, nests deeply, or is a batch


def test_what_a_batch_holds_is_read_wherever_it_stands() -> None:
    judge = judge_of("vonz")
    token = '{"type":"task:token","session_id":"s","text":"%s"}'
    good, quoted, twice = token % "a", token % '\\":', token % 'a","text":"b'
    hidden = token % 'a\\u0022\\u0022","text":"b'
    texts = ["", good, twice, quoted, "{", good, hidden, good + good, token % "\\u0022", good]
    frames = judge.typed.decode(texts, "server")
    read = ["read" if type(frame) in judge.typed.kinds else "fit" if frame else None for frame in frames]
    assert read == [None, "read", None, "read", None, "read", None, None, "read", "read"]
    judge.judge(texts, "server")


def test_nothing_can_be_hidden_by_quotes_in_another_frame_or_in_free_values() -> None:
    judge = judge_of("vonz")
    use = '{"type":"task:tool_use","session_id":"s","tool":"Bash","input":%s}'
    plenty = use % '{"a":"\\u0022\\u0022\\u0022\\u0022"}'
    seeming = use % '{"a":"\\\\u0022"}'
    twice = use % '{"a":"x","a":"y"}'
    for texts in (
        [plenty, twice],
        [twice, plenty, plenty],
        [seeming, twice, seeming],
        [use % '{"a":1,"a":2}'],
        [use % '{"a":{"b":[{"c":1,"c":2}]}}'],
    ):
        frames = judge.typed.decode(texts, "server")
        assert [frame is None for frame in frames] == [text not in (plenty, seeming) for text in texts]


def test_a_case_asks_for_what_it_requires() -> None:
    judge = judge_of("symindx")
    event = '{"type":"event","data":{"eventType":"%s","agentId":"n"%s}}'
    change = ',"previousEmotion":"a","currentEmotion":"b","intensity":1'
    texts = [
        event % ("emotion_change", change),
        event % ("emotion_change", ""),
        event % ("other", ""),
        event % ("o", change),
    ]
    frames = judge.typed.decode(texts, "server")
    assert [type(frame) in judge.typed.kinds for frame in frames] == [True, False, True, True]
    assert frames[1] is None


def test_a_text_that_may_be_too_large_goes_the_slow_way() -> None:
    judge = judge_of("amigo")
    large, small = '{"text":"' + "x" * MAX_QUICK + '"}', '{"text":"x"}'
    frames = judge.typed.decode([small, large, small], "client")
    assert [frame is None for frame in frames] == [False, True, False]


def test_the_values_at_a_place_are_told_from_none_and_from_nothing() -> None:
    judge = judge_of("symindx")
    (frame,) = judge.typed.decode(['{"type":"subscribe","id":"7","data":{"filter":{"minImportance":0.5}}}'], "client")
    kind = judge.typed.kinds[type(frame)]
    paths = [(True, ("id",)), (True, ("timestamp",)), (False, ("filter", "minImportance")), (False, ("filter", "x"))]
    assert kind.getter(paths)(frame) == ("7", UNSET, 0.5, UNSET)
    assert kind.getter(paths[:1])(frame) == ("7",) and kind.getter([])(frame) == ()
    assert kind.getter([(True, ("type",)), (True, ("type", "x"))])(frame) == ("subscribe", UNSET)
    (bare,) = judge.typed.decode(['{"type":"subscribe"}'], "client")
    assert kind.getter(paths)(bare) == (UNSET, UNSET, UNSET, UNSET)
    (tool,) = judge_of("amigo").typed.decode(
        ['{"type":"tool_call_started","tool_name":"t","call_id":"c","input":null}'], "server"
    )
    amigo = judge_of("amigo").typed.kinds[type(tool)]
    assert amigo.getter([(False, ("input",)), (False, ("input", "x"))])(tool) == (None, UNSET)


def test_a_tag_is_asked_for_where_a_sender_has_only_one(tmp_path: Path) -> None:
    judge = Judge(patterned(tmp_path, {"type": "string"}), "wire", False)
    texts = [
        '{"word":"w","more":[]}',
        '{"type":"one","word":"w","more":[]}',
        '{"type":"one\'s other","m0":0,"more":[]}',
    ]
    assert [frame is None for frame in judge.typed.decode(texts, "server")] == [True, False, True]


def line(sender: Any, text: Any = UNSET, value: Any = UNSET) -> Any:
    return SimpleNamespace(sender=sender, text=text, json=value if value is UNSET else msgspec.Raw(value.encode()))


@pytest.mark.parametrize("name", dialects())
def test_lines_are_read_as_the_messages_in_them(name: str) -> None:
    judge, random = judge_of(name), Random(name)
    sent = [*islice(made(load(name), "wire", 8, invalid=False), 60)]
    sent += [(text, random.choice(SENDERS)) for text, _ in sent] + [("{", "server")]
    random.shuffle(sent)
    for ways in ((True,), (False,), (True, False, None)):
        rows: list[Any] = []
        for text, by in sent:
            way = random.choice(ways)
            rows.append(line(by, text) if way else None if way is None else line(by, value=text))
        frames = judge.typed.read(rows)
        for row, frame in zip(rows, frames, strict=True):
            if row is None:
                assert frame is None
            elif row.text is UNSET:
                assert frame == judge.typed.decode_values([row.json], row.sender)[0] or isinstance(frame, tuple)
            else:
                assert frame == judge.typed.decode([row.text], row.sender)[0] or isinstance(frame, tuple)
    assert judge.typed.read([]) == [] and judge.typed.read([None]) == [None]


def patterned(folder: Path, form: Any) -> Dialect:
    path = folder / "mine.yaml"
    payload = {"word": form, "more": {"type": "array", "items": {"type": "string"}}}
    frames = {"one": {"from": "server", "payload": payload}}
    text = {"dialect": "mine", "envelope": {"style": "flat", "tag": "type", "data": "data"}, "unknown": "report"}
    path.write_text(json.dumps({**text, "frames": frames}), encoding="utf-8")
    return load_file(path)


def test_a_pattern_is_the_schemas_and_not_pythons(tmp_path: Path) -> None:
    judge = Judge(patterned(tmp_path, {"type": "string", "pattern": r"^\d+$"}), "wire", False)
    words = ["12", "", "x", "12\\n", "\u0661", "7", "12", "3" * 300, "y"]
    texts = [f'{{"type":"one","word":"{word}","more":[]}}' for word in words]
    for _ in range(2):
        frames = judge.typed.decode(texts, "server")
        assert [type(frame) in judge.typed.kinds for frame in frames] == [
            True, False, False, False, False, True, True, True, False
        ]  # fmt: skip
    judge.judge(texts, "server")


def test_what_matched_once_is_forgotten_when_it_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wirecheck.typed.frame.MANY", 3)
    judge = Judge(patterned(tmp_path, {"type": "string", "pattern": "a"}), "wire", False)
    texts = [f'{{"type":"one","word":"{"a" * (number % 9)}","more":[]}}' for number in range(50)]
    judge.judge(texts, "server")
    assert judge.seen == {"struct": 44, "NoneType": 6}


@pytest.mark.soak
@pytest.mark.parametrize("name", dialects())
def test_millions_of_mutated_frames_find_nothing(name: str) -> None:
    """Over all dialects together more than three million; of each combination some are looked at in every way."""
    for envelope in ENVELOPES:
        for closed in (False, True):
            judge, random = judge_of(name, envelope, closed), Random(name)
            for invalid in (False, True):
                source = made(load(name), envelope, 11, invalid=invalid)
                assert_sound(judge, [*islice(source, 1_000)], random)
                for _ in range(10):
                    sent = [*islice(source, 500)]
                    for _ in range(11):
                        assert_nothing_wrong_is_accepted(judge, [(mutated(text, random), by) for text, by in sent])
            assert judge.seen["accepted"] > 5_000 and judge.seen["left"] > 5_000


def assert_nothing_wrong_is_accepted(judge: Judge, sent: Sequence[Sent]) -> None:
    """What is accepted, and that alone, is judged by the two that have the last word."""
    for texts, sender in batches(sent):
        for text, frame in zip(texts, judge.typed.decode(texts, sender), strict=True):
            judge.seen["left" if frame is None else "accepted"] += 1
            if frame is not None:
                slow = judge.decoder.explain(text, sender)
                assert slow.legible and slow.faults == (), text
                assert judge.validators[slow.variant.key].is_valid(slow.message), text
