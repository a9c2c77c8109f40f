"""What frames do to states, kept in rows.

Law: judges nothing. A row is a state's shape (`frozen`), so that all connections that are equally far share it, and a
step leads from row to row; where it comes from is the matter of `learning`. What a step cannot say (a state too large,
a question about other connections) is left to the shapes for good.

What lanes remember of keys grows with a connection and lies beside the row; a step asks it (`Ask`) and adds to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, Protocol

from wirecheck.catalog.model import Sender
from wirecheck.check.frozen import Shape, Uncommon, freeze
from wirecheck.check.plan import Plan
from wirecheck.check.route import Connection, connect
from wirecheck.record import At
from wirecheck.shapes.lane import Keys
from wirecheck.shapes.state import Clients, Facts, Outcomes

MAX_STEPS: Final = 8_000
"""Steps that are kept; beyond, what is not known is left to the shapes. Traffic without faults needs some hundred at
most; what faults need beyond these is seldom met twice."""
MAX_ROWS: Final = 8_000
"""Rows that are kept; beyond, a state that no row of these holds stays with the shapes."""

NOBODY: Final = (None,)
"""What stands behind the names of a link and those of a frame: the place of a name that is not there."""

Picking = Callable[[tuple[Any, ...]], tuple[Any, ...]]
"""Picks a tuple from a link's names, those of the frame, and None at the end."""

Sets = dict[int, Keys]
"""What the lanes remember: by twice the number of the lane, settled keys, and at the next number, keys heard."""

Act = Callable[[Connection, At, Outcomes], bool]
"""Has the shapes judge something at a position, and says whether a glance was enough."""


class Held(Protocol):
    """A connection in a row: its names and positions, and what lies beside the row."""

    names: tuple[str, ...]
    spots: tuple[tuple[int, Any], ...]
    facts: Facts
    sets: Sets

    def at(self, spot: tuple[int, Any]) -> At: ...


