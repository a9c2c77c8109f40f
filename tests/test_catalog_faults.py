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


# Each: what is replaced, by what, the text that stands where the finger points, and what is said.
STRUCTURE = [
    (
        "dialect: mine",
        "dialect: Mine",
        "Mine\nenvel",
        (
            '`dialect` is "Mine" and must be a name of lower-case letters, digits, `_` and `-`, '
            "which begins with a letter"
        ),
    ),
    (
        "dialect: mine",
        '"dialect": "mine\\n"',
        '"mine\\n"\ne',
        (
            '`dialect` is "mine\\n" and must be a name of lower-case letters, digits, `_` and `-`, '
            "which begins with a letter"
        ),
    ),
    ("dialect: mine\n", "", "envelope: ", "the catalog lacks `dialect`; add it"),
    (
        "dialect: mine",
        "dialect: mine\ntitel: x",
        "titel: x\ne",
        "the catalog has no member `titel`; did you mean `title`?",
    ),
    (
        "dialect: mine",
        "dialect: mine\nunknown: drop",
        "drop\nenvel",
        '`unknown` is "drop", and may be `ignore`, `report`, `reject` only',
    ),
    ("dialect: mine", "dialect: mine\ntitle: ''", "''\nenvelop", '`title` is "" and must be a text that is not empty'),
    (
        "dialect: mine",
        "dialect: mine\nopen: a sentence",
        "a sentence",
        "`open` is text and must be a list of sentences; write [a sentence]",
    ),
    ("style: flat, ", "", "envelope: ", "`envelope` lacks `style`; add it"),
    ("style: flat", "style: falt", "falt, tag:", '`style` is "falt", and may be `flat`, `nested` only'),
    ('path: "/s/{room}"', "path: s", "s, params:", '`path` is "s" and must be a path that begins with /'),
    ('path: "/s/{room}"', 'path: "/s/{room}", port: 0', "0, params:", "`port` is 0 and must be at least 1"),
    ('path: "/s/{room}"', 'path: "/s/{room}", port: 65536', "65536, par", "`port` is 65536 and must be at most 65535"),
    ('path: "/s/{room}"', 'path: "/s/{room}", port: yes', "yes, param", "`port` is text and must be a whole number"),
    (
        'path: "/s/{room}"',
        'path: "/s/{room}", url: "http://x"',
        '"http://x"',
        '`url` is "http://x" and must be ws:// or wss:// and a host, without a path',
    ),
    (
        "4001: auth.refused",
        "999: auth.refused",
        "999: auth.",
        'the key "999" in `closes` must be a close code from 1000 to 4999',
    ),
    ("in: path", "in: cookie", "cookie}, n", '`in` is "cookie", and may be `query`, `path` only'),
    (
        'path: "/s/{room}"',
        'path: "/s/{room}", auth: [{query: {t: secret}}]',
        "secret}}],",
        (
            '`t` is "secret" and must be a text with a place for the secret in it, such as '
            "Bearer.{token}; a catalog holds no secret itself"
        ),
    ),
    (
        'path: "/s/{room}"',
        'path: "/s/{room}", auth: [{token: "{token}"}]',
        'token: "{t',
        ("item 1 of `auth` has no member `token`; known are `cookie`, `header`, `query`, `subprotocol`"),
    ),
    (
        "session: /session",
        "session: session",
        "session, i",
        (
            '`session` is "session" and must be a pointer into the payload (/session_id), a header '
            "field (@id), a query parameter (?id) or a path parameter ({id})"
        ),
    ),
    (
        "session: /session",
        "session: /a~2",
        "/a~2, id: ",
        (
            '`session` is "/a~2" and must be a pointer into the payload (/session_id), a header '
            "field (@id), a query parameter (?id) or a path parameter ({id})"
        ),
    ),
    (
        "[/room, ",
        "[/room/, ",
        '/room/, "{',
        (
            'item 1 of `room` is "/room/" and must be a pointer into the payload (/session_id), a '
            "header field (@id), a query parameter (?id) or a path parameter ({id})"
        ),
    ),
    (
        "keys: [session]",
        "keys: session",
        "session}}\n",
        "`keys` is text and must be a list of names, such as [session]; write [session]",
    ),
    ("keys: [session]", "exclusive: yes", "yes}}\nfram", "`exclusive` is text and must be true or false"),
    ("keys: [session]", "tie: newest", "newest}}\nf", '`tie` is "newest", and may be `oldest` only'),
    ("{from: client, ", "{", "ask: {is: ", "`ask` lacks `from`; add it"),
    ("from: client", "from: user", "user, is: ", '`from` is "user", and may be `client`, `server` only'),
    (
        "is: [turn.close]",
        "is: turn.close",
        "turn.close",
        "`is` is text and must be a list of roles, such as [turn.open]; write [turn.close]",
    ),
    (
        "is: [turn.close]",
        "is: [turn.close], cases: [{is: [error]}]",
        "{is: [erro",
        'item 1 of `cases` is {"is": ["error"]} and must be a mapping with `when` or `unless`',
    ),
    (
        "is: [turn.close]",
        "is: [turn.close], cases: [{when: {session: x}}]",
        "session: x",
        ('the key "session" in `when` must be a pointer into the payload (/mode) or a header field (@id)'),
    ),
    (
        "is: [turn.close]",
        "is: [turn.close], cases: [{when: {/session: [x]}}]",
        "[x]}}], pa",
        ("`/session` is a list and must be a value to be equal to, `present`, `absent`, or {const: value}"),
    ),
    (
        "is: [turn.close]",
        "is: [turn.close], contains: items",
        "items, pay",
        ('`contains` is "items" and must be a JSON pointer into the payload, such as /session_id'),
    ),
    ("is: [turn.close]", "examples: {}", "{}, payloa", "`examples` is a mapping and must be a list of payloads"),
    ("level: must", "level: musst", "musst}\n", '`level` is "musst", and may be `must`, `should`, `may` only'),
    ("{level: must}", "must", "must\n", "`turn-closed-once` is text and must be a mapping"),
]

