"""Write `schemas/` anew from the catalogs, or, with `--check`, say what there differs from them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wirecheck.schema import drift, generate_all, write

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything differs")
    check = parser.parse_args().check
    files = generate_all()
    if not check:
        write(SCHEMAS, files, prune=True)
        print(f"{len(files)} files in {SCHEMAS.name}/")
        return 0
    lines = drift(SCHEMAS, files)
    for line in lines:
        print(line)
    if lines:
        print("Run `make schemas` and commit what it writes.", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
