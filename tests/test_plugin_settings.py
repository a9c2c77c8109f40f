"""What can be set, from where, what is said of mistakes, and that nothing happens without a server to test."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from plugin_servers import ALONE
from wirecheck import dialects, load
from wirecheck.drive import cases
from wirecheck.drive.options import Given
from wirecheck.plugin.options import OPTIONS, value
from wirecheck.plugin.settings import Settings, settings_of
from wirecheck.serve import serving

pytest_plugins = ["pytester"]

VONZ = load("vonz")
VERSION = tuple(map(int, pytest.__version__.split(".")[:2]))
NOWHERE = ("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-dialect", "vonz")
HEAVY = ("websockets", "jsonschema", "jsonschema_rs", "yaml", "rich", "click", "orjson", "asyncio", "ssl")
"""What a session without a server has no use for."""


@pytest.fixture(autouse=True)
def alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project of its own, without what other plugins, and our own settings for warnings, have to say of it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", ALONE)
    for name in VONZ.variables:
        monkeypatch.delenv(f"WIRECHECK_{name.upper()}", raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


def configured(pytester: pytest.Pytester, *args: str) -> Settings:
    """The settings of a session with these arguments."""
    return settings_of(pytester.parseconfig(*args))


# Without a server


def test_importing_the_plugin_loads_nothing_of_ours_and_nothing_heavy() -> None:
    code = (
        "import sys, pytest\nbefore = set(sys.modules)\nimport wirecheck.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(ended.stdout.split()) <= {
        "wirecheck",
        "wirecheck.plugin",
        "wirecheck.plugin.options",
        "wirecheck.plugin.warned",
        "wirecheck.pytest_plugin",
    }


@pytest.mark.parametrize("args", [(), ("--wirecheck-url", ""), ("--wirecheck-dialect", "nonsense")])
def test_a_session_without_a_server_is_as_if_the_plugin_were_not_there(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    pytester.makepyfile(
        f"""
        import sys

        def test_nothing_is_loaded(request):
            ours = {{name for name in sys.modules if name.startswith("wirecheck.")}}
            assert ours <= {{"wirecheck.plugin", "wirecheck.plugin.options", "wirecheck.plugin.warned",
                             "wirecheck.pytest_plugin"}}
            assert not set({HEAVY!r}) & set(sys.modules)
            assert not request.config.pluginmanager.hasplugin("wirecheck-live")
        """
    )
    quiet = ("-p", "no:anyio", "-p", "no:xdist", "-p", "no:timeout")
    result = pytester.runpytest_subprocess(*quiet, *args)
    result.assert_outcomes(passed=1)
    lines = [line for line in result.outlines if not line.startswith(("plugins:", "rootdir:"))]
    assert not [line for line in lines if "wirecheck" in line]


@pytest.mark.parametrize("args", [(), ("-n", "2"), ("--wirecheck-dialect", "vonz"), ("--collect-only",)])
def test_the_suite_without_a_server_is_a_mistake_that_says_what_to_do(
    pytester: pytest.Pytester, args: tuple[str, ...]
) -> None:
    error = refused(pytester.runpytest("--pyargs", "wirecheck.suite", *args))
    assert fnmatchcase(error, "no server to test; give --wirecheck-url ws://* and --wirecheck-dialect NAME *")


@pytest.mark.parametrize("named", ["wirecheck.suite::test_guarantee[vonz/plain-turn/frames]", "path", "report"])
def test_so_it_is_however_the_suite_is_named(pytester: pytest.Pytester, named: str) -> None:
    import wirecheck.suite

    others = {"path": wirecheck.suite.__file__, "report": "wirecheck/suite.py::test_guarantee[vonz/plain-turn/frames]"}
    args = (others[named],) if named in others else ("--pyargs", named)
    assert refused(pytester.runpytest(*args)).startswith("no server to test; ")


def test_the_projects_own_suite_is_no_mistake(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wirecheck.suite", raising=False)  # another test may have had it imported here
    pytester.mkdir("wirecheck").joinpath("suite.py").write_text("def test_own(): pass", encoding="utf-8")
    pytester.makepyfile(suite="def test_own(): pass")
    pytester.runpytest("suite.py", "--import-mode", "importlib").assert_outcomes(passed=1)
    pytester.runpytest("wirecheck/suite.py::test_own", "--import-mode", "importlib").assert_outcomes(passed=1)


# From where


def test_every_option_is_a_setting_and_is_explained(pytester: pytest.Pytester) -> None:
    said = pytester.runpytest("--help").stdout.str()
    for option in OPTIONS:
        assert f"  {option.flag}" in said
        assert f"  {option.setting} " in said
        assert option.says.split(",")[0][:20] in said


GIVEN: dict[str, tuple[str, Any]] = {
    "dialect": ("vonz", "vonz"),
    "scenario": ("plain-turn", ["plain-turn"]),
    "var": ("prompt=Hello", ["prompt=Hello"]),
    "timeout": ("7.5", 7.5),
    "max-turns": ("3", 3),
    "insecure": ("true", True),
    "fail-on": ("should", "should"),
    "trigger": ("make it so", "make it so"),
}


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("form", ["ini", "pyproject", "override", "command line"])
def test_a_value_comes_from_wherever_it_is_set(pytester: pytest.Pytester, name: str, form: str) -> None:
    text, meant = GIVEN[name]
    setting = f"wirecheck_{name.replace('-', '_')}"
    args: tuple[str, ...] = ()
    if form == "ini":
        pytester.makeini(f"[pytest]\n{setting} = {text}")
    elif form == "pyproject":
        pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\n{setting} = "{text}"')
    elif form == "override":
        args = ("-o", f"{setting}={text}")
    else:
        args = (f"--wirecheck-{name}",) if meant is True else (f"--wirecheck-{name}", text)
    found = value(pytester.parseconfig(*args), name)
    assert found == meant or (isinstance(meant, float | int) and str(found) == text)
    assert value(pytester.parseconfig("-c", "/dev/null"), name) in (None, [])


@pytest.mark.skipif(VERSION < (9, 0), reason="pytest reads TOML as it is written from 9.0 on")
def test_settings_are_written_in_the_types_of_toml(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.pytest]
        wirecheck_url = "ws://127.0.0.1:1"
        wirecheck_dialect = "vonz"
        wirecheck_scenario = ["plain-turn", "two-turns"]
        wirecheck_timeout = 7
        wirecheck_patience = 2.5
        wirecheck_attempts = 4
        wirecheck_insecure = true
        """
    )
    settings = configured(pytester)
    assert (settings.limits.timeout, settings.limits.patience, settings.attempts) == (7.0, 2.5, 4)
    assert settings.target.insecure
    assert settings.cases == cases(VONZ, ("plain-turn", "two-turns"))


