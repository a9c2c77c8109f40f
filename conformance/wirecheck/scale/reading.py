"""A range of a capture, judged without what came before it.

Law: what can be judged here is judged; of the rest the lines are kept as they are, in their order, up to a bound. What
is kept and what was judged never touch the same connection. Nothing here decides whether the past allows it.
"""

from __future__ import annotations

from array import array
from typing import Final

from wirecheck.capture.blocks import Block, CloseLine, End, TextLine
from wirecheck.capture.lines import Trouble
from wirecheck.capture.socketio import Unwrapping
from wirecheck.check.apart import Apart
from wirecheck.decode import Decoded
from wirecheck.record import BadLine, Closed, Message, Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.scale.crowd import crowded
from wirecheck.scale.job import Job
from wirecheck.scale.part import Part
from wirecheck.scale.ranges import Range
from wirecheck.scale.sift import Sifted

MOST_KEPT: Final = 16 * 1024 * 1024
"""Bytes of lines that a range may leave to others."""
_LINE: Final = 64


class Reading:
    """One part while it is read."""

    def __init__(self, part: Range, job: Job, first: int, avoided: frozenset[str]) -> None:
        self._range, self._job, self._first = part, job, first
        self._apart = Apart(job.dialect, known=job.known, first=first, **job.options)
        self._plan = self._apart._plan
        self._bumping = self._plan.bracket is not None
        self._avoided = avoided
        """Connections that are left to others though they began here."""
        self._ours: set[str] = set()
        """Connections that began here, were seen to need nothing of the past, and hold no packets of a transport."""
        self._others: set[str] = set()
        self._elsewhere: set[str] = set()
        """Connections that did not; and those of both whose lines cannot be taken as they are."""
        self._fresh: dict[str, list[tuple[int, bytes | Trouble]]] = {}
        """Connections that began here and of which no message came yet, with their lines."""
        self._wrapped: set[str] = set()
        self._unwrapping = Unwrapping()
        self._numbers = array("Q")
        self._text = bytearray()
        self._odd: dict[int, bytes | Trouble] = {}
        self._late = False
        """Whether lines were kept after later ones."""
        self._secrets: list[frozenset[str]] = []
        self.lost = False
        """Whether none of this counts."""

    @property
    def size(self) -> float:
        """How much is remembered, in parts of what one checker may remember."""
        return self._apart.size

    @property
    def noted(self) -> int:
        """Of how much a summary would tell now that does not count as remembered, nor as kept."""
        return self._apart.noted + len(self._fresh) + len(self._ours)

    @property
    def crowd(self) -> frozenset[str]:
        """The sessions of which a crowd of ours speaks."""
        return crowded(self._apart.history)

    def take(self, block: Block) -> None:
        """The next lines."""
        self._apart.take(Sifted(block, self._elsewhere, self._aside, self._passes))

    def _aside(self, block: Sifted, index: int) -> Record | None:
        """A line that the checker does not see as it is."""
        line = block.block.lines[index]
        raw = block.block.raw(index)
        if line.__class__ is TextLine:
            conn = line.conn
            if conn and not (conn in self._ours or conn in self._wrapped or conn in self._fresh):
                self._stranger(conn)
                self._keep_line(block.first + index, raw)
                if self._bumping and line.sender == "client":
                    self._bumped(block.made(index))
                return None
        record = block.made(index)
        if record is None or self.lost:
            return None
        conn = record.at.conn
        if conn in self._ours and record.__class__ is Message:
            return record
        if isinstance(record, Opened):
            self._opened(record, raw)
        elif conn in self._ours or conn in self._wrapped:
            self._going_on(record)
        elif conn in self._fresh:
            self._beginning(record, raw)
        else:
            self._keep(record, raw)
        return None

    def _passes(self, end: End) -> bool:
        """What opens or closes a connection that is ours beyond doubt."""
        conn = end.conn
        if isinstance(end, CloseLine):
            if conn not in self._ours or not self._unwrapping.closes(conn):
                return False
            self._ours.discard(conn)
            return True
        if not conn or self._bumping or self.lost or conn in self._avoided:
            return False
        if not self._unwrapping.opens(conn, end.url):
            return False
        self._begun(conn, secrets_of(end, self._job.dialect))
        self._ours.add(conn)
        return True

    def part(self, last: int) -> Part:
        """What came of it; `last` is the line at which another part begins."""
        if self.lost:
            return Part(range=self._range, first=self._first, last=last)
        if self._late:
            self._sort()
        return Part(
            range=self._range,
            first=self._first,
            last=last,
            stretch=self._apart.stretch(),
            numbers=self._numbers,
            text=None if self._job.near else bytes(self._text),
            odd=self._odd,
            conns=len(self._others),
            unwrapping=self._unwrapping,
            secrets=tuple(self._secrets),
        )

    def _opened(self, record: Opened, line: bytes | Trouble) -> None:
        conn = record.at.conn
        if not conn:
            self.lost = True
            return
        self._going_on(record)
        self._begun(conn, secrets_of(record, self._job.dialect))
        if conn in self._avoided:
            self._leave(conn, [(record.at.line, line)])
        elif not self._bumping and conn in self._unwrapping.plain:
            self._ours.add(conn)  # nothing of what it says can have to do with a past elsewhere
        else:
            self._fresh[conn] = [(record.at.line, line)]
            self._look(conn, aside=True)

    def _begun(self, conn: str, secrets: frozenset[str]) -> None:
        """A connection began here; whatever had its name is over."""
        if secrets:
            self._secrets.append(secrets)
        for those in (self._ours, self._wrapped, self._elsewhere):
            those.discard(conn)
        self._fresh.pop(conn, None)

    def _going_on(self, record: Record) -> None:
        """A record of a connection that is ours, whatever it holds."""
        for each in self._unwrapping.take(record):
            if each.at.line != record.at.line:
                self.lost = True
            self._apart.receive(each)
        if isinstance(record, Closed):
            self._ours.discard(record.at.conn)
            self._wrapped.discard(record.at.conn)
        elif self._unwrapping.held:
            self.lost = True

    def _beginning(self, record: Record, line: bytes | Trouble) -> None:
        """The first that comes on a connection: if that has a past elsewhere, it is not ours."""
        conn = record.at.conn
        if not isinstance(record, Message):
            del self._fresh[conn]
            self._settled(conn)
            self._going_on(record)
            return
        self._fresh[conn].append((record.at.line, line))
        found = list(self._unwrapping.take(record))
        if self._unwrapping.held:
            self.lost = True
        if not found:
            return
        seen = self._fresh.pop(conn)
        first = found[0]
        if isinstance(first, Message) and self._has_past(first):
            if conn not in self._apart.links:  # too many were open at once, and it counted as cut
                self.lost = True
                return
            self._leave(conn, seen)
            self._late = True
            self._bumped(record)
            return
        self._settled(conn)
        for each in found:
            self._apart.receive(each)

    def _leave(self, conn: str, seen: list[tuple[int, bytes | Trouble]]) -> None:
        """Leave to others a connection that began here, and these lines of it."""
        self._apart.disown(conn)
        self._unwrapping.over(conn)
        self._stranger(conn)
        for number, text in seen:
            self._keep_line(number, text)

    def _settled(self, conn: str) -> None:
        if conn in self._unwrapping.plain:
            self._ours.add(conn)
            self._look(conn, aside=False)
        else:
            self._wrapped.add(conn)
            self._elsewhere.add(conn)

    def _look(self, conn: str, *, aside: bool) -> None:
        """Look at each line of a connection, or have its messages taken as they are."""
        link = self._apart.links.get(conn)
        if link is not None:
            link.aside = aside

    def _stranger(self, conn: str) -> None:
        """Note a connection that has to be left to others."""
        self._others.add(conn)
        self._elsewhere.add(conn)

    def _keep(self, record: Record, line: bytes | Trouble) -> None:
        conn = record.at.conn
        if isinstance(record, BadLine):
            if not conn:
                self._apart.elsewhere(record.at.line, lost=True)
        elif not conn:
            self.lost = True
        self._stranger(conn)
        self._keep_line(record.at.line, line)
        self._bumped(record)

    def _keep_line(self, number: int, line: bytes | Trouble) -> None:
        if line.__class__ is not bytes:
            self._odd[len(self._numbers)] = line
        if not self._job.near:
            self._text += line if line.__class__ is bytes else b""
            self._text += b"\n"
        self._numbers.append(number)
        if len(self._text) + _LINE * len(self._numbers) > MOST_KEPT:
            self.lost = True
            self._text.clear()

    def _sort(self) -> None:
        """Put the lines that were kept in their order."""
        order = sorted(range(len(self._numbers)), key=self._numbers.__getitem__)
        places = {before: now for now, before in enumerate(order)}
        self._odd = {places[before]: line for before, line in self._odd.items()}
        self._numbers = array("Q", [self._numbers[place] for place in order])
        lines = self._text.split(b"\n")
        self._text = (
            bytearray()
            if self._job.near
            else bytearray().join([line for place in order for line in (lines[place], b"\n")])
        )

    def _bumped(self, record: Record | None) -> None:
        """Tell ours if a client may have ended what they have open."""
        if not self._bumping or not isinstance(record, Message) or record.sender != "client":
            return
        decoded = self._decoded(record)
        if decoded is None or decoded.variant is None:
            return
        if decoded.variant.form.contains is not None:
            self.lost = True  # any number of frames may be in it
        _, moves = self._apart._reader.read(decoded, record.at, 0)
        if moves.may_closes:
            self._apart.elsewhere(record.at.line, lost=False)

    def _has_past(self, message: Message) -> bool:
        """Whether a connection that begins with this message goes on with a session that was not seen here."""
        bracket = self._plan.bracket
        if bracket is None:
            return False
        decoded = self._decoded(message)
        if decoded is None or decoded.variant is None:
            return False
        event, moves = self._apart._reader.read(decoded, message.at, 0)
        session = event.key(bracket.keys)[0]
        return session is not None and not moves.born and not self._apart.shows(session)

    def _decoded(self, message: Message) -> Decoded | None:
        decoder = self._apart._decoder
        if message.has_value:
            return decoder.explain_value(message.value, message.sender)
        if isinstance(message.body, str):
            fit = decoder.fit(message.body, message.sender, None)
            if fit is not None:
                return Decoded(*fit)
        return decoder.explain(message.body, message.sender, binary=message.binary)
