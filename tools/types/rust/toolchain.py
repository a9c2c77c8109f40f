"""How the generated Rust is formatted, linted, compiled and driven.

Law: files in, files and commands out; nothing is run here.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
NEEDS: tuple[str, ...] = ("cargo", "rustfmt", "clippy-driver")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("cargo", "fmt", "--check"),
    # Clippy is the compiler here, so that everything is compiled once; its lints are named in Cargo.toml.
    ("env", "RUSTC_WORKSPACE_WRAPPER=clippy-driver", "cargo", "build", "--quiet", "--locked"),
    ("target/debug/driver", "--check"),
)
DRIVER: tuple[str, ...] = ("target/debug/driver",)


def lay(build: Path, modules: Mapping[str, Mapping[str, str]]) -> None:
    """A crate whose modules lie below `src/modules/`, and a table of them."""
    src = build / "src"
    src.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(src / "modules", ignore_errors=True)
    for name in ("Cargo.toml", "Cargo.lock", "src/main.rs", "src/made.rs"):
        shutil.copyfile(HERE / name, build / name)
    arms = []
    for module, files in sorted(modules.items()):
        for path, text in files.items():
            target = src / "modules" / module / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for sender, title in (("client", "ClientFrame"), ("server", "ServerFrame")):
            if f"pub enum {title} {{" in files["mod.rs"]:
                arms.append(f'        ("{module}", "{sender}") => answer!({module}, {title}, request),\n')
    (src / "modules" / "mod.rs").write_text(
        "".join(f"pub mod {module};\n" for module in sorted(modules)), encoding="utf-8"
    )
    (src / "table.rs").write_text(
        "use crate::{answer, Answer, Request};\n\n"
        "pub fn answer(module: &str, sender: &str, request: &Request) -> Answer {\n"
        f"    match (module, sender) {{\n{''.join(arms)}"
        '        _ => Err("there is no such module or sender".into()),\n    }\n}\n',
        encoding="utf-8",
    )
