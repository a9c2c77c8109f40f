"""Sessions of which a crowd of connections speaks at once, and these connections.

Law: this is a guess, and no report depends on it. Such a session (an id that some server or client puts in place of the
right one, say) is most likely spoken of in front of a part as well: then the part could not be taken over, unless those
connections are left to others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from wirecheck.capture import Limits
from wirecheck.capture.blocks import blocks
from wirecheck.check.memory import History
from wirecheck.scale.ranges import Range, raw_lines

CROWD: Final = 10
"""Connections, open at once, that make a crowd. What one person shows in several windows is no crowd."""
MOST: Final = 8
"""Sessions of crowds that are looked for in a part; each is looked for in every line."""


def crowded(history: History) -> frozenset[str]:
    """The sessions of which a crowd speaks, of those whose names stand in a capture as they are. Nobody spoke of one
    before that was created here."""
    found = (key[0] for key, one in history.sessions.items() if len(one.shown_by) >= CROWD and not one.born)
    return frozenset(name for name in found if isinstance(name, str) and _is_plain(name))


def speakers(part: Range, limits: Limits, sessions: Collection[str]) -> frozenset[str]:
    """The connections of which some line in the range holds one of these names, as a value of its own."""
    names = [name.encode() for name in sessions]
    needles = [b'"' + name + end for name in names for end in (b'"', b'\\"')]
    found = set[str]()
    for _, lines in raw_lines(part, limits):
        hits = [line for needle in needles for line in lines if needle in line]
        for block in blocks([b"\n".join((*hits, b""))] if hits else (), limits):
            for index, line in enumerate(block.lines):
                record = block.record(index) if line is None else None
                conn = line.conn if line is not None else record.at.conn if record is not None else ""
                found.add(conn)
    return frozenset(found - {""})


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isprintable() and not {'"', "\\"} & {*name}
