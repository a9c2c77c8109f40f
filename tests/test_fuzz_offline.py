"""`wirecheck fuzz` without a URL: lines that say what they are, the same for the same seed, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from small_catalogs import catalog as drawn_catalog
from test_fuzz_agreement import ENVELOPES, Readers, disagreement, written
from wirecheck import catalog
from wirecheck.capture.jsonl import record_of
from wirecheck.capture.write import line_of
from wirecheck.catalog import load_file
from wirecheck.cli import cli
from wirecheck.cli.fuzz_offline import spoken
from wirecheck.errors import UsageError, WirecheckError
from wirecheck.fuzz import bulk
from wirecheck.fuzz.bulk import Meant, lines
from wirecheck.fuzz.choice import choices
from wirecheck.record import Message
from wirecheck.sample.defects import BY_NAME, applicable
from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.sample.templates import DEPTH, EXTRA, Pools, escaped, template
from wirecheck.walk import Conversation, conversation, faulty

ROOT = Path(__file__).resolve().parent.parent
DIALECTS = catalog.dialects()
PAGE = (ROOT / "docs" / "fuzz.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "tools"))
golden = importlib.import_module("fuzz_golden")


def fuzz(*options: str) -> Result:
    return CliRunner().invoke(cli, ["fuzz", *options])


def frames(*options: str) -> list[dict[str, Any]]:
    result = fuzz(*options)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout_bytes.decode().split("\n")[:-1]]


# What is written.


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", golden.KINDS)
@pytest.mark.parametrize("name", DIALECTS)
def test_the_bytes_are_those_of_before(name: str, kind: str) -> None:
    expected = json.loads(golden.GOLDEN.read_text(encoding="utf-8"))
    assert golden.digest(name, kind) == expected[name][kind], (
        "wirecheck fuzz writes other bytes than before. If that is meant, it is for a minor release: say so in "
        "CHANGELOG.md, and run python tools/fuzz_golden.py --write"
    )


def test_the_tool_says_which_bytes_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(golden, "GOLDEN", tmp_path / "golden.json")
    monkeypatch.setattr(golden, "COUNT", 3)
    assert golden.main(["--write"]) == 0
    assert golden.main([]) == 0
    monkeypatch.setattr(golden, "SEED", 8)
    assert golden.main([]) == 1
    assert "other bytes than before: vonz, valid\n" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--invalid"], ["--conversations"], ["--conversations", "--invalid"]])
def test_bytes_depend_on_the_seed_and_on_nothing_else(options: list[str]) -> None:
    command = [sys.executable, "-m", "wirecheck", "fuzz", "--dialect", "vonz", "--count", "40", "--seed", "3", *options]
    digests = {
        hashlib.sha256(
            subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True).stdout
        ).hexdigest()
        for seed in ("0", "1")
    }
    here = fuzz(*command[4:]).stdout_bytes
    assert digests == {hashlib.sha256(here).hexdigest()}
    assert fuzz("--dialect", "vonz", "--count", "40", "--seed", "4", *options).stdout_bytes != here


@pytest.mark.parametrize("options", [[], ["--invalid"], ["--conversations"]])
def test_a_longer_run_begins_like_a_shorter_one(options: list[str]) -> None:
    short, long = (fuzz("--dialect", "amigo", "--count", count, *options).stdout_bytes for count in ("7", "60"))
    assert long.startswith(short) and long != short


def test_without_anything_else_there_are_valid_frames() -> None:
    found = frames("--dialect", "bondai")
    assert len(found) == 100
    assert found == frames("--dialect", "bondai", "--valid", "--seed", "0", "--format", "jsonl")
    assert {tuple(line) for line in found} == {("frame", "from", "envelope", "text")}


def documented(heading: str) -> Draft202012Validator:
    """The JSON Schema that the page shows below a heading."""
    (shown,) = re.findall(rf"^#+ {heading}\n.*?```json\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)[:1]
    return Draft202012Validator(json.loads(shown))


@pytest.mark.parametrize("name", DIALECTS)
def test_lines_are_what_the_page_says(name: str) -> None:
    frame, talk = documented("Frames"), documented("Conversations")
    for options in ([], ["--invalid", "--count", "600"]):
        for line in frames("--dialect", name, *options):
            assert frame.is_valid(line), line
    for options in ([], ["--invalid"]):
        for line in frames("--dialect", name, "--conversations", "--count", "10", *options):
            assert talk.is_valid(line), line
    assert not frame.is_valid({"frame": "x", "from": "server", "envelope": "flat"})
    assert not talk.is_valid({"conversation": 0, "fault": None, "records": []})


def test_every_label_comes_with_its_code_and_its_bytes() -> None:
    found = frames("--dialect", "vonz", "--invalid", "--count", "5000")
    assert {line["code"] == BY_NAME[line["defect"]].code for line in found} == {True}
    dialect = catalog.load("vonz")
    wanted = {(key, label) for key, form in dialect.frames.items() for label in applicable(dialect, form, "flat")}
    assert {(line["frame"], line["defect"]) for line in found} == wanted
    for line in found:
        if line["defect"] == "binary":
            json.loads(base64.b64decode(line["binary"]).decode())
        elif line["defect"] == "bad-utf8":
            with pytest.raises(UnicodeDecodeError):
                base64.b64decode(line["bytes"]).decode()
        else:
            assert isinstance(line["text"], str)


def test_what_is_meant_is_what_is_written() -> None:
    found = frames("--dialect", "symindx", "--sender", "client", "--envelope", "flat")
    assert {(line["from"], line["envelope"]) for line in found} == {("client", "flat")}
    found = frames("--dialect", "vonz", "--frame", "task.cancel", "--defect", "missing-field", "--count", "5")
    assert {(line["frame"], line["defect"], line["code"]) for line in found} == {
        ("task.cancel", "missing-field", "schema")
    }
    talks = frames("--dialect", "vonz", "--guarantee", "tool-call-answered-once", "--count", "5")
    assert {line["fault"]["guarantee"] for line in talks} == {"tool-call-answered-once"}


def test_a_message_that_is_too_large_is_made_when_it_is_asked_for() -> None:
    (found,) = frames("--dialect", "vonz", "--frame", "task.cancel", "--defect", "too-large", "--count", "1")
    assert len(found["text"].encode()) > 8 * 1024 * 1024


def test_frames_are_not_the_same_again_and_again() -> None:
    texts = [line["text"] for line in frames("--dialect", "symindx", "--count", "3000")]
    assert len(set(texts)) > 0.8 * len(texts)
    assert all(count < 60 for count in Counter(texts).values())


@pytest.mark.parametrize("seed", range(12))
def test_frames_of_any_catalog_are_valid(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "drawn.yaml"
    path.write_text(drawn_catalog(Seeded(seed)), encoding="utf-8")
    try:
        dialect = load_file(str(path))
    except WirecheckError:
        return
    for envelope in ENVELOPES:
        readers = Readers(dialect, envelope)
        try:
            for line in islice(written(dialect, envelope, seed, invalid=False), 150):
                assert disagreement(line, readers.verdicts(line)) is None, line
        except UsageError as wrong:
            assert "contradicts itself" in str(wrong)


# What the page says.


def test_the_page_lists_every_defect() -> None:
    assert set(BY_NAME) <= set(re.findall(r"`([a-z0-9-]+)`", PAGE))


def test_the_page_shows_what_the_command_prints() -> None:
    ((command, output),) = re.findall(r"```console\n\$ wirecheck ([^\n]*) > [^\n]*\n(.*?)```", PAGE, re.DOTALL)
    assert CliRunner().invoke(cli, command.split()).stderr.startswith(output + "\n")


def test_the_pages_strategies_draw() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)
    tests = [one for name, one in names.items() if name.startswith("test_")]
    assert len(tests) == 3
    for one in tests:
        one()


# Conversations as lines.


@pytest.mark.parametrize("name", DIALECTS)
def test_a_conversations_line_holds_the_lines_of_a_capture(name: str) -> None:
    dialect, source = catalog.load(name), Seeded(5)
    for number in range(1, 40):
        made = conversation(dialect, source) if number % 3 else faulty(dialect, source)
        line = spoken(made, number)
        records = b",".join(line_of(record).rstrip(b"\n") for record in made.records())
        assert line.endswith(b',"records":[' + records + b"]}\n")
        read = json.loads(line)
        assert read["conversation"] == number
        again = [record_of(json.dumps(one).encode(), at) for at, one in enumerate(read["records"], 1)]
        assert again == made.records()
        if made.fault is None:
            assert read["fault"] is None
        else:
            fault = {"guarantee": made.fault.guarantee, "how": made.fault.how, "line": made.fault.line}
            assert read["fault"] == fault and 1 <= fault["line"] <= len(again)


def test_every_character_is_written_as_captures_write_it() -> None:
    every = "".join(map(chr, [*range(0x300), 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x1F600, 0x10FFFF]))
    made = Conversation(dialect="x", events=(("c0", "server", every),))
    (record,) = made.records()
    assert isinstance(record, Message) and line_of(record).rstrip(b"\n") in spoken(made, 1)


# Templates.


def parted(text: str, *, dialect: str = "symindx", frame: str = "chat", **options: Any) -> tuple[list[str], list[str]]:
    """The parts of a text around its gaps, and the names of the fields whose values are exchanged."""
    known = catalog.load(dialect)
    form = known.frames[frame]
    pools = Pools(known, form)
    made = template(text, options.pop("style", "nested"), pools, **options)
    return list(made.texts), [name for _, name in made.fields]


def test_gaps_are_where_the_documented_values_are() -> None:
    text = ' {"type": "chat", "id":"7", "data" : {"mess\\u0061ge":"hi" , "x":[1]}, "id2": 0 }'
    texts, names = parted(text)
    assert names == ["id", "message", "", ""]
    assert texts == [' {"type": "chat", "id":', ', "data" : {"mess\\u0061ge":', ' , "x":', '}, "id2": ', " }"]
    assert parted(text, extras=False)[1] == ["id", "message"]
    assert parted('{"type":"chat","message":"hi"}', style="flat")[1] == ["message"]
    assert parted('{"type":"chat","message":"hi"}')[1] == []


@pytest.mark.parametrize(
    ("text", "pointer", "names"),
    [
        ('{"type":"chat","id":"7","data":{"message":7}}', "/data/message", ["id"]),
        ('{"type":"chat","id":"7","data":{"message":{"a":"b"}}}', "/data/message/a", ["id"]),
        ('{"type":"chat","id":"7","data":[]}', "/data", ["id"]),
        ('{"type":"chat","id":7,"data":{"message":"hi"}}', "/id", ["message"]),
        ('{"type":7,"id":"7","data":{"message":"hi"}}', "/type", ["id", "message"]),
        ('{"type":"chat","id":"7","data":{}}', "/data", ["id"]),
        ('\ufeff{"type":"chat","id":"7","data":{"message":"hi"}}', None, ["id", "message"]),
        ('{"id":"7","id":"8","data":{"message":"hi"}}', "/id", ["message"]),
        ('{"id":"7","i\\u0064":"8","data":{"message":"hi"}}', "/id", ["message"]),
        ('{"id":"7","data":{},"data":{"message":"hi"}}', "/data", ["id"]),
        ('{"id":"7","data":{"message":"hi"}', None, ["id"]),
        ('{"id":"7","data":{"message":"h', None, ["id"]),
        ('{"id":"7","data":{"message":"hi"', None, ["id"]),
        ('{"id":"7","timestamp":12', None, ["id"]),
        ('{"id":"7","data":{"message":NaN}}', None, ["id"]),
        ('{"id":"7","timestamp":["\n"],"data":{"message":"hi"}}', None, ["id"]),
        ('{"id":"7",}', None, ["id"]),
        ('{"id":"7"}{"id":"7"}', None, ["id"]),
        ('[{"id":"7"}]', "", []),
        ("", None, []),
        ("{", None, []),
        ('{"id"', None, []),
        ('{"id" "7"}', None, []),
        ('{"id":', None, []),
        ("{}", None, []),
    ],
)
def test_what_is_wrong_is_never_exchanged(text: str, pointer: str | None, names: list[str]) -> None:
    texts, found = parted(text, pointer=pointer, extras=False)
    assert found == names
    assert text.startswith(texts[0]) and text.endswith(texts[-1]) and len(texts) == len(found) + 1


def test_what_a_case_looks_at_or_documents_is_never_exchanged() -> None:
    assert parted('{"type":"event","data":{"eventType":"x","agentId":"a","intensity":1}}', frame="event")[1] == [
        "agentId"
    ]
    assert parted('{"type":"batch","data":{"messages":[]}}', frame="batch")[1] == []


def test_values_are_exchanged_in_turn() -> None:
    dialect = catalog.load("symindx")
    pools, source = Pools(dialect, dialect.frames["chat"]), Seeded(1)
    pools.renew(source)  # nothing was asked for yet
    first, second = pools.of(("payload", "message"), source), pools.of(EXTRA, source)
    before = [list(pool.plain) for pool in (first, second)]
    for _ in range(2 * DEPTH):
        pools.renew(source)
    for pool, old in zip((first, second), before, strict=True):
        assert len(pool.plain) == len(pool.escaped) == DEPTH and pool.plain != old
        assert [escaped(text.decode()) for text in pool.plain] == pool.escaped


def test_an_invalid_frame_that_nobody_confirms_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    dialect = catalog.load("vonz")
    form = dialect.frames["task.cancel"]
    meant = [Meant(form=form, style="flat", defect="missing-field")]
    asked = []

    def refuse(_: object, frame: Any) -> str:
        asked.append(frame)
        return "it is valid"

    monkeypatch.setattr(bulk, "confirm", refuse)
    with pytest.raises(UsageError, match="not one could be confirmed"):
        next(lines(dialect, meant, 1))
    assert len(asked) == 2 * bulk.TRIES


def test_where_other_values_spoil_a_label_the_frame_stays_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    dialect = catalog.load("vonz")
    (one,) = choices(dialect, "task:token", "wire", None)
    answers = iter(["more than one thing is wrong with it", None])
    monkeypatch.setattr(bulk, "confirm", lambda *_: next(answers))
    maker = bulk._Maker(dialect, [Meant(form=one.form, style=one.style, defect="tag-null")], 1)
    assert maker.sheet().pools == []
    assert PLAIN.below(3) == 0


def test_old_templates_give_way_to_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "DECK", 2)
    monkeypatch.setattr(bulk, "FRESH", 1)
    readers = Readers(catalog.load("vonz"), "wire")
    found = list(islice(written(readers.dialect, "wire", 1, invalid=True), 400))
    assert [disagreement(line, readers.verdicts(line)) for line in found] == [None] * 400
    # The last frames are not those of the first templates.
    assert {(line["frame"], line["defect"]) for line in found[:3]}.isdisjoint(
        (line["frame"], line["defect"]) for line in found[-100:]
    )


# What is refused.


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "say which dialect: --dialect with one of agent_platform, amigo, bondai, symindx, vonz"),
        (["--dialect", "x"], "no dialect is called `x`"),
        (["--dialect", "vonz", "--frame", "x"], "vonz has no frame `x`; it has task.submit"),
        (["--dialect", "vonz", "--defect", "x"], "no defect is called `x`; there are missing-field"),
        (["--dialect", "vonz", "--defect", "enum"], "no field of this frame, outside alternatives, has `enum`"),
        (["--dialect", "vonz", "--guarantee", "x"], "no conversation can break x: it is not claimed"),
        (["--dialect", "agent_platform", "--sender", "client"], "documents no client"),
        (["--dialect", "vonz", "--valid", "--invalid"], "--valid and --invalid exclude each other"),
        (["--dialect", "vonz", "--valid", "--defect", "nan"], "--valid and --defect exclude each other"),
        (["--dialect", "vonz", "--valid", "--guarantee", "x"], "--valid and --guarantee exclude each other"),
        (["--dialect", "vonz", "--conversations", "--frame", "x"], "--frame is for single frames"),
        (["--dialect", "vonz", "--guarantee", "x", "--defect", "nan"], "--defect is for single frames"),
        (["--dialect", "vonz", "--format", "json"], "without a URL it is --format jsonl"),
        (["--dialect", "vonz", "--rate", "4"], "--rate: for a live server; say which"),
        (["--dialect", "vonz", "--output", "x", "--wait", "3"], "--wait, --output: for a live server"),
        (["--dialect", "vonz", "--coverage", "nowhere/x"], "there is no folder nowhere"),
        (["ws://127.0.0.1:1", "--dialect", "vonz", "--invalid"], "--invalid: for what is written without a server"),
        (["ws://127.0.0.1:1", "--dialect", "vonz", "--format", "jsonl"], "take text or json"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: list[str], says: str) -> None:
    result = fuzz(*options)
    assert result.exit_code == 2 and result.stdout == ""
    assert says in result.stderr


def test_a_catalog_without_frames_has_nothing_to_fuzz_with(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("dialect: bare\nenvelope: {style: flat, tag: t}\nframes: {}\n")
    for more in ([], ["--sender", "client"]):
        result = fuzz("--catalog", str(path), *more)
        assert result.exit_code == 2 and "bare documents no frame; add one to its catalog" in result.stderr
    types = ["types", "--catalog", str(path), "--language", "go", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli, types)
    assert result.exit_code == 2 and "bare documents no frame; add one to its catalog" in result.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "wirecheck", "fuzz", "--dialect", "vonz", "--count", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        assert json.loads(running.stdout.readline())["from"] in ("client", "server")
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 0


# Coverage.


def test_coverage_is_written_as_json_text_or_to_standard_error(tmp_path: Path) -> None:
    plain = fuzz("--dialect", "vonz", "--count", "50")
    as_json, as_text = tmp_path / "coverage.json", tmp_path / "coverage.txt"
    for target in (str(as_json), str(as_text), "-"):
        result = fuzz("--dialect", "vonz", "--count", "50", "--coverage", target)
        assert result.exit_code == 0 and result.stdout_bytes == plain.stdout_bytes
    summary = json.loads(as_json.read_text(encoding="utf-8"))["summary"]
    assert summary["frames"]["seen"] == summary["frames"]["of"] == 18 and summary["defects"] is None
    assert result.stderr == as_text.read_text(encoding="utf-8")
    assert result.stderr.startswith("coverage of vonz\n  frames          18 of     18  100.0 %\n")


def test_coverage_is_about_what_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    fuzz("--dialect", "vonz", "--frame", "task.cancel", "--invalid", "--count", "80", "--coverage", str(path))
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found["frames"]) == ["task.cancel"] and found["summary"]["frames"] is None
    assert found["summary"]["defects"]["missing"] == []
    assert found["frames"]["task.cancel"]["inapplicable"]["enum"].startswith("no field of this frame")


@pytest.mark.parametrize(("options", "outcome"), [([], "held"), (["--invalid"], "broken")])
def test_coverage_of_conversations_has_what_the_checker_says(options: list[str], outcome: str, tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    fuzz("--dialect", "vonz", "--conversations", "--count", "60", "--coverage", str(path), *options)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["guarantees"]["tool-call-answered-once"][outcome] > 0
    assert found["summary"]["guarantees"]["seen"] > 5 and found["summary"]["frames"]["seen"] > 10
    assert "malformed-input-survived" in found["summary"]["guarantees"]["missing"]
