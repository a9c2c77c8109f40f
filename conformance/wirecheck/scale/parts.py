"""A range of a capture, read without what came before it, in as many parts as that takes.

Law: bounds what is remembered of a range, and what its summary tells; what is beyond is for others to read. Nothing is
judged here.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from typing import Final

from wirecheck.capture import is_remote
from wirecheck.scale.crowd import MOST, speakers
from wirecheck.scale.job import Job
from wirecheck.scale.part import Part
from wirecheck.scale.ranges import Range, blocks_of, placed
from wirecheck.scale.reading import Reading

MOST_REMEMBERED: Final = 0.9
"""How much a stretch may remember of what one checker may; then another one begins."""
MOST_NOTED: Final = 150_000
"""Connections, and things that others may see, of which a range's summary tells; what comes then is left to others. Of
ordinary traffic the largest range that is given out has a sixth of that."""
_LOOK: Final = 32
"""Blocks after which somebody looks again for a crowd."""
END: Final = 1 << 62
"""A line behind every other, where nobody read that far."""


def read_apart(part: Range, job: Job) -> Iterator[Part]:
    """The range in parts; a new one begins where one would remember too much."""
    part = placed(part)
    avoided, sessions = frozenset[str](), frozenset[str]()
    room = 0 if is_remote(part.source) else MOST
    while (crowd := (yield from _parts(part, job, avoided, sessions, room))) is not None:
        gc.collect()  # the checker that is given up is held by itself alone
        if crowd:
            sessions |= crowd
            avoided |= speakers(part, job.limits, crowd)
            room -= len(crowd)
        else:
            avoided, room = frozenset(), 0


def _parts(
    part: Range, job: Job, avoided: frozenset[str], sessions: frozenset[str], room: int
) -> Generator[Part, None, frozenset[str] | None]:
    """The parts, with the connections that are `avoided` left to others.

    Or none of them, where it is better to begin anew: because a crowd speaks of further sessions (at most `room`), or
    of none, where avoiding leaves too much to others.
    """
    behind, noted, first = part.line, 0, True
    reading = Reading(part, job, part.line, avoided)
    for number, block in enumerate(blocks_of(part, job.limits)):
        if first and room and number % _LOOK == _LOOK - 1 and (crowd := reading.crowd - sessions):
            return frozenset(sorted(crowd)[:room])
        if noted + reading.noted > MOST_NOTED:
            yield reading.part(block.first)
            yield Part(range=part, first=block.first, last=END)
            return None
        if reading.size > MOST_REMEMBERED:
            noted += reading.noted
            yield reading.part(block.first)
            reading, first = Reading(part, job, block.first, avoided), False
        reading.take(block)
        if reading.lost:
            if first and avoided:
                return frozenset()
            yield reading.part(END)
            return None
        behind = block.first + len(block.lines)
    yield reading.part(behind)
    return None
