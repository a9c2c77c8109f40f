"""One run of `wirecheck record`.

Law: whatever is shown or written has lost its secrets before. Standard output holds the report alone; what happens
meanwhile is told on standard error, a line each.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from wirecheck.capture import open_capture, read, unwrap
from wirecheck.catalog import Dialect, Level, dialects, load
from wirecheck.check import Checker
from wirecheck.cli import FINDINGS, PASSED
from wirecheck.cli.choose import chosen
from wirecheck.cli.output import emit, tell, writable
from wirecheck.errors import TargetError, UsageError
from wirecheck.record import Record
from wirecheck.report import Section
from wirecheck.report.evidence import Place, surroundings
from wirecheck.report.view import (
    FailOn,
    Shown,
    Side,
    Terms,
    as_strict_as,
    failed,
    heading,
    narrowed,
    shown,
    unheld,
    unseen,
    visible,
)
from wirecheck.serve.proxy import Bounds, Proxy
from wirecheck.serve.tape import Tape
from wirecheck.serve.upstream import upstream
from wirecheck.serve.watch import Watch
from wirecheck.verdict import Finding, Group, Report

_SECRETS_KEPT: Final = 1_000
_CAUSES_KEPT: Final = 1_000
SHOWN_OF_A_CAUSE: Final = 5
"""Findings of one cause that are shown while they happen; the report counts them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for: the options of the command, by their names."""

    upstream: str = field(repr=False)
    listen: str
    output: Path | None
    force: bool
    dialect: str | None
    catalog: str | None
    envelope: Literal["wire", "flat", "nested", "auto"]
    closed: bool
    level: Level
    fail_on: FailOn
    require: Literal["must", "should"] | None
    side: Side
    rules: tuple[str, ...]
    form: Literal["text", "json", "junit", "github"]
    quiet: bool
    exclusive: bool
    ca: str | None
    insecure: bool
    max_connections: int

    @property
    def place(self) -> tuple[str, int]:
        """Host and port of `listen`; a port alone is on this machine."""
        matched = re.fullmatch(r"(?:(?:\[([^\]]+)\]|([^:]*)):)?(\d{1,5})", self.listen)
        if matched is None or int(matched[3]) > 65535:
            raise UsageError(f"--listen {self.listen}: no place to listen; it looks like 127.0.0.1:8765 or [::1]:8765")
        return matched[1] or matched[2] or "127.0.0.1", int(matched[3])


class _Recorder:
    """The log of a proxy: each record to the file and then to the judge; what is said, to people."""

    def __init__(
        self,
        request: Request,
        tape: Tape,
        *,
        given: Dialect | None,
        candidates: Sequence[Dialect],
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.secrets: dict[str, None] = dict.fromkeys(known)
        """Credentials that must not be shown, `known` and those of connections; of too many, the oldest are left."""
        self._known = known
        self._request = request
        self._tape = tape
        self._told: Counter[tuple[str, ...]] = Counter()
        self._name = str(tape.path)
        self.watch = Watch(
            given=given,
            candidates=candidates,
            name=self._name,
            checker=self._checker,
            finding=self._finding,
            told=lambda reason: _tell(reason),
        )

    def note(self, record: Record, secrets: frozenset[str]) -> None:
        if not self.secrets.keys() >= secrets:
            self.secrets.update(dict.fromkeys(secrets))
            while len(self.secrets) > _SECRETS_KEPT:
                del self.secrets[next(iter(self.secrets))]
        before = self._tape.trouble
        placed = self._tape.write(record, secrets)
        if self._tape.trouble is not before:
            _tell(f"{self._name}: cannot be written any further ({self._tape.trouble}); traffic goes on unrecorded")
        self.watch.see(placed)

    def say(self, sentence: str, secrets: frozenset[str]) -> None:
        _tell(shown(sentence, secrets.union(self.secrets)))

    def _checker(self, dialect: Dialect) -> Checker:
        asked = self._request
        return Checker(
            dialect,
            input=self._name,
            envelope=asked.envelope,
            closed=asked.closed,
            side=asked.side,
            rules=asked.rules or None,
            secrets=self._known,
        )

    def _finding(self, finding: Finding) -> None:
        asked = self._request
        elsewhere = bool(asked.rules) and finding.guarantee not in asked.rules and finding.kind != "capture"
        if asked.quiet or elsewhere or not as_strict_as(finding.level, asked.level):
            return
        cause = (finding.code, finding.side or "", *finding.cause)
        if cause not in self._told and len(self._told) >= _CAUSES_KEPT:
            return
        self._told[cause] += 1
        if self._told[cause] > SHOWN_OF_A_CAUSE:
            return
        group = Group(first=finding, input=self._name, count=1, lines=())
        more = "" if self._told[cause] < SHOWN_OF_A_CAUSE else " (further ones like this are only counted)"
        line = f"{finding.level} {finding.code}  {heading(group)}: {finding.message}"
        _tell(shown(line, frozenset(self.secrets)) + more)


def perform(request: Request) -> int:
    """The exit code; the capture and the report are written. Returns when it is told to end."""
    host, port = request.place
    target = upstream(request.upstream, ca=request.ca, insecure=request.insecure)
    given = chosen(request.dialect, request.catalog)
    candidates = (given,) if given is not None else tuple(load(name) for name in dialects())
    _claimed(request.rules, candidates)
    path = request.output or Path(time.strftime("capture-%Y%m%dT%H%M%SZ.jsonl", time.gmtime()))
    writable(path)
    tape = Tape(path)
    recorder = _Recorder(request, tape, given=given, candidates=candidates, known=target.secrets)
    proxy = Proxy(
        target,
        log=recorder,
        host=host,
        port=port,
        dialects=candidates,
        exclusive=request.exclusive,
        bounds=Bounds(connections=request.max_connections),
    )
    try:
        asyncio.run(_until_told(proxy, recorder, tape, force=request.force))
    finally:
        tape.close()
    return _ended(request, recorder, proxy, tape)


async def _until_told(proxy: Proxy, recorder: _Recorder, tape: Tape, *, force: bool) -> None:
    """Pass traffic on until a signal says that it is enough."""
    loop, enough = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, enough.set)
    try:
        async with proxy:
            tape.open(force=force)
            recorder.say(f"recording {proxy.url} -> {proxy.upstream.url()}, to {tape.path}", proxy.upstream.secrets)
            await enough.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _ended(request: Request, recorder: _Recorder, proxy: Proxy, tape: Tape) -> int:
    report = recorder.watch.close()
    if not proxy.opened and proxy.unreachable:
        times = f"{proxy.unreachable:,} attempt{'' if proxy.unreachable == 1 else 's'}"
        where = shown(proxy.upstream.url(), proxy.upstream.secrets)
        raise TargetError(f"{where} could not be reached in {times}; see that it runs and that --upstream names it")
    code = PASSED
    if report is None:
        _tell(f"only recorded: {recorder.watch.unclear}")
    else:
        code = _reported(request, recorder, report)
    if tape.trouble is not None:
        raise UsageError(f"{tape.path}: could not be written to the end ({tape.trouble}); make room, or name another")
    return code


def _reported(request: Request, recorder: _Recorder, report: Report) -> int:
    report = narrowed(report, side=request.side, rules=request.rules or None)
    terms = Terms(fail_on=request.fail_on, require=request.require)
    secrets = frozenset(recorder.secrets)
    name = report.inputs[0]
    section = Section(
        report=visible(report, request.level),
        whole=report,
        evidence={(name, *place): found for place, found in _evidence(request, report, secrets).items()},
        reasons={name: recorder.watch.reason},
        secrets=secrets,
    )
    emit(_rendered(request, section, terms))
    required, others = unheld((report,), terms)
    hidden = unseen(section, terms)
    for sentence in (hidden and f"{report.dialect}: {hidden}", required, others and f"warning: {others}"):
        if sentence:
            _tell(sentence)
    return FINDINGS if failed(report, terms) else PASSED


def _evidence(request: Request, report: Report, secrets: frozenset[str]) -> dict[Place, tuple[Shown, ...]]:
    """What stands around the findings in the capture, which is read again for it."""
    places = [(group.first.at.line, group.first.at.conn) for group in report.findings if group.first.kind != "capture"]
    if request.form not in ("text", "junit") or not places:
        return {}
    with open_capture(report.inputs[0]) as stream:
        return surroundings(unwrap(read(stream)), places, lambda text: shown(text, secrets))


def _rendered(request: Request, section: Section, terms: Terms) -> str:
    if request.form == "json":
        from wirecheck.report import json

        return json.render((section,))
    if request.form == "junit":
        from wirecheck.report import junit

        return junit.render((section,), terms)
    if request.form == "github":
        from wirecheck.report import github

        return github.render((section,), terms)
    from wirecheck.report import text

    return text.render((section,), sys.stdout, terms)


def _claimed(rules: Sequence[str], candidates: Sequence[Dialect]) -> None:
    """Raises `UsageError` for a rule that none of them claims."""
    claimed = sorted({name for dialect in candidates for name in dialect.guarantees})
    for rule in rules:
        if rule not in claimed:
            whose = candidates[0].name if len(candidates) == 1 else "any dialect"
            raise UsageError(f"--rule {rule}: no guarantee of {whose}; there are {', '.join(claimed)}")


def _tell(sentence: str) -> None:
    tell(f"wirecheck: {sentence}")
