"""A dialect's scenarios as a table of reactions: what a client does, and what the server does about it.

Law: made once a dialect, free of anything observed. A step's reaction is all that is played up to the client's next
step; what a client waits for, drops or settles in between is no matter of the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirecheck.catalog import Dialect, Scenario
from wirecheck.catalog.script import Connect, Cue, Malform, Plays, Send, Step, Until, variable_in

Prompting = Connect | Send | Malform
"""The steps of a client that a server can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step of a client, `scenario.steps[index]`, and the server's reaction to it.

    `rank` is its place among all lines, in file order; `before` the rank of the line on the same connection of the
    scenario that precedes it (None: it is the first there). `shared` are the variables that the client of this
    scenario learns from frames, or sends: those that both sides must mean the same by.
    """

    scenario: Scenario
    index: int
    rank: int
    step: Prompting
    cues: tuple[Cue, ...]
    before: int | None
    shared: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All lines, by what prompts them: a connection, a frame of the client's by its key, a malformed message."""

    lines: tuple[Line, ...]
    connects: tuple[Line, ...]
    sends: Mapping[str, tuple[Line, ...]]
    malforms: tuple[Line, ...]


def compile_table(dialect: Dialect) -> Table:
    lines: list[Line] = []
    for scenario in dialect.scenarios.values():
        _add(scenario, lines)
    sends: dict[str, list[Line]] = {}
    for line in lines:
        if isinstance(line.step, Send):
            sends.setdefault(line.step.frame, []).append(line)
    return Table(
        lines=tuple(lines),
        connects=tuple(line for line in lines if isinstance(line.step, Connect)),
        sends={frame: tuple(found) for frame, found in sends.items()},
        malforms=tuple(line for line in lines if isinstance(line.step, Malform)),
    )


def _add(scenario: Scenario, lines: list[Line]) -> None:
    shared = _shared(scenario.steps)
    latest: dict[str, int] = {}
    prompts = [index for index, step in enumerate(scenario.steps) if isinstance(step, Connect | Send | Malform)]
    for index, end in zip(prompts, (*prompts[1:], len(scenario.steps)), strict=True):
        step = scenario.steps[index]
        assert isinstance(step, Connect | Send | Malform)
        following = (one for one in scenario.steps[index:end] if isinstance(one, Plays))
        lines.append(
            Line(
                scenario=scenario,
                index=index,
                rank=len(lines),
                step=step,
                cues=tuple(cue for plays in following for cue in plays.cues),
                before=None if isinstance(step, Connect) else latest.get(step.conn),
                shared=shared,
            )
        )
        latest[step.conn] = len(lines) - 1


def _shared(steps: tuple[Step, ...]) -> frozenset[str]:
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Until):
            found.update(step.keep)
        elif isinstance(step, Connect):
            found.update(_named(step.params))
        elif isinstance(step, Send | Malform):
            found.update(_named(step.values))
    return frozenset(found)


def _named(value: Any) -> set[str]:
    """The variables in a value."""
    if isinstance(value, Mapping):
        return {name for item in value.values() for name in _named(item)}
    if isinstance(value, list | tuple):
        return {name for item in value for name in _named(item)}
    name = variable_in(value)
    return set() if name is None else {name}
