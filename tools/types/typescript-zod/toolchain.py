"""How generated TypeScript with Zod schemas is checked: in the project of the other TypeScript.

Law: nothing of its own.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_SPEC = spec_from_file_location(
    "wirecheck_types_typescript", Path(__file__).resolve().parent.parent / "typescript" / "toolchain.py"
)
assert _SPEC is not None and _SPEC.loader is not None
_SHARED = module_from_spec(_SPEC)
_SPEC.loader.exec_module(_SHARED)

NEEDS = _SHARED.NEEDS
COMMANDS = _SHARED.COMMANDS
DRIVER = _SHARED.DRIVER
lay = _SHARED.lay
