"""Where sessions are at home.

Law: a session's home is the one connection on which it was created, and the only one that shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.catalog.model import SENDERS
from wirecheck.check.link import Link


def meet(met: dict[Any, int], numbered: Mapping[int, Link], link: Link, session: Any, *, born: bool, most: int) -> None:
    """A connection shows a session. `met`: by session the number of its only connection, or 0; at most so many."""
    if session is None:
        return
    facts = link.facts
    first = met.get(session)
    if first is None and len(met) < most:
        met[session] = link.number
        if born and len(facts.seen) == len(SENDERS):
            link.state.facts.homes[session] = None
    elif first is not None and first != link.number:
        other = numbered.get(first)
        if other is not None:
            other.state.facts.homes.pop(session, None)
        met[session] = 0
