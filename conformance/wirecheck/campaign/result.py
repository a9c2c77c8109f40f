"""What a campaign was asked for, and what came of it, as values.

Law: plain values. Nothing in them connects, draws or judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from wirecheck.campaign.oracle import Flaw
from wirecheck.campaign.steps import Conversation
from wirecheck.drive import Limits, Target
from wirecheck.drive.recorder import Spool
from wirecheck.report.view import FailOn, as_strict_as
from wirecheck.sample.coverage import Coverage

RATE: Final = 50.0
SECONDS: Final = 60.0
RETRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do, and how much of it.

    `messages` and `seconds` bound the search, whichever comes first; shortening and playing again come on top.
    `rate` is in messages a second, 0 for as many as there are; `max_turns` caps prompts, the canary's among them.
    `deterministic`: the server repeats itself, so that a failure can be shortened by playing it again and again.
    `retries` is how often a failure is played again at last. `canary` names the scenario; `restart` starts a server
    again that died, and says what went wrong with that. `tell` is told of progress, a line at a time.
    """

    target: Target = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    messages: int | None = None
    seconds: float | None = SECONDS
    rate: float = RATE
    max_turns: int | None = None
    go_on: bool = False
    seed: int = 0
    deterministic: bool = False
    retries: int = RETRIES
    canary: str | None = None
    fail_on: FailOn = "must"
    restart: Callable[[], str] | None = None
    tell: Callable[[str], None] = lambda line: None

    def fails(self, flaw: Flaw) -> bool:
        """Whether this is strict enough to fail the run."""
        return self.fail_on != "never" and as_strict_as(flaw.level, self.fail_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One flaw, and the shortest conversation that showed it.

    `also` are the other flaws that it showed. `times` is how often the flaw was seen in all; of `played` times that
    the conversation was played again at last, it `failed` so often. `capture` is one in which it failed.
    """

    flaw: Flaw
    also: tuple[Flaw, ...]
    steps: Conversation
    times: int
    played: int
    failed: int
    capture: Spool = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a campaign. `ended` says why it ended, `canary` which scenario was played beside it.

    `messages`, `conversations`, `canaries` and `turns` count what was sent and played, `answers` how invalid frames
    were answered (`error`, `close`, `other`, `nothing`), and `discarded` what was drawn and not sent. `coverage` is of
    the client's frames, and of the server's guarantees. `interrupted`: by the user, before the budget was spent.
    """

    plan: Plan = field(repr=False)
    found: tuple[Found, ...]
    ended: str
    canary: str
    messages: int
    conversations: int
    canaries: int
    turns: int
    seconds: float
    discarded: int
    answers: Mapping[str, int]
    coverage: Coverage = field(repr=False)
    interrupted: bool = False

    @property
    def fails(self) -> bool:
        return any(self.plan.fails(found.flaw) for found in self.found)
