"""Where a dialect's claim about pairs can be broken in a way, and be found out.

Law: read from the catalog alone, its spans, claims and scenarios, before anything is played. What cannot be told from
traffic (`docs/verdicts.md`, section 4) is no mutant: nobody could find it.
"""

from __future__ import annotations

from wirecheck.catalog import Dialect, Guarantee, SpanForm
from wirecheck.catalog.script import Connect, Emit, Malform, Plays, Send, Until
from wirecheck.scenario.faults.ground import ASK, begins_replay, is_servers, roles_of, senders, spans_of
from wirecheck.scenario.values import at_pointer


def has_deadline(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether something must have ended the spans by the time it ends itself."""
    return bool(spans_of(dialect, claim, "by"))


def is_promised(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether some scenario waits for the close as for something promised to a client that asked."""
    asked = any("client" in senders(dialect, span.open) for span in spans_of(dialect, claim))
    steps = [step for scenario in dialect.scenarios.values() for step in scenario.steps if isinstance(step, Until)]
    return asked and any(step.promised == claim.id for step in steps)


def is_missed(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether a close that never comes is missed: at its deadline, by a client that waits for it, or when the next one
    is opened."""
    return has_deadline(dialect, claim) or is_promised(dialect, claim) or comes_again(dialect, claim)


def comes_again(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether there is one span a key, which only the server opens, and the next opening shows that the last one was
    not closed."""
    return any(
        span.exclusive and is_servers(dialect, span) and recurs(dialect, span) for span in spans_of(dialect, claim)
    )


def opens_itself(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether the server opens such spans."""
    return any(is_servers(dialect, span) for span in spans_of(dialect, claim))


def can_come_first(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether a close before its opening has none, or leaves the opening without one."""
    here = any(span.opened == "here" for span in spans_of(dialect, claim))
    return opens_itself(dialect, claim) and (here or has_deadline(dialect, claim))


def can_stray(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether a close may carry another key, and is missed under its own."""
    return can_come_first(dialect, claim) and any(span.keys for span in spans_of(dialect, claim))


def can_do_without(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether the opening is no answer itself, for which a client waits; and is known to be missing."""
    spans = spans_of(dialect, claim)
    answers = {span.close for span in dialect.spans.values() if "client" in senders(dialect, span.open)}
    forms = [form for span in spans for form in dialect.frames.values() if span.open in roles_of(form)]
    told = any(span.opened == "here" or recurs(dialect, span) for span in spans)
    return opens_itself(dialect, claim) and told and not any(answers & roles_of(form) for form in forms)


def recurs(dialect: Dialect, span: SpanForm) -> bool:
    """Whether some scenario opens two such spans of one key on one connection."""
    places = [place.path for name in span.keys for place in dialect.names[name] if place.place == "payload"]
    for scenario in dialect.scenarios.values():
        conn, seen = "", []
        for step in scenario.steps:
            conn = step.conn if isinstance(step, Connect | Send | Malform) else conn
            for cue in step.cues if isinstance(step, Plays) else ():
                if isinstance(cue, Emit) and span.open in dialect.frames[cue.frame].roles:
                    seen.append((conn, [at_pointer(cue.values, "/" + "/".join(path)) for path in places]))
        if any(one in seen[:index] for index, one in enumerate(seen)):
            return True
    return False


def can_double(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether two openings cannot share one close: one span a key, or each has a deadline."""
    exclusive = any(span.exclusive for span in spans_of(dialect, claim))
    return opens_itself(dialect, claim) and (exclusive or has_deadline(dialect, claim))


def is_asked(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether the close is an answer, and no more than that."""
    spans = spans_of(dialect, claim)
    return any(span.open.startswith(ASK) for span in spans) and not asks_for_replay(dialect, claim)


def asks_for_replay(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether the close is an answer that begins a replay."""
    return any(begins_replay(dialect, span) for span in spans_of(dialect, claim))


def nobody_waits(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether no scenario stands still without the close side."""
    closes = {span.close for span in spans_of(dialect, claim)}
    return not any(
        all(frame in dialect.frames and closes & roles_of(dialect.frames[frame]) for frame in step.frames)
        for scenario in dialect.scenarios.values()
        for step in scenario.steps
        if isinstance(step, Until) and not step.optional
    )


def has_judged_close(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether, of two frames in either order, a second one without a partner is told at a deadline."""
    return has_deadline(dialect, claim) and claim.options.get("judge") != "open"


def can_be_late(dialect: Dialect, claim: Guarantee) -> bool:
    """Whether, of two frames in either order, the next of one side shows that the other was missing."""
    exclusive = any(span.exclusive for span in spans_of(dialect, claim))
    return exclusive and not has_deadline(dialect, claim) and nobody_waits(dialect, claim)
