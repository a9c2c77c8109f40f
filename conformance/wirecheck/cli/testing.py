"""One run of `wirecheck test`.

Law: composition. The scenarios are played one after the other by `drive`, and what they show is judged there; here is
decided what is played, what is kept, and which exit code it comes to.
"""

from __future__ import annotations

import asyncio
import json
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NoReturn

from wirecheck.catalog import Dialect, Level
from wirecheck.catalog.script import Scenario
from wirecheck.cli import FINDINGS, INTERRUPTED, PASSED
from wirecheck.cli.choose import the_one
from wirecheck.cli.output import emit, save, tell, writable
from wirecheck.cli.played import Played, Run, breaks
from wirecheck.cli.targets import TargetRequest, target_from
from wirecheck.cli.testing_forms import FORMS, render
from wirecheck.cli.watching import Watching, watching
from wirecheck.drive import Budget, Case, Judged, Limits, Outcome, Target, cases, judged, play, reachable
from wirecheck.drive.expected import Expected, read_expected
from wirecheck.errors import TargetError, UsageError, WirecheckError
from wirecheck.redact import redact
from wirecheck.report.escape import printable
from wirecheck.report.view import FailOn, Terms

CAPTURES: Final = Path("wirecheck-captures")
Form = Literal["text", "json", "junit", "github"]
Fatal = Callable[[Case, Judged], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(TargetRequest):
    """What the user asked for: the options of the command, by their names."""

    url: str | None = field(repr=False)
    dialect: str | None
    catalog: str | None
    scenarios: tuple[str, ...]
    rules: tuple[str, ...]
    listing: bool
    attempts: int | None
    max_turns: int | None
    exitfirst: bool
    level: Level
    fail_on: FailOn
    require: Literal["must", "should"] | None
    replay: Path | None
    expected_failures: Path | None
    form: Form
    output: Path | None
    captures: Path | None
    keep_captures: bool
    folder: Path | None


def perform(request: Request) -> int:
    """The exit code; the report is written."""
    dialect = the_one(request.dialect, request.catalog)
    chosen = cases(dialect, request.scenarios, request.rules)
    if not chosen:
        raise UsageError(f"{dialect.name}: no scenario exercises {', '.join(request.rules) or 'anything'}; see --list")
    if request.listing:
        emit(_listed(chosen))
        return PASSED
    target = _target(request, dialect)
    expected = read_expected(request.expected_failures, chosen) if request.expected_failures is not None else Expected()
    captures = request.captures or (request.folder / "captures" if request.folder is not None else CAPTURES)
    if request.output is not None:
        writable(request.output)
    for folder in filter(None, (request.folder, request.captures)):
        usable(folder)
    terms = Terms(fail_on=request.fail_on, require=request.require)

    def fatal(case: Case, verdict: Judged) -> bool:
        return request.exitfirst and breaks(case, verdict, terms, expected)

    outcomes: dict[str, Outcome] = {}
    with watching() as watch:
        try:
            asyncio.run(_playing(request, target, chosen, fatal, watch, outcomes))
            interrupted = False
        except KeyboardInterrupt:
            if not outcomes:
                raise
            interrupted = True
        except WirecheckError:
            raise
        except Exception as error:
            tell_of_our_fault(error, target.secrets())
        kept, trouble = _kept(request, chosen, outcomes, captures)
    run = Run(
        dialect=dialect,
        unplayed=tuple(dict.fromkeys(case.scenario.name for case in chosen if case.scenario.name not in outcomes)),
        everything=not request.scenarios,
        rules=request.rules,
        played=tuple(
            Played(case=case, judged=judged(case, outcomes[case.scenario.name]), outcome=outcomes[case.scenario.name])
            for case in chosen
            if case.scenario.name in outcomes
        ),
        captures=kept,
        expected=expected,
        level=request.level,
        terms=terms,
        interrupted=interrupted,
    )
    _written(request, run)
    for sentence in (*run.remarks(), *trouble):
        tell(f"wirecheck: {printable(sentence)}")
    if interrupted:
        return INTERRUPTED
    return FINDINGS if run.fails() else PASSED


def _target(request: Request, dialect: Dialect) -> Target:
    if request.url is None:
        raise UsageError("say which server: wirecheck test wss://agents.example.com --dialect NAME")
    return target_from(request, request.url, dialect)


async def _playing(
    request: Request,
    target: Target,
    chosen: Sequence[Case],
    fatal: Fatal,
    watch: Watching,
    outcomes: dict[str, Outcome],
) -> None:
    """Fill in `outcomes`, up to the first with a `fatal` case. Raises `TargetError` where there is no server."""
    limits = Limits(timeout=request.timeout, patience=request.patience)
    budget = Budget(request.max_turns)
    watch.waiting(target)
    await reachable(target, request.wait, limits)
    scenarios: dict[str, Scenario] = {case.scenario.name: case.scenario for case in chosen}
    for number, scenario in enumerate(scenarios.values(), start=1):
        watch.begun(target.dialect.name, scenario, number, len(scenarios))
        outcome = await play(scenario, target, limits, budget, watch=watch.doing, attempts=request.attempts)
        outcomes[scenario.name] = outcome
        verdicts = [(case, judged(case, outcome)) for case in chosen if case.scenario.name == scenario.name]
        watch.ended(target.dialect.name, outcome, [verdict for _, verdict in verdicts])
        if outcome.refused and not any(one.connected for one in outcomes.values()):
            raise TargetError(outcome.refused)
        if any(fatal(case, verdict) for case, verdict in verdicts):
            break
        if outcome.mute and not any(one.heard for one in outcomes.values()):
            # Not a frame and not a pong: the other scenarios would end the same, and each would take its time.
            break


def _kept(
    request: Request, chosen: Sequence[Case], outcomes: dict[str, Outcome], folder: Path
) -> tuple[dict[str, Path], list[str]]:
    """Where the captures are that are kept, by scenario; and why some are not: the report comes all the same."""
    kept: dict[str, Path] = {}
    for name, outcome in outcomes.items():
        failed = any(
            judged(case, outcome).verdict == "failed" for case in chosen if case.scenario.name == outcome.scenario.name
        )
        if outcome.records is not None and (request.keep_captures or failed or outcome.ended):
            place = folder / f"{chosen[0].dialect.name}.{name}.jsonl"
            try:
                made(folder)
                outcome.records.save(place)
            except UsageError as error:
                return kept, [f"warning: captures are not kept: {error} with --captures"]
            except OSError as error:
                why = f"{place}: cannot be written ({error.strerror}); name another folder with --captures"
                return kept, [f"warning: captures are not kept: {why}"]
            kept[name] = place
    return kept, []


def _written(request: Request, run: Run) -> None:
    text = render(run, request.form, terminal=request.output is None)
    if request.output is None:
        emit(text)
    else:
        save(request.output, text)
    if request.folder is not None:
        made(request.folder)
        for form, name in FORMS.items():
            save(request.folder / name, render(run, form, terminal=False))


def usable(folder: Path) -> None:
    """Raise `UsageError` where nothing could be written into a folder, before any work is done for it."""
    nearest = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise UsageError(f"{folder}: no folder that can be written into; name another")


def made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: the folder cannot be made ({error.strerror}); name another") from None


def _listed(chosen: Sequence[Case]) -> str:
    lines = []
    last = None
    for case in chosen:
        if case.scenario is not last:
            lines.append(f"{case.dialect.name}/{case.scenario.name}: {case.scenario.says}")
        last = case.scenario
        level = f"  {case.level}" if case.level is not None else ""
        lines.append(f"  {case.id}{level}")
    variables = chosen[0].dialect.variables.values()
    lines += ["", "variables:"] if variables else []
    for form in variables:
        given = "secret" if form.secret else f"default: {json.dumps(form.reference, ensure_ascii=False)}"
        lines.append(f"  {form.name} ({given}){f'  {form.summary}' if form.summary else ''}")
    return "".join(f"{printable(line)}\n" for line in lines)


def tell_of_our_fault(error: Exception, secrets: frozenset[str]) -> NoReturn:
    """A mistake of ours, without what must not be shown: an exception may carry anything that it was about."""
    if os.environ.get("WIRECHECK_DEBUG"):
        text = redact("".join(traceback.format_exception(error)), secrets)
        for line in text.rstrip("\n").split("\n"):
            tell(printable(line))
    said = redact(f"{type(error).__name__}: {error}", secrets)
    raise RuntimeError(said) from None
