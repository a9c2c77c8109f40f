"""The tool that leads many conversations at once comes to its end, and says what came of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent.parent / "tools" / "crowd.py"


@pytest.mark.skipif(sys.platform != "linux", reason="it counts connections and memory in /proc")
def test_a_small_crowd_is_right() -> None:
    command = [sys.executable, str(TOOL), "--conversations", "30", "--dialect", "symindx", "--latency", "0"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    head, row = (line.split() for line in ran.stdout.splitlines())
    assert head[0] == "dialect"
    assert row[:3] == ["symindx", "30", "30"]
    assert all(float(number) > 0 for number in row[3:])
