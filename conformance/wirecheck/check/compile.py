"""From a dialect to its tables.

Law: reads the catalog once; knows what the options of each shape mean for the lanes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirecheck.catalog.model import Dialect, Guarantee, Sender, SpanForm
from wirecheck.check.plan import Plan
from wirecheck.shapes.forms import By, LaneForm, Times
from wirecheck.shapes.joins import Joins
from wirecheck.shapes.opted import Subscription
from wirecheck.shapes.place import Edge
from wirecheck.shapes.steps import Steps


def compile_plan(dialect: Dialect) -> Plan:
    """The tables of a dialect, with every claimed guarantee that traffic can decide."""
    claimed = tuple(claim for claim in dialect.guarantees.values() if claim.rule.passive is None)
    lanes = _lanes(dialect, claimed)
    by_name = {lane.name: lane for lane in lanes}
    shapes: dict[str, list[Guarantee]] = {}
    for claim in claimed:
        shapes.setdefault(claim.rule.shape, []).append(claim)
    places: dict[str, list[tuple[bool, str, str]]] = {}
    for claim in shapes.get("place", ()):
        for word, inside in (("inside", True), ("outside", False)):
            if word in claim.options:
                places.setdefault(claim.options["frames"], []).append((inside, claim.options[word], claim.id))
    connected = [claim for claim in shapes.get("agrees", ()) if claim.options.get("with") == "connection"]
    return Plan(
        dialect=dialect,
        lanes=lanes,
        guarantees=claimed,
        edges=tuple(_edges(dialect, shapes.get("place", []), by_name)),
        leads=tuple(
            (
                by_name[claim.options["span"]],
                claim.id,
                claim.options["leads"],
                _senders(dialect, claim.options["leads"]),
            )
            for claim in shapes.get("place", ())
            if "leads" in claim.options
        ),
        joins=next((_joins(claim, by_name) for claim in shapes.get("joins", ())), None),
        steps=next((_steps(claim, by_name) for claim in shapes.get("steps", ())), None),
        subscription=next(
            (_subscription(claim) for claim in shapes.get("opted", ()) if claim.options["by"] == "subscription"), None
        ),
        gate=next((claim.id for claim in shapes.get("opted", ()) if claim.options["by"] == "parameter"), None),
        ends=next((_ends(dialect, claim) for claim in shapes.get("ends", ())), None),
        bracket=next((by_name[name] for name, form in dialect.spans.items() if form.subtrace), None),
        history=next((claim.id for claim in shapes.get("history", ())), None),
        live_after=next((claim.id for claim in shapes.get("place", ()) if "live" in claim.options), None),
        connection_names=tuple(sorted({claim.options["name"] for claim in connected})),
        defaults={name: param.default for name, param in dialect.connect.params.items()},
        _places={role: tuple(entries) for role, entries in places.items()},
        _agrees=tuple((claim.id, claim.options["name"], claim.options.get("frames")) for claim in connected),
    )


def tags_of(dialect: Dialect, role: str) -> str:
    """`turn.done or task:done`: the frames that certainly play the role; the role itself where none always does."""
    forms = [form for form in dialect.frames.values() if role in form.roles]
    forms = forms or [form for form in dialect.frames.values() if any(role in case.roles for case in form.cases)]
    return " or ".join(form.tag if form.tag is not None else form.key for form in forms) or role


def _senders(dialect: Dialect, role: str) -> frozenset[Sender]:
    return frozenset(
        form.sender
        for form in dialect.frames.values()
        if role in form.roles or role in form.may or any(role in case.roles or role in case.may for case in form.cases)
    )


def _nameless(dialect: Dialect, role: str) -> bool:
    return any(form.payload is None for form in dialect.frames.values() if role in form.roles)


def _lanes(dialect: Dialect, claimed: tuple[Guarantee, ...]) -> tuple[LaneForm, ...]:
    """One lane a span kind; what the claims say of a kind is folded into its lane."""
    order = {name: index for index, name in enumerate(dialect.spans)}
    same: dict[tuple[str, ...], tuple[str, ...]] = {}
    """Equal tuples of names made one object: events know their last question by its identity."""
    for span in dialect.spans.values():
        same.setdefault(span.keys, span.keys)
    bracket = next((form for form in dialect.spans.values() if form.subtrace), None)
    led = {claim.options["span"] for claim in claimed if "leads" in claim.options}
    lanes = []
    for name, span in dialect.spans.items():
        pair = next((c for c in claimed if c.rule.shape == "pair" and name in c.options["spans"]), None)
        options: Mapping[str, Any] = pair.options if pair else {}
        ends = [other for other in options.get("by", ()) if other in order]
        partners = tuple(
            (claim.id, claim.options["name"])
            for claim in claimed
            if claim.rule.shape == "agrees" and name in claim.options.get("partner", ())
        )
        lanes.append(
            LaneForm(
                index=order[name],
                name=name,
                open_role=span.open,
                close_role=span.close,
                opens=tags_of(dialect, span.open),
                closes=tags_of(dialect, span.close),
                keys=same[span.keys],
                here=span.opened == "here",
                exclusive=span.exclusive,
                oldest=span.tie == "oldest",
                prefer=span.prefer,
                openers=_senders(dialect, span.open),
                closers=_senders(dialect, span.close),
                guarantee=pair.id if pair else None,
                either=options.get("order") == "either",
                judges_close=options.get("judge") != "open",
                by=tuple(_by(dialect, order[other], span, dialect.spans[other], same) for other in ends),
                final=not options.get("by") and span.opened == "here" and not span.resumable,
                patient=frozenset(options.get("patient", ())),
                kept=tuple(dict.fromkeys([*([span.prefer] if span.prefer else []), *(kept for _, kept in partners)])),
                times=tuple(_times(c) for c in claimed if c.rule.shape == "times" and c.options["span"] == name),
                partners=partners,
                led=name in led,
                asked=bracket is not None and span.open.startswith("ask.") and "client" in _senders(dialect, span.open),
                in_bracket=_in_bracket(dialect, span, bracket),
                implied_by=frozenset(span.implied),
                home=_home(dialect, span, bracket),
                nameless=span.opened == "anywhere" and bool(span.keys) and _nameless(dialect, span.close),
            )
        )
    return tuple(lanes)


def _common(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((ours.index(name), theirs.index(name)) for name in ours if name in theirs)


def _by(
    dialect: Dialect, index: int, span: SpanForm, other: SpanForm, same: Mapping[tuple[str, ...], tuple[str, ...]]
) -> By:
    inside = set(other.keys) <= set(span.keys)
    positions = tuple(span.keys.index(name) for name in other.keys) if inside else None
    openers = _senders(dialect, span.open)
    alike = span.exclusive and other.exclusive and set(other.keys) == set(span.keys) != set()
    settles = alike and len(openers) == 1 and _senders(dialect, other.open) == openers
    return By(lane=index, name=other.name, names=same[other.keys], positions=positions, settles=settles)


def _home(dialect: Dialect, span: SpanForm, bracket: SpanForm | None) -> int | None:
    """Where the span's key names the session that it lives in, if it is one that survives its connection."""
    if bracket is None or _in_bracket(dialect, span, bracket) is None:
        return None
    return span.keys.index(bracket.keys[0])


