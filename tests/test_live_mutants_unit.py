"""Each fault on reactions made by hand: what the server would do, and what it does instead.

Law: a fault changes what it says and nothing else; where it could not be told from traffic, it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import playhouse
from rehearsal import Reading, Rehearsal
from wirecheck import catalog
from wirecheck.catalog import Dialect, Scenario
from wirecheck.catalog.script import Connect, Hangup, Hold, Malform, Send, Until
from wirecheck.errors import UsageError
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.faults.ground import other
from wirecheck.scenario.mutants import Mutating, mutants, mutation
from wirecheck.scenario.outgoing import named, outgoing, renamed
from wirecheck.scenario.plan import Action, Outgoing, Reaction
from wirecheck.scenario.values import composed

DIALECTS = catalog.dialects()
VONZ, AMIGO, SYMINDX = (catalog.load(name) for name in ("vonz", "amigo", "symindx"))
PLATFORM, BONDAI = catalog.load("agent_platform"), catalog.load("bondai")
SESSION: dict[str, Any] = {"session_id": "s1"}
THREAD: dict[str, Any] = {"thread_id": "t1", "agent_id": "desk"}


def frame(dialect: Dialect, key: str, replayed: bool = False, **values: Any) -> Outgoing:
    """A frame of the server's; members of a nested `step` and header fields are given as they are."""
    form = dialect.frames[key]
    return outgoing(dialect, form, composed(dialect, form, values), replayed=replayed)


def vonz(key: str, **values: Any) -> Outgoing:
    return frame(VONZ, key, **{**SESSION, **values})


def told(key: str, **values: Any) -> Outgoing:
    return frame(VONZ, key, replayed=True, **{**SESSION, **values})


def script(*steps: Any) -> Scenario:
    return Scenario(name="made-up", says="", source="", exercises=(), steps=steps)


def played(mutating: Mutating, *actions: Action, **about: Any) -> list[str]:
    return shown(mutating.apply(Reaction(actions=actions, **about)).actions)


def shown(actions: tuple[Action, ...]) -> list[str]:
    """What is played, in words: the frame's key, and its text, tool or number where it has one."""
    found = []
    for action in actions:
        if isinstance(action, Outgoing):
            names = [str(action.names[name]) for name in ("text", "tool", "continuation") if name in action.names]
            found.append(" ".join([action.form.key, *names]))
        else:
            found.append(f"close {action.code}" if isinstance(action, Hangup) else f"hold {action.event}")
    return found


def start(dialect: Dialect, name: str) -> Mutating:
    return mutation(dialect, name).start()


# Edits, and frames with other values.


def test_all_changes_are_said_in_terms_of_the_places_before_any_of_them() -> None:
    a, b, c, d = (Hangup(code=code) for code in (1000, 1001, 1002, 1003))
    edits = Edits((a, b, c))
    edits.drop(0)
    edits.put(1, d)
    edits.before(0, b)
    edits.after(2, a, b)
    assert edits.made() == (b, d, c, a, b)
    assert edits.actions == (a, b, c)
    moving = Edits((a, b, c))
    moving.move_before([2], 0)
    moving.move_after([1], 2)
    assert moving.made() == (c, a, b)
    empty = Edits(())
    empty.before(0, a)
    assert empty.made() == (a,)


def test_a_name_is_changed_where_the_frame_carries_it_and_the_frame_itself_stays() -> None:
    before = frame(BONDAI, "task_agent_step_completed", step={"agent_id": "a", "step": {}})
    after = renamed(BONDAI, before, "agent", "b")
    assert after.message == {"event": "task_agent_step_completed", "data": {"step": {"agent_id": "b", "step": {}}}}
    assert before.names["agent"] == "a" and after.names["agent"] == "b"
    said: dict[str, Any] = {"@id": "m1", "response": "hi", "agentId": "nyx", "emotion": "calm"}
    answer = frame(SYMINDX, "chat_response", **said)
    assert renamed(SYMINDX, answer, "id", "m2").message == {**answer.message, "id": "m2"}
    assert renamed(SYMINDX, answer, "topic", "x") is answer


