"""Steps that are taken by names alone do what `receive` does, beside the row too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from wirecheck import Checker, catalog
from wirecheck.capture import read
from wirecheck.capture.blocks import blocks
from wirecheck.check import memory, take

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

Counts = dict[str, tuple[int, int, int]]


def opening(url: str, conn: str = "c") -> str:
    return json.dumps({"conn": conn, "kind": "open", "url": url, "sees": ["client", "server"], "at": "server"}) + "\n"


def said(frame: dict[str, Any], sender: str = "server", conn: str = "c") -> str:
    return json.dumps({"conn": conn, "from": sender, "text": json.dumps(frame)}) + "\n"


def received(dialect: catalog.Dialect, raw: bytes) -> Checker:
    checker = Checker(dialect)
    for record in read(BytesIO(raw)):
        checker.receive(record)
    return checker


def taken(dialect: catalog.Dialect, raw: bytes) -> Checker:
    checker = Checker(dialect)
    for block in blocks(raw[start : start + 2_000] for start in range(0, len(raw), 2_000)):
        checker.take(block)
    return checker


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often frames were judged in each way: quickly, or step by step."""
    found: Counter[str] = Counter()
    quickly, stepped = take.Taker._quickly, take.Taker._stepped

    def counted_quickly(self: take.Taker, *given: Any) -> Any:
        step = quickly(self, *given)
        found["quick"] += step is not None
        return step

    def counted_stepped(self: take.Taker, *given: Any) -> bool:
        found["stepped"] += 1
        return stepped(self, *given)

    monkeypatch.setattr(take.Taker, "_quickly", counted_quickly)
    monkeypatch.setattr(take.Taker, "_stepped", counted_stepped)
    yield found


def judged(name: str, lines: Sequence[str], ways: Counter[str], *, quick: bool = True) -> Counts:
    """The counts of each guarantee, which are those of records received one by one; and `quick`, once it is known."""
    dialect, raw = replace(catalog.load(name)), "".join(lines).encode()  # with tables of its own
    careful = received(dialect, raw)
    met, topics, history = careful.met, careful._clients.topics, deepcopy(careful.history)
    expected = careful.close()
    for _ in range(3):
        ways.clear()
        checker = taken(dialect, raw)
        assert (checker.met, checker._clients.topics, checker.history) == (met, topics, history)
        assert checker.close() == expected
    if quick:
        assert not ways["stepped"] and ways["quick"]
    return {each.id: (each.held, each.broken, each.undecided) for each in expected.guarantees}


@pytest.mark.parametrize("name", catalog.dialects())
def test_traffic_without_faults_needs_nothing_else_once_it_is_known(name: str, ways: Counter[str]) -> None:
    dialect = replace(catalog.load(name))  # with tables of its own
    raw = b"".join(traffic.lines(name, 4_000, sessions=20))
    for _ in range(2):  # what is met again has a quick way
        taken(dialect, raw)
    ways.clear()
    assert taken(dialect, raw).close() == received(dialect, raw).close()
    assert not ways["stepped"]
    assert ways["quick"] > 800


STARTED = {"type": "session_started", "session_id": "s"}


@pytest.mark.parametrize(
    ("query", "conversation", "counts", "quick"),
    [
        ("", "k", (0, 0, 0), True),
        ("?conversation_id=k", "k", (1, 0, 0), True),
        ("?conversation_id=k", "other", (0, 1, 0), False),
    ],
)
def test_a_name_agrees_with_the_url_if_that_gives_one(
    query: str, conversation: str, counts: tuple[int, int, int], quick: bool, ways: Counter[str]
) -> None:
    lines = [opening("wss://host/text-stream" + query), said({**STARTED, "conversation_id": conversation})]
    assert judged("amigo", lines, ways, quick=quick)["resumed-conversation-agrees"] == counts


def test_each_thread_is_compared_with_its_own_url(ways: Counter[str]) -> None:
    """What one connection was told keeps no promise of another; nor does the next name on the same one."""
    lines = []
    for conn, thread in (("a", "t1"), ("b", "t2")):
        lines.append(opening(f"wss://host.example/ws/threads/{thread}", conn))
    for conn, thread in (("a", "t1"), ("b", "t2"), ("a", "t2"), ("b", "t2"), ("a", "t1")):
        names = {"thread_id": thread, "agent_id": "x", "workflow_id": "w"}
        lines.append(said({"event_type": "typing_started", **names}, conn=conn))
    assert judged("agent_platform", lines, ways, quick=False)["thread-agrees"] == (4, 1, 0)


