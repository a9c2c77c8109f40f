"""Judging what is recorded, while it happens.

Law: one `Checker` for everything, and nothing decided here. Whose traffic it is may first have to be told from it:
until then records are held, within a bound, and beyond it they are only recorded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from wirecheck.capture import detect, unwrap
from wirecheck.capture.detect import MESSAGES_READ
from wirecheck.catalog import Dialect
from wirecheck.check import Checker
from wirecheck.errors import UsageError
from wirecheck.record import At, BadLine, Message, Record
from wirecheck.verdict import Finding, Report

FIRST_LOOK: Final = 16
"""Messages after which it is first asked whose traffic this is; then at twice as many, and so on."""
_HELD_MOST: Final = 20_000
_CHARACTERS_MOST: Final = 32 * 1024 * 1024
_NOTHING: Final = BadLine(at=At(line=0, conn=""), code="bad-line", message="")


class Watch:
    """Sees records in their order and tells each finding when it is made.

    `given` is the dialect if it is known, `candidates` those among which it is told. `checker` makes the one that
    judges; `told` is called when the dialect is, with the sentence that says why. `name` is the capture's.
    """

    def __init__(
        self,
        *,
        given: Dialect | None,
        candidates: Sequence[Dialect],
        name: str,
        checker: Callable[[Dialect], Checker],
        finding: Callable[[Finding], None],
        told: Callable[[str], None],
    ) -> None:
        self.dialect = given
        self.reason = ""
        self.unclear = ""
        """Why nobody could tell whose traffic this is."""
        self._candidates = candidates
        self._name = name
        self._make = checker
        self._finding = finding
        self._told = told
        self._checker = None if given is None else checker(given)
        self._held: list[Record] = []
        self._messages = 0
        self._characters = 0
        self._next = FIRST_LOOK
        self._frames = one_by_one()

    def see(self, record: Record) -> None:
        """Judge a record, its line known; records of one connection come in their order."""
        for frame in self._frames(record):
            if self._checker is not None:
                self._judge(self._checker, frame)
            elif self._next:
                self._hold(frame)

    def close(self) -> Report | None:
        """The report; None where it is not known whose traffic this is, and `unclear` says why."""
        if self._checker is None and self._next:
            self._look()
        return None if self._checker is None else self._checker.close()

    def _judge(self, checker: Checker, record: Record) -> None:
        for finding in checker.receive(record):
            self._finding(finding)

    def _hold(self, record: Record) -> None:
        self._held.append(record)
        if isinstance(record, Message):
            self._messages += 1
            self._characters += len(record.body)
        full = self._messages >= MESSAGES_READ or len(self._held) >= _HELD_MOST or self._characters >= _CHARACTERS_MOST
        if self._messages >= self._next or full:
            self._next *= 2
            self._look()
        if full and self._checker is None:
            self._next = 0
            self._held = []

    def _look(self) -> None:
        try:
            detection, _ = detect(self._held, self._candidates, name=self._name)
        except UsageError as error:
            self.unclear = str(error)
            return
        self.dialect, self.reason, self.unclear = detection.dialect, detection.reason, ""
        self._told(detection.reason)
        self._checker = self._make(detection.dialect)
        held, self._held = self._held, []
        for record in held:
            self._judge(self._checker, record)


def one_by_one() -> Callable[[Record], Iterator[Record]]:
    """`unwrap` for records that come one at a time: what each gives, without waiting for the next."""
    waiting: deque[Record] = deque()

    def feed() -> Iterator[Record]:
        while True:
            yield waiting.popleft() if waiting else _NOTHING

    frames = unwrap(feed())

    def frames_of(record: Record) -> Iterator[Record]:
        waiting.append(record)
        return iter(lambda: next(frames), _NOTHING)

    return frames_of