def test_names_are_put_in_where_the_dialect_has_a_place_for_them() -> None:
    form = PLATFORM.frames["escalation_created"]
    made = named(PLATFORM, form, composed(PLATFORM, form, {}), {"workflow": "w1", "thread": "t1"})
    assert made.message == {"event_type": "escalation_created", "workflow_id": "w1", "thread_id": "t1"}
    assert made.roles == {"notice"}


def test_roles_follow_the_cases_of_the_frame() -> None:
    asked = vonz("task:tool_use", tool="AskUserQuestion", input={"questions": []})
    assert asked.roles == {"tool.open", "ask.question"}
    assert vonz("task:tool_use", tool="Bash", input={}).roles == {"tool.open"}


@pytest.mark.parametrize(
    ("value", "another"),
    [
        ("conv_7", "conv_7-other"),
        (7, 8),
        (True, False),
        ("0b6f2f52-9d3a-4b8e-8a77-5c1f0e6f2a10", "0b6f2f52-9d3a-4b8e-8a77-5c1f0e6f0bad"),
        ("0b6f2f52-9d3a-4b8e-8a77-5c1f0e6f0bad", "0b6f2f52-9d3a-4b8e-8a77-5c1f0e6fbad0"),
    ],
)
def test_another_value_is_of_the_same_kind(value: Any, another: Any) -> None:
    assert other(value) == another


# What there is.


@pytest.mark.parametrize("name", DIALECTS)
def test_every_server_guarantee_has_a_mutant_and_no_client_guarantee_has_one(name: str) -> None:
    dialect = catalog.load(name)
    servers = [claim.id for claim in dialect.guarantees.values() if claim.rule.side == "server"]
    found = mutants(dialect)
    assert list(dict.fromkeys(mutant.guarantee for mutant in found)) == servers
    assert len({mutant.name for mutant in found}) == len(found)
    assert all(mutant.says.endswith(".") and len(mutant.says.split()) > 3 for mutant in found)


def test_what_cannot_be_told_from_traffic_is_no_mutant() -> None:
    """Vonz's turns may begin elsewhere, have no deadline, and share their key with what others ask for: only a second
    end is proven. Agent Platform's never begin elsewhere unseen for long, and end before their conversation does."""
    variants = {
        dialect.name: [mutant.variant for mutant in mutants(dialect) if mutant.guarantee == "turn-closed-once"]
        for dialect in (VONZ, AMIGO, PLATFORM)
    }
    assert variants == {
        "vonz": ["twice"],
        "amigo": ["twice", "missing", "late"],
        "agent_platform": ["twice", "missing", "early", "late", "elsewhere", "unopened", "reopened"],
    }


def test_a_rule_alone_means_its_first_variant() -> None:
    assert mutation(VONZ, "text-inside-turn").mutant.name == "text-inside-turn:after"
    assert mutation(VONZ, "text-inside-turn:again").mutant.name == "text-inside-turn:again"


