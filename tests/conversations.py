"""Valid conversations of the five protocols, drawn at random.

Law: everything here follows from the vendors' documents. It knows no guarantee and never asks the checker, so that
a finding on a conversation from here is a false alarm until the document says otherwise.

`conversation(name, rng)` returns the records of one capture. One function a protocol draws what is said; `vary` then
makes a capture of it: cut at its ends, one side only, extra fields, several spellings of the same JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import quote

from wirecheck.catalog.model import Sender
from wirecheck.record import At, Closed, Message, Opened, Record, Vantage

Step = tuple[Sender, dict[str, Any]]
"""One message: who sends it, and its JSON value."""

PIECES = (
    "Hello ",
    "Grüße, ",
    "日本語",
    "🙂🙃",
    "e\u0301",
    'a "quoted" word',
    "line\nbreak",
    "\u2028",
    " ",
    "naïve",
    "0",
    "{}",
)
TOOLS = ("Bash", "Read", "search", "läsa")


@dataclass(slots=True, kw_only=True)
class Line:
    """One connection's script. `clean` says that nobody owes anything at its end; `crossed` that frames passed each
    other under way, which a recorder at the server would not have seen so; `shared` that others take part."""

    conn: str
    url: str | None
    steps: list[Step] = field(default_factory=list)
    clean: bool = True
    crossed: bool = False
    shared: bool = False
    auth: Any = None
    code: int | None = None


def conversation(dialect: str, rng: Random) -> list[Record]:
    """The records of one valid capture of the dialect, one to three connections, some dozens of frames."""
    acts = [TALKS[dialect](rng, number) for number in range(rng.choice((1, 1, 1, 2)))]
    return vary(rng, dialect, acts)


# Small words.


def client(**message: Any) -> Step:
    return ("client", message)


def server(**message: Any) -> Step:
    return ("server", message)


def chance(rng: Random, probability: float) -> bool:
    return rng.random() < probability


def text(rng: Random, most: int = 4) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, most)))


def merge(rng: Random, *threads: Sequence[Any]) -> list[Any]:
    """The threads' steps in one order that keeps each thread's own."""
    left = [list(thread) for thread in threads if thread]
    merged = []
    while left:
        thread = rng.choice(left)
        merged.append(thread.pop(0))
        left = [thread for thread in left if thread]
    return merged


def sprinkle(rng: Random, steps: list[Step], extra: Callable[[], Step], rate: float, first: int = 0) -> list[Step]:
    """Put extra messages between the steps, not before position `first`."""
    sprinkled: list[Step] = []
    for place, step in enumerate(steps):
        if place >= first and chance(rng, rate):
            sprinkled.append(extra())
        sprinkled.append(step)
    return sprinkled


def parallel(rng: Random, pairs: list[tuple[Step, Step]]) -> list[Step]:
    return merge(rng, *[list(pair) for pair in pairs])


# Amigo's text stream.


def amigo(rng: Random, number: int) -> list[Line]:
    asked = chance(rng, 0.5)
    tools = chance(rng, 0.7)
    conversation_id = f"conv {number}/ä" if chance(rng, 0.2) else f"conv_{number}"
    params = [f"conversation_id={quote(conversation_id, safe='')}"] if asked else []
    params += ["tool_events=true"] if tools else rng.choice(([], ["tool_events=false"]))
    line = Line(
        conn=f"c{number}", url="wss://api.example.com/v1/text-stream" + ("?" + "&".join(params) if params else "")
    )
    steps = [server(type="session_started", session_id=f"ss_{number}", conversation_id=conversation_id)]
    if chance(rng, 0.2):  # a greeting, or the rest of a turn that an earlier connection prompted
        steps += _amigo_turn(rng, number, 0, tools)
    for turn in range(1, rng.randint(1, 5)):
        steps.append(client(text=text(rng)))
        steps += _amigo_turn(rng, number, turn, tools)
    ended = rng.random()
    if ended < 0.3:
        steps.append(server(type="session_ended", reason="completed"))
    elif ended < 0.5:
        # Cut short: the last prompt may stay without its answer, and so may a call.
        if chance(rng, 0.6):
            steps.append(client(text=text(rng)))
            steps += _amigo_turn(rng, number, 9, tools)[: rng.randint(0, 3)]
        steps.append(server(type="session_ended", reason=rng.choice(("stopped", "escalated", "disconnected", "other"))))
    if ended < 0.5 and chance(rng, 0.1):
        steps.append(server(type="ping"))
    last = len(steps) if ended >= 0.5 else len(steps) - 2
    steps[1:last] = sprinkle(rng, steps[1:last], lambda: _amigo_aside(rng), 0.1)
    line.steps = steps
    return [line]


def _amigo_aside(rng: Random) -> Step:
    return rng.choice(
        (
            server(type="ping"),
            server(type="typing"),
            server(type="agent_mood", mood="calm"),
            server(type="usage", tokens=3),
        )
    )


def _amigo_turn(rng: Random, number: int, turn: int, tools: bool) -> list[Step]:
    steps: list[Step] = [server(type="typing")] if chance(rng, 0.7) else []
    if chance(rng, 0.08):  # the same message once more: nothing is said again
        return [*steps, server(type="response_complete", duplicate=True)]
    if tools:
        calls: list[tuple[Step, Step]] = []
        for index in range(rng.choice((0, 0, 1, 2, 3))):
            name, call = rng.choice(TOOLS), f"tc_{number}_{turn}_{index}"
            value: Any = rng.choice(({"q": text(rng)}, text(rng), None))
            done: dict[str, Any] = {
                "type": "tool_call_completed",
                "tool_name": name,
                "call_id": call,
                "result": text(rng),
            }
            if chance(rng, 0.7):
                done["succeeded"] = rng.choice((True, False))
            calls.append((server(type="tool_call_started", tool_name=name, call_id=call, input=value), server(**done)))
        steps += parallel(rng, calls)
    way = rng.random()
    end: dict[str, Any] = {"type": "response_complete"}
    if chance(rng, 0.7):
        end["duplicate"] = False
    final = server(type="message", role="agent", text=text(rng))
    if way < 0.2:
        trouble = server(type="error", message=text(rng))
        return rng.choice(
            (
                [*steps, trouble, final, ("server", end)],
                [*steps, trouble, ("server", end)],
                [*steps, final, trouble, ("server", end)],
                [*steps, trouble],
            )
        )
    return [*steps, final, ("server", end)]


# Agent Platform's thread events.


def agent_platform(rng: Random, number: int) -> list[Line]:
    thread = f"thread-{number}"
    flows = [_workflow(rng, thread, f"agent-conv-{number}-{index}") for index in range(rng.randint(1, 2))]
    url = f"wss://agent-platform.example.com/ws/threads/{thread}"
    line = Line(conn=f"p{number}", url=url if chance(rng, 0.8) else None)
    together = chance(rng, 0.1)  # an agent escalates to another, whose workflow runs beside the first
    line.steps = merge(rng, *flows) if together else [step for flow in flows for step in flow]
    return [line]


def _event(kind: str, thread: str, **payload: Any) -> Step:
    return server(event_type=kind, thread_id=thread, **payload)


def _bare(rng: Random, kind: str, **payload: Any) -> Step:
    """A frame whose payload the document does not show: with all names, or with none."""
    return server(event_type=kind, **(payload if chance(rng, 0.7) else {}))


def _workflow(rng: Random, thread: str, workflow: str) -> list[Step]:
    agents = [f"{workflow}/{name}" for name in rng.sample(("triage", "billing", "ärende"), rng.choice((1, 1, 2)))]
    named = chance(rng, 0.7)
    about = {"thread_id": thread, "workflow_id": workflow} if named else {}
    steps = [server(event_type="conversation_started", **about)] if chance(rng, 0.8) else []
    calls = iter(f"call_{workflow}_{index}" for index in range(99))
    for _ in range(rng.randint(1, 3)):
        if len(agents) > 1 and chance(rng, 0.3):
            steps += merge(rng, *[_answer(rng, thread, workflow, agent, calls, alone=False) for agent in agents])
        else:
            steps += _answer(rng, thread, workflow, rng.choice(agents), calls, alone=True)
        if chance(rng, 0.1):
            steps.append(_bare(rng, "escalation_created", thread_id=thread, workflow_id=workflow))
    end = rng.random()
    if end < 0.5:
        steps.append(server(event_type="conversation_completed", **about))
    elif end < 0.7:
        steps = steps[: rng.randint(1, len(steps))]
        steps.append(server(event_type="conversation_failed", **about))
    return steps


def _answer(rng: Random, thread: str, workflow: str, agent: str, calls: Iterator[str], *, alone: bool) -> list[Step]:
    """One answer: text, tool calls between the text, the end of the stream, the message as it was saved."""
    steps = [_event("typing_started", thread, agent_id=agent, workflow_id=workflow)]
    said: list[str] = []
    for _ in range(rng.randint(0, 4)):
        if chance(rng, 0.65):
            said.append(text(rng, 2))
            steps.append(_event("text_delta", thread, agent_id=agent, content=said[-1]))
        else:
            said = []
            chosen = [next(calls) for _ in range(rng.randint(1, 2))]
            steps += merge(rng, *[_platform_call(rng, thread, workflow, call) for call in chosen])
    who = {"agent_id": agent, "thread_id": thread}
    steps.append(_bare(rng, "stream_end", **who) if alone else server(event_type="stream_end", **who))
    if chance(rng, 0.8):
        content = "".join(said) or text(rng)
        steps.append(
            _event("message_completed", thread, agent_id=agent, message_id=f"msg-{rng.randint(0, 99)}", content=content)
        )
    return steps


def _platform_call(rng: Random, thread: str, workflow: str, call: str) -> list[Step]:
    about = {"workflow_id": workflow, "tool_call_id": call, "tool_name": rng.choice(TOOLS)}
    started = _event("tool_call_started", thread, **about, preview={"q": text(rng)})
    done = _event("tool_call_completed", thread, **about)
    if chance(rng, 0.7):
        return [started, done]
    waits = _bare(rng, "approval_pending", tool_call_id=call, thread_id=thread)
    expired = _bare(rng, "approval_expired", tool_call_id=call, thread_id=thread)
    return rng.choice(
        ([started, waits, done], [waits, started, done], [started, waits, expired], [started, waits, expired, done])
    )


# BondAI's server events.


def bondai(rng: Random, number: int) -> list[Line]:
    line = Line(conn=f"b{number}", url=rng.choice((None, "ws://localhost:2663/")))
    threads = [_bond_agent(rng, f"{number}{index}-4d45-97a8") for index in range(rng.randint(1, 3))]
    threads.append([client(event="user_message", data={"message": text(rng)}) for _ in range(rng.randint(0, 3))])
    line.steps = merge(rng, *threads)
    return [line]


def _bond(kind: str, agent: str, **data: Any) -> Step:
    return server(event=kind, data={"agent_id": agent, **data})


def _bond_agent(rng: Random, agent: str) -> list[Step]:
    steps: list[Step] = []
    worker = agent if chance(rng, 0.6) else f"{agent}-worker"
    for life in range(rng.choice((1, 1, 2))):
        # Agents are started over REST, perhaps before anybody listened.
        if life or chance(rng, 0.8):
            steps.append(_bond("conversational_agent_started", agent))
        for _ in range(rng.randint(0, 3)):
            if chance(rng, 0.5):
                steps.append(_bond("conversational_agent_message", agent, message=text(rng)))
            else:
                steps += _bond_task(rng, worker, agent)
        steps.append(_bond("conversational_agent_completed", agent))
    return steps if chance(rng, 0.6) else steps[: rng.randint(1, len(steps))]


def _bond_task(rng: Random, worker: str, agent: str) -> list[Step]:
    steps = [_bond("task_agent_started", worker)]
    for _ in range(rng.randint(0, 3)):
        steps.append(_bond("task_agent_step_started", worker))
        for _ in range(rng.choice((0, 1, 1, 2))):
            steps.append(_bond("task_agent_step_tool_selected", worker, step={"function": {"name": rng.choice(TOOLS)}}))
            if chance(rng, 0.2):
                steps.append(_bond("conversational_agent_message", agent, message=text(rng)))
        inner = {"agent_id": worker, "step": {"output": text(rng)}}
        steps.append(server(event="task_agent_step_completed", data={"step": inner}))
    steps.append(_bond("task_agent_completed", worker))
    return steps


# SYMindX's runtime socket.


def symindx(rng: Random, number: int) -> list[Line]:
    line = Line(conn=f"s{number}", url=rng.choice(("ws://localhost:3001/ws", None)))
    ids = chance(rng, 0.5)
    threads: list[list[Step]] = []
    count = iter(range(1, 999))
    for _ in range(rng.randint(1, 4)):
        threads.append(_requests(rng, count, ids))
    if chance(rng, 0.5):
        threads.append(_subscription(rng))
    if chance(rng, 0.4):
        threads.append([step for _ in range(rng.randint(1, 3)) for step in (server(type="ping"), client(type="pong"))])
    if chance(rng, 0.3):
        about = {"conversationId": "conv_1", "userId": "user_ü"}
        threads.append([client(type="typing_start", **about), client(type="typing_stop", **about)])
    if chance(rng, 0.2):
        threads.append(_many_agents(rng, f"msg_{next(count)}" if ids else None))
    line.steps = merge(rng, *threads)
    return [line]


def _request(rng: Random, identity: str | None, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request and its answer."""
    ask: dict[str, Any] = {"type": kind}
    answer: dict[str, Any] = {}
    if identity is not None:
        ask["id"] = answer["id"] = identity
    if chance(rng, 0.5):
        ask["targetAgent"] = "nyx"
    if chance(rng, 0.3):
        ask["timestamp"] = "2024-01-15T10:30:00.000Z"
    if chance(rng, 0.2):
        ask["priority"] = rng.choice(("normal", "high", "low"))
    if chance(rng, 0.3):
        answer["timestamp"] = "2024-01-15T10:30:01.000Z"
    if kind == "chat":
        ask["data"] = {"message": text(rng)}
        if chance(rng, 0.4):
            ask["data"]["conversationId"] = "conv_1"
        answer |= {"type": "chat_response", "data": {"response": text(rng), "agentId": "nyx", "emotion": "curious"}}
        if chance(rng, 0.5):
            answer["data"]["processingTime"] = rng.choice((250, 0.5))
    elif kind == "command":
        ask["data"] = {"instruction": text(rng)}
        if chance(rng, 0.5):
            ask["data"]["parameters"] = {"path": "./src"}
        result = {"commandId": "cmd_1", "status": "completed", "result": {"files": 3}, "executionTime": 15}
        answer |= {"type": "command_result", "data": result}
    else:
        status = {"agentId": "nyx", "status": "active", "currentTask": text(rng), "queueLength": 3, "uptime": 36}
        answer |= {"type": "status_update", "data": status}
    return ask, answer


