"""The names under which pytest's users set things: `--wirecheck-url` and `wirecheck_url`, and so on.

Law: names and texts, no meaning. What was given on the command line comes before what a file says, and nothing here
knows which values are good. This module is read whenever pytest starts, so it imports nothing but pytest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytest

Kind = Literal["text", "path", "number", "count", "flag", "list", "names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option and the setting of the same name.

    A `path` that a file says is relative to that file. A `list` of the command line replaces one of a file; `names` are
    lists of `NAME=…`, and there each name of the command line replaces the same of a file.
    """

    name: str
    kind: Kind
    metavar: str
    says: str

    @property
    def flag(self) -> str:
        return f"--wirecheck-{self.name}"

    @property
    def setting(self) -> str:
        return f"wirecheck_{self.name.replace('-', '_')}"


_ROWS: Final[tuple[tuple[str, Kind, str, str], ...]] = (
    ("url", "text", "URL", "the server to test; without it the plugin does nothing"),
    ("dialect", "text", "NAME", "the protocol that it speaks, one of `wirecheck dialects`"),
    ("catalog", "path", "FILE", "a catalog file of your own, in place of a dialect's name"),
    ("scenario", "list", "NAME", "only this scenario; may be repeated"),
    ("rule", "list", "ID", "only this guarantee; may be repeated"),
    ("var", "names", "NAME=VALUE", "a variable of the scenarios, such as a prompt; may be repeated"),
    ("secret", "names", "NAME=env:VAR|file:PATH", "a secret variable, and where to read it; may be repeated"),
    ("header", "names", "NAME=VALUE|env:VAR|file:PATH", "a header of the handshake; may be repeated"),
    ("subprotocol", "list", "NAME|env:VAR|file:PATH", "a subprotocol to offer; may be repeated"),
    ("ca", "path", "FILE", "certificates to trust, in PEM"),
    ("cert", "path", "FILE", "a certificate of the client's own, in PEM"),
    ("key", "path", "FILE", "the key of that certificate, in PEM, without a password"),
    ("insecure", "flag", "", "accept any certificate"),
    ("proxy", "text", "URL", "the proxy to connect through, or none; otherwise what the environment says"),
    ("transport", "text", "NAME", "what carries the frames: websocket (the default) or socketio"),
    ("timeout", "number", "SECONDS", "how long to wait for a frame where the scenario does not say it"),
    ("patience", "number", "FACTOR", "multiplies every deadline"),
    ("attempts", "count", "N", "how often a scenario is played at most until it exercised what it is made for"),
    ("max-turns", "count", "N", "how many prompts the whole run may send; what is beyond is skipped"),
    ("wait", "number", "SECONDS", "how long to wait for the server to be there"),
    ("trigger", "text", "COMMAND", "run where a scenario says that something outside must happen now"),
    ("fuzz", "count", "N", "also send N messages that nobody thought of, in a test of its own (default: 0, none)"),
    ("fail-on", "text", "LEVEL", "the mildest level that fails: must (the default), should or may; or never"),
    ("require", "text", "LEVEL", "fail the run if nothing held in a guarantee this strict: must, should"),
    ("captures", "path", "DIR", "the folder for captures of scenarios that did not pass (default: in pytest's cache)"),
    ("keep-captures", "flag", "", "keep the captures of all scenarios"),
    ("report", "path", "FILE", "write the report of the session to this file, as JSON"),
    ("expected-failures", "path", "FILE", "failures to tolerate, one a line"),
)
OPTIONS: Final = tuple(Option(name=name, kind=kind, metavar=metavar, says=says) for name, kind, metavar, says in _ROWS)
"""Every option, in the order in which `--help` lists them."""
_INI_TYPES: Final = {"flag": "bool", "list": "linelist", "names": "linelist", "number": "float", "count": "int"}
_TYPED: Final = tuple(map(int, pytest.__version__.split(".")[:2])) >= (8, 4)
"""Whether pytest knows settings that are numbers; before, they are texts."""


def add_options(parser: pytest.Parser) -> None:
    """Register every option and the setting of the same name."""
    group = parser.getgroup("wirecheck", "wirecheck: promises of a live WebSocket server")
    for option in OPTIONS:
        if option.kind == "flag":
            group.addoption(option.flag, action="store_true", default=None, help=option.says)
        else:
            action = "append" if option.kind in ("list", "names") else "store"
            group.addoption(option.flag, action=action, metavar=option.metavar, default=None, help=option.says)
        kind = _INI_TYPES.get(option.kind)
        typed = kind if _TYPED or kind not in ("float", "int") else None
        parser.addini(option.setting, f"like {option.flag}", type=typed, default=None)  # type: ignore[arg-type]


def value(config: pytest.Config, name: str) -> Any:
    """What was given for an option: the command line's, else the file's; None (or an empty list) where nothing was.

    Texts stay texts. Raises `pytest.UsageError` where the file's value is of no fitting type.
    """
    option = next(one for one in OPTIONS if one.name == name)
    given = config.getoption(option.setting)
    try:
        written = config.getini(option.setting)
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"wirecheck: the setting {option.setting}: {error}; mend it") from None
    if option.kind in ("list", "names"):
        return _lists(option, list(given or ()), list(written or ()))
    if given is not None:
        return given if option.kind != "path" else str(config.invocation_params.dir / given)
    if written is None or written == "" or written == []:
        return None
    if option.kind != "path":
        return written
    beside = config.inipath.parent if config.inipath is not None else config.invocation_params.dir
    return str(Path(beside) / written)


def _lists(option: Option, given: list[str], written: list[str]) -> list[str]:
    if option.kind == "list":
        return given or written
    named = {_name(text) for text in given}
    return [*(text for text in written if _name(text) not in named), *given]


def _name(text: str) -> str:
    return text.partition("=")[0].lower()
