"""What an error tells of the server's inside.

Law: patterns over text, in time linear in its length, each with a word for what it shows. Whether the text was an
error is the caller's to know; what merely repeats the client's own words shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

LOOKED_AT: Final = 16 * 1024
"""Characters of one message that are looked through."""
_DEEPEST: Final = 64

_TRACE: Final = "a stack trace"
_QUERY: Final = "a database's query or its driver's error"
_PATH: Final = "a path of its file system"

# Repetitions are bounded and never nested, so that no text makes them slow.
_PATTERNS: Final[tuple[tuple[str, str], ...]] = (
    # Python
    (_TRACE, r"Traceback \(most recent call last\)"),
    (_TRACE, r"File \"[^\"\n]{1,300}\", line [0-9]{1,9}"),
    # Java, Kotlin, Scala
    (_TRACE, r"\bat [\w$.]{3,200}\([\w$]{1,100}\.(?:java|kt|scala|groovy):[0-9]{1,9}\)"),
    (_TRACE, r"\b(?:java|javax|jakarta|kotlin|scala|org\.springframework)\.[\w.$]{2,200}(?:Exception|Error)\b"),
    # Node
    (_TRACE, r"\bat [^\n()]{0,200}\(?(?:file://|node:|/|[A-Z]:\\)[^\n()]{1,300}:[0-9]{1,9}:[0-9]{1,9}\)?"),
    (_TRACE, r"\bnode:internal/"),
    # Go
    (_TRACE, r"\bgoroutine [0-9]{1,9} \["),
    (
        _TRACE,
        r"\bruntime error: (?:index out of range|slice bounds out of range|invalid memory address|integer divide)",
    ),
    (_TRACE, r"\b[\w-]{1,60}\.go:[0-9]{1,9}\b"),
    # Rust
    (_TRACE, r"\bthread '[^'\n]{0,100}' (?:\([0-9]{1,9}\) )?panicked at\b"),
    (_TRACE, r"\b[\w-]{1,60}\.rs:[0-9]{1,9}:[0-9]{1,9}\b"),
    # PHP
    (_TRACE, r"\bPHP (?:Fatal error|Parse error|Warning|Notice)\b"),
    (_TRACE, r"\bin /[^\s:]{1,300}\.php(?: on line |:)[0-9]{1,9}\b"),
    (_TRACE, r"#[0-9]{1,4} [^\s(]{1,300}\.php\([0-9]{1,9}\)"),
    # .NET
    (_TRACE, r"\bat [\w.<>`\[\]]{3,200}\([^)\n]{0,300}\) in [^\n]{1,300}:line [0-9]{1,9}"),
    (_TRACE, r"\b(?:System|Microsoft)\.[\w.]{2,200}Exception\b"),
    # Ruby, Elixir
    (_TRACE, r"\b[\w-]{1,60}\.rb:[0-9]{1,9}:in [`']"),
    (_TRACE, r"\b[\w-]{1,60}\.(?:exs?|erl):[0-9]{1,9}:"),
    # Queries, in the capitals in which programs write them, and what drivers say
    (_QUERY, r"\bSELECT\s[^\n]{1,500}\sFROM\s"),
    (_QUERY, r"\bINSERT INTO [\w\"`.\[\]]{1,100}\s?\("),
    (_QUERY, r"\bUPDATE [\w\"`.\[\]]{1,100} SET\s"),
    (_QUERY, r"\bDELETE FROM [\w\"`.\[\]]{1,100}\b"),
    (_QUERY, r"\bSQLSTATE[\[\s:]{0,3}[0-9A-Z]{5}\b"),
    (_QUERY, r"\bORA-[0-9]{5}\b"),
    (_QUERY, r"\bE11000 duplicate key\b|\bMongo(?:Server)?Error\b"),
    (_QUERY, r"\b(?:psycopg2?|asyncpg|pymysql|sqlalchemy|sqlite3)\.[\w.]{2,200}"),
    (_QUERY, r"\bPG::[A-Z]\w{2,100}"),
    (_QUERY, r"\bSQLITE_[A-Z]{3,30}\b"),
    (_QUERY, r"\byou have an error in your sql syntax\b|\bYou have an error in your SQL syntax\b"),
    (_QUERY, r"\b(?:syntax error at or near|duplicate key value violates unique constraint|no such table:)\s?\S"),
    # Paths: below a system's own folders, or of a source file; not what follows a host's name
    (
        _PATH,
        r"(?<![\w/.:-])/(?:usr|home|root|var|etc|opt|srv|proc|Users|mnt)/[\w.@+-]{1,100}(?:/[\w.@+-]{1,100}){0,20}",
    ),
    (_PATH, r"(?<![\w/.:-])(?:/[\w.@+-]{1,100}){1,20}/[\w@+-]{1,100}\.(?:py|js|mjs|ts|java|jar|rb|php|cs|dll|so)\b"),
    (_PATH, r"(?<!\w)[A-Za-z]:\\(?:[\w .@+-]{1,100}\\){1,20}[\w.@+-]{1,100}"),
)
_COMPILED: Final = tuple((what, re.compile(pattern)) for what, pattern in _PATTERNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """What a text shows: `what` in words, and the piece of it that does."""

    what: str
    text: str

    @property
    def is_path(self) -> bool:
        """Whether it shows nothing but a path, which an agent that works with files may speak of."""
        return self.what == _PATH


def leaks(texts: Iterable[str], said: Iterable[str]) -> tuple[Leak, ...]:
    """What these texts show, each kind once, without what stands in `said`, the texts of the one who is told."""
    own = tuple(said)
    found: dict[str, Leak] = {}
    for text in texts:
        beginning = text[:LOOKED_AT]
        for what, pattern in _COMPILED:
            if what in found:
                continue
            for match in pattern.finditer(beginning):
                if not any(match[0] in one for one in own):
                    found[what] = Leak(what=what, text=match[0])
                    break
    return tuple(found.values())


def texts_in(value: Any) -> list[str]:
    """Every text in a JSON value, the names of members among them; of what lies very deep, none."""
    found: list[str] = []
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict) and depth < _DEEPEST:
            found.extend(one)
            waiting.extend((inner, depth + 1) for inner in one.values())
        elif isinstance(one, list) and depth < _DEEPEST:
            waiting.extend((inner, depth + 1) for inner in one)
    return found
