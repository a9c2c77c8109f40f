"""Steps that are taken without a word: known by a frame's names alone, with what has to be done beside the row.

Law: nothing is judged here, and nothing observed is kept. A way leads on from a row for frames of one kind whose names
lie alike among those of the connection; whoever takes it does what `Stepper.step` would, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wirecheck.check.kinds import Reading
from wirecheck.check.means import AT_HOME, MEETS_FIRST, MEETS_NOBODY, MET_BEFORE, Meaning
from wirecheck.check.plan import Plan
from wirecheck.check.rows import Node, Row, Step

JOINED, ADDED, PROMISED, OBSERVED, JUDGED, SUBSCRIBED, MET, FIRST = (1 << bit for bit in range(8))
"""What a quick step does beside the row: a piece of text is joined, or added to the turn that runs; promises of the
connection are counted; what sessions held takes note; a joined text is judged; topics are subscribed to; the session
was seen before, or never."""
TEXT: Final = JOINED | ADDED
NOTED: Final = OBSERVED | JUDGED | SUBSCRIBED
MEETS: Final = MET | FIRST

Quick = tuple[Callable[[Any], Any], int, dict[Any, tuple[Node, int]], Reading]
"""How to read the only name, or all of them; how many there are; the ways, each with what is done beside, by where the
names lie among those of the connection, or by the class of what does not."""


def keep(row: Row, reading: Reading, values: tuple[Any, ...], refs: Any, root: Node, how: int) -> None:
    """Keep a way: the step that was taken from a row, or the questions (`root`) that led to it.

    Where equal frames do different things beside, the last one counts; whoever takes the way looks whether it fits.
    """
    kind = reading.struct
    place = kind.kind.type if kind.meaning is not None else reading.meaning
    known: Quick | None = row.quick.get(place)
    if known is None:
        known = row.quick[place] = (reading.quick, len(values), {}, reading)
    classes = [ref if ref >= 0 else value.__class__ for ref, value in zip(refs, values, strict=True)]
    ref = classes[0] if len(classes) == 1 else tuple(classes)
    known[2][ref] = root, how


def beside(plan: Plan, meaning: Meaning, step: Step, meets: int, *, remembers: bool) -> int | None:
    """What has to be done beside a quick step of this meaning; None where it cannot be one."""
    moves = meaning.moves
    if meaning.bumps or meaning.numbers or not step.plain:
        return None
    found = {MEETS_NOBODY: 0, AT_HOME: 0, MET_BEFORE: MET, MEETS_FIRST: FIRST}[meets]
    if moves.gated or moves.topical or moves.agrees:
        found |= PROMISED
    if moves.subscribes:
        found |= SUBSCRIBED
    if remembers and moves.historic:
        found |= ADDED if step.glanced else OBSERVED
    if moves.joins:
        form = plan.joins
        if form is None or found & OBSERVED or not meaning.at_text:
            return None
        found |= JOINED if moves.roles & form.roles == {form.deltas} else JUDGED
    return found


def alike(values: tuple[Any, ...], ref: tuple[Any, ...]) -> bool:
    """Whether two names are new and equal."""
    new = [value for value, where in zip(values, ref, strict=True) if where is str]
    return len(set(new)) < len(new)
