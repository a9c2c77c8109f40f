"""How a page of `wirecheck explain` is laid out.

Law: lines in, text out: wrapped, aligned, printable. What a page says is no matter here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

from wirecheck.report.escape import printable

_WIDTH: Final = 100


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    listed = list(rows)
    width = min(max((len(name) for name, _ in listed), default=0), 36)
    return [
        line
        for name, said in listed
        for line in (wrapped(said, f"  {name:<{width}}  ", " " * (width + 4)) if said else [f"  {name}"])
    ]


def wrapped(said: str, first: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        said,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}".rstrip() + "\n" for line in lines)
