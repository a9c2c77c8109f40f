"""The generated Python, run: it accepts what the schemas accept, keeps what it was not told of, and coerces nothing."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import small_catalogs
from wirecheck import load
from wirecheck.catalog import Dialect, load_file
from wirecheck.catalog.linear import accepting, matcher
from wirecheck.catalog.model import Envelope
from wirecheck.errors import CatalogError, UsageError
from wirecheck.sample.anything import anything
from wirecheck.sample.defects import DEFECTS, invalid
from wirecheck.sample.messages import message
from wirecheck.sample.source import Seeded
from wirecheck.sample.values import value as sampled
from wirecheck.schema import frame_schema, wire_style
from wirecheck.types import generate, module_of
from wirecheck.types.patterns import spelled, with_patterns
from wirecheck.types.rest import bare

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("python", "python-pydantic")
NO_TEXT = ("lone-surrogate", "too-deep")
"""Defects that a JSON Schema does not see."""
_numbers = count()


@contextmanager
def running(dialect: Dialect, language: str, envelope: Envelope = "wire") -> Iterator[ModuleType]:
    """The generated package, imported under a name of its own."""
    name = f"generated_{next(_numbers)}"
    with tempfile.TemporaryDirectory() as folder:
        for path, text in generate(dialect, language, envelope=envelope, package=name).items():
            (Path(folder) / path).parent.mkdir(exist_ok=True)
            (Path(folder) / path).write_text(text, encoding="utf-8")
        init = Path(folder) / name / "__init__.py"
        spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(init.parent)])
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
            yield module
        finally:
            for known in [known for known in sys.modules if known.split(".")[0] == name]:
                del sys.modules[known]


def written(text: str) -> Dialect:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return load_file(path)


@pytest.fixture(scope="module", params=LANGUAGES)
def vonz(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    with running(load("vonz"), request.param) as module:
        yield module


SMALL = """
dialect: small
envelope: {style: flat, tag: type, data: data}
frames:
  count:
    from: server
    payload:
      n: integer
      "x?": number
      "text?": string
      "note?": {type: [string, "null"]}
      "any?": any
      "flag?": boolean
      "(others)?": string
      "extra?": string
      "inside?": {"deep?": string}
      "list?": [{"one?": string}]
      "low?": {type: integer, minimum: 3}
  other: {from: server, payload: {at: {type: [string, "null"]}, needed: any}}
