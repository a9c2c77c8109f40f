"""The reference server gives no end to what never began, whatever a client asks for; what a fuzzer made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wirecheck import load
from wirecheck.scenario.arrival import Arrival
from wirecheck.scenario.conversations import Visitor
from wirecheck.scenario.due import MOST, Due, Dues
from wirecheck.scenario.outgoing import outgoing
from wirecheck.scenario.plan import Outgoing
from wirecheck.scenario.stage import Answer, Stage


def arrived(dialect: str) -> tuple[Stage, Visitor]:
    stage = Stage(load(dialect))
    guest, _ = stage.opened(Arrival(params={}))
    return stage, guest


def said(answer: Answer | None) -> list[Any]:
    frames = () if answer is None else answer.reaction.actions
    return [dict(frame.message) for frame in frames if isinstance(frame, Outgoing)]


def told(stage: Stage, guest: Visitor, **message: Any) -> list[Any]:
    return said(stage.heard(guest, json.dumps(message)).answer)


def tags(frames: list[Any]) -> list[str]:
    return [frame.get("type", frame.get("event")) for frame in frames]


def test_an_answer_to_what_nobody_asked_gets_nothing() -> None:
    stage, guest = arrived("vonz")
    answer = {"type": "task.answer", "task_id": "task_1", "answer": "yes"}
    assert told(stage, guest, **answer) == []
    prompt = stage.variables["question_prompt"]
    asked = told(stage, guest, type="session.turn", session_id="sess_1", prompt=prompt)
    assert tags(asked) == ["task:token", "task:tool_use", "task:ask_user"]
    answer["task_id"] = asked[-1]["task_id"]
    assert tags(told(stage, guest, **answer))[-2:] == ["turn.done", "task:done"]
    assert told(stage, guest, **answer) == []


def test_what_has_ended_is_not_cancelled() -> None:
    stage, guest = arrived("vonz")
    assert told(stage, guest, type="task.cancel", task_id="task_1") == []
    told(stage, guest, type="session.turn", session_id="sess_1", prompt=stage.variables["question_prompt"])
    assert tags(told(stage, guest, type="task.cancel", task_id="task_1")) == ["turn.done", "task:done"]
    assert told(stage, guest, type="task.cancel", task_id="task_1") == []


def test_an_agent_completes_once() -> None:
    stage, guest = arrived("bondai")
    ends = []
    for _ in range(6):
        for text in (stage.variables["task"], stage.variables["exit"]):
            ends += tags(told(stage, guest, event="user_message", data={"message": text}))
    assert ends.count("conversational_agent_completed") == 1


@pytest.mark.parametrize(
    ("items", "answers"),
    [
        ([], []),
        ([{"type": "pong"}], []),
        ([{"type": "chat", "data": {"message": "x"}}], ["chat_response"]),
        ([{"type": "command", "data": {"instruction": "x"}}], ["command_result"]),
        ([{"type": "chat"}, 3], []),
    ],
)
def test_a_batch_is_answered_by_what_is_in_it(items: list[Any], answers: list[str]) -> None:
    stage, guest = arrived("symindx")
    assert tags(told(stage, guest, type="batch", data={"messages": items})) == answers


def test_events_come_of_topics_that_were_subscribed_to_or_of_any_where_nobody_knows() -> None:
    stage, guest = arrived("symindx")
    assert told(stage, guest, type="subscribe", data={"events": []}) == []
    assert told(stage, guest, type="subscribe", data={"events": ["memory_update"], "stream": "thoughts"}) == []
    other, visitor = arrived("symindx")
    stream = {"stream": "thoughts", "agentId": "nyx", "filter": {"minImportance": 0.4}}
    (event,) = told(other, visitor, type="subscribe", data=stream)
    assert event["data"]["eventType"] == "thought"


@pytest.mark.parametrize(("id", "echoed"), [("x", True), (1, False), (True, False), ("\ud800", False), ([], False)])
def test_an_id_that_no_frame_may_carry_is_not_repeated(id: Any, echoed: bool) -> None:
    stage, guest = arrived("symindx")
    (answer,) = told(stage, guest, type="chat", id=id, data={"message": "x"})
    assert (answer.get("id") == id) is echoed


def test_what_is_open_is_remembered_within_bounds() -> None:
    dialect = load("symindx")
    dues, due = Dues(dialect), Due()
    chat = outgoing(dialect, dialect.frames["chat"], {"type": "chat", "data": {"message": "x"}})
    topics = {"type": "subscribe", "data": {"events": [str(number) for number in range(2 * MOST)]}}
    dues.heard(due, [chat] * (2 * MOST))
    dues.heard(due, [outgoing(dialect, dialect.frames["subscribe"], topics)])
    assert (len(due.spans), len(due.topics)) == (MOST, MOST)
    assert str(2 * MOST - 1) in due.topics and "0" not in due.topics
