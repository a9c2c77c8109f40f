"""A catalog's patterns, spelled for the engines of other languages.

Law: pure. `spelled(pattern, engine)` finds in a text what `catalog.linear` finds with the pattern. Whatever engines
read in ways of their own is written out as ranges of code points: classes such as `\\d`, `\\w` and `\\s` (those of
ECMAScript), `.`, and letters whose case does not matter. What is left to them is told by a table, an `Engine` each.

A pattern is one that Python's `re` and the linear engine both take. Edges of words are not the same everywhere: in Go
`\\b` and `\\B` see words of ASCII alone, in Python no mark and no joiner is part of a word, and in ECMAScript and Java
`\\B` is found within a letter beyond U+FFFF as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from wirecheck.catalog.linear import UNBOUNDED, parsed

Ranges: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What an engine has of its own: how it spells a code point, places in a text (edges of words by what is in a
    `word`, where its own are others), and how often it repeats at most."""

    point: str
    begin: str = r"\A"
    end: str = r"\z"
    line_begin: str = r"(?<![^\n])"
    line_end: str = r"(?![^\n])"
    edge: str = r"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"
    no_edge: str = r"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))"
    word: str = ""
    most: int | None = None


ENGINES: Final[Mapping[str, Engine]] = {
    "ecma": Engine(
        point=r"\u{{{:x}}}",
        begin="^",
        end="$",
        word=r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]",
    ),
    "go": Engine(point=r"\x{{{:x}}}", line_begin="(?m:^)", line_end="(?m:$)", edge=r"\b", no_edge=r"\B", most=1000),
    "java": Engine(point=r"\x{{{:x}}}", word=r"[\p{IsAlphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]"),
    # `\B` of `re` is not found in an empty text.
    "python": Engine(point=r"\U{:08x}", end=r"\Z", edge=r"\b", no_edge=r"(?!\b)"),
    "rust": Engine(point=r"\x{{{:x}}}", line_begin="(?m:^)", line_end="(?m:$)", edge=r"\b", no_edge=r"\B"),
}
"""ECMAScript's `RegExp` with the flag `u`, Go's `regexp`, `java.util.regex`, Python's `re`, and Rust's `regex`."""

_LAST: Final = 0x10FFFF
_CASED: Final = 0x20000
"""No letter from here on has cases."""
_SPACES: Final = "9-13 32 160 5760 8192-8202 8232 8233 8239 8287 12288 65279"
_CLASSES: Final[Mapping[str, Ranges]] = {
    "DIGIT": [(48, 57)],
    "WORD": [(48, 57), (65, 90), (95, 95), (97, 122)],
    "SPACE": [(int(one.split("-")[0]), int(one.split("-")[-1])) for one in _SPACES.split()],
}
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|")
_ATOMS: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "BRANCH", "SUBPATTERN"})
_TIMES: Final[Mapping[tuple[int, int | None], str]] = {(0, None): "*", (1, None): "+", (0, 1): "?", (1, 1): ""}


def spelled(pattern: str, engine: str) -> str:
    """The pattern for an engine of `ENGINES`. Raises `ValueError` for what the linear engine does not take."""
    tree = parsed(pattern)
    return _Speller(engine=ENGINES[engine], flags=tree.state.flags).all(tree)


def with_patterns(schema: Any, engine: str) -> Any:
    """A rest with all its patterns spelled for an engine."""
    if not isinstance(schema, dict):
        return [with_patterns(inner, engine) for inner in schema] if isinstance(schema, list) else schema
    found: dict[str, Any] = {}
    for word, value in schema.items():
        if word in ("const", "enum", "required", "type"):
            found[word] = value
        elif word == "pattern":
            found[word] = spelled(value, engine)
        elif word == "properties":
            found[word] = {name: with_patterns(inner, engine) for name, inner in value.items()}
        else:
            found[word] = with_patterns(value, engine)
    return found


