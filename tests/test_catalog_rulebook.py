"""The words that all dialects share, and what is said when the file that holds them is wrong."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from wirecheck.catalog import dialects, load, role_words, rules, span_roles, span_words
from wirecheck.catalog.rulebook import read_rulebook
from wirecheck.catalog.source import LOADERS
from wirecheck.catalog.structure import catalog_schema
from wirecheck.errors import CatalogError

BOOK = """\
spans:
  turn: {open: turn.open, close: turn.close, says: "one answer"}
roles:
  text.delta: "a piece of text"
rules:
  closed-once:
    says: "A turn ends once."
    side: server
    shape: pair
    with: {spans: [turn], by: [connection]}
    implies: {text-inside: "the end comes too early"}
    holds: "open, close"
    breaks: "open, close, close"
  text-inside:
    says: "Text lies in a turn."
    side: server
    shape: place
    with: {frames: text.delta, inside: turn}
    holds: "open, text"
    breaks: "text"
"""


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(catalog_schema())


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_both_parsers_give_the_same_rulebook(loader: Any) -> None:
    data = files("wirecheck.catalogs").joinpath("rules.yaml").read_bytes()
    book = read_rulebook(data, "rules.yaml", loader=loader)
    assert book.rules == rules()
    assert (book.span_words, book.span_roles, book.role_words) == (span_words(), span_roles(), role_words())


def test_every_rule_is_claimed_by_a_dialect() -> None:
    claimed = {claim for name in dialects() for claim in load(name).guarantees}
    assert claimed == set(rules())


def test_what_a_role_means_is_said_for_spans_and_points() -> None:
    assert role_words()["step.open"] == "opens the span `step`: one step of a task"
    assert role_words()["text.delta"] == "a piece of the agent's text"
    assert role_words()["turn.close"].count("; ") == 1
    assert span_roles()["resume"] == ("ask.replay", "answer.replay")
    assert set(span_words()) == set(span_roles())


def test_the_small_book_is_sound() -> None:
    book = read_rulebook(BOOK.encode(), "r.yaml")
    assert list(book.rules) == ["closed-once", "text-inside"]
    rule = book.rules["closed-once"]
    assert rule.options == {"spans": ("turn",), "by": ("connection",)}
    assert rule.implies == {"text-inside": "the end comes too early"}
    assert rule.passive is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("spans: [turn]", "spans: [trun]", "10:20: no span is called `trun`; did you mean `turn`?"),
        ("by: [connection]", "by: [conection]", "10:32: no deadline is called `conection`; did you mean `connection`?"),
        (
            "frames: text.delta",
            "frames: text.dleta",
            "18:20: no role is called `text.dleta`; did you mean `text.delta`?",
        ),
        (
            "implies: {text-inside:",
            "implies: {text-insid:",
            "11:15: no rule is called `text-insid`; did you mean `text-inside`?",
        ),
        (
            "shape: pair",
            "shape: pairs",
            '9:12: `shape` is "pairs", and may be `pair`, `place`, `times`, `opted`, '
            "`joins`, `steps`, `agrees`, `ends`, `history`, `scenario` only",
        ),
        ('    breaks: "text"\n', "", "14:3: `text-inside` lacks `breaks`; add it"),
        ("spans: [turn], ", "", "10:11: `with` lacks `spans`; add it"),
        (
            "closed-once:",
            "Closed:",
            '6:3: the key "Closed" in `rules` must be words of lower-case letters joined by `-`',
        ),
    ],
)
def test_a_mistake_in_the_rules_is_named_like_any_other(old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogError) as caught:
        read_rulebook(BOOK.replace(old, new).encode(), "r.yaml")
    assert [str(fault) for fault in caught.value.faults] == [f"r.yaml:{said}"]
