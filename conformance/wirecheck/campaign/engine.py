"""Hypothesis, as it is used here: to make choices, and for nothing else.

Law: nothing is read from or left in a database, nothing is printed, no example is played a second time, and no clock of
the engine's ends anything. Whoever wants a conversation again, or shorter, has it as data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def lead(machine: type[RuleBasedStateMachine], *, seeded: int, conversations: int, moves: int) -> None:
    """Let the engine lead so many conversations of so many moves each. The same seed makes the same choices."""
    search = settings(
        max_examples=conversations,
        stateful_step_count=moves,
        phases=(Phase.generate,),
        deadline=None,
        database=None,
        derandomize=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(seeded)(machine), settings=search)


@contextmanager
def without_a_trace() -> Iterator[None]:
    """While this lasts, what the engine keeps for its own use is not left in the working directory."""
    with TemporaryDirectory(prefix="wirecheck-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
