"""What must not be written down: credentials of a connection, and whatever looks like one.

Law: text in, text out, in time linear in the text's length. Nothing here knows where the text came from or where it
goes. Cutting comes after redacting, never before: half a secret at the end of a cut line is still half a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import quote, unquote, unquote_plus

from wirecheck.catalog.model import Dialect

MARK = "[redacted]"
SHORTEST_SECRET = 4

_SECRET_NAMES = (
    "access_token",
    "accesstoken",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "auth_token",
    "authorization",
    "client_secret",
    "clientsecret",
    "cookie",
    "id_token",
    "jwt",
    "key",
    "passwd",
    "password",
    "private_key",
    "refresh_token",
    "refreshtoken",
    "secret",
    "session_token",
    "sessiontoken",
    "set-cookie",
    "token",
    "x-api-key",
)
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "x-auth-token"}
)
_SCHEMES = re.compile(r"(?i)(?:bearer|basic|token|digest)[ ._-]+(.+)", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_PLAIN_WORDS = frozenset({"true", "false", "null", "none", "bearer", "basic"})
_PLAIN_COOKIE = 8  # a shorter cookie of an unsuspicious name (theme=dark) is a word, and words occur in messages

# Each pattern starts where a run of its own characters starts, so that no text is scanned from every position of it.
_NAMES = "|".join(sorted(map(re.escape, _SECRET_NAMES), key=len, reverse=True))
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'(?i)("(?:' + _NAMES + r')"\s*:\s*")(?:[^"\\]|\\.)*', re.DOTALL), r"\g<1>" + MARK),
    (re.compile(r'(?i)(\\"(?:' + _NAMES + r')\\"\s*:\s*\\")(?:[^"\\]|\\+[^"\\])*'), r"\g<1>" + MARK),
    (re.compile(r"(:\\?/\\?/)[^\s/?#\"'<>\\]+@"), r"\g<1>" + MARK + "@"),
    (re.compile(r"(?i)(?<![\w-])(bearer[ .])[A-Za-z0-9._~+/=%-]{4,}"), r"\g<1>" + MARK),
    (re.compile(r"(?i)(?<![\w-])((?:" + _NAMES + r")=)[^\s&#;\"'<>\\]+"), r"\g<1>" + MARK),
    (re.compile(r"(?<![\w-])eyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?", re.ASCII), MARK),
    (re.compile(r"(?<![\w-])(?:rc|sk|pk|gh[pos]|xox[abp])[-_][\w-]{4,}", re.ASCII), MARK),
)


class Said(Protocol):
    """What is said when a connection opens, as far as it may hold credentials (an `Opened`, say)."""

    @property
    def url(self) -> str | None: ...
    @property
    def subprotocols(self) -> tuple[str, ...] | None: ...
    @property
    def headers(self) -> Mapping[str, str] | None: ...


def secrets_of(opened: Said, dialect: Dialect | None = None) -> frozenset[str]:
    """The credentials that one connection was opened with, in every spelling in which they may be repeated.

    Looked at: query parameters that the catalog names for authentication or that are commonly so named, the
    password in the URL, subprotocols of the catalog's form, and the headers that carry credentials.
    """
    url, in_query = opened.url, _places(dialect)[0]
    found = _NOTHING
    if url is not None and ("?" in url or "@" in url):  # without either there is nothing to be found in it
        found = (_in_url_again if len(url) <= _SHORT else _in_url)(url, in_query)
    if opened.subprotocols or opened.headers:
        found = found | _beside_url(opened, dialect)
    return found


def _beside_url(opened: Said, dialect: Dialect | None) -> frozenset[str]:
    _, templates, headers = _places(dialect)
    found: set[str] = set()
    for protocol in opened.subprotocols or ():
        for pattern in (*templates, _SCHEMES):
            if match := pattern.fullmatch(protocol):
                found.update((protocol, *match.groups()))
    for name, value in (opened.headers or {}).items():
        if name.lower() in headers:
            found.update(_in_header(name.lower(), value))
    return _spelled(found)


def _spelled(found: Iterable[str]) -> frozenset[str]:
    return frozenset(
        spelling
        for value in found
        for spelling in _spellings(value)
        if len(spelling) >= SHORTEST_SECRET and spelling.lower() not in _PLAIN_WORDS
    )


_NOTHING: Final[frozenset[str]] = frozenset()

START = 12
"""So much of a long secret gives it away even where the rest was cut off."""


def redact(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """`text` with every known secret, and everything of the form of one, replaced by `[redacted]`."""
    for secret in longest_first(secrets):
        text = text.replace(secret, MARK)
        if len(secret) >= 2 * START and secret[:START] in text:
            # A message may have been cut in the middle of it.
            text = re.sub(re.escape(secret[:START]) + r"[^\s\"]*", MARK, text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def excerpt(text: str, width: int, secrets: frozenset[str] = frozenset()) -> str:
    """`text` redacted and then cut to `width` characters, an ellipsis included.

    Of a long text only the beginning is looked at; a known secret that this first cut halves is dropped from its end.
    """
    bound = 4 * width + 4096
    beginning = text if len(text) <= bound else _without_half(text[:bound], secrets)
    shown = redact(beginning, secrets)
    if len(shown) <= width and len(beginning) == len(text):
        return shown
    return shown[: max(width - 1, 0)] + "…"


def _without_half(text: str, secrets: frozenset[str]) -> str:
    for secret in longest_first(secrets):
        for length in range(min(len(secret) - 1, len(text)), 0, -1):
            if text.endswith(secret[:length]):
                return text[:-length]
    return text


@lru_cache(maxsize=64)
def longest_first(secrets: frozenset[str]) -> tuple[str, ...]:
    """The secrets in the order in which they are to be replaced: one may be a part of another."""
    return tuple(sorted(secrets, key=lambda secret: (-len(secret), secret)))


_Places = tuple[frozenset[str], tuple[re.Pattern[str], ...], frozenset[str]]
"""Query parameters, forms of subprotocols, and headers that carry a dialect's credentials."""

