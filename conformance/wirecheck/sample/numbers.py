"""Numbers within bounds, and at the edges where implementations differ.

Law: bounds in, numbers out that keep them; whole numbers may come as floats, as JSON Schema has it. No number is
infinite, and none is beyond what a double holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from wirecheck.sample.source import Source

_WHOLE: Final = (
    *(1, -1, 1.0, -0.0, 2, 7, 10, 255, 256, 2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1),
    *(-(2**53) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 2**64 + 1, 10**30, 1e15, 1e22),
)
_ANY: Final = (*_WHOLE, 0.5, -0.5, 0.1, 1.5, 1e-7, 1e308, -1e308, 5e-324, 1.7976931348623157e308, 123456789.12345679)
_FAR: Final = 2**53
"""Beyond it, whether a number is a multiple of another depends on who computes."""

Numbers = Callable[[Source], Any]


def numbers(limits: Mapping[str, Any], *, whole: bool) -> Numbers | None:
    """Draws numbers within `limits` (JSON Schema's keywords, `steps` for several `multipleOf`); None if there are none.

    Multiples are right as far as decimal arithmetic goes; whoever needs a validator's opinion asks for it.
    """
    steps = [Fraction(str(step)) for step in limits.get("steps", ())]
    if steps:
        return _multiples(limits, _common([*steps, Fraction(1)] if whole else steps))
    if whole:
        return _multiples(limits, Fraction(1))
    plain = [value for value in _near(limits) if within(value, limits)]
    if not plain:
        return None
    edges = tuple(value for value in (*plain, *_ANY) if within(value, limits))
    low, high = _ends(limits)

    def drawn(source: Source) -> Any:
        way = source.below(3)
        if way == 0:
            return plain[0]
        if way == 1:
            return edges[source.below(len(edges))]
        # Halving before taking the difference: the difference of two ends may be beyond a double.
        value = (low / 2 + (high / 2 - low / 2) * (source.below(1025) / 1024)) * 2
        return value if within(value, limits) else plain[0]

    return drawn


def within(value: Any, limits: Mapping[str, Any]) -> bool:
    """Whether the number keeps the bounds; its multiples are not looked at."""
    return (
        value >= limits.get("minimum", value)
        and value <= limits.get("maximum", value)
        and ("exclusiveMinimum" not in limits or value > limits["exclusiveMinimum"])
        and ("exclusiveMaximum" not in limits or value < limits["exclusiveMaximum"])
    )


def _multiples(limits: Mapping[str, Any], step: Fraction) -> Numbers | None:
    """Whole multiples of `step` within the limits, the one nearest to nought first."""
    first, last = _counts(limits, step)
    if first is not None and last is not None and first > last:
        return None
    low = first if first is not None else min(-1000, -1000 if last is None else last - 1000)
    high = last if last is not None else max(1000, low + 1000)
    # Among whole numbers beyond every double's precision, who is larger depends on who compares.
    if low <= _FAR and high >= -_FAR:
        low, high = max(low, -_FAR), min(high, _FAR)
    else:
        ends = tuple(limits[word] for word in ("minimum", "maximum") if word in limits and limits[word] % 1 == 0)
        return (lambda source: ends[source.below(len(ends))]) if ends and not limits.get("steps") else None
    nearest = min(max(0, low), high)
    whole = step == 1
    edges = tuple(value for value in _WHOLE if whole and within(value, limits)) or (_as_number(nearest * step),)

    def drawn(source: Source) -> Any:
        way = source.below(4)
        if way == 0:
            return _as_number(nearest * step)
        if way == 1:
            return edges[source.below(len(edges))]
        if way == 2:
            return _as_number((low, high)[source.below(2)] * step)
        return _as_number((low + source.below(min(high - low + 1, _FAR))) * step)

    return drawn


def _counts(limits: Mapping[str, Any], step: Fraction) -> tuple[int | None, int | None]:
    """The smallest and the largest factor of `step` that the limits allow; None where there is no bound."""
    firsts, lasts = [], []
    if "minimum" in limits:
        firsts.append(math.ceil(Fraction(limits["minimum"]) / step))
    if "exclusiveMinimum" in limits:
        firsts.append(math.floor(Fraction(limits["exclusiveMinimum"]) / step) + 1)
    if "maximum" in limits:
        lasts.append(math.floor(Fraction(limits["maximum"]) / step))
    if "exclusiveMaximum" in limits:
        lasts.append(math.ceil(Fraction(limits["exclusiveMaximum"]) / step) - 1)
    return max(firsts, default=None), min(lasts, default=None)


def _common(steps: list[Fraction]) -> Fraction:
    """The smallest number that is a multiple of each."""
    below = math.lcm(*(step.denominator for step in steps))
    return Fraction(math.lcm(*(int(step * below) for step in steps)), below)


def _as_number(value: Fraction | int) -> int | float:
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else float(exact)


def _ends(limits: Mapping[str, Any]) -> tuple[float, float]:
    low = max((limits[word] for word in ("minimum", "exclusiveMinimum") if word in limits), default=None)
    high = min((limits[word] for word in ("maximum", "exclusiveMaximum") if word in limits), default=None)
    start = float(low) if low is not None else min(-1000.0, float(high) - 1000.0 if high is not None else -1000.0)
    return start, float(high) if high is not None else max(1000.0, start + 1000.0)


def _near(limits: Mapping[str, Any]) -> list[Any]:
    """Plain candidates: nought, the bounds, and what lies beside and between them."""
    low, high = _ends(limits)
    found: list[Any] = [0]
    for word in ("minimum", "maximum"):
        if word in limits:
            found.append(limits[word])
    if "exclusiveMinimum" in limits:
        found.append(limits["exclusiveMinimum"] + 1)
    if "exclusiveMaximum" in limits:
        found.append(limits["exclusiveMaximum"] - 1)
    beside = [math.nextafter(low, math.inf), math.nextafter(high, -math.inf)]
    return [*found, low / 2 + high / 2, *(value for value in beside if math.isfinite(value))]
