"""The checker as a library: what it returns, what it remembers, and what its report says."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wirecheck import At, BadLine, Checker, Closed, Finding, Message, Opened, Record, Report, dialects, load
from wirecheck.capture import read
from wirecheck.verdict import merge

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

READY = {"type": "session.ready", "session_id": "s", "container_id": "c", "container_name": "n", "profile_id": "p"}
BOTH: Any = frozenset({"client", "server"})


def numbered(*records: Any) -> Iterator[Record]:
    """Records from what is said: `<- {…}` and `-> {…}` as pairs, and records of their own, each on a line."""
    for line, said in enumerate(records, 1):
        if isinstance(said, tuple):
            sender = "server" if said[0] == "<-" else "client"
            body = said[1] if isinstance(said[1], str | bytes) else json.dumps(said[1])
            yield Message(at=At(line=line, conn="1"), sender=sender, body=body, binary=isinstance(body, bytes))  # type: ignore[arg-type]
        else:
            yield said(At(line=line, conn="1"))


def opened(**facts: Any) -> Any:
    return lambda at: Opened(at=at, sees=BOTH, vantage="server", **facts)


def closed(code: int | None, sender: Any = "server") -> Any:
    return lambda at: Closed(at=at, code=code, sender=sender)


def judged(dialect: str, records: Iterable[Record], **options: Any) -> tuple[list[Finding], Report]:
    checker = Checker(load(dialect), **options)
    found = [finding for record in records for finding in checker.receive(record)]
    return found, checker.close()


def result(report: Report, id: str) -> tuple[str, int, int, int]:
    found = next(each for each in report.guarantees if each.id == id)
    return found.verdict, found.held, found.broken, found.undecided


ORPHAN = ("<-", {"type": "task:tool_result", "session_id": "s", "tool": "t", "output": ""})
BROKEN = [opened(exclusive=True), ("->", {"type": "session.start", "profile_id": "p"}), ("<-", READY), ORPHAN]


def test_a_finding_comes_with_its_record_and_stands_in_the_report() -> None:
    checker = Checker(load("vonz"), input="capture.jsonl")
    returned = [checker.receive(record) for record in numbered(*BROKEN)]
    assert [len(found) for found in returned] == [0, 0, 0, 1]
    (finding,) = returned[3]
    assert (finding.code, finding.guarantee, finding.kind) == ("tool-call-answered-once",) * 2 + ("order",)
    assert (finding.at.line, finding.side, finding.level, finding.frame) == (4, "server", "must", "task:tool_result")
    report = checker.close()
    (group,) = report.findings
    assert group.first == finding and (group.input, group.count, group.lines) == ("capture.jsonl", 1, (4,))
    assert result(report, "tool-call-answered-once") == ("failed", 0, 1, 0)
    assert (report.records, report.frames, report.connections) == (4, 3, 1)


def test_a_side_that_is_not_asked_for_has_no_findings_and_no_verdict() -> None:
    found, report = judged("vonz", numbered(*BROKEN), side="client")
    assert found == [] and report.findings == ()
    assert {each.verdict for each in report.guarantees if each.side == "server"} == {"not_applicable"}
    assert all(each.why for each in report.guarantees if each.verdict == "not_applicable")
    found, _ = judged("vonz", numbered(*BROKEN), side="server")
    assert [finding.code for finding in found] == ["tool-call-answered-once"]


def test_rules_select_guarantees_and_leave_other_findings() -> None:
    records = [*BROKEN, ("<-", "{")]
    found, report = judged("vonz", numbered(*records), rules=["text-inside-turn"])
    assert [finding.code for finding in found] == ["not-json"]
    assert result(report, "tool-call-answered-once")[0] == "not_applicable"
    assert result(report, "text-inside-turn")[0] == "not_exercised"


def test_what_nobody_recorded_is_not_applicable_and_what_no_traffic_decides_never_is() -> None:
    _, report = judged("amigo", numbered(("<-", {"type": "ping"})))
    assert result(report, "next-prompt-waits")[0] == "not_applicable"
    assert result(report, "unknown-frames-survive")[0] == "not_applicable"
    _, report = judged("amigo", numbered(opened(), ("<-", {"type": "ping"})))
    assert result(report, "next-prompt-waits")[0] == "not_exercised"
    assert result(report, "unknown-frames-survive")[0] == "not_applicable"
    _, report = judged("amigo", ())
    assert result(report, "next-prompt-waits")[0] == "not_exercised"


def test_auto_takes_the_style_of_the_first_frame_that_shows_one_a_connection() -> None:
    nested = {"type": "session.ready", "data": {key: value for key, value in READY.items() if key != "type"}}
    plain = {"type": "session.replay_end"}
    found, _ = judged("vonz", numbered(("<-", plain), ("<-", nested), ("<-", nested)), envelope="auto")
    assert found == []
    found, _ = judged("vonz", numbered(("<-", nested), ("<-", READY)), envelope="auto")
    assert [(finding.code, finding.at.line) for finding in found] == [("wrong-envelope", 2)]
    found, _ = judged("vonz", numbered(("<-", READY), closed(1000), ("<-", nested)), envelope="auto")
    assert [finding for finding in found if finding.code == "wrong-envelope"] == []
    found, _ = judged("vonz", numbered(("<-", nested)))
    assert [finding.code for finding in found] == ["wrong-envelope"]


def test_closed_reports_members_that_the_document_does_not_know() -> None:
    found, _ = judged("vonz", numbered(("<-", {**READY, "more": 1})), closed=True)
    assert [(finding.code, finding.pointer, finding.kind) for finding in found] == [("extra-field", "/more", "frame")]


def test_findings_in_a_batch_point_into_the_batch() -> None:
    items = [
        {"type": "chat", "data": {"message": "a"}},
        {"type": "chat", "data": {}},
        {"type": "nobody's"},
        7,
        {"type": "batch", "data": {"messages": [{"type": "command", "data": {"instruction": 1}}]}},
    ]
    found, report = judged("symindx", numbered(("->", {"type": "batch", "data": {"messages": items}})))
    assert [(finding.code, finding.pointer) for finding in found] == [
        ("schema", "/data/messages/1/data"),
        ("unknown-tag", "/data/messages/2/type"),
        ("not-object", "/data/messages/3"),
        ("schema", "/data/messages/4/data/messages/0/data/instruction"),
    ]
    assert report.frames == 1


@pytest.mark.parametrize(
    ("code", "sender", "level"),
    [
        (1000, "server", None),
        (1011, "server", None),
        (3000, "client", None),
        (4001, "server", None),
        (None, "server", None),
        (1005, "server", None),
        (1006, None, None),
        (4002, "server", "may"),
        (4002, "client", None),
        (1004, "server", "must"),
        (1015, "client", None),
        (999, "server", "must"),
        (2999, "client", "must"),
        (5000, "server", "must"),
    ],
)
def test_close_codes(code: int | None, sender: Any, level: str | None) -> None:
    found, _ = judged("vonz", numbered(opened(), closed(code, sender)))
    assert [finding.level for finding in found if finding.code == "closed-code"] == ([level] if level else [])
    assert all(finding.kind == "connection" and finding.side == sender for finding in found)


def test_what_a_client_says_wrongly_is_its_own_fault_alone() -> None:
    """Nobody waits for an answer to what may have asked for nothing."""
    started = ("<-", {"type": "session_started", "session_id": "s", "conversation_id": "c"})
    ended = ("<-", {"type": "session_ended", "reason": "completed"})
    findings, _ = judged("amigo", numbered(opened(), started, ("->", {"type": "pong"}), ended, closed(1000)))
    assert [(one.code, one.side, one.at.line) for one in findings] == [("schema", "client", 3)]
    submitted = {"type": "task.submit", "mode": "session", "profile_id": "p", "session_id": None, "prompt": "x"}
    findings, report = judged("vonz", numbered(opened(exclusive=True), ("->", submitted), ("<-", READY)))
    assert [(one.code, one.side, one.at.line) for one in findings] == [("schema", "client", 2)]
    assert result(report, "session-ready-answers") == ("inconclusive", 0, 0, 1)
    others = [opened(), ("->", submitted), ("<-", READY), opened(), ("<-", READY)]
    there = [replace(each, at=replace(each.at, conn="12"[each.at.line > 3])) for each in numbered(*others)]
    findings, report = judged("vonz", there)
    assert [(one.code, one.side, one.at.line) for one in findings] == [("schema", "client", 2)]
    nothing = ("->", {"type": "subscribe", "data": {"events": None}})
    event = ("<-", {"type": "event", "data": {"eventType": "memory_update", "agentId": "a"}})
    findings, report = judged("symindx", numbered(opened(), nothing, event))
    assert [(one.code, one.side, one.at.line) for one in findings] == [("schema", "client", 2)]
    assert result(report, "events-subscribed") == ("inconclusive", 0, 0, 1)


def test_a_name_of_a_connection_may_be_used_again() -> None:
    records = numbered(opened(), ("<-", READY), closed(1000), opened(), closed(1000), ("<-", READY))
    _, report = judged("vonz", records)
    assert report.connections == 3


def test_lines_that_are_no_records_are_counted_by_what_is_wrong_with_them() -> None:
    def bad(message: str) -> Any:
        return lambda at: BadLine(at=At(line=at.line, conn=""), code="bad-line", message=message)

    found, report = judged("vonz", numbered(bad("not JSON (column 7)"), bad("not JSON (column 12)"), bad("no record")))
    assert len(found) == 3 and all(finding.level == "must" and finding.side is None for finding in found)
    assert [(group.count, group.lines) for group in report.findings] == [(2, (1, 2)), (1, (3,))]


def test_reports_are_merged_in_order_and_a_guarantee_is_as_bad_as_its_worst_input() -> None:
    _, broken = judged("vonz", numbered(*BROKEN), input="a")
    _, clean = judged("vonz", numbered(*BROKEN[:3]), input="b")
    _, other = judged("vonz", numbered(("->", {"type": "session.start", "profile_id": "p"})), input="c")
    whole = merge([clean, broken, other])
    assert whole.inputs == ("b", "a", "c")
    assert (whole.records, whole.frames, whole.connections) == (8, 6, 3)
    assert [(group.input, group.count) for group in whole.findings] == [("a", 1)]
    assert result(whole, "tool-call-answered-once") == ("failed", 0, 1, 0)
    assert result(whole, "session-ready-answers")[:2] == ("passed", 2)
    assert merge([broken]) == broken
    _, amigo = judged("amigo", ())
    for wrong in ([], [broken, amigo]):
        with pytest.raises(ValueError, match="one dialect"):
            merge(wrong)


def test_equal_causes_of_several_inputs_stay_apart() -> None:
    reports = [judged("vonz", numbered(*BROKEN), input=name)[1] for name in "ab"]
    assert [group.input for group in merge(reports).findings] == ["a", "b"]


def carried(checker: Checker) -> Checker:
    """The checker as it is after its state went to another process and came back."""
    checker.settle()
    kept = ("links", "numbered", "met", "history", "tally", "out", "_clients", "epoch", "_lost")
    state = {name: getattr(checker, name) for name in kept if hasattr(checker, name)}
    copy = Checker(checker.dialect)
    for name, value in pickle.loads(pickle.dumps(state)).items():
        setattr(copy, name, value)
    for link in copy.links.values():
        link.adopt(copy._tables.rows)
    assert set(vars(copy)) - set(state) == {
        "dialect", "remembers", "_auto", "_decoder", "_plan", "_reader", "_glances", "_side", "_rules", "_found",
        "_secrets", "_tables", "_taker", "_openings", "max_sessions",
    }  # fmt: skip
    return copy


@pytest.mark.parametrize("dialect", dialects())
def test_the_state_is_a_value_that_can_be_handed_over_anywhere_in_a_capture(dialect: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(b"".join(traffic.lines(dialect, 1_500, sessions=12, faults=0.03)))
    records = list(read(path))
    _, whole = judged(dialect, records)
    checker = Checker(load(dialect))
    for number, record in enumerate(records):
        if number % 100 == 50:
            checker = carried(checker)
        checker.receive(record)
    assert checker.close() == whole
    assert whole.findings


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parent.parent.glob("fixtures/vonz/captures/*.jsonl")), ids=lambda path: path.stem
)
def test_the_state_can_be_handed_over_after_every_record_of_a_fixture(path: Path) -> None:
    records = list(read(path))
    _, whole = judged("vonz", records)
    checker = Checker(load("vonz"))
    for record in records:
        checker = carried(checker)
        checker.receive(record)
    assert checker.close() == whole


def test_a_live_monitor_needs_no_end() -> None:
    """Findings come at once; an early report of a copy says what holds so far."""
    checker = Checker(load("vonz"))
    for record in numbered(*BROKEN):
        checker.receive(record)
    early = carried(checker).close()
    assert result(early, "tool-call-answered-once") == ("failed", 0, 1, 0)
    assert checker.close() == early


def test_checkers_of_one_dialect_share_what_is_compiled_and_nothing_else() -> None:
    from wirecheck.check.tables import tables

    dialect = load("vonz")
    wire = tables(dialect, envelope="wire", closed=False)
    assert wire is tables(dialect, envelope="wire", closed=False)
    assert wire is not tables(dialect, envelope="wire", closed=True)
    copies = [replace(dialect) for _ in range(20)]
    made = [tables(copy, envelope="wire", closed=False) for copy in copies]
    assert [each.dialect is copy for each, copy in zip(made, copies, strict=True)] == [True] * 20
    assert tables(dialect, envelope="wire", closed=False) is not wire, "the oldest is forgotten"
    one, other = Checker(dialect), Checker(dialect)
    for record in numbered(*BROKEN):
        one.receive(record)
    assert [group.first.code for group in one.close().findings] == ["tool-call-answered-once"]
    assert other.close().findings == ()
