"""Frames whose header or payload breaks one keyword of its schema.

Law: each has exactly one thing wrong with it, at the pointer that it says, by the keyword of its defect; validators
were asked. Where a frame cannot have a defect, the reason says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from wirecheck.sample.breaches import KEYWORDS, beyond, breaching
from wirecheck.sample.sites import Ground, Site, Steps, put
from wirecheck.sample.source import PLAIN, Source
from wirecheck.strict import pointer_to, show

NUMBER_TOO_LARGE: Final = "number-too-large"
LABELS: Final = (*KEYWORDS, NUMBER_TOO_LARGE)
TRIES: Final = 6
CANDIDATES: Final = 60
"""Values tried at one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """A message with one defect, where it lies, and what it is in words."""

    message: Any
    pointer: str
    says: str


def misvalued(ground: Ground, defect: str, source: Source) -> Faulty | str:
    """A message with the defect, or why the frame cannot have it."""
    if ground.form.payload is None:
        return "nothing of its payload is documented, so nothing can be wrong in it"
    used = False
    for chooser in (*[source] * TRIES, *(_Scene(number) for number in range(len(ground.scenes)))):
        found = ground.message(chooser)
        hosts = [(site, one) for site in ground.sites(found) for one in site.schemas if _asks(one, defect)]
        used = used or bool(hosts)
        start = chooser.below(len(hosts)) if hosts else 0
        for site, schema in (*hosts[start:], *hosts[:start]):
            broken = _broken(ground, found, site, schema, defect, chooser)
            if broken is not None:
                return broken
    return _reason(defect, used=used)


class _Scene:
    """The plainest choices, but for the first, which is given."""

    def __init__(self, first: int) -> None:
        self._first: int | None = first

    def below(self, bound: int, /) -> int:
        first, self._first = self._first, None
        return PLAIN.below(bound) if first is None else min(first, bound - 1)


def _asks(schema: Any, defect: str) -> bool:
    if defect == NUMBER_TOO_LARGE:
        return any(True for _ in beyond(schema))
    if defect.startswith("type-"):
        return bool(breaching(defect, schema, None, PLAIN))
    word = KEYWORDS[defect]
    if word == "additionalProperties":
        return schema.get(word) is False
    # A length of nought, and what is not asked for, cannot be broken.
    return word in schema and (bool(schema[word]) or word not in _IDLE_WHEN_EMPTY)


_IDLE_WHEN_EMPTY: Final = ("required", "minLength", "minItems", "uniqueItems")


def _broken(
    ground: Ground, found: dict[str, Any], site: Site, schema: Any, defect: str, source: Source
) -> Faulty | None:
    value = ground.reach(found, site, source)
    tries = list(_tries(schema, defect, value, source))[:CANDIDATES]
    start = source.below(len(tries)) if tries else 0
    for word, other in (*tries[start:], *tries[:start]):
        whole = put(found, site.path, other)
        if ground.breaks_only(whole, (site.path, word)):
            return Faulty(
                message=whole, pointer=pointer_to(site.path), says=_says(defect, schema, site.path, value, other)
            )
    return None


def _tries(schema: Any, defect: str, value: Any, source: Source) -> Iterator[tuple[str, Any]]:
    if defect == NUMBER_TOO_LARGE:
        yield from beyond(schema)
    else:
        yield from ((KEYWORDS[defect], other) for other in breaching(defect, schema, value, source))


def _says(defect: str, schema: Any, path: Steps, value: Any, other: Any) -> str:
    where = show(pointer_to(path)) if path else "The message"
    if defect == "missing-field":
        (missing,) = (key for key in value if key not in other)
        return f"{where} lacks the required field {show(missing)}."
    if defect == "additional-property":
        (extra,) = (key for key in other if key not in value)
        return f"{where} has the field {show(extra)}, and no further field is allowed there."
    if defect == NUMBER_TOO_LARGE:
        return f"{where} is a number that no double holds, beyond its bound."
    word = KEYWORDS[defect]
    if word in ("anyOf", "oneOf"):
        return f"{where} is {show(other)}, which fits not exactly one of its alternatives."
    if word == "uniqueItems":
        return f"{where} holds an item twice."
    return f"{where} is {show(other)}, and its {word} is {show(schema[word])}."


def _reason(defect: str, *, used: bool) -> str:
    if defect == NUMBER_TOO_LARGE:
        return "JSON allows a number of any size, and no bound in this frame is broken by one that is too large alone"
    if used:
        return "nothing was found that breaks this and nothing else in the frame"
    if defect.startswith("type-"):
        kind = defect.removeprefix("type-")
        return f"no field of this frame, outside alternatives, has a type that leaves out {kind}"
    if defect == "missing-field":
        return "this frame requires no field beside its tag"
    if defect == "additional-property":
        return "every object of this frame may have further fields"
    return f"no field of this frame, outside alternatives, has `{KEYWORDS[defect]}`"
