"""Cycles are looked for rarely while captures are judged, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from wirecheck.scale.sparing import THRESHOLDS, sparing


def test_thresholds_come_back() -> None:
    before = gc.get_threshold()
    with sparing():
        assert gc.get_threshold() == THRESHOLDS != before
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
    with pytest.raises(ZeroDivisionError), sparing():
        raise ZeroDivisionError
    assert gc.get_threshold() == before
