"""The suite: one item a scenario and guarantee, named from the catalog, and one that fuzzes, if that is asked for.

    pytest --pyargs wirecheck.suite --wirecheck-url ws://… --wirecheck-dialect NAME

Law: a test function for each, and nothing that decides anything. Items come from the catalog, without a network; what
a scenario showed is read from the session, which plays it once.
"""

from __future__ import annotations

from typing import Any

import pytest


def test_guarantee(wirecheck_case: Any, request: pytest.FixtureRequest) -> None:
    """What one scenario shows of one guarantee."""
    from wirecheck.plugin.judging import judge

    judge(request.node, wirecheck_case)


def test_fuzz(wirecheck_fuzz: str, request: pytest.FixtureRequest) -> None:
    """What the server does with messages that nobody thought of. There with `--wirecheck-fuzz N` alone."""
    from wirecheck.plugin.fuzzing import fuzz

    fuzz(request.node)


# Collected whatever prefix the project's own test functions have.
test_guarantee.__test__ = True  # type: ignore[attr-defined]
test_fuzz.__test__ = True  # type: ignore[attr-defined]
