"""What sessions held is remembered alike by the quick way and by `receive`, so that replays are judged alike."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from random import Random
from typing import Any

import msgspec
import pytest

from wirecheck import Checker, catalog
from wirecheck.capture.blocks import blocks
from wirecheck.check import history, memory, noting, take
from wirecheck.check.kinds import Reading
from wirecheck.shapes.state import Clients, Facts
from wirecheck.verdict import Report

VONZ = catalog.load("vonz")
TEXTS = ("The ", "report ", "é ", "[x](https://h.example)", "")


class Talk:
    """Sessions that are shown on several connections, and replayed, rightly or nearly so."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[dict[str, Any]] = []
        self.conns: list[str] = []
        self.seen: dict[str, list[dict[str, Any]]] = {}
        self.homes: dict[str, str] = {}

    def say(self, conn: str, sender: str, frame: dict[str, Any]) -> None:
        self.lines.append({"conn": conn, "t": len(self.lines) / 8, "from": sender, "text": json.dumps(frame)})

    def open(self) -> str:
        conn = f"c{len(self.lines)}"
        said: dict[str, Any] = {"url": "wss://app.vonz.io/v1/stream", "sees": ["client", "server"]}
        if self.random.random() < 0.8:
            said["exclusive"] = True
        self.lines.append({"conn": conn, "kind": "open", **said})
        self.conns.append(conn)
        return conn

    def born(self) -> None:
        conn, name = self.open(), f"sess_{len(self.lines)}"
        start = {"type": "session.start", "profile_id": "p"} | ({"prompt": "x"} if self.random.random() < 0.3 else {})
        self.say(conn, "client", start)
        ready = {"container_id": "c", "container_name": "n", "profile_id": "p"}
        self.say(conn, "server", {"type": "session.ready", "session_id": name, **ready})
        self.seen[name], self.homes[name] = [], conn
        for _ in range(self.random.randint(0, 3)):
            self.turn(conn, name)

    def live(self, conn: str, name: str, frame: dict[str, Any]) -> None:
        self.say(conn, "server", frame)
        self.seen[name].append(frame)

    def turn(self, conn: str, name: str) -> None:
        random, session = self.random, {"session_id": name}
        if random.random() < 0.9:
            self.say(conn, "client", {"type": "session.turn", **session, "prompt": "x"})
        said = ""
        for _ in range(random.randint(0, 3)):
            for piece in random.choices(TEXTS, k=random.randint(0, 20)):
                said += piece
                self.live(conn, name, {"type": "task:token", **session, "text": piece})
            tool = {"tool": random.choice(("Bash", "Read"))}
            self.live(conn, name, {"type": "task:tool_use", **session, **tool, "input": {"n": random.randint(0, 2)}})
            self.live(conn, name, {"type": "task:tool_result", **session, **tool, "output": random.choice("ab")})
        if random.random() < 0.8:
            done = {"result_text": said if random.random() < 0.9 else said + "!", "input_tokens": 1}
            self.live(conn, name, {"type": "turn.done", **session, **done, "output_tokens": 2, "cost_usd": 0.1})

    def replay(self, name: str) -> None:
        random, session = self.random, {"session_id": name}
        conn = self.homes[name] if random.random() < 0.5 else self.open()
        if conn not in self.conns:
            conn = self.open()
        self.say(conn, "client", {"type": "session.resume", **session})
        self.say(conn, "server", {"type": "session.replay_start", **session})
        frames = list(self.seen[name])
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            if frames:
                place = random.randrange(len(frames))
                frame = frames.pop(place)
                if random.random() < 0.5:
                    frames.insert(random.randrange(len(frames) + 1), frame)
        for frame in frames:
            self.say(conn, "server", frame)
        if random.random() < 0.3:  # what runs while the replay does looks like a part of it
            self.say(conn, "server", {"type": "task:token", **session, "text": "more"})
            self.say(conn, "server", {"type": "turn.done", **session, "result_text": "more"})
        self.say(conn, "server", {"type": "session.replay_end", **session})
        self.homes[name] = conn
        if random.random() < 0.7:
            self.turn(conn, name)

    def close(self) -> None:
        conn = self.conns.pop(self.random.randrange(len(self.conns)))
        self.lines.append({"conn": conn, "kind": "close", "code": 1000})

    def whole(self) -> bytes:
        for _ in range(self.random.randint(2, 8)):
            names = list(self.seen)
            choice = self.random.random()
            if choice < 0.3 or not names:
                self.born()
            elif choice < 0.7:
                self.replay(self.random.choice(names))
            elif choice < 0.85 and self.conns:  # perhaps on a connection that never showed the session
                self.turn(self.random.choice(self.conns), self.random.choice(names))
            elif self.conns:
                self.close()
        return b"".join(json.dumps(line).encode() + b"\n" for line in self.lines)


