"""Frames whose tag is wrong, or whose fields lie where they do not belong.

Law: each has exactly one thing wrong with it, and would be read as the frame that it is or as no frame at all; what
would be valid all the same, or another frame, is no defect there, and the reason says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from wirecheck.catalog.model import Style
from wirecheck.sample.messages import maker_of
from wirecheck.sample.misvalued import Faulty
from wirecheck.sample.sites import Ground, ground_of
from wirecheck.sample.source import PLAIN, Source
from wirecheck.schema.message import header_of
from wirecheck.strict import pointer_to, show

TRIES: Final = 6
_TAGS: Final[Mapping[str, tuple[Any, ...]]] = {
    "tag-null": (None,),
    "tag-boolean": (True, False),
    "tag-number": (0, 1, -1, 0.5, 2**53 + 1),
    "tag-array": ([], [None], ["x"]),
    "tag-object": ({}, {"x": 0}),
}
LABELS: Final = (
    *("tag-missing", "tag-unknown", *_TAGS),
    *("other-envelope", "field-at-wrong-level", "header-in-payload"),
)


def misframed(ground: Ground, defect: str, source: Source) -> Faulty | str:
    """A message with the defect, or why the frame cannot have it."""
    if defect in _TAGS:
        return _typed_tag(ground, defect, source)
    return _MAKERS[defect](ground, source)


def _untagged_sender(ground: Ground) -> str | None:
    """Why the tag of this frame cannot be wrong: nothing that its sender sends has one."""
    sender = ground.form.sender
    if any(form.sender == sender and form.tag is not None for form in ground.dialect.frames.values()):
        return None
    tag = ground.dialect.envelope.tag
    return f"no frame of the {sender} has a tag, so a member {show(tag)} is an extra field like any other"


def _typed_tag(ground: Ground, defect: str, source: Source) -> Faulty | str:
    reason = _untagged_sender(ground)
    if reason is not None:
        return reason
    values = _TAGS[defect]
    tag = values[source.below(len(values))]
    member = ground.dialect.envelope.tag
    return Faulty(
        message=ground.message(source) | {member: tag},
        pointer=pointer_to((member,)),
        says=f"The tag is {show(tag)}, and a tag is a string.",
    )


def _tag_missing(ground: Ground, source: Source) -> Faulty | str:
    form, member = ground.form, ground.dialect.envelope.tag
    if form.tag is None:
        return "this frame has no tag"
    untagged = [
        other.key for other in ground.dialect.frames.values() if (other.sender, other.tag) == (form.sender, None)
    ]
    if untagged:
        return f"without a tag it would be read as `{untagged[0]}`"
    found = {key: value for key, value in ground.message(source).items() if key != member}
    return Faulty(message=found, pointer="", says=f"The message lacks its tag {show(member)}.")


def _tag_unknown(ground: Ground, source: Source) -> Faulty | str:
    form, member = ground.form, ground.dialect.envelope.tag
    reason = _untagged_sender(ground)
    if reason is not None:
        return reason
    if ground.dialect.unknown == "ignore":
        return "tags that are not documented are to be ignored, so a message with one is in order"
    forms = ground.dialect.frames.values()
    known = {other.tag for other in forms if other.sender == form.sender}
    own = form.tag or "unknown"
    tried = [
        f"x-{own}",
        f"{own}x",
        own.upper(),
        own.capitalize(),
        own[:-1],
        f" {own}",
        f"{own} ",
        "",
        "unknown",
        "null",
    ]
    tried += [other.tag for other in forms if other.sender != form.sender and other.tag is not None]
    left = [tag for tag in tried if tag not in known]
    tag = left[source.below(len(left))]
    return Faulty(
        message=ground.message(source) | {member: tag},
        pointer=pointer_to((member,)),
        says=f"No frame of the {form.sender} has the tag {show(tag)}.",
    )


def _other_envelope(ground: Ground, source: Source) -> Faulty | str:
    form, data = ground.form, ground.dialect.envelope.data
    if form.payload is None:
        return "nothing of its payload is documented, so it is right in both envelopes"
    names = _documented(ground)
    if ground.style == "nested" and not names:
        return "it has no documented fields, so its tag alone is right in both envelopes"
    other: Style = "flat" if ground.style == "nested" else "nested"
    away = ground_of(ground.dialect, form, other)
    if not maker_of(ground.dialect, form).is_possible(other):
        return f"it has no valid message in the {other} envelope"
    for chooser in (*[source] * TRIES, PLAIN):
        found = away.message(chooser)
        if other == "nested":
            found = found if data in found else found | {data: {}}
        elif not any(name in found for name in names):
            _present(away, found, names[chooser.below(len(names))], chooser)
        beside = [name for name in names if name in found]
        place = data if other == "nested" else next(iter(beside), None)
        if place is not None and away.allows(found) and not ground.allows(found):
            where = "under" if other == "nested" else "beside the tag instead of under"
            return Faulty(
                message=found,
                pointer=pointer_to((place,)),
                says=f"The payload lies {where} {show(data)}; the documented envelope is {ground.style}.",
            )
    return "no message of it was found that shows one envelope and not the other"


def _wrong_level(ground: Ground, source: Source) -> Faulty | str:
    """A documented field on the other level, while the rest of the payload stays where it belongs."""
    if ground.form.payload is None:
        return "nothing of its payload is documented, so nothing lies at the wrong level"
    data = ground.dialect.envelope.data
    names = _documented(ground)
    if not names:
        return "it has no documented fields"
    if ground.style == "flat" and len(names) < 2:
        return f"its only documented field under {show(data)} would be the other envelope"
    for number, chooser in enumerate((*[source] * TRIES, *[PLAIN] * len(names))):
        found = ground.message(chooser)
        start = chooser.below(len(names)) if number < TRIES else number - TRIES
        name = names[start]
        for needed in (name, names[start - 1]):
            _present(ground, found, needed, chooser)
        inner = dict(ground.payload(found))
        if name not in inner or not ground.allows(found):
            continue
        moved = {name: inner.pop(name)}
        whole = inner | {data: moved} if ground.style == "flat" else found | moved | {data: inner}
        if ground.style == "flat" and not any(other in inner for other in names):
            continue
        for path, word in _misplaced(ground, name):
            if ground.breaks_only(whole, (path, word)):
                there = f"under {show(data)}" if ground.style == "flat" else "beside the tag"
                return Faulty(message=whole, pointer=pointer_to(path), says=f"The field {show(name)} lies {there}.")
    return "none of its fields is missed where it belongs, and on the other level it is an extra field"


def _misplaced(ground: Ground, name: str) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Where and by which keyword a field on the other level is noticed."""
    data = ground.dialect.envelope.data
    payload: tuple[str, ...] = (data,) if ground.style == "nested" else ()
    yield payload, "required"
    if ground.style == "flat":
        yield (data,), "not"
    else:
        yield (name,), None


