"""Failures that are known and tolerated, until they are none any more.

Law: a listed failure is tolerated, a listed claim that holds is stale, and one that was not judged is neither. What is
listed and does not exist is an error: a list that nobody reads rots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wirecheck.catalog import rules
from wirecheck.drive.cases import FRAMES, OTHERS, Case, Judged, cases
from wirecheck.errors import UsageError

_MOST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The lines of the file, each `dialect/scenario/guarantee` or `guarantee`, with their numbers from 1."""

    file: str = ""
    lines: tuple[tuple[int, str], ...] = ()

    def tolerates(self, case: Case, judged: Judged) -> bool:
        """Whether this failure is listed: the case itself, its guarantee, or every guarantee that failed in it."""
        listed = {entry for _, entry in self.lines}
        if case.id in listed or case.guarantee in listed:
            return True
        broken = {group.first.guarantee for group in judged.findings}
        return case.guarantee == OTHERS and bool(broken) and broken <= listed

    def stale(self, judgements: Iterable[tuple[Case, Judged]]) -> tuple[str, ...]:
        """The entries that passed wherever they were judged, each with its line: `known.txt:3: …`."""
        found = tuple(judgements)
        gone = []
        for line, entry in self.lines:
            verdicts = {judged.verdict for case, judged in found if entry in (case.id, case.guarantee)}
            if "passed" in verdicts and "failed" not in verdicts and "inconclusive" not in verdicts:
                gone.append(f"{self.file}:{line}: {entry}")
        return tuple(gone)


def read_expected(path: Path, known: Iterable[Case]) -> Expected:
    """The list in a file: an entry a line, `#` begins a comment. `known` are the dialect's cases.

    Entries of other dialects are left alone. Raises `UsageError` for a file that cannot be read, and for an entry of
    this dialect that names no case.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{path}: cannot be read ({why}); name the file of expected failures") from None
    if len(text) > _MOST:
        raise UsageError(f"{path}: this is too long for a list of expected failures; name another file")
    ours = tuple(known)
    dialect = ours[0].dialect if ours else None
    ids = {case.id for case in cases(dialect)} if dialect is not None else set()
    words = {FRAMES, OTHERS, *rules()}
    lines = []
    for number, raw in enumerate(text.split("\n"), start=1):
        entry = raw.partition("#")[0].strip()
        if not entry:
            continue
        parts = entry.split("/")
        ok = entry in words if len(parts) == 1 else len(parts) == 3
        if ok and len(parts) == 3 and dialect is not None and parts[0] == dialect.name:
            ok = entry in ids
        if not ok:
            raise UsageError(
                f"{path}:{number}: {entry!a} names no case; write dialect/scenario/guarantee, as reports name it, or "
                f"a guarantee alone"
            )
        lines.append((number, entry))
    return Expected(file=str(path), lines=tuple(lines))