MEANING = [
    (
        'header: {client: {"id?"',
        'header: {client: {"type?": string, "id?"',
        '"type?": s',
        "the header field `type` is called like the tag or the data; remove it",
    ),
    (
        "tag: type,",
        "tag: type, data: type,",
        "type, head",
        "`tag` and `data` are the same member; give them different names",
    ),
    (
        '"/s/{room}"',
        '"/s/{room}/{rom}"',
        '"/s/{room}',
        "`{rom}` in the path is no parameter; add it to `params`, in: path",
    ),
    (
        "in: query, type: integer",
        "in: query, type: integer, default: x",
        "x}}, close",
        'the default is "x" and must be of the type integer',
    ),
    (
        "n: {in: query",
        "n: {in: path",
        "n: {in: pa",
        "the path holds no `{n}`; write it there, or make this `in: query`",
    ),
    (
        "session: /session",
        "session: /sesion",
        "/sesion, i",
        "no frame's payload has a field /sesion; mend the pointer, or document the field",
    ),
    ('id: "@id"', 'id: "@ident"', '"@ident", ', "`envelope: header` has no field `ident`; known are `id`"),
    ('id: "@id"', 'id: "?m"', '"?m", room', "`connect: params` has no query parameter `m`; known are `n`"),
    ('id: "@id"', 'id: "{n}"', '"{n}", roo', "`connect: params` has no path parameter `n`; known are `room`"),
    ("keys: [session]", "keys: [sesion]", "sesion]}}\n", "`names` has no `sesion`; did you mean `session`?"),
    (
        "keys: [session]",
        "keys: [session], prefer: ident",
        "ident}}\nfr",
        "`names` has no `ident`; known are `id`, `room`, `session`",
    ),
    (
        "keys: [session]",
        "keys: [session], exclusive: true, tie: oldest",
        "tie: oldes",
        ("an exclusive span is open at most once a key, so there is no tie to break; remove one"),
    ),
    ("spans: {turn:", "spans: {trun:", "trun: {key", "no kind of span is called `trun`; did you mean `turn`?"),
    (
        "keys: [session]",
        "implied: [text.dleta]",
        "text.dleta",
        "no role is called `text.dleta`; did you mean `text.delta`?",
    ),
    (
        "is: [turn.close]",
        "is: [turn.close, turn.cloze]",
        "turn.cloze",
        "no role is called `turn.cloze`; did you mean `turn.close`?",
    ),
    (
        "is: [turn.close]",
        "is: [turn.close, turn.close]",
        "turn.close]",
        "`turn.close` stands twice in this list; remove one",
    ),
    (
        "is: [turn.close]",
        "tag: text, is: [turn.close]",
        "done: {fro",
        (
            "`text` and `done` both come from the server with the tag `text`, so nothing tells them "
            "apart; make them one frame with `cases`"
        ),
    ),
    (
        "  done: {",
        "  teXT: {",
        "teXT: {fro",
        (
            "`text` and `teXT` would share the file teXT.schema.json; rename one of the keys, and "
            "keep its tag with `tag:`"
        ),
    ),
    (
        "guarantees:",
        "  u1: {from: client, tag: none}\n  u2: {from: client, tag: none}\nguarantees:",
        "u2: {from:",
        (
            "`u1` and `u2` both come from the client with no tag, so nothing tells them apart; make "
            "them one frame with `cases`"
        ),
    ),
    (
        "guarantees:",
        '  "do:it": {from: client}\n  do/it: {from: client}\nguarantees:',
        "do/it: {fr",
        (
            "`do:it` and `do/it` would share the file do-it.schema.json; rename one of the keys, and "
            "keep its tag with `tag:`"
        ),
    ),
    (
        "text: string}}",
        '"type?": string}}',
        '"type?": s',
        "the field `type` is called like the envelope's tag; a frame can hold only one",
    ),
    (
        "text: string}}",
        "data: string}}",
        "data: stri",
        ("the field `data` is called like the envelope's data; set `envelope: data` to a member that no payload has"),
    ),
    (
        "{session: string}, examples",
        '{session: string, "id?": string}, examples',
        '"id?": string},',
        "the field `id` is called like a header field; document it in one of the two",
    ),
    (
        "is: [turn.close]",
        "contains: /session, is: [turn.close]",
        "/session, is",
        (
            '`contains` is "/session", which is no array in this frame\'s payload; give the pointer '
            "to the array of frames"
        ),
    ),
    (
        "is: [turn.close]",
        "needs: {m: 1}, is: [turn.close]",
        "m: 1}, is:",
        "`connect: params` has no `m`; known are `n`, `room`",
    ),
    ("is: [turn.close]", "needs: {n: x}, is: [turn.close]", "x}, is: [t", '`n` is of the type integer, and "x" is not'),
    (
        "is: [turn.close]",
        "is: [turn.close], cases: [{when: {/mode: 1}}]",
        "/mode: 1}}",
        "this frame's payload has no field /mode; document it, or mend the pointer",
    ),
    (
        "is: [turn.close]",
        'is: [turn.close], cases: [{when: {"@id": 1}}]',
        '"@id": 1}}',
        "the server's header has no field `id`; none is known here",
    ),
    (
        "is: [turn.close]",
        ("is: [turn.close], cases: [{name: x, when: {/session: 1}}, {name: x, when: {/session: 2}}]"),
        "x, when: {/session: 2",
        "two cases are called `x`; rename one",
    ),
    (
        "[{session: a,",
        "[{session: 1,",
        '1, "@id": ',
        "this example is no `ask`: 1 is not of type 'string'; mend it, or its payload",
    ),
    (
        "[{session: a, ",
        "[{",
        '{"@id": b}',
        "this example is no `ask`: 'session' is a required property; mend it, or its payload",
    ),
    ('"@id": b', '"@id": 1', "1}]}\n  tex", "this example is no `ask`: @id is 1; mend it, or its payload"),
    (
        '"@id": b',
        '"@di": b',
        "b}]}\n  tex",
        ("this example is no `ask`: the client's header has no field `di` (known are `id`); mend it, or its payload"),
    ),
    (
        '"@id": b',
        "id: b",
        "b}]}\n  tex",
        (
            "this example is no `ask`: `id` is no field of a payload (write @id for a header field); "
            "mend it, or its payload"
        ),
    ),
    (
        '"@id": b',
        "type: ask",
        "ask}]}\n  t",
        (
            "this example is no `ask`: `type` is no field of a payload (an example holds the payload "
            "only); mend it, or its payload"
        ),
    ),
    (
        "guarantees:",
        "rejects: {answer: ask}\nguarantees:",
        "ask}\nguara",
        "`ask` is no frame of the server; known are `done`, `text`",
    ),
    (
        "turn-closed-once:",
        "turn-closed-one:",
        "turn-close",
        "no rule is called `turn-closed-one`; did you mean `turn-closed-once`?",
    ),
    (
        "level: must",
        "level: must, with: {by: [sesion]}",
        "sesion]}}\n",
        "no kind of span is called `sesion`; did you mean `session`?",
    ),
    (
        "level: must",
        "level: must, with: {by: [session]}",
        "session]}}\n",
        (
            "`turn-closed-once` needs spans of the kind `session`, and no frame here has "
            "`session.open` or `session.close`; give a frame that role, or set `by` in the claim's "
            "`with`"
        ),
    ),
    (
        "level: must",
        "level: must, with: {by: turn}",
        "turn}}\n",
        "`by` is text and must be a list of kinds of span, or of `connection`; write [turn]",
    ),
    (
        "level: must",
        "level: must, with: {span: turn}",
        "span: turn",
        "`with` of `turn-closed-once` has no member `span`; did you mean `spans`?",
    ),
    (
        "level: must",
        "level: must, with: {patient: [ask.foo]}",
        "ask.foo]}}",
        "no role is called `ask.foo`; known are …",
    ),
    (
        "level: must}",
        "level: must}\n  final-message-inside-turn: {level: may}",
        "final-mess",
        (
            "`final-message-inside-turn` is about frames with the role `message.final`, and no frame "
            "here has it; give it to one, or drop the claim"
        ),
    ),
    (
        "level: must}",
        "level: must}\n  text-inside-turn: {level: may, with: {outside: turn}}",
        "{outside: ",
        (
            '`with` of `text-inside-turn` is {"frames": "text.delta", "inside": "turn", "outside": '
            '"tu... and must be one of: frames with inside, frames with outside, edge with span, '
            "leads with span, live"
        ),
    ),
    (
        "level: must}",
        "level: must}\n  tool-frames-opted-in: {level: may}",
        "tool-frame",
        ("`tool-frames-opted-in` is about frames that a parameter allows; give `needs` to one frame"),
    ),
    (
        "level: must}",
        "level: must}\n  thread-agrees: {level: may}",
        "thread-agr",
        ("`thread-agrees` compares the name `thread`; add it to `names` (known are `id`, `room`, `session`)"),
    ),
    (
        "level: must}",
        "level: must}\n  thread-agrees: {level: may, with: {name: session}}",
        "{name: ses",
        (
            "`thread-agrees` compares frames with the connection's URL; let the name `session` list "
            'a place in frames and one in the URL, such as [/thread_id, "{thread}"]'
        ),
    ),
    (
        "level: must}",
        "level: must}\n  auth-failure-closes: {level: may, with: {trigger: gone}}",
        "gone}}\n",
        ("`auth-failure-closes` needs a close code that means `gone`; add it to `connect: closes`"),
    ),
]

