"""Cycles are looked for rarely while captures are judged, and as before afterwards."""

from __future__ import annotations

import gc

import pytest

from wirecheck.scale.sparing import THRESHOLDS, sparing


def test_thresholds_come_back() -> None:
    before = gc.get_threshold()
    with sparing():
        assert gc.get_threshold() == THRESHOLDS != before
    assert gc.get_threshold() == before
    with pytest.raises(ZeroDivisionError), sparing():
        raise ZeroDivisionError
    assert gc.get_threshold() == before


@pytest.mark.parametrize("frozen", [False, True])
def test_what_was_there_before_is_not_looked_at_and_what_others_froze_stays_frozen(frozen: bool) -> None:
    gc.unfreeze()
    if frozen:
        gc.freeze()
    before = gc.get_freeze_count()
    try:
        assert (before > 0) is frozen
        with sparing():
            assert gc.get_freeze_count() > 0
            assert not frozen or gc.get_freeze_count() == before
        assert (gc.get_freeze_count() > 0) is frozen
    finally:
        gc.freeze()  # as conftest left it
