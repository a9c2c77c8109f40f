"""Pieces of text, joined, equal the whole.

Law: `docs/verdicts.md`, section 7. No text is kept: its UTF-8 bytes are read as one large number modulo a prime, which
joins as text joins, however it was cut into pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wirecheck.shapes.forms import LaneForm, described
from wirecheck.shapes.lane import MAX_ALIKE, MAX_KEYS, Key, agree
from wirecheck.shapes.state import Event, Outcomes, Text, Trace

BITS = 127
PRIME = (1 << BITS) - 1
MAX_STARTS = 16
MAX_WAITING = 64
NOTHING = (0, 0)


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

    @property
    def roles(self) -> frozenset[str]:
        """All roles that mean anything here."""
        return self.reset | {self.lane.open_role, self.deltas, self.final}


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
    # Modulo this prime, doubling BITS times changes nothing: to move a text by bytes is to shift it by less than that.
    return one[0] + other[0], ((one[1] << 8 * other[0] % BITS) + other[1]) % PRIME


def judge(form: Joins, trace: Trace, event: Event, out: Outcomes) -> None:
    """Apply one frame: an opening, a reset, a piece, or a final."""
    names = event.names
    key = event.key(form.lane.keys)
    wrong = apply(form, trace, event.roles, key, names.get(form.text), names.get(form.whole), out)
    if wrong is not None:
        out.broke(form.guarantee, event.at, event.label, wrong)


def apply(
    form: Joins, trace: Trace, roles: frozenset[str], key: Key, piece: Any, whole: Any, out: Outcomes
) -> str | None:
    """The same, of a frame with this text and that which it claims to be the whole; what is wrong with it."""
    texts = trace.texts
    if form.lane.open_role in roles:
        if None in key:
            blur(trace)
        else:
            before = texts.get(key)
            whole = before is None or not before.pieces
            _put(texts, key, Text(whole=whole, starts=[NOTHING] if whole else []))
    if roles & form.reset:
        for text in _agreeing(trace, key):
            if not text.fresh:
                _restart(text)
    if form.deltas in roles or form.final in roles:
        if None in key:
            blur(trace)
        elif form.final in roles:
            return _claim(form, texts, key, whole, out)
        else:
            _piece(trace, key, piece)
    return None


def blur(trace: Trace) -> None:
    """Something could not be read, or does not say to which text it belongs: no text is known to be complete."""
    if len(trace.texts) > MAX_ALIKE:
        trace.texts.clear()
    for text in trace.texts.values():
        _lose(text)


def _lose(text: Text) -> None:
    text.whole = False
    text.starts = []
    text.waiting.clear()


def settle(text: Text) -> None:
    """Join the pieces that wait."""
    if text.waiting:
        part = residue("".join(text.waiting))
        text.starts = [join(start, part) for start in text.starts]
        text.waiting.clear()


def _agreeing(trace: Trace, key: Key) -> list[Text]:
    if None not in key:
        text = trace.texts.get(key)
        return [] if text is None else [text]
    if len(trace.texts) > MAX_ALIKE:
        trace.texts.clear()
    return [text for other, text in trace.texts.items() if agree(other, key)]


def _restart(text: Text) -> None:
    """The final may hold only what comes from here on: whose call it is that begins or ends is not always said."""
    settle(text)
    text.fresh = True
    text.starts.append(NOTHING)
    if len(text.starts) > MAX_STARTS:
        del text.starts[1]
        text.whole = False


def _piece(trace: Trace, key: Key, piece: Any) -> None:
    text = trace.texts.get(key)
    if text is None:
        text = Text(whole=False, starts=[])
        _put(trace.texts, key, text)
    if isinstance(piece, str):
        add(trace, key, piece)
    else:
        text.pieces += 1
        text.fresh = False
        _lose(text)


def add(trace: Trace | None, key: Key, piece: str) -> Text | None:
    """Add a piece to a text that has begun, as `judge` does; None, and nothing done, where none has."""
    text = None if trace is None else trace.texts.get(key)  # no text has a key with a hole
    if text is None:
        return None
    text.pieces += 1
    text.fresh = False
    text.waiting.append(piece)
    if len(text.waiting) >= MAX_WAITING:
        settle(text)
    return text


def _claim(form: Joins, texts: dict[Key, Text], key: Key, whole: Any, out: Outcomes) -> str | None:
    text = texts.pop(key, None)
    if text is None or not text.pieces or not isinstance(whole, str):
        return None
    if NOTHING in text.starts and "".join(text.waiting) == whole:  # the very text, mostly: nothing has to be reckoned
        out.held(form.guarantee)
        return None
    settle(text)
    wanted = residue(whole)
    if wanted in text.starts:
        out.held(form.guarantee)
    elif not text.fresh and not text.whole:
        out.undecided(form.guarantee)
    elif not text.fresh:
        what = f"{text.pieces} pieces of {text.starts[0][0]} bytes, joined, are not the final text of {wanted[0]} bytes"
        return what + described(form.lane, key)
    return None


def _put(texts: dict[Key, Text], key: Key, text: Text) -> None:
    texts[key] = text
    if len(texts) > MAX_KEYS:
        del texts[next(iter(texts))]
