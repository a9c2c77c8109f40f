"""Hash what `wirecheck fuzz` writes, so that a change of its bytes is never an accident.

    python tools/fuzz_golden.py            compare with tests/data/fuzz_golden.json
    python tools/fuzz_golden.py --write    write it anew

The bytes may change with a minor release alone, and CHANGELOG.md says so then.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from click.testing import CliRunner

from wirecheck import catalog
from wirecheck.cli import cli

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "data" / "fuzz_golden.json"
KINDS = {
    "valid": [],
    "invalid": ["--invalid"],
    "conversations": ["--conversations"],
    "faulty conversations": ["--conversations", "--invalid"],
}
COUNT, SEED = 2_000, 7


def digest(dialect: str, kind: str) -> str:
    """The SHA-256 of one kind of output, in hexadecimal."""
    options = ["--dialect", dialect, "--count", str(COUNT), "--seed", str(SEED), *KINDS[kind]]
    result = CliRunner().invoke(cli, ["fuzz", *options])
    if result.exit_code:
        raise SystemExit(f"{dialect}, {kind}: {result.stderr}")
    return hashlib.sha256(result.stdout_bytes).hexdigest()


def digests() -> Iterator[tuple[str, dict[str, str]]]:
    """Those of every dialect."""
    for dialect in catalog.dialects():
        yield dialect, {kind: digest(dialect, kind) for kind in KINDS}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the hashes anew")
    given = parser.parse_args(arguments)
    found = dict(digests())
    if given.write:
        GOLDEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return 0
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = [
        f"{dialect}, {kind}"
        for dialect, kinds in found.items()
        for kind, one in kinds.items()
        if expected.get(dialect, {}).get(kind) != one
    ]
    for one in changed:
        print(f"other bytes than before: {one}", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
