"""Messages of a frame in either verdict, whatever its schema asks for.

Law: the makers of valid and faulty messages, led by fixed seeds; the same catalog gives the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wirecheck.catalog.model import Dialect, FrameForm, Style
from wirecheck.errors import UsageError
from wirecheck.sample import misframed, misvalued
from wirecheck.sample.sites import ground_of
from wirecheck.sample.source import PLAIN, Seeded, Source
from wirecheck.schema import wrap

LABELS: Final = tuple(label for label in (*misvalued.LABELS, *misframed.LABELS) if label != misvalued.NUMBER_TOO_LARGE)
"""A number beyond every double is left out: many readers of JSON refuse the whole text."""
VALID: Final = 12
FAULTY: Final = 2
"""Messages drawn, and messages drawn of each fault, beside the plainest."""


def drawn(dialect: Dialect, form: FrameForm, style: Style) -> Iterator[tuple[str, Any, bool]]:
    """What each message is in words, the message, and whether it is valid. Of a frame that nothing fits, the examples
    alone."""
    for number, example in enumerate(form.examples, 1):
        yield f"example {number}", wrap(dialect, form, example, style), True
    try:
        yield from _drawn(dialect, form, style)
    except UsageError:
        return  # the catalog contradicts itself there, and `lint` says where


def _drawn(dialect: Dialect, form: FrameForm, style: Style) -> Iterator[tuple[str, Any, bool]]:
    ground = ground_of(dialect, form, style)
    yield "the plainest message", ground.message(PLAIN), True
    for seed in range(VALID):
        yield f"drawn message {seed + 1}", ground.message(Seeded(seed)), True
    for label in LABELS:
        made = misframed.misframed if label in misframed.LABELS else misvalued.misvalued
        sources: tuple[Source, ...] = (PLAIN, *map(Seeded, range(FAULTY)))
        for number, source in enumerate(sources, 1):
            found = made(ground, label, source)
            if isinstance(found, str):
                break
            yield f"{label} {number}: {found.says}", found.message, False
