"""A YAML file as a tree whose every value knows its place.

Law: this module knows YAML and nothing of catalogs. It reads the part of YAML 1.2 that is JSON in a friendlier dress:
no anchors, aliases, tags or second documents. An alias is refused while the events go by, before anything is built,
so a file cannot grow when it is read; size and depth are bounded for the same reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from wirecheck.catalog.model import Where
from wirecheck.errors import CatalogError, Fault

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_FAULTS = 200

LOADERS: tuple[Any, ...] = tuple(
    getattr(yaml, name) for name in ("CSafeLoader", "SafeLoader") if hasattr(yaml, name)
)  # the C parser is only there where PyYAML was built with libyaml

# The core schema of YAML 1.2 (section 10.3.2): `yes`, `no`, `on` and `off` are words, and a date is a word too.
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}\Z|0o[0-7]{1,300}\Z|0x[0-9a-fA-F]{1,300}\Z")
_LONG_INTEGER = re.compile(r"[-+]?[0-9]{301,}\Z|0[ox][0-9a-fA-F]{301,}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
# YAML 1.1 ends lines at these and YAML 1.2 does not; to read on would be to disagree about every line after them.
_ODD_BREAKS = re.compile("[\x85\u2028\u2029]")
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


class Faults:
    """The mistakes found so far. Going on after the first one is what lets a reader mend them all at once."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Fault, None] = {}

    def add(self, where: Where, message: str) -> None:
        self._found[Fault(file=where.file, line=where.line, column=where.column, message=message)] = None

    def take(self, others: Faults) -> None:
        """Add all of `others`."""
        self._found.update(others._found)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Fault]:
        return iter(sorted(self._found, key=lambda fault: (fault.file, fault.line, fault.column)))

    def raise_any(self) -> None:
        """`CatalogError` with all of them in file order, at most `MAX_FAULTS`; nothing if there are none."""
        if self._found:
            raise CatalogError(tuple(self)[:MAX_FAULTS])


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value of the file: a scalar, a list of nodes, or a mapping from text to nodes.

    `keys` holds, for a mapping, where each key stands.
    """

    where: Where
    value: None | bool | int | float | str | list[Node] | dict[str, Node]
    keys: Mapping[str, Where] = field(default_factory=dict)

    @property
    def map(self) -> dict[str, Node]:
        """The members of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The items of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def key(self, name: str) -> Where:
        """Where the key `name` stands, or the mapping itself if it has none."""
        return self.keys.get(name, self.where)

    def plain(self) -> Any:
        """The value as plain JSON-like data."""
        if isinstance(self.value, dict):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def at(self, path: tuple[str | int, ...]) -> Node:
        """The node at the path, or the last one on the way that exists."""
        node = self
        for step in path:
            if isinstance(step, str) and step in node.map:
                node = node.map[step]
            elif isinstance(step, int) and step < len(node.items):
                node = node.items[step]
            else:
                break
        return node

    def place(self, path: tuple[str | int, ...]) -> Where:
        """Where a reader looks for the value at the path: at its key if it has one, else where it begins."""
        if path and isinstance(path[-1], str):
            parent = self.at(path[:-1])
            return parent.key(path[-1])
        return self.at(path).where


def read(path: Path) -> bytes:
    """The file's bytes, one more than allowed at most. A file that cannot be read is a `CatalogError`."""
    where = Where(file=str(path), line=1, column=1)
    faults = Faults()
    try:
        with open(path, "rb") as handle:
            return handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        faults.add(where, "there is no such file; give the path of a catalog")
    except IsADirectoryError:
        faults.add(where, "this is a folder; give the path of one catalog file in it")
    except PermissionError:
        faults.add(where, "this file may not be read; give yourself permission, or another path")
    except (OSError, ValueError) as error:
        faults.add(where, f"this file cannot be read ({error}); give the path of a catalog")
    faults.raise_any()
    raise AssertionError("unreachable")


def parse(data: bytes, file: str, *, loader: Any = None, kept: Faults | None = None) -> Node:
    """The tree of the one document in `data`. `CatalogError` holds every mistake of form.

    Where `kept` is given, a key that stands twice is put down there, and the tree is that with its last value.
    """
    faults = Faults()
    text = _text(data, file, faults)
    faults.raise_any()
    twice = Faults()
    tree = _Grower(file, faults, twice).grow(text, loader or LOADERS[0])
    if faults or kept is None:
        faults.take(twice)
    else:
        kept.take(twice)
    faults.raise_any()
    if tree is None:
        faults.add(Where(file=file, line=1, column=1), "the file is empty; a catalog begins with `dialect: <name>`")
        faults.raise_any()
        raise AssertionError("unreachable")
    return tree


