"""Rows say what the shapes say: whole blocks taken give the report that records received one by one give."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

import traces
from wirecheck import Checker, catalog
from wirecheck.capture import read
from wirecheck.capture.blocks import blocks
from wirecheck.capture.write import line_of
from wirecheck.check import learning
from wirecheck.check.apart import Apart
from wirecheck.check.frozen import Uncommon, freeze, sets_of, thaw
from wirecheck.check.link import Link
from wirecheck.check.means import Meanings
from wirecheck.check.plan import Moves
from wirecheck.check.promises import Held
from wirecheck.check.rows import Rows, Step
from wirecheck.check.tally import Placed
from wirecheck.record import BadLine, Record
from wirecheck.verdict import Report

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic

CAPTURES = sorted(Path(__file__).parents[1].glob("fixtures/*/captures/*.jsonl"))
TRACES = 150
SOAKED = 20_000


class Untyped:
    """A block of records of which none could be read the quick way: only their order is judged by rows."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self.first = records[0].at.line if records else 1
        self.lines = [None] * len(records)

    def end(self, index: int) -> None:
        return None

    def record(self, index: int) -> Record:
        return self._records[index]


def received(dialect: catalog.Dialect, records: Sequence[Record]) -> Report:
    checker = Checker(dialect)
    for record in records:
        checker.receive(record)
    return checker.close()


def taken(dialect: catalog.Dialect, records: Sequence[Record], size: int) -> Report:
    checker = Checker(dialect)
    for start in range(0, len(records), size):
        checker.take(Untyped(records[start : start + size]))
    return checker.close()


def read_typed(dialect: catalog.Dialect, raw: bytes, size: int) -> Report:
    """The report on lines that are read in blocks of so many bytes."""
    checker = Checker(dialect)
    for block in blocks(raw[start : start + size] for start in range(0, len(raw), size)):
        checker.take(block)
    return checker.close()


def read_singly(dialect: catalog.Dialect, raw: bytes) -> Report:
    return received(dialect, list(read(BytesIO(raw))))


def differing(dialect: catalog.Dialect, seeds: range) -> list[str]:
    """Random captures, made small, on which the two ways disagree."""
    found = []
    for seed in seeds:
        random = Random(f"{dialect.name} rows {seed}")
        records = traces.trace(dialect, random)
        size = random.choice((1, 3, 1000))
        raw = b"".join(line_of(record) for record in records if not isinstance(record, BadLine))
        if read_singly(dialect, raw) != read_typed(dialect, raw, 100 * size):
            found.append(raw.decode())
        if received(dialect, records) != taken(dialect, records, size):
            small = traces.shrink(records, partial(_differ, dialect, size))
            found.append(traces.shown(small))
    return found


def _differ(dialect: catalog.Dialect, size: int, records: Sequence[Record]) -> bool:
    return received(dialect, records) != taken(dialect, records, size)


@pytest.mark.parametrize("name", catalog.dialects())
def test_random_captures(name: str) -> None:
    assert differing(catalog.load(name), range(TRACES)) == []


@pytest.mark.soak
@pytest.mark.parametrize("name", catalog.dialects())
def test_very_many_random_captures(name: str) -> None:
    assert differing(catalog.load(name), range(SOAKED)) == []


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_fixtures(path: Path) -> None:
    dialect = catalog.load(path.parts[-3])
    records = list(read(path))
    assert taken(dialect, records, 7) == received(dialect, records)


@pytest.mark.parametrize("name", catalog.dialects())
@pytest.mark.parametrize("faults", [0.0, 0.05])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_busy_traffic(name: str, faults: float, as_json: bool) -> None:
    raw = b"".join(traffic.lines(name, 3_000, sessions=20, faults=faults, as_json=as_json))
    dialect = catalog.load(name)
    expected = read_singly(dialect, raw)
    assert taken(dialect, list(read(BytesIO(raw))), 1_000) == expected
    assert read_typed(dialect, raw, 10_000) == expected


