"""From what was found to findings, fit to be kept and shown.

Law: judges nothing. What leaves here carries no secret that is known, and its length is bounded whatever a peer sent.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from wirecheck.catalog.model import Dialect, Level, Sender
from wirecheck.decode import Fault
from wirecheck.record import At, BadLine
from wirecheck.redact import redact
from wirecheck.shapes.ends import UNSENT
from wirecheck.shapes.state import Broken
from wirecheck.strict import pointer_to
from wirecheck.verdict import FRAME_CODES, Finding

MAX_SHOWN = 200
"""Characters of a tag or a pointer that a finding carries."""
MAX_SAID = 1_000
"""Characters of a finding's message."""


def broken_finding(dialect: Dialect, broken: Broken) -> Finding:
    """The finding of one broken instance."""
    claim = dialect.guarantees[broken.guarantee]
    return Finding(
        kind="connection" if claim.rule.shape == "ends" else "order",
        code=claim.id,
        level=claim.level,
        side=claim.rule.side,
        message=f"{broken.message} ({claim.id}, {claim.level}: {claim.source})",
        at=broken.at,
        guarantee=claim.id,
        frame=broken.label,
        pointer=None,
        cause=(broken.label or "",),
    )


def close_code(dialect: Dialect, code: int | None, side: Sender | None) -> tuple[Level, str] | None:
    """What is wrong with a close code: the documents, or RFC 6455, do not know it."""
    if code in UNSENT or code is None or side is None:
        return None
    known = dialect.connect.closes
    if code == 1004 or not (1000 <= code <= 1014 or 3000 <= code <= 4999):
        return "must", f"close code {code} must not be sent (RFC 6455, 7.4)"
    if side == "server" and known and code >= 4000 and code not in known:
        return "may", f"close code {code} is not documented; known: {', '.join(map(str, sorted(known)))}"
    return None


def closed_wrongly(wrong: tuple[Level, str], code: int | None, side: Sender | None, at: At) -> Finding:
    """The finding of a close code with which something is wrong."""
    level, text = wrong
    return Finding(
        kind="connection", code="closed-code", level=level, side=side, message=text, at=at, cause=(str(code),)
    )


def bad_line(record: BadLine) -> Finding:
    """A line that is no record; equal but for numbers is equal."""
    cause = (re.sub(r"[0-9]+", "0", record.message),)
    return Finding(
        kind="capture", code=record.code, level="must", side=None, message=record.message, at=record.at, cause=cause
    )


def placed(fault: Fault, sender: Sender, at: At, above: tuple[Any, ...]) -> Finding:
    """The finding of a fault; `above` leads to the message, where it lies in another one."""
    pointer = fault.pointer
    if above:
        pointer = pointer_to(above) + (pointer or "")
    return Finding(
        kind="frame" if fault.code in FRAME_CODES else "message",
        code=fault.code,
        level=fault.level,
        side=sender,
        message=fault.message,
        at=at,
        frame=fault.frame,
        pointer=pointer,
        cause=tuple([part[:MAX_SHOWN] for part in fault.cause]),
    )


def clean(finding: Finding, secrets: frozenset[str]) -> Finding:
    """The finding as it may be kept and shown: without secrets, and of bounded length."""
    message = _cut(redact(finding.message, secrets), MAX_SAID)
    frame = None if finding.frame is None else _cut(redact(finding.frame, secrets), MAX_SHOWN)
    pointer = None if finding.pointer is None else _cut(redact(finding.pointer, secrets), MAX_SHOWN)
    cause = tuple(redact(part, secrets) for part in finding.cause)
    if (message, frame, pointer, cause) == (finding.message, finding.frame, finding.pointer, finding.cause):
        return finding
    return replace(finding, message=message, frame=frame, pointer=pointer, cause=cause)


def _cut(text: str, width: int) -> str:
    """Redacted first and cut then: half a secret at the end is still half a secret."""
    return text if len(text) <= width else text[: width - 1] + "…"
