"""Plain values as YAML that people and programs read alike.

Law: YAML 1.1 and 1.2 read the same values from the text, in the same order, and there are no anchors in it.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

WIDTH = 110
_LONG = 80
_HEAD = "# Written by wirecheck from its catalog of this protocol: change that, for changes here are lost.\n"

_LIKE_A_NUMBER = re.compile(r"[-+]?(?:0[box][0-9A-Fa-f_]+|[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9_]+)?)")
"""Texts that YAML 1.2 may read as numbers, of which 1.1 knows some only (`1e3`, `0o17`)."""
_FOLDS = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+(?: [^\s\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+)*")
"""One line of words with single spaces between them, and nothing that one version of YAML takes for a line's end."""
_LINES = re.compile(rf"{_FOLDS.pattern}(?:\n\n?{_FOLDS.pattern})+")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def text_of(document: dict[str, Any]) -> str:
    """The text of a document's file; the order of members is kept."""
    body: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False
    )
    return _HEAD + body


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _LIKE_A_NUMBER.fullmatch(text):
        style = "'"
    elif _LINES.fullmatch(text):
        style = "|"
    elif len(text) > _LONG and _FOLDS.fullmatch(text):
        style = ">"
    elif not text.isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _written)
