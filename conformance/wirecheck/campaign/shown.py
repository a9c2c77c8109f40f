"""A campaign's result as text and as JSON.

Law: pictures of a `Result`. What comes from the wire is redacted, cut and escaped; which findings fail the run is asked
of the plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from wirecheck import __version__
from wirecheck.campaign.oracle import LASTING
from wirecheck.campaign.result import Found, Result
from wirecheck.campaign.steps import Conversation, Send, Step, described
from wirecheck.drive.refusal import place
from wirecheck.redact import MARK, excerpt, longest_first
from wirecheck.report.view import shown

_WAYS: Final = {
    "error": "with an error",
    "close": "by closing",
    "other": "with something else",
    "nothing": "not at all",
}
_KEPT: Final = 4_000

Files = Mapping[tuple[str, ...], tuple[Path, Path]]
"""Where findings were saved, by cause: the capture, and the conversation."""


def text(result: Result, files: Files) -> str:
    """The report for a person."""
    return "".join(f"{line}\n" for line in _lines(result, files))


def document(result: Result, files: Files) -> dict[str, Any]:
    """The report for a program."""
    secrets = result.plan.target.secrets()
    return {
        "wirecheck": __version__,
        "dialect": result.plan.target.dialect.name,
        "passed": not result.fails,
        "ended": result.ended,
        "seed": result.plan.seed,
        "canary": result.canary,
        "messages": result.messages,
        "conversations": result.conversations,
        "canaries": result.canaries,
        "turns": result.turns,
        "seconds": round(result.seconds, 3),
        "discarded": result.discarded,
        "answers": {way: result.answers.get(way, 0) for way in _WAYS},
        "coverage": result.coverage.as_json(),
        "findings": [_finding(result, found, files, secrets) for found in result.found],
    }


def rendered(result: Result, files: Files) -> str:
    """The same as text."""
    return json.dumps(document(result, files), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def steps_of(steps: Conversation, secrets: frozenset[str]) -> Iterator[str]:
    """The steps, a line each, and below each message what was sent."""
    for step in steps:
        # A pointer, and what a file calls its connections, may hold any character.
        yield shown(described(step), secrets)
        if isinstance(step, Send):
            yield f"  {_body(step, secrets)}"


def failed(found: Found) -> str:
    """How often the conversation failed when it was played again."""
    if not found.played:
        return "was not played again"
    return f"failed {found.failed} of {found.played} times when it was played again"


def _lines(result: Result, files: Files) -> Iterator[str]:
    secrets = result.plan.target.secrets()
    counted = f"{len(result.found)} finding{'' if len(result.found) == 1 else 's'}" if result.found else "no finding"
    yield f"{result.plan.target.dialect.name} at {place(result.plan.target)}: {counted}"
    for found in result.found:
        yield ""
        yield f"{found.flaw.level} {found.flaw.code}  {shown(found.flaw.says, secrets)}"
        for other in found.also:
            yield f"  and {other.level} {other.code}  {shown(other.says, secrets)}"
        hint = "; --restart CMD starts a server again that died" if _restartable(result, found) else ""
        yield f"  {failed(found)}{hint}"
        for line in steps_of(found.steps, secrets):
            yield f"    {line}"
        if found.flaw.cause in files:
            capture, steps = files[found.flaw.cause]
            yield f"  capture: {shown(str(capture), secrets)}"
            yield f"  again:   wirecheck test --replay {shown(str(steps), secrets)} URL"
    yield ""
    yield (
        f"{result.messages:,} messages in {result.conversations:,} conversations, with the canary {result.canary}, "
        f"in {result.seconds:.1f} s; {result.turns:,} turns; seed {result.plan.seed}; ended by {result.ended}"
    )
    ways = [f"{result.answers[way]:,} {word}" for way, word in _WAYS.items() if result.answers.get(way)]
    if ways:
        yield f"invalid frames were answered: {', '.join(ways)}"
    summary = result.coverage.as_json()["summary"]
    tried = [f"{sums['seen']:,} of {sums['of']:,} {sort}" for sort, sums in summary.items() if sums and sums["of"]]
    if tried:
        yield f"exercised: {', '.join(tried)}"


def _restartable(result: Result, found: Found) -> bool:
    """Whether it could not be played again for want of a server, in the command that could start one."""
    plan = result.plan
    died = found.flaw.code in LASTING or any(one.code in LASTING for one in found.also)
    return died and not found.played and plan.retries > 0 and plan.restart is None and plan.target.prefix == "--"


def _finding(result: Result, found: Found, files: Files, secrets: frozenset[str]) -> dict[str, Any]:
    capture, steps = files.get(found.flaw.cause, (None, None))
    return {
        "code": found.flaw.code,
        "level": found.flaw.level,
        "says": excerpt(found.flaw.says, _KEPT, secrets),
        "fails": result.plan.fails(found.flaw),
        "also": [
            {"code": other.code, "level": other.level, "says": excerpt(other.says, _KEPT, secrets)}
            for other in found.also
        ],
        "times": found.times,
        "played": found.played,
        "failed": found.failed,
        "steps": [_step(step, secrets) for step in found.steps],
        "capture": None if capture is None else str(capture),
        "conversation": None if steps is None else str(steps),
    }


def _step(step: Step, secrets: frozenset[str]) -> dict[str, Any]:
    members: dict[str, Any] = {"does": described(step).partition(" ")[0], "conn": step.conn}
    if isinstance(step, Send):
        members |= {"frame": step.frame, "defect": step.defect, "pointer": step.pointer, "says": _body(step, secrets)}
    return members


def _body(step: Send, secrets: frozenset[str]) -> str:
    """What was sent, to be looked at: bytes that are no text as escapes."""
    body = step.body if isinstance(step.body, str) else step.body.decode("utf-8", "backslashreplace")
    for secret in longest_first(secrets):
        body = body.replace(secret, MARK)
    return shown(body, secrets) if body else "(empty)"
