"""Fuzzing a live server: conversations that nobody thought of, and what they show.

Law: only against the server that the user named; within a budget; beside it a conversation that must keep passing.

    campaign(Plan(target=…))      search, shorten, play again: a `Result`
    play_again(plan, steps, …)    one conversation, as it was saved
"""

from __future__ import annotations

from wirecheck.campaign.hunt import campaign, play_again
from wirecheck.campaign.oracle import CODES, Flaw
from wirecheck.campaign.result import Found, Plan, Result
from wirecheck.campaign.steps import Connect, Conversation, Drop, Send, Step

__all__ = [
    "CODES",
    "Connect",
    "Conversation",
    "Drop",
    "Flaw",
    "Found",
    "Plan",
    "Result",
    "Send",
    "Step",
    "campaign",
    "play_again",
]