@pytest.mark.parametrize(
    ("dialect", "name", "says"),
    [
        (
            AMIGO,
            "session-closes-last:nowhere",
            "amigo has no mutant 'session-closes-last:nowhere'; "
            "there are session-closes-last:followed, session-closes-last:twice",
        ),
        (SYMINDX, "ping-answered", "symindx has no mutant 'ping-answered'; there are {}"),
        (SYMINDX, "\x1b[2J", "symindx has no mutant '\\x1b[2J'; there are {}"),
    ],
)  # fmt: skip
def test_a_mutant_that_does_not_exist_is_answered_by_those_that_do(dialect: Dialect, name: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        mutation(dialect, name)
    assert str(caught.value) == says.format(", ".join(mutant.name for mutant in mutants(dialect)))


def test_only_a_server_that_sends_what_nobody_asked_for_keeps_gated_frames() -> None:
    gated = [mutant.name for mutant in mutants(AMIGO) if mutation(AMIGO, mutant.name).keeps_gated]
    assert gated == ["tool-frames-opted-in:unasked"]


# Pairs.

CALL = vonz("task:tool_use", tool="Bash", input={})
RESULT = vonz("task:tool_result", tool="Bash", output="ok")
TEXT, MORE = vonz("task:token", text="one"), vonz("task:token", text="two")
DONE, TASK = vonz("turn.done"), vonz("task:done", task_id="k")
TURN = (TEXT, CALL, RESULT, MORE, DONE, TASK)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("twice", ["one", "use Bash", "result Bash", "result Bash", "two", "turn", "task"]),
        ("missing", ["one", "use Bash", "two", "turn", "task"]),
        ("early", ["one", "result Bash", "use Bash", "two", "turn", "task"]),
        ("late", ["one", "use Bash", "two", "turn", "result Bash", "task"]),
        ("elsewhere", ["one", "use Bash", "result Bash-other", "two", "turn", "task"]),
        ("unopened", ["one", "result Bash", "two", "turn", "task"]),
        ("reopened", ["one", "use Bash", "use Bash", "result Bash", "two", "turn", "task"]),
    ],
)
def test_a_call_and_its_result(variant: str, expected: list[str]) -> None:
    words = {"one": "task:token one", "two": "task:token two", "turn": "turn.done", "task": "task:done"}
    words |= {f"use {tool}": f"task:tool_use {tool}" for tool in ("Bash", "Bash-other")}
    words |= {f"result {tool}": f"task:tool_result {tool}" for tool in ("Bash", "Bash-other")}
    assert played(start(VONZ, f"tool-call-answered-once:{variant}"), *TURN) == [words[one] for one in expected]


def test_a_close_is_left_out_only_where_its_deadline_follows() -> None:
    mutating = start(VONZ, "tool-call-answered-once:missing")
    assert played(mutating, CALL, RESULT, MORE) == ["task:tool_use Bash", "task:tool_result Bash", "task:token two"]


def test_a_surplus_end_of_a_turn_comes_only_where_the_client_reads_it_before_its_next_prompt() -> None:
    """In the first script it waits for what comes behind the end; in the second for the end, and then asks again."""
    ask = Send(conn="a", frame="session.turn", values={"prompt": "$prompt"})
    last = Until(conn="a", frames=("task:done",))
    ends = Until(conn="a", frames=("turn.done",))
    twice = ["task:token one", "turn.done", "turn.done", "task:done"]
    once = ["task:token one", "turn.done", "task:done"]
    for steps, expected in (((ask, ends, last, ask), twice), ((ask, ends, ask), once), ((ask, ends), twice)):
        dialect = with_script(VONZ, script(Connect(conn="a"), *steps))
        about = {"asked": "session.turn", "scenario": dialect.scenarios["made-up"], "step": 1}
        assert played(start(dialect, "turn-closed-once:twice"), TEXT, DONE, TASK, **about) == expected


def test_a_client_that_may_follow_another_script_is_thought_of_too() -> None:
    """By what it did so far it may be in either; in one of them it asks again when the turn has ended."""
    ask = Send(conn="a", frame="session.turn", values={"prompt": "$prompt"})
    ends = Until(conn="a", frames=("turn.done",))
    here = script(Connect(conn="a"), ask, ends)
    there = script(Connect(conn="z"), *(_on(step, "z") for step in (ask, ends, ask, ends)))
    dialect = with_script(VONZ, here, there)
    about = {"asked": "session.turn", "scenario": here, "step": 1}
    assert played(start(dialect, "turn-closed-once:twice"), DONE, TASK, **about) == ["turn.done", "task:done"]


def _on(step: Any, conn: str) -> Any:
    return replace(step, conn=conn)


def with_script(dialect: Dialect, *scenarios: Scenario) -> Dialect:
    named = {f"{scenario.name}{number or ''}": scenario for number, scenario in enumerate(scenarios)}
    return replace(dialect, scenarios=named)


def test_an_opening_that_might_lie_elsewhere_is_left_out_only_when_its_like_has_ended() -> None:
    mutating = start(PLATFORM, "turn-closed-once:unopened")
    turn = (
        frame(PLATFORM, "typing_started", **THREAD, workflow_id="w"),
        frame(PLATFORM, "text_delta", **THREAD, content="a"),
        frame(PLATFORM, "stream_end", **THREAD),
    )
    whole, headless = ["typing_started", "text_delta a", "stream_end"], ["text_delta a", "stream_end"]
    assert played(mutating, *turn, *turn) == [*whole, *headless]
    assert played(mutating, *turn) == headless
    elsewhere = [renamed(PLATFORM, one, "agent", "sales") for one in turn]
    assert played(mutating, *elsewhere) == whole


