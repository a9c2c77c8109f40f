"""A second opinion on every ordering verdict, reached slowly.

Law: this module, and those whose names begin like its own, know docs/verdicts.md and the catalog's values, and nothing
of the streaming checker. They read a whole capture at once, keep everything they saw in plain lists, and look through
them anew for every question. Here: the order of things (sections 3, 8 and 9); the judgements are in `oracle_pairs`,
`oracle_places` and `oracle_content`.

Not judged: replay-repeats-history, live-after-replay, and rules that traffic cannot decide.
"""

from __future__ import annotations

from collections.abc import Iterable

import oracle_content as content
import oracle_pairs as pairs
import oracle_places as places
from oracle_frames import MISSING, Frame, Key, agree, frame_of, full, read
from oracle_lanes import JUDGED_SHAPES, Lane, Trace, judged_here
from oracle_scene import Asked, Homes, Judged, Scene, Tally
from wirecheck.catalog.model import Dialect, Guarantee
from wirecheck.record import BadLine, Closed, Message, Opened, Record


def judge(dialect: Dialect, records: Iterable[Record]) -> dict[str, Judged]:
    """The instances of every guarantee that the page covers, over all connections of one capture."""
    tally = Tally(judged_here(dialect))
    homes = Homes()
    asked = Asked()
    open_now: dict[str, Scene] = {}
    for record in records:
        if isinstance(record, BadLine):
            for lost_on, scene in open_now.items():
                if record.at.conn in ("", lost_on):
                    for sender in ("client", "server"):
                        blur(scene, sender)
            continue
        conn = record.at.conn
        if isinstance(record, Opened) and conn in open_now:
            end(open_now.pop(conn), None)
        if conn not in open_now:
            open_now[conn] = Scene(dialect, tally, homes, asked, conn, record if isinstance(record, Opened) else None)
        if isinstance(record, Message):
            receive(open_now[conn], record)
            for other in open_now.values():
                if open_now[conn].cancelled and other is not open_now[conn]:
                    pairs.excuse_sessions(other)
            open_now[conn].cancelled = False
        elif isinstance(record, Closed):
            end(open_now.pop(conn), record)
    for scene in open_now.values():
        end(scene, None)
    return tally.result()


def receive(scene: Scene, message: Message) -> None:
    """One message; a batch is judged first as itself, then each item in order."""
    scene.seen.add(message.sender)
    value = read(message)
    frame = None if value is MISSING else frame_of(scene.dialect, value, message.sender, message.at.line)
    if frame is None:
        blur(scene, message.sender)
        return
    route(scene, frame)
    for item in frame.items:
        inner = frame_of(scene.dialect, item, message.sender, message.at.line)
        if inner is None:
            blur(scene, message.sender)
        else:
            route(scene, inner)


def route(scene: Scene, frame: Frame) -> None:
    """Section 8: where a frame belongs."""
    if not frame.known:
        return
    frame.number = len(scene.frames)
    note_home(scene, frame)
    begins = [kind for kind in scene.brackets if scene.dialect.spans[kind].open in frame.is_]
    ends = [kind for kind in scene.brackets if scene.dialect.spans[kind].close in frame.is_]
    keys = [scene.key(frame, kind) for kind in scene.brackets]
    if frame.sender != "server" or begins or ends or not scene.brackets:
        step(scene, scene.live, frame)
    elif scene.adrift:
        pass
    elif any(scene.replays or scene.unclear for key in keys if not full(key) or key in scene.unclear):
        loose_step(scene, frame)
    else:
        step(scene, next((scene.replays[key] for key in keys if key in scene.replays), scene.live), frame)
    scene.cancelled = scene.cancelled or (frame.sender == "client" and pairs.may_end_something(scene, frame))
    for kind in ends:
        bracket_closed(scene, scene.key(frame, kind))
    for kind in begins:
        bracket_opened(scene, scene.key(frame, kind))
    scene.frames.append(frame)


def note_home(scene: Scene, frame: Frame) -> None:
    for kind in scene.brackets:
        session = scene.key(frame, kind)
        if full(session):
            new = all(which != session for which, _ in scene.homes.named)
            scene.homes.named.append((session, scene.conn))
            # Of a session that was named before, nobody saw the birth here.
            if new and "answer.session" in frame.is_ and scene.seen >= {"client", "server"}:
                scene.homes.born.append((session, scene.conn))


def step(scene: Scene, trace: Trace, frame: Frame) -> None:
    """Section 3: one frame, in this order."""
    judge_before(scene, trace, frame)
    surplus: set[str] = set()
    closed = pairs.certain_closes(scene, trace, frame, surplus)
    lies_inside = pairs.lies_inside(scene, trace, frame)
    if not lies_inside:
        pairs.possible_closes(scene, trace, frame)
    pairs.deadlines(scene, trace, frame, closed, surplus)
    pairs.certain_opens(scene, trace, frame, surplus)
    if not lies_inside:
        pairs.possible_opens(scene, trace, frame)
    pairs.clearing(scene, trace, frame)
    for kind, lane in trace.lanes.items():
        key = scene.key(frame, kind)
        if full(key):
            known = lane.form.close in frame.is_ or any(span.key == key for span in lane.spans)
            lane.carried.append((key, known))


