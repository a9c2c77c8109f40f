"""`wirecheck fuzz`: a live server in, what it does wrong out; without one, frames and conversations out.

Law: options and their help. What is done with them is in modules that are imported when the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wirecheck.cli.choose import dialect_options
from wirecheck.cli.fuzz_options import check_half, coverage_option, offline_options
from wirecheck.cli.numbers import Finite
from wirecheck.cli.targets import patience_options, target_options
from wirecheck.errors import UsageError

_LEVELS = ["must", "should", "may"]


@click.command("fuzz", short_help="Fuzz a live server, or write what to fuzz with.")
@click.argument("url", required=False, metavar="URL")
@dialect_options
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many messages to send; without a URL, how many lines to write (100).",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="The same seed makes the same choices.")
@coverage_option
@offline_options
@click.option(
    "--seconds",
    type=Finite(min=0, min_open=True),
    metavar="S",
    help="How long to send messages (60, unless --count is given).",
)
@click.option(
    "--rate",
    type=Finite(min=0),
    default=50.0,
    metavar="N",
    help="No more messages a second than these (50); 0: as many as there are.",
)
@click.option("--max-turns", type=click.IntRange(min=0), metavar="N", help="Send no more than N prompts in all.")
@click.option("--stop-on-first/--go-on", default=True, help="Stop at the first finding that fails the run, or go on.")
@click.option(
    "--deterministic", is_flag=True, help="The server repeats itself: shorten what fails by playing it again."
)
@click.option(
    "--retries", type=click.IntRange(min=0), default=5, metavar="N", help="Play what fails again N times (5)."
)
@click.option("--restart", metavar="CMD", help="A command that starts the server again when it has died.")
@click.option(
    "--canary", metavar="NAME", help="The scenario to be played beside it (default: the plainest that passes)."
)
@target_options
@patience_options
@click.option(
    "--fail-on", type=click.Choice([*_LEVELS, "never"]), default="must", help="Findings this strict fail the run."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl"]),
    help="How to report (text); without a URL there is jsonl alone.",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to this file.")
@click.option(
    "--captures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where what fails is saved (default: wirecheck-captures).",
)
@click.pass_context
def command(context: click.Context, /, **options: Any) -> int:
    """Fuzz the server at URL (ws:// or wss://): send it invalid frames, and valid ones that nobody thought of.

    It must answer with its documented error or not at all, close with documented codes alone, keep an ordinary
    conversation beside it going, and take new connections. What fails is saved as a capture and as a conversation that
    `wirecheck test --replay FILE URL` plays again.

    Without URL: write frames or conversations to standard output, a line of JSON each, for tests in any language. The
    same seed gives the same bytes.

    \b
    Exit codes: 0 passed, 1 findings, 2 usage or catalog, 3 our own fault, 4 no server.
    """
    check_half(context)
    if options["url"] is None:
        from wirecheck.cli import fuzz_offline

        return fuzz_offline.perform(fuzz_offline.request_of(options))
    if options["form"] == "jsonl":
        raise UsageError("--format jsonl is for what is written without a URL; take text or json")
    from wirecheck.cli.fuzzing import perform, request_of

    return perform(request_of({**options, "form": options["form"] or "text"}))
