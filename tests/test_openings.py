"""What opens and closes connections is judged quickly, and as with care."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cuts import one_pass, task_of
from wirecheck import Checker, dialects, load
from wirecheck.capture import read, unwrap
from wirecheck.capture.blocks import CloseLine, OpenLine, blocks
from wirecheck.capture.socketio import _is_socketio
from wirecheck.check import facts
from wirecheck.check.compile import compile_plan
from wirecheck.record import At, Opened, Record
from wirecheck.redact import _in_url, secrets_of
from wirecheck.scale import Range, begun, finish, proceed, ranges, summarize
from wirecheck.scale.ranges import between

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

PIECES = (
    "ws", "wss", "http", "://", ":", "//", "/", "/", "/", "host", "host:80", "[::1]", "[", "user@", "ws", "threads",
    "v1", "stream", "a-b", "%2F", "%45IO", "ä", " ", "\n", "?", "&", ";", "=", "+", "#", "EIO", "EIO=4", "socket.io",
    "token", "token=abcdef", "thread", "x", "",
)  # fmt: skip
URLS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.lists(
    st.sampled_from(PIECES[6:]), max_size=6
).map(lambda parts: "wss://host/ws/threads/" + "".join(parts))
TEMPLATES = (
    "",
    "/",
    "/ws/threads/{thread}",
    "/{thread}/x",
    "{thread}",
    "/v1/{a}/{thread}/",
    "/x?a",
    "/{a}{b}",
)


@pytest.mark.parametrize("template", TEMPLATES)
@given(url=URLS)
@settings(max_examples=400, deadline=None)
@example(url="wss://host/ws/threads/550e8400-e29b-41d4-a716-000000000001")
@example(url="wss://host/p/x/y")
@example(url="ws://host/x?a")
def test_a_quick_look_at_a_url_says_what_reading_it_says(template: str, url: str) -> None:
    dialect = load("agent_platform")
    plan = compile_plan(replace(dialect, connect=replace(dialect.connect, path=template)))
    assert facts._Urls(plan).params(url) == facts._params(plan, url)


def test_a_quick_look_is_enough_where_each_connection_has_a_url_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, careful = compile_plan(load("agent_platform")), list[str]()
    monkeypatch.setattr(facts, "_params", lambda plan, url: careful.append(url))
    url = "wss://host/ws/threads/550e8400-e29b-41d4-a716-000000000001"
    assert facts._Urls(plan).params(url) == {"thread": "550e8400-e29b-41d4-a716-000000000001"}
    facts._Urls(plan).params(url + "?a=b")
    facts._Urls(plan).params(url.replace("e", "%65"))
    assert careful == [url + "?a=b", url.replace("e", "%65")]


def test_nothing_is_looked_at_quickly_in_a_long_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose time would grow by the square of its length, were it nothing but slashes."""
    urls, url = facts._Urls(compile_plan(load("agent_platform"))), "wss://host/ws/threads/" + "a" * facts.MAX_SAID
    looked = list[str]()
    monkeypatch.setattr(urls, "_match", looked.append)
    assert urls.params(url) == {"thread": "a" * facts.MAX_SAID}
    urls.params("wss://host")
    assert looked == ["wss://host"]


@given(url=URLS)
@settings(max_examples=1000, deadline=None)
@example(url="ws://user:password@host/")
@example(url="ws://host/?tok%65n=abcdef")
def test_what_hides_no_credential_hides_none(url: str) -> None:
    opened = Opened(at=At(line=1, conn="a"), url=url)
    assert secrets_of(opened, load("vonz")) == _in_url(url, frozenset(["token", "access_token"])) | secrets_of(opened)
    if "?" not in url and "@" not in url:
        assert not _in_url(url, frozenset(["token", "x", "ws", "", "eio"]))


@given(url=URLS)
@settings(max_examples=1000, deadline=None)
@example(url="ws://h/?%45IO=4")
@example(url="ws://h/socket.io")
def test_a_url_of_socketio_is_known_at_a_look(url: str) -> None:
    address, _, query = url.partition("#")[0].partition("?")
    assert _is_socketio(url) == ("/socket.io/" in address + "/" or "EIO" in parse_qs(query, keep_blank_values=True))


def test_a_program_may_say_how_a_connection_was_opened_in_any_collection() -> None:
    dialect, here, reports = load("vonz"), At(line=1, conn="a"), []
    url, both = "wss://h/?token=secret", ("client", "server")
    for sees, protocols in ((frozenset(both), ("a", "b")), (set(both), ["a", "b"]), (list(both), None)):
        checker = Checker(dialect)
        opened: Any = Opened(at=here, url=url, subprotocols=protocols, sees=sees)  # type: ignore[arg-type]
        checker.receive(opened)
        reports.append((checker.links["a"].facts.seen, checker.links["a"].secrets, checker.close()))
    assert reports[0] == reports[1] == reports[2]
    assert reports[0][0] == frozenset(both) and "secret" in reports[0][1]