ALLOWED = [
    ('"id?": string', "id: string"),
    ('"@id": b', "more: 1"),
    ("level: must", "level: must, with: {by: [connection]}"),
    ("level: must}", "level: must}\n  thread-agrees: {level: may, with: {name: room}}"),
    ("level: must}", "level: must}\n  auth-failure-closes: {level: may}"),
]


@pytest.mark.parametrize(("old", "new", "finger", "said"), STRUCTURE + MEANING)
def test_one_mistake_is_one_sentence(old: str, new: str, finger: str, said: str, tmp_path: Path) -> None:
    text = SOUND.replace(old, new, 1)
    before = text[: text.rindex(finger)]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    (found,) = faults_of(text, tmp_path)
    assert found == f"{place}: {said}" or (said.endswith(" …") and found.startswith(f"{place}: {said[:-1]}"))


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_what_looks_like_one_and_is_none(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    assert load_file(path).name == "mine"


def test_mistakes_of_structure_do_not_hide_those_inside_of_other_parts(tmp_path: Path) -> None:
    text = SOUND.replace("level: must", "level: musst").replace("text: string}}", "text: strng}}")
    text = text.replace("spans: {turn:", "spans: {turn: {}, trun:").replace("session: a", "session: 1")
    found = faults_of(text + "  no-such-rule: {level: may}\n", tmp_path)
    assert found[:-1] == [
        "5:19: no kind of span is called `trun`; did you mean `turn`?",
        "7:97: this example is no `ask`: 1 is not of type 'string'; mend it, or its payload",
        "8:92: no type is called `strng`; did you mean `string`?",
        '11:29: `level` is "musst", and may be `must`, `should`, `may` only',
    ]
    assert found[-1].startswith("12:3: no rule is called `no-such-rule`; known are ")


def test_with_an_envelope_that_is_wrong_the_frames_are_still_read(tmp_path: Path) -> None:
    text = SOUND.replace("style: flat", "style: falt").replace("is: [turn.close]", "is: [turn.cloze]")
    assert faults_of(text, tmp_path) == [
        '2:19: `style` is "falt", and may be `flat`, `nested` only',
        "9:29: no role is called `turn.cloze`; did you mean `turn.close`?",
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
