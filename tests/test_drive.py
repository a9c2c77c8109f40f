"""The driver: how connections are asked for, what each step of a script does, and what an outcome says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

import miniatures
from miniatures import PORCH, TLS, answers, chatters_on, frame, listening, porch, standing
from wirecheck import load
from wirecheck.catalog.script import Connect
from wirecheck.check import Checker
from wirecheck.drive import (
    Budget,
    Conversation,
    Limits,
    NotSeen,
    Outcome,
    Target,
    cases,
    judged,
    play,
    play_in_thread,
    reachable,
    trigger,
)
from wirecheck.drive.handshake import NOT_A_CREDENTIAL, Handshake, handshake, lacking
from wirecheck.drive.options import Given, target_of
from wirecheck.drive.target import opens_turn, turns_of
from wirecheck.errors import TargetError, UsageError, WirecheckError
from wirecheck.record import Closed, Message, Opened, Record, Trial
from wirecheck.scenario.values import HUGE

LIMITS = Limits()
SHORT = Limits(timeout=0.3)
"""For a peer that keeps silent altogether; any other may be slow on a busy machine."""
LONG = 60
"""Seconds after which a test has failed that waits for what must come."""
HELLO = "{connect: a}, {send: hello}, {until: ready, keep: {session: /session}}"


def scenario(steps: str, exercises: str = "session-ready-answers", *, attempts: int = 1) -> str:
    return f"  one:\n    says: S.\n    attempts: {attempts}\n    exercises: [{exercises}]\n    steps: [{steps}]\n"


def played(
    talk: Callable[[ServerConnection], Any],
    steps: str,
    limits: Limits = LIMITS,
    *,
    exercises: str = "session-ready-answers",
    attempts: int = 1,
    **options: Any,
) -> Outcome:
    """The outcome of one scenario of these steps against a server that does `talk`."""
    dialect = porch(scenario(steps, exercises, attempts=attempts))
    with standing(talk) as peer:
        return play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect, **options), limits)


def records(outcome: Outcome) -> list[Record]:
    assert outcome.records is not None
    return list(outcome.records.records())


def sent(outcome: Outcome, sender: str = "client") -> list[Any]:
    bodies = [one.body for one in records(outcome) if isinstance(one, Message) and one.sender == sender]
    return [json.loads(body) if body[:1] == "{" and len(body) < 10_000 else body for body in bodies]


def verdicts(outcome: Outcome) -> dict[str, str]:
    return {result.id: result.verdict for result in outcome.report.guarantees}


@pytest.fixture(autouse=True)
def _spools_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


# How a connection is asked for


def asked(step: Connect | None = None, url: str = "ws://h", **options: Any) -> Handshake:
    target = Target(url=url, dialect=porch(), **options)
    return handshake(target, step or Connect(conn="a"), target.values())


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("ws://h", {}, "ws://h/porch/main"),
        ("ws://h:81/", {}, "ws://h:81/porch/main"),
        ("https://h", {}, "wss://h/porch/main"),
        ("HTTP://h", {}, "ws://h/porch/main"),
        ("ws://h", {"house": "a b/c"}, "ws://h/porch/a%20b%2Fc"),
        ("ws://h/elsewhere", {}, "ws://h/elsewhere"),
        ("ws://h/v2/{house}/x", {"house": "blue"}, "ws://h/v2/blue/x"),
        ("ws://h/porch/green", {"house": "blue"}, "ws://h/porch/green"),
        ("ws://h/v2/porch/main", {"house": "blue"}, "ws://h/v2/porch/blue"),
        ("ws://h", {"loud": True}, "ws://h/porch/main?loud=true"),
        ("ws://h?x=1&loud=true", {"loud": False}, "ws://h/porch/main?x=1&loud=false"),
        ("ws://h/?x=%C3%A4", {}, "ws://h/porch/main?x=%C3%A4"),
        ("ws://h#part", {}, "ws://h/porch/main"),
    ],
)
def test_the_url_of_a_connection(url: str, params: Mapping[str, Any], expected: str) -> None:
    assert asked(Connect(conn="a", params=params), url).url == expected


def test_the_users_own_value_goes_into_the_path() -> None:
    step = Connect(conn="a", params={"house": "$house"})
    assert asked(step, "ws://h/porch/green", variables={"house": "red"}).url == "ws://h/porch/red"
    assert asked(step, "ws://h/porch/green").url == "ws://h/porch/green"


@pytest.mark.parametrize("url", ["h", "ftp://h", "ws://", "ws:/h", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="the URL must begin with ws:// or wss:// and name a host"):
        asked(None, url)


@pytest.mark.parametrize(
    ("options", "way", "says"),
    [
        ({"variables": {"token": "abc/d=="}}, "subprotocol", "^a subprotocol can carry letters, digits and "),
        ({"subprotocols": ("a b",)}, None, "^a subprotocol can carry letters, digits and "),
        ({"variables": {"cookie": "pass=\u65e5"}}, "cookie", "^the header Cookie can carry one line of Latin-1 alone"),
        ({"headers": {"X-A": "a\nb"}}, None, "^the header X-A can carry one line of Latin-1 alone"),
    ],
)
def test_a_credential_that_cannot_be_sent_so(options: dict[str, Any], way: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        asked(Connect(conn="a", way=way), **options)


def test_what_nobody_can_ask_for() -> None:
    with pytest.raises(UsageError, match="the path /{nobody} needs a value for {nobody}; set it with --var nobody=…"):
        asked(None, "ws://h/{nobody}")
    with pytest.raises(UsageError, match="vonz documents no authentication by header; leave `way` out"):
        handshake(Target(url="ws://h", dialect=load("vonz")), Connect(conn="a", way="header"), {})


def credential(found: Handshake) -> dict[str, Any]:
    """What of a handshake depends on the credential."""
    query = found.url.partition("?")[2]
    return {"query": query, "headers": dict(found.headers), "subprotocols": list(found.subprotocols)}


NONE: dict[str, Any] = {"query": "", "headers": {}, "subprotocols": []}


@pytest.mark.parametrize(
    ("step", "variables", "expected"),
    [
        (Connect(conn="a"), {}, {"subprotocols": ["Bearer.the-porch-token"]}),
        (Connect(conn="a"), {"token": "mine-1"}, {"subprotocols": ["Bearer.mine-1"]}),
        (Connect(conn="a"), {"cookie": "id=mine-2"}, {"headers": {"Cookie": "id=mine-2"}}),
        (Connect(conn="a", way="query"), {"token": "mine 1"}, {"query": "key=mine+1"}),
        (Connect(conn="a", way="header"), {"token": "mine-1"}, {"headers": {"X-Porch": "Token mine-1"}}),
        (Connect(conn="a", way="cookie"), {}, {"headers": {"Cookie": "pass=the-porch-cookie"}}),
        (Connect(conn="a", auth="bad"), {"token": "mine-1"}, {"subprotocols": [f"Bearer.{NOT_A_CREDENTIAL}"]}),
        (Connect(conn="a", auth="bad", way="query"), {}, {"query": f"key={NOT_A_CREDENTIAL}"}),
        (Connect(conn="a", auth="bad", way="cookie"), {}, {"headers": {"Cookie": f"session={NOT_A_CREDENTIAL}"}}),
        (Connect(conn="a", auth="missing"), {"token": "mine-1"}, {}),
    ],
)
def test_the_credential_goes_the_documented_way(
    step: Connect, variables: Mapping[str, Any], expected: dict[str, Any]
) -> None:
    found = asked(step, variables=variables)
    assert credential(found) == {**NONE, **expected}
    assert found.auth == step.auth


OWN: dict[str, Any] = {
    "url": "ws://u:secret-0@h/?token=secret-1&x=1",
    "headers": {"Authorization": "Bearer secret-2", "X-Trace": "1"},
    "subprotocols": ("chat", "Bearer.secret-3"),
}


def test_the_users_own_credential_goes_with_good_ones_alone() -> None:
    found = asked(None, **OWN)
    assert found.url == "ws://u:secret-0@h/porch/main?token=secret-1&x=1"
    assert (found.headers, found.subprotocols) == (OWN["headers"], OWN["subprotocols"])
    for step in (Connect(conn="a", auth="missing"), Connect(conn="a", auth="bad", way="query")):
        found = asked(step, **OWN)
        bad = f"&key={NOT_A_CREDENTIAL}" if step.auth == "bad" else ""
        assert found.url == f"ws://h/porch/main?x=1{bad}"
        assert (found.headers, found.subprotocols) == ({"X-Trace": "1"}, ("chat",))


def test_a_secret_variable_takes_the_place_of_the_users_own_credential() -> None:
    found = asked(None, **OWN, variables={"token": "mine-1"})
    assert found.url == "ws://h/porch/main?x=1"
    assert (found.headers, found.subprotocols) == ({"X-Trace": "1"}, ("chat", "Bearer.mine-1"))


def test_a_cookie_takes_the_place_of_the_users_own() -> None:
    found = asked(None, headers={"cookie": "theme=dark", "X-Trace": "1"}, variables={"cookie": "id=mine-2"})
    assert found.headers == {"X-Trace": "1", "Cookie": "id=mine-2"}


@pytest.mark.parametrize(
    ("variables", "headers", "way", "missing"),
    [
        ({}, {}, "cookie", ""),
        ({"token": "mine-1"}, {}, "cookie", "cookie"),
        ({"token": "mine-1"}, {}, "query", ""),
        ({"cookie": "id=mine-2"}, {}, "header", "token"),
        ({}, {"Authorization": "Bearer mine-1"}, "subprotocol", "token"),
        ({}, {"Authorization": "Bearer mine-1"}, None, ""),
    ],
)
def test_what_lacks_for_a_way(variables: Any, headers: Any, way: Any, missing: str) -> None:
    target = Target(url="ws://h", dialect=porch(), variables=variables, headers=headers)
    assert lacking(target, Connect(conn="a", way=way)) == missing


def test_a_scenario_whose_secret_was_not_given_is_skipped() -> None:
    dialect = porch(scenario("{connect: a, way: cookie}, {send: hello}, {until: ready}"))
    target = Target(url="ws://127.0.0.1:1", dialect=dialect, variables={"token": "mine-1"})
    outcome = play_in_thread(dialect.scenarios["one"], target)
    assert outcome.skipped == "it connects by cookie, and no cookie was given; set WIRECHECK_COOKIE, or see --secret"
    assert (outcome.attempts, outcome.records, outcome.heard) == (0, None, 0)
    for case in cases(dialect):
        assert (judged(case, outcome).verdict, judged(case, outcome).reason) == ("not_exercised", outcome.skipped)


# What each step does


def test_a_whole_turn() -> None:
    dialect = porch()
    with standing(answers) as peer:
        outcome = play_in_thread(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect))
    assert (outcome.ended, outcome.skipped, outcome.attempts, outcome.turns) == ("", "", 1, 1)
    assert (outcome.heard, outcome.connected, outcome.refused, outcome.evidence) == (4, True, "", {})
    assert {case.id: judged(case, outcome).verdict for case in cases(dialect)} == {
        "porch/turn/session-ready-answers": "passed",
        "porch/turn/text-inside-turn": "passed",
        "porch/turn/turn-closed-once": "passed",
        "porch/turn/frames": "passed",
        "porch/turn/others": "passed",
    }
    ((path, headers),) = peer.asked
    assert (path, headers["sec-websocket-protocol"]) == ("/porch/main", "Bearer.the-porch-token")


def test_the_capture_says_what_was_seen_and_by_whom() -> None:
    outcome = played(answers, HELLO)
    opened, hello, ready, closed = records(outcome)
    assert isinstance(opened, Opened)
    assert (opened.sees, opened.vantage, opened.exclusive, opened.auth) == (
        {"client", "server"},
        "client",
        True,
        "good",
    )
    assert opened.url is not None and opened.url.endswith("/porch/main")
    assert opened.subprotocols == ("Bearer.[redacted]",)
    assert isinstance(hello, Message) and (hello.sender, hello.body) == ("client", '{"type":"hello"}')
    assert isinstance(ready, Message) and ready.sender == "server"
    assert isinstance(closed, Closed) and (closed.code, closed.sender) == (1000, "client")
    times = [one.at.t for one in records(outcome)]
    assert all(isinstance(time, float) for time in times) and times == sorted(times)  # type: ignore[type-var]


def test_what_was_recorded_is_judged_the_same_when_it_is_read_again() -> None:
    dialect = porch()
    with standing(chatters_on) as peer:
        outcome = play_in_thread(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect))
    checker = Checker(dialect, input="porch/turn", side="server")
    for record in records(outcome):
        checker.receive(record)
    again = checker.close()
    assert again.guarantees == outcome.report.guarantees
    assert [(one.first.code, one.lines) for one in again.findings] == [
        (one.first.code, one.lines) for one in outcome.report.findings
    ]


def test_the_records_around_a_finding_are_shown() -> None:
    dialect = porch()
    with standing(chatters_on) as peer:
        outcome = play_in_thread(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect))
    first = outcome.report.findings[0].first
    assert first.code == "text-inside-turn"
    shown = outcome.evidence[(first.at.line, first.at.conn)]
    assert [(one.line, one.who, one.offending) for one in shown] == [
        (5, "server", False),
        (6, "server", False),
        (7, "server", False),
        (8, "server", True),
        (9, "server", False),
    ]
    assert "One more thing." in shown[3].text


async def two_sessions(ws: ServerConnection) -> None:
    """Answers the second of two prompts first."""
    asked_for = []
    async for message in ws:
        match json.loads(message):
            case {"type": "hello"}:
                await ws.send(frame("ready", session=f"s{len(asked_for)}"))
                asked_for.append("")
            case {"type": "ask", "session": session, "text": text}:
                asked_for.append(session)
                if text == "second":
                    for one in reversed(asked_for[-2:]):
                        await ws.send(frame("text", session=one, text=one))
                        await ws.send(frame("done", session=one))


def test_answers_in_another_order_than_the_questions() -> None:
    steps = """
      {connect: a}, {send: hello}, {until: ready, keep: {one: /session}},
      {send: hello}, {until: ready, keep: {two: /session}},
      {send: ask, with: {session: $one, text: first}}, {send: ask, with: {session: $two, text: second}},
      {until: done, where: {/session: $one}}, {until: done, where: {/session: $two}}
    """
    assert played(two_sessions, steps).ended == ""


async def answers_twice(ws: ServerConnection) -> None:
    async for message in ws:
        if "hello" in str(message):
            await ws.send(frame("ready", session="s"))
            await ws.send(frame("ready", session="s"))
            await ws.send(frame("note", text="that was all"))


def test_a_frame_too_many_ends_no_later_wait() -> None:
    vain = "waited 0.2 s for ready, and nothing of the kind came"
    once = "{connect: a}, {send: hello}, {until: note}, {until: ready}"
    assert played(answers_twice, once + ", {send: pong}, {until: ready, within: 0.2}").ended == vain
    assert played(answers_twice, once + ", {until: ready}").ended == ""
    assert played(answers_twice, once + ", {until: ready}, {until: ready, within: 0.2}").ended == vain


async def greets(ws: ServerConnection) -> None:
    await ws.send(frame("note", text="welcome"))
    await answers(ws)


def test_what_comes_upon_connecting_can_be_awaited_after_the_first_message() -> None:
    assert played(greets, "{connect: a}, {until: note}, {send: hello}, {until: ready}").ended == ""
    assert played(greets, "{connect: a}, {send: hello}, {until: note}, {until: ready}").ended == ""


async def objects(ws: ServerConnection) -> None:
    async for _ in ws:
        await ws.send(frame("oops", code="NO"))


def test_an_alternative_ends_the_scenario() -> None:
    outcome = played(objects, "{connect: a}, {send: hello}, {until: ready, or: oops}")
    assert (outcome.ended, verdicts(outcome)["session-ready-answers"]) == (
        'waited for ready, and oops came: {"type": "oops", "code": "NO"}',
        "inconclusive",
    )


def test_an_optional_wait_may_be_in_vain() -> None:
    outcome = played(objects, "{connect: a}, {send: hello}, {until: ready, optional: true, within: 0.1}, {until: oops}")
    assert outcome.ended == ""


def test_deadlines_are_scaled_by_patience() -> None:
    limits = Limits(timeout=0.1, patience=2)
    assert (limits.wait(), limits.wait(20), limits.opening, limits.moment) == (0.2, 40, 20, 0.2)
    assert Limits().moment == 5
    outcome = played(objects, "{connect: a}, {send: hello}, {until: ready, within: 0.1}", Limits(patience=2))
    assert outcome.ended == "waited 0.2 s for ready, and nothing of the kind came"


@pytest.mark.parametrize(
    ("promised", "verdict"), [("", "inconclusive"), (", promised: session-ready-answers", "failed")]
)
def test_silence_is_a_finding_where_something_is_promised(promised: str, verdict: str) -> None:
    outcome = played(objects, f"{{connect: a}}, {{send: hello}}, {{until: ready, within: 0.3{promised}}}")
    assert outcome.ended == "waited 0.3 s for ready, and nothing of the kind came"
    assert verdicts(outcome)["session-ready-answers"] == verdict
    trials = [(one.guarantee, one.outcome, one.seconds) for one in records(outcome) if isinstance(one, Trial)]
    assert trials == ([("session-ready-answers", "expired", 0.3)] if promised else [])


def test_silence_of_a_server_that_answers_no_ping_is_no_finding() -> None:
    dialect = porch(scenario("{connect: a}, {send: hello}, {until: ready, promised: session-ready-answers}"))
    with listening(miniatures.is_mute) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect), SHORT)
    assert outcome.ended == "waited 0.3 s for ready, and the server did not answer a ping either"
    assert verdicts(outcome)["session-ready-answers"] == "inconclusive"
    assert [one for one in records(outcome) if isinstance(one, Trial)] == []


async def refuses(ws: ServerConnection) -> None:
    await ws.close(4001, "no")


def test_the_end_of_a_connection_can_be_awaited() -> None:
    steps = "{connect: a, auth: bad}, {until: close, code: 4001}"
    outcome = played(refuses, steps, exercises="auth-failure-closes")
    assert (outcome.ended, verdicts(outcome)["auth-failure-closes"]) == ("", "passed")
    wrong = played(miniatures.leaves, steps, exercises="auth-failure-closes")
    assert wrong.ended == "waited for a close with code 4001, and the server closed the connection (code 1001)"
    assert verdicts(wrong)["auth-failure-closes"] == "failed"


def test_an_end_that_was_not_awaited() -> None:
    left = "waited for ready, and the server closed the connection (code 1001)"

    async def leaves_when_asked(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.close(1001)

    assert played(leaves_when_asked, "{connect: a}, {send: hello}, {until: ready}").ended == left
    outcome = played(miniatures.leaves, "{connect: a}, {until: close}, {send: hello}, {until: ready}")
    assert outcome.ended == "hello could not be sent: the server closed the connection (code 1001)"


def test_a_handshake_that_is_refused_says_nothing_of_close_codes() -> None:
    dialect = porch(scenario("{connect: a, auth: bad}, {until: close, code: 4001}", "auth-failure-closes"))
    with standing(answers, status=401) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect))
    assert outcome.ended == "the server refused the handshake itself (HTTP 401), so no frame and no close code was seen"
    assert (outcome.refused, outcome.connected) == ("", False)
    assert verdicts(outcome)["auth-failure-closes"] == "not_exercised"


def test_a_good_credential_that_is_refused_is_said() -> None:
    dialect = porch()
    with standing(answers, status=403) as peer:
        outcome = play_in_thread(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect), attempts=3)
    assert "the connection was refused with HTTP 403" in outcome.refused
    assert (outcome.connected, outcome.attempts) == (False, 1)


async def asks_back(ws: ServerConnection) -> None:
    async for message in ws:
        if "hello" in str(message):
            await ws.send(frame("ping"))
        if "pong" in str(message):
            await ws.send(frame("ready", session="s"))


def test_a_ping_in_json_is_answered_whatever_the_script_says() -> None:
    outcome = played(asks_back, "{connect: a}, {send: hello}, {until: ready}")
    assert (outcome.ended, sent(outcome)) == ("", [{"type": "hello"}, {"type": "pong"}])


def test_a_drop_is_no_goodbye() -> None:
    ends: Queue[int | None] = Queue()

    async def notes_the_end(ws: ServerConnection) -> None:
        async for _ in ws:
            await ws.send(frame("ready", session="s"))
        ends.put(ws.close_code)

    async def notes_any_end(ws: ServerConnection) -> None:
        try:
            await notes_the_end(ws)
        except ConnectionClosed:
            ends.put(ws.close_code)

    steps = HELLO + ", {drop: a}, {connect: b}, {send: hello}, {until: ready}, {settle: b}"
    dialect = porch(scenario(steps))
    with standing(notes_any_end) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect))
        codes = [ends.get(timeout=LONG), ends.get(timeout=LONG)]
    assert outcome.ended == ""
    closes = [(one.at.conn, one.code, one.sender) for one in records(outcome) if isinstance(one, Closed)]
    assert closes == [("a", 1006, "client"), ("b", 1000, "client")]
    assert sorted(codes, key=str) == [1000, 1006]


def test_settling_reads_what_was_on_its_way() -> None:
    async def adds_something(ws: ServerConnection) -> None:
        async for _ in ws:
            await ws.send(frame("ready", session="s"))
            for number in range(100):
                await ws.send(frame("note", text=str(number)))

    outcome = played(adds_something, HELLO)
    assert [one["type"] for one in sent(outcome, "server")] == ["ready", *["note"] * 100]


def test_connecting_again_under_the_same_name_settles_the_first() -> None:
    outcome = played(answers, HELLO + ", {connect: a}, {send: hello}, {until: ready}")
    assert outcome.ended == ""
    assert [type(one).__name__ for one in records(outcome)] == ["Opened", "Message", "Message", "Closed"] * 2


SURVIVAL = "{malformed: not-json}, {until: oops}, {send: hello}, {until: ready}, {shows: malformed-input-survived}"


def test_going_on_after_nonsense_shows_that_it_was_survived() -> None:
    outcome = played(answers, "{connect: a}, " + SURVIVAL, exercises="malformed-input-survived")
    assert (outcome.ended, verdicts(outcome)["malformed-input-survived"]) == ("", "passed")


def test_breaking_off_after_nonsense_shows_that_it_was_not() -> None:
    async def takes_offence(ws: ServerConnection) -> None:
        async for message in ws:
            json.loads(message)

    outcome = played(takes_offence, "{connect: a}, " + SURVIVAL, exercises="malformed-input-survived")
    assert outcome.ended == "waited for oops, and the server closed the connection (code 1011)"
    assert verdicts(outcome)["malformed-input-survived"] == "failed"
    (group,) = outcome.report.findings
    assert outcome.ended in group.first.message


AFTERWARDS = (
    "{malformed: not-json}, {connect: b}, {send: hello}, {until: ready}, {shows: malformed-input-survived, on: a}"
)


def test_a_gateway_that_refuses_after_nonsense_shows_nothing() -> None:
    """A status says that somebody still answers there, and that we are not welcome now."""
    dialect = porch(scenario("{connect: a}, " + AFTERWARDS, "malformed-input-survived"))
    with standing(answers, status=503, spares=1) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect), LIMITS)
    assert "connection b was not made: " in outcome.ended and "503" in outcome.ended
    assert verdicts(outcome)["malformed-input-survived"] == "not_applicable"


def test_where_something_outside_must_happen_and_nobody_sees_to_it_silence_after_nonsense_shows_nothing() -> None:
    steps = "{connect: a}, {malformed: not-json}, {trigger: an agent greets}, {until: done, within: 0.1}, "
    steps += "{shows: malformed-input-survived}"
    left = played(answers, steps, exercises="malformed-input-survived")
    assert verdicts(left)["malformed-input-survived"] == "not_applicable"
    seen_to = played(answers, steps, exercises="malformed-input-survived", trigger="true")
    assert seen_to.ended.startswith("waited 0.1 s for done") and left.ended == seen_to.ended
    assert verdicts(seen_to)["malformed-input-survived"] == "failed"


def test_breaking_off_before_nonsense_shows_nothing() -> None:
    steps = "{connect: a}, {send: hello}, {until: done, within: 0.1}, " + SURVIVAL
    outcome = played(answers, steps, exercises="malformed-input-survived")
    assert verdicts(outcome)["malformed-input-survived"] == "not_applicable"
    case = next(case for case in cases(porch(scenario(steps, "malformed-input-survived"))))
    assert judged(case, outcome).verdict == "not_exercised"


def test_a_close_upon_nonsense_is_an_answer_like_others() -> None:
    async def is_strict(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.close(1007)

    assert played(is_strict, "{connect: a}, {malformed: not-json}, {until: [oops, close]}").ended == ""


@pytest.mark.parametrize("kind", ["binary", "huge", "deep"])
def test_nonsense_of_every_size_goes_out(kind: str) -> None:
    got: list[Any] = []

    async def takes_it(ws: ServerConnection) -> None:
        async for message in ws:
            got.append(message)
            await ws.send(frame("oops", code="NO"))

    of = ", of: hello" if kind == "binary" else ""
    outcome = played(takes_it, f"{{connect: a}}, {{malformed: {kind}{of}}}, {{until: oops}}")
    assert outcome.ended == ""
    (message,) = got
    assert isinstance(message, bytes) == (kind == "binary")
    assert sent(outcome) == [message]


def test_a_message_that_takes_no_text_ends_within_the_deadline() -> None:
    dialect = porch(scenario("{connect: a}, {malformed: huge}, {malformed: huge}, {until: oops}"))
    with listening(miniatures.is_mute) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect), SHORT)
    assert outcome.ended == "a message (huge) could not be sent: the server took nothing in for 0.3 s"


async def forgets(ws: ServerConnection) -> None:
    async for _ in ws:
        await ws.send(frame("ready"))


def test_a_frame_that_is_not_taken_in_ends_within_the_deadline() -> None:
    dialect = porch(scenario("{connect: a}, {malformed: huge}, {send: hello}, {until: ready}"))

    async def takes_nothing(reader: miniatures.Reader, writer: miniatures.Writer) -> None:
        await miniatures.upgraded(reader, writer)
        await miniatures.for_ever()

    with listening(takes_nothing) as peer:
        target = Target(url=peer.url, dialect=dialect, compression=False)
        outcome = play_in_thread(dialect.scenarios["one"], target, SHORT)
    assert outcome.ended == "a message (huge) could not be sent: the server took nothing in for 0.3 s"


def test_what_is_to_be_kept_must_be_there() -> None:
    outcome = played(forgets, HELLO)
    assert outcome.ended == "ready came without /session, which the conversation goes on with"
    steps = "{connect: a}, {until: ready, optional: true, within: 0.1, keep: {session: /session}}, "
    outcome = played(forgets, steps + "{send: ask, with: {session: $session, text: x}}")
    assert outcome.ended == "nothing is known as $session, and no frame has shown it so far"


def test_the_trigger_is_the_users_own_command(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import os, sys; open(sys.argv[1], 'w').write(os.environ['WIRECHECK_PROMPT'])")
    steps = "{connect: a}, {trigger: Somebody rings.}, {send: hello}, {until: ready}"
    command = f"{sys.executable} {program} {tmp_path}/rung"
    assert played(answers, steps, trigger=command).ended == ""
    assert (tmp_path / "rung").read_text() == "How is the weather?"
    assert played(answers, steps).ended == ""
    failing = f"{sys.executable} -c 'raise SystemExit(3)'"
    assert played(answers, steps, trigger=failing).ended == ("the command of --trigger ended with code 3")
    assert played(answers, steps, trigger=f"{tmp_path}/none").ended == (
        "the command of --trigger cannot be run (No such file or directory); look at it"
    )
    assert (
        played(answers, steps, trigger="'").ended
        == "the command of --trigger cannot be run (it is no command); look at it"
    )
    patient = f"{sys.executable} -c 'import signal; signal.pause()'"
    assert played(answers, steps, SHORT, trigger=patient).ended == "the command of --trigger did not end within 0.3 s"


@pytest.mark.asyncio
async def test_a_command_that_is_called_off_is_ended(tmp_path: Path) -> None:
    text = f"import os; open('{tmp_path}/begun', 'w').write(str(os.getpid())); import signal; signal.pause()"
    running = asyncio.create_task(trigger.run(f'{sys.executable} -c "{text}"', {}, LONG))
    while not (tmp_path / "begun").exists() or not (tmp_path / "begun").read_text():
        await asyncio.wait((running,), timeout=0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "begun").read_text()), 0)


@pytest.mark.skipif(os.name != "posix", reason="whose children they are is known on POSIX alone")
@pytest.mark.asyncio
async def test_a_command_is_ended_with_what_it_began(tmp_path: Path) -> None:
    """Its child would say so once it is alone; that nobody holds the pipe any more says that it has ended, too."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = tmp_path / "script"
    script.write_text(
        f"exec 3> {pipe}\n(while kill -0 $$ 2> /dev/null; do sleep 0.01; done; echo alone >&3) &\n"
        f"echo begun > {tmp_path}/begun\nwait\n"
    )
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as heard:
        running = asyncio.create_task(trigger.run(f"sh {script}", {}, LONG))
        while not (tmp_path / "begun").exists():
            await asyncio.wait((running,), timeout=0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        os.set_blocking(heard.fileno(), True)
        assert heard.read() == b""


@pytest.mark.asyncio
async def test_what_a_command_leaves_behind_goes_on(tmp_path: Path) -> None:
    assert await trigger.run(f"sh -c 'sleep 77 & echo $! > {tmp_path}/begun'", {}, 20.0) == ""
    os.kill(int((tmp_path / "begun").read_text()), signal.SIGKILL)


def test_a_message_that_is_no_utf8_is_a_fault_of_the_servers() -> None:
    async def latin(reader: miniatures.Reader, writer: miniatures.Writer) -> None:
        await miniatures.upgraded(reader, writer)
        writer.write(b"\x81\x05caf\xe9!")
        await reader.read()

    dialect = porch(scenario("{connect: a}, {until: note, optional: true, within: 0.1}"))
    with listening(latin) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect), SHORT)
    assert [group.first.code for group in outcome.report.findings] == ["not-utf8"]


