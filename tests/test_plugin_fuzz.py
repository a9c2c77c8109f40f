"""`--wirecheck-fuzz N`: one more test in the suite, which fuzzes the session's server."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import planted
from planted import TRACEBACK, Planted, planting
from plugin_servers import ALONE

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project of its own, without what other plugins, and our own settings for warnings, have to say of it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", ALONE)
    pytester.makeini("[pytest]")
    monkeypatch.setattr(logging.getLogger("wirecheck.serve"), "disabled", True)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


def suite(pytester: pytest.Pytester, server: Planted, *args: str) -> pytest.RunResult:
    target = (
        "--wirecheck-url",
        server.url,
        "--wirecheck-dialect",
        "vonz",
        "--wirecheck-scenario",
        "submit-new-session",
    )
    return pytester.runpytest("--pyargs", "wirecheck.suite", *target, *args)


def listed(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def test_it_is_there_only_where_it_is_asked_for(pytester: pytest.Pytester) -> None:
    with planting(Planted) as server:
        without = suite(pytester, server, "--collect-only", "-q")
        none = suite(pytester, server, "--collect-only", "-q", "--wirecheck-fuzz", "0")
        some = suite(pytester, server, "--collect-only", "-q", "--wirecheck-fuzz", "9")
        pytester.makeini("[pytest]\nwirecheck_fuzz = 9\n")
        written = suite(pytester, server, "--collect-only", "-q")
    assert not [line for line in listed(without) if "test_fuzz" in line]
    assert listed(none) == listed(without)
    assert listed(some) == listed(written) == [*listed(without), "wirecheck/suite.py::test_fuzz[vonz]"]


def test_a_server_that_is_right_passes(pytester: pytest.Pytester) -> None:
    with planting(Planted) as server:
        result = suite(pytester, server, "--wirecheck-fuzz", "10", "-k", "test_fuzz", "-rP")
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.fnmatch_lines(["vonz at ws://127.0.0.1:*: no finding", "10 messages in *ended by 10 messages"])


def test_a_planted_bug_fails_it_with_the_conversation(pytester: pytest.Pytester) -> None:
    with planting(planted.TripsOverWhatIsMissing) as server:
        result = suite(
            pytester,
            server,
            "--wirecheck-fuzz",
            "50",
            "-k",
            "test_fuzz",
            "--wirecheck-captures",
            "kept",
            "--showlocals",
        )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "vonz at ws://127.0.0.1:*: 1 finding",
            "must abnormal-close  the server closed with code 1011 after *, invalid: *",
            "  failed 5 of 5 times when it was played again",
            "    send on *, invalid: *",
            "  capture: *kept/fuzz-abnormal-close.jsonl",
        ]
    )
    assert {path.name for path in Path("kept").iterdir()} == {"fuzz-abnormal-close.jsonl", "fuzz-abnormal-close.yaml"}
    assert "Traceback" not in result.stdout.str()


class TellsAlways(Planted):
    """Has nothing to say but its own stack, unless it is asked to work."""

    async def meets(self, socket: Any, body: str | bytes) -> str | bytes | None:
        if planted.parsed(body).get("type") == "task.submit":
            return body
        await socket.send(json.dumps({"type": "error", "code": "INTERNAL", "message": TRACEBACK}))
        return None


def test_a_milder_finding_warns_and_fails_where_warnings_are_errors(pytester: pytest.Pytester) -> None:
    with planting(TellsAlways) as server:
        result = suite(pytester, server, "--wirecheck-fuzz", "25", "-k", "test_fuzz")
        strict = suite(pytester, server, "--wirecheck-fuzz", "25", "-k", "test_fuzz", "-W", "error")
    result.stdout.fnmatch_lines(["*WirecheckWarning: error-leaks-internals: an error after *"])
    assert result.ret == pytest.ExitCode.OK
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    strict.stdout.fnmatch_lines(["should error-leaks-internals  an error after *"])


def test_turns_of_the_session_are_shared(pytester: pytest.Pytester) -> None:
    with planting(Planted) as server:
        result = suite(pytester, server, "--wirecheck-fuzz", "500", "--wirecheck-max-turns", "9", "-rP")
    result.stdout.fnmatch_lines(["*ended by the cap of * turns"])
    assert result.ret == pytest.ExitCode.OK


def test_a_number_that_is_none(pytester: pytest.Pytester) -> None:
    with planting(Planted) as server:
        result = suite(pytester, server, "--wirecheck-fuzz", "many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--wirecheck-fuzz 'many': give a whole number from 0"])


def test_a_server_that_passes_nothing_fails_it(pytester: pytest.Pytester) -> None:
    class Mute(Planted):
        async def meets(self, socket: object, body: str | bytes) -> str | bytes | None:
            return None

    with planting(Mute) as server:
        result = suite(
            pytester,
            server,
            "--wirecheck-fuzz",
            "5",
            "-k",
            "test_fuzz",
            "--wirecheck-timeout",
            "0.3",
            "--wirecheck-patience",
            "0.01",
        )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["wirecheck: no canary: *"])
