"""What the claims of a dialect mean for whoever speaks: kinds of span, and the conditions on frames.

Law: read from the catalog once, apart from what the checker compiles from it, so that the two can be held against each
other. Nothing here knows a conversation.

Names and kinds are of two sorts. A **context** is what goes on for long under one set of names: a session, an agent.
Of a context's kinds of span at most one is open at once. **Items** lie in a context, several side by side, each with
names of its own: calls, requests, questions. A name is an item's own if frames carry it that open or close spans keyed
by it, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wirecheck.catalog import Dialect, Guarantee, SpanForm
from wirecheck.walk.carriers import inner_names, senders
from wirecheck.walk.terms import Count, Edge, Joins, Kind, Lead, Place, Steps, Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A dialect's claims as conditions. `inner` are names of items, `context` all other names that are keys; `alike`
    are kinds of which nothing tells which one ends, if several are open. `alone`: a connection shows one context, since
    no name tells contexts apart, or not all of their spans."""

    dialect: Dialect
    kinds: tuple[Kind, ...]
    places: tuple[Place, ...]
    edges: tuple[Edge, ...]
    leads: tuple[Lead, ...]
    counts: tuple[Count, ...]
    topics: Topics | None
    gate: str | None
    live: str | None
    history: str | None
    refusal: str | None
    joins: Joins | None
    steps: Steps | None
    partners: Mapping[str, tuple[str, tuple[int, ...]]]
    connected: Mapping[str, tuple[str, str | None]]
    bracket: Kind | None
    birth: Kind | None
    inner: frozenset[str]
    context: tuple[str, ...]
    alike: tuple[int, ...]
    alone: bool


def ground_of(dialect: Dialect) -> Ground:
    """The conditions of every guarantee that traffic can decide."""
    claims = [claim for claim in dialect.guarantees.values() if claim.rule.passive is None]
    shapes: dict[str, list[Guarantee]] = {}
    for claim in claims:
        shapes.setdefault(claim.rule.shape, []).append(claim)
    inner = frozenset(inner_names(dialect))
    index = {name: number for number, name in enumerate(_meant(dialect, claims))}
    kinds = tuple(_kind(dialect, dialect.spans[name], index, shapes, inner) for name in index)
    places = list(shapes.get("place", ()))
    subscription = [claim for claim in shapes.get("opted", ()) if claim.options["by"] == "subscription"]
    gates = [claim.id for claim in shapes.get("opted", ()) if claim.options["by"] == "parameter"]
    agrees = shapes.get("agrees", [])
    brackets = [kind for kind in kinds if kind.span.subtrace]
    births = [kind for kind in kinds if kind.span.close == "answer.session"]
    keyed = dict.fromkeys(name for span in dialect.spans.values() for name in span.keys)
    return Ground(
        dialect=dialect,
        kinds=kinds,
        places=(*_places(places, index), *_implied(kinds, places, index), *_numbered(shapes.get("steps", ()), index)),
        edges=tuple(_edges(dialect, places, kinds, index)),
        leads=tuple(
            Lead(
                claim=claim.id,
                kind=index[claim.options["span"]],
                role=claim.options["leads"],
                senders=senders(dialect, claim.options["leads"]),
            )
            for claim in places
            if "leads" in claim.options
        ),
        counts=tuple(_count(claim, index) for claim in shapes.get("times", ())),
        topics=next((_topics(claim) for claim in subscription), None),
        gate=next(iter(gates), None),
        live=next((claim.id for claim in places if "live" in claim.options), None),
        history=next((claim.id for claim in shapes.get("history", ())), None),
        refusal=next((claim.id for claim in shapes.get("ends", ())), None),
        joins=next((_joins(dialect, claim) for claim in shapes.get("joins", ())), None),
        steps=next((_steps(claim, index) for claim in shapes.get("steps", ())), None),
        partners={
            claim.options["name"]: (claim.id, tuple(index[one] for one in claim.options["partner"] if one in index))
            for claim in agrees
            if "partner" in claim.options
        },
        connected={
            claim.options["name"]: (claim.id, claim.options.get("frames"))
            for claim in agrees
            if claim.options.get("with") == "connection"
        },
        bracket=next(iter(brackets), None),
        birth=next(iter(births), None),
        inner=inner,
        context=tuple(name for name in keyed if name not in inner),
        alike=tuple(kind.index for kind in kinds if _is_alike(kind, inner)),
        alone=not set(keyed) - inner or any(not kind.span.keys and kind not in births for kind in kinds),
    )