def subscribed(*topics: Any, **more: Any) -> str:
    return said({"type": "subscribe", "data": {"events": list(topics), **more}}, "client")


def event(topic: str) -> str:
    return said({"type": "event", "data": {"eventType": topic, "agentId": "a"}})


def test_topics_that_are_subscribed_to_count_from_then_on(ways: Counter[str]) -> None:
    one, other = event("emotion_change"), event("memory_created")
    lines = [opening("ws://host:3001/ws"), subscribed("emotion_change"), one, one, other, one]
    lines += [subscribed("memory_created"), other, one, other, subscribed("emotion_change", "thought"), one, other]
    counts = judged("symindx", lines, ways, quick=False)["events-subscribed"]
    assert counts[0] == 8 and counts[1] + counts[2] == 1
    del lines[4]
    assert judged("symindx", lines, ways)["events-subscribed"] == (8, 0, 0)


@pytest.mark.parametrize(
    ("pieces", "whole", "counts"),
    [
        (["a", "é", "c"], "aéc", (1, 0, 0)),
        (["a", "é", "c"], "aé", (0, 1, 0)),
        (["a", "é", "c"], "aec", (0, 1, 0)),
        (["a"] * 64, "a" * 64, (1, 0, 0)),
        (["a"] * 64, "a" * 65, (0, 1, 0)),
        ([*["a"] * 64, "b"], "b", (0, 1, 0)),
        (["a"] * 200, "a" * 200, (1, 0, 0)),
        ([""], "", (1, 0, 0)),
    ],
)
def test_joined_texts_are_judged_alike(
    pieces: list[str], whole: str, counts: tuple[int, int, int], ways: Counter[str]
) -> None:
    names = {"agent_id": "a", "thread_id": "t"}
    call = {"thread_id": "t", "workflow_id": "w", "tool_call_id": "i", "tool_name": "n"}
    calls = (
        said({"event_type": "tool_call_started", **call, "preview": {}}),
        said({"event_type": "tool_call_completed", **call, "preview": "p"}),
    )
    begun = [opening("wss://host.example/ws/threads/t"), said({"event_type": "typing_started", **names})]
    told = [said({"event_type": "text_delta", **names, "content": piece}) for piece in pieces]
    done = [
        said({"event_type": "stream_end", **names}),
        said({"event_type": "message_completed", **names, "content": whole, "message_id": "m"}),
    ]
    before = said({"event_type": "text_delta", **names, "content": "before"})
    right = counts[0] > 0
    assert judged("agent_platform", [*begun, *told, *done], ways, quick=right)["final-text-agrees"] == counts
    # What was said before a call may be left out of the whole.
    lines = [*begun, before, *calls, *told, *done]
    assert judged("agent_platform", lines, ways, quick=False)["final-text-agrees"] == counts


def born(conn: str, session: str, **more: Any) -> list[str]:
    made = {"container_id": "c", "container_name": "n", "profile_id": "p"}
    return [
        said({"type": "session.start", "profile_id": "p", **more}, "client", conn),
        said({"type": "session.ready", "session_id": session, **made}, conn=conn),
    ]


@pytest.mark.parametrize(("prompt", "again"), [*product(({}, {"prompt": "x"}), (False, True))])
def test_sessions_begin_alike(prompt: dict[str, str], again: bool, ways: Counter[str]) -> None:
    """Two on one connection; and (`again`) one that another connection showed before."""
    url = "wss://app.vonz.io/v1/stream"
    lines = [opening(url, "a"), opening(url, "b"), *born("a", "s1", **prompt), *born("b", "s2")]
    lines += born("b", "s1" if again else "s3", **prompt)
    for conn, session in (("a", "s1"), ("b", "s2")):
        lines.append(said({"type": "session.turn", "session_id": session, "prompt": "x"}, "client", conn))
        lines.append(said({"type": "task:token", "session_id": session, "text": "x"}, conn=conn))
    judged("vonz", lines, ways, quick=False)


def test_digests_are_the_same_in_every_process() -> None:
    """Whatever a process makes of hashes of its own."""
    code = (
        "from wirecheck.check.memory import digest; "
        "print(digest(('b', 'a', 'gone'), {'a': {'y': 1, 'x': [1.0, None, 'é']}, 'b': '\\n', 'c': 2}))"
    )
    found = set()
    for seed in "01":
        ran = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        found.add(int(ran.stdout))
    assert found == {int.from_bytes('{"a":{"x":[1.0,null,"é"],"y":1},"b":"\\n"}'.encode(), "big") % memory.PRIME}
