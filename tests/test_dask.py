"""A check on a Dask cluster: the same report, or a sentence that says why there is none."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import wirecheck
from clusters import Cluster, Gate, cluster
from wirecheck import Report, dialects, load
from wirecheck.cli import cli
from wirecheck.errors import CaptureError, TargetError, UsageError, WirecheckError, WorkError
from wirecheck.scale import Job, Range, finish, job, merge, ranges, summarize
from wirecheck.scale.address import Address, address

pytest.importorskip("distributed")

from wirecheck.scale import dask  # noqa: E402

FIXTURES = Path(__file__).parent.parent / "fixtures"
CAPTURE = str(FIXTURES / "vonz" / "captures" / "rich-interleaved.jsonl")
TLS = Path(__file__).parent / "data" / "tls"
SIZE = 300
"""Bytes of a part, so that even a small capture has more of them than a cluster does at once."""

PLAIN = ""
ABSENT = """
import sys

for name in [name for name in sys.modules if name.split(".")[0] == "wirecheck"]:
    del sys.modules[name]

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "wirecheck":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
OLD = "import wirecheck; wirecheck.__version__ = '0.0.1'"
FAILING = """
import wirecheck.scale.summary as home

def summarize(part, job):
    raise RuntimeError("no luck here")

home.summarize = summarize
"""
BREAKING_OFF = """
import io, errno, os, sys

home = sys.modules["wirecheck.scale.ranges"]
real = home.open_capture

class Bad(io.BytesIO):
    def read(self, size=-1, /):
        if self.tell() > 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().read(min(size, 40))

def open_capture(source):
    with real(source) as stream:
        return Bad(stream.read())

home.open_capture = open_capture
"""
DYING = """
import os
import wirecheck.scale.summary as home

def summarize(part, job):
    os._exit(1)

home.summarize = summarize
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


def here(source: str = CAPTURE) -> Report:
    """The report of this process."""
    return finish(
        summarize(Range(source=source, start=0, end=os.path.getsize(source), line=1), job(load("vonz"), input=source))
    )


def there(engine: str, source: str = CAPTURE, size: int = SIZE) -> Report:
    """The report of a cluster."""
    with dask.connected(engine) as workers:
        parts, asked = workers.counted(ranges(source, size=size)), job(load("vonz"), input=source)
        return finish(reduce(merge, workers.summaries((part, asked) for part in parts)))


def said(error: type[WirecheckError], engine: str, source: str = CAPTURE, size: int = SIZE) -> str:
    with pytest.raises(error) as raised:
        there(engine, source, size)
    return str(raised.value)


# The command


def checked(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, args)])


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_says_the_same_to_the_byte(scheduler: Cluster, tmp_path: Path, form: str) -> None:
    """Clean and broken captures of every dialect, in many parts and packed, a transcript, and frames inside another
    transport."""
    captures = [path for name in dialects() for path in _two(name)]
    captures += [*FIXTURES.glob("*/captures/*.txt"), *FIXTURES.glob("*/captures/*socketio*.jsonl")]
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(Path(CAPTURE).read_bytes()))
    ours = checked(*captures, packed, "--format", form, "--jobs", 1)
    assert ours.exit_code == 1
    with scheduler.workers(PLAIN, PLAIN):
        theirs = checked(*captures, packed, "--format", form, "--engine", f"{scheduler.engine}?part=1500")
    assert (theirs.exit_code, theirs.stdout, theirs.stderr) == (ours.exit_code, ours.stdout, ours.stderr)


def test_however_a_capture_is_cut(scheduler: Cluster) -> None:
    captures = sorted(str(path) for path in FIXTURES.glob("vonz/captures/*.jsonl"))

    @settings(max_examples=12, deadline=None)
    @given(source=st.sampled_from(captures), size=st.integers(200, 3_000))
    def equal(source: str, size: int) -> None:
        parts, asked = ranges(source, size=size), job(load("vonz"), input=source)
        tasks = ((part, asked) for part in workers.counted(parts))
        assert finish(reduce(merge, workers.summaries(tasks))) == here(source)

    with scheduler.workers(PLAIN, PLAIN), dask.connected(scheduler.engine) as workers:
        equal()


def _two(name: str) -> list[Path]:
    """The largest clean capture of a dialect, and the largest broken one."""
    captures = sorted((FIXTURES / name / "captures").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    return [[path for path in captures if (".broken" in path.name) is broken][-1] for broken in (False, True)]


def test_a_catalog_of_ones_own_travels_with_the_work(
    scheduler: Cluster, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has neither the catalog nor our folder."""
    shipped = (Path(wirecheck.__file__).parent / "catalogs" / "vonz.yaml").read_text()
    catalog = tmp_path / "mine.yaml"
    catalog.write_text(shipped.replace("dialect: vonz", "dialect: mine"))
    broken = _two("vonz")[1]
    (tmp_path / "capture.jsonl").write_bytes(broken.read_bytes())
    monkeypatch.chdir(tmp_path)
    ours = checked("capture.jsonl", "--catalog", "mine.yaml", "--closed", "--side", "server")
    assert "mine: " in ours.stdout
    with scheduler.workers(gate.preload(when="before")), ThreadPoolExecutor(1) as aside:
        theirs = aside.submit(
            checked,
            "capture.jsonl",
            "--catalog",
            "mine.yaml",
            "--closed",
            "--side",
            "server",
            "--engine",
            scheduler.engine,
        )
        gate.wait_for(1)
        catalog.unlink()
        gate.open()
        assert theirs.result().stdout == ours.stdout


