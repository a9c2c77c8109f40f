"""The documents of AsyncAPI: valid by AsyncAPI's own schema, of one piece, and no more nor less than the catalog says.

What AsyncAPI's own parser thinks of those in `schemas/` is `make asyncapi-check`.
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from small_catalogs import catalog as drawn_catalog
from wirecheck import asyncapi, dialects, load, schema
from wirecheck.catalog import Dialect, load_file
from wirecheck.catalog.model import Connect, Param
from wirecheck.errors import CatalogError
from wirecheck.sample.source import Seeded

ROOT = Path(__file__).resolve().parent.parent
DRAFT = "http://json-schema.org/draft-07/schema#"
VENDORED = (ROOT / "tests/data/asyncapi/3.0.0.json").read_text(encoding="utf-8")
# It brings a copy of draft 07 that asks for more than the true one, which validators would take instead.
OFFICIAL = jsonschema_rs.Draft7Validator(
    json.loads(VENDORED.replace("http://json-schema.org/draft-07/schema", "http://asyncapi.com/draft-07"))
    | {"$schema": DRAFT},
    validate_formats=True,
)
DRAFT_07 = "application/schema+json;version=draft-07"
NAME = re.compile(r"[A-Za-z0-9._-]+")
"""What AsyncAPI takes for the name of a component; its schema passes over components with other names unread."""

Document = dict[str, Any]


@cache
def shipped(name: str) -> str:
    (text,) = asyncapi.generate(load(name)).values()
    return text


def read(name: str) -> Document:
    whole: Document = yaml.safe_load(shipped(name))
    return whole


def of(text: str) -> Dialect:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return load_file(path)


def references(value: Any) -> Iterator[Any]:
    """What stands under `$ref`, anywhere."""
    if isinstance(value, dict):
        for name, held in value.items():
            if name == "$ref":
                yield held
            yield from references(held)
    elif isinstance(value, list):
        for held in value:
            yield from references(held)


def target(whole: Document, reference: str) -> Any:
    assert reference.startswith("#/"), reference
    found: Any = whole
    for step in reference[2:].split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def dangling(whole: Document) -> list[str]:
    wrong = []
    for reference in references(whole):
        try:
            target(whole, reference)
        except (KeyError, AssertionError, AttributeError):
            wrong.append(str(reference))
    return wrong


def breaking(whole: Document) -> list[str]:
    """The examples that break their message's payload, by name."""
    wrong = []
    for message in whole["components"].get("messages", {}).values():
        assert message["payload"]["schemaFormat"] == DRAFT_07
        judge = jsonschema_rs.Draft7Validator(message["payload"]["schema"])
        wrong += [one["name"] for one in message.get("examples", ()) if not judge.is_valid(one["payload"])]
    return wrong


def assert_right(whole: Document, dialect: Dialect) -> None:
    """Valid, of one piece, and each frame of the catalog once, in its direction."""
    OFFICIAL.validate(whole)
    assert dangling(whole) == []
    assert breaking(whole) == []
    for kind in whole["components"].values():
        assert [name for name in kind if not NAME.fullmatch(name)] == []
    (channel,) = whole["channels"].values()
    done: dict[str, list[str]] = {"receive": [], "send": []}
    for operation in whole["operations"].values():
        (message,) = operation["messages"]
        done[operation["action"]].append(
            target(whole, target(whole, message["$ref"])["$ref"])["x-wirecheck-frame"]["key"]
        )
    sent = {sender: [frame.key for frame in dialect.frames.values() if frame.sender == sender] for sender in SIDES}
    assert done == {"receive": sent["client"], "send": sent["server"]}
    assert list(channel.get("messages", {})) == list(whole["components"].get("messages", {}))


SIDES = ("client", "server")


@pytest.mark.parametrize("name", dialects())
def test_the_documents_of_what_ships_are_right(name: str) -> None:
    whole = read(name)
    assert_right(whole, load(name))
    listed = [(one["id"], one["level"], one["says"], one["source"]) for one in whole["x-wirecheck-guarantees"]]
    claims = load(name).guarantees.values()
    assert listed == [(claim.id, claim.level, claim.says, claim.source) for claim in claims]
    assert tuple(whole["x-wirecheck-open"]) == load(name).open_points
    assert load(name).source in whole["info"]["description"]


