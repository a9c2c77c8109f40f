"""`wirecheck schemas`: a dialect's JSON Schemas, to standard output or a folder.

Law: the texts are those of the generator, to the byte; here one of them is picked, or all are written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirecheck.cli.choose import dialect_options, the_one
from wirecheck.errors import UsageError

if TYPE_CHECKING:
    from wirecheck.catalog.model import Dialect, FrameForm


@click.command("schemas", short_help="Print or write JSON Schemas.")
@dialect_options
@click.option(
    "--envelope",
    type=click.Choice(["wire", "flat", "nested"]),
    help="The envelope of the messages; wire, the default, is what the vendor sends.",
)
@click.option("--frame", metavar="F", help="The schema of this frame; without it, the union of all frames.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write files below this folder: the one asked for, or all of the dialect.",
)
def command(
    dialect: str | None, catalog: str | None, envelope: str | None, frame: str | None, out: Path | None
) -> None:
    """Print a JSON Schema (draft 2020-12) of a dialect's messages, or write its schema files."""
    from wirecheck import schema
    from wirecheck.cli.output import emit

    form = the_one(dialect, catalog)
    files = schema.generate(form)
    if frame is not None or envelope is not None or out is None:
        path = _path(form, envelope or "wire", frame)
        files = {path: files[path]}
    if out is None:
        emit("".join(files.values()))
        return
    try:
        schema.write(out, files)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error}); name another folder") from error
    count = len(files)
    click.echo(f"wrote {count} schema{'' if count == 1 else 's'} below {out}", err=True)


def _path(dialect: Dialect, envelope: str, frame: str | None) -> str:
    from wirecheck import schema

    if frame is None:
        return f"{dialect.name}/{dialect.name}.{envelope}{schema.SUFFIX}"
    form = frame_of(dialect, frame)
    style = schema.wire_style(dialect, form) if envelope == "wire" else envelope
    return f"{dialect.name}/{style}/{schema.file_name(form.key)}{schema.SUFFIX}"


def frame_of(dialect: Dialect, name: str) -> FrameForm:
    """The frame with this catalog key, or with this tag if one side alone sends it."""
    if name in dialect.frames:
        return dialect.frames[name]
    tagged = [form for form in dialect.frames.values() if form.tag == name]
    if len(tagged) == 1:
        return tagged[0]
    keys = [form.key for form in tagged] or list(dialect.frames)
    why = "both sides send it" if tagged else f"{dialect.name} has no such frame"
    raise UsageError(f"--frame {name}: {why}; name one of {', '.join(keys)}")
