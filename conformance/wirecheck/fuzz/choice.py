"""Which frames of a dialect are meant, and which defects they can have.

Law: names in, what the catalog has under them out, or a `UsageError` that says what there is. Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wirecheck.catalog import dialects, load
from wirecheck.catalog.model import Dialect, Envelope, FrameForm, Sender, Style
from wirecheck.errors import UsageError
from wirecheck.sample.defects import BY_NAME, applicable, inapplicable
from wirecheck.schema.message import wire_style


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A frame in the style in which it is to be made."""

    form: FrameForm
    style: Style


def known(dialect: str | Dialect) -> Dialect:
    """A dialect by its name, or as it is. Raises `UsageError` for a name that none has."""
    if isinstance(dialect, Dialect):
        return dialect
    if dialect not in dialects():
        raise UsageError(
            f"no dialect is called `{dialect}`; there are {', '.join(dialects())}, and `wirecheck.load_file` reads "
            "one of your own"
        )
    return load(dialect)


def choices(dialect: Dialect, frame: str | None, envelope: Envelope, sender: Sender | None) -> tuple[Choice, ...]:
    """The frames that are meant, in the catalog's order. Raises `UsageError` where there is none."""
    if envelope not in ("wire", "flat", "nested"):
        raise UsageError(f"no envelope is called `{envelope}`; there are wire, flat and nested")
    if sender not in (None, "client", "server"):
        raise UsageError(f"nobody is called `{sender}`; frames come from the client or the server")
    if frame is not None and frame not in tuple(dialect.frames):
        raise UsageError(f"{dialect.name} has no frame `{frame}`; it has {', '.join(dialect.frames) or 'none at all'}")
    found = tuple(
        Choice(form=form, style=wire_style(dialect, form) if envelope == "wire" else envelope)
        for form in dialect.frames.values()
        if frame in (None, form.key) and sender in (None, form.sender)
    )
    if not dialect.frames:
        raise UsageError(f"{dialect.name} documents no frame; add one to its catalog")
    if not found:
        what = f"the frame `{frame}`" if frame is not None else "any frame"
        raise UsageError(
            f"{dialect.name} documents no {sender} that sends {what}; leave out `sender`, or name the other"
        )
    return found


def labelled(
    dialect: Dialect, found: Sequence[Choice], defect: str | None
) -> tuple[tuple[Choice, tuple[str, ...]], ...]:
    """The same frames, each with the labels that it can have: `defect` alone, or all but those that are huge.

    Frames that can have none are left out. Raises `UsageError` where none is left, with the reasons.
    """
    if defect is not None and defect not in BY_NAME:
        raise UsageError(f"no defect is called `{defect}`; there are {', '.join(BY_NAME)}")
    left = tuple((one, labels) for one in found if (labels := _labels(dialect, one, defect)))
    if not left:
        reasons = [f"`{one.form.key}`: {inapplicable(dialect, one.form, one.style)[defect or '']}" for one in found]
        raise UsageError(
            f"no frame that is meant can have the defect {defect} ({'; '.join(reasons[:5])}); take another"
        )
    return left


def _labels(dialect: Dialect, choice: Choice, defect: str | None) -> tuple[str, ...]:
    if defect is None:
        return applicable(dialect, choice.form, choice.style)
    return () if defect in inapplicable(dialect, choice.form, choice.style) else (defect,)
