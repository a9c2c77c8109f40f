"""Paths, patterns and folders to captures.

Law: names only; no capture is opened, though of a remote place its folders and patterns are asked for. Whatever was
named and is not there is an error; whatever a folder holds beside captures is listed and left alone. Names are shown
without the secrets that URLs hold, and no two captures under one name.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from wirecheck.capture import STANDARD_INPUT, is_remote, label
from wirecheck.errors import CaptureError

SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The captures to read, each once, in the order in which they were named; and what folders held beside them."""

    captures: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def shown(self) -> Mapping[str, str]:
        """What to call each capture in reports and messages: another name for each."""
        shown: dict[str, str] = {}
        taken: set[str] = set(self.captures)
        for name in self.captures:
            called = plain = label(name)
            number = 1
            while called in taken and called != name:
                number += 1
                called = f"{plain} ({number})"
            shown[name] = called
            taken.add(called)
        return shown


def expand(paths: Iterable[str]) -> Inputs:
    """Raises `CaptureError` for a path, a pattern or a folder that gives nothing to read."""
    captures: dict[str, None] = {}
    skipped: dict[str, None] = {}
    for path in paths:
        if path == STANDARD_INPUT:
            captures[path] = None
            continue
        if is_remote(path):
            from wirecheck.capture import remote

            there, beside = remote.found(path, SUFFIXES)
            captures.update(dict.fromkeys(there))
            skipped.update(dict.fromkeys(beside))
            continue
        for found in _matches(path):
            if os.path.isdir(found):
                inside = _in_folder(found)
                if not any(name.endswith(SUFFIXES) for name in inside):
                    listed = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
                    raise CaptureError(f"{found}: the folder holds no capture ({listed}); name a file in it")
                for name in inside:
                    (captures if name.endswith(SUFFIXES) else skipped)[name] = None
            else:
                captures[found] = None
    return Inputs(captures=tuple(captures), skipped=tuple(name for name in skipped if name not in captures))


def _matches(path: str) -> list[str]:
    # A file may be called what looks like a pattern; the file comes first.
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    found = sorted(glob.glob(path, recursive=True))
    if not found:
        raise CaptureError(f"{path}: no file matches the pattern")
    return found


def _in_folder(folder: str) -> list[str]:
    found: list[str] = []

    def refuse(error: OSError) -> None:
        raise CaptureError(f"{error.filename}: the folder cannot be read ({error.strerror})") from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += (os.path.join(parent, name) for name in sorted(files) if not name.startswith("."))
    return found
