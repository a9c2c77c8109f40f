"""Frames of a dialect as strategies: valid ones, their texts, and invalid ones with proof.

Law: a dialect and what to choose from in, a strategy out. What is drawn is made by `sample` from choices that shrink;
an invalid frame that is not confirmed is discarded, while searching and while shrinking alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from wirecheck.catalog.model import Dialect, Envelope, Sender
from wirecheck.fuzz.choice import Choice, choices, known, labelled
from wirecheck.fuzz.confirm import confirm
from wirecheck.fuzz.drawn import Brief, Drawn
from wirecheck.sample import defects
from wirecheck.sample.defects import InvalidFrame, invalid
from wirecheck.sample.messages import message
from wirecheck.sample.source import PLAIN
from wirecheck.sample.spelling import spelled


def frames(
    dialect: str | Dialect,
    frame: str | None = None,
    envelope: Envelope = "wire",
    sender: Sender | None = None,
) -> st.SearchStrategy[dict[str, Any]]:
    """Valid messages, as the JSON values that they hold.

    `frame` is a catalog key (None: any frame), `envelope` the style (`wire`: as the vendor sends each frame), `sender`
    whose frames are meant (None: both). Shrinks to the plainest message of the first frame. Raises `UsageError` for a
    name that the catalog lacks, and for a frame that contradicts itself.
    """
    return _frames(_valid(dialect, frame, envelope, sender))


def texts(
    dialect: str | Dialect,
    frame: str | None = None,
    envelope: Envelope = "wire",
    sender: Sender | None = None,
) -> st.SearchStrategy[str]:
    """The same as JSON text, in any spelling: order of members, white space, escapes, forms of numbers."""
    return _texts(_valid(dialect, frame, envelope, sender))


def invalid_frames(
    dialect: str | Dialect,
    frame: str | None = None,
    defect: str | None = None,
    envelope: Envelope = "wire",
    sender: Sender | None = None,
) -> st.SearchStrategy[InvalidFrame]:
    """Messages with exactly one labelled defect, each confirmed by a validator that is independent of the checker.

    `defect` is one label of `wirecheck.strategies.DEFECTS` (None: any that the frame can have, but for huge ones). The
    rest is as for `frames`. Raises `UsageError` where no frame that is meant can have the defect, with the reason.
    """
    catalog = known(dialect)
    found = _makeable(catalog, choices(catalog, frame, envelope, sender))
    return _invalid(_brief(catalog, labelled(catalog, found, defect)))


def inapplicable(dialect: str | Dialect, frame: str, envelope: Envelope = "wire") -> Mapping[str, str]:
    """The defects that a frame cannot have, each with the reason. Raises `UsageError` for a name that none has."""
    catalog = known(dialect)
    (one,) = choices(catalog, frame, envelope, None)
    return defects.inapplicable(catalog, one.form, one.style)


def _makeable(dialect: Dialect, found: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The same; what has no valid message is said at once and not while a test runs."""
    for one in found:
        message(dialect, one.form, one.style, PLAIN)
    return found


Meant = tuple[Dialect, tuple[tuple[Choice, tuple[str, ...]], ...]]
"""A dialect, and the frames that are meant with the defects that each may have."""


def _brief(dialect: Dialect, found: Iterable[tuple[Choice, tuple[str, ...]]]) -> Brief[Meant]:
    meant = tuple(found)
    first = ", ".join(one.form.key for one, _ in meant[:3])
    return Brief((dialect, meant), f"<{dialect.name}: {first}{', …' if len(meant) > 3 else ''}>")


def _valid(dialect: str | Dialect, frame: str | None, envelope: Envelope, sender: Sender | None) -> Brief[Meant]:
    catalog = known(dialect)
    found = _makeable(catalog, choices(catalog, frame, envelope, sender))
    return _brief(catalog, ((one, ()) for one in found))


def _message(source: Drawn, meant: Brief[Meant]) -> dict[str, Any]:
    dialect, found = meant.value
    one, _ = found[source.below(len(found))]
    return message(dialect, one.form, one.style, source)


@st.composite
def _frames(draw: st.DrawFn, meant: Brief[Meant]) -> dict[str, Any]:
    return _message(Drawn(draw), meant)


@st.composite
def _texts(draw: st.DrawFn, meant: Brief[Meant]) -> str:
    source = Drawn(draw)
    return spelled(_message(source, meant), source)


@st.composite
def _invalid(draw: st.DrawFn, meant: Brief[Meant]) -> InvalidFrame:
    source = Drawn(draw)
    dialect, found = meant.value
    one, labels = found[source.below(len(found))]
    made = invalid(dialect, one.form, one.style, labels[source.below(len(labels))], source)
    if confirm(dialect, made) is not None:
        reject()
    return made
