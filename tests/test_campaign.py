"""Campaigns against servers with planted bugs, and against servers that are right."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import threading
from typing import Any, cast

import pytest
from websockets.asyncio.server import ServerConnection

import miniatures
import planted
from miniatures import frame, listening, porch, standing, upgraded
from planted import Planted, planting
from wirecheck import dialects, load
from wirecheck.campaign import Drop, Found, Plan, Result, Send, campaign, hunt, play_again
from wirecheck.campaign.steps import Connect
from wirecheck.drive import Limits, Target
from wirecheck.errors import TargetError, UsageError
from wirecheck.serve import serving

SHORT = Limits(timeout=1.0)
"""For servers that are to be waited for in vain."""
LONG = Limits(timeout=20.0)
SOON = 7
"""A seed that soon nests a message too deeply. Any seed does; others send hundreds of messages before."""


def plan(server: Planted, **options: Any) -> Plan:
    """A campaign that goes as fast as it can, and whose server is mended when it has died."""
    settings: dict[str, Any] = {
        "target": Target(url=server.url, dialect=server.dialect),
        "limits": LONG,
        "messages": 5_000,
        "seconds": None,
        "rate": 0.0,
        "seed": 1,
        "deterministic": True,
        "retries": 2,
        "fail_on": "should",
        "restart": server.mend,
    }
    return Plan(**{**settings, **options})


def steps(found: Found) -> list[tuple[str, str | None, Any]]:
    """The messages of a conversation that has nothing else: frame, defect, body."""
    assert all(isinstance(step, Send) and step.conn == "a" and not step.hurried for step in found.steps)
    return [(step.frame, step.defect, step.body) for step in found.steps if isinstance(step, Send)]


SUBMIT = '{"type":"task.submit","mode":"session","profile_id":"text","prompt":"text"}'
PLANTED: list[tuple[type[Planted], str, list[tuple[str, str | None, Any]]]] = [
    (
        planted.TripsOverWhatIsMissing,
        "abnormal-close",
        [("task.submit", "missing-field", '{"type":"task.submit","profile_id":"text","prompt":"text"}')],
    ),
    (planted.TellsTooMuch, "error-leaks-internals", [("task.submit", "not-object", f"[{SUBMIT}]")]),
    (
        planted.ChokesOnNothing,
        "canary-failed",
        [("session.start", None, '{"type":"session.start","profile_id":""}')],
    ),
    (
        planted.LosesItsWay,
        "abnormal-close",
        [
            ("session.start", None, '{"type":"session.start","profile_id":"text"}'),
            ("task.cancel", None, '{"type":"task.cancel","task_id":"wirecheck:task"}'),
            ("session.resume", None, '{"type":"session.resume","session_id":"wirecheck:session"}'),
        ],
    ),
]


@pytest.mark.parametrize(
    ("kind", "code", "shortest"),
    # One is found only after many messages, too many to be traced.
    [pytest.param(*each, marks=[pytest.mark.no_cover] * (each[1] == "canary-failed")) for each in PLANTED],
    ids=[each[0].__name__ for each in PLANTED],
)
def test_a_planted_bug_is_found_and_its_conversation_is_the_shortest(
    kind: type[Planted], code: str, shortest: list[tuple[str, str | None, Any]]
) -> None:
    with planting(kind) as server:
        result = campaign(plan(server, limits=SHORT if code == "canary-failed" else LONG))
    (found,) = result.found
    assert (found.flaw.code, found.also) == (code, ())
    assert steps(found) == shortest
    assert (found.played, found.failed) == (2, 2)
    assert (result.ended, result.fails) == ("the first finding", True)


def test_a_server_that_dies_is_found_and_its_conversation_is_the_shortest() -> None:
    with planting(planted.DiesOfDepth) as server:
        (found,) = campaign(plan(server, limits=SHORT, seed=SOON)).found
    assert found.flaw.code == "not-back"
    ((frame, defect, body),) = steps(found)
    assert (frame, defect) == ("task.submit", "too-deep")
    assert json.loads(body).keys() == {"type", "mode", "profile_id", "prompt", "note"}
    assert (found.played, found.failed) == (2, 2)


def test_who_says_goodbye_upon_nonsense_is_found() -> None:
    with planting(planted.SaysGoodbye) as server:
        (found,) = campaign(plan(server)).found
    assert found.flaw.code == "undocumented-close"
    assert found.flaw.says == "the server closed with code 1000 after task.submit, invalid: not-object"
    assert steps(found) == [("task.submit", "not-object", f"[{SUBMIT}]")]


def test_where_the_server_does_not_repeat_itself_the_conversation_is_kept_as_it_was() -> None:
    """It is played again, and how often it failed is told."""

    class FailsOnce(planted.TripsOverWhatIsMissing):
        tripped = 0

        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            if self.tripped == 1:
                return body
            taken = await super().meets(socket, body)
            self.tripped += taken is None
            return taken

    with planting(FailsOnce) as server:
        result = campaign(plan(server, deterministic=False, retries=3))
    (found,) = result.found
    assert (found.flaw.code, found.played, found.failed, found.times) == ("abnormal-close", 3, 0, 1)
    assert isinstance(found.steps[-1], Send) and found.steps[-1].defect == "missing-field"
    assert isinstance(found.steps[0], Connect)


def test_a_server_that_does_not_repeat_itself_is_no_trouble_for_who_says_that_it_does() -> None:
    class FailsNowAndThen(planted.TripsOverWhatIsMissing):
        met = 0

        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            self.met += 1
            return body if self.met % 3 else await super().meets(socket, body)

    with planting(FailsNowAndThen) as server:
        (found,) = campaign(plan(server, retries=6)).found
    assert found.flaw.code == "abnormal-close"
    assert found.played == 6 and 0 <= found.failed <= 6


class CutsLater(Planted):
    """Ends a connection upon the message of this number that comes over it."""

    last = 5

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        socket.stage += 1
        if socket.stage < self.last:
            return body
        await socket.close(1011)
        return None


@pytest.mark.no_cover
@pytest.mark.parametrize("repeats", [True, False])
def test_whoever_goes_on_keeps_the_shortest_that_shows_the_same(repeats: bool) -> None:
    """Where nothing is shortened, a later conversation may be the shorter one; it is kept if it fails as often."""
    lines: list[str] = []
    with planting(CutsLater) as server:

        def tell(line: str) -> None:
            if line.startswith("found"):
                lines.append(line)
                server.last = 2 if repeats or len(lines) == 1 else 1_000

        settings = {"deterministic": False, "go_on": True, "messages": 400, "retries": 1}
        (found,) = campaign(plan(server, **settings, canary="submit-new-session", tell=tell)).found
    lengths = [int(line.partition(" in ")[2].split()[0]) for line in lines]
    assert len(lines) > 1 and all(" again, shorter, in " in line for line in lines[1:])
    assert " again" not in lines[0] and lengths == sorted(lengths, reverse=True)
    assert (found.flaw.code, found.played) == ("abnormal-close", 1)
    if repeats:
        assert found.failed == 1 and len(found.steps) <= lengths[-1]
    else:
        # The first may fail again, at its second message; the second does not, and is not kept in its place.
        assert found.failed == 1 and len(lines) == 2


def test_what_is_being_shortened_is_counted_as_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunt, "_TOLD_EVERY", 0.0)
    lines: list[str] = []
    with planting(planted.TripsOverWhatIsMissing) as server:
        campaign(plan(server, tell=lines.append))
    found = next(number for number, line in enumerate(lines) if line.startswith("found abnormal-close"))
    assert all(", 0 found, " in line for line in lines[1:found])
    assert ", 1 found, " in lines[found + 1]


def test_whoever_interrupts_it_has_what_was_found() -> None:
    def tell(line: str) -> None:
        if line.startswith("found"):
            raise KeyboardInterrupt

    with planting(planted.TripsOverWhatIsMissing) as server:
        result = campaign(plan(server, tell=tell))
    (found,) = result.found
    assert (found.flaw.code, found.played, found.times) == ("abnormal-close", 0, 1)
    assert (result.interrupted, result.fails, result.ended) == (True, True, "an interruption")


def test_whoever_interrupts_a_server_that_hangs_does_not_wait_for_it() -> None:
    class Hangs(Planted):
        met = 0

        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            self.met += 1
            if self.met == 30:
                signal.pthread_kill(cast(int, threading.main_thread().ident), signal.SIGINT)
            return body if self.met < 30 else None

    with planting(Hangs, patience=LONG.timeout) as server, pytest.raises(KeyboardInterrupt):
        pytest.fail(f"it ended with {campaign(plan(server))}")
    # What came after the interruption would be the canary's prompt.
    assert server.met <= 31


def test_an_interruption_that_nobody_could_raise_ends_it_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine has a callback of the garbage collector; Python drops what is raised in one."""
    dropped: list[Any] = []
    met = last = 0

    def collected(phase: str, info: object) -> None:
        nonlocal last
        if met > 30 and not last and threading.current_thread() is threading.main_thread():
            last = met
            signal.raise_signal(signal.SIGINT)

    class Counts(Planted):
        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            nonlocal met
            met += 1
            return body

    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    before = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(100)
    try:
        with planting(Counts) as server, pytest.raises(KeyboardInterrupt):
            campaign(plan(server))
        assert met <= last + 2
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(collected)
    assert [each.exc_type for each in dropped] == [KeyboardInterrupt]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_that_hears_interruptions_itself_still_does() -> None:
    heard: list[int] = []
    told: list[str] = []

    def tell(line: str) -> None:
        if not told:
            signal.raise_signal(signal.SIGINT)
        told.append(line)

    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with planting(Planted) as server:
            assert campaign(plan(server, tell=tell, messages=200)).messages > 100
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_a_cap_on_turns_that_leaves_nothing_to_send_is_no_pass() -> None:
    with planting(Planted) as server:
        with pytest.raises(UsageError, match="cap of 1 turns is too low: the canary took 1, and 1 more .*--max-turns"):
            campaign(plan(server, max_turns=1))
        assert campaign(plan(server, max_turns=3)).messages > 0


