"""YAML in, a tree out whose every value knows its place; both of PyYAML's parsers, and files that mean harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from wirecheck.catalog.source import LOADERS, MAX_BYTES, MAX_DEPTH, Node, parse, read
from wirecheck.errors import CatalogError, Fault

both = pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)


def faults_of(data: bytes, loader: Any) -> tuple[Fault, ...]:
    with pytest.raises(CatalogError) as caught:
        parse(data, "f.yaml", loader=loader)
    return caught.value.faults


def tree(text: str, loader: Any) -> Node:
    return parse(text.encode(), "f.yaml", loader=loader)


def test_the_pure_parser_is_always_there_and_the_c_parser_comes_first() -> None:
    assert LOADERS[-1] is yaml.SafeLoader
    assert len(LOADERS) == (2 if yaml.__with_libyaml__ else 1)


@both
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("No", "No"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ('"true"', "true"),
        ("'1'", "1"),
        ("1", 1),
        ("-7", -7),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1:30", "1:30"),
        ("2024-01-15", "2024-01-15"),
        ("=", "="),
        ("|\n  two\n  lines", "two\nlines"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object, loader: Any) -> None:
    node = tree(f"a: {written}", loader).map["a"]
    assert node.value == value
    assert type(node.value) is type(value)


@both
def test_every_value_and_every_key_has_its_line_and_column(loader: Any) -> None:
    root = tree("a: é\nbb:\n  - [x, {c: 1}]\n", loader)
    assert (root.key("bb").line, root.key("bb").column) == (2, 1)
    inner = root.map["bb"].items[0].items[1]
    assert (inner.where.line, inner.where.column) == (3, 9)
    assert (inner.key("c").line, inner.key("c").column) == (3, 10)
    assert (inner.map["c"].where.line, inner.map["c"].where.column) == (3, 13)
    assert root.plain() == {"a": "é", "bb": [["x", {"c": 1}]]}


@both
def test_a_path_that_leads_nowhere_ends_at_the_last_value_on_it(loader: Any) -> None:
    root = tree("a: {b: [1]}", loader)
    assert root.at(("a", "b", 0)).value == 1
    assert root.at(("a", "b", 7)) is root.map["a"].map["b"]
    assert root.at(("a", "c")) is root.map["a"]
    assert root.place(("a", "b")).column == 5
    assert root.place(("a", "b", 0)).column == 9


@both
def test_both_parsers_read_the_same_key_with_a_question_mark_in_quotes(loader: Any) -> None:
    assert tree('a: {"b?": string}', loader).plain() == {"a": {"b?": "string"}}


@both
@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b"", 1, 1, "the file is empty; a catalog begins with `dialect: <name>`"),
        (b"# only a comment\n", 1, 1, "the file is empty; a catalog begins with `dialect: <name>`"),
        (b"a: 1\nb: \xff\n", 2, 4, "this byte is not UTF-8; save the file as UTF-8 text"),
        ("a: 1\n".encode("utf-16"), 1, 1, "this byte is not UTF-8; save the file as UTF-8 text"),
        (b"a: 1\nb: \0\n", 2, 4, "a NUL byte stands here; a catalog is text, so remove it"),
        (b"a: 1\nb: \x07\n", 2, 4, "a control character stands here; write it as an escape in double quotes"),
        (
            "a: 1\nb: x\u2028y\n".encode(),
            2,
            5,
            "U+2028 stands here, which is a line break to some readers and not to others; write it as an escape in "
            "double quotes",
        ),
        (b"a: 1\n---\nb: 2\n", 2, 1, "a second document begins here; a catalog is one document"),
        (b"a: !!str 1", 1, 4, "`tag:yaml.org,2002:str` is a YAML tag; remove it, and quote what is meant as text"),
        (b"a: .nan", 1, 4, "`.nan` is no number that JSON has; write another, or quote it as text"),
        (b"a: -.inf", 1, 4, "`-.inf` is no number that JSON has; write another, or quote it as text"),
        (b"a: 1e999", 1, 4, "`1e999` is no number that JSON has; write another, or quote it as text"),
        (b"a: " + b"9" * 5000, 1, 4, f"`{'9' * 40}` is no number that JSON has; write another, or quote it as text"),
        (b"? [a]\n: 1\n", 1, 3, "a key must be text, not a list or a mapping; quote it if text is meant"),
        (b"a: 1\nb: 2\na: 3\n", 3, 1, "`a` stands twice in this mapping, first in line 1; remove or rename one"),
        (b"a: {b: 1, b: 2}", 1, 11, "`b` stands twice in this mapping, first in line 1; remove or rename one"),
        (b"a: " + b"[" * 100_000, 1, MAX_DEPTH + 3, "values are nested more than 64 deep; make the catalog flatter"),
        (b"- " * 50_000, 1, 2 * MAX_DEPTH + 1, "values are nested more than 64 deep; make the catalog flatter"),
        (
            b"a: '" + b"x" * MAX_BYTES + b"'",
            1,
            1,
            "the file is larger than 1048576 bytes, which no catalog needs; is it the right file?",
        ),
    ],
)
def test_what_is_refused(data: bytes, line: int, column: int, message: str, loader: Any) -> None:
    assert faults_of(data, loader) == (Fault(file="f.yaml", line=line, column=column, message=message),)


@both
def test_text_that_is_not_yaml_is_named_with_its_place(loader: Any) -> None:
    (fault,) = faults_of(b"a: 1\n\tb: 2\n", loader)
    assert (fault.line, fault.column) == (2, 1)
    assert fault.message.startswith("this is not YAML: ")
    assert fault.message.endswith("; quote the text here, or mend the indentation")


@both
def test_an_alias_is_refused_before_it_can_grow(loader: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    found = faults_of("\n".join(lines).encode(), loader)
    assert str(found[0]) == "f.yaml:1:5: `&a0` is an anchor; write the value out wherever it is meant"
    assert str(found[2]) == "f.yaml:2:10: `*a0` is an alias; write the value out"
    assert len(found) == 200


@both
def test_all_mistakes_are_named_at_once_and_in_file_order(loader: Any) -> None:
    found = faults_of(b"b: &x 1\nb: *x\nc: .inf\n", loader)
    assert [(fault.line, fault.column) for fault in found] == [(1, 4), (2, 1), (2, 4), (3, 4)]


@both
def test_a_byte_order_mark_is_no_text(loader: Any) -> None:
    assert parse(b"\xef\xbb\xbfa: 1", "f.yaml", loader=loader).plain() == {"a": 1}


def refusal(path: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        read(path)
    return str(caught.value)


def test_a_path_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent, loop = tmp_path / "absent.yaml", tmp_path / "loop.yaml"
    assert refusal(absent) == f"{absent}:1:1: there is no such file; give the path of a catalog"
    assert refusal(tmp_path) == f"{tmp_path}:1:1: this is a folder; give the path of one catalog file in it"
    loop.symlink_to(loop)
    assert "this file cannot be read (" in refusal(loop)
    assert "this file cannot be read (" in refusal(tmp_path / "nul\0.yaml")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    assert refusal(absent) == f"{absent}:1:1: this file may not be read; give yourself permission, or another path"


def test_no_more_is_read_than_is_needed_to_refuse_a_file(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as handle:
        handle.truncate(50 * MAX_BYTES)
    assert len(read(path)) == MAX_BYTES + 1
