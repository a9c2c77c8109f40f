"""Check captures on a Spark cluster: spark-submit spark_check.py DIALECT CAPTURE... > report.json

Captures lie where all executors can read them, and wirecheck is installed on all of them.
"""

import sys
from dataclasses import replace
from functools import reduce
from itertools import accumulate

from pyspark import SparkContext

from wirecheck import load
from wirecheck.report import Section, json
from wirecheck.scale import finish, job, lines_in, merge, ranges, summarize
from wirecheck.verdict import merge as together


def check(capture, dialect, spark):
    parts = ranges(capture)
    lines = accumulate(spark.parallelize(parts, len(parts)).map(lines_in).collect(), initial=1)
    asked = job(load(dialect), input=capture)
    parts = [replace(part, line=line) for part, line in zip(parts, lines, strict=False)]
    summaries = spark.parallelize(parts, len(parts)).map(lambda part: summarize(part, asked))
    return finish(reduce(merge, summaries.toLocalIterator(prefetchPartitions=True)))


if __name__ == "__main__":
    dialect, *captures = sys.argv[1:]
    with SparkContext(appName="wirecheck") as spark:
        report = together([check(capture, dialect, spark) for capture in captures])
    sys.stdout.write(json.render([Section(report=report)]))
