"""Whether a replay brings back what was seen before.

Law: compares one session's memory with one bracket; True, False, or None where the documents do not let it be told.
"""

from __future__ import annotations

from collections.abc import Sequence

from wirecheck.check.memory import KINDS, Bracket, Item, Recalled, Residue, Session, item_of, unpacked
from wirecheck.shapes.joins import NOTHING, PRIME, join, residue_of


def judged(session: Session, bracket: Bracket) -> list[bool | None]:
    """Whether calls and results stand where they stood, whether each kind of them came back, and (last) the texts."""
    if bracket.forgotten:
        return [None]
    past = unpacked(session.past[: bracket.seen.past])
    return [_places(session, past, bracket), *_calls(past, bracket), _texts(session, past.texts, bracket)]


def _calls(past: Recalled, bracket: Bracket) -> list[bool | None]:
    """For each kind of item: True if it came back, False if not, None if the replay holds none of the kind."""
    found: list[bool | None] = []
    for kind in KINDS:
        seen = [payload for payload, _ in _seen(past, bracket, kind)]
        again = [payload for payload, _ in bracket.items.get(kind, ())]
        if seen:
            found.append(_in_order(seen, again) if again else None)
    return found


def _places(session: Session, past: Recalled, bracket: Bracket) -> bool | None:
    """Whether calls and results came back where they stood in the text; None unless all of the text is known."""
    running = bracket.seen.text
    if not session.born or session.partial or running is None or not bracket.length:
        return None
    streamed = NOTHING
    for text, _ in past.texts:
        streamed = join(streamed, text)
    raw = "".join(piece for pieces in bracket.texts for piece in pieces).encode("utf-8", "surrogatepass")
    if not _begins(raw, join(streamed, running)):
        return None
    kinds = [kind for kind in KINDS if bracket.items.get(kind) and _seen(past, bracket, kind)]
    if not kinds:
        return None
    return all(_in_order(_seen(past, bracket, kind), bracket.items[kind]) for kind in kinds)


def _seen(past: Recalled, bracket: Bracket, kind: str) -> list[Item]:
    return [*past.items.get(kind, ()), *map(item_of, bracket.seen.running.get(kind, ()))]


def _texts(session: Session, texts: list[tuple[Residue, Residue | None]], bracket: Bracket) -> bool | None:
    """Whether the texts of the turns seen before came back; None where that cannot be told."""
    running = bracket.seen.text or NOTHING
    if not bracket.length or not (texts or running[0]):
        return None
    again = ["".join(pieces).encode("utf-8", "surrogatepass") for pieces in bracket.texts]
    rewritten = session.signed
    if bracket.ends:
        back = _cut_alike(texts, running, [text for text in again if text], older=not session.born)
        return True if back else None if rewritten else False
    place = 0
    for versions in [*texts, *([(running, None)] if running[0] else [])]:
        found = [end for version in versions if version and (end := _find(again[0], version, place)) >= 0]
        if not found:
            return None if rewritten else False
        place = min(found)
    return True


def _cut_alike(
    seen: list[tuple[Residue, Residue | None]], running: Residue, again: list[bytes], *, older: bool
) -> bool:
    """Whether the texts that ended come back as texts of their own, in order, and the running one begins another.

    `older`: the session is, so before any of them there may stand what a turn said that nobody saw, and that never
    ended.
    """
    rest = iter(again)
    for versions in seen:
        if not any(residue_of(text) in versions or (older and _ends(text, versions)) for text in rest):
            return False
    return not running[0] or any(_begins(text, running) or (older and _find(text, running, 0) >= 0) for text in rest)


def _ends(text: bytes, versions: tuple[Residue, Residue | None]) -> bool:
    """Whether the text ends with one of these."""
    return any(one is not None and 0 < one[0] <= len(text) and residue_of(text[-one[0] :]) == one for one in versions)


def _begins(text: bytes, start: Residue) -> bool:
    return len(text) >= start[0] and residue_of(text[: start[0]]) == start


def _find(text: bytes, wanted: Residue, place: int) -> int:
    """Where the first part of `text` ends, from `place` on, that has this residue; -1 where there is none."""
    size, value = wanted
    _, window = residue_of(text[place : place + size])
    lead = pow(256, size, PRIME)
    for end in range(place + size, len(text) + 1):
        if window == value:
            return end
        if end < len(text):
            window = (window * 256 - text[end - size] * lead + text[end]) % PRIME
    return -1


def _in_order(seen: Sequence[object], again: Sequence[object]) -> bool:
    """Whether `seen` is a subsequence of `again`."""
    rest = iter(again)
    return all(item in rest for item in seen)
