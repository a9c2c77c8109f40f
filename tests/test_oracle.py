"""The streaming checker and the oracle, two readings of docs/verdicts.md, agree.

Law: the small transcripts state facts, their verdicts derived from the vendors' documents by hand; both judges are held
to them. On random traces neither judge is right by itself: what counts is that they never differ.
"""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

import pytest

from oracle import Judged, judge
from traces import shown, shrink, trace
from wirecheck import catalog
from wirecheck.catalog.model import Dialect
from wirecheck.check import Checker
from wirecheck.record import At, Closed, Message, Opened, Record
from wirecheck.verdict import LINES_KEPT

ORDINARY = 4_000
SOAK = 100_000

BOTH = {"sees": frozenset({"client", "server"})}


def judge_streaming(dialect: Dialect, records: list[Record]) -> dict[str, Judged]:
    """The same counts, from the streaming checker."""
    checker = Checker(dialect)
    for record in records:
        checker.receive(record)
    report = checker.close()
    lines: dict[str, list[int]] = {}
    for group in report.findings:
        if group.first.guarantee is not None:
            lines.setdefault(group.first.guarantee, []).extend(group.lines)
    judged = {}
    for result in report.guarantees:
        if result.verdict == "not_applicable":
            continue  # a side that nobody recorded: the report counts nothing
        broken = tuple(sorted(lines.get(result.id, ())))
        assert len(broken) == result.broken or result.broken > LINES_KEPT, (result, broken)
        judged[result.id] = Judged(held=result.held, broken=broken, undecided=result.undecided)
    return judged


def differences(dialect: Dialect, records: list[Record]) -> dict[str, tuple[Judged, Judged]]:
    """Guarantee to (oracle, checker) where they differ. Findings beyond those that a report keeps are not compared."""
    streamed = judge_streaming(dialect, records)
    return {
        name: (slow, streamed.get(name, Judged()))
        for name, slow in judge(dialect, records).items()
        if slow != streamed.get(name, Judged(held=slow.held, undecided=slow.undecided))
        and len(slow.broken) <= LINES_KEPT
    }


def agree_on_traces(name: str, first: int, count: int) -> None:
    dialect = catalog.load(name)
    for seed in range(first, first + count):
        records = trace(dialect, Random(f"{name}:{seed}"))
        differing = differences(dialect, records)
        if differing:
            guarantee = min(differing)

            def still(some: list[Record], which: str = guarantee) -> bool:
                return which in differences(dialect, some)

            small = shrink(records, still)
            slow, fast = differences(dialect, small)[guarantee]
            pytest.fail(
                f"{name}, trace {seed}: {guarantee}\n{shown(small)}\noracle:  {slow}\nchecker: {fast}\n"
                f"(differing in the whole trace: {sorted(differing)})",
                pytrace=False,
            )


