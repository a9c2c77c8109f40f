"""Check captures in Google Cloud Storage and Azure Blob Storage, as emulators play them here.

The libraries have a virtual environment of their own below build/, with an emulator of Google's from PyPI; Azurite
comes from npm, and is left out where there is no npm. What the command says of a capture there must be what it says of
the same capture here. Needs an index of packages. Exits with 1 where something differs.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "build" / "clouds"
CAPTURE: Final = ROOT / "fixtures" / "vonz" / "captures" / "tool-call-answered-once.broken-missing.jsonl"
# The account of every Azurite, which its manual prints.
AZURITE: Final = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6"
    "IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
)
UPLOAD: Final = """
import gzip, sys
import fsspec
from backports import zstd
space, data = fsspec.filesystem(sys.argv[1]), open(sys.argv[2], "rb").read()
if sys.argv[1] == "az":
    space.mkdir("captures")
for suffix, pack in (("", bytes), (".gz", gzip.compress), (".zst", zstd.compress)):
    with space.open(f"captures/day/a.jsonl{suffix}", "wb") as file:
        file.write(pack(data))
"""


def main() -> int:
    python = _environment()
    here = json.dumps(_report(python, str(CAPTURE), {}))
    wrong = 0
    for schemes, started in ((("gs", "gcs"), _google(python)), (("az", "abfs"), _azure())):
        with started as settings:
            if settings is None:
                print(f"{schemes[0]}://  left out: there is no npm")
                continue
            upload = [str(python), "-c", UPLOAD, schemes[0], str(CAPTURE)]
            subprocess.run(upload, env=os.environ | settings, check=True)
            for scheme in schemes:
                names = [f"{scheme}://captures/day/a.jsonl{suffix}" for suffix in ("", ".gz", ".zst")]
                for name in names:
                    there = json.dumps(_report(python, name, settings))
                    wrong += not _shown(name, there == here.replace(str(CAPTURE), name), there)
                for several in (f"{scheme}://captures/day/*.jsonl*", f"{scheme}://captures/day"):
                    inputs = _report(python, several, settings)["inputs"]
                    wrong += not _shown(several, inputs == names, str(inputs))
                absent = _check(python, f"{scheme}://captures/absent.jsonl", settings)
                refused = absent.returncode == 2 and "there is no such capture" in absent.stderr
                wrong += not _shown(f"{scheme}://captures/absent.jsonl", refused, absent.stderr)
    return 1 if wrong else 0


def _shown(asked: str, right: bool, said: str) -> bool:
    print(f"{asked}  {'as it should be' if right else f'WRONG: {said[:500]}'}", flush=True)
    return right


def _check(python: Path, source: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "wirecheck", "check", source, "--dialect", "vonz", "--format", "json"]
    return subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)


def _report(python: Path, source: str, settings: Mapping[str, str]) -> Any:
    ended = _check(python, source, settings)
    if ended.returncode != 1:  # there is something to find
        raise SystemExit(f"{source}: ended with {ended.returncode}: {ended.stderr}")
    return json.loads(ended.stdout)


def _environment() -> Path:
    python = FOLDER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    packages = ["--editable", f"{ROOT}[gcs,azure]", "gcp-storage-emulator"]
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([str(python), "-m", "pip", "install", *quiet, *packages], check=True)
    return python


@contextmanager
def _google(python: Path) -> Iterator[dict[str, str] | None]:
    port = _free_port()
    emulator = str(python.with_name("gcp-storage-emulator"))
    with _running([emulator, "start", f"--port={port}", "--in-memory", "--default-bucket=captures"], port):
        yield {
            "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
            "FSSPEC_GS_TOKEN": "anon",
            "FSSPEC_GCS_TOKEN": "anon",
            # Otherwise it asks by gRPC, which the emulator does not speak, of which kind the bucket is.
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        }


@contextmanager
def _azure() -> Iterator[dict[str, str] | None]:
    npm = shutil.which("npm")
    if npm is None:
        yield None
        return
    node = FOLDER / "node"
    azurite = node / "node_modules" / ".bin" / "azurite-blob"
    if not azurite.exists():
        node.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(node), "--no-fund", "--no-audit", "--silent", "azurite"]
        subprocess.run(command, check=True)
    port = _free_port()
    options = ["--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort"]
    with _running([str(azurite), *options, str(port)], port):
        yield {"AZURE_STORAGE_CONNECTION_STRING": AZURITE.format(port=port)}


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    """A server, from when it answers on its port until the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]}: ended with {process.returncode} before it answered")
            Event().wait(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
