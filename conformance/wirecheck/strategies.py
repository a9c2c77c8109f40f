"""Hypothesis strategies for the frames and conversations of a dialect.

Law: the public door to `fuzz`; names are passed on here, and nothing is made.

    from wirecheck.strategies import conversations, frames, invalid_frames

    @given(frames("name-of-a-dialect", sender="server"))
    def test_my_client_reads_every_frame(message): ...
"""

from __future__ import annotations

from wirecheck.fuzz.conversations import breakable, conversations, faulty_conversations
from wirecheck.fuzz.frames import frames, inapplicable, invalid_frames, texts
from wirecheck.sample.defects import DEFECTS, Defect, InvalidFrame
from wirecheck.walk import Conversation, OrderingFault

__all__ = [
    "DEFECTS",
    "Conversation",
    "Defect",
    "InvalidFrame",
    "OrderingFault",
    "breakable",
    "conversations",
    "faulty_conversations",
    "frames",
    "inapplicable",
    "invalid_frames",
    "texts",
]
