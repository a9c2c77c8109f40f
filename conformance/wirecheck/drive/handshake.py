"""How a connection is asked for: its URL, headers and subprotocols, the credential among them.

Law: a pure function of the target, of a step and of the variables. What is not documented is not sent, but for what
the user gave; and what the user gave as a credential goes with good ones alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from wirecheck.catalog import Dialect, Param
from wirecheck.catalog.script import Connect, variable_in
from wirecheck.drive.target import SCHEMES, Target
from wirecheck.errors import UsageError
from wirecheck.record import At, Credential, Opened
from wirecheck.redact import secrets_of
from wirecheck.scenario.values import filled

NOT_A_CREDENTIAL: Final = "wirecheck-not-a-credential"
"""What is sent where a scenario wants a credential that no server accepts."""
TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header's name, and a subprotocol, consist of (RFC 9110, 5.6.2)."""
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_NOWHERE: Final = At(line=0, conn="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What is sent to open a connection. `auth` says what its credential is worth."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    subprotocols: tuple[str, ...] = field(repr=False)
    auth: Credential


def handshake(target: Target, step: Connect, variables: Mapping[str, Any]) -> Handshake:
    """The handshake of a step. Raises `UsageError` for a URL, a parameter or a credential that cannot be sent so."""
    dialect = target.dialect
    own = step.auth == "good" and not _replaces(target, step)
    headers = {name: value for name, value in target.headers.items() if own or not _is_credential(dialect, name, value)}
    protocols = [one for one in target.subprotocols if own or not _is_protocol_credential(dialect, one)]
    credential = _credential(target, step, variables)
    for name, value in credential.get("header", {}).items():
        headers = {key: text for key, text in headers.items() if key.lower() != name.lower()} | {name: value}
    if "cookie" in credential:
        headers["Cookie"] = credential["cookie"]
    if "subprotocol" in credential:
        protocols.append(credential["subprotocol"])
    if not all(map(TOKEN.fullmatch, protocols)):
        raise UsageError(
            "a subprotocol can carry letters, digits and !#$%&'*+-.^_`|~ alone, and the one to ask for has others; "
            f"give another credential, or put it into the URL's query or a header ({target.prefix}header)"
        )
    for name, value in headers.items():
        if not _VALUE.fullmatch(value):
            raise UsageError(
                f"the header {name} can carry one line of Latin-1 alone, and is given others; give another"
            )
    url = _url(target, step, variables, credential.get("query", {}), own=own)
    return Handshake(url=url, headers=headers, subprotocols=tuple(protocols), auth=step.auth)


def lacking(target: Target, step: Connect) -> str:
    """The variable without which the step cannot show a good credential in its way; empty if nothing lacks.

    Who gave no credential at all talks to a server that knows the references of the catalog.
    """
    if step.auth != "good" or step.way is None:
        return ""
    given = target.given_secrets()
    if not given and not target.has_own_credentials():
        return ""
    needed = _needed(_form(target.dialect, step.way))
    return next((name for name in needed if name not in given), "")


def _replaces(target: Target, step: Connect) -> bool:
    """Whether the step's own credential stands in for what the user's URL and headers carry."""
    return step.way is not None or bool(target.given_secrets())


def _credential(target: Target, step: Connect, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The credential as the document shows it: at most one of `subprotocol`, `query`, `cookie`, `header`."""
    ways = target.dialect.connect.auth
    if step.auth == "missing" or not ways:
        return {}
    if step.auth == "good" and not _replaces(target, step) and target.has_own_credentials():
        return {}
    form = _form(target.dialect, step.way) if step.way is not None else _usual(target)
    if step.auth == "bad":
        cookie = f"session={NOT_A_CREDENTIAL}"
        worthless = cookie if "cookie" in form else NOT_A_CREDENTIAL
        return dict(_filled_in(form, dict.fromkeys(_needed(form), worthless)))
    return dict(_filled_in(form, {name: str(filled(f"${name}", variables)) for name in _needed(form)}))


def _usual(target: Target) -> Mapping[str, Any]:
    """The first documented way whose secret the user gave, else the first."""
    ways, given = target.dialect.connect.auth, target.given_secrets()
    return next((form for form in ways if set(_needed(form)) <= given), ways[0])


def _form(dialect: Dialect, way: str) -> Mapping[str, Any]:
    found = next((form for form in dialect.connect.auth if way in form), None)
    if found is None:
        raise UsageError(f"{dialect.name} documents no authentication by {way}; leave `way` out")
    return found


def _needed(form: Any) -> list[str]:
    """The variables that an authentication form names, in order."""
    if isinstance(form, Mapping):
        return [name for value in form.values() for name in _needed(value)]
    return _PLACE.findall(form) if isinstance(form, str) else []


def _filled_in(form: Any, values: Mapping[str, str]) -> Any:
    if isinstance(form, Mapping):
        return {name: _filled_in(value, values) for name, value in form.items()}
    return _PLACE.sub(lambda match: values[match[1]], form)


def _is_credential(dialect: Dialect, name: str, value: str) -> bool:
    return bool(secrets_of(Opened(at=_NOWHERE, headers={name: value}), dialect))


def _is_protocol_credential(dialect: Dialect, value: str) -> bool:
    return bool(secrets_of(Opened(at=_NOWHERE, subprotocols=(value,)), dialect))


def _url(
    target: Target, step: Connect, variables: Mapping[str, Any], credential: Mapping[str, str], *, own: bool
) -> str:
    parts = urlsplit(target.url)
    scheme = SCHEMES[parts.scheme.lower()]
    connect = target.dialect.connect
    params = {name: filled(value, variables) for name, value in step.params.items()}
    path = _open_path(target, step, parts.path) if parts.path not in ("", "/") else connect.path or "/"
    path = _path(target, path, params, variables)
    query = {
        name: value for name, value in params.items() if name in connect.params and not _in_path(connect.params[name])
    }
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in query
        and name not in credential
        and (own or not _is_query_credential(target.dialect, name, value))
    ]
    asked = [*kept, *((name, _written(value)) for name, value in query.items()), *credential.items()]
    authority = parts.netloc if own else parts.netloc.rpartition("@")[2]
    return urlunsplit((scheme, authority, path, urlencode(asked), ""))


def _in_path(param: Param) -> bool:
    return param.place == "path"


def _is_query_credential(dialect: Dialect, name: str, value: str) -> bool:
    return bool(secrets_of(Opened(at=_NOWHERE, url=f"ws://host/?{urlencode({name: value})}"), dialect))


def _open_path(target: Target, step: Connect, path: str) -> str:
    """The user's path, with those of its values left open that the step is to fill in.

    The value of a parameter stands as the user wrote it, unless the variable that the step wants there is the user's
    as well, or the value is one of the catalog's references: then this is the URL of a reference server.
    """
    wanted = (target.dialect.connect.path or "/").strip("/").split("/")
    given = path.split("/")
    if len(given) <= len(wanted):
        return path
    references = {str(variable.reference) for variable in target.dialect.variables.values()}
    for index, part in enumerate(wanted, start=len(given) - len(wanted)):
        place = _PLACE.fullmatch(part)
        if place is None:
            if part != given[index]:
                return path
        elif variable_in(step.params.get(place[1])) in target.variables or unquote(given[index]) in references:
            given[index] = part
    return "/".join(given)


def _path(target: Target, path: str, params: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in params and name not in variables:
            raise UsageError(f"the path {path} needs a value for {{{name}}}; set it with {target.prefix}var {name}=…")
        return quote(_written(params.get(name, variables.get(name))), safe="")

    return _PLACE.sub(value, path)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
