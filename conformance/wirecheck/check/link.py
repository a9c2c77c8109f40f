"""One connection as the checker holds it.

Law: the state of a connection is held in one of two forms, and never in both: as the shapes know it (`state`), or as a
row with its names and positions. Whoever asks for `state` gets the first form. Both pickle, as values: a row as its
shape, which another process finds in its own tables (`adopt`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wirecheck.catalog.model import Sender, Style
from wirecheck.check import memory
from wirecheck.check.frozen import Shape, Uncommon, freeze, sets_of, thaw
from wirecheck.check.route import Connection, connect
from wirecheck.check.rows import Row, Rows, Sets
from wirecheck.record import At
from wirecheck.shapes.lane import Keys
from wirecheck.shapes.state import Facts, Text, Trace

if TYPE_CHECKING:
    from wirecheck.check.kinds import Reading, Values
    from wirecheck.check.promises import Held

MAX_PATIENCE = 64
"""Frames at most after which a state that no row could hold is looked at again."""

HEARD: Final[dict[Sender | None, frozenset[Sender]]] = {
    "client": frozenset({"client"}),
    "server": frozenset({"server"}),
    None: frozenset({"client", "server"}),
}
"""Which sides were heard: a first one, and (None) both; shared, for there may be many thousand connections."""

_NONE: dict[Any, Any] = {}

Spot = tuple[int, Any]
"""A position in the input: the line, and the time that stands there."""


class Link:
    """Its ordering state, its number, what must not be written out, and its part of what sessions held.

    In a row: `names` and `spots` are those of the row, `sets` is what lanes remember, and `texts` the texts of the live
    trace. `kind`, `read`, `values` and `again` are the frame that came last, if one like it does the same again, and
    what counts then; `session` and `turn`, or `text`, what its text was added to, and `waiting` the list of it there.
    `kept`: by reading, which of the connection's own promises the last such frame kept, and what of it they hang on.
    `aside`: a block is asked for the record of each of its lines, whatever they seem to hold.
    """

    __slots__ = (
        "_settled",
        "_shape",
        "_state",
        "_wait",
        "again",
        "aside",
        "conn",
        "epoch",
        "facts",
        "heard",
        "kept",
        "kind",
        "memory",
        "names",
        "number",
        "patience",
        "piece",
        "read",
        "row",
        "rows",
        "secrets",
        "session",
        "sets",
        "spots",
        "style",
        "text",
        "texts",
        "turn",
        "values",
        "waiting",
    )

    def __init__(self, conn: str, facts: Facts, secrets: frozenset[str], part: memory.Link, rows: Rows | None) -> None:
        self.conn = conn
        self.facts = facts
        self.number = facts.number
        self.memory = part
        self.secrets = secrets
        self.rows = rows
        self.style: Style | None = None
        self.heard: frozenset[Sender] = frozenset()
        self.epoch = 0
        self.aside = False
        self._state: Connection | None = None
        self.row: Row | None = None
        self.names: tuple[str, ...] = ()
        self.spots: tuple[Spot, ...] = ()
        self.sets: Sets = {}
        self.texts: Trace | None = None
        self.kind: Any = None
        self.values: Any = None
        self.read: Any = None
        self.piece: Any = None
        self.text: Text | None = None
        self.waiting: list[str] | None = None
        self.kept: dict[Reading, tuple[Values, Held]] = {}
        self.again: Any = None
        self.session: Any = None
        self.turn: memory.Turn | None = None
        self.patience = 0
        self._wait = 1
        self._settled: Row | None = None
        self._shape: Shape | None = None

    @property
    def state(self) -> Connection:
        """The state as the shapes know it."""
        if self._state is None:
            assert self.rows is not None and self._shape is None  # whoever unpickles a link lets a table adopt it
            plan = self.rows.plan
            if self.row is None:
                self._state = connect(plan, self.facts)
            else:
                sets = self.sets
                lanes = tuple(
                    [
                        (sets.setdefault(2 * lane, Keys()), sets.setdefault(2 * lane + 1, Keys()))
                        for lane in range(len(plan.lanes))
                    ]
                )
                ats = tuple([self.at(spot) for spot in self.spots])
                self._state = thaw(plan, self.row.shape, self.names, ats, self.facts, lanes)
                if self.texts is not None:
                    self._state.live.texts = self.texts.texts
            if self.row is self._settled:
                # It went into the row and did nothing there: next time it waits longer before it tries again.
                self.patience = self._wait
                self._wait = min(2 * self._wait, MAX_PATIENCE)
            else:
                self._wait = 1
            self.row = self.kind = self.again = self.turn = self.session = self.text = None
            self.texts = None
        return self._state

    def at(self, spot: Spot) -> At:
        """A position as findings give it."""
        return At(line=spot[0], conn=self.conn, t=spot[1])

    def leave(self) -> None:
        """Leave the row, if it is in one."""
        if self._state is None:
            _ = self.state

    def begin(self, rows: Rows) -> None:
        """Start in a row; a new link only."""
        self.row = rows.first(self.facts)
        if self.row is not None:
            self._lighten()

    def settle(self, rows: Rows) -> None:
        """Go into a row, if one can hold the state; not at once again where none could."""
        state = self._state
        if state is None:
            return
        if self.patience:
            self.patience -= 1
            return
        try:
            shape, names, ats = freeze(state)
            row = rows.row(shape)
        except Uncommon:
            self.patience = self._wait
            self._wait = min(2 * self._wait, MAX_PATIENCE)
            return
        self.rows = rows
        self.row = self._settled = row
        self.names = names
        self.spots = tuple([(at.line, at.t) for at in ats])
        self.sets = {
            place: keys for lane, both in enumerate(sets_of(state)) for place, keys in enumerate(both, 2 * lane) if keys
        }
        self.texts = Trace(live=True, lanes=[], texts=state.live.texts) if state.live.texts else None
        self._state = None
        self._lighten()

    def _lighten(self) -> None:
        """Give up what the row says now; `thaw` fills it in again."""
        facts = self.facts
        facts.last = facts.answered = _NONE
        facts.contacts = _NONE

    def adopt(self, rows: Rows) -> None:
        """Go on with these tables, after coming from another process or from a checker with others."""
        shape = self._shape if self.row is None else self.row.shape
        if shape is not None and (self._shape is not None or self.rows is not rows):
            self._shape = None
            self.row = self._settled = rows.row(shape)
        self.rows, self.kind = rows, None

    def __getstate__(self) -> dict[str, Any]:
        held: dict[str, Any] = {"_state": self._state}
        shape = self._shape if self.row is None else self.row.shape  # it may travel again before anyone adopts it
        if shape is not None:
            held = {"_shape": shape, "names": self.names, "spots": self.spots, "sets": self.sets, "texts": self.texts}
        for name in ("conn", "facts", "number", "memory", "secrets", "style", "heard", "epoch", "aside"):
            held[name] = getattr(self, name)
        return held

    def __setstate__(self, held: dict[str, Any]) -> None:
        self.__init__(held["conn"], held["facts"], held["secrets"], held["memory"], None)  # type: ignore[misc]
        for name, value in held.items():
            setattr(self, name, value)
