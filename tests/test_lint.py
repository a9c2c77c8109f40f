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
