"""Conversations of catalogs that users write: names that are no free text, spans that are told apart in other ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from test_walk import report_on, shown
from wirecheck import catalog
from wirecheck.catalog.model import Dialect
from wirecheck.errors import UsageError
from wirecheck.record import Opened
from wirecheck.sample.source import Seeded
from wirecheck.strategies import breakable, faulty_conversations, inapplicable
from wirecheck.walk import conversation, faulty
from wirecheck.walk.supply import Supply

CALLS = """
dialect: mine
envelope: {style: nested, tag: kind, data: body, header: {HEADER}}
names: {job: "JOBPLACE", call: /call, id: /id}
spans:
  task: {TASK}
  tool: {TOOL}
frames:
  start: {from: client, basis: words, is: [task.open], payload: {JOB}}
  done: {from: server, basis: words, is: [task.close], payload: {JOB}}
  call: {from: server, basis: words, is: [tool.open], payload: {JOB, call: CALLFORM, "id?": integer}}
  back: {from: server, basis: words, is: [tool.close], payload: {JOB, call: CALLFORM, "id?": integer}}
guarantees:
  task-settled: {level: must}
  tool-call-answered-once: {level: must, with: {by: [task]}}
"""
EXCLUSIVE = "keys: [job], exclusive: true"
OF_A_JOB = "keys: [job, call], exclusive: true"


def written(
    folder: Path,
    *,
    job: str = "job: string",
    call: str = "string",
    task: str = EXCLUSIVE,
    tool: str = OF_A_JOB,
    at: str = "/job",
    header: str = "",
) -> Dialect:
    text = CALLS.replace("HEADER", header).replace("JOBPLACE", at).replace("TASK", task).replace("TOOL", tool)
    return load(folder, text.replace("CALLFORM", call).replace("JOB", job))


def load(folder: Path, text: str) -> Dialect:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return catalog.load_file(path)


def assert_walked(dialect: Dialect, seeds: int = 20) -> None:
    """Valid conversations give no finding, and faulty ones just theirs."""
    for seed in range(seeds):
        made = conversation(dialect, Seeded(seed))
        found = [(group.first.at.line, group.first.code) for group in report_on(dialect, made).findings]
        assert found == [], f"seed {seed}\n{shown(made)}"
        for guarantee, why in breakable(dialect).items():
            if not why:
                wrong = faulty(dialect, Seeded(seed), guarantee)
                report = report_on(dialect, wrong)
                broken = {result.id: result.broken for result in report.guarantees if result.broken}
                about = f"seed {seed}, {wrong.fault}\n{shown(wrong)}"
                assert broken.pop(guarantee, 0) == 1, about
                assert set(broken) <= set(dialect.guarantees[guarantee].rule.implies), about
                assert {group.first.kind for group in report.findings} <= {"order", "connection"}, about


@pytest.mark.parametrize(
    ("job", "call"),
    [
        ("{type: string, maxLength: 36}", "{type: string, maxLength: 8}"),
        ("{enum: [a, b]}", "{enum: [x, y, z]}"),
        ("boolean", "{enum: [x, y]}"),
        ("{type: integer, minimum: 100, maximum: 200}", "{type: integer, multipleOf: 5}"),
        ("{type: number, exclusiveMinimum: 0}", "{anyOf: [integer, string]}"),
        ("{type: string, pattern: '^job_[0-9a-f]{8}$'}", "{type: string, pattern: '^[a-z]$'}"),
        ("{type: [integer, string]}", '{type: [string, "null"]}'),
        ("{type: string, minLength: 30}", "{known: [c1, c2]}"),
    ],
)
def test_names_are_values_that_their_fields_allow_and_all_differ(job: str, call: str, tmp_path: Path) -> None:
    assert_walked(written(tmp_path, job=f"job: {job}", call=call))


def test_a_name_in_the_header_is_of_its_type(tmp_path: Path) -> None:
    header = "client: {job: integer}, server: {job: {type: integer, minimum: 0}}"
    assert_walked(written(tmp_path, job='"note?": string', at="@job", header=header))


TASKS = (EXCLUSIVE, "keys: [job]", "keys: [job], tie: oldest", "keys: [job], opened: anywhere", "keys: []")
TOOLS = (
    *(OF_A_JOB, "keys: [call]", "keys: [job, call], tie: oldest", "keys: [job], exclusive: true", "keys: [job]"),
    *("keys: []", "keys: [], tie: oldest", "keys: [job], prefer: id", "keys: [job], prefer: id, tie: oldest"),
)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("tool", TOOLS)
def test_spans_may_be_told_apart_in_any_way(task: str, tool: str, tmp_path: Path) -> None:
    assert_walked(written(tmp_path, task=task, tool=tool), seeds=12)


def test_a_span_of_which_one_never_knows_whether_it_is_open_cannot_be_shown_to_be_missing(tmp_path: Path) -> None:
    dialect = written(tmp_path, task="keys: [job], opened: anywhere")
    assert breakable(dialect)["task-settled"] == "no order of frames proves it broken"


MANY = """
dialect: mine
envelope: {style: flat, tag: t}
names: {s: /s, call: /c, tool: /tool, text: /text, final: /whole, topic: /topic, topics: /topics, n: /n, m: /m}
spans:
  turn: {keys: [s], opened: here, exclusive: true}
  tool: {keys: [s, call], opened: here, exclusive: true}