# How often, and at what price


def test_a_scenario_is_played_again_while_something_was_not_exercised() -> None:
    moods = iter(["", "", "text"])

    async def is_moody(ws: ServerConnection) -> None:
        mood = next(moods)
        async for message in ws:
            match json.loads(message):
                case {"type": "hello"}:
                    await ws.send(frame("ready", session="s"))
                case {"type": "ask", "session": session}:
                    if mood:
                        await ws.send(frame(mood, session=session, text="x"))
                    await ws.send(frame("done", session=session))

    steps = HELLO + ", {send: ask, with: {session: $session, text: x}}, {until: done}"
    outcome = played(is_moody, steps, exercises="text-inside-turn", attempts=5)
    assert (outcome.attempts, outcome.turns, verdicts(outcome)["text-inside-turn"]) == (3, 3, "passed")
    conns = [one.at.conn for one in records(outcome) if isinstance(one, Opened)]
    assert conns == ["a", "a~2", "a~3"]
    assert [one.at.line for one in records(outcome)] == list(range(1, len(records(outcome)) + 1))
    assert (outcome.report.inputs, outcome.report.connections) == (("porch/one",), 3)


def test_a_scenario_that_failed_is_not_played_again() -> None:
    dialect = porch(miniatures.TURN.replace("[session-ready", "[malformed-input-survived, session-ready"))
    with standing(chatters_on) as peer:
        target = Target(url=peer.url, dialect=dialect)
        outcome = play_in_thread(dialect.scenarios["turn"], target, attempts=5)
    assert outcome.attempts == 1


