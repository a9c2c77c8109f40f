"""The category of our warnings.

Law: a class of its own, so that users can filter it, and nothing else: pytest imports it when it starts.
"""

from __future__ import annotations

import pytest


class WirecheckWarning(pytest.PytestWarning):
    """A promise was broken, and is not strict enough to fail the run."""
