"""Validators that stop at nothing a peer sends, and agree with each other."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from wirecheck.catalog import load_file
from wirecheck.catalog.linear import accepting, explaining, parsed
from wirecheck.decode import Decoder

CATALOG = """\
dialect: mine
envelope: {style: flat, tag: type}
frames:
  a:
    from: server
    payload:
      "step?": {type: number, multipleOf: 0.25}
      "text?": {type: string, pattern: "^a+$"}
      "list?": {type: array, uniqueItems: true}
      "one?": {oneOf: [{type: integer, multipleOf: 3}, {type: string, pattern: b}]}
"""


@pytest.mark.parametrize("value", [0, 0.3, 0.75, 7, True, "7", 2**64, 10**30, 10**400, -(10**400), 1e308, 5e-324])
@pytest.mark.parametrize("step", [1, 3, 0.1, 0.25, 1e-7, 1e300])
def test_multiples_are_told_by_one_engine_for_numbers_of_any_size(value: Any, step: float) -> None:
    schema = {"multipleOf": step}
    assert accepting(schema)(value) == explaining(schema).is_valid(value)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"step": 10**400}, []),
        ({"step": 0.3}, [("schema", "/step")]),
        ({"one": 10**400 + 1}, [("schema", "/one")]),
        ({"text": "a\ud800"}, [("lone-surrogate", "/text"), ("schema", "/text")]),
        ({"list": ["\ud800", "\ud801"]}, [("lone-surrogate", "/list/0"), ("lone-surrogate", "/list/1")]),
        (
            {"list": [{"\ud800": 1}] * 2},
            [("lone-surrogate", p) for p in ("/list/0", "/list/1")] + [("schema", "/list")],
        ),
        ({"one": "b\ud800"}, [("lone-surrogate", "/one")]),
    ],
)
def test_what_no_double_and_no_text_holds_stops_no_decoder(
    tmp_path: Path, message: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(CATALOG, encoding="utf-8")
    faults = Decoder(load_file(path)).explain(json.dumps({"type": "a"} | message), "server").faults
    assert [(fault.code, fault.pointer) for fault in faults] == found


def test_patterns_are_read_without_a_word_on_what_they_may_mean_one_day() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [str(code) for code, _ in parsed("[a&&b]x")] == ["IN", "LITERAL"]
    with pytest.raises(re.error):
        parsed("(")
