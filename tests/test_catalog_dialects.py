"""The shipped catalogs against their documents, read by hand: every frame, every field, every claim and its level."""

from __future__ import annotations

import pickle
from importlib.resources import files
from pathlib import Path

import pytest

from wirecheck.catalog import Dialect, FrameForm, dialects, load, load_file, role_words, span_roles, split_example
from wirecheck.catalog.places import documented
from wirecheck.catalog.source import LOADERS, parse
from wirecheck.errors import UsageError

CATALOGS = Path(str(files("wirecheck.catalogs")))

# Per frame: what it rests on, then its fields as the document shows them. `?` marks those that may be absent: not in
# every example of the frame, or called optional, or with a default.
FRAMES = {
    "agent_platform": {
        "server": {
            "typing_started": "example: agent_id thread_id workflow_id",
            "text_delta": "example: agent_id thread_id content",
            "stream_end": "name: unknown",
            "message_completed": "example: agent_id thread_id message_id content",
            "tool_call_started": "example: thread_id workflow_id tool_call_id tool_name preview",
            "tool_call_completed": "example: thread_id workflow_id tool_call_id tool_name",
            "approval_pending": "name: unknown",
            "approval_expired": "name: unknown",
            "escalation_created": "name: unknown",
            "conversation_started": "name: unknown",
            "conversation_completed": "name: unknown",
            "conversation_failed": "name: unknown",
        },
        "client": {},
    },
    "amigo": {
        "server": {
            "session_started": "table: session_id conversation_id",
            "session_ended": "table: reason",
            "error": "table: message",
            "ping": "table:",
            "typing": "table:",
            "response_complete": "table: duplicate?",
            "message": "table: role text",
            "tool_call_started": "table: tool_name call_id input",
            "tool_call_completed": "table: tool_name call_id result succeeded?",
        },
        "client": {None: "example: text"},
    },
    "bondai": {
        "server": {
            "conversational_agent_started": "example: agent_id",
            "conversational_agent_completed": "example: agent_id",
            "conversational_agent_message": "example: agent_id message",
            "task_agent_started": "example: agent_id",
            "task_agent_completed": "example: agent_id",
            "task_agent_step_started": "example: agent_id",
            "task_agent_step_tool_selected": "example: agent_id step",
            "task_agent_step_completed": "example: step",
        },
        "client": {"user_message": "example: message"},
    },
    "symindx": {
        "server": {
            "chat_response": "example: response agentId emotion processingTime?",
            "command_result": "example: commandId status result executionTime",
            "event": "example: eventType agentId",
            "status_update": "example: agentId status currentTask queueLength uptime",
            "ping": "example:",
            "error": "example: code message details",
        },
        "client": {
            "chat": "example: message conversationId?",
            "command": "example: instruction parameters?",
            "subscribe": "example: stream? agentId? filter?",
            "join_conversation": "example: conversationId agents",
            "agent_handoff": "example: fromAgent toAgent conversationId reason",
            "typing_start": "example: conversationId userId",
            "typing_stop": "example: conversationId userId",
            "status": "example:",
            "pong": "example:",
            "batch": "example: messages",
        },
    },
    "vonz": {
        "server": {
            "session.ready": "example: session_id container_id container_name profile_id",
            "session.replay_start": "example: session_id",
            "session.replay_end": "name: unknown",
            "task:token": "example: session_id text",
            "task:tool_use": "example: session_id tool input",
            "task:tool_result": "example: session_id tool output",
            "task:ask_user": "example: session_id task_id questions",
            "turn.continuing": "example: continuation max_continuations",
            "turn.done": "example: session_id result_text input_tokens output_tokens cost_usd",
            "task:done": "example: task_id session_id status",
            "task:failed": "example: task_id error",
            "error": "words: code message",
        },
        "client": {
            "task.submit": "example: mode profile_id session_id? prompt",
            "task.cancel": "example: task_id",
            "session.start": "example: profile_id",
            "session.resume": "example: session_id",
            "session.turn": "example: session_id prompt",
            "task.answer": "example: task_id answer",
        },
    },
}

LEVELS = {
    "agent_platform": {
        "must": "",
        "should": "text-inside-turn turn-closed-once tool-call-answered-once thread-agrees",
        "may": "final-message-after-stream final-text-agrees tool-names-agree approval-settled session-opens-first "
        "session-closes-last malformed-input-survived",
    },
    "amigo": {
        "must": "session-opens-first tool-call-answered-once tool-frames-opted-in resumed-conversation-agrees",
        "should": "session-closes-last turn-closed-once final-message-once-a-turn final-message-inside-turn "
        "next-prompt-waits unknown-frames-survive",
        "may": "tool-names-agree malformed-input-survived",
    },
    "bondai": {
        "must": "",
        "should": "agents-bracketed tasks-bracketed steps-bracketed step-tool-inside-step steps-inside-task",
        "may": "session-opens-first session-closes-last malformed-input-survived",
    },
    "symindx": {
        "must": "",
        "should": "request-answered events-subscribed ping-answered malformed-input-survived",
        "may": "id-echoed",
    },
    "vonz": {
        "must": "text-inside-turn tool-call-answered-once replay-bracketed replay-answers-resume replay-comes-first "
        "live-after-replay session-ready-answers",
        "should": "turn-closed-once replay-repeats-history continuation-counts question-flattened task-settled "
        "turn-and-task-end-together auth-failure-closes",
        "may": "malformed-input-survived",
    },
}

