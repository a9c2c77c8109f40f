"""One mistake a catalog, and exactly what is said about it: where, what, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from wirecheck.catalog import load_file
from wirecheck.errors import CatalogError

SOUND = """\
dialect: mine
envelope: {style: flat, tag: type, header: {client: {"id?": string}}}
connect: {path: "/s/{room}", params: {room: {in: path}, n: {in: query, type: integer}}, closes: {4001: auth.refused}}
names: {session: /session, id: "@id", room: [/room, "{room}"]}
spans: {turn: {keys: [session]}}
frames:
  ask: {from: client, is: [prompt, turn.open], payload: {session: string}, examples: [{session: a, "@id": b}]}
  text: {from: server, is: [text.delta], payload: {session: string, "room?": string, text: string}}
  done: {from: server, is: [turn.close], payload: {session: string}}
guarantees:
  turn-closed-once: {level: must}
"""


def faults_of(text: str, folder: Path) -> list[str]:
    """What is said, each as `line:column: message`."""
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_file(path)
    assert {fault.file for fault in caught.value.faults} == {str(path)}
    return [str(fault).removeprefix(f"{path}:") for fault in caught.value.faults]


def test_the_sound_catalog_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND, encoding="utf-8")
    dialect = load_file(str(path))
    assert (dialect.name, dialect.title, dialect.unknown, dialect.file) == ("mine", "mine", "report", str(path))
    assert list(dialect.spans) == ["turn", "ending"]
    assert dialect.frames["text"].where is not None
    assert dialect.frames["text"].where.line == 8
    assert dialect.frames["ask"].basis == "example"
    assert dialect.guarantees["turn-closed-once"].says == "A turn ends exactly once."


NO_FRAME = "and no frame here has it; give it to one, or drop the claim"
LOCATOR = (
    "a pointer into the payload (/session_id), a header field (@id), a query parameter (?id) or a path parameter ({id})"
)

STRUCTURE = [
    ("dialect: mine", "dialect: Mine", '1:10: `dialect` is "Mine" and must be a name of lower-case letters, digits, `_` '
     "and `-`, which begins with a letter"),
    ("dialect: mine", '"dialect": "mine\\n"', '1:12: `dialect` is "mine\\n" and must be a name of lower-case letters, '
     "digits, `_` and `-`, which begins with a letter"),
    ("dialect: mine\n", "", "1:1: the catalog lacks `dialect`; add it"),
    ("dialect: mine", "dialect: mine\ntitel: x", "2:1: the catalog has no member `titel`; did you mean `title`?"),
    ("dialect: mine", "dialect: mine\nunknown: drop", '2:10: `unknown` is "drop", and may be `ignore`, `report`, '
     "`reject` only"),
    ("dialect: mine", "dialect: mine\ntitle: ''", '2:8: `title` is "" and must be a text that is not empty'),
    ("dialect: mine", "dialect: mine\nopen: a sentence", "2:7: `open` is text and must be a list of sentences; write "
     "[a sentence]"),
    ("style: flat, ", "", "2:1: `envelope` lacks `style`; add it"),
    ("style: flat", "style: falt", '2:19: `style` is "falt", and may be `flat`, `nested` only'),
    ('path: "/s/{room}"', "path: s", '3:17: `path` is "s" and must be a path that begins with /'),
    ('path: "/s/{room}"', 'path: "/s/{room}", port: 0', "3:36: `port` is 0 and must be at least 1"),
    ('path: "/s/{room}"', 'path: "/s/{room}", port: 65536', "3:36: `port` is 65536 and must be at most 65535"),
    ('path: "/s/{room}"', 'path: "/s/{room}", port: yes', "3:36: `port` is text and must be a whole number"),
    ('path: "/s/{room}"', 'path: "/s/{room}", url: "http://x"', '3:35: `url` is "http://x" and must be ws:// or '
     "wss:// and a host, without a path"),
    ("4001: auth.refused", "999: auth.refused", '3:98: the key "999" in `closes` must be a close code from 1000 to '
     "4999"),
    ("in: path", "in: cookie", '3:51: `in` is "cookie", and may be `query`, `path` only'),
    ('path: "/s/{room}"', 'path: "/s/{room}", auth: [{query: {t: secret}}]', '3:48: `t` is "secret" and must be a '
     "text with a place for the secret in it, such as Bearer.{token}; a catalog holds no secret itself"),
    ('path: "/s/{room}"', 'path: "/s/{room}", auth: [{token: "{token}"}]', "3:38: item 1 of `auth` has no member "
     "`token`; known are `cookie`, `header`, `query`, `subprotocol`"),
    ("session: /session", "session: session", f'4:18: `session` is "session" and must be {LOCATOR}'),
    ("session: /session", "session: /a~2", f'4:18: `session` is "/a~2" and must be {LOCATOR}'),
    ("[/room, ", "[/room/, ", f'4:48: item 1 of `room` is "/room/" and must be {LOCATOR}'),
    ("keys: [session]", "keys: session", "5:22: `keys` is text and must be a list of names, such as [session]; write "
     "[session]"),
    ("keys: [session]", "exclusive: yes", "5:27: `exclusive` is text and must be true or false"),
    ("keys: [session]", "tie: newest", '5:21: `tie` is "newest", and may be `oldest` only'),
    ("{from: client, ", "{", "7:3: `ask` lacks `from`; add it"),
    ("from: client", "from: user", '7:15: `from` is "user", and may be `client`, `server` only'),
    ("is: [turn.close]", "is: turn.close", "9:28: `is` is text and must be a list of roles, such as [turn.open]; "
     "write [turn.close]"),
    ("is: [turn.close]", "is: [turn.close], cases: [{is: [error]}]", "9:50: item 1 of `cases` is "
     '{"is": ["error"]} and must be a mapping with `when` or `unless`'),
    ("is: [turn.close]", "is: [turn.close], cases: [{when: {session: x}}]", '9:58: the key "session" in `when` must be '
     "a pointer into the payload (/mode) or a header field (@id)"),
    ("is: [turn.close]", "is: [turn.close], cases: [{when: {/session: [x]}}]", "9:68: `/session` is a list and must be "
     "a value to be equal to, `present`, `absent`, or {const: value}"),
    ("is: [turn.close]", "is: [turn.close], contains: items", '9:52: `contains` is "items" and must be a JSON pointer '
     "into the payload, such as /session_id"),
    ("is: [turn.close]", "examples: {}", "9:34: `examples` is a mapping and must be a list of payloads"),
    ("level: must", "level: musst", '11:29: `level` is "musst", and may be `must`, `should`, `may` only'),
    ("{level: must}", "must", "11:21: `turn-closed-once` is text and must be a mapping"),
]

MEANING = [
    ('header: {client: {"id?"', 'header: {client: {type: string, "id?"', "2:55: the header field `type` is called like "
     "the tag or the data; remove it"),
    ("tag: type,", "tag: type, data: type,", "2:42: `tag` and `data` are the same member; give them different names"),
    ('"/s/{room}"', '"/s/{rom}"', "3:17: `{rom}` in the path is no parameter; add it to `params`, in: path"),
    ("in: query, type: integer", "in: query, type: integer, default: x", '3:95: the default is "x" and must be of the '
     "type integer"),
    ("n: {in: query", "n: {in: path", "3:57: the path holds no `{n}`; write it there, or make this `in: query`"),
    ("session: /session", "session: /sesion", "4:18: no frame's payload has a field /sesion; mend the pointer, or "
     "document the field"),
    ('id: "@id"', 'id: "@ident"', "4:32: `envelope: header` has no field `ident`; known are `id`"),
    ('id: "@id"', 'id: "?m"', "4:32: `connect: params` has no query parameter `m`; known are `n`"),
    ('id: "@id"', 'id: "{n}"', "4:32: `connect: params` has no path parameter `n`; known are `room`"),
    ("keys: [session]", "keys: [sesion]", "5:23: `names` has no `sesion`; did you mean `session`?"),
    ("keys: [session]", "keys: [session], prefer: ident", "5:41: `names` has no `ident`; known are `id`, `room`, "
     "`session`"),
    ("keys: [session]", "keys: [session], exclusive: true, tie: oldest", "5:50: an exclusive span is open at most once "
     "a key, so there is no tie to break; remove one"),
    ("spans: {turn:", "spans: {trun:", "5:9: no kind of span is called `trun`; did you mean `turn`?"),
    ("is: [turn.close]", "is: [turn.close, turn.cloze]", "9:40: no role is called `turn.cloze`; did you mean "
     "`turn.close`?"),
    ("is: [turn.close]", "is: [turn.close, turn.close]", "9:40: `turn.close` stands twice in this list; remove one"),
    ("is: [turn.close]", "tag: text, is: [turn.close]", "9:3: `text` and `done` both come from the server with the tag "
     "`text`, so nothing tells them apart; make them one frame with `cases`"),
    ("  done: {", "  teXT: {", "9:3: `text` and `teXT` would share the file teXT.schema.json; rename one of the keys, "
     "and keep its tag with `tag:`"),
    ("guarantees:", "  u1: {from: client, tag: none}\n  u2: {from: client, tag: none}\nguarantees:", "11:3: `u1` and "
     "`u2` both come from the client with no tag, so nothing tells them apart; make them one frame with `cases`"),
    ("guarantees:", '  "do:it": {from: client}\n  do/it: {from: client}\nguarantees:', "11:3: `do:it` and `do/it` would "
     "share the file do-it.schema.json; rename one of the keys, and keep its tag with `tag:`"),
    ("text: string}}", '"type?": string}}', "8:79: the field `type` is called like the envelope's tag; a frame can hold "
     "only one"),
    ("text: string}}", "data: string}}", "8:79: the field `data` is called like the envelope's data; set "
     "`envelope: data` to a member that no payload has"),
    ("{session: string}, examples", '{session: string, "id?": string}, examples', "7:76: the field `id` is called like "
     "a header field; document it in one of the two"),
    ("is: [turn.close]", "contains: /session, is: [turn.close]", '9:34: `contains` is "/session", which is no array in '
     "this frame's payload; give the pointer to the array of frames"),
    ("is: [turn.close]", "needs: {m: 1}, is: [turn.close]", "9:32: `connect: params` has no `m`; known are `n`, `room`"),
    ("is: [turn.close]", "needs: {n: x}, is: [turn.close]", '9:35: `n` is of the type integer, and "x" is not'),
    ("is: [turn.close]", "is: [turn.close], cases: [{when: {/mode: 1}}]", "9:58: this frame's payload has no field "
     "/mode; document it, or mend the pointer"),
    ("is: [turn.close]", 'is: [turn.close], cases: [{when: {"@id": 1}}]', "9:58: the server's header has no field "
     "`id`; none is known here"),
    ("is: [turn.close]", "is: [turn.close], cases: [{name: x, when: {/session: 1}}, {name: x, when: {/session: 2}}]",
     "9:89: two cases are called `x`; rename one"),
    ("[{session: a,", "[{session: 1,", "7:98: this example is no `ask`: 1 is not of type 'string'; mend it, or its "
     "payload"),
    ("[{session: a, ", "[{", "7:87: this example is no `ask`: 'session' is a required property; mend it, or its "
     "payload"),
    ('"@id": b', '"@id": 1', "7:108: this example is no `ask`: @id is 1; mend it, or its payload"),
    ('"@id": b', '"@di": b', "7:108: this example is no `ask`: the client's header has no field `di` (known are "
     "`id`); mend it, or its payload"),
    ('"@id": b', "id: b", "7:105: this example is no `ask`: `id` is no field of a payload (write @id for a header "
     "field); mend it, or its payload"),
    ('"@id": b', "type: ask", "7:107: this example is no `ask`: `type` is no field of a payload (an example holds the "
     "payload only); mend it, or its payload"),
    ('"id?": string', "id: string", None),
    ('"@id": b', "more: 1", None),
    ("guarantees:", "rejects: {answer: ask}\nguarantees:", "10:19: `ask` is no frame of the server; known are `done`, "
     "`text`"),
    ("turn-closed-once:", "turn-closed-one:", "11:3: no rule is called `turn-closed-one`; did you mean "
     "`turn-closed-once`?"),
    ("level: must", "level: must, with: {by: [sesion]}", "11:47: no kind of span is called `sesion`; did you mean "
     "`session`?"),
    ("level: must", "level: must, with: {by: [session]}", "11:47: `turn-closed-once` needs spans of the kind `session`, "
     "and no frame here has `session.open` or `session.close`; give a frame that role, or set `by` in the claim's "
     "`with`"),
    ("level: must", "level: must, with: {by: [connection]}", None),
    ("level: must", "level: must, with: {by: turn}", "11:46: `by` is text and must be a list of kinds of span, or of "
     "`connection`; write [turn]"),
    ("level: must", "level: must, with: {span: turn}", "11:42: `with` of `turn-closed-once` has no member `span`; did "
     "you mean `spans`?"),
    ("level: must", "level: must, with: {patient: [ask.foo]}", "11:52: no role is called `ask.foo`; known are"),
    ("level: must}", "level: must}\n  final-message-inside-turn: {level: may}", "12:3: `final-message-inside-turn` is "
     f"about frames with the role `message.final`, {NO_FRAME}"),
    ("level: must}", "level: must}\n  text-inside-turn: {level: may, with: {outside: turn}}", '12:40: `with` of '
     '`text-inside-turn` is {"frames": "text.delta", "inside": "turn", "outside": "tu... and must be one of: frames '
     "with inside, frames with outside, edge with span, leads with span, live"),
    ("level: must}", "level: must}\n  tool-frames-opted-in: {level: may}", "12:3: `tool-frames-opted-in` is about "
     "frames that a parameter allows; give `needs` to one frame"),
    ("level: must}", "level: must}\n  thread-agrees: {level: may}", "12:3: `thread-agrees` compares the name `thread`; "
     "add it to `names` (known are `id`, `room`, `session`)"),
    ("level: must}", "level: must}\n  thread-agrees: {level: may, with: {name: room}}", None),
    ("level: must}", "level: must}\n  thread-agrees: {level: may, with: {name: session}}", "12:37: `thread-agrees` "
     "compares frames with the connection's URL; let the name `session` list a place in frames and one in the URL, such "
     'as [/thread_id, "{thread}"]'),
    ("level: must}", "level: must}\n  auth-failure-closes: {level: may}", None),
    ("level: must}", "level: must}\n  auth-failure-closes: {level: may, with: {trigger: gone}}", "12:52: "
     "`auth-failure-closes` needs a close code that means `gone`; add it to `connect: closes`"),
]


@pytest.mark.parametrize(("old", "new", "said"), STRUCTURE + MEANING)
def test_one_mistake_is_one_sentence(old: str, new: str, said: str | None, tmp_path: Path) -> None:
    assert SOUND.count(old) == 1 or old in ("level: must", "level: must}")
    text = SOUND.replace(old, new, 1)
    if said is None:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        load_file(path)
        return
    found = faults_of(text, tmp_path)
    assert len(found) == 1, found
    assert found[0] == said or (said.endswith("known are") and found[0].startswith(said))


def test_mistakes_of_structure_do_not_hide_those_inside_of_other_parts(tmp_path: Path) -> None:
    text = SOUND.replace("level: must", "level: musst").replace("text: string}}", "text: strng}}")
    text = text.replace("spans: {turn:", "spans: {turn: {}, trun:").replace("session: a", "session: 1")
    assert faults_of(text + "  no-such-rule: {level: may}\n", tmp_path) == [
        "5:19: no kind of span is called `trun`; did you mean `turn`?",
        "7:98: this example is no `ask`: 1 is not of type 'string'; mend it, or its payload",
        "8:85: no type is called `strng`; did you mean `string`?",
        '11:29: `level` is "musst", and may be `must`, `should`, `may` only',
        "12:3: no rule is called `no-such-rule`; known are",
    ][:4] + [line for line in faults_of(text + "  no-such-rule: {level: may}\n", tmp_path) if line.startswith("12:3: ")]


def test_with_an_envelope_that_is_wrong_the_frames_are_still_read(tmp_path: Path) -> None:
    text = SOUND.replace("style: flat", "style: falt").replace("is: [turn.close]", "is: [turn.cloze]")
    assert faults_of(text, tmp_path) == [
        '2:19: `style` is "falt", and may be `flat`, `nested` only',
        "9:28: no role is called `turn.cloze`; did you mean `turn.close`?",
    ]


def test_a_required_header_field_must_be_in_every_example(tmp_path: Path) -> None:
    text = SOUND.replace('"id?": string', "id: string").replace(', "@id": b', "")
    assert faults_of(text, tmp_path) == [
        "7:87: this example is no `ask`: it lacks the header field @id; mend it, or its payload"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dialect, mine]", "1:1: a catalog is a mapping; begin with `dialect: <name>`"),
        ("mine", "1:1: a catalog is a mapping; begin with `dialect: <name>`"),
    ],
)
def test_what_is_no_mapping_is_no_catalog(text: str, said: str, tmp_path: Path) -> None:
    assert faults_of(text, tmp_path) == [said]


def test_thousands_of_mistakes_are_cut(tmp_path: Path) -> None:
    roles = ", ".join(f"r{chr(97 + n % 26)}{'x' * (n // 26)}" for n in range(3000))
    text = SOUND.replace("is: [turn.close]", f"is: [turn.close, {roles}]")
    assert len(faults_of(text, tmp_path)) == 200