def _symindx_error(rng: Random, identity: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": "error",
        "data": {
            "code": rng.choice(("INVALID_MESSAGE", "RATE_LIMIT_EXCEEDED")),
            "message": text(rng),
            "details": text(rng),
        },
    }
    if identity is not None and chance(rng, 0.5):
        message["id"] = identity
    return message


def _requests(rng: Random, count: Iterator[int], ids: bool) -> list[Step]:
    made = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        identity = f"msg_{next(count)}" if ids else None
        ask, answer = _request(rng, identity, rng.choice(("chat", "chat", "command", "status")))
        made.append((ask, _symindx_error(rng, identity) if chance(rng, 0.12) else answer))
    if len(made) > 1 and chance(rng, 0.6):
        batch = client(type="batch", data={"messages": [ask for ask, _ in made]})
        return [batch, *[("server", answer) for _, answer in rng.sample(made, len(made))]]
    return parallel(rng, [(("client", ask), ("server", answer)) for ask, answer in made])


def _subscription(rng: Random) -> list[Step]:
    topics = rng.sample(("agent_status", "emotion_change", "memory_update", "änderung"), rng.randint(1, 3))
    if chance(rng, 0.25):
        data: dict[str, Any] = {"stream": "thoughts"}
        if chance(rng, 0.5):
            data |= {"agentId": "nyx", "filter": {"minImportance": 0.7}}
        steps = [client(type="subscribe", data=data)]
        topics.append("thoughts")
    else:
        steps = [client(type="subscribe", data={"events": topics})]
    for _ in range(rng.randint(0, 4)):
        event: dict[str, Any] = {"eventType": rng.choice(topics), "agentId": "nyx"}
        if event["eventType"] == "emotion_change":
            event |= {"previousEmotion": "neutral", "currentEmotion": "excited", "intensity": 0.8}
        steps.append(server(type="event", data=event))
    return steps


