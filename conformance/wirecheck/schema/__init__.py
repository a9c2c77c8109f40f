"""JSON Schemas of a dialect's messages, computed from its catalog.

Law: the catalog is the one source. Nothing here reads the files that it writes.
"""

from __future__ import annotations

from wirecheck.catalog import file_stem as file_name
from wirecheck.schema.files import ENVELOPES, STYLES, SUFFIX, drift, generate, generate_all, text_of, write
from wirecheck.schema.frame import DRAFT, Schema, frame_schema, union_schema
from wirecheck.schema.message import wire_style, wrap

__all__ = [
    "DRAFT",
    "ENVELOPES",
    "STYLES",
    "SUFFIX",
    "Schema",
    "drift",
    "file_name",
    "frame_schema",
    "generate",
    "generate_all",
    "text_of",
    "union_schema",
    "wire_style",
    "wrap",
    "write",
]
