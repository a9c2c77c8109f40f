"""What the user set, as values: the server, the limits, what is played, and when the run fails.

Law: texts in, values out, or one sentence that names the option and says what would do (`pytest.UsageError`). Files are
looked for here, before anything is collected; nothing is connected.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast, get_args

import pytest

from wirecheck.catalog import Dialect, dialects, load, load_file
from wirecheck.drive import Case, Limits, Target, cases
from wirecheck.drive.expected import Expected, read_expected
from wirecheck.drive.options import Given, target_of
from wirecheck.drive.refusal import place
from wirecheck.drive.target import Transport
from wirecheck.errors import UsageError, WirecheckError
from wirecheck.plugin.options import value
from wirecheck.report import Section, json
from wirecheck.report.escape import printable
from wirecheck.report.view import FailOn, Terms
from wirecheck.verdict import Report

_PREFIX: Final = "--wirecheck-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that was set.

    `cases` is what there is to judge, in the catalog's order; `groups` names, by a case's id, what belongs together.
    `fuzz` is how many messages are sent beside them that no scenario has.
    """

    target: Target
    limits: Limits
    cases: tuple[Case, ...]
    groups: Mapping[str, str]
    rules: tuple[str, ...]
    attempts: int | None
    max_turns: int | None
    wait: float
    terms: Terms
    captures: Path | None
    keep_captures: bool
    report: Path | None
    fuzz: int = 0
    expected: Expected = field(default_factory=Expected)

    @property
    def heading(self) -> str:
        """Whom the session tests, fit to be shown."""
        return f"{self.target.dialect.name} at {place(self.target)}"

    def share(self, worker: int, workers: int) -> int | None:
        """How many turns one of so many workers of pytest-xdist may send, so that all together keep to the cap."""
        if self.max_turns is None:
            return None
        return self.max_turns // workers + (worker < self.max_turns % workers)

    def write_report(self, report: Report) -> str:
        """Write the report, if one is asked for. Why that failed; empty if it did not."""
        if self.report is None:
            return ""
        try:
            self.report.write_text(json.render([Section(report=report, secrets=self.target.secrets())]), "ascii")
        except OSError as error:
            return f"{_PREFIX}report {self.report}: cannot be written ({error.strerror}); name another file"
        return ""


def group_of(case: Case) -> str:
    """What the items of a case's scenario have in common."""
    return f"{case.dialect.name}/{case.scenario.name}"


def settings_of(config: pytest.Config) -> Settings:
    """What the command line and the configuration file say. Raises `pytest.UsageError`."""
    try:
        return _read(_Given(config))
    except WirecheckError as error:
        raise pytest.UsageError(*map(_line, str(error).split("\n"))) from None


def _line(text: str) -> str:
    return printable(f"wirecheck: {text}")


@dataclass(frozen=True, slots=True)
class _Given:
    """Options and settings by the name of the option, each checked for its form."""

    config: pytest.Config

    def text(self, name: str) -> str | None:
        found = value(self.config, name)
        return None if found is None else str(found)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(map(str, value(self.config, name)))

    def path(self, name: str) -> Path | None:
        found = self.text(name)
        return None if found is None else Path(found)

    def flag(self, name: str) -> bool:
        return bool(value(self.config, name))

    def one_of(self, name: str, words: tuple[str, ...]) -> Any:
        found = self.text(name)
        if found is not None and found not in words:
            raise UsageError(f"{_PREFIX}{name} {found!a}: it is one of {', '.join(words)}")
        return found

    def number(self, name: str, *, positive: bool) -> float | None:
        found = self.text(name)
        if found is None:
            return None
        try:
            number = float(found)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and (number > 0 if positive else number >= 0)):
            raise UsageError(f"{_PREFIX}{name} {found!a}: give a number {'above' if positive else 'from'} 0")
        return number

    def count(self, name: str, *, least: int) -> int | None:
        found = self.text(name)
        if found is not None and not (found.isascii() and found.isdecimal() and int(found) >= least):
            raise UsageError(f"{_PREFIX}{name} {found!a}: give a whole number from {least}")
        return None if found is None else int(found)


def _read(given: _Given) -> Settings:
    dialect = _dialect(given)
    target = target_of(
        Given(
            url=given.text("url") or "",
            variables=given.texts("var"),
            secrets=given.texts("secret"),
            headers=given.texts("header"),
            subprotocols=given.texts("subprotocol"),
            ca=given.path("ca"),
            insecure=given.flag("insecure"),
            cert=given.path("cert"),
            key=given.path("key"),
            proxy=given.text("proxy"),
            transport=given.one_of("transport", get_args(Transport)) or "websocket",
            trigger=given.text("trigger"),
        ),
        dialect,
        prefix=_PREFIX,
    )
    plain = Limits()
    timeout, patience = given.number("timeout", positive=True), given.number("patience", positive=True)
    rules = given.texts("rule")
    known = cases(dialect, given.texts("scenario"), rules)
    expected, report, captures = given.path("expected-failures"), given.path("report"), given.path("captures")
    for name, path in (("report", report), ("captures", captures)):
        _fit(name, path)
    return Settings(
        target=target,
        limits=Limits(
            timeout=plain.timeout if timeout is None else timeout,
            patience=plain.patience if patience is None else patience,
        ),
        cases=known,
        groups={case.id: group_of(case) for case in known},
        rules=rules,
        attempts=given.count("attempts", least=1),
        max_turns=given.count("max-turns", least=0),
        wait=given.number("wait", positive=False) or 0.0,
        fuzz=given.count("fuzz", least=0) or 0,
        terms=Terms(
            fail_on=cast(FailOn, given.one_of("fail-on", get_args(FailOn)) or "must"),
            require=given.one_of("require", ("must", "should")),
        ),
        captures=captures,
        keep_captures=given.flag("keep-captures"),
        report=report,
        expected=Expected() if expected is None else read_expected(expected, known),
    )


def _dialect(given: _Given) -> Dialect:
    name, catalog = given.text("dialect"), given.path("catalog")
    if name is not None and catalog is not None:
        raise UsageError(f"{_PREFIX}dialect and {_PREFIX}catalog both say what the server speaks; give one of them")
    if catalog is not None:
        return load_file(catalog)
    if name is None:
        listed = ", ".join(dialects())
        raise UsageError(f"say what the server speaks: {_PREFIX}dialect with one of {listed}, or {_PREFIX}catalog FILE")
    return load(name)


def _fit(name: str, path: Path | None) -> None:
    """Raise `UsageError` where nothing could be written, before any work is done for it."""
    if path is None:
        return
    if name == "report" and path.is_dir():
        raise UsageError(f"{_PREFIX}{name} {path}: this is a folder; name a file")
    if name == "captures" and path.exists() and not path.is_dir():
        raise UsageError(f"{_PREFIX}{name} {path}: this is a file; name a folder")
    above = path.parent
    if name == "report" and not above.is_dir():
        raise UsageError(f"{_PREFIX}{name} {path}: there is no folder {above}; make it first")
    there = path if path.exists() else above
    if there.exists() and not os.access(there, os.W_OK):
        raise UsageError(f"{_PREFIX}{name} {path}: no permission to write there; name another place")
