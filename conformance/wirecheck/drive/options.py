"""What a user says of a target, as text: variables, secrets, headers, failures that are expected.

Law: text in, values out, the same for whichever surface asks. A secret is never given in plain sight where a better
way exists, and no error repeats one. Options are named as the command line names them; a surface with other names
passes its own prefix.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from wirecheck.catalog import Dialect
from wirecheck.drive.handshake import TOKEN
from wirecheck.drive.target import MAX_SIZE, Target, Transport
from wirecheck.errors import UsageError
from wirecheck.redact import SHORTEST_SECRET

_ENVIRONMENT: Final = "WIRECHECK_"
_NONE: Final = "none"
"""Stands for a proxy that is not to be used, whatever the environment says."""
_MOST: Final = 64 * 1024
"""Bytes of a file that holds a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the user said of a target, as it was said: `NAME=VALUE` texts where a list is taken.

    `variables` are plain values, `secrets` `NAME=env:VAR` or `NAME=file:PATH`; `headers` (`NAME=…`) and `subprotocols`
    take a plain value, `env:VAR` or `file:PATH`. `proxy` may be `none`.
    """

    url: str = field(repr=False)
    variables: Sequence[str] = field(default=(), repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)
    headers: Sequence[str] = field(default=(), repr=False)
    subprotocols: Sequence[str] = field(default=(), repr=False)
    ca: Path | None = None
    insecure: bool = False
    cert: Path | None = None
    key: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    compression: bool = True
    max_size: int = MAX_SIZE
    transport: Transport = "websocket"
    trigger: str | None = field(default=None, repr=False)


def target_of(
    given: Given, dialect: Dialect, *, environment: Mapping[str, str] | None = None, prefix: str = "--"
) -> Target:
    """The target that the user means. `prefix` begins the names of options in what the user is told.

    The environment's `WIRECHECK_<NAME>` gives a variable its value where no option does. Raises `UsageError`.
    """
    world = os.environ if environment is None else environment
    reading = _Reading(dialect, world, prefix)
    variables = {**reading.inherited(), **reading.plain(given.variables), **reading.secret(given.secrets)}
    if given.key is not None and given.cert is None:
        raise UsageError(f"{prefix}key goes with {prefix}cert; name the certificate too")
    headers, secret_headers = reading.headers(given.headers)
    protocols, secret_protocols = reading.subprotocols(given.subprotocols)
    return Target(
        url=given.url,
        dialect=dialect,
        variables=variables,
        headers=headers,
        subprotocols=protocols,
        ca=given.ca,
        insecure=given.insecure,
        cert=given.cert,
        key=given.key,
        proxy="" if given.proxy == _NONE else given.proxy,
        compression=given.compression,
        max_size=given.max_size,
        transport=given.transport,
        trigger=given.trigger,
        hidden=frozenset((*secret_headers, *secret_protocols)),
        prefix=prefix,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    dialect: Dialect
    world: Mapping[str, str]
    prefix: str

    def inherited(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, form in self.dialect.variables.items():
            value = self.world.get(f"{_ENVIRONMENT}{name.upper()}", "")
            if value and form.secret:
                found[name] = _secret(value, f"the environment's {_ENVIRONMENT}{name.upper()}")
            elif value:
                found[name] = _like(form.reference, _text(value, f"the environment's {_ENVIRONMENT}{name.upper()}"))
        return found

    def plain(self, given: Iterable[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for text in given:
            name, value = self._pair(text, "var", "NAME=VALUE", shown=False)
            self._known(name, "var")
            form = self.dialect.variables[name]
            if form.secret:
                raise UsageError(
                    f"{self.prefix}var {name}=…: {name} is a secret, and a command line is no place for one; give it "
                    f"with {self.prefix}secret {name}=env:VAR or {name}=file:PATH"
                )
            found[name] = _like(form.reference, _text(value, f"{self.prefix}var {name}"))
        return found

    def secret(self, given: Iterable[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for text in given:
            name, value = self._pair(text, "secret", "NAME=env:VAR or NAME=file:PATH", shown=False)
            self._known(name, "secret")
            option = f"{self.prefix}secret {name}"
            if not value.startswith(("env:", "file:")):
                raise UsageError(
                    f"{option}=…: say where the secret is, {name}=env:VAR or {name}=file:PATH, not what it is"
                )
            found[name] = self._fetched(value, option)
        return found

    def headers(self, given: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        found: dict[str, str] = {}
        hidden = []
        for text in given:
            name, value = self._pair(text, "header", "NAME=VALUE, NAME=env:VAR or NAME=file:PATH", shown=False)
            option = f"{self.prefix}header {name}"
            if not TOKEN.fullmatch(name):
                raise UsageError(f"{self.prefix}header {name!a}=…: this is no name of a header")
            if value.startswith(("env:", "file:")):
                found[name] = self._fetched(value, option)
                hidden.append(found[name])
            else:
                found[name] = _line(value, option)
        return found, hidden

    def subprotocols(self, given: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
        found, hidden = [], []
        for text in given:
            if text.startswith(("env:", "file:")):
                hidden.append(self._fetched(text, f"{self.prefix}subprotocol"))
                found.append(hidden[-1])
            else:
                found.append(_line(text, f"{self.prefix}subprotocol"))
        return tuple(found), hidden

    def _pair(self, text: str, option: str, form: str, *, shown: bool) -> tuple[str, str]:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{self.prefix}{option}: write it as {form}")
        return name, value

    def _known(self, name: str, option: str) -> None:
        variables = self.dialect.variables
        if name in variables:
            return
        fitting = [other for other, form in variables.items() if form.secret == (option == "secret")]
        listed = ", ".join(fitting) or "none"
        raise UsageError(
            f"{self.prefix}{option} {name!a}: {self.dialect.name} has no such variable; there are {listed}"
        )

    def _fetched(self, value: str, option: str) -> str:
        """The secret that lies in the environment or in a file."""
        kind, _, where = value.partition(":")
        if kind == "env":
            text = self.world.get(where, "")
            if not text:
                raise UsageError(f"{option}=env:{where}: the environment has no {where}, or it is empty; set it")
            return _secret(text, f"{option}=env:{where}")
        try:
            with open(where, "rb") as file:
                content = file.read(_MOST + 1)
        except OSError as error:
            raise UsageError(
                f"{option}=file:{where}: it cannot be read ({error.strerror}); name another file"
            ) from None
        if len(content) > _MOST:
            raise UsageError(f"{option}=file:{where}: this is too long for a secret; name another file")
        try:
            return _secret(content.decode(), f"{option}=file:{where}")
        except UnicodeDecodeError:
            raise UsageError(f"{option}=file:{where}: this is no text; name another file") from None


def _secret(text: str, where: str) -> str:
    value = _line(text.strip(), where)
    if len(value) < SHORTEST_SECRET:
        raise UsageError(f"{where}: a secret of less than {SHORTEST_SECRET} characters cannot be kept out of reports")
    return value


def _line(value: str, where: str) -> str:
    """A value that can stand in a header: one line of text, without control characters."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in value):
        raise UsageError(f"{where}: the value must be one line, without control characters")
    return _text(value, where)


def _text(value: str, where: str) -> str:
    """A value that is text; bytes of the command line or the environment that are none come as lone surrogates."""
    if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise UsageError(f"{where}: the value is no text in UTF-8; give another")
    return value


def _like(reference: Any, text: str) -> Any:
    """A variable's value, of the kind that its reference has: text as it is, all else as JSON."""
    if isinstance(reference, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
