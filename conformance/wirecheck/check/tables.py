"""Everything that is compiled from a dialect, once for all checkers of it.

Law: a dialect never changes, so neither does what is made of it; a program that leads a thousand conversations has a
thousand checkers and one set of tables.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wirecheck.catalog.model import Dialect, Envelope
from wirecheck.check.compile import compile_plan
from wirecheck.check.frames import Reader
from wirecheck.check.plan import Glance, Plan
from wirecheck.decode import Decoder

_KEPT: Final = 16
"""Sets of tables that are kept; beyond, the oldest is forgotten, and made anew if it is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """A dialect, compiled. `glances` is by catalog key: frames for which one look is often enough."""

    dialect: Dialect
    plan: Plan
    decoder: Decoder
    reader: Reader
    glances: Mapping[str, Glance]


_made: dict[tuple[int, Envelope, bool], Tables] = {}
_making = threading.Lock()


def tables(dialect: Dialect, *, envelope: Envelope, closed: bool) -> Tables:
    """The tables of this very dialect, for messages in this envelope."""
    key = (id(dialect), envelope, closed)  # an entry holds its dialect, so that the number stays its own
    with _making:
        found = _made.get(key)
        if found is None:
            plan = compile_plan(dialect)
            looks = {name: plan.glance(form) for name, form in dialect.frames.items()}
            found = _made[key] = Tables(
                dialect=dialect,
                plan=plan,
                decoder=Decoder(dialect, envelope=envelope, closed=closed),
                reader=Reader(plan),
                glances={name: look for name, look in looks.items() if look is not None},
            )
            if len(_made) > _KEPT:
                del _made[next(iter(_made))]
        return found
