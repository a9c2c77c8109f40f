"""Messages read straight into values of exact types: the way that accepts, and never explains."""

from __future__ import annotations

from wirecheck.typed.kind import Kind, Path
from wirecheck.typed.typed import Line, Typed

__all__ = ["Kind", "Line", "Path", "Typed"]
