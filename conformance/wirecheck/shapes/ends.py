"""After a trigger the connection closes with the promised code.

Law: `docs/verdicts.md`, section 7. Only a credential that the recorder knows to be bad is a trigger.
"""

from __future__ import annotations

from wirecheck.catalog.model import Sender
from wirecheck.record import At
from wirecheck.shapes.state import Facts, Outcomes

UNSENT = frozenset({None, 1005, 1006, 1015})
"""Codes that no close frame carries: they only say that there was none."""


def closed(
    guarantee: str, codes: frozenset[int], facts: Facts, at: At, sender: Sender | None, code: int | None, out: Outcomes
) -> None:
    """The connection closed."""
    if not facts.auth_refused:
        return
    if code in codes:
        out.held(guarantee)
    elif sender == "server" and code not in UNSENT:
        wanted = " or ".join(map(str, sorted(codes)))
        text = f"the server closed with {code} after a credential that it must refuse, wanted {wanted}"
        out.broke(guarantee, at, None, text)
    else:
        out.undecided(guarantee)


def cut(guarantee: str, facts: Facts, out: Outcomes) -> None:
    """The input ended before the connection closed."""
    if facts.auth_refused:
        out.undecided(guarantee)
