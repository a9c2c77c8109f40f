"""The conditions of a dialect, one value each.

Law: what is said here is what a claim of the catalog says, by roles, kinds of span (their indexes) and names; where it
comes from is the matter of `ground`.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirecheck.catalog import Sender, SpanForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of span. `claim` is the guarantee that pairs its two roles; `by` are the kinds whose ends are its
    deadline, `patient` roles of an opening that no deadline binds; `judges_close`: of two sides in either order, the
    second alone is judged too. `final`: what is open at a clean close has missed its end."""

    name: str
    index: int
    span: SpanForm
    is_item: bool
    either: bool
    closers: frozenset[Sender]
    claim: str | None = None
    by: tuple[int, ...] = ()
    patient: frozenset[str] = frozenset()
    judges_close: bool = True

    @property
    def final(self) -> bool:
        return not self.by and self.span.opened == "here" and not self.span.resumable


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Frames of a role lie inside, or outside, a span of a kind. `claim` is None where only sense asks for it."""

    claim: str | None
    role: str
    kind: int
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The frame that opens (`first`) or closes a span is the first, or last, of its senders with its keys."""

    claim: str
    kind: int
    first: bool
    senders: frozenset[Sender]
    ignored: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """While a span of the kind is open, the next frame by these senders plays the role."""

    claim: str
    kind: int
    role: str
    senders: frozenset[Sender]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often frames of a role lie inside a span of the kind."""

    claim: str
    kind: int
    role: str
    least: int
    most: int | None
    excused: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """Frames of `role` come only of topics that a frame of `on` named, or after one of `opaque`."""

    claim: str
    role: str
    on: str
    opaque: str
    topic: str
    topics: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """The pieces of text of a span that begins with `opens`, in frames of `deltas`, are the whole one of `final`; from
    a frame of `reset` on, the later ones alone."""

    claim: str
    opens: str
    deltas: str
    text: str
    final: str
    whole: str
    reset: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Frames of `role` count up by one in a span of the kind, within a bound."""

    claim: str
    kind: int
    role: str
    number: str
    bound: str
