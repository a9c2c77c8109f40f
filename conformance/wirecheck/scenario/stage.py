"""The server's side of the scenarios: what it does about what a client did.

Law: sans-I/O. A handshake or a message comes in, a whole reaction comes out, planned before anything of it is played.
Who plays it, and over what, is no matter here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from wirecheck.catalog import Dialect, FrameForm
from wirecheck.catalog.script import Emit, Hangup, History, Malform, Malformation
from wirecheck.decode import Decoded, Decoder
from wirecheck.scenario import matching
from wirecheck.scenario.arrival import Arrival
from wirecheck.scenario.believe import Composer
from wirecheck.scenario.conversations import Conversation, Conversations, Mutating, Visitor, visitor
from wirecheck.scenario.due import Dues
from wirecheck.scenario.malformed import kind_of
from wirecheck.scenario.outgoing import outgoing
from wirecheck.scenario.plan import Action, Outgoing, Reaction
from wirecheck.scenario.table import Line, compile_table
from wirecheck.scenario.values import composed, payload_of

UNKNOWN_TAG: Final = "wirecheck.unknown"
"""A tag that no document knows; also the key of its frame's form."""
_REFUSED: Final = "auth.refused"
_POLICY: Final = 1008
"""The close code of RFC 6455 for a client that is not let in, where the document gives none."""


class Mutation(Protocol):
    """A fault. `keeps_gated`: frames whose `needs` a connection does not meet are sent on it all the same."""

    @property
    def keeps_gated(self) -> bool: ...

    def start(self) -> Mutating: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reaction, and the conversation that it belongs to.

    `apart`: it holds history. It is for the connection that asked alone, which takes part in the conversation only
    when it has been played. All others are for everybody who takes part.
    """

    reaction: Reaction
    conversation: Conversation
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a client's message comes to. `legible`: it is a frame that the document knows, and is well formed.

    `roles` are those that it certainly plays; `answer` is None where nothing is done about it.
    """

    legible: bool
    roles: frozenset[str] = frozenset()
    answer: Answer | None = None