def test_ways_to_open_are_bounded_in_number_and_size() -> None:
    openings = facts.Openings(compile_plan(load("vonz")), frozenset({"own"}))
    here = At(line=1, conn="a")
    for number in range(600):
        openings.of(Opened(at=here, url=f"ws://h/{number}"))
        assert len(openings._known) <= facts.MAX_OPENINGS
    openings._known.clear()
    large = "x" * facts.MAX_SAID
    for opened in (
        Opened(at=here, url=large + "x"),
        Opened(at=here, subprotocols=(large,)),
        Opened(at=here, headers={"a": "b"}),
    ):
        openings.of(opened)
    assert not openings._known
    first = openings.of(Opened(at=here, url="ws://h/?token=planted-1", exclusive=True, auth="bad"))
    again = openings.of(OpenLine(url="ws://h/?token=planted-1", exclusive=True, auth="bad"))
    assert first is again and first.secrets == {"own", "planted-1"} and first.auth_refused and first.exclusive


def captured(dialect: str, random: Random) -> bytes:
    """Conversations so short that most lines open and close something, with names that come again."""
    pools = [list(traffic.lines(dialect, 60, sessions=6, faults=0.1, seed=seed)) for seed in range(1, 3)]
    names = random.choice((1, 3, 50))

    def line() -> dict[str, Any]:
        conn = f"c{random.randrange(names)}"
        ours = ["client", "server"]
        return random.choice(
            [
                {"kind": "open", "conn": conn, "url": "ws://h/v1/stream", "sees": ours, "at": "server"},
                {"kind": "open", "conn": conn, "url": f"ws://h/ws/threads/{random.randrange(9)}", "sees": ours},
                {
                    "kind": "open",
                    "conn": conn,
                    "url": "ws://h/?token=planted-secret",
                    "auth": random.choice(("bad", None)),
                },
                {"kind": "open", "conn": conn},
                {"kind": "open", "conn": conn, "url": "ws://h/socket.io/?EIO=4"},
                {"kind": "open", "conn": conn, "url": "ws://h/", "note": 1},
                {"kind": "close", "conn": conn, "code": 1000, "from": "server"},
                {"kind": "close", "conn": conn, "code": random.choice((1006, 4001, 4242, 1004)), "from": "server"},
                {"kind": "close", "conn": conn},
                {"conn": conn, "from": "client", "text": "2"},
                {"conn": conn, "from": "server", "text": "40"},
                {"conn": conn, "from": "server", "text": "{"},
                {"conn": conn, "kind": "trial", "guarantee": "no-such", "outcome": "held"},
                {"conn": conn, "kind": "nothing"},
            ]
        )

    def lines() -> Iterator[bytes]:
        for _ in range(random.choice((20, 150))):
            if random.random() < 0.5:
                yield json.dumps(line(), separators=(",", ":")).encode() + b"\n"
            else:
                said = json.loads(random.choice(random.choice(pools)))
                yield json.dumps({**said, "conn": f"c{random.randrange(names)}"}).encode() + b"\n"

    return b"".join(lines())


@pytest.mark.parametrize("dialect", dialects())
@pytest.mark.parametrize("most", [10_000, 2])
def test_short_conversations(dialect: str, most: int, tmp_path: Path) -> None:
    """One pass over whole blocks, in pieces of any size, and over records says the same."""
    path, task = tmp_path / "capture.jsonl", task_of(dialect)
    for seed in range(40):
        random = Random(f"{dialect} {seed}")
        data = captured(dialect, random)
        path.write_bytes(data)
        size = random.choice((50, 700, 1 << 16))
        with patch("wirecheck.check.checker.MAX_LINKS", most), patch("wirecheck.capture.blocks.PORTION", size):
            want = one_pass(path, task)
            assert finish(proceed(begun(task), *ranges(str(path), size=sys.maxsize))) == want, seed
            whole = Checker(task.dialect, **task.options)
            for record in read(path):
                whole.receive(record)
            taken = Checker(task.dialect, **task.options)
            for block in blocks([data]):
                taken.take(block)
            assert taken.close() == whole.close(), seed


