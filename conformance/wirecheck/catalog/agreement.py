"""What the parts of a catalog must be to each other.

Law: only checks here, no values are made. Each says what is wrong, where, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirecheck.catalog.model import Connect, Dialect, FrameForm, Locator
from wirecheck.catalog.places import documented, written
from wirecheck.catalog.sound import Unsure
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import did_you_mean, shown

_UNFIT = re.compile(r"[^A-Za-z0-9._-]")


def file_stem(key: str) -> str:
    """A frame's key as the beginning of a file name: what does not fit there becomes `-`."""
    return _UNFIT.sub("-", key)


def check_agreement(dialect: Dialect, tree: Node, unsure: Unsure, faults: Faults) -> None:
    """Checks every part of the dialect against the others; `tree` tells where they stand.

    Nothing is held against a part that `unsure` names.
    """
    if not unsure.envelope:
        _check_envelope(dialect, tree, faults)
    if not unsure.connect:
        _check_connect(dialect.connect, tree, faults)
    if not unsure.tags:
        _check_tags(dialect, tree, faults)
    _check_file_names(dialect, tree, faults)
    for key, form in dialect.frames.items():
        _check_fields(dialect, form, tree.map["frames"].map[key], faults)
        if not unsure.connect:
            _check_needs(dialect, form, tree.map["frames"].map[key], faults)
    _check_names(dialect, tree, unsure, faults)
    _check_spans(dialect, tree, unsure, faults)
    if dialect.rejects is not None and not unsure.frames:
        answer = dialect.frames.get(dialect.rejects.answer)
        if answer is None or answer.sender != "server":
            known = [key for key, form in dialect.frames.items() if form.sender == "server"]
            where = tree.map["rejects"].map["answer"].where
            name = dialect.rejects.answer
            faults.add(where, f"`{name}` is no frame of the server; {did_you_mean(name, known)}")


def fits_type(value: Any, kind: str) -> bool:
    """Whether a scalar is of a JSON type."""
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    if kind == "string":
        return isinstance(value, str)
    return isinstance(value, int) or (kind == "number" and isinstance(value, float))


def _check_envelope(dialect: Dialect, tree: Node, faults: Faults) -> None:
    envelope, node = dialect.envelope, tree.map["envelope"]
    if envelope.tag == envelope.data:
        faults.add(node.at(("data",)).where, "`tag` and `data` are the same member; give them different names")
    for sender, fields in envelope.header.items():
        for field in fields:
            if field.name in (envelope.tag, envelope.data):
                place = node.map["header"].map[sender]
                where = place.keys.get(field.name, place.key(f"{field.name}?"))
                faults.add(where, f"the header field `{field.name}` is called like the tag or the data; remove it")


def _check_connect(connect: Connect, tree: Node, faults: Faults) -> None:
    node = tree.at(("connect",))
    inside = set(re.findall(r"\{([^{}]*)\}", connect.path or ""))
    for name in sorted(inside):
        if name not in connect.params or connect.params[name].place != "path":
            faults.add(
                node.at(("path",)).where, f"`{{{name}}}` in the path is no parameter; add it to `params`, in: path"
            )
    for name, param in connect.params.items():
        place = node.map["params"]
        if param.place == "path" and name not in inside:
            faults.add(place.key(name), f"the path holds no `{{{name}}}`; write it there, or make this `in: query`")
        if param.default is not None and not fits_type(param.default, param.type):
            where = place.map[name].map["default"].where
            faults.add(where, f"the default is {shown(param.default)} and must be of the type {param.type}")


def _check_tags(dialect: Dialect, tree: Node, faults: Faults) -> None:
    seen: dict[tuple[str, str | None], str] = {}
    for key, form in dialect.frames.items():
        first = seen.setdefault((form.sender, form.tag), key)
        if first != key:
            what = "no tag" if form.tag is None else f"the tag `{form.tag}`"
            faults.add(
                tree.map["frames"].key(key),
                f"`{first}` and `{key}` both come from the {form.sender} with {what}, so nothing tells them apart; "
                "make them one frame with `cases`",
            )


def _check_file_names(dialect: Dialect, tree: Node, faults: Faults) -> None:
    seen: dict[str, str] = {}
    for key in dialect.frames:
        # Some file systems do not tell upper case from lower.
        stem = file_stem(key)
        first = seen.setdefault(stem.lower(), key)
        if first != key:
            advice = "rename one of the keys, and keep its tag with `tag:`"
            faults.add(
                tree.map["frames"].key(key),
                f"`{first}` and `{key}` would share the file {stem}.schema.json; {advice}",
            )


