"""`python -m wirecheck`."""

from __future__ import annotations

from wirecheck.cli import main

main()
