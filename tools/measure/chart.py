"""The chart of docs/performance.md.

Law: a pure function from results to SVG, without fonts, scripts or links of its own. Lengths are to scale from zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

WIDTH, LEFT, RIGHT, TOP, STEP = 960, 190, 70, 92, 40
INK, SOFT, LINE = "#1f2328", "#59636e", "#d1d9e0"
OURS, THEIRS = ("#0b6e4f", "#7cc4a8"), ("#57606a", "#b6bec7")
"""Clean, and with faults."""
DOTS = {"agent_platform": "#b35900", "amigo": "#8250df", "bondai": "#cf222e", "symindx": "#0969da"}
MAIN = "vonz"


def chart(told: Mapping[str, Any]) -> str:
    """Each work's speed on embedded frames: bars for one dialect, clean and with faults, dots for the others."""
    text = [each for each in told["captures"] if each["form"] == "text" and each["mix"] == "plain"]
    main = {bool(each["faults"]): each["rows"] for each in text if each["dialect"] == MAIN}
    clean = main.get(False, {})
    works = [work for work in told["works"] if "ratio" in clean.get(work["key"], {})]
    works.sort(key=lambda work: -clean[work["key"]]["ratio"])
    others = {each["dialect"]: each["rows"] for each in text if each["dialect"] != MAIN and not each["faults"]}
    every = [row["ratio"] for each in text for row in each["rows"].values() if "ratio" in row]
    most = max(1.2, *every) if every else 1.2
    height = TOP + STEP * len(works) + 44

    def x(ratio: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ratio / most

    def drawn() -> Iterator[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" role="img">'
        )
        yield "<title>Speed of checking, as a part of the speed of parsing alone</title>"
        yield f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>'
        yield label(20, 32, "How quick it is to check a capture, compared with only parsing it", size=17, weight=600)
        yield from legend(others)
        for tick in ticks(most):
            strong = tick == 1
            yield (
                f'<line x1="{x(tick):.1f}" y1="{TOP - 8}" x2="{x(tick):.1f}" y2="{height - 34}" '
                f'stroke="{INK if strong else LINE}" stroke-width="{1.5 if strong else 1}"/>'
            )
            yield label(x(tick), height - 16, f"{tick:g}", anchor="middle", colour=SOFT)
        yield label(x(1), TOP - 14, "parsing alone", anchor="middle", size=12)
        for number, work in enumerate(works):
            yield from bars(TOP + STEP * number, work, clean, main.get(True, {}))
            for dialect, rows in others.items():
                row = rows.get(work["key"], {})
                if "ratio" in row:
                    yield dot(x(row["ratio"]), TOP + STEP * number + 10, DOTS.get(dialect, SOFT))
        yield "</svg>"

    def legend(shown: Mapping[str, Any]) -> Iterator[str]:
        place = 20.0
        marks = [
            (OURS[0], f"{MAIN}: ours, messages and order"),
            (THEIRS[0], f"{MAIN}: schema check alone"),
            (OURS[1], "with 1 % faults"),
        ]
        for colour, says in marks:
            yield f'<rect x="{place:.0f}" y="46" width="14" height="10" fill="{colour}"/>'
            yield label(place + 20, 55, says, size=12, colour=SOFT)
            place += 36 + 6.4 * len(says)
        for dialect in shown:
            yield dot(place + 5, 51, DOTS.get(dialect, SOFT))
            yield label(place + 15, 55, dialect, size=12, colour=SOFT)
            place += 30 + 6.6 * len(dialect)

    def bars(y: float, work: Mapping[str, Any], good: Mapping[str, Any], bad: Mapping[str, Any]) -> Iterator[str]:
        colours = OURS if work["ours"] else THEIRS
        ratio = good[work["key"]]["ratio"]
        yield label(LEFT - 10, y + 15, work["title"], anchor="end", weight=600 if work["ours"] else 400)
        yield bar(y, 18, ratio, colours[0])
        worse = bad.get(work["key"], {}).get("ratio")
        if worse is not None:
            yield bar(y + 20, 7, worse, colours[1])
        end = max([ratio, *(rows[work["key"]]["ratio"] for rows in others.values() if _has(rows, work))])
        yield label(x(end) + 12, y + 15, f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}", colour=INK, size=12)

    def bar(y: float, thick: float, ratio: float, colour: str) -> str:
        return f'<rect x="{LEFT}" y="{y:.0f}" width="{x(ratio) - LEFT:.1f}" height="{thick:.0f}" fill="{colour}"/>'

    return "\n".join(drawn()) + "\n"


def _has(rows: Mapping[str, Any], work: Mapping[str, Any]) -> bool:
    return "ratio" in rows.get(work["key"], {})


def ticks(most: float) -> list[float]:
    """Round values from 0 on, at most ten of them, 1 among them."""
    step = next(step for step in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0) if most / step <= 10 or step == 10.0)
    return [number * step for number in range(int(most / step) + 1)]


def dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" stroke="#ffffff" stroke-width="1"/>'


def label(
    x: float, y: float, says: str, *, anchor: str = "start", size: int = 13, weight: int = 400, colour: str = INK
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}" stroke="#ffffff" stroke-width="3" paint-order="stroke">{escape(says)}</text>'
    )
