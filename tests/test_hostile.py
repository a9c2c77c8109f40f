"""Whatever a file, a peer or a catalog holds: a clear error or a finding within bounds, never a traceback."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processes import Ended, wirecheck
from wirecheck import At, Checker, Finding, Message, Report, dialects, load
from wirecheck.catalog.model import Dialect
from wirecheck.check import checker as bounds
from wirecheck.check.tally import MAX_GROUPS
from wirecheck.strict import MAX_BYTES, MAX_DEFECTS, MAX_DEPTH
from wirecheck.variant import MAX_FAULTS

GB = 1 << 30
MB = 1 << 20
PEAK = 300
"""What a run may take at most, in MB, whatever it reads."""

PING = b'{"conn": "1", "from": "server", "text": "{\\"type\\": \\"ping\\"}"}\n'
DEEP = "[" * 100_000 + "]" * 100_000


def line(**members: Any) -> bytes:
    return json.dumps({"conn": "1", "from": "server", **members}).encode() + b"\n"


def findings(ended: Ended, *, code: int = 1) -> list[tuple[str, str, int]]:
    """Code, pointer and line of each finding of a JSON report; nothing else was said aloud."""
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    return [(each["code"], each["pointer"] or "", each["first"]["line"]) for each in json.loads(ended.out)["findings"]]


def refused(ended: Ended) -> str:
    """What a run said that could not begin."""
    assert ended.code == 2, ended.err
    assert ended.out == "" and "Traceback" not in ended.err
    return ended.err


def check(*args: str | Path, dialect: str = "amigo", **options: Any) -> Ended:
    return wirecheck("check", *args, "--dialect", dialect, "--format", "json", memory=GB, **options)


def judged(dialect: str, *bodies: str | bytes, **options: Any) -> tuple[list[Finding], Report]:
    """The findings as they came, and the report, of messages of one server."""
    checker = Checker(load(dialect), **options)
    found: list[Finding] = []
    for number, body in enumerate(bodies, 1):
        at = At(line=number, conn="1")
        found += checker.receive(Message(at=at, sender="server", body=body, binary=isinstance(body, bytes)))
    return found, checker.close()


# Files


def test_a_line_of_a_gigabyte_from_a_file(tmp_path: Path) -> None:
    capture = tmp_path / "huge.jsonl"
    with capture.open("wb") as file:
        file.truncate(GB)  # zeros that take no room on the disk
        file.seek(GB)
        file.write(b"\n" + PING)
    ended = check(capture)
    assert findings(ended) == [("bad-line", "", 1)]
    assert json.loads(ended.out)["frames"] == 1
    assert ended.peak < PEAK


def test_a_line_of_a_gigabyte_from_a_pipe() -> None:
    ended = check("-", stdin=chain([PING], (b"x" * MB for _ in range(1024)), [b"\n", PING]))
    assert findings(ended) == [("bad-line", "", 2)]
    assert json.loads(ended.out)["frames"] == 2
    assert ended.peak < PEAK


def test_a_gzip_bomb(tmp_path: Path) -> None:
    capture = tmp_path / "bomb.jsonl.gz"
    capture.write_bytes(gzip.compress(PING) + gzip.compress(bytes(16 * MB), 1) * 64 + gzip.compress(b"\n" + PING))
    assert capture.stat().st_size < 8 * MB
    ended = check(capture)
    assert findings(ended) == [("bad-line", "", 2)]
    assert json.loads(ended.out)["frames"] == 2
    assert ended.peak < PEAK


@pytest.mark.parametrize("kept", [5, 40, 200])
def test_a_truncated_gzip(tmp_path: Path, kept: int) -> None:
    capture = tmp_path / "cut.jsonl.gz"
    packed = gzip.compress(b"".join(line(text=json.dumps({"type": "ping", "n": n * n})) for n in range(100)))
    capture.write_bytes(packed[:kept])
    ended = check(capture)
    assert [code for code, _, _ in findings(ended)] == ["unreadable"]


def test_a_folder_where_a_file_is_meant(tmp_path: Path) -> None:
    assert "holds no capture" in refused(check(tmp_path))
    assert "this is a folder" in refused(wirecheck("check", "-", "--catalog", tmp_path))
    assert "name a file for --output" in refused(check("-", "--output", tmp_path))


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    assert "x" * 100 in refused(check("x" * 5000))
    assert "absent\\u001b[31m.jsonl" in refused(check(tmp_path / "absent\x1b[31m.jsonl"))
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    refused(check(tmp_path / "loop.jsonl"))


# What is imported before the rights are given up need not be readable after it.
_UNPRIVILEGED = """
import os, sys
from wirecheck.catalog import load
import wirecheck.cli.check, wirecheck.cli.run, wirecheck.report.json, wirecheck.report.text
from wirecheck.cli import main
load("amigo")
if os.getuid() == 0:
    os.setuid(65534)
