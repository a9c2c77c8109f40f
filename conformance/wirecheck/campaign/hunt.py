"""A campaign: conversations are led until one shows a flaw, or the budget is spent; then the shortest is kept.

Law: the engine makes choices, and never learns what came of them, so that what it thinks of a server that does not
repeat itself is no matter. What is reported was seen, and was played again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from wirecheck.campaign.bench import Bench, Playing, Showing
from wirecheck.campaign.draw import Drawer, Made
from wirecheck.campaign.engine import lead
from wirecheck.campaign.loop import Loop
from wirecheck.campaign.machine import Move, machine_of
from wirecheck.campaign.oracle import LASTING, Flaw
from wirecheck.campaign.pace import Allowance
from wirecheck.campaign.result import Found, Plan, Result
from wirecheck.campaign.shorten import Moves, Shortener
from wirecheck.campaign.steps import Conversation, Send, Step, size
from wirecheck.campaign.talk import Talk
from wirecheck.catalog import LEVELS
from wirecheck.drive import reachable
from wirecheck.errors import TargetError, UsageError
from wirecheck.sample.coverage import Coverage

_CHUNK: Final = 20
"""Conversations that the engine is asked for at a time."""
_LENGTHS: Final = (4, 8, 16)
"""How many moves a conversation has, chunk by chunk: short ones show a fault alone, long ones what comes of many."""
_TOLD_EVERY: Final = 5.0
"""Seconds between two lines of progress."""


def campaign(plan: Plan, wait: float = 0.0) -> Result:
    """Run a campaign; `wait` is how many seconds the server may take to come up.

    Raises `TargetError` where there is no server, or it lets us in no more, and `UsageError` where no canary passes, or
    the cap on turns leaves none for another. `KeyboardInterrupt` is raised only where nothing was found until then.
    """
    with Loop(heeds=True) as loop:
        loop.run(reachable(plan.target, wait, plan.limits))
        bench = Bench(plan, loop)
        _within_the_cap(bench, 0)
        return _Hunt(plan, bench).result()


def play_again(plan: Plan, steps: Conversation, times: int, wait: float = 0.0) -> tuple[Showing, int]:
    """Play a conversation up to so many times, until it shows a flaw that fails the run.

    What the last time showed, and how often it was played. Raises as `campaign` does, and `UsageError` where the cap on
    turns does not allow for playing it at all.
    """
    turns = _turns(steps)
    with Loop(heeds=True) as loop:
        loop.run(reachable(plan.target, wait, plan.limits))
        bench = Bench(plan, loop)
        _within_the_cap(bench, turns)
        played = 0
        while True:
            shown = bench.play(steps)
            played += 1
            over = played >= times or not bench.affords(turns)
            if over or any(plan.fails(one) for one in shown.flaws):
                return shown, played


def _within_the_cap(bench: Bench, turns: int) -> None:
    if not bench.affords(turns):
        raise UsageError(
            f"the cap of {bench.plan.max_turns} turns is too low: the canary took {bench.turns.used}, and "
            f"{turns + bench.canary.turns} more are needed to send anything; raise {bench.plan.target.prefix}max-turns"
        )


class _Hunt:
    """The state of one campaign."""

    def __init__(self, plan: Plan, bench: Bench) -> None:
        self.plan = plan
        self.bench = bench
        self.allowance = Allowance(plan.messages, plan.seconds)
        self.drawer = Drawer(plan.target.dialect, plan.target.transport)
        self.hunted: Flaw | None = None
        self._showing: Showing | None = None
        self._moves: Moves = ()
        self._times: Counter[tuple[str, ...]] = Counter()
        self._found: list[Found] = []
        self._answers: Counter[str] = Counter()
        self._conversations = 0
        self._coverage = Coverage(plan.target.dialect, frames=self.drawer.frames)
        self._told = 0.0
        plan.tell(f"the canary {plan.target.dialect.name}/{bench.canary.scenario.name} passed; seed {plan.seed}")

    def result(self) -> Result:
        """Search until there is a reason to end. Who interrupts the search does not lose what was found."""
        interrupted = False
        try:
            chunk = 0
            while not self.over():
                self._search(chunk)
                chunk += 1
                if self.hunted is not None:
                    self._conclude(self.hunted)
        except KeyboardInterrupt:
            if self.hunted is not None and self._showing is not None:
                self._keep(self.hunted, self._showing, played=0, failed=0)
            if not self._found:
                raise
            self.bench.ended, interrupted = "an interruption", True
        return Result(
            plan=self.plan,
            found=tuple(replace(found, times=self._times[found.flaw.cause]) for found in self._found),
            ended=self.over(),
            canary=self.bench.canary.scenario.name,
            messages=self.allowance.sent,
            conversations=self._conversations,
            canaries=self.bench.canaries,
            turns=self.bench.turns.used,
            seconds=self.allowance.elapsed,
            discarded=self.drawer.discarded,
            answers=dict(self._answers),
            coverage=self._coverage,
            interrupted=interrupted,
        )

    def over(self) -> str:
        """Why the search ends; empty while it goes on."""
        return self.bench.ended or self.allowance.spent()

    def may_play(self) -> bool:
        """Whether another conversation of the engine's makes sense."""
        return self.hunted is None and not self.over() and self.bench.is_well()

    def take(self, made: Made) -> bool:
        """Count a message; False where no budget is left for it. Turns are left for the canary."""
        step = made.step
        if self.over() or (step.turns and not self.bench.affords(step.turns)):
            return False
        self.allowance.take()
        if made.form is not None:
            self._coverage.saw_message(made.form, made.message)
        elif step.defect is not None:
            self._coverage.saw_defect(step.frame, step.defect)
        return True

    def showed(self, shown: Showing, moves: Moves, talk: Talk) -> None:
        """A conversation of the engine's has ended."""
        self._conversations += 1
        self._answers.update(talk.answers)
        for result in talk.report().guarantees:
            if result.side == "server" and (result.held or result.broken):
                self._coverage.saw_guarantee(result.id, "broken" if result.broken else "held")
        self._times.update(one.cause for one in shown.flaws)
        known = {found.flaw.cause: found.steps for found in self._found}
        fresh = [one for one in shown.flaws if one.cause not in known]
        shorter = [
            one
            for one in shown.flaws
            if one.cause in known and not self.plan.deterministic and size(shown.steps) < size(known[one.cause])
        ]
        if fresh or shorter:
            self.hunted = min(fresh or shorter, key=lambda one: LEVELS.index(one.level))
            self._showing, self._moves = shown, moves
            again = "" if fresh else "again, shorter, "
            self.plan.tell(
                f"found {self.hunted.code} ({self.hunted.level}) {again}in {_steps(moves)}: {self.hunted.says}"
            )
        self._progress()

    def _progress(self) -> None:
        now = self.allowance.elapsed
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            self.plan.tell(
                f"{self.allowance.sent:,} messages in {self._conversations:,} conversations, {self._count()} found, "
                f"{now:.0f} s"
            )

    def _count(self) -> int:
        """How many flaws were found, with the one that is being shortened."""
        causes = {found.flaw.cause for found in self._found}
        return len(causes if self.hunted is None else causes | {self.hunted.cause})

    def _search(self, number: int) -> None:
        """Let the engine lead some conversations."""
        lead(
            machine_of(self.drawer, lambda: _Attempt(self)),
            seeded=self.plan.seed * 1_000_003 + number,
            conversations=_CHUNK,
            moves=_LENGTHS[number % len(_LENGTHS)],
        )
        self._face(self.bench.fatal)

    def _face(self, fatal: BaseException | None) -> None:
        """Raise what ended the campaign, unless something was found, which is worth more."""
        if fatal is None:
            return
        if not isinstance(fatal, TargetError) or not (self._found or self.hunted):
            raise fatal
        self.bench.ended, self.bench.fatal = str(fatal), None

    def _conclude(self, flaw: Flaw) -> None:
        """Shorten the conversation where that makes sense, play it again, and keep it."""
        assert self._showing is not None
        if self.plan.deterministic:
            shortened = Shortener(
                self._moves, lambda moves: self._shows(flaw, moves), self.drawer.again, self.drawer.alike
            ).shortened()
            why_not = f"; no shorter, because of {self.bench.ended}" if self.bench.ended else ""
            self.plan.tell(f"shortened to {_steps(shortened)}{why_not}")
        kept = self._showing
        turns = _turns(kept.steps)
        played = failed = 0
        while played < self.plan.retries and self.bench.affords(turns):
            again = self._played(flaw, kept.steps)
            if again is None:
                break
            played += 1
            if flaw.cause in {one.cause for one in again.flaws}:
                failed, kept = failed + 1, again
        self._keep(flaw, kept, played=played, failed=failed)
        self.hunted, self._showing, self._moves = None, None, ()
        if self.plan.fails(flaw) and not self.plan.go_on:
            self.bench.ended = self.bench.ended or "the first finding"

    def _keep(self, flaw: Flaw, kept: Showing, *, played: int, failed: int) -> None:
        """Keep what was found; of two conversations that show the same the later, unless it fails less often."""
        found = Found(
            flaw=next(one for one in kept.flaws if one.cause == flaw.cause),
            also=tuple(one for one in kept.flaws if one.cause != flaw.cause),
            steps=kept.steps,
            times=self._times[flaw.cause],
            played=played,
            failed=failed,
            capture=kept.capture,
        )
        for index, before in enumerate(self._found):
            if before.flaw.cause == flaw.cause:
                if _often(found) >= _often(before):
                    self._found[index] = found
                return
        self._found.append(found)

    def _shows(self, flaw: Flaw, moves: Moves) -> int | None:
        """After how many of the moves the flaw shows; None where it does not."""
        shown = self._played(flaw, tuple(map(_step, moves)))
        if shown is None or flaw.cause not in {one.cause for one in shown.flaws}:
            return None
        self._showing = shown
        return len(shown.steps)

    def _played(self, flaw: Flaw, steps: Conversation) -> Showing | None:
        """What the conversation shows now. The canary is asked where it is what the flaw is about. None: it could not
        be played."""
        if self.bench.ended or not self.bench.is_well():
            return None
        try:
            return self.bench.play(steps, beside=flaw.code in LASTING, sure=self.plan.deterministic)
        except TargetError as error:
            self._face(error)
            return None


