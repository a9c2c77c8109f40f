"""What a server may not do to whoever sends it nonsense.

Law: judges what happened, as values; nothing here connects, waits or records. Where a correct server could do the same,
nothing is found: a false alarm is worse than a fault that is missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wirecheck.campaign.leaks import Leak
from wirecheck.campaign.steps import Send, kind
from wirecheck.catalog import Dialect, Level
from wirecheck.drive.wire import Ending
from wirecheck.redact import excerpt
from wirecheck.verdict import Finding

CODES: Final[Mapping[str, str]] = {
    "abnormal-close": "The server's end of a connection was no close of its own will: cut off, or code 1011.",
    "undocumented-close": "The server closed upon an invalid frame, with a code that no document gives for it.",
    "error-leaks-internals": "An error shows a stack trace, a query or a path of the server's.",
    "canary-failed": "A conversation beside it that had passed before does not pass any more.",
    "not-back": "The server takes no new connection any more.",
    "unresponsive": "The server answers no ping any more.",
}
"""The closed list of what a campaign finds beside what the checker finds in the server's messages."""
LEVELS: Final[Mapping[str, Level]] = {code: "should" if code == "error-leaks-internals" else "must" for code in CODES}
LASTING: Final = frozenset({"canary-failed", "not-back", "unresponsive"})
"""Codes after which the server may have to be mended before anything else is tried."""

_ABNORMAL: Final = frozenset({1006, 1011})
_GOING: Final = frozenset({1001, 1012, 1013})
"""The server is stopped or overloaded, or asks to be left alone for now: no answer to a frame."""
_REFUSING: Final = frozenset({1002, 1003, 1007, 1008})
"""What RFC 6455 has for a message that cannot be taken (7.4.1); which of them for which fault, servers differ in."""
_TOO_BIG: Final = 1009
_BIG: Final = 4096
"""Bytes of a message that some server may find too large."""
_SHOWN: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that the server did wrong. `cause` is what equal flaws share; its first part is the code."""

    code: str
    level: Level
    says: str
    cause: tuple[str, ...]


def flaw(code: str, says: str, *cause: str) -> Flaw:
    return Flaw(code=code, level=LEVELS[code], says=says, cause=(code, *cause))


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a connection had seen of us before its end.

    `last` is the latest message, `largest` the bytes of the largest, `valid` whether any was a valid frame; `quiet`
    says that since the latest message the server sent nothing but errors. `coded`: the transport tells close codes.
    """

    last: Send | None = None
    largest: int = 0
    valid: bool = False
    quiet: bool = True
    coded: bool = True


def of_close(dialect: Dialect, ending: Ending, before: Before) -> Flaw | None:
    """What is wrong with how a connection ended; None where nothing is, or where we ended it."""
    last = "" if before.last is None else f" after {kind(before.last)}"
    if ending.broken:
        says = f"what the server sent{last} was not WebSocket ({ending.broken})"
        return flaw("abnormal-close", says, "broken")
    if ending.sender == "client":
        return None
    code = 1006 if ending.code is None else ending.code
    if code in dialect.connect.closes:
        return None
    if code in _ABNORMAL:
        how = "the connection broke without a close frame" if code == 1006 else "the server closed with code 1011"
        return flaw("abnormal-close", f"{how}{last}", str(code))
    if before.last is None or before.last.defect is None or before.valid or not before.quiet or not before.coded:
        # It may be the end of what a valid frame, or the server itself, began.
        return None
    if code in _REFUSING | _GOING or (code == _TOO_BIG and before.largest >= _BIG):
        return None
    told = "a close frame without a code" if code == 1005 else f"code {code}"
    return flaw("undocumented-close", f"the server closed with {told}{last}", str(code))


def of_leak(leak: Leak, last: Send | None, secrets: frozenset[str]) -> Flaw:
    after = "" if last is None else f" after {kind(last)}"
    shown = excerpt(leak.text, _SHOWN, secrets)
    return flaw("error-leaks-internals", f"an error{after} shows {leak.what}: {shown}", leak.what)


def of_finding(finding: Finding, *, spoilt: bool = False) -> Flaw | None:
    """What the checker found in the server's messages, if it is strict enough to count here.

    `spoilt`: the conversation has had an invalid frame. A server may take one for a valid frame (a mark before the
    text, NaN, the last of two members, the other envelope), refuse it or ignore it, and nobody else knows which; so of
    what is promised about the order of frames, nothing is certain any more.
    """
    if finding.side == "client" or finding.level == "may" or finding.kind == "capture":
        return None
    if spoilt and finding.guarantee is not None:
        return None
    cause = (finding.code, finding.frame or "", *finding.cause)
    return Flaw(code=finding.code, level=finding.level, says=finding.message, cause=cause)
