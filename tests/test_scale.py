"""However a capture is cut, and in whatever order its parts are put together: the report is that of one pass."""

from __future__ import annotations

import gzip
import io
import pickle
import sys
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cuts import capture, cut, in_parts, lowered, one_pass, shown, task_of, travelled
from wirecheck import dialects, load, load_file
from wirecheck.capture import Limits
from wirecheck.capture.lines import is_packed, numbered
from wirecheck.scale import Range, begun, counted, finish, job, lines_in, merge, placed, proceed, ranges, summarize
from wirecheck.scale.crowd import speakers
from wirecheck.scale.ranges import blocks_of

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

WAYS = (1, 2, 7, 64)
SOAK = 200
OPTIONS: tuple[dict[str, Any], ...] = (
    {"closed": True},
    {"envelope": "auto"},
    {"envelope": "flat"},
    {"side": "client"},
    {"rules": frozenset({"tool-call-answered-once", "turn-closed-once"})},
    {"secrets": frozenset({"sess_000001", "Bash"})},
)

CUTS = st.lists(st.floats(0, 1), max_size=6)
SEEDS = st.integers(0, 1 << 32)
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scale") / "capture.jsonl"


def agree(file: Path, dialect: str, seed: int, places: list[float], **options: Any) -> None:
    """Hold that the reports are equal, whatever is merged with what, and whoever is told what."""
    file.write_bytes(capture(dialect, seed))
    rng = Random(seed)
    task = task_of(dialect, limits=Limits(block=rng.choice((500, 256 * 1024))), **options)
    want = one_pass(file, task)
    report, _ = in_parts(cut(file, places), task, rng, told=rng.random() < 0.5)
    assert shown(report) == shown(want)
    assert report == want


@pytest.mark.parametrize("dialect", dialects())
@given(seed=SEEDS, places=CUTS)
@QUICK
def test_cuts_do_not_show(file: Path, dialect: str, seed: int, places: list[float]) -> None:
    agree(file, dialect, seed, places)


@pytest.mark.parametrize("dialect", dialects())
@given(seed=SEEDS, places=CUTS)
@QUICK
def test_cuts_do_not_show_beyond_the_bounds(file: Path, dialect: str, seed: int, places: list[float]) -> None:
    with lowered():
        agree(file, dialect, seed, places)


@given(dialect=st.sampled_from(dialects()), seed=SEEDS, places=CUTS, options=st.sampled_from(OPTIONS))
@settings(QUICK, max_examples=30)
def test_cuts_do_not_show_whatever_is_asked(
    file: Path, dialect: str, seed: int, places: list[float], options: dict[str, Any]
) -> None:
    agree(file, dialect, seed, places, **options)


@pytest.mark.soak
@pytest.mark.parametrize("dialect", dialects())
def test_many_captures_in_many_ways(file: Path, dialect: str) -> None:
    for seed in range(SOAK):
        rng = Random(seed)
        for ways in WAYS:
            places = [rng.random() for _ in range(ways - 1)]
            agree(file, dialect, seed, places, **rng.choice(({}, *OPTIONS)))
            with lowered():
                agree(file, dialect, seed, places)


@pytest.mark.parametrize("dialect", dialects())
def test_clean_traffic_is_read_once(file: Path, dialect: str) -> None:
    """Nothing in what the documents allow makes it necessary to read a range again."""
    file.write_bytes(b"".join(traffic.lines(dialect, 1500, sessions=10)))
    task = task_of(dialect)
    want = one_pass(file, task)
    for ways in WAYS[1:3]:
        report, again = in_parts(cut(file, [number / ways for number in range(1, ways)]), task, Random(ways))
        assert (report, again) == (want, 0)


@pytest.mark.parametrize("dialect", dialects())
def test_faults_are_no_reason_to_read_again(file: Path, dialect: str) -> None:
    """Most of them concern their own connection."""
    file.write_bytes(b"".join(traffic.lines(dialect, 1500, sessions=10, faults=0.01)))
    task = task_of(dialect)
    report, again = in_parts(cut(file, [0.3, 0.6]), task, Random(1))
    assert (report, again) == (one_pass(file, task), 0)


