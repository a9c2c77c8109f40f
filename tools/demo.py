"""Start the reference server and test it live: first as it is, and then with one promise broken.

    python tools/demo.py [DIALECT] [MUTANT]

The server runs in a process of its own, on any free port, and is tested by `wirecheck test`, as a user would. Exits 1
if the first test does not pass, or the second does not fail.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

WIRECHECK = (sys.executable, "-m", "wirecheck")


@contextmanager
def served(dialect: str, *options: str) -> Iterator[str]:
    """The address of a reference server that runs while the block does."""
    command = (*WIRECHECK, "serve", "--dialect", dialect, "--fail-on", "never", *options)
    with (
        tempfile.TemporaryFile() as report,
        subprocess.Popen(command, stdout=report, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        said = process.stderr.readline()
        address = re.search(r"wss?://[^\s;,]+", said)
        try:
            if address is None:
                raise SystemExit(f"the server did not start: {said}")
            yield address[0]
        finally:
            process.terminate()
            process.stderr.read()


def tested(url: str, dialect: str, *options: str) -> int:
    """The exit code of `wirecheck test`, which prints its report."""
    with tempfile.TemporaryDirectory() as folder:
        command = (*WIRECHECK, "test", url, "--dialect", dialect, "--captures", folder, *options)
        return subprocess.run(command, check=False).returncode


def main(dialect: str = "vonz", mutant: str = "tool-call-answered-once:missing") -> int:
    print("--- a live server that keeps every promise", flush=True)
    with served(dialect) as url:
        clean = tested(url, dialect)
    print(f"\n--- a live server that breaks one: {mutant} (exit code 1 is expected)", flush=True)
    with served(dialect, "--mutant", mutant) as url:
        broken = tested(url, dialect, "--scenario", "tool-calls")
    if (clean, broken) != (0, 1):
        print(f"exit codes were {clean} and {broken}, and not 0 and 1", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
