"""Where a capture lies, told from its name.

Law: names only; nothing is opened, asked or imported. What a name holds besides the place (a signature in a URL, a
password) is for the place alone: whatever is shown or written down goes through `label`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from wirecheck.redact import MARK, redact

STANDARD_INPUT: Final = "-"

EXTRAS: Final[Mapping[str, str]] = {
    "s3": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
    "https": "http",
    "http": "http",
    "memory": "remote",
}
"""The schemes of places that are not on this machine, and the extra of ours that brings what reads them."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")
_WEB: Final = ("http", "https")


def scheme_of(source: str) -> str | None:
    """`s3` for `s3://bucket/key`; None for a name of this machine."""
    found = _SCHEME.match(source)
    return found[1].lower() if found is not None else None


def is_remote(source: object) -> bool:
    """Whether `source` names something that lies elsewhere. A path object never does: it would lose a slash."""
    return isinstance(source, str) and scheme_of(source) is not None


def label(source: object) -> str:
    """What to call `source` in reports, messages and progress: itself, without its secrets."""
    name = str(source)
    scheme = scheme_of(name)
    if scheme is None:
        return name
    rest = name[len(scheme) + 3 :]
    address, mark, query = rest.partition("?") if scheme in _WEB or "=" in rest.partition("?")[2] else (rest, "", "")
    address, fragment, _ = (rest if not mark else address).partition("#") if scheme in _WEB else (address, "", "")
    authority, slash, path = address.partition("/")
    user, at, host = authority.rpartition("@")
    if at and (scheme in _WEB or ":" in user):
        # Elsewhere what stands there is a container's name: abfs://container@account…
        authority = f"{MARK}@{host}"
    hidden = f"?{MARK}" if query else mark
    return f"{scheme}://{authority}{slash}{redact(path)}{hidden}"


def without_secrets(text: str) -> str:
    """A library's message, with every URL in it shown as `label` shows it."""
    return redact(_URL.sub(lambda found: label(found[0]), text))
