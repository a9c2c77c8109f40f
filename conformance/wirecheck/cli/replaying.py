"""`wirecheck test --replay FILE URL`: a conversation that was saved, played again.

Law: composition. The same executor and the same oracle as when it was found; the verdict is that of this time.
"""

from __future__ import annotations

import json
from typing import Final, NoReturn

from wirecheck import __version__
from wirecheck.campaign import Plan, play_again
from wirecheck.campaign.bench import Showing
from wirecheck.campaign.saved import Saved, loaded
from wirecheck.campaign.shown import steps_of
from wirecheck.cli import FINDINGS, PASSED
from wirecheck.cli.choose import the_one
from wirecheck.cli.fuzzing import told
from wirecheck.cli.output import emit, save, writable
from wirecheck.cli.targets import target_from
from wirecheck.cli.testing import CAPTURES, Request, made, tell_of_our_fault, usable
from wirecheck.drive import Limits
from wirecheck.errors import UsageError, WirecheckError
from wirecheck.report.view import shown

_OFTEN: Final = 100
"""Times at most that a conversation is played because its file says so."""


def replay(request: Request) -> int:
    """The exit code; what this time showed is written."""
    assert request.replay is not None
    _refuse(request)
    kept = loaded(request.replay)
    if request.dialect is not None and request.dialect != kept.dialect:
        raise UsageError(f"{request.replay} is a conversation in {kept.dialect}; leave --dialect out")
    named = None if request.catalog is not None else kept.dialect
    dialect = the_one(named, request.catalog)
    if dialect.name != kept.dialect:
        raise UsageError(f"{request.replay} is a conversation in {kept.dialect}; name its catalog with --catalog")
    if request.url is None:
        raise UsageError("say which server: wirecheck test --replay FILE wss://agents.example.com")
    target = target_from(request, request.url, dialect)
    if request.output is not None:
        writable(request.output)
    usable(request.captures or CAPTURES)
    plan = Plan(
        target=target,
        limits=Limits(timeout=request.timeout, patience=request.patience),
        rate=0.0,
        max_turns=request.max_turns,
        fail_on=request.fail_on,
        tell=lambda line: told(target, line),
    )
    # Where it failed every time, once will do.
    usual = 1 if kept.failed == kept.played else min(kept.played, _OFTEN)
    try:
        showing, times = play_again(plan, kept.steps, request.attempts or max(usual, 1), request.wait)
    except WirecheckError:
        raise
    except Exception as error:
        tell_of_our_fault(error, target.secrets())
    fails = any(plan.fails(one) for one in showing.flaws)
    report = _written(request, kept, showing, times, fails, target.secrets())
    if request.output is None:
        emit(report)
    else:
        save(request.output, report)
    return FINDINGS if fails else PASSED


def _refuse(request: Request) -> None:
    """Raise `UsageError` for options that are about scenarios."""
    given = {
        "--scenario": request.scenarios,
        "--rule": request.rules,
        "--list": request.listing,
        "--require": request.require,
        "--expected-failures": request.expected_failures,
        "--report": request.folder,
        "--exitfirst": request.exitfirst,
    }
    wrong = [name for name, value in given.items() if value]
    if request.form not in ("text", "json"):
        wrong.append(f"--format {request.form}")
    if wrong:
        raise UsageError(f"{', '.join(wrong)} cannot be had with --replay, which plays one conversation; leave it out")


def _written(request: Request, kept: Saved, showing: Showing, times: int, fails: bool, secrets: frozenset[str]) -> str:
    capture = None
    if showing.flaws or request.keep_captures:
        assert request.replay is not None
        folder = request.captures or CAPTURES
        made(folder)
        capture = folder / f"replay-{request.replay.stem}.jsonl"
        try:
            showing.capture.save(capture)
        except OSError as error:
            _unwritable(str(capture), error)
    if request.form == "json":
        findings = [{"code": one.code, "level": one.level, "says": shown(one.says, secrets)} for one in showing.flaws]
        told = {
            "wirecheck": __version__,
            "dialect": kept.dialect,
            "passed": not fails,
            "code": kept.code,
            "played": times,
            "findings": findings,
            "capture": None if capture is None else str(capture),
        }
        return json.dumps(told, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
    lines = [f"{one.level} {one.code}  {shown(one.says, secrets)}" for one in showing.flaws]
    if not showing.flaws:
        again = "once" if times == 1 else f"{times} times"
        code = shown(kept.code, secrets)
        lines.append(f"nothing found: {code} did not show when it was played {again}")
    lines += [f"  {line}" for line in steps_of(showing.steps, secrets)] if showing.flaws else []
    lines += [] if capture is None else [f"  capture: {shown(str(capture), secrets)}"]
    return "".join(f"{line}\n" for line in lines)


def _unwritable(name: str, error: OSError) -> NoReturn:
    raise UsageError(f"{name}: cannot be written ({error.strerror}); name another folder") from None
