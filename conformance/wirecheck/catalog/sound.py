"""What is left of a catalog's tree when all that is wrong in its structure has been taken out.

Law: takes out, and never puts right. What is left can be judged further, so that one reading names every mistake; what
was lost is remembered, so that nothing is said of a part only because something that it refers to was taken out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from wirecheck.catalog.source import Node
from wirecheck.catalog.structure import Path, catalog_schema, faulty

_ROUNDS: Final = 50  # taking out a member may leave its mapping without one that it needs, and so on outwards
_PARTS: Final = ("envelope", "connect", "names", "frames")
_OF_NO_CONSEQUENCE: Final = frozenset({"summary", "basis", "source", "note", "wire", "contains", "examples"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """What is not wholly known, because something of it was wrong and is left out."""

    frames: bool = False
    roles: bool = False
    payloads: bool = False
    needs: bool = False
    tags: bool = False
    envelope: bool = False
    connect: bool = False
    names: bool = False


def sound(tree: Node) -> tuple[Node, Unsure] | None:
    """The part of a dialect's tree whose structure is right; None where no such part could be made out.

    What every dialect must have, and this one has not, is stood in for by what is empty.
    """
    lost: set[Path] = set()
    for _ in range(_ROUNDS):
        # The last first, so that taking one item out of a list leaves the others where they were; nothing can be
        # taken out for what the catalog as a whole lacks.
        doomed = {path for path in faulty(tree, "dialect") if path}
        if not doomed:
            break
        lost |= doomed
        for path in sorted(doomed, key=_order, reverse=True):
            tree = _without(tree, path)
    else:
        return None
    known = catalog_schema()["$defs"]["dialect"]["properties"]
    # A member that no catalog has may have been meant for one that is not there.
    strange = any(len(path) == 1 and path[0] not in known for path in lost)
    lost |= {(name,) for name in _PARTS if name not in tree.map and (strange or name in ("envelope", "frames"))}
    if "frames" not in tree.map:
        tree = _with(tree, "frames", Node(where=tree.where, value={}))
    for key, frame in tree.map["frames"].map.items():
        if any(path[:2] == ("frames", key) and _of_payload(path) for path in lost):
            unknown = _with(frame, "payload", Node(where=frame.where, value="unknown"))
            tree = _with(tree, "frames", _with(tree.map["frames"], key, unknown))
    return tree, _unsure(lost)


def _unsure(lost: Iterable[Path]) -> Unsure:
    parts = {path[0] for path in lost}
    whole = any(path[0] == "frames" and len(path) < 3 for path in lost)
    members = {path[2] for path in lost if path[0] == "frames" and len(path) > 2} - _OF_NO_CONSEQUENCE
    # A member that no frame has may have been meant for any of them.
    anything = whole or bool(members - {"from", "tag", "is", "may", "needs", "payload", "cases"})
    return Unsure(
        frames=whole,
        roles=anything or bool(members & {"is", "may", "cases"}),
        payloads=anything or bool(members & {"payload", "cases"}),
        needs=anything or "needs" in members,
        tags=anything or "tag" in members,
        envelope="envelope" in parts,
        connect="connect" in parts,
        names="names" in parts,
    )


def _of_payload(path: Path) -> bool:
    return len(path) > 2 and path[2] not in _OF_NO_CONSEQUENCE | {"from", "tag", "is", "may", "needs"}


def _order(path: Path) -> tuple[tuple[int, int | str], ...]:
    return tuple((0, step) if isinstance(step, int) else (1, step) for step in path)


def _without(node: Node, path: Path) -> Node:
    step, rest = path[0], path[1:]
    value: Any
    if isinstance(step, int):
        if step >= len(node.items):
            return node
        kept = [_without(node.items[step], rest)] if rest else []
        value = [*node.items[:step], *kept, *node.items[step + 1 :]]
    elif step not in node.map:
        return node
    elif rest:
        value = {**node.map, step: _without(node.map[step], rest)}
    else:
        value = {name: child for name, child in node.map.items() if name != step}
    return Node(where=node.where, value=value, keys=node.keys)


def _with(node: Node, name: str, child: Node) -> Node:
    return Node(where=node.where, value={**node.map, name: child}, keys=node.keys)