def _many_agents(rng: Random, identity: str | None) -> list[Step]:
    """A conversation with several agents. What answers a join or a handoff, if anything, is not documented; where
    nothing carries an id, an agent may speak up."""
    handoff = {"fromAgent": "nyx", "toAgent": "sage", "conversationId": "multi", "reason": text(rng)}
    header = {"id": identity} if identity is not None else {}
    greeting = server(type="chat_response", data={"response": text(rng), "agentId": "sage", "emotion": "calm"})
    steps = [client(type="join_conversation", data={"conversationId": "multi", "agents": ["nyx", "aria", "sage"]})]
    if identity is None and chance(rng, 0.3):
        steps.append(greeting)
    answer = {"response": text(rng), "agentId": "aria", "emotion": "calm"}
    steps.append(client(type="chat", **header, data={"message": text(rng), "conversationId": "multi"}))
    steps.append(server(type="chat_response", **header, data=answer))
    if chance(rng, 0.5):
        steps.append(client(type="agent_handoff", data=handoff))
        if identity is None and chance(rng, 0.5):
            steps.append(greeting)
    return steps


# Vonz's agent stream.


def vonz(rng: Random, number: int) -> list[Line]:
    way = rng.random()
    url = "wss://app.vonz.io/v1/stream" + ("?token=rc_x" if chance(rng, 0.2) else "")
    if way < 0.04:
        line = Line(conn=f"v{number}", url=url, auth=rng.choice(("bad", "missing")), code=4001)
        if chance(rng, 0.5):
            line.steps = [server(type="error", code="UNAUTHORIZED", message="Token invalid")]
        return [line]
    sessions = [f"sess_{number}{index}" for index in range(rng.choice((1, 1, 2, 3)))]
    first = Line(conn=f"v{number}", url=url, auth=rng.choice((None, "good")))
    if way < 0.35:
        return _dropped(rng, first, sessions[0], number)
    if way < 0.42:
        return _attached_twice(rng, first, sessions[0], number)
    threads = []
    for session in sessions:
        first.shared = first.shared or chance(rng, 0.1)
        story = _story(rng, session, foreign=first.shared)
        if chance(rng, 0.25):
            story = _resumed_here(rng, first, session, story)
        threads.append(story)
    first.steps = merge(rng, *threads)
    return [first]


