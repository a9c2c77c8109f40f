"""Scenarios: what the shipped ones cover, how they are taken over, what is a mistake in one, and that they play.

Law: a scenario's `exercises` were derived from the documents; here they are only compared with what a run shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from wirecheck.catalog import Dialect, dialects, load, load_file
from wirecheck.catalog.script import Connect, Emit, Malform, Plays, Scenario, Send, Show, Until, variable_in
from wirecheck.catalog.structure import catalog_schema
from wirecheck.drive import Limits, Target, play_in_thread
from wirecheck.errors import CatalogError
from wirecheck.serve import Served, serving

CATALOGS = Path(str(files("wirecheck.catalogs")))
MANUAL = (Path(__file__).parent.parent / "docs" / "catalog.md").read_text(encoding="utf-8")
DIALECTS = dialects()
EACH = [(name, scenario) for name in DIALECTS for scenario in load(name).scenarios]

every_dialect = pytest.mark.parametrize("name", DIALECTS)
every_scenario = pytest.mark.parametrize(("name", "scenario"), EACH)


def steps_of(dialect: Dialect, kind: type[Any]) -> Iterator[Any]:
    for scenario in dialect.scenarios.values():
        yield from (step for step in scenario.steps if isinstance(step, kind))


def played(scenario: Scenario) -> list[str]:
    """The frames that the server plays, in order."""
    return [
        cue.frame for step in scenario.steps if isinstance(step, Plays) for cue in step.cues if isinstance(cue, Emit)
    ]


def variables_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {name for item in value.values() for name in variables_in(item)}
    if isinstance(value, list):
        return {name for item in value for name in variables_in(item)}
    name = variable_in(value)
    return set() if name is None else {name}


# What the shipped scenarios cover.


@every_scenario
def test_every_scenario_says_what_it_is_and_what_it_exercises(name: str, scenario: str) -> None:
    one = load(name).scenarios[scenario]
    assert one.says.endswith(".")
    assert one.source
    assert one.exercises
    assert isinstance(one.steps[0], Connect)


@every_dialect
def test_every_guarantee_of_the_server_is_exercised_by_some_scenario(name: str) -> None:
    dialect = load(name)
    claimed = [claim.id for claim in dialect.guarantees.values() if claim.rule.side == "server"]
    exercised = {id for scenario in dialect.scenarios.values() for id in scenario.exercises}
    assert [id for id in claimed if id not in exercised] == []


@every_dialect
def test_what_only_a_scenario_can_show_is_shown_by_those_that_exercise_it(name: str) -> None:
    dialect = load(name)
    told = {id for id, claim in dialect.guarantees.items() if claim.rule.shape == "scenario"}
    for scenario in dialect.scenarios.values():
        shown = {step.guarantee for step in scenario.steps if isinstance(step, Show)}
        assert shown == told & set(scenario.exercises), scenario.name


@every_dialect
def test_every_frame_of_the_document_is_played_or_sent(name: str) -> None:
    dialect = load(name)
    seen = {step.frame for step in steps_of(dialect, Send)}
    seen |= {frame for scenario in dialect.scenarios.values() for frame in played(scenario)}
    answers = {key for key, form in dialect.frames.items() if form.sender == "client" and "answer.ping" in form.roles}
    assert sorted(set(dialect.frames) - seen - answers) == []


@every_dialect
def test_every_way_to_authenticate_is_tried_with_a_good_a_bad_and_no_credential(name: str) -> None:
    dialect = load(name)
    ways = {next(iter(form)) for form in dialect.connect.auth}
    tried = {(step.auth, step.way) for step in steps_of(dialect, Connect)}
    wanted = {(auth, way) for auth in ("good", "bad") for way in ways} | ({("missing", None)} if ways else set())
    assert sorted(wanted - tried, key=str) == []


@every_dialect
def test_every_malformation_that_the_protocol_allows_is_tried(name: str) -> None:
    dialect = load(name)
    tried = {step.kind for step in steps_of(dialect, Malform)}
    wanted = {"not-json", "not-object", "huge", "deep"}
    sent = [form for form in dialect.frames.values() if form.sender == "client"]
    if sent:
        wanted |= {"binary", "wrong-type", "missing-field"}
    if any(form.tag is not None for form in sent):
        wanted |= {"no-tag", "unknown-tag", "wrong-envelope"}
    assert sorted(wanted - tried) == []


@every_dialect
def test_a_server_that_lives_on_is_not_blamed_for_what_it_says_then(name: str) -> None:
    """Nor is one excused that takes no more connections: that it lives on is shown on the connection which it had."""
    for scenario in load(name).scenarios.values():
        spoilt = [index for index, step in enumerate(scenario.steps) if isinstance(step, Malform)]
        for step in scenario.steps[spoilt[0] :] if spoilt else ():
            assert not (isinstance(step, Until) and step.alternatives)
            assert not isinstance(step, Show) or step.conn == scenario.steps[spoilt[0]].conn


@every_dialect
def test_every_variable_is_used_and_secret_if_it_is_a_credential(name: str) -> None:
    dialect = load(name)
    credentials = set(re.findall(r"\{(\w+)\}", str(dialect.connect.auth)))
    used = set(credentials)
    for scenario in dialect.scenarios.values():
        for step in scenario.steps:
            if isinstance(step, Send | Malform):
                used |= variables_in(dict(step.values))
            elif isinstance(step, Connect):
                used |= variables_in(dict(step.params))
            elif isinstance(step, Until):
                used |= variables_in(dict(step.where))
    assert sorted(set(dialect.variables) - used) == []
    assert {one.name for one in dialect.variables.values() if one.secret} == credentials
    assert all(one.summary for one in dialect.variables.values())


@every_dialect
def test_a_wait_that_is_promised_is_promised_an_answer_to_what_was_asked(name: str) -> None:
    for step in steps_of(load(name), Until):
        if step.promised is not None:
            claim = load(name).guarantees[step.promised]
            assert claim.rule.shape == "pair"
            openers = {load(name).spans[kind].open for kind in claim.options["spans"] if kind in load(name).spans}
            assert all(role.startswith("ask.") for role in openers)


# One catalog on top of another.


def over(base: str, text: str, folder: Path) -> Dialect:
    path = folder / "mine.yaml"
    path.write_text(f"dialect: mine\nextends: {base}\n{text}", encoding="utf-8")
    return load_file(path)


def test_a_scenario_that_plays_a_dropped_frame_goes_with_it_and_all_others_stay(tmp_path: Path) -> None:
    base = load("vonz")
    mine = over("vonz", "drop: {frames: [turn.continuing], guarantees: [continuation-counts]}", tmp_path)
    gone = {name for name, one in base.scenarios.items() if "turn.continuing" in played(one)}
    assert gone == {"continuations"}
    assert set(base.scenarios) - set(mine.scenarios) == gone
    assert mine.variables == base.variables


def test_a_scenario_that_sends_or_awaits_a_dropped_frame_goes_too(tmp_path: Path) -> None:
    base = load("vonz")
    mine = over("vonz", "drop: {frames: [task.cancel]}", tmp_path)
    assert set(base.scenarios) - set(mine.scenarios) == {"cancel"}


def test_a_dropped_guarantee_is_exercised_no_more_and_what_only_shows_it_goes(tmp_path: Path) -> None:
    base = load("vonz")
    mine = over("vonz", "drop: {guarantees: [task-settled, malformed-input-survived]}", tmp_path)
    assert set(base.scenarios) - set(mine.scenarios) == {
        name for name, one in base.scenarios.items() if "malformed-input-survived" in one.exercises
    }
    for name, one in mine.scenarios.items():
        assert one.exercises == tuple(id for id in base.scenarios[name].exercises if id != "task-settled")


def test_a_renamed_frame_is_renamed_in_scenarios(tmp_path: Path) -> None:
    base = load("vonz")
    renames = {"task:token": "task:text", "session.start": "session.open", "turn.done": "turn.end"}
    listed = ", ".join(f'"{old}": "{new}"' for old, new in renames.items())
    mine = over("vonz", f"rename: {{frames: {{{listed}}}}}", tmp_path)
    assert list(mine.scenarios) == list(base.scenarios)
    for name, one in mine.scenarios.items():
        assert played(one) == [renames.get(frame, frame) for frame in played(base.scenarios[name])]
        for step, before in zip(one.steps, base.scenarios[name].steps, strict=True):
            if isinstance(step, Send | Malform) and isinstance(before, Send | Malform):
                assert step.frame == renames.get(before.frame or "", before.frame)
                assert step.values == before.values
            elif isinstance(step, Until) and isinstance(before, Until):
                assert step.frames == tuple(renames.get(frame, frame) for frame in before.frames)
                assert step.alternatives == tuple(renames.get(frame, frame) for frame in before.alternatives)


def test_a_scenario_of_the_same_name_takes_the_place_of_the_other_and_variables_are_added(tmp_path: Path) -> None:
    text = """\