def has_patterns(schema: Any) -> bool:
    """Whether a rest has a pattern anywhere."""
    if isinstance(schema, list):
        return any(has_patterns(inner) for inner in schema)
    if not isinstance(schema, dict):
        return False
    inner: Iterable[Any] = (value for word, value in schema.items() if word not in ("const", "enum", "properties"))
    return "pattern" in schema or any(map(has_patterns, (*inner, *schema.get("properties", {}).values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speller:
    """`flags` hold where we are. They end up in what is written, so that no engine is told any."""

    engine: Engine
    flags: int

    def all(self, parts: Any) -> str:
        return "".join(self.one(str(code), about) for code, about in parts)

    def one(self, code: str, about: Any) -> str:
        match code:
            case "LITERAL":
                return self.set(self.cases([(about, about)]))
            case "NOT_LITERAL":
                return self.set(self.cases([(about, about)]), negated=True)
            case "ANY":
                return self.set([(0, _LAST)]) if self.flags & re.DOTALL else r"[^\n]"
            case "IN":
                return self.listed(about)
            case "BRANCH":
                return f"(?:{'|'.join(self.all(part) for part in about[1])})"
            case "SUBPATTERN":
                _, add, remove, parts = about
                return f"(?:{_Speller(engine=self.engine, flags=(self.flags | add) & ~remove).all(parts)})"
            case "AT":
                return self.at(str(about))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self.repeated(code, *about)
        raise ValueError(f"a pattern's part {code} is none that the linear engine takes")

    def at(self, place: str) -> str:
        engine, lines = self.engine, self.flags & re.MULTILINE
        match place:
            case "AT_BOUNDARY":
                return engine.edge.replace("{word}", engine.word)
            case "AT_NON_BOUNDARY":
                return engine.no_edge.replace("{word}", engine.word)
            case "AT_BEGINNING":
                return engine.line_begin if lines else engine.begin
            case "AT_END":
                return engine.line_end if lines else engine.end
        return engine.begin if place == "AT_BEGINNING_STRING" else engine.end

    def listed(self, about: Any) -> str:
        """A class in brackets. What is negated in it is all else, whatever the case; so is the class itself."""
        found: Ranges = []
        for code, what in about:
            match str(code):
                case "CATEGORY":
                    name = str(what).removeprefix("CATEGORY_")
                    ranges = self.cases(_CLASSES[name.removeprefix("NOT_")])
                    found += _others(ranges) if name.startswith("NOT_") else ranges
                case "RANGE":
                    found.append(what)
                case "LITERAL":
                    found.append((what, what))
        return self.set(self.cases(found), negated=str(about[0][0]) == "NEGATE")

    def cases(self, ranges: Ranges) -> Ranges:
        """These code points, and where case does not matter also their other cases."""
        if not self.flags & re.IGNORECASE:
            return _joined(ranges)
        same = (group for group in _folds() if any(first <= code <= last for code in group for first, last in ranges))
        return _joined([*ranges, *((code, code) for group in same for code in group)])

    def set(self, ranges: Ranges, *, negated: bool = False) -> str:
        if not negated and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            return self.point(ranges[0][0])
        points = ("-".join(self.member(one) for one in sorted({first, last})) for first, last in ranges)
        return f"[{'^' * negated}{''.join(points)}]"

    def member(self, code: int) -> str:
        return r"\-" if code == ord("-") else self.point(code)

    def point(self, code: int) -> str:
        """In ASCII, so that nothing joins with what stands before it, or turns the line around."""
        one = chr(code)
        if one == "\n":
            return r"\n"
        if one in _SYNTAX:
            return "\\" + one
        return one if " " <= one <= "~" else self.engine.point.format(code)

    def repeated(self, code: str, least: int, most: Any, parts: Sequence[Any]) -> str:
        """Which of several matches is found is nothing to a search; so none is told to be short."""
        is_atom = len(parts) == 1 and str(parts[0][0]) in _ATOMS
        inner = self.all(parts) if is_atom else f"(?:{self.all(parts)})"
        bound = None if most == UNBOUNDED else int(most)
        if code != "POSSESSIVE_REPEAT":
            return self.times(inner, least, bound)
        # `a++` is a repetition of a repetition to the linear engine, and one repetition where that is the same.
        if least <= 1 and bound != 0:
            return inner + _times(least, None)
        return f"(?:{self.times(inner, least, bound)})+"

    def times(self, inner: str, least: int, most: int | None) -> str:
        limit = self.engine.most
        if limit is None or max(least, most or 0) <= limit:
            return inner + _times(least, most)
        always = "".join(inner + _times(count, count) for count in _pieces(least, limit))
        if most is None:
            return f"(?:{always}{inner}*)"
        # Nested, so that there is one way alone to be shorter.
        maybe = ""
        for count in _pieces(most - least, limit):
            maybe = (
                f"(?:{inner}{_times(0, count)}|{inner}{_times(count, count)}{maybe})"
                if maybe
                else (inner + _times(0, count))
            )
        return f"(?:{always}{maybe})"


def _pieces(count: int, limit: int) -> Iterator[int]:
    while count > 0:
        yield min(count, limit)
        count -= limit


def _times(least: int, most: int | None) -> str:
    found = _TIMES.get((least, most))
    return found if found is not None else f"{{{least}}}" if least == most else f"{{{least},{most or ''}}}"


def _joined(ranges: Ranges) -> Ranges:
    """The same code points in order, each once."""
    found: Ranges = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _others(ranges: Ranges) -> Ranges:
    """All code points but these."""
    found: Ranges = []
    begin = 0
    for first, last in _joined(ranges):
        if first > begin:
            found.append((begin, first - 1))
        begin = last + 1
    return [*found, (begin, _LAST)] if begin <= _LAST else found


@lru_cache(maxsize=1)
def _folds() -> tuple[tuple[int, ...], ...]:
    """The letters that are the same where case does not matter, by Unicode's simple folding (one letter to one)."""
    groups: dict[str, set[str]] = {}
    for one in map(chr, range(_CASED)):
        whole = one.casefold()
        folded = whole if len(whole) == 1 else one.lower()
        if folded != one and len(folded) == 1:
            groups.setdefault(folded, {folded}).add(one)
    return tuple(tuple(sorted(map(ord, group))) for group in groups.values())