def _birth(rng: Random, session: str) -> list[Step]:
    """How a session comes to be known: it is created, or it exists already."""
    ready = server(
        type="session.ready", session_id=session, container_id="ctr", container_name="agent", profile_id="prof"
    )
    if chance(rng, 0.4):
        return [client(type="session.start", profile_id="prof"), ready]
    if chance(rng, 0.5):
        submit = client(type="task.submit", mode="session", profile_id="prof", prompt=text(rng))
        return [submit, ready, *_turn(rng, session, prompted=False)]
    return []


def _story(rng: Random, session: str, *, foreign: bool = False, turns: int = 3) -> list[Step]:
    steps = _birth(rng, session)
    for _ in range(rng.randint(1, turns)):
        steps += _turn(rng, session, prompted=not (foreign and chance(rng, 0.5)))
    return steps


def _turn(rng: Random, session: str, *, prompted: bool = True) -> list[Step]:
    """One turn with its prompt. Without: somebody else prompted, or the prompt stands elsewhere."""
    task = f"task_{rng.randint(0, 999)}"
    other = prompted and chance(rng, 0.1)
    steps: list[Step] = []
    if other:
        steps.append(
            client(type="task.submit", mode="background", profile_id="prof", session_id=session, prompt=text(rng))
        )
    elif prompted and chance(rng, 0.3):
        steps.append(
            client(type="task.submit", mode="session", profile_id="prof", session_id=session, prompt=text(rng))
        )
    elif prompted:
        steps.append(client(type="session.turn", session_id=session, prompt=text(rng)))
    count = rng.randint(1, 3)
    bound = count + rng.randint(2, 18)
    for _ in range(rng.randint(0, 5)):
        kind = rng.random()
        if kind < 0.5:
            steps += [_token(session, text(rng, 2)) for _ in range(rng.randint(1, 4))]
        elif kind < 0.8:
            steps += merge(rng, *[_vonz_call(rng, session, task) for _ in range(rng.randint(1, 3))])
        elif kind < 0.9:
            steps += _question(rng, session, task)
        elif count <= bound:
            steps.append(server(type="turn.continuing", continuation=count, max_continuations=bound))
            count += 1
    if not prompted and not any(message["type"] in ("task:token", "task:tool_use") for _, message in steps):
        steps.append(_token(session, text(rng, 2)))  # a turn that somebody else asked for shows itself
    if prompted and chance(rng, 0.06):
        steps.append(client(type="task.cancel", task_id=task))
        if chance(rng, 0.4):
            return steps
    done = server(
        type="turn.done", session_id=session, result_text=text(rng), input_tokens=12, output_tokens=5, cost_usd=0.0123
    )
    settled = server(type="task:done", task_id=task, session_id=session, status="completed")
    failed = server(type="task:failed", task_id=task, error="Container exited 1")
    if chance(rng, 0.1):
        return [*steps, *rng.choice(([failed], [failed, done], [done, failed]))]
    if other:
        return [*steps, *rng.choice(([settled], [settled, done], [done, settled]))]
    if chance(rng, 0.06):  # a chain ends, and the next one begins by itself
        more = server(type="turn.continuing", continuation=count, max_continuations=bound + 1)
        steps += [done, more, *[_token(session, text(rng, 2)) for _ in range(rng.randint(0, 2))]]
    return [*steps, *rng.choice(([done, settled], [settled, done]))]


