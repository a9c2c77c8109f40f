"""The action for GitHub, and the workflows that the page on CI shows: read, checked, and run step by step."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from wirecheck.catalog import load
from wirecheck.serve import serving

ROOT = Path(__file__).parent.parent
ACTION = ROOT / "tools" / "action"
DEFINED: dict[str, Any] = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
WORKFLOWS: list[Any] = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
STEPS: list[dict[str, Any]] = DEFINED["runs"]["steps"]
VONZ = load("vonz")
SECRET = "0aeb7c1d-a-token-of-the-user"
FAULT, SCENE = "tool-call-answered-once:missing", "tool-calls"

STUB = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    kept = {{name: value for name, value in os.environ.items() if "TOKEN" in name}}
    log.write(json.dumps([sys.argv[1:], kept]) + "\\n")
"""


@dataclass
class Job:
    """A job that runs the action's own steps: what a runner gives them, and what they gave back."""

    folder: Path
    inputs: Mapping[str, str]
    path: str = f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"
    outputs: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""
    code: int = 0

    def run(self) -> Job:
        """The run steps in their order, up to the first that fails."""
        given = {name: str(form.get("default", "")) for name, form in DEFINED["inputs"].items()}
        assert set(self.inputs) <= set(given)
        given.update(self.inputs)
        for step in STEPS:
            if "run" in step and self.code == 0 and self.wanted(step.get("if", ""), given):
                self.step(step, given)
        return self

    def wanted(self, condition: str, given: Mapping[str, str]) -> bool:
        if not condition:
            return True
        (name, other) = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) != '(\w*)' \}\}", condition).groups()  # type: ignore[union-attr]
        return given[name] != other

    def step(self, step: Mapping[str, Any], given: Mapping[str, str]) -> None:
        outputs, summary = self.folder / "outputs", self.folder / "summary"
        outputs.write_text("")
        environment = {
            "PATH": self.path,
            "HOME": str(self.folder),
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(summary),
            **{name: filled(str(value), given) for name, value in step.get("env", {}).items()},
        }
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        # As the runner starts `shell: bash`.
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
        )
        self.out, self.err, self.code = self.out + ended.stdout, self.err + ended.stderr, ended.returncode
        self.outputs.update(line.split("=", 1) for line in outputs.read_text().splitlines())

    @property
    def summary(self) -> str:
        path = self.folder / "summary"
        return path.read_text() if path.exists() else ""

    def left(self) -> list[str]:
        """What stands where the job ran, by name."""
        return sorted(path.name for path in (self.folder / "work").iterdir())

    def written(self) -> str:
        """All that it wrote anywhere."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return self.out + self.err + "".join(path.read_text(errors="replace") for path in files)


def filled(text: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)


def stub(folder: Path, *names: str) -> Path:
    """Programs that only note how they were called; the notes are in the file that is returned."""
    log = folder / "called.jsonl"
    (folder / "bin").mkdir()
    for name in names:
        program = folder / "bin" / name
        program.write_text(STUB.format(python=sys.executable, log=str(log)))
        program.chmod(0o755)
    return log


def calls(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_every_step_is_one_that_a_runner_takes() -> None:
    assert DEFINED["runs"]["using"] == "composite"
    assert [step.get("uses", "").split("@")[0] for step in STEPS if "uses" in step] == ["actions/setup-python"]
    for step in STEPS:
        assert step["name"]
        assert ("run" in step) is (step.get("shell") == "bash")
        assert "${{" not in step.get("run", ""), "an input inside a script becomes a part of it"


@pytest.mark.parametrize("step", [step for step in STEPS if "run" in step], ids=lambda step: str(step["name"]))
def test_every_script_is_one(step: Mapping[str, Any]) -> None:
    checked = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_inputs_and_outputs_are_used_and_documented() -> None:
    text = (ACTION / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(DEFINED["inputs"])
    tables = re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE)
    named = {name for cell in tables for name in re.findall(r"`([\w-]+)`", cell)}
    assert named == {*DEFINED["inputs"], *DEFINED["outputs"]}
    (test,) = (step for step in STEPS if step.get("id") == "test")
    for name, output in DEFINED["outputs"].items():
        assert output["value"] == f"${{{{ steps.test.outputs.{name} }}}}"
        assert f'echo "{name}=' in test["run"]
    assert [name for name, form in DEFINED["inputs"].items() if form.get("required")] == ["url"]


@pytest.mark.parametrize(("extras", "ends"), [("", ""), ("socketio", "[socketio]")])
def test_it_installs_its_own_checkout(tmp_path: Path, extras: str, ends: str) -> None:
    log = stub(tmp_path, "python")
    job = Job(tmp_path, {"url": "ws://h", "extras": extras}, path=f"{tmp_path}/bin:/usr/bin:/bin").run()
    assert job.code == 0, job.err
    install = calls(log)[0][0]
    assert install[:-1] == ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    assert install[-1].endswith("/../.." + ends)
    assert Path(install[-1].removesuffix(ends)).resolve() == ROOT
    assert (Path(install[-1].removesuffix(ends)) / "pyproject.toml").is_file()


def test_what_the_job_has_installed_itself_is_used(tmp_path: Path) -> None:
    log = stub(tmp_path, "python")
    Job(tmp_path, {"url": "ws://h", "install": "false"}, path=f"{tmp_path}/bin:/usr/bin:/bin").run()
    assert [call[:3] for call, _ in calls(log)] == [["-c", calls(log)[0][0][1]], ["-m", "wirecheck", "test"]]


def test_the_secret_is_on_no_command_line(tmp_path: Path) -> None:
    log = stub(tmp_path, "python")
    inputs = {"url": "ws://h", "token": SECRET, "install": "false"}
    Job(tmp_path, inputs, path=f"{tmp_path}/bin:/usr/bin:/bin").run()
    *_, (words, environment) = calls(log)
    assert words == [
        *("-m", "wirecheck", "test", "--format", "github", "--report", "wirecheck-report", "--", "ws://h"),
    ]
    assert environment == {"WIRECHECK_TOKEN": SECRET}


def outcome(folder: Path, url: str, **inputs: str) -> Job:
    return Job(folder, {"url": url, "dialect": "vonz", "install": "false", **inputs}).run()


def test_a_server_that_keeps_its_promises_passes(tmp_path: Path) -> None:
    with serving(VONZ, variables={"token": SECRET}) as served:
        job = outcome(tmp_path, served.url, scenario=f"plain-turn\n{SCENE}", token=SECRET)
    assert (job.code, job.err.count("::error")) == (0, 0), job.out + job.err
    assert job.outputs == {
        "exit-code": "0",
        "passed": "true",
        "report": "wirecheck-report",
        "junit": "wirecheck-report/junit.xml",
    }
    root = ElementTree.parse(tmp_path / "work" / job.outputs["junit"]).getroot()
    cases = [case.get("name") or "" for case in root.iter("testcase")]
    assert cases and root.find(".//failure") is None
    assert "::error" not in job.out and "vonz: must: " in job.out
    assert job.summary.startswith("### wirecheck\n\n    vonz: ")
    assert job.left() == ["wirecheck-report"]
    assert SECRET[:12] not in job.written()


def test_a_server_that_breaks_one_fails_with_annotations_and_evidence(tmp_path: Path) -> None:
    with serving(VONZ, mutant=FAULT, variables={"token": SECRET}) as served:
        job = outcome(tmp_path, served.url, scenario=SCENE, token=SECRET, report="out/there")
    assert job.code == 1, job.out + job.err
    assert (job.outputs["exit-code"], job.outputs["passed"]) == ("1", "false")
    assert re.search(r"^::error .*title=must tool-call-answered-once \(vonz\)::", job.out, re.MULTILINE)
    root = ElementTree.parse(tmp_path / "work" / job.outputs["junit"]).getroot()
    assert root.find(".//failure") is not None
    assert "tool-call-answered-once" in job.summary
    assert list((tmp_path / "work" / "out" / "there" / "captures").iterdir()) != []
    assert SECRET[:12] not in job.written()


def test_further_arguments_are_quoted_as_in_a_shell_and_expanded_by_none(tmp_path: Path) -> None:
    args = """--var "prompt=What's  it like in $HOME; touch pwned?"\n--keep-captures --timeout '60' *"""
    with serving(VONZ) as served:
        job = outcome(tmp_path, served.url, scenario="plain-turn", args=args.removesuffix(" *"))
        assert (job.code, job.left()) == (0, ["wirecheck-report"]), job.out + job.err
        assert outcome(tmp_path, served.url, scenario="plain-turn", args=args).code == 2
    (capture,) = (tmp_path / "work" / "wirecheck-report" / "captures").iterdir()
    records = [json.loads(line) for line in capture.read_bytes().splitlines()]
    said = [json.loads(record["text"]) for record in records if "text" in record and record["from"] == "client"]
    assert [frame["prompt"] for frame in said if "prompt" in frame] == ["What's  it like in $HOME; touch pwned?"]


@pytest.mark.parametrize("name", sorted(set(DEFINED["inputs"]) - {"python-version", "install"}))
def test_an_input_is_never_run(tmp_path: Path, name: str) -> None:
    evil = "x\"; touch pwned; $(touch pwned) `touch pwned` ' ; touch pwned #"
    job = Job(tmp_path, {"url": "ws://127.0.0.1:1", "dialect": "vonz", "install": "false", name: evil}).run()
    assert job.code != 0
    assert "pwned" not in job.left()


def test_arguments_that_cannot_be_taken_apart(tmp_path: Path) -> None:
    job = Job(tmp_path, {"url": "ws://h", "install": "false", "args": "--var 'prompt=x"}).run()
    assert job.code == 2
    assert "::error title=wirecheck::args cannot be taken apart: No closing quotation" in job.err


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with serving(VONZ) as served:
        url = served.url
    job = outcome(tmp_path, url)
    assert (job.code, job.outputs["exit-code"], job.outputs["passed"]) == (4, "4", "false")
    assert job.summary == ""


def test_a_mistake_of_usage(tmp_path: Path) -> None:
    job = outcome(tmp_path, "ws://127.0.0.1:1", dialect="nobody")
    assert (job.code, job.outputs["exit-code"]) == (2, "2")


def scripts(workflow: Mapping[str, Any]) -> list[str]:
    """The command lines of a workflow of GitHub's or GitLab's, in their order."""
    if "jobs" in workflow:
        return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    return [line for job in workflow.values() for line in job["script"]]


def unregistered() -> dict[str, str]:
    """What names the plugin to pytest where the installation that we run in is older than its entry point."""
    plugins = {point.value for point in entry_points(group="pytest11")}
    return {} if "wirecheck.pytest_plugin" in plugins else {"PYTEST_PLUGINS": "wirecheck.pytest_plugin"}


def test_the_page_uses_the_action_as_it_is() -> None:
    uses = [
        step
        for workflow in WORKFLOWS
        for job in workflow.get("jobs", {}).values()
        for step in job["steps"]
        if "tools/action" in step.get("uses", "")
    ]
    (step,) = uses
    assert step["uses"].partition("@")[0].endswith("/tools/action")
    assert set(step["with"]) <= set(DEFINED["inputs"])
    for output in re.findall(rf"steps\.{step['id']}\.outputs\.([\w-]+)", PAGE):
        assert output in DEFINED["outputs"]


@pytest.mark.parametrize("workflow", WORKFLOWS[1:], ids=["github", "gitlab", "gitlab-pytest"])
def test_the_lines_that_the_page_shows_run(tmp_path: Path, workflow: Mapping[str, Any]) -> None:
    log = stub(tmp_path, "pip")
    work = tmp_path / "work"
    work.mkdir()
    job = next(iter(workflow.get("jobs", workflow).values()))
    with serving(VONZ, variables={"token": SECRET}) as served:
        environment = {
            "PATH": f"{tmp_path}/bin:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "AGENT_URL": served.url,
            "WIRECHECK_TOKEN": SECRET,
            **unregistered(),
        }
        for line in scripts(workflow):
            ended = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", line], cwd=work, env=environment, capture_output=True, text=True
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert SECRET[:12] not in ended.stdout + ended.stderr
    assert [call[0] for call, _ in calls(log)] == ["install"]
    (file,) = list(work.rglob("*.xml"))
    root = ElementTree.parse(file).getroot()
    assert len(list(root.iter("testcase"))) > 10 and root.find(".//failure") is None
    assert SECRET[:12] not in file.read_text()
    if "artifacts" in job:
        assert job["artifacts"]["reports"]["junit"] == str(file.relative_to(work))