CHAT = frame(SYMINDX, "chat_response", response="hi", agentId="nyx", emotion="calm")
STATUS = frame(SYMINDX, "status_update", agentId="nyx", status="active", currentTask="", queueLength=0, uptime=1)


def awaiting(asked: str, *frames: str) -> dict[str, Any]:
    scenario = script(Connect(conn="a"), Send(conn="a", frame=asked), Until(conn="a", frames=frames))
    return {"asked": asked, "scenario": scenario, "step": 1}


def test_an_answer_comes_that_nobody_asked_for() -> None:
    """First of a kind that nobody asked for at all, and later the last one again."""
    dialect = with_script(
        SYMINDX, awaiting("chat", "chat_response")["scenario"], awaiting("status", "status_update")["scenario"]
    )
    mutating = start(dialect, "request-answered:unasked")
    assert played(mutating, CHAT, **awaiting("chat", "chat_response")) == ["command_result", "chat_response"]
    assert played(mutating, STATUS, **awaiting("status", "status_update")) == ["chat_response", "status_update"]


def test_a_batch_may_have_asked_for_anything() -> None:
    scenario = awaiting("batch", "chat_response")
    mutating = start(with_script(SYMINDX, scenario["scenario"]), "request-answered:unasked")
    assert played(mutating, CHAT, **scenario) == ["chat_response"]


def test_a_new_session_begins_with_a_replay_that_nobody_asked_for() -> None:
    ready = vonz("session.ready", container_id="c", container_name="n", profile_id="p")
    changed = start(VONZ, "replay-answers-resume:unasked-replay").apply(Reaction(actions=(ready, TEXT))).actions
    assert shown(changed) == ["session.ready", "session.replay_start", "session.replay_end", "task:token one"]
    assert [action.names["session"] for action in changed if isinstance(action, Outgoing)] == ["s1"] * 4


def test_partners_are_missing_late_doubled_or_alone() -> None:
    assert played(start(VONZ, "turn-and-task-end-together:missing"), *TURN)[-1] == "turn.done"
    late = start(VONZ, "turn-and-task-end-together:late")
    assert played(late, TEXT, DONE, TASK) == ["task:token one", "turn.done"]
    assert played(late, MORE, DONE, TASK) == ["task:token two", "turn.done", "task:done"]
    asked = vonz("task:tool_use", tool="AskUserQuestion", input={"questions": []})
    flat = vonz("task:ask_user", task_id="k", questions=[])
    answered = vonz("task:tool_result", tool="AskUserQuestion", output="main")
    assert played(start(VONZ, "question-flattened:twice"), asked, flat) == [
        "task:tool_use AskUserQuestion", "task:ask_user", "task:ask_user",
    ]  # fmt: skip
    alone = start(VONZ, "question-flattened:alone")
    assert played(alone, asked, flat) == ["task:ask_user"]
    assert played(alone, answered, CALL, RESULT, DONE) == ["task:tool_use Bash", "task:tool_result Bash", "turn.done"]
    assert played(alone, answered) == ["task:tool_result AskUserQuestion"]


# Places.


def test_text_comes_after_its_turn_and_a_replay_does_not_tell_it() -> None:
    for variant, live in (("after", ["one", "turn", "two"]), ("again", ["one", "two", "turn", "two"])):
        mutating = start(VONZ, f"text-inside-turn:{variant}")
        sent = mutating.apply(Reaction(actions=(TEXT, MORE, DONE))).actions
        assert [one.split()[-1].replace(".done", "") for one in shown(sent)] == live
        history = tuple(replayed(action) for action in sent if isinstance(action, Outgoing))
        assert shown(mutating.apply(Reaction(actions=history)).actions) == shown(sent[:-1])


def replayed(action: Outgoing) -> Outgoing:
    return replace(action, replayed=True)


