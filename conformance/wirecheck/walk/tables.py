"""What is made of a dialect for whoever walks it, once for all conversations.

Law: a dialect never changes, so neither does what is made of it. Its rows are filled as they are first reached; what
they hold depends on nothing but the dialect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from wirecheck.catalog import Dialect, Sender
from wirecheck.walk.actions import Actions, Bearing, bearing_of
from wirecheck.walk.ground import Ground, ground_of
from wirecheck.walk.lexicon import Lexicon, lexicon_of
from wirecheck.walk.moves import MOST_ITEMS, Table, Way
from wirecheck.walk.readings import Reading, batches, readings
from wirecheck.walk.voice import Voice

_KEPT: Final = 16
"""Dialects whose tables are kept; beyond, the oldest is forgotten, and made anew if it is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One dialect, ready to be walked. `free` has everything that may be said, `clear` only what means one thing, and
    in `proof` what is wrong can be proven."""

    ground: Ground
    voice: Voice
    free: Table
    clear: Table
    proof: Table
    batches: dict[Sender, Reading]
    ways: dict[tuple[int, str], tuple[Way, ...]] = field(default_factory=dict)


_made: dict[int, Tables] = {}
_making = threading.Lock()


def tables(dialect: Dialect) -> Tables:
    """The tables of this very dialect."""
    with _making:
        found = _made.get(id(dialect))  # an entry holds its dialect, so that the number stays its own
        if found is None:
            ground = ground_of(dialect)
            lexicon = lexicon_of(ground)
            every = tuple(bearing_of(ground, one) for one in readings(ground, frozenset(lexicon.homes)))
            found = _made[id(dialect)] = Tables(
                ground=ground,
                voice=Voice(ground=ground, lexicon=lexicon),
                free=_table(ground, lexicon, every, clear=False, proof=False),
                clear=_table(ground, lexicon, every, clear=True, proof=False),
                proof=_table(ground, lexicon, every, clear=True, proof=True),
                batches=batches(ground),
            )
            if len(_made) > _KEPT:
                del _made[next(iter(_made))]
        return found


def _table(ground: Ground, lexicon: Lexicon, every: tuple[Bearing, ...], *, clear: bool, proof: bool) -> Table:
    actions = Actions(ground=ground, bearings=every, clear=clear, proof=proof, fixed=lexicon.fixed())
    return Table(actions=actions, most_items=lexicon.items(MOST_ITEMS))
