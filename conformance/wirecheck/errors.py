"""The mistakes of our users and of ourselves, as exceptions.

Law: an exception is about what *we* were handed (a catalog, a path, an option) or about our own fault. What a
peer did wrong on the wire is a `Finding`, which is data, and is never raised.
"""

from __future__ import annotations

from dataclasses import dataclass


class WirecheckError(Exception):
    """Anything a caller may want to catch from this package. The text says what to do next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake in a catalog file.

    `line` and `column` are 1-based; both are 1 where the whole file is meant.
    """

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class CatalogError(WirecheckError):
    """A catalog that cannot be used. `faults` holds every mistake found, in file order."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class CaptureError(WirecheckError):
    """A capture that cannot be opened at all (absent, no permission, a folder where a file is meant)."""


class TargetError(WirecheckError):
    """A live target that cannot be reached."""


class UsageError(WirecheckError):
    """An option or a name that does not fit; the text lists what would."""


class WorkError(WirecheckError):
    """Work that others did for us (processes, a cluster) and did not bring to its end; there is no report."""
