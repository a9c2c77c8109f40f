"""Faults in what frames say, and how often: texts, numbers, names, topics; and in how a connection ends.

Law: `docs/verdicts.md`, sections 6, 7 and 10. A frame that says something else is still a frame of its kind: values
keep their type, and names by which spans are told apart stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from wirecheck.catalog import Dialect, Guarantee
from wirecheck.catalog.script import Hangup
from wirecheck.scenario.faults.edits import Edits
from wirecheck.scenario.faults.ground import Fault, Ground, example, other, senders, spans_of
from wirecheck.scenario.outgoing import renamed

_TOOL: Final = "tool"
"""The kind of span, and the name, that history remembers one by one."""


def final_missing(ground: Ground, edits: Edits) -> None:
    edits.drop(*ground.having(ground.claim.options["frames"]))


def final_twice(ground: Ground, edits: Edits) -> None:
    for place in ground.having(ground.claim.options["frames"]):
        edits.after(place, ground.at(place))


def whole_changed(ground: Ground, edits: Edits) -> None:
    options = ground.claim.options
    _rename(ground, edits, ground.having(options["final"]), options["whole"])


def piece_changed(ground: Ground, edits: Edits) -> None:
    """The last piece before the whole, so that no call comes between."""
    _rename(ground, edits, [pieces[-1] for pieces in _joined(ground)], ground.claim.options["text"])


def piece_lost(ground: Ground, edits: Edits) -> None:
    edits.drop(*(pieces[-1] for pieces in _joined(ground) if len(pieces) > 1))


def number_skipped(ground: Ground, edits: Edits) -> None:
    """The last of several numbers is one too high."""
    places = ground.having(ground.claim.options["frames"])
    _rename(ground, edits, places[-1:] if len(places) > 1 else [], ground.claim.options["number"])


def number_repeated(ground: Ground, edits: Edits) -> None:
    for place in ground.having(ground.claim.options["frames"])[-1:]:
        edits.after(place, ground.at(place))


def number_above_its_bound(ground: Ground, edits: Edits) -> None:
    options = ground.claim.options
    for place in ground.having(options["frames"]):
        number = ground.at(place).names.get(options["number"])
        if isinstance(number, int):
            edits.put(place, renamed(ground.dialect, ground.at(place), options["bound"], number - 1))


def sent_unasked(ground: Ground, edits: Edits) -> None:
    """Nothing is changed: what the connection did not ask for is not left out."""


def topic_changed(ground: Ground, edits: Edits) -> None:
    _rename(ground, edits, ground.having(ground.claim.options["frames"]), ground.claim.options["topic"])


def event_without_subscription(ground: Ground, edits: Edits) -> None:
    """An event comes before the first answer to a client that has subscribed to nothing."""
    options = ground.claim.options
    subscribed = ground.memory.asked & {options["on"], options["opaque"]}
    if ground.reaction.asked is not None and not subscribed and ground.is_read(-1):
        edits.before(0, *example(ground.dialect, options["frames"], {}))


def close_says_another(ground: Ground, edits: Edits) -> None:
    for span in ground.spans("partner"):
        _rename(ground, edits, ground.having(span.close), ground.claim.options["name"])


def open_says_another(ground: Ground, edits: Edits) -> None:
    for span in ground.spans("partner"):
        _rename(ground, edits, ground.having(span.open), ground.claim.options["name"])


def connection_says_another(ground: Ground, edits: Edits) -> None:
    _rename(ground, edits, _repeating(ground), ground.claim.options["name"])


def connection_spelt_otherwise(ground: Ground, edits: Edits) -> None:
    name = ground.claim.options["name"]
    for place in _repeating(ground):
        spelt = str(ground.at(place).names[name]).swapcase()
        edits.put(place, renamed(ground.dialect, ground.at(place), name, spelt))


def closed_as_if_done(ground: Ground, edits: Edits) -> None:
    _recode(ground, edits, 1000)


def closed_by_policy(ground: Ground, edits: Edits) -> None:
    _recode(ground, edits, 1008)


def history_retold(ground: Ground, edits: Edits) -> None:
    _rename(ground, edits, ground.having("text.delta", replayed=True)[:1], "text")


def history_forgets_text(ground: Ground, edits: Edits) -> None:
    texts = ground.having("text.delta", replayed=True)
    edits.drop(*(texts[:1] if len(texts) > 1 else ()))


def history_names_another_tool(ground: Ground, edits: Edits) -> None:
    """The first call that comes back, and its result, are of another tool."""
    _rename(ground, edits, _first_call(ground), _TOOL)


def history_forgets_a_call(ground: Ground, edits: Edits) -> None:
    """Of several calls, one does not come back, nor its result: a history without any calls may leave them out."""
    calls = ground.having("tool.open", replayed=True)
    edits.drop(*(_first_call(ground) if len(calls) > 1 else ()))


def _first_call(ground: Ground) -> list[int]:
    """Where the first call stands that comes back with its result, and the result."""
    tool = ground.dialect.spans[_TOOL]
    for call in ground.having(tool.open, replayed=True):
        for result in ground.having(tool.close, replayed=True):
            if result > call and ground.key(result, tool) == ground.key(call, tool):
                return [call, result]
    return []


def _rename(ground: Ground, edits: Edits, places: Sequence[int], name: str) -> None:
    """Another value of a name in the frames at these places, where they carry it."""
    for place in places:
        frame = ground.at(place)
        if name in frame.names:
            edits.put(place, renamed(ground.dialect, frame, name, other(frame.names[name])))


def _joined(ground: Ground) -> Iterator[list[int]]:
    """The pieces of text since the last reset before each final, where there are any."""
    options = ground.claim.options
    (span,) = ground.spans("span")
    for final in ground.having(options["final"]):
        pieces: list[int] = []
        for place in ground.frames():
            mine, roles = ground.key(place, span) == ground.key(final, span), ground.at(place).roles
            if place < final and (roles & {*options["reset"], span.open} or (mine and options["final"] in roles)):
                pieces = []
            elif place < final and mine and options["deltas"] in roles:
                pieces.append(place)
        if pieces:
            yield pieces


def _repeating(ground: Ground) -> list[int]:
    """Frames that repeat what the URL says, and tell nothing apart by it."""
    options = ground.claim.options
    name, judged = options["name"], options.get("frames")
    given = [place.path[0] for place in ground.dialect.names[name] if place.place in ("query", "path")]
    if not any(param in ground.reaction.params for param in given):
        return []
    keyed = {role for span in ground.dialect.spans.values() if name in span.keys for role in (span.open, span.close)}
    found = []
    for place in ground.frames():
        frame = ground.at(place)
        loose = not (frame.roles | frame.may) & {*keyed, "text.delta", "message.final"}
        if loose and name in frame.names and (judged is None or judged in frame.roles):
            found.append(place)
    return found


def _recode(ground: Ground, edits: Edits, code: int) -> None:
    for place, action in enumerate(edits.actions):
        if ground.reaction.refused and isinstance(action, Hangup):
            edits.put(place, Hangup(code=code))


# Where a dialect's claim can be broken so, and be found out.


def _opens_itself(dialect: Dialect, claim: Guarantee) -> bool:
    return any("server" in senders(dialect, span.open) for span in spans_of(dialect, claim, "partner"))


def _remembers_calls(dialect: Dialect, claim: Guarantee) -> bool:
    return _TOOL in dialect.spans and _TOOL in dialect.names


TIMES: tuple[Fault, ...] = (
    Fault(variant="missing", says="What should come once does not come.", change=final_missing),
    Fault(variant="twice", says="What should come once comes twice.", change=final_twice),
)
JOINS: tuple[Fault, ...] = (
    Fault(variant="whole", says="The final text is not what was streamed.", change=whole_changed),
    Fault(variant="piece", says="A piece of the streamed text is not what the final text says.", change=piece_changed),
    Fault(variant="lost", says="A piece of the streamed text is left out.", change=piece_lost),
)
STEPS: tuple[Fault, ...] = (
    Fault(variant="skipped", says="A number is skipped.", change=number_skipped),
    Fault(variant="repeated", says="A number comes twice.", change=number_repeated),
    Fault(variant="above", says="A number is above its bound.", change=number_above_its_bound),
)
GATED: tuple[Fault, ...] = (
    Fault(
        variant="unasked",
        says="Frames come that the connection did not ask for.",
        change=sent_unasked,
        keeps_gated=True,
    ),
)
TOPICS: tuple[Fault, ...] = (
    Fault(variant="other", says="An event is of a topic that nobody subscribed to.", change=topic_changed),
    Fault(variant="unasked", says="An event comes before any subscription.", change=event_without_subscription),
)
PARTNERS: tuple[Fault, ...] = (
    Fault(variant="close", says="The close carries another name than the opening.", change=close_says_another),
    Fault(
        variant="open",
        says="The opening carries another name than the close.",
        change=open_says_another,
        fits=_opens_itself,
    ),
)
CONNECTION: tuple[Fault, ...] = (
    Fault(variant="other", says="Frames carry another name than the URL.", change=connection_says_another),
    Fault(variant="spelling", says="Frames spell the name otherwise than the URL.", change=connection_spelt_otherwise),
)
ENDS: tuple[Fault, ...] = (
    Fault(variant="done", says="The connection closes as if all were well, with code 1000.", change=closed_as_if_done),
    Fault(variant="policy", says="The connection closes with the general code 1008.", change=closed_by_policy),
)
HISTORY: tuple[Fault, ...] = (
    Fault(variant="retold", says="A text comes back as another.", change=history_retold),
    Fault(variant="forgotten", says="A text does not come back.", change=history_forgets_text),
    Fault(
        variant="other-tool",
        says="A call comes back as one of another tool.",
        change=history_names_another_tool,
        fits=_remembers_calls,
    ),
    Fault(
        variant="forgotten-call",
        says="A call does not come back.",
        change=history_forgets_a_call,
        fits=_remembers_calls,
    ),
)