def _token(session: str, piece: str) -> Step:
    return server(type="task:token", session_id=session, text=piece)


def _vonz_call(rng: Random, session: str, task: str) -> list[Step]:
    tool = rng.choice(TOOLS[:2])
    use = server(type="task:tool_use", session_id=session, tool=tool, input={"command": text(rng)})
    if chance(rng, 0.1):
        return [use, server(type="task:failed", task_id=task, error=text(rng))]
    return [use, server(type="task:tool_result", session_id=session, tool=tool, output=text(rng))]


def _question(rng: Random, session: str, task: str) -> list[Step]:
    questions = [{"question": text(rng), "options": [{"label": "Yes"}, {"label": "Nö"}]}]
    asked = [
        server(type="task:tool_use", session_id=session, tool="AskUserQuestion", input={"questions": questions}),
        server(type="task:ask_user", session_id=session, task_id=task, questions=questions),
    ]
    rng.shuffle(asked)
    if chance(rng, 0.3):
        asked.insert(1, _token(session, text(rng)))
    if chance(rng, 0.2):
        return asked  # nobody answers
    result = server(type="task:tool_result", session_id=session, tool="AskUserQuestion", output="Yes")
    return [*asked, client(type="task.answer", task_id=task, answer="Yes"), result]


def _history(rng: Random, told: list[Step]) -> list[Step]:
    """What a replay holds of these steps: the server's events, the text cut anew."""
    kept: list[Step] = []
    for sender, message in told:
        kind = message["type"]
        if sender == "client" or kind == "session.ready" or kind.startswith("session.replay"):
            continue
        if "session_id" not in message and chance(rng, 0.3):
            continue
        before = kept[-1][1] if kept else {}
        if kind == "task:token" and before.get("type") == "task:token" and chance(rng, 0.7):
            kept[-1] = _token(message["session_id"], before["text"] + message["text"])
        else:
            kept.append((sender, message))
    cut: list[Step] = []
    for step in kept:
        piece = step[1].get("text", "")
        if step[1]["type"] == "task:token" and len(piece) > 1 and chance(rng, 0.4):
            middle = rng.randint(1, len(piece) - 1)
            cut += [_token(step[1]["session_id"], piece[:middle]), _token(step[1]["session_id"], piece[middle:])]
        else:
            cut.append(step)
    return cut


