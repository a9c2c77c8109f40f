"""The pages of `wirecheck explain`, as text.

Law: shows what the catalogs hold. A page opens with what the thing is and ends with examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wirecheck import schema
from wirecheck.catalog import (
    BASIS_LEVEL,
    SENDERS,
    Case,
    Dialect,
    FrameForm,
    Guarantee,
    Rule,
    role_words,
    rules,
    span_roles,
    span_words,
)
from wirecheck.catalog.places import written
from wirecheck.cli import words
from wirecheck.cli.layout import table, text, wrapped
from wirecheck.cli.scenes import variable
from wirecheck.schema.message import plain

_UNKNOWN: Final = {
    "ignore": "is to be ignored",
    "report": "is reported",
    "reject": "is a fault",
}


def dialect(form: Dialect) -> str:
    envelope = form.envelope
    lies = "beside it" if envelope.style == "flat" else f'under "{envelope.data}"'
    lines = [f"{form.name}: {form.title}", f"  source    {form.source}"]
    lines.append(f'  envelope  {envelope.style}: the tag is "{envelope.tag}", the payload lies {lies}')
    lines.append(f"  unknown   a tag that the document does not name {_UNKNOWN[form.unknown]}")
    lines += [f"  {line}" for line in _connection(form)]
    for sender in SENDERS:
        frames_of = [frame for frame in form.frames.values() if frame.sender == sender]
        if frames_of:
            lines += ["", f"frames from the {sender}", *table((frame.key, frame.summary) for frame in frames_of)]
    lines += ["", "guarantees"]
    lines += table((claim.id, f"{claim.level}, {claim.rule.side}: {claim.says}") for claim in form.guarantees.values())
    if form.scenarios:
        lines += ["", "scenarios"]
        lines += table((each.name, each.says) for each in form.scenarios.values())
        lines += ["", "variables of the scenarios"]
        lines += table((each.name, variable(each)) for each in form.variables.values())
    if form.open_points:
        lines += ["", "what the document leaves open"]
        lines += [line for point in form.open_points for line in wrapped(point, "  - ", "    ")]
    told = next((claim.rule for claim in form.guarantees.values() if claim.rule.passive is None), None)
    if told is not None:
        lines += ["", f"for example {told.id}", f"  clean     {told.holds}", f"  violating {told.breaks}"]
    return text(lines)


def frame(form: Dialect, shown: FrameForm) -> str:
    level = BASIS_LEVEL[shown.basis]
    tag = "without a tag" if shown.tag is None else f'tagged "{shown.tag}"'
    lines = [f"{form.name}/{shown.key}: a frame from the {shown.sender}, {tag}"]
    lines += wrapped(shown.summary, "  ")
    lines += wrapped(shown.note, "  ") if shown.note else []
    lines.append(f"  source    {form.source}: {shown.source}")
    lines.append(f"  basis     {shown.basis}: findings about its payload are of level {level}")
    for title, roles in (("is", shown.roles), ("may be", shown.may)):
        lines += _titled(title, roles)
    for case in shown.cases:
        lines += wrapped(_case(case), "  case      ", "            ")
    for name, value in shown.needs.items():
        lines.append(f"  needs     {name}={json.dumps(value)} in the connection's URL")
    lines += ["", *_payload(shown)]
    spoken = [
        claim for claim in form.guarantees.values() if any(_mentions(claim.options, name) for name in _named(shown))
    ]
    if spoken:
        lines += ["", "guarantees that speak of it"]
        lines += table((claim.id, f"{claim.level}: {claim.says} ({claim.source})") for claim in spoken)
    return text([*lines, *_examples(form, shown)])


def frames(name: str, found: Sequence[tuple[Dialect, FrameForm]]) -> str:
    lines = [f"{name}: a frame of several dialects or sides; ask for one of them"]
    lines += table((f"{form.name}/{each.key}", each.summary) for form, each in found)
    return text([*lines, *_example_of(found)])


def rule(shown: Rule, shelf: Mapping[str, Dialect]) -> str:
    lines = [f"{shown.id}: a rule for the {shown.side}", *wrapped(shown.says, "  ")]
    if shown.passive is not None:
        lines += wrapped(f"Captured traffic cannot decide it: {shown.passive}.", "  ")
    options = ", ".join(f"{key}: {_plainly(value)}" for key, value in shown.options.items())
    lines += wrapped(f"{shown.shape} ({options})" if options else shown.shape, "  shape     ", "            ")
    lines += [f"  clean     {shown.holds}", f"  violating {shown.breaks}", "", "claimed by"]
    claims = [(form, form.guarantees[shown.id]) for form in shelf.values() if shown.id in form.guarantees]
    for form, claim in claims:
        lines += wrapped(_claim(form, claim), f"  {form.name}  ", "    ")
    if not claims:
        lines.append("  no dialect")
    playing = [
        (f"{form.name}/{each.name}", each.says)
        for form in shelf.values()
        for each in form.scenarios.values()
        if shown.id in each.exercises
    ]
    if playing:
        lines += ["", "exercised by", *table(playing)]
    if shown.implies:
        lines += ["", "one fault against it may also trip"]
        lines += table((name, reason) for name, reason in shown.implies.items())
    return text(lines)


def role(name: str, shelf: Mapping[str, Dialect]) -> str:
    lines = [f"{name}: a role", *wrapped(role_words()[name], "  "), "", "played by"]
    rows = []
    for form in shelf.values():
        for each in form.frames.values():
            certain = name in each.roles or any(name in case.roles for case in each.cases)
            if certain or name in _roles(each):
                rows.append((f"{form.name}/{each.key}", each.summary if certain else f"(perhaps) {each.summary}"))
    lines += table(rows) if rows else ["  no frame"]
    spans = [kind for kind, ends in span_roles().items() if name in ends]
    return text([*lines, *(list(_users([name, *spans])) or _example_of(_playing({name}, shelf)))])


def span(name: str, shelf: Mapping[str, Dialect]) -> str:
    opens, closes = span_roles()[name]
    lines = [f"{name}: a span, from {opens} to {closes}", *wrapped(span_words()[name], "  "), "", "told apart"]
    rows = []
    for form in shelf.values():
        if (told := form.spans.get(name)) is not None:
            keys = f"by {', '.join(told.keys)}" if told.keys else "one a connection"
            rows.append((form.name, f"{keys}; its start lies {told.opened}"))
    lines += table(rows) if rows else ["  in no dialect"]
    return text([*lines, *(list(_users([name])) or _example_of(_playing({opens, closes}, shelf)))])


def shape(name: str) -> str:
    lines = [f"{name}: a shape, the way in which a rule is judged", *wrapped(words.SHAPES[name], "  ")]
    using = [each for each in rules().values() if each.shape == name]
    return text([*lines, *_rule_table(using, "rules of this shape")])


def code(name: str) -> str:
    entry = words.CODES.get(name) or words.FUZZED[name]
    lines = [f"{name}: a finding's code", *wrapped(entry.says, "  "), *wrapped(entry.level, "  level     ", " " * 12)]
    return text([*lines, f"  clean     {entry.holds}", f"  violating {entry.breaks}"])


def _connection(form: Dialect) -> Iterator[str]:
    connect = form.connect
    port = f", port {connect.port}" if connect.port is not None else ""
    if connect.url is not None or connect.path is not None or port:
        yield f"connect   {connect.url or ''}{connect.path or ''}{port}".replace("connect   , ", "connect   ")
    for param in connect.params.values():
        default = f", {json.dumps(param.default)} unless given" if param.default is not None else ""
        yield f"parameter {param.name} ({param.place}, {param.type}{default}): {param.summary}"
    for way in connect.auth:
        yield f"auth      {', '.join(f'{kind} {_plainly(value)}' for kind, value in way.items())}"
    for number, meaning in connect.closes.items():
        yield f"close     {number}: {meaning}"


def _named(shown: FrameForm) -> set[str]:
    """The roles that a frame may play, and the spans that they open or close."""
    roles = _roles(shown)
    return roles | {kind for kind, ends in span_roles().items() if roles & set(ends)}


def _roles(shown: FrameForm) -> set[str]:
    return {*shown.roles, *shown.may, *(role for case in shown.cases for role in (*case.roles, *case.may))}


def _playing(roles: set[str], shelf: Mapping[str, Dialect]) -> list[tuple[Dialect, FrameForm]]:
    return [(form, each) for form in shelf.values() for each in form.frames.values() if roles & _roles(each)]


def _example_of(found: Sequence[tuple[Dialect, FrameForm]]) -> Iterator[str]:
    """The examples of one of these frames: the first that the document shows, or else the first."""
    for form, each in sorted(found, key=lambda pair: not pair[1].examples)[:1]:
        yield from ("", f"for example {form.name}/{each.key}", *_examples(form, each))


def _case(case: Case) -> str:
    def told(conditions: Iterable[Any]) -> str:
        return " and ".join(
            f"{written(each.at)} is {json.dumps(each.const) if each.test == 'const' else each.test}"
            for each in conditions
        )

    when = f"where {told(case.when)}" if case.when else ""
    unless = f"unless {told(case.unless)}" if case.unless else ""
    roles = f"is {', '.join(case.roles)}" if case.roles else ""
    may = f"may be {', '.join(case.may)}" if case.may else ""
    asks = "asks more of the payload" if case.payload is not None else ""
    return f"{' and '.join(filter(None, (when, unless)))}: {'; '.join(filter(None, (roles, may, asks)))}"


def _payload(shown: FrameForm) -> Iterator[str]:
    if shown.payload is None:
        yield "payload: the document names the frame and does not describe it"
        return
    properties = shown.payload.get("properties", {})
    if not properties:
        yield "payload: nothing"
        return
    required = shown.payload.get("required", ())
    rows = []
    for name, form in properties.items():
        need = "required" if name in required else "optional"
        said = form.get("description", "")
        rows.append((name, f"{need}, {_type(form)}{f': {said}' if said else ''}"))
    yield from ("payload", *table(rows))


def _type(form: Mapping[str, Any]) -> str:
    if "const" in form:
        return f"always {json.dumps(_plain(form['const']))}"
    if "enum" in form:
        return f"one of {', '.join(json.dumps(_plain(value)) for value in form['enum'])}"
    kind = form.get("type", "any value")
    return kind if isinstance(kind, str) else " or ".join(kind)


def _examples(form: Dialect, shown: FrameForm) -> Iterator[str]:
    style = schema.wire_style(form, shown)
    messages = [schema.wrap(form, shown, example, style) for example in shown.examples or ({},)]
    for message in messages:
        yield from ("", "clean", f"  {json.dumps(message, ensure_ascii=False)}")
    broken = dict(messages[0])
    holder = broken
    if style == "nested" and isinstance(broken.get(form.envelope.data), dict):
        holder = broken[form.envelope.data] = dict(broken[form.envelope.data])
    required = [name for name in (shown.payload or {}).get("required", ()) if name in holder]
    if required:
        del holder[required[-1]]
        fault = f'"{required[-1]}" is missing'
    else:
        broken[form.envelope.tag] = 7
        fault = "the tag is no text"
    yield from ("", f"violating: {fault}", f"  {json.dumps(broken, ensure_ascii=False)}")


def _users(named: Sequence[str]) -> Iterator[str]:
    using = [each for each in rules().values() if any(_mentions(each.options, name) for name in named)]
    yield from _rule_table(using, "rules that speak of it")


def _rule_table(using: Sequence[Rule], title: str) -> Iterator[str]:
    if using:
        yield from ("", title, *table((each.id, each.says) for each in using))
        yield from ("", f"clean     {using[0].holds} ({using[0].id})", f"violating {using[0].breaks}")


def _mentions(options: Any, name: str) -> bool:
    if isinstance(options, Mapping):
        return any(_mentions(value, name) for value in options.values())
    if isinstance(options, str):
        return options == name
    return isinstance(options, Iterable) and any(_mentions(value, name) for value in options)


def _claim(form: Dialect, claim: Guarantee) -> str:
    return f"{claim.level}: {claim.says} ({form.source}: {claim.source})"


def _plain(value: Any) -> Any:
    return plain(value)


def _plainly(value: Any) -> str:
    value = _plain(value)
    if isinstance(value, list):
        return ", ".join(map(_plainly, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plainly(item)}" for key, item in value.items())
    return value if isinstance(value, str) else json.dumps(value)


def _titled(title: str, roles: Sequence[str]) -> list[str]:
    return [f"  {title:<8}  {name}: {role_words()[name]}" for name in roles]
