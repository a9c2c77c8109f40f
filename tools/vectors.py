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

from frame_vectors import frame_vectors
from message_vectors import message_vectors
from wirecheck import catalog

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


def drift(root: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """What a folder has that differs from `files`, a line each: changed, missing, or extra."""
    present = {path.relative_to(root).as_posix() for name in NAMES for path in root.glob(f"*/{name}")}
    found = [(path, f"extra: {path}") for path in present - set(files)]
    for path, text in files.items():
        if path not in present:
            found.append((path, f"missing: {path}"))
        elif (root / path).read_bytes() != text.encode():
            found.append((path, f"changed: {path}"))
    return tuple(line for _, line in sorted(found))


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")


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
        write(options.root, files)
        print(f"{len(files)} files in {options.root.name}/")
        return 0
    lines = drift(options.root, files)
    for line in lines:
        print(line)
    if lines:
        print("Run `python tools/vectors.py` and commit what it writes.", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
