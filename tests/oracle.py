"""A second opinion on every ordering verdict, reached slowly.

Law: this module knows docs/verdicts.md and the catalog's values, and nothing of the streaming checker. It reads a whole
capture at once, keeps everything it saw in plain lists, and looks through them anew for every question. Each
function is a sentence or a section of that page; where the page left a choice, the comment says which was taken.

Not judged here: replay-repeats-history, live-after-replay, and rules that traffic cannot decide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wirecheck.catalog.model import Case, Dialect, FrameForm, Guarantee, Locator, SpanForm
from wirecheck.record import BadLine, Closed, Message, Opened, Record

Key = tuple[Any, ...]
"""The names of a span in the order of its kind's keys. A name is a pair (type, value); None is a hole."""

JUDGED_SHAPES = ("pair", "place", "times", "joins", "steps", "opted", "agrees", "ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the instances of one guarantee ended. `broken` holds the record line of each broken one, sorted."""

    held: int = 0
    broken: tuple[int, ...] = ()
    undecided: int = 0


def judge(dialect: Dialect, records: Iterable[Record]) -> dict[str, Judged]:
    """The instances of every guarantee that the page covers, over all connections of one capture."""
    tally = Tally(judged_here(dialect))
    homes = Homes()
    open_now: dict[str, Connection] = {}
    for record in records:
        if isinstance(record, BadLine):
            continue
        conn = record.at.conn
        if isinstance(record, Opened) and conn in open_now:
            open_now.pop(conn).end(None)
        if conn not in open_now:
            open_now[conn] = Connection(dialect, tally, homes, conn, record if isinstance(record, Opened) else None)
        if isinstance(record, Message):
            open_now[conn].receive(record)
        elif isinstance(record, Closed):
            open_now.pop(conn).end(record)
    for connection in open_now.values():
        connection.end(None)
    return tally.result()


def judged_here(dialect: Dialect) -> dict[str, Guarantee]:
    """The guarantees that this page's shapes decide from traffic."""
    return {
        name: guarantee
        for name, guarantee in dialect.guarantees.items()
        if guarantee.rule.shape in JUDGED_SHAPES and guarantee.rule.passive is None and "live" not in guarantee.options
    }


class Homes:
    """On which connections each session was named, and where it was born before both senders' eyes."""

    def __init__(self) -> None:
        self.named: list[tuple[Key, str]] = []
        self.born: list[tuple[Key, str]] = []

    def at_home(self, session: Key, conn: str) -> bool:
        return (session, conn) in self.born and all(where == conn for which, where in self.named if which == session)


class Tally:
    """Counts of instances by guarantee."""

    def __init__(self, guarantees: dict[str, Guarantee]) -> None:
        self.guarantees = guarantees
        self.held = dict.fromkeys(guarantees, 0)
        self.undecided = dict.fromkeys(guarantees, 0)
        self.broken: dict[str, list[int]] = {name: [] for name in guarantees}

    def add(self, guarantee: str | None, verdict: str | None, line: int) -> None:
        if guarantee is None or verdict is None:
            return
        if verdict == "held":
            self.held[guarantee] += 1
        elif verdict == "undecided":
            self.undecided[guarantee] += 1
        else:
            assert verdict == "broken", verdict
            self.broken[guarantee].append(line)

    def result(self) -> dict[str, Judged]:
        return {
            name: Judged(held=self.held[name], broken=tuple(sorted(self.broken[name])), undecided=self.undecided[name])
            for name in self.guarantees
        }


# What a frame says.


@dataclass(slots=True, kw_only=True, eq=False)
class Frame:
    """One readable frame. `known` is false for a tag that the dialect does not document."""

    line: int
    sender: str
    number: int = 0
    known: bool = False
    is_: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)
    form: FrameForm | None = None
    message: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)


MISSING = object()


def read(message: Message) -> Any:
    """The JSON value of a message, or MISSING where it cannot be read."""
    if message.has_value:
        return message.value
    try:
        text = message.body if isinstance(message.body, str) else message.body.decode("utf-8")
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return MISSING


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def frame_of(dialect: Dialect, value: Any, sender: str, line: int) -> Frame | None:
    """The frame in a message's value, or None where it cannot be read."""
    if not isinstance(value, dict):
        return None
    forms = [form for form in dialect.frames.values() if form.sender == sender]
    tagless = [form for form in forms if form.tag is None]
    tag = value.get(dialect.envelope.tag)
    if len(tagless) == len(forms) and tagless:
        chosen = tagless
    elif isinstance(tag, str):
        chosen = [form for form in forms if form.tag == tag]
        if not chosen:
            return Frame(line=line, sender=sender)
    elif dialect.envelope.tag not in value and tagless:
        chosen = tagless
    else:
        return None
    form = chosen[0]
    style = form.wire or dialect.envelope.style
    payload = value if style == "flat" else value.get(dialect.envelope.data)
    frame = Frame(line=line, sender=sender, known=True, form=form, message=value)
    frame.payload = payload if isinstance(payload, dict) else {}
    frame.is_ = set(form.roles)
    frame.may = set(form.may)
    for case in form.cases:
        if case_holds(case, frame):
            frame.is_ |= set(case.roles)
            frame.may |= set(case.may)
    if form.contains is not None:
        items = walk(frame.payload, form.contains)
        frame.items = items if isinstance(items, list) else []
    return frame