class Crowd(Talk):
    """Sessions that several connections show, one after the other and at once, whatever is said of them."""

    def whole(self) -> bytes:
        random = self.random
        self.born()
        while len(self.lines) < 120:
            if not self.conns:
                self.open()
            name = random.choice(list(self.seen))
            if self.homes[name] not in self.conns or random.random() < 0.1:
                self.homes[name] = random.choice(self.conns)
            conn, session = self.homes[name], {"session_id": name}
            match random.choices(range(8), (55, 12, 8, 10, 5, 3, 5, 2))[0]:
                case 0:
                    for _ in range(random.choice((1, 2, 4, 9))):
                        self.live(conn, name, self.frame(name))
                case 1:
                    self.say(conn, "client", {"type": "session.turn", **session, "prompt": "x"})
                case 2:
                    self.close()
                case 3:
                    self.shown_again(conn, name)
                case 4:
                    self.say(conn, "client", {"type": "session.resume", **session})
                case 5:
                    self.born()
                case 6:
                    mode = random.choice(("session", "other"))
                    said = {"type": "task.submit", "mode": mode, "profile_id": "p", "prompt": "x"}
                    self.say(conn, "client", said | random.choice(({}, session)))
                case 7:
                    self.say(conn, "server", {"type": "unreadable"} if random.random() < 0.5 else {"type": 1})
                    self.lines[-1]["text"] = self.lines[-1]["text"][:-1]
        return b"".join(json.dumps(line).encode() + b"\n" for line in self.lines)

    def frame(self, name: str) -> dict[str, Any]:
        random, session = self.random, {"session_id": name}
        tool = {"tool": random.choice(("Bash", "Read"))}
        used = {"input_tokens": 1, "output_tokens": 2, "cost_usd": 0.1}
        ready = {"container_id": "c", "container_name": "n", "profile_id": "p"}
        frames = (
            {"type": "task:token", **session, "text": random.choice("abc")},
            {"type": "task:tool_use", **session, **tool, "input": {}},
            {"type": "task:tool_result", **session, **tool, "output": random.choice("ab")},
            {"type": "turn.done", **session, "result_text": random.choice(("ab", "[x](y)")), **used},
            {"type": "session.ready", **session, **ready},
        )
        return random.choices(frames, (30, 15, 15, 10, 1))[0]

    def shown_again(self, conn: str, name: str) -> None:
        """A replay, perhaps of less than there was, perhaps one that nobody asked for, perhaps without an end."""
        random, session = self.random, {"session_id": name}
        if random.random() < 0.7:
            self.say(conn, "client", {"type": "session.resume", **session})
        self.say(conn, "server", {"type": "session.replay_start", **session})
        frames = list(self.seen[name])
        if frames and random.random() < 0.3:
            frames.pop(random.randrange(len(frames)))
        for frame in frames:
            self.say(conn, "server", frame)
        if random.random() < 0.3:
            self.say(random.choice(self.conns), "client", {"type": "session.turn", **session, "prompt": "x"})
        if random.random() < 0.9:
            self.say(conn, "server", {"type": "session.replay_end", **session})


def both(data: bytes, portion: int = 1 << 20, dialect: catalog.Dialect = VONZ) -> tuple[Report, Report]:
    """The reports of both ways; after each block, both remember the same."""
    careful, quick = Checker(dialect), Checker(dialect)
    for block in blocks(data[start : start + portion] for start in range(0, len(data), portion)):
        for record in block.records():
            careful.receive(record)
        quick.take(block)
        assert careful.history == quick.history
    return careful.close(), quick.close()


def verdicts(report: Report) -> dict[str, tuple[int, int, int]]:
    return {one.id: (one.held, one.broken, one.undecided) for one in report.guarantees}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """How often the quick way did what it was asked for, and how often it refused."""
    times: Counter[bool] = Counter()
    real = noting.Noting.note

    def counted(self: noting.Noting, *given: Any) -> bool:
        noted = real(self, *given)
        times[noted] += 1
        return noted

    monkeypatch.setattr(noting.Noting, "note", counted)
    return times


