"""Text, or bytes, to standard output or a file.

Law: a reader that closes early (`| head`) is no error, and neither is a terminal that cannot show a character.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from wirecheck.errors import UsageError


def emit(text: str) -> None:
    """Write `text` to standard output."""
    if sys.stdout is None:
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with _written():
        sys.stdout.write(text)
        sys.stdout.flush()


def stream(parts: Iterable[bytes]) -> None:
    """Write bytes to standard output, one part after the other, as long as somebody reads them."""
    if sys.stdout is None:
        return
    with _written():
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()


@contextmanager
def _written() -> Iterator[None]:
    """While something is written to standard output; raises `UsageError` where that cannot be."""
    try:
        yield
    except BrokenPipeError:
        _leave(sys.stdout)
    except OSError as error:
        _leave(sys.stdout)
        raise UsageError(f"standard output cannot be written ({error.strerror or error}); name a file") from error


def tell(line: str, *, nl: bool = True) -> None:
    """Write a line to standard error, if anybody reads that."""
    with unheard():
        click.echo(line, err=True, nl=nl)


@contextmanager
def unheard() -> Iterator[None]:
    """While something is written to standard error: that nobody reads it changes nothing else."""
    try:
        yield
    except BrokenPipeError:
        _leave(sys.stderr)


def _leave(unread: TextIO) -> None:
    """Nobody reads any more. Python flushes once again at its end, and that must not fail aloud."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), unread.fileno())


def writable(path: Path) -> None:
    """Raise `UsageError` where nothing can be written to `path`, before any work is done for it."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; name a file for --output")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{path}: no permission to write it; name another file for --output")


def save(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error
