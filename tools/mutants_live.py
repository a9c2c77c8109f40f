"""Print the live mutation matrix: by mutant server, in which scenarios it fails, and what else it trips.

Each dialect's scenarios are first played against the sound reference server, where every case must pass; then against
each mutant server those that exercise the guarantee it breaks (with `--all` every one). A mutant is killed if its
guarantee fails somewhere; it leaks if anything else fails that its rule does not list under `implies`. Exits 1 if a
mutant survives or leaks, or the sound server does not pass.

    python tools/mutants_live.py [--dialect D]... [--mutant RULE[:VARIANT]]... [--all] [--jobs N]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from wirecheck.catalog import Dialect, Scenario, dialects, load, rules
from wirecheck.catalog.script import Malform, Until
from wirecheck.drive import Limits, Outcome, Target, cases, judged, play_in_thread
from wirecheck.scenario.mutants import Mutant, mutants
from wirecheck.serve import serving

HEAD = ("dialect", "guarantee", "variant", "failed in", "also, as implied", "verdict")
LIMITS = Limits(timeout=30)
LONGEST, IN_VAIN, OPTIONAL = 20.0, 5.0, 1.0
"""Seconds of a wait, of one for what a silent server never sends, and of one that is optional."""
UNSEEN = "scenario"
"""The shape of guarantees that only scenarios with something malformed can decide."""
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one server. `failed` names the scenarios in which its own guarantee failed; `played` counts those
    played, `also` names guarantees that failed as its rule says, `wrong` what failed, or did not pass, besides."""

    dialect: str
    mutant: Mutant | None
    played: int
    failed: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        if self.wrong:
            return "LEAKED" if self.mutant is not None else "UNSOUND"
        return "sound" if self.mutant is None else "killed" if self.failed else "SURVIVED"

    def is_well(self) -> bool:
        return self.verdict in ("sound", "killed")


def sound(dialect: Dialect) -> Row:
    """Every case of every scenario, against the server without a fault."""
    wrong = []
    with serving(dialect) as served:
        for scenario in dialect.scenarios.values():
            outcome = _play(scenario, served.url, dialect)
            for case in cases(dialect, [scenario.name]):
                verdict = judged(case, outcome)
                if verdict.verdict != "passed":
                    wrong.append(f"{scenario.name}: {case.guarantee} {verdict.verdict}: {verdict.reason}")
            if outcome.ended:
                wrong.append(f"{scenario.name}: ended early: {outcome.ended}")
    return Row(dialect=dialect.name, mutant=None, played=len(dialect.scenarios), wrong=tuple(wrong))


def against(dialect: Dialect, mutant: Mutant, *, thorough: bool = False) -> Row:
    """The mutant's scenarios, or all of them; where no scenario that exercises its guarantee finds it, the others until
    one does. A silent mutant costs a wait a scenario: unless all are asked for, one that finds it is enough."""
    found: dict[str, set[str]] = {}
    with serving(dialect, mutant=mutant.name) as served:
        for scenario, exercised in _ordered(dialect, mutant):
            killed = any(mutant.guarantee in failed for failed in found.values())
            if killed and not thorough and (mutant.silent or not exercised):
                break
            played = _hurried(scenario, IN_VAIN if mutant.silent else LONGEST)
            found[scenario.name] = failures(_play(played, served.url, dialect))
    return row(dialect, mutant, found, rules()[mutant.guarantee].implies)


def row(dialect: Dialect, mutant: Mutant, found: Mapping[str, set[str]], implies: Collection[str]) -> Row:
    """What it comes to that these codes failed in these scenarios."""
    others = {(name, code) for name, failed in found.items() for code in failed - {mutant.guarantee}}
    return Row(
        dialect=dialect.name,
        mutant=mutant,
        played=len(found),
        failed=tuple(name for name, failed in found.items() if mutant.guarantee in failed),
        also=tuple(sorted({code for _, code in others if code in implies})),
        wrong=tuple(f"{name}: also breaks {code}" for name, code in sorted(others) if code not in implies),
    )


def failures(outcome: Outcome) -> set[str]:
    """The guarantees that failed, and the codes of all other findings."""
    broken = {result.id for result in outcome.report.guarantees if result.verdict == "failed"}
    return broken | {group.first.code for group in outcome.report.findings}


