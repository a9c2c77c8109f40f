"""The suite as pytest items: settings, items, verdicts as outcomes, and one summary of the session."""

from __future__ import annotations

from pathlib import Path

SUITE = Path(__file__).resolve().parent.parent / "suite.py"
"""The file that holds the suite's one test function."""
NAME = "wirecheck/suite.py"
"""What reports call that file, wherever it is installed: the first part of the id of each of its items."""
