"""What an `open` record says of a connection.

Law: reads the record and the URL that it names; remembers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from wirecheck.catalog.model import SENDERS, Sender
from wirecheck.check.plan import Plan
from wirecheck.record import Opened, Vantage
from wirecheck.shapes.state import Facts

MAX_URLS: Final = 256
_VANTAGES: Final[dict[str, Vantage]] = {"client": "client", "server": "server", "proxy": "proxy"}
Params = Mapping[str, str | None]


def facts_of(plan: Plan, opened: Opened, known: dict[str, Params | None]) -> Facts:
    """The connection's facts; its parameters only where the record gives a URL that can be read.

    `known` are the parameters of URLs that were read before: most connections of a capture share theirs.
    """
    url = opened.url
    if url is not None and url not in known:
        if len(known) >= MAX_URLS:
            known.clear()
        known[url] = _params(plan, url)
    return Facts(
        started=True,
        seen=set(sees(opened)),
        vantage=None if opened.vantage is None else _VANTAGES[opened.vantage],
        exclusive=opened.exclusive,
        params=None if url is None else known[url],
        auth_refused=opened.auth in ("bad", "missing"),
    )


def sees(opened: Opened) -> frozenset[Sender]:
    """The senders that the recorder says it records."""
    # The same words for every connection, and not each record's own.
    return frozenset() if opened.sees is None else frozenset([each for each in SENDERS if each in opened.sees])


def _params(plan: Plan, url: str) -> dict[str, str | None] | None:
    """`?name` to each query parameter's value, and each of the dialect's names to what the URL gives for it."""
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        return None
    params: dict[str, str | None] = {"?" + name: values[0] for name, values in query.items() if len(set(values)) == 1}
    dialect = plan.dialect
    path = _path_params(dialect.connect.path or "", parts.path)
    for name in plan.connection_names:
        for place in dialect.names[name]:
            if place.place == "query" and params.get("?" + place.path[0]):
                params[name] = params["?" + place.path[0]]
            elif place.place == "path" and place.path[0] in path:
                params[name] = path[place.path[0]]
    return params


def _path_params(template: str, path: str) -> dict[str, str]:
    """The values of `{name}` parts; the server may live below a prefix, so only the path's end must fit."""
    wanted = template.strip("/").split("/")
    given = path.strip("/").split("/")[-len(wanted) :]
    if len(given) != len(wanted):
        return {}
    found = {}
    for part, value in zip(wanted, given, strict=True):
        named = re.fullmatch(r"\{(.+)\}", part)
        if named:
            found[named[1]] = unquote(value)
        elif part != value:
            return {}
    return found
