"""What holds for all tests: no upper bounds of time, no looking for garbage among thousands of them, and no measuring
of lines but while a test runs that is to be measured.

Tracing slows every line that Python runs, those of pytest and of the libraries too. So it is on in three places alone:
where the package is imported, once; in a test's fixtures; and in a test, unless it says `no_cover`.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import signal
import sys
import threading
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import wirecheck

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


class Tracing:
    """What coverage traces with, put aside while nothing is to be measured; None where nobody asked for coverage."""

    def __init__(self) -> None:
        self._own: Any = None
        self._of_threads: Any = None

    def pause(self) -> None:
        if sys.gettrace() is not None:
            self._own, self._of_threads = sys.gettrace(), threading.gettrace()
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def resume(self) -> None:
        sys.settrace(self._own)
        threading.settrace(self._of_threads)


TRACING = Tracing()


def pytest_configure() -> None:
    """Where tests run in the background of a shell, interrupts are ignored, and every child would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """What a module does when it is imported is seen first; the process that only hands out tests imports nothing."""
    if sys.gettrace() is not None and not session.config.pluginmanager.hasplugin("dsession"):
        for module in pkgutil.walk_packages(wirecheck.__path__, "wirecheck."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    TRACING.pause()
    return (yield)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there now, tests and catalogs, stays to the end."""
    gc.collect()
    gc.freeze()


def measured(item: pytest.Item) -> Generator[None, object, object]:
    TRACING.pause()  # pytest-cov goes on by itself after `no_cover`, with a tracer that it made anew
    if item.get_closest_marker("no_cover") is None:
        TRACING.resume()
    try:
        return (yield)
    finally:
        TRACING.pause()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from measured(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from measured(item))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from measured(item))
