"""A block of which somebody looks at some lines before a checker does.

Law: every line is looked at once, at its place among the others, whether or not there is anything to judge in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from wirecheck.capture import quick
from wirecheck.capture.blocks import Block, End, TextLine
from wirecheck.record import Record


def _never(end: End) -> bool:
    return False


class Sifted:
    """The lines of `block`; `first`, `lines`, `end` and `record` are what a checker asks a block for.

    It takes the messages of connections that it holds as they are, but for those that it holds `aside`. Of all others,
    and of what is no message, `aside` is told when it is their turn, with their place in the block. It returns the
    record that is to be judged there, if there is one. `others` are connections known to be none of those that are
    taken: their messages are not even read. `passes` is told of what opens and closes connections, and says whether the
    checker may take it as it is; if not, it is `aside`'s turn.
    """

    __slots__ = ("_aside", "_passes", "block", "first", "lines")

    def __init__(
        self,
        block: Block,
        others: Collection[str],
        aside: Callable[[Sifted, int], Record | None],
        passes: Callable[[End], bool] = _never,
    ) -> None:
        self.block = block
        self.first = block.first
        self._aside = aside
        self._passes = passes
        lines: Any = block.lines
        if others:
            lines = [None if line is None or line.conn in others else line for line in lines]
        self.lines = lines

    def end(self, index: int) -> End | None:
        end = self.block.ends.get(index)
        return end if end is not None and self._passes(end) else None

    def record(self, index: int) -> Record | None:
        return self._aside(self, index)

    def made(self, index: int) -> Record | None:
        """The record of a line, as quickly as it can be made."""
        line = self.block.lines[index]
        if line.__class__ is TextLine:
            return quick.message(quick.at(self.first + index, line.conn, line.t), line.sender, line.text)
        return self.block.record(index)