_known: dict[int, tuple[Dialect | None, _Places]] = {}
_KNOWN = 16


def _places(dialect: Dialect | None) -> _Places:
    """Where credentials of a dialect lie; worked out once, for captures open a connection every few lines."""
    found = _known.get(id(dialect))  # an entry holds its dialect, so that the number stays its own
    if found is None:
        forms = dialect.connect.auth if dialect is not None else ()
        places = (
            frozenset(_SECRET_NAMES) | {name.lower() for form in forms for name in _names(form.get("query"))},
            tuple(_template(form["subprotocol"]) for form in forms if isinstance(form.get("subprotocol"), str)),
            frozenset(_SECRET_HEADERS) | {name.lower() for form in forms for name in _names(form.get("header"))},
        )
        found = _known[id(dialect)] = dialect, places
        if len(_known) > _KNOWN:
            _known.pop(next(iter(_known)), None)
    return found[1]


def _names(form: object) -> Iterable[str]:
    """The names in one authentication form: `{query: {token: "{token}"}}` or `{query: token}`."""
    if isinstance(form, str):
        return (form,)
    return tuple(map(str, form)) if isinstance(form, Mapping) else ()


def _template(form: str) -> re.Pattern[str]:
    literal = [re.escape(part) for part in _PLACEHOLDER.split(form)]
    return re.compile("(.+)".join(literal), re.DOTALL)


def _in_url(url: str, secret_names: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    address, _, query = url.partition("#")[0].partition("?")
    authority = address.partition("://")[2].partition("/")[0]
    credentials, at, _ = authority.rpartition("@")
    if at:
        user, colon, password = credentials.partition(":")
        found.add(password if colon else user)
    for pair in query.replace(";", "&").split("&") if query else ():
        name, _, value = pair.partition("=")
        if unquote_plus(name).lower() in secret_names:
            found.add(value)
    return _spelled(found)


_SHORT = 1_000
_in_url_again = lru_cache(maxsize=256)(_in_url)
"""The same, of a URL that many connections may be opened with."""


def _in_header(name: str, value: str) -> set[str]:
    found = {value}
    if match := _SCHEMES.fullmatch(value):
        found.update(match.groups())
    if name.endswith("cookie"):
        for crumb in value.split(";"):
            key, _, content = crumb.strip().partition("=")
            if len(content) >= _PLAIN_COOKIE or key.lower() in _SECRET_NAMES:
                found.add(content)
    return found


def _spellings(value: str) -> Iterable[str]:
    decoded = unquote(value)
    for form in (value, decoded, unquote_plus(value)):
        yield form
        yield json.dumps(form)[1:-1]
    yield quote(decoded.encode("utf-8", "surrogatepass"), safe="")
