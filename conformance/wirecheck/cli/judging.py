"""Captures, each judged by itself: here, in processes beside this one, or elsewhere.

Law: nothing crosses captures, and what is said of one does not depend on where it was judged. Memory is bounded by what
a checker keeps and by a few parts, whatever the captures hold.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from wirecheck.capture import STANDARD_INPUT, detect, is_remote, open_capture, read, size_of, unwrap
from wirecheck.catalog import Dialect, Level
from wirecheck.check import Checker
from wirecheck.cli import progress
from wirecheck.cli.inputs import Inputs
from wirecheck.errors import UsageError
from wirecheck.record import Opened, Record
from wirecheck.redact import secrets_of
from wirecheck.report import Shown
from wirecheck.report.evidence import PLACES, Place, Trail, surroundings
from wirecheck.report.view import FailOn, Side, shown
from wirecheck.scale import Job, Range, Summary, begun, cores, finish, job, merge, note, proceed, ranges
from wirecheck.verdict import Report

if TYPE_CHECKING:
    from wirecheck.scale.dask import Cluster

SMALL: Final = 16 * 1024 * 1024
"""Bytes below which a process of its own costs more than it gives."""

MOST_PROCESSES: Final = 64
"""Processes, whatever is asked for, where there are not more processors: what they do is put together by one."""

Told = tuple[Dialect, str]
"""A dialect, and the sentence that says why it is this one."""
Task = tuple[Range, Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for: the options of the command, by their names."""

    paths: Sequence[str]
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
    output: Path | None
    jobs: int | None = None
    engine: str | None = None

    @property
    def shows_frames(self) -> bool:
        """Whether the report shows what stood around a finding, so that it must be kept or read again."""
        return self.form in ("text", "junit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One capture, judged, and what stood around its findings."""

    input: str
    dialect: Dialect
    report: Report
    reason: str
    secrets: frozenset[str]
    evidence: dict[Place, tuple[Shown, ...]]


def judged(
    request: Request,
    inputs: Inputs,
    told: Mapping[str, Told],
    candidates: Sequence[Dialect],
    unclear: dict[str, str],
) -> Iterator[Checked]:
    """The captures in their order. `told` says whose traffic those are that can be read twice; one whose dialect cannot
    be told is added to `unclear`, and passed over."""
    names = [name for name in inputs.captures if name not in unclear]
    again = [name for name in names if not is_once(name)]
    called = inputs.shown
    jobs = {name: _job(request, called[name], told[name][0]) for name in again}
    with _judge(request, jobs) as judge:
        for name in names:
            if not is_once(name):
                yield _finished(request, name, told[name], judge(name))
                continue
            try:
                yield _once(request, name, called[name], told.get(name), candidates)
            except UsageError as error:
                unclear[name] = str(error)


def is_once(name: str) -> bool:
    """Whether a capture can be read just once."""
    if name == STANDARD_INPUT:
        return True
    return not is_remote(name) and os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name)


