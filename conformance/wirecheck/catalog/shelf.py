"""Where catalogs come from: those that are shipped, by name, and anybody's own, by path.

Law: files in, dialects out, through one door: a shipped catalog is read, checked and refused exactly as a user's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from wirecheck.catalog.build import build
from wirecheck.catalog.extend import extend
from wirecheck.catalog.model import Dialect
from wirecheck.catalog.rulebook import rulebook
from wirecheck.catalog.source import Faults, Node, parse, read
from wirecheck.catalog.structure import check_structure, did_you_mean
from wirecheck.errors import CatalogError, UsageError

_RULES = "rules.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """One catalog file: what it is called in messages, its folder (None if shipped), and what makes it the same."""

    label: str
    folder: Path | None
    identity: str
    data: bytes


@cache
def dialects() -> tuple[str, ...]:
    """The names of the shipped dialects, sorted."""
    found = (entry.name for entry in files("wirecheck.catalogs").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml") and name != _RULES))


@cache
def load(name: str) -> Dialect:
    """The shipped dialect of that name. `UsageError` lists the names if there is none such."""
    if name not in dialects():
        raise UsageError(
            f"no dialect is called `{name}`; {did_you_mean(name, dialects())}; for one of your own, give its file"
        )
    return _load(_shipped(name), None)


def load_file(path: Path | str, *, loader: Any = None) -> Dialect:
    """The dialect in a catalog file. `CatalogError` holds every mistake, each with its place and what to do.

    `loader` is one of `source.LOADERS`; the fastest there is if None.
    """
    return _load(_from_path(Path(path)), loader)


def _load(origin: _Origin, loader: Any) -> Dialect:
    faults = Faults()
    tree = _complete(origin, (), faults, loader)
    if tree is None:
        faults.raise_any()
        raise AssertionError("without a tree there was a fault")
    dialect = build(tree, rulebook(), faults)
    faults.raise_any()
    assert dialect is not None  # nor without a dialect
    return dialect


def _shipped(name: str) -> _Origin:
    data = files("wirecheck.catalogs").joinpath(f"{name}.yaml").read_bytes()
    return _Origin(label=f"catalogs/{name}.yaml", folder=None, identity=name, data=data)


def _from_path(path: Path) -> _Origin:
    data = read(path)
    return _Origin(label=str(path), folder=path.parent, identity=str(path.resolve()), data=data)


def _complete(origin: _Origin, above: tuple[str, ...], faults: Faults, loader: Any) -> Node | None:
    """The whole tree of a catalog, with what it extends; None where a mistake keeps it from being put together."""
    tree = parse(origin.data, origin.label, loader=loader, kept=faults)
    if not isinstance(tree.value, dict):
        faults.add(tree.where, "a catalog is a mapping; begin with `dialect: <name>`")
        return None
    if "extends" not in tree.map:
        return tree
    if check_structure(tree, "extension", faults):
        return None
    base = _base(tree.map["extends"], origin, (*above, origin.identity), faults, loader)
    return extend(base, tree, faults) if base is not None else None


def _base(node: Node, origin: _Origin, above: tuple[str, ...], faults: Faults, loader: Any) -> Node | None:
    name = str(node.value)
    is_path = "/" in name or name.endswith((".yaml", ".yml"))
    if not is_path and name not in dialects():
        advice = did_you_mean(name, dialects())
        faults.add(node.where, f"no dialect is called `{name}`; {advice}; a file is given as ./file.yaml")
        return None
    if is_path and origin.folder is None:
        faults.add(node.where, "a shipped catalog extends another by its name; give the name")
        return None
    try:
        base = _from_path((origin.folder or Path()) / name) if is_path else _shipped(name)
    except CatalogError as error:
        for fault in error.faults:
            faults.add(node.where, f"`{name}`: {fault.message}")
        return None
    if base.identity in above:
        faults.add(node.where, f"`{name}` extends this file in turn; let one of the two stand alone")
        return None
    tree = _complete(base, above, faults, loader)
    # Structure first: what is missing in the base could not be renamed or dropped.
    if tree is None or check_structure(tree, "dialect", faults):
        return None
    return tree
