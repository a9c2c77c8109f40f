"""A conversation that a program leads itself, step by step, and that is judged like any scenario.

Law: blocking calls over a loop in a thread of its own, so that it works inside and beside any other loop. Nothing is
judged here; after the verdict has been asked for, the conversation is over. What is raised comes without the places
that it went through: whoever shows their locals would show credentials.
"""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from wirecheck.catalog.script import CLOSE, Connect, Credential, Malform, Malformation, Until, Way
from wirecheck.drive.connection import Received
from wirecheck.drive.recorder import Recorder, Spool
from wirecheck.drive.stage import Ended, Stage
from wirecheck.drive.target import Budget, Limits, Target, opens_turn
from wirecheck.errors import UsageError, WirecheckError
from wirecheck.redact import redact
from wirecheck.report import Section
from wirecheck.verdict import Report, Verdict

_Result = TypeVar("_Result")


class NotSeen(AssertionError):
    """What was awaited did not come; the text says what happened in its place."""


class Conversation:
    """One conversation with a live server. Use it in a `with` statement, or call `close` at its end.

    A connection opens when it is first used, with the user's credential, or before that by `connect`. Values that
    begin with `$` are variables. Raises `UsageError` for frames and connections that there are not, `TargetError`
    where no connection comes about, `NotSeen` where a step waits in vain.
    """

    def __init__(self, target: Target, limits: Limits | None = None, budget: Budget | None = None) -> None:
        self._dialect = target.dialect
        self._limits = limits or Limits()
        self._budget = budget or Budget()
        self._spool = Spool()
        name = f"{target.dialect.name}/conversation"
        self._recorder = Recorder(target.dialect, self._spool, self._limits, name=name, secrets=target.secrets())
        self._stage = Stage(target, self._limits, self._recorder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wirecheck-conversation", daemon=True)
        self._thread.start()
        self._report: Report | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def variables(self) -> dict[str, Any]:
        """The values of `$name`, by name; add to them what later frames need."""
        return self._stage.variables

    def connect(
        self,
        conn: str = "a",
        *,
        auth: Credential = "good",
        way: Way | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Open a connection, and call it `conn`."""
        self._run(self._stage.connect(Connect(conn=conn, auth=auth, way=way, params=params or {})))

    def send(self, frame: str, conn: str = "a", /, values: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Send a frame by its name in the catalog. `values` and `fields` are payload fields; `@name` is a header's."""
        form = self._dialect.frames.get(frame)
        if form is None or form.sender != "client":
            known = ", ".join(key for key, one in self._dialect.frames.items() if one.sender == "client")
            raise UsageError(f"{frame!a} is no frame of the client's; there are {known or 'none'}")
        given = {**(values or {}), **fields}
        if opens_turn(form, given) and not self._budget.take(1):
            raise UsageError(f"the cap of {self._budget.max_turns} turns is reached; raise it, or send less")
        self._run(self._send(conn, frame, given))

    def malformed(
        self, kind: Malformation, conn: str = "a", *, of: str | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        """Send what is no frame."""
        self._run(self._malformed(Malform(conn=conn, kind=kind, frame=of, values=values or {})))

    def until(
        self, *frames: str, conn: str = "a", within: float | None = None, where: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The next of these frames, however many others come first (`close`: the connection's end, which gives `{}`).

        `within` is in seconds (None: the timeout), `where` what its payload must hold at these pointers.
        """
        return self._run(self._until(frames, conn, within, where or {}))

    def expect(
        self, *frames: str, conn: str = "a", within: float | None = None, where: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The very next frame, which must be one of these."""
        return self._run(self._expect(frames, conn, within, where or {}))

    def drop(self, conn: str = "a") -> None:
        """Cut the connection, without a close frame."""
        self._run(self._stage.drop(conn))

    def settle(self, conn: str = "a") -> None:
        """Ping, read to the pong, close, read to the end."""
        self._run(self._stage.settle(conn))

    def report(self) -> Report:
        """Settle what is open, and judge everything. The conversation is over then."""
        if self._report is None:
            self._run(self._stage.finish())
            self._report = self._recorder.report()
        return self._report

    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each of the server's guarantees, by its id; as `report`, it ends the conversation."""
        return {result.id: result.verdict for result in self.report().guarantees if result.side == "server"}

    def section(self) -> Section:
        """The report with the records around its findings, for the formats of `wirecheck.report`."""
        report = self.report()
        name = report.inputs[0]
        places = [(group.first.at.line, group.first.at.conn) for group in report.findings]
        around = self._spool.around(places, self._recorder.secrets)
        return Section(
            report=report,
            evidence={(name, *place): shown for place, shown in around.items()},
            secrets=self._recorder.secrets,
        )

    def save(self, path: Path) -> None:
        """Write the capture, as far as it has come, to a file. Raises `OSError`."""
        if self._closed:
            self._spool.save(path)
        else:
            asyncio.run_coroutine_threadsafe(self._save(path), self._loop).result()

    def close(self) -> None:
        """Cut what is still open. Nothing can be asked after it but what was asked before, and the capture."""
        if self._closed:
            return
        self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        __tracebackhide__ = True
        if self._closed or self._report is not None:
            work.close()
            raise UsageError("the conversation is over; begin another one")
        self._stage.refused = None
        running = asyncio.run_coroutine_threadsafe(work, self._loop)
        told: Exception
        try:
            return running.result()
        except Ended as ended:
            told = self._stage.refused or (UsageError if ended.ours else NotSeen)(str(ended))
        except WirecheckError as error:
            told = error
        except Exception as error:
            told = RuntimeError(redact("".join(traceback.format_exception(error)), self._recorder.secrets))
        finally:
            running.cancel()
        told.__context__ = None
        raise told.with_traceback(None)

    async def _end(self) -> None:
        self._stage.abandon()
        await self._stage.finish()

    async def _save(self, path: Path) -> None:
        self._spool.save(path)

    async def _open(self, conn: str) -> None:
        if conn not in self._stage.connections:
            await self._stage.connect(Connect(conn=conn))

    async def _send(self, conn: str, frame: str, values: Mapping[str, Any]) -> None:
        await self._open(conn)
        await self._stage.send(conn, frame, values)

    async def _malformed(self, step: Malform) -> None:
        await self._open(step.conn)
        await self._stage.malform(step)

    async def _until(
        self, frames: tuple[str, ...], conn: str, within: float | None, where: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._check(frames)
        await self._open(conn)
        received = await self._stage.until(Until(conn=conn, frames=frames, within=within, where=where))
        return self._message(conn, received)

    async def _expect(
        self, frames: tuple[str, ...], conn: str, within: float | None, where: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._check(frames)
        await self._open(conn)
        received = await self._stage.next(Until(conn=conn, frames=frames, within=within, where=where))
        return self._message(conn, received)

    def _check(self, frames: tuple[str, ...]) -> None:
        for frame in frames:
            form = self._dialect.frames.get(frame)
            if frame != CLOSE and (form is None or form.sender != "server"):
                known = ", ".join(key for key, one in self._dialect.frames.items() if one.sender == "server")
                raise UsageError(f"{frame!a} is no frame of the server's; there are {known}, and {CLOSE}")

    def _message(self, conn: str, received: Received | None) -> dict[str, Any]:
        return {} if received is None else dict(self._stage.connections[conn].parsed(received))
