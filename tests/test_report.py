"""The formats of a report, and what fails a run."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from wirecheck import __version__
from wirecheck.catalog.model import Level
from wirecheck.record import At, BadLine, Closed, Message, Opened
from wirecheck.report import Section, Shown, github, junit, text
from wirecheck.report import json as json_format
from wirecheck.report.escape import printable
from wirecheck.report.evidence import Trail, surroundings
from wirecheck.report.view import Terms, closing, failed, lacking, narrowed, unheld, unseen, visible
from wirecheck.verdict import CODES, Finding, Group, GuaranteeResult, Report

HOSTILE = '\x1b[31mred\u202egnp\u2028\x00]]><&"%\r\n::error::x [bold]b[/bold] \ud800 token=hunter22'


def result(id: str, verdict: str, level: str = "must", side: str = "server", **counts: int) -> GuaranteeResult:
    numbers = {"held": 0, "broken": 0, "undecided": 0, **counts}
    return GuaranteeResult(id=id, level=level, side=side, verdict=verdict, source="Section 1", **numbers)  # type: ignore[arg-type]


def group(code: str, level: str = "must", **changes: Any) -> Group:
    kind = "order" if code not in CODES else "capture" if code == "bad-line" else "frame"
    fields: dict[str, Any] = {
        "kind": kind,
        "code": code,
        "level": level,
        "side": None if kind == "capture" else "server",
        "message": f"what is wrong with {code}",
        "at": At(line=5, conn="c1", t=1.5),
        "guarantee": code if kind == "order" else None,
        "frame": "task:token",
        "pointer": None,
    }
    return Group(first=Finding(**{**fields, **changes}), input="dir/a.jsonl", count=1, lines=(5,))


def report(*groups: Group, guarantees: tuple[GuaranteeResult, ...] = (), dropped: int = 0) -> Report:
    return Report(
        dialect="vonz",
        inputs=("dir/a.jsonl",),
        records=12,
        frames=10,
        connections=1,
        guarantees=guarantees,
        findings=groups,
        dropped=dropped,
    )


GUARANTEES = (
    result("text-inside-turn", "failed", held=1234, broken=2, undecided=1),
    result("replay-bracketed", "not_exercised"),
    result("task-settled", "inconclusive", level="should", undecided=3),
    result("tool-names-agree", "passed", level="may", held=1),
    result("ping-answered", "not_applicable", level="should", side="client"),
)
FULL = report(group("text-inside-turn"), group("schema", "should", pointer="/a~1b"), guarantees=GUARANTEES)
NASTY = report(
    group("schema", message=HOSTILE, frame=HOSTILE, pointer="/" + HOSTILE, at=At(line=1, conn=HOSTILE, t=HOSTILE))
)


def section(of: Report, **fields: Any) -> Section:
    return Section(report=of, **fields)


def validated(rendered: str) -> Any:
    document = json.loads(rendered)
    schema = json_format.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_the_json_report_to_the_byte() -> None:
    rendered = json_format.render([section(report(group("text-inside-turn"), guarantees=GUARANTEES[:1]))])
    assert validated(rendered) == {
        "wirecheck": __version__,
        "dialect": "vonz",
        "inputs": ["dir/a.jsonl"],
        "records": 12,
        "frames": 10,
        "connections": 1,
        "guarantees": [
            {
                "id": "text-inside-turn",
                "level": "must",
                "side": "server",
                "verdict": "failed",
                "held": 1234,
                "broken": 2,
                "undecided": 1,
                "source": "Section 1",
            }
        ],
        "findings": [
            {
                "kind": "order",
                "code": "text-inside-turn",
                "guarantee": "text-inside-turn",
                "level": "must",
                "side": "server",
                "frame": "task:token",
                "pointer": None,
                "message": "what is wrong with text-inside-turn",
                "count": 1,
                "first": {"input": "dir/a.jsonl", "line": 5, "conn": "c1", "t": 1.5},
                "lines": [5],
            }
        ],
    }
    assert rendered.isascii()


@pytest.mark.parametrize("of", [FULL, NASTY, report(), report(group("bad-line")), replace(FULL, dropped=7)])
def test_every_json_report_fits_its_schema(of: Report) -> None:
    document = validated(json_format.render([section(of)]))
    assert document.get("dropped") == (of.dropped or None)


def test_several_dialects_come_as_a_list() -> None:
    document = validated(json_format.render([section(FULL), section(replace(FULL, dialect="amigo"))]))
    assert [each["dialect"] for each in document["reports"]] == ["vonz", "amigo"]


def test_json_keeps_what_the_wire_said_except_secrets() -> None:
    rendered = json_format.render([section(NASTY)])
    assert rendered.isascii() and "hunter22" not in rendered
    assert validated(rendered)["findings"][0]["pointer"] == "/" + HOSTILE.replace("hunter22", "[redacted]")


TEXT = """\
vonz: 12 records, 10 frames, 1 connection in 1 capture
  dir/a.jsonl: detected

