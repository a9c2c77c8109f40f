"""The house keeps its floors: who may import whom, how large a room may be, and what no code may name."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

import wirecheck
from wirecheck import dialects

PACKAGE = Path(wirecheck.__file__).parent
RUNTIME = PACKAGE / "types" / "runtime"
"""What is put into generated code as it is: sources of other languages and of Python, and no part of the house."""
MODULES = sorted(module for module in PACKAGE.rglob("*.py") if RUNTIME not in module.parents)

FLOORS = {
    "errors": 0,
    "folder": 0,
    "catalog": 1,
    "catalogs": 1,
    "schema": 2,
    "strict": 2,
    "variant": 2,
    "decode": 2,
    "typed": 2,
    "record": 3,
    "verdict": 3,
    "redact": 3,
    "shapes": 4,
    "check": 5,
    "lint": 5,
    "sample": 6,
    "walk": 6,
    "fuzz": 6,
    "strategies": 6,
    "scenario": 6,
    "vectors": 6,
    "asyncapi": 6,
    "types": 6,
    "capture": 7,
    "report": 7,
    "scale": 7,
    "drive": 7,
    "campaign": 7,
    "serve": 7,
    "cli": 8,
    "plugin": 8,
    "pytest_plugin": 8,
    "suite": 8,
    "__main__": 8,
}
"""The floor of each room."""

NEIGHBOURS = {
    ("schema", "strict"): "no",
    ("variant", "schema"): "yes",
    ("variant", "strict"): "yes",
    ("decode", "schema"): "yes",
    ("decode", "strict"): "yes",
    ("decode", "variant"): "yes",
    ("typed", "decode"): "yes",
    ("typed", "schema"): "yes",
    ("typed", "strict"): "yes",
    ("typed", "variant"): "yes",
    ("verdict", "record"): "yes",
    ("redact", "record"): "yes",
    ("check", "lint"): "no",
    ("scenario", "sample"): "yes",
    ("walk", "sample"): "yes",
    ("fuzz", "sample"): "yes",
    ("fuzz", "walk"): "yes",
    ("strategies", "fuzz"): "yes",
    ("strategies", "sample"): "yes",
    ("strategies", "walk"): "yes",
    ("vectors", "sample"): "yes",
    ("report", "capture"): "no",
    ("drive", "capture"): "yes",
    ("drive", "report"): "yes",
    ("campaign", "capture"): "yes",
    ("campaign", "drive"): "yes",
    ("campaign", "report"): "yes",
    ("serve", "capture"): "yes",
    ("serve", "report"): "yes",
    ("scale", "capture"): "yes",
    ("pytest_plugin", "plugin"): "yes",
    ("suite", "plugin"): "yes",
    ("__main__", "cli"): "yes",
}
"""On one floor, who may look into whose room; never both ways, and never where nothing is said."""

HEAVY = {"asyncio", "websockets", "pytest", "click", "rich", "socketio", "aiohttp"}
"""Only the edges and the command know these."""
OUTSIDE = {"click", "hypothesis", "jsonschema", "jsonschema_rs", "orjson", "pytest", "rich", "websockets", "yaml"}
OUTSIDE |= {"backports", "compression", "isal", "msgspec"}
"""All that the package needs beside Python."""
EXTRA = {"aiohttp": ("drive", "capture"), "distributed": ("scale",), "fsspec": ("capture",), "socketio": ("drive",)}
"""What only an optional extra brings, and the rooms that use it."""
SEARCHERS = {"fuzz", "strategies", "campaign"}
"""The rooms that search with Hypothesis; all others only need choices, whoever makes them."""
LONGEST = 320


def room(module: Path) -> str:
    """`shapes` for shapes/pair.py, `decode` for decode.py, nothing for the package's own door."""
    inside = module.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem.removesuffix("__init__")


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def imported(module: Path) -> tuple[tuple[int, str], ...]:
    """Line and full name of everything that a module imports, wherever in it."""
    inside = module.relative_to(PACKAGE.parent).with_suffix("").parts
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            found += ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{'.'.join(inside)}:{node.lineno}: imports are absolute"
            found += ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
            found.append((node.lineno, ast.unparse(node.args[0]).strip("f'\"").replace("{__name__}", "wirecheck")))
    return tuple(found)


