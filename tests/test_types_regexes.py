"""Patterns as Go and Rust are given them find what the catalog's engine finds with the pattern as it was written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wirecheck.catalog.linear import matcher
from wirecheck.types.regexes import MOST, Engine, has_patterns, spelled, with_patterns

ENGINES: tuple[Engine, ...] = ("go", "rust")
ATOMS = (
    *("a", "é", "_", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", ".", "[a-c]", "[^a-c]", r"[^\W]", r"[\D\s]", r"[\d_-]"),
    *(
        r"\-",
        r"\.",
        "(ab|b)",
        "(?:a|)",
        "(?i:k)",
        "(?s:.)",
        r"\x41",
        r"\u00e9",
        "[]a]",
        "[a&&b]",
        "^",
        "$",
        r"\b",
        r"\B",
    ),
)
TIMES = ("", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "++")
PARTS = st.tuples(st.sampled_from(ATOMS), st.sampled_from(TIMES)).map(
    lambda part: part[0] if part[0] in ("^", "$", r"\b", r"\B") else "".join(part)
)
PATTERNS = st.tuples(st.sampled_from(("", "(?i)", "(?m)", "(?s)")), st.lists(PARTS, max_size=4)).map(
    lambda found: found[0] + "".join(found[1])
)
TEXTS = st.text(alphabet="abkKA1_-. \n\r\t\u00a0\u0085\ufeff\u0661éſ\u212a&]", max_size=5)


@given(PATTERNS, TEXTS)
@example("^[a-z]+$", "ab\n")
@example(r"^\d$", "\u0661")
@example(r"(?i)^[^\W]$", "\u212a")
@example(r"(?i)\W", "K\u017f\u212a")
@example(r"(?i)^[^a-c]$", "b")
@example(r"(?i)^[\D\W]$", "k")
@example(r"(?i)^[\W_]$", "k")
def test_the_same_is_found(pattern: str, text: str) -> None:
    was = matcher(pattern)
    if was is None:
        return  # no catalog may have it
    for engine in ENGINES:
        now = matcher(spelled(pattern, engine))
        assert now is not None, f"{engine} was given what is no pattern"
        assert now(text) == was(text)


@pytest.mark.parametrize(("least", "most"), [(1500, 1500), (0, 2300), (1200, 2300), (2001, None)])
def test_go_counts_beyond_a_thousand_in_pieces(least: int, most: int | None) -> None:
    pattern = f"^(?:ab){{{least},{'' if most is None else most}}}$"
    spelled_so = spelled(pattern, "go")
    assert all(f"{{{count}" not in spelled_so for count in range(MOST + 1, 2400))
    was, now = matcher(pattern), matcher(spelled_so)
    assert was is not None
    assert now is not None
    for count in (0, 1, 999, 1000, 1001, least - 1, least, least + 1, (most or least) - 1, most or least, 2301, 2400):
        assert now("ab" * count) == was("ab" * count), count


def test_only_patterns_are_spelled_anew() -> None:
    rest = {
        "properties": {"pattern": {"const": r"\d"}, "a": {"allOf": [{"pattern": r"\d"}]}},
        "enum": [{"pattern": r"\d"}],
    }
    found = with_patterns(rest, "go")
    assert found["properties"] == {"pattern": {"const": r"\d"}, "a": {"allOf": [{"pattern": "[0-9]"}]}}
    assert found["enum"] == rest["enum"]
    assert has_patterns(rest)
    assert not has_patterns({"properties": {"pattern": {"const": {"pattern": "a"}}}, "enum": [{"pattern": "a"}]})
    assert not has_patterns(True)
