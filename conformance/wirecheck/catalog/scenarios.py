"""A dialect's scenarios and their variables, from their nodes to values.

Law: which scenarios there are, and whose they are; how one is read is the matter of `steps`. Nothing is played here.
"""

from __future__ import annotations

from collections.abc import Iterator

from wirecheck.catalog.model import Dialect
from wirecheck.catalog.script import Scenario, Variable
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.steps import Reading


def build_variables(node: Node | None) -> dict[str, Variable]:
    """The variables by name, in file order."""
    plain = node.plain() if node is not None else {}
    return {
        name: Variable(
            name=name,
            reference=form["reference"],
            secret=form.get("secret", False),
            summary=form.get("summary", ""),
        )
        for name, form in plain.items()
    }


def build_scenarios(node: Node | None, dialect: Dialect, faults: Faults) -> dict[str, Scenario]:
    """The scenarios by name, in file order; `dialect` is complete but for these.

    One that was taken over from another catalog, and plays a frame that was dropped, goes with it.
    """
    found = {}
    for name, child in _expanded(node, faults):
        own = Faults()
        scenario = Reading(dialect, own).scenario(name, child)
        taken_over = child.where.file != dialect.file
        if taken_over and len(own):
            continue
        faults.take(own)
        found[name] = scenario
    return found


def _expanded(node: Node | None, faults: Faults) -> Iterator[tuple[str, Node]]:
    """The scenarios by name; one with `each` stands for as many, each called after its word."""
    seen: set[str] = set()
    for name, child in node.map.items() if node is not None else ():
        words = [str(item.value) for item in child.map["each"].items] if "each" in child.map else [None]
        for word in words:
            own = name if word is None else f"{name}-{word}"
            if own in seen:
                faults.add(child.where, f"two scenarios are called `{own}`; rename one")
            seen.add(own)
            yield own, child if word is None else _with_word(child, word)


def _with_word(node: Node, word: str) -> Node:
    """The tree with `word` wherever it says `$each`."""
    if node.map:
        members = {name: _with_word(child, word) for name, child in node.map.items()}
        return Node(where=node.where, value=members, keys=node.keys)
    if node.items:
        return Node(where=node.where, value=[_with_word(item, word) for item in node.items])
    return Node(where=node.where, value=word) if node.value == "$each" else node
