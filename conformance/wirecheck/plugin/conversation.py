"""The conversation of one test of the user's own.

Law: opened when it is used and closed when the test ends, with the session's server, limits and cap on turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from wirecheck.drive import Conversation
from wirecheck.errors import UsageError
from wirecheck.plugin.run import RUN, Run

FAILED: Final = pytest.StashKey[bool]()
"""Whether the item's own test failed; known when its fixtures end."""
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST: Final = 80


def held(item: pytest.Item) -> Iterator[Conversation]:
    """One conversation, as a fixture gives it out. Its capture is kept if the test failed, or all are to be kept."""
    run = item.config.stash[RUN]
    with Conversation(run.settings.target, run.settings.limits, run.budget) as conversation:
        yield conversation
        if run.settings.keep_captures or item.stash.get(FAILED, False):
            _keep(run, item, conversation)


def _keep(run: Run, item: pytest.Item, conversation: Conversation) -> None:
    """Keep the capture of a conversation, unless the test has closed it already."""
    try:
        conversation.report()  # settles what is open, so that the capture has its end
    except UsageError:
        return
    name = _UNFIT.sub("-", item.name)[:_LONGEST]
    item.add_report_section("teardown", "wirecheck", f"capture: {run.keep(conversation, name)}")
