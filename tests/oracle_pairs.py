"""Each open gets exactly one close (docs/verdicts.md, 4).

Law: every function is a paragraph of that section.
"""

from __future__ import annotations

from collections.abc import Sequence

from oracle_content import judge_partner
from oracle_frames import Frame, Key, agree, full
from oracle_lanes import Lane, Span, Trace, exact, keys_of
from oracle_places import judge_times
from oracle_scene import Scene


def certain_closes(scene: Scene, trace: Trace, frame: Frame, surplus: set[str]) -> dict[str, Span]:
    """What was closed, by kind. Kinds of which the frame is one close too many beyond doubt are added to `surplus`."""
    closed = {}
    for kind, lane in trace.lanes.items():
        if lane.form.close in frame.is_ and not lane.either:
            span = close(scene, trace, lane, frame, surplus)
            if span is not None:
                closed[kind] = span
    for lane in trace.lanes.values():
        if lane.either and lane.form.close in frame.is_ and lane.form.close not in roles_of_surplus(trace, surplus):
            meet(scene, trace, lane, frame, "close")
    return closed


def roles_of_surplus(trace: Trace, surplus: set[str]) -> set[str]:
    return {trace.lanes[kind].form.close for kind in surplus}


def close(scene: Scene, trace: Trace, lane: Lane, frame: Frame, surplus: set[str]) -> Span | None:
    key = scene.key(frame, lane.kind)
    agreeing = lane.agreeing(key)
    candidates = exact(sharing(scene, lane, frame, agreeing) or agreeing, key)
    if not candidates:
        orphan(scene, trace, lane, frame, key, surplus)
        return None
    if len(agreeing) > 1:
        vague = lane.form.prefer is not None and scene.value(frame, lane.form.prefer) is None
        for span in agreeing:
            span.rivalled = True
            span.vague = span.vague or vague
    best: list[Span] = []
    if len(keys_of(candidates)) == 1:
        best = [span for span in candidates if span.solid]
        best = best or [span for span in candidates if not span.doubtful] or candidates
        if len(best) > 1 and not lane.form.exclusive and lane.form.tie != "oldest":
            best = []
    if not best or may_be_anothers(scene, trace, lane, frame, key, best[0]):
        for span in candidates:
            scene.doubt(span)
        return None
    chosen = best[0]
    take(scene, trace, lane, chosen, frame)
    if lane.nameless and not full(key):
        lane.log.append(("unsettle", chosen.key))
    if not chosen.rivalled:
        learn(scene, trace, chosen, frame)
    return chosen


def take(scene: Scene, trace: Trace, lane: Lane, chosen: Span, frame: Frame) -> None:
    """The frame closes this span."""
    lane.spans.remove(chosen)
    scene.decide_waiting(chosen, "undecided")
    scene.tally.add(lane.pair, "undecided" if chosen.doubtful else "held", frame.line)
    if not chosen.doubtful:
        scene.answered.append(chosen.opening)
    judge_partner(scene, lane, chosen, frame)
    judge_times(scene, trace, lane, chosen, frame)


def orphan(scene: Scene, trace: Trace, lane: Lane, frame: Frame, key: Key, surplus: set[str]) -> None:
    late = [span for span in lane.late if agree(span.key, key)]
    if late:
        lane.late.remove(late[0])
        return
    others = lane.in_replays and "client" in lane.openers and not scene.exclusive and not lane.form.implied
    if is_request(scene, lane) and scene.asked.elsewhere(scene, lane.kind, key):
        others = True
    if scene.sure(trace, lane, key) and not others:
        scene.tally.add(lane.pair, "broken", frame.line)
        surplus.add(lane.kind)
    else:
        scene.tally.add(lane.pair, "undecided", frame.line)
        scene.undecided_orphan(lane, key)


def is_request(scene: Scene, lane: Lane) -> bool:
    """Where sessions outlive connections: what one connection asks for, another may get."""
    return bool(scene.brackets) and lane.form.open.startswith("ask.") and "client" in lane.openers


def may_be_anothers(scene: Scene, trace: Trace, lane: Lane, frame: Frame, key: Key, chosen: Span) -> bool:
    """Whether the close may be meant for a span that we did not see open."""
    if lane.nameless and not full(key) and (chosen.assumed or not scene.started or lane.heard()):
        return True
    if lane.in_replays and full(key) and not full(chosen.key):
        return True
    if lane.form.prefer is None:
        return False
    ours, theirs = scene.value(frame, lane.form.prefer), scene.value(chosen.opening, lane.form.prefer)
    return ours is not None and theirs is not None and ours != theirs and not scene.sure(trace, lane, key)


def sharing(scene: Scene, lane: Lane, frame: Frame, candidates: list[Span]) -> list[Span]:
    """Where the lane has `prefer`: the candidates that share that name's value with the frame."""
    name = lane.form.prefer
    value = None if name is None else scene.value(frame, name)
    if name is None or value is None:
        return []
    return [span for span in candidates if scene.value(span.opening, name) == value]