def _header_in_payload(ground: Ground, source: Source) -> Faulty | str:
    header = header_of(ground.dialect, ground.form)
    if not header:
        return f"the header of the {ground.form.sender} has no fields"
    if ground.form.payload is None:
        return "nothing of its payload is documented, and neither is whether it has a header"
    if ground.style == "flat":
        return "in the flat envelope the header lies beside the payload's fields anyway"
    required = [field.name for field in header if field.required]
    if not required:
        return "no field of the header is required, so one in the payload is an extra field"
    data = ground.dialect.envelope.data
    for number, chooser in enumerate((*[source] * TRIES, *[PLAIN] * len(required))):
        found = ground.message(chooser)
        name = required[chooser.below(len(required)) if number < TRIES else number - TRIES]
        inner = {**ground.payload(found), name: found.pop(name)}
        whole = found | {data: inner}
        if ground.breaks_only(whole, ((), "required")):
            return Faulty(message=whole, pointer="", says=f"The header field {show(name)} lies under {show(data)}.")
    return "no required field of the header is missed by itself"


_MAKERS: Final[Mapping[str, Callable[[Ground, Source], Faulty | str]]] = {
    "tag-missing": _tag_missing,
    "tag-unknown": _tag_unknown,
    "other-envelope": _other_envelope,
    "field-at-wrong-level": _wrong_level,
    "header-in-payload": _header_in_payload,
}


def _documented(ground: Ground) -> tuple[str, ...]:
    """The payload's documented fields, those of cases after the frame's own."""
    payloads = (ground.form.payload, *(case.payload for case in ground.form.cases))
    return tuple(dict.fromkeys(name for one in payloads if one is not None for name in one.get("properties", {})))


def _present(ground: Ground, found: dict[str, Any], name: str, source: Source) -> None:
    """Put a documented field into a message that lacks it, where what holds there documents it."""
    for site in ground.sites(found):
        if site.path == (*ground.place, name):
            ground.reach(found, site, source)
            return