@pytest.mark.parametrize("name", dialects())
def test_the_files_that_are_checked_in_are_these(name: str) -> None:
    assert (ROOT / "schemas" / name / "asyncapi.yaml").read_bytes() == shipped(name).encode()
    assert asyncapi.generate(load(name)) == {f"{name}/asyncapi.yaml": shipped(name)}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", dialects())
def test_payloads_accept_and_refuse_what_the_schemas_do(name: str) -> None:
    """In draft 07 the same as in 2020-12, for every fixture in the vendor's own envelope."""
    dialect, messages = load(name), read(name)["components"]["messages"]
    judges = {one["x-wirecheck-frame"]["key"]: one["payload"]["schema"] for one in messages.values()}
    ours = {key: jsonschema_rs.Draft7Validator(held) for key, held in judges.items()}
    seen = {True: 0, False: 0}
    for vector in json.loads((ROOT / "fixtures" / name / "frames.json").read_text(encoding="utf-8")):
        frame = dialect.frames.get(vector["variant"])
        if frame is None:
            continue
        style = schema.wire_style(dialect, frame)
        theirs = jsonschema_rs.Draft202012Validator(schema.frame_schema(dialect, frame, style))
        verdict = theirs.is_valid(vector["message"])
        assert ours[frame.key].is_valid(vector["message"]) == verdict, vector["description"]
        seen[verdict] += 1
    assert min(seen.values()) > 10


@pytest.mark.parametrize("name", dialects())
def test_an_example_is_one_message_of_its_direction_and_no_other(name: str) -> None:
    messages = read(name)["components"]["messages"].values()
    for message in messages:
        side = [
            other for other in messages if other["x-wirecheck-frame"]["from"] == message["x-wirecheck-frame"]["from"]
        ]
        for example in message.get("examples", ()):
            fits = [
                other["name"]
                for other in side
                if jsonschema_rs.Draft7Validator(other["payload"]["schema"]).is_valid(example["payload"])
            ]
            assert fits == [message["name"]]


# Mutants

Fault = Callable[[Document], object]


def first(held: Mapping[str, Any]) -> Any:
    return next(iter(held.values()))


INVALID: dict[str, Fault] = {
    "no title": lambda whole: whole["info"].pop("title"),
    "a version that does not exist": lambda whole: whole.update(asyncapi="3.0.9"),
    "an id that is no URI": lambda whole: whole.update(id="no uri"),
    "a server without a host": lambda whole: first(whole["servers"]).pop("host"),
    "an action that does not exist": lambda whole: first(whole["operations"]).update(action="publish"),
    "an operation on no channel": lambda whole: first(whole["operations"]).pop("channel"),
    "an address that is no text": lambda whole: first(whole["channels"]).update(address=1),
    "a binding that does not exist": lambda whole: first(whole["channels"])["bindings"]["ws"].update(method="PUT"),
    "a member that does not exist": lambda whole: first(whole["components"]["messages"]).update(tag="x"),
    "a type that does not exist": lambda whole: first(whole["components"]["messages"])["payload"]["schema"].update(
        type="strin"
    ),
    "an enum with equal values": lambda whole: first(whole["components"]["messages"])["payload"]["schema"].update(
        enum=[1, 1]
    ),
    "an example without a payload": lambda whole: first(whole["components"]["messages"])["examples"][0].pop("payload"),
    "a place that is none": lambda whole: first(whole["components"]["correlationIds"]).update(location="/id"),
    "a way to authenticate that does not exist": lambda whole: first(whole["components"]["securitySchemes"]).update(
        type="magic"
    ),
}


@pytest.mark.parametrize("fault", INVALID)
def test_a_document_with_a_fault_is_not_valid(fault: str) -> None:
    whole = read("vonz")
    INVALID[fault](whole)
    assert not OFFICIAL.is_valid(whole)


