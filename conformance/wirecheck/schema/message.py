"""Messages of a frame in either style.

Law: pure functions of frozen catalog values. This room knows the two envelopes and no JSON Schema beyond whether a
payload may be empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wirecheck.catalog import split_example
from wirecheck.catalog.model import Dialect, FrameForm, HeaderField, Sender, Style


def wire_style(dialect: Dialect, frame: FrameForm) -> Style:
    """The style in which the vendor really sends this frame."""
    return frame.wire or dialect.envelope.style


def wrap(dialect: Dialect, frame: FrameForm, payload: Mapping[str, Any], style: Style) -> dict[str, Any]:
    """A whole message from a payload example, the tag first.

    Members `@name` become header fields beside the tag. A nested message whose payload is empty and may be empty has
    no `data`. The items of a batch are messages themselves: they stay as they are in the frame's own wire style and
    take the given style otherwise.
    """
    body, header = split_example(plain(payload))
    message: dict[str, Any] = ({} if frame.tag is None else {dialect.envelope.tag: frame.tag}) | header
    if frame.contains and style != wire_style(dialect, frame):
        body = _with_items(dialect, frame.sender, body, frame.contains, style)
    if style == "flat":
        return message | body
    return message | {dialect.envelope.data: body} if body or demands(frame.payload or {}) else message


def _with_items(dialect: Dialect, sender: Sender, value: Any, path: Sequence[str], style: Style) -> Any:
    """`value` with the messages in the array at `path` in the given style."""
    if path:
        if not isinstance(value, dict) or path[0] not in value:
            return value
        return value | {path[0]: _with_items(dialect, sender, value[path[0]], path[1:], style)}
    return [_restyled(dialect, sender, item, style) for item in value] if isinstance(value, list) else value


def _restyled(dialect: Dialect, sender: Sender, message: Any, style: Style) -> Any:
    """A message that stands in its wire style, in another; what is no frame of this sender stays as it is."""
    envelope = dialect.envelope
    if not isinstance(message, dict):
        return message
    tag = message.get(envelope.tag)
    frame = next((frame for frame in dialect.frames.values() if frame.sender == sender and frame.tag == tag), None)
    if frame is None or wire_style(dialect, frame) == style:
        return message
    beside = {name: value for name, value in message.items() if name != envelope.tag}
    if style == "flat":
        body = beside.pop(envelope.data, {})
        header = set(beside)
    else:
        header = {field.name for field in header_of(dialect, frame)} & set(beside)
        body = {name: value for name, value in beside.items() if name not in header}
    if not isinstance(body, dict):
        return message
    return wrap(dialect, frame, {f"@{name}": beside[name] for name in header} | body, style)


def demands(schema: Mapping[str, Any]) -> bool:
    """Whether an empty object fails the schema for want of something."""
    if schema.get("required"):
        return True
    return any(all(map(demands, schema[word])) for word in ("anyOf", "oneOf") if schema.get(word))


def header_of(dialect: Dialect, frame: FrameForm) -> tuple[HeaderField, ...]:
    return dialect.envelope.header.get(frame.sender, ())


def plain(value: Any) -> Any:
    """A frozen catalog value as the lists and dicts that `json` and validators take."""
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