def theirs(name: str) -> str | None:
    """The room that a name of ours lies in; None for names of others, and for the package itself."""
    parts = name.split(".")
    if parts[0] != "wirecheck" or len(parts) < 2 or parts[1] not in FLOORS:
        return None
    return parts[1]


def allowed(ours: str, other: str) -> bool:
    if ours == other or FLOORS[other] < FLOORS[ours]:
        return True
    return FLOORS[other] == FLOORS[ours] and NEIGHBOURS.get((ours, other)) == "yes"


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in MODULES} - {""} == set(FLOORS)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_from_below_alone(module: Path) -> None:
    ours = room(module)
    wrong = []
    for line, name in imported(module):
        other = theirs(name)
        if other is not None and ours and not allowed(ours, other):
            wrong.append(f"line {line}: {name} (floor {FLOORS[other]}, and we are on {FLOORS[ours]})")
        top = name.split(".")[0]
        optional = ours in EXTRA.get(top, ())
        if not optional and top not in sys.stdlib_module_names and top not in OUTSIDE | {"wirecheck", "__future__"}:
            wrong.append(f"line {line}: {top} is no dependency")
        if top == "hypothesis" and ours not in SEARCHERS:
            wrong.append(f"line {line}: hypothesis is for {', '.join(sorted(SEARCHERS))}")
        if top in HEAVY and ours and FLOORS[ours] < 7:
            wrong.append(f"line {line}: {top} is for floors 7 and 8")
    assert wrong == []


def test_nothing_imports_the_command() -> None:
    others = [module for module in MODULES if room(module) not in ("cli", "__main__")]
    assert [str(module) for module in others for _, name in imported(module) if theirs(name) == "cli"] == []


def test_the_package_imports_nothing_of_itself_until_it_is_asked() -> None:
    door = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    at_once = [node for node in door.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node).split()[1] for node in at_once} == {"__future__", "importlib", "typing"}


def test_neighbours_look_one_way() -> None:
    looks = {pair for pair, answer in NEIGHBOURS.items() if answer == "yes"}
    assert all(FLOORS[one] == FLOORS[other] for one, other in NEIGHBOURS)
    assert not {(other, one) for one, other in looks} & looks


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_names_no_dialect_states_its_law_and_is_no_hall(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    words = {word for name in dialects() for word in (name, name.replace("_", " "), name.replace("_", ""))}
    named = re.findall(rf"(?i)(?<![a-z])(?:{'|'.join(sorted(words))})(?![a-z])", text)
    assert named == []
    assert len(text.splitlines()) <= LONGEST
    if not text.strip():
        return
    doc = ast.get_docstring(tree_of(module))
    assert doc, "a module opens with a docstring"
    lines = doc.splitlines()
    if module.name not in ("__main__.py",) and room(module) != "catalogs" and not _is_bare(module):
        assert len(lines) > 1 and "Law:" in doc, "the docstring states the module's law"


def test_the_page_on_the_house_names_every_module() -> None:
    """But for the commands: each has a module of its name, and a page of its own."""
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = page[page.index("## Rooms") : page.index("## A frame's way")]
    inside = [module for module in MODULES if module.parent.parent == PACKAGE and module.stem != "__init__"]
    unnamed = [module for module in inside if f"`{module.stem}`" not in rooms]
    assert [str(module.relative_to(PACKAGE)) for module in unnamed if room(module) != "cli"] == []


def _is_bare(module: Path) -> bool:
    """A package's door that holds nothing but its docstring and what it passes on."""
    body = tree_of(module).body
    return all(isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign) for node in body)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_generated_is_never_read_and_nobody_sleeps(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert not re.search(r"[\"'/](?:\.\./)*schemas/", text) or "files(" not in text
    tree = tree_of(module)
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [call for call in calls if call in ("time.sleep", "sleep", "eval", "exec", "print", "breakpoint")]
    silent = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or all(isinstance(step, ast.Pass) for step in node.body))
    ]
    assert silent == [], "an except that swallows"


def test_every_catalog_and_schema_that_the_code_reads_is_inside_the_package() -> None:
    read = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and RUNTIME not in path.parents
    }
    assert read == {
        "py.typed",
        "catalogs/catalog.schema.json",
        "catalogs/rules.yaml",
        "report/report.schema.json",
        *(f"catalogs/{name}.yaml" for name in dialects()),
    }