def test_replays_are_judged_alike(done: Counter[bool]) -> None:
    found = [0, 0, 0]
    for seed in range(80):
        careful, quick = both(Talk(Random(seed)).whole())
        assert careful == quick, seed
        for which, times in enumerate(verdicts(careful)["replay-repeats-history"]):
            found[which] += times
    assert done[True] > 500
    assert found[0] > 50 and found[1] > 5, "replays that repeat what was seen, and others"


@pytest.mark.parametrize("most", [0, 3])
def test_sessions_that_many_connections_show_are_remembered_alike(
    most: int, done: Counter[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`most`: the bounds of what is remembered, if those are reached. All is judged three times: what is met again has
    quick ways."""
    for name in ("MAX_ITEMS", "MAX_WEIGHT", "MAX_PIECES") if most else ():
        for module in (history, memory, noting, take):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, most)
    for seed in range(90):
        data = Crowd(Random(f"{seed} of {most}")).whole()
        for portion in (3000, 1000, 2000):
            careful, quick = both(data, portion)
            assert careful == quick, seed
    assert min(done[True], done[False]) > 100


def readings(checker: Checker) -> dict[str, tuple[Any, Reading]]:
    """The classes of flat frames that were met, and how they are read, by label."""
    return {
        each.meaning.moves.label: (kind.kind.type, each)
        for kind in checker._tables._kinds.values()
        for each in kind.readings.values()
        if kind.kind.style == "flat"
    }


@pytest.mark.parametrize(("name", "before", "noted"), [(None, 0, True), ("s", 0, False), (None, 2_000, False)])
def test_a_request_for_a_new_session_names_none(name: str | None, before: int, noted: bool) -> None:
    """And so many of them are remembered; anything else is for `history` to see to."""
    checker = Checker(VONZ)
    frame = {"type": "session.start", "profile_id": "p"}
    for block in blocks([json.dumps({"from": "client", "text": json.dumps(frame)}).encode() + b"\n"]):
        checker.take(block)
    made, reading = readings(checker)["session.start"]
    link, known = memory.Link(), memory.History()
    link.births += [True] * before
    assert reading.noting is not None
    assert reading.noting.note(known, link, 1, Facts(Clients()), (name,), msgspec.convert(frame, made)) is noted
    assert link.births == [True] * before + [False] * noted
    assert known == memory.History()


@pytest.mark.parametrize(
    ("label", "waits", "shown", "runs_on", "noted"),
    [
        ("session.turn", "", (1,), 1, True),
        ("session.turn", "brackets", (1,), 1, False),
        ("session.turn", "watches", (1,), 1, False),
        ("session.turn", "", (1, 2), 1, False),
        ("session.turn", "", (2,), 2, False),
        ("session.turn", "", (1,), 2, True),
        ("task:tool_result", "", (1,), 1, True),
        ("task:tool_result", "", (1, 2), 1, False),
        ("task:tool_result", "", (1,), 2, False),
    ],
)
def test_nothing_is_noted_where_anything_is_in_doubt(
    label: str, waits: str, shown: tuple[int, ...], runs_on: int, noted: bool
) -> None:
    """On connection 1. Open replays and such that are just over, other connections, and a turn that ran elsewhere."""
    checker, name = Checker(VONZ), "sess_1"
    frame = {"type": "task:tool_result", "session_id": name, "tool": "Bash", "output": "x"}
    for block in blocks([json.dumps({"from": "server", "text": json.dumps(frame)}).encode() + b"\n"]):
        checker.take(block)
    made, reading = readings(checker)[label]
    asked = {"type": label, "session_id": name, "prompt": "x"}
    there = msgspec.convert(asked if label == "session.turn" else frame, made)
    turn = memory.Turn(runs_on, True)
    session = memory.Session(shown_by=dict.fromkeys(shown), now=turn)
    link, known = memory.Link(), memory.History(sessions={(name,): session})
    before = deepcopy(session)
    if waits:
        getattr(link, waits)[("another",)] = object()
    assert reading.noting is not None
    assert reading.noting.note(known, link, 1, Facts(Clients()), reading.keys(there), there) is noted
    assert (session != before) is noted
