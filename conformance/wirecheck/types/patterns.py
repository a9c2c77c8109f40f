"""Patterns for other engines than the one that judges here.

Law: pure. `spelled(pattern, engine)` finds in a text what `catalog.linear` finds with the pattern, in the syntax of
another engine. A catalog's pattern is one that Python's `re` and the linear engine both take. The latter reads `\\d`,
`\\w` and `\\s` as ECMAScript does, `.` as all but a line feed, `$` as the very end and `\\b` as the edge of a word in
any script; so each of these is written out where the other engine would read it otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from re import _parser  # type: ignore[attr-defined]  # the only reader of patterns that comes with Python
from typing import Any, Final, Literal, TypeAlias

Engine: TypeAlias = Literal["ecma", "python"]

_SPECIAL: Final = frozenset("^$\\.*+?()[]{}|/-&~#")
_WORD: Final = r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]"
_EDGES: Final = {
    "AT_BOUNDARY": rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    "AT_NON_BOUNDARY": rf"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
}
_SPACES: Final = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES: Final = {"DIGIT": "0-9", "WORD": "0-9A-Za-z_", "SPACE": _SPACES}
_WIDEST: Final = 1000
"""Of a range of more characters, no other cases are looked for."""
_ATOMS: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "BRANCH", "SUBPATTERN"})
_TIMES: Final[dict[tuple[Any, Any], str]] = {(0, ""): "*", (1, ""): "+", (0, 1): "?"}
_ANY: Final = {"ecma": "[^]", "python": "(?s:.)"}


def spelled(pattern: str, engine: Engine) -> str:
    """The pattern for `RegExp` with the flag `u`, or for Python's `re`."""
    tree = _parser.parse(pattern)
    return _Speller(engine=engine, flags=tree.state.flags).all(tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speller:
    """`flags` hold where we are. Those of other engines differ or are missing, so all are spelled out."""

    engine: Engine
    flags: int

    def all(self, parts: Any) -> str:
        return "".join(self.one(str(code), about) for code, about in parts)

    def one(self, code: str, about: Any) -> str:
        match code:
            case "LITERAL":
                cases = self.cases(about)
                return self.literal(about) if len(cases) == 1 else f"[{''.join(map(self.member, cases))}]"
            case "NOT_LITERAL":
                return f"[^{''.join(map(self.member, self.cases(about)))}]"
            case "ANY":
                return _ANY[self.engine] if self.flags & re.DOTALL else r"[^\n]"
            case "IN":
                return self.listed(about)
            case "BRANCH":
                return f"(?:{'|'.join(self.all(part) for part in about[1])})"
            case "SUBPATTERN":
                return self.group(*about[1:])
            case "AT":
                return self.at(str(about))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self.repeated(code, *about)
        raise ValueError(f"a pattern's part {code} is none that the linear engine takes")

    def literal(self, code: int) -> str:
        one = chr(code)
        if one in _SPECIAL and (self.engine == "python" or one not in "-&~#"):
            return "\\" + one
        if one in "-&~#" or (one.isprintable() and code < 0x10000):
            return one
        if self.engine == "ecma":
            return f"\\u{{{code:x}}}"
        return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    def listed(self, about: Any) -> str:
        """A class in brackets; what Python has no short form of is an alternative beside it."""
        negated = [str(code) for code, _ in about[:1]] == ["NEGATE"]
        inside, beside = "", []
        for code, what in about[1:] if negated else about:
            if str(code) == "CATEGORY":
                name = str(what).removeprefix("CATEGORY_")
                if self.engine == "ecma":
                    inside += "\\" + (name[4].upper() if name.startswith("NOT_") else name[0].lower())
                elif name.startswith("NOT_"):
                    beside.append(f"[^{_CLASSES[name.removeprefix('NOT_')]}]")
                else:
                    inside += _CLASSES[name]
            elif str(code) == "RANGE":
                inside += f"{self.member(what[0])}-{self.member(what[1])}"
                codes = range(what[0], min(what[1], what[0] + _WIDEST) + 1)
                others = {case for code in codes for case in self.cases(code)} - {*codes}
                inside += "".join(map(self.member, sorted(others)))
            else:
                inside += "".join(map(self.member, self.cases(what)))
        if not beside:
            return f"[{'^' * negated}{inside}]"
        either = f"(?:{'|'.join([f'[{inside}]'] * bool(inside) + beside)})"
        return f"(?:(?!{either}){_ANY[self.engine]})" if negated else either

    def member(self, code: int) -> str:
        return r"\-" if code == ord("-") else self.literal(code)

    def cases(self, code: int) -> list[int]:
        """A character, and where case does not matter also its other cases."""
        one = chr(code)
        both = {one, one.lower(), one.upper()} if self.flags & re.IGNORECASE else {one}
        return sorted(ord(case) for case in both if len(case) == 1)

    def group(self, add: int, remove: int, parts: Any) -> str:
        return f"(?:{_Speller(engine=self.engine, flags=(self.flags | add) & ~remove).all(parts)})"

    def at(self, place: str) -> str:
        if place in _EDGES:
            return _EDGES[place] if self.engine == "ecma" else {"AT_BOUNDARY": r"\b"}.get(place, r"\B")
        if self.flags & re.MULTILINE and place in ("AT_BEGINNING", "AT_END"):
            return r"(?<![^\n])" if place == "AT_BEGINNING" else r"(?![^\n])"
        if place in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return "^"
        return "$" if self.engine == "ecma" else r"\Z"

    def repeated(self, code: str, least: int, most: Any, parts: Sequence[Any]) -> str:
        is_atom = len(parts) == 1 and str(parts[0][0]) in _ATOMS
        inner = self.all(parts) if is_atom else f"(?:{self.all(parts)})"
        bound = "" if most == _parser.MAXREPEAT else most
        if code == "POSSESSIVE_REPEAT":
            # `a++` is a repetition of a repetition to the linear engine.
            return f"{inner}{{{least},}}" if least <= 1 else f"(?:{inner}{{{least},{bound}}})+"
        times = _TIMES.get((least, bound), f"{{{least}}}" if least == bound else f"{{{least},{bound}}}")
        return inner + times + "?" * (code == "MIN_REPEAT")


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
