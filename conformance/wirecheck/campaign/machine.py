"""The fuzzer as a state machine: what may be done next, and how much of what.

Law: choices only, and none of them depends on what the server does, so that the same choices are the same conversation.
Who plays it decides when it has shown enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from wirecheck.campaign.draw import Drawer, Made
from wirecheck.campaign.steps import Connect, Drop
from wirecheck.fuzz.drawn import Drawn

_NAMES: Final = st.sampled_from(("a", "a", "a", "b", "c"))
"""The connections of a conversation; most of it is said on one."""
_AT_ONCE: Final = 4

Move = Connect | Drop | Made


class Attempt(Protocol):
    """One conversation, while it is led."""

    def do(self, move: Move) -> None: ...

    def end(self) -> None: ...


def machine_of(drawer: Drawer, begin: Callable[[], Attempt]) -> type[RuleBasedStateMachine]:
    """The machine of one dialect; `begin` is called for each conversation that it leads."""

    @st.composite
    def valid(draw: Any) -> Made | None:
        return drawer.made("valid", Drawn(draw))

    @st.composite
    def invalid(draw: Any) -> Made | None:
        return drawer.made("invalid", Drawn(draw))

    class Campaign(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.attempt = begin()

        @initialize()
        def opens(self) -> None:
            self.attempt.do(Connect(conn="a"))

        @rule(made=valid(), conn=_NAMES)
        def speaks(self, made: Made | None, conn: str) -> None:
            self._say(made, conn)

        @rule(made=invalid(), conn=_NAMES)
        def errs(self, made: Made | None, conn: str) -> None:
            self._say(made, conn)

        @rule(several=st.lists(valid() | invalid(), min_size=2, max_size=_AT_ONCE), conn=_NAMES)
        def hurries(self, several: list[Made | None], conn: str) -> None:
            for made in several[:-1]:
                self._say(made, conn, hurried=True)
            self._say(several[-1], conn)

        @rule(conn=_NAMES, leaves=st.booleans())
        def moves(self, conn: str, leaves: bool) -> None:
            self.attempt.do(Drop(conn=conn) if leaves else Connect(conn=conn))

        def teardown(self) -> None:
            self.attempt.end()

        def _say(self, made: Made | None, conn: str, *, hurried: bool = False) -> None:
            if made is not None:
                self.attempt.do(replace(made, step=replace(made.step, conn=conn, hurried=hurried)))

    return Campaign