every_dialect = pytest.mark.parametrize("name", sorted(FRAMES))


def outline(form: FrameForm) -> str:
    """A frame as `FRAMES` writes it."""
    if form.payload is None:
        return f"{form.basis}: unknown"
    required = form.payload["required"]
    fields = (name if name in required else f"{name}?" for name in form.payload["properties"])
    return " ".join((f"{form.basis}:", *fields))


def test_these_are_shipped() -> None:
    assert dialects() == ("agent_platform", "amigo", "bondai", "symindx", "vonz")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load("nobody-knows-this")
    assert str(caught.value) == (
        "no dialect is called `nobody-knows-this`; known are `agent_platform`, `amigo`, `bondai`, `symindx`, `vonz`; "
        "for one of your own, give its file"
    )


@every_dialect
def test_a_dialect_is_loaded_once(name: str) -> None:
    assert load(name) is load(name)


@every_dialect
@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_both_parsers_give_the_same_dialect(name: str, loader: object) -> None:
    first = load_file(CATALOGS / f"{name}.yaml", loader=LOADERS[0])
    assert load_file(CATALOGS / f"{name}.yaml", loader=loader) == first
    assert pickle.loads(pickle.dumps(first)) == first


@every_dialect
@pytest.mark.parametrize("sender", ["server", "client"])
def test_the_frames_and_fields_are_those_of_the_document(name: str, sender: str) -> None:
    found = {form.tag: outline(form) for form in load(name).frames.values() if form.sender == sender}
    assert found == FRAMES[name][sender]


@every_dialect
def test_the_claims_and_levels_are_those_of_the_document(name: str) -> None:
    found: dict[str, set[str]] = {"must": set(), "should": set(), "may": set()}
    for claim in load(name).guarantees.values():
        found[claim.level].add(claim.id)
    assert found == {level: set(ids.split()) for level, ids in LEVELS[name].items()}


@every_dialect
def test_every_frame_says_what_it_is_what_it_rests_on_and_gives_an_example(name: str) -> None:
    tree = parse((CATALOGS / f"{name}.yaml").read_bytes(), name)
    for key, node in tree.map["frames"].map.items():
        assert {"from", "basis", "source", "summary", "payload", "examples"} <= set(node.map), key
        assert {"is", "may", "contains", "cases"} & set(node.map), key
    for form in load(name).frames.values():
        assert form.examples, form.key
        assert (form.payload is None) == (form.basis == "name"), form.key


@every_dialect
def test_every_claim_has_words_and_a_source_of_its_own(name: str) -> None:
    tree = parse((CATALOGS / f"{name}.yaml").read_bytes(), name)
    for key, node in tree.map["guarantees"].map.items():
        assert {"level", "says", "source"} <= set(node.map), key
    dialect = load(name)
    assert dialect.source
    assert dialect.open_points
    assert all(point.endswith(".") or "; " in point for point in dialect.open_points)


@every_dialect
def test_every_optional_field_and_every_case_is_shown_by_an_example(name: str) -> None:
    for form in load(name).frames.values():
        shown = {field for example in form.examples for field in split_example(example)[0]}
        fields = set(form.payload["properties"]) if form.payload is not None else set()
        for case in form.cases:
            fields |= set(case.payload["properties"]) if case.payload is not None else set()
        assert fields <= shown, form.key


@every_dialect
def test_every_span_that_its_frames_open_or_close_has_a_form(name: str) -> None:
    dialect = load(name)
    carried = set()
    for form in dialect.frames.values():
        carried.update(form.roles, form.may)
        for case in form.cases:
            carried.update(case.roles, case.may)
    assert carried <= set(role_words())
    assert set(dialect.spans) == {kind for kind, pair in span_roles().items() if carried & set(pair)}
    for kind, span in dialect.spans.items():
        assert (span.name, (span.open, span.close)) == (kind, span_roles()[kind])


