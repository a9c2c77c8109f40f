"""The pytest plugin: options, settings, markers, and one fixture for tests of your own.

Law: inert without a URL. pytest imports this module in every run of everybody who has the package installed, so it
imports nothing but pytest and the names of the options; whatever else there is is imported, and its hooks are
registered, only in a session that has a server to test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from wirecheck.plugin import NAME, SUITE
from wirecheck.plugin.options import add_options, value
from wirecheck.plugin.warned import WirecheckWarning

if TYPE_CHECKING:
    from wirecheck.drive import Conversation

__all__ = ["NO_TARGET", "WirecheckWarning", "wirecheck_case", "wirecheck_conversation", "wirecheck_fuzz"]

_MODULE: Final = "wirecheck.suite"
_MARKERS: Final = (
    "wirecheck_level(level): the item is about a guarantee of this level (added by wirecheck)",
    "wirecheck_guarantee(id): the item is about this guarantee (added by wirecheck)",
    "wirecheck_must: the item is about what a document states in words (added by wirecheck)",
    "wirecheck_should: the item is about what a document shows in an example (added by wirecheck)",
    "wirecheck_may: the item is about what is common sense (added by wirecheck)",
)
NO_TARGET: Final = (
    "wirecheck: no server to test; give --wirecheck-url ws://… and --wirecheck-dialect NAME "
    "(or wirecheck_url and wirecheck_dialect in the configuration file)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for line in _MARKERS:
        config.addinivalue_line("markers", line)
    if value(config, "url"):
        from wirecheck.plugin.live import Live

        config.pluginmanager.register(Live(config), "wirecheck-live")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Find the suite by the name that reports give it, so that an item is run again by the id that stands in them.

    Refuse it without a target here, where a mistake still ends pytest with its own code for usage.
    """
    config = session.config
    config.args[:] = [_found(config, arg) for arg in config.args]
    if not value(config, "url") and any(_names_suite(config, arg) for arg in config.args):
        raise pytest.UsageError(NO_TARGET)


def _found(config: pytest.Config, arg: str) -> str:
    own = (config.invocation_params.dir / NAME).exists()
    return arg if own or not arg.startswith(NAME) else f"{SUITE}{arg.removeprefix(NAME)}"


def _names_suite(config: pytest.Config, arg: str) -> bool:
    name = arg.partition("[")[0].partition("::")[0]
    if config.option.pyargs and name == _MODULE:
        return True
    return name.endswith(SUITE.name) and (config.invocation_params.dir / name).resolve() == SUITE


@pytest.fixture
def wirecheck_case() -> None:
    """A scenario and one of its guarantees; stands here for sessions that have no server to test."""
    pytest.skip(NO_TARGET)


@pytest.fixture
def wirecheck_fuzz() -> None:
    """The dialect in which the server is fuzzed; stands here for sessions that have no server to test."""
    pytest.skip(NO_TARGET)


@pytest.fixture
def wirecheck_conversation(request: pytest.FixtureRequest) -> Iterator[Conversation]:
    """A conversation with the server under test, for a test of your own; it is closed when the test ends.

    Skips where no server is given.
    """
    if not value(request.config, "url"):
        pytest.skip(NO_TARGET)
    from wirecheck.plugin.conversation import held

    yield from held(request.node)
