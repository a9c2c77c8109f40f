"""Whose traffic is recorded is told while it comes, and nothing that came before is lost to judging."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from wirecheck.capture.detect import MESSAGES_READ
from wirecheck.catalog import dialects, load
from wirecheck.check import Checker
from wirecheck.cli import recorder
from wirecheck.record import At, Message, Opened
from wirecheck.serve import watch
from wirecheck.serve.watch import FIRST_LOOK, Watch
from wirecheck.verdict import Finding

ANSWER = json.dumps({"type": "message", "role": "agent", "text": "hello"})
LACKING = json.dumps({"type": "message", "role": "agent"})


class Seen:
    """A watch, and what it told, in its order: a dialect's name, or a finding's code and line."""

    def __init__(self, given: str | None = None) -> None:
        self.told: list[Any] = []
        self.line = 0
        known = None if given is None else load(given)
        self.watch = Watch(
            given=known,
            candidates=tuple(load(name) for name in dialects()) if known is None else (known,),
            name="c",
            checker=lambda dialect: Checker(dialect, input="c"),
            finding=lambda finding: self.told.append((finding.code, finding.at.line)),
            told=lambda reason: self.told.append(reason.split(":")[0]),
        )
        self.see(Opened(at=self.at(), sees=frozenset({"client", "server"})))

    def at(self) -> At:
        self.line += 1
        return At(line=self.line, conn="1")

    def see(self, record: Any) -> None:
        self.watch.see(record)

    def say(self, *texts: str) -> None:
        for text in texts:
            self.see(Message(at=self.at(), sender="server", body=text))


def test_a_dialect_that_is_given_is_judged_at_once() -> None:
    seen = Seen("amigo")
    seen.say(LACKING)
    assert seen.told == [("schema", 2), ("session-opens-first", 2)]
    report = seen.watch.close()
    assert report is not None and report.frames == 1


def test_it_is_told_at_the_first_look_and_what_came_before_is_judged_then() -> None:
    seen = Seen()
    seen.say(LACKING, *[ANSWER] * (FIRST_LOOK - 2))
    assert seen.told == []
    seen.say(ANSWER)
    assert seen.told == ["detected amigo", ("schema", 2), ("session-opens-first", 2)]
    seen.say(LACKING)
    assert seen.told[3:] == [("schema", FIRST_LOOK + 2)]
    report = seen.watch.close()
    assert report is not None and report.frames == FIRST_LOOK + 1
    assert seen.watch.unclear == ""


def test_it_is_looked_at_again_after_twice_as_many() -> None:
    seen = Seen()
    seen.say(*["nothing that is known"] * FIRST_LOOK)
    assert seen.told == [] and seen.watch.unclear != ""
    seen.say(*[ANSWER] * (FIRST_LOOK - 1))
    assert seen.told == []
    seen.say(ANSWER)
    assert seen.told[0] == "detected amigo"
    assert seen.watch.unclear == ""


def test_less_is_looked_at_in_the_end() -> None:
    seen = Seen()
    seen.say(ANSWER)
    report = seen.watch.close()
    assert report is not None and report.dialect == "amigo"
    assert seen.told == ["detected amigo", ("session-opens-first", 2)]


@pytest.mark.parametrize("bound", ["messages", "records", "characters"])
def test_what_cannot_be_told_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    count = 40
    if bound == "messages":
        count = MESSAGES_READ
    elif bound == "records":
        monkeypatch.setattr(watch, "_HELD_MOST", count)
    else:
        monkeypatch.setattr(watch, "_CHARACTERS_MOST", count * len("unknown"))
    seen = Seen()
    seen.say(*["unknown"] * count)
    seen.say(*[ANSWER] * 2 * count)
    assert seen.watch._held == []
    assert seen.watch.close() is None
    assert seen.told == []
    assert "of a known dialect; say whose traffic it is with --dialect" in seen.watch.unclear


class Tape:
    """A tape that keeps nothing."""

    path = Path("c")
    trouble = None

    def write(self, record: Any, secrets: frozenset[str]) -> Any:
        return record


def a_recorder(**options: Any) -> Any:
    request = {field.name: None for field in fields(recorder.Request)}
    asked: dict[str, Any] = {**request, "level": "may", "side": "both", "rules": (), "envelope": "wire", **options}
    dialect = load("amigo")
    return recorder._Recorder(recorder.Request(**asked), Tape(), given=dialect, candidates=(dialect,))  # type: ignore[arg-type]


def test_of_very_many_secrets_the_oldest_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_SECRETS_KEPT", 3)
    made = a_recorder()
    for number in range(10):
        made.note(Opened(at=At(line=number, conn="1")), frozenset({f"secret {number}"}))
    assert list(made.secrets) == ["secret 7", "secret 8", "secret 9"]


def test_of_very_many_causes_the_first_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recorder, "_CAUSES_KEPT", 2)
    made = a_recorder(closed=True, rules=("nothing",))
    for number in range(10):
        finding = Finding(
            kind="capture", code=f"code-{number % 5}", level="must", side=None, message="m", at=At(line=1, conn="1")
        )
        made._finding(finding)
    assert [line.split()[2] for line in capsys.readouterr().err.splitlines()] == ["code-0", "code-1"] * 2


def test_nothing_at_all() -> None:
    seen = Seen()
    assert seen.watch.close() is None
    assert seen.watch.unclear.startswith("c: holds no message; ")
