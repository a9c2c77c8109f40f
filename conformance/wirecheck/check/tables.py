"""Everything that is compiled from a dialect, once for all checkers of it.

Law: a dialect never changes, so neither does what is made of it; a program that leads a thousand conversations has a
thousand checkers and one set of tables.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from wirecheck.catalog.model import Dialect, Envelope
from wirecheck.check.compile import compile_plan
from wirecheck.check.frames import Reader
from wirecheck.check.kinds import StructKind
from wirecheck.check.means import Meanings
from wirecheck.check.plan import Glance, Plan
from wirecheck.check.rows import Rows
from wirecheck.check.stepping import Stepper
from wirecheck.check.take import Kinds, Taker
from wirecheck.decode import Decoder

if TYPE_CHECKING:
    from wirecheck.check.checker import Checker
    from wirecheck.typed import Typed

_KEPT: Final = 16
"""Sets of tables that are kept; beyond, the oldest is forgotten, and made anew if it is asked for again."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A dialect, compiled. `glances` is by catalog key: frames for which one look is often enough."""

    dialect: Dialect
    plan: Plan
    decoder: Decoder
    reader: Reader
    glances: Mapping[str, Glance]
    rows: Rows
    meanings: Meanings
    envelope: Envelope
    closed: bool

    @cached_property
    def _typed(self) -> Typed:
        from wirecheck.typed import Typed

        return Typed(self.dialect, envelope=self.envelope, closed=self.closed)

    @cached_property
    def _kinds(self) -> Kinds:
        return {each: StructKind(kind, self.meanings) for each, kind in self._typed.kinds.items()}

    def taker(self, checker: Checker) -> Taker:
        """What takes whole blocks for a checker; what it needs beyond is made when it is first asked for."""
        return Taker(checker, Stepper(checker, self.rows, self.meanings), self._typed, self._kinds)


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
            reader, glances = Reader(plan), {name: look for name, look in looks.items() if look is not None}
            found = _made[key] = Tables(
                dialect=dialect,
                plan=plan,
                decoder=Decoder(dialect, envelope=envelope, closed=closed),
                reader=reader,
                glances=glances,
                rows=Rows(plan),
                meanings=Meanings(plan, reader, glances),
                envelope=envelope,
                closed=closed,
            )
            if len(_made) > _KEPT:
                del _made[next(iter(_made))]
        return found
