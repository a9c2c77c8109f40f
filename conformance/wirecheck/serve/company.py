"""A conversation while it is played: who takes part, and what is still to be played.

Law: the reactions of one conversation are played one after the other, whoever asked for them; they go to everybody who
takes part. Nobody waits for ever, neither for a client nor for room, and what waits is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from wirecheck.catalog.script import Hangup, Hold
from wirecheck.scenario.conversations import Conversation
from wirecheck.scenario.plan import Outgoing, Reaction
from wirecheck.scenario.stage import Stage
from wirecheck.serve.bell import Bell
from wirecheck.serve.link import Link

_QUEUED: Final = 16
"""Reactions of one conversation that may wait; beyond, the client that asks is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all companies of a server share: `pause` is waited for before each frame, `patience` the seconds that a
    client is waited for: to say more, to go, or to come back. `over` is told of a company in which nobody takes part
    any more and nothing is left to be played, `failed` of a fault of ours."""

    stage: Stage
    patience: float
    pause: Callable[[], Coroutine[Any, Any, None]]
    over: Callable[[Company], None]
    failed: Callable[[BaseException], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A reaction to be played, for whom, and how much they had said when they asked. `then`: the conversation that
    the link joins when it was played; the reaction is then for this link alone."""

    reaction: Reaction
    link: Link
    heard: int
    conversation: Conversation
    then: Company | None = None


class Company:
    """Those who take part in one conversation."""

    def __init__(self, house: House, conversation: Conversation) -> None:
        self.conversation = conversation
        self.links: dict[Link, None] = {}
        self._house = house
        self._bell = Bell()
        self._catching_up = 0
        self._waits = True
        self._stopped = False
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(_QUEUED)
        self._player: asyncio.Task[None] | None = None

    def join(self, link: Link) -> None:
        if not link.gone:
            self.links[link] = None
            self._waits = True
            self._bell.ring()

    def leave(self, link: Link) -> None:
        self.links.pop(link, None)
        self._bell.ring()
        self._end_if_idle()

    async def stop(self) -> None:
        """Play nothing more; whoever waits for room need not wait."""
        self._stopped = True
        while not self._jobs.empty():
            self._jobs.get_nowait()
        if self._player is not None:
            self._player.cancel()
            await asyncio.wait([self._player])

    def _catch_up(self, link: Link) -> None:
        """The link is about to be told the history: until it was, nothing new happens."""
        self._catching_up += 1
        self._waits = True
        self.leave(link)

    def _caught_up(self, link: Link) -> None:
        self._catching_up -= 1
        self.join(link)
        self._bell.ring()
        self._end_if_idle()

    async def play(self, reaction: Reaction, link: Link) -> None:
        """Play a reaction for everybody, when its turn comes; returns when there is room for it."""
        await self._add(_Job(reaction=reaction, link=link, heard=link.heard, conversation=self.conversation))

    async def play_apart(self, reaction: Reaction, link: Link, then: Company) -> None:
        """Play a reaction that holds history to this link alone, which then joins the company `then`."""
        then._catch_up(link)
        await self._add(_Job(reaction=reaction, link=link, heard=link.heard, conversation=then.conversation, then=then))

    async def _add(self, job: _Job) -> None:
        await self._jobs.put(job)
        if self._stopped:
            self._jobs.get_nowait()
        elif self._player is None:
            self._player = asyncio.create_task(self._play_all())
            self._player.add_done_callback(self._played)

    def _played(self, player: asyncio.Task[None]) -> None:
        if not player.cancelled() and (error := player.exception()) is not None:
            self._house.failed(error)

    async def _play_all(self) -> None:
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            try:
                await self._play(job)
            finally:
                if job.then is not None:
                    job.then._caught_up(job.link)
        self._player = None
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if not self.links and not self._catching_up and self._player is None:
            self._house.over(self)

    async def _play(self, job: _Job) -> None:
        for action in job.reaction.actions:
            if isinstance(action, Outgoing):
                await self._house.pause()
                if not await self._is_heard(job):
                    return
                await self._send(job, action)
            elif isinstance(action, Hold):
                await self._hold(job.link, job.heard, action)
            else:
                await self._hang_up(job, action)

    async def _send(self, job: _Job, frame: Outgoing) -> None:
        self._house.stage.sent(job.conversation, frame)
        for link in (job.link,) if job.then is not None else tuple(self.links):
            # Whoever left meanwhile will be told by a replay.
            if (job.then is not None or link in self.links) and self._house.stage.admits(link.guest, frame):
                await link.send(frame)
                if link.gone:
                    self.leave(link)

    async def _is_heard(self, job: _Job) -> bool:
        """Whether it makes sense to go on: somebody is there, or may come back and be told.

        Whoever is not back in time, or does not read the history, is not waited for again.
        """
        if job.then is not None:
            return not job.link.gone
        if self.conversation.key is None:
            return not job.link.gone and bool(self.links)
        if self._waits:
            self._waits = await self._bell.until(
                lambda: bool(self.links) and not self._catching_up, within=self._house.patience
            )
        return True

    async def _hang_up(self, job: _Job, action: Hangup) -> None:
        link = job.link if not job.link.gone else next(iter(self.links), None)
        if link is not None:
            await link.hang_up(action.code)

    async def _hold(self, link: Link, heard: int, hold: Hold) -> None:
        await link.bell.until(
            lambda: link.gone or (hold.event == "send" and link.heard > heard), within=self._house.patience
        )
