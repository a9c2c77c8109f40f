"""Cycles among objects, looked for rarely.

Law: what judging makes is freed when nobody refers to it; cycles are few, and bounded by what a checker holds. Python
looks for them whenever some hundred objects more are there than before, which here takes a fifth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (50_000, 20, 100)
"""As `gc.set_threshold` takes them: so many new objects, and so many rounds of the younger before the older ones."""


@contextmanager
def sparing() -> Iterator[None]:
    """Look for cycles rarely while this lasts, and among what was there before not at all."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    ours = not gc.get_freeze_count()  # what somebody else froze stays so
    if ours:
        gc.freeze()
    try:
        yield
    finally:
        if ours:
            gc.unfreeze()
        gc.set_threshold(*before)
