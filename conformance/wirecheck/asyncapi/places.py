"""Where things stand in the document, and what they may be called.

Law: every `$ref` is made here, so that none points at what is not written. Names are those of the catalog as far as
AsyncAPI takes them, and no two become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from wirecheck.catalog import file_stem
from wirecheck.catalog.model import FrameForm

CHANNEL = "connection"
"""A WebSocket is one channel for both directions."""

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


def message_name(frame: FrameForm) -> str:
    """What a frame is called below `messages`; the loader refuses catalogs in which two frames would share a name."""
    return file_stem(frame.key)


def to_component(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def to_channel() -> dict[str, str]:
    return {"$ref": f"#/channels/{CHANNEL}"}


def to_message(frame: FrameForm) -> dict[str, str]:
    """A message as an operation names it: the channel's, as AsyncAPI demands, and not the component."""
    return {"$ref": f"#/channels/{CHANNEL}/messages/{message_name(frame)}"}


def fit(names: Iterable[str]) -> dict[str, str]:
    """Each name as one of letters, digits, `_` and `-`; those that would become one are numbered."""
    found: dict[str, str] = {}
    for name in names:
        stem = _UNFIT.sub("-", name) or "-"
        taken = set(found.values())
        numbered = (stem if number == 1 else f"{stem}_{number}" for number in range(1, len(found) + 2))
        found[name] = next(one for one in numbered if one not in taken)
    return found
