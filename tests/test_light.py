"""Starting is light, and memory stays flat however long a capture is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from processes import Ended, wirecheck
from wirecheck import dialects

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))

import traffic  # noqa: E402  # a script of ours, beside the tests

HEAVY = ("hypothesis", "pytest", "websockets", "jsonschema", "jsonschema_rs", "rich", "yaml", "asyncio")
HEAVY += ("isal", "backports.zstd", "compression.zstd", "fsspec", "s3fs", "aiohttp")
FLAT = 1.3
"""How much more memory the longer capture may take."""


def loaded(code: str) -> set[str]:
    """Which of the heavy modules a process has when the code has run."""
    asked = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(ended.stdout.splitlines()[-1].split())


def run(*args: str) -> str:
    return f"from wirecheck.cli import cli\ncli({list(args)!r}, standalone_mode=False)"


def test_the_measure_sees_what_is_loaded() -> None:
    assert loaded("import jsonschema, rich") >= {"jsonschema", "rich"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded("import wirecheck\nwirecheck.__version__") == set()


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("check", "--help"), ("lint", "--help"), ()])
def test_asking_for_help_loads_nothing_heavy(args: tuple[str, ...]) -> None:
    assert loaded(run(*args)) == set()


def test_checking_loads_no_tool_of_developers() -> None:
    checking = "from wirecheck import Checker, load\nChecker(load('vonz')).close()"
    assert loaded(checking) & {"hypothesis", "pytest", "websockets", "rich", "asyncio"} == set()


@pytest.mark.parametrize(("text", "explained"), [('{"type":"ping"}', False), ('{"type":"task:token"}', True)])
def test_what_explains_is_loaded_when_something_is_wrong(text: str, explained: bool) -> None:
    judging = (
        "from wirecheck import Checker, load\nfrom wirecheck.record import At, Message\nc = Checker(load('vonz'))\n"
    )
    judging += f"c.receive(Message(at=At(line=1, conn='c'), sender='server', body={text!r}))\nc.close()"
    assert ("jsonschema" in loaded(judging)) is explained


def checked(dialect: str, frames: int, *, faults: float, as_json: bool = False) -> Ended:
    made = traffic.lines(dialect, frames, faults=faults, as_json=as_json)
    ended = wirecheck("check", "-", "--dialect", dialect, "--fail-on", "never", "--format", "json", stdin=made)
    assert ended.code == 0, ended.err
    return ended


@pytest.mark.parametrize("faults", [0.0, 0.01])
def test_memory_is_flat(faults: float) -> None:
    short, long = (checked("vonz", frames, faults=faults) for frames in (50_000, 300_000))
    assert 0 < long.peak < FLAT * short.peak


@pytest.mark.soak
@pytest.mark.parametrize("dialect", dialects())
def test_memory_is_flat_over_millions_of_frames(dialect: str) -> None:
    """What is remembered of ten thousand sessions is full after a million frames; from there on nothing is added."""
    million, more = (checked(dialect, frames, faults=0.01) for frames in (1_000_000, 2_000_000))
    assert 0 < million.peak < 100
    assert more.peak < 1.1 * million.peak


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("dialect", dialects())
def test_traffic_without_faults_has_none_and_with_faults_has_many(dialect: str, as_json: bool) -> None:
    clean = wirecheck(
        "check", "-", "--dialect", dialect, stdin=traffic.lines(dialect, 3_000, sessions=20, as_json=as_json)
    )
    assert clean.code == 0 and "no findings" in clean.out
    made = traffic.lines(dialect, 3_000, sessions=20, faults=0.05, as_json=as_json)
    broken = wirecheck("check", "-", "--dialect", dialect, "--fail-on", "may", stdin=made)
    assert broken.code == 1 and "not-json" in broken.out


def test_equal_arguments_give_equal_traffic() -> None:
    first, second = (list(traffic.lines("amigo", 500, sessions=10, faults=0.1)) for _ in range(2))
    assert first == second
    assert first != list(traffic.lines("amigo", 500, sessions=10, faults=0.1, seed=2))
