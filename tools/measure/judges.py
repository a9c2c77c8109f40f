"""What is measured in Python: the base, ours, and validators of others, one of them in each process.

    python tools/measure/judges.py WHAT SPEC

Law: a process imports what it measures and nothing else of weight. SPEC is a JSON file: the capture's `path`, the `tag`
of its frames, and `schemas`: sender, tag, schema. A line `go` is answered by a round's seconds, frames and refusals;
`check PATH` by the refusals of another capture, with their lines.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

Counts = tuple[int, int]
"""Frames, and how many of them were refused."""
Round = Callable[[str, "list[int] | None"], Counts]
"""Judges a capture; the lines of what is refused are added to the list."""


def base(path: str, _: list[int] | None = None) -> Counts:
    """Parse each line, and the frame in it if it is text; look at nothing."""
    loads = orjson.loads
    with open(path, "rb") as file:
        for line in file:
            text = loads(line).get("text")
            if text is not None:
                try:
                    loads(text)
                except ValueError:  # a frame that was broken on purpose
                    continue
    return 0, 0


def validating(spec: Mapping[str, Any], compiled: Callable[[Any], Callable[[Any], bool]]) -> Round:
    """The schema of each frame's own kind, and nothing else. What no schema is for is refused."""
    tag: str = spec["tag"]
    validators = {(sender, name): compiled(schema) for sender, name, schema in spec["schemas"]}

    def judge(path: str, lines: list[int] | None) -> Counts:
        loads, find = orjson.loads, validators.get
        frames = refused = number = 0
        with open(path, "rb") as file:
            for line in file:
                number += 1
                record = loads(line)
                text = record.get("text")
                if text is not None:
                    try:
                        message = loads(text)
                    except ValueError:
                        message = None
                elif "json" in record:
                    message = record["json"]
                else:
                    continue
                frames += 1
                valid = False
                if message.__class__ is dict:
                    name = message.get(tag)
                    if name.__class__ is str or name is None:
                        validate = find((record["from"], name))
                        valid = validate is not None and validate(message)
                if not valid:
                    refused += 1
                    if lines is not None:
                        lines.append(number)
        return frames, refused

    return judge


def python_jsonschema(spec: Mapping[str, Any]) -> Round:
    import jsonschema

    return validating(spec, lambda schema: jsonschema.Draft202012Validator(schema).is_valid)


def jsonschema_rs(spec: Mapping[str, Any]) -> Round:
    import jsonschema_rs as rs

    return validating(spec, lambda schema: rs.Draft202012Validator(schema).is_valid)


def fastjsonschema(spec: Mapping[str, Any]) -> Round:
    """It raises instead of answering, and knows drafts up to 07, which mean the same by all words that ours use."""
    import fastjsonschema as fast

    def compiled(schema: Any) -> Callable[[Any], bool]:
        validate = fast.compile({**schema, "$schema": "http://json-schema.org/draft-07/schema#"}, use_default=False)
        wrong = fast.JsonSchemaValueException

        def valid(message: Any) -> bool:
            try:
                validate(message)
            except wrong:
                return False
            return True

        return valid

    return validating(spec, compiled)


def our_schemas(spec: Mapping[str, Any]) -> Round:
    """What ours does before the order among messages is looked at: the schema of each, nothing explained."""
    from wirecheck import load
    from wirecheck.capture.blocks import blocks
    from wirecheck.typed import Typed

    read = Typed(load(spec["dialect"])).read

    def judge(path: str, lines: list[int] | None) -> Counts:
        frames = refused = 0
        with open(path, "rb") as file:
            for block in blocks(iter(lambda: file.read(1 << 18), b"")):
                found: Any = block.lines
                wrong = [place for place, frame in enumerate(read(found)) if frame is None and found[place] is not None]
                frames += len(found) - found.count(None)
                refused += len(wrong)
                if lines is not None:
                    lines += [block.first + place for place in wrong]
        return frames, refused

    return judge


def digest(guarantees: Iterable[tuple[Any, ...]], findings: Iterable[tuple[Any, ...]]) -> str:
    """What a report says, in few words: each guarantee's counts, each cause and how often it was found."""
    told = json.dumps([sorted(guarantees), sorted(findings)])
    return hashlib.sha256(told.encode()).hexdigest()


class Reported:
    """A judge of ours: it has a whole report, of which `digest` is left."""

    digest = ""

    def __call__(self, path: str, lines: list[int] | None) -> Counts:
        raise NotImplementedError


class Library(Reported):
    """The library, a record at a time, as a program of one's own would use it."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        from wirecheck import Checker, load
        from wirecheck.capture import read

        dialect = load(spec["dialect"])
        self._make: Callable[[], Any] = lambda: Checker(dialect)
        self._read = read

    def __call__(self, path: str, lines: list[int] | None) -> Counts:
        judging = self._make()
        receive = judging.receive
        refused = set()
        for record in self._read(Path(path)):
            for finding in receive(record):
                if finding.kind in ("message", "frame"):
                    refused.add(finding.at.line)
        report = judging.close()
        if lines is not None:
            lines += sorted(refused)
            self.digest = digest(
                ((one.id, one.held, one.broken, one.undecided) for one in report.guarantees),
                ((group.first.code, group.first.message, group.count) for group in report.findings),
            )
        return report.frames, len(refused)


class Command(Reported):
    """`wirecheck check` inside a process that has started already, its report as JSON, thrown away."""

    def __init__(self, spec: Mapping[str, Any], *options: str) -> None:
        from wirecheck.cli import cli

        self._cli = cli
        self._asked = ["--dialect", spec["dialect"], "--format", "json", "--fail-on", "never", *options]

    def __call__(self, path: str, lines: list[int] | None) -> Counts:
        said, told = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
            code = self._cli.main(["check", path, *self._asked], standalone_mode=False)
        if code not in (0, None):
            raise SystemExit(f"wirecheck ended with code {code}: {(told.getvalue().splitlines() or [''])[0]}")
        report = json.loads(said.getvalue())
        if lines is not None:
            self.digest = digest(
                ((one["id"], one["held"], one["broken"], one["undecided"]) for one in report["guarantees"]),
                ((one["code"], one["message"], one["count"]) for one in report["findings"]),
            )
        return report["frames"], 0


MAKERS: Mapping[str, Callable[[Mapping[str, Any]], Round]] = {
    "base": lambda _: base,
    "checker": Library,
    "check": Command,
    "check-one": lambda spec: Command(spec, "--jobs", "1"),
    "schemas": our_schemas,
    "check-all": lambda spec: Command(spec, "--jobs", str(spec["cores"])),
    "jsonschema": python_jsonschema,
    "jsonschema-rs": jsonschema_rs,
    "fastjsonschema": fastjsonschema,
}


def main(what: str, spec_path: str) -> None:
    out = os.fdopen(os.dup(1), "w")  # what is measured may print

    def say(**told: Any) -> None:
        out.write(json.dumps(told) + "\n")
        out.flush()

    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    judge = MAKERS[what](spec)
    say(ready=True)
    for order in sys.stdin:
        word, _, path = order.strip().partition(" ")
        if word == "check":
            lines: list[int] = []
            frames, refused = judge(path, lines)
            told = judge.digest if isinstance(judge, Reported) else ""
            say(frames=frames, refused=refused, lines=lines, digest=told)
            continue
        gc.collect()
        start = time.perf_counter()
        frames, refused = judge(spec["path"], None)
        seconds = time.perf_counter() - start
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        say(seconds=seconds, frames=frames, refused=refused, peak=children)


if __name__ == "__main__":
    main(*sys.argv[1:])