frames:
  say: {from: client, basis: words, is: [prompt, turn.open], payload: {s: integer, text: {enum: [hi]}}}
  word: {from: server, basis: words, is: [text.delta], payload: {s: integer, text: {type: string, minLength: 1, maxLength: 9}}}
  whole: {from: server, basis: words, is: [message.final], payload: {s: integer, whole: string}}
  call: {from: server, basis: words, is: [tool.open], payload: {s: integer, c: string, tool: {enum: [x, y]}}}
  back: {from: server, basis: words, is: [tool.close], payload: {s: integer, c: string, tool: {enum: [x, y]}}}
  sub: {from: client, basis: words, is: [opt.in], payload: {s: integer, topics: [{enum: [a, b]}]}}
  event: {from: server, basis: words, is: [event.topic], payload: {s: integer, topic: {enum: [a, b]}}}
  more: {from: server, basis: words, is: [turn.continue], payload: {s: integer, n: integer, m: integer}}
  failed: {from: server, basis: words, is: [error], may: [turn.close], payload: {"s?": integer, m: string, topic: "null"}}
  end: {from: server, basis: words, is: [turn.close], payload: {s: integer}}
guarantees:
  text-inside-turn: {level: must}
  turn-closed-once: {level: must}
  final-text-agrees: {level: must}
  tool-call-answered-once: {level: must, with: {by: [turn]}}
  tool-names-agree: {level: must}
  continuation-counts: {level: must, with: {number: n, bound: m}}
  events-subscribed: {level: must}
"""  # noqa: E501


def test_texts_topics_and_numbers_are_said_where_they_are_meant_and_as_they_may_be(tmp_path: Path) -> None:
    assert_walked(load(tmp_path, MANY), seeds=40)


def test_a_name_that_no_value_fits_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no text or number was found that fits every place of the name `s`"):
        faulty_conversations(load(tmp_path, MANY.replace('"s?": integer', '"s?": string')))
    with pytest.raises(UsageError, match="the name `job` has one value only, so no spans are told apart by it"):
        conversation(written(tmp_path, job="job: {const: j}"), Seeded(0))


def test_an_address_has_no_places_left(tmp_path: Path) -> None:
    params = "connect: {path: '/v/{version}/r/{room}', params: {version: {in: path, type: integer}, "
    params += "room: {in: path, type: string}}}\nnames:"
    made = conversation(load(tmp_path, CALLS_OF_A_JOB.replace("names:", params)), Seeded(1))
    assert {record.url for record in made.records() if isinstance(record, Opened)} == {"ws://localhost/v/1/r/room"}


CALLS_OF_A_JOB = (
    (CALLS.replace("HEADER", "").replace("JOBPLACE", "/job").replace("TASK", EXCLUSIVE).replace("TOOL", OF_A_JOB))
    .replace("CALLFORM", "string")
    .replace("JOB", "job: string")
)


def test_values_do_not_depend_on_who_asked_before() -> None:
    schemas = ({"type": "string", "pattern": "^[a-f]{2}$"},)
    one, other = Supply("x", schemas), Supply("x", schemas)
    late = other.at(9)
    assert [one.at(place) for place in range(10)] == [*(other.at(place) for place in range(9)), late]
    few = Supply("x", ({"enum": ["a", "b", True, 1, 1.0, None, ""]},))
    assert sorted(map(repr, few.first(9))) == ["'a'", "'b'", "1", "True"] and few.at(4) is None


@pytest.mark.parametrize("most", [0, 1.5, "x", None, True])
def test_a_bound_is_a_whole_number(most: object) -> None:
    with pytest.raises(UsageError, match="`most` is .* and must be a whole number of at least 1"):
        faulty_conversations("vonz", most=most)  # type: ignore[arg-type]


def test_the_public_door_takes_names(tmp_path: Path) -> None:
    assert breakable("bondai") == breakable(catalog.load("bondai"))
    assert inapplicable("vonz", "turn.done")["enum"] == "no field of this frame, outside alternatives, has `enum`"
    with pytest.raises(UsageError, match="vonz has no frame `typo`; it has task.submit, "):
        inapplicable("vonz", "typo")
    bare = load(tmp_path, "dialect: bare\nenvelope: {style: flat, tag: t}\nframes: {a: {from: server}}\n")
    with pytest.raises(UsageError, match="bare claims nothing that an order of frames could break; draw valid"):
        faulty_conversations(bare)
