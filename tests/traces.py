"""Random captures of a dialect, valid or not, for two judges to agree on; and how to make a disagreement small.

Law: everything is drawn from a seeded `random.Random`, so that a seed is a trace. Nothing here knows a verdict.

Half of the traces are frames drawn one by one, with few values for each name so that they meet; the other half are
valid conversations with something done to them: dropped, doubled, moved, swapped, renamed, emptied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from conversations import conversation, merge, numbered
from wirecheck.catalog.model import SENDERS, Dialect, FrameForm, Locator, Sender
from wirecheck.record import At, Closed, Message, Opened, Record

POOL: dict[str, tuple[Any, ...]] = {
    "session": ("s1", "s2", "s3"),
    "tool": ("Bash", "AskUserQuestion"),
    "thread": ("t1", "t2"),
    "agent": ("a1", "a2"),
    "workflow": ("w1", "w2"),
    "call": ("c1", "c2"),
    "task": ("k1",),
    "id": ("m1", "m2", "m3"),
    "conversation": ("v1", "v2", "v 1"),
    "topic": ("x1", "x2"),
    "topics": (["x1"], ["x1", "x2"], []),
    "text": ("a", "b"),
    "final": ("a", "ab", "b", "aa"),
    "continuation": (1, 2, 3, 4, 5),
    "continuations": (3, 20),
    "code": ("UNAUTHORIZED", "INVALID_MESSAGE"),
}
CASES: dict[str, tuple[Any, ...]] = {
    "mode": ("session", "background"),
    "reason": ("completed", "stopped"),
    "duplicate": (True, False),
}
UNREADABLE: tuple[str, ...] = ("", "{", "nonsense", "[]", "null", "3", '"text"', '{"a":}', "{} {}")
STRANGE: tuple[Any, ...] = (7, True, None, 1.5, "", ["x"], "s1")


def trace(dialect: Dialect, rng: Random) -> list[Record]:
    """One random capture of one to three connections."""
    if rng.random() < 0.5:
        records = conversation(dialect.name, rng)
        start = rng.randrange(len(records))
        records = records[start if rng.random() < 0.3 else 0 :][: rng.choice((8, 16, 30, 60))]
        for _ in range(rng.choice((0, 1, 1, 2, 4, 8))):
            records = rng.choice(MUTATIONS)(dialect, rng, records)
    else:
        names = [f"c{number}" for number in range(rng.choice((1, 1, 1, 2, 3)))]
        records = merge(rng, *[_connection(dialect, rng, name) for name in names])
    return numbered(tidy(records))


def tidy(records: Sequence[Record]) -> list[Record]:
    """Without what no recorder writes: a second opening of a connection, one after its first message, or
    anything after its close."""
    kept: list[Record] = []
    touched: set[str] = set()
    closed: set[str] = set()
    for record in records:
        conn = record.at.conn
        if conn in closed or (isinstance(record, Opened) and conn in touched):
            continue
        touched.add(conn)
        if isinstance(record, Closed):
            closed.add(conn)
        kept.append(record)
    return kept


def _connection(dialect: Dialect, rng: Random, conn: str) -> list[Record]:
    at = At(line=0, conn=conn)
    records: list[Record] = []
    if rng.random() < 0.75:
        records.append(_opened(dialect, rng, at))
    forms = list(dialect.frames.values())
    if rng.random() < 0.3:  # few kinds of frames meet one another more
        forms = rng.sample(forms, min(6, len(forms)))
    for _ in range(2):  # and so do some that come often
        forms += rng.sample(forms, min(3, len(forms))) * 3
    missing = rng.choice((0.0, 0.05, 0.3))
    values = {name: pool[: rng.choice((1, 2, 3))] for name, pool in POOL.items()}
    if rng.random() < 0.5:
        records += _births(dialect, rng, at, values)
        framing = {role for kind in dialect.spans.values() if kind.subtrace for role in (kind.open, kind.close)}
        around = [form for form in dialect.frames.values() if framing & set(form.roles)]
        forms += around * rng.choice((0, 1, 2))
    for _ in range(rng.choice((3, 6, 10, 16, 25))):
        if rng.random() < 0.02:
            records.append(Message(at=at, sender=rng.choice(SENDERS), body=rng.choice(UNREADABLE)))
            continue
        form = rng.choice(forms)
        records.append(_spelled(rng, at, form.sender, _frame(dialect, rng, form, values, missing)))
    if rng.random() < 0.5:
        records.append(_closed(rng, at))
    return records


def _births(dialect: Dialect, rng: Random, at: At, values: dict[str, tuple[Any, ...]]) -> list[Record]:
    """Where sessions outlive connections: those of the pool asked for and answered here, so that much can be known."""
    asks, answers = (
        [form for form in dialect.frames.values() if role in form.roles] for role in ("ask.session", "answer.session")
    )
    if not asks or not answers:
        return []
    sure: list[Record] = []
    for session in values["session"]:
        for form in (asks[0], answers[0]):
            frame = _frame(dialect, rng, form, {**values, "session": (session,)}, 0.0)
            sure.append(_spelled(rng, at, form.sender, frame))
    return sure


def _opened(dialect: Dialect, rng: Random, at: At) -> Opened:
    sides: tuple[tuple[Sender, ...] | None, ...] = (None, None, SENDERS, SENDERS, ("client",), ("server",))
    sees = rng.choice(sides)
    return Opened(
        at=at,
        url=_url(dialect, rng),
        sees=None if sees is None else frozenset(sees),
        vantage=rng.choice((None, None, "client", "server", "proxy")),
        exclusive=rng.random() < 0.4,
        auth=rng.choice((None, None, None, "good", "bad", "missing")),
    )


def _url(dialect: Dialect, rng: Random) -> str | None:
    if rng.random() < 0.2:
        return None
    path = dialect.connect.path or "/ws"
    queries = []
    for name, param in dialect.connect.params.items():
        if param.place == "path":
            path = path.replace("{" + name + "}", rng.choice(POOL["thread"]))
        elif rng.random() < 0.7:
            value = rng.choice(("true", "true", "false", "maybe") if param.type == "boolean" else ("v1", "v2", "v%201"))
            queries.append(f"{name}={value}")
    return f"wss://host.example{path}" + ("?" + "&".join(queries) if queries else "")


def _closed(rng: Random, at: At) -> Closed:
    return Closed(
        at=at,
        code=rng.choice((None, 1000, 1000, 1001, 1006, 4001)),
        sender=rng.choice((None, "client", "server", "server")),
    )


def _frame(
    dialect: Dialect, rng: Random, form: FrameForm, values: dict[str, tuple[Any, ...]], missing: float
) -> dict[str, Any]:
    """A message of this form with names from the pools; each is left out with probability `missing`."""
    example = json.loads(json.dumps(rng.choice(form.examples or ({},))))
    header = {name[1:]: example.pop(name) for name in list(example) if name.startswith("@")}
    payload = example
    for field, choices in CASES.items():
        if field in payload:
            payload[field] = rng.choice(choices)
    for name, locators in dialect.names.items():
        for locator in locators:
            if not _belongs(dialect, form, locator):
                continue
            home = header if locator.place == "header" else payload
            _put(home, locator.path, MISSING if rng.random() < missing else rng.choice(values.get(name, ("x",))))
            if rng.random() < 0.01:
                _put(home, locator.path, rng.choice(STRANGE))
    if form.payload is None and rng.random() < 0.7:
        for kind in dialect.spans.values():
            for name in kind.keys:
                payload_places = [place for place in dialect.names[name] if place.place == "payload"]
                _put(payload, payload_places[0].path, rng.choice(values.get(name, ("x",))))
    if form.contains is not None:
        inner = [one for one in dialect.frames.values() if one.sender == form.sender and one.contains is None]
        items: list[Any] = [_frame(dialect, rng, rng.choice(inner), values, missing) for _ in range(rng.randint(0, 3))]
        if rng.random() < 0.05:
            items.append(rng.choice(("text", 3, {}, [], {"data": {}})))
        _put(payload, form.contains, items)
    if rng.random() < 0.01:
        return {dialect.envelope.tag: "unheard_of", "session_id": "s1"}
    message = dict(header)
    if form.tag is not None:
        message[dialect.envelope.tag] = form.tag
    if (form.wire or dialect.envelope.style) == "flat":
        return {**message, **payload}
    if payload or form.payload is None or form.payload.get("properties"):
        message[dialect.envelope.data] = payload
    return message


MISSING = object()


def _belongs(dialect: Dialect, form: FrameForm, locator: Locator) -> bool:
    """Whether the form documents a field at the locator."""
    if locator.place == "header":
        return locator.path[0] in {field.name for field in dialect.envelope.header.get(form.sender, ())}
    if locator.place != "payload":
        return False
    schema: Any = form.payload or {}
    for case in form.cases:
        if case.payload and len(locator.path) == 1 and locator.path[0] in case.payload.get("properties", {}):
            return True
    for step in locator.path:
        properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
        if step not in properties:
            return False
        schema = properties[step]
    return True


def _put(home: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for step in path[:-1]:
        inner = home.get(step)
        if not isinstance(inner, dict):
            inner = home[step] = {}
        home = inner
    if value is MISSING:
        home.pop(path[-1], None)
    else:
        home[path[-1]] = value


def _spelled(rng: Random, at: At, sender: Sender, message: Any) -> Message:
    if rng.random() < 0.15:
        return Message(at=at, sender=sender, value=message, has_value=True)
    return Message(at=at, sender=sender, body=json.dumps(message, ensure_ascii=rng.random() < 0.5))


# What is done to valid conversations.


def _messages(records: list[Record]) -> list[int]:
    return [place for place, record in enumerate(records) if isinstance(record, Message)]


def _drop(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    place = rng.randrange(len(records))
    return [*records[:place], *records[place + 1 :]] or records


def _double(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    place = rng.randrange(len(records))
    later = rng.randint(place, min(len(records), place + 8))
    return [*records[:later], records[place], *records[later:]]


def _move(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    place = rng.randrange(len(records))
    rest = [*records[:place], *records[place + 1 :]]
    there = rng.randint(max(0, place - 8), min(len(rest), place + 8))
    return [*rest[:there], records[place], *rest[there:]]


def _swap(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    if len(records) < 2:
        return records
    place = rng.randrange(len(records) - 1)
    return [*records[:place], records[place + 1], records[place], *records[place + 2 :]]


def _value(record: Message) -> Any:
    """A copy of the message's value; None where it is no JSON."""
    try:
        return json.loads(json.dumps(record.value)) if record.has_value else json.loads(record.body)
    except ValueError:
        return None


