"""A decoded frame as the shapes see it: its roles, its names, and what it does.

Law: reads values at the places that the catalog gives, and evaluates cases. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wirecheck.catalog.model import Case, Condition, FrameForm
from wirecheck.check.plan import Moves, Plan, locators
from wirecheck.decode import Decoded
from wirecheck.record import At
from wirecheck.shapes.state import Event

_ABSENT = object()

Places = tuple[tuple[str, bool, str, tuple[str, ...]], ...]
"""Names and where they lie: (name, in the header?, first step, further steps)."""


class Reader:
    """Reads events from decoded frames; what a frame's cases make of it is worked out once and kept."""

    __slots__ = ("_plan", "_ready", "_simple")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._ready: dict[tuple[str, tuple[bool | None, ...]], tuple[Moves, Places]] = {}
        self._simple: dict[str, tuple[Moves, Places]] = {}

    def read(self, decoded: Decoded, at: At, seq: int) -> tuple[Event, Moves]:
        """The event and what it does. `decoded.variant` must be there."""
        variant = decoded.variant
        if variant is None:
            raise ValueError("only a frame of a known variant can be read")
        message, payload = decoded.message, decoded.payload
        found = self._simple.get(variant.key)
        if found is None:
            found = self._moves(variant.form, message, payload, faulty=bool(decoded.faults))
        moves, places = found
        names: dict[str, Any] = {}
        value: Any
        for name, in_header, first, deeper in places:
            value = (message if in_header else payload).get(first)
            for step in deeper:
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None and name not in names:
                names[name] = value
        return Event(at, seq, moves.sender, moves.label, moves.roles, names), moves

    def _moves(
        self, form: FrameForm, message: Mapping[str, Any], payload: Mapping[str, Any], *, faulty: bool
    ) -> tuple[Moves, Places]:
        return self.chosen(form, tuple([_holds(case, message, payload, faulty=faulty) for case in form.cases]))

    def chosen(self, form: FrameForm, holds: tuple[bool | None, ...]) -> tuple[Moves, Places]:
        """What a frame does of whose cases these hold (None: perhaps), and where its names lie."""
        found = self._ready.get((form.key, holds))
        if found is None:
            cases = [case for case, holding in zip(form.cases, holds, strict=True) if holding]
            perhaps = [case for case, holding in zip(form.cases, holds, strict=True) if holding is None]
            roles = frozenset(form.roles).union(*(case.roles for case in cases))
            may = frozenset(form.may).union(
                *(case.may for case in (*cases, *perhaps)), *(case.roles for case in perhaps)
            )
            moves = self._plan.moves(form, roles, may)
            found = self._ready[form.key, holds] = (moves, locators(self._plan.dialect, moves.names))
        if not form.cases:
            self._simple[form.key] = found
        return found


def contained(decoded: Decoded, form: FrameForm) -> Sequence[Any]:
    """The items of a batch."""
    items: Any = decoded.payload
    for step in form.contains or ():
        items = items.get(step) if isinstance(items, dict) else None
    return items if isinstance(items, list) else ()


def _holds(case: Case, message: Mapping[str, Any], payload: Mapping[str, Any], *, faulty: bool) -> bool | None:
    """Whether a frame meets the conditions of a case. None where that hangs on whether a null that should not be there
    is something: whoever reads the frame may take it for nothing, or not."""
    when = [_meets(condition, message, payload, faulty=faulty) for condition in case.when]
    unless = [_meets(condition, message, payload, faulty=faulty) for condition in case.unless]
    if False in when or (unless and all(unless)):
        return False
    return None if None in when or (None in unless and False not in unless) else True


def _meets(
    condition: Condition, message: Mapping[str, Any], payload: Mapping[str, Any], *, faulty: bool
) -> bool | None:
    value: Any = message if condition.at.place == "header" else payload
    for step in condition.at.path:
        value = value.get(step, _ABSENT) if isinstance(value, dict) else _ABSENT
    if value is None and faulty and condition.test != "const":
        return None
    return fulfilled(condition, value, absent=_ABSENT)


def fulfilled(condition: Condition, value: Any, *, absent: Any) -> bool:
    """Whether a value meets a condition; `absent` is what stands for none."""
    if condition.test == "absent":
        return value is absent
    if condition.test == "present":
        return value is not absent
    return type(value) is type(condition.const) and bool(value == condition.const)