variables:
  prompt: {reference: Hello}
  more: {reference: 7}
scenarios:
  plain-turn: {says: Nothing but a connection., steps: [{connect: z}]}
"""
    mine = over("vonz", text, tmp_path)
    assert list(mine.scenarios) == list(load("vonz").scenarios)
    assert [step.conn for step in mine.scenarios["plain-turn"].steps if isinstance(step, Connect)] == ["z"]
    assert (mine.variables["prompt"].reference, mine.variables["more"].reference) == ("Hello", 7)
    assert mine.variables["token"].secret


# Mistakes.

SOUND = """\
dialect: mine
envelope: {style: flat, tag: type, header: {client: {"id?": string}}}
connect:
  params: {room: {in: query, type: string}}
  auth: [{query: {token: "{token}"}}]
  closes: {4001: auth.refused}
names: {session: /session}
spans: {turn: {keys: [session]}}
frames:
  ask: {from: client, is: [turn.open, prompt], payload: {session: string, text: string}}
  word: {from: server, is: [text.delta], payload: {session: string, "more?": object}}
  done: {from: server, is: [turn.close], payload: {session: string}}
guarantees:
  text-inside-turn: {level: must}
  turn-closed-once: {level: must}
  next-prompt-waits: {level: may}
  malformed-input-survived: {level: may}
