"""`wirecheck check`: captures in, a report out.

Law: composition. Reading, judging and showing are done elsewhere; here they are put in a row, and the exit code is
taken from what they say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wirecheck.cli.choose import dialect_options

_LEVELS = ["must", "should", "may"]


@click.command("check", short_help="Check captured traffic.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@dialect_options
@click.option(
    "--envelope",
    type=click.Choice(["wire", "flat", "nested", "auto"]),
    default="wire",
    help="Which envelope to expect: what the vendor sends (wire), one style for all frames, or the style of each "
    "connection's first frame that shows one (auto).",
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
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Judge in so many processes; as many as there are processors, and one for what is small, if not given.",
)
@click.option(
    "--engine", metavar="URL", help="Judge on a cluster, such as dask://HOST:8786; captures must lie where it reads."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to this file.")
def command(**options: Any) -> int:
    """Check captured traffic against what the vendor's document promises.

    PATH is a capture, a pattern, a folder (its *.jsonl, *.jsonl.gz, *.jsonl.zst and *.txt), here or elsewhere
    (s3://bucket/key, https://...), or - for standard input.
    Whose traffic it is, is told from the traffic unless --dialect or --catalog says it.

    \b
    Exit codes: 0 passed, 1 findings, 2 usage or catalog, 3 our own fault, 4 no scheduler.
    """
    from wirecheck.cli.judging import Request
    from wirecheck.cli.run import perform

    return perform(Request(**options))