def _replay(rng: Random, session: str, history: list[Step]) -> list[Step]:
    end = server(type="session.replay_end", **({"session_id": session} if chance(rng, 0.7) else {}))
    return [server(type="session.replay_start", session_id=session), *history, end]


def _known_from(story: list[Step]) -> int:
    """The first place in a session's story at which a client knows the session's name."""
    ready = [place for place, step in enumerate(story) if step[1]["type"] == "session.ready"]
    return ready[0] + 1 if ready else 1


def _unseen(rng: Random, story: list[Step], place: int) -> int:
    """How far the server may go on by itself from `place`."""
    further = place
    while further < len(story) and story[further][0] == "server" and chance(rng, 0.5):
        further += 1
    return further


def _creates(message: dict[str, Any]) -> bool:
    """Whether the message belongs to the creation of a session."""
    without = message["type"] == "task.submit" and "session_id" not in message
    return without or message["type"] in ("session.start", "session.ready")


def _dropped(rng: Random, first: Line, session: str, number: int) -> list[Line]:
    """The connection drops somewhere, and the client comes back for the rest."""
    story = _story(rng, session)
    place = rng.randint(_known_from(story), len(story))
    back = _unseen(rng, story, place)
    first.steps = story[:place]
    second = Line(conn=f"w{number}", url=first.url, auth=first.auth)
    rest = story[back:]
    bracket = _replay(rng, session, _history(rng, story[:back]))
    ask = client(type="session.resume", session_id=session)
    if chance(rng, 0.1):
        bracket, rest = [server(type="error", code="NOT_FOUND", message=text(rng))], []
    elif rest and rest[0][0] == "client" and chance(rng, 0.3):
        bracket.insert(rng.randint(1, len(bracket) - 1), rest.pop(0))  # a prompt while the replay runs
    elif chance(rng, 0.3):
        again = _story(rng, session, turns=1)
        rest += [step for step in again if not _creates(step[1])]
    steps = [ask, *bracket, *rest]
    second.steps = merge(rng, steps, _story(rng, session + "b")) if chance(rng, 0.3) else steps
    return [first, second]