STARTED = frame(BONDAI, "task_agent_started", agent_id="a")
STEP = (
    frame(BONDAI, "task_agent_step_started", agent_id="a"),
    frame(BONDAI, "task_agent_step_tool_selected", agent_id="a", step={}),
    frame(BONDAI, "task_agent_step_completed", step={"agent_id": "a", "step": {}}),
)
COMPLETED = frame(BONDAI, "task_agent_completed", agent_id="a")


def steps(*words: str) -> list[str]:
    return [f"task_agent_{word}" for word in words]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "step-tool-inside-step:after",
            ["started", "step_started", "step_completed", "step_tool_selected", "completed"],
        ),
        ("steps-inside-task:after", ["started", "completed", "step_started", "step_tool_selected", "step_completed"]),
    ],
)
def test_what_is_moved_takes_with_it_what_it_begins(name: str, expected: list[str]) -> None:
    assert played(start(BONDAI, name), STARTED, *STEP, COMPLETED) == steps(*expected)


def test_something_comes_before_the_start_only_when_the_like_has_ended() -> None:
    mutating = start(BONDAI, "steps-inside-task:before")
    task = (STARTED, *STEP, COMPLETED)
    whole = steps("started", "step_started", "step_tool_selected", "step_completed", "completed")
    early = steps("step_started", "step_tool_selected", "step_completed", "started", "completed")
    assert played(mutating, *task) == whole
    assert played(mutating, *task) == early


def test_the_spans_of_two_keys_do_not_disturb_each_other() -> None:
    """The step of agent b begins before that of agent a ends, and ends after it."""
    other_step = [renamed(BONDAI, one, "agent", "b") for one in STEP]
    mixed = (STEP[0], other_step[0], STEP[1], other_step[1], STEP[2], other_step[2])
    changed = start(BONDAI, "step-tool-inside-step:after").apply(Reaction(actions=mixed)).actions
    assert [(action.form.key[11:], action.names["agent"]) for action in changed if isinstance(action, Outgoing)] == [
        ("step_started", "a"), ("step_started", "b"), ("step_completed", "a"), ("step_tool_selected", "a"),
        ("step_completed", "b"), ("step_tool_selected", "b"),
    ]  # fmt: skip


BEGUN = frame(PLATFORM, "conversation_started", workflow_id="w", thread_id="t1")
OVER = frame(PLATFORM, "conversation_completed", workflow_id="w", thread_id="t1")


def test_something_harmless_comes_before_the_beginning_or_after_the_end() -> None:
    first = start(PLATFORM, "session-opens-first:preceded").apply(Reaction(actions=(BEGUN, OVER))).actions
    last = start(PLATFORM, "session-closes-last:followed").apply(Reaction(actions=(BEGUN, OVER))).actions
    assert shown(first) == ["escalation_created", "conversation_started", "conversation_completed"]
    assert shown(last) == ["conversation_started", "conversation_completed", "escalation_created"]
    assert isinstance(first[0], Outgoing) and first[0].names["workflow"] == "w"
    assert played(start(PLATFORM, "session-opens-first:twice"), BEGUN, OVER)[:2] == ["conversation_started"] * 2
    assert played(start(PLATFORM, "session-closes-last:twice"), BEGUN, OVER)[1:] == ["conversation_completed"] * 2


def test_something_comes_before_the_server_hangs_up() -> None:
    ended = frame(AMIGO, "session_ended", reason="completed")
    mutating = start(AMIGO, "session-closes-last:followed")
    assert played(mutating, ended, Hangup(code=1000)) == ["session_ended", "typing", "close 1000"]


def test_the_message_lies_inside_its_stream() -> None:
    turn = (
        frame(PLATFORM, "typing_started", **THREAD, workflow_id="w"),
        frame(PLATFORM, "stream_end", **THREAD),
        frame(PLATFORM, "message_completed", **THREAD, message_id="m", content="a"),
    )
    for variant in ("inside", "end-late"):
        assert played(start(PLATFORM, f"final-message-after-stream:{variant}"), *turn) == [
            "typing_started", "message_completed a", "stream_end",
        ]  # fmt: skip


