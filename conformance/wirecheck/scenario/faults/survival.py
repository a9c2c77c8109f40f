"""Faults against guarantees that only a conversation made for them can decide: whether a server lives on.

Law: what happens after something malformed came, on whichever connection; until then nothing is wrong.
"""

from __future__ import annotations

from typing import Final

from wirecheck.catalog import Dialect, Guarantee
from wirecheck.catalog.script import Hangup, Malform, Send
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.faults.ground import Fault, Ground

_UNEXPECTED: Final = 1011
"""The close code of a server that met something it cannot cope with."""


def closes(ground: Ground, edits: Edits) -> None:
    """A client whose credential is refused is told so as ever."""
    if not ground.reaction.refused:
        edits.drop(*range(len(edits.actions)))
        edits.before(0, Hangup(code=_UNEXPECTED))


def serves_nobody(ground: Ground, edits: Edits) -> None:
    if ground.reaction.asked is not None or ground.reaction.malformed:
        closes(ground, edits)


def _is_asked_again(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether, in some scenario, the client sends a frame when it has sent something malformed."""
    for scenario in dialect.scenarios.values():
        spoilt = [index for index, step in enumerate(scenario.steps) if isinstance(step, Malform)]
        if spoilt and any(isinstance(step, Send) for step in scenario.steps[spoilt[0] :]):
            return True
    return False


SURVIVAL: Final[tuple[Fault, ...]] = (
    Fault(
        variant="closes",
        says="After a malformed message every connection is closed as soon as it opens.",
        change=closes,
    ),
    Fault(
        variant="serves-nobody",
        says="After a malformed message connections are closed as soon as something is asked on them.",
        change=serves_nobody,
        fits=_is_asked_again,
    ),
)
