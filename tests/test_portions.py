"""Values as bytes, some at once: what was put in comes out, wherever it was meanwhile."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any

import pytest

from wirecheck import Checker, load
from wirecheck.capture import read
from wirecheck.check import memory
from wirecheck.check.memory import KINDS, MAX_ITEMS, Session, Turn, packed, unpacked
from wirecheck.check.portions import TOGETHER, Portions, alone
from wirecheck.shapes.joins import PRIME, residue


def as_it_is(portions: Portions[Any]) -> Portions[Any]:
    return portions


def by_the_oldest_way(portions: Portions[Any]) -> Portions[Any]:
    made = pickle.loads(pickle.dumps(portions, protocol=2))
    assert isinstance(made, Portions)
    return made


def beside_the_rest(portions: Portions[Any]) -> Portions[Any]:
    """The portions travel by themselves; what is left is small."""
    beside: list[pickle.PickleBuffer] = []
    text = pickle.dumps(portions, protocol=5, buffer_callback=beside.append)
    assert len(text) < 200 + 10 * len(beside)
    made = pickle.loads(text, buffers=[bytes(each) for each in beside])
    assert isinstance(made, Portions)
    return made


@pytest.mark.parametrize("travels", [as_it_is, by_the_oldest_way, beside_the_rest])
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("count", [0, 1, TOGETHER, TOGETHER + 1, 7 * TOGETHER])
def test_what_was_put_in_comes_out_once(
    count: int, dense: bool, travels: Callable[[Portions[Any]], Portions[Any]]
) -> None:
    values = [(number, str(number)) for number in range(count)]
    portions = travels(Portions(iter(values), dense=dense))
    assert list(portions) == values
    assert list(portions) == []


def test_a_portion_is_dropped_when_it_was_made() -> None:
    portions = Portions(range(3 * TOGETHER))
    rest = iter(portions)
    assert next(rest) == 0 and len(portions._portions) == 2
    assert len(list(rest)) == 3 * TOGETHER - 1


def test_connections_are_put_in_without_what_they_share_and_keep_it() -> None:
    checker = Checker(load("vonz"))
    lines = [b'{"conn":"c%d","kind":"open"}\n' % number for number in range(3)]
    for record in read(BytesIO(b"".join(lines))):
        checker.receive(record)
    checker._clients.topics.add("one")
    packed = alone(checker.links.values())
    assert all(link.facts.clients is checker._clients for link in checker.links.values())
    out = list(packed)
    assert [link.conn for link in out] == ["c0", "c1", "c2"]
    assert all(link.facts.clients.topics == set() for link in out)


@pytest.mark.parametrize("seed", range(20))
def test_turns_that_ended_are_remembered_as_they_were(seed: int) -> None:
    """Against lists of what was told, as plainly as can be."""
    rng = Random(seed)
    session = Session()
    texts: list[tuple[Any, Any]] = []
    items: dict[str, list[Any]] = {}
    length = weight = 0
    lengths = [0]
    for _ in range(rng.randrange(12)):
        turn = Turn(conn=1, whole=rng.random() < 0.8)
        said = rng.choice(("", "one", "zwei " * 40, "\ud800", "三"))
        turn.pieces.append(said)
        size = len(said.encode("utf-8", "surrogatepass"))
        for kind in rng.sample(KINDS, rng.randrange(3)):
            for _ in range(rng.randrange(1, 4)):
                item = rng.choice((0, 1, PRIME - 1, rng.randrange(PRIME))), rng.randrange(size + 1)
                turn.items.setdefault(kind, []).append(packed(*item))
                items.setdefault(kind, []).append((item[0], length + item[1]))
                weight += 1
        final = rng.choice((None, residue(said), residue("other"), (0, 0)))
        if turn.whole and size:
            texts.append((residue(said), final))
            weight += 1
        length += size
        session.ended(turn, final)
        lengths.append(len(session.past))
    found = unpacked(session.past)
    assert (found.texts, found.items) == (texts, items)
    assert (session.weight, session.length, session.texted) == (weight, length, bool(texts))
    before = unpacked(session.past[: rng.choice(lengths)])
    assert before.texts == texts[: len(before.texts)]
    assert all(found == items[kind][: len(found)] for kind, found in before.items.items())


def test_what_is_beyond_the_bound_is_not_remembered() -> None:
    session = Session(weight=MAX_ITEMS)
    session.ended(Turn(conn=1, whole=True, pieces=["more"]), None)
    assert session.full and not session.past and not session.texted
    assert memory.unpacked(b"") == memory.Recalled(texts=[], items={})
