"""Captures that lie elsewhere, in object storage and on web servers: whole, cut off, forbidden; never with a secret."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from wirecheck.capture import is_plain, label, open_capture, read, remote, size_of, web
from wirecheck.capture.ahead import AHEAD, FIRST, LARGEST, Ahead
from wirecheck.cli import cli
from wirecheck.cli.inputs import SUFFIXES, Inputs, expand
from wirecheck.errors import CaptureError
from wirecheck.record import BadLine

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

KEY, SECRET = "AKIAEXAMPLEKEY", "sEcReTsEcReTsEcReT"
CLEAN = Path(__file__).parent.parent / "fixtures" / "vonz" / "captures" / "rich-interleaved.jsonl"
BROKEN = CLEAN.parent / "tool-call-answered-once.broken-missing.jsonl"
LINE = b'{"conn":"c","from":"client","text":"x"}\n'


def wirecheck(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


def report(*args: str | Path) -> Any:
    result = wirecheck("check", *args, "--format", "json")
    assert result.exit_code in (0, 1), result.stderr
    return json.loads(result.stdout)


def like(document: Any, local: Path | str, place: str) -> bool:
    """Whether a report on `place` says what the one on a local file of the same content says."""
    here = json.loads(json.dumps(report(local)).replace(str(local), place))
    return bool(here == document)


def numbered_lines(count: int) -> bytes:
    return b"".join(b'{"conn":"c","from":"client","text":"%d"}\n' % number for number in range(count))


# Object storage, as moto plays it


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The address of an S3 that runs here."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, bytes], str]]:
    """Puts an object into a new bucket, and says where it is."""
    import s3fs

    for name, value in (
        ("AWS_ENDPOINT_URL", storage),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_CONFIG_FILE", os.devnull),
        ("AWS_SHARED_CREDENTIALS_FILE", os.devnull),
    ):
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    space = s3fs.S3FileSystem(skip_instance_cache=True)
    name = f"captures-{os.getpid()}"
    space.mkdir(name)

    def put(key: str, data: bytes) -> str:
        space.pipe_file(f"{name}/{key}", data)
        return f"s3://{name}/{key}"

    yield put
    space.rm(name, recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


PACKING: dict[str, Callable[[bytes], bytes]] = {
    ".jsonl": bytes,
    ".jsonl.gz": gzip.compress,
    ".jsonl.zst": zstd.compress,
}


@pytest.mark.parametrize("suffix", PACKING)
def test_a_capture_in_object_storage_is_judged_like_a_local_one(
    bucket: Callable[[str, bytes], str], suffix: str
) -> None:
    for local in (CLEAN, BROKEN):
        place = bucket(f"day/{local.stem}{suffix}", PACKING[suffix](local.read_bytes()))
        assert like(report(place), local, place)
        shown = wirecheck("check", place).stdout
        assert shown == wirecheck("check", local).stdout.replace(str(local), place)
        assert "detected vonz" in shown and ("  > 5  server" in shown) == (local is BROKEN)


def test_patterns_and_folders_in_object_storage(bucket: Callable[[str, bytes], str]) -> None:
    data = CLEAN.read_bytes()
    names = ["d/a.jsonl", "d/b.jsonl.gz", "d/e/c.jsonl.zst", "d/e/notes.md", "d/[x].jsonl"]
    places = [bucket(name, PACKING.get("." + name.partition(".")[2], bytes)(data)) for name in names]
    a, b, c, notes, brackets = places
    root = a.removesuffix("d/a.jsonl")
    assert report(f"{root}d/*.jsonl")["inputs"] == [brackets, a]
    assert report(f"{root}d/?.jsonl*")["inputs"] == [a, b]
    assert report(f"{root}d/**/*.jsonl.zst")["inputs"] == [c]
    assert report(brackets)["inputs"] == [brackets]
    for folder in (f"{root}d", f"{root}d/", root, root.rstrip("/")):
        assert expand([folder]) == Inputs(captures=tuple(sorted([a, b, c, brackets])), skipped=(notes,))
    assert expand([a, f"{root}d/a*", str(CLEAN)]).captures == (a, str(CLEAN))
    with pytest.raises(CaptureError, match="nothing matches the pattern"):
        expand([f"{root}d/*.nothing"])
    only = bucket("only/notes.md", b"x")
    with pytest.raises(CaptureError, match="the folder holds no capture"):
        expand([only.removesuffix("notes.md")])


def test_what_is_not_there(bucket: Callable[[str, bytes], str]) -> None:
    place = bucket("a.jsonl", LINE)
    for absent in (place + ".jsonl", "s3://no-such-bucket-anywhere/a.jsonl", "s3://no-such-bucket-anywhere/folder"):
        result = wirecheck("check", absent, "--dialect", "vonz")
        assert result.exit_code == 2
        assert f"{absent}: there is no such capture" in result.stderr
        assert SECRET not in result.output


class _Answered(Exception):
    """An error as libraries raise it: with what the service answered."""

    def __init__(self, **members: Any) -> None:
        super().__init__(f"GET https://u:{SECRET}@h/a?sig={SECRET} failed")
        self.__dict__.update(members)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("Forbidden"), "no permission to read it; set AWS_PROFILE"),
        (_Answered(response={"ResponseMetadata": {"HTTPStatusCode": 403}}), "no permission to read it (403); set AWS_"),
        (_Answered(status_code=403), "no permission to read it (403)"),
        (_Answered(code=401), "no permission to read it (401)"),
        (_Answered(status=404), "there is no such capture (404)"),
        (_Answered(code=503), "the server refuses it (503)"),
        (_Answered(code=7), "_Answered: GET https://[redacted]@h/a?[redacted] failed"),
        (TimeoutError(), "the server has been silent for too long"),
        (ConnectionResetError(104, "reset"), "the connection was cut in the middle"),
        (OSError("the bucket's name is wrong"), "the bucket's name is wrong"),
    ],
    ids=range(10),
)
def test_what_libraries_raise_is_said_in_our_words(error: Exception, said: str) -> None:
    def fail(place: int, count: int) -> bytes:
        raise error

    with pytest.raises(OSError) as raised:
        remote._telling("s3://bucket/key", fail)(0, 1)
    assert str(raised.value).startswith(said)
    assert SECRET not in str(raised.value)


def test_the_cause_is_looked_for_below_what_was_raised() -> None:
    def fail(place: int, count: int) -> bytes:
        try:
            raise _Answered(status=403)
        except _Answered as error:
            raise FileNotFoundError("a") from error

    with pytest.raises(OSError, match="no permission"):
        remote._telling("https://h/a", fail)(0, 1)


def test_no_credentials(bucket: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    place = bucket("a.jsonl", LINE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs.S3FileSystem.clear_instance_cache()
    result = wirecheck("check", place, "--dialect", "vonz")
    assert result.exit_code == 2
    assert "no credentials were found; set AWS_PROFILE" in result.stderr


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, bucket: Callable[[str, bytes], str]) -> None:
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    result = wirecheck("check", "s3://bucket/a.jsonl", "--dialect", "vonz")
    assert result.exit_code == 2 and "nobody answers there" in result.stderr


def test_parts_of_an_object(bucket: Callable[[str, bytes], str]) -> None:
    data = numbered_lines(40_000)
    place = bucket("plain.jsonl", data)
    packing = bucket("packed.jsonl", gzip.compress(data))
    assert is_plain(place) and not is_plain(packing)
    assert size_of(place) == len(data)
    with open_capture(place) as stream:
        assert stream.seekable()
        for begin in (0, 1_000_003, 5, len(data) - 7, len(data), 300_000):
            stream.seek(begin)
            assert stream.read(1000) == data[begin : begin + 1000]
    records = list(read(place))
    assert len(records) == 40_000 and records[-1].at.line == 40_000
    assert len(list(read(packing))) == 40_000


def test_the_command_as_a_process(bucket: Callable[[str, bytes], str]) -> None:
    place = bucket("x/a.jsonl.gz", gzip.compress(BROKEN.read_bytes()))
    command = [sys.executable, "-m", "wirecheck", "check", place.replace("a.jsonl", "*.jsonl"), "--format", "json"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stderr
    assert all(line.startswith("wirecheck: warning: ") for line in ended.stderr.splitlines())
    assert like(json.loads(ended.stdout), BROKEN, place)


def test_several_processes_read_one_capture(bucket: Callable[[str, bytes], str]) -> None:
    place = bucket("a.jsonl", BROKEN.read_bytes())
    assert like(report(place, "--jobs", "2"), BROKEN, place)


def test_an_object_that_becomes_shorter(bucket: Callable[[str, bytes], str]) -> None:
    data = numbered_lines(200_000)
    place = bucket("a.jsonl", data)
    records = read(place)
    assert next(records).at.line == 1
    bucket("a.jsonl", LINE)
    *_, last = records
    assert isinstance(last, BadLine) and last.code == "unreadable"


# The web


@dataclass(slots=True)
class Site:
    """What a web server here gives, by path, and how it behaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    sizes: bool = True
    cut: int | None = None
    """After so many bytes of an answer the connection is cut, `cuts` times."""
    cuts: int = 1 << 30
    status: dict[str, int] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    etag: str = '"1"'
    chunk: int | None = None
    """No answer holds more bytes than this."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""

    def put(self, name: str, data: bytes) -> str:
        self.files[f"/{name}"] = data
        return f"{self.address}/{name}"


def _handler(site: Site) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            site.asked.append((self.path, self.headers.get("Range", "")))
            if path in site.redirects:
                self._head(302, {"Location": site.redirects[path], "Content-Length": "0"})
            elif path.endswith("/"):
                links = "".join(f'<a href="{name[len(path) :]}">x</a>' for name in site.files if name.startswith(path))
                self._head(200, {"Content-Type": "text/html", "Content-Length": str(len(links))})
                self.wfile.write(links.encode())
            elif path in site.status or path not in site.files:
                self._head(site.status.get(path, 404), {"Content-Length": "0"})
            else:
                self._give(site.files[path])

        def _give(self, data: bytes) -> None:
            headers = {"ETag": site.etag}
            status, begin, end = 200, 0, len(data)
            found = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if site.ranges and found:
                begin = int(found[1])
                if begin >= len(data):
                    self._head(416, {"Content-Range": f"bytes */{len(data)}", "Content-Length": "0"})
                    return
                end = min(end, begin + (site.chunk or len(data)))
                status = 206
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
            body = data[begin:end]
            if site.sizes:
                headers["Content-Length"] = str(len(body))
            else:
                headers["Transfer-Encoding"] = "chunked"
            self._head(status, headers)
            whole = len(body)
            if site.cut is not None and whole > site.cut and site.cuts > 0:
                site.cuts -= 1
                whole = site.cut
                self.close_connection = True
            if site.sizes:
                self.wfile.write(body[:whole])
                return
            for place in range(0, whole, 50_000):
                piece = body[place : min(place + 50_000, whole)]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if whole == len(body):
                self.wfile.write(b"0\r\n\r\n")

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(web, "PAUSE", 0.001)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Site()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("suffix", PACKING)
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("sizes", [True, False])
def test_a_capture_on_a_web_server(site: Site, suffix: str, ranges: bool, sizes: bool) -> None:
    site.ranges, site.sizes = ranges, sizes
    place = site.put(f"a{suffix}", PACKING[suffix](BROKEN.read_bytes()))
    assert like(report(place), BROKEN, place)
    assert size_of(place) == (len(site.files[f"/a{suffix}"]) if ranges or sizes else None)
    assert is_plain(place) == (ranges and suffix == ".jsonl")
    assert wirecheck("check", place).stdout == wirecheck("check", BROKEN).stdout.replace(str(BROKEN), place)


def test_what_opens_and_cannot_be_read_is_a_finding(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFile

    memory.pipe_file("/box/a.jsonl", LINE)

    def refuse(*_: object) -> bytes:
        raise PermissionError("Forbidden")

    monkeypatch.setattr(MemoryFile, "read", refuse)
    assert not is_plain("memory://box/a.jsonl")
    document = report("memory://box/a.jsonl", "--dialect", "vonz")
    (finding,) = document["findings"]
    assert finding["code"] == "unreadable" and "no permission to read it" in finding["message"]


def test_parts_of_a_resource(site: Site) -> None:
    data = numbered_lines(100_000)
    place = site.put("a.jsonl", data)
    with open_capture(place) as stream:
        for begin in (0, 1_000_003, 5, len(data) - 7, len(data), 300_000):
            stream.seek(begin)
            assert stream.read(1000) == data[begin : begin + 1000]
    site.ranges = False
    with open_capture(place) as stream:
        assert not stream.seekable()
        with pytest.raises(OSError, match="not seekable"):
            stream.seek(5_000_000)
        assert stream.read() == data


def test_an_empty_resource(site: Site) -> None:
    place = site.put("a.jsonl", b"")
    for site.ranges in (True, False):
        assert list(read(place)) == []
        assert size_of(place) == 0


def test_a_connection_that_is_cut_goes_on_where_it_was(site: Site) -> None:
    data = numbered_lines(100_000)
    site.cut, site.cuts = 700_001, 20
    place = site.put("a.jsonl", data)
    assert [record.at.line for record in read(place)] == list(range(1, 100_001))
    assert any(begin not in ("", "bytes=0-") for _, begin in site.asked)


def test_a_server_that_gives_little_at_a_time(site: Site) -> None:
    site.chunk = 300_000
    place = site.put("a.jsonl", numbered_lines(50_000))
    assert [record.at.line for record in read(place)] == list(range(1, 50_001))


@pytest.mark.parametrize("sizes", [True, False])
@pytest.mark.parametrize("suffix", PACKING)
def test_a_connection_that_stays_cut_is_a_finding_after_all_before_it(site: Site, sizes: bool, suffix: str) -> None:
    whole = numbered_lines(60_000)
    data = PACKING[suffix](whole)
    site.ranges, site.sizes, site.cut = False, sizes, len(data) - 5000
    place = site.put(f"a{suffix}", data)
    *records, last = read(place)
    assert isinstance(last, BadLine)
    assert last.code == "unreadable"
    assert last.message == "reading stopped here: the connection was cut in the middle; the rest is lost"
    if suffix == ".jsonl":
        assert len(records) == whole[: site.cut].count(b"\n")
    assert len(records) > 20_000 and last.at.line == len(records) + 1
    site.cut, data = 500, PACKING[suffix](numbered_lines(20)[:-1] + b"\n" + os.urandom(2000))
    document = report(site.put(f"b{suffix}", data), "--dialect", "vonz")
    assert "unreadable" in [finding["code"] for finding in document["findings"]]


def test_a_small_resource_that_is_cut(site: Site) -> None:
    site.ranges, site.cut = False, 100
    *records, last = read(site.put("a.jsonl", LINE * 10))
    assert len(records) == 2 and isinstance(last, BadLine) and last.code == "unreadable"


def test_a_resource_that_changes_meanwhile(site: Site) -> None:
    site.cut = 3_000_000
    place = site.put("a.jsonl", numbered_lines(200_000))
    records = read(place)
    next(records)
    site.etag = '"2"'
    *_, last = records
    assert isinstance(last, BadLine)
    assert last.message == "reading stopped here: it was changed while it was read; check it again"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "there is no such capture (404)"),
        (410, "there is no such capture (410)"),
        (401, "no permission to read it (401)"),
        (403, "no permission to read it (403); a signed URL may have expired"),
        (500, "the server refuses it (500)"),
        (503, "the server refuses it (503)"),
    ],
)
def test_what_a_server_refuses(site: Site, status: int, said: str) -> None:
    place = site.put("a.jsonl", LINE)
    site.status["/a.jsonl"] = status
    result = wirecheck("check", f"{place}?X-Amz-Signature={SECRET}", "--dialect", "vonz")
    assert result.exit_code == 2
    assert said in result.stderr and f"{place}?[redacted]: " in result.stderr
    assert SECRET not in result.output


def test_redirects_are_followed(site: Site) -> None:
    place = site.put("a.jsonl", BROKEN.read_bytes())
    site.redirects = {"/old.jsonl": place, "/loop": "/loop"}
    old = f"{site.address}/old.jsonl"
    assert like(report(old), BROKEN, old)
    result = wirecheck("check", f"{site.address}/loop", "--dialect", "vonz")
    assert result.exit_code == 2 and "from place to place without end" in result.stderr


def test_patterns_on_a_web_server(site: Site) -> None:
    for name in ("d/a.jsonl", "d/b.jsonl", "d/c.txt"):
        site.put(name, CLEAN.read_bytes())
    signed = f"{site.address}/d/*.jsonl?sig={SECRET}"
    assert expand([f"{site.address}/d/*.jsonl"]).captures == (f"{site.address}/d/a.jsonl", f"{site.address}/d/b.jsonl")
    found = expand([signed])
    assert found.captures == tuple(f"{site.address}/d/{name}.jsonl?sig={SECRET}" for name in "ab")
    assert tuple(found.shown.values()) == tuple(f"{site.address}/d/{name}.jsonl?[redacted]" for name in "ab")
    with pytest.raises(CaptureError, match="nothing matches"):
        expand([f"{site.address}/d/*.nothing"])


def test_nobody_answers_on_the_web(site: Site) -> None:
    result = wirecheck("check", "http://user:hunter22@127.0.0.1:1/a.jsonl", "--dialect", "vonz")
    assert result.exit_code == 2
    assert "http://[redacted]@127.0.0.1:1/a.jsonl: nobody answers there" in result.stderr


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
def test_no_report_holds_the_secrets_of_a_url(site: Site, form: str) -> None:
    place = site.put("a.jsonl", BROKEN.read_bytes())
    host = place.removeprefix("http://")
    one, other = (f"http://user:{SECRET}@{host}?X-Amz-Signature={SECRET}{n}&X-Amz-Date=now#x" for n in "12")
    result = wirecheck("check", one, other, "--format", form)
    assert result.exit_code == 1
    assert SECRET not in result.output and "X-Amz" not in result.output
    shown = f"http://[redacted]@{host}?[redacted]"
    assert expand([one, other]).shown == {one: shown, other: f"{shown} (2)"}
    if form == "json":
        assert json.loads(result.stdout)["inputs"] == [shown, f"{shown} (2)"]


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a?token=hunter22.jsonl", "a?token=hunter22.jsonl"),
        ("-", "-"),
        ("s3://bucket/a.jsonl", "s3://bucket/a.jsonl"),
        ("s3://bucket/a?.jsonl", "s3://bucket/a?.jsonl"),
        ("s3://bucket/a.jsonl?versionId=7", "s3://bucket/a.jsonl?[redacted]"),
        ("s3://key:secret@bucket/a", "s3://[redacted]@bucket/a"),
        ("abfs://container@account.dfs.core.windows.net/a", "abfs://container@account.dfs.core.windows.net/a"),
        ("az://container/a?sv=1&sig=xyz", "az://container/a?[redacted]"),
        ("https://h/a", "https://h/a"),
        ("https://h/a?b", "https://h/a?[redacted]"),
        ("https://h/a?", "https://h/a?"),
        ("https://u@h/a#f", "https://[redacted]@h/a"),
        ("HTTPS://u:p@h:1/a?b#c", "https://[redacted]@h:1/a?[redacted]"),
        ("https://h?b=c/d@e", "https://h?[redacted]"),
        ("https://h/eyJhbGciOi.eyJzdWIiOi.abc", "https://h/[redacted]"),
    ],
)
def test_what_a_name_is_called(name: str, shown: str) -> None:
    assert label(name) == shown


@given(user=st.text("aZ0:%", min_size=4, max_size=20), query=st.text("aZ0=&%@/:?", min_size=4, max_size=30))
def test_no_label_of_a_url_holds_what_is_secret_in_it(user: str, query: str) -> None:
    shown = label(f"https://{user}@host.example/path.jsonl?{query}#{query}")
    assert shown == "https://[redacted]@host.example/path.jsonl?[redacted]"


def test_a_place_of_no_known_scheme() -> None:
    for name in ("ftp://host/a.jsonl", "simplecache::s3://b/a", "x+y://z"):
        result = wirecheck("check", name, "--dialect", "vonz")
        assert result.exit_code == 2 and "Traceback" not in result.stderr
    assert "there are s3://, gs://" in wirecheck("check", "ftp://host/a.jsonl").stderr


@pytest.mark.parametrize(
    ("scheme", "module", "extra"),
    [
        ("s3", "s3fs", "s3"),
        ("gs", "gcsfs", "gcs"),
        ("gcs", "gcsfs", "gcs"),
        ("az", "adlfs", "azure"),
        ("abfs", "adlfs", "azure"),
        ("abfss", "adlfs", "azure"),
        ("https", "fsspec", "http"),
        ("http", "aiohttp", "http"),
        ("gs", "fsspec", "gcs"),
    ],
)
def test_a_missing_library_says_how_to_install_it(scheme: str, module: str, extra: str) -> None:
    program = (
        f"import sys; sys.modules[{module!r}] = None\n"
        f"from wirecheck.cli import cli\ncli(['check', '{scheme}://bucket/a.jsonl?x={SECRET}', '--dialect', 'vonz'])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert f"what reads {scheme}:// is not installed; pip install 'wirecheck[{extra}]'" in ended.stderr
    assert SECRET not in ended.stderr


def test_the_extras_are_those_of_the_package() -> None:
    import tomllib

    from wirecheck.capture.places import EXTRAS

    with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
        offered = tomllib.load(file)["project"]["optional-dependencies"]
    assert set(EXTRAS.values()) <= set(offered)
    assert offered["remote"] == ["wirecheck[s3,gcs,azure,http]"]


# Memory, for speed


@pytest.fixture
def memory() -> Iterator[Any]:
    import fsspec

    space = fsspec.filesystem("memory")
    yield space
    space.rm("/", recursive=True)


def test_what_lies_in_memory(memory: Any) -> None:
    for suffix, pack in PACKING.items():
        memory.pipe_file(f"/box/{BROKEN.stem}{suffix}", pack(BROKEN.read_bytes()))
    memory.pipe_file("/box/deep/er/b.txt", b"<- {}\n")
    memory.pipe_file("/box/readme.md", b"x")
    found = expand(["memory://box"])
    assert len(found.captures) == 4 and found.skipped == ("memory://box/readme.md",)
    assert expand(["memory://box/*.gz"]).captures == (f"memory://box/{BROKEN.stem}.jsonl.gz",)
    for suffix in PACKING:
        place = f"memory://box/{BROKEN.stem}{suffix}"
        assert like(report(place), BROKEN, place)
        assert is_plain(place) == (suffix == ".jsonl")
    assert not is_plain("memory://box/deep/er/b.txt")
    assert size_of(f"memory://box/{BROKEN.stem}.jsonl") == BROKEN.stat().st_size


def test_libraries_log_nothing_while_we_ask_them(
    memory: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("gcsfs")
    before = logger.level
    logger.setLevel(logging.INFO)
    printing = logging.StreamHandler()
    logger.addHandler(printing)

    def fail(*_: object, **__: object) -> None:
        try:
            raise ConnectionError("no network")
        except ConnectionError:
            logger.exception("out of retries")
            logging.getLogger("gcsfs.retry").error("out of retries")
            raise

    try:
        monkeypatch.setattr(type(memory), "open", fail)
        with pytest.raises(CaptureError):
            remote.opened("memory://box/a.jsonl")
        with pytest.raises(OSError, match="cut in the middle"):
            remote._telling("memory://box/a.jsonl", fail)(0, 1)  # type: ignore[arg-type]
        assert capsys.readouterr().err == ""
        logger.info("what the program says itself")
        assert capsys.readouterr().err == "what the program says itself\n"
    finally:
        logger.removeHandler(printing)
        logger.setLevel(before)


def test_what_is_muted_speaks_again_when_the_last_call_has_ended() -> None:
    logger = logging.getLogger("gcsfs")
    before = logger.level
    with remote._quiet:
        with remote._quiet:
            assert not logger.isEnabledFor(logging.CRITICAL)
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.level == before
    with remote._quiet:
        logger.setLevel(logging.DEBUG)
    assert logger.level == logging.DEBUG
    logger.setLevel(before)


def test_what_is_plain_here(tmp_path: Path) -> None:
    for name, data, plain in (
        ("a", LINE, True),
        ("b", b"\n# remark\n<- {}\n", False),
        ("c", b"\n\n" + LINE, True),
        ("d", gzip.compress(LINE), False),
        ("e", zstd.compress(LINE), False),
        ("f", b"", True),
        ("g", b"\xef\xbb\xbf-> x", False),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert (is_plain(path), size_of(path)) == (plain, len(data))
    os.mkfifo(tmp_path / "pipe")
    assert not is_plain(tmp_path / "pipe") and not is_plain("-")
    assert size_of("-") is None
    with pytest.raises(CaptureError, match="no such file"):
        size_of(tmp_path / "absent")
    with pytest.raises(CaptureError, match="no such file"):
        is_plain(tmp_path / "absent")


# Reading ahead


class Source:
    """Bytes by place, which notes what it was asked for, and fails where it is told to."""

    def __init__(self, data: bytes, *, most: int = 1 << 30, fails: int | None = None) -> None:
        self.data = data
        self.most = most
        self.fails = fails
        self.asked: list[tuple[int, int]] = []
        self.closed = 0
        self.busy = threading.Lock()

    def fetch(self, place: int, count: int) -> bytes:
        assert self.busy.acquire(blocking=False), "asked twice at once"
        try:
            self.asked.append((place, count))
            if self.fails is not None and place >= self.fails:
                raise OSError("lost")
            return self.data[place : place + min(count, self.most)]
        finally:
            self.busy.release()

    def close(self) -> None:
        self.closed += 1

    def stream(self, *, seekable: bool = True) -> Ahead:
        return Ahead(self.fetch, size=len(self.data), seekable=seekable, close=self.close)


DATA = bytes(range(251)) * 100_000


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, len(DATA) + 10)), st.integers(0, 3_000_000)), max_size=12
    ),
    most=st.sampled_from([100_000, 1 << 30]),
)
def test_any_reading_gives_the_bytes_of_the_place(steps: list[tuple[int | None, int]], most: int) -> None:
    source = Source(DATA, most=most)
    with source.stream() as raw, io.BufferedReader(raw) as stream:
        place = 0
        for begin, count in steps:
            if begin is not None:
                place = stream.seek(begin)
                assert place == begin
            piece = stream.read(count)
            assert piece == DATA[place : place + count]
            place += len(piece)
            assert stream.tell() == place
    assert source.closed == 1


def test_only_the_beginning_is_fetched_for_whoever_looks_at_the_beginning() -> None:
    source = Source(DATA)
    with source.stream() as stream:
        assert stream.read(FIRST) == DATA[:FIRST]
    assert source.asked == [(0, FIRST)]


def test_no_more_than_the_bound_waits() -> None:
    source = Source(DATA)
    with source.stream() as stream:
        stream.read(FIRST)
        stream.read(1)
        waiting = list(stream._coming)
        assert len(waiting) <= AHEAD
        for one in waiting:
            one.result()
        assert len(source.asked) <= 2 + AHEAD
        assert max(count for _, count in source.asked) <= LARGEST


def test_what_follows_is_fetched_while_the_last_is_used() -> None:
    begun = {number: threading.Event() for number in range(6)}
    used = threading.Event()

    def fetch(place: int, count: int) -> bytes:
        number = len([event for event in begun.values() if event.is_set()])
        begun[number].set()
        if number == 3:
            assert used.wait(60)  # it is under way as long as nobody says that the one before was used
        return bytes(count) if number < 5 else b""

    with Ahead(fetch, size=None, seekable=False, close=int) as stream:
        stream.read(FIRST)
        assert stream.read(1) and begun[3].wait(60)
        used.set()
        while stream.read(LARGEST):
            pass
    assert all(event.is_set() for event in begun.values())


def test_an_error_comes_where_it_happened_and_stays() -> None:
    source = Source(DATA, fails=3 * FIRST)
    stream = source.stream()
    got = b"".join(iter(lambda: stream.read(100_000) if stream.tell() < 3 * FIRST else b"", b""))
    assert got == DATA[: 3 * FIRST]
    for _ in range(2):
        with pytest.raises(OSError, match="lost"):
            stream.read(1)
    source.fails = None
    stream.seek(10)
    assert stream.read(5) == DATA[10:15]
    stream.close()


def test_whence_and_bad_places() -> None:
    with Source(DATA).stream() as stream:
        assert stream.seek(-5, io.SEEK_END) == len(DATA) - 5
        assert stream.read(100) == DATA[-5:]
        stream.seek(3)
        assert stream.seek(4, io.SEEK_CUR) == 7
        with pytest.raises(OSError, match="before the beginning"):
            stream.seek(-1)
    with Source(DATA).stream(seekable=False) as stream:
        stream.read(10)
        assert stream.seek(10) == 10
        with pytest.raises(OSError, match="in no other order"):
            stream.seek(3)
    nowhere = Ahead(Source(b"").fetch, size=None, seekable=True, close=int)
    with pytest.raises(OSError, match="the size is not known"):
        nowhere.seek(0, io.SEEK_END)
    assert nowhere.read(5) == b""


def test_the_suffixes_that_folders_are_searched_for() -> None:
    assert SUFFIXES == (".jsonl", ".jsonl.gz", ".jsonl.zst", ".txt")
