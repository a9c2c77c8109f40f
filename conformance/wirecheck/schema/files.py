"""The schema files: what they hold, how they are written, and whether a folder still holds just that.

Law: `generate` is pure, and the same catalog gives the same text to the byte (sorted, no timestamps). Only `write` and
`drift` touch a disk, and neither knows what a schema says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wirecheck import catalog
from wirecheck.catalog import file_stem
from wirecheck.catalog.model import Dialect, Envelope, Style
from wirecheck.schema.frame import Schema, frame_schema, union_schema

STYLES: tuple[Style, ...] = ("flat", "nested")
ENVELOPES: tuple[Envelope, ...] = ("wire", "flat", "nested")
SUFFIX = ".schema.json"


def text_of(schema: Schema | bool) -> str:
    """A schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def generate(dialect: Dialect) -> dict[str, str]:
    """Every schema file of a dialect: path below `schemas/` to text, sorted by path."""
    files = {
        f"{dialect.name}/{style}/{file_stem(frame.key)}{SUFFIX}": text_of(frame_schema(dialect, frame, style))
        for frame in dialect.frames.values()
        for style in STYLES
    }
    for envelope in ENVELOPES:
        files[f"{dialect.name}/{dialect.name}.{envelope}{SUFFIX}"] = text_of(union_schema(dialect, envelope))
    return dict(sorted(files.items()))


def generate_all() -> dict[str, str]:
    """The schema files of every dialect that ships, sorted by path."""
    files: dict[str, str] = {}
    for name in catalog.dialects():
        files |= generate(catalog.load(name))
    return dict(sorted(files.items()))


def write(root: Path, files: Mapping[str, str], *, prune: bool = False) -> None:
    """Write the files below `root`. With `prune`, for a folder that is ours alone, remove every other schema there."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    for path in _extra(root, files) if prune else ():
        (root / path).unlink()


def drift(root: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """What a folder has that differs from `files`, a line each: changed, missing, or an extra schema."""
    found = [(path, f"extra: {path}") for path in _extra(root, files)]
    for path, text in files.items():
        if not (root / path).is_file():
            found.append((path, f"missing: {path}"))
        elif (root / path).read_bytes() != text.encode():
            found.append((path, f"changed: {path}"))
    return tuple(line for _, line in sorted(found))


def _extra(root: Path, files: Mapping[str, str]) -> list[str]:
    """The schema files below `root` that are not of `files`; what other generators put there has other suffixes."""
    present = (path.relative_to(root).as_posix() for path in root.rglob(f"*{SUFFIX}") if path.is_file())
    return sorted(set(present) - set(files))
