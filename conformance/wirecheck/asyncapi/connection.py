"""How a client connects: servers, the one channel, what its handshake carries, and how a client proves who it is.

Law: what the document does not name is a variable, both protocols, or an address of `null` (which AsyncAPI reads as
unknown), and never a guess. Places for secrets are described, and nothing is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wirecheck.asyncapi.places import fit, message_name, to_component
from wirecheck.asyncapi.schemas import sayable
from wirecheck.catalog.model import SENDERS, Connect, Dialect, Param

BINDING = "0.1.0"
"""Of AsyncAPI's binding for WebSockets."""
PROTOCOLS = ("ws", "wss")

_PLACE = re.compile(r"\{([^{}]*)\}")
_SUBPROTOCOL = "Sec-WebSocket-Protocol"


def servers(dialect: Dialect) -> dict[str, Any]:
    """The server that the document names, under its protocol; where it names none, one for either protocol."""
    connect = dialect.connect
    if connect.url is not None:
        parts = urlsplit(connect.url)
        host = parts.netloc.rpartition("@")[2]
        if connect.port is not None and not re.search(r":\d+$", host):
            host += f":{connect.port}"
        return {parts.scheme: _server(dialect, parts.scheme, host, "As the document names it.")}
    host = "{host}" if connect.port is None else f"{{host}}:{connect.port}"
    about = "The document names no host, and does not say whether it is reached by `ws` or by `wss`."
    return {protocol: _server(dialect, protocol, host, about) for protocol in PROTOCOLS}


def _server(dialect: Dialect, protocol: str, host: str, about: str) -> dict[str, Any]:
    fitting = fit(dict.fromkeys(_PLACE.findall(host)))
    variables = {
        fitting[name]: {"default": "localhost", "description": "A place for the host of whoever runs the server."}
        if name == "host"
        else {"description": "A part of the host that the document leaves to whoever runs the server."}
        for name in fitting
    }
    found = {
        "host": _renamed(host, fitting),
        "protocol": protocol,
        "description": about,
        "variables": variables,
        "security": [to_component("securitySchemes", name) for name in schemes(dialect)],
    }
    return {member: held for member, held in found.items() if held}


def channel(dialect: Dialect) -> dict[str, Any]:
    """The connection, with every message of both sides. Its address is `null` where the document names no path."""
    connect = dialect.connect
    address, _, asked = (connect.path or "").partition("#")[0].partition("?")
    fitting = fit(dict.fromkeys(_PLACE.findall(address)))
    found = {
        "title": dialect.title or dialect.name,
        "description": _about(dialect),
        "parameters": {fitting[name]: _parameter(connect.params.get(name)) for name in fitting},
        "messages": {
            message_name(frame): to_component("messages", message_name(frame)) for frame in dialect.frames.values()
        },
        "bindings": {"ws": _binding(connect, asked)},
        "x-wirecheck-closes": {str(code): meaning for code, meaning in sorted(connect.closes.items())},
    }
    return {"address": _renamed(address, fitting) or None} | {member: held for member, held in found.items() if held}


def _renamed(template: str, names: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: f"{{{names[match[1]]}}}", template)


def schemes(dialect: Dialect) -> dict[str, Any]:
    """The ways to authenticate, by name; any one of them will do."""
    found: dict[str, Any] = {}
    for form in dialect.connect.auth:
        ((way, template),) = form.items()
        number = sum(name.partition("_")[0] == way for name in found) + 1
        found[way if number == 1 else f"{way}_{number}"] = _scheme(dialect, way, template)
    return found