def _ordered(dialect: Dialect, mutant: Mutant) -> Iterator[tuple[Scenario, bool]]:
    """All scenarios, each with whether it is made for the mutant's guarantee: those first that are (of these, those
    that wait for what the guarantee promises), and those last that send something malformed, unless the guarantee is
    about that."""
    unseen = rules()[mutant.guarantee].shape == UNSEEN

    def is_for(scenario: Scenario) -> bool:
        malformed = any(isinstance(step, Malform) for step in scenario.steps)
        return mutant.guarantee in scenario.exercises and (unseen or not malformed)

    def awaits(scenario: Scenario) -> bool:
        return any(isinstance(step, Until) and step.promised == mutant.guarantee for step in scenario.steps)

    for scenario in sorted(dialect.scenarios.values(), key=lambda one: (not is_for(one), not awaits(one))):
        yield scenario, is_for(scenario)


def _play(scenario: Scenario, url: str, dialect: Dialect) -> Outcome:
    return play_in_thread(scenario, Target(url=url, dialect=dialect), LIMITS, attempts=1)


def _hurried(scenario: Scenario, longest: float) -> Scenario:
    """The scenario with shorter waits, since the reference server never thinks."""
    steps = [
        replace(step, within=OPTIONAL if step.optional else longest) if isinstance(step, Until) else step
        for step in scenario.steps
    ]
    return replace(scenario, steps=tuple(steps))


def _one(dialect: str, mutant: Mutant | None, thorough: bool) -> Row:
    loaded = load(dialect)
    return sound(loaded) if mutant is None else against(loaded, mutant, thorough=thorough)


Job = tuple[str, Mutant | None, bool]


def _rows(jobs: Sequence[Job], processes: int) -> Iterable[Row]:
    """A row each, in the jobs' order; silent mutants are begun first, since they take longest."""
    if processes == 1:
        return [_one(*job) for job in jobs]
    first = sorted(jobs, key=lambda job: not (job[1] is not None and job[1].silent))
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        begun = {job: pool.submit(_one, *job) for job in first}
        return [begun[job].result() for job in jobs]


def show(rows: Sequence[Row], say: Callable[[str], None] = print) -> None:
    """The table, and below it everything that is not as it should be."""
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for one in rows:
        for wrong in one.wrong:
            say(f"{one.dialect} {one.mutant.name if one.mutant else 'without a fault'}: {wrong}")


def _cells(one: Row) -> tuple[str, ...]:
    named = ", ".join(one.failed[:SHOWN]) + (", …" if len(one.failed) > SHOWN else "")
    failed = f"{len(one.failed)} of {one.played}" + (f": {named}" if named else "")
    guarantee, variant = (one.mutant.guarantee, one.mutant.variant) if one.mutant is not None else ("-", "no fault")
    return one.dialect, guarantee, variant, failed, ", ".join(one.also) or "-", one.verdict


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Print the live mutation matrix.")
    parser.add_argument("--dialect", action="append", choices=dialects(), help="only this dialect; may be repeated")
    parser.add_argument("--mutant", action="append", metavar="RULE[:VARIANT]", help="only these mutants")
    parser.add_argument("--all", action="store_true", help="all scenarios against each mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    jobs: list[Job] = []
    for name in chosen.dialect or dialects():
        wanted = [one for one in mutants(load(name)) if _is_wanted(one, chosen.mutant)]
        if wanted:
            jobs += [(name, None, chosen.all), *((name, one, chosen.all) for one in wanted)]
    if not jobs:
        parser.error("there is no such mutant; leave --mutant out to see them all")
    found = list(_rows(jobs, max(1, chosen.jobs)))
    show(found)
    well = sum(one.is_well() for one in found)
    made = sum(one.mutant is not None for one in found)
    passed = "all as they should be" if well == len(found) else f"{len(found) - well} not as they should be"
    print(f"\n{made} mutants of {len(found) - made} dialects in {time.monotonic() - started:.0f} s; {passed}")
    return 0 if well == len(found) else 1


def _is_wanted(mutant: Mutant, names: Collection[str] | None) -> bool:
    return not names or mutant.name in names or mutant.guarantee in names


if __name__ == "__main__":
    sys.exit(main())
