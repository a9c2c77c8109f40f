"""The records around a finding, as lines to show.

Law: memory is bounded whatever the capture holds. A message is redacted before it is cut and cut before it is kept.
Records of other connections are no context and are left out.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from wirecheck.record import At, BadLine, Closed, Message, Opened, Record, Trial
from wirecheck.report.view import Shown

BEFORE: Final = 3
AFTER: Final = 1
_TRAIL: Final = 64
PLACES: Final = 200
_PIECE: Final = 8192  # more than an excerpt ever looks at, so that this cut cannot halve a secret unnoticed

Place = tuple[int, str]
"""A record's line and connection."""


class Trail:
    """The last records that went by, to show what stood around one of them."""

    __slots__ = ("_clean", "_kept")

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        self._kept: deque[tuple[At, str, str]] = deque(maxlen=_TRAIL)

    def add(self, record: Record) -> None:
        who, text = _said(record)
        self._kept.append((record.at, who, text))

    def around(self, place: Place) -> tuple[Shown, ...]:
        """Up to three records before and one after on the same connection; empty where the record itself is gone."""
        line, conn = place
        kept = [entry for entry in self._kept if entry[0].conn == conn or entry[0].line == line]
        index = next((index for index, entry in enumerate(kept) if entry[0].line == line), None)
        if index is None:
            return ()
        return tuple(
            Shown(line=at.line, who=who, text=self._clean(text), offending=at.line == line)
            for at, who, text in kept[max(0, index - BEFORE) : index + AFTER + 1]
        )


def surroundings(
    records: Iterable[Record], places: Iterable[Place], clean: Callable[[str], str]
) -> dict[Place, tuple[Shown, ...]]:
    """What stands around each of `places` (the first 200 of them) in a capture that is read once more for it."""
    wanted = sorted(set(places))[:PLACES]
    trail = Trail(clean)
    found: dict[Place, tuple[Shown, ...]] = {}
    waiting: set[Place] = set()
    due = deque(wanted)
    for record in records:
        trail.add(record)
        done = {place for place in waiting if place[1] in (record.at.conn, "")}
        while due and due[0][0] <= record.at.line:
            waiting.add(due.popleft())
        # Twice for each place: when its own record is there, lest it is gone later, and when the next one is.
        for place in (*done, *(place for place in waiting if place[0] == record.at.line)):
            found[place] = trail.around(place) or found.get(place, ())
        waiting -= done
        if not due and not waiting:
            break
    return found


def _said(record: Record) -> tuple[str, str]:
    if isinstance(record, Message):
        return record.sender, _body(record)
    if isinstance(record, Opened):
        return "open", record.url or ""
    if isinstance(record, Closed):
        return "close", " ".join(str(part) for part in (record.code, record.sender and f"by {record.sender}") if part)
    if isinstance(record, Trial):
        waited = "" if record.seconds is None else f" after {record.seconds:g} s"
        return "trial", f"{record.guarantee}: {record.outcome}{waited}" + (f" ({record.says})" if record.says else "")
    assert isinstance(record, BadLine)
    return "bad line", record.message


def _body(message: Message) -> str:
    if message.has_value:
        try:
            return json.dumps(message.value, ensure_ascii=False)[:_PIECE]
        except RecursionError:
            return "(nested too deeply to be shown)"
    if isinstance(message.body, bytes):
        return f"({len(message.body):,} bytes) {message.body[:64].hex(' ')}"
    return message.body[:_PIECE]
