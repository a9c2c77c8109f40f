"""`wirecheck lint`: every mistake of catalog files, at once.

Law: prints what the linter finds, a line each, in the form that editors jump to; exit code 2 if there is any.
"""

from __future__ import annotations

import click

from wirecheck.cli import PASSED, USAGE


@click.command("lint", short_help="Name the mistakes in a catalog file.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def command(files: tuple[str, ...]) -> int:
    """Name every mistake in catalog files, each as FILE:LINE:COLUMN: what is wrong and what to do."""
    from wirecheck.cli.output import emit
    from wirecheck.lint import lint
    from wirecheck.report.escape import printable

    faults = [fault for file in files for fault in lint(file)]
    for fault in faults:
        emit(printable(str(fault)) + "\n")
    if not faults:
        emit(f"{len(files)} catalog{'' if len(files) == 1 else 's'}, no mistakes\n")
    return USAGE if faults else PASSED
