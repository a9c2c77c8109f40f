"""Protocol specification and conformance suite for agent event streams over WebSocket.

Law: importing the package imports nothing else of it. The names below are fetched from their modules on first use,
so that a program which only asks for the version, or for help, starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wirecheck.catalog import dialects, load, load_file
    from wirecheck.check import Checker
    from wirecheck.record import At, BadLine, Closed, Message, Opened, Record
    from wirecheck.verdict import Finding, GuaranteeResult, Report

__version__ = "0.1.0"

__all__ = [
    "At",
    "BadLine",
    "Checker",
    "Closed",
    "Finding",
    "GuaranteeResult",
    "Message",
    "Opened",
    "Record",
    "Report",
    "__version__",
    "dialects",
    "load",
    "load_file",
]

_HOME = {
    "At": "record",
    "BadLine": "record",
    "Checker": "check",
    "Closed": "record",
    "Finding": "verdict",
    "GuaranteeResult": "verdict",
    "Message": "record",
    "Opened": "record",
    "Record": "record",
    "Report": "verdict",
    "dialects": "catalog",
    "load": "catalog",
    "load_file": "catalog",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