guarantee         level   side    verdict          held  broken  undecided
text-inside-turn  must    server  failed          1,234       2          1
replay-bracketed  must    server  not exercised       .       .          .
task-settled      should  server  inconclusive        .       .          3
tool-names-agree  may     server  passed              1       .          .
ping-answered     should  client  not applicable      .       .          .

2 findings

must text-inside-turn  dir/a.jsonl:5, task:token
  what is wrong with text-inside-turn
    3  client  -
  > 5  server  +

should schema  dir/a.jsonl:5, task:token at /a~1b
  what is wrong with schema

must: 1 broken, 1 not exercised
should: 1 undecided, 1 not applicable
may: 1 held
4 of 1,241 instances stayed undecided
nothing held in 1 must (replay-bracketed) and 1 should (task-settled); such a run passes unless --require says otherwise
"""


def test_the_text_report_to_the_byte() -> None:
    shown = (Shown(line=3, who="client", text="-"), Shown(line=5, who="server", text="+", offending=True))
    evidence = {("dir/a.jsonl", 5, "c1"): shown}
    assert text.render([section(FULL, reasons={"dir/a.jsonl": "detected"}, evidence=evidence)]) == TEXT


def test_a_clean_text_report_says_so_and_a_full_one_says_what_it_dropped() -> None:
    assert "no findings\n" in text.render([section(report())])
    assert "7 more findings were counted and not kept" in text.render([section(replace(FULL, dropped=7))])
    two = text.render([section(FULL), section(replace(FULL, dialect="amigo"))])
    assert "\n\namigo: 12 records" in two


def test_repeated_causes_are_counted() -> None:
    many = replace(group("schema"), count=25, lines=tuple(range(1, 21)))
    said = "25 times, lines " + ", ".join(map(str, range(1, 21))) + " and 5 more"
    assert said in " ".join(text.render([section(report(many))]).split())
    assert said in github.render([section(report(many))], Terms())
    assert said in junit.render([section(report(many))], Terms())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_appear_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in text.render([section(FULL)], _Terminal())
    assert "\x1b" not in text.render([section(FULL)], io.StringIO())
    assert "\x1b" not in text.render([section(FULL)])
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in text.render([section(FULL)], io.StringIO())


def test_nothing_of_the_wire_reaches_a_reader_raw() -> None:
    evidence = {("dir/a.jsonl", 1, HOSTILE): (Shown(line=1, who="server", text=printable(HOSTILE), offending=True),)}
    hostile = section(NASTY, evidence=evidence)
    for rendered in (text.render([hostile]), junit.render([hostile], Terms()), github.render([hostile], Terms())):
        assert all(line.isprintable() for line in rendered.split("\n"))
    seen = text.render([hostile])
    assert "\\u001b[31mred\\u202e" in seen and "\\ud800" in seen and "[bold]b[/bold]" in seen
    assert "hunter22" not in text.render([section(NASTY)])
    assert not any(line.startswith("::error::x") for line in github.render([hostile], Terms()).split("\n"))


def test_long_evidence_is_cut_to_the_width() -> None:
    for body in ("x" * 500, "漢" * 300):
        shown = (Shown(line=5, who="server", text=body, offending=True),)
        lines = text.render([section(FULL, evidence={("dir/a.jsonl", 5, "c1"): shown})]).split("\n")
        (line,) = [line for line in lines if line.endswith("…")]
        assert len(line) <= 120


def test_junit() -> None:
    bad = group("bad-line", frame=None)
    root = ElementTree.fromstring(junit.render([section(replace(FULL, findings=(*FULL.findings, bad)))], Terms()))
    (suite,) = root
    assert suite.attrib == {"name": "wirecheck.vonz", "tests": "9", "failures": "2", "skipped": "3", "errors": "0"}
    outcome = {case.get("name"): [child.tag for child in case] for case in suite}
    assert outcome == {
        "text-inside-turn": ["failure"],
        "replay-bracketed": ["skipped"],
        "task-settled": ["skipped"],
        "tool-names-agree": [],
        "ping-answered": ["skipped"],
        "messages": [],
        "frames": ["system-out"],
        "connections": [],
        "the capture itself": ["failure"],
    }
    failure = suite[0][0]
    assert failure.get("message") == "must: broken: 1234 held, 2 broken, 1 undecided"
    assert "what is wrong with text-inside-turn" in (failure.text or "")


def test_junit_fails_where_the_run_fails() -> None:
    strict = ElementTree.fromstring(junit.render([section(FULL)], Terms(fail_on="may", require="should")))
    outcome = {case.get("name"): [child.tag for child in case] for case in strict[0]}
    assert outcome["replay-bracketed"] == outcome["task-settled"] == outcome["frames"] == ["failure"]
    assert outcome["ping-answered"] == ["skipped"]
    mild = ElementTree.fromstring(junit.render([section(FULL)], Terms(fail_on="never")))
    assert {case.get("name"): [child.tag for child in case] for case in mild[0]}["text-inside-turn"] == ["system-out"]
    assert mild[0].get("failures") == "0"


def test_github() -> None:
    sidelong = replace(group("schema", "may", message="100% wrong:\r\nsee, there"), input="a:b,c%.jsonl")
    standard = replace(group("schema", "should"), input="-")
    rendered = github.render([section(report(group("text-inside-turn"), sidelong, standard))], Terms())
    assert rendered.split("\n")[:3] == [
        "::error file=dir/a.jsonl,line=5,title=must text-inside-turn (vonz)::what is wrong with text-inside-turn",
        "::notice file=a%3Ab%2Cc%25.jsonl,line=5,title=may schema (vonz)::100%25 wrong:\\u000d\\u000asee, there",
        "::warning title=should schema (vonz)::what is wrong with schema",
    ]
    lenient = github.render([section(FULL)], Terms(fail_on="never", require="must"))
    assert lenient.startswith("::warning file=")
    assert (
        "::error title=replay-bracketed (vonz)::replay-bracketed is required (must), and nothing held in it" in lenient
    )


@pytest.mark.parametrize(
    ("of", "terms", "fails"),
    [
        (report(), Terms(), False),
        (report(group("schema", "must")), Terms(), True),
        (report(group("schema", "should")), Terms(), False),
        (report(group("schema", "should")), Terms(fail_on="should"), True),
        (report(group("schema", "may")), Terms(fail_on="should"), False),
        (report(group("schema", "may")), Terms(fail_on="may"), True),
        (report(group("schema", "must")), Terms(fail_on="never"), False),
        (report(guarantees=(result("a", "failed", broken=1),)), Terms(), True),
        (report(guarantees=(result("a", "not_exercised"),)), Terms(), False),
        (report(guarantees=(result("a", "not_exercised"),)), Terms(require="must"), True),
        (report(guarantees=(result("a", "inconclusive"),)), Terms(require="must"), True),
        (report(guarantees=(result("a", "passed"),)), Terms(require="must"), False),
        (report(guarantees=(result("a", "not_applicable"),)), Terms(require="should"), False),
        (report(guarantees=(result("a", "not_exercised", level="should"),)), Terms(require="must"), False),
        (report(guarantees=(result("a", "not_exercised", level="should"),)), Terms(require="should"), True),
        (report(guarantees=(result("a", "not_exercised"),)), Terms(require="should", fail_on="never"), True),
    ],
)
def test_what_fails_a_run(of: Report, terms: Terms, fails: bool) -> None:
    assert failed(of, terms) is fails


def test_guarantees_in_which_nothing_held_are_warned_of_unless_required() -> None:
    reports = [report(guarantees=GUARANTEES)]
    both = "nothing held in 1 must (replay-bracketed) and 1 should (task-settled)"
    assert unheld(reports, Terms()) == ("", f"{both}; such a run passes unless --require says otherwise")
    assert unheld(reports, Terms(require="must")) == (
        "nothing held in 1 must (replay-bracketed), and --require must fails the run",
        "nothing held in 1 should (task-settled); such a run passes unless --require says otherwise",
    )
    assert unheld(reports, Terms(require="should")) == (f"{both}, and --require should fails the run", "")
    assert unheld([report()], Terms()) == ("", "")
    assert [each.id for each in lacking(reports[0], Terms(require="should"))] == ["replay-bracketed", "task-settled"]


def narrow(of: Report, level: Level) -> Section:
    return section(visible(of, level), whole=of)


def test_what_fails_the_run_is_told_though_the_level_hides_it() -> None:
    strict = Terms(fail_on="may", require="should")
    hidden = narrow(FULL, "must")
    assert unseen(hidden, strict) == "--level hides 1 finding that fails the run (schema)"
    assert unseen(hidden, Terms()) is None
    assert unseen(section(FULL), strict) is None
    several = report(group("schema", "should"), group("unknown-tag", "may"), guarantees=GUARANTEES)
    assert unseen(narrow(several, "must"), strict) == "--level hides 2 findings that fail the run (schema, unknown-tag)"
    assert "\n--level hides 1 finding that fails the run (schema)\n" in text.render([hidden], terms=strict)
    alone = narrow(report(group("schema", "should")), "must")
    assert "no findings to show; --level hides 1\n" in text.render([alone])
    assert "::error title=vonz::--level hides 1 finding that fails the run (schema)" in github.render([hidden], strict)
    assert "replay-bracketed is required (must)" in github.render([hidden], strict)
    assert "task-settled is required (should)" in github.render([hidden], strict)


def test_junit_holds_what_fails_the_run_though_the_level_hides_it() -> None:
    (suite,) = ElementTree.fromstring(junit.render([narrow(FULL, "must")], Terms(fail_on="may", require="should")))
    outcome = {case.get("name"): [child.tag for child in case] for case in suite}
    assert outcome == {
        "text-inside-turn": ["failure"],
        "replay-bracketed": ["failure"],
        "task-settled": ["failure"],
        "messages": [],
        "frames": ["failure"],
        "connections": [],
        "the capture itself": [],
    }
    assert suite.get("failures") == "4"
    (mild,) = ElementTree.fromstring(junit.render([narrow(FULL, "must")], Terms()))
    assert {case.get("name"): [child.tag for child in case] for case in mild}["frames"] == []


def test_narrowing_by_side_and_rule_keeps_faults_of_the_capture() -> None:
    mine, theirs = group("text-inside-turn"), group("schema", side="client")
    bad = group("bad-line")
    of = report(mine, theirs, bad)
    assert narrowed(of, side="both", rules=None) == of
    assert narrowed(of, side="server", rules=None).findings == (mine, bad)
    assert narrowed(of, side="client", rules=None).findings == (theirs, bad)
    assert narrowed(of, side="both", rules={"text-inside-turn"}).findings == (mine, bad)


def test_the_level_hides_what_is_less_strict() -> None:
    assert [each.id for each in visible(FULL, "must").guarantees] == ["text-inside-turn", "replay-bracketed"]
    assert [each.first.code for each in visible(FULL, "must").findings] == ["text-inside-turn"]
    assert len(visible(FULL, "should").findings) == 2
    assert visible(FULL, "may") == FULL
    assert closing(report()) == ()


def message(line: int, conn: str = "c", body: str | bytes = "x") -> Message:
    return Message(at=At(line=line, conn=conn), sender="server", body=body, binary=isinstance(body, bytes))


def test_surroundings_are_three_before_and_one_after_on_the_same_connection() -> None:
    records = [message(line, "ab"[line % 2], f"m{line}") for line in range(1, 40)]
    found = surroundings(records, [(20, "a"), (1, "b"), (39, "b"), (99, "a")], str.upper)
    assert [(each.line, each.text, each.offending) for each in found[(20, "a")]] == [
        (14, "M14", False),
        (16, "M16", False),
        (18, "M18", False),
        (20, "M20", True),
        (22, "M22", False),
    ]
    assert [each.line for each in found[(1, "b")]] == [1, 3]
    assert [each.line for each in found[(39, "b")]] == [33, 35, 37, 39]
    assert (99, "a") not in found


def test_surroundings_outlive_a_crowd_of_other_connections() -> None:
    records = [message(1, "a"), *(message(line, "b") for line in range(2, 500)), message(500, "a")]
    assert [each.line for each in surroundings(records, [(1, "a")], str)[(1, "a")]] == [1]


def test_surroundings_are_read_no_further_than_needed() -> None:
    taken = []

    def endless() -> Any:
        line = 0
        while True:
            line += 1
            taken.append(line)
            yield message(line)

    surroundings(endless(), [(10, "c")], str)
    surroundings(endless(), [(10, "")], str)
    assert taken == [*range(1, 12), *range(1, 12)]


def test_every_kind_of_record_can_be_shown() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    trail = Trail(str)
    for record in (
        Opened(at=At(line=1, conn="c"), url="ws://h/"),
        message(2, body=b"\x00\xff"),
        Message(at=At(line=3, conn="c"), sender="client", value={"a": "é"}, has_value=True),
        Message(at=At(line=4, conn="c"), sender="client", value=deep, has_value=True),
        Closed(at=At(line=5, conn="c"), code=1000, sender="server"),
        Closed(at=At(line=6, conn="c")),
        BadLine(at=At(line=7, conn=""), code="bad-line", message="not JSON"),
    ):
        trail.add(record)
    assert [(each.who, each.text) for line in (1, 5) for each in trail.around((line, "c"))] == [
        ("open", "ws://h/"),
        ("server", "(2 bytes) 00 ff"),
        ("server", "(2 bytes) 00 ff"),
        ("client", '{"a": "é"}'),
        ("client", "(nested too deeply to be shown)"),
        ("close", "1000 by server"),
        ("close", ""),
    ]
    assert [(each.who, each.text) for each in trail.around((7, ""))] == [("bad line", "not JSON")]
    assert trail.around((99, "c")) == ()
