"""How the generated Go is formatted, vetted, compiled and driven.

Law: files in, files and commands out; nothing is run here.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
NEEDS: tuple[str, ...] = ("go", "gofmt")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("sh", "-c", 'unformatted=$(gofmt -l .) && test -z "$unformatted" || { gofmt -d . | head -50; exit 1; }'),
    ("go", "vet", "./..."),
    ("go", "build", "-o", "driver", "."),
    ("go", "test", "-vet=off", "."),
)
DRIVER: tuple[str, ...] = ("./driver",)


def lay(build: Path, modules: Mapping[str, Mapping[str, str]]) -> None:
    """A project whose packages lie below `modules/`, each called as its module, and a table of them."""
    build.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(build / "modules", ignore_errors=True)
    for name in ("go.mod", "main.go", "made_test.go"):
        shutil.copyfile(HERE / name, build / name)
    imports, entries = [], []
    for number, (module, files) in enumerate(sorted(modules.items())):
        for path, text in files.items():
            target = build / "modules" / module / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        imports.append(f'\tp{number} "wirecheck/driver/modules/{module}"\n')
        for sender, title in (("client", "ClientFrame"), ("server", "ServerFrame")):
            if f"func Decode{title}(" in files["frames.go"]:
                entries.append(
                    (f'"{module} {sender}":', f"of(p{number}.Decode{title}, p{number}.Encode, p{number}.Validate)")
                )
    lines = "".join(f"\tdialects[{key.removesuffix(':')}] = {value}\n" for key, value in entries)
    (build / "table.go").write_text(
        "package main\n\n"
        + (f"import (\n{''.join(imports)})\n\n" if imports else "")
        + f"var dialects = map[string]dialect{{}}\n\nfunc init() {{\n{lines}}}\n",
        encoding="utf-8",
    )
