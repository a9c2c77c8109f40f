"""What the documents show is what the commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from wirecheck.cli import cli
from wirecheck.record import Message
from wirecheck.verdict import CODES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = re.findall(r"```console\n\$ wirecheck ([^\n]*)\n(.*?)```", README, re.DOTALL)
    assert len(shown) == 1
    for command, output in shown:
        assert CliRunner().invoke(cli, command.split()).stdout == output


def test_the_readmes_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    traffic = [("client", '{"type": "session.turn", "session_id": "s", "prompt": "?"}'), ("server", "no JSON")]
    exec(program, {"traffic": traffic})
    assert capsys.readouterr().out.startswith("must not-json ")
    assert Message.__name__ in program


def test_the_demo_shows_a_clean_and_a_broken_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name, code in (("CLEAN", 0), ("BROKEN", 1)):
        (path,) = re.findall(rf"^DEMO_{name} \?= (.*)$", makefile, re.MULTILINE)
        assert CliRunner().invoke(cli, ["check", path]).exit_code == code


def test_every_link_leads_somewhere() -> None:
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_report_page_lists_the_codes() -> None:
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert set(CODES) <= set(re.findall(r"`([a-z0-9-]+)`", page))


@pytest.mark.parametrize("name", ["check", "fuzz", "record", "schemas", "serve", "test", "types"])
def test_the_page_of_the_command_line_lists_every_option(name: str) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--"):
                assert f"`{option}" in page, option
