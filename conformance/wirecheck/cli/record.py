"""`wirecheck record`: a proxy between a client and a server that writes down what they say, and judges it.

Law: composition. Passing on, writing and judging are done elsewhere; here they are put in a row, and the exit code is
taken from what they say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wirecheck.cli.choose import dialect_options

_LEVELS = ["must", "should", "may"]


@click.command("record", short_help="Record live traffic through a proxy.")
@click.option("--upstream", required=True, metavar="URL", help="The server: ws://... or wss://...")
@click.option(
    "--listen",
    default="127.0.0.1:8765",
    show_default=True,
    metavar="HOST:PORT",
    help="Where clients connect; port 0 takes any.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The capture to write (.gz: compressed); named after the time unless given.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE if there is one.")
@dialect_options
@click.option(
    "--envelope",
    type=click.Choice(["wire", "flat", "nested", "auto"]),
    default="wire",
    help="Which envelope to expect, as in `wirecheck check`.",
)
@click.option("--closed", is_flag=True, help="Fields that the document does not name are findings.")
@click.option("--level", type=click.Choice(_LEVELS), default="may", help="Show nothing less strict than this.")
@click.option(
    "--fail-on", type=click.Choice([*_LEVELS, "never"]), default="must", help="Findings this strict fail the run."
)
@click.option(
    "--require",
    type=click.Choice(_LEVELS[:2]),
    help="A guarantee this strict in which nothing held fails the run.",
)
@click.option(
    "--side", type=click.Choice(["server", "client", "both"]), default="both", help="Whose promises are checked."
)
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Only this guarantee; may be repeated.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "junit", "github"]), default="text", help="How to report."
)
@click.option("--quiet", is_flag=True, help="Show no findings while they happen; the report has them all.")
@click.option("--exclusive", is_flag=True, help="No other client takes part in the sessions that are recorded.")
@click.option("--ca", metavar="FILE", help="Certificates to trust for wss://, in PEM form.")
@click.option("--insecure", is_flag=True, help="Trust any certificate of the server.")
@click.option(
    "--max-connections",
    type=click.IntRange(1, 10_000),
    default=1_000,
    show_default=True,
    help="At once; further ones are refused with 503.",
)
def command(**options: Any) -> int:
    """Pass WebSocket traffic through to a server, write it down, and show findings as they happen.

    Clients connect to --listen instead of the server; the path and query that they ask for are appended to the
    upstream's. Ends on SIGINT or SIGTERM, with a report on standard output. Whose traffic it is, is told from the
    traffic unless --dialect or --catalog says it.

    \b
    Exit codes: 0 passed, 1 findings, 2 usage or catalog, 3 our own fault, 4 the upstream could never be reached.
    """
    from wirecheck.cli.recorder import Request, perform

    return perform(Request(**options))
