"""Conversations of a dialect as strategies: valid ones, and ones with a single ordering fault.

Law: each frame of a conversation is one drawn number, so that leaving numbers out and making them smaller leads to the
shortest and plainest conversation; which frame a number stands for is the walk's matter.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from wirecheck.catalog import Dialect
from wirecheck.errors import UsageError
from wirecheck.fuzz.choice import known
from wirecheck.fuzz.drawn import Brief, Drawn
from wirecheck.walk import Conversation, breakable, conversation, faulty

LONG: Final = 100
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
        if bound < 1:
            raise UsageError(f"`{name}` is {bound} and must be at least 1")
    catalog = known(dialect)
    return _conversations(Brief(catalog, f"<{catalog.name}>"), most, sessions, connections)


def faulty_conversations(
    dialect: str | Dialect, guarantee: str | None = None, *, most: int = LONG
) -> st.SearchStrategy[Conversation]:
    """Conversations in which exactly one guarantee is broken, once; `fault` says which, how, and where.

    `guarantee` is the id of one that the dialect claims (None: any). Others are broken at most as its rule's `implies`
    says. Raises `UsageError` where no order of frames can break it, with the reason.
    """
    catalog = known(dialect)
    reasons = breakable(catalog)
    if guarantee is not None and reasons.get(guarantee, "it is not claimed"):
        why = reasons.get(guarantee, "it is not claimed")
        able = ", ".join(name for name, reason in reasons.items() if not reason)
        raise UsageError(
            f"{catalog.name}: no conversation can break {guarantee}: {why}; choose one of {able or 'none'}"
        )
    return _faulty(Brief(catalog, f"<{catalog.name}>"), guarantee, most)


@st.composite
def _conversations(
    draw: st.DrawFn, dialect: Brief[Dialect], most: int, sessions: int, connections: int
) -> Conversation:
    return conversation(dialect.value, Drawn(draw), most=most, actors=sessions, lines=connections)


@st.composite
def _faulty(draw: st.DrawFn, dialect: Brief[Dialect], guarantee: str | None, most: int) -> Conversation:
    return faulty(dialect.value, Drawn(draw), guarantee, most=most)
