"""Which dialect a command is about.

Law: a name of a shipped catalog, or a path of somebody's own; the two are told apart by the option and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wirecheck.errors import UsageError

if TYPE_CHECKING:
    from wirecheck.catalog.model import Dialect

_Wrapped = TypeVar("_Wrapped", bound=Callable[..., Any])


def dialect_options(function: _Wrapped) -> _Wrapped:
    """`--dialect NAME` and `--catalog FILE`."""
    catalog = click.option("--catalog", metavar="FILE", help="A catalog file of your own, in place of --dialect.")
    dialect = click.option("--dialect", metavar="NAME", help="One of `wirecheck dialects`.")
    return dialect(catalog(function))


def chosen(dialect: str | None, catalog: str | None) -> Dialect | None:
    """The dialect that the options name; None where they name none."""
    from wirecheck.catalog import dialects, load, load_file
    from wirecheck.catalog.structure import did_you_mean

    if dialect is not None and catalog is not None:
        raise UsageError("--dialect and --catalog both say whose traffic it is; give one of them")
    if catalog is not None:
        return load_file(catalog)
    if dialect is not None and dialect not in dialects():
        advice = f"{did_you_mean(dialect, dialects())}; give a file of your own with --catalog FILE"
        raise UsageError(f"no dialect is called `{dialect}`; {advice}")
    return load(dialect) if dialect is not None else None


def the_one(dialect: str | None, catalog: str | None) -> Dialect:
    """The dialect that the options must name."""
    from wirecheck.catalog import dialects

    found = chosen(dialect, catalog)
    if found is None:
        raise UsageError(f"say which dialect: --dialect with one of {', '.join(dialects())}, or --catalog FILE")
    return found
