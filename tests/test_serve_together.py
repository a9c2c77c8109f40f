"""Conversations that are under way together mix on the wire."""

from __future__ import annotations

import json
from itertools import groupby

import pytest

from wirecheck import load
from wirecheck.drive import Target, play_in_thread
from wirecheck.record import Message
from wirecheck.serve import serving


def test_two_sessions_on_one_connection_take_turns() -> None:
    dialect = load("vonz")
    with serving(dialect) as server:
        outcome = play_in_thread(dialect.scenarios["interleaved-sessions"], Target(url=server.url, dialect=dialect))
    assert outcome.records is not None and outcome.ended == ""
    sessions = [
        json.loads(record.body)["session_id"]
        for record in outcome.records.records()
        if isinstance(record, Message) and record.sender == "server" and '"task:token"' in str(record.body)
    ]
    blocks = [session for session, _ in groupby(sessions)]
    assert len(set(sessions)) == 2
    assert len(blocks) >= 4, "each of the two comes again after the other"


@pytest.mark.parametrize("latency", [0.0, 0.001])
def test_a_turn_alone_is_whole(latency: float) -> None:
    dialect = load("vonz")
    with serving(dialect, latency=latency) as server:
        outcome = play_in_thread(dialect.scenarios["plain-turn"], Target(url=server.url, dialect=dialect))
    assert (outcome.ended, outcome.report.findings) == ("", ())
