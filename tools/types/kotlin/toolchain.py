"""How generated Kotlin is checked, compiled and run: Maven, ktlint, the compiler with all its warnings as errors.

Law: files are written below the build folder only, and only those that changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from wirecheck.types.kotlin import package_name

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = Path("src/main/kotlin")
RUNTIME: Final = frozenset({"DecodeException.kt", "Member.kt", "Rest.kt", "Wire.kt"})
SENDERS: Final = {"server": "ServerFrame", "client": "ClientFrame"}
QUICK: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For the short runs of a linter and a compiler, which take twice the time otherwise."""

NEEDS: Final = ("java", "mvn")
COMMANDS: Final = (
    ("mvn", "-q", "-B", "initialize"),
    (
        "sh",
        "-c",
        f"java {QUICK} -jar target/linter/ktlint-cli-all.jar --log-level=none $(cat sources.txt)",
    ),
    ("mvn", "-q", "-B", "compile"),
)
DRIVER: Final = ("java", "-cp", "target/classes:target/libraries/*", "driver.DriverKt")


def lay(build: Path, modules: Mapping[str, Mapping[str, str]]) -> None:
    """Write the project, the modules and the driver's registry of them."""
    texts = {SOURCES / path: text for files in modules.values() for path, text in files.items()}
    texts[SOURCES / "driver" / "Driver.kt"] = (HERE / "Driver.kt").read_text("utf-8")
    texts[SOURCES / "driver" / "Registry.kt"] = "\n".join(_registry(modules)) + "\n"
    texts[Path("sources.txt")] = "".join(f"{path}\n" for path in sorted(_looked_at(texts)))
    texts[Path("pom.xml")] = (HERE / "pom.xml").read_text("utf-8")
    texts[Path(".editorconfig")] = (HERE / ".editorconfig").read_text("utf-8")
    texts[Path(".mvn/jvm.config")] = f"{QUICK}\n"
    old = {path.relative_to(build) for path in (build / SOURCES).rglob("*.kt")}
    for path in old - {*texts}:
        (build / path).unlink()
        shutil.rmtree(build / "target" / "classes", ignore_errors=True)  # nothing of what is no more
    for path, text in texts.items():
        whole = build / path
        if not whole.is_file() or whole.read_text("utf-8") != text:
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(text, encoding="utf-8")


def _looked_at(texts: Mapping[Path, str]) -> Iterator[Path]:
    """The files to be linted: those of the runtime, which differ in their package alone, once."""
    seen: set[str] = set()
    for path in texts:
        if path.name not in RUNTIME:
            yield path
        elif path.name not in seen:
            seen.add(path.name)
            yield path


def _registry(modules: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield from ("package driver", "", "/** The modules there are. */")
    yield "internal fun decoders(): Map<String, Decoder> {"
    yield "    val all = HashMap<String, Decoder>()"
    yield from (f"    module{number}(all)" for number, _ in enumerate(modules))
    yield from ("    return all", "}")
    for number, (module, files) in enumerate(modules.items()):
        yield from ("", f"private fun module{number}(all: MutableMap<String, Decoder>) {{")
        for sender, union in SENDERS.items():
            if any(f"sealed interface {union} :" in text for text in files.values()):
                yield f'    all["{module} {sender}"] = {{ text, strict ->'
                yield f"        val frame = {package_name(module)}.{union}.decode(text, strict)"
                yield '        Answer(frame::class.simpleName ?: "", frame.encode(), frame.validate() == null)'
                yield "    }"
        yield "}"