def test_nobody_starts_a_dead_server_again() -> None:
    """Then it cannot be played again, and nothing more is searched."""
    with planting(planted.DiesOfDepth) as server:
        result = campaign(plan(server, limits=SHORT, seed=SOON, restart=None, go_on=True))
        server.mend()
    (found,) = result.found
    assert (found.flaw.code, found.played, found.failed) == ("not-back", 0, 0)
    assert result.ended == "a server that did not get over it"


def test_a_command_that_cannot_start_it_again_is_told() -> None:
    with planting(planted.DiesOfDepth) as server:
        result = campaign(plan(server, limits=SHORT, seed=SOON, restart=lambda: "the command ended with code 1"))
        server.mend()
    assert result.ended == "a server that did not get over it, and the command ended with code 1"


def test_whoever_goes_on_finds_more() -> None:
    class Both(planted.TripsOverWhatIsMissing, planted.TellsTooMuch):
        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            if planted.parsed(body):
                return await planted.TripsOverWhatIsMissing.meets(self, socket, body)
            return await planted.TellsTooMuch.meets(self, socket, body)

    with planting(Both) as server:
        result = campaign(plan(server, go_on=True, messages=150))
        strict = campaign(plan(server, fail_on="must", messages=150, seed=4))
    codes = {found.flaw.code for found in result.found}
    assert codes == {"abnormal-close", "error-leaks-internals"}
    assert all(found.times >= 1 for found in result.found)
    assert result.ended == "150 messages"
    # A milder finding does not end the search.
    assert strict.ended in ("the first finding", "150 messages")
    assert strict.fails == ("abnormal-close" in {found.flaw.code for found in strict.found})


