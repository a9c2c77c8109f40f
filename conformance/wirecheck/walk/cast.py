"""Who takes part: contexts with their names, and the connections that show them.

Law: what a conversation has said so far, as far as later frames depend on it. Which frame may follow is the table's
matter, and its words are the voice's.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from wirecheck.walk.ground import Ground
from wirecheck.walk.moves import Row
from wirecheck.walk.voice import Template

Names = dict[str, str]
"""Names and their values, as JSON texts."""
MOST_HISTORY: Final = 60
"""Frames of a context that a replay repeats; one that said more is not replayed."""

_PLAIN: Final = {"integer": 1, "number": 1, "boolean": "true"}
"""What stands in a path for a parameter that nothing else gives a value, by its type; for a text it is its name."""


@dataclass(slots=True, kw_only=True)
class Line:
    """One connection. `names` are those that its URL gives, `gated` that it asked for the frames one has to ask for."""

    conn: str
    url: str
    names: Mapping[str, str]
    gated: bool
    is_open: bool = True


@dataclass(slots=True, kw_only=True)
class Said:
    """A frame of the server's that a replay repeats; `parts` are the template's, filled. `tells`: it carries text."""

    template: Template
    parts: list[str]
    tells: bool


@dataclass(slots=True, kw_only=True)
class Actor:
    """One context: its row in the table, the names it goes by, its items in the order of the row's, and of each kind
    the last item that it is over with.

    `tied`: requests carry a name that their answers repeat. `pieces` is the text since its beginning, `since` where in
    it the last reset lies. `queue` is what a replay is still to repeat.
    """

    row: Row
    line: Line
    tied: bool = False
    names: Names = field(default_factory=dict)
    items: list[Names] = field(default_factory=list)
    past: dict[int, Names] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    since: int = 0
    topics: list[str] = field(default_factory=list)
    number: int = 0
    bound: int = 0
    log: list[Said] = field(default_factory=list)
    lost: bool = False
    queue: deque[str] = field(default_factory=deque)


def json_text(value: Any) -> str:
    """A value as JSON text; of a text, which most are, by the quicker writer, which writes it in the same way."""
    if value.__class__ is str:
        return orjson.dumps(value).decode()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def url_of(ground: Ground, names: Mapping[str, Any], *, gated: bool) -> str:
    """The address of a connection, with what it says of its names, and the parameters that gated frames need."""
    connect = ground.dialect.connect
    base = connect.url or (f"ws://localhost:{connect.port}" if connect.port else "ws://localhost")
    path, query = connect.path or "", dict[str, str]()
    for name, value in names.items():
        for place in ground.dialect.names[name]:
            if place.place == "path":
                path = path.replace("{" + place.path[0] + "}", quote(str(value), safe=""))
            elif place.place == "query":
                query[place.path[0]] = str(value)
    for param in connect.params.values():
        given = param.default if param.default is not None else _PLAIN.get(param.type, param.name)
        path = path.replace("{" + param.name + "}", quote(str(given), safe=""))
    for form in ground.dialect.frames.values() if gated else ():
        for parameter, wanted in form.needs.items():
            query[parameter] = json.dumps(wanted) if isinstance(wanted, bool) else str(wanted)
    return base.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")


def has_gates(ground: Ground) -> bool:
    """Whether some frame comes only to who asked for it."""
    return any(form.needs for form in ground.dialect.frames.values())


def given_by_path(ground: Ground, name: str) -> bool:
    return any(place.place == "path" for place in ground.dialect.names[name])
