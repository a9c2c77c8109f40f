"""The reference server without its sockets: what it does about what clients do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playhouse import parlour
from wirecheck.catalog import dialects, load, load_file
from wirecheck.catalog.script import Connect, Hangup, Hold, Send
from wirecheck.decode import Decoder
from wirecheck.scenario import conversations
from wirecheck.scenario.arrival import Arrival, arrival, credential_protocol
from wirecheck.scenario.believe import Composer, Memory
from wirecheck.scenario.conversations import Visitor
from wirecheck.scenario.plan import Action, Outgoing, Reaction
from wirecheck.scenario.stage import UNKNOWN_TAG, Answer, Stage
from wirecheck.scenario.table import compile_table
from wirecheck.scenario.values import composed, filled, malformed

HALL = Arrival(params={"room": "hall"})
REFERENCE = {"token": "the-reference-token", "cookie": "pass=the-reference-cookie"}


def said(actions: tuple[Action, ...]) -> list[Any]:
    """The actions as a list to compare with: messages, and the words for all else."""
    return [
        dict(one.message) if isinstance(one, Outgoing) else one.event if isinstance(one, Hold) else one.code
        for one in actions
    ]


def tell(stage: Stage, guest: Visitor, message: Mapping[str, Any] | str | bytes) -> Answer:
    heard = stage.heard(guest, message if isinstance(message, str | bytes) else json.dumps(message))
    assert heard.answer is not None
    for action in heard.answer.reaction.actions:
        if isinstance(action, Outgoing):
            stage.sent(heard.answer.conversation, action)
    return heard.answer


def begun(stage: Stage, params: Mapping[str, Any] | None = None) -> tuple[Visitor, str]:
    """A connection with a new session, and the session."""
    guest, _ = stage.opened(Arrival(params={"room": "hall", **(params or {})}))
    answer = tell(stage, guest, {"type": "start"})
    (ready,) = said(answer.reaction.actions)
    return guest, ready["session"]


def ask(session: str, text: str, **header: str) -> dict[str, Any]:
    return {"type": "ask", "session": session, "text": text, **header}


# Who is at the door.


@pytest.mark.parametrize(
    ("target", "headers", "protocols", "auth", "way"),
    [
        ("/rooms/hall", [], ["Bearer.the-reference-token"], "good", "subprotocol"),
        ("/rooms/hall", [], ["chat", "Bearer.the-reference-token"], "good", "subprotocol"),
        ("/rooms/hall", [], ["Bearer.another"], "bad", "subprotocol"),
        ("/rooms/hall", [], ["chat"], "missing", None),
        ("/rooms/hall?token=the-reference-token", [], [], "good", "query"),
        ("/rooms/hall?token=the%2Dreference-token&tools=true", [], [], "good", "query"),
        ("/rooms/hall?token=", [], [], "bad", "query"),
        ("/rooms/hall?Token=the-reference-token", [], [], "missing", None),
        ("/rooms/hall", [("Cookie", "a=b; pass=the-reference-cookie")], [], "good", "cookie"),
        ("/rooms/hall", [("cookie", "pass=the-reference-cookie2")], [], "bad", "cookie"),
        ("/rooms/hall", [("cookie", "a=b")], [], "missing", None),
        ("/rooms/hall", [("authorization", "Bearer the-reference-token")], [], "good", "header"),
        ("/rooms/hall", [("authorization", "the-reference-token")], [], "bad", "header"),
        ("/rooms/hall?token=no", [("authorization", "Bearer the-reference-token")], [], "good", "header"),
        ("/rooms/hall?token=no", [("authorization", "Bearer no")], [], "bad", "query"),
        ("/rooms/hall", [], [], "missing", None),
        ("http://[/rooms/hall?token=the-reference-token", [], [], "good", "query"),
    ],
)
def test_a_credential_is_judged_in_each_way(
    target: str, headers: list[tuple[str, str]], protocols: list[str], auth: str, way: str | None
) -> None:
    found = arrival(parlour(), target, headers=headers, protocols=protocols, variables=REFERENCE)
    assert (found.auth, found.way) == (auth, way)


def test_where_no_credential_can_be_checked_everybody_is_welcome() -> None:
    assert arrival(parlour(door=False), "/rooms/hall", variables={}).auth == "good"
    assert arrival(parlour(), "/rooms/hall", variables={}).auth == "good"
    assert arrival(parlour(), "/rooms/hall", variables={"cookie": "a=b"}).auth == "missing"


@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("/rooms/hall", {"room": "hall"}),
        ("/below/a/prefix/rooms/the%20hall/", {"room": "the hall"}),
        ("/halls/hall", {}),
        ("/", {}),
        ("", {}),
        ("/rooms/hall?tools=true&seat=7", {"room": "hall", "tools": True, "seat": 7}),
        ("/rooms/hall?tools=false&seat=-1", {"room": "hall", "tools": False, "seat": -1}),
        ("/rooms/hall?tools=yes&seat=", {"room": "hall", "tools": "yes", "seat": ""}),
        ("/rooms/hall?room=cellar&other=1", {"room": "hall"}),
        ("/rooms/hall?" + "&".join(f"a{number}=1" for number in range(1_000)), {"room": "hall"}),
    ],
)
def test_parameters_are_read_as_documented(target: str, params: dict[str, Any]) -> None:
    assert arrival(parlour(), target, variables=REFERENCE).params == params


def test_only_a_subprotocol_of_the_form_of_a_credential_is_echoed() -> None:
    assert credential_protocol(parlour(), ["chat", "Bearer.x", "Bearer.y"]) == "Bearer.x"
    assert credential_protocol(parlour(), ["chat", "Bearer."]) is None
    assert credential_protocol(parlour(door=False), ["Bearer.x"]) is None


def test_the_refused_get_the_reaction_of_their_scenario_and_nothing_more() -> None:
    stage = Stage(parlour())
    for auth, code in (("bad", "UNKNOWN"), ("missing", "NOBODY")):
        guest, answer = stage.opened(Arrival(params={"room": "hall"}, auth=auth))
        assert said(answer.reaction.actions) == [{"type": "oops", "code": code}, 4001]
        assert answer.reaction.refused
        assert stage.heard(guest, '{"type": "start"}').answer is None


def test_without_a_scenario_the_refused_get_the_documented_code() -> None:
    stage = Stage(parlour(refusals=False))
    _, answer = stage.opened(Arrival(params={}, auth="bad"))
    assert answer.reaction == Reaction(actions=(Hangup(code=4001),), refused=True)


# What is answered.


def test_a_scenario_is_played_word_for_word() -> None:
    stage = Stage(parlour())
    guest, session = begun(stage)
    answer = tell(stage, guest, ask(session, "Good day"))
    *texts, done = said(answer.reaction.actions)
    assert texts == [
        {"type": "text", "session": session, "text": "Good "},
        {"type": "text", "session": session, "text": "day."},
    ]
    assert re.fullmatch("job-[0-9a-f]{12}", done.pop("job"))
    assert done == {"type": "done", "session": session}
    assert (answer.reaction.asked, answer.reaction.turn, answer.reaction.params) == ("ask", 1, {"room": "hall"})
    assert answer.reaction.scenario is not None
    assert (answer.reaction.scenario.name, answer.reaction.step) == ("greeting", 4)
    assert not answer.apart


def test_a_prompt_picks_its_scenario_and_any_other_prompt_the_first() -> None:
    stage = Stage(parlour())
    guest, session = begun(stage)
    assert said(tell(stage, guest, ask(session, "Take your time")).reaction.actions)[1] == "send"
    assert tell(stage, guest, ask(session, "Good day")).reaction.turn == 2
    other, another = begun(stage)
    actions = tell(stage, other, ask(another, "What nobody wrote down")).reaction.actions
    assert said(actions)[0] == {"type": "text", "session": another, "text": "Good "}


def test_variables_of_the_user_take_the_place_of_the_reference() -> None:
    stage = Stage(parlour(), variables={"slow_prompt": "Slowly, please", "token": "mine"})
    guest, session = begun(stage)
    assert said(tell(stage, guest, ask(session, "Slowly, please")).reaction.actions)[1] == "send"
    assert stage.variables["token"] == "mine"


def test_a_second_session_shows_that_the_client_plays_another_scenario() -> None:
    stage = Stage(parlour())
    guest, one = begun(stage)
    (ready,) = said(tell(stage, guest, {"type": "start"}).reaction.actions)
    assert ready["session"] != one
    tell(stage, guest, ask(one, "Take your time"))
    second = tell(stage, guest, ask(ready["session"], "Good day"))
    assert said(second.reaction.actions)[0] == {"type": "text", "session": ready["session"], "text": "meanwhile"}


def test_what_the_server_names_anew_each_time_and_what_it_keeps() -> None:
    stage = Stage(parlour())
    guest, session = begun(stage, {"tools": True})
    first = said(tell(stage, guest, ask(session, "Use a tool")).reaction.actions)
    again = said(tell(stage, guest, ask(session, "Use a tool")).reaction.actions)
    call, text, result, done = first
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", call["call"])
    assert text["text"] == "$1 "
    assert result == {"type": "result", "session": session, "call": call["call"]}
    assert {call["call"], done["job"]}.isdisjoint({again[0]["call"], again[3]["job"]})
    assert again[0]["session"] == session


def test_an_example_of_the_same_case_is_the_ground() -> None:
    dialect = parlour()
    stage = Stage(dialect)
    composer = Composer(dialect, stage.variables)
    call = dialect.frames["call"]
    assert composer.frame(call, {"tool": "Ask"}, Memory()).message["question"] == "Which?"
    assert "question" not in composer.frame(call, {"tool": "Read"}, Memory()).message
    assert "notice" in composer.frame(call, {"tool": "Ask"}, Memory()).roles


def test_what_is_new_has_the_form_of_the_examples(tmp_path: Path) -> None:
    """A prefix stays, a UUID stays one, and so does a number; a truth is no name and stays as it is."""
    path = tmp_path / "forms.yaml"
    path.write_text(
        """
