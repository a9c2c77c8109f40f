"""A catalog on top of another: what is taken over, renamed, dropped and added, and where its mistakes are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from wirecheck.catalog import Dialect, load, load_file
from wirecheck.errors import CatalogError

BASE = """\
dialect: base
title: Base
envelope: {style: flat, tag: type}
connect: {path: /v1, port: 80}
names: {session: /session}
spans: {turn: {keys: [session]}}
frames:
  ask: {from: client, is: [turn.open], payload: {session: string}}
  done: {from: server, is: [turn.close], payload: {session: string}}
  fail: {from: server, is: [error], tag: failure, payload: {why: string}}
rejects: {answer: fail}
guarantees:
  turn-closed-once: {level: must}
open: [something]
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def on_base(folder: Path, text: str) -> Dialect:
    write(folder, "base.yaml", BASE)
    return load_file(write(folder, "mine.yaml", f"dialect: mine\nextends: ./base.yaml\n{text}"))


def faults_on_base(folder: Path, text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        on_base(folder, text)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_everything_is_taken_over_but_the_name(tmp_path: Path) -> None:
    base = load_file(write(tmp_path, "base.yaml", BASE))
    mine = on_base(tmp_path, "")
    assert (mine.name, mine.title, mine.file) == ("mine", "Base", str(tmp_path / "mine.yaml"))
    assert mine.frames == base.frames
    assert mine.guarantees == base.guarantees
    assert (mine.envelope, mine.connect, mine.names, mine.spans) == (
        base.envelope,
        base.connect,
        base.names,
        base.spans,
    )
    assert (mine.rejects, mine.open_points) == (base.rejects, base.open_points)


def test_a_shipped_dialect_is_extended_by_its_name(tmp_path: Path) -> None:
    mine = load_file(write(tmp_path, "mine.yaml", "dialect: mine\nextends: vonz\ndrop: {guarantees: [task-settled]}"))
    assert list(mine.frames) == list(load("vonz").frames)
    assert set(load("vonz").guarantees) - set(mine.guarantees) == {"task-settled"}
    assert mine.frames["turn.done"].where == load("vonz").frames["turn.done"].where


def test_a_renamed_frame_has_the_new_tag_unless_it_sets_its_own(tmp_path: Path) -> None:
    mine = on_base(tmp_path, "rename: {frames: {ask: done, done: ask, fail: broken}}")
    assert [(key, form.tag, form.sender) for key, form in mine.frames.items()] == [
        ("done", "done", "client"),
        ("ask", "ask", "server"),
        ("broken", "failure", "server"),
    ]
    assert mine.rejects is not None
    assert mine.rejects.answer == "broken"


def test_maps_are_laid_over_member_by_member_and_all_else_as_a_whole(tmp_path: Path) -> None:
    text = """\
title: Mine
connect: {port: 81}
envelope: {tag: kind}
names: {reason: /why}
frames:
  done: {from: server, is: [turn.close], payload: {session: string, "more?": any}}
  hint: {from: server, is: [hint]}
guarantees:
  turn-closed-once: {level: may}
open: [another]
"""
    mine = on_base(tmp_path, text)
    assert (mine.title, mine.envelope.tag, mine.envelope.style) == ("Mine", "kind", "flat")
    assert (mine.connect.path, mine.connect.port) == ("/v1", 81)
    assert list(mine.names) == ["session", "reason"]
    assert list(mine.frames) == ["ask", "done", "fail", "hint"]
    payload = mine.frames["done"].payload
    assert payload is not None
    assert list(payload["properties"]) == ["session", "more"]
    assert mine.guarantees["turn-closed-once"].level == "may"
    assert mine.open_points == ("another",)
    assert mine.frames["ask"].where is not None
    assert mine.frames["ask"].where.file == str(tmp_path / "base.yaml")
    assert mine.frames["done"].where is not None
    assert mine.frames["done"].where.file == str(tmp_path / "mine.yaml")


def test_a_frame_may_be_dropped_after_it_was_renamed(tmp_path: Path) -> None:
    mine = on_base(
        tmp_path, "rename: {frames: {ask: question}}\ndrop: {frames: [question], guarantees: [turn-closed-once]}"
    )
    assert list(mine.frames) == ["done", "fail"]


def test_an_extension_may_be_extended(tmp_path: Path) -> None:
    on_base(tmp_path, "frames: {hint: {from: server}}")
    third = load_file(
        write(tmp_path, "third.yaml", "dialect: third\nextends: mine.yaml\nrename: {frames: {hint: tip}}")
    )
    assert list(third.frames) == ["ask", "done", "fail", "tip"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "rename: {frames: {aks: question}}",
            "mine.yaml:3:19: the extended catalog has no frame `aks`; did you mean `ask`?",
        ),
        (
            "rename: {frames: {ask: done}}",
            "mine.yaml:3:24: there is a frame `done` already; choose another name, or drop that one",
        ),
        (
            "rename: {frames: {ask: x, done: x}}",
            "mine.yaml:3:33: there is a frame `x` already; choose another name, or drop that one",
        ),
        (
            "rename: {names: {a: b}}",
            "mine.yaml:3:10: `rename` has no member `names`; did you mean `frames`?",
        ),
        (
            "drop: {frames: [faill]}",
            "mine.yaml:3:17: the extended catalog has no `faill` in `frames` (names are those after `rename`); "
            "did you mean `fail`?",
        ),
        (
            "drop: {guarantees: [task-settled]}",
            "mine.yaml:3:21: the extended catalog has no `task-settled` in `guarantees` (names are those after "
            "`rename`); known are `turn-closed-once`",
        ),
        ("drop: {frames: [fail]}", "base.yaml:11:19: `fail` is no frame of the server; known are `done`"),
        (
            "frames: {done: {form: server}}",
            "mine.yaml:3:10: `done` lacks `from`; add it",
        ),
    ],
)
def test_mistakes_are_shown_where_they_stand(text: str, said: str, tmp_path: Path) -> None:
    assert faults_on_base(tmp_path, text)[0] == said


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("vons", "2:10: no dialect is called `vons`; did you mean `vonz`?; a file is given as ./file.yaml"),
        ("./absent.yaml", "2:10: `./absent.yaml`: there is no such file; give the path of a catalog"),
        ("mine.yaml", "2:10: `mine.yaml` extends this file in turn; let one of the two stand alone"),
        (
            "./other/../mine.yaml",
            "2:10: `./other/../mine.yaml` extends this file in turn; let one of the two stand alone",
        ),
    ],
)
def test_what_cannot_be_extended(base: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    path = write(tmp_path, "mine.yaml", f"dialect: mine\nextends: {base}\n")
    with pytest.raises(CatalogError) as caught:
        load_file(path)
    assert [str(fault) for fault in caught.value.faults] == [f"{path}:{said}"]


def test_a_ring_of_three_is_found(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        write(tmp_path, f"{name}.yaml", f"dialect: {name}\nextends: {base}.yaml\n")
    with pytest.raises(CatalogError) as caught:
        load_file(tmp_path / "a.yaml")
    assert [str(fault) for fault in caught.value.faults] == [
        f"{tmp_path / 'c.yaml'}:2:10: `a.yaml` extends this file in turn; let one of the two stand alone"
    ]


def test_mistakes_in_the_base_are_shown_in_the_base(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE.replace("level: must", "level: musst"))
    path = write(tmp_path, "mine.yaml", "dialect: mine\nextends: ./base.yaml\n")
    with pytest.raises(CatalogError) as caught:
        load_file(path)
    assert [str(fault) for fault in caught.value.faults] == [
        f'{tmp_path / "base.yaml"}:13:29: `level` is "musst", and may be `must`, `should`, `may` only'
    ]
