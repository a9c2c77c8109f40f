"""Forms that nothing fits, and forms that only look as if nothing did."""

from __future__ import annotations

import pytest

from wirecheck.catalog.shorthand import payload_schema
from wirecheck.catalog.source import Faults, parse


def said(form: str) -> list[str]:
    """What is said of `{a: <form>}`, each as `column: message`, columns counted in `form`."""
    faults = Faults()
    payload_schema(parse(f"p: {{a: {form}}}".encode(), "f.yaml").map["p"], faults)
    return [f"{fault.column - 7}: {fault.message}" for fault in faults]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("{const: 1, type: string}", "9: the const 1 does not fit the rest of this form; mend one of the two"),
        ("{const: 1, enum: [2]}", "9: the const 1 is none of the `enum`; keep one of the two"),
        (
            "{enum: [1, 2], type: string}",
            "8: none of these values fits the rest of this form; mend one of the two",
        ),
        (
            "{type: string, minLength: 5, maxLength: 3}",
            "27: `minLength` is 5 and `maxLength` is 3, so nothing fits; mend one of the two",
        ),
        (
            "{type: string, minLength: 5000000}",
            "27: `minLength` is 5000000, for which no message has room; the most is 1000000",
        ),
        (
            "{type: array, minItems: 2, maxItems: 1}",
            "25: `minItems` is 2 and `maxItems` is 1, so nothing fits; mend one of the two",
        ),
        (
            "{type: array, minItems: 1000000000}",
            "25: `minItems` is 1000000000, for which no message has room; the most is 100000",
        ),
        (
            "{type: number, minimum: 3, maximum: 2}",
            "25: no number lies between `minimum` 3 and `maximum` 2; mend one of the two",
        ),
        (
            "{type: number, minimum: 3, exclusiveMaximum: 3}",
            "25: no number lies between `minimum` 3 and `exclusiveMaximum` 3; mend one of the two",
        ),
        (
            "{type: number, minimum: 3, exclusiveMinimum: 3, maximum: 3}",
            "46: no number lies between `exclusiveMinimum` 3 and `maximum` 3; mend one of the two",
        ),
        (
            "{type: integer, minimum: 0.2, maximum: 0.8}",
            "26: no whole number lies between `minimum` 0.2 and `maximum` 0.8; mend them",
        ),
        (
            "{type: integer, exclusiveMinimum: 1, exclusiveMaximum: 2}",
            "35: no whole number lies between `exclusiveMinimum` 1 and `exclusiveMaximum` 2; mend them",
        ),
        (
            "{type: number, multipleOf: 0.5, minimum: 1.1, maximum: 1.4}",
            "42: no multiple of 0.5 lies between `minimum` 1.1 and `maximum` 1.4; mend them",
        ),
        (
            "{type: string, anyOf: [integer, [string]]}",
            '23: no alternative is of the type "string" that stands beside it; mend one of them',
        ),
        (
            "{type: array, uniqueItems: true, minItems: 3, items: boolean}",
            "44: only 2 different items fit `items`, and `uniqueItems` asks for others; lower it",
        ),
        (
            "{type: array, uniqueItems: true, minItems: 3, items: {enum: [1, 2]}}",
            "44: only 2 different items fit `items`, and `uniqueItems` asks for others; lower it",
        ),
    ],
)
def test_what_nothing_fits_is_refused(form: str, message: str) -> None:
    assert said(form) == [message]


@pytest.mark.parametrize(
    "form",
    [
        "{const: 1, type: integer, enum: [1, 2]}",
        "{enum: [1, text], type: string}",
        "{type: string, minLength: 3, maxLength: 3}",
        "{type: array, minItems: 2, maxItems: 2}",
        "{type: number, minimum: 3, maximum: 3}",
        "{type: integer, minimum: 0.5, maximum: 1.5}",
        "{type: integer, multipleOf: 0.5, minimum: 1, maximum: 1}",
        "{type: [string, integer], minimum: 3, maximum: 2}",  # a text still fits
        "{enum: [a], minimum: 3, maximum: 2}",
        "{type: number, anyOf: [integer, string]}",
        "{type: integer, anyOf: [number, string]}",
        "{type: string, anyOf: [{enum: [a]}]}",
        "{type: array, uniqueItems: true, minItems: 2, items: boolean}",
        "{type: array, uniqueItems: true, minItems: 3, items: string}",
        "{type: array, minItems: 3, items: boolean}",
    ],
)
def test_what_something_fits_is_not(form: str) -> None:
    assert said(form) == []


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("{oneOf: [], default: 1}", "9: `oneOf` must be a list of forms"),
        (
            "{type: object, properties: {b: string}, required: [b, b], enum: [{b: x}]}",
            '51: `required` is ["b", "b"] and must be a list of field names, each once',
        ),
    ],
)
def test_what_is_no_schema_is_a_fault_and_not_a_crash(form: str, message: str) -> None:
    assert message in said(form)
