"""What a fault works on: one reaction, the claim that is to be broken, and what was remembered of the conversation.

Law: roles, names, keys and forms of spans say which frames belong together; no dialect and no frame is known by name.
Nothing here changes anything: it finds.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wirecheck.catalog import Dialect, FrameForm, Guarantee, Sender, SpanForm
from wirecheck.catalog.script import Connect, Drop, Malform, Scenario, Send, Step, Until
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.outgoing import named
from wirecheck.scenario.plan import Outgoing, Reaction
from wirecheck.scenario.values import composed

Key = tuple[Any, ...]
FREE: Final = frozenset({"hint", "notice", "keepalive"})
"""Roles whose frames are bound to no order, so that one more of them breaks nothing by itself."""

ASK: Final = "ask."
"""How the roles of requests begin."""

_REMEMBERED: Final = 1_000
"""Things of a kind remembered of one conversation."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Memory:
    """What a fault remembers of one conversation, within bounds.

    `sent` is the last frame sent that closed a span of each kind, `ended` of which kind and key spans were closed;
    `kept` are frames that are held back, `gone` how many openings of a kind and key were left out, `asked` the roles
    that the client's frames so far may have played, `strays` the messages that history is not to tell.
    """

    sent: dict[str, Outgoing] = field(default_factory=dict)
    ended: deque[tuple[str, Key]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    kept: deque[Outgoing] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    gone: Counter[tuple[str, Key]] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    strays: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def note(self, dialect: Dialect, frame: Outgoing) -> None:
        """A frame is going to be sent."""
        for span in dialect.spans.values():
            if span.close in frame.roles:
                self.sent[span.name] = frame
                what = (span.name, key_of(frame, span))
                if what not in self.ended:
                    self.ended.append(what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One reaction, seen with the claim that is to be broken."""

    dialect: Dialect
    claim: Guarantee
    reaction: Reaction
    memory: Memory

    def spans(self, option: str = "spans") -> list[SpanForm]:
        """The kinds of span that an option of the claim names, as far as the dialect has them."""
        return spans_of(self.dialect, self.claim, option)

    def having(self, role: str, *, replayed: bool = False) -> list[int]:
        """Where frames that certainly play the role stand among the actions."""
        return [
            index
            for index, action in enumerate(self.reaction.actions)
            if isinstance(action, Outgoing) and role in action.roles and action.replayed == replayed
        ]

    def frames(self) -> list[int]:
        """Where frames stand that are no history."""
        actions = enumerate(self.reaction.actions)
        return [index for index, action in actions if isinstance(action, Outgoing) and not action.replayed]

    def at(self, index: int) -> Outgoing:
        """The frame that stands there."""
        action = self.reaction.actions[index]
        if not isinstance(action, Outgoing):
            raise TypeError(f"action {index} is no frame")
        return action

    def key(self, index: int, span: SpanForm) -> Key:
        return key_of(self.at(index), span)

    def pairs(self, span: SpanForm) -> list[tuple[int, int]]:
        """Openings and closes of the kind within this reaction; of several that agree, the oldest opening is meant."""
        found, waiting = [], self.having(span.open)
        for close in self.having(span.close):
            fits = [one for one in waiting if one < close and agree(self.key(one, span), self.key(close, span))]
            if fits:
                waiting.remove(fits[0])
                found.append((fits[0], close))
        return found

    def stray(self, index: int) -> Outgoing:
        """The frame there, sent where it has no place. A replay will not tell it: that the server sends again what it
        sent, and nothing that is not history, are other guarantees."""
        frame = self.at(index)
        frame = replace(frame, message={**frame.message})
        self.memory.strays.append(frame.message)
        return frame

    def ended_before(self, span: SpanForm, opening: int) -> bool:
        """Whether a span of the same key was closed before this opening, so that none can be open unseen."""
        key = self.key(opening, span)
        return (span.name, key) in self.memory.ended or any(
            close < opening and self.key(close, span) == key for close in self.having(span.close)
        )

    def is_read(self, index: int) -> bool:
        """Whether the client, by every script that it may be following, reads what comes behind this action (-1: what
        comes first) before it does anything more."""
        rests = self._rests()
        return bool(rests) and all(_is_over(rest) or index < self._awaited(rest) for rest in rests)

    def is_told_again(self) -> bool:
        """Whether the client may be following a script in which it asks for a replay later on."""
        roles = {span.open for span in self.dialect.spans.values() if begins_replay(self.dialect, span)}
        sends = [step for rest in self._rests() for step in rest if isinstance(step, Send)]
        return any(roles & roles_of(self.dialect.frames[step.frame]) for step in sends)

    def _rests(self) -> list[Sequence[Step]]:
        """What is left of every script by which a client may have come here: those in which it did the same things on
        a connection up to here."""
        scenario = self.reaction.scenario
        if scenario is None:
            return []
        done = _done(scenario, self.reaction.step)
        return [
            other.steps[index + 1 :]
            for other in self.dialect.scenarios.values()
            for index, step in enumerate(other.steps)
            if isinstance(step, Connect | Send | Malform) and _done(other, index) == done
        ]

    def _awaited(self, rest: Sequence[Step]) -> int:
        """The last action that the client waits for before its next step; -1 if it waits for none."""
        taken: set[int] = set()
        for step in rest:
            if isinstance(step, Connect | Send | Malform | Drop):
                break
            if isinstance(step, Until):
                came = [index for index in self.frames() if self.at(index).form.key in step.frames]
                taken.update([index for index in came if index not in taken][:1])
        return max(taken, default=-1)


def _is_over(rest: Sequence[Step]) -> bool:
    """Whether the client does nothing more, so that it reads whatever still comes."""
    return not any(isinstance(step, Connect | Send | Malform | Drop) for step in rest)


def _done(scenario: Scenario, index: int) -> list[Step]:
    """What the client did on the connection of this step, up to it, whatever the connection is called."""
    conn = getattr(scenario.steps[index], "conn", None)
    steps = [step for step in scenario.steps[: index + 1] if isinstance(step, Connect | Send | Malform)]
    latest = [place for place, step in enumerate(steps) if isinstance(step, Connect) and step.conn == conn][-1:]
    return [replace(step, conn="") for step in steps[(latest or [0])[0] :] if step.conn == conn]


Change = Callable[[Ground, Edits], None]
Fits = Callable[[Dialect, Guarantee], bool]


def always(dialect: Dialect, claim: Guarantee) -> bool:
    """Whatever the dialect, the fault can be told from traffic."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to break guarantees of a shape. `says` is a sentence; `fits` whether a dialect's claim can be broken so,
    and be found out; `keeps_gated` that frames are sent which the connection did not ask for; `silent` that a client
    which waits for something may wait in vain."""

    variant: str
    says: str
    change: Change
    fits: Fits = always
    keeps_gated: bool = False
    silent: bool = False


def spans_of(dialect: Dialect, claim: Guarantee, option: str = "spans") -> list[SpanForm]:
    given = claim.options.get(option, ())
    names = [given] if isinstance(given, str) else given
    return [dialect.spans[name] for name in names if name in dialect.spans]


def senders(dialect: Dialect, role: str) -> set[Sender]:
    """Who sends frames that play the role, certainly or not."""
    return {form.sender for form in dialect.frames.values() if role in roles_of(form)}


def is_servers(dialect: Dialect, span: SpanForm) -> bool:
    """Whether the server alone opens such spans, so that the client's next step cannot cross what is wrong with one."""
    return senders(dialect, span.open) == {"server"}


def roles_of(form: FrameForm) -> set[str]:
    """All roles that a frame of the form may play."""
    return {*form.roles, *form.may, *(role for case in form.cases for role in (*case.roles, *case.may))}


def asked_by(dialect: Dialect, form: FrameForm) -> set[str]:
    """All roles that a client's frame may play; a batch may play any."""
    if form.contains is None:
        return roles_of(form)
    return {role for other in dialect.frames.values() if other.sender == form.sender for role in roles_of(other)}


def subtraces(dialect: Dialect) -> list[SpanForm]:
    """The kinds of bracket around history."""
    return [span for span in dialect.spans.values() if span.subtrace]


def begins_replay(dialect: Dialect, span: SpanForm) -> bool:
    """Whether what closes such a span opens a bracket around history."""
    brackets = {other.open for other in subtraces(dialect)}
    return any(span.close in form.roles and brackets & set(form.roles) for form in dialect.frames.values())


def key_of(frame: Outgoing, span: SpanForm) -> Key:
    return tuple(frame.names.get(name) for name in span.keys)


def agree(one: Key, other: Key) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def example(dialect: Dialect, role: str, names: Mapping[str, Any]) -> list[Outgoing]:
    """The server's frame of that role as the document shows it, with these names; nothing where it shows none."""
    for form in dialect.frames.values():
        if form.sender == "server" and role in form.roles and form.examples:
            return [named(dialect, form, composed(dialect, form, form.examples[0]), names)]
    return []


def harmless(dialect: Dialect, frame: Outgoing, span: SpanForm, *, but: Sequence[str] = ()) -> list[Outgoing]:
    """A frame of the server's that is bound to no order, in the span of `frame`; nothing where there is none."""
    names = {name: frame.names[name] for name in span.keys if name in frame.names}
    for form in _loose(dialect, but):
        made = named(dialect, form, composed(dialect, form, form.examples[0]), names)
        if key_of(made, span) == key_of(frame, span):
            return [made]
    return []


def has_harmless(dialect: Dialect, claim: Guarantee, option: str, but: Sequence[str] = ()) -> bool:
    return bool(spans_of(dialect, claim, option)) and bool(_loose(dialect, but))


def _loose(dialect: Dialect, but: Sequence[str]) -> list[FrameForm]:
    """The server's frames that are bound to no order, that nobody has to ask for, and that the document shows."""
    forms = [form for form in dialect.frames.values() if form.sender == "server" and form.examples and not form.needs]
    return [form for form in forms if roles_of(form) and roles_of(form) <= FREE - set(but)]


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    text = str(value)
    if _UUID.fullmatch(text):
        return text[:-4] + ("0bad" if text[-4:] != "0bad" else "bad0")
    return f"{text}-other"
