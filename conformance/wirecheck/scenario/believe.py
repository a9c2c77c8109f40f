"""What a frame of the server's says: the scenario's words, what is known in the conversation, and else an example.

Law: catalog values and a memory in, whole frames out. Nothing here decides which frame is played, or when.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wirecheck.catalog import Dialect, FrameForm, Locator, applies, split_example
from wirecheck.catalog.linear import accepting
from wirecheck.catalog.places import documented
from wirecheck.catalog.script import variable_in
from wirecheck.sample.source import PLAIN
from wirecheck.sample.values import value as sample
from wirecheck.scenario.matching import memorable
from wirecheck.scenario.outgoing import outgoing
from wirecheck.scenario.plan import Outgoing
from wirecheck.scenario.values import composed
from wirecheck.schema.message import plain

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LAST_PART: Final = re.compile(r"[0-9A-Za-z]+$")


@dataclass(slots=True, kw_only=True)
class Memory:
    """What is known in a conversation: the values of the dialect's names, and those of a script's variables."""

    names: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)


class Composer:
    """Composes the server's frames of one dialect. `variables` are the values that the server knows them by."""

    def __init__(self, dialect: Dialect, variables: Mapping[str, Any]) -> None:
        self.dialect = dialect
        self.variables = variables
        telling = _telling(dialect)
        self._telling = {name: places for name, places in dialect.names.items() if name in telling}
        self._header = {
            field.name: accepting(plain(field.schema)) for field in dialect.envelope.header.get("server", ())
        }

    def frame(
        self,
        form: FrameForm,
        values: Mapping[str, Any],
        memory: Memory,
        *,
        shared: Collection[str] = (),
        request: Mapping[str, Any] | None = None,
    ) -> Outgoing:
        """The frame with `values`; `memory` learns the variables that had no value yet, and the frame's names.

        A name that is known has its known value wherever the example has one. `shared` are variables that stand for
        such a name when they have no value; all others get a fresh one, of the form that the examples show. The header
        fields that the dialect has a name for are those of the client's message `request`, if the frame answers one.
        """
        given = {name: self._valued(value, (name,), form, memory, shared) for name, value in values.items()}
        whole = self._fitting(form, {**self._echoed(form, request), **given}, memory)
        sent = outgoing(self.dialect, form, composed(self.dialect, form, whole))
        memory.names.update(self.telling(sent.names))
        return sent

    def telling(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a frame's names that tell conversations and spans apart."""
        return {name: value for name, value in names.items() if name in self._telling and memorable(value)}

    def _fitting(self, form: FrameForm, given: Mapping[str, Any], memory: Memory) -> dict[str, Any]:
        """The first example that is the same case of its frame when the rest is laid over it, with that laid over; of a
        frame without examples, what it requires."""
        first: dict[str, Any] | None = None
        for example in form.examples or (sample(form.payload or {}, PLAIN),):
            whole = {**self._remembering(plain(example), memory), **given}
            if _cases(form, whole) == _cases(form, example):
                return whole
            first = whole if first is None else first
        return first or dict(given)

    def _remembering(self, example: dict[str, Any], memory: Memory) -> dict[str, Any]:
        """The example, with what is known of the names that it carries."""
        for name, value in memory.names.items():
            for place in self._telling.get(name, ()):
                if place.place == "payload":
                    _replace(example, place.path, value)
        return example

    def _echoed(self, form: FrameForm, request: Mapping[str, Any] | None) -> dict[str, Any]:
        """The named header fields of the message that is being answered."""
        roles = {*form.roles, *form.may, *(role for case in form.cases for role in (*case.roles, *case.may))}
        if request is None or not any(role.startswith("answer.") for role in roles):
            return {}
        ours = self._header
        fields = [place.path[0] for places in self._telling.values() for place in places if place.place == "header"]
        # What a client called so, and no frame may: that is not repeated.
        known = {name: request[name] for name in fields if name in ours and memorable(request.get(name))}
        return {f"@{name}": value for name, value in known.items() if ours[name](value)}

    def _valued(
        self, value: Any, path: tuple[str, ...], form: FrameForm, memory: Memory, shared: Collection[str]
    ) -> Any:
        """A script's value with every variable replaced; `path` is where it lies in the payload."""
        if isinstance(value, Mapping):
            return {key: self._valued(item, (*path, str(key)), form, memory, shared) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._valued(item, path, form, memory, shared) for item in value]
        name = variable_in(value)
        if name is None:
            return value[1:] if isinstance(value, str) and value.startswith("$$") else value
        if name not in memory.kept:
            memory.kept[name] = self._found(name, path, form, memory, shared)
        return memory.kept[name]

    def _found(self, name: str, path: tuple[str, ...], form: FrameForm, memory: Memory, shared: Collection[str]) -> Any:
        if name in self.variables:
            return self.variables[name]
        if name in shared:
            place = (
                Locator(place="header", path=(path[0][1:],))
                if path[0].startswith("@")
                else Locator(place="payload", path=path)
            )
            for one, places in self._telling.items():
                if place in places and one in memory.names:
                    return memory.names[one]
        return _fresh(name, _shown(form, path))


def _telling(dialect: Dialect) -> set[str]:
    """The names that tell something apart: keys of spans, correlation ids, what has to agree, what clients name."""
    found = {name for span in dialect.spans.values() for name in (*span.keys, *([span.prefer] if span.prefer else ()))}
    for claim in dialect.guarantees.values():
        if claim.rule.shape == "agrees":
            found.add(claim.options["name"])
    for name, places in dialect.names.items():
        if any(place.place in ("query", "path", "header") for place in places):
            found.add(name)
        for form in dialect.frames.values():
            if form.sender == "client" and any(
                place.place == "payload" and _is_scalar(documented(form.payload, place.path)) for place in places
            ):
                found.add(name)
    return found


def _is_scalar(schema: Mapping[str, Any] | None) -> bool:
    return schema is not None and schema.get("type") in ("string", "integer")


def _cases(form: FrameForm, whole: Mapping[str, Any]) -> frozenset[str]:
    payload, header = split_example(whole)
    return frozenset(case.name for case in form.cases if applies(case, payload, header))


def _replace(value: Any, path: tuple[str, ...], new: Any) -> None:
    """Put `new` where something lies already."""
    for step in path[:-1]:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, dict) and path[-1] in value:
        value[path[-1]] = new


def _shown(form: FrameForm, path: tuple[str, ...]) -> Any:
    """What the first example that has something there has at a place."""

    def inside(example: Any) -> Iterator[Any]:
        for step in path:
            example = example.get(step) if isinstance(example, Mapping) else None
        if example is not None:
            yield example

    return next((found for example in form.examples for found in inside(example)), None)


def _fresh(name: str, example: Any) -> Any:
    """A value that nobody has, of the example's form."""
    if isinstance(example, bool):
        return example
    if isinstance(example, int):
        return secrets.randbelow(10**9)
    text = example if isinstance(example, str) else f"{name}_0"
    if _UUID.fullmatch(text):
        return str(uuid.uuid4())
    return _LAST_PART.sub("", text) + secrets.token_hex(6)