def _check_fields(dialect: Dialect, form: FrameForm, node: Node, faults: Faults) -> None:
    header = {field.name for field in dialect.envelope.header.get(form.sender, ())}
    parts = [(form.payload, node.at(("payload",)))]
    parts += [(case.payload, node.at(("cases", number, "payload"))) for number, case in enumerate(form.cases)]
    for schema, place in parts:
        for name in schema.get("properties", {}) if schema is not None else ():
            where = place.keys.get(name, place.key(f"{name}?"))
            if name == dialect.envelope.tag:
                faults.add(where, f"the field `{name}` is called like the envelope's tag; a frame can hold only one")
            elif name == dialect.envelope.data:
                advice = "set `envelope: data` to a member that no payload has"
                faults.add(where, f"the field `{name}` is called like the envelope's data; {advice}")
            elif name in header:
                faults.add(where, f"the field `{name}` is called like a header field; document it in one of the two")


def _check_needs(dialect: Dialect, form: FrameForm, node: Node, faults: Faults) -> None:
    for name, value in form.needs.items():
        param = dialect.connect.params.get(name)
        place = node.map["needs"]
        if param is None:
            advice = did_you_mean(name, dialect.connect.params)
            faults.add(place.key(name), f"`connect: params` has no `{name}`; {advice}")
        elif not fits_type(value, param.type):
            faults.add(place.map[name].where, f"`{name}` is of the type {param.type}, and {shown(value)} is not")


def _check_names(dialect: Dialect, tree: Node, unsure: Unsure, faults: Faults) -> None:
    for name, places in dialect.names.items():
        node = tree.map["names"].map[name]
        for place, item in zip(places, node.items or [node], strict=True):
            away = {"payload": unsure.payloads, "header": unsure.envelope}.get(place.place, unsure.connect)
            message = None if away else _unplaced(dialect, place)
            # A name taken over from another catalog may have lost its frames to `drop`; it is idle then, not wrong.
            taken_over = item.where.file != dialect.file
            if message is not None and not (taken_over and place.place == "payload"):
                faults.add(item.where, message)


def _unplaced(dialect: Dialect, place: Locator) -> str | None:
    if place.place == "payload":
        # With no payload documented at all, there is nothing that a pointer could be held against.
        described = [form for form in dialect.frames.values() if form.payload and form.payload["properties"]]
        if described and not any(_carries(form, place.path) for form in described):
            return f"no frame's payload has a field {written(place)}; mend the pointer, or document the field"
        return None
    word = place.path[0]
    if place.place == "header":
        fields = {field.name for fields in dialect.envelope.header.values() for field in fields}
        return None if word in fields else f"`envelope: header` has no field `{word}`; {did_you_mean(word, fields)}"
    params = [name for name, param in dialect.connect.params.items() if param.place == place.place]
    if word in params:
        return None
    return f"`connect: params` has no {place.place} parameter `{word}`; {did_you_mean(word, params)}"


def _carries(form: FrameForm, path: tuple[str, ...]) -> bool:
    schemas: list[Mapping[str, Any] | None] = [form.payload, *(case.payload for case in form.cases)]
    return any(documented(schema, path) is not None for schema in schemas)


def _check_spans(dialect: Dialect, tree: Node, unsure: Unsure, faults: Faults) -> None:
    for kind, node in tree.map["spans"].map.items() if "spans" in tree.map else ():
        form = dialect.spans.get(kind)
        if form is None:
            continue
        for name, item in zip(form.keys, node.at(("keys",)).items, strict=True):
            if name not in dialect.names and not unsure.names:
                faults.add(item.where, f"`names` has no `{name}`; {did_you_mean(name, dialect.names)}")
        if form.prefer is not None and form.prefer not in dialect.names and not unsure.names:
            where = node.map["prefer"].where
            faults.add(where, f"`names` has no `{form.prefer}`; {did_you_mean(form.prefer, dialect.names)}")
        if form.exclusive and form.tie is not None:
            where = node.key("tie")
            faults.add(where, "an exclusive span is open at most once a key, so there is no tie to break; remove one")
