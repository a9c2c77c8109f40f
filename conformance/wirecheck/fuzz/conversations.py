"""Conversations of a dialect as strategies: valid ones, and ones with a single ordering fault.

Law: each frame of a conversation is one drawn number, so that leaving numbers out and making them smaller leads to the
shortest and plainest conversation; which frame a number stands for is the walk's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import strategies as st

from wirecheck import walk
from wirecheck.catalog import Dialect
from wirecheck.errors import UsageError
from wirecheck.fuzz.choice import known
from wirecheck.fuzz.drawn import Brief, Drawn
from wirecheck.walk import NOTHING, Conversation, conversation, faulty

LONG: Final = 50
"""Frames of a conversation, unless it is said otherwise."""


def conversations(
    dialect: str | Dialect, *, most: int = LONG, sessions: int = 3, connections: int = 2
) -> st.SearchStrategy[Conversation]:
    """Conversations in which every guarantee of the dialect holds.

    `most` bounds the frames that are drawn; what is owed in the end (results, ends of turns) is added. `sessions` (or
    agents, or threads: whatever has names of its own) and `connections` are how many run at once, at most. Shrinks to
    the shortest conversation of the plainest frames. Raises `UsageError` for an unknown dialect and for bounds below 1.
    """
    for name, bound in (("most", most), ("sessions", sessions), ("connections", connections)):
        _check_bound(name, bound)
    catalog = known(dialect)
    return _conversations(Brief(catalog, f"<{catalog.name}>"), most, sessions, connections)


def faulty_conversations(
    dialect: str | Dialect, guarantee: str | None = None, *, most: int = LONG
) -> st.SearchStrategy[Conversation]:
    """Conversations in which exactly one guarantee is broken, once; `fault` says which, how, and where.

    `guarantee` is the id of one that the dialect claims (None: any). Others are broken at most as its rule's `implies`
    says. Raises `UsageError` where no order of frames can break it, with the reason, and for a bound below 1.
    """
    _check_bound("most", most)
    catalog = known(dialect)
    reasons = walk.breakable(catalog)
    able = ", ".join(name for name, reason in reasons.items() if not reason)
    if not able:
        raise UsageError(NOTHING.format(catalog.name))
    why = reasons.get(guarantee, "it is not claimed") if guarantee is not None else ""
    if why:
        raise UsageError(f"{catalog.name}: no conversation can break {guarantee}: {why}; choose one of {able}")
    return _faulty(Brief(catalog, f"<{catalog.name}>"), guarantee, most)


def breakable(dialect: str | Dialect) -> Mapping[str, str]:
    """Every guarantee of the dialect, and why no order of frames can break it provably; empty where one can."""
    return walk.breakable(known(dialect))


def _check_bound(name: str, bound: int) -> None:
    if not isinstance(bound, int) or isinstance(bound, bool) or bound < 1:
        raise UsageError(f"`{name}` is {bound!r} and must be a whole number of at least 1")


@st.composite
def _conversations(
    draw: st.DrawFn, dialect: Brief[Dialect], most: int, sessions: int, connections: int
) -> Conversation:
    return conversation(dialect.value, Drawn(draw), most=most, actors=sessions, lines=connections)


@st.composite
def _faulty(draw: st.DrawFn, dialect: Brief[Dialect], guarantee: str | None, most: int) -> Conversation:
    return faulty(dialect.value, Drawn(draw), guarantee, most=most)
