"""What was exercised of a dialect: frames, fields, values, cases, defects, guarantees; and what was not.

Law: messages, labels and outcomes in, counts out. Nothing is judged here, and what the catalog does not document is not
counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from wirecheck.catalog import applies
from wirecheck.catalog.model import Dialect, Envelope, FrameForm, Style
from wirecheck.sample.defects import applicable, inapplicable
from wirecheck.schema.message import header_of, plain, wire_style

Outcome = Literal["held", "broken"]
Sort = Literal["frames", "fields", "values", "cases", "defects", "guarantees"]

SORTS: Final[tuple[Sort, ...]] = ("frames", "fields", "values", "cases", "defects", "guarantees")
ITEMS: Final = 100
"""Items of an array that are looked at."""
SHOWN: Final = 200
"""Lines of each list in the text."""


@dataclass(slots=True, kw_only=True)
class Field:
    """One documented place of a message. `values` are the ones that its schema lists, as JSON texts. An object whose
    field it is was there so often with it and without it."""

    required: bool
    values: dict[str, int]
    below: dict[str, Field]
    items: Field | None
    present: int = 0
    absent: int = 0


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen of one frame."""

    form: FrameForm
    header: Field
    payload: Field
    cases: dict[str, int]
    count: int = 0
    defects: dict[str, int] = field(default_factory=dict)


class Coverage:
    """Counts what a run exercised. `frames` are the catalog keys that it is about (None: all of the dialect's)."""

    def __init__(self, dialect: Dialect, *, frames: Collection[str] | None = None, envelope: Envelope = "wire") -> None:
        self._dialect = dialect
        self._envelope = envelope
        self._frames = {
            key: Seen(
                form=form,
                header=_header(dialect, form),
                payload=_documented(
                    [one for one in (form.payload, *(c.payload for c in form.cases)) if one is not None]
                ),
                cases=dict.fromkeys((case.name for case in form.cases), 0),
            )
            for key, form in dialect.frames.items()
            if frames is None or key in frames
        }
        self._guarantees: dict[str, dict[Outcome, int]] = {
            name: {"held": 0, "broken": 0} for name in dialect.guarantees
        }

    def saw_message(self, form: FrameForm, message: Mapping[str, Any], style: Style | None = None) -> None:
        """Count a whole message of a frame. `style` is how it is laid out, if not as the run's envelope says."""
        seen = self._frames.get(form.key)
        if seen is None:
            return
        seen.count += 1
        if (style or self._style(form)) == "nested":
            inner = message.get(self._dialect.envelope.data)
            payload = inner if isinstance(inner, Mapping) else {}
        else:
            payload = message
        _count(seen.header, message)
        _count(seen.payload, payload)
        for case in form.cases:
            if applies(case, payload, message):
                seen.cases[case.name] += 1

    def saw_defect(self, frame: str, defect: str) -> None:
        """Count an invalid frame, by its catalog key and its label."""
        if frame in self._frames:
            defects = self._frames[frame].defects
            defects[defect] = defects.get(defect, 0) + 1

    def saw_guarantee(self, guarantee: str, outcome: Outcome) -> None:
        """Count a conversation in which a guarantee held or was broken."""
        if guarantee in self._guarantees:
            self._guarantees[guarantee][outcome] += 1

    def as_json(self) -> dict[str, Any]:
        """`summary`: for each sort `seen`, `of`, `percent` and what is `missing`, or null for a sort of which nothing
        at all was seen. `frames` and `guarantees` hold the counts themselves."""
        tried = self._tried()
        return {
            "dialect": self._dialect.name,
            "summary": {sort: _summed(self._goals(sort)) if sort in tried else None for sort in SORTS},
            "frames": {key: self._frame(seen, "defects" in tried) for key, seen in self._frames.items()},
            "guarantees": {name: dict(counts) for name, counts in self._guarantees.items()},
        }

    def as_text(self) -> str:
        """The summary as a table, then what is missing, then what cannot be, with the reasons."""
        summary = self.as_json()["summary"]
        lines = [f"coverage of {self._dialect.name}"]
        for sort, sums in summary.items():
            said = "not tried" if sums is None else f"{sums['seen']:>6,} of {sums['of']:>6,}  {_percent(sums)}"
            lines.append(f"  {sort:<12}{said}")
        for sort, sums in summary.items():
            if sums is not None and sums["missing"]:
                lines += ["", f"{sort} that are missing", *_shown(sums["missing"])]
        if summary["defects"] is not None:
            lines += ["", "defects that a frame cannot have", *_shown([*self._reasons()])]
        return "\n".join(lines) + "\n"

    def _style(self, form: FrameForm) -> Style:
        return wire_style(self._dialect, form) if self._envelope == "wire" else self._envelope

    def _tried(self) -> frozenset[Sort]:
        frames = self._frames.values()
        tried: list[Sort] = []
        if any(seen.count for seen in frames):
            tried += ["frames", "fields", "values", "cases"]
        if any(seen.defects for seen in frames):
            tried.append("defects")
        if any(count for counts in self._guarantees.values() for count in counts.values()):
            tried.append("guarantees")
        return frozenset(tried)

    def _goals(self, sort: Sort) -> Iterator[tuple[str, int]]:
        """Everything of a sort that can be exercised, and how often it was."""
        if sort == "guarantees":
            yield from ((name, sum(counts.values())) for name, counts in self._guarantees.items())
        for key, seen in self._frames.items() if sort != "guarantees" else ():
            match sort:
                case "frames":
                    yield key, seen.count
                case "cases":
                    yield from ((f"{key} as {name}", count) for name, count in seen.cases.items())
                case "defects":
                    labels = applicable(self._dialect, seen.form, self._style(seen.form))
                    yield from ((f"{key} with {label}", seen.defects.get(label, 0)) for label in labels)
                case "fields":
                    for path, one in _places(seen):
                        yield f"{key} with {path}", one.present
                        if not one.required:
                            yield f"{key} without {path}", one.absent
                case _:
                    for path, one in _places(seen):
                        yield from ((f"{key} with {path} {value}", count) for value, count in one.values.items())

    def _frame(self, seen: Seen, defects: bool) -> dict[str, Any]:
        places = list(_places(seen))
        found: dict[str, Any] = {
            "seen": seen.count,
            "fields": {path: {"present": one.present, "absent": one.absent} for path, one in places},
            "values": {path: dict(one.values) for path, one in places if one.values},
            "cases": dict(seen.cases),
        }
        if defects:
            style = self._style(seen.form)
            labels = dict.fromkeys((*applicable(self._dialect, seen.form, style), *seen.defects))
            found["defects"] = {label: seen.defects.get(label, 0) for label in labels}
            found["inapplicable"] = dict(inapplicable(self._dialect, seen.form, style))
        return found

    def _reasons(self) -> Iterator[str]:
        """The reasons why there are no such frames, those that are alike together."""
        found: dict[tuple[str, str], list[str]] = {}
        for key, seen in self._frames.items():
            for label, reason in inapplicable(self._dialect, seen.form, self._style(seen.form)).items():
                found.setdefault((label, reason), []).append(key)
        for (label, reason), keys in found.items():
            whose = "any frame" if len(keys) == len(self._frames) else ", ".join(keys)
            yield f"{label} of {whose}: {reason}"