def learn(scene: Scene, trace: Trace, closed: Span, frame: Frame) -> None:
    """Spans that the same frame opened take their missing names from the frame that closed this one."""
    for lane in trace.lanes.values():
        for span in lane.spans:
            if span.opening is not closed.opening or span.assumed or full(span.key):
                continue
            names = scene.key(frame, lane.kind)
            span.key = tuple(own or new for own, new in zip(span.key, names, strict=True))
            if lane.form.exclusive and full(span.key):
                lane.log.append(("settle", span.key))


def lies_inside(scene: Scene, trace: Trace, frame: Frame) -> bool:
    """Whether a frame that names nothing surely lies in the spans that it may open: it then may do nothing else."""
    lanes = [lane for lane in trace.lanes.values() if not lane.either and lane.form.open in frame.may]
    return bool(lanes) and all(
        lane.form.keys
        and not any(scene.key(frame, lane.kind))
        and len(lane.spans) == 1
        and lane.spans[0].solid
        and (not lane.in_replays or full(lane.spans[0].key))
        and (not lane.in_replays or len(scene.sessions()) == 1)
        for lane in lanes
    )


def possible_closes(scene: Scene, trace: Trace, frame: Frame) -> None:
    for kind, lane in trace.lanes.items():
        key = scene.key(frame, kind)
        agreeing = lane.agreeing(key)
        if lane.either:
            if {lane.form.open, lane.form.close} & frame.may:
                for span in agreeing:
                    scene.excuse(span)
                lane.log.append(("pardon", key))
        elif lane.form.close in frame.may:
            shared = sharing(scene, lane, frame, agreeing)
            if len(shared) == 1:
                take(scene, trace, lane, shared[0], frame)
            else:
                for span in agreeing:
                    scene.excuse(span)


def deadlines(scene: Scene, trace: Trace, frame: Frame, closed: dict[str, Span], surplus: set[str]) -> None:
    for kind, deadline in trace.lanes.items():
        if deadline.form.close in frame.is_ and kind not in surplus and not deadline.either:
            for lane in trace.lanes.values():
                if kind in lane.by:
                    end_within(scene, trace, lane, frame, kind, closed.get(kind))


def lying_in(scene: Scene, span: Span, names: Sequence[str]) -> Key:
    """The values that the span's opening frame carried for these names."""
    return scene.values(span.opening, names)


def ended(scene: Scene, trace: Trace, lane: Lane, frame: Frame, kind: str, closed: Span | None) -> Key:
    """Whose end it is: by the frame's own names, else those of the span that it closed, else the only ones."""
    names = scene.dialect.spans[kind].keys
    values = scene.values(frame, names)
    if closed is None:
        return values
    values = tuple(own or its for own, its in zip(values, closed.key, strict=True))
    common = {lying_in(scene, span, names) for span in lane.spans}
    if not full(values) and not trace.lanes[kind].spans and len(common) == 1:
        (only,) = common
        if agree(only, values):
            return tuple(own or its for own, its in zip(values, only, strict=True))
    return values


def end_within(scene: Scene, trace: Trace, lane: Lane, frame: Frame, kind: str, closed: Span | None) -> None:
    """The end of a span of that kind is the deadline of ours that lie in it."""
    its = ended(scene, trace, lane, frame, kind, closed)
    certain = closed is not None and not closed.doubtful
    beside = closed is not None and full(closed.key) and any(one.key == closed.key for one in trace.lanes[kind].spans)
    for span in list(lane.spans):
        mine = lying_in(scene, span, scene.dialect.spans[kind].keys)
        if not agree(mine, its):
            continue
        if not full(mine) or not full(its):
            scene.doubt(span)
            continue
        if lane.patient & span.opening.is_ and not span.assumed:
            scene.excuse(span)
            continue
        lane.spans.remove(span)
        scene.decide_waiting(span, "undecided")
        if span.assumed:
            continue
        lane.late.append(span)
        if not lane.judged(span.side):
            continue
        sure = span.solid and trace.live and scene.closable(trace, lane) and scene.conclusive(span, frame.sender)
        sure = sure and (certain or (scene.started and not lane.either))
        sure = sure and not beside
        scene.tally.add(lane.pair, "broken" if sure else "undecided", span.line)


def certain_opens(scene: Scene, trace: Trace, frame: Frame, surplus: set[str]) -> None:
    for kind, lane in trace.lanes.items():
        if lane.form.open not in frame.is_:
            continue
        if lane.either:
            if lane.form.open not in roles_of_surplus(trace, surplus):
                meet(scene, trace, lane, frame, "open")
            continue
        key = scene.key(frame, kind)
        if lane.form.exclusive and full(key):
            for span in [span for span in lane.spans if span.key == key]:
                reopen(scene, trace, lane, span, frame)
        fresh = not any(earlier.known and scene.key(earlier, kind) == key for earlier in scene.frames)
        # While an older one with its key stays, nobody can tell in which of them a frame lies.
        beside = lane.form.exclusive and full(key) and any(span.key == key for span in lane.spans)
        lane.spans.append(Span(key=key, opening=frame, fresh=fresh, uncountable=beside))
        if is_request(scene, lane) and frame.sender == "client":
            scene.asked.requests.append((kind, key, scene))
        if beside:
            for other in trace.lanes.values():
                if other.either and other.form.open == lane.form.close:
                    other.log.append(("pardon", scene.key(frame, other.kind)))
        if full(key):
            lane.log.append(("settle", key))


