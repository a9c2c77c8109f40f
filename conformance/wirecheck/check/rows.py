"""What frames do to states, kept in rows.

Law: judges nothing. A row is a state's shape (`frozen`), so that all connections that are equally far share it, and a
step leads from row to row; where it comes from is the matter of `learning`. What a step cannot say (a state too large,
a question about other connections) is left to the shapes for good.

What lanes remember of keys grows with a connection and lies beside the row; a step asks it (`Ask`) and adds to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Protocol

from wirecheck.catalog.model import Sender
from wirecheck.check.frozen import Shape, Uncommon, freeze
from wirecheck.check.plan import Plan
from wirecheck.check.route import Connection, connect
from wirecheck.record import At
from wirecheck.shapes.lane import Keys
from wirecheck.shapes.state import Clients, Facts, Outcomes

MAX_STEPS: Final = 4_000
"""Steps that are kept; beyond, those are forgotten that were not met again. Traffic without faults needs some hundred
at most; what faults need beyond these is seldom met twice."""
MAX_ROWS: Final = 4_000
"""Rows that are kept; beyond, those are forgotten to and from which no step is left."""

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
    `plain`: it finds nothing. `steady`: the same again at once changes nothing but the counts. `adds`: all that
    the effects do is to have lanes remember keys. `met`: it was looked up since any steps were last forgotten.
    """

    __slots__ = (
        "adds",
        "broken",
        "counts",
        "effects",
        "glanced",
        "loops",
        "met",
        "names",
        "plain",
        "row",
        "spots",
        "steady",
    )

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
        self.adds = all(what == "remember" for what, *_ in effects)
        self.glanced = glanced
        self.loops = loops
        self.plain = plain
        self.steady = steady
        self.met = False


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
        """The row of a shape; most of its lanes are those of others, too."""
        found = self._rows.get(shape)
        if found is None:
            if len(self._rows) >= MAX_ROWS:
                self._forget()
            same = self.same
            shape = tuple([tuple([same(each) for each in part]) if part.__class__ is tuple else part for part in shape])
            found = self._rows.setdefault(shape, Row(shape))
        return found

    def same(self, part: Any) -> Any:
        """What is equal to this, held once."""
        return self._parts.setdefault(part, part)

    def make_room(self) -> None:
        """Have room for one more step."""
        if self.steps >= MAX_STEPS:
            self._forget()

    def _forget(self) -> None:
        """Forget the steps that were not met again; and all, where that would leave little room.

        A connection goes on from the row that it is in, and whatever comes next leads it to one that is kept.
        """
        rows, self._rows, self._parts, self._first, self.steps = list(self._rows.values()), {}, {}, {}, 0
        for row in rows:
            row.quick = {}
            nodes = ((signature, self._met_again(node)) for signature, node in list(row.next.items()))
            row.next = {signature: node for signature, node in nodes if node is not None}
        led_to = {step.row for row in rows for node in row.next.values() for step in _steps(node)}
        kept = [row for row in rows if row.next or row in led_to]
        if 4 * self.steps >= 3 * MAX_STEPS or 4 * len(kept) >= 3 * MAX_ROWS:
            self.steps = 0
            for row in kept:
                row.next = {}
            return
        for row in kept:
            self._rows[row.shape] = row
            for part in row.shape:
                if part.__class__ is tuple:
                    self._parts.update(zip(part, part, strict=True))

    def _met_again(self, node: Node | None) -> Node | None:
        """What of a node was met again."""
        if isinstance(node, Ask):
            node.yes, node.no = self._met_again(node.yes), self._met_again(node.no)
            return None if node.yes is node.no is None else node
        if not isinstance(node, Step) or not node.met:
            return None
        node.met = False
        self.steps += 1
        return node

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
        node = answered(row.next.get(signature), both + NOBODY, sets)
        if isinstance(node, Step):
            node.met = True
        return node


def _steps(node: Node | None) -> Iterator[Step]:
    """All steps that a node may come to."""
    if isinstance(node, Ask):
        yield from _steps(node.yes)
        yield from _steps(node.no)
    elif isinstance(node, Step):
        yield node


def answered(node: Node | None, both: tuple[Any, ...], sets: Sets) -> Node | None:
    """What is left of a node when its questions are answered. `both`: names, those of the frame, and None."""
    while isinstance(node, Ask):
        keys = sets.get(node.where)
        node = node.yes if keys is not None and node.spec(both) in keys else node.no
    return node


@lru_cache(1_000)
def picking(places: tuple[int, ...]) -> Picking:
    """What picks these places of a tuple, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1 or None) if places else slice(0, 0))


def apply_effects(step: Step, both: tuple[Any, ...], sets: Sets, facts: Facts) -> None:
    """What a step adds to, and takes from, what lies beside the row. `both`: names, those of the frame, and None."""
    if step.adds:
        for _, where, spec in step.effects:
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
