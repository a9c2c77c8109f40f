"""Who is measured on a capture, what each is fed, and whether it judges right.

Law: each does what its own documentation recommends for speed, and is asked once whether it judges as all others do
before it is timed. Whoever is not installed, or judges otherwise, has no figure, and the reason in its place.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import click

from measure.feed import Portion, frames, portions
from measure.rounds import HERE, Broken, Commands, Measured, Told, Worker, python
from wirecheck import catalog, schema
from wirecheck.cli import cli

NODE = HERE / "node"
SOURCEMETA = NODE / "node_modules" / "@sourcemeta" / "jsonschema"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A file of traffic, and what those who judge it need. `few` is a smaller one of the same kind for the slow."""

    dialect: str
    path: Path
    few: Path
    cores: int
    frames: int
    few_frames: int
    spec: Path
    few_spec: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One work of the table. `title` heads its column; `wrong` says how it judges otherwise than the reference; `few`:
    it is given the small capture; `texts`: it takes frames alone, so that it makes no difference whether they are
    embedded, and is measured where they are."""

    key: str
    title: str
    about: str
    start: Callable[[Capture], Measured]
    wrong: Callable[[Capture, frozenset[int]], str] = field(default=lambda capture, refused: "")
    few: bool = False
    texts: bool = False


def specify(capture_path: Path, dialect: str, cores: int, at: Path) -> Path:
    """The file that tells a worker what to do."""
    known = catalog.load(dialect)
    schemas = [
        (form.sender, form.tag, schema.frame_schema(known, form, schema.wire_style(known, form)))
        for form in known.frames.values()
    ]
    told = {"dialect": dialect, "path": str(capture_path), "tag": known.envelope.tag, "schemas": schemas}
    at.write_text(json.dumps({**told, "cores": cores}), encoding="utf-8")
    return at


def refused_by_reference(capture: Capture) -> frozenset[int]:
    """The lines of the small capture that the reference refuses."""
    worker = python("jsonschema", capture.few_spec)
    try:
        return frozenset(worker.check(capture.few).lines)
    finally:
        worker.close()


def loop(what: str) -> tuple[Callable[[Capture], Measured], Callable[[Capture, frozenset[int]], str]]:
    """A worker in Python, and the proof of it."""
    few = what == "jsonschema"
    return _proven(lambda capture: python(what, capture.few_spec if few else capture.spec))


def ajv() -> tuple[Callable[[Capture], Measured], Callable[[Capture, frozenset[int]], str]]:
    def start(capture: Capture) -> Worker:
        node = shutil.which("node")
        if node is None or not (NODE / "node_modules" / "ajv").is_dir():
            raise Broken("not installed: make bench installs it where Node and npm are")
        return Worker([node, str(NODE / "ajv.mjs"), str(capture.spec)])

    return _proven(start)


def _proven(
    start: Callable[[Capture], Worker],
) -> tuple[Callable[[Capture], Measured], Callable[[Capture, frozenset[int]], str]]:
    def wrong(capture: Capture, refused: frozenset[int]) -> str:
        worker = start(capture)
        try:
            return differing(frozenset(worker.check(capture.few).lines), refused)
        finally:
            worker.close()

    return start, wrong


def differing(ours: frozenset[int], theirs: frozenset[int]) -> str:
    """What is wrong where the lines refused are not those that should be; nothing if they are."""
    lacks, more = sorted(theirs - ours), sorted(ours - theirs)
    if lacks:
        return f"accepts what jsonschema refuses, in {len(lacks):,} lines, line {lacks[0]} first"
    return f"refuses what jsonschema accepts, in {len(more):,} lines, line {more[0]} first" if more else ""


def our_checker(capture: Capture, refused: frozenset[int]) -> str:
    """Ours must report what the reference refuses, where the dialect does not let unknown tags pass, and no more."""
    return differing(frozenset(_told("checker", capture).lines) | _unknown(capture), refused)


def our_command(what: str) -> Callable[[Capture, frozenset[int]], str]:
    """However the work is cut, the report says what the library's does."""

    def wrong(capture: Capture, _: frozenset[int]) -> str:
        same = _told(what, capture).digest == _told("checker", capture).digest
        return "" if same else "its report is not the library's"

    return wrong


