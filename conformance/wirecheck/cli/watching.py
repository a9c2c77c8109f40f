"""What is being done, while it is done.

Law: on standard error; a line that changes on a terminal, a line a scenario elsewhere. Nothing from the wire is shown
but what was made fit to be shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from wirecheck.catalog.script import Scenario
from wirecheck.cli.output import tell
from wirecheck.drive import Judged, Outcome, Target
from wirecheck.drive.refusal import place
from wirecheck.report.escape import printable
from wirecheck.report.view import VERDICT_WORDS

if TYPE_CHECKING:
    from rich.status import Status

_WIDTH: Final = 160


class Watching:
    """Told of everything; shows a line a scenario, and what goes on if there is a `status` to show it in."""

    def __init__(self, status: Status | None = None) -> None:
        self._status = status
        self._title = ""

    def waiting(self, target: Target) -> None:
        self._title = f"connecting to {place(target)}"
        self.doing("")

    def begun(self, dialect: str, scenario: Scenario, number: int, total: int) -> None:
        self._title = f"{number}/{total} {dialect}/{scenario.name}"
        self.doing("")

    def doing(self, what: str) -> None:
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(printable(f"{self._title}{f': {what}' if what else ''}"[:_WIDTH])))

    def ended(self, dialect: str, outcome: Outcome, verdicts: Sequence[Judged]) -> None:
        said = outcome.skipped or outcome.ended
        counts = dict.fromkeys(VERDICT_WORDS.values(), 0)
        for judged in verdicts:
            counts[VERDICT_WORDS[judged.verdict]] += 1
        listed = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        line = f"{dialect}/{outcome.scenario.name}: {listed} ({outcome.seconds:.1f} s){f'; {said}' if said else ''}"
        if self._status is None:
            tell(printable(line))
        else:
            from rich.text import Text

            self._status.console.print(Text(printable(line)), soft_wrap=True)


@contextmanager
def watching() -> Iterator[Watching]:
    """What shows the progress of one run."""
    if not sys.stderr.isatty():
        yield Watching()
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, emoji=False, highlight=False).status("") as status:
        yield Watching(status)
