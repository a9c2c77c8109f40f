"""Which line of the table fits what a client did.

Law: pure functions. A line is preferred for what its step says of the message, and only among equals for where the
client is in a scenario; so a client that follows no scenario is answered as well as one that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from wirecheck.catalog.places import equal
from wirecheck.catalog.script import Connect, variable_in
from wirecheck.scenario.arrival import Arrival
from wirecheck.scenario.table import Line, Table

Course = frozenset[int]
"""The lines, by their ranks, at any of which a client may stand, judged by all that it did."""
NOWHERE: Final[Course] = frozenset()

LONGEST: Final = 1_000
"""Characters of a client's text up to which it is remembered, and said again."""

_ABSENT: Final = object()


def best(
    lines: Sequence[Line],
    points: Callable[[Line], int],
    table: Table,
    *,
    stands: Course = NOWHERE,
    spoken: Course = NOWHERE,
) -> tuple[Line, Course] | None:
    """The line that fits best, and where the client may stand after it; None where there is no line at all.

    `stands` is where the connection may stand, `spoken` where the conversation may, which may have gone through other
    connections. Among lines of equally many points: what comes next on the connection, then what is still ahead of
    the conversation, then the same scenarios, then file order.
    """
    if not lines:
        return None
    here = {table.lines[rank].scenario.name for rank in stands}
    told: dict[str, int] = {}
    for line in (table.lines[rank] for rank in spoken):
        told[line.scenario.name] = min(line.index, told.get(line.scenario.name, line.index))

    def grade(line: Line) -> tuple[int, bool, bool, bool, bool]:
        name = line.scenario.name
        ahead = name in told and line.index > told[name]
        return points(line), line.before in stands, ahead, name in told, name in here

    graded = [(grade(line), line) for line in lines]
    most = max(each for each, _ in graded)
    fitting = [line for each, line in graded if each == most]
    return fitting[0], frozenset(line.rank for line in fitting)


def connect_points(line: Line, arrived: Arrival, variables: Mapping[str, Any]) -> int:
    step = connect(line)
    way = 0 if step.way is None or arrived.way is None else 2 if step.way == arrived.way else -2
    return (2 if step.auth == arrived.auth else -2) + way + field_points(step.params, arrived.params, variables)


def field_points(given: Mapping[str, Any], actual: Mapping[str, Any], variables: Mapping[str, Any]) -> int:
    """Points for what a step says of fields, against what they are. `@name` is the header field `name`."""
    surplus = sum(name not in given and not name.startswith("@") for name in actual)
    return sum(_points(value, actual.get(name, _ABSENT), variables) for name, value in given.items()) - surplus


def _points(given: Any, actual: Any, variables: Mapping[str, Any]) -> int:
    name = variable_in(given)
    if name is not None and name not in variables:
        return -3 if actual is _ABSENT else 1
    return 2 if actual is not _ABSENT and _resembles(given, actual, variables) else -2


def _resembles(given: Any, actual: Any, variables: Mapping[str, Any]) -> bool:
    """Whether a value is what a step says; a variable whose value only the client knows may be anything."""
    name = variable_in(given)
    if name is not None:
        return name not in variables or equal(variables[name], actual)
    if isinstance(given, str):
        return equal(given[1:] if given.startswith("$$") else given, actual)
    if isinstance(given, Mapping):
        return (
            isinstance(actual, Mapping)
            and given.keys() == actual.keys()
            and all(_resembles(value, actual[key], variables) for key, value in given.items())
        )
    if isinstance(given, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(given) == len(actual)
            and all(_resembles(one, other, variables) for one, other in zip(given, actual, strict=True))
        )
    return equal(given, actual)


def bound(given: Any, actual: Any) -> dict[str, Any]:
    """What the client's own values make of the variables in a step."""
    name = variable_in(given)
    if name is not None:
        return {name: actual} if memorable(actual) else {}
    if isinstance(given, Mapping) and isinstance(actual, Mapping):
        pairs = [(value, actual[key]) for key, value in given.items() if key in actual]
    elif isinstance(given, list | tuple) and isinstance(actual, list | tuple):
        pairs = list(zip(given, actual, strict=False))
    else:
        return {}
    return {key: value for one, other in pairs for key, value in bound(one, other).items()}


def memorable(value: Any) -> bool:
    """Whether a client's value is small and plain enough to be remembered, and said again: half of a surrogate pair may
    not be."""
    if isinstance(value, str):
        return len(value) <= LONGEST and not any("\ud800" <= char <= "\udfff" for char in value)
    return isinstance(value, int | float)


def connect(line: Line) -> Connect:
    """The step of a line that is a connection's."""
    assert isinstance(line.step, Connect)
    return line.step


def values(line: Line) -> Mapping[str, Any]:
    """What a line's step says of the fields of the client's frame."""
    return {} if isinstance(line.step, Connect) else line.step.values