dialect: forms
envelope: {style: nested, tag: type, data: data}
frames:
  one:
    from: server
    payload: {a: string, b: string, c: integer, d: boolean, e: string, f: {g: string}}
    examples:
      - {a: conv-0b6f-77aa, b: 0B6F2F52-9D3A-4B8E-8A77-5C1F0E6F2A10, c: 7, d: true, e: plain, f: {g: tc_1}}
"""
    )
    dialect = load_file(path)
    frame = Composer(dialect, {}).frame(
        dialect.frames["one"], {"a": "$a", "b": "$b", "c": "$c", "d": "$d", "e": "$e", "f": {"g": "$g"}}, Memory()
    )
    data = frame.message["data"]
    assert re.fullmatch("conv-0b6f-[0-9a-f]{12}", data["a"])
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", data["b"])
    assert isinstance(data["c"], int)
    assert data["d"] is True
    assert re.fullmatch("[0-9a-f]{12}", data["e"])
    assert re.fullmatch("tc_[0-9a-f]{12}", data["f"]["g"])


def test_the_address_gives_names_and_an_answer_repeats_the_id() -> None:
    stage = Stage(parlour())
    guest, _ = stage.opened(Arrival(params={"room": "cellar"}))
    (ready,) = said(tell(stage, guest, {"type": "start", "id": "m7"}).reaction.actions)
    assert (ready["room"], ready["id"]) == ("cellar", "m7")
    assert "id" not in said(tell(stage, guest, ask(ready["session"], "Good day", id="m8")).reaction.actions)[0]


def test_a_frame_without_the_session_is_told_by_what_else_it_names() -> None:
    stage = Stage(parlour())
    guest, one = begun(stage)
    job = said(tell(stage, guest, ask(one, "Start a job")).reaction.actions)[0]["job"]
    begun(stage)
    elsewhere, _ = stage.opened(HALL)
    answer = tell(stage, elsewhere, {"type": "stop", "job": job})
    assert answer.conversation.key == (one,)
    assert tell(stage, elsewhere, {"type": "stop", "job": "job-unheard-of"}).conversation.key == (one,)


def test_what_no_scenario_sends_is_legible_and_stays_unanswered() -> None:
    stage = Stage(parlour())
    guest, _ = begun(stage)
    heard = stage.heard(guest, '{"type": "wave"}')
    assert heard.legible
    assert heard.answer is None


# History.


def test_a_replay_holds_what_was_played_and_is_for_who_asked() -> None:
    stage = Stage(parlour())
    guest, session = begun(stage)
    turn = said(tell(stage, guest, ask(session, "Good day")).reaction.actions)
    back, _ = stage.opened(HALL)
    answer = tell(stage, back, {"type": "resume", "session": session})
    frame = {"session": session}
    assert said(answer.reaction.actions) == [
        {"type": "history_start", **frame},
        *turn,
        {"type": "history_end", **frame},
    ]
    assert answer.apart
    assert [one.replayed for one in answer.reaction.actions if isinstance(one, Outgoing)] == [False, *[True] * 3, False]
    assert said(tell(stage, back, {"type": "resume", "session": session}).reaction.actions)[1:-1] == turn


def test_a_scenario_goes_on_over_connections() -> None:
    """A resume looks the same in every scenario; which it is, is told by what was said in the session before."""
    stage = Stage(parlour())
    guest, session = begun(stage)
    tell(stage, guest, ask(session, "Go on without me"))
    back, _ = stage.opened(HALL)
    answer = tell(stage, back, {"type": "resume", "session": session})
    assert answer.reaction.scenario is not None
    assert answer.reaction.scenario.name == "left-and-back"


def test_a_session_that_nobody_knows_has_no_history() -> None:
    stage = Stage(parlour())
    guest, _ = stage.opened(HALL)
    actions = tell(stage, guest, {"type": "resume", "session": "sess_forgotten"}).reaction.actions
    assert [one["type"] for one in said(actions)] == ["history_start", "history_end"]


def test_without_replays_a_connection_is_a_conversation() -> None:
    stage = Stage(parlour(replays=False))
    guest, session = begun(stage)
    assert tell(stage, guest, ask(session, "Good day")).conversation is guest.own
    assert not guest.own.history


def test_conversations_and_their_histories_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MAX_CONVERSATIONS", 3)
    monkeypatch.setattr(conversations, "MAX_REMEMBERED", 7)
    stage = Stage(parlour())
    sessions = []
    for _ in range(5):
        guest, session = begun(stage)
        sessions.append(session)
        tell(stage, guest, ask(session, "Good day"))
    lengths = []
    for session in reversed(sessions):
        guest, _ = stage.opened(HALL)
        lengths.append(len(tell(stage, guest, {"type": "resume", "session": session}).reaction.actions) - 2)
    assert lengths == [3, 3, 0, 0, 0]


def test_names_of_any_length_are_not_remembered() -> None:
    stage = Stage(parlour())
    guest, _ = stage.opened(HALL)
    (text, *_) = said(tell(stage, guest, ask("s" * 2_000, "Good day")).reaction.actions)
    assert text["session"] == "sess_1"


# What cannot be read.


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "NOT_JSON"),
        ('{"type": "ask", "session": "s"}', "INCOMPLETE"),
        ('{"type": "ask", "session": "s", "text": 7}', "INCOMPLETE"),
        ("[]", "NOT_JSON"),
        ('{"type": "nothing"}', "NOT_JSON"),
        (b'{"type": "start"}', "NOT_JSON"),
        ('{"a":' * 200 + "1" + "}" * 200, "NOT_JSON"),
    ],
)
def test_a_malformed_message_gets_the_reaction_of_its_kind(body: str | bytes, code: str) -> None:
    stage = Stage(parlour(malformed=True))
    guest, _ = stage.opened(HALL)
    answer = tell(stage, guest, body)
    assert said(answer.reaction.actions) == [{"type": "oops", "code": code}]
    assert answer.reaction.malformed
    assert not stage.heard(guest, body).legible


def test_without_a_scenario_it_gets_the_documented_answer() -> None:
    stage = Stage(parlour())
    guest, _ = stage.opened(HALL)
    assert said(tell(stage, guest, "{").reaction.actions) == [{"type": "oops", "code": "MALFORMED"}]


def test_where_nothing_is_documented_it_gets_none_and_a_fault_sees_it_all_the_same() -> None:
    dialect = replace(parlour(), rejects=None)
    seen: list[Reaction] = []

    class Watching:
        keeps_gated = False

        def start(self) -> Watching:
            return self

        def apply(self, reaction: Reaction) -> Reaction:
            seen.append(reaction)
            return reaction

    stage = Stage(dialect, mutation=Watching())
    guest, _ = stage.opened(HALL)
    assert tell(stage, guest, "{").reaction.actions == ()
    assert [one.malformed for one in seen] == [False, True]


def test_lesser_faults_are_no_reason_to_refuse() -> None:
    stage = Stage(parlour(malformed=True))
    guest, session = begun(stage)
    heard = stage.heard(guest, f'{{"type": "ask", "session": "{session}", "text": "a", "text": "\\ud800"}}')
    assert heard.legible
    assert heard.answer is not None
    assert not heard.answer.reaction.malformed


@pytest.mark.parametrize("name", dialects())
def test_the_shipped_dialects_take_anything(name: str) -> None:
    stage = Stage(load(name))
    guest, _ = stage.opened(Arrival(params={}))
    for body in ("", "null", "{}", '{"type": 1}', '{"event": []}', "\ud800", b"\xff", "[" * 100_000):
        assert not stage.heard(guest, body).legible


# Frames that a client has not asked for, faults, and frames that nobody knows.


def test_gated_frames_are_planned_for_all_and_sent_to_those_who_asked() -> None:
    stage = Stage(parlour())
    guest, session = begun(stage)
    call, text, *_ = tell(stage, guest, ask(session, "Use a tool")).reaction.actions
    assert isinstance(call, Outgoing)
    assert isinstance(text, Outgoing)
    assert not stage.admits(guest, call)
    assert stage.admits(guest, text)
    asking, _ = stage.opened(Arrival(params={"tools": True}))
    declining, _ = stage.opened(Arrival(params={"tools": False}))
    assert stage.admits(asking, call)
    assert not stage.admits(declining, call)


class Doubling:
    """A mutation that says everything twice, from a conversation's second reaction on."""

    keeps_gated = True

    def __init__(self) -> None:
        self.reactions: list[Reaction] = []

    def start(self) -> Doubling:
        return Doubling()

    def apply(self, reaction: Reaction) -> Reaction:
        self.reactions.append(reaction)
        if len(self.reactions) == 1:
            return reaction
        return Reaction(actions=(*reaction.actions, *reaction.actions), asked=reaction.asked)


