"""Captures in object storage and on web servers, by fsspec.

Law: knows which library reads which place, and says its errors in our words: what is wrong, where, what to do next,
and no secret. Everything heavy is imported when a place is first opened. A place that cannot be opened is our user's
mistake (`CaptureError`); one that cannot be read to its end is an `OSError` where it happens.
"""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

from wirecheck.capture.ahead import FIRST, LARGEST, Ahead
from wirecheck.capture.places import EXTRAS, label, scheme_of, without_secrets
from wirecheck.errors import CaptureError

_TALKERS: Final = ("fsspec", "gcsfs", "google", "s3fs", "aiobotocore", "botocore", "adlfs", "azure")
_MUTE: Final = logging.CRITICAL + 1
_WEB: Final = ("http", "https")
_MAGIC: Final = re.compile(r"[*?[]")
_WEB_MAGIC: Final = re.compile(r"[*[]")  # a question mark begins a query

_CUT: Final = "the connection was cut in the middle; the rest is lost"
_LIBRARIES: Final[Mapping[str, str]] = {"abfss": "abfs"}
"""Under which scheme fsspec knows what it does not know under its own."""
_CREDENTIALS: Final[Mapping[str, str]] = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (FSSPEC_S3_ANON=true reads what is public)",
    "gcs": "set GOOGLE_APPLICATION_CREDENTIALS (FSSPEC_GCS_TOKEN=anon reads what is public)",
    "azure": "set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "http": "a signed URL may have expired",
}


def opened(source: str) -> BinaryIO:
    """The bytes of a remote place, read ahead; it can seek where the place can.

    Raises `CaptureError` where there is nothing to open; where a library is missing, with the command that installs it.
    """
    with _said(source):
        return io.BufferedReader(_stream(source), buffer_size=FIRST)


def size_of(source: str) -> int | None:
    """Bytes, as they are stored; None where the place does not say. Raises `CaptureError`."""
    with opened(source) as stream:
        return cast("Ahead", cast("io.BufferedReader", stream).raw).size


