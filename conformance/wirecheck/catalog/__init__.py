"""What a dialect is, and where dialects come from.

Law: everything that the rest of the package knows of a vendor, it knows through these values.

    dialects()                     the names of those shipped
    load("name"), load_file(path)  a `Dialect`, complete and checked, or an error that names every mistake
    rules(), span_words(), role_words(), span_roles()   the words that all dialects share
"""

from __future__ import annotations

from wirecheck.catalog.agreement import file_stem
from wirecheck.catalog.frames import split_example
from wirecheck.catalog.model import (
    BASIS_LEVEL,
    LEVELS,
    SENDERS,
    Basis,
    Case,
    Condition,
    Connect,
    Dialect,
    Envelope,
    EnvelopeForm,
    FrameForm,
    Guarantee,
    HeaderField,
    Level,
    Locator,
    Param,
    Rejection,
    Rule,
    Sender,
    SpanForm,
    Style,
    Unknown,
    Where,
)
from wirecheck.catalog.places import applies
from wirecheck.catalog.rulebook import role_words, rules, span_roles, span_words
from wirecheck.catalog.script import Scenario, Variable
from wirecheck.catalog.shelf import dialects, load, load_file

__all__ = [
    "BASIS_LEVEL",
    "LEVELS",
    "SENDERS",
    "Basis",
    "Case",
    "Condition",
    "Connect",
    "Dialect",
    "Envelope",
    "EnvelopeForm",
    "FrameForm",
    "Guarantee",
    "HeaderField",
    "Level",
    "Locator",
    "Param",
    "Rejection",
    "Rule",
    "Scenario",
    "Sender",
    "SpanForm",
    "Style",
    "Unknown",
    "Variable",
    "Where",
    "applies",
    "dialects",
    "file_stem",
    "load",
    "load_file",
    "role_words",
    "rules",
    "span_roles",
    "span_words",
    "split_example",
]
