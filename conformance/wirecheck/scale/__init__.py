"""Captures in ranges: judged anywhere, in any order, with one report.

Law: the report on a capture is the same to the byte, however it was cut and whoever read it.

    ranges(source, size=…)  a capture cut into ranges of bytes
    job(dialect, …)         what to judge them by
    summarize(range, job)   a pure function: runs wherever the source can be read
    merge(one, other)       associative; `other` lies directly behind `one`
    finish(summary)         the report
"""

from __future__ import annotations

from wirecheck.scale.job import Job, cores, job
from wirecheck.scale.ranges import Range, counted, lines_in, placed, ranges
from wirecheck.scale.summary import Summary, begun, finish, merge, note, proceed, summarize

__all__ = [
    "Job",
    "Range",
    "Summary",
    "begun",
    "cores",
    "counted",
    "finish",
    "job",
    "lines_in",
    "merge",
    "note",
    "placed",
    "proceed",
    "ranges",
    "summarize",
]
