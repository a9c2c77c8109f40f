"""Conversations drawn from the guarantees: the valid ones give no finding, the faulty ones exactly theirs.

Law: the walk never asks the checker. What holds here is that two readings of the same documents agree, and the oracle
of the tests, a third one, with both.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from oracle import judge
from wirecheck import catalog
from wirecheck.capture.write import line_of
from wirecheck.catalog.model import Dialect
from wirecheck.check import Checker
from wirecheck.errors import CatalogError, UsageError
from wirecheck.fuzz.conversations import conversations, faulty_conversations
from wirecheck.record import Message, Opened
from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.verdict import Report
from wirecheck.walk import WIDE, Conversation, breakable, conversation, faulty

DIALECTS = catalog.dialects()
ORDINARY, SOAK = 120, 20_000
UNJUDGED = {"replay-repeats-history", "live-after-replay"}
"""Guarantees that the oracle leaves out."""
AT_THE_FAULT = {
    "never opened",
    "outside",
    "inside",
    "after the end",
    "before the opening",
    "before the answer",
    "too many",
    "not asked for",
    "not subscribed to",
    "live inside a replay",
}
"""Ways to break a guarantee of which the frame at fault is the finding's; of others it is one that stands before it."""
SHRINKING = settings(
    database=None, max_examples=20_000, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink]
)


def report_on(dialect: Dialect, made: Conversation) -> Report:
    checker = Checker(dialect)
    for record in made.records():
        checker.receive(record)
    return checker.close()


def shown(made: Conversation) -> str:
    return "".join(f"{line}: {line_of(record).decode()}" for line, record in enumerate(made.records(), 1))


def no_finding(name: str, seeds: range) -> None:
    dialect = catalog.load(name)
    for seed in seeds:
        made = conversation(dialect, Seeded(seed))
        found = [(group.first.at.line, group.first.code) for group in report_on(dialect, made).findings]
        assert found == [], f"seed {seed}\n{shown(made)}"


@pytest.mark.no_cover
@pytest.mark.parametrize("name", DIALECTS)
def test_a_valid_conversation_gives_no_finding(name: str) -> None:
    no_finding(name, range(ORDINARY))


@pytest.mark.soak
@pytest.mark.parametrize("name", DIALECTS)
def test_many_valid_conversations_give_no_finding(name: str) -> None:
    no_finding(name, range(ORDINARY, SOAK))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", DIALECTS)
