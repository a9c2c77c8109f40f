"""The names of a dialect that frames of a conversation have to agree about, and what values they take.

Law: read from the catalog once. What a name is worth in one conversation is said in `words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from wirecheck.catalog.places import documented
from wirecheck.sample.source import Seeded
from wirecheck.sample.values import value
from wirecheck.walk.ground import Ground

Home = Literal[0, 1, 2]
CONTEXT: Final[Home] = 0
ITEM: Final[Home] = 1
FOLLOWS: Final[Home] = 2
"""Where a name's value is kept: with the context, with the item, or nowhere, because it follows from what was said."""
_ANNOTATIONS: Final = ("description", "title", "examples")
_NARROW: Final = ("enum", "const", "pattern", "anyOf", "oneOf", "maxLength")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """`homes` has every name that matters; `shared` are those of which several open spans may have the same value.

    The rest are the names of texts (`text` a piece, `whole` all of it), numbers and topics, where some claim asks for
    them; `known_topics` are those of which some frame makes a case of its own.
    """

    homes: Mapping[str, Home]
    shared: frozenset[str]
    preferred: frozenset[str]
    schemas: Mapping[str, Mapping[str, Any]]
    text: str | None
    whole: str | None
    number: str | None
    bound: str | None
    topic: str | None
    topics: str | None
    known_topics: tuple[Any, ...]

    def fresh(self, name: str, number: int, *, plain: bool) -> Any:
        """A value of the name that no other number has, of the type that the document gives it."""
        schema = self.schemas.get(name)
        if schema is None:
            return f"{name}_{number}" if plain else f"{name}_{number}{('', '', '', '-ä', '-🙂')[number % 5]}"
        kinds = schema.get("type", "string")
        if any(word in schema for word in _NARROW) or "string" not in ([kinds] if isinstance(kinds, str) else kinds):
            return number if kinds in ("integer", "number") else value(schema, Seeded(number))
        return f"{name}_{number}".ljust(schema.get("minLength", 0), "x")


def lexicon_of(ground: Ground) -> Lexicon:
    """The names that matter to some claim or some span."""
    joins = ground.joins.options if ground.joins is not None else {}
    steps = ground.steps.options if ground.steps is not None else {}
    topics = ground.topics
    text = joins.get("text") or ("text" if ground.history is not None and "text" in ground.dialect.names else None)
    follows = [text, joins.get("whole"), steps.get("number"), steps.get("bound")]
    follows += [topics.topic, topics.topics] if topics is not None else []
    keys = {name for kind in ground.kinds for name in kind.span.keys}
    preferred = frozenset(kind.span.prefer for kind in ground.kinds if kind.span.prefer)
    homes: dict[str, Home] = dict.fromkeys([*sorted(keys), *ground.connected], CONTEXT)
    homes |= dict.fromkeys([*sorted(ground.inner), *sorted(preferred), *ground.partners], ITEM)
    homes |= {name: FOLLOWS for name in follows if name is not None}
    exclusive = {name for kind in ground.kinds if kind.span.exclusive for name in kind.span.keys}
    return Lexicon(
        homes=homes,
        shared=ground.inner - exclusive,
        preferred=preferred,
        schemas={name: schema for name in homes if (schema := _schema(ground, name)) not in (None, {"type": "string"})},
        text=text,
        whole=joins.get("whole"),
        number=steps.get("number"),
        bound=steps.get("bound"),
        topic=topics.topic if topics is not None else None,
        topics=topics.topics if topics is not None else None,
        known_topics=_known_topics(ground, topics.topic) if topics is not None else (),
    )


def _schema(ground: Ground, name: str) -> Any:
    """What the document says of a name's values, where it shows them in a payload."""
    for place in ground.dialect.names.get(name, ()):
        for form in ground.dialect.frames.values() if place.place == "payload" else ():
            schema = documented(form.payload, place.path)
            if schema is not None:
                return {
                    word: value for word, value in schema.items() if word not in ("description", "title", "examples")
                }
    return None


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
