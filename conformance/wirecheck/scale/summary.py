"""Summaries of ranges, and how they become one report.

Law: merging is associative by construction. What begins at the start of a capture has run (`Ran`: a checker and all
that it holds); anything else waits in its parts. Ran then parts: they are taken over one after the other, in order.
Parts then parts: they are put in a row. A part that cannot be taken over as it is, is read again, line by line; that is
what every report means, and the only thing that needs no proof.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from wirecheck.capture import read
from wirecheck.capture.blocks import Block, CloseLine, End
from wirecheck.capture.socketio import Unwrapping
from wirecheck.check import Checker
from wirecheck.check.absorb import Absorbing, Different, fits, frozen, thaw
from wirecheck.check.apart import Stretch
from wirecheck.check.journal import NOTHING, Past, past
from wirecheck.check.undo import Undo
from wirecheck.record import BadLine, Message, Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.scale.job import Job
from wirecheck.scale.part import Part, kept_blocks
from wirecheck.scale.parts import read_apart
from wirecheck.scale.ranges import Range, between, blocks_of
from wirecheck.scale.sift import Sifted
from wirecheck.verdict import Report

SECRETS_KEPT: Final = 1000
_RECORDS: Final = 500


@dataclass(slots=True, kw_only=True)
class Ran:
    """A capture as far as it was judged. `secrets` are the credentials of its connections, the newest ones;
    `line` is the number of the next line; `stopped` says that the rest of the capture could not be read; `again`
    counts the parts that were read again."""

    job: Job
    checker: Checker
    unwrapping: Unwrapping
    secrets: dict[str, None]
    line: int = 1
    stopped: bool = False
    again: int = 0

    def __reduce__(self) -> tuple[object, ...]:
        rest = {"unwrapping": self.unwrapping, "secrets": self.secrets, "line": self.line}
        return _ran, (self.job, frozen(self.checker), {**rest, "stopped": self.stopped, "again": self.again})


def _ran(job: Job, state: bytes, rest: dict[str, Any]) -> Ran:
    checker = job.checker()
    thaw(checker, state)
    return Ran(job=job, checker=checker, **rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is known of adjacent ranges: `ran` if they begin at the start of the capture, and parts that wait."""

    ran: Ran | None = None
    parts: tuple[Part, ...] = ()

    @property
    def secrets(self) -> frozenset[str]:
        """The credentials of the connections, which must not be shown."""
        return frozenset() if self.ran is None else frozenset(self.ran.secrets)

    @property
    def again(self) -> int:
        """How many parts were read again, because they could not be taken over as they were."""
        return 0 if self.ran is None else self.ran.again

    @property
    def past(self) -> Past:
        """What can be said beforehand to whoever summarizes later ranges; nothing if this has not run."""
        return NOTHING if self.ran is None else past(self.ran.checker)


def summarize(part: Range, job: Job) -> Summary:
    """The summary of one range of a capture: a pure function of its bytes and the job.

    Raises `CaptureError` where there is nothing to open.
    """
    return Summary(parts=tuple(read_apart(part, job))) if part.start > 0 else proceed(begun(job), part)


def begun(job: Job) -> Summary:
    """The summary of nothing, at the start of a capture."""
    return Summary(ran=Ran(job=job, checker=job.checker(), unwrapping=Unwrapping(), secrets={}))


def proceed(
    summary: Summary, part: Range, *, stream: BinaryIO | None = None, until: Callable[[int], int] | None = None
) -> Summary:
    """The summary with the range directly behind it, which is judged at once; `summary` is of no more use.

    The same as merging with the range's own summary, and cheaper where nobody can do that meanwhile. `stream` is the
    source, where it is open already, and at its start. `until` is told, again and again, how far the range was read,
    and says where it ends, at most where `part` does; of a source that cannot be cut it is told nothing but 0.
    """
    ran = summary.ran
    if ran is None:
        raise ValueError("only a summary that begins at the start of the capture can proceed")
    for waiting in summary.parts:
        _take_over(ran, waiting, _nothing)
    if part.whole:
        for number, record in enumerate(read(stream or part.source, limits=ran.job.limits)):
            _receive(ran, record)
            if until is not None and number % _RECORDS == 0:
                until(0)
    elif not ran.stopped:
        part = part if part.line else replace(part, line=ran.line)
        _run(ran, blocks_of(part, ran.job.limits, stream, until), _nothing)
    return Summary(ran=ran)


def merge(one: Summary, other: Summary, *, meanwhile: Callable[[], object] | None = None) -> Summary:
    """The summary of both; the ranges of `other` lie directly behind those of `one`, which is of no more use.

    `meanwhile` is called now and then while lines are judged.
    """
    if other.ran is not None:
        raise ValueError("only the first range of a capture begins at its start")
    if one.ran is None:
        return Summary(parts=one.parts + other.parts)
    for part in (*one.parts, *other.parts):
        _take_over(one.ran, part, meanwhile or _nothing)
    return Summary(ran=one.ran)