def test_the_command_line_comes_first_then_the_file_then_the_default(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        wirecheck_url = ws://127.0.0.1:1
        wirecheck_dialect = vonz
        wirecheck_timeout = 7
        wirecheck_scenario =
            plain-turn
            two-turns
        wirecheck_var =
            prompt=From the file
            profile=prof_file
        """
    )
    of_file = configured(pytester)
    assert of_file.limits.timeout == 7.0 and of_file.limits.patience == 1.0
    assert of_file.cases == cases(VONZ, ("plain-turn", "two-turns"))
    assert of_file.target.variables == {"prompt": "From the file", "profile": "prof_file"}
    over = configured(
        pytester,
        *("--wirecheck-timeout", "8", "--wirecheck-scenario", "tool-calls", "--wirecheck-var", "prompt=From here"),
    )
    assert over.limits.timeout == 8.0
    assert over.cases == cases(VONZ, ("tool-calls",))
    assert over.target.variables == {"prompt": "From here", "profile": "prof_file"}


def test_a_file_of_the_configuration_lies_beside_it(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("sub")
    pytester.makeini(
        "[pytest]\nwirecheck_url = ws://127.0.0.1:1\nwirecheck_dialect = vonz\nwirecheck_report = r.json\n"
        "wirecheck_captures = kept"
    )
    pytester.chdir()
    inside = pytester.parseconfig("--rootdir", str(pytester.path), "-c", str(pytester.path / "tox.ini"), str(folder))
    settings = settings_of(inside)
    assert settings.report == pytester.path / "r.json" and settings.captures == pytester.path / "kept"
    of_line = configured(pytester, "--wirecheck-report", "sub/r.json")
    assert of_line.report == pytester.path / "sub" / "r.json"


def test_everything_arrives_where_it_is_meant_for(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_TOKEN", "a-secret-of-ours")
    settings = configured(
        pytester,
        *("--wirecheck-url", "wss://agents.example/v1", "--wirecheck-dialect", "vonz"),
        *("--wirecheck-secret", "token=env:THE_TOKEN", "--wirecheck-header", "X-Tenant=blue"),
        *("--wirecheck-subprotocol", "v1.agents", "--wirecheck-ca", "ca.pem", "--wirecheck-cert", "me.pem"),
        *("--wirecheck-key", "me.key", "--wirecheck-insecure", "--wirecheck-proxy", "http://proxy.example:3128"),
        *("--wirecheck-transport", "socketio", "--wirecheck-timeout", "3", "--wirecheck-patience", "2"),
        *("--wirecheck-attempts", "2", "--wirecheck-max-turns", "5", "--wirecheck-wait", "9"),
        *("--wirecheck-trigger", "./do it", "--wirecheck-fail-on", "may", "--wirecheck-require", "should"),
        *("--wirecheck-captures", "kept", "--wirecheck-keep-captures", "--wirecheck-report", "r.json"),
        *("--wirecheck-rule", "text-inside-turn"),
    )
    target, here = settings.target, pytester.path
    assert target.url == "wss://agents.example/v1" and target.dialect is VONZ
    assert target.variables == {"token": "a-secret-of-ours"} and target.headers == {"X-Tenant": "blue"}
    assert target.subprotocols == ("v1.agents",) and target.insecure
    assert (target.ca, target.cert, target.key) == (here / "ca.pem", here / "me.pem", here / "me.key")
    assert target.proxy == "http://proxy.example:3128" and target.transport == "socketio"
    assert target.trigger == "./do it"
    assert (settings.limits.timeout, settings.limits.patience) == (3.0, 2.0)
    assert (settings.attempts, settings.max_turns, settings.wait) == (2, 5, 9.0)
    assert (settings.terms.fail_on, settings.terms.require) == ("may", "should")
    assert settings.captures == here / "kept" and settings.keep_captures and settings.report == here / "r.json"
    assert {case.guarantee for case in settings.cases} == {"text-inside-turn"}
    assert "a-secret-of-ours" not in repr(settings) and "agents.example/v1" not in repr(settings)
    assert settings.heading == "vonz at wss://agents.example"


@pytest.mark.parametrize(
    ("given", "meant"), [((), None), (("none",), ""), (("",), ""), (("http://p:1",), "http://p:1")]
)
def test_a_proxy_may_be_ruled_out(pytester: pytest.Pytester, given: tuple[str, ...], meant: str | None) -> None:
    assert configured(pytester, *NOWHERE, *(f"--wirecheck-proxy={text}" for text in given)).target.proxy == meant


def test_nothing_of_a_target_is_left_out() -> None:
    """Whatever the driver lets a user say of a target has an option here, or is left to its default on purpose."""
    named = {option.name for option in OPTIONS}
    ours = {"variables": "var", "secrets": "secret", "headers": "header", "subprotocols": "subprotocol"}
    given = {ours.get(field, field) for field in Given.__dataclass_fields__}
    assert given - named == {"compression", "max_size"}


@pytest.mark.parametrize(("turns", "workers", "shares"), [(5, 2, [3, 2]), (1, 2, [1, 0]), (None, 2, [None, None])])
def test_a_cap_is_divided_without_a_rest(
    pytester: pytest.Pytester, turns: int | None, workers: int, shares: list[int | None]
) -> None:
    given = () if turns is None else ("--wirecheck-max-turns", str(turns))
    settings = configured(pytester, *NOWHERE, *given)
    assert [settings.share(worker, workers) for worker in range(workers)] == shares


# Mistakes


MISTAKES = {
    "no dialect": (
        ("--wirecheck-url", "ws://127.0.0.1:1"),
        f"say what the server speaks: --wirecheck-dialect with one of {', '.join(dialects())}, *--wirecheck-catalog *",
    ),
    "two dialects": ((*NOWHERE, "--wirecheck-catalog", "x.yaml"), "--wirecheck-dialect and --wirecheck-catalog both *"),
    "unknown dialect": (
        ("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-dialect", "vonc"),
        "no dialect is called `vonc`; *vonz*; for one of your own, give its file",
    ),
    "no catalog": (
        ("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-catalog", "absent.yaml"),
        "*absent.yaml:1:1: *",
    ),
    "no URL": ((*NOWHERE[2:], "--wirecheck-url", "agents.example"), "the URL must begin with ws:// *"),
    "bad URL": ((*NOWHERE[2:], "--wirecheck-url", "ws://[x"), "the URL must begin with ws:// *"),
    "bad port": ((*NOWHERE[2:], "--wirecheck-url", "ws://h:x/"), "the URL must begin with ws:// *"),
    "bad proxy": ((*NOWHERE, "--wirecheck-proxy", "me@x"), "the proxy's URL cannot be used; write it like http://*"),
    "key": ((*NOWHERE, "--wirecheck-key", "me.key"), "--wirecheck-key goes with --wirecheck-cert; *"),
    "timeout": ((*NOWHERE, "--wirecheck-timeout", "soon"), "--wirecheck-timeout 'soon': give a number above 0"),
    "no time": ((*NOWHERE, "--wirecheck-timeout", "0"), "--wirecheck-timeout '0': give a number above 0"),
    "patience": ((*NOWHERE, "--wirecheck-patience", "inf"), "--wirecheck-patience 'inf': give a number above 0"),
    "wait": ((*NOWHERE, "--wirecheck-wait", "-1"), "--wirecheck-wait '-1': give a number from 0"),
    "attempts": ((*NOWHERE, "--wirecheck-attempts", "0"), "--wirecheck-attempts '0': give a whole number from 1"),
    "turns": ((*NOWHERE, "--wirecheck-max-turns", "1.5"), "--wirecheck-max-turns '1.5': give a whole number from 0"),
    "fail-on": ((*NOWHERE, "--wirecheck-fail-on", "all"), "--wirecheck-fail-on 'all': it is one of must, should, *"),
    "require": ((*NOWHERE, "--wirecheck-require", "may"), "--wirecheck-require 'may': it is one of must, should"),
    "transport": ((*NOWHERE, "--wirecheck-transport", "x"), "--wirecheck-transport 'x': it is one of websocket, *"),
    "scenario": ((*NOWHERE, "--wirecheck-scenario", "x"), "vonz has no scenario 'x'; there are plain-turn, *"),
    "rule": ((*NOWHERE, "--wirecheck-rule", "x"), "vonz has no guarantee 'x'; there are text-inside-turn, *"),
    "var": ((*NOWHERE, "--wirecheck-var", "x=1"), "--wirecheck-var 'x': vonz has no such variable; there are *"),
    "var form": ((*NOWHERE, "--wirecheck-var", "x"), "--wirecheck-var: write it as NAME=VALUE"),
    "secret": ((*NOWHERE, "--wirecheck-secret", "token=x"), "--wirecheck-secret token=*: say where the secret is, *"),
    "secret file": (
        (*NOWHERE, "--wirecheck-secret", "token=file:absent"),
        "--wirecheck-secret token=file:absent: it cannot be read (*); name another file",
    ),
    "report": ((*NOWHERE, "--wirecheck-report", "no/r.json"), "--wirecheck-report *no/r.json: there is no folder *"),
    "report folder": ((*NOWHERE, "--wirecheck-report", "."), "--wirecheck-report *: this is a folder; name a file"),
    "captures": ((*NOWHERE, "--wirecheck-captures", "file"), "--wirecheck-captures *: this is a file; name a folder"),
    "expected": (
        (*NOWHERE, "--wirecheck-expected-failures", "absent"),
        "*absent: cannot be read (*); name the file of expected failures",
    ),
    # What pytest itself says of a value of the wrong type differs from version to version.
    "setting": ((*NOWHERE, "-o", "wirecheck_timeout=soon"), "*wirecheck?timeout*soon*"),
    "flag": ((*NOWHERE, "-o", "wirecheck_insecure=perhaps"), "the setting wirecheck_insecure: *perhaps*; mend it"),
}


def refused(result: pytest.RunResult) -> str:
    """The one mistake for which nothing was collected."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "collected" not in result.stdout.str() and "Traceback" not in result.stderr.str()
    (error,) = [line for line in result.errlines if line]
    return error.removeprefix("ERROR: wirecheck: ")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_ends_the_session_before_anything_is_collected(pytester: pytest.Pytester, mistake: str) -> None:
    args, said = MISTAKES[mistake]
    (pytester.path / "file").touch()
    error = refused(pytester.runpytest("--pyargs", "wirecheck.suite", *args))
    assert fnmatchcase(error, said), error


def test_so_does_a_mistake_of_several_processes(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("--pyargs", "wirecheck.suite", *NOWHERE, "--wirecheck-rule", "x", "-n", "2")
    assert refused(result).startswith("vonz has no guarantee 'x'; there are ")


def test_a_catalog_with_mistakes_names_each_with_its_place(pytester: pytest.Pytester) -> None:
    (pytester.path / "mine.yaml").write_text("dialect: mine\nframes: 3\nwhat: 4\n", encoding="utf-8")
    target = ("--wirecheck-url", "ws://127.0.0.1:1", "--wirecheck-catalog", "mine.yaml")
    result = pytester.runpytest("--pyargs", "wirecheck.suite", *target)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    places = [line.partition("mine.yaml:")[2].split(":")[0] for line in result.errlines if "mine.yaml:" in line]
    assert {"2", "3"} <= set(places)


def test_help_is_given_whatever_is_set(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwirecheck_url = nonsense\nwirecheck_timeout = soon")
    for asked in ("--help", "--version", "--markers"):
        assert pytester.runpytest(asked).ret == 0


def test_a_catalog_of_ones_own_is_tested(pytester: pytest.Pytester) -> None:
    (pytester.path / "mine.yaml").write_text("extends: vonz\ndialect: mine\n", encoding="utf-8")
    from wirecheck import load_file

    with serving(load_file(pytester.path / "mine.yaml")) as served:
        result = pytester.runpytest(
            *("--pyargs", "wirecheck.suite", "--wirecheck-url", served.url, "--wirecheck-catalog", "mine.yaml"),
            *("--wirecheck-scenario", "plain-turn", "--wirecheck-report", "report.json", "-v"),
        )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*test_guarantee?mine/plain-turn/text-inside-turn? PASSED*"])
    assert json.loads((pytester.path / "report.json").read_text(encoding="ascii"))["dialect"] == "mine"


def test_a_dialect_without_scenarios_has_nothing_to_play(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest(
        *("--pyargs", "wirecheck.suite", *NOWHERE),
        *("--wirecheck-scenario", "plain-turn", "--wirecheck-rule", "continuation-counts"),
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*wirecheck: no scenario of vonz is about that; name other scenarios or rules"])
