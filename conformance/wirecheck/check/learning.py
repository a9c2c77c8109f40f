"""Steps, learnt from the shapes.

Law: judges nothing. The first time that a kind of frame meets a row, the shapes judge it on a copy of the state, and
what they did is written down without names: the counts, the findings, what the lanes came to remember, the next row.
A step is a function of the row, of how the frame's names lie among those of the state, and of the questions that the
shapes asked of what the lanes remember; nothing else may have entered, or there is no step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from wirecheck.check.frozen import Uncommon, freeze, thaw
from wirecheck.check.rows import NEVER, Act, Ask, Held, Node, Picking, Row, Rows, Sets, Step, like, picking
from wirecheck.shapes.lane import Key, Keys
from wirecheck.shapes.state import Clients, Outcomes


def learn(
    rows: Rows,
    row: Row,
    signature: tuple[Any, ...],
    link: Held,
    values: tuple[Any, ...],
    spot: tuple[int, Any],
    act: Act,
) -> Node:
    """Let the shapes do what `act` asks of them, on a copy, and keep what they did."""
    log: list[_Note] = []
    node: Node
    rows.make_room()
    try:
        node = _learnt(rows, row, link, values, spot, act, log)
    except Uncommon:
        node = NEVER
    rows.steps += 1
    both = {value: place for place, value in reversed(list(enumerate((*link.names, *values)))) if value is not None}
    _keep(row, signature, both, log, node)
    return node


def _learnt(
    rows: Rows,
    row: Row,
    link: Held,
    values: tuple[Any, ...],
    spot: tuple[int, Any],
    act: Act,
    log: list[_Note],
) -> Step:
    plan, names, sets, facts = rows.plan, link.names, link.sets, link.facts
    ats, at = tuple([link.at(each) for each in link.spots]), link.at(spot)
    own = [(_Watched(2 * lane, sets, log), _Watched(2 * lane + 1, sets, log)) for lane in range(len(plan.lanes))]
    copy = like(facts, _Distant(log))
    connection = thaw(plan, row.shape, names, ats, copy, tuple(own))
    out = Outcomes(counts={guarantee.id: [0, 0, 0] for guarantee in plan.guarantees})
    glanced = act(connection, at, out)
    shape, names_after, ats_after = freeze(connection)
    places = {value: place for place, value in reversed(list(enumerate((*names, *values))))}
    positions = {id(each): place for place, each in enumerate((*ats, at))}
    try:
        moved = tuple([places[name] for name in names_after])
        ats_moved = tuple([positions[id(each)] for each in ats_after])
        broken = tuple([(each.guarantee, positions[id(each.at)], each.label) for each in out.broken])
        effects = tuple(
            [rows.same((what, where, _spec(key, places))) for what, where, key, _ in log if what != "ask"],
        )
    except KeyError as error:  # a name, or a position, from anywhere else
        raise Uncommon from error
    counts = tuple(
        [
            rows.same((guarantee, which, number))
            for guarantee, numbers in out.counts.items()
            for which, number in enumerate(numbers)
            if number
        ]
    )
    following = rows.row(shape)
    same_names = moved == tuple(range(len(names)))
    same_ats = ats_moved == tuple(range(len(ats)))
    stays = following is row and same_names and same_ats and not broken
    return Step(
        following,
        None if same_names else picking(moved),
        None if same_ats else picking(ats_moved),
        rows.same(counts),
        broken,
        rows.same(effects),
        glanced=glanced,
        plain=not broken,
        loops=stays and not effects,
        steady=stays and all(what in ("remember", "forget") for what, *_ in log),
    )


def _keep(row: Row, signature: tuple[Any, ...], places: Mapping[Any, int], log: list[_Note], node: Node) -> None:
    """Hang the node below the questions that led to it."""
    questions = [(where, key, answer) for what, where, key, answer in log if what == "ask"]
    there: Ask | None = None
    answered = False
    for where, key, answer in questions:
        try:
            spec = _spec(key, places)
        except KeyError:  # a key with a part from elsewhere: nothing can be asked again, so nothing is kept
            node = NEVER
            break
        following = row.next.get(signature) if there is None else (there.yes if answered else there.no)
        if following is None or following.__class__ is not Ask:
            following = Ask(where, spec)
            _hang(row, signature, there, answered, following)
        assert isinstance(following, Ask)
        there, answered = following, answer
    _hang(row, signature, there, answered, node)


def _hang(row: Row, signature: tuple[Any, ...], there: Ask | None, answered: bool, node: Node) -> None:
    if there is None:
        row.next[signature] = node
    elif answered:
        there.yes = node
    else:
        there.no = node


def _spec(key: Key, places: Mapping[Any, int]) -> Picking:
    return picking(tuple([-1 if part is None else places[part] for part in key]))


_Note = tuple[str, int, Key, bool]
"""What was asked ("ask", with the answer) or done, of which set or lane, with which key."""


class _Watched(Keys):
    """A set of keys that notes what is asked of it and leaves the real one as it is."""

    __slots__ = ("_log", "_now", "_sets", "_where")

    def __init__(self, where: int, sets: Sets, log: list[_Note]) -> None:
        super().__init__()
        self._where = where
        self._sets = sets
        self._log = log
        self._now: dict[Key, bool] = {}

    def __contains__(self, key: object) -> bool:
        assert isinstance(key, tuple)
        if key in self._now:
            return self._now[key]
        keys = self._sets.get(self._where)
        answer = self._now[key] = keys is not None and key in keys
        self._log.append(("ask", self._where, key, answer))
        return answer

    def remember(self, key: Key) -> None:
        self._now[key] = True
        self._log.append(("remember", self._where, key, True))

    def forget(self, key: Key) -> None:
        self._now[key] = False
        self._log.append(("forget", self._where, key, False))

    def _refused(self, *_: object) -> NoReturn:
        raise Uncommon

    __iter__ = __len__ = __getitem__ = __setitem__ = __delitem__ = _refused
    clear = pop = popitem = get = items = keys = values = setdefault = update = _refused  # type: ignore[assignment]


class _Distant(Clients):
    """What clients did on all connections: it may be added to, and any question makes a step no row can hold."""

    def __init__(self, log: list[_Note]) -> None:
        object.__setattr__(self, "_log", log)

    def ask(self, lane: int, key: Key, number: int) -> None:
        self._log.append(("client", lane, key, True))

    def __getattribute__(self, name: str) -> Any:
        if name in ("ask", "_log", "__class__"):
            return object.__getattribute__(self, name)
        raise Uncommon

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "opaque":
            raise Uncommon
        object.__getattribute__(self, "_log").append(("opaque", 0, (), True))
