"""Run the tests of the pytest plugin with the oldest pytest that it supports, and with the newest.

Each has a virtual environment of its own below build/, with pytest-xdist, pytest-asyncio and anyio of its time. Needs
an index of packages. Arguments go to pytest. Exits with the first code that is not 0.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "plugin-versions"
VERSIONS = {
    "oldest": ("pytest==8.0.0", "pytest-xdist==3.5.0", "pytest-asyncio==0.23.8", "anyio==4.4.0"),
    "newest": ("pytest", "pytest-xdist", "pytest-asyncio", "anyio"),
}
# The repository's own settings are for its own pytest; an older one does not know them all.
SETTINGS = "[pytest]\nfilterwarnings = error\n"


def main() -> int:
    tests = sorted(str(path) for path in (ROOT / "tests").glob("test_plugin*.py"))
    codes = []
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "pytest.ini"
        settings.write_text(SETTINGS, encoding="utf-8")
        for name, packages in VERSIONS.items():
            python = _environment(name, packages)
            print(f"--- {name}: {_installed(python)}", flush=True)
            asked = ["-c", str(settings), "--rootdir", str(ROOT), "-p", "no:cacheprovider", "-p", "no:asyncio"]
            command = [str(python), "-m", "pytest", "-q", "-n", "2", *asked, *sys.argv[1:], *tests]
            codes.append(subprocess.run(command, cwd=ROOT).returncode)
    return next((code for code in codes if code), 0)


def _environment(name: str, packages: tuple[str, ...]) -> Path:
    """The interpreter of an environment that has these packages and the working copy."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    quiet = ["--quiet", "--disable-pip-version-check"]
    command = [str(python), "-m", "pip", "install", *quiet, "--upgrade", "--editable", str(ROOT), *packages]
    subprocess.run(command, check=True)
    return python


def _installed(python: Path) -> str:
    code = (
        "from importlib.metadata import version\n"
        "print(', '.join(f'{name} {version(name)}' for name in ('pytest', 'pytest-xdist', 'pytest-asyncio', 'anyio')))"
    )
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
