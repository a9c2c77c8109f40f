"""Every example of the vendors' documents is a frame without a fault, or is broken in the document itself.

`data/documents/<dialect>.json` holds the examples as they stand there, to the byte: `section`, `from`, `text`, and
`broken` (why it is no JSON, or null). Where the document shows a program's call instead of a message, `sends` is the
message that it sends.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wirecheck import At, Checker, Closed, Message, Opened, dialects, load
from wirecheck.decode import Decoder

FOLDER = Path(__file__).parent / "data" / "documents"
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
EACH = [
    pytest.param(dialect, example, id=f"{dialect}-{number}-{example['section']}")
    for dialect, examples in EXAMPLES.items()
    for number, example in enumerate(examples, 1)
]
COUNTS = {"agent_platform": 5, "amigo": 17, "bondai": 9, "symindx": 18, "vonz": 17}
"""How many examples each document shows, counted by hand."""

SHOWN_NOWHERE = {
    "agent_platform": {
        "stream_end",
        "approval_pending",
        "approval_expired",
        "escalation_created",
        "conversation_started",
        "conversation_completed",
        "conversation_failed",
    },
    "amigo": {"error", "ping"},
    "bondai": set(),
    "symindx": {"ping"},
    "vonz": {"session.replay_end"},
}
"""Frames that a document names or describes without an example."""

REASONS = {
    "trailing comma": re.compile(r"(?:Expecting property name enclosed in double quotes|Illegal trailing comma)"),
    "ellipsis": re.compile(r"Expecting property name enclosed in double quotes"),
}


def sent(example: dict[str, Any]) -> str:
    return example.get("sends", example["text"])  # type: ignore[no-any-return]


def test_every_document_is_there_in_full() -> None:
    assert set(EXAMPLES) == set(dialects())
    assert {dialect: len(examples) for dialect, examples in EXAMPLES.items()} == COUNTS


@pytest.mark.parametrize(("dialect", "example"), EACH)
def test_an_example_is_a_frame_without_a_fault_or_named_as_broken(dialect: str, example: dict[str, Any]) -> None:
    decoder = Decoder(load(dialect), closed=True)
    decoded = decoder.explain(sent(example), example["from"])
    if example["broken"] is None:
        assert [(fault.code, fault.message) for fault in decoded.faults] == []
        assert decoded.variant is not None and decoded.variant.form.sender == example["from"]
        return
    assert [fault.code for fault in decoded.faults] == ["not-json"]
    (reason,) = [fault.message for fault in decoded.faults]
    assert REASONS[example["broken"]].match(reason)
    place = int(reason.rpartition(" ")[2])
    before, after = example["text"][:place].rstrip(), example["text"][place:].lstrip()
    if example["broken"] == "ellipsis":
        assert after.startswith("...")
    else:
        assert (before.endswith(",") and after.startswith("}")) or after.startswith(",")


@pytest.mark.parametrize(("dialect", "example"), EACH)
def test_what_a_document_broke_is_a_frame_once_it_is_mended(dialect: str, example: dict[str, Any]) -> None:
    mended = re.sub(r",(\s*})", r"\1", sent(example).replace("{ ... }", "{}"))
    decoded = Decoder(load(dialect), closed=True).explain(mended, example["from"])
    assert decoded.faults == () and decoded.variant is not None


@pytest.mark.parametrize("dialect", dialects())
def test_the_examples_show_every_frame_that_the_document_gives_an_example_of(dialect: str) -> None:
    decoder = Decoder(load(dialect))
    shown = set()
    for example in EXAMPLES[dialect]:
        mended = re.sub(r",(\s*})", r"\1", sent(example).replace("{ ... }", "{}"))
        variant = decoder.explain(mended, example["from"]).variant
        assert variant is not None
        shown.add(variant.form.key)
    assert set(load(dialect).frames) - shown == SHOWN_NOWHERE[dialect]


def test_a_programs_call_sends_what_it_says() -> None:
    """Quotes, comments and bare names apart, the message is the call's own text."""
    for example in EXAMPLES["symindx"]:
        if "sends" in example:
            call = re.sub(r"//[^\n]*|[\s'\"]", "", example["text"])
            assert call == re.sub(r"[\s\"]", "", example["sends"]), example["section"]


def test_the_example_session_passes_with_no_finding() -> None:
    """Both as it stands, and with the connection around it that its text describes."""
    session = [example for example in EXAMPLES["amigo"] if example["section"] == "Example Session"]
    for framed in (False, True):
        checker = Checker(load("amigo"), closed=True)
        found = []
        if framed:
            url = "wss://host/text-stream?tool_events=true"
            at = At(line=1, conn="1")
            sees: Any = frozenset({"client", "server"})
            found += checker.receive(Opened(at=at, url=url, sees=sees, vantage="server", exclusive=True))
        for number, example in enumerate(session, 2):
            at = At(line=number, conn="1")
            found += checker.receive(Message(at=at, sender=example["from"], body=example["text"]))
        if framed:
            found += checker.receive(Closed(at=At(line=99, conn="1"), code=1000, sender="server"))
        report = checker.close()
        assert found == [] and report.findings == ()
        assert {result.id for result in report.guarantees if result.verdict == "failed"} == set()
        if framed:
            held = {result.id for result in report.guarantees if result.verdict == "passed"}
            assert held == {
                "session-opens-first",
                "session-closes-last",
                "turn-closed-once",
                "final-message-once-a-turn",
                "final-message-inside-turn",
                "tool-call-answered-once",
                "tool-names-agree",
                "tool-frames-opted-in",
                "next-prompt-waits",
            }
            assert sum(result.undecided for result in report.guarantees) == 0
