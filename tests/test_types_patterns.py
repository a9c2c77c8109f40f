"""Patterns as other engines are given them find what the catalog's engine finds with the pattern as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wirecheck.catalog.linear import matcher
from wirecheck.types.patterns import ENGINES, has_patterns, spelled, with_patterns

LINEAR = ("go", "rust")
"""What the catalog's own engine reads as these do."""
_ATOMS = r"""
a é _ < > - & ~ # / \d \D \w \W \s \S . [a-c] [^a-c] [^\W] [\D\s] [\d_-] [^\S\d] \- \. (ab|b) (?:a|) (?i:k) (?i:[^k])
(?i:\W) (?-i:b) (?s:.) (?P<name>a) \x41 \u00e9 []a] [a&&b] [<>] [A-k] ^ $ \A \b \B
"""
ATOMS = tuple(_ATOMS.split())
PLACES = ("^", "$", r"\A", r"\b", r"\B")
TIMES = ("", "*", "+", "?", "{2}", "{1,2}", "{0,}", "{0,0}", "*?", "++", "?+", "{2,3}+", "{0}+")
PARTS = st.tuples(st.sampled_from(ATOMS), st.sampled_from(TIMES)).map(
    lambda part: part[0] if part[0] in PLACES else "".join(part)
)
PATTERNS = st.tuples(st.sampled_from(("", "(?i)", "(?m)", "(?s)")), st.lists(PARTS, max_size=4)).map(
    lambda found: found[0] + "".join(found[1])
)
LETTERS = "abkKA1_-. <>&#~\n\r\t\u00a0\u0085\ufeff\u0661éÉßẞıſ\u212a\u2028]"
TEXTS = st.text(alphabet=LETTERS, max_size=5)


@given(PATTERNS, TEXTS)
@example("^[a-z]+$", "ab\n")
@example(r"^\d$", "\u0661")
@example(r"(?i)^[^\W]$", "\u212a")
@example(r"(?i)\W", "K\u017f\u212a")
@example(r"(?i)^[^a-c]$", "b")
@example(r"(?i)^[\D\W]$", "k")
@example(r"(?i)^[\W_]$", "k")
@example("<a>", "a")
@example("(?i)k", "\u212a")
@example("(?i)ß", "ẞ")
@example("(?i)ı", "I")
@example(r"^\B$", "")
@example("^a{0}+$", "a")
def test_the_same_is_found(pattern: str, text: str) -> None:
    was = matcher(pattern)
    if was is None:
        return  # no catalog may have it
    for engine in LINEAR:
        now = matcher(spelled(pattern, engine))
        assert now is not None, f"{engine} was given what is no pattern"
        assert now(text) == was(text), engine
    assert bool(re.search(spelled(pattern, "python"), text)) == was(text)


@pytest.mark.parametrize("engine", ENGINES)
def test_other_cases_are_those_of_the_catalogs_engine(engine: str) -> None:
    """Of all letters that have any, by whatever way Python knows to turn one into another."""
    letters = [one for one in map(chr, range(0x20000)) if {one.lower(), one.upper(), one.casefold()} != {one}]
    wanted = [one for one in letters if one.isprintable()][::7]
    for letter in wanted:
        was = matcher(f"(?i)^{letter}$")
        assert was is not None
        others = {letter, letter.lower(), letter.upper(), letter.casefold(), letter.upper().lower()} | {"k", "I", "ς"}
        listed = spelled(f"(?i){letter}", engine)
        assert listed.isascii()
        points = {*listed, *(chr(int(found, 16)) for found in re.findall(r"\\[uUx]{?([0-9a-f]+)", listed))}
        assert {one for one in others if was(one)} == others & points


