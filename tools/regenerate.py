"""Write `schemas/` anew from the catalogs, or, with `--check`, say what there differs from them.

Law: the folder belongs to the generators alone. Each is pure and gives `{path: text}`; whatever lies there that none of
them made is a difference.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from wirecheck import asyncapi, catalog, schema, types
from wirecheck.catalog.model import Dialect
from wirecheck.folder import drift, write
from wirecheck.schema import openapi

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"

Generator = Callable[[], Mapping[str, str]]


def each(make: Callable[[Dialect], Mapping[str, str]]) -> Generator:
    """What `make` gives for every dialect that ships."""
    return lambda: {path: text for name in catalog.dialects() for path, text in make(catalog.load(name)).items()}


GENERATORS: tuple[Generator, ...] = (
    each(schema.generate_drafts),
    each(openapi.generate),
    each(asyncapi.generate),
    each(types.generate_each),
)
"""All that is checked in: paths below `schemas/` to texts."""


def generate(generators: tuple[Generator, ...] = GENERATORS) -> dict[str, str]:
    """Every file, sorted by path. Raises `ValueError` where two generators make one file."""
    files: dict[str, str] = {}
    for generator in generators:
        made = generator()
        twice = sorted(files.keys() & made)
        if twice:
            raise ValueError(f"two generators make {', '.join(twice)}")
        files |= made
    return dict(sorted(files.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything differs")
    parser.add_argument("--root", type=Path, default=SCHEMAS, help="the folder of the generated files")
    options = parser.parse_args()
    files = generate()
    if not options.check:
        write(options.root, files, prune=True)
        print(f"{len(files)} files in {options.root.name}/")
        return 0
    lines = drift(options.root, files)
    for line in lines:
        print(line)
    if lines:
        print("Run `make schemas` and commit what it writes.", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
