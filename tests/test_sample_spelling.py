"""A value in any spelling reads back as itself."""

from __future__ import annotations

import json

import orjson

from wirecheck.sample.source import PLAIN, Seeded
from wirecheck.sample.spelling import compact, spelled
from wirecheck.sample.values import value


def test_every_spelling_reads_back_as_the_value() -> None:
    spellings = set()
    for seed in range(1500):
        source = Seeded(seed)
        drawn = value({}, source)
        text = spelled(drawn, source)
        assert json.dumps(json.loads(text), sort_keys=True) == json.dumps(drawn, sort_keys=True)
        text.encode()
        spellings.add(text == compact(drawn))
    assert spellings == {True, False}


def test_the_plainest_spelling_is_compact() -> None:
    assert spelled({"a": ["é", 1.5, None], "\x00": "\u2028"}, PLAIN) == '{"a":["é",1.5,null],"\\u0000":"\u2028"}'


def test_text_and_numbers_come_in_other_forms() -> None:
    texts = {spelled(["a/\U0001f642\n", 1.5, 1e22], Seeded(seed)) for seed in range(3000)}
    together = "".join(texts)
    for wanted in ("\\/", "\\ud83d\\ude42", "\\uD83D\\uDE42", "\\u000a", "\\n", "1.50", "1.5E-00", "1E+22", "e+0022"):
        assert wanted in together
    assert all(orjson.loads(text) == ["a/\U0001f642\n", 1.5, 1e22] for text in texts)
    orders = {spelled({"a": 1, "b": 2}, Seeded(seed)).replace(" ", "")[:4] for seed in range(300)}
    assert {'{"a"', '{"b"'} <= orders
