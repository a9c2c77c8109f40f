"""The languages, and the files of each.

Law: one line a language, and nothing else knows which languages there are. An emitter is a pure function of a module
of types and a package's name to files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from wirecheck.catalog.model import SENDERS, Dialect, Envelope, Sender
from wirecheck.types.build import module_of
from wirecheck.types.model import Module

Files = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`title` is what users call it, `needs` the library that the code uses beside the language's own; `packages` is
    the module that names packages, empty for a language whose code has the name of the folder it lies in."""

    module: str
    title: str
    needs: str = ""
    packages: str = ""

    def package(self, wanted: str) -> str:
        """The package's name as the language takes it: `wanted` itself, if it is one already."""
        if not self.packages:
            return wanted
        named: Callable[[str], str] = import_module(f"wirecheck.types.{self.packages}").package_name
        return named(wanted)

    def emit(self, module: Module, package: str) -> Files:
        """The files: path below the output folder to text."""
        emitter: Callable[[Module, str], Files] = import_module(f"wirecheck.types.{self.module}").emit
        return emitter(module, package)


LANGUAGES: Final[Mapping[str, Language]] = {
    "typescript": Language(module="typescript", title="TypeScript"),
    "typescript-zod": Language(module="zod", title="TypeScript with Zod schemas", needs="zod"),
    "python": Language(module="python", title="Python with msgspec structs", needs="msgspec", packages="pythonic"),
    "python-pydantic": Language(
        module="pydantic", title="Python with pydantic models", needs="pydantic", packages="pythonic"
    ),
    "go": Language(module="go", title="Go", packages="go"),
    "rust": Language(module="rust", title="Rust", needs="serde, serde_json, and regex for patterns"),
    "java": Language(module="java", title="Java 17 with Jackson", needs="jackson-databind", packages="java"),
    "kotlin": Language(
        module="kotlin",
        title="Kotlin with kotlinx.serialization",
        needs="kotlinx-serialization-json",
        packages="kotlin",
    ),
}


def generate(
    dialect: Dialect,
    language: str,
    *,
    envelope: Envelope = "wire",
    senders: Iterable[Sender] = SENDERS,
    package: str | None = None,
) -> Files:
    """The files of one dialect in one language, sorted by path. `package` is the name of the package or namespace
    where the language has one; it is the dialect's if none is given. Raises `KeyError` for a language that is none of
    `LANGUAGES`."""
    module = module_of(dialect, envelope, senders)
    return dict(sorted(LANGUAGES[language].emit(module, package or dialect.name).items()))


def generate_each(dialect: Dialect) -> Files:
    """The files that are checked in, below `schemas/`: a dialect in every language, as the vendor sends it."""
    return {
        f"{dialect.name}/types/{language}/{path}": text
        for language in LANGUAGES
        for path, text in generate(dialect, language).items()
    }