def reopen(scene: Scene, trace: Trace, lane: Lane, span: Span, frame: Frame) -> None:
    """A span with the same key is still open."""
    if span.waiting and frame.sender == "client" and scene.exclusive:
        scene.decide_waiting(span, "broken")
        lane.spans.remove(span)
        return
    scene.decide_waiting(span, "undecided")
    if lane.closers != {frame.sender}:
        span.doubtful = True
        return
    lane.spans.remove(span)
    if not span.assumed:
        missing = span.solid and trace.live and scene.closable(trace, lane)
        scene.tally.add(lane.pair, "broken" if missing else "undecided", span.line)


def possible_opens(scene: Scene, trace: Trace, frame: Frame) -> None:
    for kind, lane in trace.lanes.items():
        if not lane.either and lane.form.open in frame.may:
            key = scene.key(frame, kind)
            lane.log.append(("loosen", key))
            if is_request(scene, lane) and frame.sender == "client":
                scene.asked.requests.append((kind, key, scene))


def clearing(scene: Scene, trace: Trace, frame: Frame) -> None:
    for lane in trace.lanes.values():
        for kind in lane.by:
            other = scene.dialect.spans[kind]
            if lane.form.exclusive and not lane.either:
                one = len(lane.openers) == 1 and trace.lanes[kind].openers == lane.openers and other.exclusive
                if one and lane.form.keys and set(other.keys) == set(lane.form.keys) and other.open in frame.is_:
                    lane.log.append(("settle", scene.key(frame, lane.kind)))
                continue
            if not scene.lies_within(lane, kind) or not {other.open, other.close} & frame.is_:
                continue
            values = [(lane.form.keys.index(name), scene.value(frame, name)) for name in other.keys]
            if all(value is not None for _, value in values):
                lane.log.append(("clear", values))


def meet(scene: Scene, trace: Trace, lane: Lane, frame: Frame, side: str) -> None:
    """Either order: a frame of one side finds its partner on the other, or waits."""
    key = scene.key(frame, lane.kind)
    first = not full(key) or key not in lane.came
    lane.came.append(key)
    others = exact([span for span in lane.agreeing(key) if span.side != side], key)
    if others:
        best = [span for span in others if span.solid] or [span for span in others if not span.doubtful] or others
        partner = best[0]
        lane.spans.remove(partner)
        scene.tally.add(lane.pair, "undecided" if partner.doubtful else "held", frame.line)
        if partner.excused:
            lane.log.append(("pardon", partner.key))
        return
    late = [span for span in lane.late if span.side != side and agree(span.key, key)]
    if late:
        lane.late.remove(late[0])
        lane.log.append(("pardon", key))
        return
    from_start = scene.from_start(lane, key)
    if lane.form.exclusive and full(key):
        for span in [span for span in lane.spans if span.key == key and span.side == side]:
            lane.spans.remove(span)
            if lane.judged(side):
                missing = span.solid and trace.live and from_start
                scene.tally.add(lane.pair, "broken" if missing else "undecided", span.line)
    pardoned = lane.pardoned(key)
    if pardoned:
        lane.log.append(("used", key))
    excused = pardoned or (first and not from_start)
    lane.spans.append(Span(key=key, opening=frame, side=side, excused=excused))


def end_of_connection(scene: Scene, trace: Trace, lane: Lane, *, clean: bool) -> None:
    """What is still open when the connection closes, cleanly and by the server or not, or when the input ends."""
    due = clean and trace.live and not lane.by and "server" in lane.closers and scene.closable(trace, lane)
    due = due and lane.form.opened == "here" and not lane.form.resumable
    owed = clean and trace.live and not lane.by and lane.closers == {"client"} and scene.closable(trace, lane)
    owed = owed and lane.form.opened == "here" and not lane.form.resumable and scene.vantage == "client"
    for span in lane.spans:
        if clean and trace.live:
            scene.decide_waiting(span, "broken")
        later = [one for one in scene.frames if one.sender == "client" and one.number > span.opening.number]
        judged = span.solid and lane.judged(span.side)
        if judged and ((owed and later) or (due and scene.conclusive(span, "server"))):
            scene.tally.add(lane.pair, "broken", span.line)
        else:
            scene.left_open(lane, span)


def may_end_something(scene: Scene, frame: Frame) -> bool:
    """Whether the frame may end a span (which then may be one that another connection shows)."""
    return bool(scene.brackets) and any(
        not lane.either and lane.form.close in frame.may - frame.is_ for lane in scene.live.lanes.values()
    )


def excuse_sessions(scene: Scene) -> None:
    """A client on another connection may have ended anything in the sessions that this one shows."""
    for lane in scene.live.lanes.values():
        if lane.in_replays:
            for span in lane.spans:
                scene.excuse(span)
