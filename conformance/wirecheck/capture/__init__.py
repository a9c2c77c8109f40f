"""Recorded traffic: reading it, unwrapping a transport inside it, and telling whose it is.

Law: records come out in the order in which they were written. Nothing here judges a message.
"""

from __future__ import annotations

from wirecheck.capture.detect import Detection, detect
from wirecheck.capture.lines import Limits
from wirecheck.capture.read import STANDARD_INPUT, open_capture, read
from wirecheck.capture.socketio import unwrap

__all__ = ["STANDARD_INPUT", "Detection", "Limits", "detect", "open_capture", "read", "unwrap"]
