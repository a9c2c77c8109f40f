"""What the reference server is about to do, as values that a mutant can change.

Law: one reaction (everything that the server does about one step of a client's) is planned as a whole before any of it
is played, so that a fault is an operation on a list. Nothing here plays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wirecheck.catalog import FrameForm
from wirecheck.catalog.script import Hangup, Hold, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One frame that the server is going to send: what it means, the names it carries, and the message itself.

    `roles` are those that it certainly has, `may` those that it may have; `names` the values of the dialect's names in
    it. `replayed` marks history. `message` is as the vendor sends it (a dict), never changed in place.
    """

    form: FrameForm
    roles: frozenset[str]
    may: frozenset[str]
    names: Mapping[str, Any]
    message: Mapping[str, Any]
    replayed: bool = False


Action = Outgoing | Hold | Hangup


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Everything that the server does about one client step, in order.

    `asked` is the key of the client's frame (None: a connection was opened, or the message was malformed); `names` what
    is known in the conversation; `turn` how many prompts this conversation has had, this one included, from 1;
    `params` the connection's URL parameters; `refused` that the credential was not accepted; `malformed` that the
    client sent what is no frame. `scenario` and `step` say where this stands: it is what the server does about the
    client step `scenario.steps[step]` (None where no scenario has such a step).
    """

    actions: tuple[Action, ...]
    asked: str | None = None
    names: Mapping[str, Any] = field(default_factory=dict)
    turn: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    refused: bool = False
    malformed: bool = False
    scenario: Scenario | None = None
    step: int = 0
