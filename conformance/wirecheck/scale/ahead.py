"""Captures judged here, one after the other, while processes beside this one judge what comes later.

Law: who judges which bytes depends on how quick everybody is, and no report depends on that. Here everything is judged
from its start on; what a process judged ahead is taken over when its place is reached. Little is given out at a time
and few parts wait to be taken over, so that memory does not grow with a capture.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from wirecheck.capture import is_remote
from wirecheck.check.journal import Past
from wirecheck.scale.job import Job
from wirecheck.scale.pool import Pool
from wirecheck.scale.ranges import Range, lines_in
from wirecheck.scale.summary import Summary, begun, merge, proceed

LEAST: Final = 8 * 1024 * 1024
"""Bytes that are worth the trouble of judging them elsewhere."""
MOST: Final = 72 * 1024 * 1024
"""Bytes that are given out at once. What is open where a part begins is looked at twice, so that few are better than
many; but what a part leaves behind grows with it."""
_WAITING: Final = 2
"""How many parts beyond one for each process may wait to be taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A capture as it is to be judged: `all` is the whole of it, as one range."""

    all: Range
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A part that was given out: of which capture, its number in the pool, and how much had been judged here then."""

    source: int
    part: Range
    number: int
    when: int


class Ahead:
    """What judges some captures, with the help of a pool of `helpers` processes.

    `summary` has to be called once for each capture, in their order. Parts that are given out have at least `least`
    bytes, if there is as much left of the capture.
    """

    def __init__(self, sources: Sequence[Source], pool: Pool, *, helpers: int, least: int = LEAST) -> None:
        self._sources = sources
        self._pool = pool
        self._hands = helpers + 1
        self._least = least
        self._near = [not is_remote(source.all.source) for source in sources]
        sizes = [source.all.end for source in sources]
        self._before = [0, *accumulate(sizes)]
        """The bytes of all captures before each, and of all."""
        self._here = (0, 0)
        """Up to where everything is judged here, or will be next: the capture, and the place in it."""
        self._judged = 0
        """Bytes that were judged here."""
        self._free = (0, 0)
        """From where on nothing was given out."""
        self._counted = (0, 0, 1)
        """A place of a capture from which lines can be counted: the number of the first line that begins there."""
        self._sent: deque[_Sent] = deque()
        self._summary: Summary | None = None
        self._vain = 0
        """How many parts, one after the other, had to be read again here."""

    def summary(self, index: int, advance: Callable[[int], object] | None = None) -> Summary:
        """The summary of a whole capture; `advance` is told how many more of its bytes are done."""
        source = self._sources[index]
        self._summary, place, self._vain = None, 0, 0
        while self._summary is None or place < source.all.end:
            self._go((index, place))
            self._feed()
            sent = self._next(index)
            if sent is not None and sent.part.start <= place:
                found = self._pool.take(sent.number, meanwhile=self._feed)
                self._sent.popleft()
                self._go((index, sent.part.end))
                before = 0 if self._summary is None else self._summary.again
                self._summary = self._merged(self._summary, found)
                self._learn(sent.part, in_vain=self._summary.again > before)
                after = sent.part.end
                del found
                gc.collect()
            else:
                part = replace(source.all, start=place, line=0 if place else 1)
                self._summary = proceed(self._summary or begun(source.job), part, until=self._until(index))
                after = self._end(index)  # even if there was less to read
            if advance is not None:
                advance(after - place)
            place = after
        summary, self._summary = self._summary, None
        self._go((index + 1, 0))
        return summary

    def _merged(self, one: Summary | None, other: Summary) -> Summary:
        if one is None:
            return other
        before = one.past  # while a part is taken over, nobody knows whether it can be
        return merge(one, other, meanwhile=lambda: self._feed(before))

    def _learn(self, part: Range, *, in_vain: bool) -> None:
        """Where parts have to be read again here, one after the other, ever less is given out."""
        self._vain = self._vain + 1 if in_vain else 0
        index, place = self._free
        if self._vain > 1 and index == self._here[0]:
            more = (part.end - part.start) << self._vain
            self._free = index, min(place + more, self._sources[index].all.end)

    def _until(self, index: int) -> Callable[[int], int]:
        """What is asked while a capture is judged here: how far that goes."""
        whole = self._sources[index].all

        def until(place: int) -> int:
            if whole.whole:
                place = whole.end
            self._judged += max(0, place - self._here[1])
            self._go((index, place))
            self._feed()
            return self._end(index)

        return until

    def _end(self, index: int) -> int:
        """Up to where the capture is to be judged here."""
        sent = self._next(index)
        return self._sources[index].all.end if sent is None else sent.part.start

    def _next(self, index: int) -> _Sent | None:
        """The first part of the capture that was given out and not taken over."""
        return self._sent[0] if self._sent and self._sent[0].source == index else None

    def _go(self, here: tuple[int, int]) -> None:
        self._here = here
        self._free = max(self._free, here)

    def _feed(self, past: Past | None = None) -> None:
        """Give something to whoever has nothing to do. `past`: what is known, if that is not for the summary to say."""
        self._pool.look()
        while self._pool.free and len(self._sent) < self._hands + _WAITING:
            chosen = self._chosen()
            if chosen is None:
                return
            index, start, end = chosen
            source = self._sources[index]
            self._free = index, end
            job = replace(source.job, near=self._near[index])
            if index == self._here[0] and self._summary is not None:
                job = replace(job, known=past or self._summary.past)
            # What is given out first is counted by who gets it: so judging begins here at once.
            line = self._line(index, start) if self._judged or not self._near[index] else 0
            part = replace(source.all, start=start, end=end, line=line)
            number = self._pool.give((part, job))
            self._sent.append(_Sent(source=index, part=part, number=number, when=self._judged))

    def _chosen(self) -> tuple[int, int, int] | None:
        """What to give out next: the capture, and from where to where. None where it is better done here.

        Everybody should have as much to do, and nobody wait: so much is left to be judged here as takes about as long
        as the part that is given out.
        """
        free = self._at(self._free)
        left = self._before[-1] - free
        here = free - self._at(self._here) - sum(each.part.end - each.part.start for each in self._sent)
        there = sum(max(0, each.part.end - each.part.start - (self._judged - each.when)) for each in self._sent)
        share = (left + here + there) // self._hands
        size = share // max(1, -(-share // MOST))
        if size < self._least or not left:
            return None
        return self._cut(free + max(0, size - here), size)

    def _cut(self, start: int, size: int) -> tuple[int, int, int] | None:
        """The part near this place that can be cut out: what cannot be cut, or is small, is given out whole."""
        index = bisect_right(self._before, start, hi=len(self._sources)) - 1
        whole, place = self._sources[index].all, start - self._before[index]
        if place and (whole.whole or whole.end < 2 * self._least or whole.end - place < self._least):
            index, place = index + 1, 0
        elif place < self._least and (index, 0) >= self._free:
            place = 0
        if index >= len(self._sources):
            return None
        whole, end = self._sources[index].all, place + size
        if whole.whole or whole.end - end < self._least:
            end = whole.end
        return index, place, end

    def _at(self, spot: tuple[int, int]) -> int:
        return self._before[spot[0]] + spot[1]

    def _line(self, index: int, start: int) -> int:
        """The number of the first line that begins at this place or behind it."""
        counted, place, line = self._counted if self._counted[0] == index else (index, 0, 1)
        if start > place:
            line += lines_in(replace(self._sources[index].all, start=place, end=start))
        self._counted = index, start, line
        return line
