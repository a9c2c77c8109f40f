"""What the server does: one operation a frame.

Law: each frame has just one operation, named after it, and each operation just one message, so a message is never
valid as two of the same operation. A reply is written where a promise pairs request and answer; the answer keeps the
operation of its own beside it, for it may come otherwise too.
"""

from __future__ import annotations

from typing import Any

from wirecheck.asyncapi.pairs import answers, answers_in_cases
from wirecheck.asyncapi.places import message_name, to_channel, to_message
from wirecheck.catalog.model import Dialect, FrameForm

ACTIONS = {"client": "receive", "server": "send"}
"""What the server does with the frames of each side."""


def operation_name(frame: FrameForm) -> str:
    return f"{ACTIONS[frame.sender]}_{message_name(frame)}"


def operations(dialect: Dialect) -> dict[str, Any]:
    """The operations by name: first what the server receives, then what it sends."""
    ordered = sorted(dialect.frames.values(), key=lambda frame: frame.sender != "client")
    return {operation_name(frame): _operation(dialect, frame) for frame in ordered}


def _operation(dialect: Dialect, frame: FrameForm) -> dict[str, Any]:
    about = [
        f"In the case `{case}` it is a request, answered by {_named(found)}."
        for case, found in answers_in_cases(dialect, frame)
    ]
    found: dict[str, Any] = {"action": ACTIONS[frame.sender], "channel": to_channel()}
    if frame.summary:
        found["summary"] = frame.summary
    if about:
        found["description"] = " ".join(about)
    found["messages"] = [to_message(frame)]
    replies = answers(dialect, frame)
    if replies:
        found["reply"] = {"channel": to_channel(), "messages": [to_message(other) for other in replies]}
    return found


def _named(frames: list[FrameForm]) -> str:
    return " or ".join(f"`{frame.key}`" for frame in frames)
