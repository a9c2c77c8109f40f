"""Conversations with a live server, led by the scripts of a catalog or by a program.

Law: whatever a server does, a conversation ends within its deadlines, and what came of it is a value.

    play, play_in_thread    one scenario against a `Target`: an `Outcome`
    reachable               whether there is a server at all
    cases, judged           scenarios as single claims, and the verdict on each
    Conversation            the same step by step, for tests of one's own
"""

from __future__ import annotations

from wirecheck.drive.cases import FRAMES, OTHERS, Case, Judged, cases, held_anything, judged
from wirecheck.drive.conversation import Conversation, NotSeen
from wirecheck.drive.outcome import Outcome
from wirecheck.drive.player import in_thread, play, play_in_thread
from wirecheck.drive.reach import reachable
from wirecheck.drive.target import Budget, Limits, Target

__all__ = [
    "FRAMES",
    "OTHERS",
    "Budget",
    "Case",
    "Conversation",
    "Judged",
    "Limits",
    "NotSeen",
    "Outcome",
    "Target",
    "cases",
    "held_anything",
    "in_thread",
    "judged",
    "play",
    "play_in_thread",
    "reachable",
]
