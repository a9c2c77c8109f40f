"""What conversations are played with: a loop, a canary, and what became of the server.

Law: one way of playing a conversation, whoever asks for it. What keeps one from being played is kept here, as the
campaign's end, and is never raised into whoever makes the choices, but for an interruption.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from wirecheck.campaign.canary import DECLINED, TurnsSpent, chosen, sung
from wirecheck.campaign.loop import Loop
from wirecheck.campaign.oracle import LASTING, Flaw
from wirecheck.campaign.pace import Pace
from wirecheck.campaign.result import Plan
from wirecheck.campaign.steps import Conversation, Send, Step
from wirecheck.campaign.talk import Talk
from wirecheck.drive import Budget
from wirecheck.drive.recorder import Spool

_RESTS: Final = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each time that the canary is played alone, after it was turned away."""
_GRAVE: Final = LASTING | {"abnormal-close"}
"""Codes after which nobody knows whether the server is still itself."""
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A conversation that was played, and what it showed."""

    steps: Conversation
    flaws: tuple[Flaw, ...]
    capture: Spool


class Bench:
    """`ended` says why nothing more can be played; `fatal` is what raised it, if anything did."""

    def __init__(self, plan: Plan, loop: Loop) -> None:
        self.plan = plan
        self.pace = Pace(plan.rate)
        self.turns = Budget(plan.max_turns)
        self.canary = loop.run(chosen(plan.target, plan.limits, self.turns, plan.canary))
        self.canaries = 1
        self.ended = ""
        self.fatal: BaseException | None = None
        self._loop = loop
        self._unsure = False

    def play(self, steps: Conversation, *, beside: bool = True, sure: bool = False) -> Showing:
        """What a conversation shows, with the canary `beside` it or without. `sure`: a canary that breaks off is not
        asked again. Raises what keeps the conversation from being played."""
        playing = Playing(self, beside=beside, sure=sure)
        for step in steps:
            playing.do(step)
        shown = playing.end()
        if self.fatal is not None:
            raise self.fatal
        return shown

    def sings(self, *, sure: bool = False) -> Flaw | None:
        """What the canary shows."""
        self.canaries += 1
        self.pace.owe(self.canary.messages)
        return self.run(sung(self.canary, self.plan.target, self.plan.limits, self.turns, sure=sure))

    def sings_alone(self, flaw: Flaw) -> Flaw | None:
        """What the canary shows when nothing else goes on. A server may let one client do only so much at a time, and
        say so to whoever comes then; that is no fault, if it serves again after a while."""
        for wait in _RESTS:
            self.run(self.pace.rest(wait))
            again = None if self.fatal is not None or self.ended else self.sings()
            if again is None or again.cause != flaw.cause:
                return again
        return flaw

    def is_well(self) -> bool:
        """Whether the server has got over what was found; it is started again first, if somebody can."""
        if not self._unsure:
            return True
        said = "" if self.plan.restart is None else self.plan.restart()
        trouble = said or self.sings()
        if trouble:
            told = f", and {said}" if said else ""
            self.ended = self.ended or f"a server that did not get over it{told}"
        self._unsure = bool(trouble)
        return not trouble

    def doubt(self, flaws: tuple[Flaw, ...]) -> None:
        """The server did this, and may not be well any more."""
        self._unsure = self._unsure or any(one.code in _GRAVE for one in flaws)

    def affords(self, turns: int) -> bool:
        """Whether the cap allows for so many turns, and for the canary's."""
        wanted = turns + self.canary.turns
        if not self.turns.take(wanted):
            return False
        self.turns.give_back(wanted)
        return True

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result | None:
        """What comes of `work` in the loop; None where it could not be done, which ends the campaign."""
        try:
            return self._loop.run(work)
        except TurnsSpent:
            self.ended = self.ended or f"the cap of {self.plan.max_turns} turns"
        except KeyboardInterrupt as error:
            # Whoever interrupts does not want to wait for what is left to be read, nor for the canary.
            self.fatal = error
            raise
        except Exception as error:
            self.fatal = self.fatal or error
            self.ended = self.ended or "a fault"
        return None


class Playing:
    """One conversation, while it is played. `over`: nothing more is done in it."""

    def __init__(self, bench: Bench, *, beside: bool = True, sure: bool = False) -> None:
        self.over = False
        self.steps: list[Step] = []
        self.talk = Talk(bench.plan.target, bench.plan.limits, bench.pace)
        self._bench = bench
        self._beside = beside
        self._sure = sure

    def do(self, step: Step) -> None:
        """Do one step. A conversation that shows a flaw, or cannot go on, is over."""
        if self.over:
            return
        if isinstance(step, Send) and step.turns and not self._bench.turns.take(step.turns):
            self.over = True
            return
        self.steps.append(step)
        self._bench.run(self.talk.do(step))
        self.over = bool(self.talk.flaws) or self.talk.flooded or self._bench.fatal is not None

    def end(self) -> Showing:
        """Read what is left, ask the canary, and close everything. To be called once."""
        bench = self._bench
        bird: Flaw | None = None
        if not self.over:
            bench.run(self.talk.settle())
        self.over = True
        dead = any(one.code in LASTING for one in self.talk.flaws)
        if self._beside and not dead and bench.fatal is None:
            bird = bench.sings(sure=self._sure)
        bench.run(self.talk.abandon() if bench.fatal is not None else self.talk.close())
        if bird is not None and bird.cause[1:] == DECLINED and bench.fatal is None:
            bird = bench.sings_alone(bird)
        flaws = {one.cause: one for one in (*self.talk.flaws, *([] if bird is None else [bird]))}
        fresh = tuple(one for cause, one in flaws.items() if cause not in bench.canary.known)
        bench.doubt(fresh)
        return Showing(steps=tuple(self.steps), flaws=fresh, capture=self.talk.spool)