def test_what_is_remembered_is_bounded_in_all(file: Path) -> None:
    """Sessions are forgotten in the order in which they were met, whichever range they came in."""
    file.write_bytes(b"".join(traffic.lines("vonz", 3000, sessions=10)))
    task = task_of("vonz")
    bounds = {"wirecheck.check.memory.MAX_SESSIONS": 30, "wirecheck.check.history.MAX_WEIGHT": 120}
    with lowered({**bounds, "wirecheck.check.memory.MAX_WEIGHT": 120, "wirecheck.check.noting.MAX_WEIGHT": 120}):
        report, again = in_parts(cut(file, [0.25, 0.5, 0.75]), task, Random(1))
        assert (report, again) == (one_pass(file, task), 0)


# Connections that have to do with each other. A capture of lines, cut before one of them.


def say(conn: str, sender: str, tag: str, **payload: Any) -> dict[str, Any]:
    return {"conn": conn, "from": sender, "text": orjson.dumps({"type": tag, **payload}).decode()}


def opening(conn: str, **facts: Any) -> dict[str, Any]:
    url = "wss://app.vonz.io/v1/stream"
    return {"conn": conn, "kind": "open", "url": url, "sees": ["client", "server"], "at": "server", **facts}


def created(conn: str, session: str) -> list[dict[str, Any]]:
    made = {"container_id": "c", "container_name": "n", "profile_id": "p"}
    return [
        opening(conn, exclusive=True),
        say(conn, "client", "session.start", profile_id="p"),
        say(conn, "server", "session.ready", session_id=session, **made),
    ]


