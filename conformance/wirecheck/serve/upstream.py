"""The server that a recorder stands before: its address, and how it is reached.

Law: an address is our user's, so what is wrong with it is a `UsageError`. What it holds of credentials goes to the
server and nowhere else.
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from wirecheck.errors import UsageError
from wirecheck.record import At, Opened
from wirecheck.redact import secrets_of

_PORTS: Final = {"ws": 80, "wss": 443}
_NONE: Final = "no address of a WebSocket server; it looks like wss://agents.example/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """`path` and `query` come before those that a client asks for; `authorization` is for clients that send none.

    `secrets` are the credentials in the address.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str
    authorization: str | None = field(repr=False)
    tls: ssl.SSLContext | None
    secrets: frozenset[str] = field(repr=False)

    @property
    def authority(self) -> str:
        """What the `Host` field says: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def target(self, asked: str) -> str:
        """The path and query to ask for, where a client asked for `asked`.

        A client that asks for no path asks for `/`; that is no path to append.
        """
        path, mark, query = asked.partition("?")
        whole = self.path.rstrip("/") + path if path != "/" or not self.path else self.path
        queries = [part for part in (self.query, query) if part]
        return whole + ("?" + "&".join(queries) if queries else mark)

    def url(self, target: str = "") -> str:
        """The address without its credentials; `target` as `target` gives it, or else its own path and query."""
        return f"{self.scheme}://{self.authority}{target or self.target('/')}"


def upstream(url: str, *, ca: str | None = None, insecure: bool = False) -> Upstream:
    """The server at `url`. `ca` is a file of certificates to trust, `insecure` trusts any. Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        host = name if ":" in name else name.encode("idna").decode("ascii")
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise UsageError(f"--upstream: {_NONE}") from None  # what was wrong may be a part of a password
    if parts.scheme not in _PORTS or not host or parts.fragment:
        raise UsageError(f"--upstream: {_NONE}")
    if not re.fullmatch(r"[!-~]*", parts.path + parts.query):
        raise UsageError("--upstream: its path or query holds characters that must be written as %XX")
    if parts.scheme == "ws" and (ca is not None or insecure):
        raise UsageError(
            f"{'--insecure' if insecure else '--ca'} is for wss://, and the upstream is ws://; leave it out"
        )
    authorization = _authorization(parts)
    headers = {} if authorization is None else {"authorization": authorization}
    return Upstream(
        scheme=parts.scheme,
        host=host,
        port=port,
        path=parts.path,
        query=parts.query,
        authorization=authorization,
        tls=_context(ca, insecure) if parts.scheme == "wss" else None,
        secrets=secrets_of(Opened(at=At(line=0, conn=""), url=url, headers=headers)),
    )


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None and parts.password is None:
        return None
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def _context(ca: str | None, insecure: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"--ca {ca}: no file of certificates ({reason}); name one in PEM form") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
