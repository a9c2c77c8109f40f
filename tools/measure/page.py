"""Results as tables, and as the generated part of docs/performance.md.

Law: pure functions of results; what was measured is in docs/performance.json, and what a reader sees is made from it
and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from measure.machine import sentence

BEGIN, END = "<!-- made by tools/bench.py from performance.json -->\n", "<!-- end of what is made -->"
NONE = "–"

Results = Mapping[str, Any]
Cells = Sequence[Sequence[str]]


def table(rows: Cells, *, left: int = 2) -> str:
    """Markdown, aligned for reading as it stands; the first row is the head, the first `left` columns are words."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if column >= left else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(cells)} |")
        if number == 0:
            marks = [f"{'-' * (width - 1)}:" if column >= left else "-" * width for column, width in enumerate(widths)]
            lines.append(f"| {' | '.join(marks)} |")
    return "\n".join(lines)


def shown(ratio: float) -> str:
    """A ratio with two digits that count."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def speeds(told: Results) -> str:
    """A row a capture; the ratio of each work to the base."""
    works = _works(told)
    rows = [["traffic", "frames as", "faults", "base, frames/s", *(work["title"] for work in works)]]
    for each in told["captures"]:
        found = (each["rows"].get(work["key"], {}) for work in works)
        cells = [shown(row["ratio"]) if "ratio" in row else NONE for row in found]
        rows.append([*_capture(each), f"{each['base']:,}", *cells])
    return table(rows, left=3)


def peaks(told: Results) -> str:
    """A row a capture; the most memory that a process of each work held, in MiB."""
    works = _works(told)
    rows = [["traffic", "frames as", "faults", "base", *(work["title"] for work in works)]]
    for each in told["captures"]:
        found = (each["rows"].get(work["key"], {}) for work in works)
        cells = [f"{row['peak']:.0f}" if "peak" in row else NONE for row in found]
        rows.append([*_capture(each), f"{each['base_peak']:.0f}", *cells])
    return table(rows, left=3)


def _works(told: Results) -> list[Mapping[str, Any]]:
    """What has a figure, or a reason for having none."""
    return [
        work
        for work in told["works"]
        if any(work["key"] in each["rows"] or work["key"] in each["reasons"] for each in told["captures"])
    ]


def _capture(each: Results) -> list[str]:
    return [each["traffic"], each["form"], f"{each['faults']:.0%}" if each["faults"] else NONE]


def legend(told: Results) -> str:
    """What the columns are; where processes had to be started, what that took."""
    lines = [
        "* **base**: `orjson.loads` of each line and of the frame in it, and nothing else. All else in the table is a "
        "part of that: 1.00 is as quick as parsing alone."
    ]
    for work in _works(told):
        rows = [each["rows"][work["key"]] for each in told["captures"] if work["key"] in each["rows"]]
        starts = [row["start"] for row in rows if "start" in row]
        more = f"; not counted: {min(starts) * 1000:.0f} ms to start each process" if starts else ""
        few = f"; on a {told['part']}th of the traffic, against the base on the same" if work["few"] else ""
        lines.append(f"* **{work['title']}**: {work['about']}{few}{more}.")
    reasons = sorted({
        f"* No figure for {_title(told, key)} on {each['traffic']}, {each['form']}: {reason}."
        for each in told["captures"]
        for key, reason in each["reasons"].items()
    })  # fmt: skip
    if any("ratio" not in row for each in told["captures"] for row in each["rows"].values()):
        lines.append(f"* {NONE}: it ended too soon to be told from the starts of its processes.")
    return "\n".join([*lines, *reasons])


def _title(told: Results, key: str) -> str:
    return next((work["title"] for work in told["works"] if work["key"] == key), key)


def spread(told: Results) -> str:
    """How far single rounds lay from the middle, for the reader who wonders how much a digit is worth."""
    rows = [row for each in told["captures"] for row in each["rows"].values() if "most" in row]
    far = sorted(max(row["most"] / row["ratio"], row["ratio"] / row["least"]) - 1 for row in rows)
    if not far:
        return ""
    return (
        f"Single rounds differ from the middle one by {far[len(far) // 2]:.0%} at most in half of the cells, and by "
        f"{far[-1]:.0%} in the worst."
    )


def aims(results: Results) -> str:
    """What issue 5 asks for, and what was measured."""
    return table([["asked", "asked for", "measured", "met"], *_aims(results)], left=1)


def _aims(results: Results) -> Iterator[list[str]]:
    def least(title: str, bound: float, value: float) -> list[str]:
        return [title, f"≥ {bound:.2f}", f"{value:.2f}", "yes" if value >= bound else "no"]

    for each in results.get("traffic", {}).get("captures", ()):
        ours = each["rows"].get("one", {}).get("ratio")
        if each["form"] != "text" or ours is None:
            continue
        bound = 0.85 if each["faults"] else 1.0
        bound *= 1.0 if each["dialect"] == "vonz" else 0.8
        faults = ", 1 % faults" if each["faults"] else ""
        yield least(f"{each['traffic']}{faults}: one core, of the base", bound, ours)
        ajv, both = (each["rows"].get(key, {}).get("ratio") for key in ("ajv", "all"))
        if each["dialect"] == "vonz" and not each["faults"]:
            if ajv is not None:
                yield least(f"{each['traffic']}: one core, of Ajv's schema check", 3.0, ours / ajv)
            if both is not None and results["traffic"]["machine"]["cores"] == 2:
                yield least(f"{each['traffic']}: two processes, of one", 1.85, both / ours)
    for row in results.get("memory", {}).get("rows", ()):
        bound = 100 if "open" in row["capture"] else 60
        held = max(row["one"], row.get("all", 0.0))
        yield [f"{row['capture']}: MiB of a process", f"< {bound}", f"{held:.0f}", "yes" if held < bound else "no"]


def memory(told: Results) -> str:
    both = any("all" in row for row in told["rows"])
    heads = ["`--jobs 1`, MiB", "`--jobs N`, the largest process"] if both else ["MiB"]
    rows = [["capture", "MB", *heads]]
    for row in told["rows"]:
        values = [row["one"], row["all"]] if both else [row["one"]]
        rows.append([row["capture"], f"{row['megabytes']:,.0f}", *(f"{value:.0f}" for value in values)])
    return table(rows, left=1)


def overheads(told: Results) -> str:
    rows = [["without → with us", "without, µs a frame", "with", "more"]]
    rows += [[row["work"], *(f"{row[name]:.1f}" for name in ("without", "with", "more"))] for row in told["overheads"]]
    return table(rows, left=1)


def latency(told: Results) -> str:
    rows = [["round trip, µs", "straight", "through the recorder", "more"]]
    rows += [
        [row["round trip"], *(f"{row[name]:,}" for name in ("straight", "through", "more"))] for row in told["latency"]
    ]
    return table(rows, left=1)


def together(told: Results) -> str:
    return table([told["crowd_head"], *told["together"]], left=1)


def startup(told: Results) -> str:
    rows = [["until it has ended", "ms", "more than", "more, ms", "times"]]
    for row in told["rows"]:
        beside = [row["beside"], f"{row['more']:.0f}", f"{row['ratio']:.2f}"] if "beside" in row else ["", "", ""]
        rows.append([row["work"], f"{row['ms']:.0f}", *beside])
    return table(rows, left=1)


def sections(results: Results) -> Iterator[tuple[str, str]]:
    """Title and text of each part that was measured."""
    machines = [told["machine"] for told in results.values()]

    def on(told: Results) -> str:
        return sentence(told["machine"], None if told["machine"] is machines[0] else machines[0])

    if told := results.get("traffic"):
        about = (
            f"{on(told)}\n\n{told['frames']:,} frames a capture, the middle one of {told['rounds']} "
            f"rounds. {spread(told)}"
        )
        yield "Captures", f"{about}\n\n{speeds(told)}\n\n{legend(told)}"
        yield "Captures: the most memory of a process, in MiB", peaks(told)
    if told := results.get("memory"):
        yield "Memory, whatever the capture's size", f"{on(told)}\n\n{memory(told)}"
    if told := results.get("live"):
        yield (
            "Live traffic",
            f"{on(told)}\n\nProcessor time a frame, in answers of {told['pieces']:,} pieces, the "
            f"middle one of {told['rounds']} rounds:\n\n{overheads(told)}\n\n{told['trips']:,} round trips of a short "
            f"turn each way:\n\n{latency(told)}\n\nConversations at once, with the reference server:\n\n"
            f"{together(told)}",
        )
    if told := results.get("startup"):
        yield "Start", f"{on(told)}\n\n{startup(told)}"
    if rows := list(_aims(results)):
        yield "What was asked for", table([["", "asked for", "measured", "met"], *rows], left=1)


def text(results: Results, *, depth: int = 2) -> str:
    """All of it."""
    return "\n\n".join(f"{'#' * depth} {title}\n\n{body}" for title, body in sections(results))


def placed(page: str, results: Results) -> str:
    """The page with its generated part made anew. Raises `ValueError` where it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no line {BEGIN.strip()!r} followed by {END!r}")
    return f"{before}{BEGIN}\n{text(results)}\n\n{END}{after}"
