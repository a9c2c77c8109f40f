"""Reads requests, a JSON object a line, and says what the generated code makes of them."""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib import import_module
from typing import Any


@cache
def _module(name: str) -> Any:
    return import_module(name)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the code of a module says of one message."""
    types, sender = _module(request["module"]), request["sender"]
    try:
        decode = getattr(types, f"decode_{sender}_frame")
        frame = decode(request["text"], strict=request["strict"])
        text = types.encode_frame(frame)
    except types.DecodeError as error:
        return {"ok": False, "error": str(error)}
    try:
        getattr(types, f"validate_{sender}_frame")(frame)
        valid = True
    except types.DecodeError:
        valid = False
    return {"ok": True, "variant": type(frame).__name__, "text": text, "valid": valid}


if __name__ == "__main__":
    for line in sys.stdin.buffer:
        print(json.dumps(answer(json.loads(line))), flush=True)