def roles(dialect: Dialect, key: str, case: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    form = dialect.frames[key]
    for one in form.cases:
        if one.name == case:
            return one.roles, one.may
    assert case is None
    return form.roles, form.may


def test_vonz_as_documented() -> None:
    vonz = load("vonz")
    assert (vonz.connect.url, vonz.connect.path) == ("wss://app.vonz.io", "/v1/stream")
    assert vonz.connect.closes == {4001: "auth.refused"}
    assert vonz.connect.auth == (
        {"subprotocol": "Bearer.{token}"},
        {"query": {"token": "{token}"}},
        {"cookie": "{cookie}"},
    )
    assert roles(vonz, "task.submit") == (("prompt", "task.open"), ())
    assert roles(vonz, "task.submit", "new-session") == (("ask.session",), ())
    assert roles(vonz, "task.submit", "session-mode") == (("turn.open",), ())
    assert roles(vonz, "task.submit", "other-mode") == ((), ("turn.open", "task.close"))
    assert roles(vonz, "task:failed") == ((), ("tool.close", "task.close", "turn.close"))
    assert roles(vonz, "task:tool_use", "question") == (("ask.question",), ())
    assert documented(vonz.frames["task:tool_use"].cases[0].payload, ("input", "questions")) == {"type": "array"}
    options = documented(vonz.frames["task:ask_user"].payload, ("questions",))
    assert options is not None
    assert options["items"]["properties"]["options"]["items"]["required"] == ["label"]
    assert vonz.spans["tool"].keys == ("session", "tool")
    assert vonz.spans["tool"].tie == "oldest"
    assert vonz.spans["replay"].subtrace


def test_amigo_as_documented() -> None:
    amigo = load("amigo")
    assert amigo.unknown == "ignore"
    assert (amigo.connect.params["tool_events"].type, amigo.connect.params["tool_events"].default) == ("boolean", False)
    assert amigo.connect.params["conversation_id"].default is None
    assert {key for key, form in amigo.frames.items() if form.needs} == {"tool_call_started", "tool_call_completed"}
    assert amigo.frames["tool_call_started"].needs == {"tool_events": True}
    assert documented(amigo.frames["session_ended"].payload, ("reason",)) == {
        "enum": ["stopped", "completed", "escalated", "disconnected", "other"]
    }
    kinds = documented(amigo.frames["tool_call_started"].payload, ("input",))
    assert kinds is not None
    assert kinds["type"] == ["object", "string", "null"]
    defaults = {"response_complete": ("duplicate", False), "tool_call_completed": ("succeeded", True)}
    for key, (field, default) in defaults.items():
        schema = documented(amigo.frames[key].payload, (field,))
        assert schema is not None
        assert schema["default"] is default
    assert amigo.guarantees["tool-call-answered-once"].options["by"] == ("turn",)


def test_bondai_as_documented() -> None:
    bondai = load("bondai")
    assert (bondai.envelope.style, bondai.envelope.tag, bondai.envelope.data) == ("nested", "event", "data")
    assert bondai.connect.port == 2663
    completed = bondai.frames["task_agent_step_completed"].payload
    assert documented(completed, ("step", "agent_id")) == {"type": "string"}
    assert documented(completed, ("step", "step")) == {"type": "object"}
    assert [place.path for place in bondai.names["agent"]] == [("agent_id",), ("step", "agent_id")]


def test_agent_platform_as_documented() -> None:
    platform = load("agent_platform")
    assert platform.envelope.tag == "event_type"
    assert platform.connect.path == "/ws/threads/{threadId}"
    assert [place.place for place in platform.names["thread"]] == ["payload", "path"]


def test_symindx_as_documented() -> None:
    symindx = load("symindx")
    fields = {sender: {one.name: one.required for one in fields} for sender, fields in symindx.envelope.header.items()}
    assert fields == {
        "client": {"id": False, "timestamp": False, "targetAgent": False, "priority": False},
        "server": {"id": False, "timestamp": False},
    }
    assert {key for key, form in symindx.frames.items() if form.wire == "flat"} == {"typing_start", "typing_stop"}
    assert symindx.frames["batch"].contains == ("messages",)
    assert symindx.rejects is not None
    assert (symindx.rejects.answer, symindx.rejects.code) == ("error", "INVALID_MESSAGE")
    codes = documented(symindx.frames["error"].payload, ("code",))
    assert codes is not None
    assert codes["examples"] == [
        "INVALID_MESSAGE",
        "AGENT_NOT_FOUND",
        "UNAUTHORIZED",
        "RATE_LIMIT_EXCEEDED",
        "INTERNAL_ERROR",
    ]
    assert roles(symindx, "subscribe") == ((), ())
    assert roles(symindx, "subscribe", "topics") == (("opt.in",), ())
    assert roles(symindx, "subscribe", "stream") == (("opt.in.opaque",), ())
    batch = symindx.frames["batch"].examples[0]["messages"]
    assert {item["type"] for item in batch} <= set(symindx.frames)