def _resumed_here(rng: Random, line: Line, session: str, story: list[Step]) -> list[Step]:
    """A session that is attached already is resumed on the same connection; what was under way arrives first."""
    place = rng.randint(_known_from(story), len(story))
    flying = _unseen(rng, story, place)
    line.crossed = line.crossed or flying > place
    bracket = _replay(rng, session, _history(rng, story[:flying]))
    ask = client(type="session.resume", session_id=session)
    return [*story[:place], ask, *story[place:flying], *bracket, *story[flying:]]


def _attached_twice(rng: Random, first: Line, session: str, number: int) -> list[Line]:
    """Two clients on one session: both see what the server says, each only what it says itself."""
    second = Line(conn=f"w{number}", url=first.url, shared=True)
    first.shared = True
    second.steps = [client(type="session.resume", session_id=session), *_replay(rng, session, [])]
    for _ in range(rng.randint(1, 4)):
        turn = _turn(rng, session)
        speaks, listens = (first, second) if chance(rng, 0.5) else (second, first)
        speaks.steps += turn
        listens.steps += [step for step in turn if step[0] == "server"]
    return [first, second]


# From what is said to a capture.


def vary(rng: Random, dialect: str, acts: list[list[Line]]) -> list[Record]:
    """A capture of the scripts. Lines of one act follow one another or run beside each other as they were given."""
    threads = []
    for act in acts:
        rendered = [_record_line(rng, dialect, line) for line in act]
        if len(act) > 1 and act[0].shared:
            threads.append(merge(rng, *rendered))
        else:
            threads.append([record for records in rendered for record in records])
    merged = merge(rng, *threads)
    if chance(rng, 0.15):
        merged = merged[: rng.randint(1, len(merged))]
    return numbered(merged)


