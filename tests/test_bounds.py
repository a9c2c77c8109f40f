"""What is kept and looked through stays in proportion to the traffic, whatever a peer sends.

Work is counted in lines of Python that run, not in seconds: twice the frames may cost a little more than twice the
lines, and never four times.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest

from wirecheck import At, Checker, Message, Opened, Report, load
from wirecheck.check import checker as bounds
from wirecheck.shapes.lane import MAX_ALIKE, MAX_OPEN, MAX_REPLAYS

pytestmark = pytest.mark.no_cover  # the lines are counted here, or run a million times

Sent = tuple[str, str]
"""A sender and a text."""

CLIENT, SERVER = "client", "server"
BOTH = frozenset({"client", "server"})


def opened(conn: str = "1") -> Opened:
    return Opened(at=At(line=1, conn=conn), url="ws://h/v1/stream", sees=BOTH, vantage="server", exclusive=True)  # type: ignore[arg-type]


def said(tag: str, **payload: Any) -> str:
    return json.dumps({"type": tag, **payload})


def call(session: str | None, tool: str | None) -> str:
    names = {"session_id": session, "tool": tool}
    return said("task:tool_use", input={}, **{name: value for name, value in names.items() if value is not None})


def result(session: str | None, tool: str | None) -> str:
    names = {"session_id": session, "tool": tool}
    return said("task:tool_result", output="", **{name: value for name, value in names.items() if value is not None})


def ready(number: int) -> str:
    return said("session.ready", session_id=f"s{number}", container_id="c", container_name="n", profile_id="p")


FAILED = said("task:failed", task_id="t", error="e")
ILLEGIBLE = "{"
TURN = said("session.turn", session_id="s", prompt="p")


def twice(first: Callable[[int], Sent], second: Callable[[int], Sent]) -> Callable[[int], Iterator[Sent]]:
    """So many frames of the one kind, and then so many of the other."""
    return lambda count: (kind(number) for kind in (first, second) for number in range(count))


def mixed(*kinds: Callable[[int], Sent]) -> Callable[[int], Iterator[Sent]]:
    """Frames of each kind in turn."""
    return lambda count: (kind(number) for number in range(count) for kind in kinds)


def server(text: Callable[[int], str]) -> Callable[[int], Sent]:
    return lambda number: (SERVER, text(number))


def client(text: Callable[[int], str]) -> Callable[[int], Sent]:
    return lambda number: (CLIENT, text(number))


TRAFFIC: dict[str, Callable[[int], Iterator[Sent]]] = {
    "equal calls, then their results": twice(server(lambda n: call("s", "t")), server(lambda n: result("s", "t"))),
    "calls, then illegible messages": twice(server(lambda n: call("s", f"t{n}")), server(lambda n: ILLEGIBLE)),
    "calls between illegible messages": mixed(server(lambda n: call("s", f"t{n}")), server(lambda n: ILLEGIBLE)),
    "calls, then failures of nobody says what": twice(server(lambda n: call("s", f"t{n}")), server(lambda n: FAILED)),
    "calls between such failures": mixed(server(lambda n: call("s", f"t{n}")), server(lambda n: FAILED)),
    "calls and results without names": twice(server(lambda n: call(None, None)), server(lambda n: result(None, None))),
    "calls without sessions": twice(server(lambda n: call(None, f"t{n}")), server(lambda n: result("s", f"t{n}"))),
    "results without sessions": twice(server(lambda n: call("s", f"t{n}")), server(lambda n: result(None, f"t{n}"))),
    "requests for sessions, then the answers": twice(
        client(lambda n: said("session.start", profile_id="p")), server(ready)
    ),
    "turns, then continuations of nobody says which": twice(
        client(lambda n: said("session.turn", session_id=f"s{n}", prompt="p")),
        server(lambda n: said("turn.continuing", continuation=1, max_continuations=2)),
    ),
    "prompts into one session": mixed(client(lambda n: TURN)),
    "turns, then orders to cancel nobody says what": twice(
        client(lambda n: said("session.turn", session_id=f"s{n}", prompt="p")),
        client(lambda n: said("task.cancel", task_id="t")),
    ),
    "replays, then ends of nobody says which": twice(
        server(lambda n: said("session.replay_start", session_id=f"s{n}")),
        server(lambda n: said("session.replay_end")),
    ),
    "replays, then pieces of nobody says which": twice(
        server(lambda n: said("session.replay_start", session_id=f"s{n}")),
        server(lambda n: said("task:token", text="x")),
    ),
    "replays, then illegible messages": twice(
        server(lambda n: said("session.replay_start", session_id=f"s{n}")), server(lambda n: ILLEGIBLE)
    ),
    "replays that end": mixed(
        server(lambda n: said("session.replay_start", session_id=f"s{n}")),
        server(lambda n: call(f"s{n}", "t")),
        server(lambda n: said("session.replay_end", session_id=f"s{n}")),
    ),
    "orphans": mixed(server(lambda n: result(f"s{n}", "t"))),
    "questions, then such as name no session": twice(
        server(lambda n: call(f"s{n}", "AskUserQuestion")),
        server(lambda n: said("task:ask_user", task_id="t", questions=[])),
    ),
}


def messages(sent: Iterator[Sent]) -> Iterator[Message]:
    for number, (sender, text) in enumerate(sent, 2):
        yield Message(at=At(line=number, conn="1"), sender=sender, body=text)  # type: ignore[arg-type]


def judge(dialect: str, sent: Iterable[Message]) -> Report:
    checker = Checker(load(dialect))
    checker.receive(opened())
    for message in sent:
        checker.receive(message)
    return checker.close()


def narrow(monkeypatch: pytest.MonkeyPatch, **bounds: int) -> None:
    """Give bounds other values, by their names, wherever in the package they are known."""
    for name, module in list(sys.modules.items()):
        if name.startswith("wirecheck."):
            for bound in bounds.keys() & vars(module).keys():
                monkeypatch.setattr(module, bound, bounds[bound])


def lines_run(action: Callable[[], object]) -> int:
    """How many lines of Python the action runs."""
    count = 0

    def line(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += 1

    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: line)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", TRAFFIC)
def test_twice_the_frames_are_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both counts lie far beyond the bounds: within them a frame may look at all that is open. So narrow are they here
    that what it looks at within them hides nothing of what it might look at beyond."""
    traffic, bound = TRAFFIC[name], MAX_ALIKE // 10
    narrow(monkeypatch, MAX_ALIKE=bound, MAX_REPLAYS=MAX_REPLAYS // 10)
    judge("vonz", messages(traffic(10)))  # what is compiled on first use is no work of the frames
    once, again = (lines_run(partial(judge, "vonz", [*messages(traffic(n))])) for n in (15 * bound, 30 * bound))
    assert again < 2.1 * once


def test_twenty_thousand_illegible_messages_while_twenty_thousand_spans_are_open() -> None:
    report = judge("vonz", messages(TRAFFIC["calls, then illegible messages"](20_000)))
    answered = next(result for result in report.guarantees if result.id == "tool-call-answered-once")
    assert (answered.held, answered.broken, answered.undecided) == (0, 0, 20_000)
    assert [(group.first.code, group.count) for group in report.findings] == [("not-json", 20_000)]


@pytest.mark.parametrize("bound", [MAX_OPEN // 20, pytest.param(MAX_OPEN, marks=pytest.mark.soak)])
def test_spans_beyond_the_bound_are_undecided(bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch, MAX_OPEN=bound)
    count = 3 * bound // 2
    report = judge("vonz", messages((SERVER, call(f"s{number}", "t")) for number in range(count)))
    answered = next(result for result in report.guarantees if result.id == "tool-call-answered-once")
    assert (answered.held, answered.broken, answered.undecided) == (0, 0, count)
    assert report.findings == ()


def test_more_calls_of_one_name_than_are_looked_through_are_undecided() -> None:
    count = 2 * MAX_ALIKE
    sent = TRAFFIC["equal calls, then their results"](count)
    report = judge("vonz", messages(sent))
    answered = next(result for result in report.guarantees if result.id == "tool-call-answered-once")
    assert (answered.held, answered.broken) == (MAX_ALIKE, 0)


def test_connections_beyond_the_bound_count_as_cut_and_go_on_undecided() -> None:
    checker = Checker(load("vonz"))
    count = bounds.MAX_LINKS + 10
    for number in range(count):
        checker.receive(opened(f"c{number}"))
        checker.receive(Message(at=At(line=number, conn=f"c{number}"), sender="server", body=call("s", "t")))
    found = [
        finding
        for number in range(count)
        for finding in checker.receive(
            Message(at=At(line=count + number, conn=f"c{number}"), sender="server", body=result("s", "t"))
        )
    ]
    report = checker.close()
    assert found == [] and report.findings == ()
    assert report.connections >= count


def test_a_session_on_thousands_of_connections_costs_each_of_them_the_same() -> None:
    def work(count: int) -> int:
        def run() -> None:
            checker = Checker(load("vonz"))
            for name in "ab":
                for number in range(count):
                    at = At(line=number, conn=f"{name}{number}")
                    checker.receive(opened(at.conn))
                    checker.receive(Message(at=at, sender="client", body=TURN.replace('"s"', f'"s{number}"')))
            checker.close()

        return lines_run(run)

    first, second, third = work(100), work(200), work(300)
    assert third - second < 1.2 * (second - first)
