"""Several readers of the same frames and conversations agree: none takes what another refuses, and no label is wrong.

Law: what is compared was written by `wirecheck fuzz`, as somebody else would read it. The verdicts are those of the
`jsonschema` and `jsonschema-rs` packages on the frame's schema, and of the checker.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from wirecheck import catalog, schema
from wirecheck.catalog.model import Dialect, Envelope
from wirecheck.check import Checker
from wirecheck.cli.fuzz_offline import spoken
from wirecheck.decode import Decoder
from wirecheck.fuzz.bulk import Meant, lines
from wirecheck.fuzz.choice import choices, labelled
from wirecheck.fuzz.reading import Unreadable, read
from wirecheck.sample.source import Seeded
from wirecheck.verdict import Report
from wirecheck.walk import Conversation, conversation, faulty

DIALECTS = catalog.dialects()
ENVELOPES: tuple[Envelope, ...] = ("wire", "flat", "nested")
ORDINARY, SOAK = 750, 500_000
TALKS, SOAK_TALKS = 60, 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Whether each reader takes a frame, and what the checker says of it."""

    python: bool
    rust: bool
    accepted: bool
    faults: tuple[tuple[str, str | None], ...]


class Readers:
    """Three readers of one dialect's frames."""

    def __init__(self, dialect: Dialect, envelope: Envelope) -> None:
        self.dialect = dialect
        self.decoder = Decoder(dialect, envelope=envelope)
        schemas = {
            one.form.key: schema.frame_schema(dialect, one.form, one.style)
            for one in choices(dialect, None, envelope, None)
        }
        self.python = {key: jsonschema.Draft202012Validator(one) for key, one in schemas.items()}
        self.rust = {key: jsonschema_rs.validator_for(one) for key, one in schemas.items()}

    def verdicts(self, line: dict[str, Any]) -> Verdicts:
        key, sender = line["frame"], line["from"]
        if "text" not in line:
            body = base64.b64decode(line["binary"] if "binary" in line else line["bytes"], validate=True)
            decoded = self.decoder.explain(body, sender, binary="binary" in line)
            return Verdicts(python=False, rust=False, accepted=False, faults=_told(decoded))
        text = line["text"]
        try:
            value = read(text)
            python, rust = self.python[key].is_valid(value), self.rust[key].is_valid(value)
        except Unreadable:
            python = rust = False
        accepted = self.decoder.accept(text, sender) is not None
        return Verdicts(
            python=python,
            rust=rust,
            accepted=accepted,
            faults=() if accepted else _told(self.decoder.explain(text, sender)),
        )


def _told(decoded: Any) -> tuple[tuple[str, str | None], ...]:
    return tuple((fault.code, fault.pointer) for fault in decoded.faults)


def disagreement(line: dict[str, Any], verdicts: Verdicts) -> str | None:
    """Why the verdicts and the label do not say the same; None where they do."""
    wrong = "defect" in line
    if (verdicts.python, verdicts.rust) != (not wrong, not wrong):
        return f"valid to jsonschema: {verdicts.python}, to jsonschema-rs: {verdicts.rust}"
    if wrong and verdicts.accepted:
        return "the checker accepts it"
    expected = ((line["code"], line["pointer"]),) if wrong else ()
    return None if verdicts.faults == expected else f"the checker says {verdicts.faults}, not {expected}"


def written(dialect: Dialect, envelope: Envelope, seed: int, *, invalid: bool) -> Iterator[dict[str, Any]]:
    found = choices(dialect, None, envelope, None)
    labels = labelled(dialect, found, None) if invalid else tuple((one, (None,)) for one in found)
    meant = [Meant(form=one.form, style=one.style, defect=label) for one, each in labels for label in each]
    return map(json.loads, lines(dialect, meant, seed))


def all_agree(name: str, envelope: Envelope, seed: int, count: int, *, invalid: bool) -> None:
    dialect = catalog.load(name)
    readers = Readers(dialect, envelope)
    for line in islice(written(dialect, envelope, seed, invalid=invalid), count):
        why = disagreement(line, readers.verdicts(line))
        assert why is None, f"{why}\n{line}"


