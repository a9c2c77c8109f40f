"""The command line.

Law: composition only. Each command lives in a module of its own that is imported when the command runs, and imports
what is heavy only then, so that `wirecheck --help` answers at once. Which exit code a mistake has is decided here.

    0 passed   1 findings   2 usage or catalog   3 our own fault   4 target unreachable   130 interrupted
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from wirecheck import __version__
from wirecheck.cli.output import tell, unheard
from wirecheck.errors import TargetError, WirecheckError, WorkError

PASSED: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
OUR_FAULT: Final = 3
UNREACHABLE: Final = 4
INTERRUPTED: Final = 130

_COMMANDS: Final = {
    "check": "Check captured traffic against what the vendor's document promises.",
    "dialects": "List the protocols that are known.",
    "explain": "Explain a dialect, frame, role, shape, rule or finding code.",
    "fuzz": "Fuzz a live server, or write frames and conversations to fuzz with.",
    "lint": "Name every mistake in a catalog file.",
    "record": "Record live traffic through a proxy, and judge it meanwhile.",
    "schemas": "Print or write the JSON Schemas of a dialect.",
    "serve": "Run a reference server that behaves, or misbehaves in one named way.",
    "test": "Test a live server against what the vendor's document promises.",
    "types": "Write a dialect's frames as types of another language.",
}


class _Commands(click.Group):
    """Imports a command's module when it is asked for, and turns what goes wrong into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"wirecheck.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *_: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        code = _run(super().main, args, extra)
        if standalone_mode:
            sys.exit(code)
        return code


def _run(inner: Any, args: Sequence[str] | None, extra: dict[str, Any]) -> int:
    try:
        code = inner(args, standalone_mode=False, **extra)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        with unheard():
            error.show()
        return error.exit_code
    except TargetError as error:
        return _told(error, UNREACHABLE)
    except WorkError as error:
        return _told(error, OUR_FAULT)
    except WirecheckError as error:
        return _told(error, USAGE)
    except Exception as error:
        return _our_fault(error)
    return code if isinstance(code, int) else PASSED


def _told(error: WirecheckError, code: int) -> int:
    from wirecheck.report.escape import printable

    for line in str(error).split("\n"):
        tell(f"wirecheck: {printable(line)}")
    return code


def _our_fault(error: Exception) -> int:
    if os.environ.get("WIRECHECK_DEBUG"):
        traceback.print_exception(error)
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    tell(
        f"wirecheck: our own fault, not the capture's: {said!a} (wirecheck {__version__}; "
        f"run again with WIRECHECK_DEBUG=1 and report the traceback, with the capture if you may)",
    )
    return OUR_FAULT


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="wirecheck", message="wirecheck %(version)s")
def cli() -> None:
    """Check the event streams of AI agents over WebSocket against what their vendors document.

    \b
    wirecheck check capture.jsonl     what broke, where, by which evidence
    wirecheck explain RULE            what a rule asks, and where a document says so
    """


def main() -> NoReturn:
    """The entry point of the console script."""
    cli()
    raise AssertionError("the command line always exits")