RIGHT = [planted.TakesWhatItMay, planted.ClosesAsItMay, planted.SaysItAgain, planted.LetsOneAtATime]


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", RIGHT, ids=[each.__name__ for each in RIGHT])
def test_a_server_that_is_right_in_another_way_is_right(kind: type[Planted]) -> None:
    with planting(kind) as server:
        result = campaign(plan(server, messages=300))
    assert (result.found, result.ended, result.fails) == ((), "300 messages", False)


def survived(dialect: str, messages: int, seed: int) -> Result:
    """A campaign against the reference server, which raises at its end what went wrong in it."""
    known = load(dialect)
    with serving(known, patience=1.0) as served:
        target = Target(url=served.url, dialect=known)
        return campaign(
            Plan(
                target=target,
                limits=LONG,
                messages=messages,
                seconds=None,
                rate=0.0,
                seed=seed,
                fail_on="should",
                retries=1,
            )
        )


@pytest.mark.no_cover
@pytest.mark.parametrize("dialect", dialects())
def test_the_reference_server_survives(dialect: str) -> None:
    result = survived(dialect, 250, 5)
    assert [(found.flaw.code, found.flaw.says, found.steps) for found in result.found] == []
    assert (result.messages, result.ended) == (250, "250 messages")
    assert result.canaries == result.conversations + 1
    assert sum(result.answers.values()) > 0


