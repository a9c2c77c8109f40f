"""Arrow transcripts, as people write them: `<- {…}` from the server, `-> {…}` from the client.

Law: one connection, whose opening and closing were not recorded. The rest of an arrow's line is the message, to the
byte. Blank lines, `# comments` and `(remarks)` are skipped; any other line is a `BadLine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wirecheck.capture.jsonl import DEFAULT_CONN
from wirecheck.capture.lines import Trouble
from wirecheck.catalog.model import Sender
from wirecheck.record import At, BadLine, Message, Record

ARROWS: Final[dict[bytes, Sender]] = {b"<- ": "server", b"-> ": "client"}


def looks_like_arrow(line: bytes) -> bool:
    return line[:3] in ARROWS


def is_remark(line: bytes) -> bool:
    return not line.strip() or line.startswith((b"#", b"("))


def records(lines: Iterable[tuple[int, bytes | Trouble]]) -> Iterator[Record]:
    for number, line in lines:
        if isinstance(line, Trouble):
            yield BadLine(at=At(line=number, conn=""), code=line.code, message=line.message)
        elif not is_remark(line):
            yield _record(line, number)


def _record(line: bytes, number: int) -> Record:
    at = At(line=number, conn=DEFAULT_CONN)
    sender = ARROWS.get(line[:3])
    if sender is None:
        return BadLine(at=at, code="bad-line", message='a transcript line starts with "<- " (server) or "-> " (client)')
    try:
        return Message(at=at, sender=sender, body=line[3:].removesuffix(b"\r").decode("utf-8"))
    except UnicodeDecodeError as error:
        return BadLine(at=at, code="bad-line", message=f"not UTF-8 (byte {error.start + 4} of the line)")
