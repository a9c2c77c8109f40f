"""The pages of `wirecheck explain` about scenarios.

Law: shows a script as it stands in the catalog, a line a step; plays nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wirecheck.catalog import Dialect, Scenario, Variable
from wirecheck.catalog.script import (
    Connect,
    Drop,
    Emit,
    Hangup,
    History,
    Hold,
    Malform,
    Plays,
    Send,
    Settle,
    Show,
    Step,
    Trigger,
    Until,
    variable_in,
)
from wirecheck.cli.layout import table, text, wrapped


def scenario(form: Dialect, shown: Scenario) -> str:
    """What the scenario is for, what it exercises, and its steps."""
    lines = [f"{form.name}/{shown.name}: a scenario", *wrapped(shown.says, "  ")]
    lines.append(f"  source    {': '.join(filter(None, (form.source, shown.source)))}")
    if shown.attempts > 1:
        lines.append(f"  attempts  up to {shown.attempts}, until what it exercises was exercised")
    lines += ["", "steps"]
    lines += [line for step in shown.steps for said in _said(step) for line in wrapped(said, "  ", "      ")]
    claims = form.guarantees
    lines += ["", "exercises"] if shown.exercises else []
    lines += table((name, f"{claims[name].level}: {claims[name].says}") for name in shown.exercises)
    used = _used(shown.steps)
    own = [each for each in form.variables.values() if each.name in used]
    lines += ["", "variables", *table((each.name, variable(each)) for each in own)] if own else []
    return text(lines)


def variable(shown: Variable) -> str:
    """What a variable is, and its value where nobody sets one."""
    if shown.secret:
        return f"{shown.summary} A secret: set WIRECHECK_{shown.name.upper()}, or --secret"
    return f"{shown.summary} Unless set: {json.dumps(shown.reference, ensure_ascii=False)}"


def _said(step: Step) -> Iterator[str]:
    match step:
        case Connect():
            way = f" by {step.way}" if step.way is not None else ""
            credential = "" if step.auth == "good" else f", credential {step.auth}"
            yield f"{step.conn}: connect{credential}{way}{_fields(step.params)}"
        case Send():
            yield f"{step.conn} -> {step.frame}{_fields(step.values)}"
        case Malform():
            of = f", made of {step.frame}" if step.frame is not None else ""
            yield f"{step.conn} -> malformed: {step.kind}{of}"
        case Until():
            others = f", or ends with {' or '.join(step.alternatives)}" if step.alternatives else ""
            within = f", within {step.within:g} s" if step.within is not None else ""
            where = f", where{_fields(step.where)}" if step.where else ""
            perhaps = ", if it comes" if step.optional else ""
            yield f"{step.conn}: until {' or '.join(step.frames)}{where}{others}{within}{perhaps}"
        case Drop():
            yield f"{step.conn}: cut, without a close"
        case Settle():
            yield f"{step.conn}: ping, read to the pong, close"
        case Trigger():
            yield f"from elsewhere: {step.says}"
        case Show():
            yield f"this shows that {step.guarantee} holds"
        case Plays():
            for cue in step.cues:
                match cue:
                    case Emit():
                        yield f"<- {cue.frame}{_fields(cue.values)}"
                    case History():
                        yield "<- the history of the session again"
                    case Hold():
                        yield f"(the reference server waits for the client's {cue.event})"
                    case Hangup():
                        yield f"(the reference server closes with {cue.code})"


def _fields(values: Mapping[str, Any]) -> str:
    return "".join(f" {name}={json.dumps(value, ensure_ascii=False)}" for name, value in values.items())


def _used(steps: Iterable[Step]) -> set[str]:
    """The names of all variables in the client's values."""
    found: set[str] = set()
    for step in steps:
        match step:
            case Connect():
                found |= _named(step.params)
            case Send() | Malform():
                found |= _named(step.values)
            case Until():
                found |= _named(step.where)
    return found


def _named(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(_named, value)) if value else set()
    name = variable_in(value)
    return set() if name is None else {name}
