"""`wirecheck dialects`: the protocols that are known.

Law: a line a dialect, aligned, and nothing that is not in its catalog.
"""

from __future__ import annotations

import click


@click.command("dialects", short_help="List the protocols that are known.")
def command() -> None:
    """List the protocols that are known; `wirecheck explain DIALECT` says more of one."""
    from wirecheck.catalog import dialects, load
    from wirecheck.cli.output import emit

    forms = [load(name) for name in dialects()]
    rows = [
        (form.name, form.title, f"{len(form.frames)} frames", f"{len(form.guarantees)} guarantees", form.source)
        for form in forms
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        emit("  ".join(cells).rstrip() + "\n")
