"""The suite as pytest items: settings, items, verdicts as outcomes, and one summary of the session."""

from __future__ import annotations

from pathlib import Path

SUITE = Path(__file__).resolve().parent.parent / "suite.py"
"""The file that holds the suite's one test function."""
