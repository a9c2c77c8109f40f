"""Whose traffic it is, told from the traffic.

Law: reads the catalog's tags, required members and addresses, and knows no dialect itself. It decides between the
dialects that it is given, says why, and would rather refuse than guess: a tie is an error that names the candidates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from wirecheck.catalog.model import Dialect, FrameForm, Sender
from wirecheck.errors import UsageError
from wirecheck.record import BadLine, Message, Opened, Record

MESSAGES_READ: Final = 500
_CHARACTERS_READ: Final = 32 * 1024 * 1024
_RECORDS_READ: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a dialect fits, the weightiest first.

    `known`: messages whose tag (or, where frames have none, required payload) the dialect knows for their sender.
    `complete`: those that hold all that their frame requires. `explained`: members that the catalog describes.
    `address`: whether an opening's path, or its port, is the documented one.
    """

    known: int = 0
    complete: int = 0
    explained: int = 0
    address: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The dialect that fits best, the sentence that says why, and all candidates from best to worst."""

    dialect: Dialect
    reason: str
    ranking: tuple[tuple[str, Score], ...]


def detect(
    records: Iterable[Record], dialects: Sequence[Dialect], *, name: str = "-"
) -> tuple[Detection, Iterator[Record]]:
    """The dialect of `records`, and all of `records` again, those included that were read to tell.

    `name` is the input's, for messages. Raises `UsageError` where no message is recognised, or two dialects fit
    equally well.
    """
    source = iter(records)
    head = list(_beginning(source))
    messages = [record for record in head if isinstance(record, Message)]
    values = [(message.sender, value) for message in messages if (value := _object(message)) is not None]
    openings = [record.url for record in head if isinstance(record, Opened) and record.url is not None]
    ranking = sorted(
        ((_score(dialect, values, openings), dialect) for dialect in dialects),
        key=lambda pair: (_descending(pair[0]), pair[1].name),
    )
    if not ranking or ranking[0][0].known == 0:
        raise UsageError(_unrecognised(name, head, messages, dialects))
    best, dialect = ranking[0]
    tied = [other.name for score, other in ranking if score == best]
    if len(tied) > 1:
        raise UsageError(
            f"{name}: {' and '.join(tied)} fit equally well ({best.known} of {len(messages)} messages); "
            f"say which with --dialect"
        )
    detection = Detection(
        dialect=dialect,
        reason=_reason(dialect, best, ranking[1:], len(messages)),
        ranking=tuple((other.name, score) for score, other in ranking),
    )
    return detection, chain(head, source)


def _beginning(records: Iterator[Record]) -> Iterator[Record]:
    messages = characters = 0
    for count, record in enumerate(records, start=1):
        yield record
        if isinstance(record, Message):
            messages += 1
            characters += len(record.body)
        if messages >= MESSAGES_READ or characters >= _CHARACTERS_READ or count >= _RECORDS_READ:
            return


def _object(message: Message) -> Mapping[str, Any] | None:
    """The message as an object, or None; what is wrong with it is not asked here."""
    if message.has_value:
        value = message.value
    else:
        try:
            value = json.loads(message.body)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _score(dialect: Dialect, values: Sequence[tuple[Sender, Mapping[str, Any]]], urls: Sequence[str]) -> Score:
    forms: dict[tuple[Sender, str | None], FrameForm] = {
        (form.sender, form.tag): form for form in dialect.frames.values()
    }
    known = complete = explained = 0
    for sender, value in values:
        tag = value.get(dialect.envelope.tag)
        form = forms.get((sender, tag)) if isinstance(tag, str) else None
        untagged = form is None and tag is None
        if untagged:
            form = forms.get((sender, None))
        if form is None:
            continue
        payload = _payload(dialect, form, value)
        required = (form.payload or {}).get("required", ())
        whole = payload is not None and all(member in payload for member in required)
        if untagged and not (whole and required):
            continue
        known += 1
        complete += whole
        described = (form.payload or {}).get("properties", {})
        explained += sum(member in described for member in payload or ())
    return Score(known=known, complete=complete, explained=explained, address=_address(dialect, urls))


def _payload(dialect: Dialect, form: FrameForm, value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if (form.wire or dialect.envelope.style) == "flat":
        return value
    payload = value.get(dialect.envelope.data, {})
    return payload if isinstance(payload, dict) else None


def _address(dialect: Dialect, urls: Sequence[str]) -> int:
    """2 for the documented path, 1 for the documented port, added up; the best of all openings."""
    path = dialect.connect.path
    pattern = None
    if path is not None:
        literal = [re.escape(part) for part in re.split(r"\{[^{}]*\}", path)]
        pattern = re.compile("[^/]+".join(literal) + "/?")
    best = 0
    for url in urls:
        address = re.split(r"[?#]", url, maxsplit=1)[0]
        authority, _, rest = address.partition("://")[2].partition("/")
        here = 2 if pattern is not None and pattern.fullmatch("/" + rest) else 0
        if dialect.connect.port is not None and authority.endswith(f":{dialect.connect.port}"):
            here += 1
        best = max(best, here)
    return best


def _descending(score: Score) -> tuple[int, int, int, int]:
    return (-score.known, -score.complete, -score.explained, -score.address)


def _reason(dialect: Dialect, best: Score, others: Sequence[tuple[Score, Dialect]], messages: int) -> str:
    said = f"detected {dialect.name}: {best.known} of {messages} messages carry its tags"
    rivals = [other.name for score, other in others if score.known == best.known]
    if not rivals:
        return said
    runner = others[0][0]
    if best.complete > runner.complete:
        why = "more of them hold all that it requires"
    elif best.explained > runner.explained:
        why = "it describes more of their members"
    else:
        why = "the address is the documented one"
    return f"{said}; so they do for {' and '.join(rivals)}, but {why}"


def _unrecognised(name: str, head: Sequence[Record], messages: Sequence[Message], dialects: Sequence[Dialect]) -> str:
    known = ", ".join(dialect.name for dialect in dialects)
    advice = f"say whose traffic it is with --dialect (one of {known}) or --catalog FILE"
    if messages:
        return f"{name}: none of its first {len(messages)} messages is of a known dialect; {advice}"
    bad = next((record for record in head if isinstance(record, BadLine)), None)
    if bad is not None and all(isinstance(record, BadLine) for record in head):
        why = f"line {bad.at.line}: {bad.message}"
        forms = "JSON Lines in UTF-8, or a transcript with arrows (docs/capture.md)"
        return f"{name}: this is no capture ({why}); one is {forms}, and wirecheck record makes one"
    if bad is not None:
        return f"{name}: holds no message (line {bad.at.line}: {bad.message}); {advice}"
    return f"{name}: holds no message; {advice}"
