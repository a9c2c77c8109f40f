"""How generated Python is checked and run, by the interpreter and the tools that run this.

Law: files are written below the build folder only.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
_PYTHON: Final = (sys.executable, "-m")

NEEDS: Final = (sys.executable,)
COMMANDS: Final = (
    (*_PYTHON, "ruff", "format", "--isolated", "--check", "--quiet", "src"),
    (*_PYTHON, "ruff", "check", "--isolated", "--quiet", "src"),
    (*_PYTHON, "mypy", "--config-file=", "--strict", "--python-version=3.11", "--cache-dir=.mypy_cache", "src"),
)
DRIVER: Final = (sys.executable, "src/driver.py")


def lay(build: Path, modules: Mapping[str, Mapping[str, str]]) -> None:
    """Write each module as a package, and the driver and what users write of one beside them."""
    shutil.rmtree(build / "src", ignore_errors=True)
    texts = {f"src/{path}": text for files in modules.values() for path, text in files.items()}
    texts["src/driver.py"] = (HERE / "driver.py").read_text(encoding="utf-8")
    if "vonz_flat" in modules:
        texts["src/usage.py"] = (HERE / "usage.py").read_text(encoding="utf-8")
    for path, text in texts.items():
        (build / path).parent.mkdir(parents=True, exist_ok=True)
        (build / path).write_text(text, encoding="utf-8")