@contextmanager
def _judge(request: Request, jobs: Mapping[str, Job]) -> Iterator[Callable[[str], Summary]]:
    """What gives the summary of each of these captures, asked for in their order."""
    if request.engine is not None:
        if request.jobs is not None:
            raise UsageError("--jobs and --engine both say who judges; give one of them")
        from wirecheck.scale.dask import connected

        with connected(request.engine) as cluster:
            yield _Elsewhere(cluster, jobs)
        return
    stored = sum(size_of(name) or 0 for name in jobs)
    processes = min(request.jobs or (cores() if stored >= SMALL else 1), max(MOST_PROCESSES, cores()))
    if processes == 1:
        yield lambda name: _here(name, jobs[name])
        return
    from wirecheck.scale.ahead import LEAST, Ahead, Source
    from wirecheck.scale.pool import Pool

    least = LEAST if request.jobs is None else max(1, min(LEAST, stored // (4 * processes)))
    sources = [Source(all=ranges(name, size=sys.maxsize)[0], job=task) for name, task in jobs.items()]
    places = {name: index for index, name in enumerate(jobs)}

    with Pool(processes - 1) as pool:
        ahead = Ahead(sources, pool, helpers=processes - 1, least=least)

        def judge(name: str) -> Summary:
            index = places[name]
            with progress.advancing(name, sources[index].all.end) as advance:
                return ahead.summary(index, advance)

        yield judge


def _here(name: str, task: Job) -> Summary:
    with progress.shown(open_capture(name), name) as stream:
        return proceed(begun(task), *ranges(name, size=sys.maxsize), stream=stream)


class _Elsewhere:
    """Has a cluster judge captures, in ranges."""

    def __init__(self, cluster: Cluster, jobs: Mapping[str, Job]) -> None:
        self._cluster, self._jobs = cluster, jobs
        self._parts = {name: ranges(name, size=cluster.part) for name in jobs}
        self._known: dict[str, Summary] = {}
        self._summaries = cluster.summaries(self._tasks())

    def __call__(self, name: str) -> Summary:
        parts = self._parts[name]
        with progress.advancing(name, parts[-1].end) as advance:
            for part in parts:
                summary = next(self._summaries)
                if name in self._known:
                    summary = merge(self._known[name], summary)
                self._known[name] = summary
                if advance is not None:
                    advance(part.end - part.start)
        return self._known.pop(name)

    def _tasks(self) -> Iterator[Task]:
        for name, task in self._jobs.items():
            for part in self._cluster.counted(self._parts[name]):
                yield part, replace(task, known=self._known[name].past) if name in self._known else task


def _job(request: Request, called: str, dialect: Dialect) -> Job:
    return job(
        dialect,
        input=called,
        envelope=request.envelope,
        closed=request.closed,
        side=request.side,
        rules=request.rules or None,
    )


def _finished(request: Request, name: str, told: Told, summary: Summary) -> Checked:
    """A capture of which everything was judged; what stood around its findings is read once more."""
    secrets = summary.secrets
    report = finish(summary)
    evidence: dict[Place, tuple[Shown, ...]] = {}
    if request.shows_frames and report.findings:
        with open_capture(name) as stream:
            evidence = surroundings(unwrap(read(stream)), _places(report), lambda text: shown(text, secrets))
    dialect, reason = told
    return Checked(
        input=report.inputs[0], dialect=dialect, report=report, reason=reason, secrets=secrets, evidence=evidence
    )


def _once(request: Request, name: str, called: str, told: Told | None, candidates: Sequence[Dialect]) -> Checked:
    """A capture that can be read only once: judged while it comes, with what stands around its findings."""
    secrets: dict[str, None] = {}
    evidence: dict[Place, tuple[Shown, ...]] = {}

    def clean(text: str) -> str:
        return shown(text, frozenset(secrets))

    with progress.shown(open_capture(name), name) as stream:
        records: Iterator[Record] = unwrap(read(stream))
        if told is None:
            detection, records = detect(records, candidates, name=called)
            told = detection.dialect, detection.reason
        dialect, reason = told
        checker = _job(request, called, dialect).checker()
        noted = _noting(records, dialect, secrets)
        if request.shows_frames:
            report, evidence = _watched(checker, noted, Trail(clean))
        else:
            for record in noted:
                checker.receive(record)
            report = checker.close()
    return Checked(
        input=called, dialect=dialect, report=report, reason=reason, secrets=frozenset(secrets), evidence=evidence
    )


def _noting(records: Iterable[Record], dialect: Dialect, secrets: dict[str, None]) -> Iterator[Record]:
    """The records, while `secrets` learns the credentials of each connection that opens."""
    for record in records:
        if isinstance(record, Opened):
            note(secrets, secrets_of(record, dialect))
        yield record


def _watched(
    checker: Checker, records: Iterable[Record], trail: Trail
) -> tuple[Report, dict[Place, tuple[Shown, ...]]]:
    """Judge what can be read only once, keeping what stands around the first finding of each cause."""
    evidence: dict[Place, tuple[Shown, ...]] = {}
    causes: set[tuple[str, ...]] = set()
    for record in records:
        trail.add(record)
        for finding in checker.receive(record):
            cause = (finding.code, *finding.cause)
            if finding.kind != "capture" and cause not in causes and len(causes) < PLACES:
                causes.add(cause)
                place = (finding.at.line, finding.at.conn)
                evidence[place] = trail.around(place)
    report = checker.close()
    for place in _places(report)[:PLACES]:
        evidence[place] = evidence.get(place) or trail.around(place)
    return report, evidence


def _places(report: Report) -> list[Place]:
    """Where the first findings of all causes stand. A bad line has no record to show; its message says it all."""
    groups = (group for group in report.findings if group.first.kind != "capture")
    return [(group.first.at.line, group.first.at.conn) for group in groups]
