"""Open spans, the lanes that they lie in, and what was settled, cleared or loosened there (docs/verdicts.md, 2).

Law: plain lists that are looked through anew for every question. Nothing is counted or judged here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oracle_frames import Frame, Key, agree, brackets_of, ends_namelessly, full, occurs_in_replays, senders_of, words
from wirecheck.catalog.model import Dialect, Guarantee, SpanForm

JUDGED_SHAPES = ("pair", "place", "times", "joins", "steps", "opted", "agrees", "ends")


def judged_here(dialect: Dialect) -> dict[str, Guarantee]:
    """The guarantees that the page's shapes decide from traffic."""
    return {
        name: guarantee
        for name, guarantee in dialect.guarantees.items()
        if guarantee.rule.shape in JUDGED_SHAPES and guarantee.rule.passive is None and "live" not in guarantee.options
    }


@dataclass(slots=True, kw_only=True, eq=False)
class Span:
    """One open span, or one unmatched frame of an either-order lane (then `side` says of which side)."""

    key: Key
    opening: Frame
    side: str = "open"
    excused: bool = False
    doubtful: bool = False
    assumed: bool = False
    witnessed: bool = False
    vague: bool = False  # an answer without the preferred name may have been meant for it
    rivalled: bool = False  # it was one of several candidates of a certain close
    counted: int = 0
    uncountable: bool = False
    too_many: bool = False
    excused_by_role: bool = False
    led: bool = False
    fresh: bool = False  # no frame with its key came before its opening
    waiting: list[str] = field(default_factory=list)  # guarantees whose judgement waits for how an implied span ends

    @property
    def solid(self) -> bool:
        return not (self.excused or self.doubtful)

    @property
    def line(self) -> int:
        return self.opening.line


class Lane:
    """The spans of one kind that are open now, and everything that settled, cleared or loosened a key so far."""

    def __init__(self, kind: str, form: SpanForm, dialect: Dialect) -> None:
        self.kind = kind
        self.form = form
        self.openers = senders_of(dialect, form.open)
        self.closers = senders_of(dialect, form.close)
        self.in_replays = occurs_in_replays(dialect, kind)
        self.nameless = ends_namelessly(dialect, kind)
        self.spans: list[Span] = []
        self.late: list[Span] = []
        self.log: list[tuple[str, Any]] = []
        self.carried: list[tuple[Key, bool]] = []  # whole keys of frames; and whether one was open, or ended, after it
        self.came: list[Key] = []  # either order: the keys of all frames of either side
        self.pair: str | None = None
        self.by: list[str] = []
        self.patient: set[str] = set()
        self.either = False
        self.judge_open_only = False
        self.times: str | None = None
        self.partners: list[tuple[str, str]] = []
        for name, guarantee in judged_here(dialect).items():
            options = guarantee.options
            shape = guarantee.rule.shape
            if shape == "pair" and kind in options["spans"]:
                self.pair = name
                self.by = [other for other in options.get("by", ()) if other in dialect.spans]
                self.patient = words(options.get("patient"))
                self.either = options.get("order") == "either"
                self.judge_open_only = options.get("judge") == "open"
            elif shape == "times" and options["span"] == kind:
                self.times = name
            elif shape == "agrees" and kind in words(options.get("partner")):
                self.partners.append((name, options["name"]))

    def judged(self, side: str) -> bool:
        return not (self.judge_open_only and side == "close")

    # Which spans are meant.

    def agreeing(self, key: Key) -> list[Span]:
        """Oldest first."""
        return sorted((span for span in self.spans if agree(span.key, key)), key=lambda span: span.opening.number)

    def fitting(self, key: Key) -> list[Span]:
        """The candidates: agreeing spans; of these, where the key has no hole, the exact ones if there are any."""
        return exact(self.agreeing(key), key)

    # What is known of a key. The log holds, in order: ("settle", key), ("unsettle", key), ("clear", [(position,
    # value)]), ("loosen", key) with None for the whole lane, ("pardon", key), ("used", key).

    def loosened(self, key: Key) -> bool:
        return any(what == "loosen" and (pattern is None or agree(pattern, key)) for what, pattern in self.log)

    def settled(self, key: Key) -> bool:
        settled = False
        for what, pattern in self.log:
            if what == "settle" and pattern == key:
                settled = True
            elif (what == "unsettle" and pattern == key) or (
                what == "loosen" and (pattern is None or agree(pattern, key))
            ):
                settled = False
        return settled

    def cleared(self, key: Key) -> bool:
        cleared = False
        for what, pattern in self.log:
            if what == "clear" and all(key[place] == value for place, value in pattern):
                cleared = True
            elif what == "loosen" and (pattern is None or agree(pattern, key)):
                cleared = False
        return cleared

    def pardoned(self, key: Key) -> bool:
        """Either order: whether a partner of the next frame with this key that waits may have come already."""
        named = every = False
        for what, pattern in self.log:
            if what == "pardon" and pattern == key:
                named = True
            elif what == "pardon" and (pattern is None or not full(pattern)):
                every = True
            elif what == "used" and pattern == key and named:
                named = False
            elif what == "used" and pattern == key:
                every = False
        return named or every

    def heard(self) -> bool:
        """Whether the last frame that carried some key left no span with it open, and did not end one."""
        return any(not known for known in dict(self.carried).values())


def exact(spans: list[Span], key: Key) -> list[Span]:
    same = [span for span in spans if span.key == key]
    return same if full(key) and same else spans


def keys_of(spans: list[Span]) -> set[Key]:
    return {span.key for span in spans}


class Trace:
    """Lanes of their own: a connection has a live trace, and one for each replay that is open."""

    def __init__(self, dialect: Dialect, *, live: bool) -> None:
        self.live = live
        self.lanes = {kind: Lane(kind, form, dialect) for kind, form in dialect.spans.items()}
        self.brackets = brackets_of(dialect)
        self.numbers: list[tuple[Span, int]] = []
