"""Patterns for the engines of Go and of Rust's `regex`, which never go back either.

Law: pure. Classes are written out as ranges of code points, since what `\\d`, `\\w` and `\\s` mean differs from
engine to engine. One thing is not the same in Go: `\\b` and `\\B` see words of ASCII alone there.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from re import _parser  # type: ignore[attr-defined]  # the only reader of patterns that comes with Python
from typing import Any, Final, Literal, TypeAlias

Engine: TypeAlias = Literal["go", "rust"]
Ranges: TypeAlias = list[tuple[int, int]]

LAST: Final = 0x10FFFF
MOST: Final = 1000
"""Go takes no repetition of more times."""
_SPACES: Final = "9-13 32 160 5760 8192-8202 8232 8233 8239 8287 12288 65279"
_CLASSES: Final[dict[str, Ranges]] = {
    "DIGIT": [(48, 57)],
    "WORD": [(48, 57), (65, 90), (95, 95), (97, 122)],
    "SPACE": [(int(one.split("-")[0]), int(one.split("-")[-1])) for one in _SPACES.split()],
}
_FOLDED: Final[Ranges] = [(0x17F, 0x17F), (0x212A, 0x212A)]
"""Letters beyond ASCII which are `s` and `k` where case is nothing; no digit or space has such."""
_PLACES: Final = {
    "AT_BEGINNING": r"\A",
    "AT_BEGINNING_STRING": r"\A",
    "AT_END": r"\z",
    "AT_END_STRING": r"\z",
    "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}
_IN_LINES: Final = {"AT_BEGINNING": "(?m:^)", "AT_END": "(?m:$)"}
_TIMES: Final[dict[tuple[Any, Any], str]] = {(0, None): "*", (1, None): "+", (0, 1): "?", (1, 1): ""}
_ATOMS: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "BRANCH", "SUBPATTERN"})


def spelled(pattern: str, engine: Engine) -> str:
    """The pattern in the engine's syntax. It finds what `catalog.linear` finds, `\\b` in Go excepted."""
    with warnings.catch_warnings():  # of what a later Python may read otherwise; the catalog was loaded with it
        warnings.simplefilter("ignore", FutureWarning)
        tree = _parser.parse(pattern)
    flags = tree.state.flags
    speller = _Speller(
        engine=engine,
        fold=bool(flags & re.IGNORECASE),
        dotall=bool(flags & re.DOTALL),
        multiline=bool(flags & re.MULTILINE),
    )
    inner = speller.all(tree)
    return f"(?i:{inner})" if speller.fold else inner


def with_patterns(schema: Any, engine: Engine) -> Any:
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
    engine: Engine
    fold: bool
    dotall: bool
    multiline: bool

    def all(self, parts: Any) -> str:
        return "".join(self.one(str(code), about) for code, about in parts)

    def one(self, code: str, about: Any) -> str:
        match code:
            case "LITERAL":
                return _point(about)
            case "NOT_LITERAL":
                return f"[^{_point(about)}]"
            case "ANY":
                return "(?s:.)" if self.dotall else r"[^\n]"
            case "IN":
                return self.listed(about)
            case "BRANCH":
                return f"(?:{'|'.join(self.all(part) for part in about[1])})"
            case "SUBPATTERN":
                return self.group(*about[1:])
            case "AT":
                place = str(about)
                return _IN_LINES[place] if self.multiline and place in _IN_LINES else _PLACES[place]
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self.repeated(code, *about)
        raise ValueError(f"a pattern's part {code} is none that the linear engine takes")

    def group(self, add: int, remove: int, parts: Any) -> str:
        inner = _Speller(
            engine=self.engine,
            fold=(self.fold or bool(add & re.IGNORECASE)) and not remove & re.IGNORECASE,
            dotall=(self.dotall or bool(add & re.DOTALL)) and not remove & re.DOTALL,
            multiline=(self.multiline or bool(add & re.MULTILINE)) and not remove & re.MULTILINE,
        )
        flags = "i" * bool(add & re.IGNORECASE) + "-i" * bool(remove & re.IGNORECASE)
        return f"(?{flags}:{inner.all(parts)})"

    def listed(self, about: Any) -> str:
        """A class in brackets. What is negated stays so: letters are folded before."""
        found: Ranges = []
        negated = False
        for code, what in about:
            match str(code):
                case "NEGATE":
                    negated = True
                case "CATEGORY":
                    name = str(what).removeprefix("CATEGORY_")
                    ranges = _CLASSES[name.removeprefix("NOT_")]
                    found += _others(ranges + _FOLDED * self.fold) if name.startswith("NOT_") else ranges
                case "RANGE":
                    found.append(what)
                case _:
                    found.append((what, what))
        points = ("-".join(_point(one) for one in sorted({first, last})) for first, last in found)
        return f"[{'^' * negated}{''.join(points)}]"

    def repeated(self, code: str, least: int, most: Any, parts: Sequence[Any]) -> str:
        is_atom = len(parts) == 1 and str(parts[0][0]) in _ATOMS
        inner = self.all(parts) if is_atom else f"(?:{self.all(parts)})"
        bound = None if most == _parser.MAXREPEAT else int(most)
        if code == "POSSESSIVE_REPEAT":
            # `a++` is a repetition of a repetition to the linear engine.
            return f"(?:{self.times(inner, least, bound)})+"
        return self.times(inner, least, bound)  # which of several matches is found is nothing to a search

    def times(self, inner: str, least: int, most: int | None) -> str:
        if self.engine == "rust" or max(least, most or 0) <= MOST:
            return inner + _times(least, most)
        always = "".join(inner + _times(count, count) for count in _thousands(least))
        if most is None:
            return f"(?:{always}{inner}*)"
        # Nested, so that there is one way alone to be shorter.
        maybe = ""
        for count in _thousands(most - least):
            maybe = (
                f"(?:{inner}{_times(0, count)}|{inner}{_times(count, count)}{maybe})"
                if maybe
                else (inner + _times(0, count))
            )
        return f"(?:{always}{maybe})"


def _thousands(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, MOST)
        count -= MOST


def _times(least: int, most: int | None) -> str:
    found = _TIMES.get((least, most))
    return found if found is not None else f"{{{least}}}" if least == most else f"{{{least},{most or ''}}}"


def _others(ranges: Ranges) -> Ranges:
    """All code points but these."""
    found: Ranges = []
    begin = 0
    for first, last in sorted(ranges):
        if first > begin:
            found.append((begin, first - 1))
        begin = max(begin, last + 1)
    return [*found, (begin, LAST)] if begin <= LAST else found


def _point(code: int) -> str:
    one = chr(code)
    if one.isascii():
        return one if one.isalnum() or one in " _" else f"\\x{{{code:x}}}" if code < 32 or code == 127 else f"\\{one}"
    return one if one.isprintable() else f"\\x{{{code:x}}}"