def found(source: str, suffixes: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The captures that a name, a pattern or a folder stands for, and what a folder holds beside them.

    Raises `CaptureError` for a pattern or a folder that gives nothing to read.
    """
    scheme = cast("str", scheme_of(source))
    address, mark, query = source.partition("?") if scheme in _WEB else (source, "", "")
    magic = (_WEB_MAGIC if scheme in _WEB else _MAGIC).search(address)
    last = address.rpartition("/")[2]
    if not magic and (scheme in _WEB or last.endswith(suffixes)):
        return [source], []
    with _said(source):
        space, path = _space(source)
        if not magic:
            if last and space.isfile(path):
                return [source], []
            names = [_named(source, name) for name in sorted(space.find(path))]
            captures = [name for name in names if name.endswith(suffixes)]
            if captures:
                return captures, [name for name in names if not name.endswith(suffixes)]
            if not names:
                raise FileNotFoundError
            listed = ", ".join(f"*{suffix}" for suffix in suffixes)
            raise CaptureError(f"{label(source)}: the folder holds no capture ({listed}); name one in it")
        if scheme not in _WEB and space.isfile(path):
            # An object may be called what looks like a pattern; the object comes first.
            return [source], []
        listing = space.glob(path if not query else address, detail=True)
        names = [_named(source, name) for name, told in listing.items() if told.get("type") != "directory"]
    if not names:
        raise CaptureError(f"{label(source)}: nothing matches the pattern")
    return sorted(name + mark + query for name in names), []


def _stream(source: str) -> Ahead:
    if scheme_of(source) in _WEB:
        _need(source)
        from wirecheck.capture.web import Web

        web = Web(source)
        return Ahead(_telling(source, web.fetch), size=web.size, seekable=web.seekable, close=web.close)
    space, path = _space(source)
    file = space.open(path, "rb", block_size=LARGEST, cache_type="none")
    size = file.seek(0, io.SEEK_END)

    def fetch(place: int, count: int) -> bytes:
        if place >= size:
            return b""
        file.seek(place)
        piece: bytes = file.read(min(count, size - place))
        if not piece:
            raise OSError("it became shorter while it was read; check it again")
        return piece

    return Ahead(_telling(source, fetch), size=size, seekable=True, close=file.close)


def _space(source: str) -> tuple[Any, str]:
    """The library's file system for a place, and what the place is called there."""
    kind = _need(source)
    options = kind._get_kwargs_from_urls(source)
    path: str = kind._strip_protocol(source)
    return kind(**options), path


def _need(source: str) -> Any:
    """The library's class for the scheme. Raises `CaptureError` where it is unknown, or not installed."""
    scheme = cast("str", scheme_of(source))
    extra = EXTRAS.get(scheme)
    if extra is None:
        known = ", ".join(f"{one}://" for one in EXTRAS if one != "memory")
        raise CaptureError(f"{label(source)}: {scheme}:// is no place that can be read; there are {known}")
    try:
        import fsspec

        return fsspec.get_filesystem_class(_LIBRARIES.get(scheme, scheme))
    except ImportError as error:
        advice = f"pip install 'wirecheck[{extra}]'"
        raise CaptureError(f"{label(source)}: what reads {scheme}:// is not installed; {advice}") from error


def _named(source: str, name: str) -> str:
    """The name under which we know what the library found for `source`."""
    scheme, _, rest = source.partition("://")
    if "://" in name:
        return name
    authority = rest.partition("/")[0]
    container = authority.partition("@")[0]
    inside = name.lstrip("/").removeprefix(f"{container}/")
    return f"{scheme}://{authority}/{inside}"


class _Quiet:
    """While it is entered, by any thread, the libraries log nothing: we say what went wrong, in one sentence."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: dict[str, int] = {}

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = {name: logging.getLogger(name).level for name in _TALKERS}
                for name in _TALKERS:
                    logging.getLogger(name).setLevel(_MUTE)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                for name, level in self._before.items():
                    logger = logging.getLogger(name)
                    # A library that was imported meanwhile may have been told its level by the environment.
                    logger.setLevel(level if logger.level == _MUTE else logger.level)


_quiet: Final = _Quiet()


def _telling(source: str, fetch: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """`fetch`, with every error as an `OSError` in our words."""

    def told(place: int, count: int) -> bytes:
        try:
            with _quiet:
                return fetch(place, count)
        except Exception as error:
            raise OSError(_why(source, error)) from error

    return told


@contextmanager
def _said(source: str) -> Iterator[None]:
    try:
        with _quiet:
            yield
    except CaptureError:
        raise
    except Exception as error:
        raise CaptureError(f"{label(source)}: {_why(source, error)}") from error


def _why(source: str, error: BaseException) -> str:
    """What went wrong, and what to do. The libraries raise what they like, so their causes are looked through."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    names = {kind.__name__ for one in causes for kind in type(one).__mro__}
    status = next((found for one in causes if (found := _status(one)) is not None), None)
    credentials = _CREDENTIALS.get(EXTRAS.get(scheme_of(source) or "", ""), "")
    if names & {"ClientPayloadError", "IncompleteRead"}:  # these carry a status that no server sent
        return _CUT
    if names & {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "ProfileNotFound"}:
        return f"no credentials were found; {credentials}"
    if status in (401, 403) or "PermissionError" in names or "ClientAuthenticationError" in names:
        return f"no permission to read it{_shown(status)}; {credentials}"
    if status in (404, 410) or names & {"FileNotFoundError", "ResourceNotFoundError"}:
        return f"there is no such capture{_shown(status)}; look at the name, and whose account is asked"
    if "TooManyRedirects" in names:
        return "the server sends us from place to place without end"
    if status is not None and status >= 400:
        return f"the server refuses it{_shown(status)}; try again later, or fetch it by other means"
    if names & {"ClientConnectorError", "EndpointConnectionError", "ConnectTimeoutError", "gaierror"}:
        return "nobody answers there; look at the name of the host, the network and the proxy"
    if names & {"ConnectionError", "ClientConnectionError"}:
        return _CUT
    if "TimeoutError" in names:
        return "the server has been silent for too long"
    said = " ".join(without_secrets(str(error)).split())[:300]
    return said if type(error) is OSError and said else f"{type(error).__name__}: {said}"


def _status(error: BaseException) -> int | None:
    """The status of HTTP that an exception of any library carries."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return found if isinstance(found, int) else None
    name = next((name for name in ("status", "status_code", "code") if name in dir(error)), "status")
    found = getattr(error, name, None)
    return found if isinstance(found, int) and 100 <= found < 600 else None


def _shown(status: int | None) -> str:
    return f" ({status})" if status is not None else ""
