"""Where an engine is, as a user writes it.

Law: text to a value, or a sentence that says how to write it. Nothing is connected to.

    dask://HOST[:PORT][?wait=SECONDS&part=BYTES]      dask+tls://… with the certificates of Dask's own configuration
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from wirecheck.errors import UsageError
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
        parts = urlsplit(engine)
        options = dict(parse_qsl(parts.query, strict_parsing=True, keep_blank_values=True)) if parts.query else {}
        if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/") or parts.username is not None:
            raise ValueError("this is no address of an engine")
        found = Address(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or PORT,
            wait=float(options.pop("wait", WAIT)),
            part=int(options.pop("part", SIZE)),
        )
        if options:
            raise ValueError(f"there is no option {next(iter(options))!r}, but wait and part")
        if not (0 <= found.wait < float("inf") and found.part > 0):
            raise ValueError("wait is a number of seconds, and part one of bytes")
    except ValueError as error:
        example = "dask://HOST:8786, or dask://HOST:8786?wait=300&part=16000000"
        raise UsageError(f"--engine {engine}: {error}; write it as {example}") from error
    return found
