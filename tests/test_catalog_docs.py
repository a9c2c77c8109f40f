"""The catalog's manual: its examples load, and it names every part that the schema knows."""

from __future__ import annotations

import re
from pathlib import Path

from wirecheck.catalog import load_file
from wirecheck.catalog.shorthand import KEYWORDS
from wirecheck.catalog.structure import catalog_schema

TEXT = (Path(__file__).parent.parent / "docs" / "catalog.md").read_text(encoding="utf-8")


def block(beginning: str) -> str:
    (found,) = [one for one in re.findall(r"```\w*\n(.*?)```", TEXT, re.DOTALL) if one.startswith(beginning)]
    return str(found)


def test_the_small_catalog_loads(tmp_path: Path) -> None:
    path = tmp_path / "parrot.yaml"
    path.write_text(block("dialect: parrot"), encoding="utf-8")
    assert list(load_file(path).guarantees) == ["text-inside-turn", "turn-closed-once"]


def test_the_extension_loads(tmp_path: Path) -> None:
    path = tmp_path / "next.yaml"
    path.write_text(block("dialect: vonz_next"), encoding="utf-8")
    dialect = load_file(path)
    assert {"ping", "task:text"} <= set(dialect.frames)
    assert not {"turn.continuing", "task:token"} & set(dialect.frames)


def test_every_part_is_explained() -> None:
    parts = catalog_schema()["$defs"]
    known = [*parts["extension"]["properties"], *parts["frame"]["properties"], *parts["spanForm"]["properties"]]
    known += [*parts["envelope"]["properties"], *parts["connect"]["properties"], *parts["claim"]["properties"]]
    missing = [name for name in known if f"`{name}" not in TEXT]
    assert missing == []
    assert [word for word in KEYWORDS if word not in TEXT] == []