def test_turns_are_counted_before_they_are_sent() -> None:
    dialect = porch()
    turn = dialect.scenarios["turn"]
    assert turns_of(turn, dialect) == 1
    assert opens_turn(dialect.frames["ask"], {}) and not opens_turn(dialect.frames["hello"], {})
    budget = Budget(2)
    with standing(answers) as peer:
        target = Target(url=peer.url, dialect=dialect)
        outcomes = [play_in_thread(turn, target, budget=budget) for _ in range(3)]
    assert [outcome.turns for outcome in outcomes] == [1, 1, 0]
    assert outcomes[2].skipped == "it takes 1 turn, and the cap of 2 would be passed"
    assert budget.used == 2


def test_turns_that_were_not_sent_are_given_back() -> None:
    dialect = porch()
    budget = Budget(1)
    with standing(objects) as peer:
        outcome = play_in_thread(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect), budget=budget)
    assert (outcome.turns, budget.used) == (0, 0)


def test_turns_by_cases_of_a_frame() -> None:
    submit = load("vonz").frames["task.submit"]
    assert opens_turn(submit, {"mode": "session"})
    assert opens_turn(load("symindx").frames["chat"], {})


# What is made of it


def test_faults_of_frames_and_of_other_guarantees_have_cases_of_their_own() -> None:
    async def is_careless(ws: ServerConnection) -> None:
        await ws.send(frame("text", session="s", text=7))
        await answers(ws)

    dialect = porch(scenario(HELLO))
    with standing(is_careless) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect))
    found = {case.guarantee: judged(case, outcome) for case in cases(dialect)}
    assert {name: one.verdict for name, one in found.items()} == {
        "session-ready-answers": "passed",
        "frames": "failed",
        "others": "failed",
    }
    assert [group.first.code for group in found["frames"].findings] == ["schema"]
    assert [group.first.code for group in found["others"].findings] == ["text-inside-turn"]
    assert (found["frames"].level, found["others"].level) == ("must", "must")


