"""Validators whose time does not explode, whatever a catalog asks for and whatever a peer sends.

Law: JSON Schema and nothing else. Patterns are matched by an engine that never goes back, unique items are found
without comparing each with each, multiples are told for a number of any size, and both validators (the quick one, which
says yes or no, and the one that explains) do it in the same way, so that they agree.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]  # the only reader of patterns that comes with Python
from typing import Any, Final

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

UNBOUNDED: Final = _parser.MAXREPEAT
"""How often a part of a `parsed` pattern is repeated at most, where it has no bound."""
_ENGINE = jsonschema_rs.RegexOptions()


def accepting(schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Whether a value is valid, and nothing more. Formats are notes, as the draft has it."""
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=False, pattern_options=_ENGINE).is_valid


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


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    matches = matcher(pattern)
    if matches is not None and isinstance(value, str) and not matches(_unicode(value)):
        yield ValidationError(f"{value[:60]!r} does not match {pattern!r}")


def _unicode(value: Any) -> Any:
    """The value with escapes for halves of surrogate pairs, which are no text to the quick engine."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_unicode(name): _unicode(inner) for name, inner in value.items()}
    return [_unicode(inner) for inner in value] if isinstance(value, list) else value


_are_unique = accepting({"uniqueItems": True})


def _unique(_: Any, wanted: bool, value: Any, __: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(value, list) and not _are_unique(_unicode(value)):
        yield ValidationError("the items are not unique")


@lru_cache(maxsize=1024)
def _divided(step: float) -> Callable[[Any], bool]:
    return accepting({"multipleOf": step})


def _multiple(_: Any, step: float, value: Any, __: Any) -> Iterator[ValidationError]:
    # By the quick engine, since the other one computes in doubles and raises on what none holds.
    if isinstance(value, (int, float)) and not _divided(step)(value):
        yield ValidationError(f"{repr(value)[:60]} is not a multiple of {step}")


Explaining: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]  # its stub lacks annotations
    Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique, "multipleOf": _multiple}
)
"""Names every violated leaf. Made with a schema, as `Draft202012Validator` is."""
