"""Captures as the files that programs of others take.

Law: nothing is judged here, and nothing is changed but where a frame stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


def frames(path: Path) -> Iterator[tuple[int, str, Any]]:
    """Line, sender and message of each frame of a capture; the message is None where it is no JSON."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            record = orjson.loads(line)
            if "json" in record:
                yield number, record["from"], record["json"]
            elif "text" in record:
                try:
                    yield number, record["from"], orjson.loads(record["text"])
                except ValueError:
                    yield number, record["from"], None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """The frames of one kind: a file with one a line, one with an array of all, one with a single valid one in an
    array; and the schemas for each."""

    lines: Path
    array: Path
    single: Path
    schema: Path
    array_schema: Path
    count: int


def portions(path: Path, spec_path: Path) -> list[Portion]:
    """The frames of a capture, sorted by kind, in files beside it. What has no kind is left out: no schema is for it,
    and what is no JSON would end an array."""
    spec = json.loads(spec_path.read_text(encoding="utf-8"))
    sorts: dict[tuple[str, str | None], list[bytes]] = {}
    for _, sender, message in frames(path):
        name = message.get(spec["tag"]) if isinstance(message, dict) else 0
        if name.__class__ in (str, type(None)):
            sorts.setdefault((sender, name), []).append(orjson.dumps(message))
    made = []
    for number, (sender, name, form) in enumerate(spec["schemas"]):
        texts = sorts.get((sender, name), ())
        if texts:
            made.append(_portion(path.with_name(f"{path.stem}.{number}"), texts, form))
    return made


def _portion(stem: Path, texts: Sequence[bytes], form: Mapping[str, Any]) -> Portion:
    made = Portion(
        lines=stem.with_suffix(f"{stem.suffix}.jsonl"),
        array=stem.with_suffix(f"{stem.suffix}.json"),
        single=stem.with_suffix(f"{stem.suffix}.single.json"),
        schema=stem.with_suffix(f"{stem.suffix}.schema.json"),
        array_schema=stem.with_suffix(f"{stem.suffix}.array.schema.json"),
        count=len(texts),
    )
    made.lines.write_bytes(b"\n".join(texts) + b"\n")
    made.array.write_bytes(b"[" + b",\n".join(texts) + b"]")
    made.single.write_bytes(b"[" + texts[0] + b"]")
    made.schema.write_text(json.dumps(form), encoding="utf-8")
    items = {word: value for word, value in form.items() if word not in ("$schema", "$id")}
    whole = {"$schema": form["$schema"], "type": "array", "items": items}
    made.array_schema.write_text(json.dumps(whole), encoding="utf-8")
    return made