@cache
def _told(what: str, capture: Capture) -> Told:
    """What one of us says of the small capture."""
    worker = python(what, capture.few_spec)
    try:
        return worker.check(capture.few)
    finally:
        worker.close()


def _unknown(capture: Capture) -> frozenset[int]:
    """The lines whose frame has a tag that no document knows; whether that is a fault is the dialect's to say."""
    return frozenset(number for number, known in _tagged(capture) if not known)


def _of_kinds(capture: Capture) -> frozenset[int]:
    """The lines whose frame is JSON and of a known kind."""
    return frozenset(number for number, known in _tagged(capture) if known)


def _tagged(capture: Capture) -> Iterator[tuple[int, bool]]:
    """The lines of the small capture whose frame is an object with a tag, or with none; and whether that is known."""
    known = catalog.load(capture.dialect)
    tags = {(form.sender, form.tag) for form in known.frames.values()}
    for number, sender, message in frames(capture.few):
        if isinstance(message, dict):
            name = message.get(known.envelope.tag)
            if name is None or isinstance(name, str):
                yield number, (sender, name) in tags


def sourcemeta_binary() -> str:
    """The program itself: npm's own command would start Node first."""
    told = SOURCEMETA / "npm" / "main.js"
    node = shutil.which("node")
    if node is None or not told.is_file():
        raise Broken("not installed: make bench installs it where Node and npm are")
    system = {"linux": "linux", "darwin": "darwin"}.get(sys.platform, sys.platform)
    machine = subprocess.run(
        [node, "-p", "process.arch + (process.platform === 'linux' && !process.report.getReport()"
         ".header.glibcVersionRuntime ? '-musl' : '')"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    binary = SOURCEMETA / "build" / "github-releases" / f"jsonschema-{system}-{machine.replace('x64', 'x86_64')}"
    if not binary.is_file():
        raise Broken("not made for this machine")
    return str(binary)


def _sourcemeta(binary: str, portion: Portion) -> list[str]:
    return [binary, "validate", str(portion.schema), str(portion.lines), "--fast", "--continue"]


def sourcemeta(capture: Capture) -> Commands:
    binary = sourcemeta_binary()
    return Commands(
        commands=[_sourcemeta(binary, portion) for portion in portions(capture.path, capture.spec)],
        start=[binary, "version"],
        expected=(0, 2),
    )


def sourcemeta_wrong(capture: Capture, refused: frozenset[int]) -> str:
    """It counts what fails; so many must be those that the reference refuses."""
    binary, failed = sourcemeta_binary(), 0
    for portion in portions(capture.few, capture.few_spec):
        ended = subprocess.run(_sourcemeta(binary, portion), capture_output=True, text=True, check=False)
        counted = re.search(r"(\d+) validated, \d+ passed, (\d+) failed", ended.stdout + ended.stderr)
        if counted is None or int(counted[1]) != portion.count:
            return "does not say that it judged all"
        failed += int(counted[2])
    due = len(refused & _of_kinds(capture))
    return "" if failed == due else f"refuses {failed:,}, and jsonschema {due:,}"


def _check_jsonschema(portion: Portion, *, single: bool = False) -> list[str]:
    program = BIN / "check-jsonschema"
    if not program.is_file():
        raise Broken("not installed: pip install check-jsonschema")
    return [str(program), "--schemafile", str(portion.array_schema), str(portion.single if single else portion.array)]


def check_jsonschema(capture: Capture) -> Commands:
    made = portions(capture.few, capture.few_spec)
    return Commands(
        commands=[_check_jsonschema(portion) for portion in made],
        start=_check_jsonschema(made[0], single=True),
        expected=(0, 1),
    )


def check_jsonschema_wrong(capture: Capture, refused: frozenset[int]) -> str:
    failed = 0
    for portion in portions(capture.few, capture.few_spec):
        asked = [*_check_jsonschema(portion), "--output-format", "json", "--verbose"]
        told = json.loads(subprocess.run(asked, capture_output=True, text=True, check=False).stdout)
        failed += len(
            {re.match(r"\$\[(\d+)\]", each["path"]) and each["path"].split("]")[0] for each in told["errors"]}
        )
    due = len(refused & _of_kinds(capture))
    return "" if failed == due else f"refuses {failed:,}, and jsonschema {due:,}"


def whole(*options: str) -> Callable[[Capture], Commands]:
    """The command as a user types it, its start included, its report in the default form."""

    def start(capture: Capture) -> Commands:
        asked = [sys.executable, "-m", "wirecheck", "check", str(capture.path), "--dialect", capture.dialect]
        filled = [str(capture.cores) if option == "CORES" else option for option in options]
        return Commands(commands=[[*asked, *filled]], expected=(0, 1))

    return start


def has_jobs() -> bool:
    """Whether `wirecheck check` spreads its work."""
    command = cli.get_command(click.Context(cli), "check")
    return command is not None and any("--jobs" in parameter.opts for parameter in command.params)


def rows() -> list[Row]:
    """All that is measured, in the table's order."""
    made: list[Row] = []
    one, many = (("--jobs", "1"), ("--jobs", "CORES")) if has_jobs() else ((), None)
    started = "`wirecheck check`, judging and explaining, in a process that has started"
    ours = [("one", "ours, 1 process", "check-one" if one else "check", started)]
    commands: list[tuple[str, str, tuple[str, ...], str]] = [
        ("one-whole", "command, 1", one, "the whole command with one process, its start included, as a user types it")
    ]
    if many is not None:
        ours.append(("all", "ours, all cores", "check-all", "the same with `--jobs N`, N the number of cores"))
        commands.append(("all-whole", "command, all", many, "the whole command with `--jobs N`"))
    for key, title, what, about in ours:
        start, _ = loop(what)
        made.append(Row(key=key, title=title, about=about, start=start, wrong=our_command(what)))
    for key, title, options, about in commands:
        made.append(Row(key=key, title=title, about=about, start=whole(*options)))
    start, _ = loop("checker")
    told = "the library: `read` and `Checker.receive`, a record at a time"
    made.append(Row(key="library", title="library", about=told, start=start, wrong=our_checker))
    start, wrong = loop("schemas")
    told = "the schema of each message alone, read as `wirecheck check` reads it, and nothing explained"
    made.append(Row(key="schemas", title="ours, schemas", about=told, start=start, wrong=wrong))
    start, wrong = ajv()
    told = "Ajv on Node, each schema compiled once, no `allErrors`"
    made.append(Row(key="ajv", title="Ajv", about=told, start=start, wrong=wrong))
    told = "sourcemeta's `jsonschema validate --fast --continue`, one process a kind of frame"
    made.append(
        Row(key="sourcemeta", title="sourcemeta", about=told, start=sourcemeta, wrong=sourcemeta_wrong, texts=True)
    )
    for key, told in (
        ("jsonschema-rs", "`jsonschema-rs` in Python, `is_valid` of a validator that is kept"),
        ("fastjsonschema", "`fastjsonschema`, each schema compiled once"),
        ("jsonschema", "python `jsonschema`, `is_valid` of a validator that is kept"),
    ):
        start, wrong = loop(key)
        made.append(Row(key=key, title=key, about=told, start=start, wrong=wrong, few=key == "jsonschema"))
    told = "`check-jsonschema`, one process and one array a kind of frame"
    made.append(
        Row(
            key="check-jsonschema",
            title="check-jsonschema",
            about=told,
            start=check_jsonschema,
            wrong=check_jsonschema_wrong,
            few=True,
            texts=True,
        )
    )
    return made
