"""Generated files in a folder: written, or compared with what is there.

Law: `{path: text}` in, paths relative and with `/`. Nothing here knows what a text says, or who made it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path


def everything(_: str) -> bool:
    """Of a folder that belongs to its generators alone: whatever they did not make is extra."""
    return True


def write(
    root: Path, files: Mapping[str, str], *, prune: bool = False, ours: Callable[[str], bool] = everything
) -> None:
    """Write the files below `root`. With `prune`, remove every other file there that is `ours` by its path.

    Raises `OSError` where a file cannot be written.
    """
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    for path in _extra(root, files, ours) if prune else ():
        (root / path).unlink()


def drift(root: Path, files: Mapping[str, str], *, ours: Callable[[str], bool] = everything) -> tuple[str, ...]:
    """What a folder has that differs from `files`, a line each: changed, missing, or extra among what is `ours`."""
    found = [(path, f"extra: {path}") for path in _extra(root, files, ours)]
    for path, text in files.items():
        if not (root / path).is_file():
            found.append((path, f"missing: {path}"))
        elif (root / path).read_bytes() != text.encode():
            found.append((path, f"changed: {path}"))
    return tuple(line for _, line in sorted(found))


def _extra(root: Path, files: Mapping[str, str], ours: Callable[[str], bool]) -> list[str]:
    """Python leaves `__pycache__` wherever something is imported; it is nobody's."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file() or path.is_symlink())
    present = {path.as_posix() for path in found if "__pycache__" not in path.parts}
    return sorted(path for path in present - set(files) if ours(path))
