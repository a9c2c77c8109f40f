"""Conversations, drawn by walking what a dialect guarantees.

Law: a catalog and a source of choices in, records out. What each side may say next is read from the roles of frames and
from the guarantees that are claimed; no dialect and no frame is known by name, and the checker is never asked.

    conversation(dialect, source)            one in which every guarantee holds
    faulty(dialect, source, guarantee=…)     one with exactly one fault against it, and where that lies
    breakable(dialect)                       which guarantees that can be, and why others cannot
"""

from __future__ import annotations

from wirecheck.walk.conversation import NOTHING, Conversation, OrderingFault, breakable, conversation, faulty
from wirecheck.walk.walker import WIDE, Began, Ended, Event

__all__ = [
    "NOTHING",
    "WIDE",
    "Began",
    "Conversation",
    "Ended",
    "Event",
    "OrderingFault",
    "breakable",
    "conversation",
    "faulty",
]