sys.argv = ["wirecheck", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("what", ["capture", "folder", "catalog"])
def test_no_permission(tmp_path: Path, what: str) -> None:
    capture = tmp_path / "secret.jsonl"
    capture.write_bytes(PING)
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (capture, folder):
        path.chmod(0)
    args = {
        "capture": ["check", str(capture), "--dialect", "amigo"],
        "folder": ["check", str(folder), "--dialect", "amigo"],
        "catalog": ["lint", str(capture)],
    }[what]
    ended = subprocess.run([sys.executable, "-c", _UNPRIVILEGED, *args], capture_output=True, text=True)
    folder.chmod(0o700)
    assert ended.returncode == 2
    said = ended.stdout + ended.stderr
    assert "permission" in said.lower() and "Traceback" not in said


# Lines and messages


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (line(text=DEEP), [("too-deep", "", 1)]),
        (line(text=DEEP[:100_000]), [("too-deep", "", 1)]),
        (line(text='{"a":' * 100_000 + "1" + "}" * 100_000), [("too-deep", "", 1)]),
        (line(text='{"type": "ping", "a": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}"), [("too-deep", "", 1)]),
        (b'{"conn": "1", "from": "server", "json": ' + DEEP.encode() + b"}\n", [("bad-line", "", 1)]),
        (b'{"from": "server", "json": ' + b"[" * 500 + b"]" * 500 + b"}\n", [("too-deep", "", 1)]),
        (DEEP.encode() + b"\n", [("bad-line", "", 1)]),
        (DEEP[:100_000].encode() + b"\n", [("bad-line", "", 1)]),
        (b"<- " + DEEP.encode() + b"\n", [("too-deep", "", 1)]),
        (b'{"from": "server", "text": "\xff\xfe"}\n', [("bad-line", "", 1)]),
        (line(binary="//79"), [("binary", "", 1), ("not-utf8", "", 1)]),
        (b"\0\0\0\n", [("bad-line", "", 1)]),
        (b'{"from": "server", "text": "\0"}\n', [("bad-line", "", 1)]),
        (line(text="\0"), [("not-json", "", 1)]),
        (line(text='{"type": "pi\0ng"}'), [("not-json", "", 1)]),
        (line(text=""), [("not-json", "", 1)]),
        (b'{"from": "server", "text": "\\ud800{}"}\n', [("not-utf8", "", 1)]),
        (line(text='{"type": "ping", "n": ' + "9" * 100_000 + "}"), []),
        (line(text='{"type": "ping", "n": 1e99999, "m": -1E+400}'), []),
        (b'{"from": "server", "json": {"type": "ping", "n": ' + b"9" * 100_000 + b"}}\n", [("bad-line", "", 1)]),
        (b'{"from": "server", "json": {"type": "ping", "n": NaN}}\n', [("not-json", "", 1)]),
        (b'{"from": "server", "t": 1e999, "text": "{}"}\n', [("bad-line", "", 1)]),
        (b'{"from": "server", "t": ' + b"9" * 400 + b', "text": "{}"}\n', [("bad-line", "", 1)]),
        (b'{"kind": "close", "code": ' + b"9" * 5000 + b"}\n", [("bad-line", "", 1)]),
        (line(text='{"type": "ping", "__proto__": {"a": 1}, "constructor": 1, "": {"/~": 0}}'), []),
        (line(text='{"__proto__": 1, "__proto__": 2, "type": "ping"}'), [("duplicate-key", "/__proto__", 1)]),
    ],
    ids=range(26),
)
def test_a_line(tmp_path: Path, data: bytes, expected: list[tuple[str, str, int]]) -> None:
    capture = tmp_path / "capture.jsonl"
    capture.write_bytes(data + (PING if data.startswith(b"{") else b"<- {}\n" if data.startswith(b"<") else b""))
    ended = check(capture)
    lesser = all(code in ("duplicate-key", "lone-surrogate", "binary") for code, _, _ in expected)
    assert [each for each in findings(ended, code=0 if lesser else 1) if each[2] == 1] == expected
    assert ended.peak < PEAK


def test_keys_of_other_languages_are_extra_fields_like_any_other() -> None:
    found, _ = judged("amigo", '{"type": "ping", "__proto__": {"a": 1}, "constructor": 1}', closed=True)
    assert [(each.code, each.pointer) for each in found] == [
        ("extra-field", "/__proto__"),
        ("extra-field", "/constructor"),
    ]


def test_a_message_with_hundreds_of_thousands_of_members_of_which_one_is_repeated() -> None:
    members = ",".join(f'"k{number}": 0' for number in range(300_000))
    found, _ = judged("amigo", f'{{"type": "ping", {members}, "k7": 1}}')
    assert [(each.code, each.pointer) for each in found] == [("duplicate-key", "/k7")]


def test_the_faults_of_one_message_are_bounded() -> None:
    surrogates = ",".join(['"\\ud800"'] * 100_000)
    found, _ = judged("vonz", f'{{"type": "task:token", "session_id": "s", "text": "x", "more": [{surrogates}]}}')
    assert len(found) == MAX_DEFECTS
    questions = ",".join(["0"] * 100_000)
    ask = f'{{"type": "task:ask_user", "session_id": "s", "task_id": "t", "questions": [{questions}]}}'
    found, report = judged("vonz", ask)
    assert len(found) == MAX_FAULTS and len(report.findings) == 1
    extras = ",".join(f'"k{number}": 0' for number in range(100_000))
    found, _ = judged("amigo", f'{{"type": "ping", {extras}}}', closed=True)
    assert len(found) == MAX_FAULTS


def test_a_message_beyond_the_bound(tmp_path: Path) -> None:
    found, _ = judged("amigo", '{"type": "ping", "a": "' + "x" * MAX_BYTES + '"}')
    assert [each.code for each in found] == ["too-large"]


def test_a_message_of_millions_of_values_fits_into_memory(tmp_path: Path) -> None:
    capture = tmp_path / "wide.jsonl"
    capture.write_bytes(line(text='{"type": "ping", "a": [' + ",".join(["[]"] * 1_000_000) + "]}"))
    ended = check(capture)
    assert findings(ended, code=0) == []
    assert ended.peak < PEAK


def batches(depth: int, width: int, innermost: str) -> str:
    text = innermost
    for _ in range(depth):
        text = f'{{"type": "batch", "data": {{"messages": [{",".join([text] * width)}]}}}}'
        width = 1
    return text


def test_batches_in_batches() -> None:
    bad = '{"type": "chat", "data": {"message": 7}}'
    checker = Checker(load("symindx"))
    deep = batches(40, 1, bad)
    found = checker.receive(Message(at=At(line=1, conn="1"), sender="client", body=deep))
    assert [(each.code, each.pointer) for each in found] == [("schema", ("/data/messages/0" * 40)[:199] + "…")]
    too_deep = checker.receive(Message(at=At(line=2, conn="1"), sender="client", body=batches(50, 1, bad)))
    assert [each.code for each in too_deep] == ["too-deep"]


@pytest.mark.no_cover
def test_a_batch_of_thirty_thousand_faults_is_counted_in_full() -> None:
    checker = Checker(load("symindx"))
    wide = batches(1, 30_000, '{"type": "chat", "data": {"message": 7}}')
    found = checker.receive(Message(at=At(line=1, conn="1"), sender="client", body=wide))
    assert len(found) <= bounds.MAX_AT_ONCE
    (group,) = checker.close().findings
    assert group.count == 30_000


# Anything at all


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec=None), max_size=5),
    st.sampled_from(["\ud800", "__proto__", "\x1b[31m", "\n", "AskUserQuestion", "session", "true", 2**64, -(2**200)]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def _examples(dialect: Dialect) -> list[tuple[str, dict[str, Any]]]:
    """A message of each frame, from the catalog's examples."""
    found = []
    for form in dialect.frames.values():
        for example in form.examples:
            payload = {name: value for name, value in example.items() if not name.startswith("@")}
            tag = {} if form.tag is None else {dialect.envelope.tag: form.tag}
            for message in ({**tag, **payload}, {**tag, dialect.envelope.data: payload}):
                found.append((form.sender, message))
    return found


@st.composite
def _conversations(draw: st.DrawFn, dialect: Dialect) -> list[Message]:
    examples = _examples(dialect)
    messages = []
    for number in range(draw(st.integers(1, 12))):
        sender, message = draw(st.sampled_from(examples))
        message = json.loads(json.dumps(message))
        for _ in range(draw(st.integers(0, 3))):
            inner = message
            while True:
                name = draw(st.sampled_from(sorted(inner) or ["a"]))
                if not isinstance(inner.get(name), dict) or draw(st.booleans()):
                    break
                inner = inner[name]
            inner[name] = draw(_VALUES)
        at = At(line=number + 1, conn=draw(st.sampled_from(["1", "2"])))
        text = json.dumps(message, ensure_ascii=draw(st.booleans()))
        has_value = draw(st.booleans())
        messages.append(
            Message(at=at, sender=sender, value=message, has_value=True)  # type: ignore[arg-type]
            if has_value
            else Message(at=at, sender=sender, body=text)  # type: ignore[arg-type]
        )
    return messages


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", dialects())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_value_anywhere_stops_the_checker(dialect: str, data: st.DataObject) -> None:
    form = load(dialect)
    envelope = data.draw(st.sampled_from(["wire", "flat", "nested", "auto"]))
    checker = Checker(form, envelope=envelope, closed=data.draw(st.booleans()))  # type: ignore[arg-type]
    messages = data.draw(_conversations(form))
    for message in messages:
        checker.receive(message)
    assert checker.close().frames >= len(messages)


def test_half_a_character_shows_no_envelope_and_stops_nothing() -> None:
    checker = Checker(load("amigo"), envelope="auto")
    value = {"type": "error", "message": "\ud800", "data": {"message": "\ud800"}}
    found = checker.receive(Message(at=At(line=1, conn="1"), sender="server", value=value, has_value=True))
    assert "lone-surrogate" in {finding.code for finding in found}
    assert checker.close().frames == 1


# Reports


NASTY = "\x1b[31m\x07\r\n::error::\u202e\u2028]]><b>%0A\ud800"


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_what_the_wire_says_is_escaped_in_every_report(tmp_path: Path, form: str) -> None:
    capture = tmp_path / "nasty.jsonl"
    records = [
        {"conn": NASTY, "kind": "open", "url": f"ws://h/{NASTY}", "t": NASTY},
        {"conn": NASTY, "from": "server", "t": NASTY, "text": json.dumps({"type": NASTY, NASTY: NASTY})},
        {"conn": NASTY, "from": "server", "text": json.dumps({"type": "task:token", "session_id": [NASTY]})},
        {"conn": NASTY, "from": "server", "text": NASTY},
        {"conn": NASTY, "from": "server", "text": json.dumps({"type": "turn.done", "session_id": NASTY})},
        {"conn": NASTY, "from": NASTY},
    ]
    capture.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    ended = wirecheck("check", capture, "--dialect", "vonz", "--closed", "--format", form)
    assert ended.code == 1 and "Traceback" not in ended.err
    assert all(char.isprintable() or char == "\n" for char in ended.out)
    if form == "json":
        assert json.loads(ended.out)["findings"]
    if form == "junit":
        assert ElementTree.fromstring(ended.out) is not None
    if form == "github":
        commands = [said for said in ended.out.split("\n") if said.startswith("::")]
        assert commands and all(re.match(r"::(error|warning|notice) file=[^:]*::", said) for said in commands)


def test_nothing_that_a_finding_carries_is_long() -> None:
    long = "x" * 1_000_000
    found, report = judged(
        "vonz",
        *(json.dumps({"type": long + str(number)}) for number in range(3)),
        json.dumps({"type": "task:token", "session_id": 1, "text": "x", long: 1}),
        json.dumps({"type": "task:token", "session_id": "s", "text": "x", long: "\ud800"}),
        closed=True,
    )
    assert found
    for each in (*found, *(group.first for group in report.findings)):
        assert len(each.message) <= 1_000 and len(each.frame or "") <= 200 and len(each.pointer or "") <= 200
        assert all(len(part) <= 200 for part in each.cause)


@pytest.mark.no_cover
def test_a_million_causes_are_counted_and_ten_thousand_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    checker = Checker(load("vonz"))
    count = MAX_GROUPS + 5_000
    for number in range(count):
        at = At(line=number + 1, conn="1")
        checker.receive(Message(at=at, sender="server", body=f'{{"type": "unknown-{number}"}}'))
    report = checker.close()
    assert len(report.findings) == MAX_GROUPS and report.dropped == 5_000


@pytest.mark.soak
def test_a_million_causes_in_flat_memory() -> None:
    pieces = (line(text=json.dumps({"type": f"unknown-{number}"})) for number in range(1_000_000))
    ended = check("-", dialect="vonz", stdin=pieces)
    assert len(findings(ended, code=0)) == MAX_GROUPS
    assert ended.peak < PEAK


# Catalogs


def _catalog(payload: str) -> bytes:
    return (
        "dialect: mine\ntitle: T\nsource: S\nenvelope: {style: flat, tag: type}\nunknown: report\nframes:\n"
        f"  f:\n    from: server\n    basis: table\n    source: s\n    summary: S.\n    payload: {payload}\n"
    ).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 122)), "alias"),
        (b"a: &a {b: *a}\n", "alias"),
        (b"[" * 100_000, "nested more than"),
        (b"{a: " * 100_000, "nested more than"),
        (b"x" * (2 * MB), "larger than"),
        (b"\0" * 100, "NUL"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"!!python/object/apply:os.system [ls]", "YAML tag"),
        (b"", "empty"),
        (_catalog('{a: {type: string, pattern: "(?=a)b"}}'), "linear"),
        (_catalog(r'{a: {type: string, pattern: "(a)\\1"}}'), "linear"),
        (_catalog('{a: {type: string, pattern: "(a{1000}){1000}"}}'), "linear"),
        (_catalog('{a: {type: string, pattern: "("}}'), "regular expression"),
    ],
    ids=range(13),
)
def test_a_catalog_that_would_explode_is_refused_with_its_place(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(data)
    ended = wirecheck("check", "-", "--catalog", path, memory=GB)
    told = refused(ended)
    assert said in told and f"{path}:" in told
    assert ended.peak < PEAK
    lint = wirecheck("lint", path, memory=GB)
    assert lint.code == 2 and said in lint.out and "Traceback" not in lint.err


def test_a_pattern_that_would_explode_in_a_backtracking_engine_does_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(
        _catalog('{"a": {type: string, pattern: "^(a+)+$"}, "b?": {type: array, uniqueItems: true}}')
        + b"    examples: [{a: aaa, b: [1]}]\n"
    )
    text = json.dumps({"type": "f", "a": "a" * 100_000 + "b", "b": [{"n": n} for n in range(20_000)]})
    repeated = json.dumps({"type": "f", "a": "a", "b": [{"n": n} for n in range(20_000)] + [0, {"n": 7}]})
    ended = wirecheck(
        "check", "-", "--catalog", path, "--format", "json", stdin=[line(text=text), line(text=repeated)], memory=GB
    )
    assert findings(ended) == [("schema", "/a", 1), ("schema", "/b", 2)]


def test_every_sentence_for_a_user_ends_the_run_with_the_code_of_its_kind(tmp_path: Path) -> None:
    assert refused(check(tmp_path / "absent.jsonl"))
    assert refused(wirecheck("check", "-", "--dialect", "nobody's"))
    assert refused(wirecheck("explain", NASTY.replace("\ud800", ""))).isprintable() is False  # one line, its end
    assert all(char.isprintable() or char == "\n" for char in refused(wirecheck("explain", "a\x1b[31mb")))


def _open_connections(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield line(conn=f"c{number}", kind="open", url="ws://h/v1/stream", sees=["client", "server"])
        yield line(conn=f"c{number}", text='{"type": "task:tool_use", "session_id": "s", "tool": "t", "input": {}}')


def test_a_hundred_thousand_open_connections() -> None:
    ended = check("-", dialect="vonz", stdin=_open_connections(100_000 if os.environ.get("WIRECHECK_SOAK") else 25_000))
    assert findings(ended, code=0) == []
    assert json.loads(ended.out)["guarantees"][2]["broken"] == 0
    assert ended.peak < PEAK