def _in_bracket(dialect: Dialect, span: SpanForm, bracket: SpanForm | None) -> tuple[tuple[int, int], ...] | None:
    """How the span's key holds the bracket's, if spans of this kind occur in replays at all."""
    if bracket is None or not set(bracket.keys) <= set(span.keys):
        return None
    framing = {
        role
        for form in dialect.frames.values()
        if {bracket.open, bracket.close} & set(form.roles)
        for role in form.roles
    }
    if framing & {span.open, span.close}:
        return None
    return _common(span.keys, bracket.keys)


def _times(claim: Guarantee) -> Times:
    options = claim.options
    return Times(
        guarantee=claim.id,
        frames=options["frames"],
        least=options["min"],
        most=options["max"],
        excused=frozenset(options.get("excused", ())),
    )


def _edges(dialect: Dialect, claims: list[Guarantee], lanes: Mapping[str, LaneForm]) -> list[Edge]:
    edges = []
    for claim in claims:
        if "edge" not in claim.options:
            continue
        lane = lanes[claim.options["span"]]
        first = claim.options["edge"] == "first"
        role = lane.open_role if first else lane.close_role
        edges.append(
            Edge(
                guarantee=claim.id,
                first=first,
                lane=lane,
                senders=_senders(dialect, role),
                ignored=frozenset(claim.options.get("except", ())),
            )
        )
    return edges


def _joins(claim: Guarantee, lanes: Mapping[str, LaneForm]) -> Joins:
    options = claim.options
    return Joins(
        guarantee=claim.id,
        lane=lanes[options["span"]],
        deltas=options["deltas"],
        text=options["text"],
        final=options["final"],
        whole=options["whole"],
        reset=frozenset(options["reset"]),
    )


def _steps(claim: Guarantee, lanes: Mapping[str, LaneForm]) -> Steps:
    options = claim.options
    return Steps(
        guarantee=claim.id,
        frames=options["frames"],
        number=options["number"],
        bound=options["bound"],
        lane=lanes[options["span"]],
    )


def _subscription(claim: Guarantee) -> Subscription:
    options = claim.options
    return Subscription(
        guarantee=claim.id,
        frames=options["frames"],
        topic=options["topic"],
        topics=options["topics"],
        on=options["on"],
        opaque=options["opaque"],
    )


def _ends(dialect: Dialect, claim: Guarantee) -> tuple[str, frozenset[int]]:
    meaning = claim.options["trigger"]
    return claim.id, frozenset(code for code, what in dialect.connect.closes.items() if what == meaning)