variables:
  token: {secret: true, reference: abc}
  text: {reference: Hello}
scenarios:
  first:
    says: Everything at once.
    exercises: [turn-closed-once]
    attempts: 2
    steps:
      - {connect: a, params: {room: $text}, auth: good, way: query}
      - {send: ask, with: {session: $$1, text: $text, "@id": x}}
      - plays: [word, {word: [{session: a}, {more: {x: 1}}]}, {hold: send}, done, {close: 4001}]
      - {until: [word, done], or: close, where: {/session: $text}, keep: {kept: /session}, within: 5, optional: true}
      - {malformed: binary, of: ask, with: {session: $kept}}
      - {trigger: Somebody says something.}
      - {drop: a}
      - {connect: b}
      - {until: close, code: 4001}
      - {settle: b}
      - {shows: malformed-input-survived}
  second:
    says: One of each.
    each: [bad, missing]
    steps:
      - {connect: a, auth: $each}
      - {until: close}
"""

MISTAKES = [
    ("send: ask", "send: aks", "aks", "`aks` is no frame of the client; did you mean `ask`?"),
    ("{drop: a}", "{send: word}", "word}\n", "`word` is no frame of the client; known are `ask`"),
    ("of: ask", "of: done", "done, with", "`done` is no frame of the client; known are `ask`"),
    ("until: [word, done]", "until: [wrd, done]", "wrd", "`wrd` is no frame of the server; did you mean `word`?"),
    ("until: [word, done]", "until: ask", "ask, or", "`ask` is no frame of the server; known are `done`, `word`"),
    ("or: close", "or: [close, ask]", "ask], where", "`ask` is no frame of the server; known are `done`, `word`"),
    ("plays: [word,", "plays: [ask,", "ask, {word", "`ask` is no frame of the server; known are `done`, `word`"),
    ("{word: [", "{wrod: [", "wrod", "`wrod` is no frame of the server; did you mean `word`?"),
    (
        "{word: [{session: a},",
        "{word: [a,",
        "a, {more",
        "the fields of `word` are a mapping; write {word: {field: value}}",
    ),
    ("{more: {", "{mroe: {", "mroe", "`word` has no field `mroe`; did you mean `more`?"),
    ("text: $text", "txt: $text", "txt", "`ask` has no field `txt`; did you mean `text`?"),
    ('"@id": x', '"@ip": x', '"@ip"', "`ask` has no field `@ip`; did you mean `@id`?"),
    (
        "{hold: send}",
        "{hold: on}",
        "on}, done",
        "the server holds until the client's next `send`, or until its `drop`",
    ),
    ("{close: 4001}", "{close: 401}", "401}]", "a close code is a number from 1000 to 4999"),
    (
        "text: $text",
        "text: $txt",
        "$txt",
        "nothing is known as `$txt` here; keep it from a frame, or add it to `variables`",
    ),
    (
        "room: $text",
        "room: $kept",
        "$kept}, auth",
        "nothing is known as `$kept` here; keep it from a frame, or add it to `variables`",
    ),
    (
        "/session: $text",
        "/session: $kept",
        "$kept}, keep",
        "nothing is known as `$kept` here; keep it from a frame, or add it to `variables`",
    ),
    (
        "where: {/session:",
        "where: {/sesion:",
        "/sesion:",
        "no frame that this step waits for has a field /sesion; mend the pointer",
    ),
    (
        "kept: /session",
        "kept: /more",
        None,
        "",
    ),
    (
        "kept: /session",
        "kept: /text",
        "kept: /text",
        "no frame that this step waits for has a field /text; mend the pointer",
    ),
    ("room: $text", "rom: $text", "rom:", "`connect: params` has no `rom`; did you mean `room`?"),
    ("way: query", "way: cookie", "cookie", "`connect: auth` has no `cookie`; known are `query`"),
    ("drop: a", "drop: c", "c}\n      - {connect", "no connection is called `c` yet; known are `a`"),
    ("send: ask", "on: b, send: ask", "b, send", "no connection is called `b` yet; known are `a`"),
    ("settle: b", "settle: bb", "bb}\n", "no connection is called `bb` yet; did you mean `b`?"),
    (
        "{trigger: Somebody says something.}",
        "{trigger: Now., drop: a}",
        "{trigger",
        "a step is exactly one of `connect`, `send`, `malformed`, `until`, `drop`, `settle`, `trigger`, `shows`, "
        "`plays`; this one is 2 of them",
    ),
    (
        "{settle: b}",
        "{within: 5}",
        "{within: 5}\n",
        "a step is exactly one of `connect`, `send`, `malformed`, `until`, `drop`, `settle`, `trigger`, `shows`, "
        "`plays`; this one is 0 of them",
    ),
    ("{drop: a}", "{drop: a, within: 5}", "within: 5}\n", "a step `drop` has no member `within`; it has no others"),
    (
        "{shows: ",
        "{or: done, shows: ",
        "or: done, shows",
        "a step `shows` has no member `or`; it may have `on`",
    ),
    ("settle: b", "setle: b", "setle", "item 10 of `steps` has no member `setle`; did you mean `settle`?"),
    (
        "exercises: [turn-closed-once]",
        "exercises: [turn-closed]",
        "turn-closed]",
        "`turn-closed` is no guarantee of the server's here; did you mean `turn-closed-once`?",
    ),
    (
        "exercises: [turn-closed-once]",
        "exercises: [next-prompt-waits]",
        "next-prompt-waits]",
        "`next-prompt-waits` is no guarantee of the server's here; known are `malformed-input-survived`, "
        "`text-inside-turn`, `turn-closed-once`",
    ),
    (
        "optional: true",
        "promised: turn-done",
        "turn-done",
        "`turn-done` is no guarantee of the server's here; did you mean `turn-closed-once`?",
    ),
    (
        "shows: malformed-input-survived",
        "shows: turn-closed-once",
        "turn-closed-once}\n  second",
        "`turn-closed-once` is no guarantee that only a scenario can show here; known are `malformed-input-survived`",
    ),
    (
        "of: ask, with: {session: $kept}}",
        "on: a}",
        "{malformed: binary",
        "`binary` spoils a frame of the client's; name it with `of`",
    ),
    (
        "{until: close, code: 4001}",
        "{until: done, code: 4001}",
        "code: 4001}\n",
        "only a step that waits for `close` can ask for a code",
    ),
    (
        "- {connect: a, auth: $each}",
        "- {until: done}",
        "- {until: done}",
        "the first step is to `connect`; begin with {connect: a}",
    ),
    (
        "each: [bad, missing]",
        "each: [bad, bad]",
        "says: One of each",
        "two scenarios are called `second-bad`; rename one",
    ),
    ("attempts: 2", "attempts: 0", "0\n    steps", "`attempts` is 0 and must be at least 1"),
    ("secret: true", "secret: perhaps", "perhaps", "`secret` is text and must be true or false"),
    ("text: {reference: Hello}", "text: {secret: false}", "text: {secret", "`text` lacks `reference`; add it"),
]
"""What is replaced, by what, where the mistake then stands (None: it is none), and what is said."""


def faults_of(text: str, folder: Path) -> list[str]:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_file(path)
    except CatalogError as error:
        return [str(fault).removeprefix(f"{path}:") for fault in error.faults]
    return []


def test_the_sound_one_is_sound(tmp_path: Path) -> None:
    assert faults_of(SOUND, tmp_path) == []
    mine = load_file(tmp_path / "mine.yaml")
    assert list(mine.scenarios) == ["first", "second-bad", "second-missing"]
    assert [step.auth for step in steps_of(mine, Connect)] == ["good", "good", "bad", "missing"]


@pytest.mark.parametrize(("old", "new", "finger", "said"), MISTAKES)
def test_a_mistake_is_one_sentence_with_its_place(
    old: str, new: str, finger: str | None, said: str, tmp_path: Path
) -> None:
    assert old in SOUND
    text = SOUND.replace(old, new, 1)
    if finger is None:
        assert faults_of(text, tmp_path) == []
        return
    before = text[: text.rindex(finger)]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    assert faults_of(text, tmp_path) == [f"{place}: {said}"]


def test_a_mistake_in_a_scenario_that_was_written_here_is_no_reason_for_it_to_go(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(SOUND, encoding="utf-8")
    text = "dialect: over\nextends: ./base.yaml\nscenarios:\n  own: {says: x, steps: [{connect: a}, {send: aks}]}\n"
    assert faults_of(text, tmp_path) == ["4:47: `aks` is no frame of the client; did you mean `ask`?"]


# The manual.


def shown(scenario: Scenario, target: Target) -> None:
    """The scenario plays to its end, nothing is found, and what holds is what it says, neither more nor less."""
    outcome = play_in_thread(scenario, target, Limits(patience=4), attempts=1)
    assert (outcome.ended, outcome.skipped) == ("", "")
    assert [str(group.first.message) for group in outcome.report.findings] == []
    held = tuple(result.id for result in outcome.report.guarantees if result.side == "server" and result.held)
    assert held == scenario.exercises


def parrot(folder: Path) -> Dialect:
    """The manual's small catalog, with the scenarios that it shows."""
    blocks = re.findall(r"```\w*\n(.*?)```", MANUAL, re.DOTALL)
    (small,) = [one for one in blocks if one.startswith("dialect: parrot")]
    (more,) = [one for one in blocks if one.startswith("variables:")]
    path = folder / "parrot.yaml"
    path.write_text(small + more, encoding="utf-8")
    return load_file(path)