@pytest.mark.no_cover
@pytest.mark.parametrize("name", catalog.dialects())
def test_checker_and_oracle_agree(name: str) -> None:
    agree_on_traces(name, 0, ORDINARY // len(catalog.dialects()))


@pytest.mark.soak
@pytest.mark.parametrize("name", catalog.dialects())
def test_checker_and_oracle_agree_at_length(name: str) -> None:
    agree_on_traces(name, int(os.environ.get("WIRECHECK_SEED", "0")) + ORDINARY, SOAK // len(catalog.dialects()))


# Facts. A transcript is a list of messages by sender; `opened` says what the recorder knew, None that it came late.


def transcript(*steps: Any, opened: dict[str, Any] | None = BOTH) -> list[Record]:
    """`("<", value)` from the server, `(">", value)` from the client, a text instead of a value as it is, and
    `("close", code, sender)`. With `opened` the first message is at line 2, without it at line 1."""
    records: list[Record] = []
    if opened is not None:
        records.append(Opened(at=At(line=1, conn="c"), **opened))
    for step in steps:
        at = At(line=len(records) + 1, conn="c")
        if step[0] == "close":
            records.append(Closed(at=at, code=step[1], sender=step[2]))
        else:
            body = step[1] if isinstance(step[1], str) else json.dumps(step[1])
            records.append(Message(at=at, sender="server" if step[0] == "<" else "client", body=body))
    return records


def _amigo() -> dict[str, Any]:
    return {
        "start": ("<", {"type": "session_started", "session_id": "s", "conversation_id": "v"}),
        "say": (">", {"text": "Hi"}),
        "final": ("<", {"type": "message", "role": "agent", "text": "Yes"}),
        "done": ("<", {"type": "response_complete"}),
        "dup": ("<", {"type": "response_complete", "duplicate": True}),
        "call": ("<", {"type": "tool_call_started", "tool_name": "t", "call_id": "1", "input": None}),
        "result": ("<", {"type": "tool_call_completed", "tool_name": "t", "call_id": "1", "result": ""}),
        "other": ("<", {"type": "tool_call_completed", "tool_name": "u", "call_id": "1", "result": ""}),
        "trouble": ("<", {"type": "error", "message": "m"}),
        "end": ("<", {"type": "session_ended", "reason": "completed"}),
        "stop": ("<", {"type": "session_ended", "reason": "stopped"}),
        "ping": ("<", {"type": "ping"}),
        "noise": ("<", "{"),
    }


def _vonz() -> dict[str, Any]:
    session = {"session_id": "s"}
    return {
        "prompt": (">", {"type": "session.turn", **session, "prompt": "p"}),
        "submit": (">", {"type": "task.submit", "mode": "session", "profile_id": "f", "prompt": "p"}),
        "begin": (">", {"type": "session.start", "profile_id": "f"}),
        "resume": (">", {"type": "session.resume", **session}),
        "ready": (
            "<",
            {"type": "session.ready", **session, "container_id": "c", "container_name": "n", "profile_id": "f"},
        ),
        "token": ("<", {"type": "task:token", **session, "text": "t"}),
        "use": ("<", {"type": "task:tool_use", **session, "tool": "Bash", "input": {}}),
        "result": ("<", {"type": "task:tool_result", **session, "tool": "Bash", "output": ""}),
        "ask": ("<", {"type": "task:tool_use", **session, "tool": "AskUserQuestion", "input": {"questions": []}}),
        "shown": ("<", {"type": "task:ask_user", **session, "task_id": "k", "questions": []}),
        "done": (
            "<",
            {"type": "turn.done", **session, "result_text": "", "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.1},
        ),
        "settled": ("<", {"type": "task:done", "task_id": "k", **session, "status": "completed"}),
        "failed": ("<", {"type": "task:failed", "task_id": "k", "error": "e"}),
        "replay": ("<", {"type": "session.replay_start", **session}),
        "over": ("<", {"type": "session.replay_end"}),
        "two": ("<", {"type": "turn.continuing", "continuation": 2, "max_continuations": 20}),
        "three": ("<", {"type": "turn.continuing", "continuation": 3, "max_continuations": 20}),
        "five": ("<", {"type": "turn.continuing", "continuation": 5, "max_continuations": 20}),
        "beyond": ("<", {"type": "turn.continuing", "continuation": 21, "max_continuations": 20}),
        "noise": ("<", "nonsense"),
        "second": (
            "<",
            {"type": "session.ready", "session_id": "z", "container_id": "c", "container_name": "n", "profile_id": "f"},
        ),
        "theirs": ("<", {"type": "task:token", "session_id": "z", "text": "t"}),
        "use-any": ("<", {"type": "task:tool_use", **session, "input": {}}),
        "use-whose": ("<", {"type": "task:tool_use", "tool": "Bash", "input": {}}),
        "done-whose": ("<", {"type": "turn.done", "result_text": ""}),
        "replay2": ("<", {"type": "session.replay_start", "session_id": "z"}),
    }


def _bondai() -> dict[str, Any]:
    def event(kind: str, **data: Any) -> tuple[str, dict[str, Any]]:
        return ("<", {"event": kind, "data": {"agent_id": "a", **data}})

    return {
        "agent": event("conversational_agent_started"),
        "gone": event("conversational_agent_completed"),
        "says": event("conversational_agent_message", message="m"),
        "task": event("task_agent_started"),
        "finished": event("task_agent_completed"),
        "step": event("task_agent_step_started"),
        "tool": event("task_agent_step_tool_selected", step={}),
        "stepped": ("<", {"event": "task_agent_step_completed", "data": {"step": {"agent_id": "a", "step": {}}}}),
    }


def _platform() -> dict[str, Any]:
    def event(kind: str, **payload: Any) -> tuple[str, dict[str, Any]]:
        return ("<", {"event_type": kind, **payload})

    who = {"agent_id": "a", "thread_id": "t"}
    call = {"thread_id": "t", "workflow_id": "w", "tool_call_id": "1", "tool_name": "f"}
    return {
        "started": event("conversation_started", workflow_id="w"),
        "completed": event("conversation_completed", workflow_id="w"),
        "typing": event("typing_started", **who, workflow_id="w"),
        "hel": event("text_delta", **who, content="Hel"),
        "lo": event("text_delta", **who, content="lo"),
        "end": event("stream_end", **who),
        "end-whose": event("stream_end"),
        "hello": event("message_completed", **who, message_id="m", content="Hello"),
        "just-lo": event("message_completed", **who, message_id="m", content="lo"),
        "call": event("tool_call_started", **call, preview={}),
        "result": event("tool_call_completed", **call),
        "pending": event("approval_pending", tool_call_id="1"),
        "expired": event("approval_expired", tool_call_id="1"),
        "expired-which": event("approval_expired"),
        "pending2": event("approval_pending", tool_call_id="2"),
        "elsewhere": event("text_delta", agent_id="a", thread_id="other", content="x"),
    }


def _symindx() -> dict[str, Any]:
    said = {"response": "r", "agentId": "n", "emotion": "e"}
    result = {"commandId": "c", "status": "completed", "result": {}, "executionTime": 1}
    return {
        "chat": (">", {"type": "chat", "id": "1", "data": {"message": "m"}}),
        "chat2": (">", {"type": "chat", "id": "2", "data": {"message": "m"}}),
        "batch": (
            ">",
            {
                "type": "batch",
                "data": {
                    "messages": [
                        {"type": "chat", "data": {"message": "m"}},
                        {"type": "command", "data": {"instruction": "i"}},
                    ]
                },
            },
        ),
        "said": ("<", {"type": "chat_response", "id": "1", "data": said}),
        "said2": ("<", {"type": "chat_response", "id": "2", "data": said}),
        "said3": ("<", {"type": "chat_response", "id": "3", "data": said}),
        "result": ("<", {"type": "command_result", "data": result}),
        "trouble": ("<", {"type": "error", "data": {"code": "X", "message": "m", "details": "d"}}),
        "topics": (">", {"type": "subscribe", "data": {"events": ["x"]}}),
        "stream": (">", {"type": "subscribe", "data": {"stream": "thoughts"}}),
        "event": ("<", {"type": "event", "data": {"eventType": "x", "agentId": "n"}}),
        "event2": ("<", {"type": "event", "data": {"eventType": "y", "agentId": "n"}}),
        "ping": ("<", {"type": "ping"}),
        "pong": (">", {"type": "pong"}),
    }


WORDS = {"agent_platform": _platform(), "amigo": _amigo(), "bondai": _bondai(), "symindx": _symindx(), "vonz": _vonz()}
CLEAN = ("close", 1000, "server")
ALONE = {**BOTH, "exclusive": True}
THREAD = {**BOTH, "url": "wss://agent-platform.example.com/ws/threads/t"}

# Dialect, what is so, the transcript in the dialect's words, what the recorder knew, the guarantee, and its held,
# broken and undecided.
FACTS: tuple[tuple[str, str, str, dict[str, Any] | None, str, tuple[int, tuple[int, ...], int]], ...] = (
    ("amigo", "session_started is the first frame", "start say final done", BOTH, "session-opens-first", (1, (), 0)),
    ("amigo", "a ping before session_started is too early", "ping start", BOTH, "session-opens-first", (0, (2,), 0)),
    ("amigo", "a recorder that came late cannot say what was first", "ping", None, "session-opens-first", (0, (), 1)),
    ("amigo", "a turn after session_ended is too late", "start end final", BOTH, "session-closes-last", (0, (4,), 0)),
    ("amigo", "the end of the session is its last frame", "start end CLOSE", BOTH, "session-closes-last", (1, (), 0)),
    ("amigo", "a keepalive may follow the end", "start end ping CLOSE", BOTH, "session-closes-last", (1, (), 0)),
    ("amigo", "an answered message is a turn", "start say final done", BOTH, "turn-closed-once", (1, (), 0)),
    ("amigo", "a message unanswered at a complete end", "start say final end", BOTH, "turn-closed-once", (0, (3,), 0)),
    (
        "amigo",
        "a session that was stopped may leave a turn open",
        "start say stop",
        BOTH,
        "turn-closed-once",
        (0, (), 1),
    ),
    (
        "amigo",
        "a turn holds one message",
        "start say final final done",
        BOTH,
        "final-message-once-a-turn",
        (0, (5,), 0),
    ),
    ("amigo", "a turn without its message", "start say done", BOTH, "final-message-once-a-turn", (0, (3,), 0)),
    ("amigo", "a duplicate has no message", "start say dup", BOTH, "final-message-once-a-turn", (1, (), 0)),
    ("amigo", "an error excuses the message", "start say trouble done", BOTH, "final-message-once-a-turn", (1, (), 0)),
    ("amigo", "a call and its result", "start say call result final done", BOTH, "tool-call-answered-once", (1, (), 0)),
    ("amigo", "a result twice", "start say call result result", BOTH, "tool-call-answered-once", (1, (6,), 0)),
    ("amigo", "a result that nobody called for", "start say result", BOTH, "tool-call-answered-once", (0, (4,), 0)),
    ("amigo", "a result whose call may lie before the capture", "result", None, "tool-call-answered-once", (0, (), 1)),
    (
        "amigo",
        "a call open at the end of the session",
        "start say call done end",
        BOTH,
        "tool-call-answered-once",
        (0, (4,), 0),
    ),
    ("amigo", "a call open where the capture was cut", "start say call", BOTH, "tool-call-answered-once", (0, (), 1)),
    ("amigo", "a result of another tool", "start say call other", BOTH, "tool-names-agree", (0, (5,), 0)),
    (
        "amigo",
        "what cannot be read may have been the result",
        "start say call noise end",
        BOTH,
        "tool-call-answered-once",
        (0, (), 1),
    ),
    (
        "amigo",
        "tool frames on a connection that did not ask",
        "call",
        {"url": "ws://h/"},
        "tool-frames-opted-in",
        (0, (2,), 0),
    ),
    (
        "amigo",
        "tool frames on a connection that asked",
        "call result",
        {"url": "ws://h/?tool_events=true"},
        "tool-frames-opted-in",
        (2, (), 0),
    ),
    ("amigo", "tool frames on an unknown URL", "call", {}, "tool-frames-opted-in", (0, (), 1)),
    (
        "amigo",
        "another conversation than asked for",
        "start",
        {"url": "ws://h/?conversation_id=w"},
        "resumed-conversation-agrees",
        (0, (2,), 0),
    ),
    ("amigo", "a second message does not wait", "start say say", BOTH, "next-prompt-waits", (1, (4,), 0)),
    (
        "amigo",
        "after response_complete the client may speak",
        "start say final done say",
        BOTH,
        "next-prompt-waits",
        (2, (), 0),
    ),
    (
        "bondai",
        "steps and their ends",
        "task step tool stepped step stepped finished",
        BOTH,
        "steps-bracketed",
        (2, (), 0),
    ),
    (
        "bondai",
        "a step still open when its task is finished",
        "task step finished",
        BOTH,
        "steps-bracketed",
        (0, (3,), 0),
    ),
    ("bondai", "a step that begins while one is open", "task step step stepped", BOTH, "steps-bracketed", (1, (3,), 0)),
    ("bondai", "a tool between steps", "task step stepped tool", BOTH, "step-tool-inside-step", (0, (5,), 0)),
    ("bondai", "a step after the end of its task", "task finished step", BOTH, "steps-inside-task", (0, (4,), 0)),
    (
        "bondai",
        "a step of a task that began before anybody listened",
        "step stepped",
        BOTH,
        "steps-inside-task",
        (0, (), 1),
    ),
    ("bondai", "a task that finishes twice", "task finished finished", BOTH, "tasks-bracketed", (1, (4,), 0)),
    ("bondai", "an agent that started before anybody listened", "says gone", BOTH, "agents-bracketed", (0, (), 1)),
    ("bondai", "news of an agent that has completed", "agent gone says", BOTH, "session-closes-last", (0, (4,), 0)),
    ("agent_platform", "text of an answer that has ended", "typing hel end lo", BOTH, "text-inside-turn", (1, (5,), 0)),
    ("agent_platform", "text of an answer that began before", "hel end", BOTH, "text-inside-turn", (0, (), 1)),
    ("agent_platform", "the pieces are the message", "typing hel lo end hello", BOTH, "final-text-agrees", (1, (), 0)),
    ("agent_platform", "a piece is missing", "typing hel end hello", BOTH, "final-text-agrees", (0, (5,), 0)),
    (
        "agent_platform",
        "pieces may have come before the capture",
        "lo end hello",
        BOTH,
        "final-text-agrees",
        (0, (), 1),
    ),
    (
        "agent_platform",
        "the message holds what came after the tool call",
        "typing hel call result lo end just-lo",
        BOTH,
        "final-text-agrees",
        (1, (), 0),
    ),
    (
        "agent_platform",
        "the message before the end of the stream",
        "typing hel hello end",
        BOTH,
        "final-message-after-stream",
        (0, (4,), 0),
    ),
    ("agent_platform", "an approval that expires", "call pending expired", BOTH, "approval-settled", (1, (), 0)),
    (
        "agent_platform",
        "an expiry may stand for the result",
        "call pending expired completed",
        BOTH,
        "tool-call-answered-once",
        (0, (), 1),
    ),
    ("agent_platform", "a frame of another thread", "hel elsewhere", THREAD, "thread-agrees", (1, (3,), 0)),
    ("symindx", "a request and its answer", "chat said", BOTH, "request-answered", (1, (), 0)),
    (
        "symindx",
        "answers in another order, told apart by their ids",
        "chat chat2 said2 said",
        BOTH,
        "id-echoed",
        (2, (), 0),
    ),
    ("symindx", "an answer with an id that nobody sent", "chat said3", BOTH, "id-echoed", (0, (3,), 0)),
    ("symindx", "an answer twice", "chat said said", BOTH, "request-answered", (1, (4,), 0)),
    ("symindx", "each message of a batch is answered", "batch result said", BOTH, "request-answered", (2, (), 0)),
    (
        "symindx",
        "an error without an id may answer any request",
        "chat chat2 trouble said",
        BOTH,
        "request-answered",
        (1, (), 1),
    ),
    ("symindx", "an event of a topic", "topics event event2", BOTH, "events-subscribed", (1, (4,), 0)),
    ("symindx", "a stream does not say its topics", "stream event", BOTH, "events-subscribed", (0, (), 1)),
    ("symindx", "a pong too many", "ping pong pong", BOTH, "ping-answered", (1, (4,), 0)),
    ("vonz", "a token before turn.done", "prompt token done", BOTH, "text-inside-turn", (1, (), 0)),
    (
        "vonz",
        "a token after turn.done, and nobody else could have prompted",
        "begin ready prompt token done token CLOSE",
        {**BOTH, "exclusive": True},
        "text-inside-turn",
        (1, (7,), 0),
    ),
    ("vonz", "text without a prompt on this connection", "token", BOTH, "text-inside-turn", (0, (), 1)),
    (
        "vonz",
        "no client was recorded",
        "token done token",
        {"sees": frozenset({"server"})},
        "text-inside-turn",
        (0, (), 2),
    ),
    (
        "vonz",
        "two calls of one tool, two results",
        "prompt use use result result done",
        BOTH,
        "tool-call-answered-once",
        (2, (), 0),
    ),
    ("vonz", "a call without a result", "prompt use done", BOTH, "tool-call-answered-once", (0, (3,), 0)),
    (
        "vonz",
        "a result too many",
        "begin ready prompt use result result",
        BOTH,
        "tool-call-answered-once",
        (1, (7,), 0),
    ),
    ("vonz", "task:failed may answer a call", "prompt use failed done", BOTH, "tool-call-answered-once", (0, (), 1)),
    ("vonz", "a question waits for a person", "prompt ask shown done", BOTH, "tool-call-answered-once", (0, (), 1)),
    ("vonz", "the flattened question comes first", "prompt shown ask done", BOTH, "question-flattened", (1, (), 0)),
    (
        "vonz",
        "a question that is not flattened",
        "begin ready prompt ask done",
        BOTH,
        "question-flattened",
        (0, (5,), 0),
    ),
    (
        "vonz",
        "its flattened form may have come to another connection, before this one joined",
        "prompt ask done",
        BOTH,
        "question-flattened",
        (0, (), 1),
    ),
    ("vonz", "the end of the task comes first", "prompt settled done", BOTH, "turn-and-task-end-together", (1, (), 0)),
    (
        "vonz",
        "a request to resume is answered by a replay",
        "resume replay over",
        BOTH,
        "replay-answers-resume",
        (1, (), 0),
    ),
    ("vonz", "a replay that nobody asked for", "replay over", BOTH, "replay-answers-resume", (0, (2,), 0)),
    ("vonz", "a replay that ends twice", "resume replay over over", BOTH, "replay-bracketed", (1, (5,), 0)),
    ("vonz", "text before the replay", "resume token replay over", BOTH, "replay-comes-first", (0, (3,), 0)),
    (
        "vonz",
        "what was under way when the client asked",
        "prompt token resume token replay",
        BOTH,
        "replay-comes-first",
        (0, (), 1),
    ),
    (
        "vonz",
        "what was under way, and the recorder sat at the server",
        "prompt token resume token replay",
        {**BOTH, "vantage": "server"},
        "replay-comes-first",
        (0, (5,), 0),
    ),
    (
        "vonz",
        "a call in the history, its result live",
        "resume replay use over result",
        BOTH,
        "tool-call-answered-once",
        (1, (), 0),
    ),
    ("vonz", "two such calls", "resume replay use use over result result", BOTH, "tool-call-answered-once", (2, (), 0)),
    (
        "vonz",
        "a result too many in the history",
        "begin ready resume replay done use result result over",
        BOTH,
        "tool-call-answered-once",
        (1, (9,), 0),
    ),
    ("vonz", "a request that creates a session", "begin ready", BOTH, "session-ready-answers", (1, (), 0)),
    ("vonz", "a session that nobody asked for", "ready", BOTH, "session-ready-answers", (0, (2,), 0)),
    (
        "vonz",
        "a submission learns its session from the answer",
        "submit ready token done",
        BOTH,
        "text-inside-turn",
        (1, (), 0),
    ),
    ("vonz", "one by one", "prompt two three", BOTH, "continuation-counts", (2, (), 0)),
    ("vonz", "one left out", "prompt two three five", BOTH, "continuation-counts", (2, (5,), 0)),
    ("vonz", "above the bound", "prompt beyond", BOTH, "continuation-counts", (0, (3,), 0)),
    # Whose end it is, where the capture does not say.
    (
        "vonz",
        "a client that nobody recorded may have cancelled the call",
        "use done",
        {"sees": frozenset({"server"})},
        "tool-call-answered-once",
        (0, (), 1),
    ),
    (
        "vonz",
        "a turn of another client would have shown itself",
        "begin ready prompt done done",
        BOTH,
        "turn-closed-once",
        (1, (6,), 0),
    ),
    ("vonz", "nobody else could have", "begin ready prompt done done", ALONE, "turn-closed-once", (1, (6,), 0)),
    (
        "vonz",
        "a call that does not name its tool",
        "prompt use-any result",
        BOTH,
        "tool-call-answered-once",
        (0, (), 1),
    ),
    ("agent_platform", "an end that does not say of what", "typing end-whose", BOTH, "turn-closed-once", (1, (), 0)),
    (
        "agent_platform",
        "what ends may have begun before the capture",
        "typing end-whose",
        None,
        "turn-closed-once",
        (0, (), 1),
    ),
    (
        "agent_platform",
        "another call was named, and may have been waiting for approval",
        "call pending2 expired-which",
        BOTH,
        "approval-settled",
        (0, (), 1),
    ),
    (
        "agent_platform",
        "only the call that waits for approval was named",
        "call pending expired-which",
        BOTH,
        "approval-settled",
        (1, (), 0),
    ),
    ("symindx", "an answer to a request before the capture", "chat said3", None, "request-answered", (0, (), 1)),
    # Deadlines.
    (
        "bondai",
        "a task whose beginning was not seen may be another one",
        "step finished",
        None,
        "steps-bracketed",
        (0, (), 1),
    ),
    ("bondai", "a task that was seen from its beginning", "task step finished", None, "steps-bracketed", (0, (2,), 0)),
    # Several spans at once.
    (
        "amigo",
        "two messages of the user at once: nobody can tell which is answered",
        "start say say final done",
        BOTH,
        "final-message-once-a-turn",
        (0, (), 1),
    ),
    ("vonz", "two requests at once", "resume resume token replay", BOTH, "replay-comes-first", (1, (), 1)),
    (
        "vonz",
        "a count that may be another session's",
        "prompt two theirs three",
        BOTH,
        "continuation-counts",
        (1, (), 1),
    ),
    (
        "vonz",
        "a continuation that names nothing lies in the only turn",
        "begin ready prompt two done token CLOSE",
        ALONE,
        "text-inside-turn",
        (0, (7,), 0),
    ),
    (
        "vonz",
        "an end that does not say whose: others may have prompted either session",
        "begin ready begin second token theirs done-whose CLOSE",
        ALONE,
        "text-inside-turn",
        (0, (), 2),
    ),
    # Either order.
    (
        "vonz",
        "an end of turn without the end of its task",
        "begin ready prompt done prompt done",
        BOTH,
        "turn-and-task-end-together",
        (0, (5,), 1),
    ),
    (
        "vonz",
        "what failed may have been that task",
        "begin ready prompt failed done prompt done",
        BOTH,
        "turn-and-task-end-together",
        (0, (), 2),
    ),
    (
        "vonz",
        "what cannot be read may have been its end",
        "begin ready prompt noise done prompt done",
        BOTH,
        "turn-and-task-end-together",
        (0, (), 2),
    ),
    # Blurs and edges.
    ("amigo", "what cannot be read may have been first", "noise ping start", BOTH, "session-opens-first", (0, (), 1)),
    ("amigo", "and what came after an end", "start end noise start", BOTH, "session-opens-first", (1, (), 1)),
    # Texts.
    (
        "agent_platform",
        "the message holds all pieces, also those before the tool call",
        "typing hel call result lo end hello",
        BOTH,
        "final-text-agrees",
        (1, (), 0),
    ),
    (
        "agent_platform",
        "a call and no piece after it: the message may hold what no piece brought",
        "typing hel call result end just-lo",
        BOTH,
        "final-text-agrees",
        (0, (), 0),
    ),
    # Replays.
    (
        "vonz",
        "a call in the history that does not name its session",
        "begin ready resume replay done use-whose result over",
        ALONE,
        "tool-call-answered-once",
        (0, (), 1),
    ),
    (
        "vonz",
        "two replays, and an end that does not say of which: what follows may be history",
        "begin ready begin second resume replay replay2 over prompt use done",
        ALONE,
        "tool-call-answered-once",
        (0, (), 0),
    ),
    (
        "vonz",
        "a bound that is passed, perhaps in the history",
        "resume replay beyond",
        BOTH,
        "continuation-counts",
        (0, (), 1),
    ),
    ("vonz", "refused, closed with 4001", "CLOSE4001", {**BOTH, "auth": "bad"}, "auth-failure-closes", (1, (), 0)),
    ("vonz", "refused, closed otherwise", "CLOSE", {**BOTH, "auth": "missing"}, "auth-failure-closes", (0, (2,), 0)),
)


def said(dialect: str, words: str, opened: dict[str, Any] | None) -> list[Record]:
    closes = {"CLOSE": CLEAN, "CLOSE4001": ("close", 4001, "server")}
    return transcript(*[closes.get(word) or WORDS[dialect][word] for word in words.split()], opened=opened)


@pytest.mark.parametrize("judges", [judge, judge_streaming], ids=["oracle", "checker"])
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact[0]}: {fact[1]}")
def test_facts(fact: tuple[Any, ...], judges: Any) -> None:
    name, _, words, opened, guarantee, (held, broken, undecided) = fact
    judged = judges(catalog.load(name), said(name, words, opened))
    assert judged[guarantee] == Judged(held=held, broken=broken, undecided=undecided)


def test_traces_are_drawn_from_their_seed() -> None:
    dialect = catalog.load("vonz")
    assert trace(dialect, Random(3)) == trace(dialect, Random(3))


def test_shrink_leaves_what_matters() -> None:
    noise = [WORDS["vonz"][word] for word in ("prompt", "token", "done", "settled", "prompt", "use", "result", "done")]
    records = transcript(*noise, WORDS["vonz"]["begin"], *noise)

    def disagree(some: list[Record]) -> bool:
        return any(isinstance(one, Message) and "session.start" in str(one.body) for one in some)

    small = shrink(records, disagree)
    assert shown(small) == '  1 c -> {"type": "session.start"}'
