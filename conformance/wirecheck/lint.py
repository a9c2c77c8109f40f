"""Every mistake of a catalog file at once.

Law: nothing is judged here that `load_file` would let pass, and nothing passes that it would refuse.
"""

from __future__ import annotations

from pathlib import Path

from wirecheck.catalog import load_file
from wirecheck.errors import CatalogError, Fault


def lint(path: Path | str) -> tuple[Fault, ...]:
    """The mistakes in the catalog at `path`, in file order; empty if it can be used as it is."""
    try:
        load_file(path)
    except CatalogError as error:
        return error.faults
    return ()