def _header(dialect: Dialect, form: FrameForm) -> Field:
    """The fields of the header, as those of one object."""
    below = {one.name: _documented([plain(one.schema)], required=one.required) for one in header_of(dialect, form)}
    return Field(required=True, values={}, below=below if form.payload is not None else {}, items=None)


def _documented(schemas: list[Mapping[str, Any]], *, required: bool = True) -> Field:
    """All that some schemas document at one place and below it; the first is the one that always holds."""
    every = [one for schema in schemas for one in _branches(schema)]
    names = dict.fromkeys(name for one in every for name in one.get("properties", {}))
    below = {
        name: _documented(
            [one["properties"][name] for one in every if name in one.get("properties", {})],
            required=name in schemas[0].get("required", ()),
        )
        for name in names
    }
    items = [one["items"] for one in every if "items" in one]
    known = [value for one in every for value in (*one.get("enum", ()), *_one(one, "const"), *one.get("examples", ()))]
    return Field(
        required=required,
        values=dict.fromkeys((_text(value) for value in known), 0),
        below=below,
        items=_documented(items) if items else None,
    )


def _branches(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for word in ("anyOf", "oneOf"):
        for branch in schema.get(word, ()):
            yield from _branches(branch)


def _text(value: Any) -> str:
    """A value as the key that it is counted under; numbers that are none, which some readers let in, have one too."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def _one(schema: Mapping[str, Any], word: str) -> tuple[Any, ...]:
    return (schema[word],) if word in schema else ()


def _count(place: Field, value: Any) -> None:
    if place.values:
        text = _text(value)
        if text in place.values:
            place.values[text] += 1
    if isinstance(value, Mapping):
        for name, below in place.below.items():
            if name in value:
                below.present += 1
                _count(below, value[name])
            else:
                below.absent += 1
    elif isinstance(value, list) and place.items is not None:
        for item in value[:ITEMS]:
            _count(place.items, item)


def _places(seen: Seen) -> Iterator[tuple[str, Field]]:
    """Every documented place by its pointer below the payload, or `@name` for a field of the header."""
    for name, one in seen.header.below.items():
        yield f"@{name}", one
        yield from _below(f"@{name}", one)
    yield from _below("", seen.payload)


def _below(path: str, place: Field) -> Iterator[tuple[str, Field]]:
    for name, one in place.below.items():
        inner = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        yield inner, one
        yield from _below(inner, one)
    if place.items is not None:
        yield from _below(f"{path}/*", place.items)


def _summed(goals: Iterator[tuple[str, int]]) -> dict[str, Any]:
    every = list(goals)
    missing = [name for name, count in every if not count]
    seen = len(every) - len(missing)
    percent = round(100 * seen / len(every), 1) if every else None
    return {"seen": seen, "of": len(every), "percent": percent, "missing": missing}


def _percent(sums: Mapping[str, Any]) -> str:
    return "" if sums["percent"] is None else f"{sums['percent']:5.1f} %"


def _shown(lines: list[str]) -> list[str]:
    more = [f"  and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [*(f"  {line}" for line in lines[:SHOWN]), *more]
