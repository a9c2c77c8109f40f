"""Text from the wire, made safe to show.

Law: characters in, printable characters out. What could move a cursor, change a colour, turn the direction of a line
round or break a document is shown as its escape, so that nobody mistakes it for ours.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with every character that does not print (controls, bidi marks, lone surrogates …) as `\\uXXXX`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
