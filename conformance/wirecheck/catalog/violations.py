"""The validator that says everything that is wrong with a value.

Law: finds fault with what `linear.accepting` refuses, and with nothing else; what takes time beyond all bounds in the
usual validator is left to the engine of that one. Only `linear` imports this, when something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from wirecheck.catalog.linear import accepting, matcher


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
