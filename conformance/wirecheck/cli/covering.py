"""`--coverage FILE`: what a run exercised, as text or as JSON.

Law: the file's name says in which form; `-` is standard error, as text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wirecheck.cli.output import save, tell, writable

if TYPE_CHECKING:
    from wirecheck.sample.coverage import Coverage

_STANDARD: Final = Path("-")


def coverable(path: Path | None) -> None:
    """Raise `UsageError` where nothing can be written to the file, before any work is done for it."""
    if path is not None and path != _STANDARD:
        writable(path)


def cover(path: Path | None, coverage: Coverage) -> None:
    """Write what was exercised, if somebody wants it."""
    if path == _STANDARD:
        tell(coverage.as_text(), nl=False)
    elif path is not None:
        plain = json.dumps(coverage.as_json(), ensure_ascii=False, indent=2) + "\n"
        save(path, coverage.as_text() if path.suffix == ".txt" else plain)
