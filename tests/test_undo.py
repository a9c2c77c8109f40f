"""A checker goes back to what it was, whatever was done to it meanwhile."""

from __future__ import annotations

import sys
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from cuts import capture
from wirecheck import Checker, dialects, load
from wirecheck.capture import read, unwrap
from wirecheck.capture.blocks import blocks
from wirecheck.check.undo import Undo

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests


def told(checker: Checker, raw: bytes) -> None:
    for record in unwrap(read(BytesIO(raw))):
        checker.receive(record)


@pytest.mark.parametrize("dialect", dialects())
@pytest.mark.parametrize("seed", range(12))
def test_what_was_done_is_undone_or_stays(dialect: str, seed: int) -> None:
    lines = [line for line in capture(dialect, seed).split(b"\n") if line]
    places = sorted(Random(seed).choices(range(len(lines) + 1), k=2))
    first, second, third = (
        b"\n".join([*lines[start:end], b""]) for start, end in zip((0, *places), (*places, len(lines)), strict=True)
    )
    checker, changed, plain = Checker(load(dialect)), Checker(load(dialect)), Checker(load(dialect))
    for each in (checker, changed, plain):
        told(each, first)
    undo, keep = Undo(checker), Undo(changed)
    told(checker, b"".join(traffic.lines(dialect, 200, sessions=4, faults=0.1)))
    told(checker, second)
    undo.back(checker)
    for each in (checker, changed):
        told(each, second)
    keep.keep(changed)
    told(plain, second)
    for each in (checker, changed, plain):
        told(each, third)
    assert type(changed.history.sessions) is type(checker.history.sessions) is dict
    assert list(checker.history.sessions) == list(changed.history.sessions) == list(plain.history.sessions)
    assert checker.close() == plain.close()
    assert changed.close() == checker.close()


def test_connections_have_their_part_of_what_sessions_held_again() -> None:
    """The one part, whoever asks for it; else a replay would be open for some, and not for others."""
    lines = list(traffic.lines("vonz", 600, sessions=4))
    checker = Checker(load("vonz"))
    for block in blocks([b"".join(lines[:300])]):
        checker.take(block)
    undo = Undo(checker)
    for block in blocks([b"".join(lines[300:])]):
        checker.take(block)
    undo.back(checker)
    assert len(checker.links) == 4
    assert checker.history.links == {link.number: link.memory for link in checker.links.values()}
    assert all(checker.history.links[link.number] is link.memory for link in checker.links.values())


def test_sessions_that_were_forgotten_are_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order; and none is copied that nobody touched."""
    monkeypatch.setattr("wirecheck.check.memory.MAX_SESSIONS", 6)
    lines = list(traffic.lines("vonz", 1_500, sessions=4))
    checker = Checker(load("vonz"))
    told(checker, b"".join(lines[:900]))
    before = deepcopy(list(checker.history.sessions.items()))
    assert len(before) == 6
    undo = Undo(checker)
    told(checker, b"".join(lines[900:903]))
    assert len(undo._lent.before) < 6
    told(checker, b"".join(lines[903:]))
    assert checker.history.sessions.keys() != dict(before).keys()
    undo.back(checker)
    assert list(checker.history.sessions.items()) == before
