"""One connection of a conversation: what came over it, and waiting for something to come.

Law: a wait ends on a frame, on the end of the connection, or on a deadline, and says which. Only what a wait may still
be about is kept: the frames since the first message of the client's latest group. Nothing here judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wirecheck import strict
from wirecheck.catalog import Dialect, FrameForm
from wirecheck.catalog.places import equal
from wirecheck.drive.recorder import Recorder
from wirecheck.drive.wire import ABNORMAL, Ending, Incoming, Over, Wire
from wirecheck.scenario.values import at_pointer, payload_of

_KEPT: Final = 8 * 1024 * 1024
"""Characters of a message that is still looked into; a larger one is recorded, and is no frame to wait for."""


class Reader:
    """Tells which frame a message of the server's is."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._tag = dialect.envelope.tag
        ours = [form for form in dialect.frames.values() if form.sender == "server"]
        self._tagged = {form.tag: form for form in ours if form.tag is not None}
        self._tagless = next((form for form in ours if form.tag is None), None)

    def parse(self, incoming: Incoming) -> dict[str, Any] | None:
        """The message as a JSON object, or None."""
        if len(incoming.body) > _KEPT:
            return None
        body = incoming.body
        fit = strict.accept(body) if isinstance(body, str) else None
        if fit is not None:
            return fit
        value = strict.explain(body).value
        return value if isinstance(value, dict) else None

    def form(self, message: Mapping[str, Any]) -> FrameForm | None:
        """The frame's form; None for a frame that nobody documents."""
        tag = message.get(self._tag)
        if isinstance(tag, str) and self._tagged:
            return self._tagged.get(tag)
        return self._tagless if self._tag not in message or not self._tagged else None

    def payload(self, form: FrameForm, message: Mapping[str, Any]) -> Mapping[str, Any]:
        return payload_of(self._dialect, form, message)


@dataclass(slots=True, kw_only=True)
class Received:
    """A frame that came; `form` is None where nobody documents it. `taken`: it has ended a wait."""

    form: FrameForm | None
    body: Incoming
    taken: bool = False

    @property
    def key(self) -> str:
        return "" if self.form is None else self.form.key


class Silence(Exception):
    """The deadline passed."""


class Connection:
    """One connection, which is read from as long as it lives.

    `name` is the script's, `label` the capture's. `answer` gives what is sent back for a frame at once, and `patience`
    how many seconds the peer may take to take that in.
    """

    def __init__(
        self,
        name: str,
        label: str,
        wire: Wire,
        reader: Reader,
        recorder: Recorder,
        answer: Callable[[FrameForm, Mapping[str, Any]], str | None],
        *,
        patience: float,
    ) -> None:
        self.name = name
        self.label = label
        self.wire = wire
        self.ending: Ending | None = None
        self.mute = False
        """Whether a ping was left without an answer."""
        self._reader = reader
        self._recorder = recorder
        self._answer = answer
        self._patience = patience
        self._window: list[Received] = []
        self._grouped = True
        self._read = 0
        self._news = asyncio.Event()
        self._ours: Ending | None = None
        self._task = asyncio.create_task(self._listen())

    async def send(self, message: str | bytes, within: float, *, text: bool = False) -> None:
        """Send a message: bytes as binary, or as `text`, whatever they are.

        Raises `Over`, or `Silence` where the peer takes nothing in for so long.
        """
        if self.ending is not None:
            raise Over
        if not self._grouped:
            self._grouped = True
            self._window.clear()
        self._recorder.message(self.label, "client", message, binary=isinstance(message, bytes) and not text)
        try:
            async with asyncio.timeout(within):
                await self.wire.send(message, text=text)
        except TimeoutError:
            self.cut()
            raise Silence from None

    async def until(self, fits: Callable[[Received], bool], within: float) -> Received | None:
        """The first frame since the latest group of messages that fits and has ended no wait yet.

        None: the connection ended before one came. Raises `Silence` when neither happened in so many seconds.
        """
        self._grouped = False
        looked = 0
        try:
            async with asyncio.timeout(within):
                while True:
                    for received in self._window[looked:]:
                        if not received.taken and fits(received):
                            received.taken = True
                            return received
                    looked = len(self._window)
                    if self.ending is not None:
                        return None
                    await self._more()
        except TimeoutError:
            raise Silence from None

    async def answers(self, within: float) -> bool:
        """Whether the peer answers a ping in so many seconds; all that came before the pong has then been read."""
        if self.ending is not None or self.mute or not await self.wire.ping(within):
            self.mute = self.ending is None
            return False
        before = self.wire.arrived
        try:
            async with asyncio.timeout(within):
                while self._read < before and self.ending is None:
                    await self._more()
        except TimeoutError:
            return False
        return True

    async def ends(self, within: float) -> bool:
        """Whether the connection has ended, or does so in so many seconds; all that came before has then been read."""
        await asyncio.wait((self._task,), timeout=within)
        if self._task.done():
            self._task.result()
        return self.ending is not None

    async def settle(self, within: float) -> None:
        """Ping, read to the pong, close, read to the end."""
        await self.answers(within)
        if self.ending is None:
            await self.wire.close(within)
        await self.finished(within)

    async def finished(self, within: float) -> None:
        """Read to the end of a connection that is closed, or about to be."""
        done, _ = await asyncio.wait((self._task,), timeout=within)
        if not done:
            self.cut()
            await asyncio.wait((self._task,))
        self._task.result()

    def cut(self) -> None:
        """Cut the connection, without a close frame."""
        if self.ending is None:
            self._ours = Ending(code=ABNORMAL, sender="client")
            self.wire.abort()

    def parsed(self, received: Received) -> Mapping[str, Any]:
        """The message of a frame."""
        return self._reader.parse(received.body) or {}

    def shows(self, received: Received, where: Mapping[str, Any]) -> bool:
        """Whether the frame's payload holds these values at these pointers."""
        if not where or received.form is None:
            return not where
        payload = self._reader.payload(received.form, self.parsed(received))
        return all(equal(at_pointer(payload, place), value) for place, value in where.items())

    def value(self, received: Received, place: str) -> Any:
        """What lies at a pointer in the frame's payload; None where nothing does."""
        if received.form is None:
            return None
        return at_pointer(self._reader.payload(received.form, self.parsed(received)), place)

    async def _more(self) -> None:
        """Wait until something has come, or the connection has ended."""
        if self._task.done():
            self._task.result()
        self._news.clear()
        await self._news.wait()

    async def _listen(self) -> None:
        try:
            while True:
                incoming = await self.wire.receive()
                self._recorder.message(self.label, "server", incoming.body, binary=incoming.binary)
                self._read += 1
                if self._recorder.flooded:
                    self.cut()
                else:
                    await self._take(incoming)
                self._news.set()
        except Over:
            self.ending = self._ours or self.wire.ending()
            self._recorder.closed(self.label, self.ending)
        finally:
            self._news.set()

    async def _take(self, incoming: Incoming) -> None:
        message = self._reader.parse(incoming)
        form = None if message is None else self._reader.form(message)
        self._window.append(Received(form=form, body=incoming))
        reply = None if form is None or message is None else self._answer(form, message)
        if reply is not None and self.ending is None:
            self._recorder.message(self.label, "client", reply)
            try:
                async with asyncio.timeout(self._patience):
                    await self.wire.send(reply)
            except TimeoutError:
                self.cut()
            except Over:
                # What came before the end is still to be read, and then the end.
                return
