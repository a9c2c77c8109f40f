"""Check captures on a Ray cluster: python ray_check.py DIALECT CAPTURE... > report.json

`RAY_ADDRESS` says which cluster; without it, one is started on this machine. Captures lie where all workers can read
them, and wirecheck is installed on all of them.
"""

import sys
from dataclasses import replace
from functools import reduce
from itertools import accumulate

import ray

from wirecheck import load
from wirecheck.report import Section, json
from wirecheck.scale import finish, job, lines_in, merge, ranges, summarize
from wirecheck.verdict import merge as together


def check(capture, dialect):
    parts = ranges(capture)
    counts = [ray.remote(lines_in).remote(part) for part in parts]
    lines = accumulate(map(ray.get, counts), initial=1)
    asked = job(load(dialect), input=capture)
    judge = ray.remote(summarize)
    summaries = [judge.remote(replace(part, line=line), asked) for part, line in zip(parts, lines, strict=False)]
    return finish(reduce(merge, map(ray.get, summaries)))


if __name__ == "__main__":
    dialect, *captures = sys.argv[1:]
    ray.init()
    report = together([check(capture, dialect) for capture in captures])
    sys.stdout.write(json.render([Section(report=report)]))
