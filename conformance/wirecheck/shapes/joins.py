"""Pieces of text, joined, equal the whole.

Law: `docs/verdicts.md`, section 7. No text is kept: its UTF-8 bytes are read as one large number modulo a prime, which
joins as text joins, however it was cut into pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirecheck.shapes.state import MAX_KEYS, Event, Key, LaneForm, Outcomes, Text, Trace, agree, described

PRIME = (1 << 127) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """Which frames bring pieces, claim the whole, or begin anew, and under which names the texts lie."""

    guarantee: str
    lane: LaneForm
    deltas: str
    text: str
    final: str
    whole: str
    reset: frozenset[str]


def residue(text: str) -> tuple[int, int]:
    """The length of the text in UTF-8 bytes, and its value modulo the prime."""
    return residue_of(text.encode("utf-8", "surrogatepass"))


def residue_of(raw: bytes) -> tuple[int, int]:
    """The same of bytes."""
    return len(raw), int.from_bytes(raw, "big") % PRIME


def join(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The residue of one text followed by another."""
    if not one[0]:
        return other
    return one[0] + other[0], (one[1] * pow(256, other[0], PRIME) + other[1]) % PRIME


def judge(form: Joins, trace: Trace, event: Event, out: Outcomes) -> None:
    """Apply one frame: a reset, an opening, a piece, or a final."""
    roles = event.roles
    key = event.key(form.lane.keys)
    texts = trace.texts
    if form.lane.open_role in roles:
        if None in key:
            _taint(texts)
        else:
            before = texts.get(key)
            _put(texts, key, Text(whole=before is None or not before.pieces))
    if roles & form.reset:
        agreeing = [other for other in texts if agree(other, key)]
        for other in agreeing:
            texts[other] = Text(whole=len(agreeing) == 1)
    if form.deltas in roles:
        _piece(form, texts, key, event)
    if form.final in roles:
        _claim(form, texts, key, event, out)


def blur(trace: Trace) -> None:
    """Something could not be read: no text is known to be complete."""
    _taint(trace.texts)


def _piece(form: Joins, texts: dict[Key, Text], key: Key, event: Event) -> None:
    if None in key:
        _taint(texts)
        return
    text = texts.get(key)
    if text is None:
        text = Text(whole=False)
        _put(texts, key, text)
    text.pieces += 1
    piece = event.names.get(form.text)
    if not isinstance(piece, str):
        text.whole = False
    elif text.whole:
        text.length, text.residue = join((text.length, text.residue), residue(piece))


def _claim(form: Joins, texts: dict[Key, Text], key: Key, event: Event, out: Outcomes) -> None:
    if None in key:
        _taint(texts)
        return
    text = texts.pop(key, None)
    whole = event.names.get(form.whole)
    if text is None or not text.pieces or not isinstance(whole, str):
        return
    if not text.whole:
        out.undecided(form.guarantee)
    elif (text.length, text.residue) == residue(whole):
        out.held(form.guarantee)
    else:
        what = (
            f"{text.pieces} pieces of {text.length} bytes, joined, are not the final text of {residue(whole)[0]} bytes"
        )
        out.broke(form.guarantee, event.at, event.label, what + described(form.lane, key))


def _taint(texts: dict[Key, Text]) -> None:
    for text in texts.values():
        text.whole = False


def _put(texts: dict[Key, Text], key: Key, text: Text) -> None:
    texts[key] = text
    if len(texts) > MAX_KEYS:
        del texts[next(iter(texts))]
