"""One scenario's steps, from their nodes to values.

Law: every word of a script is one that the dialect knows, and is used where it was said before: a frame by its sender,
a connection that was opened, a variable that was set or kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from wirecheck.catalog.model import Dialect, Sender
from wirecheck.catalog.places import documented, pointer
from wirecheck.catalog.script import (
    CLOSE,
    Connect,
    Credential,
    Cue,
    Drop,
    Emit,
    Hangup,
    History,
    Hold,
    Malform,
    Malformation,
    Plays,
    Scenario,
    Send,
    Settle,
    Show,
    Step,
    Trigger,
    Until,
    variable_in,
)
from wirecheck.catalog.source import Faults, Node
from wirecheck.catalog.structure import did_you_mean

_VERBS: Final[Mapping[str, frozenset[str]]] = {
    "connect": frozenset({"auth", "way", "params"}),
    "send": frozenset({"on", "with"}),
    "malformed": frozenset({"on", "of", "with"}),
    "until": frozenset({"on", "or", "where", "keep", "within", "optional", "promised", "code"}),
    "drop": frozenset(),
    "settle": frozenset(),
    "trigger": frozenset(),
    "shows": frozenset({"on"}),
    "plays": frozenset(),
}
"""Each step is one of these, with these further members."""
_SPOILS_A_FRAME: Final = frozenset({"no-tag", "wrong-envelope", "missing-field", "wrong-type", "binary"})
_HISTORY, _HOLD = "history", "hold"


@dataclass(slots=True)
class Reading:
    """One scenario while it is read: what was opened and what is known up to the step at hand."""

    dialect: Dialect
    faults: Faults
    opened: dict[str, None] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    current: str = ""

    def scenario(self, name: str, node: Node) -> Scenario:
        plain = node.plain()
        self.known.update(self.dialect.variables)
        taken_over = node.where.file != self.dialect.file
        exercises = []
        for item in node.map["exercises"].items if "exercises" in node.map else ():
            claim = self.dialect.guarantees.get(str(item.value))
            if claim is None and taken_over:
                continue
            if claim is None or claim.rule.side != "server":
                self._no_claim(item)
            exercises.append(str(item.value))
        steps = tuple(step for child in node.map["steps"].items if (step := self._step(child)) is not None)
        if steps and not isinstance(steps[0], Connect):
            self.faults.add(node.map["steps"].where, "the first step is to `connect`; begin with {connect: a}")
        order = list(self.dialect.guarantees)
        return Scenario(
            name=name,
            says=plain["says"],
            source=plain.get("source", self.dialect.source),
            exercises=tuple(sorted(set(exercises) & set(order), key=order.index)),
            steps=steps,
            attempts=plain.get("attempts", 1),
        )

    def _step(self, node: Node) -> Step | None:
        verbs = [verb for verb in _VERBS if verb in node.map]
        if len(verbs) != 1:
            listed = ", ".join(f"`{verb}`" for verb in _VERBS)
            self.faults.add(node.where, f"a step is exactly one of {listed}; this one is {len(verbs)} of them")
            return None
        (verb,) = verbs
        if verb == "connect":
            self.current = str(node.map[verb].value)
            self.opened[self.current] = None
        for member in node.map:
            if member != verb and member not in _VERBS[verb]:
                fits = sorted(_VERBS[verb])
                advice = f"it may have {', '.join(f'`{one}`' for one in fits)}" if fits else "it has no others"
                self.faults.add(node.key(member), f"a step `{verb}` has no member `{member}`; {advice}")
                return None
        build: Any = getattr(self, f"_{verb}")
        step: Step | None = build(node)
        return step

    def _connect(self, node: Node) -> Step:
        plain = node.plain()
        self._one_of(node.map.get("auth"), get_args(Credential))
        params = self.dialect.connect.params
        for name in plain.get("params", {}):
            if name not in params:
                where = node.map["params"].key(name)
                self.faults.add(where, f"`connect: params` has no `{name}`; {did_you_mean(name, params)}")
        self._variables(node.map.get("params"))
        ways = [next(iter(form)) for form in self.dialect.connect.auth]
        way = plain.get("way")
        if way is not None and way not in ways:
            self.faults.add(node.map["way"].where, f"`connect: auth` has no `{way}`; {did_you_mean(way, ways)}")
        return Connect(conn=self.current, auth=plain.get("auth", "good"), way=way, params=dict(plain.get("params", {})))

    def _send(self, node: Node) -> Step:
        self._frame(node.map["send"], "client")
        values = self._values(node, str(node.map["send"].value))
        return Send(conn=self._on(node), frame=str(node.map["send"].value), values=values)

    def _malformed(self, node: Node) -> Step:
        kind, of = node.map["malformed"].plain(), node.map.get("of")
        self._one_of(node.map["malformed"], get_args(Malformation))
        if of is not None:
            self._frame(of, "client")
        elif kind in _SPOILS_A_FRAME:
            self.faults.add(node.where, f"`{kind}` spoils a frame of the client's; name it with `of`")
        values = self._values(node, str(of.value)) if of is not None else {}
        return Malform(conn=self._on(node), kind=kind, frame=None if of is None else str(of.value), values=values)

    def _until(self, node: Node) -> Step:
        plain = node.plain()
        frames = [self._awaited(item) for item in node.map["until"].items or [node.map["until"]]]
        others = node.map.get("or")
        alternatives = [self._awaited(item) for item in others.items or [others]] if others is not None else []
        self._variables(node.map.get("where"))
        for member in ("where", "keep"):
            for name, child in node.map[member].map.items() if member in node.map else ():
                path = name if member == "where" else str(child.value)
                if not any(self._carries(frame, path) for frame in frames):
                    where = node.map[member].key(name)
                    self.faults.add(where, f"no frame that this step waits for has a field {path}; mend the pointer")
        self.known.update(plain.get("keep", {}))
        if (promised := node.map.get("promised")) is not None and promised.value not in self.dialect.guarantees:
            self._no_claim(promised)
        if "code" in plain and CLOSE not in frames:
            self.faults.add(node.key("code"), "only a step that waits for `close` can ask for a code")
        return Until(
            conn=self._on(node),
            frames=tuple(frames),
            alternatives=tuple(alternatives),
            where=dict(plain.get("where", {})),
            keep=plain.get("keep", {}),
            within=plain.get("within"),
            optional=plain.get("optional", False),
            promised=plain.get("promised"),
            code=plain.get("code"),
        )

    def _drop(self, node: Node) -> Step:
        return Drop(conn=self._conn(node.map["drop"]))

    def _settle(self, node: Node) -> Step:
        return Settle(conn=self._conn(node.map["settle"]))

    def _trigger(self, node: Node) -> Step:
        return Trigger(says=str(node.map["trigger"].value))

    def _shows(self, node: Node) -> Step:
        claim = self.dialect.guarantees.get(str(node.map["shows"].value))
        if claim is None or claim.rule.shape != "scenario":
            self._no_claim(node.map["shows"], shape="scenario")
        return Show(conn=self._on(node), guarantee=str(node.map["shows"].value))

    def _plays(self, node: Node) -> Step:
        return Plays(cues=tuple(cue for item in node.map["plays"].items for cue in self._cues(item)))

    def _cues(self, node: Node) -> Iterator[Cue]:
        if not node.map:
            self._frame(node, "server")
            yield Emit(frame=str(node.value))
            return
        ((name, child),) = node.map.items()
        if name == _HISTORY:
            self._conn(child)
            yield History()
        elif name == _HOLD:
            if child.value not in ("send", "drop"):
                self.faults.add(child.where, "the server holds until the client's next `send`, or until its `drop`")
            yield Hold(event="drop" if child.value == "drop" else "send")
        elif name == CLOSE:
            if not (isinstance(child.value, int) and 1000 <= child.value <= 4999):
                self.faults.add(child.where, "a close code is a number from 1000 to 4999")
            yield Hangup(code=child.value if isinstance(child.value, int) else 1000)
        else:
            self._frame(Node(where=node.key(name), value=name), "server")
            for item in child.items or [child]:
                if item.value is not None and not isinstance(item.value, dict):
                    self.faults.add(
                        item.where, f"the fields of `{name}` are a mapping; write {{{name}: {{field: value}}}}"
                    )
                    continue
                self._fields(item, name)
                yield Emit(frame=name, values=item.plain() or {})

    def _values(self, node: Node, frame: str) -> Mapping[str, Any]:
        given = node.map.get("with")
        if given is None:
            return {}
        self._fields(given, frame)
        self._variables(given)
        return dict(given.plain())

    def _fields(self, node: Node, frame: str) -> None:
        """Every field given to a frame is one that the document knows, or at least the envelope does."""
        form = self.dialect.frames.get(frame)
        if form is None or form.payload is None:
            return
        header = {f"@{one.name}" for one in self.dialect.envelope.header.get(form.sender, ())}
        schemas = [form.payload, *(case.payload for case in form.cases)]
        for name in node.map:
            if name not in header and not any(documented(schema, (name,)) is not None for schema in schemas):
                known = {*header, *(one for schema in schemas for one in (schema or {}).get("properties", ()))}
                self.faults.add(node.key(name), f"`{frame}` has no field `{name}`; {did_you_mean(name, known)}")

    def _awaited(self, node: Node) -> str:
        if node.value != CLOSE:
            self._frame(node, "server")
        return str(node.value)

    def _one_of(self, node: Node | None, words: Sequence[str]) -> None:
        """The word that stands for `$each`, or `$each` itself where there is no such list, is none that was checked."""
        if node is not None and node.value not in words:
            self.faults.add(node.where, f"there is no `{node.value}` here; {did_you_mean(str(node.value), words)}")

    def _frame(self, node: Node, sender: Sender) -> None:
        form = self.dialect.frames.get(str(node.value))
        if form is None or form.sender != sender:
            known = [key for key, one in self.dialect.frames.items() if one.sender == sender]
            self.faults.add(
                node.where, f"`{node.value}` is no frame of the {sender}; {did_you_mean(str(node.value), known)}"
            )

    def _carries(self, frame: str, path: str) -> bool:
        form = self.dialect.frames.get(frame)
        if form is None or form.payload is None:
            return True
        return any(
            documented(schema, pointer(path)) is not None for schema in (form.payload, *(c.payload for c in form.cases))
        )

    def _on(self, node: Node) -> str:
        if "on" in node.map:
            self.current = self._conn(node.map["on"])
        return self.current

    def _conn(self, node: Node) -> str:
        name = str(node.value)
        if name not in self.opened:
            self.faults.add(node.where, f"no connection is called `{name}` yet; {did_you_mean(name, self.opened)}")
        return name

    def _variables(self, node: Node | None) -> None:
        """Every `$name` in the values was set by the user or kept from a frame."""
        if node is None:
            return
        for child in (*node.map.values(), *node.items):
            self._variables(child)
        name = variable_in(node.value)
        if name is not None and name not in self.known:
            self.faults.add(
                node.where, f"nothing is known as `${name}` here; keep it from a frame, or add it to `variables`"
            )

    def _no_claim(self, node: Node, shape: str | None = None) -> None:
        known = [
            name
            for name, claim in self.dialect.guarantees.items()
            if claim.rule.side == "server" and shape in (None, claim.rule.shape)
        ]
        what = "guarantee of the server's" if shape is None else "guarantee that only a scenario can show"
        self.faults.add(node.where, f"`{node.value}` is no {what} here; {did_you_mean(str(node.value), known)}")
