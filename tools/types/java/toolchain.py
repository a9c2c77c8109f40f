"""How generated Java is checked, compiled and run: Maven, google-java-format, javac with all its warnings as errors.

Law: files are written below the build folder only, and only those that changed, so that Maven compiles no more.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from wirecheck.types.java import package_name

HERE: Final = Path(__file__).resolve().parent
SOURCES: Final = Path("src/main/java")
RUNTIME: Final = frozenset({"DecodeException.java", "Member.java", "Rest.java", "Wire.java"})
SENDERS: Final = {"server": "ServerFrame", "client": "ClientFrame"}
QUICK: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For the short runs of a formatter and a compiler, which take twice the time otherwise."""

NEEDS: Final = ("java", "javac", "mvn")
COMMANDS: Final = (
    ("mvn", "-q", "-B", "initialize"),
    (
        *("java", *QUICK.split(), "-jar", "target/formatter/google-java-format-all-deps.jar"),
        *("--skip-javadoc-formatting", "--dry-run", "--set-exit-if-changed", "@sources.txt"),
    ),
    ("mvn", "-q", "-B", "compile"),
)
DRIVER: Final = ("java", "-cp", "target/classes:target/libraries/*", "driver.Driver")


def lay(build: Path, modules: Mapping[str, Mapping[str, str]]) -> None:
    """Write the project, the modules and the driver's registry of them."""
    texts = {SOURCES / path: text for files in modules.values() for path, text in files.items()}
    texts[SOURCES / "driver" / "Driver.java"] = (HERE / "Driver.java").read_text("utf-8")
    texts[SOURCES / "driver" / "Registry.java"] = "\n".join(_registry(modules)) + "\n"
    texts[Path("sources.txt")] = "".join(f"{path}\n" for path in sorted(_looked_at(texts)))
    texts[Path("pom.xml")] = (HERE / "pom.xml").read_text("utf-8")
    texts[Path(".mvn/jvm.config")] = f"{QUICK}\n"
    old = {path.relative_to(build) for path in (build / SOURCES).rglob("*.java")}
    for path in old - {*texts}:
        (build / path).unlink()
        shutil.rmtree(build / "target" / "classes", ignore_errors=True)  # nothing of what is no more
    for path, text in texts.items():
        whole = build / path
        if not whole.is_file() or whole.read_text("utf-8") != text:
            whole.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(text, encoding="utf-8")


def _looked_at(texts: Mapping[Path, str]) -> Iterator[Path]:
    """The files to be formatted: those of the runtime, which differ in their package alone, once."""
    seen: set[str] = set()
    for path in texts:
        if path.name not in RUNTIME:
            yield path
        elif path.name not in seen:
            seen.add(path.name)
            yield path


def _registry(modules: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield from ("package driver;", "", "import java.util.HashMap;", "import java.util.Map;", "")
    yield from ("/** The modules there are. */", "final class Registry {", "  private Registry() {}", "")
    yield "  static Map<String, Driver.Decoder> decoders() {"
    yield "    Map<String, Driver.Decoder> all = new HashMap<>();"
    for number, _ in enumerate(modules):
        yield f"    module{number}(all);"
    yield from ("    return all;", "  }")
    for number, (module, files) in enumerate(modules.items()):
        yield from ("", f"  private static void module{number}(Map<String, Driver.Decoder> all) {{")
        for sender, union in SENDERS.items():
            if any(path.endswith(f"/{union}.java") for path in files):
                yield from _entry(f'"{module} {sender}"', f"{package_name(module)}.{union}")
        yield "  }"
    yield "}"


def _entry(key: str, union: str) -> Iterator[str]:
    yield from ("    all.put(", f"        {key},", "        (text, strict) -> {")
    yield f"          var frame = {union}.decode(text, strict);"
    yield "          return new Driver.Answer("
    yield "              frame.getClass().getSimpleName(), frame.encode(), frame.validate().isEmpty());"
    yield "        });"
