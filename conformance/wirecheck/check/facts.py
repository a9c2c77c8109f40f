"""What an `open` record says of a connection.

Law: reads the record and the URL that it names; remembers of the capture nothing but what such records said, for most
connections open with the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from wirecheck.catalog.model import SENDERS, Sender
from wirecheck.check.plan import Plan
from wirecheck.record import Credential, Vantage
from wirecheck.redact import Said, secrets_of
from wirecheck.shapes.state import Clients, Facts

MAX_OPENINGS: Final = 256
MAX_SAID: Final = 1_000
"""Ways of opening a connection that are kept, and characters of one that are looked at quickly."""
_VANTAGES: Final[dict[str | None, Vantage | None]] = {
    None: None,
    "client": "client",
    "server": "server",
    "proxy": "proxy",
}
Params = Mapping[str, str | None]


class Opens(Said, Protocol):
    """What an `open` record says, but for when, and of which connection."""

    @property
    def sees(self) -> frozenset[Sender] | None: ...
    @property
    def vantage(self) -> Vantage | None: ...
    @property
    def exclusive(self) -> bool | None: ...
    @property
    def auth(self) -> Credential | None: ...


class Opening(NamedTuple):
    """What a connection is opened with: facts about it (`params` only where the record gives a URL that can be read),
    and what must not be written out of it."""

    seen: frozenset[Sender]
    vantage: Vantage | None
    exclusive: bool
    params: Params | None
    auth_refused: bool
    secrets: frozenset[str]

    def facts(self, clients: Clients) -> Facts:
        """The facts of one such connection."""
        seen, vantage, exclusive, params, auth_refused, _ = self
        return Facts(
            clients,
            started=True,
            seen=seen,
            vantage=vantage,
            exclusive=exclusive,
            params=params,
            auth_refused=auth_refused,
        )


class Openings:
    """What the `open` records of a capture say; `secrets` are those that no connection may show."""

    __slots__ = ("_known", "_plan", "_secrets", "_urls")

    def __init__(self, plan: Plan, secrets: frozenset[str]) -> None:
        self._plan = plan
        self._secrets = secrets
        self._urls = _Urls(plan)
        self._known: dict[tuple[Any, ...], Opening] = {}

    def of(self, opened: Opens) -> Opening:
        """What this comes to."""
        url, protocols = opened.url, opened.subprotocols or ()
        size = 0 if url is None else len(url)
        if protocols:
            size += sum([len(each) + 1 for each in protocols])
        if opened.headers or size > MAX_SAID:
            return self._read(opened)
        said = (url, protocols, opened.sees, opened.vantage, opened.exclusive, opened.auth)
        try:
            found = self._known.get(said)
        except TypeError:  # a program may say it in lists and sets as well
            return self._read(opened)
        if found is None:
            if len(self._known) >= MAX_OPENINGS:
                self._known.clear()
            found = self._known[said] = self._read(opened)
        return found

    def _read(self, opened: Opens) -> Opening:
        own, url = secrets_of(opened, self._plan.dialect), opened.url
        return Opening(
            _sees(None if opened.sees is None else frozenset(opened.sees)),
            _VANTAGES[opened.vantage],
            bool(opened.exclusive),
            None if url is None else self._urls.params(url),
            opened.auth in ("bad", "missing"),
            self._secrets | own if own else self._secrets,
        )


@lru_cache(maxsize=16)
def _sees(sees: frozenset[str] | None) -> frozenset[Sender]:
    """The senders that the recorder says it records: in the same words for every connection, and not each record's."""
    return frozenset() if sees is None else frozenset([each for each in SENDERS if each in sees])


def _params(plan: Plan, url: str) -> dict[str, str | None] | None:
    """`?name` to each query parameter's value (None: it has several), and each of the dialect's names to what the URL
    gives for it."""
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        return None
    params = {"?" + name: values[0] if len(set(values)) == 1 else None for name, values in query.items()}
    dialect = plan.dialect
    path = _path_params(dialect.connect.path or "", parts.path)
    for name in plan.connection_names:
        for place in dialect.names[name]:
            if place.place == "query" and params.get("?" + place.path[0]):
                params[name] = params["?" + place.path[0]]
            elif place.place == "path" and place.path[0] in path:
                params[name] = path[place.path[0]]
    return params


_PLACEHOLDER: Final = re.compile(r"\{(.+)\}").fullmatch
_ANY: Final = "[A-Za-z0-9_.~-]"
_WORD: Final = re.compile(f"{_ANY}*").fullmatch
_NOTHING: Final = re.compile(r"(?!)").fullmatch


class _Urls:
    """Reads URLs, with a quick look at those that hold nothing to decode and fit the dialect's path: where each
    connection has one of its own, anything else would take longer than all there is to its opening."""

    __slots__ = ("_match", "_names", "_plan")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._match, groups = _plain(plan.dialect.connect.path or "")
        self._names = [
            (name, groups[place.path[0]])
            for name in plan.connection_names
            for place in plan.dialect.names[name]
            if place.place == "path" and place.path[0] in groups
        ]

    def params(self, url: str) -> Params | None:
        # A pattern that tries each part of a path as its end takes time by the square of the length.
        found = self._match(url) if len(url) <= MAX_SAID else None
        return _params(self._plan, url) if found is None else {name: found[group] for name, group in self._names}


@lru_cache(maxsize=16)
def _plain(template: str) -> tuple[Callable[[str], re.Match[str] | None], Mapping[str, int]]:
    """What matches plain URLs that fit a path, and which of its groups is which placeholder's."""
    parts = template.strip("/").split("/")
    names = [_PLACEHOLDER(part) for part in parts]
    if not all(name or _WORD(part) for name, part in zip(names, parts, strict=True)):
        return _NOTHING, {}
    path = "/".join([f"({_ANY}++)" if name else re.escape(part) for name, part in zip(names, parts, strict=True)])
    form = re.compile(f"wss?://[A-Za-z0-9_.:-]*+(?:/{_ANY}*+)*?/{path}/*")
    return form.fullmatch, {name[1]: group for group, name in enumerate(filter(None, names), 1)}


def _path_params(template: str, path: str) -> dict[str, str]:
    """The values of `{name}` parts; the server may live below a prefix, so only the path's end must fit."""
    wanted = template.strip("/").split("/")
    given = path.strip("/").split("/")[-len(wanted) :]
    if len(given) != len(wanted):
        return {}
    found = {}
    for part, value in zip(wanted, given, strict=True):
        named = _PLACEHOLDER(part)
        if named:
            found[named[1]] = unquote(value)
        elif part != value:
            return {}
    return found
