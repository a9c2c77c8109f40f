"""The hooks of a session that has a server to test.

Law: pytest's events in, calls of others out. Registered with a URL alone. What a worker of pytest-xdist does and what
its controller does is told apart here: workers play and judge, the controller (or the only process) knows the server
to be there, sums up, and decides how the run ends.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from wirecheck.plugin import NAME, SUITE
from wirecheck.plugin.conversation import FAILED
from wirecheck.plugin.items import parameters
from wirecheck.plugin.judging import NOTE
from wirecheck.plugin.notes import packed, unpacked
from wirecheck.plugin.run import OUR_FAULT, RUN, Run, our_fault
from wirecheck.plugin.settings import settings_of
from wirecheck.plugin.summary import Summary

_FUZZ: Final = "test_fuzz"
_SUITE: Final = "wirecheck.suite"
_CARRIED: Final = "wirecheck"
"""The attribute of a test report that holds the item's note, as plain data."""


class Live:
    """The plugin while there is a server to test."""

    def __init__(self, config: pytest.Config) -> None:
        self._worker = hasattr(config, "workerinput")
        self._run: Run | None = None
        self._summary: Summary | None = None
        self._objections: tuple[str, ...] = ()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Read what was given, before anything is collected; a mistake ends pytest with its own code for usage."""
        try:
            settings = settings_of(session.config)
        except pytest.UsageError:
            raise
        except Exception as error:
            said = our_fault(error)
        else:
            said = ""
        if said:
            pytest.exit(f"wirecheck: {said}", returncode=OUR_FAULT)
        self._run = Run(session.config, settings, worker=getattr(session.config, "workerinput", None))
        session.config.stash[RUN] = self._run
        self._summary = Summary(settings=settings)

    def pytest_report_header(self) -> str:
        assert self._run is not None
        return f"wirecheck: {self._run.settings.heading}"

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "wirecheck_case" in metafunc.fixturenames:
            assert self._run is not None
            grouped = metafunc.config.pluginmanager.hasplugin("xdist")
            metafunc.parametrize("wirecheck_case", parameters(self._run.settings, grouped=grouped))
        elif "wirecheck_fuzz" in metafunc.fixturenames:
            assert self._run is not None
            metafunc.parametrize("wirecheck_fuzz", [self._run.settings.target.dialect.name])

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, name: str, obj: object) -> list[pytest.Item] | None:
        """The suite's test that fuzzes is there only where it is asked for."""
        assert self._run is not None
        ours = name == _FUZZ and getattr(obj, "__module__", None) == _SUITE
        return [] if ours and not self._run.settings.fuzz else None

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """The suite under a name of its own: it lies outside of the project, where pytest knows no name for it."""
        if module_path != SUITE:
            return None
        module: pytest.Module = pytest.Module.from_parent(parent, path=module_path, nodeid=NAME)
        return module

    @pytest.hookimpl(optionalhook=True, hookwrapper=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> Generator[None, Any, None]:
        """Under `--dist loadgroup`, keep the items of a scenario together by their ids.

        Their marks say the same, but pytest-xdist 3.8 hands them to the scheduler in the item's id, and from
        pytest 9.2 on that can no longer be changed.
        """
        made = yield
        if config.getoption("dist") == "loadgroup":
            scheduler = made.get_result()
            usual = scheduler._split_scope
            scheduler._split_scope = lambda nodeid: self._group_of(nodeid) or usual(nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Before any worker plays, and once for all of them."""
        assert self._run is not None
        if any(map(self._group_of, ids)):
            self._run.arrive()

    def _group_of(self, nodeid: str) -> str:
        """The scenario that an item is about; empty for items that are not ours."""
        assert self._run is not None
        return self._run.settings.groups.get(nodeid.rpartition("[")[2].partition("]")[0], "")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        made = yield
        if call.when == "call":
            item.stash[FAILED] = made.get_result().failed
        note = item.stash.get(NOTE, None)
        if note is not None and call.when == "call":
            setattr(made.get_result(), _CARRIED, packed(note))
            del item.stash[NOTE]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        carried = getattr(report, _CARRIED, None)
        if carried is not None and not self._worker:
            assert self._summary is not None
            self._summary.add(unpacked(carried))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        assert self._run is not None and self._summary is not None
        if self._worker or not self._summary.notes:
            return
        unwritten = self._run.settings.write_report(self._summary.report())
        self._objections = (*self._summary.objections(), *([unwritten] if unwritten else []))
        if self._objections and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        assert self._summary is not None
        if not self._summary.notes:
            return
        terminalreporter.write_sep("=", "wirecheck")
        for line in self._summary.lines():
            terminalreporter.write_line(line)
        for line in self._objections:
            terminalreporter.write_line(line, red=True)
