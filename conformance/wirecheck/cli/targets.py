"""Whom a command talks to, and how patiently: the options, and what they come to.

Law: the same words for every command that leads conversations with a server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from wirecheck.cli.numbers import Finite

if TYPE_CHECKING:
    from wirecheck.catalog import Dialect
    from wirecheck.drive import Target
    from wirecheck.drive.target import Transport

_Wrapped = TypeVar("_Wrapped", bound=Callable[..., Any])
_FILE: Final = click.Path(path_type=Path, dir_okay=False)

_TARGET: Final = (
    click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable of the scenarios."),
    click.option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="NAME=env:VAR|file:PATH",
        help="A secret variable, and where it is.",
    ),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME=VALUE|env:VAR|file:PATH",
        help="A header of every handshake.",
    ),
    click.option(
        "--subprotocol",
        "subprotocols",
        multiple=True,
        metavar="VALUE|env:VAR|file:PATH",
        help="A subprotocol to ask for.",
    ),
    click.option("--ca", type=_FILE, metavar="FILE", help="Certificates of further authorities to trust, as PEM."),
    click.option("--cert", type=_FILE, metavar="FILE", help="The client's certificate, as PEM."),
    click.option("--key", type=_FILE, metavar="FILE", help="The key of --cert, where it is in a file of its own."),
    click.option("--insecure", is_flag=True, help="Do not verify the server's certificate."),
    click.option("--proxy", metavar="URL", help="A proxy, or `none`; otherwise what the environment says."),
    click.option("--no-compression", is_flag=True, help="Do not offer compression."),
    click.option(
        "--transport", type=click.Choice(["websocket", "socketio"]), default="websocket", help="What the server speaks."
    ),
    click.option("--trigger", metavar="CMD", help="A command that makes happen what a scenario cannot ask for."),
)
_PATIENCE: Final = (
    click.option("--wait", type=Finite(min=0), default=0.0, metavar="SECONDS", help="Wait for the server to come up."),
    click.option(
        "--timeout",
        type=Finite(min=0, min_open=True),
        default=30.0,
        metavar="SECONDS",
        help="How long to wait for a frame, where a scenario says nothing of it.",
    ),
    click.option(
        "--patience",
        type=Finite(min=0, min_open=True),
        default=1.0,
        metavar="FACTOR",
        help="Multiplies every deadline.",
    ),
)


def target_options(function: _Wrapped) -> _Wrapped:
    """What a user says of a server: variables, secrets, headers, TLS, proxy, transport."""
    return _with(function, _TARGET)


def patience_options(function: _Wrapped) -> _Wrapped:
    """How long is waited for it."""
    return _with(function, _PATIENCE)


def _with(function: _Wrapped, options: tuple[Callable[[_Wrapped], _Wrapped], ...]) -> _Wrapped:
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """What a user said of a server: the options of `target_options` and `patience_options`, by their names."""

    variables: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    headers: tuple[str, ...] = field(repr=False)
    subprotocols: tuple[str, ...] = field(repr=False)
    ca: Path | None
    cert: Path | None
    key: Path | None
    insecure: bool
    proxy: str | None = field(repr=False)
    no_compression: bool
    transport: Transport
    trigger: str | None = field(repr=False)
    wait: float
    timeout: float
    patience: float


def target_from(asked: TargetRequest, url: str, dialect: Dialect) -> Target:
    """The target that the options name. Raises `UsageError`."""
    from wirecheck.drive.options import Given, target_of

    given = Given(
        url=url,
        variables=asked.variables,
        secrets=asked.secrets,
        headers=asked.headers,
        subprotocols=asked.subprotocols,
        ca=asked.ca,
        insecure=asked.insecure,
        cert=asked.cert,
        key=asked.key,
        proxy=asked.proxy,
        compression=not asked.no_compression,
        transport=asked.transport,
        trigger=asked.trigger,
    )
    return target_of(given, dialect)
