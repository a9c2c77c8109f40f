"""What the leader of a conversation learnt: it decides what traffic alone cannot, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from wirecheck import At, Checker, Closed, Message, Opened, Report, load
from wirecheck.record import Record, Trial

BOTH: Any = frozenset({"client", "server"})
START = '{"type":"session.start","profile_id":"p"}'
READY = '{"type":"session.ready","session_id":"s","container_id":"c","container_name":"n","profile_id":"p"}'


def at(line: int) -> At:
    return At(line=line, conn="a")


def conversation(*steps: Any) -> list[Record]:
    """An opening, and then texts (`<-` or `->` in front) and records made from where they stand."""
    records: list[Record] = [Opened(at=at(1), sees=BOTH, vantage="client", exclusive=True)]
    for line, step in enumerate(steps, 2):
        if isinstance(step, str):
            sender: Any = "server" if step.startswith("<-") else "client"
            records.append(Message(at=at(line), sender=sender, body=step[2:]))
        else:
            records.append(step(at(line)))
    return records


def expired(guarantee: str, seconds: float | None = 30) -> Any:
    return lambda place: Trial(at=place, guarantee=guarantee, outcome="expired", seconds=seconds)


def tried(guarantee: str, outcome: Any, says: str = "") -> Any:
    return lambda place: Trial(at=place, guarantee=guarantee, outcome=outcome, says=says)


def closed(place: At) -> Record:
    return Closed(at=place, code=1000, sender="client")


def judged(*steps: Any, dialect: str = "vonz") -> tuple[Report, list[tuple[int, str]]]:
    checker = Checker(load(dialect), side="server")
    found = [finding for record in conversation(*steps) for finding in checker.receive(record)]
    return checker.close(), [(finding.at.line, finding.message) for finding in found]


def counts(report: Report, guarantee: str) -> tuple[str, int, int, int]:
    (result,) = (each for each in report.guarantees if each.id == guarantee)
    return result.verdict, result.held, result.broken, result.undecided


def test_a_request_whose_deadline_passed_was_not_answered() -> None:
    report, found = judged("->" + START, expired("session-ready-answers"), closed)
    assert counts(report, "session-ready-answers") == ("failed", 0, 1, 0)
    assert found == [
        (
            2,
            "got no session.ready within 30 s, though the server still answered a ping "
            "(session-ready-answers, must: session.start; session.ready)",
        )
    ]


def test_a_request_that_nobody_waited_for_is_undecided() -> None:
    report, found = judged("->" + START, closed)
    assert (counts(report, "session-ready-answers"), found) == (("inconclusive", 0, 0, 1), [])


def test_a_deadline_says_nothing_of_a_request_that_was_answered_or_that_an_error_may_answer() -> None:
    answered, found = judged("->" + START, "<-" + READY, expired("session-ready-answers"), closed)
    assert (counts(answered, "session-ready-answers"), found) == (("passed", 1, 0, 0), [])
    error = '<-{"type":"error","code":"UNAUTHORIZED","message":"no"}'
    excused, found = judged("->" + START, error, expired("session-ready-answers"), closed)
    assert (counts(excused, "session-ready-answers"), found) == (("inconclusive", 0, 0, 1), [])


def test_an_answer_after_the_deadline_is_late_and_not_unasked() -> None:
    report, found = judged("->" + START, expired("session-ready-answers", None), "<-" + READY, closed)
    assert counts(report, "session-ready-answers") == ("failed", 0, 1, 0)
    assert [line for line, _ in found] == [2]


def test_a_client_that_leaves_a_ping_unanswered_breaks_its_own_promise() -> None:
    checker = Checker(load("symindx"), side="client")
    records = conversation('<-{"type":"ping"}', expired("ping-answered", 10), '->{"type":"pong"}', closed)
    found = [finding.message for record in records for finding in checker.receive(record)]
    assert counts(checker.close(), "ping-answered") == ("failed", 0, 1, 0)
    assert [text.partition(" (")[0] for text in found] == [
        "got no pong within 10 s, though the client still answered a ping"
    ]


@pytest.mark.parametrize("guarantee", ["task-settled", "no-such-guarantee", "text-inside-turn"])
def test_a_deadline_of_another_guarantee_ends_nothing(guarantee: str) -> None:
    report, found = judged("->" + START, expired(guarantee), closed)
    assert (counts(report, "session-ready-answers"), found) == (("inconclusive", 0, 0, 1), [])


def test_what_only_a_conversation_can_tell_is_told_by_who_led_it() -> None:
    report, found = judged(tried("malformed-input-survived", "held"), closed)
    assert (counts(report, "malformed-input-survived"), found) == (("passed", 1, 0, 0), [])
    report, found = judged(tried("malformed-input-survived", "broken", "nobody answers any more"), closed)
    assert counts(report, "malformed-input-survived") == ("failed", 0, 1, 0)
    assert [(line, text.partition(" (")[0]) for line, text in found] == [(2, "nobody answers any more")]


def test_nobody_can_tell_what_traffic_itself_decides() -> None:
    for outcome in ("held", "broken"):
        report, found = judged(tried("text-inside-turn", outcome), closed)
        assert (counts(report, "text-inside-turn"), found) == (("not_exercised", 0, 0, 0), [])


def test_without_a_trial_it_stays_not_applicable() -> None:
    report, _ = judged(closed)
    assert counts(report, "malformed-input-survived") == ("not_applicable", 0, 0, 0)


def test_a_secret_that_the_checker_was_told_shows_in_no_part_of_a_finding() -> None:
    secret = "planted-and-known-secret"
    for told, shows in ((frozenset({secret}), False), (frozenset(), True)):
        checker = Checker(load("vonz"), secrets=told)
        found = [
            finding
            for record in conversation(
                f'<-{{"type":"{secret}"}}', f'<-{{"type":"task:token","text":"","session_id":{{"{secret}":1}}}}'
            )
            for finding in checker.receive(record)
        ]
        assert len(found) == 2
        assert (secret in repr(found)) is shows
        assert (secret in repr(checker.close())) is shows
