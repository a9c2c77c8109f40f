"""Print the mutation matrix: by guarantee, how many traces with one fault it found, and what else they tripped.

Exits 1 if a mutant survives, or trips a guarantee that its rule does not list under `implies`. The mutants are those
of `tests/mutations.py`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from wirecheck import catalog

TESTS = Path(__file__).resolve().parent.parent / "tests"
HEAD = ("dialect", "guarantee", "level", "killed/made", "operators", "also, as implied")


def main() -> int:
    sys.path.insert(0, str(TESTS))
    mutations = importlib.import_module("mutations")
    rows: list[tuple[str, ...]] = [HEAD]
    undecidable: list[tuple[str, ...]] = []
    wrong: list[str] = []
    made = 0
    for name in catalog.dialects():
        matrix = mutations.matrix(name)
        for id, claim in catalog.load(name).guarantees.items():
            if claim.rule.passive is not None:
                undecidable.append((name, id, claim.rule.passive))
            found = matrix.get(id, ())
            if not found:
                continue
            made += len(found)
            killed = sum(outcome.flagged for outcome in found)
            operators = sorted({outcome.mutant.operator for outcome in found})
            others = sorted({other for outcome in found for other in outcome.others})
            rows.append(
                (name, id, claim.level, f"{killed}/{len(found)}", ", ".join(operators), ", ".join(others) or "-")
            )
            wrong += mutations.complaints(found, claim.rule.implies)
    _show(rows)
    print(f"\n{made} mutants")
    if undecidable:
        print("\nTraffic alone cannot decide:")
        _show(undecidable)
    if wrong:
        print(f"\n{len(wrong)} not as they should be:")
        print("\n".join(wrong))
    return 1 if wrong else 0


def _show(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
