"""One catalog on top of another: `extends`, `rename`, `drop`.

Law: trees in, a tree out. Every value keeps the place in the file from which it came, so that a mistake in what was
taken over and one in what was added are each shown where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from wirecheck.catalog.model import Where
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import did_you_mean

# Parts that are laid over the base member by member; every other part replaces the base's as a whole.
_MEMBERWISE = ("envelope", "connect", "names", "spans", "frames", "guarantees", "variables", "scenarios")
_NAME_FRAMES = ("send", "of", "until", "or", "plays")
"""Members of a scenario's step that name frames."""
_OWN = ("extends", "rename", "drop")


def extend(base: Node, over: Node, faults: Faults) -> Node:
    """The complete tree: the base with frames renamed and parts dropped, and then what `over` says laid over it."""
    renames = over.at(("rename", "frames")).map if "frames" in _member(over, "rename") else {}
    tree = _rename(base, renames, over, faults)
    for part in ("frames", "guarantees"):
        tree = _drop(tree, part, over, faults)
    members, keys = dict(tree.map), dict(tree.keys)
    for name, child in over.map.items():
        if name in _OWN:
            continue
        merge = name in _MEMBERWISE and name in members
        members[name] = _merge(members[name], child) if merge else child
        keys[name] = over.key(name)
    return Node(where=over.where, value=members, keys=keys)


def _member(node: Node, name: str) -> dict[str, Node]:
    return node.map[name].map if name in node.map else {}


def _merge(base: Node, over: Node) -> Node:
    return Node(where=over.where, value={**base.map, **over.map}, keys={**base.keys, **over.keys})


def _rename(base: Node, renames: dict[str, Node], over: Node, faults: Faults) -> Node:
    frames = base.map["frames"]
    new_names: dict[str, str] = {}
    for old, new in renames.items():
        if old not in frames.map:
            where = over.at(("rename", "frames")).key(old)
            faults.add(where, f"the extended catalog has no frame `{old}`; {did_you_mean(old, frames.map)}")
        elif (new.value in frames.map and new.value not in renames) or new.value in new_names.values():
            faults.add(new.where, f"there is a frame `{new.value}` already; choose another name, or drop that one")
        else:
            new_names[old] = str(new.value)
    members = {new_names.get(key, key): child for key, child in frames.map.items()}
    keys = {new_names.get(key, key): where for key, where in frames.keys.items()}
    renamed = Node(where=frames.where, value=members, keys=keys)
    parts = {**base.map, "frames": renamed}
    answer = base.at(("rejects", "answer"))
    if isinstance(answer.value, str) and answer.value in new_names:
        named = Node(where=answer.where, value=new_names[answer.value])
        parts["rejects"] = _with_member(base.map["rejects"], "answer", named)
    if new_names and "scenarios" in base.map:
        parts["scenarios"] = _renamed_in(base.map["scenarios"], new_names)
    return Node(where=base.where, value=parts, keys=base.keys)


def _renamed_in(node: Node, new_names: dict[str, str], *, frames: bool = False) -> Node:
    """The scenarios with each frame by its new name, wherever a step names one."""
    value: object = node.value
    keys = node.keys
    if isinstance(value, dict):
        cue = frames and len(value) == 1
        keys = {new_names.get(name, name) if cue else name: where for name, where in keys.items()}
        value = {
            new_names.get(name, name) if cue else name: _renamed_in(
                child, new_names, frames=not cue and name in _NAME_FRAMES
            )
            for name, child in value.items()
        }
    elif isinstance(value, list):
        value = [_renamed_in(item, new_names, frames=frames) for item in value]
    elif frames and isinstance(value, str):
        value = new_names.get(value, value)
    return Node(where=node.where, value=value, keys=keys)  # type: ignore[arg-type]  # of the same form as before


def _with_member(node: Node, name: str, child: Node) -> Node:
    return Node(where=node.where, value={**node.map, name: child}, keys=node.keys)


def _drop(tree: Node, part: str, over: Node, faults: Faults) -> Node:
    node = tree.map.get(part, Node(where=tree.where, value={}))
    doomed = {name for name, _ in _dropped(over, part)}
    for name, where in _dropped(over, part):
        if name not in node.map:
            advice = did_you_mean(name, node.map)
            faults.add(
                where, f"the extended catalog has no `{name}` in `{part}` (names are those after `rename`); {advice}"
            )
    if not doomed:
        return tree
    kept = {name: child for name, child in node.map.items() if name not in doomed}
    return _with_member(tree, part, Node(where=node.where, value=kept, keys=node.keys))


def _dropped(over: Node, part: str) -> Iterator[tuple[str, Where]]:
    doomed = _member(over, "drop").get(part)
    for item in doomed.items if doomed is not None else ():
        yield str(item.value), item.where