class Row:
    """A state without names. `next`: by what comes, and how its names lie among those of the state. `quick`: by the
    meaning of a frame, what needs no more than its names to be known."""

    __slots__ = ("next", "quick", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.quick: dict[Any, Any] = {}
        self.next: dict[tuple[Any, ...], Node] = {}


class Step:
    """What something does in a row. `names` and `spots` say where those of the next row come from; None: they stay.

    `counts`: (guarantee, which count, by how much). `broken`: (guarantee, place of its position, label). `effects`:
    (what, which set or lane, key), in order. `loops`: nothing changes but the counts. `glanced`: a look was enough.
    `plain`: it finds nothing. `steady`: the same again at once changes nothing but the counts. `adds`: the effects,
    (which set, key), where all that they do is to have lanes remember keys.
    """

    __slots__ = ("adds", "broken", "counts", "effects", "glanced", "loops", "names", "plain", "row", "spots", "steady")

    def __init__(
        self,
        row: Row,
        names: Picking | None,
        spots: Picking | None,
        counts: tuple[tuple[str, int, int], ...],
        broken: tuple[tuple[str, int, str | None], ...],
        effects: tuple[tuple[str, int, Picking], ...],
        *,
        glanced: bool,
        loops: bool,
        plain: bool,
        steady: bool,
    ) -> None:
        self.row = row
        self.names = names
        self.spots = spots
        self.counts = counts
        self.broken = broken
        self.effects = effects
        remembered = all(what == "remember" for what, *_ in effects)
        self.adds = tuple([(where, spec) for _, where, spec in effects]) if remembered else None
        self.glanced = glanced
        self.loops = loops
        self.plain = plain
        self.steady = steady


class Kept:
    """A step that was taken by a frame which kept promises of its connection, too: all that counts together."""

    __slots__ = ("counts",)

    def __init__(self, step: Step, held: Sequence[str]) -> None:
        self.counts = (*step.counts, *((guarantee, 0, 1) for guarantee in held))


class Ask:
    """A question to what a lane remembers: whether a key is in the set."""

    __slots__ = ("no", "spec", "where", "yes")

    def __init__(self, where: int, spec: Picking) -> None:
        self.where = where
        self.spec = spec
        self.yes: Node | None = None
        self.no: Node | None = None


class Never:
    """What no row can hold."""

    __slots__ = ()


NEVER: Final = Never()
Node = Step | Ask | Never


class Rows:
    """The rows of one dialect. Shared by all checkers of it: two that learn the same at once learn the same."""

    __slots__ = ("_first", "_parts", "_rows", "steps", "plan")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._rows: dict[Shape, Row] = {}
        self._parts: dict[Any, Any] = {}
        self._first: dict[tuple[Any, ...], Row | None] = {}
        self.steps = 0

    def row(self, shape: Shape) -> Row:
        """The row of a shape. Equal parts are held once: most lanes of most rows are empty.

        Raises `Uncommon` for a new one beyond the bound.
        """
        found = self._rows.get(shape)
        if found is None:
            if len(self._rows) >= MAX_ROWS:
                raise Uncommon
            same = self._parts.setdefault
            shape = tuple(
                [tuple([same(each, each) for each in part]) if part.__class__ is tuple else part for part in shape]
            )
            found = self._rows.setdefault(shape, Row(shape))
        return found

    def first(self, facts: Facts) -> Row | None:
        """The row of a connection of which nothing but these facts is known yet."""
        known = (facts.started, facts.seen, facts.vantage, facts.exclusive)
        found = self._first.get(known)
        if found is None and known not in self._first:
            try:
                found = self.row(freeze(connect(self.plan, like(facts, Clients())))[0])
            except Uncommon:  # more rules than a row holds: every connection of the dialect goes the longer way
                found = None
            self._first[known] = found
        return found

    def find(self, row: Row, signature: tuple[Any, ...], both: tuple[Any, ...], sets: Sets) -> Node | None:
        """The step that is known, or None. `both` are the names of the link and then those of the frame."""
        return answered(row.next.get(signature), both + NOBODY, sets)


def answered(node: Node | None, both: tuple[Any, ...], sets: Sets) -> Node | None:
    """What is left of a node when its questions are answered. `both`: names, those of the frame, and None."""
    while isinstance(node, Ask):
        keys = sets.get(node.where)
        node = node.yes if keys is not None and node.spec(both) in keys else node.no
    return node


def picking(places: Sequence[int]) -> Picking:
    """What picks these places of a tuple, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1 or None) if places else slice(0, 0))


def apply_effects(step: Step, both: tuple[Any, ...], sets: Sets, facts: Facts) -> None:
    """What a step adds to, and takes from, what lies beside the row. `both`: names, those of the frame, and None."""
    if step.adds is not None:
        for where, spec in step.adds:
            key = spec(both)
            keys = sets.get(where)
            if keys is None:
                keys = sets[where] = Keys()
            if key not in keys:
                keys.remember(key)
        return
    for what, where, spec in step.effects:
        key = spec(both)
        keys = sets.get(where)
        if what == "remember":
            if keys is None:
                keys = sets[where] = Keys()
            keys.remember(key)
        elif what == "forget":
            if keys:
                keys.forget(key)
        elif what == "client":
            facts.clients.ask(where, key, facts.number)
        else:
            facts.clients.opaque = True


def like(facts: Facts, clients: Clients) -> Facts:
    """The facts that no frame changes, and nothing else."""
    return Facts(
        started=facts.started,
        seen=facts.seen,
        vantage=facts.vantage,
        exclusive=facts.exclusive,
        auth_refused=facts.auth_refused,
        clients=clients,
        number=facts.number,
    )


def closing(closed: bool, sender: Sender | None, code: int | None) -> tuple[Any, ...]:
    """The signature of a connection's end, or (not `closed`) of the input's."""
    return ("close", closed, sender, code)


EXCUSING: Final = ("excuse",)
"""The signature of what clients on other connections may have ended."""


def blurring(sender: Sender) -> tuple[Any, ...]:
    """The signature of a message that could not be read."""
    return ("blur", sender)
