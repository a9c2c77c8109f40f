"""The folder that belongs to the generators: it holds what they make, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from wirecheck.catalog import dialects, load
from wirecheck.catalog.model import Dialect

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import regenerate  # noqa: E402  # a script of ours, beside the tests


def run_tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(ROOT / "conformance"), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, str(ROOT / "tools" / "regenerate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)


@cache
def made() -> dict[str, str]:
    return regenerate.generate()


def test_the_folder_holds_what_the_generators_make() -> None:
    assert regenerate.drift(ROOT / "schemas", made()) == ()


def test_every_dialect_has_every_kind_of_file() -> None:
    paths = set(made())
    for name in dialects():
        for file in (f"{name}.wire.schema.json", f"{name}.wire.split.schema.json", "openapi.json", "asyncapi.yaml"):
            assert f"{name}/{file}" in paths
        assert f"{name}/draft-07/{name}.wire.schema.json" in paths


def test_no_file_is_made_by_two_generators() -> None:
    def one(dialect: Dialect) -> dict[str, str]:
        return {f"{dialect.name}/a": dialect.title}

    mine = regenerate.each(one)
    assert regenerate.generate((mine, lambda: {"b": "two"})) == {
        **{f"{name}/a": load(name).title for name in dialects()},
        "b": "two",
    }
    with pytest.raises(ValueError, match="two generators make .*/a"):
        regenerate.generate((mine, mine))


def test_the_tool_names_what_differs_among_all_kinds_of_files_and_mends_it(tmp_path: Path) -> None:
    there = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", there)
    name = dialects()[0]
    (there / name / "openapi.json").write_text("{}\n")
    (there / name / "asyncapi.yaml").unlink()
    (there / name / "notes.md").touch()
    (there / name / "draft-07" / "flat" / "old.schema.json").touch()
    done = run_tool("--check", "--root", str(there))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"missing: {name}/asyncapi.yaml",
        f"extra: {name}/draft-07/flat/old.schema.json",
        f"extra: {name}/notes.md",
        f"changed: {name}/openapi.json",
    ]
    assert "make schemas" in done.stderr
    assert run_tool("--root", str(there)).returncode == 0
    assert run_tool("--check", "--root", str(there)).stdout == ""
