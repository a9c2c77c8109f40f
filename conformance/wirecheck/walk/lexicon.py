"""The names of a dialect that frames of a conversation have to agree about, and what values they take.

Law: read from the catalog once. What a name is worth in one conversation is said in `words`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from wirecheck.errors import UsageError
from wirecheck.walk.ground import Ground
from wirecheck.walk.state import DELTA
from wirecheck.walk.supply import Supply, asked, is_wide

Home = Literal[0, 1, 2]
CONTEXT: Final[Home] = 0
ITEM: Final[Home] = 1
FOLLOWS: Final[Home] = 2
"""Where a name's value is kept: with the context, with the item, or nowhere, because it follows from what was said."""
PIECES: Final = (
    "Hi",
    "Hello ",
    "",
    "日本語",
    "Grüße, ",
    "e\u0301",
    "🙂🙃",
    'a "quoted" word',
    "line\nbreak",
    "\u2028",
    " ",
    "\\",
    "{}",
    "0",
    "\u200f\u05d0",
    "\u0000",
)
"""Pieces of text, one a flavour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """`homes` has every name that matters; `shared` are those of which several open spans may have the same value,
    `telling` those that tell spans apart. `pieces` are texts that the document allows, one a flavour, `quoted` the same
    as JSON texts.

    `supplies` has the names of which not every text is a value, `least` how many characters the others have at least.
    The rest are the names of texts (`text` a piece, `whole` all of it), numbers and topics, where some claim asks for
    them; `known_topics` are those of which some frame makes a case of its own.
    """

    homes: Mapping[str, Home]
    shared: frozenset[str]
    preferred: frozenset[str]
    telling: frozenset[str]
    pieces: tuple[str, ...]
    quoted: tuple[str, ...]
    supplies: Mapping[str, Supply]
    least: Mapping[str, int]
    text: str | None
    whole: str | None
    number: str | None
    bound: str | None
    topic: str | None
    topics: str | None
    known_topics: tuple[Any, ...]

    def fresh(self, name: str, number: int, *, plain: bool) -> str:
        """A text that no other number has, of a name whose value may be any."""
        end = "" if plain else ("", "", "", "-ä", "-🙂")[number % 5]
        return f"{name}_{number}{end}".ljust(self.least.get(name, 0), "x")

    def items(self, most: int) -> int:
        """How many items can be open at once by their names, at most `most`; one more is always left for a stray."""
        scarce = [name for name in self.supplies if self.homes[name] == ITEM and name in self.telling - self.shared]
        return min((len(self.supplies[name].first(most + 1)) - 1 for name in scarce), default=most)

    def fixed(self) -> frozenset[str]:
        """Names that have a single value, so that it is never a wrong one."""
        return frozenset(name for name, supply in self.supplies.items() if supply.at(1) is None)


def lexicon_of(ground: Ground) -> Lexicon:
    """The names that matter to some claim or some span."""
    joins, steps, topics = ground.joins, ground.steps, ground.topics
    told = "text" if ground.history is not None and "text" in ground.dialect.names else None
    text, whole = (joins.text, joins.whole) if joins is not None else (told, None)
    number, bound = (steps.number, steps.bound) if steps is not None else (None, None)
    follows = [text, whole, number, bound, *([topics.topic, topics.topics] if topics is not None else [])]
    topic = topics.topic if topics is not None else None
    keys = {name for kind in ground.kinds for name in kind.span.keys}
    preferred = frozenset(kind.span.prefer for kind in ground.kinds if kind.span.prefer)
    homes: dict[str, Home] = dict.fromkeys([*sorted(keys), *ground.connected], CONTEXT)
    homes |= dict.fromkeys([*sorted(ground.inner), *sorted(preferred), *ground.partners], ITEM)
    homes |= {name: FOLLOWS for name in follows if name is not None}
    apart = {name for kind in ground.kinds if kind.span.exclusive or not kind.span.tie for name in kind.span.keys}
    deadlines = [(kind.span, ground.kinds[by].span) for kind in ground.kinds for by in kind.by]
    apart |= {name for span, by in deadlines for name in span.keys if name in by.keys}
    telling = preferred | keys
    wide: dict[str, int] = {}
    supplies: dict[str, Supply] = {}
    meant = {text: joins.deltas if joins is not None else DELTA, topic: topics.role if topics is not None else None}
    for name in homes:
        schemas = asked(ground.dialect, name, meant.get(name))
        if is_wide(schemas):
            wide[name] = max((schema.get("minLength", 0) for schema in schemas), default=0)
        elif homes[name] != FOLLOWS or name in (text, topic):
            supplies[name] = _supply(ground, name, schemas, tells=name in telling)
    pieces = _allowed(wide.get(text or "", 0), supplies.get(text or ""))
    return Lexicon(
        homes=homes,
        shared=ground.inner - apart,
        preferred=preferred,
        telling=telling,
        pieces=pieces,
        quoted=tuple(json.dumps(piece, ensure_ascii=False) for piece in pieces),
        supplies=supplies,
        least=wide,
        text=text,
        whole=whole,
        number=number,
        bound=bound,
        topic=topic,
        topics=topics.topics if topics is not None else None,
        known_topics=_known_topics(ground, topics.topic) if topics is not None else (),
    )


def _allowed(least: int, supply: Supply | None) -> tuple[str, ...]:
    """As many pieces as ever, such as the document allows."""
    if supply is None:
        return tuple(piece.ljust(least, "x") for piece in PIECES)
    fitting = [piece for piece in PIECES if supply.fits(piece)] or [str(supply.at(0))]
    return tuple(fitting[flavour % len(fitting)] for flavour in range(len(PIECES)))


def _supply(ground: Ground, name: str, schemas: tuple[Mapping[str, Any], ...], *, tells: bool) -> Supply:
    """The values of a name. Raises `UsageError` where there are not enough of them for what it is there for."""
    found = Supply(name, schemas)
    if found.at(0) is None:
        raise UsageError(
            f"{ground.dialect.name}: no text or number was found that fits every place of the name `{name}`, so no "
            "conversation can be made; mend what the frames ask of it, or the pointers under `names:`"
        )
    if tells and found.at(1) is None:
        raise UsageError(
            f"{ground.dialect.name}: the name `{name}` has one value only, so no spans are told apart by it; leave it "
            "out of their `keys:` and `prefer:`"
        )
    return found


def _known_topics(ground: Ground, topic: str) -> tuple[Any, ...]:
    paths = {place.path for place in ground.dialect.names.get(topic, ())}
    known = [
        condition.const
        for form in ground.dialect.frames.values()
        for case in form.cases
        for condition in case.when
        if condition.test == "const" and condition.at.path in paths
    ]
    return tuple(dict.fromkeys(known))
