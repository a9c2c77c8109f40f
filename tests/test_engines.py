"""The recipes for Ray and Spark, run as they stand, on clusters of one machine that start for them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from wirecheck import dialects
from wirecheck.cli import cli

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "examples" / "engines"

# One engine for all runs: what takes long is its start. A recipe runs as `python RECIPE DIALECT CAPTURE...` would run
# it; captures are cut into more parts than such small ones would be, and nothing listens but on loopback.
_COMMON = """
import io, json, os, runpy, sys
import wirecheck.scale as scale

cut = scale.ranges
scale.ranges = lambda source: cut(source, size=-(-os.path.getsize(source) // 3))
recipe, *runs = sys.argv[1:]
out, sys.stdout = sys.stdout, None
for run in map(json.loads, runs):
    sys.argv, sys.stdout = [recipe, *run], io.StringIO()
    runpy.run_path(recipe, run_name="__main__")
    print(json.dumps(sys.stdout.getvalue()), file=out)
"""
_RAY = """
import functools, os, ray

ray.init = functools.partial(
    ray.init, num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR",
    ignore_reinit_error=True, _temp_dir=os.environ["HOME"],
)
"""
_SPARK = """
import atexit, contextlib, pyspark

settings = {
    "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
    "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
}
one = pyspark.SparkContext("local[2]", conf=pyspark.SparkConf().setAll(settings.items()))
pyspark.SparkContext = lambda appName: contextlib.nullcontext(one)
atexit.register(one.stop)
"""


@pytest.fixture
def home() -> Iterator[str]:
    """A folder with a short name: Ray puts sockets in it, whose names may have 107 characters in all."""
    folder = tempfile.mkdtemp(prefix="wc-")
    yield folder
    shutil.rmtree(folder)


def captures(dialect: str) -> list[str]:
    """A clean and a broken one, with several connections if there are such."""
    folder = ROOT / "fixtures" / dialect / "captures"
    clean = max(folder.glob("rich-*.jsonl"), key=lambda path: path.stat().st_size)
    broken = max(folder.glob("*.broken*.jsonl"), key=lambda path: path.stat().st_size)
    return [str(clean), str(broken)]


def checked(dialect: str) -> str:
    ended = CliRunner().invoke(cli, ["check", "--dialect", dialect, "--format", "json", *captures(dialect)])
    assert ended.exit_code in (0, 1)
    return ended.stdout


def run(recipe: str, engine: str, home: str, **env: str) -> list[str]:
    """What the recipe prints for each dialect."""
    runs = [json.dumps([dialect, *captures(dialect)]) for dialect in dialects()]
    ended = subprocess.run(
        [sys.executable, "-c", engine + _COMMON, str(RECIPES / recipe), *runs],
        env={**os.environ, "HOME": home, "TMPDIR": home, **env},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_the_page_shows_what_the_recipes_do() -> None:
    page = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    shown = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(shown) == len(list(RECIPES.glob("*.py"))) == 2
    for recipe, block in zip(sorted(RECIPES.glob("*.py")), shown, strict=True):
        assert textwrap.indent(block, "    ") in recipe.read_text(encoding="utf-8")


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_the_recipe_for_ray_gives_the_same_report(home: str) -> None:
    # The first of these settings is what makes Ray listen on loopback alone.
    alone = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    assert run("ray_check.py", _RAY, home, **alone) == [checked(dialect) for dialect in dialects()]


@pytest.mark.skipif(find_spec("pyspark") is None or shutil.which("java") is None, reason="Spark or Java is missing")
def test_the_recipe_for_spark_gives_the_same_report(home: str) -> None:
    quick = '--driver-java-options "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" pyspark-shell'
    env = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_SUBMIT_ARGS": quick, "PYSPARK_PYTHON": sys.executable}
    assert run("spark_check.py", _SPARK, home, **env) == [checked(dialect) for dialect in dialects()]
