"""A block of which a checker sees some lines as they are, and of the others what somebody makes of them.

Law: every line is looked at once, at its place among the others, whether or not there is anything to judge in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from wirecheck.capture.blocks import Block, TextLine
from wirecheck.record import At, Message, Record


class Sifted:
    """The lines of `block` whose connections are in `ours` when the block begins; `first`, `lines` and `record` are
    what a checker asks a block for.

    Of all others, and of what is no message, `aside` is told when it is their turn: with their place in the block, and
    with their record where that was made already. It returns the record that is to be judged there, if there is one.
    """

    __slots__ = ("_aside", "_known", "block", "first", "lines")

    def __init__(
        self, block: Block, ours: Collection[str], aside: Callable[[Sifted, int, Record | None], Record | None]
    ) -> None:
        self.block = block
        self.first = block.first
        self._aside = aside
        self._known: dict[int, Record] = {}
        lines: list[Any] = list(block.lines)
        changed: set[str] = set()
        for place, line in enumerate(lines):
            if line is None:
                record = block.record(place)
                if record is not None:
                    self._known[place] = record
                    changed.add(record.at.conn)
            elif line.conn not in ours or line.conn in changed:
                lines[place] = None
        self.lines = lines

    def record(self, index: int) -> Record | None:
        return self._aside(self, index, self._known.pop(index, None))

    def made(self, index: int) -> Record | None:
        """The record of a line, as quickly as it can be made."""
        line = self.block.lines[index]
        if isinstance(line, TextLine):
            at = At(line=self.first + index, conn=line.conn, t=line.t)
            return Message(at=at, sender=line.sender, body=line.text)
        return self.block.record(index)
