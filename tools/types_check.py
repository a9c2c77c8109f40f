"""Prove the types of other languages: compile them strictly, then have them read and write what the schemas judge.

Every language's code is made of all dialects in all envelopes, of a catalog of names that no language takes as they
are, and of catalogs that are drawn. It is checked by the language's own formatter and linter, compiled without a
warning, and asked: the vectors of `fixtures/`, and frames as `wirecheck fuzz` writes them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from time import perf_counter
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from proof.cases import EXCUSES, OF_DOUBLES, Case, Subject, fuzzed, vectors  # noqa: E402
from proof.verdict import Agreement, judged  # noqa: E402
from small_catalogs import catalog as drawn  # noqa: E402
from wirecheck.catalog import Dialect, dialects, load, load_file  # noqa: E402
from wirecheck.catalog.model import Style  # noqa: E402
from wirecheck.errors import CatalogError  # noqa: E402
from wirecheck.sample.source import Seeded  # noqa: E402
from wirecheck.types import LANGUAGES, generate  # noqa: E402

STYLES: Final[tuple[Style, ...]] = ("flat", "nested")
SHOWN: Final = 8
HEAD: Final = ("language", "valid accepted", "invalid rejected", "round trips equal", "excepted", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of a language: a line of the table, and whether it counts as a failure."""

    cells: tuple[str, ...]
    failed: bool


class Broken(Exception):
    """A language's code is not formatted, has a warning, or does not compile; the text is what its tool said."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=f"of {', '.join(LANGUAGES)}; all by default")
    parser.add_argument("--fuzzed", type=int, default=10_000, metavar="N", help="fuzzed frames a language (10,000)")
    parser.add_argument("--drawn", type=int, default=4, metavar="N", help="catalogs that are drawn (4)")
    parser.add_argument("--seed", type=int, default=1, help="of what is fuzzed and drawn (1)")
    parser.add_argument("--no-lint", action="store_true", help="compile and ask, without formatters and linters")
    options = parser.parse_args()
    unknown = [name for name in options.languages if name not in LANGUAGES]
    if unknown:
        parser.error(f"no types are written in {', '.join(unknown)}; there are {', '.join(LANGUAGES)}")
    subjects = [*subjects_of(options.drawn, options.seed)]
    cases = [*_cases(subjects, options.fuzzed, options.seed)]
    families: dict[str, list[str]] = {}
    for language in options.languages or LANGUAGES:
        families.setdefault(language.partition("-")[0], []).append(language)

    def in_turn(family: Sequence[str]) -> list[Row]:
        return [_row(language, subjects, cases, lint=not options.no_lint) for language in family]

    # Most of the time is a compiler's. Two languages of one family may share a folder of packages, so one follows the
    # other there.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        rows = [row for family in pool.map(in_turn, families.values()) for row in family]
    print(_table([row.cells for row in rows]))
    return 1 if any(row.failed for row in rows) else 0


def _row(language: str, subjects: Sequence[Subject], cases: Sequence[Case], *, lint: bool) -> Row:
    """One language proven; what is wrong is said at once."""
    began = perf_counter()
    toolchain = _toolchain(language)
    missing = [command for command in toolchain.NEEDS if shutil.which(command) is None]
    if missing:
        # A user's machine need not have every language; where it must be proven, nothing is passed over.
        cells = (language, f"not here: {', '.join(missing)}", "", "", "", "")
        return Row(cells=cells, failed=bool(os.environ.get("CI")))
    try:
        found = _proven(language, toolchain, subjects, cases, lint=lint)
    except Broken as error:
        print(f"{language}: {error}\n", file=sys.stderr, flush=True)
        return Row(cells=(language, "does not compile, or not without a word", "", "", "", ""), failed=True)
    more = len(found.wrong) - SHOWN
    said = [*found.wrong[:SHOWN], *([f"and {more:,} more"] if more > 0 else [])]
    print("".join(f"{language}: {line}\n" for line in said), end="", file=sys.stderr, flush=True)
    return Row(cells=(language, *found.row, f"{perf_counter() - began:.0f}"), failed=bool(found.wrong))


def subjects_of(count: int, seed: int) -> Iterator[Subject]:
    """Every shipped dialect and the odd one in all envelopes that differ, and `count` that are drawn, in two."""
    for dialect in (*map(load, dialects()), load_file(ROOT / "tools" / "types" / "odd.yaml")):
        styles = [Subject.of(dialect, style) for style in STYLES]
        yield from styles
        wire = Subject.of(dialect, "wire")
        if all(wire.module.unions != style.module.unions for style in styles):
            yield wire
    for number, dialect in enumerate(_drawn(count, seed)):
        for style in STYLES:
            module = Subject.of(dialect, style).module
            yield Subject(name=f"drawn{number}_{style}", dialect=dialect, envelope=style, module=module)


def _drawn(count: int, seed: int) -> Iterator[Dialect]:
    made, number = 0, seed * 1_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.yaml"
        while made < count:
            number += 1
            path.write_text(drawn(Seeded(number)), encoding="utf-8")
            try:
                yield load_file(path)
            except CatalogError:
                continue  # contradicts itself, and the loader says so
            made += 1


def _cases(subjects: Sequence[Subject], count: int, seed: int) -> Iterator[Case]:
    for subject in subjects:
        if subject.dialect.name in dialects() and subject.envelope != "wire":
            yield from vectors(subject, ROOT / "fixtures")
    shipped = sum(subject.dialect.name in dialects() for subject in subjects)  # of others none may be known
    for subject in subjects:
        yield from fuzzed(subject, seed, count=-(-count // shipped))


def _toolchain(language: str) -> Any:
    """The module that knows how a language is built: `NEEDS`, `lay`, `COMMANDS` and `DRIVER`, which reads what
    `Case.asked` writes, a line each, and writes what `judged` reads."""
    path = ROOT / "tools" / "types" / language / "toolchain.py"
    spec = spec_from_file_location(f"toolchain_{language.replace('-', '_')}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _proven(
    language: str, toolchain: Any, subjects: Sequence[Subject], cases: Sequence[Case], *, lint: bool
) -> Agreement:
    build = ROOT / "build" / "types" / language
    build.mkdir(parents=True, exist_ok=True)
    modules: Mapping[str, Mapping[str, str]] = {
        one.name: generate(one.dialect, language, envelope=one.envelope, package=one.name) for one in subjects
    }
    toolchain.lay(build, modules)
    for command in toolchain.COMMANDS if lint else toolchain.COMMANDS[-1:]:
        done = subprocess.run(command, cwd=build, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Broken(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-6000:]}{done.stderr[-6000:]}")
    asked = "".join(f"{case.asked()}\n" for case in cases)
    done = subprocess.run(toolchain.DRIVER, cwd=build, input=asked, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise Broken(f"{' '.join(toolchain.DRIVER)}: exit {done.returncode}\n{done.stderr[-6000:]}")
    answers = [line for line in done.stdout.split("\n") if line]
    return judged(cases, answers, OF_DOUBLES if language.startswith("typescript") else EXCUSES)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as a table of Markdown."""
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (HEAD, *rows)]
    rule = "-|-".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


if __name__ == "__main__":
    sys.exit(main())
