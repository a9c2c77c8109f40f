"""What a catalog says, as frozen values.

Law: this module knows the words of the catalog and nothing else: no YAML, no files, no JSON Schema validator.
Every value here is immutable once built and is shared freely between checkers, threads and processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wirecheck.catalog.script import Scenario, Variable

Sender = Literal["client", "server"]
Style = Literal["flat", "nested"]
Envelope = Literal["wire", "flat", "nested"]
Level = Literal["must", "should", "may"]
Basis = Literal["words", "table", "example", "name"]
Unknown = Literal["ignore", "report", "reject"]

SENDERS: tuple[Sender, ...] = ("client", "server")
LEVELS: tuple[Level, ...] = ("must", "should", "may")
BASIS_LEVEL: Mapping[Basis, Level] = {"words": "must", "table": "must", "example": "should", "name": "may"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place in a catalog file; `line` and `column` are 1-based."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderField:
    """A field that stays beside the tag in both envelopes (`id`, `timestamp`, …). `schema` is a JSON Schema."""

    name: str
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeForm:
    """How the vendor wraps a payload. `tag` and `data` are member names of the message object."""

    style: Style
    tag: str
    data: str = "data"
    header: Mapping[Sender, tuple[HeaderField, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter of the connection's URL. `type` is a JSON type; `default` is what its absence means."""

    name: str
    place: Literal["query", "path"]
    type: str
    default: Any = None
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """How a client connects. `auth` entries are single-key mappings: `subprotocol`, `query`, `cookie` or `header`.

    `closes` maps a documented close code to what it means (`auth.refused`).
    """

    path: str | None = None
    port: int | None = None
    url: str | None = None
    params: Mapping[str, Param] = field(default_factory=dict)
    auth: tuple[Mapping[str, Any], ...] = ()
    closes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where a name's value lies.

    `place` is `payload` (then `path` holds the pointer's steps below the payload), `header` (one step), or
    `query` / `path` (one step: the parameter's name), which give the connection's own value.
    """

    place: Literal["payload", "header", "query", "path"]
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanForm:
    """How a dialect's spans of one kind are told apart.

    `keys`: names that identify a span (none: one a connection). `opened`: whether its start must lie on the
    connection (`here`) or may lie elsewhere (`anywhere`). `exclusive`: at most one open a key, so opening it again
    means that the first was never closed; a span with `exclusive: false` may be open several times with the same
    key, and then `tie: oldest` says that a close answers the oldest (without it, which one is undecided).
    `prefer`: a name that picks among several when both frames carry it (a correlation id).
    `subtrace`: what lies between its open and close is a trace of its own (a replay). `resumable`: it survives its
    connection, so that a clean close says nothing of it. `implied`: roles that lie inside such a span, so that one of
    them with no span open may mean that somebody else opened it.
    """

    name: str
    open: str
    close: str
    keys: tuple[str, ...] = ()
    opened: Literal["here", "anywhere"] = "here"
    exclusive: bool = False
    tie: Literal["oldest"] | None = None
    prefer: str | None = None
    subtrace: bool = False
    resumable: bool = False
    implied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test of a case: the value at a payload pointer (or `@header`) is absent, present, or equals `const`."""

    at: Locator
    test: Literal["absent", "present", "const"]
    const: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A second discriminator: what a frame also is when every `when` holds and, if given, not every `unless` does.

    `roles` and `may` are added to the frame's own; `payload` is a JSON Schema that then applies as well.
    """

    name: str
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    roles: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameForm:
    """One frame variant.

    `key` is its name in the catalog; `tag` the value on the wire (None: frames that carry no tag at all).
    `payload` is a JSON Schema (2020-12) of the payload object, or None where the document only names the frame.
    `wire` overrides the dialect's envelope style for this one frame. `contains` is the payload path of an array
    whose items are frames themselves (a batch). `needs` maps a URL parameter to the value that allows the frame.
    `examples` are payload objects; a member `@name` in one stands for the header field `name`.
    """

    key: str
    tag: str | None
    sender: Sender
    summary: str
    basis: Basis
    source: str
    note: str = ""
    roles: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    wire: Style | None = None
    contains: tuple[str, ...] | None = None
    needs: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] | None = None
    cases: tuple[Case, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    where: Where | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A requirement stated once for all dialects.

    `side` is who must keep it. `shape` and `options` say how it is judged. `implies` maps the id of another rule
    that one fault against this rule may also trip to the reason. `passive` is None where captured traffic can
    decide the rule, else the reason why it cannot. `holds` and `breaks` are one-line examples for readers.
    """

    id: str
    says: str
    side: Sender
    shape: str
    options: Mapping[str, Any]
    implies: Mapping[str, str] = field(default_factory=dict)
    passive: str | None = None
    holds: str = ""
    breaks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """A dialect's claim to a rule. `options` are the rule's with the claim's own `with:` laid over them."""

    rule: Rule
    level: Level
    says: str
    source: str
    options: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.rule.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """How the document says that a malformed client frame is answered: frame `answer` with `code`."""

    answer: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's protocol, complete.

    `frames` is keyed by catalog key in file order. `open_points` lists what the document leaves open, each a
    sentence. `sections` is not modelled: sources are the document's own headings, as text.
    """

    name: str
    title: str
    source: str
    envelope: EnvelopeForm
    unknown: Unknown
    connect: Connect
    names: Mapping[str, tuple[Locator, ...]]
    spans: Mapping[str, SpanForm]
    frames: Mapping[str, FrameForm]
    guarantees: Mapping[str, Guarantee]
    rejects: Rejection | None = None
    open_points: tuple[str, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=dict)
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    file: str = ""
