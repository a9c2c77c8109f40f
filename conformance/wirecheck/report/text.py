"""The report for a person at a terminal.

Law: the only picture that knows rich. Colours appear on a terminal alone, and never is a text of ours or of the wire
read as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Final, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wirecheck.report.escape import printable
from wirecheck.report.view import Section, Shown, Terms, closing, heading, times, unheld, unseen
from wirecheck.verdict import Group, GuaranteeResult

_WIDTH: Final = 120
_INPUTS: Final = 20
_TERMS: Final = Terms()
_STYLES: Final = {
    "passed": "green",
    "failed": "bold red",
    "inconclusive": "yellow",
    "not_exercised": "yellow",
    "not_applicable": "dim",
    "must": "bold red",
    "should": "yellow",
    "may": "cyan",
}


def render(sections: Sequence[Section], terminal: TextIO | None = None, terms: Terms = _TERMS) -> str:
    """The whole report as text; with colours, and as wide as it is, if it is meant for this `terminal`.

    `terms` are those on which the run fails; the report ends with why, where its findings do not say it.
    """
    buffer = StringIO()
    coloured = terminal is not None and terminal.isatty()
    width = Console(file=terminal).width if coloured else _WIDTH
    console = Console(
        file=buffer,
        width=max(width, 60),
        force_terminal=coloured,
        no_color=None if coloured else True,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=False,
        legacy_windows=False,
    )
    for index, section in enumerate(sections):
        if index:
            console.print()
        _section(console, section, terms)
    # A table pads its last column; nobody wants the spaces in a file.
    return "".join(line.rstrip() + "\n" for line in buffer.getvalue().removesuffix("\n").split("\n"))


def _section(console: Console, section: Section, terms: Terms) -> None:
    report = section.report
    console.print(Text(report.dialect, style="bold"), end="")
    console.print(
        f": {_counted(report.records, 'record')}, {_counted(report.frames, 'frame')}, "
        f"{_counted(report.connections, 'connection')} in {_counted(len(report.inputs), 'capture')}"
    )
    for name in report.inputs[:_INPUTS]:
        reason = section.reasons.get(name)
        said = f"  {printable(name)}{f': {printable(reason)}' if reason else ''}"
        console.print(Text(said, style="dim"), soft_wrap=True)
    if len(report.inputs) > _INPUTS:
        console.print(Text(f"  and {len(report.inputs) - _INPUTS:,} more", style="dim"))
    console.print()
    if report.guarantees:
        console.print(_table(report.guarantees))
        console.print()
    if report.findings:
        console.print(Text(_counted(len(report.findings), "finding"), style="bold"))
    last = None
    for group in report.findings:
        console.print()
        _group(console, section, group)
        place = (group.input, group.first.at.line, group.first.at.conn)
        if place != last:  # several faults of one frame stand together; its surroundings need no repeating
            _surroundings(console, section.evidence.get(place, ()))
        last = place
    if report.dropped:
        console.print(f"\n{report.dropped:,} more findings were counted and not kept")
    if report.findings:
        console.print()
    else:
        hidden = len(section.everything.findings)
        console.print(f"no findings to show; --level hides {hidden:,}" if hidden else "no findings")
    for line in closing(report):
        console.print(line)
    for sentence in (unseen(section, terms), *unheld((section.everything,), terms)):
        if sentence:
            console.print(sentence, soft_wrap=True)


def _table(results: Sequence[GuaranteeResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("guarantee", "level", "side", "verdict"):
        table.add_column(title, no_wrap=True)
    for title in ("held", "broken", "undecided"):
        table.add_column(title, justify="right", no_wrap=True)
    for result in results:
        verdict = Text(result.verdict.replace("_", " "), style=_STYLES[result.verdict])
        counts = (result.held, result.broken, result.undecided)
        table.add_row(
            Text(result.id), result.level, result.side, verdict, *(f"{count:,}" if count else "." for count in counts)
        )
    return table


def _group(console: Console, section: Section, group: Group) -> None:
    finding = group.first
    title = Text()
    title.append(finding.level, style=_STYLES[finding.level])
    title.append(f" {finding.code}", style="bold")
    title.append(f"  {section.clean(heading(group))}")
    # Lines of ours are never wrapped: a terminal does that itself, and `file:line` stays whole in a log.
    console.print(title, soft_wrap=True)
    console.print(Text(f"  {section.clean(finding.message)}"), soft_wrap=True)
    if repeated := times(group):
        console.print(Text(f"  {repeated}", style="dim"), soft_wrap=True)


def _surroundings(console: Console, shown: Sequence[Shown]) -> None:
    digits = max((len(str(record.line)) for record in shown), default=0)
    for record in shown:
        console.print(_record(record, digits, console.width), no_wrap=True, overflow="ignore", crop=False)


def _record(record: Shown, digits: int, width: int) -> Text:
    mark = ">" if record.offending else " "
    text = f"  {mark} {record.line:>{digits}}  {record.who:<6}  {record.text}"
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1) + "…"
    return Text(text, style="" if record.offending else "dim")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
