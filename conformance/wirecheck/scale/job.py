"""What is to be judged by what, as a value that any process can work with.

Law: small, and made to travel; what a dialect compiles to never does, but is made once in each process.
"""

from __future__ import annotations

import os
import pickle
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from wirecheck.capture import Limits
from wirecheck.catalog import Dialect, Envelope, dialects, load
from wirecheck.check import Checker
from wirecheck.check.journal import NOTHING, Past
from wirecheck.check.tally import Sides

_KEPT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything that a worker must know to judge a part of `input`: the arguments of a `Checker`, and the bounds of
    reading. `name` is that of a shipped dialect, or `catalog` holds one of somebody's own. `known` may say what is true
    of the capture before the part (`Summary.past` of whatever lies before it); that only saves work. `near` says that
    whoever merges reads the source as quickly: then no lines travel."""

    name: str
    catalog: bytes = b""
    input: str = "-"
    envelope: Envelope | Literal["auto"] = "wire"
    closed: bool = False
    side: Sides = "both"
    rules: frozenset[str] | None = None
    secrets: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    known: Past = NOTHING
    near: bool = False

    @property
    def dialect(self) -> Dialect:
        """The dialect, loaded once in a process."""
        return _loaded(self.name, self.catalog)

    def checker(self) -> Checker:
        """A new checker for it."""
        return Checker(self.dialect, **self.options)

    @property
    def options(self) -> dict[str, Any]:
        """The further arguments of a `Checker`."""
        return {
            "input": self.input,
            "envelope": self.envelope,
            "closed": self.closed,
            "side": self.side,
            "rules": self.rules,
            "secrets": self.secrets,
        }


def job(
    dialect: Dialect,
    *,
    input: str = "-",
    envelope: Envelope | Literal["auto"] = "wire",
    closed: bool = False,
    side: Sides = "both",
    rules: Collection[str] | None = None,
    secrets: frozenset[str] = frozenset(),
    limits: Limits | None = None,
) -> Job:
    """The job of judging `input` by this dialect; the arguments are those of a `Checker`."""
    shipped = dialect.name in dialects() and load(dialect.name) == dialect
    return Job(
        name=dialect.name,
        catalog=b"" if shipped else zlib.compress(pickle.dumps(dialect)),
        input=input,
        envelope=envelope,
        closed=closed,
        side=side,
        rules=None if rules is None else frozenset(rules),
        secrets=secrets,
        limits=limits or Limits(),
    )


@lru_cache(maxsize=_KEPT)
def _loaded(name: str, catalog: bytes) -> Dialect:
    if not catalog:
        return load(name)
    dialect = pickle.loads(zlib.decompress(catalog))
    assert isinstance(dialect, Dialect)
    return dialect


def cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
