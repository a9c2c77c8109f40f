"""Write traffic as a busy server of a dialect would make it: many sessions at once, each of them by its document.

    python tools/traffic.py vonz 1000000 --out vonz.jsonl
    python tools/traffic.py amigo 50000 --faults 0.01 --json
    python tools/traffic.py vonz 1000000 --mix chat

Equal arguments give equal bytes. The `plain` mix has short answers (8 to 40 pieces) and short names; the `chat` mix
has answers as long as those of real services (`REPLY`), in as many pieces, and UUIDs for names. Each session has a
connection of its own; when it ends, another begins, so that the number of open ones stays the same. With `--faults`
that part of the frames is broken, each in one way: not JSON, a field left out, a field of another type, a tag that
nobody knows, a frame lost, a frame sent twice.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, BinaryIO
from uuid import UUID

import orjson

Frame = tuple[str, dict[str, Any]]
"""A sender and a message."""

SESSIONS = 500
CLIENT, SERVER = "client", "server"
WORDS = (
    "The ",
    "report ",
    "is ",
    "ready",
    ", and ",
    "the ",
    "tests ",
    "pass",
    ".\n",
    "Größe ",
    "« ok » ",
    "日本 ",
    "🙂 ",
)
TOOLS = ("Bash", "Read", "Search", "Fetch", "Write")

REPLY = (7, 41, 54, 67, 77, 85, 91, 96, 103, 113, 129, 151, 177, 217, 384, 395, 400, 411, 424, 451, 1000)
"""Pieces of an answer, each value as likely to be passed as 5 % of answers are long: the quantiles of the tokens
generated in 19,366 requests to a conversation service in production (mean 211, median 129), which Microsoft published:
github.com/Azure/AzurePublicDataset, data/AzureLLMInferenceTrace_conv.csv, described in Patel et al., "Splitwise", ISCA
2024. Services that stream send a piece a token, or few tokens together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How long the answers of a traffic are, and its names."""

    chat: bool = False

    def pieces(self, random: Random, least: int, most: int) -> int:
        """How many pieces an answer has; between `least` and `most` in the plain mix."""
        if not self.chat:
            return random.randint(least, most)
        return self._long(random)

    def words(self, random: Random, plain: int) -> int:
        """How many words an answer has that comes whole."""
        return self._long(random) if self.chat else plain

    def name(self, random: Random, number: int) -> str:
        """What the names of the session with this number are made of."""
        return str(UUID(int=random.getrandbits(128), version=4)) if self.chat else f"{number:06x}"

    def _long(self, random: Random) -> int:
        step = random.randrange(len(REPLY) - 1)
        return random.randint(REPLY[step], REPLY[step + 1])


MIXES = {"plain": Mix(), "chat": Mix(chat=True)}


def _text(random: Random, pieces: int) -> list[str]:
    return [random.choice(WORDS) for _ in range(pieces)]


def _vonz(random: Random, name: str, mix: Mix) -> Iterator[Frame]:
    session = {"session_id": f"sess_{name}"}
    yield CLIENT, {"type": "session.start", "profile_id": "prof_1"}
    ready = {"container_id": f"ctr_{name}", "container_name": f"agent-{name}", "profile_id": "prof_1"}
    yield SERVER, {"type": "session.ready", **session, **ready}
    for turn in range(random.randint(2, 5)):
        yield CLIENT, {"type": "session.turn", **session, "prompt": "".join(_text(random, 6))}
        said = []
        for _ in range(random.randint(1, 3)):
            for piece in _text(random, mix.pieces(random, 8, 24)):
                said.append(piece)
                yield SERVER, {"type": "task:token", **session, "text": piece}
            tool = random.choice(TOOLS)
            yield SERVER, {"type": "task:tool_use", **session, "tool": tool, "input": {"command": "ls /workspace"}}
            yield SERVER, {"type": "task:tool_result", **session, "tool": tool, "output": "file1\nfile2\n"}
        done = {"result_text": "".join(said), "input_tokens": 1234, "output_tokens": len(said), "cost_usd": 0.0123}
        yield SERVER, {"type": "turn.done", **session, **done}
        yield SERVER, {"type": "task:done", "task_id": f"task_{name}_{turn}", **session, "status": "completed"}


def _amigo(random: Random, name: str, mix: Mix) -> Iterator[Frame]:
    yield SERVER, {"type": "session_started", "session_id": f"ss_{name}", "conversation_id": f"conv_{name}"}
    for turn in range(random.randint(2, 6)):
        yield CLIENT, {"text": "".join(_text(random, 6))}
        yield SERVER, {"type": "typing"}
        for call in range(random.randint(0, 3)):
            tool = {"tool_name": random.choice(TOOLS), "call_id": f"tc_{name}_{turn}_{call}"}
            yield SERVER, {"type": "tool_call_started", **tool, "input": {"date": "2026-07-15"}}
            yield SERVER, {"type": "tool_call_completed", **tool, "result": "[]", "succeeded": True}
        yield SERVER, {"type": "message", "role": "agent", "text": "".join(_text(random, mix.words(random, 20)))}
        yield SERVER, {"type": "response_complete", "duplicate": False}
        yield SERVER, {"type": "ping"}
    yield SERVER, {"type": "session_ended", "reason": "completed"}


def _agent_platform(random: Random, name: str, mix: Mix) -> Iterator[Frame]:
    thread = {"thread_id": _thread(name)}
    flow = {"workflow_id": f"agent-conv-{name}"}
    agent = {"agent_id": "ops-triage"}
    yield SERVER, {"event_type": "conversation_started", **thread, **flow}
    for turn in range(random.randint(2, 5)):
        yield SERVER, {"event_type": "typing_started", **agent, **thread, **flow}
        said = _text(random, mix.pieces(random, 8, 40))
        for piece in said:
            yield SERVER, {"event_type": "text_delta", **agent, **thread, "content": piece}
        yield SERVER, {"event_type": "stream_end", **agent, **thread, **flow}
        message = {"message_id": f"msg-{name}-{turn}", "content": "".join(said)}
        yield SERVER, {"event_type": "message_completed", **agent, **thread, **message}
        call = {"tool_call_id": f"call_{name}_{turn}", "tool_name": random.choice(TOOLS)}
        yield SERVER, {"event_type": "tool_call_started", **thread, **flow, **call, "preview": {"email": "a@b.example"}}
        yield SERVER, {"event_type": "tool_call_completed", **thread, **flow, **call}
    yield SERVER, {"event_type": "conversation_completed", **thread, **flow}


def _bondai(random: Random, name: str, mix: Mix) -> Iterator[Frame]:
    agent = {"agent_id": _thread(name)}
    worker = {"agent_id": _thread(f"{name}-worker")}
    yield SERVER, {"event": "conversational_agent_started", "data": agent}
    for _ in range(random.randint(1, 3)):
        yield CLIENT, {"event": "user_message", "data": {"message": "".join(_text(random, 6))}}
        said = "".join(_text(random, mix.words(random, 12)))
        yield SERVER, {"event": "conversational_agent_message", "data": {**agent, "message": said}}
        yield SERVER, {"event": "task_agent_started", "data": worker}
        for number in range(random.randint(1, 8)):
            step = {"function": {"name": random.choice(TOOLS)}, "number": number}
            yield SERVER, {"event": "task_agent_step_started", "data": worker}
            yield SERVER, {"event": "task_agent_step_tool_selected", "data": {**worker, "step": step}}
            yield SERVER, {"event": "task_agent_step_completed", "data": {"step": {**worker, "step": step}}}
        yield SERVER, {"event": "task_agent_completed", "data": worker}
    yield SERVER, {"event": "conversational_agent_completed", "data": agent}


def _symindx(random: Random, name: str, mix: Mix) -> Iterator[Frame]:
    yield CLIENT, {"type": "subscribe", "data": {"events": ["emotion_change"]}}
    change = {"previousEmotion": "neutral", "currentEmotion": "excited", "intensity": 0.8}
    for number in range(random.randint(4, 12)):
        said = {"id": f"msg_{name}_{number}", "timestamp": "2024-01-15T10:30:00.000Z"}
        question = {"message": "".join(_text(random, 6))}
        yield CLIENT, {**said, "type": "chat", "data": question, "targetAgent": "nyx", "priority": "normal"}
        yield SERVER, {"type": "event", "data": {"eventType": "emotion_change", "agentId": "nyx", **change}}
        answer = {"response": "".join(_text(random, mix.words(random, 20))), "agentId": "nyx", "emotion": "curious"}
        yield SERVER, {**said, "type": "chat_response", "data": answer}
        order = {"instruction": "analyze project structure", "parameters": {"path": "./src"}}
        yield CLIENT, {**said, "id": f"cmd_{name}_{number}", "type": "command", "data": order, "targetAgent": "nyx"}
        result = {"commandId": f"c{number}", "status": "completed", "result": {"files": 125}, "executionTime": 1500}
        yield SERVER, {**said, "id": f"cmd_{name}_{number}", "type": "command_result", "data": result}
        yield SERVER, {"type": "ping"}
        yield CLIENT, {"type": "pong"}


def _thread(name: str) -> str:
    """A UUID for a name; one that is made of a UUID already gets another that is made of it."""
    head, _, more = name[:36], name[36:37], name[37:]
    if len(head) == 36:
        return head if not more else f"{head[:24]}{int(head[24:], 16) ^ len(more):012x}"
    return f"550e8400-e29b-41d4-a716-{name.replace('-', ''):0>12}"


PLAYS: dict[str, tuple[Callable[[Random, str, Mix], Iterator[Frame]], str]] = {
    "agent_platform": (_agent_platform, "wss://host/ws/threads/{thread}"),
    "amigo": (_amigo, "wss://host/text-stream?tool_events=true"),
    "bondai": (_bondai, "ws://host:2663/"),
    "symindx": (_symindx, "ws://host:3001/ws"),
    "vonz": (_vonz, "wss://app.vonz.io/v1/stream"),
}


def lines(
    dialect: str,
    frames: int,
    *,
    sessions: int = SESSIONS,
    faults: float = 0.0,
    as_json: bool = False,
    seed: int = 1,
    mix: str = "plain",
) -> Iterator[bytes]:
    """The lines of a capture with this many frames: as text, to the byte, or `as_json` as values."""
    kind = MIXES[mix]
    random = Random(f"{dialect} {seed}")
    play, url = PLAYS[dialect]
    running: list[tuple[str, Iterator[Frame]]] = []
    begun = sent = 0
    while sent < frames:
        if len(running) < sessions:
            begun += 1
            name = f"{begun:06x}"
            session_name = kind.name(random, begun)
            running.append((name, play(random, session_name, kind)))
            opened = url.format(thread=_thread(session_name))
            opening = {"conn": name, "t": sent / 1000, "kind": "open", "url": opened}
            yield orjson.dumps({**opening, "sees": [CLIENT, SERVER], "at": "server"}) + b"\n"
        place = random.randrange(len(running))
        name, session = running[place]
        following = next(session, None)
        if following is None:
            running[place] = running[-1]
            running.pop()
            yield orjson.dumps({"conn": name, "t": sent / 1000, "kind": "close", "code": 1000, "from": SERVER}) + b"\n"
            continue
        sender, message = following
        for text in _broken(random, message) if faults and random.random() < faults else (orjson.dumps(message),):
            record: dict[str, Any] = {"conn": name, "t": sent / 1000, "from": sender}
            if as_json and text.endswith(b"}"):
                record["json"] = orjson.loads(text)
            else:
                record["text"] = text.decode()
            sent += 1
            yield orjson.dumps(record) + b"\n"
    for name, _ in running:
        yield orjson.dumps({"conn": name, "t": sent / 1000, "kind": "close", "code": 1006}) + b"\n"


def _broken(random: Random, message: dict[str, Any]) -> tuple[bytes, ...]:
    """The messages that are sent in place of this one."""
    text = orjson.dumps(message)
    name = random.choice(sorted(message))
    match random.randrange(6):
        case 0:
            return (text[: len(text) // 2].decode(errors="ignore").encode().rstrip(b"}"),)
        case 1:
            return (orjson.dumps({key: value for key, value in message.items() if key != name}),)
        case 2:
            return (orjson.dumps({**message, name: [message[name]]}),)
        case 3:
            return (orjson.dumps({**message, name: "nobody-knows"}),)
        case 4:
            return ()
    return text, text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialect", choices=sorted(PLAYS))
    parser.add_argument("frames", type=int)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="open at once (default: %(default)s)")
    parser.add_argument("--faults", type=float, default=0.0, metavar="PART", help="part of the frames that is broken")
    parser.add_argument("--json", action="store_true", help="frames as values instead of text")
    parser.add_argument("--mix", choices=sorted(MIXES), default="plain", help="how long answers and names are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a file (default: standard output)")
    given = parser.parse_args()
    made = lines(
        given.dialect,
        given.frames,
        sessions=given.sessions,
        faults=given.faults,
        as_json=given.json,
        seed=given.seed,
        mix=given.mix,
    )
    if given.out is None:
        _write(sys.stdout.buffer, made)
    else:
        with given.out.open("wb") as file:
            _write(file, made)
    return 0


def _write(file: BinaryIO, made: Iterator[bytes]) -> None:
    file.writelines(made)


if __name__ == "__main__":
    raise SystemExit(main())
