"""Whom a conversation is led with, how patiently, and at what price.

Law: plain values, and what in them must never be shown. Nothing here opens a connection; no value of a user's is in a
`repr`.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from wirecheck.catalog import Dialect, FrameForm, applies
from wirecheck.catalog.script import Scenario, Send
from wirecheck.errors import UsageError
from wirecheck.record import At, Opened
from wirecheck.redact import SHORTEST_SECRET, secrets_of

Transport = Literal["websocket", "socketio"]

SCHEMES: Final[Mapping[str, str]] = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
"""What a URL may begin with, and what that means."""
_PROXIES: Final = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
MAX_SIZE: Final = 16 * 1024 * 1024
"""Bytes of the largest message that is taken in; twice of what is looked at."""
SOME_TIME: Final = 5.0
"""Seconds that a peer gets for what no document speaks of: a pong, the end of a closing handshake."""
_LONG_VALUE: Final = 12
"""A query value as long as this may be a credential, whatever it is called."""
_LONG_HEADER: Final = 8
_LONG_PROTOCOL: Final = 16
_PUBLIC_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "host",
        "origin",
        "pragma",
        "referer",
        "user-agent",
    }
)
_UNQUOTED: Final = ("", "/", "!'()*", "/!'()*", "!$'()*,;:@/")
"""What is left as it is in a URL: nothing, or what some library leaves."""
_NOWHERE: Final = At(line=0, conn="")


class Secrets(frozenset[str]):
    """Texts that must not be shown; not even by a traceback that shows what was passed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secrets({len(self)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A live server, and what the user said about it. Raises `UsageError` for a URL that cannot be used.

    `url` has the scheme ws or wss (http and https mean the same). `variables` are the values that the user gave, by
    name; those of the catalog's references are not among them. `headers` and `subprotocols` go with every handshake.
    `ca` is a file of further authorities, `cert` and `key` the client's own. `proxy` is a URL, "" for none, or None
    for what the environment says. `max_size` is the largest message taken in, in bytes. `trigger` is a command that
    makes happen what no frame asks for. `hidden` are further texts that must not be shown. `prefix` begins the names of
    options in what the user is told.
    """

    url: str = field(repr=False)
    dialect: Dialect = field(repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    subprotocols: tuple[str, ...] = field(default=(), repr=False)
    ca: Path | None = None
    insecure: bool = False
    cert: Path | None = None
    key: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    compression: bool = True
    max_size: int = MAX_SIZE
    transport: Transport = "websocket"
    trigger: str | None = field(default=None, repr=False)
    hidden: frozenset[str] = field(default_factory=frozenset, repr=False)
    prefix: str = "--"

    def __post_init__(self) -> None:
        if not _names_a_host(self.url, SCHEMES):
            raise UsageError("the URL must begin with ws:// or wss:// and name a host, like wss://agents.example.com")
        if self.proxy and not _names_a_host(self.proxy, _PROXIES):
            raise UsageError("the proxy's URL cannot be used; write it like http://proxy.example.com:3128")

    def values(self) -> dict[str, Any]:
        """Every variable's value: the user's, or the one that the reference server knows."""
        return {name: variable.reference for name, variable in self.dialect.variables.items()} | dict(self.variables)

    def given_secrets(self) -> frozenset[str]:
        """The names of the secret variables that the user gave a value."""
        return frozenset(
            name for name, form in self.dialect.variables.items() if form.secret and name in self.variables
        )

    def has_own_credentials(self) -> bool:
        """Whether the URL, a header or a subprotocol of the user's is already a credential."""
        opened = Opened(at=_NOWHERE, url=self.url, subprotocols=self.subprotocols, headers=self.headers)
        return bool(secrets_of(opened, self.dialect))

    def secrets(self) -> Secrets:
        """Everything that must not be shown, in every spelling in which a peer may repeat it."""
        opened = Opened(at=_NOWHERE, url=self.url, subprotocols=self.subprotocols, headers=self.headers)
        found = set(secrets_of(opened, self.dialect))
        found |= secrets_of(Opened(at=_NOWHERE, url=self.proxy or ""), None)
        values = self.values()
        plain = {str(values[name]) for name, form in self.dialect.variables.items() if form.secret} | self.hidden
        plain |= {value for name, value in self.headers.items() if _is_private(name, value)}
        plain |= {value for value in self.subprotocols if len(value) >= _LONG_PROTOCOL}
        plain |= set(_in_query(self.url, self.dialect))
        for url in (self.url, self.proxy or ""):
            plain |= set(_userinfo(url))
        spelt = found | plain | set(_spelt(plain))
        return Secrets(value for value in spelt if len(value) >= SHORTEST_SECRET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long is waited, and how much is taken in.

    `timeout` is in seconds, for a wait of which the scenario says nothing; `patience` is a factor on every deadline.
    `max_frames` and `max_bytes` bound what a scenario may receive; a peer that sends more ends it.
    """

    timeout: float = 30.0
    patience: float = 1.0
    open_timeout: float = 10.0
    max_frames: int = 100_000
    max_bytes: int = 64 * 1024 * 1024

    def wait(self, within: float | None = None) -> float:
        """Seconds of a wait for which the scenario allows `within`."""
        return (self.timeout if within is None else within) * self.patience

    @property
    def opening(self) -> float:
        return self.open_timeout * self.patience

    @property
    def moment(self) -> float:
        """Seconds for a pong or a closing handshake: never more than the user waits for a frame."""
        return min(SOME_TIME, self.timeout) * self.patience


class Budget:
    """How many turns may still be sent; `max_turns` None: as many as the scenarios ask for. Safe between threads."""

    def __init__(self, max_turns: int | None = None) -> None:
        self.max_turns = max_turns
        self.used = 0
        self._lock = threading.Lock()

    def take(self, turns: int) -> bool:
        """Reserve so many turns, or none of them and False."""
        with self._lock:
            if self.max_turns is not None and self.used + turns > self.max_turns:
                return False
            self.used += turns
            return True

    def give_back(self, turns: int) -> None:
        """Return what was reserved and not sent."""
        with self._lock:
            self.used -= turns


def turns_of(scenario: Scenario, dialect: Dialect) -> int:
    """How many turns a scenario asks for, each of which costs the server's owner something."""
    return sum(opens_turn(dialect.frames[step.frame], step.values) for step in scenario.steps if isinstance(step, Send))


def opens_turn(form: FrameForm, values: Mapping[str, Any]) -> bool:
    """Whether a client frame with these values makes an agent work."""
    payload = {name: value for name, value in values.items() if not name.startswith("@")}
    header = {name[1:]: value for name, value in values.items() if name.startswith("@")}
    roles = {*form.roles, *(role for case in form.cases if applies(case, payload, header) for role in case.roles)}
    return any(role in ("prompt", "turn.open") or role.startswith("ask.chat") for role in roles)


def _names_a_host(url: str, schemes: Collection[str]) -> bool:
    try:
        url.encode()
        parts = urlsplit(url)
        return parts.scheme.lower() in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # what is no text, a port that is none, a bracket without its other half
        return False


def _is_private(name: str, value: str) -> bool:
    return name.lower() not in _PUBLIC_HEADERS and len(value) >= _LONG_HEADER


def _in_query(url: str, dialect: Dialect) -> Iterable[str]:
    """Long values of parameters that the document does not name; what looks like a credential is found elsewhere."""
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name not in dialect.connect.params and len(value) >= _LONG_VALUE:
            yield value


def _userinfo(url: str) -> Iterable[str]:
    """The password in a URL, and both parts as a header repeats them."""
    credentials, at, _ = urlsplit(url).netloc.rpartition("@")
    if at:
        user, colon, password = credentials.partition(":")
        yield unquote(password if colon else user)
        yield base64.b64encode(unquote(credentials).encode()).decode()


def _spelt(values: Iterable[str]) -> Iterable[str]:
    """The values as they may be repeated: in JSON, in a URL by any of its customs, in a header."""
    for value in values:
        if value:
            yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote_plus(value))
            yield from (quote(value, safe=kept) for kept in _UNQUOTED)
            yield from secrets_of(Opened(at=_NOWHERE, headers={"authorization": value}))