def test_why_a_case_was_not_judged() -> None:
    async def ends_before_it_begins(ws: ServerConnection) -> None:
        async for _ in ws:
            await ws.send(frame("note", text="later"))

    steps = "{connect: a}, {send: hello}, {until: note}"
    outcome = played(ends_before_it_begins, steps, exercises="session-ready-answers, text-inside-turn")
    found = {
        case.guarantee: judged(case, outcome)
        for case in cases(porch(scenario(steps, "session-ready-answers, text-inside-turn")))
    }
    assert (found["session-ready-answers"].verdict, found["session-ready-answers"].reason) == (
        "inconclusive",
        "1 of its instances stayed undecided, and none held",
    )
    assert (found["text-inside-turn"].verdict, found["text-inside-turn"].reason) == (
        "not_exercised",
        "nothing in the conversation gave occasion for it",
    )


def test_cases_are_named_by_the_catalog_alone() -> None:
    dialect = load("vonz")
    names = [case.id for case in cases(dialect, ["resume-mid-turn"])]
    assert "vonz/resume-mid-turn/replay-comes-first" in names
    assert names[-2:] == ["vonz/resume-mid-turn/frames", "vonz/resume-mid-turn/others"]
    assert [case.id for case in cases(porch(), ["turn"], ["turn-closed-once"])] == ["porch/turn/turn-closed-once"]
    assert len({case.id for case in cases(dialect)}) == len(cases(dialect))
    case = cases(porch())[0]
    assert (case.level, case.says, case.source) == ("must", "hello is answered by ready.", "the promise")
    with pytest.raises(UsageError, match=r"porch has no scenario 'no'; there are turn"):
        cases(porch(), ["no"])
    with pytest.raises(UsageError, match="porch has no guarantee 'no'; there are session-ready-answers,"):
        cases(porch(), None, ["no"])