RESUMED, OVER_AGAIN = vonz("session.replay_start"), vonz("session.replay_end")
HISTORY = (told("task:token", text="one"), told("task:token", text="two"), told("turn.done"))


def test_something_overtakes_the_answer_that_leads() -> None:
    bracket = (RESUMED, *HISTORY, OVER_AGAIN)
    assert played(start(VONZ, "replay-comes-first:overtaken"), *bracket)[:3] == [
        "task:token one", "session.replay_start", "task:token two",
    ]  # fmt: skip
    assert played(start(VONZ, "replay-comes-first:copied"), *bracket)[:3] == [
        "task:token one", "session.replay_start", "task:token one",
    ]  # fmt: skip


def test_something_live_comes_inside_a_replay_that_has_told_everything() -> None:
    mutating = start(VONZ, "live-after-replay:inside")
    assert played(mutating, RESUMED, *HISTORY, OVER_AGAIN)[-3:] == ["turn.done", "task:token two", "session.replay_end"]
    unfinished = (RESUMED, *HISTORY[:2], OVER_AGAIN)
    assert played(mutating, *unfinished) == shown(unfinished)


def test_a_replay_ends_when_the_answer_to_a_prompt_sent_meanwhile_has_begun() -> None:
    mutating = start(VONZ, "live-after-replay:end-late")
    assert played(mutating, RESUMED, Hold(event="send"), *HISTORY, OVER_AGAIN)[-1] == "turn.done"
    assert played(mutating, TEXT, MORE) == ["task:token one", "session.replay_end", "task:token two"]
    assert played(mutating, TEXT, MORE) == ["task:token one", "task:token two"]
    assert played(mutating, RESUMED, *HISTORY, OVER_AGAIN)[-1] == "session.replay_end"


# Contents.


def test_numbers_are_skipped_repeated_or_above_their_bound() -> None:
    counted = [vonz("turn.continuing", continuation=number, max_continuations=20) for number in (2, 3)]
    assert played(start(VONZ, "continuation-counts:skipped"), *counted)[-1] == "turn.continuing 4"
    assert played(start(VONZ, "continuation-counts:repeated"), *counted)[-2:] == ["turn.continuing 3"] * 2
    above = start(VONZ, "continuation-counts:above").apply(Reaction(actions=tuple(counted))).actions
    assert [action.names["continuations"] for action in above if isinstance(action, Outgoing)] == [1, 2]
    assert played(start(VONZ, "continuation-counts:skipped"), counted[0]) == ["turn.continuing 2"]


def test_texts_do_not_agree() -> None:
    pieces = [frame(PLATFORM, "text_delta", **THREAD, content=text) for text in ("a", "b")]
    call = frame(
        PLATFORM, "tool_call_started", thread_id="t1", workflow_id="w", tool_call_id="c", tool_name="n", preview={}
    )
    final = frame(PLATFORM, "message_completed", **THREAD, message_id="m", content="b")
    turn = (pieces[0], call, pieces[1], final)
    name = "final-text-agrees"
    assert played(start(PLATFORM, f"{name}:whole"), *turn)[-1] == "message_completed b-other"
    assert played(start(PLATFORM, f"{name}:piece"), *turn)[-2:] == ["text_delta b-other", "message_completed b"]
    assert played(start(PLATFORM, f"{name}:lost"), *turn) == shown(turn)
    assert played(start(PLATFORM, f"{name}:lost"), *pieces, final) == ["text_delta a", "message_completed b"]


@pytest.mark.parametrize(
    ("params", "conversation"),
    [({"conversation_id": "conv_7"}, "conv_7-other"), ({}, "conv_7")],
)
def test_a_name_is_another_than_the_url_says_where_it_says_one(params: Mapping[str, Any], conversation: str) -> None:
    opened = frame(AMIGO, "session_started", session_id="ss", conversation_id="conv_7")
    changed = (
        start(AMIGO, "resumed-conversation-agrees:other").apply(Reaction(actions=(opened,), params=params)).actions
    )
    assert isinstance(changed[0], Outgoing) and changed[0].names["conversation"] == conversation


