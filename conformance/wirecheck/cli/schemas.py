"""`wirecheck schemas`: a dialect's schemas in several forms, to standard output or a folder.

Law: the texts are those of the generators, to the byte; here one of them is picked, or all are written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wirecheck.cli.choose import dialect_options, the_one
from wirecheck.errors import UsageError

if TYPE_CHECKING:
    from wirecheck.catalog.model import Dialect, Envelope, FrameForm
    from wirecheck.schema import Draft

DRAFTS: tuple[Draft, ...] = ("2020-12", "07")


@click.command("schemas", short_help="Print or write JSON Schemas, and documents made of them.")
@dialect_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonschema", "split", "openapi", "asyncapi", "test-suite", "all"]),
    default="jsonschema",
    help="JSON Schemas that hold all that they refer to (jsonschema, the default); unions that refer to the frames' "
    "files (split); one document of OpenAPI 3.1 or AsyncAPI 3; tests as in the JSON Schema Test Suite; all but these "
    "tests, in both drafts.",
)
@click.option(
    "--draft",
    type=click.Choice(DRAFTS),
    help="The draft of JSON Schema; 2020-12 unless given. With test-suite and --out, both unless given.",
)
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
    dialect: str | None,
    catalog: str | None,
    form: str,
    draft: Draft | None,
    envelope: Envelope | None,
    frame: str | None,
    out: Path | None,
) -> None:
    """Print a schema of a dialect's messages, or write its schemas as files."""
    from wirecheck import folder
    from wirecheck.cli.output import emit, tell

    named = the_one(dialect, catalog)
    if form in WHOLE:
        _refuse(form, {"--draft": draft, "--envelope": envelope, "--frame": frame})
        if form == "all" and out is None:
            raise UsageError("--format all writes many files; add --out DIR")
        files = WHOLE[form](named)
        shown = "".join(files.values())
    else:
        both = form == "test-suite" and out is not None and draft is None
        drafts: tuple[Draft, ...] = DRAFTS if both else (draft or "2020-12",)
        files, asked = _files(form, named, drafts, envelope, frame)
        shown = files[asked[0]]
        if frame is not None or envelope is not None:
            needed = {path: None for one in asked for path in (one, *_referred(form, one, files[one]))}
            files = {path: files[path] for path in needed}
    if out is None:
        emit(shown)
        return
    try:
        folder.write(out, files)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error}); name another folder") from error
    noun = "schema" if form in ("jsonschema", "split") else "file"
    tell(f"wrote {len(files)} {noun}{'' if len(files) == 1 else 's'} below {out}")


def _openapi(dialect: Dialect) -> dict[str, str]:
    from wirecheck.schema import openapi

    return openapi.generate(dialect)


def _asyncapi(dialect: Dialect) -> dict[str, str]:
    from wirecheck import asyncapi

    return asyncapi.generate(dialect)


def _all(dialect: Dialect) -> dict[str, str]:
    from wirecheck import schema

    return schema.generate_drafts(dialect) | _openapi(dialect) | _asyncapi(dialect)


WHOLE: Mapping[str, Callable[[Dialect], dict[str, str]]] = {"openapi": _openapi, "asyncapi": _asyncapi, "all": _all}
"""Formats that are always of the whole dialect."""


def _refuse(form: str, options: Mapping[str, object]) -> None:
    given = [option for option, value in options.items() if value is not None]
    if given:
        what = "every file" if form == "all" else "one document with every frame as the vendor sends it"
        raise UsageError(f"--format {form} is {what}; leave out {' and '.join(given)}")


def _referred(form: str, path: str, text: str) -> list[str]:
    """The files without which a split union says nothing."""
    schema = json.loads(text) if form == "split" else {}
    folder = path.rpartition("/")[0]
    return [f"{folder}/{one['$ref']}" for one in schema.get("anyOf", ()) if "$ref" in one] if schema else []


def _files(
    form: str, dialect: Dialect, drafts: Sequence[Draft], envelope: Envelope | None, frame: str | None
) -> tuple[dict[str, str], list[str]]:
    """All files of a format, and which of them hold the frame, or else the union: one a draft."""
    from wirecheck import schema

    if form == "test-suite":
        from wirecheck.vectors import suite

        if frame is not None and envelope is not None:
            raise UsageError("the tests of a frame are one file for both envelopes; leave out --envelope")
        what = frame_of(dialect, frame) if frame is not None else envelope or "wire"
        return suite.generate(dialect, drafts), [suite.path_of(dialect, draft, what) for draft in drafts]
    split = form == "split"
    made = schema.generate_split if split else schema.generate
    files: dict[str, str] = {}
    for draft in drafts:
        files |= made(dialect, draft)
    infix = schema.SPLIT if split else ""
    return files, [_path(dialect, draft, envelope or "wire", frame, infix) for draft in drafts]


def _path(dialect: Dialect, draft: Draft, envelope: Envelope, frame: str | None, infix: str) -> str:
    from wirecheck import schema

    folder = schema.folder_of(dialect, draft)
    if frame is None:
        return f"{folder}/{dialect.name}.{envelope}{infix}{schema.SUFFIX}"
    form = frame_of(dialect, frame)
    style = schema.wire_style(dialect, form) if envelope == "wire" else envelope
    return f"{folder}/{style}/{schema.file_name(form.key)}{schema.SUFFIX}"


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