"""


@pytest.fixture(scope="module", params=LANGUAGES)
def small(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    with running(written(SMALL), request.param) as module:
        yield module


def ask(types: ModuleType, sender: str, text: str, *, strict: bool = True) -> str | None:
    """The text that comes back; None for a message that is refused."""
    try:
        frame = getattr(types, f"decode_{sender}_frame")(text, strict=strict)
    except types.DecodeError:
        return None
    if strict:
        getattr(types, f"validate_{sender}_frame")(frame)
    return str(types.encode_frame(frame))


def excepted(value: Any) -> bool:
    """Whether a value holds what a language may refuse: an integer written as a fraction, or one beyond 64 bits."""
    if isinstance(value, dict | list):
        return any(map(excepted, value.values() if isinstance(value, dict) else value))
    if isinstance(value, float):
        return not math.isfinite(value) or value.is_integer()
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def texts(dialect: Dialect, seed: int) -> Iterator[tuple[str, str, bool, Any]]:
    """Sender, text, whether it is valid, and the message: valid messages of each frame and some with one defect."""
    union = {one.sender: one for one in module_of(dialect).unions}
    for form in dialect.frames.values():
        style = wire_style(dialect, form)
        fits = accepting(frame_schema(dialect, form, style, embed=True))
        made = []
        with suppress(UsageError):  # nothing is valid
            made.append(json.dumps(message(dialect, form, style, Seeded(seed))))
        for defect in DEFECTS[seed % 9 :: 9]:
            if defect.huge or defect.name in NO_TEXT:
                continue
            with suppress(UsageError):  # it cannot have the defect
                faulty = invalid(dialect, form, style, defect.name, Seeded(seed))
                made += [faulty.body] if isinstance(faulty.body, str) and not faulty.binary else []
        for text in made:
            try:
                found = json.loads(text, parse_constant=lambda word: [][1])
            except (ValueError, IndexError):
                yield form.sender, text, False, None
                continue
            tag = found.get(dialect.envelope.tag) if isinstance(found, dict) else 0
            if tag != form.tag and (union[form.sender].tagged or form.tag is not None):
                continue  # another frame's, or none
            yield form.sender, text, fits(found), found


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6))
def test_strict_decoding_accepts_what_the_schemas_accept(seed: int) -> None:
    try:
        dialect = written(small_catalogs.catalog(Seeded(seed)))
    except CatalogError:
        return
    for language in LANGUAGES:
        with running(dialect, language) as types:
            for sender, text, valid, found in texts(dialect, seed):
                if not excepted(found):
                    back = ask(types, sender, text)
                    assert (back is not None) == valid, text
                    assert back is None or json.loads(back) == found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("envelope", ["flat", "nested"])
@pytest.mark.parametrize("name", ["amigo", "symindx", "vonz"])
def test_the_vectors_of_the_fixtures(name: str, envelope: Envelope, language: str) -> None:
    vectors = json.loads((ROOT / "fixtures" / name / "frames.json").read_text(encoding="utf-8"))
    seen = set()
    with running(load(name), language, envelope) as types:
        for vector in (one for one in vectors if one["envelope"] == envelope and not excepted(one["message"])):
            back = ask(types, vector["from"], json.dumps(vector["message"]))
            assert (back is not None) == vector["valid"], vector
            assert back is None or json.loads(back) == vector["message"]
            seen.add(vector["valid"])
    assert seen == {True, False}


SAME = [
    {"type": "count", "n": 1},
    {"type": "count", "n": -(2**63), "x": 2**53 + 1, "text": "\u00e9\U0001f642\u0000", "flag": False},
    {"type": "count", "n": 1, "note": None, "any": None},
    {"type": "count", "n": 1, "any": [{"type": None}], "inside": {"deep": "a", "more": {"deep": 1}}},
    {"type": "count", "n": 1, "(others)": "documented", "(others)+": 1, "extra": "e", "extra_": 2, "__proto__": {}},
    {"type": "count", "n": 1, "list": [{"one": "a", "two": [1.5]}, {"__class__": 1}], "model_fields": {}},
    {"type": "count", "n": 1, "big": 2**70, "inside": {"(others)": {}, "extra": None}},
    {"type": "other", "at": None, "needed": None},
    {"type": "nobody knows", "n": "1", "__proto__": None},
]


@pytest.mark.parametrize("message", SAME, ids=json.dumps)
def test_whatever_is_decoded_is_encoded_again(small: ModuleType, message: Any) -> None:
    text = json.dumps(message)
    assert json.loads(str(ask(small, "server", text, strict=False))) == message
    assert json.loads(small.encode_frame(small.decode_server_frame(text.encode()))) == message


WRONG = [
    {"type": "count"},
    {"type": "count", "n": "1"},
    {"type": "count", "n": 1.5},
    {"type": "count", "n": True},
    {"type": "count", "n": None},
    {"type": "count", "n": 2**63},
    {"type": "count", "n": 1, "x": "1"},
    {"type": "count", "n": 1, "x": False},
    {"type": "count", "n": 1, "x": None},
    {"type": "count", "n": 1, "text": 1},
    {"type": "count", "n": 1, "text": None},
    {"type": "count", "n": 1, "flag": 1},
    {"type": "count", "n": 1, "inside": None},
    {"type": "count", "n": 1, "inside": []},
    {"type": "count", "n": 1, "inside": {"deep": 1}},
    {"type": "count", "n": 1, "list": {}},
    {"type": "count", "n": 1, "list": [{}, {"one": 1}]},
    {"type": "count", "n": 1, "(others)": 1},
    {"type": "other", "needed": 1},
    {"type": "other", "at": ""},
    {"type": 1},
    {"type": None},
    {},
    [],
    "count",
]


@pytest.mark.parametrize("message", WRONG, ids=json.dumps)
def test_nothing_is_coerced(small: ModuleType, message: Any) -> None:
    assert ask(small, "server", json.dumps(message), strict=False) is None


NO_JSON = ["", "{", '{"type":"count","n":1,}', '{"type":"count","n":NaN}', '\ufeff{"type":"count","n":1}', "[" * 10**5]
NO_JSON += ['{"type":"count","n":1,"any":' + "[" * 10**5 + "]" * 10**5 + "}", '{"type":"count","n":1,"x":1e400}']
NO_JSON += ['{"type":"count","n":1,"text":"\\ud800"}', '{"type":"count","n":1}{}', '{"type":"nobody","n":NaN}']


@pytest.mark.parametrize("text", NO_JSON, ids=lambda text: text[:40])
def test_what_is_no_json_is_an_error_and_never_a_crash(small: ModuleType, text: str) -> None:
    assert ask(small, "server", text, strict=False) is None
    with pytest.raises(small.DecodeError):
        small.decode_server_frame(b"\xff" + text.encode())


@pytest.mark.parametrize("text", ['{"type":"\ud800"}', '{"type":"count","n":1,"x":"\udc00"}'], ids=["tag", "member"])
def test_halves_of_surrogate_pairs_are_no_text_as_they_are(small: ModuleType, text: str) -> None:
    with pytest.raises(small.DecodeError):
        small.decode_server_frame(text)


def test_an_extra_member_has_no_documented_name(small: ModuleType) -> None:
    for wire in ("type", "n", "text"):
        frame = small.decode_server_frame('{"type":"count","n":1,"more":2}')
        extra = frame.extra if hasattr(frame, "__struct_fields__") else frame.model_extra
        extra[wire] = 3
        with pytest.raises(small.DecodeError, match=f"`{wire}` is documented"):
            small.encode_frame(frame)


def test_of_a_member_given_twice_the_last_is_taken(small: ModuleType) -> None:
    assert small.decode_server_frame('{"type":"count","n":"1","n":2}').n == 2


def test_errors_say_where(small: ModuleType) -> None:
    with pytest.raises(small.DecodeError, match=r"`\$\.list\[1\]\.one`"):
        small.decode_server_frame('{"type":"count","n":1,"list":[{},{"one":2}]}')
    with pytest.raises(small.DecodeError, match=r"at least 3 - at `\$\.low`"):
        small.decode_server_frame('{"type":"count","n":1,"low":2}', strict=True)


def test_bounds_are_for_strict_decoding_and_for_what_a_program_made(small: ModuleType) -> None:
    assert small.decode_server_frame('{"type":"count","n":1,"low":2}').low == 2
    small.validate_server_frame(small.CountFrame(n=1, low=3))
    with pytest.raises(small.DecodeError):
        small.validate_server_frame(small.CountFrame(n=1, low=2))
    frame = small.CountFrame(n=1)
    frame.n = "1"
    with pytest.raises(small.DecodeError):
        small.validate_server_frame(frame)
    frame.n = math.nan
    with pytest.raises(small.DecodeError):
        small.encode_frame(frame)


def test_absent_null_and_a_value_are_three_things(small: ModuleType) -> None:
    assert json.loads(small.encode_frame(small.CountFrame(n=1))) == {"type": "count", "n": 1}
    made = small.CountFrame(n=1, note=None, any=None)
    assert json.loads(small.encode_frame(made)) == {"type": "count", "n": 1, "note": None, "any": None}
    absent = small.decode_server_frame('{"type":"count","n":1}')
    null = small.decode_server_frame('{"type":"count","n":1,"note":null}')
    assert absent != null or absent.model_fields_set != null.model_fields_set


def test_an_unknown_tag_is_kept_or_refused(vonz: ModuleType) -> None:
    frame = vonz.decode_server_frame('{"type":"task:new","a":{"b":[1]}}')
    assert isinstance(frame, vonz.UnknownFrame) and frame.tag == "task:new"
    assert json.loads(vonz.encode_frame(frame)) == {"type": "task:new", "a": {"b": [1]}}
    vonz.validate_server_frame(frame)
    with pytest.raises(vonz.DecodeError, match="task:new"):
        vonz.decode_server_frame('{"type":"task:new"}', strict=True)
    with pytest.raises(vonz.DecodeError):
        vonz.decode_client_frame('{"type":"task:token","session_id":"","text":""}', strict=True)


def test_models_hold_frames() -> None:
    from pydantic import TypeAdapter

    with running(load("vonz"), "python-pydantic") as types:
        adapter: TypeAdapter[Any] = TypeAdapter(list[types.ServerFrame])  # type: ignore[name-defined]
        known, unknown = adapter.validate_python([{"type": "session.replay_end"}, {"type": "new"}])
        assert (type(known), type(unknown)) == (types.SessionReplayEndFrame, types.UnknownFrame)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_rests_are_judged_as_json_schema_has_it(small: ModuleType, seed: int) -> None:
    source = Seeded(seed)
    schema = bare(small_catalogs._schema(source, 3))
    check = importlib.import_module(f"{small.__name__}._rest").rest(json.dumps(with_patterns(schema, "python")))
    values = [anything(Seeded(seed + number), ()) for number in range(6)] + [True, 1, 1.0, 0.3, [1, 1.0], [1, True]]
    with suppress(UsageError):  # nothing is valid
        values += [sampled(schema, Seeded(number)) for number in range(3)]
    for value in values:
        if value is not None and "\\ud" in json.dumps(value) and not _is_text(value):
            continue
        try:
            check(value)
            accepted = True
        except small.DecodeError:
            accepted = False
        assert accepted == accepting({"allOf": [schema]})(value), value


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        return False
    return True


PATTERNS = (*small_catalogs.PATTERNS, r"\ba\B", r"[\D\Sx]", r"[^\Da]", "a++", "(?i)abC", "(?s)^.$", "(?m)^a$")
PATTERNS += (
    r"[]a^-]",
    r"\x41\u0042\-\/{0}",
    "]}",
    "(?i:b)a*?",
    "(?i)^[A-C-]+$",
    "(?i:[^b])b",
    r"^(?:ab){2,}$",
    r"[^\n]",
    r"\.",
    "^[^]a]$",
)
TEXTS = [
    "",
    "a",
    "abc",
    "A",
    "12-3",
    "\u0661\u0662-\u0663",
    "red",
    "red\n",
    "x@y",
    "\u00e9@\u00e9",
    "a\u00e9",
    "\u00e9a",
]
TEXTS += [
    "a b",
    "\n",
    "\r",
    "\u2028",
    "\U0001f642",
    "\ufeff",
    "\x85",
    "\xa0",
    "x\na",
    "]",
    "-",
    "AB-",
    "/",
    "]}",
    "aaa",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_find_what_the_linear_engine_finds(pattern: str) -> None:
    finds = matcher(pattern)
    assert finds is not None
    python = re.compile(spelled(pattern, "python"))
    assert [text for text in TEXTS if python.search(text)] == [text for text in TEXTS if finds(text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_is_the_same_each_time_and_as_ruff_has_it(language: str, tmp_path: Path) -> None:
    odd = load_file(ROOT / "tools" / "types" / "odd.yaml")
    files = generate(odd, language)
    assert files == generate(odd, language)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
        assert "wirecheck" not in re.sub(r"`wirecheck types`", "", text)
        assert path.endswith("py.typed") or text.startswith("# Generated by `wirecheck types`;")
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_long_names_and_numbered_ones_are_laid_out_as_ruff_does(language: str, tmp_path: Path) -> None:
    """Names at which a default, a call, an annotation or a union is what is broken, or that are ordered by a number."""
    kinds = ("string", "any", ["string"], {"x": "string"}, [{"x": "string"}], {"enum": ["a", None]})
    kinds += ({"type": ["array", "null"], "items": {"type": "object", "properties": {"x": {"type": "string"}}}},)
    frames: dict[str, Any] = {f"f{number}": {"from": "server"} for number in (1, 2, 10, 100)}
    for long in range(12, 40, 3):
        fields = {f"{first}{number}{'m' * long}?": kind for first in "aB" for number, kind in enumerate(kinds)}
        frames["f" * (long // 3)] = {"from": "server", "payload": fields}
    catalog = {"dialect": "long", "envelope": {"style": "flat", "tag": "type"}, "frames": frames}
    for path, text in generate(written(json.dumps(catalog)), language).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    for command in (["format", "--diff"], ["check"]):
        whole = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "."]
        done = subprocess.run(whole, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ['a"b', "a\\\\b", "a\nb", "\x1f"])
def test_a_name_that_msgspec_does_not_take_is_refused_and_pydantic_takes_it(name: str) -> None:
    """msgspec says so itself only when the package is imported."""
    payload = {"type": "object", "properties": {name: {"type": "integer"}}}
    envelope = {"style": "flat", "tag": "type"}
    text = json.dumps({"dialect": "odd", "envelope": envelope, "frames": {"a": {"from": "server", "payload": payload}}})
    with pytest.raises(UsageError, match="python-pydantic"):
        generate(written(text), "python")
    with running(written(text), "python-pydantic") as module:
        sent = json.dumps({"type": "a", name: 1})
        assert json.loads(module.encode_frame(module.decode_server_frame(sent))) == json.loads(sent)
        with pytest.raises(module.DecodeError):
            module.decode_server_frame(json.dumps({"type": "a", name: "1"}))


def test_names_are_python() -> None:
    init = generate(load_file(ROOT / "tools" / "types" / "odd.yaml"), "python")["odd/__init__.py"]
    for line in (
        'class_: str = field(name="class")',
        'a_b: Whole = field(name="a-b")',
        "new: list[list[",
        "def_: float",
    ):
        assert line in init, line
    assert len(re.findall(r"^class ", init, re.M)) == len(set(re.findall(r"^class (\w+)", init, re.M)))


def test_names_of_ours_are_not_theirs() -> None:
    """Objects whose types would be called as something that the code itself uses."""
    inside = {"type": "object", "properties": {"a": {"type": "string"}}}
    taken = {"unset": ["type"], "type": ["alias"], "before": ["validator"], "known": ["server frame"]}
    taken["\u65e5"] = ["open", "kinds", "whole", "field", "literal", "any", "maybe", "annotated", "extra", "struct"]
    frames: dict[str, Any] = {"known server": {"from": "server"}, "unknown": {"from": "server"}}
    for key, members in taken.items():
        properties = dict.fromkeys(members, inside)
        payload = {"type": "object", "properties": properties, "required": members}
        frames[key] = {"from": "server", "payload": payload}
    envelope = {"style": "flat", "tag": "class", "data": "data"}
    dialect = written(json.dumps({"dialect": "mine", "envelope": envelope, "frames": frames}))
    for language in LANGUAGES:
        with running(dialect, language) as types:
            for key, members in taken.items():
                right = {"class": key, **dict.fromkeys(members, {"a": "b", "more": 1})}
                assert json.loads(str(ask(types, "server", json.dumps(right)))) == right
                assert ask(types, "server", json.dumps(right | {members[-1]: {"a": 1}})) is None
            assert type(types.decode_server_frame('{"class":"known server"}')).__name__ != "KnownServerFrame"