@pytest.mark.no_cover
@pytest.mark.parametrize("invalid", [False, True], ids=["valid", "invalid"])
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("name", DIALECTS)
def test_all_readers_agree_on_every_frame(name: str, envelope: Envelope, invalid: bool) -> None:
    all_agree(name, envelope, 1, ORDINARY if envelope == "wire" else ORDINARY // 5, invalid=invalid)


@pytest.mark.soak
@pytest.mark.parametrize("invalid", [False, True], ids=["valid", "invalid"])
@pytest.mark.parametrize("name", DIALECTS)
def test_all_readers_agree_on_a_million_frames(name: str, invalid: bool) -> None:
    all_agree(name, "wire", 2, SOAK, invalid=invalid)


@pytest.mark.parametrize(
    "change",
    [
        {"pointer": "/elsewhere"},
        {"code": "duplicate-key"},
        {"text": '{"type":"task.cancel","task_id":"t"}'},
        {"text": '{"type":"task.cancel","task_id":{},"task_id":{}}'},
    ],
    ids=["pointer", "code", "valid", "two defects"],
)
def test_a_wrong_label_would_be_seen(change: dict[str, Any]) -> None:
    line = {"frame": "task.cancel", "from": "client", "text": '{"type":"task.cancel","task_id":{}}'}
    line |= {"defect": "type-object", "pointer": "/task_id", "code": "schema"}
    readers = Readers(catalog.load("vonz"), "wire")
    assert disagreement(line, readers.verdicts(line)) is None
    assert disagreement(line | change, readers.verdicts(line | change)) is not None


def test_a_valid_frame_that_is_not_would_be_seen() -> None:
    line = {"frame": "task.cancel", "from": "client", "text": '{"type":"task.cancel"}'}
    readers = Readers(catalog.load("vonz"), "wire")
    assert disagreement(line, readers.verdicts(line)) is not None


def report_on(dialect: Dialect, made: Conversation) -> Report:
    checker = Checker(dialect)
    for record in made.records():
        checker.receive(record)
    return checker.close()


def misjudged(dialect: Dialect, made: Conversation, report: Report) -> str | None:
    """How the checker's findings differ from what the conversation says of itself; None where they do not."""
    found = {group.first.guarantee or group.first.code for group in report.findings}
    if made.fault is None:
        return f"found {sorted(found)} in a valid conversation" if found else None
    if made.fault.guarantee not in found:
        return f"{made.fault.guarantee} is not found"
    more = found - {made.fault.guarantee} - set(dialect.guarantees[made.fault.guarantee].rule.implies)
    return f"found {sorted(more)} as well" if more else None


def all_judged(name: str, seed: int, count: int, *, invalid: bool) -> None:
    dialect, source = catalog.load(name), Seeded(seed)
    for number in range(count):
        made = faulty(dialect, source) if invalid else conversation(dialect, source)
        why = misjudged(dialect, made, report_on(dialect, made))
        assert why is None, f"{why}\n{spoken(made, number).decode()}"


@pytest.mark.no_cover
@pytest.mark.parametrize("invalid", [False, True], ids=["valid", "faulty"])
@pytest.mark.parametrize("name", DIALECTS)
def test_the_checker_finds_in_conversations_what_is_wrong_with_them(name: str, invalid: bool) -> None:
    all_judged(name, 3, TALKS, invalid=invalid)


@pytest.mark.soak
@pytest.mark.parametrize("invalid", [False, True], ids=["valid", "faulty"])
@pytest.mark.parametrize("name", DIALECTS)
def test_the_checker_finds_it_in_many_conversations(name: str, invalid: bool) -> None:
    all_judged(name, 4, SOAK_TALKS, invalid=invalid)


@pytest.mark.no_cover
def test_a_conversation_that_is_misjudged_would_be_seen() -> None:
    dialect = catalog.load("vonz")
    clean = conversation(dialect, Seeded(1))
    wrong = faulty(dialect, Seeded(1), "tool-call-answered-once")
    assert misjudged(dialect, clean, report_on(dialect, wrong)) is not None
    assert misjudged(dialect, wrong, report_on(dialect, clean)) is not None
    assert misjudged(dialect, wrong, report_on(dialect, faulty(dialect, Seeded(1), "replay-bracketed"))) is not None
