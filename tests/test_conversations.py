"""No false alarm: what the documents allow gives no finding.

Law: the conversations come from `conversations`, which knows the documents alone. Any finding at any level fails,
those about single messages too.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from conversations import conversation
from traces import shown, shrink
from wirecheck import catalog
from wirecheck.catalog.model import Dialect
from wirecheck.check import Checker
from wirecheck.record import Record

ORDINARY = 1_000
SOAK = 10_000


def findings(dialect: Dialect, records: list[Record]) -> list[str]:
    """Every finding on the capture, as text."""
    checker = Checker(dialect)
    found = [finding for record in records for finding in checker.receive(record)]
    report = checker.close()
    assert len(found) <= sum(group.count for group in report.findings)
    return [f"{group.first.at.line}: {group.first.code}: {group.first.message}" for group in report.findings]


def no_false_alarm(name: str, first: int, count: int) -> None:
    dialect = catalog.load(name)
    for seed in range(first, first + count):
        records = conversation(name, Random(f"{name}:{seed}"))
        found = findings(dialect, records)
        if found:
            code = found[0].split(": ")[1]

            def still(some: list[Record], code: str = code) -> bool:
                return any(code in line for line in findings(dialect, some))

            small = shrink(records, still)
            pytest.fail(
                f"{name}, conversation {seed}: {found}\n{shown(records)}\n\n"
                f"shrunk (perhaps to what is no longer valid): {findings(dialect, small)}\n{shown(small)}",
                pytrace=False,
            )


@pytest.mark.no_cover
@pytest.mark.parametrize("name", catalog.dialects())
def test_valid_conversations_give_no_finding(name: str) -> None:
    no_false_alarm(name, 0, ORDINARY)


@pytest.mark.soak
@pytest.mark.parametrize("name", catalog.dialects())
def test_many_valid_conversations_give_no_finding(name: str) -> None:
    no_false_alarm(name, int(os.environ.get("WIRECHECK_SEED", "0")) + ORDINARY, SOAK)


@pytest.mark.parametrize("name", catalog.dialects())
def test_conversations_are_drawn_from_their_seed(name: str) -> None:
    assert conversation(name, Random(7)) == conversation(name, Random(7))


@pytest.mark.parametrize("name", catalog.dialects())
def test_conversations_speak_every_frame(name: str) -> None:
    """Each frame of the dialect occurs in the ordinary run, so that none is left out of the claim."""
    dialect = catalog.load(name)
    left = set(dialect.frames)
    seed = 0
    while left and seed < ORDINARY:
        text = shown(conversation(name, Random(f"{name}:{seed}")))
        left -= {key for key in left if (dialect.frames[key].tag or '"text"') in text}
        seed += 1
    assert left == set()
