"""AsyncAPI 3 documents of dialects.

Law: a document says what the catalog says, and nothing that it does not; what AsyncAPI has no words for stands in
members `x-wirecheck-…`.
"""

from __future__ import annotations

from wirecheck.asyncapi.document import VERSION, document, file_of, generate
from wirecheck.asyncapi.text import text_of

__all__ = ["VERSION", "document", "file_of", "generate", "text_of"]