def test_references_to_nothing_and_wrong_examples_are_noticed() -> None:
    whole = read("vonz")
    first(whole["operations"])["messages"][0]["$ref"] += "-nobody"
    first(whole["channels"])["messages"]["error"]["$ref"] = "https://example.com/error"
    assert len(dangling(whole)) == 2
    example = whole["components"]["messages"]["turn.done"]["examples"][0]
    del example["payload"]["session_id"]
    assert breaking(whole) == [example["name"]]
    with pytest.raises(AssertionError):
        twice = read("vonz")
        twice["operations"]["send_error"]["action"] = "receive"
        assert_right(twice, load("vonz"))


# What pairs and ties are written down


def replies(whole: Document) -> dict[str, list[str]]:
    return {
        name: [one["$ref"].rpartition("/")[2] for one in operation["reply"]["messages"]]
        for name, operation in whole["operations"].items()
        if "reply" in operation
    }


REPLIES: dict[str, dict[str, list[str]]] = {
    "agent_platform": {},
    "amigo": {},
    "bondai": {},
    "symindx": {
        "receive_chat": ["chat_response", "error"],
        "receive_command": ["command_result", "error"],
        "receive_status": ["status_update", "error"],
        "send_ping": ["pong"],
    },
    "vonz": {
        "receive_session.start": ["session.ready", "error"],
        "receive_session.resume": ["session.replay_start", "error"],
    },
}
TIES: dict[str, dict[str, str]] = {
    "agent_platform": {"tool_call_started": "/tool_call_id", "tool_call_completed": "/tool_call_id"},
    "amigo": {"tool_call_started": "/call_id", "tool_call_completed": "/call_id"},
    "bondai": {
        "conversational_agent_started": "/data/agent_id",
        "conversational_agent_completed": "/data/agent_id",
        "task_agent_started": "/data/agent_id",
        "task_agent_completed": "/data/agent_id",
        "task_agent_step_started": "/data/agent_id",
        "task_agent_step_completed": "/data/step/agent_id",
    },
    "symindx": dict.fromkeys(("chat", "command", "status", "chat_response", "command_result", "status_update"), "/id"),
    "vonz": dict.fromkeys(
        ("task.submit", "session.resume", "session.turn", "session.replay_start", "turn.done", "task:done"),
        "/session_id",
    ),
}


@pytest.mark.parametrize("name", dialects())
def test_requests_have_the_replies_that_are_promised(name: str) -> None:
    assert replies(read(name)) == REPLIES[name]


@pytest.mark.parametrize("name", dialects())
def test_what_ties_messages_together_lies_where_it_is_said(name: str) -> None:
    whole = read(name)
    tied = {
        message["x-wirecheck-frame"]["key"]: target(whole, message["correlationId"]["$ref"])["location"]
        for message in whole["components"]["messages"].values()
        if "correlationId" in message
    }
    assert tied == {key: f"$message.payload#{place}" for key, place in TIES[name].items()}


def test_a_request_in_one_case_alone_is_told_in_words() -> None:
    operation = read("vonz")["operations"]["receive_task.submit"]
    assert operation["description"] == (
        "In the case `new-session` it is a request, answered by `session.ready` or `error`."
    )


def test_nothing_that_is_only_possible_makes_a_reply() -> None:
    dialect = load("symindx")
    frames = dict(dialect.frames)
    assert "reply" not in read("symindx")["operations"]["receive_join_conversation"]
    frames["chat_response"] = replace(frames["chat_response"], roles=(), may=("answer.chat",))
    assert "receive_chat" not in replies(asyncapi.document(replace(dialect, frames=frames)))
    kept = {id: claim for id, claim in dialect.guarantees.items() if id != "request-answered"}
    assert list(replies(asyncapi.document(replace(dialect, guarantees=kept)))) == ["send_ping"]


def test_header_fields_are_a_trait_of_those_who_may_carry_them() -> None:
    whole = read("symindx")
    traits = whole["components"]["messageTraits"]
    assert list(traits) == ["clientHeader", "serverHeader"]
    assert set(traits["serverHeader"]["headers"]["schema"]["properties"]) == {"id", "timestamp"}
    for message in whole["components"]["messages"].values():
        assert message["traits"] == [
            {"$ref": f"#/components/messageTraits/{message['x-wirecheck-frame']['from']}Header"}
        ]
    assert "messageTraits" not in read("vonz")["components"]
    assert " may have beside " in traits["serverHeader"]["headers"]["schema"]["description"]
    dialect = load("symindx")
    always = {
        sender: tuple(replace(one, required=True) for one in of) for sender, of in dialect.envelope.header.items()
    }
    sure = asyncapi.document(replace(dialect, envelope=replace(dialect.envelope, header=always)))
    assert " have beside " in sure["components"]["messageTraits"]["serverHeader"]["headers"]["schema"]["description"]
    assert "may have" not in sure["components"]["messageTraits"]["serverHeader"]["headers"]["schema"]["description"]


