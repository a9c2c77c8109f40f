"""`wirecheck fuzz` without a URL: frames or conversations, a line each, to standard output.

Law: composition. The same options give the same bytes; what is made, and whether it is what its label says, is decided
elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from wirecheck.capture.write import line_of
from wirecheck.catalog.model import Dialect, Envelope, Sender
from wirecheck.check import Checker
from wirecheck.cli import PASSED
from wirecheck.cli.choose import the_one
from wirecheck.cli.covering import cover, coverable
from wirecheck.cli.output import stream
from wirecheck.decode import Decoder
from wirecheck.errors import UsageError
from wirecheck.fuzz.bulk import Meant, is_huge, lines
from wirecheck.fuzz.choice import choices, labelled
from wirecheck.record import Message
from wirecheck.sample.coverage import Coverage
from wirecheck.sample.source import Seeded
from wirecheck.walk import Began, Conversation, Ended, conversation, faulty

COUNT: Final = 100
"""Frames or conversations, where nothing else is asked for."""
FRAMES: Final = 512
"""Frames that are written at once."""
CONVERSATIONS: Final = 16
EDGES: Final = 4_096
"""Beginnings and ends of connections that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for: the options of the command, by their names."""

    dialect: str | None
    catalog: str | None
    count: int | None
    seed: int | None
    valid: bool
    invalid: bool
    conversations: bool
    frame: str | None
    sender: Sender | None
    envelope: Envelope | None
    defect: str | None
    guarantee: str | None
    form: str | None
    coverage: Path | None


def request_of(options: Mapping[str, Any]) -> Request:
    """The request among the command's options."""
    return Request(**{one.name: options[one.name] for one in fields(Request)})


def perform(request: Request) -> int:
    """The exit code; everything is written."""
    _agreeing(request)
    dialect = the_one(request.dialect, request.catalog)
    coverable(request.coverage)
    count = COUNT if request.count is None else request.count
    made, coverage = (_conversations if _is_about_conversations(request) else _frames)(request, dialect, count)
    stream(made)
    cover(request.coverage, coverage)
    return PASSED


def _is_about_conversations(request: Request) -> bool:
    return request.conversations or request.guarantee is not None


def _is_invalid(request: Request) -> bool:
    return request.invalid or request.defect is not None or request.guarantee is not None


def _agreeing(request: Request) -> None:
    """Raise `UsageError` for options that do not go together."""
    if request.form not in (None, "jsonl"):
        raise UsageError(f"--format {request.form} is for reports on a server; without a URL it is --format jsonl")
    if request.valid and _is_invalid(request):
        given = "--invalid" if request.invalid else "--defect" if request.defect is not None else "--guarantee"
        raise UsageError(f"--valid and {given} exclude each other; give one of them")
    if _is_about_conversations(request):
        about = "--conversations" if request.conversations else "--guarantee"
        for name in ("frame", "sender", "envelope", "defect"):
            if getattr(request, name) is not None:
                raise UsageError(f"--{name} is for single frames and {about} for conversations; leave out one of them")


def _frames(request: Request, dialect: Dialect, count: int) -> tuple[Iterator[bytes], Coverage]:
    envelope: Envelope = request.envelope or "wire"
    found = choices(dialect, request.frame, envelope, request.sender)
    if _is_invalid(request):
        meant = [
            Meant(form=one.form, style=one.style, defect=label)
            for one, labels in labelled(dialect, found, request.defect)
            for label in labels
        ]
    else:
        meant = [Meant(form=one.form, style=one.style) for one in found]
    coverage = Coverage(dialect, frames=[one.form.key for one in found], envelope=envelope)
    made: Iterator[bytes] = islice(lines(dialect, meant, request.seed or 0), count)
    if request.coverage is not None:
        made = _counted(made, dialect, coverage)
    return _joined(made, 1 if any(map(is_huge, meant)) else FRAMES), coverage


def _counted(made: Iterator[bytes], dialect: Dialect, coverage: Coverage) -> Iterator[bytes]:
    """The same lines; what they exercise is counted."""
    for line in made:
        yield line
        members = json.loads(line)
        if "defect" in members:
            coverage.saw_defect(members["frame"], members["defect"])
        else:
            coverage.saw_message(dialect.frames[members["frame"]], json.loads(members["text"]))


def _conversations(request: Request, dialect: Dialect, count: int) -> tuple[Iterator[bytes], Coverage]:
    coverage = Coverage(dialect)
    decoder = Decoder(dialect) if request.coverage is not None else None
    source, invalid = Seeded(request.seed or 0), _is_invalid(request)

    def made() -> Iterator[bytes]:
        for number in range(1, count + 1):
            one = faulty(dialect, source, request.guarantee) if invalid else conversation(dialect, source)
            yield spoken(one, number)
            if decoder is not None:
                _judged(one, dialect, decoder, coverage)

    return _joined(made(), CONVERSATIONS), coverage


def spoken(one: Conversation, number: int) -> bytes:
    """A conversation's line. Its records are those that `capture.write.line_of` gives; messages are written here, and
    the same, because there are so many of them."""
    said: list[bytes] = []
    heads: dict[tuple[str, Sender], bytes] = {}
    for event in one.events:
        if event.__class__ is tuple:
            conn, sender, text = event
            head = heads.get((conn, sender))
            if head is None:
                head = heads[conn, sender] = f',{{"conn":"{conn}","from":"{sender}","text":'.encode()
            said += (head, orjson.dumps(text), b"}")
        else:
            said.append(_edge(event))
    fault = b"null"
    if one.fault is not None:
        fault = orjson.dumps({"guarantee": one.fault.guarantee, "how": one.fault.how, "line": one.fault.line})
    return b'{"conversation":%d,"fault":%b,"records":[%b]}\n' % (number, fault, b"".join(said)[1:])


@lru_cache(maxsize=EDGES)
def _edge(event: Began | Ended) -> bytes:
    """The beginning or the end of a connection, after a comma. Conversations have the same ones again and again."""
    (record,) = Conversation(dialect="", events=(event,)).records()
    return b"," + line_of(record).rstrip(b"\n")


def _judged(one: Conversation, dialect: Dialect, decoder: Decoder, coverage: Coverage) -> None:
    """Count what a conversation exercises: its messages, and what the checker says of its guarantees."""
    checker = Checker(dialect)
    for record in one.records():
        checker.receive(record)
        if isinstance(record, Message):
            decoded = decoder.explain(record.body, record.sender)
            if decoded.variant is not None:
                coverage.saw_message(decoded.variant.form, decoded.message)
    for result in checker.close().guarantees:
        if result.held:
            coverage.saw_guarantee(result.id, "held")
        if result.broken:
            coverage.saw_guarantee(result.id, "broken")


def _joined(made: Iterator[bytes], size: int) -> Iterator[bytes]:
    while part := list(islice(made, size)):
        yield b"".join(part)