@pytest.mark.soak
@pytest.mark.parametrize("dialect", dialects())
def test_the_reference_server_survives_for_hours(dialect: str) -> None:
    """An hour at the usual rate is 180,000 messages; they are shared among the dialects. Memory stays flat."""
    messages = int(os.environ.get("WIRECHECK_FUZZ", "36000"))
    survived(dialect, messages // 10, 0)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = survived(dialect, messages, 1)
    gc.collect()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert [(found.flaw.code, found.flaw.says, found.steps) for found in result.found] == []
    assert result.canaries == result.conversations + 1
    assert after < 1.5 * before


def test_the_same_seed_sends_the_same() -> None:
    heard: list[list[str | bytes]] = []

    class Listens(Planted):
        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            heard[-1].append(body)
            return body

    for seed in (3, 3, 4):
        heard.append([])
        with planting(Listens) as server:
            campaign(plan(server, messages=60, seed=seed))
    known = [[_without_ids(body) for body in each] for each in heard]
    assert known[0] == known[1] != known[2]


def _without_ids(body: str | bytes) -> str | bytes:
    """A message whose session and task, which the server names anew each time, are left out."""
    frame = planted.parsed(body)
    names = ("session_id", "task_id")
    return json.dumps({key: value for key, value in frame.items() if key not in names}) if frame else body


def test_turns_are_capped_with_those_of_the_canary() -> None:
    with planting(Planted) as server:
        result = campaign(plan(server, max_turns=12, messages=400))
    assert result.turns <= 12
    assert result.ended == "the cap of 12 turns"


def test_no_turn_at_all_leaves_no_canary() -> None:
    with planting(Planted) as server, pytest.raises(UsageError) as caught:
        campaign(plan(server, max_turns=0))
    assert "the cap of 0 would be passed" in str(caught.value)


def test_time_ends_a_campaign_too() -> None:
    with planting(Planted) as server:
        result = campaign(plan(server, messages=None, seconds=0.2, rate=20.0))
    assert result.ended == "0.2 s" and result.messages <= 5


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        (miniatures.listens, "waited 0.3 s for ready, and nothing of the kind came."),
        (miniatures.leaves, "the server closed the connection (code 1001)."),
    ],
)
def test_a_server_that_passes_nothing_is_not_fuzzed(talk: Any, says: str) -> None:
    with standing(talk) as peer, pytest.raises(UsageError) as caught:
        campaign(Plan(target=Target(url=peer.url, dialect=porch()), limits=Limits(timeout=0.3), messages=10))
    assert str(caught.value).startswith("no canary: turn: ") and says in str(caught.value)
    assert str(caught.value).endswith("or name another scenario with --canary")


def test_a_scenario_that_cannot_be_the_canary() -> None:
    with planting(Planted) as server:
        with pytest.raises(
            UsageError, match="has no scenario 'nothing' that could be the canary; there are plain-turn"
        ):
            campaign(plan(server, canary="nothing"))
        with pytest.raises(UsageError, match="has no scenario 'malformed-not-json' that could be the canary"):
            campaign(plan(server, canary="malformed-not-json"))
        assert campaign(plan(server, canary="two-turns", messages=5)).canary == "two-turns"


def test_there_is_no_server() -> None:
    with planting(Planted) as server:
        gone = plan(server)
    with pytest.raises(TargetError, match="nobody listens there"):
        campaign(gone)
    with pytest.raises(TargetError, match="nobody listens there"):
        play_again(gone, (Drop(conn="a"),), 1)


