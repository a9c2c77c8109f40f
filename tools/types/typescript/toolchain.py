"""How generated TypeScript is checked, compiled and run; that with Zod schemas as well.

Law: files are written below the build folder only; what npm installs lies beside this file, once for all builds.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PROJECT: Final = ("package.json", "package-lock.json", "tsconfig.json", "eslint.config.mjs", "driver.mjs")

_INSTALL: Final = (
    f'cd "{HERE}" && {{ cmp -s package-lock.json node_modules/.locked || '
    "{ npm ci --no-fund --no-audit && cp package-lock.json node_modules/.locked; }; }"
)
_BIN: Final = "node_modules/.bin/"

NEEDS: Final = ("node", "npm")
COMMANDS: Final = (
    ("sh", "-c", _INSTALL),
    (_BIN + "prettier", "--check", "--log-level", "warn", "--cache", "."),
    (_BIN + "eslint", "--max-warnings", "0", "."),
    (_BIN + "tsc", "--project", "."),
)
DRIVER: Final = ("node", "driver.mjs")


def lay(build: Path, modules: Mapping[str, Mapping[str, str]]) -> None:
    """Write the project, the modules, the driver's registry of them, and what users write of one."""
    shutil.rmtree(build / "src", ignore_errors=True)
    texts = {f"src/{module}/{path}": text for module, files in modules.items() for path, text in files.items()}
    if "vonz_flat" in modules:
        texts["src/usage.ts"] = (HERE / "usage.ts").read_text(encoding="utf-8")
    texts["src/registry.ts"] = _registry(sorted(modules))
    texts[".prettierignore"] = "dist\nnode_modules\npackage*.json\n"
    for path, text in texts.items():
        (build / path).parent.mkdir(parents=True, exist_ok=True)
        (build / path).write_text(text, encoding="utf-8")
    for name in PROJECT:
        shutil.copyfile(HERE / name, build / name)
    (HERE / "node_modules").mkdir(exist_ok=True)
    link = build / "node_modules"
    if not link.is_symlink():
        link.symlink_to(HERE / "node_modules", target_is_directory=True)


def _registry(names: list[str]) -> str:
    lines = [f'import * as {name} from "./{name}/index.js";' for name in names]
    lines += ["", "/** All modules by name. */", "export const modules = new Map<string, unknown>(["]
    lines += [f'  ["{name}", {name}],' for name in names]
    return "\n".join([*lines, "]);", ""])