def _text(data: bytes, file: str, faults: Faults) -> str:
    if len(data) > MAX_BYTES:
        faults.add(
            Where(file=file, line=1, column=1),
            f"the file is larger than {MAX_BYTES} bytes, which no catalog needs; is it the right file?",
        )
        return ""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        faults.add(_place(file, before), "this byte is not UTF-8; save the file as UTF-8 text")
        return ""
    nul = text.find("\0")
    if nul >= 0:
        faults.add(_place(file, text[:nul]), "a NUL byte stands here; a catalog is text, so remove it")
    odd = _ODD_BREAKS.search(text)
    if odd:
        faults.add(
            _place(file, text[: odd.start()]),
            f"U+{ord(odd[0]):04X} stands here, which is a line break to some readers and not to others; "
            "write it as an escape in double quotes",
        )
    return text.removeprefix("\ufeff")


def _place(file: str, before: str) -> Where:
    last = before.rfind("\n")
    return Where(file=file, line=before.count("\n") + 1, column=len(before) - last)


class _Grower:
    """Builds the tree from the parser's events, on a stack of its own: no recursion, whatever the file does."""

    def __init__(self, file: str, faults: Faults, twice: Faults) -> None:
        self.file = file
        self.faults = faults
        self.twice = twice
        self.open: list[Node] = []
        self.pending: list[tuple[str, Where] | None] = []
        self.root: Node | None = None

    def grow(self, text: str, loader: Any) -> Node | None:
        documents = 0
        try:
            for event in yaml.parse(text, Loader=loader):
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self.faults.add(self._where(event), "a second document begins here; a catalog is one document")
                        break
                elif not self._take(event):
                    break
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = self._mark(mark) if mark else Where(file=self.file, line=1, column=1)
            problem = " ".join(filter(None, (error.context, error.problem)))
            self.faults.add(place, f"this is not YAML: {problem}; quote the text here, or mend the indentation")
        except yaml.reader.ReaderError as error:
            place = _place(self.file, text[: error.position])
            self.faults.add(place, "a control character stands here; write it as an escape in double quotes")
        return self.root

    def _take(self, event: Any) -> bool:
        """False where reading must stop."""
        if isinstance(event, yaml.AliasEvent):
            self.faults.add(self._where(event), f"`*{event.anchor}` is an alias; write the value out")
            self._put(Node(where=self._where(event), value=None), scalar_key=None)
        elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
            return self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.open.pop()
            unfinished = self.pending.pop()
            if unfinished is not None:
                done.map[unfinished[0]] = Node(where=unfinished[1], value=None)
        return True

    def _node(self, event: Any) -> bool:
        where = self._where(event)
        if event.anchor is not None:
            self.faults.add(where, f"`&{event.anchor}` is an anchor; write the value out wherever it is meant")
        if event.tag is not None:
            self.faults.add(where, f"`{event.tag}` is a YAML tag; remove it, and quote what is meant as text")
        if isinstance(event, yaml.ScalarEvent):
            # A plain scalar has the style None in one parser and "" in the other.
            value = self._scalar(event.value, where) if not event.style else event.value
            self._put(Node(where=where, value=value), scalar_key=event.value)
            return True
        if len(self.open) >= MAX_DEPTH:
            self.faults.add(where, f"values are nested more than {MAX_DEPTH} deep; make the catalog flatter")
            return False
        node = (
            Node(where=where, value={}, keys={})
            if isinstance(event, yaml.MappingStartEvent)
            else Node(where=where, value=[])
        )
        self._put(node, scalar_key=None)
        self.open.append(node)
        self.pending.append(None)
        return True

    def _scalar(self, text: str, where: Where) -> None | bool | int | float | str:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.match(text):
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if _FLOAT.match(text) and not _LONG_INTEGER.match(text):
            number = float(text)
            if math.isfinite(number):
                return number
        elif not (_NO_NUMBER.match(text) or _LONG_INTEGER.match(text)):
            return text
        self.faults.add(where, f"`{text[:40]}` is no number that JSON has; write another, or quote it as text")
        return 0

    def _put(self, node: Node, *, scalar_key: str | None) -> None:
        """Hangs a node into the collection that is open: as an item, as a key, or as the value of the key before."""
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        waiting = self.pending[-1]
        if waiting is not None:
            parent.map[waiting[0]] = node
            self.pending[-1] = None
            return
        key = scalar_key
        if key is None:
            self.faults.add(node.where, "a key must be text, not a list or a mapping; quote it if text is meant")
            key = f"\0{node.where.line}:{node.where.column}"
        elif key in parent.keys:
            first = parent.keys[key]
            self.twice.add(
                node.where, f"`{key}` stands twice in this mapping, first in line {first.line}; remove or rename one"
            )
        assert isinstance(parent.keys, dict)
        parent.keys[key] = node.where
        self.pending[-1] = (key, node.where)

    def _where(self, event: Any) -> Where:
        return self._mark(event.start_mark)

    def _mark(self, mark: Any) -> Where:
        return Where(file=self.file, line=mark.line + 1, column=mark.column + 1)
