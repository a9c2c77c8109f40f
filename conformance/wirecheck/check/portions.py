"""Values as bytes, some of them at once.

Law: what was put in comes out, in its order, once. While it is put in, or comes out, only a portion of it is there in
both forms: a pickle of all would need a list of all that is in it, which takes several times as much.
"""

from __future__ import annotations

import pickle
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from pickle import PickleBuffer
from typing import Any, Final, Generic, SupportsIndex, TypeVar

from wirecheck.check.link import Link
from wirecheck.shapes.state import Clients

TOGETHER: Final = 50
"""Values of a portion."""

T = TypeVar("T")


class Portions(Generic[T]):
    """Some values; iterating gives them, and drops them. `dense`: in less memory, for those that stay here, and in more
    time. Nothing that two portions share is shared by what comes out of them."""

    __slots__ = ("_dense", "_portions")

    def __init__(self, values: Iterable[T], *, dense: bool = False) -> None:
        rest = iter(values)
        self._dense = dense
        self._portions: deque[Any] = deque()
        while some := list(islice(rest, TOGETHER)):
            portion = pickle.dumps(some, protocol=5)
            self._portions.append(zlib.compress(portion, 1) if dense else portion)

    def __iter__(self) -> Iterator[T]:
        while self._portions:
            portion = self._portions.popleft()
            yield from pickle.loads(zlib.decompress(portion) if self._dense else portion)

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[Any, ...]:
        """The portions may travel beside the rest, without a copy (see `pickle.PickleBuffer`)."""
        beside = PickleBuffer if protocol.__index__() >= 5 else bytes
        return _portions, (self._dense, [beside(portion) for portion in self._portions])


def _portions(dense: bool, portions: list[Any]) -> Portions[Any]:
    made: Portions[Any] = Portions((), dense=dense)
    made._portions.extend(portions)
    return made


_NOBODY: Final = Clients()


def alone(links: Iterable[Link], *, dense: bool = False) -> Portions[Link]:
    """Connections, each without what it shares with all others: what their clients did."""
    those = list(links)
    shared = [link.facts.clients for link in those]
    for link in those:
        link.facts.clients = _NOBODY
    try:
        return Portions(those, dense=dense)
    finally:
        for link, clients in zip(those, shared, strict=True):
            link.facts.clients = clients
