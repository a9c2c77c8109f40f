"""Servers with exactly one fault, each against one guarantee: what there is, and the one that is asked for.

Law: a guarantee's shape, and what its options and the dialect's spans say, decide how it can be broken; no dialect is
known by name. A mutant changes what the server is about to do, never what it knows.

    mutants(dialect)                      all that there are, in the catalog's order
    mutation(dialect, "RULE[:variant]")   one of them, ready to be played: `start()` for each conversation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from wirecheck.catalog import Dialect, Guarantee
from wirecheck.errors import UsageError
from wirecheck.scenario.faults import contents, pairs, places, survival
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.faults.ground import Fault, Ground, Memory, asked_by
from wirecheck.scenario.plan import Action, Outgoing, Reaction

_UNSEEN: Final = "scenario"
"""The shape of guarantees that only a conversation made for them can decide."""
_FAULTS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "pair": pairs.PAIR,
    "pair either": pairs.EITHER,
    "place inside": places.INSIDE,
    "place outside": places.OUTSIDE,
    "place first": places.FIRST,
    "place last": places.LAST,
    "place leads": places.LEADS,
    "place live": places.LIVE,
    "times": contents.TIMES,
    "joins": contents.JOINS,
    "steps": contents.STEPS,
    "opted parameter": contents.GATED,
    "opted subscription": contents.TOPICS,
    "agrees partner": contents.PARTNERS,
    "agrees connection": contents.CONNECTION,
    "ends": contents.ENDS,
    "history": contents.HISTORY,
    _UNSEEN: survival.SURVIVAL,
}
"""The faults by shape and, where a shape has several forms, by form; the first is meant where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A server that breaks one guarantee in one way. `says` is a sentence; `silent`: a client may wait in vain."""

    guarantee: str
    variant: str
    says: str
    silent: bool = False

    @property
    def name(self) -> str:
        return f"{self.guarantee}:{self.variant}"


@dataclass(slots=True)
class Mutating:
    """The fault in one conversation."""

    mutation: Mutation
    memory: Memory = field(default_factory=Memory)

    def apply(self, reaction: Reaction) -> Reaction:
        """The reaction with the fault in it, if this is a place for it. Called once for each, in the order in which
        they are played."""
        mutation, memory = self.mutation, self.memory
        if reaction.asked is not None:
            memory.asked |= asked_by(mutation.dialect, mutation.dialect.frames[reaction.asked])
        mutation.sees(reaction)
        if mutation.is_at_rest():
            return reaction
        reaction = replace(reaction, actions=tuple(one for one in reaction.actions if not _is_stray(one, memory)))
        ground = Ground(dialect=mutation.dialect, claim=mutation.claim, reaction=reaction, memory=memory)
        edits = Edits(reaction.actions)
        mutation.fault.change(ground, edits)
        changed = replace(reaction, actions=edits.made())
        for action in changed.actions:
            if isinstance(action, Outgoing) and not action.replayed:
                memory.note(mutation.dialect, action)
        return changed


@dataclass(slots=True, kw_only=True)
class Mutation:
    """A mutant made ready for one server. `spoilt` once a malformed message came, on whichever connection; `calm` are
    the connections, that one included, of which it is still to be seen whether the server serves on."""

    mutant: Mutant
    dialect: Dialect
    claim: Guarantee
    fault: Fault
    spoilt: bool = False
    calm: int = 0

    @property
    def keeps_gated(self) -> bool:
        """Whether frames are sent that the connection did not ask for."""
        return self.fault.keeps_gated

    def sees(self, reaction: Reaction) -> None:
        """Take note of what a client did."""
        if reaction.malformed:
            self.spoilt, self.calm = True, 2
        elif reaction.asked is None and self.calm:
            self.calm -= 1  # a connection was opened

    def is_at_rest(self) -> bool:
        """Whether the fault does not show now. One that lets clients wait in vain rests when a malformed message came,
        until the connection after the next: whether the server serves on is another guarantee, and who waits in vain
        then could not tell the two apart."""
        return self.calm > 0 if self.fault.silent else self.claim.rule.shape == _UNSEEN and not self.spoilt

    def start(self) -> Mutating:
        """The fault for one more conversation."""
        return Mutating(self)


def _is_stray(action: Action, memory: Memory) -> bool:
    """Whether the action tells again what was sent out of place."""
    return isinstance(action, Outgoing) and action.replayed and any(action.message is one for one in memory.strays)


def mutants(dialect: Dialect) -> tuple[Mutant, ...]:
    """Every server with one fault that the dialect's server guarantees allow, in the catalog's order."""
    return tuple(_mutant(claim, fault) for claim in dialect.guarantees.values() for fault in _faults(dialect, claim))


def mutation(dialect: Dialect, name: str) -> Mutation:
    """The mutant of that name, `RULE:variant`, or the rule's first. Raises `UsageError` where there is none."""
    rule, _, variant = name.partition(":")
    for claim in dialect.guarantees.values():
        for fault in _faults(dialect, claim) if claim.id == rule else ():
            if variant in ("", fault.variant):
                return Mutation(mutant=_mutant(claim, fault), dialect=dialect, claim=claim, fault=fault)
    there = [mutant.name for mutant in mutants(dialect)]
    listed = ", ".join([one for one in there if one.startswith(f"{rule}:")] or there) or "none"
    raise UsageError(f"{dialect.name} has no mutant {name!a}; there are {listed}")


def _mutant(claim: Guarantee, fault: Fault) -> Mutant:
    return Mutant(guarantee=claim.id, variant=fault.variant, says=fault.says, silent=fault.silent)


def _faults(dialect: Dialect, claim: Guarantee) -> Sequence[Fault]:
    if claim.rule.side != "server":
        return []
    return [fault for fault in _FAULTS[_kind(claim)] if fault.fits(dialect, claim)]


def _kind(claim: Guarantee) -> str:
    """The shape, and which of its forms: a key of `_FAULTS`."""
    shape, options = claim.rule.shape, claim.options
    if shape == "pair":
        return "pair either" if options.get("order") == "either" else "pair"
    if shape == "place":
        forms = (one for one in ("inside", "outside", "leads", "live") if one in options)
        return f"place {options['edge'] if 'edge' in options else next(forms)}"
    if shape == "opted":
        return f"opted {options['by']}"
    if shape == "agrees":
        return "agrees partner" if "partner" in options else "agrees connection"
    return shape
