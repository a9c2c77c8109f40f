"""What is said: a frame's text with gaps for the names of a conversation.

Law: a reading and a source in, text out. A few texts of each reading are made once and used again and again with other
names, so that saying a frame costs little; whose names they are is no matter here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wirecheck.errors import UsageError
from wirecheck.sample.source import PLAIN, Seeded, Source
from wirecheck.walk.ground import Ground
from wirecheck.walk.lexicon import FOLLOWS, Home, Lexicon
from wirecheck.walk.readings import Path, Reading, spoken
from wirecheck.walk.state import DELTA

FLAVOURS: Final = 16
"""Texts of each reading; the first is the plainest."""
_GAP: Final = re.compile(r'"\\u0001([^"\\]*)\\u0001"')
_HELD: Final = "items of the batch"


@dataclass(frozen=True, slots=True)
class Template:
    """A frame's text in parts: it begins with `first`; then come, each time, the value of a name, which is kept at a
    home, and more text."""

    first: str
    gaps: tuple[tuple[str, Home, str], ...]


@dataclass(slots=True, kw_only=True)
class Voice:
    """The texts of one dialect's readings."""

    ground: Ground
    lexicon: Lexicon
    _templates: dict[tuple[int, bool], tuple[Template, ...]] = field(default_factory=dict)

    def templates(self, reading: Reading, *, tied: bool) -> tuple[Template, ...]:
        """`FLAVOURS` texts of one of the table's readings; `tied`: with the names by which answers prefer requests."""
        key = (id(reading), tied)
        there = self._templates.get(key)
        if there is None:
            made = [self._template(reading, tied, Seeded(number) if number else PLAIN) for number in range(FLAVOURS)]
            there = self._templates[key] = tuple(template for template in made if template is not None)
            if not there:
                raise UsageError(
                    f"{self.ground.dialect.name}: no {reading.form.key} could be made that is "
                    f"{', '.join(sorted(reading.roles))}; give its fields values that its cases ask for"
                )
        return there

    def batch(self, reading: Reading, texts: list[str]) -> str:
        """The text of a frame that holds others."""
        drawn = spoken(self.ground, reading, PLAIN, {reading.form.contains or (): _marked(_HELD)})
        if drawn is None:
            raise UsageError(f"{self.ground.dialect.name}: no {reading.form.key} could be made; show an example of it")
        first, _, last = _GAP.split(_json(drawn))
        return f"{first}[{','.join(texts)}]{last}"

    def _is_said(self, name: str, reading: Reading) -> bool:
        """Whether this frame says it: texts, numbers and topics are so only in the frames that carry them as such."""
        lexicon, ground = self.lexicon, self.ground
        joins, steps, topics = ground.joins, ground.steps, ground.topics
        carriers = [(lexicon.text, joins.deltas if joins is not None else DELTA)]
        if joins is not None:
            carriers.append((joins.whole, joins.final))
        if steps is not None:
            carriers += [(steps.number, steps.role), (steps.bound, steps.role)]
        if topics is not None:
            carriers += [(topics.topic, topics.role), (topics.topics, topics.on)]
        roles = {role for said, role in carriers if said == name}
        return not roles or bool(reading.roles & roles)

    def _template(self, reading: Reading, tied: bool, source: Source) -> Template | None:
        pinned: dict[Path, Any] = {}
        left: set[Path] = set()
        for name, path in reading.names.items():
            if name in reading.said or not self._is_said(name, reading):
                continue
            if name in self.lexicon.preferred and name in reading.optional and not tied:
                left.add(path)
            else:
                pinned[path] = _marked(name)
        drawn = spoken(self.ground, reading, source, pinned, frozenset(left))
        if drawn is None:
            return None
        parts = _GAP.split(_json(drawn))
        names, texts = parts[1::2], parts[2::2]
        homes = self.lexicon.homes
        return Template(
            parts[0], tuple((name, homes.get(name, FOLLOWS), text) for name, text in zip(names, texts, strict=True))
        )


def _marked(name: str) -> str:
    return f"\u0001{name}\u0001"


def _json(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
