"""What campaigns are made of, each part by itself: the oracle, leaks, files, shortening, pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from miniatures import porch
from wirecheck import dialects, load
from wirecheck.campaign.canary import candidates
from wirecheck.campaign.draw import Drawer, Made
from wirecheck.campaign.frames import may_open_turn, places, turns_of
from wirecheck.campaign.leaks import LOOKED_AT, leaks, texts_in
from wirecheck.campaign.oracle import CODES, LEVELS, Before, of_close, of_finding
from wirecheck.campaign.pace import Allowance, Pace
from wirecheck.campaign.saved import Saved, loaded, written
from wirecheck.campaign.shorten import Moves, Shortener
from wirecheck.campaign.steps import Connect, Conversation, Drop, Send, described, filled, mark, size
from wirecheck.drive.wire import Ending
from wirecheck.errors import UsageError
from wirecheck.record import At
from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.verdict import Finding

VONZ = load("vonz")
INVALID = Send(conn="a", body="{", frame="session.start", defect="truncated")
VALID = Send(conn="a", body="{}", frame="session.start")


def closed(code: int | None, before: Before, sender: Any = "server", **more: Any) -> str | None:
    found = of_close(VONZ, Ending(code=code, sender=sender, **more), before)
    return None if found is None else found.code


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1001, 1012, 1013, 4001])
def test_a_server_may_close_upon_an_invalid_frame_with_a_code_for_that(code: int) -> None:
    assert closed(code, Before(last=INVALID)) is None


@pytest.mark.parametrize("code", [1000, 1005, 1009, 1010, 1014, 3000, 4000, 4999])
def test_other_codes_are_documented_for_nothing_of_the_kind(code: int) -> None:
    assert closed(code, Before(last=INVALID)) == "undocumented-close"
    # It may be the end of something else.
    assert closed(code, Before(last=VALID, valid=True)) is None
    assert closed(code, Before(last=INVALID, valid=True)) is None
    assert closed(code, Before(last=INVALID, quiet=False)) is None
    assert closed(code, Before(last=INVALID, coded=False)) is None
    assert closed(code, Before()) is None


@pytest.mark.parametrize("before", [Before(), Before(last=VALID, valid=True), Before(last=INVALID, quiet=False)])
def test_an_abnormal_end_is_one_whatever_came_before(before: Before) -> None:
    assert closed(1011, before) == "abnormal-close"
    assert closed(1006, before, None) == "abnormal-close"
    assert closed(1006, before, "client", broken="ProtocolError") == "abnormal-close"
    assert closed(1006, before, "client") is None
    assert closed(1009, before, "client", too_big=True) is None


def test_a_large_message_may_be_too_large() -> None:
    assert closed(1009, Before(last=INVALID, largest=4096)) is None
    assert closed(1009, Before(last=INVALID, largest=4095)) == "undocumented-close"


def test_a_code_that_the_document_gives_is_documented() -> None:
    connect = replace(VONZ.connect, closes={1011: "busy", 1000: "over"})
    known = replace(VONZ, connect=connect)
    for code in (1011, 1000):
        assert of_close(known, Ending(code=code, sender="server"), Before(last=INVALID)) is None


def test_every_code_has_a_level_and_a_sentence() -> None:
    assert LEVELS.keys() == CODES.keys()
    assert {code for code, level in LEVELS.items() if level == "should"} == {"error-leaks-internals"}
    page = (Path(__file__).parent.parent / "docs" / "fuzz.md").read_text(encoding="utf-8")
    assert all(f"`{code}`" in page for code in CODES)


def finding(**members: Any) -> Finding:
    usual: dict[str, Any] = {"kind": "frame", "code": "schema", "level": "must", "side": "server", "message": "m"}
    return Finding(**{**usual, "at": At(line=1, conn="a"), **members})


def test_what_the_checker_finds_counts_where_it_is_certain() -> None:
    assert of_finding(finding()) is not None
    assert of_finding(finding(level="should"), spoilt=True) is not None
    assert of_finding(finding(level="may")) is None
    assert of_finding(finding(side="client")) is None
    assert of_finding(finding(kind="capture", side=None)) is None
    order = finding(kind="order", code="text-inside-turn", guarantee="text-inside-turn")
    assert of_finding(order) is not None
    assert of_finding(order, spoilt=True) is None


TRACE, QUERY, PATH = (
    "a stack trace",
    "a database's query or its driver's error",
    "a path of its file system",
)
SHOWS = [
    ('Traceback (most recent call last):\n  File "app.py", line 3, in f', TRACE),
    ('error in File "stream.py", line 12', TRACE),
    ("at com.acme.agents.Stream.handle(Stream.java:88)", TRACE),
    ("java.lang.NullPointerException", TRACE),
    ("org.springframework.web.socket.SomeException", TRACE),
    ("TypeError: x\n    at handle (node:events:514:28)", TRACE),
    ("    at Object.<anonymous> (file:///x/index.js:10:15)", TRACE),
    ("goroutine 17 [running]:", TRACE),
    ("runtime error: index out of range [3] with length 2", TRACE),
    ("main.go:42 something", TRACE),
    ("thread 'main' panicked at src", TRACE),
    ("thread 'tokio-runtime-worker' (12) panicked at x", TRACE),
    ("stream.rs:10:5", TRACE),
    ("PHP Fatal error:  Uncaught", TRACE),
    ("#0 index.php(12): handle()", TRACE),
    ("at Acme.Agents.Stream.Handle(String text) in Stream.cs:line 88", TRACE),
    ("System.NullReferenceException", TRACE),
    ("handler.rb:12:in `call'", TRACE),
    ("stream.ex:10: Agents.handle/2", TRACE),
    ('SELECT id FROM sessions WHERE id = "x"', QUERY),
    ("INSERT INTO frames (id)", QUERY),
    ("UPDATE sessions SET x = 1", QUERY),
    ("DELETE FROM sessions", QUERY),
    ("SQLSTATE[42000]", QUERY),
    ("ORA-00942", QUERY),
    ("E11000 duplicate key error", QUERY),
    ("psycopg2.errors.UndefinedTable", QUERY),
    ("sqlite3.OperationalError", QUERY),
    ("PG::UndefinedColumn", QUERY),
    ("SQLITE_CONSTRAINT", QUERY),
    ("You have an error in your SQL syntax", QUERY),
    ('syntax error at or near "x"', QUERY),
    ("no such table: sessions", QUERY),
    ("cannot open /var/lib/agents/state", PATH),
    ("see /home/deploy/agents", PATH),
    ("in /app/stream.py", PATH),
    (r"C:\agents\stream.dll", PATH),
]
HARMLESS = [
    "This message could not be understood",
    "expected a string at /data/message",
    "missing field: /session_id",
    "select a profile from the list, then update it and delete from it what you do not want",
    "see https://docs.example.com/usr/errors/INVALID_MESSAGE",
    "POST /v1/stream",
    "path /ws/threads/12 is not known",
    "at line 3, column 5",
    "Unexpected token } in JSON at position 12",
    "the exception proves the rule: System error",
    "rate limit: 10 messages at 12:30:15",
    "UPDATE REQUIRED",
    "node 3 is busy",
    "Type error: session_id must be a string",
    "12/04/2026 10:11:12",
]


@pytest.mark.parametrize(("text", "what"), SHOWS, ids=range(len(SHOWS)))
def test_an_error_that_shows_the_inside(text: str, what: str) -> None:
    assert what in {leak.what for leak in leaks([f"it failed: {text}."], [])}
    assert leaks([f"cannot read: {text}."], [f"{{{text}."]) == ()


@pytest.mark.parametrize("text", HARMLESS)
def test_an_error_that_shows_nothing(text: str) -> None:
    assert leaks([text], []) == ()


def test_who_repeats_us_and_shows_more_shows_it() -> None:
    (leak,) = leaks(["/etc/passwd is not /var/lib/agents"], ["/etc/passwd"])
    assert (leak.text, leak.is_path) == ("/var/lib/agents", True)


def test_of_a_long_text_the_beginning_is_looked_at() -> None:
    assert leaks(["x" * LOOKED_AT + "goroutine 1 ["], []) == ()
    for piece in ("at ", "SELECT ", "/usr/", "a.", "File ", "/x", "C:\\a\\", "node:", "at node:"):
        assert leaks([piece * LOOKED_AT], []) in ((), leaks([piece * 100], []))


def test_every_text_of_a_message_is_looked_at_but_what_lies_too_deep() -> None:
    assert sorted(texts_in({"a": ["b", {"c": "d"}], "e": 1, "f": None})) == ["a", "b", "c", "d", "e", "f"]
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert texts_in(deep) == []


NASTY = "a\0b\"\\\n\r\t'\x85\u2028\u2029\u202e\ufeff\ufffe\U0001f600é: - # {[ ]} \x7f $x"
CONVERSATION: Conversation = (
    Connect(conn="a"),
    Send(conn="a", body=NASTY, frame=NASTY, hurried=True, uses=("session", NASTY), turns=3),
    Send(conn=NASTY, body="", defect="empty", pointer=""),
    Send(conn="a", body=b"\xff\0", frame="f", defect="bad-utf8"),
    Send(conn="a", body=b"", binary=True, frame="f", defect="binary", pointer="/a~1b/\U0001f600"),
    Drop(conn="a"),
)
SAVED = Saved(dialect="vonz", code="schema", level="must", says=NASTY, failed=2, played=5, steps=CONVERSATION)


def test_a_conversation_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(written(SAVED), encoding="utf-8")
    assert loaded(file) == SAVED
    assert written(loaded(file)) == written(SAVED)


def test_a_file_holds_no_secret(tmp_path: Path) -> None:
    steps = (replace(VALID, body='"hunter22"'),)
    text = written(replace(SAVED, says="it said hunter22", steps=steps), frozenset({"hunter22"}))
    assert "hunter22" not in text and text.count("[redacted]") == 2


def spoilt(old: str, new: str) -> str:
    plain = Saved(dialect="vonz", code="schema", level="must", says="s", failed=1, played=1, steps=(VALID,))
    text = written(plain)
    assert old in text
    return text.replace(old, new)


WRONG: list[tuple[Callable[[], str], str]] = [
    (lambda: "", ":1: this is no conversation that `wirecheck fuzz` saved: the file is empty"),
    (lambda: "a: [", "this is no conversation that `wirecheck fuzz` saved: this is not YAML"),
    (lambda: "x: 1", "it does not begin with `wirecheck-conversation: 1`"),
    (lambda: spoilt("conversation: 1", "conversation: 2"), "it does not begin with"),
    (lambda: spoilt("found:", "fund:"), "`found` or `steps` is missing"),
    (lambda: spoilt("  code: schema\n", ""), "`code` is missing, or is no text"),
    (lambda: spoilt("  failed: 1", "  failed: -1"), "`failed` is missing, or is no count"),
    (lambda: spoilt("  failed: 1", "  failed: true"), "`failed` is missing, or is no count"),
    (lambda: spoilt('  - send: "a"', '  - sent: "a"'), "step 1 is none of `connect`, `send` and `drop`"),
    (lambda: spoilt('    text: "{}"', "    text: 3"), "step 1: `text` is not known, or has no fitting value"),
    (lambda: spoilt('    text: "{}"', '    texts: "x"'), "step 1: `texts` is not known"),
    (lambda: spoilt('    text: "{}"\n', ""), "step 1 has neither `text` nor `base64`, or both"),
    (lambda: spoilt('    text: "{}"', '    base64: "&"'), "step 1: `base64` is no base64"),
    (lambda: spoilt('    text: "{}"', '    text: "{}"\n    uses: [1]'), "step 1: `uses` must be names"),
    (lambda: spoilt('    text: "{}"', '    text: "{}"\n    turns: true'), "step 1: `turns` is not known"),
    (lambda: spoilt('  - send: "a"', "  - 3\n  - send: a"), "step 1 is no mapping"),
    (lambda: spoilt('  - send: "a"', "  - {connect: a, x: 1}\n  - send: a"), "step 1 is none of"),
    (lambda: spoilt('  - send: "a"', "  - drop: a\n" * 1_001 + "  - send: a"), "it has more than 1,000 steps"),
    (lambda: "a: &x [1]\nb: *x", "is an anchor"),
    (lambda: spoilt("steps:\n", "steps: []\nmore:\n"), "it has no steps"),
    (lambda: '{"wirecheck": 1}\n{"conn": "a"}\n', "; give the .yaml file that it wrote"),
]


@pytest.mark.parametrize(("text", "says"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_with_a_file_is_said(text: Callable[[], str], says: str, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text(text(), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        loaded(file)
    assert says in str(caught.value) and str(file) in str(caught.value)


def test_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        loaded(tmp_path / "none.yaml")


def test_marks_are_replaced_by_what_is_known_or_by_what_nobody_else_says() -> None:
    step = Send(conn="a", body=f'{{"s":"{mark("session")}","t":"{mark("task")}","u":"session"}}', uses=("session",))
    assert filled(step, {"session": 'é"'}, "x") == '{"s":"é\\"","t":"wirecheck:task","u":"session"}'
    assert filled(step, {}, "x") == '{"s":"wirecheck:session-x","t":"wirecheck:task","u":"session"}'
    assert filled(replace(step, body=b"\xff"), {}, "x") == b"\xff"


def test_a_step_in_words() -> None:
    assert [described(step) for step in (Connect(conn="a"), Drop(conn="b"), VALID, INVALID)] == [
        "connect a",
        "drop b",
        "send on a: session.start, valid",
        "send on a: session.start, invalid: truncated",
    ]
    pointed = replace(INVALID, pointer="/x", frame="")
    assert described(pointed) == "send on a: what is no frame, invalid: truncated at /x"
    assert size((VALID,)) < size((VALID, VALID)) and size((INVALID,)) < size((VALID,))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_allowance_is_of_messages_and_of_time() -> None:
    clock = Clock()
    both = Allowance(2, 10.0, clock)
    assert both.spent() == ""
    both.take()
    both.take()
    assert both.spent() == "2 messages"
    timed = Allowance(None, 10.0, clock)
    clock.now += 9.9
    assert timed.spent() == ""
    clock.now += 0.1
    assert (timed.spent(), timed.elapsed) == ("10 s", pytest.approx(10.0))
    assert Allowance(None, None, clock).spent() == ""


def test_the_pace_is_kept_and_what_was_sent_in_a_hurry_is_waited_for() -> None:
    async def led() -> float:
        loop = asyncio.get_running_loop()
        pace = Pace(200.0)
        began = loop.time()
        pace.owe(4)
        for _ in range(4):
            await pace.next()
        return loop.time() - began

    # Four that were owed, and three gaps.
    assert asyncio.run(led()) >= 7 / 200 - 0.001


def test_no_pace_is_no_wait() -> None:
    async def led() -> None:
        pace = Pace(0.0)
        for _ in range(10_000):
            await pace.next()

    asyncio.run(led())


def sending(text: str, conn: str = "a", hurried: bool = False) -> Made:
    choices = tuple(map(ord, text))
    return Made(step=Send(conn=conn, body=text, hurried=hurried), way="valid", choices=choices)


def again(made: Made, choices: tuple[int, ...]) -> Made:
    text = "".join(map(chr, choices))
    return replace(made, step=replace(made.step, body=text), choices=choices)


def bodies(moves: Moves) -> list[str]:
    return [str(move.step.body) for move in moves if isinstance(move, Made)]


def test_a_conversation_is_shortened_to_what_shows_the_fault() -> None:
    plays: list[Moves] = []

    def shows(moves: Moves) -> int | None:
        """Something with a b, and later something with a d."""
        plays.append(moves)
        texts = [str(move.step.body) if isinstance(move, Made) else "" for move in moves]
        first = next((at for at, text in enumerate(texts) if "b" in text), None)
        later = [at for at, text in enumerate(texts) if "d" in text and first is not None and at > first]
        return later[0] + 1 if later else None

    words = ["zz", "abc", "xyz", "dd", "bd", "x", "dx", "q"]
    moves: Moves = (
        Connect(conn="a"),
        *(sending(word, conn, True) for word, conn in zip(words, "abcabcab", strict=True)),
    )
    shortest = Shortener(moves, shows, again).shortened()
    assert [body.lstrip("\0") for body in bodies(shortest)] == ["b", "d"]
    assert all(isinstance(move, Made) and move.step.conn == "a" and not move.step.hurried for move in shortest)
    assert len(set(plays)) == len(plays)


def test_shortening_ends_when_it_may_not_play_any_more() -> None:
    plays: list[Moves] = []

    def shows(moves: Moves) -> int:
        plays.append(moves)
        return len(moves)

    moves = tuple(sending("x" * number) for number in range(1, 30))
    assert len(Shortener(moves, shows, again, most=3).shortened()) < 29
    assert len(plays) == 3


def test_what_shows_nothing_any_more_stays_as_it_was() -> None:
    moves = (Connect(conn="b"), sending("x", "b", True))
    assert Shortener(moves, lambda moves: None, again).shortened() == moves


@pytest.mark.parametrize("dialect", dialects())
def test_a_message_is_made_again_by_its_choices(dialect: str) -> None:
    drawer = Drawer(load(dialect))
    for number in range(60):
        for way in ("valid", "invalid"):
            made = drawer.made(way, Seeded(number))  # type: ignore[arg-type]
            if made is not None:
                assert drawer.again(made, made.choices) == made
                plain = drawer.again(made, ())
                assert plain is None or plain.step == drawer.made(made.way, PLAIN).step  # type: ignore[union-attr]


def test_over_another_transport_no_text_is_sent_that_is_none() -> None:
    drawer = Drawer(VONZ, "socketio")
    made = [drawer.made("invalid", Seeded(number)) for number in range(600)]
    assert not [one for one in made if one is not None and isinstance(one.step.body, bytes) and not one.step.binary]
    assert drawer.discarded > 0


def test_a_dialect_without_frames_of_the_client_gets_what_is_no_frame() -> None:
    drawer = Drawer(load("agent_platform"))
    assert not drawer.speaks and drawer.made("valid", PLAIN) is None
    kinds = {made.step.defect for made in (drawer.made("invalid", Seeded(n)) for n in range(200)) if made is not None}
    assert kinds >= {"not-json", "not-object", "binary", "deep"} and "huge" not in kinds


def test_turns_are_counted_in_frames_and_in_batches() -> None:
    symindx = load("symindx")
    chat, batch = symindx.frames["chat"], symindx.frames["batch"]
    message = {"type": "chat", "data": {"message": "x"}}
    assert turns_of(symindx, chat, message) == 1
    assert (
        turns_of(symindx, batch, {"type": "batch", "data": {"messages": [message, message, {"type": "pong"}, 3]}}) == 2
    )
    assert turns_of(symindx, symindx.frames["pong"], {"type": "pong"}) == 0
    assert turns_of(VONZ, VONZ.frames["task.submit"], {"type": "task.submit", "mode": "session"}) == 1
    assert {form.key for form in VONZ.frames.values() if may_open_turn(form) and form.sender == "client"} == {
        "task.submit",
        "session.turn",
    }
    assert may_open_turn(batch)


def test_names_lie_where_the_catalog_says() -> None:
    assert list(places(VONZ, VONZ.frames["task.submit"])) == [("session", ("session_id",), False)]
    assert list(places(VONZ, VONZ.frames["session.turn"])) == [("session", ("session_id",), True)]
    symindx = load("symindx")
    assert list(places(symindx, symindx.frames["chat"])) == [
        ("id", ("@id",), False),
        ("agent", ("@targetAgent",), False),
        ("conversation", ("conversationId",), False),
    ]


@pytest.mark.parametrize("dialect", dialects())
def test_the_canary_is_an_ordinary_conversation(dialect: str) -> None:
    first = candidates(load(dialect))[0]
    assert (
        first.name
        in {
            "agent_platform": ("whole-conversation",),
            "amigo": ("plain-turn",),
            "bondai": ("many-steps",),
            "symindx": ("command",),
            "vonz": ("submit-new-session",),
        }[dialect]
    )


def test_a_dialect_without_scenarios_has_no_canary() -> None:
    with pytest.raises(UsageError, match="porch has no scenario to play beside the fuzzer's"):
        candidates(replace(porch(), scenarios={}))
