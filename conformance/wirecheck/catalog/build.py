"""A catalog's tree, made into a `Dialect`.

Law: values come from nodes here; the structure was checked before (`structure`), and what the parts must be to each
other is checked after (`agreement`, `claims`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wirecheck.catalog.agreement import check_agreement
from wirecheck.catalog.claims import Vocabulary, build_claims, carried_roles
from wirecheck.catalog.frames import build_frame, roles
from wirecheck.catalog.model import Connect, Dialect, EnvelopeForm, FrameForm, HeaderField, Param, Rejection, SpanForm
from wirecheck.catalog.places import locator
from wirecheck.catalog.rulebook import Rulebook
from wirecheck.catalog.scenarios import build_scenarios, build_variables
from wirecheck.catalog.shorthand import fields
from wirecheck.catalog.sound import Unsure, sound
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import check_known, check_structure

_NO_ENVELOPE = EnvelopeForm(style="flat", tag="", data="")


def build(tree: Node, book: Rulebook, faults: Faults) -> Dialect | None:
    """The dialect that the tree describes; None where its structure is wrong, and then what is left of it is judged."""
    whole = not check_structure(tree, "dialect", faults)
    unsure = Unsure()
    if not whole:
        left = sound(tree)
        if left is None:
            return None
        tree, unsure = left
    plain = {name: child.value for name, child in tree.map.items()}
    source = str(plain.get("source", ""))
    envelope = None if unsure.envelope else build_envelope(tree.map["envelope"], faults)
    frames = build_frames(tree, envelope, source, book, faults)
    if not carried_roles(frames) <= book.role_words.keys():
        unsure = replace(unsure, roles=True)  # the role that was meant is that of some frame
    connect = _connect(tree.map.get("connect"))
    names = {
        name: tuple(locator(str(item.value)) for item in child.items or [child])
        for name, child in (tree.map["names"].map.items() if "names" in tree.map else ())
    }
    spans = _spans(tree.map.get("spans"), carried_roles(frames), book, faults)
    words = Vocabulary(
        roles=carried_roles(frames), spans=spans, names=names, connect=connect, frames=frames, unsure=unsure
    )
    claims = build_claims(tree.map.get("guarantees"), words=words, source=source, book=book, faults=faults)
    rejects = tree.map["rejects"].plain() if "rejects" in tree.map else None
    dialect = Dialect(
        name=str(plain.get("dialect", "")),
        title=str(plain.get("title", plain.get("dialect", ""))),
        source=source,
        envelope=envelope or _NO_ENVELOPE,
        unknown=tree.map["unknown"].plain() if "unknown" in tree.map else "report",
        connect=connect,
        names=names,
        spans=spans,
        frames=frames,
        guarantees=claims,
        rejects=Rejection(answer=rejects["answer"], code=rejects.get("code")) if rejects else None,
        open_points=tuple(str(item.value).strip() for item in tree.map["open"].items) if "open" in tree.map else (),
        variables=build_variables(tree.map.get("variables")),
        file=tree.where.file,
    )
    check_agreement(dialect, tree, unsure, faults)
    if whole:
        return replace(dialect, scenarios=build_scenarios(tree.map.get("scenarios"), dialect, faults))
    return None


def build_envelope(node: Node, faults: Faults) -> EnvelopeForm:
    """The envelope, its header fields in file order."""
    plain = node.plain()
    header: dict[Any, tuple[HeaderField, ...]] = {}
    for sender, child in node.map["header"].map.items() if "header" in node.map else ():
        schema = fields(child, faults)
        header[sender] = tuple(
            HeaderField(name=name, required=name in schema["required"], schema=form)
            for name, form in schema["properties"].items()
        )
    return EnvelopeForm(style=plain["style"], tag=plain["tag"], data=plain.get("data", "data"), header=header)


def build_frames(
    tree: Node, envelope: EnvelopeForm | None, source: str, book: Rulebook, faults: Faults
) -> dict[str, FrameForm]:
    """Every frame by its key, in file order."""
    frames = tree.map["frames"]
    return {
        key: build_frame(key, child, frames.key(key), envelope=envelope, source=source, book=book, faults=faults)
        for key, child in frames.map.items()
    }


def _connect(node: Node | None) -> Connect:
    if node is None:
        return Connect()
    plain = node.plain()
    return Connect(
        path=plain.get("path"),
        port=plain.get("port"),
        url=plain.get("url"),
        params={
            name: Param(
                name=name,
                place=form["in"],
                type=form.get("type", "string"),
                default=form.get("default"),
                summary=form.get("summary", ""),
            )
            for name, form in plain.get("params", {}).items()
        },
        auth=tuple(plain.get("auth", ())),
        closes={int(code): meaning for code, meaning in plain.get("closes", {}).items()},
    )


def _spans(node: Node | None, carried: frozenset[str], book: Rulebook, faults: Faults) -> dict[str, SpanForm]:
    """A form for every kind of span that the dialect sets or whose roles its frames carry, in the rulebook's order."""
    own = node.map if node is not None else {}
    if node is not None:
        check_known(node, book.span_roles, "kind of span", faults)
    forms = {}
    for kind, (opening, closing) in book.span_roles.items():
        if kind in own or opening in carried or closing in carried:
            plain = own[kind].plain() if kind in own else {}
            forms[kind] = SpanForm(
                name=kind,
                open=opening,
                close=closing,
                keys=tuple(plain.get("keys", ())),
                opened=plain.get("opened", "here"),
                exclusive=plain.get("exclusive", False),
                tie=plain.get("tie"),
                prefer=plain.get("prefer"),
                subtrace=plain.get("subtrace", False),
                resumable=plain.get("resumable", False),
                implied=roles(own[kind].map.get("implied"), book, faults) if kind in own else (),
            )
    return forms