@pytest.mark.parametrize("name", catalog.dialects())
@pytest.mark.parametrize("most", [1, 2, 10, 100])
def test_tables_are_bounded_and_full_ones_say_the_same(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither steps nor rows grow with a capture; those that find no place have others forgotten."""
    monkeypatch.setattr("wirecheck.check.rows.MAX_STEPS", most)
    monkeypatch.setattr("wirecheck.check.rows.MAX_ROWS", most)
    monkeypatch.setattr("wirecheck.check.take.MAX_STEPS", most)
    monkeypatch.setattr("wirecheck.check.promises.MAX_STEPS", most)
    raw = b"".join(traffic.lines(name, 1_500, sessions=10, faults=0.05))
    dialect = replace(catalog.load(name))  # with tables of its own
    assert read_typed(dialect, raw, 10_000) == read_singly(dialect, raw)
    tables = Checker(dialect)._tables.rows
    assert len(tables._rows) <= most
    assert tables.steps <= most
    assert tables.steps >= sum(len(row.next) for row in tables._rows.values())


def test_who_counts_steps_holds_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that is counted is kept, whoever has forgotten it; counted at last, it is the same number."""
    monkeypatch.setattr("wirecheck.check.take.MAX_STEPS", 10)
    monkeypatch.setattr("wirecheck.check.promises.MAX_STEPS", 3)
    raw = b"".join(traffic.lines("vonz", 1_500, sessions=10, faults=0.05))
    dialect, held = replace(catalog.load("vonz")), Held(("a",))
    checker, most = Checker(dialect), 0
    for block in blocks(raw[start : start + 5_000] for start in range(0, len(raw), 5_000)):
        checker.take(block)
        assert checker._taker is not None
        most = max(most, len(checker._taker.stepper.taken))
    assert 0 < most <= 10
    assert checker.close() == read_singly(dialect, raw)
    steps = [
        step for row in checker._tables.rows._rows.values() for step in row.next.values() if isinstance(step, Step)
    ]
    for step in steps:
        assert held.counts(step) is held.counts(step)
        assert len(held.counted) <= 3
    assert len(steps) > 10


@pytest.mark.parametrize("name", catalog.dialects())
def test_full_tables_keep_what_is_met_again_and_learn_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What faults of long ago have taught makes nothing slower that comes after."""
    learnt = 0

    def counted(*arguments: Any) -> Any:
        nonlocal learnt
        learnt += 1
        return learn(*arguments)

    learn = learning._learnt
    monkeypatch.setattr(learning, "_learnt", counted)
    dialect = replace(catalog.load(name))  # with tables of its own
    clean = b"".join(traffic.lines(name, 3_000, sessions=20))
    read_typed(dialect, clean, 10_000)
    needed = learnt
    tables = Checker(dialect)._tables.rows
    monkeypatch.setattr("wirecheck.check.rows.MAX_STEPS", 4 * needed)
    read_typed(dialect, b"".join(traffic.lines(name, 3_000, sessions=20, faults=0.1)), 10_000)
    assert learnt > 5 * needed and tables.steps <= 4 * needed
    before = learnt
    read_typed(dialect, clean, 10_000)
    assert learnt - before <= needed
    tables._forget()
    before = learnt
    read_typed(dialect, clean, 10_000)
    assert learnt - before <= needed
    read_typed(dialect, clean, 10_000)
    tables._forget()
    before = learnt
    read_typed(dialect, clean, 10_000)
    assert learnt == before and 0 < tables.steps <= needed


@pytest.mark.parametrize("name", catalog.dialects())
def test_what_is_frozen_thaws(name: str) -> None:
    """Every state that a row can hold comes back as it was, to the last field that a verdict depends on."""
    dialect = catalog.load(name)
    frozen = 0
    for seed in range(40):
        records = traces.trace(dialect, Random(f"{name} thaw {seed}"))
        checker = Checker(dialect)
        plan = checker._tables.plan
        for record in records:
            checker.receive(record)
            for link in checker.links.values():
                try:
                    before = freeze(link.state)
                except Uncommon:
                    continue
                copy = pickle.loads(pickle.dumps(link.facts))
                after = thaw(plan, *before, copy, sets_of(link.state))
                assert freeze(after) == before
                for lane, again in zip(link.state.live.lanes, after.live.lanes, strict=True):
                    assert (lane.size, lane.holes, lane.settled, lane.heard) == (
                        again.size,
                        again.holes,
                        again.settled,
                        again.heard,
                    )
                    assert lane.firsts.keys() == again.firsts.keys()
                frozen += 1
    assert frozen > 100


def test_a_link_in_a_row_pickles_as_a_state() -> None:
    """What leaves the process is a value without tables; it goes on where it was."""
    dialect = catalog.load("bondai")
    lines = list(traffic.lines("bondai", 300, sessions=3))
    path_records = list(_records(lines))
    checker = Checker(dialect)
    checker.take(Untyped(path_records[:200]))
    held = [link for link in checker.links.values() if link.row is not None]
    assert held
    again: list[Link] = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(held))))
    elsewhere = Rows(checker._tables.plan)
    for link in again:
        link.adopt(elsewhere)
        assert link.row is not None
    states = [freeze(link.state) for link in held]
    assert [freeze(link.state) for link in again] == states


def _records(lines: Sequence[bytes]) -> list[Record]:
    from wirecheck.capture.jsonl import record_of

    return [record_of(line.rstrip(b"\n"), number) for number, line in enumerate(lines, 1)]


def test_a_frame_like_the_last_one_may_mean_something_else() -> None:
    """The first end of a span that nobody saw begin is undecided; the same again is one too many."""
    dialect = catalog.load("bondai")
    said = '{"conn":"c","from":"%s","json":%s}\n'
    step = '{"event":"task_agent_step_completed","data":{"step":{"agent_id":"%s","step":{"output":"three"}}}}'
    asked = said % ("client", '{"event":"user_message","data":{"message":"Lisbon."}}')
    ended = said % ("server", '{"event":"task_agent_completed","data":{"agent_id":"a"}}')
    raw = (said % ("server", step % "a") + asked + said % ("server", step % "b") + 2 * ended).encode()
    expected = read_singly(dialect, raw)
    assert [(each.broken, each.undecided) for each in expected.guarantees if each.id == "tasks-bracketed"] == [(1, 1)]
    for _ in range(3):  # what is learnt the first time is used the second time
        assert read_typed(dialect, raw, 10_000) == expected


def test_a_repeated_frame_adds_to_no_text_of_another_kind() -> None:
    """What repeats is not always a piece of the text that came before it."""
    pieces = ["a", "a", "a", "b", "b"]
    said = {"agent_id": "a", "thread_id": "t"}
    notice = {"event_type": "escalation_created", **said, "workflow_id": "no text"}
    lines = [
        _opening("wss://host.example/ws/threads/t"),
        _said({"event_type": "typing_started", **said}),
        *[_said({"event_type": "text_delta", **said, "content": piece}) for piece in pieces],
        *[_said(notice)] * 4,
        _said({"event_type": "stream_end", **said}),
        _said({"event_type": "message_completed", **said, "content": "aaabb", "message_id": "m"}),
    ]
    assert _taken_as_received(catalog.load("agent_platform"), lines)["final-text-agrees"] == (1, 0, 0)


def test_a_repeated_frame_of_another_case_is_another_frame(tmp_path: Path) -> None:
    """What a frame means may hang on a member that no name is."""
    path = tmp_path / "cases.yaml"
    path.write_text(CASES)
    turn = [{"type": "begin"}, *[{"type": "note", "mode": "loud"}] * 4, *[{"type": "note", "mode": "low"}] * 4]
    lines = [_said({**frame, "id": "x"}) for frame in (*turn, {"type": "note"}, {"type": "end"})]
    assert _taken_as_received(catalog.load_file(path), lines)["text-inside-turn"] == (4, 0, 0)


def test_a_repeated_piece_of_a_forgotten_session_begins_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is forgotten while its text runs is known again with the next piece, and another is forgotten."""
    monkeypatch.setattr("wirecheck.check.memory.MAX_SESSIONS", 2)
    made = {"container_id": "c", "container_name": "n", "profile_id": "p"}
    done = {"result_text": "text", "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.1}

    def born(conn: str, session: str) -> list[str]:
        return [
            _opening("wss://app.vonz.io/v1/stream", conn=conn),
            _said({"type": "session.start", "profile_id": "p"}, "client", conn),
            _said({"type": "session.ready", "session_id": session, **made}, conn=conn),
            _said({"type": "session.turn", "session_id": session, "prompt": "p"}, "client", conn),
        ]

    def token(conn: str, session: str, text: str) -> str:
        return _said({"type": "task:token", "session_id": session, "text": text}, conn=conn)

    lines = [
        *born("a", "s1"),
        *[token("a", "s1", "x")] * 6,
        *born("b", "s2"),
        token("b", "s2", "text"),
        _said({"type": "turn.done", "session_id": "s2", **done}, conn="b"),
        *born("c", "s3"),
        *[token("a", "s1", "x")] * 6,
        _opening("wss://app.vonz.io/v1/stream", conn="d"),
        _said({"type": "session.resume", "session_id": "s2"}, "client", "d"),
        _said({"type": "session.replay_start", "session_id": "s2"}, conn="d"),
        token("d", "s2", "other text"),
        _said({"type": "session.replay_end", "session_id": "s2"}, conn="d"),
    ]
    assert _taken_as_received(catalog.load("vonz"), lines)["replay-repeats-history"] == (0, 0, 0)


def test_what_joined_texts_break_is_found_at_the_line_that_is_judged(tmp_path: Path) -> None:
    """Findings of stretches judged apart are put in order by where they were found, though a step leads nowhere."""
    path = tmp_path / "joined.yaml"
    path.write_text(JOINED)
    dialect = catalog.load_file(path)
    piece, final = {"type": "piece", "text": "x"}, {"type": "final", "whole": "y"}
    turn = [{"type": "begin"}, piece, piece, final, {"type": "end"}]
    lines = [_opening("wss://host.example/"), *[_said({**frame, "id": "a"}) for frame in 3 * turn]]
    for _ in range(3):  # what is learnt the first time is used the second time
        checker = Apart(dialect, first=1)
        for block in blocks(["".join(lines).encode()]):
            checker.take(block)
        assert isinstance(checker.tally, Placed)
        assert list(checker.tally.judged.values()) == [[5, 10, 15]]


@pytest.mark.parametrize("form", ["text", "json"])
def test_text_of_which_others_have_a_copy_is_in_doubt_however_it_is_held(form: str) -> None:
    """While a second connection shows the session, nobody knows which frames are the same: not even text alone."""
    done = {"result_text": "ab", "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.1}

    def turn(*between: str) -> list[str]:
        return [
            _said({"type": "session.turn", "session_id": "s", "prompt": "p"}, "client", "a", form),
            *[_said({"type": "task:token", "session_id": "s", "text": "a"}, conn="a", form=form)] * 4,
            *between,
            _said({"type": "task:token", "session_id": "s", "text": "b"}, conn="a", form=form),
            *[_closing("b") for _ in between[:1]],
            _said({"type": "turn.done", "session_id": "s", **done}, conn="a", form=form),
        ]

    def replayed(conn: str, *texts: str) -> list[str]:
        return [
            _opening("wss://app.vonz.io/v1/stream", conn),
            _said({"type": "session.resume", "session_id": "s"}, "client", conn, form),
            _said({"type": "session.replay_start", "session_id": "s"}, conn=conn, form=form),
            *[_said({"type": "task:token", "session_id": "s", "text": text}, conn=conn, form=form) for text in texts],
            _said({"type": "session.replay_end", "session_id": "s"}, conn=conn, form=form),
        ]

    shown = replayed("b")[:2]
    before = [*replayed("z"), _closing("z"), *replayed("a"), *turn()]
    alone = [*before, *turn(), _closing("a"), *replayed("c", "nothing of it")]
    beside = [*before, *turn(*shown), _closing("a"), *replayed("c", "nothing of it")]
    dialect = catalog.load("vonz")
    assert _taken_as_received(dialect, alone)["replay-repeats-history"] == (0, 1, 0)
    assert _taken_as_received(dialect, beside)["replay-repeats-history"] == (0, 0, 1)


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_client_says_in_a_span_counts_when_the_server_closes(tmp_path: Path, form: str) -> None:
    path = tmp_path / "asked.yaml"
    path.write_text(ASKED)
    frames = [("server", "begin"), ("client", "note"), ("client", "note")]
    said = [_said({"type": tag, "id": "x"}, sender, form=form) for sender, tag in frames]
    lines = [_opening("wss://host.example/", at="client"), *said, _closing("c", 1000)]
    assert _taken_as_received(catalog.load_file(path), lines)["turn-closed-once"] == (0, 1, 0)


def test_meanings_made_at_once_have_numbers_of_their_own() -> None:
    """Rows know a meaning by its number, whichever threads made it."""
    dialect = replace(catalog.load("vonz"))
    tables = Checker(dialect)._tables
    moves = [tables.plan.moves(form, frozenset(form.roles), frozenset(form.may)) for form in dialect.frames.values()]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            meanings = Meanings(tables.plan, tables.reader, tables.glances)
            orders = [moves[start:] + moves[:start] for start in range(0, len(moves), 4)]
            with ThreadPoolExecutor(len(orders)) as pool:
                list(pool.map(partial(_mean_all, meanings), orders))
            assert sorted(meanings.of(each).number for each in moves) == list(range(len(moves)))
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("name", ["amigo", "vonz"])
def test_tables_that_several_threads_fill_and_empty_at_once_say_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wirecheck.check.rows.MAX_STEPS", 40)
    monkeypatch.setattr("wirecheck.check.rows.MAX_ROWS", 40)
    dialect = replace(catalog.load(name))  # with tables of its own
    captures = [b"".join(traffic.lines(name, 600, sessions=5, faults=0.05, seed=seed)) for seed in range(4)]
    expected = [read_singly(dialect, raw) for raw in captures]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(len(captures)) as pool:
            assert list(pool.map(partial(read_typed, dialect, size=1_000), captures)) == expected
    finally:
        sys.setswitchinterval(before)
    assert len(Checker(dialect)._tables.rows._rows) <= 40 + len(captures)


CASES = """
dialect: cases
envelope: {style: flat, tag: type}
names: {session: [/id]}
spans:
  turn: {keys: [session], opened: here, exclusive: true}
frames:
  begin: {from: server, is: [turn.open], payload: {id: string}}
  end: {from: server, is: [turn.close], payload: {id: string}}
  note:
    from: server
    payload: {id: string, "mode?": string}
    cases:
      - {name: loud, when: {/mode: loud}, is: [text.delta]}
guarantees:
  text-inside-turn: {level: must}
"""

JOINED = """
dialect: joined
envelope: {style: flat, tag: type}
names: {session: [/id], text: [/text], final: [/whole]}
spans:
  turn: {keys: [session], opened: here, exclusive: true}
frames:
  begin: {from: server, is: [turn.open], payload: {id: string}}
  end: {from: server, is: [turn.close], payload: {id: string}}
  piece: {from: server, is: [text.delta], payload: {id: string, text: string}}
  final: {from: server, is: [message.final], payload: {id: string, whole: string}}
guarantees:
  final-text-agrees: {level: must}
"""

ASKED = """
dialect: asked
envelope: {style: flat, tag: type}
names: {session: [/id]}
spans:
  turn: {keys: [session], opened: here, exclusive: true}
frames:
  begin: {from: server, is: [turn.open], payload: {id: string}}
  end: {from: client, is: [turn.close], payload: {id: string}}
  note: {from: client, is: [text.delta], payload: {id: string}}
guarantees:
  text-inside-turn: {level: must}
  turn-closed-once: {level: must}
"""


def _mean_all(meanings: Meanings, moves: Sequence[Moves]) -> None:
    for each in moves:
        meanings.of(each)


def _said(frame: dict[str, Any], sender: str = "server", conn: str = "c", form: str = "text") -> str:
    said = json.dumps(frame) if form == "text" else frame
    return json.dumps({"conn": conn, "from": sender, form: said}) + "\n"


def _opening(url: str, conn: str = "c", at: str = "server") -> str:
    seen = {"sees": ["client", "server"], "at": at, "exclusive": True}
    return json.dumps({"conn": conn, "kind": "open", "url": url, **seen}) + "\n"


def _closing(conn: str, code: int = 1006) -> str:
    sent = {"from": "server"} if code != 1006 else {}
    return json.dumps({"conn": conn, "kind": "close", "code": code, **sent}) + "\n"


def _taken_as_received(dialect: catalog.Dialect, lines: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """The counts of each guarantee, which are those of records received one by one, whatever was learnt before."""
    raw = "".join(lines).encode()
    expected = read_singly(dialect, raw)
    for _ in range(3):
        assert read_typed(dialect, raw, 10_000) == expected
    return {each.id: (each.held, each.broken, each.undecided) for each in expected.guarantees}
