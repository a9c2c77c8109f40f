"""Texts that hold a pattern.

Law: the patterns that a catalog may hold (those that `catalog.linear` takes: nothing that looks ahead, behind or back)
and a source in, a text out that both Python's engine and the linear one find the pattern in, or None. Two engines are
asked because they differ at the edges (`\\d` and `$`), and only what both accept is beyond doubt.

The pattern is read by the parser of Python's own `re`, which is not public: the parts used here are those that have
been the same since Python 3.7, and every text is tried against the engines before it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from wirecheck.catalog.linear import matcher, parsed
from wirecheck.sample.purse import Counting
from wirecheck.sample.source import PLAIN, Source

_SPACES: Final = " \t"
_WORDS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_DIGITS: Final = "0123456789"
_OTHERS: Final = "x" + "".join(map(chr, range(0x20, 0x7F))) + "é日\U0001f642"
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": (_DIGITS, True),
    "CATEGORY_NOT_DIGIT": (_DIGITS, False),
    "CATEGORY_SPACE": (_SPACES + "\r\n\f\v", True),
    "CATEGORY_NOT_SPACE": (_SPACES + "\r\n\f\v", False),
    "CATEGORY_WORD": (_WORDS, True),
    "CATEGORY_NOT_WORD": (_WORDS, False),
}
TRIES: Final = 8


def matching(patterns: Sequence[str], source: Source, least: int = 0, most: int | None = None) -> str | None:
    """A text of `least` to `most` characters that holds every one of the patterns; None if none was found."""
    # Longer and longer repetitions, so that a text which must be long becomes so; and in the end choices that differ,
    # since the plainest alternative may be one that cannot be taken.
    wider = (0, 1, 2, least // 2, least)
    for chooser in (source, PLAIN, *[Counting()] * TRIES):
        for wide in wider:
            for pattern in patterns:
                for found in _padded(_text(parsed(pattern), chooser, wide), least):
                    if len(found) >= least and (most is None or len(found) <= most) and holds(patterns, found):
                        return found
    return None


def holds(patterns: Sequence[str], text: str) -> bool:
    """Whether both engines find every pattern in the text."""
    return all(re.search(pattern, text) is not None and _linear(pattern, text) for pattern in patterns)


def holds_none(patterns: Sequence[str], text: str) -> bool:
    """Whether neither engine finds any of the patterns in the text."""
    return not any(re.search(pattern, text) is not None or _linear(pattern, text) for pattern in patterns)


def _linear(pattern: str, text: str) -> bool:
    match = matcher(pattern)
    return match is not None and match(text)


def _padded(text: str, least: int) -> tuple[str, ...]:
    """The text, and, where it is too short, the text with something after or before it."""
    missing = "x" * (least - len(text))
    return (text, text + missing, missing + text) if missing else (text,)


def _text(parts: Any, source: Source, wide: int) -> str:
    return "".join(_part(str(code), about, source, wide) for code, about in parts)


def _part(code: str, about: Any, source: Source, wide: int) -> str:
    """The text of one construct; of those that stand for a place (`^`, `\\b`), none."""
    match code:
        case "LITERAL":
            return chr(about)
        case "NOT_LITERAL":
            return _one_of(tuple(one for one in _OTHERS if one != chr(about)), source)
        case "ANY":
            return _one_of(_OTHERS, source)
        case "IN":
            return _one_of(_members(about), source)
        case "BRANCH":
            return _text(about[1][source.below(len(about[1]))], source, wide)
        case "SUBPATTERN":
            return _text(about[3], source, wide)
        case "ATOMIC_GROUP":
            return _text(about, source, wide)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = about
            more = min(int(high) - low, wide + source.below(3 + wide) if wide else source.below(4))
            return "".join(_text(inner, source, wide if low + more < 50 else 0) for _ in range(low + more))
        case _:
            return ""


def _one_of(characters: Sequence[str], source: Source) -> str:
    return characters[source.below(len(characters))] if characters else ""


def _members(parts: Any) -> tuple[str, ...]:
    """Characters of a class in its own order, at most 200 of a range; of a negated one, those of our table left."""
    negated = str(parts[0][0]) == "NEGATE"
    found: list[str] = []
    for code, about in parts[1:] if negated else parts:
        match str(code):
            case "LITERAL":
                found.append(chr(about))
            case "RANGE":
                last = about[1] if negated else min(about[1], about[0] + 200)
                found += [chr(one) for one in range(about[0], min(last, about[0] + 0x3000) + 1)]
            case "CATEGORY":
                known, inside = _CATEGORIES[str(about)]
                found += [one for one in (known if inside else _OTHERS) if (one in known) == inside]
    if negated:
        return tuple(one for one in _OTHERS if one not in found)
    return tuple(one for one in found if not "\ud800" <= one <= "\udfff")
