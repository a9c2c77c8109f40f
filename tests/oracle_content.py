"""What frames say: joined texts, numbers, opt-ins, names that agree, how the connection closed (docs/verdicts.md, 7).

Law: every function is a paragraph of that section.
"""

from __future__ import annotations

import json
from typing import Any

from oracle_frames import Frame, agree, full, words
from oracle_lanes import Lane, Span, Trace
from oracle_scene import Scene, Text
from wirecheck.catalog.model import Guarantee
from wirecheck.record import Closed

MAX_STARTS = 16


def joins(scene: Scene, name: str, guarantee: Guarantee, frame: Frame) -> None:
    options = guarantee.options
    form = scene.dialect.spans[options["span"]]
    key = scene.key(frame, options["span"])
    mine = {whose: text for (owner, whose), text in scene.texts.items() if owner == name}
    if {form.open, options["deltas"], options["final"]} & frame.is_ and not full(key):
        spoil_texts(scene)
        return
    if form.open in frame.is_:
        complete = key not in mine or not mine[key].pieces
        scene.texts[(name, key)] = Text(complete=complete, starts=[0] if complete else [])
    if words(options.get("reset")) & frame.is_:
        for text in [text for whose, text in mine.items() if agree(whose, key) and not text.fresh]:
            text.fresh = True
            text.starts.append(len(text.pieces))
            if len(text.starts) > MAX_STARTS:
                text.complete = False
    if options["deltas"] in frame.is_:
        text = scene.texts.setdefault((name, key), Text(complete=False))
        piece = scene.raw(frame, options["text"])
        text.pieces.append(piece if isinstance(piece, str) else None)
        text.fresh = False
        if not isinstance(piece, str):
            text.spoil()
    if options["final"] in frame.is_:
        claim(scene, name, scene.texts.pop((name, key), None), scene.raw(frame, options["whole"]), frame)


def claim(scene: Scene, name: str, text: Text | None, whole: Any, frame: Frame) -> None:
    if text is None or not text.pieces or not isinstance(whole, str):
        return
    if any(all_of(text.pieces[start:]) == whole for start in text.starts):
        scene.tally.add(name, "held", frame.line)
    elif not text.fresh:
        scene.tally.add(name, "broken" if text.complete else "undecided", frame.line)


def all_of(pieces: list[str | None]) -> str | None:
    return None if None in pieces else "".join(piece for piece in pieces if piece is not None)


def spoil_texts(scene: Scene) -> None:
    for text in scene.texts.values():
        text.spoil()


def steps(scene: Scene, trace: Trace, name: str, guarantee: Guarantee, frame: Frame) -> None:
    options = guarantee.options
    number = scene.number(frame, options["number"])
    if options["frames"] not in frame.is_ or number is None:
        return
    bound = scene.number(frame, options["bound"])
    if bound is not None and number > bound:
        scene.tally.add(name, "broken", frame.line)
        return
    lane = trace.lanes[options["span"]]
    alone = not lane.in_replays or len(scene.sessions()) == 1
    if len(lane.spans) != 1 or not lane.spans[0].solid or not alone:
        trace.numbers = []
        scene.tally.add(name, "undecided", frame.line)
        return
    before = [counted for span, counted in trace.numbers if span is lane.spans[0]]
    trace.numbers.append((lane.spans[0], number))
    verdict = "held" if not before or number == before[-1] + 1 else "broken"
    scene.tally.add(name, verdict, frame.line)


def opted(scene: Scene, name: str, guarantee: Guarantee, frame: Frame) -> None:
    options = guarantee.options
    if options["by"] == "parameter":
        if frame.form is None or not frame.form.needs:
            return
        if scene.opened is None or scene.opened.url is None:
            verdict = "undecided"
        else:
            answers = [parameter(scene, param, wanted) for param, wanted in frame.form.needs.items()]
            verdict = "held" if all(a is True for a in answers) else "undecided" if None in answers else "broken"
        scene.tally.add(name, verdict, frame.line)
        return
    if options["on"] in frame.is_:
        topics = scene.raw(frame, options["topics"])
        if isinstance(topics, list) and all(isinstance(topic, str) for topic in topics):
            scene.asked.topics |= set(topics)
        else:
            scene.asked.opaque = True
    if options["opaque"] in frame.is_ | frame.may or options["on"] in frame.may:
        scene.asked.opaque = True
    topic = scene.raw(frame, options["topic"])
    if options["frames"] in frame.is_ and isinstance(topic, str):
        if topic in scene.asked.topics:
            verdict = "held"
        elif scene.asked.opaque or scene.asked.hides(scene) or "client" not in scene.seen or not scene.started:
            verdict = "undecided"
        else:
            verdict = "broken"
        scene.tally.add(name, verdict, frame.line)


def parameter(scene: Scene, name: str, wanted: Any) -> bool | None:
    """Whether the URL gives the parameter as wanted; None where its value cannot be read."""
    param = scene.dialect.connect.params[name]
    text = (scene.query if param.place == "query" else scene.path).get(name)
    if text is None:
        return bool(param.default == wanted)
    if param.type == "string":
        return bool(text == wanted)
    try:
        value = json.loads(text)
    except ValueError:
        return None
    kinds: dict[str, tuple[type, ...]] = {"boolean": (bool,), "integer": (int,), "number": (int, float)}
    if type(value) not in kinds.get(param.type, ()):
        return None
    return bool(value == wanted)


def agrees_with_connection(scene: Scene, name: str, guarantee: Guarantee, frame: Frame) -> None:
    options = guarantee.options
    if options.get("frames") is not None and options["frames"] not in frame.is_:
        return
    mine = scene.value(frame, options["name"])
    given = scene.given(options["name"])
    if mine is None or given is None:
        return
    text = mine[1] if isinstance(mine[1], str) else json.dumps(mine[1])
    scene.tally.add(name, "held" if text == given else "broken", frame.line)


def judge_partner(scene: Scene, lane: Lane, span: Span, frame: Frame) -> None:
    """A close chose its span: names that both frames carry agree."""
    for name, value in lane.partners:
        mine = scene.value(span.opening, value)
        its = scene.value(frame, value)
        if mine is not None and its is not None:
            unsure = span.doubtful or (span.vague and mine != its)
            verdict = "undecided" if unsure else "held" if mine == its else "broken"
            scene.tally.add(name, verdict, frame.line)


def judge_ends(scene: Scene, closed: Closed | None) -> None:
    for name, guarantee in scene.tally.guarantees.items():
        if guarantee.rule.shape != "ends" or scene.opened is None or scene.opened.auth not in ("bad", "missing"):
            continue
        if closed is None:
            scene.tally.add(name, "undecided", 0)
        elif closed.code is not None and scene.dialect.connect.closes.get(closed.code) == guarantee.options["trigger"]:
            scene.tally.add(name, "held", closed.at.line)
        elif closed.sender == "server" and closed.code not in (None, 1005, 1006):
            scene.tally.add(name, "broken", closed.at.line)
        else:
            scene.tally.add(name, "undecided", closed.at.line)
