"""Where an engine is, as a user writes it.

Law: text to a value, or a sentence that says how to write it and repeats no secret. Nothing is connected to.

    dask://HOST[:PORT][?wait=SECONDS&part=BYTES]      dask+tls://… with the certificates of Dask's own configuration
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from wirecheck.capture import label
from wirecheck.errors import UsageError
from wirecheck.redact import MARK
from wirecheck.scale.ranges import SIZE

PORT: Final = 8786
WAIT: Final = 60.0
SCHEMES: Final = {"dask": "tcp", "dask+tls": "tls"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A scheduler's address; `wait`: seconds for which it may have no worker while there is work for one; `part`: bytes
    of a capture that are judged at once."""

    scheme: str
    host: str
    port: int = PORT
    wait: float = WAIT
    part: int = SIZE

    def __str__(self) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def url(self) -> str:
        """As Dask writes it."""
        return str(self).replace(self.scheme, SCHEMES[self.scheme], 1)


def address(engine: str) -> Address:
    """Raises `UsageError` for what is no address of an engine."""
    try:
        return _read(engine)
    except _Wrong as error:
        why = str(error)
    except ValueError:  # these repeat what was written
        why = "this is no address of an engine"
    example = "dask://HOST:8786, or dask://HOST:8786?wait=300&part=16000000"
    raise UsageError(f"--engine {_shown(engine)}: {why}; write it as {example}")


class _Wrong(ValueError):
    """What is wrong with an address, in words of ours."""


def _read(engine: str) -> Address:
    parts = urlsplit(engine)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
        raise _Wrong("this is no address of an engine")
    try:
        port = parts.port or PORT
    except ValueError as error:
        raise _Wrong("a port is a number up to 65535") from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - {"wait", "part"}):
        raise _Wrong(f"there is no option {unknown[0]!r}, but wait and part")
    try:
        wait, part = float(options.get("wait", WAIT)), int(options.get("part", SIZE))
    except ValueError:
        wait = part = -1
    if not 0 <= wait < float("inf") or part <= 0:
        raise _Wrong("wait is a number of seconds, and part one of bytes")
    return Address(scheme=parts.scheme, host=parts.hostname, port=port, wait=wait, part=part)


def _shown(engine: str) -> str:
    """What was written, without what stands before the host, and without values: they may be secrets, by mistake."""
    front, at, host = engine.rpartition("@")
    scheme, mark, _ = front.partition("://")
    return label(f"{scheme if mark else 'dask'}://{MARK}@{host}" if at else engine)
