"""In which ways a frame can be meant: by the cases that hold, and by the names that it carries.

Law: one frame of the catalog in, its readings out. A reading says what has to be said and left out for a frame to mean
just this, never what comes before or after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from wirecheck.catalog import Case, Condition, FrameForm, Locator, Sender, applies
from wirecheck.catalog.places import documented
from wirecheck.sample.messages import message
from wirecheck.sample.source import Source
from wirecheck.schema.message import wire_style
from wirecheck.walk.ground import Ground

Path = tuple[str, ...]
"""Steps below the payload, or `("@name",)` for a header field."""

_MOST: Final = 64
"""Combinations of cases that are looked at for one frame."""
_TRIES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A frame that means one thing. `roles` it certainly plays, `may` it may play; `pinned` and `absent` see to it.

    `names` is where the names that matter lie in it; `optional` are those of them that may be left out, `said` those
    of which a case settles the value.
    """

    form: FrameForm
    roles: frozenset[str]
    may: frozenset[str]
    pinned: Mapping[Path, Any] = field(default_factory=dict)
    absent: frozenset[Path] = frozenset()
    names: Mapping[str, Path] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sender(self) -> Sender:
        return self.form.sender


def readings(ground: Ground, matter: frozenset[str]) -> tuple[Reading, ...]:
    """Every reading of every frame, in the catalog's order. `matter` are the names that the walk puts in itself."""
    return tuple(
        reading for form in ground.dialect.frames.values() if not form.contains for reading in _of(ground, form, matter)
    )


def _of(ground: Ground, form: FrameForm, matter: frozenset[str]) -> Iterator[Reading]:
    seen: set[tuple[frozenset[str], frozenset[str]]] = set()
    for settled in _settlings(form):
        pinned = {path: value for path, value in settled.items() if value is not _ABSENT and value is not _OTHER}
        absent = frozenset(path for path, value in settled.items() if value is _ABSENT)
        shown = _held(form, settled)
        roles = frozenset(form.roles).union(*(case.roles for case in shown))
        may = frozenset(form.may).union(*(case.may for case in shown)) - roles
        if (roles, may) in seen:
            continue
        seen.add((roles, may))
        names, optional = _names(ground, form, matter, roles, absent)
        yield Reading(
            form=form,
            roles=roles,
            may=may,
            pinned=pinned,
            absent=absent,
            names=names,
            optional=frozenset(optional),
            said={name: pinned[path] for name, path in names.items() if path in pinned},
        )


class _Marker:
    """No value: the member is absent, or anything else than what a case asks for."""


_ABSENT: Final = _Marker()
_OTHER: Final = _Marker()


def _settlings(form: FrameForm) -> Iterator[dict[Path, Any]]:
    """Every way to settle what the cases look at, the plainest first."""
    looked: dict[Path, list[Any]] = {}
    for case in form.cases:
        for condition in (*case.when, *case.unless):
            values = looked.setdefault(path_of(condition.at), [])
            if condition.test == "const" and condition.const not in values:
                values.append(condition.const)
    choices = []
    for path, values in looked.items():
        optional = _is_optional(form, path)
        choices.append([*values, _OTHER, *([_ABSENT] if optional else [])])
    for number, combination in enumerate(product(*choices)):
        if number == _MOST:
            return
        yield dict(zip(looked, combination, strict=True))


def _held(form: FrameForm, settled: Mapping[Path, Any]) -> list[Case]:
    def holds(condition: Condition) -> bool:
        value = settled[path_of(condition.at)]
        if condition.test == "const":
            return value is not _ABSENT and value is not _OTHER and bool(value == condition.const)
        return (value is _ABSENT) == (condition.test == "absent")

    return [
        case for case in form.cases if all(map(holds, case.when)) and not (case.unless and all(map(holds, case.unless)))
    ]


def path_of(place: Locator) -> Path:
    return place.path if place.place == "payload" else (f"@{place.path[0]}",)


def _is_optional(form: FrameForm, path: Path) -> bool:
    """Whether the member at the path may be left out; a header field is taken to be."""
    if path[0].startswith("@"):
        return True
    schema: Mapping[str, Any] | None = form.payload
    for step in path:
        if schema is None or step not in schema.get("required", ()):
            return True
        schema = schema.get("properties", {}).get(step)
    return False


def _names(
    ground: Ground, form: FrameForm, matter: frozenset[str], roles: frozenset[str], absent: frozenset[Path]
) -> tuple[dict[str, Path], list[str]]:
    """Where the frame carries which names. One that the document only names may carry those of its context, and of the
    item that it opens or closes."""
    found: dict[str, Path] = {}
    optional = []
    header = {field.name: field.required for field in ground.dialect.envelope.header.get(form.sender, ())}
    kinds = [kind.span for kind in ground.kinds if not kind.is_item or {kind.span.open, kind.span.close} & roles]
    keys = {name for span in kinds for name in span.keys}.union(ground.context)
    for name, places in ground.dialect.names.items():
        for place in places if name in matter else ():
            path = path_of(place)
            if place.place not in ("payload", "header") or path in absent or name in found:
                continue
            if place.place == "header":
                known, may_lack = place.path[0] in header, not header.get(place.path[0], False)
            elif form.payload is None:
                known, may_lack = name in keys, True
            else:
                known, may_lack = _is_documented(form, place.path), _is_optional(form, place.path)
            if known:
                found[name] = path
                if may_lack:
                    optional.append(name)
    return found, optional


def _is_documented(form: FrameForm, path: Path) -> bool:
    payloads = [form.payload, *(case.payload for case in form.cases)]
    return any(documented(payload, path) is not None for payload in payloads)


def spoken(
    ground: Ground,
    reading: Reading,
    source: Source,
    pinned: Mapping[Path, Any],
    absent: frozenset[Path] = frozenset(),
) -> dict[str, Any] | None:
    """A message that is read so, with further values `pinned` and members `absent`; None where none was found in a few
    tries."""
    style = wire_style(ground.dialect, reading.form)
    for _ in range(_TRIES):
        drawn = message(
            ground.dialect,
            reading.form,
            style,
            source,
            pinned={**reading.pinned, **pinned},
            absent=reading.absent | absent,
        )
        payload = drawn if style == "flat" else drawn.get(ground.dialect.envelope.data, {})
        held = [case for case in reading.form.cases if applies(case, payload, drawn)]
        roles = frozenset(reading.form.roles).union(*(case.roles for case in held))
        may = frozenset(reading.form.may).union(*(case.may for case in held)) - roles
        if (roles, may) == (reading.roles, reading.may):
            return drawn
    return None


def batches(ground: Ground) -> dict[Sender, Reading]:
    """For each sender, a frame that holds other frames of its, where the dialect has one."""
    found: dict[Sender, Reading] = {}
    for form in ground.dialect.frames.values():
        if form.contains and not form.roles and not form.may:
            found.setdefault(form.sender, Reading(form=form, roles=frozenset(), may=frozenset()))
    return found
