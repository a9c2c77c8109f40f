"""One session's verdicts, put together: what the summary says, and why a run fails though no item did.

Law: notes in, sentences and a report out. A guarantee is counted once, over all scenarios that were played, and only
where some item of the session was about it. Nothing here plays, judges or prints.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from wirecheck.catalog import LEVELS, Dialect, Level
from wirecheck.drive import Judged, cases, held_anything
from wirecheck.plugin.notes import Note, Played
from wirecheck.plugin.settings import Settings
from wirecheck.report.escape import printable
from wirecheck.report.view import as_strict_as, narrowed, nothing_held, tally
from wirecheck.verdict import GuaranteeResult, Report, merge

_NAMED: Final = 20
"""How many failures, or reasons, are named."""
_PLACES: Final = 5
"""How many scenarios are named that fail in the same way."""


@dataclass(slots=True)
class Summary:
    """What the items of a session have told so far."""

    settings: Settings
    notes: dict[str, Note] = field(default_factory=dict)
    plays: list[Played] = field(default_factory=list)

    @property
    def dialect(self) -> Dialect:
        return self.settings.target.dialect

    def add(self, note: Note) -> None:
        self.notes[note.case] = note
        if note.played is not None:
            self.plays.append(note.played)

    def report(self) -> Report:
        """The report over everything that was played, in the order of the catalog; without guarantees that no item was
        about, and of which nothing was seen."""
        order = list(self.dialect.scenarios)
        plays = sorted(self.plays, key=lambda play: (order.index(play.scenario), play.worker))
        reports = [play.report for play in plays if play.report is not None]
        if reports:
            asked = {note.guarantee for note in self.notes.values()}
            merged = narrowed(merge(reports), side="server", rules=self.settings.rules or None)
            results = [result for result in merged.guarantees if result.id in asked or result.held or result.broken]
            return replace(merged, guarantees=tuple(results))
        return Report(
            dialect=self.dialect.name, inputs=(), records=0, frames=0, connections=0, guarantees=(), findings=()
        )

    def results(self) -> tuple[GuaranteeResult, ...]:
        """The guarantees that items were about, each with its verdict over all scenarios. Whatever kept it from being
        judged, an item asked for it: it counts as not exercised."""
        asked = {note.guarantee for note in self.notes.values()}
        found = {result.id: result for result in self.report().guarantees if result.verdict != "not_applicable"}
        return tuple(
            found.get(claim.id) or _unplayed(self.dialect, claim.id)
            for claim in self.dialect.guarantees.values()
            if claim.id in asked
        )

    def objections(self) -> tuple[str, ...]:
        """Why the run fails whatever its items say; empty if it does not."""
        return (*self._refused(), *self._unheld(), *self._stale())

    def _broken(self) -> list[str]:
        """What was broken, in which scenarios, and how for the first time."""
        groups: dict[tuple[bool, Level, str], list[Note]] = {}
        for note in self.notes.values():
            if note.verdict == "failed":
                groups.setdefault((note.tolerated, note.level, note.broke), []).append(note)
        found = []
        for (tolerated, level, broke), notes in list(groups.items())[:_NAMED]:
            word = "broken, as expected" if tolerated else "broken"
            places = _listed([note.scenario for note in notes])
            found.append(f"{word}: {level} {broke} in {places}: {printable(notes[0].says)}")
        return [*found, *([f"and {len(groups) - _NAMED:,} more"] if len(groups) > _NAMED else [])]

    def _refused(self) -> list[str]:
        """The scenarios for which there was no server any more. That they were skipped must not pass for a success."""
        gone = [play for play in self.plays if play.refused]
        return [f"no connection for {line}" for line in _by_reason(gone)]

    def _unheld(self) -> list[str]:
        results = self.results()
        if not results:
            return []
        scenarios = self.dialect.scenarios
        plays = [(scenarios[play.scenario], play.report) for play in self.plays if play.report is not None]
        rules = self.settings.rules or None
        if not held_anything((scenario, narrowed(report, side="server", rules=rules)) for scenario, report in plays):
            where = " with a good credential" if any(result.held for result in results) else " in any guarantee"
            said = f"nothing held{where}, and a run in which nothing held fails"
            if any(result.broken for result in results):
                return [said]
            advice = "see that the server is the right one, speaks this dialect, and accepts the credential"
            return [f"{said}; {advice}"]
        lacks = self._lacking(results, required=True)
        require = self.settings.terms.require
        return (
            [f"nothing held in {' and '.join(lacks)}, and --wirecheck-require {require} fails the run"] if lacks else []
        )

    def _stale(self) -> list[str]:
        """The expected failures that are none any more. Of what was not judged, nothing is said."""
        unknown = Judged(verdict="inconclusive", level="must")
        judgements = []
        for case in cases(self.dialect):
            note = self.notes.get(case.id)
            found = unknown if note is None else Judged(verdict=note.verdict, level=note.level)
            judgements.append((case, found))
        gone = self.settings.expected.stale(judgements)
        return [f"expected to fail, and holds: {printable(entry)}; take it from the list" for entry in gone[:_NAMED]]

    def lines(self) -> tuple[str, ...]:
        """The counts by level, the failures by name, and what a stricter run would object to."""
        results = self.results()
        report = self.report()
        turns = sum(play.turns for play in self.plays)
        played = len({play.scenario for play in self.plays if play.report is not None and not play.refused})
        found = [
            f"{self.dialect.name}: {_counted(played, 'scenario')}, {_counted(turns, 'turn')}, "
            f"{_counted(report.frames, 'frame')}"
        ]
        for level in LEVELS:
            own = [result for result in results if result.level == level]
            if own:
                found.append(f"{level}: {tally(own)}")
        found += self._broken()
        if lacks := self._lacking(results, required=False):
            found.append(
                f"nothing held in {' and '.join(lacks)}; such a run passes unless --wirecheck-require says otherwise"
            )
        if lacks or self._lacking(results, required=True):
            ends = [play for play in self.plays if play.ended and not play.refused]
            found += [f"not played to the end: {line}" for line in _by_reason(ends)]
        return tuple(found)

    def _lacking(self, results: tuple[GuaranteeResult, ...], *, required: bool) -> list[str]:
        """The levels, of those required or of the others, with the guarantees in which nothing held."""
        report = replace(self.report(), guarantees=results)
        require = self.settings.terms.require
        found = []
        for level in LEVELS[:2]:
            names = [result.id for result in nothing_held(report, level)]
            asked = require is not None and as_strict_as(level, require)
            if names and asked == required:
                found.append(f"{len(names)} {level} ({', '.join(names)})")
        return found


def _unplayed(dialect: Dialect, id: str) -> GuaranteeResult:
    claim = dialect.guarantees[id]
    return GuaranteeResult(
        id=id,
        level=claim.level,
        side=claim.rule.side,
        verdict="not_exercised",
        held=0,
        broken=0,
        undecided=0,
        source=claim.source,
    )


def _by_reason(plays: list[Played]) -> list[str]:
    """`plain-turn, two-turns: waited for …`: why these scenarios did not come to their end; a line a reason."""
    groups: dict[str, list[str]] = {}
    for play in plays:
        groups.setdefault(play.ended, []).append(play.scenario)
    return [f"{_listed(names)}: {printable(why)}" for why, names in list(groups.items())[:_NAMED]]


def _listed(scenarios: list[str]) -> str:
    """The first scenarios by name, each once, and how many more there are."""
    names = list(dict.fromkeys(scenarios))
    named = ", ".join(names[:_PLACES])
    return f"{named} and {len(names) - _PLACES:,} more" if len(names) > _PLACES else named


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