def test_a_name_that_tells_spans_apart_stays_as_it_is() -> None:
    """A thread's turns are told apart by it, so only its calls carry another."""
    call = frame(
        PLATFORM, "tool_call_started", thread_id="t1", workflow_id="w", tool_call_id="c", tool_name="n", preview={}
    )
    text = frame(PLATFORM, "text_delta", **THREAD, content="a")
    failed = frame(PLATFORM, "conversation_failed", workflow_id="w", thread_id="t1")
    mutating = start(PLATFORM, "thread-agrees:other")
    changed = mutating.apply(Reaction(actions=(call, text, failed), params={"threadId": "t1"})).actions
    assert [action.names["thread"] for action in changed if isinstance(action, Outgoing)] == ["t1-other", "t1", "t1"]


def test_a_refused_connection_closes_with_another_code_and_others_do_not() -> None:
    mutating = start(VONZ, "auth-failure-closes:policy")
    assert played(mutating, Hangup(code=4001), refused=True) == ["close 1008"]
    assert played(mutating, Hangup(code=1000)) == ["close 1000"]


TOLD_CALL, TOLD_RESULT = told("task:tool_use", tool="Bash", input={}), told("task:tool_result", tool="Bash", output="")
TOLD_READ = (told("task:tool_use", tool="Read", input={}), told("task:tool_result", tool="Read", output=""))


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("retold", ["token one-other", "token two", "use Bash", "result Bash", "use Read", "result Read"]),
        ("forgotten", ["token two", "use Bash", "result Bash", "use Read", "result Read"]),
        ("other-tool", ["token one", "token two", "use Bash-other", "result Bash-other", "use Read", "result Read"]),
        ("forgotten-call", ["token one", "token two", "use Read", "result Read"]),
    ],
)
def test_history_comes_back_otherwise(variant: str, expected: list[str]) -> None:
    actions = (*HISTORY[:2], TOLD_CALL, TOLD_RESULT, *TOLD_READ)
    found = played(start(VONZ, f"replay-repeats-history:{variant}"), *actions)
    assert [one.removeprefix("task:").removeprefix("tool_") for one in found] == expected
    assert played(start(VONZ, f"replay-repeats-history:{variant}"), TEXT, CALL, RESULT) == shown((TEXT, CALL, RESULT))


def test_events_come_of_topics_that_nobody_subscribed_to() -> None:
    event = frame(SYMINDX, "event", eventType="memory_update", agentId="aria")
    changed = start(SYMINDX, "events-subscribed:other").apply(Reaction(actions=(event,))).actions
    assert isinstance(changed[0], Outgoing) and changed[0].names["topic"] == "memory_update-other"
    about = awaiting("chat", "chat_response")
    unasked = start(with_script(SYMINDX, about["scenario"]), "events-subscribed:unasked")
    assert played(unasked, CHAT, **about) == ["event", "chat_response"]
    assert played(unasked, asked="subscribe") == []
    assert played(unasked, CHAT, **about) == ["chat_response"]


# What happens after something malformed.


def test_a_server_that_does_not_survive_is_sound_until_something_malformed_comes() -> None:
    ready = vonz("session.ready", container_id="c", container_name="n", profile_id="p")
    broken = mutation(VONZ, "malformed-input-survived:closes")
    assert played(broken.start(), ready, asked="session.start") == ["session.ready"]
    assert played(broken.start(), malformed=True) == ["close 1011"]
    assert played(broken.start()) == ["close 1011"]
    assert played(broken.start(), Hangup(code=4001), refused=True) == ["close 4001"]
    deaf = mutation(VONZ, "malformed-input-survived:serves-nobody")
    assert played(deaf.start(), malformed=True) == ["close 1011"]
    assert played(deaf.start()) == []
    assert played(deaf.start(), ready, asked="session.start") == ["close 1011"]