def test_a_mutation_changes_each_reaction_of_each_conversation() -> None:
    stage = Stage(parlour(), mutation=Doubling())
    guest, session = begun(stage)
    turn = tell(stage, guest, ask(session, "Use a tool"))
    assert len(turn.reaction.actions) == 8
    other, another = begun(stage)
    assert len(tell(stage, other, ask(another, "Use a tool")).reaction.actions) == 8
    assert isinstance(turn.reaction.actions[0], Outgoing)
    assert stage.admits(guest, turn.reaction.actions[0])


def test_an_unknown_frame_comes_before_each_reaction_and_is_no_history() -> None:
    stage = Stage(parlour(), unknown_frames=True)
    guest, _ = stage.opened(HALL)
    unknown, ready = said(tell(stage, guest, {"type": "start"}).reaction.actions)
    assert unknown == {"type": UNKNOWN_TAG}
    tell(stage, guest, ask(ready["session"], "Good day"))
    again = said(tell(stage, guest, {"type": "resume", "session": ready["session"]}).reaction.actions)
    assert [one["type"] for one in again] == [UNKNOWN_TAG, "history_start", "text", "text", "done", "history_end"]


@pytest.mark.parametrize("name", dialects())
def test_every_frame_that_the_shipped_scenarios_play_is_believable(name: str) -> None:
    """Whatever a client says, in the words of any scenario, what comes back is valid by the dialect's own schemas."""
    dialect = load(name)
    decoder = Decoder(dialect)
    stage = Stage(dialect)
    for line in compile_table(dialect).lines:
        known = {**dict.fromkeys(line.shared, "a-value"), **stage.variables}
        if isinstance(line.step, Connect):
            guest, answer = stage.opened(Arrival(params=filled(line.step.params, known), auth=line.step.auth))
        elif isinstance(line.step, Send):
            guest, _ = stage.opened(Arrival(params={}))
            form = dialect.frames[line.step.frame]
            answer = tell(stage, guest, composed(dialect, form, filled(line.step.values, known)))
        else:
            guest, _ = stage.opened(Arrival(params={}))
            answer = tell(stage, guest, malformed(dialect, line.step, known))
        for action in answer.reaction.actions:
            if isinstance(action, Outgoing):
                text = json.dumps(action.message)
                assert decoder.explain(text, "server").faults == (), f"{line.scenario.name}: {text}"
                assert "$" not in text