# Where the server is


def test_a_server_that_is_starting_is_waited_for() -> None:
    with standing(answers) as peer:
        port = peer.port
    dialect = porch()

    async def wait_for_it() -> None:
        waiting = asyncio.create_task(reachable(Target(url=peer.url, dialect=dialect), 30))
        await asyncio.wait((waiting,), timeout=0.3)
        assert not waiting.done()
        server = await asyncio.start_server(_shakes_hands, "127.0.0.1", port)
        async with server:
            await waiting

    asyncio.run(wait_for_it())


async def _shakes_hands(reader: miniatures.Reader, writer: miniatures.Writer) -> None:
    await miniatures.upgraded(reader, writer)
    # Whatever comes next is taken for the close frame that a client begins with.
    await reader.read(100)
    writer.write(b"\x88\x02\x03\xe8")
    writer.close()


def test_reachable_says_goodbye_to_a_server_that_talks_a_lot() -> None:
    ends: Queue[int | None] = Queue()

    async def talks(ws: ServerConnection) -> None:
        for number in range(2_000):
            await ws.send(frame("note", text=str(number)))
        await ws.wait_closed()
        ends.put(ws.close_code)

    with standing(talks) as peer:
        asyncio.run(reachable(Target(url=peer.url, dialect=porch())))
        assert ends.get(timeout=LONG) == 1000