def test_where_the_messages_of_a_batch_lie_is_a_json_pointer() -> None:
    dialect = load("symindx")
    odd = replace(dialect.frames["batch"], contains=("a/b", "c~d"))
    whole = asyncapi.document(replace(dialect, frames={**dialect.frames, "batch": odd}))
    assert "The items at `/a~1b/c~0d` of its payload" in whole["components"]["messages"]["batch"]["description"]


# How one connects


def connected(connect: Connect, **more: Any) -> Document:
    """A document with this connection, which is valid."""
    whole = asyncapi.document(replace(load("bondai"), connect=connect, **more))
    OFFICIAL.validate(whole)
    assert dangling(whole) == []
    return whole


def hosts(connect: Connect) -> dict[str, str]:
    return {server["protocol"]: server["host"] for server in connected(connect)["servers"].values()}


def test_a_server_is_the_one_that_the_document_names_or_a_place_for_one() -> None:
    assert hosts(Connect(url="wss://a.example")) == {"wss": "a.example"}
    assert hosts(Connect(url="ws://a.example:81", port=81)) == {"ws": "a.example:81"}
    assert hosts(Connect(url="ws://a.example", port=81)) == {"ws": "a.example:81"}
    assert hosts(Connect(url="ws://me:pass@[::1]:8")) == {"ws": "[::1]:8"}
    assert hosts(Connect(port=81)) == {"ws": "{host}:81", "wss": "{host}:81"}
    assert hosts(Connect()) == {"ws": "{host}", "wss": "{host}"}
    assert connected(Connect())["servers"]["wss"]["variables"]["host"]["default"] == "localhost"
    (server,) = connected(Connect(url="wss://{region}.a.example"))["servers"].values()
    assert list(server["variables"]) == ["region"]


def channel(connect: Connect) -> Document:
    found: Document = first(connected(connect)["channels"])
    return found


def test_the_address_and_its_parameters() -> None:
    assert channel(Connect())["address"] is None
    assert channel(Connect(path="/a"))["address"] == "/a"
    number = Param(name="the.one", place="path", type="integer", default=7, summary="Which.")
    text = Param(name="the-one", place="path", type="string")
    found = channel(Connect(path="/a/{the.one}/{the-one}", params={"the.one": number, "the-one": text}))
    assert found["address"] == "/a/{the-one}/{the-one_2}"
    assert found["parameters"] == {
        "the-one": {"description": "Which. It is the text of a value of the type integer.", "default": "7"},
        "the-one_2": {},
    }


def test_what_the_handshake_carries() -> None:
    flag = Param(name="all", place="query", type="boolean", default=False, summary="Whether all.")
    ways = ({"query": {"key": "{key}"}}, {"header": {"X-Key": "{key}", "X-Who": "{who}"}}, {"cookie": "sid={sid}"})
    found = channel(Connect(path="/a?v=2#top", params={"all": flag}, auth=ways))
    assert found["address"] == "/a"
    binding = found["bindings"]["ws"]
    assert binding["query"]["properties"]["v"] == {"const": "2"}
    assert binding["query"]["properties"]["all"] == {"type": "boolean", "description": "Whether all.", "default": False}
    assert list(binding["query"]["properties"]) == ["v", "all", "key"]
    assert list(binding["headers"]["properties"]) == ["X-Key", "X-Who", "Cookie"]
    assert "required" not in binding["query"] and "required" not in binding["headers"]
    assert channel(Connect(closes={4001: "auth.refused"}))["x-wirecheck-closes"] == {"4001": "auth.refused"}


