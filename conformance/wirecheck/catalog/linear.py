"""Validators whose time does not explode, whatever a catalog asks for and whatever a peer sends.

Law: JSON Schema and nothing else. Patterns are matched by an engine that never goes back, unique items are found
without comparing each with each, multiples are told for a number of any size, and both validators (the quick one, which
says yes or no, and the one that explains, in `violations`) do it in the same way, so that they agree. The second one is
imported when something is wrong.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]  # the only reader of patterns that comes with Python
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

UNBOUNDED: Final = _parser.MAXREPEAT
"""How often a part of a `parsed` pattern is repeated at most, where it has no bound."""
_ENGINE = jsonschema_rs.RegexOptions()


def accepting(schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Whether a value is valid, and nothing more. Formats are notes, as the draft has it."""
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=False, pattern_options=_ENGINE).is_valid


def explaining(schema: Mapping[str, Any]) -> Draft202012Validator:
    """What names every violated leaf. Most messages and catalogs have none: what it takes is imported here."""
    from wirecheck.catalog.violations import Explaining

    return Explaining(dict(schema))


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Callable[[Any], bool] | None:
    """Whether a text holds the pattern; None for a pattern that this engine does not take."""
    try:
        return accepting({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        return None


@lru_cache(maxsize=1024)
def parsed(pattern: str) -> Any:
    """A pattern as Python's `re` reads it: a sequence of its parts, with the `state.flags` of the whole.

    Raises `re.error` for what is none.
    """
    with warnings.catch_warnings():  # `[a&&b]` may mean something else to a Python to come, and not to our engine
        warnings.simplefilter("ignore", FutureWarning)
        re.compile(pattern)  # it looks at more than the parser does
        return _parser.parse(pattern)
