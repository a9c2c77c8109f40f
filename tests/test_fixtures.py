"""The language-neutral vectors, read as a suite in another language would read them.

Law: what a fixture expects is the truth here; nothing in this file computes an expectation from the code under test.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from wirecheck import catalog
from wirecheck.capture import read, unwrap
from wirecheck.check import Checker
from wirecheck.record import At, Message, Record
from wirecheck.schema import frame_schema
from wirecheck.verdict import Group, Report

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
EXPECTED = ".expected.json"
CAPTURES = sorted(path for ending in ("jsonl", "txt") for path in FIXTURES.glob(f"*/*/*.{ending}"))
DIALECTS = catalog.dialects()


def data(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def expectation(capture: Path) -> Path:
    return capture.with_name(capture.stem + EXPECTED)


def name_of(capture: Path) -> str:
    return str(capture.relative_to(FIXTURES))


def pointer(steps: Any) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def leaves(error: ValidationError) -> Iterator[ValidationError]:
    if not error.context:
        yield error
    for inner in error.context or ():
        yield from leaves(inner)


def as_it_stands(record: Record) -> Record:
    return record


def as_text(record: Record) -> Record:
    if not isinstance(record, Message) or not record.has_value:
        return record
    return Message(at=record.at, sender=record.sender, body=json.dumps(record.value, ensure_ascii=False))


def as_bytes(record: Record) -> Record:
    record = as_text(record)
    if not isinstance(record, Message) or isinstance(record.body, bytes):
        return record
    return Message(at=record.at, sender=record.sender, body=record.body.encode())


def as_value(record: Record) -> Record:
    if not isinstance(record, Message) or record.has_value:
        return record
    return Message(at=record.at, sender=record.sender, value=json.loads(record.body), has_value=True)


@cache
def judged(capture: Path, form: Callable[[Record], Record] = as_it_stands) -> Report:
    checker = Checker(catalog.load(capture.parent.parent.name), input=capture.name)
    for record in unwrap(read(capture)):
        checker.receive(form(record))
    return checker.close()


def found(group: Group) -> dict[str, Any]:
    first = group.first
    return {
        "code": first.code,
        "level": first.level,
        "line": first.at.line,
        "frame": first.frame,
        "pointer": first.pointer,
        "count": group.count,
    }


@pytest.mark.parametrize("kind", ["frames", "messages"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_vectors_fit_their_schema(dialect: str, kind: str) -> None:
    form = data(FIXTURES / f"{kind}.schema.json")
    Draft202012Validator.check_schema(form)
    Draft202012Validator(form).validate(data(FIXTURES / dialect / f"{kind}.json"))


def test_expected_results_fit_their_schema() -> None:
    form = data(FIXTURES / "expected.schema.json")
    Draft202012Validator.check_schema(form)
    for path in FIXTURES.rglob(f"*{EXPECTED}"):
        Draft202012Validator(form).validate(data(path))


def test_every_capture_has_its_expected_result_and_the_other_way_round() -> None:
    assert {expectation(capture) for capture in CAPTURES} == set(FIXTURES.rglob(f"*{EXPECTED}"))
    assert len({expectation(capture) for capture in CAPTURES}) == len(CAPTURES)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_descriptions_are_unique(dialect: str) -> None:
    frames = Counter((v["variant"], v["envelope"], v["description"]) for v in data(FIXTURES / dialect / "frames.json"))
    messages = Counter((v["from"], v["description"]) for v in data(FIXTURES / dialect / "messages.json"))
    assert set(frames.values()) == {1}
    assert set(messages.values()) == {1}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_variant_has_six_valid_and_twelve_invalid_frames_half_of_them_in_each_envelope(dialect: str) -> None:
    counts = Counter((v["variant"], v["envelope"], v["valid"]) for v in data(FIXTURES / dialect / "frames.json"))
    short = [
        (variant, style, valid)
        for variant in catalog.load(dialect).frames
        for style in ("flat", "nested")
        for valid, least in ((True, 3), (False, 6))
        if counts[variant, style, valid] < least
    ]
    assert short == []
    assert {variant for variant, _, _ in counts} == set(catalog.load(dialect).frames)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_both_validators_agree_with_every_frame_and_find_the_fault_where_it_is(dialect: str) -> None:
    loaded = catalog.load(dialect)
    forms = {
        (key, style): frame_schema(loaded, frame, style)
        for key, frame in loaded.frames.items()
        for style in ("flat", "nested")
    }
    slow = {key: Draft202012Validator(form) for key, form in forms.items()}
    fast = {key: jsonschema_rs.Draft202012Validator(form) for key, form in forms.items()}
    wrong = []
    for vector in data(FIXTURES / dialect / "frames.json"):
        key, message = (vector["variant"], vector["envelope"]), vector["message"]
        errors = [leaf for error in slow[key].iter_errors(message) for leaf in leaves(error)]
        # Where a schema is `false`, jsonschema names the place above; the other validator names the place itself.
        places = {pointer(e.absolute_path) for e in errors if e.validator is not None}
        places |= {pointer(e.instance_path) for e in fast[key].iter_errors(message)}
        pointed = vector["pointer"] in places if errors else vector["pointer"] is None
        if not (vector["valid"] == (not errors) == fast[key].is_valid(message) and pointed):
            wrong.append((vector, sorted(places)))
    assert wrong == []
    assert {vector["from"] for vector in data(FIXTURES / dialect / "frames.json")} == {
        frame.sender for frame in loaded.frames.values()
    }


@pytest.mark.parametrize("decoded", [False, True], ids=["bytes", "text"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_message_earns_its_codes_and_nothing_else(dialect: str, decoded: bool) -> None:
    checker = Checker(catalog.load(dialect))
    wrong = []
    for number, vector in enumerate(data(FIXTURES / dialect / "messages.json"), 1):
        body: bytes | str = base64.b64decode(vector["base64"], validate=True)
        if decoded and isinstance(body, bytes) and not vector["binary"] and "not-utf8" not in vector["codes"]:
            body = body.decode()
        at = At(line=number, conn=str(number))
        findings = checker.receive(Message(at=at, sender=vector["from"], body=body, binary=vector["binary"]))
        got = [(finding.code, finding.level) for finding in findings if finding.guarantee is None]
        if got != [(code, vector["level"]) for code in vector["codes"]]:
            wrong.append((vector["from"], vector["description"], vector["codes"], got))
    assert wrong == []


@pytest.mark.parametrize("capture", CAPTURES, ids=name_of)
def test_every_capture_gives_exactly_the_findings_expected(capture: Path) -> None:
    order = ("line", "code", "pointer", "frame")
    groups = [found(group) for group in judged(capture).findings]
    groups.sort(key=lambda finding: [str(finding[key]).rjust(9) for key in order])
    assert groups == data(expectation(capture))["findings"]


@pytest.mark.parametrize("capture", CAPTURES, ids=name_of)
def test_every_capture_gives_the_verdicts_expected(capture: Path) -> None:
    expected = data(expectation(capture))["verdicts"]
    verdicts = {result.id: result.verdict for result in judged(capture).guarantees}
    assert {id: verdicts[id] for id in expected} == expected


@pytest.mark.parametrize("form", [as_text, as_bytes, as_value])
def test_every_capture_is_judged_alike_however_its_messages_are_held(form: Callable[[Record], Record]) -> None:
    differing = [name_of(capture) for capture in CAPTURES if judged(capture, form) != judged(capture)]
    assert differing == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_guarantee_that_traffic_can_decide_has_a_clean_and_a_broken_capture(dialect: str) -> None:
    folder = FIXTURES / dialect / "captures"
    claimed = {id for id, claim in catalog.load(dialect).guarantees.items() if claim.rule.passive is None}
    for id in claimed:
        clean = data(folder / f"{id}.clean{EXPECTED}")
        broken = [data(path) for path in sorted(folder.glob(f"{id}.broken*{EXPECTED}"))]
        assert (clean["findings"], clean["verdicts"][id]) == ([], "passed")
        assert broken
        for result in broken:
            assert result["verdicts"][id] == "failed"
            assert id in {finding["code"] for finding in result["findings"]}
    named = {re.sub(r"\.(clean|broken).*$", "", path.stem) for path in folder.glob("*.jsonl")}
    assert {name for name in named if not name.startswith("rich-")} == claimed


def test_broken_captures_break_nothing_but_what_their_rule_implies() -> None:
    for capture in FIXTURES.glob("*/captures/*.broken*.jsonl"):
        id = capture.name.partition(".")[0]
        claims = catalog.load(capture.parent.parent.name).guarantees
        codes = {finding["code"] for finding in data(expectation(capture))["findings"]}
        assert codes - {id} <= set(claims[id].rule.implies), capture.name


def test_rich_captures_are_clean() -> None:
    for capture in FIXTURES.glob("*/captures/rich-*.jsonl"):
        assert data(expectation(capture))["findings"] == [], capture.name


def run_tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(ROOT / "conformance"), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, str(ROOT / "tools" / "vectors.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)


def test_the_vectors_are_those_that_the_catalogs_give() -> None:
    done = run_tool("--check")
    assert (done.returncode, done.stdout) == (0, "")


def test_drift_of_the_vectors_is_named(tmp_path: Path) -> None:
    for dialect in DIALECTS:
        (tmp_path / dialect).mkdir()
        for name in ("frames.json", "messages.json"):
            shutil.copy(FIXTURES / dialect / name, tmp_path / dialect / name)
    (tmp_path / "amigo" / "frames.json").write_text("[]\n")
    (tmp_path / "vonz" / "messages.json").unlink()
    (tmp_path / "sixth").mkdir()
    (tmp_path / "sixth" / "frames.json").write_text("[]\n")
    done = run_tool("--check", "--root", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "changed: amigo/frames.json",
        "extra: sixth/frames.json",
        "missing: vonz/messages.json",
    ]
    (tmp_path / "sixth" / "captures.md").touch()
    assert run_tool("--root", str(tmp_path)).returncode == 0
    assert run_tool("--check", "--root", str(tmp_path)).stdout == ""
    assert [path.name for path in (tmp_path / "sixth").iterdir()] == ["captures.md"]
