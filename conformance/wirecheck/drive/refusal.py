"""Why a connection did not come about, in one sentence that says what to do next.

Law: exceptions in, sentences out. What a server or a library said is redacted before it is repeated, and the exception
itself, which may hold the URL with its credential, is left behind.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidProxy, InvalidStatus, InvalidURI, ProxyError

from wirecheck.drive.target import SCHEMES, Target
from wirecheck.errors import TargetError, UsageError, WirecheckError
from wirecheck.redact import excerpt
from wirecheck.report.escape import printable

_SAID: Final = 200
_STARTING: Final = frozenset({404, 500, 502, 503, 504})
"""What a gateway says while the server behind it is not there yet."""
_ADVICE: Final = {
    401: "give a token that it accepts ({prefix}secret NAME=env:VAR)",
    403: "give a token that it accepts ({prefix}secret NAME=env:VAR), or ask whoever runs it for access",
    404: "look at the URL's path",
    407: "the proxy wants credentials; put them into its URL",
    426: "it asks for another version of HTTP or of WebSocket; look at the URL",
    429: "it is asked too much; try again later",
    503: "it is not ready, or wants to be left alone; try again later, or wait for it with {prefix}wait SECONDS",
}


class Refused(TargetError):
    """A connection that did not come about. `status` is the HTTP status that said so, `passing` whether it may be
    otherwise in a moment."""

    def __init__(self, message: str, *, status: int | None = None, passing: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.passing = passing


def place(target: Target) -> str:
    """The server as it may be shown: scheme, host and port, without whatever else the URL holds."""
    parts = urlsplit(target.url)
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def refusal(error: Exception, target: Target, secrets: frozenset[str], seconds: float) -> WirecheckError:
    """What an exception of the opening handshake means. Never chained to it, and never repeating a secret."""
    where = place(target)
    match error:
        case InvalidURI():
            return UsageError(f"{where}: this is no URL of a WebSocket; write it like wss://agents.example.com/path")
        case InvalidProxy():
            return UsageError("the proxy's URL cannot be used; write it like http://proxy.example.com:3128")
        case ProxyError():
            return Refused(
                f"{where}: the proxy did not let the connection through: {_said(error, secrets)}; look at "
                f"{target.prefix}proxy"
            )
        case InvalidStatus():
            response = error.response
            return status_refusal(response.status_code, response.headers.get("Location", ""), target, secrets)
        case InvalidMessage() if isinstance(error.__cause__, EOFError):
            return _network(error.__cause__, target, secrets)
        case InvalidMessage():
            text = f"its answer cannot be read as HTTP/1.1 ({_said(error.__cause__ or error, secrets)})"
            return Refused(f"{where}: {text}; is it a WebSocket server? look at the host and the port")
        case ImportError():
            return UsageError("a SOCKS proxy needs the package python-socks; install it, or name another proxy")
        case InvalidHandshake():
            text = f"the answer to the handshake is not a WebSocket server's: {_said(error, secrets)}"
            return Refused(f"{where}: {text}; look at the URL")
        case TimeoutError():
            text = f"no answer to the handshake within {seconds:g} s; is it a WebSocket server, and is it up?"
            return Refused(f"{where}: {text}", passing=True)
        case _:
            return _network(error, target, secrets)


def status_refusal(status: int, location: str, target: Target, secrets: frozenset[str]) -> Refused:
    """What it means that the handshake was answered with an HTTP status other than 101."""
    where = place(target)
    if status == 200:
        text = "it speaks HTTP, and did not take the connection for a WebSocket; look at the URL's path"
        return Refused(f"{where}: {text}", status=status)
    if 300 <= status < 400:
        elsewhere = _cut(location.partition("?")[0], secrets)
        text = f"it redirects (HTTP {status}) to {elsewhere!a}; give that URL if you trust it"
        return Refused(f"{where}: {text}", status=status)
    advice = _ADVICE.get(status, "look at the URL, and at the server's log").format(prefix=target.prefix)
    text = f"the connection was refused with HTTP {status}; {advice}"
    return Refused(f"{where}: {text}", status=status, passing=status in _STARTING)


def _network(error: BaseException, target: Target, secrets: frozenset[str]) -> WirecheckError:
    where = place(target)
    match error:
        case ssl.SSLCertVerificationError():
            text = f"its certificate is not trusted ({_cut(error.verify_message, secrets)})"
            return Refused(f"{where}: {text}; name the authority's file with {target.prefix}ca, or look at the host")
        case ssl.SSLError():
            text = f"TLS failed ({_cut(str(error.reason or error), secrets)})"
            return Refused(f"{where}: {text}; if the server does not speak TLS, write ws:// in place of wss://")
        case ConnectionRefusedError() | socket.gaierror() if _proxied(target):
            why = "its name cannot be resolved" if isinstance(error, socket.gaierror) else "connection refused"
            advice = f"look at {target.prefix}proxy, and at the environment's proxies"
            return Refused(f"{where}: the proxy that leads there cannot be reached ({why}); {advice}", passing=True)
        case ConnectionRefusedError():
            return Refused(f"{where}: nobody listens there (connection refused); start the server", passing=True)
        case socket.gaierror():
            return Refused(f"{where}: the host's name cannot be resolved; look at the URL", passing=True)
        case EOFError() | ConnectionError():
            return Refused(
                f"{where}: it ended the connection before the handshake was done; is it a WebSocket server?",
                passing=True,
            )
        case OSError():
            text = _cut(error.strerror or type(error).__name__, secrets)
            return Refused(f"{where}: it cannot be reached ({text}); look at the URL and the network", passing=True)
        case _:
            return Refused(f"{where}: the connection could not be opened ({_said(error, secrets)}); look at the URL")


def _proxied(target: Target) -> bool:
    """Whether the way to the server leads through a proxy."""
    if target.proxy is not None:
        return target.proxy != ""
    parts = urlsplit(target.url)
    kinds = {"wss", "https", "socks"} if SCHEMES[parts.scheme.lower()] == "wss" else {"ws", "http", "https", "socks"}
    return not kinds.isdisjoint(getproxies()) and not proxy_bypass(parts.netloc.rpartition("@")[2])


def _said(error: BaseException, secrets: frozenset[str]) -> str:
    return _cut(str(error) or type(error).__name__, secrets)


def _cut(text: str, secrets: frozenset[str]) -> str:
    return printable(excerpt(text, _SAID, secrets))
