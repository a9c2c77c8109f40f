"""The options of `wirecheck fuzz` without a URL, and which options go with which half of the command.

Law: options, their help, and what excludes what; nothing is made here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from wirecheck.errors import UsageError

_Wrapped = TypeVar("_Wrapped", bound=Callable[..., Any])

_OFFLINE: Final = (
    click.option("--valid", is_flag=True, help="Valid frames (the default)."),
    click.option("--invalid", is_flag=True, help="Frames with one labelled defect, or conversations with one fault."),
    click.option("--conversations", is_flag=True, help="Conversations in place of frames."),
    click.option("--frame", metavar="KEY", help="Only this frame of the catalog."),
    click.option("--sender", type=click.Choice(["client", "server"]), help="Only frames that this side sends."),
    click.option(
        "--envelope", type=click.Choice(["wire", "flat", "nested"]), help="The style of the frames (default: wire)."
    ),
    click.option("--defect", metavar="NAME", help="Only frames with this defect."),
    click.option("--guarantee", metavar="ID", help="Only conversations that break this guarantee."),
)
_OFFLINE_NAMES: Final = ("valid", "invalid", "conversations", "frame", "sender", "envelope", "defect", "guarantee")
_SHARED_NAMES: Final = ("url", "dialect", "catalog", "count", "seed", "form", "coverage")


def offline_options(function: _Wrapped) -> _Wrapped:
    """What is to be written where there is no server."""
    for option in reversed(_OFFLINE):
        function = option(function)
    return function


def coverage_option(function: _Wrapped) -> _Wrapped:
    """`--coverage FILE`."""
    kind = click.Path(path_type=Path, allow_dash=True)
    return click.option(
        "--coverage",
        type=kind,
        metavar="FILE",
        help="Write what was exercised: as text to a .txt, else as JSON; -: to standard error.",
    )(function)


def check_half(context: click.Context) -> None:
    """Raise `UsageError` for options of the half of the command that is not meant: a URL, or none."""
    live = context.params["url"] is not None
    wrong = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name is not None
        and context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT
        and parameter.name not in _SHARED_NAMES
        and live == (parameter.name in _OFFLINE_NAMES)
    ]
    if wrong and live:
        raise UsageError(f"{', '.join(wrong)}: for what is written without a server; leave that out, or the URL")
    if wrong:
        raise UsageError(
            f"{', '.join(wrong)}: for a live server; say which (wirecheck fuzz ws://127.0.0.1:8765 --dialect NAME), or "
            "leave that out"
        )
