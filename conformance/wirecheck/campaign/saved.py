"""A conversation as a file: YAML that a person reads, and `wirecheck test --replay` plays.

Law: what is written is read back as the same conversation; known secrets are never written. A file is anybody's: it is
bounded, holds no aliases, and whatever is wrong with it is one sentence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wirecheck.campaign.steps import Connect, Conversation, Drop, Send, Step
from wirecheck.catalog.source import parse, read
from wirecheck.errors import CatalogError, UsageError
from wirecheck.redact import MARK, longest_first
from wirecheck.report.escape import printable

_FORM: Final = 1
_STEPS: Final = 1_000
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "frame": (str,),
    "defect": (str,),
    "at": (str,),
    "text": (str,),
    "base64": (str,),
    "binary": (bool,),
    "hurried": (bool,),
    "uses": (list,),
    "turns": (int,),
}
"""What stands beside `send`, and of which kind it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a file holds: whose protocol, what was found (`code`, `level`, `says`, and that it failed `failed` of
    `played` times), and the conversation."""

    dialect: str
    code: str
    level: str
    says: str
    failed: int
    played: int
    steps: Conversation


def written(saved: Saved, secrets: frozenset[str] = frozenset()) -> str:
    """The file's text."""
    return "".join(f"{line}\n" for line in _lines(saved, secrets))


def loaded(path: Path) -> Saved:
    """What a file holds. Raises `UsageError` where it is no conversation that was saved."""
    try:
        return _saved(parse(read(path), str(path)).plain())
    except CatalogError as error:
        # What a catalog's author is advised to do is no advice here.
        fault = error.faults[0]
        place, trouble = f"{path}:{fault.line}", fault.message.partition("; ")[0]
    except _Wrong as wrong:
        place, trouble = str(path), str(wrong)
    raise UsageError(
        f"{place}: this is no conversation that `wirecheck fuzz` saved: {trouble}; give the .yaml file that it wrote"
    )


class _Wrong(Exception):
    """What is wrong with a file, in words."""


def _lines(saved: Saved, secrets: frozenset[str]) -> Iterator[str]:
    def quoted(text: str) -> str:
        for secret in longest_first(secrets):
            text = text.replace(secret, MARK)
        # What does not print is escaped in the way that YAML knows too.
        return '"' + printable(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'

    yield "# A conversation that showed a fault. To play it again: wirecheck test --replay FILE URL"
    yield f"wirecheck-conversation: {_FORM}"
    yield f"dialect: {quoted(saved.dialect)}"
    yield "found:"
    yield f"  code: {saved.code}"
    yield f"  level: {saved.level}"
    yield f"  says: {quoted(saved.says)}"
    yield f"  failed: {saved.failed}"
    yield f"  played: {saved.played}"
    yield "steps:"
    for step in saved.steps:
        match step:
            case Connect():
                yield f"  - connect: {quoted(step.conn)}"
            case Drop():
                yield f"  - drop: {quoted(step.conn)}"
            case Send():
                yield f"  - send: {quoted(step.conn)}"
                for name, value in _members(step):
                    told = quoted(value) if isinstance(value, str) else str(value).lower()
                    yield f"    {name}: {told}"
                if step.uses:
                    yield f"    uses: [{', '.join(map(quoted, step.uses))}]"


def _members(step: Send) -> Iterator[tuple[str, Any]]:
    if step.frame:
        yield "frame", step.frame
    if step.defect is not None:
        yield "defect", step.defect
    if step.pointer is not None:
        yield "at", step.pointer
    if isinstance(step.body, str):
        yield "text", step.body
    else:
        yield "base64", base64.b64encode(step.body).decode("ascii")
        yield "binary", step.binary
    if step.hurried:
        yield "hurried", True
    if step.turns:
        yield "turns", step.turns


def _saved(tree: Any) -> Saved:
    if not isinstance(tree, dict) or tree.get("wirecheck-conversation") != _FORM:
        raise _Wrong(f"it does not begin with `wirecheck-conversation: {_FORM}`")
    found, steps = tree.get("found"), tree.get("steps")
    if not isinstance(found, dict) or not isinstance(steps, list):
        raise _Wrong("`found` or `steps` is missing")
    if not steps:
        raise _Wrong("it has no steps")
    if len(steps) > _STEPS:
        raise _Wrong(f"it has more than {_STEPS:,} steps")
    return Saved(
        dialect=_text(tree, "dialect"),
        code=_text(found, "code"),
        level=_text(found, "level"),
        says=_text(found, "says"),
        failed=_count(found, "failed"),
        played=_count(found, "played"),
        steps=tuple(_step(step, number) for number, step in enumerate(steps, start=1)),
    )


def _step(step: Any, number: int) -> Step:
    if not isinstance(step, dict):
        raise _Wrong(f"step {number} is no mapping")
    match step:
        case {"connect": str(conn)} if len(step) == 1:
            return Connect(conn=conn)
        case {"drop": str(conn)} if len(step) == 1:
            return Drop(conn=conn)
        case {"send": str(conn)}:
            return _send(conn, {name: value for name, value in step.items() if name != "send"}, number)
    raise _Wrong(f"step {number} is none of `connect`, `send` and `drop`, each with the name of a connection")


def _send(conn: str, members: Mapping[str, Any], number: int) -> Send:
    for name, value in members.items():
        kinds = _KINDS.get(name)
        if kinds is None or not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise _Wrong(f"step {number}: `{name}` is not known, or has no fitting value")
    if ("text" in members) == ("base64" in members):
        raise _Wrong(f"step {number} has neither `text` nor `base64`, or both")
    uses = members.get("uses", [])
    if not all(isinstance(name, str) for name in uses) or members.get("turns", 0) < 0:
        raise _Wrong(f"step {number}: `uses` must be names, and `turns` a count")
    return Send(
        conn=conn,
        body=members["text"] if "text" in members else _decoded(members["base64"], number),
        binary=members.get("binary", False),
        frame=members.get("frame", ""),
        defect=members.get("defect"),
        pointer=members.get("at"),
        hurried=members.get("hurried", False),
        uses=tuple(uses),
        turns=members.get("turns", 0),
    )


def _decoded(text: str, number: int) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Wrong(f"step {number}: `base64` is no base64") from None


def _text(tree: Mapping[str, Any], name: str) -> str:
    value = tree.get(name)
    if not isinstance(value, str):
        raise _Wrong(f"`{name}` is missing, or is no text")
    return value


def _count(tree: Mapping[str, Any], name: str) -> int:
    value = tree.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Wrong(f"`{name}` is missing, or is no count")
    return value