def _meant(dialect: Dialect, claims: Iterable[Guarantee]) -> Iterable[str]:
    """The kinds of span that some claim, or what the dialect says of its spans, is about."""
    named = {
        name
        for claim in claims
        for option in ("spans", "by", "inside", "outside", "span", "partner")
        for name in _list(claim.options.get(option, ()))
    }
    return (name for name, span in dialect.spans.items() if name in named or span.subtrace or span.implied)


def _list(value: Any) -> Iterable[Any]:
    return (value,) if isinstance(value, str) else value


def _kind(
    dialect: Dialect,
    span: SpanForm,
    index: Mapping[str, int],
    shapes: Mapping[str, list[Guarantee]],
    inner: frozenset[str],
) -> Kind:
    claim = next((one for one in shapes.get("pair", ()) if span.name in one.options["spans"]), None)
    options: Mapping[str, Any] = claim.options if claim is not None else {}
    either = options.get("order") == "either"
    edged = {one.options["span"] for one in shapes.get("place", ()) if "edge" in one.options}
    partners = {name for one in shapes.get("agrees", ()) for name in one.options.get("partner", ())}
    own = bool(inner & set(span.keys)) or span.prefer is not None or span.name in partners
    return Kind(
        name=span.name,
        index=index[span.name],
        span=span,
        is_item=not either and span.name not in edged and (not span.exclusive or own),
        either=either,
        closers=senders(dialect, span.close),
        claim=claim.id if claim is not None else None,
        by=tuple(index[name] for name in options.get("by", ()) if name in index),
        patient=frozenset(options.get("patient", ())),
        judges_close=options.get("judge") != "open",
    )


def _is_alike(kind: Kind, inner: frozenset[str]) -> bool:
    told = kind.span.exclusive or kind.span.tie is not None
    return kind.is_item and not told and not inner & set(kind.span.keys)


def _places(claims: Iterable[Guarantee], index: Mapping[str, int]) -> Iterable[Place]:
    for claim in claims:
        for word in ("inside", "outside"):
            if word in claim.options:
                yield Place(
                    claim=claim.id,
                    role=claim.options["frames"],
                    kind=index[claim.options[word]],
                    inside=word == "inside",
                )


def _implied(kinds: Iterable[Kind], claims: list[Guarantee], index: Mapping[str, int]) -> Iterable[Place]:
    """What implies a span lies inside one, whether or not a guarantee says so."""
    said = {(place.role, place.kind) for place in _places(claims, index) if place.inside}
    for kind in kinds:
        for role in kind.span.implied:
            if (role, kind.index) not in said:
                yield Place(claim=None, role=role, kind=kind.index, inside=True)


def _numbered(claims: Iterable[Guarantee], index: Mapping[str, int]) -> Iterable[Place]:
    """What is counted in a span lies in one."""
    for claim in claims:
        yield Place(claim=None, role=claim.options["frames"], kind=index[claim.options["span"]], inside=True)


def _edges(
    dialect: Dialect, claims: Iterable[Guarantee], kinds: tuple[Kind, ...], index: Mapping[str, int]
) -> Iterable[Edge]:
    for claim in claims:
        if "edge" in claim.options:
            kind = kinds[index[claim.options["span"]]]
            first = claim.options["edge"] == "first"
            yield Edge(
                claim=claim.id,
                kind=kind.index,
                first=first,
                senders=senders(dialect, kind.span.open if first else kind.span.close),
                ignored=frozenset(claim.options.get("except", ())),
            )


def _count(claim: Guarantee, index: Mapping[str, int]) -> Count:
    return Count(
        claim=claim.id,
        kind=index[claim.options["span"]],
        role=claim.options["frames"],
        least=claim.options["min"],
        most=claim.options["max"],
        excused=frozenset(claim.options.get("excused", ())),
    )


def _topics(claim: Guarantee) -> Topics:
    options = claim.options
    return Topics(
        claim=claim.id,
        role=options["frames"],
        on=options["on"],
        opaque=options["opaque"],
        topic=options["topic"],
        topics=options["topics"],
    )


def _joins(dialect: Dialect, claim: Guarantee) -> Joins:
    options = claim.options
    return Joins(
        claim=claim.id,
        opens=dialect.spans[options["span"]].open,
        deltas=options["deltas"],
        text=options["text"],
        final=options["final"],
        whole=options["whole"],
        reset=frozenset(options["reset"]),
    )


def _steps(claim: Guarantee, index: Mapping[str, int]) -> Steps:
    options = claim.options
    return Steps(
        claim=claim.id,
        kind=index[options["span"]],
        role=options["frames"],
        number=options["number"],
        bound=options["bound"],
    )
