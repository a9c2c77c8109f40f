"""Messages for the fuzzer to send, drawn from a catalog.

Law: a source's choices in, one message and what it is out. What is labelled invalid has been confirmed to be, by
somebody who did not make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from wirecheck.campaign.frames import may_open_turn, places, turns_of
from wirecheck.campaign.steps import Send, mark
from wirecheck.catalog import Dialect, FrameForm
from wirecheck.catalog.script import Malform, Malformation
from wirecheck.drive.target import Transport
from wirecheck.fuzz.confirm import confirm
from wirecheck.sample.defects import applicable, invalid
from wirecheck.sample.messages import message
from wirecheck.sample.source import Source
from wirecheck.sample.spelling import compact, spelled
from wirecheck.scenario.values import malformed
from wirecheck.schema.message import wire_style

_HUGE: Final = "huge"
"""What is not sent unasked: it takes longer than all others together."""


Way = Literal["valid", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A message to be sent, and the choices by which it was made. `form` and `message` say which frame it is, where it
    is a valid one."""

    step: Send
    way: Way
    choices: tuple[int, ...]
    form: FrameForm | None = field(default=None, compare=False, repr=False)
    message: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


class _Noting:
    """A source that notes what it chose."""

    def __init__(self, source: Source) -> None:
        self.choices: list[int] = []
        self._source = source

    def below(self, bound: int, /) -> int:
        chosen = self._source.below(bound)
        self.choices.append(chosen)
        return chosen


class _Again:
    """A source that chooses as it is told, and then always the plainest."""

    def __init__(self, choices: Iterable[int]) -> None:
        self._choices = iter(choices)

    def below(self, bound: int, /) -> int:
        return min(next(self._choices, 0), bound - 1)


class Drawer:
    """Draws what a client may send, and what it may not. `discarded` counts what could not be confirmed."""

    def __init__(self, dialect: Dialect, transport: Transport = "websocket") -> None:
        self.discarded = 0
        self._dialect = dialect
        self._forms = [form for form in dialect.frames.values() if form.sender == "client" and form.payload is not None]
        self._transport = transport
        self._defects = {form.key: applicable(dialect, form, wire_style(dialect, form)) for form in self._forms}

    @property
    def speaks(self) -> bool:
        """Whether the document knows any frame of the client's."""
        return bool(self._forms)

    @property
    def frames(self) -> tuple[str, ...]:
        """The keys of the frames that are drawn."""
        return tuple(form.key for form in self._forms)

    def made(self, way: Way, source: Source) -> Made | None:
        """A valid message, or an invalid one; None where nobody could confirm that it has the defect that it should."""
        if way == "valid" and not self.speaks:
            return None
        noting = _Noting(source)
        found = self._valid(noting) if way == "valid" else self._invalid(noting)
        return None if found is None else replace(found, choices=tuple(noting.choices))

    def again(self, made: Made, choices: Iterable[int]) -> Made | None:
        """The message that these choices make, on the same connection. What they do not say is chosen plainly."""
        found = self.made(made.way, _Again(choices))
        if found is None:
            return None
        step = replace(found.step, conn=made.step.conn, hurried=made.step.hurried)
        return replace(found, step=step)

    def alike(self, made: Made) -> Iterator[tuple[int, ...]]:
        """The choices of the plainest message with the same defect, of each frame up to its own."""
        forms = self._forms[: made.choices[0] + 1] if made.way == "invalid" and made.choices else ()
        for index, form in enumerate(forms):
            labels = self._defects[form.key]
            if made.step.defect in labels:
                yield index, labels.index(made.step.defect)

    def _valid(self, source: Source) -> Made:
        """A valid frame, however unusual. Half of its names are what the server calls something."""
        form = self._forms[source.below(len(self._forms))]
        pins: dict[tuple[str, ...], Any] = {}
        uses: dict[str, None] = {}
        for name, path, required in places(self._dialect, form):
            # The plainest: as the server calls it where something must be there, and else nothing.
            if source.below(2) == int(not required):
                pins[path] = mark(name)
                uses[name] = None
        value = message(self._dialect, form, wire_style(self._dialect, form), source, pinned=pins)
        step = Send(
            conn="",
            # A mark is looked for as it is written here.
            body=compact(value) if uses else spelled(value, source),
            frame=form.key,
            uses=tuple(uses),
            turns=turns_of(self._dialect, form, value),
        )
        return Made(step=step, way="valid", choices=(), form=form, message=value)

    def _invalid(self, source: Source) -> Made | None:
        """A message with one defect."""
        if not self._forms:
            return self._nonsense(source)
        form = self._forms[source.below(len(self._forms))]
        known = self._defects[form.key]
        frame = invalid(self._dialect, form, wire_style(self._dialect, form), known[source.below(len(known))], source)
        no_text = isinstance(frame.body, bytes) and not frame.binary
        if confirm(self._dialect, frame) is not None or (no_text and self._transport != "websocket"):
            self.discarded += 1
            return None
        step = Send(
            conn="",
            body=frame.body,
            binary=frame.binary,
            frame=form.key,
            defect=frame.defect,
            pointer=frame.pointer,
            turns=int(may_open_turn(form)),
        )
        return Made(step=step, way="invalid", choices=())

    def _nonsense(self, source: Source) -> Made:
        """What is no frame of any dialect, for a server that is not known to listen."""
        kinds = [kind for kind in get_args(Malformation) if kind != _HUGE]
        kind: Malformation = kinds[source.below(len(kinds))]
        body = malformed(self._dialect, Malform(conn="", kind=kind), {})
        step = Send(conn="", body=body, binary=isinstance(body, bytes), defect=kind)
        return Made(step=step, way="invalid", choices=())
