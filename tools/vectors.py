"""Write `fixtures/<dialect>/{frames,messages}.json` anew from the catalogs, or, with `--check`, say what there differs.

Law: `generate` is pure, `{path: text}`, and the same catalogs give the same text to the byte.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from message_vectors import message_vectors
from wirecheck import catalog
from wirecheck.folder import drift, write
from wirecheck.vectors.frames import frame_vectors

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
NAMES = ("frames.json", "messages.json")


def generate() -> dict[str, str]:
    """Every vector file, by its path below `fixtures/`."""
    files = {}
    for name in catalog.dialects():
        dialect = catalog.load(name)
        files[f"{name}/frames.json"] = _text(frame_vectors(dialect))
        files[f"{name}/messages.json"] = _text(message_vectors(dialect))
    return dict(sorted(files.items()))


def ours(path: str) -> bool:
    """Whether a file below `fixtures/` is written by this program alone."""
    return path.count("/") == 1 and path.rpartition("/")[2] in NAMES


def _text(vectors: Iterable[Mapping[str, Any]]) -> str:
    """A JSON array with a line for each vector, in ASCII, so that no tool stumbles over a raw line separator."""
    return "[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything differs")
    parser.add_argument("--root", type=Path, default=FIXTURES, help="the folder of the fixtures")
    options = parser.parse_args()
    files = generate()
    if not options.check:
        write(options.root, files, prune=True, ours=ours)
        print(f"{len(files)} files in {options.root.name}/")
        return 0
    lines = drift(options.root, files, ours=ours)
    for line in lines:
        print(line)
    if lines:
        print("Run `python tools/vectors.py` and commit what it writes.", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