def finish(summary: Summary) -> Report:
    """The report on a whole capture, from a summary that begins at its start. Call it once."""
    ran = summary.ran
    if ran is None:
        raise ValueError("a report needs a summary that begins at the start of the capture")
    for part in summary.parts:
        _take_over(ran, part, _nothing)
    for record in ran.unwrapping.rest():
        ran.checker.receive(record)
    return ran.checker.close()


def _nothing() -> None:
    pass


def _run(ran: Ran, stream: Iterable[Block], meanwhile: Callable[[], object]) -> None:
    """Judge lines one after the other: what every report means."""

    unwrapping, dialect = ran.unwrapping, ran.checker.dialect
    plain = unwrapping.plain

    def aside(block: Sifted, index: int) -> Record | None:
        record = block.made(index)
        if record is None or (record.__class__ is Message and record.at.conn in plain):
            return record
        _receive(ran, record)
        return None

    def passes(end: End) -> bool:
        if isinstance(end, CloseLine):
            return unwrapping.closes(end.conn)
        if not unwrapping.opens(end.conn, end.url):
            return False
        secrets = secrets_of(end, dialect)
        if secrets:
            note(ran.secrets, secrets)
        return True

    for block in stream:
        ran.checker.take(Sifted(block, unwrapping.socketio, aside, passes))
        ran.line = block.first + len(block.lines)
        meanwhile()


def _receive(ran: Ran, record: Record) -> None:
    if isinstance(record, Opened):
        secrets = secrets_of(record, ran.checker.dialect)
        if secrets:
            note(ran.secrets, secrets)
    elif isinstance(record, BadLine) and record.code == "unreadable":
        ran.stopped = True
    for each in ran.unwrapping.take(record):
        ran.checker.receive(each)
    _look(ran, record.at.conn)


def _look(ran: Ran, conn: str) -> None:
    """Have the messages of a connection taken as they are, now that they are known to be, or else looked at."""
    link = ran.checker.links.get(conn)
    if link is not None:
        link.aside = conn not in ran.unwrapping.plain


def _take_over(ran: Ran, part: Part, meanwhile: Callable[[], object]) -> None:
    if ran.stopped:
        return
    stretch = part.stretch
    if stretch is None or not fits(ran.checker, stretch, others=part.conns):
        _run_again(ran, part, meanwhile)
        return
    before, unwrapping = Undo(ran.checker), pickle.dumps(ran.unwrapping)
    try:
        conns = _absorb(ran, part, stretch, meanwhile)
    except Different:
        before.back(ran.checker)
        ran.unwrapping = pickle.loads(unwrapping)
        _run_again(ran, part, meanwhile)
        return
    before.keep(ran.checker)
    if part.unwrapping is not None:
        ran.unwrapping.plain |= part.unwrapping.plain
        ran.unwrapping.socketio.update(part.unwrapping.socketio)
        for conn in conns:
            _look(ran, conn)
    for secrets in part.secrets:
        note(ran.secrets, secrets)
    ran.line = part.last
    ran.stopped = part.stopped is not None


def _absorb(ran: Ran, part: Part, stretch: Stretch, meanwhile: Callable[[], object]) -> list[str]:
    """Take over a part; the names of its connections that are open. Raises `Different` where that cannot be."""
    absorbing = Absorbing(ran.checker, stretch, over=ran.unwrapping.over)

    plain = ran.unwrapping.plain

    def aside(block: Sifted, index: int) -> Record | None:
        line = block.first + index
        if not block.block.raw(index):
            if not absorbing.waits(line):
                absorbing.at(line)
            return None
        record = block.made(index)
        if record.__class__ is Message and record.at.conn in plain:
            absorbing.at(line)
            return record
        absorbing.at(line, () if record is None else ran.unwrapping.take(record))
        if record is not None:
            _look(ran, record.at.conn)
        return None

    for block in kept_blocks(part, ran.job.limits):
        absorbing.at(block.first)
        absorbing.take(Sifted(block, ran.unwrapping.socketio, aside))
        meanwhile()
    return absorbing.finish()


def _run_again(ran: Ran, part: Part, meanwhile: Callable[[], object]) -> None:
    ran.again += 1
    _run(ran, between(blocks_of(part.range, ran.job.limits), part.first, part.last), meanwhile)


def note(kept: dict[str, None], secrets: Iterable[str]) -> None:
    """Learn the credentials of a connection; the oldest are forgotten."""
    kept.update(dict.fromkeys(secrets))
    while len(kept) > SECRETS_KEPT:
        del kept[next(iter(kept))]