def walk(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def at(frame: Frame, locator: Locator) -> Any:
    """What the frame carries at a place in its payload or header."""
    return walk(frame.payload if locator.place == "payload" else frame.message, locator.path)


def case_holds(case: Case, frame: Frame) -> bool:
    def holds(condition: Any) -> bool:
        there = at(frame, condition.at)
        if condition.test == "absent":
            return there is MISSING
        if condition.test == "present":
            return there is not MISSING
        return type(there) is type(condition.const) and bool(there == condition.const)

    return all(map(holds, case.when)) and not (case.unless and all(map(holds, case.unless)))


def scalar(value: Any) -> tuple[str, Any] | None:
    """A value that may count as a name: strings, integers and booleans do, and true is not 1."""
    if type(value) in (str, int, bool):
        return (type(value).__name__, value)
    return None


def agree(one: Key, other: Key) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def full(key: Key) -> bool:
    return None not in key


# Spans and lanes (section 2).


@dataclass(slots=True, kw_only=True, eq=False)
class Span:
    """One open span, or one unmatched frame of an either-order lane (then `side` says of which side)."""

    key: Key
    status: str  # solid, excused, doubtful, assumed
    opening: Frame | None
    line: int
    side: str = "open"
    witnessed: bool = False
    counted: int = 0
    uncountable: bool = False
    too_many: bool = False
    excused_by_role: bool = False
    led: bool = False
    waiting: list[tuple[str, int]] = field(default_factory=list)  # judgements that wait for how an implied span ends
    fresh: bool = False  # no frame with its key came before its opening

    def doubt(self) -> None:
        if self.status != "assumed":
            self.status = "doubtful"

    def excuse(self) -> None:
        if self.status == "solid":
            self.status = "excused"

    @property
    def doubtful(self) -> bool:
        return self.status in ("doubtful", "assumed")


class Lane:
    """The spans of one kind that are open now, and everything that settled, cleared or loosened a key so far."""

    def __init__(self, kind: str, form: SpanForm, dialect: Dialect) -> None:
        self.kind = kind
        self.form = form
        self.openers = senders_of(dialect, form.open)
        self.closers = senders_of(dialect, form.close)
        self.spans: list[Span] = []
        self.late: list[Span] = []
        self.log: list[tuple[str, Any]] = []
        self.in_replays = occurs_in_replays(dialect, kind)
        self.pair: str | None = None
        self.by: list[str] = []
        self.patient: set[str] = set()
        self.either = False
        self.judge_open_only = False
        self.times: str | None = None
        self.partners: list[tuple[str, str]] = []
        for name, guarantee in judged_here(dialect).items():
            options = guarantee.options
            shape = guarantee.rule.shape
            if shape == "pair" and kind in options["spans"]:
                self.pair = name
                self.by = list(options.get("by", ()))
                self.patient = words(options.get("patient"))
                self.either = options.get("order") == "either"
                self.judge_open_only = options.get("judge") == "open"
            elif shape == "times" and options["span"] == kind:
                self.times = name
            elif shape == "agrees" and kind in words(options.get("partner")):
                self.partners.append((name, options["name"]))

    def judged(self, side: str) -> bool:
        return not (self.judge_open_only and side == "close")

    def agreeing(self, key: Key) -> list[Span]:
        return [span for span in self.spans if agree(span.key, key)]

    def fitting(self, key: Key) -> list[Span]:
        """The candidates: agreeing spans; of these, where the key has no hole, the exact ones if there are any."""
        return exact(self.agreeing(key), key)

    def loosened(self, key: Key) -> bool:
        return any(what == "loosen" and (pattern is None or agree(pattern, key)) for what, pattern in self.log)

    def settled(self, key: Key) -> bool:
        settled = False
        for what, pattern in self.log:
            if what == "settle" and pattern == key:
                settled = True
            elif what == "loosen" and (pattern is None or agree(pattern, key)):
                settled = False
        return settled

    def cleared(self, key: Key) -> bool:
        cleared = False
        for what, pattern in self.log:
            if what == "clear" and all(key[place] == value for place, value in pattern):
                cleared = True
            elif what == "loosen" and (pattern is None or agree(pattern, key)):
                cleared = False
        return cleared


def exact(spans: list[Span], key: Key) -> list[Span]:
    same = [span for span in spans if span.key == key]
    return same if full(key) and same else spans


def words(value: Any) -> set[str]:
    if value is None:
        return set()
    return {value} if isinstance(value, str) else set(value)


def senders_of(dialect: Dialect, role: str) -> set[str]:
    """Who may send a frame with this role, certainly or not."""
    return {form.sender for form in dialect.frames.values() if role in roles_of(form)}


def brackets_of(dialect: Dialect) -> list[str]:
    return [kind for kind, form in dialect.spans.items() if form.subtrace]


def occurs_in_replays(dialect: Dialect, kind: str) -> bool:
    """Its keys include a bracket's, and no frame of the bracket opens or closes it."""
    form = dialect.spans[kind]
    for bracket in brackets_of(dialect):
        around = dialect.spans[bracket]
        own = [frame for frame in dialect.frames.values() if {around.open, around.close} & roles_of(frame)]
        if set(around.keys) <= set(form.keys) and not any({form.open, form.close} & roles_of(frame) for frame in own):
            return True
    return False


def roles_of(form: FrameForm) -> set[str]:
    """Every role that a frame of this form plays or may play."""
    roles = {*form.roles, *form.may}
    for case in form.cases:
        roles |= {*case.roles, *case.may}
    return roles


class Trace:
    """Lanes of their own: a connection has a live trace, and one for each replay that is open."""

    def __init__(self, dialect: Dialect, *, live: bool) -> None:
        self.live = live
        self.lanes = {kind: Lane(kind, form, dialect) for kind, form in dialect.spans.items()}
        self.numbers: list[tuple[Span, int]] = []


# A connection (sections 1, 3, 8 and 9).


class Connection:
    """Everything that happened on one connection so far."""

    def __init__(self, dialect: Dialect, tally: Tally, homes: Homes, conn: str, opened: Opened | None) -> None:
        self.dialect = dialect
        self.homes = homes
        self.conn = conn
        self.tally = tally
        self.opened = opened
        self.started = opened is not None
        self.seen: set[str] = set(opened.sees or ()) if opened else set()
        self.vantage = opened.vantage if opened else None
        self.exclusive = opened.exclusive if opened else False
        self.query, self.path = url_values(dialect, opened.url if opened else None)
        self.live = Trace(dialect, live=True)
        self.replays: dict[Key, Trace] = {}
        self.deaf = False
        self.frames: list[Frame] = []
        self.topics: set[str] = set()
        self.opaque = False
        self.blurred: set[str] = set()
        self.first: dict[tuple[str, Key], dict[str, bool]] = {}
        self.last: list[tuple[str, Key, Frame]] = []
        self.texts: dict[tuple[str, Key], Text] = {}
        self.brackets = brackets_of(dialect)
        self.afterwards: list[Callable[[], None]] = []
        self.answered: list[Frame] = []  # frames that opened a span that was closed while solid or excused

    # Names.

    def own(self, frame: Frame, name: str) -> tuple[str, Any] | None:
        """The name's value in the frame itself."""
        for locator in self.dialect.names.get(name, ()):
            if locator.place in ("payload", "header"):
                value = scalar(at(frame, locator))
                if value is not None:
                    return value
        return None

    def given(self, name: str) -> str | None:
        """The name's value in the connection's URL."""
        for locator in self.dialect.names.get(name, ()):
            values = {"query": self.query, "path": self.path}.get(locator.place)
            if values and locator.path[0] in values:
                return values[locator.path[0]]
        return None

    def raw(self, frame: Frame, name: str) -> Any:
        for locator in self.dialect.names.get(name, ()):
            if locator.place in ("payload", "header"):
                value = at(frame, locator)
                if value is not MISSING:
                    return value
        return MISSING

    def value(self, frame: Frame, name: str) -> tuple[str, Any] | None:
        return self.own(frame, name)

    def key(self, frame: Frame, kind: str) -> Key:
        return tuple(self.value(frame, name) for name in self.dialect.spans[kind].keys)

    # One message.

    def receive(self, message: Message) -> None:
        self.seen.add(message.sender)
        value = read(message)
        frame = None if value is MISSING else frame_of(self.dialect, value, message.sender, message.at.line)
        if frame is None:
            self.blur(message.sender)
            return
        self.route(frame)
        for item in frame.items:
            inner = frame_of(self.dialect, item, message.sender, message.at.line)
            if inner is None:
                self.blur(message.sender)
            else:
                self.route(inner)

    def route(self, frame: Frame) -> None:
        """Section 8: where a frame belongs."""
        frame.number = len(self.frames)
        if frame.known:
            for kind in self.brackets:
                session = self.key(frame, kind)
                if full(session):
                    new = all(which != session for which, _ in self.homes.named)
                    self.homes.named.append((session, self.conn))
                    # Of a session that was named before, nobody saw the birth here.
                    if new and "answer.session" in frame.is_ and self.seen >= {"client", "server"}:
                        self.homes.born.append((session, self.conn))
        roles = frame.is_ | frame.may
        closes = any(self.dialect.spans[kind].close in frame.is_ for kind in self.brackets)
        bracket = any(
            self.dialect.spans[kind].open in roles or self.dialect.spans[kind].close in roles for kind in self.brackets
        )
        if self.deaf and frame.sender == "server" and not closes:
            self.frames.append(frame)
            return
        home = None
        if frame.sender == "server" and not bracket and frame.known:
            for kind in self.brackets:
                home = self.replays.get(self.key(frame, kind))
        if home is not None:
            self.step(home, frame)
        elif frame.sender == "server" and not bracket and frame.known and self.replays and not self.keyed(frame):
            self.soft_step(frame)
        else:
            self.step(self.live, frame)
        self.frames.append(frame)

    def keyed(self, frame: Frame) -> bool:
        return all(full(self.key(frame, kind)) for kind in self.brackets)

    def soft_step(self, frame: Frame) -> None:
        """A frame that may be history or live: what would be judged is undecided, and its roles are possible ones.

        The page does not say in which trace it plays them; it may belong to any, so it plays them in all.
        """
        for name, guarantee in self.tally.guarantees.items():
            options = guarantee.options
            shape = guarantee.rule.shape
            if shape == "place" and "frames" in options and options["frames"] in frame.is_:
                self.tally.add(name, "undecided", frame.line)
            elif (
                shape == "steps"
                and options["frames"] in frame.is_
                and self.number(frame, options["number"]) is not None
            ):
                self.tally.add(name, "undecided", frame.line)
                self.live.numbers = []
        frame.may = frame.is_ | frame.may
        frame.is_ = set()
        for trace in (self.live, *self.replays.values()):
            self.possible_closes(trace, frame)
            self.possible_opens(trace, frame)

    def step(self, trace: Trace, frame: Frame) -> None:
        """Section 3: one frame, in this order."""
        if not frame.known:
            return
        self.judge_before(trace, frame)
        surplus: set[str] = set()
        closed = self.certain_closes(trace, frame, surplus)
        self.possible_closes(trace, frame)
        self.deadlines(trace, frame, closed, surplus)
        self.certain_opens(trace, frame, surplus)
        self.possible_opens(trace, frame)
        self.clearing(trace, frame)
        for act in self.afterwards:
            act()
        self.afterwards = []

    # Sure (section 2).

    def sure(self, trace: Trace, lane: Lane, key: Key) -> bool:
        seen = self.seen if trace.live else {"server"}
        if not lane.openers <= seen or (lane.in_replays and not self.at_home(lane, key)):
            return False
        begun = lane.in_replays or (self.started and lane.form.opened == "here")
        if trace.live and begun and not lane.loosened(key):
            return True
        if lane.form.exclusive:
            return full(key) and lane.settled(key)
        return any(self.lies_within(lane, kind) for kind in lane.by) and lane.cleared(key)

    def at_home(self, lane: Lane, key: Key) -> bool:
        """Whether the session in the key has its home on this connection."""
        names = dict(zip(lane.form.keys, key, strict=True))
        return any(
            self.homes.at_home(tuple(names.get(name) for name in self.dialect.spans[kind].keys), self.conn)
            for kind in self.brackets
        )

    def lies_within(self, lane: Lane, kind: str) -> bool:
        """Whether all keys of a `by` span kind are keys of the lane."""
        return kind in self.dialect.spans and set(self.dialect.spans[kind].keys) <= set(lane.form.keys)

    def orphan(self, trace: Trace, lane: Lane, key: Key) -> str:
        """Nothing fits: broken if sure, else undecided, and then the key may be settled."""
        if self.sure(trace, lane, key):
            return "broken"
        if full(key) and (lane.form.opened == "here" or "client" not in lane.openers or self.exclusive):
            lane.log.append(("settle", key))
        return "undecided"

    # Closes, opens and deadlines (section 4).

    def certain_closes(self, trace: Trace, frame: Frame, surplus: set[str]) -> dict[str, Span]:
        """What was closed, by kind. A role by which the frame is an orphan beyond doubt is added to `surplus`."""
        closed = {}
        for kind, lane in trace.lanes.items():
            if lane.form.close not in frame.is_ or lane.either:
                continue
            span = self.close(trace, lane, frame, lane.agreeing(self.key(frame, kind)), surplus)
            if span is not None:
                closed[kind] = span
        for lane in trace.lanes.values():
            if lane.either and lane.form.close in frame.is_ - surplus:
                self.meet(trace, lane, frame, "close")
        return closed

    def close(
        self, trace: Trace, lane: Lane, frame: Frame, agreeing: list[Span], surplus: set[str] | None = None
    ) -> Span | None:
        key = self.key(frame, lane.kind)
        candidates = exact(self.preferred(lane, frame, agreeing) or agreeing, key)
        bracket = lane.form.subtrace and trace.live
        if lane.form.prefer is not None and candidates and self.foreign(trace, lane, frame, agreeing):
            for span in candidates:
                self.doubt(span)
            return None
        if not candidates:
            late = [span for span in lane.late if agree(span.key, key)]
            if late:
                lane.late.remove(late[0])
            else:
                verdict = self.orphan(trace, lane, key)
                self.tally.add(lane.pair, verdict, frame.line)
                if verdict == "broken" and surplus is not None and self.matters(trace, lane):
                    surplus.add(lane.form.close)
            if bracket and self.deaf:
                self.end_deaf()
            return None
        best: list[Span] = []
        if len({span.key for span in candidates}) == 1:
            for status in (("solid",), ("excused",), ("doubtful", "assumed")):
                best = best or [span for span in candidates if span.status in status]
        if not best or (len(best) > 1 and not lane.form.exclusive and lane.form.tie != "oldest"):
            for span in candidates:
                self.doubt(span)
            if bracket:
                self.afterwards.append(self.end_all_brackets)
            return None
        chosen = best[0]
        lane.spans.remove(chosen)
        self.decide_waiting(chosen, "undecided")
        self.tally.add(lane.pair, "undecided" if chosen.doubtful else "held", frame.line)
        if not chosen.doubtful and chosen.opening is not None:
            self.answered.append(chosen.opening)
        self.judge_close(trace, lane, chosen, frame)
        if len(agreeing) == 1:
            self.learn(trace, chosen, frame)
        if bracket:
            self.afterwards.append(lambda: self.bracket_closed(chosen))
        return chosen

    def decide_waiting(self, span: Span, verdict: str) -> None:
        """The judgements that waited for how this implied span would end."""
        for name, line in span.waiting:
            self.tally.add(name, verdict, line)
        span.waiting = []

    def doubt(self, span: Span) -> None:
        self.decide_waiting(span, "undecided")
        span.doubt()

    def excuse(self, span: Span) -> None:
        self.decide_waiting(span, "undecided")
        span.excuse()

    def foreign(self, trace: Trace, lane: Lane, frame: Frame, agreeing: list[Span]) -> bool:
        """Whether the frame may answer something that was not seen: no candidate shares the name that it carries."""
        assert lane.form.prefer is not None
        carries = self.value(frame, lane.form.prefer) is not None
        known = self.sure(trace, lane, self.key(frame, lane.kind))
        return carries and not known and not self.preferred(lane, frame, agreeing)

    def matters(self, trace: Trace, lane: Lane) -> bool:
        """Whether a guarantee asks about this kind: by its pairs, or as the deadline of others."""
        return lane.pair is not None or any(lane.kind in other.by for other in trace.lanes.values())

    def preferred(self, lane: Lane, frame: Frame, candidates: list[Span]) -> list[Span]:
        """Where the lane has `prefer`: the candidates that share that name's value with the frame."""
        if lane.form.prefer is None:
            return []
        value = self.value(frame, lane.form.prefer)
        if value is None:
            return []
        return [
            span
            for span in candidates
            if span.opening is not None and self.value(span.opening, lane.form.prefer) == value
        ]

    def learn(self, trace: Trace, closed: Span, frame: Frame) -> None:
        """Spans that the same frame opened take their missing names from the frame that closed this one."""
        if closed.opening is None:
            return
        for kind, lane in trace.lanes.items():
            names = self.dialect.spans[kind].keys
            for span in lane.spans:
                if span.opening is closed.opening:
                    holes = not full(span.key)
                    span.key = tuple(
                        self.value(frame, name) if value is None else value
                        for name, value in zip(names, span.key, strict=True)
                    )
                    if holes and full(span.key):
                        lane.log.append(("settle", span.key))

    def possible_closes(self, trace: Trace, frame: Frame) -> None:
        for kind, lane in trace.lanes.items():
            key = self.key(frame, kind)
            if lane.either:
                if {lane.form.open, lane.form.close} & frame.may:
                    for span in lane.agreeing(key):
                        self.excuse(span)
                continue
            if lane.form.close not in frame.may:
                continue
            agreeing = lane.agreeing(key)
            shared = self.preferred(lane, frame, agreeing)
            if len(shared) == 1:
                # A close, and like any close one of the candidates that share the name: there is only one.
                self.close(trace, lane, frame, agreeing)
            else:
                for span in agreeing:
                    self.excuse(span)

    def deadlines(self, trace: Trace, frame: Frame, closed: dict[str, Span], surplus: set[str]) -> None:
        for kind, deadline in trace.lanes.items():
            if deadline.form.close not in frame.is_ - surplus:
                continue
            for lane in trace.lanes.values():
                if kind in lane.by:
                    self.deadline(trace, lane, frame, kind, closed.get(kind))

    def within(self, lane_form: SpanForm, span: Span, names: Sequence[str]) -> Key:
        """The values that the span's opening frame carried for these names (or that it learned, for its own)."""
        own = dict(zip(lane_form.keys, span.key, strict=True))
        return tuple(
            (self.value(span.opening, name) if span.opening is not None else None) or own.get(name) for name in names
        )

    def deadline_values(self, trace: Trace, lane: Lane, frame: Frame, kind: str, closed: Span | None) -> Key:
        form = self.dialect.spans[kind]
        values = tuple(self.value(frame, name) for name in form.keys)
        if closed is None:
            return values
        from_closed = self.within(form, closed, form.keys)
        values = tuple(mine or its for mine, its in zip(values, from_closed, strict=True))
        if not full(values) and not trace.lanes[kind].spans:
            common = {self.within(lane.form, span, form.keys) for span in lane.spans}
            if len(common) == 1 and agree(min(common), values):
                values = tuple(mine or its for mine, its in zip(values, min(common), strict=True))
        return values

    def deadline(self, trace: Trace, lane: Lane, frame: Frame, kind: str, closed: Span | None) -> None:
        its = self.deadline_values(trace, lane, frame, kind, closed)
        for span in list(lane.spans):
            mine = self.within(lane.form, span, self.dialect.spans[kind].keys)
            if not agree(mine, its):
                continue
            if not full(mine) or not full(its):
                self.doubt(span)
                continue
            if span.opening is not None and lane.patient & span.opening.is_:
                self.excuse(span)
                continue
            lane.spans.remove(span)
            self.decide_waiting(span, "undecided")
            if span.status != "assumed":
                lane.late.append(span)
            if not lane.judged(span.side) or span.status == "assumed":
                continue
            sure = span.status == "solid" and trace.live and self.conclusive(span, frame.sender)
            sure = sure and lane.closers <= self.seen
            if lane.either:
                sure = sure and closed is not None and not closed.doubtful
            self.tally.add(lane.pair, "broken" if sure else "undecided", span.line)

    def conclusive(self, span: Span, sender: str) -> bool:
        opening = span.opening
        assert opening is not None
        later = any(one.sender == opening.sender and one.number > opening.number for one in self.answered)
        return opening.sender == sender or self.vantage in (sender, None) or span.witnessed or later

    def certain_opens(self, trace: Trace, frame: Frame, surplus: set[str]) -> None:
        for kind, lane in trace.lanes.items():
            if lane.form.open not in frame.is_ or (lane.either and lane.form.open in surplus):
                continue
            if lane.either:
                self.meet(trace, lane, frame, "open")
                continue
            key = self.key(frame, kind)
            if lane.form.exclusive and full(key):
                for span in [span for span in lane.spans if span.key == key]:
                    if span.waiting and frame.sender == "client" and self.exclusive:
                        self.decide_waiting(span, "broken")
                        lane.spans.remove(span)
                        continue
                    self.decide_waiting(span, "undecided")
                    if lane.closers == {frame.sender}:
                        lane.spans.remove(span)
                        missing = span.status == "solid" and trace.live
                        if span.status != "assumed":
                            self.tally.add(lane.pair, "broken" if missing else "undecided", span.line)
                        if lane.form.subtrace and trace.live:
                            self.drop_replay(span.key)
                    else:
                        span.doubt()
            if lane.form.subtrace and trace.live:
                self.bracket_opened(key)
            span = Span(key=key, status="solid", opening=frame, line=frame.line)
            span.fresh = not any(earlier.known and self.key(earlier, kind) == key for earlier in self.frames)
            lane.spans.append(span)
            if full(key):
                lane.log.append(("settle", key))

    def possible_opens(self, trace: Trace, frame: Frame) -> None:
        for kind, lane in trace.lanes.items():
            if lane.either or lane.form.open not in frame.may:
                continue
            key = self.key(frame, kind)
            carries_none = bool(key) and all(value is None for value in key)
            if carries_none and len(lane.spans) == 1 and lane.spans[0].status == "solid":
                continue
            lane.log.append(("loosen", key))

    def clearing(self, trace: Trace, frame: Frame) -> None:
        for lane in trace.lanes.values():
            for kind in lane.by:
                if kind not in self.dialect.spans:
                    continue
                other = self.dialect.spans[kind]
                if not self.lies_within(lane, kind) or not {other.open, other.close} & frame.is_:
                    continue
                values = [(lane.form.keys.index(name), self.value(frame, name)) for name in other.keys]
                if all(value is not None for _, value in values):
                    lane.log.append(("clear", values))

    def meet(self, trace: Trace, lane: Lane, frame: Frame, side: str) -> None:
        """Either order: a frame of one side finds its partner on the other, or waits."""
        key = self.key(frame, lane.kind)
        others = [span for span in lane.agreeing(key) if span.side != side]
        others = [span for span in others if span.key == key] or others
        if others:
            lane.spans.remove(others[0])
            self.tally.add(lane.pair, "undecided" if others[0].doubtful else "held", frame.line)
            return
        if lane.form.exclusive and full(key):
            for span in [span for span in lane.spans if span.key == key and span.side == side]:
                lane.spans.remove(span)
                if lane.judged(side):
                    missing = span.status == "solid" and trace.live
                    self.tally.add(lane.pair, "broken" if missing else "undecided", span.line)
        late = [span for span in lane.late if span.side != side and agree(span.key, key)]
        if late:
            lane.late.remove(late[0])
            return
        lane.spans.append(Span(key=key, status="solid", opening=frame, line=frame.line, side=side))

    # Judgements on the state before the frame (sections 5 to 7).

    def judge_before(self, trace: Trace, frame: Frame) -> None:
        assumed: list[tuple[Lane, Key]] = []
        waiting: list[tuple[Lane, Key, str]] = []
        order = ("opted", "agrees", "edge", "leads", "place", "times", "implied", "joins", "steps")
        by_word: dict[str, list[tuple[str, Guarantee]]] = {word: [] for word in order}
        for name, guarantee in self.tally.guarantees.items():
            word = guarantee.rule.shape
            if word == "place":
                word = "edge" if "edge" in guarantee.options else "leads" if "leads" in guarantee.options else "place"
            by_word.get(word, []).append((name, guarantee))
        for name, guarantee in by_word["opted"]:
            self.opted(name, guarantee, frame)
        for name, guarantee in by_word["agrees"]:
            if guarantee.options.get("with") == "connection":
                self.agrees_with_connection(name, guarantee, frame)
        if trace.live:
            for name, guarantee in by_word["edge"]:
                (self.edge_first if guarantee.options["edge"] == "first" else self.edge_last)(name, guarantee, frame)
            for name, guarantee in by_word["leads"]:
                self.leads(name, guarantee, frame)
        for name, guarantee in by_word["place"]:
            if guarantee.options["frames"] in frame.is_:
                self.place(trace, name, guarantee, frame, assumed, waiting)
        for name, guarantee in by_word["times"]:
            self.times(trace, name, guarantee, frame)
        for lane, key in assumed:
            self.assume(lane, key, frame)
        self.imply(trace, frame, waiting)
        for name, guarantee in by_word["joins"]:
            self.joins(name, guarantee, frame)
        for name, guarantee in by_word["steps"]:
            self.steps(trace, name, guarantee, frame)

    def assume(self, lane: Lane, key: Key, frame: Frame) -> None:
        if not any(span.key == key for span in lane.spans):
            lane.spans.append(Span(key=key, status="assumed", opening=None, line=frame.line))

    def imply(self, trace: Trace, frame: Frame, waiting: list[tuple[Lane, Key, str]]) -> None:
        """Implied spans (section 4)."""
        for kind, lane in trace.lanes.items():
            if not set(lane.form.implied) & frame.is_:
                continue
            key = self.key(frame, kind)
            if full(key) and not lane.agreeing(key):
                self.assume(lane, key, frame)
            for other, its, name in waiting:
                if other is lane:
                    lane.fitting(its)[0].waiting.append((name, frame.line))
            agreeing = lane.agreeing(key)
            if trace.live and agreeing and not any(span.status == "solid" for span in agreeing):
                for bracket in self.brackets:
                    for further in self.live.lanes.values():
                        if further is not lane and further.in_replays and "client" in further.openers:
                            session = self.key(frame, bracket)
                            further.log.append(("loosen", self.bracket_key(bracket, session, further)))

    def place(
        self,
        trace: Trace,
        name: str,
        guarantee: Guarantee,
        frame: Frame,
        assumed: list[tuple[Lane, Key]],
        waiting: list[tuple[Lane, Key, str]],
    ) -> None:
        inside = "inside" in guarantee.options
        kind = guarantee.options["inside" if inside else "outside"]
        lane = trace.lanes[kind]
        key = self.key(frame, kind)
        candidates = lane.fitting(key)
        solid = [span for span in candidates if span.status == "solid"]
        if len({span.key for span in candidates}) > 1:
            verdict = "undecided"
        elif inside and candidates:
            verdict = "held" if solid else "undecided"
            for span in solid[:1]:
                span.witnessed = True
        elif inside:
            verdict = self.orphan(trace, lane, key)
            if verdict == "broken" and set(lane.form.implied) & frame.is_ and full(key):
                waiting.append((lane, key, name))
                return
            if verdict == "undecided" and lane.form.exclusive and full(key):
                assumed.append((lane, key))
        elif candidates:
            # A span whose end nobody could have recorded may be over.
            verdict = "broken" if solid and lane.closers <= self.seen else "undecided"
        else:
            verdict = "held" if self.started or self.sure(trace, lane, key) else "undecided"
        self.tally.add(name, verdict, frame.line)

    def edge_first(self, name: str, guarantee: Guarantee, frame: Frame) -> None:
        kind = guarantee.options["span"]
        form = self.dialect.spans[kind]
        openers = senders_of(self.dialect, form.open)
        key = self.key(frame, kind)
        if not full(key):
            return
        opens = form.open in frame.is_
        past = self.first.get((name, key))
        if frame.sender in openers:
            verdict = None
            new = past is None
            if past is None:
                # After a blur the first frame that was read need not be the first that was sent.
                unsure = bool(self.blurred & openers)
                past = self.first[(name, key)] = {"broken": False, "opened": False, "closed": False, "unsure": unsure}
            if opens:
                if (new and not past["unsure"]) or past["closed"]:
                    verdict = "held"
                elif past["broken"] and not past["opened"]:
                    verdict = None
                elif past["unsure"]:
                    verdict = "undecided"
                else:
                    verdict = "broken"
                past |= {"opened": True, "closed": False, "unsure": False}
            elif new and not past["unsure"]:
                sure = self.started and form.opened == "here"
                verdict = "broken" if sure else "undecided"
                past["broken"] = sure
            self.tally.add(name, verdict, frame.line)
        if past is not None and form.close in frame.is_:
            past["closed"] = True

    def edge_last(self, name: str, guarantee: Guarantee, frame: Frame) -> None:
        kind = guarantee.options["span"]
        form = self.dialect.spans[kind]
        key = self.key(frame, kind)
        if not full(key):
            return
        waiting = [entry for entry in self.last if entry[:2] == (name, key) and entry[2].sender == frame.sender]
        spared = bool(words(guarantee.options.get("except")) & (frame.is_ | frame.may))
        closes = form.close in frame.is_
        for entry in waiting:
            if form.open in frame.is_:
                self.tally.add(name, "held", frame.line)
            elif closes or not spared:
                self.tally.add(name, "broken", frame.line)
            else:
                continue
            self.last.remove(entry)
        if closes:
            self.last.append((name, key, frame))

    def leads(self, name: str, guarantee: Guarantee, frame: Frame) -> None:
        kind = guarantee.options["span"]
        role = guarantee.options["leads"]
        key = self.key(frame, kind)
        if frame.sender not in senders_of(self.dialect, role) or not full(key):
            return
        for span in self.live.lanes[kind].spans:
            if span.key != key or span.led:
                continue
            span.led = True
            if role in frame.is_:
                verdict = "undecided" if span.doubtful else "held"
            else:
                conclusive = self.vantage == frame.sender or (self.started and span.fresh)
                verdict = "broken" if conclusive and span.status == "solid" and role not in frame.may else "undecided"
            self.tally.add(name, verdict, frame.line)

    def times(self, trace: Trace, name: str, guarantee: Guarantee, frame: Frame) -> None:
        options = guarantee.options
        lane = trace.lanes[options["span"]]
        key = self.key(frame, lane.kind)
        if words(options.get("excused")) & frame.is_:
            for span in lane.agreeing(key):
                span.excused_by_role = True
        if options["frames"] not in frame.is_:
            return
        candidates = lane.fitting(key)
        if len({span.key for span in candidates}) > 1:
            for span in candidates:
                span.uncountable = True
            return
        firm = [span for span in candidates if span.status == "solid"]
        firm = firm or [span for span in candidates if span.status == "excused"]
        for span in firm[:1]:
            span.counted += 1
            span.witnessed = True
            if "max" in options and span.counted > options["max"]:
                if span.status != "solid":
                    span.uncountable = True
                elif not span.too_many:
                    span.too_many = True
                    self.tally.add(name, "broken", frame.line)

    def judge_close(self, trace: Trace, lane: Lane, span: Span, frame: Frame) -> None:
        """What is judged when a close chose its span: names of the partners, and times."""
        for name, value in lane.partners:
            mine = self.own(span.opening, value) if span.opening is not None else None
            its = self.own(frame, value)
            if mine is not None and its is not None:
                verdict = "undecided" if span.doubtful else "held" if mine == its else "broken"
                self.tally.add(name, verdict, frame.line)
        if lane.times is None or span.too_many:
            return
        options = self.tally.guarantees[lane.times].options
        if span.doubtful or span.uncountable:
            verdict = "undecided"
        elif span.counted >= options.get("min", 0) or span.excused_by_role:
            verdict = "held"
        elif span.status == "excused" or not trace.live:
            verdict = "undecided"
        else:
            verdict = "broken"
        self.tally.add(lane.times, verdict, span.line)

    def joins(self, name: str, guarantee: Guarantee, frame: Frame) -> None:
        options = guarantee.options
        form = self.dialect.spans[options["span"]]
        key = self.key(frame, options["span"])
        mine = {at_key: text for (owner, at_key), text in self.texts.items() if owner == name}
        if words(options.get("reset")) & frame.is_:
            touched = [text for at_key, text in mine.items() if agree(at_key, key)]
            for text in touched:
                text.pieces = []
                text.complete = len(touched) == 1
        if form.open in frame.is_ and full(key):
            earlier = mine.get(key)
            self.texts[(name, key)] = Text(complete=earlier is None or not earlier.pieces)
        if options["deltas"] in frame.is_:
            if not full(key):
                self.spoil_texts()
            else:
                text = self.texts.setdefault((name, key), Text(complete=False))
                piece = self.raw(frame, options["text"])
                if isinstance(piece, str):
                    text.pieces.append(piece)
                else:
                    text.complete = False
        if options["final"] in frame.is_:
            if not full(key):
                self.spoil_texts()
                return
            claimed = self.texts.pop((name, key), None)
            whole = self.raw(frame, options["whole"])
            if claimed is None or not claimed.pieces or not isinstance(whole, str):
                return
            verdict = "held" if "".join(claimed.pieces) == whole else "broken"
            self.tally.add(name, verdict if claimed.complete else "undecided", frame.line)

    def spoil_texts(self) -> None:
        for text in self.texts.values():
            text.complete = False

    def number(self, frame: Frame, name: str) -> int | None:
        value = self.raw(frame, name)
        return value if type(value) is int else None

    def steps(self, trace: Trace, name: str, guarantee: Guarantee, frame: Frame) -> None:
        options = guarantee.options
        if options["frames"] not in frame.is_:
            return
        number = self.number(frame, options["number"])
        if number is None:
            return
        bound = self.number(frame, options["bound"])
        if bound is not None and number > bound:
            self.tally.add(name, "broken", frame.line)
            return
        spans = trace.lanes[options["span"]].spans
        if len(spans) != 1 or spans[0].status != "solid":
            trace.numbers = []
            self.tally.add(name, "undecided", frame.line)
            return
        before = [counted for span, counted in trace.numbers if span is spans[0]]
        trace.numbers.append((spans[0], number))
        verdict = "held" if not before or number == before[-1] + 1 else "broken"
        self.tally.add(name, verdict, frame.line)

    def opted(self, name: str, guarantee: Guarantee, frame: Frame) -> None:
        options = guarantee.options
        if options["by"] == "parameter":
            if frame.form is None or not frame.form.needs:
                return
            if self.opened is None or self.opened.url is None:
                verdict = "undecided"
            else:
                answers = [self.parameter(param, wanted) for param, wanted in frame.form.needs.items()]
                verdict = "held" if all(a is True for a in answers) else "undecided" if None in answers else "broken"
            self.tally.add(name, verdict, frame.line)
            return
        if options["on"] in frame.is_:
            topics = self.raw(frame, options["topics"])
            if isinstance(topics, list):
                self.topics |= {topic for topic in topics if isinstance(topic, str)}
            else:
                self.opaque = True
        if options["opaque"] in frame.is_ | frame.may:
            self.opaque = True
        if options["frames"] in frame.is_:
            topic = self.own(frame, options["topic"])
            if topic is None:
                return
            if topic[1] in self.topics:
                verdict = "held"
            elif self.opaque or "client" not in self.seen or not self.started:
                verdict = "undecided"
            else:
                verdict = "broken"
            self.tally.add(name, verdict, frame.line)

    def parameter(self, name: str, wanted: Any) -> bool | None:
        """Whether the URL gives the parameter as wanted; None where its value cannot be read."""
        param = self.dialect.connect.params[name]
        text = (self.query if param.place == "query" else self.path).get(name)
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

    def agrees_with_connection(self, name: str, guarantee: Guarantee, frame: Frame) -> None:
        options = guarantee.options
        if options.get("frames") is not None and options["frames"] not in frame.is_:
            return
        mine = self.own(frame, options["name"])
        given = self.given(options["name"])
        if mine is None or given is None:
            return
        text = mine[1] if isinstance(mine[1], str) else json.dumps(mine[1])
        self.tally.add(name, "held" if text == given else "broken", frame.line)

    # Replays (section 8).

    def bracket_key(self, kind: str, key: Key, lane: Lane) -> Key:
        names = dict(zip(self.dialect.spans[kind].keys, key, strict=True))
        return tuple(names.get(name) for name in lane.form.keys)

    def bracket_opened(self, key: Key) -> None:
        for kind in self.brackets:
            self.afterwards.append(partial(self.excuse_live, kind, key))
        if full(key):
            self.replays[key] = Trace(self.dialect, live=False)
        else:
            self.deaf = True

    def excuse_live(self, kind: str, key: Key) -> None:
        for lane in self.live.lanes.values():
            if lane.in_replays:
                for span in lane.agreeing(self.bracket_key(kind, key, lane)):
                    self.excuse(span)

    def drop_replay(self, key: Key) -> None:
        """A bracket that was opened again without a close: nothing of it goes on."""
        trace = self.replays.pop(key, None)
        if trace is not None:
            for lane in trace.lanes.values():
                for span in lane.spans:
                    self.left_open(lane, span)

    def end_deaf(self) -> None:
        self.deaf = False
        self.blur("server")

    def end_all_brackets(self) -> None:
        for key in list(self.replays):
            self.end_replay(key)
        if self.deaf:
            self.end_deaf()

    def bracket_closed(self, span: Span) -> None:
        if span.key in self.replays:
            self.end_replay(span.key)
        if self.deaf:
            self.end_deaf()

    def end_replay(self, key: Key) -> None:
        trace = self.replays.pop(key)
        for kind in self.brackets:
            for lane in self.live.lanes.values():
                if lane.in_replays:
                    lane.log.append(("loosen", self.bracket_key(kind, key, lane)))
        for kind, lane in trace.lanes.items():
            live = self.live.lanes[kind]
            taken = {span.key for span in live.spans}
            for span in lane.spans:
                if span.doubtful or lane.either or span.key in taken or not lane.in_replays:
                    self.left_open(lane, span)
                else:
                    span.status = "excused"
                    live.spans.append(span)

    # What cannot be read (section 9).

    def blur(self, sender: str) -> None:
        self.blurred.add(sender)
        for (name, _), past in self.first.items():
            kind = self.tally.guarantees[name].options["span"]
            opener = sender in senders_of(self.dialect, self.dialect.spans[kind].open)
            if opener and (past["closed"] or not past["opened"]):
                past |= {"unsure": True, "closed": False}
        for trace in (self.live, *self.replays.values()):
            for lane in trace.lanes.values():
                if sender in lane.closers:
                    for span in lane.spans:
                        self.doubt(span)
                if sender in lane.openers:
                    lane.log.append(("loosen", None))
            trace.numbers = []
        self.spoil_texts()
        for entry in [entry for entry in self.last if entry[2].sender == sender]:
            self.last.remove(entry)
            self.tally.add(entry[0], "undecided", entry[2].line)
        if sender == "client":
            self.opaque = True

    # The end.

    def left_open(self, lane: Lane, span: Span) -> None:
        self.decide_waiting(span, "undecided")
        if lane.judged(span.side) and span.status != "assumed":
            self.tally.add(lane.pair, "undecided", span.line)

    def end(self, closed: Closed | None) -> None:
        clean = closed is not None and closed.sender == "server" and closed.code in (1000, 1001)
        for trace in (self.live, *self.replays.values()):
            for lane in trace.lanes.values():
                due = clean and trace.live and not lane.either and not lane.by and "server" in lane.closers & self.seen
                due = due and lane.form.opened == "here" and not lane.form.resumable
                for span in lane.spans:
                    if clean and trace.live:
                        self.decide_waiting(span, "broken")
                    if due and span.status == "solid" and self.conclusive(span, "server"):
                        self.tally.add(lane.pair, "broken", span.line)
                    else:
                        self.left_open(lane, span)
        for name, _, frame in self.last:
            self.tally.add(name, "held" if closed is not None else "undecided", frame.line)
        self.judge_ends(closed)

    def judge_ends(self, closed: Closed | None) -> None:
        for name, guarantee in self.tally.guarantees.items():
            if guarantee.rule.shape != "ends" or self.opened is None or self.opened.auth not in ("bad", "missing"):
                continue
            trigger = guarantee.options["trigger"]
            if closed is None:
                self.tally.add(name, "undecided", 0)
            elif closed.code is not None and self.dialect.connect.closes.get(closed.code) == trigger:
                self.tally.add(name, "held", closed.at.line)
            elif closed.sender == "server" and closed.code not in (None, 1005, 1006):
                self.tally.add(name, "broken", closed.at.line)
            else:
                self.tally.add(name, "undecided", closed.at.line)


@dataclass(slots=True, kw_only=True)
class Text:
    """The pieces of one key's text since it began."""

    complete: bool
    pieces: list[str] = field(default_factory=list)


def url_values(dialect: Dialect, url: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """What the URL gives: query parameters, and the parts of the path that the dialect names."""
    if url is None:
        return {}, {}
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    path: dict[str, str] = {}
    wanted = (dialect.connect.path or "").strip("/").split("/")
    there = parts.path.strip("/").split("/")
    if len(wanted) == len(there):
        pairs = list(zip(wanted, there, strict=True))
        if all(one.startswith("{") or one == other for one, other in pairs):
            path = {one[1:-1]: unquote(other) for one, other in pairs if one.startswith("{")}
    return query, path


__all__ = ["JUDGED_SHAPES", "Judged", "judge", "judged_here"]
