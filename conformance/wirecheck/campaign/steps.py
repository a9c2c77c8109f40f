"""A conversation of the fuzzer's, as data: what is connected, sent and cut, in order.

Law: frozen values, and their size. What is in them was drawn from a catalog, so no credential of a user's is; who plays
them, and what comes of it, is no matter here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MARKED: Final = "wirecheck:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Open a connection called `conn`; one of that name that is still open is closed first."""

    conn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send one message.

    `body` is what goes over the wire, bytes as a text message unless `binary`. `frame` is the key of the frame that it
    is, or was before it was spoilt; empty where it never was one. `defect` is what is wrong with it, and `pointer`
    where; None: it is valid. `hurried`: the next step does not wait until the server has read it. `uses` are names
    whose marks in the body are replaced by what the server called so last. `turns` is how often it asks an agent to
    work.
    """

    conn: str
    body: str | bytes
    binary: bool = False
    frame: str = ""
    defect: str | None = None
    pointer: str | None = None
    hurried: bool = False
    uses: tuple[str, ...] = ()
    turns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Cut the connection, without a close frame."""

    conn: str


Step = Connect | Send | Drop
Conversation = tuple[Step, ...]


def size(conversation: Conversation) -> tuple[int, int, str]:
    """How long a conversation is: by its steps, then by its bytes; the text makes the order total."""
    return len(conversation), sum(_length(step) for step in conversation), repr(conversation)


def mark(name: str) -> str:
    """What stands in a body for the latest value of a name."""
    return f"{_MARKED}{name}"


def filled(step: Send, known: Mapping[str, str], own: str) -> str | bytes:
    """The body with every mark replaced: by the value that is known, or by one that is this conversation's `own`."""
    body = step.body
    if isinstance(body, bytes):
        return body
    for name in step.uses:
        value = known.get(name, f"{mark(name)}-{own}")
        body = body.replace(json.dumps(mark(name)), json.dumps(value, ensure_ascii=False))
    return body


def described(step: Step) -> str:
    """The step in a few words, without the message itself."""
    match step:
        case Connect():
            return f"connect {step.conn}"
        case Drop():
            return f"drop {step.conn}"
        case Send():
            return f"send on {step.conn}: {kind(step)}"


def kind(step: Send) -> str:
    """`session.start, valid`, or `session.start, invalid: missing-field at /profile_id`."""
    name = step.frame or "what is no frame"
    if step.defect is None:
        return f"{name}, valid"
    return f"{name}, invalid: {step.defect}{f' at {step.pointer}' if step.pointer else ''}"


def _length(step: Step) -> int:
    return len(step.body) if isinstance(step, Send) else 0