def _scheme(dialect: Dialect, way: str, template: Any) -> dict[str, Any]:
    """A way to authenticate. AsyncAPI has no word for subprotocols, which travel in a header."""
    if way == "subprotocol":
        told = f"The client asks for the subprotocol `{template}`."
        return _key("header", _SUBPROTOCOL, _described(dialect, told, template))
    if way == "cookie":
        name, named, _ = template.partition("=")
        if named and not _PLACE.search(name):
            told = f"The client sends the cookie `{template}`."
            return _key("cookie", name, _described(dialect, told, template))
        told = f"The client sends `Cookie: {template}`; how the cookie is called the document does not say."
        return _key("header", "Cookie", _described(dialect, told, template))
    (name, value), *others = template.items()
    if way == "query":
        told = f"The client adds `{'&'.join(f'{one}={held}' for one, held in template.items())}` to the query."
        return _key("query", name, _described(dialect, told, *template.values()))
    told = f"The client sends {' and '.join(f'`{one}: {held}`' for one, held in template.items())}."
    about = _described(dialect, told, *template.values())
    scheme, _, rest = value.partition(" ")
    if not others and name.lower() == "authorization" and scheme.lower() in ("bearer", "basic") and _PLACE.search(rest):
        return {"type": "http", "scheme": scheme.lower(), "description": about}
    return _key("header", name, about)


def _key(where: str, name: str, about: str) -> dict[str, Any]:
    return {"type": "httpApiKey", "in": where, "name": name, "description": about}


def _described(dialect: Dialect, told: str, *templates: str) -> str:
    """The sentence, and what the catalog says of the secrets in the templates."""
    names = dict.fromkeys(name for template in templates for name in _PLACE.findall(template))
    known = [(name, dialect.variables[name].summary) for name in names if name in dialect.variables]
    return " ".join([told, *(f"`{name}`: {summary}" for name, summary in known if summary)])


def _parameter(param: Param | None) -> dict[str, Any]:
    """A part of the path. AsyncAPI knows texts alone there, so another type is told in words."""
    if param is None:
        return {}
    told = [param.summary] if param.summary else []
    if param.type != "string":
        told.append(f"It is the text of a value of the type {param.type}.")
    default = {} if param.default is None else {"default": _spelled(param.default)}
    return ({"description": " ".join(told)} if told else {}) | default


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _binding(connect: Connect, asked: str) -> dict[str, Any]:
    """What the handshake may carry. Credentials are never required here: each is one of several ways, or none."""
    query: dict[str, Any] = {name: {"const": value} for name, value in parse_qsl(asked, keep_blank_values=True)}
    query |= {name: _asked(param) for name, param in connect.params.items() if param.place == "query"}
    headers: dict[str, Any] = {}
    for where, name, template in _credentials(connect):
        into = query if where == "query" else headers
        known = into.setdefault(name, {"type": "string", "description": "A credential, in one of the forms shown."})
        known.setdefault("examples", []).append(template)
    parts = {"query": query, "headers": headers}
    found = {part: sayable({"type": "object", "properties": held}) for part, held in parts.items() if held}
    return {"method": "GET"} | found | {"bindingVersion": BINDING}


def _asked(param: Param) -> dict[str, Any]:
    found: dict[str, Any] = {"type": param.type}
    if param.summary:
        found["description"] = param.summary
    return found | ({} if param.default is None else {"default": param.default})


def _credentials(connect: Connect) -> Iterator[tuple[str, str, str]]:
    """Query or header, the name there, and what it holds, of each way to authenticate."""
    for form in connect.auth:
        for way, template in form.items():
            if isinstance(template, Mapping):
                yield from ((way, name, value) for name, value in template.items())
            else:
                yield "header", _SUBPROTOCOL if way == "subprotocol" else "Cookie", template


def _about(dialect: Dialect) -> str:
    """What there is to know of the connection as a whole."""
    connect, rejects = dialect.connect, dialect.rejects
    told = ["One WebSocket, for both directions."]
    senders = {frame.sender for frame in dialect.frames.values()}
    told += [f"The document shows no message of the {sender}." for sender in SENDERS if sender not in senders]
    if connect.path is None:
        told.append("The document does not name its path.")
    for code, meaning in sorted(connect.closes.items()):
        told.append(f"The server closes it with the code {code} for `{meaning}`.")
    if rejects is not None:
        coded = f" with the code `{rejects.code}`" if rejects.code else ""
        told.append(f"A malformed message is answered by `{rejects.answer}`{coded}.")
    return " ".join(told)