def test_a_silent_server_answers_again_when_something_malformed_has_come() -> None:
    silent = mutation(SYMINDX, "request-answered:missing")
    assert silent.mutant.silent
    assert played(silent.start(), CHAT, asked="chat") == []
    silent.start().apply(Reaction(actions=(), malformed=True))
    assert played(silent.start(), CHAT, asked="chat") == ["chat_response"]
    assert played(silent.start()) == [], "the connection on which the server is to serve on"
    assert played(silent.start(), CHAT, asked="chat") == ["chat_response"]
    assert played(silent.start()) == [], "and the next"
    assert played(silent.start(), CHAT, asked="chat") == []


def test_what_a_fault_remembers_of_a_conversation_is_bounded() -> None:
    mutating = start(VONZ, "tool-call-answered-once:twice")
    for number in range(2_500):
        result = vonz("task:tool_result", tool=f"tool {number}", output="")
        mutating.apply(Reaction(actions=(result,)))
    assert (len(mutating.memory.strays), len(mutating.memory.ended)) == (1_000, 1_000)


# All of them, on paper: whatever the client has read when it does its next step.


def made_for(dialect: Dialect, guarantee: str) -> list[Scenario]:
    """The scenarios made for a guarantee. Of those that differ only in what is malformed, the first and the last."""
    unseen = dialect.guarantees[guarantee].rule.shape == "scenario"
    found = [one for one in dialect.scenarios.values() if guarantee in one.exercises]
    sound = [one for one in found if not any(isinstance(step, Malform) for step in one.steps)]
    return [found[0], found[-1]] if unseen else sound


@pytest.mark.no_cover
@pytest.mark.parametrize("reading", ["eager", "lazy", "of chance"])
@pytest.mark.parametrize("name", DIALECTS)
def test_a_mutant_breaks_its_guarantee_and_what_its_rule_implies_whatever_the_client_has_read(
    name: str, reading: Reading
) -> None:
    dialect = catalog.load(name)
    wrong = []
    for mutant in mutants(dialect):
        codes = set()
        scenarios = made_for(dialect, mutant.guarantee)
        if reading == "of chance":
            scenarios = Random(mutant.name).sample(scenarios, min(3, len(scenarios)))
        for scenario in scenarios:
            how: Reading = Random(mutant.name) if reading == "of chance" else reading
            codes |= broken(Rehearsal(dialect, mutant.name, how), scenario)
        leaked = codes - implied(mutant.guarantee)
        if leaked or (mutant.guarantee not in codes and reading == "eager" and mutant.name not in ELSEWHERE):
            wrong.append((mutant.name, codes))
    assert wrong == []


ELSEWHERE = {"events-subscribed:unasked": "the scenario made for it subscribes before it asks anything"}
"""Mutants that show in scenarios that are not made for their guarantee."""


@pytest.mark.parametrize("reading", ["eager", "lazy", "of chance"])
@pytest.mark.parametrize("name", DIALECTS)
def test_on_paper_too_the_sound_server_breaks_nothing(name: str, reading: Reading) -> None:
    dialect = catalog.load(name)
    scenarios = [one for one in dialect.scenarios.values() if not one.name.endswith(("-huge", "-deep"))]
    how: Reading = Random(name) if reading == "of chance" else reading
    found = {one.name: Rehearsal(dialect, None, how).play(one) for one in scenarios}
    assert {name: (report.findings, ended) for name, (report, ended) in found.items()} == {
        one.name: ((), "") for one in scenarios
    }


def test_a_dialect_of_the_users_own_has_mutants_too() -> None:
    """Its scenarios are made to show what a server does, so not all of them break nothing."""
    dialect = playhouse.parlour()
    for scenario in dialect.scenarios.values():
        sound = broken(Rehearsal(dialect), scenario)
        for mutant in mutants(dialect):
            leaked = broken(Rehearsal(dialect, mutant.name), scenario) - sound - implied(mutant.guarantee)
            assert (scenario.name, mutant.name, leaked) == (scenario.name, mutant.name, set())


def broken(rehearsal: Rehearsal, scenario: Scenario) -> set[str]:
    report, _ = rehearsal.play(scenario)
    return {group.first.code for group in report.findings}


def implied(guarantee: str) -> set[str]:
    """What may fail in a mutant's scenarios: its guarantee, and what the rule says."""
    return {guarantee, *catalog.rules()[guarantee].implies}
