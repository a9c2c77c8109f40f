"""JSON Schemas of a dialect's messages, computed from its catalog.

Law: the catalog is the one source. Nothing here reads the files that it makes.
"""

from __future__ import annotations

from wirecheck.catalog import file_stem as file_name
from wirecheck.schema.draft import DRAFTS, META, Draft, in_draft
from wirecheck.schema.files import (
    ENVELOPES,
    SPLIT,
    STYLES,
    folder_of,
    generate,
    generate_drafts,
    generate_split,
    text_of,
)
from wirecheck.schema.frame import DRAFT, SUFFIX, Schema, frame_schema, split_schema, titles, union_schema
from wirecheck.schema.message import wire_style, wrap

__all__ = [
    "DRAFT",
    "DRAFTS",
    "ENVELOPES",
    "META",
    "SPLIT",
    "STYLES",
    "SUFFIX",
    "Draft",
    "Schema",
    "file_name",
    "folder_of",
    "frame_schema",
    "generate",
    "generate_drafts",
    "generate_split",
    "in_draft",
    "split_schema",
    "text_of",
    "titles",
    "union_schema",
    "wire_style",
    "wrap",
]
