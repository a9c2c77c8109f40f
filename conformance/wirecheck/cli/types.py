"""`wirecheck types`: a dialect's frames as types of another language, written to a folder.

Law: the texts are those of the generator, to the byte; here they are only written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirecheck.cli.choose import dialect_options, the_one
from wirecheck.cli.output import tell
from wirecheck.errors import UsageError

if TYPE_CHECKING:
    from wirecheck.catalog.model import Envelope


def _known(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """One of the languages, looked up only when one is named."""
    from wirecheck.types import LANGUAGES

    if value not in LANGUAGES:
        raise click.BadParameter(f"no types are written in `{value}`; there are {', '.join(LANGUAGES)}", ctx, parameter)
    return value


def _check_package(language: str, package: str | None) -> None:
    """Raises `UsageError` for a name that the language has no use for, or does not take."""
    from wirecheck.types import LANGUAGES

    if package is None:
        return
    found = LANGUAGES[language]
    if not found.packages:
        raise UsageError(f"{found.title} has no name of a package, but that of the folder; leave out --package")
    fitting = found.package(package)
    if package != fitting:
        raise UsageError(f"--package: `{package}` is no name of a package in {found.title}; `{fitting}` is one")


@click.command("types", short_help="Write types for another language.")
@dialect_options
@click.option(
    "--language",
    callback=_known,
    required=True,
    metavar="L",
    help="typescript, typescript-zod, python, python-pydantic, go, rust, java or kotlin.",
)
@click.option(
    "--envelope",
    type=click.Choice(["wire", "flat", "nested"]),
    default="wire",
    help="The envelope of the messages; wire, the default, is what the vendor sends.",
)
@click.option(
    "--sender",
    type=click.Choice(["server", "client", "both"]),
    default="both",
    help="Whose frames; both is the default.",
)
@click.option("--package", metavar="NAME", help="The package; called after the dialect by default.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    required=True,
    help="Write the files into this folder.",
)
def command(
    dialect: str | None,
    catalog: str | None,
    language: str,
    envelope: Envelope,
    sender: str,
    package: str | None,
    out: Path,
) -> None:
    """Write a dialect's frames as types of another language, with what decodes, checks and encodes them."""
    from wirecheck import types
    from wirecheck.catalog.model import SENDERS
    from wirecheck.folder import write

    form = the_one(dialect, catalog)
    senders = [one for one in SENDERS if sender in (one, "both")]
    if not any(frame.sender in senders for frame in form.frames.values()):
        if not form.frames:
            raise UsageError(f"{form.name} documents no frame; add one to its catalog")
        raise UsageError(f"{form.name} documents no frames of the {sender}; leave out --sender, or name the other")
    _check_package(language, package)
    files = types.generate(form, language, envelope=envelope, senders=senders, package=package)
    try:
        write(out, files)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error}); name another folder") from error
    title, needs = types.LANGUAGES[language].title, types.LANGUAGES[language].needs
    tell(f"wrote {', '.join(files)} below {out} ({title}{f', needs {needs}' if needs else ''})")