def test_the_oracle_finds_nothing_in_valid_conversations(name: str) -> None:
    dialect = catalog.load(name)
    for seed in range(ORDINARY // 5):
        made = conversation(dialect, Seeded(seed), most=30)
        broken = {claim: verdict.broken for claim, verdict in judge(dialect, made.records()).items() if verdict.broken}
        assert broken == {}, f"seed {seed}\n{shown(made)}"


CLAIMS = [
    (name, claim.id)
    for name in DIALECTS
    for claim in catalog.load(name).guarantees.values()
    if claim.rule.passive is None
]


def breaks_just(name: str, guarantee: str, seeds: range) -> Counter[str]:
    dialect = catalog.load(name)
    implied = set(dialect.guarantees[guarantee].rule.implies)
    ways: Counter[str] = Counter()
    for seed in seeds:
        made = faulty(dialect, Seeded(seed), guarantee)
        fault = made.fault
        assert fault is not None and fault.guarantee == guarantee
        report = report_on(dialect, made)
        broken = {result.id: result.broken for result in report.guarantees if result.broken}
        about = f"seed {seed}, {fault}\n{shown(made)}"
        assert broken.pop(guarantee, 0) == 1, about
        assert set(broken) <= implied, about
        assert {group.first.kind for group in report.findings} <= {"order", "connection"}, about
        lines = [group.first.at.line for group in report.findings if group.first.guarantee == guarantee]
        if fault.how in AT_THE_FAULT:
            assert lines == [fault.line], about
        else:
            assert all(line <= fault.line for line in lines), about
        ways[fault.how] += 1
    return ways


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "guarantee"), CLAIMS)
def test_a_faulty_conversation_breaks_its_guarantee_and_no_other(name: str, guarantee: str) -> None:
    breaks_just(name, guarantee, range(ORDINARY // 6))


@pytest.mark.soak
@pytest.mark.parametrize(("name", "guarantee"), CLAIMS)
def test_many_faulty_conversations_break_theirs(name: str, guarantee: str) -> None:
    breaks_just(name, guarantee, range(ORDINARY // 6, SOAK // 10))


@pytest.mark.no_cover
@pytest.mark.parametrize(("name", "guarantee"), [claim for claim in CLAIMS if claim[1] not in UNJUDGED])
def test_the_oracle_finds_the_same_fault(name: str, guarantee: str) -> None:
    dialect = catalog.load(name)
    for seed in range(12):
        made = faulty(dialect, Seeded(seed), guarantee, most=20)
        assert judge(dialect, made.records())[guarantee].broken, f"seed {seed}\n{shown(made)}"


@pytest.mark.parametrize("name", DIALECTS)
def test_whatever_traffic_can_decide_can_be_broken(name: str) -> None:
    dialect = catalog.load(name)
    assert {claim for claim, why in breakable(dialect).items() if why} == {
        claim.id for claim in dialect.guarantees.values() if claim.rule.passive is not None
    }


@pytest.mark.no_cover
@pytest.mark.parametrize("name", DIALECTS)
def test_every_guarantee_is_exercised_by_valid_conversations(name: str) -> None:
    dialect = catalog.load(name)
    held: Counter[str] = Counter()
    for seed in range(ORDINARY):
        held.update({r.id: r.held for r in report_on(dialect, conversation(dialect, Seeded(seed))).guarantees})
    assert {
        claim.id for claim in dialect.guarantees.values() if claim.rule.passive is None and not held[claim.id]
    } == set()


def test_each_shape_is_broken_in_each_of_its_ways() -> None:
    ways: Counter[str] = Counter()
    for name, guarantee in CLAIMS:
        ways += breaks_just(name, guarantee, range(20))
    assert set(ways) == AT_THE_FAULT | {
        "another code",
        "another value",
        "never closed",
        "not closed in time",
        "not matched in time",
        "opened again",
        "too few",
    }


@pytest.mark.parametrize("name", DIALECTS)
def test_sessions_and_connections_run_side_by_side(name: str) -> None:
    """Between two frames of one connection, or of one context, others come."""
    dialect = catalog.load(name)
    made = [conversation(dialect, Seeded(seed)) for seed in range(60)]
    assert max(sum(isinstance(record, Opened) for record in one.records()) for one in made) > 1
    crossed = 0
    for one in made:
        conns = [record.at.conn for record in one.records() if isinstance(record, Message)]
        runs = 1 + sum(a != b for a, b in zip(conns, conns[1:], strict=False))
        crossed += runs > len(set(conns))
    assert crossed > 10


def test_a_conversation_is_as_long_as_asked_for() -> None:
    dialect = catalog.load("bondai")
    assert conversation(dialect, Seeded(3), most=1).frames < 15
    assert 2_000 <= conversation(dialect, Endless(3), most=2_000).frames < 2_100


class Endless(Seeded):
    """Never ends a conversation by itself."""

    def below(self, bound: int, /) -> int:
        return 1 + super().below(bound - 1) if bound == WIDE else super().below(bound)


def test_the_plainest_conversation_says_nothing() -> None:
    for name in DIALECTS:
        assert conversation(catalog.load(name), PLAIN).events == ()


PLAINEST = {
    ("amigo", "tool-call-answered-once"): ["session_started", "tool_call_completed", "session_ended"],
    ("bondai", "step-tool-inside-step"): [
        "conversational_agent_started",
        "task_agent_started",
        "task_agent_step_started",
        "task_agent_step_completed",
        "task_agent_step_tool_selected",
        "task_agent_completed",
        "conversational_agent_completed",
    ],
    ("symindx", "request-answered"): ["chat_response"],
    ("vonz", "text-inside-turn"): ["task.submit", "session.ready", "turn.done", "task:token", "task:done"],
}


@pytest.mark.parametrize(("name", "guarantee"), PLAINEST)
def test_the_plainest_fault_is_the_shortest(name: str, guarantee: str) -> None:
    dialect = catalog.load(name)
    made = faulty(dialect, PLAIN, guarantee)
    assert tags(dialect, made) == PLAINEST[name, guarantee]


def tags(dialect: Dialect, made: Conversation) -> list[Any]:
    return [json.loads(event[2]).get(dialect.envelope.tag) for event in made.events if isinstance(event, tuple)]


@pytest.mark.parametrize("name", DIALECTS)
def test_a_faulty_conversation_shrinks_to_the_plainest(name: str) -> None:
    dialect = catalog.load(name)
    guarantee = next(claim for claim, why in breakable(dialect).items() if not why)
    found = find(
        faulty_conversations(name, guarantee),
        lambda made: any(r.id == guarantee and r.broken for r in report_on(dialect, made).guarantees),
        settings=SHRINKING,
    )
    assert found.events == faulty(dialect, PLAIN, guarantee).events


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(4))
def test_a_conversation_shrinks_to_little_more_than_shows_the_property(seed: int) -> None:
    """Two results of tools take a session, two calls, and the ends of their turn; a search may stop a little before."""
    dialect = catalog.load("vonz")
    found = find(
        conversations("vonz"),
        lambda made: tags(dialect, made).count("task:tool_result") >= 2,
        settings=SHRINKING,
        random=Random(seed),
    )
    assert 6 <= found.frames <= 12, shown(found)


@given(seed=st.integers(0, 2**32), name=st.sampled_from(DIALECTS))
@settings(max_examples=40, deadline=None)
def test_the_same_seed_says_the_same(seed: int, name: str) -> None:
    dialect = catalog.load(name)
    assert conversation(dialect, Seeded(seed)).events == conversation(catalog.load(name), Seeded(seed)).events


DIGEST = """
import hashlib
from wirecheck import catalog
from wirecheck.sample.source import Seeded
from wirecheck.walk import conversation, faulty
total = hashlib.sha256()
for name in {names}:
    for seed in range(20):
        total.update(repr(conversation(catalog.load(name), Seeded(seed)).events).encode())
        total.update(repr(faulty(catalog.load(name), Seeded(seed)).events).encode())
print(total.hexdigest())
"""


def test_hashing_does_not_matter() -> None:
    """Sets and dictionaries are walked in no order that depends on the process, nor on what was walked before."""
    names = list(DIALECTS)
    ran = subprocess.run(
        [sys.executable, "-c", DIGEST.format(names=names)],
        env={**os.environ, "PYTHONHASHSEED": "77" if os.environ.get("PYTHONHASHSEED") != "77" else "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    total = hashlib.sha256()
    for name in names:
        for seed in range(20):
            total.update(repr(conversation(catalog.load(name), Seeded(seed)).events).encode())
            total.update(repr(faulty(catalog.load(name), Seeded(seed)).events).encode())
    assert ran.stdout.strip() == total.hexdigest()


@pytest.mark.parametrize(
    ("guarantee", "why"),
    [
        ("no-such-rule", "it is not claimed"),
        ("malformed-input-survived", "only a client that sends something malformed on purpose"),
    ],
)
def test_what_cannot_be_broken_is_refused(guarantee: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        faulty(catalog.load("amigo"), PLAIN, guarantee)
    with pytest.raises(UsageError, match=why):
        faulty_conversations("amigo", guarantee)


def test_bounds_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="`sessions` is 0 and must be a whole number of at least 1"):
        conversations("amigo", sessions=0)


# Catalogs of a user's own.

SMALL = """
dialect: small
title: A small protocol
source: "Notes"
envelope: {style: nested, tag: kind, data: body}
unknown: report
names: {job: /job, call: /call}
spans:
  task: {keys: [job], opened: here, exclusive: true}
  tool: {keys: [job, call], opened: here, exclusive: true}
frames:
  start: {from: client, basis: words, source: s, summary: Starts., is: [task.open], payload: {job: integer}}
  done: {from: server, basis: words, source: s, summary: Ends., is: [task.close], payload: {job: integer}}
  call: {from: server, basis: words, source: s, summary: Calls., is: [tool.open], payload: {job: integer, call: {type: string, pattern: "^c[0-9]{4}$"}}}
  back: {from: server, basis: words, source: s, summary: Returns., is: [tool.close], payload: {job: integer, call: {type: string, pattern: "^c[0-9]{4}$"}}}
guarantees:
  task-settled: {level: must, says: A job ends once., source: s}
  tool-call-answered-once: {level: must, says: A call returns once., source: s, with: {by: [task]}}
"""  # noqa: E501


def test_a_catalog_of_ones_own_is_walked(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    dialect = catalog.load_file(path)
    for seed in range(60):
        assert report_on(dialect, conversation(dialect, Seeded(seed))).findings == ()
    for guarantee in ("task-settled", "tool-call-answered-once"):
        for seed in range(30):
            made = faulty(dialect, Seeded(seed), guarantee)
            broken = {result.id for result in report_on(dialect, made).guarantees if result.broken}
            assert broken == {guarantee}, shown(made)


def test_a_catalog_without_guarantees_is_walked(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(SMALL.split("guarantees:")[0] + "guarantees: {}\n", encoding="utf-8")
    dialect = catalog.load_file(path)
    assert report_on(dialect, conversation(dialect, Seeded(5))).findings == ()
    with pytest.raises(UsageError, match="claims nothing that an order of frames could break"):
        faulty(dialect, PLAIN)


@pytest.mark.no_cover
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_that_documents_less_is_walked(name: str, every: int, tmp_path: Path) -> None:
    """Without a frame, or without a claim: what is left is said, and nothing is found in it."""
    path = Path(catalog.__file__).parent.parent / "catalogs" / f"{name}.yaml"
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    whole = {part: value for part, value in whole.items() if part not in ("scenarios", "variables")}
    lesser = [
        (part, key, {**whole, part: {other: value for other, value in whole[part].items() if other != key}})
        for part in ("frames", "guarantees")
        for key in whole[part]
    ]
    for number, (part, key, text) in enumerate(lesser[::every]):
        file = tmp_path / f"{number}.yaml"
        file.write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
        try:
            dialect = catalog.load_file(file)
        except CatalogError:
            continue  # something else needs it
        for seed in range(6):
            made = conversation(dialect, Seeded(seed))
            found = [(group.first.at.line, group.first.code) for group in report_on(dialect, made).findings]
            assert found == [], f"without {part}/{key}, seed {seed}\n{shown(made)}"