def test_there_is_no_server() -> None:
    with standing(answers) as peer:
        gone = Target(url=peer.url, dialect=porch())
    with pytest.raises(TargetError, match="nobody listens there"):
        asyncio.run(reachable(gone, 0.2))


# What lies between


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls_with_an_authority_of_ones_own(host: str) -> None:
    dialect = porch()
    with standing(answers, secure=True) as peer:
        url = peer.url.replace("127.0.0.1", host)
        trusting = Target(url=url, dialect=dialect, ca=TLS / "localhost.pem")
        assert play_in_thread(dialect.scenarios["turn"], trusting).ended == ""
        careless = Target(url=url, dialect=dialect, insecure=True)
        assert play_in_thread(dialect.scenarios["turn"], careless).ended == ""
        careful = play_in_thread(dialect.scenarios["turn"], Target(url=url, dialect=dialect))
    assert "its certificate is not trusted (self-signed certificate)" in careful.refused


def test_files_of_tls_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    dialect = porch()
    for options, says in (
        ({"ca": tmp_path / "none.pem"}, "no certificates can be read from it (No such file or directory)"),
        ({"ca": tmp_path / "no.pem"}, "no certificates can be read from it"),
        ({"cert": tmp_path / "no.pem"}, "it cannot be used (no PEM); name a PEM file with its key"),
        ({"cert": TLS / "localhost.pem"}, "it cannot be used"),
    ):
        target = Target(url="wss://127.0.0.1:1", dialect=dialect, **options)  # type: ignore[arg-type]
        with pytest.raises(UsageError) as raised:
            asyncio.run(reachable(target))
        assert says in str(raised.value)


def test_a_client_shows_its_certificate() -> None:
    shown = []

    async def looks(ws: ServerConnection) -> None:
        shown.append(ws.transport.get_extra_info("peercert"))
        await answers(ws)

    dialect = porch()
    with standing(looks, secure=True, demands=True) as peer:
        target = Target(
            url=peer.url,
            dialect=dialect,
            ca=TLS / "localhost.pem",
            cert=TLS / "localhost.pem",
            key=TLS / "localhost.key",
        )
        assert play_in_thread(dialect.scenarios["turn"], target).ended == ""
    assert shown[0]["subject"] == ((("commonName", "localhost"),),)


