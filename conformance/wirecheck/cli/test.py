"""`wirecheck test`: a live server in, verdicts out.

Law: options and their help. What is done with them is in `testing`, which is imported when the command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wirecheck.cli.choose import dialect_options
from wirecheck.cli.targets import patience_options, target_options

_LEVELS = ["must", "should", "may"]
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("test", short_help="Test a live server.")
@click.argument("url", required=False, metavar="URL")
@dialect_options
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Only this scenario; may be repeated.")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Only this guarantee; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="List the scenarios and their cases; nothing is connected to.")
@target_options
@patience_options
@click.option("--attempts", type=click.IntRange(min=1), metavar="N", help="Play each scenario up to N times.")
@click.option("--max-turns", type=click.IntRange(min=0), metavar="N", help="Send no more than N turns in all.")
@click.option("-x", "--exitfirst", is_flag=True, help="Stop after the first scenario that fails.")
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
    "--replay", type=_FILE, metavar="FILE", help="Play a conversation that `wirecheck fuzz` saved, and nothing else."
)
@click.option("--expected-failures", type=_FILE, metavar="FILE", help="Failures that are tolerated, a case a line.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "junit", "github"]), default="text", help="How to report."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to this file.")
@click.option(
    "--captures",
    type=_FOLDER,
    metavar="DIR",
    help="Where captures go: those of scenarios that did not pass (default: wirecheck-captures).",
)
@click.option("--keep-captures", is_flag=True, help="Keep the captures of all scenarios.")
@click.option(
    "--report",
    "folder",
    type=_FOLDER,
    metavar="DIR",
    help="Write the report to this folder, as text, JSON and JUnit, with the captures.",
)
def command(**options: Any) -> int:
    """Test the server at URL (ws:// or wss://) against what the vendor's document promises.

    Plays the catalog's scenarios, one after the other, and judges everything that the server sends. The server is the
    only one who is judged. A secret is read from the environment (WIRECHECK_<NAME>, or --secret NAME=env:VAR) or from a
    file, and shows in no report.

    \b
    Exit codes: 0 passed, 1 findings, or nothing held, 2 usage or catalog, 3 our own fault, 4 no server.
    """
    from wirecheck.cli.testing import Request, perform

    if options["replay"] is not None:
        from wirecheck.cli.replaying import replay

        return replay(Request(**options))
    return perform(Request(**options))
