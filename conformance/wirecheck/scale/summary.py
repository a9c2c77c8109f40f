"""Summaries of ranges, and how they become one report.

Law: merging is associative by construction. What begins at the start of a capture has run (`Ran`: a checker and all
that it holds); anything else waits in its parts. Ran then parts: they are taken over one after the other, in order.
Parts then parts: they are put in a row. A part that cannot be taken over as it is, is read again, line by line; that is
what every report means, and the only thing that needs no proof.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from wirecheck.capture import read
from wirecheck.capture.blocks import Block
from wirecheck.capture.lines import Trouble
from wirecheck.capture.socketio import Unwrapping
from wirecheck.check import Checker
from wirecheck.check.absorb import Absorbing, Different, fits, frozen, thaw
from wirecheck.check.apart import Stretch
from wirecheck.check.journal import NOTHING, Past, past
from wirecheck.record import BadLine, Message, Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.scale.job import Job
from wirecheck.scale.ranges import Range, between, blocks_of
from wirecheck.scale.reading import Part, kept_blocks, read_apart
from wirecheck.scale.sift import Sifted
from wirecheck.verdict import Report

SECRETS_KEPT: Final = 1000


@dataclass(slots=True, kw_only=True)
class Ran:
    """A capture as far as it was judged. `secrets` are the credentials of its connections, the newest ones;
    `stopped` says that the rest of the capture could not be read; `again` counts the parts that were read again."""

    job: Job
    checker: Checker
    unwrapping: Unwrapping
    secrets: dict[str, None]
    stopped: bool = False
    again: int = 0

    def __reduce__(self) -> tuple[object, ...]:
        return _ran, (self.job, frozen(self.checker), self.unwrapping, self.secrets, self.stopped, self.again)


def _ran(job: Job, state: bytes, unwrapping: Unwrapping, secrets: dict[str, None], stopped: bool, again: int) -> Ran:
    checker = job.checker()
    thaw(checker, state)
    return Ran(job=job, checker=checker, unwrapping=unwrapping, secrets=secrets, stopped=stopped, again=again)


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


def proceed(summary: Summary, part: Range, *, stream: BinaryIO | None = None) -> Summary:
    """The summary with the range directly behind it, which is judged at once; `summary` is of no more use.

    The same as merging with the range's own summary, and cheaper where nobody can do that meanwhile. `stream` is the
    source, where it is open already, and at its start.
    """
    ran = summary.ran
    if ran is None:
        raise ValueError("only a summary that begins at the start of the capture can proceed")
    for waiting in summary.parts:
        _take_over(ran, waiting)
    if part.whole:
        for record in read(stream or part.source, limits=ran.job.limits):
            _receive(ran, record)
    elif not ran.stopped:
        _run(ran, blocks_of(part, ran.job.limits, stream))
    return Summary(ran=ran)


def merge(one: Summary, other: Summary) -> Summary:
    """The summary of both; the ranges of `other` lie directly behind those of `one`, which is of no more use."""
    if other.ran is not None:
        raise ValueError("only the first range of a capture begins at its start")
    if one.ran is None:
        return Summary(parts=one.parts + other.parts)
    for part in (*one.parts, *other.parts):
        _take_over(one.ran, part)
    return Summary(ran=one.ran)


def finish(summary: Summary) -> Report:
    """The report on a whole capture, from a summary that begins at its start. Call it once."""
    ran = summary.ran
    if ran is None:
        raise ValueError("a report needs a summary that begins at the start of the capture")
    for part in summary.parts:
        _take_over(ran, part)
    for record in ran.unwrapping.rest():
        ran.checker.receive(record)
    return ran.checker.close()


def _run(ran: Ran, stream: Iterable[Block]) -> None:
    """Judge lines one after the other: what every report means."""

    def aside(block: Sifted, index: int, record: Record | None) -> Record | None:
        record = record or block.made(index)
        if isinstance(record, Message) and record.at.conn in ran.unwrapping.plain:
            return record
        if record is not None:
            _receive(ran, record)
        return None

    for block in stream:
        ran.checker.take(Sifted(block, ran.unwrapping.plain, aside))


def _receive(ran: Ran, record: Record) -> None:
    if isinstance(record, Opened):
        note(ran.secrets, secrets_of(record, ran.job.dialect))
    elif isinstance(record, BadLine) and record.code == "unreadable":
        ran.stopped = True
    for each in ran.unwrapping.take(record):
        ran.checker.receive(each)


def _take_over(ran: Ran, part: Part) -> None:
    if ran.stopped:
        return
    stretch = part.stretch
    if stretch is None or not fits(ran.checker, stretch, others=part.conns):
        _run_again(ran, part)
        return
    before = frozen(ran.checker), pickle.dumps(ran.unwrapping)
    try:
        _absorb(ran, part, stretch)
    except Different:
        thaw(ran.checker, before[0])
        ran.unwrapping = pickle.loads(before[1])
        _run_again(ran, part)
        return
    if part.unwrapping is not None:
        ran.unwrapping.plain |= part.unwrapping.plain
        ran.unwrapping.socketio.update(part.unwrapping.socketio)
    for secrets in part.secrets:
        note(ran.secrets, secrets)
    ran.stopped = any(isinstance(line, Trouble) and line.code == "unreadable" for line in part.lines[-1:])


def _absorb(ran: Ran, part: Part, stretch: Stretch) -> None:
    """Take over a part; raises `Different` where that cannot be."""
    absorbing = Absorbing(ran.checker, stretch, over=ran.unwrapping.over)

    def aside(block: Sifted, index: int, record: Record | None) -> Record | None:
        line = block.first + index
        record = record or block.made(index)
        if isinstance(record, Message) and record.at.conn in ran.unwrapping.plain:
            absorbing.at(line)
            return record
        absorbing.at(line, () if record is None else ran.unwrapping.take(record))
        return None

    for block in kept_blocks(part, ran.job.limits):
        absorbing.at(block.first - 1)
        absorbing.take(Sifted(block, ran.unwrapping.plain, aside))
    absorbing.finish()


def _run_again(ran: Ran, part: Part) -> None:
    ran.again += 1
    _run(ran, between(blocks_of(part.range, ran.job.limits), part.first, part.last))


def note(kept: dict[str, None], secrets: Iterable[str]) -> None:
    """Learn the credentials of a connection; the oldest are forgotten."""
    kept.update(dict.fromkeys(secrets))
    while len(kept) > SECRETS_KEPT:
        del kept[next(iter(kept))]