def test_what_an_engine_cannot_do_has_an_exit_code(scheduler: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = checked(CAPTURE, "--engine", f"dask://127.0.0.1:{port}")
    assert (nobody.exit_code, nobody.stdout) == (4, "")
    none = checked(CAPTURE, "--engine", f"{scheduler.engine}?wait=0")
    assert (none.exit_code, none.stdout) == (3, "")
    assert none.stderr.startswith(f"wirecheck: --engine {scheduler.engine}: the cluster has had no worker")
    wrong = checked(CAPTURE, "--engine", "ray://here")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    both = checked(CAPTURE, "--engine", scheduler.engine, "--jobs", 2)
    assert (both.exit_code, both.stdout) == (2, "")
    with scheduler.workers(OLD):
        old = checked(CAPTURE, "--engine", scheduler.engine)
        assert (old.exit_code, old.stdout) == (2, "")
    with scheduler.workers(FAILING):
        failing = checked(CAPTURE, "--engine", scheduler.engine)
        assert (failing.exit_code, failing.stdout) == (3, "")
        assert len(failing.stderr.splitlines()) == 1


def test_standard_input_is_judged_here(scheduler: Cluster) -> None:
    text = Path(CAPTURE).read_text()
    ours = CliRunner().invoke(cli, ["check", "-"], input=text)
    theirs = CliRunner().invoke(cli, ["check", "-", "--engine", f"{scheduler.engine}?wait=60"], input=text)
    assert (theirs.exit_code, theirs.stdout) == (ours.exit_code, ours.stdout)


def test_captures_in_object_storage(scheduler: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers read them there by themselves; nothing of them passes through the client but their beginnings."""
    s3fs = pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    storage = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    storage.start()
    try:
        host, port = storage.get_host_and_port()
        env = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEKEY",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        space = s3fs.S3FileSystem(skip_instance_cache=True)
        space.mkdir("captures")
        for path in _two("vonz"):
            space.pipe_file(f"captures/day/{path.name}", path.read_bytes())
            space.pipe_file(f"captures/day/{path.name}.gz", gzip.compress(path.read_bytes()))
        places = ("s3://captures/day/*.jsonl", "s3://captures/day/*.gz")
        ours = checked(*places, "--jobs", 1)
        assert "replay-repeats-history  s3://captures/day/" in ours.stdout
        with scheduler.workers(PLAIN, PLAIN, **env):
            theirs = checked(*places, "--engine", f"{scheduler.engine}?part=1500")
            assert (theirs.exit_code, theirs.stdout) == (ours.exit_code, ours.stdout)
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        storage.stop()


# A worker dies


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_report_is_whole_and_the_same_though_a_worker_is_killed(scheduler: Cluster, gate: Gate, when: str) -> None:
    """Three processes, each in the middle of a part: one is killed, the others go on."""
    captures = (CAPTURE, *_two("vonz"))
    with scheduler.workers(*[gate.preload(when=when)] * 3) as workers, ThreadPoolExecutor(1) as aside:
        report = aside.submit(checked, *captures, "--engine", f"{scheduler.engine}?part={SIZE}")
        busy = gate.wait_for(3)
        next(worker for worker in workers if worker.pid == busy[0]).kill()
        gate.open()
        theirs = report.result()
    ours = checked(*captures, "--jobs", 1)
    assert (theirs.exit_code, theirs.stdout, theirs.stderr) == (ours.exit_code, ours.stdout, ours.stderr)


def test_there_is_no_report_if_all_workers_die(scheduler: Cluster, gate: Gate) -> None:
    with (
        scheduler.workers(*[gate.preload(when="after")] * 2) as workers,
        ThreadPoolExecutor(1) as aside,
    ):
        report = aside.submit(said, WorkError, f"{scheduler.engine}?wait=0.5")
        gate.wait_for(2)
        for worker in workers:
            worker.kill()
        assert "no worker for 0.5 seconds; there is no report. Start workers" in report.result()


def test_the_check_goes_on_when_workers_come_back(scheduler: Cluster, gate: Gate) -> None:
    with ThreadPoolExecutor(1) as aside:
        with scheduler.workers(gate.preload(when="after")):
            report = aside.submit(there, f"{scheduler.engine}?wait=600")
            gate.wait_for(1)
        with scheduler.workers(PLAIN):
            assert report.result() == here()


def test_a_part_at_which_workers_die_ends_the_run(tmp_path: Path) -> None:
    with (
        cluster(tmp_path, settings={"distributed.scheduler.allowed-failures": 0}) as scheduler,
        scheduler.workers(DYING),
    ):
        text = said(WorkError, scheduler.engine, size=10_000)
        assert text.startswith(
            f"{CAPTURE} (bytes 0 to {os.path.getsize(CAPTURE):,}): 1 of the workers of dask://127.0.0.1:"
        )
        assert "too little memory" in text


def test_an_interrupt_ends_the_run_and_leaves_nothing_to_do(scheduler: Cluster, gate: Gate) -> None:
    with scheduler.workers(gate.preload(when="before")):
        command = [sys.executable, "-m", "wirecheck", "check", CAPTURE, "--engine", f"{scheduler.engine}?part={SIZE}"]
        check = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        gate.wait_for(1)
        check.send_signal(signal.SIGINT)
        out, err = check.communicate()
        assert (check.returncode, out, err.strip()) == (130, "", "")
        gate.open()
        assert there(scheduler.engine) == here()


# A worker cannot


def test_a_part_that_fails_is_done_elsewhere(scheduler: Cluster) -> None:
    with scheduler.workers(FAILING, PLAIN):
        assert there(scheduler.engine) == here()


def test_a_part_that_fails_everywhere_ends_the_run(scheduler: Cluster) -> None:
    with scheduler.workers(FAILING):
        text = said(WorkError, scheduler.engine)
        assert text.startswith(f"{CAPTURE} (bytes 0 to 300): worker tcp://127.0.0.1:")
        assert "4 attempts in all (RuntimeError: no luck here); there is no report" in text


def test_a_worker_that_cannot_read_the_source_is_named_with_it(scheduler: Cluster, gate: Gate, tmp_path: Path) -> None:
    source = tmp_path / "gone.jsonl"
    source.write_bytes(Path(CAPTURE).read_bytes())
    with scheduler.workers(gate.preload(when="before")), ThreadPoolExecutor(1) as aside:
        text = aside.submit(said, CaptureError, scheduler.engine, str(source))
        gate.wait_for(1)
        source.unlink()
        gate.open()
        assert text.result().startswith("worker tcp://127.0.0.1:")
        assert f"cannot read its part of {source}: {source}: there is no such file" in text.result()
        assert "shared file system" in text.result()


def test_what_one_worker_cannot_read_to_its_end_another_one_reads(scheduler: Cluster) -> None:
    with scheduler.workers(BREAKING_OFF, PLAIN):
        assert there(scheduler.engine) == here()
    with scheduler.workers(BREAKING_OFF):
        assert "cannot read its part of" in said(CaptureError, scheduler.engine, size=10_000)
        assert "reading stopped" in said(CaptureError, scheduler.engine, size=10_000)


@pytest.mark.parametrize(
    ("preload", "has"), [(ABSENT, "No module named 'wirecheck'"), (OLD, "wirecheck 0.0.1")], ids=["none", "old"]
)
def test_workers_need_the_same_wirecheck(scheduler: Cluster, preload: str, has: str) -> None:
    with scheduler.workers(preload):
        text = said(UsageError, scheduler.engine)
        assert has in text
        assert f"and here is {dask.this_version()}; install the same" in text


def test_the_scheduler_needs_no_wirecheck(tmp_path: Path) -> None:
    with cluster(tmp_path, preload=ABSENT) as scheduler, scheduler.workers(PLAIN):
        assert there(scheduler.engine) == here()


def test_threads_of_a_worker_do_not_disturb_each_other(scheduler: Cluster) -> None:
    with scheduler.workers(PLAIN, threads=4):
        assert there(scheduler.engine, size=100) == here()


def test_only_a_few_parts_are_under_way(scheduler: Cluster) -> None:
    taken = []

    def tasks() -> Iterator[tuple[Range, Job]]:
        for part in ranges(CAPTURE, size=60):
            taken.append(part)
            yield part, job(load("vonz"), input=CAPTURE)

    with scheduler.workers(PLAIN), dask.connected(scheduler.engine) as workers:
        for number, _ in enumerate(workers.summaries(tasks()), 1):
            assert len(taken) <= number + 3
    assert len(taken) == number > 20


# The scheduler


def test_a_scheduler_that_dies_ends_the_run(tmp_path: Path, gate: Gate) -> None:
    with (
        cluster(tmp_path) as scheduler,
        scheduler.workers(gate.preload(when="after")),
        ThreadPoolExecutor(1) as aside,
    ):
        text = aside.submit(said, WorkError, scheduler.engine)
        gate.wait_for(1)
        scheduler.scheduler.kill()
        assert "the connection with the scheduler is lost" in text.result()


def test_a_scheduler_that_hangs_ends_the_run(tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        cluster(tmp_path) as scheduler,
        scheduler.workers(gate.preload(when="after")),
        ThreadPoolExecutor(1) as aside,
    ):
        text = aside.submit(said, WorkError, scheduler.engine)
        gate.wait_for(1)
        monkeypatch.setattr(dask, "ANSWER", 0.5)
        os.kill(scheduler.scheduler.pid, signal.SIGSTOP)
        assert "the connection with the scheduler is lost" in text.result()


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr(dask, "ANSWER", 0.2)
        assert "no Dask scheduler answers there (timed out); start one" in said(TargetError, f"dask://127.0.0.1:{port}")
    assert "(Connection refused)" in said(TargetError, f"dask://127.0.0.1:{port}")


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_somebody_else_answers(greeting: bytes) -> None:
    def answer() -> None:
        line, _ = listener.accept()
        with line:
            line.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as aside:
        aside.submit(answer)
        text = said(TargetError, f"dask://127.0.0.1:{listener.getsockname()[1]}")
    assert "(what listens there is something else)" in text


def test_over_tls_with_the_certificates_of_dasks_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask as engine

    files = {"cert": str(TLS / "localhost.pem"), "key": str(TLS / "localhost.key")}
    tls = {
        f"distributed.comm.tls.{who}.{what}": path
        for who in ("scheduler", "worker", "client")
        for what, path in files.items()
    } | {"distributed.comm.tls.ca-file": files["cert"]}
    with cluster(tmp_path, protocol="tls", settings=tls) as scheduler, scheduler.workers(PLAIN):
        assert scheduler.engine.startswith("dask+tls://127.0.0.1:")
        with engine.config.set(tls):
            assert there(scheduler.engine) == here()
        assert "certificates" in said(UsageError, scheduler.engine)
        monkeypatch.setattr(dask, "ANSWER", 0.5)
        assert "no Dask scheduler answers there" in said(TargetError, scheduler.engine.replace("+tls", ""))


# Without a cluster


def test_addresses() -> None:
    assert address("dask://scheduler") == Address(scheme="dask", host="scheduler", port=8786)
    assert address("dask://scheduler:1?wait=2.5&part=7").url == "tcp://scheduler:1"
    assert address("dask://scheduler:1?wait=2.5&part=7").wait == 2.5
    assert address("dask://scheduler:1?wait=2.5&part=7").part == 7
    assert address("dask+tls://[::1]:8786").url == "tls://[::1]:8786"
    assert str(address("dask://scheduler?wait=5")) == "dask://scheduler:8786"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no address of an engine"),
        ("scheduler:8786", "no address of an engine"),
        ("tcp://scheduler:8786", "no address of an engine"),
        ("dask://", "no address of an engine"),
        ("dask://scheduler/path", "no address of an engine"),
        ("dask://user@scheduler", "no address of an engine"),
        ("dask://scheduler:port", "a port is a number"),
        ("dask://scheduler:99999", "a port is a number"),
        ("dask://[::1", "no address of an engine"),
        ("dask://scheduler?wait=soon", "wait is a number"),
        ("dask://scheduler?wait=", "wait is a number"),
        ("dask://scheduler?wait=-1", "wait is a number"),
        ("dask://scheduler?wait=nan", "wait is a number"),
        ("dask://scheduler?wait=inf", "wait is a number"),
        ("dask://scheduler?part=0", "part one of bytes"),
        ("dask://scheduler?speed=9", "no option 'speed'"),
        ("dask://scheduler?wait", "wait is a number"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_done(text: str, why: str) -> None:
    with pytest.raises(UsageError, match="write it as dask://HOST:8786") as raised, dask.connected(text):
        raise AssertionError("connected")
    assert why in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "dask://user:hunter2@scheduler",
        "dask://hunter2@scheduler:8786",
        "dask://user:hunter2/x@scheduler",
        "dask://user:hunter2?x=1@scheduler",
        "tcp://user:hunter2@scheduler",
        "user:hunter2@scheduler",
        "dask://user:hunter2@[scheduler",
        "dask://user:hunter2@sch\u2100duler",
        "dask://scheduler?token=hunter2",
        "dask://scheduler?wait=hunter2",
    ],
)
def test_what_is_no_address_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(UsageError, match="write it as dask://HOST:8786") as raised:
        address(text)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None or "hunter2" not in str(raised.value.__cause__)


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "needs Dask: pip install 'wirecheck[dask]'" in said(UsageError, "dask://127.0.0.1:1")


def test_dask_is_imported_only_when_it_is_asked_for() -> None:
    program = (
        "import sys; from wirecheck.cli import cli; import wirecheck.scale.dask;"
        f"assert cli(['check', {CAPTURE!r}], standalone_mode=False) == 0;"
        "assert not {'dask', 'distributed', 'tornado', 'asyncio'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL).returncode == 0
