"""`wirecheck serve`: a reference server, and a report on the clients that came.

Law: options and their help. What is done with them is in `serving`, which is imported when the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wirecheck.cli.choose import dialect_options
from wirecheck.cli.numbers import Finite

_LEVELS = ["must", "should", "may"]


@click.command("serve", short_help="Run a reference server.")
@dialect_options
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    metavar="PORT",
    help="The port to listen on; 0 takes any free one.",
)
@click.option("--replay", metavar="FILE", help="Play the server of this capture instead; --dialect is told from it.")
@click.option(
    "--wait",
    type=Finite(min=0),
    metavar="SECONDS",
    help="With --replay: how long to wait for what the client said then (default: 30).",
)
@click.option("--mutant", metavar="RULE[:VARIANT]", help="Break this guarantee, and no other.")
@click.option("--list-mutants", "listing", is_flag=True, help="List what --mutant takes, and end.")
@click.option("--unknown-frames", is_flag=True, help="Send frames that no document knows, which clients must survive.")
@click.option(
    "--latency",
    type=Finite(min=0, max=3600),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long before each frame.",
)
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable of the scenarios.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME=env:VAR|file:PATH", help="The credential to accept.")
@click.option("--level", type=click.Choice(_LEVELS), default="may", help="Show nothing less strict than this.")
@click.option(
    "--fail-on", type=click.Choice([*_LEVELS, "never"]), default="must", help="Findings this strict fail the run."
)
@click.option(
    "--require",
    type=click.Choice(_LEVELS[:2]),
    help="A guarantee this strict in which nothing held fails the run.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to report.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to this file.")
def command(**options: Any) -> int:
    """Play the server's side of a dialect's scenarios, for clients to be tested against.

    The server answers the prompts of the scenarios, which it prints, and takes any other for the one that fits best.
    It keeps sessions, replays history and checks credentials as the document says. With --replay, it says what the
    server of a capture said. Ends on SIGINT or SIGTERM, with a report on what the clients did wrong.

    \b
    Exit codes: 0 passed, 1 findings, 2 usage or catalog, 3 our own fault.
    """
    from wirecheck.cli.serving import Request, perform

    return perform(Request(**options))
