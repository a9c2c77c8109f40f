"""What is settled of a message before the rest is drawn, as trees.

Law: paths in, trees out. What is settled is never changed by a choice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

Path = tuple[str, ...]


class Pin:
    """A member's value, put in as it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


ABSENT: Final = object()
"""The member is left out."""


class Tree(dict[str, Any]):
    """A `Pin`, `ABSENT` or a further tree for each member that is settled, or that something below is."""

    __slots__ = ()

    def put(self, path: Path, leaf: Any) -> None:
        """Settle one place. A place below what is absent, or below a value that is no object, cannot be: it is left."""
        first, *rest = path
        below = self.get(first)
        if not rest:
            if isinstance(below, Tree) and isinstance(leaf, Pin):
                leaf = Pin(without(leaf.value, below))
            self[first] = leaf
            return
        if isinstance(below, Pin) and isinstance(below.value, dict):
            below = Tree({key: Pin(value) for key, value in below.value.items()})
        elif below is None:
            below = Tree()
        if isinstance(below, Tree):
            self[first] = below
            below.put(tuple(rest), leaf)

    def at(self, path: Path) -> Any:
        """What is settled at a place: a pin, `ABSENT`, a tree that makes it an object, or None for nothing."""
        found: Any = self
        for step in path:
            if not isinstance(found, Tree):
                break
            found = found.get(step)
        return None if isinstance(found, Tree) and found.loose else found

    @property
    def loose(self) -> bool:
        """Whether nothing in it has to be there, so that what it is about need not be there either."""
        return not any(isinstance(leaf, Pin) or (isinstance(leaf, Tree) and not leaf.loose) for leaf in self.values())


def laid(given: Mapping[Path, Any], absent: Collection[Path]) -> tuple[Tree, Tree]:
    """The trees of the header and of the payload: values and what is left out, each by its path."""
    head, tree = Tree(), Tree()
    leaves: list[tuple[Path, Any]] = [(path, ABSENT) for path in absent]
    leaves += [(path, Pin(value)) for path, value in given.items()]
    for path, leaf in sorted(leaves, key=lambda one: len(one[0])):
        if path[0].startswith("@"):
            head.put((path[0][1:],), leaf)
        else:
            tree.put(path, leaf)
    return head, tree


def standing(tree: Tree) -> dict[str, Any]:
    """The object that holds what is settled and nothing else."""
    found = {}
    for key, leaf in tree.items():
        if isinstance(leaf, Pin):
            found[key] = leaf.value
        elif isinstance(leaf, Tree) and not leaf.loose:
            found[key] = standing(leaf)
    return found


def without(value: Any, tree: Tree) -> Any:
    """The value without what the tree leaves out."""
    if not isinstance(value, dict):
        return value
    return {
        key: without(inner, tree[key]) if isinstance(tree.get(key), Tree) else inner
        for key, inner in value.items()
        if tree.get(key) is not ABSENT
    }