async def answers_with_care(ws: ServerConnection) -> None:
    """Does everything as it should, whatever it is sent."""
    async for message in ws:
        match planted.parsed(message):
            case {"type": "hello"}:
                await ws.send(frame("ready", session=f"sess-{ws.id.hex[:8]}"))
            case {"type": "ask", "session": str(session), "text": str()}:
                await ws.send(frame("text", session=session, text="It is dry."))
                await ws.send(frame("done", session=session))
            case {"type": "pong"}:
                pass
            case _:
                await ws.send(frame("oops", code="WHAT"))


def test_who_lets_nobody_in_any_more_is_not_accused() -> None:
    """It says so: that is no death. Nothing more can be learnt, and nothing was found."""
    for status in (429, 503):
        with (
            standing(answers_with_care, status=status, spares=20) as peer,
            pytest.raises(TargetError, match=f"refused with HTTP {status}"),
        ):
            campaign(
                Plan(
                    target=Target(url=peer.url, dialect=porch()),
                    limits=Limits(timeout=0.2),
                    messages=500,
                    seconds=None,
                    rate=0.0,
                )
            )


def test_a_gateway_without_its_server_is_one_that_died() -> None:
    with standing(answers_with_care, status=502, spares=20) as peer:
        target = Target(url=peer.url, dialect=porch())
        result = campaign(
            Plan(target=target, limits=Limits(timeout=0.2), messages=500, seconds=None, rate=0.0, retries=1)
        )
    assert [found.flaw.code for found in result.found] == ["not-back"]


def test_who_answers_no_ping_is_unresponsive() -> None:
    """Both the connection that asked and a new one are asked."""

    class Freezes(Planted):
        async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
            frozen = "two-frames" if isinstance(body, str) and body.count('"type"') > 1 else ""
            if frozen:
                socket.transport.pause_reading()
                return None
            return body

    with planting(Freezes) as server:
        freezing = plan(server, limits=SHORT, fail_on="must", retries=0, deterministic=False, seed=4)
        (found,) = campaign(freezing).found
    assert found.flaw.code == "unresponsive"
    assert found.flaw.says == "two pings were not answered in 1 s each, though a new connection's was"


def test_what_is_no_websocket_is_an_abnormal_end() -> None:
    known = porch()
    played: list[int] = []

    async def talk(reader: Any, writer: Any) -> None:
        """The first connections are somebody else's; this one breaks the protocol when it is spoken to."""
        await upgraded(reader, writer)
        await reader.read(1)
        writer.write(b"\x83\x02hi")
        await writer.drain()
        played.append(1)
        await reader.read()

    with listening(talk) as peer:
        target = Target(url=peer.url, dialect=known)
        with pytest.raises(UsageError, match="was not WebSocket"):
            campaign(Plan(target=target, limits=SHORT, messages=5))
    assert played


def test_a_fault_of_ours_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from wirecheck.campaign.talk import Talk

    async def broken(self: Talk, conn: str) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Talk, "_drop", broken)
    with planting(Planted) as server, pytest.raises(ZeroDivisionError, match="ours"):
        campaign(plan(server, messages=2_000))


def replayed(server: Planted, found: Found, times: int = 1) -> tuple[str, ...]:
    shown, _ = play_again(plan(server), found.steps, times)
    return tuple(one.code for one in shown.flaws)


def test_a_conversation_fails_until_the_server_is_mended() -> None:
    with planting(planted.LosesItsWay) as server:
        (found,) = campaign(plan(server)).found
        assert replayed(server, found) == ("abnormal-close",)
    with planting(Planted) as mended:
        assert replayed(mended, found) == ()


def test_the_same_choices_are_told_to_the_listener() -> None:
    lines: list[str] = []
    with planting(planted.TripsOverWhatIsMissing) as server:
        campaign(plan(server, tell=lines.append))
    assert lines == [
        "the canary vonz/submit-new-session passed; seed 1",
        "found abnormal-close (must) in 2 steps: the server closed with code 1011 after task.submit, invalid: "
        "missing-field",
        "shortened to 1 step",
    ]


def test_coverage_counts_what_was_sent() -> None:
    result = survived("vonz", 200, 8)
    summary = result.coverage.as_json()["summary"]
    assert summary["frames"]["seen"] == summary["frames"]["of"] == 6
    assert summary["defects"]["seen"] > 20
    assert summary["guarantees"]["seen"] > 3