def _rewrite(rng: Random, records: list[Record], change: Callable[[Any], None]) -> list[Record]:
    places = _messages(records)
    if not places:
        return records
    place = rng.choice(places)
    record = records[place]
    assert isinstance(record, Message)
    value = _value(record)
    if not isinstance(value, dict):
        return records
    change(value)
    changed = replace(record, value=value) if record.has_value else replace(record, body=json.dumps(value))
    return [*records[:place], changed, *records[place + 1 :]]


def _homes(dialect: Dialect, message: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where a message carries names."""
    found = []
    data = message.get(dialect.envelope.data)
    payload = data if dialect.envelope.style == "nested" and isinstance(data, dict) else message
    for locators in dialect.names.values():
        for locator in locators:
            if locator.place not in ("payload", "header"):
                continue
            home: Any = message if locator.place == "header" else payload
            for step in locator.path[:-1]:
                home = home.get(step) if isinstance(home, dict) else None
            if isinstance(home, dict) and locator.path[-1] in home:
                found.append((home, locator.path[-1]))
    return found


def _rename(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    donors = _messages(records)

    def change(message: dict[str, Any]) -> None:
        homes = _homes(dialect, message)
        if not homes:
            return
        home, name = rng.choice(homes)
        record = records[rng.choice(donors)]
        assert isinstance(record, Message)
        other = _value(record)
        others = _homes(dialect, other) if isinstance(other, dict) else []
        given = [there[field] for there, field in others if field == name]
        home[name] = given[0] if given else "other"

    return _rewrite(rng, records, change)


def _unname(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    def change(message: dict[str, Any]) -> None:
        homes = _homes(dialect, message)
        if homes:
            home, name = rng.choice(homes)
            home.pop(name, None)

    return _rewrite(rng, records, change)


def _garble(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    places = _messages(records)
    if not places:
        return records
    place = rng.choice(places)
    record = records[place]
    assert isinstance(record, Message)
    garbled = Message(at=record.at, sender=record.sender, body=rng.choice(("{", "[]", "nonsense")))
    there = place if rng.random() < 0.5 else place + 1
    return [*records[:place], garbled, *records[there:]]


def _cut(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    return records[: rng.randint(1, len(records))]


def _close(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    return [*records, _closed(rng, replace(rng.choice(records).at, line=0))]


def _reopen(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    """Another recorder: what the opening says is drawn anew, in all connections."""
    return [
        replace(_opened(dialect, rng, record.at), url=record.url) if isinstance(record, Opened) else record
        for record in records
    ]


def _insert(dialect: Dialect, rng: Random, records: list[Record]) -> list[Record]:
    place = rng.randint(0, len(records))
    at = replace(rng.choice(records).at, line=0)
    form = rng.choice(list(dialect.frames.values()))
    frame = _spelled(rng, at, form.sender, _frame(dialect, rng, form, POOL, 0.1))
    return [*records[:place], frame, *records[place:]]


MUTATIONS: tuple[Callable[[Dialect, Random, list[Record]], list[Record]], ...] = (
    _drop,
    _double,
    _move,
    _swap,
    _rename,
    _unname,
    _garble,
    _cut,
    _close,
    _reopen,
    _insert,
)


# Making a disagreement small.


def shrink(records: Sequence[Record], disagree: Callable[[list[Record]], bool]) -> list[Record]:
    """As few of these records as still disagree: whole runs are left out first, then single records, then members
    of messages. `disagree` must hold for `records` and be a function of its argument alone."""
    small = list(records)
    size = max(1, len(small) // 2)
    while size:
        place = 0
        shrunk = False
        while place < len(small):
            shorter = [*small[:place], *small[place + size :]]
            if shorter and disagree(numbered(shorter)):
                small, shrunk = shorter, True
            else:
                place += size
        if not shrunk or size > 1:
            size //= 2
    for place, record in enumerate(small):
        before, after = small[:place], small[place + 1 :]

        def still(one: Record, before: list[Record] = before, after: list[Record] = after) -> bool:
            return disagree(numbered([*before, one, *after]))

        small[place] = _simpler(record, still)
    return numbered(small)


def _simpler(record: Record, disagrees: Callable[[Record], bool]) -> Record:
    if isinstance(record, Opened):
        opened: Opened = record
        for change in (
            replace(opened, exclusive=False),
            replace(opened, vantage=None),
            replace(opened, auth=None),
            replace(opened, sees=None),
            replace(opened, url=None),
        ):
            if change != opened and disagrees(change):
                return _simpler(change, disagrees)
        return opened
    if not isinstance(record, Message):
        return record
    value = _value(record)
    if not isinstance(value, dict):
        return record
    simplest = record
    for home, field in [(value, field) for field in value] + [
        (inner, field) for inner in value.values() if isinstance(inner, dict) for field in inner
    ]:
        kept = home.pop(field)
        plainer = Message(at=record.at, sender=record.sender, body=json.dumps(value, ensure_ascii=False))
        if disagrees(plainer):
            simplest = plainer
        else:
            home[field] = kept
    return simplest


def shown(records: Sequence[Record]) -> str:
    """The records as lines for people."""
    lines = []
    for record in records:
        head = f"{record.at.line:3} {record.at.conn}"
        if isinstance(record, Message):
            body = json.dumps(record.value, ensure_ascii=False) if record.has_value else record.body
            lines.append(f"{head} {'->' if record.sender == 'client' else '<-'} {body!s}")
        elif isinstance(record, Opened):
            facts: dict[str, Any] = {
                "url": record.url,
                "sees": sorted(record.sees) if record.sees is not None else None,
            }
            facts |= {"at": record.vantage, "exclusive": record.exclusive, "auth": record.auth}
            lines.append(f"{head} open {facts}")
        elif isinstance(record, Closed):
            lines.append(f"{head} close {record.code} by {record.sender}")
        else:
            lines.append(f"{head} {record.code}")
    return "\n".join(lines)