def test_the_manuals_scenarios_play(tmp_path: Path) -> None:
    dialect = parrot(tmp_path)
    assert list(dialect.scenarios) == ["two-answers", "dropped-morning", "dropped-evening"]
    with serving(dialect) as served:
        for scenario in dialect.scenarios.values():
            shown(scenario, Target(url=served.base, dialect=dialect))


def test_the_manual_explains_every_word_of_a_script() -> None:
    parts = catalog_schema()["$defs"]
    known = [*parts["scenario"]["properties"], *parts["variable"]["properties"], *parts["step"]["properties"]]
    known += [word for word in parts["step"]["properties"]["malformed"]["enum"] if word != "$each"]
    assert [word for word in known if f"`{word}" not in MANUAL] == []


# On the wire.


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Served]]:
    """A reference server for each dialect, started when it is first asked for."""
    running: dict[str, Any] = {}

    class Servers(dict[str, Served]):
        def __missing__(self, name: str) -> Served:
            running[name] = serving(load(name))
            self[name] = running[name].__enter__()
            return self[name]

    yield Servers()
    for one in running.values():
        one.__exit__(None, None, None)


@every_scenario
def test_a_scenario_plays_to_its_end_and_shows_what_it_says(
    name: str, scenario: str, servers: dict[str, Served]
) -> None:
    dialect = load(name)
    shown(dialect.scenarios[scenario], Target(url=servers[name].base, dialect=dialect))