class Stage:
    """The reference server of one dialect, without its sockets.

    `variables` take the place of the catalog's reference values. `mutation` spoils reactions; `unknown_frames` puts a
    frame that no document knows before each.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        variables: Mapping[str, Any] | None = None,
        mutation: Mutation | None = None,
        unknown_frames: bool = False,
    ) -> None:
        self.dialect = dialect
        self.variables = {name: one.reference for name, one in dialect.variables.items()} | dict(variables or {})
        self._mutation = mutation
        self._unknown = _unknown(dialect) if unknown_frames else None
        self._table = compile_table(dialect)
        self._decoder = Decoder(dialect)
        self._composer = Composer(dialect, self.variables)
        self._conversations = Conversations(dialect)
        self._dues = Dues(dialect)
        self._header = {field.name for field in dialect.envelope.header.get("client", ())}

    def opened(self, arrived: Arrival) -> tuple[Visitor, Answer]:
        """A client has connected."""
        guest = visitor(self.dialect, arrived.params, refused=arrived.auth != "good")
        plan = Reaction(actions=(), refused=guest.refused)
        found = matching.best(
            [line for line in self._table.connects if (matching.connect(line).auth != "good") == guest.refused],
            lambda line: matching.connect_points(line, arrived, self.variables),
            self._table,
        )
        if found is not None:
            line, guest.course = found
            given = matching.bound(matching.connect(line).params, arrived.params)
            return guest, self._answer(guest, guest.own, line, given, plan)
        if guest.refused:
            closes = self.dialect.connect.closes.items()
            plan = replace(
                plan, actions=(Hangup(code=next((code for code, why in closes if why == _REFUSED), _POLICY)),)
            )
        return guest, Answer(reaction=self._staged(guest, guest.own, plan), conversation=guest.own)

    def heard(self, guest: Visitor, body: str | bytes) -> Heard:
        """A client has sent a message (bytes: a binary one)."""
        decoded = self._decoder.accept(body, "client") if isinstance(body, str) else None
        if decoded is None:
            decoded = self._decoder.explain(body, "client", binary=isinstance(body, bytes))
        kind = kind_of(decoded)
        if kind is not None:
            return Heard(legible=False, answer=None if guest.refused else self._malformed(guest, decoded, kind))
        if decoded.variant is None:
            return Heard(legible=False)
        asked = outgoing(self.dialect, decoded.variant.form, decoded.message)
        return Heard(
            legible=True, roles=asked.roles, answer=None if guest.refused else self._asked(guest, decoded, asked)
        )

    def sent(self, conversation: Conversation, frame: Outgoing) -> None:
        """A frame of a reaction has been sent; replays may tell it from now on."""
        self._conversations.sent(conversation, frame)

    def admits(self, guest: Visitor, frame: Outgoing) -> bool:
        """Whether a frame may be sent on a connection: it asked for frames of this kind, if they must be asked for."""
        if self._mutation is not None and self._mutation.keeps_gated:
            return True
        known = self.dialect.connect.params
        return all(
            guest.params.get(name, known[name].default if name in known else None) == value
            for name, value in frame.form.needs.items()
        )

    def _asked(self, guest: Visitor, decoded: Decoded, asked: Outgoing) -> Answer | None:
        form = asked.form
        conversation = self._conversations.meant(guest, asked.roles, self._composer.telling(asked.names))
        conversation.turns += "prompt" in asked.roles
        self._dues.heard(conversation.due, (asked, *self._items(asked)))
        beside = {self.dialect.envelope.tag, *self._header} if decoded.style == "flat" else set()
        actual = {name: value for name, value in decoded.payload.items() if name not in beside}
        actual |= {f"@{name}": value for name, value in decoded.message.items() if name in self._header}
        found = matching.best(
            self._table.sends.get(form.key, ()),
            lambda line: matching.field_points(matching.values(line), actual, self.variables),
            self._table,
            stands=guest.course,
            spoken=conversation.course,
        )
        if found is None:
            return None
        line, guest.course = found
        conversation.course = guest.course
        given = matching.bound(matching.values(line), actual)
        plan = Reaction(actions=(), asked=form.key)
        return self._answer(guest, conversation, line, given, plan, request=decoded.message)

    def _malformed(self, guest: Visitor, decoded: Decoded, kind: Malformation) -> Answer:
        conversation = guest.latest or guest.own
        plan = Reaction(actions=(), malformed=True)
        key = decoded.variant.form.key if decoded.variant is not None else None
        fitting = [line for line in self._table.malforms if _kind(line) == kind] or self._table.malforms
        found = matching.best(
            fitting,
            lambda line: int(getattr(line.step, "frame", None) == key),
            self._table,
            stands=guest.course,
            spoken=conversation.course,
        )
        if found is not None:
            line, guest.course = found
            return self._answer(guest, conversation, line, {}, plan, request=decoded.message)
        rejects = self.dialect.rejects
        if rejects is not None:
            form = self.dialect.frames[rejects.answer]
            values = {} if rejects.code is None else _at_code(self.dialect, rejects.code)
            frame = self._composer.frame(form, values, conversation.memory, request=decoded.message)
            plan = replace(plan, actions=(frame,))
        return Answer(reaction=self._staged(guest, conversation, plan), conversation=conversation)

    def _answer(
        self,
        guest: Visitor,
        conversation: Conversation,
        line: Line,
        given: Mapping[str, Any],
        plan: Reaction,
        request: Mapping[str, Any] | None = None,
    ) -> Answer:
        last, memory = conversation.line, conversation.memory
        if last is None or last.scenario is not line.scenario or line.index <= last.index:
            # Another run of a script: what only the server called so is called anew.
            memory.kept = {name: value for name, value in memory.kept.items() if name in line.shared}
        memory.kept.update(given)
        conversation.line = line
        actions = self._actions(guest, conversation, line, request)
        several = plan.asked is not None and self.dialect.frames[plan.asked].contains is not None
        plan = replace(
            plan,
            actions=self._dues.playable(conversation.due, actions, each=several),
            scenario=line.scenario,
            step=line.index,
        )
        apart = any(isinstance(cue, History) for cue in line.cues)
        return Answer(reaction=self._staged(guest, conversation, plan), conversation=conversation, apart=apart)

    def _actions(
        self, guest: Visitor, conversation: Conversation, line: Line, request: Mapping[str, Any] | None
    ) -> Iterator[Action]:
        memory = conversation.memory
        memory.names = {**guest.known, **memory.names}
        for cue in line.cues:
            if isinstance(cue, Emit):
                form = self.dialect.frames[cue.frame]
                frame = self._composer.frame(form, cue.values, memory, shared=line.shared, request=request)
                self._conversations.learn(conversation, self._composer.telling(frame.names))
                yield frame
            elif isinstance(cue, History):
                yield from (replace(frame, replayed=True) for frame in conversation.history)
            else:
                yield cue

    def _items(self, asked: Outgoing) -> Iterator[Outgoing]:
        """The frames in a batch of the client's."""
        items: Any = payload_of(self.dialect, asked.form, asked.message) if asked.form.contains is not None else None
        for step in asked.form.contains or ():
            items = items.get(step) if isinstance(items, Mapping) else None
        for item in items if isinstance(items, list) else ():
            inner = self._decoder.explain_value(item, "client")
            if inner.variant is not None and kind_of(inner) is None:
                yield outgoing(self.dialect, inner.variant.form, inner.message)

    def _staged(self, guest: Visitor, conversation: Conversation, plan: Reaction) -> Reaction:
        """The reaction as it is going to be played: with what is known, spoilt, and with the unknown frame."""
        plan = replace(plan, names=dict(conversation.memory.names), turn=conversation.turns, params=dict(guest.params))
        if self._mutation is not None:
            if conversation.mutating is None:
                conversation.mutating = self._mutation.start()
            plan = conversation.mutating.apply(plan)
        first = next((index for index, one in enumerate(plan.actions) if isinstance(one, Outgoing)), None)
        if self._unknown is None or first is None:
            return plan
        return replace(plan, actions=(*plan.actions[:first], self._unknown, *plan.actions[first:]))


def _kind(line: Line) -> Malformation | None:
    return line.step.kind if isinstance(line.step, Malform) else None


def _at_code(dialect: Dialect, code: str) -> dict[str, Any]:
    """The code of an error at the place that the dialect has for codes."""
    place = next((place for place in dialect.names.get("code", ()) if place.place == "payload"), None)
    value: Any = code
    for step in reversed(place.path if place is not None else ("code",)):
        value = {step: value}
    return dict(value)


def _unknown(dialect: Dialect) -> Outgoing:
    form = FrameForm(
        key=UNKNOWN_TAG,
        tag=UNKNOWN_TAG,
        sender="server",
        summary="A frame that no document knows.",
        basis="name",
        source="",
    )
    return outgoing(dialect, form, composed(dialect, form, {}))