def turn(conn: str, session: str, text: str) -> list[dict[str, Any]]:
    done = {"result_text": text, "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.1}
    return [
        say(conn, "client", "session.turn", session_id=session, prompt="p"),
        say(conn, "server", "task:token", session_id=session, text=text),
        say(conn, "server", "turn.done", session_id=session, **done),
    ]


def resumed(conn: str, session: str, *texts: str) -> list[dict[str, Any]]:
    tokens = [say(conn, "server", "task:token", session_id=session, text=text) for text in texts]
    return [
        opening(conn, exclusive=True),
        say(conn, "client", "session.resume", session_id=session),
        say(conn, "server", "session.replay_start", session_id=session),
        *tokens,
        say(conn, "server", "session.replay_end", session_id=session),
    ]


def over(conn: str) -> dict[str, Any]:
    return {"conn": conn, "kind": "close", "code": 1006}


def at_cut(
    file: Path, before: list[Any], behind: list[Any], dialect: str = "vonz", **options: Any
) -> tuple[dict[str, tuple[int, int, int]], int]:
    """The counts of each guarantee, and how often the second half was read again; equal to those of one pass."""
    halves = [b"".join(orjson.dumps(line) + b"\n" for line in half) for half in (before, behind)]
    file.write_bytes(b"".join(halves))
    task = task_of(dialect, **options)
    parts = [(0, len(halves[0])), (len(halves[0]), len(halves[0]) + len(halves[1]))]
    report, again = in_parts([Range(source=str(file), start=start, end=end) for start, end in parts], task, Random(1))
    assert report == one_pass(file, task)
    return {each.id: (each.held, each.broken, each.undecided) for each in report.guarantees}, again


@pytest.mark.parametrize(("texts", "counts"), [(("ab", "cd"), (1, 0, 0)), (("ab", "xy"), (0, 1, 0))])
def test_a_replay_repeats_what_another_range_held(
    file: Path, texts: tuple[str, ...], counts: tuple[int, int, int]
) -> None:
    """The connection says at once that it goes on with something older, so nothing is read again."""
    before = [*created("a", "s"), *turn("a", "s", "ab"), *turn("a", "s", "cd"), over("a")]
    found, again = at_cut(file, before, [*resumed("b", "s", *texts), *created("c", "t"), *turn("c", "t", "x")])
    assert found["replay-repeats-history"] == counts
    assert again == 0


def test_what_is_found_behind_a_lost_line_is_found_where_it_stands(file: Path) -> None:
    """A line that nobody knows the connection of befalls all of them, before their next frame and not at line 0."""

    def said(conn: str, tag: str) -> dict[str, Any]:
        return {"conn": conn, "from": "server", "text": orjson.dumps({"event_type": tag, "thread_id": "t"}).decode()}

    before = [opening("old"), said("old", "unheard of")]
    behind = [opening("new"), *[said("new", "typing_started")] * 2, said("old", "unheard of"), "lost"]
    assert at_cut(file, before, [*behind, said("new", "unheard of")], "agent_platform")[1] == 0


def test_a_session_that_shows_late_on_a_newer_connection_is_read_again(file: Path) -> None:
    before = [*created("a", "s"), *turn("a", "s", "ab")]
    found, again = at_cut(file, before, [*created("b", "t"), *turn("b", "s", "cd")])
    assert again == 1
    assert found["turn-closed-once"][0] == 2


def test_a_session_of_a_newer_connection_that_shows_on_an_older_one_is_read_again(file: Path) -> None:
    before = [*created("a", "s"), *turn("a", "s", "ab")]
    orphan = say("b", "server", "task:tool_result", session_id="t", tool="Bash", output="")
    behind = [*created("b", "t"), say("a", "server", "task:token", session_id="t", text="x"), orphan]
    found, again = at_cut(file, before, behind)
    assert again == 1
    assert found["tool-call-answered-once"] == (0, 0, 1)  # broken, if only its own connection were looked at
    assert at_cut(file, before, [*created("b", "t"), orphan])[0]["tool-call-answered-once"] == (0, 1, 0)


@pytest.mark.parametrize("late", [False, True])
def test_who_asked_for_what_is_looked_at_before_several_did(file: Path, late: bool) -> None:
    """An older client asks too, in front of the cut or behind it; afterwards it can't be told from the newer ones."""

    def ready(conn: str) -> dict[str, Any]:
        return created(conn, "s")[2]

    def asked(conn: str) -> list[dict[str, Any]]:
        return created(conn, "s")[:2]

    older, begun = asked("a"), opening("b", exclusive=True)
    behind = [*asked("c"), *asked("d")]
    if late:
        found, again = at_cut(file, older[:1], [begun, older[1], ready("b"), *behind])
    else:
        found, again = at_cut(file, older, [begun, ready("b"), *behind])
    assert found["session-ready-answers"] == (0, 0, 4)
    assert again == 1


def test_a_replay_of_a_session_that_was_forgotten_meanwhile_is_undecided(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, (*replay, end) = [*created("a", "s"), *turn("a", "s", "ab"), over("a")], resumed("b", "s", "ab")
    others = [line for number in range(6) for line in created(f"o{number}", f"t{number}")]
    again = [opening("c"), *turn("c", "s", "new"), over("c")]
    found, _ = at_cut(file, before, [*replay, *others, end])
    assert found["replay-repeats-history"] == (1, 0, 0)
    monkeypatch.setattr("wirecheck.check.memory.MAX_SESSIONS", 4)
    found, _ = at_cut(file, before, [*replay, *others, *again, end])
    assert found["replay-repeats-history"] == (0, 0, 1)


def test_an_order_to_cancel_counts_on_every_connection(file: Path) -> None:
    """Whatever was open may have been cancelled from elsewhere, in front of the cut or behind it."""
    call = say("b", "server", "task:tool_use", session_id="t", tool="Bash", input={})
    cancel = say("a", "client", "task.cancel", task_id="k")
    prompt, _, done = turn("b", "t", "x")
    for behind in ([*created("b", "t"), prompt, call, cancel, done], [*created("b", "t"), prompt, cancel, call, done]):
        found, again = at_cut(file, created("a", "s"), behind)
        assert again == 0
        assert sum(found["tool-call-answered-once"]) == 1


def test_a_lost_line_counts_on_every_connection(file: Path) -> None:
    call = say("b", "server", "task:tool_use", session_id="t", tool="Bash", input={})
    prompt, _, done = turn("b", "t", "x")
    found, again = at_cut(file, created("a", "s"), [*created("b", "t"), prompt, call, [], done])
    assert again == 0
    assert found["tool-call-answered-once"] == (0, 0, 1)


def test_a_name_that_is_used_again_ends_the_older_connection(file: Path) -> None:
    call = say("a", "server", "task:tool_use", session_id="s", tool="Bash", input={})
    found, again = at_cut(file, [*created("a", "s"), turn("a", "s", "x")[0], call], created("a", "t"))
    assert again == 0
    assert found["tool-call-answered-once"] == (0, 0, 1)


def test_of_too_many_connections_no_summary_tells(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A range that is nothing but short connections leaves no more behind than others do: its rest is read again."""
    monkeypatch.setattr("wirecheck.scale.parts.MOST_NOTED", 50)
    short = (
        '{{"kind":"open","conn":"{0}"}}\n',
        '{{"conn":"{0}","from":"client","text":"{{"}}\n',
        '{{"kind":"close","conn":"{0}"}}\n',
    )
    file.write_text("".join(line.format(number) for number in range(400) for line in short))
    task = task_of("vonz", limits=Limits(block=500))
    first, second = cut(file, [0.1])
    summary = summarize(second, task)
    told, rest = summary.parts
    assert told.stretch is not None and rest.stretch is None
    assert 25 <= told.stretch.connections < 40  # two entries each
    assert rest.first == told.last
    whole = merge(summarize(first, task), travelled(summary))
    assert whole.again == 1
    assert finish(whole) == one_pass(file, task)


@pytest.mark.parametrize(("crowd", "again"), [(5, 0), (1_000, 1)])
def test_connections_of_which_a_crowd_names_one_session_are_left_to_others(
    file: Path, crowd: int, again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands in place of the right one everywhere would have the part be read again."""
    monkeypatch.setattr("wirecheck.scale.crowd.CROWD", crowd)
    monkeypatch.setattr("wirecheck.scale.parts._LOOK", 1)

    def lost(conns: str) -> list[dict[str, Any]]:
        wrong = {"session_id": "undefined", "text": "x"}
        return [
            line for conn in conns for line in (*created(conn, f"s{conn}"), say(conn, "server", "task:token", **wrong))
        ]

    rest = [line for conn in "uvwxyz" for line in (*created(conn, f"s{conn}"), *turn(conn, f"s{conn}", "x"))]
    ends = [line for conn in "aefghijk" for line in turn(conn, f"s{conn}", "x")]
    found, times = at_cut(file, lost("abcd"), [*lost("efghijk"), *rest, *ends], limits=Limits(block=500))
    assert times == again
    assert found["turn-closed-once"] == (14, 0, 0)
    assert found["text-inside-turn"] == (14, 0, 11)


def test_a_crowd_that_takes_too_much_is_not_avoided(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions that were created in the range are nobody else's; and where too much would be left, nothing is."""
    monkeypatch.setattr("wirecheck.scale.crowd.CROWD", 3)
    monkeypatch.setattr("wirecheck.scale.parts._LOOK", 1)
    searched: list[frozenset[str]] = []

    def noted(part: Range, limits: Limits, sessions: frozenset[str]) -> frozenset[str]:
        searched.append(sessions)
        return speakers(part, limits, sessions)

    monkeypatch.setattr("wirecheck.scale.parts.speakers", noted)
    wide = [line for conn in "abcdefgh" for line in (*created(conn, f"s{conn}"), *turn(conn, "sa", "x"))]
    before = created("y", "sy")
    _, again = at_cut(file, before, wide, limits=Limits(block=500))
    assert (again, searched) == (0, [])
    shared = [line for conn in "abcdefgh" for line in (*created(conn, f"s{conn}"), *turn(conn, "one", "x"))]
    monkeypatch.setattr("wirecheck.scale.reading.MOST_KEPT", 1_000)
    _, again = at_cut(file, before, [*created("z", "sz"), *shared], limits=Limits(block=500))
    assert (again, searched) == (0, [frozenset({"one"})])


def test_who_else_asked_counts_where_it_is_asked_about(file: Path) -> None:
    """Two connections of the part had asked for a session when one answer too many came: that one asked before the part
    as well changes nothing. Where but one had, it does."""
    more = created("b", "sx")[-1]
    found, again = at_cut(file, created("a", "sa"), [*created("b", "sb"), *created("c", "sc"), more])
    assert again == 0
    assert found["session-ready-answers"] == (3, 0, 1)
    found, again = at_cut(file, created("a", "sa"), [*created("b", "sb"), more, *created("c", "sc")])
    assert again == 1
    assert found["session-ready-answers"] == (3, 0, 1)
    found, again = at_cut(file, turn("a", "sa", "x"), [*created("b", "sb"), more, *created("c", "sc")])
    assert found["session-ready-answers"][0] == 2


# Ranges.


@given(
    pieces=st.lists(st.sampled_from([b"\n", b"a", b"bcd", b"\xef\xbb\xbf", b"\x1f\x8b", b"\x00"]), max_size=30),
    places=CUTS,
    line=st.sampled_from((3, 100)),
    block=st.sampled_from((4, 5, 100)),
)
@settings(deadline=None, max_examples=300)
def test_every_line_is_in_one_range(
    file: Path, pieces: list[bytes], places: list[float], line: int, block: int
) -> None:
    data = b"".join(pieces)
    if is_packed(data[:4]):
        return
    file.write_bytes(data)
    limits = Limits(line=line, block=block)
    cuts = [0, *sorted({round(place * len(data)) for place in places} - {0, len(data)}), len(data)]
    parts = [Range(source=str(file), start=start, end=end) for start, end in pairwise(cuts)]
    found = [
        (each.first + place, each.raw(place))
        for part in parts
        for each in blocks_of(part, limits)
        for place in range(len(each.lines))
    ]
    assert found == list(numbered(io.BytesIO(data), limits))
    assert [part.line for part in counted(parts)] == [placed(part).line for part in parts]
    begun_at = [place for place in range(len(data)) if place == 0 or data[place - 1] == ord("\n")]
    assert sum(lines_in(part) for part in parts) == len(begun_at)


def test_what_cannot_be_cut_is_one_range(tmp_path: Path) -> None:
    line = orjson.dumps(opening("a")) + b"\n"
    held = {"plain": line * 9, "packed": gzip.compress(line * 9), "arrows": b"# remark\n<- {}\n" * 9, "empty": b""}
    whole = {}
    for name, data in held.items():
        (tmp_path / name).write_bytes(data)
        found = ranges(str(tmp_path / name), size=100)
        whole[name] = [part.whole for part in found]
        assert (found[0].start, found[-1].end) == (0, len(data))
    assert whole == {"plain": [False] * -(-9 * len(line) // 100), "packed": [True], "arrows": [True], "empty": [False]}


# Summaries, and the job.


def test_a_summary_goes_on_with_what_lies_behind_it(file: Path) -> None:
    file.write_bytes(capture("vonz", 7))
    task = task_of("vonz")
    summary = begun(task)
    for part in cut(file, [0.2, 0.5, 0.9]):
        summary = travelled(proceed(summary, part))
    assert finish(summary) == one_pass(file, task)


def test_summaries_are_merged_in_order_alone(file: Path) -> None:
    file.write_bytes(b"".join(traffic.lines("amigo", 100)))
    task = task_of("amigo")
    first, second = (summarize(part, task) for part in cut(file, [0.5]))
    with pytest.raises(ValueError, match="only the first range"):
        merge(second, first)
    with pytest.raises(ValueError, match="begins at the start"):
        finish(second)
    with pytest.raises(ValueError, match="begins at the start"):
        proceed(second, cut(file, [])[0])


def test_a_job_is_small_and_brings_a_catalog_of_ones_own(file: Path, tmp_path: Path) -> None:
    shipped = job(load("vonz"))
    assert len(pickle.dumps(shipped)) < 1000
    assert pickle.loads(pickle.dumps(shipped)).dialect is shipped.dialect
    catalog = tmp_path / "own.yaml"
    catalog.write_text("extends: vonz\ndialect: own\ntitle: Own\n", encoding="utf-8")
    own = job(load_file(catalog), input="capture")
    catalog.unlink()
    there = pickle.loads(pickle.dumps(own))
    assert there == own
    file.write_bytes(b"".join(traffic.lines("vonz", 300)))
    report, _ = in_parts(cut(file, [0.5]), there, Random(1))
    assert report.dialect == "own"
    assert report == one_pass(file, own)