WAYS = [
    ({"subprotocol": "Bearer.{token}"}, "httpApiKey header Sec-WebSocket-Protocol"),
    ({"query": {"token": "{token}"}}, "httpApiKey query token"),
    ({"cookie": "{cookie}"}, "httpApiKey header Cookie"),
    ({"cookie": "sid={token}"}, "httpApiKey cookie sid"),
    ({"header": {"Authorization": "Bearer {token}"}}, "http bearer"),
    ({"header": {"authorization": "Basic {token}"}}, "http basic"),
    ({"header": {"Authorization": "{token}"}}, "httpApiKey header Authorization"),
    ({"header": {"Authorization": "Bearer {token}", "X-Who": "{who}"}}, "httpApiKey header Authorization"),
    ({"header": {"X-Key": "{key}"}}, "httpApiKey header X-Key"),
]


@pytest.mark.parametrize(("way", "written"), WAYS)
def test_each_way_to_authenticate_has_its_scheme(way: Mapping[str, Any], written: str) -> None:
    whole = connected(Connect(auth=(way,)))
    (form,) = whole["components"]["securitySchemes"].values()
    assert " ".join(form[part] for part in ("type", "in", "name", "scheme") if part in form) == written
    told = re.findall(r"\{\w+\}", str(way))
    assert re.findall(r"\{\w+\}", form["description"]) == told


def test_several_ways_are_alternatives_and_keep_their_names() -> None:
    whole = connected(Connect(url="ws://a.example", auth=tuple(way for way, _ in WAYS)))
    names = list(whole["components"]["securitySchemes"])
    assert len(names) == len(WAYS) and names[:4] == ["subprotocol", "query", "cookie", "cookie_2"]
    named = [one["$ref"].rpartition("/")[2] for one in whole["servers"]["ws"]["security"]]
    assert named == names
    scheme = read("vonz")["components"]["securitySchemes"]["query"]
    assert scheme["description"] == "The client adds `token={token}` to the query. `token`: The API token."


# Catalogs of users


@pytest.mark.no_cover
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_documents_of_drawn_catalogs_are_right(seed: int) -> None:
    """Whatever their frames, and however one connects."""
    source = Seeded(seed)
    drawn = json.loads(drawn_catalog(source))
    connect: dict[str, Any] = {"params": {}}
    if source.below(2):
        connect["url"] = ("ws://a.example", "wss://{zone}.example:8443")[source.below(2)]
    if source.below(2):
        connect["port"] = 1 + source.below(65535)
    if source.below(2):
        connect["path"] = ("/", "/a/{who}", "/é/{who}?v=1")[source.below(3)]
        if "{who}" in connect["path"]:
            connect["params"]["who"] = {"in": "path", "type": ("string", "number")[source.below(2)]}
    if source.below(2):
        connect["params"]["all"] = {"in": "query", "type": "boolean", "default": True, "summary": "yes: no"}
    connect["auth"] = [way for way, _ in WAYS if source.below(3) == 0]
    try:
        dialect = of(json.dumps(drawn | {"connect": connect}))
    except CatalogError:
        return  # contradicts itself, and the loader says so
    whole = asyncapi.document(dialect)
    assert_right(whole, dialect)
    (text,) = asyncapi.generate(dialect).values()
    assert yaml.safe_load(text) == whole
    assert asyncapi.generate(copy.deepcopy(dialect)) == asyncapi.generate(dialect)


def test_most_drawn_catalogs_have_documents() -> None:
    loaded = 0
    for seed in range(40):
        try:
            assert_right(asyncapi.document(dialect := of(drawn_catalog(Seeded(seed)))), dialect)
        except CatalogError:
            continue
        loaded += 1
    assert loaded > 25


MISREAD = """
dialect: mine
envelope: {style: flat, tag: $type, header: {server: {"$ref?": string}}}
frames:
  go:
    from: client
    payload:
      to: {const: {"$ref": "#/nowhere", n: [1, {"$ref": x}]}}
      either?: {enum: [{"$ref": x}, 2], default: {"$ref": x}}
      deep: [{type: object, properties: {"$ref": {const: {"$ref": 7}}}, required: ["$ref"]}]
      any: {anyOf: [{const: {"$ref": 1}}, {const: 3}]}
      "$ref?": string
      "<<?": integer
      "__proto__?": {type: object, properties: {"$ref": string}, required: ["$ref"], additionalProperties: false}
      twice?: {enum: [x, x, 1, 1.0, true, {"$ref": 1}, {"$ref": 1}]}
    examples:
      - {to: {"$ref": "#/nowhere", n: [1, {"$ref": x}]}, either: 2, deep: [], any: 3}
  come: {from: server, payload: {}}
"""


