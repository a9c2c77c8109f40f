"""All mistakes of a catalog at once, and none where there is none."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path

import pytest

from wirecheck.catalog import dialects, load_file
from wirecheck.errors import CatalogError
from wirecheck.lint import lint

CATALOGS = Path(str(files("wirecheck.catalogs")))

BROKEN = """\
dialect: mine
envelope: {style: flat, tag: type}
names: {session: /sesion}
frames:
  ask: {from: client, is: [turn.opn], payload: {session: strng}}
  done: {from: server, is: [turn.close], payload: {type: integer}}
guarantees:
  turn-close-once: {level: must}
"""


@pytest.mark.parametrize("name", dialects())
def test_what_is_shipped_has_no_mistake(name: str) -> None:
    assert lint(CATALOGS / f"{name}.yaml") == ()


def test_every_mistake_is_named_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    assert [str(fault).removeprefix(f"{path}:") for fault in lint(path)] == [
        "3:18: no frame's payload has a field /sesion; mend the pointer, or document the field",
        "5:28: no role is called `turn.opn`; did you mean `turn.open`?",
        "5:58: no type is called `strng`; did you mean `string`?",
        "6:51: a payload is an object; give its fields as a mapping, or `unknown` for the whole",
        "8:3: no rule is called `turn-close-once`; did you mean `turn-closed-once`?",
    ]


EVERYTHING = """\
dialect: mine
envelope: {style: flat, tag: type}
envelope: {style: flat, tag: kind}
unknown: drop
connect: {params: {n: {in: query, type: integer}, m: {in: query, default: 1}}}
names: {session: /session, sesion: /none}
spans: {turn: {keys: [sessoin]}, tool: {keys: session}}
frames:
  ask: {from: client, is: [prompt, turn.open], payload: {session: string}, contains: /session}
  text: {from: server, is: [text.delat], payload: {text: strng}, needs: {n: much, k: 1}}
  odd: {from: nobody, is: [message.final]}
  more: {from: server, summery: x, is: [turn.close], examples: [{kind: 1}]}
guarantees:
  turn-closed-once: {level: must, with: {spans: [trun], depth: 3}}
  text-inside-turn: {level: must}
  final-message-inside-turn: {level: must, with: {inside: turm}}
  thread-agrees: {level: may}
  tool-frames-opted-in: {level: may}
"""


def test_mistakes_of_every_kind_are_named_together_and_none_of_them_echoes(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(EVERYTHING, encoding="utf-8")
    assert [str(fault).removeprefix(f"{path}:") for fault in lint(path)] == [
        "3:1: `envelope` stands twice in this mapping, first in line 2; remove or rename one",
        '4:10: `unknown` is "drop", and may be `ignore`, `report`, `reject` only',
        "5:75: the default is 1 and must be of the type string",
        "7:23: `names` has no `sessoin`; did you mean `session`?",
        "7:47: `keys` is text and must be a list of names, such as [session]; write [session]",
        '9:86: `contains` is "/session", which is no array in this frame\'s payload; give the '
        "pointer to the array of frames",
        "10:29: no role is called `text.delat`; did you mean `text.delta`?",
        "10:58: no type is called `strng`; did you mean `string`?",
        '10:77: `n` is of the type integer, and "much" is not',
        "10:83: `connect: params` has no `k`; known are `m`, `n`",
        '11:15: `from` is "nobody", and may be `client`, `server` only',
        "12:24: `more` has no member `summery`; did you mean `summary`?",
        "12:72: this example is no `more`: `kind` is no field of a payload (an example holds the "
        "payload only); mend it, or its payload",
        "14:57: `with` of `turn-closed-once` has no member `depth`; known are `by`, `judge`, "
        "`order`, `patient`, `spans`",
        "16:59: no kind of span is called `turm`; did you mean `turn`?",
        "17:3: `thread-agrees` compares the name `thread`; add it to `names` (known are `sesion`, `session`)",
    ]


ECHOES = [
    ("from: server, is: [turn.close]", "from: nobody, is: [turn.close]"),
    ("is: [turn.close]", "is: turn.close"),
    ("is: [turn.close]", "iz: [turn.close]"),
    ("is: [turn.close]", "is: [turn.cloze]"),
    ("is: [text.delta], payload: {session: string}", "is: [text.delta], payload: 7"),
    ("is: [text.delta], payload: {session: string}", "is: [text.delta], paylod: {session: string}"),
    ("{style: flat, tag: type,", "{style: falt, tag: type,"),
    ('{style: flat, tag: type, header: {server: {"id?": string}}}', "flat"),
    ("{in: path}", "{in: cookie}"),
    ("{in: query, type: integer}", "7"),
    ("4001: auth.refused", "401: auth.refused"),
    ("session: /session", "session: session"),
    ("needs: {n: 1}", "needs: 1"),
    ("frames:", "frams:"),
    ("names:", "nams:"),
    ("answer: done", "answr: done"),
    ("cases: [{when:", "cases: [{wen:"),
]
SOUND = """\
dialect: mine
envelope: {style: flat, tag: type, header: {server: {"id?": string}}}
connect: {path: "/s/{room}", params: {room: {in: path}, n: {in: query, type: integer}}, closes: {4001: auth.refused}}
names: {session: /session, thread: [/room, "{room}"], id: "@id"}
spans: {turn: {keys: [session], prefer: id}}
frames:
  ask: {from: client, is: [prompt, turn.open], payload: {room: string}}
  text: {from: server, is: [text.delta], payload: {session: string}, needs: {n: 1}}
  done: {from: server, is: [turn.close], cases: [{when: {"@id": absent}, is: [keepalive]}], examples: [{"@id": a}]}
