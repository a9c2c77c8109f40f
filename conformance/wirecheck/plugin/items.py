"""The cases of a dialect as parameters of a test function.

Law: made from the catalog alone, in its order, the same in every process. What people select by is a mark or a part of
the id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from wirecheck.drive import Case
from wirecheck.plugin.settings import Settings, group_of


def parameters(settings: Settings, *, grouped: bool) -> list[Any]:
    """One parameter a case. `grouped`: pytest-xdist is there, and may keep the items of a scenario together."""
    if not settings.cases:
        raise pytest.Collector.CollectError(
            f"wirecheck: no scenario of {settings.target.dialect.name} is about that; name other scenarios or rules"
        )
    return [pytest.param(case, id=case.id, marks=list(_marks(case, grouped))) for case in settings.cases]


def _marks(case: Case, grouped: bool) -> Iterator[pytest.MarkDecorator]:
    # Frames have levels of their own; an item about them is selected as the strictest that it may fail by.
    level = case.level or "must"
    yield pytest.mark.wirecheck_level(level=level)
    yield pytest.mark.wirecheck_guarantee(id=case.guarantee)
    yield getattr(pytest.mark, f"wirecheck_{level}")
    if grouped:
        yield pytest.mark.xdist_group(name=group_of(case))
