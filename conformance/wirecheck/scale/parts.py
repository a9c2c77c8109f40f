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
_NOBODY: Final = frozenset[str]()
END: Final = 1 << 62
"""A line behind every other, where nobody read that far."""


def read_apart(part: Range, job: Job) -> Iterator[Part]:
    """The range in parts; a new one begins where one would remember too much."""
    part = placed(part)
    avoided, sessions = frozenset[str](), frozenset[str]()
    while crowd := (yield from _parts(part, job, avoided, sessions)):
        gc.collect()  # the checker that is given up is held by itself alone
        sessions |= crowd
        avoided |= speakers(part, job.limits, crowd)


def _parts(
    part: Range, job: Job, avoided: frozenset[str], sessions: frozenset[str]
) -> Generator[Part, None, frozenset[str]]:
    """The parts, with the connections that are `avoided` left to others. Or none, and the sessions, beside these, of
    which a crowd speaks: it is better to begin anew without that."""
    behind, noted = part.line, 0
    reading = Reading(part, job, part.line, avoided)
    looks = not is_remote(part.source) and len(sessions) < MOST
    for number, block in enumerate(blocks_of(part, job.limits)):
        if looks and number % _LOOK == _LOOK - 1 and (crowd := reading.crowd - sessions):
            return crowd
        if noted + reading.noted > MOST_NOTED:
            yield reading.part(block.first)
            yield Part(range=part, first=block.first, last=END)
            return _NOBODY
        if reading.size > MOST_REMEMBERED:
            noted += reading.noted
            yield reading.part(block.first)
            reading, looks = Reading(part, job, block.first, avoided), False
        reading.take(block)
        if reading.lost:
            yield reading.part(END)
            return _NOBODY
        behind = block.first + len(block.lines)
    yield reading.part(behind)
    return _NOBODY