@pytest.mark.parametrize(("least", "most"), [(1500, 1500), (0, 2300), (1200, 2300), (2001, None)])
def test_go_counts_beyond_a_thousand_in_pieces(least: int, most: int | None) -> None:
    pattern = f"^(?:ab){{{least},{'' if most is None else most}}}$"
    spelled_so = spelled(pattern, "go")
    assert all(f"{{{count}" not in spelled_so for count in range(1001, 2400))
    was, now = matcher(pattern), matcher(spelled_so)
    assert was is not None
    assert now is not None
    for count in (0, 1, 999, 1000, 1001, least - 1, least, least + 1, (most or least) - 1, most or least, 2301, 2400):
        assert now("ab" * count) == was("ab" * count), count


_ECMA_WORD = r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]"
_JAVA_WORD = r"[\p{IsAlphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]"


@pytest.mark.parametrize(
    ("pattern", "engine", "found"),
    [
        (r"^\d{2,4}-\d+$", "ecma", "^[0-9]{2,4}-[0-9]+$"),
        (r"^\d{2,4}-\d+$", "java", r"\A[0-9]{2,4}-[0-9]+\z"),
        (r"^\d{2,4}-\d+$", "python", r"\A[0-9]{2,4}-[0-9]+\Z"),
        ("^.{3,}$", "rust", r"\A[^\n]{3,}\z"),
        ("(?i)a1(?-i:C)", "ecma", "[Aa]1(?:C)"),
        ("(?i:[x-z])", "java", "(?:[X-Zx-z])"),
        ("(?i)k", "python", r"[Kk\U0000212a]"),
        ("(?s).", "ecma", r"[\u{0}-\u{10ffff}]"),
        ("(?s).", "python", r"[\U00000000-\U0010ffff]"),
        ("(?m)^a$", "java", r"(?<![^\n])a(?![^\n])"),
        ("(?m)^a$", "go", "(?m:^)a(?m:$)"),
        (r"\-\_\"]}/", "ecma", '-_"\\]\\}/'),
        ("[]a^&&-]", "java", r"[&\-\]-\^a]"),
        ("a++|b?+|(?:cd){2,3}+", "java", "(?:a+|b*|(?:(?:cd){2,3})+)"),
        ("\n\u2028", "ecma", r"\n\u{2028}"),
        ("\r", "go", r"\x{d}"),
        (r"\b", "ecma", f"(?:(?<={_ECMA_WORD})(?!{_ECMA_WORD})|(?<!{_ECMA_WORD})(?={_ECMA_WORD}))"),
        (r"\B", "java", f"(?:(?<={_JAVA_WORD})(?={_JAVA_WORD})|(?<!{_JAVA_WORD})(?!{_JAVA_WORD}))"),
        (r"\B", "python", r"(?!\b)"),
    ],
)
def test_each_engine_is_told_what_it_understands(pattern: str, engine: str, found: str) -> None:
    assert spelled(pattern, engine) == found


def test_what_no_catalog_may_have_is_refused() -> None:
    for pattern in ("(?=a)", r"(a)\1", "(?>a)"):
        assert matcher(pattern) is None
        with pytest.raises(ValueError, match="none that the linear engine takes"):
            spelled(pattern, "rust")


@pytest.mark.parametrize("engine", ENGINES)
def test_only_patterns_are_spelled_anew(engine: str) -> None:
    rest = {
        "properties": {"pattern": {"const": r"\d"}, "a": {"allOf": [{"pattern": r"\d"}]}},
        "enum": [{"pattern": r"\d"}],
    }
    found = with_patterns(rest, engine)
    assert found["properties"] == {"pattern": {"const": r"\d"}, "a": {"allOf": [{"pattern": "[0-9]"}]}}
    assert found["enum"] == rest["enum"]


def test_patterns_are_found_wherever_they_are() -> None:
    assert has_patterns({"properties": {"a": {"allOf": [{"pattern": "a"}]}}})
    assert not has_patterns({"properties": {"pattern": {"const": {"pattern": "a"}}}, "enum": [{"pattern": "a"}]})
    assert not has_patterns(True)
