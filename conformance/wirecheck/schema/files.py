"""The files of a dialect that hold JSON Schemas.

Law: pure, and the same catalog gives the same text to the byte (sorted, no timestamps). Nothing here touches a disk.
"""

from __future__ import annotations

import json

from wirecheck.catalog import file_stem
from wirecheck.catalog.model import Dialect, Envelope, Style
from wirecheck.schema.draft import DRAFTS, Draft
from wirecheck.schema.frame import SUFFIX, Schema, frame_schema, split_schema, union_schema

STYLES: tuple[Style, ...] = ("flat", "nested")
ENVELOPES: tuple[Envelope, ...] = ("wire", "flat", "nested")
SPLIT = ".split"


def text_of(schema: Schema | bool) -> str:
    """A schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def folder_of(dialect: Dialect, draft: Draft) -> str:
    """Where a dialect's schemas of a draft lie, below `schemas/`."""
    return dialect.name if draft == "2020-12" else f"{dialect.name}/draft-{draft}"


def generate(dialect: Dialect, draft: Draft = "2020-12") -> dict[str, str]:
    """The schema of each frame in both styles, and the unions, each of which holds all that it refers to.

    Path below `schemas/` to text, sorted by path.
    """
    folder = folder_of(dialect, draft)
    unions = {
        f"{folder}/{dialect.name}.{envelope}{SUFFIX}": text_of(union_schema(dialect, envelope, draft=draft))
        for envelope in ENVELOPES
    }
    return dict(sorted((_frames(dialect, draft) | unions).items()))


def generate_split(dialect: Dialect, draft: Draft = "2020-12") -> dict[str, str]:
    """The same with unions that refer to the files of the frames, so that nothing is written twice."""
    folder = folder_of(dialect, draft)
    unions = {
        f"{folder}/{dialect.name}.{envelope}{SPLIT}{SUFFIX}": text_of(split_schema(dialect, envelope, draft=draft))
        for envelope in ENVELOPES
    }
    return dict(sorted((_frames(dialect, draft) | unions).items()))


def generate_drafts(dialect: Dialect) -> dict[str, str]:
    """All of these in every draft."""
    files: dict[str, str] = {}
    for draft in DRAFTS:
        files |= generate(dialect, draft) | generate_split(dialect, draft)
    return dict(sorted(files.items()))


def _frames(dialect: Dialect, draft: Draft) -> dict[str, str]:
    folder = folder_of(dialect, draft)
    return {
        f"{folder}/{style}/{file_stem(frame.key)}{SUFFIX}": text_of(frame_schema(dialect, frame, style, draft=draft))
        for frame in dialect.frames.values()
        for style in STYLES
    }
