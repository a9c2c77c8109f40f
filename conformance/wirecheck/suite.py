"""The suite: one item a scenario and guarantee, named from the catalog.

    pytest --pyargs wirecheck.suite --wirecheck-url ws://… --wirecheck-dialect NAME

Law: one test function, and nothing that decides anything. Its items come from the catalog, without a network; what a
scenario showed is read from the session, which plays it once.
"""

from __future__ import annotations

from typing import Any

import pytest


def test_guarantee(wirecheck_case: Any, request: pytest.FixtureRequest) -> None:
    """What one scenario shows of one guarantee."""
    from wirecheck.plugin.judging import judge

    judge(request.node, wirecheck_case)


# Collected whatever prefix the project's own test functions have.
test_guarantee.__test__ = True  # type: ignore[attr-defined]