def test_names_that_mean_something_else_to_readers_are_said_otherwise() -> None:
    dialect = of(MISREAD)
    whole = asyncapi.document(dialect)
    OFFICIAL.validate(whole)
    assert dangling(whole) == []
    message = whole["components"]["messages"]["go"]
    assert "examples" not in message
    payload = message["payload"]["schema"]
    assert "default" not in payload["properties"]["either"]
    ours = jsonschema_rs.Draft7Validator(payload)
    theirs = jsonschema_rs.Draft202012Validator(schema.frame_schema(dialect, dialect.frames["go"], "flat"))
    to: Any = {"$ref": "#/nowhere", "n": [1, {"$ref": "x"}]}
    sent = {"$type": "go", "to": to, "either": 2, "deep": [], "any": 3}
    good: list[dict[str, Any]] = [
        {},
        {"either": {"$ref": "x"}},
        {"deep": [{"$ref": {"$ref": 7}}]},
        {"any": {"$ref": 1}},
        {"$ref": "x"},
        {"<<": 1},
        {"__proto__": {"$ref": "x"}},
        {"twice": True},
        {"twice": {"$ref": 1}},
    ]
    bad: list[dict[str, Any]] = [
        {"to": to | {"more": 1}},
        {"to": {"$ref": "#/nowhere"}},
        {"to": to | {"n": [1, {"$ref": "y"}]}},
        {"to": to | {"n": [1]}},
        {"either": {"$ref": "y"}},
        {"deep": [{"$ref": 7}]},
        {"deep": [{}]},
        {"any": {"$ref": 2}},
        {"$ref": 1},
        {"<<": "x"},
        {"__proto__": {"$ref": "x", "y": 1}},
        {"twice": 2},
    ]
    for change in good:
        assert ours.is_valid(sent | change) and theirs.is_valid(sent | change)
    for change in bad:
        assert not ours.is_valid(sent | change) and not theirs.is_valid(sent | change)


def test_a_dialect_that_says_next_to_nothing_has_a_document() -> None:
    dialect = replace(load("bondai"), frames={}, guarantees={}, spans={}, names={}, source="", open_points=())
    whole = asyncapi.document(dialect)
    assert_right(whole, dialect)
    assert whole["x-wirecheck-guarantees"] == [] and whole["operations"] == {}


# The text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.text("ab:#-' \n\t\u2028é`>|1e", max_size=200)


@pytest.mark.no_cover
@given(document=st.dictionaries(st.text(min_size=1), PLAIN | WORDS, max_size=5))
def test_the_text_says_what_the_values_say_in_their_order(document: Document) -> None:
    found = yaml.safe_load(asyncapi.text_of(document))
    assert (found or {}) == document
    assert json.dumps(found or {}) == json.dumps(document)


def test_what_stands_twice_is_written_twice() -> None:
    shared = {"a": [1]}
    text = asyncapi.text_of({"one": shared, "two": shared})
    assert "&" not in text and "*" not in text
    assert yaml.safe_load(text) == {"one": shared, "two": shared}


@pytest.mark.parametrize(
    "text", ["1e3", "-1E+3", "0o17", "0x1f", "1_0e3", ".5", "12", "yes", "null", "~", "2024-01-01"]
)
def test_texts_that_some_yaml_takes_for_something_else_are_quoted(text: str) -> None:
    assert asyncapi.text_of({"a": text}).endswith(f"a: '{text}'\n")


def test_long_texts_are_blocks() -> None:
    assert "a: >-\n  word word" in asyncapi.text_of({"a": " ".join(["word"] * 40)})
    assert "a: |-\n  one\n\n  two\n" in asyncapi.text_of({"a": "one\n\ntwo"})
