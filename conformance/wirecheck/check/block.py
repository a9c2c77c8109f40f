"""What a checker asks of lines that it is given many at once.

Law: says what there is to ask, and holds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from wirecheck.catalog.model import Sender
from wirecheck.check.facts import Opens
from wirecheck.record import Record


class Opener(Opens, Protocol):
    """A line that opens a connection."""

    @property
    def opens(self) -> Literal[True]: ...
    @property
    def conn(self) -> str: ...


class Closer(Protocol):
    """A line that closes a connection."""

    @property
    def opens(self) -> Literal[False]: ...
    @property
    def conn(self) -> str: ...
    @property
    def t(self) -> Any: ...
    @property
    def sender(self) -> Sender | None: ...
    @property
    def code(self) -> int | None: ...


class Block(Protocol):
    """Lines of a capture that follow each other. `lines` holds None where only `end` (what opens or closes a connection
    in an ordinary way) or `record` (anything) can tell what a line is; they are asked as well for messages of
    connections that the checker does not hold, or holds `aside`."""

    @property
    def first(self) -> int: ...
    @property
    def lines(self) -> Sequence[Any]: ...
    def end(self, index: int) -> Opener | Closer | None: ...
    def record(self, index: int) -> Record | None: ...
