"""Where a frame may stand, and how often one may come in a span (docs/verdicts.md, 5 and 6, and implied spans in 4).

Law: everything here is judged on the state before the frame's own closes and opens.
"""

from __future__ import annotations

from oracle_frames import Frame, full, senders_of, words
from oracle_lanes import Lane, Span, Trace, keys_of
from oracle_scene import Scene
from wirecheck.catalog.model import Guarantee


def place(scene: Scene, trace: Trace, name: str, guarantee: Guarantee, frame: Frame) -> None:
    inside = "inside" in guarantee.options
    kind = guarantee.options["inside" if inside else "outside"]
    lane = trace.lanes[kind]
    key = scene.key(frame, kind)
    candidates = lane.fitting(key)
    solid = [span for span in candidates if span.solid]
    if inside and lane.in_replays and full(key) and candidates and not any(full(span.key) for span in candidates):
        scene.tally.add(name, "undecided", frame.line)
        assume(scene, lane, frame)
        return
    if len(keys_of(candidates)) > 1:
        verdict = "undecided"
    elif inside and candidates:
        verdict = "held" if solid else "undecided"
        for span in solid[:1]:
            span.witnessed = True
    elif inside and scene.sure(trace, lane, key):
        if set(lane.form.implied) & frame.is_:
            assume(scene, lane, frame).waiting.append(name)
            return
        verdict = "broken"
    elif inside:
        verdict = "undecided"
        scene.undecided_orphan(lane, key)
        if lane.form.exclusive and full(key):
            assume(scene, lane, frame)
    elif candidates:
        verdict = "broken" if solid and scene.closable(trace, lane) else "undecided"
    else:
        verdict = "held" if (scene.started and trace.live) or scene.sure(trace, lane, key) else "undecided"
    scene.tally.add(name, verdict, frame.line)


def assume(scene: Scene, lane: Lane, frame: Frame) -> Span:
    """A span is open that we did not see open."""
    span = Span(key=scene.key(frame, lane.kind), opening=frame, doubtful=True, assumed=True)
    lane.spans.append(span)
    return span


def imply(scene: Scene, trace: Trace, frame: Frame) -> None:
    """Others may have opened a span that the frame lies in; they then opened what one opens with it, too."""
    for lane in trace.lanes.values():
        if not set(lane.form.implied) & frame.is_:
            continue
        key = scene.key(frame, lane.kind)
        there = lane.fitting(key)
        if lane.in_replays and full(key):
            there = [span for span in there if full(span.key)]
        if full(key) and not there:
            assume(scene, lane, frame)
        if not trace.live or any(span.solid for span in there):
            continue
        for further in scene.live.lanes.values():
            if further is not lane and further.in_replays and "client" in further.openers:
                session = dict(zip(lane.form.keys, key, strict=True))
                pattern = tuple(
                    session.get(name) if any(name in scene.dialect.spans[one].keys for one in scene.brackets) else None
                    for name in further.form.keys
                )
                further.log.append(("loosen", pattern))


def edge_first(scene: Scene, name: str, guarantee: Guarantee, frame: Frame) -> None:
    kind = guarantee.options["span"]
    form = scene.dialect.spans[kind]
    openers = senders_of(scene.dialect, form.open)
    key = scene.key(frame, kind)
    if not full(key):
        return
    past = scene.first.get((name, key))
    if frame.sender in openers:
        verdict = None
        new = past is None
        if past is None:
            # After a blur the first frame that was read need not be the first that was sent.
            unsure = bool(scene.blurred & openers)
            past = scene.first[(name, key)] = {"broken": False, "opened": False, "closed": False, "unsure": unsure}
        if form.open in frame.is_:
            if (new and not past["unsure"]) or past["closed"]:
                verdict = "held"
            elif past["unsure"]:
                verdict = "undecided"
            else:
                verdict = None if past["broken"] and not past["opened"] else "broken"
            past |= {"opened": True, "closed": False, "unsure": False}
        elif new and not past["unsure"]:
            sure = scene.started and form.opened == "here"
            verdict = "broken" if sure else "undecided"
            past["broken"] = sure
        scene.tally.add(name, verdict, frame.line)
    if past is not None and form.close in frame.is_:
        past["closed"] = True


