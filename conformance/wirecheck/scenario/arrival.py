"""What a client's handshake says: the parameters of its URL, and whether its credential is one that we know.

Law: the texts of a handshake in, values out. Nothing here knows a connection, and nothing that was presented is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from wirecheck.catalog import Dialect, Param
from wirecheck.catalog.script import Credential, Way

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_MOST_FIELDS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A client at the door.

    `params` are the documented parameters that its URL gives, as JSON values. `auth` is what its credential is worth
    (`good` where the dialect documents none), `way` how it came, None where there was none.
    """

    params: Mapping[str, Any]
    auth: Credential = "good"
    way: Way | None = None


def arrival(
    dialect: Dialect,
    target: str,
    *,
    headers: Iterable[tuple[str, str]] = (),
    protocols: Sequence[str] = (),
    variables: Mapping[str, Any],
) -> Arrival:
    """Read a handshake: `target` is the request's path and query, `protocols` are the subprotocols offered.

    A credential is good if it is, in one documented way, what `variables` says. A way that needs a variable which
    is not there cannot be checked and is passed over; where that leaves none, everybody is welcome.
    """
    query = _query(target)
    params = {
        **_path_params(dialect.connect.path or "", _path(target)),
        **{name: value for name, value in query.items() if _place(dialect, name) == "query"},
    }
    ways = [form for form in dialect.connect.auth if all(name in variables for name in _placeholders(form))]
    seen: Way | None = None
    for form in ways:
        way = cast(Way, next(iter(form)))
        for given, wanted in _presented(form, query, tuple(headers), protocols, variables):
            if given == wanted:
                return Arrival(params=_typed(dialect, params), auth="good", way=way)
            seen = seen or way
    auth: Credential = "bad" if seen else "missing" if ways else "good"
    return Arrival(params=_typed(dialect, params), auth=auth, way=seen)


def credential_protocol(dialect: Dialect, offered: Sequence[str]) -> str | None:
    """The first of the offered subprotocols that has the form of a documented credential."""
    templates = [form["subprotocol"] for form in dialect.connect.auth if "subprotocol" in form]
    return next((one for one in offered for template in templates if _pattern(template).fullmatch(one)), None)


def _place(dialect: Dialect, name: str) -> str | None:
    param = dialect.connect.params.get(name)
    return param.place if param is not None else None


def _path(target: str) -> str:
    try:
        return urlsplit(target).path
    except ValueError:
        return target.partition("?")[0]


def _query(target: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(target.partition("?")[2], keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _path_params(template: str, path: str) -> dict[str, str]:
    """The values of the template's `{name}` parts. The server may live below a prefix: the path's end must fit."""
    wanted = template.strip("/").split("/")
    given = path.strip("/").split("/")[-len(wanted) :]
    if len(given) != len(wanted):
        return {}
    found = {}
    for part, value in zip(wanted, given, strict=True):
        named = _PLACEHOLDER.fullmatch(part)
        if named:
            found[named[1]] = unquote(value)
        elif part != value:
            return {}
    return found


def _typed(dialect: Dialect, params: Mapping[str, str]) -> dict[str, Any]:
    return {name: _value(dialect.connect.params.get(name), text) for name, text in params.items()}


def _value(param: Param | None, text: str) -> Any:
    """A parameter's text as the JSON type that is documented; as it stands where it is no such value."""
    if param is not None and param.type == "boolean" and text in ("true", "false"):
        return text == "true"
    if param is not None and param.type == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if param is not None and param.type == "number" and re.fullmatch(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?", text):
        return float(text)
    return text


def _placeholders(form: Mapping[str, Any]) -> Iterator[str]:
    (value,) = form.values()
    for template in value.values() if isinstance(value, Mapping) else (value,):
        yield from _PLACEHOLDER.findall(template)


def _presented(
    form: Mapping[str, Any],
    query: Mapping[str, str],
    headers: Sequence[tuple[str, str]],
    protocols: Sequence[str],
    variables: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:
    """What the client presented in this way, each with what it ought to be."""
    ((way, value),) = form.items()
    if way == "subprotocol":
        wanted = _filled(value, variables)
        yield from ((one, wanted) for one in protocols if _pattern(value).fullmatch(one))
    elif way == "query":
        yield from ((query[name], _filled(text, variables)) for name, text in value.items() if name in query)
    elif way == "header":
        for name, text in value.items():
            yield from ((given, _filled(text, variables)) for key, given in headers if key.lower() == name.lower())
    else:
        wanted = _filled(value, variables)
        name = wanted.partition("=")[0].strip()
        for key, given in headers:
            crumbs = given.split(";") if key.lower() == "cookie" else ()
            yield from ((crumb.strip(), wanted) for crumb in crumbs if crumb.partition("=")[0].strip() == name)


def _filled(template: str, variables: Mapping[str, Any]) -> str:
    return _PLACEHOLDER.sub(lambda found: str(variables[found[1]]), template)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in _PLACEHOLDER.split(template)[::2]), re.DOTALL)
