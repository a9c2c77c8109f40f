"""In which way a client's message is malformed, in the words of a scenario.

Law: reads what the decoder said; judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wirecheck.catalog.script import Malformation
from wirecheck.decode import Decoded, Fault

_KINDS: Final[Mapping[str, Malformation]] = {
    "not-utf8": "not-json",
    "not-json": "not-json",
    "not-object": "not-object",
    "too-large": "huge",
    "too-deep": "deep",
    "binary": "binary",
    "no-tag": "no-tag",
    "unknown-tag": "unknown-tag",
    "wrong-envelope": "wrong-envelope",
}
"""By the codes of findings; what is not here, and is no fault of the schema, leaves a message well formed enough."""


def kind_of(decoded: Decoded) -> Malformation | None:
    """The first fault for which a server may refuse the message; None where there is none."""
    for fault in decoded.faults:
        kind = _schema(fault) if fault.code == "schema" else _KINDS.get(fault.code)
        if kind is not None:
            return kind
    return None


def _schema(fault: Fault) -> Malformation:
    return "missing-field" if "required" in fault.cause else "wrong-type"