def judge_before(scene: Scene, trace: Trace, frame: Frame) -> None:
    claimed = list(scene.tally.guarantees.items())
    about_connection(scene, frame)
    for name, guarantee in claimed:
        if trace.live and shape_of(guarantee) == "edge":
            (places.edge_first if guarantee.options["edge"] == "first" else places.edge_last)(
                scene, name, guarantee, frame
            )
    for name, guarantee in claimed:
        if trace.live and shape_of(guarantee) == "leads":
            places.leads(scene, name, guarantee, frame)
    for name, guarantee in claimed:
        if shape_of(guarantee) == "place" and guarantee.options["frames"] in frame.is_:
            places.place(scene, trace, name, guarantee, frame)
    for name, guarantee in claimed:
        if shape_of(guarantee) == "times":
            places.times(scene, trace, name, guarantee, frame)
    places.imply(scene, trace, frame)
    for name, guarantee in claimed:
        if shape_of(guarantee) == "joins":
            content.joins(scene, name, guarantee, frame)
    for name, guarantee in claimed:
        if shape_of(guarantee) == "steps":
            content.steps(scene, trace, name, guarantee, frame)


def about_connection(scene: Scene, frame: Frame) -> None:
    for name, guarantee in scene.tally.guarantees.items():
        if shape_of(guarantee) == "opted":
            content.opted(scene, name, guarantee, frame)
        elif shape_of(guarantee) == "agrees" and guarantee.options.get("with") == "connection":
            content.agrees_with_connection(scene, name, guarantee, frame)


def shape_of(guarantee: Guarantee) -> str:
    """The rule's shape; `place` is three of them."""
    if guarantee.rule.shape == "place":
        return next((word for word in ("edge", "leads") if word in guarantee.options), "place")
    return guarantee.rule.shape


# Replays (section 8).


def loose_step(scene: Scene, frame: Frame) -> None:
    """Live or replayed, and in which replay? The frame may be of any trace: it plays its roles as possible ones."""
    about_connection(scene, frame)
    for name, guarantee in scene.tally.guarantees.items():
        options = guarantee.options
        if shape_of(guarantee) not in ("place", "steps") or options["frames"] not in frame.is_:
            continue
        if shape_of(guarantee) == "steps":
            if scene.number(frame, options["number"]) is None:
                continue
            scene.live.numbers = []
        scene.tally.add(name, "undecided", frame.line)
    frame.may = frame.is_ | frame.may
    frame.is_ = set()
    for trace in scene.traces:
        if not pairs.lies_inside(scene, trace, frame):
            pairs.possible_closes(scene, trace, frame)
            pairs.possible_opens(scene, trace, frame)


def in_lane(scene: Scene, key: Key, lane: Lane) -> Key:
    """The bracket's key as a key of that lane."""
    names = dict(zip(scene.dialect.spans[scene.brackets[0]].keys, key, strict=True))
    return tuple(names.get(name) for name in lane.form.keys)


def bracket_opened(scene: Scene, key: Key) -> None:
    for lane in scene.live.lanes.values():
        if lane.in_replays:
            for span in lane.agreeing(in_lane(scene, key, lane)):
                scene.excuse(span)
    if not full(key):
        scene.adrift = True
        return
    if key in scene.replays:
        end_replay(scene, key)
    forget_unclear(scene, key)
    scene.replays[key] = Trace(scene.dialect, live=False)


def bracket_closed(scene: Scene, key: Key) -> None:
    fitting = [one for one in scene.replays if agree(one, key)]
    unclear = [one for one in scene.unclear if agree(one, key)]
    could_be_meant = len(fitting) + (scene.still_open if unclear else 0)
    for one in fitting:
        end_replay(scene, one)
    if could_be_meant > 1:
        scene.unclear += fitting
        scene.still_open += len(fitting) - 1
    elif unclear:
        scene.still_open -= 1
    if full(key):
        forget_unclear(scene, key)
    if scene.still_open <= 0:
        scene.unclear = []
    if scene.adrift and (not full(key) or not fitting):
        scene.adrift = False
        blur(scene, "server")


def forget_unclear(scene: Scene, key: Key) -> None:
    """It is known again whether this bracket is open."""
    scene.unclear = [one for one in scene.unclear if one != key]
    if not scene.unclear:
        scene.still_open = 0


def end_replay(scene: Scene, key: Key) -> None:
    trace = scene.replays.pop(key)
    for kind, past in trace.lanes.items():
        lane = scene.live.lanes[kind]
        if lane.in_replays:
            lane.log.append(("loosen", in_lane(scene, key, lane)))
            if lane.either:
                lane.log.append(("pardon", in_lane(scene, key, lane)))
        taken = {span.key for span in lane.spans if full(span.key)}
        for span in past.spans:
            if span.doubtful or span.key in taken or not lane.in_replays:
                scene.left_open(past, span)
            else:
                span.excused = True
                lane.spans.append(span)


# What cannot be read (section 9), and the end.


def blur(scene: Scene, sender: str) -> None:
    for trace in scene.traces:
        for lane in trace.lanes.values():
            if sender in lane.closers:
                for span in lane.spans:
                    scene.doubt(span)
            if sender in lane.openers:
                lane.log.append(("loosen", None))
            if lane.either and sender in lane.openers | lane.closers:
                lane.log.append(("pardon", None))
        trace.numbers = []
    content.spoil_texts(scene)
    places.forget_edges(scene, sender)
    if sender == "client":
        scene.asked.opaque = True


def end(scene: Scene, closed: Closed | None) -> None:
    clean = closed is not None and closed.sender == "server" and closed.code in (1000, 1001)
    for trace in scene.traces:
        for lane in trace.lanes.values():
            pairs.end_of_connection(scene, trace, lane, clean=clean)
    for name, _, frame in scene.last:
        scene.tally.add(name, "held" if closed is not None else "undecided", frame.line)
    content.judge_ends(scene, closed)


__all__ = ["JUDGED_SHAPES", "Judged", "judge", "judged_here"]