@pytest.mark.parametrize("dialect", dialects())
def test_ordinary_traffic_goes_by_no_record(dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, asked, receive = tmp_path / "capture.jsonl", Counter[str](), Checker.receive

    def noted(checker: Checker, record: Record) -> Any:
        asked[type(record).__name__] += 1
        return receive(checker, record)

    monkeypatch.setattr(Checker, "receive", noted)
    lines = list(traffic.lines(dialect, 1_000, sessions=20))
    path.write_bytes(b"".join(lines))
    finish(proceed(begun(task_of(dialect)), *ranges(str(path), size=sys.maxsize)))
    assert not asked
    path.write_bytes(b"".join(line.replace(b'"kind":"open",', b'"kind":"open","note":1,') for line in lines))
    finish(proceed(begun(task_of(dialect)), *ranges(str(path), size=sys.maxsize)))
    assert asked == {"Opened": sum(b'"kind":"open"' in line for line in lines)}


def test_a_block_knows_what_opens_and_closes() -> None:
    raw = b'{"from":"server","text":"1"}\n{"kind":"open"}\n{"kind":"open","x":1}\n\n{"kind":"close","conn":"open"}\n'
    (block,) = blocks([raw])
    assert {place: type(end) for place, end in block.ends.items()} == {1: OpenLine, 4: CloseLine}
    (part,) = between([block], 2, 6)
    assert [part.end(place) for place in range(4)] == [block.end(place) for place in range(1, 5)]
    assert list(part.records()) == list(block.records())[1:]


def test_one_that_was_cut_because_too_many_were_open_is_read_again(tmp_path: Path) -> None:
    """Its first message shows that it has a past, and nothing is left of it that could be left to others."""
    url = "wss://app.vonz.io/v1/stream"
    lines = [{"conn": conn, "kind": "open", "url": url, "sees": ["client", "server"]} for conn in "zabcd"]
    resumed = {"type": "session.turn", "session_id": "s9", "prompt": "p"}
    lines += [{"conn": "a", "from": "client", "text": json.dumps(resumed)}]
    said = [json.dumps(line).encode() + b"\n" for line in lines]
    path, task = tmp_path / "capture.jsonl", task_of("vonz")
    path.write_bytes(b"".join(said))
    part = Range(source=str(path), start=len(said[0]), end=sum(map(len, said)), line=2)
    with patch("wirecheck.check.checker.MAX_LINKS", 3):
        assert [each.stretch for each in summarize(part, task).parts] == [None]
    (left,) = summarize(part, task).parts
    assert (
        left.stretch is not None
        and [link.conn for link in left.stretch.links] == [*"bcd"]
        and [*left.numbers] == [2, 6]
    )


def test_lines_of_a_connection_are_looked_at_until_it_is_known_what_they_hold(tmp_path: Path) -> None:
    """In one block as in many: the flag follows the connection, and not the block."""
    frame = json.dumps({"from": "client", "text": json.dumps({"type": "ping"})})
    said = ('{"kind":"open"}', '{"from":"client","text":"2"}', frame, '{"kind":"open","url":"ws://h/?EIO=4"}', frame)
    path, task, found = tmp_path / "capture.jsonl", task_of("vonz"), []
    for number in range(1, len(said) + 1):
        path.write_text("".join(line + "\n" for line in said[:number]))
        ran = proceed(begun(task), *ranges(str(path), size=sys.maxsize)).ran
        assert ran is not None
        found.append((ran.checker.links["1"].aside, len(ran.unwrapping.held), ran.checker.tally.frames))
    assert found == [(True, 0, 0), (True, 1, 0), (False, 0, 2), (True, 0, 2), (True, 0, 3)]


def test_unwrapping_says_at_once_what_it_says_with_care() -> None:
    """Whatever it did before, a connection that opens or closes quickly leaves it as one that takes its time."""
    from wirecheck.capture.socketio import Unwrapping

    for seed in range(300):
        random = Random(seed)
        quick, careful = Unwrapping(), Unwrapping()
        (records,) = [list(read_all(captured("bondai", random)))]
        for record in records:
            conn = record.at.conn
            want = list(careful.take(record))
            if isinstance(record, Opened) and quick.opens(conn, record.url):
                found: list[Record] = [record]
            elif type(record).__name__ == "Closed" and quick.closes(conn):
                found = [record]
            else:
                found = list(quick.take(record))
            assert found == want
            assert (quick.plain, quick.held, quick.socketio.keys()) == (
                careful.plain, careful.held, careful.socketio.keys()
            )  # fmt: skip


def read_all(data: bytes) -> Iterator[Record]:
    for block in blocks([data]):
        yield from block.records()


def test_unwrap_is_what_unwrapping_gives() -> None:
    records = list(read_all(captured("bondai", Random(1))))
    assert [record for record in unwrap(records) if isinstance(record, Opened)] == [
        record for record in records if isinstance(record, Opened)
    ]
