"""Recorded traffic: reading it, unwrapping a transport inside it, and telling whose it is.

Law: records come out in the order in which they were written. Nothing here judges a message.
"""

from __future__ import annotations

from wirecheck.capture.detect import Detection, detect
from wirecheck.capture.lines import Limits
from wirecheck.capture.places import STANDARD_INPUT, is_remote, label
from wirecheck.capture.read import is_plain, open_capture, read, read_blocks, size_of
from wirecheck.capture.socketio import unwrap

__all__ = [
    "STANDARD_INPUT",
    "Detection",
    "Limits",
    "detect",
    "is_plain",
    "is_remote",
    "label",
    "open_capture",
    "read",
    "read_blocks",
    "size_of",
    "unwrap",
]
