"""Numbers that options take.

Law: one type for all options of seconds, rates and factors: what is no number, or no finite one, is refused.
"""

from __future__ import annotations

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number between bounds. `nan` lies between any two for click, and `inf` is below no bound."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number; give one in digits.", param, ctx)
        return number