def numbered(records: Sequence[Record]) -> list[Record]:
    """The records with lines counted from one."""
    return [replace(record, at=replace(record.at, line=line)) for line, record in enumerate(records, 1)]


def _record_line(rng: Random, dialect: str, line: Line) -> list[Record]:
    at = At(line=0, conn=line.conn, t=rng.choice((None, 12.5, "2026-01-02T03:04:05Z")))
    sides: tuple[Sender, ...] = rng.choice((("client", "server"),) * 6 + (("server",), ("client",)))
    sees = frozenset(sides) if len(sides) < 2 or chance(rng, 0.7) else None
    vantages: list[Vantage | None] = [None, "client", "proxy"] if line.crossed else [None, "client", "proxy", "server"]
    exclusive = not line.shared and chance(rng, 0.4)
    opened = Opened(at=at, url=line.url, sees=sees, vantage=rng.choice(vantages), exclusive=exclusive, auth=line.auth)
    extra = chance(rng, 0.2)
    messages: list[Record] = [
        _message(rng, dialect, at, sender, message, extra) for sender, message in line.steps if sender in sides
    ]
    records: list[Record] = [opened, *messages]
    if line.code is not None:
        return [*records, Closed(at=at, code=line.code, sender="server")]
    way = rng.random()
    if way < 0.15 and line.auth is None:
        records = records[rng.randint(1, len(records)) :]  # the recorder came late
        clean = line.clean
    elif way < 0.3:  # the recorder left early
        return records[: rng.randint(1, len(records))]
    else:
        clean = line.clean
    if not records:
        records = [opened]
    end = rng.random()
    if end < 0.3 and clean:
        records.append(Closed(at=at, code=rng.choice((1000, 1001)), sender=rng.choice(("client", "server", None))))
    elif end < 0.6:
        records.append(Closed(at=at, code=rng.choice((1006, None)), sender=None))
    return records


def _message(rng: Random, dialect: str, at: At, sender: Sender, message: dict[str, Any], extra: bool) -> Message:
    message = dict(message)
    if extra and chance(rng, 0.3):
        message["x_trace"] = rng.choice(("trace-1", 7, None, [1, {"a": "ö"}]))
        if isinstance(message.get("data"), dict):
            message["data"] = {**message["data"], "x_more": {"deep": [text(rng)]}}
    if chance(rng, 0.1):
        return Message(at=at, sender=sender, value=message, has_value=True)
    if chance(rng, 0.2):
        message = dict(rng.sample(list(message.items()), len(message)))
    separators = rng.choice(((",", ":"), (", ", ": ")))
    return Message(at=at, sender=sender, body=json.dumps(message, ensure_ascii=chance(rng, 0.5), separators=separators))


TALKS: dict[str, Callable[[Random, int], list[Line]]] = {
    "agent_platform": agent_platform,
    "amigo": amigo,
    "bondai": bondai,
    "symindx": symindx,
    "vonz": vonz,
}