def edge_last(scene: Scene, name: str, guarantee: Guarantee, frame: Frame) -> None:
    kind = guarantee.options["span"]
    form = scene.dialect.spans[kind]
    key = scene.key(frame, kind)
    if not full(key):
        return
    spared = bool(words(guarantee.options.get("except")) & frame.is_)
    closes = form.close in frame.is_
    for entry in [entry for entry in scene.last if entry[:2] == (name, key) and entry[2].sender == frame.sender]:
        if form.open in frame.is_:
            scene.tally.add(name, "held", frame.line)
        elif closes or not spared:
            scene.tally.add(name, "broken", frame.line)
        else:
            continue
        scene.last.remove(entry)
    if closes:
        scene.last.append((name, key, frame))


def leads(scene: Scene, name: str, guarantee: Guarantee, frame: Frame) -> None:
    kind = guarantee.options["span"]
    role = guarantee.options["leads"]
    key = scene.key(frame, kind)
    if frame.sender not in senders_of(scene.dialect, role) or not full(key):
        return
    for span in [span for span in scene.live.lanes[kind].spans if span.key == key and not span.led][:1]:
        span.led = True
        if role in frame.is_:
            verdict = "undecided" if span.doubtful else "held"
        else:
            conclusive = scene.vantage == frame.sender or (scene.started and span.fresh)
            verdict = "broken" if conclusive and span.solid else "undecided"
        scene.tally.add(name, verdict, frame.line)


def times(scene: Scene, trace: Trace, name: str, guarantee: Guarantee, frame: Frame) -> None:
    options = guarantee.options
    lane = trace.lanes[options["span"]]
    key = scene.key(frame, lane.kind)
    if words(options.get("excused")) & frame.is_:
        for span in lane.agreeing(key):
            span.excused_by_role = True
    if options["frames"] not in frame.is_:
        return
    candidates = lane.fitting(key)
    if len(keys_of(candidates)) > 1:
        for span in candidates:
            span.uncountable = True
        return
    firm = [span for span in candidates if span.solid] or [span for span in candidates if not span.doubtful]
    for span in firm[:1]:
        span.counted += 1
        span.witnessed = True
        if "max" in options and span.counted > options["max"]:
            if not span.solid:
                span.uncountable = True
            elif not span.too_many and not span.uncountable:
                span.too_many = True
                scene.tally.add(name, "broken", frame.line)


def judge_times(scene: Scene, trace: Trace, lane: Lane, span: Span, frame: Frame) -> None:
    """The span was closed by this frame."""
    if lane.times is None or span.too_many:
        return
    options = scene.tally.guarantees[lane.times].options
    if span.doubtful or span.uncountable:
        verdict = "undecided"
    elif span.counted >= options.get("min", 0) or span.excused_by_role or words(options.get("excused")) & frame.is_:
        verdict = "held"
    else:
        verdict = "undecided" if span.excused or not trace.live else "broken"
    scene.tally.add(lane.times, verdict, span.line)


def forget_edges(scene: Scene, sender: str) -> None:
    """A message of this sender could not be read: it may have been the first, or come after the last (section 9)."""
    scene.blurred.add(sender)
    for (name, _), past in scene.first.items():
        form = scene.dialect.spans[scene.tally.guarantees[name].options["span"]]
        if sender in senders_of(scene.dialect, form.open) and (past["closed"] or not past["opened"]):
            past |= {"unsure": True, "closed": False}
    for entry in [entry for entry in scene.last if entry[2].sender == sender]:
        scene.last.remove(entry)
        scene.tally.add(entry[0], "undecided", entry[2].line)