class _Attempt:
    """One conversation of the engine's, within the budgets."""

    def __init__(self, hunt: _Hunt) -> None:
        self._hunt = hunt
        self._done = not hunt.may_play()
        self._playing = Playing(hunt.bench)
        self._moves: list[Move] = []

    def do(self, move: Move) -> None:
        """Make a move, unless the conversation is over, or there is no budget left for it."""
        if self._done or (isinstance(move, Made) and not self._hunt.take(move)):
            return
        self._moves.append(move)
        self._playing.do(_step(move))
        if self._playing.over:
            self.end()

    def end(self) -> None:
        """End the conversation, if it has not ended."""
        if not self._done:
            self._done = True
            shown = self._playing.end()
            if self._hunt.bench.fatal is None:
                self._hunt.showed(shown, tuple(self._moves), self._playing.talk)


def _step(move: Move) -> Step:
    return move.step if isinstance(move, Made) else move


def _turns(steps: Conversation) -> int:
    return sum(step.turns for step in steps if isinstance(step, Send))


def _often(found: Found) -> float:
    """How often it failed when it was played again, from 0 to 1."""
    return found.failed / found.played if found.played else 0.0


def _steps(moves: Moves) -> str:
    return f"{len(moves)} step{'' if len(moves) == 1 else 's'}"
