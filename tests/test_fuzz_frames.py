"""The strategies of frames, through the door that users take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from test_sample_defects import written
from wirecheck import dialects, load
from wirecheck.decode import Decoder
from wirecheck.errors import UsageError
from wirecheck.fuzz import drawn as drawn_module
from wirecheck.fuzz.confirm import confirm
from wirecheck.fuzz.drawn import Drawn
from wirecheck.sample.defects import InvalidFrame
from wirecheck.strategies import DEFECTS, frames, invalid_frames, texts

DECODERS = {name: Decoder(load(name)) for name in dialects()}
QUICK = settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
PATIENT = settings(max_examples=2_000, database=None, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", dialects())
@pytest.mark.parametrize("sender", ["client", "server"])
def test_drawn_frames_are_valid(name: str, sender: str) -> None:
    if not any(form.sender == sender for form in load(name).frames.values()):
        with pytest.raises(UsageError, match=f"{name} documents no {sender}"):
            frames(name, sender=sender)  # type: ignore[arg-type]
        return

    @QUICK
    @given(frames(name, sender=sender), texts(load(name), sender=sender))  # type: ignore[arg-type]
    def check(message: dict[str, object], text: str) -> None:
        for body in (json.dumps(message), text):
            assert DECODERS[name].explain(body, sender).faults == ()  # type: ignore[arg-type]

    check()


@pytest.mark.parametrize("name", dialects())
def test_drawn_invalid_frames_are_confirmed_and_reported(name: str) -> None:
    codes = {defect.name: defect.code for defect in DEFECTS}

    @QUICK
    @given(invalid_frames(name))
    def check(frame: InvalidFrame) -> None:
        assert confirm(load(name), frame) is None
        found = DECODERS[name].explain(frame.body, frame.sender, binary=frame.binary).faults
        assert [(fault.code, fault.pointer) for fault in found] == [(codes[frame.defect], frame.pointer)]

    check()


def test_frames_shrink_to_the_plainest() -> None:
    plain = find(frames("vonz", "turn.done"), lambda _: True, settings=PATIENT)
    assert plain == {
        "type": "turn.done",
        "session_id": "text",
        "result_text": "text",
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": 0,
    }
    assert find(texts("vonz", "session.resume"), lambda _: True, settings=PATIENT) == (
        '{"type":"session.resume","session_id":"text"}'
    )
    deep = find(frames("symindx", "chat"), lambda one: "conversationId" in one["data"], settings=PATIENT)
    assert deep == {"type": "chat", "data": {"message": "text", "conversationId": "text"}}


SMALL = """\
dialect: mine
envelope: {style: nested, tag: type}
frames:
  a: {from: server, payload: {name: string, "few?": {type: integer, maximum: 9}, "deep?": [{inner: {flag: boolean}}]}}
"""


@pytest.mark.no_cover
def test_invalid_frames_shrink_to_small_ones(tmp_path: Path) -> None:
    mine = written(tmp_path, SMALL)
    for defect, longest in (("maximum", 60), ("missing-field", 20), ("truncated", 1), ("duplicate-key", 60)):
        small = find(invalid_frames(mine, defect=defect), lambda _: True, settings=PATIENT)
        assert len(small.body) <= longest and confirm(mine, small) is None
    late = find(invalid_frames(mine), lambda one: one.pointer == "/data/deep/0/inner/flag", settings=PATIENT)
    assert len(late.body) <= 100 and confirm(mine, late) is None


def test_what_is_not_confirmed_is_never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def doubting(_: object, frame: InvalidFrame) -> str | None:
        asked.append(frame.defect)
        return None if frame.defect == "empty" else "not convinced"

    monkeypatch.setattr("wirecheck.fuzz.frames.confirm", doubting)

    # Little of what is drawn is kept, so that a few examples are many doubts.
    @settings(QUICK, max_examples=10, suppress_health_check=list(HealthCheck))
    @given(invalid_frames("amigo"))
    def check(frame: InvalidFrame) -> None:
        assert frame.defect == "empty"

    check()
    assert {"empty", "truncated"} <= set(asked)


def test_a_choice_is_drawn_below_its_bound_and_costs_nothing_where_there_is_none() -> None:
    seen: set[int] = set()

    @settings(max_examples=200, database=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        source = Drawn(data.draw)
        assert source.below(1) == 0
        seen.add(source.below(3))

    check()
    assert seen == {0, 1, 2}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: frames("nobody"), "no dialect is called `nobody`; there are agent_platform, "),
        (lambda: frames("vonz", "typo"), "vonz has no frame `typo`; it has task.submit, "),
        (lambda: texts("vonz", envelope="round"), "no envelope is called `round`; there are wire, flat and nested"),
        (lambda: frames("vonz", sender="proxy"), "nobody is called `proxy`"),
        (lambda: frames("vonz", "turn.done", sender="client"), "no client that sends the frame `turn.done`"),
        (lambda: invalid_frames("vonz", defect="typo"), "no defect is called `typo`"),
        (lambda: invalid_frames("vonz", "turn.done", "enum"), r"can have the defect enum \(`turn.done`: no field"),
    ],
)
def test_a_mistake_is_said_when_the_strategy_is_made(call: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()  # type: ignore[operator]


def test_a_catalog_that_contradicts_itself_is_said_when_the_strategy_is_made(tmp_path: Path) -> None:
    text = "dialect: mine\nenvelope: {style: flat, tag: type}\nframes:\n  a: {from: server, payload: {x: FORM}}\n"
    mine = written(tmp_path, text.replace("FORM", "{type: string, pattern: '^a$', minLength: 2}"))
    for strategy in (frames, texts, invalid_frames):
        with pytest.raises(UsageError, match="no (message|value) was found"):
            strategy(mine)


class _Engine:
    """The `draw` of an engine that can only be given strategies."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, strategy: object) -> int:
        self.asked += 1
        assert strategy == drawn_module._choices(7)
        return 0


def test_an_engine_that_offers_no_integers_is_given_strategies() -> None:
    engine = _Engine()
    drawn = Drawn(engine)
    assert [drawn.below(1), drawn.below(7)] == [0, 0]
    assert engine.asked == 1  # a single possibility is no choice