def test_a_proxy_is_gone_through() -> None:
    dialect = porch()
    asked_of: list[str] = []
    with standing(answers) as peer, listening(miniatures.forwards(asked_of)) as proxy:
        through = Target(url=peer.url, dialect=dialect, proxy=f"http://me:pass@127.0.0.1:{proxy.port}")
        assert play_in_thread(dialect.scenarios["turn"], through).ended == ""
        assert asked_of == [f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1"]
        past = Target(url=peer.url, dialect=dialect, proxy="")
        assert play_in_thread(dialect.scenarios["turn"], past).ended == ""
        assert len(asked_of) == 1


def test_the_environments_proxy_is_used_unless_it_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ws_proxy", "http_proxy", "socks_proxy", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    dialect = porch()
    asked_of: list[str] = []
    with standing(answers) as peer, listening(miniatures.forwards(asked_of)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        for declined in ("", None):
            target = Target(url=peer.url, dialect=dialect, proxy=declined)
            assert play_in_thread(dialect.scenarios["turn"], target).ended == ""
    assert len(asked_of) == 1


@pytest.mark.parametrize("compression", [True, False])
def test_compression_is_offered_unless_it_is_declined(compression: bool) -> None:
    dialect = porch()
    with standing(answers) as peer:
        target = Target(url=peer.url, dialect=dialect, compression=compression)
        assert play_in_thread(dialect.scenarios["turn"], target).ended == ""
    assert ("sec-websocket-extensions" in peer.asked[0][1]) == compression


@pytest.mark.parametrize(("size", "ended"), [(5_000_000, ""), (20_000_000, "more than 16,777,216 bytes")])
@pytest.mark.parametrize("compression", ["deflate", None])
def test_large_messages(size: int, ended: str, compression: str | None) -> None:
    dialect = porch(scenario("{connect: a}, {send: hello}, {until: note}"))

    async def is_large(ws: ServerConnection) -> None:
        await ws.recv()
        await ws.send(frame("note", text="x" * size))
        await ws.wait_closed()

    with standing(is_large, compression=compression) as peer:
        outcome = play_in_thread(dialect.scenarios["one"], Target(url=peer.url, dialect=dialect))
    assert ended in outcome.ended and bool(ended) == bool(outcome.ended)


def test_no_redirect_is_followed_with_a_credential() -> None:
    with (
        standing(answers) as other,
        listening(miniatures.redirects(f"{other.url}/porch/x?key=1")) as peer,
        pytest.raises(TargetError) as raised,
    ):
        asyncio.run(reachable(Target(url=peer.url, dialect=porch())))
    assert str(raised.value) == (
        f"{peer.url}: it redirects (HTTP 302) to '{other.url}/porch/x'; give that URL if you trust it"
    )
    assert other.asked == []


# A conversation of one's own


def test_a_conversation_step_by_step(tmp_path: Path) -> None:
    dialect = porch()
    with standing(answers) as peer, Conversation(Target(url=peer.url, dialect=dialect)) as talk:
        talk.send("hello")
        ready = talk.until("ready")
        assert ready == {"type": "ready", "session": ready["session"]}
        talk.send("ask", session=ready["session"], text="$prompt")
        assert talk.expect("text")["text"] == "It is "
        assert talk.until("done", where={"/session": ready["session"]}) == {"type": "done", "session": ready["session"]}
        talk.save(tmp_path / "so-far.jsonl")
        assert len((tmp_path / "so-far.jsonl").read_text().splitlines()) == 7
        assert talk.verdicts() == {
            "session-ready-answers": "passed",
            "text-inside-turn": "passed",
            "turn-closed-once": "passed",
            "auth-failure-closes": "not_exercised",
            "malformed-input-survived": "not_applicable",
        }
        assert talk.report() is talk.report()
        assert talk.section().report is talk.report()
        with pytest.raises(UsageError, match="the conversation is over"):
            talk.send("hello")
    talk.save(tmp_path / "whole.jsonl")
    assert len((tmp_path / "whole.jsonl").read_text().splitlines()) == 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["so-far.jsonl", "whole.jsonl"]


def test_a_conversation_waits_in_vain() -> None:
    dialect = porch()
    with standing(answers) as peer, Conversation(Target(url=peer.url, dialect=dialect)) as talk:
        with pytest.raises(NotSeen, match="^waited 0.3 s for ready, and nothing of the kind came$"):
            talk.until("ready", within=0.3)
        talk.send("hello")
        with pytest.raises(NotSeen, match="^expected done, and ready came$"):
            talk.expect("done")
        talk.send("hello")
        with pytest.raises(NotSeen, match="^expected ready with other values than it came with$"):
            talk.expect("ready", where={"/session": "other"})
        talk.drop()
        assert talk.until("close") == {}
        with pytest.raises(NotSeen, match="^hello could not be sent: we had ended the connection"):
            talk.send("hello")
        talk.connect()
        talk.send("hello")
        assert talk.until("ready")["type"] == "ready"


def test_the_next_frame_may_not_come() -> None:
    dialect = porch()
    with standing(refuses) as peer, Conversation(Target(url=peer.url, dialect=dialect)) as talk:
        with pytest.raises(NotSeen, match=r"^waited for ready, and the server closed the connection \(code 4001\)$"):
            talk.expect("ready")
        talk.malformed("not-json")
        assert talk.until("close") == {}
    with (
        standing(answers) as peer,
        Conversation(Target(url=peer.url, dialect=dialect)) as talk,
        pytest.raises(NotSeen, match="^waited 0.2 s for ready, and nothing of the kind came$"),
    ):
        talk.expect("ready", within=0.2)


def test_a_conversation_over_several_connections(tmp_path: Path) -> None:
    dialect = porch()
    with standing(answers) as peer, Conversation(Target(url=peer.url, dialect=dialect)) as talk:
        talk.connect("a", params={"house": "blue"})
        talk.connect("b", way="query")
        talk.malformed("not-json", "b")
        assert talk.until("oops", conn="b")["code"] == "NOT_JSON"
        talk.send("hello", "a")
        talk.variables["session"] = talk.until("ready")["session"]
        talk.send("ask", "a", {"session": "$session", "text": "$$5", "@id": "7"})
        talk.until("done")
        talk.settle("b")
        talk.save(saved := tmp_path / "saved.jsonl")
        messages = [json.loads(line) for line in saved.read_text().splitlines()]
    assert [path for path, _ in peer.asked] == ["/porch/blue", "/porch/main?key=the-porch-token"]
    (asked_for,) = [json.loads(one["text"]) for one in messages if '"ask"' in one.get("text", "")]
    assert asked_for == {"type": "ask", "id": "7", "session": talk.variables["session"], "text": "$5"}


def test_what_a_conversation_cannot_say() -> None:
    dialect = porch()
    with standing(answers) as peer, Conversation(Target(url=peer.url, dialect=dialect), budget=Budget(0)) as talk:
        with pytest.raises(UsageError, match="'ready' is no frame of the client's; there are hello, ask, pong"):
            talk.send("ready")
        with pytest.raises(UsageError, match="'hello' is no frame of the server's; there are ready, .*, and close"):
            talk.until("hello")
        with pytest.raises(UsageError, match="no connection is called b; connect it first"):
            talk.drop("b")
        with pytest.raises(UsageError, match="nothing is known as \\$nobody"):
            talk.send("hello", x="$nobody")
        with pytest.raises(UsageError, match="the cap of 0 turns is reached"):
            talk.send("ask", session="s", text="x")
    with Conversation(Target(url="ws://127.0.0.1:1", dialect=dialect)) as talk, pytest.raises(TargetError):
        talk.send("hello")


def test_one_refusal_does_not_stand_for_what_comes_later() -> None:
    with standing(answers) as peer:
        target = Target(url=peer.url, dialect=porch())
        with Conversation(target) as talk:
            talk.connect("a")
            peer.refuses = True
            with pytest.raises(TargetError, match="refused with HTTP 403"):
                talk.connect("b")
            with pytest.raises(NotSeen, match="^waited 0.2 s for ready, and nothing of the kind came$"):
                talk.until("ready", within=0.2)


@pytest.mark.asyncio
async def test_it_works_inside_another_loop() -> None:
    dialect = porch()
    with standing(answers) as peer:
        target = Target(url=peer.url, dialect=dialect)
        assert play_in_thread(dialect.scenarios["turn"], target).ended == ""
        assert (await play(dialect.scenarios["turn"], target)).ended == ""
        with Conversation(target) as talk:
            talk.send("hello")
            talk.until("ready")


@pytest.mark.asyncio
async def test_many_conversations_at_once() -> None:
    dialect = porch()
    with standing(answers) as peer:
        target = Target(url=peer.url, dialect=dialect)
        outcomes = await asyncio.gather(*(play(dialect.scenarios["turn"], target) for _ in range(50)))
    assert {outcome.ended for outcome in outcomes} == {""}
    assert {tuple(verdicts(outcome).values()) for outcome in outcomes} == {
        ("passed", "passed", "passed", "not_exercised", "not_applicable", "not_applicable")
    }
    assert len({outcome.records for outcome in outcomes}) == 50


def test_nobody_has_to_clean_up_after_a_long_conversation(tmp_path: Path) -> None:
    outcome = played(answers, HELLO + ", {malformed: huge}, {until: [oops, close]}")
    assert outcome.records is not None
    outcome.records.save(tmp_path / "kept")
    assert (tmp_path / "kept").stat().st_size > HUGE
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.asyncio
async def test_a_conversation_that_is_called_off_leaves_nothing(tmp_path: Path) -> None:
    dialect = porch()
    with standing(miniatures.listens) as peer:
        playing = asyncio.create_task(play(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect)))
        while not peer.asked:
            await asyncio.wait((playing,), timeout=0.01)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
    assert list(tmp_path.glob("wirecheck-*")) == []


def test_progress_is_told() -> None:
    dialect = porch()
    told: list[str] = []
    with standing(answers) as peer:
        play_in_thread(dialect.scenarios["turn"], Target(url=peer.url, dialect=dialect), watch=told.append)
    assert told == ["connect a", "send hello", "wait for ready", "send ask", "wait for done"]


# What the user says


def test_variables_come_from_options_and_from_the_environment() -> None:
    world = {
        "WIRECHECK_PROMPT": "from outside",
        "WIRECHECK_COUNT": "5",
        "WIRECHECK_TOKEN": " token-1 \n",
        "V": "token-2",
    }
    target = target_of(Given(url="ws://h"), porch(), environment=world)
    assert target.variables == {"prompt": "from outside", "count": 5, "token": "token-1"}
    given = Given(url="ws://h", variables=["prompt=a=b", "count=[7]"], secrets=["token=env:V"])
    target = target_of(given, porch(), environment=world)
    assert target.variables == {"prompt": "a=b", "count": [7], "token": "token-2"}
    assert target.values()["cookie"] == "pass=the-porch-cookie"
    assert target_of(Given(url="ws://h", variables=["count=many"]), porch(), environment={}).variables == {
        "count": "many"
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"variables": ["prompt=\udcff"]}, "^--var prompt: the value is no text"),
        ({"headers": ["X-A=\udcff"]}, "^--header X-A: the value is no text"),
        ({"secrets": ["token=env:BYTES"]}, "^--secret token=env:BYTES: the value is no text"),
        ({"url": "ws://h/\udcff"}, "^the URL must begin with ws:// or wss://"),
        ({"key": Path("k.pem")}, "^--key goes with --cert; name the certificate too$"),
    ],
)
def test_what_no_option_can_be(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        target_of(Given(**{"url": "ws://h", **given}), porch(), environment={"BYTES": "token\udcff"})
    with pytest.raises(UsageError, match="^the environment's WIRECHECK_PROMPT: the value is no text"):
        target_of(Given(url="ws://h"), porch(), environment={"WIRECHECK_PROMPT": "\udcff"})


def test_what_the_driver_says_of_options_names_them_as_the_surface_does() -> None:
    def refused(url: str, **options: Any) -> str:
        with pytest.raises(WirecheckError) as raised:
            asyncio.run(reachable(Target(url=url, dialect=porch(), prefix="--my-", **options)))
        return str(raised.value).partition(": ")[2]

    for status in (401, 403, 503):
        with standing(answers, status=status) as peer:
            assert f"HTTP {status}" in (said := refused(peer.url)) and "--" not in said.replace("--my-", "")
            assert "--my-" in said
    with standing(answers, secure=True) as peer:
        assert "name the authority's file with --my-ca" in refused(peer.url)
        assert refused(peer.url, proxy="http://127.0.0.1:1") == (
            "the proxy that leads there cannot be reached (connection refused); look at --my-proxy, and at the "
            "environment's proxies"
        )
    with pytest.raises(UsageError, match="set it with --my-var nothing=…"):
        asked(url="ws://h/{nothing}", prefix="--my-")
    steps = "{connect: a}, {trigger: Somebody rings.}"
    assert played(answers, steps, trigger="'", prefix="--my-").ended.startswith("the command of --my-trigger cannot")
    lacking_one = played(answers, "{connect: a, way: cookie}", variables={"token": "mine"}, prefix="--my-")
    assert lacking_one.skipped == (
        "it connects by cookie, and no cookie was given; set WIRECHECK_COOKIE, or see --my-secret"
    )


def test_options_are_named_as_the_surface_names_them() -> None:
    with pytest.raises(UsageError, match="^--wirecheck-var 'no': porch has no such variable"):
        target_of(Given(url="ws://h", variables=["no=1"]), porch(), environment={}, prefix="--wirecheck-")


def test_headers_and_subprotocols(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from-a-file\n")
    given = Given(
        url="ws://h",
        headers=["X-A=1=2", "X-B=env:B", f"X-C=file:{tmp_path}/file"],
        subprotocols=["chat", "env:B"],
    )
    target = target_of(given, porch(), environment={"B": "from-outside"})
    assert target.headers == {"X-A": "1=2", "X-B": "from-outside", "X-C": "from-a-file"}
    assert target.subprotocols == ("chat", "from-outside")
    assert {"from-outside", "from-a-file"} <= target.secrets()
    assert not {"chat", "1=2"} & target.secrets()
    for wrong, says in ((["X A=1"], "this is no name of a header"), (["X-A"], "write it as NAME=VALUE")):
        with pytest.raises(UsageError, match=says):
            target_of(Given(url="ws://h", headers=wrong), porch(), environment={})


def test_the_catalog_of_these_tests_is_one() -> None:
    assert "scenarios:" in PORCH and list(porch().scenarios) == ["turn"]
