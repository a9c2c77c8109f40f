"""Types for other languages: a dialect's frames as tagged unions, with what decodes, checks and encodes them.

Law: pure functions from a catalog to `{path: text}`; no file is written here and no compiler is called.

    module_of(dialect, envelope, senders)   the types, of no language
    generate(dialect, language, …)          the files of one language
    generate_each(dialect)                  those of all, as they are checked in
"""

from __future__ import annotations

from wirecheck.types.build import module_of
from wirecheck.types.languages import LANGUAGES, generate, generate_each

__all__ = ["LANGUAGES", "generate", "generate_each", "module_of"]
