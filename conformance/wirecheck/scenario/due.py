"""What the server owes in a conversation, so that it gives no answer twice, and none that nobody asked for.

Law: counts of what is open, by the spans whose ends the dialect promises to be single, and the topics that were
subscribed to. A client that follows no scenario may ask for the end of what never began; a server that keeps its
promises does not give it one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from wirecheck.catalog import Dialect, SpanForm
from wirecheck.scenario.matching import memorable
from wirecheck.scenario.plan import Action, Outgoing

MOST: Final = 1_000
"""Spans, and topics, of one conversation that are remembered; beyond, the oldest is forgotten."""

_Span = tuple[str, tuple[Any, ...]]


@dataclass(slots=True, kw_only=True)
class Due:
    """What is open in one conversation: spans, oldest first, and topics. `opaque`: to what was subscribed is not
    known, so any topic may be."""

    spans: list[_Span] = field(default_factory=list)
    topics: dict[Any, None] = field(default_factory=dict)
    opaque: bool = False


class Dues:
    """What opens and closes the spans of one dialect, and what subscribes to topics."""

    def __init__(self, dialect: Dialect) -> None:
        ours = [claim for claim in dialect.guarantees.values() if claim.rule.side == "server"]
        claimed = {
            kind
            for claim in ours
            if claim.rule.shape == "pair" and claim.options.get("order") != "either"
            for kind in claim.options["spans"]
        }
        self._kinds = [form for form in dialect.spans.values() if form.name in claimed]
        self._opted = next(
            (one.options for one in ours if one.rule.shape == "opted" and one.options["by"] == "subscription"), None
        )

    def heard(self, due: Due, asked: Iterable[Outgoing]) -> None:
        """The client has said this. What it may open counts as open."""
        for frame in asked:
            for form in self._kinds:
                if form.open in frame.roles | frame.may:
                    due.spans.append((form.name, _key(form, frame)))
            if self._opted is not None and self._opted["on"] in frame.roles:
                topics = frame.names.get(self._opted["topics"])
                due.topics |= dict.fromkeys(filter(memorable, topics if isinstance(topics, list) else ()))
            due.opaque = due.opaque or (self._opted is not None and self._opted["opaque"] in frame.roles)
        del due.spans[:-MOST]
        while len(due.topics) > MOST:
            del due.topics[next(iter(due.topics))]

    def playable(self, due: Due, actions: Iterable[Action], *, each: bool = False) -> tuple[Action, ...]:
        """What of a reaction may be played, which then counts as played.

        One that would close what is not open is not played at all, or, if it answers several messages at once
        (`each`), without that frame; neither is a frame about a topic that nobody subscribed to.
        """
        spans, played = list(due.spans), []
        for action in actions:
            if isinstance(action, Outgoing) and not action.replayed:
                closed = self._closed(spans, action)
                if closed is None and not each:
                    return ()
                if closed is None or not self._is_wanted(due, action):
                    continue
                spans = closed
            played.append(action)
        due.spans = spans[-MOST:]
        return tuple(played)

    def _closed(self, spans: list[_Span], frame: Outgoing) -> list[_Span] | None:
        """The open spans after this frame of the server's; None where it closes one that is not open."""
        spans = list(spans)
        for form in self._kinds:
            if form.close in frame.roles:
                key = _key(form, frame)
                index = next(
                    (at for at, (name, one) in enumerate(spans) if name == form.name and _fits(one, key)), None
                )
                if index is None:
                    return None
                del spans[index]
        for form in self._kinds:
            if form.open in frame.roles:
                spans.append((form.name, _key(form, frame)))
        return spans

    def _is_wanted(self, due: Due, frame: Outgoing) -> bool:
        if self._opted is None or due.opaque or self._opted["frames"] not in frame.roles:
            return True
        return frame.names.get(self._opted["topic"]) in due.topics


def _key(form: SpanForm, frame: Outgoing) -> tuple[Any, ...]:
    """The names by which a frame tells its span; None for one that it does not carry, or that is no plain value."""
    values = (frame.names.get(name) for name in form.keys)
    return tuple(value if value is not None and memorable(value) else None for value in values)


def _fits(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))