rejects: {answer: done}
guarantees:
  turn-closed-once: {level: must}
  text-inside-turn: {level: must}
  thread-agrees: {level: must}
  tool-frames-opted-in: {level: must}
  auth-failure-closes: {level: must}
"""


@pytest.mark.parametrize(("old", "new"), ECHOES)
def test_a_mistake_does_not_echo_where_its_part_is_spoken_of(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND, encoding="utf-8")
    assert lint(path) == ()
    assert old in SOUND
    path.write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    line = SOUND[: SOUND.index(old)].count("\n") + 1
    assert lint(path)
    assert {fault.line for fault in lint(path)} <= {1, line}, [str(fault) for fault in lint(path)]


def test_a_key_that_stands_twice_hides_nothing_and_its_last_value_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND.replace("is: [text.delta]", "is: [hint], is: [text.delat]"), encoding="utf-8")
    assert [str(fault).removeprefix(f"{path}:") for fault in lint(path)] == [
        "8:36: `is` stands twice in this mapping, first in line 8; remove or rename one",
        "8:41: no role is called `text.delat`; did you mean `text.delta`?",
    ]


def test_a_path_that_holds_no_catalog(tmp_path: Path) -> None:
    assert [str(fault) for fault in lint(tmp_path / "no.yaml")] == [
        f"{tmp_path / 'no.yaml'}:1:1: there is no such file; give the path of a catalog"
    ]
    assert [str(fault) for fault in lint(str(tmp_path))] == [
        f"{tmp_path}:1:1: this is a folder; give the path of one catalog file in it"
    ]


_PIECES = ("{", "}", "[", "]", ": ", ", ", '"', "\n", "- ", "&a ", "*a", "!!int ", "~", "1e999", "unknown", "@id", "?")


def spoil(text: str, chance: random.Random) -> str:
    """The text with one to three small accidents in it: a piece lost, put in, a line lost, doubled or shifted."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text))
        lines = text.split("\n")
        line = chance.randrange(len(lines))
        kind = chance.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + chance.randint(1, 5) :]
            continue
        if kind == 1:
            text = text[:at] + chance.choice(_PIECES) + text[at:]
            continue
        if kind == 2:
            del lines[line]
        elif kind == 3:
            lines.insert(line, chance.choice(lines))
        else:
            lines[line] = " " * chance.randint(1, 3) + lines[line]
        text = "\n".join(lines)
    return text


@pytest.mark.no_cover
@pytest.mark.parametrize("name", dialects())
def test_whatever_happens_to_a_catalog_it_loads_or_says_where_it_does_not(name: str, tmp_path: Path) -> None:
    whole = (CATALOGS / f"{name}.yaml").read_text(encoding="utf-8")
    chance = random.Random(name)
    path = tmp_path / "spoilt.yaml"
    refused = 0
    for _ in range(150):
        text = spoil(whole, chance)
        path.write_text(text, encoding="utf-8")
        found = lint(path)
        refused += bool(found)
        for fault in found:
            assert fault.file == str(path)
            assert 1 <= fault.line <= text.count("\n") + 2
            assert fault.column >= 1
            assert fault.message
    assert refused >= 50


def test_lint_says_what_loading_raises(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_file(path)
    assert caught.value.faults == lint(path)
