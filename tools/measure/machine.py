"""On what was measured.

Law: what a figure depends on, and nothing that tells whose machine it is.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from measure.peers import NODE

LIBRARIES = (
    "orjson", "msgspec", "jsonschema-rs", "jsonschema", "fastjsonschema", "check-jsonschema", "websockets", "pytest"
)  # fmt: skip
PACKAGES = ("ajv", "@sourcemeta/jsonschema")
BUSY = 0.5
"""A machine on which so many processes wanted to run, in the minute before, is not quiet."""


def about() -> dict[str, Any]:
    """The machine, the system, the versions of what is measured, the day, and how busy it was beforehand."""
    system = Path("/proc/cpuinfo")
    models = [line.split(":", 1)[1].strip() for line in _lines(system) if line.startswith("model name")]
    memory = [int(line.split()[1]) for line in _lines(Path("/proc/meminfo")) if line.startswith("MemTotal")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "date": date.today().isoformat(),
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": cores,
        "memory_gib": round(memory[0] / 2**20, 1) if memory else None,
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {name: found for name in LIBRARIES if (found := _version(name))} | _node(),
        "load": round(os.getloadavg()[0], 2),
    }


def sentence(told: dict[str, Any], before: dict[str, Any] | None = None) -> str:
    """The same for a reader; `before` is what was said of another part, so that nothing is said twice."""
    load = f"load before: {told['load']:g}" + (", so NOT a quiet machine" if told["load"] > BUSY else "")
    passing = ("date", "load")
    if before is not None and all(before.get(key) == value for key, value in told.items() if key not in passing):
        return f"Measured on {told['date']} on the same machine; {load}."
    memory = f", {told['memory_gib']:g} GiB" if told["memory_gib"] else ""
    versions = ", ".join(f"{name} {found}" for name, found in told["versions"].items())
    return (
        f"Measured on {told['date']}: {told['cpu']}, {told['cores']} cores{memory}, {told['kernel']}, "
        f"{told['python']}; {load}. {versions}."
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _node() -> dict[str, str]:
    node = shutil.which("node")
    if node is None:
        return {}
    found = {"Node": subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()[1:]}
    for name in PACKAGES:
        about_it = NODE / "node_modules" / name / "package.json"
        if about_it.is_file():
            found[name.split("/")[0].lstrip("@")] = json.loads(about_it.read_text(encoding="utf-8"))["version"]
    return found
